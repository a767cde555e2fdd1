/* Routes beside the tunnel. See dial_beside.h. */
#include "roles/dial_beside.h"

#include <errno.h>
#include <stdio.h>

#define BESIDE_MAX 8u

struct look {
	const struct route *through;
	unsigned int n, ifindex, n_found;
	struct route found[BESIDE_MAX];
};

/* Addresses that are of the local network by their nature. */
static bool
is_local(const struct ip_prefix *p)
{
	const uint8_t *b = p->addr.b;

	if (p->addr.family == IP_V6)
		return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) ||
		       b[0] == 0xff;
	return b[0] == 10 || b[0] == 127 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
	       (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254) ||
	       (b[0] == 100 && (b[1] & 0xc0) == 64) || b[0] >= 224;
}

static bool
wins(const struct route *r, const struct route *through)
{
	if (r->dst.len == through->dst.len)
		return ip_equal(&r->dst.addr, &through->dst.addr) && r->metric < through->metric;
	return r->dst.len > through->dst.len && ip_in_prefix(&r->dst.addr, &through->dst);
}

static bool
on_route(void *ctx, const struct route *r)
{
	struct look *l = ctx;

	if (r->type != ROUTE_UNICAST || r->table || r->ifindex == l->ifindex ||
	    r->protocol == NETLINK_PROTO_OPENRRAS || l->n_found == BESIDE_MAX)
		return true;
	/* A network that we are attached to, with addresses as such networks have. */
	if (ip_is_none(&r->gateway) && is_local(&r->dst))
		return true;
	for (unsigned int i = 0; i < l->n; i++) {
		if (wins(r, &l->through[i])) {
			l->found[l->n_found++] = *r;
			break;
		}
	}
	return true;
}

void
dial_beside_look(struct netlink *nl, const struct route *through, unsigned int n,
    unsigned int ifindex, void (*warn)(void *ctx, const char *text), void *ctx)
{
	struct look l = { .through = through, .n = n, .ifindex = ifindex };

	if (!warn || netlink_route_each(nl, IP_NONE, on_route, &l) < 0)
		return;
	for (unsigned int i = 0; i < l.n_found; i++) {
		const struct route *r = &l.found[i];
		char dst[ADDR_TEXT_MAX], via[ADDR_TEXT_MAX], line[256];
		struct if_link link = { .name = "?" };
		(void)!netlink_link_get(nl, NULL, r->ifindex, &link);
		snprintf(line, sizeof(line),
		    "The route to %s/%u by %s%s%s goes past the tunnel: the network here may have "
		    "set it "
		    "(ip route shows it).",
		    ip_text(&r->dst.addr, dst), r->dst.len, link.name,
		    ip_is_none(&r->gateway) ? "" : " via ",
		    ip_is_none(&r->gateway) ? "" : ip_text(&r->gateway, via));
		warn(ctx, line);
	}
}

struct way {
	const struct ip_addr *to;
	unsigned int ifindex;
	bool found;
	struct route best;
};

static bool
on_way(void *ctx, const struct route *r)
{
	struct way *w = ctx;

	if (r->type != ROUTE_UNICAST || r->table || r->ifindex == w->ifindex ||
	    r->protocol == NETLINK_PROTO_OPENRRAS || !ip_in_prefix(w->to, &r->dst))
		return true;
	if (w->found && (r->dst.len < w->best.dst.len ||
			    (r->dst.len == w->best.dst.len && r->metric >= w->best.metric)))
		return true;
	w->best = *r;
	w->found = true;
	return true;
}

int
dial_beside_way(
    struct netlink *nl, const struct ip_addr *to, unsigned int ifindex, struct route *out)
{
	struct way w = { .to = to, .ifindex = ifindex };
	int rc = netlink_route_each(nl, (enum ip_family)to->family, on_way, &w);

	if (rc < 0)
		return rc;
	*out = w.best;
	return w.found ? 0 : -ENETUNREACH;
}
