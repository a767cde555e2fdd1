/* The phonebook. See dial_book.h. */
#include "cmd/dial_book.h"

#include "conf/report.h"
#include "conf/tree.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOK_BYTES_MAX (1u << 20)
#define EXIT_USAGE 1
#define VALUE_MAX 4096u

/* The user's own file; false when there is no home. */
static bool
own_path(char *out, size_t cap)
{
	const char *home = getenv("HOME");
	const struct passwd *pw = home && *home == '/' ? NULL : getpwuid(getuid());

	if (pw)
		home = pw->pw_dir;
	return home && *home == '/' &&
	       (size_t)snprintf(out, cap, "%s/.config/openrras/phonebook.conf", home) < cap;
}

static void
complain(const struct conf_errors *errors)
{
	for (unsigned int i = 0; i < errors->n; i++) {
		char line[1024];
		fprintf(
		    stderr, "rasdial: %s\n", conf_error_text(&errors->e[i], line, sizeof(line)));
	}
}

/* --- reading --- */

static void
unknown_key(const struct conf_stmt *s, struct conf_errors *errors)
{
	struct conf_near near;
	char quoted[CONF_QUOTE_MAX];

	conf_near_init(&near, s->key);
	for (size_t i = 0; dial_opt_at(i); i++)
		if (dial_opt_at(i)->in_book)
			conf_near_try(&near, dial_opt_at(i)->name);
	conf_error(errors, &s->at, "an entry has no key %s%s", conf_quote(s->key, quoted),
	    conf_near_text(&near));
}

static void
take_word(const struct dial_opt *o, const struct conf_word *w, struct dial_args *a,
    struct conf_errors *errors)
{
	char value[VALUE_MAX], quoted[CONF_QUOTE_MAX];
	const char *wrong;

	if (w->text.n >= sizeof(value) || memchr(w->text.p, 0, w->text.n)) {
		conf_error(errors, &w->at, "%s: too long", o->name);
		return;
	}
	memcpy(value, w->text.p, w->text.n);
	value[w->text.n] = 0;
	wrong = o->set(a, value);
	if (wrong)
		conf_error(
		    errors, &w->at, "%s: %s: %s", o->name, wrong, conf_quote(w->text, quoted));
}

static void
take_setting(const struct conf_stmt *s, struct dial_args *a, struct conf_errors *errors)
{
	char name[64];
	const struct dial_opt *o;

	snprintf(name, sizeof(name), "%.*s", (int)(s->key.n < 63 ? s->key.n : 63),
	    (const char *)s->key.p);
	o = dial_opt_find(name);
	if (!o || !o->in_book) {
		unknown_key(s, errors);
		return;
	}
	bool list = o->set == dial_opt_find("route")->set ||
	            o->set == dial_opt_find("behind")->set || strcmp(o->name, "auth") == 0;
	if (s->block || s->n_words == 0 || (s->n_words > 1 && !list)) {
		conf_error(errors, &s->at, "%s: expected one value (%s)", o->name,
		    o->takes ? o->takes : "yes or no");
		return;
	}
	if (strcmp(o->name, "auth") == 0) { /* commas divide words here */
		char value[256];
		size_t n = 0;
		for (const struct conf_word *w = s->words; w && n < sizeof(value); w = w->next)
			n += (size_t)snprintf(value + n, sizeof(value) - n, "%s%.*s", n ? "," : "",
			    (int)w->text.n, (const char *)w->text.p);
		const char *wrong = n < sizeof(value) ? o->set(a, value) : "too long";
		if (wrong)
			conf_error(errors, &s->words->at, "%s: %s", o->name, wrong);
		return;
	}
	for (const struct conf_word *w = s->words; w; w = w->next)
		take_word(o, w, a, errors);
}

static bool
is_entry(const struct conf_stmt *s)
{
	return s->block && s->n_words == 1 && view_eq(s->key, view_str("entry"));
}

