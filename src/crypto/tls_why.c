/*
 * Why a TLS connection failed: from the peer's first bytes, the alerts that came, the version that
 * was offered, the check of the certificate and the library's words to one cause and one line. It
 * changes nothing but t->words.
 */
#include "base/rd.h"
#include "base/text.h"
#include "base/wr.h"
#include "crypto/tls_int.h"
#include "crypto/x509_text.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <stdio.h>

/* RFC 8446 section 6.2 and, for those that TLS 1.3 dropped, RFC 5246 section 7.2. */
static const struct alert_row {
	uint8_t code;
	const char *name;
} alerts[] = {
	{ 0, "close_notify" },
	{ 10, "unexpected_message" },
	{ 20, "bad_record_mac" },
	{ 21, "decryption_failed" },
	{ 22, "record_overflow" },
	{ 30, "decompression_failure" },
	{ 40, "handshake_failure" },
	{ 41, "no_certificate" },
	{ 42, "bad_certificate" },
	{ 43, "unsupported_certificate" },
	{ 44, "certificate_revoked" },
	{ 45, "certificate_expired" },
	{ 46, "certificate_unknown" },
	{ 47, "illegal_parameter" },
	{ 48, "unknown_ca" },
	{ 49, "access_denied" },
	{ 50, "decode_error" },
	{ 51, "decrypt_error" },
	{ 60, "export_restriction" },
	{ 70, "protocol_version" },
	{ 71, "insufficient_security" },
	{ 80, "internal_error" },
	{ 86, "inappropriate_fallback" },
	{ 90, "user_canceled" },
	{ 100, "no_renegotiation" },
	{ 109, "missing_extension" },
	{ 110, "unsupported_extension" },
	{ 111, "certificate_unobtainable" },
	{ 112, "unrecognized_name" },
	{ 113, "bad_certificate_status_response" },
	{ 115, "unknown_psk_identity" },
	{ 116, "certificate_required" },
	{ 120, "no_application_protocol" },
};

enum { ALERT_BAD_CERTIFICATE = 42, ALERT_CERTIFICATE_UNKNOWN = 46, ALERT_UNKNOWN_CA = 48 };
enum { ALERT_PROTOCOL_VERSION = 70, ALERT_BAD_STATUS = 113 };

const char *
tls_alert_name(unsigned int code)
{
	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
		if (alerts[i].code == code)
			return alerts[i].name;
	return "unknown";
}

static const char *
version_name(unsigned int v)
{
	switch (v) {
	case SSL3_VERSION:
		return "SSL 3.0";
	case TLS1_VERSION:
		return "TLS 1.0";
	case TLS1_1_VERSION:
		return "TLS 1.1";
	case TLS1_2_VERSION:
		return "TLS 1.2";
	case TLS1_3_VERSION:
		return "TLS 1.3";
	default:
		return v < SSL3_VERSION ? "SSL 2.0" : "an unknown version";
	}
}

/* A record starts with a type of 20 to 23 and a version whose first byte is 3. */
enum first_look
tls_look(const struct tls *t)
{
	struct rd_fault fault;
	struct rd r = rd_over(view_of(t->first, t->n_first), &fault);
	uint8_t type = rd_u8(&r), second = rd_u8(&r), third = rd_u8(&r), fourth = rd_u8(&r);

	if (t->n_first == 0)
		return LOOK_MORE;
	if (type >= SSL3_RT_CHANGE_CIPHER_SPEC && type <= SSL3_RT_APPLICATION_DATA) {
		if (t->n_first < 2)
			return LOOK_MORE;
		return second == SSL3_VERSION_MAJOR ? LOOK_TLS : LOOK_OTHER;
	}
	if (!t->ctx->server || !(type & 0x80))
		return LOOK_OTHER;
	/* An SSL 2.0 ClientHello: length with the top bit set, type 1, version. RFC 6176 and RFC
	 * 8446 appendix D.5 forbid its use. */
	if (t->n_first < 4)
		return t->n_first < 3 || third == 1 ? LOOK_MORE : LOOK_OTHER;
	return third == 1 && (fourth == 0 || fourth == 3) ? LOOK_OLD : LOOK_OTHER;
}

struct tls_words *
tls_words(struct tls *t)
{
	static _Thread_local struct tls_words nowhere;

	if (!t->words)
		t->words = calloc(1, sizeof(*t->words));
	if (t->words)
		return t->words;
	nowhere = (struct tls_words){ 0 };
	return &nowhere;
}

void
tls_why_not_tls(struct tls *t, bool ssl2)
{
	struct tls_failure *f = &tls_words(t)->failure;
	char shown[8 * sizeof(t->first) + 1];

	if (ssl2) {
		f->cause = CAUSE_TLS_VERSION;
		snprintf(f->detail, sizeof(f->detail),
		    "the client greets as SSL 2.0; TLS 1.2 is the least allowed");
		return;
	}
	f->cause = CAUSE_TLS_NOT_TLS;
	text_escape(view_of(t->first, t->n_first), shown, sizeof(shown));
	snprintf(f->detail, sizeof(f->detail),
	    "the %s does not speak TLS; it began with \"%.100s\"",
	    t->ctx->server ? "client" : "server", shown);
}

