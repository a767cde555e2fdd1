/*
 * Leaving privileges behind: root folder, ids, capabilities, no new privileges, no core dumps.
 * Called once per process, after everything is opened and loaded. The lists of system calls are
 * os/syscalls.h's, entered after this.
 */
#ifndef OS_SANDBOX_H
#define OS_SANDBOX_H

#include "base/must.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Root that is an empty folder with no name, in which nothing can be made. */
#define SANDBOX_EMPTY_ROOT ""

#define SANDBOX_CAP(cap) (UINT64_C(1) << (cap)) /* of a CAP_* of <linux/capability.h> */

struct sandbox {
	const char *root; /* NULL: stays; SANDBOX_EMPTY_ROOT; or a folder */
	bool set_ids;     /* whether uid and gid count */
	uid_t uid;        /* and no supplementary groups */
	gid_t gid;
	uint64_t keep_caps; /* SANDBOX_CAP()s kept, also across the change of uid; 0 = none */
	bool undumpable;    /* no ptrace by the same uid, /proc files owned by root */
	uint32_t max_files; /* RLIMIT_NOFILE; 0 = as it is */
	bool no_fork;       /* RLIMIT_NPROC 0 */
};

/* All or nothing in effect: on failure (-errno and a text) the process must end. */
MUST_USE int sandbox_enter(const struct sandbox *s, char *err, size_t cap);

/* How many descriptors this process may have at a time; 0 when that cannot be told. */
uint32_t sandbox_files_max(void);

/*
 * The ids of a user name; a number is taken as uid and gid both, unless a user has that uid.
 * -ENOENT when there is no such user. Call it before the root changes.
 */
MUST_USE int sandbox_ids(const char *user, uid_t *uid_out, gid_t *gid_out);

#endif
