/*
 * A secret of at most SECRET_MAX bytes in a type of its own, so that it cannot reach a log or an
 * ordinary message by accident. Only these functions touch it. Wipe it on every exit.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/view.h"

#define SECRET_MAX 512 /* a 256-character password in UTF-16 */

struct secret {
	size_t n;
	uint8_t b[SECRET_MAX];
};

/* Takes a copy of v; false (and an empty secret) when it is longer than SECRET_MAX. */
MUST_USE bool secret_set(struct secret *s, struct view v);

/* The bytes, borrowed, for a cryptographic function or a message field marked secret. */
struct view secret_view(const struct secret *s);

/* Constant time for equal lengths. */
bool secret_equal(const struct secret *s, struct view v);

/* Constant-time comparison of two byte ranges of our length n. */
bool secret_bytes_equal(const void *a, const void *b, size_t n);

/* Overwrites and empties. Survives the optimiser. */
void secret_wipe(struct secret *s);

/* Overwrites any memory that held a secret. */
void secret_wipe_bytes(void *p, size_t n);

#endif
