/*
 * SSTP control messages in every state, both sides (MS-SSTP 3.2.5.3, 3.3.5.2). See sstp_int.h. A
 * message that the state does not take ends the call by Call Abort, and is ignored where the call
 * is being ended already (attack S10).
 */
#include "proto/sstp/sstp_int.h"

/* A message that is in order but not now. */
static void
unexpected(struct sstp *c, const struct now *now, struct fx *fx)
{
	sstp_abort(c, CAUSE_SSTP_UNEXPECTED, SSTP_ATTR_NONE, SSTP_STATUS_UNACCEPTED, now, fx);
}

/* Notes what the peer says went wrong; whether it said so at all. */
static bool
note_status(const struct sstp_msg *m, struct fx *fx)
{
	bool bad = false;

	for (unsigned int i = 0; i < m->n_attrs; i++) {
		struct sstp_status_info info;

		if (m->attrs[i].id != SSTP_ATTR_STATUS ||
		    !sstp_read_status(m->attrs[i].value, &info))
			continue;
		FX_FACT_NOTE(fx, FACT_SSTP_STATUS, F_STR("received"), F_U(info.attr),
		    F_U(info.status), F_STR(sstp_status_name(info.status)));
		bad |= info.status != SSTP_STATUS_NONE;
	}
	return bad;
}

/* Server: the request cannot be taken as it stands. MS-SSTP 3.3.5.2.2. */
static void
refuse_request(struct sstp *c, const struct sstp_status_info *wrong, unsigned int n,
    const struct now *now, struct fx *fx)
{
	c->nak_cause = CAUSE_SSTP_RETRIES;
	for (unsigned int i = 0; i < n; i++) {
		FX_FACT_NOTE(fx, FACT_SSTP_STATUS, F_STR("sent"), F_U(wrong[i].attr),
		    F_U(wrong[i].status), F_STR(sstp_status_name(wrong[i].status)));
		if (wrong[i].attr == SSTP_ATTR_PROTOCOL && wrong[i].status == SSTP_STATUS_VALUE)
			c->nak_cause = CAUSE_SSTP_PROTOCOL;
	}
	if (c->n_naks++ == SSTP_NAK_MAX) {
		sstp_abort(c, c->nak_cause, SSTP_ATTR_STATUS, SSTP_STATUS_RETRIES, now, fx);
		return;
	}
	struct wr w = fx_writer(fx);

	sstp_write_nak(&w, wrong, n);
	sstp_send(fx, &w, SSTP_MSG_CONNECT_NAK);
	sstp_set_state(c, SSTP_REQUEST_WAIT, now->ms + c->conf.negotiation_ms, fx);
}

static void
on_request(struct sstp *c, const struct sstp_msg *m, const struct now *now, struct fx *fx)
{
	struct sstp_status_info wrong[SSTP_ATTRS_MAX + 1];
	struct sstp_binding_req req = { .hash_mask = c->conf.hash_mask };

	if (c->state != SSTP_REQUEST_WAIT) {
		unexpected(c, now, fx);
		return;
	}
	unsigned int n = sstp_check_request(m, wrong);
	if (n) {
		refuse_request(c, wrong, n, now, fx);
		return;
	}
	struct wr w = fx_writer(fx);

	now_draw(now, c->nonce, sizeof(c->nonce));
	memcpy(req.nonce, c->nonce, sizeof(req.nonce));
	sstp_write_ack(&w, &req);
	sstp_send(fx, &w, SSTP_MSG_CONNECT_ACK);
	fx_up(fx, SSTP_UP_CALL);
	sstp_set_state(c, SSTP_BINDING_WAIT, now->ms + c->conf.negotiation_ms, fx);
}

