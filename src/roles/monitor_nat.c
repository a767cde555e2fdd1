/*
 * Source NAT for clients (nat in "server"): a table of our own, put in place as one transaction,
 * taken away at the end. Where it cannot be, rrasd does not start: clients whose addresses nobody
 * outside knows would be let out as they are, and nothing would come back.
 */
#include "roles/monitor_priv.h"

#include "os/nft.h"

#include <stdlib.h>

static bool
apply(struct monitor *m, const struct nft_nat *nat, char *err, size_t cap)
{
	char *text = nft_nat_text(m->conf->device_prefix, nat);
	bool ok = text && nft_apply(text, err, cap);

	free(text);
	return ok;
}

bool
monitor_nat(struct monitor *m, const struct conf *c)
{
	struct nft_nat nat = { .device_prefix = c->device_prefix, .out = c->nat };
	char err[300] = "out of memory";

	if (!c->nat[0]) {
		/* what a run that was killed left, or this one before a reload */
		(void)!apply(m, NULL, err, sizeof(err));
		m->nat_there = false;
		return true;
	}
	for (unsigned int i = 0; i < c->n_pools; i++)
		for (unsigned int k = 0; k < c->pools[i].n_ranges; k++)
			if (c->pools[i].ranges[k].first.family == IP_V4 &&
			    nat.n_ranges < NFT_RANGES_MAX)
				nat.ranges[nat.n_ranges++] =
				    (struct nft_range){ c->pools[i].ranges[k].first,
					    c->pools[i].ranges[k].last };
	if (!apply(m, &nat, err, sizeof(err))) {
		monitor_say("source NAT (nat in \"server\") cannot be set: %s", err);
		return false;
	}
	m->nat_there = true;
	return true;
}

void
monitor_nat_end(struct monitor *m)
{
	char err[300] = "out of memory";

	if (!m->nat_there)
		return;
	if (!apply(m, NULL, err, sizeof(err)))
		monitor_say("the table of source NAT stays: %s", err);
	m->nat_there = false;
}
