/*
 * TLS 1.2 and 1.3 over memory buffers (OpenSSL), both ends: ciphertext in, plaintext out, and the
 * other way round. No sockets, no files.
 */
#ifndef CRYPTO_TLS_H
#define CRYPTO_TLS_H

#include "attempt/cause.h"
#include "base/view.h"

struct tls_ctx;     /* certificates, trust; shared by connections, reference-counted */
struct tls_tickets; /* keys of session tickets; shared by contexts, reference-counted */
struct tls;         /* one connection */

#define TLS_CERTS_MAX 16u       /* certificates of a server */
#define TLS_CERT_NAMES_MAX 128u /* names of one of them */
#define TLS_NAME_MAX 256u

enum tls_state {
	TLS_HANDSHAKE,       /* tls_step needs more input */
	TLS_WANTS_SIGNATURE, /* the vault is to be asked: tls_question, then tls_answer */
	TLS_OPEN,
	TLS_CLOSED, /* close_notify came */
	TLS_FAILED, /* tls_failure tells why */
};

/* One certificate of a server. */
struct tls_own {
	const char *label;                 /* what it is called in errors: its file */
	struct view chain_pem;             /* the certificate, then its chain */
	struct view key_pem;               /* empty: the vault has the key and signs */
	const char (*names)[TLS_NAME_MAX]; /* whom it is shown to; "*.NAME" is one label more */
	unsigned int n_names;              /* 0: the names that it carries */
};

/*
 * A server's context. A client that asks for a name (SNI) is shown a certificate for it, an exact
 * name before a wildcard; of an ECDSA and an RSA one for the same name the one that it can check.
 * Who asks for none or for a name that nobody has is shown the first. NULL with a text that names
 * the certificate, the defect and the remedy in err.
 */
struct tls_ctx *tls_server_ctx_of(
    const struct tls_own *own, unsigned int n_own, char *err, size_t cap);

/* The same of one certificate with its key at hand. */
struct tls_ctx *tls_server_ctx(struct view chain_pem, struct view key_pem, char *err, size_t cap);

/* A client's: roots in PEM, or an empty view for the system's store (loaded now). */
struct tls_ctx *tls_client_ctx(struct view roots_pem, char *err, size_t cap);
struct tls_ctx *tls_ctx_ref(struct tls_ctx *c);
void tls_ctx_unref(struct tls_ctx *c);

/* SHA-1 and SHA-256 of the server's first certificate (server context). */
void tls_ctx_cert_hashes(const struct tls_ctx *c, uint8_t sha1[20], uint8_t sha256[32]);

/*
 * Keys of session tickets (RFC 5077, RFC 8446 section 4.6.1). The first seals, all open; a ticket
 * is of use for the name that it was given under and with the same certificates only. Without keys
 * nothing is resumed. Replaced in place, for all contexts that use them.
 */
#define TLS_TICKET_KEY_BYTES 80u
#define TLS_TICKET_KEYS_MAX 3u
#define TLS_TICKET_LIFE_S 7200u
struct tls_tickets *tls_tickets_new(void);
/* keys: up to TLS_TICKET_KEYS_MAX of TLS_TICKET_KEY_BYTES each, copied. False: another length. */
MUST_USE bool tls_tickets_set(struct tls_tickets *k, struct view keys);
void tls_tickets_unref(struct tls_tickets *k);                      /* NULL is fine */
void tls_ctx_use_tickets(struct tls_ctx *c, struct tls_tickets *k); /* takes a reference */

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
 * TLS_WANTS_SIGNATURE: what the vault is asked; views are borrowed until tls_answer. The connection
 * takes input meanwhile and does nothing with it.
 */
struct tls_question {
	struct view key;  /* which: SHA-256 of its SubjectPublicKeyInfo */
	uint16_t scheme;  /* RFC 8446 section 4.2.3 */
	struct view what; /* RFC 8446 section 4.4.3, or RFC 5246 section 7.4.3 */
};
struct tls_question tls_question(const struct tls *t);

/* The answer; call tls_step then. Without a signature the handshake fails for `why_not`. */
void tls_answer(struct tls *t, struct view signature, enum cause why_not);

/*
 * Every one of this thread's waiting handshakes (TLS_JOBS_MAX) is taken: call tls_step again a
 * little later, without new input.
 */
#define TLS_JOBS_MAX 32u
bool tls_wants_turn(const struct tls *t);

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

bool tls_resumed(const struct tls *t); /* by a ticket: no certificate was sent */

/* Server: the certificate that was shown, in this handshake or in the one that it resumes. */
struct tls_shown {
	const char *subject, *serial; /* escaped; serial in hexadecimal; live with the context */
	uint8_t sha1[20], sha256[32];
};
bool tls_shown(const struct tls *t, struct tls_shown *out);

/* Client: the server's certificate, once seen, also when it was refused. Texts are escaped. */
struct tls_cert {
	char subject[256], issuer[256], names[256];
	char not_before[32], not_after[32]; /* ISO 8601, UTC */
	uint8_t sha1[20], sha256[32];
};
bool tls_peer_cert(const struct tls *t, struct tls_cert *out);

#endif
