/* Words of a decision. See decision.h. */
#include "attempt/decision.h"

const char *
verdict_name(enum verdict v)
{
	static const char *const names[] = { "deny", "grant", "continue", "discard" };

	return v <= VERDICT_DISCARD ? names[v] : "?";
}

const char *
decided_by_name(enum decided_by by)
{
	static const char *const names[] = { "policy", "account's dial-in permission", "constraint",
		"no matching policy", "server setting" };

	return by <= BY_SERVER ? names[by] : "?";
}

const char *
condition_name(enum condition_kind k)
{
	static const char *const names[] = { "none", "user", "group", "tunnel", "client-address",
		"authentication-method", "enabled", "day-and-time", "called-address" };

	return k < N_COND ? names[k] : "?";
}
