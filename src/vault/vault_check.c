/*
 * Testing proofs. See vault.h. B03: whoever is asked about, known or not, with or without a secret,
 * the same functions run; who is nobody is tested against a random secret that fits nothing.
 */
#include "vault/vault_priv.h"

#include "crypto/digest.h"
#include "crypto/mschap.h"

/* RFC 1334: the password itself; its NT hash is compared. */
static bool
check_pap(const uint8_t nt_hash[16], const struct auth_request *r)
{
	uint8_t hash[16] = { 0 };
	bool is_text = mschap_nt_hash(secret_view(&r->password), hash);
	bool equal = secret_bytes_equal(hash, nt_hash, sizeof(hash));

	secret_wipe_bytes(hash, sizeof(hash));
	return is_text && equal;
}

/* RFC 1994 section 4.1: MD5 over identifier, secret and challenge. */
static bool
check_chap(const struct secret *password, const struct auth_request *r)
{
	const struct view parts[] = { view_of(&r->id, 1), secret_view(password),
		view_of(r->challenge, r->n_challenge) };
	uint8_t md5[16];

	digest(DIGEST_MD5, parts, 3, md5);
	return r->n_challenge > 0 && secret_bytes_equal(md5, r->chap_digest, sizeof(md5));
}

/* RFC 2759 section 8; keys of RFC 3079. All of it is computed whatever the comparison says. */
static bool
check_mschap2(const uint8_t nt_hash[16], const struct auth_request *r, struct check_answer *out)
{
	struct view name = mschap_name_without_domain(view_of(r->name, r->n_name));
	uint8_t expected[24];
	bool equal;

	mschap2_nt_response(r->challenge, r->peer_challenge, name, nt_hash, expected);
	equal = secret_bytes_equal(expected, r->nt_response, sizeof(expected));
	mschap2_authenticator_response(
	    nt_hash, r->nt_response, r->peer_challenge, r->challenge, name, out->success);
	mschap2_master_keys(nt_hash, r->nt_response, out->server_send, out->server_recv);
	secret_wipe_bytes(expected, sizeof(expected));
	return equal && r->n_challenge == 16;
}

void
vault_check(
    struct vault *v, uint64_t account, const struct auth_request *r, struct check_answer *out)
{
	const struct vault_slot *slot = vault_find(v, account);
	const struct secret *text = slot ? vault_text_of(v, slot) : NULL;
	bool has_hash = slot && slot->has_hash;
	bool has = r->method == AUTH_CHAP ? text != NULL : has_hash;
	bool right = false;

	const uint8_t *hash = has_hash ? slot->nt_hash : v->dummy_hash;
	if (!text)
		text = &v->dummy_text;
	*out = (struct check_answer){ .result = CHECK_UNSUPPORTED };
	v->counts.n_checks++;
	switch (r->method) {
	case AUTH_PAP:
		right = check_pap(hash, r);
		break;
	case AUTH_CHAP:
		right = check_chap(text, r);
		break;
	case AUTH_MSCHAPV2:
		right = check_mschap2(hash, r, out);
		break;
	case AUTH_NONE:
	case AUTH_MSCHAP:
	case AUTH_EAP:
	case N_AUTH_METHOD:
		return;
	}
	out->result = right && has ? CHECK_YES : CHECK_NO;
	if (account != 0 && !has)
		out->result = CHECK_NO_SECRET;
	if (out->result == CHECK_YES)
		return;
	secret_wipe_bytes(out->success, sizeof(out->success));
	secret_wipe_bytes(out->server_send, sizeof(out->server_send));
	secret_wipe_bytes(out->server_recv, sizeof(out->server_recv));
}
