/*
 * The PPP core: the phases of a link (RFC 1661 section 3) over LCP, authentication and IPCP, and
 * the calls of ppp.h. It stands between a link and the data path; addresses and verdicts come as
 * answers, time as a value.
 */
#include "proto/ppp/core.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- small tools of the folder ---- */

void
core_note(struct turn *t, const struct fact *f)
{
	if (!t->p->ended)
		fx_fact(t->fx, f);
}

void
core_note_bad(struct turn *t, uint16_t protocol, const char *error, size_t at)
{
	NOTE(t, FACT_PPP_BAD, F_U(protocol), F_STR(error), F_U(at));
}

void
core_note_ignored(struct turn *t, const char *protocol, const char *what)
{
	NOTE(t, FACT_PPP_IGNORED, F_STR(protocol), F_STR(what),
	    F_STR(fsm_state_name(t->p->cp_lcp.state)));
}

/*
 * Windows puts magic number, the mark 00 3c cd 74 and its RAS error into a Terminate-Request (seen
 * in logs of public servers: "<\315t" and 732 or 742); the number says what its user sees.
 */
void
core_note_terminate(struct turn *t, struct view reason)
{
	struct rd_fault fault;
	struct rd r = rd_over(reason, &fault);
	char words[40];

	rd_u32(&r);
	bool marked = rd_u32(&r) == 0x003ccd74u;
	uint32_t error = rd_u32(&r);
	if (marked && rd_done(&r)) {
		snprintf(words, sizeof(words), "Windows error %u", error);
		reason = view_str(words);
	}
	NOTE(t, FACT_PPP_TERM, F_STR("in"), F_TEXT(reason));
}

void
core_frame_begin(struct turn *t, uint16_t protocol, struct wr *w)
{
	*w = fx_writer(t->fx);
	wr_u16(w, 0xff03);
	wr_u16(w, protocol);
}

void
core_frame_send(struct turn *t, uint16_t protocol, const struct wr *w)
{
	if (!t->p->ended)
		fx_send(t->fx, w, protocol);
}

size_t
core_peer_room(const struct ppp *p)
{
	size_t mru = p->lcp.peer_mru < CP_PACKET_MAX ? p->lcp.peer_mru : CP_PACKET_MAX;

	return (mru < MRU_MIN ? MRU_MIN : mru) - CP_HEADER;
}

const char *
core_reason_text(enum cause cause)
{
	const struct cause_info *info = cause_info(cause);

	switch (info->class_) {
	case CLASS_CREDENTIALS:
	case CLASS_ACCOUNT:
		return "Authentication failed";
	case CLASS_POLICY:
		return cause == CAUSE_AUTH_NO_COMMON ? "No common authentication method"
		                                     : "Authentication failed";
	case CLASS_ADDRESSES:
		return "No address available";
	case CLASS_OK:
	case CLASS_UNREACHABLE:
	case CLASS_CERTIFICATE:
	case CLASS_ENCRYPTION:
	case CLASS_SERVER:
	case CLASS_INTERNAL:
		break;
	}
	return cause == CAUSE_NONE ? "" : info->name;
}

/* ---- the end ---- */

static void
note_counts(struct turn *t, const struct cp *c)
{
	if (c->n_sent || c->n_received)
		NOTE(t, FACT_PPP_COUNTS, F_STR(c->ops->name), F_U(c->n_sent), F_U(c->n_received),
		    F_U(t->now->ms - c->since_ms));
}

void
core_finish(struct turn *t, enum cause cause, bool by_peer)
{
	struct ppp *p = t->p;

	if (p->ended)
		return;
	note_counts(t, &p->cp_lcp);
	note_counts(t, &p->cp_ipcp);
	note_counts(t, &p->cp_ccp);
	note_counts(t, &p->cp_ipv6cp);
	p->ended = true;
	p->data = (struct ppp_data){ .peer_mru = p->data.peer_mru };
	auth_stop(p);
	auth_wipe(p);
	if (p->own)
		secret_wipe(&p->own->password);
	fx_down(t->fx, cause, by_peer);
}

