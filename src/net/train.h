/*
 * Trains: the only place that cuts super-packets of a TUN device into ordinary IP packets and joins
 * ordinary packets into super-packets for it. IPv4 and IPv6, TCP and UDP. Plain calls, no
 * allocation, no clock; what may pass is net/guard's affair.
 *
 * What is cut are exactly the packets that the kernel would have sent without offloads, with full
 * checksums. What is joined loses nothing: cut again, it gives the same bytes. The one exception is
 * the identification of IPv4 packets that may not be fragmented, which means nothing (RFC 6864
 * section 4.1).
 */
#ifndef NET_TRAIN_H
#define NET_TRAIN_H

#include "base/vnet.h"

/* One super-packet, or one packet, being cut. */
struct train_cut {
	const uint8_t *pkt;
	size_t n;      /* bytes in all */
	size_t header; /* bytes in front of the payload: IP and transport */
	size_t transport_at;
	size_t at;      /* payload already cut */
	size_t segment; /* payload of every packet but the last */
	uint32_t seq;
	uint16_t id;
	uint8_t csum_offset; /* of the transport checksum in its header */
	uint8_t family, protocol;
	bool whole; /* no train: the packet goes as it is */
	bool needs_csum;
};

/*
 * Begins to cut what was read with header h. False when h contradicts the packet; then nothing was
 * read that could be sent. pkt stays borrowed until the last packet is cut.
 */
bool train_cut_begin(struct train_cut *t, const struct vnet_hdr *h, struct view pkt);

/* How many packets it makes, and the largest of them in bytes. */
size_t train_cut_count(const struct train_cut *t);
size_t train_cut_largest(const struct train_cut *t);

/* Writes the next packet to out, which has room for train_cut_largest. Its bytes; 0 at the end. */
size_t train_cut_next(struct train_cut *t, uint8_t *out);

#define TRAIN_OPEN_MAX 8u       /* flows that grow at the same time */
#define TRAIN_PACKETS_MAX 6144u /* packets of one batch */

/* A super-packet that may still grow. */
struct train_open {
	uint8_t *first; /* its first packet, whose header is the super-packet's */
	uint32_t unit, last;
	uint32_t next_seq; /* TCP: of the segment that would follow */
	uint16_t id;       /* IPv4: of the last packet */
	uint16_t header;   /* bytes of IP and transport header */
	uint16_t transport_at;
	uint16_t segment; /* payload of every packet but the last */
	uint16_t n_packets;
	uint32_t total; /* bytes in all */
	uint8_t protocol;
	bool checked; /* the first packet's checksum was found right */
	bool same_id; /* the packets carry one identification */
};

/* What is to be written to a device, with a list of its own in every worker. */
struct train_join {
	unsigned int takes; /* VNET_TCP | VNET_UDP: what the device takes; 0: every packet alone */
	size_t n_units, n_pieces, n_open;
	struct train_open open[TRAIN_OPEN_MAX];
	struct vnet_unit units[TRAIN_PACKETS_MAX];
	struct vnet_piece pieces[TRAIN_PACKETS_MAX];
};

/*
 * Adds a packet of n bytes, as they stand in the packet's own length field. It stays where it is
 * until the list was written; the header of the first packet of a train is changed in place. must()
 * that n_pieces < TRAIN_PACKETS_MAX.
 */
void train_join_add(struct train_join *j, uint8_t *pkt, size_t n);

/* Finishes all trains: the list may be written. Nothing is kept for another batch. */
void train_join_end(struct train_join *j);

/* Empties the list. */
void train_join_reset(struct train_join *j);

#endif
