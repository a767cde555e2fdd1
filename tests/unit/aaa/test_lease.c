/* Pools and leases, and ports: R52, R59, R60, N01. */
#include "aaa/lease.h"
#include "aaa/ports.h"
#include "unit/aaa/aaa_test.h"

static struct leases *
leases_of(const char *conf_text)
{
	struct conf *c = test_conf(conf_text);
	struct leases *t = leases_new(5);

	assert_non_null(t);
	assert_true(leases_configure(t, c));
	conf_free(c);
	return t;
}

static struct ip_addr
addr(const char *text)
{
	struct ip_addr a = { 0 };

	assert_true(text[0] == 0 || ip_parse(view_str(text), &a));
	return a;
}

/* Leases from a pool; the address as text, or the name of the cause. */
static const char *
take(struct leases *t, const char *pool, const char *fixed, const char *wanted)
{
	static char text[ADDR_TEXT_MAX];
	struct lease_ask ask = {
		.pools = { pool }, .n_pools = 1, .fixed = addr(fixed), .wanted = addr(wanted)
	};
	struct ip_addr a;
	enum cause cause = lease_take(t, &ask, &a);

	return cause == CAUSE_NONE ? ip_text(&a, text) : cause_info(cause)->name;
}

static void
give(struct leases *t, const char *text)
{
	struct ip_addr a = addr(text);

	lease_give(t, &a);
}

static void
expect_pool(const struct leases *t, const char *name, uint64_t size, uint64_t leased)
{
	struct lease_pool_info info;

	assert_true(lease_pool_by_name(t, name, &info));
	assert_int_equal(info.size, size);
	assert_int_equal(info.n_leased, leased);
}

/* R59: the first address is the server's own; R60: then the others, then none. */
static void
test_fill_and_exhaust(void **state)
{
	struct leases *t = leases_of("pool p { range 10.0.0.1 - 10.0.0.4 }");
	char text[ADDR_TEXT_MAX];
	struct ip_addr server = lease_server_address(t);
	struct lease_pool_info info;

	(void)state;
	assert_string_equal(ip_text(&server, text), "10.0.0.1");
	assert_string_equal(take(t, "p", "", ""), "10.0.0.2");
	assert_string_equal(take(t, "", "", ""), "10.0.0.3");
	assert_string_equal(take(t, "p", "", ""), "10.0.0.4");
	assert_string_equal(take(t, "p", "", ""), "address.pool-exhausted");
	assert_true(lease_pool_by_name(t, "p", &info));
	assert_string_equal(info.ranges, "10.0.0.1-10.0.0.4");
	expect_pool(t, "p", 3, 3);
	give(t, "10.0.0.3");
	give(t, "10.0.0.3"); /* twice is once */
	expect_pool(t, "p", 3, 2);
	assert_string_equal(take(t, "p", "", ""), "10.0.0.3");
	assert_string_equal(take(t, "p", "", ""), "address.pool-exhausted");
	give(t, "10.0.0.1"); /* not a lease */
	assert_string_equal(take(t, "p", "", ""), "address.pool-exhausted");
	leases_free(t);
}

/* An address just given back is the last to be given out again. */
static void
test_not_reused_at_once(void **state)
{
	struct leases *t = leases_of("pool p { range 10.0.0.1 - 10.0.0.4 }");

	(void)state;
	assert_string_equal(take(t, "", "", ""), "10.0.0.2");
	give(t, "10.0.0.2");
	assert_string_equal(take(t, "", "", ""), "10.0.0.3");
	assert_string_equal(take(t, "", "", ""), "10.0.0.4");
	assert_string_equal(take(t, "", "", ""), "10.0.0.2");
	give(t, "10.0.0.4");
	give(t, "10.0.0.2");
	assert_string_equal(take(t, "", "", ""), "10.0.0.4");
	leases_free(t);
}

