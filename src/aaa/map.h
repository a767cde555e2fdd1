/*
 * An intrusive hash map: the node lies in the object, so adding cannot fail for want of memory.
 * Hashes are keyed, so that nobody who chooses names can choose buckets. The caller compares keys.
 * Used for accounts, leases and sessions.
 */
#ifndef AAA_MAP_H
#define AAA_MAP_H

#include "base/view.h"

struct map_node {
	struct map_node *next; /* of the same bucket */
	uint64_t hash;
};

struct map {
	struct map_node **buckets;
	size_t n_buckets; /* a power of two */
	size_t n;         /* nodes in the map */
	uint64_t key;
};

struct map_walk {
	size_t bucket;
	struct map_node *next;
};

/* An empty map whose hashes depend on key. False: out of memory. */
MUST_USE bool map_init(struct map *m, uint64_t key);

/* Frees the buckets; the objects are the caller's. */
void map_fini(struct map *m);

/* The keyed hash of n bytes. */
uint64_t map_hash(const struct map *m, const void *p, size_t n);

/* The first node with this hash, and the one after it; NULL when there is none. */
struct map_node *map_first(const struct map *m, uint64_t hash);
struct map_node *map_next(const struct map_node *node);

/* Adds a node that is in no map. Growing is tried and may be put off; adding always works. */
void map_add(struct map *m, struct map_node *node, uint64_t hash);

/* Takes out a node that is in the map. */
void map_remove(struct map *m, struct map_node *node);

/* Walks all nodes; the one just returned may be removed. Zero the walk first; NULL at the end. */
struct map_node *map_walk(const struct map *m, struct map_walk *w);

#endif
