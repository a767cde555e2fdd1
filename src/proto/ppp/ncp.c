/*
 * The network protocols of a link together: which of them run, when the link counts as up, and when
 * it has none left. See core.h; each protocol's own options are ipcp.c's and ipv6cp.c's.
 */
#include "proto/ppp/core.h"

static bool
is_open(const struct cp *c)
{
	return c->state == FSM_OPENED;
}

/* It is negotiating: it may open still. */
static bool
is_running(const struct cp *c)
{
	return c->state >= FSM_REQ_SENT && c->state < FSM_OPENED;
}

/* The link is up once one is open and the other has opened, failed, or had time enough. */
static void
tell_up(struct turn *t)
{
	struct ppp *p = t->p;
	bool any = p->data.ip_open || p->data.ipv6_open;
	bool wait = is_running(&p->cp_ipcp) || is_running(&p->cp_ipv6cp);

	if (p->ended || p->told_up || !any)
		return;
	if (!wait || t->now->ms >= p->settle_deadline_ms) {
		p->told_up = true;
		p->ip_wants_up = false;
		p->settle_deadline_ms = NEVER_MS;
		fx_up(t->fx, PPP_UP_IP);
	} else if (p->settle_deadline_ms == NEVER_MS) {
		p->settle_deadline_ms = t->now->ms + p->conf->settle_ms;
	}
}

void
core_ncp_tell(struct turn *t)
{
	struct ppp *p = t->p;

	if (p->told_up && p->ip_wants_up) {
		p->ip_wants_up = false;
		fx_up(t->fx, PPP_UP_CHANGED);
	}
	tell_up(t);
}

void
core_ncp_up(struct turn *t, bool changed)
{
	struct ppp *p = t->p;

	p->up_ip = true;
	p->ip_wants_up |= changed;
	core_data_gate(t);
}

void
core_ncp_over(struct turn *t, struct cp *c, enum fsm_event ev, enum cause cause)
{
	struct ppp *p = t->p;
	const struct cp *other = c == &p->cp_ipcp ? &p->cp_ipv6cp : &p->cp_ipcp;

	if (p->closing)
		return;
	c->timer_ms = c->state == FSM_STOPPING ? c->timer_ms : NEVER_MS;
	if (is_running(c)) /* naks without end: it is we who stop */
		c->state = FSM_STOPPED;
	/* What is told of a link without any is why IPv4 failed, unless that was never tried. */
	if (p->ncp_cause == CAUSE_NONE || c == &p->cp_ipcp)
		p->ncp_cause = cause;
	if (is_open(other) || is_running(other)) {
		if (p->told_up)
			fx_up(t->fx, PPP_UP_CHANGED);
		tell_up(t);
		return;
	}
	if (ev == FSM_RTR && p->up_ip)
		core_hang_up(t, CAUSE_ENDED_BY_PEER, true);
	else
		core_fail(t, p->ncp_cause);
}

void
core_ncp_rejected(struct turn *t, struct cp *c)
{
	if (c->state == FSM_INITIAL || c->state == FSM_STARTING)
		return; /* we never spoke it */
	if (is_open(c))
		c->ops->down(t);
	c->state = FSM_STOPPED;
	c->timer_ms = NEVER_MS;
	c->ops->over(t, FSM_RXJ_BAD);
}

void
core_ncp_tick(struct turn *t)
{
	if (!t->p->ended && t->now->ms >= t->p->settle_deadline_ms)
		tell_up(t);
}

static void
start(struct turn *t, struct cp *c, void (*init)(struct turn *), struct view held)
{
	init(t);
	cp_start(t, c);
	if (held.n && !t->p->ended)
		cp_input(t, c, held);
}

void
core_ncp_run(struct turn *t)
{
	struct ppp *p = t->p;
	bool server = p->conf->side == SIDE_SERVER;
	bool four = p->conf->ip_enabled && (!server || !ip_is_none(&p->lease.remote));
	bool six = p->conf->ipv6_enabled && (!server || !ip_is_none(&p->lease.prefix6));
	struct view held = view_of(p->held, p->n_held), held6 = view_of(p->held6, p->n_held6);

	p->net = NET_RUNNING;
	p->n_held = p->n_held6 = 0;
	p->ncp_cause = CAUSE_NONE;
	if (!four && !six) {
		core_fail(t, CAUSE_IP_OFF);
		return;
	}
	/* RFC 1332 section 2.1: what is not spoken here is rejected as a protocol. */
	if (!four && held.n)
		core_reject_protocol(t, PPP_PROTO_IPCP, held);
	if (!six && held6.n)
		core_reject_protocol(t, PPP_PROTO_IPV6CP, held6);
	/* Both begin before either may end in an answer that was held. */
	if (four)
		start(t, &p->cp_ipcp, ipcp_init, held);
	if (six && !p->ended)
		start(t, &p->cp_ipv6cp, ipv6cp_init, held6);
}

/* Too early for an answer: the newest request waits, so that the peer need not repeat it. */
static void
hold(struct turn *t, const struct cp *c, struct view info)
{
	struct ppp *p = t->p;
	bool four = c == &p->cp_ipcp;
	struct rd_fault fault;
	struct cp_packet pk;

	if (!cp_read(info, &pk, &fault) || pk.code != CP_CONF_REQ ||
	    !cp_options_ok(pk.data, &fault) ||
	    !view_copy(
		pk.whole, four ? p->held : p->held6, four ? sizeof(p->held) : sizeof(p->held6)))
		core_note_bad(t, c->ops->protocol, "early", 0);
	else if (four)
		p->n_held = (uint16_t)pk.whole.n;
	else
		p->n_held6 = (uint16_t)pk.whole.n;
}

void
core_ncp_input(struct turn *t, struct cp *c, struct view info)
{
	struct ppp *p = t->p;

	if (p->net != NET_RUNNING)
		hold(t, c, info);
	else if (c->state == FSM_INITIAL || c->state == FSM_STARTING)
		core_reject_protocol(t, c->ops->protocol, info);
	else
		cp_input(t, c, info);
}
