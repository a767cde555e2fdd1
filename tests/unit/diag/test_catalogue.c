/*
 * The catalogue: every cause has an entry and every entry a cause, no section is missing, every
 * @field@ exists (guide section 7; R1, R3). And the parser, which also reads administrators' files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attempt/cause.h"
#include "attempt/fact.h"
#include "diag/catalogue.h"

#include <stdlib.h>

static const char *const problems[] = { "error-800", "error-721", "unicode-names", "error-741",
	"not-established", "l2tp-ipsec-auth", "eap-tls-auth", "wrongly-accepted", "beyond-server",
	"no-tunnel" };
#define N_PROBLEMS (sizeof(problems) / sizeof(problems[0]))

static const char *const own_fields[] = { "user", "peer", "local", "address", "policy", "account",
	"method", "tunnel", "stage", "ras_error", "duration" };

static struct catalogue *cat;

static int
setup(void **state)
{
	(void)state;
	cat = catalogue_new();
	return cat ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	catalogue_free(cat);
	return 0;
}

static void
the_built_in_text_has_no_mistake(void **state)
{
	struct catalogue *c = catalogue_empty();
	struct cat_error err;

	(void)state;
	assert_non_null(c);
	if (!catalogue_read(c, catalogue_builtin(), &err))
		fail_msg("line %u: %s", err.line, err.text);
	catalogue_free(c);
}

static void
every_cause_has_all_sections(void **state)
{
	static const enum cat_section needed[] = { CAT_TITLE, CAT_USERS_SEE, CAT_SAW, CAT_MEANS,
		CAT_HERE, CAT_THERE, CAT_PROBLEMS };

	(void)state;
	for (size_t i = 0; cause_at(i); i++) {
		const char *name = cause_at(i)->name;
		const struct cat_entry *e = catalogue_find(cat, CAT_CAUSE, view_str(name));

		if (!e)
			fail_msg("cause %s has no entry", name);
		for (size_t s = 0; s < sizeof(needed) / sizeof(needed[0]); s++)
			if (!*cat_text(e, needed[s]))
				fail_msg("%s: no \"%s\"", name, cat_section_name(needed[s]));
		if (cause_at(i)->ras_error && !strstr(cat_text(e, CAT_USERS_SEE), "@ras_error@"))
			fail_msg("%s: \"Users see\" does not name the number", name);
	}
}

static void
every_entry_has_a_cause(void **state)
{
	const struct cat_entry *e;

	(void)state;
	for (size_t i = 0; (e = catalogue_at(cat, i)); i++)
		if (e->kind == CAT_CAUSE && cause_by_name(view_str(e->name)) == CAUSE_NONE)
			fail_msg("entry %s (line %u) has no cause", e->name, e->line);
}

static bool
fact_has_field(const struct fact_info *info, struct view field)
{
	struct view rest = view_str(info->fields);

	for (struct view w = cat_next_word(&rest); w.n; w = cat_next_word(&rest))
		if (view_eq(view_of(w.p + 2, w.n - 2), field))
			return true;
	return false;
}

static bool
field_exists(struct view place)
{
	const uint8_t *colon = memchr(place.p, ':', place.n);
	struct view fact = view_of(place.p, colon ? (size_t)(colon - place.p) : 0);
	struct view field = colon ? view_of(colon + 1, place.n - fact.n - 1) : place;

	for (size_t i = 0; !colon && i < sizeof(own_fields) / sizeof(own_fields[0]); i++)
		if (view_eq(view_str(own_fields[i]), field))
			return true;
	for (size_t i = 0; fact_at(i); i++)
		if ((!colon || view_eq(view_str(fact_at(i)->name), fact)) &&
		    fact_has_field(fact_at(i), field))
			return true;
	return false;
}

static void
every_place_is_a_field(void **state)
{
	const struct cat_entry *e;

	(void)state;
	for (size_t i = 0; (e = catalogue_at(cat, i)); i++)
		for (int s = 0; s < N_CAT_SECTION; s++) {
			const char *at = strchr(cat_text(e, (enum cat_section)s), '@');
			while (at) {
				const char *end = strchr(at + 1, '@');
				/* an @ that stands alone, such as in "the @ sign" */
				if (at[1] == ' ') {
					at = end;
					continue;
				}
				if (!end || !field_exists(view_of(at + 1, (size_t)(end - at) - 1)))
					fail_msg("%s: no such field: %.40s", e->name, at);
				at = strchr(end + 1, '@');
			}
		}
}

