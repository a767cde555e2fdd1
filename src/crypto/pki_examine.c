/*
 * Examines the certificate, chain and key that an administrator gave, before any client does: each
 * defect with a line that says what exactly is wrong. See pki.h. For `rrasctl check` and rrasd's
 * start; it trusts nothing and decides nothing.
 */
#include "crypto/pki.h"

#include "base/addr.h"
#include "base/wr.h"
#include "crypto/evp.h"
#include "crypto/x509_text.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <stdarg.h>
#include <stdio.h>

#define SOON_S (30 * 86400)
#define DEFECTS_MAX (sizeof(((struct pki_report *)0)->defects) / sizeof(enum pki_defect))

/* What an examination looks at. */
struct exam {
	STACK_OF(X509) * chain;
	X509 *leaf;
	int64_t now_unix_s;
	struct pki_report *out;
};

/* Notes a defect once, and its detail each time. */
static void __attribute__((format(printf, 3, 4)))
add(struct pki_report *out, enum pki_defect d, const char *fmt, ...)
{
	size_t n = strlen(out->detail);
	bool known = false;
	va_list ap;

	for (unsigned int i = 0; i < out->n_defects; i++)
		known = known || out->defects[i] == d;
	if (!known && out->n_defects < DEFECTS_MAX)
		out->defects[out->n_defects++] = d;
	if (n && n + 2 < sizeof(out->detail)) {
		memcpy(out->detail + n, "; ", 3);
		n += 2;
	}
	va_start(ap, fmt);
	vsnprintf(out->detail + n, sizeof(out->detail) - n, fmt, ap);
	va_end(ap);
}

static bool
is_self_signed(X509 *x)
{
	return X509_get_extension_flags(x) & EXFLAG_SS;
}

static void
check_dates(const struct exam *e)
{
	time_t now = (time_t)e->now_unix_s;
	char when[32];

	for (int i = 0; i < sk_X509_num(e->chain); i++) {
		X509 *x = sk_X509_value(e->chain, i);
		const ASN1_TIME *from = X509_get0_notBefore(x), *to = X509_get0_notAfter(x);

		if (ASN1_TIME_cmp_time_t(to, now) < 0)
			add(e->out, PKI_EXPIRED, "certificate %d was valid until %s", i + 1,
			    x509_time_text(to, when));
		else if (ASN1_TIME_cmp_time_t(to, now + SOON_S) < 0)
			add(e->out, PKI_EXPIRES_SOON, "certificate %d is valid until %s", i + 1,
			    x509_time_text(to, when));
		if (ASN1_TIME_cmp_time_t(from, now) > 0)
			add(e->out, PKI_NOT_YET, "certificate %d is valid from %s on", i + 1,
			    x509_time_text(from, when));
	}
}

static void
check_usage(const struct exam *e)
{
	uint32_t extended = X509_get_extended_key_usage(e->leaf);
	uint32_t usage = X509_get_key_usage(e->leaf);
	char text[160];

	/* Both are all ones when the extension is absent, which allows everything. */
	if (!(extended & XKU_SSL_SERVER))
		add(e->out, PKI_NO_SERVER_AUTH, "extended key usage is %s",
		    x509_usage_text(e->leaf, text, sizeof(text)));
	if (!(usage & KU_DIGITAL_SIGNATURE))
		add(e->out, PKI_NO_SERVER_AUTH, "key usage lacks digitalSignature");
}

static void
check_name(const struct exam *e, const char *name)
{
	struct ip_addr a;
	int match;

	if (name[0] == '\0')
		return;
	if (ip_parse(view_str(name), &a))
		match = X509_check_ip(e->leaf, a.b, a.family == IP_V4 ? 4 : 16, 0);
	else
		match = X509_check_host(
		    e->leaf, name, strlen(name), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL);
	if (match != 1)
		add(e->out, PKI_NAME_MISSING, "clients dial %.80s, the certificate is for %.80s",
		    name, e->out->names);
}

