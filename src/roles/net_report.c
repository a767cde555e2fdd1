/*
 * What the net role tells record: attempts that came far enough to be stored, with their trail;
 * counts of those that did not; counters of live sessions. Notes: a full queue loses them.
 */
#include "roles/net_priv.h"

#define FACTS_BYTES (TRAIL_BYTES + 256u)

/* The attempt as a message; its views point into nc. */
static struct msg
attempt_msg(struct net_conn *nc, bool ended)
{
	const struct attempt *a = conn_attempt(nc->conn);
	const struct conn_counts *n = conn_counts(nc->conn);

	return (struct msg){ .id = MSG_ATTEMPT,
		.u.attempt = { .attempt = a->id,
		    .tunnel = (uint8_t)a->tunnel,
		    .peer = a->peer,
		    .local = a->local,
		    .began_unix_us = a->began_unix_us,
		    .stage = (uint8_t)a->stage,
		    .cause = (uint16_t)a->cause,
		    .ended_by = (uint8_t)a->ended_by,
		    .ended = ended,
		    .user = conn_user(nc->conn),
		    .account = view_str(nc->account ? nc->account : ""),
		    .policy = view_str(nc->policy ? nc->policy : ""),
		    .method = (uint8_t)conn_method(nc->conn),
		    .address = ip_is_none(&nc->inner) ? nc->inner6 : nc->inner,
		    .prefix6 = nc->inner6,
		    .device = view_str(nc->w->tun_name),
		    .duration_ms = loop_now(nc->w->loop)->ms - a->began_ms,
		    .in_bytes = n->in_bytes,
		    .out_bytes = n->out_bytes,
		    .in_pkts = n->in_pkts,
		    .out_pkts = n->out_pkts } };
}

/* A note to record may be lost: the attempt itself does not depend on it. */
static bool
note(struct worker *w, const struct msg *m)
{
	return host_send(w->host, ROLE_RECORD, 0, m, -1);
}

/* Hands the trail over; what record took is not kept here: an idle session costs no trail. */
void
net_report_facts(struct net_conn *nc)
{
	struct attempt *a = conn_attempt(nc->conn);
	uint8_t buf[FACTS_BYTES];
	struct wr w = wr_over(buf, sizeof(buf));

	if (!a->trail)
		return;
	trail_write(a->trail, &w);
	struct msg m = { .id = MSG_FACTS,
		.u.facts = { .attempt = a->id, .facts = wr_view_of(&w) } };
	if (wr_done(&w) && (wr_len(&w) == 0 || note(nc->w, &m)))
		attempt_forget_trail(a);
}

void
net_report_progress(struct net_conn *nc)
{
	struct msg m;

	if (!conn_is_up(nc->conn))
		return;
	m = attempt_msg(nc, false);
	(void)note(nc->w, &m);
	net_report_facts(nc);
}

void
net_report_count(struct worker *w, const struct ip_addr *source, enum cause cause)
{
	counted_add(&w->counted, w->host, source, cause);
}

static void
note_counts(struct net_conn *nc)
{
	const struct conn_counts *n = conn_counts(nc->conn);
	const struct now *now = loop_now(nc->w->loop);
	struct fact f = FACT_MAKE(FACT_SESSION_COUNTS, F_U(n->in_bytes), F_U(n->out_bytes),
	    F_U(n->in_pkts), F_U(n->out_pkts));

	if (n->in_pkts || n->out_pkts)
		conn_note(nc->conn, &f, now);
	for (unsigned int d = 1; d < N_DROP; d++) {
		if (!n->drops.n[d])
			continue;
		f = FACT_MAKE(
		    FACT_SESSION_DROPS, F_STR(drop_name((enum drop)d)), F_U(n->drops.n[d]));
		conn_note(nc->conn, &f, now);
	}
}

bool
net_report_held(struct worker *w)
{
	struct msg told = { .id = MSG_SESSIONS_TOLD, .u.sessions_told = { .sessions = w->n_up } };
	struct list *it, *tmp;

	if (!w->held_owed)
		return true;
	list_each (it, tmp, &w->conns) {
		struct net_conn *nc = container_of(it, struct net_conn, link);
		const struct attempt *a = conn_attempt(nc->conn);
		struct msg m = { .id = MSG_SESSION_HELD,
			.u.session_held = { .attempt = a->id,
			    .tunnel = (uint8_t)a->tunnel,
			    .address = nc->leased,
			    .prefix6 = nc->leased6 } };

		if (!nc->held_owed || nc->reported)
			continue;
		if (!host_send(w->host, ROLE_AAA, 0, &m, -1))
			return false;
		nc->held_owed = false;
	}
	if (!host_send(w->host, ROLE_AAA, 0, &told, -1))
		return false;
	w->held_owed = false;
	return true;
}

bool
net_report_pay(struct net_conn *nc)
{
	struct worker *w = nc->w;
	const struct attempt *a = conn_attempt(nc->conn);
	struct msg m = { .id = MSG_SESSION_END,
		.u.session_end = { .attempt = a->id, .cause = (uint16_t)a->cause } };

	/* aaa gone means that its leases are gone with it: nothing to give back. */
	if (nc->end_owed && host_has(w->host, ROLE_AAA, 0) &&
	    !host_send(w->host, ROLE_AAA, 0, &m, -1))
		return false;
	nc->end_owed = false;
	return true;
}

void
net_report_end(struct net_conn *nc)
{
	struct worker *w = nc->w;
	const struct attempt *a = conn_attempt(nc->conn);

	if (nc->reported)
		return;
	nc->reported = true;
	if (nc->known_to_aaa) {
		note_counts(nc);
		nc->end_owed = true; /* a port and an address hang on it: never lost */
		(void)!net_report_pay(nc);
	}
	/* A web visitor is no attempt at a connection; a peer that never spoke proves nothing. */
	if (a->stage < STAGE_TUNNEL || a->cause == CAUSE_HTTP_ORDINARY) {
		net_report_count(w, &a->peer.addr, a->cause);
		return;
	}
	struct msg m = attempt_msg(nc, true);
	(void)note(w, &m);
	net_report_facts(nc);
}

void
net_report_flush_counted(struct worker *w)
{
	counted_flush(&w->counted, w->host);
}

void
net_report_all(struct worker *w)
{
	struct list *it, *tmp;

	list_each (it, tmp, &w->conns)
		net_report_progress(container_of(it, struct net_conn, link));
}

void
net_report_counters(struct worker *w)
{
	struct list *it, *tmp;

	list_each (it, tmp, &w->conns) {
		struct net_conn *nc = container_of(it, struct net_conn, link);
		const struct conn_counts *n = conn_counts(nc->conn);
		uint64_t drops = 0;

		if (!conn_is_up(nc->conn))
			continue;
		for (unsigned int d = 1; d < N_DROP; d++)
			drops += n->drops.n[d];
		struct msg m = { .id = MSG_COUNTERS,
			.u.counters = { .attempt = conn_attempt(nc->conn)->id,
			    .in_bytes = n->in_bytes,
			    .out_bytes = n->out_bytes,
			    .in_pkts = n->in_pkts,
			    .out_pkts = n->out_pkts,
			    .drops = drops } };
		(void)note(w, &m);
		net_report_facts(nc); /* what record's queue had no room for */
	}
}
