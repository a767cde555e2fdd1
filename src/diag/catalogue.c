/*
 * The catalogue's parser and store. See catalogue.h. Pure: it is given text and keeps copies; which
 * files are read, and in which order, is decided by cmd/.
 */
#include "diag/catalogue.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

struct catalogue {
	size_t n, cap;
	struct cat_entry *e;
};

struct parse {
	struct catalogue *c;
	struct cat_error *err;
	struct cat_entry *entry; /* being read; NULL before the first */
	int section;             /* -1: none */
	bool no_memory;
	unsigned int line;
	size_t n;
	char text[CAT_TEXT_MAX]; /* of the section being read */
};

const char *
cat_section_name(enum cat_section s)
{
	static const char *const names[N_CAT_SECTION] = { "Title", "Users see", "What we saw",
		"Title on the client", "What the client saw", "What it means", "Check here",
		"Check there", "Note", "Facts", "Problem", "Number", "Checks", "Other side",
		"Not in this version" };

	return s < N_CAT_SECTION ? names[s] : "?";
}

struct catalogue *
catalogue_empty(void)
{
	return calloc(1, sizeof(struct catalogue));
}

void
catalogue_free(struct catalogue *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		for (size_t s = 0; s < N_CAT_SECTION; s++)
			free(c->e[i].text[s]);
	free(c->e);
	free(c);
}

static struct cat_entry *
find(const struct catalogue *c, enum cat_kind kind, struct view name)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->e[i].kind == kind && view_eq(view_str(c->e[i].name), name))
			return &c->e[i];
	return NULL;
}

const struct cat_entry *
catalogue_find(const struct catalogue *c, enum cat_kind kind, struct view name)
{
	return find(c, kind, name);
}

const struct cat_entry *
catalogue_at(const struct catalogue *c, size_t i)
{
	return i < c->n ? &c->e[i] : NULL;
}

const char *
cat_text(const struct cat_entry *e, enum cat_section s)
{
	return e && e->text[s] ? e->text[s] : "";
}

static void
complain(struct parse *p, const char *what)
{
	if (p->err->n++)
		return;
	p->err->line = p->line;
	snprintf(p->err->text, sizeof(p->err->text), "%s", what);
}

/* Gives the section that was being read to its entry. */
static void
close_section(struct parse *p)
{
	if (p->entry && p->section >= 0) {
		char *copy = strdup(p->text);
		if (!copy)
			p->no_memory = true;
		free(p->entry->text[p->section]);
		p->entry->text[p->section] = copy;
	}
	p->section = -1;
	p->n = 0;
	p->text[0] = 0;
}

static struct cat_entry *
add_entry(struct catalogue *c)
{
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 128;
		struct cat_entry *e = realloc(c->e, cap * sizeof(*e));
		if (!e)
			return NULL;
		c->e = e;
		c->cap = cap;
	}
	c->e[c->n] = (struct cat_entry){ 0 };
	return &c->e[c->n++];
}

static struct view
trim(struct view v)
{
	while (v.n && (v.p[0] == ' ' || v.p[0] == '\t'))
		v = view_of(v.p + 1, v.n - 1);
	while (v.n && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t' || v.p[v.n - 1] == '\r'))
		v.n--;
	return v;
}

static bool
take_prefix(struct view *v, const char *prefix)
{
	size_t n = strlen(prefix);

	if (v->n < n || memcmp(v->p, prefix, n) != 0)
		return false;
	*v = view_of(v->p + n, v->n - n);
	return true;
}

static bool
is_name(struct view v)
{
	if (v.n == 0 || v.n >= CAT_NAME_MAX)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		char c = (char)v.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
			return false;
	}
	return true;
}

