/*
 * The guard: who may send what from where. Attacks E04, E05, N04, N10. Also the table of drop
 * reasons.
 */
#include "net/guard.h"

#include "base/wr.h"
#include "proto/ip/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct guard guard;

static struct ip_addr
addr(const char *text)
{
	struct ip_addr a;

	assert_true(ip_parse(view_str(text), &a));
	return a;
}

static int
setup(void **state)
{
	(void)state;
	guard = (struct guard){ .side = SIDE_SERVER, .addr4 = addr("10.8.0.2") };
	guard_set_mtu(&guard, 1400);
	return 0;
}

/* A packet of n bytes without transport header; -1 or the reason. */
static enum drop
pass(bool in, const char *src, const char *dst, size_t n)
{
	struct ip_addr s = addr(src), d = addr(dst);
	bool v6 = s.family == IP_V6;
	uint8_t *pkt = calloc(1, n);

	assert_non_null(pkt);
	struct wr w = wr_over(pkt, n);
	wr_u8(&w, v6 ? 0x60 : 0x45);
	wr_zero(&w, v6 ? 3 : 1);
	wr_u16(&w, (uint16_t)(v6 ? n - 40 : n));
	if (v6)
		wr_u16(&w, 0x1140);
	else
		wr_bytes(&w, "\0\0\0\0\x40\x11\0", 8);
	wr_bytes(&w, s.b, v6 ? 16 : 4);
	wr_bytes(&w, d.b, v6 ? 16 : 4);
	assert_true(wr_done(&w));
	enum drop r = in ? guard_in(&guard, view_of(pkt, n)) : guard_out(&guard, view_of(pkt, n));
	free(pkt);
	return r;
}

#define IN(src, dst) drop_name(pass(true, src, dst, 60))
#define OUT(src, dst) drop_name(pass(false, src, dst, 60))

/* E04, N04 */
static void
test_source_must_be_the_lease(void **state)
{
	(void)state;
	assert_string_equal(IN("10.8.0.2", "192.0.2.1"), "none");
	assert_string_equal(IN("10.8.0.3", "192.0.2.1"), "spoofed-source");
	assert_string_equal(IN("0.0.0.0", "192.0.2.1"), "spoofed-source");
	assert_string_equal(IN("127.0.0.1", "192.0.2.1"), "spoofed-source");
	assert_string_equal(IN("255.255.255.255", "192.0.2.1"), "spoofed-source");
}

/* R94: networks behind the client (static routes of its account). E05: no way in a circle. */
static void
test_networks_behind_the_client(void **state)
{
	struct ip_prefix behind[2] = { { addr("192.168.7.0"), 24 }, { addr("2001:db8:7::"), 48 } };

	(void)state;
	guard.behind = behind;
	guard.n_behind = 2;
	guard.addr6 = addr("2001:db8:1::");
	guard.bits6 = 64;
	assert_string_equal(IN("10.8.0.2", "192.0.2.1"), "none");
	assert_string_equal(IN("192.168.7.9", "192.0.2.1"), "none");
	assert_string_equal(IN("192.168.8.9", "192.0.2.1"), "spoofed-source");
	assert_string_equal(IN("2001:db8:7:1::9", "2001:db8:2::1"), "none");
	assert_string_equal(IN("2001:db8:8::9", "2001:db8:2::1"), "spoofed-source");
	assert_string_equal(IN("10.8.0.2", "192.168.7.9"), "bad-destination");
	assert_string_equal(OUT("192.0.2.1", "192.168.7.9"), "none");
	assert_string_equal(OUT("192.0.2.1", "192.168.8.9"), "wrong-destination");
	assert_string_equal(OUT("2001:db8:2::1", "2001:db8:7:1::9"), "none");
	guard.addr6 = addr("::"); /* IPv6 is not there: nor is what lies behind it */
	guard.addr6.family = IP_NONE;
	assert_string_equal(IN("2001:db8:7:1::9", "2001:db8:2::1"), "family-not-leased");
}

