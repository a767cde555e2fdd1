/*
 * A browser and the server of its site: bytes are moved both ways unread. What one end does not
 * take at once is kept, and as long as it is, nothing more is read from the other: memory is
 * bounded by FETCH_BUFFER each way. An end of one direction is passed on; the pair ends with both,
 * with an error, or after a time of silence.
 */
#include "roles/fetch_priv.h"

#include "os/sock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define READS_PER_TURN 4u

static void
free_end(struct fetch_end *e)
{
	loop_fd_free(e->watch);
	if (e->fd >= 0)
		close(e->fd);
	free(e->held);
}

void
fetch_pair_free(struct fetch_pair *p)
{
	struct fetch *f = p->f;

	heap_remove(&f->timers, &p->timer);
	list_remove(&p->link);
	free_end(&p->client);
	free_end(&p->server);
	p->site->n_pairs--;
	f->n_pairs--;
	free(p);
}

/* Keeps for e what it has not taken. False: memory. */
static bool
hold(struct fetch_end *e, const uint8_t *bytes, size_t n)
{
	e->held = malloc(n);
	if (!e->held)
		return false;
	memcpy(e->held, bytes, n);
	e->n_held = n;
	e->at = 0;
	return true;
}

/* How much e takes of n bytes; -1: it is gone. */
static ssize_t
put(struct fetch_end *e, const uint8_t *bytes, size_t n)
{
	ssize_t k;

	do
		k = send(e->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (k < 0 && errno == EINTR);
	if (k < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	return k;
}

/* Sends what is held for e. False: it is gone. */
static bool
put_held(struct fetch_pair *p, struct fetch_end *e)
{
	if (!e->held)
		return true;
	ssize_t k = put(e, e->held + e->at, e->n_held - e->at);
	if (k < 0)
		return false;
	if (k > 0)
		p->moved_ms = loop_now(p->f->loop)->ms;
	e->at += (size_t)k;
	if (e->at == e->n_held) {
		free(e->held);
		e->held = NULL;
		e->n_held = e->at = 0;
	}
	return true;
}

/* Moves what from says on to to. False: the pair is broken. */
static bool
move(struct fetch_pair *p, struct fetch_end *from, struct fetch_end *to)
{
	uint8_t *buf = p->f->buf;

	if (!put_held(p, to))
		return false;
	for (unsigned int i = 0; i < READS_PER_TURN && !to->held && !from->ended; i++) {
		ssize_t n = recv(from->fd, buf, FETCH_BUFFER, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0)
			return false;
		if (n == 0) {
			from->ended = true;
			break;
		}
		p->moved_ms = loop_now(p->f->loop)->ms;
		ssize_t k = put(to, buf, (size_t)n);
		if (k < 0 || (k < n && !hold(to, buf + k, (size_t)(n - k))))
			return false;
	}
	if (from->ended && !to->held && !to->closed) {
		to->closed = true;
		(void)shutdown(to->fd, SHUT_WR);
	}
	return true;
}

static void
want(struct fetch_end *e, const struct fetch_end *other)
{
	loop_fd_want(
	    e->watch, (!e->ended && !other->held ? LOOP_READ : 0) | (e->held ? LOOP_WRITE : 0));
}

/* Works on a connected pair; frees it when it is over. */
static void
work(struct fetch_pair *p)
{
	bool alive = move(p, &p->client, &p->server) && move(p, &p->server, &p->client);

	if (!alive || (p->client.closed && p->server.closed)) {
		fetch_pair_free(p);
		return;
	}
	want(&p->client, &p->server);
	want(&p->server, &p->client);
}

static void
on_client(void *ctx, unsigned int events)
{
	(void)events;
	work(ctx);
}

static void
give_up(struct fetch_pair *p)
{
	fetch_failed(p->f, p->site, &p->peer, CAUSE_WEB_UNREACHABLE);
	fetch_pair_free(p);
}

static void
on_server(void *ctx, unsigned int events)
{
	struct fetch_pair *p = ctx;
	struct fetch *f = p->f;

	(void)events;
	if (!p->connected) {
		if (sock_error(p->server.fd) != 0) {
			give_up(p);
			fetch_arm(f);
			return;
		}
		p->connected = true;
		p->moved_ms = loop_now(f->loop)->ms;
		heap_set(&f->timers, &p->timer, p->moved_ms + p->idle_ms);
		fetch_arm(f);
	}
	work(p);
}

void
fetch_pair_due(struct fetch_pair *p)
{
	struct fetch *f = p->f;

	if (!p->connected)
		give_up(p);
	else if (loop_now(f->loop)->ms >= p->moved_ms + p->idle_ms)
		fetch_pair_free(p);
	else
		heap_set(&f->timers, &p->timer, p->moved_ms + p->idle_ms);
}

enum cause
fetch_pair_new(struct fetch *f, struct fetch_site *site, int client, const struct endpoint *peer,
    const struct endpoint *to, uint32_t idle_ms, struct view first)
{
	struct fetch_pair *p = calloc(1, sizeof(*p));

	if (!p) {
		close(client);
		return CAUSE_NO_MEMORY;
	}
	p->f = f;
	p->site = site;
	p->peer = *peer;
	p->idle_ms = idle_ms;
	list_init(&p->link);
	list_append(&f->pairs, &p->link);
	site->n_pairs++;
	f->n_pairs++;
	p->client.fd = client;
	p->server.fd = sock_connect_tcp(to);
	if (p->server.fd < 0) {
		fetch_pair_free(p);
		return CAUSE_WEB_UNREACHABLE;
	}
	p->client.watch = loop_fd_new(f->loop, client, on_client, p);
	p->server.watch = loop_fd_new(f->loop, p->server.fd, on_server, p);
	if (!p->client.watch || !p->server.watch || !hold(&p->server, first.p, first.n)) {
		fetch_pair_free(p);
		return CAUSE_NO_MEMORY;
	}
	loop_fd_want(p->server.watch, LOOP_WRITE);
	heap_set(&f->timers, &p->timer, loop_now(f->loop)->ms + FETCH_CONNECT_MS);
	return CAUSE_NONE;
}
