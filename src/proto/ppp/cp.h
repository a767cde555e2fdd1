/*
 * One control protocol: the automaton of RFC 1661 with its timer, counters and option negotiation.
 * LCP and each NCP are a struct cp and a table of what is their own (struct cp_ops); IPV6CP and
 * CCP join by one more table. It stands between ppp_core.c, which gives it packets, and fsm.c.
 */
#ifndef PROTO_PPP_CP_H
#define PROTO_PPP_CP_H

#include "proto/fx.h"
#include "proto/ppp/cp_wire.h"
#include "proto/ppp/fsm.h"

struct ppp;

/* What every step of one call into the core needs. */
struct turn {
	struct ppp *p;
	const struct now *now;
	struct fx *fx;
};

#define CP_REQUEST_MAX 128u /* options of a Configure-Request of ours */
#define CP_SEEN 8u

enum cp_verdict { CP_OK, CP_NAK, CP_REJECT };

/* What a protocol adds to the automaton. All are called only while the link has not ended. */
struct cp_ops {
	uint16_t protocol;
	const char *name; /* "lcp" */

	/* The options of our next Configure-Request. */
	void (*write_request)(struct turn *t, struct wr *w);

	/* A Configure-Request came: forget what the last one said. */
	void (*begin)(struct turn *t, struct view options);

	/* One option of it. With CP_NAK the wanted option is written to nak. */
	enum cp_verdict (*judge)(struct turn *t, const struct cp_option *o, struct wr *nak);

	/* Options that the peer must have and did not send are appended to nak. May be NULL. */
	void (*append)(struct turn *t, struct wr *nak);

	void (*on_nak)(struct turn *t, const struct cp_option *o);
	void (*on_reject)(struct turn *t, const struct cp_option *o);

	/* A code above 7; false when it is unknown. May be NULL. */
	bool (*on_code)(struct turn *t, const struct cp_packet *pk);

	void (*up)(struct turn *t);
	void (*down)(struct turn *t);

	/* It is over, by ev: last timeout, terminated, rejected; FSM_RCN: naks without end. */
	void (*over)(struct turn *t, enum fsm_event ev);
};

struct cp {
	const struct cp_ops *ops;
	enum fsm_state state;
	uint64_t timer_ms;     /* Restart timer; NEVER_MS when stopped */
	uint64_t since_ms;     /* when the lower layer came up */
	uint8_t restarts_left; /* Restart counter */
	uint8_t next_id;
	uint8_t req_id; /* of our last Configure-Request */
	bool req_open;  /* it has not been answered yet */
	bool req_fresh; /* the next request is a new one, not a retransmission */
	uint8_t n_naks_out, n_refused_in, n_repeats;
	uint16_t n_requests; /* sent since the lower layer came up */
	uint32_t n_sent, n_received;
	uint16_t n_req;
	uint8_t req[CP_REQUEST_MAX]; /* its options */
	uint64_t seen[CP_SEEN];      /* marks of the peer's last different requests */
	uint8_t at_seen;             /* of the newest one */
};

/* An answer that goes out with an action (sca, scn, sta, scj, ser). */
struct cp_reply {
	uint8_t code, id;
	struct view data;
};

void cp_init(struct cp *c, const struct cp_ops *ops);

/* Carries out one event. reply may be NULL when the event sends none. */
void cp_event(struct turn *t, struct cp *c, enum fsm_event ev, const struct cp_reply *reply);

/* The layer below is ready: opens the automaton and brings it up. */
void cp_start(struct turn *t, struct cp *c);

/* One packet of this protocol. */
void cp_input(struct turn *t, struct cp *c, struct view info);

/* Fires the Restart timer when it is due. */
void cp_tick(struct turn *t, struct cp *c);

/* Sends a packet of this protocol, cut to what the peer takes. */
void cp_send(struct turn *t, struct cp *c, uint8_t code, uint8_t id, struct view data);

#endif
