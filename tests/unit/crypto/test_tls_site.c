/*
 * Certificates by name and by kind, and resumption that stays with the name: tickets of one site
 * are nothing at another (S08), and keys that were rotated away open none (S12). The peer is
 * OpenSSL's own client.
 */
#include "tls_vault.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

/* OpenSSL's setters are macros that cast const away. */
#pragma GCC diagnostic ignored "-Wcast-qual"

static struct identity ca, ec_a, rsa_a, ec_b, ec_wild;

static void
issue_for(const char *name, bool rsa, struct identity *out)
{
	struct pki_issue want = { .use = PKI_SERVER,
		.rsa = rsa,
		.common_name = name,
		.names = { name },
		.n_names = 1,
		.days = 90,
		.now_unix_s = time(NULL) };
	char err[256] = "";

	if (!pki_issue(
		&want, view_str(ca.cert), view_str(ca.key), out->cert, out->key, err, sizeof(err)))
		fail_msg("%s", err);
}

static int
make_identities(void **state)
{
	(void)state;
	make_ca("Test CA", &ca);
	issue_for("a.example.org", false, &ec_a);
	issue_for("A.example.org", true, &rsa_a);
	issue_for("b.example.org", false, &ec_b);
	issue_for("*.example.org", false, &ec_wild);
	return 0;
}

static struct tls_ctx *
local_ctx(const struct identity *const *ids, unsigned int n)
{
	struct tls_own own[TLS_CERTS_MAX];
	char err[256] = "";

	for (unsigned int i = 0; i < n; i++) {
		own[i] = own_of(ids[i]);
		own[i].key_pem = view_str(ids[i]->key);
	}
	struct tls_ctx *c = tls_server_ctx_of(own, n, err, sizeof(err));
	if (!c)
		fail_msg("%s", err);
	return c;
}

/* A client of OpenSSL. */
struct peer {
	const char *sni, *sigalgs, *groups;
	int version;            /* 0: the best */
	SSL_SESSION *offer;     /* a session to resume */
	SSL_SESSION *got;       /* what the server gave */
	struct tls_shown shown; /* as the server has it */
	uint8_t seen[32];       /* SHA-256 of what the client saw; zero when resumed */
	bool open, resumed;
	enum cause cause;
	char detail[160];
};

static SSL_SESSION *caught;

static int
catch_session(SSL *ssl, SSL_SESSION *s)
{
	(void)ssl;
	SSL_SESSION_free(caught);
	caught = s;
	return 1;
}

static void
exchange(SSL *ssl, BIO *in, BIO *out, struct tls *server, bool *up)
{
	char *p;

	for (unsigned int turn = 0; turn < 20; turn++) {
		*up = SSL_do_handshake(ssl) == 1;
		long n = BIO_get_mem_data(out, &p);
		assert_true(tls_feed(server, view_of(p, (size_t)n)));
		(void)BIO_reset(out);
		tls_step(server);
		struct view v = tls_out(server);
		if (v.n == 0 && n == 0)
			return;
		if (v.n)
			assert_int_equal(BIO_write(in, v.p, (int)v.n), v.n);
		tls_out_drop(server, v.n);
	}
}

