/*
 * Trains: what is cut are ordinary packets with right headers and checksums, what is joined gives
 * the same packets when it is cut again, and what must not be joined is not. The checksums are
 * verified with the plain functions of proto/ip, not with those that the data path uses.
 */
#include "net/train.h"

#include "proto/ip/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PACKETS 64u

/* A packet to be made. */
struct make {
	uint8_t family, protocol;
	size_t payload;
	uint32_t seq;
	uint16_t id;
	uint8_t flags; /* TCP */
	uint8_t tos, ttl;
	bool df, options; /* options: TCP timestamps */
	uint16_t port;
};

static const struct make tcp4 = { .family = IP_V4,
	.protocol = IP_PROTO_TCP,
	.payload = 1348,
	.seq = 0xfffffc00u,
	.id = 0xfffe,
	.flags = 0x10,
	.ttl = 64,
	.df = true,
	.options = true,
	.port = 5201 };
static const struct make udp4 = {
	.family = IP_V4, .protocol = IP_PROTO_UDP, .payload = 1200, .id = 77, .ttl = 64, .port = 443
};

static struct make
as_v6(struct make m)
{
	m.family = IP_V6;
	return m;
}

static void
w16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint16_t
r16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* A whole packet with right checksums, by the plain functions. Returns its bytes. */
static size_t
make(uint8_t *p, const struct make *m)
{
	size_t ip = m->family == IP_V4 ? 20 : 40;
	size_t header = ip + (m->protocol == IP_PROTO_UDP ? 8 : m->options ? 32 : 20);
	size_t n = header + m->payload;
	uint8_t *t = p + ip;
	struct rd_fault fault;
	struct ip_hdr h;

	memset(p, 0, header);
	if (m->family == IP_V4) {
		p[0] = 0x45;
		p[1] = m->tos;
		w16(p + 2, n);
		w16(p + 4, m->id);
		p[6] = m->df ? 0x40 : 0;
		p[8] = m->ttl;
		p[9] = m->protocol;
		memcpy(p + 12, "\x0a\x63\x00\x02\x0a\x50\x00\x02", 8);
		w16(p + 10, ip_checksum(view_of(p, 20)));
	} else {
		p[0] = (uint8_t)(0x60 | m->tos >> 4);
		p[1] = (uint8_t)(m->tos << 4);
		w16(p + 4, n - 40);
		p[6] = m->protocol;
		p[7] = m->ttl;
		p[8] = p[24] = 0xfd;
		p[23] = 2;
		p[39] = 3;
	}
	w16(t, 40000);
	w16(t + 2, m->port);
	if (m->protocol == IP_PROTO_UDP) {
		w16(t + 4, n - ip);
	} else {
		w16(t + 4, m->seq >> 16);
		w16(t + 6, m->seq & 0xffff);
		w16(t + 8, 0x1234);
		t[12] = m->options ? 0x80 : 0x50;
		t[13] = m->flags;
		w16(t + 14, 502);
		if (m->options)
			memcpy(t + 20, "\x01\x01\x08\x0a\x11\x22\x33\x44\x55\x66\x77\x88", 12);
	}
	for (size_t i = header; i < n; i++)
		p[i] = (uint8_t)(i * 7 + m->seq + m->id);
	assert_true(ip_hdr_read(view_of(p, n), &h, &fault));
	uint16_t sum = ip_transport_checksum(&h, view_of(t, n - ip));
	w16(t + (m->protocol == IP_PROTO_UDP ? 6 : 16),
	    sum == 0 && m->protocol == IP_PROTO_UDP ? 0xffff : sum);
	return n;
}

/* Whether all of the packet is right, by the plain functions. */
static void
assert_right(struct view p)
{
	struct rd_fault fault;
	struct ip_hdr h;

	assert_true(ip_hdr_read(p, &h, &fault));
	assert_int_equal(h.total_bytes, p.n);
	if (h.family == IP_V4)
		assert_int_equal(ip_checksum(view_of(p.p, 20)), 0);
	struct view t = view_of(p.p + h.transport_at, p.n - h.transport_at);
	assert_int_equal(ip_transport_checksum(&h, t), 0);
	if (h.protocol == IP_PROTO_UDP) {
		assert_int_equal(r16(t.p + 4), t.n);
		assert_int_not_equal(r16(t.p + 6), 0);
	}
}

/* A batch: packets, the list, and what the list gives when each unit is cut again. */
struct batch {
	struct train_join j;
	uint8_t *pkt[PACKETS];  /* exact-size copies */
	uint8_t *want[PACKETS]; /* as they were */
	size_t n[PACKETS], n_pkts;
};

