/* Limits on half-open connections. See halfopen.h. */
#include "net/halfopen.h"

#define PROBES 16u

static struct ip_addr
source_of(const struct ip_addr *addr)
{
	struct ip_addr s = *addr;

	if (s.family == IP_V6)
		memset(s.b + 8, 0, 8);
	return s;
}

/* FNV-1a over key and address: the key is what makes it unpredictable. */
static size_t
place_of(const struct halfopen *h, const struct ip_addr *s)
{
	uint64_t x = 14695981039346656037ull;

	for (unsigned int i = 0; i < sizeof(h->key); i++)
		x = (x ^ h->key[i]) * 1099511628211ull;
	for (unsigned int i = 0; i < sizeof(s->b); i++)
		x = (x ^ s->b[i]) * 1099511628211ull;
	return (size_t)(x >> 20) % HALFOPEN_SLOTS;
}

/* The slot of an address: its own, else a free one, else -1 (too crowded to tell them apart). */
static int
find(const struct halfopen *h, const struct halfopen_table *t, const struct ip_addr *s)
{
	size_t at = place_of(h, s);
	int vacant = -1;

	if (s->family == IP_NONE)
		return -1;
	for (unsigned int i = 0; i < PROBES; i++) {
		size_t j = (at + i) % HALFOPEN_SLOTS;
		if (t->slots[j].n && ip_equal(&t->slots[j].addr, s))
			return (int)j;
		if (t->slots[j].n == 0 && vacant < 0)
			vacant = (int)j;
	}
	return vacant;
}

static void
count(struct halfopen_table *t, int i, const struct ip_addr *s)
{
	if (i < 0)
		return;
	t->slots[i].addr = *s;
	t->slots[i].n++;
}

static void
uncount(struct halfopen_table *t, int i)
{
	if (i >= 0 && t->slots[i].n)
		t->slots[i].n--;
}

bool
halfopen_enter(struct halfopen *h, const struct ip_addr *addr)
{
	struct ip_addr s = source_of(addr), net = halfopen_prefix(addr).addr;
	int i = find(h, &h->sources, &s), j = find(h, &h->networks, &net);

	if (h->n >= h->limit || (i >= 0 && h->sources.slots[i].n >= h->limit_per_source) ||
	    (j >= 0 && h->networks.slots[j].n >= h->limit_per_network))
		return false;
	count(&h->sources, i, &s);
	count(&h->networks, j, &net);
	h->n++;
	return true;
}

void
halfopen_leave(struct halfopen *h, const struct ip_addr *addr)
{
	struct ip_addr s = source_of(addr), net = halfopen_prefix(addr).addr;

	must(h->n > 0);
	h->n--;
	uncount(&h->sources, find(h, &h->sources, &s));
	uncount(&h->networks, find(h, &h->networks, &net));
}

struct ip_prefix
halfopen_prefix(const struct ip_addr *addr)
{
	struct ip_prefix p = { .addr = *addr, .len = addr->family == IP_V4 ? 24 : 48 };

	memset(p.addr.b + p.len / 8, 0, sizeof(p.addr.b) - p.len / 8);
	return p;
}
