/*
 * The decision. See policy.h. Order of the questions: which policy speaks (first match), who has
 * permission (account over policy), what the policy constrains, what the account constrains.
 */
#include "aaa/policy_priv.h"

/*
 * The first policy whose conditions all match. Of those passed over the first go into the trace,
 * for what failed first; the rest is counted.
 */
static const struct policy *
find_policy(const struct policy_set *s, const struct policy_request *r,
    const struct account *account, const struct policy_moment *at, struct policy_trace *trace)
{
	uint32_t found = policy_index_find(s->index, r, account, at);

	for (uint32_t i = 0; i < found && i < TRACE_MAX; i++) {
		struct policy_step *step = &trace->steps[i];
		must(policy_match(&s->policies[i], r, account, at, step) != COND_NONE);
		memcpy(step->policy, s->policies[i].name, sizeof(step->policy));
		trace->n_steps++;
	}
	trace->n_more = found - trace->n_steps;
	return found < s->n ? &s->policies[found] : NULL;
}

static void
deny(struct decision *out, enum cause cause, enum decided_by by)
{
	out->verdict = VERDICT_DENY;
	out->cause = cause;
	out->by = by;
}

/*
 * Permission (R43b, R90): the account's word counts before the policy's, unless the policy says not
 * to look at it. True when there is permission; out->by then says whose.
 */
static bool
has_permission(const struct policy *p, const struct account *account, struct decision *out)
{
	enum dialin dialin = DIALIN_BY_POLICY;

	if (account && !p->ignore_dialin)
		dialin = account->dialin;
	out->by = dialin == DIALIN_BY_POLICY ? BY_POLICY : BY_ACCOUNT_PROPERTY;
	switch (dialin) {
	case DIALIN_DENY:
		deny(out, CAUSE_DIALIN_DENIED, BY_ACCOUNT_PROPERTY);
		return false;
	case DIALIN_ALLOW:
		return true;
	case DIALIN_BY_POLICY:
		if (p->grant)
			return true;
		deny(out, CAUSE_POLICY_DENIES, BY_POLICY);
		return false;
	}
	return false;
}

void
policy_decide(const struct policy_set *s, const struct policy_request *r,
    const struct account *account, int64_t unix_s, struct decision *out)
{
	struct policy_moment at = { .unix_s = unix_s };
	enum cause cause;

	*out = (struct decision){ 0 };
	if (s->has_hours)
		at.minute = hours_minute(unix_s);
	const struct policy *p = find_policy(s, r, account, &at, &out->trace);
	if (!p) {
		deny(out, CAUSE_POLICY_NONE, BY_NO_POLICY);
		return;
	}
	out->policy_id = p->id;
	memcpy(out->policy, p->name, sizeof(out->policy));
	if (!has_permission(p, account, out))
		return;
	cause = policy_constrain(p, r, &at);
	if (cause != CAUSE_NONE) {
		deny(out, cause, BY_CONSTRAINT);
		return;
	}
	if (account && !p->ignore_dialin && !caller_covers(account->caller_id, &r->client)) {
		deny(out, CAUSE_CALLER_ID, BY_ACCOUNT_PROPERTY);
		return;
	}
	out->verdict = VERDICT_GRANT;
	out->profile = p->profile;
	if (p->allow_hours.set)
		out->profile.hours_left_s = hours_left_s(&p->allow_hours, unix_s);
}
