/* Packets of PAP, CHAP and MS-CHAPv2. See auth_wire.h. */
#include "proto/ppp/auth_wire.h"

#include "base/text.h"

#define MSCHAP2_RESERVED 8u
#define SUCCESS_AUTH 42u /* "S=" and 40 digits */

bool
pap_read_request(struct view data, struct pap_request *out, struct rd_fault *fault)
{
	struct rd r = rd_over(data, fault);

	out->name = rd_take(&r, rd_u8(&r));
	out->password = rd_take(&r, rd_u8(&r));
	return rd_done(&r);
}

void
pap_write_request(struct wr *w, uint8_t id, struct view name, struct view password)
{
	must(name.n <= UINT8_MAX && password.n <= UINT8_MAX);
	wr_u8(w, PAP_REQUEST);
	wr_u8(w, id);
	wr_u16(w, (uint16_t)(CP_HEADER + 2 + name.n + password.n));
	wr_u8(w, (uint8_t)name.n);
	wr_view(w, name);
	wr_u8(w, (uint8_t)password.n);
	wr_view(w, password);
}

bool
pap_read_message(struct view data, struct view *out, struct rd_fault *fault)
{
	struct rd r = rd_over(data, fault);

	*out = rd_more(&r) ? rd_take(&r, rd_u8(&r)) : view_of(NULL, 0);
	return rd_done(&r);
}

void
pap_write_message(struct wr *w, uint8_t code, uint8_t id, struct view text)
{
	must(text.n <= UINT8_MAX);
	wr_u8(w, code);
	wr_u8(w, id);
	wr_u16(w, (uint16_t)(CP_HEADER + 1 + text.n));
	wr_u8(w, (uint8_t)text.n);
	wr_view(w, text);
}

bool
chap_read_value(struct view data, struct chap_value *out, struct rd_fault *fault)
{
	struct rd r = rd_over(data, fault);

	out->value = rd_take(&r, rd_u8(&r));
	out->name = rd_rest(&r);
	return rd_done(&r);
}

void
chap_write_value(struct wr *w, uint8_t code, uint8_t id, struct view value, struct view name)
{
	must(value.n <= UINT8_MAX);
	wr_u8(w, code);
	wr_u8(w, id);
	wr_u16(w, (uint16_t)(CP_HEADER + 1 + value.n + name.n));
	wr_u8(w, (uint8_t)value.n);
	wr_view(w, value);
	wr_view(w, name);
}

bool
mschap2_read_value(struct view value, struct mschap2_value *out)
{
	struct rd_fault fault;
	struct rd r = rd_over(value, &fault);

	rd_bytes(&r, out->peer_challenge, sizeof(out->peer_challenge));
	rd_take(&r, MSCHAP2_RESERVED);
	rd_bytes(&r, out->nt_response, sizeof(out->nt_response));
	out->flags = rd_u8(&r);
	return rd_done(&r);
}

void
mschap2_write_value(struct wr *w, const struct mschap2_value *v)
{
	wr_bytes(w, v->peer_challenge, sizeof(v->peer_challenge));
	wr_zero(w, MSCHAP2_RESERVED);
	wr_bytes(w, v->nt_response, sizeof(v->nt_response));
	wr_u8(w, v->flags);
}

bool
mschap2_read_change(struct view data, struct mschap2_change *out, struct rd_fault *fault)
{
	struct rd r = rd_over(data, fault);

	rd_bytes(&r, out->block, sizeof(out->block));
	rd_bytes(&r, out->hash, sizeof(out->hash));
	rd_bytes(&r, out->peer_challenge, sizeof(out->peer_challenge));
	rd_take(&r, MSCHAP2_RESERVED);
	rd_bytes(&r, out->nt_response, sizeof(out->nt_response));
	rd_u16(&r); /* flags: reserved */
	return rd_done(&r);
}

