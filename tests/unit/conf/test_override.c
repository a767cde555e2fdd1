/* Overrides: their names, editing their file, and what they make of a configuration (U07: no
 * includes). */
#include "conf/override.h"
#include "conf_test.h"

#include <string.h>

static const char base[] = "dns 10.0.0.1\n"
			   "server { name vpn.example; workers 2 }\n"
			   "sstp { listen 0.0.0.0:443; ports 7; certificate /c.pem; key /k.pem }\n"
			   "sstp { listen [::]:443; hello 9s }\n"
			   "pool a { range 10.1.0.1 - 10.1.0.9\n range 10.2.0.1 - 10.2.0.9 }\n"
			   "policy \"All day.long\" { access grant }\n";

static struct conf *
parse(const char *over, struct conf_errors *errors)
{
	struct conf_source src = { .name = "rrasd.conf",
		.text = view_str(base),
		.over_name = "overrides.conf",
		.over = view_str(over) };
	struct conf *c = conf_parse_source(&src, errors);

	if (!c)
		return NULL;
	/* What roles get says the same. */
	char *flat = conf_flatten_source(&src);
	struct conf_errors again;
	assert_non_null(flat);
	struct conf *d = conf_parse("flat", view_str(flat), NULL, NULL, &again);
	assert_non_null(d);
	assert_int_equal(c->sstp_ports, d->sstp_ports);
	assert_int_equal(c->n_sstp_listeners, d->n_sstp_listeners);
	assert_int_equal(c->pools[0].n_ranges, d->pools[0].n_ranges);
	assert_string_equal(c->policy_text, d->policy_text);
	conf_free(d);
	free(flat);
	return c;
}

static void
test_overlay(void **state)
{
	struct conf_errors errors;
	struct conf *c = parse("sstp {\n\tports 200\n}\nsstp { listen 10.0.0.5:444 }\n"
			       "pool a { range 10.3.0.1 - 10.3.0.9 }\ndns 10.0.0.2 10.0.0.3\n"
			       "ppp { mru 1300 }\npolicy \"All day.long\" { access deny }\n",
	    &errors);

	(void)state;
	assert_non_null(c);
	assert_int_equal(errors.n, 0);
	assert_int_equal(c->sstp_ports, 200);
	assert_int_equal(c->sstp_hello_ms, 9000); /* what is not overridden stays */
	assert_int_equal(c->n_sstp_listeners, 1); /* a list is replaced, in all its blocks */
	assert_int_equal(c->sstp_listeners[0].port, 444);
	assert_int_equal(c->pools[0].n_ranges, 1);
	assert_int_equal(c->dns[1].b[3], 3);
	assert_int_equal(c->mru_bytes, 1300);
	assert_false(c->policies[0].grant);
	conf_free(c);
}

static void
test_overlay_errors(void **state)
{
	struct conf_errors errors;
	struct conf *c = parse("pool gone {\n\tdns 10.0.0.1\n}\n", &errors);

	(void)state;
	assert_non_null(c); /* a block that is gone is no reason not to start */
	assert_int_equal(errors.n_warnings, 1);
	assert_non_null(strstr(errors.e[0].text, "any more"));
	assert_string_equal(errors.e[0].file, "overrides.conf");
	assert_int_equal(c->n_pools, 1);
	conf_free(c);
	assert_null(parse("sstp {\n\tports many\n}\n", &errors));
	assert_string_equal(errors.e[0].file, "overrides.conf");
	assert_int_equal(errors.e[0].line, 2);
	c = parse("sstp { ports 1 }\nsstp { ports 2 }\n", &errors); /* by hand: the last one */
	assert_non_null(c);
	assert_int_equal(c->sstp_ports, 2);
	conf_free(c);
	assert_null(parse("include /etc/passwd\n", &errors));
	assert_null(parse("sstp {", &errors));
}

