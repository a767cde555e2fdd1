/*
 * Channels between roles. See chan.h. A message that is malformed, not allowed from this peer, or
 * has or lacks a descriptor against the table closes the channel: its sender is taken for broken
 * into. What the messages mean is the roles' matter.
 */
#include "os/chan.h"

#include "base/list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE_MAX_MSGS 1024u
#define QUEUE_MAX_BYTES (4u << 20)
#define TURN_MAX_MSGS 64u          /* received per readiness: no channel starves the loop */
#define DRAIN_MAX_MSGS 4096u       /* more than a peer's queue and the kernel hold */
#define SOCKET_BUFFER_BYTES 262144 /* above MSG_MAX_BYTES with the kernel's overhead */

struct queued {
	struct list node;
	int fd; /* ours, or -1 */
	bool secret;
	size_t n;
	uint8_t bytes[];
};

struct chan {
	struct loop *loop;
	int fd; /* -1: down */
	struct loop_fd *watch;
	enum role_id self, peer;
	unsigned int peer_index;
	chan_msg_fn on_msg;
	chan_down_fn on_down;
	void *ctx;
	struct list queue;
	size_t n_queued, queued_bytes;
	bool broken;  /* sending failed: nothing more goes out, what came in is still read */
	bool busy;    /* inside our own dispatch: memory stays */
	bool freed;   /* chan_free was called meanwhile */
	bool drained; /* the owner knows of the end */
	char reason[128];
	uint8_t in[MSG_MAX_BYTES];
};

