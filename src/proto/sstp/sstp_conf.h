/* Settings of an SSTP call. The certificate hashes are of the certificate that TLS showed. */
#ifndef PROTO_SSTP_SSTP_CONF_H
#define PROTO_SSTP_SSTP_CONF_H

#include "proto/fx.h"

#define SSTP_HASH_SHA1 1u
#define SSTP_HASH_SHA256 2u

struct sstp_conf {
	enum side side;
	char host[256];        /* client: Host header and the name in the URI's authority */
	uint8_t hash_mask;     /* server: SSTP_HASH_ bits it offers; default both */
	uint8_t cert_sha1[20]; /* of the server's certificate in DER */
	uint8_t cert_sha256[32];
	uint32_t negotiation_ms; /* 60000: each wait before Connected */
	uint32_t hello_ms; /* 60000: silence before an Echo Request, and again before the end */
	uint32_t disconnect_ms;   /* 5000: wait for Call Disconnect Ack */
	uint32_t abort_ms;        /* 3000: time for the abort to leave */
	char web_server[64];      /* Server header of answers; "Microsoft-HTTPAPI/2.0" */
	const char *web_redirect; /* where browsers are sent; NULL: nowhere. Outlives the call */
};

void sstp_conf_defaults(struct sstp_conf *c, enum side side);

#endif
