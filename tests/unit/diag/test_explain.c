/*
 * Explaining attempts: the scenarios of tests/scenario/diag, and what must hold for every cause
 * (R32, R33, R41, R43, R44, R60, R107). argv[1..] are scenario files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "diag/problems.h"
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>

static struct catalogue *cat;
static char **files;
static int n_files;

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

static bool
any_has(const char *const *texts, unsigned int n, const char *part)
{
	for (unsigned int i = 0; i < n; i++)
		if (strstr(texts[i], part))
			return true;
	return false;
}

static bool
finding_has(const struct diag_report *r, const char *part)
{
	for (unsigned int i = 0; i < r->n_findings; i++)
		if (strcmp(r->findings[i].id, part) == 0 || strstr(r->findings[i].text, part))
			return true;
	return false;
}

static bool
quote_has(const struct diag_report *r, const char *part)
{
	for (unsigned int i = 0; i < r->n_quotes; i++)
		if (strstr(r->quotes[i].text, part))
			return true;
	return false;
}

/* Whether an expectation holds; false with *known false when the word is not one. */
static bool
holds(const struct diag_report *r, const char *key, const char *want, bool *known)
{
	*known = true;
	if (strcmp(key, "number") == 0)
		return strcmp(r->number_text, want) == 0;
	if (strcmp(key, "title") == 0)
		return strstr(r->title, want) != NULL;
	if (strcmp(key, "users-see") == 0)
		return strstr(r->users_see, want) != NULL;
	if (strcmp(key, "saw") == 0)
		return any_has(r->saw, r->n_saw, want);
	if (strcmp(key, "here") == 0)
		return any_has(r->here, r->n_here, want);
	if (strcmp(key, "there") == 0)
		return any_has(r->there, r->n_there, want);
	if (strcmp(key, "finding") == 0)
		return finding_has(r, want);
	if (strcmp(key, "no-finding") == 0)
		return !finding_has(r, want);
	if (strcmp(key, "quote") == 0)
		return quote_has(r, want);
	if (strcmp(key, "not-saw") == 0)
		return !any_has(r->saw, r->n_saw, want);
	if (strcmp(key, "blame") == 0)
		return strcmp(r->blame, want) == 0;
	if (strcmp(key, "nps") == 0)
		return r->nps_reason == strtoul(want, NULL, 10);
	if (strcmp(key, "correlation") == 0)
		return strcmp(r->correlation, want) == 0;
	*known = false;
	return false;
}

static void
print_line(void *ctx, const char *line)
{
	(void)ctx;
	print_message("    %s\n", line);
}

struct run {
	struct scenario s;
	struct diag_report report;
	bool explained, open;
	const char *file;
	unsigned int line;
};

static void
close_scenario(struct run *run)
{
	if (run->explained)
		diag_report_fini(&run->report);
	run->explained = false;
	scenario_begin(&run->s);
}

/* A line of expectation: the first one has the attempt explained. */
static void
expect_line(struct run *run, char *line)
{
	char *want = strchr(line, ' ');
	bool known;

	if (!run->explained) {
		struct diag_context ctx = scenario_context(&run->s, cat);
		assert_true(diag_explain(&run->s.r, &ctx, &run->report));
		run->explained = true;
	}
	if (!want)
		fail_msg("%s:%u: nothing is expected", run->file, run->line);
	*want++ = 0;
	if (holds(&run->report, line, want, &known))
		return;
	diag_render(&run->report, 100, print_line, NULL);
	fail_msg("%s:%u: %s: %s \"%s\"", run->file, run->line,
	    known ? "does not hold" : "not understood", line, want);
}

static void
run_file(struct run *run, const char *name)
{
	char line[1024], copy[1024];
	FILE *f = fopen(name, "r");

	if (!f)
		fail_msg("%s does not open", name);
	run->file = name;
	run->line = 0;
	close_scenario(run);
	while (fgets(line, sizeof(line), f)) {
		run->line++;
		line[strcspn(line, "\n")] = 0;
		if (line[0] == 0 || line[0] == '#')
			continue;
		if (strncmp(line, "== ", 3) == 0) {
			close_scenario(run);
			continue;
		}
		memcpy(copy, line, sizeof(copy));
		if (run->explained || !scenario_line(&run->s, line))
			expect_line(run, copy);
	}
	close_scenario(run);
	fclose(f);
}

static void
the_scenarios_are_explained(void **state)
{
	struct run *run = calloc(1, sizeof(*run));

	(void)state;
	assert_non_null(run);
	assert_true(n_files > 0);
	for (int i = 0; i < n_files; i++)
		run_file(run, files[i]);
	free(run);
}

struct text {
	size_t n;
	char s[65536];
	size_t widest;
};

static void
collect(void *ctx, const char *line)
{
	struct text *t = ctx;
	size_t n = strlen(line);

	if (n > t->widest)
		t->widest = n;
	if (t->n + n + 2 < sizeof(t->s)) {
		memcpy(t->s + t->n, line, n);
		t->s[t->n + n] = '\n';
		t->n += n + 1;
	}
}

/* A bare record of every cause, from either end: never an empty section, a place left, a long line.
 */
