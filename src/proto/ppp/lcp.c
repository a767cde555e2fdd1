/*
 * LCP: its options, echoes and informational packets (RFC 1661 sections 5 and 6, RFC 1570). The
 * choice of the authentication method is made here: a server walks its methods from the strongest
 * down, a client accepts what it may do. The automaton is cp.c's.
 */
#include "proto/ppp/core.h"

#define OPT_MRU 1
#define OPT_ACCM 2
#define OPT_AUTH 3
#define OPT_MAGIC 5
#define OPT_PFC 7
#define OPT_ACFC 8
/* Rejected with all unknown ones: quality 4, callback 13, MRRU 17, SSNHF 18, endpoint 19, BAP 23.
 */

#define CHAP_ALG_MD5 0x05u
#define CHAP_ALG_MSCHAP 0x80u
#define CHAP_ALG_MSCHAPV2 0x81u

#define LOOPS_MAX 3u /* of our own magic number in a row: chance is excluded after the first */

static const enum auth_method by_strength[] = { AUTH_EAP, AUTH_MSCHAPV2, AUTH_MSCHAP, AUTH_CHAP,
	AUTH_PAP };

#define N_METHODS (sizeof(by_strength) / sizeof(by_strength[0]))

enum auth_method
lcp_strongest(unsigned int mask)
{
	for (size_t i = 0; i < N_METHODS; i++)
		if (mask & AUTH_BIT(by_strength[i]))
			return by_strength[i];
	return AUTH_NONE;
}

static void
new_magic(struct turn *t)
{
	do
		t->p->lcp.magic = now_draw_u32(t->now);
	while (t->p->lcp.magic == 0); /* zero means "none": RFC 1661 section 6.4 */
}

void
lcp_init(struct turn *t)
{
	const struct ppp_conf *conf = t->p->conf;
	struct lcp *l = &t->p->lcp;

	*l = (struct lcp){
		.mru = conf->mru_bytes,
		.ask_mru = conf->mru_bytes != 0 && conf->mru_bytes != MRU_DEFAULT,
		.ask_accm = true, /* 0: else an asynchronous peer escapes for nothing */
		.ask_magic = true,
		.ask_pfc = true,
		.ask_acfc = true,
		.peer_mru = MRU_DEFAULT,
		.echo_ms = NEVER_MS,
	};
	if (conf->side == SIDE_SERVER) {
		l->auth_left = conf->auth_mask & AUTH_SUPPORTED;
		l->auth = lcp_strongest(l->auth_left);
	}
	new_magic(t);
}

/* ---- the authentication option ---- */

static enum auth_method
auth_decode(struct view value)
{
	struct rd_fault fault;
	struct rd r = rd_over(value, &fault);
	uint16_t protocol = rd_u16(&r);
	uint8_t algorithm = protocol == PPP_PROTO_CHAP ? rd_u8(&r) : 0;

	if (!rd_done(&r))
		return AUTH_NONE;
	if (protocol == PPP_PROTO_PAP)
		return AUTH_PAP;
	if (protocol == PPP_PROTO_EAP)
		return AUTH_EAP;
	if (protocol == PPP_PROTO_CHAP && algorithm == CHAP_ALG_MD5)
		return AUTH_CHAP;
	if (protocol == PPP_PROTO_CHAP && algorithm == CHAP_ALG_MSCHAP)
		return AUTH_MSCHAP;
	if (protocol == PPP_PROTO_CHAP && algorithm == CHAP_ALG_MSCHAPV2)
		return AUTH_MSCHAPV2;
	return AUTH_NONE;
}

static void
auth_encode(struct wr *w, enum auth_method m)
{
	uint8_t value[3];
	struct wr v = wr_over(value, sizeof(value));

	wr_u16(&v, auth_protocol(m));
	if (m == AUTH_CHAP)
		wr_u8(&v, CHAP_ALG_MD5);
	else if (m == AUTH_MSCHAP)
		wr_u8(&v, CHAP_ALG_MSCHAP);
	else if (m == AUTH_MSCHAPV2)
		wr_u8(&v, CHAP_ALG_MSCHAPV2);
	cp_write_option(w, OPT_AUTH, wr_view_of(&v));
}

