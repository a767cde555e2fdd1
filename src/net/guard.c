/*
 * The guard between tunnel and TUN device. See guard.h. It knows one session's addresses and the
 * address rules of the RFCs; packet filters of a policy are net/filter.c's.
 */
#include "net/guard.h"

#include "proto/ip/ip.h"

#define MTU_MIN 576u /* below this the subtraction would make no sense; RFC 791 */

void
guard_set_mtu(struct guard *g, uint16_t mtu)
{
	if (mtu < MTU_MIN)
		mtu = MTU_MIN;
	g->peer_mru = mtu;
	g->mss_clamp = (uint16_t)(mtu - IP_HEADER4 - IP_TCP_HEADER);
	g->mss_clamp6 = (uint16_t)(mtu - IP_HEADER6 - IP_TCP_HEADER);
}

/* The address leased for this packet's family; none when the session has none. */
static const struct ip_addr *
leased(const struct guard *g, const struct ip_hdr *h)
{
	return h->family == IP_V4 ? &g->addr4 : &g->addr6;
}

/* Whether an end of the packet is what was leased: the address, or one of the prefix. */
static bool
is_leased(const struct guard *g, const struct ip_hdr *h, const struct ip_addr *a)
{
	struct ip_prefix p = { .addr = g->addr6, .len = g->bits6 };

	return h->family == IP_V6 && g->bits6 ? ip_in_prefix(a, &p) : ip_equal(a, leased(g, h));
}

static bool
is_behind(const struct guard *g, const struct ip_addr *a)
{
	for (unsigned int i = 0; i < g->n_behind; i++)
		if (ip_in_prefix(a, &g->behind[i]))
			return true;
	return false;
}

/* RFC 1122 section 3.2.1.3, RFC 3927 section 7, RFC 6890. */
static enum drop
destination4(const struct ip_addr *dst)
{
	if (ip_v4_u32(dst) == UINT32_MAX)
		return DROP_BROADCAST;
	if (dst->b[0] >= 224 && dst->b[0] < 240)
		return DROP_MULTICAST;
	if (dst->b[0] == 0 || dst->b[0] == 127 || dst->b[0] >= 240)
		return DROP_BAD_DESTINATION;
	if (dst->b[0] == 169 && dst->b[1] == 254)
		return DROP_LINK_LOCAL;
	return DROP_NONE;
}

/* RFC 4291 section 2.4; an IPv4 address in IPv6 clothes must not slip past destination4. */
static enum drop
destination6(const struct ip_addr *dst)
{
	static const uint8_t zero[15], mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (dst->b[0] == 0xff)
		return DROP_MULTICAST;
	if (memcmp(dst->b, zero, 15) == 0 && dst->b[15] <= 1)
		return DROP_BAD_DESTINATION;
	if (memcmp(dst->b, zero, 12) == 0 || memcmp(dst->b, mapped, 12) == 0)
		return DROP_BAD_DESTINATION;
	if (dst->b[0] == 0xfe && (dst->b[1] & 0xc0) == 0x80)
		return DROP_LINK_LOCAL;
	return DROP_NONE;
}

/* The other end of a packet is another client, which this one is kept from (N10). */
static enum drop
isolation(const struct guard *g, const struct ip_addr *other)
{
	if (g->n_peers == 0 || ip_equal(other, &g->gateway))
		return DROP_NONE;
	for (unsigned int i = 0; i < g->n_peers; i++)
		if (other->family == g->peers[i].first.family &&
		    memcmp(other->b, g->peers[i].first.b, sizeof(other->b)) >= 0 &&
		    memcmp(other->b, g->peers[i].last.b, sizeof(other->b)) <= 0)
			return DROP_ISOLATED;
	return DROP_NONE;
}

/* What every packet must be, whichever way it goes. */
static enum drop
read_packet(const struct guard *g, struct view pkt, struct ip_hdr *h)
{
	struct rd_fault fault;

	if (!ip_hdr_read(pkt, h, &fault))
		return DROP_MALFORMED_IP;
	if (ip_is_none(leased(g, h)))
		return DROP_FAMILY;
	if (h->source_route)
		return DROP_SOURCE_ROUTE;
	return DROP_NONE;
}

/* A packet that leaves the end that holds the lease. */
static enum drop
from_holder(const struct guard *g, const struct ip_hdr *h)
{
	if (!is_leased(g, h, &h->src) && !is_behind(g, &h->src))
		return DROP_SPOOFED_SOURCE;
	if (is_behind(g, &h->dst))
		return DROP_BAD_DESTINATION;
	enum drop d = h->family == IP_V4 ? destination4(&h->dst) : destination6(&h->dst);
	return d != DROP_NONE ? d : isolation(g, &h->dst);
}

/* A packet that goes to the end that holds the lease. */
static enum drop
to_holder(const struct guard *g, const struct ip_hdr *h)
{
	if (!is_leased(g, h, &h->dst) && !is_behind(g, &h->dst))
		return DROP_WRONG_DESTINATION;
	return isolation(g, &h->src);
}

enum drop
guard_in(const struct guard *g, struct view pkt)
{
	struct ip_hdr h;
	enum drop d = read_packet(g, pkt, &h);

	if (d != DROP_NONE)
		return d;
	return g->side == SIDE_SERVER ? from_holder(g, &h) : to_holder(g, &h);
}

enum drop
guard_out(const struct guard *g, struct view pkt)
{
	return guard_out_train(g, pkt, 0);
}

enum drop
guard_out_train(const struct guard *g, struct view pkt, size_t largest)
{
	struct ip_hdr h;
	enum drop d = read_packet(g, pkt, &h);

	if (d == DROP_NONE)
		d = g->side == SIDE_SERVER ? to_holder(g, &h) : from_holder(g, &h);
	if (d == DROP_NONE && g->peer_mru && (largest ? largest : h.total_bytes) > g->peer_mru)
		return DROP_TOO_BIG;
	return d;
}

void
guard_clamp(const struct guard *g, uint8_t *pkt, size_t n)
{
	uint16_t mss = n && pkt[0] >> 4 == IP_V6 ? g->mss_clamp6 : g->mss_clamp;

	if (mss)
		(void)ip_mss_clamp(pkt, n, mss);
}

size_t
guard_trim(struct view pkt)
{
	struct ip_hdr h;
	struct rd_fault fault;

	return ip_hdr_read(pkt, &h, &fault) ? h.total_bytes : 0;
}
