/* The table of keys and blocks. See schema.h; what each type accepts stands in value.c. */
#include "conf/schema.h"

#include "conf/conf.h"

#include <stddef.h>

#define MEMBER(type, m) offsetof(struct type, m), sizeof(((struct type *)NULL)->m)

/* One value. */
#define KEY(block, name, kind, type, m, min, max, def, choices, help)                              \
	{                                                                                          \
		BLOCK_##block, name, CONF_##kind, min, max, def, choices, MEMBER(type, m), 0, help \
	}
/* A list with a member that counts. */
#define LIST(block, name, kind, type, m, count, max, def, help)                                    \
	{                                                                                          \
		BLOCK_##block, name, CONF_##kind, 1, max, def, NULL, MEMBER(type, m),              \
		    offsetof(struct type, count), help                                             \
	}

#define SECOND 1000u
#define MINUTE (60u * SECOND)
#define HOUR (60u * MINUTE)
#define DAY_S 86400u

static const struct conf_key keys[] = {
	KEY(TOP, "dns", ADDRESSES, conf, dns, 1, 2, "", NULL,
	    "Name servers given to clients, unless a pool or policy names its own."),
	KEY(TOP, "nbns", ADDRESSES, conf, nbns, 1, 2, "", NULL,
	    "WINS servers given to clients, unless a pool or policy names its own."),
	KEY(TOP, "dns6", ADDRESSES6, conf, dns6, 1, 2, "", NULL,
	    "Name servers with IPv6 addresses, given to clients in router advertisements, unless "
	    "a pool or policy names its own."),

	KEY(SERVER, "name", HOST, conf, server_name, 1, 255, "", NULL,
	    "The name that clients dial. It goes into the certificate that rrasd makes. Not set: "
	    "the host's own name."),
	KEY(SERVER, "remote-access", BOOL, conf, remote_access, 0, 0, "yes", NULL,
	    "Whether calls are accepted. With no every log-in is refused with a cause that says "
	    "so."),
	KEY(SERVER, "ipv4", BOOL, conf, ipv4_enabled, 0, 0, "yes", NULL,
	    "Whether IPv4 is carried inside the tunnels."),
	KEY(SERVER, "ipv6", BOOL, conf, ipv6_enabled, 0, 0, "yes", NULL,
	    "Whether IPv6 is carried inside the tunnels. Clients get it from a pool that has a "
	    "prefix6."),
	KEY(SERVER, "enable-forwarding", BOOL, conf, enable_forwarding, 0, 0, "no", NULL,
	    "Whether rrasd switches on the kernel's IPv4 forwarding when it starts, and IPv6 "
	    "forwarding where a pool has a prefix6. Without forwarding clients reach this host "
	    "only."),
	KEY(SERVER, "workers", NUMBER, conf, workers, 0, 15, "0", NULL,
	    "Worker processes; 0 is one for each processor core, at most 15."),
	KEY(SERVER, "role-deadline", MS, conf, role_deadline_ms, 0, HOUR, "30s", NULL,
	    "A role that does not answer the monitor for so long is hung: it is ended and started "
	    "anew. 0 is no such watch, for debugging."),
	KEY(SERVER, "sandbox", BOOL, conf, sandbox, 0, 0, "yes", NULL,
	    "Whether the roles drop to users of their own in empty root directories, with a list "
	    "of "
	    "system calls for each. Turn it off "
	    "for debugging only."),
	KEY(SERVER, "state-directory", PATH, conf, state_dir, 1, CONF_PATH_MAX - 1,
	    "/var/lib/openrras", NULL, "Accounts, history and the certificates that rrasd makes."),
	KEY(SERVER, "run-directory", PATH, conf, run_dir, 1, 90, "/run/openrras", NULL,
	    "The control socket."),
	KEY(SERVER, "control-group", TEXT, conf, control_group, 1, 31, "", NULL,
	    "A group of this host whose members may use rrasctl on the control socket. Not set: "
	    "root only. Needs a restart."),
	KEY(SERVER, "control-rights", CHOICE, conf, control_read_only, 0, 0, "change",
	    "change|look",
	    "What members of control-group may: change accounts, sessions and ports, or look only. "
	    "`rrasctl set` and `ports set` need root either way."),
	KEY(SERVER, "vault-key", PATH, conf, vault_key, 1, CONF_PATH_MAX - 1,
	    "/etc/openrras/vault.key", NULL,
	    "The key that protects stored passwords. Made at the first start. Without it the "
	    "accounts are lost: keep a copy."),
	KEY(SERVER, "device-prefix", DEVICE, conf, device_prefix, 1, 11, "rras", NULL,
	    "Tunnel devices are called by it and a number: rras0, rras1."),
	KEY(SERVER, "offload", CHOICE, conf, offload, 0, 0, "auto", "auto|on|off",
	    "Whether packets of one TCP or UDP flow pass the tunnel devices together, up to 64 KiB "
	    "at a time. auto: when a test at the start finds that this kernel does it right; on: "
	    "without that test; off: one packet at a time, which is slow."),
	KEY(SERVER, "attempts-kept", NUMBER, conf, attempts_kept, 100, 10000000, "100000", NULL,
	    "Connection attempts kept in the history."),
	KEY(SERVER, "nat", TEXT, conf, nat, 1, 15, "", NULL,
	    "The interface by which clients leave under this host's address (source NAT, in an "
	    "nftables table of our own), or any. Not set: clients keep their addresses, and the "
	    "networks behind need a route to the pools."),
	KEY(SERVER, "pool-warning", NUMBER, conf, pool_warning_percent, 0, 100, "90", NULL,
	    "A pool with so many percent of its addresses leased is warned of in the log and by "
	    "`rrasctl check`; 0 is never."),

	KEY(AUTHENTICATION, "methods", METHODS, conf, method_mask, 0, 0, "mschapv2", NULL,
	    "The methods that clients may use; the strongest is tried first. pap and chap are off "
	    "unless they stand here."),
	KEY(AUTHENTICATION, "retries", NUMBER, conf, retries, 0, 10, "2", NULL,
	    "Further tries on the same connection after a wrong password (MS-CHAPv2)."),
	KEY(AUTHENTICATION, "domain", TEXT, conf, domain, 1, 63, "", NULL,
	    "The Windows domain that names may carry: DOMAIN\\user is then user."),
	LIST(AUTHENTICATION, "realm", REALMS, conf, realms, n_realms, 8, "",
	    "DNS suffixes that names may carry: user@realm is then user."),
	KEY(AUTHENTICATION, "password-age", SECONDS, conf, password_age_s, 0, 3650 * DAY_S, "0",
	    NULL,
	    "How long a password serves from the day it was set; 0 is for ever. An expired "
	    "one can be changed while connecting by MS-CHAPv2 only."),
	KEY(AUTHENTICATION, "password-length", NUMBER, conf, password_length, 1, 128, "8", NULL,
	    "Characters that a new password has at least when a client changes an expired one."),
	KEY(AUTHENTICATION, "lockout-denials", NUMBER, conf, lockout_denials, 0, 100000, "0", NULL,
	    "Remote access lockout: failed log-ins of a name after which even the right password "
	    "is refused; 0 is off. rrasctl user unlock ends a lockout."),
	KEY(AUTHENTICATION, "lockout-network-denials", NUMBER, conf, lockout_network_denials, 0,
	    1000000, "0", NULL,
	    "The same for a source network (/24, /56 of IPv6), whatever the names; 0 is off."),
	KEY(AUTHENTICATION, "lockout-reset", SECONDS, conf, lockout_reset_s, 1, 365 * DAY_S, "2d",
	    NULL, "How long after the last failure that was counted a lockout ends by itself."),
	KEY(AUTHENTICATION, "lockout-scope", CHOICE, conf, lockout_scope, 0, 0,
	    "account-and-network", "account-and-network|account",
	    "Whether failures are counted for a name together with the network they came from, so "
	    "that strangers cannot lock out a user, or for the name alone, as RRAS does."),
	LIST(AUTHENTICATION, "lockout-exempt", PREFIXES, conf, lockout_exempt, n_lockout_exempt,
	    CONF_ITEMS_MAX, "", "Networks, as of administrators, that are never locked out."),
	KEY(AUTHENTICATION, "administrators", TEXT, conf, administrators, 1, 63, "Administrators",
	    NULL,
	    "The group of administrators: a member's expired password cannot be changed while "
	    "connecting; another administrator sets it anew."),
	KEY(AUTHENTICATION, "identity-encoding", CHOICE, conf, identity_ansi, 0, 0, "unicode",
	    "unicode|ansi", "How user names arrive from clients: as UTF-8, or in a code page."),

	KEY(PPP, "mru", NUMBER, conf, mru_bytes, 576, 1500, "1400", NULL,
	    "The largest packet, in bytes, that clients may send through the tunnel."),
	KEY(PPP, "echo-interval", MS, conf, echo_interval_ms, 0, HOUR, "30s", NULL,
	    "How often a silent client is asked whether it is still there; 0 is never."),
	KEY(PPP, "echo-failures", NUMBER, conf, echo_failures, 1, 20, "4", NULL,
	    "Unanswered questions of that kind that end the connection."),
	KEY(PPP, "negotiation-time", MS, conf, negotiate_ms, 10 * SECOND, 10 * MINUTE, "150s", NULL,
	    "The time from the first PPP packet to an address."),

	KEY(SSTP, "enabled", BOOL, conf, sstp_enabled, 0, 0, "yes", NULL,
	    "Whether SSTP calls are accepted."),
	LIST(SSTP, "listen", ENDPOINTS, conf, sstp_listeners, n_sstp_listeners, CONF_LISTENERS_MAX,
	    "0.0.0.0:443 [::]:443", "Where clients connect to. [::] is IPv6 only."),
	KEY(SSTP, "certificate", PATH, conf, sstp_certificate, 1, CONF_PATH_MAX - 1, "", NULL,
	    "The server's certificate and its chain (PEM). Not set: rrasd makes a certification "
	    "authority and a certificate in the state directory, under pki."),
	KEY(SSTP, "key", PATH, conf, sstp_key, 1, CONF_PATH_MAX - 1, "", NULL,
	    "The private key of the certificate (PEM)."),
	KEY(SSTP, "ports", NUMBER, conf, sstp_ports, 0, 65535, "128", NULL,
	    "SSTP connections at one time, all workers together; counts at once. 0 closes the "
	    "type. A lower number ends nobody."),
	KEY(SSTP, "half-open", NUMBER, conf, sstp_half_open, 1, 1000000, "1000", NULL,
	    "Calls on their way at one time, before they are authenticated."),
	KEY(SSTP, "half-open-per-source", NUMBER, conf, sstp_half_open_per_source, 1, 1000000, "64",
	    NULL, "The same from one source address."),
	KEY(SSTP, "half-open-per-network", NUMBER, conf, sstp_half_open_per_network, 1, 1000000,
	    "256", NULL, "The same for one network: a /24 of IPv4, a /48 of IPv6."),
	KEY(SSTP, "connections-per-worker", NUMBER, conf, sstp_connections, 1, 65536, "8192", NULL,
	    "Connections of all kinds that one worker holds; bounds its memory. Needs a restart."),
	KEY(SSTP, "keyless-binding", BOOL, conf, sstp_keyless_binding, 0, 0, "yes", NULL,
	    "Demand Call Connected after PAP and CHAP too, whose keys are all zero. sstp-client "
	    "1.0.18 sends none with CHAP."),
	KEY(SSTP, "handshake-pace", MS, conf, sstp_pace_ms, 0, SECOND, "20ms", NULL,
	    "How long the first TLS answer waits on paths quicker than this: sstp-client 1.0.18 "
	    "cannot take it sooner. 0 switches it off."),
	KEY(SSTP, "hash", HASHES, conf, sstp_hash_mask, 0, 0, "sha256 sha1", NULL,
	    "Certificate hashes offered for the crypto binding."),
	LIST(SSTP, "proxy-from", PREFIXES, conf, sstp_proxy_from, n_sstp_proxy_from, CONF_ITEMS_MAX,
	    "",
	    "Load balancers in front of this server, which begin each connection with a PROXY "
	    "protocol header of version 2 that says whose it is. From these addresses the header "
	    "is demanded, from all others it is never taken."),
	LIST(SSTP, "names", NAMES, conf, sstp_names, n_sstp_names, CONF_WEB_NAMES_MAX, "",
	    "Names that stay with SSTP, beside that of the server, where a site of \"web\" takes "
	    "all others."),
	KEY(SSTP, "web-redirect", TEXT, conf, sstp_web_redirect, 1, CONF_URL_MAX - 1, "", NULL,
	    "Where browsers are sent that open the server's name: an http or https URL. Not set: "
	    "they are told that there is no such page."),
	KEY(SSTP, "negotiation-time", MS, conf, sstp_negotiation_ms, 5 * SECOND, 10 * MINUTE, "60s",
	    NULL, "The longest wait for each message while a call is set up."),
	KEY(SSTP, "hello", MS, conf, sstp_hello_ms, 5 * SECOND, HOUR, "60s", NULL,
	    "Silence before the server asks whether the client is still there, and again before "
	    "it ends the call."),

	KEY(CERTIFICATE, "chain", PATH, conf_certificate, chain, 1, CONF_PATH_MAX - 1, "", NULL,
	    "The certificate and, behind it, the intermediate ones (PEM)."),
	KEY(CERTIFICATE, "key", PATH, conf_certificate, key, 1, CONF_PATH_MAX - 1, "", NULL,
	    "Its private key (PEM). Only the vault reads it."),
	LIST(CERTIFICATE, "name", NAMES, conf_certificate, names, n_names, 8, "",
	    "Clients that dial one of these names are shown it; *.NAME is for one label more. Not "
	    "set: the names that the certificate carries."),

	LIST(POOL, "range", RANGES, conf_pool, ranges, n_ranges, CONF_RANGES_MAX, "",
	    "Addresses for clients: FIRST - LAST, or a prefix, of which the network and broadcast "
	    "addresses are left out. The first address of the first pool is the server's own."),
	KEY(POOL, "dns", ADDRESSES, conf_pool, dns, 1, 2, "", NULL,
	    "Name servers for clients of this pool."),
	KEY(POOL, "nbns", ADDRESSES, conf_pool, nbns, 1, 2, "", NULL,
	    "WINS servers for clients of this pool."),
	KEY(POOL, "prefix6", PREFIX6, conf_pool, prefix6, 16, 63, "", NULL,
	    "IPv6 for clients: each session gets a /64 of this prefix, told to it by router "
	    "advertisements. The first /64 is the server's own."),
	KEY(POOL, "dns6", ADDRESSES6, conf_pool, dns6, 1, 2, "", NULL,
	    "Name servers with IPv6 addresses for clients of this pool."),

	KEY(POLICY, "order", NUMBER, conf_policy, order, 1, 1000000, "", NULL,
	    "Policies are looked at in ascending order; the first that matches decides. Not set: "
	    "one more than the policy before it in the file."),
	KEY(POLICY, "enabled", BOOL, conf_policy, enabled, 0, 0, "yes", NULL,
	    "A policy that is switched off matches nothing."),
	LIST(POLICY, "user", PATTERNS, conf_policy, users, n_users, CONF_ITEMS_MAX, "",
	    "Condition: the account's name is one of these; * and ? are wildcards."),
	LIST(POLICY, "group", PATTERNS, conf_policy, groups, n_groups, CONF_ITEMS_MAX, "",
	    "Condition: the account is a member of one of these groups."),
	LIST(POLICY, "client", PREFIXES, conf_policy, clients, n_clients, CONF_ITEMS_MAX, "",
	    "Condition: the client comes from one of these networks."),
	KEY(POLICY, "tunnel", TUNNELS, conf_policy, tunnel_mask, 0, 0, "", NULL,
	    "Condition: the tunnel is of one of these types."),
	KEY(POLICY, "method", METHODS, conf_policy, method_condition, 0, 0, "", NULL,
	    "Condition: the client authenticates by one of these methods."),
	KEY(POLICY, "hours", HOURS, conf_policy, hours, 1, 0, "", NULL,
	    "Condition: the local time of the server is within one of these."),
	KEY(POLICY, "access", CHOICE, conf_policy, grant, 0, 0, "deny", "deny|grant",
	    "What the policy says to accounts whose dial-in permission is \"by policy\"."),
	KEY(POLICY, "ignore-dial-in", BOOL, conf_policy, ignore_dialin, 0, 0, "no", NULL,
	    "With yes the account's own dial-in permission (allow or deny) is not looked at."),
	KEY(POLICY, "allow-methods", METHODS, conf_policy, method_mask, 0, 0, "", NULL,
	    "Constraint: other methods are refused. Not set: the methods of the server."),
	KEY(POLICY, "allow-hours", HOURS, conf_policy, allow_hours, 1, 0, "", NULL,
	    "Constraint: at other times, local time of the server, calls are refused, and a "
	    "session "
	    "ends when they begin."),
	KEY(POLICY, "allow-tunnels", TUNNELS, conf_policy, allow_tunnels, 0, 0, "", NULL,
	    "Constraint: other tunnel types (NPS: NAS port types) are refused."),
	LIST(POLICY, "allow-servers", PREFIXES, conf_policy, allow_servers, n_allow_servers,
	    CONF_ITEMS_MAX, "",
	    "Constraint: who called another address of the server (NPS: called station) is "
	    "refused."),
	KEY(POLICY, "idle-timeout", SECONDS, conf_policy, profile.idle_timeout_s, 0, 7 * DAY_S, "0",
	    NULL, "Ends a session without traffic; 0 is never."),
	KEY(POLICY, "session-timeout", SECONDS, conf_policy, profile.session_timeout_s, 0,
	    30 * DAY_S, "0", NULL, "Ends a session after this time; 0 is never."),
	LIST(POLICY, "pool", POOL_NAMES, conf_policy, profile.pools, profile.n_pools,
	    PROFILE_POOLS_MAX, "",
	    "The pools that the client's address comes from: the next one when one has no address "
	    "left. Not set: the first pool of the file."),
	KEY(POLICY, "dns", ADDRESSES, conf_policy, profile.dns, 1, 2, "", NULL,
	    "Name servers for clients that this policy admits."),
	KEY(POLICY, "nbns", ADDRESSES, conf_policy, profile.nbns, 1, 2, "", NULL,
	    "WINS servers for clients that this policy admits."),
	KEY(POLICY, "dns-suffix", HOST, conf_policy, profile.dns_suffix, 1, DNS_SUFFIX_MAX - 1, "",
	    NULL, "The DNS suffix of the connection, for clients that ask by DHCPINFORM."),
	LIST(POLICY, "routes", ROUTES, conf_policy, profile.routes, profile.n_routes,
	    PROFILE_ROUTES_MAX, "",
	    "What clients reach through the tunnel, for clients that ask by DHCPINFORM."),
	KEY(POLICY, "isolated", BOOL, conf_policy, profile.isolated, 0, 0, "no", NULL,
	    "With yes the client reaches no address of the pools but the server's, and is reached "
	    "by "
	    "none: clients are kept from each other."),
	KEY(POLICY, "mru", NUMBER, conf_policy, profile.mru, 576, 1500, "", NULL,
	    "The largest packet inside the tunnel that TCP connections of the client are clamped "
	    "to. "
	    "Not set: what the link allows."),
	KEY(POLICY, "encryption", ENCRYPTION, conf_policy, profile.encryption, 0, 0,
	    "none basic strong strongest", NULL,
	    "Encryption strengths that a session may use: basic is MPPE with 40 bit, strong with "
	    "56, strongest with 128; none allows a session without encryption. The TLS of SSTP "
	    "counts as strongest."),
	KEY(POLICY, "ipv6-pool", TEXT, conf_policy, profile.ipv6_pool, 1, POOL_NAME_MAX - 1, "",
	    NULL, "The pool that the client's IPv6 prefix comes from. Not set: those of pool."),
	KEY(POLICY, "dns6", ADDRESSES6, conf_policy, profile.dns6, 1, 2, "", NULL,
	    "Name servers with IPv6 addresses for clients that this policy admits."),

	LIST(WEB, "name", NAMES, conf_web, names, n_names, CONF_WEB_NAMES_MAX, "",
	    "The names that browsers ask for: www.example.org; *.example.org for all below it; * "
	    "for all that no other site names and that are not the VPN's. A client that asks for "
	    "no name is always the VPN's."),
	LIST(WEB, "forward", ENDPOINTS, conf_web, forward, n_forward, 1, "",
	    "The web server, with its own certificate, that gets these connections unopened."),
	KEY(WEB, "proxy-header", BOOL, conf_web, proxy_header, 0, 0, "no", NULL,
	    "Whether the web server is told the client's address by a PROXY protocol header of "
	    "version 2. It has to expect one (nginx: listen ... proxy_protocol)."),
	KEY(WEB, "connections", NUMBER, conf_web, connections, 1, 65536, "1000", NULL,
	    "Connections to this site at one time; more are closed and counted."),
	KEY(WEB, "idle-time", MS, conf_web, idle_ms, SECOND, HOUR, "5min", NULL,
	    "Ends a connection on which nothing was said for so long."),
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static const struct conf_block_info blocks[N_BLOCK] = {
	[BLOCK_TOP] = { "", false, "Outside of any block." },
	[BLOCK_SERVER] = { "server", false, "The server as a whole." },
	[BLOCK_AUTHENTICATION] = { "authentication", false, "How clients prove who they are." },
	[BLOCK_PPP] = { "ppp", false, "PPP, inside all tunnels that use it." },
	[BLOCK_SSTP] = { "sstp", false, "The SSTP listener." },
	[BLOCK_CERTIFICATE] = { "certificate", true,
	    "A further certificate, at most 15. Which is shown depends on the name that a client "
	    "dials (SNI); of an ECDSA and an RSA one for the same name, on what the client can "
	    "check. Who asks for a name that none has is shown the one of the block sstp, or else "
	    "the first of the file. Exchanged files are used after a reload." },
	[BLOCK_POOL] = { "pool", true, "Addresses for clients. At most 16 pools." },
	[BLOCK_POLICY] = { "policy", true,
	    "Who may connect, and on what terms. All conditions of a policy have to match; of the "
	    "values of one condition one has to." },
	[BLOCK_WEB] = { "web", true,
	    "A web site that shares the port with SSTP. Connections that ask for its name in TLS "
	    "are handed to a web server. At most 16 sites." },
};

/* 10.99.0.0/24: private (RFC 1918), and seldom used at homes and in offices. */
const char conf_default_pool[] = "pool default { range 10.99.0.1 - 10.99.0.254 }\n";

/* Denies by itself, so that only accounts whose own dial-in permission is "allow" get in. */
const char conf_default_policy[] = "policy \"Accounts that are allowed\" { access deny }\n";

const struct conf_key *
conf_key_at(size_t i)
{
	return i < N_KEYS ? &keys[i] : NULL;
}

size_t
conf_n_keys(void)
{
	return N_KEYS;
}

const struct conf_key *
conf_key_find(enum conf_block block, struct view name)
{
	for (size_t i = 0; i < N_KEYS; i++)
		if (keys[i].block == block && view_eq(view_str(keys[i].name), name))
			return &keys[i];
	return NULL;
}

const struct conf_block_info *
conf_block_info(enum conf_block block)
{
	must(block < N_BLOCK);
	return &blocks[block];
}

enum conf_block
conf_block_find(struct view name)
{
	for (unsigned int b = BLOCK_TOP + 1; b < N_BLOCK; b++)
		if (view_eq(view_str(blocks[b].name), name))
			return (enum conf_block)b;
	return BLOCK_TOP;
}
