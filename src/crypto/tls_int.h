/*
 * Inside crypto/ only: what the files of tls share. tls_ctx.c makes contexts, tls.c drives a
 * connection, tls_bio.c is the memory between OpenSSL and the caller, tls_verify.c checks a
 * server's certificate and tls_why.c puts failures into causes and words.
 */
#ifndef CRYPTO_TLS_INT_H
#define CRYPTO_TLS_INT_H

#include "crypto/tls.h"

#include <openssl/ssl.h>

struct tls_ctx {
	SSL_CTX *ssl;
	unsigned int refs; /* of one thread: a role is single-threaded */
	bool server;
	uint8_t sha1[20], sha256[32]; /* of the server's own certificate */
};

/* A queue of bytes: appended at the end, taken from the front. */
struct tls_buf {
	uint8_t *p;
	size_t off, len, cap; /* content: p[off] .. p[off + len) */
};

/* The worst thing that the check of a server's certificate found. */
struct tls_check {
	int error; /* X509_V_ERR_...; 0 = nothing */
	enum cause cause;
	unsigned int depth;
	char subject[256];
	char words[160];
};

struct tls {
	struct tls_ctx *ctx;
	SSL *ssl;
	enum tls_state state;
	struct tls_buf in, out;
	struct view lent;  /* behind `in`: ciphertext that is still the caller's */
	uint8_t first[16]; /* the peer's first bytes: is it TLS at all? */
	uint8_t n_first;
	bool looks_like_tls;
	bool no_memory;         /* a buffer could not grow */
	bool shut;              /* we sent close_notify */
	uint16_t offered;       /* server: the best version of the ClientHello; 0 = none seen */
	uint8_t alert_in_code;  /* of the last fatal alert */
	char host[256];         /* client: what was dialled */
	X509 *peer;             /* client: the server's certificate, good or not */
	struct tls_check check; /* client */
	struct tls_failure failure;
};

/* tls_bio.c */
BIO *tls_bio_new(struct tls *t);
MUST_USE bool tls_buf_append(struct tls_buf *b, struct view v);
void tls_buf_drop(struct tls_buf *b, size_t n);
void tls_buf_fini(struct tls_buf *b);

/* tls_verify.c: for SSL_CTX_set_cert_verify_callback. */
int tls_verify_server(X509_STORE_CTX *xs, void *arg);

/* tls_why.c */
enum first_look { LOOK_MORE, LOOK_TLS, LOOK_OLD, LOOK_OTHER };
enum first_look tls_look(const struct tls *t);     /* at the peer's first bytes */
void tls_why_not_tls(struct tls *t, bool ssl2);    /* fills t->failure */
void tls_why_failed(struct tls *t, int ssl_error); /* the same from OpenSSL's error queue */
const char *tls_alert_name(unsigned int code);     /* RFC 8446 section 6; "unknown" */

#endif
