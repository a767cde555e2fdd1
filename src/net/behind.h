/*
 * The networks behind clients (static routes of accounts, RADIUS Framed-Route): which connection
 * does a packet from TUN belong to whose destination nobody leased? The longest prefix counts, and
 * of equal ones the newest: a client that dials again while its old call still hangs is found.
 */
#ifndef NET_BEHIND_H
#define NET_BEHIND_H

#include "base/addr.h"

#define BEHIND_BUCKETS 1024u

struct behind_net;

struct behind {
	struct behind_net *buckets[BEHIND_BUCKETS];
	uint32_t n_of_length[2][129]; /* IPv4, IPv6: how many networks have so many bits */
	uint32_t n;
};

/*
 * Enters n networks of owner; what behind_remove takes. NULL: n is 0, or out of memory (then
 * packets for them are dropped as those of no session).
 */
struct behind_net *behind_add(
    struct behind *t, const struct ip_prefix *networks, unsigned int n, void *owner);

/* Takes all of one behind_add out; NULL is fine. */
void behind_remove(struct behind *t, struct behind_net *networks);

/* The owner of the network that an address lies in; NULL: none. */
void *behind_find(const struct behind *t, const struct ip_addr *a);

#endif
