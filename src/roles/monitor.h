/*
 * monitor: the parent of all roles. It checks the configuration, opens what needs privileges, and
 * starts, connects, restarts and stops the roles. It reads no byte of a peer and no key.
 */
#ifndef ROLES_MONITOR_H
#define ROLES_MONITOR_H

#include <stdbool.h>

struct monitor_options {
	const char *conf_path; /* the file; must exist unless it is the default path */
	bool default_path;
	bool one_process;
};

/* Runs until SIGTERM or SIGINT. Returns the exit status of rrasd. */
int monitor_main(const struct monitor_options *opt);

/* Checks the configuration and prints what is wrong (rrasd --check). 0 or 1. */
int monitor_check(const struct monitor_options *opt);

#endif
