/* Asking for a password: one line, not shown, in a terminal that is left as it was. */
#ifndef CMD_TTY_H
#define CMD_TTY_H

#include "base/must.h"
#include "base/secret.h"

/*
 * One line of at most SECRET_MAX bytes from fd, its end cut off. Byte by byte, so that no library
 * buffer keeps a copy. 0 or -errno; -ENODATA: nothing there; -E2BIG.
 */
MUST_USE int tty_read_line(int fd, struct secret *out);

/*
 * Prints "WHAT USER: " on the terminal and reads the answer without showing it. 0, or -errno as
 * tty_read_line; -EINTR: SIGINT or SIGTERM came.
 */
MUST_USE int tty_ask(const char *what, const char *user, struct secret *out);

/* What -errno of the above means, for "no password: ...". */
const char *tty_why(int error);

#endif
