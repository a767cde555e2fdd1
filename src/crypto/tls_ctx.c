/*
 * TLS contexts: what a server shows and what a client trusts, made once and shared by connections.
 * See tls.h. The limits of this file are ours alone, because the library context reads no
 * openssl.cnf.
 */
#include "crypto/evp.h"
#include "crypto/tls_int.h"
#include "crypto/x509_text.h"

#include "base/rd.h"

#include <openssl/async.h>
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
static void
note_version(struct tls *t)
{
	const unsigned char *ext = NULL;
	size_t n = 0;

	t->offered = (uint16_t)SSL_client_hello_get0_legacy_version(t->ssl);
	if (SSL_client_hello_get0_ext(t->ssl, TLSEXT_TYPE_supported_versions, &ext, &n) == 1) {
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
}

/* Before anything of the ClientHello is decided, and before a ticket in it is looked at. */
static int
on_hello(SSL *ssl, int *alert, void *arg)
{
	struct tls *t = SSL_get_app_data(ssl);

	(void)arg;
	note_version(t);
	if (tls_site_choose(t)) {
		tls_tickets_for(t);
		return SSL_CLIENT_HELLO_SUCCESS;
	}
	t->no_memory = true;
	*alert = SSL_AD_INTERNAL_ERROR;
	return SSL_CLIENT_HELLO_ERROR;
}

/* What both ends have in common. */
static SSL_CTX *
ssl_new(const SSL_METHOD *method)
{
	int groups[] = { NID_X25519, NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1 };
	SSL_CTX *ssl = SSL_CTX_new_ex(crypto_algs()->lib, NULL, method);

	if (!ssl)
		return NULL;
	SSL_CTX_set_security_level(ssl, 2); /* RSA and DH from 2048 bits, no SHA-1 signatures */
	must(SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1);
	must(SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) == 1);
	must(SSL_CTX_set_cipher_list(ssl, tls12_ciphers) == 1);
	must(SSL_CTX_set_ciphersuites(ssl, tls13_suites) == 1);
	must(SSL_CTX_set1_groups(ssl, groups, 4) == 1);
	SSL_CTX_set_options(
	    ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* No session is kept here: a server's go into tickets, see tls_ticket.c. */
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
	must(SSL_CTX_set_num_tickets(ssl, 0) == 1);
	must(SSL_CTX_set_max_early_data(ssl, 0) == 1);
	/* The chain is sent as given: never built from a store while a peer waits. */
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	return ssl;
}

SSL_CTX *
tls_server_ssl(void)
{
	SSL_CTX *ssl = ssl_new(TLS_server_method());

	if (!ssl)
		return NULL;
	SSL_CTX_set_client_hello_cb(ssl, on_hello, NULL);
	tls_tickets_enable(ssl);
	return ssl;
}

/* Stacks for handshakes that wait for the vault; OpenSSL keeps a pool of them for each thread. */
static bool
make_job_pool(void)
{
	static _Thread_local bool made;

	made = made || ASYNC_init_thread(TLS_JOBS_MAX, 0) == 1;
	return made;
}

struct tls_ctx *
tls_server_ctx_of(const struct tls_own *own, unsigned int n_own, char *err, size_t cap)
{
	struct tls_ctx *c = calloc(1, sizeof(*c));

	must(n_own >= 1 && n_own <= TLS_CERTS_MAX);
	snprintf(err, cap, "no memory for a TLS context");
	if (!c)
		return NULL;
	c->refs = 1;
	c->server = true;
	if (tls_sites_make(c, own, n_own, err, cap) && (!c->vault || make_job_pool()))
		return c;
	tls_ctx_unref(c);
	return NULL;
}

struct tls_ctx *
tls_server_ctx(struct view chain_pem, struct view key_pem, char *err, size_t cap)
{
	struct tls_own own = { .chain_pem = chain_pem, .key_pem = key_pem };

	if (key_pem.n)
		return tls_server_ctx_of(&own, 1, err, cap);
	snprintf(err, cap, "the private key file is empty");
	return NULL;
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
	struct tls_ctx *c = calloc(1, sizeof(*c));

	if (c)
		c->ssl = ssl_new(TLS_client_method());
	if (!c || !c->ssl) {
		free(c);
		snprintf(err, cap, "no memory for a TLS context");
		return NULL;
	}
	c->refs = 1;
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
	if (c->server)
		tls_sites_free(c);
	else
		SSL_CTX_free(c->ssl);
	tls_tickets_unref(c->tickets);
	free(c);
}

void
tls_ctx_cert_hashes(const struct tls_ctx *c, uint8_t sha1[20], uint8_t sha256[32])
{
	must(c->server);
	memcpy(sha1, c->ids[0].sha1, sizeof(c->ids[0].sha1));
	memcpy(sha256, c->ids[0].sha256, sizeof(c->ids[0].sha256));
}
