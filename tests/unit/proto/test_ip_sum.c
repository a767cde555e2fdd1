/*
 * The data path's Internet checksum beside the plain one of ip.h: RFC 1071. Every length and
 * alignment at which another part of it does the work, on exact-size copies.
 */
#include "proto/ip/ip.h"
#include "proto/ip/sum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define MOST (1u << 20)

static uint8_t bytes[MOST];

static void
fill(uint32_t seed)
{
	for (size_t i = 0; i < sizeof(bytes); i++) {
		seed = seed * 1664525u + 1013904223u;
		bytes[i] = (uint8_t)(seed >> 24);
	}
}

/* As ip_checksum gives it. */
static uint16_t
reference(size_t at, size_t n)
{
	return (uint16_t)~ip_checksum(view_of(bytes + at, n));
}

static void
assert_same(size_t at, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1), stored[2];

	assert_non_null(copy);
	memcpy(copy, bytes + at, n);
	uint16_t sum = sum_fold(sum_bytes(0, copy, n));
	memcpy(stored, &sum, 2);
	free(copy);
	assert_int_equal(stored[0] << 8 | stored[1], reference(at, n));
}

static void
test_every_length(void **state)
{
	(void)state;
	fill(1);
	for (size_t n = 0; n < 5 * SUM_BLOCK; n++)
		assert_same(n % 37, n);
	for (size_t n = 1300; n < 1501; n++)
		assert_same(n % 64, n);
	for (size_t n = UINT16_MAX - 70; n <= UINT16_MAX; n++)
		assert_same(1, n);
}

static void
test_every_alignment(void **state)
{
	uint8_t *room = malloc(2048 + 64);

	(void)state;
	assert_non_null(room);
	fill(2);
	for (size_t at = 0; at < 64; at++) {
		uint8_t stored[2];
		memcpy(room + at, bytes, 2047);
		uint16_t sum = sum_fold(sum_bytes(0, room + at, 2047));
		memcpy(stored, &sum, 2);
		assert_int_equal(stored[0] << 8 | stored[1], reference(0, 2047));
	}
	free(room);
}

/* What this processor's registers give, and what any processor's would: also at the limit. */
static void
test_both_ways_agree(void **state)
{
	(void)state;
	fill(3);
	for (size_t n = 0; n <= 64 * SUM_BLOCK; n += SUM_BLOCK)
		assert_int_equal(sum_fold(sum_blocks(bytes + n % 31, n)),
		    sum_fold(sum_blocks_plain(bytes + n % 31, n)));
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(sum_blocks(bytes, MOST), (uint64_t)(MOST / 2) * UINT16_MAX);
	assert_int_equal(sum_blocks_plain(bytes, MOST), (uint64_t)(MOST / 2) * UINT16_MAX);
	assert_int_equal(sum_fold(sum_bytes(0, bytes, MOST)), UINT16_MAX);
}

/* A running sum that is nearly full takes its carry in again. */
static void
test_carry(void **state)
{
	(void)state;
	fill(4);
	for (size_t n = 0; n < 200; n++)
		assert_int_equal(sum_fold(sum_bytes(UINT64_MAX, bytes, n)),
		    sum_fold(sum_bytes(UINT16_MAX, bytes, n)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_every_alignment),
		cmocka_unit_test(test_both_ways_agree),
		cmocka_unit_test(test_carry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
