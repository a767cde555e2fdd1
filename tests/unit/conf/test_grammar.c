/* The language: words, strings, comments, blocks, includes; errors with their exact places. */
#include "conf_test.h"

#define ERR(at, text) "rrasd.conf:" at ": error: " text "\n"

/* All these say the same. */
static void
test_ways_to_write(void **state)
{
	static const char *const same[] = {
		"ppp { mru 1300 }",
		"ppp{mru 1300}",
		"ppp { mru 1300; }",
		"ppp {\n\tmru 1300\n}\n",
		"ppp\n{\n\tmru 1300\n}",
		"ppp\n\n# between\n{ mru 1300 }",
		"ppp {\r\n  mru 1300 # bytes\r\n}\r\n",
		"\xef\xbb\xbfppp { mru 1300 }",
		";;ppp { ;;; mru \"1300\";; }",
		"\"ppp\" { 'mru' '1300' }",
		"ppp { mru 1300 } ppp { echo-failures 4 }",
		"# \xc3\xa4\nppp { mru 1300 } # no newline at the end",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct conf *c = test_good(same[i]);
		assert_int_equal(c->mru_bytes, 1300);
		conf_free(c);
	}
}

static void
test_strings(void **state)
{
	struct conf *c = test_good(
	    "policy \"a \\\"b\\\" \\\\c\\td\" { user \"CONTOSO\\\\al ice\" 'C:\\x' a#b }");

	(void)state;
	assert_string_equal(c->policies[0].name, "a \"b\" \\c\td");
	assert_string_equal(c->policies[0].users[0], "CONTOSO\\al ice");
	assert_string_equal(c->policies[0].users[1], "C:\\x");
	assert_string_equal(c->policies[0].users[2], "a#b");
	conf_free(c);
}

static const struct {
	const char *text, *wanted;
} wrong[] = {
	/* strings */
	{ "server { name \"vpn }\n}", ERR("1:15", "this string has no closing quote on its line") },
	{ "dns \"10.0.0.1", ERR("1:5", "this string has no closing quote on its line") },
	{ "policy x { user \"DOM\\alice\" }",
	    ERR("1:21", "unknown escape: write \\\\ for a backslash, \\\" for a quote, or use "
			"'single quotes'") },
	{ "policy x { user \"a\001b\" }",
	    ERR("1:19", "the control character 0x01 may not stand here") },
	{ "policy x { user \"\xff\" }", ERR("1:17", "this is not UTF-8; save the file as UTF-8") },
	{ "dns \xc3\x28", ERR("1:5", "this is not UTF-8; save the file as UTF-8") },
	/* a column is a character, not a byte */
	{ "policy '\xc3\xa4\xc3\xb6' { x }", ERR("1:15", "unknown setting \"x\" in policy") },
	/* braces */
	{ "ppp {\n mru 1300\n", ERR("1:5", "this block is never closed: \"}\" is missing") },
	{ "ppp { mru 1300 }\n}", ERR("2:1", "\"}\" without a block to close") },
	{ "{ mru 1300 }", ERR("1:1", "expected the name of a block before \"{\"") },
	{ "server {\n pool x { range 10.0.0.1 - 10.0.0.9 }\n}",
	    ERR("2:2",
		"the block \"pool\" may not stand inside server; is a \"}\" missing above?") },
	{ "a{a{a{a{a{a{a{a{a{a{ }}}}}}}}}}",
	    ERR("1:19", "blocks are nested more than 8 deep") ERR("1:1", "unknown block \"a\"") },
	/* blocks and names */
	{ "server x { }", ERR("1:8", "the block server has no name of its own") },
	{ "server", ERR("1:7", "expected \"{\": server is a block, server { }") },
	{ "pool office\n", ERR("1:12", "expected \"{\": pool is a block, pool NAME { }") },
	{ "pool { range 10.0.0.1 - 10.0.0.9 }",
	    ERR("1:6", "a name is missing: write pool NAME { }") },
	{ "pool '' { range 10.0.0.1 - 10.0.0.9 }",
	    ERR("1:6", "a name is missing: write pool NAME { }") },
	{ "policy VPN users { }", ERR("1:12", "\"policy\" takes one name; put \"quotes\" around a "
					      "name with blanks") },
	{ "policy 1234567890123456789012345678901234567890123456789012345678901234 { }",
	    ERR("1:8", "this name is longer than 63 bytes") },
	/* spelling */
	{ "servr { }", ERR("1:1", "unknown block \"servr\" (did you mean \"server\"?)") },
	{ "dsn 10.0.0.1", ERR("1:1", "unknown setting or block \"dsn\" (did you mean \"dns\"?)") },
	{ "zebra 1", ERR("1:1", "unknown setting or block \"zebra\"") },
	{ "mru 1300", ERR("1:1", "the setting \"mru\" belongs inside ppp { }") },
	{ "ppp { mtu 1300 }",
	    ERR("1:7", "unknown setting \"mtu\" in ppp (did you mean \"mru\"?)") },
	{ "ppp { echo-intervall 30s }",
	    ERR("1:7", "unknown setting \"echo-intervall\" in ppp (did you mean "
		       "\"echo-interval\"?)") },
	{ "ppp { certificate /x }",
	    ERR("1:7", "\"certificate\" is no setting of ppp; it belongs inside sstp { }") },
	{ "ppp { mru=1300 }",
	    ERR("1:7",
		"unknown setting \"mru=1300\": \"=\" is not used here; write a blank between "
		"setting and value") },
	/* several at once, in the order of the file */
	{ "ppp {\n mru x\n echo-failures 0\n}\nfoo bar\n",
	    ERR("2:6", "mru: expected a number of 576 to 1500; \"x\" is not a number")
		ERR("3:16", "echo-failures: expected a number of 1 to 20; \"0\" is out of range")
		    ERR("5:1", "unknown setting or block \"foo\"") },
	/* includes */
	{ "include", ERR("1:8", "expected a path: include \"FILE\"") },
	{ "include { }", ERR("1:9", "expected a path: include \"FILE\"") },
	{ "include gone.conf", ERR("1:9", "\"gone.conf\" cannot be read: no such file") },
	{ NULL, NULL },
};