static void
test_wanted(void **state)
{
	struct leases *t = leases_of("pool p { range 10.0.0.1 - 10.0.0.9 }");

	(void)state;
	assert_string_equal(take(t, "", "", "10.0.0.5"), "10.0.0.5");
	assert_string_equal(take(t, "", "", "10.0.0.5"), "10.0.0.2");  /* taken */
	assert_string_equal(take(t, "", "", "10.0.0.1"), "10.0.0.3");  /* the server's */
	assert_string_equal(take(t, "", "", "192.0.2.1"), "10.0.0.4"); /* N04: not ours to give */
	assert_string_equal(take(t, "", "", ""), "10.0.0.6");          /* passes the 5 */
	assert_string_equal(take(t, "", "", "fd00::1"), "10.0.0.7");
	leases_free(t);
}

/* An account's own address: kept free for it, given even outside the pools. */
static void
test_fixed(void **state)
{
	struct leases *t = leases_of("pool p { range 10.0.0.1 - 10.0.0.4 }");
	struct ip_addr own = addr("10.0.0.3");

	(void)state;
	lease_reserve(t, &own, true);
	assert_string_equal(take(t, "", "", "10.0.0.3"), "10.0.0.2"); /* wanted by another */
	assert_string_equal(take(t, "", "", ""), "10.0.0.4");
	assert_string_equal(take(t, "", "", ""), "address.pool-exhausted");
	assert_string_equal(take(t, "", "10.0.0.3", ""), "10.0.0.3");
	give(t, "10.0.0.3");
	assert_string_equal(take(t, "", "", ""), "address.pool-exhausted");
	lease_reserve(t, &own, false);
	assert_string_equal(take(t, "", "", ""), "10.0.0.3");

	assert_string_equal(take(t, "", "192.0.2.77", ""), "192.0.2.77");
	give(t, "10.0.0.2");
	assert_string_equal(take(t, "", "192.0.2.77", ""), "10.0.0.2"); /* in use: from the pool */
	give(t, "192.0.2.77");
	assert_string_equal(take(t, "", "192.0.2.77", ""), "192.0.2.77");
	leases_free(t);
}

static void
test_pools(void **state)
{
	struct leases *t = leases_of("pool a { range 10.0.0.1 - 10.0.0.2 }\n"
				     "pool b { range 10.1.0.1 - 10.1.0.1 10.1.0.9 - 10.1.0.10 }");
	struct conf none = { 0 };

	(void)state;
	assert_string_equal(take(t, "b", "", ""), "10.1.0.1"); /* only the first pool's first */
	assert_string_equal(take(t, "b", "", ""), "10.1.0.9");
	assert_string_equal(take(t, "b", "", "10.0.0.2"), "10.1.0.10"); /* wanted of another pool */
	assert_string_equal(take(t, "b", "", ""), "address.pool-exhausted");
	assert_string_equal(take(t, "a", "", ""), "10.0.0.2");
	assert_string_equal(take(t, "c", "", ""), "address.no-pool");
	assert_true(leases_configure(t, &none));
	assert_string_equal(take(t, "", "", ""), "address.no-pool");
	leases_free(t);
}

/* N01: a pool of one (the server's), a /31 and a whole /8. */
static void
test_extreme_sizes(void **state)
{
	struct conf c = { .n_pools = 1 };
	struct leases *t = leases_new(1);

	(void)state;
	c.pools[0].n_ranges = 1;
	c.pools[0].ranges[0] = (struct conf_range){ addr("10.0.0.1"), addr("10.0.0.1") };
	assert_true(leases_configure(t, &c));
	expect_pool(t, "", 0, 0);
	assert_string_equal(take(t, "", "", ""), "address.pool-exhausted");

	c.pools[0].ranges[0] = (struct conf_range){ addr("10.0.0.2"), addr("10.0.0.3") };
	assert_true(leases_configure(t, &c));
	assert_string_equal(take(t, "", "", ""), "10.0.0.3");
	assert_string_equal(take(t, "", "", ""), "address.pool-exhausted");

	c.pools[0].ranges[0] = (struct conf_range){ addr("10.0.0.0"), addr("10.255.255.255") };
	assert_true(leases_configure(t, &c));
	expect_pool(t, "", 0xffffff, 1); /* the lease lives on: 10.0.0.3 */
	assert_string_equal(take(t, "", "", ""), "10.0.0.1");
	assert_string_equal(take(t, "", "", ""), "10.0.0.2");
	assert_string_equal(take(t, "", "", ""), "10.0.0.4");

	c.pools[0].ranges[0] =
	    (struct conf_range){ addr("255.255.255.254"), addr("255.255.255.255") };
	assert_true(leases_configure(t, &c));
	assert_string_equal(take(t, "", "", ""), "255.255.255.255"); /* the cursor does not wrap */
	assert_string_equal(take(t, "", "", ""), "address.pool-exhausted");
	leases_free(t);
}

