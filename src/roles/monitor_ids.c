/*
 * Which user a role runs as, and what its sandbox looks like. The names come with the package
 * (sysusers.d); a machine without them gets fixed numbers of a range that nobody else hands out.
 */
#include "roles/monitor_priv.h"

#include "os/sandbox.h"
#include "os/syscalls.h"

#include <stdio.h>
#include <unistd.h>

#define FALLBACK_UID 60700u

void
monitor_role_ids(enum role_id role, uid_t *uid, gid_t *gid)
{
	char name[32];

	snprintf(name, sizeof(name), "_rras_%s", role_name(role));
	if (sandbox_ids(name, uid, gid) == 0)
		return;
	*uid = FALLBACK_UID + (uid_t)role;
	*gid = FALLBACK_UID + (gid_t)role;
}

/* The databases were opened with privileges; their journals are made without. */
static void
give_databases(const struct conf *c, uid_t uid, gid_t gid)
{
	static const char *const files[] = { "accounts.db", "accounts.db-wal", "accounts.db-shm",
		"accounts.db-journal", "history.db", "history.db-wal", "history.db-shm",
		"history.db-journal" };

	for (unsigned int i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[CONF_PATH_MAX + 32];
		snprintf(path, sizeof(path), "%s/%s", c->state_dir, files[i]);
		if (lchown(path, uid, gid) < 0)
			continue; /* not there */
	}
}

bool
sandbox_role(enum role_id role, const struct conf *c, char *err, size_t cap)
{
	struct sandbox s = {
		.root = SANDBOX_EMPTY_ROOT, .set_ids = true, .undumpable = true, .no_fork = true
	};

	monitor_role_ids(role, &s.uid, &s.gid);
	if (role == ROLE_RECORD) {
		s.root = c->state_dir;
		give_databases(c, s.uid, s.gid);
	}
	return sandbox_enter(&s, err, cap) == 0 && syscalls_close(role, err, cap) == 0;
}
