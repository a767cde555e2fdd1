/* Neighbor discovery on a PPP link: RFC 4861, 4862, 8106; N09. */
#include "proto/ndp/ndp.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint8_t server_id[8] = { [7] = 1 };
static const uint8_t client_id[8] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 };

static void
draw(void *ctx, uint8_t *out, size_t n)
{
	(void)ctx;
	memset(out, 0x5a, n);
}

static struct now now = { .ms = 1000, .draw = draw };

static struct ip_addr
addr(const char *text)
{
	struct ip_addr a;

	assert_true(ip_parse(view_str(text), &a));
	return a;
}

static struct ndp_ra
advert(void)
{
	return (struct ndp_ra){ .hop_limit = 64,
		.router_s = 1800,
		.prefix = addr("2001:db8:99:5::"),
		.prefix_bits = 64,
		.valid_s = 86400,
		.preferred_s = 43200,
		.mtu = 1400,
		.n_dns = 2,
		.dns = { addr("2001:db8::53"), addr("2001:db8::54") },
		.dns_s = 1800,
		.suffix = "office.example" };
}

/* The server's advertisement as bytes. */
static struct view
advert_packet(uint8_t *buf, size_t cap, const struct ndp_ra *ra)
{
	struct wr w = wr_over(buf, cap);
	struct ip_addr src = ndp_link_local(server_id), dst = ndp_all_nodes();

	ndp_write_ra(&w, &src, &dst, ra);
	assert_true(wr_done(&w));
	return wr_view_of(&w);
}

/* The vector, by hand from RFC 4861 section 4.2 and RFC 8106 section 5. */
static void
test_vector(void **unused)
{
	static const char want[] =
	    "60000000 0078 3a ff fe80000000000000 0000000000000001 ff02000000000000 "
	    "0000000000000001"
	    "86 00 SUM 40 00 0708 00000000 00000000"
	    "05 01 0000 00000578"
	    "03 04 40 40 00015180 0000a8c0 00000000 20010db800990005 0000000000000000"
	    "19 05 0000 00000708 20010db8000000000000000000000053 20010db8000000000000000000000054"
	    "1f 03 0000 00000708 06 6f6666696365 07 6578616d706c65 00";
	uint8_t buf[NDP_PACKET_MAX], bytes[NDP_PACKET_MAX];
	struct ndp_ra ra = advert();
	struct view v = advert_packet(buf, sizeof(buf), &ra);
	char hex[2 * sizeof(want)];
	struct ndp_msg m;
	struct rd_fault fault;

	(void)unused;
	/* The checksum is checked by reading; here its bytes are taken as they are. */
	const char *sum = strstr(want, "SUM");
	snprintf(
	    hex, sizeof(hex), "%.*s%02x%02x%s", (int)(sum - want), want, v.p[42], v.p[43], sum + 3);
	int n = text_unhex(view_str(hex), bytes, sizeof(bytes));
	assert_true(n > 0);
	assert_int_equal(v.n, 160);
	assert_memory_equal(v.p, bytes, v.n);
	assert_true(ndp_is(v));
	assert_true(ndp_read(v, &m, &fault));
	assert_int_equal(m.kind, NDP_ROUTER_ADVERT);
	assert_true(ip_equal(&m.ra.prefix, &ra.prefix));
	assert_int_equal(m.ra.mtu, 1400);
	assert_int_equal(m.ra.n_dns, 2);
	assert_string_equal(m.ra.suffix, "office.example");
	assert_int_equal(m.ra.router_s, 1800);
	assert_false(m.ra.on_link);
}

/* Exact-size copies at every truncation, and every byte changed: read, or not; never beyond. */
static void
test_truncations(void **unused)
{
	uint8_t buf[NDP_PACKET_MAX];
	struct ndp_ra ra = advert();
	struct view v = advert_packet(buf, sizeof(buf), &ra);
	struct rd_fault fault;
	struct ndp_msg m;

	(void)unused;
	for (size_t n = 0; n < v.n; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		memcpy(copy, v.p, n);
		(void)ndp_is(view_of(copy, n));
		assert_false(ndp_read(view_of(copy, n), &m, &fault));
		free(copy);
	}
	for (size_t i = 8; i < v.n; i++) {
		buf[i] ^= 0x40; /* the checksum finds it */
		assert_false(ndp_read(v, &m, &fault));
		buf[i] ^= 0x40;
	}
	buf[7] = 254; /* came through a router */
	assert_false(ndp_read(v, &m, &fault));
}

/* Packets that a checksum does not protect from: mended after the change. */
static bool
read_changed(size_t at, uint8_t value, struct ndp_msg *m)
{
	uint8_t buf[NDP_PACKET_MAX];
	struct ndp_ra ra = advert();
	struct view v = advert_packet(buf, sizeof(buf), &ra);
	struct ip_hdr h = { .family = IP_V6, .protocol = IP_PROTO_ICMPV6 };
	struct rd_fault fault;

	buf[at] = value;
	h.src.family = h.dst.family = IP_V6;
	memcpy(h.src.b, buf + 8, 16);
	memcpy(h.dst.b, buf + 24, 16);
	buf[42] = buf[43] = 0;
	uint16_t sum = ip_transport_checksum(&h, view_of(buf + 40, v.n - 40));
	buf[42] = (uint8_t)(sum >> 8);
	buf[43] = (uint8_t)sum;
	return ndp_read(v, m, &fault);
}

