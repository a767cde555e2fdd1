/*
 * The event loop: readiness, timers, signals, children (libuv behind it; the only home of uv.h).
 * Time is read once per turn.
 */
#ifndef OS_LOOP_H
#define OS_LOOP_H

#include "base/must.h"
#include "base/now.h"

#include <stdbool.h>

struct loop;
struct loop_fd;
struct loop_timer;
struct loop_signal;

#define LOOP_READ 1u
#define LOOP_WRITE 2u

typedef void (*loop_fd_fn)(void *ctx, unsigned int events); /* LOOP_READ | LOOP_WRITE */
typedef void (*loop_fn)(void *ctx);
typedef void (*loop_signal_fn)(void *ctx, int signo);

struct loop *loop_new(void); /* NULL: out of memory or descriptors */
void loop_free(struct loop *l);

/* Runs until loop_stop. after_turn (may be NULL) is called once at the end of every turn. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
void loop_after_turn(struct loop *l, loop_fn fn, void *ctx);

/* Time of this turn, with the system's random source. */
const struct now *loop_now(struct loop *l);

/* Watches fd for events (0: none for now). The fd stays the caller's. */
struct loop_fd *loop_fd_new(struct loop *l, int fd, loop_fd_fn fn, void *ctx);
void loop_fd_want(struct loop_fd *w, unsigned int events);
void loop_fd_free(struct loop_fd *w);

/* One-shot timer; deadline on loop_now's clock, NEVER_MS disarms. Setting again moves it. */
struct loop_timer *loop_timer_new(struct loop *l, loop_fn fn, void *ctx);
void loop_timer_at(struct loop_timer *t, uint64_t deadline_ms);
void loop_timer_free(struct loop_timer *t);

struct loop_signal *loop_signal_new(struct loop *l, int signo, loop_signal_fn fn, void *ctx);
void loop_signal_free(struct loop_signal *s);

#endif
