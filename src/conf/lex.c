/*
 * The lexer of rrasd.conf. Blanks and commas separate words; a newline or `;` ends a setting; `#`
 * at the start of a word begins a comment. See lex.h.
 */
#include "conf/lex.h"

#include "base/text.h"

#include <stdio.h>

void
conf_lex_init(struct conf_lexer *l, const char *file, struct view text, struct arena *arena)
{
	*l = (struct conf_lexer){
		.text = text, .here = { .file = file, .line = 1, .column = 1 }, .arena = arena
	};
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		l->pos = 3;
}

/* The character `ahead` places on; -1 behind the end. */
static int
peek(const struct conf_lexer *l, size_t ahead)
{
	return l->text.n - l->pos > ahead ? l->text.p[l->pos + ahead] : -1;
}

/* Moves one byte on. Continuation bytes of UTF-8 are no columns of their own. */
static void
advance(struct conf_lexer *l)
{
	uint8_t c = l->text.p[l->pos++];

	if (c == '\n') {
		l->here.line++;
		l->here.column = 1;
	} else if (c >> 6 != 2) {
		l->here.column++;
	}
}

static bool
is_blank(int c)
{
	return c == ' ' || c == '\t' || c == ',' || c == '\r';
}

static bool
ends_word(int c)
{
	return c < 0 || is_blank(c) || c == '\n' || c == ';' || c == '{' || c == '}' || c == '"' ||
	       c == '\'';
}

static bool
is_control(int c)
{
	return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f;
}

static void
skip_blanks_and_comment(struct conf_lexer *l)
{
	while (is_blank(peek(l, 0)))
		advance(l);
	if (peek(l, 0) == '#')
		while (peek(l, 0) >= 0 && peek(l, 0) != '\n')
			advance(l);
}

static struct conf_token
bad(struct conf_lexer *l, struct conf_at at, const char *why)
{
	snprintf(l->why, sizeof(l->why), "%s", why);
	return (struct conf_token){ .kind = TOKEN_BAD, .at = at };
}

static struct conf_token
bad_byte(struct conf_lexer *l, struct conf_at at, int c)
{
	char why[80];

	snprintf(
	    why, sizeof(why), "the control character 0x%02x may not stand here", (unsigned int)c);
	return bad(l, at, why);
}

static struct conf_token
lex_word(struct conf_lexer *l)
{
	struct conf_at at = l->here;
	size_t start = l->pos;

	if (is_control(peek(l, 0))) {
		int c = peek(l, 0);
		advance(l);
		return bad_byte(l, at, c);
	}
	while (!ends_word(peek(l, 0)) && !is_control(peek(l, 0)))
		advance(l);
	struct view text = view_of(l->text.p + start, l->pos - start);
	if (!text_is_utf8(text))
		return bad(l, at, "this is not UTF-8; save the file as UTF-8");
	return (struct conf_token){ .kind = TOKEN_WORD, .text = text, .at = at };
}

/* What a backslash and the character c behind it mean; -1 when they mean nothing. */
static int
escape(int c)
{
	switch (c) {
	case '"':
	case '\\':
		return c;
	case 't':
		return '\t';
	default:
		return -1;
	}
}

/* Resolves the escapes of raw, which lex_string has checked. NULL text: memory. */
static struct view
unescape(struct arena *arena, struct view raw)
{
	uint8_t *out = arena_alloc(arena, raw.n + 1);
	size_t n = 0;

	for (size_t i = 0; out && i < raw.n; i++) {
		if (raw.p[i] == '\\' && i + 1 < raw.n)
			out[n++] = (uint8_t)escape(raw.p[++i]);
		else
			out[n++] = raw.p[i];
	}
	return view_of(out, n);
}

/* "with escapes" or 'as it stands'; must end on its own line. */
static struct conf_token
lex_string(struct conf_lexer *l)
{
	int quote = peek(l, 0);
	struct conf_token out = { .kind = TOKEN_STRING, .at = l->here };
	struct conf_token trouble = { .kind = TOKEN_STRING };
	bool escapes = false;

	advance(l);
	size_t start = l->pos;
	for (; peek(l, 0) != quote; advance(l)) {
		int c = peek(l, 0);
		if (c < 0 || c == '\n')
			return bad(l, out.at, "this string has no closing quote on its line");
		if (is_control(c) && trouble.kind != TOKEN_BAD)
			trouble = bad_byte(l, l->here, c);
		if (c != '\\' || quote != '"')
			continue;
		escapes = true;
		if (escape(peek(l, 1)) >= 0)
			advance(l);
		else if (trouble.kind != TOKEN_BAD)
			trouble = bad(l, l->here,
			    "unknown escape: write \\\\ for a backslash, \\\" for a quote, or use "
			    "'single quotes'");
	}
	out.text = view_of(l->text.p + start, l->pos - start);
	advance(l);
	if (trouble.kind == TOKEN_BAD)
		return trouble;
	if (!text_is_utf8(out.text))
		return bad(l, out.at, "this is not UTF-8; save the file as UTF-8");
	if (escapes)
		out.text = unescape(l->arena, out.text);
	if (escapes && !out.text.p)
		return bad(l, out.at, "the configuration is too large");
	return out;
}

struct conf_token
conf_lex_next(struct conf_lexer *l)
{
	struct conf_token out = { .kind = TOKEN_EOF };

	skip_blanks_and_comment(l);
	out.at = l->here;
	switch (peek(l, 0)) {
	case -1:
		return out;
	case '\n':
		out.kind = TOKEN_NEWLINE;
		break;
	case ';':
		out.kind = TOKEN_SEMICOLON;
		break;
	case '{':
		out.kind = TOKEN_OPEN;
		break;
	case '}':
		out.kind = TOKEN_CLOSE;
		break;
	case '"':
	case '\'':
		return lex_string(l);
	default:
		return lex_word(l);
	}
	advance(l);
	return out;
}
