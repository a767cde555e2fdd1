/*
 * The bounds-checked reader: the only way peer bytes are read (guide, rule 2).
 *
 * After the first fault every read returns zero or an empty view and moves nothing, so a parser is
 * straight-line code that is checked once at its end with rd_done. Integers are big endian unless
 * the name says le. Sub-readers share the fault of their parent.
 */
#ifndef BASE_RD_H
#define BASE_RD_H

#include "base/view.h"

enum rd_error {
	RD_OK,
	RD_SHORT,      /* fewer bytes than the format needs */
	RD_TRAILING,   /* bytes left over after the last field */
	RD_BAD_LENGTH, /* a length field that contradicts its surroundings */
	RD_BAD_VALUE,  /* a value that the format does not allow */
	RD_TOO_MANY,   /* a list longer than our maximum */
};

/* The first error of a parse and its place, as an offset from the start of the outermost reader. */
struct rd_fault {
	enum rd_error error;
	size_t at;
	const uint8_t *base; /* start of the outermost reader, to compute `at` */
};

struct rd {
	const uint8_t *p, *end; /* unread bytes */
	struct rd_fault *fault; /* first error and its place; shared with all sub-readers */
};

/* A reader over v. Resets *fault, which must outlive the reader. */
struct rd rd_over(struct view v, struct rd_fault *fault);

/* Records an error at the current place unless one is recorded already; all later reads are empty.
 */
void rd_fail(struct rd *r, enum rd_error error);

uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
uint16_t rd_le16(struct rd *r);
uint32_t rd_le32(struct rd *r);

/* The next n bytes as a view (empty after a fault). */
struct view rd_take(struct rd *r, size_t n);

/* The next n bytes, copied to out, which is zeroed when the reader is or becomes faulty. */
void rd_bytes(struct rd *r, void *out, size_t n);

/* All bytes that are left, as a view. */
struct view rd_rest(struct rd *r);

/* A child reader over exactly the next n bytes; the parent moves past them. */
struct rd rd_sub(struct rd *r, size_t n);

/* length - header; RD_BAD_LENGTH and 0 when length < header. Never write `len - 4` yourself. */
size_t rd_minus(struct rd *r, size_t length, size_t header);

/* Bytes left; 0 after a fault. */
size_t rd_left(const struct rd *r);

/* Whether there is no fault and something is left: the condition of a list's loop. */
bool rd_more(const struct rd *r);

/* Whether no fault has happened so far. */
bool rd_ok(const struct rd *r);

/* True when there is no fault and nothing is left; leftover bytes are recorded as RD_TRAILING. */
MUST_USE bool rd_done(struct rd *r);

/* "short", "bad-length", ...: for facts and vectors. */
const char *rd_error_name(enum rd_error error);

#endif
