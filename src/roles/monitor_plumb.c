/*
 * PLUMB: what leads packets to a client - the route to its address, the routes to the networks
 * behind it, and proxy entries where its address lies in a network this host is attached to (there
 * this host answers ARP and ND for it). All of it or nothing, and all of it goes with the session.
 *
 * aaa asks, but is not believed: an address has to be of a configured pool or an account's own, a
 * route an account's own. What accounts have comes from record (GRANT), not from aaa. Of two calls
 * in front of one network the newer has it, as a client may dial again while its old call hangs;
 * when it ends, another that is still there gets it back.
 */
#include "roles/monitor_priv.h"

#include "base/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PROXIES_MAX 4u
#define ROUTES_MAX 16u

struct plumbed {
	struct map_node node;
	struct attempt_id attempt;
	struct ip_addr key;              /* the address, or the prefix when there is none */
	struct ip_addr address, prefix6; /* those that are not none */
	unsigned int worker;
	unsigned int n_proxies, n_routes;
	unsigned int proxies[PROXIES_MAX]; /* interfaces that answer for it */
	struct ip_prefix routes[ROUTES_MAX];
};

static uint8_t
host_len(const struct ip_addr *a)
{
	return a->family == IP_V4 ? 32 : 128;
}

static struct plumbed *
find(struct monitor *m, const struct ip_addr *a)
{
	struct map_node *n = map_first(&m->plumbed, map_hash(&m->plumbed, a, sizeof(*a)));

	for (; n; n = map_next(n)) {
		struct plumbed *p = container_of(n, struct plumbed, node);
		if (ip_equal(&p->key, a))
			return p;
	}
	return NULL;
}

static bool
in_pools(const struct conf *c, const struct ip_addr *a)
{
	uint32_t x = ip_v4_u32(a);

	for (unsigned int i = 0; a->family == IP_V4 && i < c->n_pools; i++)
		for (unsigned int j = 0; j < c->pools[i].n_ranges; j++) {
			const struct conf_range *r = &c->pools[i].ranges[j];
			if (r->first.family == IP_V4 && x >= ip_v4_u32(&r->first) &&
			    x <= ip_v4_u32(&r->last))
				return true;
		}
	return false;
}

static bool
in_prefixes(const struct conf *c, const struct ip_addr *a)
{
	for (unsigned int i = 0; i < c->n_pools; i++)
		if (c->pools[i].prefix6.len && ip_in_prefix(a, &c->pools[i].prefix6))
			return true;
	return false;
}

static const struct ip_addr *
key_of(const struct msg_plumb *q)
{
	return ip_is_none(&q->address) ? &q->prefix6 : &q->address;
}

static struct route
route_to(const struct monitor *m, const struct plumbed *p, const struct ip_prefix *to)
{
	return (struct route){ .type = ROUTE_UNICAST,
		.dst = *to,
		.source = to->addr.family == IP_V4 ? monitor_server_address(m->conf)
		                                   : (struct ip_addr){ 0 },
		.ifindex = m->tun_index[p->worker] };
}

/* Another call in front of the same network than the one that is named; NULL: none. */
static const struct plumbed *
other_in_front(struct monitor *m, const struct plumbed *self, const struct ip_prefix *to)
{
	struct map_walk w = { 0 };
	struct map_node *n;

	while ((n = map_walk(&m->plumbed, &w))) {
		const struct plumbed *p = container_of(n, struct plumbed, node);
		for (unsigned int i = 0; p != self && i < p->n_routes; i++)
			if (p->routes[i].len == to->len && ip_equal(&p->routes[i].addr, &to->addr))
				return p;
	}
	return NULL;
}

static void
take_route_back(struct monitor *m, const struct plumbed *p, const struct ip_prefix *to)
{
	struct route r = { .type = ROUTE_UNICAST, .dst = *to, .ifindex = m->tun_index[p->worker] };
	const struct plumbed *other = other_in_front(m, p, to);

	if (other) {
		r = route_to(m, other, to);
		(void)!netlink_route_add(m->nl, &r, true);
	} else {
		(void)!netlink_route_del(m->nl, &r);
	}
}

