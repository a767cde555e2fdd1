/*
 * Channels between roles: order, descriptors, bounds, and the end of a channel whose peer says what
 * it may not say. G01, G02, G03 from a role that was taken over; G13 (full queue, no descriptor
 * left).
 */
#include "os/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* One end of a channel with what arrived there. */
struct end {
	struct chan *chan;
	unsigned int n_msgs, n_down;
	uint64_t last;
	char device[16];
	int fd;
	unsigned int stop_after;
	bool free_on_msg, free_on_down;
	char reason[128];
};

static struct loop *loop;
static struct end a, b;
static struct loop_timer *guard;

static void
too_long(void *ctx)
{
	(void)ctx;
	fail_msg("nothing came");
}

static int
setup(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	a.fd = b.fd = -1;
	loop = loop_new();
	guard = loop_timer_new(loop, too_long, NULL);
	loop_timer_at(guard, loop_now(loop)->ms + 10000);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	chan_free(a.chan);
	chan_free(b.chan);
	loop_free(loop);
	return 0;
}

static void
on_msg(void *ctx, struct chan *c, const struct msg *m, int fd)
{
	struct end *e = ctx;

	e->n_msgs++;
	if (m->id == MSG_READY) {
		assert_int_equal(m->u.ready.generation, e->last + 1); /* in order */
		e->last = m->u.ready.generation;
	}
	if (m->id == MSG_TUN) {
		assert_true(view_copy(m->u.tun.device, e->device, sizeof(e->device) - 1));
		e->fd = fd;
	} else {
		assert_int_equal(fd, -1);
	}
	if (e->free_on_msg) {
		chan_free(c);
		e->chan = NULL;
		assert_true(m->id == MSG_READY); /* m lives until we return */
	}
	if (e->stop_after && e->n_msgs == e->stop_after)
		loop_stop(loop);
}

static void
on_down(void *ctx, struct chan *c, const char *reason)
{
	struct end *e = ctx;

	e->n_down++;
	snprintf(e->reason, sizeof(e->reason), "%s", reason);
	if (e->free_on_down) {
		chan_free(c);
		e->chan = NULL;
	}
	loop_stop(loop);
}

static void
join(enum role_id role_a, enum role_id role_b)
{
	int fds[2];

	assert_int_equal(chan_pair(fds), 0);
	a.chan = chan_new(loop, fds[0], role_a, role_b, 0, on_msg, on_down, &a);
	b.chan = chan_new(loop, fds[1], role_b, role_a, 3, on_msg, on_down, &b);
	assert_non_null(a.chan);
	assert_non_null(b.chan);
}

static bool
send_ready(struct chan *c, uint64_t n)
{
	return chan_send(c, &(struct msg){ .id = MSG_READY, .u.ready = { n } }, -1);
}

static void
test_order_across_the_queue(void **state)
{
	uint64_t n = 0;

	(void)state;
	join(ROLE_NET, ROLE_MONITOR);
	while (chan_backlog(a.chan) < 300)
		assert_true(send_ready(a.chan, ++n));
	b.stop_after = (unsigned int)n;
	loop_run(loop);
	assert_int_equal(b.n_msgs, n);
	assert_int_equal(b.last, n);
	assert_int_equal(chan_backlog(a.chan), 0);
	assert_int_equal(chan_peer(b.chan), ROLE_NET);
	assert_int_equal(chan_peer_index(b.chan), 3);
}

static void
test_backlog_is_bounded(void **state)
{
	uint64_t n = 0;

	(void)state;
	join(ROLE_NET, ROLE_MONITOR);
	while (n < 100000 && send_ready(a.chan, n + 1))
		n++;
	assert_int_equal(chan_backlog(a.chan), 1024);
	assert_true(n > 1024 && n < 100000);
	assert_int_equal(a.n_down, 0); /* full is not broken: what was taken arrives */
	b.stop_after = (unsigned int)n;
	loop_run(loop);
	assert_int_equal(b.last, n);
}

