/* The writer: every function, and every capacity that is too small. */
#include "base/wr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void
write_all(struct wr *w)
{
	size_t mark;

	wr_u8(w, 1);
	wr_u16(w, 0x0203);
	wr_u32(w, 0x04050607);
	wr_u64(w, 0x08090a0b0c0d0e0fu);
	wr_le16(w, 0x1110);
	wr_le32(w, 0x15141312);
	wr_bytes(w, "\x16", 1);
	wr_view(w, view_of("\x17", 1));
	wr_str(w, "ab");
	wr_zero(w, 2);
	wr_fmt(w, "%03u", 7u);
	mark = wr_len8_begin(w);
	wr_str(w, "xyz");
	wr_len8_end(w, mark, 1);
	mark = wr_len16_begin(w);
	wr_str(w, "q");
	wr_len16_end(w, mark, 0);
}

static const uint8_t all[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
	20, 21, 22, 23, 'a', 'b', 0, 0, '0', '0', '7', 5, 'x', 'y', 'z', 0, 3, 'q' };

static void
test_all(void **state)
{
	uint8_t buf[64];
	struct wr w = wr_over(buf, sizeof(buf));

	(void)state;
	write_all(&w);
	assert_true(wr_done(&w));
	assert_int_equal(wr_len(&w), sizeof(all));
	assert_memory_equal(buf, all, sizeof(all));
	assert_int_equal(wr_room(&w), sizeof(buf) - sizeof(all));
	assert_ptr_equal(wr_view_of(&w).p, buf);
	wr_poke8(&w, 0, 99);
	assert_int_equal(buf[0], 99);
}

/* Whatever the capacity, nothing lands behind it, and too little room is never called done. */
static void
test_every_capacity(void **state)
{
	(void)state;
	for (size_t cap = 0; cap <= sizeof(all) + 1; cap++) {
		uint8_t *buf = malloc(cap ? cap : 1);
		assert_non_null(buf);
		struct wr w = wr_over(buf, cap);
		write_all(&w);
		assert_int_equal(wr_done(&w), cap >= sizeof(all));
		assert_int_equal(wr_view_of(&w).n, cap >= sizeof(all) ? sizeof(all) : 0);
		free(buf);
	}
}

/* wr_fmt needs one byte more than it writes, and says so by an overflow, never by a cut text. */
static void
test_fmt_needs_one_more(void **state)
{
	uint8_t buf[4] = { 9, 9, 9, 9 };
	struct wr w = wr_over(buf, sizeof(buf));

	(void)state;
	wr_fmt(&w, "%s", "abc");
	assert_true(wr_done(&w));
	assert_int_equal(wr_len(&w), 3);
	wr_u8(&w, 'd'); /* the terminator's byte is not taken */
	assert_true(wr_done(&w));
	assert_memory_equal(buf, "abcd", 4);
	w = wr_over(buf, 3);
	wr_fmt(&w, "%s", "abc");
	assert_false(wr_done(&w));
	assert_int_equal(buf[3], 'd');
}

static void
test_fmt_long(void **state)
{
	static uint8_t buf[4096];
	struct wr w = wr_over(buf, sizeof(buf));

	(void)state;
	wr_fmt(&w, "%3000s", "x");
	assert_true(wr_done(&w));
	assert_int_equal(wr_len(&w), 3000);
	assert_int_equal(buf[2999], 'x');
}

static void
test_lengths_that_do_not_fit(void **state)
{
	static uint8_t buf[70000];
	struct wr w = wr_over(buf, sizeof(buf));
	size_t mark = wr_len8_begin(&w);

	(void)state;
	wr_zero(&w, 254);
	wr_len8_end(&w, mark, 0);
	assert_true(wr_done(&w));
	assert_int_equal(buf[0], 255);
	mark = wr_len8_begin(&w);
	wr_zero(&w, 255);
	wr_len8_end(&w, mark, 0);
	assert_false(wr_done(&w));
	w = wr_over(buf, sizeof(buf));
	mark = wr_len16_begin(&w);
	wr_zero(&w, 65533);
	wr_len16_end(&w, mark, 0);
	assert_true(wr_done(&w));
	wr_len16_end(&w, mark, 1);
	assert_false(wr_done(&w));
}

static void
test_sticky(void **state)
{
	uint8_t buf[2];
	struct wr w = wr_over(buf, sizeof(buf));

	(void)state;
	wr_u32(&w, 1);
	assert_int_equal(wr_len(&w), 0);
	assert_int_equal(wr_room(&w), 0);
	wr_u8(&w, 1); /* would fit, but what stands before is missing */
	assert_int_equal(wr_len(&w), 0);
	wr_poke8(&w, 9, 1); /* no must() after an overflow */
	wr_fmt(&w, "x");
	assert_false(wr_done(&w));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_every_capacity),
		cmocka_unit_test(test_fmt_needs_one_more),
		cmocka_unit_test(test_fmt_long),
		cmocka_unit_test(test_lengths_that_do_not_fit),
		cmocka_unit_test(test_sticky),
	};

	return cmocka_run_group_tests_name("base/wr", tests, NULL, NULL);
}
