/* The bounded arena. See arena.h. */
#include "base/arena.h"

#include "base/secret.h"

#include <stdalign.h>
#include <stdlib.h>

#define ARENA_BLOCK 4096u

struct arena_block {
	struct arena_block *next;
	size_t used, cap;
	alignas(max_align_t) uint8_t bytes[];
};

void
arena_init(struct arena *a, size_t limit_bytes)
{
	*a = (struct arena){ .blocks = NULL, .used_bytes = 0, .limit_bytes = limit_bytes };
}

void *
arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *b = a->blocks;

	if (n > a->limit_bytes || n > SIZE_MAX - alignof(max_align_t))
		return NULL;
	n = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (n > a->limit_bytes - a->used_bytes)
		return NULL;
	if (!b || b->cap - b->used < n) {
		size_t cap = n > ARENA_BLOCK ? n : ARENA_BLOCK;
		b = malloc(sizeof(*b) + cap);
		if (!b)
			return NULL;
		*b = (struct arena_block){ .next = a->blocks, .used = 0, .cap = cap };
		a->blocks = b;
	}
	void *p = b->bytes + b->used;
	b->used += n;
	a->used_bytes += n;
	return memset(p, 0, n);
}

char *
arena_copy(struct arena *a, struct view v)
{
	char *s = v.n < SIZE_MAX ? arena_alloc(a, v.n + 1) : NULL;

	if (s && v.n)
		memcpy(s, v.p, v.n);
	return s;
}

void
arena_fini(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *b = a->blocks;
		a->blocks = b->next;
		secret_wipe_bytes(b->bytes, b->used);
		free(b);
	}
	a->used_bytes = 0;
}
