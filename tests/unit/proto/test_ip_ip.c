/*
 * Inner IP headers, checksums and the MSS clamp: RFC 791, 1071, 1624, 8200. Attacks E05, G01, G02,
 * G08. Every packet is read from a heap copy of exact size.
 */
#include "base/text.h"
#include "proto/ip/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* 10.0.0.2:1025 to 192.0.2.1:80, SYN, MSS 1460 at an even offset; checksums are right. */
#define IP4_SYN                                                                                    \
	"45000030 00014000 40060000 0a000002 c0000201"                                             \
	"04010050 00000001 00000000 70022000 00000000 020405b4 01010402"
/* The same with a NOP first, so that the MSS stands at an odd offset. */
#define IP4_SYN_ODD                                                                                \
	"45000030 00014000 40060000 0a000002 c0000201"                                             \
	"04010050 00000001 00000000 70022000 00000000 01020405 b4010101"
#define IP6_SYN                                                                                    \
	"60000000 001c0640 20010db8000000000000000000000002 20010db8000000000000000000000001"      \
	"04010050 00000001 00000000 70022000 00000000 020405a0 01010402"
#define IP6_EXT_SYN /* destination options before TCP */                                           \
	"60000000 00243c40 20010db8000000000000000000000002 20010db8000000000000000000000001"      \
	"06000104 00000000"                                                                        \
	"04010050 00000001 00000000 70022000 00000000 020405a0 01010402"

static uint8_t pkt[2048];
static size_t n_pkt;

/* Hex into pkt, with the TCP checksum made right. */
static void
load(const char *hex)
{
	struct ip_hdr h;
	struct rd_fault fault;
	int n = text_unhex(view_str(hex), pkt, sizeof(pkt));

	assert_true(n > 0);
	n_pkt = (size_t)n;
	if (ip_hdr_read(view_of(pkt, n_pkt), &h, &fault) && h.protocol == IP_PROTO_TCP &&
	    !h.fragment && h.total_bytes >= h.transport_at + 20u) {
		uint16_t sum = ip_transport_checksum(
		    &h, view_of(pkt + h.transport_at, (size_t)h.total_bytes - h.transport_at));

		pkt[h.transport_at + 16] = (uint8_t)(sum >> 8);
		pkt[h.transport_at + 17] = (uint8_t)sum;
	}
}

static bool
read_exact(size_t n, struct ip_hdr *h, struct rd_fault *fault)
{
	uint8_t *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, pkt, n);
	bool good = ip_hdr_read(view_of(copy, n), h, fault);
	free(copy);
	return good;
}

/* Clamps an exact copy and puts it back. */
static bool
clamp_exact(size_t n, uint16_t mss)
{
	uint8_t *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, pkt, n);
	bool changed = ip_mss_clamp(copy, n, mss);
	memcpy(pkt, copy, n);
	free(copy);
	return changed;
}

static void
assert_tcp_checksum_right(void)
{
	struct ip_hdr h;
	struct rd_fault fault;

	assert_true(ip_hdr_read(view_of(pkt, n_pkt), &h, &fault));
	assert_int_equal(ip_transport_checksum(&h,
			     view_of(pkt + h.transport_at, (size_t)h.total_bytes - h.transport_at)),
	    0);
}

static void
test_reads_ipv4(void **state)
{
	struct ip_hdr h;
	struct rd_fault fault;
	char text[ADDR_TEXT_MAX];

	(void)state;
	load(IP4_SYN);
	for (size_t n = 0; n < n_pkt; n++)
		assert_false(read_exact(n, &h, &fault));
	assert_true(read_exact(n_pkt, &h, &fault));
	assert_int_equal(h.family, IP_V4);
	assert_int_equal(h.protocol, IP_PROTO_TCP);
	assert_int_equal(h.ttl, 64);
	assert_int_equal(h.total_bytes, 48);
	assert_int_equal(h.transport_at, 20);
	assert_false(h.fragment || h.source_route);
	assert_string_equal(ip_text(&h.src, text), "10.0.0.2");
	assert_string_equal(ip_text(&h.dst, text), "192.0.2.1");
	pkt[n_pkt] = 0xee; /* padding of the link behind the packet */
	assert_true(read_exact(n_pkt + 1, &h, &fault));
	assert_int_equal(h.total_bytes, 48);
}

