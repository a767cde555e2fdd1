/*
 * The engine of aaa under any order of events: each two bytes are one event of a worker, the vault,
 * monitor, record, the clock or the administrator; sending may fail at any time. At the end all
 * workers are lost, and nothing may be left: no session, no port, no lease, no question.
 */
#include "aaa/engine.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct engine *e;
	struct now now;
	enum engine_sent answer[N_ROLE];
	uint64_t question; /* the last that went to the vault */
	uint32_t seq;      /* and to monitor */
	bool watching;
	bool clean; /* the status said that nothing is left */
};

static void
draw(void *ctx, uint8_t *out, size_t n)
{
	(void)ctx;
	memset(out, 0x42, n);
}

static bool
says(struct view lines, const char *text)
{
	return memmem(lines.p, lines.n, text, strlen(text)) != NULL;
}

static enum engine_sent
on_send(void *ctx, enum role_id to, unsigned int index, const struct msg *m)
{
	struct world *w = ctx;
	static uint8_t bytes[MSG_MAX_BYTES];
	struct wr wr = wr_over(bytes, sizeof(bytes));

	(void)index;
	must(msg_write(&wr, m));
	if (m->id == MSG_CHECK_SECRET)
		w->question = m->u.check.question;
	if (m->id == MSG_PLUMB)
		w->seq = m->u.plumb.seq;
	if (m->id == MSG_STATUS && w->watching)
		w->clean = says(m->u.status.lines, "sessions 0\nwaiting 0\n") &&
		           says(m->u.status.lines, "used 0\n") &&
		           says(m->u.status.lines, "leased 0 ");
	return w->answer[to];
}

static struct attempt_id
attempt(uint8_t x)
{
	return (struct attempt_id){ .b = { x & 7 } };
}

static void
give(struct world *w, enum role_id from, unsigned int index, const struct msg *m)
{
	engine_message(w->e, from, index, m, &w->now);
}

static void
auth(struct world *w, uint8_t x)
{
	static const char *const names[] = { "u0", "u1", "u2", "nobody" };
	struct msg m = { .id = MSG_AUTH_SECRET };
	struct auth_request *r = &m.u.auth.request;

	m.u.auth.attempt = attempt(x);
	r->method = x & 0x80 ? AUTH_CHAP : AUTH_MSCHAPV2;
	r->tunnel = TUNNEL_SSTP;
	r->n_name = (uint16_t)strlen(names[x >> 3 & 3]);
	memcpy(r->name, names[x >> 3 & 3], r->n_name);
	give(w, ROLE_NET, x & 1, &m);
}

static void
check_reply(struct world *w, uint8_t x)
{
	struct msg m = { .id = MSG_CHECK_REPLY_SECRET };

	m.u.check_reply.question = w->question - (x >> 3 & 3);
	m.u.check_reply.result = x & 0x80 ? x & 7 : CHECK_YES;
	m.u.check_reply.success = view_str(x & 0x40 ? "S=" : "");
	give(w, ROLE_VAULT, 0, &m);
}

static void
lease(struct world *w, uint8_t x)
{
	struct msg m = { .id = MSG_LEASE };

	m.u.lease.attempt = attempt(x);
	if (x & 0x80)
		m.u.lease.wanted = ip_v4(0x0a000000u + (x >> 3 & 7));
	give(w, ROLE_NET, x & 1, &m);
}

static void
plumb_done(struct world *w, uint8_t x)
{
	struct msg m = { .id = MSG_PLUMB_DONE };

	m.u.plumb_done.seq = w->seq - (x >> 3 & 3);
	m.u.plumb_done.ok = x & 1;
	m.u.plumb_done.device = m.u.plumb_done.error = view_str("x");
	give(w, ROLE_MONITOR, 0, &m);
}

static void
session_end(struct world *w, uint8_t x)
{
	struct msg m = { .id = MSG_SESSION_END };

	m.u.session_end.attempt = attempt(x);
	give(w, ROLE_NET, x & 1, &m);
}

static void
session_held(struct world *w, uint8_t x)
{
	struct msg m = { .id = MSG_SESSION_HELD };

	m.u.session_held.attempt = attempt(x);
	m.u.session_held.tunnel = x & 0x80 ? x : TUNNEL_SSTP;
	m.u.session_held.address = ip_v4(0x0a000000u + (x >> 3 & 7));
	give(w, ROLE_NET, x & 1, &m);
}