static void
test_backlog_is_bounded_in_bytes(void **state)
{
	static uint8_t facts[20000];
	struct msg m = { .id = MSG_FACTS };

	(void)state;
	join(ROLE_NET, ROLE_RECORD);
	m.u.facts.facts = view_of(facts, sizeof(facts));
	while (chan_send(a.chan, &m, -1))
		assert_true(chan_backlog(a.chan) < 1024);
	assert_in_range(chan_backlog(a.chan) * sizeof(facts), 4100000, 4u << 20);
}

static void
test_descriptor_travels(void **state)
{
	int fds[2];
	char c;
	struct msg m = { .id = MSG_TUN };

	(void)state;
	join(ROLE_MONITOR, ROLE_NET);
	assert_int_equal(pipe(fds), 0);
	m.u.tun.device = view_str("rras0");
	b.stop_after = 1;
	assert_true(chan_send(a.chan, &m, fds[0]));
	close(fds[0]); /* ours; the receiver has its own */
	loop_run(loop);
	assert_string_equal(b.device, "rras0");
	assert_true(b.fd >= 0);
	assert_true(fcntl(b.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(fds[1], "k", 1), 1);
	assert_int_equal(read(b.fd, &c, 1), 1);
	close(b.fd);
	close(fds[1]);
}

/* Descriptors wait in the queue too, and are ours to close when the channel goes. */
static void
test_queued_descriptors(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct msg m = { .id = MSG_TUN };

	(void)state;
	join(ROLE_MONITOR, ROLE_NET);
	m.u.tun.device = view_str("rras0");
	while (chan_backlog(a.chan) < 5)
		assert_true(chan_send(a.chan, &(struct msg){ .id = MSG_GO, .u.go = { 1 } }, -1));
	int probe = dup(fd);
	close(probe);
	for (unsigned int i = 0; i < 10; i++)
		assert_true(chan_send(a.chan, &m, fd));
	assert_int_not_equal(fcntl(probe + 9, F_GETFD), -1);
	chan_free(a.chan);
	a.chan = NULL;
	for (int i = probe; i < probe + 10; i++)
		assert_int_equal(fcntl(i, F_GETFD), -1);
	close(fd);
}

/* The lying end takes itself for monitor; the other knows that it speaks with net. */
static void
test_forbidden_message_closes(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(chan_pair(fds), 0);
	a.chan = chan_new(loop, fds[0], ROLE_MONITOR, ROLE_VAULT, 0, on_msg, on_down, &a);
	b.chan = chan_new(loop, fds[1], ROLE_VAULT, ROLE_NET, 0, on_msg, on_down, &b);
	assert_true(chan_send(a.chan, &(struct msg){ .id = MSG_GO, .u.go = { 1 } }, -1));
	loop_run(loop);
	while (!a.n_down)
		loop_run(loop);
	assert_int_equal(b.n_msgs, 0);
	assert_int_equal(b.n_down, 1);
	assert_string_equal(b.reason, "message GO is not allowed from net to vault");
	assert_int_equal(a.n_down, 1);
	assert_string_equal(a.reason, "the peer ended");
	assert_false(chan_send(a.chan, &(struct msg){ .id = MSG_GO, .u.go = { 2 } }, -1));
}

/* Raw bytes, with n_fds descriptors, from a peer that does not use our code. */
static void
raw_to_b(const void *p, size_t n, unsigned int n_fds)
{
	union {
		struct cmsghdr align;
		char b[CMSG_SPACE(8 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = n };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[2], send_fds[8];

	assert_int_equal(chan_pair(fds), 0);
	b.chan = chan_new(loop, fds[1], ROLE_NET, ROLE_MONITOR, 0, on_msg, on_down, &b);
	if (n_fds) {
		h.msg_control = control.b;
		h.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		struct cmsghdr *m = CMSG_FIRSTHDR(&h);
		m->cmsg_level = SOL_SOCKET;
		m->cmsg_type = SCM_RIGHTS;
		m->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		for (unsigned int i = 0; i < n_fds; i++)
			send_fds[i] = fds[0];
		memcpy(CMSG_DATA(m), send_fds, n_fds * sizeof(int));
	}
	assert_int_equal(sendmsg(fds[0], &h, MSG_NOSIGNAL), n);
	int probe = dup(fds[0]);
	close(probe);
	loop_run(loop);
	int after = dup(fds[0]);
	assert_true(after <= probe); /* no descriptor stayed behind */
	close(after);
	close(fds[0]);
	assert_int_equal(b.n_down, 1);
	assert_int_equal(b.n_msgs, 0);
}

static void
test_malformed_message_closes(void **state)
{
	(void)state;
	raw_to_b("\0\7\0\0", 4, 0);
	assert_string_equal(b.reason, "malformed message GO (7): short at byte 2");
}

static void
test_unknown_message_closes(void **state)
{
	(void)state;
	raw_to_b("\377\377", 2, 0);
	assert_string_equal(b.reason, "malformed message ? (65535): bad-value at byte 2");
}

static void
test_oversized_message_closes(void **state)
{
	static uint8_t big[MSG_MAX_BYTES + 1] = { 0, 7 };

	(void)state;
	raw_to_b(big, sizeof(big), 0);
	assert_string_equal(b.reason, "message larger than 24576 bytes");
}

static void
test_unexpected_descriptor_closes(void **state)
{
	(void)state;
	raw_to_b("\0\7\0\0\0\0\0\0\0\1", 10, 1);
	assert_string_equal(b.reason, "message GO came with a descriptor");
}

static void
test_missing_descriptor_closes(void **state)
{
	(void)state;
	raw_to_b("\0\2\0\0\0\0\0\0\0\1", 10, 0);
	assert_string_equal(b.reason, "message CONFIG came without a descriptor");
}

static void
test_many_descriptors_close(void **state)
{
	(void)state;
	raw_to_b("\0\2\0\0\0\0\0\0\0\1", 10, 8);
	assert_string_equal(b.reason, "a descriptor was lost on the way");
}

/* G13: a descriptor that found no place is not taken for one that was never sent. */
static void
test_no_room_for_descriptor(void **state)
{
	struct msg m = { .id = MSG_TUN };
	struct rlimit old, none;

	(void)state;
	join(ROLE_MONITOR, ROLE_NET);
	m.u.tun.device = view_str("rras0");
	assert_true(chan_send(a.chan, &m, STDIN_FILENO));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	loop_run(loop);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(b.n_msgs, 0);
	assert_string_equal(b.reason, "a descriptor was lost on the way");
}

static void
test_free_in_message(void **state)
{
	(void)state;
	join(ROLE_NET, ROLE_MONITOR);
	b.free_on_msg = true;
	assert_true(send_ready(a.chan, 1));
	assert_true(send_ready(a.chan, 2));
	a.free_on_down = true;
	loop_run(loop);
	assert_int_equal(b.n_msgs, 1);
	assert_int_equal(b.n_down, 0);
	assert_int_equal(a.n_down, 1);
}

/* What a role said before it died is heard, then its end; sending on fails without a callback. */
static void
test_last_words(void **state)
{
	(void)state;
	join(ROLE_NET, ROLE_MONITOR);
	assert_true(send_ready(a.chan, 1));
	assert_true(send_ready(a.chan, 2));
	assert_true(chan_send(b.chan, &(struct msg){ .id = MSG_GO, .u.go = { 1 } }, -1));
	chan_free(a.chan); /* with GO unread, so the kernel reports a reset */
	a.chan = NULL;
	assert_false(chan_send(b.chan, &(struct msg){ .id = MSG_GO, .u.go = { 2 } }, -1));
	assert_int_equal(b.n_down, 0);
	loop_run(loop);
	assert_int_equal(b.n_msgs, 2);
	assert_int_equal(b.n_down, 1);
	assert_string_equal(b.reason, "the peer ended");
}

/* The owner learns of the end from elsewhere, before the loop has read: nothing is lost, no
 * on_down. */
static void
test_drain(void **state)
{
	(void)state;
	join(ROLE_NET, ROLE_MONITOR);
	assert_true(send_ready(a.chan, 1));
	assert_true(send_ready(a.chan, 2));
	chan_free(a.chan);
	a.chan = NULL;
	chan_drain(b.chan);
	assert_int_equal(b.n_msgs, 2);
	assert_int_equal(b.n_down, 0);
	chan_drain(b.chan); /* the end itself was read: nothing more to do */
	chan_free(b.chan);
	b.chan = NULL;
}

/* One readiness takes a bounded number of messages, so that others get their turn. */
static unsigned int msgs_at_turn[4], n_turns;

static void
note_turn(void *ctx)
{
	(void)ctx;
	if (n_turns < 4)
		msgs_at_turn[n_turns++] = b.n_msgs;
	else
		loop_stop(loop);
}

static void
test_bounded_per_turn(void **state)
{
	(void)state;
	n_turns = 0;
	join(ROLE_NET, ROLE_MONITOR);
	for (uint64_t i = 1; i <= 200; i++)
		assert_true(send_ready(a.chan, i));
	loop_after_turn(loop, note_turn, NULL);
	loop_run(loop);
	for (unsigned int i = 1; i < 4; i++)
		assert_true(msgs_at_turn[i] - msgs_at_turn[i - 1] <= 64);
	assert_true(b.n_msgs > 64);
}

/* A secret message: its bytes are gone from the receiver's memory when the callback has ended. */
static const uint8_t *seen_at;

static void
remember(void *ctx, struct chan *c, const struct msg *m, int fd)
{
	(void)ctx;
	(void)c;
	(void)fd;
	assert_int_equal(m->id, MSG_SEAL_SECRET);
	assert_memory_equal(m->u.seal.plain.p, "hunter2", 7);
	seen_at = m->u.seal.plain.p;
	loop_stop(loop);
}

static void
test_secret_is_wiped(void **state)
{
	struct msg m = { .id = MSG_SEAL_SECRET };
	int fds[2];

	(void)state;
	assert_int_equal(chan_pair(fds), 0);
	a.chan = chan_new(loop, fds[0], ROLE_RECORD, ROLE_VAULT, 0, on_msg, on_down, &a);
	b.chan = chan_new(loop, fds[1], ROLE_VAULT, ROLE_RECORD, 0, remember, on_down, &b);
	m.u.seal.plain = view_str("hunter2");
	assert_true(chan_send(a.chan, &m, -1));
	loop_run(loop);
	assert_memory_equal(seen_at, "\0\0\0\0\0\0\0", 7);
}

#define CHAN_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CHAN_TEST(test_order_across_the_queue),
		CHAN_TEST(test_backlog_is_bounded),
		CHAN_TEST(test_backlog_is_bounded_in_bytes),
		CHAN_TEST(test_descriptor_travels),
		CHAN_TEST(test_queued_descriptors),
		CHAN_TEST(test_forbidden_message_closes),
		CHAN_TEST(test_malformed_message_closes),
		CHAN_TEST(test_unknown_message_closes),
		CHAN_TEST(test_oversized_message_closes),
		CHAN_TEST(test_unexpected_descriptor_closes),
		CHAN_TEST(test_missing_descriptor_closes),
		CHAN_TEST(test_many_descriptors_close),
		CHAN_TEST(test_no_room_for_descriptor),
		CHAN_TEST(test_free_in_message),
		CHAN_TEST(test_last_words),
		CHAN_TEST(test_drain),
		CHAN_TEST(test_bounded_per_turn),
		CHAN_TEST(test_secret_is_wiped),
	};

	return cmocka_run_group_tests_name("os/chan", tests, NULL, NULL);
}
