/*
 * MD4, DES and RC4: broken, and needed by MS-CHAP and MPPE as they are on the wire. No other file
 * names these algorithms (guide section 6, "Secrets").
 */
#ifndef CRYPTO_LEGACY_H
#define CRYPTO_LEGACY_H

#include "base/view.h"

/* RFC 1320. */
void legacy_md4(struct view in, uint8_t out[16]);

/* One block of DES under a key of 56 bits, to which the parity bits are added here: DesEncrypt of
 * RFC 2759 section 8.6. */
void legacy_des_block(const uint8_t key[7], const uint8_t in[8], uint8_t out[8]);

/* RC4 from the start of its key stream, over in.n bytes; out may be in.p. key.n is 1 to 256. */
void legacy_rc4(struct view key, struct view in, uint8_t *out);

/* RC4 whose key stream goes on from call to call: MPPE in stateful mode. Wipe it after use. */
struct legacy_rc4 {
	_Alignas(8) uint8_t state[1032];
};

void legacy_rc4_init(struct legacy_rc4 *c, struct view key); /* key.n is 1 to 256 */
void legacy_rc4_next(struct legacy_rc4 *c, const uint8_t *in, uint8_t *out, size_t n);

#endif
