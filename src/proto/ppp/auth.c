/*
 * What both ends of PAP and CHAP share: which packet goes where, repetition, time limits. The
 * proofs themselves are in auth_server.c and auth_client.c. It stands behind LCP in ppp_core.c.
 */
#include "proto/ppp/core.h"

#include <stdlib.h>

uint16_t
auth_protocol(enum auth_method method)
{
	switch (method) {
	case AUTH_PAP:
		return PPP_PROTO_PAP;
	case AUTH_CHAP:
	case AUTH_MSCHAP:
	case AUTH_MSCHAPV2:
		return PPP_PROTO_CHAP;
	case AUTH_EAP:
		return PPP_PROTO_EAP;
	case AUTH_NONE:
	case N_AUTH_METHOD:
		break;
	}
	return 0;
}

static void
drop_out(struct auth *a)
{
	if (a->out)
		secret_wipe_bytes(a->out, a->out_cap);
	free(a->out);
	a->out = NULL;
	a->n_out = a->out_cap = 0;
}

static bool
make_out(struct auth *a)
{
	drop_out(a);
	a->out = calloc(1, AUTH_PACKET_MAX);
	a->out_cap = a->out ? AUTH_PACKET_MAX : 0;
	return a->out != NULL;
}

struct wr
auth_out(struct ppp *p)
{
	return wr_over(p->auth.out, p->auth.out_cap);
}

/* An idle session keeps only the bytes that a peer which lost them would ask for again. */
void
auth_keep_little(struct ppp *p)
{
	struct auth *a = &p->auth;
	uint16_t n = a->n_out;
	uint8_t *less = n ? calloc(1, n) : NULL;

	if (!less)
		return;
	memcpy(less, a->out, n);
	drop_out(a);
	a->out = less;
	a->n_out = a->out_cap = n;
}

void
auth_free(struct ppp *p)
{
	drop_out(&p->auth);
	free(p->auth.name);
	p->auth.name = NULL;
	p->auth.n_name = 0;
}

void
auth_start(struct turn *t, enum auth_method method)
{
	struct ppp *p = t->p;
	struct auth *a = &p->auth;

	a->method = method;
	if (method != AUTH_NONE && a->out_cap < AUTH_PACKET_MAX && !make_out(a)) {
		core_fail(t, CAUSE_NO_MEMORY);
		return;
	}
	a->n_out = 0;
	a->changing = false;
	a->wait_cause = CAUSE_NONE;
	a->sends_left = p->conf->max_configure;
	a->retries_left = p->conf->auth_retries;
	a->timer_ms = t->now->ms + (uint64_t)p->conf->restart_ms * p->conf->max_configure;
	a->state = AUTH_WAIT;
	if (method == AUTH_NONE) {
		a->timer_ms = NEVER_MS;
		a->state = AUTH_DONE;
		core_auth_done(t);
		return;
	}
	if (p->conf->side == SIDE_SERVER)
		server_auth_start(t);
	else
		client_auth_start(t);
}

void
auth_stop(struct ppp *p)
{
	p->auth.state = AUTH_IDLE;
	p->auth.timer_ms = NEVER_MS;
	p->ask_deadline_ms = NEVER_MS;
}

void
auth_wipe(struct ppp *p)
{
	if (p->auth.out)
		secret_wipe_bytes(p->auth.out, p->auth.out_cap);
	secret_wipe_bytes(p->auth.expect, sizeof(p->auth.expect));
	secret_wipe_bytes(p->auth.next_hlak, sizeof(p->auth.next_hlak));
	p->auth.n_out = 0;
}

/* Sends the last packet of ours, for the first time or again. */
void
auth_send_stored(struct turn *t)
{
	const struct auth *a = &t->p->auth;
	struct wr w;

	if (a->n_out == 0 || t->p->ended)
		return;
	core_frame_begin(t, auth_protocol(a->method), &w);
	wr_bytes(&w, a->out, a->n_out);
	core_frame_send(t, auth_protocol(a->method), &w);
}

void
auth_input(struct turn *t, uint16_t protocol, struct view info)
{
	struct ppp *p = t->p;
	struct cp_packet pk;
	struct rd_fault fault;
	bool server = p->conf->side == SIDE_SERVER;

	if (p->auth.state == AUTH_IDLE || protocol != auth_protocol(p->auth.method)) {
		core_note_ignored(t, protocol == PPP_PROTO_PAP ? "pap" : "chap", "packet");
		return;
	}
	if (!cp_read(info, &pk, &fault)) {
		core_note_bad(t, protocol, rd_error_name(fault.error), fault.at);
		return;
	}
	if (protocol == PPP_PROTO_PAP && server)
		server_auth_pap(t, &pk);
	else if (protocol == PPP_PROTO_PAP)
		client_auth_pap(t, &pk);
	else if (server)
		server_auth_chap(t, &pk);
	else
		client_auth_chap(t, &pk);
}

/* Whether our last packet is worth repeating: a challenge, a response, a PAP request. */
static bool
may_repeat(const struct ppp *p)
{
	const struct auth *a = &p->auth;

	if (a->sends_left == 0 || a->n_out == 0)
		return false;
	return a->state == AUTH_SENT || a->state == AUTH_WAIT;
}

void
auth_tick(struct turn *t)
{
	struct ppp *p = t->p;
	struct auth *a = &p->auth;

	if (p->ended || t->now->ms < a->timer_ms)
		return;
	if (!may_repeat(p)) {
		a->timer_ms = NEVER_MS;
		core_fail(t, a->wait_cause ? a->wait_cause : CAUSE_AUTH_SILENT);
		return;
	}
	a->sends_left--;
	a->timer_ms = t->now->ms + p->conf->restart_ms;
	auth_send_stored(t);
}
