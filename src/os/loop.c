/*
 * The event loop on libuv: readiness, one timer and signals only. See loop.h.
 *
 * A turn is what happens between two waits: descriptors and signals (libuv's poll phase), then due
 * timers, then after_turn. The last two run in libuv's prepare phase, which stands right before
 * the wait, whatever woke us. The clock is read when it is first asked for in a turn. Timers lie
 * in a heap of ours; the one uv_timer does nothing but end the wait in time.
 */
#include "os/loop.h"

#include "base/list.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <uv.h>

struct loop {
	uv_loop_t uv;
	uv_prepare_t turn_end;
	uv_timer_t alarm;
	uint64_t alarm_ms; /* what alarm is set to */
	struct now now;
	int64_t zone_quarter; /* the quarter of an hour that now.utc_offset_s was read in */
	bool running, now_is_read, stopping;
	loop_fn after_turn;
	void *after_ctx;
	struct loop_timer **heap; /* armed timers, the earliest first */
	size_t n_heap, cap_heap, n_timers;
	struct list timers; /* all of them */
};

struct loop_fd {
	uv_poll_t uv;
	loop_fd_fn fn;
	void *ctx;
	unsigned int events;
	bool polling; /* libuv watches for `events` */
};

struct loop_timer {
	struct list node;
	struct loop *loop;
	loop_fn fn;
	void *ctx;
	uint64_t deadline_ms; /* NEVER_MS: not in the heap */
	size_t at;            /* place in the heap */
};

struct loop_signal {
	uv_signal_t uv;
	loop_signal_fn fn;
	void *ctx;
};

static void
draw_system(void *ctx, uint8_t *out, size_t n)
{
	(void)ctx;
	while (n > 0) {
		ssize_t k = getrandom(out, n, 0);
		if (k < 0) {
			must(errno == EINTR);
			continue;
		}
		out += k;
		n -= (size_t)k;
	}
}