void
core_hang_up(struct turn *t, enum cause cause, bool by_peer)
{
	struct ppp *p = t->p;
	struct view reason = view_str(core_reason_text(cause));

	if (p->ended)
		return;
	if (p->cp_lcp.n_received && p->cp_lcp.state >= FSM_CLOSING && !p->closing) {
		cp_send(t, &p->cp_lcp, CP_TERM_REQ, p->cp_lcp.next_id++, reason);
		NOTE(t, FACT_PPP_TERM, F_STR("out"), F_TEXT(reason));
	}
	core_finish(t, p->closing ? p->end_cause : cause, by_peer);
}

void
core_fail(struct turn *t, enum cause cause)
{
	core_hang_up(t, cause, false);
}

/* ---- LCP opened and down ---- */

void
core_data_gate(struct turn *t)
{
	struct ppp *p = t->p;

	p->data.ip_open = p->ipcp.open && p->ccp.settled && !p->ended;
	p->data.ipv6_open = p->ipv6cp.open && p->ccp.settled && !p->ended;
	if (!p->data.ip_open && !p->data.ipv6_open)
		return;
	p->negotiate_deadline_ms = NEVER_MS;
	core_ncp_tell(t);
}

void
core_lcp_up(struct turn *t)
{
	struct ppp *p = t->p;
	enum auth_method method = p->conf->side == SIDE_SERVER ? p->lcp.auth : p->lcp.peer_auth;

	p->data.peer_mru = p->lcp.peer_mru;
	p->data.send_pfc = p->lcp.peer_pfc;
	p->data.send_acfc = p->lcp.peer_acfc;
	NOTE(t, FACT_LCP_OPENED, F_U(p->lcp.ask_mru ? p->lcp.mru : MRU_DEFAULT),
	    F_U(p->lcp.peer_mru), F_STR(auth_method_name(method)));
	lcp_opened(t);
	if (!p->up_lcp)
		fx_up(t->fx, PPP_UP_LCP);
	p->up_lcp = true;
	/* No proof demanded is no proof given: it must be allowed in so many words. */
	if (method == AUTH_NONE && !(p->conf->auth_mask & AUTH_BIT(AUTH_NONE))) {
		char ours[64];
		auth_mask_text(p->conf->auth_mask, ours, sizeof(ours));
		NOTE(t, FACT_AUTH_LISTS, F_STR(ours), F_STR("none"));
		core_fail(t, CAUSE_AUTH_NO_COMMON);
		return;
	}
	auth_start(t, method);
}

void
core_lcp_down(struct turn *t)
{
	struct ppp *p = t->p;

	p->data = (struct ppp_data){ .peer_mru = p->data.peer_mru };
	p->lcp.echo_ms = NEVER_MS;
	p->n_held = p->n_held6 = 0;
	/*
	 * A server that has named somebody to the outside (a port may be claimed, a key bound)
	 * does not begin again on the same link. A client follows a server that does.
	 */
	if (!p->closing && p->auth.asked_ever) {
		core_note_ignored(t, "lcp", "renegotiation-after-authentication");
		core_hang_up(t, p->up_ip ? CAUSE_ENDED_BY_PEER : CAUSE_PPP_TERMINATED, true);
		return;
	}
	auth_stop(p);
	if (p->cp_ipcp.state != FSM_INITIAL && p->cp_ipcp.state != FSM_STARTING)
		cp_event(t, &p->cp_ipcp, FSM_DOWN, NULL);
	if (p->cp_ccp.state != FSM_INITIAL && p->cp_ccp.state != FSM_STARTING)
		cp_event(t, &p->cp_ccp, FSM_DOWN, NULL);
	p->ccp.settled = p->ccp.running = false;
	if (p->cp_ipv6cp.state != FSM_INITIAL && p->cp_ipv6cp.state != FSM_STARTING)
		cp_event(t, &p->cp_ipv6cp, FSM_DOWN, NULL);
	p->settle_deadline_ms = NEVER_MS;
	p->net = NET_IDLE;
	p->net_deadline_ms = NEVER_MS;
	p->cp_lcp.n_refused_in = 0;
	p->lcp.n_auth_naks = 0;
	/* A peer that begins again and again gets no more time by that. */
	if (p->conf->negotiate_ms && !p->closing && p->negotiate_deadline_ms == NEVER_MS)
		p->negotiate_deadline_ms = t->now->ms + p->conf->negotiate_ms;
}

