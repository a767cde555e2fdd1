/*
 * MPPE packets: the vectors of RFC 3079 and of a second implementation, loss, reordering, resets
 * in both readings, and what a forger can do. Serves R20 to R23 as far as the packets go; attack
 * ids G02, P08, Q09, Q10.
 */
#include "base/text.h"
#include "proto/mppe/mppe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *vectors;
static const uint8_t start[16] = { 0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b, 0xa1, 0x18, 0xcb,
	0x15, 0x3f, 0x56, 0xdc, 0xcb };
static const char plain_hex[] = "00214500001400010000400000004142434445464748";

struct sealed {
	size_t n;
	uint8_t b[64];
};

static enum mppe_strength
strength_of(const char *bits)
{
	return bits[0] == '1' ? MPPE_128 : bits[0] == '5' ? MPPE_56 : MPPE_40;
}

static struct sealed
seal(struct mppe *m)
{
	struct sealed s;
	int n = text_unhex(view_str(plain_hex), s.b + MPPE_HEADER, 60);

	assert_int_equal(n, 22);
	s.n = (size_t)n + MPPE_HEADER;
	mppe_seal(m, s.b, s.b + MPPE_HEADER, (size_t)n);
	return s;
}

/* Opens a copy of exact size. */
static enum mppe_open
open_copy(struct mppe *m, const struct sealed *s, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct view plain;
	char hex[128];

	assert_non_null(copy);
	memcpy(copy, s->b, n);
	enum mppe_open o = mppe_open(m, copy, n, &plain);
	if (o == MPPE_OPENED && n == s->n)
		assert_string_equal(text_hex(plain, hex, sizeof(hex)), plain_hex);
	free(copy);
	return o;
}

static enum mppe_open
open_it(struct mppe *m, const struct sealed *s)
{
	return open_copy(m, s, s->n);
}

static void
check_session(const char *bits, const char *want_key, const char *want_text)
{
	uint8_t text[] = "test message";
	char hex[64];
	struct mppe m;

	mppe_init(&m, strength_of(bits), false, start);
	size_t n = strlen(want_key) / 2;
	assert_string_equal(text_hex(view_of(m.key, n), hex, sizeof(hex)), want_key);
	legacy_rc4_next(&m.rc4, text, text, 12);
	assert_string_equal(text_hex(view_of(text, 12), hex, sizeof(hex)), want_text);
}

static void
check_packet(
    const char *bits, const char *mode, unsigned int at, const char *header, const char *want)
{
	struct mppe out, in;
	struct sealed s = { 0 };
	char hex[128];

	mppe_init(&out, strength_of(bits), strcmp(mode, "stateless") == 0, start);
	in = out;
	for (unsigned int i = 0; i <= at; i++) {
		s = seal(&out);
		assert_int_equal(open_it(&in, &s), MPPE_OPENED);
	}
	text_hex(view_of(s.b, s.n), hex, sizeof(hex));
	assert_memory_equal(hex, header, 4);
	assert_string_equal(hex + 4, want);
}

/* Cuts a line into words; returns their number. */
static unsigned int
words_of(char *line, char *words[6])
{
	unsigned int n = 0;

	for (char *p = line; *p && n < 6;) {
		size_t len = strcspn(p, " \n");
		words[n] = p;
		n += len != 0;
		p += len;
		if (*p)
			*p++ = 0;
	}
	return n;
}

static void
test_vectors(void **unused)
{
	char line[256], *w[6];
	unsigned int n = 0;
	FILE *f = fopen(vectors, "r");

	(void)unused;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		unsigned int k = words_of(line, w);
		if (k == 5 && strcmp(w[0], "session") == 0)
			check_session(w[1], w[3], w[4]);
		else if (k == 6 && strcmp(w[0], "packet") == 0)
			check_packet(w[1], w[2], (unsigned int)strtoul(w[3], NULL, 10), w[4], w[5]);
		else
			continue;
		n++;
	}
	fclose(f);
	assert_int_equal(n, 33);
}

/* The count wraps, keys change on the way, nothing is lost: 10,000 packets of both modes. */
static void
test_wrap(void **unused)
{
	(void)unused;
	for (unsigned int mode = 0; mode < 2; mode++) {
		struct mppe out, in;
		mppe_init(&out, MPPE_128, mode, start);
		in = out;
		for (unsigned int i = 0; i < 10000; i++) {
			struct sealed s = seal(&out);
			assert_int_equal(open_it(&in, &s), MPPE_OPENED);
		}
	}
}

/* RFC 3078 section 8.1: loss costs key changes; copies and overtaken packets are gone. */
static void
test_stateless_loss(void **unused)
{
	struct mppe out, in;

	(void)unused;
	mppe_init(&out, MPPE_128, true, start);
	in = out;
	struct sealed first = seal(&out);
	struct sealed second = seal(&out);
	assert_int_equal(open_it(&in, &second), MPPE_OPENED);
	assert_int_equal(open_it(&in, &second), MPPE_LATE);
	assert_int_equal(open_it(&in, &first), MPPE_LATE);
	for (unsigned int i = 0; i < 2046; i++)
		(void)seal(&out);
	struct sealed far = seal(&out);
	assert_int_equal(open_it(&in, &far), MPPE_OPENED);
	struct sealed next = seal(&out);
	assert_int_equal(open_it(&in, &next), MPPE_OPENED);
}

