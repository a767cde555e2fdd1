/*
 * Splitting and normalising names. See names.h. Folding is libunistring's canonical caseless form
 * (Unicode, section 3.13, D145 with NFC at the end), which is free of the locale; Windows-1252 is a
 * table of ours because iconv would load a module after the sandbox has closed.
 */
#include "aaa/names.h"

#include "base/text.h"
#include "base/wr.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

/* 0x80 to 0x9f of Windows-1252; 0 where it has no character. From 0xa0 on it is Latin-1. */
static const uint16_t cp1252[32] = { 0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d,
	0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178 };

#define TEXT_CAP (3u * NAME_MAX_BYTES) /* a byte of Windows-1252 is at most three of UTF-8 */

/* Windows-1252 as UTF-8; false for a byte that has no character. */
static bool
from_ansi(struct view v, struct wr *w)
{
	for (size_t i = 0; i < v.n; i++) {
		unsigned int c = v.p[i];
		if (c >= 0x80 && c < 0xa0)
			c = cp1252[c - 0x80];
		if (c == 0 && v.p[i] != 0)
			return false;
		if (c < 0x80) {
			wr_u8(w, (uint8_t)c);
		} else if (c < 0x800) {
			wr_u8(w, (uint8_t)(0xc0 | c >> 6));
			wr_u8(w, (uint8_t)(0x80 | (c & 0x3f)));
		} else {
			wr_u8(w, (uint8_t)(0xe0 | c >> 12));
			wr_u8(w, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
			wr_u8(w, (uint8_t)(0x80 | (c & 0x3f)));
		}
	}
	return wr_done(w);
}

/* The byte of Windows-1252 for a character; 0 when it has none. */
static uint8_t
to_ansi(ucs4_t c)
{
	if (c < 0x80 || (c >= 0xa0 && c <= 0xff))
		return (uint8_t)c;
	for (unsigned int i = 0; i < sizeof(cp1252) / sizeof(cp1252[0]); i++)
		if (cp1252[i] && cp1252[i] == c)
			return (uint8_t)(0x80 + i);
	return 0;
}

bool
name_encoding_parse(const char *s, enum name_encoding *out)
{
	static const char *const names[] = { "unicode", "ansi", "windows" };

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(s, names[i]) == 0) {
			*out = (enum name_encoding)i;
			return true;
		}
	return false;
}

bool
name_write(enum name_encoding e, struct view utf8, struct wr *w)
{
	if (e == NAMES_UNICODE)
		wr_bytes(w, utf8.p, utf8.n); /* as typed */
	else if (!text_is_utf8(utf8))
		return false;
	for (size_t at = 0; e != NAMES_UNICODE && at < utf8.n;) {
		ucs4_t c;
		int used = u8_mbtouc(&c, utf8.p + at, utf8.n - at);
		uint8_t byte = used > 0 ? to_ansi(c) : 0;
		if (byte == 0)
			return false;
		wr_u8(w, byte);
		at += (size_t)used;
	}
	return wr_done(w);
}

static void
fold_ascii(struct view v, struct lookup_name *out)
{
	for (size_t i = 0; i < v.n; i++)
		out->s[i] = (char)(v.p[i] >= 'A' && v.p[i] <= 'Z' ? v.p[i] + 32 : v.p[i]);
	out->s[v.n] = 0;
	out->n = (uint16_t)v.n;
}

bool
name_fold(struct view utf8, struct lookup_name *out)
{
	size_t n = LOOKUP_MAX;
	uint8_t *folded;

	out->n = 0;
	out->s[0] = 0;
	if (utf8.n > LOOKUP_MAX || !text_is_utf8(utf8))
		return false;
	if (!text_has_high(utf8)) {
		fold_ascii(utf8, out);
		return true;
	}
	folded = u8_casefold(utf8.p, utf8.n, NULL, UNINORM_NFC, (uint8_t *)out->s, &n);
	if (folded && folded != (uint8_t *)out->s) { /* it did not fit: libunistring allocated */
		free(folded);
		folded = NULL;
	}
	if (!folded) {
		out->s[0] = 0;
		return false;
	}
	out->n = (uint16_t)n;
	out->s[n] = 0;
	return true;
}

/* B02: whether a character can be seen, and can be told from a blank. */
static bool
is_visible(ucs4_t c)
{
	const uint32_t hidden = UC_CATEGORY_MASK_C | UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp;

	if (c == ' ')
		return true;
	return !uc_is_general_category_withtable(c, hidden | UC_CATEGORY_MASK_Zs) &&
	       !uc_is_property_default_ignorable_code_point(c);
}

