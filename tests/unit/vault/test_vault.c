/* The store of the vault: sealing, keeping, forgetting; secrets at rest are bound to their place.
 */
#include "unit/vault/vault_test.h"

static void
test_seal_and_put(void **state)
{
	struct vault *v = test_vault();
	uint8_t buf[VAULT_SEALED_MAX];
	struct wr w = wr_over(buf, sizeof(buf));

	(void)state;
	assert_null(vault_seal(v, 5, SECRET_NT_HASH, view_str("secret"), &w));
	assert_int_equal(wr_len(&w), 16 + SEAL_OVERHEAD);
	/* bound to account and kind: it opens nowhere else */
	assert_int_equal(vault_put(v, 6, SECRET_NT_HASH, wr_view_of(&w)), VAULT_PUT_BAD);
	assert_int_equal(vault_put(v, 5, SECRET_REVERSIBLE, wr_view_of(&w)), VAULT_PUT_BAD);
	assert_int_equal(vault_put(v, 0, SECRET_NT_HASH, wr_view_of(&w)), VAULT_PUT_BAD);
	for (size_t n = 1; n < wr_len(&w); n++)
		assert_int_equal(vault_put(v, 5, SECRET_NT_HASH, view_of(buf, n)), VAULT_PUT_BAD);
	assert_int_equal(vault_counts(v).n_hashes, 0);
	assert_int_equal(vault_put(v, 5, SECRET_NT_HASH, wr_view_of(&w)), VAULT_PUT_OK);
	assert_int_equal(vault_counts(v).n_hashes, 1);
	assert_int_equal(vault_counts(v).n_bad, 2 + 16 + SEAL_OVERHEAD - 1);
	vault_free(v);
}

static void
test_seal_refuses(void **state)
{
	struct vault *v = test_vault();
	uint8_t buf[VAULT_SEALED_MAX];
	struct wr w = wr_over(buf, sizeof(buf));
	char longest[600];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	assert_non_null(vault_seal(v, 0, SECRET_NT_HASH, view_str("secret"), &w));
	assert_non_null(vault_seal(v, 1, SECRET_NT_HASH, view_str(""), &w));
	assert_non_null(vault_seal(v, 1, SECRET_NT_HASH, view_str("\xff\xfe"), &w));
	assert_non_null(vault_seal(v, 1, SECRET_NT_HASH, view_of(longest, 257), &w));
	assert_non_null(vault_seal(v, 1, (enum secret_kind)9, view_str("secret"), &w));
	assert_int_equal(wr_len(&w), 0);
	assert_null(vault_seal(v, 1, SECRET_REVERSIBLE, view_of(longest, 256), &w));
	vault_free(v);
}

/* Another key opens nothing, and that is counted, not silent. */
static void
test_other_key(void **state)
{
	static const uint8_t other_key[SEAL_KEY_BYTES] = { 9 };
	struct now now = test_now();
	struct vault *v = test_vault(), *other = vault_new(other_key, NULL, &now);
	uint8_t buf[VAULT_SEALED_MAX];
	struct wr w = wr_over(buf, sizeof(buf));

	(void)state;
	assert_null(vault_seal(v, 5, SECRET_NT_HASH, view_str("secret"), &w));
	assert_int_equal(vault_put(other, 5, SECRET_NT_HASH, wr_view_of(&w)), VAULT_PUT_BAD);
	assert_int_equal(vault_counts(other).n_bad, 1);
	vault_free(other);
	vault_free(v);
}

/* Thousands of accounts come, change and go; each keeps its own password. */
static void
test_many_accounts(void **state)
{
	struct vault *v = test_vault();
	char password[32];

	(void)state;
	for (uint64_t i = 1; i <= 600; i++) {
		snprintf(password, sizeof(password), "secret-%llu", (unsigned long long)i);
		test_give(v, i, SECRET_NT_HASH, password);
		if (i % 3 == 0)
			test_give(v, i, SECRET_REVERSIBLE, password);
	}
	for (uint64_t i = 2; i <= 600; i += 2) {
		assert_int_equal(vault_put(v, i, SECRET_NT_HASH, view_of(NULL, 0)), VAULT_PUT_OK);
		assert_int_equal(
		    vault_put(v, i, SECRET_REVERSIBLE, view_of(NULL, 0)), VAULT_PUT_OK);
	}
	assert_int_equal(vault_counts(v).n_hashes, 300);
	assert_int_equal(vault_counts(v).n_reversible, 100);
	for (uint64_t i = 1; i <= 600; i++) {
		snprintf(password, sizeof(password), "secret-%llu", (unsigned long long)i);
		enum check_result pap = test_check(v, i, test_pap(password));
		enum check_result chap = test_check(v, i, test_chap(password));
		assert_int_equal(pap, i % 2 ? CHECK_YES : CHECK_NO_SECRET);
		assert_int_equal(chap, i % 2 && i % 3 == 0 ? CHECK_YES : CHECK_NO_SECRET);
	}
	vault_free(v);
}

static void
test_sync_forgets_deleted(void **state)
{
	struct vault *v = test_vault();

	(void)state;
	for (uint64_t i = 1; i <= 50; i++)
		test_give(v, i, SECRET_REVERSIBLE, "secret");
	vault_sync_begin(v);
	for (uint64_t i = 10; i <= 20; i++)
		test_give(v, i, SECRET_REVERSIBLE, "secret");
	vault_sync_end(v);
	assert_int_equal(vault_counts(v).n_reversible, 11);
	for (uint64_t i = 1; i <= 50; i++)
		assert_int_equal(test_check(v, i, test_chap("secret")),
		    i >= 10 && i <= 20 ? CHECK_YES : CHECK_NO_SECRET);
	vault_free(v);
}

static int held;

static void
count_pages(void *p, size_t n, bool hold)
{
	assert_int_equal((uintptr_t)p % 4096, 0);
	assert_int_equal(n % 4096, 0);
	for (size_t i = 0; !hold && i < n; i++)
		assert_int_equal(((uint8_t *)p)[i], 0); /* wiped before it is let go */
	held += hold ? 1 : -1;
}

static void
test_pages_are_wiped(void **state)
{
	struct now now = test_now();
	struct vault *v = vault_new(test_key, count_pages, &now);

	(void)state;
	assert_int_equal(held, 2);
	for (uint64_t i = 1; i <= 300; i++)
		test_give(v, i, SECRET_REVERSIBLE, "secret");
	assert_int_equal(held, 2);
	vault_free(v);
	assert_int_equal(held, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seal_and_put),
		cmocka_unit_test(test_seal_refuses),
		cmocka_unit_test(test_other_key),
		cmocka_unit_test(test_many_accounts),
		cmocka_unit_test(test_sync_forgets_deleted),
		cmocka_unit_test(test_pages_are_wiped),
	};

	return cmocka_run_group_tests(tests, test_crypto, NULL);
}