static void
test_reads_ipv6(void **state)
{
	struct ip_hdr h;
	struct rd_fault fault;
	char text[ADDR_TEXT_MAX];

	(void)state;
	load(IP6_EXT_SYN);
	for (size_t n = 0; n < n_pkt; n++)
		assert_false(read_exact(n, &h, &fault));
	assert_true(read_exact(n_pkt, &h, &fault));
	assert_int_equal(h.family, IP_V6);
	assert_int_equal(h.protocol, IP_PROTO_TCP);
	assert_int_equal(h.total_bytes, 76);
	assert_int_equal(h.transport_at, 48);
	assert_string_equal(ip_text(&h.src, text), "2001:db8::2");
	assert_string_equal(ip_text(&h.dst, text), "2001:db8::1");
}

/* E05, G01: what contradicts itself is refused, and where. */
static void
test_refuses_bad_headers(void **state)
{
	static const struct {
		const char *hex;
		enum rd_error error;
	} cases[] = {
		{ "00", RD_BAD_VALUE },
		{ "55000014", RD_BAD_VALUE },
		{ "44000014 00000000 40110000 0a000002 0a000001", RD_BAD_LENGTH }, /* IHL 4 */
		{ "46000014 00000000 40110000 0a000002 0a000001", RD_SHORT },      /* IHL beyond */
		{ "46000014 00000000 40110000 0a000002 0a000001 00000000", RD_BAD_LENGTH },
		{ "45000000 00000000 40110000 0a000002 0a000001", RD_BAD_LENGTH }, /* length 0 */
		{ "45000013 00000000 40110000 0a000002 0a000001", RD_BAD_LENGTH },
		{ "45000015 00000000 40110000 0a000002 0a000001", RD_SHORT },
		{ "46000018 00000000 40110000 0a000002 0a000001 44010000", RD_BAD_LENGTH },
		{ "46000018 00000000 40110000 0a000002 0a000001 44050000", RD_SHORT },
		/* IPv6: an extension header beyond the payload; nine of them */
		{ "60000000 00040040 20010db8000000000000000000000002 "
		  "20010db8000000000000000000000001 3b000000",
		    RD_SHORT },
		{ "60000000 00480040 20010db8000000000000000000000002 "
		  "20010db8000000000000000000000001 3c00000000000000 3c00000000000000 "
		  "3c00000000000000 3c00000000000000 3c00000000000000 3c00000000000000 "
		  "3c00000000000000 3c00000000000000 3b00000000000000",
		    RD_TOO_MANY },
		{ "60000000 ffff3b40 20010db8000000000000000000000002 "
		  "20010db8000000000000000000000001",
		    RD_BAD_LENGTH },
	};
	struct ip_hdr h;
	struct rd_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		load(cases[i].hex);
		assert_false(read_exact(n_pkt, &h, &fault));
		assert_int_equal(fault.error, cases[i].error);
	}
}

static void
test_sees_fragments_and_source_routes(void **state)
{
	static const struct {
		const char *hex;
		bool fragment, source_route;
	} cases[] = {
		{ "45000014 00012000 40110000 0a000002 0a000001", true, false },  /* first */
		{ "45000014 00010001 40110000 0a000002 0a000001", true, false },  /* last */
		{ "45000014 00014000 40110000 0a000002 0a000001", false, false }, /* DF */
		{ "46000018 00000000 40110000 0a000002 0a000001 83030400", false, true },
		{ "46000018 00000000 40110000 0a000002 0a000001 01890300", false, true },
		{ "46000018 00000000 40110000 0a000002 0a000001 00830300", false, false },
		{ "60000000 00082c40 20010db8000000000000000000000002 "
		  "20010db8000000000000000000000001 0600 0001 00000001",
		    true, false },
		{ "60000000 00082c40 20010db8000000000000000000000002 "
		  "20010db8000000000000000000000001 0600 0000 00000001",
		    false, false }, /* RFC 6946: atomic */
		{ "60000000 00082b40 20010db8000000000000000000000002 "
		  "20010db8000000000000000000000001 3b00 0001 00000000",
		    false, true },
	};
	struct ip_hdr h;
	struct rd_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		load(cases[i].hex);
		assert_true(read_exact(n_pkt, &h, &fault));
		assert_int_equal(h.fragment, cases[i].fragment);
		assert_int_equal(h.source_route, cases[i].source_route);
	}
}

