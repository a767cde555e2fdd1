/* Reading PEM and putting certificates into words. See x509_text.h. No decision is made here. */
#include "crypto/x509_text.h"

#include "base/addr.h"
#include "base/text.h"
#include "base/wr.h"
#include "crypto/digest.h"
#include "crypto/evp.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pemerr.h>
#include <openssl/x509v3.h>

#include <limits.h>
#include <stdio.h>

/* Terminates what the writer holds; cuts it when it did not fit. */
static char *
finish(char *out, size_t cap, size_t n)
{
	out[n < cap ? n : cap - 1] = '\0';
	return out;
}

char *
x509_library_words(char *out, size_t cap)
{
	unsigned long e = ERR_get_error();
	const char *words = e ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	snprintf(out, cap, "%s", words ? words : "no reason given");
	return out;
}

/* OpenSSL would ask the terminal for a passphrase; we note that it wanted to, and give none. */
static int
no_passphrase(char *buf, int size, int writing, void *asked)
{
	(void)writing;
	if (size > 0)
		buf[0] = '\0';
	*(bool *)asked = true;
	return -1;
}

static BIO *
bio_over(struct view v)
{
	must(v.n <= INT_MAX);
	BIO *bio = v.n ? BIO_new_mem_buf(v.p, (int)v.n) : BIO_new(BIO_s_mem());

	must(bio);
	return bio;
}

/* The next certificate; NULL at the end of the text or at one that cannot be read. */
static X509 *
next_cert(BIO *bio)
{
	X509 *x = X509_new_ex(crypto_algs()->lib, NULL);
	bool asked = false;

	must(x);
	if (PEM_read_bio_X509(bio, &x, no_passphrase, &asked))
		return x;
	X509_free(x);
	return NULL;
}

static void
say_no_certificate(struct view pem, char *err, size_t cap)
{
	if (pem.n == 0)
		snprintf(err, cap, "the certificate file is empty");
	else if (pem.p[0] == 0x30) /* an ASN.1 SEQUENCE */
		snprintf(err, cap,
		    "the certificate is in DER, not PEM: convert it with `openssl x509 -inform "
		    "DER` (or `openssl pkcs12 -nodes` for a .pfx file)");
	else
		snprintf(
		    err, cap, "no certificate found: expected a line -----BEGIN CERTIFICATE-----");
}

STACK_OF(X509) * x509_read_pem(struct view pem, int max, char *err, size_t cap)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	BIO *bio = bio_over(pem);
	char words[128];
	X509 *x;

	must(chain);
	ERR_clear_error();
	while (sk_X509_num(chain) <= max && (x = next_cert(bio)))
		must(sk_X509_push(chain, x) > 0);
	BIO_free(bio);

	int n = sk_X509_num(chain);
	unsigned long e = ERR_peek_last_error();
	if (n > max) {
		snprintf(err, cap, "more than %d certificates", max);
	} else if (ERR_GET_LIB(e) != ERR_LIB_PEM || ERR_GET_REASON(e) != PEM_R_NO_START_LINE) {
		snprintf(err, cap, "certificate %d of the file cannot be read: %s", n + 1,
		    x509_library_words(words, sizeof(words)));
	} else if (n == 0) {
		say_no_certificate(pem, err, cap);
	} else {
		ERR_clear_error();
		return chain;
	}
	ERR_clear_error();
	x509_chain_free(chain);
	return NULL;
}

void
x509_chain_free(STACK_OF(X509) * chain)
{
	sk_X509_pop_free(chain, X509_free);
}

EVP_PKEY *
x509_read_key(struct view pem, char *err, size_t cap)
{
	BIO *bio = bio_over(pem);
	bool asked = false;
	char words[128];

	ERR_clear_error();
	EVP_PKEY *key =
	    PEM_read_bio_PrivateKey_ex(bio, NULL, no_passphrase, &asked, crypto_algs()->lib, NULL);
	BIO_free(bio);
	if (key) {
		ERR_clear_error();
		return key;
	}
	x509_library_words(words, sizeof(words));
	if (asked)
		snprintf(err, cap,
		    "the private key is locked by a passphrase: take it off with `openssl pkey -in "
		    "KEY -out NEW` and protect the file by its mode");
	else if (pem.n == 0)
		snprintf(err, cap, "the private key file is empty");
	else
		snprintf(err, cap,
		    "the private key cannot be read (%s): expected -----BEGIN PRIVATE KEY-----",
		    words);
	return NULL;
}

