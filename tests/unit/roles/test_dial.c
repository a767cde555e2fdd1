/* The parts of rasdial that decide without doing: when to dial anew, what a name may be. */
#include "roles/dial_dns.h"
#include "roles/dial_net.h"
#include "roles/dial_redial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* What another call cannot mend ends it; what comes from the path or a restart does not. */
static void
test_may_retry(void **state)
{
	static const enum cause stop[] = { CAUSE_AUTH_REFUSED, CAUSE_PASSWORD_EXPIRED,
		CAUSE_CERT_UNTRUSTED, CAUSE_CERT_NAME, CAUSE_TLS_VERSION, CAUSE_DIAL_CANCELLED,
		CAUSE_DIAL_TUN, CAUSE_ENDED_BY_USER, CAUSE_ENDED_IDLE };
	static const enum cause go_on[] = { CAUSE_DIAL_NAME, CAUSE_DIAL_UNREACHABLE,
		CAUSE_DIAL_REFUSED, CAUSE_DIAL_SILENT, CAUSE_TLS_SILENT, CAUSE_ENDED_BY_PEER,
		CAUSE_WORKER_DIED };

	(void)state;
	for (size_t i = 0; i < sizeof(stop) / sizeof(stop[0]); i++)
		assert_false(dial_may_retry(stop[i]));
	for (size_t i = 0; i < sizeof(go_on) / sizeof(go_on[0]); i++)
		assert_true(dial_may_retry(go_on[i]));
}

static void
test_wait(void **state)
{
	(void)state;
	for (unsigned int try = 1; try < 40; try++) {
		uint32_t most = try > 6 ? 60000 : 1000u << (try - 1);
		if (most > 60000)
			most = 60000;
		assert_int_equal(dial_wait_ms(try, 0), most);
		for (uint32_t chance = 1; chance < 100000; chance += 997) {
			uint32_t ms = dial_wait_ms(try, chance);
			assert_true(ms <= most && ms >= most - most / 4);
		}
	}
}

/* What a server sends becomes words of commands and lines of files (U05). */
static void
test_suffix(void **state)
{
	static const char *const bad[] = { "", "-x", ".", ".x", "a b", "a\nnameserver 1.2.3.4",
		"a;b", "a$b", "\xc3\xa4" };
	char longest[DNS_SUFFIX_MAX + 1];

	(void)state;
	assert_true(dial_dns_suffix_ok("corp.example.org"));
	assert_true(dial_dns_suffix_ok("a-b_c.x"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(dial_dns_suffix_ok(bad[i]));
	memset(longest, 'a', DNS_SUFFIX_MAX);
	longest[DNS_SUFFIX_MAX] = 0;
	assert_false(dial_dns_suffix_ok(longest));
}

static void
test_class(void **state)
{
	static const struct {
		uint32_t addr, net;
		uint8_t len;
	} cases[] = { { 0x0a636303, 0x0a000000, 8 }, { 0x7fffffff, 0x7f000000, 8 },
		{ 0xac100203, 0xac100000, 16 }, { 0xc0a80203, 0xc0a80200, 24 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_addr a = ip_v4(cases[i].addr);
		struct ip_prefix p = dial_net_class(&a);
		assert_int_equal(p.len, cases[i].len);
		assert_int_equal(ip_v4_u32(&p.addr), cases[i].net);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_may_retry),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_suffix),
		cmocka_unit_test(test_class),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
