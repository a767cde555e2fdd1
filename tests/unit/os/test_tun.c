/*
 * TUN: a packet the kernel sends comes out of the device, one we write arrives at a socket, batches
 * keep their order, the pool gets back what it gave. R108.
 */
#include "os/tun.h"

#include "netns.h"
#include "os/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

static int tun = -1, udp = -1;
static char device[TUN_NAME_MAX];
static struct pkt_pool *pool;
static uint16_t udp_port;

/* 10.99.0.1/24 on the device, a socket bound to it. */
static int
configure(void)
{
	struct netlink *nl;
	struct if_link l;
	struct if_addr a = { .local.len = 24, .local.addr = ip_v4(0x0a630001) };
	struct sockaddr_in s = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a630001) };
	socklen_t n = sizeof(s);

	if (netlink_open(&nl) != 0 || netlink_link_get(nl, device, 0, &l) != 0)
		return -1;
	a.ifindex = l.ifindex;
	if (netlink_addr_add(nl, &a) != 0 || netlink_link_set_mtu(nl, l.ifindex, 1400) != 0 ||
	    netlink_link_set_up(nl, l.ifindex, true) != 0)
		return -1;
	netlink_close(nl);
	udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(udp, (struct sockaddr *)&s, sizeof(s)) != 0 ||
	    getsockname(udp, (struct sockaddr *)&s, &n) != 0)
		return -1;
	udp_port = ntohs(s.sin_port);
	return 0;
}

static int
enter(void **state)
{
	(void)state;
	pool = pkt_pool_new(16, 0);
	if (!netns_enter())
		return 0;
	tun = tun_open("rras%d", true, device);
	return tun < 0 ? 0 : configure();
}

static int
leave(void **state)
{
	(void)state;
	pkt_pool_free(pool);
	if (tun >= 0)
		close(tun);
	if (udp >= 0)
		close(udp);
	return 0;
}

static void
need_device(void)
{
	if (tun < 0) {
		print_message("no network namespace or no TUN device allowed here\n");
		skip();
	}
}

static void
send_from_kernel(const char *text)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a630002), .sin_port = htons(9)
	};

	assert_int_equal(
	    sendto(udp, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to)), strlen(text));
}

/* Everything that waits, up to max; IPv6 of the kernel's own is left out. */
static size_t
read_ipv4(struct pkt **out, size_t max)
{
	struct pkt *in[16];
	size_t n = 0;
	int got;

	assert_true(max <= 16);
	while (n < max && (got = tun_read_batch(tun, pool, in, max - n)) > 0)
		for (int i = 0; i < got; i++) {
			if (pkt_data(in[i])[0] >> 4 == 4)
				out[n++] = in[i];
			else
				pkt_put(pool, in[i]);
		}
	return n;
}

static void
test_reads_a_batch(void **state)
{
	struct pkt *p[16];

	(void)state;
	need_device();
	send_from_kernel("one");
	send_from_kernel("two!");
	send_from_kernel("three");
	assert_int_equal(read_ipv4(p, 16), 3);
	static const char *const want[] = { "one", "two!", "three" };
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(p[i]->off, PKT_HEADROOM);
		assert_int_equal(p[i]->len, 28 + strlen(want[i]));
		assert_memory_equal(pkt_data(p[i]) + 28, want[i], strlen(want[i]));
		assert_memory_equal(pkt_data(p[i]) + 16, "\x0a\x63\x00\x02", 4);
		pkt_put(pool, p[i]);
	}
	assert_int_equal(tun_read_batch(tun, pool, p, 16), 0);
	assert_int_equal(pkt_pool_in_use(pool), 0);
}

static void
test_reads_no_more_than_asked(void **state)
{
	struct pkt *p[16], *taken[16];

	(void)state;
	need_device();
	send_from_kernel("a");
	send_from_kernel("b");
	assert_int_equal(read_ipv4(p, 1), 1);
	assert_int_equal(read_ipv4(p + 1, 16), 1);
	pkt_put(pool, p[0]);
	pkt_put(pool, p[1]);
	/* An empty pool is said, not taken for an empty device. */
	for (unsigned int i = 0; i < 16; i++)
		taken[i] = pkt_get(pool, 100);
	send_from_kernel("c");
	assert_int_equal(tun_read_batch(tun, pool, p, 16), -ENOBUFS);
	for (unsigned int i = 0; i < 16; i++)
		pkt_put(pool, taken[i]);
	assert_int_equal(read_ipv4(p, 16), 1);
	pkt_put(pool, p[0]);
}

