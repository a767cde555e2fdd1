/* Secrets at rest: AES-256-GCM with associated data (guide section 3, "Who stores what"). */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include "base/secret.h"

#define SEAL_KEY_BYTES 32u
#define SEAL_OVERHEAD 29u /* version, 12-byte nonce, 16-byte tag */

/* Seals plain under key, bound to aad. out holds plain.n + SEAL_OVERHEAD bytes. */
void seal_make(const uint8_t key[SEAL_KEY_BYTES], struct view aad, struct view plain, uint8_t *out);

/* Opens; false when key, aad or bytes are not those that were sealed. */
MUST_USE bool seal_open(
    const uint8_t key[SEAL_KEY_BYTES], struct view aad, struct view sealed, struct secret *out);

#endif
