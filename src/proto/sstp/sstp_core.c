/*
 * The SSTP core: its calls, the HTTP exchange before the stream, the timers, and how a call ends.
 * Stands between TLS and PPP; see sstp.h. Control messages are in sstp_call.c, data packets of an
 * open call may bypass it through sstp_data.h.
 */
#include "proto/sstp/sstp_int.h"

#include "proto/sstp/sstp_data.h"

#include <stdlib.h>

void
sstp_conf_defaults(struct sstp_conf *c, enum side side)
{
	*c = (struct sstp_conf){ .side = side,
		.hash_mask = SSTP_HASH_SHA1 | SSTP_HASH_SHA256,
		.negotiation_ms = 60000,
		.hello_ms = 60000,
		.disconnect_ms = 5000,
		.abort_ms = 3000,
		.web_server = "Microsoft-HTTPAPI/2.0" };
}

struct sstp *
sstp_new(const struct sstp_conf *conf)
{
	struct sstp *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->conf = *conf;
	c->deadline_ms = NEVER_MS;
	return c;
}

void
sstp_free(struct sstp *c)
{
	if (!c)
		return;
	secret_wipe_bytes(c->hlak, sizeof(c->hlak));
	free(c);
}

static const char *
state_name(enum sstp_state s)
{
	switch (s) {
	case SSTP_IDLE:
		return "idle";
	case SSTP_HTTP:
		return "http";
	case SSTP_REQUEST_WAIT:
		return "waiting for Call Connect Request";
	case SSTP_REQUEST_SENT:
		return "waiting for Call Connect Acknowledge";
	case SSTP_BINDING_WAIT:
		return "waiting for Call Connected";
	case SSTP_ACK_RECEIVED:
		return "waiting for authentication";
	case SSTP_OPEN:
		return "connected";
	case SSTP_ABORT_SENT:
		return "abort sent";
	case SSTP_ABORT_SETTLING:
		return "aborting";
	case SSTP_BYE_SENT:
		return "disconnect sent";
	case SSTP_BYE_SETTLING:
		return "disconnecting";
	case SSTP_ENDED:
		return "ended";
	}
	return "?";
}

void
sstp_set_state(struct sstp *c, enum sstp_state state, uint64_t deadline_ms, struct fx *fx)
{
	c->deadline_ms = deadline_ms;
	if (c->state == state)
		return;
	c->state = state;
	FX_FACT_NOTE(fx, FACT_SSTP_STATE, F_STR(state_name(state)));
}

bool
sstp_is_ending(const struct sstp *c)
{
	return c->state >= SSTP_ABORT_SENT;
}

bool
sstp_is_connected(const struct sstp *c)
{
	return c->state == SSTP_OPEN;
}

uint64_t
sstp_deadline_ms(const struct sstp *c)
{
	return c->deadline_ms;
}

void
sstp_blame(struct sstp *c, enum cause cause, bool by_peer)
{
	if (c->cause != CAUSE_NONE)
		return;
	c->cause = cause;
	c->by_peer = by_peer;
}

void
sstp_finish(struct sstp *c, struct fx *fx)
{
	must(c->cause != CAUSE_NONE);
	secret_wipe_bytes(c->hlak, sizeof(c->hlak));
	sstp_set_state(c, SSTP_ENDED, NEVER_MS, fx);
	fx_down(fx, c->cause, c->by_peer);
}

/* Ends at once, without a word to the peer. */
static void
finish_with(struct sstp *c, enum cause cause, bool by_peer, struct fx *fx)
{
	sstp_blame(c, cause, by_peer);
	sstp_finish(c, fx);
}

void
sstp_send(struct fx *fx, const struct wr *w, enum sstp_msg_type type)
{
	/* An echo a minute would fill the trail of a long session. */
	bool echo = type == SSTP_MSG_ECHO_REQUEST || type == SSTP_MSG_ECHO_RESPONSE;

	fx_send(fx, w, (uint16_t)type);
	if (!echo)
		FX_FACT_NOTE(fx, FACT_SSTP_CONTROL_OUT, F_STR(sstp_msg_name((uint16_t)type)),
		    F_U(wr_len(w)));
}