/* What stands beside entries. */
static void
check_top(const struct conf_stmt *first, struct conf_errors *errors)
{
	char quoted[CONF_QUOTE_MAX];

	for (const struct conf_stmt *s = first; s; s = s->next) {
		struct conf_near near;
		if (is_entry(s))
			continue;
		conf_near_init(&near, s->key);
		conf_near_try(&near, "entry");
		if (view_eq(s->key, view_str("entry")))
			conf_error(errors, &s->at, "expected: entry NAME { ... }");
		else
			conf_error(errors, &s->at, "a phonebook has no %s, only entries%s",
			    conf_quote(s->key, quoted), conf_near_text(&near));
	}
}

static const struct conf_stmt *
find_entry(const struct conf_stmt *first, const char *name)
{
	for (const struct conf_stmt *s = first; s; s = s->next)
		if (is_entry(s) && view_eq(s->words->text, view_str(name)))
			return s;
	return NULL;
}

enum book_found
dial_book_read(const char *file, struct view text, const char *entry, struct dial_args *a,
    struct conf_errors *errors)
{
	enum book_found found = BOOK_NONE;
	struct conf_tree tree;
	const struct conf_stmt *s;

	conf_tree_read(&tree, file, text, NULL, NULL, errors);
	check_top(tree.first, errors);
	s = find_entry(tree.first, entry);
	if (s) {
		found = BOOK_FOUND;
		for (const struct conf_stmt *k = s->inner; k; k = k->next)
			take_setting(k, a, errors);
		if (!a->dial.host[0])
			conf_error(errors, &s->at, "the entry names no host");
		if (!a->dial.name[0])
			snprintf(a->dial.name, sizeof(a->dial.name), "%s", entry);
		a->routes_of_book = a->behind_of_book = a->passwords_of_book = true;
	}
	if (conf_error_count(errors))
		found = BOOK_BAD;
	conf_tree_fini(&tree);
	return found;
}

/*
 * A phonebook says where a password goes, and rasdial is run by root: nobody else may have written
 * it. 1: read, 0: no such file, -1 when it was complained about.
 */
static int
read_book(const char *path, struct file_bytes *out)
{
	const char *sudo = getenv("SUDO_UID");
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), rc;

	*out = (struct file_bytes){ 0 };
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	rc = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;
	if (rc == 0 && !S_ISREG(st.st_mode))
		rc = -EINVAL;
	if (rc == 0 &&
	    ((st.st_mode & 022) || (st.st_uid != 0 && st.st_uid != getuid() &&
				       !(sudo && (uid_t)strtoul(sudo, NULL, 10) == st.st_uid)))) {
		fprintf(stderr,
		    "rasdial: %s can be written by others: chown it to root or yourself and "
		    "chmod go-w it\n",
		    path);
		close(fd);
		return -1;
	}
	if (rc == 0)
		rc = file_read_fd(fd, BOOK_BYTES_MAX, out);
	if (fd >= 0)
		close(fd);
	if (rc < 0)
		fprintf(stderr, "rasdial: %s: %s\n", path, strerror(-rc));
	return rc < 0 ? -1 : 1;
}

/* The two files; returns how many. */
static unsigned int
book_paths(char paths[2][PATH_MAX])
{
	unsigned int n = own_path(paths[0], PATH_MAX);

	snprintf(paths[n++], PATH_MAX, "%s", DIAL_BOOK_SYSTEM);
	return n;
}

typedef void (*entry_fn)(void *ctx, const char *file, const struct conf_stmt *entry);

/* Calls fn for each entry of both files. False when something is wrong, which was printed. */
static bool
each_entry(entry_fn fn, void *ctx)
{
	char paths[2][PATH_MAX];
	unsigned int n = book_paths(paths);
	bool ok = true;

	for (unsigned int i = 0; i < n; i++) {
		struct conf_errors errors = { 0 };
		struct conf_tree tree;
		struct file_bytes b;
		int rc = read_book(paths[i], &b);
		ok = ok && rc >= 0;
		if (rc <= 0)
			continue;
		conf_tree_read(&tree, paths[i], file_view(&b), NULL, NULL, &errors);
		check_top(tree.first, &errors);
		for (const struct conf_stmt *s = tree.first; s; s = s->next)
			if (is_entry(s))
				fn(ctx, paths[i], s);
		complain(&errors);
		ok = ok && conf_error_count(&errors) == 0;
		conf_tree_fini(&tree);
		file_bytes_free(&b);
	}
	return ok;
}

