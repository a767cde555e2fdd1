/* What netlink.c and netlink_route.c share: the handle and the making of requests. */
#ifndef OS_NETLINK_PRIV_H
#define OS_NETLINK_PRIV_H

#include "os/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#define NETLINK_BUFFER_BYTES 32768 /* the kernel's dumps come in pieces of at most this */

struct netlink {
	struct mnl_socket *sock;
	unsigned int port, seq;
	/* The request, then its answers; aligned for the headers that libmnl puts in it. */
	_Alignas(struct nlmsghdr) char buf[NETLINK_BUFFER_BYTES];
};

/* Whether attr lies in the message: libmnl's loop for attributes casts const away. */
static inline bool
netlink_attr_ok(const struct nlattr *attr, const struct nlmsghdr *h)
{
	const char *tail = mnl_nlmsg_get_payload_tail(h);

	return mnl_attr_ok(attr, (int)(tail - (const char *)attr));
}

/* A request of this type in the handle's buffer. */
struct nlmsghdr *netlink_begin(struct netlink *nl, int type, int flags);

/* Sends it, and gives each answer to cb (may be NULL) until the end of the dump or the ack. */
MUST_USE int netlink_ask(struct netlink *nl, struct nlmsghdr *h, mnl_cb_t cb, void *ctx);

/* Sends it and waits for its acknowledgement. */
MUST_USE int netlink_do(struct netlink *nl, struct nlmsghdr *h);

unsigned char netlink_family(const struct ip_addr *a);
void netlink_put_addr(struct nlmsghdr *h, uint16_t type, const struct ip_addr *a);
struct ip_addr netlink_get_addr(const struct nlattr *attr, unsigned char family);

#endif
