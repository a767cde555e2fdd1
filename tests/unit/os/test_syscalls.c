/*
 * The lists of system calls: for each role a child does what its work needs and lives, then makes
 * one call that is on no list and is killed for it (guide section 3, default kill). Built with a
 * sanitizer the kernel logs instead, and the child lives.
 */
#include "os/syscalls.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__)
#define KILLS false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KILLS false
#endif
#endif
#ifndef KILLS
#define KILLS true
#endif

static const enum role_id roles[] = { ROLE_NET, ROLE_AAA, ROLE_VAULT, ROLE_RECORD, ROLE_DIAL };

/* The wait status of a child that closes the list of a role and then does `act`. */
static int
child(enum role_id role, void (*act)(void))
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		char err[256];
		if (syscalls_close(role, err, sizeof(err)) != 0)
			_exit(100);
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
work(void)
{
	int ep = -1, pair = -1;
	struct epoll_event ev;
	char *big = malloc(1u << 20);

	if (!big)
		_exit(1);
	big[1000] = 1;
	free(big);
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || munmap(p, 4096) != 0)
		_exit(2);
	(void)epoll_wait(ep, &ev, 1, 0); /* fails by EBADF, and may */
	(void)recv(pair, &ev, 0, 0);
	if (getpid() <= 0)
		_exit(3);
}

static void
work_of_all(void)
{
	char c;
	struct msghdr m = { 0 };

	(void)!read(-1, &c, 1);
	(void)recvmsg(-1, &m, 0);
	(void)sendmsg(-1, &m, 0);
	(void)close(-1);
	(void)shutdown(-1, SHUT_RDWR); /* os/chan.c */
	(void)fcntl(0, F_GETFL);
}

static void
open_a_file(void)
{
	(void)!syscall(SYS_open, "/etc/passwd", O_RDONLY);
}

static void
make_a_socket(void)
{
	(void)!socket(AF_INET, SOCK_STREAM, 0);
}

static void
execute(void)
{
	(void)execl("/bin/true", "true", (char *)NULL);
}

static void
become_executable(void)
{
	(void)!mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void
divide(void)
{
	(void)!syscall(SYS_fork);
}

static void
trace(void)
{
	(void)!ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void
hit_another(void)
{
	(void)!syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static void
reach_out(void)
{
	(void)!socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	(void)!socket(AF_INET6, SOCK_STREAM, 0);
	(void)connect(-1, NULL, 0);
}

static void
reach_the_kernel(void)
{
	(void)!socket(AF_NETLINK, SOCK_RAW, 0);
}

/* fetch makes TCP sockets, and no others. */
static void
test_fetch(void **unused)
{
	(void)unused;
	assert_int_equal(child(ROLE_FETCH, reach_out), 0);
	assert_int_equal(child(ROLE_FETCH, work_of_all), 0);
	static void (*const acts[])(
	    void) = { reach_the_kernel, open_a_file, execute, become_executable, divide };
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int status = child(ROLE_FETCH, acts[i]);
		assert_true(!KILLS || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS));
	}
}

static void
test_each_role_can_work(void **unused)
{
	(void)unused;
	assert_int_equal(child(ROLE_NET, work), 0);
	assert_int_equal(child(ROLE_DIAL, work), 0);
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		assert_int_equal(child(roles[i], work_of_all), 0);
}

static void
test_each_role_is_killed(void **unused)
{
	static void (*const acts[])(void) = { open_a_file, make_a_socket, execute,
		become_executable, divide, trace, hit_another };

	(void)unused;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		for (size_t j = 0; j < sizeof(acts) / sizeof(acts[0]); j++) {
			int status = child(roles[i], acts[j]);
			if (KILLS)
				assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
			else
				assert_true(WIFEXITED(status) || WIFSIGNALED(status));
		}
}

/* must() ends with SIGABRT, not with the list: the place of a bug is what its reader needs. */
static void
test_abort_stays_abort(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		int status = child(roles[i], abort);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_role_can_work),
		cmocka_unit_test(test_each_role_is_killed),
		cmocka_unit_test(test_fetch),
		cmocka_unit_test(test_abort_stays_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
