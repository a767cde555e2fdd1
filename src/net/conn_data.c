/*
 * The data path of an SSTP connection: from a TLS record to IP packets and back. It stands between
 * conn.c and the guard; it touches no timer and allocates nothing. The way in is conn_take_data,
 * the way out conn_send_ip.
 */
#include "net/conn_priv.h"
#include "proto/ppp/frame.h"
#include "proto/sstp/sstp_data.h"

_Static_assert(PPP_FRAME_HEADROOM + SSTP_HEADER <= PKT_HEADROOM,
    "every layer's header fits in front of a packet");

void
guard_for_session(struct conn *c)
{
	const struct ppp_ip *ip = ppp_ip(c->ppp);
	const struct ppp_data *d = ppp_data(c->ppp);
	uint16_t mru = d->peer_mru < c->conf->ppp.mru_bytes ? d->peer_mru : c->conf->ppp.mru_bytes;

	c->guard = (struct guard){ .side = c->conf->side, .gateway = ip->local };
	guard_set_mtu(&c->guard, mru);
	c->guard.addr4 = c->conf->side == SIDE_SERVER ? ip->remote : ip->local;
}

static void
take_ip(struct conn *c, struct conn_work *w, struct view pkt, const struct now *now)
{
	enum drop drop = c->up ? guard_in(&c->guard, pkt) : DROP_NOT_OPEN;

	if (drop != DROP_NONE) {
		drop_count(&c->counts.drops, drop);
		return;
	}
	pkt.n = guard_trim(pkt);
	/* The packet lies in our own buffer, where it may be changed. */
	guard_clamp(&c->guard, w->plain + (pkt.p - w->plain), pkt.n);
	c->data_ms = now->ms;
	c->counts.in_pkts++;
	c->counts.in_bytes += pkt.n;
	w->pkts[w->n_pkts++] = pkt;
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
	if (protocol == PPP_PROTO_IP) {
		take_ip(c, w, info, now);
	} else if (protocol == PPP_PROTO_IPV6) {
		drop_count(&c->counts.drops, DROP_NOT_OPEN);
	} else {
		ppp_input(c->ppp, frame, now, &w->ppp_fx);
		*events |= conn_run_ppp(c, w, now);
	}
	return n;
}

/* Writes what was gathered as one record. */
static void
flush(struct conn *c, struct conn_work *w, size_t *n_gather)
{
	if (*n_gather && !tls_write(c->tls, view_of(w->gather, *n_gather)))
		drop_count(&c->counts.drops, DROP_QUEUE_FULL);
	*n_gather = 0;
}

void
conn_send_ip(
    struct conn *c, struct conn_work *w, struct pkt *const *pkts, size_t n, const struct now *now)
{
	size_t n_gather = 0;

	for (size_t i = 0; i < n; i++) {
		struct pkt *p = pkts[i];
		enum drop drop = DROP_NOT_OPEN;

		if (c->up && tls_out(c->tls).n > CONN_BACKLOG_MAX)
			drop = DROP_QUEUE_FULL;
		else if (c->up)
			drop = guard_out(&c->guard, pkt_view(p));
		if (drop != DROP_NONE) {
			drop_count(&c->counts.drops, drop);
			continue;
		}
		guard_clamp(&c->guard, pkt_data(p), p->len);
		c->data_ms = now->ms;
		c->counts.out_pkts++;
		c->counts.out_bytes += p->len;
		ppp_frame_seal(ppp_data(c->ppp), p, PPP_PROTO_IP);
		sstp_data_seal(p);
		if (n_gather + p->len > sizeof(w->gather))
			flush(c, w, &n_gather);
		memcpy(w->gather + n_gather, pkt_data(p), p->len);
		n_gather += p->len;
	}
	flush(c, w, &n_gather);
}
