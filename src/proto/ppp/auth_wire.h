/*
 * The packets of PAP (RFC 1334 section 2), CHAP (RFC 1994 section 4) and the message texts of
 * MS-CHAPv2 (RFC 2759 sections 4 to 6). A pure codec; the header is that of cp_wire.h.
 */
#ifndef PROTO_PPP_AUTH_WIRE_H
#define PROTO_PPP_AUTH_WIRE_H

#include "attempt/request.h"
#include "proto/ppp/cp_wire.h"

enum pap_code { PAP_REQUEST = 1, PAP_ACK = 2, PAP_NAK = 3 };
enum chap_code {
	CHAP_CHALLENGE = 1,
	CHAP_RESPONSE = 2,
	CHAP_SUCCESS = 3,
	CHAP_FAILURE = 4,
	CHAP_CHANGE = 7 /* RFC 2759 section 7 */
};

#define CHAP_MD5_VALUE 16u
#define MSCHAP2_CHALLENGE 16u
#define MSCHAP2_VALUE 49u

struct pap_request {
	struct view name, password;
};

/* The data of an Authenticate-Request. */
MUST_USE bool pap_read_request(struct view data, struct pap_request *out, struct rd_fault *fault);
void pap_write_request(struct wr *w, uint8_t id, struct view name, struct view password);

/* The message of an Ack or Nak; empty data is taken for an empty message, as some peers send. */
MUST_USE bool pap_read_message(struct view data, struct view *out, struct rd_fault *fault);
void pap_write_message(struct wr *w, uint8_t code, uint8_t id, struct view text);

struct chap_value {
	struct view value, name;
};

/* The data of a Challenge or Response: value size, value, name. */
MUST_USE bool chap_read_value(struct view data, struct chap_value *out, struct rd_fault *fault);
void chap_write_value(struct wr *w, uint8_t code, uint8_t id, struct view value, struct view name);

/* The 49 bytes of a Response to MS-CHAPv2. */
struct mschap2_value {
	uint8_t peer_challenge[16];
	uint8_t nt_response[24];
	uint8_t flags; /* must be zero; not checked, as the RFC gives it no meaning */
};
MUST_USE bool mschap2_read_value(struct view value, struct mschap2_value *out);
void mschap2_write_value(struct wr *w, const struct mschap2_value *v);

/* The data of a Change-Password packet: 582 bytes, no name (RFC 2759 section 7). */
struct mschap2_change {
	uint8_t block[CHANGE_BLOCK_BYTES];
	uint8_t hash[16];
	uint8_t peer_challenge[16];
	uint8_t nt_response[24];
};
MUST_USE bool mschap2_read_change(
    struct view data, struct mschap2_change *out, struct rd_fault *fault);
void mschap2_write_change(struct wr *w, uint8_t id, const struct mschap2_change *c);

/* "E=691 R=0 C=... V=3 M=text": all fields but E may be missing, as older servers leave them out.
 */
struct mschap2_failure {
	uint32_t error;
	bool retry;
	bool has_challenge;
	uint8_t challenge[16];
	uint32_t version;
	struct view message; /* after M= */
};
MUST_USE bool mschap2_read_failure(struct view text, struct mschap2_failure *out);
void mschap2_write_failure(struct wr *w, const struct mschap2_failure *f);

/* "S=<40 hex> M=text": sets *auth to the 42 characters and *message to what stands after M=. */
MUST_USE bool mschap2_read_success(struct view text, struct view *auth, struct view *message);

#endif