/* Server: a Call Connected that needs no key to be found wrong. MS-SSTP 3.3.5.2.3. */
static enum cause
check_connected(const struct sstp *c, const struct sstp_msg *m, struct sstp_binding *b,
    uint8_t *attr, uint32_t *status)
{
	const struct sstp_attr *binding = sstp_find(m, SSTP_ATTR_BINDING);

	*attr = SSTP_ATTR_STATUS;
	*status = SSTP_STATUS_NOT_IN_MSG;
	if (!binding)
		return CAUSE_BINDING_MISSING;
	if (m->n_attrs != 1) /* a duplicate, a Status Info, or something unknown */
		return CAUSE_SSTP_BAD_PACKET;
	if (!sstp_read_binding(binding->value, b))
		return CAUSE_SSTP_BAD_PACKET;
	*attr = SSTP_ATTR_BINDING;
	*status = SSTP_STATUS_VALUE;
	return binding_check_claims(&c->conf, c->nonce, b);
}

static void
on_connected(struct sstp *c, const struct sstp_msg *m, struct view packet, const struct now *now,
    struct fx *fx)
{
	struct sstp_binding b;
	uint8_t attr;
	uint32_t status;

	bool late = c->state == SSTP_OPEN && c->waived; /* waived, and comes after all */
	if ((c->state != SSTP_BINDING_WAIT && !late) || c->connected_kept) {
		unexpected(c, now, fx);
		return;
	}
	(void)note_status(m, fx);
	enum cause cause = check_connected(c, m, &b, &attr, &status);
	if (cause != CAUSE_NONE) {
		sstp_abort(c, cause, attr, status, now, fx);
		return;
	}
	/* One attribute of the right length leaves no other length for the packet. */
	must(view_copy(packet, c->connected, sizeof(c->connected)));
	c->connected_kept = true;
	if (c->authenticated)
		sstp_verify_binding(c, now, fx);
}

/* The call is connected: from here on only the hello timer runs. */
static void
open_call(struct sstp *c, const struct now *now, struct fx *fx)
{
	secret_wipe_bytes(c->hlak, sizeof(c->hlak));
	c->echo_sent = false;
	sstp_set_state(c, SSTP_OPEN, now->ms + c->conf.hello_ms, fx);
	fx_up(fx, SSTP_UP_CONNECTED);
}

void
sstp_verify_binding(struct sstp *c, const struct now *now, struct fx *fx)
{
	struct sstp_msg m;
	struct sstp_binding b;
	struct rd_fault fault;

	must(sstp_read_msg(view_of(c->connected, sizeof(c->connected)), &m, &fault) &&
	     sstp_read_binding(m.attrs[0].value, &b)); /* read once before */
	if (binding_check_mac(&b, c->hlak, c->connected) != CAUSE_NONE) {
		sstp_abort(c, CAUSE_BINDING_MAC, SSTP_ATTR_BINDING, SSTP_STATUS_VALUE, now, fx);
		return;
	}
	FX_FACT_NOTE(fx, FACT_SSTP_BINDING, F_STR(binding_hash_name(b.hash)), F_STR(c->method));
	if (c->state != SSTP_OPEN)
		open_call(c, now, fx);
}

void
sstp_waive_binding(struct sstp *c, const struct now *now, struct fx *fx)
{
	if (c->state != SSTP_BINDING_WAIT || !c->authenticated || c->connected_kept)
		return;
	c->waived = true;
	FX_FACT_NOTE(fx, FACT_SSTP_WAIVED, F_STR(c->method));
	open_call(c, now, fx);
}

void
sstp_send_request(struct sstp *c, const struct now *now, struct fx *fx)
{
	struct wr w = fx_writer(fx);

	sstp_write_request(&w, SSTP_PROTOCOL_PPP);
	sstp_send(fx, &w, SSTP_MSG_CONNECT_REQUEST);
	sstp_set_state(c, SSTP_REQUEST_SENT, now->ms + c->conf.negotiation_ms, fx);
}

