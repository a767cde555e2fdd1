/* Names looked up in a child. See lookup.h. */
#include "os/lookup.h"

#include "os/proc.h"
#include "os/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What the child writes, in one piece. */
struct answer {
	size_t n;
	struct ip_addr addrs[LOOKUP_ADDRS_MAX];
	char err[256];
};
_Static_assert(sizeof(struct answer) <= PIPE_BUF, "written in one piece");

struct lookup {
	struct answer answer;
	struct loop_fd *watch;
	int fd;
	pid_t pid;
	loop_fn done;
	void *ctx;
};

static void __attribute__((noreturn)) ask(const char *host, int out)
{
	static const int signos[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE };
	struct answer a = { 0 };

	/* Ctrl-C is for whoever asked; it ends us. */
	for (size_t i = 0; i < sizeof(signos) / sizeof(signos[0]); i++)
		signal(signos[i], SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)!proc_close_others(&out, 1);
	a.n = sock_resolve(host, a.addrs, LOOKUP_ADDRS_MAX, a.err, sizeof(a.err));
	(void)!write(out, &a, sizeof(a));
	_exit(0);
}

static void
on_answer(void *ctx, unsigned int events)
{
	struct lookup *k = ctx;
	struct answer a;

	(void)events;
	loop_fd_want(k->watch, 0);
	if (read(k->fd, &a, sizeof(a)) == (ssize_t)sizeof(a) && a.n <= LOOKUP_ADDRS_MAX)
		k->answer = a;
	k->done(k->ctx);
}

struct lookup *
lookup_start(struct loop *l, const char *host, loop_fn done, void *ctx)
{
	struct lookup *k = calloc(1, sizeof(*k));
	int pipe_fds[2];

	if (!k || pipe2(pipe_fds, O_CLOEXEC) < 0) {
		free(k);
		return NULL;
	}
	snprintf(k->answer.err, sizeof(k->answer.err),
	    "the name \"%.200s\" was not resolved: no answer", host);
	k->done = done;
	k->ctx = ctx;
	k->fd = pipe_fds[0];
	k->watch = loop_fd_new(l, k->fd, on_answer, k);
	k->pid = k->watch ? fork() : -1;
	if (k->pid == 0)
		ask(host, pipe_fds[1]);
	close(pipe_fds[1]);
	if (k->pid < 0) {
		lookup_free(k);
		return NULL;
	}
	loop_fd_want(k->watch, LOOP_READ);
	return k;
}

size_t
lookup_result(const struct lookup *k, struct ip_addr *out, size_t cap, char *err, size_t err_cap)
{
	size_t n = k->answer.n < cap ? k->answer.n : cap;

	memcpy(out, k->answer.addrs, n * sizeof(*out));
	if (n == 0)
		snprintf(err, err_cap, "%s", k->answer.err);
	return n;
}

void
lookup_free(struct lookup *k)
{
	if (!k)
		return;
	if (k->pid > 0)
		proc_end(k->pid);
	loop_fd_free(k->watch);
	close(k->fd);
	free(k);
}
