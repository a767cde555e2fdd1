/*
 * Start of the cryptographic library: a library context of our own, the providers, and every
 * algorithm fetched once, so that nothing is loaded after the sandbox closed. See crypto.h. Works
 * without a call to crypto_init as well (tests, fuzzers), but then a missing algorithm aborts.
 */
#include "crypto/crypto.h"

#include "crypto/evp.h"
#include "crypto/vault_key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

static struct crypto_algs algs; /* set once, by load_once */
static pthread_once_t loaded = PTHREAD_ONCE_INIT;
static const char *missing; /* the first thing that could not be loaded */
static const char *remedy;

static const char from_openssl[] =
    "this build of OpenSSL does not have it: install OpenSSL 3 of the distribution "
    "(Debian: package libssl3)";
static const char from_legacy[] =
    "MS-CHAP needs OpenSSL's legacy provider (file legacy.so in the folder that `openssl version "
    "-m` prints): install package openssl and libssl3, from Debian 13 also "
    "openssl-provider-legacy, and unset OPENSSL_MODULES";

static bool
need(const void *handle, const char *name, const char *how)
{
	if (handle || missing)
		return handle != NULL;
	missing = name;
	remedy = how;
	return false;
}

static EVP_MAC_CTX *
hmac_with(const char *digest_name)
{
	char name[16];
	OSSL_PARAM params[2] = { 0 };
	EVP_MAC_CTX *ctx = algs.hmac ? EVP_MAC_CTX_new(algs.hmac) : NULL;

	snprintf(name, sizeof(name), "%s", digest_name);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
	params[1] = OSSL_PARAM_construct_end();
	if (ctx && EVP_MAC_CTX_set_params(ctx, params) == 1)
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

static void
load_once(void)
{
	struct crypto_algs *a = &algs;
	uint8_t seed[1];

	/* No atexit handler: at the end of a process other threads may still encrypt. No
	 * configuration: libssl would read openssl.cnf at the first handshake context, perhaps
	 * inside the sandbox. */
	if (!OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG |
				  OPENSSL_INIT_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_LOAD_SSL_STRINGS,
		NULL))
		missing = "libssl";
	tzset(); /* the C library reads /etc/localtime even for gmtime: now, not later */
	a->lib = OSSL_LIB_CTX_new();
	if (!need(a->lib, "library context", from_openssl))
		return;
	a->provider = OSSL_PROVIDER_load(a->lib, "default");
	need(a->provider, "default provider", from_openssl);
	a->legacy = OSSL_PROVIDER_load(a->lib, "legacy");
	need(a->legacy, "legacy provider", from_legacy);

	if (!vault_key_load(a->lib) && !missing)
		missing = "the vault's key provider";

	need(a->md5 = EVP_MD_fetch(a->lib, "MD5", NULL), "MD5", from_openssl);
	need(a->sha1 = EVP_MD_fetch(a->lib, "SHA1", NULL), "SHA-1", from_openssl);
	need(a->sha256 = EVP_MD_fetch(a->lib, "SHA256", NULL), "SHA-256", from_openssl);
	need(a->md4 = EVP_MD_fetch(a->lib, "MD4", NULL), "MD4", from_legacy);
	need(a->des_ecb = EVP_CIPHER_fetch(a->lib, "DES-ECB", NULL), "DES", from_legacy);
	need(a->rc4 = EVP_CIPHER_fetch(a->lib, "RC4", NULL), "RC4", from_legacy);
	need(a->aes256_gcm = EVP_CIPHER_fetch(a->lib, "AES-256-GCM", NULL), "AES-256-GCM",
	    from_openssl);
	need(a->aes256_cbc = EVP_CIPHER_fetch(a->lib, "AES-256-CBC", NULL), "AES-256-CBC",
	    from_openssl);
	need(a->hmac = EVP_MAC_fetch(a->lib, "HMAC", NULL), "HMAC", from_openssl);
	need(a->hmac_ready[DIGEST_MD5] = hmac_with("MD5"), "HMAC-MD5", from_openssl);
	need(a->hmac_ready[DIGEST_SHA1] = hmac_with("SHA1"), "HMAC-SHA-1", from_openssl);
	need(a->hmac_ready[DIGEST_SHA256] = hmac_with("SHA256"), "HMAC-SHA-256", from_openssl);
	if (!missing && RAND_bytes_ex(a->lib, seed, sizeof(seed), 0) != 1) {
		missing = "random numbers";
		remedy = "the kernel gives none: getrandom(2) must be allowed";
	}
}

const struct crypto_algs *
crypto_algs(void)
{
	must(pthread_once(&loaded, load_once) == 0);
	must(!missing);
	return &algs;
}

bool
crypto_init(char *err, size_t cap)
{
	must(pthread_once(&loaded, load_once) == 0);
	if (missing) {
		snprintf(err, cap, "cryptography: cannot load %s; %s", missing,
		    remedy ? remedy : from_openssl);
		return false;
	}
	const char *wrong = selftest_run();
	if (wrong) {
		snprintf(err, cap,
		    "cryptography: %s failed its known-answer test; the OpenSSL library is damaged "
		    "or replaced: install it again",
		    wrong);
		return false;
	}
	return true;
}

void
crypto_random(void *ctx, uint8_t *out, size_t n)
{
	(void)ctx;
	if (n)
		must(RAND_bytes_ex(crypto_algs()->lib, out, n, 0) == 1);
}