static uint64_t
clock_us(clockid_t clock)
{
	struct timespec t;

	must(clock_gettime(clock, &t) == 0);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/*
 * Local time, for hours of the week. The zone is loaded by loop_new, before a role closes its
 * sandbox; localtime_r opens nothing. Zones change their offset at full quarters of an hour only.
 */
static void
read_utc_offset(struct loop *l)
{
	int64_t quarter = l->now.unix_us / (15 * 60 * 1000000LL);
	time_t t = (time_t)(l->now.unix_us / 1000000);
	struct tm tm;

	if (quarter == l->zone_quarter)
		return;
	l->zone_quarter = quarter;
	l->now.utc_offset_s = localtime_r(&t, &tm) ? (int32_t)tm.tm_gmtoff : 0;
}

const struct now *
loop_now(struct loop *l)
{
	if (l->running && l->now_is_read)
		return &l->now;
	l->now.ms = clock_us(CLOCK_MONOTONIC) / 1000;
	l->now.unix_us = (int64_t)clock_us(CLOCK_REALTIME);
	read_utc_offset(l);
	l->now_is_read = true;
	return &l->now;
}

/* The heap: a child at 2i + 1 and 2i + 2 is never earlier than its parent at i. */

static void
heap_put(struct loop *l, size_t at, struct loop_timer *t)
{
	l->heap[at] = t;
	t->at = at;
}

static void
heap_settle(struct loop *l, struct loop_timer *t)
{
	size_t at = t->at;

	while (at > 0 && l->heap[(at - 1) / 2]->deadline_ms > t->deadline_ms) {
		heap_put(l, at, l->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * at + 1;
		if (child + 1 < l->n_heap &&
		    l->heap[child + 1]->deadline_ms < l->heap[child]->deadline_ms)
			child++;
		if (child >= l->n_heap || l->heap[child]->deadline_ms >= t->deadline_ms)
			break;
		heap_put(l, at, l->heap[child]);
		at = child;
	}
	heap_put(l, at, t);
}

static void
heap_remove(struct loop *l, struct loop_timer *t)
{
	size_t at = t->at;
	struct loop_timer *last = l->heap[--l->n_heap];

	t->deadline_ms = NEVER_MS;
	if (last == t)
		return;
	heap_put(l, at, last);
	heap_settle(l, last);
}

/* libuv's own clock is only good enough to wake us: what is due, our clock decides. */
static void
on_alarm(uv_timer_t *alarm)
{
	(void)alarm;
}

static void
set_alarm(struct loop *l)
{
	uint64_t first = l->n_heap ? l->heap[0]->deadline_ms : NEVER_MS;
	uint64_t now_ms = l->now.ms;

	if (l->alarm_ms == first && first > now_ms && uv_is_active((uv_handle_t *)&l->alarm))
		return;
	l->alarm_ms = first;
	if (first == NEVER_MS) {
		uv_timer_stop(&l->alarm);
		return;
	}
	uv_update_time(&l->uv);
	must(uv_timer_start(&l->alarm, on_alarm, first > now_ms ? first - now_ms : 0, 0) == 0);
}

static void
on_turn_end(uv_prepare_t *p)
{
	struct loop *l = p->data;
	uint64_t now_ms = loop_now(l)->ms;

	/* A timer that sets itself to "now" again waits for the next turn. */
	for (size_t n = l->n_heap; n > 0 && l->n_heap > 0 && !l->stopping; n--) {
		struct loop_timer *t = l->heap[0];
		if (t->deadline_ms > now_ms)
			break;
		heap_remove(l, t);
		t->fn(t->ctx); /* may free t */
	}
	if (l->after_turn)
		l->after_turn(l->after_ctx);
	set_alarm(l);
	l->now_is_read = false;
}

struct loop *
loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	if (uv_loop_init(&l->uv) != 0) {
		free(l);
		return NULL;
	}
	list_init(&l->timers);
	l->alarm_ms = NEVER_MS;
	tzset();
	l->now.draw = draw_system;
	must(uv_prepare_init(&l->uv, &l->turn_end) == 0);
	l->turn_end.data = l;
	must(uv_timer_init(&l->uv, &l->alarm) == 0);
	return l;
}

static void
free_fd(uv_handle_t *h)
{
	free(container_of(h, struct loop_fd, uv));
}

static void
free_signal(uv_handle_t *h)
{
	free(container_of(h, struct loop_signal, uv));
}

/* What its owner has not freed goes with the loop. */
static void
close_handle(uv_handle_t *h, void *ctx)
{
	(void)ctx;
	if (uv_is_closing(h))
		return;
	if (h->type == UV_POLL)
		uv_close(h, free_fd);
	else if (h->type == UV_SIGNAL)
		uv_close(h, free_signal);
	else
		uv_close(h, NULL);
}

void
loop_free(struct loop *l)
{
	struct list *node, *tmp;

	if (!l)
		return;
	must(!l->running);
	uv_walk(&l->uv, close_handle, NULL);
	while (uv_run(&l->uv, UV_RUN_DEFAULT) != 0)
		;
	must(uv_loop_close(&l->uv) == 0);
	list_each (node, tmp, &l->timers)
		free(container_of(node, struct loop_timer, node));
	free(l->heap);
	free(l);
}

void
loop_run(struct loop *l)
{
	must(!l->running);
	if (l->stopping) { /* loop_stop before loop_run: not even one turn */
		l->stopping = false;
		return;
	}
	l->running = true;
	l->now_is_read = false;
	must(uv_prepare_start(&l->turn_end, on_turn_end) == 0);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	if (l->after_turn) /* of the turn that stopped us */
		l->after_turn(l->after_ctx);
	uv_prepare_stop(&l->turn_end);
	l->running = l->stopping = false;
}

void
loop_stop(struct loop *l)
{
	l->stopping = true;
	if (l->running)
		uv_stop(&l->uv);
}

void
loop_after_turn(struct loop *l, loop_fn fn, void *ctx)
{
	l->after_turn = fn;
	l->after_ctx = ctx;
}

static void on_poll(uv_poll_t *h, int status, int events);

static void
start_polling(struct loop_fd *w)
{
	int uv_events =
	    (w->events & LOOP_READ ? UV_READABLE : 0) | (w->events & LOOP_WRITE ? UV_WRITABLE : 0);

	must(uv_poll_start(&w->uv, uv_events, on_poll) == 0);
	w->polling = true;
}

static void
on_poll(uv_poll_t *h, int status, int events)
{
	struct loop_fd *w = container_of(h, struct loop_fd, uv);
	unsigned int got =
	    (events & UV_READABLE ? LOOP_READ : 0) | (events & UV_WRITABLE ? LOOP_WRITE : 0);

	/*
	 * With an error condition libuv stops watching and says nothing more of it. The owner meets
	 * it in its next read or write, so both are due.
	 */
	if (status < 0) {
		w->polling = false;
		got = w->events;
	}
	w->fn(w->ctx, got);
	/* If the owner freed w, libuv frees it only at the end of this turn. */
	if (!w->polling && w->events && !uv_is_closing((uv_handle_t *)h))
		start_polling(w);
}

struct loop_fd *
loop_fd_new(struct loop *l, int fd, loop_fd_fn fn, void *ctx)
{
	struct loop_fd *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	if (uv_poll_init(&l->uv, &w->uv, fd) != 0) {
		free(w);
		return NULL;
	}
	w->fn = fn;
	w->ctx = ctx;
	return w;
}

void
loop_fd_want(struct loop_fd *w, unsigned int events)
{
	if (w->events == events)
		return;
	w->events = events;
	if (events) {
		start_polling(w);
		return;
	}
	uv_poll_stop(&w->uv);
	w->polling = false;
}

void
loop_fd_free(struct loop_fd *w)
{
	if (!w)
		return;
	w->events = 0;
	uv_close((uv_handle_t *)&w->uv, free_fd); /* leaves epoll now, the memory later */
}

/* Room in the heap is made here, so that arming a timer cannot fail. */
struct loop_timer *
loop_timer_new(struct loop *l, loop_fn fn, void *ctx)
{
	if (l->n_timers == l->cap_heap) {
		size_t cap = l->cap_heap ? 2 * l->cap_heap : 16;
		struct loop_timer **heap = realloc(l->heap, cap * sizeof(struct loop_timer *));
		if (!heap)
			return NULL;
		l->heap = heap;
		l->cap_heap = cap;
	}
	struct loop_timer *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->loop = l;
	t->fn = fn;
	t->ctx = ctx;
	t->deadline_ms = NEVER_MS;
	list_init(&t->node);
	list_append(&l->timers, &t->node);
	l->n_timers++;
	return t;
}

void
loop_timer_at(struct loop_timer *t, uint64_t deadline_ms)
{
	struct loop *l = t->loop;

	if (t->deadline_ms == deadline_ms)
		return;
	if (deadline_ms == NEVER_MS) {
		heap_remove(l, t);
		return;
	}
	if (t->deadline_ms == NEVER_MS)
		heap_put(l, l->n_heap++, t);
	t->deadline_ms = deadline_ms;
	heap_settle(l, t);
}

void
loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	loop_timer_at(t, NEVER_MS);
	list_remove(&t->node);
	t->loop->n_timers--;
	free(t);
}

static void
on_signal(uv_signal_t *h, int signo)
{
	struct loop_signal *s = container_of(h, struct loop_signal, uv);

	s->fn(s->ctx, signo);
}

struct loop_signal *
loop_signal_new(struct loop *l, int signo, loop_signal_fn fn, void *ctx)
{
	struct loop_signal *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (uv_signal_init(&l->uv, &s->uv) != 0) {
		free(s);
		return NULL;
	}
	s->fn = fn;
	s->ctx = ctx;
	if (uv_signal_start(&s->uv, on_signal, signo) != 0) {
		uv_close((uv_handle_t *)&s->uv, free_signal);
		return NULL;
	}
	return s;
}

void
loop_signal_free(struct loop_signal *s)
{
	if (s)
		uv_close((uv_handle_t *)&s->uv, free_signal);
}
