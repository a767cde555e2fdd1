/*
 * The intrusive hash map. See map.h. The hash is a keyed multiply-and-fold: quick, spread well, and
 * unpredictable without the key. It is no cryptography and protects no secret.
 */
#include "aaa/map.h"

#include <stdlib.h>

#define MAP_START 16u

bool
map_init(struct map *m, uint64_t key)
{
	*m = (struct map){ .key = key, .n_buckets = MAP_START };
	m->buckets = calloc(m->n_buckets, sizeof(*m->buckets));
	return m->buckets != NULL;
}

void
map_fini(struct map *m)
{
	free(m->buckets);
	*m = (struct map){ 0 };
}

static uint64_t
fold(uint64_t a, uint64_t b)
{
	unsigned __int128 x = (unsigned __int128)a * b;

	return (uint64_t)x ^ (uint64_t)(x >> 64);
}

uint64_t
map_hash(const struct map *m, const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t h = m->key ^ fold(n + 0x9e3779b97f4a7c15u, m->key | 1);

	while (n > 0) {
		uint64_t word = 0;
		size_t take = n < 8 ? n : 8;
		memcpy(&word, b, take);
		h = fold(h ^ word, 0xd6e8feb86659fd93u ^ m->key);
		h ^= h >> 29;
		b += take;
		n -= take;
	}
	return fold(h ^ 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu);
}

static struct map_node **
bucket_of(const struct map *m, uint64_t hash)
{
	return &m->buckets[hash & (m->n_buckets - 1)];
}

static struct map_node *
skip_to(struct map_node *node, uint64_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct map_node *
map_first(const struct map *m, uint64_t hash)
{
	return skip_to(*bucket_of(m, hash), hash);
}

struct map_node *
map_next(const struct map_node *node)
{
	return skip_to(node->next, node->hash);
}

static void
grow(struct map *m)
{
	struct map_node **old = m->buckets;
	size_t n_old = m->n_buckets;
	struct map_node **fresh = calloc(n_old * 2, sizeof(struct map_node *));

	if (!fresh)
		return; /* longer chains until the next try */
	m->buckets = fresh;
	m->n_buckets = n_old * 2;
	for (size_t i = 0; i < n_old; i++) {
		struct map_node *next;
		for (struct map_node *node = old[i]; node; node = next) {
			struct map_node **b = bucket_of(m, node->hash);
			next = node->next;
			node->next = *b;
			*b = node;
		}
	}
	free(old);
}

void
map_add(struct map *m, struct map_node *node, uint64_t hash)
{
	if (m->n >= m->n_buckets)
		grow(m);

	struct map_node **b = bucket_of(m, hash);
	node->hash = hash;
	node->next = *b;
	*b = node;
	m->n++;
}

void
map_remove(struct map *m, struct map_node *node)
{
	struct map_node **at = bucket_of(m, node->hash);

	while (*at && *at != node)
		at = &(*at)->next;
	must(*at == node);
	*at = node->next;
	node->next = NULL;
	m->n--;
}

struct map_node *
map_walk(const struct map *m, struct map_walk *w)
{
	struct map_node *node = w->next;

	while (!node && w->bucket < m->n_buckets)
		node = m->buckets[w->bucket++];
	w->next = node ? node->next : NULL;
	return node;
}
