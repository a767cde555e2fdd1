/* Getting a password from the administrator: typed twice, or from a file. */
#ifndef CMD_CTL_PASSWORD_H
#define CMD_CTL_PASSWORD_H

#include "base/must.h"
#include "base/secret.h"

/* The first line of a file, "-" for standard input. False with err. */
MUST_USE bool ctl_password_read(const char *path, struct secret *out, char *err, size_t cap);

/* Asks twice on the terminal without showing it. False with err. */
MUST_USE bool ctl_password_prompt(const char *user, struct secret *out, char *err, size_t cap);

/* From now on JSON gives no memory back that it has not wiped. */
void ctl_wipe_json(void);

#endif
