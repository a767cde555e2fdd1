/*
 * What a call of rasdial is on this host: the device, its addresses, the routes through it and
 * beside it, the resolver. All of it can be set again when the call changes or is made anew; what
 * does not go with the device is written down first (dial_undo.h).
 */
#ifndef ROLES_DIAL_NET_H
#define ROLES_DIAL_NET_H

#include "roles/dial.h"
#include "roles/dial_undo.h"

struct dial_net {
	const struct dial_options *opt;
	struct dial_result *res; /* addresses, device, what is set */
	void (*warn)(void *ctx, const char *text);
	void *ctx;
	struct netlink *nl;
	struct dial_undo undo;
	int tun_fd; /* -1: none */
	unsigned int ifindex, offload;
	struct ip_addr set4, set6; /* addresses on the device */
	unsigned int n_routes;     /* through the tunnel, with what they were set to */
	struct route routes[DIAL_SET_ROUTES_MAX];
	bool looked_beside, dns_failed;
};

/* Undoes what dead connections left, and makes the device. 0 or -errno. */
MUST_USE int dial_net_open(struct dial_net *n);

/* Sets addresses, routes and the resolver for what res says, or changes them. 0 or -errno. */
MUST_USE int dial_net_plumb(struct dial_net *n, const struct ip_addr *server, uint16_t mtu);

/* After the server told its options: routes and the suffix, as far as they are wanted. */
void dial_net_options(struct dial_net *n);

/* Before the server is dialled anew: its way around the tunnel may be another one by now. */
void dial_net_pin_again(struct dial_net *n, const struct ip_addr *server);

/* Takes everything away. */
void dial_net_close(struct dial_net *n);

/* What Windows makes of an address: its class A, B or C network. */
struct ip_prefix dial_net_class(const struct ip_addr *a);

#endif
