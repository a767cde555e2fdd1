/* What the files of rrasctl user share. */
#ifndef CMD_CTL_USER_H
#define CMD_CTL_USER_H

#include "cmd/ctl.h"

/* The options of add and set, for ctl_arg. */
extern const struct ctl_opt ctl_user_opts[];
extern const size_t ctl_user_n_opts;

/* What stands beside the request that goes to the daemon. */
struct user_wanted {
	const char *name, *password_file;
	bool ask_password, no_password;
};

/*
 * One option (its index in ctl_user_opts; value NULL for one that takes none) into the request.
 * NULL, or what is wrong with it.
 */
MUST_USE const char *ctl_user_option(
    json_t *request, struct user_wanted *w, int option, const char *value);

/* Columns of a list of accounts: an index in ctl_user_opts, or one of these. */
#define USER_COLUMN_UNKNOWN (-1)
#define USER_COLUMN_NAME (-2)
#define USER_COLUMN_PASSWORD (-3)

/* By its heading: an option without its "--", in any case, blanks or _ for -. */
int ctl_user_column(const char *heading);

/* Whether its cells hold several values, parted by semicolons; it may stand there repeatedly. */
bool ctl_user_column_is_list(int column);

/* A cell into the request; an empty one says nothing. NULL, or what is wrong with it. */
MUST_USE const char *ctl_user_cell(json_t *request, int column, const char *value);

/* What an import is asked for. */
struct user_import {
	const char *path, *server;
	bool chap, update, skip_bad, dry_run;
	json_t *defaults; /* attributes for rows that do not name them */
};

/*
 * The rows of a file: an array of objects with "line", "column", "name" and either "request" (for
 * user add) or "error" and "remedy". *broken_out: the last row's fault hides where the next one
 * begins. NULL with err when the file cannot be read at all. Wipe JSON first: there are passwords.
 */
json_t *ctl_import_rows(const struct user_import *w, bool *broken_out, char *err, size_t cap);

int ctl_user_import(struct ctl *c, struct ctl_args *a);

void ctl_user_print_one(const json_t *user);
void ctl_user_print_all(const json_t *rows);

#endif
