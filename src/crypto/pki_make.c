/*
 * Making certificates: a small CA for those who have none, and the server and client certificates
 * that it issues. See pki.h. Writes no file; whoever calls stores the texts and guards the keys.
 */
#include "crypto/pki.h"

#include "base/addr.h"
#include "base/secret.h"
#include "crypto/crypto.h"
#include "crypto/evp.h"
#include "crypto/x509_text.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdio.h>

#define DAY_S 86400
#define DAYS_MAX 36500u
#define CLOCK_SKEW_S 3600 /* a client's clock may run behind ours */
#define SERIAL_BYTES 16

static EVP_PKEY *
new_key(bool rsa)
{
	OSSL_LIB_CTX *lib = crypto_algs()->lib;

	return rsa ? EVP_PKEY_Q_keygen(lib, NULL, "RSA", (size_t)2048)
	           : EVP_PKEY_Q_keygen(lib, NULL, "EC", "P-256");
}

/* Random, positive, of full length: RFC 5280 section 4.1.2.2 asks for at most 20 bytes. */
static bool
set_serial(X509 *x)
{
	uint8_t b[SERIAL_BYTES];

	crypto_random(NULL, b, sizeof(b));
	b[0] = (uint8_t)((b[0] & 0x7f) | 0x40);
	BIGNUM *bn = BN_bin2bn(b, sizeof(b), NULL);
	bool good = bn && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x));
	BN_free(bn);
	return good;
}

static bool
set_dates(X509 *x, int64_t now_unix_s, unsigned int days, const X509 *ca)
{
	int64_t end = now_unix_s + (int64_t)days * DAY_S;

	if (!ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(now_unix_s - CLOCK_SKEW_S)) ||
	    !ASN1_TIME_set(X509_getm_notAfter(x), (time_t)end))
		return false;
	/* Nothing outlives its issuer. */
	if (ca && ASN1_TIME_compare(X509_get0_notAfter(x), X509_get0_notAfter(ca)) > 0)
		return X509_set1_notAfter(x, X509_get0_notAfter(ca)) == 1;
	return true;
}

/* Version 3 with serial, dates, subject and key; issuer `ca` or, when NULL, itself. */
static X509 *
new_cert(const char *cn, unsigned int days, int64_t now_unix_s, EVP_PKEY *key, X509 *ca)
{
	X509 *x = X509_new_ex(crypto_algs()->lib, NULL);
	X509_NAME *subject = x ? X509_get_subject_name(x) : NULL;

	if (subject && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
	    set_dates(x, now_unix_s, days, ca) &&
	    X509_NAME_add_entry_by_txt(
		subject, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) == 1 &&
	    X509_set_issuer_name(x, ca ? X509_get_subject_name(ca) : subject) == 1 &&
	    X509_set_pubkey(x, key) == 1)
		return x;
	X509_free(x);
	return NULL;
}

static bool
add_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX v3;

	X509V3_set_ctx(&v3, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &v3, nid, value);
	bool good = e && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return good;
}

static bool
sign(X509 *x, EVP_PKEY *key)
{
	return X509_sign(x, key, crypto_algs()->sha256) > 0;
}

/* Takes the text out of bio, terminated. */
static bool
take_text(BIO *bio, char out[PEM_MAX])
{
	char *text = NULL;
	long n = BIO_get_mem_data(bio, &text);

	if (n <= 0 || n >= (long)PEM_MAX)
		return false;
	memcpy(out, text, (size_t)n);
	out[n] = '\0';
	return true;
}

/* The certificates and the key as PEM texts. `second` may be NULL. */
static bool
write_pem(X509 *first, X509 *second, EVP_PKEY *key, char cert_pem[PEM_MAX], char key_pem[PEM_MAX])
{
	BIO *certs = BIO_new(BIO_s_mem());
	BIO *secret = BIO_new(BIO_s_secmem()); /* wiped when freed */
	bool good = certs && secret && PEM_write_bio_X509(certs, first) == 1 &&
	            (!second || PEM_write_bio_X509(certs, second) == 1) &&
	            take_text(certs, cert_pem) &&
	            PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1 &&
	            take_text(secret, key_pem);

	BIO_free(certs);
	BIO_free(secret);
	if (!good)
		secret_wipe_bytes(key_pem, PEM_MAX);
	return good;
}

static bool
sane_request(const char *cn, unsigned int days, char *err, size_t cap)
{
	size_t n = cn ? strlen(cn) : 0;

	if (n == 0 || n > 64)
		snprintf(err, cap, "a common name has 1 to 64 characters");
	else if (days == 0 || days > DAYS_MAX)
		snprintf(err, cap, "validity must be 1 to %u days", DAYS_MAX);
	else
		return true;
	return false;
}

static void
say_library(const char *what, char *err, size_t cap)
{
	char words[128];

	snprintf(err, cap, "%s: %s", what, x509_library_words(words, sizeof(words)));
}

