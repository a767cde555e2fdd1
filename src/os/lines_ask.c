/* The asking side of a stream of lines: blocking, for commands. See lines.h. */
#include "os/lines.h"

#include "base/secret.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_CAP 65536u

static int
connect_to(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd;

	if (!view_copy(view_str(path), un.sun_path, sizeof(un.sun_path) - 1))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&un, sizeof(un)) != 0) {
		int e = -errno;
		close(fd);
		return e;
	}
	return fd;
}

static int
send_all(int fd, struct view v)
{
	for (size_t at = 0; at < v.n;) {
		ssize_t k = send(fd, v.p + at, v.n - at, MSG_NOSIGNAL);
		if (k < 0 && errno != EINTR)
			return -errno;
		if (k > 0)
			at += (size_t)k;
	}
	return 0;
}

static int
wait_readable(int fd, unsigned int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n = poll(&p, 1, timeout_ms == LINES_FOR_EVER ? -1 : (int)timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

struct buffer {
	uint8_t *p;
	size_t n, cap;
};

/* Reads once more; grows the buffer up to max. */
static int
read_more(int fd, struct buffer *b, size_t max)
{
	ssize_t k;

	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : FIRST_CAP;
		uint8_t *p = cap / 2 > max ? NULL : realloc(b->p, cap);
		if (!p)
			return cap / 2 > max ? -EMSGSIZE : -ENOMEM;
		b->p = p;
		b->cap = cap;
	}
	k = read(fd, b->p + b->n, b->cap - b->n);
	if (k < 0)
		return errno == EINTR ? 0 : -errno;
	if (k == 0)
		return -EPIPE;
	b->n += (size_t)k;
	return 0;
}

/* Hands out the complete lines. 1: the owner has enough. */
static int
hand_out(struct buffer *b, lines_reply_fn on_line, void *ctx)
{
	size_t at = 0;
	const uint8_t *nl;

	while (at < b->n && (nl = memchr(b->p + at, '\n', b->n - at))) {
		size_t n = (size_t)(nl - b->p) - at;
		bool more = on_line(ctx, view_of(b->p + at, n));
		at += n + 1;
		if (!more)
			return 1;
	}
	b->n -= at;
	memmove(b->p, b->p + at, b->n);
	return 0;
}

int
lines_ask(const char *path, struct view text, size_t max_line, unsigned int timeout_ms,
    lines_reply_fn on_line, void *ctx)
{
	struct buffer b = { 0 };
	int fd = connect_to(path), rc;

	if (fd < 0)
		return fd;
	rc = send_all(fd, text);
	if (rc == 0)
		rc = send_all(fd, view_of("\n", 1));
	while (rc == 0) {
		rc = wait_readable(fd, timeout_ms);
		if (rc == 0)
			rc = read_more(fd, &b, max_line);
		if (rc == 0)
			rc = hand_out(&b, on_line, ctx);
	}
	close(fd);
	free(b.p);
	return rc == 1 ? 0 : rc;
}
