/*
 * The parser: recursive descent over the tokens, one function per rule. It goes on after an error,
 * and nothing a file can hold makes it recurse or allocate without bound. See tree.h.
 */
#include "conf/tree.h"

#include "conf/report.h"

#include <stdio.h>
#include <stdlib.h>

struct conf_files {
	struct conf_files *next;
	char *text;
};

/* One file being read, and the chain of files that led to it. */
struct source {
	const char *name;
	const struct source *from;
	unsigned int depth;
	bool listing; /* the matches of a pattern: their paths are taken as they stand */
	struct conf_lexer lexer;
	struct conf_token token; /* the current one */
};

struct parser {
	struct conf_tree *tree;
	struct conf_errors *errors;
	conf_read_fn read_fn;
	void *read_ctx;
	unsigned int n_files;
	bool full; /* the arena is: reported once, and all files end here */
};

static void parse_settings(struct parser *p, struct source *s, struct conf_stmt **to,
    const struct conf_at *open, unsigned int depth);

static void
next(struct parser *p, struct source *s)
{
	s->token = conf_lex_next(&s->lexer);
	if (p->full)
		s->token.kind = TOKEN_EOF;
	if (s->token.kind == TOKEN_BAD)
		conf_error(p->errors, &s->token.at, "%s", s->lexer.why);
}

static void *
keep(struct parser *p, struct source *s, size_t n)
{
	void *out = arena_alloc(&p->tree->arena, n);

	if (!out && !p->full) {
		p->full = true;
		conf_error(p->errors, &s->token.at, "the configuration is too large");
	}
	return out;
}

