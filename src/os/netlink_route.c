/* Routes through rtnetlink. See netlink.h. */
#include "os/netlink_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

static unsigned char
kernel_type(enum route_type type)
{
	switch (type) {
	case ROUTE_OTHER:
		return RTN_UNSPEC; /* when deleting: any */
	case ROUTE_UNICAST:
		return RTN_UNICAST;
	case ROUTE_LOCAL:
		return RTN_LOCAL;
	case ROUTE_UNREACHABLE:
		return RTN_UNREACHABLE;
	}
	return RTN_UNSPEC;
}

static enum route_type
our_type(unsigned char type)
{
	return type == RTN_UNICAST       ? ROUTE_UNICAST
	       : type == RTN_LOCAL       ? ROUTE_LOCAL
	       : type == RTN_UNREACHABLE ? ROUTE_UNREACHABLE
	                                 : ROUTE_OTHER;
}

/* The body common to adding and removing. */
static struct nlmsghdr *
put_route(struct netlink *nl, int type, int flags, const struct route *r)
{
	struct nlmsghdr *h = netlink_begin(nl, type, flags);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->rtm_family = netlink_family(&r->dst.addr);
	m->rtm_dst_len = r->dst.len;
	m->rtm_type = kernel_type(r->type);
	m->rtm_protocol = r->protocol;
	m->rtm_table = RT_TABLE_UNSPEC; /* RTA_TABLE says it in full width */
	netlink_put_addr(h, RTA_DST, &r->dst.addr);
	mnl_attr_put_u32(h, RTA_TABLE, r->table ? r->table : RT_TABLE_MAIN);
	if (!ip_is_none(&r->gateway))
		netlink_put_addr(h, RTA_GATEWAY, &r->gateway);
	if (!ip_is_none(&r->source))
		netlink_put_addr(h, RTA_PREFSRC, &r->source);
	if (r->ifindex)
		mnl_attr_put_u32(h, RTA_OIF, r->ifindex);
	if (r->metric)
		mnl_attr_put_u32(h, RTA_PRIORITY, r->metric);
	return h;
}

/* How far away the destination is: the kernel refuses an IPv4 route whose scope does not fit. */
static unsigned char
scope_of(const struct route *r)
{
	if (r->type == ROUTE_LOCAL)
		return RT_SCOPE_HOST;
	if (r->type == ROUTE_UNICAST && ip_is_none(&r->gateway))
		return RT_SCOPE_LINK;
	return RT_SCOPE_UNIVERSE;
}

int
netlink_route_add(struct netlink *nl, const struct route *r, bool replace)
{
	struct route own = *r;

	if (own.protocol == 0)
		own.protocol = NETLINK_PROTO_OPENRRAS;
	if (own.type == ROUTE_OTHER || own.dst.addr.family == IP_NONE)
		return -EINVAL;
	struct nlmsghdr *h = put_route(
	    nl, RTM_NEWROUTE, NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL), &own);
	((struct rtmsg *)mnl_nlmsg_get_payload(h))->rtm_scope = scope_of(&own);
	return netlink_do(nl, h);
}

int
netlink_route_del(struct netlink *nl, const struct route *r)
{
	struct nlmsghdr *h = put_route(nl, RTM_DELROUTE, 0, r);

	((struct rtmsg *)mnl_nlmsg_get_payload(h))->rtm_scope = RT_SCOPE_NOWHERE; /* any */
	return netlink_do(nl, h);
}

/* Reads what the kernel says of a route. False: not one of ours to see. */
static bool
read_route(const struct nlmsghdr *h, struct route *out)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	uint32_t table = m->rtm_table;

	*out = (struct route){ .type = our_type(m->rtm_type), .protocol = m->rtm_protocol };
	if (m->rtm_family != AF_INET && m->rtm_family != AF_INET6)
		return false;
	out->dst.addr.family = m->rtm_family == AF_INET ? IP_V4 : IP_V6;
	out->dst.len = m->rtm_dst_len;
	for (const struct nlattr *attr = mnl_nlmsg_get_payload_offset(h, sizeof(*m));
	     netlink_attr_ok(attr, h); attr = mnl_attr_next(attr)) {
		uint16_t type = mnl_attr_get_type(attr);
		if (type == RTA_DST)
			out->dst.addr = netlink_get_addr(attr, m->rtm_family);
		if (type == RTA_GATEWAY)
			out->gateway = netlink_get_addr(attr, m->rtm_family);
		if (type == RTA_PREFSRC)
			out->source = netlink_get_addr(attr, m->rtm_family);
		if (mnl_attr_get_payload_len(attr) != sizeof(uint32_t))
			continue;
		if (type == RTA_OIF)
			out->ifindex = mnl_attr_get_u32(attr);
		if (type == RTA_PRIORITY)
			out->metric = mnl_attr_get_u32(attr);
		if (type == RTA_TABLE)
			table = mnl_attr_get_u32(attr);
	}
	out->table = table == RT_TABLE_MAIN ? 0 : table;
	/* The kernel lists IPv6 unreachable routes on the loopback device. */
	if (out->type == ROUTE_UNREACHABLE)
		out->ifindex = 0;
	return true;
}

