/*
 * rasdial: a client. Arguments, prompts, what is printed, exit status; the call itself is
 * roles/dial.h. It returns when the connection is up (--foreground stays); a process of its own
 * then holds it until `rasdial --disconnect`.
 */
#include "cmd/dial_password.h"
#include "cmd/dial_print.h"
#include "cmd/dial_state.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define EXIT_USAGE 1
#define EXIT_NO_CONNECTION 2
#define DISCONNECT_MS 10000u

static const char usage_text[] =
    "usage: rasdial HOST --user USER [options]     connect\n"
    "       rasdial                                list connections\n"
    "       rasdial --disconnect NAME              end one\n"
    "\n"
    "  --tunnel sstp         tunnel type (this version has sstp)\n"
    "  --user USER           user name; DOMAIN\\user and user@realm are understood\n"
    "  --password-file FILE  first line is the password; - is standard input. Else it is asked "
    "for\n"
    "  --new-password-file FILE  the new password, should the server say that the old one has\n"
    "                        expired; without it the terminal is asked then\n"
    "  --change-password     ask for the new password beforehand\n"
    "  --ca FILE             trust the roots in this PEM file instead of the system's\n"
    "  --port N              TCP port (443)\n"
    "  --auth LIST           methods to use, e.g. mschapv2,chap,pap (default mschapv2)\n"
    "  --name-encoding E     of letters beyond ASCII in the user name: unicode (UTF-8, the "
    "default),\n"
    "                        ansi (Windows-1252), windows (as Windows does: ansi but in EAP)\n"
    "  --route PREFIX        send this network through the tunnel; may be repeated\n"
    "  --behind PREFIX       a network behind this host, which the server routes here; may be\n"
    "                        repeated\n"
    "  --default-route       send everything through the tunnel\n"
    "  --dns                 use the server's DNS on the device (resolvectl)\n"
    "  --name NAME           name of the connection (default HOST)\n"
    "  --device NAME         name of the TUN device (default ras%d)\n"
    "  --timeout SECONDS     for TCP to connect (15)\n"
    "  --no-offload          one packet at a time over the TUN device\n"
    "  --foreground          stay; ctrl-C disconnects\n"
    "  --json                one JSON document instead of text\n"
    "\n"
    "Exit status: 0 connected; 1 usage; 2 no such connection; 10 server unreachable; 20 "
    "credentials;\n"
    "30 account; 40 policy; 50 certificate; 60 encryption; 70 addresses; 80 server; 90 internal.\n"
    "A failure prints the RAS error number, the cause, the evidence and the fix; see rasdial(1).\n";

enum {
	OPT_TUNNEL = 256,
	OPT_USER,
	OPT_PASSWORD,
	OPT_NEW_PASSWORD,
	OPT_CHANGE,
	OPT_CA,
	OPT_PORT,
	OPT_AUTH,
	OPT_NAMES,
	OPT_ROUTE,
	OPT_BEHIND,
	OPT_DEFAULT,
	OPT_DNS,
	OPT_NAME,
	OPT_DEVICE,
	OPT_TIMEOUT,
	OPT_FOREGROUND,
	OPT_NO_OFFLOAD,
	OPT_JSON,
	OPT_DISCONNECT,
	OPT_VERSION,
	OPT_HELP,
};

static const struct option options[] = {
	{ "tunnel", required_argument, NULL, OPT_TUNNEL },
	{ "user", required_argument, NULL, OPT_USER },
	{ "password-file", required_argument, NULL, OPT_PASSWORD },
	{ "new-password-file", required_argument, NULL, OPT_NEW_PASSWORD },
	{ "change-password", no_argument, NULL, OPT_CHANGE },
	{ "ca", required_argument, NULL, OPT_CA },
	{ "port", required_argument, NULL, OPT_PORT },
	{ "auth", required_argument, NULL, OPT_AUTH },
	{ "name-encoding", required_argument, NULL, OPT_NAMES },
	{ "route", required_argument, NULL, OPT_ROUTE },
	{ "behind", required_argument, NULL, OPT_BEHIND },
	{ "default-route", no_argument, NULL, OPT_DEFAULT },
	{ "dns", no_argument, NULL, OPT_DNS },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "foreground", no_argument, NULL, OPT_FOREGROUND },
	{ "no-offload", no_argument, NULL, OPT_NO_OFFLOAD },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "disconnect", required_argument, NULL, OPT_DISCONNECT },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

/* What the command line asked for, and the state of the call. */
struct rasdial {
	struct dial_options dial;
	const char *password_file, *new_password_file, *disconnect;
	bool change;  /* ask for the new password beforehand */
	bool expired; /* the server wants a new password (E=648) */
	bool foreground, json;
	int state_fd;         /* holds the name */
	int64_t since_unix_s; /* the call is up; 0: not yet */
	int front_fd; /* where the waiting process reads the exit status; -1 in the foreground */
	struct dial_print print;
};

