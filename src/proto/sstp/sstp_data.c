/*
 * SSTP data packets in place: the header check on the way in and the header on the way out. See
 * sstp_data.h. Control packets are left to the core.
 */
#include "proto/sstp/sstp_data.h"

#include "base/rd.h"
#include "base/wr.h"

#define VERSION_1_0 0x10u /* MS-SSTP 2.2.1; the next byte's low bit is C, the rest is reserved */
#define FLAG_CONTROL 0x01u
#define LENGTH_MASK 0x0fffu

enum sstp_kind
sstp_peek(struct view stream, struct view *frame, size_t *n_packet)
{
	struct rd_fault fault;
	struct rd r = rd_over(stream, &fault);
	uint8_t version = rd_u8(&r);
	uint8_t flags = rd_u8(&r);
	size_t length = rd_u16(&r) & LENGTH_MASK;

	if (stream.n && stream.p[0] != VERSION_1_0)
		return SSTP_BROKEN; /* no need to wait for the rest of a wrong header */
	if (!rd_ok(&r))
		return SSTP_INCOMPLETE;
	if (version != VERSION_1_0 || length < SSTP_HEADER)
		return SSTP_BROKEN;
	struct view body = rd_take(&r, rd_minus(&r, length, SSTP_HEADER));
	if (!rd_ok(&r))
		return SSTP_INCOMPLETE;
	*n_packet = length;
	*frame = body;
	return flags & FLAG_CONTROL ? SSTP_CONTROL : SSTP_DATA;
}

void
sstp_data_header(uint8_t out[SSTP_HEADER], size_t n_frame)
{
	struct wr w = wr_over(out, SSTP_HEADER);

	must(n_frame <= SSTP_PACKET_MAX - SSTP_HEADER);
	wr_u8(&w, VERSION_1_0);
	wr_u8(&w, 0);
	wr_u16(&w, (uint16_t)(SSTP_HEADER + n_frame));
}

void
sstp_data_seal(struct pkt *p)
{
	size_t n_frame = p->len;

	sstp_data_header(pkt_push(p, SSTP_HEADER), n_frame);
}
