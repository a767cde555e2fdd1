/*
 * The codec of SSTP control messages, both directions. See sstp_wire.h. It reads what is there and
 * judges form only; sstp_check_request alone knows a rule of meaning, because its answer is a list
 * of attributes.
 */
#include "proto/sstp/sstp_wire.h"

#define VERSION_1_0 0x10u
#define FLAG_CONTROL 0x01u
#define LENGTH_MASK 0x0fffu /* the upper four bits are reserved and ignored */

/* MS-SSTP 2.2.4 */
static void
read_attr(struct rd *r, struct sstp_attr *out)
{
	(void)rd_u8(r); /* reserved */
	out->id = rd_u8(r);
	size_t length = rd_u16(r) & LENGTH_MASK;
	out->value = rd_take(r, rd_minus(r, length, SSTP_ATTR_HEADER));
}

bool
sstp_read_msg(struct view packet, struct sstp_msg *out, struct rd_fault *fault)
{
	struct rd r = rd_over(packet, fault);

	if (rd_u8(&r) != VERSION_1_0)
		rd_fail(&r, RD_BAD_VALUE);
	if (!(rd_u8(&r) & FLAG_CONTROL))
		rd_fail(&r, RD_BAD_VALUE);
	size_t length = rd_u16(&r) & LENGTH_MASK;
	if (length != packet.n)
		rd_fail(&r, RD_BAD_LENGTH);
	out->type = rd_u16(&r);
	unsigned int claimed = rd_u16(&r);

	out->n_attrs = 0;
	while (rd_more(&r) && out->n_attrs < SSTP_ATTRS_MAX && out->n_attrs < claimed)
		read_attr(&r, &out->attrs[out->n_attrs++]);
	if (rd_more(&r) && out->n_attrs == SSTP_ATTRS_MAX)
		rd_fail(&r, RD_TOO_MANY);
	if (out->n_attrs < claimed)
		rd_fail(&r, RD_SHORT);
	return rd_done(&r);
}

bool
sstp_read_protocol(struct view value, uint16_t *out)
{
	struct rd_fault fault;
	struct rd r = rd_over(value, &fault);

	*out = rd_u16(&r);
	return rd_done(&r);
}

bool
sstp_read_status(struct view value, struct sstp_status_info *out)
{
	struct rd_fault fault;
	struct rd r = rd_over(value, &fault);

	rd_take(&r, 3);
	out->attr = rd_u8(&r);
	out->status = rd_u32(&r);
	out->value = rd_rest(&r);
	if (out->value.n > SSTP_STATUS_VALUE_MAX)
		rd_fail(&r, RD_BAD_LENGTH);
	return rd_done(&r);
}

bool
sstp_read_binding_req(struct view value, struct sstp_binding_req *out)
{
	struct rd_fault fault;
	struct rd r = rd_over(value, &fault);

	rd_take(&r, 3);
	out->hash_mask = rd_u8(&r);
	rd_bytes(&r, out->nonce, sizeof(out->nonce));
	return rd_done(&r);
}

bool
sstp_read_binding(struct view value, struct sstp_binding *out)
{
	struct rd_fault fault;
	struct rd r = rd_over(value, &fault);

	rd_take(&r, 3);
	out->hash = rd_u8(&r);
	rd_bytes(&r, out->nonce, sizeof(out->nonce));
	rd_bytes(&r, out->cert_hash, sizeof(out->cert_hash));
	rd_bytes(&r, out->mac, sizeof(out->mac));
	return rd_done(&r);
}

const struct sstp_attr *
sstp_find(const struct sstp_msg *m, enum sstp_attr_id id)
{
	for (unsigned int i = 0; i < m->n_attrs; i++)
		if (m->attrs[i].id == id)
			return &m->attrs[i];
	return NULL;
}

bool
sstp_attr_known(uint8_t id)
{
	return id >= SSTP_ATTR_PROTOCOL && id <= SSTP_ATTR_BINDING_REQ;
}

/* The status of one attribute of a Call Connect Request; SSTP_STATUS_NONE when it may stay. */
static enum sstp_status
check_attr(const struct sstp_attr *a, bool seen_before)
{
	struct sstp_status_info info;
	uint16_t protocol;

	if (a->id != SSTP_ATTR_PROTOCOL && a->id != SSTP_ATTR_STATUS)
		return SSTP_STATUS_UNRECOGNIZED; /* unknown, or no attribute of a request */
	if (seen_before)
		return SSTP_STATUS_DUPLICATE;
	if (a->id == SSTP_ATTR_STATUS) {
		if (!sstp_read_status(a->value, &info))
			return SSTP_STATUS_LENGTH;
		return info.status ? SSTP_STATUS_INFO_NOT_IN_MSG : SSTP_STATUS_NONE;
	}
	if (!sstp_read_protocol(a->value, &protocol))
		return SSTP_STATUS_LENGTH;
	return protocol == SSTP_PROTOCOL_PPP ? SSTP_STATUS_NONE : SSTP_STATUS_VALUE;
}

