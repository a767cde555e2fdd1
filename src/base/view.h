/*
 * A view borrows bytes: it never owns them, is never freed, and dies with its buffer.
 * Storing one in a struct that outlives the call is a bug.
 */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H

#include "base/must.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
	const uint8_t *p; /* borrowed; never freed through a view */
	size_t n;
};

/* A view over n bytes at p. p may be NULL only when n is 0. */
static inline struct view
view_of(const void *p, size_t n)
{
	return (struct view){ .p = p, .n = n };
}

/* A view over the characters of a C string, without its terminator. */
static inline struct view
view_str(const char *s)
{
	return view_of(s, strlen(s));
}

/* Whether two views hold the same bytes. Not for secrets: see secret_equal. */
static inline bool
view_eq(struct view a, struct view b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Copies v into out when it fits in cap bytes; false (and nothing copied) when it does not. */
static inline MUST_USE bool
view_copy(struct view v, void *out, size_t cap)
{
	if (v.n > cap)
		return false;
	if (v.n)
		memcpy(out, v.p, v.n);
	return true;
}

/* v as a C string in out, cut to cap - 1 bytes; a zero inside v ends it there. Returns out. */
static inline char *
view_text(struct view v, char *out, size_t cap)
{
	size_t n = v.n < cap - 1 ? v.n : cap - 1;

	if (n)
		memcpy(out, v.p, n);
	out[n] = 0;
	return out;
}

#endif
