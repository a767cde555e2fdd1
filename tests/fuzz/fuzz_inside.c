/*
 * Fuzz target: what the two ends of a tunnel say to each other inside of it, neighbor discovery and
 * DHCP. The packet's checksums are mended first, so that the search gets past them. What was read
 * of an advertisement or an answer, written again, reads the same.
 */
#include "base/must.h"
#include "base/wr.h"
#include "proto/dhcp/dhcp.h"
#include "proto/ndp/ndp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
draw(void *ctx, uint8_t *out, size_t n)
{
	(void)ctx;
	memset(out, 0x11, n);
}

/* Puts the right checksum where the transport has its own. */
static void
mend(uint8_t *p, size_t n)
{
	struct rd_fault fault;
	struct ip_hdr h;

	if (!ip_hdr_read(view_of(p, n), &h, &fault) || h.fragment)
		return;
	size_t at = h.protocol == IP_PROTO_UDP ? 6u : 2u,
	       len = (size_t)h.total_bytes - h.transport_at;
	uint8_t *t = p + h.transport_at;
	if ((h.protocol != IP_PROTO_UDP && h.protocol != IP_PROTO_ICMPV6) || len < at + 2)
		return;
	t[at] = t[at + 1] = 0;
	uint16_t sum = ip_transport_checksum(&h, view_of(t, len));
	t[at] = (uint8_t)(sum >> 8);
	t[at + 1] = (uint8_t)sum;
}

static void
both_ends(struct view v)
{
	static const uint8_t a[8] = { [7] = 1 }, b[8] = { 1, 2, 3 };
	struct now now = { .ms = 1000, .draw = draw };
	struct ndp_ra ra = { .hop_limit = 64 };
	struct ndp n;

	for (unsigned int side = 0; side < 2; side++) {
		uint8_t bytes[1500];
		struct wr out = wr_over(bytes, sizeof(bytes));
		ndp_start(&n, (enum side)side, a, b, side == SIDE_SERVER ? &ra : NULL, &now);
		enum ndp_did did = ndp_input(&n, v, &now, &out);
		must(wr_done(&out));
		must((did == NDP_SEND) == (wr_len(&out) > 0));
		must(side == SIDE_CLIENT || did != NDP_NEWS);
	}
}

static void
again(const struct ndp_msg *m)
{
	uint8_t bytes[1500];
	struct wr w = wr_over(bytes, sizeof(bytes));
	struct rd_fault fault;
	struct ndp_msg x;

	ndp_write_ra(&w, &m->src, &m->dst, &m->ra);
	must(wr_done(&w) && ndp_read(wr_view_of(&w), &x, &fault));
	must(ip_equal(&x.ra.prefix, &m->ra.prefix) && x.ra.mtu == m->ra.mtu);
	must(x.ra.n_dns == m->ra.n_dns && strlen(x.ra.suffix) <= strlen(m->ra.suffix));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *p = malloc(n ? n : 1), bytes[1500];
	struct wr w = wr_over(bytes, sizeof(bytes));
	struct view v = view_of(p, n);
	struct rd_fault fault;
	struct dhcp_msg q;
	struct ndp_msg m;

	must(p);
	if (n)
		memcpy(p, data, n);
	mend(p, n);
	if (ndp_is(v))
		both_ends(v);
	if (ndp_read(v, &m, &fault) && m.kind == NDP_ROUTER_ADVERT)
		again(&m);
	(void)dhcp_is(v, n & 1);
	if (dhcp_read(v, &q, &fault)) {
		if (q.options.n_routes > 16)
			q.options.n_routes = 16;
		q.options.server = q.src;
		dhcp_write_ack(&w, &q, &q.options);
		must(wr_done(&w) && dhcp_read(wr_view_of(&w), &q, &fault) && q.reply);
	}
	free(p);
	return 0;
}