bool
conf_is_pattern(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

/* path as seen from the file `from`. False when it does not fit. */
static bool
resolve(const struct source *from, struct view path, char out[CONF_PATH_MAX])
{
	const char *slash = strrchr(from->name, '/');
	size_t dir = slash && path.n && path.p[0] != '/' && !from->listing
	                 ? (size_t)(slash - from->name) + 1
	                 : 0;

	if (path.n + dir >= CONF_PATH_MAX || memchr(path.p, 0, path.n))
		return false;
	memcpy(out, from->name, dir);
	memcpy(out + dir, path.p, path.n);
	out[dir + path.n] = 0;
	return true;
}

/* Whether the file may be opened from here; reports why not. */
static bool
may_include(struct parser *p, const struct source *s, const struct conf_at *at, const char *path)
{
	if (!p->read_fn) {
		conf_error(p->errors, at, "\"include\" has no meaning here");
		return false;
	}
	for (const struct source *up = s; up; up = up->from) {
		if (strcmp(up->name, path) != 0)
			continue;
		conf_error(
		    p->errors, at, "the file includes itself: \"%s\" is already being read", path);
		return false;
	}
	if (s->depth >= CONF_INCLUDE_DEPTH) {
		conf_error(
		    p->errors, at, "includes are nested more than %u deep", CONF_INCLUDE_DEPTH);
		return false;
	}
	if (p->n_files >= CONF_INCLUDE_FILES) {
		conf_error(p->errors, at, "more than %u files are included", CONF_INCLUDE_FILES);
		return false;
	}
	return true;
}

/* The include's text, which the tree frees; NULL when reported. */
static char *
read_include(struct parser *p, const struct conf_at *at, const char *path)
{
	char err[160] = "";
	char *text = p->read_fn(p->read_ctx, path, err, sizeof(err));
	struct conf_files *f = text ? malloc(sizeof(*f)) : NULL;

	p->n_files++;
	if (!f) {
		free(text);
		conf_error(p->errors, at, "\"%s\" cannot be read: %s", path,
		    err[0] ? err : "out of memory");
		return NULL;
	}
	*f = (struct conf_files){ .next = p->tree->files, .text = text };
	p->tree->files = f;
	return text;
}

/* Reads one included file; its settings follow `to`. Returns the new end of the list. */
static struct conf_stmt **
include_one(struct parser *p, const struct source *s, const struct conf_word *w,
    struct conf_stmt **to, unsigned int depth)
{
	char path[CONF_PATH_MAX];

	if (!resolve(s, w->text, path)) {
		conf_error(
		    p->errors, &w->at, "the path is longer than %u bytes", CONF_PATH_MAX - 1);
		return to;
	}
	if (!may_include(p, s, &w->at, path))
		return to;
	char *text = read_include(p, &w->at, path);
	char *name = text ? arena_copy(&p->tree->arena, view_str(path)) : NULL;
	if (!name)
		return to;
	struct source inner = { .name = name,
		.from = s,
		.depth = s->depth + !conf_is_pattern(path),
		.listing = conf_is_pattern(path) };
	conf_lex_init(&inner.lexer, name, view_str(text), &p->tree->arena);
	parse_settings(p, &inner, to, NULL, depth);
	while (*to)
		to = &(*to)->next;
	return to;
}

static struct conf_stmt **
include_all(struct parser *p, struct source *s, const struct conf_stmt *stmt, struct conf_stmt **to,
    unsigned int depth)
{
	if (stmt->block || stmt->n_words == 0)
		conf_error(p->errors, &stmt->end, "expected a path: include \"FILE\"");
	for (const struct conf_word *w = stmt->words; w && !stmt->block; w = w->next)
		to = include_one(p, s, w, to, depth);
	return to;
}

/* The words behind the key. */
static void
parse_words(struct parser *p, struct source *s, struct conf_stmt *stmt)
{
	struct conf_word **to = &stmt->words;

	for (;; next(p, s)) {
		if (s->token.kind == TOKEN_BAD) {
			stmt->broken = true;
			continue;
		}
		if (s->token.kind != TOKEN_WORD && s->token.kind != TOKEN_STRING)
			return;
		struct conf_word *w = keep(p, s, sizeof(*w));
		if (!w) {
			stmt->broken = true;
			continue;
		}
		w->text = s->token.text;
		w->at = s->token.at;
		w->quoted = s->token.kind == TOKEN_STRING;
		*to = w;
		to = &w->next;
		stmt->n_words++;
	}
}

/* A `{` may also stand on a line of its own below the name of its block. */
static bool
open_follows(const struct source *s)
{
	struct conf_lexer look = s->lexer;
	struct conf_token t = s->token;

	while (t.kind == TOKEN_NEWLINE)
		t = conf_lex_next(&look);
	return t.kind == TOKEN_OPEN;
}

static void
parse_block(struct parser *p, struct source *s, struct conf_stmt *stmt, unsigned int depth)
{
	struct conf_at open;

	while (s->token.kind != TOKEN_OPEN)
		next(p, s);
	open = s->token.at;
	stmt->block = true;
	next(p, s);
	parse_settings(p, s, &stmt->inner, &open, depth + 1);
}

/* One setting or block, from its key on. Returns the end of the list that it joined. */
static struct conf_stmt **
parse_one(struct parser *p, struct source *s, struct conf_stmt **to, unsigned int depth)
{
	struct conf_stmt *stmt = keep(p, s, sizeof(*stmt));

	if (!stmt) {
		next(p, s);
		return to;
	}
	stmt->key = s->token.text;
	stmt->at = s->token.at;
	next(p, s);
	parse_words(p, s, stmt);
	stmt->end = s->token.at;
	if (s->token.kind == TOKEN_OPEN || (s->token.kind == TOKEN_NEWLINE && open_follows(s)))
		parse_block(p, s, stmt, depth);
	if (view_eq(stmt->key, view_str("include")))
		return stmt->broken ? to : include_all(p, s, stmt, to, depth);
	*to = stmt;
	return &stmt->next;
}

/* A `{` without a name: reported, and its content skipped. */
static void
parse_nameless(struct parser *p, struct source *s, unsigned int depth)
{
	struct conf_stmt nameless = { .at = s->token.at };

	conf_error(p->errors, &s->token.at, "expected the name of a block before \"{\"");
	parse_block(p, s, &nameless, depth);
}

/* Past the deepest nesting: skips to the matching brace without looking. */
static void
skip_nested(struct parser *p, struct source *s)
{
	unsigned int open = 1;

	conf_error(p->errors, &s->token.at, "blocks are nested more than %u deep", CONF_NESTING);
	for (; s->token.kind != TOKEN_EOF; s->token = conf_lex_next(&s->lexer)) {
		if (s->token.kind == TOKEN_OPEN)
			open++;
		if (s->token.kind == TOKEN_CLOSE && --open == 0)
			break;
	}
	if (s->token.kind == TOKEN_CLOSE)
		next(p, s);
}

/*
 * Settings up to the `}` that belongs to `open`, or to the end of the file when open is NULL. On
 * entry the token is the first one, or none has been read (a file's start).
 */
static void
parse_settings(struct parser *p, struct source *s, struct conf_stmt **to,
    const struct conf_at *open, unsigned int depth)
{
	if (!open)
		next(p, s);
	if (depth > CONF_NESTING) {
		skip_nested(p, s);
		return;
	}
	for (;;) {
		switch (s->token.kind) {
		case TOKEN_WORD:
		case TOKEN_STRING:
			to = parse_one(p, s, to, depth);
			continue;
		case TOKEN_OPEN:
			parse_nameless(p, s, depth);
			continue;
		case TOKEN_CLOSE:
			if (open) {
				next(p, s);
				return;
			}
			conf_error(p->errors, &s->token.at, "\"}\" without a block to close");
			break;
		case TOKEN_EOF:
			if (open && !p->full)
				conf_error(p->errors, open,
				    "this block is never closed: \"}\" "
				    "is missing");
			return;
		case TOKEN_SEMICOLON:
		case TOKEN_NEWLINE:
		case TOKEN_BAD:
			break;
		}
		next(p, s);
	}
}

/* One file and what it includes; its settings go to `to`. */
static void
read_into(struct parser *p, const char *name, struct view text, struct conf_stmt **to)
{
	struct source s = { .name = arena_copy(&p->tree->arena, view_str(name)) };

	if (!s.name) {
		conf_error(p->errors, &(struct conf_at){ .file = name }, "out of memory");
		return;
	}
	conf_lex_init(&s.lexer, s.name, text, &p->tree->arena);
	parse_settings(p, &s, to, NULL, 0);
}

void
conf_tree_read(struct conf_tree *t, const char *name, struct view text, conf_read_fn read_fn,
    void *read_ctx, struct conf_errors *errors)
{
	struct parser p = {
		.tree = t, .errors = errors, .read_fn = read_fn, .read_ctx = read_ctx, .n_files = 1
	};

	*t = (struct conf_tree){ 0 };
	arena_init(&t->arena, CONF_ARENA_BYTES);
	read_into(&p, name, text, &t->first);
}

struct conf_stmt *
conf_tree_read_beside(
    struct conf_tree *t, const char *name, struct view text, struct conf_errors *errors)
{
	struct parser p = { .tree = t, .errors = errors, .n_files = 1 };
	struct conf_stmt *first = NULL;

	read_into(&p, name, text, &first);
	return first;
}

void
conf_tree_fini(struct conf_tree *t)
{
	while (t->files) {
		struct conf_files *f = t->files;
		t->files = f->next;
		free(f->text);
		free(f);
	}
	arena_fini(&t->arena);
}
