/*
 * Handshakes whose key is elsewhere: the question, the wait, the answer, and what comes of none.
 * The vault's own checks are tests/unit/vault/test_vault_tls.c.
 */
#include "tls_vault.h"

#include <openssl/ssl.h>

static struct identity ca, ecdsa, rsa;

static int
make_identities(void **state)
{
	(void)state;
	make_ca("Test CA", &ca);
	issue_good(&ca, &ecdsa);
	issue_at(&ca, PKI_SERVER, true, time(NULL), 90, &rsa);
	return 0;
}

static void
assert_passes(struct tls *from, struct tls *to)
{
	char buf[16];

	assert_true(tls_write(from, view_str("hello")));
	carry(from, to, SIZE_MAX);
	assert_int_equal(tls_read(to, buf, sizeof(buf)), 5);
}

struct pair {
	struct tls_ctx *sc, *cc;
	struct tls *server, *client;
};

static void
pair_open(struct pair *p, const struct identity *id)
{
	p->sc = vault_ctx((const struct identity *const[]){ id }, 1);
	p->cc = client_ctx(ca.cert);
	p->server = tls_new(p->sc, NULL);
	p->client = tls_new(p->cc, "vpn.example.org");
	assert_non_null(p->server);
	shake(p->client, p->server, SIZE_MAX);
}

static void
pair_close(struct pair *p)
{
	tls_free(p->server);
	tls_free(p->client);
	tls_ctx_unref(p->sc);
	tls_ctx_unref(p->cc);
}

static void
a_signature_is_asked_for_and_answered(void **state)
{
	static const char context[] = "TLS 1.3, server CertificateVerify";
	const struct identity *ids[] = { &ecdsa, &rsa };
	struct pair p;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		pair_open(&p, ids[i]);
		assert_int_equal(tls_state_of(p.server), TLS_WANTS_SIGNATURE);
		assert_int_equal(tls_step(p.server), TLS_WANTS_SIGNATURE); /* nothing moves */
		struct tls_question q = tls_question(p.server);
		assert_true(
		    q.what.n == 64 + sizeof(context) + 32 || q.what.n == 64 + sizeof(context) + 48);
		assert_memory_equal(q.what.p + 64, context, sizeof(context));
		uint16_t scheme = answer_with(p.server, ids[i]);
		assert_int_equal(scheme, i == 0 ? SIGN_ECDSA_SHA256 : SIGN_RSA_PSS_SHA256);
		shake(p.client, p.server, SIZE_MAX);
		assert_int_equal(tls_state_of(p.server), TLS_OPEN);
		assert_int_equal(tls_state_of(p.client), TLS_OPEN);
		assert_passes(p.client, p.server);
		assert_passes(p.server, p.client);
		pair_close(&p);
	}
}

/* A peer that goes on talking while we wait gets no further and harms nothing. */
static void
input_during_the_wait_is_kept(void **state)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 1, 0 }; /* close_notify in the clear */
	struct pair p;

	(void)state;
	pair_open(&p, &ecdsa);
	for (unsigned int i = 0; i < 100; i++) {
		assert_true(tls_feed(p.server, view_of(alert, sizeof(alert))));
		assert_int_equal(tls_step(p.server), TLS_WANTS_SIGNATURE);
	}
	char buf[16];
	assert_int_equal(tls_read(p.server, buf, sizeof(buf)), 0);
	answer_with(p.server, &ecdsa);
	assert_true(tls_out(p.server).n > 0);
	pair_close(&p);
}

static void
without_an_answer_the_cause_is_the_vault(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, &ecdsa);
	tls_answer(p.server, view_of(NULL, 0), CAUSE_VAULT_DOWN);
	assert_int_equal(tls_step(p.server), TLS_FAILED);
	assert_cause(p.server, "internal.vault-down");
	shake(p.client, p.server, SIZE_MAX); /* the alert */
	assert_cause(p.client, "tls.handshake-failed");
	assert_string_equal(tls_failure(p.client)->alert, "internal_error");
	pair_close(&p);

	pair_open(&p, &ecdsa); /* the vault is there and has no such key */
	tls_answer(p.server, view_of(NULL, 0), CAUSE_TLS_NO_KEY);
	assert_int_equal(tls_step(p.server), TLS_FAILED);
	assert_cause(p.server, "tls.not-signed");
	pair_close(&p);

	/* A signature by another key ends at the client, which checks it. */
	pair_open(&p, &ecdsa);
	uint8_t junk[64] = { 0x30, 62 };
	tls_answer(p.server, view_of(junk, sizeof(junk)), CAUSE_VAULT_DOWN);
	tls_step(p.server);
	shake(p.client, p.server, SIZE_MAX);
	assert_int_equal(tls_state_of(p.client), TLS_FAILED);
	assert_int_not_equal(tls_state_of(p.server), TLS_OPEN);
	tls_answer(p.server, view_of(junk, sizeof(junk)), CAUSE_VAULT_DOWN); /* late: nothing */
	pair_close(&p);
}

