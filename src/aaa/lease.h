/*
 * The static address pools and who has what of them. Addresses inside the ranges are handed out one
 * after the other and come back to the end of a queue, so that an address just given back is not
 * given out at once. The first address of the first pool is the server's own. Memory grows with the
 * addresses in use, never with the size of a pool (N01). Serves R59, R60.
 *
 * Leases outlive a change of the pools. Who holds an address is the engine's business.
 */
#ifndef AAA_LEASE_H
#define AAA_LEASE_H

#include "attempt/answer.h"

struct conf;
struct leases;

struct lease_ask {
	const char *pool;      /* by name; empty: the first */
	struct ip_addr fixed;  /* the account's own address, or none */
	struct ip_addr wanted; /* what the peer asked for, or none */
};

struct lease_pool_info {
	char name[POOL_NAME_MAX];
	char ranges[256];  /* "10.0.0.2-10.0.0.9, ..."; cut when longer */
	uint64_t size;     /* addresses for clients */
	uint64_t n_leased; /* of them */
	struct ip_addr dns[2], nbns[2];
};

/* Empty, without pools. key: random, for the hash. NULL: out of memory. */
struct leases *leases_new(uint64_t key);
void leases_free(struct leases *t);

/* Takes the pools of c over. False (and nothing changed): out of memory. */
MUST_USE bool leases_configure(struct leases *t, const struct conf *c);

/*
 * Leases an address: the account's own when it is free (it may lie outside the pools), else the
 * wanted one when it is free and in the pool, else the next. CAUSE_NONE; CAUSE_POOL_MISSING when
 * there is no such pool; CAUSE_POOL_EXHAUSTED (also when memory is out).
 */
enum cause lease_take(struct leases *t, const struct lease_ask *ask, struct ip_addr *out);

/* Marks an address as leased that a live session has. False: somebody else has it. */
MUST_USE bool lease_adopt(struct leases *t, const struct ip_addr *a);

/* Gives an address back; nothing happens when it is not leased. */
void lease_give(struct leases *t, const struct ip_addr *a);

/* Keeps an address for accounts that have it as their own; counted. */
void lease_reserve(struct leases *t, const struct ip_addr *a, bool add);

/* Our end of every link; none without pools. */
struct ip_addr lease_server_address(const struct leases *t);

/* The pool an address lies in, the pool called name (empty: the first), the i-th; false: none. */
MUST_USE bool lease_pool_of(
    const struct leases *t, const struct ip_addr *a, struct lease_pool_info *out);
MUST_USE bool lease_pool_by_name(
    const struct leases *t, const char *name, struct lease_pool_info *out);
MUST_USE bool lease_pool_at(const struct leases *t, unsigned int i, struct lease_pool_info *out);

#endif
