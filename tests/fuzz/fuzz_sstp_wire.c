/*
 * SSTP control messages: decode, encode, decode must agree, and what a Nak says of any message must
 * itself be a readable message. Also the peek of the data path.
 */
#include "proto/sstp/sstp_data.h"
#include "proto/sstp/sstp_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
same(const struct sstp_msg *a, const struct sstp_msg *b)
{
	if (a->type != b->type || a->n_attrs != b->n_attrs)
		return false;
	for (unsigned int i = 0; i < a->n_attrs; i++)
		if (a->attrs[i].id != b->attrs[i].id ||
		    !view_eq(a->attrs[i].value, b->attrs[i].value))
			return false;
	return true;
}

static void
check_nak(const struct sstp_msg *m)
{
	struct sstp_status_info wrong[SSTP_ATTRS_MAX + 1], back;
	uint8_t buf[SSTP_PACKET_MAX];
	struct wr w = wr_over(buf, sizeof(buf));
	struct sstp_msg nak;
	struct rd_fault fault;
	unsigned int n = sstp_check_request(m, wrong);

	if (n == 0 || n > SSTP_ATTRS_MAX)
		return;
	sstp_write_nak(&w, wrong, n);
	must(wr_done(&w) && sstp_read_msg(wr_view_of(&w), &nak, &fault) && nak.n_attrs == n);
	for (unsigned int i = 0; i < n; i++) {
		must(sstp_read_status(nak.attrs[i].value, &back));
		must(back.attr == wrong[i].attr && back.status == wrong[i].status);
		must(view_eq(back.value, wrong[i].value));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sstp_msg m, again;
	struct rd_fault fault;
	struct view frame;
	uint8_t buf[SSTP_PACKET_MAX];
	struct wr w = wr_over(buf, sizeof(buf));
	size_t n_packet = 0;
	struct sstp_binding b;
	struct sstp_binding_req req;
	uint16_t protocol;
	enum sstp_kind kind = sstp_peek(view_of(data, size), &frame, &n_packet);

	if (kind == SSTP_DATA || kind == SSTP_CONTROL)
		must(n_packet <= size && frame.n == n_packet - SSTP_HEADER);
	if (!sstp_read_msg(view_of(data, size), &m, &fault)) {
		must(fault.error != RD_OK && fault.at <= size);
		return 0;
	}
	must(kind == SSTP_CONTROL && n_packet == size);
	sstp_write_msg(&w, &m);
	must(wr_done(&w) && wr_len(&w) == size);
	must(sstp_read_msg(wr_view_of(&w), &again, &fault) && same(&m, &again));
	for (unsigned int i = 0; i < m.n_attrs; i++) {
		(void)!sstp_read_binding(m.attrs[i].value, &b);
		(void)!sstp_read_binding_req(m.attrs[i].value, &req);
		(void)!sstp_read_protocol(m.attrs[i].value, &protocol);
	}
	check_nak(&m);
	return 0;
}