static void
meet(struct tls_ctx *sc, struct peer *p)
{
	struct tls *server = tls_new(sc, NULL);
	SSL_CTX *cc = SSL_CTX_new(TLS_client_method());
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	char byte;

	SSL_CTX_set_session_cache_mode(cc, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(cc, catch_session);
	SSL *ssl = SSL_new(cc);
	BIO_set_mem_eof_return(in, -1);
	SSL_set_bio(ssl, in, out);
	SSL_set_connect_state(ssl);
	if (p->version)
		SSL_set_max_proto_version(ssl, p->version);
	if (p->sni)
		assert_int_equal(SSL_set_tlsext_host_name(ssl, p->sni), 1);
	if (p->sigalgs)
		assert_int_equal(SSL_set1_sigalgs_list(ssl, p->sigalgs), 1);
	if (p->groups)
		assert_int_equal(SSL_set1_groups_list(ssl, p->groups), 1);
	if (p->offer) { /* a copy: in TLS 1.3 the client marks one as used up */
		SSL_SESSION *copy = SSL_SESSION_dup(p->offer);
		assert_int_equal(SSL_set_session(ssl, copy), 1);
		SSL_SESSION_free(copy);
	}
	bool up = false;
	exchange(ssl, in, out, server, &up);
	p->open = up && tls_state_of(server) == TLS_OPEN;
	p->cause = tls_failure(server)->cause;
	snprintf(p->detail, sizeof(p->detail), "%s", tls_failure(server)->detail);
	memset(p->seen, 0, sizeof(p->seen));
	if (p->open) {
		assert_true(tls_write(server, view_str("x"))); /* 1.3: the ticket comes with it */
		struct view v = tls_out(server);
		assert_int_equal(BIO_write(in, v.p, (int)v.n), v.n);
		tls_out_drop(server, v.n);
		assert_int_equal(SSL_read(ssl, &byte, 1), 1);
		p->resumed = tls_resumed(server);
		assert_int_equal(p->resumed, SSL_session_reused(ssl));
		assert_true(tls_shown(server, &p->shown));
		X509 *x = SSL_get1_peer_certificate(ssl);
		unsigned int n = 0;
		if (x)
			assert_int_equal(X509_digest(x, EVP_sha256(), p->seen, &n), 1);
		X509_free(x);
	}
	p->got = caught;
	caught = NULL;
	SSL_shutdown(ssl);
	SSL_free(ssl);
	SSL_CTX_free(cc);
	tls_free(server);
	ERR_clear_error();
}

static void
hash_of(const struct identity *id, uint8_t out[32])
{
	struct tls_ctx *c = server_ctx(id);
	uint8_t sha1[20];

	tls_ctx_cert_hashes(c, sha1, out);
	tls_ctx_unref(c);
}

static void
expect(struct tls_ctx *sc, const char *sni, const char *sigalgs, int version,
    const struct identity *want)
{
	struct peer p = { .sni = sni, .sigalgs = sigalgs, .version = version };
	uint8_t hash[32];

	meet(sc, &p);
	SSL_SESSION_free(p.got);
	if (!p.open)
		fail_msg("%s: %s", sni ? sni : "no name", p.detail);
	hash_of(want, hash);
	assert_memory_equal(p.seen, hash, 32);
	assert_memory_equal(p.shown.sha256, hash, 32); /* what the crypto binding will use: S07 */
}

static void
the_name_chooses(void **state)
{
	const struct identity *ids[] = { &ec_b, &ec_wild, &ec_a, &rsa_a };
	struct tls_ctx *sc = local_ctx(ids, 4);

	(void)state;
	for (int version = 0; version <= TLS1_2_VERSION; version += TLS1_2_VERSION) {
		expect(sc, "a.example.org", NULL, version, &ec_a);
		expect(sc, "A.Example.ORG", NULL, version, &ec_a);
		expect(sc, "a.example.org", "RSA-PSS+SHA256:RSA+SHA256", version, &rsa_a);
		expect(sc, "a.example.org", "ECDSA+SHA256", version, &ec_a);
		expect(sc, "b.example.org", NULL, version, &ec_b);
		expect(sc, "c.example.org", NULL, version, &ec_wild); /* by the wildcard */
		expect(sc, "c.d.example.org", NULL, version, &ec_b);  /* two labels: the first */
		expect(sc, "example.org", NULL, version, &ec_b);
		expect(sc, "other.test", NULL, version, &ec_b);
		expect(sc, NULL, NULL, version, &ec_b);
	}
	tls_ctx_unref(sc);
}

/* The names of the configuration stand in place of those of the certificate. */
static void
names_can_be_given(void **state)
{
	static const char names[2][TLS_NAME_MAX] = { "*.other.test", "Third.TEST" };
	struct tls_own own[2] = { own_of(&ec_a), own_of(&ec_b) };
	char err[256];

	(void)state;
	own[0].key_pem = view_str(ec_a.key);
	own[1].key_pem = view_str(ec_b.key);
	own[1].names = names;
	own[1].n_names = 2;
	struct tls_ctx *sc = tls_server_ctx_of(own, 2, err, sizeof(err));
	assert_non_null(sc);
	expect(sc, "x.other.test", NULL, 0, &ec_b);
	expect(sc, "third.test", NULL, 0, &ec_b);
	expect(sc, "b.example.org", NULL, 0, &ec_a);
	tls_ctx_unref(sc);

	own[1].key_pem = view_str(ec_a.key); /* another's key: named, refused */
	own[1].label = "/etc/b.pem";
	assert_null(tls_server_ctx_of(own, 2, err, sizeof(err)));
	assert_non_null(strstr(err, "/etc/b.pem: the private key does not belong"));
}

static void
nothing_in_common_has_its_cause(void **state)
{
	const struct identity *ids[] = { &ec_a };
	struct tls_ctx *sc = local_ctx(ids, 1);
	struct peer p = { .sigalgs = "RSA-PSS+SHA256" };

	(void)state;
	meet(sc, &p);
	assert_string_equal(cause_info(p.cause)->name, "tls.no-common-signature");
	assert_non_null(strstr(p.detail, "an ECDSA certificate only"));
	p = (struct peer){ .groups = "ffdhe2048" };
	meet(sc, &p);
	assert_string_equal(cause_info(p.cause)->name, "tls.no-common-group");
	p = (struct peer){ .sigalgs = "RSA+SHA256", .version = TLS1_2_VERSION };
	meet(sc, &p);
	assert_string_equal(cause_info(p.cause)->name, "tls.no-common-cipher");
	tls_ctx_unref(sc);
}

static void
set_keys(struct tls_tickets *k, unsigned int newest, unsigned int n)
{
	uint8_t keys[TLS_TICKET_KEYS_MAX * TLS_TICKET_KEY_BYTES];

	for (unsigned int i = 0; i < n; i++)
		memset(keys + i * TLS_TICKET_KEY_BYTES, (int)(newest - i), TLS_TICKET_KEY_BYTES);
	assert_true(tls_tickets_set(k, view_of(keys, n * TLS_TICKET_KEY_BYTES)));
}

/* Meets anew with the session of before. Whether it was resumed. */
static bool
again(struct tls_ctx *sc, const char *sni, int version, SSL_SESSION *s)
{
	struct peer p = { .sni = sni, .version = version, .offer = s };

	meet(sc, &p);
	assert_true(p.open); /* what is not resumed is a full handshake */
	SSL_SESSION_free(p.got);
	return p.resumed;
}

static void
resumption_stays_with_its_name_S08(void **state)
{
	const struct identity *ids[] = { &ec_wild, &ec_a, &rsa_a },
			      *renewed[] = { &ec_wild, &ec_b };
	struct tls_ctx *sc = local_ctx(ids, 3), *other = local_ctx(renewed, 2);
	struct tls_tickets *k = tls_tickets_new();
	uint8_t hash[32];

	(void)state;
	tls_ctx_use_tickets(sc, k);
	tls_ctx_use_tickets(other, k);
	for (int version = 0; version <= TLS1_2_VERSION; version += TLS1_2_VERSION) {
		struct peer p = { .sni = "a.example.org", .version = version };
		if (version)
			p.sigalgs = "RSA+SHA256";
		set_keys(k, 9, 0); /* the vault has not spoken yet */
		meet(sc, &p);
		assert_true(p.open && !p.resumed);
		assert_true(!p.got || !SSL_SESSION_has_ticket(p.got));
		SSL_SESSION_free(p.got);

		set_keys(k, 9, 1);
		meet(sc, &p);
		assert_true(p.open && !p.resumed);
		assert_non_null(p.got);
		assert_true(SSL_SESSION_has_ticket(p.got));
		assert_int_equal(SSL_SESSION_get_max_early_data(p.got), 0);
		SSL_SESSION *s = p.got;

		p.offer = s;
		meet(sc, &p); /* the binding's certificate is that of the first handshake: S07 */
		assert_true(p.open && p.resumed);
		hash_of(version ? &rsa_a : &ec_a, hash);
		assert_memory_equal(p.shown.sha256, hash, 32);
		SSL_SESSION_free(p.got);

		assert_false(again(sc, "c.example.org", version, s)); /* another site */
		assert_false(again(sc, "other.test", version, s));
		assert_false(again(sc, NULL, version, s));
		assert_false(again(other, "a.example.org", version, s)); /* other certificates */
		assert_true(again(sc, "a.example.org", version, s));

		set_keys(k, 10, 2); /* S12: rotated once and twice, then gone */
		assert_true(again(sc, "a.example.org", version, s));
		set_keys(k, 11, 3);
		assert_true(again(sc, "a.example.org", version, s));
		set_keys(k, 12, 3);
		assert_false(again(sc, "a.example.org", version, s));
		SSL_SESSION_free(s);
	}
	assert_false(tls_tickets_set(k, view_of(hash, sizeof(hash)))); /* no whole key */
	tls_tickets_unref(k);
	tls_ctx_unref(sc);
	tls_ctx_unref(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_chooses),
		cmocka_unit_test(names_can_be_given),
		cmocka_unit_test(nothing_in_common_has_its_cause),
		cmocka_unit_test(resumption_stays_with_its_name_S08),
	};

	return cmocka_run_group_tests(tests, make_identities, NULL);
}
