/*
 * must(): the assertion for our own bugs (guide section 6, "our bug"). It stays on in release
 * builds: a broken invariant aborts with its place rather than run on with a peer's bytes.
 */
#ifndef BASE_MUST_H
#define BASE_MUST_H

/* Writes file, line and condition to standard error and aborts. */
_Noreturn void must_fail(const char *file, int line, const char *cond);

#define must(cond) ((cond) ? (void)0 : must_fail(__FILE__, __LINE__, #cond))

#define MUST_USE __attribute__((warn_unused_result))

#endif
