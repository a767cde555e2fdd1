/* Files of rasdial's connections. See dial_state.h. */
#include "cmd/dial_state.h"

#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define STATE_BYTES_MAX 8192u

static void
path_of(const char *name, char *out, size_t cap)
{
	snprintf(out, cap, "%s/%s.json", DIAL_STATE_DIR, name);
}

int
dial_state_claim(const char *name)
{
	char path[160];
	int fd, rc = file_mkdirs(DIAL_STATE_DIR, 0755, (uid_t)-1, (gid_t)-1);

	if (rc < 0)
		return rc;
	path_of(name, path, sizeof(path));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return -EBUSY;
	}
	return fd;
}

int
dial_state_write(int fd, const struct dial_state *s)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, "
			      "s:s, s:I, s:I, s:I}",
	    "name", s->name, "host", s->host, "user", s->user, "device", s->device, "local",
	    s->local, "remote", s->remote, "dns", s->dns, "local6", s->local6, "suffix", s->suffix,
	    "routes", s->routes, "set_routes", s->set_routes, "dns_by", s->dns_by, "state",
	    s->state, "cause", s->cause, "tries", (json_int_t)s->tries, "since",
	    (json_int_t)s->since_unix_s, "pid", (json_int_t)s->pid);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	int rc = text ? 0 : -ENOMEM;

	json_decref(o);
	if (rc == 0 && (ftruncate(fd, 0) < 0 || pwrite(fd, text, strlen(text), 0) < 0))
		rc = -errno;
	free(text);
	return rc;
}

void
dial_state_release(int fd, const char *name)
{
	char path[160];

	path_of(name, path, sizeof(path));
	(void)unlink(path);
	close(fd);
}

static void
copy(const json_t *o, const char *key, char *out, size_t cap)
{
	const char *s = json_string_value(json_object_get(o, key));

	snprintf(out, cap, "%s", s ? s : "");
}

/* Reads one file; false when nobody holds it (then it is removed) or it is not ours. */
static bool
read_state(const char *path, struct dial_state *out)
{
	struct file_bytes b;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	json_t *o = NULL;

	if (fd < 0)
		return false;
	if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
		(void)unlink(path);
		close(fd);
		return false;
	}
	if (file_read_fd(fd, STATE_BYTES_MAX, &b) == 0) {
		o = json_loads((const char *)b.p, 0, NULL);
		file_bytes_free(&b);
	}
	close(fd);
	if (!o)
		return false;
	*out = (struct dial_state){ .pid = (pid_t)json_integer_value(json_object_get(o, "pid")),
		.since_unix_s = json_integer_value(json_object_get(o, "since")) };
	copy(o, "name", out->name, sizeof(out->name));
	copy(o, "host", out->host, sizeof(out->host));
	copy(o, "user", out->user, sizeof(out->user));
	copy(o, "device", out->device, sizeof(out->device));
	copy(o, "local", out->local, sizeof(out->local));
	copy(o, "remote", out->remote, sizeof(out->remote));
	copy(o, "dns", out->dns, sizeof(out->dns));
	copy(o, "local6", out->local6, sizeof(out->local6));
	copy(o, "suffix", out->suffix, sizeof(out->suffix));
	copy(o, "routes", out->routes, sizeof(out->routes));
	copy(o, "set_routes", out->set_routes, sizeof(out->set_routes));
	copy(o, "dns_by", out->dns_by, sizeof(out->dns_by));
	copy(o, "state", out->state, sizeof(out->state));
	copy(o, "cause", out->cause, sizeof(out->cause));
	out->tries = (unsigned int)json_integer_value(json_object_get(o, "tries"));
	json_decref(o);
	return out->pid > 1;
}

void
dial_state_each(dial_state_fn fn, void *ctx)
{
	DIR *d = opendir(DIAL_STATE_DIR);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[512];
		struct dial_state s;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", DIAL_STATE_DIR, e->d_name);
		if (read_state(path, &s))
			fn(ctx, &s);
	}
	if (d)
		closedir(d);
}

bool
dial_state_find(const char *name, struct dial_state *out)
{
	char path[160];

	path_of(name, path, sizeof(path));
	return read_state(path, out);
}

bool
dial_state_wait_gone(const char *name, unsigned int ms)
{
	struct dial_state s;

	for (unsigned int waited = 0; waited < ms; waited += 20) {
		if (!dial_state_find(name, &s))
			return true;
		(void)poll(NULL, 0, 20);
	}
	return false;
}
