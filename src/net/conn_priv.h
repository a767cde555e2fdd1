/* The inside of a connection, shared by conn.c (control) and conn_data.c (data path) only. */
#ifndef NET_CONN_PRIV_H
#define NET_CONN_PRIV_H

#include "net/conn.h"

/* What one core's progress asks of the other; done by conn_follow_up. */
enum conn_todo {
	TODO_PPP_START = 1, /* the SSTP call is there: LCP may begin */
	TODO_BINDING = 2,   /* authenticated: make or check the crypto binding */
	TODO_NETWORK = 4,   /* binding is done: NCPs may begin */
	TODO_WAIVE = 16,    /* IPCP is open and the binding may be waived */
	TODO_PPP_DOWN = 8,  /* PPP ended: end the call with its cause */
};

struct conn {
	const struct conn_conf *conf;
	struct tls *tls;
	struct sstp *sstp; /* NULL until TLS is up */
	struct ppp *ppp;   /* NULL until TLS is up */
	struct attempt attempt;
	struct profile profile;
	struct guard guard;
	struct conn_counts counts;
	uint8_t *rest; /* plaintext that is not a whole message yet */
	size_t n_rest, rest_cap;
	uint64_t handshake_deadline_ms, stall_deadline_ms;
	uint64_t granted_ms;     /* when the profile came */
	uint64_t up_ms, data_ms; /* since when it is up, and when the last packet passed */
	uint64_t held_until_ms;  /* 0: nothing is held back */
	uint64_t turn_ms;        /* when a handshake that found no job tries again; 0 = none */
	uint32_t rtt_ms;
	unsigned int todo;
	enum cause ppp_cause;
	enum cause refused; /* what the last proof was refused for; none after a good one */
	bool ppp_by_peer;
	bool rest_ready; /* rest holds whole messages: the walk stopped for a question */
	bool tls_open, call_up, network_started, ip_open, up, down;
	bool sign_asked; /* the question to the vault is out */
	bool paced;      /* the first answer was held, or needed not be */
};

/* Sets the guard from what IPCP agreed. */
void guard_for_session(struct conn *c);

/*
 * The data path inward: takes one data packet off the stream; IP goes to work->pkts, control
 * protocols to the PPP core. Returns the bytes used, 0 when the packet is for the SSTP core.
 */
size_t conn_take_data(struct conn *c, struct conn_work *w, struct view stream,
    const struct now *now, unsigned int *events);

/* conn_glue.c. Each returns events (enum conn_event). */

/* The attempt comes to a stage. */
unsigned int conn_reach(struct conn *c, enum stage stage, const struct now *now);

/* The end of the connection, once: the first cause stays. */
unsigned int conn_end(struct conn *c, enum cause cause, bool by_peer, const struct now *now);

/* Carries out the effects of the last call of a core. */
unsigned int conn_run_ppp(struct conn *c, struct conn_work *w, const struct now *now);
unsigned int conn_run_sstp(struct conn *c, struct conn_work *w, const struct now *now);

/* Does what the cores' progress asks of each other, until nothing is left to do. */
unsigned int conn_follow_up(struct conn *c, struct conn_work *w, const struct now *now);

#endif