/* X01: waiting handshakes have a bound; who finds none free comes again; ends give theirs back. */
static void
waiting_handshakes_are_bounded(void **state)
{
	struct tls_ctx *sc = vault_ctx((const struct identity *const[]){ &ecdsa }, 1);
	struct tls_ctx *cc = client_ctx(ca.cert);
	struct tls *servers[TLS_JOBS_MAX + 1], *clients[TLS_JOBS_MAX + 1];

	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i <= TLS_JOBS_MAX; i++) {
			servers[i] = tls_new(sc, NULL);
			clients[i] = tls_new(cc, "vpn.example.org");
			shake(clients[i], servers[i], SIZE_MAX);
			assert_int_equal(tls_state_of(servers[i]),
			    i < TLS_JOBS_MAX ? TLS_WANTS_SIGNATURE : TLS_HANDSHAKE);
		}
		assert_true(tls_wants_turn(servers[TLS_JOBS_MAX]));
		if (round == 1)
			answer_with(servers[3], &ecdsa);
		else
			tls_free(servers[3]); /* it ends while it waits */
		assert_int_equal(tls_step(servers[TLS_JOBS_MAX]), TLS_WANTS_SIGNATURE);
		assert_false(tls_wants_turn(servers[TLS_JOBS_MAX]));
		answer_with(servers[TLS_JOBS_MAX], &ecdsa);
		shake(clients[TLS_JOBS_MAX], servers[TLS_JOBS_MAX], SIZE_MAX);
		assert_int_equal(tls_state_of(clients[TLS_JOBS_MAX]), TLS_OPEN);
		for (unsigned int i = 0; i <= TLS_JOBS_MAX; i++) {
			if (i != 3 || round == 1)
				tls_free(servers[i]);
			tls_free(clients[i]);
		}
	}
	tls_ctx_unref(sc);
	tls_ctx_unref(cc);
}

/* TLS 1.2 asks for a signature over both randoms and the ECDHE parameters. */
static void
tls12_asks_in_its_shape(void **state)
{
	const struct identity *ids[] = { &ecdsa, &rsa };

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct tls_ctx *sc = vault_ctx(&ids[i], 1);
		struct tls *server = tls_new(sc, NULL);
		SSL_CTX *cc = SSL_CTX_new(TLS_client_method());
		SSL *client = SSL_new(cc);
		BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
		char *p;

		SSL_set_max_proto_version(client, TLS1_2_VERSION);
		SSL_set_bio(client, in, out);
		SSL_set_connect_state(client);
		for (unsigned int turn = 0; turn < 20 && tls_state_of(server) != TLS_OPEN; turn++) {
			(void)SSL_do_handshake(client);
			long n = BIO_get_mem_data(out, &p);
			assert_true(tls_feed(server, view_of(p, (size_t)n)));
			(void)BIO_reset(out);
			if (tls_step(server) == TLS_WANTS_SIGNATURE) {
				assert_int_equal(tls_question(server).what.p[64], 3);
				answer_with(server, ids[i]);
			}
			struct view v = tls_out(server);
			assert_int_equal(BIO_write(in, v.p, (int)v.n), v.n);
			tls_out_drop(server, v.n);
		}
		assert_int_equal(tls_state_of(server), TLS_OPEN);
		assert_int_equal(SSL_do_handshake(client), 1);
		assert_string_equal(tls_version(server), "TLSv1.2");
		SSL_free(client);
		SSL_CTX_free(cc);
		tls_free(server);
		tls_ctx_unref(sc);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signature_is_asked_for_and_answered),
		cmocka_unit_test(input_during_the_wait_is_kept),
		cmocka_unit_test(without_an_answer_the_cause_is_the_vault),
		cmocka_unit_test(waiting_handshakes_are_bounded),
		cmocka_unit_test(tls12_asks_in_its_shape),
	};

	return cmocka_run_group_tests(tests, make_identities, NULL);
}
