/* Signing with a private key. See sign.h. The only file, with pki, that holds private keys. */
#include "crypto/sign.h"

#include "crypto/evp.h"
#include "crypto/x509_text.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <stdio.h>
#include <stdlib.h>

#define LOCKED_BYTES 131072u /* some dozen RSA keys; RLIMIT_MEMLOCK is often 8 MiB */
#define LOCKED_UNIT 64u

struct sign_key {
	EVP_PKEY *key;
	bool rsa;
	uint8_t id[SIGN_KEY_ID];
};

static const struct scheme_row {
	enum sign_scheme scheme;
	bool rsa, pss;
	const char *digest;
} schemes[] = {
	{ SIGN_ECDSA_SHA256, false, false, "SHA256" },
	{ SIGN_ECDSA_SHA384, false, false, "SHA384" },
	{ SIGN_ECDSA_SHA512, false, false, "SHA512" },
	{ SIGN_RSA_PSS_SHA256, true, true, "SHA256" },
	{ SIGN_RSA_PSS_SHA384, true, true, "SHA384" },
	{ SIGN_RSA_PSS_SHA512, true, true, "SHA512" },
	{ SIGN_RSA_PKCS1_SHA256, true, false, "SHA256" },
	{ SIGN_RSA_PKCS1_SHA384, true, false, "SHA384" },
	{ SIGN_RSA_PKCS1_SHA512, true, false, "SHA512" },
};

void
sign_lock_pages(void)
{
	if (!CRYPTO_secure_malloc_initialized())
		(void)CRYPTO_secure_malloc_init(LOCKED_BYTES, LOCKED_UNIT);
	ERR_clear_error();
}

struct sign_key *
sign_key_read(struct view pem, char *err, size_t cap)
{
	struct sign_key *k = calloc(1, sizeof(*k));

	if (!k) {
		snprintf(err, cap, "out of memory");
		return NULL;
	}
	k->key = x509_read_key(pem, err, cap);
	if (!k->key) {
		free(k);
		return NULL;
	}
	k->rsa = EVP_PKEY_is_a(k->key, "RSA");
	if ((k->rsa || EVP_PKEY_is_a(k->key, "EC")) && evp_key_id(k->key, k->id))
		return k;
	snprintf(err, cap,
	    "this kind of private key is not used here: make one with ECDSA P-256 "
	    "or RSA of at least 2048 bits");
	sign_key_free(k);
	return NULL;
}

void
sign_key_free(struct sign_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->key);
	free(k);
}

const uint8_t *
sign_key_id(const struct sign_key *k)
{
	return k->id;
}

static const struct scheme_row *
row_of(uint16_t scheme)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (schemes[i].scheme == scheme)
			return &schemes[i];
	return NULL;
}

/* RFC 8446 section 4.2.3: the salt of PSS is as long as the digest. */
static bool
choose_padding(EVP_PKEY_CTX *ctx, const struct scheme_row *row)
{
	if (!row->pss)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

bool
sign_make(const struct sign_key *k, uint16_t scheme, struct view tbs, uint8_t out[SIGN_MAX],
    size_t *n_out)
{
	const struct scheme_row *row = row_of(scheme);
	size_t n = SIGN_MAX;
	EVP_PKEY_CTX *ctx = NULL; /* md's */
	EVP_MD_CTX *md;
	bool ok;

	if (!row || row->rsa != k->rsa)
		return false;
	md = EVP_MD_CTX_new();
	ok = md &&
	     EVP_DigestSignInit_ex(md, &ctx, row->digest, crypto_algs()->lib, NULL, k->key, NULL) ==
	         1 &&
	     (!row->rsa || choose_padding(ctx, row)) &&
	     EVP_DigestSign(md, out, &n, tbs.p, tbs.n) == 1;
	EVP_MD_CTX_free(md);
	ERR_clear_error();
	if (ok)
		*n_out = n;
	return ok;
}