static void
fail_no_common(struct turn *t)
{
	char ours[64], theirs[64];

	auth_mask_text(t->p->conf->auth_mask, ours, sizeof(ours));
	auth_mask_text(t->p->lcp.auth_theirs, theirs, sizeof(theirs));
	NOTE(t, FACT_AUTH_LISTS, F_STR(ours), F_STR(theirs));
	core_fail(t, CAUSE_AUTH_NO_COMMON);
}

/* Server: the peer will not do what we demand; wanted is AUTH_NONE when it names nothing. */
static void
auth_walk_down(struct turn *t, enum auth_method wanted)
{
	struct lcp *l = &t->p->lcp;

	NOTE(t, FACT_AUTH_COUNTER, F_STR(auth_method_name(l->auth)),
	    F_STR(auth_method_name(wanted)));
	l->auth_left &= ~AUTH_BIT(l->auth);
	if (wanted != AUTH_NONE)
		l->auth_theirs |= AUTH_BIT(wanted);
	l->auth = wanted != AUTH_NONE && l->auth_left & AUTH_BIT(wanted)
	              ? wanted
	              : lcp_strongest(l->auth_left);
	if (l->auth == AUTH_NONE)
		fail_no_common(t);
}

/* Client: the counter-offers go down our list, one a request, as RFC 1661 section 6.2 wants. */
static enum cp_verdict
judge_auth(struct turn *t, const struct cp_option *o, struct wr *nak)
{
	struct lcp *l = &t->p->lcp;
	unsigned int allowed = t->p->conf->auth_mask & AUTH_SUPPORTED;
	enum auth_method m = auth_decode(o->value);

	if (t->p->conf->side == SIDE_SERVER)
		return CP_REJECT; /* we do not prove ourselves to callers but by MS-CHAPv2 */
	if (m != AUTH_NONE)
		l->auth_theirs |= AUTH_BIT(m);
	NOTE(t, FACT_AUTH_DEMANDED, F_STR(auth_method_name(m)));
	if (m != AUTH_NONE && allowed & AUTH_BIT(m)) {
		l->peer_auth = m;
		l->auth_mismatch = false;
		return CP_OK;
	}
	l->auth_mismatch = true;
	enum auth_method mine = lcp_strongest(allowed);
	for (unsigned int i = 0; i < l->n_auth_naks && mine != AUTH_NONE; i++) {
		allowed &= ~AUTH_BIT(mine);
		mine = lcp_strongest(allowed);
	}
	if (mine == AUTH_NONE)
		return CP_REJECT;
	l->n_auth_naks++;
	auth_encode(nak, mine);
	return CP_NAK;
}

/* ---- our request ---- */

static void
write_request(struct turn *t, struct wr *w)
{
	struct lcp *l = &t->p->lcp;

	if (l->ask_mru)
		cp_write_option_u16(w, OPT_MRU, l->mru);
	if (l->ask_accm)
		cp_write_option_u32(w, OPT_ACCM, l->accm);
	if (l->auth != AUTH_NONE) {
		auth_encode(w, l->auth);
		if (l->auth != l->auth_told)
			NOTE(t, FACT_AUTH_PROPOSED, F_STR(auth_method_name(l->auth)));
		l->auth_told = l->auth;
	}
	if (l->ask_magic)
		cp_write_option_u32(w, OPT_MAGIC, l->magic);
	if (l->ask_pfc)
		cp_write_option(w, OPT_PFC, view_of(NULL, 0));
	if (l->ask_acfc)
		cp_write_option(w, OPT_ACFC, view_of(NULL, 0));
}

