/*
 * Proofs: each method right, wrong, without a secret, by nobody. B03: the calls into crypto are
 * counted (the linker puts our counters in front), and they are the same whoever is asked about.
 */
#include "unit/vault/vault_test.h"

static unsigned int n_calls;

bool __real_mschap_nt_hash(struct view password, uint8_t out[16]);
bool __wrap_mschap_nt_hash(struct view password, uint8_t out[16]);
void __real_digest(enum digest_kind kind, const struct view *parts, size_t n, uint8_t *out);
void __wrap_digest(enum digest_kind kind, const struct view *parts, size_t n, uint8_t *out);
void __real_mschap2_nt_response(const uint8_t a[16], const uint8_t p[16], struct view name,
    const uint8_t hash[16], uint8_t out[24]);
void __wrap_mschap2_nt_response(const uint8_t a[16], const uint8_t p[16], struct view name,
    const uint8_t hash[16], uint8_t out[24]);
void __real_mschap2_master_keys(
    const uint8_t hash[16], const uint8_t response[24], uint8_t send[16], uint8_t recv[16]);
void __wrap_mschap2_master_keys(
    const uint8_t hash[16], const uint8_t response[24], uint8_t send[16], uint8_t recv[16]);

bool
__wrap_mschap_nt_hash(struct view password, uint8_t out[16])
{
	n_calls += 1;
	return __real_mschap_nt_hash(password, out);
}

void
__wrap_digest(enum digest_kind kind, const struct view *parts, size_t n, uint8_t *out)
{
	n_calls += 100;
	__real_digest(kind, parts, n, out);
}

void
__wrap_mschap2_nt_response(const uint8_t a[16], const uint8_t p[16], struct view name,
    const uint8_t hash[16], uint8_t out[24])
{
	n_calls += 10000;
	__real_mschap2_nt_response(a, p, name, hash, out);
}

void
__wrap_mschap2_master_keys(
    const uint8_t hash[16], const uint8_t response[24], uint8_t send[16], uint8_t recv[16])
{
	n_calls += 1000000;
	__real_mschap2_master_keys(hash, response, send, recv);
}

static unsigned int
work_of(struct vault *v, uint64_t account, struct auth_request r, enum check_result wanted)
{
	n_calls = 0;
	assert_int_equal(test_check(v, account, r), wanted);
	return n_calls;
}

enum { FULL = 1, HASH_ONLY = 2, TEXT_ONLY = 3, STRANGER = 99 };

static struct vault *
make(void)
{
	struct vault *v = test_vault();

	test_give(v, FULL, SECRET_NT_HASH, "secret");
	test_give(v, FULL, SECRET_REVERSIBLE, "secret");
	test_give(v, HASH_ONLY, SECRET_NT_HASH, "secret");
	test_give(v, TEXT_ONLY, SECRET_REVERSIBLE, "secret");
	return v;
}

static void
test_pap_results(void **state)
{
	struct vault *v = make();

	(void)state;
	assert_int_equal(test_check(v, FULL, test_pap("secret")), CHECK_YES);
	assert_int_equal(test_check(v, FULL, test_pap("Secret")), CHECK_NO);
	assert_int_equal(test_check(v, FULL, test_pap("")), CHECK_NO);
	assert_int_equal(test_check(v, FULL, test_pap("\xff")), CHECK_NO);
	assert_int_equal(test_check(v, TEXT_ONLY, test_pap("secret")), CHECK_NO_SECRET);
	assert_int_equal(test_check(v, 0, test_pap("secret")), CHECK_NO);
	vault_free(v);
}

/* CHAP-MD5 needs the password itself (part 7 of the product's accounts: "says so when missing"). */
static void
test_chap_results(void **state)
{
	struct vault *v = make();
	struct auth_request none = test_chap("secret"), other_id = test_chap("secret");

	(void)state;
	assert_int_equal(test_check(v, FULL, test_chap("secret")), CHECK_YES);
	assert_int_equal(test_check(v, FULL, test_chap("wrong")), CHECK_NO);
	assert_int_equal(test_check(v, HASH_ONLY, test_chap("secret")), CHECK_NO_SECRET);
	assert_int_equal(test_check(v, 0, test_chap("secret")), CHECK_NO);
	other_id.id++;
	assert_int_equal(test_check(v, FULL, other_id), CHECK_NO);
	none.n_challenge = 0;
	assert_int_equal(test_check(v, FULL, none), CHECK_NO);
	vault_free(v);
}

