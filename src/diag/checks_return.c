/*
 * The checks of the way back: which routes the networks behind this server need (R94), whether
 * clients get answers at all (R95), IPv6 forwarding (R93), and interfaces whose reverse path filter
 * throws away what comes in there. Pure; see diag.h.
 */
#include "diag/checks.h"

#include <stdio.h>

#define OUR_DEVICE "rras"
#define ROUTES_SHOWN 8u
#define VIAS_SHOWN 4u

static bool
is_ours(const char *device)
{
	return strncmp(device, OUR_DEVICE, strlen(OUR_DEVICE)) == 0;
}

static bool
range_is_v4(const struct diag_range *r)
{
	return r->first.family == IP_V4 && r->last.family == IP_V4;
}

/* A default route of IPv4 by this device; NULL: by any. */
static bool
has_default(const struct host_facts *host, const char *device)
{
	for (unsigned int i = 0; i < host->n_routes; i++) {
		const struct host_route *r = &host->routes[i];
		if (r->to.len == 0 && r->to.addr.family == IP_V4 && !r->unreachable &&
		    (!device || strcmp(r->device, device) == 0))
			return true;
	}
	return false;
}

/* An address by which routers of an attached network reach this host. */
static bool
is_own_address(const struct host_addr *a)
{
	return a->prefix.addr.family == IP_V4 && a->up && a->prefix.addr.b[0] != 127 &&
	       !is_ours(a->device);
}

/* The first such address on each device, those behind the default route left out if others are. */
static const struct host_addr *
next_via(const struct host_facts *host, bool behind_only, unsigned int *at)
{
	while (*at < host->n_addrs) {
		const struct host_addr *a = &host->addrs[(*at)++];
		bool seen = !is_own_address(a) || (behind_only && has_default(host, a->device));
		for (unsigned int k = 0; !seen && k + 1 < *at; k++)
			seen = is_own_address(&host->addrs[k]) &&
			       strcmp(host->addrs[k].device, a->device) == 0;
		if (!seen)
			return a;
	}
	return NULL;
}

/* The smallest prefix that holds the whole range. */
static struct ip_prefix
covering_prefix(const struct diag_range *r)
{
	uint32_t first = ip_v4_u32(&r->first), last = ip_v4_u32(&r->last);
	struct ip_prefix p = { .len = 32 };

	while (p.len > 0 && (first ^ last) >> (32 - p.len))
		p.len--;
	p.addr = ip_v4(p.len ? first & (uint32_t)(UINT64_MAX << (32 - p.len)) : 0);
	return p;
}

/*
 * Prefixes for a route to the range (R94): one that covers it when at least five eighths of that
 * are ours (10.99.0.1 to .254 is 10.99.0.0/24), else the longest that together are exactly the
 * range.
 */
static void
range_prefixes(const struct diag_range *r, char *out, size_t cap)
{
	uint64_t at = ip_v4_u32(&r->first), end = (uint64_t)ip_v4_u32(&r->last) + 1;
	struct ip_prefix cover = covering_prefix(r);
	uint64_t room = (uint64_t)1 << (32 - cover.len);
	char text[ADDR_TEXT_MAX];
	size_t o = strlen(out);

	if ((end - at) * 8 >= room * 5) {
		snprintf(out + o, cap - o, "%s%s/%u", o ? " " : "", ip_text(&cover.addr, text),
		    cover.len);
		return;
	}
	for (unsigned int n = 0; at < end && o < cap; n++) {
		unsigned int bits = 0;
		struct ip_addr a = ip_v4((uint32_t)at);

		if (n == ROUTES_SHOWN) {
			snprintf(out + o, cap - o, " ...");
			return;
		}
		while (
		    bits < 32 && !(at & ((uint64_t)1 << bits)) && at + ((uint64_t)2 << bits) <= end)
			bits++;
		o += (size_t)snprintf(
		    out + o, cap - o, "%s%s/%u", o ? " " : "", ip_text(&a, text), 32 - bits);
		at += (uint64_t)1 << bits;
	}
}

/* RFC 1918: the network behind is more likely there than in public addresses. */
static bool
is_private(const struct ip_addr *a)
{
	uint32_t v = ip_v4_u32(a);

	return v >> 24 == 10 || v >> 20 == 0xac1 || v >> 16 == 0xc0a8;
}