/* ---- the network phase ---- */

void
core_reject_protocol(struct turn *t, uint16_t protocol, struct view info)
{
	struct ppp *p = t->p;
	uint8_t bytes[CP_PACKET_MAX];
	struct wr w = wr_over(bytes, sizeof(bytes));
	size_t room = core_peer_room(p) - sizeof(protocol);

	wr_u16(&w, protocol);
	wr_view(&w, view_of(info.p, info.n < room ? info.n : room));
	cp_send(t, &p->cp_lcp, CP_PROT_REJ, p->cp_lcp.next_id++, wr_view_of(&w));
	NOTE(t, FACT_NCP_REJECTED, F_U(protocol), F_STR("by us"));
}

/*
 * RFC 1332 section 2.1: what has no IP here is rejected as a protocol, then there is no more. A
 * peer that would be content with IPv6 is told of that as well: so it knows that no protocol is
 * left.
 */
static void
refuse_network(struct turn *t, enum cause cause)
{
	struct ppp *p = t->p;

	core_reject_protocol(t, PPP_PROTO_IPCP, view_of(p->held, p->n_held));
	if (p->conf->ipv6_enabled)
		core_reject_protocol(t, PPP_PROTO_IPV6CP, view_of(p->held6, p->n_held6));
	core_fail(t, cause);
}

static struct ip_addr
wanted_address(const struct ppp *p)
{
	struct rd_fault fault;
	struct cp_packet pk;
	uint32_t a;

	if (p->n_held == 0 || !cp_read(view_of(p->held, p->n_held), &pk, &fault))
		return (struct ip_addr){ 0 };
	struct rd r = rd_over(pk.data, &fault);
	while (rd_more(&r)) {
		struct cp_option o;
		cp_read_option(&r, &o);
		if (o.type == 3 && cp_option_u32(&o, &a) && a != 0)
			return ip_v4(a);
	}
	return (struct ip_addr){ 0 };
}

static void
begin_network(struct turn *t)
{
	struct ppp *p = t->p;

	if (p->ended || p->net != NET_IDLE || p->auth.state != AUTH_DONE || !p->network_allowed)
		return;
	ccp_start(t, p->levels);
	if (p->ended)
		return;
	if (!p->conf->ip_enabled && !p->conf->ipv6_enabled) {
		p->net = NET_OFF;
		p->net_deadline_ms = t->now->ms + p->conf->restart_ms;
		if (p->n_held)
			refuse_network(t, CAUSE_IP_OFF);
		return;
	}
	if (p->conf->side == SIDE_CLIENT) {
		core_ncp_run(t);
		return;
	}
	p->net = NET_ASKED;
	p->ask_deadline_ms = t->now->ms + p->conf->answer_ms;
	t->fx->lease = (struct lease_request){ .wanted = wanted_address(p) };
	fx_ask_lease(t->fx);
}

void
core_auth_done(struct turn *t)
{
	struct ppp *p = t->p;

	p->auth.timer_ms = NEVER_MS;
	p->auth.state = AUTH_DONE;
	if (!p->up_auth)
		fx_up(t->fx, PPP_UP_AUTH);
	p->up_auth = true;
	begin_network(t);
}

/* ---- input ---- */

