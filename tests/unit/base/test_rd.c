/* The reader: every function, at every length. G01, G02: nothing is read past the end. */
#include "base/rd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint8_t count[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static void
test_integers(void **state)
{
	struct rd_fault fault;
	struct rd r = rd_over(view_of(count, sizeof(count)), &fault);

	(void)state;
	assert_int_equal(rd_left(&r), 16);
	assert_int_equal(rd_u8(&r), 1);
	assert_int_equal(rd_u16(&r), 0x0203);
	assert_int_equal(rd_u32(&r), 0x04050607);
	assert_int_equal(rd_le16(&r), 0x0908);
	assert_int_equal(rd_le32(&r), 0x0d0c0b0a);
	assert_int_equal(rd_left(&r), 3);
	assert_false(rd_done(&r));
	assert_int_equal(fault.error, RD_TRAILING);
	assert_int_equal(fault.at, 13);
	r = rd_over(view_of(count, sizeof(count)), &fault);
	assert_true(rd_u64(&r) == 0x0102030405060708u);
	assert_true(rd_u64(&r) == 0x090a0b0c0d0e0f10u);
	assert_true(rd_done(&r));
}

/* All reads in one parse, over an exact-size heap copy of each length. */
static void
parse(struct rd *r)
{
	uint8_t three[3];

	rd_u8(r);
	rd_le16(r);
	rd_bytes(r, three, sizeof(three));
	struct rd sub = rd_sub(r, 4);
	rd_u32(&sub);
	rd_u8(&sub); /* one too far: a fault of the parent as well */
	rd_u64(r);
}

static void
test_every_length(void **state)
{
	(void)state;
	for (size_t n = 0; n <= sizeof(count); n++) {
		uint8_t *copy = malloc(n ? n : 1);
		struct rd_fault fault;
		assert_non_null(copy);
		memcpy(copy, count, n);
		struct rd r = rd_over(view_of(copy, n), &fault);
		parse(&r);
		assert_false(rd_done(&r));
		assert_int_equal(fault.error, RD_SHORT);
		/* where the read that failed began */
		assert_int_equal(fault.at, n < 1 ? 0 : n < 3 ? 1 : n < 6 ? 3 : n < 10 ? 6 : 10);
		free(copy);
	}
}

static void
test_empty(void **state)
{
	struct rd_fault fault;
	struct rd r = rd_over(view_of(NULL, 0), &fault);
	uint8_t b[2] = { 7, 7 };

	(void)state;
	assert_false(rd_more(&r));
	assert_int_equal(rd_take(&r, 0).n, 0);
	assert_int_equal(rd_rest(&r).n, 0);
	assert_true(rd_done(&r));
	rd_bytes(&r, b, 2);
	assert_int_equal(b[0] | b[1], 0); /* zeroed when the reader is faulty */
	assert_int_equal(fault.error, RD_SHORT);
	assert_int_equal(fault.at, 0);
}

/* The first fault stays, whatever follows. */
static void
test_first_fault_stays(void **state)
{
	struct rd_fault fault;
	struct rd r = rd_over(view_of(count, 4), &fault);

	(void)state;
	rd_u8(&r);
	rd_fail(&r, RD_BAD_VALUE);
	rd_fail(&r, RD_TOO_MANY);
	assert_int_equal(rd_minus(&r, 1, 2), 0);
	assert_int_equal(rd_take(&r, 1).n, 0);
	assert_int_equal(rd_left(&r), 0);
	assert_false(rd_ok(&r));
	assert_false(rd_done(&r));
	assert_int_equal(fault.error, RD_BAD_VALUE);
	assert_int_equal(fault.at, 1);
}

static void
test_take_and_rest(void **state)
{
	struct rd_fault fault;
	struct rd r = rd_over(view_of(count, 5), &fault);
	struct view v = rd_take(&r, 2);

	(void)state;
	assert_ptr_equal(v.p, count);
	assert_int_equal(v.n, 2);
	v = rd_rest(&r);
	assert_ptr_equal(v.p, count + 2);
	assert_int_equal(v.n, 3);
	assert_true(rd_done(&r));
	r = rd_over(view_of(count, 5), &fault);
	assert_int_equal(rd_take(&r, SIZE_MAX).n, 0); /* no overflow of p + n */
	assert_int_equal(fault.error, RD_SHORT);
}

static void
test_nested_subs(void **state)
{
	struct rd_fault fault;
	struct rd r = rd_over(view_of(count, 8), &fault);
	struct rd outer = rd_sub(&r, 6);
	struct rd inner = rd_sub(&outer, 2);

	(void)state;
	assert_int_equal(rd_u16(&inner), 0x0102);
	assert_false(rd_more(&inner));
	assert_int_equal(rd_u16(&outer), 0x0304);
	assert_int_equal(rd_u16(&r), 0x0708);
	rd_u32(&outer); /* two bytes are left of it */
	assert_int_equal(fault.error, RD_SHORT);
	assert_int_equal(fault.at, 4); /* counted from the outermost start */
	assert_false(rd_ok(&r));
	struct rd after = rd_sub(&r, 1);
	assert_int_equal(rd_left(&after), 0);
}

static void
test_minus(void **state)
{
	struct rd_fault fault;
	struct rd r = rd_over(view_of(count, 8), &fault);

	(void)state;
	assert_int_equal(rd_minus(&r, 8, 8), 0);
	assert_int_equal(rd_minus(&r, 9, 8), 1);
	assert_true(rd_ok(&r));
	assert_int_equal(rd_minus(&r, 7, 8), 0);
	assert_int_equal(fault.error, RD_BAD_LENGTH);
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(rd_error_name(RD_OK), "ok");
	assert_string_equal(rd_error_name(RD_SHORT), "short");
	assert_string_equal(rd_error_name(RD_TRAILING), "trailing");
	assert_string_equal(rd_error_name(RD_BAD_LENGTH), "bad-length");
	assert_string_equal(rd_error_name(RD_BAD_VALUE), "bad-value");
	assert_string_equal(rd_error_name(RD_TOO_MANY), "too-many");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_first_fault_stays),
		cmocka_unit_test(test_take_and_rest),
		cmocka_unit_test(test_nested_subs),
		cmocka_unit_test(test_minus),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("base/rd", tests, NULL, NULL);
}
