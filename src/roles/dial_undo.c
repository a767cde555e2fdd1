/* What rasdial has changed and how it is taken back. See dial_undo.h. */
#include "roles/dial_undo.h"

#include "os/file.h"
#include "roles/dial_dns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define UNDO_BYTES_MAX 8192u
#define UNDO_FILES_MAX 64u

static void
path_of(const char *name, char *out, size_t cap)
{
	snprintf(out, cap, "%s/%.63s", DIAL_UNDO_DIR, name);
}

int
dial_undo_lock(void)
{
	int rc = file_mkdirs(DIAL_UNDO_DIR, 0700, (uid_t)-1, (gid_t)-1);
	int fd;

	if (rc < 0)
		return rc;
	fd = open(DIAL_UNDO_DIR "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0) {
		if (errno == EINTR)
			continue;
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

/* --- the file --- */

static json_t *
route_json(const struct route *r)
{
	char dst[ADDR_TEXT_MAX], gateway[ADDR_TEXT_MAX];

	return json_pack("{s:s, s:i, s:s, s:i, s:i, s:b}", "dst", ip_text(&r->dst.addr, dst), "len",
	    (int)r->dst.len, "gateway",
	    ip_is_none(&r->gateway) ? "" : ip_text(&r->gateway, gateway), "ifindex",
	    (int)r->ifindex, "metric", (int)r->metric, "unreachable", r->type == ROUTE_UNREACHABLE);
}

static bool
route_read(const json_t *o, struct route *r)
{
	const char *dst = json_string_value(json_object_get(o, "dst"));
	const char *gateway = json_string_value(json_object_get(o, "gateway"));
	json_int_t len = json_integer_value(json_object_get(o, "len"));

	*r = (struct route){ .type = json_is_true(json_object_get(o, "unreachable"))
		                         ? ROUTE_UNREACHABLE
		                         : ROUTE_UNICAST,
		.ifindex = (unsigned int)json_integer_value(json_object_get(o, "ifindex")),
		.metric = (uint32_t)json_integer_value(json_object_get(o, "metric")),
		.protocol = NETLINK_PROTO_OPENRRAS };
	if (!dst || !ip_parse(view_str(dst), &r->dst.addr) || len < 0 || len > 128)
		return false;
	r->dst.len = (uint8_t)len;
	return !gateway || !*gateway || ip_parse(view_str(gateway), &r->gateway);
}

int
dial_undo_write(const struct dial_undo *u)
{
	json_t *routes = json_array(), *servers = json_array(), *o;
	char *text;
	int rc = 0;

	for (unsigned int i = 0; i < u->n_routes; i++)
		json_array_append_new(routes, route_json(&u->routes[i]));
	for (unsigned int i = 0; i < u->n_servers; i++) {
		char addr[ADDR_TEXT_MAX];
		json_array_append_new(servers, json_string(ip_text(&u->servers[i], addr)));
	}
	o = json_pack("{s:s, s:I, s:o, s:i, s:b, s:s, s:o, s:s}", "name", u->name, "order",
	    (json_int_t)u->order, "routes", routes, "dns", (int)u->dns, "full", u->full, "device",
	    u->device, "servers", servers, "suffix", u->suffix);
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	if (!text)
		return -ENOMEM;
	/* Whoever is killed between the two leaves a whole document with a tail. */
	if (pwrite(u->fd, text, strlen(text), 0) != (ssize_t)strlen(text) ||
	    ftruncate(u->fd, (off_t)strlen(text)) < 0)
		rc = errno ? -errno : -EIO;
	free(text);
	return rc;
}

static void
copy(const json_t *o, const char *key, char *out, size_t cap)
{
	const char *s = json_string_value(json_object_get(o, key));

	snprintf(out, cap, "%s", s ? s : "");
}

static void
undo_of(const json_t *o, struct dial_undo *u)
{
	const json_t *routes = json_object_get(o, "routes"), *one;
	const json_t *servers = json_object_get(o, "servers");
	json_int_t dns = json_integer_value(json_object_get(o, "dns"));
	size_t i;

	*u = (struct dial_undo){ .order = json_integer_value(json_object_get(o, "order")),
		.full = json_is_true(json_object_get(o, "full")) };
	copy(o, "name", u->name, sizeof(u->name));
	copy(o, "device", u->device, sizeof(u->device));
	copy(o, "suffix", u->suffix, sizeof(u->suffix));
	u->dns = dns > 0 && dns <= DNS_FILE ? (enum dns_way)dns : DNS_NOBODY;
	json_array_foreach(routes, i,
	    one) if (u->n_routes < DIAL_UNDO_ROUTES && route_read(one, &u->routes[u->n_routes]))
	    u->n_routes++;
	json_array_foreach(servers, i,
	    one) if (u->n_servers < DIAL_DNS_MAX && json_is_string(one) &&
		     ip_parse(view_str(json_string_value(one)), &u->servers[u->n_servers]))
	    u->n_servers++;
}

/* Reads one file. False: it is not one of ours. *live: its process holds it. */
static bool
read_one(const char *name, struct dial_undo *u, bool *live)
{
	struct file_bytes b = { 0 };
	char path[160];
	json_t *o = NULL;
	int fd;

	path_of(name, path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	*live = flock(fd, LOCK_SH | LOCK_NB) < 0;
	if (file_read_fd(fd, UNDO_BYTES_MAX, &b) == 0) {
		o = json_loads((const char *)b.p, JSON_DISABLE_EOF_CHECK, NULL);
		file_bytes_free(&b);
	}
	close(fd);
	*u = (struct dial_undo){ 0 };
	if (o)
		undo_of(o, u);
	json_decref(o);
	snprintf(u->name, sizeof(u->name), "%.63s", name);
	return true;
}

/* All files, living or dead as asked; the newest first. *out is the caller's to free. */
static unsigned int
read_all(bool live, struct dial_undo **out)
{
	struct dial_undo *all = calloc(UNDO_FILES_MAX, sizeof(*all));
	DIR *d = all ? opendir(DIAL_UNDO_DIR) : NULL;
	unsigned int n = 0;
	struct dirent *e;

	while (d && n < UNDO_FILES_MAX && (e = readdir(d))) {
		struct dial_undo u;
		bool lives;
		if (e->d_name[0] == '.' || !read_one(e->d_name, &u, &lives) || lives != live)
			continue;
		unsigned int at = n++;
		for (; at > 0 && all[at - 1].order < u.order; at--)
			all[at] = all[at - 1];
		all[at] = u;
	}
	if (d)
		closedir(d);
	*out = all;
	return n;
}

void
dial_undo_each(dial_undo_fn fn, void *ctx)
{
	struct dial_undo *all;
	unsigned int n = read_all(true, &all);

	for (unsigned int i = 0; i < n; i++)
		fn(ctx, &all[i]);
	free(all);
}

/* --- taking back --- */

static bool
same_route(const struct route *a, const struct route *b)
{
	return ip_equal(&a->dst.addr, &b->dst.addr) && a->dst.len == b->dst.len &&
	       a->metric == b->metric && a->ifindex == b->ifindex && a->type == b->type &&
	       ip_equal(&a->gateway, &b->gateway);
}

struct need {
	const struct dial_undo *but; /* the one that goes */
	const struct route *route;
	bool found;
};

static void
look_for_route(void *ctx, const struct dial_undo *u)
{
	struct need *n = ctx;

	for (unsigned int i = 0; i < u->n_routes && strcmp(u->name, n->but->name) != 0; i++)
		n->found = n->found || same_route(&u->routes[i], n->route);
}

/* Whether it went: another connection may need it still. */
static bool
take_back(const struct dial_undo *u, struct netlink *nl, const struct route *r)
{
	struct need need = { .but = u, .route = r };
	struct route own = *r;

	dial_undo_each(look_for_route, &need);
	own.protocol = NETLINK_PROTO_OPENRRAS; /* never one that somebody else made */
	return !need.found && netlink_route_del(nl, &own) == 0;
}

void
dial_undo_drop_route(struct dial_undo *u, struct netlink *nl, unsigned int i)
{
	int lock = dial_undo_lock();

	(void)!take_back(u, nl, &u->routes[i]);
	u->routes[i] = u->routes[--u->n_routes];
	(void)!dial_undo_write(u);
	if (lock >= 0)
		close(lock);
}

static unsigned int
take_all_back(const struct dial_undo *u, struct netlink *nl)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < u->n_routes; i++)
		n += take_back(u, nl, &u->routes[i]);
	return n;
}

int
dial_undo_claim(struct dial_undo *u, const char *name)
{
	struct timespec t;
	char path[160];
	int lock = dial_undo_lock(), rc = 0;

	if (lock < 0)
		return lock;
	*u = (struct dial_undo){ 0 };
	snprintf(u->name, sizeof(u->name), "%s", name);
	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	u->order = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
	path_of(name, path, sizeof(path));
	u->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (u->fd < 0)
		rc = -errno;
	else if (flock(u->fd, LOCK_EX | LOCK_NB) < 0)
		rc = -EBUSY;
	else
		rc = dial_undo_write(u);
	if (rc < 0 && u->fd >= 0)
		close(u->fd);
	if (rc < 0)
		u->fd = 0;
	close(lock);
	return rc;
}

void
dial_undo_finish(struct dial_undo *u, struct netlink *nl)
{
	char path[160];
	int lock;

	if (u->fd <= 0)
		return;
	lock = dial_undo_lock();
	if (nl)
		(void)take_all_back(u, nl);
	path_of(u->name, path, sizeof(path));
	(void)unlink(path);
	dial_dns_unset(u);
	close(u->fd);
	u->fd = 0;
	if (lock >= 0)
		close(lock);
}

int
dial_undo_sweep(struct netlink *nl, struct dial_swept *out)
{
	int lock = dial_undo_lock();
	struct dial_undo *dead;
	unsigned int n;

	*out = (struct dial_swept){ 0 };
	if (lock < 0)
		return lock;
	n = read_all(false, &dead);
	for (unsigned int i = 0; i < n; i++) {
		char path[160];
		out->connections++;
		out->routes += take_all_back(&dead[i], nl);
		out->dns = out->dns || dead[i].dns != DNS_NOBODY;
		path_of(dead[i].name, path, sizeof(path));
		(void)unlink(path);
		dial_dns_unset(&dead[i]);
	}
	free(dead);
	close(lock);
	return 0;
}
