/*
 * The fetch role without its host: the test is net, the browser, and the site's server on loopback.
 */
#include "os/sock.h"
#include "proto/proxy/proxy.h"
#include "roles/host.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct bench {
	struct role_host host;
	struct loop_timer *stop;
	void *role;
	int listener;
	unsigned int counted[0x1000]; /* by cause */
	char status[512];
} b;

bool
host_send(struct role_host *h, enum role_id to, unsigned int index, const struct msg *m, int fd)
{
	(void)h;
	(void)index;
	assert_int_equal(to, ROLE_RECORD);
	assert_int_equal(fd, -1);
	if (m->id == MSG_COUNTED)
		b.counted[m->u.counted.cause] += m->u.counted.attempts;
	if (m->id == MSG_STATUS)
		assert_true(view_text(m->u.status.lines, b.status, sizeof(b.status)));
	return true;
}

static void
on_stop(void *ctx)
{
	(void)ctx;
	loop_stop(b.host.loop);
}

static void
run(unsigned int ms)
{
	loop_timer_at(b.stop, loop_now(b.host.loop)->ms + ms);
	loop_run(b.host.loop);
}

/* Where nothing listens: the port of a listener that is closed again. */
static uint16_t
closed_port(void)
{
	struct endpoint any = { .addr = ip_v4(0x7f000001) }, e;
	int fd = sock_listen_tcp(&any, false, 1);

	assert_true(fd >= 0 && sock_endpoints(fd, &e, NULL) == 0);
	close(fd);
	return e.port;
}

static int
setup(void **state)
{
	struct endpoint any = { .addr = ip_v4(0x7f000001) }, e;
	struct conf_errors errors = { 0 };
	char text[512], err[64];

	(void)state;
	memset(&b, 0, sizeof(b));
	b.listener = sock_listen_tcp(&any, false, 16);
	assert_true(b.listener >= 0 && sock_endpoints(b.listener, &e, NULL) == 0);
	snprintf(text, sizeof(text),
	    "web www { name a.example; forward 127.0.0.1:%u; connections 2; idle-time 1s }\n"
	    "web told { name b.example; forward 127.0.0.1:%u; proxy-header yes }\n"
	    "web gone { name c.example; forward 127.0.0.1:%u }\n",
	    e.port, e.port, closed_port());
	b.host.conf = conf_parse("test", view_str(text), NULL, NULL, &errors);
	assert_non_null(b.host.conf);
	b.host.loop = loop_new();
	b.stop = loop_timer_new(b.host.loop, on_stop, NULL);
	b.role = role_fetch.open(&b.host);
	assert_non_null(b.role);
	assert_true(role_fetch.go(b.role, err, sizeof(err)));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	role_fetch.close(b.role);
	loop_timer_free(b.stop);
	loop_free(b.host.loop);
	conf_free((struct conf *)(uintptr_t)b.host.conf);
	close(b.listener);
	return 0;
}

/* A browser's connection is handed over; its end of it. */
static int
hand_over(const char *site, const char *first)
{
	struct msg m = { .id = MSG_HAND_OVER,
		.u.hand_over = { .site = view_str(site), .bytes = view_str(first) } };
	int pair[2];

	assert_true(endpoint_parse(view_str("203.0.113.9:40000"), &m.u.hand_over.peer) &&
		    endpoint_parse(view_str("198.51.100.1:443"), &m.u.hand_over.local));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	role_fetch.message(b.role, ROLE_NET, 0, &m, pair[0]);
	return pair[1];
}

static int
accepted(void)
{
	int fd = -EAGAIN;

	for (unsigned int i = 0; i < 200 && fd < 0; i++) {
		run(5);
		fd = sock_accept(b.listener, NULL, NULL);
	}
	assert_true(fd >= 0);
	return fd;
}

/* What comes until n bytes are there or the other end is closed. */
static size_t
take(int fd, void *buf, size_t n)
{
	size_t got = 0;

	for (unsigned int i = 0; i < 400 && got < n; i++) {
		ssize_t k = recv(fd, (char *)buf + got, n - got, MSG_DONTWAIT);
		if (k == 0)
			break;
		if (k > 0)
			got += (size_t)k;
		else
			run(5);
	}
	return got;
}