void
sstp_abort(struct sstp *c, enum cause cause, uint8_t attr, uint32_t status, const struct now *now,
    struct fx *fx)
{
	struct wr w = fx_writer(fx);

	sstp_blame(c, cause, false);
	sstp_write_end(&w, SSTP_MSG_ABORT, attr, status);
	sstp_send(fx, &w, SSTP_MSG_ABORT);
	FX_FACT_NOTE(fx, FACT_SSTP_STATUS, F_STR("sent"), F_U(attr), F_U(status),
	    F_STR(sstp_status_name(status)));
	sstp_set_state(c, SSTP_ABORT_SENT, now->ms + c->conf.abort_ms, fx);
}

void
sstp_start(struct sstp *c, const struct now *now, struct fx *fx)
{
	must(c->state == SSTP_IDLE);
	if (c->conf.side == SIDE_CLIENT) {
		struct wr w = fx_writer(fx);
		uint8_t id[16];

		now_draw(now, id, sizeof(id));
		id[6] = (uint8_t)((id[6] & 0x0f) | 0x40); /* RFC 9562: random */
		id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
		http_write_request(&w, c->conf.host, id);
		fx_send(fx, &w, 0);
	}
	sstp_set_state(c, SSTP_HTTP, now->ms + c->conf.negotiation_ms, fx);
}

/* RFC 9110 section 15.4.3: somebody who opened our name is told where the web site is. */
static void
redirect_http(struct sstp *c, const struct now *now, struct fx *fx)
{
	struct wr w = fx_writer(fx);

	http_write_redirect(&w, c->conf.web_redirect, c->conf.web_server, now->unix_us);
	fx_send(fx, &w, 0);
	FX_FACT_NOTE(fx, FACT_HTTP_STATUS, F_U(302));
	finish_with(c, CAUSE_HTTP_ORDINARY, false, fx);
}

/* An ordinary web answer, and the end. cause tells a browser from a broken peer. */
static void
refuse_http(struct sstp *c, unsigned int status, bool with_body, enum cause cause,
    const struct now *now, struct fx *fx)
{
	struct wr w = fx_writer(fx);

	http_write_error(&w, status, with_body, c->conf.web_server, now->unix_us);
	fx_send(fx, &w, 0);
	FX_FACT_NOTE(fx, FACT_HTTP_STATUS, F_U(status));
	finish_with(c, cause, false, fx);
}

static void
on_http_request(struct sstp *c, struct view head, const struct now *now, struct fx *fx)
{
	struct http_request req;
	struct rd_fault fault;

	if (!http_read_request(head, &req, &fault)) {
		FX_FACT_NOTE(fx, FACT_SSTP_BAD, F_STR("HTTP request"),
		    F_STR(rd_error_name(fault.error)), F_U(fault.at));
		refuse_http(c, 400, true, CAUSE_HTTP_MALFORMED, now, fx);
		return;
	}
	FX_FACT_NOTE(fx, FACT_HTTP_REQUEST, F_TEXT(req.method), F_TEXT(req.target),
	    F_TEXT(req.host), F_TEXT(req.correlation));
	unsigned int status = http_judge_request(&req);
	if (status != 200) {
		bool body = !view_eq(req.method, view_str("HEAD"));
		bool reads = !body || view_eq(req.method, view_str("GET"));

		if (status == 404 && reads && c->conf.web_redirect) {
			redirect_http(c, now, fx);
			return;
		}
		refuse_http(c, status, body,
		    status == 400 ? CAUSE_HTTP_MALFORMED : CAUSE_HTTP_ORDINARY, now, fx);
		return;
	}
	struct wr w = fx_writer(fx);

	http_write_accept(&w, c->conf.web_server, now->unix_us);
	fx_send(fx, &w, 0);
	fx_up(fx, SSTP_UP_HTTP);
	sstp_set_state(c, SSTP_REQUEST_WAIT, now->ms + c->conf.negotiation_ms, fx);
}

