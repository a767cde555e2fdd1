/*
 * What the effects of the two cores of a connection mean: bytes for TLS, questions and progress for
 * the owner, and work for the other core. See conn_priv.h; conn.c calls in here after each call of
 * a core.
 *
 * What one core's progress means for the other is only noted (c->todo) while its effects are
 * walked, and done by conn_follow_up, so that no core is entered while its own list is walked.
 */
#include "net/conn_priv.h"
#include "proto/ppp/frame.h"
#include "proto/sstp/sstp_data.h"

void
conn_note(struct conn *c, const struct fact *f, const struct now *now)
{
	attempt_note(&c->attempt, f, now);
}

/* Facts come out of a core encoded; they are stamped and put on the trail here. */
static void
note_encoded(struct conn *c, struct view record, const struct now *now)
{
	struct rd_fault fault;
	struct rd r = rd_over(record, &fault);
	struct fact f;

	if (fact_read(&r, &f))
		attempt_note(&c->attempt, &f, now);
}

unsigned int
conn_reach(struct conn *c, enum stage stage, const struct now *now)
{
	if (stage <= c->attempt.stage)
		return 0;
	attempt_reach(&c->attempt, stage, now);
	return CONN_PROGRESS;
}

/*
 * Why it really ended: a peer that leaves after its credentials were refused, whatever way it
 * leaves, ends for that reason.
 */
static enum cause
real_cause(const struct conn *c, enum cause cause)
{
	return c->refused != CAUSE_NONE && c->attempt.stage < STAGE_DECIDE ? c->refused : cause;
}

/* The end of the connection, once: the first cause stays. */
unsigned int
conn_end(struct conn *c, enum cause cause, bool by_peer, const struct now *now)
{
	enum party by = by_peer ? PARTY_PEER : PARTY_US;

	if (c->down)
		return 0;
	cause = real_cause(c, cause);
	if (!by_peer && cause_info(cause)->blame == BLAME_PATH)
		by = PARTY_PATH;
	attempt_end(&c->attempt, cause, by, now);
	tls_shutdown(c->tls);
	c->down = true;
	c->up = false;
	c->held_until_ms = 0; /* the last words, an alert among them, go now */
	return CONN_DOWN;
}

/* One PPP frame into one SSTP data packet in one TLS record. */
static bool
send_frame(struct conn *c, struct conn_work *w, struct view frame)
{
	if (frame.n + SSTP_HEADER > SSTP_PACKET_MAX)
		return true;
	sstp_data_header(w->gather, frame.n);
	memcpy(w->gather + SSTP_HEADER, frame.p, frame.n);
	bool sent = tls_write(c->tls, view_of(w->gather, SSTP_HEADER + frame.n));
	secret_wipe_bytes(w->gather, SSTP_HEADER + frame.n); /* PAP: a password */
	return sent;
}

/*
 * Whether the call may open without Call Connected. sstpc (sstp-client 1.0.18) never sends it with
 * CHAP. The key of PAP and CHAP is all zero, so what a binding by it proves anybody can forge; the
 * document wants it all the same, so this is a setting, off by default. tests/interop/sstp.sh.
 */
static bool
may_waive(const struct conn *c)
{
	enum auth_method m = ppp_auth_method(c->ppp);

	return c->conf->waive_keyless && c->conf->side == SIDE_SERVER &&
	       (m == AUTH_PAP || m == AUTH_CHAP);
}

/* Data flows when both are there: IPCP and the crypto binding, in whichever order. */
unsigned int
conn_maybe_up(struct conn *c, const struct now *now)
{
	if (c->up || !c->ip_open || !sstp_is_connected(c->sstp) || conn_link_waits(c, now))
		return 0;
	c->up = true;
	c->up_ms = c->data_ms = now->ms;
	guard_for_session(c);
	return conn_reach(c, STAGE_UP, now) | CONN_UP;
}

unsigned int
conn_changed(struct conn *c)
{
	guard_for_session(c);
	return CONN_CHANGED;
}

static unsigned int
on_ppp_up(struct conn *c, uint16_t what, const struct now *now)
{
	switch ((enum ppp_up)what) {
	case PPP_UP_LCP:
		return 0;
	case PPP_UP_AUTH:
		c->todo |= TODO_BINDING;
		if (may_waive(c))
			c->todo |= TODO_NETWORK;
		return 0;
	case PPP_UP_IP:
		c->ip_open = true;
		if (!conn_link_begin(c, now))
			return conn_end(c, CAUSE_NO_MEMORY, false, now);
		if (may_waive(c))
			c->todo |= TODO_WAIVE;
		return conn_maybe_up(c, now);
	case PPP_UP_ENCRYPTION: /* TLS encrypts: CCP is not offered on this link */
	case PPP_RESET_ASKED:
		return 0;
	case PPP_UP_CHANGED:
		if (!conn_link_begin(c, now))
			return conn_end(c, CAUSE_NO_MEMORY, false, now);
		return c->up ? conn_changed(c) : conn_maybe_up(c, now);
	}
	return 0;
}

