/* Registry files as regedit exports them (R30). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/registry.h"

#include <stdlib.h>
#include <string.h>

#define HEAD "Windows Registry Editor Version 5.00\r\n\r\n"
#define KEY "[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\EapHost\\Configuration]\r\n"
#define VALUE(x) "\"IdentityEncodingFormat\"=dword:0000000" x "\r\n"

/* -1: refused; 0: nothing found; 1: Unicode; 2: ANSI. On a copy of exact size. */
static int
read_copy(const void *p, size_t n)
{
	struct registry_found found;
	uint8_t *copy = malloc(n ? n : 1);
	bool good;

	assert_non_null(copy);
	if (n)
		memcpy(copy, p, n);
	good = registry_read(view_of(copy, n), &found);
	free(copy);
	return !good ? -1 : !found.has_identity_encoding ? 0 : found.identity_ansi ? 2 : 1;
}

static int
read_text(const char *s)
{
	return read_copy(s, strlen(s));
}

/* As UTF-16, little endian, with its mark. */
static int
read_wide(const char *s, size_t cut)
{
	size_t n = 2 + 2 * strlen(s);
	uint8_t *w = calloc(1, n);
	int got;

	assert_non_null(w);
	w[0] = 0xff, w[1] = 0xfe;
	for (size_t i = 0; s[i]; i++)
		w[2 + 2 * i] = (uint8_t)s[i];
	got = read_copy(w, cut < n ? cut : n);
	free(w);
	return got;
}

static void
values_are_read(void **state)
{
	(void)state;
	assert_int_equal(read_text(HEAD KEY VALUE("1")), 2);
	assert_int_equal(read_text(HEAD KEY VALUE("0")), 1);
	assert_int_equal(read_text("REGEDIT4\n" KEY VALUE("1")), 2);
	assert_int_equal(read_text("\xef\xbb\xbf" HEAD KEY VALUE("1")), 2);
	assert_int_equal(read_wide(HEAD KEY VALUE("1"), SIZE_MAX), 2);
	assert_int_equal(read_text(HEAD KEY), 0);
	assert_int_equal(read_text(HEAD KEY "[HKEY_LOCAL_MACHINE\\Other]\r\n" VALUE("1")), 0);
	assert_int_equal(read_text(HEAD VALUE("1")), 0);
	assert_int_equal(read_text("authentication { }\n"), -1);
	assert_int_equal(read_text(""), -1);
}

static void
cut_files_are_survived(void **state)
{
	static const char text[] = HEAD KEY VALUE("1");

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++)
		assert_true(read_copy(text, n) <= 2);
	for (size_t n = 0; n < 2 * sizeof(text); n++)
		assert_true(read_wide(text, n) <= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(cut_files_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
