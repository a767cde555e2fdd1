/* IPv6 prefixes of sessions: R60, N01, R14 (prefix lengths). */
#include "aaa/lease6.h"
#include "unit/aaa/aaa_test.h"

static struct leases6 *
leases_of(const char *conf_text)
{
	struct conf *c = test_conf(conf_text);
	struct leases6 *t = leases6_new(5);

	assert_non_null(t);
	assert_true(leases6_configure(t, c));
	conf_free(c);
	return t;
}

static const char *
take(struct leases6 *t, const char *pool, uint64_t account)
{
	static char text[ADDR_TEXT_MAX];
	struct ip_addr a;
	enum cause cause = lease6_take(t, pool, account, &a);

	return cause == CAUSE_NONE ? ip_text(&a, text) : cause_info(cause)->name;
}

static struct ip_addr
addr(const char *text)
{
	struct ip_addr a;

	assert_true(ip_parse(view_str(text), &a));
	return a;
}

/* All but the first /64 are for clients; each is given once; what comes back is given again. */
static void
test_R60_all_prefixes(void **state)
{
	struct leases6 *t = leases_of("pool a { prefix6 2001:db8::/56 }");
	struct lease6_pool_info info;
	bool seen[256] = { true };

	(void)state;
	for (unsigned int i = 0; i < 255; i++) {
		struct ip_addr a;
		assert_int_equal(lease6_take(t, "a", i % 7, &a), CAUSE_NONE);
		assert_false(seen[a.b[7]]);
		seen[a.b[7]] = true;
	}
	assert_string_equal(take(t, "", 1), "address.prefixes-exhausted");
	struct ip_addr one = addr("2001:db8:0:80::");
	assert_true(lease6_pool_of(t, &one, &info));
	assert_int_equal(info.size, 255);
	assert_int_equal(info.n_leased, 255);
	lease6_give(t, &one);
	lease6_give(t, &one); /* twice does nothing */
	assert_string_equal(take(t, "a", 3), "2001:db8:0:80::");
	leases6_free(t);
}

/* N01: a large pool costs what is used of it. */
static void
test_N01_large_pool(void **state)
{
	struct leases6 *t = leases_of("pool a { prefix6 2001::/16 }");
	struct lease6_pool_info info;

	(void)state;
	assert_string_equal(take(t, "a", 0), "2001:0:0:1::");
	assert_string_equal(take(t, "a", UINT64_MAX), "2001:0:1::");
	assert_true(lease6_pool_by_name(t, "a", &info));
	assert_int_equal(info.size, (UINT64_C(1) << 48) - 1);
	leases6_free(t);
}

static void
test_adopt_and_reload(void **state)
{
	struct leases6 *t = leases_of("pool a { prefix6 fd00:1::/48 }\npool b { range 10.0.0.1 - "
				      "10.0.0.3 }");
	struct ip_addr held = addr("fd00:1:0:2::"), four = ip_v4(0x0a000001);
	struct lease6_pool_info info;

	(void)state;
	assert_true(lease6_adopt(t, &held));
	assert_false(lease6_adopt(t, &held));
	assert_false(lease6_adopt(t, &four));
	lease6_give(t, &four);
	assert_string_equal(take(t, "a", 1), "fd00:1:0:3::");
	assert_string_equal(take(t, "b", 1), "address.no-pool");
	assert_string_equal(take(t, "none", 1), "address.no-pool");
	assert_false(lease6_pool_at(t, 1, &info));
	assert_false(lease6_pool_at(t, 2, &info));

	struct conf *c = test_conf("pool a { prefix6 fd00:2::/48 }");
	assert_true(leases6_configure(t, c)); /* leases outlive their pool */
	conf_free(c);
	assert_true(lease6_pool_at(t, 0, &info));
	assert_int_equal(info.n_leased, 0);
	assert_false(lease6_adopt(t, &held));
	lease6_give(t, &held);
	leases6_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R60_all_prefixes),
		cmocka_unit_test(test_N01_large_pool),
		cmocka_unit_test(test_adopt_and_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
