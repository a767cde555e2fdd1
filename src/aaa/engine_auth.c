/* AUTHENTICATE and DECIDE in the engine. See engine.h for the order of the questions. */
#include "aaa/engine_priv.h"

#include <stdlib.h>

enum cause
engine_gate(const struct engine *e, enum tunnel_kind tunnel)
{
	if (!e->remote_access)
		return CAUSE_REMOTE_ACCESS_OFF;
	if (tunnel > TUNNEL_IKEV2 || !(e->tunnel_mask & 1u << tunnel))
		return CAUSE_TUNNEL_OFF;
	return CAUSE_NONE;
}

enum cause
engine_account_cause(const struct engine *e, const struct account *a, const struct now *now)
{
	enum cause cause = a ? account_use_cause(a, now) : CAUSE_NONE;

	if (!a || cause != CAUSE_NONE)
		return cause;
	return account_password_cause(a, &e->rules, now->unix_us / 1000000);
}

/* An account's state stands above what any policy says; the trace of the policies stays. */
static void
judge(const struct policy_set *terms, const struct policy_request *r, const struct account *account,
    enum cause state, const struct now *now, struct decision *out)
{
	policy_decide(terms, r, account, now->unix_us / 1000000, out);
	if (state == CAUSE_NONE)
		return;
	out->verdict = VERDICT_DENY;
	out->cause = state;
	out->by = BY_ACCOUNT_PROPERTY;
	out->policy_id = 0;
	out->policy[0] = 0;
	out->profile = (struct profile){ 0 };
}

void
engine_judge(const struct engine *e, const struct policy_set *terms, const struct policy_request *r,
    const struct account *account, const struct now *now, struct decision *out)
{
	judge(terms, r, account, engine_account_cause(e, account, now), now, out);
}

void
engine_judge_session(struct engine *e, const struct session *s, const struct account *a,
    enum cause state, const struct now *now, struct decision *out)
{
	struct policy_request r = { .user = view_of(s->claim->lookup.s, s->claim->lookup.n),
		.full = view_of(s->claim->full.s, s->claim->full.n),
		.method = s->method,
		.tunnel = s->tunnel,
		.client = s->client,
		.server = s->server };

	judge(s->terms, &r, a, state, now, out);
	engine_tell_decided(e, &(struct engine_decided){ .attempt = &s->attempt,
				   .terms = s->terms,
				   .request = &r,
				   .account = a,
				   .decision = out,
				   .unix_s = now->unix_us / 1000000 });
}

static void
fill_answer(struct auth_answer *a, const struct session *s, const struct outcome *o)
{
	a->ok = o->cause == CAUSE_NONE;
	a->cause = o->cause;
	a->may_retry = o->may_retry;
	if (!a->ok)
		return;
	a->profile = *session_terms(s);
	a->has_keys = o->keys->success.n > 0;
	if (!view_copy(o->keys->success, a->success, sizeof(a->success) - 1))
		a->has_keys = false;
	if (!a->has_keys)
		return;
	memcpy(a->server_send_key, o->keys->server_send, sizeof(a->server_send_key));
	memcpy(a->server_recv_key, o->keys->server_recv, sizeof(a->server_recv_key));
}

void
engine_settle(struct engine *e, struct session *s, const struct outcome *o, const struct now *now)
{
	const struct account *a = s->account ? roster_by_id(e->roster, s->account) : NULL;
	struct msg m = { .id = MSG_AUTH_REPLY_SECRET };
	struct msg_auth_reply *r = &m.u.auth_reply;

	engine_note_request(e, s, a, now);
	if (o->verified) {
		struct fact f = FACT_MAKE(FACT_VERIFIED, F_STR(o->verified));
		engine_note(e, s, &f, now);
	}
	if (o->d && a)
		engine_note_state(e, s, a, o->cause, now);
	if (o->d)
		engine_note_decision(e, s, o->d, now);
	if (o->cause == CAUSE_NONE || o->cause == CAUSE_NO_FREE_PORT)
		engine_note_ports(e, s, now);
	engine_send_facts(e, &s->attempt);

	r->attempt = s->attempt;
	r->seq = s->seq;
	r->policy = view_str(o->d ? o->d->policy : "");
	r->account = view_str(a ? a->name : "");
	fill_answer(&r->answer, s, o);
	/* without its answer the worker ends the attempt by its own timer; keep nothing for it */
	bool sent = engine_send(e, ROLE_NET, s->worker, &m) == SENT_OK;
	secret_wipe_bytes(&m, sizeof(m));
	free(s->claim);
	s->claim = NULL;
	if (!sent || !s->has_port)
		session_end(e, s, now);
}