static void
try_name(void *ctx, const char *file, const struct conf_stmt *entry)
{
	char name[64];

	(void)file;
	snprintf(name, sizeof(name), "%.*s", (int)entry->words->text.n,
	    (const char *)entry->words->text.p);
	struct conf_near *near = ctx;
	unsigned int before = near->distance;
	conf_near_try(near, name);
	if (near->distance != before) { /* the name goes with the tree: the text stays */
		near->best = name;
		(void)conf_near_text(near);
		near->best = NULL;
	}
}

enum book_found
dial_book_apply(const char *entry, struct dial_args *a)
{
	char paths[2][PATH_MAX];
	unsigned int n = book_paths(paths);
	enum book_found found = BOOK_NONE;
	struct conf_near near;

	for (unsigned int i = 0; i < n && found == BOOK_NONE; i++) {
		struct conf_errors errors = { 0 };
		struct file_bytes b;
		int rc = read_book(paths[i], &b);
		if (rc < 0)
			return BOOK_BAD;
		if (rc == 0)
			continue;
		found = dial_book_read(paths[i], file_view(&b), entry, a, &errors);
		complain(&errors);
		file_bytes_free(&b);
	}
	if (found != BOOK_NONE || strchr(entry, '.') || strchr(entry, ':'))
		return found;
	conf_near_init(&near, view_str(entry));
	(void)!each_entry(try_name, &near);
	if (near.text[0])
		fprintf(stderr, "rasdial: no entry %s in the phonebook%s; it is taken for a host\n",
		    entry, near.text);
	return found;
}

/* --- listing --- */

struct listing {
	json_t *rows;
	unsigned int n;
};

static void
list_entry(void *ctx, const char *file, const struct conf_stmt *entry)
{
	struct listing *l = ctx;
	struct conf_errors errors = { 0 };
	struct dial_args a;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)entry->words->text.n,
	    (const char *)entry->words->text.p);
	dial_opts_init(&a);
	for (const struct conf_stmt *k = entry->inner; k; k = k->next)
		take_setting(k, &a, &errors);
	complain(&errors);
	if (l->rows) {
		json_array_append_new(l->rows,
		    json_pack("{s:s, s:s, s:s, s:b, s:s}", "name", name, "host", a.dial.host,
			"user", a.dial.user, "default_route", a.dial.default_route, "file", file));
		return;
	}
	if (l->n++ == 0)
		printf("%-20s %-28s %-20s %s\n", "ENTRY", "HOST", "USER", "FILE");
	printf("%-20s %-28s %-20s %s\n", name, a.dial.host, a.dial.user, file);
}

