/*
 * The life of one SSTP connection: TLS, the stream, answers, timers, the end. See conn.h. What the
 * cores' effects mean is conn_glue.c, what IP packets need conn_data.c.
 */
#include "net/conn_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define CONN_TURN_MS 5u
#define CONN_SIGN_MS 10000u /* the vault's time for a signature; it needs less than 1 ms */

static const struct profile no_terms;

struct conn *
conn_new(const struct conn_conf *conf, const struct endpoint *peer, const struct endpoint *local,
    enum witness witness, const struct now *now)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->conf = conf;
	c->profile = &no_terms;
	c->hours_end_ms = NEVER_MS;
	c->tls = tls_new(conf->tls, conf->side == SIDE_CLIENT ? conf->host : NULL);
	if (!c->tls) {
		free(c);
		return NULL;
	}
	attempt_init(&c->attempt, TUNNEL_SSTP, witness, peer, local, now);
	c->handshake_deadline_ms = now->ms + conf->handshake_ms;
	c->stall_deadline_ms = NEVER_MS;
	return c;
}

void
conn_free(struct conn *c)
{
	if (!c)
		return;
	ppp_free(c->ppp);
	sstp_free(c->sstp);
	tls_free(c->tls);
	attempt_fini(&c->attempt);
	conn_link_fini(c);
	profile_drop(c->kept);
	if (c->rest)
		secret_wipe_bytes(c->rest, c->rest_cap);
	free(c->rest);
	free(c);
}

/* Which of the server's certificates the client knows it by. */
static void
note_shown(struct conn *c, const struct now *now)
{
	struct tls_shown shown;
	char hash[65];

	if (c->conf->side == SIDE_CLIENT || !tls_shown(c->tls, &shown))
		return;
	for (size_t i = 0; i < sizeof(shown.sha256); i++)
		snprintf(hash + 2 * i, 3, "%02x", shown.sha256[i]);
	struct fact f = FACT_MAKE(FACT_CERT_SHOWN, F_STR(shown.subject), F_STR(shown.serial),
	    F_STR(hash), F_STR(tls_resumed(c->tls) ? "in the session that was resumed" : "now"));
	conn_note(c, &f, now);
}

static void
note_tls(struct conn *c, const struct now *now)
{
	struct tls_cert cert;
	struct fact f = FACT_MAKE(FACT_TLS_DONE, F_STR(tls_version(c->tls)),
	    F_STR(tls_cipher(c->tls)), F_STR(tls_sni(c->tls)));

	conn_note(c, &f, now);
	note_shown(c, now);
	if (c->conf->side == SIDE_CLIENT && tls_peer_cert(c->tls, &cert)) {
		f = FACT_MAKE(FACT_CERT_SEEN, F_STR(cert.subject), F_STR(cert.issuer),
		    F_STR(cert.names), F_STR(cert.not_before), F_STR(cert.not_after));
		conn_note(c, &f, now);
	}
}

/* TLS is up: the cores come into being. */
static unsigned int
on_tls_open(struct conn *c, struct conn_work *w, const struct now *now)
{
	struct sstp_conf sc = c->conf->sstp;
	struct tls_shown shown;
	struct tls_cert cert;

	c->tls_open = true;
	c->handshake_deadline_ms = NEVER_MS;
	note_tls(c, now);
	if (c->conf->side == SIDE_SERVER && tls_shown(c->tls, &shown)) {
		memcpy(sc.cert_sha1, shown.sha1, sizeof(sc.cert_sha1));
		memcpy(sc.cert_sha256, shown.sha256, sizeof(sc.cert_sha256));
	} else if (tls_peer_cert(c->tls, &cert)) {
		memcpy(sc.cert_sha1, cert.sha1, sizeof(sc.cert_sha1));
		memcpy(sc.cert_sha256, cert.sha256, sizeof(sc.cert_sha256));
	}
	c->sstp = sstp_new(&sc);
	c->ppp = ppp_new(&c->conf->ppp);
	if (!c->sstp || !c->ppp)
		return conn_end(c, CAUSE_NO_MEMORY, false, now);
	sstp_start(c->sstp, now, &w->sstp_fx);
	return conn_run_sstp(c, w, now) | conn_follow_up(c, w, now);
}

