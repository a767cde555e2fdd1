/*
 * Pools and leases. See lease.h. An address that was ever used (or is reserved) has a node; one
 * without a node is fresh. A pool walks through its fresh addresses once; addresses that came back
 * wait in its queue. No bitmap: a /8 costs as much as its leases.
 */
#include "aaa/lease.h"

#include "aaa/map.h"
#include "base/list.h"
#include "base/wr.h"
#include "conf/conf.h"

#include <stdlib.h>

#define QUEUE_KEEP 4096u /* returned addresses remembered while there are fresh ones */
#define NO_POOL UINT32_MAX

struct range {
	uint32_t first, last; /* inclusive, host order */
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
	uint32_t n_queue;
};

struct node {
	struct map_node by_address;
	struct list in_queue;
	uint32_t address;
	uint32_t pool; /* index, or NO_POOL */
	uint32_t n_reserved;
	bool leased, queued;
};

struct leases {
	struct map map;
	uint32_t n_pools;
	struct pool *pools;
	uint32_t server; /* 0 = none */
};

struct leases *
leases_new(uint64_t key)
{
	struct leases *t = calloc(1, sizeof(*t));

	if (t && map_init(&t->map, key))
		return t;
	free(t);
	return NULL;
}

void
leases_free(struct leases *t)
{
	struct map_walk w = { 0 };
	struct map_node *m;

	if (!t)
		return;
	while ((m = map_walk(&t->map, &w)))
		free(container_of(m, struct node, by_address));
	map_fini(&t->map);
	free(t->pools);
	free(t);
}

static struct node *
find(const struct leases *t, uint32_t address)
{
	struct map_node *m = map_first(&t->map, map_hash(&t->map, &address, sizeof(address)));

	for (; m; m = map_next(m)) {
		struct node *n = container_of(m, struct node, by_address);
		if (n->address == address)
			return n;
	}
	return NULL;
}

static bool
pool_has(const struct pool *p, uint32_t address)
{
	for (uint32_t i = 0; i < p->n_ranges; i++)
		if (address >= p->ranges[i].first && address <= p->ranges[i].last)
			return true;
	return false;
}

static uint32_t
pool_with(const struct pool *pools, uint32_t n, uint32_t address)
{
	for (uint32_t i = 0; i < n; i++)
		if (pool_has(&pools[i], address))
			return i;
	return NO_POOL;
}

static void
dequeue(struct leases *t, struct node *n)
{
	if (!n->queued)
		return;
	list_remove(&n->in_queue);
	n->queued = false;
	t->pools[n->pool].n_queue--;
}

/* Puts a node that nobody holds where it belongs: waiting, kept for its account, or gone. */
static void
settle(struct leases *t, struct node *n)
{
	if (n->leased || n->n_reserved > 0)
		return;
	if (n->pool == NO_POOL || n->address == t->server) {
		map_remove(&t->map, &n->by_address);
		free(n);
		return;
	}
	if (n->queued)
		return;
	list_append(&t->pools[n->pool].queue, &n->in_queue);
	n->queued = true;
	t->pools[n->pool].n_queue++;
}

static struct node *
node_for(struct leases *t, uint32_t address)
{
	struct node *n = find(t, address);

	if (n)
		return n;
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->address = address;
	n->pool = pool_with(t->pools, t->n_pools, address);
	map_add(&t->map, &n->by_address, map_hash(&t->map, &address, sizeof(address)));
	return n;
}

static void
pool_init(struct pool *p, const struct conf_pool *c)
{
	*p = (struct pool){ 0 };
	memcpy(p->name, c->name, sizeof(p->name));
	memcpy(p->dns, c->dns, sizeof(p->dns));
	memcpy(p->nbns, c->nbns, sizeof(p->nbns));
	for (uint32_t i = 0; i < c->n_ranges; i++) {
		struct range r = { ip_v4_u32(&c->ranges[i].first), ip_v4_u32(&c->ranges[i].last) };
		if (c->ranges[i].first.family != IP_V4 || r.first > r.last || r.first == 0)
			continue; /* IPv6 prefixes are not leased by address */
		p->ranges[p->n_ranges++] = r;
		p->size += (uint64_t)r.last - r.first + 1;
	}
	if (p->n_ranges)
		p->next = p->ranges[0].first;
}

/* Sorts the nodes that exist into new pools; live leases stay whatever the pools are now. */
static void
rehome(struct leases *t)
{
	struct map_walk w = { 0 };
	struct map_node *m;

	for (uint32_t i = 0; i < t->n_pools; i++)
		list_init(&t->pools[i].queue);
	while ((m = map_walk(&t->map, &w))) {
		struct node *n = container_of(m, struct node, by_address);
		n->queued = false;
		n->pool = pool_with(t->pools, t->n_pools, n->address);
		if (n->leased && n->pool != NO_POOL)
			t->pools[n->pool].n_leased++;
		settle(t, n);
	}
}

