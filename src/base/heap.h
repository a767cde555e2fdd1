/*
 * A heap of deadlines: the earliest of many timers in one place. The node lies in its owner and
 * remembers its place, so moving and removing it is O(log n) and never allocates.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include "base/must.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
	uint64_t deadline_ms;
	size_t place; /* index + 1; 0 = not in the heap */
};

struct heap {
	struct heap_node **nodes;
	size_t n, cap;
};

/* Room for cap nodes; false when memory is out. */
MUST_USE bool heap_init(struct heap *h, size_t cap);
void heap_fini(struct heap *h);

/* Puts node in, or moves it, to deadline_ms. must() that there is room. */
void heap_set(struct heap *h, struct heap_node *node, uint64_t deadline_ms);

/* Takes node out; harmless when it is not in. */
void heap_remove(struct heap *h, struct heap_node *node);

/* The node with the earliest deadline; NULL when empty. */
struct heap_node *heap_first(const struct heap *h);

#endif
