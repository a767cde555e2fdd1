/* MS-CHAPv2 against RFC 2759 section 9.2 and RFC 3079 section 3.5.3; domains, long passwords. */
#include "base/text.h"
#include "crypto/legacy.h"
#include "crypto/mschap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const uint8_t auth[16] = { 0x5b, 0x5d, 0x7c, 0x7d, 0x7b, 0x3f, 0x2f, 0x3e, 0x3c, 0x2c, 0x60,
	0x21, 0x32, 0x26, 0x26, 0x28 };
static const uint8_t peer[16] = { 0x21, 0x40, 0x23, 0x24, 0x25, 0x5e, 0x26, 0x2a, 0x28, 0x29, 0x5f,
	0x2b, 0x3a, 0x33, 0x7c, 0x7e };

static void
assert_hex(const uint8_t *got, size_t n, const char *want)
{
	char text[129];

	assert_string_equal(text_hex(view_of(got, n), text, sizeof(text)), want);
}

static void
test_rfc2759(void **state)
{
	static const char *const names[] = { "User", "DOMAIN\\User", "A\\B\\User", "\\User" };
	uint8_t hash[16], challenge[8], response[24];
	char s[43];

	(void)state;
	assert_true(mschap_nt_hash(view_str("clientPass"), hash));
	assert_hex(hash, 16, "44ebba8d5312b8d611474411f56989ae");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct view name = view_str(names[i]);

		mschap2_challenge_hash(peer, auth, name, challenge);
		assert_hex(challenge, 8, "d02e4386bce91226");
		mschap2_nt_response(auth, peer, name, hash, response);
		assert_hex(response, 24, "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");
		mschap2_authenticator_response(hash, response, peer, auth, name, s);
		assert_string_equal(s, "S=407A5589115FD0D6209F510FE9C04566932CDA56");
	}
}

/*
 * RFC 2759 section 8.13 with the keys of section 9.3 ("MyPw"): the wanted bytes are DES of the hash
 * of section 9.2 under the two parity-corrected keys printed there, made by the openssl command.
 */
static void
test_rfc2759_hash_with_hash(void **state)
{
	uint8_t hash[16], key[16], out[16];

	(void)state;
	assert_true(mschap_nt_hash(view_str("clientPass"), hash));
	assert_true(mschap_nt_hash(view_str("MyPw"), key));
	assert_hex(key, 16, "fc156af7edcd6c0edde3337d427f4eac");
	mschap2_hash_with_hash(hash, key, out);
	assert_hex(out, 16, "6f69bbe9311fd36714e380e62855261d");
}

/* RFC 2759 section 8.10: the password stands at the end of 512 bytes, its length behind it. */
static void
test_rfc2759_password_block(void **state)
{
	uint8_t block[MSCHAP2_PWBLOCK], clear[MSCHAP2_PWBLOCK], old[16], hash[16];
	char longest[258];

	(void)state;
	assert_true(mschap_nt_hash(view_str("clientPass"), old));
	memset(block, 0x5c, sizeof(block));
	assert_true(mschap2_change_seal(view_str("MyPw"), old, block, hash));
	legacy_rc4(view_of(old, 16), view_of(block, sizeof(block)), clear);
	for (size_t i = 0; i < 504; i++)
		assert_int_equal(clear[i], 0x5c);
	assert_memory_equal(clear + 504, "M\0y\0P\0w\0", 8);
	assert_memory_equal(clear + 512, "\x08\0\0\0", 4);
	memset(longest, 'x', 257);
	longest[257] = 0;
	assert_false(mschap2_change_seal(view_str(longest), old, block, hash));
	longest[256] = 0;
	assert_true(mschap2_change_seal(view_str(longest), old, block, hash));
	assert_false(mschap2_change_seal(view_str(""), old, block, hash));
	assert_false(mschap2_change_seal(view_str("\xff"), old, block, hash));
}

/* The name is hashed as sent: another case is another response. */
static void
test_name_is_not_rewritten(void **state)
{
	uint8_t challenge[8];

	(void)state;
	mschap2_challenge_hash(peer, auth, view_str("user"), challenge);
	assert_memory_not_equal(challenge, "\xd0\x2e\x43\x86\xbc\xe9\x12\x26", 8);
}

static void
test_rfc3079(void **state)
{
	uint8_t hash[16], response[24], server_send[16], server_recv[16];

	(void)state;
	assert_true(mschap_nt_hash(view_str("clientPass"), hash));
	mschap2_nt_response(auth, peer, view_str("User"), hash, response);
	mschap2_master_keys(hash, response, server_send, server_recv);
	assert_hex(server_send, 16, "8b7cdc149b993a1ba118cb153f56dccb");
	assert_hex(server_recv, 16, "d5f0e9521e3ea9589645e86051c82226");
}

static void
test_domain_cut(void **state)
{
	(void)state;
	assert_true(view_eq(mschap_name_without_domain(view_str("u")), view_str("u")));
	assert_true(view_eq(mschap_name_without_domain(view_str("d\\u")), view_str("u")));
	assert_true(view_eq(mschap_name_without_domain(view_str("d\\e\\u")), view_str("u")));
	assert_true(view_eq(mschap_name_without_domain(view_str("d\\")), view_str("")));
	assert_true(view_eq(mschap_name_without_domain(view_str("u@r")), view_str("u@r")));
	assert_true(view_eq(mschap_name_without_domain(view_of(NULL, 0)), view_str("")));
}

static void
test_passwords(void **state)
{
	char longest[257];
	uint8_t hash[16];

	(void)state;
	assert_true(mschap_nt_hash(view_str(""), hash));
	assert_hex(hash, 16, "31d6cfe0d16ae931b73c59d7e0c089c0");
	/* "Passwört€" and a character outside the first plane, from iconv and openssl dgst -md4 */
	assert_true(mschap_nt_hash(view_str("Passw\xc3\xb6rt\xe2\x82\xac\xf0\x9f\x94\x91"), hash));
	assert_hex(hash, 16, "8149b70f12a2ac5b59b7614fa519e2af");
	memset(longest, 'x', sizeof(longest));
	assert_true(mschap_nt_hash(view_of(longest, 256), hash));
	assert_false(mschap_nt_hash(view_of(longest, 257), hash));
	assert_false(mschap_nt_hash(view_str("\xff"), hash));
	assert_false(mschap_nt_hash(view_str("\xed\xa0\x80"), hash)); /* a lone surrogate */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc2759),
		cmocka_unit_test(test_rfc2759_hash_with_hash),
		cmocka_unit_test(test_rfc2759_password_block),
		cmocka_unit_test(test_name_is_not_rewritten),
		cmocka_unit_test(test_rfc3079),
		cmocka_unit_test(test_domain_cut),
		cmocka_unit_test(test_passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
