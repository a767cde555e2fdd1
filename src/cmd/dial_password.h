/* Where rasdial gets passwords from: files and the terminal. Complaints go to standard error. */
#ifndef CMD_DIAL_PASSWORD_H
#define CMD_DIAL_PASSWORD_H

#include "base/must.h"
#include "base/secret.h"

/*
 * The first line of a file, "-" for standard input. Complains about a file that everybody can read,
 * and with strict refuses it.
 */
MUST_USE bool dial_password_read(const char *path, bool strict, struct secret *out);

/* Asks for user's password without showing it. */
MUST_USE bool dial_password_ask(const char *user, struct secret *out);

/* Asks twice for a new one. False when they differ as well. */
MUST_USE bool dial_password_ask_new(const char *user, struct secret *out);

/* Whether there is a terminal to ask. */
MUST_USE bool dial_password_terminal(void);

#endif
