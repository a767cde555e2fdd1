/*
 * Effects: what a protocol core wants done. The caller carries them out after the call returned; a
 * core never calls its owner back, so nothing can be freed under a running function.
 *
 * What FX_SEND carries lies in the fx's own scratch until fx_reset. No single message can cause
 * more than FX_MAX effects: that is an invariant, not a limit that drops things.
 */
#ifndef PROTO_FX_H
#define PROTO_FX_H

#include "attempt/cause.h"
#include "attempt/fact.h"
#include "attempt/request.h"
#include "base/now.h"

#define FX_MAX 48u
#define FX_SCRATCH 8192u

enum side { SIDE_CLIENT, SIDE_SERVER };

enum fx_kind {
	FX_SEND,      /* bytes to the layer below */
	FX_FRAME,     /* bytes to the layer above; borrowed from the input */
	FX_ASK_AUTH,  /* verify fx->auth; answered by the core's answer call */
	FX_ASK_LEASE, /* an address for fx->lease */
	FX_FACT,      /* fx->facts[index] */
	FX_UP,        /* code: what is up, by the core's own enum */
	FX_DOWN,      /* cause and by: the core has ended; nothing follows */
};

struct fx_item {
	enum fx_kind kind;
	uint16_t code;     /* FX_UP; FX_SEND: the core's own mark (PPP protocol number) */
	struct view bytes; /* FX_SEND, FX_FRAME; FX_FACT: the encoded record */
	enum cause cause;  /* FX_DOWN */
	bool by_peer;      /* FX_DOWN: the peer ended it */
};

struct fx {
	unsigned int n;
	struct fx_item items[FX_MAX];
	size_t n_scratch;
	struct auth_request auth;   /* of the one FX_ASK_AUTH */
	struct lease_request lease; /* of the one FX_ASK_LEASE */
	uint8_t scratch[FX_SCRATCH];
};

/* Empties the list and wipes a secret that an FX_ASK_AUTH carried. Call before each core call. */
void fx_reset(struct fx *fx);

/* A writer over free scratch; commit what was written with fx_send. */
struct wr fx_writer(struct fx *fx);

/* Queues what w (from fx_writer, no other scratch use since) holds. must() that it did not
 * overflow. */
void fx_send(struct fx *fx, const struct wr *w, uint16_t code);

void fx_frame(struct fx *fx, struct view bytes);
void fx_ask_auth(struct fx *fx); /* fx->auth is filled in by the caller */
void fx_ask_lease(struct fx *fx);
void fx_up(struct fx *fx, uint16_t code);
void fx_down(struct fx *fx, enum cause cause, bool by_peer);

/* Queues a fact; its texts are copied. Dropped silently only when the scratch is full. */
void fx_fact(struct fx *fx, const struct fact *f);

#define FX_FACT_NOTE(fx, id, ...)                                                                  \
	do {                                                                                       \
		struct fact fx_fact_ = FACT_MAKE((id), ##__VA_ARGS__);                             \
		fx_fact((fx), &fx_fact_);                                                          \
	} while (0)

#endif
