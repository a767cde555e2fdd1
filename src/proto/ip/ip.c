/*
 * Views of inner IP packets, checksums and the MSS clamp. See ip.h. Stands beside net/guard.c on
 * the road of a packet; knows nothing of sessions, leases or filters.
 */
#include "proto/ip/ip.h"

#include "base/wr.h"

#define FRAG_MORE 0x2000u /* RFC 791: more fragments */
#define FRAG_OFFSET 0x1fffu
#define FRAG6_MORE 0x0001u /* RFC 8200 section 4.5 */
#define FRAG6_OFFSET 0xfff8u

#define OPT_END 0u
#define OPT_NOP 1u
#define OPT_LSRR 131u
#define OPT_SSRR 137u
#define TCP_OPT_MSS 2u
#define TCP_FLAG_SYN 0x02u

#define EXT_HOP_BY_HOP 0u
#define EXT_ROUTING 43u
#define EXT_FRAGMENT 44u
#define EXT_DESTINATION 60u

static uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* RFC 791 section 3.1, options. Only source routes matter to us. */
static void
read_options4(struct rd *r, struct ip_hdr *out)
{
	while (rd_more(r)) {
		uint8_t kind = rd_u8(r);

		if (kind == OPT_END) {
			rd_rest(r);
			return;
		}
		if (kind == OPT_NOP)
			continue;
		if (kind == OPT_LSRR || kind == OPT_SSRR)
			out->source_route = true;
		rd_take(r, rd_minus(r, rd_u8(r), 2));
	}
}

static bool
read4(struct rd *r, struct ip_hdr *out)
{
	uint8_t h[IP_HEADER4];

	rd_bytes(r, h, sizeof(h));
	size_t header = (size_t)(h[0] & 0x0f) * 4;
	uint16_t frag = be16(h + 6);

	out->total_bytes = be16(h + 2);
	out->fragment = (frag & (FRAG_MORE | FRAG_OFFSET)) != 0;
	out->ttl = h[8];
	out->protocol = h[9];
	out->src = (struct ip_addr){ .family = IP_V4 };
	out->dst = (struct ip_addr){ .family = IP_V4 };
	memcpy(out->src.b, h + 12, 4);
	memcpy(out->dst.b, h + 16, 4);
	out->transport_at = (uint16_t)header;

	struct rd options = rd_sub(r, rd_minus(r, header, IP_HEADER4));
	rd_take(r, rd_minus(r, out->total_bytes, header));
	read_options4(&options, out);
	return rd_ok(r);
}

/* RFC 8200 section 4: follows extension headers up to the transport header. */
static void
read_extensions6(struct rd *r, struct ip_hdr *out)
{
	size_t payload = rd_left(r);

	for (unsigned int i = 0; rd_ok(r); i++) {
		bool fragment = out->protocol == EXT_FRAGMENT;

		out->transport_at = (uint16_t)(IP_HEADER6 + payload - rd_left(r));
		if (!fragment && out->protocol != EXT_HOP_BY_HOP && out->protocol != EXT_ROUTING &&
		    out->protocol != EXT_DESTINATION)
			return;
		if (i == IP_EXTENSIONS_MAX) {
			rd_fail(r, RD_TOO_MANY);
			return;
		}
		uint8_t next = rd_u8(r);
		uint8_t len = rd_u8(r);
		uint16_t word = rd_u16(r); /* routing: type and segments; fragment: offset */

		rd_take(r, fragment ? 4 : 4 + (size_t)len * 8);
		if (out->protocol == EXT_ROUTING && word >> 8 == 0)
			out->source_route = true; /* RFC 5095 */
		out->protocol = next;
		if (fragment) {
			out->fragment = (word & (FRAG6_MORE | FRAG6_OFFSET)) != 0;
			out->transport_at = (uint16_t)(IP_HEADER6 + payload - rd_left(r));
			if (word & FRAG6_OFFSET)
				return; /* what follows is the middle of something */
		}
	}
}

static bool
read6(struct rd *r, struct ip_hdr *out)
{
	uint8_t h[IP_HEADER6];

	rd_bytes(r, h, sizeof(h));
	size_t payload = be16(h + 4);

	if (payload > UINT16_MAX - IP_HEADER6) {
		rd_fail(r, RD_BAD_LENGTH); /* no tunnel of ours carries such a packet */
		return false;
	}
	out->total_bytes = (uint16_t)(IP_HEADER6 + payload);
	out->protocol = h[6];
	out->ttl = h[7];
	out->src = (struct ip_addr){ .family = IP_V6 };
	out->dst = (struct ip_addr){ .family = IP_V6 };
	memcpy(out->src.b, h + 8, 16);
	memcpy(out->dst.b, h + 24, 16);
	out->transport_at = IP_HEADER6;

	struct rd body = rd_sub(r, payload);
	read_extensions6(&body, out);
	return rd_ok(r);
}

bool
ip_hdr_read(struct view pkt, struct ip_hdr *out, struct rd_fault *fault)
{
	struct rd r = rd_over(pkt, fault);
	unsigned int version = pkt.n ? pkt.p[0] >> 4 : 0;

	*out = (struct ip_hdr){ .family = (uint8_t)version };
	if (version == IP_V4)
		return read4(&r, out);
	if (version == IP_V6)
		return read6(&r, out);
	rd_fail(&r, pkt.n ? RD_BAD_VALUE : RD_SHORT);
	return false;
}

