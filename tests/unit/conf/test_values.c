/* Every type of the schema: what it takes, and each way to get it wrong with its exact place. */
#include "conf_test.h"

#include "conf/schema.h"
#include "conf/value.h"
#include "proto/sstp/sstp_conf.h"

static void
test_defaults(void **state)
{
	struct conf *c = conf_defaults();
	char text[ENDPOINT_TEXT_MAX];

	(void)state;
	assert_non_null(c);
	assert_string_equal(c->server_name, "");
	assert_true(c->remote_access && c->ipv4_enabled && c->sandbox);
	assert_false(c->enable_forwarding || c->identity_ansi);
	assert_int_equal(c->workers, 0);
	assert_string_equal(c->state_dir, "/var/lib/openrras");
	assert_string_equal(c->run_dir, "/run/openrras");
	assert_string_equal(c->vault_key, "/etc/openrras/vault.key");
	assert_string_equal(c->device_prefix, "rras");
	assert_int_equal(c->attempts_kept, 100000);
	/* Only MS-CHAPv2: PAP and CHAP are off unless somebody switches them on. */
	assert_int_equal(c->method_mask, AUTH_BIT(AUTH_MSCHAPV2));
	assert_int_equal(c->retries, 2);
	assert_int_equal(c->mru_bytes, 1400);
	assert_int_equal(c->echo_interval_ms, 30000);
	assert_int_equal(c->echo_failures, 4);
	assert_int_equal(c->negotiate_ms, 150000);
	assert_true(c->sstp_enabled);
	assert_int_equal(c->n_sstp_listeners, 2);
	assert_string_equal(endpoint_text(&c->sstp_listeners[0], text), "0.0.0.0:443");
	assert_string_equal(endpoint_text(&c->sstp_listeners[1], text), "[::]:443");
	assert_string_equal(c->sstp_certificate, "");
	assert_string_equal(c->sstp_key, "");
	assert_int_equal(c->sstp_ports, 128);
	assert_int_equal(c->sstp_half_open, 1000);
	assert_int_equal(c->sstp_half_open_per_source, 64);
	assert_int_equal(c->sstp_hash_mask, SSTP_HASH_SHA1 | SSTP_HASH_SHA256);
	assert_int_equal(c->sstp_negotiation_ms, 60000);
	assert_int_equal(c->sstp_hello_ms, 60000);
	assert_int_equal(c->n_pools, 1);
	assert_string_equal(c->pools[0].name, "default");
	assert_int_equal(c->pools[0].n_ranges, 1);
	assert_string_equal(ip_text(&c->pools[0].ranges[0].first, text), "10.99.0.1");
	assert_string_equal(ip_text(&c->pools[0].ranges[0].last, text), "10.99.0.254");
	conf_free(c);
}

/* The default policy denies by itself: only an account that is allowed gets in. */
static void
test_default_policy_is_safe(void **state)
{
	struct conf *c = conf_defaults();

	(void)state;
	assert_non_null(c);
	assert_int_equal(c->n_policies, 1);
	assert_string_equal(c->policies[0].name, "Accounts that are allowed");
	assert_int_equal(c->policies[0].id, 1);
	assert_true(c->policies[0].enabled);
	assert_false(c->policies[0].grant);
	assert_false(c->policies[0].ignore_dialin);
	conf_free(c);
}

static const char whole[] =
    "# A whole configuration\n"
    "server { name vpn.example.org; remote-access yes; workers 2\n"
    "  state-directory /srv/rras; run-directory /run/rras; enable-forwarding on; sandbox no\n"
    "  device-prefix vpn; vault-key \"/etc/my key\"; attempts-kept 500; ipv4 yes }\n"
    "authentication\n{\n  methods mschapv2, chap\n  methods pap; retries 0; domain CONTOSO\n"
    "  realm example.org example.com; identity-encoding ansi }\n"
    "ppp { mru 1300; echo-interval 1min; echo-failures 2; negotiation-time 1min30s }\n"
    "sstp { enabled yes; listen 198.51.100.1:443; listen [2001:db8::1]:8443; certificate /c.pem\n"
    "  key /k.pem; ports 5; half-open 10; half-open-per-source 3; hash sha256\n"
    "  negotiation-time 20s; hello 500s }\n"
    "dns 10.0.0.2 10.0.0.3; nbns 10.0.0.4\n"
    "pool office { range 10.20.0.1 - 10.20.0.9; range 10.21.0.0/24 10.22.0.1-10.22.0.2\n"
    "  dns 10.20.0.2 }\n"
    "pool 'lab rats' { range 10.30.0.0/29 }\n"
    "policy second { order 20; access deny }\n"
    "policy \"VPN users\" { order 10; enabled yes; user alice \"b*\"; group vpn-users\n"
    "  client 198.51.100.0/24 2001:db8::/32 192.0.2.1; tunnel sstp; method mschapv2 chap\n"
    "  access grant; ignore-dial-in yes; allow-methods mschapv2; idle-timeout 30min\n"
    "  session-timeout 8h; pool \"lab rats\"; encryption strong strongest; dns 10.1.1.1; nbns "
    "10.1.1.2 }\n";

