/*
 * The checks of a server, as pure functions of made-up hosts and configurations: R15 (listeners,
 * IPv6), R38 to R41, R43, R51, R59, R60, R93, R94, R99.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "diag/diag.h"

#include <stdio.h>
#include <stdlib.h>

struct world {
	struct diag_config conf;
	struct diag_policy policies[4];
	struct host_facts host;
	struct diag_cert cert;
	struct diag_file state, key;
	struct diag_accounts accounts;
	struct diag_live live;
	struct diag_setup setup;
	struct diag_context ctx;
	struct diag_checks out;
};

static struct ip_addr
ip(const char *s)
{
	struct ip_addr a;

	must(ip_parse(view_str(s), &a));
	return a;
}

static void
add_socket(struct world *w, const char *proto, const char *local, const char *process)
{
	struct host_socket *s = &w->host.sockets[w->host.n_sockets++];

	*s = (struct host_socket){ .state = SOCK_LISTEN, .pid = 77 };
	snprintf(s->proto, sizeof(s->proto), "%s", proto);
	snprintf(s->process, sizeof(s->process), "%s", process);
	must(endpoint_parse(view_str(local), &s->local));
}

static void
add_addr(struct world *w, const char *device, const char *prefix)
{
	struct host_addr *a = &w->host.addrs[w->host.n_addrs++];

	*a = (struct host_addr){ .up = true };
	snprintf(a->device, sizeof(a->device), "%s", device);
	must(ip_prefix_parse(view_str(prefix), &a->prefix));
	/* the parser may clear host bits: give the address back */
	char text[64];
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(prefix, "/"), prefix);
	a->prefix.addr = ip(text);
}

static void
add_route(struct world *w, const char *device, const char *prefix)
{
	struct host_route *r = &w->host.routes[w->host.n_routes++];

	*r = (struct host_route){ 0 };
	snprintf(r->device, sizeof(r->device), "%s", device);
	must(ip_prefix_parse(view_str(prefix), &r->to));
}

/* A host on which everything is well. */
static int
make(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	w->policies[0] = (struct diag_policy){ .name = "Staff", .enabled = true, .grant = true };
	w->conf = (struct diag_config){ .server_name = "vpn.example.org",
		.remote_access = true,
		.ipv4_enabled = true,
		.sstp_enabled = true,
		.method_mask = AUTH_BIT(AUTH_MSCHAPV2),
		.sstp_ports = 100,
		.n_listeners = 2,
		.n_pools = 1,
		.n_policies = 1,
		.policies = w->policies };
	must(endpoint_parse(view_str("0.0.0.0:443"), &w->conf.listeners[0]));
	must(endpoint_parse(view_str("[::]:443"), &w->conf.listeners[1]));
	w->conf.pools[0] = (struct diag_pool){ .name = "default",
		.n_ranges = 1,
		.ranges = { { ip("10.99.0.1"), ip("10.99.0.254") } } };
	w->host.sw = (struct host_switches){ 1, 1, 2, 2, 0 };
	w->host.daemon = w->host.tun = w->host.filter = w->host.clock_synced = HOST_YES;
	add_socket(w, "TCP", "0.0.0.0:443", "rrasd");
	add_socket(w, "TCPv6", "[::]:443", "rrasd");
	add_addr(w, "lo", "127.0.0.1/8");
	add_addr(w, "eth0", "203.0.113.1/24");
	add_addr(w, "eth0", "2001:db8::1/64");
	add_addr(w, "rras0", "10.99.0.1/32");
	add_route(w, "eth0", "0.0.0.0/0");
	add_route(w, "rras0", "10.99.0.2/32");
	w->cert.readable = true;
	w->state = (struct diag_file){ .path = "/s", .looked = true, .exists = true, .mode = 0700 };
	w->key = (struct diag_file){ .path = "/k", .looked = true, .exists = true, .mode = 0600 };
	w->accounts = (struct diag_accounts){ .known = true, .n = 3 };
	w->conf.pool_warning = 90;
	w->setup = (struct diag_setup){ .groups_known = true,
		.accounts_known = true,
		.name_is_ours = true,
		.n_webs = 1,
		.n_keys = 1,
		.webs = { { .name = "blog", .to = "10.0.0.1:80" } },
		.conf_file = { .path = "/c", .looked = true, .exists = true, .mode = 0644 },
		.keys = { { .path = "/t.key", .looked = true, .exists = true, .mode = 0600 } },
		.disk_known = true,
		.disk_free = 10ull << 30 };
	w->live = (struct diag_live){ .n_routed = 2,
		.n_pools = 1,
		.pools = { { .name = "default", .size = 253, .n_leased = 2 } } };
	w->ctx = (struct diag_context){ .config = &w->conf,
		.host = &w->host,
		.cert = &w->cert,
		.state_dir = &w->state,
		.vault_key = &w->key,
		.accounts = &w->accounts,
		.live = &w->live,
		.setup = &w->setup,
		.now_unix_us = 1790000000000000 };
	*state = w;
	return 0;
}

