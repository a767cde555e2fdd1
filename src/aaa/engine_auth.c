/* AUTHENTICATE and DECIDE in the engine. See engine.h for the order of the questions. */
#include "aaa/engine_priv.h"

#include <stdio.h>
#include <time.h>

/* What is told of one request when it is settled. */
struct outcome {
	enum cause cause;
	const char *verified;     /* the vault's word for people; NULL: it was not asked */
	const struct decision *d; /* NULL: no policy was asked */
	const struct msg_check_reply *keys; /* when all is well */
	const struct profile *profile;      /* then as well: of policy and account together */
	bool may_retry;
};

enum cause
engine_gate(const struct engine *e, enum tunnel_kind tunnel)
{
	if (!e->remote_access)
		return CAUSE_REMOTE_ACCESS_OFF;
	if (tunnel > TUNNEL_IKEV2 || !(e->tunnel_mask & 1u << tunnel))
		return CAUSE_TUNNEL_OFF;
	return CAUSE_NONE;
}

/* R33: the state of the account, and then that of its password. */
static enum cause
account_cause(const struct engine *e, const struct account *a, const struct now *now)
{
	enum cause cause = a ? account_use_cause(a, now) : CAUSE_NONE;

	if (!a || cause != CAUSE_NONE)
		return cause;
	return account_password_cause(a, &e->rules, now->unix_us / 1000000);
}

