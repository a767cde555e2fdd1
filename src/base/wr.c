/* The writer. See wr.h. */
#include "base/wr.h"

#include <stdarg.h>
#include <stdio.h>

struct wr
wr_over(void *buf, size_t cap)
{
	return (
	    struct wr){ .start = buf, .p = buf, .end = (uint8_t *)buf + cap, .overflow = false };
}

/* Reserves n bytes; NULL and overflow when they do not fit. */
static uint8_t *
wr_reserve(struct wr *w, size_t n)
{
	if (w->overflow || (size_t)(w->end - w->p) < n) {
		w->overflow = true;
		return NULL;
	}
	uint8_t *at = w->p;
	w->p += n;
	return at;
}

static void
wr_be(struct wr *w, uint64_t x, unsigned int n)
{
	uint8_t *at = wr_reserve(w, n);

	if (!at)
		return;
	for (unsigned int i = 0; i < n; i++)
		at[i] = (uint8_t)(x >> (8 * (n - 1 - i)));
}

void
wr_u8(struct wr *w, uint8_t x)
{
	wr_be(w, x, 1);
}

void
wr_u16(struct wr *w, uint16_t x)
{
	wr_be(w, x, 2);
}

void
wr_u32(struct wr *w, uint32_t x)
{
	wr_be(w, x, 4);
}

void
wr_u64(struct wr *w, uint64_t x)
{
	wr_be(w, x, 8);
}

void
wr_le16(struct wr *w, uint16_t x)
{
	wr_u16(w, (uint16_t)(x << 8 | x >> 8));
}

void
wr_le32(struct wr *w, uint32_t x)
{
	wr_u32(w, __builtin_bswap32(x));
}

void
wr_bytes(struct wr *w, const void *p, size_t n)
{
	uint8_t *at = wr_reserve(w, n);

	if (at && n)
		memcpy(at, p, n);
}

void
wr_view(struct wr *w, struct view v)
{
	wr_bytes(w, v.p, v.n);
}

void
wr_str(struct wr *w, const char *s)
{
	wr_bytes(w, s, strlen(s));
}

void
wr_zero(struct wr *w, size_t n)
{
	uint8_t *at = wr_reserve(w, n);

	if (at && n)
		memset(at, 0, n);
}

void
wr_fmt(struct wr *w, const char *fmt, ...)
{
	size_t room = wr_room(w);
	va_list ap;

	va_start(ap, fmt);
	int n = room ? vsnprintf((char *)w->p, room, fmt, ap) : -1;
	va_end(ap);
	/* vsnprintf also needs room for its terminator, which the next write replaces. */
	if (n < 0 || (size_t)n >= room) {
		w->overflow = true;
		return;
	}
	w->p += n;
}

size_t
wr_len16_begin(struct wr *w)
{
	size_t mark = wr_len(w);

	wr_u16(w, 0);
	return mark;
}

void
wr_len16_end(struct wr *w, size_t mark, size_t extra)
{
	if (w->overflow)
		return;
	size_t n = wr_len(w) - mark + extra;
	if (n > UINT16_MAX) {
		w->overflow = true;
		return;
	}
	w->start[mark] = (uint8_t)(n >> 8);
	w->start[mark + 1] = (uint8_t)n;
}

size_t
wr_len8_begin(struct wr *w)
{
	size_t mark = wr_len(w);

	wr_u8(w, 0);
	return mark;
}

void
wr_len8_end(struct wr *w, size_t mark, size_t extra)
{
	if (w->overflow)
		return;
	size_t n = wr_len(w) - mark + extra;
	if (n > UINT8_MAX) {
		w->overflow = true;
		return;
	}
	w->start[mark] = (uint8_t)n;
}

void
wr_poke8(struct wr *w, size_t at, uint8_t x)
{
	if (w->overflow)
		return;
	must(at < wr_len(w));
	w->start[at] = x;
}

size_t
wr_len(const struct wr *w)
{
	return (size_t)(w->p - w->start);
}

size_t
wr_room(const struct wr *w)
{
	return w->overflow ? 0 : (size_t)(w->end - w->p);
}

struct view
wr_view_of(const struct wr *w)
{
	return w->overflow ? view_of(NULL, 0) : view_of(w->start, wr_len(w));
}

bool
wr_done(const struct wr *w)
{
	return !w->overflow;
}
