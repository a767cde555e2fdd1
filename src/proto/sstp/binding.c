/*
 * Crypto binding: derivation of the Compound MAC key, the MAC itself, and a server's checks, each
 * with its own cause. See binding.h. Where the higher-layer key comes from is the caller's affair.
 */
#include "proto/sstp/binding.h"

#include "crypto/digest.h"

#define CMK_SEED "SSTP inner method derived CMK" /* 29 bytes, without a terminator */
#define AT_CERT_HASH 48u /* header 8, attribute header 4, reserved and hash 4, nonce 32 */

static const uint8_t zeros[64];

size_t
binding_hash_bytes(uint8_t hash)
{
	if (hash == SSTP_HASH_SHA1)
		return 20;
	return hash == SSTP_HASH_SHA256 ? 32 : 0;
}

const char *
binding_hash_name(uint8_t hash)
{
	if (hash == SSTP_HASH_SHA1)
		return "SHA1";
	return hash == SSTP_HASH_SHA256 ? "SHA256" : "none";
}

uint8_t
binding_strongest(uint8_t hash_mask)
{
	if (hash_mask & SSTP_HASH_SHA256)
		return SSTP_HASH_SHA256;
	return hash_mask & SSTP_HASH_SHA1;
}

void
binding_cert_hash(const struct sstp_conf *conf, uint8_t hash, uint8_t out[32])
{
	memset(out, 0, 32);
	if (hash == SSTP_HASH_SHA256)
		memcpy(out, conf->cert_sha256, sizeof(conf->cert_sha256));
	else
		memcpy(out, conf->cert_sha1, sizeof(conf->cert_sha1));
}

void
binding_mac(uint8_t hash, const uint8_t hlak[SSTP_HLAK], const uint8_t msg[SSTP_CONNECTED_BYTES],
    uint8_t out[32])
{
	enum digest_kind kind = hash == SSTP_HASH_SHA256 ? DIGEST_SHA256 : DIGEST_SHA1;
	size_t n = digest_size(kind);
	/* PRF+ of one block. The length is little endian, unlike all else in SSTP. */
	uint8_t tail[3] = { (uint8_t)n, 0, 1 };
	struct view seed[2] = { view_str(CMK_SEED), view_of(tail, sizeof(tail)) };
	uint8_t cmk[DIGEST_MAX];

	hmac(kind, view_of(hlak, SSTP_HLAK), seed, 2, cmk);
	struct view parts[2] = { view_of(msg, AT_CERT_HASH + n),
		view_of(zeros, SSTP_CONNECTED_BYTES - AT_CERT_HASH - n) };
	memset(out, 0, 32);
	hmac(kind, view_of(cmk, n), parts, 2, out);
	secret_wipe_bytes(cmk, sizeof(cmk));
}

enum cause
binding_check_claims(
    const struct sstp_conf *conf, const uint8_t nonce[SSTP_NONCE], const struct sstp_binding *b)
{
	uint8_t want[32];
	size_t n = binding_hash_bytes(b->hash);

	if (n == 0 || !(b->hash & conf->hash_mask))
		return CAUSE_BINDING_HASH;
	if (!secret_bytes_equal(b->nonce, nonce, SSTP_NONCE))
		return CAUSE_BINDING_NONCE;
	binding_cert_hash(conf, b->hash, want);
	return secret_bytes_equal(b->cert_hash, want, n) ? CAUSE_NONE : CAUSE_BINDING_CERT;
}

enum cause
binding_check_mac(const struct sstp_binding *b, const uint8_t hlak[SSTP_HLAK],
    const uint8_t msg[SSTP_CONNECTED_BYTES])
{
	uint8_t want[32];

	binding_mac(b->hash, hlak, msg, want);
	bool right = secret_bytes_equal(b->mac, want, binding_hash_bytes(b->hash));
	secret_wipe_bytes(want, sizeof(want));
	return right ? CAUSE_NONE : CAUSE_BINDING_MAC;
}
