/*
 * TLS between our two ends in memory: both versions, both kinds of key, any cutting of the bytes
 * (G04), closing, large transfers, and no renegotiation, tickets or early data (S08).
 */
#include "tls_pair.h"

#include "base/text.h"

#include <openssl/pem.h>
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

struct pair {
	struct tls_ctx *sc, *cc;
	struct tls *server, *client;
};

static void
pair_open(struct pair *p, const struct identity *id, const char *host, size_t step)
{
	p->sc = server_ctx(id);
	p->cc = client_ctx(ca.cert);
	p->server = tls_new(p->sc, NULL);
	p->client = tls_new(p->cc, host);
	assert_non_null(p->server);
	assert_non_null(p->client);
	assert_int_equal(tls_step(p->server), TLS_HANDSHAKE); /* the client speaks first */
	shake(p->client, p->server, step);
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
assert_passes(struct tls *from, struct tls *to, const char *text)
{
	char buf[64];

	assert_true(tls_write(from, view_str(text)));
	carry(from, to, SIZE_MAX);
	int n = tls_read(to, buf, sizeof(buf));
	assert_int_equal(n, strlen(text));
	assert_memory_equal(buf, text, (size_t)n);
	assert_int_equal(tls_read(to, buf, sizeof(buf)), 0);
}

/* R13: established with both kinds of key; what was agreed is known for the trail. */
static void
test_established(void **state)
{
	static const size_t steps[] = { SIZE_MAX, 1, 7 };
	const struct identity *const ids[] = { &ecdsa, &rsa };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct pair p;

		pair_open(&p, ids[i % 2], "vpn.example.org", steps[i / 2]);
		assert_int_equal(tls_state_of(p.client), TLS_OPEN);
		assert_int_equal(tls_state_of(p.server), TLS_OPEN);
		assert_string_equal(tls_version(p.client), "TLSv1.3");
		assert_string_equal(tls_version(p.server), "TLSv1.3");
		assert_string_equal(tls_cipher(p.client), tls_cipher(p.server));
		assert_string_equal(tls_sni(p.server), "vpn.example.org");
		assert_int_equal(tls_failure(p.server)->cause, CAUSE_NONE);
		assert_passes(p.client, p.server, "from the client");
		assert_passes(p.server, p.client, "from the server");
		pair_close(&p);
	}
}

/* A client of OpenSSL's own with a version ceiling, in place of ours. */
struct old_client {
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *in, *out;
};