static int
usage_error(const char *what, const char *value)
{
	fprintf(stderr, "rasdial: %s%s%s\nTry `rasdial --help`.\n", what, value ? ": " : "",
	    value ? value : "");
	return EXIT_USAGE;
}

/* A whole number within bounds; false when s is anything else. */
static bool
parse_number(const char *s, unsigned long most, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(s, &end, 10);
	return *s >= '0' && *s <= '9' && *end == 0 && errno == 0 && *out > 0 && *out <= most;
}

static bool
parse_methods(const char *list, unsigned int *mask)
{
	struct view v = view_str(list);

	*mask = 0;
	while (v.n) {
		size_t n = 0;
		while (n < v.n && v.p[n] != ',' && v.p[n] != ' ')
			n++;
		enum auth_method m = auth_method_by_name(view_of(v.p, n));
		if (m != AUTH_PAP && m != AUTH_CHAP && m != AUTH_MSCHAPV2)
			return false;
		*mask |= AUTH_BIT(m);
		v = view_of(v.p + n, v.n - n);
		if (v.n)
			v = view_of(v.p + 1, v.n - 1);
	}
	return *mask != 0;
}

/* A name becomes a file name: letters, digits and a few signs. */
static bool
good_name(const char *s)
{
	return *s && *s != '.' && strlen(s) < 64 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:@") ==
	           strlen(s);
}

/* Takes one option. 0, or the exit status after a complaint. */
static int
take_option(struct rasdial *r, int c)
{
	struct dial_options *d = &r->dial;
	unsigned long n;

	switch (c) {
	case OPT_TUNNEL:
		return strcmp(optarg, "sstp") == 0
		           ? 0
		           : usage_error("no such tunnel type here (there is: sstp)", optarg);
	case OPT_USER:
		if (strlen(optarg) > NAME_MAX_BYTES)
			return usage_error("the user name is too long", NULL);
		snprintf(d->user, sizeof(d->user), "%s", optarg);
		return 0;
	case OPT_PASSWORD:
		r->password_file = optarg;
		return 0;
	case OPT_NEW_PASSWORD:
		r->new_password_file = optarg;
		return 0;
	case OPT_CHANGE:
		r->change = true;
		return 0;
	case OPT_CA:
		d->ca_file = optarg;
		return access(optarg, R_OK) == 0 ? 0
		                                 : usage_error("cannot read the CA file", optarg);
	case OPT_PORT:
		if (!parse_number(optarg, 65535, &n))
			return usage_error("not a port", optarg);
		d->port = (uint16_t)n;
		return 0;
	case OPT_TIMEOUT:
		if (!parse_number(optarg, 3600, &n))
			return usage_error("not a number of seconds", optarg);
		d->connect_ms = (uint32_t)n * 1000;
		return 0;
	case OPT_AUTH:
		return parse_methods(optarg, &d->method_mask)
		           ? 0
		           : usage_error("not a list of mschapv2, chap, pap", optarg);
	case OPT_NAMES:
		return name_encoding_parse(optarg, &d->names)
		           ? 0
		           : usage_error("not an encoding (unicode, ansi, windows)", optarg);
	case OPT_ROUTE:
		if (d->n_routes == DIAL_ROUTES_MAX ||
		    !ip_prefix_parse(view_str(optarg), &d->routes[d->n_routes]))
			return usage_error("not a network such as 10.0.0.0/8", optarg);
		d->n_routes++;
		return 0;
	case OPT_BEHIND:
		if (d->n_behind == DIAL_ROUTES_MAX ||
		    !ip_prefix_parse(view_str(optarg), &d->behind[d->n_behind]))
			return usage_error("not a network such as 10.0.0.0/8", optarg);
		d->n_behind++;
		return 0;
	case OPT_NAME:
		snprintf(d->name, sizeof(d->name), "%s", optarg);
		return good_name(optarg) ? 0 : usage_error("not a name for a connection", optarg);
	case OPT_DEVICE:
		snprintf(d->device, sizeof(d->device), "%s", optarg);
		return strlen(optarg) < sizeof(d->device)
		           ? 0
		           : usage_error("device name too long", optarg);
	case OPT_DISCONNECT:
		r->disconnect = optarg;
		return good_name(optarg) ? 0 : usage_error("not a name of a connection", optarg);
	case OPT_DEFAULT:
		d->default_route = true;
		return 0;
	case OPT_DNS:
		d->set_dns = true;
		return 0;
	case OPT_FOREGROUND:
		r->foreground = true;
		return 0;
	case OPT_NO_OFFLOAD:
		d->no_offload = true;
		return 0;
	case OPT_JSON:
		r->json = true;
		return 0;
	default:
		return usage_error("unknown option", NULL);
	}
}

