/* Checks over several settings (R40, R41, R59, R60), the flattened text, and the help. */
#include "conf_test.h"

#include "conf/places.h"
#include "conf/report.h"
#include "conf/schema.h"

#define ERR(at, text) "rrasd.conf:" at ": error: " text "\n"
#define WARN(at, text) "rrasd.conf:" at ": warning: " text "\n"

static const struct {
	const char *text, *wanted;
} rows[] = {
	/* pools */
	{ "pool a { range 10.0.0.1 - 10.0.0.9 }\npool b { range 10.0.0.9 - 10.0.0.20 }",
	    ERR("2:16", "range 10.0.0.9 - 10.0.0.20 overlaps 10.0.0.1 - 10.0.0.9 of pool \"a\" in "
			"line 1") },
	{ "pool a {\n range 10.0.0.0/24 10.0.0.128/25\n}",
	    ERR("2:20",
		"range 10.0.0.129 - 10.0.0.254 overlaps 10.0.0.1 - 10.0.0.254 of pool \"a\" "
		"in line 2") },
	{ "pool a { }", ERR("1:1", "pool \"a\" is empty: expected a range, as in range 10.20.0.1 - "
				   "10.20.0.254") },
	{ "pool a { range 10.0.0.1 }", ERR("1:10", "pool \"a\" has no address for a client: its "
						   "first one is the server's own") },
	{ "pool a { range 10.0.0.0/8 }",
	    ERR("1:10", "pool \"a\" has more than 1048576 addresses") },
	{ "pool a { range 10.0.0.0/24 }\npool A { range 10.0.1.0/24 }",
	    ERR("2:1", "there are two pools \"A\"; the other is in line 1") },
	{ "server { ipv4 no }\npool a { prefix6 2001:db8::/48 }", "" },
	{ "pool a { prefix6 2001:db8::/48 }",
	    WARN("1:1",
		"no pool has a range, so no session gets an IPv4 address: add one to pool "
		"\"a\", as in range 10.20.0.1 - 10.20.0.254, or say ipv4 no in \"server\"") },
	{ "pool a { prefix6 2001:db8::/48 }\npool b { range 10.0.0.1 - 10.0.0.2 }",
	    WARN("1:1", "pool \"a\" is the first and has no range: policies that name no pool use "
			"it and give no IPv4 address; put a pool with a range first, or name the "
			"pools in the policies") },
	{ "pool a { prefix6 2001:db8::/48 }\npool b { range 10.0.0.1 }",
	    ERR("2:10", "pool \"b\" has no address for a client: its first one is the server's own")
		WARN("1:1", "pool \"a\" is the first and has no range: policies that name no pool "
			    "use it and give no IPv4 address; put a pool with a range first, or "
			    "name the pools in the policies") },
	{ "server { ipv4 no }\npool a { prefix6 2001:db8::/32; dns6 2001:db8::1 }\n"
	  "pool b { prefix6 2001:db8:1::/48 }",
	    ERR("3:10", "prefix6 overlaps that of pool \"a\"") },
	/* policies */
	{ "pool office { range 10.0.0.0/24 }\npolicy x { pool ofice }",
	    ERR("2:12", "there is no pool \"ofice\" (did you mean \"office\"?)") },
	{ "policy x { ipv6-pool lab }", ERR("1:12", "there is no pool \"lab\"") },
	{ "policy x { pool lab }", ERR("1:12", "there is no pool \"lab\"") },
	{ "policy x { pool default }", "" },
	{ "policy x { }\npolicy y { }\npolicy X { }",
	    ERR("3:1", "there are two policies \"X\"; the other is in line 1") },
	{ "policy x { order 5 }\npolicy y { order 5 }",
	    ERR("2:12", "order 5 is taken by policy \"x\" in line 1") },
	{ "policy x { order 5 }\npolicy y { }\npolicy z { order 6 }", "" },
	{ "policy x { allow-methods pap }",
	    WARN("1:12", "allow-methods: pap is not among the methods of the server and is never "
			 "used") },
	{ "policy x { tunnel l2tp pptp }",
	    WARN("1:12", "tunnel: only sstp is in this version; this policy never matches") },
	{ "policy x { tunnel sstp l2tp }", "" },
	/* sstp */
	{ "sstp { certificate /c }", ERR("1:8", "certificate without key: add key \"FILE\"") },
	{ "sstp { key /c }", ERR("1:8", "key without certificate: add certificate \"FILE\"") },
	{ "sstp { ports 5 }",
	    WARN("1:1", "no certificate is named: rrasd makes a certification authority and a "
			"certificate of its own, and clients must trust that authority") },
	{ "sstp { enabled no }", "" },
	{ "sstp { certificate /c; key /k; half-open 10; half-open-per-source 11 }",
	    ERR("1:46", "half-open-per-source (11) is more than half-open (10)") },
	{ "sstp { certificate /c; key /k; half-open 10 }",
	    ERR("1:32", "half-open-per-source (64) is more than half-open (10)") },
	{ "sstp { certificate /c; key /k; listen 10.0.0.1:443 10.0.0.1:443 }",
	    ERR("1:52", "listen: 10.0.0.1:443 is covered by 10.0.0.1:443 already") },
	{ "sstp { certificate /c; key /k; listen 0.0.0.0:443; listen 10.0.0.1:443 }",
	    ERR("1:59", "listen: 10.0.0.1:443 is covered by 0.0.0.0:443 already") },
	{ "sstp { certificate /c; key /k; listen [::1]:443 [::]:443 }",
	    ERR("1:49", "listen: [::]:443 is covered by [::1]:443 already") },
	{ "sstp { certificate /c; key /k; listen [::]:443 0.0.0.0:443 10.0.0.1:444 }", "" },
	/* PAP runs inside TLS here: nothing to warn of */
	{ "authentication { methods pap }", "" },
};