static void
old_client_open(struct old_client *c, int max_version, const char *ciphers)
{
	c->ctx = SSL_CTX_new(TLS_client_method());
	assert_non_null(c->ctx);
	SSL_CTX_set_security_level(c->ctx, 0); /* or it would not offer what is old */
	SSL_CTX_set_min_proto_version(c->ctx, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(c->ctx, max_version);
	if (ciphers)
		assert_int_equal(SSL_CTX_set_cipher_list(c->ctx, ciphers), 1);
	c->ssl = SSL_new(c->ctx);
	c->in = BIO_new(BIO_s_mem());
	c->out = BIO_new(BIO_s_mem());
	assert_true(c->ssl && c->in && c->out);
	SSL_set_bio(c->ssl, c->in, c->out);
	SSL_set_connect_state(c->ssl);
}

static void
old_client_close(struct old_client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
}

/* Runs the foreign client against our server until nothing moves. */
static void
old_client_shake(struct old_client *c, struct tls *server)
{
	for (int i = 0; i < 20; i++) {
		uint8_t buf[8192];
		int n;

		(void)SSL_do_handshake(c->ssl);
		while ((n = BIO_read(c->out, buf, sizeof(buf))) > 0)
			assert_true(tls_feed(server, view_of(buf, (size_t)n)));
		tls_step(server);
		struct view out = tls_out(server);
		if (out.n)
			assert_int_equal(BIO_write(c->in, out.p, (int)out.n), (int)out.n);
		tls_out_drop(server, out.n);
	}
}

static void
test_tls12(void **state)
{
	/* the second line is all that Windows 8.1 offers with an RSA certificate */
	static const char *const offers[] = { NULL, "ECDHE-RSA-AES128-SHA256",
		"ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct tls_ctx *sc = server_ctx(&rsa);
		struct tls *server = tls_new(sc, NULL);
		struct old_client c;

		old_client_open(&c, TLS1_2_VERSION, offers[i]);
		old_client_shake(&c, server);
		assert_int_equal(tls_state_of(server), TLS_OPEN);
		assert_string_equal(tls_version(server), "TLSv1.2");
		assert_string_equal(tls_sni(server), "");
		assert_int_equal(SSL_session_reused(c.ssl), 0);
		assert_int_equal(SSL_SESSION_has_ticket(SSL_get_session(c.ssl)), 0);
		old_client_close(&c);
		tls_free(server);
		tls_ctx_unref(sc);
	}
}

/* S08: a client that asks to renegotiate is told no, and the session goes on. */
static void
test_no_renegotiation(void **state)
{
	struct tls_ctx *sc = server_ctx(&rsa);
	struct tls *server = tls_new(sc, NULL);
	struct old_client c;
	char buf[64];
	uint8_t wire[8192];
	int n;

	(void)state;
	old_client_open(&c, TLS1_2_VERSION, NULL);
	old_client_shake(&c, server);
	assert_int_equal(tls_state_of(server), TLS_OPEN);
	assert_int_equal(SSL_renegotiate(c.ssl), 1);
	(void)SSL_do_handshake(c.ssl);
	n = BIO_read(c.out, wire, sizeof(wire));
	assert_true(n > 0);
	assert_true(tls_feed(server, view_of(wire, (size_t)n)));
	assert_int_equal(tls_read(server, buf, sizeof(buf)), 0);
	assert_int_equal(tls_state_of(server), TLS_OPEN);
	assert_true(tls_out(server).n > 0 && tls_out(server).n < 64); /* an alert, no hello */
	old_client_close(&c);
	tls_free(server);
	tls_ctx_unref(sc);
}

/* S08: TLS 1.3 gives no ticket, so nothing can be resumed and no early data sent. */
static void
test_no_tickets(void **state)
{
	struct pair p;
	char buf[16];

	(void)state;
	pair_open(&p, &ecdsa, "vpn.example.org", SIZE_MAX);
	assert_int_equal(tls_out(p.server).n, 0);
	assert_int_equal(tls_read(p.client, buf, sizeof(buf)), 0);
	pair_close(&p);
}

static void
test_address_as_host(void **state)
{
	static const char *const hosts[] = { "192.0.2.7", "2001:db8::7", "[2001:db8::7]" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct pair p;

		pair_open(&p, &ecdsa, hosts[i], SIZE_MAX);
		assert_int_equal(tls_state_of(p.client), TLS_OPEN);
		assert_string_equal(tls_sni(p.server), ""); /* RFC 6066 section 3 */
		pair_close(&p);
	}
}

static void
test_hosts(void **state)
{
	struct tls_ctx *c = client_ctx(ca.cert);
	char longest[300];
	struct pair p;

	(void)state;
	pair_open(&p, &ecdsa, "VPN.example.org.", SIZE_MAX); /* case and the root's dot */
	assert_int_equal(tls_state_of(p.client), TLS_OPEN);
	pair_close(&p);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(tls_new(c, longest));
	assert_null(tls_new(c, ""));
	tls_ctx_unref(c);
}

static void
test_large_transfer(void **state)
{
	const size_t total = 1u << 20;
	uint8_t *big = malloc(total), *got = malloc(total);
	struct pair p;
	size_t have = 0;

	(void)state;
	assert_true(big && got);
	for (size_t i = 0; i < total; i++)
		big[i] = (uint8_t)(i * 2654435761u >> 24);
	pair_open(&p, &ecdsa, "vpn.example.org", SIZE_MAX);
	for (int way = 0; way < 2; way++) {
		struct tls *from = way ? p.server : p.client, *to = way ? p.client : p.server;

		have = 0;
		assert_true(tls_write(from, view_of(big, total)));
		while (tls_out(from).n) {
			struct view out = tls_out(from);
			size_t n = out.n < 10007 ? out.n : 10007; /* across records */
			int r;

			assert_true(tls_feed(to, view_of(out.p, n)));
			tls_out_drop(from, n);
			while ((r = tls_read(to, got + have, total - have)) > 0)
				have += (size_t)r;
			assert_int_equal(r, 0);
		}
		assert_int_equal(have, total);
		assert_memory_equal(got, big, total);
	}
	pair_close(&p);
	free(big);
	free(got);
}

static void
test_closing(void **state)
{
	struct pair p;
	char buf[16];

	(void)state;
	pair_open(&p, &ecdsa, "vpn.example.org", SIZE_MAX);
	assert_true(tls_write(p.client, view_str("last")));
	tls_shutdown(p.client);
	tls_shutdown(p.client);
	assert_false(tls_write(p.client, view_str("too late")));
	assert_int_equal(tls_state_of(p.client), TLS_OPEN); /* it may still read */
	carry(p.client, p.server, SIZE_MAX);
	assert_int_equal(tls_read(p.server, buf, sizeof(buf)), 4);
	assert_int_equal(tls_read(p.server, buf, sizeof(buf)), -1);
	assert_int_equal(tls_state_of(p.server), TLS_CLOSED);
	assert_int_equal(tls_failure(p.server)->cause, CAUSE_NONE);
	assert_int_equal(tls_read(p.server, buf, sizeof(buf)), -1);
	tls_shutdown(p.server);
	carry(p.server, p.client, SIZE_MAX);
	assert_int_equal(tls_read(p.client, buf, sizeof(buf)), -1);
	assert_int_equal(tls_state_of(p.client), TLS_CLOSED);
	pair_close(&p);
}

/* SSTP's crypto binding hashes the certificate: both ends must see the same. */
static void
test_certificate_seen(void **state)
{
	struct pair p;
	struct tls_cert cert;
	uint8_t sha1[20], sha256[32];

	(void)state;
	pair_open(&p, &ecdsa, "vpn.example.org", SIZE_MAX);
	assert_true(tls_peer_cert(p.client, &cert));
	assert_false(tls_peer_cert(p.server, &cert));
	tls_ctx_cert_hashes(p.sc, sha1, sha256);
	assert_memory_equal(cert.sha1, sha1, 20);
	assert_memory_equal(cert.sha256, sha256, 32);
	assert_string_equal(cert.subject, "CN=vpn.example.org");
	assert_string_equal(cert.issuer, "CN=Test CA");
	assert_string_equal(cert.names, "vpn.example.org, 192.0.2.7, 2001:db8::7");
	assert_int_equal(strlen(cert.not_before), 20);
	assert_true(strcmp(cert.not_before, cert.not_after) < 0);
	pair_close(&p);
}

/* Our hash is that of the DER form, worked out another way: base64 of the first PEM block. */
static void
test_hash_is_of_der(void **state)
{
	struct tls_ctx *c = server_ctx(&ecdsa);
	BIO *bio = BIO_new_mem_buf(ecdsa.cert, -1);
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL, want[32];
	uint8_t sha1[20], sha256[32];
	long n = 0;

	(void)state;
	assert_int_equal(PEM_read_bio(bio, &name, &header, &der, &n), 1);
	assert_int_equal(EVP_Digest(der, (size_t)n, want, NULL, EVP_sha256(), NULL), 1);
	tls_ctx_cert_hashes(c, sha1, sha256);
	assert_memory_equal(sha256, want, 32);
	assert_int_equal(EVP_Digest(der, (size_t)n, want, NULL, EVP_sha1(), NULL), 1);
	assert_memory_equal(sha1, want, 20);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(bio);
	tls_ctx_unref(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_established),
		cmocka_unit_test(test_tls12),
		cmocka_unit_test(test_no_renegotiation),
		cmocka_unit_test(test_no_tickets),
		cmocka_unit_test(test_address_as_host),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_large_transfer),
		cmocka_unit_test(test_closing),
		cmocka_unit_test(test_certificate_seen),
		cmocka_unit_test(test_hash_is_of_der),
	};

	return cmocka_run_group_tests(tests, make_identities, NULL);
}