static void
check_whole_server(const struct conf *c)
{
	char text[ENDPOINT_TEXT_MAX];

	assert_string_equal(c->server_name, "vpn.example.org");
	assert_int_equal(c->workers, 2);
	assert_true(c->enable_forwarding);
	assert_false(c->sandbox);
	assert_string_equal(c->state_dir, "/srv/rras");
	assert_string_equal(c->device_prefix, "vpn");
	assert_string_equal(c->vault_key, "/etc/my key");
	assert_int_equal(
	    c->method_mask, AUTH_BIT(AUTH_MSCHAPV2) | AUTH_BIT(AUTH_CHAP) | AUTH_BIT(AUTH_PAP));
	assert_int_equal(c->retries, 0);
	assert_string_equal(c->domain, "CONTOSO");
	assert_int_equal(c->n_realms, 2);
	assert_string_equal(c->realms[1], "example.com");
	assert_true(c->identity_ansi);
	assert_int_equal(c->mru_bytes, 1300);
	assert_int_equal(c->echo_interval_ms, 60000);
	assert_int_equal(c->negotiate_ms, 90000);
	assert_int_equal(c->n_sstp_listeners, 2);
	assert_string_equal(endpoint_text(&c->sstp_listeners[1], text), "[2001:db8::1]:8443");
	assert_string_equal(c->sstp_certificate, "/c.pem");
	assert_int_equal(c->sstp_hash_mask, SSTP_HASH_SHA256);
	assert_int_equal(c->sstp_hello_ms, 500000);
}

static void
check_whole_pools(const struct conf *c)
{
	char text[ENDPOINT_TEXT_MAX];

	assert_string_equal(ip_text(&c->dns[1], text), "10.0.0.3");
	assert_string_equal(ip_text(&c->nbns[0], text), "10.0.0.4");
	assert_int_equal(c->nbns[1].family, IP_NONE);
	assert_int_equal(c->n_pools, 2);
	assert_int_equal(c->pools[0].n_ranges, 3);
	/* A prefix is its hosts: without the network and the broadcast address. */
	assert_string_equal(ip_text(&c->pools[0].ranges[1].first, text), "10.21.0.1");
	assert_string_equal(ip_text(&c->pools[0].ranges[1].last, text), "10.21.0.254");
	assert_string_equal(ip_text(&c->pools[0].ranges[2].last, text), "10.22.0.2");
	assert_string_equal(c->pools[1].name, "lab rats");
}

static void
test_whole(void **state)
{
	struct conf *c = test_good(whole);
	char text[ENDPOINT_TEXT_MAX];

	(void)state;
	check_whole_server(c);
	check_whole_pools(c);
	assert_int_equal(c->n_policies, 2);
	const struct conf_policy *p = &c->policies[0];
	assert_string_equal(p->name, "VPN users"); /* sorted by order */
	assert_int_equal(p->id, 1);
	assert_int_equal(p->n_users, 2);
	assert_string_equal(p->users[1], "b*");
	assert_string_equal(p->groups[0], "vpn-users");
	assert_int_equal(p->n_clients, 3);
	assert_int_equal(p->clients[1].len, 32);
	assert_int_equal(p->clients[2].len, 32);
	assert_int_equal(p->tunnel_mask, 1u << TUNNEL_SSTP);
	assert_int_equal(p->method_condition, AUTH_BIT(AUTH_MSCHAPV2) | AUTH_BIT(AUTH_CHAP));
	assert_int_equal(p->method_mask, AUTH_BIT(AUTH_MSCHAPV2));
	assert_true(p->grant && p->ignore_dialin);
	assert_int_equal(p->profile.idle_timeout_s, 1800);
	assert_int_equal(p->profile.session_timeout_s, 28800);
	assert_int_equal(p->profile.encryption, ENCRYPT_STRONG | ENCRYPT_STRONGEST);
	assert_int_equal(c->policies[1].profile.encryption, ENCRYPT_ALL);
	assert_int_equal(p->profile.n_pools, 1);
	assert_string_equal(p->profile.pools[0], "lab rats");
	assert_string_equal(ip_text(&p->profile.dns[0], text), "10.1.1.1");
	assert_string_equal(c->policies[1].name, "second");
	assert_false(c->policies[1].grant);
	conf_free(c);
}

