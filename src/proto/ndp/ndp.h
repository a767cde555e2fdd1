/*
 * Neighbor discovery at one end of a PPP link: the server advertises a prefix, the client asks for
 * it and makes its address of it (RFC 4861 section 6, RFC 4862; RFC 5072 section 5). There are no
 * link-layer addresses here, so nothing is resolved; solicitations for our own are answered.
 *
 * Sans-I/O: packets in, at most one packet out for each call, time as a value.
 */
#ifndef PROTO_NDP_NDP_H
#define PROTO_NDP_NDP_H

#include "proto/fx.h"
#include "proto/ndp/ndp_wire.h"

struct ndp {
	enum side side;
	struct ip_addr local, remote; /* link-local addresses */
	struct ndp_ra ra;             /* server: what we advertise; client: what we took */
	bool heard;                   /* client: ra is valid */
	uint8_t n_sent;               /* of what we send unasked */
	uint64_t next_ms, answered_ms;
};

enum ndp_did {
	NDP_DONE,    /* nothing to do */
	NDP_SEND,    /* out holds a packet for the peer */
	NDP_NEWS,    /* client: an advertisement came that says something new */
	NDP_REFUSED, /* malformed, or not the peer's to say (N09) */
};

/* The link is open. server: ra is what to advertise; client: ra is NULL. */
void ndp_start(struct ndp *n, enum side side, const uint8_t local_id[8], const uint8_t remote_id[8],
    const struct ndp_ra *ra, const struct now *now);

/* A packet for which ndp_is said yes. */
enum ndp_did ndp_input(struct ndp *n, struct view pkt, const struct now *now, struct wr *out);

/* NDP_SEND when an advertisement or solicitation is due. */
enum ndp_did ndp_tick(struct ndp *n, const struct now *now, struct wr *out);
uint64_t ndp_deadline_ms(const struct ndp *n); /* NEVER_MS: none */

/* Client: the address it made; none before it heard of a prefix of 64 bits. */
struct ip_addr ndp_address(const struct ndp *n);

#endif
