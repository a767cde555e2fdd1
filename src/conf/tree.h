/*
 * The grammar of rrasd.conf: text to a tree of settings and blocks, includes resolved. The tree
 * keeps words and their places; what they mean is the business of schema.h and fill.c.
 */
#ifndef CONF_TREE_H
#define CONF_TREE_H

#include "conf/conf.h"
#include "conf/lex.h"

#define CONF_INCLUDE_DEPTH 8u   /* files within files */
#define CONF_INCLUDE_FILES 256u /* files in all */
#define CONF_NESTING 8u         /* blocks within blocks, as far as the grammar follows */
#define CONF_ARENA_BYTES (64u << 20)

struct conf_word {
	struct conf_word *next;
	struct view text;
	struct conf_at at;
	bool quoted;
};

/* One setting `key word...` or one block `key word... { settings }`. */
struct conf_stmt {
	struct conf_stmt *next;
	struct view key;
	struct conf_at at, end; /* the key; where the setting ends */
	struct conf_word *words;
	unsigned int n_words;
	bool block;
	bool broken; /* a part of it could not be read, which is reported already */
	struct conf_stmt *inner;
};

struct conf_files; /* texts of includes, which the tree points into */

struct conf_tree {
	struct conf_stmt *first;
	struct arena arena;
	struct conf_files *files;
};

/* Reads text and what it includes; what is wrong goes to errors, the rest into the tree. */
void conf_tree_read(struct conf_tree *t, const char *name, struct view text, conf_read_fn read_fn,
    void *read_ctx, struct conf_errors *errors);
void conf_tree_fini(struct conf_tree *t);

/* A second text into a list of its own that lives as long as the tree. It may include nothing. */
struct conf_stmt *conf_tree_read_beside(
    struct conf_tree *t, const char *name, struct view text, struct conf_errors *errors);

/* The file with its overrides laid over it (conf/overlay.c). */
void conf_tree_read_source(
    struct conf_tree *t, const struct conf_source *src, struct conf_errors *errors);

/* Whether two blocks have the same kind and name. */
bool conf_same_block(const struct conf_stmt *a, const struct conf_stmt *b);

/* The settings of a tree that policies depend on, as struct conf has them. NULL: memory. */
char *conf_policy_text(const struct conf_tree *t);

#endif
