/*
 * Packet buffers with headroom.
 *
 * Slots come from a per-worker pool in two classes, so the data path allocates nothing. Layers work
 * in place: pkt_push takes headroom for a header, pkt_pull gives it back, pkt_trim cuts the tail.
 */
#ifndef BASE_PKT_H
#define BASE_PKT_H

#include "base/view.h"

#define PKT_SMALL 2048u   /* one packet with its headroom */
#define PKT_LARGE 67584u  /* 64 KiB and headroom */
#define PKT_HEADROOM 128u /* covers the sum of the per-layer constants; see net/path_out.c */

struct pkt {
	uint8_t *buf;      /* the slot */
	uint32_t cap;      /* PKT_SMALL or PKT_LARGE */
	uint32_t off, len; /* the content: buf[off] .. buf[off + len) */
	struct pkt *next;  /* free list, or a queue of its owner */
};

struct pkt_pool;

/* A pool of n_small and n_large slots, all allocated now; NULL when out of memory. */
struct pkt_pool *pkt_pool_new(size_t n_small, size_t n_large);
void pkt_pool_free(struct pkt_pool *pool);

/* A slot of the class that holds at least `bytes` after PKT_HEADROOM; NULL when the pool is empty.
 */
struct pkt *pkt_get(struct pkt_pool *pool, size_t bytes);
void pkt_put(struct pkt_pool *pool, struct pkt *p);

/* Slots out of the pool at the moment: the bench asserts that it returns to zero. */
size_t pkt_pool_in_use(const struct pkt_pool *pool);

static inline uint8_t *
pkt_data(const struct pkt *p)
{
	return p->buf + p->off;
}

static inline struct view
pkt_view(const struct pkt *p)
{
	return view_of(p->buf + p->off, p->len);
}

/* Empties the packet and puts its start behind PKT_HEADROOM. */
static inline void
pkt_reset(struct pkt *p)
{
	p->off = PKT_HEADROOM;
	p->len = 0;
}

/* Bytes that may still be appended behind the content. */
static inline size_t
pkt_tailroom(const struct pkt *p)
{
	return p->cap - p->off - p->len;
}

/* Takes n bytes of headroom in front; returns the new start. */
static inline uint8_t *
pkt_push(struct pkt *p, uint32_t n)
{
	must(n <= p->off);
	p->off -= n;
	p->len += n;
	return pkt_data(p);
}

/* Drops n bytes from the front. */
static inline void
pkt_pull(struct pkt *p, uint32_t n)
{
	must(n <= p->len);
	p->off += n;
	p->len -= n;
}

/* Cuts the content to its first n bytes. */
static inline void
pkt_trim(struct pkt *p, uint32_t n)
{
	must(n <= p->len);
	p->len = n;
}

#endif
