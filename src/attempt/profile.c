/*
 * Terms that sessions share. Policies grant the same to many, so that a thousand sessions hold a
 * few profiles and not a thousand; see profile.h.
 */
#include "attempt/profile.h"

#include "base/list.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_AT_MAX 32u /* those used last; a server with more kinds of terms shares less */

struct kept {
	struct list link;
	unsigned int refs;
	struct profile p;
};

static _Thread_local struct list all; /* the one used last comes last */

static bool
same_addrs(const struct ip_addr *a, const struct ip_addr *b, unsigned int n)
{
	while (n > 0 && ip_equal(&a[n - 1], &b[n - 1]))
		n--;
	return n == 0;
}

static bool
same_routes(const struct ip_prefix *a, const struct ip_prefix *b, unsigned int n)
{
	while (n > 0 && a[n - 1].len == b[n - 1].len && ip_equal(&a[n - 1].addr, &b[n - 1].addr))
		n--;
	return n == 0;
}

static bool
same_pools(const struct profile *a, const struct profile *b)
{
	unsigned int n = a->n_pools;

	while (n > 0 && strcmp(a->pools[n - 1], b->pools[n - 1]) == 0)
		n--;
	return n == 0 && strcmp(a->ipv6_pool, b->ipv6_pool) == 0;
}

/* Member by member: the bytes between them mean nothing. */
static bool
same(const struct profile *a, const struct profile *b)
{
	return a->encryption == b->encryption && a->mru == b->mru && a->isolated == b->isolated &&
	       a->idle_timeout_s == b->idle_timeout_s &&
	       a->session_timeout_s == b->session_timeout_s && a->hours_left_s == b->hours_left_s &&
	       a->n_pools == b->n_pools && a->n_routes == b->n_routes &&
	       a->n_framed == b->n_framed && same_pools(a, b) && same_addrs(a->dns, b->dns, 2) &&
	       same_addrs(a->nbns, b->nbns, 2) && same_addrs(a->dns6, b->dns6, 2) &&
	       strcmp(a->dns_suffix, b->dns_suffix) == 0 &&
	       same_routes(a->routes, b->routes, a->n_routes) &&
	       same_routes(a->framed, b->framed, a->n_framed);
}

const struct profile *
profile_keep(const struct profile *p)
{
	struct kept *k = NULL;
	struct list *node;
	unsigned int n = 0;

	if (!all.next)
		list_init(&all);
	for (node = all.prev; node != &all && n < LOOK_AT_MAX; node = node->prev, n++) {
		k = container_of(node, struct kept, link);
		if (same(&k->p, p))
			break;
		k = NULL;
	}
	if (!k && !(k = calloc(1, sizeof(*k))))
		return NULL;
	if (k->refs++ == 0) {
		k->p = *p;
		list_init(&k->link);
	}
	list_remove(&k->link);
	list_append(&all, &k->link);
	return &k->p;
}

void
profile_drop(const struct profile *p)
{
	if (!p)
		return;
	struct kept *k = (struct kept *)((uintptr_t)p - offsetof(struct kept, p));
	if (--k->refs > 0)
		return;
	list_remove(&k->link);
	free(k);
}
