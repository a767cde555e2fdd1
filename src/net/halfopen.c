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

/* The slot of a source: its own, else a free one, else -1 (too crowded to tell sources apart). */
static int
find(const struct halfopen *h, const struct ip_addr *s)
{
	size_t at = place_of(h, s);
	int vacant = -1;

	if (s->family == IP_NONE)
		return -1;

	for (unsigned int i = 0; i < PROBES; i++) {
		size_t j = (at + i) % HALFOPEN_SLOTS;
		if (h->slots[j].n && ip_equal(&h->slots[j].source, s))
			return (int)j;
		if (h->slots[j].n == 0 && vacant < 0)
			vacant = (int)j;
	}
	return vacant;
}

bool
halfopen_enter(struct halfopen *h, const struct ip_addr *addr)
{
	struct ip_addr s = source_of(addr);
	int i = find(h, &s);

	if (h->n >= h->limit)
		return false;
	if (i >= 0) {
		if (h->slots[i].n >= h->limit_per_source)
			return false;
		h->slots[i].source = s;
		h->slots[i].n++;
	}
	h->n++;
	return true;
}

void
halfopen_leave(struct halfopen *h, const struct ip_addr *addr)
{
	struct ip_addr s = source_of(addr);
	int i = find(h, &s);

	must(h->n > 0);
	h->n--;
	if (i >= 0 && h->slots[i].n)
		h->slots[i].n--;
}

struct ip_prefix
halfopen_prefix(const struct ip_addr *addr)
{
	struct ip_prefix p = { .addr = *addr, .len = addr->family == IP_V4 ? 24 : 48 };

	memset(p.addr.b + p.len / 8, 0, sizeof(p.addr.b) - p.len / 8);
	return p;
}
