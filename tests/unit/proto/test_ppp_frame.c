/* Headers of PPP frames: every form a peer may send, and every form we may send. */
#include "proto/ppp/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* Opens a heap copy of exact size, so that an overread is caught. */
static uint16_t
open_copy(const void *bytes, size_t n, size_t *n_info)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct view info = { 0 };

	assert_non_null(copy);
	if (n)
		memcpy(copy, bytes, n);
	uint16_t protocol = ppp_frame_open(view_of(copy, n), &info);
	*n_info = info.n;
	free(copy);
	return protocol;
}

static void
test_open_forms(void **unused)
{
	size_t n;

	(void)unused;
	assert_int_equal(open_copy("\xff\x03\xc0\x21\x01", 5, &n), PPP_PROTO_LCP);
	assert_int_equal(n, 1);
	assert_int_equal(open_copy("\xc0\x21\x01\x02", 4, &n), PPP_PROTO_LCP);
	assert_int_equal(n, 2);
	assert_int_equal(open_copy("\xff\x03\x21\x45\x00\x00", 6, &n), PPP_PROTO_IP);
	assert_int_equal(n, 3);
	assert_int_equal(open_copy("\x21\x45", 2, &n), PPP_PROTO_IP);
	assert_int_equal(n, 1);
	assert_int_equal(open_copy("\x00\x21\x45", 3, &n), PPP_PROTO_IP);
	assert_int_equal(n, 1);
}

/* G01: short frames and protocols whose last octet is even are malformed. */
static void
test_open_malformed(void **unused)
{
	size_t n;

	(void)unused;
	assert_int_equal(open_copy("", 0, &n), 0);
	assert_int_equal(open_copy("\xff", 1, &n), 0);
	assert_int_equal(open_copy("\xff\x03", 2, &n), 0);
	assert_int_equal(open_copy("\xff\x03\xc0", 3, &n), 0);
	assert_int_equal(open_copy("\xff\x04\xc0\x21", 4, &n), 0);
	assert_int_equal(open_copy("\xc0", 1, &n), 0);
	assert_int_equal(open_copy("\xc0\x22", 2, &n), 0);
}

static void
test_seal_and_open_agree(void **unused)
{
	static const uint16_t protocols[] = { PPP_PROTO_IP, PPP_PROTO_IPV6, PPP_PROTO_LCP,
		PPP_PROTO_IPCP, 0x00ff };
	static const uint8_t sizes[4][5] = { { 4, 4, 4, 4, 4 }, { 3, 3, 4, 4, 4 },
		{ 2, 2, 4, 2, 2 }, { 1, 1, 4, 2, 2 } };
	uint8_t slot[64];

	(void)unused;
	for (unsigned int how = 0; how < 4; how++) {
		struct ppp_data d = { .send_pfc = how & 1, .send_acfc = how & 2 };
		for (unsigned int i = 0; i < 5; i++) {
			struct pkt p = { .buf = slot, .cap = sizeof(slot), .off = 8, .len = 20 };
			struct view info;

			memset(slot, 0x45, sizeof(slot));
			ppp_frame_seal(&d, &p, protocols[i]);
			assert_int_equal(p.len, 20 + sizes[how][i]);
			assert_int_equal(ppp_frame_open(pkt_view(&p), &info), protocols[i]);
			assert_int_equal(info.n, 20);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_forms),
		cmocka_unit_test(test_open_malformed),
		cmocka_unit_test(test_seal_and_open_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