static void
test_checks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_found(rows[i].text, NULL, rows[i].wanted);
}

static void
test_limits(void **state)
{
	char text[8192];
	size_t o = 0;

	(void)state;
	for (unsigned int i = 0; i < CONF_POOLS_MAX + 1; i++)
		o += (size_t)snprintf(
		    text + o, sizeof(text) - o, "pool p%u { range 10.0.%u.0/24 }\n", i, i);
	test_found(text, NULL, ERR("17:1", "more than 16 pools"));
	o = (size_t)snprintf(text, sizeof(text), "policy x { user");
	for (unsigned int i = 0; i < CONF_ITEMS_MAX + 1; i++)
		o += (size_t)snprintf(text + o, sizeof(text) - o, "\n user u%u", i);
	snprintf(text + o, sizeof(text) - o, "}");
	test_found(text, NULL,
	    ERR("1:16", "user: a value is missing; expected at most 32 names")
		ERR("34:7", "user: more than 32 values"));
	o = (size_t)snprintf(text, sizeof(text), "sstp { certificate /c; key /k; listen");
	for (unsigned int i = 1; i < 10; i++)
		o += (size_t)snprintf(text + o, sizeof(text) - o, " 10.0.0.%u:443", i);
	snprintf(text + o, sizeof(text) - o, "}");
	test_found(text, NULL, ERR("1:143", "listen: more than 8 values"));
}

/* Errors go before warnings when the list is full; nothing is lost uncounted. */
static void
test_error_list(void **state)
{
	struct conf_errors e = { 0 };
	struct conf_at at = { .file = "f", .line = 1, .column = 2 };
	char text[64];

	(void)state;
	for (unsigned int i = 0; i < CONF_ERRORS_MAX; i++)
		conf_warning(&e, &at, "warning %u", i);
	assert_int_equal(e.n_warnings, CONF_ERRORS_MAX);
	conf_error(&e, &at, "the error");
	assert_int_equal(e.n, CONF_ERRORS_MAX);
	assert_int_equal(e.n_warnings, CONF_ERRORS_MAX - 1);
	assert_int_equal(e.n_more, 1);
	assert_string_equal(
	    conf_error_text(&e.e[e.n - 1], text, sizeof(text)), "f:1:2: error: the error");
	for (unsigned int i = 0; i < CONF_ERRORS_MAX; i++)
		conf_error(&e, &at, "again");
	assert_int_equal(e.n_warnings, 0);
	assert_int_equal(conf_error_count(&e), CONF_ERRORS_MAX);
	assert_int_equal(e.n_more, CONF_ERRORS_MAX + 1);
}

static void
test_flatten(void **state)
{
	static const struct test_file files[] = { { "in", "mru 1300 # gone" }, { NULL, NULL } };
	static const char text[] = "ppp { include in }\npolicy 'a \"b\" \\\\' { user \"t\\tb\" x }";
	static const char flat[] = "\"ppp\" {\n\t\"mru\" \"1300\"\n}\n"
				   "\"policy\" \"a \\\"b\\\" \\\\\\\\\" {\n"
				   "\t\"user\" \"t\\tb\" \"x\"\n}\n";
	char *once = conf_flatten("x", view_str(text), test_read, (void *)(uintptr_t)files);

	(void)state;
	assert_non_null(once);
	assert_string_equal(once, flat);
	char *twice = conf_flatten("x", view_str(once), NULL, NULL);
	assert_non_null(twice);
	assert_string_equal(twice, once);
	struct conf *c = test_good(once);
	assert_int_equal(c->mru_bytes, 1300);
	assert_string_equal(c->policies[0].name, "a \"b\" \\\\");
	assert_string_equal(c->policies[0].users[0], "t\tb");
	conf_free(c);
	free(once);
	free(twice);
	assert_null(conf_flatten("x", view_str("ppp {"), NULL, NULL));
	char *empty = conf_flatten("x", view_of(NULL, 0), NULL, NULL);
	assert_non_null(empty);
	assert_string_equal(empty, "");
	free(empty);
}

/* Every key of the table is in the help and in the manual, with its default. */
static void
test_help(void **state)
{
	static char text[65536], mdoc[65536];
	struct wr w = wr_over(text, sizeof(text)), m = wr_over(mdoc, sizeof(mdoc));
	const struct conf_key *k;

	(void)state;
	conf_help(&w);
	conf_help_mdoc(&m);
	wr_u8(&w, 0);
	wr_u8(&m, 0);
	assert_true(wr_done(&w) && wr_done(&m));
	for (size_t i = 0; (k = conf_key_at(i)); i++) {
		char line[128];
		snprintf(line, sizeof(line), "\n  %-22s ", k->name);
		assert_true(strstr(text, line) || strncmp(text, line + 1, strlen(line) - 1) == 0);
		snprintf(line, sizeof(line), ".It Ic %s\n", k->name);
		assert_non_null(strstr(mdoc, line));
		assert_true(strlen(k->help) > 10);
	}
	assert_non_null(strstr(text, "(default: mschapv2)"));
	assert_true(conf_n_keys() <= CONF_KEYS_MAX);
}

static void
test_time_text(void **state)
{
	char text[40];

	(void)state;
	assert_string_equal(conf_ms_text(0, text, sizeof(text)), "0");
	assert_string_equal(conf_ms_text(150000, text, sizeof(text)), "2min30s");
	assert_string_equal(conf_ms_text(86400000, text, sizeof(text)), "1d");
	assert_string_equal(conf_ms_text(1, text, sizeof(text)), "1ms");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_error_list),
		cmocka_unit_test(test_flatten),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_time_text),
	};

	return cmocka_run_group_tests_name("conf/check", tests, NULL, NULL);
}
