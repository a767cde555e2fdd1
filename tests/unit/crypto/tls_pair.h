/*
 * For the tests of TLS: certificates of a CA made on the spot, and two connections joined in
 * memory. Header only, so that each test program stands alone.
 */
#ifndef TEST_TLS_PAIR_H
#define TEST_TLS_PAIR_H

#include "attempt/cause.h"
#include "crypto/pki.h"
#include "crypto/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define DAY_S 86400

struct identity {
	char cert[PEM_MAX], key[PEM_MAX];
};

static inline struct view
cert_of(const struct identity *id)
{
	return view_str(id->cert);
}

static inline void
make_ca(const char *cn, struct identity *out)
{
	char err[256] = "";

	if (!pki_make_ca(cn, 3650, time(NULL) - 365 * DAY_S, out->cert, out->key, err, sizeof(err)))
		fail_msg("%s", err);
}

/* A certificate for vpn.example.org and 192.0.2.7, valid from `start` for `days`. */
static inline void
issue_at(const struct identity *ca, enum pki_use use, bool rsa, int64_t start, unsigned int days,
    struct identity *out)
{
	struct pki_issue want = { .use = use,
		.rsa = rsa,
		.common_name = "vpn.example.org",
		.names = { "vpn.example.org", "192.0.2.7", "2001:db8::7" },
		.n_names = 3,
		.days = days,
		.now_unix_s = start };
	char err[256] = "";

	if (!pki_issue(&want, view_str(ca->cert), view_str(ca->key), out->cert, out->key, err,
		sizeof(err)))
		fail_msg("%s", err);
}

static inline void
issue_good(const struct identity *ca, struct identity *out)
{
	issue_at(ca, PKI_SERVER, false, time(NULL), 90, out);
}

static inline struct tls_ctx *
server_ctx(const struct identity *id)
{
	char err[256] = "";
	struct tls_ctx *c = tls_server_ctx(view_str(id->cert), view_str(id->key), err, sizeof(err));

	if (!c)
		fail_msg("%s", err);
	return c;
}

static inline struct tls_ctx *
client_ctx(const char *roots)
{
	char err[256] = "";
	struct tls_ctx *c = tls_client_ctx(view_str(roots), err, sizeof(err));

	if (!c)
		fail_msg("%s", err);
	return c;
}

/* Carries what `from` has to send to `to`, `step` bytes at a time, driving `to` after each. */
static inline bool
carry(struct tls *from, struct tls *to, size_t step)
{
	bool moved = false;

	while (tls_out(from).n) {
		struct view out = tls_out(from);
		size_t n = out.n < step ? out.n : step;

		assert_true(tls_feed(to, view_of(out.p, n)));
		tls_out_drop(from, n);
		tls_step(to);
		moved = true;
	}
	return moved;
}

/* Runs both until nothing moves any more. */
static inline void
shake(struct tls *client, struct tls *server, size_t step)
{
	tls_step(client);
	while (carry(client, server, step) || carry(server, client, step))
		continue;
}

/* Asserts the cause of a failed end by its name. */
static inline void
assert_cause(const struct tls *t, const char *name)
{
	assert_int_equal(tls_state_of(t), TLS_FAILED);
	assert_string_equal(cause_info(tls_failure(t)->cause)->name, name);
	assert_true(tls_failure(t)->detail[0] != '\0');
}

#endif
