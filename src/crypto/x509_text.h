/*
 * Inside crypto/ only: reading PEM and putting the parts of a certificate into words, for tls and
 * pki. What comes of a certificate is shaped by a stranger, so every text is escaped and bounded.
 */
#ifndef CRYPTO_X509_TEXT_H
#define CRYPTO_X509_TEXT_H

#include "base/view.h"

#include <openssl/x509.h>

#define X509_CHAIN_MAX 16
#define X509_ROOTS_MAX 1024

/*
 * All certificates of a PEM text, in its order, at most `max`; other blocks are passed over. NULL
 * with the reason and the remedy in err when there is none or one cannot be read.
 */
STACK_OF(X509) * x509_read_pem(struct view pem, int max, char *err, size_t cap);
void x509_chain_free(STACK_OF(X509) * chain);

/* The private key of a PEM text; NULL with reason and remedy. Never asks for a passphrase. */
EVP_PKEY *x509_read_key(struct view pem, char *err, size_t cap);

/* "CN=..., O=..." of a name. Returns out. */
char *x509_name_text(const X509_NAME *name, char *out, size_t cap);

/* The DNS names and addresses of subjectAltName, or else the CN; "a, b, c". Returns out. */
char *x509_names_text(X509 *cert, char *out, size_t cap);

/* "2026-01-31T00:00:00Z"; "?" when the time cannot be read. Returns out. */
char *x509_time_text(const ASN1_TIME *when, char out[32]);

/* The extended key usages as words: "serverAuth, clientAuth"; "none". Returns out. */
char *x509_usage_text(X509 *cert, char *out, size_t cap);

/* SHA-1 and SHA-256 of the DER form. */
void x509_hashes(X509 *cert, uint8_t sha1[20], uint8_t sha256[32]);

/* The first error of OpenSSL's queue in its words, or "no reason given"; empties the queue. */
char *x509_library_words(char *out, size_t cap);

#endif