struct route_walk {
	netlink_route_fn fn;
	void *ctx;
	enum ip_family family;
	bool stopped;
};

static int
on_route(const struct nlmsghdr *h, void *data)
{
	struct route_walk *walk = data;
	struct route r;

	if (h->nlmsg_type != RTM_NEWROUTE || walk->stopped || !read_route(h, &r))
		return MNL_CB_OK;
	if (r.table == RT_TABLE_LOCAL ||
	    (((const struct rtmsg *)mnl_nlmsg_get_payload(h))->rtm_flags & RTM_F_CLONED))
		return MNL_CB_OK;
	if (walk->family == IP_NONE || r.dst.addr.family == walk->family)
		walk->stopped = !walk->fn(walk->ctx, &r);
	return MNL_CB_OK;
}

int
netlink_route_each(struct netlink *nl, enum ip_family family, netlink_route_fn fn, void *ctx)
{
	struct nlmsghdr *h = netlink_begin(nl, RTM_GETROUTE, NLM_F_DUMP);
	struct route_walk walk = { .fn = fn, .ctx = ctx, .family = family };

	mnl_nlmsg_put_extra_header(h, sizeof(struct rtmsg));
	return netlink_ask(nl, h, on_route, &walk);
}

/* Deleting while a dump runs loses entries: so a page of them is listed, then deleted. */
#define FLUSH_PAGE 256

struct page {
	uint8_t protocol;
	netlink_route_fn fn;
	void *ctx;
	size_t n;
	struct route routes[FLUSH_PAGE];
};

static bool
add_to_page(void *ctx, const struct route *r)
{
	struct page *page = ctx;

	if (r->protocol == page->protocol && (!page->fn || page->fn(page->ctx, r)))
		page->routes[page->n++] = *r;
	return page->n < FLUSH_PAGE;
}

int
netlink_route_flush(struct netlink *nl, uint8_t protocol, netlink_route_fn fn, void *ctx)
{
	struct page *page = malloc(sizeof(*page));
	int gone = 0, err = page ? 0 : -ENOMEM;

	while (err == 0) {
		int before = gone;
		page->protocol = protocol;
		page->fn = fn;
		page->ctx = ctx;
		page->n = 0;
		err = netlink_route_each(nl, IP_NONE, add_to_page, page);
		for (size_t i = 0; err == 0 && i < page->n; i++) {
			err = netlink_route_del(nl, &page->routes[i]);
			if (err == 0)
				gone++;
			if (err == -ESRCH) /* went with its device meanwhile */
				err = 0;
		}
		if (page->n == 0 || gone == before)
			break;
	}
	free(page);
	return err ? err : gone;
}

static int
on_lookup(const struct nlmsghdr *h, void *data)
{
	struct route_walk *walk = data;
	struct route r;

	if (h->nlmsg_type == RTM_NEWROUTE && !walk->stopped && read_route(h, &r))
		walk->stopped = !walk->fn(walk->ctx, &r);
	return MNL_CB_OK;
}

static bool
keep_route(void *ctx, const struct route *r)
{
	*(struct route *)ctx = *r;
	return false;
}

int
netlink_route_lookup(struct netlink *nl, const struct ip_addr *to, struct route *out)
{
	struct nlmsghdr *h = netlink_begin(nl, RTM_GETROUTE, NLM_F_ACK);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	struct route found = { 0 };
	struct route_walk walk = { .fn = keep_route, .ctx = &found };

	m->rtm_family = netlink_family(to);
	m->rtm_dst_len = to->family == IP_V4 ? 32 : 128;
	netlink_put_addr(h, RTA_DST, to);
	int err = netlink_ask(nl, h, on_lookup, &walk);
	if (err)
		return err;
	if (!walk.stopped || found.type == ROUTE_UNREACHABLE || found.type == ROUTE_OTHER)
		return -ENETUNREACH;
	*out = found;
	return 0;
}
