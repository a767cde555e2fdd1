/*
 * Known-answer tests, run by crypto_init at the start of every role: a library that computes
 * something else than the documents say must not carry a single session. Each vector names its
 * source.
 */
#include "base/text.h"
#include "crypto/evp.h"
#include "crypto/legacy.h"
#include "crypto/mschap.h"

/* Whether n bytes at got are those written in hex. */
static bool
is(const uint8_t *got, size_t n, const char *hex)
{
	uint8_t want[128];

	return text_unhex(view_str(hex), want, sizeof(want)) == (int)n && memcmp(got, want, n) == 0;
}

/* RFC 1320 and RFC 1321 appendix A.5, FIPS 180: "abc". */
static const char *
test_digests(void)
{
	const struct view abc = view_str("abc");
	uint8_t out[DIGEST_MAX];

	legacy_md4(abc, out);
	if (!is(out, 16, "a448017aaf21d8525fc10ae87aa6729d"))
		return "MD4";
	digest(DIGEST_MD5, &abc, 1, out);
	if (!is(out, 16, "900150983cd24fb0d6963f7d28e17f72"))
		return "MD5";
	digest(DIGEST_SHA1, &abc, 1, out);
	if (!is(out, 20, "a9993e364706816aba3e25717850c26c9cd0d89d"))
		return "SHA-1";
	digest(DIGEST_SHA256, &abc, 1, out);
	if (!is(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
		return "SHA-256";
	return NULL;
}

/* RFC 2202 and RFC 4231, test case 2. */
static const char *
test_hmac(void)
{
	const struct view key = view_str("Jefe"), text = view_str("what do ya want for nothing?");
	uint8_t out[DIGEST_MAX];

	hmac(DIGEST_MD5, key, &text, 1, out);
	if (!is(out, 16, "750c783e6ab0b503eaa86e310a5db738"))
		return "HMAC-MD5";
	hmac(DIGEST_SHA1, key, &text, 1, out);
	if (!is(out, 20, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"))
		return "HMAC-SHA-1";
	hmac(DIGEST_SHA256, key, &text, 1, out);
	if (!is(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
		return "HMAC-SHA-256";
	return NULL;
}

/* DES: the worked example 133457799BBCDFF1, its parity bits taken out. RC4: RFC 6229, 40 bits. */
static const char *
test_legacy_ciphers(void)
{
	static const uint8_t des_key[7] = { 0x12, 0x69, 0x5b, 0xc9, 0xb7, 0xb7, 0xf8 };
	static const uint8_t block[8] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };
	static const uint8_t rc4_key[5] = { 1, 2, 3, 4, 5 };
	static const uint8_t zeros[16];
	uint8_t out[16];

	legacy_des_block(des_key, block, out);
	if (!is(out, 8, "85e813540f0ab405"))
		return "DES";
	legacy_rc4(view_of(rc4_key, 5), view_of(zeros, 16), out);
	if (!is(out, 16, "b2396305f03dc027ccc3524a0a1118a8"))
		return "RC4";
	return NULL;
}

/* The submission of GCM to NIST, test case 16. */
static const char *
test_aead(void)
{
	static const char cipher_hex[] =
	    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b0"
	    "8b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b";
	uint8_t key[32], nonce[12], aad[20], plain[60], out[76], back[60];

	if (text_unhex(view_str("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
		key, sizeof(key)) != 32 ||
	    text_unhex(view_str("cafebabefacedbaddecaf888"), nonce, sizeof(nonce)) != 12 ||
	    text_unhex(view_str("feedfacedeadbeeffeedfacedeadbeefabaddad2"), aad, sizeof(aad)) !=
		20 ||
	    text_unhex(view_str("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
				"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"),
		plain, sizeof(plain)) != 60)
		return "AES-256-GCM";

	const struct view bound = view_of(aad, sizeof(aad));
	aead_seal(key, nonce, &bound, 1, view_of(plain, sizeof(plain)), out);
	if (!is(out, sizeof(out), cipher_hex))
		return "AES-256-GCM";
	if (!aead_open(key, nonce, &bound, 1, view_of(out, sizeof(out)), back) ||
	    memcmp(back, plain, sizeof(plain)) != 0)
		return "AES-256-GCM";
	out[75] ^= 1;
	return aead_open(key, nonce, &bound, 1, view_of(out, sizeof(out)), back) ? "AES-256-GCM"
	                                                                         : NULL;
}

/* RFC 2759 section 9.2, RFC 3079 section 3.5.3. */
static const char *
test_mschap2(void)
{
	static const uint8_t auth[16] = { 0x5b, 0x5d, 0x7c, 0x7d, 0x7b, 0x3f, 0x2f, 0x3e, 0x3c,
		0x2c, 0x60, 0x21, 0x32, 0x26, 0x26, 0x28 };
	static const uint8_t peer[16] = { 0x21, 0x40, 0x23, 0x24, 0x25, 0x5e, 0x26, 0x2a, 0x28,
		0x29, 0x5f, 0x2b, 0x3a, 0x33, 0x7c, 0x7e };
	const struct view name = view_str("User");
	uint8_t nt_hash[16], response[24], server_send[16], server_recv[16];
	char s[43];

	if (!mschap_nt_hash(view_str("clientPass"), nt_hash) ||
	    !is(nt_hash, 16, "44ebba8d5312b8d611474411f56989ae"))
		return "MS-CHAPv2";
	mschap2_nt_response(auth, peer, name, nt_hash, response);
	if (!is(response, 24, "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df"))
		return "MS-CHAPv2";
	mschap2_authenticator_response(nt_hash, response, peer, auth, name, s);
	if (strcmp(s, "S=407A5589115FD0D6209F510FE9C04566932CDA56") != 0)
		return "MS-CHAPv2";
	mschap2_master_keys(nt_hash, response, server_send, server_recv);
	if (!is(server_send, 16, "8b7cdc149b993a1ba118cb153f56dccb") ||
	    !is(server_recv, 16, "d5f0e9521e3ea9589645e86051c82226"))
		return "MS-CHAPv2";
	return NULL;
}

const char *
selftest_run(void)
{
	static const char *(*const tests[])(
	    void) = { test_digests, test_hmac, test_legacy_ciphers, test_aead, test_mschap2 };

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		const char *wrong = tests[i]();

		if (wrong)
			return wrong;
	}
	return NULL;
}
