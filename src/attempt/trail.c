/* The evidence trail. See trail.h. */
#include "attempt/trail.h"

#include <stdlib.h>

#define FIRST_BYTES 1024u /* most attempts need no more than twice that */

struct trail *
trail_new(void)
{
	return calloc(1, sizeof(struct trail));
}

void
trail_free(struct trail *t)
{
	if (t)
		free(t->bytes);
	free(t);
}

/* The length of the record at p, which we wrote ourselves. */
static size_t
record_len(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

/* Room for n bytes in all. */
static bool
grow(struct trail *t, size_t n)
{
	size_t cap = t->cap ? t->cap : FIRST_BYTES;
	uint8_t *p;

	if (n <= t->cap)
		return true;
	while (cap < n)
		cap *= 2;
	p = realloc(t->bytes, cap);
	if (!p)
		return false;
	t->bytes = p;
	t->cap = cap;
	return true;
}

static void
drop_oldest(struct trail *t)
{
	uint8_t *tail = t->bytes + t->n_head;
	size_t n = record_len(tail);

	memmove(tail, tail + n, t->n_tail - n);
	t->n_tail -= n;
	t->n_dropped++;
}

void
trail_add(struct trail *t, const struct fact *f)
{
	uint8_t buf[FACT_ENCODED_MAX * 2];
	struct wr w = wr_over(buf, sizeof(buf));
	bool to_head;

	fact_write(&w, f);
	struct view v = wr_view_of(&w);
	if (v.n == 0 || v.n > TRAIL_TAIL_BYTES) {
		t->n_dropped++;
		return;
	}
	to_head = t->n_tail == 0 && t->n_dropped == 0 && t->n_head + v.n <= TRAIL_HEAD_BYTES;
	while (!to_head && t->n_tail + v.n > TRAIL_TAIL_BYTES)
		drop_oldest(t);
	if (!grow(t, t->n_head + t->n_tail + v.n)) {
		t->n_dropped++;
		return;
	}
	memcpy(t->bytes + t->n_head + t->n_tail, v.p, v.n);
	if (to_head)
		t->n_head += v.n;
	else
		t->n_tail += v.n;
}

void
trail_write(const struct trail *t, struct wr *w)
{
	if (t->n_head)
		wr_bytes(w, t->bytes, t->n_head);
	if (t->n_dropped) {
		struct fact f = FACT_MAKE(FACT_TRAIL_DROPPED, F_U(t->n_dropped));
		fact_write(w, &f);
	}
	if (t->n_tail)
		wr_bytes(w, t->bytes + t->n_head, t->n_tail);
}

void
trail_reset(struct trail *t)
{
	free(t->bytes);
	*t = (struct trail){ 0 };
}
