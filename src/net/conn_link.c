/*
 * What is said on the inner link itself, between its two ends: router advertisements and neighbor
 * discovery (proto/ndp), DHCPINFORM (proto/dhcp). It stands beside conn_data.c, in front of the
 * guard: none of this is forwarded, in either direction (N09).
 */
#include "net/conn_priv.h"
#include "proto/ppp/frame.h"
#include "proto/sstp/sstp_data.h"

#include <stdlib.h>

#define PACKET_MAX 1500u
#define ADVERT_WAIT_MS 2500u /* client: how long an advertisement may keep the call */
#define ROUTER_S 1800u       /* three times the longest interval; RFC 4861 section 6.2.1 */
#define VALID_S 86400u       /* the addresses end with the link anyway */
#define PREFERRED_S 43200u
#define INFORM_EVERY_MS 500u /* answered */
#define INFORMS_MAX 3u       /* sent without an answer */
#define INFORM_AGAIN_MS 1500u

_Static_assert(
    DHCP_PACKET_MAX <= PACKET_MAX && NDP_PACKET_MAX <= PACKET_MAX, "one buffer for both");
_Static_assert(NDP_NAME_MAX == DNS_SUFFIX_MAX && DHCP_NAME_MAX == DNS_SUFFIX_MAX, "names fit");

/* A packet of our own to the peer, in a record of its own. */
static void
send_packet(struct conn *c, uint16_t protocol, const struct wr *pkt)
{
	uint8_t out[SSTP_HEADER + PPP_FRAME_HEADROOM + PACKET_MAX];
	struct view v = wr_view_of(pkt);
	size_t n = ppp_frame_head(ppp_data(c->ppp), protocol, out + SSTP_HEADER);

	if (v.n == 0 || conn_is_full(c))
		return;
	sstp_data_header(out, n + v.n);
	memcpy(out + SSTP_HEADER + n, v.p, v.n);
	if (!tls_write(c->tls, view_of(out, SSTP_HEADER + n + v.n)))
		drop_count(&c->counts.drops, DROP_QUEUE_FULL);
}

/* ---- IPv6 ---- */

static struct ndp_ra
advertisement(const struct conn *c)
{
	const struct ppp_ip *ip = ppp_ip(c->ppp);
	struct ndp_ra ra = { .hop_limit = 64,
		.router_s = ROUTER_S,
		.prefix = ip->prefix6,
		.prefix_bits = LEASE_PREFIX6_BITS,
		.valid_s = VALID_S,
		.preferred_s = PREFERRED_S,
		.dns_s = ROUTER_S,
		.mtu = ppp_data(c->ppp)->peer_mru };

	if (c->conf->ppp.mru_bytes < ra.mtu)
		ra.mtu = c->conf->ppp.mru_bytes;
	if (ra.mtu < NDP_MTU_MIN)
		ra.mtu = 0;
	for (unsigned int i = 0; i < 2; i++)
		if (!ip_is_none(&ip->dns6[i]))
			ra.dns[ra.n_dns++] = ip->dns6[i];
	memcpy(ra.suffix, c->profile->dns_suffix, sizeof(ra.suffix));
	return ra;
}

bool
conn_link_begin(struct conn *c, const struct now *now)
{
	const struct ppp_ip *ip = ppp_ip(c->ppp);
	struct conn_link *l = &c->link;
	bool server = c->conf->side == SIDE_SERVER;

	if (!ppp_data(c->ppp)->ipv6_open)
		return true;
	struct ip_addr local = ndp_link_local(ip->local_id), remote = ndp_link_local(ip->remote_id);
	if (l->ndp && ip_equal(&local, &l->ndp->local) && ip_equal(&remote, &l->ndp->remote))
		return true;
	if (!l->ndp && !(l->ndp = calloc(1, sizeof(*l->ndp))))
		return false;
	struct ndp_ra ra = { 0 };
	if (server)
		ra = advertisement(c);
	ndp_start(l->ndp, c->conf->side, ip->local_id, ip->remote_id, server ? &ra : NULL, now);
	l->wait_until_ms = server ? 0 : now->ms + ADVERT_WAIT_MS;
	return true;
}

void
conn_link_fini(struct conn *c)
{
	free(c->link.ndp);
	free(c->link.options);
}

bool
conn_link_waits(const struct conn *c, const struct now *now)
{
	return c->link.ndp && !c->link.ndp->heard && now->ms < c->link.wait_until_ms;
}

