/* Device, addresses, routes and resolver of a call. See dial_net.h. */
#include "roles/dial_net.h"

#include "os/file.h"
#include "os/tun.h"
#include "roles/dial_beside.h"
#include "roles/dial_dns.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Ours come before what DHCP clients set (100 and more) and leave room for those of connections
 * that come later: the newest has the lowest.
 */
#define METRIC_FIRST 50u

static void warn(struct dial_net *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
warn(struct dial_net *n, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	n->warn(n->ctx, line);
}

int
dial_net_open(struct dial_net *n)
{
	struct dial_swept swept;
	struct if_link link;
	int rc = netlink_open(&n->nl);

	n->tun_fd = -1;
	if (rc < 0)
		return rc;
	if (dial_undo_sweep(n->nl, &swept) == 0 && swept.connections)
		warn(n,
		    "A rasdial that was killed had left routes or DNS settings: they are undone.");
	rc = dial_undo_claim(&n->undo, n->opt->name);
	if (rc < 0) {
		warn(n, "%s: %s", DIAL_UNDO_DIR, strerror(-rc));
		return rc;
	}
	n->tun_fd = tun_open(n->opt->device, true, n->res->device);
	if (n->tun_fd < 0)
		return n->tun_fd;
	if (!n->opt->no_offload)
		n->offload = tun_set_offload(n->tun_fd, VNET_TCP | VNET_UDP);
	rc = netlink_link_get(n->nl, n->res->device, 0, &link);
	n->ifindex = rc < 0 ? 0 : link.ifindex;
	return rc;
}

void
dial_net_close(struct dial_net *n)
{
	if (n->tun_fd >= 0)
		close(n->tun_fd); /* and with it go its addresses and routes */
	n->tun_fd = -1;
	dial_undo_finish(&n->undo, n->nl);
	netlink_close(n->nl);
	n->nl = NULL;
}

/* --- routes through the tunnel --- */

/* A route that is not there yet, behind nobody's but those that are older. */
static int
add_in_front(struct dial_net *n, struct route *r)
{
	int rc = -EEXIST;

	for (uint32_t metric = METRIC_FIRST; metric > 0 && rc == -EEXIST; metric--) {
		r->metric = metric;
		rc = netlink_route_add(n->nl, r, false);
	}
	return rc;
}

static void
add_route(struct dial_net *n, struct ip_prefix dst)
{
	bool six = dst.addr.family == IP_V6;
	struct route r = { .type = ROUTE_UNICAST,
		.dst = dst,
		.ifindex = n->ifindex,
		.source = six ? n->res->local6 : n->res->local };
	char text[ADDR_TEXT_MAX];
	unsigned int i = 0;
	int rc;

	if (ip_is_none(&r.source))
		return; /* the call does not carry this family */
	while (i < n->n_routes &&
	       !(n->routes[i].dst.len == dst.len && ip_equal(&n->routes[i].dst.addr, &dst.addr)))
		i++;
	if (i == DIAL_SET_ROUTES_MAX)
		return;
	if (i < n->n_routes) {
		r.metric = n->routes[i].metric;
		rc = netlink_route_add(n->nl, &r, true);
	} else {
		rc = add_in_front(n, &r);
	}
	if (rc < 0) {
		warn(n, "Route to %s/%u not set: %s", ip_text(&dst.addr, text), dst.len,
		    strerror(-rc));
		return;
	}
	n->routes[i] = r;
	if (i < n->n_routes)
		return;
	n->n_routes++;
	n->res->set_routes[n->res->n_set_routes++] = dst;
}

/* Two halves win over the default route without touching it. */
static void
halves(enum ip_family family, struct ip_prefix out[2])
{
	for (unsigned int i = 0; i < 2; i++) {
		out[i] = (struct ip_prefix){ .addr = { .family = (uint8_t)family }, .len = 1 };
		out[i].addr.b[0] = i ? 0x80 : 0;
	}
}

static bool
is_blocked(const struct dial_net *n, enum ip_family family)
{
	for (unsigned int i = 0; i < n->undo.n_routes; i++)
		if (n->undo.routes[i].type == ROUTE_UNREACHABLE &&
		    n->undo.routes[i].dst.addr.family == family)
			return true;
	return false;
}

static void
unblock(struct dial_net *n, enum ip_family family)
{
	for (unsigned int i = n->undo.n_routes; i-- > 0;)
		if (n->undo.routes[i].type == ROUTE_UNREACHABLE &&
		    n->undo.routes[i].dst.addr.family == family)
			dial_undo_drop_route(&n->undo, n->nl, i);
}

/*
 * Everything shall go through the tunnel, and the tunnel does not carry this family: what would
 * go past it is told so at once, and programs take the other family (U09).
 */
static void
block(struct dial_net *n, enum ip_family family)
{
	struct ip_prefix half[2];

	if (is_blocked(n, family))
		return;
	halves(family, half);
	for (unsigned int i = 0; i < 2 && n->undo.n_routes < DIAL_UNDO_ROUTES; i++) {
		struct route r = { .type = ROUTE_UNREACHABLE, .dst = half[i] };
		int rc = -EEXIST;
		for (r.metric = METRIC_FIRST; r.metric > 0 && rc == -EEXIST; r.metric--) {
			n->undo.routes[n->undo.n_routes] = r;
			n->undo.n_routes++;
			(void)!dial_undo_write(&n->undo);
			rc = netlink_route_add(n->nl, &r, false);
			if (rc < 0)
				n->undo.n_routes--;
			if (rc == 0)
				break;
		}
		if (rc < 0)
			warn(n, "IPv%d is not kept from going past the tunnel: %s",
			    family == IP_V4 ? 4 : 6, strerror(-rc));
	}
	(void)!dial_undo_write(&n->undo);
}

static void
take_all(struct dial_net *n)
{
	const struct dial_result *res = n->res;
	struct ip_prefix half[2];
	const struct {
		enum ip_family family;
		bool carried;
	} families[] = { { IP_V4, !ip_is_none(&res->local) },
		{ IP_V6, !ip_is_none(&res->local6) && res->routes6 } };

	for (unsigned int f = 0; f < 2; f++) {
		halves(families[f].family, half);
		if (families[f].carried) {
			add_route(n, half[0]);
			add_route(n, half[1]);
			unblock(n, families[f].family);
		} else if (!n->opt->leave_other) {
			block(n, families[f].family);
		}
	}
}

struct ip_prefix
dial_net_class(const struct ip_addr *a)
{
	uint8_t len = a->b[0] < 128 ? 8 : a->b[0] < 192 ? 16 : 24;
	struct ip_prefix p = { .addr = *a, .len = len };

	memset(p.addr.b + len / 8, 0, sizeof(p.addr.b) - len / 8);
	return p;
}

/* A server may offer what it routes, and not the whole Internet or the way to itself (U09). */
static bool
may_learn(const struct ip_prefix *p)
{
	return p->len >= 8 && p->addr.b[0] != 127 && p->addr.b[0] < 224;
}

static void
add_routes(struct dial_net *n)
{
	for (unsigned int i = 0; i < n->opt->n_routes; i++)
		add_route(n, n->opt->routes[i]);
	if (n->opt->class_route && !ip_is_none(&n->res->local))
		add_route(n, dial_net_class(&n->res->local));
	for (unsigned int i = 0; n->opt->server_routes && i < n->res->n_server_routes; i++)
		if (may_learn(&n->res->server_routes[i]))
			add_route(n, n->res->server_routes[i]);
	if (n->opt->default_route)
		take_all(n);
	dial_beside_look(
	    n->nl, n->routes, n->n_routes, n->ifindex, n->looked_beside ? NULL : n->warn, n->ctx);
	n->looked_beside = true;
}

/* --- the way to the server --- */

static void
pin(struct dial_net *n, const struct ip_addr *server, const struct route *way)
{
	struct dial_undo *u = &n->undo;
	struct route r = { .type = ROUTE_UNICAST,
		.dst = { .addr = *server, .len = server->family == IP_V4 ? 32 : 128 },
		.gateway = way->gateway,
		.ifindex = way->ifindex,
		.metric = server->family == IP_V4 ? 0 : METRIC_FIRST };

	if (u->n_routes == DIAL_UNDO_ROUTES)
		return;
	u->routes[u->n_routes++] = r;
	(void)!dial_undo_write(u);
	/* Another connection to the same server may have it already: then both need it. */
	int rc = netlink_route_add(n->nl, &r, false);
	if (rc < 0 && rc != -EEXIST) {
		u->n_routes--;
		(void)!dial_undo_write(u);
	}
}

static int
pin_of(const struct dial_net *n, const struct ip_addr *server)
{
	for (unsigned int i = 0; i < n->undo.n_routes; i++)
		if (n->undo.routes[i].type == ROUTE_UNICAST &&
		    ip_equal(&n->undo.routes[i].dst.addr, server))
			return (int)i;
	return -1;
}

void
dial_net_pin_again(struct dial_net *n, const struct ip_addr *server)
{
	int i = pin_of(n, server);
	struct route way;

	if (dial_beside_way(n->nl, server, n->ifindex, &way) < 0)
		return;
	if (i < 0) {
		pin(n, server, &way);
		return;
	}
	if (n->undo.routes[i].ifindex == way.ifindex &&
	    ip_equal(&n->undo.routes[i].gateway, &way.gateway)) {
		struct route r = n->undo.routes[i]; /* it goes with a device that goes down */
		(void)!netlink_route_add(n->nl, &r, false);
		return;
	}
	dial_undo_drop_route(&n->undo, n->nl, (unsigned int)i);
	pin(n, server, &way);
}

/* The server's own address keeps its way around the tunnel. */
static void
pin_server(struct dial_net *n, const struct ip_addr *server)
{
	struct route way;

	if (pin_of(n, server) >= 0 || netlink_route_lookup(n->nl, server, &way) < 0)
		return;
	if (way.ifindex != n->ifindex || dial_beside_way(n->nl, server, n->ifindex, &way) == 0)
		pin(n, server, &way);
}

/* --- addresses --- */

/*
 * The core heard the advertisements and made the address: the kernel neither asks nor believes
 * anything on this device.
 */
static void
quiet_ipv6(const char *device)
{
	char path[64];

	snprintf(path, sizeof(path), "net/ipv6/conf/%s/addr_gen_mode", device);
	(void)!file_sysctl(path, "1");
	snprintf(path, sizeof(path), "net/ipv6/conf/%s/accept_ra", device);
	(void)!file_sysctl(path, "0");
}

/* Sets an address; *old is the one before it, which is to go when all else has moved. */
static int
set_address(struct dial_net *n, const struct ip_addr *now, const struct ip_addr *peer,
    const struct ip_addr *was, struct if_addr *old)
{
	uint8_t len = now->family == IP_V6 || was->family == IP_V6 ? 128 : 32;
	struct if_addr a = { .ifindex = n->ifindex, .local = { .addr = *now, .len = len } };

	*old = (struct if_addr){ 0 };
	if (peer)
		a.peer = *peer;
	if (!ip_is_none(was) && !ip_equal(was, now))
		*old = (struct if_addr){ .ifindex = n->ifindex,
			.local = { .addr = *was, .len = len } };
	return ip_is_none(now) ? 0 : netlink_addr_add(n->nl, &a);
}

static void
set_dns(struct dial_net *n)
{
	struct dial_result *res = n->res;
	struct dial_undo *u = &n->undo;
	const struct ip_addr all[] = { res->dns[0], res->dns[1], res->dns6[0], res->dns6[1] };
	char err[256];

	if (!n->opt->set_dns || n->dns_failed)
		return;
	u->n_servers = 0;
	for (unsigned int i = 0; i < 4; i++)
		if (!ip_is_none(&all[i]))
			u->servers[u->n_servers++] = all[i];
	if (u->n_servers == 0) {
		res->dns_by[0] = 0;
		return;
	}
	snprintf(
	    u->suffix, sizeof(u->suffix), "%s", dial_dns_suffix_ok(res->suffix) ? res->suffix : "");
	snprintf(u->device, sizeof(u->device), "%s", res->device);
	u->full = n->opt->default_route;
	if (u->dns == DNS_NOBODY)
		u->dns = dial_dns_way();
	(void)!dial_undo_write(u);
	if (dial_dns_set(u, err, sizeof(err)) < 0) {
		n->dns_failed = true; /* once is enough to be told */
		warn(n, "DNS is not set: %s", err);
		return;
	}
	snprintf(res->dns_by, sizeof(res->dns_by), "%s", dial_dns_name(u->dns));
}

int
dial_net_plumb(struct dial_net *n, const struct ip_addr *server, uint16_t mtu)
{
	struct dial_result *res = n->res;
	struct if_addr old4, old6;
	int rc = netlink_link_set_mtu(n->nl, n->ifindex, mtu);

	quiet_ipv6(res->device);
	if (rc == 0)
		rc = netlink_link_set_up(n->nl, n->ifindex, true);
	if (rc == 0)
		rc = set_address(n, &res->local, &res->remote, &n->set4, &old4);
	if (rc < 0) {
		warn(n, "The address could not be set: %s", strerror(-rc));
		return rc;
	}
	rc = set_address(n, &res->local6, NULL, &n->set6, &old6);
	if (rc < 0) {
		warn(n, "The IPv6 address could not be set: %s", strerror(-rc));
		res->local6 = (struct ip_addr){ 0 };
		if (ip_is_none(&res->local))
			return rc;
	}
	pin_server(n, server);
	add_routes(n);
	if (old4.ifindex)
		(void)!netlink_addr_del(n->nl, &old4);
	if (old6.ifindex)
		(void)!netlink_addr_del(n->nl, &old6);
	n->set4 = res->local;
	n->set6 = res->local6;
	set_dns(n);
	return 0;
}

void
dial_net_options(struct dial_net *n)
{
	if (n->opt->server_routes)
		add_routes(n);
	if (n->res->suffix[0])
		set_dns(n);
}
