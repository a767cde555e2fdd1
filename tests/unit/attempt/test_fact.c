/* Facts: every row of the table through encoding and back, forged records, texts. R106, R107. */
#include "attempt/fact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct ip_addr
an_address(const char *s)
{
	struct ip_addr a;

	assert_true(ip_parse(view_str(s), &a));
	return a;
}

/* A field of the type that the letter names. */
static struct fact_field
sample_field(char letter)
{
	struct fact_field f = { 0 };

	switch (letter) {
	case 'u':
		return F_U(0x0102030405060708u);
	case 'a':
		return F_ADDR(an_address("2001:db8::7"));
	case 'e':
		return F_END((struct endpoint){ an_address("198.51.100.7"), 443 });
	case 'b':
		return F_BYTES(view_of("\x00\xff", 2));
	case 't':
		return F_STR("a text\n");
	case 'l':
		f.type = FACT_LIST;
		f.n_list = 2;
		f.list[0] = 3;
		f.list[1] = 65535;
		return f;
	default:
		fail_msg("facts.def has a type '%c'", letter);
		return f;
	}
}

/* A fact of this row with a sample in every field. */
static struct fact
sample(const struct fact_info *info)
{
	struct fact_field fields[FACT_FIELDS_MAX];
	size_t n = 0;

	for (const char *s = info->fields; *s;) {
		size_t len = strcspn(s, " ");
		assert_true(n < FACT_FIELDS_MAX && len > 2 && s[1] == ':');
		fields[n++] = sample_field(s[0]);
		s += len + (s[len] == ' ');
	}
	return fact_make(info->id, fields, n);
}

static void
assert_same(const struct fact *a, const struct fact *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->witness, b->witness);
	assert_true(a->at_ms == b->at_ms);
	assert_int_equal(a->n_fields, b->n_fields);
	for (unsigned int i = 0; i < a->n_fields; i++) {
		char x[600], y[600];
		assert_int_equal(a->fields[i].type, b->fields[i].type);
		assert_string_equal(fact_field_text(&a->fields[i], x, sizeof(x)),
		    fact_field_text(&b->fields[i], y, sizeof(y)));
	}
}

static void
test_every_row(void **state)
{
	const struct fact_info *info;

	(void)state;
	for (size_t i = 0; (info = fact_at(i)); i++) {
		uint8_t buf[FACT_ENCODED_MAX];
		struct wr w = wr_over(buf, sizeof(buf));
		struct fact f = sample(info), back;
		struct rd_fault fault;
		f.witness = BY_AAA;
		f.at_ms = 1234567;
		fact_write(&w, &f);
		assert_true(wr_done(&w));
		struct rd r = rd_over(wr_view_of(&w), &fault);
		assert_true(fact_read(&r, &back));
		assert_true(rd_done(&r));
		assert_same(&f, &back);
		assert_ptr_equal(fact_info(info->id), info);
	}
}

/* Each @field@ of a text is a field of its row, and numbers and names are used once. */
static void
test_table(void **state)
{
	const struct fact_info *a, *b;

	(void)state;
	for (size_t i = 0; (a = fact_at(i)); i++) {
		struct fact f = sample(a);
		for (const char *s = strchr(a->text, '@'); s; s = strchr(s + 1, '@')) {
			char name[32];
			const char *end = strchr(s + 1, '@');
			assert_non_null(end);
			assert_in_range(end - s, 2, 31);
			snprintf(name, sizeof(name), "%.*s", (int)(end - s) - 1, s + 1);
			if (!fact_field(&f, name))
				fail_msg("%s: no field %s", a->name, name);
			s = end;
		}
		for (size_t j = 0; j < i && (b = fact_at(j)); j++) {
			assert_int_not_equal(a->id, b->id);
			assert_string_not_equal(a->name, b->name);
		}
	}
	assert_null(fact_info(FACT_NONE));
	assert_null(fact_info((enum fact_id)60000));
}

/* G01: every truncation, on an exact-size copy, is refused. */
static void
test_truncations(void **state)
{
	const struct fact_info *info;
	uint8_t buf[FACT_ENCODED_MAX];

	(void)state;
	for (size_t i = 0; (info = fact_at(i)); i++) {
		struct wr w = wr_over(buf, sizeof(buf));
		struct fact f = sample(info), back;
		fact_write(&w, &f);
		for (size_t n = 0; n < wr_len(&w); n++) {
			struct rd_fault fault;
			uint8_t *copy = malloc(n ? n : 1);
			assert_non_null(copy);
			memcpy(copy, buf, n);
			struct rd r = rd_over(view_of(copy, n), &fault);
			assert_false(fact_read(&r, &back));
			free(copy);
		}
	}
}