unsigned int
sstp_check_request(const struct sstp_msg *m, struct sstp_status_info out[SSTP_ATTRS_MAX + 1])
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < m->n_attrs; i++) {
		const struct sstp_attr *a = &m->attrs[i];
		enum sstp_status status = check_attr(a, sstp_find(m, a->id) != a);
		bool understood = status != SSTP_STATUS_UNRECOGNIZED;
		size_t n_value =
		    a->value.n < SSTP_STATUS_VALUE_MAX ? a->value.n : SSTP_STATUS_VALUE_MAX;

		if (status != SSTP_STATUS_NONE)
			out[n++] = (struct sstp_status_info){ .attr = a->id,
				.status = status,
				.value = view_of(a->value.p, understood ? n_value : 0) };
	}
	/* 2.2.8 and 3.3.5.2.2 name different attributes here; 2.2.8 says which one is missing. */
	if (!sstp_find(m, SSTP_ATTR_PROTOCOL))
		out[n++] = (struct sstp_status_info){ .attr = SSTP_ATTR_PROTOCOL,
			.status = SSTP_STATUS_MISSING };
	return n;
}

/* The header with its length open; msg_end closes it. */
static size_t
msg_begin(struct wr *w, uint16_t type, unsigned int n_attrs)
{
	wr_u8(w, VERSION_1_0);
	wr_u8(w, FLAG_CONTROL);
	size_t mark = wr_len16_begin(w);
	wr_u16(w, type);
	wr_u16(w, (uint16_t)n_attrs);
	return mark;
}

static void
msg_end(struct wr *w, size_t mark)
{
	wr_len16_end(w, mark, 2); /* version and flags stand before the length */
}

static size_t
attr_begin(struct wr *w, uint8_t id)
{
	wr_u8(w, 0);
	wr_u8(w, id);
	return wr_len16_begin(w);
}

static void
attr_end(struct wr *w, size_t mark)
{
	wr_len16_end(w, mark, 2);
}

static void
write_status(struct wr *w, const struct sstp_status_info *info)
{
	size_t mark = attr_begin(w, SSTP_ATTR_STATUS);

	wr_zero(w, 3);
	wr_u8(w, info->attr);
	wr_u32(w, info->status);
	wr_view(w, info->value);
	attr_end(w, mark);
}

void
sstp_write_msg(struct wr *w, const struct sstp_msg *m)
{
	size_t mark = msg_begin(w, m->type, m->n_attrs);

	for (unsigned int i = 0; i < m->n_attrs; i++) {
		size_t attr = attr_begin(w, m->attrs[i].id);

		wr_view(w, m->attrs[i].value);
		attr_end(w, attr);
	}
	msg_end(w, mark);
}

void
sstp_write_plain(struct wr *w, enum sstp_msg_type type)
{
	msg_end(w, msg_begin(w, (uint16_t)type, 0));
}

void
sstp_write_request(struct wr *w, uint16_t protocol)
{
	size_t mark = msg_begin(w, SSTP_MSG_CONNECT_REQUEST, 1);
	size_t attr = attr_begin(w, SSTP_ATTR_PROTOCOL);

	wr_u16(w, protocol);
	attr_end(w, attr);
	msg_end(w, mark);
}

void
sstp_write_ack(struct wr *w, const struct sstp_binding_req *req)
{
	size_t mark = msg_begin(w, SSTP_MSG_CONNECT_ACK, 1);
	size_t attr = attr_begin(w, SSTP_ATTR_BINDING_REQ);

	wr_zero(w, 3);
	wr_u8(w, req->hash_mask);
	wr_bytes(w, req->nonce, sizeof(req->nonce));
	attr_end(w, attr);
	msg_end(w, mark);
}

void
sstp_write_nak(struct wr *w, const struct sstp_status_info *infos, unsigned int n)
{
	size_t mark = msg_begin(w, SSTP_MSG_CONNECT_NAK, n);

	for (unsigned int i = 0; i < n; i++)
		write_status(w, &infos[i]);
	msg_end(w, mark);
}

void
sstp_write_connected(struct wr *w, const struct sstp_binding *b)
{
	size_t mark = msg_begin(w, SSTP_MSG_CONNECTED, 1);
	size_t attr = attr_begin(w, SSTP_ATTR_BINDING);

	wr_zero(w, 3);
	wr_u8(w, b->hash);
	wr_bytes(w, b->nonce, sizeof(b->nonce));
	wr_bytes(w, b->cert_hash, sizeof(b->cert_hash));
	wr_bytes(w, b->mac, sizeof(b->mac));
	attr_end(w, attr);
	msg_end(w, mark);
}

void
sstp_write_end(struct wr *w, enum sstp_msg_type type, uint8_t attr, uint32_t status)
{
	struct sstp_status_info info = { .attr = attr, .status = status };
	size_t mark = msg_begin(w, (uint16_t)type, 1);

	write_status(w, &info);
	msg_end(w, mark);
}

const char *
sstp_msg_name(uint16_t type)
{
	static const char *const names[] = { "none", "Call Connect Request",
		"Call Connect Acknowledge", "Call Connect Negative Acknowledgment",
		"Call Connected", "Call Abort", "Call Disconnect", "Call Disconnect Acknowledge",
		"Echo Request", "Echo Response" };

	return type && type < sizeof(names) / sizeof(names[0]) ? names[type] : "unknown";
}

const char *
sstp_status_name(uint32_t status)
{
	static const char *const names[] = { "no error", "duplicate attribute",
		"unrecognized attribute", "invalid attribute length", "value not supported",
		"message not accepted in this state", "retry count exceeded", "invalid frame",
		"negotiation time-out", "attribute not supported in message",
		"required attribute missing", "status info not supported in message" };

	return status < sizeof(names) / sizeof(names[0]) ? names[status] : "unknown";
}
