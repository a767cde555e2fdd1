/*
 * The PPP core, both sides, driven by op codes: frames pass, get lost, are repeated and forged,
 * time runs, questions are answered this way or that, ends close. Whatever happens, an end goes
 * down once, for a named cause, nothing follows, and left alone both ends go down in bounded time.
 */
#include "crypto/crypto.h"
#include "proto/ppp/frame.h"
#include "proto/ppp/ppp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define QUEUE 16u
#define FRAME_MAX 1600u

struct end {
	struct ppp *p;
	bool down;
	bool asked_auth, asked_lease;
	unsigned int n_queue; /* frames on their way to this end */
	size_t n[QUEUE];
	uint8_t b[QUEUE][FRAME_MAX];
};

static struct end ends[2];
static struct fx fx;
static uint8_t random_byte;

static void
draw(void *ctx, uint8_t *out, size_t n)
{
	(void)ctx;
	for (size_t i = 0; i < n; i++)
		out[i] = random_byte += 7;
}

static void
enqueue(struct end *to, struct view frame)
{
	must(frame.n <= FRAME_MAX);
	if (to->n_queue == QUEUE)
		return;
	memcpy(to->b[to->n_queue], frame.p, frame.n);
	to->n[to->n_queue++] = frame.n;
}

static void
carry_out(struct end *e)
{
	struct end *peer = e == &ends[0] ? &ends[1] : &ends[0];

	for (unsigned int i = 0; i < fx.n; i++) {
		const struct fx_item *it = &fx.items[i];
		must(!e->down);
		if (it->kind == FX_SEND)
			enqueue(peer, it->bytes);
		must(it->kind != FX_FRAME);
		if (it->kind == FX_ASK_AUTH) {
			must(!e->asked_auth);
			e->asked_auth = true;
		}
		if (it->kind == FX_ASK_LEASE) {
			must(!e->asked_lease);
			e->asked_lease = true;
		}
		if (it->kind == FX_DOWN) {
			must(it->cause != CAUSE_NONE);
			must(strcmp(cause_info(it->cause)->name, "unknown") != 0);
			e->down = true;
			must(ppp_deadline_ms(e->p) == NEVER_MS && !ppp_data(e->p)->ip_open);
		}
	}
	fx_reset(&fx);
}

static void
feed(struct end *e, struct view frame, const struct now *now)
{
	uint8_t *copy = malloc(frame.n ? frame.n : 1); /* exact size: an overread is seen */

	must(copy);
	if (frame.n)
		memcpy(copy, frame.p, frame.n);
	ppp_input(e->p, view_of(copy, frame.n), now, &fx);
	free(copy);
	carry_out(e);
}

/* Takes frame i out of the queue. */
static void
drop(struct end *e, unsigned int i)
{
	e->n_queue--;
	memmove(e->b[i], e->b[i + 1], (e->n_queue - i) * FRAME_MAX);
	memmove(&e->n[i], &e->n[i + 1], (e->n_queue - i) * sizeof(e->n[0]));
}

static void
pass(struct end *e, unsigned int i, bool keep, const struct now *now)
{
	uint8_t frame[FRAME_MAX];
	size_t n;

	if (i >= e->n_queue)
		return;
	n = e->n[i];
	memcpy(frame, e->b[i], n);
	if (!keep)
		drop(e, i);
	feed(e, view_of(frame, n), now);
}

static void
forge(struct end *e, struct rd *r, const struct now *now)
{
	static const uint16_t protocols[] = { PPP_PROTO_LCP, PPP_PROTO_PAP, PPP_PROTO_CHAP,
		PPP_PROTO_IPCP, PPP_PROTO_CCP, PPP_PROTO_IPV6CP, PPP_PROTO_EAP, PPP_PROTO_IP };
	uint8_t frame[300];
	struct wr w = wr_over(frame, sizeof(frame));
	uint8_t what = rd_u8(r), code = rd_u8(r), id = rd_u8(r);
	struct view data = rd_take(r, rd_u8(r));

	wr_u16(&w, 0xff03);
	wr_u16(&w, protocols[what & 7]);
	wr_u8(&w, code & 15);
	wr_u8(&w, id);
	wr_u16(&w, (uint16_t)(4 + data.n));
	wr_view(&w, data);
	must(wr_done(&w));
	feed(e, wr_view_of(&w), now);
}

