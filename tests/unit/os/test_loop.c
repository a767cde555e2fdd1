/* The event loop: timers in order, watchers freed from anywhere, one clock reading a turn. */
#include "os/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *loop;
static unsigned int n_calls, n_turns;

static int
setup(void **state)
{
	(void)state;
	n_calls = n_turns = 0;
	loop = loop_new();
	return loop ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

static uint64_t
mono_ms(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
stop(void *ctx)
{
	(void)ctx;
	loop_stop(loop);
}

static unsigned int order[64];

struct numbered {
	unsigned int number;
	uint64_t due_ms;
	struct loop_timer *timer;
};

static void
note_number(void *ctx)
{
	struct numbered *x = ctx;

	assert_true(loop_now(loop)->ms >= x->due_ms);
	order[n_calls++] = x->number;
	loop_timer_free(x->timer); /* inside its own callback */
	x->timer = NULL;
}

static void
test_timers_in_order(void **state)
{
	static const unsigned int delays[] = { 7, 3, 9, 1, 5, 2, 8, 4, 6, 0 };
	struct numbered x[10];
	uint64_t begin = loop_now(loop)->ms;

	(void)state;
	for (unsigned int i = 0; i < 10; i++) {
		x[i] = (struct numbered){ .number = delays[i],
			.due_ms = begin + 2 * delays[i],
			.timer = loop_timer_new(loop, note_number, &x[i]) };
		assert_non_null(x[i].timer);
		loop_timer_at(x[i].timer, begin + 1000);
	}
	for (unsigned int i = 0; i < 10; i++)
		loop_timer_at(x[i].timer, x[i].due_ms); /* moved earlier */
	loop_timer_free(x[0].timer);                    /* 7 never fires */
	loop_timer_at(x[2].timer, NEVER_MS);            /* neither does 9 */
	struct loop_timer *end = loop_timer_new(loop, stop, NULL);
	loop_timer_at(end, begin + 25);
	loop_run(loop);
	static const unsigned int want[] = { 0, 1, 2, 3, 4, 5, 6, 8 };
	assert_int_equal(n_calls, 8);
	assert_memory_equal(order, want, sizeof(want));
	assert_true(mono_ms() >= begin + 25);
	/* x[2] and end go with the loop */
}

/* Many timers, set and moved at random, come in the order of their deadlines. */
static uint64_t last_due;

static void
note_order(void *ctx)
{
	struct numbered *x = ctx;

	assert_true(x->due_ms >= last_due);
	last_due = x->due_ms;
	if (++n_calls == 500)
		loop_stop(loop);
}

static void
test_many_timers(void **state)
{
	static struct numbered x[500];
	uint64_t begin = loop_now(loop)->ms;
	uint32_t r = 1;

	(void)state;
	last_due = 0;
	for (unsigned int i = 0; i < 500; i++)
		x[i].timer = loop_timer_new(loop, note_order, &x[i]);
	for (unsigned int k = 0; k < 3000; k++) {
		unsigned int i = k < 500 ? k : (r >> 8) % 500;
		r = r * 1103515245 + 12345;
		x[i].due_ms = begin + (r >> 16) % 30;
		loop_timer_at(x[i].timer, x[i].due_ms);
		if ((r >> 5) % 7 == 0) { /* out and in again */
			loop_timer_at(x[i].timer, NEVER_MS);
			loop_timer_at(x[i].timer, x[i].due_ms);
		}
	}
	loop_run(loop);
	assert_int_equal(n_calls, 500);
}

/* A timer that is always due must not lock out descriptors. */
struct spin {
	struct loop_timer *timer;
};

static void
spin_again(void *ctx)
{
	struct spin *s = ctx;

	n_calls++;
	loop_timer_at(s->timer, loop_now(loop)->ms);
}

static void
read_and_stop(void *ctx, unsigned int events)
{
	(void)ctx;
	assert_int_equal(events, LOOP_READ);
	loop_stop(loop);
}

static void
test_spinning_timer_starves_nobody(void **state)
{
	struct spin s;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	s.timer = loop_timer_new(loop, spin_again, &s);
	loop_timer_at(s.timer, loop_now(loop)->ms);
	struct loop_fd *w = loop_fd_new(loop, fds[0], read_and_stop, NULL);
	loop_fd_want(w, LOOP_READ);
	loop_run(loop);
	loop_fd_free(w);
	close(fds[0]);
	close(fds[1]);
}

/* Two ready descriptors; whoever comes first frees both watchers and closes both ends. */
static struct loop_fd *both[2];
static int both_fds[4];

static void
free_both(void *ctx, unsigned int events)
{
	(void)ctx;
	(void)events;
	n_calls++;
	loop_fd_free(both[0]);
	loop_fd_free(both[1]);
	for (unsigned int i = 0; i < 4; i++)
		close(both_fds[i]);
	loop_stop(loop);
}

static void
test_free_other_watcher_in_callback(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(pipe(both_fds + 2 * i), 0);
		assert_int_equal(write(both_fds[2 * i + 1], "x", 1), 1);
		both[i] = loop_fd_new(loop, both_fds[2 * i], free_both, NULL);
		loop_fd_want(both[i], LOOP_READ);
	}
	loop_run(loop);
	assert_int_equal(n_calls, 1);
}

/* The last callback of a reset connection: both events are reported, so the owner finds it. */
static void
see_reset(void *ctx, unsigned int events)
{
	int *fd = ctx;
	char b;

	assert_true(events & LOOP_READ);
	ssize_t n = read(*fd, &b, 1);
	n_calls++;
	if (n == 0 || n_calls > 5)
		loop_stop(loop);
}

static void
test_error_condition_is_reported(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(write(fds[0], "unread", 6), 6);
	close(fds[1]); /* with unread data: POLLERR and ECONNRESET at the other end */
	struct loop_fd *w = loop_fd_new(loop, fds[0], see_reset, &fds[0]);
	loop_fd_want(w, LOOP_READ | LOOP_WRITE);
	loop_run(loop);
	assert_in_range(n_calls, 1, 4);
	loop_fd_free(w);
	close(fds[0]);
}

static void
count_turn(void *ctx)
{
	(void)ctx;
	n_turns++;
}

static uint64_t seen_ms;

static void
take_time(void *ctx, unsigned int events)
{
	int *fd = ctx;
	char b;

	(void)events;
	assert_int_equal(read(*fd, &b, 1), 1);
	uint64_t t = loop_now(loop)->ms;
	uint64_t until = mono_ms() + 5;
	while (mono_ms() < until) /* the clock moves on, the turn's time does not */
		;
	assert_int_equal(loop_now(loop)->ms, t);
	assert_true(t >= seen_ms);
	seen_ms = t + 5; /* and the next turn's is later */
	if (++n_calls == 3)
		loop_stop(loop);
}

static void
test_one_time_a_turn(void **state)
{
	int fds[2];

	(void)state;
	seen_ms = 0;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "xyz", 3), 3);
	struct loop_fd *w = loop_fd_new(loop, fds[0], take_time, &fds[0]);
	loop_fd_want(w, LOOP_READ);
	loop_after_turn(loop, count_turn, NULL);
	loop_run(loop);
	assert_int_equal(n_calls, 3);
	assert_in_range(n_turns, 3, 5); /* libuv begins with an empty one */
	loop_fd_free(w);
	close(fds[0]);
	close(fds[1]);
}

