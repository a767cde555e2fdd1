/* Counts of failed log-ins. See lockout.h. */
#include "aaa/lockout.h"

#include "conf/conf.h"

#include <stdlib.h>

#define V4_BITS 24u /* the network of a household or office */
#define V6_BITS 56u

struct lockouts {
	struct map by_key;
	struct list by_age, unsaved;
};

void
lockout_rules_init(struct lockout_rules *r, const struct conf *c)
{
	*r = (struct lockout_rules){ .denials = c->lockout_denials,
		.network_denials = c->lockout_network_denials,
		.reset_s = c->lockout_reset_s,
		.by_network = c->lockout_scope == 0 };
	for (unsigned int i = 0; i < c->n_lockout_exempt && i < 32; i++)
		r->exempt[r->n_exempt++] = c->lockout_exempt[i];
}

struct lockouts *
lockouts_new(uint64_t key)
{
	struct lockouts *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	list_init(&t->by_age);
	list_init(&t->unsaved);
	if (map_init(&t->by_key, key))
		return t;
	free(t);
	return NULL;
}

static void
drop(struct lockouts *t, struct lockout *l)
{
	map_remove(&t->by_key, &l->by_key);
	list_remove(&l->by_age);
	list_remove(&l->in_unsaved);
	free(l);
}

void
lockouts_free(struct lockouts *t)
{
	if (!t)
		return;
	while (!list_empty(&t->by_age))
		drop(t, container_of(t->by_age.next, struct lockout, by_age));
	map_fini(&t->by_key);
	free(t);
}

static struct ip_prefix
network_of(const struct ip_addr *a)
{
	struct ip_prefix p = { .addr = *a, .len = a->family == IP_V4 ? V4_BITS : V6_BITS };

	memset(p.addr.b + p.len / 8, 0, sizeof(p.addr.b) - p.len / 8);
	if (a->family == IP_NONE)
		p = (struct ip_prefix){ 0 };
	return p;
}

static uint64_t
hash_of(const struct lockouts *t, struct view name, const struct ip_prefix *network)
{
	return map_hash(&t->by_key, name.p, name.n) ^
	       map_hash(&t->by_key, network->addr.b, sizeof(network->addr.b));
}

static struct lockout *
find(const struct lockouts *t, struct view name, const struct ip_prefix *network)
{
	struct map_node *node = map_first(&t->by_key, hash_of(t, name, network));

	for (; node; node = map_next(node)) {
		struct lockout *l = container_of(node, struct lockout, by_key);
		if (view_eq(view_of(l->name, l->n_name), name) && l->network.len == network->len &&
		    ip_equal(&l->network.addr, &network->addr))
			return l;
	}
	return NULL;
}

static void
unsave(struct lockouts *t, struct lockout *l)
{
	list_remove(&l->in_unsaved);
	list_append(&t->unsaved, &l->in_unsaved);
}

/* The oldest goes, from the store as well; under a flood of names without waiting for that. */
static void
give_way(struct lockouts *t)
{
	struct lockout *oldest = container_of(t->by_age.next, struct lockout, by_age);

	if (t->by_key.n >= 2 * LOCKOUT_MAX) {
		drop(t, oldest);
		return;
	}
	oldest->denials = 0;
	list_remove(&oldest->by_age);
	list_append(&t->by_age, &oldest->by_age);
	unsave(t, oldest);
}

/* A count of zero, the youngest; NULL: out of memory, and nobody is locked out for that. */
static struct lockout *
make(struct lockouts *t, struct view name, const struct ip_prefix *network)
{
	struct lockout *l = name.n <= LOOKUP_MAX ? calloc(1, sizeof(*l) + name.n + 1) : NULL;

	if (!l)
		return NULL;
	if (t->by_key.n >= LOCKOUT_MAX)
		give_way(t);
	l->network = *network;
	l->n_name = (uint16_t)name.n;
	if (name.n)
		memcpy(l->name, name.p, name.n);
	list_init(&l->in_unsaved);
	list_append(&t->by_age, &l->by_age);
	map_add(&t->by_key, &l->by_key, hash_of(t, name, network));
	return l;
}

static bool
is_exempt(const struct lockout_rules *r, const struct ip_addr *client)
{
	for (unsigned int i = 0; i < r->n_exempt; i++)
		if (ip_in_prefix(client, &r->exempt[i]))
			return true;
	return false;
}