static void
every_fact_named_exists(void **state)
{
	const struct cat_entry *e;

	(void)state;
	for (size_t i = 0; (e = catalogue_at(cat, i)); i++) {
		struct view rest = view_str(cat_text(e, CAT_FACTS));
		for (struct view w = cat_next_word(&rest); w.n; w = cat_next_word(&rest)) {
			bool found = false;
			for (size_t k = 0; fact_at(k); k++)
				found = found || view_eq(view_str(fact_at(k)->name), w);
			if (!found)
				fail_msg(
				    "%s: no such fact: %.*s", e->name, (int)w.n, (const char *)w.p);
		}
	}
}

/* R1: ten classes; each cause and check belongs to one of them, or says "none". */
static void
every_problem_class_is_there(void **state)
{
	const struct cat_entry *e;

	(void)state;
	for (size_t i = 0; i < N_PROBLEMS; i++) {
		e = catalogue_find(cat, CAT_PROBLEM, view_str(problems[i]));
		if (!e)
			fail_msg("problem %s has no entry", problems[i]);
		assert_true(*cat_text(e, CAT_TITLE) && *cat_text(e, CAT_MEANS));
		assert_true(*cat_text(e, CAT_HERE) && *cat_text(e, CAT_THERE));
	}
	for (size_t i = 0; (e = catalogue_at(cat, i)); i++) {
		struct view rest = view_str(cat_text(e, CAT_PROBLEMS));
		if (e->kind == CAT_CHECK && (!rest.n || !*cat_text(e, CAT_MEANS)))
			fail_msg("check %s: a section is missing", e->name);
		for (struct view w = cat_next_word(&rest); w.n; w = cat_next_word(&rest))
			if (!view_eq(w, view_str("none")) && !catalogue_find(cat, CAT_PROBLEM, w))
				fail_msg("%s: no such problem: %.*s", e->name, (int)w.n,
				    (const char *)w.p);
	}
}

/* R3: a data file overrides one section, adds an entry, and a slip in it harms nothing else. */
static void
a_file_overrides_and_adds(void **state)
{
	static const char text[] = "# ours\r\n"
				   "-- account.disabled\r\n"
				   "Check there: call 4711\r\n"
				   "  or  write\r\n"
				   "-- problem:new-thing\n"
				   "Title: A new thing\n"
				   "Nonsense: x\n"
				   "Check here:\n"
				   "  * one\n"
				   "    more\n"
				   "  * two\n";
	struct catalogue *c = catalogue_new();
	struct cat_error err;

	(void)state;
	assert_non_null(c);
	assert_false(catalogue_read(c, view_str(text), &err));
	assert_int_equal(err.n, 1);
	assert_int_equal(err.line, 7);
	const struct cat_entry *e = catalogue_find(c, CAT_CAUSE, view_str("account.disabled"));
	assert_string_equal(cat_text(e, CAT_THERE), "call 4711 or  write");
	assert_non_null(strstr(cat_text(e, CAT_TITLE), "disabled"));
	e = catalogue_find(c, CAT_PROBLEM, view_str("new-thing"));
	assert_string_equal(cat_text(e, CAT_TITLE), "A new thing");
	assert_string_equal(cat_text(e, CAT_HERE), "one more\ntwo");
	catalogue_free(c);
}

/* Every cut of the text is read without harm, on a copy of exact size. */
static void
every_truncation_is_survived(void **state)
{
	struct view all = view_of(catalogue_builtin().p, 3000);
	struct cat_error err;

	(void)state;
	for (size_t n = 0; n <= all.n; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		struct catalogue *c = catalogue_empty();
		assert_true(copy && c && view_copy(view_of(all.p, n), copy, n));
		(void)catalogue_read(c, view_of(copy, n), &err);
		catalogue_free(c);
		free(copy);
	}
}

static void
odd_text_is_refused(void **state)
{
	static const char *const odd[] = { "Title: x\n", "-- \n", "-- UPPER\n", "-- a b\n",
		"-- check:\n", "-- a\nTitle x\n", "stray\n" };
	struct cat_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct catalogue *c = catalogue_empty();
		assert_non_null(c);
		assert_false(catalogue_read(c, view_str(odd[i]), &err));
		assert_int_equal(err.n, 1);
		catalogue_free(c);
	}
	struct catalogue *c = catalogue_empty();
	assert_non_null(c);
	assert_false(catalogue_read(c, view_of("-- a\nTitle: \0\n", 14), &err));
	catalogue_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_built_in_text_has_no_mistake),
		cmocka_unit_test(every_cause_has_all_sections),
		cmocka_unit_test(every_entry_has_a_cause),
		cmocka_unit_test(every_place_is_a_field),
		cmocka_unit_test(every_fact_named_exists),
		cmocka_unit_test(every_problem_class_is_there),
		cmocka_unit_test(a_file_overrides_and_adds),
		cmocka_unit_test(every_truncation_is_survived),
		cmocka_unit_test(odd_text_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
