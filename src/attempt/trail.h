/*
 * The evidence trail of one attempt: encoded facts in one bounded buffer, which grows with them.
 * When it is full its middle is dropped and counted; the first facts and the last ones stay.
 */
#ifndef ATTEMPT_TRAIL_H
#define ATTEMPT_TRAIL_H

#include "attempt/fact.h"

#define TRAIL_BYTES 8192u
#define TRAIL_HEAD_BYTES 4096u /* the first facts, which are never dropped */
#define TRAIL_TAIL_BYTES (TRAIL_BYTES - TRAIL_HEAD_BYTES)

struct trail {
	size_t n_head, n_tail; /* bytes used of each part; the tail follows the head */
	uint32_t n_dropped;    /* facts dropped from the middle, or for want of memory */
	size_t cap;
	uint8_t *bytes; /* owned */
};

/* An empty one; NULL when memory is out. */
struct trail *trail_new(void);
void trail_free(struct trail *t);

/* Appends a fact; drops the oldest of the tail when there is no room. */
void trail_add(struct trail *t, const struct fact *f);

/*
 * Writes the whole trail to w as records that fact_read reads, with a fact "attempt.trail-dropped"
 * between head and tail when something was dropped.
 */
void trail_write(const struct trail *t, struct wr *w);

/* Empties it, after its content was handed over. */
void trail_reset(struct trail *t);

#endif
