/*
 * The provider of keys that only the vault has. See vault_key.h. It answers every question about
 * such a key from its public half, which is a key of the default provider, exports nothing but that
 * half, and has one signature function for whole messages: no digest, no decryption.
 */
#include "crypto/vault_key.h"

#include "crypto/evp.h"

#include <openssl/async.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdlib.h>

#define NAME "rras-vault"
#define ONLY_OURS "provider=" NAME
#define ONLY_DEFAULT "provider=default"

/* What the functions of the provider get as their context: the library context it is in. */
struct vault_provider {
	OSSL_LIB_CTX *lib;
};

struct vault_key {
	struct vault_provider *provider;
	EVP_PKEY *pub; /* NULL until imported */
	bool rsa;
	uint8_t id[SIGN_KEY_ID];
};

struct signing {
	const struct vault_key *key; /* the EVP_PKEY_CTX above holds the key */
	unsigned int digest_bits;
	bool pss;
};

static _Thread_local struct vault_key_ask *asking;

void
vault_key_ask_at(struct vault_key_ask *at)
{
	asking = at;
}

/* --- keys --- */

static struct vault_key *
key_new(void *provctx, bool rsa)
{
	struct vault_key *k = calloc(1, sizeof(*k));

	if (k) {
		k->provider = provctx;
		k->rsa = rsa;
	}
	return k;
}

static void *
key_new_ec(void *provctx)
{
	return key_new(provctx, false);
}

static void *
key_new_rsa(void *provctx)
{
	return key_new(provctx, true);
}

static void
key_free(void *keydata)
{
	struct vault_key *k = keydata;

	if (!k)
		return;
	EVP_PKEY_free(k->pub);
	free(k);
}

/* It says that it has everything: whether the vault has the private half shows when it is asked. */
static int
key_has(const void *keydata, int selection)
{
	const struct vault_key *k = keydata;

	(void)selection;
	return k && k->pub;
}

static int
key_match(const void *a, const void *b, int selection)
{
	const struct vault_key *x = a, *y = b;

	(void)selection;
	return x->pub && y->pub && EVP_PKEY_eq(x->pub, y->pub) == 1;
}

static int
key_import(void *keydata, int selection, const OSSL_PARAM params[])
{
	struct vault_key *k = keydata;
	EVP_PKEY_CTX *ctx =
	    EVP_PKEY_CTX_new_from_name(k->provider->lib, k->rsa ? "RSA" : "EC", ONLY_DEFAULT);
	OSSL_PARAM *copy = OSSL_PARAM_dup(params);

	(void)selection;
	if (ctx && copy && !k->pub && EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &k->pub, EVP_PKEY_PUBLIC_KEY, copy);
	OSSL_PARAM_free(copy);
	EVP_PKEY_CTX_free(ctx);
	return k->pub && evp_key_id(k->pub, k->id);
}

static int
key_export(void *keydata, int selection, OSSL_CALLBACK *cb, void *arg)
{
	const struct vault_key *k = keydata;

	if (!k->pub || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY))
		return 0;
	return EVP_PKEY_export(k->pub, selection, cb, arg);
}

static const OSSL_PARAM *
key_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
		OSSL_PARAM_END,
	};

	return selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY ? types : NULL;
}

static int
key_get_params(void *keydata, OSSL_PARAM params[])
{
	const struct vault_key *k = keydata;

	return k->pub && EVP_PKEY_get_params(k->pub, params);
}

static const OSSL_PARAM *
key_gettable(void *provctx)
{
	static const OSSL_PARAM gettable[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)provctx;
	return gettable;
}

/* A name that no other provider has, so that nobody looks for the signature elsewhere. */
static const char *
key_operation(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "RRAS-VAULT-SIGNATURE" : NULL;
}

/* --- signatures --- */

static void *
sign_new(void *provctx, const char *propq)
{
	(void)provctx;
	(void)propq;
	return calloc(1, sizeof(struct signing));
}

static void
sign_free(void *ctx)
{
	free(ctx);
}

static int
sign_set_params(void *ctx, const OSSL_PARAM params[])
{
	struct signing *s = ctx;
	const OSSL_PARAM *p =
	    params ? OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE) : NULL;
	int mode = 0;

	if (!p)
		return 1; /* the length of the salt: TLS knows one */
	if (p->data_type == OSSL_PARAM_UTF8_STRING) {
		s->pss = p->data && strcmp(p->data, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0;
		return 1;
	}
	if (!OSSL_PARAM_get_int(p, &mode))
		return 0;
	s->pss = mode == RSA_PKCS1_PSS_PADDING;
	return s->pss || mode == RSA_PKCS1_PADDING;
}

static const OSSL_PARAM *
sign_settable(void *ctx, void *provctx)
{
	static const OSSL_PARAM settable[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)ctx;
	(void)provctx;
	return settable;
}

static int
sign_init(void *ctx, const char *digest, void *key, const OSSL_PARAM params[])
{
	static const struct {
		const char *name;
		unsigned int bits;
	} digests[] = { { "SHA256", 256 }, { "SHA2-256", 256 }, { "SHA384", 384 },
		{ "SHA2-384", 384 }, { "SHA512", 512 }, { "SHA2-512", 512 } };
	struct signing *s = ctx;

	s->key = key;
	s->digest_bits = 0;
	for (size_t i = 0; digest && i < sizeof(digests) / sizeof(digests[0]); i++)
		if (strcasecmp(digest, digests[i].name) == 0)
			s->digest_bits = digests[i].bits;
	return s->key && s->digest_bits && sign_set_params(ctx, params);
}

