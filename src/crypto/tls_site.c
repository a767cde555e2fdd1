/*
 * Which certificate a client is shown. See tls.h. The certificates of a server are put together to
 * sites: what is shown to everybody who asks for the same name, at most one certificate of each
 * kind of key. Each site is an SSL_CTX, made once; OpenSSL chooses the kind by what the client can
 * check.
 */
#include "base/rd.h"
#include "base/text.h"
#include "crypto/evp.h"
#include "crypto/tls_int.h"
#include "crypto/x509_text.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>

/* RFC 6066 section 3: a list of names, of which one kind exists and only one may stand. */
enum { SNI_HOST_NAME = 0 };

/* --- certificates --- */

static void
id_free(struct tls_id *id)
{
	x509_chain_free(id->chain);
	EVP_PKEY_free(id->key);
	free(id->names);
}

static void
lower(struct view v, char out[TLS_NAME_MAX])
{
	for (size_t i = 0; i < v.n; i++)
		out[i] = (char)(v.p[i] >= 'A' && v.p[i] <= 'Z' ? v.p[i] + 32 : v.p[i]);
	out[v.n] = '\0';
}

/* A name as it is compared: in lower case, without the root's dot. False: it is none. */
static bool
fold_name(struct view v, char out[TLS_NAME_MAX])
{
	if (v.n >= 2 && v.p[v.n - 1] == '.')
		v.n--;
	if (v.n == 0 || v.n >= TLS_NAME_MAX || memchr(v.p, 0, v.n))
		return false;
	lower(v, out);
	return true;
}

static void
add_name(struct tls_id *id, struct view name)
{
	if (id->n_names < TLS_CERT_NAMES_MAX && fold_name(name, id->names[id->n_names]))
		id->n_names++;
}

/* The DNS names that a certificate carries; without any the common name, as browsers once did. */
static void
add_own_names(struct tls_id *id)
{
	GENERAL_NAMES *san = X509_get_ext_d2i(id->leaf, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(san, i);
		if (g->type == GEN_DNS)
			add_name(id, view_of(ASN1_STRING_get0_data(g->d.dNSName),
					 (size_t)ASN1_STRING_length(g->d.dNSName)));
	}
	if (!san) {
		char cn[TLS_NAME_MAX] = "";
		if (X509_NAME_get_text_by_NID(
			X509_get_subject_name(id->leaf), NID_commonName, cn, sizeof(cn)) > 0)
			add_name(id, view_str(cn));
	}
	GENERAL_NAMES_free(san);
}

static void
describe(struct tls_id *id)
{
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(id->leaf), NULL);
	char *hex = n ? BN_bn2hex(n) : NULL;

	x509_hashes(id->leaf, id->sha1, id->sha256);
	x509_name_text(X509_get_subject_name(id->leaf), id->subject, sizeof(id->subject));
	snprintf(id->serial, sizeof(id->serial), "%s", hex ? hex : "?");
	OPENSSL_free(hex);
	BN_free(n);
}

static bool
take_key(struct tls_id *id, struct view key_pem, char *err, size_t cap)
{
	EVP_PKEY *pub = X509_get0_pubkey(id->leaf);

	if (key_pem.n) {
		id->key = x509_read_key(key_pem, err, cap);
	} else {
		id->key = pub ? vault_key_new(pub) : NULL;
		snprintf(err, cap,
		    "the certificate's kind of key is not used here: issue one with ECDSA P-256 or "
		    "RSA of at least 2048 bits");
	}
	ERR_clear_error();
	if (!id->key)
		return false;
	if (X509_check_private_key(id->leaf, id->key) != 1) {
		ERR_clear_error();
		snprintf(err, cap,
		    "the private key does not belong to the first certificate of the file: put the "
		    "server's own certificate first, or give its key");
		return false;
	}
	id->rsa = EVP_PKEY_is_a(id->key, "RSA");
	return true;
}

static bool
id_make(struct tls_id *id, const struct tls_own *own, char *err, size_t cap)
{
	id->chain = x509_read_pem(own->chain_pem, X509_CHAIN_MAX, err, cap);
	if (!id->chain)
		return false;
	id->leaf = sk_X509_value(id->chain, 0);
	if (!take_key(id, own->key_pem, err, cap))
		return false;
	id->names = calloc(TLS_CERT_NAMES_MAX, sizeof(*id->names));
	if (!id->names) {
		snprintf(err, cap, "out of memory");
		return false;
	}
	describe(id);
	for (unsigned int i = 0; i < own->n_names; i++)
		add_name(id, view_str(own->names[i]));
	if (own->n_names == 0)
		add_own_names(id);
	return true;
}

