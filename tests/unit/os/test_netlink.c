/*
 * Links, addresses and routes in a network namespace of the test's own. R60 (the pool is compared
 * with routes and addresses), R108 (the routes that carry a session). Routes bear our number and
 * can all be taken back.
 */
#include "os/netlink.h"

#include "netns.h"
#include "os/tun.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct netlink *nl;
static int tun = -1;
static char device[TUN_NAME_MAX];
static struct if_link link_;

static struct ip_prefix
prefix(const char *text)
{
	struct ip_prefix p;

	assert_true(ip_prefix_parse(view_str(text), &p));
	return p;
}

static struct ip_addr
addr(const char *text)
{
	struct ip_addr a;

	assert_true(ip_parse(view_str(text), &a));
	return a;
}

static int
enter(void **state)
{
	(void)state;
	if (!netns_enter())
		return 0;
	if (netlink_open(&nl) != 0)
		return -1;
	tun = tun_open("rras%d", true, device);
	return 0;
}

static int
leave(void **state)
{
	(void)state;
	netlink_close(nl);
	if (tun >= 0)
		close(tun);
	return 0;
}

static void
need_device(void)
{
	if (!nl || tun < 0) {
		print_message("no network namespace or no TUN device allowed here\n");
		skip();
	}
	assert_int_equal(netlink_link_get(nl, device, 0, &link_), 0);
}

static void
test_link(void **state)
{
	struct if_link l;

	(void)state;
	need_device();
	assert_string_equal(link_.name, device);
	assert_false(link_.up);
	assert_int_equal(netlink_link_set_mtu(nl, link_.ifindex, 1400), 0);
	assert_int_equal(netlink_link_set_up(nl, link_.ifindex, true), 0);
	assert_int_equal(netlink_link_get(nl, NULL, link_.ifindex, &l), 0);
	assert_string_equal(l.name, device);
	assert_int_equal(l.mtu, 1400);
	assert_true(l.up);
	assert_false(l.loopback);
	assert_int_equal(netlink_link_set_up(nl, link_.ifindex, false), 0);
	assert_int_equal(netlink_link_get(nl, device, 0, &l), 0);
	assert_false(l.up);
	assert_int_equal(netlink_link_set_up(nl, link_.ifindex, true), 0);
	assert_int_equal(netlink_link_get(nl, "lo", 0, &l), 0);
	assert_true(l.loopback);
	assert_int_equal(netlink_link_get(nl, "nosuch0", 0, &l), -ENODEV);
	assert_int_equal(netlink_link_get(nl, "", 0, &l), -ENODEV);
	assert_int_equal(netlink_link_get(nl, "a-name-that-is-too-long", 0, &l), -ENODEV);
	assert_int_equal(netlink_link_get(nl, NULL, 99999, &l), -ENODEV);
	assert_int_equal(netlink_link_set_mtu(nl, 99999, 1400), -ENODEV);
}

/* Collects what a walk gives. */
static struct if_addr addrs[16];
static struct route routes[600];
static struct if_link links[8];
static size_t n_found, stop_at;

static bool
take_addr(void *ctx, const struct if_addr *a)
{
	(void)ctx;
	if (a->ifindex == link_.ifindex && n_found < 16)
		addrs[n_found++] = *a;
	return true;
}

static bool
take_route(void *ctx, const struct route *r)
{
	const uint8_t *protocol = ctx;

	if (r->protocol == *protocol && n_found < 600)
		routes[n_found++] = *r;
	return stop_at == 0 || n_found < stop_at;
}

static bool
take_link(void *ctx, const struct if_link *l)
{
	(void)ctx;
	if (n_found < 8)
		links[n_found++] = *l;
	return true;
}

static void
list_addrs(enum ip_family family)
{
	n_found = 0;
	assert_int_equal(netlink_addr_each(nl, family, take_addr, NULL), 0);
}

static void
list_routes(enum ip_family family)
{
	uint8_t ours = NETLINK_PROTO_OPENRRAS;

	n_found = 0;
	assert_int_equal(netlink_route_each(nl, family, take_route, &ours), 0);
}

static void
test_links_listed(void **state)
{
	(void)state;
	need_device();
	n_found = 0;
	assert_int_equal(netlink_link_each(nl, take_link, NULL), 0);
	assert_in_range(n_found, 2, 8); /* lo, ours, perhaps the kernel's tunnel templates */
}