size_t
ip_plain_like(const uint8_t *like, struct view pkt)
{
	const uint8_t *p = pkt.p;

	if (pkt.n >= IP_HEADER4 && p[0] == 0x45) {
		size_t n = be16(p + 2);
		bool same = like[0] >> 4 == IP_V4 && memcmp(p + 12, like + 12, 8) == 0;
		return same && n >= IP_HEADER4 && n <= pkt.n ? n : 0;
	}
	if (pkt.n >= IP_HEADER6 && p[0] >> 4 == IP_V6 &&
	    (p[6] == IP_PROTO_TCP || p[6] == IP_PROTO_UDP || p[6] == IP_PROTO_ICMPV6)) {
		size_t n = IP_HEADER6 + (size_t)be16(p + 4);
		bool same = like[0] >> 4 == IP_V6 && memcmp(p + 8, like + 8, 32) == 0;
		return same && n <= pkt.n && n <= UINT16_MAX ? n : 0;
	}
	return 0;
}

/* Adds v, as big-endian words, to a running sum that later folds. At most 64 KiB a call. */
static uint64_t
sum_add(uint64_t sum, struct view v)
{
	size_t i = 0;

	for (; i + 1 < v.n; i += 2)
		sum += be16(v.p + i);
	if (i < v.n)
		sum += (uint64_t)v.p[i] << 8;
	return sum;
}

static uint16_t
sum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t
ip_checksum(struct view v)
{
	return (uint16_t)~sum_fold(sum_add(0, v));
}

uint16_t
ip_transport_checksum(const struct ip_hdr *h, struct view message)
{
	size_t n_addr = h->family == IP_V6 ? 16 : 4;
	uint64_t sum = (uint64_t)h->protocol + message.n;

	sum = sum_add(sum, view_of(h->src.b, n_addr));
	sum = sum_add(sum, view_of(h->dst.b, n_addr));
	return (uint16_t)~sum_fold(sum_add(sum, message));
}

uint16_t
ip_checksum_adjust(uint16_t sum, uint16_t from, uint16_t to)
{
	return (uint16_t)~sum_fold((uint64_t)(uint16_t)~sum + (uint16_t)~from + to);
}

/* The offset of the MSS value within a TCP header, and its value; 0 when there is none. */
static size_t
find_mss(struct view tcp, uint16_t *mss_out)
{
	struct rd_fault fault;
	struct rd r = rd_over(tcp, &fault);
	uint8_t h[IP_TCP_HEADER];

	rd_bytes(&r, h, sizeof(h));
	size_t header = (size_t)(h[12] >> 4) * 4;
	struct rd options = rd_sub(&r, rd_minus(&r, header, IP_TCP_HEADER));

	if (!rd_ok(&r) || !(h[13] & TCP_FLAG_SYN))
		return 0;
	while (rd_more(&options)) {
		uint8_t kind = rd_u8(&options);

		if (kind == OPT_END)
			return 0;
		if (kind == OPT_NOP)
			continue;
		size_t len = rd_minus(&options, rd_u8(&options), 2);
		size_t at = header - rd_left(&options);
		struct view value = rd_take(&options, len);

		if (kind == TCP_OPT_MSS && value.n == 2) {
			*mss_out = be16(value.p);
			return at;
		}
	}
	return 0;
}

static uint16_t
swap16(uint16_t x)
{
	return (uint16_t)(x << 8 | x >> 8);
}

/* Most packets are no SYN, and most of them show it in a byte. */
static bool
surely_no_syn(const uint8_t *pkt, size_t n)
{
	size_t at = 0;

	if (n >= IP_HEADER4 && pkt[0] == 0x45 && (pkt[9] != IP_PROTO_TCP || n < 40))
		return true;
	if (n >= IP_HEADER4 && pkt[0] == 0x45)
		at = IP_HEADER4 + 13;
	else if (n >= IP_HEADER6 + IP_TCP_HEADER && pkt[0] >> 4 == IP_V6 && pkt[6] == IP_PROTO_TCP)
		at = IP_HEADER6 + 13;
	return at && !(pkt[at] & TCP_FLAG_SYN);
}

bool
ip_mss_clamp(uint8_t *pkt, size_t n, uint16_t mss)
{
	struct ip_hdr h;
	struct rd_fault fault;
	uint16_t old = 0;

	if (surely_no_syn(pkt, n))
		return false;
	if (!ip_hdr_read(view_of(pkt, n), &h, &fault) || h.fragment || h.protocol != IP_PROTO_TCP)
		return false;
	uint8_t *tcp = pkt + h.transport_at;
	size_t at = find_mss(view_of(tcp, (size_t)h.total_bytes - h.transport_at), &old);
	if (at == 0 || old <= mss)
		return false;

	struct wr value = wr_over(tcp + at, 2);
	wr_u16(&value, mss);
	/* An option may stand at an odd offset; the sum then sees its bytes the other way round. */
	bool odd = at & 1;
	struct wr sum = wr_over(tcp + 16, 2);
	wr_u16(&sum,
	    ip_checksum_adjust(be16(tcp + 16), odd ? swap16(old) : old, odd ? swap16(mss) : mss));
	return true;
}