void
mschap2_write_change(struct wr *w, uint8_t id, const struct mschap2_change *c)
{
	wr_u8(w, CHAP_CHANGE);
	wr_u8(w, id);
	size_t mark = wr_len16_begin(w);
	wr_bytes(w, c->block, sizeof(c->block));
	wr_bytes(w, c->hash, sizeof(c->hash));
	wr_bytes(w, c->peer_challenge, sizeof(c->peer_challenge));
	wr_zero(w, MSCHAP2_RESERVED);
	wr_bytes(w, c->nt_response, sizeof(c->nt_response));
	wr_u16(w, 0);
	wr_len16_end(w, mark, 2);
}

/* The bytes up to the next blank, which is skipped. */
static struct view
read_word(struct rd *r)
{
	struct rd ahead = *r;
	size_t n = 0;

	while (rd_more(&ahead) && rd_u8(&ahead) != ' ')
		n++;
	struct view word = rd_take(r, n);
	if (rd_more(r))
		rd_u8(r);
	return word;
}

static bool
read_decimal(struct view digits, uint32_t *out)
{
	struct rd_fault fault;
	struct rd r = rd_over(digits, &fault);
	uint32_t x = 0;

	if (digits.n == 0 || digits.n > 9)
		return false;
	while (rd_more(&r)) {
		uint8_t c = rd_u8(&r);
		if (c < '0' || c > '9')
			return false;
		x = x * 10 + (c - '0');
	}
	*out = x;
	return true;
}

/* One "X=value" of a failure text; unknown letters are passed over. */
static bool
read_failure_field(uint8_t key, struct view value, struct mschap2_failure *out)
{
	uint32_t number = 0;

	switch (key) {
	case 'E':
		return read_decimal(value, &out->error);
	case 'R':
		if (!read_decimal(value, &number))
			return false;
		out->retry = number != 0;
		return true;
	case 'V':
		return read_decimal(value, &out->version);
	case 'C':
		out->has_challenge = text_unhex(value, out->challenge, sizeof(out->challenge)) ==
		                     (int)sizeof(out->challenge);
		return out->has_challenge;
	default:
		return true;
	}
}

bool
mschap2_read_failure(struct view text, struct mschap2_failure *out)
{
	struct rd_fault fault;
	struct rd r = rd_over(text, &fault);
	bool has_error = false;

	*out = (struct mschap2_failure){ 0 };
	while (rd_left(&r) >= 2) {
		uint8_t key = rd_u8(&r);
		if (rd_u8(&r) != '=')
			return false;
		if (key == 'M') {
			out->message = rd_rest(&r);
			break;
		}
		if (!read_failure_field(key, read_word(&r), out))
			return false;
		has_error = has_error || key == 'E';
	}
	return has_error && rd_done(&r);
}

void
mschap2_write_failure(struct wr *w, const struct mschap2_failure *f)
{
	wr_fmt(w, "E=%u R=%u C=", f->error, f->retry);
	for (size_t i = 0; i < sizeof(f->challenge); i++)
		wr_fmt(w, "%02X", f->challenge[i]);
	wr_fmt(w, " V=%u M=", f->version);
	wr_view(w, f->message);
}

bool
mschap2_read_success(struct view text, struct view *auth, struct view *message)
{
	struct rd_fault fault;
	struct rd r = rd_over(text, &fault);

	struct view s = rd_take(&r, SUCCESS_AUTH);
	if (!rd_ok(&r) || s.p[0] != 'S' || s.p[1] != '=')
		return false;
	*auth = s;
	struct view rest = rd_rest(&r);
	struct rd m = rd_over(rest, &fault);
	/* " M=" or, from some servers, "M=" without the blank; no message at all is fine too. */
	if (rd_left(&m) && m.p[0] == ' ')
		rd_u8(&m);
	if (rd_left(&m) >= 2 && rd_u8(&m) == 'M' && rd_u8(&m) == '=')
		*message = rd_rest(&m);
	else
		*message = view_of(NULL, 0);
	return true;
}
