/*
 * What accounts have as their own: addresses outside the pools, and routes to the networks behind
 * their clients. Record says it (GRANT), at its start the whole list, then each change; so an aaa
 * that was broken into cannot have anything else routed to a client.
 */
#include "roles/monitor_priv.h"

#include "base/list.h"

#include <stdlib.h>
#include <string.h>

#define ROUTES_MAX 16u

struct grant {
	struct map_node node;
	uint64_t account;
	uint32_t round; /* of the list that named it last */
	struct ip_addr address;
	unsigned int n_routes;
	struct ip_prefix routes[ROUTES_MAX];
};

bool
monitor_next_prefix(struct view *list, struct ip_prefix *out)
{
	while (list->n) {
		size_t n = 0;
		while (n < list->n && list->p[n] != ' ')
			n++;
		struct view word = view_of(list->p, n);
		*list = view_of(list->p + n, list->n - n);
		while (list->n && list->p[0] == ' ')
			*list = view_of(list->p + 1, list->n - 1);
		if (n && ip_prefix_parse(word, out))
			return true;
	}
	return false;
}

static struct grant *
find(struct monitor *m, uint64_t account)
{
	struct map_node *n = map_first(&m->grants, map_hash(&m->grants, &account, sizeof(account)));

	for (; n; n = map_next(n)) {
		struct grant *g = container_of(n, struct grant, node);
		if (g->account == account)
			return g;
	}
	return NULL;
}

static void
drop(struct monitor *m, struct grant *g)
{
	map_remove(&m->grants, &g->node);
	free(g);
}

/* The list is through: who was not named has nothing. */
static void
end_round(struct monitor *m)
{
	struct map_walk w = { 0 };
	struct map_node *n;

	while ((n = map_walk(&m->grants, &w))) {
		struct grant *g = container_of(n, struct grant, node);
		if (g->round != m->grant_round)
			drop(m, g);
	}
}

static void
take_account(struct monitor *m, const struct msg_grant *q)
{
	struct grant *g = find(m, q->account);
	struct view list = q->routes;

	if (ip_is_none(&q->address) && q->routes.n == 0) {
		if (g)
			drop(m, g);
		return;
	}
	if (!g) {
		g = calloc(1, sizeof(*g));
		if (!g)
			return; /* the account's address cannot be routed: a named cause */
		g->account = q->account;
		map_add(
		    &m->grants, &g->node, map_hash(&m->grants, &g->account, sizeof(g->account)));
	}
	g->round = m->grant_round;
	g->address = q->address;
	g->n_routes = 0;
	while (g->n_routes < ROUTES_MAX && monitor_next_prefix(&list, &g->routes[g->n_routes]))
		g->n_routes++;
}

void
monitor_grant(struct monitor *m, const struct msg_grant *q)
{
	if (q->what == GRANT_BEGIN)
		m->grant_round++;
	else if (q->what == GRANT_ACCOUNT)
		take_account(m, q);
	else if (q->what == GRANT_END)
		end_round(m);
}

bool
monitor_address_granted(const struct monitor *m, const struct ip_addr *a)
{
	struct map_walk w = { 0 };
	struct map_node *n;

	while ((n = map_walk(&m->grants, &w)))
		if (ip_equal(&container_of(n, struct grant, node)->address, a))
			return true;
	return false;
}

bool
monitor_route_granted(const struct monitor *m, const struct ip_prefix *p)
{
	struct map_walk w = { 0 };
	struct map_node *n;

	while ((n = map_walk(&m->grants, &w))) {
		const struct grant *g = container_of(n, struct grant, node);
		for (unsigned int i = 0; i < g->n_routes; i++)
			if (g->routes[i].len == p->len && ip_equal(&g->routes[i].addr, &p->addr))
				return true;
	}
	return false;
}

void
monitor_free_grants(struct monitor *m)
{
	struct map_walk w = { 0 };
	struct map_node *n;

	while (m->grants.n && (n = map_walk(&m->grants, &w)))
		drop(m, container_of(n, struct grant, node));
}
