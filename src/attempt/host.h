/*
 * What a host looks like at one moment, as far as it can explain an attempt: sockets and who owns
 * them, addresses, routes, switches of the kernel, files. Gathered read-only by os/hostfacts in the
 * command that explains, judged by the pure rules of diag/. Plain data; nothing here does I/O.
 */
#ifndef ATTEMPT_HOST_H
#define ATTEMPT_HOST_H

#include "base/addr.h"

#define HOST_SOCKETS_MAX 512u
#define HOST_ADDRS_MAX 64u
#define HOST_ROUTES_MAX 256u
#define HOST_RULES_MAX 16u
#define HOST_LINKS_MAX 64u

enum sock_state {
	SOCK_ESTABLISHED,
	SOCK_SYN_SENT,
	SOCK_SYN_RECV,
	SOCK_FIN_WAIT1,
	SOCK_FIN_WAIT2,
	SOCK_TIME_WAIT,
	SOCK_CLOSED,
	SOCK_CLOSE_WAIT,
	SOCK_LAST_ACK,
	SOCK_LISTEN,
	SOCK_CLOSING,
	SOCK_UNCONNECTED, /* UDP without a peer */
};

struct host_socket {
	char proto[8]; /* "TCP", "TCPv6", "UDP", "UDPv6" */
	struct endpoint local, foreign;
	enum sock_state state;
	uint64_t inode;
	uint32_t pid;     /* 0 = not known */
	char process[32]; /* "" = not known */
};

struct host_addr {
	char device[16];
	struct ip_prefix prefix;
	bool up;
};

struct host_route {
	char device[16];
	struct ip_prefix to;
	struct ip_addr via; /* none = on link */
	bool unreachable;
};

/* An interface and its own switches. -1: could not be read. */
struct host_link {
	char device[16];
	int rp_filter; /* the kernel uses the larger of this and that of all */
	uint32_t mtu;
	bool up;
};

/* -1: could not be read. */
struct host_switches {
	int ip_forward, ip6_forward;
	int rp_filter_all, rp_filter_default;
	int bindv6only;
};

/* A packet filter rule, or a chain's policy, that drops what a tunnel needs (R7). */
struct host_drop {
	char chain[96];  /* "table inet filter, chain input" */
	char what[160];  /* "policy drop and no rule that accepts tcp 443", "rule handle 7: drop" */
	uint64_t handle; /* 0 = the policy of the chain */
};

enum host_seen { HOST_UNKNOWN, HOST_NO, HOST_YES };

struct host_facts {
	int64_t at_unix_us; /* when it was gathered */
	unsigned int n_sockets, n_addrs, n_routes, n_drops, n_links;
	bool sockets_cut, routes_cut; /* more than fitted */
	bool owners_cut;              /* not root: owners of other users' sockets are unknown */
	struct host_socket sockets[HOST_SOCKETS_MAX];
	struct host_addr addrs[HOST_ADDRS_MAX];
	struct host_route routes[HOST_ROUTES_MAX];
	struct host_drop drops[HOST_RULES_MAX];
	struct host_link links[HOST_LINKS_MAX];
	int64_t rp_dropped;     /* packets that the reverse path filter dropped since boot; -1 */
	char legacy_filter[64]; /* tables of the old iptables, which nft does not show; "" = none */
	struct host_switches sw;
	enum host_seen tun; /* /dev/net/tun opens */
	char tun_error[64];
	enum host_seen filter; /* a packet filter ruleset was found; unknown: not readable */
	char filter_error[96];
	bool nat_rules;              /* our table is there, with the rule that hides clients */
	enum host_seen clock_synced; /* the kernel's word */
	enum host_seen daemon;       /* the control socket answers */
	uint32_t daemon_pid;
	char daemon_error[96];
};

const char *sock_state_name(enum sock_state s);

#endif
