/* The inside of a policy set, shared by policy*.c only. See policy.h. */
#ifndef AAA_POLICY_PRIV_H
#define AAA_POLICY_PRIV_H

#include "aaa/policy.h"
#include "aaa/ports.h"
#include "conf/conf.h"

struct policy {
	char name[POLICY_NAME_MAX];
	uint32_t id, order;
	bool enabled, grant, ignore_dialin;
	/* conditions */
	unsigned int n_users, n_groups, n_clients;
	char **users;  /* folded patterns */
	char **groups; /* folded patterns */
	struct ip_prefix *clients;
	unsigned int tunnel_mask, method_condition;
	struct hours hours;
	/* constraints */
	unsigned int method_mask; /* resolved: never more than the server allows */
	unsigned int allow_tunnels;
	unsigned int n_allow_servers;
	struct ip_prefix *allow_servers;
	struct hours allow_hours;
	struct profile profile; /* resolved */
};

struct policy_index;

struct policy_set {
	unsigned int refs;
	unsigned int server_methods;
	uint32_t n;
	bool has_hours;          /* somebody asks for the time */
	struct policy *policies; /* ascending */
	struct policy_index *index;
	uint8_t hash[POLICY_HASH];
};

/* What is looked up once for a whole walk over policies. */
struct policy_moment {
	int64_t unix_s;
	unsigned int minute; /* of the week; only where the set has hours */
};

/*
 * Tests the conditions of one policy. COND_NONE when all match; else the first that does not, with
 * what it wants and what there was, printable, in step (whose policy name is left alone; may be
 * NULL).
 */
enum condition_kind policy_match(const struct policy *p, const struct policy_request *r,
    const struct account *account, const struct policy_moment *at, struct policy_step *step);

/* All conditions and constraints of one policy, for a report. */
void policy_describe(const struct policy *p, const struct policy_request *r,
    const struct account *account, const struct policy_moment *at, struct policy_report *out);

/* CAUSE_NONE, or the cause of the first constraint that is not met. */
enum cause policy_constrain(
    const struct policy *p, const struct policy_request *r, const struct policy_moment *at);

/* Whether the folded pattern (with * and ?) covers the folded text. Bounded: no blow-up (B06). */
bool pattern_covers(const char *pattern, struct view text);

/* Whether the client's address is on the account's list: addresses, prefixes or patterns. */
bool caller_covers(const char *list, const struct ip_addr *client);

/*
 * The index of a set, made when its policies are sorted; it borrows their names. policy_index_find
 * gives the first policy that matches, s->n when there is none. NULL: out of memory.
 */
struct policy_index *policy_index_new(const struct policy *policies, uint32_t n);
void policy_index_free(struct policy_index *x); /* NULL is fine */
uint32_t policy_index_find(const struct policy_index *x, const struct policy_request *r,
    const struct account *account, const struct policy_moment *at);

#endif
