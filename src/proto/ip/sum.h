/*
 * The Internet checksum over many bytes at once, for the data path. A sum is taken over words in
 * host byte order: the result has its bytes in memory order whatever the host is (RFC 1071, section
 * 2 B), so it is stored with memcpy, never with a shift.
 */
#ifndef PROTO_IP_SUM_H
#define PROTO_IP_SUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Folds a running sum to 16 bits. */
static inline uint16_t
sum_fold(uint64_t s)
{
	s = (s & UINT32_MAX) + (s >> 32);
	s = (s & UINT32_MAX) + (s >> 32);
	s = (s & UINT16_MAX) + (s >> 16);
	s = (s & UINT16_MAX) + (s >> 16);
	return (uint16_t)s;
}

/* a + b with the carry taken in again (RFC 1071 section 2). */
static inline uint64_t
sum_plus(uint64_t a, uint64_t b)
{
	uint64_t s;

	return __builtin_add_overflow(a, b, &s) ? s + 1 : s;
}

/* Four words of 32 bits at once, wherever they stand (a vector of GCC and Clang). */
typedef uint32_t sum_lanes __attribute__((vector_size(16), aligned(1), may_alias));

/*
 * Adds n bytes to a running sum; an odd last byte counts as if a zero followed. Bytes that come
 * after an odd number of them have to start a sum of their own. At most 1 MiB: a lane of 32 bits
 * takes 65536 words.
 */
static inline uint64_t
sum_bytes(uint64_t s, const uint8_t *p, size_t n)
{
	const sum_lanes low = { UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX };
	sum_lanes a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };

	for (; n >= 32; p += 32, n -= 32) {
		sum_lanes x, y;

		memcpy(&x, p, sizeof(x));
		memcpy(&y, p + 16, sizeof(y));
		a += x & low;
		b += x >> 16;
		c += y & low;
		d += y >> 16;
	}
	for (unsigned int i = 0; i < 4; i++)
		s = sum_plus(s, (uint64_t)a[i] + b[i] + c[i] + d[i]);
	for (; n >= 2; p += 2, n -= 2) {
		uint16_t v;

		memcpy(&v, p, 2);
		s = sum_plus(s, v);
	}
	if (n) {
		uint8_t last[2] = { *p, 0 };
		uint16_t v;

		memcpy(&v, last, 2);
		s = sum_plus(s, v);
	}
	return s;
}

#endif
