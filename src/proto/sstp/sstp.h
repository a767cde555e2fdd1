/*
 * The SSTP core, both ends (MS-SSTP): the HTTPS request and the control messages over one TLS
 * stream. PPP runs above it, TLS below; it knows neither.
 *
 * Stream bytes in, effects out: FX_SEND carries stream bytes, FX_FRAME a PPP frame for the layer
 * above, FX_UP progress (enum sstp_up), FX_DOWN the end. Send a PPP frame with sstp_data_header or
 * sstp_data_seal (sstp_data.h).
 */
#ifndef PROTO_SSTP_SSTP_H
#define PROTO_SSTP_SSTP_H

#include "proto/fx.h"
#include "proto/sstp/sstp_conf.h"

enum sstp_up {
	SSTP_UP_HTTP,      /* the HTTP exchange is done: the first valid protocol message */
	SSTP_UP_CALL,      /* Call Connect Ack went out (server) or came (client): PPP may start */
	SSTP_UP_CONNECTED, /* Call Connected verified (server) or sent (client): data may flow */
};

struct sstp;

struct sstp *sstp_new(const struct sstp_conf *conf); /* conf is copied; NULL when memory is out */
void sstp_free(struct sstp *c);

/* TLS is up: a client sends its request, a server waits for one. */
void sstp_start(struct sstp *c, const struct now *now, struct fx *fx);

/*
 * Takes at most one message from the start of `bytes` and returns how many bytes it consumed; 0
 * means that the message is not complete and more bytes are needed. The caller loops, carries out
 * the effects after each call, and stops when FX_DOWN was among them. A message is never longer
 * than SSTP_INPUT_MAX, so that is how much a caller must be able to keep.
 */
#define SSTP_INPUT_MAX 8192u
size_t sstp_input(struct sstp *c, struct view bytes, const struct now *now, struct fx *fx);

/*
 * The peer (server) or we (client) are authenticated and this is the higher-layer key. A server
 * then expects Call Connected (one that came already is checked now); a client sends it.
 * from_method names the method for the trail.
 */
void sstp_authenticated(struct sstp *c, const uint8_t hlak[32], const char *from_method,
    const struct now *now, struct fx *fx);

/*
 * Something arrived outside the core (data path): the hello timer starts again. What we send does
 * not count, or a dead peer that we keep sending to would never be noticed (MS-SSTP 3.1.2.3).
 */
void sstp_heard(struct sstp *c, const struct now *now);

/*
 * Server: opens the call without Call Connected, for a method whose key is all zero: a binding by
 * it proves nothing. Not in MS-SSTP; sstpc needs it with CHAP (net/conn.c, may_waive). One that
 * comes later is still checked.
 */
void sstp_waive_binding(struct sstp *c, const struct now *now, struct fx *fx);

/*
 * Ends the call from this side: Call Abort when SSTP itself or our own machinery failed (causes
 * 0x03xx, 0x09xx), Call Disconnect for all else, a refused log-in as well (MS-SSTP 3.3.7.1). Waits
 * for the peer's answer within its timer: FX_DOWN(cause) follows at once, by sstp_input, by
 * sstp_tick or by sstp_lower_down. Does nothing when the call is being ended already.
 */
void sstp_close(struct sstp *c, enum cause cause, const struct now *now, struct fx *fx);

/*
 * The transport is gone: closed by the peer in an orderly way (TLS close_notify, TCP FIN), or lost
 * (reset, timeout, TLS failure). FX_DOWN with the cause that the state implies: a server whose
 * connected client just closes was left (ended.by-peer), one whose client vanished lost it.
 */
void sstp_lower_down(struct sstp *c, const struct now *now, struct fx *fx);
void sstp_lower_lost(struct sstp *c, const struct now *now, struct fx *fx);

void sstp_tick(struct sstp *c, const struct now *now, struct fx *fx);
uint64_t sstp_deadline_ms(const struct sstp *c);

/* Whether the call is being ended, by either side, or has ended: no data passes any more. */
bool sstp_is_ending(const struct sstp *c);

/* Whether data packets may be carried now. */
bool sstp_is_connected(const struct sstp *c);

#endif