unsigned int
conn_run_ppp(struct conn *c, struct conn_work *w, const struct now *now)
{
	struct fx *fx = &w->ppp_fx;
	unsigned int ev = 0;

	for (unsigned int i = 0; i < fx->n && !c->down; i++) {
		const struct fx_item *it = &fx->items[i];
		switch (it->kind) {
		case FX_SEND:
			if (!send_frame(c, w, it->bytes))
				ev |= conn_end(c, CAUSE_SSTP_CLOSED, false, now);
			break;
		case FX_ASK_AUTH:
			w->auth = fx->auth;
			ev |= CONN_ASK_AUTH | conn_reach(c, STAGE_AUTHENTICATE, now);
			break;
		case FX_ASK_LEASE:
			w->lease = fx->lease;
			ev |= CONN_ASK_LEASE | conn_reach(c, STAGE_LEASE, now);
			break;
		case FX_FACT:
			note_encoded(c, it->bytes, now);
			break;
		case FX_UP:
			ev |= on_ppp_up(c, it->code, now);
			break;
		case FX_DOWN:
			c->todo |= TODO_PPP_DOWN;
			c->ppp_cause = it->cause;
			c->ppp_by_peer = it->by_peer;
			break;
		case FX_FRAME:
			break;
		}
	}
	fx_reset(fx); /* on every way out: the list is shared with the other connections */
	return ev;
}

static unsigned int
on_sstp_up(struct conn *c, uint16_t what, const struct now *now)
{
	switch ((enum sstp_up)what) {
	case SSTP_UP_HTTP:
		return conn_reach(c, STAGE_TUNNEL, now);
	case SSTP_UP_CALL:
		c->call_up = true;
		c->todo |= TODO_PPP_START;
		return 0;
	case SSTP_UP_CONNECTED:
		c->todo |= TODO_NETWORK;
		return conn_maybe_up(c, now);
	}
	return 0;
}

unsigned int
conn_run_sstp(struct conn *c, struct conn_work *w, const struct now *now)
{
	struct fx *fx = &w->sstp_fx;
	struct view frame = { NULL, 0 };
	unsigned int ev = 0;

	for (unsigned int i = 0; i < fx->n && !c->down; i++) {
		const struct fx_item *it = &fx->items[i];
		switch (it->kind) {
		case FX_SEND:
			if (!tls_write(c->tls, it->bytes))
				ev |= conn_end(c, CAUSE_SSTP_CLOSED, false, now);
			break;
		case FX_FRAME:
			frame = it->bytes;
			break;
		case FX_FACT:
			note_encoded(c, it->bytes, now);
			break;
		case FX_UP:
			ev |= on_sstp_up(c, it->code, now);
			break;
		case FX_DOWN:
			ev |= conn_end(c, it->cause, it->by_peer, now);
			break;
		case FX_ASK_AUTH:
		case FX_ASK_LEASE:
			break;
		}
	}
	fx_reset(fx);
	if (sstp_is_ending(c->sstp))
		c->up = false; /* MS-SSTP 3.1.5.1: no data behind an Abort or a Disconnect */
	if (frame.n && c->ppp && !c->down) {
		ppp_input(c->ppp, frame, now, &w->ppp_fx);
		ev |= conn_run_ppp(c, w, now);
	}
	return ev;
}

/* The peer is known and both ends hold the key: the crypto binding may be made or checked. */
static void
start_binding(struct conn *c, struct conn_work *w, const struct now *now)
{
	uint8_t hlak[32];

	if (ppp_hlak(c->ppp, hlak))
		sstp_authenticated(
		    c->sstp, hlak, auth_method_name(ppp_auth_method(c->ppp)), now, &w->sstp_fx);
	secret_wipe_bytes(hlak, sizeof(hlak));
}

/* Does what the cores' progress asks of each other, until nothing is left to do. */
unsigned int
conn_follow_up(struct conn *c, struct conn_work *w, const struct now *now)
{
	unsigned int ev = 0;

	while (c->todo && !c->down) {
		if (c->todo & TODO_PPP_START) {
			c->todo &= ~TODO_PPP_START;
			ppp_lower_up(c->ppp, now, &w->ppp_fx);
			ev |= conn_run_ppp(c, w, now);
		} else if (c->todo & TODO_BINDING) {
			c->todo &= ~TODO_BINDING;
			start_binding(c, w, now);
			ev |= conn_run_sstp(c, w, now);
		} else if (c->todo & TODO_WAIVE) {
			c->todo &= ~TODO_WAIVE;
			sstp_waive_binding(c->sstp, now, &w->sstp_fx);
			ev |= conn_run_sstp(c, w, now);
		} else if (c->todo & TODO_NETWORK) {
			c->todo &= ~TODO_NETWORK;
			if (!c->network_started)
				ppp_start_network(c->ppp, now, &w->ppp_fx);
			c->network_started = true;
			ev |= conn_run_ppp(c, w, now);
		} else {
			/* The call ends with PPP's cause; SSTP says goodbye first. */
			c->todo &= ~TODO_PPP_DOWN;
			attempt_end(&c->attempt, real_cause(c, c->ppp_cause),
			    c->ppp_by_peer ? PARTY_PEER : PARTY_US, now);
			c->up = false;
			sstp_close(c->sstp, c->ppp_cause, now, &w->sstp_fx);
			ev |= conn_run_sstp(c, w, now);
		}
	}
	return ev;
}