static struct batch *
batch_new(void)
{
	struct batch *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->j.takes = VNET_TCP | VNET_UDP;
	return b;
}

static void
add_bytes(struct batch *b, const uint8_t *p, size_t n)
{
	assert_true(b->n_pkts < PACKETS);
	b->pkt[b->n_pkts] = malloc(n);
	b->want[b->n_pkts] = malloc(n);
	assert_true(b->pkt[b->n_pkts] && b->want[b->n_pkts]);
	memcpy(b->pkt[b->n_pkts], p, n);
	memcpy(b->want[b->n_pkts], p, n);
	b->n[b->n_pkts] = n;
	train_join_add(&b->j, b->pkt[b->n_pkts], n);
	b->n_pkts++;
}

static void
add(struct batch *b, const struct make *m)
{
	uint8_t p[4096];

	add_bytes(b, p, make(p, m));
}

/* A unit as the kernel would see it. */
static size_t
flatten(const struct batch *b, const struct vnet_unit *u, uint8_t *out)
{
	size_t n = 0, pieces = 0;

	for (uint32_t i = u->piece; i != VNET_NO_PIECE; i = b->j.pieces[i].next, pieces++) {
		memcpy(out + n, b->j.pieces[i].v.p, b->j.pieces[i].v.n);
		n += b->j.pieces[i].v.n;
	}
	assert_int_equal(pieces, u->n_pieces);
	return n;
}

/* Ends the batch: it has `units` units, and cut again each packet is there, in the flow's order. */
static void
finish(struct batch *b, size_t units)
{
	uint8_t *super = malloc(VNET_PACKET_MAX + 1);
	bool seen[PACKETS] = { false };
	size_t n_seen = 0;

	assert_non_null(super);
	train_join_end(&b->j);
	assert_int_equal(b->j.n_units, units);
	assert_int_equal(b->j.n_pieces, b->n_pkts);
	for (size_t i = 0; i < b->j.n_units; i++) {
		const struct vnet_unit *u = &b->j.units[i];
		size_t n = flatten(b, u, super), k;
		struct train_cut t;

		assert_true(train_cut_begin(&t, &u->h, view_of(super, n)));
		assert_int_equal(train_cut_count(&t), u->n_pieces);
		uint8_t *out = malloc(train_cut_largest(&t));
		assert_non_null(out);
		while ((k = train_cut_next(&t, out)) > 0) {
			size_t at = 0;
			while (at < b->n_pkts &&
			       (seen[at] || b->n[at] != k || memcmp(b->want[at], out, k) != 0))
				at++;
			if (at == b->n_pkts)
				fail_msg("unit %zu gives a packet that was not there", i);
			seen[at] = true;
			n_seen++;
		}
		free(out);
	}
	assert_int_equal(n_seen, b->n_pkts);
	for (size_t i = 0; i < b->n_pkts; i++) {
		free(b->pkt[i]);
		free(b->want[i]);
	}
	free(super);
	free(b);
}

/* A run of full packets of one flow. */
static void
add_run(struct batch *b, struct make *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		add(b, m);
		m->seq += (uint32_t)m->payload;
		m->id++;
	}
}

static void
test_join_then_cut_gives_the_same(void **state)
{
	const struct make kinds[] = { tcp4, udp4, as_v6(tcp4), as_v6(udp4) };

	(void)state;
	for (unsigned int k = 0; k < 4; k++)
		for (size_t last = 1; last <= kinds[k].payload; last += 449) {
			struct batch *b = batch_new();
			struct make m = kinds[k];

			add_run(b, &m, 20);
			m.payload = last;
			m.flags |= 0x08; /* PSH on the last, as a sender does */
			add_run(b, &m, 1);
			finish(b, 1);
		}
}

static void
test_header_of_a_super_packet(void **state)
{
	struct batch *b = batch_new();
	struct make m = tcp4;

	(void)state;
	add_run(b, &m, 3);
	train_join_end(&b->j);
	const struct vnet_hdr *h = &b->j.units[0].h;
	assert_int_equal(h->flags, VNET_NEEDS_CSUM);
	assert_int_equal(h->gso_type, VNET_GSO_TCP4);
	assert_int_equal(h->hdr_len, 52);
	assert_int_equal(h->gso_size, 1348);
	assert_int_equal(h->csum_start, 20);
	assert_int_equal(h->csum_offset, 16);
	assert_int_equal(r16(b->pkt[0] + 2), 52 + 3 * 1348);
	finish(b, 1);
}