static void
on_http_answer(struct sstp *c, struct view head, const struct now *now, struct fx *fx)
{
	struct rd_fault fault;
	unsigned int status = 0;

	if (!http_read_answer(head, &status, &fault)) {
		FX_FACT_NOTE(fx, FACT_SSTP_BAD, F_STR("HTTP answer"),
		    F_STR(rd_error_name(fault.error)), F_U(fault.at));
		finish_with(c, CAUSE_HTTP_MALFORMED, false, fx);
		return;
	}
	FX_FACT_NOTE(fx, FACT_HTTP_STATUS, F_U(status));
	if (status < 200 && c->n_interim++ < SSTP_INTERIM_MAX) {
		c->scan = (struct http_scan){ 0 }; /* RFC 9110 section 15.2: another one follows */
		return;
	}
	if (status != 200) {
		finish_with(c, CAUSE_HTTP_REFUSED, true, fx);
		return;
	}
	fx_up(fx, SSTP_UP_HTTP);
	sstp_send_request(c, now, fx);
}

static size_t
input_http(struct sstp *c, struct view bytes, const struct now *now, struct fx *fx)
{
	bool server = c->conf.side == SIDE_SERVER;
	size_t n = 0;
	enum http_progress p = http_scan_head(&c->scan, c->conf.side, bytes, &n);

	if (p == HTTP_MORE)
		return 0;
	if (p == HTTP_COMPLETE) {
		if (server)
			on_http_request(c, view_of(bytes.p, n), now, fx);
		else
			on_http_answer(c, view_of(bytes.p, n), now, fx);
		return n;
	}
	FX_FACT_NOTE(fx, FACT_SSTP_BAD, F_STR("HTTP head"),
	    F_STR(p == HTTP_TOO_BIG ? "too-many" : "bad-value"), F_U(c->scan.at));
	if (server)
		refuse_http(c, p == HTTP_TOO_BIG ? 431 : 400, true, CAUSE_HTTP_MALFORMED, now, fx);
	else
		finish_with(c, CAUSE_HTTP_MALFORMED, false, fx);
	return bytes.n;
}

/* A data packet: PPP frames are welcome from the Ack on. Attack S06. */
static void
on_data(struct sstp *c, struct view frame, const struct now *now, struct fx *fx)
{
	switch (c->state) {
	case SSTP_BINDING_WAIT:
	case SSTP_ACK_RECEIVED:
	case SSTP_OPEN:
		if (frame.n)
			fx_frame(fx, frame);
		return;
	case SSTP_REQUEST_WAIT:
	case SSTP_REQUEST_SENT:
		FX_FACT_NOTE(
		    fx, FACT_SSTP_BAD, F_STR("data before the call"), F_STR("bad-value"), F_U(0));
		sstp_abort(
		    c, CAUSE_SSTP_UNEXPECTED, SSTP_ATTR_NONE, SSTP_STATUS_UNACCEPTED, now, fx);
		return;
	case SSTP_IDLE:
	case SSTP_HTTP:
	case SSTP_ABORT_SENT:
	case SSTP_ABORT_SETTLING:
	case SSTP_BYE_SENT:
	case SSTP_BYE_SETTLING:
	case SSTP_ENDED:
		return;
	}
}

