/*
 * The checks of sockets, pools, routes and forwarding: the configuration held against what the host
 * looks like. Pure; see diag.h. IPv4 inside the tunnels, both families outside.
 */
#include "diag/checks.h"

#include <stdio.h>

#define OUR_PROCESS "rrasd"
#define OUR_DEVICE "rras"

/* --- listeners (R15) --- */

static bool
is_any(const struct ip_addr *a)
{
	return ip_is_none(a);
}

const struct host_socket *
diag_listener_of(const struct host_facts *host, const char *proto, const struct endpoint *want)
{
	const struct host_socket *wide = NULL;

	for (unsigned int i = 0; i < host->n_sockets; i++) {
		const struct host_socket *s = &host->sockets[i];
		if (strncmp(s->proto, proto, strlen(proto)) != 0 || s->local.port != want->port ||
		    (s->state != SOCK_LISTEN && s->state != SOCK_UNCONNECTED))
			continue;
		if (s->local.addr.family != want->addr.family) {
			/* a socket on [::] takes IPv4 as well unless it says otherwise */
			if (is_any(&s->local.addr) && s->local.addr.family == IP_V6 && !wide &&
			    strcmp(s->process, OUR_PROCESS) != 0)
				wide = s;
			continue;
		}
		if (ip_equal(&s->local.addr, &want->addr) || is_any(&s->local.addr) ||
		    is_any(&want->addr))
			return s;
	}
	return wide;
}

static bool
has_ipv6(const struct host_facts *host)
{
	for (unsigned int i = 0; i < host->n_addrs; i++)
		if (host->addrs[i].prefix.addr.family == IP_V6)
			return true;
	return false;
}

static void
check_listener(const struct diag_context *ctx, const struct endpoint *want, struct diag_checks *out)
{
	const struct host_socket *s = diag_listener_of(ctx->host, "TCP", want);
	char text[ENDPOINT_TEXT_MAX];
	struct diag_check *c;
	bool unknown = s && !s->process[0];
	bool ours = s && (strcmp(s->process, OUR_PROCESS) == 0 ||
			     (unknown && ctx->host->daemon == HOST_YES));

	endpoint_text(want, text);
	if (s && s->local.addr.family != want->addr.family) {
		/* another socket on [::]: whether it takes IPv4 too is not to be seen from outside
		 */
		c = diag_check_add(out, "ports.sstp", CHECK_WARN,
		    "TCP %s may be taken by %s (process %u), which listens on [::].", text,
		    unknown ? "another process" : s->process, s->pid);
		diag_check_remedy(
		    c, "If rrasd cannot listen, stop that program or let it use another port.");
	} else if (s && !ours) {
		c = diag_check_add(out, "ports.sstp", unknown ? CHECK_WARN : CHECK_FAIL,
		    "TCP %s is taken by %s (process %u).", text,
		    unknown ? "a process that is not to be seen without root" : s->process, s->pid);
		diag_check_remedy(c,
		    "Stop that program, let it use another port, or give SSTP another "
		    "address with listen in \"sstp\".");
	} else {
		(void)diag_check_add(
		    out, "ports.sstp", CHECK_OK, "TCP %s is not taken by another program.", text);
	}
	if (ours) {
		(void)diag_check_add(
		    out, "listeners.sstp", CHECK_OK, "SSTP listens on TCP %s.", text);
	} else if (want->addr.family == IP_V6 && !has_ipv6(ctx->host)) {
		(void)diag_check_add(out, "listeners.sstp", CHECK_WARN,
		    "SSTP does not listen on TCP %s: this host has no IPv6.", text);
	} else {
		c = diag_check_add(out, "listeners.sstp", CHECK_FAIL,
		    "The listener of SSTP on TCP %s is missing.", text);
		diag_check_remedy(c,
		    ctx->host->daemon == HOST_YES
			? "\"journalctl -u openrras\" tells why it could not listen; then reload."
			: "rrasd does not run: \"systemctl start openrras\".");
	}
}

void
checks_listeners(const struct diag_context *ctx, struct diag_checks *out)
{
	if (!ctx->config->sstp_enabled || !ctx->host) {
		const char *why = ctx->host ? "SSTP is off." : "The sockets were not looked at.";
		(void)diag_check_add(out, "ports.sstp", CHECK_SKIP, "%s", why);
		(void)diag_check_add(out, "listeners.sstp", CHECK_SKIP, "%s", why);
		return;
	}
	for (unsigned int i = 0; i < ctx->config->n_listeners; i++)
		check_listener(ctx, &ctx->config->listeners[i], out);
}

/* --- pools --- */

static bool
range_is_v4(const struct diag_range *r)
{
	return r->first.family == IP_V4 && r->last.family == IP_V4;
}