/* Private ones first: "10.80.0.1 on lan0, or 198.51.100.1 on eth1". */
static void
via_text(const struct host_facts *host, char *out, size_t cap)
{
	char text[ADDR_TEXT_MAX];
	const struct host_addr *a;
	unsigned int at = 0, n = 0;
	bool behind_only = host && next_via(host, true, &at) != NULL;
	size_t o = 0;

	snprintf(out, cap, "this host's address there");
	for (unsigned int pass = 0; host && pass < 2; pass++) {
		at = 0;
		while (n < VIAS_SHOWN && o < cap && (a = next_via(host, behind_only, &at)))
			if (is_private(&a->prefix.addr) == (pass == 0))
				o += (size_t)snprintf(out + o, cap - o, "%s%s on %s",
				    n++ ? ", or " : "", ip_text(&a->prefix.addr, text), a->device);
	}
}

/* The networks of all ranges; "" when there are none of IPv4. */
static void
pools_text(const struct diag_config *conf, char *out, size_t cap)
{
	out[0] = 0;
	for (unsigned int i = 0; i < conf->n_pools; i++)
		for (unsigned int k = 0; k < conf->pools[i].n_ranges; k++)
			if (range_is_v4(&conf->pools[i].ranges[k]))
				range_prefixes(&conf->pools[i].ranges[k], out, cap);
}

const char *
diag_return_routes(const struct diag_context *ctx, char *out, size_t cap)
{
	char nets[160] = "the pool", via[100];

	if (ctx->config)
		pools_text(ctx->config, nets, sizeof(nets));
	via_text(ctx->host, via, sizeof(via));
	snprintf(out, cap, "%s via %s", nets, via);
	return out;
}

/* Whether this host answers ARP for the whole range: it lies in an attached network. */
static bool
is_attached(const struct host_facts *host, const struct diag_range *r)
{
	for (unsigned int i = 0; host && i < host->n_addrs; i++)
		if (is_own_address(&host->addrs[i]) && host->addrs[i].prefix.len > 0 &&
		    host->addrs[i].prefix.len < 31 &&
		    ip_in_prefix(&r->first, &host->addrs[i].prefix) &&
		    ip_in_prefix(&r->last, &host->addrs[i].prefix))
			return true;
	return false;
}

static bool
are_attached(const struct diag_context *ctx)
{
	for (unsigned int i = 0; i < ctx->config->n_pools; i++)
		for (unsigned int k = 0; k < ctx->config->pools[i].n_ranges; k++)
			if (!is_attached(ctx->host, &ctx->config->pools[i].ranges[k]))
				return false;
	return true;
}

/* R94. */
static void
check_return_routes(const struct diag_context *ctx, struct diag_checks *out)
{
	char nets[200], via[120];

	pools_text(ctx->config, nets, sizeof(nets));
	if (!nets[0])
		return;
	via_text(ctx->host, via, sizeof(via));
	if (ctx->config->nat[0])
		(void)diag_check_add(out, "forwarding.return-routes", CHECK_OK,
		    "Clients leave by %s under this host's address: no route back is needed there. "
		    "Elsewhere: a route to %s via %s.",
		    ctx->config->nat, nets, via);
	else if (are_attached(ctx))
		(void)diag_check_add(out, "forwarding.return-routes", CHECK_OK,
		    "The pools lie in attached networks, where this host answers for them: no "
		    "route back is needed.");
	else
		(void)diag_check_add(out, "forwarding.return-routes", CHECK_OK,
		    "Routers and hosts behind this server need a route to %s via %s; whether they "
		    "have it can be seen only there.",
		    nets, via);
}

/* R95: packets out of the tunnels and none back. */
static void
check_return_traffic(const struct diag_context *ctx, struct diag_checks *out)
{
	const struct diag_traffic *t = ctx->traffic;
	char nets[160], via[100];
	struct diag_check *c;

	if (!t || !t->known) {
		(void)diag_check_add(out, "forwarding.return-traffic", CHECK_SKIP,
		    "The packet counters of the sessions are told by a running rrasd only.");
		return;
	}
	if (t->n_one_way == 0) {
		(void)diag_check_add(out, "forwarding.return-traffic", CHECK_OK,
		    "None of the %u sessions sends packets and gets none back.", t->n);
		return;
	}
	c = diag_check_add(out, "forwarding.return-traffic", CHECK_FAIL,
	    "Packets go out and nothing comes back for %u of %u sessions: %s sent %llu packets and "
	    "got none.",
	    t->n_one_way, t->n, t->name, (unsigned long long)t->in_pkts);
	if (ctx->host && ctx->host->sw.ip_forward == 0) {
		diag_check_remedy(c, "This host does not forward IPv4: see forwarding.ipv4.");
		return;
	}
	if (ctx->host && ctx->host->n_drops) {
		diag_check_remedy(
		    c, "A packet filter of this host drops them: see filter.tunnels.");
		return;
	}
	pools_text(ctx->config, nets, sizeof(nets));
	via_text(ctx->host, via, sizeof(via));
	diag_check_remedy(c,
	    "Give the routers and hosts behind a route to %s via %s (\"ip route add\"), or set nat "
	    "in \"server\". A firewall there may also refuse the pool's addresses.",
	    nets, via);
}

