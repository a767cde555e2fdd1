/*
 * Leaving privileges behind, each in a child process. What only root can give up is skipped
 * without root.
 */
#include "os/sandbox.h"

#include "os/netlink.h"
#include "os/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY 65534

/* Runs fn in a child; its value is the number of the first step that went wrong, 0 for none. */
static int
in_child(int (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
need_root(void)
{
	if (geteuid() != 0) {
		print_message("needs root\n");
		skip();
	}
}

/* Every check of a child: its line number tells which failed. */
#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "line %d: %s (%s)\n", __LINE__, #cond, strerror(errno));   \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

static int
worker(void)
{
	const struct sandbox s = { .root = SANDBOX_EMPTY_ROOT,
		.set_ids = true,
		.uid = NOBODY,
		.gid = NOBODY,
		.undumpable = true,
		.max_files = 64,
		.no_fork = true };
	char err[256] = "";
	struct rlimit r;

	CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	int rc = sandbox_enter(&s, err, sizeof(err));
	if (rc)
		fprintf(stderr, "%s\n", err);
	CHECK(rc == 0);
	CHECK(getuid() == NOBODY && getgid() == NOBODY && getgroups(0, NULL) == 0);
	CHECK(open("/etc/passwd", O_RDONLY) < 0);
	CHECK(open("/", O_RDONLY) < 0 || open("/x", O_RDONLY) < 0);
	CHECK(open("x", O_WRONLY | O_CREAT, 0600) < 0);
	CHECK(open("../../../../etc/passwd", O_RDONLY) < 0);
	CHECK(mkdir("x", 0700) != 0);
	CHECK(setuid(0) != 0 && setgid(0) != 0 && chroot(".") != 0);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	CHECK(prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 0);
	CHECK(getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_max == 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_max == 64);
	CHECK(fork() < 0);
	int death = 0;
	CHECK(prctl(PR_GET_PDEATHSIG, &death) == 0 && death == SIGKILL);
	return 0;
}

static void
test_worker(void **state)
{
	(void)state;
	need_root();
	assert_int_equal(in_child(worker), 0);
}

/* The monitor keeps what it needs for routes, and nothing else. */
static int
monitor(void)
{
	const struct sandbox s = { .set_ids = true,
		.uid = NOBODY,
		.gid = NOBODY,
		.keep_caps = SANDBOX_CAP(CAP_NET_ADMIN) | SANDBOX_CAP(CAP_NET_BIND_SERVICE) };
	char err[256] = "";
	struct netlink *nl;
	struct if_link lo;

	CHECK(unshare(CLONE_NEWNET) == 0);
	CHECK(netlink_open(&nl) == 0);
	CHECK(netlink_link_get(nl, "lo", 0, &lo) == 0);
	CHECK(sandbox_enter(&s, err, sizeof(err)) == 0);
	CHECK(getuid() == NOBODY);
	CHECK(netlink_link_set_up(nl, lo.ifindex, true) == 0);
	const struct endpoint https = { .addr = ip_v4(0x7f000001), .port = 443 };
	int fd = sock_listen_tcp(&https, false, 1);
	CHECK(fd >= 0);
	CHECK(chroot("/") != 0 && setuid(0) != 0);
	CHECK(open("/etc/shadow", O_RDONLY) < 0);
	CHECK(access("/etc/passwd", R_OK) == 0);                    /* the root stayed */
	CHECK(prctl(PR_CAPBSET_READ, CAP_NET_ADMIN, 0, 0, 0) == 0); /* not for what we execute */
	return 0;
}

static int
can_unshare(void)
{
	return unshare(CLONE_NEWNET) == 0 ? 0 : 1;
}

static void
test_monitor(void **state)
{
	(void)state;
	need_root();
	if (in_child(can_unshare) != 0) {
		print_message("no network namespace allowed here\n");
		skip();
	}
	assert_int_equal(in_child(monitor), 0);
}

static char folder[64];

static int
in_folder(void)
{
	const struct sandbox s = { .root = folder, .set_ids = true, .uid = NOBODY, .gid = NOBODY };
	char err[256] = "";

	CHECK(sandbox_enter(&s, err, sizeof(err)) == 0);
	CHECK(access("/inside", F_OK) == 0);
	CHECK(access("/etc/passwd", F_OK) != 0);
	return 0;
}

static void
test_given_root(void **state)
{
	char path[80];

	(void)state;
	need_root();
	snprintf(folder, sizeof(folder), "/tmp/rras-test-root-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 0755), 0);
	snprintf(path, sizeof(path), "%s/inside", folder);
	assert_int_equal(mkdir(path, 0755), 0);
	int rc = in_child(in_folder);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(rc, 0);
}

/* Failures are said in words. */
static int
no_such_root(void)
{
	const struct sandbox s = { .root = "/nonexistent/root" };
	char err[256] = "";

	CHECK(sandbox_enter(&s, err, sizeof(err)) == -ENOENT);
	CHECK(strstr(err, "/nonexistent/root") && strstr(err, "No such file"));
	return 0;
}

static int
unprivileged(void)
{
	const struct sandbox user = { .set_ids = true, .uid = NOBODY, .gid = NOBODY };
	const struct sandbox again = { .set_ids = true, .uid = 1, .gid = 1 };
	const struct sandbox caps = { .keep_caps = SANDBOX_CAP(CAP_NET_ADMIN) };
	const struct sandbox plain = { .undumpable = true };
	char err[256] = "";

	if (geteuid() == 0)
		CHECK(sandbox_enter(&user, err, sizeof(err)) == 0);
	CHECK(sandbox_enter(&again, err, sizeof(err)) < 0);
	CHECK(strstr(err, "cannot become group 1"));
	CHECK(sandbox_enter(&caps, err, sizeof(err)) < 0);
	CHECK(strstr(err, "capabilities"));
	CHECK(sandbox_enter(&plain, err, sizeof(err)) == 0);
	return 0;
}

static void
test_failures(void **state)
{
	(void)state;
	assert_int_equal(in_child(no_such_root), 0);
	assert_int_equal(in_child(unprivileged), 0);
}

static void
test_ids(void **state)
{
	uid_t uid = 1;
	gid_t gid = 1;

	(void)state;
	assert_int_equal(sandbox_ids("root", &uid, &gid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(gid, 0);
	assert_int_equal(sandbox_ids("54321", &uid, &gid), 0);
	assert_int_equal(uid, 54321);
	assert_int_equal(gid, 54321);
	assert_int_equal(sandbox_ids("0", &uid, &gid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(sandbox_ids("no-such-user-here", &uid, &gid), -ENOENT);
	assert_int_equal(sandbox_ids("12x", &uid, &gid), -ENOENT);
	assert_int_equal(sandbox_ids("4294967295", &uid, &gid), -ENOENT);
	assert_int_equal(sandbox_ids("99999999999999999999999", &uid, &gid), -ENOENT);
	assert_int_equal(sandbox_ids("", &uid, &gid), -ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worker),
		cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_given_root),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests_name("os/sandbox", tests, NULL, NULL);
}