static int
unmake(void **state)
{
	free(*state);
	return 0;
}

static const struct diag_check *
find(const struct world *w, const char *id, enum check_result result)
{
	for (unsigned int i = 0; i < w->out.n; i++)
		if (strcmp(w->out.c[i].id, id) == 0 && w->out.c[i].result == result)
			return &w->out.c[i];
	return NULL;
}

/* Runs the checks; that of this id came out so, says `part`, and names a remedy when it is bad. */
static void
expect(struct world *w, const char *id, enum check_result result, const char *part)
{
	const struct diag_check *c;

	diag_run_checks(&w->ctx, &w->out);
	c = find(w, id, result);
	if (!c) {
		for (unsigned int i = 0; i < w->out.n; i++)
			print_message("%s %s: %s\n", check_result_name(w->out.c[i].result),
			    w->out.c[i].id, w->out.c[i].what);
		fail_msg("no %s with %s", id, check_result_name(result));
	}
	if (!strstr(c->what, part))
		fail_msg("%s: \"%s\" does not say \"%s\"", id, c->what, part);
	if (result == CHECK_FAIL && strncmp(id, "certificate.", 12) != 0)
		assert_true(c->remedy[0]);
}

static void
a_good_host_is_good(void **state)
{
	struct world *w = *state;

	diag_run_checks(&w->ctx, &w->out);
	for (unsigned int i = 0; i < w->out.n; i++)
		if (w->out.c[i].result == CHECK_WARN || w->out.c[i].result == CHECK_FAIL)
			fail_msg("%s: %s", w->out.c[i].id, w->out.c[i].what);
	assert_non_null(find(w, "listeners.sstp", CHECK_OK));
	assert_non_null(find(w, "certificate.chain", CHECK_OK));
}

/* Every check that can come out has its entry in the catalogue, and the other way round. */
static void
every_check_has_an_entry(void **state)
{
	struct world *w = *state;
	struct catalogue *cat = catalogue_new();

	assert_non_null(cat);
	diag_run_checks(&w->ctx, &w->out);
	for (unsigned int i = 0; i < w->out.n; i++)
		if (!catalogue_find(cat, CAT_CHECK, view_str(w->out.c[i].id)))
			fail_msg("check %s has no entry", w->out.c[i].id);
	for (size_t i = 0; catalogue_at(cat, i); i++) {
		const struct cat_entry *e = catalogue_at(cat, i);
		bool found = strncmp(e->name, "probe.", 6) == 0;
		for (unsigned int k = 0; k < w->out.n; k++)
			found = found || strcmp(w->out.c[k].id, e->name) == 0;
		if (e->kind == CAT_CHECK && !found)
			fail_msg("entry check:%s has no check", e->name);
	}
	catalogue_free(cat);
}

static void
nothing_known_is_skipped_not_judged(void **state)
{
	struct world *w = *state;

	w->ctx = (struct diag_context){ 0 };
	diag_run_checks(&w->ctx, &w->out);
	assert_true(w->out.n > 5);
	for (unsigned int i = 0; i < w->out.n; i++)
		assert_int_equal(w->out.c[i].result, CHECK_SKIP);
}