int
dial_book_print(bool json)
{
	struct listing l = { .rows = json ? json_array() : NULL };
	bool ok = each_entry(list_entry, &l);

	if (l.rows && json_dumpf(l.rows, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	if (!l.rows && l.n == 0)
		puts("The phonebook is empty.");
	json_decref(l.rows);
	return ok ? 0 : EXIT_USAGE;
}

/* --- saving --- */

/* A value as the lexer reads it back. */
static void
put_value(FILE *f, const char *value)
{
	fputc('"', f);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			fputc('\\', f);
		fputc(*value, f);
	}
	fputc('"', f);
}

/* Files are found from everywhere. */
static void
put_path(FILE *f, const char *path)
{
	char full[PATH_MAX], *here = *path == '/' ? NULL : getcwd(NULL, 0);

	if (!here || strcmp(path, "-") == 0 ||
	    (size_t)snprintf(full, sizeof(full), "%s/%s", here, path) >= sizeof(full))
		put_value(f, path);
	else
		put_value(f, full);
	free(here);
}

static void
put_entry(FILE *f, const char *entry, const char *host, const struct dial_args *a)
{
	fprintf(f, "entry %s {\n", entry);
	if (host) {
		fputs("\thost ", f);
		put_value(f, host);
		fputc('\n', f);
	}
	for (unsigned int i = 0; i < a->n_given; i++) {
		const struct dial_opt *o = a->given[i].opt;
		fprintf(f, "\t%s ", o->name);
		if (!a->given[i].value)
			fputs("yes", f);
		else if (strcmp(o->name, "auth") == 0) /* a list of words */
			fputs(a->given[i].value, f);
		else if (o->takes && strcmp(o->takes, "FILE") == 0)
			put_path(f, a->given[i].value);
		else
			put_value(f, a->given[i].value);
		fputc('\n', f);
	}
	fputs("}\n", f);
}

/* Where the entry stands in the text: from its keyword to behind its closing brace. */
static bool
find_span(const char *file, struct view text, const char *entry, size_t *from, size_t *to)
{
	struct conf_lexer l;
	struct arena arena;
	unsigned int depth = 0;
	bool at_key = true, is_it = false, done = false;

	arena_init(&arena, CONF_ARENA_BYTES);
	conf_lex_init(&l, file, text, &arena);
	for (;;) {
		struct conf_token t = conf_lex_next(&l);
		if (t.kind == TOKEN_EOF)
			break;
		if (t.kind == TOKEN_OPEN)
			depth++;
		if (t.kind == TOKEN_CLOSE && depth > 0 && --depth == 0 && is_it) {
			*to = l.pos;
			done = true;
			break;
		}
		if (depth == 0 && at_key && t.kind == TOKEN_WORD &&
		    view_eq(t.text, view_str("entry"))) {
			size_t start = l.pos - t.text.n;
			t = conf_lex_next(&l);
			is_it = (t.kind == TOKEN_WORD || t.kind == TOKEN_STRING) &&
			        view_eq(t.text, view_str(entry));
			if (is_it)
				*from = start;
		}
		at_key =
		    t.kind == TOKEN_NEWLINE || t.kind == TOKEN_SEMICOLON || t.kind == TOKEN_CLOSE;
	}
	arena_fini(&arena);
	return done;
}

char *
dial_book_put(const char *file, struct view text, const char *entry, const char *host,
    const struct dial_args *a, struct conf_errors *errors)
{
	struct conf_tree tree;
	size_t from = text.n, to = text.n, size;
	char *out = NULL;
	FILE *f;

	conf_tree_read(&tree, file, text, NULL, NULL, errors);
	check_top(tree.first, errors);
	conf_tree_fini(&tree);
	if (conf_error_count(errors))
		return NULL;
	bool there = find_span(file, text, entry, &from, &to);
	f = open_memstream(&out, &size);
	if (!f)
		return NULL;
	fwrite(text.p, 1, from, f);
	if (!there && from && text.p[from - 1] != '\n')
		fputc('\n', f);
	put_entry(f, entry, host, a);
	if (to < text.n && text.p[to] == '\n') /* put_entry has ended its line */
		to++;
	fwrite(text.p + to, 1, text.n - to, f);
	if (fclose(f) != 0) {
		free(out);
		return NULL;
	}
	return out;
}

int
dial_book_save(const char *entry, const char *host, const struct dial_args *a)
{
	struct conf_errors errors = { 0 };
	struct file_bytes b = { 0 };
	struct dial_args check;
	char path[PATH_MAX], folder[PATH_MAX];
	char *text;
	int rc;

	if (!own_path(path, sizeof(path))) {
		fprintf(stderr, "rasdial: there is no home directory for a phonebook\n");
		return EXIT_USAGE;
	}
	if (read_book(path, &b) < 0)
		return EXIT_USAGE;
	text = dial_book_put(path, file_view(&b), entry, host, a, &errors);
	dial_opts_init(&check);
	if (text) /* it has to be read again as it was meant */
		(void)dial_book_read(path, view_str(text), entry, &check, &errors);
	if (conf_error_count(&errors)) {
		free(text);
		text = NULL;
	}
	complain(&errors);
	file_bytes_free(&b);
	if (!text)
		return EXIT_USAGE;
	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	rc = file_mkdirs(folder, 0700, (uid_t)-1, (gid_t)-1);
	if (rc == 0)
		rc = file_write(path, view_str(text), 0600);
	free(text);
	if (rc < 0) {
		fprintf(stderr, "rasdial: %s: %s\n", path, strerror(-rc));
		return EXIT_USAGE;
	}
	printf("Saved %s in %s.\n", entry, path);
	return 0;
}