static void
input_opened(struct turn *t, uint16_t protocol, struct view info)
{
	struct ppp *p = t->p;

	switch (protocol) {
	case PPP_PROTO_PAP:
	case PPP_PROTO_CHAP:
		auth_input(t, protocol, info);
		return;
	case PPP_PROTO_IP:
	case PPP_PROTO_IPV6:
	case PPP_PROTO_COMP:
		return; /* Q13: data of a closed protocol, or lost its way */
	default:
		break;
	}
	if (p->auth.state != AUTH_DONE) { /* Q03; RFC 1661 section 3.5 */
		char number[8];
		snprintf(number, sizeof(number), "%04x", protocol);
		core_note_ignored(t, number, "packet-before-authentication");
		return;
	}
	if (protocol == PPP_PROTO_CCP && p->ccp.running) {
		cp_input(t, &p->cp_ccp, info);
	} else if (protocol == PPP_PROTO_IPCP) {
		core_ncp_input(t, &p->cp_ipcp, info);
		if (p->net == NET_OFF)
			refuse_network(t, CAUSE_IP_OFF);
	} else if (protocol == PPP_PROTO_IPV6CP && p->conf->ipv6_enabled) {
		core_ncp_input(t, &p->cp_ipv6cp, info);
	} else {
		core_reject_protocol(t, protocol, info);
	}
}

void
ppp_input(struct ppp *p, struct view frame, const struct now *now, struct fx *fx)
{
	struct turn t = { p, now, fx };
	struct view info = { 0 };

	if (p->ended || !p->started)
		return;
	uint16_t protocol = ppp_frame_open(frame, &info);
	if (protocol == 0 || info.n > CP_PACKET_MAX) {
		core_note_bad(&t, protocol, protocol ? "too-long" : "no-header", 0);
		return;
	}
	p->lcp.n_echo_missed = 0;
	if (protocol == PPP_PROTO_LCP) {
		cp_input(&t, &p->cp_lcp, info);
		return;
	}
	if (p->cp_lcp.state != FSM_OPENED) { /* RFC 1661 section 3.4 */
		core_note_ignored(&t, "early", "packet-before-lcp-opened");
		return;
	}
	input_opened(&t, protocol, info);
}

/* ---- calls from above and below ---- */

size_t
ppp_size(void)
{
	return sizeof(struct ppp);
}

struct ppp *
ppp_new(const struct ppp_conf *conf)
{
	struct ppp *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->conf = conf;
	if (conf->side == SIDE_CLIENT) {
		p->conf = p->own = calloc(1, sizeof(*p->own));
		if (!p->own) {
			free(p);
			return NULL;
		}
		*p->own = *conf;
	}
	p->network_allowed = !conf->hold_network;
	p->ask_deadline_ms = p->negotiate_deadline_ms = p->net_deadline_ms = NEVER_MS;
	p->settle_deadline_ms = NEVER_MS;
	p->auth.timer_ms = p->lcp.echo_ms = NEVER_MS;
	p->data.peer_mru = p->lcp.peer_mru = MRU_DEFAULT;
	cp_init(&p->cp_lcp, &lcp_ops);
	cp_init(&p->cp_ipcp, &ipcp_ops);
	cp_init(&p->cp_ccp, &ccp_ops);
	p->levels = conf->encryption;
	cp_init(&p->cp_ipv6cp, &ipv6cp_ops);
	return p;
}

void
ppp_free(struct ppp *p)
{
	if (!p)
		return;
	auth_free(p);
	if (p->own)
		secret_wipe_bytes(p->own, sizeof(*p->own));
	free(p->own);
	secret_wipe_bytes(p, sizeof(*p));
	free(p);
}

void
ppp_lower_up(struct ppp *p, const struct now *now, struct fx *fx)
{
	struct turn t = { p, now, fx };

	if (p->ended || p->started)
		return;
	p->started = true;
	if (p->conf->negotiate_ms)
		p->negotiate_deadline_ms = now->ms + p->conf->negotiate_ms;
	lcp_init(&t);
	cp_start(&t, &p->cp_lcp);
}

void
ppp_answer_auth(struct ppp *p, const struct auth_answer *a, const struct now *now, struct fx *fx)
{
	struct turn t = { p, now, fx };

	if (p->ended || p->closing)
		return;
	if (a->ok && a->profile.encryption) /* the policy's terms in place of the settings' */
		p->levels = a->profile.encryption;
	server_auth_answer(&t, a);
}

void
ppp_start_network(struct ppp *p, const struct now *now, struct fx *fx)
{
	struct turn t = { p, now, fx };

	p->network_allowed = true;
	begin_network(&t);
}