static void
on_nak(struct turn *t, const struct cp_option *o)
{
	struct lcp *l = &t->p->lcp;
	uint16_t mru;

	switch (o->type) {
	case OPT_MRU: /* a hint: taken when we can live with it */
		if (cp_option_u16(o, &mru) && mru >= MRU_MIN && mru <= MRU_DEFAULT)
			l->mru = mru;
		return;
	case OPT_ACCM:
		if (!cp_option_u32(o, &l->accm))
			l->ask_accm = false;
		return;
	case OPT_AUTH:
		if (l->auth != AUTH_NONE)
			auth_walk_down(t, auth_decode(o->value));
		return;
	case OPT_MAGIC:
		new_magic(t);
		return;
	default:
		return; /* something we did not ask for; our next request is the answer */
	}
}

static void
on_reject(struct turn *t, const struct cp_option *o)
{
	struct lcp *l = &t->p->lcp;

	switch (o->type) {
	case OPT_MRU:
		l->ask_mru = false;
		return;
	case OPT_ACCM:
		l->ask_accm = false;
		return;
	case OPT_AUTH:
		if (l->auth != AUTH_NONE)
			auth_walk_down(t, AUTH_NONE);
		return;
	case OPT_MAGIC:
		l->ask_magic = false;
		l->magic = 0;
		return;
	case OPT_PFC:
		l->ask_pfc = false;
		return;
	case OPT_ACFC:
		l->ask_acfc = false;
		return;
	default:
		return;
	}
}

/* ---- the peer's request ---- */

/* Sees a looped-back request before its options are judged: they would all look like a peer's. */
static void
begin(struct turn *t, struct view options)
{
	struct lcp *l = &t->p->lcp;
	struct rd_fault fault;
	struct rd r = rd_over(options, &fault);

	l->peer_mru = MRU_DEFAULT;
	l->peer_magic = 0;
	l->peer_pfc = l->peer_acfc = false;
	l->peer_auth = AUTH_NONE;
	l->looped = false;
	while (rd_more(&r)) {
		struct cp_option o;
		uint32_t magic;
		cp_read_option(&r, &o);
		if (o.type == OPT_MAGIC && cp_option_u32(&o, &magic) && magic == l->magic &&
		    magic != 0)
			l->looped = true;
	}
	l->n_loops = l->looped ? (uint8_t)(l->n_loops + 1) : 0;
	if (l->n_loops >= LOOPS_MAX)
		core_fail(t, CAUSE_LCP_LOOPBACK);
}

static enum cp_verdict
judge_mru(struct turn *t, const struct cp_option *o, struct wr *nak)
{
	uint16_t mru = 0;

	if (!cp_option_u16(o, &mru) || mru < MRU_MIN) {
		cp_write_option_u16(nak, OPT_MRU, MRU_DEFAULT); /* Q01: 0 would carry nothing */
		return CP_NAK;
	}
	t->p->lcp.peer_mru = mru;
	return CP_OK;
}

static enum cp_verdict
judge_accm(const struct cp_option *o, struct wr *nak)
{
	uint32_t map;

	if (cp_option_u32(o, &map))
		return CP_OK; /* no octet is escaped on our links, whatever the map */
	cp_write_option_u32(nak, OPT_ACCM, 0);
	return CP_NAK;
}

static enum cp_verdict
judge_magic(struct turn *t, const struct cp_option *o, struct wr *nak)
{
	uint32_t magic = 0;

	if (!cp_option_u32(o, &magic) || magic == 0 || t->p->lcp.looped) {
		cp_write_option_u32(nak, OPT_MAGIC, now_draw_u32(t->now) | 1u);
		return CP_NAK;
	}
	t->p->lcp.peer_magic = magic;
	return CP_OK;
}

static enum cp_verdict
judge(struct turn *t, const struct cp_option *o, struct wr *nak)
{
	struct lcp *l = &t->p->lcp;

	if (l->looped && o->type != OPT_MAGIC)
		return CP_OK;
	switch (o->type) {
	case OPT_MRU:
		return judge_mru(t, o, nak);
	case OPT_ACCM:
		return judge_accm(o, nak);
	case OPT_AUTH:
		return judge_auth(t, o, nak);
	case OPT_MAGIC:
		return judge_magic(t, o, nak);
	case OPT_PFC:
		l->peer_pfc = o->value.n == 0;
		return l->peer_pfc ? CP_OK : CP_REJECT;
	case OPT_ACFC:
		l->peer_acfc = o->value.n == 0;
		return l->peer_acfc ? CP_OK : CP_REJECT;
	default:
		return CP_REJECT;
	}
}

