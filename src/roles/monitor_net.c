/*
 * What monitor opens and sets in the network: listeners, TUN devices, addresses, routes. Every
 * socket stays open here for as long as we run, so that a worker's death loses none.
 */
#include "roles/monitor_priv.h"

#include "os/file.h"
#include "os/sock.h"
#include "os/tun.h"
#include "roles/offload_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 1024

/*
 * The least of all routes, and marked: another rrasd on this host, with other devices, has another
 * mark, so that neither takes the other's routes away.
 */
#define POOL_ROUTE_METRIC 0x40000000u
#define POOL_ROUTE_MARK 0x00ffffffu

static bool
open_listener(struct monitor *m, const struct conf *c, unsigned int worker, unsigned int i)
{
	const struct endpoint *at = &c->sstp_listeners[i];
	char text[ENDPOINT_TEXT_MAX];
	int fd = sock_listen_tcp(at, true, BACKLOG);

	m->listener_fds[worker][i] = fd;
	if (fd >= 0)
		return true;
	endpoint_text(at, text);
	if (fd == -EADDRINUSE)
		monitor_say(
		    "TCP %s is taken by another program: stop it, or change `listen` in the "
		    "block sstp (`rrasctl listeners --all` names it)",
		    text);
	else if (fd == -EADDRNOTAVAIL)
		monitor_say("TCP %s: this host does not have that address", text);
	else if (fd == -EAFNOSUPPORT)
		monitor_say("TCP %s: this host has no IPv6; the listener is left out", text);
	else
		monitor_say("cannot listen on TCP %s: %s", text, strerror(-fd));
	/* A host without IPv6 still serves IPv4. */
	return fd == -EAFNOSUPPORT || (fd == -EADDRNOTAVAIL && at->addr.family == IP_V6);
}

/* SO_REUSEPORT would let a second daemon of the same user in unseen; ask once without it. */
static bool
ports_are_free(const struct conf *c)
{
	for (unsigned int i = 0; i < c->n_sstp_listeners; i++) {
		int fd = sock_listen_tcp(&c->sstp_listeners[i], false, 1);
		char text[ENDPOINT_TEXT_MAX];

		if (fd >= 0)
			close(fd);
		if (fd != -EADDRINUSE)
			continue;
		monitor_say(
		    "TCP %s is taken by another program: stop it, or change `listen` in the "
		    "block sstp (`rrasctl listeners --all` names it)",
		    endpoint_text(&c->sstp_listeners[i], text));
		return false;
	}
	return true;
}

struct ip_addr
monitor_server_address(const struct conf *c)
{
	for (unsigned int i = 0; i < c->n_pools; i++)
		if (c->pools[i].n_ranges)
			return c->pools[i].ranges[0].first;
	return (struct ip_addr){ 0 };
}

/* Our own IPv6 address: number 1 of the first /64 of the first pool that has a prefix. */
static struct ip_addr
server_address6(const struct conf *c)
{
	for (unsigned int i = 0; c->ipv6_enabled && i < c->n_pools; i++) {
		struct ip_addr a = c->pools[i].prefix6.addr;
		if (c->pools[i].prefix6.len == 0)
			continue;
		a.b[15] = 1;
		return a;
	}
	return (struct ip_addr){ 0 };
}

/*
 * Our devices take no part in IPv6 as the kernel does it by itself: no link-local address, no
 * solicitations, nothing believed that an advertisement says. Clients are advertised to by net.
 */
static void
quiet_ipv6(const char *device)
{
	char path[64];

	/* Both are missing where the host has no IPv6 at all. */
	snprintf(path, sizeof(path), "net/ipv6/conf/%s/addr_gen_mode", device);
	(void)!file_sysctl(path, "1");
	snprintf(path, sizeof(path), "net/ipv6/conf/%s/accept_ra", device);
	(void)!file_sysctl(path, "0");
}

