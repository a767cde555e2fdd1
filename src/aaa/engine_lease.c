/*
 * LEASE in the engine - choose an address, look whether a neighbour uses it, store the lease, have
 * it routed - and the end of a session. See engine.h.
 */
#include "aaa/engine_priv.h"

#include "base/wr.h"

#define FRAMED_TEXT_MAX (PROFILE_ROUTES_MAX * (ADDR_TEXT_MAX + 4))

/* Answers a LEASE. s is NULL when there is no such session here. */
static void
reply(struct engine *e, unsigned int worker, const struct msg_lease *q, const struct session *s,
    enum cause cause)
{
	struct msg m = { .id = MSG_LEASE_REPLY };
	struct msg_lease_reply *r = &m.u.lease_reply;

	r->attempt = q->attempt;
	r->seq = q->seq;
	r->lease.cause = cause;
	if (s && cause == CAUSE_NONE) {
		r->lease.local = lease_server_address(e->leases);
		r->lease.remote = s->address;
		memcpy(r->lease.dns, session_terms(s)->dns, sizeof(r->lease.dns));
		memcpy(r->lease.nbns, session_terms(s)->nbns, sizeof(r->lease.nbns));
		r->lease.prefix6 = s->prefix6;
		memcpy(r->lease.dns6, session_terms(s)->dns6, sizeof(r->lease.dns6));
	}
	engine_send_facts(e, &q->attempt);
	if (engine_send(e, ROLE_NET, worker, &m) != SENT_OK)
		return; /* the worker's own timer ends the attempt; SESSION_END follows */
}

static void
reply_to(struct engine *e, const struct session *s, enum cause cause)
{
	struct msg_lease q = { .attempt = s->attempt, .seq = s->seq };

	reply(e, s->worker, &q, s, cause);
}

static void
ask_of(const struct session *s, const struct now *now, struct lease_ask *out)
{
	*out = (struct lease_ask){
		.fixed = s->fixed, .wanted = s->wanted, .account = s->account, .now_ms = now->ms
	};
	for (unsigned int i = 0; i < session_terms(s)->n_pools && i < LEASE_POOLS_MAX; i++)
		out->pools[out->n_pools++] = session_terms(s)->pools[i];
}

/* R60: the evidence that diagnosis needs to name each pool, its ranges and its size. */
static void
note_no_lease(struct engine *e, const struct session *s, enum cause cause, const struct now *now)
{
	struct lease_pool_info info;
	struct lease_ask ask;

	if (cause != CAUSE_POOL_EXHAUSTED)
		return;
	ask_of(s, now, &ask);
	for (unsigned int i = 0; i < LEASE_POOLS_MAX; i++) {
		bool found = ask.n_pools ? i < ask.n_pools &&
		                               lease_pool_by_name(e->leases, ask.pools[i], &info)
		                         : lease_pool_at(e->leases, i, &info);
		if (!found)
			return;
		struct fact f = FACT_MAKE(FACT_POOL_FULL, F_STR(info.name), F_STR(info.ranges),
		    F_U(info.size), F_U(info.n_leased));
		engine_note(e, s, &f, now);
	}
}

static void
note_leased(struct engine *e, const struct session *s, const struct now *now)
{
	struct lease_pool_info info = { .name = "the account's own" };

	engine_note_prefix(e, s, now);
	if (ip_is_none(&s->address))
		return;
	if (!lease_pool_of(e->leases, &s->address, &info))
		info.size = info.n_leased = 1;
	struct fact f = FACT_MAKE(
	    FACT_LEASED, F_ADDR(s->address), F_STR(info.name), F_U(info.n_leased), F_U(info.size));
	engine_note(e, s, &f, now);
}

static void
note_plumb_error(
    struct engine *e, const struct session *s, struct view error, const struct now *now)
{
	struct fact f = FACT_MAKE(FACT_PLUMB_ERROR, F_ADDR(s->address), F_TEXT(error));

	engine_note(e, s, &f, now);
}

/* The networks behind the client of the families that the session carries, as PLUMB names them. */
static struct view
framed_text(const struct session *s, uint8_t *buf, size_t n)
{
	struct wr w = wr_over(buf, n);
	char text[ADDR_TEXT_MAX];

	for (unsigned int i = 0; i < session_terms(s)->n_framed && i < PROFILE_ROUTES_MAX; i++) {
		const struct ip_prefix *p = &session_terms(s)->framed[i];
		if (ip_is_none(p->addr.family == IP_V4 ? &s->address : &s->prefix6))
			continue;
		wr_fmt(&w, "%s%s/%u", wr_len(&w) ? " " : "", ip_text(&p->addr, text), p->len);
	}
	return wr_view_of(&w);
}

