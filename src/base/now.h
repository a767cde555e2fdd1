/*
 * Time and randomness as values: the loop reads them once per turn and passes them down, so that
 * a core never asks a clock and a test replays a run exactly.
 */
#ifndef BASE_NOW_H
#define BASE_NOW_H

#include <stddef.h>
#include <stdint.h>

/* No deadline. */
#define NEVER_MS UINT64_MAX

typedef void (*draw_fn)(void *ctx, uint8_t *out, size_t n);

struct now {
	uint64_t ms;          /* monotonic milliseconds */
	int64_t unix_us;      /* wall clock, microseconds since 1970 */
	int32_t utc_offset_s; /* how far the server's local time is ahead of UTC */
	draw_fn draw;         /* fills out with n random bytes; never fails */
	void *draw_ctx;
};

static inline void
now_draw(const struct now *now, void *out, size_t n)
{
	now->draw(now->draw_ctx, out, n);
}

static inline uint32_t
now_draw_u32(const struct now *now)
{
	uint8_t b[4];

	now_draw(now, b, sizeof(b));
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* The earlier of two deadlines. */
static inline uint64_t
deadline_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

#endif
