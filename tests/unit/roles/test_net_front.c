/*
 * What comes before TLS, without a worker around it: the test is the peer, and takes the place of
 * net_conn.c, of the counts, and of fetch. S02, G04, X01, X02.
 */
#include "proto/proxy/proxy.h"
#include "roles/net_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define FRONT "192.0.2.1:5000"
#define CLIENT "203.0.113.9:40000"
#define OURS "198.51.100.1:443"

static struct bench {
	struct role_host host;
	struct net_conf net_conf;
	struct worker *w;
	struct loop_timer *stop;
	bool fetch_there;
	unsigned int n_adopted, n_handed;
	struct endpoint peer, local;
	bool by_front;
	char first[512], handed[512], site[64];
	size_t n_first;
	enum cause counted;
	unsigned int n_counted;
	struct endpoint counted_for;
} b;

/* --- what net_front.c calls --- */

void
net_conn_adopt(struct worker *w, int fd, const struct endpoint *peer, const struct endpoint *local,
    const struct fact *by, struct view first)
{
	b.n_adopted++;
	b.peer = *peer;
	b.local = *local;
	b.by_front = by != NULL;
	assert_true(first.n < sizeof(b.first));
	b.n_first = first.n;
	if (first.n)
		memcpy(b.first, first.p, first.n);
	halfopen_leave(&w->halfopen, &peer->addr);
	close(fd);
}

void
net_report_count(struct worker *w, const struct ip_addr *source, enum cause cause)
{
	(void)w;
	b.counted = cause;
	b.counted_for.addr = *source;
	b.n_counted++;
}

void
net_watch_listeners(struct worker *w, bool on)
{
	(void)w;
	(void)on;
}

bool
host_send(struct role_host *h, enum role_id to, unsigned int index, const struct msg *m, int fd)
{
	(void)h;
	(void)index;
	assert_int_equal(to, ROLE_FETCH);
	assert_int_equal(m->id, MSG_HAND_OVER);
	assert_true(fd >= 0);
	if (!b.fetch_there)
		return false;
	b.n_handed++;
	b.peer = m->u.hand_over.peer;
	assert_true(view_text(m->u.hand_over.site, b.site, sizeof(b.site)));
	b.n_first = m->u.hand_over.bytes.n;
	assert_true(b.n_first < sizeof(b.first));
	memcpy(b.first, m->u.hand_over.bytes.p, b.n_first);
	return true;
}

/* --- the bench --- */

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

static int
setup(void **state)
{
	static const char text[] = "sstp { certificate /c; key /k; proxy-from 192.0.2.0/24 }\n"
				   "web www { name www.example.org; forward 127.0.0.1:8443 }\n";
	struct conf_errors errors = { 0 };

	(void)state;
	memset(&b, 0, sizeof(b));
	b.fetch_there = true;
	b.host.loop = loop_new();
	b.host.conf = conf_parse("test", view_str(text), NULL, NULL, &errors);
	assert_non_null(b.host.conf);
	b.stop = loop_timer_new(b.host.loop, on_stop, NULL);
	b.w = calloc(1, sizeof(*b.w));
	b.net_conf.conn.handshake_ms = 100;
	b.w->host = &b.host;
	b.w->loop = b.host.loop;
	b.w->conf = &b.net_conf;
	list_init(&b.w->fronts);
	b.w->front_timer = loop_timer_new(b.host.loop, net_front_tick, b.w);
	b.w->halfopen.limit = 10;
	b.w->halfopen.limit_per_source = 2;
	b.w->halfopen.limit_per_network = 10;
	b.w->reserve_fd = -1;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	net_front_end_all(b.w, CAUSE_NONE);
	assert_int_equal(b.w->halfopen.n, 0);
	assert_true(list_empty(&b.w->fronts));
	loop_timer_free(b.w->front_timer);
	loop_timer_free(b.stop);
	loop_free(b.host.loop);
	conf_free((struct conf *)(uintptr_t)b.host.conf);
	free(b.w);
	return 0;
}