static void
every_cause_is_explained_from_little(void **state)
{
	struct scenario *s = calloc(1, sizeof(*s));
	struct text *t = calloc(1, sizeof(*t));
	struct diag_report report;

	(void)state;
	assert_true(s && t);
	for (size_t i = 0; cause_at(i); i++)
		for (unsigned int client = 0; client < 2; client++) {
			scenario_begin(s);
			s->r.cause = cause_at(i)->cause;
			s->r.client = client;
			struct diag_context ctx = scenario_context(s, cat);
			assert_true(diag_explain(&s->r, &ctx, &report));
			if (!report.n_saw || !report.n_here || !report.n_there || !*report.means)
				fail_msg("%s: a section is empty", report.cause);
			if (strchr(report.title, '@') || any_has(report.saw, report.n_saw, "?"))
				fail_msg("%s: a place is not filled", report.cause);
			memset(t, 0, sizeof(*t));
			diag_render(&report, 90, collect, t);
			if (t->widest > 90)
				fail_msg("%s: a line of %zu", report.cause, t->widest);
			assert_non_null(strstr(t->s, report.cause));
			diag_report_fini(&report);
		}
	free(s);
	free(t);
}

/* Every cut of a trail, on a copy of exact size: explained all the same, with the gap told. */
static void
a_damaged_trail_is_survived(void **state)
{
	struct scenario *s = calloc(1, sizeof(*s));
	struct diag_report report;
	char line[] = "fact aaa.pool-full default \"10.99.0.1-10.99.0.3\" 2 2";
	char other[] = "fact attempt.ended address.pool-exhausted us";

	(void)state;
	assert_non_null(s);
	scenario_begin(s);
	s->r.cause = CAUSE_POOL_EXHAUSTED;
	assert_true(scenario_line(s, line) && scenario_line(s, other));
	struct view all = s->r.facts;
	for (size_t n = 0; n <= all.n; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		struct diag_context ctx = scenario_context(s, cat);
		assert_true(copy && view_copy(view_of(all.p, n), copy, n));
		s->r.facts = view_of(copy, n);
		assert_true(diag_explain(&s->r, &ctx, &report));
		assert_true(report.n_saw > 0);
		diag_report_fini(&report);
		free(copy);
	}
	/* a fact of a newer version between two known ones costs only itself */
	uint8_t mixed[1024] = { 0, 13, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	memcpy(mixed + 13, all.p, all.n);
	s->r.facts = view_of(mixed, 13 + all.n);
	struct diag_context ctx = scenario_context(s, cat);
	assert_true(diag_explain(&s->r, &ctx, &report));
	assert_int_equal(report.facts_unread, 1);
	assert_true(any_has(report.saw, report.n_saw, "10.99.0.1-10.99.0.3"));
	diag_report_fini(&report);
	free(s);
}

static void
numbers_are_read_and_written(void **state)
{
	uint32_t n = 0;
	char text[16];

	(void)state;
	assert_true(diag_number_parse(view_str("691"), &n) && n == 691);
	assert_true(diag_number_parse(view_str("0x800b0109"), &n) && n == 0x800B0109);
	assert_true(diag_number_parse(view_str("-2146762487"), &n) && n == 0x800B0109);
	assert_true(diag_number_parse(view_str("2148204809"), &n) && n == 0x800B0109);
	assert_false(diag_number_parse(view_str(""), &n));
	assert_false(diag_number_parse(view_str("-"), &n));
	assert_false(diag_number_parse(view_str("0x"), &n));
	assert_false(diag_number_parse(view_str("69a"), &n));
	assert_false(diag_number_parse(view_str("4294967296"), &n));
	assert_string_equal(diag_number_text(0x800B0109, text), "0x800B0109");
	assert_string_equal(diag_number_text(691, text), "691");
	assert_string_equal(diag_number_text(0, text), "none");
	for (size_t i = 0; cause_at(i); i++) {
		uint32_t ras = cause_at(i)->ras_error;
		if (ras && !(diag_number_symbol(ras) && diag_number_meaning(ras)))
			fail_msg("%s: %u has no symbol", cause_at(i)->name, ras);
		if (cause_at(i)->nps_reason && !diag_nps_meaning(cause_at(i)->nps_reason))
			fail_msg("%s: NPS reason has no text", cause_at(i)->name);
	}
}

/* R1: each class is found by its id, a beginning, or a number; each cause is in one or says none.
 */
static void
the_index_finds_classes(void **state)
{
	(void)state;
	assert_string_equal(problem_find(cat, view_str("beyond-server"))->name, "beyond-server");
	assert_string_equal(problem_find(cat, view_str("beyond"))->name, "beyond-server");
	assert_string_equal(problem_find(cat, view_str("error-742"))->name, "error-741");
	assert_null(problem_find(cat, view_str("error-7")));
	assert_null(problem_find(cat, view_str("")));
	assert_null(problem_find(cat, view_str("nothing")));
	for (size_t i = 0; i < PROBLEMS_OF_OURS; i++)
		assert_non_null(problem_at(cat, i));
	assert_null(problem_at(cat, PROBLEMS_OF_OURS));
	for (size_t i = 0; cause_at(i); i++) {
		const struct cat_entry *e =
		    catalogue_find(cat, CAT_CAUSE, view_str(cause_at(i)->name));
		bool found = cat_has_word(e, CAT_PROBLEMS, view_str("none"));
		for (size_t k = 0; k < PROBLEMS_OF_OURS; k++)
			found = found || problem_has(problem_at(cat, k), e);
		if (!found)
			fail_msg("%s belongs nowhere", cause_at(i)->name);
	}
	assert_true(problem_wants_check(
	    cat, problem_find(cat, view_str("beyond-server")), "forwarding.ipv4"));
	assert_false(problem_wants_check(
	    cat, problem_find(cat, view_str("beyond-server")), "certificate.key"));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_scenarios_are_explained),
		cmocka_unit_test(every_cause_is_explained_from_little),
		cmocka_unit_test(a_damaged_trail_is_survived),
		cmocka_unit_test(numbers_are_read_and_written),
		cmocka_unit_test(the_index_finds_classes),
	};

	files = argv + 1;
	n_files = argc - 1;
	return cmocka_run_group_tests(tests, setup, teardown);
}