static X509 *
issuer_in_chain(const struct exam *e, X509 *x)
{
	for (int i = 0; i < sk_X509_num(e->chain); i++) {
		X509 *by = sk_X509_value(e->chain, i);

		int rc = by != x ? X509_check_issued(by, x) : X509_V_ERR_UNSPECIFIED;
		/* who may not sign is found all the same, and told apart */
		if (rc == X509_V_OK || rc == X509_V_ERR_KEYUSAGE_NO_CERTSIGN)
			return by;
	}
	return NULL;
}

/* The root may stay out of the file, but whoever signed the server's certificate must be in it. */
static void
check_chain(const struct exam *e)
{
	X509 *x = e->leaf;
	char text[160];

	for (int depth = 0; depth < sk_X509_num(e->chain) && !is_self_signed(x); depth++) {
		X509 *by = issuer_in_chain(e, x);

		if (!by && depth > 0)
			return;
		if (!by) {
			add(e->out, PKI_CHAIN_INCOMPLETE, "missing: the certificate of %s",
			    x509_name_text(X509_get_issuer_name(x), text, sizeof(text)));
			return;
		}
		EVP_PKEY *key = X509_get0_pubkey(by);
		if (!key || X509_verify(x, key) != 1) {
			add(e->out, PKI_CHAIN_INCOMPLETE,
			    "the file has another certificate of the same name than the one that "
			    "signed: %s",
			    x509_name_text(X509_get_issuer_name(x), text, sizeof(text)));
			return;
		}
		/* RFC 5280 sections 4.2.1.3 and 4.2.1.9 */
		if (X509_check_ca(by) == 0 || !(X509_get_key_usage(by) & KU_KEY_CERT_SIGN))
			add(e->out, PKI_ISSUER_MAY_NOT, "%s is no certificate of a CA",
			    x509_name_text(X509_get_subject_name(by), text, sizeof(text)));
		x = by;
	}
}

/* RFC 5280 section 4.2: who does not know a critical extension must refuse the certificate. */
static void
check_critical(const struct exam *e)
{
	for (int i = 0; i < sk_X509_num(e->chain); i++)
		if (X509_get_extension_flags(sk_X509_value(e->chain, i)) & EXFLAG_CRITICAL)
			add(e->out, PKI_CRITICAL, "certificate %d", i + 1);
}

static void
check_strength(const struct exam *e)
{
	for (int i = 0; i < sk_X509_num(e->chain); i++) {
		X509 *x = sk_X509_value(e->chain, i);
		EVP_PKEY *key = X509_get0_pubkey(x);
		int bits = key ? EVP_PKEY_get_bits(key) : 0;
		int md = NID_undef;

		if (!key)
			add(e->out, PKI_WEAK, "certificate %d has a key of unknown kind", i + 1);
		else if (EVP_PKEY_is_a(key, "RSA") && bits < 2048)
			add(e->out, PKI_WEAK, "certificate %d has an RSA key of %d bits", i + 1,
			    bits);
		else if (EVP_PKEY_is_a(key, "EC") && bits < 224)
			add(e->out, PKI_WEAK, "certificate %d has an EC key of %d bits", i + 1,
			    bits);
		/* Nobody checks the signature of a root. */
		if (is_self_signed(x) || X509_get_signature_info(x, &md, NULL, NULL, NULL) != 1)
			continue;
		if (md == NID_sha1 || md == NID_md5 || md == NID_md5_sha1)
			add(e->out, PKI_WEAK, "certificate %d is signed with %s", i + 1,
			    md == NID_sha1 ? "SHA-1" : "MD5");
	}
}

