/*
 * What rasdial is asked to do: one table of options, from which come the command line, the keys of
 * phonebook entries and the help. Complaints are returned as text; nothing is printed here.
 */
#ifndef CMD_DIAL_OPTS_H
#define CMD_DIAL_OPTS_H

#include "base/must.h"
#include "roles/dial.h"

#include <limits.h>

#define DIAL_GIVEN_MAX 64u

enum dial_action { DO_CALL, DO_DISCONNECT, DO_STATUS, DO_BOOK, DO_SAVE, DO_CLEANUP };

struct dial_args;

struct dial_opt {
	const char *name;
	const char *takes; /* what stands behind it; NULL: a switch, yes or no */
	bool in_book;      /* a key of phonebook entries too */
	bool optional;     /* the value may be left out */
	const char *help;
	/* 0, or what is wrong, in a text that lives as long as the program. */
	const char *(*set)(struct dial_args *a, const char *value);
};

struct dial_args {
	struct dial_options dial;
	enum dial_action action;
	char password_file[PATH_MAX], new_password_file[PATH_MAX], ca_file[PATH_MAX];
	bool change;     /* ask for the new password beforehand */
	bool dns_chosen; /* --dns was said, in either sense */
	bool foreground, json;
	const char *subject; /* of --disconnect and --status when given with =; else NULL */
	/* What of these there is so far is the entry's: the command line replaces it. */
	bool routes_of_book, behind_of_book;
	bool passwords_of_book;
	/* What of the command line can be kept in an entry. */
	unsigned int n_given;
	struct {
		const struct dial_opt *opt;
		const char *value;
	} given[DIAL_GIVEN_MAX];
};

/* Everything at its default. */
void dial_opts_init(struct dial_args *a);

/* The i-th option; NULL past the end. */
const struct dial_opt *dial_opt_at(size_t i);
const struct dial_opt *dial_opt_find(const char *name);

/*
 * Takes the command line. Returns the index of its first word that is no option (they are moved to
 * the end), or -1 with a text in err.
 */
MUST_USE int dial_opts_take(struct dial_args *a, int argc, char **argv, char *err, size_t cap);

/* The options as text, for the help. */
void dial_opts_help(void);

/* A name becomes a file name: letters, digits and a few signs. */
bool dial_name_ok(const char *s);

#endif
