/*
 * A scripted peer for the PPP core: frames go in by hand, what comes out is kept by step, and the
 * clock is virtual. Used by test_ppp_server.c, test_ppp_client.c and test_ppp_phases.c.
 */
#ifndef TESTS_PPP_HARNESS_H
#define TESTS_PPP_HARNESS_H

#include "proto/ppp/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define SENT_MAX 64u

struct sent {
	uint16_t protocol;
	struct cp_packet pk; /* views into bytes */
	size_t n;
	uint8_t bytes[1600];
};

struct h {
	struct ppp_conf conf;
	struct ppp *p;
	struct now now;
	uint8_t next_random;
	struct fx fx;
	unsigned int n_sent; /* since the last h_in, h_wait or other step */
	struct sent sent[SENT_MAX];
	char facts[16384]; /* "name: text" lines, all so far */
	bool down, by_peer;
	enum cause cause;
	unsigned int n_down, n_up_lcp, n_up_auth, n_up_ip, n_changed, n_ask_auth, n_ask_lease;
	struct auth_request auth;
	struct lease_request lease;
};

/* Defaults for a side; change h->conf before h_start. */
struct h *h_new(enum side side);
void h_start(struct h *h); /* makes the core and brings the link up */
void h_free(struct h *h);

/* One frame from the peer: protocol, code, identifier, data in hex. */
void h_in(struct h *h, uint16_t protocol, uint8_t code, uint8_t id, const char *data_hex);
void h_in_view(struct h *h, uint16_t protocol, uint8_t code, uint8_t id, struct view data);
void h_in_raw(struct h *h, const char *frame_hex);

/* Lets virtual time pass; ticks at every deadline on the way. */
void h_wait(struct h *h, uint64_t ms);

/* Carries out what a call into the core left in h->fx (h_in and h_wait do it themselves). */
void h_done(struct h *h);
struct fx *h_fx(struct h *h); /* a fresh effect list for a call; forgets h->sent */

/* The last packet of this kind sent in this step; fails the test when there is none. */
const struct cp_packet *h_sent(struct h *h, uint16_t protocol, uint8_t code);
unsigned int h_count(const struct h *h, uint16_t protocol, uint8_t code);

/* Whether the data of a packet is exactly this, or has this option. */
void h_data_is(const struct cp_packet *pk, const char *hex);
bool h_has_option(const struct cp_packet *pk, uint8_t type);

/* The peer acknowledges our last Configure-Request of this step. */
void h_ack(struct h *h, uint16_t protocol);

/* The peer's plain LCP with magic number; opens LCP (the core's request must just have gone out).
 */
void h_open_lcp(struct h *h);

/* The whole way to PPP_UP_AUTH with PAP (server: asked and granted; client: acknowledged). */
void h_open_auth(struct h *h);

/* On from there to PPP_UP_IP: 10.99.0.1 is the server, 10.99.0.2 the client. */
void h_open_ip(struct h *h);

void h_answer(struct h *h, bool ok, enum cause cause, bool may_retry);
void h_lease(struct h *h, enum cause cause);

/* It ended exactly once, for this cause by name, and is quiet from now on. */
void h_ended(struct h *h, const char *cause_name);
void h_alive(const struct h *h);

/* Whether a fact with this text in its line was noted. */
void h_fact(const struct h *h, const char *text);

#endif