/* Puts a certificate into the context of a site. */
static bool
show(SSL_CTX *ssl, const struct tls_id *id, char *err, size_t cap)
{
	char words[128];

	ERR_clear_error();
	if (SSL_CTX_use_certificate(ssl, id->leaf) != 1) {
		snprintf(err, cap,
		    "the server's certificate cannot be used: %s; issue one with ECDSA P-256 or "
		    "RSA of at least 2048 bits, signed with SHA-256",
		    x509_library_words(words, sizeof(words)));
		return false;
	}
	for (int i = 1; i < sk_X509_num(id->chain); i++) {
		if (SSL_CTX_add1_chain_cert(ssl, sk_X509_value(id->chain, i)) == 1)
			continue;
		snprintf(err, cap, "certificate %d of the chain cannot be used: %s", i + 1,
		    x509_library_words(words, sizeof(words)));
		return false;
	}
	if (SSL_CTX_use_PrivateKey(ssl, id->key) == 1)
		return true;
	snprintf(err, cap, "the private key cannot be used: %s",
	    x509_library_words(words, sizeof(words)));
	return false;
}

/* --- sites --- */

/* Whether a wildcard stands for a name: one label, RFC 6125 section 6.4.3. */
static bool
wildcard_covers(const char *pattern, const char *name)
{
	const char *dot = strchr(name, '.');

	return pattern[0] == '*' && pattern[1] == '.' && dot && dot != name &&
	       strcmp(pattern + 1, dot) == 0;
}

static bool
id_has(const struct tls_id *id, const char *name, bool by_wildcard)
{
	for (unsigned int i = 0; i < id->n_names; i++)
		if (by_wildcard ? wildcard_covers(id->names[i], name)
				: strcmp(id->names[i], name) == 0)
			return true;
	return false;
}

/* The first certificate of a kind for a name: one that has it before one that covers it. */
static int
id_for(const struct tls_ctx *c, const char *name, bool rsa)
{
	for (unsigned int wild = 0; wild < 2; wild++)
		for (unsigned int i = 0; i < c->n_ids; i++)
			if (c->ids[i].rsa == rsa && id_has(&c->ids[i], name, wild))
				return (int)i;
	return -1;
}

/* The site of these certificates, made when there is none yet; -1 with err. */
static int
site_of(struct tls_ctx *c, const unsigned int *ids, unsigned int n, char *err, size_t cap)
{
	for (unsigned int i = 0; i < c->n_sites; i++)
		if (c->sites[i].n_ids == n && memcmp(c->sites[i].ids, ids, n * sizeof(ids[0])) == 0)
			return (int)i;
	struct tls_site *bigger = realloc(c->sites, (c->n_sites + 1) * sizeof(*bigger));
	if (!bigger)
		return -1;
	c->sites = bigger;
	struct tls_site *s = &c->sites[c->n_sites];
	*s = (struct tls_site){ .ssl = tls_server_ssl(), .n_ids = n };
	if (!s->ssl)
		return -1;
	c->n_sites++;
	memcpy(s->ids, ids, n * sizeof(ids[0]));
	for (unsigned int i = 0; i < n; i++)
		if (!show(s->ssl, &c->ids[ids[i]], err, cap))
			return -1;
	return (int)c->n_sites - 1;
}

/* The site of everybody who asks for `name`; `first` is in it whatever names it has. */
static int
site_for(struct tls_ctx *c, const char *name, int first, char *err, size_t cap)
{
	unsigned int ids[2], n = 0;

	for (unsigned int rsa = 0; rsa < 2; rsa++) {
		int i = id_for(c, name, rsa);
		if (first >= 0 && c->ids[first].rsa == (bool)rsa)
			i = first;
		if (i >= 0)
			ids[n++] = (unsigned int)i;
	}
	must(n > 0);
	return site_of(c, ids, n, err, cap);
}

/* Every name of every certificate leads to a site, once. */
static bool
name_sites(struct tls_ctx *c, char *err, size_t cap)
{
	size_t most = 0;

	for (unsigned int i = 0; i < c->n_ids; i++)
		most += c->ids[i].n_names;
	c->names = calloc(most + 1, sizeof(*c->names));
	if (!c->names)
		return false;
	for (unsigned int i = 0; i < c->n_ids; i++) {
		for (unsigned int j = 0; j < c->ids[i].n_names; j++) {
			const char *name = c->ids[i].names[j];
			unsigned int k = 0;
			while (k < c->n_names && strcmp(c->names[k].name, name) != 0)
				k++;
			if (k < c->n_names)
				continue;
			int site = site_for(c, name, -1, err, cap);
			if (site < 0)
				return false;
			c->names[c->n_names++] =
			    (struct tls_name){ .name = name, .site = (unsigned int)site };
		}
	}
	return true;
}

