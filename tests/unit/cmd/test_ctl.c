/* What rrasctl's subcommands share: arguments, dates, and tables that no peer can write on. */
#include "cmd/ctl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *
printed(struct ctl_table *t)
{
	static char *text; /* the stream writes it when it is closed */
	static size_t n;
	FILE *f = open_memstream(&text, &n);

	ctl_table_print(t, f);
	fclose(f);
	ctl_table_free(t);
	return text;
}

/* Columns are as wide as what stands on the screen: wide letters take two, accents none. */
static void
test_table_columns(void **state)
{
	static const char *const titles[] = { "NAME", "N", "END" };
	struct ctl_table *t = ctl_table_new(3, titles);

	(void)state;
	ctl_table_right(t, 1);
	ctl_table_row(t, (const char *const[]){ "\xe6\x97\xa5\xe6\x9c\xac", "7", "a" });
	ctl_table_row(t, (const char *const[]){ "u\xcc\x88", "12345", "" });
	ctl_table_row(t, (const char *const[]){ "abcdef", NULL, "b" });
	char *text = printed(t);
	assert_string_equal(text, "NAME        N  END\n"
				  "\xe6\x97\xa5\xe6\x9c\xac        7  a\n"
				  "u\xcc\x88       12345  -\n"
				  "abcdef      -  b\n");
	free(text);
}

/* U02, U05: line breaks, terminal sequences and text direction of a peer are shown, not obeyed. */
static void
test_table_escapes(void **state)
{
	static const char *const titles[] = { "USER" };
	struct ctl_table *t = ctl_table_new(1, titles);

	(void)state;
	ctl_table_row(t, (const char *const[]){ "a\nroot\x1b[2J\xe2\x80\xae\xff" });
	char *text = printed(t);
	assert_null(strchr(text, '\x1b'));
	assert_null(strstr(text, "\xe2\x80\xae"));
	assert_null(strchr(text, '\xff'));
	assert_non_null(strstr(text, "a\\x0aroot\\x1b[2J"));
	size_t title = strcspn(text, "\n") + 1; /* then one line, which ends the text */
	assert_int_equal(title + strcspn(text + title, "\n") + 1, strlen(text));
	free(text);
}

static void
test_arguments(void **state)
{
	static const struct ctl_opt opts[] = { { "--user", true }, { "--wide", false } };
	char *argv[] = { (char[]){ "x" }, (char[]){ "--user" }, (char[]){ "anna" },
		(char[]){ "--user=bob" }, (char[]){ "--wide" }, (char[]){ "-" }, (char[]){ "--" },
		(char[]){ "--wide" }, NULL };
	struct ctl_args a = { 8, argv, 1 };

	(void)state;
	assert_int_equal(ctl_arg(&a, opts, 2), 0);
	assert_string_equal(a.value, "anna");
	assert_int_equal(ctl_arg(&a, opts, 2), 0);
	assert_string_equal(a.value, "bob");
	assert_int_equal(ctl_arg(&a, opts, 2), 1);
	assert_int_equal(ctl_arg(&a, opts, 2), CTL_ARG_OPERAND);
	assert_int_equal(ctl_arg(&a, opts, 2), CTL_ARG_OPERAND);
	assert_string_equal(a.value, "--wide");
	assert_int_equal(ctl_arg(&a, opts, 2), CTL_ARG_END);

	char *bad[] = { (char[]){ "x" }, (char[]){ "--wide=1" }, (char[]){ "--us" },
		(char[]){ "--user" }, NULL };
	a = (struct ctl_args){ 4, bad, 1 };
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(ctl_arg(&a, opts, 2), CTL_ARG_BAD);
}

static void
test_values(void **state)
{
	char out[32];
	int64_t n;

	(void)state;
	setenv("TZ", "UTC", 1);
	assert_true(ctl_date_parse("2030-01-02", &n));
	assert_int_equal(n, 1893542400);
	assert_true(ctl_date_parse("2030-01-02 03:04", &n));
	assert_int_equal(n, 1893542400 + 3 * 3600 + 4 * 60);
	assert_false(ctl_date_parse("2030-02-30", &n));
	assert_false(ctl_date_parse("2030-01-02x", &n));
	assert_false(ctl_date_parse("", &n));
	assert_true(ctl_number_parse("0x800B0109", &n));
	assert_int_equal(n, 0x800B0109);
	assert_true(ctl_number_parse("691", &n) && n == 691);
	assert_true(ctl_number_parse("010", &n) && n == 10);
	assert_false(ctl_number_parse("-1", &n));
	assert_false(ctl_number_parse("12a", &n));
	assert_false(ctl_number_parse("99999999999999999999", &n));
	assert_string_equal(ctl_bytes_text(1023, out), "1023 B");
	assert_string_equal(ctl_bytes_text(1536, out), "1.5 KiB");
	assert_string_equal(ctl_bytes_text(UINT64_MAX, out), "16.0 EiB");
	assert_string_equal(ctl_duration_text(1250, out), "1.2 s");
	assert_string_equal(ctl_duration_text(90061000, out), "1d 01:01:01");
	assert_string_equal(ctl_time_text(1893542400000000, out), "2030-01-02 00:00:00");
	assert_string_equal(ctl_time_text(0, out), "-");
}

/* No daemon: one line with what to do, and status 2. */
static void
test_unreachable(void **state)
{
	const struct ctl c = { .socket = "/nonexistent/control.sock", .cmd = "status" };
	int status = -1;

	(void)state;
	assert_false(ctl_daemon_runs(&c));
	assert_null(ctl_ask(&c, json_pack("{s:s}", "cmd", "status"), &status));
	assert_int_equal(status, CTL_UNREACHABLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_columns),
		cmocka_unit_test(test_table_escapes),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_unreachable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