void
engine_refuse(struct engine *e, struct session *s, enum cause cause, const struct now *now)
{
	struct outcome o = { .cause = cause };

	engine_settle(e, s, &o, now);
}

/* Nothing is kept for this one: not even a session could be made. */
static void
refuse_bare(struct engine *e, unsigned int index, const struct msg_auth *m, enum cause cause)
{
	struct msg r = { .id = MSG_AUTH_REPLY_SECRET };

	r.u.auth_reply.attempt = m->attempt;
	r.u.auth_reply.seq = m->seq;
	r.u.auth_reply.policy = r.u.auth_reply.account = view_str("");
	r.u.auth_reply.answer.cause = cause;
	if (engine_send(e, ROLE_NET, index, &r) != SENT_OK)
		return; /* the worker's own timer ends the attempt */
}

static bool
take_request(struct engine *e, struct session *s, const struct msg_auth *m, const struct now *now)
{
	const struct auth_request *q = &m->request;
	const struct account *a;
	struct peer_name name;

	if (!s->claim && !(s->claim = calloc(1, sizeof(*s->claim))))
		return false;
	s->seq = m->seq;
	s->began_ms = now->ms;
	s->tunnel = s->has_port ? s->tunnel : q->tunnel;
	s->method = q->method;
	s->client = m->peer.addr;
	s->server = m->local.addr;
	s->claim->n_sent = q->n_name <= NAME_MAX_BYTES ? q->n_name : 0;
	memcpy(s->claim->sent, q->name, s->claim->n_sent);
	policy_set_unref(s->terms);
	s->terms = policy_set_ref(e->policies);

	s->name_cause = name_read(&e->names, view_of(s->claim->sent, s->claim->n_sent), &name);
	s->claim->lookup = name.lookup;
	s->claim->full = name.full;
	a = s->name_cause == CAUSE_NONE ? roster_by_name(e->roster, &name.lookup) : NULL;
	s->account = a ? a->id : 0;
	s->other_known = !a && roster_by_name(e->roster, &name.other);
	return true;
}

/* Hands the proof to the vault, whoever it is about. */
static void
ask_vault(struct engine *e, struct session *s, const struct auth_request *q, const struct now *now)
{
	struct msg m = { .id = MSG_CHECK_SECRET };
	enum engine_sent sent;

	session_wait(e, s, WAIT_CHECK, now);
	m.u.check.question = s->question;
	m.u.check.account = s->account;
	m.u.check.request = *q;
	sent = engine_send(e, ROLE_VAULT, 0, &m);
	secret_wipe_bytes(&m, sizeof(m));
	if (sent == SENT_OK)
		return;
	session_answered(e, s);
	if (sent == SENT_NOBODY) {
		struct fact f = FACT_MAKE(FACT_ROLE_LOST, F_STR("vault"), F_STR(e->vault_how));
		engine_note(e, s, &f, now);
	}
	engine_refuse(e, s, sent == SENT_FULL ? CAUSE_IPC_BACKLOG : CAUSE_VAULT_DOWN, now);
}

void
engine_on_auth(
    struct engine *e, unsigned int index, const struct msg_auth *m, const struct now *now)
{
	struct session *s = session_find(e, &m->attempt);
	enum cause cause;

	e->asked |= engine_worker_bit(index);
	if (!e->policies || (s && s->worker != index))
		return; /* not configured, or another worker's attempt: no honest worker asks this
		         */
	if (s)
		session_answered(e, s); /* a newer proof takes the place of the older */
	else
		s = session_new(e, &m->attempt, index);
	if (!s || !take_request(e, s, m, now)) {
		refuse_bare(e, index, m, CAUSE_NO_MEMORY);
		if (s)
			session_end(e, s, now);
		return;
	}
	cause = engine_gate(e, s->tunnel);
	if (cause == CAUSE_NONE && !e->synced)
		cause = CAUSE_STORE_DOWN;
	if (cause == CAUSE_NONE && e->n_waiting >= ENGINE_WAITING_MAX)
		cause = CAUSE_IPC_BACKLOG;
	if (cause == CAUSE_NONE && m->request.change)
		engine_ask_change(e, s, &m->request, now);
	else if (cause == CAUSE_NONE)
		ask_vault(e, s, &m->request, now);
	else
		engine_refuse(e, s, cause, now);
}