static void
account(struct world *w, uint8_t x)
{
	char name[] = { 'u', (char)('0' + (x & 3)), 0 };
	struct msg m = { .id = MSG_ACCOUNT };

	m.u.account.account = x & 7;
	m.u.account.name = view_str(name);
	m.u.account.deleted = x >> 3 & 1;
	m.u.account.enabled = !(x & 0x10);
	m.u.account.dialin = x >> 5 & 3;
	m.u.account.groups = m.u.account.caller_id = view_str("");
	if (x & 0x80)
		m.u.account.address = ip_v4(0x0a000000u + (x >> 4 & 7));
	give(w, ROLE_RECORD, 0, &m);
}

static void
configure(struct world *w, uint8_t x)
{
	struct conf_policy policy = { .id = 1, .enabled = true, .grant = true };
	struct conf *c = calloc(1, sizeof(*c));
	char err[64];

	must(c);
	memcpy(policy.name, "P", 2);
	policy.ignore_dialin = x & 0x10;
	c->remote_access = !(x & 1);
	c->ipv4_enabled = !(x & 2);
	c->sstp_enabled = true;
	c->sstp_ports = 1 + (x >> 5);
	c->method_mask = AUTH_BIT(AUTH_MSCHAPV2);
	c->n_policies = 1;
	c->policies = &policy;
	c->n_pools = 1;
	memcpy(c->pools[0].name, "p", 2);
	c->pools[0].n_ranges = 1;
	c->pools[0].ranges[0].first = ip_v4(0x0a000000u + (x >> 2 & 3));
	c->pools[0].ranges[0].last = ip_v4(0x0a000004u);
	must(engine_configure(w->e, c, err, sizeof(err)));
	free(c);
}

static void
step(struct world *w, uint8_t op, uint8_t x)
{
	struct msg done = { .id = MSG_SYNC_DONE };

	switch (op % 13) {
	case 0:
	case 1:
		auth(w, x);
		return;
	case 2:
	case 3:
		check_reply(w, x);
		return;
	case 4:
		lease(w, x);
		return;
	case 5:
		plumb_done(w, x);
		return;
	case 6:
		session_end(w, x);
		return;
	case 7:
		account(w, x);
		return;
	case 8:
		w->now.ms += (uint64_t)x * 50;
		engine_tick(w->e, &w->now);
		return;
	case 9:
		w->answer[x % N_ROLE] = (enum engine_sent)(x / N_ROLE % 3);
		return;
	case 10:
		if (x & 0x80)
			engine_peer_back(w->e, x % N_ROLE, 0, &w->now);
		else
			engine_peer_lost(w->e, x % N_ROLE, x >> 3 & 1, "it ended", &w->now);
		return;
	case 11:
		session_held(w, x);
		return;
	default:
		if (x & 0x80)
			give(w, ROLE_RECORD, 0, &done);
		else
			configure(w, x);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { .now = { .ms = 1000, .unix_us = 1700000000000000, .draw = draw } };
	struct msg status = { .id = MSG_STATUS_ASK };

	if (size > 4096)
		return 0;
	w.e = engine_new(on_send, &w, &w.now);
	must(w.e);
	configure(&w, 0x60);
	engine_start(w.e, 0, &w.now);
	for (uint8_t i = 1; i < 4; i++)
		account(&w, i);
	if (size & 1)
		step(&w, 12, 0x80);
	for (size_t i = 0; i + 1 < size; i += 2)
		step(&w, data[i], data[i + 1]);

	memset(w.answer, 0, sizeof(w.answer));
	engine_peer_lost(w.e, ROLE_NET, 0, "it ended", &w.now);
	engine_peer_lost(w.e, ROLE_NET, 1, "it ended", &w.now);
	w.now.ms += ENGINE_ANSWER_TIMEOUT_MS;
	engine_tick(w.e, &w.now);
	w.watching = true;
	give(&w, ROLE_RECORD, 0, &status);
	must(w.clean);
	engine_free(w.e);
	return 0;
}
