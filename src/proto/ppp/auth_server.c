/*
 * The server's side of authentication: it challenges, takes one proof, asks FX_ASK_AUTH and tells
 * the verdict (RFC 1334, RFC 1994, RFC 2759). It holds no password; vault and aaa judge.
 */
#include "proto/ppp/core.h"

#include <stdlib.h>

#define RETRY_WAIT_MS 60000u /* a person types a password: RFC 2759 section 6 */
#define MSCHAP2_VERSION 3u
#define E_AUTH_FAILURE 691u

/* The words after M=, by the number alone: they say no more than it. */
static const char *
failure_words(uint32_t error)
{
	switch (error) {
	case 646:
		return "Not allowed at this hour";
	case 647:
		return "Account disabled";
	case 648:
		return "Password expired";
	case 709:
		return "New password refused";
	case 649:
		return "No permission to dial in";
	default:
		return "Authentication failed";
	}
}

static void
out_send(struct turn *t, const struct wr *w)
{
	must(wr_done(w));
	t->p->auth.n_out = (uint16_t)wr_len(w);
	auth_send_stored(t);
}

static void
send_challenge(struct turn *t)
{
	struct ppp *p = t->p;
	struct auth *a = &p->auth;
	struct wr w = auth_out(p);

	now_draw(t->now, a->challenge, sizeof(a->challenge));
	a->id = p->cp_lcp.next_id++;
	chap_write_value(&w, CHAP_CHALLENGE, a->id, view_of(a->challenge, sizeof(a->challenge)),
	    view_of(
		p->conf->local_name, strnlen(p->conf->local_name, sizeof(p->conf->local_name))));
	a->sends_left = (uint8_t)(p->conf->max_configure ? p->conf->max_configure - 1 : 0);
	a->timer_ms = t->now->ms + p->conf->restart_ms;
	out_send(t, &w);
}

void
server_auth_start(struct turn *t)
{
	if (auth_protocol(t->p->auth.method) == PPP_PROTO_CHAP)
		send_challenge(t);
}

/* A text packet: PAP Ack or Nak, CHAP Success or Failure. */
static void
send_text(struct turn *t, bool ok, uint8_t id, struct view text)
{
	struct wr w = auth_out(t->p);

	if (t->p->auth.method == AUTH_PAP)
		pap_write_message(&w, ok ? PAP_ACK : PAP_NAK, id, text);
	else
		cp_write(&w, ok ? CHAP_SUCCESS : CHAP_FAILURE, id, text);
	out_send(t, &w);
}

/* The refusal in the words of the method. retry: MS-CHAPv2 only, with a challenge drawn before. */
static void
send_failure(struct turn *t, enum cause cause, uint8_t id, bool retry)
{
	const struct cause_info *info = cause_info(cause);
	uint32_t error = info->wire_kind == WIRE_MSCHAP_E ? info->wire_number : E_AUTH_FAILURE;
	struct mschap2_failure f = { .error = error,
		.retry = retry,
		.version = MSCHAP2_VERSION,
		.message = view_str(failure_words(error)) };
	uint8_t text[128];
	struct wr w = wr_over(text, sizeof(text));

	if (t->p->auth.method != AUTH_MSCHAPV2) {
		send_text(t, false, id, f.message);
		return;
	}
	memcpy(f.challenge, t->p->auth.challenge, sizeof(f.challenge));
	mschap2_write_failure(&w, &f);
	send_text(t, false, id, wr_view_of(&w));
}

static void
refuse(struct turn *t, enum cause cause, uint8_t id)
{
	send_failure(t, cause, id, false);
	NOTE(t, FACT_AUTH_RESULT, F_STR("refused"), F_STR(cause_info(cause)->name));
	core_fail(t, cause);
}

/* A mark of a response, to tell a copy from a new try (FNV-1a; a collision hurts its sender). */
static uint64_t
response_mark(const struct cp_packet *pk)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < pk->whole.n; i++)
		h = (h ^ pk->whole.p[i]) * 0x100000001b3u;
	return h;
}

static bool
keep_name(struct auth *a, struct view name)
{
	uint8_t *p = calloc(1, name.n ? name.n : 1);

	if (!p || !view_copy(name, p, name.n)) {
		free(p);
		return false;
	}
	free(a->name);
	a->name = p;
	a->n_name = (uint16_t)name.n;
	return true;
}