/* P08: a packet with a forged count is dropped and the true ones go on. */
static void
test_forged(void **unused)
{
	(void)unused;
	for (unsigned int mode = 0; mode < 2; mode++) {
		struct mppe out, in;
		mppe_init(&out, MPPE_128, mode, start);
		in = out;
		for (unsigned int i = 0; i < 40; i++) {
			struct sealed s = seal(&out);
			struct sealed forged = s;
			forged.b[0] = 0x90 | (uint8_t)(i * 7 % 8);
			forged.b[1] = (uint8_t)(i * 41);
			forged.b[3] ^= 0x30; /* no protocol that is ever inside comes out */
			enum mppe_open o = open_it(&in, &forged);
			assert_true(o == MPPE_GARBLED || o == MPPE_LATE);
			assert_int_equal(open_it(&in, &s), MPPE_OPENED);
		}
	}
}

/* RFC 3078 section 8.2: a gap asks for a reset once; bit A ends the wait. */
static void
test_stateful_reset(void **unused)
{
	(void)unused;
	for (unsigned int lost = 1; lost < 600; lost += 37) {
		struct mppe out, in;
		mppe_init(&out, MPPE_40, false, start);
		in = out;
		for (unsigned int i = 0; i < 10; i++) {
			struct sealed s = seal(&out);
			assert_int_equal(open_it(&in, &s), MPPE_OPENED);
		}
		struct sealed s;
		for (unsigned int i = 0; i < lost; i++)
			s = seal(&out);
		do
			s = seal(&out);
		while (s.b[0] & 0x80); /* no flag packet by chance */
		assert_int_equal(open_it(&in, &s), MPPE_LOST);
		s = seal(&out);
		if (!(s.b[0] & 0x80))
			assert_int_equal(open_it(&in, &s), MPPE_WAITING);
		mppe_reset(&out);
		mppe_reset(&out); /* Q09: a storm of them is one */
		s = seal(&out);
		assert_int_equal(s.b[0] & 0x80, 0x80);
		assert_int_equal(s.b[1], 0xff);
		assert_int_equal(open_it(&in, &s), MPPE_OPENED);
		s = seal(&out);
		assert_int_equal(open_it(&in, &s), MPPE_OPENED);
	}
}

/* A peer of either reading of the reset: the tables anew, or a key change first. */
static struct sealed
foreign_flush(struct mppe *peer, bool changes_key)
{
	struct mppe other;

	/* Its packet as a fresh direction would make it, under the key it has. */
	if (changes_key) {
		mppe_init(&other, peer->strength, true, start); /* one packet is one key change */
		memcpy(other.key, peer->key, sizeof(other.key));
		other.count = peer->count;
		struct sealed s = seal(&other);
		memcpy(peer->key, other.key, sizeof(peer->key));
		peer->count = other.count;
		peer->rc4 = other.rc4;
		return s;
	}
	legacy_rc4_init(&peer->rc4, view_of(peer->key, 16));
	struct sealed s = seal(peer);
	s.b[0] |= 0x80;
	return s;
}

static void
test_both_readings_of_a_reset(void **unused)
{
	(void)unused;
	for (unsigned int reading = 0; reading < 2; reading++) {
		struct mppe peer, in;
		mppe_init(&peer, MPPE_128, false, start);
		in = peer;
		for (unsigned int round = 0; round < 5; round++) {
			struct sealed s = seal(&peer);
			assert_int_equal(open_it(&in, &s), MPPE_OPENED);
			(void)seal(&peer);
			s = seal(&peer);
			assert_int_equal(open_it(&in, &s), MPPE_LOST);
			s = foreign_flush(&peer, reading);
			assert_int_equal(open_it(&in, &s), MPPE_OPENED);
			assert_int_equal(in.changes_on_reset, reading);
		}
	}
}

/* Q10 and G02: a packet that is not encrypted, and every truncation. */
static void
test_not_encrypted_and_short(void **unused)
{
	struct mppe out, in;
	struct mppe before;

	(void)unused;
	mppe_init(&out, MPPE_56, true, start);
	in = out;
	struct sealed s = seal(&out);
	struct sealed bare = s;
	bare.b[0] &= 0xef;
	assert_int_equal(open_it(&in, &bare), MPPE_NOT_CODED);
	for (size_t n = 0; n < 5; n++) {
		before = in;
		enum mppe_open o = open_copy(&in, &s, n);
		assert_int_equal(o, n <= MPPE_HEADER ? MPPE_SHORT : MPPE_GARBLED);
		assert_memory_equal(in.key, before.key, sizeof(in.key));
		assert_int_equal(in.count, before.count);
	}
	assert_int_equal(open_it(&in, &s), MPPE_OPENED);
}

static void
test_names(void **unused)
{
	(void)unused;
	assert_string_equal(mppe_open_name(MPPE_WAITING), "waiting-for-reset");
	assert_string_equal(mppe_strength_name(MPPE_56), "56-bit");
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_stateless_loss),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_stateful_reset),
		cmocka_unit_test(test_both_readings_of_a_reset),
		cmocka_unit_test(test_not_encrypted_and_short),
		cmocka_unit_test(test_names),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s VECTORS\n", argv[0]);
		return 2;
	}
	vectors = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
