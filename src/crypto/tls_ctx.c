/*
 * TLS contexts: what a server shows and what a client trusts, made once and shared by connections.
 * See tls.h. The limits of this file are ours alone, because the library context reads no
 * openssl.cnf.
 */
#include "crypto/evp.h"
#include "crypto/tls_int.h"
#include "crypto/x509_text.h"

#include "base/rd.h"

#include <openssl/err.h>

#include <stdio.h>
#include <stdlib.h>

/* Forward secrecy always. The CBC suites are for Windows 7 to 8.1, which offer no GCM with ECDHE
 * and an RSA certificate; OpenSSL's CBC runs in constant time. */
static const char tls12_ciphers[] =
    "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:"
    "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384";

/* RFC 8446 section 9.1. AES-128 first: nothing in reach of anybody breaks it, and it costs a server
 * a third less than AES-256. */
static const char tls13_suites[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

/* Where distributions keep the system's roots in one file. */
static const char *const system_roots[] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, Ubuntu, Arch, Alpine */
	"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, RHEL */
	"/etc/ssl/ca-bundle.pem",             /* SUSE */
};

/* The best version that a ClientHello offers, for the words when it is too old. */
static int
note_hello(SSL *ssl, int *alert, void *arg)
{
	struct tls *t = SSL_get_app_data(ssl);
	const unsigned char *ext = NULL;
	size_t n = 0;

	(void)alert;
	(void)arg;
	t->offered = (uint16_t)SSL_client_hello_get0_legacy_version(ssl);
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &ext, &n) == 1) {
		struct rd_fault fault;
		struct rd r = rd_over(view_of(ext, n), &fault);
		struct rd list = rd_sub(&r, rd_u8(&r));
		uint16_t best = 0;

		while (rd_more(&list)) {
			uint16_t v = rd_u16(&list);

			if (v >> 8 == 3 && v > best) /* others are GREASE, RFC 8701 */
				best = v;
		}
		if (best)
			t->offered = best;
	}
	return SSL_CLIENT_HELLO_SUCCESS;
}

