/* What the policy engine answers (guide section 4). Pure data, shared by aaa, net and diag. */
#ifndef ATTEMPT_DECISION_H
#define ATTEMPT_DECISION_H

#include "attempt/cause.h"
#include "attempt/profile.h"

enum verdict { VERDICT_DENY, VERDICT_GRANT, VERDICT_CONTINUE, VERDICT_DISCARD };

/* What settled it. */
enum decided_by { BY_POLICY, BY_ACCOUNT_PROPERTY, BY_CONSTRAINT, BY_NO_POLICY, BY_SERVER };

enum condition_kind {
	COND_NONE,
	COND_USER,     /* user name pattern */
	COND_GROUP,    /* member of any of the groups */
	COND_TUNNEL,   /* tunnel type is any of */
	COND_CLIENT,   /* outer address within a prefix */
	COND_METHOD,   /* authentication method is any of */
	COND_DISABLED, /* the policy is switched off */
	COND_HOURS,    /* day and time */
	COND_SERVER,   /* the address of ours that was called; a constraint only */
	N_COND,
};

#define POLICY_NAME_MAX 64u
#define TRACE_MAX 16u /* policies passed over that the trace names; the rest is counted */

struct policy_step {
	char policy[POLICY_NAME_MAX];
	enum condition_kind failed; /* the first condition that failed */
	char wanted[64], got[64];   /* printable */
};

struct policy_trace {
	uint16_t n_steps;
	uint32_t n_more; /* passed over but not kept */
	struct policy_step steps[TRACE_MAX];
};

struct decision {
	enum verdict verdict;
	enum cause cause;             /* why, unless VERDICT_GRANT */
	uint32_t policy_id;           /* the network policy that decided; 0 = none matched */
	char policy[POLICY_NAME_MAX]; /* its name */
	enum decided_by by;
	struct profile profile; /* valid only on VERDICT_GRANT */
	struct policy_trace trace;
};

const char *verdict_name(enum verdict v);
const char *decided_by_name(enum decided_by by);
const char *condition_name(enum condition_kind k);

#endif
