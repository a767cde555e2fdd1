/* Text helpers. See text.h. */
#include "base/text.h"

#include <stdio.h>

#define TEXT_DISTANCE_MAX 64u /* longer words are near to nothing */

char *
text_hex(struct view v, char *out, size_t cap)
{
	static const char digit[] = "0123456789abcdef";
	size_t n = 0;

	must(cap > 0);
	for (size_t i = 0; i < v.n && n + 2 < cap; i++) {
		out[n++] = digit[v.p[i] >> 4];
		out[n++] = digit[v.p[i] & 15];
	}
	out[n] = 0;
	return out;
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
text_unhex(struct view hex, void *out, size_t cap)
{
	uint8_t *o = out;
	size_t n = 0;
	int high = -1;

	for (size_t i = 0; i < hex.n; i++) {
		int d = hex_value(hex.p[i]);
		if (hex.p[i] == ' ' || hex.p[i] == '\t')
			continue;
		if (d < 0)
			return -1;
		if (high < 0) {
			high = d;
			continue;
		}
		if (n == cap)
			return -1;
		o[n++] = (uint8_t)(high << 4 | d);
		high = -1;
	}
	return high < 0 ? (int)n : -1;
}

/*
 * Decodes one character at the start of v. Returns its length, or 0 when the bytes are not
 * well-formed UTF-8 (overlong forms, surrogates and values past U+10FFFF included).
 */
static size_t
utf8_next(struct view v, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t c = v.p[0];
	size_t n = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;

	if (n == 0 || n > v.n)
		return 0;
	uint32_t x = n == 1 ? c : c & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (v.p[i] >> 6 != 2)
			return 0;
		x = x << 6 | (v.p[i] & 0x3fu);
	}
	if (x < least[n] || x > 0x10ffff || (x >= 0xd800 && x <= 0xdfff))
		return 0;
	*cp = x;
	return n;
}

bool
text_is_utf8(struct view v)
{
	uint32_t cp;

	while (v.n) {
		size_t n = utf8_next(v, &cp);
		if (n == 0)
			return false;
		v = view_of(v.p + n, v.n - n);
	}
	return true;
}

bool
text_has_high(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] >= 0x80)
			return true;
	return false;
}

/* Characters that could forge a line, move the cursor or turn the direction of the text. */
static bool
is_deceptive(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (cp >= 0x200b && cp <= 0x200f) ||
	       (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff;
}

char *
text_escape(struct view v, char *out, size_t cap)
{
	size_t o = 0;

	must(cap > 0);
	while (v.n) {
		char piece[16];
		uint32_t cp = 0;
		size_t n = utf8_next(v, &cp), m;

		if (n == 0) {
			n = 1;
			m = (size_t)snprintf(piece, sizeof(piece), "\\x%02x", v.p[0]);
		} else if (is_deceptive(cp)) {
			const char *fmt_byte = cp < 0x80 ? "\\x" : "\\u{";
			m = (size_t)snprintf(
			    piece, sizeof(piece), "%s%02x%s", fmt_byte, cp, cp < 0x80 ? "" : "}");
		} else if (cp == '\\') {
			m = (size_t)snprintf(piece, sizeof(piece), "\\\\");
		} else {
			m = n;
			memcpy(piece, v.p, n);
		}
		if (o + m >= cap)
			break;
		memcpy(out + o, piece, m);
		o += m;
		v = view_of(v.p + n, v.n - n);
	}
	out[o] = 0;
	return out;
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool
text_eq_nocase(struct view a, struct view b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

int
text_utf16le(struct view v, uint8_t *out, size_t cap)
{
	size_t o = 0;

	while (v.n) {
		uint32_t cp = 0;
		size_t n = utf8_next(v, &cp);
		size_t units = cp > 0xffff ? 2 : 1;

		if (n == 0 || o + 2 * units > cap)
			return -1;
		uint32_t unit[2] = { cp, 0 };
		if (units == 2) {
			unit[0] = 0xd800 + ((cp - 0x10000) >> 10);
			unit[1] = 0xdc00 + ((cp - 0x10000) & 0x3ff);
		}
		for (size_t i = 0; i < units; i++) {
			out[o++] = (uint8_t)unit[i];
			out[o++] = (uint8_t)(unit[i] >> 8);
		}
		v = view_of(v.p + n, v.n - n);
	}
	return (int)o;
}

/* One code point as UTF-8; the bytes written, 0: no room. */
static size_t
put_utf8(uint32_t cp, uint8_t *out, size_t room)
{
	size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	static const uint8_t first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	if (n > room)
		return 0;
	for (size_t i = n; i-- > 1; cp >>= 6)
		out[i] = (uint8_t)(0x80 | (cp & 0x3f));
	out[0] = (uint8_t)(first[n] | cp);
	return n;
}

int
text_from_utf16le(struct view v, void *out, size_t cap)
{
	uint8_t *to = out;
	size_t o = 0;

	for (size_t i = 0; i + 1 < v.n;) {
		uint32_t cp = v.p[i] | (uint32_t)v.p[i + 1] << 8;
		i += 2;
		if (cp >= 0xdc00 && cp <= 0xdfff)
			return -1; /* the second half of a pair, alone */
		if (cp >= 0xd800 && cp <= 0xdbff) {
			if (i + 1 >= v.n || (v.p[i + 1] & 0xfc) != 0xdc)
				return -1;
			uint32_t low = (v.p[i] | (uint32_t)v.p[i + 1] << 8) & 0x3ff;
			cp = 0x10000 + ((cp & 0x3ff) << 10 | low);
			i += 2;
		}
		size_t n = put_utf8(cp, to + o, cap - o);
		if (n == 0)
			return -1;
		o += n;
	}
	return v.n % 2 ? -1 : (int)o;
}

unsigned int
text_distance(struct view a, struct view b, unsigned int limit)
{
	unsigned int row[3][TEXT_DISTANCE_MAX + 1]; /* this one, the last, the one before */

	if (a.n > TEXT_DISTANCE_MAX || b.n > TEXT_DISTANCE_MAX)
		return limit + 1;
	for (unsigned int j = 0; j <= b.n; j++)
		row[0][j] = j;
	for (unsigned int i = 1; i <= a.n; i++) {
		unsigned int *now = row[i % 3];
		const unsigned int *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
		now[0] = i;
		for (unsigned int j = 1; j <= b.n; j++) {
			uint8_t x = lower(a.p[i - 1]), y = lower(b.p[j - 1]);
			unsigned int best = last[j - 1] + (x != y);
			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && x == lower(b.p[j - 2]) && y == lower(a.p[i - 2]) &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
	}
	unsigned int d = row[a.n % 3][b.n];
	return d > limit ? limit + 1 : d;
}
