/* The phonebook of rasdial: what entries say, where mistakes stand, and that saving keeps the rest.
 */
#include "cmd/dial_book.h"
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dial_args args;
static struct conf_errors errors;

static enum book_found
read_it(const char *text, const char *entry)
{
	dial_opts_init(&args);
	errors = (struct conf_errors){ 0 };
	return dial_book_read("book", view_str(text), entry, &args, &errors);
}

static void
expect_error(const char *text, const char *want)
{
	char line[1024];

	assert_int_equal(read_it(text, "a"), BOOK_BAD);
	assert_true(errors.n > 0);
	assert_string_equal(conf_error_text(&errors.e[0], line, sizeof(line)), want);
}

static void
test_entry(void **state)
{
	(void)state;
	assert_int_equal(
	    read_it("entry b { host x }\n"
		    "entry a {\n host vpn.example.org; user 'DOM\\al'\n port 8443; timeout 3\n"
		    " route 10.0.0.0/8, 2001:db8::/32\n route 192.168.0.0/16\n"
		    " auth mschapv2, chap\n default-route yes; dns no; reconnect 5\n"
		    " other-family leave\n}\n",
		"a"),
	    BOOK_FOUND);
	assert_string_equal(args.dial.host, "vpn.example.org");
	assert_string_equal(args.dial.user, "DOM\\al");
	assert_string_equal(args.dial.name, "a");
	assert_int_equal(args.dial.port, 8443);
	assert_int_equal(args.dial.connect_ms, 3000);
	assert_int_equal(args.dial.n_routes, 3);
	assert_int_equal(args.dial.method_mask, AUTH_BIT(AUTH_MSCHAPV2) | AUTH_BIT(AUTH_CHAP));
	assert_true(args.dial.default_route && args.dial.leave_other && args.dns_chosen);
	assert_false(args.dial.set_dns);
	assert_int_equal(args.dial.tries, 5);
	assert_int_equal(read_it("entry b { host x }", "a"), BOOK_NONE);
	assert_int_equal(read_it("", "a"), BOOK_NONE);
}

/* Of the command line, what is said wins; routes replace those of the entry. */
static void
test_command_line_wins(void **state)
{
	char *argv[] = { "rasdial", "a", "--route", "172.16.0.0/12", "--port", "1", "--route",
		"10.1.0.0/16", NULL };
	char err[256];

	(void)state;
	assert_int_equal(
	    read_it("entry a { host x; user u; route 10.0.0.0/8; port 2; name n }", "a"),
	    BOOK_FOUND);
	assert_int_equal(dial_opts_take(&args, 8, argv, err, sizeof(err)), 7);
	assert_int_equal(args.dial.n_routes, 2);
	assert_int_equal(args.dial.routes[0].len, 12);
	assert_int_equal(args.dial.port, 1);
	assert_string_equal(args.dial.name, "n");
}

static void
test_mistakes(void **state)
{
	(void)state;
	expect_error("entry a {\n hots x\n}\n",
	    "book:2:2: error: an entry has no key \"hots\" (did you mean \"host\"?)");
	expect_error("entry a { host x; foreground yes }",
	    "book:1:19: error: an entry has no key \"foreground\"");
	expect_error("entry a { user u }", "book:1:1: error: the entry names no host");
	expect_error("entry a { host x; default-route maybe }",
	    "book:1:33: error: default-route: takes yes or no: \"maybe\"");
	expect_error("entry a { host x y }", "book:1:11: error: host: expected one value (HOST)");
	expect_error(
	    "entry a { host x; dns }", "book:1:19: error: dns: expected one value (yes or no)");
	expect_error("entry a { host x; auth mschapv2 eap }",
	    "book:1:24: error: auth: not a list of mschapv2, chap, pap");
	expect_error("entrie a { host x }",
	    "book:1:1: error: a phonebook has no \"entrie\", only entries (did you mean "
	    "\"entry\"?)");
	expect_error("entry { host x }", "book:1:1: error: expected: entry NAME { ... }");
	expect_error(
	    "entry a { host x", "book:1:9: error: this block is never closed: \"}\" is missing");
	expect_error("include \"/etc/passwd\"", "book:1:9: error: \"include\" has no meaning here");
}

/* A mistake of one entry is none of another's. */
static void
test_other_entries(void **state)
{
	(void)state;
	assert_int_equal(read_it("entry b { hots x }\nentry a { host x }\n", "a"), BOOK_FOUND);
}

static char *
put(const char *text, const char *entry, const char *host, int argc, char **argv)
{
	char err[256];

	dial_opts_init(&args);
	errors = (struct conf_errors){ 0 };
	assert_true(dial_opts_take(&args, argc, argv, err, sizeof(err)) > 0);
	return dial_book_put("book", view_str(text), entry, host, &args, &errors);
}

static void
test_saving(void **state)
{
	char *argv[] = { "rasdial", "--user", "a\"b\\c", "--dns", "--route", "10.0.0.0/8", "--json",
		"--password-file", "/p w", NULL };
	static const char want[] = "entry a {\n\thost \"h\"\n\tuser \"a\\\"b\\\\c\"\n\tdns yes\n"
				   "\troute \"10.0.0.0/8\"\n\tpassword-file \"/p w\"\n}\n";
	char *text;

	(void)state;
	text = put("", "a", "h", 9, argv);
	assert_string_equal(text, want);
	assert_int_equal(read_it(text, "a"), BOOK_FOUND);
	assert_string_equal(args.dial.user, "a\"b\\c");
	free(text);
	/* In its own place; what stands around it stays as it is. */
	text = put("# top\nentry b {\n host entry }\n entry a { host \"}\" # {\n }\n# end", "a",
	    "h", 9, argv);
	assert_non_null(strstr(text, "# top\nentry b {\n host entry }\n entry a {\n\thost \"h\""));
	assert_non_null(strstr(text, "}\n# end"));
	assert_null(strstr(text, "host \"}\""));
	assert_int_equal(read_it(text, "b"), BOOK_FOUND);
	free(text);
	text = put("entry b { host x }", "a", "h", 9, argv);
	assert_non_null(strstr(text, "entry b { host x }\nentry a {\n"));
	free(text);
	assert_null(put("entry b { host x", "a", "h", 9, argv));
	assert_int_equal(errors.n, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_command_line_wins),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_other_entries),
		cmocka_unit_test(test_saving),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
