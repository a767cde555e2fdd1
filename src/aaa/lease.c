/*
 * The lease table: nodes, pools, what is stored. See lease.h. A pool walks through its fresh
 * addresses once; addresses that came back wait in its queue. Choosing one is lease_take.c, looking
 * for neighbours lease_look.c.
 */
#include "aaa/lease_priv.h"

#include "base/wr.h"

#include <stdlib.h>

struct leases *
leases_new(uint64_t key)
{
	struct leases *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	list_init(&t->shelf);
	list_init(&t->owed);
	if (map_init(&t->map, key) && map_init(&t->accounts, ~key))
		return t;
	leases_free(t);
	return NULL;
}

void
leases_free(struct leases *t)
{
	struct map_walk w = { 0 };
	struct map_node *m;

	if (!t)
		return;
	while (t->map.n && (m = map_walk(&t->map, &w)))
		free(container_of(m, struct node, by_address));
	map_fini(&t->map);
	map_fini(&t->accounts);
	free(t->pools);
	free(t);
}

struct node *
lease_find(const struct leases *t, uint32_t address)
{
	struct map_node *m = map_first(&t->map, map_hash(&t->map, &address, sizeof(address)));

	for (; m; m = map_next(m)) {
		struct node *n = container_of(m, struct node, by_address);
		if (n->address == address)
			return n;
	}
	return NULL;
}

static struct range *
range_with(struct pool *p, uint32_t address)
{
	for (uint32_t i = 0; i < p->n_ranges; i++)
		if (address >= p->ranges[i].first && address <= p->ranges[i].last)
			return &p->ranges[i];
	return NULL;
}

uint32_t
lease_pool_with(const struct leases *t, uint32_t address)
{
	for (uint32_t i = 0; i < t->n_pools; i++)
		if (range_with(&t->pools[i], address))
			return i;
	return NO_POOL;
}

void
lease_unwait(struct leases *t, struct node *n)
{
	struct pool *p = n->pool == NO_POOL ? NULL : &t->pools[n->pool];

	if (n->place == NOWHERE)
		return;
	list_remove(&n->wait);
	if (p && n->place == IN_QUEUE)
		p->n_queue--;
	if (p && n->place == IN_STOCK)
		p->n_stock--;
	if (p && n->place == ON_SHELF)
		p->n_shelf--;
	n->place = NOWHERE;
}

void
lease_wait(struct leases *t, struct node *n, enum place place)
{
	struct pool *p = n->pool == NO_POOL ? NULL : &t->pools[n->pool];

	lease_unwait(t, n);
	if (place == ON_SHELF) {
		list_append(&t->shelf, &n->wait);
		if (p)
			p->n_shelf++;
	} else if (p && place == IN_QUEUE) {
		list_append(&p->queue, &n->wait);
		p->n_queue++;
	} else if (p && place == IN_STOCK) {
		list_append(&p->stock, &n->wait);
		p->n_stock++;
	} else {
		return;
	}
	n->place = place;
}

void
lease_own(struct leases *t, struct node *n, uint64_t account)
{
	if (n->account == account)
		return;
	if (n->account)
		map_remove(&t->accounts, &n->by_account);
	n->account = account;
	if (account)
		map_add(&t->accounts, &n->by_account,
		    map_hash(&t->accounts, &account, sizeof(account)));
}

/* Puts a node that nobody holds where it belongs: waiting, kept for its account, or gone. */
void
lease_settle(struct leases *t, struct node *n)
{
	if (n->leased || n->doubtful || n->n_reserved > 0 || n->place == ON_SHELF)
		return;
	if (n->pool == NO_POOL || n->address == t->server) {
		if (!list_empty(&n->owed))
			return; /* until the store has heard that it is free */
		lease_unwait(t, n);
		lease_own(t, n, 0);
		map_remove(&t->map, &n->by_address);
		free(n);
		return;
	}
	if (n->place == NOWHERE)
		lease_wait(t, n, IN_QUEUE);
}

