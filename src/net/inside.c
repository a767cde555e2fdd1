/* The table of inner addresses: open addressing, linear probing. See inside.h. */
#include "net/inside.h"

#include <stdlib.h>

struct inside_slot {
	struct ip_addr addr;
	void *owner; /* NULL: free */
};

bool
inside_init(struct inside *t, size_t sessions)
{
	size_t cap = 64;

	while (cap < 2 * sessions)
		cap *= 2;
	*t = (struct inside){ .slots = calloc(cap, sizeof(struct inside_slot)), .cap = cap };
	return t->slots != NULL;
}

void
inside_fini(struct inside *t)
{
	free(t->slots);
	*t = (struct inside){ 0 };
}

/* The addresses are ours (leased), so a plain multiplicative hash spreads them. */
static size_t
place_of(const struct inside *t, const struct ip_addr *a)
{
	uint64_t x = a->family;

	/* IPv4 stands in the first half as well. */
	for (unsigned int i = 0; i < 8; i += 4)
		x = (x ^ ((uint64_t)a->b[i] << 24 | (uint64_t)a->b[i + 1] << 16 |
			     (uint64_t)a->b[i + 2] << 8 | a->b[i + 3])) *
		    0x9e3779b97f4a7c15ull;
	return (size_t)(x >> 32) & (t->cap - 1);
}

static bool
same_place(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->family == b->family && memcmp(a->b, b->b, 8) == 0;
}

static size_t
find(const struct inside *t, const struct ip_addr *a)
{
	size_t i = place_of(t, a);

	while (t->slots[i].owner && !same_place(&t->slots[i].addr, a))
		i = (i + 1) & (t->cap - 1);
	return i;
}

void
inside_add(struct inside *t, const struct ip_addr *addr, void *owner)
{
	size_t i = find(t, addr);

	must(owner && t->n < t->cap / 2 + 1);
	if (!t->slots[i].owner)
		t->n++;
	t->slots[i] = (struct inside_slot){ .addr = *addr, .owner = owner };
}

void
inside_remove(struct inside *t, const struct ip_addr *addr)
{
	size_t i = find(t, addr), hole = i;

	if (!t->slots[i].owner)
		return;
	t->n--;
	/* Move up what stood behind the hole, so that no probe sequence is cut. */
	for (;;) {
		i = (i + 1) & (t->cap - 1);
		if (!t->slots[i].owner)
			break;
		size_t home = place_of(t, &t->slots[i].addr);
		if (((i - home) & (t->cap - 1)) >= ((i - hole) & (t->cap - 1))) {
			t->slots[hole] = t->slots[i];
			hole = i;
		}
	}
	t->slots[hole] = (struct inside_slot){ 0 };
}

void *
inside_find(const struct inside *t, const struct ip_addr *addr)
{
	return t->slots[find(t, addr)].owner;
}
