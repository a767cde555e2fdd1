/*
 * The change of an expired password over MS-CHAPv2 in the engine (RFC 2759 section 7, R34): vault
 * proves and seals, then everything else is decided as for a log-in, then record commits, and only
 * then the peer is answered. Without record nothing has changed anywhere. See engine.h.
 */
#include "aaa/engine_priv.h"

#define COMMIT_MARGIN_MS 1000u /* for the commit itself and its answer */

static enum cause
rule_cause(uint8_t result)
{
	return result == CHECK_NEW_SHORT || result == CHECK_NEW_SAME || result == CHECK_NEW_BAD
	           ? CAUSE_NEW_PASSWORD
	           : CAUSE_NONE;
}

static const char *
result_text(uint8_t result)
{
	switch (result) {
	case CHECK_YES:
		return "accepted";
	case CHECK_NEW_SHORT:
		return "shorter than password-length";
	case CHECK_NEW_SAME:
		return "the same as the old one";
	case CHECK_NEW_BAD:
		return "it cannot be kept: at most 512 bytes of UTF-8";
	default: /* a byte of a message */
		return "the old password is not proven";
	}
}

/* The state of an account that is about to get a new password. R36: not an administrator's. */
static enum cause
state_without_password(const struct engine *e, const struct account *a, const struct now *now)
{
	enum cause use = account_use_cause(a, now);
	enum cause password = account_password_cause(a, &e->rules, now->unix_us / 1000000);

	return use == CAUSE_NONE && password == CAUSE_PASSWORD_ADMIN ? password : use;
}

static void
note_result(struct engine *e, const struct session *s, const char *text, const struct now *now)
{
	struct fact f = FACT_MAKE(FACT_PASSWORD_CHANGE, F_STR(text));

	engine_note(e, s, &f, now);
}

/* What a refused message means: nobody is there, or it is full. */
static void
not_sent(struct engine *e, struct session *s, const char *role, enum engine_sent sent,
    enum cause nobody, const struct now *now)
{
	struct fact f = FACT_MAKE(FACT_ROLE_LOST, F_STR(role), F_STR("it is being started anew"));

	session_answered(e, s);
	if (sent == SENT_NOBODY)
		engine_note(e, s, &f, now);
	engine_refuse(e, s, sent == SENT_FULL ? CAUSE_IPC_BACKLOG : nobody, now);
}

void
engine_ask_change(
    struct engine *e, struct session *s, const struct auth_request *q, const struct now *now)
{
	struct msg m = { .id = MSG_CHANGE_SECRET };
	enum engine_sent sent;

	session_wait(e, s, WAIT_CHANGE, now);
	m.u.change.question = s->question;
	m.u.change.account = s->account;
	m.u.change.min_length = e->rules.password_length;
	m.u.change.request = *q;
	sent = engine_send(e, ROLE_VAULT, 0, &m);
	secret_wipe_bytes(&m, sizeof(m));
	if (sent != SENT_OK)
		not_sent(e, s, "vault", sent, CAUSE_VAULT_DOWN, now);
}

static void
ask_record(struct engine *e, struct session *s, const struct msg_changed *c, const struct now *now)
{
	struct msg m = { .id = MSG_PASSWORD_SET };
	enum engine_sent sent;

	view_text(c->success, s->change.success, sizeof(s->change.success));
	memcpy(s->change.server_send, c->server_send, sizeof(s->change.server_send));
	memcpy(s->change.server_recv, c->server_recv, sizeof(s->change.server_recv));
	session_wait(e, s, WAIT_COMMIT, now);
	m.u.password_set.question = s->question;
	m.u.password_set.account = s->account;
	/* not later: the peer would have been told that nothing was changed */
	m.u.password_set.until_ms = s->deadline_ms - COMMIT_MARGIN_MS;
	m.u.password_set.hash = c->hash;
	m.u.password_set.reversible = c->reversible;
	sent = engine_send(e, ROLE_RECORD, 0, &m);
	if (sent != SENT_OK)
		not_sent(e, s, "record", sent, CAUSE_STORE_DOWN, now);
}