/* A reload: leases live on, whether their pool does or not. */
static void
test_reload(void **state)
{
	struct leases *t = leases_of("pool p { range 10.0.0.1 - 10.0.0.3 }");
	struct conf *c = test_conf("pool q { range 10.0.0.3 - 10.0.0.5 }");
	struct ip_addr old = addr("10.0.0.2");
	struct lease_pool_info info;

	(void)state;
	assert_string_equal(take(t, "", "", ""), "10.0.0.2");
	assert_string_equal(take(t, "", "", "10.0.0.3"), "10.0.0.3");
	assert_true(leases_configure(t, c));
	conf_free(c);
	expect_pool(t, "q", 2, 1); /* its server address is still somebody's; it comes back */
	assert_false(lease_pool_of(t, &old, &info));
	assert_string_equal(take(t, "q", "", ""), "10.0.0.4");
	give(t, "10.0.0.2");
	give(t, "10.0.0.3");
	assert_string_equal(take(t, "q", "", ""), "10.0.0.5");
	assert_string_equal(take(t, "q", "", ""), "address.pool-exhausted");
	leases_free(t);
}

/* Many sessions come and go: nobody ever gets an address that another has. */
static void
test_churn(void **state)
{
	struct leases *t = leases_of("pool p { range 10.0.0.0 - 10.0.15.255 }");
	uint8_t held[4096] = { 0 };
	uint64_t seed = 3;
	unsigned int n_held = 0;

	(void)state;
	for (unsigned int i = 0; i < 40000; i++) {
		uint8_t r[3];
		test_draw(&seed, r, sizeof(r));
		unsigned int pick = ((unsigned int)r[0] << 8 | r[1]) & 4095;
		if (held[pick]) {
			struct ip_addr a = ip_v4(0x0a000000 + pick);
			lease_give(t, &a);
			held[pick] = 0;
			n_held--;
			continue;
		}
		struct lease_ask ask = { .pools = { "p" }, .n_pools = 1 };
		struct ip_addr a;
		if (lease_take(t, &ask, &a) != CAUSE_NONE) {
			assert_int_equal(n_held, 4095);
			continue;
		}
		uint32_t at = ip_v4_u32(&a) - 0x0a000000;
		assert_true(at > 0 && at < 4096 && !held[at]);
		held[at] = 1;
		n_held++;
	}
	expect_pool(t, "p", 4095, n_held);
	leases_free(t);
}

/* R52: all ports of a type in use; raising the limit helps at once. */
static void
test_ports(void **state)
{
	struct ports p = { 0 };

	(void)state;
	assert_false(ports_claim(&p, TUNNEL_SSTP));
	ports_limit(&p, TUNNEL_SSTP, 2);
	assert_true(ports_claim(&p, TUNNEL_SSTP));
	assert_true(ports_claim(&p, TUNNEL_SSTP));
	assert_false(ports_claim(&p, TUNNEL_SSTP));
	assert_false(ports_claim(&p, TUNNEL_PPTP)); /* each type has its own */
	ports_limit(&p, TUNNEL_SSTP, 3);
	assert_true(ports_claim(&p, TUNNEL_SSTP));
	ports_limit(&p, TUNNEL_SSTP, 1); /* those that are up stay */
	assert_int_equal(ports_of(&p, TUNNEL_SSTP).used, 3);
	ports_release(&p, TUNNEL_SSTP);
	assert_false(ports_claim(&p, TUNNEL_SSTP));
	assert_false(ports_claim(&p, (enum tunnel_kind)99));
}