/* TLS failed, in the handshake or later: the library's reason becomes facts and the cause. */
static unsigned int
on_tls_failed(struct conn *c, struct conn_work *w, const struct now *now)
{
	const struct tls_failure *tf = tls_failure(c->tls);
	struct fact f;

	if (tf->alert_in) {
		f = FACT_MAKE(FACT_TLS_ALERT, F_STR("from the peer"), F_STR(tf->alert));
		conn_note(c, &f, now);
		/* A fatal alert is a valid message of a peer that saw our certificate. */
		(void)conn_reach(c, STAGE_TUNNEL, now);
	} else {
		f = FACT_MAKE(FACT_TLS_ERROR, F_STR(tf->detail));
		conn_note(c, &f, now);
	}
	if (cause_info(tf->cause)->class_ == CLASS_CERTIFICATE && c->conf->side == SIDE_CLIENT) {
		struct tls_cert cert;
		if (tls_peer_cert(c->tls, &cert)) {
			f = FACT_MAKE(FACT_CERT_SEEN, F_STR(cert.subject), F_STR(cert.issuer),
			    F_STR(cert.names), F_STR(cert.not_before), F_STR(cert.not_after));
			conn_note(c, &f, now);
		}
		f = FACT_MAKE(FACT_CERT_CHECK, F_STR(tf->detail), F_STR(tf->subject),
		    F_U(tf->depth), F_STR(c->conf->host));
		conn_note(c, &f, now);
	}
	if (!c->tls_open || tf->cause == CAUSE_TLS_CERT_REFUSED)
		return conn_end(c, tf->cause, tf->alert_in, now);
	return conn_lower_down(c, w, false, now);
}

unsigned int
conn_start(struct conn *c, struct conn_work *w, const struct now *now)
{
	bool more;

	return conn_step(c, w, now, &more);
}

bool
conn_wants_input(const struct conn *c)
{
	return !c->down && tls_out(c->tls).n <= CONN_BACKLOG_MAX;
}

bool
conn_feed(struct conn *c, struct view cipher)
{
	return tls_feed(c->tls, cipher);
}

void
conn_lend(struct conn *c, struct view cipher)
{
	tls_lend(c->tls, cipher);
}

bool
conn_keep(struct conn *c)
{
	return tls_keep(c->tls);
}

bool
conn_is_full(const struct conn *c)
{
	return tls_out(c->tls).n > CONN_DATA_MAX;
}

/* Records into w->plain, behind the rest: one while it may be control, many when it is data. */
static int
read_records(struct conn *c, struct conn_work *w)
{
	size_t n = 0, cap = c->up ? CONN_PLAIN : CONN_RECORD;

	while (n + CONN_RECORD <= cap) {
		int k = tls_read(c->tls, w->plain + c->n_rest + n, CONN_RECORD);
		if (k <= 0)
			return n ? (int)n : k; /* an end is met again by the next call */
		n += (size_t)k;
	}
	return (int)n;
}

/* Keeps what is left of the plaintext for the next step. */
static bool
keep_rest(struct conn *c, struct view v)
{
	if (v.n > c->rest_cap) {
		uint8_t *bigger = malloc(v.n < SSTP_INPUT_MAX ? SSTP_INPUT_MAX : v.n);
		if (!bigger)
			return false;
		if (c->rest)
			secret_wipe_bytes(c->rest, c->rest_cap);
		free(c->rest);
		c->rest = bigger;
		c->rest_cap = v.n < SSTP_INPUT_MAX ? SSTP_INPUT_MAX : v.n;
	}
	if (v.n)
		memmove(c->rest, v.p, v.n);
	c->n_rest = v.n;
	if (v.n == 0 && c->rest && !c->up) { /* of the way here; an idle session needs none */
		secret_wipe_bytes(c->rest, c->rest_cap);
		free(c->rest);
		c->rest = NULL;
		c->rest_cap = 0;
	}
	return true;
}

