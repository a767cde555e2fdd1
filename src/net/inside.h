/*
 * The table of leased inner addresses: which connection does a packet from TUN belong to? IPv6 is
 * leased by /64, so of an IPv6 address its first half counts.
 */
#ifndef NET_INSIDE_H
#define NET_INSIDE_H

#include "base/addr.h"

struct inside {
	struct inside_slot *slots;
	size_t cap, n; /* cap is a power of two, at least twice the number of sessions */
};

MUST_USE bool inside_init(struct inside *t, size_t sessions);
void inside_fini(struct inside *t);

/* owner is what inside_find gives back; an address has one owner. must() that there is room. */
void inside_add(struct inside *t, const struct ip_addr *addr, void *owner);
void inside_remove(struct inside *t, const struct ip_addr *addr);
void *inside_find(const struct inside *t, const struct ip_addr *addr);

#endif
