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

void ctl_user_print_one(const json_t *user);
void ctl_user_print_all(const json_t *rows);

#endif
