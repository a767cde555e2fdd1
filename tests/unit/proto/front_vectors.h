/*
 * A runner of vector files for codecs that read from the start of a stream: the line
 * "decode WHAT HEX" is followed by "want TEXT" or "fail TEXT". Each vector is read from heap copies
 * of exact size, whole and at every truncation (G02).
 */
#ifndef TESTS_FRONT_VECTORS_H
#define TESTS_FRONT_VECTORS_H

#include "base/text.h"
#include "base/wr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define VECTOR_LINE_MAX 16384

/* Writes what the bytes are; false: they are refused, and why was written. */
typedef bool (*vector_decode_fn)(struct view bytes, struct wr *out);

static inline bool
vector_decode_copy(vector_decode_fn decode, const uint8_t *p, size_t n, struct wr *out)
{
	uint8_t *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	if (n)
		memcpy(copy, p, n);
	bool good = decode(view_of(copy, n), out);
	free(copy);
	return good;
}

/* cut: what a truncated vector has to give, as the whole text. Returns how many vectors there are.
 */
static inline unsigned int
vector_run(const char *path, vector_decode_fn decode, const char *cut)
{
	static char line[VECTOR_LINE_MAX];
	static uint8_t bytes[VECTOR_LINE_MAX / 2];
	char got[1024];
	unsigned int n = 0;
	int n_bytes = -1;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, "decode ", 7) == 0) {
			const char *hex = strchr(line + 7, ' ');
			n_bytes = text_unhex(view_str(hex ? hex : ""), bytes, sizeof(bytes));
			assert_true(n_bytes >= 0);
		} else if (strncmp(line, "  want", 6) == 0 || strncmp(line, "  fail", 6) == 0) {
			struct wr w = wr_over(got, sizeof(got) - 1);
			bool good = vector_decode_copy(decode, bytes, (size_t)n_bytes, &w);
			got[wr_len(&w)] = 0;
			assert_string_equal(got, line + 7);
			assert_int_equal(good, line[2] == 'w');
			for (size_t k = 0; good && k < (size_t)n_bytes; k++) {
				w = wr_over(got, sizeof(got) - 1);
				(void)vector_decode_copy(decode, bytes, k, &w);
				got[wr_len(&w)] = 0;
				assert_string_equal(got, cut);
			}
			n++;
		}
	}
	fclose(f);
	return n;
}

#endif