static void
on_say(void *ctx, const char *line)
{
	struct rasdial *r = ctx;

	if (!r->json && r->front_fd != -2) {
		puts(line);
		fflush(stdout);
	}
}

/* Gives the waiting process its exit status and lets go of the terminal. */
static void
release_front(struct rasdial *r, uint8_t status)
{
	uint8_t word[2] = { status, r->expired };
	int null;

	fflush(NULL);
	if (r->front_fd < 0)
		return;
	(void)!write(r->front_fd, word, sizeof(word));
	close(r->front_fd);
	r->front_fd = -2;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		(void)dup2(null, fd);
}

static void
routes_text(const struct dial_result *res, char *out, size_t cap)
{
	struct wr w = wr_over(out, cap - 1);

	for (unsigned int i = 0; i < res->n_server_routes && wr_room(&w) > ADDR_TEXT_MAX + 8; i++) {
		const struct ip_prefix *p = &res->server_routes[i];
		char text[ADDR_TEXT_MAX];
		wr_fmt(&w, "%s%s/%u", i ? " " : "", ip_text(&p->addr, text), p->len);
	}
	out[wr_len(&w)] = 0;
}

static void
on_up(void *ctx, const struct dial_result *res)
{
	struct rasdial *r = ctx;
	struct dial_state s = { .pid = getpid() };

	/* Called again when something about the call changes. */
	bool first = r->since_unix_s == 0;
	if (first)
		r->since_unix_s = (int64_t)time(NULL);
	s.since_unix_s = r->since_unix_s;

	snprintf(s.name, sizeof(s.name), "%s", r->dial.name);
	snprintf(s.host, sizeof(s.host), "%s", r->dial.host);
	snprintf(s.user, sizeof(s.user), "%s", r->dial.user);
	snprintf(s.device, sizeof(s.device), "%s", res->device);
	ip_text(&res->local, s.local);
	ip_text(&res->remote, s.remote);
	ip_text(&res->dns[0], s.dns);
	ip_text(&res->local6, s.local6);
	snprintf(s.suffix, sizeof(s.suffix), "%s", res->suffix);
	routes_text(res, s.routes, sizeof(s.routes));
	if (dial_state_write(r->state_fd, &s) < 0)
		fprintf(stderr, "rasdial: the connection is up but cannot be listed\n");
	if (first)
		dial_print_up(&r->print, &s);
	release_front(r, 0);
}

/* The process that holds the call. Returns the exit status. */
static int
hold(struct rasdial *r)
{
	struct dial_result res;
	enum cause_class class_;
	int status;

	if (r->front_fd >= 0)
		(void)setsid();
	r->state_fd = dial_state_claim(r->dial.name);
	if (r->state_fd == -EBUSY) {
		fprintf(stderr,
		    "rasdial: a connection named %s is up already: end it with `rasdial "
		    "--disconnect "
		    "%s` or choose another --name\n",
		    r->dial.name, r->dial.name);
		release_front(r, EXIT_USAGE);
		return EXIT_USAGE;
	}
	if (r->state_fd < 0) {
		fprintf(stderr, "rasdial: %s: %s\n", DIAL_STATE_DIR, strerror(-r->state_fd));
		release_front(r, CLASS_INTERNAL);
		return CLASS_INTERNAL;
	}
	dial_hold(&r->dial, on_say, on_up, r, &res);
	dial_state_release(r->state_fd, r->dial.name);
	dial_print_store(&res.record);
	class_ = cause_info(res.record.cause)->class_;
	status = class_;
	r->expired = res.record.cause == CAUSE_PASSWORD_EXPIRED;
	if (res.record.stage == STAGE_UP && class_ == CLASS_OK)
		on_say(r, "Disconnected.");
	else
		dial_print_failure(&r->print, &res.record);
	dial_result_fini(&res);
	release_front(r, (uint8_t)status);
	return status;
}

static pid_t holder; /* who a signal is passed on to */

static void
pass_on(int signo)
{
	(void)kill(holder, signo);
}

/*
 * The holder has left the terminal's session: without this, ctrl-C would end the waiting only and
 * the call would come about behind the user's back. A second one ends the waiting.
 */
static void
pass_signals_on(void)
{
	struct sigaction sa = { .sa_handler = pass_on,
		.sa_flags = (int)(SA_RESTART | SA_RESETHAND) };

	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGHUP, &sa, NULL);
}

static void
stop_passing_on(void)
{
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
}

