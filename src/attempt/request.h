/*
 * The words in which all tunnels meet at AUTHENTICATE: what a peer claims and how it proves it.
 * A core fills a request and asks; aaa and vault answer. Bytes are as the peer sent them.
 */
#ifndef ATTEMPT_REQUEST_H
#define ATTEMPT_REQUEST_H

#include "base/addr.h"
#include "base/secret.h"

enum tunnel_kind {
	TUNNEL_NONE,
	TUNNEL_PPTP,
	TUNNEL_L2TP,
	TUNNEL_SSTP,
	TUNNEL_IKEV2,
};

/* From weakest to strongest; bit masks are 1 << method. */
enum auth_method {
	AUTH_NONE,
	AUTH_PAP,
	AUTH_CHAP,   /* CHAP with MD5 */
	AUTH_MSCHAP, /* MS-CHAPv1 */
	AUTH_MSCHAPV2,
	AUTH_EAP,
	N_AUTH_METHOD,
};

#define AUTH_BIT(m) (1u << (m))
#define NAME_MAX_BYTES 256u
#define CHANGE_BLOCK_BYTES 516u

/* One proof by the peer. */
struct auth_request {
	enum auth_method method;
	enum tunnel_kind tunnel;
	uint8_t id; /* identifier of the packet: CHAP-MD5 hashes it */
	uint16_t n_name;
	uint8_t name[NAME_MAX_BYTES]; /* as sent; the name that enters a hash is never rewritten */
	uint8_t n_challenge;
	uint8_t challenge[64];      /* ours */
	uint8_t chap_digest[16];    /* AUTH_CHAP */
	uint8_t peer_challenge[16]; /* AUTH_MSCHAPV2 */
	uint8_t nt_response[24];    /* AUTH_MSCHAPV2 and AUTH_MSCHAP */
	uint8_t lm_response[24];    /* AUTH_MSCHAP */
	uint8_t flags;              /* AUTH_MSCHAP */
	struct secret password;     /* AUTH_PAP */
	/* AUTH_MSCHAPV2, RFC 2759 section 7: nt_response then is made with the new password */
	bool change;
	uint8_t change_block[CHANGE_BLOCK_BYTES]; /* the new password under the old hash */
	uint8_t change_hash[16];                  /* the old hash under the new one */
};

/* What the peer asked of IPCP when an address is wanted. */
struct lease_request {
	struct ip_addr wanted; /* none, or the address the peer asked for */
};

/* "pap", "chap", "mschapv2": as written in rrasd.conf and shown to people. */
const char *auth_method_name(enum auth_method m);
enum auth_method auth_method_by_name(struct view name); /* AUTH_NONE when unknown */

/* "mschapv2 chap pap" from a mask, strongest first, "none" for an empty one. Returns out. */
char *auth_mask_text(unsigned int mask, char *out, size_t cap);

const char *tunnel_name(enum tunnel_kind t);
enum tunnel_kind tunnel_by_name(struct view name); /* TUNNEL_NONE when unknown */

#endif
