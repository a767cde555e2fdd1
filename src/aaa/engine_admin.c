/* Questions of the administrator to the engine: EXPLAIN (R92) and STATUS (R52, R60). */
#include "aaa/engine_priv.h"

#define STATUS_MAX 12288u
#define CONFLICTS_SHOWN 32u

static enum auth_method
strongest(unsigned int mask)
{
	for (unsigned int m = N_AUTH_METHOD - 1; m > AUTH_NONE; m--)
		if (mask & AUTH_BIT(m))
			return (enum auth_method)m;
	return AUTH_NONE;
}

/* A refusal that no policy could lift; the trace of the policies stays. */
static void
overrule(struct decision *d, enum cause cause, enum decided_by by)
{
	d->verdict = VERDICT_DENY;
	d->cause = cause;
	d->by = by;
	d->profile = (struct profile){ 0 };
}

static void
explain(
    struct engine *e, const struct msg_explain *q, struct msg_explained *out, const struct now *now)
{
	static struct explain_account in_groups;
	struct now then = *now;
	struct peer_name name;
	enum cause cause = name_read(&e->names, q->user, &name);
	const struct account *known =
	    cause == CAUSE_NONE ? roster_by_name(e->roster, &name.lookup) : NULL;
	const struct account *a = engine_account_in_groups(&in_groups, known, q->groups);
	enum tunnel_kind tunnel =
	    q->tunnel <= TUNNEL_IKEV2 ? (enum tunnel_kind)q->tunnel : TUNNEL_NONE;
	struct policy_request r = { .user = view_of(name.lookup.s, name.lookup.n),
		.full = view_of(name.full.s, name.full.n),
		.method = q->method < N_AUTH_METHOD ? (enum auth_method)q->method : AUTH_NONE,
		.tunnel = tunnel,
		.client = q->client,
		.server = q->server };

	if (q->at_unix_s > 0)
		then.unix_us = q->at_unix_s * 1000000;
	if (r.method == AUTH_NONE)
		r.method = strongest(e->method_mask);
	out->user_known = known != NULL;
	out->account = view_str(known ? known->name : "");
	engine_judge(e, e->policies, &r, a, &then, &out->decision);
	engine_tell_decided(e, &(struct engine_decided){ .seq = q->seq,
				   .terms = e->policies,
				   .request = &r,
				   .account = a,
				   .decision = &out->decision,
				   .unix_s = then.unix_us / 1000000 });
	if (cause != CAUSE_NONE)
		overrule(&out->decision, cause, BY_SERVER);
	else if (!known)
		overrule(&out->decision, CAUSE_NO_SUCH_USER, BY_SERVER);
	cause = engine_gate(e, tunnel);
	if (cause == CAUSE_NONE && !e->synced)
		cause = CAUSE_STORE_DOWN;
	if (cause != CAUSE_NONE)
		overrule(&out->decision, cause, BY_SERVER);
}

void
engine_on_explain(struct engine *e, const struct msg_explain *m, const struct now *now)
{
	struct msg r = { .id = MSG_EXPLAINED };

	if (!e->policies)
		return;
	r.u.explained.seq = m->seq;
	explain(e, m, &r.u.explained, now);
	if (engine_send(e, ROLE_RECORD, 0, &r) != SENT_OK)
		return; /* rrasctl says that there was no answer */
}

static const char *
pool_state(const struct engine *e, const struct lease_pool_info *info)
{
	if (info->n_leased + info->n_conflicts >= info->size)
		return "full";
	if (e->pool_warning && info->n_leased * 100 >= info->size * e->pool_warning)
		return "nearly-full";
	return "ok";
}

static void
write_conflict(void *ctx, const struct ip_addr *a, const char *pool)
{
	struct wr *w = ctx;
	char text[ADDR_TEXT_MAX];

	if (wr_room(w) > 256)
		wr_fmt(w, "conflict %s pool %s\n", ip_text(a, text), pool);
}

/* Read again by roles/record_ctl_pools.c; names come last, as they may hold blanks. */
static void
write_pools(const struct engine *e, struct wr *w, uint64_t now_ms)
{
	struct lease_pool_info info;
	struct lease6_pool_info six;
	char text[ADDR_TEXT_MAX];

	for (unsigned int i = 0; lease_pool_at(e->leases, i, &info) && wr_room(w) > 1024; i++) {
		if (info.size || info.ranges[0])
			wr_fmt(w,
			    "pool size %llu leased %llu conflicts %llu state %s name %s ranges "
			    "%s\n",
			    (unsigned long long)info.size, (unsigned long long)info.n_leased,
			    (unsigned long long)info.n_conflicts, pool_state(e, &info), info.name,
			    info.ranges);
		if (lease6_pool_at(e->leases6, i, &six))
			wr_fmt(w,
			    "pool size %llu leased %llu conflicts 0 state %s name %s ranges "
			    "%s/%u\n",
			    (unsigned long long)six.size, (unsigned long long)six.n_leased,
			    six.n_leased >= six.size ? "full" : "ok", six.name,
			    ip_text(&six.prefix.addr, text), six.prefix.len);
	}
	lease_conflicts(e->leases, now_ms, CONFLICTS_SHOWN, write_conflict, w);
}

static void
write_ports(const struct engine *e, struct wr *w)
{
	for (unsigned int t = TUNNEL_PPTP; t < N_TUNNEL_KIND; t++) {
		struct port_count c = ports_of(&e->ports, (enum tunnel_kind)t);
		wr_fmt(w, "ports %s limit %u used %u refused %llu\n",
		    tunnel_name((enum tunnel_kind)t), c.limit, c.used,
		    (unsigned long long)c.refused);
	}
}

void
engine_on_status_ask(struct engine *e, const struct msg_status_ask *m, const struct now *now)
{
	uint8_t buf[STATUS_MAX];
	struct wr w = wr_over(buf, sizeof(buf));
	struct msg r = { .id = MSG_STATUS };

	wr_fmt(&w, "synced %s\n", e->synced ? "yes" : "no");
	wr_fmt(&w, "accounts %zu\n", roster_count(e->roster));
	wr_fmt(&w, "policies %zu\n", e->policies ? policy_set_count(e->policies) : 0);
	wr_fmt(&w, "sessions %zu\n", e->by_attempt.n);
	wr_fmt(&w, "waiting %u\n", e->n_waiting);
	wr_fmt(&w, "facts_lost %llu\n", (unsigned long long)e->facts_lost);
	write_ports(e, &w);
	write_pools(e, &w, now->ms);
	r.u.status.seq = m->seq;
	r.u.status.lines = wr_view_of(&w);
	if (engine_send(e, ROLE_RECORD, 0, &r) != SENT_OK)
		return; /* rrasctl says that there was no answer */
}
