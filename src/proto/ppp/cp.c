/*
 * The engine of a control protocol. See cp.h.
 *
 * Two things stand before the table of RFC 1661, for links that repeat and reorder: an answer is
 * taken once for each request we sent, and a Configure-Request that was seen before is either
 * answered as before or, when a newer one came since, dropped. Without that a late copy would pull
 * an open protocol down. A peer that truly starts over sends a new request.
 */
#include "proto/ppp/cp.h"

#include "proto/ppp/core.h"

#define REPEATS_MAX 5u             /* equal requests in Opened that are taken for copies */
#define FIRST_LCP_RESTART_MS 1000u /* the peer's PPP may start after the link: L2TP, PPTP */

void
cp_init(struct cp *c, const struct cp_ops *ops)
{
	*c = (struct cp){ .ops = ops, .state = FSM_INITIAL, .timer_ms = NEVER_MS, .next_id = 1 };
}

void
cp_send(struct turn *t, struct cp *c, uint8_t code, uint8_t id, struct view data)
{
	struct wr w;

	if (t->p->ended)
		return;
	core_frame_begin(t, c->ops->protocol, &w);
	cp_write(&w, code, id, data);
	core_frame_send(t, c->ops->protocol, &w);
	c->n_sent++;
}

static void
start_timer(struct turn *t, struct cp *c)
{
	uint32_t wait_ms = t->p->conf->restart_ms;

	if (c->ops->protocol == PPP_PROTO_LCP && c->n_requests == 1 &&
	    wait_ms > FIRST_LCP_RESTART_MS)
		wait_ms = FIRST_LCP_RESTART_MS;
	c->timer_ms = t->now->ms + wait_ms;
}

static void
send_request(struct turn *t, struct cp *c)
{
	struct wr w = wr_over(c->req, sizeof(c->req));

	if (c->req_fresh) {
		c->req_id = c->next_id++;
		c->req_fresh = false;
	}
	c->ops->write_request(t, &w);
	must(wr_done(&w));
	c->n_req = (uint16_t)wr_len(&w);
	c->req_open = true;
	c->n_requests++;
	cp_send(t, c, CP_CONF_REQ, c->req_id, wr_view_of(&w));
	if (c->restarts_left)
		c->restarts_left--;
	start_timer(t, c);
}

static void
send_terminate(struct turn *t, struct cp *c)
{
	struct view reason = view_str(core_reason_text(t->p->end_cause));

	cp_send(t, c, CP_TERM_REQ, c->next_id++, reason);
	if (c->ops->protocol == PPP_PROTO_LCP)
		NOTE(t, FACT_PPP_TERM, F_STR("out"), F_TEXT(reason));
	if (c->restarts_left)
		c->restarts_left--;
	start_timer(t, c);
}

static void
act_first(struct turn *t, struct cp *c, unsigned int acts)
{
	if (acts & FSM_TLD)
		c->ops->down(t);
	if (acts & FSM_IRC)
		c->restarts_left =
		    acts & FSM_STR ? t->p->conf->max_terminate : t->p->conf->max_configure;
	if (acts & FSM_ZRC) {
		c->restarts_left = 0;
		start_timer(t, c);
	}
	if (acts & FSM_SCR)
		send_request(t, c);
}

static void
act_last(struct turn *t, struct cp *c, unsigned int acts, const struct cp_reply *reply)
{
	if (acts & (FSM_SCA | FSM_SCN | FSM_SCJ | FSM_SER) && reply)
		cp_send(t, c, reply->code, reply->id, reply->data);
	if (acts & FSM_STR)
		send_terminate(t, c);
	if (acts & FSM_STA)
		cp_send(t, c, CP_TERM_ACK, reply ? reply->id : 0, view_of(NULL, 0));
	if (acts & FSM_TLU)
		c->ops->up(t);
}

void
cp_event(struct turn *t, struct cp *c, enum fsm_event ev, const struct cp_reply *reply)
{
	const struct fsm_cell *cell = fsm_cell(ev, c->state);
	enum fsm_state from = c->state;

	if (t->p->ended)
		return;
	if (!cell->valid) {
		NOTE(t, FACT_PPP_IGNORED, F_STR(c->ops->name), F_STR(fsm_event_name(ev)),
		    F_STR(fsm_state_name(from)));
		return;
	}
	c->state = (enum fsm_state)cell->to;
	if (c->state != from && c->ops->protocol == PPP_PROTO_LCP)
		NOTE(t, FACT_LCP_STATE, F_STR(fsm_state_name(c->state)));
	if (!fsm_timer_runs(c->state))
		c->timer_ms = NEVER_MS;
	/* A new request, unless this is the timer repeating the last one. */
	if (cell->acts & FSM_SCR && ev != FSM_TO_MORE)
		c->req_fresh = true;
	if (c->state == FSM_OPENED)
		c->n_requests = 0;

	act_first(t, c, cell->acts);
	act_last(t, c, cell->acts, reply);
	if (!t->p->ended && (cell->acts & FSM_TLF || ev == FSM_RTR || ev == FSM_RXJ_BAD))
		c->ops->over(t, ev);
}