static struct tls_ctx *
ctx_new(const SSL_METHOD *method, bool server)
{
	int groups[] = { NID_X25519, NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1 };
	struct tls_ctx *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->refs = 1;
	c->server = server;
	c->ssl = SSL_CTX_new_ex(crypto_algs()->lib, NULL, method);
	if (!c->ssl) {
		free(c);
		return NULL;
	}
	SSL_CTX_set_security_level(c->ssl, 2); /* RSA and DH from 2048 bits, no SHA-1 signatures */
	must(SSL_CTX_set_min_proto_version(c->ssl, TLS1_2_VERSION) == 1);
	must(SSL_CTX_set_max_proto_version(c->ssl, TLS1_3_VERSION) == 1);
	must(SSL_CTX_set_cipher_list(c->ssl, tls12_ciphers) == 1);
	must(SSL_CTX_set_ciphersuites(c->ssl, tls13_suites) == 1);
	must(SSL_CTX_set1_groups(c->ssl, groups, 4) == 1);
	SSL_CTX_set_options(c->ssl,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* No resumption yet: a resumed session would have to be bound to the same listener and its
	 * ticket keys shared by all workers (rotated by the vault). It comes together with that. */
	SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(c->ssl, SSL_OP_NO_TICKET);
	must(SSL_CTX_set_num_tickets(c->ssl, 0) == 1);
	must(SSL_CTX_set_max_early_data(c->ssl, 0) == 1);
	/* The chain is sent as given: never built from a store while a peer waits. */
	SSL_CTX_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	return c;
}

/*
 * The seam of the vault: below this line a server knows its key only as an EVP_PKEY. A key whose
 * signatures are questions to the vault is such a handle too, made by a provider of ours in
 * crypto_algs()->lib; then SSL_MODE_ASYNC is set here and tls_step tells the caller to ask.
 */
static bool
use_identity(struct tls_ctx *c, STACK_OF(X509) * chain, EVP_PKEY *key, char *err, size_t cap)
{
	X509 *leaf = sk_X509_value(chain, 0);
	char words[128];

	ERR_clear_error();
	if (X509_check_private_key(leaf, key) != 1) {
		ERR_clear_error();
		snprintf(err, cap,
		    "the private key does not belong to the first certificate of the file: put the "
		    "server's own certificate first, or give its key");
		return false;
	}
	if (SSL_CTX_use_certificate(c->ssl, leaf) != 1) {
		snprintf(err, cap,
		    "the server's certificate cannot be used: %s; issue one with ECDSA P-256 or "
		    "RSA "
		    "of at least 2048 bits, signed with SHA-256",
		    x509_library_words(words, sizeof(words)));
		return false;
	}
	for (int i = 1; i < sk_X509_num(chain); i++) {
		if (SSL_CTX_add1_chain_cert(c->ssl, sk_X509_value(chain, i)) == 1)
			continue;
		snprintf(err, cap, "certificate %d of the chain cannot be used: %s", i + 1,
		    x509_library_words(words, sizeof(words)));
		return false;
	}
	if (SSL_CTX_use_PrivateKey(c->ssl, key) != 1) {
		snprintf(err, cap, "the private key cannot be used: %s",
		    x509_library_words(words, sizeof(words)));
		return false;
	}
	x509_hashes(leaf, c->sha1, c->sha256);
	return true;
}

struct tls_ctx *
tls_server_ctx(struct view chain_pem, struct view key_pem, char *err, size_t cap)
{
	STACK_OF(X509) *chain = x509_read_pem(chain_pem, X509_CHAIN_MAX, err, cap);
	EVP_PKEY *key = chain ? x509_read_key(key_pem, err, cap) : NULL;
	struct tls_ctx *c = NULL;

	if (!key)
		goto out;
	c = ctx_new(TLS_server_method(), true);
	if (!c) {
		snprintf(err, cap, "no memory for a TLS context");
		goto out;
	}
	SSL_CTX_set_client_hello_cb(c->ssl, note_hello, NULL);
	if (!use_identity(c, chain, key, err, cap)) {
		tls_ctx_unref(c);
		c = NULL;
	}
out:
	EVP_PKEY_free(key);
	x509_chain_free(chain);
	return c;
}

static bool
trust_given(struct tls_ctx *c, struct view roots_pem, char *err, size_t cap)
{
	X509_STORE *store = SSL_CTX_get_cert_store(c->ssl);
	STACK_OF(X509) *roots = x509_read_pem(roots_pem, X509_ROOTS_MAX, err, cap);

	if (!roots)
		return false;
	for (int i = 0; i < sk_X509_num(roots); i++)
		must(X509_STORE_add_cert(store, sk_X509_value(roots, i)) == 1);
	x509_chain_free(roots);
	/* Who names a certificate means it, also when it is an intermediate or the server's own. */
	must(X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1);
	return true;
}

/* All of the file now: a hashed folder would be read during handshakes, inside the sandbox. */
static bool
trust_system(struct tls_ctx *c, char *err, size_t cap)
{
	X509_STORE *store = SSL_CTX_get_cert_store(c->ssl);

	for (size_t i = 0; i < sizeof(system_roots) / sizeof(system_roots[0]); i++) {
		ERR_clear_error();
		if (X509_STORE_load_file_ex(store, system_roots[i], crypto_algs()->lib, NULL) ==
		    1) {
			ERR_clear_error();
			return true;
		}
	}
	ERR_clear_error();
	snprintf(err, cap,
	    "no root certificates on this system (%s): install package ca-certificates, or name "
	    "the CA's file",
	    system_roots[0]);
	return false;
}

struct tls_ctx *
tls_client_ctx(struct view roots_pem, char *err, size_t cap)
{
	struct tls_ctx *c = ctx_new(TLS_client_method(), false);

	if (!c) {
		snprintf(err, cap, "no memory for a TLS context");
		return NULL;
	}
	SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(c->ssl, tls_verify_server, NULL);
	bool good = roots_pem.n ? trust_given(c, roots_pem, err, cap) : trust_system(c, err, cap);
	if (good)
		return c;
	tls_ctx_unref(c);
	return NULL;
}

struct tls_ctx *
tls_ctx_ref(struct tls_ctx *c)
{
	c->refs++;
	return c;
}

void
tls_ctx_unref(struct tls_ctx *c)
{
	if (!c || --c->refs)
		return;
	SSL_CTX_free(c->ssl);
	free(c);
}

void
tls_ctx_cert_hashes(const struct tls_ctx *c, uint8_t sha1[20], uint8_t sha256[32])
{
	must(c->server);
	memcpy(sha1, c->sha1, sizeof(c->sha1));
	memcpy(sha256, c->sha256, sizeof(c->sha256));
}
