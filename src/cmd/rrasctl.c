/*
 * rrasctl: looks into and steers the remote access server. This file holds the table of its
 * subcommands with their help, the global options and main; the work is in ctl_*.c.
 */
#include "base/text.h"
#include "cmd/ctl.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

struct subcommand {
	const char *name;
	int (*run)(struct ctl *c, int argc, char **argv);
	const char *brief;
	const char *help; /* usage lines and options */
};

static const struct subcommand subcommands[] = {
	{ "status", ctl_status, "what runs, and how it does",
	    "rrasctl status\n\n"
	    "Asks every process of the server. A process that does not answer within 2 seconds is\n"
	    "shown as silent, one that is not there as absent; then the exit status is 3.\n" },
	{ "sessions", ctl_sessions, "who is connected",
	    "rrasctl sessions [--user NAME] [--wide]\n\n"
	    "  --user NAME   only this user's\n"
	    "  --wide        more columns: device, method, packets, drops\n" },
	{ "disconnect", ctl_disconnect, "end sessions",
	    "rrasctl disconnect ID | --address A | --user NAME\n\n"
	    "  ID            the session's id as shown by sessions, or its first digits\n"
	    "  --address A   the session that has this inner address\n"
	    "  --user NAME   all sessions of this user\n" },
	{ "attempts", ctl_attempts, "connection attempts, kept also when they failed",
	    "rrasctl attempts [ID] [options]\n\n"
	    "  ID               one attempt with everything that was seen of it\n"
	    "  --failures       only those that failed\n"
	    "  --counted        ends too early to be kept singly: how many, from where, why\n"
	    "  --user NAME      of this user\n"
	    "  --error NUMBER   with this error number as Windows shows it, such as 691\n"
	    "  --cause NAME     with this cause, such as account.wrong-password\n"
	    "  --since DATE     begun at or after YYYY-MM-DD [HH:MM]\n"
	    "  --limit N        at most this many (50)\n\n"
	    "Without a running rrasd it reads history.db of the state directory.\n" },
	{ "diagnose", ctl_diagnose, "why an attempt failed and what to do",
	    "rrasctl diagnose [ID | PROBLEM | NUMBER] [options]\n\n"
	    "  ID               this attempt; without it the latest failure\n"
	    "  PROBLEM          one of the problem classes of --list, by its name\n"
	    "  NUMBER           an error number as Windows shows it, such as 691\n"
	    "  --user NAME      the latest failure of this user\n"
	    "  --error NUMBER   the latest with this error, and what the error means\n"
	    "  --list           the problem classes and all causes\n"
	    "  --explain CAUSE  what a cause means, without an attempt\n"
	    "  --trail          everything that was seen of the attempt\n"
	    "  --client         an attempt that rasdial made on this machine\n"
	    "  --probe HOST     tries the way to a server (name, TCP, TLS, SSTP); logs in nowhere\n"
	    "  --reach HOST     on the server: whether a host behind finds the way back to "
	    "clients\n"
	    "  --ca FILE        --probe: roots to trust in place of the system's\n"
	    "  --catalogue DIR  more texts (/usr/share/openrras/catalogue.d)\n\n"
	    "Works without a running rrasd, and on clients. Exit status: 0 explained or healthy,\n"
	    "3 a check found a problem, 4 nothing found.\n" },
	{ "check", ctl_check, "find what will go wrong before a user does",
	    "rrasctl check [TOPIC | CHECK]... [--list]\n\n"
	    "Looks at certificate, address pools, routes, forwarding, ports and packet filters;\n"
	    "--list names the topics and checks. Exit status 3 when something is wrong.\n" },
	{ "listeners", ctl_listeners, "which ports are listened on, by whom",
	    "rrasctl listeners [--all]\n\n"
	    "Names every enabled tunnel type whose listener is missing.\n\n"
	    "  --all   every socket of this host\n" },
	{ "user", ctl_user, "accounts",
	    "rrasctl user add NAME [options]\n"
	    "rrasctl user set NAME [options]\n"
	    "rrasctl user passwd NAME [--password-file F] [--must-change]\n"
	    "rrasctl user import FILE.csv [import options] [options]\n"
	    "rrasctl user import --chap-secrets FILE [--server NAME] [import options] [options]\n"
	    "rrasctl user unlock NAME | --network ADDRESS\n"
	    "rrasctl user lockouts\n"
	    "rrasctl user del NAME\n"
	    "rrasctl user show NAME\n"
	    "rrasctl user list\n\n"
	    "  --password-file F       the password is the first line of F (- is standard input);\n"
	    "                          without it add asks twice on the terminal\n"
	    "  --password              set: ask for a new password\n"
	    "  --no-password           add: without one (nobody can log in until it is set)\n"
	    "  --reversible            keep the password so that CHAP can use it as well\n"
	    "  --no-reversible         set: forget that copy\n"
	    "  --disabled, --enabled   whether the account may be used\n"
	    "  --locked, --unlocked    the account's own lock\n"
	    "  --expires DATE|never    usable until YYYY-MM-DD [HH:MM]\n"
	    "  --hours TEXT            logon hours: \"Mo-Fr 08:00-18:00, Sa 09:00-12:00\", always\n"
	    "                          or never, in the server's local time\n"
	    "  --password-expires DATE|never   the password serves until then (never: until\n"
	    "                          password-age of the configuration ends it)\n"
	    "  --must-change, --no-must-change   the password is to be changed at the next log-in\n"
	    "  --dialin allow|deny|policy   the account's own permission (policy)\n"
	    "  --group G               member of G; repeat for more. set: replaces all\n"
	    "  --no-groups             set: member of none\n"
	    "  --address A|none        always this address\n"
	    "  --route PREFIX          what lies behind the client; repeat for more. set: replaces "
	    "all\n"
	    "  --no-routes             set: nothing lies behind it\n"
	    "  --caller-id TEXT        may only call from there\n\n"
	    "import reads CSV whose first line names the columns: name, password and options as\n"
	    "above without --, with yes or no where an option takes no value, and semicolons\n"
	    "between groups or routes. Options given are for rows that do not say otherwise.\n"
	    "Nothing is imported when a row is wrong. FILE may be - for standard input.\n\n"
	    "  --dry-run               only say what would be done\n"
	    "  --update                change accounts that are there already\n"
	    "  --skip-bad              leave out rows that are wrong\n"
	    "  --chap-secrets FILE     pppd's file; the first address becomes the account's own.\n"
	    "                          --reversible keeps the secrets so that CHAP can use them\n"
	    "  --server NAME           of it only the entries for this server, or for any (*)\n" },
	{ "group", ctl_group, "groups of accounts, which policies name",
	    "rrasctl group add GROUP\n"
	    "rrasctl group del GROUP\n"
	    "rrasctl group list\n"
	    "rrasctl group member GROUP USER [--remove]\n" },
	{ "policy", ctl_policy, "the network policies, and what they would decide",
	    "rrasctl policy list\n"
	    "rrasctl policy explain --user U [--tunnel T] [--client A] [--method M]\n"
	    "                       [--server A] [--at TIME] [--group G]...\n"
	    "rrasctl policy explain ATTEMPT\n\n"
	    "Every policy in order with each of its conditions, and the decision: for somebody "
	    "who\n"
	    "might dial, or for an attempt, by the policies and the account of that time.\n\n"
	    "  --user U     who asks, as typed at log-in\n"
	    "  --tunnel T   sstp (the default), pptp, l2tp, ikev2\n"
	    "  --client A   the caller's outer address\n"
	    "  --server A   the address of the server that is called\n"
	    "  --at TIME    YYYY-MM-DD HH:MM of the server's local time (now)\n"
	    "  --group G    as if the account were in this group too\n"
	    "  --method M   mschapv2 (the default), mschap, chap, pap, eap\n\n"
	    "list reads the configuration file and needs no running rrasd.\n" },
	{ "pools", ctl_pools, "how full the address pools are, and which addresses others use",
	    "rrasctl pools\n" },
	{ "why-accepted", ctl_why_accepted,
	    "which policy accepted an attempt, and what would change it",
	    "rrasctl why-accepted [ATTEMPT | --user NAME]\n\n"
	    "The accepting policy, the account's permission and the policy's, what would have to "
	    "be\n"
	    "changed to refuse it, and why policies that deny did not. Without ATTEMPT: the "
	    "latest.\n" },
	{ "why-rejected", ctl_why_rejected,
	    "which policy rejected an attempt, and what would change it",
	    "rrasctl why-rejected [ATTEMPT | --user NAME]\n\n"
	    "The rejecting policy or the condition that failed, and what would have to be "
	    "changed.\n"
	    "Without ATTEMPT: the latest that policies rejected.\n" },
	{ "ports", ctl_ports, "how many connections of each type are allowed and in use",
	    "rrasctl ports\n"
	    "rrasctl ports set TUNNEL N\n\n"
	    "Limit, sessions, free ports and refused calls of each type. set changes the limit at\n"
	    "once and for good, as \"rrasctl set TUNNEL.ports N\" does; 0 closes the type, and "
	    "nobody\n"
	    "who is connected is ended.\n" },
	{ "reload", ctl_reload, "load the configuration anew",
	    "rrasctl reload\n\n"
	    "Answers with the number of the generation that is in force, or with what is wrong "
	    "and\n"
	    "where; then nothing has changed. Sessions go on.\n" },
	{ "log", ctl_log, "what happened lately, and what happens",
	    "rrasctl log [--follow] [--events] [--user NAME] [--cause NAME] [--limit N]\n\n"
	    "Events of the server and attempts, the last ones since its record process runs.\n\n"
	    "  --follow       goes on until interrupted; with --json an object a line\n"
	    "  --events       without attempts\n"
	    "  --user NAME    only attempts of this user\n"
	    "  --cause NAME   only attempts that ended with this cause\n"
	    "  --limit N      at most this many of what has been (50)\n\n"
	    "Older ones: rrasctl attempts, journalctl -u openrras.\n" },
	{ "set", ctl_set, "change a setting at once and for good",
	    "rrasctl set KEY VALUE...\n"
	    "rrasctl set --unset KEY\n\n"
	    "KEY is BLOCK.SETTING (sstp.ports), BLOCK.NAME.SETTING (pool.office.range), or a "
	    "setting\n"
	    "outside of blocks (dns); \"rrasctl config keys\" lists them. Kept in overrides.conf "
	    "of "
	    "the\n"
	    "state directory, which is read after the configuration file; checked before it is "
	    "written,\n"
	    "and loaded at once. Needs root.\n" },
	{ "pki", ctl_pki, "make a certification authority and certificates",
	    "rrasctl pki init DIR [--name NAME] [--days N] [--force]\n"
	    "rrasctl pki issue DIR --name N [--san NAME|ADDRESS]... [--client] [--rsa]\n"
	    "                  [--days N] [--force]\n\n"
	    "init makes DIR/ca.pem and DIR/ca.key. issue makes DIR/N.pem (certificate and chain)\n"
	    "and DIR/N.key for the server name N. Keys have mode 0600. Existing files stay unless\n"
	    "--force is given.\n\n"
	    "  --san X     a further DNS name or IP address\n"
	    "  --client    for a client rather than a server\n"
	    "  --rsa       an RSA key rather than ECDSA, for old clients\n"
	    "  --days N    valid this long (CA 3650, others 825)\n" },
	{ "config", ctl_config, "check a configuration file, and what overrides it",
	    "rrasctl config check [FILE]\n"
	    "rrasctl config diff\n"
	    "rrasctl config keys\n"
	    "rrasctl config import FILE\n\n"
	    "check: without FILE it checks that of --config. diff: what \"rrasctl set\" has "
	    "changed,\n"
	    "beside what the file says. keys: all settings, what they take and their defaults.\n"
	    "import: what an exported registry (.reg) of a Windows server has settings for "
	    "here.\n" },
};