size_t
sstp_input(struct sstp *c, struct view bytes, const struct now *now, struct fx *fx)
{
	struct view body;
	size_t n = 0;

	if (bytes.n == 0)
		return 0;
	if (c->state == SSTP_HTTP)
		return input_http(c, bytes, now, fx);
	if (c->state == SSTP_IDLE || c->state == SSTP_ENDED)
		return bytes.n;
	switch (sstp_peek(bytes, &body, &n)) {
	case SSTP_INCOMPLETE:
		return 0;
	case SSTP_BROKEN:
		/* MS-SSTP 3.1.5.1: the stream can no longer be cut into packets; say nothing. */
		FX_FACT_NOTE(fx, FACT_SSTP_BAD, F_STR("SSTP header"), F_STR("bad-value"), F_U(0));
		finish_with(c, CAUSE_SSTP_BAD_PACKET, false, fx);
		return bytes.n;
	case SSTP_DATA:
		sstp_heard(c, now);
		on_data(c, body, now, fx);
		return n;
	case SSTP_CONTROL:
		sstp_heard(c, now);
		sstp_control(c, view_of(bytes.p, n), now, fx);
		return n;
	}
	return 0;
}

void
sstp_heard(struct sstp *c, const struct now *now)
{
	if (c->state != SSTP_OPEN)
		return;
	c->echo_sent = false;
	c->deadline_ms = now->ms + c->conf.hello_ms;
}

void
sstp_authenticated(struct sstp *c, const uint8_t hlak[SSTP_HLAK], const char *from_method,
    const struct now *now, struct fx *fx)
{
	if (c->authenticated || (c->state != SSTP_BINDING_WAIT && c->state != SSTP_ACK_RECEIVED))
		return;
	c->authenticated = true;
	memcpy(c->hlak, hlak, SSTP_HLAK);
	size_t n = strnlen(from_method, sizeof(c->method) - 1);
	memcpy(c->method, from_method, n);
	c->method[n] = '\0';
	if (c->state == SSTP_ACK_RECEIVED) {
		sstp_send_connected(c, now, fx);
		return;
	}
	c->deadline_ms = now->ms + c->conf.negotiation_ms; /* a wait of its own: Call Connected */
	if (c->connected_kept)
		sstp_verify_binding(c, now, fx);
}

/* MS-SSTP 3.1.4: what fails above SSTP is an orderly end here; what fails in it is an abort. */
static bool
wants_abort(enum cause cause)
{
	unsigned int family = (unsigned int)cause >> 8;

	return family == 0x03 || family == 0x09;
}

void
sstp_close(struct sstp *c, enum cause cause, const struct now *now, struct fx *fx)
{
	const struct cause_info *info = cause_info(cause);

	if (sstp_is_ending(c))
		return;
	sstp_blame(c, cause, false);
	if (c->state == SSTP_IDLE || c->state == SSTP_HTTP) {
		sstp_finish(c, fx); /* there is no SSTP yet to say it in */
		return;
	}
	if (wants_abort(cause)) {
		sstp_abort(c, cause, SSTP_ATTR_NONE,
		    info->wire_kind == WIRE_SSTP ? info->wire_number : SSTP_STATUS_TIMEOUT, now,
		    fx);
		return;
	}
	struct wr w = fx_writer(fx);

	sstp_write_end(&w, SSTP_MSG_DISCONNECT, SSTP_ATTR_NONE, SSTP_STATUS_NONE);
	sstp_send(fx, &w, SSTP_MSG_DISCONNECT);
	sstp_set_state(c, SSTP_BYE_SENT, now->ms + c->conf.disconnect_ms, fx);
}