static bool
in_range(const struct ip_addr *a, const struct diag_range *r)
{
	return a->family == IP_V4 && range_is_v4(r) && ip_v4_u32(a) >= ip_v4_u32(&r->first) &&
	       ip_v4_u32(a) <= ip_v4_u32(&r->last);
}

uint64_t
diag_pools_size(const struct diag_config *conf)
{
	uint64_t n = 0;

	for (unsigned int p = 0; p < conf->n_pools; p++) {
		const struct diag_pool *pool = &conf->pools[p];
		for (unsigned int i = 0; i < pool->n_ranges; i++)
			if (range_is_v4(&pool->ranges[i]))
				n += (uint64_t)ip_v4_u32(&pool->ranges[i].last) -
				     ip_v4_u32(&pool->ranges[i].first) + 1;
	}
	return n ? n - 1 : 0;
}

static void
check_pool_size(const struct diag_config *conf, struct diag_checks *out)
{
	uint64_t all = diag_pools_size(conf);
	struct diag_check *c;

	if (conf->n_pools == 0) {
		c = diag_check_add(out, "pool.present", CHECK_FAIL, "There is no address pool.");
		diag_check_remedy(c, "Add one: pool NAME { range FIRST - LAST } in rrasd.conf.");
		return;
	}
	(void)diag_check_add(out, "pool.present", CHECK_OK,
	    "%u pool%s with %llu addresses for clients; the very first is the server's own.",
	    conf->n_pools, conf->n_pools == 1 ? "" : "s", (unsigned long long)all);
	if (all >= conf->sstp_ports) {
		(void)diag_check_add(out, "pool.size", CHECK_OK,
		    "The pools have at least one address for each of the %u ports.",
		    conf->sstp_ports);
		return;
	}
	c = diag_check_add(out, "pool.size", all ? CHECK_WARN : CHECK_FAIL,
	    "The pools have %llu addresses for clients, and SSTP has %u ports: the addresses are "
	    "used "
	    "up first.",
	    (unsigned long long)all, conf->sstp_ports);
	diag_check_remedy(c, "Add a range to a pool; n clients need n + 1 addresses.");
}

static bool
ranges_meet(const struct diag_range *a, const struct diag_range *b)
{
	return in_range(&a->first, b) || in_range(&b->first, a);
}

static unsigned int
check_pools_apart(const struct diag_config *conf, struct diag_checks *out)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < conf->n_pools; i++)
		for (unsigned int k = i + 1; k < conf->n_pools; k++)
			for (unsigned int x = 0; x < conf->pools[i].n_ranges; x++)
				for (unsigned int y = 0; y < conf->pools[k].n_ranges; y++) {
					char text[ADDR_TEXT_MAX];
					const struct diag_range *r = &conf->pools[k].ranges[y];
					if (!ranges_meet(&conf->pools[i].ranges[x], r))
						continue;
					n++;
					diag_check_remedy(
					    diag_check_add(out, "pool.overlap", CHECK_FAIL,
						"Pools \"%s\" and \"%s\" overlap (range from %s).",
						conf->pools[i].name, conf->pools[k].name,
						ip_text(&r->first, text)),
					    "Give each pool addresses of its own.");
				}
	return n;
}

/* One range against one address of an interface. The server's own ends of links are ours. */
static bool
check_range_addr(const struct diag_pool *pool, const struct diag_range *r,
    const struct host_addr *a, struct diag_checks *out)
{
	char text[ADDR_TEXT_MAX], first[ADDR_TEXT_MAX];
	struct diag_check *c;

	if (strncmp(a->device, OUR_DEVICE, strlen(OUR_DEVICE)) == 0)
		return false;
	if (in_range(&a->prefix.addr, r)) {
		c = diag_check_add(out, "pool.overlap", CHECK_FAIL,
		    "Pool \"%s\" holds %s, which is this host's address on %s.", pool->name,
		    ip_text(&a->prefix.addr, text), a->device);
		diag_check_remedy(c, "Take the address out of the range.");
		return true;
	}
	if (a->prefix.len < 31 && a->prefix.len > 0 && ip_in_prefix(&r->first, &a->prefix)) {
		c = diag_check_add(out, "pool.overlap", CHECK_WARN,
		    "Pool \"%s\" (from %s) lies in the network %s/%u of %s: no other host may use "
		    "these "
		    "addresses, by hand or by DHCP.",
		    pool->name, ip_text(&r->first, first), ip_text(&a->prefix.addr, text),
		    a->prefix.len, a->device);
		diag_check_remedy(
		    c, "Use a network of its own for the pool, and route it to this host.");
		return true;
	}
	return false;
}

/*
 * Prefixes of clients in a network on a link: a kernel answers neighbour solicitations for single
 * addresses only, and a client makes addresses of its /64 as it likes.
 */
