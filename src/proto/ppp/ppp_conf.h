/* Settings of a PPP link. Filled by conf/ (server) or rasdial (client). */
#ifndef PROTO_PPP_PPP_CONF_H
#define PROTO_PPP_PPP_CONF_H

#include "base/secret.h"
#include "proto/fx.h"

struct ppp_conf {
	enum side side;
	enum tunnel_kind tunnel;
	unsigned int auth_mask;    /* AUTH_BIT()s: server: may demand; client: will do */
	uint16_t mru_bytes;        /* what we ask for; 1400 on SSTP */
	uint8_t auth_retries;      /* server: further MS-CHAPv2 tries on the same link */
	bool hold_network;         /* wait for ppp_start_network before the NCPs */
	bool ip_enabled;           /* false: IPCP is rejected */
	bool mppe;                 /* nothing below encrypts: CCP agrees on MPPE (PPTP) */
	bool mppe_stateful;        /* stateful mode is taken when the peer wants it */
	uint8_t encryption;        /* enum encryption; server: unless the profile has its own */
	bool ipv6_enabled;         /* false: IPV6CP is rejected */
	uint32_t settle_ms;        /* one of both is open: how long the other may keep the link */
	uint32_t restart_ms;       /* RFC 1661 Restart timer, 3000 */
	uint8_t max_terminate;     /* 2 */
	uint8_t max_configure;     /* 10 */
	uint8_t max_failure;       /* 5 */
	uint32_t negotiate_ms;     /* from lower-up to PPP_UP_IP, 150000; 0 = no limit */
	uint32_t answer_ms;        /* how long a question of ours may stay open, 30000 */
	uint32_t echo_interval_ms; /* 0 = no echo */
	uint8_t echo_failures;     /* missed echoes that end the link */
	char local_name[64];       /* name in our CHAP challenge */
	uint16_t n_user;
	uint8_t user[NAME_MAX_BYTES]; /* client: as typed, DOMAIN\ included */
	struct secret password;       /* client */
	/* client: takes the place of an expired password (E=648); borrowed, NULL = none */
	const struct secret *new_password;
	bool want_dns;           /* client: ask for DNS and NBNS */
	char identification[64]; /* client: LCP Identification to send; empty = none */
};

/* The defaults above for one side. */
void ppp_conf_defaults(struct ppp_conf *c, enum side side, enum tunnel_kind tunnel);

#endif