struct node *
lease_node_for(struct leases *t, uint32_t address)
{
	struct node *n = lease_find(t, address);

	if (n)
		return n;
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	list_init(&n->wait);
	list_init(&n->owed);
	n->address = address;
	n->pool = lease_pool_with(t, address);
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
	list_init(&p->queue);
	list_init(&p->stock);
	for (uint32_t i = 0; i < c->n_ranges; i++) {
		struct range r = { .first = ip_v4_u32(&c->ranges[i].first),
			.last = ip_v4_u32(&c->ranges[i].last) };
		if (c->ranges[i].first.family != IP_V4 || r.first > r.last || r.first == 0)
			continue; /* IPv6 prefixes are not leased by address */
		p->ranges[p->n_ranges++] = r;
		p->size += (uint64_t)r.last - r.first + 1;
	}
	if (p->n_ranges)
		p->next = p->ranges[0].first;
}

/* Takes every node out of the lists of the old pools, in the order it waits there. */
static void
collect(struct leases *t, struct list *all)
{
	struct list *it, *tmp;

	for (uint32_t i = 0; i < t->n_pools; i++) {
		struct list *lists[] = { &t->pools[i].queue, &t->pools[i].stock };
		for (size_t k = 0; k < 2; k++)
			list_each (it, tmp, lists[k]) {
				struct node *n = container_of(it, struct node, wait);
				list_remove(it);
				n->place = NOWHERE;
				list_append(all, it);
			}
	}
}

/* Sorts the nodes that exist into new pools; live leases stay whatever the pools are now. */
static void
rehome(struct leases *t, struct list *waiting)
{
	struct map_walk w = { 0 };
	struct list *it, *tmp;
	struct map_node *m;

	while ((m = map_walk(&t->map, &w))) {
		struct node *n = container_of(m, struct node, by_address);
		n->pool = lease_pool_with(t, n->address);
		if (n->pool == NO_POOL)
			continue;
		if (n->leased)
			t->pools[n->pool].n_leased++;
		if (n->place == ON_SHELF)
			t->pools[n->pool].n_shelf++;
	}
	list_each (it, tmp, waiting) {
		list_remove(it);
		lease_settle(t, container_of(it, struct node, wait));
	}
	for (w = (struct map_walk){ 0 }; (m = map_walk(&t->map, &w));)
		lease_settle(t, container_of(m, struct node, by_address));
}

bool
leases_configure(struct leases *t, const struct conf *c)
{
	struct pool *pools = calloc(c->n_pools ? c->n_pools : 1, sizeof(*pools));
	struct list waiting;

	if (!pools)
		return false;
	for (unsigned int i = 0; i < c->n_pools; i++)
		pool_init(&pools[i], &c->pools[i]);
	list_init(&waiting);
	collect(t, &waiting);
	free(t->pools);
	t->pools = pools;
	t->n_pools = c->n_pools;
	t->server = 0;
	for (unsigned int i = 0; i < c->n_pools && t->server == 0; i++)
		if (pools[i].n_ranges) {
			t->server = pools[i].ranges[0].first;
			pools[i].size--;
		}
	rehome(t, &waiting);
	return true;
}

void
lease_reserve(struct leases *t, const struct ip_addr *a, bool add)
{
	struct node *n;

	if (a->family != IP_V4)
		return;
	n = add ? lease_node_for(t, ip_v4_u32(a)) : lease_find(t, ip_v4_u32(a));
	if (!n)
		return;
	if (add) {
		n->n_reserved++;
		if (n->place != ON_SHELF)
			lease_unwait(t, n);
	} else if (n->n_reserved > 0) {
		n->n_reserved--;
		lease_settle(t, n);
	}
}

struct ip_addr
lease_server_address(const struct leases *t)
{
	return t->server ? ip_v4(t->server) : (struct ip_addr){ 0 };
}

/* --- what is stored --- */

