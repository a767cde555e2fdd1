/*
 * One TLS connection over memory: ciphertext is fed and taken, plaintext read and written, and the
 * caller owns sockets and time. See tls.h. Between OpenSSL and the caller stands tls_bio.c; why
 * something failed is worked out in tls_why.c.
 */
#include "base/addr.h"
#include "crypto/evp.h"
#include "crypto/tls_int.h"
#include "crypto/x509_text.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* Alerts as they pass. close_notify and user_canceled are no failures by themselves. */
static void
note_alert(const SSL *ssl, int where, int ret)
{
	struct tls *t = SSL_get_app_data(ssl);
	unsigned int code = (unsigned int)ret & 0xff;
	bool fatal = (unsigned int)ret >> 8 == SSL3_AL_FATAL;

	if (!(where & SSL_CB_ALERT) || !fatal)
		return;
	if (where & SSL_CB_READ) {
		t->alert_in_code = (uint8_t)code;
		tls_words(t)->failure.alert_in = true;
		snprintf(tls_words(t)->failure.alert, sizeof(tls_words(t)->failure.alert), "%s",
		    tls_alert_name(code));
	} else {
		snprintf(tls_words(t)->failure.alert_out, sizeof(tls_words(t)->failure.alert_out),
		    "%s", tls_alert_name(code));
	}
}

/* The name or address that the server's certificate must carry, and SNI for a name (RFC 6066
 * section 3 allows no addresses there). */
static bool
expect_host(struct tls *t, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
	struct view v = view_str(host);
	struct ip_addr a;

	if (v.n >= 2 && v.p[0] == '[' && v.p[v.n - 1] == ']')
		v = view_of(v.p + 1, v.n - 2);
	else if (v.n >= 2 && v.p[v.n - 1] == '.') /* the root's dot is no part of the name */
		v.n--;
	if (v.n == 0 || v.n >= sizeof(t->words->host) || memchr(v.p, 0, v.n))
		return false;
	memcpy(t->words->host, v.p, v.n);
	if (ip_parse(v, &a))
		return X509_VERIFY_PARAM_set1_ip(param, a.b, a.family == IP_V4 ? 4 : 16) == 1;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(param, t->words->host, 0) == 1 &&
	       SSL_set_tlsext_host_name(t->ssl, t->words->host) == 1;
}

struct tls *
tls_new(struct tls_ctx *c, const char *host)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	must(c->server == (host == NULL));
	t->ctx = tls_ctx_ref(c);
	t->ssl = SSL_new(c->ssl);
	BIO *bio = t->ssl ? tls_bio_new(t) : NULL;
	if (!bio)
		goto fail;
	SSL_set_bio(t->ssl, bio, bio); /* one reference, given away */
	if (SSL_set_app_data(t->ssl, t) != 1)
		goto fail;
	if (c->vault) {
		t->ask = calloc(1, sizeof(*t->ask));
		if (!t->ask)
			goto fail;
		SSL_set_mode(t->ssl, SSL_MODE_ASYNC);
	}
	SSL_set_info_callback(t->ssl, note_alert);
	if (c->server)
		SSL_set_accept_state(t->ssl);
	else
		SSL_set_connect_state(t->ssl);
	if (host && (!(t->words = calloc(1, sizeof(*t->words))) || !expect_host(t, host)))
		goto fail;
	return t;
fail:
	tls_free(t);
	ERR_clear_error();
	return NULL;
}

void
tls_free(struct tls *t)
{
	if (!t)
		return;
	if (t->ask && t->ask->open) { /* its job must end, or it would never be free again */
		(void)SSL_do_handshake(t->ssl);
		ERR_clear_error();
	}
	free(t->ask);
	SSL_free(t->ssl); /* may note an alert yet */
	free(t->words);
	X509_free(t->peer);
	tls_buf_fini(&t->in);
	tls_buf_fini(&t->out);
	tls_ctx_unref(t->ctx);
	free(t);
}