/* The key of a name's count under these rules. */
static struct ip_prefix
name_network(const struct lockout_rules *r, const struct ip_addr *client)
{
	return r->by_network ? network_of(client) : (struct ip_prefix){ 0 };
}

static bool
is_over(const struct lockout *l, const struct lockout_rules *r, int64_t now_s)
{
	return now_s - l->last_s >= (int64_t)r->reset_s;
}

/* A count that still counts; one whose time has passed is forgotten. */
static struct lockout *
live(struct lockouts *t, const struct lockout_rules *r, struct view name,
    const struct ip_prefix *network, int64_t now_s)
{
	struct lockout *l = find(t, name, network);

	if (l && l->last_s > now_s) /* the clock was set back: it counts from now, not for years */
		l->last_s = now_s;
	if (!l || l->denials == 0 || !is_over(l, r, now_s))
		return l && l->denials ? l : NULL;
	l->denials = 0;
	unsave(t, l);
	return NULL;
}

const struct lockout *
lockout_of(struct lockouts *t, const struct lockout_rules *r, struct view name,
    const struct ip_addr *client, int64_t now_s)
{
	struct ip_prefix by_name = name_network(r, client), network = network_of(client);
	const struct lockout *l;

	if (is_exempt(r, client))
		return NULL;
	l = r->denials && name.n ? live(t, r, name, &by_name, now_s) : NULL;
	if (l && l->denials >= r->denials)
		return l;
	l = r->network_denials ? live(t, r, view_of(NULL, 0), &network, now_s) : NULL;
	return l && l->denials >= r->network_denials ? l : NULL;
}

static uint32_t
count(struct lockouts *t, const struct lockout_rules *r, struct view name,
    const struct ip_prefix *network, int64_t now_s)
{
	struct lockout *l = live(t, r, name, network, now_s);

	if (!l)
		l = find(t, name, network); /* forgotten, and not yet told to the store */
	if (!l)
		l = make(t, name, network);
	if (!l)
		return 0;
	l->denials++;
	l->last_s = now_s;
	list_remove(&l->by_age);
	list_append(&t->by_age, &l->by_age);
	unsave(t, l);
	return l->denials;
}

uint32_t
lockout_failed(struct lockouts *t, const struct lockout_rules *r, struct view name,
    const struct ip_addr *client, int64_t now_s)
{
	struct ip_prefix by_name = name_network(r, client), network = network_of(client);
	uint32_t n = 0;

	if (is_exempt(r, client))
		return 0;
	if (r->network_denials)
		(void)count(t, r, view_of(NULL, 0), &network, now_s);
	if (r->denials && name.n)
		n = count(t, r, name, &by_name, now_s);
	return n;
}

void
lockout_passed(struct lockouts *t, const struct lockout_rules *r, struct view name,
    const struct ip_addr *client)
{
	struct ip_prefix network = name_network(r, client);
	struct lockout *l = name.n ? find(t, name, &network) : NULL;

	if (!l || l->denials == 0)
		return;
	l->denials = 0;
	unsave(t, l);
}

void
lockout_known(struct lockouts *t, struct view name, const struct ip_prefix *network,
    uint32_t denials, int64_t last_s)
{
	struct lockout *l = find(t, name, network);

	if (l || denials == 0)
		return; /* what is here is not older */
	l = make(t, name, network);
	if (!l)
		return;
	l->denials = denials;
	l->last_s = last_s;
}

void
lockout_clear(struct lockouts *t, struct view name, const struct ip_addr *client)
{
	struct list *node, *tmp;

	list_each (node, tmp, &t->by_age) {
		struct lockout *l = container_of(node, struct lockout, by_age);
		bool hit = name.n ? view_eq(view_of(l->name, l->n_name), name)
		                  : l->n_name == 0 && ip_in_prefix(client, &l->network);
		if (!hit)
			continue;
		l->denials = 0;
		unsave(t, l); /* also what the store has by now heard anew is to go */
	}
}

const struct lockout *
lockout_unsaved(const struct lockouts *t)
{
	if (list_empty(&t->unsaved))
		return NULL;
	return container_of(t->unsaved.next, struct lockout, in_unsaved);
}

void
lockout_saved(struct lockouts *t, const struct lockout *l)
{
	struct lockout *mine = find(t, view_of(l->name, l->n_name), &l->network);

	must(mine == l);
	list_remove(&mine->in_unsaved);
	list_init(&mine->in_unsaved);
	if (mine->denials == 0)
		drop(t, mine);
}