void
ppp_answer_lease(struct ppp *p, const struct lease_answer *a, const struct now *now, struct fx *fx)
{
	struct turn t = { p, now, fx };

	if (p->ended || p->closing || p->net != NET_ASKED)
		return;
	p->ask_deadline_ms = NEVER_MS;
	p->lease = *a;
	if (a->cause != CAUSE_NONE)
		refuse_network(&t, a->cause);
	else
		core_ncp_run(&t);
}

void
ppp_close(struct ppp *p, enum cause cause, const struct now *now, struct fx *fx)
{
	struct turn t = { p, now, fx };

	if (p->ended || p->closing)
		return;
	/* An orderly end waits for the peer's Ack; a failure does not. */
	if (cause_info(cause)->blame != BLAME_NONE || p->cp_lcp.n_received == 0) {
		core_fail(&t, cause);
		return;
	}
	p->closing = true;
	p->end_cause = cause;
	p->negotiate_deadline_ms = p->ask_deadline_ms = p->net_deadline_ms = NEVER_MS;
	p->settle_deadline_ms = NEVER_MS;
	auth_stop(p);
	cp_event(&t, &p->cp_lcp, FSM_CLOSE, NULL);
}

void
ppp_tick(struct ppp *p, const struct now *now, struct fx *fx)
{
	struct turn t = { p, now, fx };

	if (p->ended || !p->started)
		return;
	if (now->ms >= p->negotiate_deadline_ms)
		core_fail(&t, CAUSE_PPP_TIMEOUT);
	if (now->ms >= p->ask_deadline_ms) {
		NOTE(&t, FACT_NO_ANSWER, F_STR("aaa"),
		    F_STR(p->net == NET_ASKED ? "address" : "authentication"),
		    F_U(p->conf->answer_ms));
		core_fail(&t, CAUSE_AAA_DOWN);
	}
	if (now->ms >= p->net_deadline_ms)
		core_fail(&t, CAUSE_IP_OFF);
	cp_tick(&t, &p->cp_lcp);
	cp_tick(&t, &p->cp_ipcp);
	cp_tick(&t, &p->cp_ccp);
	cp_tick(&t, &p->cp_ipv6cp);
	core_ncp_tick(&t);
	auth_tick(&t);
	lcp_tick(&t);
}

uint64_t
ppp_deadline_ms(const struct ppp *p)
{
	uint64_t d = NEVER_MS;

	if (p->ended || !p->started)
		return NEVER_MS;
	d = deadline_min(d, p->negotiate_deadline_ms);
	d = deadline_min(d, p->ask_deadline_ms);
	d = deadline_min(d, p->net_deadline_ms);
	d = deadline_min(d, p->cp_lcp.timer_ms);
	d = deadline_min(d, p->cp_ipcp.timer_ms);
	d = deadline_min(d, p->cp_ccp.timer_ms);
	d = deadline_min(d, p->cp_ipv6cp.timer_ms);
	d = deadline_min(d, p->settle_deadline_ms);
	d = deadline_min(d, p->auth.timer_ms);
	return deadline_min(d, p->lcp.echo_ms);
}

/* ---- what others may know ---- */

const struct ppp_data *
ppp_data(const struct ppp *p)
{
	return &p->data;
}

const struct ppp_ip *
ppp_ip(const struct ppp *p)
{
	return &p->ip;
}

enum auth_method
ppp_auth_method(const struct ppp *p)
{
	return p->auth.method;
}

struct view
ppp_peer_name(const struct ppp *p)
{
	if (p->conf->side == SIDE_CLIENT)
		return view_of(p->conf->user, p->conf->n_user);
	return view_of(p->auth.name, p->auth.n_name);
}

bool
ppp_hlak(const struct ppp *p, uint8_t out[32])
{
	if (!p->up_auth)
		return false;
	memcpy(out, p->auth.hlak, sizeof(p->auth.hlak));
	return true;
}

struct view
ppp_identification(const struct ppp *p)
{
	return view_of(p->ident, p->n_ident);
}