static uint16_t
scheme_of(const struct signing *s)
{
	unsigned int step = (s->digest_bits - 256) / 128;

	if (!s->key->rsa)
		return (uint16_t)(SIGN_ECDSA_SHA256 + 0x100 * step);
	return (
	    uint16_t)(s->pss ? SIGN_RSA_PSS_SHA256 + step : SIGN_RSA_PKCS1_SHA256 + 0x100 * step);
}

/* Leaves the question and lets the handshake wait; goes on here when it was answered. */
static int
sign_digest(void *ctx, unsigned char *sig, size_t *n_sig, size_t cap, const unsigned char *tbs,
    size_t n_tbs)
{
	const struct signing *s = ctx;
	struct vault_key_ask *q = asking;
	int max = EVP_PKEY_get_size(s->key->pub);

	if (max <= 0)
		return 0;
	if (!sig) {
		*n_sig = (size_t)max;
		return 1;
	}
	if (!q || q->open || !ASYNC_get_current_job())
		return 0;
	memcpy(q->key, s->key->id, sizeof(q->key));
	q->scheme = scheme_of(s);
	q->tbs = view_of(tbs, n_tbs);
	q->good = false;
	q->n_sig = 0;
	q->open = true;
	(void)ASYNC_pause_job();
	q->open = false;
	q->tbs = view_of(NULL, 0);
	if (!q->good || q->n_sig == 0 || q->n_sig > cap || q->n_sig > sizeof(q->sig))
		return 0;
	memcpy(sig, q->sig, q->n_sig);
	*n_sig = q->n_sig;
	return 1;
}

/* --- the provider --- */

/* OpenSSL's tables hold functions of many types behind one. */
#define FN(id, f)                                                                                  \
	{                                                                                          \
		id, (void (*)(void))(f)                                                            \
	}
#define KEY_FUNCTIONS(new)                                                                         \
	{                                                                                          \
		FN(OSSL_FUNC_KEYMGMT_NEW, new), FN(OSSL_FUNC_KEYMGMT_FREE, key_free),              \
		    FN(OSSL_FUNC_KEYMGMT_HAS, key_has), FN(OSSL_FUNC_KEYMGMT_MATCH, key_match),    \
		    FN(OSSL_FUNC_KEYMGMT_IMPORT, key_import),                                      \
		    FN(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_types),                                 \
		    FN(OSSL_FUNC_KEYMGMT_EXPORT, key_export),                                      \
		    FN(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, key_types),                                 \
		    FN(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_params),                              \
		    FN(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable),                           \
		    FN(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, key_operation),                     \
		{                                                                                  \
			0, NULL                                                                    \
		}                                                                                  \
	}

static const OSSL_DISPATCH ec_functions[] = KEY_FUNCTIONS(key_new_ec);
static const OSSL_DISPATCH rsa_functions[] = KEY_FUNCTIONS(key_new_rsa);

static const OSSL_DISPATCH sign_functions[] = {
	FN(OSSL_FUNC_SIGNATURE_NEWCTX, sign_new),
	FN(OSSL_FUNC_SIGNATURE_FREECTX, sign_free),
	FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, sign_init),
	FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign_digest),
	FN(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, sign_set_params),
	FN(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, sign_settable),
	{ 0, NULL },
};

static const OSSL_ALGORITHM *
query(void *provctx, int operation, int *no_cache)
{
	static const OSSL_ALGORITHM keys[] = {
		{ "EC:id-ecPublicKey:1.2.840.10045.2.1", ONLY_OURS, ec_functions, NULL },
		{ "RSA:rsaEncryption:1.2.840.113549.1.1.1", ONLY_OURS, rsa_functions, NULL },
		{ NULL, NULL, NULL, NULL },
	};
	static const OSSL_ALGORITHM signatures[] = {
		{ "RRAS-VAULT-SIGNATURE", ONLY_OURS, sign_functions, NULL },
		{ NULL, NULL, NULL, NULL },
	};

	(void)provctx;
	*no_cache = 0;
	if (operation == OSSL_OP_KEYMGMT)
		return keys;
	return operation == OSSL_OP_SIGNATURE ? signatures : NULL;
}

static OSSL_LIB_CTX *loading; /* inside vault_key_load, which runs once */

static int
provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
    void **provctx)
{
	static const OSSL_DISPATCH functions[] = {
		FN(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
		{ 0, NULL },
	};
	static struct vault_provider provider;

	(void)handle;
	(void)in;
	provider.lib = loading;
	*out = functions;
	*provctx = &provider;
	return 1;
}

/*
 * The kinds of key have the names that libssl looks for, which the default provider has too: it is
 * preferred wherever nobody asks for ours.
 */
bool
vault_key_load(OSSL_LIB_CTX *lib)
{
	loading = lib;
	return OSSL_PROVIDER_add_builtin(lib, NAME, provider_init) == 1 &&
	       OSSL_PROVIDER_load(lib, NAME) &&
	       EVP_set_default_properties(lib, "?" ONLY_DEFAULT) == 1;
}

EVP_PKEY *
vault_key_new(EVP_PKEY *pub)
{
	const char *name = EVP_PKEY_is_a(pub, "RSA") ? "RSA" : EVP_PKEY_is_a(pub, "EC") ? "EC" : "";
	EVP_PKEY_CTX *ctx =
	    *name ? EVP_PKEY_CTX_new_from_name(crypto_algs()->lib, name, ONLY_OURS) : NULL;
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (ctx && EVP_PKEY_todata(pub, EVP_PKEY_PUBLIC_KEY, &params) == 1 &&
	    EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

bool
evp_key_id(EVP_PKEY *key, uint8_t out[32])
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);

	if (n <= 0)
		return false;
	struct view v = view_of(der, (size_t)n);
	evp_digest(crypto_algs()->sha256, &v, 1, out);
	OPENSSL_free(der);
	return true;
}
