/* What runs, for the checks: the daemon's pools and sessions, and the kernel's routes to them. */
#include "cmd/ctl_context.h"
#include "os/netlink.h"

#include <net/if.h>

#define SESSIONS_LOOKED_AT 2000u

static void
take_pool(struct diag_live *live, const json_t *row)
{
	struct diag_live_pool *p = &live->pools[live->n_pools];
	const json_t *one;
	size_t i;

	if (live->n_pools == DIAG_POOLS_MAX)
		return;
	live->n_pools++;
	snprintf(p->name, sizeof(p->name), "%s", ctl_str(row, "pool"));
	p->size = (uint64_t)ctl_int(row, "size");
	p->n_leased = (uint64_t)ctl_int(row, "leased");
	json_array_foreach(json_object_get(row, "conflicts"), i, one)
	{
		if (p->n_conflicts < DIAG_CONFLICTS_MAX)
			snprintf(p->conflicts[p->n_conflicts], ADDR_TEXT_MAX, "%s",
			    json_string_value(one));
		p->n_conflicts++;
	}
}

/* Whether packets for a would leave by one of our devices. */
static bool
leads_to_us(struct netlink *nl, const struct ip_addr *a, const char *device_prefix)
{
	char device[IF_NAMESIZE] = "";
	struct route r;

	return netlink_route_lookup(nl, a, &r) == 0 && r.ifindex &&
	       if_indextoname(r.ifindex, device) &&
	       strncmp(device, device_prefix, strlen(device_prefix)) == 0;
}

static void
look_for_route(
    struct diag_live *live, struct netlink *nl, const json_t *row, const char *device_prefix)
{
	const char *text = ctl_str(row, "address");
	size_t n = strlen(live->lost);
	struct ip_addr a;

	if (!ip_parse(view_str(text), &a) || ip_is_none(&a) || live->n_routed == SESSIONS_LOOKED_AT)
		return;
	live->n_routed++;
	if (leads_to_us(nl, &a, device_prefix))
		return;
	if (live->n_lost++ < 4)
		snprintf(live->lost + n, sizeof(live->lost) - n, "%s%s", n ? ", " : "", text);
}

void
ctl_look_at_live(struct ctl_context *x, const struct ctl *c)
{
	struct ctl quiet = *c; /* what goes wrong here is no answer of ours */
	json_t *pools = NULL, *sessions = NULL, *row;
	struct netlink *nl;
	int status;
	size_t i;

	quiet.json = false;
	if (!ctl_daemon_runs(c) || netlink_open(&nl) < 0)
		return;
	sessions = ctl_ask(&quiet, json_pack("{s:s}", "cmd", "sessions"), &status);
	if (sessions)
		pools = ctl_ask(&quiet, json_pack("{s:s}", "cmd", "pools"), &status);
	json_array_foreach(json_object_get(pools, "rows"), i, row) take_pool(&x->live, row);
	json_array_foreach(json_object_get(sessions, "rows"), i, row)
	    look_for_route(&x->live, nl, row, x->conf->device_prefix);
	if (pools)
		x->ctx.live = &x->live;
	json_decref(pools);
	json_decref(sessions);
	netlink_close(nl);
}
