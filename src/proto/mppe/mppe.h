/*
 * MPPE, the data part (RFC 3078, RFC 3079): one direction of one link, in place, without allocation
 * and without a clock. What CCP agreed is in proto/ppp/ccp.c; net/ joins the two. What stands in
 * front of the datagram (the PPP protocol number 00fd) is proto/ppp/frame.c's.
 *
 *  0                   1
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6
 * |A|B|C|D|    Coherency Count    | encrypted: PPP protocol, then the packet
 */
#ifndef PROTO_MPPE_MPPE_H
#define PROTO_MPPE_MPPE_H

#include "crypto/legacy.h"

#define MPPE_HEADER 2u
#define MPPE_KEY_MAX 16u

/* From weakest to strongest. RFC 3078 section 2.1. */
enum mppe_strength { MPPE_40, MPPE_56, MPPE_128, N_MPPE_STRENGTH };

/* One direction. */
struct mppe {
	enum mppe_strength strength;
	bool stateless;
	bool flush;            /* sender: the next packet sets up the tables anew */
	bool lost;             /* receiver: only a packet with bit A helps */
	bool changes_on_reset; /* receiver: this peer changes the key when asked for a reset */
	uint16_t count;        /* of the last packet */
	uint8_t start[MPPE_KEY_MAX]; /* StartKey: stays in the formula for ever */
	uint8_t key[MPPE_KEY_MAX];   /* SessionKey */
	struct legacy_rc4 rc4;
};

/* What became of a received datagram. */
enum mppe_open {
	MPPE_OPENED,
	MPPE_SHORT,     /* no room for header and protocol */
	MPPE_NOT_CODED, /* bit D is clear: RFC 3078 section 3.1; refused, whoever asks for it */
	MPPE_LATE,      /* a copy, or overtaken: its key is gone */
	MPPE_LOST,      /* packets are missing (stateful): ask for a reset, once */
	MPPE_WAITING,   /* the reset has been asked for: dropped until bit A comes */
	MPPE_GARBLED,   /* no IP packet came out: forged, or the keys differ */
};

/*
 * A direction from its start key, of which MPPE_128 takes 16 bytes and the others 8 (RFC 3079
 * section 3: MasterSendKey or MasterReceiveKey). The first session key is made here.
 */
void mppe_init(
    struct mppe *m, enum mppe_strength strength, bool stateless, const uint8_t start[MPPE_KEY_MAX]);
void mppe_wipe(struct mppe *m);

/*
 * Encrypts data (the PPP protocol field and what follows) in place and writes the two octets of
 * the header. RFC 3078 sections 6 and 7.
 */
void mppe_seal(struct mppe *m, uint8_t header[MPPE_HEADER], uint8_t *data, size_t n);

/*
 * Opens one MPPE datagram (header included) in place; with MPPE_OPENED *plain is the inner frame,
 * from its protocol field on. State changes only when the datagram fits, so that a forged one costs
 * nothing but itself (P08). Packets that were lost cost a key change each, at most 2,047.
 */
enum mppe_open mppe_open(struct mppe *m, uint8_t *datagram, size_t n, struct view *plain);

/* The peer sent a CCP Reset-Request: the next packet sets its tables up anew. */
void mppe_reset(struct mppe *m);

const char *mppe_open_name(enum mppe_open o);         /* "late" */
const char *mppe_strength_name(enum mppe_strength s); /* "128-bit" */

#endif