/* For an account, out of all pools; the address as text, or the name of the cause. */
static const char *
take_as(struct leases *t, uint64_t account, uint64_t now_ms)
{
	static char text[ADDR_TEXT_MAX];
	struct lease_ask ask = { .account = account, .now_ms = now_ms };
	struct ip_addr a;
	enum cause cause = lease_take(t, &ask, &a);

	return cause == CAUSE_NONE ? ip_text(&a, text) : cause_info(cause)->name;
}

/* R59: the former address when it is free; others get fresh ones, then those unused the longest. */
static void
test_former_address(void **state)
{
	struct leases *t = leases_of("pool p { range 10.0.0.1 - 10.0.0.5 }");

	(void)state;
	assert_string_equal(take_as(t, 1, 0), "10.0.0.2");
	assert_string_equal(take_as(t, 2, 0), "10.0.0.3");
	give(t, "10.0.0.2");
	give(t, "10.0.0.3");
	assert_string_equal(take_as(t, 3, 0), "10.0.0.4");
	assert_string_equal(take_as(t, 2, 0), "10.0.0.3");
	assert_string_equal(take_as(t, 2, 0), "10.0.0.5"); /* a second session */
	assert_string_equal(take_as(t, 4, 0), "10.0.0.2"); /* nothing else is left */
	give(t, "10.0.0.3");
	assert_string_equal(take_as(t, 1, 0), "10.0.0.3"); /* the former is another's now */
	assert_string_equal(take_as(t, 5, 0), "address.pool-exhausted");
	leases_free(t);
}

/* R60: pools in the order of the ask; an unknown one is passed over, none at all is another cause.
 */
static void
test_pools_in_order(void **state)
{
	struct leases *t = leases_of("pool a { range 10.0.0.1 - 10.0.0.2 }\n"
				     "pool b { range 10.1.0.1 - 10.1.0.1 }");
	struct lease_ask ask = { .pools = { "b", "gone", "a" }, .n_pools = 3 };
	struct lease_ask none = { .pools = { "gone" }, .n_pools = 1 };
	struct ip_addr a;
	char text[ADDR_TEXT_MAX];

	(void)state;
	assert_cause(lease_take(t, &none, &a), "address.no-pool");
	assert_cause(lease_take(t, &ask, &a), "none");
	assert_string_equal(ip_text(&a, text), "10.1.0.1");
	assert_cause(lease_take(t, &ask, &a), "none");
	assert_string_equal(ip_text(&a, text), "10.0.0.2");
	assert_cause(lease_take(t, &ask, &a), "address.pool-exhausted");
	leases_free(t);
}

static void
count_row(void *ctx, const struct lease_row *row)
{
	(void)row;
	++*(unsigned int *)ctx;
}

/* The store's rows after a start: the order of use, and what a session may still hold. */
static void
test_known_and_doubtful(void **state)
{
	struct leases *t = leases_of("pool p { range 10.0.0.1 - 10.0.0.4 }");
	struct lease_row three = { .address = addr("10.0.0.3"), .account = 3, .held = true };
	struct lease_row two = { .address = addr("10.0.0.2"), .account = 2, .held = true };
	struct lease_row gone = { .address = addr("10.9.0.9"), .account = 9 }, got;
	struct ip_addr a = addr("10.0.0.3");
	unsigned int n = 0;

	(void)state;
	lease_known(t, &three, true);
	lease_known(t, &two, true);
	lease_known(t, &gone, false); /* of a pool that is no longer */
	assert_false(lease_row_of(t, &gone.address, &got));
	assert_string_equal(take_as(t, 2, 0), "10.0.0.4"); /* even to its own account */
	assert_string_equal(take_as(t, 5, 0), "address.pool-exhausted");
	assert_true(lease_adopt(t, &a));
	assert_false(lease_adopt(t, &a));
	lease_doubt_end(t, count_row, &n);
	assert_int_equal(n, 1);
	assert_string_equal(take_as(t, 5, 0), "10.0.0.2");
	assert_true(lease_row_of(t, &a, &got) && got.held && got.account == 3);
	leases_free(t);
}

