/* rrasd: the daemon. Arguments only; the work is roles/monitor.c, and roles/ for each role. */
#include "roles/host_run.h"
#include "roles/monitor.h"

#include "os/proc.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CONF "/etc/openrras/rrasd.conf"

static const char usage_text[] =
    "usage: rrasd [--config FILE] [--check] [--one-process]\n"
    "\n"
    "The OpenRRAS remote access server. It stays in the foreground; systemd or a shell holds it.\n"
    "\n"
    "  --config FILE    configuration (default " DEFAULT_CONF "; without that file\n"
    "                   embedded defaults: SSTP on port 443, a certificate of its own)\n"
    "  --check          check the configuration, print what is wrong, and exit\n"
    "  --one-process    all roles in one process without sandbox, for debugging\n"
    "  --version        print the version\n"
    "  --help           this text\n"
    "\n"
    "SIGHUP reloads the configuration, SIGTERM ends all sessions and stops.\n"
    "See rrasd(8), rrasd.conf(5), rrasctl(8).\n";

enum { OPT_CONFIG = 256, OPT_CHECK, OPT_ONE, OPT_ROLE, OPT_INDEX, OPT_VERSION, OPT_HELP };

static const struct option options[] = {
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "one-process", no_argument, NULL, OPT_ONE },
	{ "role", required_argument, NULL, OPT_ROLE },
	{ "index", required_argument, NULL, OPT_INDEX },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static const struct role_ops *
ops_by_name(const char *name)
{
	for (unsigned int r = 0; r < N_ROLE; r++)
		if (strcmp(role_name((enum role_id)r), name) == 0)
			return role_ops_of((enum role_id)r);
	return NULL;
}

int
main(int argc, char **argv)
{
	struct monitor_options opt = { .conf_path = DEFAULT_CONF, .default_path = true };
	const char *role = NULL;
	unsigned long index = 0;
	bool check = false;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case OPT_CONFIG:
			opt.conf_path = optarg;
			opt.default_path = false;
			break;
		case OPT_CHECK:
			check = true;
			break;
		case OPT_ONE:
			opt.one_process = true;
			break;
		case OPT_ROLE:
			role = optarg;
			break;
		case OPT_INDEX:
			index = strtoul(optarg, NULL, 10);
			break;
		case OPT_VERSION:
			printf("rrasd (OpenRRAS) %s\n", OPENRRAS_VERSION);
			return 0;
		case OPT_HELP:
		case 'h':
			fputs(usage_text, stdout);
			return 0;
		default:
			fputs(usage_text, stderr);
			return 1;
		}
	}
	if (optind != argc) {
		fputs(usage_text, stderr);
		return 1;
	}
	if (role) {
		const struct role_ops *ops = ops_by_name(role);
		return ops && index < WORKERS_MAX
		           ? role_main(ops, (unsigned int)index, PROC_CONTROL_FD)
		           : 1;
	}
	return check ? monitor_check(&opt) : monitor_main(&opt);
}
