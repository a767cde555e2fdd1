/*
 * Connections before they are known to be for SSTP: a front's PROXY header says whose they are, and
 * the name in the ClientHello whether they belong to a web site beside us. Only where the
 * configuration asks for it; otherwise a connection goes to net_conn.c at once. What waits here is
 * counted in the half-open limits and has one deadline for all of it (X01, X02, S02).
 */
#include "roles/net_priv.h"

#include "proto/proxy/proxy.h"
#include "proto/tls/hello.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRONT_BYTES_MAX TLS_HELLO_MAX
#define FRONT_BYTES_FIRST 2048u /* most hellos */
#define READS_PER_TURN 4u

_Static_assert(PROXY_HEADER_MAX < FRONT_BYTES_MAX, "a whole header fits");

struct front {
	struct list link; /* in the order of their deadlines */
	struct worker *w;
	struct loop_fd *watch;
	int fd;
	struct endpoint peer, local; /* whose it is, as far as is known */
	struct endpoint by, at;      /* the front, and our own end */
	struct ip_addr source;       /* as which it is counted in the half-open limits */
	bool counted, expects_header;
	bool by_front; /* the header named a client */
	bool is_check; /* LOCAL: the front's own connection */
	uint64_t deadline_ms;
	uint8_t *buf; /* what was read and is not used */
	size_t n, cap;
	size_t need; /* with fewer bytes there is nothing to look at */
};

static bool
is_front(const struct worker *w, const struct endpoint *peer)
{
	const struct conf *c = w->host->conf;

	for (unsigned int i = 0; i < c->n_sstp_proxy_from; i++)
		if (ip_in_prefix(&peer->addr, &c->sstp_proxy_from[i]))
			return true;
	return false;
}

bool
net_front_wants(const struct worker *w, const struct endpoint *peer)
{
	return w->host->conf->n_webs || is_front(w, peer);
}

/* Counts it among the half-open calls of a source, instead of where it was counted before. */
static bool
count_as(struct front *f, const struct ip_addr *source)
{
	struct halfopen *h = &f->w->halfopen;

	if (f->counted)
		halfopen_leave(h, &f->source);
	f->source = *source;
	f->counted = halfopen_enter(h, source);
	return f->counted;
}

/* It ends here, whoever has its descriptor by now. CAUSE_NONE: without being reported. */
static void
end(struct front *f, enum cause cause)
{
	struct worker *w = f->w;

	if (f->counted)
		halfopen_leave(&w->halfopen, &f->source);
	if (cause != CAUSE_NONE)
		net_report_count(w, &f->peer.addr, cause);
	list_remove(&f->link);
	loop_fd_free(f->watch); /* before close: fetch may have the same socket open */
	if (f->fd >= 0)
		close(f->fd);
	free(f->buf);
	free(f);
	if (w->paused && !w->stopping)
		net_watch_listeners(w, true);
}

/* The peer is gone, or silent for too long: what it was expected to say tells the cause. */
static void
end_waiting(struct front *f, bool gone)
{
	bool checked = f->is_check || (f->expects_header && f->n == 0);

	if (gone && checked)
		end(f, CAUSE_PROXY_PROBE);
	else if (f->expects_header)
		end(f, gone ? CAUSE_PROXY_MALFORMED : CAUSE_PROXY_SILENT);
	else
		end(f, gone ? CAUSE_TLS_PEER_CLOSED : CAUSE_TLS_SILENT);
}

static void
arm(struct worker *w)
{
	uint64_t at = NEVER_MS;

	if (!list_empty(&w->fronts))
		at = container_of(w->fronts.next, struct front, link)->deadline_ms;
	loop_timer_at(w->front_timer, at);
}

void
net_front_tick(void *worker)
{
	struct worker *w = worker;
	struct list *it, *tmp;

	list_each (it, tmp, &w->fronts) {
		struct front *f = container_of(it, struct front, link);
		if (loop_now(w->loop)->ms < f->deadline_ms)
			break;
		end_waiting(f, false);
	}
	arm(w);
}

void
net_front_end_all(struct worker *w, enum cause cause)
{
	struct list *it, *tmp;

	list_each (it, tmp, &w->fronts)
		end(container_of(it, struct front, link), cause);
}

/* It is for SSTP. */
static void
pass_on(struct front *f)
{
	struct fact by = FACT_MAKE(FACT_BY_FRONT, F_END(f->by), F_END(f->at));

	loop_fd_free(f->watch); /* it is watched anew */
	f->watch = NULL;
	net_conn_adopt(
	    f->w, f->fd, &f->peer, &f->local, f->by_front ? &by : NULL, view_of(f->buf, f->n));
	f->fd = -1;
	f->counted = false; /* that, too, is the connection's now */
	end(f, CAUSE_NONE);
}

