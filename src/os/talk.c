/* See talk.h. */
#include "os/talk.h"

#include "os/sock.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* 0 when fd is ready for events, -ETIMEDOUT or another -errno. A signal begins the wait anew. */
static int
wait_for(int fd, short events, unsigned int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do {
		n = poll(&p, 1, (int)timeout_ms);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : n == 0 ? -ETIMEDOUT : -errno;
}

int
talk_open(const struct endpoint *to, unsigned int timeout_ms)
{
	return talk_open_from(to, NULL, timeout_ms);
}

int
talk_open_from(const struct endpoint *to, const struct ip_addr *from, unsigned int timeout_ms)
{
	int fd = sock_connect_tcp_from(to, from);
	int rc;

	if (fd < 0)
		return fd;
	rc = wait_for(fd, POLLOUT, timeout_ms);
	if (rc == 0)
		rc = sock_error(fd);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

int
talk_send(int fd, struct view bytes, unsigned int timeout_ms)
{
	while (bytes.n) {
		ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		int rc;
		if (n > 0) {
			bytes = view_of(bytes.p + n, bytes.n - (size_t)n);
			continue;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		rc = wait_for(fd, POLLOUT, timeout_ms);
		if (rc < 0)
			return rc;
	}
	return 0;
}

ssize_t
talk_recv(int fd, void *buf, size_t cap, unsigned int timeout_ms)
{
	for (;;) {
		int rc = wait_for(fd, POLLIN, timeout_ms);
		ssize_t n = rc < 0 ? 0 : recv(fd, buf, cap, MSG_DONTWAIT);
		if (rc < 0)
			return rc;
		if (n >= 0)
			return n;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
}

void
talk_close(int fd)
{
	close(fd);
}