int
chan_pair(int out[2])
{
	static const int size = SOCKET_BUFFER_BYTES;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
		return -errno;
	for (unsigned int i = 0; i < 2; i++) {
		(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		out[i] = fds[i];
	}
	return 0;
}

static void
item_free(struct queued *q)
{
	if (q->fd >= 0)
		close(q->fd);
	if (q->secret)
		secret_wipe_bytes(q->bytes, q->n);
	free(q);
}

static void
drop_queue(struct chan *c)
{
	struct list *node, *tmp;

	list_each (node, tmp, &c->queue)
		item_free(container_of(node, struct queued, node));
	list_init(&c->queue);
	c->n_queued = c->queued_bytes = 0;
}

/* Gives up descriptor and queue; the memory stays for whoever is still in a callback. */
static void
chan_shut(struct chan *c)
{
	loop_fd_free(c->watch);
	c->watch = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	drop_queue(c);
}

static void
chan_end(struct chan *c)
{
	if (c->fd < 0)
		return;
	chan_shut(c);
	if (!c->freed && !c->drained && c->on_down)
		c->on_down(c->ctx, c, c->reason);
}

/* One packet to the kernel: 0 or -errno. */
static int
send_packet(int sock, const uint8_t *p, size_t n, int fd)
{
	union {
		struct cmsghdr align;
		char b[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = n };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		h.msg_control = control.b;
		h.msg_controllen = sizeof(control.b);
		struct cmsghdr *m = CMSG_FIRSTHDR(&h);
		m->cmsg_level = SOL_SOCKET;
		m->cmsg_type = SCM_RIGHTS;
		m->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(m), &fd, sizeof(fd));
	}
	ssize_t k;
	do
		k = sendmsg(sock, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (k < 0 && errno == EINTR);
	return k < 0 ? -errno : 0;
}

/*
 * Nothing can be sent any more. The down callback is not called from within chan_send: the socket
 * is shut, so that the loop finds its end, after the messages that are still to be read.
 */
static void
chan_break(struct chan *c, int err)
{
	if (err != -EPIPE && err != -ECONNRESET)
		snprintf(c->reason, sizeof(c->reason), "sending failed: %s", strerror(-err));
	c->broken = true;
	drop_queue(c);
	(void)shutdown(c->fd, SHUT_RDWR);
}

static void
set_wants(struct chan *c)
{
	loop_fd_want(c->watch, LOOP_READ | (c->n_queued ? LOOP_WRITE : 0));
}

static void
flush_queue(struct chan *c)
{
	while (c->n_queued) {
		struct queued *q = container_of(c->queue.next, struct queued, node);
		int err = send_packet(c->fd, q->bytes, q->n, q->fd);
		if (err == -EAGAIN)
			break;
		if (err) {
			chan_break(c, err);
			break;
		}
		list_remove(&q->node);
		c->n_queued--;
		c->queued_bytes -= q->n;
		item_free(q);
	}
	set_wants(c);
}

static bool
enqueue(struct chan *c, struct view bytes, int fd, bool secret)
{
	if (c->n_queued >= QUEUE_MAX_MSGS || c->queued_bytes + bytes.n > QUEUE_MAX_BYTES)
		return false;
	struct queued *q = malloc(sizeof(*q) + bytes.n);
	if (!q)
		return false;
	q->fd = -1;
	if (fd >= 0 && (q->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) < 0) {
		free(q);
		return false;
	}
	q->secret = secret;
	q->n = bytes.n;
	memcpy(q->bytes, bytes.p, bytes.n);
	list_init(&q->node);
	list_append(&c->queue, &q->node);
	c->n_queued++;
	c->queued_bytes += bytes.n;
	set_wants(c);
	return true;
}

static bool
send_or_queue(struct chan *c, struct view bytes, int fd, bool secret)
{
	if (c->n_queued) /* order */
		return enqueue(c, bytes, fd, secret);
	int err = send_packet(c->fd, bytes.p, bytes.n, fd);
	if (err == 0)
		return true;
	if (err == -EAGAIN)
		return enqueue(c, bytes, fd, secret);
	chan_break(c, err);
	return false;
}

bool
chan_send(struct chan *c, const struct msg *m, int fd)
{
	uint8_t buf[MSG_MAX_BYTES];
	struct wr w = wr_over(buf, sizeof(buf));
	bool secret = msg_is_secret(m->id);

	must(msg_may(m->id, c->self, c->peer));
	must((fd >= 0) == msg_has_fd(m->id));
	if (c->fd < 0 || c->broken || c->freed)
		return false;
	bool sent = msg_write(&w, m) && send_or_queue(c, wr_view_of(&w), fd, secret);
	if (secret)
		secret_wipe_bytes(buf, wr_len(&w));
	return sent;
}

/* The first descriptor of a received packet, or -1; more than one are closed. */
static int
take_fd(struct msghdr *h, bool *lost)
{
	int first = -1;

	*lost = (h->msg_flags & MSG_CTRUNC) != 0;
	for (struct cmsghdr *m = CMSG_FIRSTHDR(h); m; m = CMSG_NXTHDR(h, m)) {
		if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (m->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(m) + i * sizeof(int), sizeof(fd));
			if (first < 0) {
				first = fd;
				continue;
			}
			close(fd);
			*lost = true;
		}
	}
	return first;
}

/* Judges one packet and gives it to the owner. False: the reason why the channel must close. */
static bool
deliver(struct chan *c, struct view packet, int fd)
{
	struct msg m;
	struct rd_fault fault;
	struct rd_fault peek;
	struct rd r = rd_over(packet, &peek);
	enum msg_id id = (enum msg_id)rd_u16(&r);

	if (!msg_read(packet, c->peer, c->self, &m, &fault)) {
		if (strcmp(msg_name(id), "?") != 0 && !msg_may(id, c->peer, c->self))
			snprintf(c->reason, sizeof(c->reason),
			    "message %s is not allowed from %s to %s", msg_name(id),
			    role_name(c->peer), role_name(c->self));
		else
			snprintf(c->reason, sizeof(c->reason),
			    "malformed message %s (%u): %s at byte %zu", msg_name(id),
			    (unsigned int)id, rd_error_name(fault.error), fault.at);
		return false;
	}
	bool fits = (fd >= 0) == msg_has_fd(m.id);
	if (fits)
		c->on_msg(c->ctx, c, &m, fd);
	else
		snprintf(c->reason, sizeof(c->reason), "message %s came %s a descriptor",
		    msg_name(m.id), fd >= 0 ? "with" : "without");
	if (msg_is_secret(id))
		secret_wipe_bytes(&m, sizeof(m));
	return fits;
}

