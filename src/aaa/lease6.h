/*
 * The IPv6 prefixes of the pools and who has what of them: each session gets a /64 of its own. The
 * first /64 of a pool is not given out; that of the first pool is the server's own. Memory grows
 * with the prefixes in use, never with the size of a pool (N01).
 *
 * An account gets the same prefix each time, as long as nobody else has it: the search begins at a
 * place that follows from the account, so nothing needs to be stored for that.
 */
#ifndef AAA_LEASE6_H
#define AAA_LEASE6_H

#include "attempt/answer.h"

struct conf;
struct leases6;

struct lease6_pool_info {
	char name[POOL_NAME_MAX];
	struct ip_prefix prefix;
	uint64_t size;     /* prefixes for clients */
	uint64_t n_leased; /* of them */
};

/* Empty, without pools. key: random, for the hash. NULL: out of memory. */
struct leases6 *leases6_new(uint64_t key);
void leases6_free(struct leases6 *t);

/* Takes the pools of c over; leases stay. False (and nothing changed): out of memory. */
MUST_USE bool leases6_configure(struct leases6 *t, const struct conf *c);

/*
 * Leases a prefix of the pool called so for an account; *out is its first address. CAUSE_NONE;
 * CAUSE_POOL_MISSING when the pool has no prefix; CAUSE_PREFIXES_EXHAUSTED (also when memory is
 * out).
 */
enum cause lease6_take(struct leases6 *t, const char *pool, uint64_t account, struct ip_addr *out);

/* Marks a prefix as leased that a live session has. False: somebody else has it. */
MUST_USE bool lease6_adopt(struct leases6 *t, const struct ip_addr *prefix);

/* Gives a prefix back; nothing happens when it is not leased. */
void lease6_give(struct leases6 *t, const struct ip_addr *prefix);

/* The i-th pool of the configuration, the one called name, or the one that holds a prefix; false:
 * there is none, or it has no prefix. */
MUST_USE bool lease6_pool_at(const struct leases6 *t, unsigned int i, struct lease6_pool_info *out);
MUST_USE bool lease6_pool_by_name(
    const struct leases6 *t, const char *name, struct lease6_pool_info *out);
MUST_USE bool lease6_pool_of(
    const struct leases6 *t, const struct ip_addr *prefix, struct lease6_pool_info *out);

#endif
