/*
 * Every way in which TLS fails has its cause, asserted by the name that users see (R69, R70, R86,
 * R88): the client's checks of a certificate, the server's view of a refusal, old versions, other
 * protocols on the port, and garbage at each stage.
 */
#include "tls_pair.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>

static struct identity ca, other_ca, good;

static int
make_identities(void **state)
{
	(void)state;
	make_ca("Test CA", &ca);
	make_ca("Another CA", &other_ca);
	issue_good(&ca, &good);
	return 0;
}

/* A client dials a server that shows `id`; it must fail with `cause`, and the server must learn
 * what `server_sees`. */
static void
expect(const struct identity *id, const char *roots, const char *host, const char *cause,
    const char *words, const char *server_sees)
{
	struct tls_ctx *sc = server_ctx(id), *cc = client_ctx(roots);
	struct tls *server = tls_new(sc, NULL), *client = tls_new(cc, host);
	struct tls_cert cert;
	char buf[16];

	shake(client, server, SIZE_MAX);
	assert_cause(client, cause);
	if (!strstr(tls_failure(client)->detail, words))
		fail_msg("'%s' lacks '%s'", tls_failure(client)->detail, words);
	assert_true(tls_failure(client)->alert_out[0] != '\0');
	assert_true(tls_peer_cert(client, &cert)); /* seen, though refused */
	assert_string_equal(tls_failure(client)->subject,
	    tls_failure(client)->depth == 0 ? "CN=vpn.example.org" : cert.issuer);

	/* TLS 1.3: the server was done before the client's alert came. */
	assert_int_equal(tls_read(server, buf, sizeof(buf)), -1);
	assert_cause(server, server_sees);
	assert_true(tls_failure(server)->alert_in);
	assert_string_equal(tls_failure(server)->alert, tls_failure(client)->alert_out);
	tls_free(server);
	tls_free(client);
	tls_ctx_unref(sc);
	tls_ctx_unref(cc);
}

#define REFUSED "tls.certificate-refused-by-client"

static void
test_untrusted(void **state)
{
	(void)state;
	expect(&good, other_ca.cert, "vpn.example.org", "certificate.root-not-trusted", "Test CA",
	    REFUSED);
}

/* Untrusted outweighs everything else that is wrong. */
static void
test_untrusted_and_wrong_name(void **state)
{
	(void)state;
	expect(&good, other_ca.cert, "else.example.org", "certificate.root-not-trusted", "Test CA",
	    REFUSED);
}

static void
test_leaf_only(void **state)
{
	struct identity leaf = good;
	char *end = strstr(leaf.cert, "-----END CERTIFICATE-----\n");

	(void)state;
	end[strlen("-----END CERTIFICATE-----\n")] = '\0';
	expect(&leaf, other_ca.cert, "vpn.example.org", "certificate.root-not-trusted", "Test CA",
	    REFUSED);
}

static void
test_expired(void **state)
{
	struct identity id;

	(void)state;
	issue_at(&ca, PKI_SERVER, false, time(NULL) - 10 * DAY_S, 1, &id);
	expect(&id, ca.cert, "vpn.example.org", "certificate.expired", "valid until 20", REFUSED);
}

static void
test_not_yet(void **state)
{
	struct identity id;

	(void)state;
	issue_at(&ca, PKI_SERVER, false, time(NULL) + 10 * DAY_S, 30, &id);
	expect(
	    &id, ca.cert, "vpn.example.org", "certificate.not-yet-valid", "valid from 20", REFUSED);
}

static void
test_wrong_name(void **state)
{
	(void)state;
	expect(&good, ca.cert, "vpn.example.net", "certificate.name-differs", "vpn.example.net",
	    REFUSED);
	expect(&good, ca.cert, "192.0.2.8", "certificate.name-differs", "192.0.2.8", REFUSED);
	expect(
	    &good, ca.cert, "example.org", "certificate.name-differs", "vpn.example.org", REFUSED);
}

static void
test_wrong_usage(void **state)
{
	struct identity id;

	(void)state;
	issue_at(&ca, PKI_CLIENT, false, time(NULL), 30, &id);
	expect(&id, ca.cert, "vpn.example.org", "certificate.wrong-usage", "clientAuth", REFUSED);
}