static bool
open_tun(struct monitor *m, unsigned int worker)
{
	char want[16], err[256];
	struct if_link link;
	int fd, rc;

	snprintf(want, sizeof(want), "%.11s%u", m->conf->device_prefix, worker);
	fd = tun_open(want, true, m->tun_names[worker]);
	m->tun_fds[worker] = fd;
	if (fd < 0) {
		monitor_say("no TUN device %s: %s", want, tun_error_text(fd, err, sizeof(err)));
		return false;
	}
	quiet_ipv6(m->tun_names[worker]);
	if (m->offload)
		m->offload = tun_set_offload(fd, m->offload);
	rc = netlink_link_get(m->nl, m->tun_names[worker], 0, &link);
	if (rc == 0) {
		m->tun_index[worker] = link.ifindex;
		rc = netlink_link_set_mtu(m->nl, link.ifindex, m->conf->mru_bytes);
	}
	if (rc == 0)
		rc = netlink_link_set_up(m->nl, link.ifindex, true);
	struct if_addr a = { .ifindex = link.ifindex,
		.local = { .addr = monitor_server_address(m->conf), .len = 32 } };
	if (rc == 0 && a.local.addr.family == IP_V4)
		rc = netlink_addr_add(m->nl, &a);
	a.local = (struct ip_prefix){ .addr = server_address6(m->conf), .len = 128 };
	if (rc == 0 && a.local.addr.family == IP_V6) {
		int no6 = netlink_addr_add(m->nl, &a);
		if (no6 < 0)
			monitor_say("no IPv6 on %s: %s", m->tun_names[worker], strerror(-no6));
	}
	if (rc < 0)
		monitor_say("cannot set up device %s: %s", m->tun_names[worker], strerror(-rc));
	return rc == 0;
}

/* The longest prefix that starts at first and stays within last. */
static unsigned int
prefix_within(uint32_t first, uint32_t last)
{
	unsigned int len = 32;

	while (len > 1) {
		uint32_t size = 1u << (32 - (len - 1));
		if ((first & (size - 1)) || last - first < size - 1)
			break;
		len--;
	}
	return len;
}

/* Beneath the sessions' routes: what nobody has leased is unreachable, not somebody else's. */
static void
route_range(struct monitor *m, const struct conf_range *range, bool add)
{
	uint32_t first = ip_v4_u32(&range->first), last = ip_v4_u32(&range->last);

	if (range->first.family != IP_V4)
		return;
	for (;;) {
		unsigned int len = prefix_within(first, last);
		struct route r = { .type = ROUTE_UNREACHABLE,
			.dst = { .addr = ip_v4(first), .len = (uint8_t)len },
			.metric = m->pool_metric };
		int rc = add ? netlink_route_add(m->nl, &r, true) : netlink_route_del(m->nl, &r);
		if (add && rc < 0)
			monitor_say("no unreachable route beneath a pool: %s", strerror(-rc));
		uint32_t size = len == 0 ? 0 : 1u << (32 - len);
		if (last - first < size || first + (size - 1) == last)
			return;
		first += size;
	}
}

static void
route_prefix6(struct monitor *m, const struct ip_prefix *prefix, bool add)
{
	struct route r = { .type = ROUTE_UNREACHABLE, .dst = *prefix, .metric = m->pool_metric };
	int rc = 0;

	if (prefix->len)
		rc = add ? netlink_route_add(m->nl, &r, true) : netlink_route_del(m->nl, &r);
	if (add && rc < 0)
		monitor_say("no unreachable route beneath a prefix6: %s", strerror(-rc));
}

static void
route_pools(struct monitor *m, const struct conf *c, bool add)
{
	for (unsigned int i = 0; i < c->n_pools; i++) {
		for (unsigned int j = 0; j < c->pools[i].n_ranges; j++)
			route_range(m, &c->pools[i].ranges[j], add);
		if (c->ipv6_enabled)
			route_prefix6(m, &c->pools[i].prefix6, add);
	}
}

void
monitor_update_pools(struct monitor *m, const struct conf *old)
{
	route_pools(m, old, false);
	route_pools(m, m->conf, true);
	monitor_replumb(m);
}

/* FNV-1a of the device prefix, which two rrasd on one host cannot share. */
static uint32_t
metric_of(const char *device_prefix)
{
	uint32_t h = 2166136261u;

	for (const char *c = device_prefix; *c; c++)
		h = (h ^ (uint8_t)*c) * 16777619u;
	return POOL_ROUTE_METRIC | (h & POOL_ROUTE_MARK);
}

static bool
is_ours(void *ctx, const struct route *r)
{
	const struct monitor *m = ctx;

	if (r->type == ROUTE_UNREACHABLE)
		return r->metric == m->pool_metric;
	for (unsigned int w = 0; w < m->n_workers; w++)
		if (m->tun_index[w] && r->ifindex == m->tun_index[w])
			return true;
	return false;
}