/* The cause that a vanished transport implies where the peer did not say goodbye. */
static enum cause
gone_cause(const struct sstp *c, bool orderly)
{
	bool server = c->conf.side == SIDE_SERVER;

	switch (c->state) {
	case SSTP_IDLE:
	case SSTP_HTTP:
		return server ? CAUSE_HTTP_CLOSED : CAUSE_HTTP_REFUSED;
	case SSTP_REQUEST_WAIT:
		/* sstpc 1.0.18 sends its request, dislikes the certificate, and leaves. */
		return c->n_naks ? c->nak_cause : CAUSE_HTTP_CLOSED;
	case SSTP_OPEN:
		/* sstpc 1.0.18 ends a session by a plain close. */
		return server && orderly ? CAUSE_ENDED_BY_PEER : CAUSE_SSTP_CLOSED;
	case SSTP_REQUEST_SENT:
		return c->n_naks ? CAUSE_SSTP_NAK : CAUSE_SSTP_CLOSED;
	case SSTP_BINDING_WAIT:
	case SSTP_ACK_RECEIVED:
	case SSTP_ABORT_SENT:
	case SSTP_ABORT_SETTLING:
	case SSTP_BYE_SENT:
	case SSTP_BYE_SETTLING:
	case SSTP_ENDED:
		break;
	}
	return CAUSE_SSTP_CLOSED;
}

void
sstp_lower_down(struct sstp *c, const struct now *now, struct fx *fx)
{
	(void)now;
	if (c->state != SSTP_ENDED)
		finish_with(c, gone_cause(c, true), true, fx);
}

void
sstp_lower_lost(struct sstp *c, const struct now *now, struct fx *fx)
{
	(void)now;
	if (c->state != SSTP_ENDED)
		finish_with(c, gone_cause(c, false), false, fx);
}

/* MS-SSTP 3.1.2.3: an Echo Request after silence, the end without a word after more of it. */
static void
tick_hello(struct sstp *c, const struct now *now, struct fx *fx)
{
	if (c->echo_sent) {
		finish_with(c, CAUSE_SSTP_HELLO, false, fx);
		return;
	}
	struct wr w = fx_writer(fx);

	sstp_write_plain(&w, SSTP_MSG_ECHO_REQUEST);
	sstp_send(fx, &w, SSTP_MSG_ECHO_REQUEST);
	c->echo_sent = true;
	c->deadline_ms = now->ms + c->conf.hello_ms;
}

/* The cause of a silence: each state that waits has its own. */
static enum cause
silence_cause(const struct sstp *c)
{
	switch (c->state) {
	case SSTP_REQUEST_WAIT:
		return c->n_naks ? c->nak_cause : CAUSE_SSTP_CONNECT_SILENT;
	case SSTP_REQUEST_SENT:
		return CAUSE_SSTP_CONNECT_SILENT;
	case SSTP_BINDING_WAIT:
		return c->authenticated ? CAUSE_BINDING_SILENT : CAUSE_PPP_TIMEOUT;
	case SSTP_ACK_RECEIVED:
		return CAUSE_PPP_TIMEOUT; /* what we waited for is the authentication */
	case SSTP_IDLE:
	case SSTP_HTTP:
	case SSTP_OPEN:
	case SSTP_ABORT_SENT:
	case SSTP_ABORT_SETTLING:
	case SSTP_BYE_SENT:
	case SSTP_BYE_SETTLING:
	case SSTP_ENDED:
		break;
	}
	return CAUSE_HTTP_SILENT;
}

void
sstp_tick(struct sstp *c, const struct now *now, struct fx *fx)
{
	if (now->ms < c->deadline_ms)
		return;
	switch (c->state) {
	case SSTP_HTTP:
		finish_with(c, CAUSE_HTTP_SILENT, false, fx);
		return;
	case SSTP_REQUEST_WAIT:
	case SSTP_REQUEST_SENT:
	case SSTP_BINDING_WAIT:
	case SSTP_ACK_RECEIVED:
		sstp_abort(c, silence_cause(c), SSTP_ATTR_NONE, SSTP_STATUS_TIMEOUT, now, fx);
		return;
	case SSTP_OPEN:
		tick_hello(c, now, fx);
		return;
	case SSTP_ABORT_SENT:
	case SSTP_ABORT_SETTLING:
	case SSTP_BYE_SENT:
	case SSTP_BYE_SETTLING:
		sstp_finish(c, fx);
		return;
	case SSTP_IDLE:
	case SSTP_ENDED:
		return;
	}
}
