/*
 * TUN: a packet the kernel sends comes out of the device, one we write arrives at a socket, both
 * keep their order, in pieces too. R108.
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
	if (!netns_enter())
		return 0;
	tun = tun_open("rras%d", true, device);
	return tun < 0 ? 0 : configure();
}

static int
leave(void **state)
{
	(void)state;
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

struct got {
	struct vnet_hdr h;
	uint8_t b[VNET_PACKET_MAX + 1];
	size_t n;
};

/* Everything that waits, up to max; IPv6 of the kernel's own is left out. */
static size_t
read_ipv4(struct got *out, size_t max)
{
	size_t n = 0;

	while (n < max) {
		ssize_t got = tun_read(tun, &out[n].h, out[n].b, sizeof(out[n].b));

		assert_true(got >= 0);
		if (got == 0)
			break;
		out[n].n = (size_t)got;
		if (out[n].b[0] >> 4 == 4)
			n++;
	}
	return n;
}

static struct got got[8];

static void
test_reads_packets_in_order(void **state)
{
	static const char *const want[] = { "one", "two!", "three" };

	(void)state;
	need_device();
	for (unsigned int i = 0; i < 3; i++)
		send_from_kernel(want[i]);
	assert_int_equal(read_ipv4(got, 8), 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(got[i].n, 28 + strlen(want[i]));
		assert_int_equal(got[i].h.gso_type, VNET_GSO_NONE);
		assert_memory_equal(got[i].b + 28, want[i], strlen(want[i]));
		assert_memory_equal(got[i].b + 16, "\x0a\x63\x00\x02", 4);
	}
	assert_int_equal(tun_read(tun, &got[0].h, got[0].b, sizeof(got[0].b)), 0);
}

static void
test_leaves_out_what_does_not_fit(void **state)
{
	ssize_t n;

	(void)state;
	need_device();
	send_from_kernel("a packet that is longer");
	send_from_kernel("b");
	do
		n = tun_read(tun, &got[0].h, got[0].b, 40);
	while (n > 0 && got[0].b[0] >> 4 != 4);
	assert_int_equal(n, 29);
	assert_memory_equal(got[0].b + 28, "b", 1);
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
	char text[16] = "";
	size_t n_dropped = 5;

	(void)state;
	need_device();
	const struct vnet_piece pieces[] = {
		{ view_of(a, make_packet(a, "first")), VNET_NO_PIECE },
		{ view_of(junk, sizeof(junk)), VNET_NO_PIECE }, /* neither IPv4 nor IPv6 */
		{ view_of(b, make_packet(b, "second") - 3), 3 },
		{ view_of(b + 34 - 3, 3), VNET_NO_PIECE },
	};
	const struct vnet_unit units[] = {
		{ .piece = 0, .n_pieces = 1 },
		{ .piece = 1, .n_pieces = 1 },
		{ .piece = 2, .n_pieces = 2 },
	};
	assert_int_equal(tun_write(tun, units, 3, pieces, &n_dropped), 0);
	assert_int_equal(n_dropped, 6);
	struct pollfd p = { .fd = udp, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(recv(udp, text, sizeof(text), 0), 5);
	assert_memory_equal(text, "first", 5);
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(recv(udp, text, sizeof(text), 0), 6);
	assert_memory_equal(text, "second", 6);
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
	const struct vnet_piece v = { view_of(a, make_packet(a, "x")), VNET_NO_PIECE };
	const struct vnet_unit u = { .piece = 0, .n_pieces = 1 };
	assert_int_equal(tun_write(tun, &u, 1, &v, &n_dropped), -EIO);
	assert_int_equal(n_dropped, 1);
	assert_int_equal(netlink_link_set_up(nl, l.ifindex, true), 0);
	netlink_close(nl);
}

/* What the kernel took is said; without TCP nothing is asked for. */
static void
test_offload_is_asked_for(void **state)
{
	(void)state;
	need_device();
	unsigned int both = tun_set_offload(tun, VNET_TCP | VNET_UDP);

	assert_true(both == 0 || both == VNET_TCP || both == (VNET_TCP | VNET_UDP));
	assert_int_equal(tun_set_offload(tun, VNET_TCP), both & VNET_TCP);
	assert_int_equal(tun_set_offload(tun, VNET_UDP), 0);
	assert_int_equal(tun_set_offload(-1, VNET_TCP | VNET_UDP), 0);
	assert_int_equal(tun_set_offload(tun, 0), 0);
	assert_string_equal(vnet_takes_text(VNET_TCP | VNET_UDP), "TCP and UDP");
	assert_string_equal(vnet_takes_text(VNET_TCP), "TCP");
	assert_string_equal(vnet_takes_text(0), "off");
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
		cmocka_unit_test(test_reads_packets_in_order),
		cmocka_unit_test(test_leaves_out_what_does_not_fit),
		cmocka_unit_test(test_writes_a_batch),
		cmocka_unit_test(test_device_down),
		cmocka_unit_test(test_offload_is_asked_for),
		cmocka_unit_test(test_busy_and_bad_names),
		cmocka_unit_test(test_error_texts),
	};

	return cmocka_run_group_tests_name("os/tun", tests, enter, leave);
}
