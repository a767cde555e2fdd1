/*
 * TLS 1.2 and 1.3 over memory buffers (OpenSSL), both ends: ciphertext in, plaintext out, and the
 * other way round. No sockets, no files.
 */
#ifndef CRYPTO_TLS_H
#define CRYPTO_TLS_H

#include "attempt/cause.h"
#include "base/view.h"

struct tls_ctx; /* certificate, key, trust; shared by connections, reference-counted */
struct tls;     /* one connection */

enum tls_state {
	TLS_HANDSHAKE, /* tls_step needs more input */
	TLS_OPEN,
	TLS_CLOSED, /* close_notify came */
	TLS_FAILED, /* tls_failure tells why */
};

/*
 * A server's context from PEM texts (certificate with its chain; private key). NULL with a text
 * that names the defect and the remedy in err. This is the seam that the vault takes over: only
 * the key argument changes.
 */
struct tls_ctx *tls_server_ctx(struct view chain_pem, struct view key_pem, char *err, size_t cap);

/* A client's: roots in PEM, or an empty view for the system's store (loaded now). */
struct tls_ctx *tls_client_ctx(struct view roots_pem, char *err, size_t cap);
struct tls_ctx *tls_ctx_ref(struct tls_ctx *c);
void tls_ctx_unref(struct tls_ctx *c);

/* SHA-1 and SHA-256 of the server's own certificate (server context). */
void tls_ctx_cert_hashes(const struct tls_ctx *c, uint8_t sha1[20], uint8_t sha256[32]);

/* host: client: SNI and the name or address the certificate must carry; server: NULL. NULL when out
 * of memory or when host is no name that can be dialled. */
struct tls *tls_new(struct tls_ctx *c, const char *host);
void tls_free(struct tls *t);

/* Gives ciphertext to the connection; keeps it until tls_step or tls_read used it, and forgets it
 * at once when the connection is closed or failed. False: no memory. */
MUST_USE bool tls_feed(struct tls *t, struct view cipher);

/* The same without a copy: cipher stays the caller's and lives until tls_keep, which copies what
 * was not used. Between the two nothing else is fed. */
void tls_lend(struct tls *t, struct view cipher);
MUST_USE bool tls_keep(struct tls *t);

/* Drives the handshake. After TLS_FAILED tls_out may hold the alert that tells the peer why: send
 * it before closing. */
enum tls_state tls_step(struct tls *t);

/*
 * Plaintext into buf: > 0 bytes; 0 when more ciphertext is needed or the handshake is not done; -1
 * when closed or failed. In TLS 1.3 a client's refusal of our certificate arrives here, after the
 * server's handshake is done: tls_failure tells it all the same.
 */
int tls_read(struct tls *t, void *buf, size_t cap);

/* Encrypts all of plain (at most 16 KiB makes one record). False when failed. */
MUST_USE bool tls_write(struct tls *t, struct view plain);

/* Sends close_notify. */
void tls_shutdown(struct tls *t);

/* Ciphertext waiting to go out, borrowed until the next call; drop what was sent. */
struct view tls_out(struct tls *t);
void tls_out_drop(struct tls *t, size_t n);

/* What went wrong, in the words of the catalogue, with a line of detail. */
struct tls_failure {
	enum cause cause;
	char detail[160];   /* the library's words, or the failed certificate check */
	bool alert_in;      /* the peer sent an alert */
	char alert[48];     /* its name, as in RFC 8446 section 6: "unknown_ca" */
	char alert_out[48]; /* the alert that we sent; "" = none */
	char subject[256];  /* client: the certificate that failed */
	unsigned int depth;
};
const struct tls_failure *tls_failure(const struct tls *t);

/* What was agreed: for the trail. Strings live with t. */
enum tls_state tls_state_of(const struct tls *t);
const char *tls_version(const struct tls *t);
const char *tls_cipher(const struct tls *t);
const char *tls_sni(const struct tls *t); /* "" when none */

/* Client: the server's certificate, once seen, also when it was refused. Texts are escaped. */
struct tls_cert {
	char subject[256], issuer[256], names[256];
	char not_before[32], not_after[32]; /* ISO 8601, UTC */
	uint8_t sha1[20], sha256[32];
};
bool tls_peer_cert(const struct tls *t, struct tls_cert *out);

#endif
