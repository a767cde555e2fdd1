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

/*
 * Adds n bytes to a running sum; an odd last byte counts as if a zero followed. Bytes that come
 * after an odd number of them have to start a sum of their own.
 */
static inline uint64_t
sum_bytes(uint64_t s, const uint8_t *p, size_t n)
{
	uint64_t low = 0, high = 0;

	/* Halves of 32 bits cannot overflow before 2^32 of them: no carries to chase. */
	for (; n >= 32; p += 32, n -= 32) {
		uint64_t v[4];

		memcpy(v, p, 32);
		low += (v[0] & UINT32_MAX) + (v[1] & UINT32_MAX) + (v[2] & UINT32_MAX) +
		       (v[3] & UINT32_MAX);
		high += (v[0] >> 32) + (v[1] >> 32) + (v[2] >> 32) + (v[3] >> 32);
	}
	s = sum_plus(s, sum_plus(low, high));
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