static const struct {
	const char *what;
	uint8_t bytes[40];
	size_t n;
} forged[] = {
	{ "a record shorter than its length field", { 0, 1 }, 2 },
	{ "an unknown id", { 0, 14, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 14 },
	{ "a witness that does not exist", { 0, 14, 0, 4, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 14 },
	{ "too many fields", { 0, 14, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7 }, 14 },
	{ "a field of another type than its row",
	    { 0, 18, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5, 0, 1, 'x' }, 18 },
	{ "a type that does not exist", { 0, 15, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 99 }, 15 },
	{ "a text longer than its record",
	    { 0, 18, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5, 0, 9, 'x' }, 18 },
	{ "an address of no family", { 0, 16, 0, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 5 }, 16 },
	{ "a list that is too long", { 0, 19, 0, 62, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 5, 0, 0, 6, 17 },
	    19 },
	{ "bytes behind the last field", { 0, 15, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7 }, 15 },
};

static void
test_forged(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		struct rd_fault fault;
		struct rd r = rd_over(view_of(forged[i].bytes, forged[i].n), &fault);
		struct fact f;
		if (fact_read(&r, &f))
			fail_msg("accepted: %s", forged[i].what);
	}
}

static void
test_texts(void **state)
{
	struct fact f =
	    FACT_MAKE(FACT_LEASED, F_ADDR(ip_v4(0x0a630002)), F_STR("off\nice"), F_U(2), F_U(253));
	char text[128];

	(void)state;
	assert_string_equal(fact_text(&f, text, sizeof(text)),
	    "leased 10.99.0.2 from pool off\\x0aice (2 of 253 used)");
	assert_int_equal(fact_field(&f, "used")->u, 2);
	assert_null(fact_field(&f, "use"));
	assert_null(fact_field(&f, "used2"));
	assert_null(fact_field(&f, ""));
	/* Cut at every length, and always terminated. */
	for (size_t cap = 1; cap < 70; cap++) {
		char *out = malloc(cap);
		assert_non_null(out);
		assert_true(strlen(fact_text(&f, out, cap)) < cap);
		free(out);
	}
	f.id = FACT_NONE;
	assert_string_equal(fact_text(&f, text, sizeof(text)), "");
}

/* A record from before a field was added has fewer fields: what is missing prints as nothing. */
static void
test_missing_field(void **state)
{
	struct fact f = FACT_MAKE(FACT_TRAIL_DROPPED, F_U(7));
	char text[128];

	(void)state;
	f.n_fields = 0;
	assert_string_equal(
	    fact_text(&f, text, sizeof(text)), " facts were dropped for want of room");
}

static void
test_long_texts_are_cut(void **state)
{
	static uint8_t big[4000];
	uint8_t buf[FACT_ENCODED_MAX * 2];
	struct wr w = wr_over(buf, sizeof(buf));
	struct rd_fault fault;

	(void)state;
	memset(big, 'x', sizeof(big));
	struct view v = view_of(big, sizeof(big));
	struct fact f =
	    FACT_MAKE(FACT_CERT_SEEN, F_TEXT(v), F_TEXT(v), F_TEXT(v), F_TEXT(v), F_TEXT(v));
	assert_int_equal(f.fields[4].bytes.n, FACT_TEXT_MAX);
	fact_write(&w, &f);
	assert_true(wr_done(&w));
	struct rd r = rd_over(wr_view_of(&w), &fault);
	assert_true(fact_read(&r, &f));
}

static void
test_field_texts(void **state)
{
	struct fact_field list = { .type = FACT_LIST, .n_list = 3, .list = { 1, 20, 300 } };
	struct fact_field none = F_ADDR((struct ip_addr){ 0 }), big = F_U(UINT64_MAX);
	char text[64], small[4];

	(void)state;
	assert_string_equal(fact_field_text(&list, text, sizeof(text)), "1, 20, 300");
	assert_true(strlen(fact_field_text(&list, small, sizeof(small))) < sizeof(small));
	assert_string_equal(fact_field_text(&none, text, sizeof(text)), "-");
	assert_string_equal(fact_field_text(&big, text, sizeof(text)), "18446744073709551615");
	assert_string_equal(witness_name(BY_MONITOR), "monitor");
	assert_string_equal(witness_name(BY_DIAL), "dial");
	assert_string_equal(witness_name((enum witness)77), "?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_missing_field),
		cmocka_unit_test(test_long_texts_are_cut),
		cmocka_unit_test(test_field_texts),
	};

	return cmocka_run_group_tests_name("attempt/fact", tests, NULL, NULL);
}