/* R70: a leaf whose signature is not its issuer's: one bit of it changed. */
static void
test_chain_broken(void **state)
{
	struct identity id = good;
	BIO *in = BIO_new_mem_buf(good.cert, -1), *out = BIO_new(BIO_s_mem());
	char *name = NULL, *header = NULL, *text = NULL;
	unsigned char *der = NULL;
	long n = 0;

	(void)state;
	assert_int_equal(PEM_read_bio(in, &name, &header, &der, &n), 1);
	der[n - 1] ^= 1;
	assert_true(PEM_write_bio(out, name, header, der, n) > 0);
	n = BIO_get_mem_data(out, &text);
	assert_true(snprintf(id.cert, sizeof(id.cert), "%.*s%s", (int)n, text, ca.cert) <
		    (int)sizeof(id.cert));
	/* decrypt_error: the server cannot know that it was about the certificate */
	expect(&id, ca.cert, "vpn.example.org", "certificate.chain-broken", "signature",
	    "tls.handshake-failed");
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(in);
	BIO_free(out);
}

/* What came on the wire instead of a ClientHello. */
static void
expect_first(const void *bytes, size_t n, const char *cause, const char *words)
{
	struct tls_ctx *sc = server_ctx(&good);

	for (size_t step = 1; step <= n; step += n > 1 ? n - 1 : 1) { /* byte by byte, and whole */
		struct tls *server = tls_new(sc, NULL);

		for (size_t at = 0; at < n; at += step) {
			size_t left = n - at < step ? n - at : step;

			assert_true(tls_feed(server, view_of((const uint8_t *)bytes + at, left)));
			if (tls_step(server) == TLS_FAILED)
				break;
		}
		assert_cause(server, cause);
		if (!strstr(tls_failure(server)->detail, words))
			fail_msg("'%s' lacks '%s'", tls_failure(server)->detail, words);
		assert_false(tls_write(server, view_str("x")));
		assert_true(tls_feed(server, view_str("more"))); /* forgotten */
		assert_int_equal(tls_step(server), TLS_FAILED);
		tls_shutdown(server);
		tls_free(server);
	}
	tls_ctx_unref(sc);
}

static void
test_not_tls(void **state)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char sstp[] = "SSTP_DUPLEX_POST /sra_ HTTP/1.1\r\n";

	(void)state;
	expect_first(http, sizeof(http) - 1, "tls.not-tls", "\"G");
	expect_first(sstp, sizeof(sstp) - 1, "tls.not-tls", "\"S");
	expect_first("SSH-2.0-OpenSSH\r\n", 17, "tls.not-tls", "\"S");
	expect_first("\x00\x9c\x00\x01\x1a\x2b\x3c\x4d", 8, "tls.not-tls", ""); /* PPTP */
	expect_first("\x16\x47\x00\x00\x00", 5, "tls.not-tls", "");
	expect_first("\x80\x2e\x07\x00\x02", 5, "tls.not-tls", "");
}

static void
test_ssl2_hello(void **state)
{
	(void)state;
	expect_first("\x80\x2e\x01\x00\x02\x00\x15\x00\x00", 9, "tls.version", "SSL 2.0");
	expect_first("\x80\x2e\x01\x03\x01\x00\x15\x00\x00", 9, "tls.version", "SSL 2.0");
}

/* TLS records that are none. */
static void
test_garbage_first(void **state)
{
	(void)state;
	expect_first("\x16\x03\x01\x00\x05hello", 10, "tls.handshake-failed", "");
	expect_first("\x17\x03\x03\x00\x05hello", 10, "tls.handshake-failed", "");
	expect_first("\x16\x03\x01\xff\xff\x01", 6, "tls.handshake-failed", "");
	expect_first("\x15\x03\x01\x00\x02\x02\x28", 7, "tls.handshake-failed", "");
}