static void
test_addresses(void **state)
{
	struct if_addr a, p2p, six;

	(void)state;
	need_device();
	a = (struct if_addr){ .ifindex = link_.ifindex, .local = prefix("10.99.0.1/24") };
	assert_int_equal(netlink_addr_add(nl, &a), 0);
	assert_int_equal(netlink_addr_add(nl, &a), 0); /* again is fine */
	p2p = (struct if_addr){
		.ifindex = link_.ifindex, .local = prefix("10.98.0.1/32"), .peer = addr("10.98.0.2")
	};
	assert_int_equal(netlink_addr_add(nl, &p2p), 0);
	list_addrs(IP_V4);
	assert_int_equal(n_found, 2);
	assert_true(ip_equal(&addrs[0].local.addr, &a.local.addr));
	assert_int_equal(addrs[0].local.len, 24);
	assert_int_equal(addrs[0].peer.family, IP_NONE);
	assert_true(ip_equal(&addrs[1].local.addr, &p2p.local.addr));
	assert_true(ip_equal(&addrs[1].peer, &p2p.peer));
	assert_int_equal(netlink_addr_del(nl, &p2p), 0);
	list_addrs(IP_V4);
	assert_int_equal(n_found, 1);
	assert_int_equal(netlink_addr_del(nl, &p2p), -EADDRNOTAVAIL);

	six = (struct if_addr){ .ifindex = link_.ifindex, .local = prefix("fd00:99::1/64") };
	int err = netlink_addr_add(nl, &six);
	if (err == -EOPNOTSUPP || err == -EACCES || err == -EAFNOSUPPORT)
		return; /* no IPv6 here */
	assert_int_equal(err, 0);
	list_addrs(IP_V6);
	bool seen = false;
	for (size_t i = 0; i < n_found; i++)
		seen = seen || (ip_equal(&addrs[i].local.addr, &six.local.addr) &&
				   addrs[i].local.len == 64 && addrs[i].peer.family == IP_NONE);
	assert_true(seen);
}

static void
test_routes(void **state)
{
	struct route host, pool, via, found;

	(void)state;
	need_device();
	pool = (struct route){ .type = ROUTE_UNREACHABLE, .dst = prefix("10.97.0.0/24") };
	host = (struct route){
		.type = ROUTE_UNICAST, .dst = prefix("10.97.0.7/32"), .ifindex = link_.ifindex
	};
	via = (struct route){ .type = ROUTE_UNICAST,
		.dst = prefix("192.0.2.0/24"),
		.gateway = addr("10.99.0.9"),
		.source = addr("10.99.0.1"),
		.metric = 77 };
	assert_int_equal(netlink_route_add(nl, &pool, false), 0);
	assert_int_equal(netlink_route_add(nl, &host, false), 0);
	assert_int_equal(netlink_route_add(nl, &via, false), 0);
	assert_int_equal(netlink_route_add(nl, &host, false), -EEXIST);
	assert_int_equal(netlink_route_add(nl, &host, true), 0);

	list_routes(IP_V4);
	assert_int_equal(n_found, 3);
	for (size_t i = 0; i < n_found; i++) {
		const struct route *r = &routes[i];
		assert_int_equal(r->table, 0);
		if (r->type == ROUTE_UNREACHABLE) {
			assert_int_equal(r->dst.len, 24);
			assert_int_equal(r->ifindex, 0);
		} else if (r->dst.len == 32) {
			assert_true(ip_equal(&r->dst.addr, &host.dst.addr));
			assert_int_equal(r->ifindex, link_.ifindex);
			assert_int_equal(r->gateway.family, IP_NONE);
		} else {
			assert_true(ip_equal(&r->gateway, &via.gateway));
			assert_true(ip_equal(&r->source, &via.source));
			assert_int_equal(r->metric, 77);
		}
	}
	stop_at = 1;
	list_routes(IP_NONE);
	assert_int_equal(n_found, 1);
	stop_at = 0;

	assert_int_equal(netlink_route_lookup(nl, &host.dst.addr, &found), 0);
	assert_int_equal(found.ifindex, link_.ifindex);
	assert_true(ip_equal(&found.dst.addr, &host.dst.addr));
	struct ip_addr in_pool = addr("10.97.0.8"), behind = addr("192.0.2.5"),
		       nowhere = addr("203.0.113.1");
	assert_int_equal(netlink_route_lookup(nl, &in_pool, &found), -EHOSTUNREACH);
	assert_int_equal(netlink_route_lookup(nl, &nowhere, &found), -ENETUNREACH);
	assert_int_equal(netlink_route_lookup(nl, &behind, &found), 0);
	assert_true(ip_equal(&found.gateway, &via.gateway));

	assert_int_equal(netlink_route_del(nl, &host), 0);
	assert_int_equal(netlink_route_del(nl, &host), -ESRCH);
	assert_int_equal(netlink_route_lookup(nl, &host.dst.addr, &found), -EHOSTUNREACH);
	assert_int_equal(netlink_route_flush(nl, NETLINK_PROTO_OPENRRAS, NULL, NULL), 2);
	list_routes(IP_NONE);
	assert_int_equal(n_found, 0);
	assert_int_equal(netlink_route_flush(nl, NETLINK_PROTO_OPENRRAS, NULL, NULL), 0);
}

