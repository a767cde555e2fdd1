/*
 * TUN devices. See tun.h. A packet on the descriptor is a virtio header and the IP packet, one
 * system call each. Offloads are off, so the header is all zero in both directions for now.
 */
#include "os/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#define VNET_HEADER 10 /* sizeof(struct virtio_net_hdr), the form without mergeable buffers */
#define READ_ROOM (PKT_SMALL - PKT_HEADROOM)

_Static_assert(sizeof(struct virtio_net_hdr) == VNET_HEADER, "virtio header");

static int
set_up(int fd, const char *name, bool vnet_hdr, char name_out[TUN_NAME_MAX])
{
	struct ifreq ifr = { 0 };
	int size = VNET_HEADER;

	if (strlen(name) >= sizeof(ifr.ifr_name))
		return -ENAMETOOLONG;
	memcpy(ifr.ifr_name, name, strlen(name));
	ifr.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | (vnet_hdr ? IFF_VNET_HDR : 0));
	if (ioctl(fd, TUNSETIFF, &ifr) != 0)
		return -errno;
	if (vnet_hdr &&
	    (ioctl(fd, TUNSETVNETHDRSZ, &size) != 0 || ioctl(fd, TUNSETOFFLOAD, 0) != 0))
		return -errno;
	memcpy(name_out, ifr.ifr_name, TUN_NAME_MAX);
	name_out[TUN_NAME_MAX - 1] = 0;
	return 0;
}

int
tun_open(const char *name, bool vnet_hdr, char name_out[TUN_NAME_MAX])
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	int err = set_up(fd, name, vnet_hdr, name_out);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

char *
tun_error_text(int err, char *out, size_t cap)
{
	const char *what;

	switch (-err) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		what = "/dev/net/tun is missing: load the module (modprobe tun); in a container, "
		       "give it the device /dev/net/tun";
		break;
	case EPERM:
	case EACCES:
		what = "no permission to make a TUN device: run as root or with CAP_NET_ADMIN";
		break;
	case EBUSY:
		what =
		    "the TUN device is in use by another process: end it, or choose another name";
		break;
	case EINVAL:
		what = "the name belongs to an interface that is not a TUN device of this kind: "
		       "remove it (ip link del), or choose another name";
		break;
	case ENAMETOOLONG:
		what = "the name of the TUN device is longer than 15 characters";
		break;
	default:
		what = strerror(-err);
		break;
	}
	snprintf(out, cap, "%s", what);
	return out;
}

/* One packet into p: its length, 0 for one to be left out, or -errno. */
static ssize_t
read_one(int fd, struct pkt *p)
{
	uint8_t header[VNET_HEADER];
	struct iovec iov[2] = {
		{ .iov_base = header, .iov_len = sizeof(header) },
		{ .iov_base = pkt_data(p), .iov_len = READ_ROOM },
	};
	ssize_t n = readv(fd, iov, 2);

	if (n < 0)
		return -errno;
	/* A packet that fills the slot was cut by the kernel: the MTU is above TUN_MTU_MAX. */
	if (n <= VNET_HEADER || n >= VNET_HEADER + (ssize_t)READ_ROOM)
		return 0;
	return n - VNET_HEADER;
}

int
tun_read_batch(int fd, struct pkt_pool *pool, struct pkt **out, size_t max)
{
	size_t n = 0, tries = 0;

	must(max <= INT_MAX / 2);
	while (n < max && tries++ < 2 * max) {
		struct pkt *p = pkt_get(pool, READ_ROOM);
		if (!p)
			return n ? (int)n : -ENOBUFS;
		ssize_t got = read_one(fd, p);
		if (got > 0) {
			p->len = (uint32_t)got;
			out[n++] = p;
			continue;
		}
		pkt_put(pool, p);
		if (got == 0 || got == -EINTR)
			continue;
		if (got == -EAGAIN || n > 0)
			break;
		return (int)got;
	}
	return (int)n;
}

int
tun_write_batch(int fd, const struct view *pkts, size_t n, size_t *n_dropped)
{
	static const uint8_t header[VNET_HEADER]; /* no checksum to do, no segmentation */
	int err = 0;

	for (size_t i = 0; i < n; i++) {
		struct iovec iov[2] = {
			{ .iov_base = (void *)(uintptr_t)header, .iov_len = sizeof(header) },
			{ .iov_base = (void *)(uintptr_t)pkts[i].p, .iov_len = pkts[i].n },
		};
		ssize_t k;
		do
			k = writev(fd, iov, 2);
		while (k < 0 && errno == EINTR);
		if (k >= 0)
			continue;
		(*n_dropped)++;
		if (errno != EAGAIN && errno != ENOBUFS && errno != EINVAL)
			err = -errno;
	}
	return err;
}
