/* SSTP data packets on the data path: peek and seal. Attacks S04, G01, G02. */
#include "proto/sstp/sstp_data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static enum sstp_kind
peek_exact(const uint8_t *bytes, size_t n, size_t *n_frame, size_t *n_packet)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct view frame = { 0 };

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	enum sstp_kind kind = sstp_peek(view_of(copy, n), &frame, n_packet);
	if (kind == SSTP_DATA)
		assert_ptr_equal(frame.p, *n_packet > 4 ? copy + 4 : frame.p);
	*n_frame = frame.n;
	free(copy);
	return kind;
}

static void
test_peek(void **state)
{
	const uint8_t stream[] = { 0x10, 0, 0, 8, 0xff, 3, 0, 0x21, 0x10, 0, 0, 9 };
	size_t n_frame, n_packet = 0;

	(void)state;
	for (size_t n = 0; n < 8; n++)
		assert_int_equal(peek_exact(stream, n, &n_frame, &n_packet), SSTP_INCOMPLETE);
	assert_int_equal(n_packet, 0);
	for (size_t n = 8; n <= sizeof(stream); n++) {
		assert_int_equal(peek_exact(stream, n, &n_frame, &n_packet), SSTP_DATA);
		assert_int_equal(n_packet, 8);
		assert_int_equal(n_frame, 4);
	}
}

static void
test_peek_control_and_broken(void **state)
{
	static const struct {
		uint8_t bytes[8];
		size_t n;
		enum sstp_kind kind;
	} cases[] = {
		{ { 0x10, 1, 0, 8, 0, 8, 0, 0 }, 8, SSTP_CONTROL },
		{ { 0x10, 0xff, 0xf0, 8, 0, 8, 0, 0 }, 8, SSTP_CONTROL }, /* reserved bits */
		{ { 0x10, 0xfe, 0xf0, 4 }, 4, SSTP_DATA },
		{ { 0x10, 0, 0, 4 }, 4, SSTP_DATA }, /* an empty frame */
		{ { 0x10, 0, 0, 3 }, 4, SSTP_BROKEN },
		{ { 0x10, 1, 0, 0 }, 4, SSTP_BROKEN },
		{ { 0x10, 0, 0x10, 0 }, 4, SSTP_BROKEN }, /* 12 bits of length are 0 */
		{ { 0x11 }, 1, SSTP_BROKEN },
		{ { 0x20, 0, 0, 8 }, 4, SSTP_BROKEN },
		{ { 0x10, 0, 0x0f, 0xff, 0 }, 5, SSTP_INCOMPLETE },
	};
	size_t n_frame, n_packet;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    peek_exact(cases[i].bytes, cases[i].n, &n_frame, &n_packet), cases[i].kind);
}

static void
test_seal_is_what_peek_opens(void **state)
{
	struct pkt_pool *pool = pkt_pool_new(1, 1);
	struct pkt *p = pkt_get(pool, SSTP_PACKET_MAX);
	struct view frame;
	size_t n_packet = 0;

	(void)state;
	assert_non_null(p);
	for (uint32_t n = 0; n <= SSTP_PACKET_MAX - SSTP_HEADER; n += 409) {
		pkt_reset(p);
		p->len = n;
		memset(pkt_data(p), 0xa5, n);
		sstp_data_seal(p);
		assert_int_equal(sstp_peek(pkt_view(p), &frame, &n_packet), SSTP_DATA);
		assert_int_equal(n_packet, p->len);
		assert_int_equal(frame.n, n);
	}
	pkt_put(pool, p);
	pkt_pool_free(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peek),
		cmocka_unit_test(test_peek_control_and_broken),
		cmocka_unit_test(test_seal_is_what_peek_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
