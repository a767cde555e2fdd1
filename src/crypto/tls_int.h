/*
 * Inside crypto/ only: what the files of tls share. tls_ctx.c makes contexts, tls_site.c chooses
 * the certificate for a client, tls_ticket.c resumes sessions, tls.c drives a connection, tls_bio.c
 * is the memory between OpenSSL and the caller, tls_verify.c checks a server's certificate and
 * tls_why.c puts failures into causes and words.
 */
#ifndef CRYPTO_TLS_INT_H
#define CRYPTO_TLS_INT_H

#include "crypto/tls.h"
#include "crypto/vault_key.h"

#include <openssl/ssl.h>

/* One certificate of a server, ready for use. */
struct tls_id {
	X509 *leaf;
	STACK_OF(X509) * chain; /* with the leaf as its first */
	EVP_PKEY *key;
	bool rsa;
	uint8_t sha1[20], sha256[32];
	char subject[256], serial[64];
	char (*names)[TLS_NAME_MAX]; /* in lower case */
	unsigned int n_names;
};

/* What clients are shown who ask for the same name: at most one certificate of each kind of key. */
struct tls_site {
	SSL_CTX *ssl;
	unsigned int n_ids, ids[2];
};

/* A name or wildcard that clients may ask for, and where it leads. */
struct tls_name {
	const char *name; /* of a tls_id */
	unsigned int site;
};

struct tls_ctx {
	SSL_CTX *ssl;      /* the client's; the server's first site's, borrowed */
	unsigned int refs; /* of one thread: a role is single-threaded */
	bool server;
	bool vault; /* a key of it is in the vault */
	struct tls_id *ids;
	unsigned int n_ids;
	struct tls_site *sites; /* the first is for everybody without a name that we have */
	unsigned int n_sites;
	struct tls_name *names;
	unsigned int n_names;
	struct tls_tickets *tickets; /* NULL: no resumption */
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

/* What an open connection of a server does without. */
struct tls_words {
	char host[256];         /* client: what was dialled */
	struct tls_check check; /* client */
	struct tls_failure failure;
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
	bool no_memory;            /* a buffer could not grow */
	bool shut;                 /* we sent close_notify */
	uint16_t offered;          /* server: the best version of the ClientHello; 0 = none seen */
	uint8_t alert_in_code;     /* of the last fatal alert */
	bool wants_turn;           /* no job was free for the handshake */
	enum cause unsigned_for;   /* why the vault did not sign; CAUSE_NONE */
	struct vault_key_ask *ask; /* server, until open: its question to the vault */
	unsigned int site;         /* server: which was chosen */
	const struct tls_id *resumed; /* server: the certificate of the session that was resumed */
	X509 *peer;                   /* client: the server's certificate, good or not */
	struct tls_words *words;      /* owned; a server has none until something fails */
};

/* tls_bio.c */
BIO *tls_bio_new(struct tls *t);
MUST_USE bool tls_buf_append(struct tls_buf *b, struct view v);
void tls_buf_drop(struct tls_buf *b, size_t n);
void tls_buf_fini(struct tls_buf *b);

/* tls_ctx.c: a server's SSL_CTX without certificates; NULL: out of memory. */
SSL_CTX *tls_server_ssl(void);

/* tls_site.c */
MUST_USE bool tls_sites_make(
    struct tls_ctx *c, const struct tls_own *own, unsigned int n_own, char *err, size_t cap);
void tls_sites_free(struct tls_ctx *c);
/* Chooses the site by the name that the ClientHello asks for; inside its callback only. */
MUST_USE bool tls_site_choose(struct tls *t);
const struct tls_id *tls_id_shown(const struct tls *t); /* NULL: none yet */

/* tls_ticket.c */
void tls_tickets_enable(SSL_CTX *ssl);
void tls_tickets_for(struct tls *t); /* offers tickets on this connection if there are keys */

/* tls_verify.c: for SSL_CTX_set_cert_verify_callback. */
int tls_verify_server(X509_STORE_CTX *xs, void *arg);

/* tls_why.c */

/* For what fails to be put into; never NULL: when memory is out nobody reads it. */
struct tls_words *tls_words(struct tls *t);
enum first_look { LOOK_MORE, LOOK_TLS, LOOK_OLD, LOOK_OTHER };
enum first_look tls_look(const struct tls *t);     /* at the peer's first bytes */
void tls_why_not_tls(struct tls *t, bool ssl2);    /* fills t->failure */
void tls_why_failed(struct tls *t, int ssl_error); /* the same from OpenSSL's error queue */
const char *tls_alert_name(unsigned int code);     /* RFC 8446 section 6; "unknown" */

#endif
