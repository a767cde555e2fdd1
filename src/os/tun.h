/*
 * TUN devices: IP packets without a link header, with a virtio header in front of each, so that one
 * system call can carry a super-packet of up to 64 KiB (base/vnet.h). No allocation. Addresses, MTU
 * and routes of the device are os/netlink's.
 */
#ifndef OS_TUN_H
#define OS_TUN_H

#include "base/must.h"
#include "base/vnet.h"

#include <sys/types.h>

#define TUN_NAME_MAX 16

/*
 * Opens or makes a TUN device; the kernel fills in a "%d" of the name. It lives as long as the
 * descriptor (non-blocking, close-on-exec). Returns the descriptor or -errno. The functions below
 * want vnet_hdr; without it the caller reads and writes bare packets itself. Offloads are off.
 */
MUST_USE int tun_open(const char *name, bool vnet_hdr, char name_out[TUN_NAME_MAX]);

/* The text and remedy for an -errno of tun_open. Returns out. */
char *tun_error_text(int err, char *out, size_t cap);

/* Switches offloads on, as far as the kernel takes them: of VNET_TCP | VNET_UDP what it took. */
unsigned int tun_set_offload(int fd, unsigned int want);

/*
 * Reads the next packet into buf, and its header into *h. Returns its bytes; 0 when nothing waits;
 * -errno of the device. A packet that does not fit in less than cap bytes is left out: with
 * offloads that takes VNET_PACKET_MAX + 1.
 */
MUST_USE ssize_t tun_read(int fd, struct vnet_hdr *h, uint8_t *buf, size_t cap);

/*
 * Writes n packets or super-packets, one by one in order. What the device does not take (full,
 * down, not IP) is dropped and its packets are counted in *n_dropped, which is added to. Returns 0,
 * or the -errno of the last drop whose reason was neither a full queue nor the packet itself.
 */
int tun_write(int fd, const struct vnet_unit *units, size_t n, const struct vnet_piece *pieces,
    size_t *n_dropped);

#endif
