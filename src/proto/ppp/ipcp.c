/*
 * IPCP with the name server extensions (RFC 1332, RFC 1877): its options on both ends. The server
 * gives the leased address and never another; the client takes what it is given. The automaton is
 * cp.c's; who leases is not known here.
 */
#include "proto/ppp/core.h"

#define OPT_ADDRESS 3
#define OPT_DNS1 129
#define OPT_NBNS1 130
#define OPT_DNS2 131
#define OPT_NBNS2 132
/* Rejected with all unknown ones: the old addresses option 1, compression 2. */

void
ipcp_init(struct turn *t)
{
	struct ppp *p = t->p;
	bool server = p->conf->side == SIDE_SERVER;

	p->ipcp = (struct ipcp){ .was_up = p->ipcp.was_up };
	p->ipcp.ask_address = !server || !ip_is_none(&p->lease.local);
	p->ipcp.address = server ? p->lease.local : ip_v4(0);
	if (!server) {
		p->ipcp.address = ip_is_none(&p->ip.local) ? ip_v4(0) : p->ip.local;
		p->ipcp.ask_dns = p->ipcp.ask_nbns = p->conf->want_dns ? 3 : 0;
	}
}

static void
put_address(struct wr *w, uint8_t type, const struct ip_addr *a)
{
	cp_write_option_u32(w, type, a->family == IP_V4 ? ip_v4_u32(a) : 0);
}

static void
write_request(struct turn *t, struct wr *w)
{
	const struct ipcp *i = &t->p->ipcp;

	if (i->ask_address)
		put_address(w, OPT_ADDRESS, &i->address);
	if (i->ask_dns & 1)
		put_address(w, OPT_DNS1, &i->dns[0]);
	if (i->ask_nbns & 1)
		put_address(w, OPT_NBNS1, &i->nbns[0]);
	if (i->ask_dns & 2)
		put_address(w, OPT_DNS2, &i->dns[1]);
	if (i->ask_nbns & 2)
		put_address(w, OPT_NBNS2, &i->nbns[1]);
}

/* A server insists on its own address; a client takes any that is one. */
static void
on_nak(struct turn *t, const struct cp_option *o)
{
	struct ipcp *i = &t->p->ipcp;
	uint32_t a;

	if (t->p->conf->side == SIDE_SERVER || !cp_option_u32(o, &a))
		return;
	switch (o->type) {
	case OPT_ADDRESS:
		i->address = ip_v4(a);
		return;
	case OPT_DNS1:
		i->dns[0] = ip_v4(a);
		return;
	case OPT_NBNS1:
		i->nbns[0] = ip_v4(a);
		return;
	case OPT_DNS2:
		i->dns[1] = ip_v4(a);
		return;
	case OPT_NBNS2:
		i->nbns[1] = ip_v4(a);
		return;
	default:
		return;
	}
}

static void
on_reject(struct turn *t, const struct cp_option *o)
{
	struct ipcp *i = &t->p->ipcp;

	switch (o->type) {
	case OPT_ADDRESS:
		i->ask_address = false;
		if (t->p->conf->side == SIDE_CLIENT)
			core_fail(t, CAUSE_IPCP_NO_ADDRESS);
		return;
	case OPT_DNS1:
		i->ask_dns &= 2;
		return;
	case OPT_NBNS1:
		i->ask_nbns &= 2;
		return;
	case OPT_DNS2:
		i->ask_dns &= 1;
		return;
	case OPT_NBNS2:
		i->ask_nbns &= 1;
		return;
	default:
		return;
	}
}

static void
begin(struct turn *t, struct view options)
{
	struct ppp *p = t->p;

	(void)options;
	p->ipcp.peer = (struct ip_addr){ 0 };
	/* Q11: a peer that will have no address but its own choice gets none. */
	if (p->conf->side == SIDE_SERVER && p->cp_ipcp.n_naks_out >= p->conf->max_failure)
		core_fail(t, CAUSE_IPCP_NOT_AGREED);
}

