/*
 * The client's check of a server certificate: chain to a trusted root, dates, key usage, name. The
 * library does the checking; this file lets it run to its end, so that of several defects the one
 * that matters most becomes the cause, and puts it into words.
 */
#include "crypto/tls_int.h"
#include "crypto/x509_text.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <stdio.h>

/* Which cause an error of the library is. What is not in the list broke the chain. */
static enum cause
cause_of(int error)
{
	switch (error) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
	case X509_V_ERR_CERT_REJECTED:
		return CAUSE_CERT_UNTRUSTED;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return CAUSE_CERT_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return CAUSE_CERT_NOT_YET;
	case X509_V_ERR_INVALID_PURPOSE:
		return CAUSE_CERT_USAGE;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return CAUSE_CERT_NAME;
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
	case X509_V_ERR_EC_KEY_EXPLICIT_PARAMS:
		return CAUSE_CERT_WEAK;
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_INVALID_NON_CA:
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
	case X509_V_ERR_PATH_LENGTH_EXCEEDED:
	case X509_V_ERR_PERMITTED_VIOLATION:
	case X509_V_ERR_EXCLUDED_VIOLATION:
	case X509_V_ERR_SUBTREE_MINMAX:
	case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
	case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
	case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
		return CAUSE_CERT_ISSUER;
	case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
		return CAUSE_CERT_CRITICAL;
	default:
		return CAUSE_CERT_CHAIN;
	}
}

/* Lower is graver: an unknown issuer makes everything else it says worthless. */
static unsigned int
rank(enum cause cause)
{
	static const enum cause order[] = { CAUSE_NONE, CAUSE_CERT_CHAIN, CAUSE_CERT_UNTRUSTED,
		CAUSE_CERT_ISSUER, CAUSE_CERT_WEAK, CAUSE_CERT_CRITICAL, CAUSE_CERT_EXPIRED,
		CAUSE_CERT_NOT_YET, CAUSE_CERT_USAGE, CAUSE_CERT_NAME };
	unsigned int i = 0;

	while (i < sizeof(order) / sizeof(order[0]) && order[i] != cause)
		i++;
	return i;
}

/* What exactly is wrong with this certificate. */
static void
describe(const struct tls *t, X509 *x, struct tls_check *c)
{
	char text[256], when[32];

	switch ((unsigned int)c->cause) { /* of all causes, those of a certificate */
	case CAUSE_CERT_UNTRUSTED:
		x509_name_text(X509_get_issuer_name(x), text, sizeof(text));
		snprintf(c->words, sizeof(c->words), "%s; issuer: %.90s",
		    c->error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
			? "self-signed and not among the trusted roots"
			: "no trusted root for its issuer",
		    text);
		return;
	case CAUSE_CERT_EXPIRED:
		snprintf(c->words, sizeof(c->words), "it was valid until %s",
		    x509_time_text(X509_get0_notAfter(x), when));
		return;
	case CAUSE_CERT_NOT_YET:
		snprintf(c->words, sizeof(c->words), "it is valid from %s on",
		    x509_time_text(X509_get0_notBefore(x), when));
		return;
	case CAUSE_CERT_USAGE:
		x509_usage_text(x, text, sizeof(text));
		snprintf(c->words, sizeof(c->words),
		    "not usable for a server: extended key usage is %.80s", text);
		return;
	case CAUSE_CERT_NAME:
		x509_names_text(x, text, sizeof(text));
		snprintf(c->words, sizeof(c->words), "dialled %.60s, but it is for %.70s",
		    t->words->host, text);
		return;
	default:
		snprintf(c->words, sizeof(c->words), "%s", X509_verify_cert_error_string(c->error));
	}
}

static struct tls *
connection_of(X509_STORE_CTX *xs)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(xs, SSL_get_ex_data_X509_STORE_CTX_idx());

	return SSL_get_app_data(ssl);
}

/* Called for each error; 1 goes on with the check. The verdict is tls_verify_server's. */
static int
note_error(int ok, X509_STORE_CTX *xs)
{
	struct tls *t = connection_of(xs);
	struct tls_check found = { .error = X509_STORE_CTX_get_error(xs) };
	X509 *x = X509_STORE_CTX_get_current_cert(xs);

	if (ok)
		return 1;
	if (found.error == X509_V_OK)
		found.error = X509_V_ERR_UNSPECIFIED;
	found.cause = cause_of(found.error);
	found.depth = (unsigned int)X509_STORE_CTX_get_error_depth(xs);
	if (t->words->check.error && rank(t->words->check.cause) <= rank(found.cause))
		return 1;
	if (!x)
		x = X509_STORE_CTX_get0_cert(xs);
	if (x) {
		x509_name_text(X509_get_subject_name(x), found.subject, sizeof(found.subject));
		describe(t, x, &found);
	}
	t->words->check = found;
	return 1;
}

int
tls_verify_server(X509_STORE_CTX *xs, void *arg)
{
	struct tls *t = connection_of(xs);
	X509 *leaf = X509_STORE_CTX_get0_cert(xs);

	(void)arg;
	if (leaf && !t->peer) {
		must(X509_up_ref(leaf) == 1);
		t->peer = leaf;
	}
	X509_STORE_CTX_set_verify_cb(xs, note_error);
	int ok = X509_verify_cert(xs);
	if (ok != 1 && !t->words->check.error)
		t->words->check = (struct tls_check){ .error = X509_V_ERR_UNSPECIFIED,
			.cause = CAUSE_CERT_CHAIN,
			.words = "the chain could not be checked" };
	if (!t->words->check.error)
		return 1;
	X509_STORE_CTX_set_error(xs, t->words->check.error); /* chooses the alert that is sent */
	return 0;
}