void
cp_start(struct turn *t, struct cp *c)
{
	c->n_requests = 0;
	c->n_naks_out = c->n_refused_in = c->n_repeats = 0;
	c->since_ms = t->now->ms;
	if (c->state == FSM_INITIAL)
		cp_event(t, c, FSM_OPEN, NULL);
	cp_event(t, c, FSM_UP, NULL);
}

void
cp_tick(struct turn *t, struct cp *c)
{
	if (t->p->ended || t->now->ms < c->timer_ms)
		return;
	/* The counter starts again with each answer, so a peer that answers and never agrees is
	 * bounded here. */
	bool last = c->restarts_left == 0 ||
	            (c->state >= FSM_REQ_SENT && c->n_requests >= 3u * t->p->conf->max_configure);

	c->timer_ms = NEVER_MS;
	cp_event(t, c, last ? FSM_TO_LAST : FSM_TO_MORE, NULL);
}

/* A mark of a request by identifier and content (FNV-1a); a collision hurts its sender only. */
static uint64_t
request_mark(const struct cp_packet *pk)
{
	uint64_t h = 0xcbf29ce484222325u ^ pk->id;

	for (size_t i = 0; i < pk->data.n; i++)
		h = (h ^ pk->data.p[i]) * 0x100000001b3u;
	return h | 1u; /* never zero, which means empty */
}

enum novelty { REQUEST_NEW, REQUEST_AGAIN, REQUEST_STALE };

static enum novelty
request_novelty(struct cp *c, uint64_t mark)
{
	if (c->seen[c->at_seen] == mark)
		return REQUEST_AGAIN;
	for (unsigned int i = 0; i < CP_SEEN; i++)
		if (c->seen[i] == mark)
			return REQUEST_STALE;
	c->at_seen = (uint8_t)((c->at_seen + 1) % CP_SEEN);
	c->seen[c->at_seen] = mark;
	return REQUEST_NEW;
}

static void
note_options(struct turn *t, struct cp *c, enum fact_id id, struct view options)
{
	struct rd_fault fault;
	struct rd r = rd_over(options, &fault);
	struct fact_field list = { .type = FACT_LIST };
	struct cp_option o;

	while (rd_more(&r) && list.n_list < FACT_LIST_MAX) {
		cp_read_option(&r, &o);
		list.list[list.n_list++] = o.type;
	}
	struct fact f = fact_make(id, (const struct fact_field[]){ F_STR(c->ops->name), list }, 2);
	core_note(t, &f);
}

/* Judges a request; both writers get room for all of it. */
static struct cp_reply
judge_request(
    struct turn *t, struct cp *c, const struct cp_packet *pk, struct wr *nak, struct wr *rej)
{
	struct rd_fault fault;
	struct rd r = rd_over(pk->data, &fault);
	bool tired = c->n_naks_out >= t->p->conf->max_failure;

	c->ops->begin(t, pk->data);
	while (rd_more(&r) && !t->p->ended) {
		struct cp_option o;
		cp_read_option(&r, &o);
		struct wr before = *nak;
		enum cp_verdict v = c->ops->judge(t, &o, nak);
		if (v != CP_NAK)
			*nak = before;
		/* RFC 1661 section 4.6, Max-Failure: Naks become Rejects. */
		if (v == CP_REJECT || (v == CP_NAK && tired))
			wr_view(rej, o.whole);
	}
	if (c->ops->append && !tired && !t->p->ended)
		c->ops->append(t, nak);
	if (wr_len(rej))
		return (struct cp_reply){ CP_CONF_REJ, pk->id, wr_view_of(rej) };
	if (wr_len(nak) && !tired)
		return (struct cp_reply){ CP_CONF_NAK, pk->id, wr_view_of(nak) };
	return (struct cp_reply){ CP_CONF_ACK, pk->id, pk->data };
}

static void
on_request(struct turn *t, struct cp *c, const struct cp_packet *pk)
{
	uint8_t nak_bytes[CP_PACKET_MAX], rej_bytes[CP_PACKET_MAX];
	struct wr nak = wr_over(nak_bytes, sizeof(nak_bytes));
	struct wr rej = wr_over(rej_bytes, sizeof(rej_bytes));
	enum novelty novelty = request_novelty(c, request_mark(pk));

	if (novelty == REQUEST_STALE) {
		NOTE(t, FACT_PPP_IGNORED, F_STR(c->ops->name), F_STR("late-configure-request"),
		    F_STR(fsm_state_name(c->state)));
		return;
	}
	/* In Opened the newest request is the one we acknowledged. */
	if (novelty == REQUEST_AGAIN && c->state == FSM_OPENED && c->n_repeats++ < REPEATS_MAX) {
		cp_send(t, c, CP_CONF_ACK, pk->id, pk->data);
		return;
	}
	note_options(t, c, FACT_PPP_PEER_OFFER, pk->data);
	struct cp_reply reply = judge_request(t, c, pk, &nak, &rej);
	if (t->p->ended)
		return;
	if (!wr_done(&nak) || !wr_done(&rej)) {
		core_note_bad(t, c->ops->protocol, "too-many", 0);
		return;
	}
	if (reply.code == CP_CONF_NAK)
		c->n_naks_out++;
	else if (reply.code == CP_CONF_ACK)
		c->n_naks_out = 0;
	c->n_repeats = 0;
	cp_event(t, c, reply.code == CP_CONF_ACK ? FSM_RCR_GOOD : FSM_RCR_BAD, &reply);
}

