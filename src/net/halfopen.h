/*
 * Limits on connections that are still on their way: in all, per source (a /32 of IPv4, a /64 of
 * IPv6) and per network (a /24, a /48). One crowd cannot starve the others, and memory stays flat
 * (X01, X02).
 */
#ifndef NET_HALFOPEN_H
#define NET_HALFOPEN_H

#include "base/addr.h"

#define HALFOPEN_SLOTS 4096u

/* Counts by address. */
struct halfopen_table {
	struct {
		struct ip_addr addr;
		uint32_t n;
	} slots[HALFOPEN_SLOTS];
};

struct halfopen {
	uint32_t n, limit, limit_per_source, limit_per_network;
	uint8_t key[16]; /* random: keeps a peer from choosing colliding sources */
	struct halfopen_table sources, networks;
};

/*
 * Counts one more from addr. False when a limit is reached (then nothing is counted). With an addr
 * of no family it counts in all only: a front brings the connections of many.
 */
MUST_USE bool halfopen_enter(struct halfopen *h, const struct ip_addr *addr);

/* One less. Call it once for each successful enter. */
void halfopen_leave(struct halfopen *h, const struct ip_addr *addr);

/* The prefix that stands for addr in counts: /24 of IPv4, /48 of IPv6. */
struct ip_prefix halfopen_prefix(const struct ip_addr *addr);

#endif