static bool
check_prefix_addr(const struct diag_pool *pool, const struct host_addr *a, struct diag_checks *out)
{
	char text[ADDR_TEXT_MAX], prefix[ADDR_TEXT_MAX];
	struct diag_check *c;

	if (pool->prefix6.len == 0 || a->prefix.addr.family != IP_V6 || a->prefix.len >= 128 ||
	    strncmp(a->device, OUR_DEVICE, strlen(OUR_DEVICE)) == 0)
		return false;
	if (!ip_in_prefix(&pool->prefix6.addr, &a->prefix) &&
	    !ip_in_prefix(&a->prefix.addr, &pool->prefix6))
		return false;
	c = diag_check_add(out, "pool.overlap", CHECK_WARN,
	    "prefix6 %s/%u of pool \"%s\" meets the network of %s/%u on %s: hosts there look for "
	    "clients on the link, where nobody answers for a whole prefix.",
	    ip_text(&pool->prefix6.addr, prefix), pool->prefix6.len, pool->name,
	    ip_text(&a->prefix.addr, text), a->prefix.len, a->device);
	diag_check_remedy(c, "Give the pool a prefix of its own, and route it to this host.");
	return true;
}

/* A route that takes a part of the range elsewhere. Default routes do no harm. */
static bool
check_range_route(const struct diag_pool *pool, const struct diag_range *r,
    const struct host_route *route, struct diag_checks *out)
{
	char text[ADDR_TEXT_MAX];
	struct diag_check *c;

	if (route->to.len == 0 || route->unreachable || route->to.addr.family != IP_V4 ||
	    strncmp(route->device, OUR_DEVICE, strlen(OUR_DEVICE)) == 0)
		return false;
	if (!ip_in_prefix(&r->first, &route->to) && !in_range(&route->to.addr, r))
		return false;
	c = diag_check_add(out, "pool.routes", CHECK_WARN,
	    "The route to %s/%u by %s covers addresses of pool \"%s\".",
	    ip_text(&route->to.addr, text), route->to.len, route->device, pool->name);
	diag_check_remedy(c,
	    "Each client has a host route, which wins; but if the network behind %s is "
	    "in use, choose other addresses for the pool.",
	    route->device);
	return true;
}

static void
check_pools_on_host(const struct diag_context *ctx, struct diag_checks *out)
{
	unsigned int n_overlaps = check_pools_apart(ctx->config, out), n_routes = 0;

	if (!ctx->host) {
		(void)diag_check_add(
		    out, "pool.routes", CHECK_SKIP, "The routes were not looked at.");
		return;
	}
	for (unsigned int i = 0; i < ctx->config->n_pools; i++) {
		const struct diag_pool *pool = &ctx->config->pools[i];
		for (unsigned int a = 0; a < ctx->host->n_addrs; a++)
			n_overlaps += check_prefix_addr(pool, &ctx->host->addrs[a], out);
		for (unsigned int k = 0; k < pool->n_ranges; k++) {
			for (unsigned int a = 0; a < ctx->host->n_addrs; a++)
				n_overlaps += check_range_addr(
				    pool, &pool->ranges[k], &ctx->host->addrs[a], out);
			for (unsigned int t = 0; t < ctx->host->n_routes; t++)
				n_routes += check_range_route(
				    pool, &pool->ranges[k], &ctx->host->routes[t], out);
		}
	}
	if (n_overlaps == 0)
		(void)diag_check_add(out, "pool.overlap", CHECK_OK,
		    "The pools collide neither with each other nor with this host's addresses.");
	if (n_routes == 0)
		(void)diag_check_add(out, "pool.routes", CHECK_OK,
		    "No route of this host covers addresses of a pool.");
}

void
checks_pools(const struct diag_context *ctx, struct diag_checks *out)
{
	check_pool_size(ctx->config, out);
	check_pools_on_host(ctx, out);
	checks_return(ctx, out);
}

/* --- forwarding and filters --- */

static void
check_forwarding(const struct diag_context *ctx, struct diag_checks *out)
{
	const struct host_switches *sw = &ctx->host->sw;
	bool we_set_it = ctx->config && ctx->config->enable_forwarding;
	struct diag_check *c;

	if (sw->ip_forward < 0) {
		(void)diag_check_add(
		    out, "forwarding.ipv4", CHECK_SKIP, "net.ipv4.ip_forward could not be read.");
	} else if (sw->ip_forward) {
		(void)diag_check_add(out, "forwarding.ipv4", CHECK_OK, "This host forwards IPv4.");
	} else {
		c = diag_check_add(out, "forwarding.ipv4", we_set_it ? CHECK_WARN : CHECK_FAIL,
		    "This host does not forward IPv4: clients reach this server and nothing behind "
		    "it%s.",
		    we_set_it ? " (rrasd switches it on when it starts)" : "");
		diag_check_remedy(c,
		    "\"sysctl -w net.ipv4.ip_forward=1\" and a file in /etc/sysctl.d, or "
		    "enable-forwarding yes in \"server\" of rrasd.conf.");
	}
}

