/*
 * One SSTP connection with all that stands on it: TLS, the SSTP core, the PPP core, the guard and
 * the attempt. Both ends: a worker of rrasd has many with SIDE_SERVER, rasdial one with
 * SIDE_CLIENT. Sans-I/O: ciphertext and IP packets in and out, questions and progress as flags.
 *
 * It is the glue of the attempt's road (guide section 1): TLS up -> SSTP call -> PPP link ->
 * authentication -> crypto binding -> address -> IP. The layers do not know each other.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include "attempt/attempt.h"
#include "base/pkt.h"
#include "crypto/tls.h"
#include "net/drops.h"
#include "net/guard.h"
#include "net/train.h"
#include "proto/dhcp/dhcp.h"
#include "proto/ppp/ppp.h"
#include "proto/sstp/sstp.h"

#define CONN_RECORD 16384u            /* plaintext of one TLS record */
#define CONN_PLAIN (8u * CONN_RECORD) /* and of those that are worked on together */
/*
 * Ciphertext that may wait for a slow peer (S11). From the first limit on its data is dropped, so
 * data cannot reach the second, where nothing is read from the peer any more: two ends that both
 * have much to send never wait for each other.
 */
#define CONN_DATA_MAX 262144u
#define CONN_BACKLOG_MAX 524288u

/* What a connection is made from. Shared by the connections of one configuration; not owned. */
struct conn_conf {
	enum side side;
	struct tls_ctx *tls;   /* a reference is taken per connection */
	char host[256];        /* client: the name that was dialled */
	struct sstp_conf sstp; /* without the certificate hashes */
	struct ppp_conf ppp;
	bool ask_options;      /* client: send DHCPINFORM once it is up */
	bool waive_keyless;    /* server: see may_waive in conn.c */
	uint32_t handshake_ms; /* TCP accepted to TLS up */
	uint32_t pace_ms;      /* server: see pace_answer in conn.c; 0 = off */
	/* client: networks behind us, whose packets may pass; borrowed */
	const struct ip_prefix *behind;
	unsigned int n_behind;
	/* server: where clients live, for those that are isolated; borrowed */
	const struct guard_range *clients;
	unsigned int n_clients;
	uint32_t stall_ms; /* ciphertext waiting this long without progress ends the call */
};

/* Working memory of one worker, shared by its connections; nothing in it outlives a call. */
struct conn_work {
	struct fx sstp_fx, ppp_fx;
	struct auth_request auth;   /* of CONN_ASK_AUTH */
	struct lease_request lease; /* of CONN_ASK_LEASE */
	size_t n_gather;
	const uint8_t *passed;  /* the packet that passed the guard last in this call; NULL: none */
	struct train_join join; /* packets for TUN, borrowed from plain until the next call */
	uint8_t gather[CONN_RECORD]; /* outgoing frames of one record */
	uint8_t
	    plain[SSTP_INPUT_MAX + CONN_PLAIN]; /* what is left of the last records, then these */
};

/* Progress that the owner has to act on; a mask. */
enum conn_event {
	CONN_ASK_AUTH = 1,  /* ask aaa about work->auth; answer with conn_answer_auth */
	CONN_ASK_LEASE = 2, /* ask aaa for an address; answer with conn_answer_lease */
	CONN_UP = 4,        /* conn_ip tells the addresses; packets flow */
	CONN_DOWN = 8,      /* the attempt has ended; flush conn_out, then free */
	CONN_PROGRESS = 16, /* the attempt reached a new stage */
	CONN_ASK_SIGN = 32, /* ask vault about conn_sign_question; answer with conn_answer_sign */
	CONN_CHANGED = 64,  /* it is up, and conn_ip or conn_ip6 tell something new */
	CONN_OPTIONS = 128, /* client: conn_options tells what DHCPINFORM brought */
};

struct conn_counts {
	uint64_t in_bytes, out_bytes, in_pkts, out_pkts; /* IP, from and to the peer */
	struct drop_counts drops;
};

struct conn;

/* A connection that has just been accepted (server) or connected (client). NULL: memory is out. */
struct conn *conn_new(const struct conn_conf *conf, const struct endpoint *peer,
    const struct endpoint *local, enum witness witness, const struct now *now);
void conn_free(struct conn *c);

/* What the transport measured of the path, before the first bytes. 0 = nothing. */
void conn_set_rtt(struct conn *c, uint32_t rtt_ms);