/* More than one page and more than one message of the kernel's. */
static void
test_flush_many(void **state)
{
	struct route r;

	(void)state;
	need_device();
	r = (struct route){
		.type = ROUTE_UNICAST, .dst = prefix("10.96.0.0/32"), .ifindex = link_.ifindex
	};
	for (uint32_t i = 0; i < 550; i++) {
		r.dst.addr = ip_v4(0x0a600000 + i);
		assert_int_equal(netlink_route_add(nl, &r, true), 0);
	}
	/* Somebody else's route stays. */
	r = (struct route){ .type = ROUTE_UNICAST,
		.dst = prefix("10.95.0.0/16"),
		.ifindex = link_.ifindex,
		.protocol = 4 };
	assert_int_equal(netlink_route_add(nl, &r, false), 0);
	list_routes(IP_V4);
	assert_int_equal(n_found, 550);
	assert_int_equal(netlink_route_flush(nl, NETLINK_PROTO_OPENRRAS, NULL, NULL), 550);
	list_routes(IP_V4);
	assert_int_equal(n_found, 0);
	assert_int_equal(netlink_route_del(nl, &r), 0);
}

static void
test_routes_ipv6(void **state)
{
	struct route pool, host, found;

	(void)state;
	need_device();
	pool = (struct route){ .type = ROUTE_UNREACHABLE, .dst = prefix("fd00:97::/64") };
	host = (struct route){
		.type = ROUTE_UNICAST, .dst = prefix("fd00:97::7/128"), .ifindex = link_.ifindex
	};
	int err = netlink_route_add(nl, &pool, false);
	if (err == -EOPNOTSUPP || err == -EACCES || err == -EAFNOSUPPORT)
		skip();
	assert_int_equal(err, 0);
	assert_int_equal(netlink_route_add(nl, &host, false), 0);
	list_routes(IP_V6);
	assert_int_equal(n_found, 2);
	assert_int_equal(netlink_route_lookup(nl, &host.dst.addr, &found), 0);
	assert_int_equal(found.ifindex, link_.ifindex);
	struct ip_addr in_pool = addr("fd00:97::8");
	assert_true(netlink_route_lookup(nl, &in_pool, &found) < 0);
	assert_int_equal(netlink_route_flush(nl, NETLINK_PROTO_OPENRRAS, NULL, NULL), 2);
}

static void
test_bad_requests(void **state)
{
	struct route r = { .type = ROUTE_UNICAST };

	(void)state;
	need_device();
	assert_int_equal(netlink_route_add(nl, &r, false), -EINVAL);
	r = (struct route){ .dst = prefix("10.0.0.0/8") };
	assert_int_equal(netlink_route_add(nl, &r, false), -EINVAL);
	r = (struct route){ .type = ROUTE_UNICAST, .dst = prefix("10.0.0.0/8"), .ifindex = 99999 };
	assert_true(netlink_route_add(nl, &r, false) < 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_links_listed),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_flush_many),
		cmocka_unit_test(test_routes_ipv6),
		cmocka_unit_test(test_bad_requests),
	};

	return cmocka_run_group_tests_name("os/netlink", tests, enter, leave);
}
