/* Gathering host facts. See hostfacts.h. Everything here only reads. */
#include "os/hostfacts.h"

#include "os/file.h"
#include "os/netlink.h"
#include "os/proc.h"
#include "os/sock.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define PROC_FILE_MAX (8u << 20)
#define NFT_TIME_MS 3000u

/* --- sockets --- */

/* Files of /proc are no regular files with a size: read to the end. */
static void
read_table(const char *path, const char *proto, struct host_facts *out)
{
	struct file_bytes b;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (file_read_fd(fd, PROC_FILE_MAX, &b) == 0) {
		hostfacts_read_sockets(proto, file_view(&b), out);
		file_bytes_free(&b);
	}
	close(fd);
}

/* The name of a process. A role is started as /proc/self/exe, so its comm says "exe". */
static void
process_name(const char *pid, char *out, size_t cap)
{
	char path[64], line[256] = "";
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
	if (fd >= 0)
		close(fd);
	line[n > 0 ? n : 0] = 0;
	line[strcspn(line, "\n")] = 0;
	if (strcmp(line, "exe") == 0) {
		snprintf(path, sizeof(path), "/proc/%.16s/cmdline", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
		if (fd >= 0)
			close(fd);
		line[n > 0 ? n : 0] = 0;
		line[strcspn(line, " :")] = 0; /* a title such as "rrasd: net 0" */
	}
	const char *slash = strrchr(line, '/');
	snprintf(out, cap, "%s", slash ? slash + 1 : line);
}

static void
own(struct host_facts *out, uint64_t inode, const char *pid)
{
	for (unsigned int i = 0; i < out->n_sockets; i++) {
		struct host_socket *s = &out->sockets[i];
		if (s->inode != inode || s->pid)
			continue;
		s->pid = (uint32_t)strtoul(pid, NULL, 10);
		process_name(pid, s->process, sizeof(s->process));
	}
}

static void
own_fds_of(const char *pid, struct host_facts *out)
{
	char path[64], target[64];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	d = opendir(path);
	if (!d) {
		out->owners_cut = out->owners_cut || errno == EACCES;
		return;
	}
	while ((e = readdir(d))) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = 0;
		if (strncmp(target, "socket:[", 8) == 0)
			own(out, strtoull(target + 8, NULL, 10), pid);
	}
	closedir(d);
}

void
hostfacts_sockets(struct host_facts *out)
{
	struct dirent *e;
	DIR *d;

	read_table("/proc/net/tcp", "TCP", out);
	read_table("/proc/net/tcp6", "TCPv6", out);
	read_table("/proc/net/udp", "UDP", out);
	read_table("/proc/net/udp6", "UDPv6", out);
	d = opendir("/proc");
	if (!d)
		return;
	while ((e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0]))
			own_fds_of(e->d_name, out);
	closedir(d);
}

/* --- addresses and routes --- */

static bool
on_addr(void *ctx, const struct if_addr *a)
{
	struct host_facts *out = ctx;

	if (out->n_addrs == HOST_ADDRS_MAX)
		return false;
	struct host_addr *h = &out->addrs[out->n_addrs++];
	*h = (struct host_addr){ .prefix = a->local, .up = true };
	if (!if_indextoname(a->ifindex, h->device))
		snprintf(h->device, sizeof(h->device), "if%u", a->ifindex);
	return true;
}

static bool
on_route(void *ctx, const struct route *r)
{
	struct host_facts *out = ctx;

	if (out->n_routes == HOST_ROUTES_MAX) {
		out->routes_cut = true;
		return false;
	}
	struct host_route *h = &out->routes[out->n_routes++];
	*h = (struct host_route){
		.to = r->dst, .via = r->gateway, .unreachable = r->type == ROUTE_UNREACHABLE
	};
	if (r->ifindex == 0 || !if_indextoname(r->ifindex, h->device))
		snprintf(h->device, sizeof(h->device), "-");
	return true;
}

