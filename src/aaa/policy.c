/*
 * The decision. See policy.h. Order of the questions: which policy speaks (first match), who has
 * permission (account over policy), what the policy constrains, what the account constrains.
 */
#include "aaa/policy_priv.h"

/* The first policy whose conditions all match; those passed over go into the trace. */
static const struct policy *
find_policy(const struct policy_set *s, const struct policy_request *r,
    const struct account *account, struct policy_trace *trace)
{
	for (uint32_t i = 0; i < s->n; i++) {
		bool room = trace->n_steps < TRACE_MAX;
		struct policy_step *step = room ? &trace->steps[trace->n_steps] : NULL;
		if (policy_match(&s->policies[i], r, account, step) == COND_NONE)
			return &s->policies[i];
		if (!step) {
			trace->n_more++;
			continue;
		}
		memcpy(step->policy, s->policies[i].name, sizeof(step->policy));
		trace->n_steps++;
	}
	return NULL;
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
	(void)unix_s;
	*out = (struct decision){ 0 };

	const struct policy *p = find_policy(s, r, account, &out->trace);
	if (!p) {
		deny(out, CAUSE_POLICY_NONE, BY_NO_POLICY);
		return;
	}
	out->policy_id = p->id;
	memcpy(out->policy, p->name, sizeof(out->policy));
	if (!has_permission(p, account, out))
		return;
	if (!(p->method_mask & AUTH_BIT(r->method))) {
		deny(out, CAUSE_POLICY_METHOD, BY_CONSTRAINT);
		return;
	}
	if (account && !p->ignore_dialin && !caller_covers(account->caller_id, &r->client)) {
		deny(out, CAUSE_CALLER_ID, BY_ACCOUNT_PROPERTY);
		return;
	}
	out->verdict = VERDICT_GRANT;
	out->profile = p->profile;
}