static void
test_destinations(void **state)
{
	static const char *const cases[][2] = {
		{ "255.255.255.255", "broadcast" },
		{ "224.0.0.1", "multicast" },
		{ "239.255.255.250", "multicast" },
		{ "240.0.0.1", "bad-destination" },
		{ "0.0.0.0", "bad-destination" },
		{ "0.1.2.3", "bad-destination" },
		{ "127.0.0.1", "bad-destination" },
		{ "127.255.255.255", "bad-destination" },
		{ "169.254.169.254", "link-local" },
		{ "223.255.255.255", "none" },
		{ "128.0.0.1", "none" },
		{ "1.0.0.1", "none" },
		{ "10.8.0.1", "none" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(IN("10.8.0.2", cases[i][0]), cases[i][1]);
}

static void
test_out_goes_to_the_lease(void **state)
{
	(void)state;
	assert_string_equal(OUT("192.0.2.1", "10.8.0.2"), "none");
	assert_string_equal(OUT("192.0.2.1", "10.8.0.3"), "wrong-destination");
	assert_string_equal(OUT("192.0.2.1", "255.255.255.255"), "wrong-destination");
	assert_int_equal(pass(false, "192.0.2.1", "10.8.0.2", 1400), DROP_NONE);
	assert_int_equal(pass(false, "192.0.2.1", "10.8.0.2", 1401), DROP_TOO_BIG);
	assert_int_equal(pass(true, "10.8.0.2", "192.0.2.1", 1401), DROP_NONE);
	guard.peer_mru = 0;
	assert_int_equal(pass(false, "192.0.2.1", "10.8.0.2", 9000), DROP_NONE);
}

/* The client's end: the lease is ours, so the rules mirror. */
static void
test_client_mirrors(void **state)
{
	(void)state;
	guard.side = SIDE_CLIENT;
	assert_string_equal(IN("192.0.2.1", "10.8.0.2"), "none");
	assert_string_equal(IN("192.0.2.1", "127.0.0.1"), "wrong-destination");
	assert_string_equal(IN("192.0.2.1", "10.8.0.3"), "wrong-destination");
	assert_string_equal(OUT("10.8.0.2", "192.0.2.1"), "none");
	assert_string_equal(OUT("192.168.1.5", "192.0.2.1"), "spoofed-source");
	assert_string_equal(OUT("10.8.0.2", "224.0.0.251"), "multicast");
	assert_int_equal(pass(false, "10.8.0.2", "192.0.2.1", 1401), DROP_TOO_BIG);
}

static void
test_ipv6(void **state)
{
	static const char *const cases[][2] = {
		{ "2001:db8:1::1", "none" },
		{ "ff02::1", "multicast" },
		{ "fe80::1", "link-local" },
		{ "::", "bad-destination" },
		{ "::1", "bad-destination" },
		{ "::ffff:127.0.0.1", "bad-destination" },
		{ "::127.0.0.1", "bad-destination" },
	};

	(void)state;
	assert_string_equal(IN("2001:db8::2", "2001:db8:1::1"), "family-not-leased");
	assert_string_equal(OUT("2001:db8:1::1", "2001:db8::2"), "family-not-leased");
	guard.addr6 = addr("2001:db8::2");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(IN("2001:db8::2", cases[i][0]), cases[i][1]);
	assert_string_equal(IN("2001:db8::3", "2001:db8:1::1"), "spoofed-source");
	assert_string_equal(OUT("2001:db8:1::1", "2001:db8::2"), "none");
	guard.addr4 = (struct ip_addr){ 0 };
	assert_string_equal(IN("10.8.0.2", "192.0.2.1"), "family-not-leased");
}

/* N10: others are out of reach, the gateway and the world are not. */
static void
test_isolation(void **state)
{
	(void)state;
	struct guard_range peers[2] = { { addr("10.9.0.1"), addr("10.9.0.9") },
		{ addr("10.8.0.0"), addr("10.8.0.255") } };
	guard.n_peers = 2;
	guard.peers = peers;
	guard.gateway = addr("10.8.0.1");
	assert_string_equal(IN("10.8.0.2", "10.8.0.3"), "isolated");
	assert_string_equal(IN("10.8.0.2", "10.8.0.1"), "none");
	assert_string_equal(IN("10.8.0.2", "10.8.1.3"), "none");
	assert_string_equal(IN("10.8.0.2", "192.0.2.1"), "none");
	assert_string_equal(IN("10.8.0.2", "10.9.0.9"), "isolated");
	assert_string_equal(IN("10.8.0.2", "10.9.0.10"), "none");
	/* and nobody of them reaches it */
	assert_string_equal(OUT("10.8.0.3", "10.8.0.2"), "isolated");
	assert_string_equal(OUT("10.8.0.1", "10.8.0.2"), "none");
	assert_string_equal(OUT("192.0.2.1", "10.8.0.2"), "none");
	guard.n_peers = 0;
	guard.peers = NULL;
}

/* E05: each truncation of a good packet, trailing bytes, source routes, zero length. */
static void
test_malformed(void **state)
{
	static const uint8_t good[24] = { 0x46, 0, 0, 24, 0, 0, 0, 0, 64, 17, 0, 0, 10, 8, 0, 2,
		192, 0, 2, 1, 1, 1, 1, 0 };
	uint8_t routed[24];

	(void)state;
	for (size_t n = 0; n <= sizeof(good); n++) {
		uint8_t *copy = malloc(n ? n : 1);

		assert_non_null(copy);
		memcpy(copy, good, n);
		assert_int_equal(guard_in(&guard, view_of(copy, n)),
		    n == sizeof(good) ? DROP_NONE : DROP_MALFORMED_IP);
		assert_int_equal(guard_trim(view_of(copy, n)), n == sizeof(good) ? n : 0);
		free(copy);
	}
	assert_int_equal(guard_out(&guard, view_of(good, 0)), DROP_MALFORMED_IP);
	memcpy(routed, good, sizeof(good));
	memcpy(routed + 20, "\x83\x04\x04", 4);
	assert_int_equal(guard_in(&guard, view_of(routed, sizeof(routed))), DROP_SOURCE_ROUTE);
}

static void
test_trims_padding(void **state)
{
	uint8_t padded[30] = { 0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 8, 0, 2, 192, 0, 2,
		1 };

	(void)state;
	assert_int_equal(guard_in(&guard, view_of(padded, sizeof(padded))), DROP_NONE);
	assert_int_equal(guard_trim(view_of(padded, sizeof(padded))), 20);
}

static void
test_clamp_by_family(void **state)
{
	uint8_t syn[44] = { 0x45, 0, 0, 44, 0, 0, 0, 0, 64, 6, 0, 0, 10, 8, 0, 2, 192, 0, 2, 1, 4,
		1, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x60, 2, 0x20, 0, 0, 0, 0, 0, 2, 4, 5, 0xb4 };

	(void)state;
	assert_int_equal(guard.mss_clamp, 1360);
	assert_int_equal(guard.mss_clamp6, 1340);
	guard_clamp(&guard, syn, sizeof(syn));
	assert_int_equal(syn[42] << 8 | syn[43], 1360);
	guard.mss_clamp = 0;
	syn[42] = 0xff;
	guard_clamp(&guard, syn, sizeof(syn));
	assert_int_equal(syn[42], 0xff);
	guard_clamp(&guard, syn, 0);
	guard_set_mtu(&guard, 10); /* nonsense is not followed below zero */
	assert_int_equal(guard.mss_clamp6, 576 - 60);
}

static void
test_drop_table(void **state)
{
	struct drop_counts c = { 0 };

	(void)state;
	for (unsigned int d = 0; d < N_DROP; d++) {
		assert_true(strlen(drop_name(d)) > 2 && strlen(drop_text(d)) > 2);
		for (unsigned int other = 0; other < d; other++)
			assert_string_not_equal(drop_name(d), drop_name(other));
		drop_count(&c, d);
	}
	assert_int_equal(drop_total(&c), N_DROP - 1);
	assert_int_equal(c.n[DROP_NONE], 0);
	assert_string_equal(drop_name(N_DROP), "?");
	assert_int_equal(drop_severity(DROP_SPOOFED_SOURCE), DROP_SEV_HOSTILE);
	assert_string_equal(drop_severity_name(drop_severity(DROP_TOO_BIG)), "normal");
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_source_must_be_the_lease),
		TEST(test_networks_behind_the_client),
		TEST(test_destinations),
		TEST(test_out_goes_to_the_lease),
		TEST(test_client_mirrors),
		TEST(test_ipv6),
		TEST(test_isolation),
		TEST(test_malformed),
		TEST(test_trims_padding),
		TEST(test_clamp_by_family),
		TEST(test_drop_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