static void
test_mschap2_results(void **state)
{
	struct vault *v = make();
	struct auth_request r = test_mschap2("CORP\\anna", "secret");
	struct check_answer a;
	uint8_t hash[16], send[16], recv[16];
	char success[43];

	(void)state;
	vault_check(v, FULL, &r, &a);
	assert_int_equal(a.result, CHECK_YES);
	assert_true(mschap_nt_hash(view_str("secret"), hash));
	mschap2_authenticator_response(
	    hash, r.nt_response, r.peer_challenge, r.challenge, view_str("anna"), success);
	mschap2_master_keys(hash, r.nt_response, send, recv);
	assert_string_equal(a.success, success);
	assert_memory_equal(a.server_send, send, 16);
	assert_memory_equal(a.server_recv, recv, 16);

	r = test_mschap2("anna", "wrong");
	memset(&a, 0xee, sizeof(a));
	vault_check(v, FULL, &r, &a);
	assert_int_equal(a.result, CHECK_NO);
	assert_string_equal(a.success, ""); /* no proof of ours for who gave none */
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(a.server_send[i] | a.server_recv[i], 0);

	assert_int_equal(test_check(v, TEXT_ONLY, test_mschap2("anna", "secret")), CHECK_NO_SECRET);
	assert_int_equal(test_check(v, 0, test_mschap2("anna", "secret")), CHECK_NO);
	r = test_mschap2("anna", "secret");
	r.n_challenge = 8;
	assert_int_equal(test_check(v, FULL, r), CHECK_NO);
	vault_free(v);
}

static void
test_unsupported(void **state)
{
	struct vault *v = make();
	struct auth_request r = { .method = AUTH_MSCHAP };

	(void)state;
	assert_int_equal(test_check(v, FULL, r), CHECK_UNSUPPORTED);
	r.method = AUTH_EAP;
	assert_int_equal(test_check(v, FULL, r), CHECK_UNSUPPORTED);
	r.method = AUTH_NONE;
	assert_int_equal(test_check(v, FULL, r), CHECK_UNSUPPORTED);
	vault_free(v);
}

/* B03: right, wrong, unknown to aaa (0), unknown to the vault, and without a secret: equal work. */
static void
test_equal_work(void **state)
{
	struct vault *v = make();
	unsigned int pap = work_of(v, FULL, test_pap("secret"), CHECK_YES);
	struct auth_request right = test_chap("secret"), wrong = test_chap("wrong");
	unsigned int chap = work_of(v, FULL, right, CHECK_YES);

	(void)state;
	assert_true(pap > 0 && chap > 0 && chap != pap);
	assert_int_equal(work_of(v, FULL, test_pap("wrong"), CHECK_NO), pap);
	assert_int_equal(work_of(v, 0, test_pap("secret"), CHECK_NO), pap);
	assert_int_equal(work_of(v, STRANGER, test_pap("secret"), CHECK_NO_SECRET), pap);
	assert_int_equal(work_of(v, TEXT_ONLY, test_pap("secret"), CHECK_NO_SECRET), pap);

	assert_int_equal(work_of(v, FULL, wrong, CHECK_NO), chap);
	assert_int_equal(work_of(v, 0, right, CHECK_NO), chap);
	assert_int_equal(work_of(v, STRANGER, right, CHECK_NO_SECRET), chap);
	assert_int_equal(work_of(v, HASH_ONLY, right, CHECK_NO_SECRET), chap);

	right = test_mschap2("anna", "secret");
	wrong = test_mschap2("anna", "wrong");
	unsigned int ms2 = work_of(v, FULL, right, CHECK_YES);
	assert_int_equal(work_of(v, FULL, wrong, CHECK_NO), ms2);
	assert_int_equal(work_of(v, 0, right, CHECK_NO), ms2);
	assert_int_equal(work_of(v, STRANGER, right, CHECK_NO_SECRET), ms2);
	assert_int_equal(work_of(v, TEXT_ONLY, right, CHECK_NO_SECRET), ms2);
	assert_int_equal(vault_counts(v).n_checks, 15);
	vault_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pap_results),
		cmocka_unit_test(test_chap_results),
		cmocka_unit_test(test_mschap2_results),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_equal_work),
	};

	return cmocka_run_group_tests(tests, test_crypto, NULL);
}