/* R15: each listener on its own, IPv6 included; the rival is named. */
static void
listeners(void **state)
{
	struct world *w = *state;

	w->host.n_sockets = 1;
	expect(w, "listeners.sstp", CHECK_FAIL, "[::]:443 is missing");
	assert_non_null(find(w, "listeners.sstp", CHECK_OK));
	w->host.n_addrs = 2;
	expect(w, "listeners.sstp", CHECK_WARN, "no IPv6");
	w->host.n_sockets = 0;
	w->host.daemon = HOST_NO;
	add_socket(w, "TCP", "203.0.113.1:443", "nginx");
	expect(w, "ports.sstp", CHECK_FAIL, "taken by nginx (process 77)");
	expect(w, "daemon.running", CHECK_FAIL, "not running");
	w->host.n_sockets = 0;
	add_socket(w, "TCPv6", "[::]:443", "apache2");
	expect(w, "ports.sstp", CHECK_WARN, "0.0.0.0:443 may be taken by apache2");
	expect(w, "ports.sstp", CHECK_FAIL, "[::]:443 is taken by apache2");
}

static void
another_port_or_state_is_no_rival(void **state)
{
	struct world *w = *state;

	w->host.n_sockets = 0;
	add_socket(w, "TCP", "0.0.0.0:4430", "nginx");
	add_socket(w, "TCP", "0.0.0.0:443", "curl");
	w->host.sockets[1].state = SOCK_ESTABLISHED;
	diag_run_checks(&w->ctx, &w->out);
	assert_null(find(w, "ports.sstp", CHECK_FAIL));
	assert_null(find(w, "ports.sstp", CHECK_WARN));
	assert_non_null(find(w, "listeners.sstp", CHECK_FAIL));
}

/* R39, R40, R51. */
static void
switches(void **state)
{
	struct world *w = *state;

	w->conf.remote_access = w->conf.ipv4_enabled = w->conf.sstp_enabled = false;
	expect(w, "server.remote-access", CHECK_FAIL, "off");
	expect(w, "server.ip", CHECK_FAIL, "off");
	expect(w, "tunnels.sstp", CHECK_FAIL, "off");
	expect(w, "listeners.sstp", CHECK_SKIP, "off");
	w->ctx.config = NULL;
	w->ctx.config_error = "rrasd.conf:3:5: error: x";
	expect(w, "config.parses", CHECK_FAIL, "rrasd.conf:3:5");
}

/* R41, R43. */
static void
methods_and_policies(void **state)
{
	struct world *w = *state;

	w->conf.method_mask |= AUTH_BIT(AUTH_PAP);
	expect(w, "authentication.methods", CHECK_WARN, "pap");
	w->policies[0].method_mask = AUTH_BIT(AUTH_CHAP);
	expect(w, "policy.methods", CHECK_FAIL, "Staff");
	w->policies[0].enabled = false;
	expect(w, "policy.grants", CHECK_WARN, "No policy grants");
	w->conf.n_policies = 0;
	expect(w, "policy.grants", CHECK_FAIL, "no policy");
	w->conf.method_mask = 0;
	expect(w, "authentication.methods", CHECK_FAIL, "no authentication method");
	w->accounts.n_without_policy = 1;
	snprintf(w->accounts.names, sizeof(w->accounts.names), "carol");
	expect(w, "accounts.policy", CHECK_OK, "1 of 3 accounts are admitted by no policy: carol");
}

/* R60, R99. */
static void
pools(void **state)
{
	struct world *w = *state;
	struct diag_pool *p = &w->conf.pools[0];

	p->ranges[0] = (struct diag_range){ ip("10.99.0.1"), ip("10.99.0.4") };
	assert_int_equal(diag_pools_size(&w->conf), 3);
	expect(w, "pool.size", CHECK_WARN, "3 addresses");
	p->ranges[0] = (struct diag_range){ ip("203.0.113.100"), ip("203.0.113.200") };
	expect(w, "pool.overlap", CHECK_WARN, "203.0.113.1/24 of eth0");
	p->ranges[0].first = ip("203.0.113.1");
	expect(w, "pool.overlap", CHECK_FAIL, "this host's address on eth0");
	p->ranges[0] = (struct diag_range){ ip("10.99.0.1"), ip("10.99.0.254") };
	add_route(w, "eth1", "10.0.0.0/8");
	expect(w, "pool.routes", CHECK_WARN, "10.0.0.0/8 by eth1");
	w->conf.pools[1] = *p;
	snprintf(w->conf.pools[1].name, sizeof(w->conf.pools[1].name), "second");
	w->conf.n_pools = 2;
	expect(w, "pool.overlap", CHECK_FAIL, "\"default\" and \"second\" overlap");
	w->conf.n_pools = 0;
	expect(w, "pool.present", CHECK_FAIL, "no address pool");
}