/* Foreign clients with a ceiling of versions or with ciphers that we do not have. */
static void
expect_offer(int version, const char *ciphers, const char *cause, const char *words)
{
	struct tls_ctx *sc = server_ctx(&good);
	struct tls *server = tls_new(sc, NULL);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	uint8_t hello[4096];

	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(ctx, version);
	assert_int_equal(SSL_CTX_set_cipher_list(ctx, ciphers), 1);
	ssl = SSL_new(ctx);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	assert_int_equal(SSL_connect(ssl), -1);
	int n = BIO_read(SSL_get_wbio(ssl), hello, sizeof(hello));
	assert_true(n > 0);
	assert_true(tls_feed(server, view_of(hello, (size_t)n)));
	tls_step(server);
	assert_cause(server, cause);
	if (!strstr(tls_failure(server)->detail, words))
		fail_msg("'%s' lacks '%s'", tls_failure(server)->detail, words);
	assert_true(tls_failure(server)->alert_out[0] != '\0');
	assert_true(tls_out(server).n > 0); /* the alert that tells the client */
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	tls_free(server);
	tls_ctx_unref(sc);
}

static void
test_old_version(void **state)
{
	(void)state;
	expect_offer(TLS1_1_VERSION, "ALL:@SECLEVEL=0", "tls.version", "TLS 1.1");
	expect_offer(TLS1_VERSION, "ALL:@SECLEVEL=0", "tls.version", "TLS 1.0");
}

static void
test_no_common_cipher(void **state)
{
	(void)state;
	expect_offer(
	    TLS1_2_VERSION, "AES128-GCM-SHA256", "tls.no-common-cipher", "no shared cipher");
	expect_offer(TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", "tls.no-common-cipher",
	    "an ECDSA certificate only");
}

/* A client meets an old server: its ServerHello chooses TLS 1.1, or it sends the alert. */
static void
expect_answer(const void *bytes, size_t n, const char *cause, const char *words)
{
	struct tls_ctx *cc = client_ctx(ca.cert);
	struct tls *client = tls_new(cc, "vpn.example.org");

	assert_int_equal(tls_step(client), TLS_HANDSHAKE);
	assert_true(tls_out(client).n > 0);
	assert_true(tls_feed(client, view_of(bytes, n)));
	tls_step(client);
	assert_cause(client, cause);
	if (!strstr(tls_failure(client)->detail, words))
		fail_msg("'%s' lacks '%s'", tls_failure(client)->detail, words);
	tls_free(client);
	tls_ctx_unref(cc);
}

static void
test_client_sees(void **state)
{
	uint8_t hello[5 + 4 + 38] = { 0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2 };

	(void)state;
	hello[5 + 4 + 35] = 0xc0; /* ECDHE-RSA-AES128-SHA */
	hello[5 + 4 + 36] = 0x13;
	expect_answer(hello, sizeof(hello), "tls.version", "server");
	expect_answer("\x15\x03\x01\x00\x02\x02\x46", 7, "tls.version", "protocol_version");
	expect_answer(
	    "\x15\x03\x03\x00\x02\x02\x28", 7, "tls.handshake-failed", "server sent alert");
	expect_answer("\x15\x03\x03\x00\x02\x02\x30", 7, "tls.handshake-failed", "unknown_ca");
	expect_answer("HTTP/1.1 400 Bad Request\r\n", 26, "tls.not-tls", "HTTP/1.1 400");
	expect_answer("\x16\x03\x03\x00\x04oops", 9, "tls.handshake-failed", "");
	expect_answer("\x15\x03\x03\x00\x02\x01\x00", 7, "tls.closed-in-handshake", "");
}

/*
 * G10: runs a good handshake up to the k-th flight, then noise that looks like a record comes in
 * place of the next.
 */
static void
test_garbage_at_each_stage(void **state)
{
	struct tls_ctx *sc = server_ctx(&good), *cc = client_ctx(ca.cert);

	(void)state;
	for (unsigned int flight = 0; flight < 4; flight++) {
		struct tls *server = tls_new(sc, NULL), *client = tls_new(cc, "vpn.example.org");
		static const uint8_t noise[] = { 0x17, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
			11, 12, 13, 14, 15, 16, 17, 18, 19, 20 };
		struct tls *victim = flight % 2 ? client : server;
		char buf[16];

		tls_step(client);
		for (unsigned int i = 0; i < flight; i++)
			carry(i % 2 ? server : client, i % 2 ? client : server, SIZE_MAX);
		assert_true(tls_feed(victim, view_of(noise, sizeof(noise))));
		if (tls_step(victim) == TLS_OPEN)
			assert_int_equal(tls_read(victim, buf, sizeof(buf)), -1);
		assert_cause(victim, "tls.handshake-failed");
		tls_free(server);
		tls_free(client);
	}
	tls_ctx_unref(sc);
	tls_ctx_unref(cc);
}