static void
test_more_than_64_kib_makes_two(void **state)
{
	struct batch *b = batch_new();
	struct make m = tcp4;

	(void)state;
	add_run(b, &m, 60); /* 48 of 1348 bytes are 64704 */
	finish(b, 2);
	b = batch_new();
	m = udp4;
	m.payload = 100;
	add_run(b, &m, PACKETS);
	finish(b, 1); /* 64 datagrams: the most the kernel takes */
}

static void
test_flows_grow_beside_each_other(void **state)
{
	struct batch *b = batch_new();
	struct make m[3] = { tcp4, udp4, as_v6(tcp4) };

	(void)state;
	m[1].port = 5353;
	for (unsigned int i = 0; i < 10; i++)
		for (unsigned int k = 0; k < 3; k++)
			add_run(b, &m[k], 1);
	finish(b, 3);
}

static void
test_more_flows_than_can_grow(void **state)
{
	struct batch *b = batch_new();
	struct make m[TRAIN_OPEN_MAX + 4];

	(void)state;
	for (unsigned int k = 0; k < TRAIN_OPEN_MAX + 4; k++) {
		m[k] = tcp4;
		m[k].port = (uint16_t)(1000 + k);
		add_run(b, &m[k], 2);
	}
	finish(b, TRAIN_OPEN_MAX + 4);
}

/* One difference in the second packet, and two units come of two packets. */
static void
assert_apart(const struct make *one, const struct make *two)
{
	struct batch *b = batch_new();

	add(b, one);
	add(b, two);
	finish(b, 2);
}

static void
test_differences_that_part(void **state)
{
	struct make one = tcp4, next = tcp4, m;

	(void)state;
	next.seq += (uint32_t)one.payload;
	next.id++;
	m = next, m.seq++;
	assert_apart(&one, &m); /* a gap */
	m = next, m.seq--;
	assert_apart(&one, &m); /* an overlap */
	m = next, m.tos = 3;
	assert_apart(&one, &m); /* CE: congestion was met (RFC 3168) */
	m = next, m.ttl = 63;
	assert_apart(&one, &m);
	m = next, m.df = false;
	assert_apart(&one, &m);
	m = next, m.id++;
	assert_apart(&one, &m);
	m = next, m.options = false;
	assert_apart(&one, &m);
	m = next, m.payload++;
	assert_apart(&one, &m); /* larger than the first */
	m = next, m.port++;
	assert_apart(&one, &m);
	/* FIN, SYN, RST, URG, CWR, none, ECE on the second only */
	static const uint8_t flags[] = { 0x11, 0x12, 0x14, 0x30, 0x90, 0x00, 0x50 };
	for (size_t i = 0; i < sizeof(flags); i++) {
		m = next, m.flags = flags[i];
		assert_apart(&one, &m);
	}
	m = one, m.flags |= 0x08;
	assert_apart(&m, &next); /* pushed already */
	m = one, m.payload--;
	m.seq++;
	m.id = (uint16_t)(next.id - 1);
	assert_apart(&m, &next); /* shorter than what follows */
	m = as_v6(next), m.ttl = 1;
	one = as_v6(one);
	assert_apart(&one, &m);
	one = udp4, next = udp4;
	assert_apart(&one, &next); /* the identification does not go on, without DF */
}

/* ECE on all of a run is the flow's affair and stays; DF with one identification is RFC 6864's. */
static void
test_what_may_be_joined_all_the_same(void **state)
{
	struct batch *b = batch_new();
	struct make m = tcp4;

	(void)state;
	m.flags |= 0x40;
	add_run(b, &m, 5);
	finish(b, 1);
	b = batch_new();
	m = udp4;
	m.df = true;
	m.id = 0;
	add(b, &m);
	add(b, &m);
	train_join_end(&b->j);
	assert_int_equal(b->j.n_units, 1);
	train_join_reset(&b->j);
	while (b->n_pkts-- > 0) { /* not by finish(): the identification does not come back */
		free(b->pkt[b->n_pkts]);
		free(b->want[b->n_pkts]);
	}
	free(b);
}

/* A packet that was broken on its way stays broken, and alone: nothing makes its sum right. */
static void
test_wrong_checksums_are_not_hidden(void **state)
{
	static const size_t at[] = { 8, 10, 36, 37, 60, 200 };

	(void)state;
	for (unsigned int which = 0; which < 3; which++)
		for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
			struct batch *b = batch_new();
			struct make m = tcp4;

			for (unsigned int k = 0; k < 3; k++) {
				uint8_t p[2048];
				size_t n = make(p, &m);

				if (k == which)
					p[at[i]] ^= 0x20;
				add_bytes(b, p, n);
				m.seq += (uint32_t)m.payload;
				m.id++;
			}
			finish(b, which == 1 ? 3 : 2);
		}
}