bool
pki_make_ca(const char *common_name, unsigned int days, int64_t now_unix_s, char cert_pem[PEM_MAX],
    char key_pem[PEM_MAX], char *err, size_t cap)
{
	if (!sane_request(common_name, days, err, cap))
		return false;
	ERR_clear_error();
	EVP_PKEY *key = new_key(false);
	X509 *x = key ? new_cert(common_name, days, now_unix_s, key, NULL) : NULL;
	bool good = x && add_ext(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	            add_ext(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	            add_ext(x, x, NID_subject_key_identifier, "hash") &&
	            add_ext(x, x, NID_authority_key_identifier, "keyid:always") && sign(x, key) &&
	            write_pem(x, NULL, key, cert_pem, key_pem);

	if (!good)
		say_library("the CA could not be made", err, cap);
	X509_free(x);
	EVP_PKEY_free(key);
	return good;
}

/* Letters, digits, hyphen, underscore, dots between labels, and `*.` in front. */
static bool
is_dns_name(struct view v)
{
	size_t label = 0;

	if (v.n > 2 && v.p[0] == '*' && v.p[1] == '.')
		v = view_of(v.p + 2, v.n - 2);
	if (v.n == 0 || v.n > 253)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		              (c >= '0' && c <= '9') || c == '-' || c == '_';

		if (c == '.' ? label == 0 : !letter || label == 63)
			return false;
		label = c == '.' ? 0 : label + 1;
	}
	return label != 0;
}

static bool
push_name(GENERAL_NAMES *names, int type, ASN1_STRING *value)
{
	GENERAL_NAME *g = GENERAL_NAME_new();

	must(g && value);
	GENERAL_NAME_set0_value(g, type, value);
	must(sk_GENERAL_NAME_push(names, g) > 0);
	return true;
}

static ASN1_STRING *
string_of(int type, const void *p, size_t n)
{
	ASN1_STRING *s = ASN1_STRING_type_new(type);

	must(s && ASN1_STRING_set(s, p, (int)n) == 1);
	return s;
}

/*
 * One name for subjectAltName. An IPv4 address goes in twice: as an address, and as a DNS name,
 * where Windows before 10 looks for what was dialled.
 */
static bool
add_name(GENERAL_NAMES *names, const char *name)
{
	struct view v = view_str(name);
	struct ip_addr a;

	if (ip_parse(v, &a)) {
		push_name(names, GEN_IPADD,
		    string_of(V_ASN1_OCTET_STRING, a.b, a.family == IP_V4 ? 4 : 16));
		if (a.family == IP_V6)
			return true;
	} else if (!is_dns_name(v)) {
		return false;
	}
	return push_name(names, GEN_DNS, string_of(V_ASN1_IA5STRING, v.p, v.n));
}

static bool
add_alt_names(X509 *x, const struct pki_issue *want, char *err, size_t cap)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	bool good = true;

	must(names && want->n_names <= sizeof(want->names) / sizeof(want->names[0]));
	for (unsigned int i = 0; good && i < want->n_names; i++) {
		good = add_name(names, want->names[i]);
		if (!good)
			snprintf(err, cap,
			    "'%s' is neither a DNS name nor an IP address (write international "
			    "names in their xn-- form)",
			    want->names[i]);
	}
	/* A server without names: what clients dial can only be the common name. */
	if (good && want->n_names == 0 && want->use == PKI_SERVER) {
		good = add_name(names, want->common_name);
		if (!good)
			snprintf(err, cap,
			    "a server certificate needs a name that clients dial; '%s' is none",
			    want->common_name);
	}
	if (good && sk_GENERAL_NAME_num(names) > 0)
		good = X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0) == 1;
	GENERAL_NAMES_free(names);
	return good;
}

/* Whether this certificate and key can issue anything now. */
static bool
ca_is_fit(X509 *ca, EVP_PKEY *ca_key, int64_t now_unix_s, char *err, size_t cap)
{
	if (X509_check_ca(ca) == 0)
		snprintf(err, cap, "the CA's certificate is not that of a CA (basic constraints)");
	else if (X509_check_private_key(ca, ca_key) != 1)
		snprintf(err, cap, "the CA's key does not belong to its certificate");
	else if (ASN1_TIME_cmp_time_t(X509_get0_notAfter(ca), (time_t)now_unix_s) < 0)
		snprintf(err, cap, "the CA's certificate has expired: make a new CA");
	else
		return true;
	ERR_clear_error();
	return false;
}

static bool
issue(const struct pki_issue *want, X509 *ca, EVP_PKEY *ca_key, char cert_pem[PEM_MAX],
    char key_pem[PEM_MAX], char *err, size_t cap)
{
	EVP_PKEY *key = new_key(want->rsa);
	X509 *x = key ? new_cert(want->common_name, want->days, want->now_unix_s, key, ca) : NULL;
	bool good = x != NULL;

	snprintf(err, cap, "%s", "");
	good = good && add_ext(x, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_ext(x, ca, NID_key_usage,
		   want->rsa ? "critical,digitalSignature,keyEncipherment"
			     : "critical,digitalSignature") &&
	       add_ext(x, ca, NID_ext_key_usage,
		   want->use == PKI_SERVER ? "serverAuth" : "clientAuth") &&
	       add_ext(x, ca, NID_subject_key_identifier, "hash") &&
	       add_ext(x, ca, NID_authority_key_identifier, "keyid:always") &&
	       add_alt_names(x, want, err, cap) && sign(x, ca_key) &&
	       write_pem(x, ca, key, cert_pem, key_pem);
	if (!good && err[0] == '\0')
		say_library("the certificate could not be issued", err, cap);
	X509_free(x);
	EVP_PKEY_free(key);
	return good;
}

bool
pki_issue(const struct pki_issue *want, struct view ca_cert_pem, struct view ca_key_pem,
    char cert_pem[PEM_MAX], char key_pem[PEM_MAX], char *err, size_t cap)
{
	if (!sane_request(want->common_name, want->days, err, cap))
		return false;
	STACK_OF(X509) *ca = x509_read_pem(ca_cert_pem, X509_CHAIN_MAX, err, cap);
	EVP_PKEY *ca_key = ca ? x509_read_key(ca_key_pem, err, cap) : NULL;
	bool good = ca_key && ca_is_fit(sk_X509_value(ca, 0), ca_key, want->now_unix_s, err, cap) &&
	            issue(want, sk_X509_value(ca, 0), ca_key, cert_pem, key_pem, err, cap);

	EVP_PKEY_free(ca_key);
	x509_chain_free(ca);
	return good;
}
