/* Reading the configuration file in a command, with its errors printed. */
#ifndef CMD_CTL_CONFIG_H
#define CMD_CTL_CONFIG_H

#include "cmd/ctl.h"
#include "roles/conf_load.h"

/*
 * The configuration of path; the defaults when the file is missing and may_miss. NULL after
 * printing the errors, with the exit status.
 */
struct conf *ctl_conf_load(const struct ctl *c, const char *path, bool may_miss, int *status);

/* Prints what is wrong with a configuration; CTL_FAILED. */
int ctl_conf_complain(const struct ctl *c, const struct conf_loaded *l);

#endif
