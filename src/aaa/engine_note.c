/* What the engine notes of a request: who asked, in which state the account is, what decided. */
#include "aaa/engine_priv.h"

#include <stdio.h>
#include <time.h>

static const char *
state_text(
    const struct engine *e, const struct session *s, const struct account *a, const struct now *now)
{
	if (!a)
		return s->name_cause == CAUSE_NO_SUCH_DOMAIN  ? "domain not ours"
		       : s->name_cause == CAUSE_NAME_ENCODING ? "not in the agreed encoding"
		       : s->other_known                       ? "known only in the other encoding"
		                                              : "no such account";
	return account_state_text(engine_account_cause(e, a, now));
}

/* AUTH_ASKED and ACCOUNT: noted when the request is settled, with the time it came. */
void
engine_note_request(
    struct engine *e, struct session *s, const struct account *a, const struct now *now)
{
	struct view sent = view_of(s->claim->sent, s->claim->n_sent);
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
void
engine_note_state(struct engine *e, const struct session *s, const struct account *a,
    enum cause cause, const struct now *now)
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

void
engine_note_decision(
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

void
engine_note_ports(struct engine *e, const struct session *s, const struct now *now)
{
	struct port_count c = ports_of(&e->ports, s->tunnel);
	struct fact f =
	    FACT_MAKE(FACT_PORTS, F_STR(tunnel_name(s->tunnel)), F_U(c.used), F_U(c.limit));

	engine_note(e, s, &f, now);
}
