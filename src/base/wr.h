/*
 * The writer: the only way bytes for a peer are made. Overflow is sticky and checked once at the
 * end with wr_done, so an encoder is straight-line code. Integers are big endian unless named le.
 */
#ifndef BASE_WR_H
#define BASE_WR_H

#include "base/view.h"

struct wr {
	uint8_t *start, *p, *end;
	bool overflow; /* sticky: something did not fit */
};

/* A writer into cap bytes at buf, which the caller keeps. */
struct wr wr_over(void *buf, size_t cap);

void wr_u8(struct wr *w, uint8_t x);
void wr_u16(struct wr *w, uint16_t x);
void wr_u32(struct wr *w, uint32_t x);
void wr_u64(struct wr *w, uint64_t x);
void wr_le16(struct wr *w, uint16_t x);
void wr_le32(struct wr *w, uint32_t x);
void wr_bytes(struct wr *w, const void *p, size_t n);
void wr_view(struct wr *w, struct view v);
void wr_str(struct wr *w, const char *s); /* without the terminator */
void wr_zero(struct wr *w, size_t n);

/* printf into the writer, without the terminator, for which there has to be room all the same. */
void wr_fmt(struct wr *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Back-filled lengths: `begin` reserves a field and returns its mark; `end` writes the number of
 * bytes written since the mark's field began (so including the field) plus `extra`, which covers
 * header bytes before the field that the length counts as well.
 */
size_t wr_len16_begin(struct wr *w);
void wr_len16_end(struct wr *w, size_t mark, size_t extra);
size_t wr_len8_begin(struct wr *w);
void wr_len8_end(struct wr *w, size_t mark, size_t extra);

/* Overwrites one byte at offset `at`, which must be written already. */
void wr_poke8(struct wr *w, size_t at, uint8_t x);

/* Bytes written so far. */
size_t wr_len(const struct wr *w);

/* Bytes that still fit; 0 after an overflow. */
size_t wr_room(const struct wr *w);

/* What was written, as a view. Empty after an overflow. */
struct view wr_view_of(const struct wr *w);

/* True when all fitted. */
MUST_USE bool wr_done(const struct wr *w);

#endif