static void
note_framed(struct engine *e, const struct session *s, const struct now *now)
{
	uint8_t text[FRAMED_TEXT_MAX];
	struct view list = framed_text(s, text, sizeof(text));
	struct fact f = FACT_MAKE(
	    FACT_FRAMED, F_ADDR(ip_is_none(&s->address) ? s->prefix6 : s->address), F_TEXT(list));

	if (list.n)
		engine_note(e, s, &f, now);
}

static void
ask_monitor(struct engine *e, struct session *s, const struct now *now)
{
	struct msg m = { .id = MSG_PLUMB };
	uint8_t routes[FRAMED_TEXT_MAX];
	enum engine_sent sent;

	session_wait(e, s, WAIT_PLUMB, now);
	m.u.plumb.attempt = s->attempt;
	m.u.plumb.seq = (uint32_t)s->question;
	m.u.plumb.address = s->address;
	m.u.plumb.prefix6 = s->prefix6;
	m.u.plumb.worker = s->worker;
	m.u.plumb.add = true;
	m.u.plumb.routes = framed_text(s, routes, sizeof(routes));
	sent = engine_send(e, ROLE_MONITOR, 0, &m);
	if (sent == SENT_OK) {
		s->routed = true;
		return;
	}
	session_answered(e, s);
	note_plumb_error(e, s, view_str("the monitor takes no message"), now);
	session_give_back(e, s);
	reply_to(e, s, sent == SENT_FULL ? CAUSE_IPC_BACKLOG : CAUSE_PLUMB_FAILED);
}

static void
note_unstored(struct engine *e, const struct session *s, struct view error, const struct now *now)
{
	struct fact f = FACT_MAKE(FACT_LEASE_UNSTORED, F_ADDR(s->address), F_TEXT(error));

	engine_note(e, s, &f, now);
}

/* The lease is stored before it is used; without record it is used all the same, and owed. */
static void
ask_record(struct engine *e, struct session *s, const struct now *now)
{
	if (ip_is_none(&s->address)) { /* a prefix is found again without anything stored */
		ask_monitor(e, s, now);
		return;
	}
	session_wait(e, s, WAIT_KEEP, now);
	if (engine_keep_lease(e, &s->address, (uint32_t)s->question) == SENT_OK)
		return;
	session_answered(e, s);
	note_unstored(e, s, view_str("the record process takes no message"), now);
	ask_monitor(e, s, now);
}

void
engine_on_lease_kept(struct engine *e, const struct msg_lease_kept *m, const struct now *now)
{
	struct session *s = session_asked(e, m->seq, WAIT_KEEP);

	if (!s)
		return;
	session_answered(e, s);
	if (!m->ok) {
		lease_owe(e->leases, &s->address);
		e->owed_retry_ms = deadline_min(e->owed_retry_ms, now->ms + ENGINE_KEEP_TIMEOUT_MS);
		note_unstored(e, s, m->error, now);
	}
	ask_monitor(e, s, now);
}

void
engine_keep_lost(struct engine *e, struct session *s, const struct now *now)
{
	session_answered(e, s);
	lease_owe(e->leases, &s->address);
	e->owed_retry_ms = deadline_min(e->owed_retry_ms, now->ms + ENGINE_KEEP_TIMEOUT_MS);
	note_unstored(e, s, view_str("the record process does not answer"), now);
	ask_monitor(e, s, now);
}

/* The address is settled, or there is none for this cause; a prefix may go with it or without. */
static void
join(struct engine *e, struct session *s, enum cause cause, const struct now *now)
{
	cause = engine_join_prefix(e, s, cause, now);
	if (cause != CAUSE_NONE) {
		note_no_lease(e, s, cause, now);
		reply_to(e, s, cause);
		return;
	}
	s->has_address = true;
	ask_record(e, s, now);
}

/* Takes an address, and has looked at it if it may be a neighbour's (R99). */
static void
take_address(struct engine *e, struct session *s, const struct now *now)
{
	struct lease_ask ask;
	enum cause cause = CAUSE_IP_OFF;

	ask_of(s, now, &ask);
	s->address = s->prefix6 = (struct ip_addr){ 0 };
	if (e->ip_on)
		cause = s->n_looks < LOOKS_MAX ? lease_take(e->leases, &ask, &s->address)
		                               : CAUSE_POOL_EXHAUSTED;
	if (cause == CAUSE_NONE && lease_must_look(e->leases, &s->address, now->ms)) {
		s->has_address = true;
		session_wait(e, s, WAIT_LOOK, now);
		if (engine_look(e, &s->address, (uint32_t)s->question) == SENT_OK)
			return;
		session_answered(e, s);
	}
	join(e, s, cause, now);
}

