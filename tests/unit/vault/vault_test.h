/* Helpers of the vault tests: a vault with known accounts, and proofs as a client makes them. */
#ifndef TESTS_VAULT_TEST_H
#define TESTS_VAULT_TEST_H

#include "crypto/crypto.h"
#include "crypto/digest.h"
#include "crypto/mschap.h"
#include "vault/vault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint8_t test_key[SEAL_KEY_BYTES] = { 1, 2, 3 };

static inline struct now
test_now(void)
{
	return (struct now){ .draw = crypto_random };
}

static inline int
test_crypto(void **state)
{
	char err[256];

	(void)state;
	return crypto_init(err, sizeof(err)) ? 0 : -1;
}

static inline struct vault *
test_vault(void)
{
	struct now now = test_now();
	struct vault *v = vault_new(test_key, NULL, &now);

	assert_non_null(v);
	return v;
}

/* Seals and stores one secret of an account, as record does. */
static inline void
test_give(struct vault *v, uint64_t account, enum secret_kind kind, const char *password)
{
	uint8_t buf[VAULT_SEALED_MAX];
	struct wr w = wr_over(buf, sizeof(buf));

	assert_null(vault_seal(v, account, kind, view_str(password), &w));
	assert_int_equal(vault_put(v, account, kind, wr_view_of(&w)), VAULT_PUT_OK);
}

static inline struct auth_request
test_pap(const char *password)
{
	struct auth_request r = { .method = AUTH_PAP };

	assert_true(secret_set(&r.password, view_str(password)));
	return r;
}

static inline struct auth_request
test_chap(const char *password)
{
	struct auth_request r = { .method = AUTH_CHAP, .id = 7, .n_challenge = 16 };

	memset(r.challenge, 0x5a, sizeof(r.challenge));
	const struct view parts[] = { view_of(&r.id, 1), view_str(password),
		view_of(r.challenge, r.n_challenge) };
	digest(DIGEST_MD5, parts, 3, r.chap_digest);
	return r;
}

static inline struct auth_request
test_mschap2(const char *name, const char *password)
{
	struct auth_request r = { .method = AUTH_MSCHAPV2, .n_challenge = 16 };
	uint8_t hash[16];

	r.n_name = (uint16_t)strlen(name);
	memcpy(r.name, name, r.n_name);
	memset(r.challenge, 0x5a, sizeof(r.challenge));
	memset(r.peer_challenge, 0xa5, sizeof(r.peer_challenge));
	assert_true(mschap_nt_hash(view_str(password), hash));
	mschap2_nt_response(
	    r.challenge, r.peer_challenge, view_of(r.name, r.n_name), hash, r.nt_response);
	return r;
}

static inline enum check_result
test_check(struct vault *v, uint64_t account, struct auth_request r)
{
	struct check_answer a;

	vault_check(v, account, &r, &a);
	return a.result;
}

#endif
