/*
 * Inside crypto/ only: a private key that is not here. It is a handle over a public key, made by a
 * provider of ours in crypto_algs()->lib; its signature function leaves a question, pauses the
 * OpenSSL job that it runs in, and gives what was answered when the job goes on.
 */
#ifndef CRYPTO_VAULT_KEY_H
#define CRYPTO_VAULT_KEY_H

#include "crypto/sign.h"

#include <openssl/evp.h>

/* One question at a time; a member of the connection whose handshake runs. */
struct vault_key_ask {
	bool open;                /* the job is paused: tbs and key are valid */
	bool good;                /* the answer: whether there is a signature */
	uint8_t key[SIGN_KEY_ID]; /* which key */
	uint16_t scheme;          /* RFC 8446 section 4.2.3 */
	struct view tbs;          /* what is to be signed, whole; borrowed while open */
	uint8_t sig[SIGN_MAX];    /* of the answer */
	size_t n_sig;
};

/*
 * The handle for the private half of `pub`. NULL: out of memory, or a kind of key that the vault
 * does not sign with.
 */
EVP_PKEY *vault_key_new(EVP_PKEY *pub);

/* Where signatures that this thread asks for from now on leave their questions; NULL: nowhere. */
void vault_key_ask_at(struct vault_key_ask *at);

/* Gives the provider to a library context (crypto.c). */
MUST_USE bool vault_key_load(OSSL_LIB_CTX *lib);

#endif
