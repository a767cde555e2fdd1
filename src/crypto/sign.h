/*
 * Signatures with a private key, for the vault: reading the key, and signing whole messages by the
 * schemes of TLS. What may be signed is the caller's to check.
 */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include "base/view.h"

#define SIGN_KEY_ID 32u /* SHA-256 of the key's SubjectPublicKeyInfo */
#define SIGN_MAX 1024u  /* bytes of a signature: RSA of 8192 bits */

/* RFC 8446 section 4.2.3. */
enum sign_scheme {
	SIGN_RSA_PKCS1_SHA256 = 0x0401,
	SIGN_RSA_PKCS1_SHA384 = 0x0501,
	SIGN_RSA_PKCS1_SHA512 = 0x0601,
	SIGN_ECDSA_SHA256 = 0x0403,
	SIGN_ECDSA_SHA384 = 0x0503,
	SIGN_ECDSA_SHA512 = 0x0603,
	SIGN_RSA_PSS_SHA256 = 0x0804,
	SIGN_RSA_PSS_SHA384 = 0x0805,
	SIGN_RSA_PSS_SHA512 = 0x0806,
};

struct sign_key;

/*
 * Asks the library to keep private keys on locked pages from now on, out of swap and core dumps.
 * Once in a process, before the first key is read. Best effort.
 */
void sign_lock_pages(void);

/* A private key of a PEM text. NULL with reason and remedy in err. */
struct sign_key *sign_key_read(struct view pem, char *err, size_t cap);
void sign_key_free(struct sign_key *k); /* wipes; NULL is fine */

/* The id by which a certificate with this key names it. Borrowed. */
const uint8_t *sign_key_id(const struct sign_key *k);

/* Signs tbs. False: the scheme is not of this kind of key, or the library failed. */
MUST_USE bool sign_make(const struct sign_key *k, uint16_t scheme, struct view tbs,
    uint8_t out[SIGN_MAX], size_t *n_out);

#endif
