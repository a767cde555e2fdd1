/* Child processes: this program again as a role, and commands with their output. */
#include "os/proc.h"

#include "os/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * What the spawned copy of this test does: reports over its control channel what it finds, one
 * letter each, then waits for the channel's end.
 */
static int
be_child(const char *word)
{
	char report[8] = { 0 };
	struct sigaction sa;
	sigset_t mask;
	int death = 0;

	report[0] = strcmp(word, "hello") == 0 ? 'y' : 'n';
	report[1] = 'y'; /* no descriptor but 0 to 3 */
	for (int fd = 4; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			report[1] = 'n';
	sigprocmask(SIG_SETMASK, NULL, &mask);
	report[2] = sigismember(&mask, SIGUSR1) ? 'n' : 'y';
	prctl(PR_GET_PDEATHSIG, &death);
	report[3] = death == SIGKILL ? 'y' : 'n';
	sigaction(SIGPIPE, NULL, &sa);
	report[4] = sa.sa_handler == SIG_DFL ? 'y' : 'n';
	report[5] = read(STDIN_FILENO, report + 6, 1) == 0 ? 'y' : 'n';
	if (send(PROC_CONTROL_FD, report, 6, 0) != 6)
		return 2;
	struct pollfd p = { .fd = PROC_CONTROL_FD, .events = POLLIN };
	(void)poll(&p, 1, 10000);
	return 7;
}

static void
test_spawn_self(void **state)
{
	const char *const argv[] = { "test_os_proc", "--child", "hello", NULL };
	char report[8] = { 0 }, text[64];
	sigset_t mask, old;
	int fds[2], status = 0;

	(void)state;
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, &old);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(chan_pair(fds), 0);
	pid_t pid = proc_spawn_self(argv, fds[1]);
	assert_true(pid > 0);
	close(fds[1]);
	struct pollfd p = { .fd = fds[0], .events = POLLIN };
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(recv(fds[0], report, sizeof(report), 0), 6);
	assert_string_equal(report, "yyyyyy");
	assert_int_equal(proc_reap(&status), 0); /* still running */
	close(fds[0]);
	while ((pid = proc_reap(&status)) == 0)
		poll(NULL, 0, 1);
	assert_true(pid > 0);
	assert_string_equal(proc_status_text(status, text, sizeof(text)), "exited with status 7");
	assert_int_equal(proc_reap(&status), -ECHILD);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGPIPE, SIG_DFL);
}

static void
test_spawn_with_any_descriptor(void **state)
{
	const char *const argv[] = { "test_os_proc", "--child", "hello", NULL };
	char report[8] = { 0 };
	int fds[2], status;

	(void)state;
	/* The control descriptor is 3 already, so nothing may be put over it. */
	int kept = fcntl(PROC_CONTROL_FD, F_DUPFD_CLOEXEC, 20); /* what the runner left there */
	assert_int_equal(chan_pair(fds), 0);
	int mine = fcntl(fds[0], F_DUPFD_CLOEXEC, 20);
	int theirs = fcntl(fds[1], F_DUPFD_CLOEXEC, 20);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(dup3(theirs, PROC_CONTROL_FD, O_CLOEXEC), PROC_CONTROL_FD);
	close(theirs);
	pid_t pid = proc_spawn_self(argv, PROC_CONTROL_FD);
	close(PROC_CONTROL_FD);
	if (kept >= 0) {
		dup2(kept, PROC_CONTROL_FD);
		close(kept);
	}
	assert_true(pid > 0);
	struct pollfd p = { .fd = mine, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(recv(mine, report, sizeof(report), 0), 6);
	assert_string_equal(report, "yyyyyy");
	close(mine);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* What a forked child may keep is what it keeps, in whatever order it is named. */
static void
test_close_others(void **state)
{
	int fds[6], status = 0;
	pid_t pid;

	(void)state;
	for (unsigned int i = 0; i < 6; i++)
		assert_true((fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC)) > 2);
	pid = fork();
	if (pid == 0) {
		const int keep[] = { fds[4], 2, fds[1], fds[4] };
		int bad = proc_close_others(keep, 4) == 0 ? 0 : 1;

		for (int fd = 3; fd < 1024; fd++) {
			bool kept = fd == fds[1] || fd == fds[4];
			if ((fcntl(fd, F_GETFD) != -1) != kept)
				bad = 2;
		}
		_exit(fcntl(2, F_GETFD) == -1 ? 3 : bad);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	for (unsigned int i = 0; i < 6; i++)
		close(fds[i]);
}

static void
test_run_gives_output(void **state)
{
	struct proc_result r;

	(void)state;
	assert_int_equal(
	    proc_run((const char *const[]){ "cat", NULL }, view_str("in and out"), 10000, &r), 0);
	assert_true(proc_ok(&r));
	assert_string_equal(r.out, "in and out");
	assert_false(r.cut);
	proc_result_fini(&r);
	assert_int_equal(
	    proc_run((const char *const[]){ "sh", "-c", "echo out; echo err >&2; exit 3", NULL },
		view_of(NULL, 0), 10000, &r),
	    0);
	assert_false(proc_ok(&r));
	assert_int_equal(WEXITSTATUS(r.status), 3);
	assert_string_equal(r.out, "out\nerr\n");
	proc_result_fini(&r);
}

static void
test_run_fails(void **state)
{
	struct proc_result r;

	(void)state;
	assert_int_equal(proc_run((const char *const[]){ "no-such-command-at-all", NULL },
			     view_of(NULL, 0), 10000, &r),
	    -ENOENT);
}

static void
test_run_is_bounded(void **state)
{
	struct proc_result r;
	char text[64];

	(void)state;
	assert_int_equal(
	    proc_run((const char *const[]){ "head", "-c", "1000000", "/dev/zero", NULL },
		view_of(NULL, 0), 10000, &r),
	    0);
	assert_true(proc_ok(&r));
	assert_true(r.cut);
	assert_int_equal(r.n_out, PROC_OUTPUT_MAX - 1);
	proc_result_fini(&r);
	assert_int_equal(
	    proc_run((const char *const[]){ "sleep", "100", NULL }, view_of(NULL, 0), 50, &r), 0);
	assert_true(r.timed_out);
	assert_false(proc_ok(&r));
	assert_string_equal(
	    proc_status_text(r.status, text, sizeof(text)), "killed by signal 9 (Killed)");
	proc_result_fini(&r);
}

/* A grandchild that keeps the output open does not hold us up. */
static void
test_run_ends_with_its_child(void **state)
{
	struct proc_result r;

	(void)state;
	assert_int_equal(proc_run((const char *const[]){ "sh", "-c", "sleep 3 & echo done", NULL },
			     view_of(NULL, 0), 2000, &r),
	    0);
	assert_false(r.timed_out);
	assert_string_equal(r.out, "done\n");
	proc_result_fini(&r);
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--child") == 0)
		return be_child(argv[2]);
	/* A folder of PATH that we may not search would turn "not there" into "not allowed". */
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);

	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spawn_self),
		cmocka_unit_test(test_spawn_with_any_descriptor),
		cmocka_unit_test(test_close_others),
		cmocka_unit_test(test_run_gives_output),
		cmocka_unit_test(test_run_fails),
		cmocka_unit_test(test_run_is_bounded),
		cmocka_unit_test(test_run_ends_with_its_child),
	};

	return cmocka_run_group_tests_name("os/proc", tests, NULL, NULL);
}
