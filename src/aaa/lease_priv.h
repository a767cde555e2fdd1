/* The inside of the lease table, shared by lease*.c only. See lease.h. */
#ifndef AAA_LEASE_PRIV_H
#define AAA_LEASE_PRIV_H

#include "aaa/lease.h"
#include "aaa/map.h"
#include "base/list.h"
#include "base/now.h"
#include "conf/conf.h"

#define NO_POOL UINT32_MAX

struct range {
	uint32_t first, last;       /* inclusive, host order */
	uint64_t detached_until_ms; /* it lies in no attached network: nobody has to look */
};

struct pool {
	char name[POOL_NAME_MAX];
	uint32_t n_ranges;
	struct range ranges[CONF_RANGES_MAX];
	struct ip_addr dns[2], nbns[2];
	uint64_t size, n_leased;
	uint32_t range;    /* the cursor: n_ranges when no fresh address is left */
	uint64_t next;     /* address under it; 64 bits: a range may end at 255.255.255.255 */
	struct list queue; /* nodes given back, oldest first */
	struct list stock; /* nodes that are looked at before anybody asks */
	uint32_t n_queue, n_stock, n_shelf;
	bool attached; /* a look has found one of its ranges in an attached network */
};

/* The list a node that nobody holds waits in. */
enum place { NOWHERE, IN_QUEUE, IN_STOCK, ON_SHELF };

/*
 * An address that was ever used, is reserved, or was looked at. One without a node is fresh. No
 * bitmap: a /8 costs as much as its leases.
 */
struct node {
	struct map_node by_address, by_account;
	struct list wait; /* of its place */
	struct list owed; /* leases.owed, or unlinked */
	enum place place;
	uint32_t address;
	uint32_t pool; /* index, or NO_POOL */
	uint32_t n_reserved;
	uint64_t account; /* who has or had it; 0 = not in by_account */
	bool leased, doubtful;
	uint64_t clean_until_ms; /* nobody else uses it */
	uint64_t looked_ms;      /* the last question about it, + 1 */
	uint64_t shelved_ms;     /* since when it is on the shelf */
};

struct leases {
	struct map map, accounts;
	uint32_t n_pools;
	struct pool *pools;
	struct list shelf; /* nodes that somebody else uses, oldest first */
	struct list owed;
	uint32_t server; /* 0 = none */
};

struct node *lease_find(const struct leases *t, uint32_t address);
struct node *lease_node_for(struct leases *t, uint32_t address); /* NULL: out of memory */
uint32_t lease_pool_with(const struct leases *t, uint32_t address);
void lease_unwait(struct leases *t, struct node *n);
void lease_wait(struct leases *t, struct node *n, enum place place);
void lease_settle(struct leases *t, struct node *n);
void lease_own(struct leases *t, struct node *n, uint64_t account);

/* The next address of a pool that nobody has: fresh, or given back longest ago. Unlinked. */
struct node *lease_next(struct leases *t, struct pool *p);

/* Puts what has been on the shelf for long enough back into its pool. */
void lease_unshelve(struct leases *t, uint64_t now_ms);

#endif
