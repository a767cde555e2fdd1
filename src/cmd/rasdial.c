/*
 * rasdial: a client. What the command line and the phonebook ask for, the process that holds a
 * call, exit status; the call itself is roles/dial.h. It returns when the connection is up
 * (--foreground stays); a process of its own then holds it until `rasdial --disconnect`.
 */
#include "cmd/dial_book.h"
#include "cmd/dial_opts.h"
#include "cmd/dial_password.h"
#include "cmd/dial_print.h"
#include "cmd/dial_state.h"
#include "os/file.h"
#include "roles/dial_undo.h"

#include <errno.h>
#include <fcntl.h>
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

static const char usage_head[] =
    "usage: rasdial HOST --user USER [options]     connect\n"
    "       rasdial ENTRY [options]                the same, as the phonebook says\n"
    "       rasdial                                list connections\n"
    "       rasdial --status NAME                  all about one\n"
    "       rasdial --disconnect NAME              end one\n"
    "       rasdial --list                         list the phonebook\n"
    "       rasdial --save ENTRY HOST [options]    keep it there\n"
    "       rasdial --cleanup                      after a crash\n"
    "\n";

static const char usage_tail[] =
    "  --version, --help\n"
    "\n"
    "Exit status: 0 connected; 1 usage; 2 no such connection; 10 server unreachable; 20 "
    "credentials;\n"
    "30 account; 40 policy; 50 certificate; 60 encryption; 70 addresses; 80 server; 90 internal.\n"
    "A failure prints the RAS error number, the cause, the evidence and the fix; see rasdial(1).\n";

/* What was asked for, and the state of the call. */
struct rasdial {
	struct dial_args args;
	bool expired;         /* the server wants a new password (E=648) */
	int state_fd;         /* holds the name */
	int64_t since_unix_s; /* the call is up; 0: not yet */
	int front_fd; /* where the waiting process reads the exit status; -1 in the foreground */
	struct dial_state state;
	struct dial_print print;
};

