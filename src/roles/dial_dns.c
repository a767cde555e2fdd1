/* The resolver of this host. See dial_dns.h. */
#include "roles/dial_dns.h"

#include "base/wr.h"
#include "os/file.h"
#include "os/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLV_MARK "# Made by rasdial for a connection that is up; the former one comes back.\n"
#define RESOLV_BYTES_MAX 65536u
#define BACKUP DIAL_UNDO_DIR "/.resolv.conf"
#define RESOLVED_SOCKET "/run/systemd/resolve/io.systemd.Resolve"
#define COMMAND_MS 5000u

static bool
have_command(const char *name)
{
	const char *path = getenv("PATH");
	struct view v = view_str(path && *path ? path : "/usr/sbin:/usr/bin:/sbin:/bin");

	while (v.n) {
		char full[PATH_MAX];
		size_t n = 0;
		while (n < v.n && v.p[n] != ':')
			n++;
		snprintf(full, sizeof(full), "%.*s/%s", (int)n, (const char *)v.p, name);
		if (n && access(full, X_OK) == 0)
			return true;
		n += n < v.n;
		v = view_of(v.p + n, v.n - n);
	}
	return false;
}

enum dns_way
dial_dns_way(void)
{
	if (access(RESOLVED_SOCKET, F_OK) == 0 && have_command("resolvectl"))
		return DNS_RESOLVED;
	return have_command("resolvconf") ? DNS_RESOLVCONF : DNS_FILE;
}

const char *
dial_dns_name(enum dns_way way)
{
	switch (way) {
	case DNS_NOBODY:
		return "";
	case DNS_RESOLVED:
		return "resolved";
	case DNS_RESOLVCONF:
		return "resolvconf";
	case DNS_FILE:
		return "resolv.conf";
	}
	return "";
}

bool
dial_dns_suffix_ok(const char *s)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	return *s && *s != '-' && *s != '.' && strlen(s) < DNS_SUFFIX_MAX &&
	       strspn(s, letters) == strlen(s);
}

/* Runs a command with fixed words. 0, or -errno with a text. */
static int
command(const char *const argv[], struct view input, char *err, size_t cap)
{
	struct proc_result res;
	int rc = proc_run(argv, input, COMMAND_MS, &res);

	if (rc < 0) {
		snprintf(err, cap, "%s: %s", argv[0], strerror(-rc));
		return rc;
	}
	if (!proc_ok(&res)) {
		snprintf(err, cap, "%s %s: %.*s", argv[0], argv[1], (int)strcspn(res.out, "\r\n"),
		    res.n_out ? res.out : "it failed");
		rc = -EIO;
	}
	proc_result_fini(&res);
	return rc;
}

/* --- systemd-resolved: settings of the device, which go with it --- */

static int
set_resolved(const struct dial_undo *u, char *err, size_t cap)
{
	char servers[DIAL_DNS_MAX][ADDR_TEXT_MAX];
	const char *dns[3 + DIAL_DNS_MAX + 1] = { "resolvectl", "dns", u->device };
	const char *domain[6] = { "resolvectl", "domain", u->device };
	const char *const all[] = { "resolvectl", "default-route", u->device,
		u->full ? "yes" : "no", NULL };
	unsigned int n = 3;
	int rc;

	for (unsigned int i = 0; i < u->n_servers; i++)
		dns[3 + i] = ip_text(&u->servers[i], servers[i]);
	if (u->suffix[0])
		domain[n++] = u->suffix;
	if (u->full)
		domain[n++] = "~."; /* no other device is asked for anything */
	if (n == 3)
		domain[n++] = ""; /* none */
	rc = command(dns, view_of(NULL, 0), err, cap);
	if (rc == 0)
		rc = command(domain, view_of(NULL, 0), err, cap);
	return rc == 0 ? command(all, view_of(NULL, 0), err, cap) : rc;
}

/* --- text for resolvconf and the file --- */

static void
put_servers(struct wr *w, const struct dial_undo *u)
{
	char text[ADDR_TEXT_MAX];

	for (unsigned int i = 0; i < u->n_servers; i++)
		wr_fmt(w, "nameserver %s\n", ip_text(&u->servers[i], text));
}

static int
set_resolvconf(const struct dial_undo *u, char *err, size_t cap)
{
	char id[32], text[1024];
	struct wr w = wr_over(text, sizeof(text));
	const char *const argv[] = { "resolvconf", "-a", id, NULL };

	snprintf(id, sizeof(id), "%s.rasdial", u->device);
	if (u->suffix[0])
		wr_fmt(&w, "search %s\n", u->suffix);
	put_servers(&w, u);
	return command(argv, wr_view_of(&w), err, cap);
}

/* --- the file --- */

static bool
is_ours(const struct file_bytes *b)
{
	return b->n >= strlen(RESOLV_MARK) && memcmp(b->p, RESOLV_MARK, strlen(RESOLV_MARK)) == 0;
}

static int
keep_former(void)
{
	struct file_bytes b = { 0 };
	char target[PATH_MAX] = "";
	ssize_t n = readlink(RESOLV_CONF, target, sizeof(target) - 1);
	int rc = file_read(RESOLV_CONF, RESOLV_BYTES_MAX, &b);
	json_t *o;
	char *text;

	if (rc == 0 && is_ours(&b)) { /* ours already: what was kept stays */
		file_bytes_free(&b);
		return 0;
	}
	if (rc < 0 && rc != -ENOENT)
		return rc;
	o = json_pack("{s:b, s:s, s:s%}", "there", rc == 0 || n > 0, "link", target, "text",
	    b.n ? (const char *)b.p : "", b.n);
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	rc = text ? file_write(BACKUP, view_str(text), 0600) : -EILSEQ;
	json_decref(o);
	free(text);
	file_bytes_free(&b);
	return rc;
}

