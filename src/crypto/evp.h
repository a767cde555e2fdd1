/*
 * Inside crypto/ only: the algorithms that crypto.c fetched, and the functions below the public
 * headers. The handles are set once, before the first use, and never change afterwards: they are
 * the only process-wide state of the folder.
 */
#ifndef CRYPTO_EVP_H
#define CRYPTO_EVP_H

#include "base/view.h"
#include "crypto/digest.h"

#include <openssl/evp.h>
#include <openssl/types.h>

struct crypto_algs {
	OSSL_LIB_CTX *lib;                /* our own: the system's openssl.cnf has no say in it */
	OSSL_PROVIDER *provider, *legacy; /* and vault_key's */
	EVP_MD *md4, *md5, *sha1, *sha256;
	EVP_CIPHER *des_ecb, *rc4, *aes256_gcm, *aes256_cbc;
	EVP_MAC *hmac;
	EVP_MAC_CTX *hmac_ready[DIGEST_SHA256 + 1]; /* digest chosen, no key yet: to be copied */
};

/* The algorithms; loads them at the first call. must() that they are there: crypto_init, which
 * every program calls at its start, has told the user when they are not. */
const struct crypto_algs *crypto_algs(void);

/* One digest over parts, by a fetched handle. */
void evp_digest(const EVP_MD *md, const struct view *parts, size_t n_parts, uint8_t *out);

#define AEAD_KEY_BYTES 32u
#define AEAD_NONCE_BYTES 12u
#define AEAD_TAG_BYTES 16u

/* AES-256-GCM. out: ciphertext and tag, plain.n + 16 bytes. */
void aead_seal(const uint8_t *key, const uint8_t *nonce, const struct view *aad, size_t n_aad,
    struct view plain, uint8_t *out);

/* sealed: ciphertext and tag. out: sealed.n - 16 bytes, zeroed on failure. */
MUST_USE bool aead_open(const uint8_t *key, const uint8_t *nonce, const struct view *aad,
    size_t n_aad, struct view sealed, uint8_t *out);

/* SHA-256 of a key's SubjectPublicKeyInfo: what the vault knows it by. False: out of memory. */
MUST_USE bool evp_key_id(EVP_PKEY *key, uint8_t out[32]);

/* The known-answer tests. NULL, or the name of the algorithm that answered wrongly. */
const char *selftest_run(void);

#endif