enum cause
engine_proof_cause(const struct session *s, const struct account *a, uint8_t result)
{
	if (!a && s->name_cause != CAUSE_NONE)
		return s->name_cause;
	if (!a) /* R27: not merely a wrong name when the other encoding would have found it */
		return s->other_known ? CAUSE_NAME_ENCODING : CAUSE_NO_SUCH_USER;
	if (result == CHECK_YES)
		return CAUSE_NONE;
	if (result == CHECK_UNSUPPORTED)
		return CAUSE_POLICY_METHOD;
	if (result == CHECK_NO_SECRET)
		return a->has_password && s->method == AUTH_CHAP ? CAUSE_NO_REVERSIBLE
		                                                 : CAUSE_NO_PASSWORD_SET;
	return CAUSE_WRONG_PASSWORD;
}

static const char *
verified_text(enum cause cause)
{
	static const struct {
		enum cause cause;
		const char *text;
	} texts[] = {
		{ CAUSE_NONE, "right" },
		{ CAUSE_WRONG_PASSWORD, "wrong password" },
		{ CAUSE_NO_REVERSIBLE, "no password in reversible form is kept" },
		{ CAUSE_NO_PASSWORD_SET, "the account has no password" },
		{ CAUSE_POLICY_METHOD, "this method cannot be tested here" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].cause == cause)
			return texts[i].text;
	return "no account to test against";
}

/* The account's own address and routes count unless the policy says not to look at it. */
static bool
keep_terms(struct session *s, const struct account *a, const struct decision *d)
{
	bool own = !policy_set_ignores_dialin(s->terms, d->policy_id);
	struct profile p = d->profile;

	for (unsigned int i = 0; own && i < a->n_routes; i++)
		if (p.n_framed < PROFILE_ROUTES_MAX)
			p.framed[p.n_framed++] = a->routes[i];
	profile_drop(s->profile);
	s->profile = profile_keep(&p);
	s->fixed = own ? a->address : (struct ip_addr){ 0 };
	return s->profile != NULL;
}

/* A port, and the terms of the session; what is left of a decision that grants. */
enum cause
engine_take_terms(
    struct engine *e, struct session *s, const struct account *a, const struct decision *d)
{
	if (!s->has_port)
		s->has_port = ports_claim(&e->ports, s->tunnel);
	if (!s->has_port)
		return CAUSE_NO_FREE_PORT;
	return keep_terms(s, a, d) ? CAUSE_NONE : CAUSE_NO_MEMORY;
}

void
engine_on_check_reply(struct engine *e, const struct msg_check_reply *m, const struct now *now)
{
	struct session *s = session_asked(e, m->question, WAIT_CHECK);
	struct outcome o = { .keys = m };
	struct decision d;

	if (!s)
		return; /* the attempt ended in the meantime */
	session_answered(e, s);

	const struct account *a = s->account ? roster_by_id(e->roster, s->account) : NULL;
	o.cause = engine_proof_cause(s, a, m->result);
	o.verified = verified_text(o.cause);
	o.cause = engine_lockout(e, s, o.cause, now);
	/* all who have not proved the password get the same answer; a method we cannot do is final
	 */
	o.may_retry = o.cause != CAUSE_NONE && o.cause != CAUSE_POLICY_METHOD;
	if (o.cause == CAUSE_NONE) {
		engine_judge_session(e, s, a, engine_account_cause(e, a, now), now, &d);
		o.d = &d;
		o.cause = d.cause;
	}
	if (o.cause == CAUSE_NONE)
		o.cause = engine_take_terms(e, s, a, &d);
	engine_settle(e, s, &o, now);
}

void
engine_check_lost(struct engine *e, struct session *s, const char *lost, const struct now *now)
{
	session_answered(e, s);
	if (!lost) {
		struct fact f = FACT_MAKE(
		    FACT_NO_ANSWER, F_STR("vault"), F_STR("check"), F_U(now->ms - s->began_ms));
		engine_note(e, s, &f, now);
	} else {
		struct fact f = FACT_MAKE(FACT_ROLE_LOST, F_STR("vault"), F_STR(lost));
		engine_note(e, s, &f, now);
	}
	engine_refuse(e, s, CAUSE_VAULT_DOWN, now);
}
