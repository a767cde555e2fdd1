/* Text helpers: hexadecimal, escaping of hostile strings (R-strings of peers), UTF-8, distance. */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void
test_hex(void **state)
{
	char text[16];
	uint8_t out[4];

	(void)state;
	assert_string_equal(text_hex(view_of("\x00\xab\xff", 3), text, sizeof(text)), "00abff");
	assert_string_equal(
	    text_hex(view_of("\x00\xab\xff", 3), text, 6), "00ab"); /* whole bytes */
	assert_string_equal(text_hex(view_of("\x00\xab\xff", 3), text, 7), "00abff");
	assert_string_equal(text_hex(view_of("\x01", 1), text, 1), "");
	assert_int_equal(text_unhex(view_str("00 AbfF\t01"), out, 4), 4);
	assert_memory_equal(out, "\x00\xab\xff\x01", 4);
	assert_int_equal(text_unhex(view_str(""), out, 4), 0);
	assert_int_equal(text_unhex(view_str("0"), out, 4), -1);
	assert_int_equal(text_unhex(view_str("0g"), out, 4), -1);
	assert_int_equal(text_unhex(view_str("0102030405"), out, 4), -1);
}

static void
test_escape(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = { { "plain", "plain" }, { "a\\b", "a\\\\b" }, { "a\nb", "a\\x0ab" },
		{ "\x1b[31m", "\\x1b[31m" }, { "\x7f", "\\x7f" },
		{ "\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac" },
		{ "\xff\xfe", "\\xff\\xfe" },          /* not UTF-8 */
		{ "\xc0\xaf", "\\xc0\\xaf" },          /* overlong */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* a surrogate */
		{ "\xe2\x80\xae"
		  "evil",
		    "\\u{202e}evil" }, /* right-to-left override */
		{ "\xef\xbb\xbf", "\\u{feff}" }, { "\xc2\x85", "\\u{85}" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" }, { "\xe2\x82", "\\xe2\\x82" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" } };
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(
		    text_escape(view_str(rows[i].in), text, sizeof(text)), rows[i].out);
	assert_string_equal(text_escape(view_of("a\0b", 3), text, sizeof(text)), "a\\x00b");
}

/* Cut at every length: terminated, never within an escape or a character, and clean UTF-8. */
static void
test_escape_is_cut_clean(void **state)
{
	static const char in[] = "a\xc3\xa4\n\xe2\x80\xae\xff"
				 "b";

	(void)state;
	for (size_t cap = 1; cap < 32; cap++) {
		char *out = malloc(cap);
		assert_non_null(out);
		text_escape(view_str(in), out, cap);
		assert_true(strlen(out) < cap);
		assert_true(text_is_utf8(view_str(out)));
		assert_true(strlen(out) == 0 || out[strlen(out) - 1] != '\\');
		free(out);
	}
}

/* Whatever the bytes, what is printed has no control character. */
static void
test_escape_of_all_bytes(void **state)
{
	(void)state;
	for (unsigned int x = 0; x < 0x10000; x++) {
		uint8_t b[2] = { (uint8_t)(x >> 8), (uint8_t)x };
		char out[32];
		text_escape(view_of(b, 2), out, sizeof(out));
		assert_true(text_is_utf8(view_str(out)));
		for (const char *s = out; *s; s++)
			assert_true((uint8_t)*s >= 0x20 && *s != 0x7f);
	}
}

static void
test_utf8(void **state)
{
	static const char *const good[] = { "", "a", "\xc2\x80", "\xe0\xa0\x80", "\xef\xbf\xbf",
		"\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
		"\xf8\x88\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x90\x80", "a\xc3(",
		"\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xff" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(text_is_utf8(view_str(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_is_utf8(view_str(bad[i])));
	assert_false(text_has_high(view_str("abc\x7f")));
	assert_true(text_has_high(view_str("abc\x80")));
}

static void
test_utf16(void **state)
{
	uint8_t out[16];

	(void)state;
	assert_int_equal(text_utf16le(view_str("a\xc3\xa4\xf0\x9f\x98\x80"), out, sizeof(out)), 8);
	assert_memory_equal(out, "a\0\xe4\0\x3d\xd8\x00\xde", 8);
	assert_int_equal(text_utf16le(view_str("ab"), out, 3), -1);
	assert_int_equal(text_utf16le(view_str("\xf0\x9f\x98\x80"), out, 3), -1);
	assert_int_equal(text_utf16le(view_str("\xff"), out, sizeof(out)), -1);
	assert_int_equal(text_utf16le(view_str(""), out, 0), 0);
}

static void
test_case_and_distance(void **state)
{
	char long_word[66];

	(void)state;
	memset(long_word, 'x', 65);
	long_word[65] = 0;
	assert_true(text_eq_nocase(view_str("MsChapV2"), view_str("mschapv2")));
	assert_false(text_eq_nocase(view_str("abc"), view_str("abcd")));
	assert_false(text_eq_nocase(view_str("a["), view_str("a{"))); /* letters only */
	assert_int_equal(text_distance(view_str(""), view_str(""), 3), 0);
	assert_int_equal(text_distance(view_str(""), view_str("abc"), 3), 3);
	assert_int_equal(text_distance(view_str("abc"), view_str(""), 3), 3);
	assert_int_equal(text_distance(view_str("server"), view_str("SERVER"), 3), 0);
	assert_int_equal(text_distance(view_str("kitten"), view_str("sitting"), 9), 3);
	assert_int_equal(text_distance(view_str("dsn"), view_str("dns"), 3), 1);
	assert_int_equal(text_distance(view_str("listne"), view_str("listen"), 3), 1);
	assert_int_equal(text_distance(view_str("kitten"), view_str("sitting"), 2), 3);
	assert_int_equal(text_distance(view_str(long_word), view_str("x"), 4), 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_escape_is_cut_clean),
		cmocka_unit_test(test_escape_of_all_bytes),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_utf16),
		cmocka_unit_test(test_case_and_distance),
	};

	return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