void
engine_judge(const struct engine *e, const struct policy_set *terms, const struct policy_request *r,
    const struct account *account, const struct now *now, struct decision *out)
{
	enum cause state = account_cause(e, account, now);

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

static const char *
state_text(
    const struct engine *e, const struct session *s, const struct account *a, const struct now *now)
{
	if (!a)
		return s->name_cause == CAUSE_NO_SUCH_DOMAIN  ? "domain not ours"
		       : s->name_cause == CAUSE_NAME_ENCODING ? "not in the agreed encoding"
		       : s->other_known                       ? "known only in the other encoding"
		                                              : "no such account";
	return account_state_text(account_cause(e, a, now));
}

/* AUTH_ASKED and ACCOUNT: noted when the request is settled, with the time it came. */
static void
note_request(struct engine *e, struct session *s, const struct account *a, const struct now *now)
{
	struct view sent = view_of(s->sent, s->n_sent);
	struct now then = *now;
	struct fact f;

	then.unix_us -= (int64_t)(now->ms - s->began_ms) * 1000;
	then.ms = s->began_ms;
	f = FACT_MAKE(FACT_AUTH_ASKED, F_STR(auth_method_name(s->method)), F_TEXT(sent),
	    F_STR(tunnel_name(s->tunnel)));
	engine_note(e, s, &f, &then);
	f = FACT_MAKE(
	    FACT_ACCOUNT, F_TEXT(sent), F_STR(a ? a->name : "-"), F_STR(state_text(e, s, a, now)));
	engine_note(e, s, &f, &then);
}

static const char *
date_text(int64_t unix_s, int32_t utc_offset_s, char out[32])
{
	time_t t = (time_t)(unix_s + utc_offset_s);
	struct tm tm;

	if (unix_s == 0 || !gmtime_r(&t, &tm) || !strftime(out, 32, "%a %Y-%m-%d %H:%M", &tm))
		snprintf(out, 32, "never");
	return out;
}

/* The evidence behind a refusal for the hour or for the age of the password. */
static void
note_state(struct engine *e, const struct session *s, const struct account *a, enum cause cause,
    const struct now *now)
{
	char set[32], end[32], at[32];
	int64_t end_s = account_password_end(a, &e->rules);
	struct fact f;

	switch ((unsigned int)cause) { /* other causes need no more than their name */
	case CAUSE_LOGON_HOURS:
		f = FACT_MAKE(FACT_LOGON_HOURS, F_STR(a->hours),
		    F_STR(date_text(now->unix_us / 1000000, now->utc_offset_s, at)));
		break;
	case CAUSE_PASSWORD_EXPIRED:
	case CAUSE_PASSWORD_MUST_CHANGE:
	case CAUSE_PASSWORD_ADMIN:
		f = FACT_MAKE(FACT_PASSWORD_END,
		    F_STR(date_text(a->password_set_unix_s, now->utc_offset_s, set)),
		    F_STR(date_text(end_s, now->utc_offset_s, end)),
		    F_STR(a->must_change ? "must-change"
			  : end_s == a->password_expires_unix_s
			      ? "the account's own date"
			      : "password-age of the configuration"));
		break;
	default:
		return;
	}
	engine_note(e, s, &f, now);
}

static void
note_decision(
    struct engine *e, const struct session *s, const struct decision *d, const struct now *now)
{
	char server[64], policy[64];
	struct fact f;

	for (unsigned int i = 0; i < d->trace.n_steps; i++) {
		const struct policy_step *step = &d->trace.steps[i];
		f = FACT_MAKE(FACT_POLICY_PASSED_OVER, F_STR(step->policy),
		    F_STR(condition_name(step->failed)), F_STR(step->wanted), F_STR(step->got));
		engine_note(e, s, &f, now);
	}
	f = FACT_MAKE(FACT_POLICY_DECIDED, F_STR(d->policy[0] ? d->policy : "-"),
	    F_STR(verdict_name(d->verdict)), F_STR(decided_by_name(d->by)));
	engine_note(e, s, &f, now);
	f = FACT_MAKE(FACT_METHOD_LISTS,
	    F_STR(auth_mask_text(policy_set_methods(s->terms, 0), server, sizeof(server))),
	    F_STR(
		auth_mask_text(policy_set_methods(s->terms, d->policy_id), policy, sizeof(policy))),
	    F_STR(auth_method_name(s->method)));
	engine_note(e, s, &f, now);
}

static void
note_ports(struct engine *e, const struct session *s, const struct now *now)
{
	struct port_count c = ports_of(&e->ports, s->tunnel);
	struct fact f =
	    FACT_MAKE(FACT_PORTS, F_STR(tunnel_name(s->tunnel)), F_U(c.used), F_U(c.limit));

	engine_note(e, s, &f, now);
}

static void
fill_answer(struct auth_answer *a, const struct outcome *o)
{
	a->ok = o->cause == CAUSE_NONE;
	a->cause = o->cause;
	a->may_retry = o->may_retry;
	if (!a->ok)
		return;
	a->profile = *o->profile;
	a->has_keys = o->keys->success.n > 0;
	if (!view_copy(o->keys->success, a->success, sizeof(a->success) - 1))
		a->has_keys = false;
	if (!a->has_keys)
		return;
	memcpy(a->server_send_key, o->keys->server_send, sizeof(a->server_send_key));
	memcpy(a->server_recv_key, o->keys->server_recv, sizeof(a->server_recv_key));
}

/* Records and answers; s is gone afterwards unless it holds a port. */
static void
settle(struct engine *e, struct session *s, const struct outcome *o, const struct now *now)
{
	const struct account *a = s->account ? roster_by_id(e->roster, s->account) : NULL;
	struct msg m = { .id = MSG_AUTH_REPLY_SECRET };
	struct msg_auth_reply *r = &m.u.auth_reply;

	note_request(e, s, a, now);
	if (o->verified) {
		struct fact f = FACT_MAKE(FACT_VERIFIED, F_STR(o->verified));
		engine_note(e, s, &f, now);
	}
	if (o->d && a)
		note_state(e, s, a, o->cause, now);
	if (o->d)
		note_decision(e, s, o->d, now);
	if (o->cause == CAUSE_NONE || o->cause == CAUSE_NO_FREE_PORT)
		note_ports(e, s, now);
	engine_send_facts(e, &s->attempt);

	r->attempt = s->attempt;
	r->seq = s->seq;
	r->policy = view_str(o->d ? o->d->policy : "");
	r->account = view_str(a ? a->name : "");
	fill_answer(&r->answer, o);
	/* without its answer the worker ends the attempt by its own timer; keep nothing for it */
	bool sent = engine_send(e, ROLE_NET, s->worker, &m) == SENT_OK;
	secret_wipe_bytes(&m, sizeof(m));
	if (!sent || !s->has_port)
		session_end(e, s, now);
}

static void
refuse(struct engine *e, struct session *s, enum cause cause, const struct now *now)
{
	struct outcome o = { .cause = cause };

	settle(e, s, &o, now);
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

static void
take_request(struct engine *e, struct session *s, const struct msg_auth *m, const struct now *now)
{
	const struct auth_request *q = &m->request;
	const struct account *a;
	struct peer_name name;

	s->seq = m->seq;
	s->began_ms = now->ms;
	s->tunnel = s->has_port ? s->tunnel : q->tunnel;
	s->method = q->method;
	s->client = m->peer.addr;
	s->server = m->local.addr;
	s->n_sent = q->n_name <= NAME_MAX_BYTES ? q->n_name : 0;
	memcpy(s->sent, q->name, s->n_sent);
	policy_set_unref(s->terms);
	s->terms = policy_set_ref(e->policies);

	s->name_cause = name_read(&e->names, view_of(s->sent, s->n_sent), &name);
	s->lookup = name.lookup;
	s->full = name.full;
	a = s->name_cause == CAUSE_NONE ? roster_by_name(e->roster, &name.lookup) : NULL;
	s->account = a ? a->id : 0;
	s->other_known = !a && roster_by_name(e->roster, &name.other);
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
		struct fact f =
		    FACT_MAKE(FACT_ROLE_LOST, F_STR("vault"), F_STR("it is being started anew"));
		engine_note(e, s, &f, now);
	}
	refuse(e, s, sent == SENT_FULL ? CAUSE_IPC_BACKLOG : CAUSE_VAULT_DOWN, now);
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
	if (!s) {
		refuse_bare(e, index, m, CAUSE_NO_MEMORY);
		return;
	}
	take_request(e, s, m, now);
	cause = engine_gate(e, s->tunnel);
	if (cause == CAUSE_NONE && !e->synced)
		cause = CAUSE_STORE_DOWN;
	if (cause == CAUSE_NONE && e->n_waiting >= ENGINE_WAITING_MAX)
		cause = CAUSE_IPC_BACKLOG;
	if (cause == CAUSE_NONE)
		ask_vault(e, s, &m->request, now);
	else
		refuse(e, s, cause, now);
}

/* What the vault's word means for this name. CAUSE_NONE: the proof is good. */
static enum cause
proof_cause(const struct session *s, const struct account *a, uint8_t result)
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
static void
keep_terms(struct session *s, const struct account *a, const struct decision *d)
{
	bool own = !policy_set_ignores_dialin(s->terms, d->policy_id);

	s->profile = d->profile;
	for (unsigned int i = 0; own && i < a->n_routes; i++)
		if (s->profile.n_framed < PROFILE_ROUTES_MAX)
			s->profile.framed[s->profile.n_framed++] = a->routes[i];
	s->fixed = own ? a->address : (struct ip_addr){ 0 };
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
	o.cause = proof_cause(s, a, m->result);
	o.verified = verified_text(o.cause);
	/* all who have not proved the password get the same answer; a method we cannot do is final
	 */
	o.may_retry = o.cause != CAUSE_NONE && o.cause != CAUSE_POLICY_METHOD;
	if (o.cause == CAUSE_NONE) {
		struct policy_request r = { .user = view_of(s->lookup.s, s->lookup.n),
			.full = view_of(s->full.s, s->full.n),
			.method = s->method,
			.tunnel = s->tunnel,
			.client = s->client,
			.server = s->server };
		engine_judge(e, s->terms, &r, a, now, &d);
		engine_tell_decided(e, &(struct engine_decided){ .attempt = &s->attempt,
					   .terms = s->terms,
					   .request = &r,
					   .account = a,
					   .decision = &d,
					   .unix_s = now->unix_us / 1000000 });
		o.d = &d;
		o.cause = d.cause;
	}
	if (o.cause == CAUSE_NONE && !s->has_port) {
		s->has_port = ports_claim(&e->ports, s->tunnel);
		if (!s->has_port)
			o.cause = CAUSE_NO_FREE_PORT;
	}
	if (o.cause == CAUSE_NONE)
		keep_terms(s, a, &d);
	o.profile = &s->profile;
	settle(e, s, &o, now);
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
	refuse(e, s, CAUSE_VAULT_DOWN, now);
}