char *
x509_name_text(const X509_NAME *name, char *out, size_t cap)
{
	/* The library escapes controls and separators and gives UTF-8. */
	const unsigned long form = XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN |
	                           (ASN1_STRFLGS_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, form) >= 0)
		n = BIO_get_mem_data(bio, &text);
	finish(out, cap, 0); /* for want of memory it has no name: it is for people to read */
	if (n > 0) {
		size_t len = (size_t)n < cap ? (size_t)n : cap - 1;

		while (len && !text_is_utf8(view_of(text, len)))
			len--; /* cut between characters */
		memcpy(out, text, len);
		finish(out, cap, len);
	}
	BIO_free(bio);
	return out;
}

/* One name of subjectAltName as text; false for kinds that no client dials. */
static bool
general_name(const GENERAL_NAME *g, char *out, size_t cap)
{
	struct ip_addr a = { 0 };
	char text[ADDR_TEXT_MAX];

	if (g->type == GEN_DNS) {
		text_escape(view_of(ASN1_STRING_get0_data(g->d.dNSName),
				(size_t)ASN1_STRING_length(g->d.dNSName)),
		    out, cap);
		return true;
	}
	if (g->type != GEN_IPADD)
		return false;
	int n = ASN1_STRING_length(g->d.iPAddress);
	if (n != 4 && n != 16)
		return false;
	a.family = n == 4 ? IP_V4 : IP_V6;
	memcpy(a.b, ASN1_STRING_get0_data(g->d.iPAddress), (size_t)n);
	snprintf(out, cap, "%s", ip_text(&a, text));
	return true;
}

/* Whether `name` stands in the list "a, b, c" that was written so far. */
static bool
listed(struct view list, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i + n <= list.n; i++) {
		bool starts = i == 0 || list.p[i - 1] == ' ';
		bool ends = i + n == list.n || list.p[i + n] == ',';

		if (starts && ends && memcmp(list.p + i, name, n) == 0)
			return true;
	}
	return false;
}

char *
x509_names_text(X509 *cert, char *out, size_t cap)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	struct wr w = wr_over(out, cap - 1);
	char one[256];

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		if (!general_name(sk_GENERAL_NAME_value(names, i), one, sizeof(one)))
			continue;
		if (listed(wr_view_of(&w), one) || wr_room(&w) < strlen(one) + 2)
			continue;
		wr_fmt(&w, "%s%s", wr_len(&w) ? ", " : "", one);
	}
	GENERAL_NAMES_free(names);
	if (wr_len(&w) == 0) {
		unsigned char *cn = NULL;
		X509_NAME *subject = X509_get_subject_name(cert);
		int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
		X509_NAME_ENTRY *e = at < 0 ? NULL : X509_NAME_get_entry(subject, at);
		int n = e ? ASN1_STRING_to_UTF8(&cn, X509_NAME_ENTRY_get_data(e)) : 0;

		text_escape(view_of(cn, n > 0 ? (size_t)n : 0), out, cap);
		OPENSSL_free(cn);
		ERR_clear_error();
		return out;
	}
	ERR_clear_error();
	return finish(out, cap, wr_len(&w));
}

char *
x509_time_text(const ASN1_TIME *when, char out[32])
{
	struct tm tm;

	/* Not strftime: it may open the time zone's file, which the sandbox forbids. */
	if (ASN1_TIME_to_tm(when, &tm) != 1)
		snprintf(out, 32, "?");
	else
		snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02dZ", (tm.tm_year + 1900) % 10000,
		    tm.tm_mon % 12 + 1, tm.tm_mday % 32, tm.tm_hour % 24, tm.tm_min % 60,
		    tm.tm_sec % 61);
	return out;
}

char *
x509_usage_text(X509 *cert, char *out, size_t cap)
{
	EXTENDED_KEY_USAGE *use = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	struct wr w = wr_over(out, cap - 1);

	for (int i = 0; i < sk_ASN1_OBJECT_num(use); i++) {
		const ASN1_OBJECT *o = sk_ASN1_OBJECT_value(use, i);
		char one[80];

		if (OBJ_obj2nid(o) != NID_undef)
			snprintf(one, sizeof(one), "%s", OBJ_nid2sn(OBJ_obj2nid(o)));
		else
			OBJ_obj2txt(one, sizeof(one), o, 1);
		if (wr_room(&w) >= strlen(one) + 2)
			wr_fmt(&w, "%s%s", i ? ", " : "", one);
	}
	if (wr_len(&w) == 0)
		wr_str(&w, "none");
	EXTENDED_KEY_USAGE_free(use);
	ERR_clear_error();
	return finish(out, cap, wr_len(&w));
}

void
x509_hashes(X509 *cert, uint8_t sha1[20], uint8_t sha256[32])
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der);

	must(n > 0);
	const struct view all = view_of(der, (size_t)n);
	digest(DIGEST_SHA1, &all, 1, sha1);
	digest(DIGEST_SHA256, &all, 1, sha256);
	OPENSSL_free(der);
}
