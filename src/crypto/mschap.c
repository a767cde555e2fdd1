/*
 * MS-CHAPv2 (RFC 2759) and the keys that come of it (RFC 3079), as pure functions used by both ends
 * of PPP, by the vault and later by EAP. Nothing here keeps state or decides anything.
 */
#include "crypto/mschap.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/legacy.h"

/* The constants of RFC 2759 section 8.7 and RFC 3079 section 3.4, without terminators. */
static const char sign_magic[] = "Magic server to client signing constant";
static const char pad_magic[] = "Pad to make it do more than one iteration";
static const char master_magic[] = "This is the MPPE Master Key";
static const char client_send_magic[] =
    "On the client side, this is the send key; on the server side, it is the receive key.";
static const char client_recv_magic[] =
    "On the client side, this is the receive key; on the server side, it is the send key.";

bool
mschap_nt_hash(struct view password_utf8, uint8_t out[16])
{
	uint8_t utf16[SECRET_MAX]; /* 256 characters: RFC 2759 section 4 */
	int n = text_utf16le(password_utf8, utf16, sizeof(utf16));

	if (n >= 0)
		legacy_md4(view_of(utf16, (size_t)n), out);
	secret_wipe_bytes(utf16, sizeof(utf16));
	return n >= 0;
}

struct view
mschap_name_without_domain(struct view name)
{
	for (size_t i = name.n; i > 0; i--)
		if (name.p[i - 1] == '\\')
			return view_of(name.p + i, name.n - i);
	return name;
}

void
mschap2_challenge_hash(const uint8_t peer_challenge[16], const uint8_t auth_challenge[16],
    struct view name, uint8_t out[8])
{
	const struct view parts[] = { view_of(peer_challenge, 16), view_of(auth_challenge, 16),
		mschap_name_without_domain(name) };
	uint8_t sha1[20];

	digest(DIGEST_SHA1, parts, 3, sha1);
	memcpy(out, sha1, 8);
}

void
mschap2_nt_response(const uint8_t auth_challenge[16], const uint8_t peer_challenge[16],
    struct view name, const uint8_t nt_hash[16], uint8_t out[24])
{
	uint8_t challenge[8];
	uint8_t keys[21] = { 0 }; /* the hash and five zeros: three DES keys of seven bytes */

	mschap2_challenge_hash(peer_challenge, auth_challenge, name, challenge);
	memcpy(keys, nt_hash, 16);
	for (size_t i = 0; i < 3; i++)
		legacy_des_block(keys + 7 * i, challenge, out + 8 * i);
	secret_wipe_bytes(keys, sizeof(keys));
}

void
mschap2_authenticator_response(const uint8_t nt_hash[16], const uint8_t nt_response[24],
    const uint8_t peer_challenge[16], const uint8_t auth_challenge[16], struct view name,
    char out[43])
{
	static const char hex[] = "0123456789ABCDEF"; /* upper case: clients compare text */
	uint8_t hash_hash[16], sha1[20], challenge[8];

	legacy_md4(view_of(nt_hash, 16), hash_hash);
	const struct view first[] = { view_of(hash_hash, 16), view_of(nt_response, 24),
		view_str(sign_magic) };
	digest(DIGEST_SHA1, first, 3, sha1);

	mschap2_challenge_hash(peer_challenge, auth_challenge, name, challenge);
	const struct view second[] = { view_of(sha1, 20), view_of(challenge, 8),
		view_str(pad_magic) };
	uint8_t answer[20];
	digest(DIGEST_SHA1, second, 3, answer);

	out[0] = 'S';
	out[1] = '=';
	for (size_t i = 0; i < 20; i++) {
		out[2 + 2 * i] = hex[answer[i] >> 4];
		out[3 + 2 * i] = hex[answer[i] & 15];
	}
	out[42] = '\0';
	secret_wipe_bytes(hash_hash, sizeof(hash_hash));
	secret_wipe_bytes(sha1, sizeof(sha1));
}

/* GetAsymmetricStartKey of RFC 3079 section 3.4 for a session key of 16 bytes. */
static void
start_key(const uint8_t master[16], const char *magic, uint8_t out[16])
{
	static const uint8_t pad1[40]; /* SHSpad1: zeros */
	uint8_t pad2[40], sha1[20];

	memset(pad2, 0xf2, sizeof(pad2));
	const struct view parts[] = { view_of(master, 16), view_of(pad1, 40), view_str(magic),
		view_of(pad2, 40) };
	digest(DIGEST_SHA1, parts, 4, sha1);
	memcpy(out, sha1, 16);
	secret_wipe_bytes(sha1, sizeof(sha1));
}

void
mschap2_master_keys(const uint8_t nt_hash[16], const uint8_t nt_response[24],
    uint8_t server_send[16], uint8_t server_recv[16])
{
	uint8_t hash_hash[16], sha1[20];

	legacy_md4(view_of(nt_hash, 16), hash_hash);
	const struct view parts[] = { view_of(hash_hash, 16), view_of(nt_response, 24),
		view_str(master_magic) };
	digest(DIGEST_SHA1, parts, 3, sha1); /* its first 16 bytes are the master key */
	start_key(sha1, client_recv_magic, server_send);
	start_key(sha1, client_send_magic, server_recv);
	secret_wipe_bytes(hash_hash, sizeof(hash_hash));
	secret_wipe_bytes(sha1, sizeof(sha1));
}

/* NtPasswordHashEncryptedWithBlock of RFC 2759 section 8.13: two blocks under two keys. */
void
mschap2_hash_with_hash(const uint8_t hash[16], const uint8_t key_hash[16], uint8_t out[16])
{
	legacy_des_block(key_hash, hash, out);
	legacy_des_block(key_hash + 7, hash + 8, out + 8);
}

bool
mschap2_change_seal(struct view new_password_utf8, const uint8_t old_hash[16],
    uint8_t block[MSCHAP2_PWBLOCK], uint8_t encrypted_hash[16])
{
	uint8_t utf16[MSCHAP2_PWBLOCK - 4], new_hash[16];
	int n = text_utf16le(new_password_utf8, utf16, sizeof(utf16));
	bool ok = n > 0 && mschap_nt_hash(new_password_utf8, new_hash);

	if (ok) {
		memcpy(block + sizeof(utf16) - n, utf16, (size_t)n);
		memset(block + sizeof(utf16), 0, 4);
		block[sizeof(utf16)] = (uint8_t)n; /* little-endian */
		block[sizeof(utf16) + 1] = (uint8_t)(n >> 8);
		legacy_rc4(view_of(old_hash, 16), view_of(block, MSCHAP2_PWBLOCK), block);
		mschap2_hash_with_hash(old_hash, new_hash, encrypted_hash);
	}
	secret_wipe_bytes(utf16, sizeof(utf16));
	secret_wipe_bytes(new_hash, sizeof(new_hash));
	return ok;
}