static struct loop_signal *sig;

static void
on_signal(void *ctx, int signo)
{
	(void)ctx;
	assert_int_equal(signo, SIGUSR1);
	n_calls++;
	loop_signal_free(sig);
	loop_stop(loop);
}

static void
test_signal(void **state)
{
	(void)state;
	sig = loop_signal_new(loop, SIGUSR1, on_signal, NULL);
	assert_non_null(sig);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	loop_run(loop);
	assert_int_equal(n_calls, 1);
	assert_null(loop_signal_new(loop, SIGKILL, on_signal, NULL));
}

static void
test_refused_and_left_behind(void **state)
{
	int fds[2];

	(void)state;
	assert_null(loop_fd_new(loop, 9999, read_and_stop, NULL));
	assert_int_equal(pipe(fds), 0);
	/* Left to loop_free on purpose. */
	struct loop_fd *w = loop_fd_new(loop, fds[0], read_and_stop, NULL);
	assert_non_null(w);
	loop_fd_want(w, LOOP_READ);
	assert_non_null(loop_signal_new(loop, SIGUSR2, on_signal, NULL));
	loop_stop(loop);
	loop_run(loop); /* stopped before it ran */
	close(fds[0]);
	close(fds[1]);
}

static void
test_random_source(void **state)
{
	uint8_t a[300] = { 0 }, b[300] = { 0 };

	(void)state;
	now_draw(loop_now(loop), a, sizeof(a));
	now_draw(loop_now(loop), b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

#define LOOP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(test_timers_in_order),
		LOOP_TEST(test_many_timers),
		LOOP_TEST(test_spinning_timer_starves_nobody),
		LOOP_TEST(test_free_other_watcher_in_callback),
		LOOP_TEST(test_error_condition_is_reported),
		LOOP_TEST(test_one_time_a_turn),
		LOOP_TEST(test_signal),
		LOOP_TEST(test_refused_and_left_behind),
		LOOP_TEST(test_random_source),
	};

	return cmocka_run_group_tests_name("os/loop", tests, NULL, NULL);
}
