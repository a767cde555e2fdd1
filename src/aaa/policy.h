/*
 * The network policy engine: one pure function from policies, request, account and time to a
 * decision (guide section 4). The first policy whose conditions all match decides; what it then
 * refuses, no later one may grant. Serves R41, R43, R44, R90, R92 and attack B06.
 *
 * A policy set is an immutable generation, reference-counted: a session keeps the one it began
 * under.
 */
#ifndef AAA_POLICY_H
#define AAA_POLICY_H

#include "aaa/accounts.h"
#include "aaa/policy_hash.h"
#include "attempt/decision.h"

struct conf;
struct policy_set;

/* What is asked. All views are borrowed. */
struct policy_request {
	struct view user; /* normal form, without domain */
	struct view full; /* folded, as sent, domain included; may be empty */
	enum auth_method method;
	enum tunnel_kind tunnel;
	struct ip_addr client; /* outer address of the peer */
	struct ip_addr server; /* the address it called; none = not known */
};

/* Builds the set of a configuration, copying what it needs. NULL: out of memory. */
struct policy_set *policy_set_new(const struct conf *c);
struct policy_set *policy_set_ref(struct policy_set *s);
void policy_set_unref(struct policy_set *s); /* NULL is fine */

/* POLICY_HASH bytes that name the set in the history. */
const uint8_t *policy_set_hash(const struct policy_set *s);

size_t policy_set_count(const struct policy_set *s);

/* The methods that a policy (by its number; 0: the server) allows, as AUTH_BIT()s. */
unsigned int policy_set_methods(const struct policy_set *s, uint32_t policy_id);

/* Whether a policy (by its number) says not to look at an account's dial-in properties. */
bool policy_set_ignores_dialin(const struct policy_set *s, uint32_t policy_id);

/*
 * Decides. account is NULL for a name that nobody has (policy explain): no groups, no permission of
 * its own. unix_s is the wall clock, for day and time. Its work does not grow with what policies
 * demand of others: an index finds the first that matches (policy_index.c), and only the first
 * TRACE_MAX that were passed over are looked at for their reason.
 */
void policy_decide(const struct policy_set *s, const struct policy_request *r,
    const struct account *account, int64_t unix_s, struct decision *out);

/*
 * One condition of one policy against one request, or one constraint. wanted and got are printable.
 */
#define POLICY_TEXT_MAX 256u

struct policy_test {
	enum condition_kind kind; /* constraints: COND_METHOD, COND_HOURS, ... in their own list */
	bool met;
	char wanted[POLICY_TEXT_MAX], got[POLICY_TEXT_MAX];
};

/* A policy against a request, complete: what `policy explain` prints (R92). */
struct policy_report {
	const char *name; /* borrowed from the set */
	uint32_t id, order;
	bool enabled, grant, ignore_dialin;
	bool matches; /* enabled, and all conditions are met */
	bool decides; /* and it is the first that does */
	unsigned int n_conditions, n_constraints;
	struct policy_test conditions[N_COND], constraints[N_COND];
};

/*
 * Hands every policy in order to fn, which returns false to stop. The same answers as
 * policy_decide, found one by one.
 */
typedef bool (*policy_report_fn)(void *ctx, const struct policy_report *r);
void policy_report_all(const struct policy_set *s, const struct policy_request *r,
    const struct account *account, int64_t unix_s, policy_report_fn fn, void *ctx);

#endif