bool
name_normalise(struct view utf8, struct lookup_name *out)
{
	if (utf8.n == 0 || !name_fold(utf8, out) || out->n == 0)
		goto refuse;

	const uint8_t *p = (const uint8_t *)out->s;
	for (size_t left = out->n; left > 0;) {
		ucs4_t c;
		int used = u8_mbtouc(&c, p, left);
		if (used <= 0 || !is_visible(c))
			goto refuse;
		p += used;
		left -= (size_t)used;
	}
	if (out->s[0] != ' ' && out->s[out->n - 1] != ' ' && out->s[out->n - 1] != '.')
		return true;
refuse:
	out->n = 0;
	out->s[0] = 0;
	return false;
}

/* A domain's normal form: one trailing dot is the DNS root and means nothing. */
static bool
normalise_domain(struct view v, struct lookup_name *out)
{
	if (v.n > 1 && v.p[v.n - 1] == '.')
		v.n--;
	return name_normalise(v, out);
}

static void
add_domain(struct name_rules *r, const char *s)
{
	if (s[0] && r->n_domains < NAME_DOMAINS_MAX &&
	    normalise_domain(view_str(s), &r->domains[r->n_domains]))
		r->n_domains++;
}

void
name_rules_init(struct name_rules *r, const struct conf *c)
{
	*r = (struct name_rules){ .ansi = c->identity_ansi };
	add_domain(r, c->domain);
	for (unsigned int i = 0; i < c->n_realms; i++)
		add_domain(r, c->realms[i]);
}

/* Ours, or no domain at all: "\user" and ".\user" mean this server. */
static bool
is_our_domain(const struct name_rules *r, struct view v)
{
	struct lookup_name d;

	if (v.n == 0 || (v.n == 1 && v.p[0] == '.'))
		return true;
	if (!normalise_domain(v, &d))
		return false;
	for (unsigned int i = 0; i < r->n_domains; i++)
		if (strcmp(r->domains[i].s, d.s) == 0)
			return true;
	return false;
}

/* The place of the last c in v, or -1. */
static ptrdiff_t
last_of(struct view v, uint8_t c)
{
	const uint8_t *at = v.n ? memrchr(v.p, c, v.n) : NULL;

	return at ? at - v.p : -1;
}

/* Cuts our domain and realm off; false when one of them is not ours. */
static bool
cut_domain(const struct name_rules *r, struct view *name)
{
	ptrdiff_t slash = last_of(*name, '\\');

	if (slash >= 0) {
		if (!is_our_domain(r, view_of(name->p, (size_t)slash)))
			return false;
		*name = view_of(name->p + slash + 1, name->n - (size_t)slash - 1);
	}

	ptrdiff_t at = last_of(*name, '@');
	if (at > 0) {
		struct view realm = view_of(name->p + at + 1, name->n - (size_t)at - 1);
		/* RFC 7542 section 2.2: behind an @ there is a realm */
		if (realm.n == 0 || view_eq(realm, view_str(".")) || !is_our_domain(r, realm))
			return false;
		name->n = (size_t)at;
	}
	return true;
}

/* The name as UTF-8 under one encoding, borrowed or in w; empty when the bytes are not that. */
static struct view
as_utf8(struct view sent, bool ansi, struct wr *w)
{
	if (!text_has_high(sent))
		return sent;
	if (!ansi)
		return text_is_utf8(sent) ? sent : view_of(NULL, 0);
	return from_ansi(sent, w) ? wr_view_of(w) : view_of(NULL, 0);
}

enum cause
name_read(const struct name_rules *r, struct view sent, struct peer_name *out)
{
	uint8_t buf[TEXT_CAP], buf_other[TEXT_CAP];
	struct wr w = wr_over(buf, sizeof(buf));
	struct wr w_other = wr_over(buf_other, sizeof(buf_other));
	ptrdiff_t slash = last_of(sent, '\\');

	*out = (struct peer_name){ .sent = sent };
	out->for_hash = view_of(sent.p + (slash + 1), sent.n - (size_t)(slash + 1));
	if (sent.n == 0 || sent.n > NAME_MAX_BYTES || memchr(sent.p, 0, sent.n))
		return CAUSE_NO_SUCH_USER;

	struct view name = as_utf8(sent, r->ansi, &w);
	if (name.n == 0)
		return CAUSE_NAME_ENCODING;
	if (text_has_high(sent)) { /* R27: would the other encoding have meant somebody? */
		struct view other = as_utf8(sent, !r->ansi, &w_other);
		if (other.n && (!cut_domain(r, &other) || !name_normalise(other, &out->other)))
			out->other.n = 0;
	}
	if (!name_fold(name, &out->full))
		out->full.n = 0;
	if (!cut_domain(r, &name))
		return CAUSE_NO_SUCH_DOMAIN;
	return name_normalise(name, &out->lookup) ? CAUSE_NONE : CAUSE_NO_SUCH_USER;
}