#define N_SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static const struct subcommand *
subcommand_by_name(const char *name)
{
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		if (strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
	return NULL;
}

static void
print_help(FILE *f)
{
	fputs("rrasctl: looks into and steers the OpenRRAS remote access server\n\n"
	      "rrasctl [options] COMMAND ...\n\n",
	    f);
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		fprintf(f, "  %-12s %s\n", subcommands[i].name, subcommands[i].brief);
	fputs("\n"
	      "  --json           JSON for programs\n"
	      "  --socket PATH    the daemon's control socket (/run/openrras/control.sock)\n"
	      "  --state DIR      its state directory (/var/lib/openrras)\n"
	      "  --config FILE    its configuration (/etc/openrras/rrasd.conf)\n"
	      "  --version\n\n"
	      "rrasctl COMMAND --help explains a command; rrasctl diagnose --list names the usual\n"
	      "problems. Exit status: 0 done, 1 usage, 2 rrasd does not run, 3 failed,\n"
	      "4 not found.\n",
	    f);
}

static int
no_such_command(const char *name)
{
	unsigned int best = 3;
	const char *near = NULL;
	char text[200];

	for (size_t i = 0; i < N_SUBCOMMANDS; i++) {
		unsigned int d = text_distance(view_str(name), view_str(subcommands[i].name), best);
		if (d < best) {
			best = d;
			near = subcommands[i].name;
		}
	}
	fprintf(stderr, "rrasctl: there is no command \"%s\"%s%s%s. See: rrasctl help\n",
	    text_escape(view_str(name), text, sizeof(text)), near ? "; did you mean " : "",
	    near ? near : "", near ? "?" : "");
	return CTL_USAGE;
}

static int
help_on(const char *name)
{
	const struct subcommand *s = name ? subcommand_by_name(name) : NULL;

	if (name && !s)
		return no_such_command(name);
	if (s)
		printf("%s: %s\n\n%s", s->name, s->brief, s->help);
	else
		print_help(stdout);
	return CTL_OK;
}

/*
 * Takes the global options out of argv, wherever they stand, so that "rrasctl sessions --json"
 * works as well. Returns the new argc, -1 on a missing value.
 */
static int
take_globals(struct ctl *c, int argc, char **argv, bool *help)
{
	struct {
		const char *name;
		const char **at;
	} const texts[] = { { "--socket", &c->socket }, { "--state", &c->state },
		{ "--config", &c->conf } };
	int n = 1;

	for (int i = 1; i < argc; i++) {
		size_t k = 0, len = strcspn(argv[i], "=");
		if (strcmp(argv[i], "--") == 0) {
			while (i < argc)
				argv[n++] = argv[i++];
			break;
		}
		if (strcmp(argv[i], "--json") == 0) {
			c->json = true;
			continue;
		}
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			*help = true;
			continue;
		}
		while (k < 3 &&
		       (strlen(texts[k].name) != len || strncmp(texts[k].name, argv[i], len) != 0))
			k++;
		if (k == 3) {
			argv[n++] = argv[i];
			continue;
		}
		if (argv[i][len])
			*texts[k].at = argv[i] + len + 1;
		else if (i + 1 < argc)
			*texts[k].at = argv[++i];
		else
			return -1;
	}
	return n;
}