static int
usage_error(const char *what, const char *value)
{
	fprintf(stderr, "rasdial: %s%s%s\nTry `rasdial --help`.\n", what, value ? ": " : "",
	    value ? value : "");
	return EXIT_USAGE;
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
prefixes_text(const struct ip_prefix *p, unsigned int n, char *out, size_t cap)
{
	struct wr w = wr_over(out, cap - 1);

	for (unsigned int i = 0; i < n && wr_room(&w) > ADDR_TEXT_MAX + 8; i++) {
		char text[ADDR_TEXT_MAX];
		wr_fmt(&w, "%s%s/%u", i ? " " : "", ip_text(&p[i].addr, text), p[i].len);
	}
	out[wr_len(&w)] = 0;
}

static void
fill_state(struct rasdial *r, const struct dial_result *res)
{
	const struct dial_options *d = &r->args.dial;
	struct dial_state *s = &r->state;

	*s = (struct dial_state){ .pid = getpid(), .since_unix_s = r->since_unix_s };
	snprintf(s->name, sizeof(s->name), "%s", d->name);
	snprintf(s->host, sizeof(s->host), "%s", d->host);
	snprintf(s->user, sizeof(s->user), "%s", d->user);
	snprintf(s->device, sizeof(s->device), "%s", res->device);
	snprintf(s->state, sizeof(s->state), "up");
	ip_text(&res->local, s->local);
	ip_text(&res->remote, s->remote);
	ip_text(&res->dns[0], s->dns);
	ip_text(&res->local6, s->local6);
	snprintf(s->suffix, sizeof(s->suffix), "%s", res->suffix);
	snprintf(s->dns_by, sizeof(s->dns_by), "%s", res->dns_by);
	prefixes_text(res->server_routes, res->n_server_routes, s->routes, sizeof(s->routes));
	prefixes_text(res->set_routes, res->n_set_routes, s->set_routes, sizeof(s->set_routes));
}

static void
write_state(struct rasdial *r)
{
	if (dial_state_write(r->state_fd, &r->state) < 0)
		fprintf(stderr, "rasdial: the connection is up but cannot be listed\n");
}

static void
on_event(void *ctx, const struct dial_event *e)
{
	struct rasdial *r = ctx;
	bool up = e->kind == DIAL_CONNECTED || e->kind == DIAL_CHANGED;

	if (e->kind == DIAL_ENDED)
		return; /* hold() has the last word */
	if (e->kind == DIAL_CONNECTED)
		r->since_unix_s = (int64_t)time(NULL);
	if (up)
		fill_state(r, e->result);
	if (e->kind == DIAL_RECONNECTING) {
		snprintf(r->state.state, sizeof(r->state.state), "reconnecting");
		snprintf(r->state.cause, sizeof(r->state.cause), "%s",
		    cause_info(e->result->record.cause)->name);
		r->state.tries = e->try;
		dial_print_store(&e->result->record);
	}
	if (up || e->kind == DIAL_RECONNECTING)
		write_state(r);
	if (r->front_fd != -2)
		dial_print_event(&r->print, e, up ? &r->state : NULL);
	if (e->kind == DIAL_CONNECTED)
		release_front(r, 0);
}

/* Says how the call ended. Returns the exit status. */
static int
tell_end(struct rasdial *r, const struct dial_result *res)
{
	enum cause_class class_ = cause_info(res->record.cause)->class_;

	if (!res->ended_waiting)
		dial_print_store(&res->record);
	r->expired = res->record.cause == CAUSE_PASSWORD_EXPIRED;
	if (res->ended_waiting || (res->record.stage == STAGE_UP && class_ == CLASS_OK)) {
		if (r->front_fd != -2)
			dial_print_end(&r->print, &res->record);
		return 0;
	}
	dial_print_failure(&r->print, &res->record);
	return class_;
}

/* The process that holds the call. Returns the exit status. */
static int
hold(struct rasdial *r)
{
	struct dial_result res;
	int status;

	if (r->front_fd >= 0)
		(void)setsid();
	r->state_fd = dial_state_claim(r->args.dial.name);
	if (r->state_fd == -EBUSY) {
		fprintf(stderr,
		    "rasdial: a connection named %s is up already: end it with `rasdial "
		    "--disconnect "
		    "%s` or choose another --name\n",
		    r->args.dial.name, r->args.dial.name);
		release_front(r, EXIT_USAGE);
		return EXIT_USAGE;
	}
	if (r->state_fd < 0) {
		fprintf(stderr, "rasdial: %s: %s\n", DIAL_STATE_DIR, strerror(-r->state_fd));
		release_front(r, CLASS_INTERNAL);
		return CLASS_INTERNAL;
	}
	dial_hold(&r->args.dial, on_event, r, &res);
	dial_state_release(r->state_fd, r->args.dial.name);
	status = tell_end(r, &res);
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
	struct dial_args *a = &r->args;
	struct dial_options *d = &a->dial;

	if (a->password_file[0]
		? !dial_password_read(a->password_file, a->passwords_of_book, &d->password)
		: !dial_password_ask(d->user, &d->password))
		return false;
	if (a->new_password_file[0])
		return dial_password_read(
		    a->new_password_file, a->passwords_of_book, &d->new_password);
	return !a->change || dial_password_ask_new(d->user, &d->new_password);
}

/* Calls; and again with a new password when the old one has expired and somebody can be asked. */
static int
call(struct rasdial *r)
{
	struct dial_options *d = &r->args.dial;
	struct secret old = d->password;
	bool ask = d->new_password.n == 0 && !r->args.json;
	int status = r->args.foreground ? hold(r) : dial_and_return(r);

	if (r->expired && ask && dial_password_terminal() &&
	    dial_password_ask_new(d->user, &d->new_password)) {
		d->password = old;
		status = r->args.foreground ? hold(r) : dial_and_return(r);
	}
	secret_wipe(&old);
	return status;
}

static int
dial(struct rasdial *r)
{
	struct dial_options *d = &r->args.dial;

	if (!d->user[0])
		return usage_error("--user is missing", NULL);
	if (!name_fits(d))
		return usage_error(
		    "the user name cannot be written in this --name-encoding", d->user);
	if (!d->name[0]) {
		snprintf(d->name, sizeof(d->name), "%.63s", d->host);
		if (!dial_name_ok(d->name))
			return usage_error("give the connection a --name", NULL);
	}
	if (!r->args.dns_chosen) /* names asked of others would tell where one goes (U09) */
		d->set_dns = d->default_route;
	if (geteuid() != 0)
		return usage_error("must be run as root: it makes a tunnel device", NULL);
	r->print.name = d->name;
	/* No core dump and no debugger while the password is here. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	int status = get_passwords(r) ? call(r) : EXIT_USAGE;
	secret_wipe(&d->password);
	secret_wipe(&d->new_password);
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return status;
}

static int
no_connection(const char *name)
{
	fprintf(stderr, "rasdial: no connection named %s\n", name);
	return EXIT_NO_CONNECTION;
}

static int
disconnect(struct rasdial *r, const char *name)
{
	struct dial_state s;

	if (!dial_state_find(name, &s))
		return no_connection(name);
	if (kill(s.pid, SIGTERM) < 0) {
		fprintf(stderr, "rasdial: cannot end it: %s\n", strerror(errno));
		return CLASS_INTERNAL;
	}
	if (!dial_state_wait_gone(name, DISCONNECT_MS)) {
		fprintf(stderr, "rasdial: it does not end\n");
		return CLASS_INTERNAL;
	}
	dial_print_gone(&r->print, &s);
	return 0;
}

static int
show_status(struct rasdial *r, const char *name)
{
	struct dial_state s;

	if (!dial_state_find(name, &s))
		return no_connection(name);
	dial_print_status(&r->print, &s);
	return 0;
}

static int
clean_up(void)
{
	struct dial_swept swept;
	struct netlink *nl = NULL;
	int rc = geteuid() == 0 ? netlink_open(&nl) : -EPERM;

	if (rc == 0)
		rc = dial_undo_sweep(nl, &swept);
	netlink_close(nl);
	if (rc < 0) {
		fprintf(stderr, "rasdial: nothing could be cleaned up: %s\n", strerror(-rc));
		return CLASS_INTERNAL;
	}
	if (swept.connections == 0)
		puts("Nothing was left behind.");
	else
		printf("Cleaned up after %u connection%s: %u route%s%s.\n", swept.connections,
		    swept.connections == 1 ? "" : "s", swept.routes, swept.routes == 1 ? "" : "s",
		    swept.dns ? ", DNS settings" : "");
	return 0;
}

/*
 * HOST or ENTRY. The command line is taken a second time, over what the entry says.
 */
static int
dial_named(struct rasdial *r, int argc, char **argv, const char *word)
{
	struct dial_args *a = &r->args;
	char err[320];

	dial_opts_init(a);
	switch (dial_name_ok(word) ? dial_book_apply(word, a) : BOOK_NONE) {
	case BOOK_BAD:
		return EXIT_USAGE;
	case BOOK_NONE:
		if (strlen(word) >= sizeof(a->dial.host) || !*word)
			return usage_error("not a host name or address", word);
		dial_opts_init(a);
		snprintf(a->dial.host, sizeof(a->dial.host), "%s", word);
		break;
	case BOOK_FOUND:
		break;
	}
	if (dial_opts_take(a, argc, argv, err, sizeof(err)) < 0)
		return usage_error(err, NULL);
	return dial(r);
}

static int
act(struct rasdial *r, int argc, char **argv, int first)
{
	struct dial_args *a = &r->args;
	const char *word = first < argc ? argv[first] : NULL;

	if (a->subject && word && (a->action == DO_DISCONNECT || a->action == DO_STATUS))
		return usage_error("too many arguments", word);
	if (first + 1 < argc)
		return usage_error("too many arguments", argv[first + 1]);
	switch (a->action) {
	case DO_CALL:
		return word ? dial_named(r, argc, argv, word) : dial_print_list(&r->print);
	case DO_DISCONNECT:
	case DO_STATUS:
		if (a->subject)
			word = a->subject;
		if (!word || !dial_name_ok(word))
			return usage_error("which connection? `rasdial` lists them", word);
		return a->action == DO_STATUS ? show_status(r, word) : disconnect(r, word);
	case DO_BOOK:
		return word ? usage_error("too many arguments", word) : dial_book_print(a->json);
	case DO_SAVE:
		if (!word && !a->dial.host[0])
			return usage_error("which host? rasdial --save ENTRY HOST", NULL);
		return dial_book_save(a->subject, word, a);
	case DO_CLEANUP:
		return word ? usage_error("too many arguments", word) : clean_up();
	}
	return EXIT_USAGE;
}

static bool
asked(int argc, char **argv, const char *option)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], option) == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	static struct rasdial r = { .front_fd = -1, .state_fd = -1 };
	char err[320];
	int first;

	if (asked(argc, argv, "--help") || asked(argc, argv, "-h")) {
		fputs(usage_head, stdout);
		dial_opts_help();
		fputs(usage_tail, stdout);
		return 0;
	}
	if (asked(argc, argv, "--version")) {
		printf("rasdial (OpenRRAS) %s\n", OPENRRAS_VERSION);
		return 0;
	}
	dial_opts_init(&r.args);
	first = dial_opts_take(&r.args, argc, argv, err, sizeof(err));
	if (first < 0)
		return usage_error(err, NULL);
	r.print = (struct dial_print){ .json = r.args.json };
	return act(&r, argc, argv, first);
}