/* G01: every truncation is either accepted or refused with a place inside the text. */
static void
test_truncations(void **state)
{
	struct conf_errors errors;

	(void)state;
	for (size_t n = 0; n < sizeof(whole); n++) {
		conf_free(test_parse(view_of(whole, n), NULL, &errors));
		for (unsigned int i = 0; i < errors.n; i++)
			assert_in_range(errors.e[i].line, 1, 30);
	}
}

static void
test_times_and_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = { { "0", 0 }, { "0s", 0 }, { "250ms", 250 }, { "30s", 30000 },
		{ "30sec", 30000 }, { "5min", 300000 }, { "1h30min", 5400000 },
		{ "2d", 172800000 } };
	static const char *const bad[] = { "", "30", "s", "3x", "30m", "-1s", "1.5s", "30s5",
		"9999999999999s", "999999999999d999999999999d", " 1s", "1 s" };
	uint64_t x;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_null(conf_parse_time(view_str(good[i].text), &x));
		assert_int_equal(x, good[i].ms);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(conf_parse_time(view_str(bad[i]), &x));
	assert_null(conf_parse_size(view_str("10MiB"), &x));
	assert_int_equal(x, 10u << 20);
	assert_null(conf_parse_size(view_str("64KiB"), &x));
	assert_int_equal(x, 65536);
	assert_null(conf_parse_size(view_str("1GB"), &x));
	assert_int_equal(x, 1000000000);
	assert_null(conf_parse_size(view_str("12B"), &x));
	assert_int_equal(x, 12);
	assert_non_null(conf_parse_size(view_str("12"), &x));
	assert_non_null(conf_parse_size(view_str("12mib"), &x));
	assert_non_null(conf_parse_size(view_str(""), &x));
}

static void
test_prefix_hosts(void **state)
{
	static const struct {
		const char *prefix, *first, *last;
	} rows[] = { { "10.0.0.0/24", "10.0.0.1", "10.0.0.254" },
		{ "10.0.0.0/30", "10.0.0.1", "10.0.0.2" },
		{ "10.0.0.0/31", "10.0.0.0", "10.0.0.1" },
		{ "10.0.0.7/32", "10.0.0.7", "10.0.0.7" } };
	char text[ENDPOINT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip_prefix p;
		assert_true(ip_prefix_parse(view_str(rows[i].prefix), &p));
		struct conf_range r = conf_prefix_range(&p);
		assert_string_equal(ip_text(&r.first, text), rows[i].first);
		assert_string_equal(ip_text(&r.last, text), rows[i].last);
	}
}

#define PREFIX6 "prefix6: expected an IPv6 prefix of 16 to 63 bits; "
#define ERR(at, text) "rrasd.conf:" at ": error: " text "\n"