bool
tls_sites_make(
    struct tls_ctx *c, const struct tls_own *own, unsigned int n_own, char *err, size_t cap)
{
	char why[256] = "out of memory";

	c->ids = calloc(n_own, sizeof(*c->ids));
	for (unsigned int i = 0; c->ids && i < n_own; i++) {
		c->n_ids = i + 1;
		c->vault = c->vault || own[i].key_pem.n == 0;
		if (id_make(&c->ids[i], &own[i], why, sizeof(why)))
			continue;
		snprintf(err, cap, "%s%s%s", own[i].label ? own[i].label : "",
		    own[i].label ? ": " : "", why);
		return false;
	}
	if (c->ids &&
	    site_for(c, c->ids[0].n_names ? c->ids[0].names[0] : "", 0, why, sizeof(why)) == 0 &&
	    name_sites(c, why, sizeof(why))) {
		c->ssl = c->sites[0].ssl;
		return true;
	}
	snprintf(err, cap, "%s", why);
	return false;
}

void
tls_sites_free(struct tls_ctx *c)
{
	for (unsigned int i = 0; i < c->n_sites; i++)
		SSL_CTX_free(c->sites[i].ssl);
	for (unsigned int i = 0; i < c->n_ids; i++)
		id_free(&c->ids[i]);
	free(c->sites);
	free(c->names);
	free(c->ids);
}

/* --- a client --- */

/* The name that a ClientHello asks for, folded; "" when there is none that one could have. */
static void
asked_name(SSL *ssl, char out[TLS_NAME_MAX])
{
	const unsigned char *ext = NULL;
	struct rd_fault fault;
	size_t n = 0;

	out[0] = '\0';
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &ext, &n) != 1)
		return;
	struct rd r = rd_over(view_of(ext, n), &fault);
	struct rd list = rd_sub(&r, rd_u16(&r));
	uint8_t kind = rd_u8(&list);
	struct view name = rd_take(&list, rd_u16(&list));
	if (!rd_ok(&list) || kind != SNI_HOST_NAME || !fold_name(name, out))
		out[0] = '\0'; /* OpenSSL refuses what is malformed */
}

static unsigned int
find_site(const struct tls_ctx *c, const char *name)
{
	if (name[0] == '\0')
		return 0;
	for (unsigned int i = 0; i < c->n_names; i++)
		if (strcmp(c->names[i].name, name) == 0)
			return c->names[i].site;
	for (unsigned int i = 0; i < c->n_names; i++)
		if (wildcard_covers(c->names[i].name, name))
			return c->names[i].site;
	return 0;
}

/*
 * A session is bound to the name that was asked for and to the certificates of the site: a ticket
 * that comes with another name, or after a certificate was exchanged, is not taken (S08).
 */
static bool
bind_session(struct tls *t, const struct tls_site *site, const char *name)
{
	struct view parts[3];
	uint8_t id[32];
	size_t n = 0;

	for (unsigned int i = 0; i < site->n_ids; i++)
		parts[n++] = view_of(t->ctx->ids[site->ids[i]].sha256, 32);
	parts[n++] = view_str(name);
	evp_digest(crypto_algs()->sha256, parts, n, id);
	return SSL_set_session_id_context(t->ssl, id, sizeof(id)) == 1;
}

bool
tls_site_choose(struct tls *t)
{
	char name[TLS_NAME_MAX];

	asked_name(t->ssl, name);
	t->site = find_site(t->ctx, name);
	const struct tls_site *site = &t->ctx->sites[t->site];
	return SSL_set_SSL_CTX(t->ssl, site->ssl) != NULL && bind_session(t, site, name);
}

const struct tls_id *
tls_id_shown(const struct tls *t)
{
	const struct tls_site *site = &t->ctx->sites[t->site];
	const X509 *leaf = SSL_get_certificate(t->ssl);

	if (SSL_session_reused(t->ssl))
		return t->resumed;
	for (unsigned int i = 0; i < site->n_ids; i++)
		if (t->ctx->ids[site->ids[i]].leaf == leaf)
			return &t->ctx->ids[site->ids[i]];
	return NULL;
}
