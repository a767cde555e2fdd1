/* The inside of a policy set, shared by policy.c, policy_set.c and policy_match.c only. */
#ifndef AAA_POLICY_PRIV_H
#define AAA_POLICY_PRIV_H

#include "aaa/policy.h"
#include "conf/conf.h"

struct policy {
	char name[POLICY_NAME_MAX];
	uint32_t id, order;
	bool enabled, grant, ignore_dialin;
	unsigned int n_users, n_groups, n_clients;
	char **users;  /* folded patterns */
	char **groups; /* folded names */
	struct ip_prefix *clients;
	unsigned int tunnel_mask, method_condition;
	unsigned int method_mask; /* resolved: never more than the server allows */
	struct profile profile;   /* resolved */
};

struct policy_set {
	unsigned int refs;
	unsigned int server_methods;
	uint32_t n;
	struct policy *policies; /* ascending */
};

/*
 * Tests the conditions of one policy. COND_NONE when all match; else the first that does not, with
 * what it wants and what there was, printable, in step (whose policy name is left alone; may be
 * NULL).
 */
enum condition_kind policy_match(const struct policy *p, const struct policy_request *r,
    const struct account *account, struct policy_step *step);

/* Whether the folded pattern (with * and ?) covers the folded text. Bounded: no blow-up (B06). */
bool pattern_covers(const char *pattern, struct view text);

/* Whether the client's address is on the account's list: addresses, prefixes or patterns. */
bool caller_covers(const char *list, const struct ip_addr *client);

#endif
