/*
 * Leaving privileges behind. See sandbox.h. The order matters: what needs root comes first, what
 * cannot be undone comes last, and at the end it is checked that it holds.
 */
#include "os/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct text {
	char *p;
	size_t cap;
};

/* Says what failed with errno; returns -errno. */
static int __attribute__((format(printf, 2, 3)))
failed(const struct text *err, const char *fmt, ...)
{
	int e = errno;
	va_list ap;
	char what[128];

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(err->p, err->cap, "%s: %s", what, strerror(e));
	return e ? -e : -EPERM;
}

static int
limit(int resource, rlim_t most, const char *name, const struct text *err)
{
	struct rlimit r = { .rlim_cur = most, .rlim_max = most };

	if (setrlimit((__rlimit_resource_t)resource, &r) != 0)
		return failed(
		    err, "cannot set the limit of %s to %llu", name, (unsigned long long)most);
	return 0;
}

/*
 * A folder that has lost its name while we stand in it: nothing can be looked up, made or mounted
 * there, and no two processes share it.
 */
static int
stand_in_empty_folder(const struct text *err)
{
	static const char *const places[] = { "/run/rras-root-XXXXXX", "/tmp/rras-root-XXXXXX" };
	char path[32];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s", places[i]);
		if (!mkdtemp(path))
			continue;
		int rc = chdir(path);
		if (rmdir(path) != 0 || rc != 0)
			return failed(err, "cannot stand in the empty folder %s", path);
		return 0;
	}
	return failed(err, "cannot make an empty root folder in /run or /tmp");
}

static int
change_root(const char *root, const struct text *err)
{
	if (!root)
		return 0;
	if (root[0] == 0) {
		int rc = stand_in_empty_folder(err);
		if (rc)
			return rc;
	} else if (chdir(root) != 0) {
		return failed(err, "cannot enter the root folder %s", root);
	}
	if (chroot(".") != 0)
		return failed(err, "cannot change the root folder");
	if (chdir("/") != 0)
		return failed(err, "cannot enter the new root folder");
	return 0;
}

/* Nothing that we execute can have a capability. EPERM: we have none to begin with. */
static int
empty_bounding_set(const struct text *err)
{
	for (unsigned int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EPERM)
			return failed(err, "cannot drop capability %u", cap);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return failed(err, "cannot clear the ambient capabilities");
	return 0;
}

static int
change_ids(const struct sandbox *s, const struct text *err)
{
	if (!s->set_ids)
		return 0;
	if (s->keep_caps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
		return failed(err, "cannot keep capabilities");
	/* Only root may empty its groups; who is nobody already has nothing to empty. */
	if (setgroups(0, NULL) != 0 && (errno != EPERM || getgroups(0, NULL) > 0))
		return failed(err, "cannot leave the supplementary groups");
	if (setresgid(s->gid, s->gid, s->gid) != 0)
		return failed(err, "cannot become group %lu", (unsigned long)s->gid);
	if (setresuid(s->uid, s->uid, s->uid) != 0)
		return failed(err, "cannot become user %lu", (unsigned long)s->uid);
	return 0;
}

static int
keep_only(uint64_t caps, const struct text *err)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	for (unsigned int i = 0; i < 2; i++)
		d[i].effective = d[i].permitted = (uint32_t)(caps >> (32 * i));
	if (syscall(SYS_capset, &h, d) != 0)
		return failed(err, "cannot reduce the capabilities");
	return 0;
}

/* What a mistake above would leave open. */
static int
check(const struct sandbox *s, const struct text *err)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	errno = 0;
	if (s->set_ids && (getuid() != s->uid || geteuid() != s->uid || getgid() != s->gid ||
			      getegid() != s->gid))
		return failed(err, "the user did not change");
	if (s->set_ids && s->uid != 0 && setuid(0) == 0)
		return failed(err, "root could be regained");
	if (syscall(SYS_capget, &h, d) != 0 ||
	    (d[0].permitted | (uint64_t)d[1].permitted << 32) != s->keep_caps)
		return failed(err, "the capabilities did not change");
	return 0;
}

int
sandbox_enter(const struct sandbox *s, char *err_out, size_t cap)
{
	const struct text err = { .p = err_out, .cap = cap };
	int death_signal = 0;
	pid_t parent = getppid();
	int rc = limit(RLIMIT_CORE, 0, "core files", &err);

	if (rc == 0 && s->max_files)
		rc = limit(RLIMIT_NOFILE, s->max_files, "open files", &err);
	if (rc == 0)
		rc = change_root(s->root, &err);
	if (rc == 0)
		rc = empty_bounding_set(&err);
	if (prctl(PR_GET_PDEATHSIG, &death_signal) != 0)
		death_signal = 0;
	if (rc == 0)
		rc = change_ids(s, &err);
	if (rc == 0)
		rc = keep_only(s->keep_caps, &err);
	if (rc == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		rc = failed(&err, "cannot give up new privileges");
	if (rc == 0 && s->undumpable && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		rc = failed(&err, "cannot become undumpable");
	if (rc == 0 && s->no_fork)
		rc = limit(RLIMIT_NPROC, 0, "processes", &err);
	/* A change of user forgets the signal for our parent's death. */
	if (rc == 0 && death_signal && prctl(PR_SET_PDEATHSIG, death_signal) != 0)
		rc = failed(&err, "cannot follow the parent's death");
	if (rc == 0 && death_signal && getppid() != parent) {
		errno = ESRCH;
		rc = failed(&err, "the parent process ended");
	}
	return rc ? rc : check(s, &err);
}

/* A whole decimal number that is a user id. */
static bool
parse_id(const char *s, uid_t *out)
{
	char *end;

	if (s[0] < '0' || s[0] > '9')
		return false;
	errno = 0;
	unsigned long x = strtoul(s, &end, 10);
	if (errno || *end || x >= (uid_t)-1)
		return false;
	*out = (uid_t)x;
	return true;
}

int
sandbox_ids(const char *user, uid_t *uid_out, gid_t *gid_out)
{
	struct passwd pw, *found = NULL;
	char buf[4096];
	uid_t uid;

	int err = getpwnam_r(user, &pw, buf, sizeof(buf), &found);
	bool number = !found && parse_id(user, &uid);
	if (number)
		err = getpwuid_r(uid, &pw, buf, sizeof(buf), &found);
	if (found) {
		*uid_out = found->pw_uid;
		*gid_out = found->pw_gid;
		return 0;
	}
	if (!number)
		return err && err != ENOENT ? -err : -ENOENT;
	*uid_out = uid;
	*gid_out = uid;
	return 0;
}

uint32_t
sandbox_files_max(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return 0;
	return r.rlim_cur > UINT32_MAX ? UINT32_MAX : (uint32_t)r.rlim_cur;
}
