/*
 * Digests and HMACs by EVP. See digest.h. Nothing here can fail but for want of memory for a small
 * context, which is as good as a bug of ours (must).
 */
#include "crypto/digest.h"

#include "crypto/evp.h"

static const EVP_MD *
md_of(enum digest_kind kind)
{
	const struct crypto_algs *a = crypto_algs();

	switch (kind) {
	case DIGEST_MD5:
		return a->md5;
	case DIGEST_SHA1:
		return a->sha1;
	case DIGEST_SHA256:
		return a->sha256;
	}
	must(kind == DIGEST_MD5); /* no such kind */
	return NULL;
}

size_t
digest_size(enum digest_kind kind)
{
	switch (kind) {
	case DIGEST_MD5:
		return 16;
	case DIGEST_SHA1:
		return 20;
	case DIGEST_SHA256:
		return 32;
	}
	must(kind == DIGEST_MD5); /* no such kind */
	return 0;
}

void
evp_digest(const EVP_MD *md, const struct view *parts, size_t n_parts, uint8_t *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(ctx && EVP_DigestInit_ex2(ctx, md, NULL) == 1);
	for (size_t i = 0; i < n_parts; i++)
		must(EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1);
	must(EVP_DigestFinal_ex(ctx, out, NULL) == 1);
	EVP_MD_CTX_free(ctx);
}

void
digest(enum digest_kind kind, const struct view *parts, size_t n_parts, uint8_t *out)
{
	evp_digest(md_of(kind), parts, n_parts, out);
}

void
hmac(enum digest_kind kind, struct view key, const struct view *parts, size_t n_parts, uint8_t *out)
{
	size_t size = digest_size(kind);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(crypto_algs()->hmac_ready[kind]);
	size_t n = 0;

	/* An empty key is a key (PAP and CHAP bind SSTP with zeros, but nothing forbids ""); for
	 * OpenSSL a NULL pointer would mean "keep the old key". */
	must(ctx && EVP_MAC_init(ctx, key.n ? key.p : (const uint8_t *)"", key.n, NULL) == 1);
	for (size_t i = 0; i < n_parts; i++)
		must(EVP_MAC_update(ctx, parts[i].p, parts[i].n) == 1);
	must(EVP_MAC_final(ctx, out, &n, size) == 1 && n == size);
	EVP_MAC_CTX_free(ctx);
}