/* Takes messages off the stream until it is used up, a question arises or the end comes. */
static unsigned int
walk(struct conn *c, struct conn_work *w, struct view stream, const struct now *now)
{
	unsigned int ev = 0;
	size_t used = 1;

	w->passed = NULL;
	while (stream.n && used && !c->down && !(ev & (CONN_ASK_AUTH | CONN_ASK_LEASE)) &&
	       w->join.n_pieces < TRAIN_PACKETS_MAX) {
		used = conn_take_data(c, w, stream, now, &ev);
		if (used == 0) {
			used = sstp_input(c->sstp, stream, now, &w->sstp_fx);
			ev |= conn_run_sstp(c, w, now);
		}
		ev |= conn_follow_up(c, w, now);
		must(used <= stream.n);
		stream = view_of(stream.p + used, stream.n - used);
	}
	train_join_end(&w->join);
	c->rest_ready = used != 0 && stream.n != 0;
	if (c->down)
		return ev;
	if (!c->rest_ready && stream.n >= SSTP_INPUT_MAX)
		return ev | conn_end(c, CAUSE_SSTP_BAD_PACKET, false, now);
	if (!keep_rest(c, stream))
		return ev | conn_end(c, CAUSE_NO_MEMORY, false, now);
	return ev;
}

/*
 * sstpc (sstp-client 1.0.18) ends at once when the whole TLS handshake comes without a wait, as
 * it then never arms its reader ("The event loop terminated unsuccessfully"): so a server's first
 * answer is held for conf.pace_ms on paths that are quicker than that. tests/interop/sstp.sh.
 */
static void
pace_answer(struct conn *c, const struct now *now)
{
	if (c->conf->side == SIDE_CLIENT || c->paced || tls_out(c->tls).n == 0)
		return;
	c->paced = true;
	if (c->rtt_ms < c->conf->pace_ms)
		c->held_until_ms = now->ms + c->conf->pace_ms;
}

void
conn_set_rtt(struct conn *c, uint32_t rtt_ms)
{
	c->rtt_ms = rtt_ms;
}

unsigned int
conn_step(struct conn *c, struct conn_work *w, const struct now *now, bool *more)
{
	int n = 0;

	*more = false;
	train_join_reset(&w->join);
	if (c->down)
		return 0;
	if (!c->tls_open) {
		enum tls_state state = tls_step(c->tls);
		pace_answer(c, now);
		switch (state) {
		case TLS_HANDSHAKE:
			c->turn_ms = tls_wants_turn(c->tls) ? now->ms + CONN_TURN_MS : 0;
			return 0;
		case TLS_WANTS_SIGNATURE:
			if (c->sign_asked)
				return 0;
			c->sign_asked = true;
			c->handshake_deadline_ms =
			    deadline_min(c->handshake_deadline_ms, now->ms + CONN_SIGN_MS);
			return CONN_ASK_SIGN;
		case TLS_OPEN:
			*more = true;
			return on_tls_open(c, w, now);
		case TLS_CLOSED:
			return conn_lower_down(c, w, true, now);
		case TLS_FAILED:
			return on_tls_failed(c, w, now);
		}
	}
	if (!c->rest_ready) {
		n = read_records(c, w);
		if (n == 0)
			return 0;
		if (n < 0 && tls_step(c->tls) == TLS_FAILED)
			return on_tls_failed(c, w, now);
		if (n < 0)
			return conn_lower_down(c, w, true, now);
	}
	if (c->n_rest) {
		memcpy(w->plain, c->rest, c->n_rest);
		secret_wipe_bytes(c->rest, c->n_rest);
		if (c->rest_cap > SSTP_INPUT_MAX) { /* a batch that had to wait */
			free(c->rest);
			c->rest = NULL;
			c->rest_cap = 0;
		}
	}
	struct view stream = view_of(w->plain, c->n_rest + (size_t)n);
	c->n_rest = 0;
	unsigned int ev = walk(c, w, stream, now);
	if (w->join.n_pieces == 0) /* no data: it may have been a log-in with its password */
		secret_wipe_bytes(w->plain, stream.n);
	*more = !c->down;
	return ev;
}

struct tls_question
conn_sign_question(const struct conn *c)
{
	return tls_question(c->tls);
}

