/*
 * The checks of what runs: how full the pools are, who else uses their addresses, and whether the
 * routes to the sessions are still there. What the daemon says is held against the host. Pure; see
 * diag.h.
 */
#include "diag/checks.h"

#include <stdio.h>

static void
check_room(const struct diag_live_pool *p, unsigned int warning, struct diag_checks *out)
{
	bool full = p->size && p->n_leased >= p->size;
	struct diag_check *c;

	if (p->size == 0)
		return;
	if (!full && (warning == 0 || p->n_leased * 100 < p->size * warning)) {
		(void)diag_check_add(out, "pool.room", CHECK_OK,
		    "Pool \"%s\": %llu of %llu addresses are in use.", p->name,
		    (unsigned long long)p->n_leased, (unsigned long long)p->size);
		return;
	}
	c = diag_check_add(out, "pool.room", full ? CHECK_FAIL : CHECK_WARN,
	    "Pool \"%s\" is %s: %llu of %llu addresses are in use.", p->name,
	    full ? "full" : "nearly full", (unsigned long long)p->n_leased,
	    (unsigned long long)p->size);
	diag_check_remedy(c, "Add a range to the pool, or a second pool to the policies that use "
			     "it; \"rrasctl sessions\" shows who is connected.");
}

/* R99, N02: one result for each address, so that each can be looked after. */
static void
check_conflicts(const struct diag_live_pool *p, struct diag_checks *out)
{
	for (unsigned int i = 0; i < p->n_conflicts && i < DIAG_CONFLICTS_MAX; i++)
		diag_check_remedy(
		    diag_check_add(out, "pool.conflicts", CHECK_WARN,
			"%s of pool \"%s\" is in use by another host.", p->conflicts[i], p->name),
		    "Take it from that host, or out of the pool's range and out of what DHCP "
		    "gives there; \"ip neigh show %s\" tells its hardware address. It is not "
		    "leased meanwhile.",
		    p->conflicts[i]);
	if (p->n_conflicts > DIAG_CONFLICTS_MAX)
		diag_check_remedy(diag_check_add(out, "pool.conflicts", CHECK_WARN,
				      "%u further addresses of pool \"%s\" are in use by others.",
				      p->n_conflicts - DIAG_CONFLICTS_MAX, p->name),
		    "\"rrasctl pools\" shows them all.");
}

static void
check_session_routes(const struct diag_live *live, struct diag_checks *out)
{
	struct diag_check *c;

	if (live->n_lost == 0) {
		(void)diag_check_add(out, "sessions.routes", CHECK_OK,
		    "The routes to all %u sessions that were looked at are there.", live->n_routed);
		return;
	}
	c = diag_check_add(out, "sessions.routes", CHECK_FAIL,
	    "%u of %u sessions have lost their route: %s. They are up, and nothing reaches them.",
	    live->n_lost, live->n_routed, live->lost);
	diag_check_remedy(c, "Reload rrasd (\"systemctl reload openrras\"), which sets them "
			     "again; then find what took them: a script that flushes routes, or a "
			     "network manager that has to leave rras* alone.");
}

void
checks_live(const struct diag_context *ctx, struct diag_checks *out)
{
	const struct diag_live *live = ctx->live;
	unsigned int n_conflicts = 0;

	if (!live) {
		static const char *const ids[] = { "pool.room", "pool.conflicts",
			"sessions.routes" };
		for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
			(void)diag_check_add(
			    out, ids[i], CHECK_SKIP, "rrasd does not run, or did not answer.");
		return;
	}
	for (unsigned int i = 0; i < live->n_pools; i++) {
		check_room(&live->pools[i], ctx->config ? ctx->config->pool_warning : 0, out);
		check_conflicts(&live->pools[i], out);
		n_conflicts += live->pools[i].n_conflicts;
	}
	if (n_conflicts == 0)
		(void)diag_check_add(out, "pool.conflicts", CHECK_OK,
		    "No address of a pool was found in use by another host.");
	check_session_routes(live, out);
}
