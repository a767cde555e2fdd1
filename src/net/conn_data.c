/*
 * The data path of an SSTP connection: from a TLS record to IP packets and back. It stands between
 * conn.c and the guard; it touches no timer and allocates nothing. The way in is conn_take_data,
 * the way out conn_send_ip.
 */
#include "net/conn_priv.h"
#include "proto/ip/ip.h"
#include "proto/ppp/frame.h"
#include "proto/sstp/sstp_data.h"

#define HEAD_MAX (SSTP_HEADER + PPP_FRAME_HEADROOM)

/* The smallest data packet is SSTP, one byte of PPP and IPv4: the list for TUN holds them all. */
_Static_assert((SSTP_INPUT_MAX + CONN_PLAIN) / (SSTP_HEADER + 1 + IP_HEADER4) <= TRAIN_PACKETS_MAX,
    "all packets of a call fit into the list");

void
guard_for_session(struct conn *c)
{
	const struct ppp_ip *ip = ppp_ip(c->ppp);
	const struct ppp_data *d = ppp_data(c->ppp);
	uint16_t mru = d->peer_mru < c->conf->ppp.mru_bytes ? d->peer_mru : c->conf->ppp.mru_bytes;

	c->guard = (struct guard){ .side = c->conf->side, .gateway = ip->local };
	guard_set_mtu(&c->guard, mru);
	if (c->profile->mru &&
	    c->profile->mru < mru) { /* what TCP is told; the link stays as agreed */
		struct guard narrow = { 0 };
		guard_set_mtu(&narrow, c->profile->mru);
		c->guard.mss_clamp = narrow.mss_clamp;
		c->guard.mss_clamp6 = narrow.mss_clamp6;
	}
	if (c->profile->isolated) {
		c->guard.peers = c->conf->clients;
		c->guard.n_peers = c->conf->n_clients;
	}
	bool server = c->conf->side == SIDE_SERVER;
	c->guard.behind = server ? c->profile->framed : c->conf->behind;
	c->guard.n_behind = server ? c->profile->n_framed : c->conf->n_behind;
	if (d->ip_open)
		c->guard.addr4 = c->conf->side == SIDE_SERVER ? ip->remote : ip->local;
	if (d->ipv6_open) {
		c->guard.addr6 = conn_ip6(c).prefix;
		c->guard.bits6 = LEASE_PREFIX6_BITS;
	}
}

static void
take_ip(struct conn *c, struct conn_work *w, struct view pkt, const struct now *now,
    unsigned int *events)
{
	/* In a run of packets between two hosts the guard would say the same of each. */
	size_t n = w->passed && c->up ? ip_plain_like(w->passed, pkt) : 0;
	/* The packet lies in our own buffer, where it may be changed. */
	uint8_t *p = w->plain + (pkt.p - w->plain);

	if (n == 0 && conn_link_take(c, pkt, now, events))
		return;
	if (n == 0) {
		enum drop drop = c->up ? guard_in(&c->guard, pkt) : DROP_NOT_OPEN;

		if (drop != DROP_NONE) {
			drop_count(&c->counts.drops, drop);
			return;
		}
		n = guard_trim(pkt);
		w->passed = p;
	}
	guard_clamp(&c->guard, p, n);
	c->data_ms = now->ms;
	c->counts.in_pkts++;
	c->counts.in_bytes += n;
	train_join_add(&w->join, p, n);
}

size_t
conn_take_data(struct conn *c, struct conn_work *w, struct view stream, const struct now *now,
    unsigned int *events)
{
	struct view frame, info;
	size_t n;

	if (!c->call_up || sstp_is_ending(c->sstp) || sstp_peek(stream, &frame, &n) != SSTP_DATA)
		return 0;
	sstp_heard(c->sstp, now);
	uint16_t protocol = ppp_frame_open(frame, &info);
	if (protocol == PPP_PROTO_IP || protocol == PPP_PROTO_IPV6) {
		take_ip(c, w, info, now, events);
	} else {
		ppp_input(c->ppp, frame, now, &w->ppp_fx);
		*events |= conn_run_ppp(c, w, now);
	}
	return n;
}

void
conn_send_end(struct conn *c, struct conn_work *w)
{
	if (w->n_gather && !tls_write(c->tls, view_of(w->gather, w->n_gather)))
		drop_count(&c->counts.drops, DROP_QUEUE_FULL);
	w->n_gather = 0;
}

static enum drop
may_send(const struct conn *c, const struct train_cut *t, struct view pkt)
{
	if (!c->up)
		return DROP_NOT_OPEN;
	if (conn_is_full(c))
		return DROP_QUEUE_FULL;
	enum drop drop = guard_out_train(&c->guard, pkt, train_cut_largest(t));
	if (drop == DROP_NONE && train_cut_largest(t) > SSTP_PACKET_MAX - HEAD_MAX)
		drop = DROP_TOO_BIG;
	return drop;
}

void
conn_send_ip(struct conn *c, struct conn_work *w, const struct vnet_hdr *h, struct view pkt,
    const struct now *now)
{
	uint8_t ppp[PPP_FRAME_HEADROOM];
	struct train_cut t;
	size_t n;

	if (!train_cut_begin(&t, h, pkt)) {
		drop_count(&c->counts.drops, DROP_MALFORMED_IP);
		return;
	}
	enum drop drop = may_send(c, &t, pkt);
	if (drop != DROP_NONE) {
		drop_count_many(&c->counts.drops, drop, train_cut_count(&t));
		return;
	}
	uint16_t protocol = t.family == IP_V6 ? PPP_PROTO_IPV6 : PPP_PROTO_IP;
	size_t n_ppp = ppp_frame_head(ppp_data(c->ppp), protocol, ppp);
	size_t head = SSTP_HEADER + n_ppp, largest = train_cut_largest(&t);
	for (;;) {
		if (w->n_gather + head + largest > sizeof(w->gather))
			conn_send_end(c, w);
		uint8_t *out = w->gather + w->n_gather;
		n = train_cut_next(&t, out + head);
		if (n == 0)
			break;
		sstp_data_header(out, n_ppp + n);
		memcpy(out + SSTP_HEADER, ppp, n_ppp);
		guard_clamp(&c->guard, out + head, n);
		w->n_gather += head + n;
		c->counts.out_pkts++;
		c->counts.out_bytes += n;
	}
	c->data_ms = now->ms;
}
