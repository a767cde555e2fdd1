/*
 * Resumption by tickets. See tls.h. What a session is, is sealed and given to the client; the keys
 * come of the vault and are the same in every worker. With the session goes the hash of the
 * certificate that was shown, because the crypto binding of SSTP needs it in the resumed one too.
 * Resuming saves the signature of TLS and nothing else: who the user is, PPP asks each time.
 */
#include "base/secret.h"
#include "crypto/evp.h"
#include "crypto/tls_int.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <assert.h>
#include <stdlib.h>

#define NAME_BYTES 16u
#define CIPHER_BYTES 32u /* AES-256-CBC; the MAC is over its output (RFC 5077 section 4) */
#define MAC_BYTES 32u

struct ticket_key {
	uint8_t name[NAME_BYTES], cipher[CIPHER_BYTES], mac[MAC_BYTES];
};
static_assert(sizeof(struct ticket_key) == TLS_TICKET_KEY_BYTES, "as the message carries it");

struct tls_tickets {
	unsigned int refs, n;
	struct ticket_key keys[TLS_TICKET_KEYS_MAX]; /* newest first */
};

struct tls_tickets *
tls_tickets_new(void)
{
	struct tls_tickets *k = calloc(1, sizeof(*k));

	if (k)
		k->refs = 1;
	return k;
}

bool
tls_tickets_set(struct tls_tickets *k, struct view keys)
{
	if (keys.n % TLS_TICKET_KEY_BYTES || keys.n > sizeof(k->keys))
		return false;
	secret_wipe_bytes(k->keys, sizeof(k->keys));
	k->n = (unsigned int)(keys.n / TLS_TICKET_KEY_BYTES);
	return view_copy(keys, k->keys, sizeof(k->keys));
}

void
tls_tickets_unref(struct tls_tickets *k)
{
	if (!k || --k->refs)
		return;
	secret_wipe_bytes(k, sizeof(*k));
	free(k);
}

void
tls_ctx_use_tickets(struct tls_ctx *c, struct tls_tickets *k)
{
	must(c->server);
	k->refs++;
	tls_tickets_unref(c->tickets);
	c->tickets = k;
}

static int
start(const struct ticket_key *k, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
    int sealing)
{
	uint8_t mac_key[MAC_BYTES];
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key, sizeof(mac_key)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	memcpy(mac_key, k->mac, sizeof(mac_key));
	bool ok = EVP_CipherInit_ex2(
		      cipher, crypto_algs()->aes256_cbc, k->cipher, iv, sealing, NULL) == 1 &&
	          EVP_MAC_CTX_set_params(mac, params) == 1;
	secret_wipe_bytes(mac_key, sizeof(mac_key));
	return ok;
}

/* SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 go on, 2 and renew, 0 no such key, -1 failed. */
static int
on_ticket_key(SSL *ssl, unsigned char name[NAME_BYTES], unsigned char *iv, EVP_CIPHER_CTX *cipher,
    EVP_MAC_CTX *mac, int sealing)
{
	const struct tls *t = SSL_get_app_data(ssl);
	const struct tls_tickets *k = t->ctx->tickets;

	if (!k || k->n == 0)
		return 0;
	if (sealing) {
		memcpy(name, k->keys[0].name, NAME_BYTES);
		if (RAND_bytes_ex(crypto_algs()->lib, iv,
			(size_t)EVP_CIPHER_get_iv_length(crypto_algs()->aes256_cbc), 0) != 1)
			return -1;
		return start(&k->keys[0], iv, cipher, mac, 1) ? 1 : -1;
	}
	for (unsigned int i = 0; i < k->n; i++)
		if (memcmp(name, k->keys[i].name, NAME_BYTES) == 0) /* no secret */
			return start(&k->keys[i], iv, cipher, mac, 0) ? (i == 0 ? 1 : 2) : -1;
	return 0;
}

/* A ticket is made: which certificate its session stands for. */
static int
on_make(SSL *ssl, void *arg)
{
	const struct tls_id *id = tls_id_shown(SSL_get_app_data(ssl));

	(void)arg;
	return id && SSL_SESSION_set1_ticket_appdata(
			 SSL_get_session(ssl), id->sha256, sizeof(id->sha256)) == 1;
}

/* A ticket came and opened: is its certificate one that this name is shown today? */
static SSL_TICKET_RETURN
on_open(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t n_name,
    SSL_TICKET_STATUS status, void *arg)
{
	struct tls *t = SSL_get_app_data(ssl);
	const struct tls_site *site = &t->ctx->sites[t->site];
	void *hash = NULL;
	size_t n = 0;

	(void)name;
	(void)n_name;
	(void)arg;
	t->resumed = NULL;
	if ((status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) ||
	    SSL_SESSION_get0_ticket_appdata(session, &hash, &n) != 1)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	for (unsigned int i = 0; i < site->n_ids; i++) {
		const struct tls_id *id = &t->ctx->ids[site->ids[i]];
		if (n == sizeof(id->sha256) && memcmp(hash, id->sha256, n) == 0) /* public */
			t->resumed = id;
	}
	if (!t->resumed)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

void
tls_tickets_enable(SSL_CTX *ssl)
{
	(void)SSL_CTX_set_timeout(ssl, TLS_TICKET_LIFE_S);
	must(SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, on_ticket_key) == 1);
	must(SSL_CTX_set_session_ticket_cb(ssl, on_make, on_open, NULL) == 1);
}

/* Contexts begin with SSL_OP_NO_TICKET, so a connection without keys makes and takes none. */
void
tls_tickets_for(struct tls *t)
{
	const struct tls_tickets *k = t->ctx->tickets;

	if (!k || k->n == 0)
		return;
	SSL_clear_options(t->ssl, SSL_OP_NO_TICKET);
	(void)SSL_set_num_tickets(t->ssl, 1); /* TLS 1.3: one connection wants one */
}
