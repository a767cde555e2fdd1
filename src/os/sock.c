/*
 * Sockets: see sock.h. Kernel address structs are built and taken apart here and nowhere else; they
 * come from the kernel, not from a peer, so the reader of peer bytes has no part in it.
 */
#include "os/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define KINDS (SOCK_CLOEXEC | SOCK_NONBLOCK)

/* Any address the kernel gives or takes. */
union any_addr {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage storage;
};

/* The kernel's form of an endpoint and its length; 0 for family none. */
static socklen_t
to_kernel(const struct endpoint *e, union any_addr *out)
{
	memset(out, 0, sizeof(*out));
	if (e->addr.family == IP_V4) {
		out->in.sin_family = AF_INET;
		out->in.sin_port = htons(e->port);
		memcpy(&out->in.sin_addr, e->addr.b, 4);
		return sizeof(out->in);
	}
	if (e->addr.family == IP_V6) {
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = htons(e->port);
		memcpy(&out->in6.sin6_addr, e->addr.b, 16);
		return sizeof(out->in6);
	}
	return 0;
}

static struct endpoint
from_kernel(const union any_addr *a)
{
	struct endpoint e = { 0 };

	if (a->any.sa_family == AF_INET) {
		e.addr.family = IP_V4;
		memcpy(e.addr.b, &a->in.sin_addr, 4);
		e.port = ntohs(a->in.sin_port);
	}
	if (a->any.sa_family == AF_INET6) {
		e.addr.family = IP_V6;
		memcpy(e.addr.b, &a->in6.sin6_addr, 16);
		e.port = ntohs(a->in6.sin6_port);
	}
	return e;
}

/* Closes fd and gives the error that led here. */
static int
close_with(int fd, int err)
{
	close(fd);
	return -err;
}

static int
set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0 ? 0 : -errno;
}

int
sock_listen_tcp(const struct endpoint *at, bool reuseport, int backlog)
{
	union any_addr a;
	socklen_t n = to_kernel(at, &a);

	if (n == 0)
		return -EAFNOSUPPORT;
	int fd = socket(a.any.sa_family, SOCK_STREAM | KINDS, 0);
	if (fd < 0)
		return -errno;
	int err = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (err == 0 && reuseport)
		err = set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (err == 0 && at->addr.family == IP_V6)
		err = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (err)
		return close_with(fd, -err);
	if (bind(fd, &a.any, n) != 0 || listen(fd, backlog) != 0)
		return close_with(fd, errno);
	return fd;
}

/* accept(2): errors of the connection that waited, not of the listener. */
static bool
is_gone(int err)
{
	switch (err) {
	case ECONNABORTED:
	case EINTR:
	case EPROTO:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENOPROTOOPT:
	case EOPNOTSUPP:
	case ENONET:
	case EPERM: /* a firewall rule */
		return true;
	default:
		return false;
	}
}

int
sock_accept(int fd, struct endpoint *peer, struct endpoint *local)
{
	union any_addr a;
	socklen_t n = sizeof(a);

	memset(&a, 0, sizeof(a));
	int c = accept4(fd, &a.any, &n, KINDS);
	if (c < 0)
		return is_gone(errno) ? -EAGAIN : -errno;
	int err = sock_endpoints(c, local, NULL);
	if (err == 0)
		err = sock_set_nodelay(c);
	if (err) { /* reset in between */
		close(c);
		return -EAGAIN;
	}
	if (peer)
		*peer = from_kernel(&a);
	return c;
}

int
sock_reserve(int like)
{
	int fd = fcntl(like, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

int
sock_turn_away(int fd, int *reserve, struct endpoint *peer)
{
	union any_addr a;
	socklen_t n = sizeof(a);
	int c, err;

	if (*reserve < 0)
		return -EMFILE;
	close(*reserve);
	memset(&a, 0, sizeof(a));
	c = accept4(fd, &a.any, &n, KINDS);
	err = errno;
	if (c >= 0)
		close(c);
	*reserve = sock_reserve(fd);
	if (c < 0)
		return is_gone(err) ? -EAGAIN : -err;
	if (peer)
		*peer = from_kernel(&a);
	return 0;
}

int
sock_connect_tcp(const struct endpoint *to)
{
	return sock_connect_tcp_from(to, NULL);
}

int
sock_connect_tcp_from(const struct endpoint *to, const struct ip_addr *from)
{
	struct endpoint at = { .addr = from ? *from : (struct ip_addr){ 0 } };
	union any_addr a, source;
	socklen_t n = to_kernel(to, &a), n_source = from ? to_kernel(&at, &source) : 0;

	if (n == 0)
		return -EAFNOSUPPORT;
	int fd = socket(a.any.sa_family, SOCK_STREAM | KINDS, 0);
	if (fd < 0)
		return -errno;
	int err = sock_set_nodelay(fd);
	if (err)
		return close_with(fd, -err);
	if (n_source && bind(fd, &source.any, n_source) != 0)
		return close_with(fd, errno);
	if (connect(fd, &a.any, n) != 0 && errno != EINPROGRESS)
		return close_with(fd, errno);
	return fd;
}

int
sock_error(int fd)
{
	int err = 0;
	socklen_t n = sizeof(err);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n) != 0)
		return -errno;
	return -err;
}

