/* Digests and HMACs against RFC 1321, FIPS 180, RFC 2202 and RFC 4231, whole and in parts. */
#include "base/text.h"
#include "crypto/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void
assert_hex(const uint8_t *got, size_t n, const char *want)
{
	char text[2 * DIGEST_MAX + 1];

	assert_string_equal(text_hex(view_of(got, n), text, sizeof(text)), want);
}

static void
test_digests(void **state)
{
	static const struct {
		enum digest_kind kind;
		const char *text, *want;
	} rows[] = {
		{ DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e" },
		{ DIGEST_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
		{ DIGEST_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ DIGEST_SHA1, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
		{ DIGEST_SHA256, "",
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ DIGEST_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view all = view_str(rows[i].text);
		uint8_t out[DIGEST_MAX];

		digest(rows[i].kind, &all, 1, out);
		assert_hex(out, digest_size(rows[i].kind), rows[i].want);
		for (size_t cut = 0; cut <= all.n; cut++) {
			const struct view parts[] = { view_of(all.p, cut), { NULL, 0 },
				view_of(all.p + cut, all.n - cut) };

			digest(rows[i].kind, parts, 3, out);
			assert_hex(out, digest_size(rows[i].kind), rows[i].want);
		}
	}
}

static void
test_hmacs(void **state)
{
	uint8_t aa[131], dd[50], out[DIGEST_MAX];
	struct view v;

	(void)state;
	memset(aa, 0xaa, sizeof(aa));
	memset(dd, 0xdd, sizeof(dd));

	v = view_of(dd, 50); /* case 3 */
	hmac(DIGEST_MD5, view_of(aa, 16), &v, 1, out);
	assert_hex(out, 16, "56be34521d144c88dbb8c733f0e8b3f6");
	hmac(DIGEST_SHA1, view_of(aa, 20), &v, 1, out);
	assert_hex(out, 20, "125d7342b9ac11cd91a39af48aa17b4f63f175d3");
	hmac(DIGEST_SHA256, view_of(aa, 20), &v, 1, out);
	assert_hex(out, 32, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");

	/* case 6: a key longer than a block */
	v = view_str("Test Using Larger Than Block-Size Key - Hash Key First");
	hmac(DIGEST_SHA1, view_of(aa, 80), &v, 1, out);
	assert_hex(out, 20, "aa4ae5e15272d00e95705637ce8a3b55ed402112");
	hmac(DIGEST_SHA256, view_of(aa, 131), &v, 1, out);
	assert_hex(out, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* An empty key must not mean "the key used before". */
static void
test_hmac_empty_key(void **state)
{
	const struct view none = { NULL, 0 };
	const struct view text = view_str("x");
	uint8_t out[DIGEST_MAX], zeros[64] = { 0 }, same[DIGEST_MAX];

	(void)state;
	hmac(DIGEST_SHA256, view_str("another key"), &text, 1, out);
	hmac(DIGEST_SHA256, none, &none, 1, out);
	assert_hex(out, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
	/* RFC 2104: a short key is padded with zeros, so 64 zeros are the same key. */
	hmac(DIGEST_SHA256, view_of(zeros, 64), &none, 1, same);
	assert_memory_equal(out, same, 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_hmacs),
		cmocka_unit_test(test_hmac_empty_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
