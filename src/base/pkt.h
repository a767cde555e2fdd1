/*
 * Packet buffers with headroom, and trains of packets.
 *
 * Slots come from a per-worker pool in two classes, so the data path allocates nothing. Layers work
 * in place: pkt_push takes headroom for a header, pkt_pull gives it back, pkt_trim cuts the tail.
 * A train is up to TRAIN_MAX packets of one session and one size (the last may be shorter) in one
 * buffer; it is the unit that the data path passes between layers. One packet is a train of one.
 */
#ifndef BASE_PKT_H
#define BASE_PKT_H

#include "base/view.h"

#define PKT_SMALL 2048u   /* one packet with its headroom */
#define PKT_LARGE 67584u  /* a train: 64 KiB and headroom */
#define PKT_HEADROOM 128u /* covers the sum of the per-layer constants; see net/path_out.c */
#define TRAIN_MAX 64u

struct pkt {
	uint8_t *buf;      /* the slot */
	uint32_t cap;      /* PKT_SMALL or PKT_LARGE */
	uint32_t off, len; /* the content: buf[off] .. buf[off + len) */
	struct pkt *next;  /* free list, or a queue of its owner */
};

struct train {
	struct pkt *pkt;     /* where the bytes are */
	uint16_t n_pkts;     /* 1 .. TRAIN_MAX */
	uint16_t size_bytes; /* of every packet but the last, which takes what is left */
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

/* A train of one packet. */
static inline struct train
train_of_one(struct pkt *p)
{
	return (struct train){ .pkt = p, .n_pkts = 1, .size_bytes = (uint16_t)p->len };
}

/* The i-th packet of a train, borrowed. */
static inline struct view
train_at(const struct train *t, unsigned int i)
{
	size_t at = (size_t)i * t->size_bytes;

	must(i < t->n_pkts && at <= t->pkt->len);
	size_t left = t->pkt->len - at;
	return view_of(pkt_data(t->pkt) + at, left < t->size_bytes ? left : t->size_bytes);
}

#endif