/* R94: the routes that the network behind needs, as network/mask and by way of which address. */
static void
return_routes(void **state)
{
	struct world *w = *state;

	w->conf.pools[0].ranges[0] = (struct diag_range){ ip("10.99.0.0"), ip("10.99.1.2") };
	expect(w, "forwarding.return-routes", CHECK_OK,
	    "a route to 10.99.0.0/24 10.99.1.0/31 10.99.1.2/32 via 203.0.113.1");
	w->conf.pools[0].ranges[0] = (struct diag_range){ ip("0.0.0.0"), ip("255.255.255.255") };
	expect(w, "forwarding.return-routes", CHECK_OK, "a route to 0.0.0.0/0 via");
	w->conf.pools[0].ranges[0] = (struct diag_range){ ip("10.0.0.1"), ip("10.0.255.254") };
	expect(w, "forwarding.return-routes", CHECK_OK, "10.0.0.0/16 via");
	w->conf.pools[0].ranges[0] = (struct diag_range){ ip("10.0.0.1"), ip("10.0.0.6") };
	expect(w, "forwarding.return-routes", CHECK_OK, "10.0.0.0/29 via");
	w->conf.pools[0].ranges[0] = (struct diag_range){ ip("10.0.0.9"), ip("10.0.0.9") };
	expect(w, "forwarding.return-routes", CHECK_OK, "10.0.0.9/32 via");
}

/* R93, R7. */
static void
forwarding_and_filters(void **state)
{
	struct world *w = *state;

	w->host.sw = (struct host_switches){ 0, 0, 1, 1, 0 };
	expect(w, "forwarding.ipv4", CHECK_FAIL, "does not forward");
	expect(w, "forwarding.reverse-path", CHECK_WARN, "strict");
	w->conf.enable_forwarding = true;
	expect(w, "forwarding.ipv4", CHECK_WARN, "when it starts");
	w->host.n_drops = 1;
	snprintf(w->host.drops[0].chain, sizeof(w->host.drops[0].chain), "inet filter input");
	snprintf(w->host.drops[0].what, sizeof(w->host.drops[0].what), "rule handle 7 drops");
	expect(w, "filter.tunnels", CHECK_FAIL, "inet filter input: rule handle 7 drops");
}

static void
add_link(struct world *w, const char *device, int rp_filter)
{
	struct host_link *l = &w->host.links[w->host.n_links++];

	*l = (struct host_link){ .rp_filter = rp_filter, .up = true };
	snprintf(l->device, sizeof(l->device), "%s", device);
}

/* The interface that is strict and has no default route is named; ours never are. */
static void
reverse_path(void **state)
{
	struct world *w = *state;

	w->host.sw.rp_filter_all = w->host.sw.rp_filter_default = 0;
	add_link(w, "eth0", 1);
	add_link(w, "rras0", 1);
	expect(w, "forwarding.reverse-path", CHECK_WARN, "is strict: packets are dropped");
	add_link(w, "eth1", 1);
	w->host.rp_dropped = 7;
	expect(w, "forwarding.reverse-path", CHECK_WARN, "filter of eth1 is strict");
	assert_non_null(strstr(find(w, "forwarding.reverse-path", CHECK_WARN)->what, "dropped 7"));
	assert_non_null(strstr(
	    find(w, "forwarding.reverse-path", CHECK_WARN)->remedy, "conf.eth1.rp_filter=2"));
	w->host.sw.rp_filter_all = 2; /* the larger counts */
	expect(w, "forwarding.reverse-path", CHECK_OK, "not strict");
}

