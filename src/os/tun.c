/*
 * TUN devices. See tun.h. A packet or super-packet on the descriptor is a virtio header and the IP
 * packet, one system call each.
 */
#include "os/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef TUN_F_USO4 /* Linux 6.2 */
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

_Static_assert(sizeof(struct virtio_net_hdr) == VNET_HEADER, "virtio header");
_Static_assert(
    VNET_NEEDS_CSUM == VIRTIO_NET_HDR_F_NEEDS_CSUM && VNET_GSO_TCP4 == VIRTIO_NET_HDR_GSO_TCPV4 &&
	VNET_GSO_TCP6 == VIRTIO_NET_HDR_GSO_TCPV6 && VNET_GSO_ECN == VIRTIO_NET_HDR_GSO_ECN,
    "as the kernel has them");

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

unsigned int
tun_set_offload(int fd, unsigned int want)
{
	const unsigned long tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

	/* UDP's come with TCP's only; an older kernel knows nothing of them. */
	if ((want & VNET_TCP) && (want & VNET_UDP) &&
	    ioctl(fd, TUNSETOFFLOAD, tcp | TUN_F_USO4 | TUN_F_USO6) == 0)
		return VNET_TCP | VNET_UDP;
	if ((want & VNET_TCP) && ioctl(fd, TUNSETOFFLOAD, tcp) == 0)
		return VNET_TCP;
	(void)ioctl(fd, TUNSETOFFLOAD, 0ul);
	return 0;
}

ssize_t
tun_read(int fd, struct vnet_hdr *h, uint8_t *buf, size_t cap)
{
	struct iovec iov[2] = {
		{ .iov_base = h, .iov_len = sizeof(*h) },
		{ .iov_base = buf, .iov_len = cap },
	};
	ssize_t n;

	for (;;) {
		n = readv(fd, iov, 2);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		/* One that fills the room was cut by the kernel: that is no packet. */
		if (n > (ssize_t)VNET_HEADER && n < (ssize_t)(VNET_HEADER + cap))
			return n - (ssize_t)VNET_HEADER;
	}
}

static struct iovec
iov_of(struct view v)
{
	return (struct iovec){ .iov_base = (void *)(uintptr_t)v.p, .iov_len = v.n };
}

static ssize_t
write_train(int fd, const struct vnet_unit *u, const struct vnet_piece *pieces)
{
	struct iovec iov[1 + VNET_PIECES_MAX];
	int n = 0;

	must(u->n_pieces <= VNET_PIECES_MAX);
	iov[n++] = iov_of(view_of(&u->h, sizeof(u->h)));
	for (uint32_t i = u->piece; i != VNET_NO_PIECE; i = pieces[i].next)
		iov[n++] = iov_of(pieces[i].v);
	return writev(fd, iov, n);
}

static ssize_t
write_one(int fd, const struct vnet_unit *u, struct view pkt)
{
	struct iovec iov[2] = { iov_of(view_of(&u->h, sizeof(u->h))), iov_of(pkt) };

	return writev(fd, iov, 2);
}

int
tun_write(int fd, const struct vnet_unit *units, size_t n, const struct vnet_piece *pieces,
    size_t *n_dropped)
{
	int err = 0;

	for (size_t i = 0; i < n; i++) {
		const struct vnet_unit *u = &units[i];
		ssize_t k;

		do
			k = u->n_pieces == 1 ? write_one(fd, u, pieces[u->piece].v)
			                     : write_train(fd, u, pieces);
		while (k < 0 && errno == EINTR);
		if (k >= 0)
			continue;
		*n_dropped += units[i].n_pieces;
		if (errno != EAGAIN && errno != ENOBUFS && errno != EINVAL)
			err = -errno;
	}
	return err;
}
