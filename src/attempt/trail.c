/* The evidence trail. See trail.h. */
#include "attempt/trail.h"

/* The length of the record at p, which we wrote ourselves. */
static size_t
record_len(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

void
trail_add(struct trail *t, const struct fact *f)
{
	uint8_t buf[FACT_ENCODED_MAX * 2];
	struct wr w = wr_over(buf, sizeof(buf));

	fact_write(&w, f);
	struct view v = wr_view_of(&w);
	if (v.n == 0 || v.n > sizeof(t->tail)) {
		t->n_dropped++;
		return;
	}
	if (t->n_tail == 0 && t->n_dropped == 0 &&
	    view_copy(v, t->head + t->n_head, sizeof(t->head) - t->n_head)) {
		t->n_head += v.n;
		return;
	}
	while (sizeof(t->tail) - t->n_tail < v.n) {
		size_t n = record_len(t->tail);
		memmove(t->tail, t->tail + n, t->n_tail - n);
		t->n_tail -= n;
		t->n_dropped++;
	}
	memcpy(t->tail + t->n_tail, v.p, v.n);
	t->n_tail += v.n;
}

void
trail_write(const struct trail *t, struct wr *w)
{
	wr_bytes(w, t->head, t->n_head);
	if (t->n_dropped) {
		struct fact f = FACT_MAKE(FACT_TRAIL_DROPPED, F_U(t->n_dropped));
		fact_write(w, &f);
	}
	wr_bytes(w, t->tail, t->n_tail);
}

void
trail_reset(struct trail *t)
{
	t->n_head = t->n_tail = 0;
	t->n_dropped = 0;
}