/* R93: IPv6 matters where clients get it. */
static void
forwarding_of_ipv6(void **state)
{
	struct world *w = *state;

	w->host.sw.ip6_forward = 0;
	expect(w, "forwarding.ipv6", CHECK_SKIP, "no pool");
	w->conf.ipv6_enabled = true;
	w->conf.pools[0].prefix6 = (struct ip_prefix){ ip("2001:db8:99::"), 48 };
	expect(w, "forwarding.ipv6", CHECK_FAIL, "does not forward IPv6");
	w->conf.enable_forwarding = true;
	expect(w, "forwarding.ipv6", CHECK_WARN, "when it starts");
	w->host.sw.ip6_forward = 1;
	expect(w, "forwarding.ipv6", CHECK_OK, "forwards IPv6");
}

/* R94, R95: the route that is needed, by the address that the network behind knows. */
static void
the_way_back(void **state)
{
	struct world *w = *state;
	struct diag_traffic t = { .known = true, .n = 2, .n_one_way = 1, .in_pkts = 12 };

	add_addr(w, "lan0", "10.80.0.1/24");
	add_addr(w, "lan0", "10.80.0.9/24");
	expect(w, "forwarding.return-routes", CHECK_OK, "10.99.0.0/24 via 10.80.0.1 on lan0;");
	snprintf(t.name, sizeof(t.name), "alice (10.99.0.2)");
	w->ctx.traffic = &t;
	expect(w, "forwarding.return-traffic", CHECK_FAIL, "alice (10.99.0.2) sent 12 packets");
	assert_non_null(strstr(find(w, "forwarding.return-traffic", CHECK_FAIL)->remedy,
	    "a route to 10.99.0.0/24 via 10.80.0.1 on lan0"));
	w->host.sw.ip_forward = 0;
	expect(w, "forwarding.return-traffic", CHECK_FAIL, "alice");
	assert_non_null(
	    strstr(find(w, "forwarding.return-traffic", CHECK_FAIL)->remedy, "does not forward"));
	t.n_one_way = 0;
	expect(w, "forwarding.return-traffic", CHECK_OK, "None of the 2 sessions");
	snprintf(w->conf.nat, sizeof(w->conf.nat), "lan0");
	expect(w, "forwarding.return-routes", CHECK_OK, "no route back is needed there");
	w->conf.nat[0] = 0;
	w->conf.pools[0].ranges[0] = (struct diag_range){ ip("10.80.0.100"), ip("10.80.0.120") };
	expect(w, "forwarding.return-routes", CHECK_OK, "this host answers for them");
}

/* R102: the host's filter and our own are two places; each is named by itself. */
static void
two_places_filter(void **state)
{
	struct world *w = *state;
	struct diag_traffic t = { .known = true, .n = 1, .drops_name = "bob (10.99.0.3)" };

	w->ctx.traffic = &t;
	expect(w, "filter.own", CHECK_OK, "no packet of the 1 sessions");
	t.drops = 40;
	expect(w, "filter.own", CHECK_WARN, "40 of bob (10.99.0.3)");
	expect(w, "filter.tunnels", CHECK_OK, "No packet filter rule");
	snprintf(w->host.legacy_filter, sizeof(w->host.legacy_filter), "iptables-legacy");
	expect(w, "filter.tunnels", CHECK_WARN, "rules of iptables-legacy");
}

/* The clock against the certificate: either may be the wrong one. */
static void
clock_and_certificate(void **state)
{
	struct world *w = *state;

	snprintf(w->cert.failed[CERT_DATES], 256, "it is not yet valid");
	snprintf(w->cert.not_before, sizeof(w->cert.not_before), "2098-01-01");
	expect(w, "host.clock", CHECK_WARN, "outside of its dates (2098-01-01");
	w->host.clock_synced = HOST_NO;
	expect(w, "host.clock", CHECK_WARN, "no time service");
	w->ctx.now_unix_us = 1500000000000000;
	expect(w, "host.clock", CHECK_FAIL, "far behind");
	w->ctx.now_unix_us = 1790000000000000;
	w->cert.warning[CERT_DATES] = true; /* it ends soon */
	w->host.clock_synced = HOST_YES;
	expect(w, "host.clock", CHECK_OK, "plausible");
}