static void
run_answer(struct end *e, uint8_t how, const struct now *now)
{
	struct auth_answer a = { .ok = how & 1, .may_retry = how & 2, .has_keys = true };
	struct lease_answer l = { .local = ip_v4(0x0a630001), .remote = ip_v4(0x0a630002) };

	memcpy(a.success, "S=407A5589115FD0D6209F510FE9C04566932CDA56", 43);
	a.cause = a.ok ? CAUSE_NONE : CAUSE_WRONG_PASSWORD;
	if (how & 4)
		l.cause = CAUSE_POOL_EXHAUSTED;
	if (how & 8) {
		e->asked_lease = false;
		ppp_answer_lease(e->p, &l, now, &fx);
	} else {
		e->asked_auth = false;
		ppp_answer_auth(e->p, &a, now, &fx);
	}
	carry_out(e);
}

static void
operate(struct rd *r, struct now *now)
{
	static const enum cause causes[] = { CAUSE_ENDED_BY_ADMIN, CAUSE_BINDING_MAC };
	uint8_t op = rd_u8(r);
	struct end *e = &ends[op & 1];
	struct view raw;

	switch (op >> 1 & 7) {
	case 0:
	case 1:
		pass(e, op >> 4, op & 2, now);
		break;
	case 2:
		if (e->n_queue)
			drop(e, 0);
		break;
	case 3:
		forge(e, r, now);
		break;
	case 4:
		raw = rd_take(r, rd_u8(r));
		feed(e, raw, now);
		break;
	case 5:
		now->ms += (uint64_t)rd_u16(r);
		ppp_tick(e->p, now, &fx);
		carry_out(e);
		break;
	case 6:
		run_answer(e, op >> 4, now);
		break;
	case 7:
		if (op & 0x10)
			ppp_start_network(e->p, now, &fx);
		else if (op & 0x20)
			ppp_close(e->p, causes[op >> 6 & 1], now, &fx);
		carry_out(e);
		break;
	}
}

static void
begin(enum side side, uint8_t how, const struct now *now)
{
	static const unsigned int masks[] = { AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_CHAP),
		AUTH_BIT(AUTH_PAP),
		AUTH_BIT(AUTH_PAP) | AUTH_BIT(AUTH_CHAP) | AUTH_BIT(AUTH_MSCHAPV2) };
	static struct ppp_conf confs[2];
	struct ppp_conf *conf = &confs[side];

	ppp_conf_defaults(conf, side, TUNNEL_SSTP);
	conf->auth_mask = masks[how & 3];
	conf->hold_network = how & 4;
	conf->ip_enabled = !(how & 8) || side == SIDE_CLIENT;
	memcpy(conf->user, "User", 4);
	conf->n_user = 4;
	must(secret_set(&conf->password, view_str("clientPass")));
	ends[side] = (struct end){ .p = ppp_new(conf) };
	must(ends[side].p);
	ppp_lower_up(ends[side].p, now, &fx);
	carry_out(&ends[side]);
}

/* Left alone, with frames lost and questions unanswered, an end goes down by its own clock. */
static void
run_out(struct end *e, struct now *now)
{
	for (unsigned int i = 0; i < 200 && !e->down; i++) {
		uint64_t at = ppp_deadline_ms(e->p);
		must(at != NEVER_MS);
		now->ms = at > now->ms ? at : now->ms;
		ppp_tick(e->p, now, &fx);
		carry_out(e);
		must(e->down || ppp_deadline_ms(e->p) > now->ms);
	}
	must(e->down);
	ppp_free(e->p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct rd_fault fault;
	struct rd r = rd_over(view_of(data, size), &fault);
	struct now now = { .ms = 1000, .draw = draw };
	char err[256];

	if (!ready)
		must(crypto_init(err, sizeof(err)));
	ready = true;
	random_byte = 0;
	uint8_t how = rd_u8(&r);
	begin(SIDE_CLIENT, how & 3, &now);
	begin(SIDE_SERVER, how >> 2, &now);
	for (unsigned int i = 0; i < 400 && rd_more(&r); i++)
		operate(&r, &now);
	run_out(&ends[SIDE_CLIENT], &now);
	run_out(&ends[SIDE_SERVER], &now);
	return 0;
}
