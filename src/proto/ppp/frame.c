/*
 * PPP framing on links that carry whole frames (RFC 1661 sections 2 and 6.5, 6.6; RFC 1662 section
 * 3.1 for the address and control octets). No flags, no escapes, no checksum: the tunnels below do
 * without. Allocation-free; it stands between a link and proto/ppp/ppp.c or the guard.
 */
#include "proto/ppp/frame.h"

#include "base/rd.h"

#define ADDRESS_ALL 0xffu
#define CONTROL_UI 0x03u

uint16_t
ppp_frame_open(struct view frame, struct view *info)
{
	struct rd_fault fault;
	struct rd r = rd_over(frame, &fault);

	/* What nearly every frame of an SSTP call begins with: not byte by byte. */
	struct view h = rd_take(&r, 4);
	if (h.n && h.p[0] == ADDRESS_ALL && h.p[1] == CONTROL_UI && !(h.p[2] & 1u) &&
	    (h.p[3] & 1u)) {
		*info = rd_rest(&r);
		return (uint16_t)(h.p[2] << 8 | h.p[3]);
	}
	r = rd_over(frame, &fault);
	uint8_t first = rd_u8(&r);

	/* A protocol number never begins with ff (RFC 1661 section 6.6), so this is no guess. */
	if (first == ADDRESS_ALL) {
		if (rd_u8(&r) != CONTROL_UI)
			return 0;
		first = rd_u8(&r);
	}

	/* The low bit of the last octet is one, that of the others zero (RFC 1661 section 2). */
	uint16_t protocol = first;
	if (!(first & 1u))
		protocol = (uint16_t)(first << 8 | rd_u8(&r));
	if (!rd_ok(&r) || !(protocol & 1u))
		return 0;
	*info = rd_rest(&r);
	return protocol;
}

size_t
ppp_frame_head(const struct ppp_data *d, uint16_t protocol, uint8_t out[PPP_FRAME_HEADROOM])
{
	/* LCP is never sent compressed (RFC 1661 sections 6.5 and 6.6). */
	bool lcp = protocol == PPP_PROTO_LCP;
	size_t n = 0;

	if (!d->send_acfc || lcp) {
		out[n++] = ADDRESS_ALL;
		out[n++] = CONTROL_UI;
	}
	/* 00ff stays long, or it would be taken for an address. */
	if (!d->send_pfc || lcp || protocol >= ADDRESS_ALL)
		out[n++] = (uint8_t)(protocol >> 8);
	out[n++] = (uint8_t)protocol;
	return n;
}

void
ppp_frame_seal(const struct ppp_data *d, struct pkt *p, uint16_t protocol)
{
	uint8_t head[PPP_FRAME_HEADROOM];
	size_t n = ppp_frame_head(d, protocol, head);

	memcpy(pkt_push(p, (uint32_t)n), head, n);
}
