/*
 * See offload_test.h. A train is joined, written to a device, forwarded by the kernel back into the
 * same device, read, cut, and compared with the packets that it was made of: the road of user data
 * both ways, with the code that carries them.
 */
#include "roles/offload_test.h"

#include "net/train.h"
#include "os/netlink.h"
#include "os/tun.h"
#include "proto/ip/ip.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PACKETS 8u
#define PAYLOAD 1200u
#define ROOM 1400u
#define ANSWER_MS 400
#define CHILD_S 2u
#define EXIT_CANNOT 64 /* of the child; else a mask of VNET_TCP | VNET_UDP */

struct trial {
	int tun;
	struct train_join join;
	uint8_t sent[PACKETS][ROOM], want[PACKETS][ROOM], read[VNET_PACKET_MAX + 1], cut[ROOM];
	size_t n_packet;
};

static void
put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* The i-th packet of a run, from one host behind the device to another. */
static size_t
make_packet(uint8_t *p, bool v4, uint8_t protocol, unsigned int i)
{
	size_t ip = v4 ? IP_HEADER4 : IP_HEADER6, header = protocol == IP_PROTO_TCP ? 20 : 8;
	size_t n = ip + header + PAYLOAD;
	uint8_t *t = p + ip;
	struct rd_fault fault;
	struct ip_hdr h;

	memset(p, 0, ip + header);
	if (v4) {
		p[0] = 0x45;
		put16(p + 2, n);
		put16(p + 4, 100 + i);
		p[8] = 64;
		p[9] = protocol;
		memcpy(p + 12, "\x0a\xff\xff\x02\x0a\xff\xff\x03", 8);
		put16(p + 10, ip_checksum(view_of(p, IP_HEADER4)));
	} else {
		p[0] = 0x60;
		put16(p + 4, n - ip);
		p[6] = protocol;
		p[7] = 64;
		p[8] = p[24] = 0xfd;
		p[23] = 2;
		p[39] = 3;
	}
	put16(t, 40000);
	put16(t + 2, 40001);
	if (protocol == IP_PROTO_TCP) {
		put16(t + 6, i * PAYLOAD);
		t[12] = 0x50;
		t[13] = 0x10;
	} else {
		put16(t + 4, header + PAYLOAD);
	}
	for (size_t k = 0; k < PAYLOAD; k++)
		t[header + k] = (uint8_t)(k * 31 + i);
	must(ip_hdr_read(view_of(p, n), &h, &fault));
	put16(
	    t + (protocol == IP_PROTO_TCP ? 16 : 6), ip_transport_checksum(&h, view_of(t, n - ip)));
	return n;
}

/* As a router leaves it: one hop less. */
static void
pass_router(uint8_t *p)
{
	if (p[0] >> 4 == IP_V6) {
		p[7]--;
		return;
	}
	p[8]--;
	put16(p + 10, 0);
	put16(p + 10, ip_checksum(view_of(p, IP_HEADER4)));
}

/* How many of the packets that are expected next come out of what was read. */
static unsigned int
matches(struct trial *t, const struct vnet_hdr *h, size_t n, unsigned int from)
{
	struct train_cut c;
	unsigned int i = from;
	size_t k;

	if (!train_cut_begin(&c, h, view_of(t->read, n)) || train_cut_largest(&c) > ROOM)
		return 0;
	while ((k = train_cut_next(&c, t->cut)) > 0) {
		if (i == PACKETS || k != t->n_packet || memcmp(t->cut, t->want[i], k) != 0)
			return 0;
		i++;
	}
	return i - from;
}

