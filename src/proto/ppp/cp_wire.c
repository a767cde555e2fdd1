/* Control packets and their options. See cp_wire.h. */
#include "proto/ppp/cp_wire.h"

#define OPTION_HEADER 2u

bool
cp_read(struct view info, struct cp_packet *out, struct rd_fault *fault)
{
	struct rd r = rd_over(info, fault);

	out->code = rd_u8(&r);
	out->id = rd_u8(&r);
	size_t length = rd_u16(&r);
	out->data = rd_take(&r, rd_minus(&r, length, CP_HEADER));
	if (!rd_ok(&r))
		return false;
	out->whole = view_of(info.p, length);
	return true;
}

void
cp_read_option(struct rd *r, struct cp_option *out)
{
	const uint8_t *start = r->p;

	out->type = rd_u8(r);
	size_t length = rd_u8(r);
	out->value = rd_take(r, rd_minus(r, length, OPTION_HEADER));
	out->whole = rd_ok(r) ? view_of(start, length) : view_of(NULL, 0);
}

bool
cp_options_ok(struct view options, struct rd_fault *fault)
{
	struct rd r = rd_over(options, fault);
	struct cp_option o;

	while (rd_more(&r))
		cp_read_option(&r, &o);
	return rd_done(&r);
}

bool
cp_option_u16(const struct cp_option *o, uint16_t *out)
{
	struct rd_fault fault;
	struct rd r = rd_over(o->value, &fault);
	uint16_t x = rd_u16(&r);

	if (!rd_done(&r))
		return false;
	*out = x;
	return true;
}

bool
cp_option_u32(const struct cp_option *o, uint32_t *out)
{
	struct rd_fault fault;
	struct rd r = rd_over(o->value, &fault);
	uint32_t x = rd_u32(&r);

	if (!rd_done(&r))
		return false;
	*out = x;
	return true;
}

void
cp_write(struct wr *w, uint8_t code, uint8_t id, struct view data)
{
	wr_u8(w, code);
	wr_u8(w, id);
	wr_u16(w, (uint16_t)(CP_HEADER + data.n));
	wr_view(w, data);
}

void
cp_write_option(struct wr *w, uint8_t type, struct view value)
{
	wr_u8(w, type);
	wr_u8(w, (uint8_t)(OPTION_HEADER + value.n));
	wr_view(w, value);
}

void
cp_write_option_u16(struct wr *w, uint8_t type, uint16_t value)
{
	wr_u8(w, type);
	wr_u8(w, OPTION_HEADER + sizeof(value));
	wr_u16(w, value);
}

void
cp_write_option_u32(struct wr *w, uint8_t type, uint32_t value)
{
	wr_u8(w, type);
	wr_u8(w, OPTION_HEADER + sizeof(value));
	wr_u32(w, value);
}