/* Takes back what is there of it; what is gone already is no matter. */
static void
take_back(struct monitor *m, struct plumbed *p)
{
	struct route r = { .type = ROUTE_UNICAST, .ifindex = m->tun_index[p->worker] };

	for (unsigned int i = 0; i < p->n_proxies; i++)
		(void)!netlink_proxy_del(m->nl, p->proxies[i], &p->address);
	for (unsigned int i = 0; i < p->n_routes; i++)
		take_route_back(m, p, &p->routes[i]);
	r.dst = (struct ip_prefix){ .addr = p->address, .len = host_len(&p->address) };
	if (!ip_is_none(&p->address))
		(void)!netlink_route_del(m->nl, &r);
	r.dst = (struct ip_prefix){ .addr = p->prefix6, .len = LEASE_PREFIX6_BITS };
	if (!ip_is_none(&p->prefix6))
		(void)!netlink_route_del(m->nl, &r);
	map_remove(&m->plumbed, &p->node);
	free(p);
}

struct proxy_wish {
	struct monitor *m;
	struct plumbed *p;
};

static bool
want_proxy(void *ctx, const struct if_addr *a)
{
	struct proxy_wish *w = ctx;
	struct plumbed *p = w->p;

	if (!monitor_is_attached(w->m, a, &p->address) || p->n_proxies == PROXIES_MAX)
		return true;
	for (unsigned int i = 0; i < p->n_proxies; i++)
		if (p->proxies[i] == a->ifindex)
			return true;
	p->proxies[p->n_proxies++] = a->ifindex;
	return true;
}

static int
add_proxies(struct monitor *m, struct plumbed *p)
{
	struct proxy_wish w = { m, p };

	if (ip_is_none(&p->address))
		return 0;
	int rc = netlink_addr_each(m->nl, p->address.family, want_proxy, &w);
	unsigned int n = p->n_proxies;

	p->n_proxies = 0;
	for (unsigned int i = 0; rc == 0 && i < n; i++) {
		rc = netlink_proxy_add(m->nl, p->proxies[i], &p->address);
		if (rc == 0)
			p->n_proxies++;
	}
	return rc;
}

static int
add_routes(struct monitor *m, struct plumbed *p, struct view list, const char **error)
{
	struct ip_prefix to = { .addr = p->address, .len = host_len(&p->address) };
	struct route r = route_to(m, p, &to);
	int rc = ip_is_none(&p->address) ? 0 : netlink_route_add(m->nl, &r, true);

	if (rc == 0 && !ip_is_none(&p->prefix6)) {
		to = (struct ip_prefix){ .addr = p->prefix6, .len = LEASE_PREFIX6_BITS };
		r = route_to(m, p, &to);
		rc = netlink_route_add(m->nl, &r, true);
	}
	while (rc == 0 && monitor_next_prefix(&list, &to)) {
		if (p->n_routes == ROUTES_MAX || to.len == 0 || !monitor_route_granted(m, &to)) {
			*error = "a route behind the client is no account's own";
			return -EPERM;
		}
		r = route_to(m, p, &to);
		/* Never in place of what this host has of its own. */
		rc = netlink_route_add(m->nl, &r, other_in_front(m, p, &to) != NULL);
		if (rc == -EEXIST)
			*error = "this host has a route of its own to a network behind the client";
		if (rc == 0)
			p->routes[p->n_routes++] = to;
	}
	return rc;
}

static int
plumb(struct monitor *m, const struct msg_plumb *q, const char **error)
{
	struct plumbed *p = find(m, key_of(q));
	int rc;

	if (p)
		take_back(m, p); /* its end was lost on the way */
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->attempt = q->attempt;
	p->key = *key_of(q);
	p->address = q->address;
	p->prefix6 = q->prefix6;
	p->worker = q->worker;
	map_add(&m->plumbed, &p->node, map_hash(&m->plumbed, &p->key, sizeof(p->key)));
	rc = add_routes(m, p, q->routes, error);
	if (rc == 0)
		rc = add_proxies(m, p);
	if (rc < 0)
		take_back(m, p);
	return rc;
}

