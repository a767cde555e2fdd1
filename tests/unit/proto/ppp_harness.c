/* A scripted peer for the PPP core. See ppp_harness.h. */
#include "ppp_harness.h"

#include "base/text.h"

#include <stdio.h>

/* Bytes 01 02 03 ...: a run is the same every time. */
static void
draw(void *ctx, uint8_t *out, size_t n)
{
	struct h *h = ctx;

	for (size_t i = 0; i < n; i++)
		out[i] = ++h->next_random;
}

struct h *
h_new(enum side side)
{
	struct h *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	h->now = (struct now){ .ms = 5000, .draw = draw, .draw_ctx = h };
	ppp_conf_defaults(&h->conf, side, TUNNEL_SSTP);
	h->conf.hold_network = false;
	h->conf.auth_mask = AUTH_BIT(AUTH_PAP);
	if (side == SIDE_CLIENT) {
		memcpy(h->conf.user, "User", 4);
		h->conf.n_user = 4;
		assert_true(secret_set(&h->conf.password, view_str("clientPass")));
	}
	return h;
}

void
h_start(struct h *h)
{
	h->p = ppp_new(&h->conf);
	assert_non_null(h->p);
	ppp_lower_up(h->p, &h->now, h_fx(h));
	h_done(h);
}

void
h_free(struct h *h)
{
	ppp_free(h->p);
	fx_reset(&h->fx);
	free(h);
}

struct fx *
h_fx(struct h *h)
{
	fx_reset(&h->fx);
	h->n_sent = 0;
	return &h->fx;
}

static void
keep_sent(struct h *h, const struct fx_item *it)
{
	struct rd_fault fault;
	struct view info;

	assert_true(h->n_sent < SENT_MAX);
	struct sent *s = &h->sent[h->n_sent++];
	assert_true(view_copy(it->bytes, s->bytes, sizeof(s->bytes)));
	s->n = it->bytes.n;
	s->protocol = ppp_frame_open(view_of(s->bytes, s->n), &info);
	assert_int_equal(s->protocol, it->code);
	assert_true(cp_read(info, &s->pk, &fault));
	assert_int_equal(s->pk.whole.n, info.n);
}

static void
keep_fact(struct h *h, struct view record)
{
	struct rd_fault fault;
	struct rd r = rd_over(record, &fault);
	struct fact f;
	char text[512];
	size_t at = strlen(h->facts);

	assert_true(fact_read(&r, &f));
	fact_text(&f, text, sizeof(text));
	if (at < sizeof(h->facts) - 1)
		snprintf(
		    h->facts + at, sizeof(h->facts) - at, "%s: %s\n", fact_info(f.id)->name, text);
}

static void
keep_up(struct h *h, uint16_t what)
{
	h->n_up_lcp += what == PPP_UP_LCP;
	h->n_up_auth += what == PPP_UP_AUTH;
	h->n_up_ip += what == PPP_UP_IP;
	h->n_changed += what == PPP_UP_CHANGED;
}

void
h_done(struct h *h)
{
	for (unsigned int i = 0; i < h->fx.n; i++) {
		const struct fx_item *it = &h->fx.items[i];

		assert_false(h->down); /* nothing follows FX_DOWN */
		switch (it->kind) {
		case FX_SEND:
			keep_sent(h, it);
			break;
		case FX_FACT:
			keep_fact(h, it->bytes);
			break;
		case FX_UP:
			keep_up(h, it->code);
			break;
		case FX_ASK_AUTH:
			h->n_ask_auth++;
			h->auth = h->fx.auth;
			break;
		case FX_ASK_LEASE:
			h->n_ask_lease++;
			h->lease = h->fx.lease;
			break;
		case FX_DOWN:
			h->down = true;
			h->n_down++;
			h->cause = it->cause;
			h->by_peer = it->by_peer;
			break;
		case FX_FRAME:
			fail_msg("FX_FRAME from PPP");
		}
	}
}

