/*
 * One connection attempt: its identity, how far it came, why it ended, and its trail. The record
 * of it outlives it. Every connection becomes one, from accept to the end of the session.
 */
#ifndef ATTEMPT_ATTEMPT_H
#define ATTEMPT_ATTEMPT_H

#include "attempt/cause.h"
#include "attempt/request.h"
#include "attempt/trail.h"
#include "base/now.h"

/* The road of an attempt, in order (guide section 1). */
enum stage {
	STAGE_ARRIVED,
	STAGE_TUNNEL, /* the peer proved its address and sent one valid protocol message */
	STAGE_AUTHENTICATE,
	STAGE_DECIDE,
	STAGE_LEASE,
	STAGE_PLUMB,
	STAGE_UP,
	STAGE_ENDED,
	N_STAGE,
};

/* Who ended it. */
enum party { PARTY_NONE, PARTY_US, PARTY_PEER, PARTY_PATH };

#define ATTEMPT_ID_TEXT 33 /* 32 hex digits and a zero */

/* 16 bytes, ordered by time: 48 bits of Unix milliseconds, then random bits (as RFC 9562 v7). */
struct attempt_id {
	uint8_t b[16];
};

struct attempt {
	struct attempt_id id;
	enum tunnel_kind tunnel;
	enum stage stage;
	uint64_t reached_ms[N_STAGE]; /* monotonic milliseconds; 0 = never */
	enum cause cause;             /* why it ended: the first cause set stays */
	enum party ended_by;
	enum witness witness; /* who writes this copy of the trail */
	int64_t began_unix_us;
	uint64_t began_ms;
	struct endpoint peer, local; /* outer addresses */
	struct trail *trail; /* on the heap; NULL once given to record, until the next fact */
};

/* A new attempt that has ARRIVED; its trail may be NULL when memory is out (then facts are lost).
 */
void attempt_init(struct attempt *a, enum tunnel_kind tunnel, enum witness witness,
    const struct endpoint *peer, const struct endpoint *local, const struct now *now);
void attempt_fini(struct attempt *a);

/* Moves on; never back. Records the time and a fact. */
void attempt_reach(struct attempt *a, enum stage stage, const struct now *now);

/* Ends it: the first cause stays. Adds the fact "attempt.ended". Further calls change nothing. */
void attempt_end(struct attempt *a, enum cause cause, enum party by, const struct now *now);

/* Gives the trail's memory back, once its facts are with record; the next fact makes a new one. */
void attempt_forget_trail(struct attempt *a);

/* Puts a fact on the trail, stamped with the time since the attempt began. */
void attempt_note(struct attempt *a, const struct fact *f, const struct now *now);

const char *stage_name(enum stage s);
const char *party_name(enum party p);
char *attempt_id_text(const struct attempt_id *id, char out[ATTEMPT_ID_TEXT]);
/* Unix milliseconds at which the attempt began: all witnesses count from it. */
uint64_t attempt_id_unix_ms(const struct attempt_id *id);
MUST_USE bool attempt_id_parse(struct view v, struct attempt_id *out);

#endif
