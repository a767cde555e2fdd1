/* MD4 against RFC 1320, DES with added parity, RC4 against RFC 6229 and the sample of RFC 3079. */
#include "base/text.h"
#include "crypto/legacy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void
assert_hex(const uint8_t *got, size_t n, const char *want)
{
	char text[129];

	assert_string_equal(text_hex(view_of(got, n), text, sizeof(text)), want);
}

static void
test_md4(void **state)
{
	static const char *const rows[][2] = {
		{ "", "31d6cfe0d16ae931b73c59d7e0c089c0" },
		{ "a", "bde52cb31de33e46245e05fbdbd6fb24" },
		{ "message digest", "d9130a8164549fe818874806e1c7014b" },
		{ "abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9" },
	};
	uint8_t out[16];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		legacy_md4(view_str(rows[i][0]), out);
		assert_hex(out, 16, rows[i][1]);
	}
}

/* The key 133457799BBCDFF1 without its parity bits; then weak keys, which an NT hash may hold. */
static void
test_des(void **state)
{
	static const uint8_t key[7] = { 0x12, 0x69, 0x5b, 0xc9, 0xb7, 0xb7, 0xf8 };
	static const uint8_t block[8] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };
	static const uint8_t zeros[8] = { 0 }, ones[7] = { 255, 255, 255, 255, 255, 255, 255 };
	uint8_t out[8];

	(void)state;
	legacy_des_block(key, block, out);
	assert_hex(out, 8, "85e813540f0ab405");
	legacy_des_block(zeros, zeros, out);
	assert_hex(out, 8, "8ca64de9c1b123a7");
	legacy_des_block(ones, zeros, out);
	assert_hex(out, 8, "caaaaf4deaf1dbae");
}

static void
test_rc4(void **state)
{
	uint8_t key[16], out[16], zeros[16] = { 0 };
	uint8_t mppe[16], text[12];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		key[i] = (uint8_t)(i + 1);
	legacy_rc4(view_of(key, 5), view_of(zeros, 16), out);
	assert_hex(out, 16, "b2396305f03dc027ccc3524a0a1118a8");
	legacy_rc4(view_of(key, 16), view_of(zeros, 16), out);
	assert_hex(out, 16, "9ac7cc9a609d1ef7b2932899cde41b97");

	assert_int_equal(
	    text_unhex(view_str("405cb2247a7956e6e211007ae27b22d4"), mppe, sizeof(mppe)), 16);
	memcpy(text, "test message", 12);
	legacy_rc4(view_of(mppe, 16), view_of(text, 12), text); /* in place */
	assert_hex(text, 12, "81848317df68846272fb5abe");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_md4),
		cmocka_unit_test(test_des),
		cmocka_unit_test(test_rc4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
