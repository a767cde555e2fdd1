/*
 * The packets that LCP and every NCP share: code, identifier, length, and lists of options (RFC
 * 1661 sections 5 and 6). A pure codec; what the options mean is lcp.c's and ipcp.c's business.
 */
#ifndef PROTO_PPP_CP_WIRE_H
#define PROTO_PPP_CP_WIRE_H

#include "base/rd.h"
#include "base/wr.h"

#define CP_HEADER 4u
#define CP_PACKET_MAX 1500u /* of a control packet, ours and theirs: RFC 1661 section 6.1 */

enum cp_code {
	CP_CONF_REQ = 1,
	CP_CONF_ACK = 2,
	CP_CONF_NAK = 3,
	CP_CONF_REJ = 4,
	CP_TERM_REQ = 5,
	CP_TERM_ACK = 6,
	CP_CODE_REJ = 7,
	CP_PROT_REJ = 8, /* from here on LCP only */
	CP_ECHO_REQ = 9,
	CP_ECHO_REP = 10,
	CP_DISCARD = 11,
	CP_IDENTIFICATION = 12, /* RFC 1570 */
	CP_TIME_REMAINING = 13,
};

struct cp_packet {
	uint8_t code, id;
	struct view data;  /* behind the header, without padding */
	struct view whole; /* header and data */
};

struct cp_option {
	uint8_t type;
	struct view value;
	struct view whole; /* type, length and value, as a Configure-Reject repeats it */
};

/* Reads one packet; bytes behind its length are padding (RFC 1661 section 5). */
MUST_USE bool cp_read(struct view info, struct cp_packet *out, struct rd_fault *fault);

/* Reads the next option of a list; use rd_more as the loop's condition and rd_done at its end. */
void cp_read_option(struct rd *r, struct cp_option *out);

/* Whether a list is well formed to its end. */
MUST_USE bool cp_options_ok(struct view options, struct rd_fault *fault);

/* The value as a number when it has exactly that size; false otherwise. */
MUST_USE bool cp_option_u16(const struct cp_option *o, uint16_t *out);
MUST_USE bool cp_option_u32(const struct cp_option *o, uint32_t *out);

/* Writes a whole packet. */
void cp_write(struct wr *w, uint8_t code, uint8_t id, struct view data);

void cp_write_option(struct wr *w, uint8_t type, struct view value);
void cp_write_option_u16(struct wr *w, uint8_t type, uint16_t value);
void cp_write_option_u32(struct wr *w, uint8_t type, uint32_t value);

#endif
