/* Terms that sessions share: equal ones are one, and nothing is shared that differs. */
#include "attempt/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct profile
some(void)
{
	struct profile p = { .n_pools = 1, .pools = { "a" }, .n_routes = 1, .mru = 1400 };

	p.routes[0] = (struct ip_prefix){ .addr = ip_v4(0x0a000000), .len = 8 };
	p.dns[0] = ip_v4(0x0a000001);
	return p;
}

static void
test_equal_terms_are_one(void **state)
{
	struct profile p = some(), q = some();

	(void)state;
	memcpy(q.pools[1], "left over", 10); /* behind the end: means nothing */
	const struct profile *a = profile_keep(&p), *b = profile_keep(&q);
	assert_non_null(a);
	assert_ptr_equal(a, b);
	profile_drop(a);
	assert_int_equal(b->mru, 1400); /* the other's is still there */
	profile_drop(b);
	profile_drop(NULL);
}

/* Every member counts: who is granted less never gets what another was granted. */
static void
test_other_terms_are_others(void **state)
{
	struct profile p = some(), q[16];
	const struct profile *kept[16], *first = profile_keep(&p);
	unsigned int n = 0;

	(void)state;
	for (unsigned int i = 0; i < 16; i++)
		q[i] = some();
	q[n++].encryption = ENCRYPT_STRONGEST;
	q[n++].n_pools = 0;
	q[n++].pools[0][0] = 'b';
	q[n++].ipv6_pool[0] = 'b';
	q[n++].dns[1] = ip_v4(1);
	q[n++].nbns[0] = ip_v4(1);
	q[n++].dns6[0] = ip_v4(1);
	q[n++].dns_suffix[0] = 'b';
	q[n++].routes[0].len = 9;
	q[n++].routes[0].addr = ip_v4(0x0b000000);
	q[n++].n_framed = 1;
	q[n++].idle_timeout_s = 1;
	q[n++].session_timeout_s = 1;
	q[n++].hours_left_s = 1;
	q[n++].mru = 1;
	q[n++].isolated = true;
	assert_int_equal(n, 16);
	for (unsigned int i = 0; i < n; i++) {
		kept[i] = profile_keep(&q[i]);
		assert_non_null(kept[i]);
		assert_ptr_not_equal(kept[i], first);
		for (unsigned int k = 0; k < i; k++)
			assert_ptr_not_equal(kept[i], kept[k]);
	}
	for (unsigned int i = 0; i < n; i++)
		profile_drop(kept[i]);
	profile_drop(first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_terms_are_one),
		cmocka_unit_test(test_other_terms_are_others),
	};

	return cmocka_run_group_tests_name("attempt/profile", tests, NULL, NULL);
}
