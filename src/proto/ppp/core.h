/*
 * The inside of the PPP core: what its files share. ppp_core.c holds the phases and the public
 * calls; cp.c the automaton; lcp.c, ipcp.c and ipv6cp.c the options; ncp.c what the latter share;
 * auth_server.c and auth_client.c the proofs. Nothing outside this folder includes it, except
 * tests.
 */
#ifndef PROTO_PPP_CORE_H
#define PROTO_PPP_CORE_H

#include "attempt/answer.h"
#include "proto/ppp/auth_wire.h"
#include "proto/ppp/cp.h"
#include "proto/ppp/frame.h"
#include "proto/ppp/ppp.h"

/* Methods that this core can carry out; EAP and MS-CHAPv1 join here. */
#define AUTH_SUPPORTED (AUTH_BIT(AUTH_PAP) | AUTH_BIT(AUTH_CHAP) | AUTH_BIT(AUTH_MSCHAPV2))

#define MRU_DEFAULT 1500u /* RFC 1661 section 6.1 */
#define MRU_MIN 128u
#define AUTH_PACKET_MAX 640u /* PAP with two fields of 255, CHAP with a name of 256 */
#define IDENT_MAX 64u
#define HELD_MAX 256u
#define HELD6_MAX 64u
#define IPV6CP_ID PPP_INTERFACE_ID

struct lcp {
	uint32_t magic; /* ours, of the last request */
	uint32_t accm;
	uint16_t mru;
	bool ask_mru, ask_accm, ask_magic, ask_pfc, ask_acfc;
	enum auth_method auth;      /* server: what we demand; AUTH_NONE: nothing */
	enum auth_method auth_told; /* the method that a fact named last */
	unsigned int auth_left;     /* server: methods not refused so far */
	unsigned int auth_theirs;   /* methods the peer named */
	uint32_t peer_magic;        /* the peer's wishes, from its last request */
	uint16_t peer_mru;
	bool peer_pfc, peer_acfc;
	enum auth_method peer_auth; /* client: what the server demands */
	unsigned int n_auth_naks;   /* client: demands refused */
	bool auth_mismatch;         /* client: the last demand was refused */
	bool looped;                /* the request at hand carries our own magic number */
	uint8_t n_loops;
	uint64_t echo_ms;
	uint8_t n_echo_missed, echo_id;
	bool echo_open; /* an echo of ours is unanswered */
};

enum auth_state {
	AUTH_IDLE,
	AUTH_WAIT,   /* server: for a request or response; client: for a challenge */
	AUTH_ASKED,  /* server: FX_ASK_AUTH is open */
	AUTH_AGAIN,  /* server: a failure with R=1 is out */
	AUTH_CHANGE, /* server: the password has expired, a new one may come */
	AUTH_SENT,   /* client: for the verdict */
	AUTH_DONE,
};

struct auth {
	enum auth_state state;
	enum auth_method method;
	uint64_t timer_ms;
	uint8_t sends_left;
	uint8_t id;          /* of our challenge or PAP request, or the challenge we answered */
	uint8_t answered_id; /* server: of the response that was judged last */
	uint8_t retries_left;
	enum cause wait_cause; /* server: when nothing more comes, it ended for this */
	uint8_t challenge[MSCHAP2_CHALLENGE]; /* server: ours */
	uint64_t answered_mark;               /* server: tells a copy from a new try */
	uint16_t n_out, out_cap;
	uint8_t *out;    /* last packet of ours, for repetition; owned */
	char expect[43]; /* client: the S= the server must show */
	uint8_t hlak[32], next_hlak[32];
	bool changing;   /* the password is being changed: one try */
	bool asked_ever; /* server: somebody was named to the outside */
	bool has_keys;   /* hlak comes from MS-CHAPv2, not from nowhere */
	uint16_t n_name;
	uint8_t *name; /* server: the peer's, as sent; owned */
};

enum net_state {
	NET_IDLE,
	NET_ASKED,   /* server: FX_ASK_LEASE is open */
	NET_OFF,     /* no IP here: waiting for the peer's IPCP, to reject it */
	NET_RUNNING, /* IPCP, IPV6CP or both talk */
};

struct ipcp {
	bool ask_address;
	struct ip_addr address; /* ours, as we ask for it */
	struct ip_addr peer;    /* as the peer asked for it */
	struct ip_addr dns[2], nbns[2];
	uint8_t ask_dns, ask_nbns; /* bits: which of the two */
	bool was_up, open;
};

/* CCP: bits as in the option of RFC 3078 section 2. */
struct ccp {
	uint32_t allowed; /* strengths that the terms and our keys allow */
	bool none_ok;     /* the terms allow a session without encryption */
	bool running;     /* the automaton is in use */
	bool asking;      /* our request names `ask` */
	uint32_t ask;
	uint32_t in, out; /* agreed for what we receive and send */
	uint32_t theirs;  /* every strength that the peer named */
	bool settled;     /* what was to be agreed is agreed: data may flow */
	bool agreed, was_agreed;
	uint64_t reset_again_ms;
};

struct ipv6cp {
	bool ask; /* our identifier is an option of our requests */
	uint8_t ours[IPV6CP_ID], theirs[IPV6CP_ID];
	bool was_up, open;
};

