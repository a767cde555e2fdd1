/*
 * What the vault signs for TLS and what it does not: the two shapes, every other one refused, keys
 * that are for something else, generations of keys, and the rotation of ticket keys (S12).
 */
#include "crypto/pki.h"
#include "vault/vault_tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static char ca[PEM_MAX], ca_key[PEM_MAX], rsa_cert[PEM_MAX], rsa_key[PEM_MAX];
static char ec_cert[PEM_MAX], ec_key[PEM_MAX];

static int
make_keys(void **state)
{
	struct pki_issue want = { .common_name = "a",
		.names = { "a" },
		.n_names = 1,
		.days = 1,
		.now_unix_s = time(NULL) };
	char err[200];

	(void)state;
	assert_true(pki_make_ca("CA", 1, want.now_unix_s, ca, ca_key, err, sizeof(err)));
	assert_true(pki_issue(&want, view_str(ca), view_str(ca_key), ec_cert, ec_key, err, 200));
	want.rsa = true;
	assert_true(pki_issue(&want, view_str(ca), view_str(ca_key), rsa_cert, rsa_key, err, 200));
	return 0;
}

static void
id_of(const char *pem, uint8_t out[SIGN_KEY_ID])
{
	char err[200];
	struct sign_key *k = sign_key_read(view_str(pem), err, sizeof(err));

	assert_non_null(k);
	memcpy(out, sign_key_id(k), SIGN_KEY_ID);
	sign_key_free(k);
}

static struct vault_tls *
vault_with(const char *pem, enum vault_key_use use)
{
	struct vault_tls *v = vault_tls_new();
	char err[200];

	assert_non_null(v);
	assert_true(vault_tls_add(v, use, view_str(pem), err, sizeof(err)));
	vault_tls_turn(v);
	assert_int_equal(vault_tls_n_keys(v), 1);
	return v;
}

/* RFC 8446 section 4.4.3. Returns the length. */
static size_t
verify_message(uint8_t out[256], const char *context, size_t n_hash)
{
	memset(out, ' ', 64);
	memcpy(out + 64, context, strlen(context) + 1);
	memset(out + 65 + strlen(context), 0x5a, n_hash);
	return 65 + strlen(context) + n_hash;
}

/* RFC 5246 section 7.4.3, RFC 8422 section 5.4. */
static size_t
params_message(uint8_t out[256], uint16_t group, size_t n_point)
{
	memset(out, 0x11, 64);
	out[64] = 3;
	out[65] = (uint8_t)(group >> 8);
	out[66] = (uint8_t)group;
	out[67] = (uint8_t)n_point;
	memset(out + 68, 4, n_point);
	return 68 + n_point;
}

/* Asks with a copy of exact size. NULL, or why it was refused. */
static const char *
ask(const struct vault_tls *v, const char *pem, uint16_t scheme, const uint8_t *what, size_t n)
{
	uint8_t id[SIGN_KEY_ID], sig[SIGN_MAX];
	uint8_t *copy = malloc(n ? n : 1);
	size_t n_sig = 0;

	assert_non_null(copy);
	memcpy(copy, what, n);
	id_of(pem, id);
	const char *why =
	    vault_tls_sign(v, view_of(id, sizeof(id)), scheme, view_of(copy, n), sig, &n_sig);
	free(copy);
	assert_int_equal(n_sig > 0, why == NULL);
	return why;
}

static const char server_context[] = "TLS 1.3, server CertificateVerify";

