/* MS-CHAPv2 (RFC 2759) and its keys (RFC 3079), as pure functions. */
#ifndef CRYPTO_MSCHAP_H
#define CRYPTO_MSCHAP_H

#include "base/secret.h"

/* MD4 of the password in UTF-16LE. False when the password is not UTF-8 or longer than 256. */
MUST_USE bool mschap_nt_hash(struct view password_utf8, uint8_t out[16]);

/* RFC 2759 section 8.2: name is the user name without its domain, as bytes sent. */
void mschap2_challenge_hash(const uint8_t peer_challenge[16], const uint8_t auth_challenge[16],
    struct view name, uint8_t out[8]);

/* RFC 2759 section 8.1: the 24-byte response. name may hold DOMAIN\, which is cut off here. */
void mschap2_nt_response(const uint8_t auth_challenge[16], const uint8_t peer_challenge[16],
    struct view name, const uint8_t nt_hash[16], uint8_t out[24]);

/* RFC 2759 section 8.7: "S=" and 40 upper-case hex digits, terminated. */
void mschap2_authenticator_response(const uint8_t nt_hash[16], const uint8_t nt_response[24],
    const uint8_t peer_challenge[16], const uint8_t auth_challenge[16], struct view name,
    char out[43]);

/* RFC 3079 section 3.4 with 16-byte keys: the server's send and receive start keys. */
void mschap2_master_keys(const uint8_t nt_hash[16], const uint8_t nt_response[24],
    uint8_t server_send[16], uint8_t server_recv[16]);

/* The password block of a Change-Password packet: 256 characters and their length in bytes. */
#define MSCHAP2_PWBLOCK 516u

/*
 * RFC 2759 sections 8.9, 8.10 and 8.12: the new password under the old hash, and the old hash under
 * the new one. block comes in filled with random bytes. False (nothing is done) when the password
 * is empty, not UTF-8 or longer than 256 characters.
 */
MUST_USE bool mschap2_change_seal(struct view new_password_utf8, const uint8_t old_hash[16],
    uint8_t block[MSCHAP2_PWBLOCK], uint8_t encrypted_hash[16]);

/* RFC 2759 section 8.13: hash encrypted under key_hash. */
void mschap2_hash_with_hash(const uint8_t hash[16], const uint8_t key_hash[16], uint8_t out[16]);

/* The part of a name behind the last backslash. */
struct view mschap_name_without_domain(struct view name);

#endif
