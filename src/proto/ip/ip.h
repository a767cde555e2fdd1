/*
 * Inner IP packets: header views for IPv4 and IPv6, the Internet checksum, the TCP MSS clamp. Used
 * by the data path in both directions; plain calls, no allocation, no state. What may pass is
 * decided in net/guard.c.
 */
#ifndef PROTO_IP_IP_H
#define PROTO_IP_IP_H

#include "base/addr.h"
#include "base/rd.h"

#define IP_PROTO_ICMP 1u
#define IP_PROTO_TCP 6u
#define IP_PROTO_UDP 17u
#define IP_PROTO_ICMPV6 58u
#define IP_PROTO_NONE 59u /* IPv6: nothing follows */

#define IP_HEADER4 20u /* without options */
#define IP_HEADER6 40u
#define IP_TCP_HEADER 20u
#define IP_EXTENSIONS_MAX 8u /* IPv6 extension headers that we follow */

struct ip_hdr {
	uint8_t family; /* enum ip_family */
	uint8_t protocol;
	uint8_t ttl;
	bool fragment;         /* any part of a fragmented packet, the first one as well */
	bool source_route;     /* LSRR or SSRR option, or a routing header of type 0 */
	uint16_t total_bytes;  /* of the packet; bytes behind it are padding of the link */
	uint16_t transport_at; /* offset of the transport header, or of a fragment's payload */
	struct ip_addr src, dst;
};

/*
 * Reads the header of the packet at the start of pkt. RFC 791 section 3.1, RFC 8200 sections 3 and
 * 4. False, with the place in fault, when version, header length or total length contradict the
 * bytes; *out is then not valid. Header checksums are not verified: the kernel does that.
 */
MUST_USE bool ip_hdr_read(struct view pkt, struct ip_hdr *out, struct rd_fault *fault);

/*
 * The length of the packet at the start of pkt, padding left off, when it is as plain as can be -
 * no options, no extension headers, well-formed - and has the addresses of the packet at `like`,
 * which was read before. 0: look closer.
 */
size_t ip_plain_like(const uint8_t *like, struct view pkt);

/* Internet checksum of v (RFC 1071); 0 over bytes that hold their own right checksum. */
uint16_t ip_checksum(struct view v);

/*
 * The same for the bytes of a TCP, UDP or ICMPv6 message with the pseudo header of h. RFC 793
 * section 3.1, RFC 8200 section 8.1. UDP's "0 means none" is the caller's affair.
 */
uint16_t ip_transport_checksum(const struct ip_hdr *h, struct view message);

/* The checksum after a 16-bit word changed from `from` to `to`. RFC 1624, equation 3. */
uint16_t ip_checksum_adjust(uint16_t sum, uint16_t from, uint16_t to);

/*
 * Lowers the MSS option of a TCP SYN in the n bytes at pkt to mss, in place, and mends the
 * checksum. Fragments, malformed packets and a SYN without the option are left alone. True when
 * something was changed. No allocation.
 */
bool ip_mss_clamp(uint8_t *pkt, size_t n, uint16_t mss);

#endif
