/* The pool behind packet buffers. See pkt.h. */
#include "base/pkt.h"

#include <stdlib.h>

struct pkt_class {
	uint8_t *bytes;
	struct pkt *pkts;
	struct pkt *free;
};

struct pkt_pool {
	struct pkt_class small, large;
	size_t in_use;
};

static bool
class_init(struct pkt_class *c, size_t n, uint32_t slot)
{
	c->bytes = calloc(n ? n : 1, slot);
	c->pkts = calloc(n ? n : 1, sizeof(*c->pkts));
	if (!c->bytes || !c->pkts)
		return false;
	for (size_t i = 0; i < n; i++) {
		c->pkts[i] =
		    (struct pkt){ .buf = c->bytes + i * slot, .cap = slot, .next = c->free };
		c->free = &c->pkts[i];
	}
	return true;
}

struct pkt_pool *
pkt_pool_new(size_t n_small, size_t n_large)
{
	struct pkt_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	if (!class_init(&pool->small, n_small, PKT_SMALL) ||
	    !class_init(&pool->large, n_large, PKT_LARGE)) {
		pkt_pool_free(pool);
		return NULL;
	}
	return pool;
}

void
pkt_pool_free(struct pkt_pool *pool)
{
	if (!pool)
		return;
	free(pool->small.bytes);
	free(pool->small.pkts);
	free(pool->large.bytes);
	free(pool->large.pkts);
	free(pool);
}

struct pkt *
pkt_get(struct pkt_pool *pool, size_t bytes)
{
	struct pkt_class *c = bytes <= PKT_SMALL - PKT_HEADROOM ? &pool->small : &pool->large;
	struct pkt *p = c->free;

	must(bytes <= PKT_LARGE - PKT_HEADROOM);
	if (!p)
		return NULL;
	c->free = p->next;
	p->next = NULL;
	pkt_reset(p);
	pool->in_use++;
	return p;
}

void
pkt_put(struct pkt_pool *pool, struct pkt *p)
{
	if (!p)
		return;
	struct pkt_class *c = p->cap == PKT_SMALL ? &pool->small : &pool->large;
	p->next = c->free;
	c->free = p;
	pool->in_use--;
}

size_t
pkt_pool_in_use(const struct pkt_pool *pool)
{
	return pool->in_use;
}