void
checks_return(const struct diag_context *ctx, struct diag_checks *out)
{
	check_return_routes(ctx, out);
	check_return_traffic(ctx, out);
}

void
checks_forwarding6(const struct diag_context *ctx, struct diag_checks *out)
{
	int on = ctx->host->sw.ip6_forward;
	bool wanted = false;
	struct diag_check *c;

	for (unsigned int i = 0; ctx->config && i < ctx->config->n_pools; i++)
		wanted = wanted || ctx->config->pools[i].prefix6.len > 0;
	if (!ctx->config || !ctx->config->ipv6_enabled || !wanted) {
		(void)diag_check_add(out, "forwarding.ipv6", CHECK_SKIP,
		    "Clients get no IPv6: no pool has a prefix.");
	} else if (on < 0) {
		(void)diag_check_add(out, "forwarding.ipv6", CHECK_SKIP,
		    "net.ipv6.conf.all.forwarding could not be read.");
	} else if (on) {
		(void)diag_check_add(out, "forwarding.ipv6", CHECK_OK, "This host forwards IPv6.");
	} else {
		bool we_set_it = ctx->config->enable_forwarding;
		c = diag_check_add(out, "forwarding.ipv6", we_set_it ? CHECK_WARN : CHECK_FAIL,
		    "This host does not forward IPv6, and clients get addresses of it%s.",
		    we_set_it ? " (rrasd switches it on when it starts)" : "");
		diag_check_remedy(c,
		    "\"sysctl -w net.ipv6.conf.all.forwarding=1\" and a file in /etc/sysctl.d, or "
		    "enable-forwarding yes in \"server\" of rrasd.conf.");
	}
}

/*
 * RFC 3704 section 2.2, as Linux does it: what comes in by an interface is dropped when the answer
 * would leave by another. Harmless on our own devices, where each client has a host route, and on
 * the interface of the default route; elsewhere all senders beyond the attached network are lost.
 */
static bool
is_strict(const struct host_facts *host, const struct host_link *l)
{
	int all = host->sw.rp_filter_all;

	return l->up && !is_ours(l->device) && (l->rp_filter > all ? l->rp_filter : all) == 1;
}

void
checks_reverse_path(const struct host_facts *host, struct diag_checks *out)
{
	const struct host_link *first = NULL;
	bool any_strict = host->sw.rp_filter_all == 1 || host->sw.rp_filter_default == 1;
	char names[80] = "", dropped[64] = "";
	struct diag_check *c;
	size_t o = 0;

	for (unsigned int i = 0; i < host->n_links; i++) {
		const struct host_link *l = &host->links[i];
		if (!is_strict(host, l))
			continue;
		any_strict = true;
		if (has_default(host, l->device) || o >= sizeof(names) - 20)
			continue;
		first = first ? first : l;
		o += (size_t)snprintf(
		    names + o, sizeof(names) - o, "%s%s", o ? ", " : "", l->device);
	}
	if (host->rp_dropped > 0)
		snprintf(dropped, sizeof(dropped), " It has dropped %lld packets since the start.",
		    (long long)host->rp_dropped);
	if (first) {
		c = diag_check_add(out, "forwarding.reverse-path", CHECK_WARN,
		    "The reverse path filter of %s is strict, and the default route is not there: "
		    "what comes in by it from beyond the attached networks is dropped, clients' "
		    "calls and answers from behind alike.%s",
		    names, dropped);
		diag_check_remedy(c,
		    "\"sysctl -w net.ipv4.conf.%s.rp_filter=2\" (loose) and a file in "
		    "/etc/sysctl.d; the larger of this and net.ipv4.conf.all.rp_filter counts.",
		    first->device);
	} else if (any_strict) {
		c = diag_check_add(out, "forwarding.reverse-path", CHECK_WARN,
		    "The reverse path filter is strict: packets are dropped when the answer would "
		    "leave by another interface.%s",
		    dropped);
		diag_check_remedy(c, "If clients reach some networks and not others, set "
				     "net.ipv4.conf.all.rp_filter=2 (loose).");
	} else if (host->sw.rp_filter_all >= 0) {
		(void)diag_check_add(out, "forwarding.reverse-path", CHECK_OK,
		    "The reverse path filter is not strict.");
	}
}