/* The question: who it is goes into fx->auth; the caller has filled in the proof. */
static void
ask(struct turn *t, const struct cp_packet *pk, struct view name)
{
	struct ppp *p = t->p;
	struct auth *a = &p->auth;
	struct auth_request *q = &t->fx->auth;

	must(view_copy(name, q->name, sizeof(q->name)));
	if (!keep_name(a, name)) {
		secret_wipe(&q->password);
		core_fail(t, CAUSE_NO_MEMORY);
		return;
	}
	q->n_name = a->n_name;
	q->method = a->method;
	q->tunnel = p->conf->tunnel;
	q->id = pk->id;
	if (a->method != AUTH_PAP) {
		q->n_challenge = sizeof(a->challenge);
		memcpy(q->challenge, a->challenge, sizeof(a->challenge));
	}
	a->answered_id = pk->id;
	a->answered_mark = response_mark(pk);
	a->state = AUTH_ASKED;
	a->asked_ever = true;
	a->timer_ms = NEVER_MS;
	p->ask_deadline_ms = t->now->ms + p->conf->answer_ms;
	NOTE(t, FACT_AUTH_SENT, F_STR(auth_method_name(a->method)), F_TEXT(name));
	fx_ask_auth(t->fx);
}

static void
fresh_question(struct turn *t)
{
	secret_wipe(&t->fx->auth.password);
	memset(&t->fx->auth, 0, sizeof(t->fx->auth));
}

void
server_auth_pap(struct turn *t, const struct cp_packet *pk)
{
	struct auth *a = &t->p->auth;
	struct pap_request req;
	struct rd_fault fault;

	if (pk->code != PAP_REQUEST) {
		core_note_ignored(t, "pap", "packet");
		return;
	}
	if (a->state == AUTH_DONE)
		auth_send_stored(t); /* RFC 1334 section 2.2.2: the Ack was lost */
	if (a->state != AUTH_WAIT)
		return;
	if (!pap_read_request(pk->data, &req, &fault)) {
		core_note_bad(t, PPP_PROTO_PAP, rd_error_name(fault.error), fault.at + CP_HEADER);
		return;
	}
	if (req.name.n == 0 || req.password.n == 0) { /* Q04 */
		refuse(t, CAUSE_AUTH_MALFORMED, pk->id);
		return;
	}
	fresh_question(t);
	must(secret_set(&t->fx->auth.password, req.password));
	ask(t, pk, req.name);
}

/* Whether this response is for the challenge that is out; says what to do with others. */
static bool
response_is_wanted(struct turn *t, const struct cp_packet *pk)
{
	struct auth *a = &t->p->auth;
	bool copy = pk->id == a->answered_id && response_mark(pk) == a->answered_mark;

	if (a->state == AUTH_ASKED && copy)
		return false;
	if (a->state == AUTH_DONE && pk->id == a->answered_id) {
		auth_send_stored(t); /* RFC 1994 section 4.1: the Success was lost */
		return false;
	}
	if (a->state == AUTH_AGAIN && copy) {
		auth_send_stored(t);
		return false;
	}
	if (a->state == AUTH_CHANGE && copy) {
		auth_send_stored(t);
		return false;
	}
	/* After a retry the identifier goes up by one; some peers leave it. */
	if (a->state == AUTH_AGAIN && (pk->id == a->id || pk->id == a->answered_id))
		return true;
	if (a->state == AUTH_WAIT && pk->id == a->id)
		return true;
	core_note_ignored(t, "chap", "response-to-old-challenge"); /* Q06 */
	return false;
}

/* RFC 2759 section 7: the name is that of the Response before. Attack Q08. */
static void
on_change(struct turn *t, const struct cp_packet *pk)
{
	struct auth *a = &t->p->auth;
	struct auth_request *q = &t->fx->auth;
	struct mschap2_change c;
	struct rd_fault fault;

	bool copy = pk->id == a->answered_id && response_mark(pk) == a->answered_mark;
	if (copy && a->state == AUTH_DONE)
		auth_send_stored(t); /* the Success was lost */
	if (a->state != AUTH_CHANGE || (pk->id != a->id && pk->id != a->answered_id)) {
		core_note_ignored(t, "chap", "change-password");
		return;
	}
	if (!mschap2_read_change(pk->data, &c, &fault)) {
		core_note_bad(t, PPP_PROTO_CHAP, rd_error_name(fault.error), fault.at + CP_HEADER);
		refuse(t, CAUSE_AUTH_MALFORMED, pk->id);
		return;
	}
	fresh_question(t);
	q->change = true;
	memcpy(q->change_block, c.block, sizeof(q->change_block));
	memcpy(q->change_hash, c.hash, sizeof(q->change_hash));
	memcpy(q->peer_challenge, c.peer_challenge, sizeof(q->peer_challenge));
	memcpy(q->nt_response, c.nt_response, sizeof(q->nt_response));
	secret_wipe_bytes(&c, sizeof(c));
	a->changing = true;
	uint8_t name[NAME_MAX_BYTES]; /* ask() keeps the name anew */
	memcpy(name, a->name, a->n_name);
	ask(t, pk, view_of(name, a->n_name));
}