int
sock_endpoints(int fd, struct endpoint *local, struct endpoint *peer)
{
	union any_addr a;
	socklen_t n = sizeof(a);

	memset(&a, 0, sizeof(a));
	if (local) {
		if (getsockname(fd, &a.any, &n) != 0)
			return -errno;
		*local = from_kernel(&a);
	}
	n = sizeof(a);
	if (peer) {
		if (getpeername(fd, &a.any, &n) != 0)
			return -errno;
		*peer = from_kernel(&a);
	}
	return 0;
}

int
sock_set_nodelay(int fd)
{
	return set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

int
sock_set_keepalive(int fd, unsigned int idle_s, unsigned int interval_s, unsigned int count)
{
	int err = set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);

	if (err == 0)
		err = set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, (int)idle_s);
	if (err == 0)
		err = set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, (int)interval_s);
	if (err == 0)
		err = set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, (int)count);
	return err;
}

int
sock_set_user_timeout(int fd, unsigned int timeout_ms)
{
	return set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)timeout_ms);
}

int
sock_set_notsent_lowat(int fd, unsigned int n_bytes)
{
	return set_int(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, (int)n_bytes);
}

/* 0, or -ENAMETOOLONG. */
static int
unix_addr(const char *path, union any_addr *out)
{
	size_t n = strlen(path);

	memset(out, 0, sizeof(*out));
	if (n == 0 || n >= sizeof(out->un.sun_path))
		return -ENAMETOOLONG;
	out->un.sun_family = AF_UNIX;
	memcpy(out->un.sun_path, path, n);
	return 0;
}

/* Takes away what an earlier run left at path: only a socket, only when nobody answers on it. */
static int
remove_stale(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EADDRINUSE;
	int fd = sock_connect_unix(path);
	if (fd >= 0) {
		close(fd);
		return -EADDRINUSE;
	}
	if (fd != -ECONNREFUSED) /* -EAGAIN: somebody listens and is busy */
		return fd == -EAGAIN ? -EADDRINUSE : fd;
	return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
}

int
sock_listen_unix(const char *path, mode_t mode)
{
	union any_addr a;
	int err = unix_addr(path, &a);

	if (err == 0)
		err = remove_stale(path);
	if (err)
		return err;
	int fd = socket(AF_UNIX, SOCK_STREAM | KINDS, 0);
	if (fd < 0)
		return -errno;
	/* The mode of the socket is that of its file: closed to all until chmod opens it. */
	if (fchmod(fd, 0) != 0 || bind(fd, &a.any, sizeof(a.un)) != 0)
		return close_with(fd, errno);
	if (chmod(path, mode) != 0 || listen(fd, 16) != 0) {
		err = errno;
		(void)unlink(path);
		return close_with(fd, err);
	}
	return fd;
}

int
sock_accept_unix(int fd)
{
	int c = accept4(fd, NULL, NULL, KINDS);

	if (c < 0)
		return is_gone(errno) ? -EAGAIN : -errno;
	return c;
}

int
sock_connect_unix(const char *path)
{
	union any_addr a;
	int err = unix_addr(path, &a);

	if (err)
		return err;
	int fd = socket(AF_UNIX, SOCK_STREAM | KINDS, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, &a.any, sizeof(a.un)) != 0)
		return close_with(fd, errno);
	return fd;
}

int
sock_peer_uid(int fd, uid_t *out)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0)
		return -errno;
	*out = cred.uid;
	return 0;
}

size_t
sock_resolve(const char *host, struct ip_addr *out, size_t cap, char *err, size_t err_cap)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG
	};
	struct addrinfo *list = NULL;
	struct ip_addr literal;
	size_t n = 0;

	must(cap > 0);
	if (ip_parse(view_str(host), &literal)) {
		out[0] = literal;
		return 1;
	}
	int rc = getaddrinfo(host, NULL, &hints, &list);
	if (rc != 0) {
		snprintf(err, err_cap, "the name \"%s\" cannot be resolved: %s", host,
		    rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
		return 0;
	}
	for (struct addrinfo *i = list; i && n < cap; i = i->ai_next) {
		union any_addr a;
		if (i->ai_addrlen > sizeof(a))
			continue;
		memset(&a, 0, sizeof(a));
		memcpy(&a, i->ai_addr, i->ai_addrlen);
		struct endpoint e = from_kernel(&a);
		if (e.addr.family != IP_NONE)
			out[n++] = e.addr;
	}
	freeaddrinfo(list);
	if (n == 0)
		snprintf(err, err_cap, "the name \"%s\" has no address", host);
	return n;
}

uint32_t
sock_rtt_ms(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
		return 0;
	return info.tcpi_rtt / 1000;
}
