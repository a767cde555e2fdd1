/*
 * SSTP control messages (MS-SSTP 2.2): names, numbers, decoder and encoder of both sides. Pure: no
 * state, no time. What a message means in which state is sstp_call.c's business.
 */
#ifndef PROTO_SSTP_SSTP_WIRE_H
#define PROTO_SSTP_SSTP_WIRE_H

#include "base/rd.h"
#include "base/wr.h"

enum sstp_msg_type {
	SSTP_MSG_NONE = 0, /* never on the wire */
	SSTP_MSG_CONNECT_REQUEST = 1,
	SSTP_MSG_CONNECT_ACK = 2,
	SSTP_MSG_CONNECT_NAK = 3,
	SSTP_MSG_CONNECTED = 4,
	SSTP_MSG_ABORT = 5,
	SSTP_MSG_DISCONNECT = 6,
	SSTP_MSG_DISCONNECT_ACK = 7,
	SSTP_MSG_ECHO_REQUEST = 8,
	SSTP_MSG_ECHO_RESPONSE = 9,
};

enum sstp_attr_id {
	SSTP_ATTR_NONE = 0, /* in a Status Info: about no attribute */
	SSTP_ATTR_PROTOCOL = 1,
	SSTP_ATTR_STATUS = 2,
	SSTP_ATTR_BINDING = 3,
	SSTP_ATTR_BINDING_REQ = 4,
};

/* MS-SSTP 2.2.8 */
enum sstp_status {
	SSTP_STATUS_NONE = 0,
	SSTP_STATUS_DUPLICATE = 1,
	SSTP_STATUS_UNRECOGNIZED = 2,
	SSTP_STATUS_LENGTH = 3,
	SSTP_STATUS_VALUE = 4,
	SSTP_STATUS_UNACCEPTED = 5,
	SSTP_STATUS_RETRIES = 6,
	SSTP_STATUS_INVALID = 7,
	SSTP_STATUS_TIMEOUT = 8,
	SSTP_STATUS_NOT_IN_MSG = 9,
	SSTP_STATUS_MISSING = 10,
	SSTP_STATUS_INFO_NOT_IN_MSG = 11,
};

#define SSTP_PROTOCOL_PPP 1u
#define SSTP_NONCE 32u
#define SSTP_CONTROL_HEADER 8u
#define SSTP_ATTR_HEADER 4u
#define SSTP_ATTRS_MAX 16u
#define SSTP_STATUS_VALUE_MAX 64u
#define SSTP_CONNECTED_BYTES 112u /* the whole Call Connected: what the MAC covers */

struct sstp_attr {
	uint8_t id;
	struct view value; /* borrowed from the packet */
};

struct sstp_msg {
	uint16_t type; /* enum sstp_msg_type, or a number that we do not know */
	unsigned int n_attrs;
	struct sstp_attr attrs[SSTP_ATTRS_MAX];
};

struct sstp_status_info {
	uint8_t attr;
	uint32_t status;
	struct view value; /* what was refused, at most 64 bytes; borrowed */
};

struct sstp_binding_req {
	uint8_t hash_mask;
	uint8_t nonce[SSTP_NONCE];
};

struct sstp_binding {
	uint8_t hash; /* SSTP_HASH_SHA1 or SSTP_HASH_SHA256 */
	uint8_t nonce[SSTP_NONCE];
	uint8_t cert_hash[32]; /* SHA-1: 20 bytes, then padding as received */
	uint8_t mac[32];
};

/*
 * Reads one whole control packet, header included. False, with the place in fault, when lengths or
 * the number of attributes contradict the bytes. Reserved bits are ignored. Types and attribute ids
 * that we do not know are kept: judging them needs the state.
 */
MUST_USE bool sstp_read_msg(struct view packet, struct sstp_msg *out, struct rd_fault *fault);

/* Values of attributes; false when the length is not that of section 2.2.5 to 2.2.8. */
MUST_USE bool sstp_read_protocol(struct view value, uint16_t *out);
MUST_USE bool sstp_read_status(struct view value, struct sstp_status_info *out);
MUST_USE bool sstp_read_binding_req(struct view value, struct sstp_binding_req *out);
MUST_USE bool sstp_read_binding(struct view value, struct sstp_binding *out);

/* The first attribute with this id, or NULL. */
const struct sstp_attr *sstp_find(const struct sstp_msg *m, enum sstp_attr_id id);

/*
 * What is wrong with a Call Connect Request: one Status Info for each unacceptable attribute, as
 * section 3.3.5.2.2 wants them in the Nak. Returns their number; 0 = acceptable.
 */
unsigned int sstp_check_request(
    const struct sstp_msg *m, struct sstp_status_info out[SSTP_ATTRS_MAX + 1]);

/* Any message from its parts; the inverse of sstp_read_msg. */
void sstp_write_msg(struct wr *w, const struct sstp_msg *m);

void sstp_write_plain(struct wr *w, enum sstp_msg_type type); /* without attributes */
void sstp_write_request(struct wr *w, uint16_t protocol);
void sstp_write_ack(struct wr *w, const struct sstp_binding_req *req);
void sstp_write_nak(struct wr *w, const struct sstp_status_info *infos, unsigned int n);
void sstp_write_connected(struct wr *w, const struct sstp_binding *b);

/* Call Abort or Call Disconnect with its Status Info. */
void sstp_write_end(struct wr *w, enum sstp_msg_type type, uint8_t attr, uint32_t status);

const char *sstp_msg_name(uint16_t type);      /* "Call Connect Request"; "unknown" */
const char *sstp_status_name(uint32_t status); /* "value not supported"; "unknown" */
bool sstp_attr_known(uint8_t id);

#endif
