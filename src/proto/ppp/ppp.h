/*
 * The PPP core, both ends: LCP, authentication, IPCP and IPV6CP over one link (RFC 1661, 1332,
 * 1877, 1334, 1994, 2759, 5072). It stands between a link (SSTP; later a PPTP call, an L2TP
 * session) and IP.
 *
 * Frames in, effects out: FX_SEND carries whole PPP frames (address, control, protocol included;
 * `code` is the protocol), FX_ASK_AUTH and FX_ASK_LEASE are questions (server), FX_UP tells
 * progress (enum ppp_up), FX_DOWN ends the core. IP data does not pass here: see frame.h.
 */
#ifndef PROTO_PPP_PPP_H
#define PROTO_PPP_PPP_H

#include "attempt/answer.h"
#include "proto/fx.h"
#include "proto/ppp/ppp_conf.h"

enum ppp_up {
	PPP_UP_LCP,  /* link parameters are agreed */
	PPP_UP_AUTH, /* the peer (server side) or we (client side) are authenticated; keys are valid
	              */
	PPP_UP_ENCRYPTION, /* CCP opened with MPPE: begin anew with ppp_encryption's keys */
	PPP_RESET_ASKED,   /* the peer lost packets: mppe_reset what we send */
	PPP_UP_IP, /* a network protocol opened: ppp_ip and ppp_data tell which, data may flow */
	PPP_UP_CHANGED, /* after that: the other one opened, one closed, or an address changed */
};

struct ppp;

/* Bytes of one struct ppp, for owners that embed it in their own slab. */
size_t ppp_size(void);

/*
 * A core on the heap; NULL when memory is out. A server's conf is borrowed until ppp_free, as all
 * sessions share it; a client's is copied, the password with it.
 */
struct ppp *ppp_new(const struct ppp_conf *conf);
void ppp_free(struct ppp *p); /* wipes secrets */

/* The link below is up: starts LCP. */
void ppp_lower_up(struct ppp *p, const struct now *now, struct fx *fx);

/* One frame from the peer, from address field (or protocol, when compressed) to its end. */
void ppp_input(struct ppp *p, struct view frame, const struct now *now, struct fx *fx);

/* The verdict on the last FX_ASK_AUTH. Ignored when none is open. */
void ppp_answer_auth(
    struct ppp *p, const struct auth_answer *a, const struct now *now, struct fx *fx);

/*
 * The link allows the network phase: SSTP calls it once the crypto binding is verified (server) or
 * sent (client). With conf.hold_network unset the phase begins by itself after authentication.
 */
void ppp_start_network(struct ppp *p, const struct now *now, struct fx *fx);

/* The address for the last FX_ASK_LEASE, or the cause why there is none. */
void ppp_answer_lease(
    struct ppp *p, const struct lease_answer *a, const struct now *now, struct fx *fx);

/* Ends the link from this side with a Terminate-Request; FX_DOWN(cause) follows at once or later.
 */
void ppp_close(struct ppp *p, enum cause cause, const struct now *now, struct fx *fx);

void ppp_tick(struct ppp *p, const struct now *now, struct fx *fx);
uint64_t ppp_deadline_ms(const struct ppp *p);

/* What the data path needs, kept current by the core (frame.h). */
struct ppp_data;
const struct ppp_data *ppp_data(const struct ppp *p);

#define PPP_INTERFACE_ID 8u

struct ppp_ip {
	struct ip_addr local, remote;   /* none: no IPv4 */
	struct ip_addr dns[2], nbns[2]; /* client: as the server gave them */
	uint8_t local_id[PPP_INTERFACE_ID], remote_id[PPP_INTERFACE_ID]; /* zero: no IPv6 */
	struct ip_addr prefix6, dns6[2];                                 /* server: as leased */
};

/* Valid after PPP_UP_IP. */
const struct ppp_ip *ppp_ip(const struct ppp *p);

/* The method in use and the peer's name as sent (server) or ours (client), after PPP_UP_AUTH. */
enum auth_method ppp_auth_method(const struct ppp *p);
struct view ppp_peer_name(const struct ppp *p);

/*
 * The higher-layer authentication key for SSTP's crypto binding (MS-SSTP 3.2.5.2.2): the client's
 * MasterSendKey then MasterReceiveKey after MS-CHAPv2, 32 zero bytes after PAP or CHAP. False
 * before PPP_UP_AUTH.
 */
bool ppp_hlak(const struct ppp *p, uint8_t out[32]);

/* What CCP agreed, per direction: 40, 56 or 128 bits; start keys by RFC 3079 section 3. */
struct ppp_encryption {
	uint8_t bits_in, bits_out;
	bool stateless_in, stateless_out;
	uint8_t key_in[16], key_out[16];
};

/* False: data is not encrypted by PPP. Wipe out after use. */
MUST_USE bool ppp_encryption(const struct ppp *p, struct ppp_encryption *out);

/* MPPE lost packets: asks the peer for a reset, at most every 300 ms. RFC 3078 section 8.2. */
void ppp_ask_reset(struct ppp *p, const struct now *now, struct fx *fx);

/* The words of an LCP Identification the peer sent last; empty when none. */
struct view ppp_identification(const struct ppp *p);

#endif