/* The peer's first bytes are remembered. False: nobody reads what comes any more, so that a chatty
 * peer fills no memory. */
static bool
take_notice(struct tls *t, struct view cipher)
{
	size_t room = sizeof(t->first) - t->n_first;
	size_t n = cipher.n < room ? cipher.n : room;

	if (t->state == TLS_FAILED || t->state == TLS_CLOSED)
		return false;
	if (n && !t->looks_like_tls) {
		memcpy(t->first + t->n_first, cipher.p, n);
		t->n_first = (uint8_t)(t->n_first + n);
	}
	return true;
}

bool
tls_feed(struct tls *t, struct view cipher)
{
	return !take_notice(t, cipher) || tls_buf_append(&t->in, cipher);
}

void
tls_lend(struct tls *t, struct view cipher)
{
	must(t->lent.n == 0);
	if (take_notice(t, cipher))
		t->lent = cipher;
}

bool
tls_keep(struct tls *t)
{
	struct view rest = t->lent;

	t->lent = view_of(NULL, 0);
	return t->state == TLS_FAILED || t->state == TLS_CLOSED || tls_buf_append(&t->in, rest);
}

/* SSL_get_error looks at the thread's errors, so old ones go first. There are hardly ever any, and
 * clearing what is empty costs more than a look: this runs for every record. */
static void
forget_errors(void)
{
	if (ERR_peek_error())
		ERR_clear_error();
}

/* Puts the outcome of an SSL call that did not succeed into the state. */
static void
settle(struct tls *t, int ret)
{
	int e = SSL_get_error(t->ssl, ret);

	if (e == SSL_ERROR_WANT_READ) {
		forget_errors();
		return;
	}
	if (e == SSL_ERROR_WANT_ASYNC && t->ask && t->ask->open) {
		t->state = TLS_WANTS_SIGNATURE;
		return;
	}
	if (e == SSL_ERROR_WANT_ASYNC_JOB) {
		t->wants_turn = true;
		return;
	}
	if (e == SSL_ERROR_ZERO_RETURN && t->state == TLS_OPEN) {
		t->state = TLS_CLOSED;
		return;
	}
	t->state = TLS_FAILED;
	tls_why_failed(t, e);
}

/* Whether the peer's first bytes are TLS; if not, the connection has failed. */
static bool
first_bytes_pass(struct tls *t)
{
	if (t->looks_like_tls)
		return true;
	switch (tls_look(t)) {
	case LOOK_MORE:
		return !t->ctx->server; /* a client speaks first */
	case LOOK_TLS:
		t->looks_like_tls = true;
		return true;
	case LOOK_OLD:
	case LOOK_OTHER:
		break;
	}
	t->state = TLS_FAILED;
	tls_why_not_tls(t, tls_look(t) == LOOK_OLD);
	return false;
}

enum tls_state
tls_step(struct tls *t)
{
	if (t->state != TLS_HANDSHAKE || !first_bytes_pass(t))
		return t->state;
	ERR_clear_error();
	t->wants_turn = false;
	vault_key_ask_at(t->ask);
	int ret = SSL_do_handshake(t->ssl);
	vault_key_ask_at(NULL);
	if (ret != 1) {
		settle(t, ret);
		return t->state;
	}
	t->state = TLS_OPEN;
	/* Nothing is signed any more: from here on data passes without a change of stacks. */
	SSL_clear_mode(t->ssl, SSL_MODE_ASYNC);
	free(t->ask);
	t->ask = NULL;
	return t->state;
}

struct tls_question
tls_question(const struct tls *t)
{
	must(t->state == TLS_WANTS_SIGNATURE && t->ask->open);
	return (struct tls_question){ .key = view_of(t->ask->key, sizeof(t->ask->key)),
		.scheme = t->ask->scheme,
		.what = t->ask->tbs };
}