static void
test_both_ways_and_half_closed(void **state)
{
	char buf[64];
	int browser = hand_over("www", "hello "), server = accepted();

	(void)state;
	assert_int_equal(send(browser, "world", 5, 0), 5);
	assert_int_equal(take(server, buf, 11), 11);
	assert_memory_equal(buf, "hello world", 11);
	/* The browser has said all; the answer still comes. */
	assert_int_equal(shutdown(browser, SHUT_WR), 0);
	assert_int_equal(take(server, buf, 1), 0);
	assert_int_equal(send(server, "answer", 6, 0), 6);
	close(server);
	assert_int_equal(take(browser, buf, sizeof(buf)), 6);
	assert_memory_equal(buf, "answer", 6);
	struct msg ask = { .id = MSG_STATUS_ASK };
	role_fetch.message(b.role, ROLE_RECORD, 0, &ask, -1);
	assert_string_equal(
	    b.status, "web connections 0\nsite www connections 0 taken 1 failed 0\n");
	close(browser);
}

/* S11: a server that does not read holds its browser back, and nothing is lost or changed. */
static void
test_back_pressure(void **state)
{
	static uint8_t out[1 << 16], in[1 << 16];
	int browser = hand_over("www", "x"), server = accepted();
	size_t sent = 0, got = 0;

	(void)state;
	assert_int_equal(take(server, in, 1), 1);
	for (unsigned int idle = 0; idle < 20;) {
		for (size_t i = 0; i < sizeof(out); i++)
			out[i] = (uint8_t)((sent + i) % 251);
		ssize_t k = send(browser, out, sizeof(out), MSG_DONTWAIT);
		idle = k > 0 ? 0 : idle + 1;
		sent += k > 0 ? (size_t)k : 0;
		run(1);
		assert_true(sent < 64u << 20);
	}
	while (got < sent) {
		size_t k = take(server, in, sent - got < sizeof(in) ? sent - got : sizeof(in));
		assert_true(k > 0);
		for (size_t i = 0; i < k; i++)
			assert_int_equal(in[i], (got + i) % 251);
		got += k;
	}
	close(browser);
	close(server);
}

static void
test_proxy_header(void **state)
{
	uint8_t buf[64];
	struct proxy_header h;
	struct rd_fault fault;
	char text[ENDPOINT_TEXT_MAX];
	int browser = hand_over("told", "hi"), server = accepted();

	(void)state;
	size_t n = take(server, buf, 30);
	assert_int_equal(proxy_read(view_of(buf, n), &h, &fault), PROXY_COMPLETE);
	assert_string_equal(endpoint_text(&h.source, text), "203.0.113.9:40000");
	assert_string_equal(endpoint_text(&h.destination, text), "198.51.100.1:443");
	assert_memory_equal(buf + h.n_bytes, "hi", 2);
	close(browser);
	close(server);
}

/* Each end that is none of the browser's doing is counted by its cause. X01. */
static void
test_causes(void **state)
{
	int fds[5];
	char c;

	(void)state;
	fds[0] = hand_over("nobody", "x");
	fds[1] = hand_over("gone", "x");
	for (unsigned int i = 2; i < 5; i++)
		fds[i] = hand_over("www", "x");
	for (unsigned int i = 0; i < 5; i++)
		if (i < 2 || i == 4)
			assert_int_equal(take(fds[i], &c, 1), 0);
	role_fetch.stop(b.role);
	assert_int_equal(b.counted[CAUSE_WEB_NOT_TAKEN], 1);
	assert_int_equal(b.counted[CAUSE_WEB_UNREACHABLE], 1);
	assert_int_equal(b.counted[CAUSE_WEB_LIMIT], 1);
	for (unsigned int i = 0; i < 5; i++)
		close(fds[i]);
}

/* Silence ends a pair. */
static void
test_idle(void **state)
{
	char c;
	int browser = hand_over("www", "x"), server = accepted();
	uint64_t began = loop_now(b.host.loop)->ms;

	(void)state;
	assert_int_equal(take(server, &c, 1), 1);
	assert_int_equal(take(browser, &c, 1), 0);
	uint64_t took = loop_now(b.host.loop)->ms - began;
	assert_true(took > 800);
	close(browser);
	close(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		T(test_both_ways_and_half_closed),
		T(test_back_pressure),
		T(test_proxy_header),
		T(test_causes),
		T(test_idle),
	};

	return cmocka_run_group_tests_name("roles/fetch", tests, NULL, NULL);
}