static void
read_network(struct host_facts *out)
{
	struct netlink *nl;

	if (netlink_open(&nl) < 0)
		return;
	if (netlink_addr_each(nl, IP_NONE, on_addr, out) < 0)
		out->n_addrs = 0;
	if (netlink_route_each(nl, IP_NONE, on_route, out) < 0)
		out->routes_cut = true;
	netlink_close(nl);
}

/* --- switches and devices --- */

int
hostfacts_number(const char *path)
{
	char text[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 && isdigit((unsigned char)text[0]) ? (int)strtol(text, NULL, 10) : -1;
}

static void
read_switches(struct host_switches *sw)
{
	sw->ip_forward = hostfacts_number("/proc/sys/net/ipv4/ip_forward");
	sw->ip6_forward = hostfacts_number("/proc/sys/net/ipv6/conf/all/forwarding");
	sw->rp_filter_all = hostfacts_number("/proc/sys/net/ipv4/conf/all/rp_filter");
	sw->rp_filter_default = hostfacts_number("/proc/sys/net/ipv4/conf/default/rp_filter");
	sw->bindv6only = hostfacts_number("/proc/sys/net/ipv6/bindv6only");
}

/* Opening makes no device: that takes a request on the descriptor. */
static void
try_tun(struct host_facts *out)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		out->tun = HOST_YES;
		return;
	}
	out->tun = errno == EACCES || errno == EPERM ? HOST_UNKNOWN : HOST_NO;
	snprintf(out->tun_error, sizeof(out->tun_error), "%s", strerror(errno));
}

static void
read_clock(struct host_facts *out)
{
	struct timex t = { 0 };
	struct timespec now;
	int state = adjtimex(&t); /* without modes it only tells */

	clock_gettime(CLOCK_REALTIME, &now);
	out->at_unix_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	if (state >= 0)
		out->clock_synced = state == TIME_ERROR ? HOST_NO : HOST_YES;
}

static void
try_daemon(const char *path, struct host_facts *out)
{
	struct ucred peer = { 0 };
	socklen_t n = sizeof(peer);
	int fd = sock_connect_unix(path);

	if (fd >= 0) {
		out->daemon = HOST_YES;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0)
			out->daemon_pid = (uint32_t)peer.pid;
		close(fd);
		return;
	}
	out->daemon = fd == -EACCES || fd == -EPERM ? HOST_UNKNOWN : HOST_NO;
	snprintf(out->daemon_error, sizeof(out->daemon_error), "%.60s: %s", path, strerror(-fd));
}

/* --- packet filters --- */

static void
read_filter(const struct hostfacts_want *want, struct host_facts *out)
{
	static const char *const argv[] = { "nft", "-j", "list", "ruleset", NULL };
	struct proc_result r;
	int rc = proc_run(argv, view_of(NULL, 0), NFT_TIME_MS, &r);

	if (rc < 0) {
		snprintf(out->filter_error, sizeof(out->filter_error), "%s",
		    rc == -ENOENT ? "the command nft is not installed" : strerror(-rc));
		return;
	}
	if (!proc_ok(&r))
		snprintf(out->filter_error, sizeof(out->filter_error), "nft: %.*s",
		    (int)strcspn(r.out ? r.out : "", "\n"), r.out ? r.out : "");
	else if (r.cut)
		snprintf(out->filter_error, sizeof(out->filter_error), "there are too many rules");
	else if (!hostfacts_read_nft(view_of(r.out, r.n_out), want, out))
		snprintf(out->filter_error, sizeof(out->filter_error),
		    "what nft wrote could not be read");
	proc_result_fini(&r);
}

void
hostfacts_gather(const struct hostfacts_want *want, struct host_facts *out)
{
	*out = (struct host_facts){ 0 };
	read_clock(out);
	hostfacts_sockets(out);
	read_network(out);
	read_switches(&out->sw);
	hostfacts_links(out);
	try_tun(out);
	if (want->control_socket)
		try_daemon(want->control_socket, out);
	if (want->tcp_port)
		read_filter(want, out);
}

void
hostfacts_client(struct host_facts *out)
{
	*out = (struct host_facts){ 0 };
	read_clock(out);
	read_network(out);
}
