/* Start of the cryptographic library. */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/view.h"

/*
 * Loads the providers (legacy as well), fetches every algorithm that will be used and runs the
 * known-answer tests. After it nothing opens a file. False, with what failed and the remedy in
 * err, when an algorithm is missing or answers wrongly.
 */
MUST_USE bool crypto_init(char *err, size_t cap);

/* n random bytes; never fails (must). Fits draw_fn with ctx ignored. */
void crypto_random(void *ctx, uint8_t *out, size_t n);

#endif
