/* SSTP data packets on the data path (MS-SSTP 2.2.3): plain calls, in place. */
#ifndef PROTO_SSTP_SSTP_DATA_H
#define PROTO_SSTP_SSTP_DATA_H

#include "base/pkt.h"

#define SSTP_HEADER 4u
#define SSTP_PACKET_MAX 4095u /* 12-bit length, header included */

enum sstp_kind { SSTP_INCOMPLETE, SSTP_DATA, SSTP_CONTROL, SSTP_BROKEN };

/*
 * Looks at the packet at the start of stream. SSTP_DATA: *frame is its PPP frame and *n_packet the
 * bytes of the whole packet. SSTP_CONTROL and SSTP_BROKEN belong to sstp_input.
 */
enum sstp_kind sstp_peek(struct view stream, struct view *frame, size_t *n_packet);

/* Puts the data packet header in front of the PPP frame in p. */
void sstp_data_seal(struct pkt *p);

/* The same into four bytes, for a frame of n bytes that stands elsewhere. */
void sstp_data_header(uint8_t out[SSTP_HEADER], size_t n_frame);

#endif