static struct endpoint
at(const char *text)
{
	struct endpoint e;

	assert_true(endpoint_parse(view_str(text), &e));
	return e;
}

/* A connection from there; the peer's end of it. */
static int
come(const char *from)
{
	struct endpoint peer = at(from), local = at(OURS);
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	assert_true(net_front_wants(b.w, &peer));
	net_front_accept(b.w, pair[0], &peer, &local);
	return pair[1];
}

static void
say(int fd, const void *p, size_t n)
{
	assert_int_equal(send(fd, p, n, MSG_NOSIGNAL), n);
}

static size_t
make_header(uint8_t *buf, const char *source)
{
	struct endpoint s = at(source), d = at(OURS);
	struct wr w = wr_over(buf, PROXY_WRITE_MAX);

	proxy_write(&w, &s, &d);
	assert_true(wr_done(&w));
	return wr_len(&w);
}

/* A hello that asks for the name. */
static size_t
make_hello(uint8_t *buf, size_t cap, const char *name)
{
	struct wr w = wr_over(buf, cap);
	uint16_t n = (uint16_t)strlen(name), ext = (uint16_t)(n + 9);

	wr_u8(&w, 22);
	wr_u16(&w, 0x0301);
	wr_u16(&w, (uint16_t)(4 + 43 + ext));
	wr_u16(&w, 0x0100);
	wr_u16(&w, (uint16_t)(43 + ext));
	wr_u16(&w, 0x0303);
	wr_zero(&w, 33);
	wr_u16(&w, 2);
	wr_u16(&w, 0x1301);
	wr_u16(&w, 0x0100);
	wr_u16(&w, ext);
	wr_u16(&w, 0);
	wr_u16(&w, (uint16_t)(n + 5));
	wr_u16(&w, (uint16_t)(n + 3));
	wr_u8(&w, 0);
	wr_u16(&w, n);
	wr_str(&w, name);
	assert_true(wr_done(&w));
	return wr_len(&w);
}

/* G04: header and hello a byte at a time: whose it is and what it wants come out whole. */
static void
test_front_names_the_client(void **state)
{
	uint8_t buf[512];
	size_t n = make_header(buf, CLIENT), k = make_hello(buf + n, 400, "vpn.example");
	char text[ENDPOINT_TEXT_MAX];
	int fd;

	(void)state;
	b.net_conf.conn.handshake_ms = 10000;
	fd = come(FRONT);
	for (size_t i = 0; i < n + k; i++) {
		assert_int_equal(b.n_adopted, 0);
		say(fd, buf + i, 1);
		run(1);
	}
	assert_int_equal(b.n_adopted, 1);
	assert_true(b.by_front);
	assert_string_equal(endpoint_text(&b.peer, text), CLIENT);
	assert_string_equal(endpoint_text(&b.local, text), OURS);
	assert_int_equal(b.n_first, k);
	assert_memory_equal(b.first, buf + n, k);
	assert_int_equal(b.n_counted, 0);
	close(fd);
}

static void
test_site_gets_its_connection(void **state)
{
	uint8_t buf[512];
	size_t n = make_header(buf, CLIENT), k = make_hello(buf + n, 400, "WWW.example.org");
	int fd = come("198.18.0.1:1"), by_front = come(FRONT);

	(void)state;
	say(fd, buf + n, k);
	run(5);
	assert_int_equal(b.n_handed, 1);
	assert_string_equal(b.site, "www");
	assert_int_equal(b.n_first, k);
	assert_memory_equal(b.first, buf + n, k);
	assert_int_equal(b.counted, CAUSE_WEB_HANDED);
	say(by_front, buf, n + k);
	run(5);
	assert_int_equal(b.n_handed, 2);
	assert_int_equal(b.n_first, k);
	assert_true(b.peer.port == 40000);
	assert_int_equal(b.n_adopted, 0);
	close(fd);
	close(by_front);
}

