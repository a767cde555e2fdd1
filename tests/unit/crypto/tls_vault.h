/* For the tests of TLS: a server whose keys are in a vault, and that vault. */
#ifndef TEST_TLS_VAULT_H
#define TEST_TLS_VAULT_H

#include "crypto/sign.h"
#include "tls_pair.h"

/* One certificate without its key. */
static inline struct tls_own
own_of(const struct identity *id)
{
	return (struct tls_own){ .label = "test.pem", .chain_pem = view_str(id->cert) };
}

static inline struct tls_ctx *
vault_ctx(const struct identity *const *ids, unsigned int n)
{
	struct tls_own own[TLS_CERTS_MAX];
	char err[256] = "";

	for (unsigned int i = 0; i < n; i++)
		own[i] = own_of(ids[i]);
	struct tls_ctx *c = tls_server_ctx_of(own, n, err, sizeof(err));
	if (!c)
		fail_msg("%s", err);
	return c;
}

/* Answers the question of t as a vault with this key would. Returns the scheme that was asked. */
static inline uint16_t
answer_with(struct tls *t, const struct identity *id)
{
	struct tls_question q = tls_question(t);
	uint8_t sig[SIGN_MAX];
	char err[200] = "";
	size_t n = 0;
	struct sign_key *k = sign_key_read(view_str(id->key), err, sizeof(err));

	assert_non_null(k);
	assert_true(view_eq(q.key, view_of(sign_key_id(k), SIGN_KEY_ID)));
	assert_true(sign_make(k, q.scheme, q.what, sig, &n));
	sign_key_free(k);
	uint16_t scheme = q.scheme;
	tls_answer(t, view_of(sig, n), CAUSE_VAULT_DOWN);
	tls_step(t);
	return scheme;
}

#endif