/* Gives the core a heap copy of exact size. */
static void
input(struct h *h, struct view frame)
{
	uint8_t *copy = malloc(frame.n ? frame.n : 1);

	assert_non_null(copy);
	if (frame.n)
		memcpy(copy, frame.p, frame.n);
	ppp_input(h->p, view_of(copy, frame.n), &h->now, h_fx(h));
	free(copy);
	h_done(h);
}

void
h_in_view(struct h *h, uint16_t protocol, uint8_t code, uint8_t id, struct view data)
{
	uint8_t frame[2048];
	struct wr w = wr_over(frame, sizeof(frame));

	wr_u16(&w, 0xff03);
	wr_u16(&w, protocol);
	cp_write(&w, code, id, data);
	assert_true(wr_done(&w));
	input(h, wr_view_of(&w));
}

void
h_in(struct h *h, uint16_t protocol, uint8_t code, uint8_t id, const char *data_hex)
{
	uint8_t data[1600];
	int n = text_unhex(view_str(data_hex), data, sizeof(data));

	assert_true(n >= 0);
	h_in_view(h, protocol, code, id, view_of(data, (size_t)n));
}

void
h_in_raw(struct h *h, const char *frame_hex)
{
	uint8_t frame[1700];
	int n = text_unhex(view_str(frame_hex), frame, sizeof(frame));

	assert_true(n >= 0);
	input(h, view_of(frame, (size_t)n));
}

void
h_wait(struct h *h, uint64_t ms)
{
	uint64_t until = h->now.ms + ms;

	h->n_sent = 0;
	while (!h->down && ppp_deadline_ms(h->p) <= until) {
		uint64_t at = ppp_deadline_ms(h->p);
		if (at > h->now.ms)
			h->now.ms = at;
		fx_reset(&h->fx);
		ppp_tick(h->p, &h->now, &h->fx);
		h_done(h);
		if (!h->down)
			assert_true(ppp_deadline_ms(h->p) > h->now.ms);
	}
	if (!h->down)
		h->now.ms = until;
}

unsigned int
h_count(const struct h *h, uint16_t protocol, uint8_t code)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < h->n_sent; i++)
		n += h->sent[i].protocol == protocol && h->sent[i].pk.code == code;
	return n;
}

const struct cp_packet *
h_sent(struct h *h, uint16_t protocol, uint8_t code)
{
	for (unsigned int i = h->n_sent; i-- > 0;)
		if (h->sent[i].protocol == protocol && h->sent[i].pk.code == code)
			return &h->sent[i].pk;
	fail_msg("no packet of protocol %04x with code %u was sent", protocol, code);
	return NULL;
}

void
h_data_is(const struct cp_packet *pk, const char *hex)
{
	char got[3300];
	uint8_t want[1600];
	int n = text_unhex(view_str(hex), want, sizeof(want));

	assert_true(n >= 0);
	if (!view_eq(pk->data, view_of(want, (size_t)n)))
		fail_msg("data is %s, not %s", text_hex(pk->data, got, sizeof(got)), hex);
}

bool
h_has_option(const struct cp_packet *pk, uint8_t type)
{
	struct rd_fault fault;
	struct rd r = rd_over(pk->data, &fault);

	while (rd_more(&r)) {
		struct cp_option o;
		cp_read_option(&r, &o);
		if (o.type == type)
			return true;
	}
	assert_true(rd_done(&r));
	return false;
}

void
h_ack(struct h *h, uint16_t protocol)
{
	struct cp_packet req = *h_sent(h, protocol, CP_CONF_REQ);
	uint8_t data[256];

	assert_true(view_copy(req.data, data, sizeof(data)));
	h_in_view(h, protocol, CP_CONF_ACK, req.id, view_of(data, req.data.n));
}

