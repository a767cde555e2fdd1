/*
 * The phonebook: entries in the grammar of rrasd.conf, whose keys are the long options of rasdial.
 *
 *     entry office {
 *         host vpn.example.org
 *         user alice
 *     }
 *
 * The user's own file comes before the system's. What is wrong goes to standard error with file,
 * line and the nearest right spelling.
 */
#ifndef CMD_DIAL_BOOK_H
#define CMD_DIAL_BOOK_H

#include "cmd/dial_opts.h"

#define DIAL_BOOK_SYSTEM "/etc/openrras/phonebook.conf"

enum book_found { BOOK_NONE, BOOK_FOUND, BOOK_BAD };

/*
 * Takes the entry's settings into a. BOOK_NONE: no such entry in the files (one of a similar name
 * is mentioned); BOOK_BAD: a file or the entry cannot be used, as was printed.
 */
enum book_found dial_book_apply(const char *entry, struct dial_args *a);

/* Prints all entries. Returns the exit status. */
int dial_book_print(bool json);

/*
 * Puts an entry with the settings of a->given and the host (NULL: none) into the user's own file,
 * in place of one of that name; everything else in the file stays as it is. Returns the exit
 * status.
 */
int dial_book_save(const char *entry, const char *host, const struct dial_args *a);

/* --- pure parts, for tests --- */

struct conf_errors;

/* As dial_book_apply, from a text; what is wrong goes to errors. */
enum book_found dial_book_read(const char *file, struct view text, const char *entry,
    struct dial_args *a, struct conf_errors *errors);

/*
 * The text with the entry put in, malloc'ed; NULL when the text has errors of grammar, which go to
 * errors, or memory is out.
 */
char *dial_book_put(const char *file, struct view text, const char *entry, const char *host,
    const struct dial_args *a, struct conf_errors *errors);

#endif