/* Whether the peer asks for exactly `ours`; if not, that is what the Nak names. */
static enum cp_verdict
judge_value(const struct cp_option *o, const struct ip_addr *ours, struct wr *nak)
{
	uint32_t a;

	if (ip_is_none(ours))
		return CP_REJECT; /* never a Nak with 0.0.0.0: the peer would ask again */
	if (cp_option_u32(o, &a) && a == ip_v4_u32(ours))
		return CP_OK;
	put_address(nak, o->type, ours);
	return CP_NAK;
}

static enum cp_verdict
judge_as_server(struct turn *t, const struct cp_option *o, struct wr *nak)
{
	struct ppp *p = t->p;
	enum cp_verdict v;

	switch (o->type) {
	case OPT_ADDRESS:
		v = judge_value(o, &p->lease.remote, nak);
		p->ipcp.peer = p->lease.remote;
		return v;
	case OPT_DNS1:
		return judge_value(o, &p->lease.dns[0], nak);
	case OPT_NBNS1:
		return judge_value(o, &p->lease.nbns[0], nak);
	case OPT_DNS2:
		return judge_value(o, &p->lease.dns[1], nak);
	case OPT_NBNS2:
		return judge_value(o, &p->lease.nbns[1], nak);
	default:
		return CP_REJECT;
	}
}

static enum cp_verdict
judge(struct turn *t, const struct cp_option *o, struct wr *nak)
{
	uint32_t a;

	if (t->p->conf->side == SIDE_SERVER)
		return judge_as_server(t, o, nak);
	/* A server may keep its address to itself; 0.0.0.0 asks us for one, and we have none. */
	if (o->type != OPT_ADDRESS || !cp_option_u32(o, &a) || a == 0)
		return CP_REJECT;
	t->p->ipcp.peer = ip_v4(a);
	return CP_OK;
}

/* RFC 1332 section 3.3: a peer that named no address is told its own. */
static void
append(struct turn *t, struct wr *nak)
{
	if (t->p->conf->side == SIDE_SERVER && ip_is_none(&t->p->ipcp.peer))
		put_address(nak, OPT_ADDRESS, &t->p->lease.remote);
}

static void
up(struct turn *t)
{
	struct ppp *p = t->p;
	struct ipcp *i = &p->ipcp;
	struct ppp_ip ip = p->ip;
	bool server = p->conf->side == SIDE_SERVER;

	ip.local = i->address;
	ip.remote = i->peer;
	if (!server && ip_is_none(&ip.local)) {
		core_fail(t, CAUSE_IPCP_NO_ADDRESS); /* it acknowledged 0.0.0.0 */
		return;
	}
	for (unsigned int n = 0; n < 2; n++) {
		ip.dns[n] = server ? p->lease.dns[n] : i->dns[n];
		ip.nbns[n] = server ? p->lease.nbns[n] : i->nbns[n];
	}
	if (server) /* the lease is the truth, whether or not the peer asked in so many words */
		ip.remote = p->lease.remote;
	bool changed = !i->was_up || !ip_equal(&ip.local, &p->ip.local);
	p->ip = ip;
	i->was_up = true;
	i->open = true;
	NOTE(t, FACT_IPCP_OPENED, F_ADDR(ip.local), F_ADDR(ip.remote), F_ADDR(ip.dns[0]),
	    F_ADDR(ip.dns[1]));
	core_ncp_up(t, changed);
}

static void
down(struct turn *t)
{
	t->p->ipcp.open = false;
	core_data_gate(t);
}

static void
over(struct turn *t, enum fsm_event ev)
{
	struct ppp *p = t->p;
	enum cause cause = CAUSE_IPCP_NOT_AGREED;

	if (ev == FSM_RTR || ev == FSM_RXJ_BAD || p->cp_ipcp.n_received == 0)
		cause = CAUSE_NO_NETWORK_PROTOCOL;
	else if (p->conf->side == SIDE_CLIENT && ip_is_none(&p->ipcp.address))
		cause = CAUSE_IPCP_NO_ADDRESS;
	core_ncp_over(t, &p->cp_ipcp, ev, cause);
}

const struct cp_ops ipcp_ops = {
	.protocol = PPP_PROTO_IPCP,
	.name = "ipcp",
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
