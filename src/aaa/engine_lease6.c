/*
 * The IPv6 half of LEASE: a prefix beside, or in place of, the address. See engine.h. Plumbing and
 * answering are engine_lease.c's.
 */
#include "aaa/engine_priv.h"

static void
note_full(struct engine *e, const struct session *s, const char *pool, const struct now *now)
{
	struct lease6_pool_info info;

	if (!lease6_pool_by_name(e->leases6, pool, &info))
		return;
	struct fact f = FACT_MAKE(FACT_POOL6_FULL, F_STR(info.name), F_ADDR(info.prefix.addr),
	    F_U(info.prefix.len), F_U(info.size), F_U(info.n_leased));
	engine_note(e, s, &f, now);
}

void
engine_note_prefix(struct engine *e, const struct session *s, const struct now *now)
{
	struct lease6_pool_info info;

	if (!lease6_pool_of(e->leases6, &s->prefix6, &info))
		return;
	struct fact f = FACT_MAKE(
	    FACT_LEASED6, F_ADDR(s->prefix6), F_STR(info.name), F_U(info.n_leased), F_U(info.size));
	engine_note(e, s, &f, now);
}

/* The policy's pool for IPv6, else the first of the session's pools that has a prefix left. */
static enum cause
take_prefix(struct engine *e, struct session *s, const struct now *now)
{
	const struct profile *p = session_terms(s);
	unsigned int n = p->ipv6_pool[0] || p->n_pools == 0 ? 1 : p->n_pools;
	enum cause cause = CAUSE_POOL_MISSING;

	for (unsigned int i = 0; i < n; i++) {
		const char *pool = p->ipv6_pool[0] || p->n_pools == 0 ? p->ipv6_pool : p->pools[i];
		enum cause c = lease6_take(e->leases6, pool, s->account, &s->prefix6);
		if (c == CAUSE_NONE)
			return c;
		if (c == CAUSE_PREFIXES_EXHAUSTED) {
			note_full(e, s, pool, now);
			cause = c;
		}
	}
	return cause;
}

/*
 * A session can live without IPv6: where there is an address, a want of prefixes is a fact only.
 * It can live without IPv4 where that is switched off, or its pools have none.
 */
enum cause
engine_join_prefix(struct engine *e, struct session *s, enum cause address, const struct now *now)
{
	bool alone = address == CAUSE_IP_OFF || address == CAUSE_POOL_MISSING;
	enum cause six;

	s->prefix6 = (struct ip_addr){ 0 };
	if (!e->ip6_on || (address != CAUSE_NONE && !alone))
		return address;
	six = take_prefix(e, s, now);
	if (address == CAUSE_NONE || six == CAUSE_NONE)
		return CAUSE_NONE;
	return six == CAUSE_PREFIXES_EXHAUSTED ? six : address;
}
