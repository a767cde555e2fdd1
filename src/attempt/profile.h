/* The terms of a session, complete and resolved: what policy and account grant together. */
#ifndef ATTEMPT_PROFILE_H
#define ATTEMPT_PROFILE_H

#include "base/addr.h"

#define POOL_NAME_MAX 64u
#define PROFILE_POOLS_MAX 4u
#define PROFILE_ROUTES_MAX 16u
#define DNS_SUFFIX_MAX 254u /* RFC 1035 section 2.3.4, with a zero behind it */

/*
 * Encryption strengths of NPS, as bits of a mask: what a session may use. TLS of SSTP counts as the
 * strongest; for MPPE each is a key length (RFC 3078), for IPsec a set of ciphers.
 */
enum encryption {
	ENCRYPT_NONE = 1,      /* "No encryption": a session without it is allowed */
	ENCRYPT_BASIC = 2,     /* MPPE 40 bit */
	ENCRYPT_STRONG = 4,    /* MPPE 56 bit */
	ENCRYPT_STRONGEST = 8, /* MPPE 128 bit, 3DES and AES */
	ENCRYPT_ALL = 15,      /* the default of NPS */
};

struct profile {
	uint8_t encryption;                           /* enum encryption; 0 = as ENCRYPT_ALL */
	unsigned int n_pools;                         /* 0 = the first pool of the configuration */
	char pools[PROFILE_POOLS_MAX][POOL_NAME_MAX]; /* tried in this order */
	char ipv6_pool[POOL_NAME_MAX]; /* IPv6 prefixes; empty = the first such pool */
	struct ip_addr dns[2];         /* none = not offered */
	struct ip_addr nbns[2];
	struct ip_addr dns6[2];          /* name servers with IPv6 addresses */
	char dns_suffix[DNS_SUFFIX_MAX]; /* empty = not offered */
	unsigned int n_routes;           /* pushed to the client (options 121, 249) */
	struct ip_prefix routes[PROFILE_ROUTES_MAX];
	unsigned int n_framed; /* behind the client: routed to it (RADIUS 22) */
	struct ip_prefix framed[PROFILE_ROUTES_MAX];
	uint32_t idle_timeout_s;    /* 0 = none */
	uint32_t session_timeout_s; /* 0 = none */
	uint32_t hours_left_s;      /* until the allowed hours end, from the decision; 0 = no end */
	uint16_t mru;               /* of the inner link; 0 = the tunnel's default */
	bool isolated;              /* clients may not reach each other */
};

/*
 * The terms of a session for as long as it lasts. Most sessions have the terms of many others: who
 * keeps equal ones keeps the same, of one thread. NULL: memory is out. Each is given back once.
 */
const struct profile *profile_keep(const struct profile *p);
void profile_drop(const struct profile *p); /* NULL: nothing */

#endif
