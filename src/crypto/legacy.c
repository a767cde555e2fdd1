/*
 * The only file with MD4, DES and RC4, through OpenSSL's legacy provider. See legacy.h. Whether a
 * method that needs them may be used at all is a setting, decided elsewhere.
 */

/* EVP would cost an allocation and a fetched object per direction of each session and 2 us a key
 * change; MPPE in stateless mode changes the key with every packet. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/legacy.h"

#include "base/secret.h"
#include "crypto/evp.h"

#include <openssl/rc4.h>

#include <limits.h>

_Static_assert(sizeof(RC4_KEY) <= sizeof(struct legacy_rc4), "RC4 state fits");
_Static_assert(_Alignof(RC4_KEY) <= 8, "RC4 state is aligned");

void
legacy_md4(struct view in, uint8_t out[16])
{
	evp_digest(crypto_algs()->md4, &in, 1, out);
}

/* Spreads 56 bits over eight bytes, seven in each, and sets odd parity in the lowest bit. */
static void
des_key_with_parity(const uint8_t key[7], uint8_t out[8])
{
	uint64_t bits = 0;

	for (size_t i = 0; i < 7; i++)
		bits = bits << 8 | key[i];
	for (size_t i = 0; i < 8; i++) {
		unsigned int seven = (unsigned int)(bits >> (49 - 7 * i)) & 0x7f;
		unsigned int even = (unsigned int)__builtin_popcount(seven) % 2 == 0;

		out[i] = (uint8_t)(seven << 1 | even);
	}
	secret_wipe_bytes(&bits, sizeof(bits));
}

/* Runs one cipher over one buffer without padding. */
static void
encrypt_once(const EVP_CIPHER *cipher, struct view key, struct view in, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;

	must(ctx && in.n <= INT_MAX && key.n <= INT_MAX);
	must(EVP_EncryptInit_ex2(ctx, cipher, NULL, NULL, NULL) == 1);
	must(EVP_CIPHER_CTX_set_padding(ctx, 0) == 1);
	must(EVP_CIPHER_CTX_set_key_length(ctx, (int)key.n) == 1);
	must(EVP_EncryptInit_ex2(ctx, NULL, key.p, NULL, NULL) == 1);
	must(EVP_EncryptUpdate(ctx, out, &n, in.p, (int)in.n) == 1 && (size_t)n == in.n);
	EVP_CIPHER_CTX_free(ctx);
}

void
legacy_des_block(const uint8_t key[7], const uint8_t in[8], uint8_t out[8])
{
	uint8_t full[8];

	des_key_with_parity(key, full);
	encrypt_once(crypto_algs()->des_ecb, view_of(full, 8), view_of(in, 8), out);
	secret_wipe_bytes(full, sizeof(full));
}

void
legacy_rc4(struct view key, struct view in, uint8_t *out)
{
	must(key.n >= 1 && key.n <= 256);
	if (in.n)
		encrypt_once(crypto_algs()->rc4, key, in, out);
}

static RC4_KEY *
rc4_of(struct legacy_rc4 *c)
{
	return (RC4_KEY *)(void *)c->state;
}

void
legacy_rc4_init(struct legacy_rc4 *c, struct view key)
{
	must(key.n >= 1 && key.n <= 256);
	RC4_set_key(rc4_of(c), (int)key.n, key.p);
}

void
legacy_rc4_next(struct legacy_rc4 *c, const uint8_t *in, uint8_t *out, size_t n)
{
	RC4(rc4_of(c), n, in, out);
}
