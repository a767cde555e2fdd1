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

#define SUM_BLOCK 64u /* bytes that sum_blocks works on together */

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
 * The sum of n bytes, a multiple of SUM_BLOCK and at most 1 MiB; with the widest registers that the
 * processor has. sum_blocks_plain is the same for any processor.
 */
uint64_t sum_blocks(const uint8_t *p, size_t n);
uint64_t sum_blocks_plain(const uint8_t *p, size_t n);

/*
 * Adds n bytes to a running sum; an odd last byte counts as if a zero followed. Bytes that come
 * after an odd number of them have to start a sum of their own. At most 1 MiB.
 */
static inline uint64_t
sum_bytes(uint64_t s, const uint8_t *p, size_t n)
{
	if (n >= SUM_BLOCK) {
		size_t whole = n - n % SUM_BLOCK;

		s = sum_plus(s, sum_blocks(p, whole));
		p += whole;
		n -= whole;
	}
	/* 2^16 is one here, so that two words may be added as one of twice the size. */
	for (; n >= 4; p += 4, n -= 4) {
		uint32_t v;

		memcpy(&v, p, 4);
		s = sum_plus(s, v);
	}
	if (n >= 2) {
		uint16_t v;

		memcpy(&v, p, 2);
		s = sum_plus(s, v);
		p += 2;
		n -= 2;
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