static void
test_names(void **state)
{
	static const struct {
		const char *text, *key, *label, *err;
	} cases[] = {
		{ "sstp.ports", "ports", "", "" },
		{ "dns", "dns", "", "" },
		{ "pool.office.range", "range", "office", "" },
		{ "policy.All day.long.access", "access", "All day.long", "" },
		{ "ports", NULL, "", "did you mean \"sstp.ports\"" },
		{ "sstp.port", NULL, "", "did you mean \"sstp.ports\"" },
		{ "pool.range", NULL, "", "write pool.NAME.range" },
		{ "sstp.x.ports", NULL, "", "write sstp.ports" },
		{ "", NULL, "", "no setting" },
		{ ".", NULL, "", "no setting" },
		{ "sstp.", NULL, "", "no setting" },
		{ ".ports", NULL, "", "no setting" },
		{ "..", NULL, "", "no setting" },
		{ "nope.ports", NULL, "", "no setting" },
		{ "x\x1b[2J", NULL, "", "\\x1b" },
	};
	struct conf_override o;
	char err[400], text[CONF_OVERRIDE_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *copy = strdup(cases[i].text); /* exact size */
		bool ok = conf_override_name(copy, &o, err, sizeof(err));
		if (ok != (cases[i].key != NULL) || (!ok && !strstr(err, cases[i].err)))
			fail_msg("%s: %d %s", cases[i].text, ok, err);
		if (ok) {
			assert_string_equal(o.key->name, cases[i].key);
			assert_true(view_eq(o.label, view_str(cases[i].label)));
			assert_string_equal(conf_override_text(&o, text, sizeof(text)), copy);
		}
		free(copy);
	}
}

/* Takes text over. */
static char *
edit(char *text, const char *key, const char *a, const char *b, bool want_was)
{
	struct conf_override o;
	char err[400] = "";
	struct view words[2] = { view_str(a ? a : ""), view_str(b ? b : "") };
	bool was;

	assert_true(conf_override_name(key, &o, err, sizeof(err)));
	char *out = conf_override_edit(view_str(text), &o, words,
	    !a  ? 0
	    : b ? 2
		: 1,
	    &was, err, sizeof(err));
	if (!out)
		fail_msg("%s", err);
	assert_int_equal(was, want_was);
	free(text);
	return out;
}

static void
note(void *ctx, const char *name, const char *value, const char *in_file, unsigned int line)
{
	char *out = ctx;
	size_t n = strlen(out);

	(void)line;
	snprintf(out + n, 1000 - n, "%s=%s was %s\n", name, value, in_file ? in_file : "gone");
}

static void
test_edit_and_list(void **state)
{
	char seen[1000] = "", err[200];
	struct conf_override o;
	bool was;
	char *text = edit(strdup(""), "sstp.ports", "200", NULL, false);

	(void)state;
	text = edit(text, "pool.a.range", "10.3.0.1", NULL, false);
	text = edit(text, "policy.All day.long.access", "deny", NULL, false);
	text = edit(text, "dns", "10.0.0.2", "10.0.0.3", false);
	text = edit(text, "server.nat", "we\"ird\\ } name", NULL, false);
	text = edit(text, "sstp.ports", "300", NULL, true);
	text = edit(text, "pool.gone.dns", "10.0.0.1", NULL, false);
	text = edit(text, "server.name", NULL, NULL, false);
	struct conf_source src = { .name = "rrasd.conf",
		.text = view_str(base),
		.over_name = "overrides.conf",
		.over = view_str(text) };
	assert_true(conf_override_each(&src, note, seen));
	assert_string_equal(seen,
	    "pool.a.range=10.3.0.1 was 10.1.0.1 - 10.1.0.9 10.2.0.1 - 10.2.0.9\n"
	    "policy.All day.long.access=deny was grant\n"
	    "dns=10.0.0.2 10.0.0.3 was 10.0.0.1\n"
	    "server.nat=\"we\\\"ird\\\\ } name\" was \n"
	    "sstp.ports=300 was 7\n"
	    "pool.gone.dns=10.0.0.1 was gone\n");
	text = edit(text, "sstp.ports", NULL, NULL, true);
	assert_null(strstr(text, "300"));
	assert_true(conf_override_name("sstp.ports", &o, err, sizeof(err)));
	assert_null(conf_override_edit(view_str("sstp {"), &o, NULL, 0, &was, err, sizeof(err)));
	assert_non_null(strstr(err, "never closed"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_overlay),
		cmocka_unit_test(test_overlay_errors), cmocka_unit_test(test_names),
		cmocka_unit_test(test_edit_and_list) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
