/*
 * The index of a policy set against asking one policy after the other: over random sets and random
 * requests both find the same (B06: contradictory conditions, overlapping patterns, the empty set).
 */
#include "aaa/policy_priv.h"
#include "unit/aaa/aaa_test.h"

static uint64_t seed;

static uint32_t
roll(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static const char *const users[] = { "anna", "bob", "an*", "*na", "*", "?ob", "*n*", "a?na",
	"*@example.org", "corp\\\\anna", "anna@*", "b*b", "\xc3\xa4nna", "?nna" };
static const char *const groups[] = { "staff", "sales", "s*", "*s", "admins", "*a*", "vpn users" };
static const char *const clients[] = { "198.51.100.0/24", "198.51.100.7", "0.0.0.0/0",
	"203.0.113.0/25", "2001:db8::/32", "2001:db8::7", "::/0", "198.51.100.0/30" };
static const char *const hours[] = { "Mo-Fr 08:00-18:00", "Sa", "never", "always",
	"We-Th 12:00-13:00" };
static const char *const tunnels[] = { "sstp", "pptp", "l2tp ikev2", "sstp l2tp" };
static const char *const methods[] = { "mschapv2", "chap", "pap chap" };

#define PICK(list) (list)[roll(sizeof(list) / sizeof((list)[0]))]

static void
add_words(struct wr *w, const char *key, const char *const *words, unsigned int n)
{
	unsigned int k = roll(4);

	if (k == 0)
		return;
	wr_fmt(w, "%s", key);
	while (k-- > 0)
		wr_fmt(w, " \"%s\"", words[roll(n)]);
	wr_str(w, "; ");
}

#define N(list) (sizeof(list) / sizeof((list)[0]))

static void
make_policies(struct wr *w, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		wr_fmt(w, "policy p%u { ", i);
		if (roll(2))
			add_words(w, "user", users, N(users));
		if (roll(2))
			add_words(w, "group", groups, N(groups));
		if (roll(2))
			add_words(w, "client", clients, N(clients));
		if (roll(3) == 0)
			wr_fmt(w, "hours \"%s\"; ", PICK(hours));
		if (roll(3) == 0)
			wr_fmt(w, "tunnel %s; ", PICK(tunnels));
		if (roll(3) == 0)
			wr_fmt(w, "method %s; ", PICK(methods));
		if (roll(8) == 0)
			wr_str(w, "enabled no; ");
		wr_str(w, "access grant }\n");
	}
	wr_u8(w, 0);
	assert_true(wr_done(w));
}

/* One after the other. */
static uint32_t
plain_find(const struct policy_set *s, const struct policy_request *r, const struct account *a,
    const struct policy_moment *at)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (policy_match(&s->policies[i], r, a, at, NULL) == COND_NONE)
			return i;
	return s->n;
}

static void
ask_both(const struct policy_set *s, const struct account *a)
{
	static const char *const names[] = { "anna", "bob", "boob", "na", "", "\xc3\xa4nna",
		"nobody", "hanna" };
	static const char *const fulls[] = { "anna", "anna@example.org", "corp\\anna", "",
		"bob@example.org" };
	static const char *const from[] = { "198.51.100.7", "198.51.100.1", "203.0.113.200",
		"2001:db8::7", "2001:db9::7", "127.0.0.1" };
	struct policy_request r = { .user = view_str(PICK(names)),
		.full = view_str(PICK(fulls)),
		.method = (enum auth_method)roll(N_AUTH_METHOD),
		.tunnel = (enum tunnel_kind)roll(N_TUNNEL_KIND) };
	struct policy_moment at = { .minute = roll(HOURS_WEEK_MIN) };

	if (roll(8))
		assert_true(ip_parse(view_str(PICK(from)), &r.client));
	assert_int_equal(policy_index_find(s->index, &r, a, &at), plain_find(s, &r, a, &at));
}

static const struct account *
make_account(struct roster *t, uint64_t id)
{
	char text[128];
	struct wr w = wr_over(text, sizeof(text));
	struct msg_account m = test_account(id, "anna");

	for (unsigned int i = roll(4); i > 0; i--) {
		wr_str(&w, wr_len(&w) ? "\n" : "");
		wr_str(&w, roll(3) ? PICK(groups) : "nogroup");
	}
	m.groups = wr_view_of(&w);
	assert_true(roster_put(t, &m));
	return roster_by_id(t, id);
}

static void
test_index_agrees_with_one_after_the_other(void **state)
{
	static uint8_t text[65536];

	(void)state;
	for (seed = 1; seed < 400; seed++) {
		uint64_t keep = seed;
		struct wr w = wr_over(text, sizeof(text));
		struct roster *t = roster_new(1);
		make_policies(&w, 1 + roll(seed % 10 ? 20 : 150));
		struct conf *c = test_conf((const char *)text);
		struct policy_set *s = policy_set_new(c);
		const struct account *a = roll(8) ? make_account(t, 1) : NULL;
		assert_non_null(s);
		for (unsigned int i = 0; i < 60; i++)
			ask_both(s, a);
		policy_set_unref(s);
		conf_free(c);
		roster_free(t);
		seed = keep;
	}
}

static void
test_no_policies(void **state)
{
	struct conf c = { .method_mask = AUTH_BIT(AUTH_MSCHAPV2) };
	struct policy_set *s = policy_set_new(&c);
	struct policy_request r = { .method = AUTH_MSCHAPV2, .tunnel = TUNNEL_SSTP };
	struct policy_moment at = { 0 };

	(void)state;
	assert_non_null(s);
	assert_int_equal(policy_index_find(s->index, &r, NULL, &at), 0);
	policy_set_unref(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index_agrees_with_one_after_the_other),
		cmocka_unit_test(test_no_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
