/*
 * The system calls that a role may make once it is in its sandbox (os/sandbox.h): a list for each,
 * everything else kills the process. monitor sees SIGSYS, says so and starts the role anew. Built
 * with a sanitizer, which makes calls of its own, forbidden calls are logged by the kernel instead.
 */
#ifndef OS_SYSCALLS_H
#define OS_SYSCALLS_H

#include "base/must.h"
#include "ipc/msg.h"

/*
 * Closes the list of a role: for good, and for all threads. -errno with a text when the kernel has
 * no seccomp; monitor has no list.
 */
MUST_USE int syscalls_close(enum role_id role, char *err, size_t cap);

#endif
