/*
 * Words of the configuration language, with their places. The lexer knows nothing of keys or
 * blocks: that is tree.h (grammar) and schema.h (meaning). rrasd.conf(5) describes the language.
 */
#ifndef CONF_LEX_H
#define CONF_LEX_H

#include "base/arena.h"
#include "base/view.h"

/* A place in a file; lines and columns count from 1, columns count characters. */
struct conf_at {
	const char *file; /* NULL: no place, the value is a default */
	unsigned int line, column;
};

enum conf_token_kind {
	TOKEN_WORD,
	TOKEN_STRING,    /* quoted; text is what it means, without the quotes */
	TOKEN_OPEN,      /* { */
	TOKEN_CLOSE,     /* } */
	TOKEN_SEMICOLON, /* ; */
	TOKEN_NEWLINE,
	TOKEN_EOF,
	TOKEN_BAD, /* lexer->why says what is wrong; reading goes on behind it */
};

struct conf_token {
	enum conf_token_kind kind;
	struct view text; /* TOKEN_WORD, TOKEN_STRING: lives as long as the arena and the text */
	struct conf_at at;
};

struct conf_lexer {
	struct view text;
	size_t pos;
	struct conf_at here;
	struct arena *arena; /* for strings with escapes */
	char why[160];       /* of the last TOKEN_BAD */
};

/* A lexer over text; a byte order mark at the start is skipped. */
void conf_lex_init(struct conf_lexer *l, const char *file, struct view text, struct arena *arena);

/* The next token. After TOKEN_EOF it stays TOKEN_EOF. */
struct conf_token conf_lex_next(struct conf_lexer *l);

#endif