/* Fragments, options, small and strange packets go as they came, at every truncation. */
static void
test_others_go_alone(void **state)
{
	uint8_t p[2048];
	struct make m = tcp4;
	size_t n = make(p, &m);

	(void)state;
	for (size_t cut = 0; cut < n; cut += cut < 80 ? 1 : 97) {
		struct batch *b = batch_new();

		add_run(b, &m, 1);
		uint8_t *copy = malloc(cut ? cut : 1);
		assert_non_null(copy);
		memcpy(copy, p, cut);
		train_join_add(&b->j, copy, cut);
		train_join_end(&b->j);
		assert_int_equal(b->j.n_units, 2);
		assert_int_equal(b->j.units[1].h.gso_type, VNET_GSO_NONE);
		free(copy);
		train_join_reset(&b->j);
		free(b->pkt[0]);
		free(b->want[0]);
		free(b);
	}
	struct batch *b = batch_new();
	m = udp4;
	add_run(b, &m, 2);
	n = make(p, &m);
	p[6] = 0x20; /* a first fragment: it ends what grows */
	w16(p + 10, 0);
	w16(p + 10, ip_checksum(view_of(p, 20)));
	add_bytes(b, p, n);
	m.id++;
	add_run(b, &m, 2);
	finish(b, 3);
}

static void
test_off_joins_nothing(void **state)
{
	struct batch *b = batch_new();
	struct make t = tcp4, u = udp4;

	(void)state;
	b->j.takes = 0;
	add_run(b, &t, 3);
	add_run(b, &u, 3);
	finish(b, 6);
	b = batch_new();
	b->j.takes = VNET_TCP;
	t = tcp4, u = udp4;
	add_run(b, &t, 3);
	add_run(b, &u, 3);
	finish(b, 4);
}

/* A super-packet as the kernel gives it, cut into ordinary packets. */
static void
cut_one(const struct make *kind, size_t mss, uint8_t flags, size_t payload)
{
	uint8_t *p = malloc(VNET_PACKET_MAX), *out = malloc(2048);
	struct make m = *kind;
	struct train_cut t;
	size_t ip = m.family == IP_V4 ? 20 : 40, k, sum = 0, i = 0;
	bool udp = m.protocol == IP_PROTO_UDP;

	assert_true(p && out);
	m.payload = payload;
	m.flags = flags;
	size_t n = make(p, &m), header = n - payload;
	struct vnet_hdr h = { .flags = VNET_NEEDS_CSUM,
		.gso_type = udp                 ? VNET_GSO_UDP
		            : m.family == IP_V4 ? VNET_GSO_TCP4 | (flags & 0x80 ? VNET_GSO_ECN : 0)
		                                : VNET_GSO_TCP6,
		.hdr_len = (uint16_t)header,
		.gso_size = (uint16_t)mss,
		.csum_start = (uint16_t)ip,
		.csum_offset = udp ? 6 : 16 };
	assert_true(train_cut_begin(&t, &h, view_of(p, n)));
	assert_int_equal(train_cut_count(&t), (payload + mss - 1) / mss);
	while ((k = train_cut_next(&t, out)) > 0) {
		bool last = sum + (k - header) == payload;

		assert_right(view_of(out, k));
		assert_memory_equal(out + header, p + header + sum, k - header);
		assert_true(k - header == mss || last);
		if (m.family == IP_V4)
			assert_int_equal(r16(out + 4), (uint16_t)(m.id + i));
		if (!udp) {
			uint32_t seq = (uint32_t)r16(out + ip + 4) << 16 | r16(out + ip + 6);
			uint8_t want = flags;

			assert_int_equal(seq, (uint32_t)(m.seq + sum));
			if (!last)
				want &= (uint8_t)~0x09;
			if (i)
				want &= (uint8_t)~0x80;
			assert_int_equal(out[ip + 13], want);
		}
		sum += k - header;
		i++;
	}
	assert_int_equal(sum, payload);
	free(p);
	free(out);
}

static void
test_cut(void **state)
{
	const struct make kinds[] = { tcp4, udp4, as_v6(tcp4), as_v6(udp4) };
	static const size_t sizes[] = { 1, 2, 999, 1348, 1349, 2696, 60001, 65000 };

	(void)state;
	for (unsigned int k = 0; k < 4; k++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			cut_one(&kinds[k], 1348, 0x10, sizes[i]);
			cut_one(&kinds[k], 1347, 0x99, sizes[i]); /* CWR, ACK, PSH, FIN */
		}
	cut_one(&tcp4, 3, 0x18, 1000);
}

