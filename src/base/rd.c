/* The bounds-checked reader. See rd.h. */
#include "base/rd.h"

struct rd
rd_over(struct view v, struct rd_fault *fault)
{
	*fault = (struct rd_fault){ .error = RD_OK, .at = 0, .base = v.p };
	return (struct rd){ .p = v.p, .end = v.n ? v.p + v.n : v.p, .fault = fault };
}

void
rd_fail(struct rd *r, enum rd_error error)
{
	if (r->fault->error != RD_OK)
		return;
	r->fault->error = error;
	r->fault->at = r->p ? (size_t)(r->p - r->fault->base) : 0;
}

bool
rd_ok(const struct rd *r)
{
	return r->fault->error == RD_OK;
}

size_t
rd_left(const struct rd *r)
{
	return rd_ok(r) ? (size_t)(r->end - r->p) : 0;
}

bool
rd_more(const struct rd *r)
{
	return rd_left(r) > 0;
}

struct view
rd_take(struct rd *r, size_t n)
{
	if (!rd_ok(r))
		return view_of(NULL, 0);
	if ((size_t)(r->end - r->p) < n) {
		rd_fail(r, RD_SHORT);
		return view_of(NULL, 0);
	}
	struct view v = view_of(r->p, n);
	if (n)
		r->p += n;
	return v;
}

struct view
rd_rest(struct rd *r)
{
	return rd_take(r, rd_left(r));
}

void
rd_bytes(struct rd *r, void *out, size_t n)
{
	struct view v = rd_take(r, n);

	memset(out, 0, n);
	if (v.n)
		memcpy(out, v.p, v.n);
}

/* n bytes as one big-endian number. */
static uint64_t
rd_be(struct rd *r, size_t n)
{
	struct view v = rd_take(r, n);
	uint64_t x = 0;

	for (size_t i = 0; i < v.n; i++)
		x = x << 8 | v.p[i];
	return x;
}

uint8_t
rd_u8(struct rd *r)
{
	return (uint8_t)rd_be(r, 1);
}

uint16_t
rd_u16(struct rd *r)
{
	return (uint16_t)rd_be(r, 2);
}

uint32_t
rd_u32(struct rd *r)
{
	return (uint32_t)rd_be(r, 4);
}

uint64_t
rd_u64(struct rd *r)
{
	return rd_be(r, 8);
}

uint16_t
rd_le16(struct rd *r)
{
	uint16_t x = rd_u16(r);

	return (uint16_t)(x << 8 | x >> 8);
}

uint32_t
rd_le32(struct rd *r)
{
	return __builtin_bswap32(rd_u32(r));
}

struct rd
rd_sub(struct rd *r, size_t n)
{
	struct view v = rd_take(r, n);

	return (struct rd){ .p = v.p, .end = v.n ? v.p + v.n : v.p, .fault = r->fault };
}

size_t
rd_minus(struct rd *r, size_t length, size_t header)
{
	if (length < header) {
		rd_fail(r, RD_BAD_LENGTH);
		return 0;
	}
	return length - header;
}

bool
rd_done(struct rd *r)
{
	if (rd_more(r))
		rd_fail(r, RD_TRAILING);
	return rd_ok(r);
}

const char *
rd_error_name(enum rd_error error)
{
	switch (error) {
	case RD_OK:
		return "ok";
	case RD_SHORT:
		return "short";
	case RD_TRAILING:
		return "trailing";
	case RD_BAD_LENGTH:
		return "bad-length";
	case RD_BAD_VALUE:
		return "bad-value";
	case RD_TOO_MANY:
		return "too-many";
	}
	return "?";
}
