/*
 * A network namespace of the test's own: as root, or as root of a user namespace. Where neither is
 * allowed the tests that need it are skipped by name.
 */
#ifndef TEST_NETNS_H
#define TEST_NETNS_H

#include <sched.h>
#include <stdbool.h>
#include <unistd.h>

/* Moves this process into a new network namespace; false: not allowed here. */
static inline bool
netns_enter(void)
{
	if (unshare(CLONE_NEWNET) == 0)
		return true;
	return geteuid() != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

#endif