void
engine_on_looked(struct engine *e, const struct msg_looked *m, const struct now *now)
{
	struct session *s = session_asked(e, m->seq, WAIT_LOOK);
	enum lease_seen seen = m->result == LOOK_TAKEN      ? LEASE_TAKEN
	                       : m->result == LOOK_DETACHED ? LEASE_DETACHED
	                                                    : LEASE_FREE;
	struct lease_row row;

	if (s && !ip_equal(&s->address, &m->address))
		return;
	if (!s && (!lease_row_of(e->leases, &m->address, &row) || row.held))
		return; /* it was leased meanwhile, with a look of its own */
	if (s)
		session_answered(e, s);
	lease_saw(e->leases, &m->address, seen, now->ms);
	if (seen == LEASE_TAKEN)
		engine_saw_conflict(e, s, m, now);
	engine_look_ahead(e, now);
	if (!s)
		return;
	if (seen != LEASE_TAKEN) {
		join(e, s, CAUSE_NONE, now);
		return;
	}
	s->has_address = false;
	s->n_looks++;
	take_address(e, s, now);
}

/* Monitor has not looked: no worse than before there were looks. */
void
engine_look_lost(struct engine *e, struct session *s, const struct now *now)
{
	session_answered(e, s);
	join(e, s, CAUSE_NONE, now);
}

void
engine_on_lease(
    struct engine *e, unsigned int index, const struct msg_lease *m, const struct now *now)
{
	struct session *s = session_find(e, &m->attempt);

	e->asked |= engine_worker_bit(index);
	if (!e->ip_on && !e->ip6_on) { /* R51 */
		reply(e, index, m, NULL, CAUSE_IP_OFF);
		return;
	}
	if (!s || s->worker != index || !s->has_port) {
		/* it was authenticated by an aaa that is gone: this one knows nothing of it */
		reply(e, index, m, NULL, CAUSE_AAA_DOWN);
		return;
	}
	s->seq = m->seq;
	if (s->wait != WAIT_NONE)
		return; /* asked twice: one answer, to the newer number */
	s->began_ms = now->ms;
	if (s->has_address) {
		reply_to(e, s, CAUSE_NONE);
		return;
	}
	if (e->n_waiting >= ENGINE_WAITING_MAX) {
		reply_to(e, s, CAUSE_IPC_BACKLOG);
		return;
	}
	s->wanted = m->wanted;
	s->n_looks = 0;
	take_address(e, s, now);
}

void
engine_on_plumb_done(struct engine *e, const struct msg_plumb_done *m, const struct now *now)
{
	struct session *s = session_asked(e, m->seq, WAIT_PLUMB);

	if (!s)
		return; /* the attempt ended in the meantime, or a route was taken back */
	session_answered(e, s);
	note_leased(e, s, now);
	engine_pool_check(e, s, now);
	if (m->ok) {
		struct fact f = FACT_MAKE(FACT_PLUMBED, F_ADDR(s->address), F_TEXT(m->device));
		engine_note(e, s, &f, now);
		note_framed(e, s, now);
		reply_to(e, s, CAUSE_NONE);
		return;
	}
	note_plumb_error(e, s, m->error, now);
	session_give_back(e, s);
	reply_to(e, s, CAUSE_PLUMB_FAILED);
}

/* Monitor is silent: what it may still do late is undone by the message that follows. */
void
engine_plumb_lost(struct engine *e, struct session *s, bool timed_out, const struct now *now)
{
	session_answered(e, s);
	if (timed_out) {
		struct fact f = FACT_MAKE(
		    FACT_NO_ANSWER, F_STR("monitor"), F_STR("plumb"), F_U(now->ms - s->began_ms));
		engine_note(e, s, &f, now);
	}
	note_plumb_error(e, s, view_str("the monitor did not answer"), now);
	session_release_address(e, s, now);
	reply_to(e, s, CAUSE_PLUMB_FAILED);
}

void
engine_on_session_end(
    struct engine *e, unsigned int index, const struct msg_session_end *m, const struct now *now)
{
	struct session *s = session_find(e, &m->attempt);

	if (s && s->worker == index)
		session_end(e, s, now);
}

/*
 * This aaa was started anew while the worker's session ran on (guide section 3, "Crash"): its port
 * and its address count again, so that nobody else gets them.
 */
void
engine_on_session_held(struct engine *e, unsigned int index, const struct msg_session_held *m)
{
	struct session *s;

	/* Later than this no honest worker says it; another one would take ports and addresses. */
	if ((e->asked & engine_worker_bit(index)) || session_find(e, &m->attempt))
		return;
	s = session_new(e, &m->attempt, index);
	if (!s)
		return;
	s->tunnel = m->tunnel <= TUNNEL_IKEV2 ? (enum tunnel_kind)m->tunnel : TUNNEL_NONE;
	s->has_port = ports_adopt(&e->ports, s->tunnel);
	s->has_address = s->routed = s->has_port;
	if (s->has_port && lease_adopt(e->leases, &m->address))
		s->address = m->address;
	if (s->has_port && lease6_adopt(e->leases6, &m->prefix6))
		s->prefix6 = m->prefix6;
}