/* Whether a reply belongs to the request that waits for one. RFC 1661 sections 5.2 to 5.4. */
static bool
reply_fits(struct turn *t, struct cp *c, const struct cp_packet *pk)
{
	bool fits = pk->id == c->req_id && c->req_open;

	if (pk->code == CP_CONF_ACK)
		fits = fits && view_eq(pk->data, view_of(c->req, c->n_req));
	if (!fits)
		NOTE(t, FACT_PPP_IGNORED, F_STR(c->ops->name), F_STR("answer-to-no-request"),
		    F_STR(fsm_state_name(c->state)));
	return fits;
}

static void
on_refusal(struct turn *t, struct cp *c, const struct cp_packet *pk)
{
	struct rd_fault fault;
	struct rd r = rd_over(pk->data, &fault);
	bool reject = pk->code == CP_CONF_REJ;

	c->req_open = false;
	if (reject)
		note_options(t, c, FACT_PPP_PEER_REJECT, pk->data);
	while (rd_more(&r) && !t->p->ended) {
		struct cp_option o;
		cp_read_option(&r, &o);
		if (reject)
			c->ops->on_reject(t, &o);
		else
			c->ops->on_nak(t, &o);
	}
	if (t->p->ended)
		return;
	if (++c->n_refused_in > 2u * t->p->conf->max_configure) {
		c->ops->over(t, FSM_RCN);
		return;
	}
	struct cp_reply reply = { 0, pk->id, { 0 } };
	cp_event(t, c, FSM_RCN, &reply);
}

static void
on_terminate_request(struct turn *t, struct cp *c, const struct cp_packet *pk)
{
	struct cp_reply reply = { 0, pk->id, { 0 } };

	if (c->ops->protocol == PPP_PROTO_LCP)
		core_note_terminate(t, pk->data);
	cp_event(t, c, FSM_RTR, &reply);
}

/* RFC 1661 section 5.6: without one of the first seven codes there is no protocol left. */
static void
on_code_reject(struct turn *t, struct cp *c, const struct cp_packet *pk)
{
	struct rd_fault fault;
	struct rd r = rd_over(pk->data, &fault);
	uint8_t code = rd_u8(&r);

	if (!rd_ok(&r)) {
		core_note_bad(t, c->ops->protocol, rd_error_name(fault.error), fault.at);
		return;
	}
	bool fatal = code >= CP_CONF_REQ && code <= CP_CODE_REJ;
	cp_event(t, c, fatal ? FSM_RXJ_BAD : FSM_RXJ_GOOD, NULL);
}

static void
on_packet(struct turn *t, struct cp *c, const struct cp_packet *pk)
{
	struct cp_reply reply = { CP_CODE_REJ, pk->id, pk->whole };

	switch (pk->code) {
	case CP_CONF_REQ:
		on_request(t, c, pk);
		return;
	case CP_CONF_ACK:
		if (!reply_fits(t, c, pk))
			return;
		c->req_open = false;
		cp_event(t, c, FSM_RCA, &reply);
		return;
	case CP_CONF_NAK:
	case CP_CONF_REJ:
		if (reply_fits(t, c, pk))
			on_refusal(t, c, pk);
		return;
	case CP_TERM_REQ:
		on_terminate_request(t, c, pk);
		return;
	case CP_TERM_ACK:
		cp_event(t, c, FSM_RTA, NULL);
		return;
	case CP_CODE_REJ:
		on_code_reject(t, c, pk);
		return;
	default:
		break;
	}
	if (c->ops->on_code && c->ops->on_code(t, pk))
		return;
	reply.id = c->next_id++;
	reply.data.n = reply.data.n < core_peer_room(t->p) ? reply.data.n : core_peer_room(t->p);
	cp_event(t, c, FSM_RUC, &reply);
}

void
cp_input(struct turn *t, struct cp *c, struct view info)
{
	struct cp_packet pk;
	struct rd_fault fault;
	bool has_options;

	if (!cp_read(info, &pk, &fault)) {
		core_note_bad(t, c->ops->protocol, rd_error_name(fault.error), fault.at);
		return;
	}
	has_options = pk.code >= CP_CONF_REQ && pk.code <= CP_CONF_REJ;
	if (has_options && !cp_options_ok(pk.data, &fault)) {
		core_note_bad(
		    t, c->ops->protocol, rd_error_name(fault.error), fault.at + CP_HEADER);
		return;
	}
	c->n_received++;
	on_packet(t, c, &pk);
}
