/*
 * The change of a password over MS-CHAPv2, RFC 2759 section 7. See vault.h. The block is the one
 * thing of a peer's that is parsed here: a fixed size, by struct rd, after RC4 under the stored
 * hash. Whoever does not know the old password gets noise out of it and is told CHECK_NO, whatever
 * the noise looks like. B03: the same work for an account that is not there. Attack Q08.
 */
#include "vault/vault_priv.h"

#include "base/rd.h"
#include "base/text.h"
#include "crypto/legacy.h"
#include "crypto/mschap.h"

#define CLEAR_PASSWORD (MSCHAP2_PWBLOCK - 4u)

bool
vault_read_pwblock(struct view clear, struct secret *out, size_t *chars)
{
	uint8_t utf8[SECRET_MAX];
	struct rd_fault fault;
	struct rd r = rd_over(clear, &fault);
	struct view field = rd_take(&r, CLEAR_PASSWORD);
	size_t n = rd_le32(&r);
	int n_utf8 = -1;

	secret_wipe(out);
	*chars = n / 2;
	if (rd_done(&r) && n > 0 && n <= CLEAR_PASSWORD) {
		struct rd tail = rd_over(field, &fault);
		(void)rd_take(&tail, CLEAR_PASSWORD - n);
		n_utf8 = text_from_utf16le(rd_rest(&tail), utf8, sizeof(utf8));
	}
	bool ok = n_utf8 > 0 && secret_set(out, view_of(utf8, (size_t)n_utf8));
	secret_wipe_bytes(utf8, sizeof(utf8));
	return ok;
}

/* Both hashes bind the block: the old one opened it, and the new one has to give the peer's value.
 */
static bool
old_is_proven(const uint8_t old_hash[16], const uint8_t new_hash[16], const struct auth_request *r)
{
	uint8_t expected[16];

	mschap2_hash_with_hash(old_hash, new_hash, expected);
	return secret_bytes_equal(expected, r->change_hash, sizeof(expected));
}

/* The response and the keys, all with the new password. */
static bool
new_is_proven(const uint8_t new_hash[16], const struct auth_request *r, struct change_answer *out)
{
	struct view name = mschap_name_without_domain(view_of(r->name, r->n_name));
	uint8_t expected[24];

	mschap2_nt_response(r->challenge, r->peer_challenge, name, new_hash, expected);
	mschap2_authenticator_response(
	    new_hash, r->nt_response, r->peer_challenge, r->challenge, name, out->success);
	mschap2_master_keys(new_hash, r->nt_response, out->server_send, out->server_recv);
	return secret_bytes_equal(expected, r->nt_response, sizeof(expected)) &&
	       r->n_challenge == 16;
}

/* Seals the new password in the forms that the old one was kept in. */
static bool
seal_new(const struct vault *v, uint64_t account, const struct vault_slot *slot,
    const struct secret *password, struct change_answer *out)
{
	struct wr hash = wr_over(out->hash, sizeof(out->hash));
	struct wr text = wr_over(out->reversible, sizeof(out->reversible));

	if (vault_seal(v, account, SECRET_NT_HASH, secret_view(password), &hash))
		return false;
	if (slot->text && vault_seal(v, account, SECRET_REVERSIBLE, secret_view(password), &text))
		return false;
	out->n_hash = wr_len(&hash);
	out->n_reversible = wr_len(&text);
	return wr_done(&hash) && wr_done(&text);
}

void
vault_change(struct vault *v, uint64_t account, const struct auth_request *r,
    unsigned int min_length, struct change_answer *out)
{
	const struct vault_slot *slot = vault_find(v, account);
	bool has = slot && slot->has_hash;
	const uint8_t *old_hash = has ? slot->nt_hash : v->dummy_hash;
	uint8_t clear[MSCHAP2_PWBLOCK], new_hash[16] = { 0 };
	struct secret password = { 0 };
	size_t chars;

	*out = (struct change_answer){ .result = CHECK_UNSUPPORTED };
	v->counts.n_checks++;
	if (r->method != AUTH_MSCHAPV2 || !r->change)
		return;
	legacy_rc4(view_of(old_hash, 16), view_of(r->change_block, sizeof(clear)), clear);
	bool readable = vault_read_pwblock(view_of(clear, sizeof(clear)), &password, &chars);
	const struct secret *known = readable ? &password : &v->dummy_text;
	readable = mschap_nt_hash(secret_view(known), new_hash) && readable;
	bool old = old_is_proven(old_hash, new_hash, r);
	bool fresh = new_is_proven(new_hash, r, out);

	if (!has)
		out->result = account ? CHECK_NO_SECRET : CHECK_NO;
	else if (!readable || !old || !fresh)
		out->result = CHECK_NO;
	else if (chars < min_length)
		out->result = CHECK_NEW_SHORT;
	else if (secret_bytes_equal(old_hash, new_hash, 16))
		out->result = CHECK_NEW_SAME;
	else
		out->result =
		    seal_new(v, account, slot, &password, out) ? CHECK_YES : CHECK_NEW_BAD;
	secret_wipe_bytes(clear, sizeof(clear));
	secret_wipe_bytes(new_hash, sizeof(new_hash));
	secret_wipe(&password);
	if (out->result == CHECK_YES)
		return;
	enum check_result why = out->result;
	secret_wipe_bytes(out, sizeof(*out));
	out->result = why;
}
