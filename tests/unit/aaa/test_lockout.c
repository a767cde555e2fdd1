/* Counts of failed log-ins: by name and network, by network, reset, unlocking, the store. R37 B04.
 */
#include "aaa/lockout.h"
#include "unit/aaa/aaa_test.h"

static const struct lockout_rules rules = {
	.denials = 3, .network_denials = 5, .reset_s = 100, .by_network = true
};

static struct ip_addr
ip(const char *s)
{
	struct ip_addr a;

	assert_true(ip_parse(view_str(s), &a));
	return a;
}

static bool
locked(struct lockouts *t, const struct lockout_rules *r, const char *name, const char *from,
    int64_t now_s)
{
	struct ip_addr a = ip(from);

	return lockout_of(t, r, view_str(name), &a, now_s) != NULL;
}

static void
fails(struct lockouts *t, const struct lockout_rules *r, const char *name, const char *from,
    int64_t now_s, unsigned int times)
{
	struct ip_addr a = ip(from);

	for (unsigned int i = 0; i < times; i++)
		(void)lockout_failed(t, r, view_str(name), &a, now_s);
}

/* B04: a stranger locks out himself, not the user; RRAS's way is there as well. */
static void
test_name_and_network(void **state)
{
	struct lockout_rules alone = rules;
	struct lockouts *t = lockouts_new(1);

	(void)state;
	fails(t, &rules, "anna", "203.0.113.7", 1000, 2);
	assert_false(locked(t, &rules, "anna", "203.0.113.7", 1000));
	fails(t, &rules, "anna", "203.0.113.9", 1000, 1); /* the same /24 */
	assert_true(locked(t, &rules, "anna", "203.0.113.7", 1000));
	assert_false(locked(t, &rules, "anna", "198.51.100.7", 1000));
	assert_false(locked(t, &rules, "ben", "203.0.113.7", 1000));
	assert_true(locked(t, &rules, "anna", "203.0.113.7", 1099));
	assert_false(locked(t, &rules, "anna", "203.0.113.7", 1100)); /* lockout-reset */
	lockouts_free(t);

	t = lockouts_new(1);
	alone.by_network = false;
	alone.network_denials = 0;
	fails(t, &alone, "anna", "203.0.113.7", 1000, 2);
	fails(t, &alone, "anna", "2001:db8::1", 1000, 1);
	assert_true(locked(t, &alone, "anna", "198.51.100.7", 1000));
	lockouts_free(t);
}

static void
test_network_and_exempt(void **state)
{
	struct lockout_rules r = rules;
	struct lockouts *t = lockouts_new(1);
	struct ip_addr a = ip("203.0.113.7");

	(void)state;
	fails(t, &r, "a", "203.0.113.7", 1000, 2);
	fails(t, &r, "b", "203.0.113.8", 1000, 2);
	lockout_passed(t, &r, view_str("a"), &a); /* one's own success does not free the network */
	fails(t, &r, "", "203.0.113.9", 1000, 1); /* what is no name counts too */
	assert_true(locked(t, &r, "anna", "203.0.113.200", 1000));
	assert_false(locked(t, &r, "anna", "203.0.114.200", 1000));
	r.n_exempt = 1;
	assert_true(ip_prefix_parse(view_str("203.0.113.192/26"), &r.exempt[0]));
	assert_false(locked(t, &r, "anna", "203.0.113.200", 1000));
	fails(t, &r, "anna", "203.0.113.200", 1000, 9);
	assert_false(locked(t, &rules, "anna", "203.0.114.1", 1000));
	lockout_clear(t, view_of(NULL, 0), &a);
	assert_false(locked(t, &r, "b", "203.0.113.8", 1000));
	lockouts_free(t);
}

/* Success and unlock forget; each change is told to the store once. */
static void
test_forgotten_and_saved(void **state)
{
	struct lockouts *t = lockouts_new(1);
	struct ip_addr a = ip("203.0.113.7"), none = { 0 };
	const struct lockout *l;
	unsigned int n = 0;

	(void)state;
	fails(t, &rules, "anna", "203.0.113.7", 1000, 2);
	while ((l = lockout_unsaved(t))) {
		assert_int_equal(l->denials, 2);
		lockout_saved(t, l);
		n++;
	}
	assert_int_equal(n, 2); /* hers, and that of the network */
	lockout_passed(t, &rules, view_str("anna"), &a);
	l = lockout_unsaved(t);
	assert_true(l && l->denials == 0 && l->n_name == 4);
	lockout_saved(t, l);
	assert_null(lockout_unsaved(t));
	fails(t, &rules, "anna", "203.0.113.7", 1001, 3);
	lockout_clear(t, view_str("anna"), &none);
	assert_false(locked(t, &rules, "anna", "203.0.114.7", 1001));
	fails(t, &rules, "anna", "203.0.113.7", 1002, 1); /* from one again */
	lockouts_free(t);

	struct ip_prefix net;
	t = lockouts_new(1);
	assert_true(ip_prefix_parse(view_str("203.0.113.0/24"), &net));
	lockout_known(t, view_str("anna"), &net, 3, 1000); /* from the store, at a start */
	assert_true(locked(t, &rules, "anna", "203.0.113.9", 1001));
	assert_null(lockout_unsaved(t));
	lockouts_free(t);
}

/* G12: the clock jumps by 25 years: a lock-out ends at the latest when its time has passed once. */
static void
test_G12_clock_jumps(void **state)
{
	const int64_t now_s = 1790000000, years = (int64_t)25 * 365 * 86400;
	struct lockouts *t = lockouts_new(1);

	(void)state;
	fails(t, &rules, "anna", "203.0.113.7", now_s, 3);
	assert_true(locked(t, &rules, "anna", "203.0.113.7", now_s));
	assert_true(locked(t, &rules, "anna", "203.0.113.7", now_s - years));
	assert_true(locked(t, &rules, "anna", "203.0.113.7", now_s - years + rules.reset_s - 1));
	assert_false(locked(t, &rules, "anna", "203.0.113.7", now_s - years + rules.reset_s));
	fails(t, &rules, "anna", "203.0.113.7", now_s, 3);
	assert_false(locked(t, &rules, "anna", "203.0.113.7", now_s + years));
	lockouts_free(t);
}

/* A flood of made-up names is bounded, and what is young stays. */
static void
test_flood(void **state)
{
	struct lockout_rules r = rules;
	struct lockouts *t = lockouts_new(1);
	char name[24];

	(void)state;
	r.network_denials = 0;
	for (unsigned int i = 0; i < 3 * LOCKOUT_MAX; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		fails(t, &r, name, "203.0.113.7", 1000 + i / 1000, 1);
	}
	fails(t, &r, "anna", "203.0.113.7", 1100, 3);
	assert_true(locked(t, &r, "anna", "203.0.113.7", 1100));
	lockouts_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_and_network),
		cmocka_unit_test(test_network_and_exempt),
		cmocka_unit_test(test_forgotten_and_saved),
		cmocka_unit_test(test_G12_clock_jumps),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
