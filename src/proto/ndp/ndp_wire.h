/*
 * Neighbor discovery on a link of two ends: the codec of RFC 4861 (with RFC 4862, RFC 8106) as far
 * as a PPP link has use for it. Whole IPv6 packets in and out; what they mean is ndp.c's.
 */
#ifndef PROTO_NDP_NDP_WIRE_H
#define PROTO_NDP_NDP_WIRE_H

#include "base/wr.h"
#include "proto/ip/ip.h"

#define NDP_DNS_MAX 3u
#define NDP_NAME_MAX 254u    /* a domain name as text, with its zero */
#define NDP_PACKET_MAX 1280u /* of ours: what every IPv6 link carries */
#define NDP_MTU_MIN 1280u    /* RFC 8200 section 5 */

enum ndp_kind {
	NDP_ROUTER_SOLICIT = 133,
	NDP_ROUTER_ADVERT = 134,
	NDP_NEIGHBOR_SOLICIT = 135,
	NDP_NEIGHBOR_ADVERT = 136,
	NDP_REDIRECT = 137,
};

/* What a router advertisement says. */
struct ndp_ra {
	uint8_t hop_limit;     /* 0: no word about it */
	bool managed, other;   /* addresses, other settings by DHCPv6 */
	uint16_t router_s;     /* lifetime as default router; 0: it is none */
	struct ip_addr prefix; /* none: no prefix option that hosts may make addresses of */
	uint8_t prefix_bits;
	bool on_link;
	uint32_t valid_s, preferred_s;
	uint32_t mtu; /* 0: no word about it */
	unsigned int n_dns;
	struct ip_addr dns[NDP_DNS_MAX];
	uint32_t dns_s;
	char suffix[NDP_NAME_MAX]; /* the first search domain; empty: none */
};

struct ndp_msg {
	enum ndp_kind kind;
	struct ip_addr src, dst;
	struct ip_addr target; /* neighbor messages, redirect */
	struct ndp_ra ra;      /* router advertisements */
};

/*
 * Whether a packet is ICMPv6 of these kinds at all; nothing else about it is checked. False for
 * fragments, which RFC 6980 forbids, and behind extension headers, which nobody needs here.
 */
bool ndp_is(struct view pkt);

/*
 * Reads one and checks it as RFC 4861 sections 6.1, 7.1 and 8.1 demand: hop limit 255, checksum,
 * code, lengths, and who may send it. Unknown options are passed over. False: not to be believed.
 */
MUST_USE bool ndp_read(struct view pkt, struct ndp_msg *out, struct rd_fault *fault);

/* Write a whole packet. A solicited advertisement of a neighbor names its target as ours. */
void ndp_write_ra(
    struct wr *w, const struct ip_addr *src, const struct ip_addr *dst, const struct ndp_ra *ra);
void ndp_write_rs(struct wr *w, const struct ip_addr *src);
void ndp_write_na(struct wr *w, const struct ip_addr *src, const struct ip_addr *dst,
    const struct ip_addr *target, bool router);

/* fe80::ID; ff02::1; whether an address is link-local. */
struct ip_addr ndp_link_local(const uint8_t id[8]);
struct ip_addr ndp_all_nodes(void);
bool ndp_is_link_local(const struct ip_addr *a);

#endif
