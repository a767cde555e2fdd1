/*
 * Addresses that lie in a network this host is attached to may be in use by a neighbour (R99, N02).
 * What was seen of them, and which to look at before anybody asks. See lease.h.
 */
#include "aaa/lease_priv.h"

static struct range *
range_of(const struct leases *t, const struct node *n, uint32_t address)
{
	struct pool *p;
	uint32_t i = n ? n->pool : lease_pool_with(t, address);

	if (i == NO_POOL)
		return NULL;
	p = &t->pools[i];
	for (uint32_t k = 0; k < p->n_ranges; k++)
		if (address >= p->ranges[k].first && address <= p->ranges[k].last)
			return &p->ranges[k];
	return NULL;
}

bool
lease_must_look(const struct leases *t, const struct ip_addr *a, uint64_t now_ms)
{
	const struct node *n = a->family == IP_V4 ? lease_find(t, ip_v4_u32(a)) : NULL;
	const struct range *r = a->family == IP_V4 ? range_of(t, n, ip_v4_u32(a)) : NULL;

	if (a->family != IP_V4 || (n && n->clean_until_ms > now_ms))
		return false;
	return !r || r->detached_until_ms <= now_ms;
}

void
lease_saw(struct leases *t, const struct ip_addr *a, enum lease_seen seen, uint64_t now_ms)
{
	struct node *n = a->family == IP_V4 ? lease_find(t, ip_v4_u32(a)) : NULL;
	struct range *r = n ? range_of(t, n, n->address) : NULL;

	if (!n)
		return;
	if (r)
		r->detached_until_ms = seen == LEASE_DETACHED ? now_ms + LEASE_DETACHED_MS : 0;
	if (r && seen != LEASE_DETACHED)
		t->pools[n->pool].attached = true;
	switch (seen) {
	case LEASE_DETACHED:
		if (n->place == IN_STOCK)
			lease_wait(t, n, IN_QUEUE);
		return;
	case LEASE_FREE:
		n->clean_until_ms = now_ms + LEASE_CLEAN_MS;
		return;
	case LEASE_TAKEN:
		n->clean_until_ms = 0;
		if (n->leased && n->pool != NO_POOL)
			t->pools[n->pool].n_leased--;
		n->leased = false;
		n->shelved_ms = now_ms;
		lease_own(t, n, 0);
		lease_wait(t, n, ON_SHELF);
		return;
	}
}

void
lease_unshelve(struct leases *t, uint64_t now_ms)
{
	while (!list_empty(&t->shelf)) {
		struct node *n = container_of(t->shelf.next, struct node, wait);
		if (n->shelved_ms + LEASE_CONFLICT_MS > now_ms)
			return;
		lease_unwait(t, n);
		lease_settle(t, n);
	}
}

/* One of the stock whose last look is too old, or a new one for it. */
static struct node *
stock_next(struct leases *t, struct pool *p, uint64_t now_ms)
{
	struct list *it, *tmp;
	struct node *n;

	list_each (it, tmp, &p->stock) {
		n = container_of(it, struct node, wait);
		if (n->clean_until_ms <= now_ms && n->looked_ms + LEASE_LOOK_AGAIN_MS <= now_ms)
			return n;
	}
	if (p->n_stock >= LEASE_STOCK)
		return NULL;
	n = lease_next(t, p);
	if (n)
		lease_wait(t, n, IN_STOCK);
	return n;
}

bool
lease_look_at(struct leases *t, uint64_t now_ms, struct ip_addr *out)
{
	for (uint32_t i = 0; i < t->n_pools; i++) {
		struct pool *p = &t->pools[i];
		struct node *n = p->attached ? stock_next(t, p, now_ms) : NULL;
		if (!n)
			continue;
		n->looked_ms = now_ms;
		*out = ip_v4(n->address);
		return true;
	}
	return false;
}

uint64_t
lease_look_ms(const struct leases *t, uint64_t now_ms)
{
	uint64_t first = NEVER_MS;
	struct list *it, *tmp;

	for (uint32_t i = 0; i < t->n_pools; i++) {
		const struct pool *p = &t->pools[i];
		if (!p->attached)
			continue;
		list_each (it, tmp, &p->stock) {
			const struct node *n = container_of(it, struct node, wait);
			uint64_t again = n->looked_ms + LEASE_LOOK_AGAIN_MS;
			uint64_t at = n->clean_until_ms > again ? n->clean_until_ms : again;
			first = deadline_min(first, at);
		}
		if (p->n_stock < LEASE_STOCK && (p->range < p->n_ranges || !list_empty(&p->queue)))
			first = deadline_min(first, now_ms);
	}
	return first;
}

void
lease_conflicts(
    const struct leases *t, uint64_t now_ms, unsigned int limit, lease_addr_fn fn, void *ctx)
{
	struct list *it, *tmp;

	list_each (it, tmp, &t->shelf) {
		const struct node *n = container_of(it, struct node, wait);
		struct ip_addr a = ip_v4(n->address);
		if (limit-- == 0)
			return;
		if (n->shelved_ms + LEASE_CONFLICT_MS > now_ms)
			fn(ctx, &a, n->pool == NO_POOL ? "" : t->pools[n->pool].name);
	}
}