static void
enable_forwarding(const struct conf *c)
{
	struct ip_addr six = server_address6(c);
	int rc = c->ipv4_enabled ? file_sysctl("net/ipv4/ip_forward", "1") : 0;

	if (rc < 0)
		monitor_say("cannot switch on IPv4 forwarding: %s (set net.ipv4.ip_forward=1)",
		    strerror(-rc));
	rc = six.family == IP_V6 ? file_sysctl("net/ipv6/conf/all/forwarding", "1") : 0;
	if (rc < 0)
		monitor_say("cannot switch on IPv6 forwarding: %s "
			    "(set net.ipv6.conf.all.forwarding=1)",
		    strerror(-rc));
}

/* All devices take the same; a setting that changes needs a new start. */
static void
choose_offload(struct monitor *m)
{
	char text[160];

	m->offload = m->conf->offload == OFFLOAD_OFF ? 0 : VNET_TCP | VNET_UDP;
	if (m->conf->offload != OFFLOAD_AUTO)
		return;
	m->offload = offload_test(m->offload, text, sizeof(text));
	monitor_say("%s", text);
}

static void
close_listeners(struct monitor *m)
{
	for (unsigned int w = 0; w < WORKERS_MAX; w++)
		for (unsigned int i = 0; i < CONF_LISTENERS_MAX; i++) {
			if (m->listener_fds[w][i] >= 0)
				close(m->listener_fds[w][i]);
			m->listener_fds[w][i] = -1;
		}
}

static bool
open_listeners(struct monitor *m, const struct conf *c)
{
	for (unsigned int w = 0; w < m->n_workers; w++)
		for (unsigned int i = 0; i < c->n_sstp_listeners; i++)
			if (!open_listener(m, c, w, i)) {
				close_listeners(m);
				return false;
			}
	m->n_listeners = c->n_sstp_listeners;
	memcpy(m->listener_at, c->sstp_listeners, sizeof(m->listener_at));
	return true;
}

/*
 * A type that is switched off keeps its listeners, so that calls of it are refused with their
 * cause. One that was off since the start gets them now (R40, R57).
 */
bool
monitor_listen_late(struct monitor *m, const struct conf *c)
{
	if (m->n_listeners || !conf_offers_sstp(c))
		return true;
	if (!ports_are_free(c) || !open_listeners(m, c))
		return false;
	for (unsigned int w = 0; w < m->n_workers; w++)
		monitor_send_listeners(m, w);
	return true;
}

bool
monitor_open_network(struct monitor *m)
{
	uint64_t key = 0;

	if (getentropy(&key, sizeof(key)) != 0 || !map_init(&m->plumbed, key) ||
	    !map_init(&m->grants, ~key)) {
		monitor_say("out of memory for the tables of routes");
		return false;
	}
	m->pool_metric = metric_of(m->conf->device_prefix);
	if (conf_offers_sstp(m->conf) && !ports_are_free(m->conf))
		return false;
	choose_offload(m);
	for (unsigned int w = 0; w < m->n_workers; w++) {
		if (!open_tun(m, w))
			return false;
	}
	if (conf_offers_sstp(m->conf) && !open_listeners(m, m->conf))
		return false;
	/*
	 * What an earlier run left behind when it was killed. Not before ports and devices are
	 * ours: it could be that of another rrasd that runs.
	 */
	(void)!netlink_route_flush(m->nl, NETLINK_PROTO_OPENRRAS, is_ours, m);
	monitor_flush_proxies(m);
	m->routes_ours = true;
	route_pools(m, m->conf, true);
	if (!monitor_nat(m, m->conf))
		return false;
	if (m->conf->enable_forwarding)
		enable_forwarding(m->conf);
	return true;
}

void
monitor_close_network(struct monitor *m)
{
	if (m->nl && m->routes_ours) {
		monitor_unplumb_all(m);
		monitor_nat_end(m);
		(void)!netlink_route_flush(m->nl, NETLINK_PROTO_OPENRRAS, is_ours, m);
	}
	monitor_free_grants(m);
	map_fini(&m->plumbed);
	map_fini(&m->grants);
	close_listeners(m);
	for (unsigned int w = 0; w < WORKERS_MAX; w++)
		if (m->tun_fds[w] >= 0)
			close(m->tun_fds[w]);
	netlink_close(m->nl);
}
