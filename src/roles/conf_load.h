/*
 * The configuration as the daemon takes it: the file, or the defaults where it may be missing, and
 * over it the overrides of the state directory that the file names. For monitor and for rrasctl,
 * so that both see the same.
 */
#ifndef ROLES_CONF_LOAD_H
#define ROLES_CONF_LOAD_H

#include "conf/conf.h"

struct conf_load {
	const char *path;
	bool may_miss; /* without the file the defaults count */
	bool strict;   /* refuse includes and overrides that others than root may write (U07) */
	const char *overrides; /* their text, in place of the file's; NULL: the file's */
};

struct conf_loaded {
	struct conf *conf; /* NULL: errors, or err */
	char *text;        /* flattened, includes resolved; malloc'ed */
	struct conf_errors errors;
	char err[400]; /* a file could not be read; "" when errors tell */
	bool is_default;
	char over_path[CONF_PATH_MAX + 32]; /* of the overrides, "" when not known */
	char *file_text, *over_text;        /* as read; over_text NULL when there are none */
};

/* Loads; *out is to be freed in any case. False: it cannot be used, and out tells why. */
MUST_USE bool conf_load(const struct conf_load *want, struct conf_loaded *out);

/* The texts of a loaded configuration as conf/override.h takes them; borrowed from l. */
struct conf_source conf_loaded_source(const struct conf_load *want, const struct conf_loaded *l);

/* Frees all but what the caller took out and set to NULL. */
void conf_loaded_fini(struct conf_loaded *l);

#endif