static void
test_checksums(void **state)
{
	/* RFC 1071 section 3, and a header with its own sum. */
	const uint8_t sample[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	const uint8_t odd[] = { 0x12, 0x34, 0x56 };

	(void)state;
	assert_int_equal(ip_checksum(view_of(sample, sizeof(sample))), 0xffff & ~0xddf2);
	assert_int_equal(ip_checksum(view_of(odd, 3)), 0xffff & ~(0x1234 + 0x5600));
	assert_int_equal(ip_checksum(view_of(NULL, 0)), 0xffff);
	load("45000073 00004000 4011b861 c0a80001 c0a800c7");
	assert_int_equal(ip_checksum(view_of(pkt, 20)), 0);
}

/* RFC 1624: the short way gives the sum of the long way, for every kind of change. */
static void
test_incremental_checksum(void **state)
{
	uint8_t words[6] = { 0x45, 0x00, 0xdd, 0x2f, 0x55, 0x55 };

	(void)state;
	for (unsigned int to = 0; to <= 0xffff; to += 7) {
		uint16_t before = ip_checksum(view_of(words, sizeof(words)));
		uint16_t from = (uint16_t)(words[4] << 8 | words[5]);

		words[4] = (uint8_t)(to >> 8);
		words[5] = (uint8_t)to;
		assert_int_equal(ip_checksum_adjust(before, from, (uint16_t)to),
		    ip_checksum(view_of(words, sizeof(words))));
	}
}

static void
test_clamps_the_mss(void **state)
{
	static const struct {
		const char *hex;
		size_t at; /* of the MSS value in the packet */
	} cases[] = { { IP4_SYN, 42 }, { IP4_SYN_ODD, 43 }, { IP6_SYN, 62 }, { IP6_EXT_SYN, 70 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (uint16_t mss = 500; mss < 1440; mss = (uint16_t)(mss + 111)) {
			load(cases[i].hex);
			assert_tcp_checksum_right();
			assert_true(clamp_exact(n_pkt, mss));
			assert_int_equal(pkt[cases[i].at] << 8 | pkt[cases[i].at + 1], mss);
			assert_tcp_checksum_right();
			assert_false(clamp_exact(n_pkt, mss)); /* once is enough */
		}
}

static void
test_clamp_leaves_the_rest_alone(void **state)
{
	static const char *const cases[] = {
		/* MSS small already; no SYN; a fragment; UDP; no MSS option; END before it */
		"45000030 00014000 40060000 0a000002 c0000201"
		"04010050 00000001 00000000 70022000 00000000 02040200 01010402",
		"45000030 00014000 40060000 0a000002 c0000201"
		"04010050 00000001 00000000 70102000 00000000 020405b4 01010402",
		"45000030 00012000 40060000 0a000002 c0000201"
		"04010050 00000001 00000000 70022000 00000000 020405b4 01010402",
		"45000030 00014000 40110000 0a000002 c0000201"
		"04010050 00000001 00000000 70022000 00000000 020405b4 01010402",
		"45000028 00014000 40060000 0a000002 c0000201"
		"04010050 00000001 00000000 50022000 00000000",
		"45000030 00014000 40060000 0a000002 c0000201"
		"04010050 00000001 00000000 70022000 00000000 00000000 020405b4",
		/* lengths that lie: MSS of 3 bytes, option of 0, data offset 4 and 15 */
		"45000030 00014000 40060000 0a000002 c0000201"
		"04010050 00000001 00000000 70022000 00000000 020305b4 01010402",
		"45000030 00014000 40060000 0a000002 c0000201"
		"04010050 00000001 00000000 70022000 00000000 020005b4 01010402",
		"45000030 00014000 40060000 0a000002 c0000201"
		"04010050 00000001 00000000 40022000 00000000 020405b4 01010402",
		"45000030 00014000 40060000 0a000002 c0000201"
		"04010050 00000001 00000000 f0022000 00000000 020405b4 01010402",
		"45000014 00014000 40060000 0a000002 c0000201", /* no TCP at all */
	};
	uint8_t before[2048];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		load(cases[i]);
		memcpy(before, pkt, n_pkt);
		assert_false(clamp_exact(n_pkt, 1000));
		assert_memory_equal(before, pkt, n_pkt);
	}
	load(IP4_SYN);
	for (size_t n = 0; n < n_pkt; n++)
		assert_false(clamp_exact(n, 1000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_ipv4),
		cmocka_unit_test(test_reads_ipv6),
		cmocka_unit_test(test_refuses_bad_headers),
		cmocka_unit_test(test_sees_fragments_and_source_routes),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_incremental_checksum),
		cmocka_unit_test(test_clamps_the_mss),
		cmocka_unit_test(test_clamp_leaves_the_rest_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