void
tls_answer(struct tls *t, struct view signature, enum cause why_not)
{
	struct vault_key_ask *q = t->ask;

	if (t->state != TLS_WANTS_SIGNATURE)
		return;
	q->good = signature.n > 0 && view_copy(signature, q->sig, sizeof(q->sig));
	q->n_sig = q->good ? signature.n : 0;
	t->unsigned_for = q->good ? CAUSE_NONE : why_not;
	t->state = TLS_HANDSHAKE;
}

bool
tls_wants_turn(const struct tls *t)
{
	return t->wants_turn;
}

int
tls_read(struct tls *t, void *buf, size_t cap)
{
	size_t n = 0;

	if (t->state == TLS_HANDSHAKE || t->state == TLS_WANTS_SIGNATURE || cap == 0)
		return 0;
	if (t->state != TLS_OPEN)
		return -1;
	forget_errors();
	int ret = SSL_read_ex(t->ssl, buf, cap < INT_MAX ? cap : INT_MAX, &n);
	if (ret == 1)
		return (int)n;
	settle(t, ret);
	return t->state == TLS_OPEN ? 0 : -1;
}

bool
tls_write(struct tls *t, struct view plain)
{
	size_t n = 0;

	if (t->state != TLS_OPEN || t->shut)
		return false;
	if (plain.n == 0)
		return true;
	forget_errors();
	int ret = SSL_write_ex(t->ssl, plain.p, plain.n, &n);
	if (ret == 1)
		return true;
	settle(t, ret);
	t->state = TLS_FAILED; /* half a write cannot be taken up again */
	return false;
}

void
tls_shutdown(struct tls *t)
{
	if (t->shut || (t->state != TLS_OPEN && t->state != TLS_CLOSED))
		return;
	t->shut = true;
	(void)SSL_shutdown(t->ssl); /* 0: sent, the peer's is not here yet */
	ERR_clear_error();
}

struct view
tls_out(struct tls *t)
{
	return view_of(t->out.len ? t->out.p + t->out.off : NULL, t->out.len);
}

void
tls_out_drop(struct tls *t, size_t n)
{
	tls_buf_drop(&t->out, n);
}

const struct tls_failure *
tls_failure(const struct tls *t)
{
	static const struct tls_failure none;
	static const struct tls_failure lost = { .cause = CAUSE_NO_MEMORY,
		.detail = "no memory for the words of a failure" };

	if (t->words)
		return &t->words->failure;
	return t->state == TLS_FAILED ? &lost : &none;
}

enum tls_state
tls_state_of(const struct tls *t)
{
	return t->state;
}

const char *
tls_version(const struct tls *t)
{
	return SSL_get_version(t->ssl);
}

const char *
tls_cipher(const struct tls *t)
{
	const char *name = SSL_get_cipher_name(t->ssl);

	return name ? name : "none";
}

const char *
tls_sni(const struct tls *t)
{
	const char *name = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);

	return name ? name : "";
}

bool
tls_resumed(const struct tls *t)
{
	return SSL_session_reused(t->ssl) == 1;
}

bool
tls_shown(const struct tls *t, struct tls_shown *out)
{
	const struct tls_id *id = t->ctx->server ? tls_id_shown(t) : NULL;

	if (!id)
		return false;
	out->subject = id->subject;
	out->serial = id->serial;
	memcpy(out->sha1, id->sha1, sizeof(out->sha1));
	memcpy(out->sha256, id->sha256, sizeof(out->sha256));
	return true;
}

bool
tls_peer_cert(const struct tls *t, struct tls_cert *out)
{
	X509 *x = t->peer;

	if (!x)
		return false;
	x509_name_text(X509_get_subject_name(x), out->subject, sizeof(out->subject));
	x509_name_text(X509_get_issuer_name(x), out->issuer, sizeof(out->issuer));
	x509_names_text(x, out->names, sizeof(out->names));
	x509_time_text(X509_get0_notBefore(x), out->not_before);
	x509_time_text(X509_get0_notAfter(x), out->not_after);
	x509_hashes(x, out->sha1, out->sha256);
	return true;
}
