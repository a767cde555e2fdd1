/*
 * IPV6CP (RFC 5072): the interface identifiers of both ends. The server keeps number 1 and takes
 * what the client names, as long as it is neither zero nor its own; the client draws one. The
 * automaton is cp.c's; prefixes come by router advertisement (proto/ndp), not by this protocol.
 */
#include "proto/ppp/core.h"

#define OPT_INTERFACE_ID 1 /* section 4.1; the compression option, 2, is rejected */

static const uint8_t no_id[IPV6CP_ID];

static bool
is_zero(const uint8_t id[IPV6CP_ID])
{
	return memcmp(id, no_id, IPV6CP_ID) == 0;
}

/* RFC 5072 section 4.1: random, with the universal/local bit zero: of local meaning. */
static void
draw_id(struct turn *t, uint8_t out[IPV6CP_ID])
{
	do {
		now_draw(t->now, out, IPV6CP_ID);
		out[0] &= (uint8_t)~2u;
	} while (is_zero(out));
}

void
ipv6cp_init(struct turn *t)
{
	struct ppp *p = t->p;
	struct ipv6cp *i = &p->ipv6cp;

	*i = (struct ipv6cp){ .was_up = i->was_up, .ask = true };
	/* A client that begins again keeps its address. */
	if (!is_zero(p->ip.local_id))
		memcpy(i->ours, p->ip.local_id, IPV6CP_ID);
	else if (p->conf->side == SIDE_SERVER)
		i->ours[IPV6CP_ID - 1] = 1;
	else
		draw_id(t, i->ours);
}

static void
write_request(struct turn *t, struct wr *w)
{
	const struct ipv6cp *i = &t->p->ipv6cp;

	if (i->ask)
		cp_write_option(w, OPT_INTERFACE_ID, view_of(i->ours, IPV6CP_ID));
}

/* A suggestion of the peer; one that is its own, or none, is answered by a draw of ours. */
static void
on_nak(struct turn *t, const struct cp_option *o)
{
	struct ipv6cp *i = &t->p->ipv6cp;

	if (o->type != OPT_INTERFACE_ID || !view_copy(o->value, i->ours, IPV6CP_ID) ||
	    o->value.n != IPV6CP_ID || is_zero(i->ours) ||
	    memcmp(i->ours, i->theirs, IPV6CP_ID) == 0)
		draw_id(t, i->ours);
}

/* Section 4.1: without the option each end knows its identifier by other means; ours stays. */
static void
on_reject(struct turn *t, const struct cp_option *o)
{
	if (o->type == OPT_INTERFACE_ID)
		t->p->ipv6cp.ask = false;
}

static void
begin(struct turn *t, struct view options)
{
	(void)options;
	memset(t->p->ipv6cp.theirs, 0, IPV6CP_ID);
}

static enum cp_verdict
judge(struct turn *t, const struct cp_option *o, struct wr *nak)
{
	struct ipv6cp *i = &t->p->ipv6cp;
	uint8_t id[IPV6CP_ID];

	if (o->type != OPT_INTERFACE_ID || o->value.n != IPV6CP_ID ||
	    !view_copy(o->value, id, sizeof(id)))
		return CP_REJECT;
	if (!is_zero(id) && memcmp(id, i->ours, IPV6CP_ID) != 0) {
		memcpy(i->theirs, id, IPV6CP_ID);
		return CP_OK;
	}
	do
		draw_id(t, id);
	while (memcmp(id, i->ours, IPV6CP_ID) == 0);
	cp_write_option(nak, OPT_INTERFACE_ID, view_of(id, IPV6CP_ID));
	return CP_NAK;
}

/* A peer that named no identifier is told one. */
static void
append(struct turn *t, struct wr *nak)
{
	uint8_t id[IPV6CP_ID];

	if (!is_zero(t->p->ipv6cp.theirs) || wr_len(nak))
		return;
	do
		draw_id(t, id);
	while (memcmp(id, t->p->ipv6cp.ours, IPV6CP_ID) == 0);
	cp_write_option(nak, OPT_INTERFACE_ID, view_of(id, IPV6CP_ID));
}

static void
up(struct turn *t)
{
	struct ppp *p = t->p;
	struct ipv6cp *i = &p->ipv6cp;
	bool server = p->conf->side == SIDE_SERVER;

	memcpy(p->ip.local_id, i->ours, IPV6CP_ID);
	memcpy(p->ip.remote_id, i->theirs, IPV6CP_ID);
	if (server) {
		p->ip.prefix6 = p->lease.prefix6;
		memcpy(p->ip.dns6, p->lease.dns6, sizeof(p->ip.dns6));
	}
	i->open = true;
	NOTE(t, FACT_IPV6CP_OPENED, F_BYTES(view_of(i->ours, IPV6CP_ID)),
	    F_BYTES(view_of(i->theirs, IPV6CP_ID)));
	core_ncp_up(t, !i->was_up);
	i->was_up = true;
}

static void
down(struct turn *t)
{
	t->p->ipv6cp.open = false;
	core_data_gate(t);
}

static void
over(struct turn *t, enum fsm_event ev)
{
	core_ncp_over(t, &t->p->cp_ipv6cp, ev,
	    ev == FSM_RXJ_BAD || t->p->cp_ipv6cp.n_received == 0 ? CAUSE_NO_NETWORK_PROTOCOL
								 : CAUSE_IPV6CP_NOT_AGREED);
}

const struct cp_ops ipv6cp_ops = {
	.protocol = PPP_PROTO_IPV6CP,
	.name = "ipv6cp",
	.write_request = write_request,
	.begin = begin,
	.judge = judge,
	.append = append,
	.on_nak = on_nak,
	.on_reject = on_reject,
	.up = up,
	.down = down,
	.over = over,
};