/* Starts the holder and waits for its word that the call is up, or why not. */
static int
dial_and_return(struct rasdial *r)
{
	int pipefd[2];
	uint8_t word[2] = { CLASS_INTERNAL, 0 };
	sigset_t all, before;

	if (pipe2(pipefd, O_CLOEXEC) < 0) {
		perror("rasdial: pipe");
		return CLASS_INTERNAL;
	}
	fflush(NULL);
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	holder = fork();
	if (holder == 0) {
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		close(pipefd[0]);
		r->front_fd = pipefd[1];
		_exit(hold(r));
	}
	if (holder > 0)
		pass_signals_on();
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	close(pipefd[1]);
	if (holder < 0 || read(pipefd[0], word, sizeof(word)) != (ssize_t)sizeof(word))
		fprintf(stderr, "rasdial: the process that holds the call ended unexpectedly\n");
	close(pipefd[0]);
	stop_passing_on(); /* it is over, or on its own: what is asked now is this process's */
	r->expired = word[1];
	return word[0];
}

/* The name has to be writable in the encoding that was asked for. */
static bool
name_fits(const struct dial_options *d)
{
	uint8_t buf[NAME_MAX_BYTES];
	struct wr w = wr_over(buf, sizeof(buf));

	return name_write(d->names, view_str(d->user), &w);
}

static bool
get_passwords(struct rasdial *r)
{
	struct dial_options *d = &r->dial;

	if (r->password_file ? !dial_password_read(r->password_file, &d->password)
			     : !dial_password_ask(d->user, &d->password))
		return false;
	if (r->new_password_file)
		return dial_password_read(r->new_password_file, &d->new_password);
	return !r->change || dial_password_ask_new(d->user, &d->new_password);
}

/* Calls; and again with a new password when the old one has expired and somebody can be asked. */
static int
call(struct rasdial *r)
{
	struct dial_options *d = &r->dial;
	struct secret old = d->password;
	bool ask = d->new_password.n == 0 && !r->json;
	int status = r->foreground ? hold(r) : dial_and_return(r);

	if (r->expired && ask && dial_password_terminal() &&
	    dial_password_ask_new(d->user, &d->new_password)) {
		d->password = old;
		status = r->foreground ? hold(r) : dial_and_return(r);
	}
	secret_wipe(&old);
	return status;
}

static int
dial(struct rasdial *r, const char *host)
{
	struct dial_options *d = &r->dial;

	if (strlen(host) >= sizeof(d->host) || !*host)
		return usage_error("not a host name or address", host);
	snprintf(d->host, sizeof(d->host), "%s", host);
	if (!d->user[0])
		return usage_error("--user is missing", NULL);
	if (!name_fits(d))
		return usage_error(
		    "the user name cannot be written in this --name-encoding", d->user);
	if (!d->name[0]) {
		snprintf(d->name, sizeof(d->name), "%.63s", host);
		if (!good_name(d->name))
			return usage_error("give the connection a --name", NULL);
	}
	if (geteuid() != 0)
		return usage_error("must be run as root: it makes a tunnel device", NULL);
	/* No core dump and no debugger while the password is here. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	int status = get_passwords(r) ? call(r) : EXIT_USAGE;
	secret_wipe(&d->password);
	secret_wipe(&d->new_password);
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return status;
}

static int
disconnect(struct rasdial *r)
{
	struct dial_state s;

	if (!dial_state_find(r->disconnect, &s)) {
		fprintf(stderr, "rasdial: no connection named %s\n", r->disconnect);
		return EXIT_NO_CONNECTION;
	}
	if (kill(s.pid, SIGTERM) < 0) {
		fprintf(stderr, "rasdial: cannot end it: %s\n", strerror(errno));
		return CLASS_INTERNAL;
	}
	if (!dial_state_wait_gone(r->disconnect, DISCONNECT_MS)) {
		fprintf(stderr, "rasdial: it does not end\n");
		return CLASS_INTERNAL;
	}
	dial_print_gone(&r->print, &s);
	return 0;
}

int
main(int argc, char **argv)
{
	static struct rasdial r = { .front_fd = -1, .state_fd = -1 };
	int c, status = 0;

	r.dial.port = 443;
	r.dial.method_mask = AUTH_BIT(AUTH_MSCHAPV2);
	r.dial.connect_ms = 15000;
	snprintf(r.dial.device, sizeof(r.dial.device), "ras%%d");
	while (status == 0 && (c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == OPT_HELP || c == 'h') {
			fputs(usage_text, stdout);
			return 0;
		}
		if (c == OPT_VERSION) {
			printf("rasdial (OpenRRAS) %s\n", OPENRRAS_VERSION);
			return 0;
		}
		status = take_option(&r, c);
	}
	if (status)
		return status;
	r.print = (struct dial_print){ .json = r.json };
	if (r.disconnect)
		return optind == argc ? disconnect(&r) : usage_error("too many arguments", NULL);
	if (optind == argc)
		return dial_print_list(&r.print);
	if (optind + 1 != argc)
		return usage_error("too many arguments", argv[optind + 1]);
	return dial(&r, argv[optind]);
}
