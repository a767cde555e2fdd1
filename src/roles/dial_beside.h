/*
 * Routes beside the tunnel: those that take what the user wants to go through it. A network that
 * one happens to be in can set such routes by DHCP (option 121, "TunnelVision") or give out
 * addresses that are not its own ("LocalNet", U09), so they are named.
 */
#ifndef ROLES_DIAL_BESIDE_H
#define ROLES_DIAL_BESIDE_H

#include "os/netlink.h"

/*
 * Calls warn (may be NULL) with a line for each route of another device that is more specific than
 * one of the n through the tunnel, or in front of one; at most 8. Not named: what stands for the
 * private network that this host is attached to, and what rasdial made itself.
 */
void dial_beside_look(struct netlink *nl, const struct route *through, unsigned int n,
    unsigned int ifindex, void (*warn)(void *ctx, const char *text), void *ctx);

/* The way to an address as if there was no tunnel. 0, or -ENETUNREACH. */
MUST_USE int dial_beside_way(
    struct netlink *nl, const struct ip_addr *to, unsigned int ifindex, struct route *out);

#endif
