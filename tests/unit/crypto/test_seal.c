/* Sealing: a round trip at many lengths; every byte changed, cut, another key or account: refused.
 */
#include "crypto/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint8_t key[SEAL_KEY_BYTES] = "0123456789abcdef0123456789abcde";
static const uint8_t other[SEAL_KEY_BYTES] = "0123456789abcdef0123456789abcdf";

static void
test_round_trip(void **state)
{
	static const size_t lengths[] = { 0, 1, 15, 16, 17, 255, SECRET_MAX };
	const struct view aad = view_str("account 7, nt-hash");
	uint8_t plain[SECRET_MAX], sealed[SECRET_MAX + SEAL_OVERHEAD];
	struct secret out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t n = lengths[i];

		seal_make(key, aad, view_of(plain, n), sealed);
		assert_int_equal(sealed[0], 1);
		assert_true(seal_open(key, aad, view_of(sealed, n + SEAL_OVERHEAD), &out));
		assert_true(view_eq(secret_view(&out), view_of(plain, n)));
	}
	secret_wipe(&out);
}

static void
test_nonce_is_fresh(void **state)
{
	uint8_t a[4 + SEAL_OVERHEAD], b[4 + SEAL_OVERHEAD];

	(void)state;
	seal_make(key, view_str(""), view_str("same"), a);
	seal_make(key, view_str(""), view_str("same"), b);
	assert_memory_not_equal(a + 1, b + 1, 12);
	assert_memory_not_equal(a + 13, b + 13, 4);
}

/* G10: every single bit. */
static void
test_tampered(void **state)
{
	uint8_t sealed[5 + SEAL_OVERHEAD];
	struct secret out = { 0 };

	(void)state;
	seal_make(key, view_str("a"), view_str("hello"), sealed);
	for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
		sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(seal_open(key, view_str("a"), view_of(sealed, sizeof(sealed)), &out));
		assert_int_equal(out.n, 0);
		sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(seal_open(key, view_str("a"), view_of(sealed, sizeof(sealed)), &out));
}

static void
test_wrong_binding(void **state)
{
	uint8_t sealed[5 + SEAL_OVERHEAD];
	struct secret out = { 0 };
	struct view all = view_of(sealed, sizeof(sealed));

	(void)state;
	seal_make(key, view_str("account 7"), view_str("hello"), sealed);
	assert_false(seal_open(key, view_str("account 8"), all, &out));
	assert_false(seal_open(key, view_str("account "), all, &out));
	assert_false(seal_open(key, view_str(""), all, &out));
	assert_false(seal_open(other, view_str("account 7"), all, &out));
	assert_int_equal(out.n, 0);
}

/* G02: truncated at each byte, on copies of exact size; and one byte too long. */
static void
test_cut(void **state)
{
	uint8_t sealed[5 + SEAL_OVERHEAD + 1];
	struct secret out = { 0 };

	(void)state;
	seal_make(key, view_str("a"), view_str("hello"), sealed);
	sealed[5 + SEAL_OVERHEAD] = 0;
	for (size_t n = 0; n <= sizeof(sealed); n++) {
		uint8_t *copy = malloc(n ? n : 1);

		assert_non_null(copy);
		memcpy(copy, sealed, n);
		assert_int_equal(
		    seal_open(key, view_str("a"), view_of(copy, n), &out), n == 5 + SEAL_OVERHEAD);
		free(copy);
	}
}

/* Longer than a secret can be: refused, though the seal is right. */
static void
test_too_long(void **state)
{
	static uint8_t plain[SECRET_MAX + 1], sealed[SECRET_MAX + 1 + SEAL_OVERHEAD];
	struct secret out = { 0 };

	(void)state;
	seal_make(key, view_str("a"), view_of(plain, sizeof(plain)), sealed);
	assert_false(seal_open(key, view_str("a"), view_of(sealed, sizeof(sealed)), &out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_nonce_is_fresh),
		cmocka_unit_test(test_tampered),
		cmocka_unit_test(test_wrong_binding),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