bool
conn_answer_sign(struct conn *c, struct view signature, enum cause why_not)
{
	if (!c->sign_asked || c->down)
		return false;
	c->sign_asked = false;
	tls_answer(c->tls, signature, why_not);
	return true;
}

/* The hours count from the decision; all else is the same for many and shared with them. */
static bool
take_terms(struct conn *c, const struct profile *granted, const struct now *now)
{
	struct profile p = *granted;
	const struct profile *kept;

	c->hours_end_ms =
	    p.hours_left_s ? now->ms + p.hours_left_s * UINT64_C(1000) : (uint64_t)NEVER_MS;
	p.hours_left_s = 0;
	kept = profile_keep(&p);
	if (!kept)
		return false;
	profile_drop(c->kept);
	c->profile = c->kept = kept;
	return true;
}

unsigned int
conn_answer_auth(
    struct conn *c, struct conn_work *w, const struct auth_answer *a, const struct now *now)
{
	unsigned int ev = 0;

	if (c->down || !c->ppp)
		return 0;
	train_join_reset(&w->join);
	if (a->ok) {
		ev |= conn_reach(c, STAGE_DECIDE, now);
		if (!take_terms(c, &a->profile, now))
			return ev | conn_end(c, CAUSE_NO_MEMORY, false, now);
	}
	c->refused = a->ok ? CAUSE_NONE : a->cause;
	ppp_answer_auth(c->ppp, a, now, &w->ppp_fx);
	ev |= conn_run_ppp(c, w, now);
	return ev | conn_follow_up(c, w, now);
}

unsigned int
conn_answer_lease(
    struct conn *c, struct conn_work *w, const struct lease_answer *a, const struct now *now)
{
	unsigned int ev = 0;

	if (c->down || !c->ppp)
		return 0;
	train_join_reset(&w->join);
	if (a->cause == CAUSE_NONE)
		ev |= conn_reach(c, STAGE_PLUMB, now);
	ppp_answer_lease(c->ppp, a, now, &w->ppp_fx);
	ev |= conn_run_ppp(c, w, now);
	return ev | conn_follow_up(c, w, now);
}

unsigned int
conn_close(struct conn *c, struct conn_work *w, enum cause cause, const struct now *now)
{
	if (c->down)
		return 0;
	train_join_reset(&w->join);
	if (!c->sstp)
		return conn_end(c, cause, false, now);
	attempt_end(&c->attempt, cause, PARTY_US, now);
	if (c->call_up) {
		ppp_close(c->ppp, cause, now, &w->ppp_fx);
		unsigned int ev = conn_run_ppp(c, w, now);
		c->todo |= TODO_PPP_DOWN;
		c->ppp_cause = cause;
		c->ppp_by_peer = false;
		return ev | conn_follow_up(c, w, now);
	}
	sstp_close(c->sstp, cause, now, &w->sstp_fx);
	return conn_run_sstp(c, w, now) | conn_follow_up(c, w, now);
}

unsigned int
conn_lower_down(struct conn *c, struct conn_work *w, bool orderly, const struct now *now)
{
	if (c->down)
		return 0;
	if (!c->sstp)
		return conn_end(c, CAUSE_TLS_PEER_CLOSED, orderly, now);
	if (orderly)
		sstp_lower_down(c->sstp, now, &w->sstp_fx);
	else
		sstp_lower_lost(c->sstp, now, &w->sstp_fx);
	unsigned int ev = conn_run_sstp(c, w, now);
	return ev | conn_end(c, CAUSE_SSTP_CLOSED, orderly, now);
}

/* When the policy's time for the session, or for its silence, is over. NEVER_MS: no such time. */
static uint64_t
session_deadline_ms(const struct conn *c)
{
	uint64_t d = NEVER_MS;

	if (!c->up)
		return d;
	if (c->profile->session_timeout_s)
		d = c->up_ms + c->profile->session_timeout_s * UINT64_C(1000);
	d = deadline_min(d, c->hours_end_ms);
	if (c->profile->idle_timeout_s)
		d = deadline_min(d, c->data_ms + c->profile->idle_timeout_s * UINT64_C(1000));
	return d;
}