/* A record changed on its way, after the handshake. */
static void
test_tampered_record(void **state)
{
	struct tls_ctx *sc = server_ctx(&good), *cc = client_ctx(ca.cert);
	struct tls *server = tls_new(sc, NULL), *client = tls_new(cc, "vpn.example.org");
	uint8_t record[64];
	char buf[16];

	(void)state;
	shake(client, server, SIZE_MAX);
	assert_true(tls_write(client, view_str("hello")));
	struct view out = tls_out(client);
	assert_true(view_copy(out, record, sizeof(record)));
	record[out.n - 1] ^= 1;
	assert_true(tls_feed(server, view_of(record, out.n)));
	assert_int_equal(tls_read(server, buf, sizeof(buf)), -1);
	assert_cause(server, "tls.handshake-failed");
	assert_string_equal(tls_failure(server)->alert_out, "bad_record_mac");

	/* The alert reaches the other end long after its handshake: reported all the same. */
	carry(server, client, SIZE_MAX);
	assert_int_equal(tls_read(client, buf, sizeof(buf)), -1);
	assert_cause(client, "tls.handshake-failed");
	assert_true(tls_failure(client)->alert_in);
	assert_string_equal(tls_failure(client)->alert, "bad_record_mac");
	tls_free(server);
	tls_free(client);
	tls_ctx_unref(sc);
	tls_ctx_unref(cc);
}

/* TLS 1.2, where the client's alert comes before the server's handshake is done. */
static void
test_refused_in_tls12(void **state)
{
	static const struct {
		uint8_t code;
		const char *name, *cause;
	} rows[] = {
		{ 42, "bad_certificate", REFUSED },
		{ 45, "certificate_expired", REFUSED },
		{ 46, "certificate_unknown", REFUSED },
		{ 48, "unknown_ca", REFUSED },
		{ 70, "protocol_version", "tls.version" },
		{ 71, "insufficient_security", "tls.handshake-failed" },
	};
	struct tls_ctx *sc = server_ctx(&good);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tls *server = tls_new(sc, NULL);
		const uint8_t alert[] = { 0x15, 3, 3, 0, 2, 2, rows[i].code };
		SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
		SSL *ssl = SSL_new(ctx);
		uint8_t hello[4096];

		SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
		SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
		assert_int_equal(SSL_connect(ssl), -1);
		int n = BIO_read(SSL_get_wbio(ssl), hello, sizeof(hello));
		assert_true(tls_feed(server, view_of(hello, (size_t)n)));
		assert_int_equal(tls_step(server), TLS_HANDSHAKE);
		assert_true(tls_feed(server, view_of(alert, sizeof(alert))));
		tls_step(server);
		assert_cause(server, rows[i].cause);
		assert_string_equal(tls_failure(server)->alert, rows[i].name);
		assert_non_null(strstr(tls_failure(server)->detail, rows[i].name));
		SSL_free(ssl);
		SSL_CTX_free(ctx);
		tls_free(server);
	}
	tls_ctx_unref(sc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_untrusted),
		cmocka_unit_test(test_untrusted_and_wrong_name),
		cmocka_unit_test(test_leaf_only),
		cmocka_unit_test(test_expired),
		cmocka_unit_test(test_not_yet),
		cmocka_unit_test(test_wrong_name),
		cmocka_unit_test(test_wrong_usage),
		cmocka_unit_test(test_chain_broken),
		cmocka_unit_test(test_not_tls),
		cmocka_unit_test(test_ssl2_hello),
		cmocka_unit_test(test_garbage_first),
		cmocka_unit_test(test_old_version),
		cmocka_unit_test(test_no_common_cipher),
		cmocka_unit_test(test_client_sees),
		cmocka_unit_test(test_garbage_at_each_stage),
		cmocka_unit_test(test_tampered_record),
		cmocka_unit_test(test_refused_in_tls12),
	};

	return cmocka_run_group_tests(tests, make_identities, NULL);
}
