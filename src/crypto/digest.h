/* Digests and HMACs over lists of views, by OpenSSL EVP. must() that the algorithm is there: it is
 * fetched and tested by crypto_init. */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "base/view.h"

enum digest_kind { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256 };
#define DIGEST_MAX 32u

/* Bytes of the digest: 16, 20, 32. */
size_t digest_size(enum digest_kind kind);

/* The digest of the parts, one after the other, into out (digest_size bytes). */
void digest(enum digest_kind kind, const struct view *parts, size_t n_parts, uint8_t *out);
void hmac(
    enum digest_kind kind, struct view key, const struct view *parts, size_t n_parts, uint8_t *out);

#endif