static json_t *
read_former(void)
{
	struct file_bytes b;
	json_t *o;

	if (file_read(BACKUP, 2 * RESOLV_BYTES_MAX, &b) < 0)
		return NULL;
	o = json_loads((const char *)b.p, 0, NULL);
	file_bytes_free(&b);
	return o;
}

/* In one step; where the file is a mount of its own (containers) it can only be written over. */
static int
put_file(struct view text)
{
	int rc = file_write(RESOLV_CONF, text, 0644);

	if (rc != -EBUSY)
		return rc;
	int fd = open(RESOLV_CONF, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	rc = write(fd, text.p, text.n) == (ssize_t)text.n ? 0 : -EIO;
	close(fd);
	return rc;
}

static int
put_former(const json_t *o)
{
	const char *link = json_string_value(json_object_get(o, "link"));
	const json_t *text = json_object_get(o, "text");

	if (!json_is_true(json_object_get(o, "there")))
		return unlink(RESOLV_CONF) == 0 ? 0 : -errno;
	if (!link || !*link)
		return put_file(
		    view_of((const uint8_t *)json_string_value(text), json_string_length(text)));
	(void)unlink(RESOLV_CONF ".rasdial");
	if (symlink(link, RESOLV_CONF ".rasdial") < 0 ||
	    rename(RESOLV_CONF ".rasdial", RESOLV_CONF) < 0)
		return -errno;
	return 0;
}

struct making {
	struct wr *w;
	unsigned int n; /* connections that need the file */
	bool full;      /* one of them takes all */
	bool searches;
};

static void
count_one(void *ctx, const struct dial_undo *u)
{
	struct making *m = ctx;

	if (u->dns != DNS_FILE || u->n_servers == 0)
		return;
	m->n++;
	m->full = m->full || u->full;
}

static void
servers_of_one(void *ctx, const struct dial_undo *u)
{
	struct making *m = ctx;

	if (u->dns == DNS_FILE && (u->full || !m->full))
		put_servers(m->w, u);
}

static void
suffix_of_one(void *ctx, const struct dial_undo *u)
{
	struct making *m = ctx;

	if (u->dns != DNS_FILE || !u->suffix[0])
		return;
	wr_fmt(m->w, "%s %s", m->searches ? "" : "search", u->suffix);
	m->searches = true;
}

/* Lines of the former file that begin with a word; servers only where not all goes to the tunnel.
 */
static void
former_lines(struct making *m, const char *former, const char *word, bool only_values)
{
	size_t n = strlen(word);

	while (former && *former) {
		size_t line = strcspn(former, "\n");
		if (line > n && strncmp(former, word, n) == 0 && strchr(" \t", former[n])) {
			size_t skip = only_values ? n : 0;
			wr_fmt(m->w, "%s%.*s%s", only_values && !m->searches ? "search" : "",
			    (int)(line - skip), former + skip, only_values ? "" : "\n");
			m->searches = m->searches || only_values;
		}
		former += line + (former[line] == '\n');
	}
}

/* The file as the living connections need it, or as it was before the first of them. */
static int
settle_file(void)
{
	static char text[RESOLV_BYTES_MAX + 4096];
	struct wr w = wr_over(text, sizeof(text));
	struct making m = { .w = &w };
	struct file_bytes now = { 0 };
	json_t *former;
	int rc = 0;

	dial_undo_each(count_one, &m);
	if (m.n) {
		rc = keep_former();
		if (rc < 0)
			return rc;
	}
	former = read_former();
	const char *old = json_string_value(json_object_get(former, "text"));
	if (m.n) {
		wr_fmt(&w, "%s", RESOLV_MARK);
		dial_undo_each(servers_of_one, &m);
		if (!m.full)
			former_lines(&m, old, "nameserver", false);
		dial_undo_each(suffix_of_one, &m);
		former_lines(&m, old, "search", true);
		if (m.searches)
			wr_fmt(&w, "\n");
		former_lines(&m, old, "options", false);
		rc = put_file(wr_view_of(&w));
	} else if (former) {
		/* Who wrote it anew since then knows better. */
		if (file_read(RESOLV_CONF, RESOLV_BYTES_MAX, &now) < 0 || is_ours(&now))
			rc = put_former(former);
		if (rc == 0)
			(void)unlink(BACKUP);
	}
	file_bytes_free(&now);
	json_decref(former);
	return rc;
}

int
dial_dns_set(const struct dial_undo *u, char *err, size_t cap)
{
	int lock, rc = 0;

	snprintf(err, cap, "nobody to tell");
	switch (u->dns) {
	case DNS_NOBODY:
		return -ENOENT;
	case DNS_RESOLVED:
		return set_resolved(u, err, cap);
	case DNS_RESOLVCONF:
		return set_resolvconf(u, err, cap);
	case DNS_FILE:
		lock = dial_undo_lock();
		rc = lock < 0 ? lock : settle_file();
		if (rc < 0)
			snprintf(err, cap, "%s: %s", RESOLV_CONF, strerror(-rc));
		if (lock >= 0)
			close(lock);
		return rc;
	}
	return -ENOENT;
}

void
dial_dns_unset(const struct dial_undo *u)
{
	char err[256], id[32];
	const char *const argv[] = { "resolvconf", "-d", id, NULL };

	snprintf(id, sizeof(id), "%s.rasdial", u->device);
	if (u->dns == DNS_RESOLVCONF)
		(void)!command(argv, view_of(NULL, 0), err, sizeof(err));
	if (u->dns == DNS_FILE)
		(void)!settle_file();
}