/* Begins: a client sends its first handshake message. Returns events. */
unsigned int conn_start(struct conn *c, struct conn_work *w, const struct now *now);

/*
 * Whether to read from the peer now. False while so much waits for it that what it says could only
 * add to the heap: a peer that asks and does not listen is not listened to (S11).
 */
bool conn_wants_input(const struct conn *c);

/* Keeps ciphertext for conn_step. False when memory is out: end the connection. */
MUST_USE bool conn_feed(struct conn *c, struct view cipher);

/* The same without a copy: cipher stays the caller's and lives until conn_keep, which copies what
 * conn_step has not used. */
void conn_lend(struct conn *c, struct view cipher);
MUST_USE bool conn_keep(struct conn *c);

/*
 * Works on what was fed, up to CONN_PLAIN bytes of data, one record of control or one question.
 * *more says whether to call again after the events and work->join have been carried out.
 */
unsigned int conn_step(struct conn *c, struct conn_work *w, const struct now *now, bool *more);

unsigned int conn_answer_auth(
    struct conn *c, struct conn_work *w, const struct auth_answer *a, const struct now *now);
unsigned int conn_answer_lease(
    struct conn *c, struct conn_work *w, const struct lease_answer *a, const struct now *now);

/* CONN_ASK_SIGN: what TLS wants signed; borrowed until the answer. */
struct tls_question conn_sign_question(const struct conn *c);

/* signature: empty when there is none, for why_not. What follows is conn_step's. False: it was not
 * asked, or is down. */
bool conn_answer_sign(struct conn *c, struct view signature, enum cause why_not);

/*
 * Sends an IP packet, or a super-packet, that was read from TUN with header h. Packets are laid
 * into as few TLS records as they fit: nothing else may be called until conn_send_end has closed
 * the last. What does not pass is counted in the drops, every packet of a super-packet by itself.
 */
void conn_send_ip(struct conn *c, struct conn_work *w, const struct vnet_hdr *h, struct view pkt,
    const struct now *now);
void conn_send_end(struct conn *c, struct conn_work *w);

/* Whether so much waits for the peer that its data would be dropped now. */
bool conn_is_full(const struct conn *c);

/* Ends it from this side; CONN_DOWN comes now or later. */
unsigned int conn_close(
    struct conn *c, struct conn_work *w, enum cause cause, const struct now *now);

/* The transport is gone: orderly (the peer closed) or not. */
unsigned int conn_lower_down(
    struct conn *c, struct conn_work *w, bool orderly, const struct now *now);

/* The deadline has come. Call conn_step after it: a handshake may have waited for its turn. */
unsigned int conn_tick(struct conn *c, struct conn_work *w, const struct now *now);
uint64_t conn_deadline_ms(const struct conn *c);

/* Ciphertext to send, borrowed until the next call; tell how much went. */
struct view conn_out(struct conn *c);
void conn_out_sent(struct conn *c, size_t n, const struct now *now);

struct attempt *conn_attempt(struct conn *c);
const struct ppp_ip *conn_ip(const struct conn *c); /* none there: no IPv4 */

/* IPv6 on the link; all none when there is none. */
struct conn_ip6 {
	struct ip_addr link_local, router; /* ours, and the other end's */
	struct ip_addr prefix;             /* a /64; none: link-local addresses only */
	struct ip_addr address;            /* client: made of the prefix */
	struct ip_addr dns[2];             /* client: as advertised */
	uint32_t mtu;                      /* client: as advertised; 0: no word about it */
	bool is_router;                    /* client: the server offers to route everything */
};
struct conn_ip6 conn_ip6(const struct conn *c);
const struct dhcp_options *conn_options(const struct conn *c); /* client */
const struct conn_counts *conn_counts(const struct conn *c);
uint16_t conn_mtu(const struct conn *c); /* of IP packets, both MRUs regarded; 0 before it is up */
enum auth_method conn_method(const struct conn *c);
const struct profile *conn_profile(const struct conn *c); /* of the answer; zero before it */
struct view conn_user(const struct conn *c); /* the peer's name as sent; empty before it came */
bool conn_is_down(const struct conn *c);
bool conn_is_up(const struct conn *c);

/* Puts a fact of the owner on the attempt's trail. */
void conn_note(struct conn *c, const struct fact *f, const struct now *now);

#endif
