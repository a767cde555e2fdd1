/* Child processes. See proc.h. Between fork and exec only system calls are made. */
#include "os/proc.h"

#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a child is to be. */
struct launch {
	const char *path; /* NULL: argv[0], looked up in PATH */
	const char *const *argv;
	int in_fd;      /* standard input; -1: /dev/null */
	int out_fd;     /* standard output and error; -1: ours */
	int control_fd; /* PROC_CONTROL_FD; -1: none */
};

static void
reset_signals(void)
{
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL); /* some cannot be set and need not be */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Puts `fd` at `at`, open across exec. */
static bool
place_fd(int fd, int at)
{
	if (fd == at)
		return fcntl(fd, F_SETFD, 0) == 0;
	return dup2(fd, at) == at;
}

/*
 * The child's side. The descriptors are first moved out of the way of the places they go to. What
 * goes wrong is told through `report`, which exec closes.
 */
static _Noreturn void
become(const struct launch *l, int report, pid_t parent)
{
	int first_free = PROC_CONTROL_FD + 1;
	int in = l->in_fd < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : l->in_fd;
	bool good = true;

	report = fcntl(report, F_DUPFD_CLOEXEC, first_free);
	in = fcntl(in, F_DUPFD_CLOEXEC, first_free);
	int out = l->out_fd < 0 ? -1 : fcntl(l->out_fd, F_DUPFD_CLOEXEC, first_free);
	int control = l->control_fd < 0 ? -1 : fcntl(l->control_fd, F_DUPFD_CLOEXEC, first_free);
	good = place_fd(in, STDIN_FILENO);
	if (out >= 0)
		good = good && place_fd(out, STDOUT_FILENO) && place_fd(out, STDERR_FILENO);
	if (control >= 0)
		good = good && place_fd(control, PROC_CONTROL_FD);
	unsigned int from = control >= 0 ? PROC_CONTROL_FD + 1 : PROC_CONTROL_FD;
	good = good && close_range(from, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
	good = good && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
	if (getppid() != parent)
		_exit(126); /* it died before we asked to follow it */
	reset_signals();
	char *const *argv = (char *const *)(uintptr_t)l->argv;
	if (good && l->path)
		execv(l->path, argv);
	else if (good)
		execvp(argv[0], argv);
	int err = errno;
	if (write(report, &err, sizeof(err)) != sizeof(err))
		_exit(126);
	_exit(127);
}

/* 0, or -errno of what the child could not do. */
static int
await_exec(int report, pid_t pid)
{
	int err = 0;
	ssize_t n;

	do
		n = read(report, &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(err))
		return 0;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return err ? -err : -EIO;
}

static pid_t
launch(const struct launch *l)
{
	int report[2];
	pid_t parent = getpid();

	if (pipe2(report, O_CLOEXEC) != 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		become(l, report[1], parent);
	int err = pid < 0 ? -errno : 0;
	close(report[1]);
	if (err == 0)
		err = await_exec(report[0], pid);
	close(report[0]);
	return err ? err : pid;
}

pid_t
proc_spawn_self(const char *const argv[], int control_fd)
{
	const struct launch l = { .path = "/proc/self/exe",
		.argv = argv,
		.in_fd = -1,
		.out_fd = -1,
		.control_fd = control_fd };

	return launch(&l);
}

int
proc_close_others(const int keep[], size_t n)
{
	int sorted[PROC_KEEP_MAX];
	unsigned int from = PROC_CONTROL_FD;

	must(n <= PROC_KEEP_MAX);
	for (size_t i = 0; i < n; i++) {
		size_t at = i;
		for (; at > 0 && sorted[at - 1] > keep[i]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = keep[i];
	}
	for (size_t i = 0; i < n; i++) {
		if (sorted[i] < (int)from)
			continue;
		unsigned int fd = (unsigned int)sorted[i];
		if (fd > from && close_range(from, fd - 1, 0) != 0)
			return -errno;
		from = fd + 1;
	}
	return close_range(from, ~0u, 0) == 0 ? 0 : -errno;
}

pid_t
proc_reap(int *status_out)
{
	pid_t pid;

	do
		pid = waitpid(-1, status_out, WNOHANG);
	while (pid < 0 && errno == EINTR);
	return pid < 0 ? -errno : pid;
}

void
proc_end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

char *
proc_status_text(int status, char *out, size_t cap)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		snprintf(out, cap, "killed for a system call that is not on its list (SIGSYS)");
	else if (WIFSIGNALED(status))
		snprintf(out, cap, "killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else if (WIFEXITED(status))
		snprintf(out, cap, "exited with status %d", WEXITSTATUS(status));
	else
		snprintf(out, cap, "ended with wait status %d", status);
	return out;
}

static uint64_t
mono_ms(void)
{
	struct timespec t;

	must(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Takes what waits in the pipe. False at its end. */
static bool
drain(int fd, struct proc_result *r)
{
	char waste[4096];

	for (;;) {
		size_t room = PROC_OUTPUT_MAX - 1 - r->n_out;
		ssize_t k =
		    room ? read(fd, r->out + r->n_out, room) : read(fd, waste, sizeof(waste));
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return k < 0;
		if (room)
			r->n_out += (size_t)k;
		else
			r->cut = true;
	}
}

/* Reads until the child has ended or its time is over; it may close its output before. */
static void
follow(int out, int pidfd, unsigned int timeout_ms, struct proc_result *r)
{
	struct pollfd p[2] = { { .fd = pidfd, .events = POLLIN }, { .fd = out, .events = POLLIN } };
	uint64_t now = mono_ms(), end = now + timeout_ms;

	while (now < end) {
		int n = poll(p, 2, (int)(end - now));
		if (n < 0 && errno != EINTR)
			break;
		if (p[1].revents && !drain(out, r))
			p[1].fd = -1;
		if (n > 0 && p[0].revents) {
			(void)drain(out, r);
			return;
		}
		now = mono_ms();
	}
	r->timed_out = true;
}

int
proc_run(
    const char *const argv[], struct view input, unsigned int timeout_ms, struct proc_result *out)
{
	struct proc_result r = { .out = malloc(PROC_OUTPUT_MAX) };
	int pipe_fds[2] = { -1, -1 }, pidfd = -1;
	int in = file_memfd("input", input);
	pid_t pid = -1;
	int err = in < 0 ? in : 0;

	must(timeout_ms <= 3600000);
	if (err == 0 && !r.out)
		err = -ENOMEM;
	if (err == 0 && pipe2(pipe_fds, O_CLOEXEC) != 0)
		err = -errno;
	if (err == 0 && fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK) != 0)
		err = -errno;
	if (err == 0) {
		pid = launch(&(struct launch){
		    .argv = argv, .in_fd = in, .out_fd = pipe_fds[1], .control_fd = -1 });
		err = pid < 0 ? pid : 0;
	}
	if (pipe_fds[1] >= 0)
		close(pipe_fds[1]);
	if (err == 0 && (pidfd = pidfd_open(pid, 0)) < 0)
		err = -errno;
	if (err == 0)
		follow(pipe_fds[0], pidfd, timeout_ms, &r);
	if (pid > 0 && (err || r.timed_out))
		kill(pid, SIGKILL);
	while (pid > 0 && waitpid(pid, &r.status, 0) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		close(pidfd);
	if (pipe_fds[0] >= 0)
		close(pipe_fds[0]);
	if (in >= 0)
		close(in);
	if (err) {
		free(r.out);
		return err;
	}
	r.out[r.n_out] = 0;
	*out = r;
	return 0;
}

void
proc_result_fini(struct proc_result *r)
{
	free(r->out);
	*r = (struct proc_result){ 0 };
}

bool
proc_ok(const struct proc_result *r)
{
	return !r->timed_out && WIFEXITED(r->status) && WEXITSTATUS(r->status) == 0;
}

void
proc_raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}
