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
};

/* Builds the set of a configuration, copying what it needs. NULL: out of memory. */
struct policy_set *policy_set_new(const struct conf *c);
struct policy_set *policy_set_ref(struct policy_set *s);
void policy_set_unref(struct policy_set *s); /* NULL is fine */

size_t policy_set_count(const struct policy_set *s);

/* The methods that a policy (by its number; 0: the server) allows, as AUTH_BIT()s. */
unsigned int policy_set_methods(const struct policy_set *s, uint32_t policy_id);

/* Whether a policy (by its number) says not to look at an account's dial-in properties. */
bool policy_set_ignores_dialin(const struct policy_set *s, uint32_t policy_id);

/*
 * Decides. account is NULL for a name that nobody has (policy explain): no groups, no permission of
 * its own. unix_s is the wall clock; conditions on day and time will read it.
 */
void policy_decide(const struct policy_set *s, const struct policy_request *r,
    const struct account *account, int64_t unix_s, struct decision *out);

#endif
