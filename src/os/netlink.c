/*
 * rtnetlink through libmnl: the socket, requests and their acknowledgements, links and addresses.
 * See netlink.h; routes are in netlink_route.c. What the kernel sends is read with libmnl's own
 * checked iterators; it is no peer.
 */
#include "os/netlink_priv.h"

#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

int
netlink_open(struct netlink **out)
{
	static const struct timeval limit = { .tv_sec = 1 };
	struct netlink *nl = calloc(1, sizeof(*nl));

	if (!nl)
		return -ENOMEM;
	nl->sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!nl->sock || mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) != 0 ||
	    setsockopt(
		mnl_socket_get_fd(nl->sock), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0) {
		int err = errno;
		netlink_close(nl);
		return -err;
	}
	nl->port = mnl_socket_get_portid(nl->sock);
	nl->seq = (unsigned int)time(NULL);
	*out = nl;
	return 0;
}

void
netlink_close(struct netlink *nl)
{
	if (!nl)
		return;
	if (nl->sock)
		mnl_socket_close(nl->sock);
	free(nl);
}

struct nlmsghdr *
netlink_begin(struct netlink *nl, int type, int flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(nl->buf);

	h->nlmsg_type = (uint16_t)type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = ++nl->seq;
	return h;
}

/*
 * A dump during which something changed is marked, and libmnl gives up on it in the middle. Such a
 * list may miss what came or went meanwhile, which is true of any list a moment later.
 */
static void
forgive_changes(struct netlink *nl, ssize_t n_bytes)
{
	int left = (int)n_bytes;

	for (struct nlmsghdr *h = (void *)nl->buf; mnl_nlmsg_ok(h, left);
	     h = mnl_nlmsg_next(h, &left))
		h->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
}

/*
 * Answers of earlier requests that came after their time are skipped by their number. The callback
 * of the messages sees those of this request only.
 */
int
netlink_ask(struct netlink *nl, struct nlmsghdr *h, mnl_cb_t cb, void *ctx)
{
	unsigned int seq = h->nlmsg_seq;

	if (mnl_socket_sendto(nl->sock, h, h->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(nl->sock, nl->buf, sizeof(nl->buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		const struct nlmsghdr *first = (const void *)nl->buf;
		if (!mnl_nlmsg_ok(first, (int)n) || first->nlmsg_seq != seq)
			continue;
		forgive_changes(nl, n);
		int rc = mnl_cb_run(nl->buf, (size_t)n, seq, nl->port, cb, ctx);
		if (rc < 0)
			return errno ? -errno : -EPROTO;
		if (rc == MNL_CB_STOP)
			return 0;
	}
}

int
netlink_do(struct netlink *nl, struct nlmsghdr *h)
{
	h->nlmsg_flags |= NLM_F_ACK;
	return netlink_ask(nl, h, NULL, NULL);
}

unsigned char
netlink_family(const struct ip_addr *a)
{
	return a->family == IP_V4 ? AF_INET : a->family == IP_V6 ? AF_INET6 : AF_UNSPEC;
}

static size_t
addr_len(const struct ip_addr *a)
{
	return a->family == IP_V4 ? 4 : a->family == IP_V6 ? 16 : 0;
}

void
netlink_put_addr(struct nlmsghdr *h, uint16_t type, const struct ip_addr *a)
{
	if (addr_len(a))
		mnl_attr_put(h, type, addr_len(a), a->b);
}

struct ip_addr
netlink_get_addr(const struct nlattr *attr, unsigned char family)
{
	struct ip_addr a = { .family = family == AF_INET    ? IP_V4
		                       : family == AF_INET6 ? IP_V6
		                                            : IP_NONE };

	if (addr_len(&a) == 0 || mnl_attr_get_payload_len(attr) != addr_len(&a))
		return (struct ip_addr){ 0 };
	memcpy(a.b, mnl_attr_get_payload(attr), addr_len(&a));
	return a;
}

struct link_walk {
	netlink_link_fn fn;
	void *ctx;
	bool stopped;
};

static int
on_link(const struct nlmsghdr *h, void *data)
{
	struct link_walk *walk = data;
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(h);
	struct if_link l = { .ifindex = (unsigned int)info->ifi_index,
		.up = info->ifi_flags & IFF_UP,
		.running = info->ifi_flags & IFF_RUNNING,
		.loopback = info->ifi_flags & IFF_LOOPBACK };

	if (h->nlmsg_type != RTM_NEWLINK || walk->stopped)
		return MNL_CB_OK;
	for (const struct nlattr *attr = mnl_nlmsg_get_payload_offset(h, sizeof(*info));
	     netlink_attr_ok(attr, h); attr = mnl_attr_next(attr)) {
		if (mnl_attr_get_type(attr) == IFLA_IFNAME &&
		    mnl_attr_get_payload_len(attr) <= sizeof(l.name))
			memcpy(l.name, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
		if (mnl_attr_get_type(attr) == IFLA_MTU && mnl_attr_get_payload_len(attr) == 4)
			l.mtu = mnl_attr_get_u32(attr);
	}
	l.name[sizeof(l.name) - 1] = 0;
	walk->stopped = !walk->fn(walk->ctx, &l);
	return MNL_CB_OK;
}

int
netlink_link_each(struct netlink *nl, netlink_link_fn fn, void *ctx)
{
	struct nlmsghdr *h = netlink_begin(nl, RTM_GETLINK, NLM_F_DUMP);
	struct link_walk walk = { .fn = fn, .ctx = ctx };

	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	return netlink_ask(nl, h, on_link, &walk);
}

static bool
keep_link(void *ctx, const struct if_link *l)
{
	*(struct if_link *)ctx = *l;
	return true;
}

int
netlink_link_get(struct netlink *nl, const char *name, unsigned int ifindex, struct if_link *out)
{
	struct nlmsghdr *h = netlink_begin(nl, RTM_GETLINK, NLM_F_ACK);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));
	struct if_link found = { 0 };
	struct link_walk walk = { .fn = keep_link, .ctx = &found };

	if (name && (name[0] == 0 || strlen(name) >= IFNAMSIZ))
		return -ENODEV;
	if (name)
		mnl_attr_put_strz(h, IFLA_IFNAME, name);
	else
		info->ifi_index = (int)ifindex;
	int err = netlink_ask(nl, h, on_link, &walk);
	if (err)
		return err;
	if (found.ifindex == 0)
		return -ENODEV;
	*out = found;
	return 0;
}

int
netlink_link_set_up(struct netlink *nl, unsigned int ifindex, bool up)
{
	struct nlmsghdr *h = netlink_begin(nl, RTM_NEWLINK, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));

	info->ifi_index = (int)ifindex;
	info->ifi_change = IFF_UP;
	info->ifi_flags = up ? IFF_UP : 0;
	return netlink_do(nl, h);
}

int
netlink_link_set_mtu(struct netlink *nl, unsigned int ifindex, uint32_t mtu)
{
	struct nlmsghdr *h = netlink_begin(nl, RTM_NEWLINK, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));

	info->ifi_index = (int)ifindex;
	mnl_attr_put_u32(h, IFLA_MTU, mtu);
	return netlink_do(nl, h);
}

