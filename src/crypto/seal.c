/*
 * Secrets at rest: AES-256-GCM under a random nonce. See seal.h. The layout is version, nonce,
 * ciphertext, tag; the version byte is authenticated with the caller's associated data, so that a
 * later format cannot be taken for this one.
 */
#include "crypto/seal.h"

#include "base/rd.h"
#include "base/wr.h"
#include "crypto/crypto.h"
#include "crypto/evp.h"

#include <limits.h>

#define SEAL_VERSION 1u

_Static_assert(SEAL_OVERHEAD == 1 + AEAD_NONCE_BYTES + AEAD_TAG_BYTES, "layout of seal.h");
_Static_assert(SEAL_KEY_BYTES == AEAD_KEY_BYTES, "key of seal.h");

static void
feed_aad(EVP_CIPHER_CTX *ctx, bool sealing, const struct view *aad, size_t n_aad)
{
	int n = 0;

	for (size_t i = 0; i < n_aad; i++) {
		must(aad[i].n <= INT_MAX);
		if (aad[i].n == 0)
			continue;
		if (sealing)
			must(EVP_EncryptUpdate(ctx, NULL, &n, aad[i].p, (int)aad[i].n) == 1);
		else
			must(EVP_DecryptUpdate(ctx, NULL, &n, aad[i].p, (int)aad[i].n) == 1);
	}
}

void
aead_seal(const uint8_t *key, const uint8_t *nonce, const struct view *aad, size_t n_aad,
    struct view plain, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;

	must(ctx && plain.n <= INT_MAX);
	must(EVP_EncryptInit_ex2(ctx, crypto_algs()->aes256_gcm, key, nonce, NULL) == 1);
	feed_aad(ctx, true, aad, n_aad);
	if (plain.n)
		must(EVP_EncryptUpdate(ctx, out, &n, plain.p, (int)plain.n) == 1);
	must((size_t)n == plain.n);
	must(EVP_EncryptFinal_ex(ctx, out + plain.n, &n) == 1 && n == 0);
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_BYTES, out + plain.n) == 1);
	EVP_CIPHER_CTX_free(ctx);
}

bool
aead_open(const uint8_t *key, const uint8_t *nonce, const struct view *aad, size_t n_aad,
    struct view sealed, uint8_t *out)
{
	struct rd_fault fault;
	struct rd r = rd_over(sealed, &fault);
	struct view cipher = rd_take(&r, rd_minus(&r, sealed.n, AEAD_TAG_BYTES));
	uint8_t tag[AEAD_TAG_BYTES], none[1];
	int n = 0;

	rd_bytes(&r, tag, sizeof(tag));
	if (!rd_done(&r) || cipher.n > INT_MAX)
		return false;

	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	must(ctx && EVP_DecryptInit_ex2(ctx, crypto_algs()->aes256_gcm, key, nonce, NULL) == 1);
	feed_aad(ctx, false, aad, n_aad);
	if (cipher.n)
		must(EVP_DecryptUpdate(ctx, out, &n, cipher.p, (int)cipher.n) == 1);
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_BYTES, tag) == 1);
	bool good = EVP_DecryptFinal_ex(ctx, none, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!good)
		secret_wipe_bytes(out, cipher.n); /* unauthenticated plaintext never leaves */
	return good;
}

void
seal_make(const uint8_t key[SEAL_KEY_BYTES], struct view aad, struct view plain, uint8_t *out)
{
	const uint8_t version = SEAL_VERSION;
	const struct view bound[] = { view_of(&version, 1), aad };
	uint8_t nonce[AEAD_NONCE_BYTES];
	struct wr w = wr_over(out, plain.n + SEAL_OVERHEAD);

	crypto_random(NULL, nonce, sizeof(nonce));
	wr_u8(&w, version);
	wr_bytes(&w, nonce, sizeof(nonce));
	aead_seal(key, nonce, bound, 2, plain, w.p);
}

bool
seal_open(
    const uint8_t key[SEAL_KEY_BYTES], struct view aad, struct view sealed, struct secret *out)
{
	struct rd_fault fault;
	struct rd r = rd_over(sealed, &fault);
	const uint8_t version = rd_u8(&r);
	const struct view bound[] = { view_of(&version, 1), aad };
	uint8_t nonce[AEAD_NONCE_BYTES], plain[SECRET_MAX];

	rd_bytes(&r, nonce, sizeof(nonce));
	struct view rest = rd_rest(&r);
	if (!rd_done(&r) || version != SEAL_VERSION || rest.n > SECRET_MAX + AEAD_TAG_BYTES)
		return false;
	if (!aead_open(key, nonce, bound, 2, rest, plain))
		return false;
	bool good = secret_set(out, view_of(plain, rest.n - AEAD_TAG_BYTES));
	secret_wipe_bytes(plain, sizeof(plain));
	return good;
}
