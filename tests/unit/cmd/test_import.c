/* Lists of accounts: CSV (RFC 4180) and chap-secrets of pppd. */
#include "base/text.h"
#include "cmd/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

typedef enum import_result (*reader)(struct import *im);

static struct import im;

static void
begin(const char *text)
{
	import_init(&im, view_str(text));
}

/* The next record is one with these cells. */
static void
expect(reader next, unsigned int line, unsigned int n, const char *const *cells)
{
	assert_int_equal(next(&im), IMPORT_RECORD);
	assert_int_equal(im.n_cells, n);
	assert_int_equal(im.cells[0].at.line, line);
	for (unsigned int i = 0; i < n; i++)
		assert_string_equal(import_cell(&im, i), cells[i]);
}

#define CELLS(...)                                                                                 \
	sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *), (const char *const[])       \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static void
expect_fault(enum import_result got, enum import_result want, unsigned int line,
    unsigned int column, const char *words)
{
	assert_int_equal(got, want);
	assert_non_null(im.fault);
	if (!strstr(im.fault, words))
		fail_msg("\"%s\" does not say \"%s\"", im.fault, words);
	assert_int_equal(im.fault_at.line, line);
	assert_int_equal(im.fault_at.column, column);
	assert_true(strlen(im.remedy) > 10);
}

/* RFC 4180 section 2, rules 1 to 7, and a byte order mark. */
static void
test_csv_rules(void **state)
{
	(void)state;
	begin("\xef\xbb\xbfname,password,note\r\n"
	      "anna,\"a,b\",\"two\r\nlines\"\r\n"
	      "\r\n"
	      "\"b\"\"e\"\"n\",, x \n"
	      "\"\",\"\"\"\",z");
	expect(import_csv_next, 1, CELLS("name", "password", "note"));
	expect(import_csv_next, 2, CELLS("anna", "a,b", "two\r\nlines"));
	expect(import_csv_next, 5, CELLS("b\"e\"n", "", " x "));
	assert_int_equal(im.cells[2].at.column, 12);
	expect(import_csv_next, 6, CELLS("", "\"", "z"));
	assert_string_equal(import_cell(&im, 3), "");
	assert_int_equal(import_csv_next(&im), IMPORT_END);
	begin("a,\xc3\xa4\xc3\xb6,b\rc,\n"); /* columns are characters; CR alone is an end */
	expect(import_csv_next, 1, CELLS("a", "\xc3\xa4\xc3\xb6", "b"));
	assert_int_equal(im.cells[2].at.column, 6);
	expect(import_csv_next, 2, CELLS("c", ""));
	assert_int_equal(import_csv_next(&im), IMPORT_END);
	begin("");
	assert_int_equal(import_csv_next(&im), IMPORT_END);
	begin("\xef\xbb\xbf\r\n\n\r");
	assert_int_equal(import_csv_next(&im), IMPORT_END);
}

static void
test_csv_faults(void **state)
{
	(void)state;
	begin("a,b\nc,\"d\ne");
	expect(import_csv_next, 1, CELLS("a", "b"));
	expect_fault(import_csv_next(&im), IMPORT_BROKEN, 2, 3, "never closed");
	begin("a\nb, \"c\"");
	expect(import_csv_next, 1, CELLS("a"));
	expect_fault(import_csv_next(&im), IMPORT_BROKEN, 2, 4, "quote inside");
	begin("\"a\" ,b");
	expect_fault(import_csv_next(&im), IMPORT_BROKEN, 1, 4, "follows the closing quote");
	/* what is only no text does not hide where the next record begins */
	begin("x,m\xfcller\n\"ok\"\n");
	expect_fault(import_csv_next(&im), IMPORT_BAD, 1, 3, "not UTF-8");
	expect(import_csv_next, 2, CELLS("ok"));
	import_init(&im, view_of("a\0b,c\nd", 7));
	expect_fault(import_csv_next(&im), IMPORT_BAD, 1, 1, "zero byte");
	expect(import_csv_next, 2, CELLS("d"));
}

/* Records and their cells are bounded, at the bound and one past it. */
static void
test_bounds(void **state)
{
	static char text[IMPORT_RECORD_MAX + 8];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (int chap = 0; chap < 2; chap++) {
		import_init(&im, view_of(text, IMPORT_RECORD_MAX));
		assert_int_equal(
		    chap ? import_chap_next(&im) : import_csv_next(&im), IMPORT_BROKEN);
		assert_non_null(strstr(im.fault, "longer"));
	}
	import_init(&im, view_of(text, IMPORT_RECORD_MAX - 1));
	assert_int_equal(import_csv_next(&im), IMPORT_RECORD);
	assert_int_equal(strlen(import_cell(&im, 0)), IMPORT_RECORD_MAX - 1);
	/* and another cell behind a full record */
	text[IMPORT_RECORD_MAX - 1] = ',';
	import_init(&im, view_of(text, IMPORT_RECORD_MAX));
	assert_int_equal(import_csv_next(&im), IMPORT_BROKEN);
	for (size_t i = 0; i < 2 * IMPORT_CELLS_MAX; i++)
		text[i] = i % 2 ? ',' : 'x';
	import_init(&im, view_of(text, 2 * IMPORT_CELLS_MAX - 1));
	assert_int_equal(import_csv_next(&im), IMPORT_RECORD);
	assert_int_equal(im.n_cells, IMPORT_CELLS_MAX);
	import_init(&im, view_of(text, 2 * IMPORT_CELLS_MAX));
	assert_int_equal(import_csv_next(&im), IMPORT_BROKEN);
	assert_non_null(strstr(im.fault, "columns"));
}

