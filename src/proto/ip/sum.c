/*
 * The long part of an Internet checksum. See sum.h. The same lines are compiled twice: for any
 * processor, and on x86-64 for those with AVX2, which is looked up once for the process.
 */
#include "proto/ip/sum.h"

#include "base/cpu.h"

/* Eight words of 32 bits at once, wherever they stand (a vector of GCC and Clang). */
typedef uint32_t lanes __attribute__((vector_size(32), aligned(1), may_alias));

/* A lane of 32 bits takes 65536 words: the four of 1 MiB together. */
static inline __attribute__((always_inline)) uint64_t
add_blocks(const uint8_t *p, size_t n)
{
	const lanes low = { UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX,
		UINT16_MAX, UINT16_MAX };
	lanes a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
	uint64_t s = 0;

	for (; n >= SUM_BLOCK; p += SUM_BLOCK, n -= SUM_BLOCK) {
		lanes x, y;

		memcpy(&x, p, sizeof(x));
		memcpy(&y, p + sizeof(x), sizeof(y));
		a += x & low;
		b += x >> 16;
		c += y & low;
		d += y >> 16;
	}
	a += b + c + d;
	for (unsigned int i = 0; i < 8; i++)
		s += a[i];
	return s;
}

uint64_t
sum_blocks_plain(const uint8_t *p, size_t n)
{
	return add_blocks(p, n);
}

CPU_AVX2 static uint64_t
sum_blocks_avx2(const uint8_t *p, size_t n)
{
	return add_blocks(p, n);
}

uint64_t
sum_blocks(const uint8_t *p, size_t n)
{
	return cpu_has_avx2() ? sum_blocks_avx2(p, n) : sum_blocks_plain(p, n);
}
