/*
 * SSTP data packets in place: the header check on the way in and the header on the way out. See
 * sstp_data.h. Control packets are left to the core.
 */
#include "proto/sstp/sstp_data.h"

#include "base/rd.h"

#define VERSION_1_0 0x10u /* MS-SSTP 2.2.1; the next byte's low bit is C, the rest is reserved */
#define FLAG_CONTROL 0x01u
#define LENGTH_MASK 0x0fffu

enum sstp_kind
sstp_peek(struct view stream, struct view *frame, size_t *n_packet)
{
	struct rd_fault fault;
	struct rd r = rd_over(stream, &fault);
	struct view h = rd_take(&r, SSTP_HEADER); /* as one: this runs for every packet */

	if (stream.n && stream.p[0] != VERSION_1_0)
		return SSTP_BROKEN; /* no need to wait for the rest of a wrong header */
	if (h.n == 0)
		return SSTP_INCOMPLETE;
	size_t length = (size_t)(h.p[2] << 8 | h.p[3]) & LENGTH_MASK;
	if (length < SSTP_HEADER)
		return SSTP_BROKEN;
	struct view body = rd_take(&r, length - SSTP_HEADER);
	if (!rd_ok(&r))
		return SSTP_INCOMPLETE;
	*n_packet = length;
	*frame = body;
	return h.p[1] & FLAG_CONTROL ? SSTP_CONTROL : SSTP_DATA;
}

void
sstp_data_header(uint8_t out[SSTP_HEADER], size_t n_frame)
{
	size_t length = SSTP_HEADER + n_frame;

	must(length <= SSTP_PACKET_MAX);
	out[0] = VERSION_1_0;
	out[1] = 0;
	out[2] = (uint8_t)(length >> 8);
	out[3] = (uint8_t)length;
}

void
sstp_data_seal(struct pkt *p)
{
	size_t n_frame = p->len;

	sstp_data_header(pkt_push(p, SSTP_HEADER), n_frame);
}
