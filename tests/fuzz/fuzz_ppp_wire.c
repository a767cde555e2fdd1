/*
 * The codecs of PPP: frames, control packets, options, PAP, CHAP, MS-CHAPv2. What can be read is
 * written again and must read as the same. The first byte chooses the codec.
 */
#include "proto/ppp/auth_wire.h"
#include "proto/ppp/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX 70000u

static uint8_t bytes[OUT_MAX];

static void
try_control(struct view in)
{
	struct cp_packet a, b;
	struct rd_fault fault;
	struct wr w = wr_over(bytes, sizeof(bytes));

	if (!cp_read(in, &a, &fault))
		return;
	cp_write(&w, a.code, a.id, a.data);
	must(wr_done(&w) && cp_read(wr_view_of(&w), &b, &fault));
	must(a.code == b.code && a.id == b.id && view_eq(a.data, b.data));
	must(view_eq(a.whole, b.whole));
}

static void
try_options(struct view in)
{
	struct rd_fault fault;
	struct wr w = wr_over(bytes, sizeof(bytes));

	if (!cp_options_ok(in, &fault))
		return;
	struct rd r = rd_over(in, &fault);
	while (rd_more(&r)) {
		struct cp_option o;
		cp_read_option(&r, &o);
		cp_write_option(&w, o.type, o.value);
	}
	must(rd_done(&r) && view_eq(wr_view_of(&w), in));
}

static void
try_pap(struct view in)
{
	struct pap_request a, b;
	struct cp_packet pk;
	struct view text;
	struct rd_fault fault;
	struct wr w = wr_over(bytes, sizeof(bytes));

	if (pap_read_message(in, &text, &fault))
		pap_write_message(&w, PAP_NAK, 1, text);
	w = wr_over(bytes, sizeof(bytes));
	if (!pap_read_request(in, &a, &fault))
		return;
	pap_write_request(&w, 9, a.name, a.password);
	must(cp_read(wr_view_of(&w), &pk, &fault) && pap_read_request(pk.data, &b, &fault));
	must(view_eq(a.name, b.name) && view_eq(a.password, b.password));
}

static void
try_chap(struct view in)
{
	struct chap_value a, b;
	struct mschap2_value ms, again;
	struct cp_packet pk;
	struct rd_fault fault;
	struct wr w = wr_over(bytes, sizeof(bytes));

	if (in.n > 60000 || !chap_read_value(in, &a, &fault))
		return;
	chap_write_value(&w, CHAP_RESPONSE, 9, a.value, a.name);
	must(cp_read(wr_view_of(&w), &pk, &fault) && chap_read_value(pk.data, &b, &fault));
	must(view_eq(a.value, b.value) && view_eq(a.name, b.name));
	if (!mschap2_read_value(a.value, &ms))
		return;
	w = wr_over(bytes, sizeof(bytes));
	mschap2_write_value(&w, &ms);
	must(mschap2_read_value(wr_view_of(&w), &again));
	must(memcmp(&ms, &again, sizeof(ms)) == 0);
}

static void
try_texts(struct view in)
{
	struct mschap2_failure a, b;
	struct view proof, message;
	struct wr w = wr_over(bytes, sizeof(bytes));

	if (mschap2_read_success(in, &proof, &message))
		must(proof.n == 42);
	if (!mschap2_read_failure(in, &a))
		return;
	mschap2_write_failure(&w, &a);
	must(wr_done(&w) && mschap2_read_failure(wr_view_of(&w), &b));
	must(a.error == b.error && a.retry == b.retry && a.version == b.version);
	must(view_eq(a.message, b.message));
}

static void
try_frame(struct view in)
{
	static const struct ppp_data all = { .send_pfc = true, .send_acfc = true }, none;
	struct view info, again;
	uint16_t protocol = ppp_frame_open(in, &info);

	if (protocol == 0 || info.n > 2000)
		return;
	for (unsigned int i = 0; i < 2; i++) {
		struct pkt p = { .buf = bytes, .cap = 4096, .off = 8, .len = (uint32_t)info.n };
		if (info.n)
			memcpy(bytes + 8, info.p, info.n);
		ppp_frame_seal(i ? &all : &none, &p, protocol);
		must(ppp_frame_open(pkt_view(&p), &again) == protocol && view_eq(info, again));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(
	    struct view) = { try_frame, try_control, try_options, try_pap, try_chap, try_texts };

	if (size < 1)
		return 0;
	tries[data[0] % (sizeof(tries) / sizeof(tries[0]))](view_of(data + 1, size - 1));
	return 0;
}