/* An IPv4 and UDP packet from 10.99.0.2 to our socket; UDP checksum 0: none. */
static size_t
make_packet(uint8_t *out, const char *text)
{
	size_t n = strlen(text), total = 28 + n;
	uint8_t h[28] = { 0x45, 0, (uint8_t)(total >> 8), (uint8_t)total, 0, 0, 0, 0, 64, 17, 0, 0,
		10, 99, 0, 2, 10, 99, 0, 1, 0, 9, (uint8_t)(udp_port >> 8), (uint8_t)udp_port,
		(uint8_t)((8 + n) >> 8), (uint8_t)(8 + n), 0, 0 };
	uint32_t sum = 0;

	for (unsigned int i = 0; i < 20; i += 2)
		sum += (uint32_t)h[i] << 8 | h[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16));
	h[10] = (uint8_t)(sum >> 8);
	h[11] = (uint8_t)sum;
	memcpy(out, h, sizeof(h));
	memcpy(out + sizeof(h), text, n);
	return total;
}

static void
test_writes_a_batch(void **state)
{
	uint8_t a[64], b[64], junk[40] = { 0x15 };
	char got[16] = "";
	size_t n_dropped = 5;

	(void)state;
	need_device();
	const struct view pkts[] = {
		view_of(a, make_packet(a, "first")),
		view_of(junk, sizeof(junk)), /* neither IPv4 nor IPv6 */
		view_of(b, make_packet(b, "second")),
	};
	assert_int_equal(tun_write_batch(tun, pkts, 3, &n_dropped), 0);
	assert_int_equal(n_dropped, 6);
	struct pollfd p = { .fd = udp, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(recv(udp, got, sizeof(got), 0), 5);
	assert_memory_equal(got, "first", 5);
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(recv(udp, got, sizeof(got), 0), 6);
	assert_memory_equal(got, "second", 6);
}

static void
test_device_down(void **state)
{
	struct netlink *nl;
	struct if_link l;
	uint8_t a[64];
	size_t n_dropped = 0;

	(void)state;
	need_device();
	assert_int_equal(netlink_open(&nl), 0);
	assert_int_equal(netlink_link_get(nl, device, 0, &l), 0);
	assert_int_equal(netlink_link_set_up(nl, l.ifindex, false), 0);
	const struct view v = view_of(a, make_packet(a, "x"));
	assert_int_equal(tun_write_batch(tun, &v, 1, &n_dropped), -EIO);
	assert_int_equal(n_dropped, 1);
	assert_int_equal(netlink_link_set_up(nl, l.ifindex, true), 0);
	netlink_close(nl);
}

static void
test_busy_and_bad_names(void **state)
{
	char name[TUN_NAME_MAX], text[256];

	(void)state;
	need_device();
	assert_true(fcntl(tun, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(tun, F_GETFL) & O_NONBLOCK);
	int err = tun_open(device, true, name);
	assert_int_equal(err, -EBUSY);
	assert_non_null(strstr(tun_error_text(err, text, sizeof(text)), "in use"));
	assert_int_equal(tun_open("a-name-that-is-too-long", true, name), -ENAMETOOLONG);
	assert_int_equal(tun_open("lo", true, name), -EINVAL);
}

static void
test_error_texts(void **state)
{
	char text[256];

	(void)state;
	assert_non_null(strstr(tun_error_text(-ENOENT, text, sizeof(text)), "modprobe tun"));
	assert_non_null(strstr(tun_error_text(-EPERM, text, sizeof(text)), "CAP_NET_ADMIN"));
	assert_non_null(strstr(tun_error_text(-ENOMEM, text, sizeof(text)), "memory"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_a_batch),
		cmocka_unit_test(test_reads_no_more_than_asked),
		cmocka_unit_test(test_writes_a_batch),
		cmocka_unit_test(test_device_down),
		cmocka_unit_test(test_busy_and_bad_names),
		cmocka_unit_test(test_error_texts),
	};

	return cmocka_run_group_tests_name("os/tun", tests, enter, leave);
}
