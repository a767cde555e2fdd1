/*
 * Sockets: listeners, connections, options, stale control sockets, names. R13, R15 (a listener
 * for IPv6 of its own), R31 (names are resolved with a text when not); G13 (out of descriptors).
 */
#include "os/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct endpoint
at(const char *text)
{
	struct endpoint e;

	assert_true(endpoint_parse(view_str(text), &e));
	return e;
}

static void
await(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	assert_int_equal(poll(&p, 1, 5000), 1);
}

static void
check_flags(int fd)
{
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static int
get_int(int fd, int level, int name)
{
	int x = -1;
	socklen_t n = sizeof(x);

	assert_int_equal(getsockopt(fd, level, name, &x, &n), 0);
	return x;
}

/* A listener on a port of the kernel's choice. */
static int
listen_somewhere(const char *text, bool reuseport, struct endpoint *out)
{
	struct endpoint e = at(text);
	int fd = sock_listen_tcp(&e, reuseport, 8);

	if (fd >= 0)
		assert_int_equal(sock_endpoints(fd, out, NULL), 0);
	return fd;
}

static void
connect_and_compare(const char *text)
{
	struct endpoint where, peer, local, c_local, c_peer;
	int l = listen_somewhere(text, false, &where);

	if (l == -EADDRNOTAVAIL || l == -EAFNOSUPPORT)
		skip(); /* no IPv6 here */
	assert_true(l >= 0);
	check_flags(l);
	assert_int_equal(sock_accept(l, &peer, &local), -EAGAIN);
	int c = sock_connect_tcp(&where);
	assert_true(c >= 0);
	check_flags(c);
	await(c, POLLOUT);
	assert_int_equal(sock_error(c), 0);
	await(l, POLLIN);
	int s = sock_accept(l, &peer, &local);
	assert_true(s >= 0);
	check_flags(s);
	assert_int_equal(sock_endpoints(c, &c_local, &c_peer), 0);
	assert_true(ip_equal(&peer.addr, &c_local.addr) && peer.port == c_local.port);
	assert_true(ip_equal(&local.addr, &c_peer.addr) && local.port == c_peer.port);
	assert_true(ip_equal(&local.addr, &where.addr) && local.port == where.port);
	assert_int_equal(get_int(s, IPPROTO_TCP, TCP_NODELAY), 1);
	assert_int_equal(get_int(c, IPPROTO_TCP, TCP_NODELAY), 1);
	close(s);
	close(c);
	close(l);
}

static void
test_connect_ipv4(void **state)
{
	(void)state;
	connect_and_compare("127.0.0.1:0");
}

static void
test_connect_ipv6(void **state)
{
	(void)state;
	connect_and_compare("[::1]:0");
}

static void
test_refused_and_taken(void **state)
{
	struct endpoint where;
	int l = listen_somewhere("127.0.0.1:0", false, &where);

	(void)state;
	assert_true(l >= 0);
	assert_int_equal(sock_listen_tcp(&where, false, 8), -EADDRINUSE);
	close(l);
	int c = sock_connect_tcp(&where);
	if (c >= 0) {
		await(c, POLLOUT);
		assert_int_equal(sock_error(c), -ECONNREFUSED);
		assert_int_equal(sock_error(c), 0); /* it was cleared */
		close(c);
	} else {
		assert_int_equal(c, -ECONNREFUSED);
	}
	struct endpoint foreign = at("192.0.2.77:0");
	assert_int_equal(sock_listen_tcp(&foreign, false, 8), -EADDRNOTAVAIL);
	struct endpoint nowhere = { 0 };
	assert_int_equal(sock_listen_tcp(&nowhere, false, 8), -EAFNOSUPPORT);
	assert_int_equal(sock_connect_tcp(&nowhere), -EAFNOSUPPORT);
}

/* Each worker has its own listener on the same endpoint. */
static void
test_reuseport(void **state)
{
	struct endpoint where;
	int a = listen_somewhere("127.0.0.1:0", true, &where);
	int b = sock_listen_tcp(&where, true, 8);

	(void)state;
	assert_true(a >= 0 && b >= 0);
	assert_int_equal(sock_listen_tcp(&where, false, 8), -EADDRINUSE);
	close(a);
	close(b);
}

/* [::] and 0.0.0.0 each have a listener of their own on one port. */
static void
test_v6_only(void **state)
{
	struct endpoint where;
	int six = listen_somewhere("[::]:0", false, &where);

	(void)state;
	if (six == -EAFNOSUPPORT)
		skip();
	assert_true(six >= 0);
	struct endpoint four = at("0.0.0.0:0");
	four.port = where.port;
	int fd = sock_listen_tcp(&four, false, 8);
	assert_true(fd >= 0);
	close(fd);
	close(six);
}

static void
test_options(void **state)
{
	struct endpoint where;
	int fd = listen_somewhere("127.0.0.1:0", false, &where);

	(void)state;
	assert_int_equal(sock_set_keepalive(fd, 60, 10, 5), 0);
	assert_int_equal(get_int(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(get_int(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
	assert_int_equal(get_int(fd, IPPROTO_TCP, TCP_KEEPINTVL), 10);
	assert_int_equal(get_int(fd, IPPROTO_TCP, TCP_KEEPCNT), 5);
	assert_int_equal(sock_set_user_timeout(fd, 20000), 0);
	assert_int_equal(get_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 20000);
	assert_int_equal(sock_set_notsent_lowat(fd, 16384), 0);
	assert_int_equal(get_int(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 16384);
	assert_int_equal(sock_set_nodelay(-1), -EBADF);
	close(fd);
}

/* G13: without a descriptor the connection is not lost but stays in the backlog. */
static void
test_out_of_descriptors(void **state)
{
	struct endpoint where, peer, local;
	struct rlimit old, none;
	int l = listen_somewhere("127.0.0.1:0", false, &where), c = sock_connect_tcp(&where);

	(void)state;
	assert_true(l >= 0 && c >= 0);
	await(l, POLLIN);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	int refused = sock_accept(l, &peer, &local);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(refused, -EMFILE);
	int s = sock_accept(l, &peer, &local);
	assert_true(s >= 0);
	close(s);
	close(c);
	close(l);
}

static char dir[] = "/tmp/rras-test-sock-XXXXXX";
static char path[64];

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/rras-test-sock-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/control", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void
test_unix_listener(void **state)
{
	struct stat st;
	uid_t uid = (uid_t)-1;
	int l = sock_listen_unix(path, 0660);

	(void)state;
	assert_true(l >= 0);
	check_flags(l);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(sock_accept_unix(l), -EAGAIN);
	int c = sock_connect_unix(path);
	assert_true(c >= 0);
	int s = sock_accept_unix(l);
	assert_true(s >= 0);
	check_flags(s);
	assert_int_equal(sock_peer_uid(s, &uid), 0);
	assert_int_equal(uid, getuid());
	/* Somebody answers: a second daemon must not take the socket away. */
	assert_int_equal(sock_listen_unix(path, 0660), -EADDRINUSE);
	assert_int_equal(stat(path, &st), 0);
	close(s);
	close(c);
	close(l);
	/* Nobody answers any more: stale, replaced. */
	l = sock_listen_unix(path, 0600);
	assert_true(l >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	close(l);
}

static void
test_unix_never_removes_files(void **state)
{
	char longer[200];
	struct stat st;
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(sock_listen_unix(path, 0660), -EADDRINUSE);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(sock_connect_unix("/nonexistent/control"), -ENOENT);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	assert_int_equal(sock_listen_unix(longer, 0600), -ENAMETOOLONG);
	assert_int_equal(sock_connect_unix(""), -ENAMETOOLONG);
}

static void
test_resolve(void **state)
{
	struct ip_addr a[4];
	char text[ADDR_TEXT_MAX], err[256] = "";

	(void)state;
	assert_int_equal(sock_resolve("2001:db8::7", a, 4, err, sizeof(err)), 1);
	assert_string_equal(ip_text(&a[0], text), "2001:db8::7");
	assert_true(sock_resolve("localhost", a, 4, err, sizeof(err)) >= 1);
	assert_false(ip_is_none(&a[0]));
	assert_int_equal(sock_resolve("no such host", a, 4, err, sizeof(err)), 0);
	assert_non_null(strstr(err, "no such host"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect_ipv4),
		cmocka_unit_test(test_connect_ipv6),
		cmocka_unit_test(test_refused_and_taken),
		cmocka_unit_test(test_reuseport),
		cmocka_unit_test(test_v6_only),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_out_of_descriptors),
		cmocka_unit_test_setup_teardown(test_unix_listener, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
		    test_unix_never_removes_files, make_dir, remove_dir),
		cmocka_unit_test(test_resolve),
	};

	return cmocka_run_group_tests_name("os/sock", tests, NULL, NULL);
}
