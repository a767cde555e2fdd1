/* The engine's parts that scenarios cannot show: patterns, scale, sharing (B06). */
#include "aaa/policy_priv.h"
#include "unit/aaa/aaa_test.h"

static void
test_patterns(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool covers;
	} rows[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "*", "abc", true },
		{ "?", "", false },
		{ "?", "\xc3\xa4", true }, /* one character, two bytes */
		{ "??", "\xc3\xa4", false },
		{ "a*c", "abbc", true },
		{ "a*c", "abbcd", false },
		{ "a*b*c", "axbxbxc", true },
		{ "*ab", "aab", true },
		{ "*?", "\xc3\xa4", true },
		{ "a?c", "abc", true },
		{ "abc", "ab", false },
		{ "ab", "abc", false },
		{ "**a**", "bab", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (pattern_covers(rows[i].pattern, view_str(rows[i].text)) != rows[i].covers)
			fail_msg("%s over %s", rows[i].pattern, rows[i].text);
}

/* B06: a pattern that makes a backtracking matcher take years. */
static void
test_no_blow_up(void **state)
{
	char pattern[64], text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(pattern) - 2; i += 2)
		memcpy(pattern + i, "*a", 2);
	memcpy(pattern + sizeof(pattern) - 2, "b", 2);
	memset(text, 'a', sizeof(text));
	assert_false(pattern_covers(pattern, view_of(text, sizeof(text))));
}

static void
test_caller_lists(void **state)
{
	struct ip_addr a = ip_v4(0xc6336407); /* 198.51.100.7 */

	(void)state;
	assert_true(caller_covers("", &a));
	assert_true(caller_covers(" , ", &a));
	assert_true(caller_covers("198.51.100.7", &a));
	assert_true(caller_covers("203.0.113.1,198.51.100.0/24", &a));
	assert_true(caller_covers("198.51.100.*", &a));
	assert_false(caller_covers("198.51.100.70", &a));
	assert_false(caller_covers("nonsense", &a));
	assert_false(caller_covers("2001:db8::/0", &a));
}

/* B06: no policy at all refuses; 10,000 of them decide, and the trace says how many it left out. */
static void
test_many_policies(void **state)
{
	enum { N = 10000 };
	struct conf_policy *p = calloc(N, sizeof(*p));
	char(*user)[POLICY_NAME_MAX] = calloc(1, sizeof(*user));
	struct conf c = { .method_mask = AUTH_BIT(AUTH_MSCHAPV2), .policies = p };
	struct policy_request r = { .user = view_str("anna"),
		.full = view_str("anna"),
		.method = AUTH_MSCHAPV2,
		.tunnel = TUNNEL_SSTP };
	struct decision d;
	struct policy_set *s = policy_set_new(&c);

	(void)state;
	assert_non_null(p);
	assert_non_null(user);
	policy_decide(s, &r, NULL, 0, &d);
	assert_cause(d.cause, "policy.none-matches");
	policy_set_unref(s);

	memcpy(user[0], "*b*c*d", 7);
	for (uint32_t i = 0; i < N; i++) {
		p[i] = (struct conf_policy){ .id = i + 1, .order = N - i, .enabled = true };
		snprintf(p[i].name, sizeof(p[i].name), "policy %u", i + 1);
		p[i].n_users = i == 0 ? 0 : 1; /* the first has the highest order: tried last */
		p[i].users = user;
		p[i].grant = i == 0;
	}
	c.n_policies = N;
	s = policy_set_new(&c);
	assert_int_equal(policy_set_count(s), N);
	for (int i = 0; i < 100; i++)
		policy_decide(s, &r, NULL, 0, &d);
	assert_int_equal(d.verdict, VERDICT_GRANT);
	assert_string_equal(d.policy, "policy 1");
	assert_int_equal(d.trace.n_steps, TRACE_MAX);
	assert_int_equal(d.trace.n_more, N - 1 - TRACE_MAX);
	assert_string_equal(d.trace.steps[0].policy, "policy 10000");
	policy_set_unref(s);
	free(user);
	free(p);
}

/* The set keeps nothing of the configuration it was made of, and lives as long as somebody has it.
 */
static void
test_set_is_its_own(void **state)
{
	struct conf *c = test_conf("policy P { user anna; group staff; client 10.0.0.0/8 }");
	struct policy_set *s = policy_set_new(c);
	struct policy_set *other = policy_set_ref(s);
	struct policy_request r = { .user = view_str("anna"), .method = AUTH_MSCHAPV2 };
	struct decision d;

	(void)state;
	conf_free(c);
	policy_set_unref(s);
	policy_decide(other, &r, NULL, 0, &d);
	assert_cause(d.cause, "policy.none-matches");
	assert_int_equal(policy_set_methods(other, 99), policy_set_methods(other, 0));
	assert_false(policy_set_ignores_dialin(other, 0));
	policy_set_unref(other);
}

/* What a peer or an administrator wrote is printable in the trace, and cut to its place. */
static void
test_trace_is_printable(void **state)
{
	struct conf *c = test_conf("policy P { user bob \"a-very-long-pattern-of-a-name-1*\" "
				   "\"a-very-long-pattern-of-a-name-2*\" }");
	struct policy_set *s = policy_set_new(c);
	struct policy_request r = { .user = view_str("an\x1b[31mna") };
	struct decision d;

	(void)state;
	policy_decide(s, &r, NULL, 0, &d);
	assert_int_equal(d.trace.n_steps, 1);
	assert_null(strchr(d.trace.steps[0].got, 0x1b));
	assert_non_null(memchr(d.trace.steps[0].wanted, 0, sizeof(d.trace.steps[0].wanted)));
	policy_set_unref(s);
	conf_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_no_blow_up),
		cmocka_unit_test(test_caller_lists),
		cmocka_unit_test(test_many_policies),
		cmocka_unit_test(test_set_is_its_own),
		cmocka_unit_test(test_trace_is_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