static void
two_shapes_are_signed(void **state)
{
	static const struct {
		uint16_t group;
		size_t n;
	} groups[] = { { 29, 32 }, { 23, 65 }, { 24, 97 }, { 25, 133 } };
	struct vault_tls *ec = vault_with(ec_key, VAULT_KEY_TLS);
	struct vault_tls *rsa = vault_with(rsa_key, VAULT_KEY_TLS);
	uint8_t m[256];

	(void)state;
	for (size_t n_hash = 32; n_hash <= 48; n_hash += 16) {
		size_t n = verify_message(m, server_context, n_hash);
		assert_null(ask(ec, ec_key, SIGN_ECDSA_SHA256, m, n));
		assert_null(ask(rsa, rsa_key, SIGN_RSA_PSS_SHA256, m, n));
		assert_null(ask(rsa, rsa_key, SIGN_RSA_PSS_SHA512, m, n));
		assert_non_null(ask(rsa, rsa_key, SIGN_RSA_PKCS1_SHA256, m, n));
	}
	for (size_t i = 0; i < 4; i++) {
		size_t n = params_message(m, groups[i].group, groups[i].n);
		assert_null(ask(ec, ec_key, SIGN_ECDSA_SHA256, m, n));
		assert_null(ask(rsa, rsa_key, SIGN_RSA_PKCS1_SHA256, m, n));
		assert_null(ask(rsa, rsa_key, SIGN_RSA_PSS_SHA384, m, n));
	}
	vault_tls_free(ec);
	vault_tls_free(rsa);
}

/* A signature that fits no handshake of our server does not exist. */
static void
other_shapes_are_refused(void **state)
{
	struct vault_tls *v = vault_with(ec_key, VAULT_KEY_TLS);
	uint8_t m[256], good[256];
	size_t n = verify_message(good, server_context, 32);

	(void)state;
	for (size_t i = 0; i < n; i++) /* G02 */
		assert_non_null(ask(v, ec_key, SIGN_ECDSA_SHA256, good, i));
	for (size_t i = 0; i < 64 + sizeof(server_context); i++) {
		memcpy(m, good, n);
		m[i] ^= 1;
		assert_non_null(ask(v, ec_key, SIGN_ECDSA_SHA256, m, n));
	}
	for (size_t n_hash = 0; n_hash < 70; n_hash++) {
		n = verify_message(m, server_context, n_hash);
		assert_int_equal(
		    ask(v, ec_key, SIGN_ECDSA_SHA256, m, n) == NULL, n_hash == 32 || n_hash == 48);
	}
	n = verify_message(m, "TLS 1.3, client CertificateVerify", 32);
	assert_non_null(ask(v, ec_key, SIGN_ECDSA_SHA256, m, n));
	memset(m, 0xab, 32); /* a bare digest */
	assert_non_null(ask(v, ec_key, SIGN_ECDSA_SHA256, m, 32));

	n = params_message(good, 29, 32);
	for (size_t i = 0; i < n; i++)
		assert_non_null(ask(v, ec_key, SIGN_ECDSA_SHA256, good, i));
	good[n] = 0;
	assert_non_null(ask(v, ec_key, SIGN_ECDSA_SHA256, good, n + 1)); /* G03 */
	n = params_message(m, 29, 31);
	assert_non_null(ask(v, ec_key, SIGN_ECDSA_SHA256, m, n));
	n = params_message(m, 256, 65); /* ffdhe2048 */
	assert_non_null(ask(v, ec_key, SIGN_ECDSA_SHA256, m, n));
	n = params_message(m, 23, 65);
	m[64] = 1; /* explicit_prime */
	assert_non_null(ask(v, ec_key, SIGN_ECDSA_SHA256, m, n));
	n = params_message(m, 23, 65);
	m[68] = 2; /* a compressed point */
	assert_non_null(ask(v, ec_key, SIGN_ECDSA_SHA256, m, n));
	vault_tls_free(v);
}

static void
a_key_has_one_use_and_one_kind(void **state)
{
	struct vault_tls *ike = vault_with(ec_key, VAULT_KEY_IKE);
	struct vault_tls *tls = vault_with(ec_key, VAULT_KEY_TLS);
	uint8_t m[256];
	size_t n = verify_message(m, server_context, 32);

	(void)state;
	assert_non_null(ask(ike, ec_key, SIGN_ECDSA_SHA256, m, n));
	assert_non_null(ask(tls, rsa_key, SIGN_RSA_PSS_SHA256, m, n)); /* another key */
	assert_non_null(ask(tls, ec_key, SIGN_RSA_PSS_SHA256, m, n));
	assert_non_null(ask(tls, ec_key, 0x0203, m, n)); /* ecdsa_sha1 */
	assert_non_null(ask(tls, ec_key, 0, m, n));
	vault_tls_free(ike);
	vault_tls_free(tls);
}