void
server_auth_chap(struct turn *t, const struct cp_packet *pk)
{
	struct auth *a = &t->p->auth;
	struct auth_request *q = &t->fx->auth;
	struct chap_value v;
	struct mschap2_value ms;
	struct rd_fault fault;

	if (pk->code == CHAP_CHANGE && a->method == AUTH_MSCHAPV2) {
		on_change(t, pk);
		return;
	}
	if (pk->code != CHAP_RESPONSE) {
		core_note_ignored(t, "chap", "packet");
		return;
	}
	if (!response_is_wanted(t, pk))
		return;
	if (!chap_read_value(pk->data, &v, &fault)) {
		core_note_bad(t, PPP_PROTO_CHAP, rd_error_name(fault.error), fault.at + CP_HEADER);
		return;
	}
	bool fits =
	    a->method == AUTH_CHAP ? v.value.n == CHAP_MD5_VALUE : mschap2_read_value(v.value, &ms);
	if (!fits || v.name.n == 0 || v.name.n > NAME_MAX_BYTES) { /* Q05 */
		refuse(t, CAUSE_AUTH_MALFORMED, pk->id);
		return;
	}
	fresh_question(t);
	if (a->method == AUTH_CHAP) {
		must(view_copy(v.value, q->chap_digest, sizeof(q->chap_digest)));
	} else {
		memcpy(q->peer_challenge, ms.peer_challenge, sizeof(q->peer_challenge));
		memcpy(q->nt_response, ms.nt_response, sizeof(q->nt_response));
		q->flags = ms.flags;
	}
	ask(t, pk, v.name);
}

static void
accept_peer(struct turn *t, const struct auth_answer *answer)
{
	struct auth *a = &t->p->auth;
	uint8_t text[80];
	struct wr w = wr_over(text, sizeof(text));

	if (a->method == AUTH_MSCHAPV2)
		wr_fmt(&w, "%.42s M=", answer->success);
	wr_str(&w, "Welcome");
	send_text(t, true, a->answered_id, wr_view_of(&w));
	memset(a->hlak, 0, sizeof(a->hlak));
	a->has_keys = a->method == AUTH_MSCHAPV2 && answer->has_keys;
	if (a->method == AUTH_MSCHAPV2 && answer->has_keys) {
		/* The client's MasterSendKey is what the server receives with. */
		memcpy(a->hlak, answer->server_recv_key, 16);
		memcpy(a->hlak + 16, answer->server_send_key, 16);
	}
	auth_keep_little(t->p);
	a->state = AUTH_DONE;
	NOTE(t, FACT_AUTH_RESULT, F_STR("accepted"), F_STR(auth_method_name(a->method)));
	core_auth_done(t);
}

/* A failure that is not the end: a new challenge; the short timers stand still meanwhile. */
static void
wait_for_more(struct turn *t, enum auth_state state)
{
	struct auth *a = &t->p->auth;

	now_draw(t->now, a->challenge, sizeof(a->challenge));
	a->id = (uint8_t)(a->answered_id + 1);
	a->state = state;
	a->timer_ms = t->now->ms + RETRY_WAIT_MS;
}

/* E=648 with a challenge: it may change the password; that is no retry, so R=0. RFC 2759 section 6.
 */
static void
offer_change(struct turn *t, enum cause cause)
{
	struct auth *a = &t->p->auth;

	a->wait_cause = cause;
	wait_for_more(t, AUTH_CHANGE);
	send_failure(t, cause, a->answered_id, false);
	NOTE(t, FACT_AUTH_CHANGE, F_STR("offered"));
}

static bool
may_change(const struct auth *a, enum cause cause)
{
	return a->method == AUTH_MSCHAPV2 && !a->changing &&
	       (cause == CAUSE_PASSWORD_EXPIRED || cause == CAUSE_PASSWORD_MUST_CHANGE);
}

/* RFC 2759 section 6: R=1 with a new challenge. */
static void
offer_retry(struct turn *t, enum cause cause)
{
	struct auth *a = &t->p->auth;

	a->retries_left--;
	wait_for_more(t, AUTH_AGAIN);
	send_failure(t, cause, a->answered_id, true);
	NOTE(t, FACT_AUTH_RETRY, F_U(a->retries_left + 1u));
}

void
server_auth_answer(struct turn *t, const struct auth_answer *answer)
{
	struct ppp *p = t->p;
	struct auth *a = &p->auth;
	enum cause cause = answer->cause ? answer->cause : CAUSE_AUTH_REFUSED;

	if (a->state != AUTH_ASKED)
		return;
	p->ask_deadline_ms = NEVER_MS;
	/* MS-CHAPv2 without its keys would leave the crypto binding with a key everybody knows. */
	if (answer->ok && a->method == AUTH_MSCHAPV2 && !answer->has_keys)
		refuse(t, CAUSE_VAULT_DOWN, a->answered_id);
	else if (answer->ok)
		accept_peer(t, answer);
	else if (may_change(a, cause))
		offer_change(t, cause);
	else if (a->method == AUTH_MSCHAPV2 && !a->changing && answer->may_retry &&
		 a->retries_left > 0)
		offer_retry(t, cause);
	else
		refuse(t, cause, a->answered_id);
}
