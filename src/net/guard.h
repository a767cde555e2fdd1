/*
 * The guard of a session: the last check of an inner packet before it reaches the TUN device, and
 * the first one after it came from there. On a server the leased address is the peer's, on a
 * client it is ours; the rules mirror. Plain calls, no allocation, no clock.
 */
#ifndef NET_GUARD_H
#define NET_GUARD_H

#include "base/addr.h"
#include "net/drops.h"
#include "proto/fx.h"

/* Addresses of one family, both ends among them. */
struct guard_range {
	struct ip_addr first, last;
};

struct guard {
	enum side side;        /* who we are */
	struct ip_addr addr4;  /* leased on this link; none: no IPv4 here */
	struct ip_addr addr6;  /* IPv6 likewise; with bits6 the first address of a prefix */
	uint8_t bits6;         /* of the leased prefix; 0: addr6 alone */
	uint16_t peer_mru;     /* largest inner packet to send; 0: no limit */
	uint16_t mss_clamp;    /* for IPv4; 0: leave the MSS alone */
	uint16_t mss_clamp6;   /* for IPv6 */
	unsigned int n_behind; /* networks behind the client, borrowed: */
	const struct ip_prefix *behind;
	struct ip_addr gateway; /* server: our address on the link, which isolation spares */
	unsigned int n_peers;   /* server: 0, or where the other clients live, borrowed: */
	const struct guard_range *peers; /* set only when the client is isolated (N10) */
};

/* Sets peer_mru and both MSS clamps from the largest inner packet of the link. */
void guard_set_mtu(struct guard *g, uint16_t mtu);

/*
 * From the peer. Well-formed; the inner source is the leased address (server) or the destination
 * is (client); the destination is a host that may be forwarded to. Attacks E04, E05, N04.
 * The networks behind the client are as good as its address, but what comes from there for there
 * would be sent back: it does not pass.
 * Of packets with a plain header (ip_plain_like) it looks at the addresses only.
 */
enum drop guard_in(const struct guard *g, struct view pkt);

/* To the peer. The mirror image of guard_in, and the packet fits the peer's MRU. */
enum drop guard_out(const struct guard *g, struct view pkt);

/* The same for a super-packet, of whose packets the largest has `largest` bytes. */
enum drop guard_out_train(const struct guard *g, struct view pkt, size_t largest);

/*
 * Lowers the MSS of a TCP SYN in place, for both directions. Bytes behind the IP packet's own
 * length do not count: cut them off with guard_trim first, or not at all.
 */
void guard_clamp(const struct guard *g, uint8_t *pkt, size_t n);

/* The bytes of the IP packet at the start of pkt, without padding of the link; 0 if malformed. */
size_t guard_trim(struct view pkt);

#endif
