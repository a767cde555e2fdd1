/* The inside of a connection, shared by conn.c (control) and conn_data.c (data path) only. */
#ifndef NET_CONN_PRIV_H
#define NET_CONN_PRIV_H

#include "net/conn.h"
#include "proto/ndp/ndp.h"

/* What one core's progress asks of the other; done by conn_follow_up. */
enum conn_todo {
	TODO_PPP_START = 1, /* the SSTP call is there: LCP may begin */
	TODO_BINDING = 2,   /* authenticated: make or check the crypto binding */
	TODO_NETWORK = 4,   /* binding is done: NCPs may begin */
	TODO_WAIVE = 16,    /* IPCP is open and the binding may be waived */
	TODO_PPP_DOWN = 8,  /* PPP ended: end the call with its cause */
};

/* What is said on the inner link itself; conn_link.c. */
struct conn_link {
	struct ndp *ndp; /* once IPv6 opened; owned */
	uint64_t
	    wait_until_ms; /* client: for an advertisement, before the call counts as up; 0: no */
	bool informed;     /* server: an inform was answered; client: an answer came */
	uint64_t informed_ms; /* server: when it answered last */
	uint32_t xid;         /* client: of its inform; 0: none is out */
	unsigned int n_informs;
	uint64_t inform_ms;           /* client: when the next one is due */
	struct dhcp_options *options; /* client: what came; owned */
};

struct conn {
	const struct conn_conf *conf;
	struct tls *tls;
	struct sstp *sstp; /* NULL until TLS is up */
	struct ppp *ppp;   /* NULL until TLS is up */
	struct attempt attempt;
	const struct profile *profile; /* what is granted, without hours_left_s; never NULL */
	const struct profile *kept;    /* to be given back; NULL: nothing is granted yet */
	struct guard guard;
	struct conn_link link;
	struct conn_counts counts;
	uint8_t *rest; /* plaintext that is not a whole message yet */
	size_t n_rest, rest_cap;
	uint64_t handshake_deadline_ms, stall_deadline_ms;
	uint64_t hours_end_ms;   /* when the hours end that the policy allows; NEVER_MS */
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

/*
 * conn_link.c. Begin: IPV6CP opened, or something changed. Waits: the client has yet to hear of its
 * prefix. Take: true when the packet was for this end of the link itself; it goes no further.
 */
MUST_USE bool conn_link_begin(struct conn *c, const struct now *now); /* false: out of memory */
void conn_link_fini(struct conn *c);
bool conn_link_waits(const struct conn *c, const struct now *now);
bool conn_link_take(struct conn *c, struct view pkt, const struct now *now, unsigned int *events);
unsigned int conn_link_tick(struct conn *c, const struct now *now);
uint64_t conn_link_deadline_ms(const struct conn *c);

/* conn_glue.c. Each returns events (enum conn_event). */

/* Everything that data needs may be there; it is up and its addresses changed. */
unsigned int conn_maybe_up(struct conn *c, const struct now *now);
unsigned int conn_changed(struct conn *c);

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