/* Receives one packet. False: stop for this turn. */
static bool
receive_one(struct chan *c)
{
	union {
		struct cmsghdr align;
		char b[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = c->in, .iov_len = sizeof(c->in) };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.b,
		.msg_controllen = sizeof(control.b) };
	ssize_t n = recvmsg(c->fd, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	bool lost = false;

	/* A peer that died with our messages unread resets; what it sent before is still there. */
	if (n < 0 && (errno == EINTR || errno == ECONNRESET))
		return true;
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n < 0)
		snprintf(c->reason, sizeof(c->reason), "receiving failed: %s", strerror(errno));
	int fd = n < 0 ? -1 : take_fd(&h, &lost);
	bool good = n > 0 && !lost && !(h.msg_flags & MSG_TRUNC);
	if (n > 0 && lost)
		snprintf(c->reason, sizeof(c->reason), "a descriptor was lost on the way");
	else if (n > 0 && !good)
		snprintf(
		    c->reason, sizeof(c->reason), "message larger than %u bytes", MSG_MAX_BYTES);
	if (good) {
		struct view packet = view_of(c->in, (size_t)n);
		good = deliver(c, packet, fd);
		secret_wipe_bytes(c->in, (size_t)n);
		if (good)
			return !c->freed && c->fd >= 0;
	}
	if (fd >= 0)
		close(fd);
	chan_end(c);
	return false;
}

static void
on_ready(void *ctx, unsigned int events)
{
	struct chan *c = ctx;

	c->busy = true;
	if (events & LOOP_WRITE)
		flush_queue(c);
	if (events & LOOP_READ)
		for (unsigned int i = 0; i < TURN_MAX_MSGS && receive_one(c); i++)
			;
	c->busy = false;
	if (c->freed)
		free(c);
}

struct chan *
chan_new(struct loop *l, int fd, enum role_id self, enum role_id peer, unsigned int peer_index,
    chan_msg_fn on_msg, chan_down_fn on_down, void *ctx)
{
	struct chan *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return NULL;
	}
	*c = (struct chan){ .loop = l,
		.fd = fd,
		.self = self,
		.peer = peer,
		.peer_index = peer_index,
		.on_msg = on_msg,
		.on_down = on_down,
		.ctx = ctx };
	list_init(&c->queue);
	snprintf(c->reason, sizeof(c->reason), CHAN_PEER_ENDED);
	c->watch = loop_fd_new(l, fd, on_ready, c);
	if (!c->watch) {
		close(fd);
		free(c);
		return NULL;
	}
	set_wants(c);
	return c;
}

void
chan_free(struct chan *c)
{
	if (!c)
		return;
	chan_shut(c);
	c->freed = true;
	if (!c->busy)
		free(c);
}

void
chan_drain(struct chan *c)
{
	if (c->busy || c->fd < 0)
		return;
	c->busy = c->drained = true;
	for (unsigned int i = 0; i < DRAIN_MAX_MSGS && receive_one(c); i++)
		;
	c->busy = c->drained = false;
	if (c->freed)
		free(c);
}

bool
chan_is_up(const struct chan *c)
{
	return c->fd >= 0 && !c->broken && !c->freed;
}

enum role_id
chan_peer(const struct chan *c)
{
	return c->peer;
}

unsigned int
chan_peer_index(const struct chan *c)
{
	return c->peer_index;
}

size_t
chan_backlog(const struct chan *c)
{
	return c->n_queued;
}