/* The fatal alerts by which a client says that it does not like our certificate. */
static bool
alert_refuses_certificate(unsigned int code)
{
	return (code >= ALERT_BAD_CERTIFICATE && code <= ALERT_CERTIFICATE_UNKNOWN) ||
	       code == ALERT_UNKNOWN_CA || code == ALERT_BAD_STATUS;
}

static void
why_alert(struct tls *t)
{
	struct tls_failure *f = &tls_words(t)->failure;

	if (t->ctx->server && alert_refuses_certificate(t->alert_in_code))
		f->cause = CAUSE_TLS_CERT_REFUSED;
	else if (t->alert_in_code == ALERT_PROTOCOL_VERSION)
		f->cause = CAUSE_TLS_VERSION;
	else
		f->cause = CAUSE_TLS_FAILED;
	snprintf(f->detail, sizeof(f->detail), "the %s sent alert %s (%u)",
	    t->ctx->server ? "client" : "server", f->alert, t->alert_in_code);
}

static bool
is_version_error(int reason)
{
	return reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_VERSION_TOO_LOW ||
	       reason == SSL_R_VERSION_TOO_HIGH || reason == SSL_R_WRONG_SSL_VERSION ||
	       reason == SSL_R_UNSUPPORTED_SSL_VERSION || reason == SSL_R_UNKNOWN_PROTOCOL;
}

static void
why_version(struct tls *t)
{
	struct tls_failure *f = &tls_words(t)->failure;

	f->cause = CAUSE_TLS_VERSION;
	if (t->ctx->server)
		snprintf(f->detail, sizeof(f->detail),
		    "the client offers at most %s; TLS 1.2 is the least allowed",
		    version_name(t->offered));
	else
		snprintf(f->detail, sizeof(f->detail),
		    "the server chose a version older than TLS 1.2, the least allowed");
}

/* Nothing in common but the version: which of the three things there was none of. */
static enum cause
nothing_shared(int reason)
{
	switch (reason) {
	case SSL_R_NO_SHARED_CIPHER:
	case SSL_R_NO_CIPHERS_AVAILABLE:
	case SSL_R_NO_CIPHERS_SPECIFIED:
		return CAUSE_TLS_NO_CIPHER;
	case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
	case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
	case SSL_R_MISSING_SIGALGS_EXTENSION:
		return CAUSE_TLS_NO_SIGNATURE;
	case SSL_R_NO_SHARED_GROUPS:
	case SSL_R_NO_SUITABLE_GROUPS:
	case SSL_R_NO_SUITABLE_KEY_SHARE:
		return CAUSE_TLS_NO_GROUP;
	default:
		return CAUSE_NONE;
	}
}

static void
why_nothing_shared(struct tls *t, enum cause cause, const char *words)
{
	struct tls_failure *f = &tls_words(t)->failure;
	const struct tls_ctx *c = t->ctx;
	const char *keys = "";

	if (c->server && c->n_sites) {
		const struct tls_site *s = &c->sites[t->site];
		keys = s->n_ids == 2           ? "; the server has an ECDSA and an RSA certificate"
		       : c->ids[s->ids[0]].rsa ? "; the server has an RSA certificate only"
		                               : "; the server has an ECDSA certificate only";
	}
	f->cause = cause;
	snprintf(f->detail, sizeof(f->detail), "%.70s (at most %s offered)%.48s", words,
	    version_name(t->offered), keys);
}

void
tls_why_failed(struct tls *t, int ssl_error)
{
	struct tls_failure *f = &tls_words(t)->failure;
	unsigned long e = ERR_peek_error();
	int reason = ERR_GET_LIB(e) == ERR_LIB_SSL ? ERR_GET_REASON(e) : 0;
	const struct tls_check *check = &tls_words(t)->check;
	char words[128];

	x509_library_words(words, sizeof(words));
	if (t->no_memory) {
		f->cause = CAUSE_NO_MEMORY;
		snprintf(f->detail, sizeof(f->detail), "no memory for the connection's buffers");
	} else if (check->error) {
		f->cause = check->cause;
		f->depth = check->depth;
		snprintf(f->subject, sizeof(f->subject), "%s", check->subject);
		snprintf(f->detail, sizeof(f->detail), "%s", check->words);
	} else if (f->alert_in) {
		why_alert(t);
	} else if (ssl_error == SSL_ERROR_ZERO_RETURN) {
		f->cause = CAUSE_TLS_PEER_CLOSED;
		snprintf(f->detail, sizeof(f->detail), "the %s said goodbye in the handshake",
		    t->ctx->server ? "client" : "server");
	} else if (t->unsigned_for != CAUSE_NONE) {
		f->cause = t->unsigned_for;
		snprintf(f->detail, sizeof(f->detail),
		    "the handshake needs a signature by the server's key, and the vault gave none");
	} else if (is_version_error(reason)) {
		why_version(t);
	} else if (t->ctx->server && nothing_shared(reason) != CAUSE_NONE) {
		why_nothing_shared(t, nothing_shared(reason), words);
	} else {
		f->cause = CAUSE_TLS_FAILED;
		snprintf(f->detail, sizeof(f->detail), "%s", words);
	}
}