/* What the store did not take is given again, once; what it had is kept up with. */
static void
test_owed(void **state)
{
	struct leases *t = leases_of("pool p { range 10.0.0.1 - 10.0.0.4 }");
	struct ip_addr two = addr("10.0.0.2"), outside = addr("192.0.2.7");
	struct lease_ask fixed = { .fixed = outside, .account = 7 };
	struct lease_row row;
	struct ip_addr a;

	(void)state;
	assert_false(lease_owed(t, &row));
	assert_string_equal(take_as(t, 1, 0), "10.0.0.2");
	lease_owe(t, &two);
	lease_owe(t, &two);
	lease_give(t, &two);
	assert_true(lease_owed(t, &row) && ip_equal(&row.address, &two) && !row.held);
	assert_int_equal(row.account, 1);
	assert_false(lease_owed(t, &row));
	/* one outside of the pools is not forgotten before the store has heard of its end */
	assert_cause(lease_take(t, &fixed, &a), "none");
	lease_owe_held(t);
	lease_give(t, &outside);
	assert_true(lease_owed(t, &row) && ip_equal(&row.address, &outside) && row.account == 7);
	assert_false(lease_row_of(t, &outside, &row));
	leases_free(t);
}

/* R99, N02: an address that a neighbour has is nobody's for ten minutes; ranges elsewhere are not
 * looked at. */
static void
test_neighbours(void **state)
{
	struct leases *t = leases_of("pool p { range 10.0.0.1 - 10.0.0.4 }");
	struct ip_addr two = addr("10.0.0.2"), a;
	struct lease_pool_info info;

	(void)state;
	assert_string_equal(take_as(t, 1, 1000), "10.0.0.2");
	assert_true(lease_must_look(t, &two, 1000));
	lease_saw(t, &two, LEASE_TAKEN, 1000);
	expect_pool(t, "p", 3, 0);
	assert_true(lease_pool_by_name(t, "p", &info) && info.n_conflicts == 1);
	assert_string_equal(take_as(t, 1, 2000), "10.0.0.3");
	a = addr("10.0.0.3");
	lease_saw(t, &a, LEASE_FREE, 2000);
	assert_false(lease_must_look(t, &a, 2000));
	assert_true(lease_must_look(t, &a, 2000 + LEASE_CLEAN_MS));
	/* one is kept ready, and then nothing is left to look at */
	assert_true(lease_look_at(t, 2000, &a) && ip_v4_u32(&a) == 0x0a000004);
	assert_false(lease_look_at(t, 2000, &a));
	assert_int_equal(lease_look_ms(t, 2000), 2000 + LEASE_LOOK_AGAIN_MS);
	a = addr("10.0.0.4");
	lease_saw(t, &a, LEASE_FREE, 2400);
	assert_int_equal(lease_look_ms(t, 2400), 2400 + LEASE_CLEAN_MS);
	assert_string_equal(take_as(t, 2, 2500), "10.0.0.4");
	assert_string_equal(take_as(t, 4, 2500), "address.pool-exhausted");
	assert_string_equal(take_as(t, 4, 1000 + LEASE_CONFLICT_MS), "10.0.0.2");
	lease_saw(t, &two, LEASE_DETACHED, 5000);
	assert_false(lease_must_look(t, &two, 5000));
	assert_true(lease_must_look(t, &two, 5000 + LEASE_DETACHED_MS));
	leases_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fill_and_exhaust),
		cmocka_unit_test(test_not_reused_at_once),
		cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_pools),
		cmocka_unit_test(test_extreme_sizes),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_churn),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_former_address),
		cmocka_unit_test(test_pools_in_order),
		cmocka_unit_test(test_known_and_doubtful),
		cmocka_unit_test(test_owed),
		cmocka_unit_test(test_neighbours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
