/* Neighbor discovery messages. See ndp_wire.h. Knows no link and no clock. */
#include "proto/ndp/ndp_wire.h"

#define HOP_LIMIT 255u
#define NEXT_AT 6u /* of the next header within the IPv6 header */

enum option {
	OPT_PREFIX = 3,
	OPT_MTU = 5,
	OPT_RDNSS = 25, /* RFC 8106 */
	OPT_DNSSL = 31,
};

#define RA_MANAGED 0x80u
#define RA_OTHER 0x40u
#define PREFIX_ON_LINK 0x80u
#define PREFIX_AUTONOMOUS 0x40u
#define NA_ROUTER 0x80000000u
#define NA_SOLICITED 0x40000000u
#define NA_OVERRIDE 0x20000000u

struct ip_addr
ndp_link_local(const uint8_t id[8])
{
	struct ip_addr a = { .family = IP_V6, .b = { 0xfe, 0x80 } };

	memcpy(a.b + 8, id, 8);
	return a;
}

struct ip_addr
ndp_all_nodes(void)
{
	return (struct ip_addr){ .family = IP_V6, .b = { 0xff, 0x02, [15] = 1 } };
}

bool
ndp_is_link_local(const struct ip_addr *a)
{
	return a->family == IP_V6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool
ndp_is(struct view pkt)
{
	struct rd_fault fault;
	struct rd r = rd_over(pkt, &fault);

	rd_take(&r, NEXT_AT);
	uint8_t next = rd_u8(&r);
	rd_take(&r, IP_HEADER6 - NEXT_AT - 1);
	uint8_t type = rd_u8(&r);
	return rd_ok(&r) && next == IP_PROTO_ICMPV6 && type >= NDP_ROUTER_SOLICIT &&
	       type <= NDP_REDIRECT;
}

static struct ip_addr
rd_addr6(struct rd *r)
{
	struct ip_addr a = { .family = IP_V6 };

	rd_bytes(r, a.b, sizeof(a.b));
	return a;
}

/* Section 4.6.2. The first prefix that hosts may make addresses of counts; section 6.3.4. */
static void
read_prefix(struct rd *r, struct ndp_ra *out)
{
	uint8_t bits = rd_u8(r);
	uint8_t flags = rd_u8(r);
	uint32_t valid = rd_u32(r), preferred = rd_u32(r);

	rd_u32(r);
	struct ip_addr prefix = rd_addr6(r);
	if (!rd_ok(r) || out->prefix.family != IP_NONE || !(flags & PREFIX_AUTONOMOUS))
		return;
	/* RFC 4862 section 5.5.3: these are passed over, and nothing else is. */
	if (bits > 128 || preferred > valid || ndp_is_link_local(&prefix) || prefix.b[0] == 0xff)
		return;
	for (unsigned int i = bits; i < 128; i++) /* section 4.6.2: must be ignored */
		prefix.b[i / 8] = (uint8_t)(prefix.b[i / 8] & ~(0x80u >> (i % 8)));
	out->prefix = prefix;
	out->prefix_bits = bits;
	out->on_link = flags & PREFIX_ON_LINK;
	out->valid_s = valid;
	out->preferred_s = preferred;
}

/* RFC 8106 section 5.1. */
static void
read_dns(struct rd *r, struct ndp_ra *out)
{
	rd_u16(r);
	uint32_t life = rd_u32(r);

	while (rd_left(r) >= 16) {
		struct ip_addr a = rd_addr6(r);
		if (out->n_dns < NDP_DNS_MAX && life)
			out->dns[out->n_dns++] = a;
	}
	if (life)
		out->dns_s = life;
}

/* One domain name of labels as text; names that are no host names are passed over. */
static void
read_name(struct rd *r, char out[NDP_NAME_MAX])
{
	char name[NDP_NAME_MAX];
	size_t n = 0;

	for (uint8_t len = rd_u8(r); len && rd_ok(r); len = rd_u8(r)) {
		struct view label = rd_take(r, len);
		if (len > 63 || n + label.n + 2 > sizeof(name)) {
			rd_fail(r, RD_BAD_LENGTH);
			return;
		}
		if (n)
			name[n++] = '.';
		for (size_t i = 0; i < label.n; i++) {
			uint8_t c = label.p[i] | 0x20;
			bool ok = (c >= 'a' && c <= 'z') || label.p[i] == '-' ||
			          (label.p[i] >= '0' && label.p[i] <= '9');
			if (!ok) {
				rd_fail(r, RD_BAD_VALUE);
				return;
			}
			name[n++] = (char)label.p[i];
		}
	}
	if (!rd_ok(r))
		return;
	name[n] = 0;
	memcpy(out, name, n + 1);
}

static void
read_suffix(struct view body, struct ndp_ra *out)
{
	struct rd_fault own; /* a bad name spoils its option, not the packet */
	struct rd r = rd_over(body, &own);

	rd_u16(&r);
	uint32_t life = rd_u32(&r);
	if (life && !out->suffix[0])
		read_name(&r, out->suffix);
}

/* Section 4.6: an option without length spoils the packet; unknown ones are passed over. */
static void
read_options(struct rd *r, struct ndp_ra *out)
{
	while (rd_more(r)) {
		uint8_t type = rd_u8(r);
		size_t len = (size_t)rd_u8(r) * 8;
		struct rd body = rd_sub(r, rd_minus(r, len, 2));

		switch (type) { /* a byte of the wire, not an enum */
		case OPT_PREFIX:
			if (out && len == 32)
				read_prefix(&body, out);
			break;
		case OPT_MTU:
			if (out && len == 8) {
				rd_u16(&body);
				out->mtu = rd_u32(&body);
			}
			break;
		case OPT_RDNSS:
			if (out && len >= 24)
				read_dns(&body, out);
			break;
		case OPT_DNSSL:
			if (out && len >= 16)
				read_suffix(rd_rest(&body), out);
			break;
		default:
			break;
		}
	}
}

static void
read_body(struct rd *r, struct ndp_msg *out)
{
	struct ndp_ra *ra = &out->ra;
	uint8_t flags;

	switch (out->kind) {
	case NDP_ROUTER_SOLICIT:
		rd_u32(r);
		read_options(r, NULL);
		return;
	case NDP_ROUTER_ADVERT:
		ra->hop_limit = rd_u8(r);
		flags = rd_u8(r);
		ra->managed = flags & RA_MANAGED;
		ra->other = flags & RA_OTHER;
		ra->router_s = rd_u16(r);
		rd_u32(r); /* reachable time, retransmission timer: nothing is resolved here */
		rd_u32(r);
		read_options(r, ra);
		return;
	case NDP_NEIGHBOR_SOLICIT:
	case NDP_NEIGHBOR_ADVERT:
	case NDP_REDIRECT:
		rd_u32(r);
		out->target = rd_addr6(r);
		if (out->kind == NDP_REDIRECT)
			rd_addr6(r);
		read_options(r, NULL);
		if (out->target.b[0] == 0xff)
			rd_fail(r, RD_BAD_VALUE);
		return;
	}
	rd_fail(r, RD_BAD_VALUE);
}

bool
ndp_read(struct view pkt, struct ndp_msg *out, struct rd_fault *fault)
{
	struct ip_hdr h;
	struct rd r = rd_over(pkt, fault);

	*out = (struct ndp_msg){ 0 };
	if (!ip_hdr_read(pkt, &h, fault))
		return false;
	rd_take(&r, h.transport_at);
	struct view message = rd_take(&r, (size_t)h.total_bytes - h.transport_at);
	bool fits = h.family == IP_V6 && h.protocol == IP_PROTO_ICMPV6 && !h.fragment &&
	            h.ttl == HOP_LIMIT && h.transport_at == IP_HEADER6 &&
	            ip_transport_checksum(&h, message) == 0;
	if (!fits) {
		rd_fail(&r, RD_BAD_VALUE);
		return false;
	}
	r = rd_over(message, fault);
	out->kind = (enum ndp_kind)rd_u8(&r);
	out->src = h.src;
	out->dst = h.dst;
	if (rd_u8(&r) != 0) /* code */
		rd_fail(&r, RD_BAD_VALUE);
	rd_u16(&r);
	/* Sections 6.1.2 and 8.1: only routers speak so, by their link-local address. */
	if ((out->kind == NDP_ROUTER_ADVERT || out->kind == NDP_REDIRECT) &&
	    !ndp_is_link_local(&h.src))
		rd_fail(&r, RD_BAD_VALUE);
	read_body(&r, out);
	return rd_done(&r);
}

/* The IPv6 header and the message behind it, with its checksum. */
static void
put_packet(struct wr *w, const struct ip_addr *src, const struct ip_addr *dst, struct wr *body)
{
	struct ip_hdr h = {
		.family = IP_V6, .protocol = IP_PROTO_ICMPV6, .src = *src, .dst = *dst
	};
	struct view v = wr_view_of(body);
	uint16_t sum = ip_transport_checksum(&h, v);

	wr_poke8(body, 2, (uint8_t)(sum >> 8));
	wr_poke8(body, 3, (uint8_t)sum);
	wr_u32(w, 0x60000000u);
	wr_u16(w, (uint16_t)v.n);
	wr_u8(w, IP_PROTO_ICMPV6);
	wr_u8(w, HOP_LIMIT);
	wr_bytes(w, src->b, sizeof(src->b));
	wr_bytes(w, dst->b, sizeof(dst->b));
	wr_view(w, v);
}

static void
put_head(struct wr *w, enum ndp_kind kind)
{
	wr_u8(w, (uint8_t)kind);
	wr_u8(w, 0);
	wr_u16(w, 0); /* checksum */
}

static void
put_prefix(struct wr *w, const struct ndp_ra *ra)
{
	wr_u8(w, OPT_PREFIX);
	wr_u8(w, 4);
	wr_u8(w, ra->prefix_bits);
	wr_u8(w, (uint8_t)(PREFIX_AUTONOMOUS | (ra->on_link ? PREFIX_ON_LINK : 0)));
	wr_u32(w, ra->valid_s);
	wr_u32(w, ra->preferred_s);
	wr_u32(w, 0);
	wr_bytes(w, ra->prefix.b, sizeof(ra->prefix.b));
}

/* RFC 8106 section 5.2: labels, then zeros up to a multiple of eight. */
static void
put_suffix(struct wr *w, const struct ndp_ra *ra)
{
	size_t n = strlen(ra->suffix), units = (8 + n + 2 + 7) / 8;
	size_t begin = wr_len(w);
	const char *s = ra->suffix;

	wr_u8(w, OPT_DNSSL);
	wr_u8(w, (uint8_t)units);
	wr_u16(w, 0);
	wr_u32(w, ra->dns_s);
	while (*s) {
		size_t label = strcspn(s, ".");
		if (label == 0 || label > 63)
			break;
		wr_u8(w, (uint8_t)label);
		wr_bytes(w, s, label);
		s += label + (s[label] == '.');
	}
	size_t used = wr_len(w) - begin;
	if (used < units * 8)
		wr_zero(w, units * 8 - used);
}

void
ndp_write_ra(
    struct wr *w, const struct ip_addr *src, const struct ip_addr *dst, const struct ndp_ra *ra)
{
	uint8_t bytes[NDP_PACKET_MAX - IP_HEADER6];
	struct wr b = wr_over(bytes, sizeof(bytes));

	put_head(&b, NDP_ROUTER_ADVERT);
	wr_u8(&b, ra->hop_limit);
	wr_u8(&b, (uint8_t)((ra->managed ? RA_MANAGED : 0) | (ra->other ? RA_OTHER : 0)));
	wr_u16(&b, ra->router_s);
	wr_u32(&b, 0);
	wr_u32(&b, 0);
	if (ra->mtu) {
		wr_u8(&b, OPT_MTU);
		wr_u8(&b, 1);
		wr_u16(&b, 0);
		wr_u32(&b, ra->mtu);
	}
	if (ra->prefix.family == IP_V6)
		put_prefix(&b, ra);
	if (ra->n_dns) {
		wr_u8(&b, OPT_RDNSS);
		wr_u8(&b, (uint8_t)(1 + 2 * ra->n_dns));
		wr_u16(&b, 0);
		wr_u32(&b, ra->dns_s);
		for (unsigned int i = 0; i < ra->n_dns; i++)
			wr_bytes(&b, ra->dns[i].b, sizeof(ra->dns[i].b));
	}
	if (ra->suffix[0])
		put_suffix(&b, ra);
	must(wr_done(&b));
	put_packet(w, src, dst, &b);
}

void
ndp_write_rs(struct wr *w, const struct ip_addr *src)
{
	static const struct ip_addr all_routers = { .family = IP_V6,
		.b = { 0xff, 0x02, [15] = 2 } };
	uint8_t bytes[8];
	struct wr b = wr_over(bytes, sizeof(bytes));

	put_head(&b, NDP_ROUTER_SOLICIT);
	wr_u32(&b, 0);
	put_packet(w, src, &all_routers, &b);
}

void
ndp_write_na(struct wr *w, const struct ip_addr *src, const struct ip_addr *dst,
    const struct ip_addr *target, bool router)
{
	uint8_t bytes[24];
	struct wr b = wr_over(bytes, sizeof(bytes));
	bool solicited = dst->b[0] != 0xff; /* section 7.2.4: not to a detection of duplicates */

	put_head(&b, NDP_NEIGHBOR_ADVERT);
	wr_u32(&b, (router ? NA_ROUTER : 0) | (solicited ? NA_SOLICITED : 0) | NA_OVERRIDE);
	wr_bytes(&b, target->b, sizeof(target->b));
	put_packet(w, src, dst, &b);
}
