/*
 * The change of a password over MS-CHAPv2 in the vault: proof of both passwords, the rules,
 * sealing, and blocks that no client makes. RFC 2759 sections 7 and 8.9 to 8.13. R34, Q08, B03.
 */
#include "unit/vault/vault_test.h"

enum { FULL = 1, HASH_ONLY = 2, NO_HASH = 3 };

static struct vault *
make(void)
{
	struct vault *v = test_vault();

	test_give(v, FULL, SECRET_NT_HASH, "oldPass1");
	test_give(v, FULL, SECRET_REVERSIBLE, "oldPass1");
	test_give(v, HASH_ONLY, SECRET_NT_HASH, "oldPass1");
	test_give(v, NO_HASH, SECRET_REVERSIBLE, "oldPass1");
	return v;
}

/* A request as a client makes it. */
static struct auth_request
change(const char *old, const char *new)
{
	struct auth_request r = test_mschap2("CORP\\anna", new);
	uint8_t old_hash[16];

	r.change = true;
	memset(r.change_block, 0x77, sizeof(r.change_block));
	assert_true(mschap_nt_hash(view_str(old), old_hash));
	assert_true(mschap2_change_seal(view_str(new), old_hash, r.change_block, r.change_hash));
	return r;
}

static enum check_result
try(struct vault *v, uint64_t account, const struct auth_request *r)
{
	struct change_answer a;

	vault_change(v, account, r, 8, &a);
	if (a.result != CHECK_YES) { /* a refusal carries nothing */
		struct change_answer none = { .result = a.result };
		assert_memory_equal(&a, &none, sizeof(a));
	}
	return a.result;
}

static void
test_right(void **state)
{
	struct vault *v = make();
	struct auth_request r =
	    change("oldPass1", "new-P\xc3\xa4ss-\xf0\x9f\x94\x91"); /* umlaut, pair */
	struct change_answer a;
	uint8_t hash[16], send[16], recv[16];
	char success[43];

	(void)state;
	vault_change(v, FULL, &r, 8, &a);
	assert_int_equal(a.result, CHECK_YES);
	assert_true(mschap_nt_hash(view_str("new-P\xc3\xa4ss-\xf0\x9f\x94\x91"), hash));
	mschap2_authenticator_response(
	    hash, r.nt_response, r.peer_challenge, r.challenge, view_str("anna"), success);
	mschap2_master_keys(hash, r.nt_response, send, recv);
	assert_string_equal(a.success, success);
	assert_memory_equal(a.server_send, send, 16);
	assert_memory_equal(a.server_recv, recv, 16);

	/* the old one is good until record says otherwise; then only the new one is, in both forms
	 */
	assert_int_equal(test_check(v, FULL, test_pap("oldPass1")), CHECK_YES);
	assert_int_equal(
	    vault_put(v, FULL, SECRET_NT_HASH, view_of(a.hash, a.n_hash)), VAULT_PUT_OK);
	assert_int_equal(
	    vault_put(v, FULL, SECRET_REVERSIBLE, view_of(a.reversible, a.n_reversible)),
	    VAULT_PUT_OK);
	assert_int_equal(test_check(v, FULL, test_pap("oldPass1")), CHECK_NO);
	assert_int_equal(
	    test_check(v, FULL, test_chap("new-P\xc3\xa4ss-\xf0\x9f\x94\x91")), CHECK_YES);
	/* sealed for this account only */
	assert_int_equal(
	    vault_put(v, HASH_ONLY, SECRET_NT_HASH, view_of(a.hash, a.n_hash)), VAULT_PUT_BAD);

	r = change("oldPass1", "newPass22");
	vault_change(v, HASH_ONLY, &r, 8, &a);
	assert_int_equal(a.result, CHECK_YES);
	assert_int_equal(a.n_reversible, 0); /* none was kept, none is */
	vault_free(v);
}

static void
test_wrong_and_rules(void **state)
{
	struct vault *v = make();
	struct auth_request r = change("not-it-1", "newPass22");

	(void)state;
	assert_int_equal(try(v, FULL, &r), CHECK_NO);
	assert_int_equal(try(v, 0, &r), CHECK_NO); /* nobody */
	assert_int_equal(try(v, 99, &r), CHECK_NO_SECRET);
	assert_int_equal(try(v, NO_HASH, &r), CHECK_NO_SECRET);
	r = change("oldPass1", "newPass22");
	r.change_hash[15] ^= 1;
	assert_int_equal(try(v, FULL, &r), CHECK_NO);
	r = change("oldPass1", "newPass22");
	r.nt_response[0] ^= 1;
	assert_int_equal(try(v, FULL, &r), CHECK_NO);
	r = change("oldPass1", "newPass22");
	r.n_challenge = 15;
	assert_int_equal(try(v, FULL, &r), CHECK_NO);
	r = change("oldPass1", "newPass"); /* seven characters */
	assert_int_equal(try(v, FULL, &r), CHECK_NEW_SHORT);
	r = change("oldPass1", "oldPass1");
	assert_int_equal(try(v, FULL, &r), CHECK_NEW_SAME);
	r.method = AUTH_PAP;
	assert_int_equal(try(v, FULL, &r), CHECK_UNSUPPORTED);
	r = test_mschap2("anna", "oldPass1");
	assert_int_equal(try(v, FULL, &r), CHECK_UNSUPPORTED);
	vault_free(v);
}

static bool
read_block(uint32_t n, const char *tail_hex, size_t n_tail)
{
	uint8_t *clear = malloc(MSCHAP2_PWBLOCK); /* exact: reading past it is found */
	struct secret s;
	size_t chars;
	bool ok;

	assert_non_null(clear);
	memset(clear, 'A', MSCHAP2_PWBLOCK);
	memcpy(clear + 512 - n_tail, tail_hex, n_tail);
	for (unsigned int i = 0; i < 4; i++)
		clear[512 + i] = (uint8_t)(n >> 8 * i);
	ok = vault_read_pwblock(view_of(clear, MSCHAP2_PWBLOCK), &s, &chars);
	assert_false(vault_read_pwblock(view_of(clear, MSCHAP2_PWBLOCK - 1), &s, &chars));
	free(clear);
	return ok;
}

/* Q08: every impossible length, and bytes that are no text. */
static void
test_blocks(void **state)
{
	(void)state;
	assert_true(read_block(2, "x\0", 2));
	assert_false(read_block(512, "", 0)); /* 256 of three bytes each: more than can be kept */
	assert_false(read_block(0, "", 0));
	assert_false(read_block(3, "x\0y", 3));
	assert_false(read_block(514, "", 0));
	assert_false(read_block(513, "", 0));
	assert_false(read_block(516, "", 0));
	assert_false(read_block(0xffffffffu, "", 0));
	assert_false(read_block(0x80000002u, "", 0));
	assert_false(read_block(2, "\x00\xd8", 2));        /* half a pair */
	assert_false(read_block(4, "\x00\xd8x\x00", 4));   /* and not its other half */
	assert_false(read_block(2, "\x00\xdc", 2));        /* the other half alone */
	assert_true(read_block(4, "\x3d\xd8\x11\xdd", 4)); /* a whole one */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong_and_rules),
		cmocka_unit_test(test_blocks),
	};

	return cmocka_run_group_tests(tests, test_crypto, NULL);
}