static void
check_key(const struct exam *e, struct view key_pem)
{
	char err[200];
	EVP_PKEY *key = x509_read_key(key_pem, err, sizeof(err));

	if (!key) {
		add(e->out, PKI_UNREADABLE, "%s", err);
		return;
	}
	if (X509_check_private_key(e->leaf, key) != 1) {
		int at = 1;

		while (at < sk_X509_num(e->chain) &&
		       X509_check_private_key(sk_X509_value(e->chain, at), key) != 1)
			at++;
		if (at < sk_X509_num(e->chain))
			add(e->out, PKI_KEY_MISMATCH,
			    "the key belongs to certificate %d of the file, which must come first",
			    at + 1);
		else
			add(e->out, PKI_KEY_MISMATCH,
			    "the key belongs to none of the certificates of the file");
	}
	EVP_PKEY_free(key);
}

static void
describe_leaf(const struct exam *e)
{
	struct pki_report *out = e->out;
	X509 *x = e->leaf;

	x509_name_text(X509_get_subject_name(x), out->subject, sizeof(out->subject));
	x509_name_text(X509_get_issuer_name(x), out->issuer, sizeof(out->issuer));
	x509_names_text(x, out->names, sizeof(out->names));
	x509_time_text(X509_get0_notBefore(x), out->not_before);
	x509_time_text(X509_get0_notAfter(x), out->not_after);
}

void
pki_examine(struct view chain_pem, struct view key_pem, const char *name, int64_t now_unix_s,
    struct pki_report *out)
{
	char err[200];
	struct exam e = { .now_unix_s = now_unix_s, .out = out };

	*out = (struct pki_report){ 0 };
	e.chain = x509_read_pem(chain_pem, X509_CHAIN_MAX, err, sizeof(err));
	if (!e.chain) {
		add(out, PKI_UNREADABLE, "%s", err);
		return;
	}
	e.leaf = sk_X509_value(e.chain, 0);
	describe_leaf(&e);
	if (key_pem.n)
		check_key(&e, key_pem);
	check_dates(&e);
	check_usage(&e);
	check_name(&e, name);
	check_chain(&e);
	check_critical(&e);
	check_strength(&e);
	x509_chain_free(e.chain);
	ERR_clear_error();
}

const char *
pki_defect_text(enum pki_defect d)
{
	switch (d) {
	case PKI_OK:
		return "nothing is wrong with it";
	case PKI_UNREADABLE:
		return "the certificate or key file cannot be read: give PEM files";
	case PKI_KEY_MISMATCH:
		return "the private key is not the certificate's: give the key made for it, and "
		       "put "
		       "the server's own certificate first in the file";
	case PKI_EXPIRED:
		return "a certificate has expired: renew it, or correct this machine's clock";
	case PKI_NOT_YET:
		return "a certificate is not valid yet: correct the clock of this machine or of "
		       "the "
		       "one that issued it";
	case PKI_EXPIRES_SOON:
		return "a certificate expires within 30 days: renew it now";
	case PKI_NO_SERVER_AUTH:
		return "the certificate is not made for servers: issue one with extended key usage "
		       "Server Authentication (1.3.6.1.5.5.7.3.1)";
	case PKI_NAME_MISSING:
		return "the certificate lacks the name that clients dial: issue one with that name "
		       "in "
		       "subjectAltName, or let clients dial a name that it has";
	case PKI_CHAIN_INCOMPLETE:
		return "the chain has a gap: append the missing intermediate certificate to the "
		       "file";
	case PKI_WEAK:
		return "a key or signature is too weak for today's clients: issue one with ECDSA "
		       "P-256 or RSA of at least 2048 bits, signed with SHA-256";
	case PKI_ISSUER_MAY_NOT:
		return "it is signed by a certificate that may not sign others: have it issued by "
		       "a CA, whose certificate has basicConstraints CA:TRUE and keyCertSign";
	case PKI_CRITICAL:
		return "a critical extension is not known to clients, who then must refuse it: "
		       "issue one without that extension, or with it not critical";
	}
	return "unknown defect";
}