static void
certificate_files_and_host(void **state)
{
	struct world *w = *state;

	snprintf(w->cert.failed[CERT_DATES], 256, "it has expired; renew it");
	expect(w, "certificate.dates", CHECK_FAIL, "expired");
	w->cert.warning[CERT_DATES] = true;
	expect(w, "certificate.dates", CHECK_WARN, "expired");
	w->cert.not_made = true;
	expect(w, "certificate.readable", CHECK_SKIP, "at its start");
	w->key.mode = 0604;
	expect(w, "files.vault-key", CHECK_FAIL, "0604");
	w->key.exists = false;
	expect(w, "files.vault-key", CHECK_WARN, "does not exist");
	w->state.mode = 0755; /* what lies in it is closed, each file by itself */
	expect(w, "files.state", CHECK_OK, "not open");
	w->state.mode = 0775;
	expect(w, "files.state", CHECK_WARN, "0775");
	w->state.mode = 0757;
	expect(w, "files.state", CHECK_FAIL, "0757");
	w->host.tun = HOST_NO;
	expect(w, "host.tun", CHECK_FAIL, "/dev/net/tun");
	w->ctx.now_unix_us = 1000000;
	expect(w, "host.clock", CHECK_FAIL, "behind");
}

/* Clients' prefixes in a network on a link, where no kernel answers for them. */
static void
prefixes_on_a_link(void **state)
{
	struct world *w = *state;

	must(ip_prefix_parse(view_str("2001:db8:99::/48"), &w->conf.pools[0].prefix6));
	add_addr(w, "rras0", "2001:db8:99::1/128");
	expect(w, "pool.overlap", CHECK_OK, "");
	add_addr(w, "eth1", "2001:db8:99:7::1/64");
	expect(w, "pool.overlap", CHECK_WARN, "2001:db8:99::/48 of pool \"default\" meets");
	w->host.addrs[w->host.n_addrs - 1].prefix.addr = ip("2001:db8::1");
	w->host.addrs[w->host.n_addrs - 1].prefix.len = 32;
	expect(w, "pool.overlap", CHECK_WARN, "2001:db8::1/32 on eth1");
}

/* R60, R99, N02, N06: what runs, held against the host. */
static void
pools_and_routes_now(void **state)
{
	struct world *w = *state;
	struct diag_live_pool *p = &w->live.pools[0];

	expect(w, "pool.room", CHECK_OK, "2 of 253");
	p->n_leased = 228; /* 90.1 % */
	expect(w, "pool.room", CHECK_WARN, "nearly full: 228 of 253");
	w->conf.pool_warning = 0;
	expect(w, "pool.room", CHECK_OK, "228 of 253");
	p->n_leased = 253;
	expect(w, "pool.room", CHECK_FAIL, "is full: 253 of 253");
	expect(w, "pool.conflicts", CHECK_OK, "No address");
	p->n_conflicts = 1;
	snprintf(p->conflicts[0], sizeof(p->conflicts[0]), "10.99.0.7");
	expect(w, "pool.conflicts", CHECK_WARN, "10.99.0.7 of pool \"default\"");
	assert_null(find(w, "pool.conflicts", CHECK_OK));
	p->n_conflicts = DIAG_CONFLICTS_MAX + 5;
	expect(w, "pool.conflicts", CHECK_WARN, "");
	assert_non_null(strstr(w->out.c[w->out.n - 1].id, "files")); /* nothing ran over */
	expect(w, "sessions.routes", CHECK_OK, "all 2 sessions");
	w->live.n_lost = 1;
	snprintf(w->live.lost, sizeof(w->live.lost), "10.99.0.2");
	expect(
	    w, "sessions.routes", CHECK_FAIL, "1 of 2 sessions have lost their route: 10.99.0.2");
	w->ctx.live = NULL;
	expect(w, "sessions.routes", CHECK_SKIP, "does not run");
}

