/*
 * The catalogue: the texts by which causes, checks and problem classes are explained. One grammar
 * (catalogue.en.txt shows it) and one parser for the text that is compiled in and for the files in
 * /usr/share/openrras/catalogue.d, which override or add entries without a change of code (R3).
 * Reading files is the caller's work.
 */
#ifndef DIAG_CATALOGUE_H
#define DIAG_CATALOGUE_H

#include "base/view.h"

enum cat_kind {
	CAT_CAUSE,   /* "-- where.what" */
	CAT_CHECK,   /* "-- check:topic.what" */
	CAT_PROBLEM, /* "-- problem:id" */
};

/*
 * Sections. Text runs on over indented lines; a line that starts with "* " begins a new item, and
 * items are kept apart by '\n'.
 */
enum cat_section {
	CAT_TITLE,
	CAT_USERS_SEE,
	CAT_SAW, /* items with @field@ places; an item with an unfilled place is left out */
	CAT_TITLE_CLIENT, /* where the client's own record needs other words */
	CAT_SAW_CLIENT,
	CAT_MEANS,
	CAT_HERE,     /* what to check and do on the server */
	CAT_THERE,    /* the same on the client */
	CAT_NOTE,     /* how the number differs by method or client */
	CAT_FACTS,    /* names of facts that decide, quoted as evidence */
	CAT_PROBLEMS, /* ids of problem classes */
	CAT_NUMBERS,  /* problem classes: the numbers by which users know them */
	CAT_CHECKS,   /* ids of checks that bear on it, or their topics */
	CAT_OTHER,    /* problem classes: what only the other side can check (R2) */
	CAT_ABSENT,   /* problem classes: what this version does not have */
	N_CAT_SECTION,
};

#define CAT_NAME_MAX 64u
#define CAT_TEXT_MAX 4096u /* one section */
#define CAT_ENTRIES_MAX 512u

struct cat_entry {
	enum cat_kind kind;
	char name[CAT_NAME_MAX];   /* without the "check:" or "problem:" before it */
	unsigned int line;         /* where it began, in the file read last */
	char *text[N_CAT_SECTION]; /* NULL = section missing */
};

struct cat_error {
	unsigned int n;    /* lines that were not understood and are left out */
	unsigned int line; /* the first of them */
	char text[120];
};

struct catalogue;

/* A catalogue without entries; NULL when memory is out. */
struct catalogue *catalogue_empty(void);

/* The catalogue that is compiled in; NULL when memory is out. */
struct catalogue *catalogue_new(void);
void catalogue_free(struct catalogue *c);

/*
 * Reads one text over what is there: sections it has replace those of an entry with the same name,
 * new entries are added. Lines it does not understand are left out and counted in *err. False when
 * there was one, or memory is out.
 */
bool catalogue_read(struct catalogue *c, struct view text, struct cat_error *err);

/* The entry of that kind and name, or NULL. */
const struct cat_entry *catalogue_find(
    const struct catalogue *c, enum cat_kind kind, struct view name);

/* The i-th entry in the order of reading; NULL past the end. */
const struct cat_entry *catalogue_at(const struct catalogue *c, size_t i);

/* The text of a section, or "" when e is NULL or has none. */
const char *cat_text(const struct cat_entry *e, enum cat_section s);

/* "Title", "Users see", ...: as written in the file. */
const char *cat_section_name(enum cat_section s);

/* Whether a section that lists words (Facts, Problem, Checks, Number) has this word. */
bool cat_has_word(const struct cat_entry *e, enum cat_section s, struct view word);

/* Takes the next word (separated by blanks, commas, newlines) off *rest; empty at the end. */
struct view cat_next_word(struct view *rest);

/* The text that is compiled in. */
struct view catalogue_builtin(void);

#endif
