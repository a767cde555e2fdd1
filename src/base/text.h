/* Text helpers: hexadecimal, escaping of peer strings, UTF-8, spelling distance. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/view.h"

/* Lower-case hex of v into out, which holds cap bytes; cut to whole bytes. Returns out. */
char *text_hex(struct view v, char *out, size_t cap);

/* Decodes hex (blanks allowed) into out; the number of bytes, or -1 on a bad digit or overflow. */
int text_unhex(struct view hex, void *out, size_t cap);

/*
 * The one escaping function for peer strings: printable UTF-8 stays, controls, bidirectional
 * overrides, backslash and invalid bytes become \xNN or \u{NNNN}. Always terminated; cut at cap.
 */
char *text_escape(struct view v, char *out, size_t cap);

/* Whether v is well-formed UTF-8 (RFC 3629). */
bool text_is_utf8(struct view v);

/* Whether v has a byte of 128 or more. */
bool text_has_high(struct view v);

/* ASCII case-insensitive comparison. */
bool text_eq_nocase(struct view a, struct view b);

/* UTF-8 to UTF-16LE; the number of bytes, or -1 when v is not UTF-8 or does not fit. */
int text_utf16le(struct view utf8, uint8_t *out, size_t cap);

/* UTF-16LE to UTF-8; the number of bytes, or -1: an odd byte, half a pair, or it does not fit. */
int text_from_utf16le(struct view utf16, void *out, size_t cap);

/* Edit distance without regard to ASCII case (a swap of neighbours is one step), at most `limit`
 * (then limit + 1): to suggest the nearest right spelling. */
unsigned int text_distance(struct view a, struct view b, unsigned int limit);

#endif