/* A reload: handshakes that began before it still get their signature, those before that do not. */
static void
keys_of_the_generation_before_still_sign(void **state)
{
	struct vault_tls *v = vault_with(ec_key, VAULT_KEY_TLS);
	uint8_t m[256];
	size_t n = verify_message(m, server_context, 32);
	char err[200] = "";

	(void)state;
	assert_true(vault_tls_add(v, VAULT_KEY_TLS, view_str(rsa_key), err, sizeof(err)));
	assert_non_null(ask(v, rsa_key, SIGN_RSA_PSS_SHA256, m, n)); /* not in force yet */
	vault_tls_turn(v);
	assert_null(ask(v, rsa_key, SIGN_RSA_PSS_SHA256, m, n));
	assert_null(ask(v, ec_key, SIGN_ECDSA_SHA256, m, n));
	assert_false(vault_tls_add(v, VAULT_KEY_TLS, view_str("no key"), err, sizeof(err)));
	assert_true(err[0] != '\0');
	vault_tls_turn(v); /* nothing came: all stays */
	assert_null(ask(v, ec_key, SIGN_ECDSA_SHA256, m, n));
	assert_true(vault_tls_add(v, VAULT_KEY_TLS, view_str(rsa_key), err, sizeof(err)));
	vault_tls_turn(v);
	assert_non_null(ask(v, ec_key, SIGN_ECDSA_SHA256, m, n));
	for (unsigned int i = 0; i < VAULT_TLS_KEYS_MAX; i++)
		assert_true(vault_tls_add(v, VAULT_KEY_TLS, view_str(ec_key), err, sizeof(err)));
	assert_false(vault_tls_add(v, VAULT_KEY_TLS, view_str(ec_key), err, sizeof(err)));
	vault_tls_free(v);
}

static void
draw(void *ctx, uint8_t *out, size_t n)
{
	memset(out, ++*(uint8_t *)ctx, n);
}

static void
ticket_keys_turn_hourly_S12(void **state)
{
	struct vault_tls *v = vault_tls_new();
	uint8_t seed = 0;
	struct now now = { .ms = 5000, .draw = draw, .draw_ctx = &seed };
	uint64_t due = 0;

	(void)state;
	assert_int_equal(vault_tls_tickets(v, &now, &due).n, TLS_TICKET_KEY_BYTES);
	assert_int_equal(due, 5000 + VAULT_TICKET_TURN_MS);
	now.ms = due - 1; /* another worker asks: the same key */
	assert_int_equal(vault_tls_tickets(v, &now, &due).n, TLS_TICKET_KEY_BYTES);
	for (unsigned int hour = 2; hour < 6; hour++) {
		now.ms = due;
		struct view keys = vault_tls_tickets(v, &now, &due);
		unsigned int n = hour < TLS_TICKET_KEYS_MAX ? hour : TLS_TICKET_KEYS_MAX;
		assert_int_equal(keys.n, n * TLS_TICKET_KEY_BYTES);
		for (unsigned int i = 0; i < n; i++) /* newest first, the oldest falls out */
			assert_int_equal(keys.p[i * TLS_TICKET_KEY_BYTES], hour - i);
	}
	vault_tls_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_shapes_are_signed),
		cmocka_unit_test(other_shapes_are_refused),
		cmocka_unit_test(a_key_has_one_use_and_one_kind),
		cmocka_unit_test(keys_of_the_generation_before_still_sign),
		cmocka_unit_test(ticket_keys_turn_hourly_S12),
	};

	return cmocka_run_group_tests(tests, make_keys, NULL);
}