void
monitor_plumb(struct monitor *m, struct mrole *from, const struct msg_plumb *q)
{
	static const struct attempt_id nobody;
	struct msg done = { .id = MSG_PLUMB_DONE, .u.plumb_done = { .seq = q->seq } };
	struct plumbed *p = find(m, key_of(q));
	const char *error = NULL;
	int rc = 0;

	if (q->worker >= m->n_workers) {
		error = "no such worker";
	} else if (!q->add) {
		/* a late word about a session that had the address before is none about this one */
		if (p && (memcmp(&q->attempt, &nobody, sizeof(nobody)) == 0 ||
			     memcmp(&q->attempt, &p->attempt, sizeof(p->attempt)) == 0))
			take_back(m, p);
	} else if (!ip_is_none(&q->address) && !in_pools(m->conf, &q->address) &&
		   !monitor_address_granted(m, &q->address)) {
		error = "the address is in no configured pool and no account's own";
	} else if (!ip_is_none(&q->prefix6) && !in_prefixes(m->conf, &q->prefix6)) {
		error = "the prefix is in no configured pool";
	} else {
		rc = plumb(m, q, &error);
		done.u.plumb_done.device = view_str(m->tun_names[q->worker]);
	}
	if (rc < 0 && !error)
		error = strerror(-rc);
	done.u.plumb_done.ok = !error;
	done.u.plumb_done.error = view_str(error ? error : "");
	if (from->chan && !chan_send(from->chan, &done, -1))
		monitor_say("aaa does not take our answer about a route");
}

/* Never in place of what is there: that is ours still, or another's now. */
static void
set_again(struct monitor *m, const struct plumbed *p, const struct ip_addr *a, uint8_t len)
{
	struct ip_prefix to = { .addr = *a, .len = len };
	struct route r = route_to(m, p, &to);

	if (!ip_is_none(a) && netlink_route_add(m->nl, &r, false) == 0)
		monitor_say("a session's route was gone, and is set again");
}

void
monitor_replumb(struct monitor *m)
{
	struct map_walk w = { 0 };
	struct map_node *n;

	while ((n = map_walk(&m->plumbed, &w))) {
		const struct plumbed *p = container_of(n, struct plumbed, node);
		set_again(m, p, &p->address, host_len(&p->address));
		set_again(m, p, &p->prefix6, LEASE_PREFIX6_BITS);
		for (unsigned int i = 0; i < p->n_routes; i++)
			set_again(m, p, &p->routes[i].addr, p->routes[i].len);
		for (unsigned int i = 0; i < p->n_proxies; i++)
			(void)!netlink_proxy_add(m->nl, p->proxies[i], &p->address);
	}
}

void
monitor_unplumb_all(struct monitor *m)
{
	struct map_walk w = { 0 };
	struct map_node *n;

	while (m->plumbed.n && (n = map_walk(&m->plumbed, &w)))
		take_back(m, container_of(n, struct plumbed, node));
}

static bool
add_marked(void *ctx, unsigned int ifindex, const struct ip_addr *a)
{
	struct monitor *m = ctx;

	m->stale[m->n_stale].ifindex = ifindex;
	m->stale[m->n_stale++].address = *a;
	return m->n_stale < MONITOR_STALE_MAX;
}

/* Another rrasd that runs has a route elsewhere for what it answers for; what is left of one that
 * was killed has none, as its device went with it. */
static bool
is_stale(struct monitor *m, unsigned int ifindex, const struct ip_addr *a)
{
	struct route r;

	return netlink_route_lookup(m->nl, a, &r) < 0 || r.ifindex == ifindex;
}

/* Proxy entries that a run left behind when it was killed. */
void
monitor_flush_proxies(struct monitor *m)
{
	unsigned int n_gone;

	do {
		n_gone = m->n_stale = 0;
		if (netlink_proxy_each(m->nl, IP_V4, add_marked, m) < 0)
			return;
		for (unsigned int i = 0; i < m->n_stale; i++)
			n_gone += is_stale(m, m->stale[i].ifindex, &m->stale[i].address) &&
			          netlink_proxy_del(
				      m->nl, m->stale[i].ifindex, &m->stale[i].address) == 0;
	} while (n_gone && m->n_stale == MONITOR_STALE_MAX);
}
