/*
 * Inner IP packets: header views, the guard of both ends and the MSS clamp. A clamp keeps a right
 * checksum right, touches nothing but the option and the checksum, and is done once.
 */
#include "net/guard.h"
#include "proto/ip/ip.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_clamp(const struct ip_hdr *h, const uint8_t *data, size_t size, uint16_t mss)
{
	uint8_t *pkt = malloc(size);
	unsigned int n_changed = 0;

	must(pkt);
	memcpy(pkt, data, size);
	size_t n = (size_t)h->total_bytes - h->transport_at;
	bool right =
	    n >= IP_TCP_HEADER && ip_transport_checksum(h, view_of(pkt + h->transport_at, n)) == 0;
	bool changed = ip_mss_clamp(pkt, size, mss);

	for (size_t i = 0; i < size; i++)
		n_changed += pkt[i] != data[i];
	must(changed ? n_changed <= 4 : n_changed == 0);
	if (changed && right)
		must(ip_transport_checksum(h, view_of(pkt + h->transport_at, n)) == 0);
	must(!ip_mss_clamp(pkt, size, mss));
	free(pkt);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view pkt = view_of(data, size);
	struct ip_hdr h;
	struct rd_fault fault;
	struct guard g = { .side = size & 1 ? SIDE_SERVER : SIDE_CLIENT };

	if (!ip_hdr_read(pkt, &h, &fault)) {
		must(fault.error != RD_OK && fault.at <= size && guard_trim(pkt) == 0);
		must(guard_in(&g, pkt) == DROP_MALFORMED_IP);
		return 0;
	}
	must(h.total_bytes <= size && h.transport_at <= h.total_bytes && guard_trim(pkt) > 0);
	must(guard_in(&g, pkt) != DROP_NONE); /* nothing is leased: nothing passes */
	must(guard_out(&g, pkt) != DROP_NONE);
	g.addr4 = h.family == IP_V4 ? h.src : h.dst;
	g.addr6 = h.family == IP_V6 ? h.src : h.dst;
	guard_set_mtu(&g, 1400);
	enum drop in = guard_in(&g, pkt);
	must((size_t)in < N_DROP);
	if (in == DROP_NONE && g.side == SIDE_SERVER)
		must(ip_equal(&h.src, h.family == IP_V4 ? &g.addr4 : &g.addr6));
	(void)guard_out(&g, pkt);
	try_clamp(&h, data, size, (uint16_t)(500 + (size & 0xff)));
	return 0;
}