/* What the configuration names, and what it is when it is not there. */
static void
what_is_named_and_missing(void **state)
{
	struct world *w = *state;

	expect(w, "policy.shadowed", CHECK_OK, "No policy");
	expect(w, "server.name", CHECK_OK, "resolves");
	expect(w, "authentication.reversible", CHECK_SKIP, "No method");
	w->policies[0].matches_all = true;
	w->policies[1] = (struct diag_policy){ .name = "Later", .enabled = true };
	w->policies[2] = (struct diag_policy){ .name = "Off" };
	w->conf.n_policies = 3;
	expect(w, "policy.shadowed", CHECK_WARN, "1 behind it never decides (\"Later\")");
	w->conf.method_mask |= AUTH_BIT(AUTH_CHAP);
	expect(w, "authentication.reversible", CHECK_WARN, "CHAP");
	w->setup.n_reversible = 2;
	expect(w, "authentication.reversible", CHECK_OK, "2 accounts");
	snprintf(w->setup.missing_groups, sizeof(w->setup.missing_groups), "Gosts");
	expect(w, "policy.groups", CHECK_WARN, "Gosts");
	w->setup.name_is_ours = false;
	snprintf(w->setup.name_addrs, sizeof(w->setup.name_addrs), "192.0.2.9");
	expect(w, "server.name", CHECK_WARN, "192.0.2.9");
	snprintf(w->setup.name_error, sizeof(w->setup.name_error), "no such name");
	expect(w, "server.name", CHECK_WARN, "no such name");
	snprintf(w->setup.webs[0].error, sizeof(w->setup.webs[0].error), "Connection refused");
	expect(w, "web.forward", CHECK_FAIL, "10.0.0.1:80");
	w->setup.keys[0].mode = 0640;
	expect(w, "files.keys", CHECK_FAIL, "/t.key");
	w->setup.conf_file.mode = 0664;
	expect(w, "files.config", CHECK_FAIL, "0664");
	w->setup.disk_free = 100ull << 20;
	expect(w, "files.space", CHECK_WARN, "100 MiB");
	w->setup.disk_free = 0;
	expect(w, "files.space", CHECK_FAIL, "0 MiB");
	snprintf(w->setup.control_group, sizeof(w->setup.control_group), "vpnadm");
	expect(w, "server.control-group", CHECK_OK, "vpnadm");
	w->setup.no_control_group = true;
	expect(w, "server.control-group", CHECK_WARN, "vpnadm");
	w->conf.sstp_ports = 0;
	expect(w, "tunnels.sstp", CHECK_FAIL, "closes it"); /* R57 */
}

static void
topics_select_checks(void **state)
{
	(void)state;
	assert_true(diag_check_is("pool.size", view_str("pool")));
	assert_true(diag_check_is("pool.size", view_str("pool.size")));
	assert_false(diag_check_is("pool.size", view_str("po")));
	assert_false(diag_check_is("pool.size", view_str("")));
	assert_false(diag_check_is("pool", view_str("pool.size")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_good_host_is_good, make, unmake),
		cmocka_unit_test_setup_teardown(every_check_has_an_entry, make, unmake),
		cmocka_unit_test_setup_teardown(nothing_known_is_skipped_not_judged, make, unmake),
		cmocka_unit_test_setup_teardown(listeners, make, unmake),
		cmocka_unit_test_setup_teardown(another_port_or_state_is_no_rival, make, unmake),
		cmocka_unit_test_setup_teardown(switches, make, unmake),
		cmocka_unit_test_setup_teardown(methods_and_policies, make, unmake),
		cmocka_unit_test_setup_teardown(pools, make, unmake),
		cmocka_unit_test_setup_teardown(return_routes, make, unmake),
		cmocka_unit_test_setup_teardown(forwarding_and_filters, make, unmake),
		cmocka_unit_test_setup_teardown(reverse_path, make, unmake),
		cmocka_unit_test_setup_teardown(forwarding_of_ipv6, make, unmake),
		cmocka_unit_test_setup_teardown(the_way_back, make, unmake),
		cmocka_unit_test_setup_teardown(two_places_filter, make, unmake),
		cmocka_unit_test_setup_teardown(clock_and_certificate, make, unmake),
		cmocka_unit_test_setup_teardown(certificate_files_and_host, make, unmake),
		cmocka_unit_test_setup_teardown(prefixes_on_a_link, make, unmake),
		cmocka_unit_test_setup_teardown(pools_and_routes_now, make, unmake),
		cmocka_unit_test_setup_teardown(what_is_named_and_missing, make, unmake),
		cmocka_unit_test_setup_teardown(topics_select_checks, make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
