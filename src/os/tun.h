/*
 * TUN devices: IP packets without a link header, with a virtio header in front of each so that
 * segmentation offload can be switched on later without a new format. Batches in both directions,
 * no allocation. Addresses, MTU and routes of the device are os/netlink's.
 */
#ifndef OS_TUN_H
#define OS_TUN_H

#include "base/must.h"
#include "base/pkt.h"

#define TUN_NAME_MAX 16

/* The largest MTU that tun_read_batch can take whole. */
#define TUN_MTU_MAX (PKT_SMALL - PKT_HEADROOM - 1)

/*
 * Opens or makes a TUN device; the kernel fills in a "%d" of the name. It lives as long as the
 * descriptor (non-blocking, close-on-exec). Returns the descriptor or -errno. The batch functions
 * want vnet_hdr; without it the caller reads and writes bare packets itself.
 */
MUST_USE int tun_open(const char *name, bool vnet_hdr, char name_out[TUN_NAME_MAX]);

/* The text and remedy for an -errno of tun_open. Returns out. */
char *tun_error_text(int err, char *out, size_t cap);

/*
 * Reads up to max packets into slots of pool, which are then the caller's. Each starts behind
 * PKT_HEADROOM, virtio header taken off. Returns their number; 0 when nothing waits; -ENOBUFS when
 * something may wait but the pool has no slot; else -errno of the device.
 */
MUST_USE int tun_read_batch(int fd, struct pkt_pool *pool, struct pkt **out, size_t max);

/*
 * Writes n packets, one by one in order. What the device does not take (full, down, not IP) is
 * dropped and counted in *n_dropped, which is added to. Returns 0, or the -errno of the last drop
 * whose reason was neither a full queue nor the packet itself.
 */
int tun_write_batch(int fd, const struct view *pkts, size_t n, size_t *n_dropped);

#endif