void
sstp_send_connected(struct sstp *c, const struct now *now, struct fx *fx)
{
	struct sstp_binding b = { .hash = c->hash };
	uint8_t msg[SSTP_CONNECTED_BYTES];
	struct wr draft = wr_over(msg, sizeof(msg));

	memcpy(b.nonce, c->nonce, sizeof(b.nonce));
	binding_cert_hash(&c->conf, c->hash, b.cert_hash);
	sstp_write_connected(&draft, &b);
	must(wr_done(&draft) && wr_len(&draft) == sizeof(msg));
	binding_mac(c->hash, c->hlak, msg, b.mac);

	struct wr w = fx_writer(fx);
	sstp_write_connected(&w, &b);
	sstp_send(fx, &w, SSTP_MSG_CONNECTED);
	open_call(c, now, fx);
}

/* Client. MS-SSTP 3.2.5.3.2. */
static void
on_ack(struct sstp *c, const struct sstp_msg *m, const struct now *now, struct fx *fx)
{
	const struct sstp_attr *a = sstp_find(m, SSTP_ATTR_BINDING_REQ);
	struct sstp_binding_req req;

	if (c->state != SSTP_REQUEST_SENT) {
		unexpected(c, now, fx);
		return;
	}
	(void)note_status(m, fx);
	if (!a || m->n_attrs != 1 || !sstp_read_binding_req(a->value, &req)) {
		sstp_abort(c, a ? CAUSE_SSTP_BAD_PACKET : CAUSE_BINDING_MISSING,
		    SSTP_ATTR_BINDING_REQ, SSTP_STATUS_NOT_IN_MSG, now, fx);
		return;
	}
	c->hash = binding_strongest(req.hash_mask & c->conf.hash_mask);
	if (!c->hash) {
		sstp_abort(
		    c, CAUSE_BINDING_HASH, SSTP_ATTR_BINDING_REQ, SSTP_STATUS_VALUE, now, fx);
		return;
	}
	memcpy(c->nonce, req.nonce, sizeof(c->nonce));
	fx_up(fx, SSTP_UP_CALL);
	sstp_set_state(c, SSTP_ACK_RECEIVED, now->ms + c->conf.negotiation_ms, fx);
}

/* Client. MS-SSTP 3.2.5.3.3: there is nothing else to offer, so the same request goes again. */
static void
on_nak(struct sstp *c, const struct sstp_msg *m, const struct now *now, struct fx *fx)
{
	if (c->state != SSTP_REQUEST_SENT) {
		unexpected(c, now, fx);
		return;
	}
	(void)note_status(m, fx);
	if (c->n_naks++ == SSTP_NAK_MAX) {
		sstp_abort(c, CAUSE_SSTP_NAK, SSTP_ATTR_STATUS, SSTP_STATUS_RETRIES, now, fx);
		return;
	}
	sstp_send_request(c, now, fx);
}

/* MS-SSTP 3.2.5.3.4, 3.3.5.2.4 */
static void
on_abort(struct sstp *c, const struct sstp_msg *m, const struct now *now, struct fx *fx)
{
	uint64_t until = now->ms + SSTP_SETTLE_MS;

	if (c->state == SSTP_ABORT_SETTLING || c->state == SSTP_BYE_SETTLING)
		return;
	(void)note_status(m, fx);
	if (c->state != SSTP_ABORT_SENT) {
		struct wr w = fx_writer(fx);

		sstp_blame(c, CAUSE_SSTP_ABORTED, true);
		sstp_write_plain(&w, SSTP_MSG_ABORT); /* there is nothing to complain about */
		sstp_send(fx, &w, SSTP_MSG_ABORT);
	}
	sstp_set_state(c, SSTP_ABORT_SETTLING, until, fx);
}

/* A client whose call the server ends before it stood did not have a session that ended well. */
static enum cause
bye_cause(const struct sstp *c, bool bad_status)
{
	bool failed = c->conf.side == SIDE_CLIENT && c->state != SSTP_OPEN;

	return failed || bad_status ? CAUSE_SSTP_ABORTED : CAUSE_ENDED_BY_PEER;
}