void
engine_on_changed(struct engine *e, const struct msg_changed *m, const struct now *now)
{
	struct session *s = session_asked(e, m->question, WAIT_CHANGE);
	struct outcome o = { .verified = "right, and a new one came with it" };
	struct decision d;

	if (!s)
		return; /* the attempt ended in the meantime */
	session_answered(e, s);

	const struct account *a = s->account ? roster_by_id(e->roster, s->account) : NULL;
	note_result(e, s, result_text(m->result), now);
	o.cause = a ? rule_cause(m->result) : CAUSE_NONE;
	if (o.cause == CAUSE_NONE)
		o.cause = engine_proof_cause(s, a, m->result);
	if (o.cause != CAUSE_NONE && o.cause != CAUSE_NEW_PASSWORD)
		o.verified = "the old password is wrong";
	if (o.cause != CAUSE_NEW_PASSWORD)
		o.cause = engine_lockout(e, s, o.cause, now);
	if (o.cause == CAUSE_NONE) { /* who would not get in does not change anything */
		engine_judge_session(e, s, a, state_without_password(e, a, now), now, &d);
		o.d = &d;
		o.cause = d.cause;
	}
	if (o.cause == CAUSE_NONE)
		o.cause = engine_take_terms(e, s, a, &d);
	if (o.cause == CAUSE_NONE)
		ask_record(e, s, m, now);
	else
		engine_settle(e, s, &o, now);
}

/* It is in the store: the peer is let in on the terms of the decision before. */
static void
admit(struct engine *e, struct session *s, const struct now *now)
{
	struct msg_check_reply keys = { .result = CHECK_YES };
	struct outcome o = { .keys = &keys, .verified = "right, and a new one came with it" };
	const struct account *a = s->account ? roster_by_id(e->roster, s->account) : NULL;
	struct decision d;

	note_result(e, s, "stored", now);
	keys.success = view_str(s->change.success);
	memcpy(keys.server_send, s->change.server_send, sizeof(keys.server_send));
	memcpy(keys.server_recv, s->change.server_recv, sizeof(keys.server_recv));
	if (a) {
		engine_judge_session(e, s, a, state_without_password(e, a, now), now, &d);
		o.d = &d;
	}
	o.cause = a ? d.cause : CAUSE_NO_SUCH_USER; /* deleted in the meantime */
	engine_settle(e, s, &o, now);
	secret_wipe_bytes(&keys, sizeof(keys));
}

void
engine_on_password_set_done(
    struct engine *e, const struct msg_password_set_done *m, const struct now *now)
{
	struct session *s = session_asked(e, m->question, WAIT_COMMIT);
	struct fact f = FACT_MAKE(FACT_PASSWORD_CHANGE, F_TEXT(m->error));

	if (!s)
		return; /* the attempt ended in the meantime: the new password is kept */
	session_answered(e, s);
	if (m->ok) {
		admit(e, s, now);
		return;
	}
	secret_wipe_bytes(&s->change, sizeof(s->change));
	engine_note(e, s, &f, now);
	engine_refuse(e, s, CAUSE_STORE_DOWN, now);
}

void
engine_change_lost(struct engine *e, struct session *s, const char *lost_how, const struct now *now)
{
	bool vault = s->wait == WAIT_CHANGE;
	const char *role = vault ? "vault" : "record";
	struct fact lost = FACT_MAKE(FACT_ROLE_LOST, F_STR(role), F_STR(lost_how ? lost_how : ""));
	struct fact silent = FACT_MAKE(
	    FACT_NO_ANSWER, F_STR(role), F_STR("change of a password"), F_U(now->ms - s->began_ms));

	session_answered(e, s);
	secret_wipe_bytes(&s->change, sizeof(s->change));
	engine_note(e, s, lost_how ? &lost : &silent, now);
	engine_refuse(e, s, vault ? CAUSE_VAULT_DOWN : CAUSE_STORE_DOWN, now);
}
