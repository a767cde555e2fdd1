/* MS-CHAPv2 against RFC 2759 section 9.2 and RFC 3079 section 3.5.3; domains, long passwords. */
#include "base/text.h"
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
		cmocka_unit_test(test_name_is_not_rewritten),
		cmocka_unit_test(test_rfc3079),
		cmocka_unit_test(test_domain_cut),
		cmocka_unit_test(test_passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
