/*
 * What the two files of the SSTP core share: its state and the steps that end a call. sstp_core.c
 * holds the calls of sstp.h, the HTTP part and the timers; sstp_call.c the control messages. Nobody
 * else includes this.
 */
#ifndef PROTO_SSTP_SSTP_INT_H
#define PROTO_SSTP_SSTP_INT_H

#include "proto/sstp/binding.h"
#include "proto/sstp/http.h"
#include "proto/sstp/sstp.h"
#include "proto/sstp/sstp_wire.h"

#define SSTP_SETTLE_MS 1000u /* MS-SSTP 3.1.2: second timers, for the last message to leave */
#define SSTP_NAK_MAX 3u      /* MS-SSTP appendix <2>, <10>, <16> */
#define SSTP_INTERIM_MAX 8u  /* 1xx answers that a client skips */

enum sstp_state {
	SSTP_IDLE,
	SSTP_HTTP,           /* server: for the request; client: for the answer */
	SSTP_REQUEST_WAIT,   /* server: Server_Connect_Request_Pending */
	SSTP_REQUEST_SENT,   /* client: Client_Connect_Request_Sent */
	SSTP_BINDING_WAIT,   /* server: Server_Call_Connected_Pending */
	SSTP_ACK_RECEIVED,   /* client: Client_Connect_Ack_Received */
	SSTP_OPEN,           /* Call_Connected */
	SSTP_ABORT_SENT,     /* Call_Abort_Pending */
	SSTP_ABORT_SETTLING, /* Call_Abort_Timeout_Pending */
	SSTP_BYE_SENT,       /* Call_Disconnect_Ack_Pending */
	SSTP_BYE_SETTLING,   /* Call_Disconnect_Timeout_Pending */
	SSTP_ENDED,
};

struct sstp {
	struct sstp_conf conf;
	enum sstp_state state;
	uint64_t deadline_ms; /* of the state's wait; in SSTP_OPEN the hello timer */
	bool waived;          /* SSTP_OPEN without a binding, see sstp_waive_binding */
	bool echo_sent;       /* SSTP_OPEN: an Echo Request waits for any sign of life */
	struct http_scan scan;
	unsigned int n_interim; /* client: 1xx answers seen */
	unsigned int n_naks;    /* server: sent; client: received */
	enum cause nak_cause;   /* server: what the last Nak was about */
	uint8_t nonce[SSTP_NONCE];
	uint8_t hash;            /* client: the hash chosen from the Ack */
	bool authenticated;      /* hlak holds the key */
	bool connected_kept;     /* server: `connected` waits for the key */
	uint8_t hlak[SSTP_HLAK]; /* secret: wiped when used */
	uint8_t connected[SSTP_CONNECTED_BYTES];
	char method[32];  /* where hlak came from */
	enum cause cause; /* of the end that is under way */
	bool by_peer;
};

/* The one place where the state changes. deadline NEVER_MS: wait for ever. */
void sstp_set_state(struct sstp *c, enum sstp_state state, uint64_t deadline_ms, struct fx *fx);

/* Sets the cause of the end; the first one stays. */
void sstp_blame(struct sstp *c, enum cause cause, bool by_peer);

/* The end: FX_DOWN with the cause set before. Key material is wiped. */
void sstp_finish(struct sstp *c, struct fx *fx);

/* Sends Call Abort with a status about an attribute and waits for the peer's. MS-SSTP 3.1.5.1. */
void sstp_abort(struct sstp *c, enum cause cause, uint8_t attr, uint32_t status,
    const struct now *now, struct fx *fx);

/* Commits a control message of this type to fx and notes it, echoes excepted. */
void sstp_send(struct fx *fx, const struct wr *w, enum sstp_msg_type type);

/* Client: sends Call Connect Request and waits for its answer. */
void sstp_send_request(struct sstp *c, const struct now *now, struct fx *fx);

/* Server: key and Call Connected are both there: verifies, connects or aborts. */
void sstp_verify_binding(struct sstp *c, const struct now *now, struct fx *fx);

/* Client: sends Call Connected and opens. */
void sstp_send_connected(struct sstp *c, const struct now *now, struct fx *fx);

/* One whole control packet. */
void sstp_control(struct sstp *c, struct view packet, const struct now *now, struct fx *fx);

#endif
