/* IPv6 prefixes of sessions. See lease6.h. Who holds a prefix is the engine's business. */
#include "aaa/lease6.h"

#include "aaa/map.h"
#include "base/list.h"
#include "conf/conf.h"

#include <stdlib.h>

struct pool6 {
	char name[POOL_NAME_MAX];
	struct ip_prefix prefix; /* len 0: the pool has none */
	uint64_t first, n;       /* the upper half of its first /64, and how many there are */
	uint64_t n_leased;
};

/* A prefix that somebody has. */
struct lease6 {
	struct map_node by_prefix;
	uint64_t upper; /* the first 64 bits */
};

struct leases6 {
	struct map map;
	uint32_t n_pools;
	struct pool6 *pools;
};

static uint64_t
upper_half(const struct ip_addr *a)
{
	uint64_t x = 0;

	for (unsigned int i = 0; i < 8; i++)
		x = x << 8 | a->b[i];
	return x;
}

static struct ip_addr
prefix_of(uint64_t upper)
{
	struct ip_addr a = { .family = IP_V6 };

	for (unsigned int i = 0; i < 8; i++)
		a.b[i] = (uint8_t)(upper >> (56 - 8 * i));
	return a;
}

struct leases6 *
leases6_new(uint64_t key)
{
	struct leases6 *t = calloc(1, sizeof(*t));

	if (t && map_init(&t->map, key))
		return t;
	free(t);
	return NULL;
}

void
leases6_free(struct leases6 *t)
{
	struct map_walk w = { 0 };
	struct map_node *m;

	if (!t)
		return;
	while ((m = map_walk(&t->map, &w)))
		free(container_of(m, struct lease6, by_prefix));
	map_fini(&t->map);
	free(t->pools);
	free(t);
}

static struct lease6 *
find(const struct leases6 *t, uint64_t upper)
{
	struct map_node *m = map_first(&t->map, map_hash(&t->map, &upper, sizeof(upper)));

	for (; m; m = map_next(m)) {
		struct lease6 *l = container_of(m, struct lease6, by_prefix);
		if (l->upper == upper)
			return l;
	}
	return NULL;
}

static struct pool6 *
pool_with(const struct leases6 *t, uint64_t upper)
{
	for (uint32_t i = 0; i < t->n_pools; i++)
		if (upper - t->pools[i].first < t->pools[i].n)
			return &t->pools[i];
	return NULL;
}

bool
leases6_configure(struct leases6 *t, const struct conf *c)
{
	struct pool6 *pools = calloc(c->n_pools ? c->n_pools : 1, sizeof(*pools));
	struct map_walk w = { 0 };
	struct map_node *m;

	if (!pools)
		return false;
	for (unsigned int i = 0; i < c->n_pools; i++) {
		struct pool6 *p = &pools[i];
		memcpy(p->name, c->pools[i].name, sizeof(p->name));
		if (c->pools[i].prefix6.len == 0 || c->pools[i].prefix6.len >= LEASE_PREFIX6_BITS)
			continue;
		p->prefix = c->pools[i].prefix6;
		p->first = upper_half(&p->prefix.addr);
		p->n = UINT64_C(1) << (LEASE_PREFIX6_BITS - p->prefix.len);
	}
	free(t->pools);
	t->pools = pools;
	t->n_pools = c->n_pools;
	while ((m = map_walk(&t->map, &w))) {
		struct pool6 *p = pool_with(t, container_of(m, struct lease6, by_prefix)->upper);
		if (p)
			p->n_leased++;
	}
	return true;
}

static bool
mark_leased(struct leases6 *t, uint64_t upper)
{
	struct lease6 *l = calloc(1, sizeof(*l));
	struct pool6 *p = pool_with(t, upper);

	if (!l)
		return false;
	l->upper = upper;
	map_add(&t->map, &l->by_prefix, map_hash(&t->map, &upper, sizeof(upper)));
	if (p)
		p->n_leased++;
	return true;
}

static struct pool6 *
pool_named(const struct leases6 *t, const char *name)
{
	for (uint32_t i = 0; i < t->n_pools; i++)
		if (!name[0] || strcmp(t->pools[i].name, name) == 0)
			return &t->pools[i];
	return NULL;
}

enum cause
lease6_take(struct leases6 *t, const char *pool, uint64_t account, struct ip_addr *out)
{
	struct pool6 *p = pool_named(t, pool);

	if (!p || p->n == 0)
		return CAUSE_POOL_MISSING;
	uint64_t n = p->n - 1; /* but the first */
	uint64_t at = account % n;
	/* Fewer are leased than there are, so the search ends; at most that many steps. */
	if (p->n_leased >= n)
		return CAUSE_PREFIXES_EXHAUSTED;
	while (find(t, p->first + 1 + at))
		at = (at + 1) % n;
	if (!mark_leased(t, p->first + 1 + at))
		return CAUSE_PREFIXES_EXHAUSTED;
	*out = prefix_of(p->first + 1 + at);
	return CAUSE_NONE;
}

bool
lease6_adopt(struct leases6 *t, const struct ip_addr *prefix)
{
	uint64_t upper = upper_half(prefix);

	return prefix->family == IP_V6 && !find(t, upper) && mark_leased(t, upper);
}

void
lease6_give(struct leases6 *t, const struct ip_addr *prefix)
{
	struct lease6 *l = prefix->family == IP_V6 ? find(t, upper_half(prefix)) : NULL;
	struct pool6 *p;

	if (!l)
		return;
	p = pool_with(t, l->upper);
	if (p)
		p->n_leased--;
	map_remove(&t->map, &l->by_prefix);
	free(l);
}

static bool
describe(const struct pool6 *p, struct lease6_pool_info *out)
{
	if (!p || p->n == 0)
		return false;
	memcpy(out->name, p->name, sizeof(out->name));
	out->prefix = p->prefix;
	out->size = p->n - 1;
	out->n_leased = p->n_leased;
	return true;
}

bool
lease6_pool_at(const struct leases6 *t, unsigned int i, struct lease6_pool_info *out)
{
	return i < t->n_pools && describe(&t->pools[i], out);
}

bool
lease6_pool_by_name(const struct leases6 *t, const char *name, struct lease6_pool_info *out)
{
	return describe(pool_named(t, name), out);
}

bool
lease6_pool_of(const struct leases6 *t, const struct ip_addr *prefix, struct lease6_pool_info *out)
{
	return prefix->family == IP_V6 && describe(pool_with(t, upper_half(prefix)), out);
}
