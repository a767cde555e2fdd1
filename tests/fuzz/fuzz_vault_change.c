/*
 * Change-Password in the vault (Q08). The input is the clear block, so that the fuzzer reaches what
 * lies behind the cipher: byte 0 says how (bit 0: the hash fits; bit 1: another account), the rest
 * stands at the block's end, its length in the last four bytes. Nothing but CHECK_YES may carry
 * anything, and what was read is text.
 */
#include "base/text.h"
#include "crypto/crypto.h"
#include "crypto/legacy.h"
#include "crypto/mschap.h"
#include "vault/vault.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t old_hash[16];

static struct vault *
vault(void)
{
	static const uint8_t key[SEAL_KEY_BYTES] = { 7 };
	static struct vault *v;
	uint8_t buf[VAULT_SEALED_MAX];
	struct wr w = wr_over(buf, sizeof(buf));
	char err[256];

	if (v)
		return v;
	must(crypto_init(err, sizeof(err)));
	struct now now = { .draw = crypto_random };
	v = vault_new(key, NULL, &now);
	must(v && mschap_nt_hash(view_str("oldPass1"), old_hash));
	must(!vault_seal(v, 1, SECRET_NT_HASH, view_str("oldPass1"), &w));
	must(vault_put(v, 1, SECRET_NT_HASH, wr_view_of(&w)) == VAULT_PUT_OK);
	return v;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct auth_request r = { .method = AUTH_MSCHAPV2, .change = true, .n_challenge = 16 };
	struct vault *v = vault();
	uint8_t clear[MSCHAP2_PWBLOCK] = { 0 }, new_hash[16];
	struct change_answer a;
	struct secret s;
	size_t chars;

	if (size < 1 || size - 1 > sizeof(clear))
		return 0;
	if (size > 1)
		memcpy(clear + sizeof(clear) - (size - 1), data + 1, size - 1);
	bool readable = vault_read_pwblock(view_of(clear, sizeof(clear)), &s, &chars);
	must(!readable || (text_is_utf8(secret_view(&s)) && chars > 0 && chars <= 256));
	legacy_rc4(view_of(old_hash, 16), view_of(clear, sizeof(clear)), r.change_block);
	if (readable && data[0] & 1 && mschap_nt_hash(secret_view(&s), new_hash)) {
		mschap2_hash_with_hash(old_hash, new_hash, r.change_hash);
		mschap2_nt_response(
		    r.challenge, r.peer_challenge, view_of(NULL, 0), new_hash, r.nt_response);
	}
	vault_change(v, data[0] & 2 ? 9 : 1, &r, 8, &a);
	if (readable && (data[0] & 3) == 1)
		must(a.result == CHECK_YES || a.result == CHECK_NEW_SHORT ||
		     a.result == CHECK_NEW_SAME);
	else
		must(a.result != CHECK_YES && a.n_hash == 0 && a.success[0] == 0);
	secret_wipe(&s);
	return 0;
}