bool
leases_configure(struct leases *t, const struct conf *c)
{
	struct pool *pools = calloc(c->n_pools ? c->n_pools : 1, sizeof(*pools));

	if (!pools)
		return false;
	for (unsigned int i = 0; i < c->n_pools; i++)
		pool_init(&pools[i], &c->pools[i]);
	free(t->pools);
	t->pools = pools;
	t->n_pools = c->n_pools;
	t->server = 0;
	if (c->n_pools && pools[0].n_ranges) {
		t->server = pools[0].ranges[0].first;
		pools[0].size--;
	}
	rehome(t);
	return true;
}

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
		if (address != t->server && !find(t, address))
			return node_for(t, address);
	return NULL;
}

static struct node *
take_oldest(struct leases *t, struct pool *p)
{
	if (list_empty(&p->queue))
		return NULL;

	struct node *n = container_of(p->queue.next, struct node, in_queue);
	dequeue(t, n);
	return n;
}

static struct node *
take_next(struct leases *t, struct pool *p)
{
	struct node *n = p->n_queue >= QUEUE_KEEP ? take_oldest(t, p) : take_fresh(t, p);

	return n ? n : take_oldest(t, p);
}

/* One named address, when nobody has it. */
static struct node *
take_this(struct leases *t, const struct ip_addr *a, bool own)
{
	uint32_t address = ip_v4_u32(a);

	if (a->family != IP_V4 || address == 0 || address == t->server)
		return NULL;

	struct node *n = node_for(t, address);
	if (!n || n->leased || (n->n_reserved > 0 && !own))
		return NULL;
	dequeue(t, n);
	return n;
}

static struct pool *
pool_named(const struct leases *t, const char *name)
{
	for (uint32_t i = 0; i < t->n_pools; i++)
		if (!name[0] || strcmp(t->pools[i].name, name) == 0)
			return &t->pools[i];
	return NULL;
}

static void
mark_leased(struct leases *t, struct node *n)
{
	n->leased = true;
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
	struct pool *p = pool_named(t, ask->pool);
	struct node *n;

	if (!p || t->server == 0)
		return CAUSE_POOL_MISSING;
	n = take_this(t, &ask->fixed, true);
	if (!n && ask->wanted.family == IP_V4 && pool_has(p, ip_v4_u32(&ask->wanted)))
		n = take_this(t, &ask->wanted, false);
	if (!n)
		n = take_next(t, p);
	if (!n)
		return CAUSE_POOL_EXHAUSTED;
	mark_leased(t, n);
	*out = ip_v4(n->address);
	return CAUSE_NONE;
}

void
lease_give(struct leases *t, const struct ip_addr *a)
{
	struct node *n = a->family == IP_V4 ? find(t, ip_v4_u32(a)) : NULL;

	if (!n || !n->leased)
		return;
	n->leased = false;
	if (n->pool != NO_POOL)
		t->pools[n->pool].n_leased--;
	settle(t, n);
}

void
lease_reserve(struct leases *t, const struct ip_addr *a, bool add)
{
	struct node *n;

	if (a->family != IP_V4)
		return;
	n = add ? node_for(t, ip_v4_u32(a)) : find(t, ip_v4_u32(a));
	if (!n)
		return;
	if (add) {
		n->n_reserved++;
		dequeue(t, n);
	} else if (n->n_reserved > 0) {
		n->n_reserved--;
		settle(t, n);
	}
}

struct ip_addr
lease_server_address(const struct leases *t)
{
	return t->server ? ip_v4(t->server) : (struct ip_addr){ 0 };
}

static void
describe(const struct pool *p, struct lease_pool_info *out)
{
	char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX];
	struct wr w = wr_over(out->ranges, sizeof(out->ranges) - 1);

	memcpy(out->name, p->name, sizeof(out->name));
	memcpy(out->dns, p->dns, sizeof(out->dns));
	memcpy(out->nbns, p->nbns, sizeof(out->nbns));
	out->size = p->size;
	out->n_leased = p->n_leased;
	for (uint32_t i = 0; i < p->n_ranges && wr_room(&w) > 2 * ADDR_TEXT_MAX; i++) {
		struct ip_addr first = ip_v4(p->ranges[i].first), last = ip_v4(p->ranges[i].last);
		wr_fmt(&w, "%s%s-%s", i ? ", " : "", ip_text(&first, a), ip_text(&last, b));
	}
	out->ranges[wr_len(&w)] = 0;
}

bool
lease_pool_of(const struct leases *t, const struct ip_addr *a, struct lease_pool_info *out)
{
	uint32_t i = a->family == IP_V4 ? pool_with(t->pools, t->n_pools, ip_v4_u32(a)) : NO_POOL;

	return lease_pool_at(t, i, out);
}

bool
lease_pool_by_name(const struct leases *t, const char *name, struct lease_pool_info *out)
{
	const struct pool *p = pool_named(t, name);

	if (p)
		describe(p, out);
	return p != NULL;
}

bool
lease_pool_at(const struct leases *t, unsigned int i, struct lease_pool_info *out)
{
	if (i >= t->n_pools)
		return false;
	describe(&t->pools[i], out);
	return true;
}