static void
begin_entry(struct parse *p, struct view name)
{
	enum cat_kind kind = CAT_CAUSE;

	close_section(p);
	p->entry = NULL;
	name = trim(name);
	if (take_prefix(&name, "check:"))
		kind = CAT_CHECK;
	else if (take_prefix(&name, "problem:"))
		kind = CAT_PROBLEM;
	if (!is_name(name)) {
		complain(
		    p, "a name of small letters, digits, '-' and '.' is expected after \"--\"");
		return;
	}
	p->entry = find(p->c, kind, name);
	if (!p->entry) {
		if (p->c->n >= CAT_ENTRIES_MAX) {
			complain(p, "too many entries");
			return;
		}
		p->entry = add_entry(p->c);
		if (!p->entry) {
			p->no_memory = true;
			return;
		}
		p->entry->kind = kind;
		memcpy(p->entry->name, name.p, name.n);
	}
	p->entry->line = p->line;
}

/* Appends a line to the section: a blank between lines, '\n' before an item. */
static void
append(struct parse *p, struct view v)
{
	bool item = take_prefix(&v, "* ");
	char sep = item ? '\n' : ' ';

	if (p->n + v.n + 2 > sizeof(p->text)) {
		complain(p, "the section is too long");
		return;
	}
	if (p->n)
		p->text[p->n++] = sep;
	if (v.n)
		memcpy(p->text + p->n, v.p, v.n);
	p->n += v.n;
	p->text[p->n] = 0;
}

static void
begin_section(struct parse *p, struct view line)
{
	close_section(p);
	for (int s = 0; s < N_CAT_SECTION; s++) {
		struct view rest = line;
		if (!take_prefix(&rest, cat_section_name((enum cat_section)s)) ||
		    !take_prefix(&rest, ":"))
			continue;
		p->section = s;
		append(p, trim(rest));
		return;
	}
	complain(p, "not the name of a section, such as \"Title:\" or \"What it means:\"");
}

static void
read_line(struct parse *p, struct view line)
{
	bool indented = line.n && (line.p[0] == ' ' || line.p[0] == '\t');
	struct view v = trim(line);

	if (v.n == 0 || line.p[0] == '#')
		return;
	if (take_prefix(&line, "-- ")) {
		begin_entry(p, line);
		return;
	}
	if (!indented) {
		if (p->entry)
			begin_section(p, v);
		else
			complain(p, "text before an entry; an entry begins with \"-- name\"");
		return;
	}
	if (p->section >= 0)
		append(p, v);
}

bool
catalogue_read(struct catalogue *c, struct view text, struct cat_error *err)
{
	struct parse *p = calloc(1, sizeof(*p));
	bool ok;

	*err = (struct cat_error){ 0 };
	if (!p)
		return false;
	p->c = c;
	p->err = err;
	p->section = -1;
	while (text.n) {
		const uint8_t *nl = memchr(text.p, '\n', text.n);
		size_t n = nl ? (size_t)(nl - text.p) : text.n;
		p->line++;
		if (memchr(text.p, 0, n))
			complain(p, "a zero byte");
		else
			read_line(p, view_of(text.p, n));
		n += nl != NULL;
		text = view_of(text.p + n, text.n - n);
	}
	close_section(p);
	ok = err->n == 0 && !p->no_memory;
	free(p);
	return ok;
}

struct catalogue *
catalogue_new(void)
{
	struct catalogue *c = catalogue_empty();
	struct cat_error err;

	if (!c)
		return NULL;
	if (!catalogue_read(c, catalogue_builtin(), &err)) {
		must(err.n == 0); /* a slip in our own text: the unit test finds it first */
		catalogue_free(c);
		return NULL;
	}
	return c;
}

static bool
is_separator(uint8_t c)
{
	return c == ' ' || c == ',' || c == '\n' || c == '\t' || c == ';';
}

struct view
cat_next_word(struct view *rest)
{
	size_t n = 0;

	while (rest->n && is_separator(rest->p[0]))
		*rest = view_of(rest->p + 1, rest->n - 1);
	while (n < rest->n && !is_separator(rest->p[n]))
		n++;
	struct view word = view_of(rest->p, n);
	*rest = view_of(rest->p + n, rest->n - n);
	return word;
}

bool
cat_has_word(const struct cat_entry *e, enum cat_section s, struct view word)
{
	struct view rest = view_str(cat_text(e, s));

	for (struct view w = cat_next_word(&rest); w.n; w = cat_next_word(&rest))
		if (view_eq(w, word))
			return true;
	return false;
}