static int
addr_change(struct netlink *nl, int type, int flags, const struct if_addr *a)
{
	struct nlmsghdr *h = netlink_begin(nl, type, flags);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));

	info->ifa_family = netlink_family(&a->local.addr);
	info->ifa_prefixlen = a->local.len;
	info->ifa_index = a->ifindex;
	/* A tunnel has nobody to ask for duplicates, and a tentative address is no route's source.
	 */
	if (info->ifa_family == AF_INET6)
		info->ifa_flags = IFA_F_NODAD;
	netlink_put_addr(h, IFA_LOCAL, &a->local.addr);
	netlink_put_addr(h, IFA_ADDRESS, ip_is_none(&a->peer) ? &a->local.addr : &a->peer);
	return netlink_do(nl, h);
}

int
netlink_addr_add(struct netlink *nl, const struct if_addr *a)
{
	return addr_change(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, a);
}

int
netlink_addr_del(struct netlink *nl, const struct if_addr *a)
{
	return addr_change(nl, RTM_DELADDR, 0, a);
}

struct addr_walk {
	netlink_addr_fn fn;
	void *ctx;
	enum ip_family family;
	bool stopped;
};

static int
on_addr(const struct nlmsghdr *h, void *data)
{
	struct addr_walk *walk = data;
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(h);
	struct if_addr a = { .ifindex = info->ifa_index };
	struct ip_addr address = { 0 };

	if (h->nlmsg_type != RTM_NEWADDR || walk->stopped)
		return MNL_CB_OK;
	for (const struct nlattr *attr = mnl_nlmsg_get_payload_offset(h, sizeof(*info));
	     netlink_attr_ok(attr, h); attr = mnl_attr_next(attr)) {
		if (mnl_attr_get_type(attr) == IFA_LOCAL)
			a.local.addr = netlink_get_addr(attr, info->ifa_family);
		if (mnl_attr_get_type(attr) == IFA_ADDRESS)
			address = netlink_get_addr(attr, info->ifa_family);
	}
	/* IFA_LOCAL is absent from most IPv6 addresses; where it differs, the other is the peer. */
	if (a.local.addr.family == IP_NONE)
		a.local.addr = address;
	else if (!ip_equal(&a.local.addr, &address))
		a.peer = address;
	a.local.len = info->ifa_prefixlen;
	if (a.local.addr.family == IP_NONE ||
	    (walk->family != IP_NONE && a.local.addr.family != walk->family))
		return MNL_CB_OK;
	walk->stopped = !walk->fn(walk->ctx, &a);
	return MNL_CB_OK;
}

int
netlink_addr_each(struct netlink *nl, enum ip_family family, netlink_addr_fn fn, void *ctx)
{
	struct nlmsghdr *h = netlink_begin(nl, RTM_GETADDR, NLM_F_DUMP);
	struct addr_walk walk = { .fn = fn, .ctx = ctx, .family = family };

	mnl_nlmsg_put_extra_header(h, sizeof(struct ifaddrmsg));
	return netlink_ask(nl, h, on_addr, &walk);
}
