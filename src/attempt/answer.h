/* What comes back for a question that a core asked: authentication and address. */
#ifndef ATTEMPT_ANSWER_H
#define ATTEMPT_ANSWER_H

#include "attempt/decision.h"
#include "attempt/request.h"

/*
 * Bits of the prefix that a session gets of its own: what hosts on a PPP link make an address of
 * (RFC 4862 section 5.5.3 with the 64-bit interface identifiers of RFC 5072).
 */
#define LEASE_PREFIX6_BITS 64u

#define MSCHAP_SUCCESS_TEXT 43 /* "S=" and 40 hex digits and a zero */

struct auth_answer {
	bool ok;
	enum cause cause;                  /* why not, unless ok */
	bool may_retry;                    /* the account may try again over this link */
	char success[MSCHAP_SUCCESS_TEXT]; /* AUTH_MSCHAPV2, ok: the S= part */
	bool has_keys;                     /* AUTH_MSCHAPV2, ok: the two master keys, RFC 3079 */
	uint8_t server_send_key[16];       /* MasterSendKey as the server has it */
	uint8_t server_recv_key[16];
	struct profile profile; /* ok */
};

struct lease_answer {
	enum cause cause;      /* CAUSE_NONE: leased and plumbed */
	struct ip_addr local;  /* our end of the link */
	struct ip_addr remote; /* the peer's leased address; none: no IPv4 for it */
	struct ip_addr dns[2], nbns[2];
	struct ip_addr prefix6; /* the first address of its /64; none: no IPv6 for it */
	struct ip_addr dns6[2];
};

#endif