/* True: it was one of ours. */
static bool
take_ndp(struct conn *c, struct view pkt, const struct now *now, unsigned int *events)
{
	struct conn_link *l = &c->link;
	uint8_t bytes[PACKET_MAX];
	struct wr out = wr_over(bytes, sizeof(bytes));

	if (!l->ndp || !ppp_data(c->ppp)->ipv6_open || !ndp_is(pkt))
		return false;
	switch (ndp_input(l->ndp, pkt, now, &out)) {
	case NDP_DONE:
		break;
	case NDP_SEND:
		send_packet(c, PPP_PROTO_IPV6, &out);
		break;
	case NDP_NEWS: {
		struct ip_addr mine = ndp_address(l->ndp);
		struct fact f = FACT_MAKE(FACT_ROUTER_ADVERT, F_ADDR(l->ndp->ra.prefix),
		    F_ADDR(mine), F_U(l->ndp->ra.mtu), F_U(l->ndp->ra.router_s));
		conn_note(c, &f, now);
		*events |= c->up ? conn_changed(c) : conn_maybe_up(c, now);
		break;
	}
	case NDP_REFUSED:
		drop_count(&c->counts.drops, DROP_NEIGHBOR);
		break;
	}
	return true;
}

/* ---- DHCPINFORM ---- */

static void
answer_inform(struct conn *c, const struct dhcp_msg *q, const struct now *now)
{
	const struct ppp_ip *ip = ppp_ip(c->ppp);
	const struct profile *p = c->profile;
	struct dhcp_options o = { .server = ip->local };
	uint8_t bytes[PACKET_MAX];
	struct wr out = wr_over(bytes, sizeof(bytes));

	for (unsigned int i = 0; i < 2; i++) {
		if (!ip_is_none(&ip->dns[i]))
			o.dns[o.n_dns++] = ip->dns[i];
		if (!ip_is_none(&ip->nbns[i]))
			o.nbns[o.n_nbns++] = ip->nbns[i];
	}
	memcpy(o.suffix, p->dns_suffix, sizeof(o.suffix));
	for (unsigned int i = 0; i < p->n_routes && i < PROFILE_ROUTES_MAX; i++)
		if (p->routes[i].addr.family == IP_V4)
			o.routes[o.n_routes++] =
			    (struct dhcp_route){ .dst = p->routes[i], .gateway = ip->local };
	dhcp_write_ack(&out, q, &o);
	send_packet(c, PPP_PROTO_IP, &out);
	if (c->link.informed)
		return;
	c->link.informed = true;
	struct fact f = FACT_MAKE(FACT_INFORM_ANSWERED, F_ADDR(q->client), F_U(o.n_routes),
	    F_STR(o.suffix), F_U(q->n_parameters));
	conn_note(c, &f, now);
}

static void
take_inform(struct conn *c, const struct dhcp_msg *m, const struct now *now)
{
	const struct ppp_ip *ip = ppp_ip(c->ppp);
	struct conn_link *l = &c->link;

	/* From the leased address, for itself (E04); to us, or to whom it may concern. */
	if (!ip_equal(&m->src, &ip->remote) || !ip_equal(&m->client, &ip->remote)) {
		drop_count(&c->counts.drops, DROP_SPOOFED_SOURCE);
		return;
	}
	if (m->reply || m->type != DHCP_INFORM) {
		drop_count(&c->counts.drops, DROP_BROADCAST);
		return;
	}
	if (l->informed_ms && now->ms < l->informed_ms + INFORM_EVERY_MS) {
		drop_count(&c->counts.drops, DROP_FILTERED);
		return;
	}
	l->informed_ms = now->ms;
	answer_inform(c, m, now);
}

static unsigned int
take_ack(struct conn *c, const struct dhcp_msg *m, const struct now *now)
{
	struct conn_link *l = &c->link;

	if (!m->reply || m->type != DHCP_ACK || m->xid != l->xid || l->informed)
		return 0;
	if (!l->options && !(l->options = malloc(sizeof(*l->options))))
		return 0; /* the question is put again, while it may */
	l->informed = true;
	*l->options = m->options;
	struct fact f = FACT_MAKE(
	    FACT_INFORM_TAKEN, F_ADDR(m->src), F_U(m->options.n_routes), F_STR(m->options.suffix));
	conn_note(c, &f, now);
	return CONN_OPTIONS;
}