void
h_open_lcp(struct h *h)
{
	bool client = h->conf.side == SIDE_CLIENT;
	const char *auth = client ? "0304c023 0506aabbccdd" : "0506aabbccdd";

	if (client && h->conf.auth_mask & AUTH_BIT(AUTH_MSCHAPV2))
		auth = "0305c22381 0506aabbccdd";
	else if (client && h->conf.auth_mask & AUTH_BIT(AUTH_CHAP))
		auth = "0305c22305 0506aabbccdd";
	h_ack(h, PPP_PROTO_LCP);
	h_in(h, PPP_PROTO_LCP, CP_CONF_REQ, 1, auth);
	h_sent(h, PPP_PROTO_LCP, CP_CONF_ACK);
	assert_int_equal(h->n_up_lcp, 1);
}

void
h_answer(struct h *h, bool ok, enum cause cause, bool may_retry)
{
	struct auth_answer a = { .ok = ok, .cause = cause, .may_retry = may_retry };

	memcpy(a.success, "S=407A5589115FD0D6209F510FE9C04566932CDA56", 43);
	a.has_keys = true;
	memset(a.server_send_key, 0x55, sizeof(a.server_send_key));
	memset(a.server_recv_key, 0xaa, sizeof(a.server_recv_key));
	ppp_answer_auth(h->p, &a, &h->now, h_fx(h));
	h_done(h);
}

void
h_lease(struct h *h, enum cause cause)
{
	struct lease_answer a = { .cause = cause,
		.local = ip_v4(0x0a630001),
		.remote = ip_v4(0x0a630002),
		.dns = { ip_v4(0x0a630035) } };

	ppp_answer_lease(h->p, &a, &h->now, h_fx(h));
	h_done(h);
}

void
h_open_auth(struct h *h)
{
	h_start(h);
	h_open_lcp(h);
	if (h->conf.side == SIDE_SERVER) {
		h_in(h, PPP_PROTO_PAP, PAP_REQUEST, 1, "0455736572 02 7077"); /* User, pw */
		h_answer(h, true, CAUSE_NONE, false);
	} else {
		h_in(h, PPP_PROTO_PAP, PAP_ACK, h_sent(h, PPP_PROTO_PAP, PAP_REQUEST)->id, "00");
	}
	assert_int_equal(h->n_up_auth, 1);
}

void
h_open_ip(struct h *h)
{
	h_open_auth(h);
	if (h->conf.side == SIDE_SERVER)
		h_lease(h, CAUSE_NONE);
	else
		h_in(h, PPP_PROTO_IPCP, CP_CONF_NAK, h_sent(h, PPP_PROTO_IPCP, CP_CONF_REQ)->id,
		    "03060a630002");
	h_ack(h, PPP_PROTO_IPCP);
	h_in(h, PPP_PROTO_IPCP, CP_CONF_REQ, 1,
	    h->conf.side == SIDE_SERVER ? "03060a630002" : "03060a630001");
	assert_int_equal(h->n_up_ip, 1);
	assert_true(ppp_data(h->p)->ip_open);
}

void
h_ended(struct h *h, const char *cause_name)
{
	assert_true(h->down);
	assert_string_equal(cause_info(h->cause)->name, cause_name);
	assert_int_equal(h->n_down, 1);
	assert_false(ppp_data(h->p)->ip_open);
	/* Quiet: h_done fails when an effect follows. */
	h_in(h, PPP_PROTO_LCP, CP_CONF_REQ, 77, "0506aabbccdd");
	h_answer(h, true, CAUSE_NONE, false);
	h_lease(h, CAUSE_NONE);
	ppp_close(h->p, CAUSE_ENDED_BY_ADMIN, &h->now, h_fx(h));
	h_done(h);
	h->now.ms += 1000000;
	ppp_tick(h->p, &h->now, h_fx(h));
	h_done(h);
	assert_true(ppp_deadline_ms(h->p) == NEVER_MS);
	h_free(h);
}

void
h_alive(const struct h *h)
{
	assert_false(h->down);
}

void
h_fact(const struct h *h, const char *text)
{
	if (!strstr(h->facts, text))
		fail_msg("no fact with \"%s\" in:\n%s", text, h->facts);
}