void
lease_known(struct leases *t, const struct lease_row *row, bool doubtful)
{
	uint32_t address = ip_v4_u32(&row->address);
	struct node *n;

	if (row->address.family != IP_V4 || address == 0 || address == t->server)
		return;
	n = lease_find(t, address);
	if (!n && !doubtful && lease_pool_with(t, address) == NO_POOL)
		return; /* of a pool that is no longer */
	n = n ? n : lease_node_for(t, address);
	if (!n)
		return; /* out of memory: it is as fresh */
	if (n->account == 0)
		lease_own(t, n, row->account);
	if (doubtful && !n->leased) {
		lease_unwait(t, n);
		n->doubtful = true;
	}
	lease_settle(t, n);
}

void
lease_doubt_end(struct leases *t, lease_row_fn fn, void *ctx)
{
	struct map_walk w = { 0 };
	struct map_node *m;

	while ((m = map_walk(&t->map, &w))) {
		struct node *n = container_of(m, struct node, by_address);
		struct lease_row row = { .address = ip_v4(n->address), .account = n->account };
		if (!n->doubtful)
			continue;
		n->doubtful = false;
		fn(ctx, &row);
		lease_settle(t, n);
	}
}

static void
row_of(const struct node *n, struct lease_row *out)
{
	*out = (struct lease_row){
		.address = ip_v4(n->address), .account = n->account, .held = n->leased
	};
}

bool
lease_row_of(const struct leases *t, const struct ip_addr *a, struct lease_row *out)
{
	const struct node *n = a->family == IP_V4 ? lease_find(t, ip_v4_u32(a)) : NULL;

	if (n)
		row_of(n, out);
	return n != NULL;
}

void
lease_owe(struct leases *t, const struct ip_addr *a)
{
	struct node *n = a->family == IP_V4 ? lease_find(t, ip_v4_u32(a)) : NULL;

	if (n && list_empty(&n->owed))
		list_append(&t->owed, &n->owed);
}

void
lease_owe_held(struct leases *t)
{
	struct map_walk w = { 0 };
	struct map_node *m;

	while ((m = map_walk(&t->map, &w))) {
		struct node *n = container_of(m, struct node, by_address);
		if (n->leased && list_empty(&n->owed))
			list_append(&t->owed, &n->owed);
	}
}

bool
lease_owed(struct leases *t, struct lease_row *out)
{
	struct node *n;

	if (list_empty(&t->owed))
		return false;
	n = container_of(t->owed.next, struct node, owed);
	list_remove(&n->owed);
	row_of(n, out);
	lease_settle(t, n);
	return true;
}

/* --- the pools --- */

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
	out->n_conflicts = p->n_shelf;
	for (uint32_t i = 0; i < p->n_ranges && wr_room(&w) > 2 * ADDR_TEXT_MAX; i++) {
		struct ip_addr first = ip_v4(p->ranges[i].first), last = ip_v4(p->ranges[i].last);
		wr_fmt(&w, "%s%s-%s", i ? ", " : "", ip_text(&first, a), ip_text(&last, b));
	}
	out->ranges[wr_len(&w)] = 0;
}

bool
lease_pool_of(const struct leases *t, const struct ip_addr *a, struct lease_pool_info *out)
{
	return lease_pool_at(
	    t, a->family == IP_V4 ? lease_pool_with(t, ip_v4_u32(a)) : NO_POOL, out);
}

bool
lease_pool_by_name(const struct leases *t, const char *name, struct lease_pool_info *out)
{
	for (uint32_t i = 0; i < t->n_pools; i++)
		if (!name[0] || strcmp(t->pools[i].name, name) == 0)
			return lease_pool_at(t, i, out);
	return false;
}

bool
lease_pool_at(const struct leases *t, unsigned int i, struct lease_pool_info *out)
{
	if (i >= t->n_pools)
		return false;
	describe(&t->pools[i], out);
	return true;
}