/* pppd(8): words, quotes, escapes, comments, "*" and what follows "--". */
static void
test_chap_words(void **state)
{
	(void)state;
	begin("# Secrets for authentication using CHAP\n"
	      "# client\tserver\tsecret\tIP addresses\n"
	      "\n"
	      "anna\t*\t\"top secret\"\t10.0.0.7\t# her own\n"
	      "  'b e n' srv it\"'\"s' \"'\\#\\\\ * \r\n"
	      "CORP\\\\carla * \\x41\\102\\s\\t\\\"\\q 10.0.0.8 10.0.0.9 -- noipdefault\n"
	      "dora \\\n * se\\\ncret --\n"
	      "e * s#comment\n"
	      "f * s 2001:db8::7");
	expect(import_chap_next, 4, CELLS("anna", "*", "top secret", "10.0.0.7"));
	assert_string_equal(im.entry.client, "anna");
	assert_string_equal(im.entry.address, "10.0.0.7");
	assert_false(im.entry.more);
	expect(import_chap_next, 5, CELLS("b e n", "srv", "it's \"#\\", "*"));
	assert_string_equal(im.entry.server, "srv");
	assert_string_equal(im.entry.address, "");
	assert_int_equal(im.cells[0].at.column, 3);
	expect(import_chap_next, 6,
	    CELLS("CORP\\carla", "*", "AB \t\"q", "10.0.0.8", "10.0.0.9", "--", "noipdefault"));
	assert_true(im.entry.more);
	expect(import_chap_next, 7, CELLS("dora", "*", "secret", "--"));
	assert_false(im.entry.more);
	assert_string_equal(im.entry.address, "");
	expect(import_chap_next, 10, CELLS("e", "*", "s"));
	expect(import_chap_next, 11, CELLS("f", "*", "s", "2001:db8::7"));
	assert_int_equal(import_chap_next(&im), IMPORT_END);
}

static void
test_chap_faults(void **state)
{
	static const struct {
		const char *text;
		unsigned int column;
		const char *words;
	} rows[] = { { "a", 1, "client, server, secret" }, { "a *", 3, "client, server, secret" },
		{ "* srv s *", 1, "any client" }, { "\"*\" * s", 1, "any client" },
		{ "a * \"\" *", 5, "empty" }, { "a * @/etc/ppp/s *", 5, "another file" },
		{ "a * '@x' *", 5, "another file" }, { "a * s -", 7, "no address at all" },
		{ "a * s !10.0.0.1", 7, "no single" }, { "a * s 10.0.0.0/8", 7, "no single" },
		{ "a * s host.example", 7, "no single" }, { "a * \xfc", 5, "not UTF-8" },
		{ "a * \\xff", 5, "not UTF-8" }, { "a * x\\0y", 5, "zero byte" } };
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "\n%s\nnext * one", rows[i].text);
		begin(text);
		expect_fault(import_chap_next(&im), IMPORT_BAD, 2, rows[i].column, rows[i].words);
		expect(import_chap_next, 3, CELLS("next", "*", "one"));
	}
	begin("a * x\"open\nb * s");
	expect_fault(import_chap_next(&im), IMPORT_BROKEN, 1, 6, "not closed");
	begin("a * s\\");
	expect_fault(import_chap_next(&im), IMPORT_BROKEN, 1, 7, "backslash");
}

/* Every beginning of a file, on a copy of its exact size: it ends, and no cell is half a text. */
static void
test_truncated(void **state)
{
	static const char csv[] = "\xef\xbb\xbfname,\"p\"\"w\",x\r\n\"a\nb\",\xc3\xa4,\r\n",
			  chap[] = "# c\na\\ b * \"q'\\x41\\101\" 10.0.0.1 # y\r\nc * \\\n s *\n";

	(void)state;
	for (int which = 0; which < 2; which++)
		for (size_t n = 0; n < (which ? sizeof(chap) : sizeof(csv)); n++) {
			uint8_t *copy = malloc(n ? n : 1);
			enum import_result r;
			assert_non_null(copy);
			if (n)
				memcpy(copy, which ? chap : csv, n);
			import_init(&im, view_of(copy, n));
			do {
				r = which ? import_chap_next(&im) : import_csv_next(&im);
				for (unsigned int i = 0; r == IMPORT_RECORD && i < im.n_cells; i++)
					assert_true(text_is_utf8(view_str(import_cell(&im, i))));
			} while (r == IMPORT_RECORD || r == IMPORT_BAD);
			assert_true(r == IMPORT_BROKEN || im.pos == n);
			free(copy);
		}
	import_wipe(&im);
	for (size_t i = 0; i < sizeof(im); i++)
		assert_int_equal(((const uint8_t *)&im)[i], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv_rules),
		cmocka_unit_test(test_csv_faults),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_chap_words),
		cmocka_unit_test(test_chap_faults),
		cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
