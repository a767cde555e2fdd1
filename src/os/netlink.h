/*
 * Links, addresses and routes through rtnetlink. Synchronous: each call asks the kernel, waits for
 * its acknowledgement (at most a second) and returns 0 or -errno. Routes we make carry a protocol
 * number of our own, so that those of an earlier run can be found and removed.
 */
#ifndef OS_NETLINK_H
#define OS_NETLINK_H

#include "base/addr.h"
#include "base/must.h"

#define NETLINK_PROTO_OPENRRAS 182 /* shown by `ip route` as "proto 182" */

struct netlink;

enum route_type { ROUTE_OTHER, ROUTE_UNICAST, ROUTE_LOCAL, ROUTE_UNREACHABLE };

struct route {
	enum route_type type;
	struct ip_prefix dst;   /* addr.family must be set; len 0 = default */
	struct ip_addr gateway; /* none = directly on the device */
	struct ip_addr source;  /* preferred source; none = the kernel's choice */
	unsigned int ifindex;   /* 0 for unreachable */
	uint32_t metric;        /* 0 = the kernel's default */
	uint32_t table;         /* 0 = main */
	uint8_t protocol;       /* 0 = NETLINK_PROTO_OPENRRAS when adding, any when deleting */
};

struct if_addr {
	unsigned int ifindex;
	struct ip_prefix local; /* address of the interface and its prefix length */
	struct ip_addr peer;    /* point to point: the far end; else none */
};

struct if_link {
	unsigned int ifindex;
	char name[16];
	uint32_t mtu;
	bool up, running, loopback;
};

/* A handle of its own socket; -errno when there is none. Works on after privileges are dropped to
 * CAP_NET_ADMIN. */
MUST_USE int netlink_open(struct netlink **out);
void netlink_close(struct netlink *nl);

/* The link with this name, or index (name NULL). -ENODEV when there is none. */
MUST_USE int netlink_link_get(
    struct netlink *nl, const char *name, unsigned int ifindex, struct if_link *out);
MUST_USE int netlink_link_set_up(struct netlink *nl, unsigned int ifindex, bool up);
MUST_USE int netlink_link_set_mtu(struct netlink *nl, unsigned int ifindex, uint32_t mtu);

/*
 * Adds (an existing one is fine) or removes an address: local.addr/local.len, or with peer
 * local.addr at our end and peer/local.len at the other.
 */
MUST_USE int netlink_addr_add(struct netlink *nl, const struct if_addr *a);
MUST_USE int netlink_addr_del(struct netlink *nl, const struct if_addr *a);

/* Adds a route; replace puts it in place of one with the same prefix and metric, else -EEXIST. */
MUST_USE int netlink_route_add(struct netlink *nl, const struct route *r, bool replace);

/* Removes a route. -ESRCH when there is none. */
MUST_USE int netlink_route_del(struct netlink *nl, const struct route *r);

/* Calls fn for each; fn returns false to stop early (still 0). fn must not use nl. */
typedef bool (*netlink_route_fn)(void *ctx, const struct route *r);

/*
 * Removes every route of both families with this protocol number that fn says yes to (NULL: all);
 * how many, or -errno.
 */
MUST_USE int netlink_route_flush(
    struct netlink *nl, uint8_t protocol, netlink_route_fn fn, void *ctx);
typedef bool (*netlink_addr_fn)(void *ctx, const struct if_addr *a);
typedef bool (*netlink_link_fn)(void *ctx, const struct if_link *l);

/* family IP_NONE = both. The local table is left out. */
MUST_USE int netlink_route_each(
    struct netlink *nl, enum ip_family family, netlink_route_fn fn, void *ctx);
MUST_USE int netlink_addr_each(
    struct netlink *nl, enum ip_family family, netlink_addr_fn fn, void *ctx);
MUST_USE int netlink_link_each(struct netlink *nl, netlink_link_fn fn, void *ctx);

/*
 * The route that the kernel would take to an address now. -ENETUNREACH, -EHOSTUNREACH: none.
 * dst is the address asked for, source the address it would send from.
 */
MUST_USE int netlink_route_lookup(struct netlink *nl, const struct ip_addr *to, struct route *out);

/* --- neighbours --- */

enum neigh_state {
	NEIGH_UNKNOWN,   /* nobody has answered (yet) */
	NEIGH_THERE,     /* somebody has the address */
	NEIGH_NO_ASKING, /* a link on which nobody is asked */
};

struct if_neigh {
	enum neigh_state state;
	uint8_t n_hardware, hardware[32];
};

/*
 * Has the kernel ask on the link who has the address (ARP, RFC 826; ND, RFC 4861), from an address
 * of ours. Its finding is read with netlink_neigh_get: an entry that is not there is NEIGH_UNKNOWN.
 */
MUST_USE int netlink_neigh_ask(struct netlink *nl, unsigned int ifindex, const struct ip_addr *a);
MUST_USE int netlink_neigh_get(
    struct netlink *nl, unsigned int ifindex, const struct ip_addr *a, struct if_neigh *out);
MUST_USE int netlink_neigh_del(struct netlink *nl, unsigned int ifindex, const struct ip_addr *a);

/* Answers on the link for an address that is behind us. Marked as ours, as routes are. */
MUST_USE int netlink_proxy_add(struct netlink *nl, unsigned int ifindex, const struct ip_addr *a);
MUST_USE int netlink_proxy_del(struct netlink *nl, unsigned int ifindex, const struct ip_addr *a);

/* Those that are marked as ours, of one family. fn must not use nl; false stops. */
typedef bool (*netlink_proxy_fn)(void *ctx, unsigned int ifindex, const struct ip_addr *a);
MUST_USE int netlink_proxy_each(
    struct netlink *nl, enum ip_family family, netlink_proxy_fn fn, void *ctx);

#endif