static void
test_rules(void **unused)
{
	struct ndp_msg m;

	(void)unused;
	assert_true(read_changed(44, 64, &m));
	assert_false(read_changed(8, 0x20, &m)); /* section 6.1.2: no link-local source */
	assert_false(read_changed(41, 1, &m));   /* code */
	assert_false(read_changed(40, 132, &m)); /* another message */
	assert_false(read_changed(57, 0, &m));   /* an option without length */
	assert_false(read_changed(57, 255, &m)); /* or longer than the packet */
	assert_true(read_changed(56, 77, &m));   /* an unknown option */
	assert_int_equal(m.ra.mtu, 0);
	assert_true(read_changed(67, 0x80, &m)); /* on link, and no addresses of it */
	assert_true(ip_is_none(&m.ra.prefix));
	assert_true(read_changed(66, 129, &m)); /* R14: 129 bits */
	assert_true(ip_is_none(&m.ra.prefix));
	assert_true(read_changed(80, 0xff, &m)); /* multicast */
	assert_true(ip_is_none(&m.ra.prefix));
	assert_true(read_changed(145, '/', &m)); /* no host name: passed over */
	assert_string_equal(m.ra.suffix, "");
}

static enum ndp_did
give(struct ndp *n, struct view v, struct wr *out)
{
	static uint8_t answer[1500];

	*out = wr_over(answer, sizeof(answer));
	return ndp_input(n, v, &now, out);
}

/* Both ends: solicitation, advertisement, address; three quickly, then seldom. */
static void
test_both_ends(void **unused)
{
	struct ndp s, c;
	struct ndp_ra ra = advert();
	uint8_t bytes[1500];
	struct wr out = wr_over(bytes, sizeof(bytes)), reply;
	struct ip_addr mine = addr("2001:db8:99:5:1122:3344:5566:7788");

	(void)unused;
	ndp_start(&s, SIDE_SERVER, server_id, client_id, &ra, &now);
	ndp_start(&c, SIDE_CLIENT, client_id, server_id, NULL, &now);
	struct ip_addr none = ndp_address(&c);
	assert_true(ip_is_none(&none));
	assert_int_equal(ndp_tick(&c, &now, &out), NDP_SEND);
	assert_int_equal(ndp_tick(&c, &now, &out), NDP_DONE);
	assert_int_equal(give(&s, wr_view_of(&out), &reply), NDP_SEND);
	assert_int_equal(give(&s, wr_view_of(&out), &reply), NDP_DONE); /* not again so soon */
	now.ms += 500;
	assert_int_equal(give(&s, wr_view_of(&out), &reply), NDP_SEND);
	struct view v = wr_view_of(&reply);
	uint8_t kept[1500];
	assert_true(view_copy(v, kept, sizeof(kept)));
	assert_int_equal(give(&c, view_of(kept, v.n), &out), NDP_NEWS);
	assert_int_equal(give(&c, view_of(kept, v.n), &out), NDP_DONE);
	struct ip_addr got = ndp_address(&c);
	assert_true(ip_equal(&got, &mine));
	assert_true(ndp_deadline_ms(&c) == NEVER_MS);

	uint64_t waits[] = { 0, 2000, 8000 };
	for (unsigned int i = 0; i < 3; i++) {
		now.ms = i ? now.ms + waits[i] : now.ms;
		out = wr_over(bytes, sizeof(bytes));
		assert_int_equal(ndp_tick(&s, &now, &out), NDP_SEND);
	}
	assert_in_range(ndp_deadline_ms(&s) - now.ms, 200000, 600000);
}

/* N09: what a client says as a router is refused; its solicitations for our own are answered. */
static void
test_N09_client_as_router(void **unused)
{
	struct ndp s, c;
	struct ndp_ra ra = advert();
	uint8_t buf[NDP_PACKET_MAX], bytes[1500];
	struct wr w = wr_over(bytes, sizeof(bytes)), out;
	struct ip_addr local = ndp_link_local(server_id), theirs = ndp_link_local(client_id);

	(void)unused;
	ndp_start(&s, SIDE_SERVER, server_id, client_id, &ra, &now);
	assert_int_equal(give(&s, advert_packet(buf, sizeof(buf), &ra), &out), NDP_REFUSED);
	assert_int_equal(give(&s, view_str("\x60garbage"), &out), NDP_REFUSED);
	/* A neighbor solicitation is an advertisement's body with another type. */
	ndp_write_na(&w, &theirs, &local, &local, false);
	struct view v = wr_view_of(&w);
	assert_int_equal(give(&s, v, &out), NDP_DONE); /* an advertisement is nothing to us */
	bytes[40] = NDP_NEIGHBOR_SOLICIT;
	uint16_t sum = (uint16_t)(bytes[42] << 8 | bytes[43]);
	sum = ip_checksum_adjust(sum, NDP_NEIGHBOR_ADVERT << 8, NDP_NEIGHBOR_SOLICIT << 8);
	bytes[42] = (uint8_t)(sum >> 8);
	bytes[43] = (uint8_t)sum;
	assert_int_equal(give(&s, v, &out), NDP_SEND);
	struct ndp_msg m;
	struct rd_fault fault;
	assert_true(ndp_read(wr_view_of(&out), &m, &fault));
	assert_int_equal(m.kind, NDP_NEIGHBOR_ADVERT);
	assert_true(ip_equal(&m.target, &local));
	assert_true(ip_equal(&m.dst, &theirs));
	ndp_start(&c, SIDE_CLIENT, client_id, server_id, NULL, &now);
	assert_int_equal(give(&c, v, &out), NDP_DONE); /* not for one of its addresses */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_both_ends),
		cmocka_unit_test(test_N09_client_as_router),
	};

	return cmocka_run_group_tests_name("proto/ndp", tests, NULL, NULL);
}