/* It is a web site's: fetch takes it, with what was read. */
static void
hand_over(struct front *f, const struct conf_web *web)
{
	struct msg m = { .id = MSG_HAND_OVER,
		.u.hand_over = { .site = view_str(web->name),
		    .peer = f->peer,
		    .local = f->local,
		    .bytes = view_of(f->buf, f->n) } };
	bool taken = host_send(f->w->host, ROLE_FETCH, 0, &m, f->fd);

	end(f, taken ? CAUSE_WEB_HANDED : CAUSE_WEB_NOT_TAKEN);
}

/* The header is there: from now on the connection is the client's. False: f is gone. */
static bool
take_header(struct front *f, const struct proxy_header *h)
{
	f->expects_header = false;
	f->is_check = h->local;
	if (!h->local) {
		f->by_front = true;
		f->by = f->peer;
		f->at = f->local;
		f->peer = h->source;
		f->local = h->destination;
	}
	f->n -= h->n_bytes;
	memmove(f->buf, f->buf + h->n_bytes, f->n);
	if (count_as(f, &f->peer.addr))
		return true;
	end(f, CAUSE_HALF_OPEN_LIMIT);
	return false;
}

/* False: f is gone. */
static bool
look_for_header(struct front *f)
{
	struct proxy_header h;
	struct rd_fault fault;

	switch (proxy_read(view_of(f->buf, f->n), &h, &fault)) {
	case PROXY_MORE:
		return true;
	case PROXY_COMPLETE:
		return take_header(f, &h);
	case PROXY_MISSING:
		end(f, CAUSE_PROXY_MISSING);
		return false;
	case PROXY_V1:
		end(f, CAUSE_PROXY_VERSION);
		return false;
	case PROXY_BAD:
		end(f, CAUSE_PROXY_MALFORMED);
		return false;
	}
	return true;
}

/* Looks at what was read. False: f is gone. */
static bool
look(struct front *f)
{
	const struct conf *c = f->w->host->conf;
	const struct conf_web *web = NULL;
	struct tls_hello hello;

	if (f->expects_header && !look_for_header(f))
		return false;
	if (f->expects_header)
		return true;
	/* A check of the front may be over with its header: nothing is made of it before it speaks.
	 */
	if (c->n_webs || (f->is_check && f->n == 0)) {
		if (f->n < f->need)
			return true;
		switch (tls_hello_read(view_of(f->buf, f->n), &hello)) {
		case TLS_HELLO_MORE:
			f->need = hello.need;
			return true;
		case TLS_HELLO_COMPLETE:
			web = conf_web_for(c, hello.name);
			break;
		case TLS_HELLO_OTHER:
			break;
		}
	}
	if (web)
		hand_over(f, web);
	else
		pass_on(f);
	return false;
}

static bool
keep(struct front *f, const uint8_t *p, size_t n)
{
	size_t cap = f->cap ? f->cap : FRONT_BYTES_FIRST;

	while (cap < f->n + n)
		cap *= 2;
	if (cap != f->cap) {
		uint8_t *bigger = realloc(f->buf, cap);
		if (!bigger)
			return false;
		f->buf = bigger;
		f->cap = cap;
	}
	memcpy(f->buf + f->n, p, n);
	f->n += n;
	return true;
}

static void
on_ready(void *ctx, unsigned int events)
{
	struct front *f = ctx;
	struct worker *w = f->w;

	(void)events;
	for (unsigned int i = 0; i < READS_PER_TURN; i++) {
		must(f->n < FRONT_BYTES_MAX);
		size_t room = FRONT_BYTES_MAX - f->n;
		ssize_t n = recv(f->fd, w->read_buf, room, MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0) {
			end_waiting(f, true);
			break;
		}
		if (!keep(f, w->read_buf, (size_t)n)) {
			end(f, CAUSE_NO_MEMORY);
			break;
		}
		if (!look(f))
			break;
	}
	arm(w);
}

void
net_front_accept(
    struct worker *w, int fd, const struct endpoint *peer, const struct endpoint *local)
{
	static const struct ip_addr nobody; /* a front is many sources, and none of them */
	struct front *f = calloc(1, sizeof(*f));

	if (!f) {
		close(fd);
		net_report_count(w, &peer->addr, CAUSE_NO_MEMORY);
		return;
	}
	f->w = w;
	f->fd = fd;
	f->peer = *peer;
	f->local = *local;
	f->expects_header = is_front(w, peer);
	f->deadline_ms = loop_now(w->loop)->ms + w->conf->conn.handshake_ms;
	list_init(&f->link);
	list_append(&w->fronts, &f->link);
	if (!count_as(f, f->expects_header ? &nobody : &peer->addr)) {
		end(f, CAUSE_HALF_OPEN_LIMIT);
		return;
	}
	f->watch = loop_fd_new(w->loop, fd, on_ready, f);
	if (!f->watch) {
		end(f, CAUSE_NO_MEMORY);
		return;
	}
	loop_fd_want(f->watch, LOOP_READ);
	arm(w);
}
