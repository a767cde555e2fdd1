/*
 * A bounded arena: set-up memory of one connection attempt, given back in one call. The bound is
 * the limit against half-open floods.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/view.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used_bytes, limit_bytes;
};

/* An empty arena that hands out at most limit_bytes. Allocates nothing yet. */
void arena_init(struct arena *a, size_t limit_bytes);

/* n zeroed bytes aligned for any type; NULL past the limit or when memory is out. */
void *arena_alloc(struct arena *a, size_t n);

/* A copy of v with a terminating zero behind it; NULL as arena_alloc. */
char *arena_copy(struct arena *a, struct view v);

/* Wipes and frees all; the arena is empty and usable again. */
void arena_fini(struct arena *a);

#endif