static void
test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; wrong[i].text; i++)
		test_found(wrong[i].text, NULL, wrong[i].wanted);
}

/* A zero byte is refused where it stands, and nothing behind it is lost. */
static void
test_zero_bytes(void **state)
{
	static const char text[] = "ppp { mru 13\0"
				   "00 }\n\0\nfoo 1";
	struct conf_errors errors;
	char found[2048];

	(void)state;
	conf_free(test_parse(view_of(text, sizeof(text) - 1), NULL, &errors));
	assert_string_equal(test_errors_text(&errors, found, sizeof(found)),
	    ERR("1:13", "the control character 0x00 may not stand here")
		ERR("2:1", "the control character 0x00 may not stand here")
		    ERR("3:1", "unknown setting or block \"foo\""));
}

static void
test_includes(void **state)
{
	static const struct test_file files[] = { { "/etc/rras/a.conf",
						      "mru 1300\ninclude b.conf" },
		{ "/etc/rras/b.conf", "echo-failures 7" },
		{ "/etc/rras/conf.d/*.conf",
		    "include \"/etc/rras/conf.d/1.conf\"\ninclude \"/etc/rras/conf.d/2.conf\"\n" },
		{ "/etc/rras/conf.d/1.conf", "dns 10.0.0.1" },
		{ "/etc/rras/conf.d/2.conf", "include ../b2.conf" },
		{ "/etc/rras/conf.d/../b2.conf", "dns 10.0.0.2" }, { NULL, NULL } };
	static const char text[] = "ppp { include a.conf }\ninclude 'conf.d/*.conf'\n";
	struct conf_errors errors;
	struct conf *c = conf_parse(
	    "/etc/rras/rrasd.conf", view_str(text), test_read, (void *)(uintptr_t)files, &errors);
	char out[ADDR_TEXT_MAX];

	(void)state;
	assert_non_null(c);
	assert_int_equal(errors.n, 0);
	assert_int_equal(c->mru_bytes, 1300);
	assert_int_equal(c->echo_failures, 7);
	assert_string_equal(ip_text(&c->dns[1], out), "10.0.0.2");
	conf_free(c);
}

