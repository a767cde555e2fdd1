/*
 * Host facts of the interfaces: their reverse path filters and sizes, what these filters dropped,
 * and whether rules of the old iptables exist, which the command nft does not show. Read only. See
 * hostfacts.h.
 */
#include "os/hostfacts.h"

#include "os/file.h"
#include "os/netlink.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PROC_TEXT_MAX (64u << 10)

/* A file of /proc, which has no size: read to its end. False when it cannot be had. */
static bool
read_text(const char *path, struct file_bytes *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : file_read_fd(fd, PROC_TEXT_MAX, out);

	if (fd >= 0)
		close(fd);
	return rc == 0;
}

static bool
on_link(void *ctx, const struct if_link *l)
{
	struct host_facts *out = ctx;
	struct host_link *h;
	char path[96];

	if (out->n_links == HOST_LINKS_MAX)
		return false;
	if (l->loopback)
		return true;
	h = &out->links[out->n_links++];
	*h = (struct host_link){ .mtu = l->mtu, .up = l->up };
	memcpy(h->device, l->name, sizeof(h->device));
	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%.16s/rp_filter", l->name);
	h->rp_filter = hostfacts_number(path);
	return true;
}

/* The next line of *rest, without its end; empty at the end. */
static struct view
next_line(struct view *rest)
{
	const uint8_t *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	struct view line = view_of(rest->p, end ? (size_t)(end - rest->p) : rest->n);
	size_t used = line.n + (end != NULL);

	*rest = view_of(rest->p + used, rest->n - used);
	return line;
}

static struct view
next_word(struct view *rest)
{
	size_t from = 0, to;

	while (from < rest->n && rest->p[from] == ' ')
		from++;
	for (to = from; to < rest->n && rest->p[to] != ' ';)
		to++;
	struct view w = view_of(rest->p + from, to - from);
	*rest = view_of(rest->p + to, rest->n - to);
	return w;
}

/* Two lines belong together: "Group: name name ..." and "Group: number number ...". */
int64_t
hostfacts_counter(struct view text, const char *group, const char *name)
{
	while (text.n) {
		struct view names = next_line(&text), numbers = next_line(&text);
		struct view of = next_word(&names), n, v;

		(void)next_word(&numbers);
		if (!view_eq(of, view_str(group)))
			continue;
		while ((n = next_word(&names)).n && (v = next_word(&numbers)).n) {
			int64_t value = 0;
			if (!view_eq(n, view_str(name)))
				continue;
			for (size_t i = 0; i < v.n; i++) {
				if (!isdigit(v.p[i]) || value > INT64_MAX / 10 - 10)
					return -1;
				value = value * 10 + (v.p[i] - '0');
			}
			return value;
		}
	}
	return -1;
}

static void
read_legacy_filter(struct host_facts *out)
{
	static const char *const files[] = { "/proc/net/ip_tables_names",
		"/proc/net/ip6_tables_names" };
	struct file_bytes b;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!read_text(files[i], &b))
			continue;
		struct view rest = file_view(&b);
		while (rest.n) {
			struct view line = next_line(&rest);
			if (view_eq(line, view_str("filter")))
				snprintf(out->legacy_filter, sizeof(out->legacy_filter), "%s",
				    i ? "ip6tables-legacy" : "iptables-legacy");
		}
		file_bytes_free(&b);
		if (out->legacy_filter[0])
			return;
	}
}

void
hostfacts_links(struct host_facts *out)
{
	struct netlink *nl;
	struct file_bytes b;

	out->rp_dropped = -1;
	if (read_text("/proc/net/netstat", &b)) {
		out->rp_dropped =
		    hostfacts_counter(file_view(&b), "TcpExt:", "IPReversePathFilter");
		file_bytes_free(&b);
	}
	read_legacy_filter(out);
	if (netlink_open(&nl) < 0)
		return;
	if (netlink_link_each(nl, on_link, out) < 0)
		out->n_links = 0;
	netlink_close(nl);
}
