/*
 * The inside of the fetch role: fetch.c (role, sites, limits), fetch_pair.c (one connection between
 * a browser and its server).
 */
#ifndef ROLES_FETCH_PRIV_H
#define ROLES_FETCH_PRIV_H

#include "base/heap.h"
#include "base/list.h"
#include "roles/counted.h"

#define FETCH_PAIRS_MAX 16384u /* of all sites together */
#define FETCH_FILES_KEPT 128u  /* descriptors for channels, and for those that just come */
#define FETCH_BUFFER 32768u    /* the most that waits for a slow end, each way */
#define FETCH_CONNECT_MS 10000u

/* What is known of a site beside its configuration; it outlives a reload that drops the site. */
struct fetch_site {
	char name[POOL_NAME_MAX];
	uint32_t n_pairs;
	uint64_t n_taken, n_failed;
};

/* One end of a pair: what the other end said and this one has not taken yet. */
struct fetch_end {
	int fd;
	struct loop_fd *watch;
	uint8_t *held; /* NULL: nothing waits */
	size_t n_held, at;
	bool ended;  /* it will say no more */
	bool closed; /* it was told that no more will come */
};

struct fetch_pair {
	struct list link;
	struct heap_node timer;
	struct fetch *f;
	struct fetch_site *site;
	struct endpoint peer;
	struct fetch_end client, server;
	bool connected;
	uint32_t idle_ms;
	uint64_t moved_ms; /* when the last byte went through */
};

struct fetch {
	struct role_host *host;
	struct loop *loop;
	struct loop_timer *timer, *counters;
	struct heap timers;
	struct list pairs;
	uint32_t n_pairs, max_pairs;
	unsigned int n_sites;
	struct fetch_site sites[CONF_WEBS_MAX * 2];
	struct counted counted;
	uint8_t buf[FETCH_BUFFER];
};

/*
 * Begins a pair: client is the accepted descriptor, which it takes, to is the site's server. first
 * goes to the server before anything else. The cause when it cannot be done, else CAUSE_NONE.
 */
enum cause fetch_pair_new(struct fetch *f, struct fetch_site *site, int client,
    const struct endpoint *peer, const struct endpoint *to, uint32_t idle_ms, struct view first);
void fetch_pair_free(struct fetch_pair *p);
void fetch_pair_due(struct fetch_pair *p); /* its timer is due */

/* fetch.c: a pair that never reached its server. */
void fetch_failed(
    struct fetch *f, struct fetch_site *site, const struct endpoint *peer, enum cause cause);
void fetch_arm(struct fetch *f);

#endif