/* One packet whose checksum the kernel left to the device. */
static void
test_partial_checksum(void **state)
{
	const struct make kinds[] = { tcp4, udp4, as_v6(tcp4), as_v6(udp4) };

	(void)state;
	for (unsigned int k = 0; k < 4; k++) {
		uint8_t p[2048], out[2048];
		struct make m = kinds[k];
		struct train_cut t;
		struct rd_fault fault;
		struct ip_hdr ip;

		m.payload = 333;
		size_t n = make(p, &m);
		assert_true(ip_hdr_read(view_of(p, n), &ip, &fault));
		struct vnet_hdr h = { .flags = VNET_NEEDS_CSUM,
			.csum_start = ip.transport_at,
			.csum_offset = m.protocol == IP_PROTO_UDP ? 6 : 16 };
		uint8_t *field = p + ip.transport_at + h.csum_offset;
		size_t n_t = n - ip.transport_at;
		w16(field, 0);
		/* The pseudo header's sum: that of the whole less that of the message. */
		uint16_t whole = (uint16_t)~ip_transport_checksum(&ip, view_of(p + n - n_t, n_t));
		uint16_t body = (uint16_t)~ip_checksum(view_of(p + n - n_t, n_t));
		uint32_t pseudo = (uint32_t)whole + (uint16_t)~body;
		w16(field, (pseudo & 0xffff) + (pseudo >> 16));
		assert_true(train_cut_begin(&t, &h, view_of(p, n)));
		assert_int_equal(t.family, m.family); /* PPP's protocol number goes by it */
		assert_int_equal(train_cut_next(&t, out), n);
		assert_right(view_of(out, n));
		assert_int_equal(train_cut_next(&t, out), 0);
		for (size_t cut = 0; cut < (size_t)h.csum_start + h.csum_offset + 2; cut++)
			assert_false(train_cut_begin(&t, &h, view_of(p, cut)));
	}
}

static void
test_headers_that_contradict(void **state)
{
	uint8_t p[2048];
	struct make m = tcp4;
	size_t n = make(p, &m);
	const struct vnet_hdr good = { .flags = VNET_NEEDS_CSUM,
		.gso_type = VNET_GSO_TCP4,
		.hdr_len = 52,
		.gso_size = 500,
		.csum_start = 20,
		.csum_offset = 16 };
	struct vnet_hdr h = good;
	struct train_cut t;

	(void)state;
	assert_true(train_cut_begin(&t, &h, view_of(p, n)));
	for (size_t cut = 0; cut < n; cut++) { /* its own length says more */
		uint8_t *copy = malloc(cut ? cut : 1);
		assert_non_null(copy);
		memcpy(copy, p, cut);
		assert_false(train_cut_begin(&t, &h, view_of(copy, cut)));
		free(copy);
	}
	h.gso_size = 0;
	assert_false(train_cut_begin(&t, &h, view_of(p, n)));
	static const uint8_t types[] = { VNET_GSO_TCP6, VNET_GSO_UDP, 2, 3, 0x7f,
		VNET_GSO_ECN | 3 };
	for (size_t i = 0; i < sizeof(types); i++) {
		h = good;
		h.gso_type = types[i];
		assert_false(train_cut_begin(&t, &h, view_of(p, n)));
	}
	h = good;
	p[32] = 0x40; /* a TCP header of 16 bytes */
	assert_false(train_cut_begin(&t, &h, view_of(p, n)));
	p[32] = 0xf0;
	assert_true(train_cut_begin(&t, &h, view_of(p, n)));
	p[6] = 0x20; /* a fragment */
	assert_false(train_cut_begin(&t, &h, view_of(p, n)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join_then_cut_gives_the_same),
		cmocka_unit_test(test_header_of_a_super_packet),
		cmocka_unit_test(test_more_than_64_kib_makes_two),
		cmocka_unit_test(test_flows_grow_beside_each_other),
		cmocka_unit_test(test_more_flows_than_can_grow),
		cmocka_unit_test(test_differences_that_part),
		cmocka_unit_test(test_what_may_be_joined_all_the_same),
		cmocka_unit_test(test_wrong_checksums_are_not_hidden),
		cmocka_unit_test(test_others_go_alone),
		cmocka_unit_test(test_off_joins_nothing),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_partial_checksum),
		cmocka_unit_test(test_headers_that_contradict),
	};

	return cmocka_run_group_tests_name("net/train", tests, NULL, NULL);
}
