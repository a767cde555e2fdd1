/*
 * The static address pools and who has what of them. An account gets the address it had before when
 * that is free; others get fresh addresses one after the other, then those given back longest ago.
 * The first address of the first pool with a range is the server's own. Memory grows with the
 * addresses that were ever used, never with the size of a pool (N01). Serves R59, R60, R99.
 *
 * Leases outlive a change of the pools, and as rows of accounts.db a restart of aaa and of the
 * machine. Who asks for them, stores them and looks for neighbours that use them is the engine's
 * business.
 */
#ifndef AAA_LEASE_H
#define AAA_LEASE_H

#include "attempt/answer.h"

#define LEASE_POOLS_MAX 16u
#define LEASE_STOCK 8u            /* addresses of a pool kept ready, when it has to be looked */
#define LEASE_CLEAN_MS 120000u    /* how long an address that nobody answered for is trusted */
#define LEASE_CONFLICT_MS 600000u /* how long an address that somebody else uses is left alone */
#define LEASE_DETACHED_MS 60000u  /* how long a range is taken to lie in no attached network */
#define LEASE_LOOK_AGAIN_MS 2000u /* an address that was asked about is not asked about sooner */

struct conf;
struct leases;

struct lease_ask {
	const char *pools[LEASE_POOLS_MAX]; /* by name, in this order; "" is the first */
	unsigned int n_pools;               /* 0: all of the configuration, in its order */
	struct ip_addr fixed;               /* the account's own address, or none */
	struct ip_addr wanted;              /* what the peer asked for, or none */
	uint64_t account; /* whose address of the last time is given; 0 = nobody's */
	uint64_t now_ms;
};

struct lease_pool_info {
	char name[POOL_NAME_MAX];
	char ranges[256];     /* "10.0.0.2-10.0.0.9, ..."; cut when longer */
	uint64_t size;        /* addresses for clients */
	uint64_t n_leased;    /* of them */
	uint64_t n_conflicts; /* not given out: somebody else uses them */
	struct ip_addr dns[2], nbns[2];
};

/* Empty, without pools. key: random, for the hash. NULL: out of memory. */
struct leases *leases_new(uint64_t key);
void leases_free(struct leases *t);

/* Takes the pools of c over. False (and nothing changed): out of memory. */
MUST_USE bool leases_configure(struct leases *t, const struct conf *c);

/*
 * Leases an address: the account's own when it is free (it may lie outside the pools), else the one
 * it had before, else the wanted one (both when free and in one of the pools), else the next of the
 * first pool that has one. CAUSE_NONE; CAUSE_POOL_MISSING when none of the pools is there, or has
 * IPv4 addresses at all;
 * CAUSE_POOL_EXHAUSTED (also when memory is out).
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

/* --- what is stored (os/store_leases.h) --- */

struct lease_row {
	struct ip_addr address;
	uint64_t account; /* who has it, or had it last; 0 = not known */
	bool held;        /* a session has it */
};

/*
 * A row of the store, the one used longest ago first. doubtful: a session may still have it, so it
 * is given to nobody until lease_adopt takes it or lease_doubt_end says that none has it.
 */
void lease_known(struct leases *t, const struct lease_row *row, bool doubtful);

/* The workers have said what they hold: told of each doubtful address, which is free now. */
typedef void (*lease_row_fn)(void *ctx, const struct lease_row *row);
void lease_doubt_end(struct leases *t, lease_row_fn fn, void *ctx);

/* What to store of an address. False: nothing is known of it. */
MUST_USE bool lease_row_of(const struct leases *t, const struct ip_addr *a, struct lease_row *out);

/* The store did not take the row now: it is given again by lease_owed. */
void lease_owe(struct leases *t, const struct ip_addr *a);
void lease_owe_held(struct leases *t); /* the same for all that are held */

/* The next row owed, which is no longer; false: none is. */
MUST_USE bool lease_owed(struct leases *t, struct lease_row *out);

/* --- neighbours (R99, N02) --- */

/* Whether somebody has to look whether a neighbour uses the address before it is used. */
bool lease_must_look(const struct leases *t, const struct ip_addr *a, uint64_t now_ms);

enum lease_seen { LEASE_FREE, LEASE_TAKEN, LEASE_DETACHED }; /* nobody, somebody, no such network */

/*
 * What was seen. LEASE_TAKEN shelves it for a time; when it was leased it no longer is, without
 * being free for others.
 */
void lease_saw(struct leases *t, const struct ip_addr *a, enum lease_seen seen, uint64_t now_ms);

/*
 * An address that is worth looking at beforehand, so that no log-in has to wait: keeps up to
 * LEASE_STOCK of each pool in an attached network ready. False: nothing to look at now.
 */
MUST_USE bool lease_look_at(struct leases *t, uint64_t now_ms, struct ip_addr *out);

/* When lease_look_at has something again; NEVER_MS. */
uint64_t lease_look_ms(const struct leases *t, uint64_t now_ms);

/* Calls fn for the addresses that somebody else uses, at most limit. */
typedef void (*lease_addr_fn)(void *ctx, const struct ip_addr *a, const char *pool);
void lease_conflicts(
    const struct leases *t, uint64_t now_ms, unsigned int limit, lease_addr_fn fn, void *ctx);

/* --- the pools --- */

/* The pool an address lies in, the pool called name (empty: the first), the i-th; false: none. */
MUST_USE bool lease_pool_of(
    const struct leases *t, const struct ip_addr *a, struct lease_pool_info *out);
MUST_USE bool lease_pool_by_name(
    const struct leases *t, const char *name, struct lease_pool_info *out);
MUST_USE bool lease_pool_at(const struct leases *t, unsigned int i, struct lease_pool_info *out);

#endif