/* MS-SSTP 3.2.5.3.5, 3.3.5.2.5 */
static void
on_disconnect(struct sstp *c, const struct sstp_msg *m, const struct now *now, struct fx *fx)
{
	if (sstp_is_ending(c) && c->state != SSTP_BYE_SENT)
		return;
	sstp_blame(c, bye_cause(c, note_status(m, fx)), true);

	struct wr w = fx_writer(fx);
	sstp_write_plain(&w, SSTP_MSG_DISCONNECT_ACK);
	sstp_send(fx, &w, SSTP_MSG_DISCONNECT_ACK);
	sstp_set_state(c, SSTP_BYE_SETTLING, now->ms + SSTP_SETTLE_MS, fx);
}

/* MS-SSTP 3.2.5.3.6, 3.3.5.2.6 */
static void
on_disconnect_ack(struct sstp *c, const struct now *now, struct fx *fx)
{
	if (c->state == SSTP_BYE_SENT)
		sstp_finish(c, fx);
	else if (!sstp_is_ending(c))
		unexpected(c, now, fx);
}

/* MS-SSTP 3.2.5.3.7 and 8. The hello timer has been restarted for whatever arrived. */
static void
on_echo(struct sstp *c, bool request, const struct now *now, struct fx *fx)
{
	if (c->state != SSTP_OPEN) {
		unexpected(c, now, fx);
		return;
	}
	if (!request)
		return;
	struct wr w = fx_writer(fx);

	sstp_write_plain(&w, SSTP_MSG_ECHO_RESPONSE);
	sstp_send(fx, &w, SSTP_MSG_ECHO_RESPONSE);
}

/* The message is well formed. Those that may come while a call is being ended stand first. */
static void
dispatch(struct sstp *c, const struct sstp_msg *m, struct view packet, const struct now *now,
    struct fx *fx)
{
	bool server = c->conf.side == SIDE_SERVER;

	if (m->type == SSTP_MSG_ABORT)
		on_abort(c, m, now, fx);
	else if (m->type == SSTP_MSG_DISCONNECT)
		on_disconnect(c, m, now, fx);
	else if (m->type == SSTP_MSG_DISCONNECT_ACK)
		on_disconnect_ack(c, now, fx);
	else if (sstp_is_ending(c))
		return;
	else if (m->type == SSTP_MSG_CONNECT_REQUEST && server)
		on_request(c, m, now, fx);
	else if (m->type == SSTP_MSG_CONNECTED && server)
		on_connected(c, m, packet, now, fx);
	else if (m->type == SSTP_MSG_CONNECT_ACK && !server)
		on_ack(c, m, now, fx);
	else if (m->type == SSTP_MSG_CONNECT_NAK && !server)
		on_nak(c, m, now, fx);
	else if (m->type == SSTP_MSG_ECHO_REQUEST || m->type == SSTP_MSG_ECHO_RESPONSE)
		on_echo(c, m->type == SSTP_MSG_ECHO_REQUEST, now, fx);
	else
		unexpected(c, now, fx); /* a message of our own side */
}

void
sstp_control(struct sstp *c, struct view packet, const struct now *now, struct fx *fx)
{
	struct sstp_msg m;
	struct rd_fault fault;
	bool good = sstp_read_msg(packet, &m, &fault);
	bool known = good && m.type >= SSTP_MSG_CONNECT_REQUEST && m.type <= SSTP_MSG_ECHO_RESPONSE;

	if (known) {
		if (m.type < SSTP_MSG_ECHO_REQUEST)
			FX_FACT_NOTE(
			    fx, FACT_SSTP_CONTROL_IN, F_STR(sstp_msg_name(m.type)), F_U(packet.n));
		dispatch(c, &m, packet, now, fx);
		return;
	}
	if (sstp_is_ending(c))
		return;
	FX_FACT_NOTE(fx, FACT_SSTP_BAD, F_STR("SSTP control message"),
	    F_STR(good ? "bad-value" : rd_error_name(fault.error)), F_U(good ? 4 : fault.at));
	sstp_abort(c, CAUSE_SSTP_BAD_PACKET, SSTP_ATTR_NONE, SSTP_STATUS_INVALID, now, fx);
}