/* fetch is being started anew: the browser is sent off, and that is counted. */
static void
test_no_fetch(void **state)
{
	uint8_t buf[512];
	size_t k = make_hello(buf, sizeof(buf), "www.example.org");
	int fd = come(CLIENT);
	char c;

	(void)state;
	b.fetch_there = false;
	say(fd, buf, k);
	run(5);
	assert_int_equal(b.counted, CAUSE_WEB_NOT_TAKEN);
	assert_int_equal(recv(fd, &c, 1, 0), 0);
	close(fd);
}

static void
test_causes(void **state)
{
	static const struct {
		const char *from, *bytes;
		size_t n;
		bool close;
		enum cause cause;
	} rows[] = {
		{ FRONT, "", 0, true, CAUSE_PROXY_PROBE },
		{ FRONT, "\r\n\r\n", 4, true, CAUSE_PROXY_MALFORMED },
		{ FRONT, "\x16\x03\x01", 3, false, CAUSE_PROXY_MISSING },
		{ FRONT, "PROXY UNKNOWN\r\n", 15, false, CAUSE_PROXY_VERSION },
		{ FRONT, "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\0", 16, false, CAUSE_PROXY_MALFORMED },
		{ FRONT, "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16, true, CAUSE_PROXY_PROBE },
		{ FRONT, "", 0, false, CAUSE_PROXY_SILENT },
		{ FRONT, "\r\n\r\n", 4, false, CAUSE_PROXY_SILENT },
		{ CLIENT, "", 0, true, CAUSE_TLS_PEER_CLOSED },
		{ CLIENT, "\x16\x03", 2, true, CAUSE_TLS_PEER_CLOSED },
		{ CLIENT, "\x16\x03", 2, false, CAUSE_TLS_SILENT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned int before = b.n_counted;
		int fd = come(rows[i].from);
		if (rows[i].n)
			say(fd, rows[i].bytes, rows[i].n);
		if (rows[i].close)
			(void)shutdown(fd, SHUT_WR);
		for (unsigned int t = 0; t < 50 && b.n_counted == before; t++)
			run(10);
		assert_int_equal(b.n_counted, before + 1);
		assert_string_equal(cause_info(b.counted)->name, cause_info(rows[i].cause)->name);
		assert_int_equal(b.w->halfopen.n, 0);
		close(fd);
	}
	assert_int_equal(b.n_adopted, 0);
}

/* X02: a front counts in all; with its header each connection counts as the client's. */
static void
test_limits(void **state)
{
	uint8_t buf[PROXY_WRITE_MAX], other[PROXY_WRITE_MAX];
	size_t n = make_header(buf, CLIENT), k = make_header(other, "203.0.113.10:1");
	int fds[12];

	(void)state;
	for (unsigned int i = 0; i < 5; i++)
		fds[i] = come(FRONT); /* more than two of one source */
	assert_int_equal(b.w->halfopen.n, 5);
	for (unsigned int i = 0; i < 2; i++)
		say(fds[i], buf, n);
	run(5);
	assert_int_equal(b.n_counted, 0);
	say(fds[2], buf, n); /* a third of this client */
	say(fds[3], other, k);
	run(5);
	assert_int_equal(b.n_counted, 1);
	assert_int_equal(b.counted, CAUSE_HALF_OPEN_LIMIT);
	assert_true(b.counted_for.addr.b[3] == 9);
	assert_int_equal(b.w->halfopen.n, 4);
	for (unsigned int i = 5; i < 11; i++)
		fds[i] = come(FRONT);
	assert_int_equal(b.w->halfopen.n, 10);
	fds[11] = come(FRONT);
	assert_int_equal(b.n_counted, 2);
	assert_int_equal(b.counted, CAUSE_HALF_OPEN_LIMIT);
	for (unsigned int i = 0; i < 12; i++)
		close(fds[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		T(test_front_names_the_client),
		T(test_site_gets_its_connection),
		T(test_no_fetch),
		T(test_causes),
		T(test_limits),
	};

	return cmocka_run_group_tests_name("roles/net_front", tests, NULL, NULL);
}
