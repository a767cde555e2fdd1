/*
 * The words in which the data path and a TUN device speak of super-packets: the virtio header that
 * stands in front of each, and the list of what is to be written. Filled by net/train.c, carried
 * out by os/tun.c.
 */
#ifndef BASE_VNET_H
#define BASE_VNET_H

#include "base/view.h"

/* What a device takes: a mask. */
#define VNET_TCP 1u /* TCP super-packets (TSO), and with them partial checksums */
#define VNET_UDP 2u /* UDP super-packets (USO, Linux 6.2 and later) */

/* For people: "TCP and UDP", "TCP", "off". */
static inline const char *
vnet_takes_text(unsigned int takes)
{
	return takes & VNET_UDP ? "TCP and UDP" : takes & VNET_TCP ? "TCP" : "off";
}

/* struct virtio_net_hdr of Linux without mergeable buffers, in host byte order. */
struct vnet_hdr {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset;
};
#define VNET_HEADER 10u
_Static_assert(sizeof(struct vnet_hdr) == VNET_HEADER, "as the kernel has it");

#define VNET_NEEDS_CSUM 1u /* flags: the checksum field holds the pseudo header's sum only */
#define VNET_GSO_NONE 0u
#define VNET_GSO_TCP4 1u
#define VNET_GSO_TCP6 4u
#define VNET_GSO_UDP 5u    /* UDP_L4: every segment a datagram of its own */
#define VNET_GSO_ECN 0x80u /* with TCP: the first segment has CWR */

#define VNET_PACKET_MAX 65535u /* of a super-packet, without the header */
#define VNET_READ_ROOM (VNET_HEADER + VNET_PACKET_MAX + 1)

#define VNET_NO_PIECE UINT32_MAX
#define VNET_PIECES_MAX 128u /* of one super-packet */

/* A part of a packet, and the next part of the same. */
struct vnet_piece {
	struct view v;
	uint32_t next; /* VNET_NO_PIECE: the last */
};

/* A packet or super-packet to write. */
struct vnet_unit {
	struct vnet_hdr h;
	uint32_t piece;    /* the first */
	uint16_t n_pieces; /* each but the first is a segment's payload */
};

#endif
