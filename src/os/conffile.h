/*
 * Files of the configuration, in the form that conf/ asks for them (conf_read_fn): one file's text,
 * or for a pattern the list of the files that match. Checks nothing of their content but for zero
 * bytes, which a text cannot have.
 */
#ifndef OS_CONFFILE_H
#define OS_CONFFILE_H

#include <stddef.h>

#define CONFFILE_MAX (4u << 20)

/*
 * The text of the file, malloc'ed; for a path with *, ? or [ a text of one line `include "PATH"` a
 * match, sorted, none being an empty text. NULL with a reason in err. ctx is not looked at.
 */
char *conffile_read(void *ctx, const char *path, char *err, size_t cap);

/*
 * As conffile_read, for a daemon's includes: refuses a file that does not belong to root or to who
 * runs us, or that others may write. Attack U07.
 */
char *conffile_read_strict(void *ctx, const char *path, char *err, size_t cap);

#endif