static bool
crosses(struct trial *t, bool v4, uint8_t protocol)
{
	struct timespec end, now;
	size_t dropped = 0;
	unsigned int got = 0;

	for (unsigned int i = 0; i < PACKETS; i++) {
		t->n_packet = make_packet(t->sent[i], v4, protocol, i);
		memcpy(t->want[i], t->sent[i], t->n_packet);
		pass_router(t->want[i]);
		train_join_add(&t->join, t->sent[i], t->n_packet);
	}
	train_join_end(&t->join);
	if (t->join.n_units != 1 ||
	    tun_write(t->tun, t->join.units, 1, t->join.pieces, &dropped) < 0 || dropped)
		return false;
	train_join_reset(&t->join);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	for (;;) {
		struct pollfd p = { .fd = t->tun, .events = POLLIN };
		struct vnet_hdr h;

		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		long past_ms =
		    (now.tv_sec - end.tv_sec) * 1000 + (now.tv_nsec - end.tv_nsec) / 1000000;
		if (past_ms >= ANSWER_MS || poll(&p, 1, (int)(ANSWER_MS - past_ms)) <= 0)
			return false;
		ssize_t n = tun_read(t->tun, &h, t->read, sizeof(t->read));
		if (n < 0)
			return false;
		/* The kernel's own packets (router solicitations) come here too. */
		if (n > 0)
			got += matches(t, &h, (size_t)n, got);
		if (got == PACKETS)
			return true;
	}
}

static bool
write_switch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, "1", 1) == 1;

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool
set_up(int tun, const char *name, bool *has_v6)
{
	struct if_addr a = { .local = { .addr = ip_v4(0x0affff01u), .len = 24 } };
	struct netlink *nl;
	struct if_link link;
	bool ok;

	(void)tun;
	if (netlink_open(&nl) < 0)
		return false;
	ok = netlink_link_get(nl, name, 0, &link) == 0 &&
	     netlink_link_set_up(nl, link.ifindex, true) == 0;
	a.ifindex = link.ifindex;
	ok = ok && netlink_addr_add(nl, &a) == 0 && write_switch("/proc/sys/net/ipv4/ip_forward");
	a.local =
	    (struct ip_prefix){ .addr = { .family = IP_V6, .b = { 0xfd, [15] = 1 } }, .len = 64 };
	*has_v6 = ok && write_switch("/proc/sys/net/ipv6/conf/all/forwarding") &&
	          netlink_addr_add(nl, &a) == 0;
	netlink_close(nl);
	return ok;
}

/* The child. Its exit status. */
static int
try_all(unsigned int want)
{
	static struct trial t;
	char name[TUN_NAME_MAX];
	unsigned int good = 0;
	bool has_v6 = false;

	alarm(CHILD_S); /* whatever hangs: no answer is no offload */
	/* The unit of systemd leaves us no CAP_SYS_ADMIN: then as root of a user namespace. */
	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return EXIT_CANNOT;
	t.tun = tun_open("try%d", true, name);
	if (t.tun < 0 || !set_up(t.tun, name, &has_v6))
		return EXIT_CANNOT;
	t.join.takes = tun_set_offload(t.tun, want);
	if ((t.join.takes & VNET_TCP) && crosses(&t, true, IP_PROTO_TCP) &&
	    (!has_v6 || crosses(&t, false, IP_PROTO_TCP)))
		good |= VNET_TCP;
	if (good && (t.join.takes & VNET_UDP) && crosses(&t, true, IP_PROTO_UDP) &&
	    (!has_v6 || crosses(&t, false, IP_PROTO_UDP)))
		good |= VNET_UDP;
	return (int)good;
}

unsigned int
offload_test(unsigned int want, char *text, size_t cap)
{
	unsigned int good = 0;
	int status = 0;

	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		_exit(try_all(want));
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CANNOT)) {
		snprintf(text, cap,
		    "tunnel offload: no network namespace to test it in, the kernel is trusted");
		return want;
	}
	if (WIFEXITED(status))
		good = (unsigned int)WEXITSTATUS(status) & want;
	snprintf(text, cap, "tunnel offload: %s%s", vnet_takes_text(good),
	    good == want ? ", tested"
			 : "; this kernel does not carry all super-packets right (Linux 6.2 does)");
	return good;
}