static bool
take_dhcp(struct conn *c, struct view pkt, const struct now *now, unsigned int *events)
{
	bool server = c->conf->side == SIDE_SERVER;
	struct ip_addr all = ip_v4(UINT32_MAX);
	struct rd_fault fault;
	struct dhcp_msg m;

	if (!ppp_data(c->ppp)->ip_open || !dhcp_is(pkt, server) || (!server && !c->link.xid))
		return false;
	bool read = dhcp_read(pkt, &m, &fault);
	/* A DHCP server elsewhere is no concern of ours: the guard looks at that. */
	if (m.dst.family == IP_V4 && server && !ip_equal(&m.dst, &all) &&
	    !ip_equal(&m.dst, &ppp_ip(c->ppp)->local))
		return false;
	if (!read)
		drop_count(&c->counts.drops, DROP_MALFORMED_IP);
	else if (server)
		take_inform(c, &m, now);
	else
		*events |= take_ack(c, &m, now);
	return true;
}

static void
send_inform(struct conn *c, const struct now *now)
{
	const struct ppp_ip *ip = ppp_ip(c->ppp);
	struct conn_link *l = &c->link;
	uint8_t bytes[PACKET_MAX];
	struct wr out = wr_over(bytes, sizeof(bytes));

	if (!l->xid)
		l->xid = now_draw_u32(now) | 1u;
	l->n_informs++;
	l->inform_ms = now->ms + INFORM_AGAIN_MS * l->n_informs;
	dhcp_write_inform(&out, &ip->local, l->xid);
	send_packet(c, PPP_PROTO_IP, &out);
}

static bool
wants_inform(const struct conn *c)
{
	return c->conf->side == SIDE_CLIENT && c->conf->ask_options && c->up && !c->link.informed &&
	       c->link.n_informs < INFORMS_MAX && ppp_data(c->ppp)->ip_open;
}

/* ---- both ---- */

bool
conn_link_take(struct conn *c, struct view pkt, const struct now *now, unsigned int *events)
{
	if (pkt.n < IP_HEADER4)
		return false;
	return take_ndp(c, pkt, now, events) || take_dhcp(c, pkt, now, events);
}

unsigned int
conn_link_tick(struct conn *c, const struct now *now)
{
	struct conn_link *l = &c->link;
	uint8_t bytes[PACKET_MAX];
	struct wr out = wr_over(bytes, sizeof(bytes));
	unsigned int ev = 0;

	if (now->ms < conn_link_deadline_ms(c))
		return 0;
	if (l->ndp && ndp_tick(l->ndp, now, &out) == NDP_SEND && ppp_data(c->ppp)->ipv6_open)
		send_packet(c, PPP_PROTO_IPV6, &out);
	if (l->wait_until_ms && now->ms >= l->wait_until_ms) {
		l->wait_until_ms = 0;
		ev |= conn_maybe_up(c, now);
	}
	if (wants_inform(c) && now->ms >= l->inform_ms)
		send_inform(c, now);
	return ev;
}

uint64_t
conn_link_deadline_ms(const struct conn *c)
{
	const struct conn_link *l = &c->link;
	uint64_t d = l->ndp ? ndp_deadline_ms(l->ndp) : NEVER_MS;

	if (l->wait_until_ms)
		d = deadline_min(d, l->wait_until_ms);
	return wants_inform(c) ? deadline_min(d, l->inform_ms) : d;
}

struct conn_ip6
conn_ip6(const struct conn *c)
{
	const struct conn_link *l = &c->link;
	struct conn_ip6 six = { .prefix = ppp_ip(c->ppp)->prefix6 };

	if (!ppp_data(c->ppp)->ipv6_open || !l->ndp)
		return (struct conn_ip6){ 0 };
	six.link_local = l->ndp->local;
	six.router = l->ndp->remote;
	if (c->conf->side == SIDE_SERVER)
		return six;
	six.address = ndp_address(l->ndp);
	six.prefix = ip_is_none(&six.address) ? six.address : l->ndp->ra.prefix;
	six.mtu = l->ndp->ra.mtu;
	six.is_router = l->ndp->ra.router_s != 0;
	for (unsigned int i = 0; i < 2 && i < l->ndp->ra.n_dns; i++)
		six.dns[i] = l->ndp->ra.dns[i];
	return six;
}

const struct dhcp_options *
conn_options(const struct conn *c)
{
	static const struct dhcp_options none;

	return c->link.options ? c->link.options : &none;
}