static void
test_include_errors(void **state)
{
	static const struct test_file files[] = { { "self", "include self" }, { "a", "include b" },
		{ "b", "\n  include a" }, { "locked", NULL }, { "bad", "ppp {\n mru x\n}\n}" },
		{ "open", "ppp {" }, { "main", "include rrasd.conf" }, { NULL, NULL } };

	(void)state;
	test_found("include self", files,
	    "self:1:9: error: the file includes itself: \"self\" is already being read\n");
	test_found("include a", files,
	    "b:2:11: error: the file includes itself: \"a\" is already being read\n");
	test_found("include main", files,
	    "main:1:9: error: the file includes itself: \"rrasd.conf\" is already being read\n");
	test_found(
	    "include locked", files, ERR("1:9", "\"locked\" cannot be read: permission denied"));
	test_found("include bad", files,
	    "bad:4:1: error: \"}\" without a block to close\n"
	    "bad:2:6: error: mru: expected a number of 576 to 1500; \"x\" is not a number\n");
	test_found("include open\nmru 1300", files,
	    "open:1:5: error: this block is never closed: \"}\" is missing\n"
	    "rrasd.conf:2:1: error: the setting \"mru\" belongs inside ppp { }\n");
}

/* Serves any number N with "include N+1": nesting without a loop. */
static char *
read_deeper(void *ctx, const char *path, char *err, size_t cap)
{
	char text[32];

	(void)ctx;
	(void)err;
	(void)cap;
	snprintf(text, sizeof(text), "include %ld", strtol(path, NULL, 10) + 1);
	return strdup(text);
}

/* Serves any path with two includes below it: 2^depth files without a bound. */
static char *
read_wider(void *ctx, const char *path, char *err, size_t cap)
{
	char text[600];

	(void)err;
	(void)cap;
	++*(unsigned int *)ctx;
	snprintf(text, sizeof(text), "include %s0 %s1 %s2 %s3", path, path, path, path);
	return strdup(text);
}

static void
test_include_bounds(void **state)
{
	struct conf_errors errors;
	char found[16384];
	unsigned int n_read = 0;

	(void)state;
	assert_null(conf_parse("0", view_str("include 1"), read_deeper, NULL, &errors));
	assert_string_equal(test_errors_text(&errors, found, sizeof(found)),
	    "8:1:9: error: includes are nested more than 8 deep\n");
	assert_null(conf_parse("x", view_str("include y"), read_wider, &n_read, &errors));
	assert_true(n_read < 256);
	assert_int_equal(errors.n, CONF_ERRORS_MAX);
	assert_true(errors.n_more > 0);
	assert_null(conf_parse("x", view_str("include y"), NULL, NULL, &errors));
	assert_string_equal(test_errors_text(&errors, found, sizeof(found)),
	    "x:1:9: error: \"include\" has no meaning here\n");
}

/* 1 MiB of everything that could grow: bounded memory, bounded errors, an answer. */
static void
test_large(void **state)
{
	static const char *const units[] = { "dns 10.0.0.1\n", "a;", "{", "}", "\"", "policy x {}",
		"pool x{range 10.0.0.1-10.0.0.2}", "x ", "\\", "include a;", "ppp{", "\xc3" };
	size_t n = 1u << 20;
	char *text = malloc(n);
	struct conf_errors errors;

	(void)state;
	assert_non_null(text);
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
		size_t len = strlen(units[u]);
		for (size_t i = 0; i < n; i++)
			text[i] = units[u][i % len];
		conf_free(test_parse(view_of(text, n), NULL, &errors));
		assert_true(errors.n > errors.n_warnings);
		assert_true(errors.n <= CONF_ERRORS_MAX);
	}
	free(text);
}

/* A large file without errors is taken: comments, and as many policies as there may be. */
static void
test_large_and_good(void **state)
{
	size_t cap = 2u << 20, o = 0;
	char *text = malloc(cap);

	(void)state;
	assert_non_null(text);
	for (unsigned int i = 0; i < CONF_POLICIES_MAX; i++)
		o += (size_t)snprintf(text + o, cap - o,
		    "policy p%u { order %u; group g%u }\n# %060u\n", i, CONF_POLICIES_MAX - i, i,
		    0u);
	struct conf *c = test_good(text);
	assert_int_equal(c->n_policies, CONF_POLICIES_MAX);
	assert_string_equal(c->policies[0].name, "p16383");
	assert_string_equal(c->policies[16383].groups[0], "g0");
	conf_free(c);
	o += (size_t)snprintf(text + o, cap - o, "policy more { }\n");
	test_found(text, NULL, ERR("32769:1", "more than 16384 policies"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ways_to_write),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_zero_bytes),
		cmocka_unit_test(test_includes),
		cmocka_unit_test(test_include_errors),
		cmocka_unit_test(test_include_bounds),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_large_and_good),
	};

	return cmocka_run_group_tests_name("conf/grammar", tests, NULL, NULL);
}