static void
check_filter(const struct host_facts *host, struct diag_checks *out)
{
	for (unsigned int i = 0; i < host->n_drops; i++) {
		const struct host_drop *d = &host->drops[i];
		diag_check_remedy(diag_check_add(out, "filter.tunnels", CHECK_FAIL,
				      "Packet filter %s: %s.", d->chain, d->what),
		    "Let TCP 443 (or the port of \"sstp\") in before this rule, and let packets of "
		    "rras* be forwarded.");
	}
	if (host->n_drops)
		return;
	if (host->filter == HOST_UNKNOWN)
		(void)diag_check_add(out, "filter.tunnels", CHECK_SKIP,
		    "The packet filters of this host could not be read%s%s.",
		    host->filter_error[0] ? ": " : "", host->filter_error);
	else if (host->legacy_filter[0])
		diag_check_remedy(
		    diag_check_add(out, "filter.tunnels", CHECK_WARN,
			"There are rules of %s, which are not looked at.", host->legacy_filter),
		    "\"%s -S\" lists them: look for one that drops the port of \"sstp\" or "
		    "packets of rras*.",
		    host->legacy_filter);
	else
		(void)diag_check_add(out, "filter.tunnels", CHECK_OK, "%s",
		    host->filter == HOST_NO
			? "This host has no packet filter rules."
			: "No packet filter rule was found that drops tunnel packets.");
}

/* R102: the second place that filters, rrasd itself; its drops are counted by session. */
static void
check_own_filter(const struct diag_traffic *t, struct diag_checks *out)
{
	struct diag_check *c;

	if (!t || !t->known) {
		(void)diag_check_add(out, "filter.own", CHECK_SKIP,
		    "What rrasd's own filters drop is told by a running rrasd only.");
	} else if (t->drops == 0) {
		(void)diag_check_add(out, "filter.own", CHECK_OK,
		    "rrasd's own filters have dropped no packet of the %u sessions.", t->n);
	} else {
		c = diag_check_add(out, "filter.own",
		    t->drops > t->drops_in ? CHECK_WARN : CHECK_OK,
		    "rrasd's own filters have dropped packets: %llu of %s, of whom %llu went "
		    "through.",
		    (unsigned long long)t->drops, t->drops_name, (unsigned long long)t->drops_in);
		diag_check_remedy(c,
		    "A source that is not the leased address, and clients that are isolated from "
		    "each other, are the usual reasons; the record of the session names them "
		    "when it ends.");
	}
}

/* N05, N08: the table is ours and nobody else's business, but a firewall script may flush it. */
static void
check_nat(const struct diag_context *ctx, struct diag_checks *out)
{
	struct diag_check *c;

	if (!ctx->config)
		return;
	if (!ctx->config->nat[0]) {
		(void)diag_check_add(out, "forwarding.nat", CHECK_SKIP,
		    "Clients keep their addresses: nat in \"server\" is not set.");
	} else if (ctx->host->filter == HOST_UNKNOWN || ctx->host->daemon != HOST_YES) {
		(void)diag_check_add(out, "forwarding.nat", CHECK_SKIP,
		    "Source NAT is set up when rrasd runs, and seen only by root.");
	} else if (ctx->host->nat_rules) {
		(void)diag_check_add(out, "forwarding.nat", CHECK_OK,
		    "Clients leave by %s under this host's address.", ctx->config->nat);
	} else {
		c = diag_check_add(out, "forwarding.nat", CHECK_FAIL,
		    "Source NAT is configured, and its rules are gone from the packet filter.");
		diag_check_remedy(c,
		    "Reload rrasd, which sets them again; and let the firewall script flush its "
		    "own tables only, not the whole ruleset.");
	}
}

void
checks_forwarding(const struct diag_context *ctx, struct diag_checks *out)
{
	if (!ctx->host) {
		(void)diag_check_add(
		    out, "forwarding.ipv4", CHECK_SKIP, "This host's switches were not looked at.");
		(void)diag_check_add(
		    out, "filter.tunnels", CHECK_SKIP, "The packet filters were not looked at.");
		return;
	}
	check_forwarding(ctx, out);
	checks_forwarding6(ctx, out);
	checks_reverse_path(ctx->host, out);
	check_nat(ctx, out);
	check_filter(ctx->host, out);
	check_own_filter(ctx->traffic, out);
}