int
main(int argc, char **argv)
{
	struct ctl c = { .socket = "/run/openrras/control.sock",
		.state = "/var/lib/openrras",
		.conf = "/etc/openrras/rrasd.conf",
		.cmd = "" };
	bool help = false;
	int n = take_globals(&c, argc, argv, &help);

	setlocale(LC_ALL, "");
	if (n < 0) {
		fprintf(stderr, "rrasctl: --socket, --state and --config take a value\n");
		return CTL_USAGE;
	}
	if (n > 1 && strcmp(argv[1], "--version") == 0) {
		printf("rrasctl %s\n", OPENRRAS_VERSION);
		return CTL_OK;
	}
	if (n > 1 && strcmp(argv[1], "help") == 0)
		return help_on(n > 2 ? argv[2] : NULL);
	if (help)
		return help_on(n > 1 ? argv[1] : NULL);
	if (n < 2) {
		print_help(stderr);
		return CTL_USAGE;
	}
	const struct subcommand *s = subcommand_by_name(argv[1]);
	if (!s)
		return no_such_command(argv[1]);
	c.cmd = s->name;
	int status = s->run(&c, n - 1, argv + 1);
	if (fflush(stdout) != 0 && status == CTL_OK)
		status = CTL_FAILED;
	return status;
}
