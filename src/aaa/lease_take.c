/* Choosing an address, and giving it back. See lease.h. */
#include "aaa/lease_priv.h"

#define QUEUE_KEEP 4096u /* returned addresses remembered while there are fresh ones */
#define FORMER_MAX 16u   /* addresses an account had before that are looked through */

/* Steps the cursor; the address it stood on in *out. False: no fresh address is left. */
static bool
step_cursor(struct pool *p, uint32_t *out)
{
	if (p->range >= p->n_ranges)
		return false;
	*out = (uint32_t)p->next++;
	if (p->next > p->ranges[p->range].last && ++p->range < p->n_ranges)
		p->next = p->ranges[p->range].first;
	return true;
}

static struct node *
take_fresh(struct leases *t, struct pool *p)
{
	uint32_t address;

	while (step_cursor(p, &address))
		if (address != t->server && !lease_find(t, address))
			return lease_node_for(t, address);
	return NULL;
}

static struct node *
take_oldest(struct leases *t, struct list *from)
{
	if (list_empty(from))
		return NULL;

	struct node *n = container_of(from->next, struct node, wait);
	lease_unwait(t, n);
	return n;
}

struct node *
lease_next(struct leases *t, struct pool *p)
{
	struct node *n = p->n_queue >= QUEUE_KEEP ? take_oldest(t, &p->queue) : take_fresh(t, p);

	return n ? n : take_oldest(t, &p->queue);
}

/* The first of the stock that was found clean, else any of the stock, else the next. */
static struct node *
take_next(struct leases *t, struct pool *p, uint64_t now_ms)
{
	struct list *it, *tmp;
	struct node *n;

	list_each (it, tmp, &p->stock) {
		n = container_of(it, struct node, wait);
		if (n->clean_until_ms <= now_ms)
			continue;
		lease_unwait(t, n);
		return n;
	}
	n = take_oldest(t, &p->stock);
	return n ? n : lease_next(t, p);
}

/* One named address, when nobody has it. */
static struct node *
take_this(struct leases *t, const struct ip_addr *a, bool own)
{
	uint32_t address = ip_v4_u32(a);

	if (a->family != IP_V4 || address == 0 || address == t->server)
		return NULL;

	struct node *n = lease_node_for(t, address);
	if (!n || n->leased || n->place == ON_SHELF || (n->n_reserved > 0 && !own))
		return NULL;
	lease_unwait(t, n);
	return n;
}

/* The pools of an ask that have IPv4 addresses, as indices; how many of them there are. */
static unsigned int
pools_of(const struct leases *t, const struct lease_ask *ask, uint32_t out[LEASE_POOLS_MAX])
{
	unsigned int n = 0;

	for (uint32_t i = 0; ask->n_pools == 0 && i < t->n_pools && n < LEASE_POOLS_MAX; i++)
		if (t->pools[i].n_ranges)
			out[n++] = i;
	for (unsigned int k = 0; k < ask->n_pools && k < LEASE_POOLS_MAX; k++)
		for (uint32_t i = 0; i < t->n_pools; i++)
			if (!ask->pools[k][0] || strcmp(t->pools[i].name, ask->pools[k]) == 0) {
				if (t->pools[i].n_ranges)
					out[n++] = i;
				break;
			}
	return n;
}

static bool
among(uint32_t pool, const uint32_t *pools, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (pools[i] == pool)
			return true;
	return false;
}

/* An address that the account had before, in one of its pools. */
static struct node *
take_former(struct leases *t, uint64_t account, const uint32_t *pools, unsigned int n_pools)
{
	struct map_node *m =
	    map_first(&t->accounts, map_hash(&t->accounts, &account, sizeof(account)));

	for (unsigned int i = 0; account && m && i < FORMER_MAX; m = map_next(m), i++) {
		struct node *n = container_of(m, struct node, by_account);
		if (n->account != account || !among(n->pool, pools, n_pools) ||
		    (n->place != IN_QUEUE && n->place != IN_STOCK))
			continue;
		lease_unwait(t, n);
		return n;
	}
	return NULL;
}

/* What the peer asks for: in one of its pools, free, and nobody else's of the last time. */
static struct node *
take_wanted(struct leases *t, const struct lease_ask *ask, const uint32_t *pools, unsigned int n)
{
	uint32_t address = ip_v4_u32(&ask->wanted);
	const struct node *known;

	if (ask->wanted.family != IP_V4 || !among(lease_pool_with(t, address), pools, n))
		return NULL;
	known = lease_find(t, address);
	if (known && (known->doubtful || (known->account && known->account != ask->account)))
		return NULL;
	return take_this(t, &ask->wanted, false);
}

static void
mark_leased(struct leases *t, struct node *n)
{
	n->leased = true;
	n->doubtful = false;
	if (n->pool != NO_POOL)
		t->pools[n->pool].n_leased++;
}

bool
lease_adopt(struct leases *t, const struct ip_addr *a)
{
	struct node *n = take_this(t, a, true);

	if (n)
		mark_leased(t, n);
	return n != NULL;
}

enum cause
lease_take(struct leases *t, const struct lease_ask *ask, struct ip_addr *out)
{
	uint32_t pools[LEASE_POOLS_MAX];
	unsigned int n_pools = pools_of(t, ask, pools);
	struct node *n;

	if (t->server == 0)
		return CAUSE_POOL_MISSING;
	lease_unshelve(t, ask->now_ms);
	n = take_this(t, &ask->fixed, true);
	if (n && n->doubtful)
		n = NULL; /* a session may have it */
	if (!n)
		n = take_former(t, ask->account, pools, n_pools);
	if (!n)
		n = take_wanted(t, ask, pools, n_pools);
	for (unsigned int i = 0; !n && i < n_pools; i++)
		n = take_next(t, &t->pools[pools[i]], ask->now_ms);
	if (!n)
		return n_pools ? CAUSE_POOL_EXHAUSTED : CAUSE_POOL_MISSING;
	mark_leased(t, n);
	lease_own(t, n, ask->account);
	*out = ip_v4(n->address);
	return CAUSE_NONE;
}

void
lease_give(struct leases *t, const struct ip_addr *a)
{
	struct node *n = a->family == IP_V4 ? lease_find(t, ip_v4_u32(a)) : NULL;

	if (!n || !n->leased)
		return;
	n->leased = false;
	if (n->pool != NO_POOL)
		t->pools[n->pool].n_leased--;
	lease_settle(t, n);
}