/* ---- the other codes ---- */

static void
send_with_magic(struct turn *t, uint8_t code, uint8_t id, struct view rest)
{
	uint8_t bytes[CP_PACKET_MAX];
	struct wr w = wr_over(bytes, sizeof(bytes));
	size_t room = core_peer_room(t->p) - sizeof(uint32_t);

	wr_u32(&w, t->p->lcp.magic);
	wr_view(&w, view_of(rest.p, rest.n < room ? rest.n : room));
	cp_send(t, &t->p->cp_lcp, code, id, wr_view_of(&w));
}

static void
on_echo_request(struct turn *t, const struct cp_packet *pk, uint32_t magic, struct view rest)
{
	struct lcp *l = &t->p->lcp;

	cp_event(t, &t->p->cp_lcp, FSM_RXR, NULL);
	if (t->p->cp_lcp.state != FSM_OPENED)
		return;
	if (magic != 0 && magic == l->magic && ++l->n_loops >= LOOPS_MAX) {
		core_fail(t, CAUSE_LCP_LOOPBACK);
		return;
	}
	send_with_magic(t, CP_ECHO_REP, pk->id, rest);
}

static void
on_echo_reply(struct turn *t, const struct cp_packet *pk, uint32_t magic)
{
	struct lcp *l = &t->p->lcp;

	if (t->p->cp_lcp.state != FSM_OPENED || pk->id != l->echo_id)
		return;
	if (magic != 0 && magic == l->magic)
		return; /* our own request's copy is no sign of life */
	l->echo_open = false;
	l->n_echo_missed = 0;
}

static void
on_protocol_reject(struct turn *t, struct rd *r)
{
	uint16_t protocol = rd_u16(r);

	if (!rd_ok(r)) {
		core_note_bad(t, PPP_PROTO_LCP, "short", CP_HEADER);
		return;
	}
	/* RFC 1661 section 5.7: only in Opened. */
	if (t->p->cp_lcp.state != FSM_OPENED) {
		core_note_ignored(t, "lcp", "protocol-reject");
		return;
	}
	NOTE(t, FACT_NCP_REJECTED, F_U(protocol), F_STR("by the peer"));
	if (protocol == PPP_PROTO_LCP)
		cp_event(t, &t->p->cp_lcp, FSM_RXJ_BAD, NULL);
	else if (protocol == PPP_PROTO_IPCP)
		core_ncp_rejected(t, &t->p->cp_ipcp);
	else if ((protocol == PPP_PROTO_CCP || protocol == PPP_PROTO_COMP) && t->p->ccp.running)
		cp_event(t, &t->p->cp_ccp, FSM_RXJ_BAD, NULL);
	else if (protocol == PPP_PROTO_IPV6CP)
		core_ncp_rejected(t, &t->p->cp_ipv6cp);
	else if (protocol == auth_protocol(t->p->auth.method) && !t->p->up_auth)
		core_fail(t, CAUSE_PPP_REJECTED);
}

static void
on_identification(struct turn *t, struct rd *r)
{
	struct ppp *p = t->p;

	rd_u32(r); /* magic number */
	struct view text = rd_rest(r);
	if (!rd_done(r))
		return;
	p->n_ident = (uint16_t)(text.n < IDENT_MAX ? text.n : IDENT_MAX);
	if (!view_copy(view_of(text.p, p->n_ident), p->ident, sizeof(p->ident)))
		p->n_ident = 0;
	NOTE(t, FACT_IDENTIFICATION, F_TEXT(text));
}

