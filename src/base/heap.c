/* The heap of deadlines. See heap.h. */
#include "base/heap.h"

#include <stdlib.h>

bool
heap_init(struct heap *h, size_t cap)
{
	*h =
	    (struct heap){ .nodes = calloc(cap ? cap : 1, sizeof(struct heap_node *)), .cap = cap };
	return h->nodes != NULL;
}

void
heap_fini(struct heap *h)
{
	free(h->nodes);
	*h = (struct heap){ 0 };
}

static void
put(struct heap *h, size_t i, struct heap_node *node)
{
	h->nodes[i] = node;
	node->place = i + 1;
}

static void
sift_up(struct heap *h, size_t i)
{
	struct heap_node *node = h->nodes[i];

	while (i > 0 && h->nodes[(i - 1) / 2]->deadline_ms > node->deadline_ms) {
		put(h, i, h->nodes[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(h, i, node);
}

static void
sift_down(struct heap *h, size_t i)
{
	struct heap_node *node = h->nodes[i];

	for (;;) {
		size_t child = 2 * i + 1;
		if (child + 1 < h->n &&
		    h->nodes[child + 1]->deadline_ms < h->nodes[child]->deadline_ms)
			child++;
		if (child >= h->n || h->nodes[child]->deadline_ms >= node->deadline_ms)
			break;
		put(h, i, h->nodes[child]);
		i = child;
	}
	put(h, i, node);
}

void
heap_set(struct heap *h, struct heap_node *node, uint64_t deadline_ms)
{
	if (node->place == 0) {
		must(h->n < h->cap);
		put(h, h->n++, node);
	}
	node->deadline_ms = deadline_ms;
	sift_up(h, node->place - 1);
	sift_down(h, node->place - 1);
}

void
heap_remove(struct heap *h, struct heap_node *node)
{
	size_t i = node->place;

	if (i == 0)
		return;
	node->place = 0;
	h->n--;
	if (i - 1 == h->n)
		return;
	put(h, i - 1, h->nodes[h->n]);
	sift_up(h, i - 1);
	sift_down(h, h->nodes[i - 1]->place - 1);
}

struct heap_node *
heap_first(const struct heap *h)
{
	return h->n ? h->nodes[0] : NULL;
}
