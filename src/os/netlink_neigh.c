/* Neighbours through rtnetlink: who is there, and for whom we answer. See netlink.h. */
#include "os/netlink_priv.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <stdlib.h>

/* Asks the kernel to find out who has the address: it sends the ARP or ND requests and reads the
 * answers, so that no process of ours parses them. */
int
netlink_neigh_ask(struct netlink *nl, unsigned int ifindex, const struct ip_addr *a)
{
	struct nlmsghdr *h = netlink_begin(nl, RTM_NEWNEIGH, NLM_F_CREATE);
	struct ndmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ndm_family = netlink_family(a);
	m->ndm_ifindex = (int)ifindex;
	m->ndm_state = NUD_NONE;
	m->ndm_flags = NTF_USE;
	netlink_put_addr(h, NDA_DST, a);
	return netlink_do(nl, h);
}

static int
on_neigh(const struct nlmsghdr *h, void *data)
{
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	struct if_neigh *out = data;

	if (h->nlmsg_type != RTM_NEWNEIGH)
		return MNL_CB_OK;
	if (m->ndm_state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT))
		out->state = NEIGH_THERE;
	else if (m->ndm_state & NUD_NOARP)
		out->state = NEIGH_NO_ASKING;
	for (const struct nlattr *attr = mnl_nlmsg_get_payload_offset(h, sizeof(*m));
	     netlink_attr_ok(attr, h); attr = mnl_attr_next(attr))
		if (mnl_attr_get_type(attr) == NDA_LLADDR &&
		    mnl_attr_get_payload_len(attr) <= sizeof(out->hardware)) {
			out->n_hardware = (uint8_t)mnl_attr_get_payload_len(attr);
			memcpy(out->hardware, mnl_attr_get_payload(attr), out->n_hardware);
		}
	return MNL_CB_OK;
}

int
netlink_neigh_get(
    struct netlink *nl, unsigned int ifindex, const struct ip_addr *a, struct if_neigh *out)
{
	struct nlmsghdr *h = netlink_begin(nl, RTM_GETNEIGH, NLM_F_ACK);
	struct ndmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	int rc;

	m->ndm_family = netlink_family(a);
	m->ndm_ifindex = (int)ifindex;
	netlink_put_addr(h, NDA_DST, a);
	*out = (struct if_neigh){ .state = NEIGH_UNKNOWN };
	rc = netlink_ask(nl, h, on_neigh, out);
	return rc == -ENOENT ? 0 : rc;
}

static int
neigh_change(struct netlink *nl, int type, int flags, uint8_t ntf, unsigned int ifindex,
    const struct ip_addr *a)
{
	struct nlmsghdr *h = netlink_begin(nl, type, flags);
	struct ndmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ndm_family = netlink_family(a);
	m->ndm_ifindex = (int)ifindex;
	m->ndm_flags = ntf;
	m->ndm_state = ntf ? NUD_PERMANENT : NUD_NONE;
	netlink_put_addr(h, NDA_DST, a);
	if (ntf)
		mnl_attr_put_u8(h, NDA_PROTOCOL, NETLINK_PROTO_OPENRRAS);
	return netlink_do(nl, h);
}

int
netlink_neigh_del(struct netlink *nl, unsigned int ifindex, const struct ip_addr *a)
{
	return neigh_change(nl, RTM_DELNEIGH, 0, 0, ifindex, a);
}

int
netlink_proxy_add(struct netlink *nl, unsigned int ifindex, const struct ip_addr *a)
{
	return neigh_change(nl, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, NTF_PROXY, ifindex, a);
}

int
netlink_proxy_del(struct netlink *nl, unsigned int ifindex, const struct ip_addr *a)
{
	return neigh_change(nl, RTM_DELNEIGH, 0, NTF_PROXY, ifindex, a);
}

struct proxy_walk {
	netlink_proxy_fn fn;
	void *ctx;
	bool stopped;
};

static int
on_proxy(const struct nlmsghdr *h, void *data)
{
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	struct proxy_walk *walk = data;
	struct ip_addr a = { 0 };
	uint8_t protocol = 0;

	if (h->nlmsg_type != RTM_NEWNEIGH || !(m->ndm_flags & NTF_PROXY) || walk->stopped)
		return MNL_CB_OK;
	for (const struct nlattr *attr = mnl_nlmsg_get_payload_offset(h, sizeof(*m));
	     netlink_attr_ok(attr, h); attr = mnl_attr_next(attr)) {
		if (mnl_attr_get_type(attr) == NDA_DST)
			a = netlink_get_addr(attr, m->ndm_family);
		if (mnl_attr_get_type(attr) == NDA_PROTOCOL && mnl_attr_get_payload_len(attr) == 1)
			protocol = mnl_attr_get_u8(attr);
	}
	if (protocol == NETLINK_PROTO_OPENRRAS && !ip_is_none(&a))
		walk->stopped = !walk->fn(walk->ctx, (unsigned int)m->ndm_ifindex, &a);
	return MNL_CB_OK;
}

int
netlink_proxy_each(struct netlink *nl, enum ip_family family, netlink_proxy_fn fn, void *ctx)
{
	struct nlmsghdr *h = netlink_begin(nl, RTM_GETNEIGH, NLM_F_DUMP);
	struct ndmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	struct proxy_walk walk = { .fn = fn, .ctx = ctx };

	m->ndm_family = family == IP_V6 ? AF_INET6 : AF_INET;
	m->ndm_flags = NTF_PROXY;
	return netlink_ask(nl, h, on_proxy, &walk);
}
