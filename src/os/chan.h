/*
 * A channel between two roles: a SOCK_SEQPACKET pair, one message a packet, at most one descriptor
 * with it. Nothing blocks: what the kernel does not take is queued, up to a bound.
 */
#ifndef OS_CHAN_H
#define OS_CHAN_H

#include "ipc/msg.h"
#include "os/loop.h"

struct chan;

/* m's views live until the callback returns. fd is -1 or the receiver's to keep. */
typedef void (*chan_msg_fn)(void *ctx, struct chan *c, const struct msg *m, int fd);

/* The channel is closed; reason is CHAN_PEER_ENDED or what was wrong with the peer's message. */
#define CHAN_PEER_ENDED "the peer ended"
typedef void (*chan_down_fn)(void *ctx, struct chan *c, const char *reason);

/* Takes fd over. self and peer decide which messages are allowed in which direction. */
struct chan *chan_new(struct loop *l, int fd, enum role_id self, enum role_id peer,
    unsigned int peer_index, chan_msg_fn on_msg, chan_down_fn on_down, void *ctx);
void chan_free(struct chan *c);

/* Sends m, with fd (duplicated by the kernel; the caller keeps its own) or -1. False when the
 * channel is down or its queue full; the caller decides what that means. */
MUST_USE bool chan_send(struct chan *c, const struct msg *m, int fd);

/*
 * Receives at once what the peer has sent, up to a bound: for a peer that is known to have ended
 * and whose last words shall not be lost with the channel. on_down is not called. Nothing happens
 * inside the channel's own callbacks.
 */
void chan_drain(struct chan *c);

/* False when the peer is gone, perhaps before on_down could say so: a send has failed for good. */
bool chan_is_up(const struct chan *c);

enum role_id chan_peer(const struct chan *c);
unsigned int chan_peer_index(const struct chan *c);
size_t chan_backlog(const struct chan *c); /* messages queued */

/* A connected SEQPACKET pair, close-on-exec, non-blocking, with room for a full message. 0 or
 * -errno. */
MUST_USE int chan_pair(int out[2]);

#endif
