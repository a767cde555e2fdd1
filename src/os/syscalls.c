/*
 * The lists. See syscalls.h. What OpenSSL, SQLite, libuv and the C library need for the work of a
 * role stands beside the reason; a call that a later change needs is added here, on purpose.
 *
 * No list has open, socket (but fetch), execve, fork, ptrace, or memory that can be executed.
 */
#include "os/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define DEFAULT_ACTION SCMP_ACT_LOG
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DEFAULT_ACTION SCMP_ACT_LOG
#endif
#endif
#ifndef DEFAULT_ACTION
#define DEFAULT_ACTION SCMP_ACT_KILL_PROCESS
#endif

#define CALL(name) SCMP_SYS(name)
#define LIST_END (-1)

/* Every role: the loop, channels with descriptors, memory, time, an orderly or abrupt end. */
static const int for_all[] = { CALL(epoll_wait), CALL(epoll_pwait), CALL(epoll_ctl), CALL(poll),
	CALL(ppoll), CALL(recvmsg), CALL(sendmsg), CALL(read), CALL(write), CALL(readv),
	CALL(writev), CALL(close), CALL(shutdown), /* a channel whose peer cannot be believed */
	CALL(lseek), CALL(pread64),                /* the configuration's memory file */
	CALL(fstat), CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise), CALL(futex),
	CALL(getrandom), CALL(getpid), CALL(gettid), CALL(clock_gettime), CALL(gettimeofday),
	CALL(clock_nanosleep), CALL(nanosleep), CALL(restart_syscall), CALL(rt_sigreturn),
	CALL(rt_sigprocmask), /* contexts of OpenSSL's asynchronous jobs */
	CALL(sched_yield), CALL(exit), CALL(exit_group), LIST_END };

/* Sockets that others opened: peers, TUN. */
static const int for_net[] = { CALL(accept4), CALL(recvfrom), CALL(sendto), CALL(recvmmsg),
	CALL(sendmmsg), CALL(getsockopt), CALL(setsockopt), CALL(getsockname), CALL(getpeername),
	LIST_END };

/* rasdial's core: as net, and it lets the terminal go after it is confined. */
static const int for_dial[] = { CALL(dup2), CALL(dup3), CALL(recvfrom), CALL(sendto),
	CALL(recvmmsg), CALL(sendmmsg), CALL(getsockopt), CALL(setsockopt), CALL(getsockname),
	CALL(getpeername), LIST_END };

/* It reaches the servers that the configuration names, over TCP. */
static const int for_fetch[] = { CALL(connect), CALL(recvfrom), CALL(sendto), CALL(getsockopt),
	CALL(setsockopt), CALL(getsockname), CALL(getpeername), CALL(splice), CALL(pipe2),
	LIST_END };

/* The pool of secrets stays in memory. */
static const int for_vault[] = { CALL(mlock), CALL(mlock2), CALL(munlock), LIST_END };

/* Its root is the state folder and SQLite opens there what it needs: journals, folders to sync. */
static const int for_record[] = { CALL(accept4), CALL(recvfrom), CALL(sendto), CALL(getsockopt),
	CALL(setsockopt), CALL(openat), CALL(newfstatat), CALL(stat), CALL(lstat), CALL(access),
	CALL(faccessat), CALL(faccessat2), CALL(pwrite64), CALL(fsync), CALL(fdatasync),
	CALL(ftruncate), CALL(fallocate), CALL(unlink), CALL(unlinkat), CALL(rename), CALL(fchmod),
	CALL(fchown), CALL(geteuid), CALL(getegid), CALL(getcwd), CALL(readlink), LIST_END };

static const int *
list_of(enum role_id role)
{
	switch (role) {
	case ROLE_NET:
		return for_net;
	case ROLE_DIAL:
		return for_dial;
	case ROLE_FETCH:
		return for_fetch;
	case ROLE_VAULT:
		return for_vault;
	case ROLE_RECORD:
		return for_record;
	case ROLE_AAA:
	case ROLE_MONITOR:
	case N_ROLE:
		break;
	}
	return NULL;
}

static int
allow(scmp_filter_ctx ctx, const int *list)
{
	int rc = 0;

	for (; list && *list != LIST_END && rc == 0; list++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, *list, 0);
	return rc;
}

static int
allow_value(scmp_filter_ctx ctx, int call, unsigned int arg, uint64_t value)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1, SCMP_CMP(arg, SCMP_CMP_EQ, value));
}

/* What is allowed with some arguments only. */
static int
allow_some(scmp_filter_ctx ctx, enum role_id role)
{
	static const unsigned int fcntls[] = { F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC,
		F_SETLK, F_GETLK, F_OFD_SETLK, F_ADD_SEALS, F_GET_SEALS };
	static const int maps[] = { CALL(mmap), CALL(mprotect) };
	int rc = 0;

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]) && rc == 0; i++)
		rc = seccomp_rule_add(
		    ctx, SCMP_ACT_ALLOW, maps[i], 1, SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	for (size_t i = 0; i < sizeof(fcntls) / sizeof(fcntls[0]) && rc == 0; i++)
		rc = allow_value(ctx, CALL(fcntl), 1, fcntls[i]);
	if (rc == 0)
		rc = allow_value(ctx, CALL(ioctl), 1, FIONBIO);
	if (rc == 0 && role == ROLE_FETCH)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(socket), 2,
		    SCMP_CMP(0, SCMP_CMP_EQ, AF_INET),
		    SCMP_CMP(1, SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));
	if (rc == 0 && role == ROLE_FETCH)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(socket), 2,
		    SCMP_CMP(0, SCMP_CMP_EQ, AF_INET6),
		    SCMP_CMP(1, SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));
	/* fstat of newer C libraries: an open descriptor, no name */
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(newfstatat), 1,
		    SCMP_CMP(3, SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
	/* abort() raises its signal in this process */
	if (rc == 0)
		rc = allow_value(ctx, CALL(tgkill), 0, (uint64_t)getpid());
	if (rc == 0)
		rc = allow_value(ctx, CALL(rt_sigaction), 0, 6 /* SIGABRT */);
	return rc;
}

int
syscalls_close(enum role_id role, char *err, size_t cap)
{
	scmp_filter_ctx ctx = seccomp_init(DEFAULT_ACTION);
	int rc = ctx ? 0 : -ENOMEM;

	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	/* Not every kernel may log what it kills; it is no reason to go without. */
	if (rc == 0)
		(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_LOG, 1);
	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a row */
	if (rc == 0)
		rc = allow(ctx, for_all);
	if (rc == 0)
		rc = allow(ctx, list_of(role));
	if (rc == 0)
		rc = allow_some(ctx, role);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	if (rc != 0)
		snprintf(err, cap,
		    "cannot close the list of system calls: %s (the kernel needs "
		    "CONFIG_SECCOMP_FILTER; \"sandbox no\" in \"server\" does without)",
		    strerror(-rc));
	return rc;
}