static const struct {
	const char *text, *wanted;
} wrong[] = {
	/* booleans and choices */
	{ "server { sandbox maybe }",
	    ERR("1:18", "sandbox: expected yes or no; \"maybe\" is neither") },
	{ "policy x { access allow }",
	    ERR("1:19", "access: expected deny or grant; \"allow\" is neither") },
	{ "authentication { identity-encoding utf-8 }",
	    ERR("1:36", "identity-encoding: expected unicode or ansi; \"utf-8\" is neither") },
	/* numbers */
	{ "server {\n\tworkers 16\n}",
	    ERR("2:10", "workers: expected a number of 0 to 15; \"16\" is out of range") },
	{ "server {\n\tworkers two\n}",
	    ERR("2:10", "workers: expected a number of 0 to 15; \"two\" is not a number") },
	{ "ppp { mru -1 }",
	    ERR("1:11", "mru: expected a number of 576 to 1500; \"-1\" is not a number") },
	{ "ppp { mru 99999999999999999999 }",
	    ERR("1:11", "mru: expected a number of 576 to 1500; \"99999999999999999999\" is not a "
			"number") },
	{ "ppp { mru \"\" }",
	    ERR("1:11", "mru: expected a number of 576 to 1500; \"\" is not a number") },
	/* times */
	{ "ppp { echo-interval 30 }",
	    ERR("1:21",
		"echo-interval: expected a time of 0 to 1h; \"30\" needs a unit: ms, s, min, "
		"h or d, as in 30s") },
	{ "ppp { echo-interval 2h }",
	    ERR("1:21", "echo-interval: expected a time of 0 to 1h; \"2h\" is out of range") },
	{ "sstp { certificate /c; key /k; hello soon }",
	    ERR("1:38",
		"hello: expected a time of 5s to 1h; \"soon\" is not a time: write a number "
		"with ms, s, min, h or d, as in 30s or 1h30min") },
	{ "policy x { idle-timeout 1500ms }",
	    ERR("1:25",
		"idle-timeout: expected a time of 0 to 7d; \"1500ms\" is not a whole number "
		"of seconds") },
	/* texts */
	{ "server { name vpn_example }",
	    ERR("1:15", "name: expected a DNS name or an address; \"vpn_example\" is neither") },
	{ "server { name -x.org }",
	    ERR("1:15", "name: expected a DNS name or an address; \"-x.org\" is neither") },
	{ "server { name a..b }",
	    ERR("1:15", "name: expected a DNS name or an address; \"a..b\" is neither") },
	{ "server { state-directory var/lib }",
	    ERR("1:26",
		"state-directory: expected an absolute path; \"var/lib\" does not begin with "
		"/") },
	{ "server { device-prefix tunnel-device }",
	    ERR("1:24",
		"device-prefix: expected at most 11 letters and digits; \"tunnel-device\" is "
		"too long") },
	{ "server { device-prefix a/b }",
	    ERR("1:24",
		"device-prefix: expected at most 11 letters and digits; \"a/b\" holds other "
		"characters") },
	{ "authentication { domain \"\" }",
	    ERR("1:25", "domain: expected a text of at most 63 bytes; \"\" is empty") },
	/* masks */
	{ "authentication { methods eap mschapv2 }",
	    ERR("1:26", "methods: the method \"eap\" is not in this version; expected any of "
			"mschapv2, chap, pap") },
	{ "authentication { methods mschapv2 mschap }",
	    ERR("1:35", "methods: the method \"mschap\" is not in this version; expected any of "
			"mschapv2, chap, pap") },
	{ "authentication { methods ms-chapv2 }",
	    ERR("1:26",
		"methods: expected any of mschapv2, chap, pap; \"ms-chapv2\" is none of them "
		"(did you mean \"mschapv2\"?)") },
	{ "policy x { tunnel stp }",
	    ERR("1:19", "tunnel: expected any of sstp, pptp, l2tp, ikev2; \"stp\" is none of them "
			"(did you mean \"sstp\"?)") },
	{ "sstp { certificate /c; key /k; hash md5 }",
	    ERR("1:37", "hash: expected any of sha256, sha1; \"md5\" is none of them") },
	/* addresses */
	{ "dns 10.0.0.256",
	    ERR("1:5", "dns: expected at most 2 IPv4 addresses; \"10.0.0.256\" is not "
		       "an address") },
	{ "dns 2001:db8::1",
	    ERR("1:5", "dns: expected at most 2 IPv4 addresses; \"2001:db8::1\" is "
		       "IPv6: write it as dns6") },
	{ "dns6 10.0.0.1",
	    ERR("1:6", "dns6: expected at most 2 IPv6 addresses; \"10.0.0.1\" is IPv4: write it as "
		       "dns") },
	/* R14: prefix lengths */
	{ "pool p { prefix6 2001:db8::/64 }",
	    ERR("1:18", PREFIX6 "\"2001:db8::/64\" has another length") },
	{ "pool p { prefix6 2001:db8::/129 }", ERR("1:18", PREFIX6 "\"2001:db8::/129\" is none") },
	{ "pool p { prefix6 10.0.0.0/24 }", ERR("1:18", PREFIX6 "\"10.0.0.0/24\" is none") },
	{ "pool p { prefix6 fe80::/48 }",
	    ERR("1:18", PREFIX6 "\"fe80::/48\" cannot be given to clients") },
	{ "pool p { prefix6 2001:db8::1/48 }",
	    ERR("1:18", PREFIX6 "\"2001:db8::1/48\" has bits behind its length (did you mean "
				"2001:db8::/48?)") },
	{ "dns 0.0.0.0",
	    ERR("1:5", "dns: expected at most 2 IPv4 addresses; \"0.0.0.0\" is not the "
		       "address of a host") },
	{ "dns 10.0.0.1 10.0.0.2 10.0.0.3", ERR("1:23", "dns: more than 2 values") },
	/* endpoints */
	{ "sstp { certificate /c; key /k; listen 0.0.0.0 }",
	    ERR("1:39",
		"listen: expected at most 8 of ADDRESS:PORT; \"0.0.0.0\" lacks the port, as "
		"in 0.0.0.0:443") },
	{ "sstp { certificate /c; key /k; listen :: }",
	    ERR("1:39", "listen: expected at most 8 of ADDRESS:PORT; \"::\" lacks the port, as in "
			"[::]:443") },
	{ "sstp { certificate /c; key /k; listen vpn:443 }",
	    ERR("1:39", "listen: expected at most 8 of ADDRESS:PORT; \"vpn:443\" is not one") },
	{ "sstp { certificate /c; key /k; listen 0.0.0.0:0 }",
	    ERR("1:39", "listen: expected at most 8 of ADDRESS:PORT; \"0.0.0.0:0\" has port 0") },
	{ "sstp { certificate /c; key /k; listen 0.0.0.0:65536 }",
	    ERR("1:39",
		"listen: expected at most 8 of ADDRESS:PORT; \"0.0.0.0:65536\" is not one") },
	/* prefixes, patterns, realms */
	{ "policy x { client 10.0.0.0/33 }",
	    ERR("1:19", "client: expected at most 32 addresses or prefixes; \"10.0.0.0/33\" is "
			"neither") },
	{ "policy x { client 10.0.0.5/24 }",
	    ERR("1:19",
		"client: expected at most 32 addresses or prefixes; \"10.0.0.5/24\" has bits "
		"behind its length (did you mean 10.0.0.0/24?)") },
	{ "policy x { user '' }", ERR("1:17", "user: expected at most 32 names; \"\" is empty") },
	{ "authentication { realm alice@example.org }",
	    ERR("1:24", "realm: expected at most 8 DNS suffixes; \"alice@example.org\" holds an @: "
			"write only what stands behind it") },
/* ranges */
#define RANGE "range: expected IPv4 ranges (FIRST - LAST) or prefixes; "
	{ "pool p { range 10.0.0.9 - 10.0.0.1 }",
	    ERR("1:16", RANGE "\"10.0.0.9\" ends before it begins") },
	{ "pool p { range 10.0.0.9 - }", ERR("1:25", RANGE "\"-\" has no address behind it") },
	{ "pool p { range 10.0.0.9 - x }", ERR("1:27", RANGE "\"x\" is not an address") },
	{ "pool p { range x - 10.0.0.9 }", ERR("1:16", RANGE "\"x\" is not an address") },
	{ "pool p { range 10.0.0.1-x }", ERR("1:16", RANGE "\"10.0.0.1-x\" is not a range") },
	{ "pool p { range ten }", ERR("1:16", RANGE "\"ten\" is not a range") },
	{ "pool p { range 10.0.0.7/24 }",
	    ERR("1:16", RANGE "\"10.0.0.7/24\" has bits behind its length (did you mean "
			      "10.0.0.0/24?)") },
	{ "pool p { range 0.0.0.0/7 }", ERR("1:16", RANGE "\"0.0.0.0/7\" is too large") },
	{ "pool p { range 127.0.0.0/24 }",
	    ERR("1:16", RANGE "\"127.0.0.0/24\" cannot be given to clients") },
	{ "pool p { range 10.0.0.1 - 224.0.0.1 }",
	    ERR("1:16", RANGE "\"10.0.0.1\" cannot be given to clients") },
	{ "pool p { range 2001:db8::/64 }",
	    ERR("1:16", RANGE "\"2001:db8::/64\" is IPv6: write the prefix as prefix6") },
	{ "pool p { range 2001:db8::1 - 2001:db8::2 }",
	    ERR("1:16", RANGE "\"2001:db8::1\" is IPv6: write the prefix as prefix6") },
	/* one value, no value, the wrong shape */
	{ "server { name two words }",
	    ERR("1:19", "name takes one value; put \"quotes\" around a text with blanks, or a "
			"\";\" before the next setting") },
	{ "server { workers }",
	    ERR("1:18", "workers: a value is missing; expected a number of 0 to 15") },
	{ "server { workers = 2 }", ERR("1:18", "\"=\" is not used here; write: workers VALUE") },
	{ "server { workers { } }", ERR("1:10", "workers takes a value, not a block") },
	{ "server { workers 1\n workers 2 }",
	    ERR("2:2", "workers is set twice, before in line 1 of rrasd.conf") },
	{ "server { workers 1 }\nserver { workers 2 }",
	    ERR("2:10", "workers is set twice, before in line 1 of rrasd.conf") },
	{ NULL, NULL },
};

static void
test_wrong_values(void **state)
{
	(void)state;
	for (size_t i = 0; wrong[i].text; i++)
		test_found(wrong[i].text, NULL, wrong[i].wanted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_default_policy_is_safe),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_times_and_sizes),
		cmocka_unit_test(test_prefix_hosts),
		cmocka_unit_test(test_wrong_values),
	};

	return cmocka_run_group_tests_name("conf/values", tests, NULL, NULL);
}
