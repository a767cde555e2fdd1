/* A stream of lines on a loop. See lines.h. */
#include "os/lines.h"

#include "base/secret.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_STEP 4096u
#define FREE_BLOCK 65536u

struct lines {
	int fd;
	struct loop_fd *watch;
	lines_line_fn on_line;
	lines_down_fn on_down;
	void *ctx;
	size_t max_line, max_out;
	uint8_t *in, *out;
	size_t n_in, n_out, out_done, out_cap;
	bool held, eof, busy, dead;
};

static void on_ready(void *ctx, unsigned int events);

static void
want(struct lines *s)
{
	unsigned int events = s->n_out > s->out_done ? LOOP_WRITE : 0;

	if (!s->eof && !s->held)
		events |= LOOP_READ;
	loop_fd_want(s->watch, events);
}

struct lines *
lines_new(struct loop *l, int fd, size_t max_line, size_t max_out, lines_line_fn on_line,
    lines_down_fn on_down, void *ctx)
{
	struct lines *s = calloc(1, sizeof(*s));

	if (s) {
		s->fd = fd;
		s->max_line = max_line;
		s->max_out = max_out;
		s->on_line = on_line;
		s->on_down = on_down;
		s->ctx = ctx;
		s->in = malloc(max_line + 1);
		s->watch = s->in ? loop_fd_new(l, fd, on_ready, s) : NULL;
	}
	if (!s || !s->watch) {
		close(fd);
		free(s ? s->in : NULL);
		free(s);
		return NULL;
	}
	want(s);
	return s;
}

static void
release(struct lines *s)
{
	secret_wipe_bytes(s->in, s->max_line + 1);
	if (s->out)
		secret_wipe_bytes(s->out, s->out_cap);
	free(s->in);
	free(s->out);
	free(s);
}

void
lines_free(struct lines *s)
{
	if (!s || s->dead)
		return;
	s->dead = true;
	loop_fd_free(s->watch);
	close(s->fd);
	if (!s->busy)
		release(s);
}

static void
down(struct lines *s, const char *why)
{
	loop_fd_want(s->watch, 0);
	s->on_down(s->ctx, why);
}

/* Delivers the complete lines that are here. False: the stream is over. */
static bool
deliver(struct lines *s)
{
	while (!s->held && !s->dead) {
		uint8_t *nl = s->n_in ? memchr(s->in, '\n', s->n_in) : NULL;
		if (!nl) {
			if (s->n_in <= s->max_line)
				return true;
			down(s, "a line is too long");
			return false;
		}
		size_t n = (size_t)(nl - s->in);
		s->on_line(s->ctx, view_of(s->in, n));
		s->n_in -= n + 1;
		memmove(s->in, nl + 1, s->n_in);
		secret_wipe_bytes(s->in + s->n_in, n + 1);
	}
	return !s->dead;
}

/* Writes what the socket takes. False: the stream is over. */
static bool
flush(struct lines *s)
{
	while (s->n_out > s->out_done) {
		ssize_t k = send(s->fd, s->out + s->out_done, s->n_out - s->out_done, MSG_NOSIGNAL);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0 && errno == EAGAIN)
			return true;
		if (k < 0) {
			down(s, "it hung up");
			return false;
		}
		s->out_done += (size_t)k;
	}
	secret_wipe_bytes(s->out, s->n_out);
	s->n_out = s->out_done = 0;
	if (s->out_cap > FREE_BLOCK) {
		free(s->out);
		s->out = NULL;
		s->out_cap = 0;
	}
	return true;
}

/* Reads once. False: the stream is over. */
static bool
fill(struct lines *s)
{
	size_t room = s->max_line + 1 - s->n_in;
	ssize_t k;

	if (room == 0)
		return true; /* held, with a full buffer */
	k = read(s->fd, s->in + s->n_in, room < READ_STEP ? room : READ_STEP);
	if (k < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (k < 0) {
		down(s, "it hung up");
		return false;
	}
	if (k == 0)
		s->eof = true;
	s->n_in += (size_t)k;
	return true;
}

/* One turn's work; s may be freed by a callback meanwhile, then release() comes here. */
static void
work(struct lines *s, unsigned int events)
{
	bool on = true;

	s->busy = true;
	if (events & LOOP_WRITE && s->out)
		on = flush(s);
	if (on && !s->dead && events & LOOP_READ && !s->eof)
		on = fill(s);
	if (on && !s->dead)
		on = deliver(s);
	if (on && !s->dead && s->eof && !s->held && s->n_out == s->out_done) {
		on = false;
		down(s, NULL);
	}
	s->busy = false;
	if (s->dead)
		release(s);
	else if (on)
		want(s);
}

static void
on_ready(void *ctx, unsigned int events)
{
	work(ctx, events);
}

bool
lines_write(struct lines *s, struct view text)
{
	size_t need = s->n_out + text.n + 1;

	if (s->dead || text.n > s->max_out || s->n_out - s->out_done + text.n + 1 > s->max_out)
		return false;
	if (need > s->out_cap) {
		size_t cap = need * 2 < 4096 ? 4096 : need * 2;
		uint8_t *p = malloc(cap);
		if (!p)
			return false;
		if (s->n_out)
			memcpy(p, s->out, s->n_out);
		if (s->out)
			secret_wipe_bytes(s->out, s->out_cap);
		free(s->out);
		s->out = p;
		s->out_cap = cap;
	}
	memcpy(s->out + s->n_out, text.p, text.n);
	s->out[s->n_out + text.n] = '\n';
	s->n_out = need;
	want(s);
	return true;
}

void
lines_hold(struct lines *s, bool hold)
{
	s->held = hold;
	if (s->dead || s->busy)
		return;
	if (hold || !s->n_in)
		want(s);
	else
		work(s, 0);
	/* At the end of the stream the last answer may be on its way: want() sees to writing. */
}

enum lines_peer
lines_peer(int fd, gid_t gid)
{
	enum lines_peer is = LINES_STRANGER;
	struct ucred cred;
	gid_t groups[256];
	socklen_t n = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0)
		return LINES_STRANGER;
	if (cred.uid == 0 || cred.uid == geteuid() || cred.gid == getegid())
		return LINES_ADMIN;
	if (gid != (gid_t)-1 && cred.gid == gid)
		is = LINES_MEMBER;
	n = sizeof(groups);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n) != 0)
		return is;
	for (size_t i = 0; i < n / sizeof(groups[0]); i++) {
		if (groups[i] == getegid())
			return LINES_ADMIN;
		if (gid != (gid_t)-1 && groups[i] == gid)
			is = LINES_MEMBER;
	}
	return is;
}

int
lines_group(const char *name, gid_t *out)
{
	char buf[16384];
	struct group g, *found = NULL;
	int rc = getgrnam_r(name, &g, buf, sizeof(buf), &found);

	if (rc != 0)
		return -rc;
	if (!found)
		return -ENOENT;
	*out = g.gr_gid;
	return 0;
}