struct ppp {
	const struct ppp_conf *conf; /* a server's is borrowed */
	struct ppp_conf *own;        /* client: conf is this copy, which holds the password */
	bool started, ended, closing;
	enum cause end_cause; /* while closing: what FX_DOWN will say */
	bool up_lcp, up_auth, up_ip;
	bool network_allowed;
	enum net_state net;
	uint64_t ask_deadline_ms, negotiate_deadline_ms, net_deadline_ms;
	struct cp cp_lcp, cp_ipcp, cp_ccp, cp_ipv6cp;
	struct lcp lcp;
	struct auth auth;
	struct ipcp ipcp;
	struct ipv6cp ipv6cp;
	struct ccp ccp;
	uint8_t levels;              /* enum encryption: of the settings, then of the profile */
	bool ip_wants_up;            /* PPP_UP_IP or _CHANGED is due once encryption is settled */
	uint64_t settle_deadline_ms; /* one is open: how long the other may keep the link */
	bool told_up;                /* FX_UP(PPP_UP_IP) is out */
	enum cause ncp_cause;        /* why the first of them failed */
	struct lease_answer lease;
	struct ppp_data data;
	struct ppp_ip ip;
	uint16_t n_held;
	uint8_t held[HELD_MAX]; /* the peer's last IPCP request, come before we may answer */
	uint16_t n_held6;
	uint8_t held6[HELD6_MAX]; /* and its last of IPV6CP */
	uint16_t n_ident;
	uint8_t ident[IDENT_MAX];
};

/* Facts, unless the link has ended. */
void core_note(struct turn *t, const struct fact *f);
#define NOTE(t, id, ...)                                                                           \
	do {                                                                                       \
		struct fact note_ = FACT_MAKE((id), __VA_ARGS__);                                  \
		core_note((t), &note_);                                                            \
	} while (0)
void core_note_bad(struct turn *t, uint16_t protocol, const char *error, size_t at);
void core_note_ignored(struct turn *t, const char *protocol, const char *what);
void core_note_terminate(struct turn *t, struct view reason);

/* A frame of ours: header, then what the caller writes, then out with it. */
void core_frame_begin(struct turn *t, uint16_t protocol, struct wr *w);
void core_frame_send(struct turn *t, uint16_t protocol, const struct wr *w);

/* Bytes that a reject or an echo may carry behind its header. */
size_t core_peer_room(const struct ppp *p);

/* Ends the link now: FX_DOWN, and nothing after it. */
void core_finish(struct turn *t, enum cause cause, bool by_peer);

/* Ends it without waiting: one Terminate-Request if the peer ever spoke, then core_finish. */
void core_hang_up(struct turn *t, enum cause cause, bool by_peer);

/* The same for a failure that we saw. */
void core_fail(struct turn *t, enum cause cause);

/* What a Terminate-Request may tell a peer about a cause: nothing that helps a guesser. */
const char *core_reason_text(enum cause cause);

/* LCP opened or went down; authentication is complete; IPCP went up or down. */
void core_lcp_up(struct turn *t);
void core_lcp_down(struct turn *t);
void core_auth_done(struct turn *t);
void core_reject_protocol(struct turn *t, uint16_t protocol, struct view info);

/* Opens and closes the data path: IPCP and encryption both have to be ready. */
void core_data_gate(struct turn *t);

/* lcp.c */
extern const struct cp_ops lcp_ops;
void lcp_init(struct turn *t);
void lcp_tick(struct turn *t);
void lcp_opened(struct turn *t);
enum auth_method lcp_strongest(unsigned int mask);

/* ipcp.c */
extern const struct cp_ops ipcp_ops;
void ipcp_init(struct turn *t);

/* ccp.c; levels are enum encryption bits of the terms */
extern const struct cp_ops ccp_ops;
void ccp_start(struct turn *t, uint8_t levels);

/* ipv6cp.c */
extern const struct cp_ops ipv6cp_ops;
void ipv6cp_init(struct turn *t);

/*
 * ncp.c: one network protocol opened (changed: with something new to its owner), or is over by ev
 * for a cause; the peer rejected it; all that may run begin; a packet of one came.
 */
void core_ncp_up(struct turn *t, bool changed);
void core_ncp_over(struct turn *t, struct cp *c, enum fsm_event ev, enum cause cause);
void core_ncp_rejected(struct turn *t, struct cp *c);
void core_ncp_run(struct turn *t);
void core_ncp_input(struct turn *t, struct cp *c, struct view info);
void core_ncp_tick(struct turn *t);
void core_ncp_tell(struct turn *t); /* data may flow: says so, once the other had its time */

/* auth_server.c, auth_client.c */
void auth_start(struct turn *t, enum auth_method method);
void auth_stop(struct ppp *p);
void auth_wipe(struct ppp *p);
void auth_free(struct ppp *p);
struct wr auth_out(struct ppp *p);    /* over the place of the next packet of ours */
void auth_keep_little(struct ppp *p); /* what was sent last is the last of ours */
void auth_input(struct turn *t, uint16_t protocol, struct view info);
void auth_tick(struct turn *t);
void auth_send_stored(struct turn *t);
uint16_t auth_protocol(enum auth_method method);

void server_auth_start(struct turn *t);
void server_auth_pap(struct turn *t, const struct cp_packet *pk);
void server_auth_chap(struct turn *t, const struct cp_packet *pk);
void server_auth_answer(struct turn *t, const struct auth_answer *a);
void client_auth_start(struct turn *t);
void client_auth_pap(struct turn *t, const struct cp_packet *pk);
void client_auth_chap(struct turn *t, const struct cp_packet *pk);

#endif
