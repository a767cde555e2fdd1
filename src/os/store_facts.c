/* Joining the facts of several witnesses. See store_facts.h. */
#include "os/store_facts.h"

/* A fact has 14 bytes at least, so this covers the largest trail and the largest message. */
#define RECORDS_MAX 4096u
#define RECORD_MIN 14u

struct record {
	struct view bytes;
	uint64_t at_ms;
	bool is_gap; /* an earlier "attempt.trail-dropped" of ours */
	uint64_t gap;
};

struct records {
	size_t n;
	struct record r[RECORDS_MAX];
};

static bool
is_double(const struct records *all, struct view bytes)
{
	for (size_t i = 0; i < all->n; i++)
		if (view_eq(all->r[i].bytes, bytes))
			return true;
	return false;
}

/* Puts every fact of v into its place in time. */
static void
add_all(struct records *all, struct view v)
{
	struct rd_fault fault;
	struct rd r = rd_over(v, &fault);

	while (rd_more(&r) && all->n < RECORDS_MAX) {
		struct rd_fault own;
		struct rd length = r;
		struct view bytes = rd_take(&r, rd_u16(&length));
		struct rd one = rd_over(bytes, &own);
		struct fact f;
		if (bytes.n < RECORD_MIN)
			return;
		if (!fact_read(&one, &f) || is_double(all, bytes))
			continue;
		struct record rec = { bytes, f.at_ms, false, 0 };
		const struct fact_field *gap = fact_field(&f, "facts");
		if (f.id == FACT_TRAIL_DROPPED && f.witness == BY_RECORD && gap) {
			rec.is_gap = true;
			rec.gap = gap->u;
		}
		size_t at = all->n;
		while (at > 0 && all->r[at - 1].at_ms > rec.at_ms) {
			all->r[at] = all->r[at - 1];
			at--;
		}
		all->r[at] = rec;
		all->n++;
	}
}

/* Writes all but the middle, which becomes one fact that counts what it held. */
static void
write_bounded(const struct records *all, struct wr *w, size_t cap)
{
	size_t reserve = 64, head = 0, tail = all->n, used = 0, half = (cap - reserve) / 2;
	uint64_t dropped = 0;
	struct fact f;

	while (head < all->n && used + all->r[head].bytes.n <= half)
		used += all->r[head++].bytes.n;
	for (used = 0; tail > head && used + all->r[tail - 1].bytes.n <= half; tail--)
		used += all->r[tail - 1].bytes.n;
	for (size_t i = 0; i < all->n; i++)
		if (all->r[i].is_gap || (i >= head && i < tail))
			dropped += all->r[i].is_gap ? all->r[i].gap : 1;
	for (size_t i = 0; i < head; i++)
		if (!all->r[i].is_gap)
			wr_view(w, all->r[i].bytes);
	f = FACT_MAKE(FACT_TRAIL_DROPPED, F_U(dropped));
	f.witness = BY_RECORD;
	f.at_ms = head > 0 ? all->r[head - 1].at_ms : 0;
	fact_write(w, &f);
	for (size_t i = tail; i < all->n; i++)
		if (!all->r[i].is_gap)
			wr_view(w, all->r[i].bytes);
}

size_t
store_facts_merge(struct view a, struct view b, uint8_t *out, size_t cap)
{
	static struct records all; /* 160 KiB: too large for a stack, and there is one thread */
	struct wr w = wr_over(out, cap);
	size_t total = 0;

	must(cap >= 1024);
	all.n = 0;
	add_all(&all, a);
	add_all(&all, b);
	for (size_t i = 0; i < all.n; i++)
		total += all.r[i].bytes.n;
	if (total > cap)
		write_bounded(&all, &w, cap);
	else
		for (size_t i = 0; i < all.n; i++)
			wr_view(&w, all.r[i].bytes);
	must(wr_done(&w));
	return wr_len(&w);
}
