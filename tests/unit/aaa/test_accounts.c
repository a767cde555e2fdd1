/* The roster: adding, changing, removing, synchronising; and the map beneath it. */
#include "aaa/accounts.h"
#include "unit/aaa/aaa_test.h"

static const struct account *
by_name(const struct roster *t, const char *name)
{
	struct lookup_name n;

	assert_true(name_normalise(view_str(name), &n));
	return roster_by_name(t, &n);
}

static void
put(struct roster *t, const struct msg_account *m)
{
	assert_true(roster_put(t, m));
}

static void
test_put_and_find(void **state)
{
	struct roster *t = roster_new(42);
	struct msg_account m = test_account(7, "Anna");

	(void)state;
	m.groups = view_str("Staff\nVPN Users\n\n Sales , North \n");
	put(t, &m);
	assert_int_equal(roster_count(t), 1);
	const struct account *a = by_name(t, "ANNA");
	assert_non_null(a);
	assert_true(a == roster_by_id(t, 7));
	assert_string_equal(a->name, "Anna");
	assert_int_equal(a->n_groups, 3);
	assert_string_equal(a->groups, "staff");
	assert_string_equal(a->groups + 6, "vpn users");
	assert_string_equal(a->groups + 16, "sales , north");

	m = test_account(7, "anna2"); /* renamed */
	put(t, &m);
	assert_null(by_name(t, "anna"));
	assert_non_null(by_name(t, "anna2"));
	assert_int_equal(roster_count(t), 1);

	m.deleted = true;
	put(t, &m);
	put(t, &m);
	assert_int_equal(roster_count(t), 0);
	assert_null(roster_by_id(t, 7));
	roster_free(t);
}

/* B02: a second account whose name folds to the same does not take the first one's place. */
static void
test_lookalike_does_not_take_over(void **state)
{
	struct roster *t = roster_new(1);
	struct msg_account first = test_account(1, "anna"), second = test_account(2, "ANNA");
	struct msg_account nobody = test_account(0, "root");

	(void)state;
	put(t, &first);
	put(t, &second);
	assert_int_equal(by_name(t, "anna")->id, 1);
	put(t, &nobody);
	assert_null(by_name(t, "root"));
	roster_free(t);
}

/* A permission that the message should not be able to carry is the strictest one. */
static void
test_unknown_dialin_denies(void **state)
{
	struct roster *t = roster_new(1);
	struct msg_account m = test_account(1, "anna");

	(void)state;
	m.dialin = 9;
	put(t, &m);
	assert_int_equal(by_name(t, "anna")->dialin, DIALIN_DENY);
	roster_free(t);
}

static void
test_sync_forgets_deleted(void **state)
{
	struct roster *t = roster_new(1);
	struct msg_account a = test_account(1, "anna"), b = test_account(2, "ben"),
			   c = test_account(3, "anna");

	(void)state;
	put(t, &a);
	put(t, &b);
	roster_sync_begin(t);
	put(t, &b);
	put(t, &c); /* 1 was deleted and its name given out anew while nobody told us */
	assert_int_equal(by_name(t, "anna")->id, 3);
	roster_sync_end(t);
	assert_int_equal(roster_count(t), 2);
	assert_null(roster_by_id(t, 1));
	assert_non_null(by_name(t, "ben"));
	roster_free(t);
}

static int balance;

static void
on_address(void *ctx, const struct ip_addr *a, bool added)
{
	(void)ctx;
	assert_int_equal(ip_v4_u32(a) >> 24, 10);
	balance += added ? 1 : -1;
}

static void
test_addresses_are_told(void **state)
{
	struct roster *t = roster_new(1);
	struct msg_account m = test_account(1, "anna");

	(void)state;
	balance = 0;
	roster_on_address(t, on_address, NULL);
	put(t, &m);
	assert_int_equal(balance, 0);
	m.address = ip_v4(0x0a000005);
	put(t, &m);
	put(t, &m);
	assert_int_equal(balance, 1);
	m.deleted = true;
	put(t, &m);
	assert_int_equal(balance, 0);
	roster_free(t);
}

static void
test_many(void **state)
{
	struct roster *t = roster_new(99);
	char name[32];

	(void)state;
	for (uint64_t i = 1; i <= 20000; i++) {
		snprintf(name, sizeof(name), "user%llu", (unsigned long long)i);
		struct msg_account m = test_account(i, name);
		put(t, &m);
	}
	for (uint64_t i = 1; i <= 20000; i += 2) {
		struct msg_account m = { .account = i, .deleted = true };
		put(t, &m);
	}
	assert_int_equal(roster_count(t), 10000);
	assert_null(by_name(t, "user777"));
	assert_int_equal(by_name(t, "user778")->id, 778);
	roster_free(t);
}

/* Every truncation of every text of an account is an account or none, never a wild read. */
static void
test_truncated_texts(void **state)
{
	static const char groups[] = "one\n tw\xc3\xb6\n\nthree";
	struct roster *t = roster_new(1);

	(void)state;
	for (size_t n = 0; n < sizeof(groups); n++) {
		char *copy = malloc(n ? n : 1);
		assert_non_null(copy);
		memcpy(copy, groups, n);
		struct msg_account m = test_account(1, "anna");
		m.groups = view_of(copy, n);
		m.caller_id = view_of(copy, n);
		put(t, &m);
		free(copy);
		assert_true(by_name(t, "anna")->n_groups <= 3);
	}
	roster_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_and_find),
		cmocka_unit_test(test_lookalike_does_not_take_over),
		cmocka_unit_test(test_unknown_dialin_denies),
		cmocka_unit_test(test_sync_forgets_deleted),
		cmocka_unit_test(test_addresses_are_told),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_truncated_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