static enum cause
session_cause(const struct conn *c, const struct now *now)
{
	uint64_t all_ms = c->profile->session_timeout_s * UINT64_C(1000);

	if (now->ms >= c->hours_end_ms)
		return CAUSE_ENDED_HOURS;
	return all_ms && now->ms >= c->up_ms + all_ms ? CAUSE_ENDED_SESSION_TIME : CAUSE_ENDED_IDLE;
}

unsigned int
conn_tick(struct conn *c, struct conn_work *w, const struct now *now)
{
	unsigned int ev = 0;

	if (c->down)
		return 0;
	train_join_reset(&w->join);
	if (now->ms >= c->held_until_ms)
		c->held_until_ms = 0;
	if (now->ms >= c->handshake_deadline_ms)
		return conn_end(c, c->sign_asked ? CAUSE_VAULT_DOWN : CAUSE_TLS_SILENT, false, now);
	if (now->ms >= c->turn_ms)
		c->turn_ms = 0; /* conn_step is called next */
	if (now->ms >= c->stall_deadline_ms)
		return conn_end(c, CAUSE_SSTP_STALLED, false, now);
	if (now->ms >= session_deadline_ms(c))
		return conn_close(c, w, session_cause(c, now), now);
	if (c->sstp && now->ms >= sstp_deadline_ms(c->sstp)) {
		sstp_tick(c->sstp, now, &w->sstp_fx);
		ev |= conn_run_sstp(c, w, now) | conn_follow_up(c, w, now);
	}
	if (!c->down && c->call_up)
		ev |= conn_link_tick(c, now);
	if (!c->down && c->call_up && now->ms >= ppp_deadline_ms(c->ppp)) {
		ppp_tick(c->ppp, now, &w->ppp_fx);
		ev |= conn_run_ppp(c, w, now) | conn_follow_up(c, w, now);
	}
	return ev;
}

uint64_t
conn_deadline_ms(const struct conn *c)
{
	uint64_t d = deadline_min(c->handshake_deadline_ms, c->stall_deadline_ms);

	if (c->down)
		return NEVER_MS;
	if (c->held_until_ms)
		d = deadline_min(d, c->held_until_ms);
	if (c->turn_ms)
		d = deadline_min(d, c->turn_ms);
	d = deadline_min(d, session_deadline_ms(c));
	if (c->sstp)
		d = deadline_min(d, sstp_deadline_ms(c->sstp));
	if (c->call_up)
		d = deadline_min(
		    d, deadline_min(ppp_deadline_ms(c->ppp), conn_link_deadline_ms(c)));
	return d;
}

struct view
conn_out(struct conn *c)
{
	return c->held_until_ms ? view_of(NULL, 0) : tls_out(c->tls);
}

void
conn_out_sent(struct conn *c, size_t n, const struct now *now)
{
	if (n)
		tls_out_drop(c->tls, n);
	if (tls_out(c->tls).n == 0)
		c->stall_deadline_ms = NEVER_MS;
	else if (n || c->stall_deadline_ms == NEVER_MS)
		c->stall_deadline_ms = now->ms + c->conf->stall_ms;
}

struct attempt *
conn_attempt(struct conn *c)
{
	return &c->attempt;
}

const struct ppp_ip *
conn_ip(const struct conn *c)
{
	return ppp_ip(c->ppp);
}

const struct conn_counts *
conn_counts(const struct conn *c)
{
	return &c->counts;
}

uint16_t
conn_mtu(const struct conn *c)
{
	return c->guard.peer_mru;
}

enum auth_method
conn_method(const struct conn *c)
{
	return c->ppp ? ppp_auth_method(c->ppp) : AUTH_NONE;
}

const struct profile *
conn_profile(const struct conn *c)
{
	return c->profile;
}

struct view
conn_user(const struct conn *c)
{
	return c->ppp ? ppp_peer_name(c->ppp) : view_of(NULL, 0);
}

bool
conn_is_down(const struct conn *c)
{
	return c->down;
}

bool
conn_is_up(const struct conn *c)
{
	return c->up;
}
