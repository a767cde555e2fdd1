/* The reader and the writer: rules that every parser relies on. */
#include "base/rd.h"
#include "base/wr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* G01, G02: after the first fault nothing moves and everything reads as zero. */
static void
test_fault_is_sticky(void **state)
{
	const uint8_t bytes[] = { 1, 2, 3 };
	struct rd_fault fault;
	struct rd r = rd_over(view_of(bytes, sizeof(bytes)), &fault);

	(void)state;
	assert_int_equal(rd_u16(&r), 0x0102);
	assert_int_equal(rd_u16(&r), 0);
	assert_int_equal(fault.error, RD_SHORT);
	assert_int_equal(fault.at, 2);
	assert_int_equal(rd_u8(&r), 0);
	assert_false(rd_done(&r));
}

static void
test_sub_reader_shares_fault(void **state)
{
	const uint8_t bytes[] = { 0, 2, 9 };
	struct rd_fault fault;
	struct rd r = rd_over(view_of(bytes, sizeof(bytes)), &fault);
	struct rd sub = rd_sub(&r, rd_minus(&r, rd_u16(&r), 4));

	(void)state;
	assert_false(rd_more(&sub));
	assert_int_equal(fault.error, RD_BAD_LENGTH);
	assert_int_equal(rd_u8(&r), 0);
}

static void
test_trailing_bytes_are_a_fault(void **state)
{
	const uint8_t bytes[] = { 1, 2 };
	struct rd_fault fault;
	struct rd r = rd_over(view_of(bytes, sizeof(bytes)), &fault);

	(void)state;
	assert_int_equal(rd_u8(&r), 1);
	assert_false(rd_done(&r));
	assert_int_equal(fault.error, RD_TRAILING);
	assert_int_equal(fault.at, 1);
}

static void
test_writer_back_fills_lengths(void **state)
{
	uint8_t buf[8];
	struct wr w = wr_over(buf, sizeof(buf));
	size_t mark;

	(void)state;
	wr_u8(&w, 7);
	mark = wr_len16_begin(&w);
	wr_str(&w, "abc");
	wr_len16_end(&w, mark, 1);
	assert_true(wr_done(&w));
	assert_memory_equal(buf,
	    "\x07\x00\x06"
	    "abc",
	    6);
}

static void
test_writer_overflow_is_sticky(void **state)
{
	uint8_t buf[3];
	struct wr w = wr_over(buf, sizeof(buf));

	(void)state;
	wr_u16(&w, 1);
	wr_u16(&w, 2);
	wr_u8(&w, 3);
	assert_false(wr_done(&w));
	assert_int_equal(wr_view_of(&w).n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fault_is_sticky),
		cmocka_unit_test(test_sub_reader_shares_fault),
		cmocka_unit_test(test_trailing_bytes_are_a_fault),
		cmocka_unit_test(test_writer_back_fills_lengths),
		cmocka_unit_test(test_writer_overflow_is_sticky),
	};

	return cmocka_run_group_tests_name("base/rd_wr", tests, NULL, NULL);
}