static bool
on_code(struct turn *t, const struct cp_packet *pk)
{
	struct rd_fault fault;
	struct rd r = rd_over(pk->data, &fault);
	uint32_t magic;

	switch (pk->code) {
	case CP_PROT_REJ:
		on_protocol_reject(t, &r);
		return true;
	case CP_ECHO_REQ:
	case CP_ECHO_REP:
		magic = rd_u32(&r);
		struct view rest = rd_rest(&r);
		if (!rd_done(&r))
			core_note_bad(t, PPP_PROTO_LCP, "short", fault.at + CP_HEADER);
		else if (pk->code == CP_ECHO_REQ)
			on_echo_request(t, pk, magic, rest);
		else
			on_echo_reply(t, pk, magic);
		return true;
	case CP_DISCARD:
		return true;
	case CP_IDENTIFICATION:
		on_identification(t, &r);
		return true;
	case CP_TIME_REMAINING:
		rd_u32(&r);
		NOTE(t, FACT_TIME_REMAINING, F_U(rd_u32(&r)));
		return true;
	default:
		return false;
	}
}

/* ---- up, down, over ---- */

void
lcp_opened(struct turn *t)
{
	struct lcp *l = &t->p->lcp;
	const struct ppp_conf *conf = t->p->conf;

	l->n_loops = 0;
	l->n_echo_missed = 0;
	l->echo_open = false;
	l->echo_ms = conf->echo_interval_ms ? t->now->ms + conf->echo_interval_ms : NEVER_MS;
	if (conf->side == SIDE_CLIENT && conf->identification[0])
		send_with_magic(
		    t, CP_IDENTIFICATION, t->p->cp_lcp.next_id++, view_str(conf->identification));
}

/* The last word on a negotiation that led nowhere. */
static void
over_silent(struct turn *t)
{
	const struct ppp *p = t->p;
	bool client = p->conf->side == SIDE_CLIENT;

	if (p->cp_lcp.n_received == 0)
		core_fail(t, CAUSE_LCP_SILENT);
	else if (client && p->lcp.auth_mismatch)
		fail_no_common(t);
	else
		core_fail(t, CAUSE_LCP_NOT_AGREED);
}

/*
 * RFC 1661 lets a Terminate-Request pass while LCP negotiates (6/7/8: sta). We take it at its
 * word in every state: a peer that says so while it negotiates has given up.
 */
static void
over(struct turn *t, enum fsm_event ev)
{
	struct ppp *p = t->p;

	if (p->closing) {
		if (p->cp_lcp.state == FSM_CLOSED || p->cp_lcp.state == FSM_STOPPED)
			core_finish(t, p->end_cause, false);
		return;
	}
	if (ev == FSM_RTR && p->up_ip)
		core_finish(t, CAUSE_ENDED_BY_PEER, true);
	else if (ev == FSM_RTR && p->conf->side == SIDE_CLIENT && p->lcp.auth_mismatch)
		fail_no_common(t);
	else if (ev == FSM_RTR)
		core_finish(t,
		    t->p->ncp_cause && !t->p->told_up ? t->p->ncp_cause : CAUSE_PPP_TERMINATED,
		    true);
	else if (ev == FSM_RXJ_BAD)
		core_finish(t, CAUSE_PPP_REJECTED, true);
	else
		over_silent(t);
}

void
lcp_tick(struct turn *t)
{
	struct ppp *p = t->p;
	struct lcp *l = &p->lcp;

	if (p->ended || p->cp_lcp.state != FSM_OPENED || t->now->ms < l->echo_ms)
		return;
	if (l->echo_open) {
		l->n_echo_missed++;
		NOTE(t, FACT_ECHO_MISSED, F_U(l->n_echo_missed));
		if (l->n_echo_missed >= p->conf->echo_failures) {
			core_fail(t, CAUSE_LCP_ECHO);
			return;
		}
	}
	l->echo_id = p->cp_lcp.next_id++;
	l->echo_open = true;
	l->echo_ms = t->now->ms + p->conf->echo_interval_ms;
	send_with_magic(t, CP_ECHO_REQ, l->echo_id, view_of(NULL, 0));
}

const struct cp_ops lcp_ops = {
	.protocol = PPP_PROTO_LCP,
	.name = "lcp",
	.write_request = write_request,
	.begin = begin,
	.judge = judge,
	.on_nak = on_nak,
	.on_reject = on_reject,
	.on_code = on_code,
	.up = core_lcp_up,
	.down = core_lcp_down,
	.over = over,
};
