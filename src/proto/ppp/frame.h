/*
 * PPP frames on the data path: plain calls, no effects, no clock. path_in.c opens frames here and
 * hands control protocols to the core; path_out.c seals IP packets here.
 */
#ifndef PROTO_PPP_FRAME_H
#define PROTO_PPP_FRAME_H

#include "base/pkt.h"

#define PPP_PROTO_IP 0x0021u
#define PPP_PROTO_IPV6 0x0057u
#define PPP_PROTO_COMP 0x00fdu /* a compressed datagram: MPPE */
#define PPP_PROTO_LCP 0xc021u
#define PPP_PROTO_PAP 0xc023u
#define PPP_PROTO_CHAP 0xc223u
#define PPP_PROTO_EAP 0xc227u
#define PPP_PROTO_IPCP 0x8021u
#define PPP_PROTO_IPV6CP 0x8057u
#define PPP_PROTO_CCP 0x80fdu
#define PPP_PROTO_CBCP 0xc029u

#define PPP_FRAME_HEADROOM 4u /* address, control, protocol */

/* What is agreed and concerns data; owned and changed by the core only. */
struct ppp_data {
	bool ip_open; /* IPCP is Opened */
	bool ipv6_open;
	bool encrypted;    /* IP goes inside MPPE, and nowhere else, in both directions */
	bool send_pfc;     /* the peer takes a compressed protocol field */
	bool send_acfc;    /* the peer takes frames without address and control */
	uint16_t peer_mru; /* largest information field to send */
};

/*
 * Reads the header of a frame (address and control may be missing, protocol may be one byte).
 * Returns the protocol and sets *info to what follows; 0 when the frame is malformed.
 */
uint16_t ppp_frame_open(struct view frame, struct view *info);

/* Writes the header as the peer agreed to take it; returns its bytes. */
size_t ppp_frame_head(const struct ppp_data *d, uint16_t protocol, uint8_t out[PPP_FRAME_HEADROOM]);

/* Puts the header in front of the packet p, in place. */
void ppp_frame_seal(const struct ppp_data *d, struct pkt *p, uint16_t protocol);

#endif
