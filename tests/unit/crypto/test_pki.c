/*
 * Certificates made and examined: a round trip (checked by OpenSSL's own verifier), what requests
 * are refused, and each defect with its precise detail (R59, R69, R70, R83).
 */
#include "tls_pair.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static struct identity ca, good;
static int64_t now;

static int
make_identities(void **state)
{
	(void)state;
	now = time(NULL);
	make_ca("Test CA", &ca);
	issue_good(&ca, &good);
	return 0;
}

static X509 *
first_cert(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(x);
	return x;
}

static EVP_PKEY *
key_of(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(key);
	return key;
}

static void
assert_ext(X509 *x, int nid, bool critical, const char *value)
{
	int at = X509_get_ext_by_NID(x, nid, -1);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;

	assert_true(at >= 0);
	assert_int_equal(X509_EXTENSION_get_critical(X509_get_ext(x, at)) == 1, critical);
	assert_int_equal(X509V3_EXT_print(bio, X509_get_ext(x, at), 0, 0), 1);
	assert_int_equal(BIO_write(bio, "", 1), 1);
	BIO_get_mem_data(bio, &text);
	assert_string_equal(text, value);
	BIO_free(bio);
}

static void
test_ca(void **state)
{
	X509 *x = first_cert(ca.cert);
	EVP_PKEY *key = key_of(ca.key);

	(void)state;
	assert_ext(x, NID_basic_constraints, true, "CA:TRUE, pathlen:0");
	assert_ext(x, NID_key_usage, true, "Certificate Sign, CRL Sign");
	assert_true(X509_get_ext_by_NID(x, NID_subject_key_identifier, -1) >= 0);
	assert_true(X509_get_ext_by_NID(x, NID_authority_key_identifier, -1) >= 0);
	assert_int_equal(X509_verify(x, key), 1);
	assert_int_equal(X509_check_private_key(x, key), 1);
	assert_true(EVP_PKEY_is_a(key, "EC"));
	assert_non_null(strstr(ca.key, "-----BEGIN PRIVATE KEY-----"));
	EVP_PKEY_free(key);
	X509_free(x);
}

static void
test_issued(void **state)
{
	struct identity id;

	(void)state;
	for (int i = 0; i < 4; i++) {
		bool rsa = i & 1;
		enum pki_use use = i & 2 ? PKI_CLIENT : PKI_SERVER;
		X509 *root = first_cert(ca.cert);

		issue_at(&ca, use, rsa, now, 90, &id);
		X509 *x = first_cert(id.cert);
		EVP_PKEY *key = key_of(id.key);
		assert_int_equal(X509_check_private_key(x, key), 1);
		assert_int_equal(X509_verify(x, X509_get0_pubkey(root)), 1);
		assert_ext(x, NID_basic_constraints, true, "CA:FALSE");
		assert_ext(x, NID_key_usage, true,
		    rsa ? "Digital Signature, Key Encipherment" : "Digital Signature");
		assert_ext(x, NID_ext_key_usage, false,
		    use == PKI_SERVER ? "TLS Web Server Authentication"
				      : "TLS Web Client Authentication");
		assert_ext(x, NID_subject_alt_name, false,
		    "DNS:vpn.example.org, IP Address:192.0.2.7, DNS:192.0.2.7, IP "
		    "Address:2001:DB8:0:0:0:0:0:7");
		const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
		assert_int_equal(ASN1_STRING_length(serial), 16);
		assert_int_equal(ASN1_STRING_type(serial), V_ASN1_INTEGER); /* positive */
		assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notBefore(x), now - 3600), 0);
		assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notAfter(x), now + 90 * DAY_S), 0);
		/* the CA's certificate follows */
		assert_non_null(strstr(id.cert, ca.cert));
		assert_int_equal(EVP_PKEY_get_bits(key), rsa ? 2048 : 256);
		EVP_PKEY_free(key);
		X509_free(x);
		X509_free(root);
	}
}

/* Nothing outlives its CA. */
static void
test_clamped(void **state)
{
	struct identity id;

	(void)state;
	issue_at(&ca, PKI_SERVER, false, now, 36000, &id);
	X509 *x = first_cert(id.cert), *root = first_cert(ca.cert);
	assert_int_equal(ASN1_TIME_compare(X509_get0_notAfter(x), X509_get0_notAfter(root)), 0);
	X509_free(x);
	X509_free(root);
}

static bool
try_issue(const char *cn, const char *name, unsigned int days, const char *ca_cert,
    const char *ca_key, int64_t at, char *err, size_t cap)
{
	struct identity id;
	struct pki_issue want = { .common_name = cn,
		.names = { name },
		.n_names = name != NULL,
		.days = days,
		.now_unix_s = at };

	err[0] = '\0';
	return pki_issue(&want, view_str(ca_cert), view_str(ca_key), id.cert, id.key, err, cap);
}

static void
test_refused_requests(void **state)
{
	static const char *const bad_names[] = { "", "a b", "-\xc3\xa9", "a..b", ".a", "a.",
		"a,DNS:b", "192.0.2.0/24", "a.*.b" };
	char err[256], long_cn[70];

	(void)state;
	for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
		assert_false(
		    try_issue("x", bad_names[i], 30, ca.cert, ca.key, now, err, sizeof(err)));
		assert_non_null(strstr(err, "neither a DNS name"));
	}
	assert_true(try_issue("x", "*.example.org", 30, ca.cert, ca.key, now, err, sizeof(err)));
	assert_true(try_issue("host", NULL, 30, ca.cert, ca.key, now, err, sizeof(err)));
	assert_false(try_issue("My VPN", NULL, 30, ca.cert, ca.key, now, err, sizeof(err)));
	assert_non_null(strstr(err, "name that clients dial"));
	assert_false(try_issue("", "a", 30, ca.cert, ca.key, now, err, sizeof(err)));
	memset(long_cn, 'x', 69);
	long_cn[69] = '\0';
	assert_false(try_issue(long_cn, "a", 30, ca.cert, ca.key, now, err, sizeof(err)));
	assert_false(try_issue("x", "a", 0, ca.cert, ca.key, now, err, sizeof(err)));
	assert_false(try_issue("x", "a", 30, good.cert, good.key, now, err, sizeof(err)));
	assert_non_null(strstr(err, "not that of a CA"));
	assert_false(try_issue("x", "a", 30, ca.cert, good.key, now, err, sizeof(err)));
	assert_non_null(strstr(err, "does not belong"));
	assert_false(
	    try_issue("x", "a", 30, ca.cert, ca.key, now + 4000LL * DAY_S, err, sizeof(err)));
	assert_non_null(strstr(err, "expired"));
	assert_false(try_issue("x", "a", 30, "", ca.key, now, err, sizeof(err)));
	assert_false(try_issue("x", "a", 30, ca.cert, "rubbish", now, err, sizeof(err)));
}

static void
examine(const char *cert, const char *key, const char *name, int64_t at, struct pki_report *out)
{
	pki_examine(view_str(cert), view_str(key), name, at, out);
}

/* Exactly one defect, with these words in the detail. */
static void
assert_defect(const struct pki_report *r, enum pki_defect d, const char *words)
{
	if (r->n_defects != 1 || r->defects[0] != d || !strstr(r->detail, words))
		fail_msg("%u defects, first %u: %s", r->n_defects, (unsigned int)r->defects[0],
		    r->detail);
}

static void
test_examine_good(void **state)
{
	static const char *const names[] = { "", "vpn.example.org", "192.0.2.7", "2001:db8::7" };
	struct pki_report r;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		examine(good.cert, good.key, names[i], now, &r);
		if (r.n_defects)
			fail_msg("%s", r.detail);
		assert_string_equal(r.subject, "CN=vpn.example.org");
		assert_string_equal(r.issuer, "CN=Test CA");
		assert_string_equal(r.names, "vpn.example.org, 192.0.2.7, 2001:db8::7");
		assert_int_equal(strlen(r.not_after), 20);
		assert_string_equal(r.detail, "");
	}
	examine(good.cert, "", "", now, &r); /* the key is elsewhere: nothing to compare */
	assert_int_equal(r.n_defects, 0);
}

static void
test_examine_unreadable(void **state)
{
	struct pki_report r;
	char broken[PEM_MAX];

	(void)state;
	examine("", "", "", now, &r);
	assert_defect(&r, PKI_UNREADABLE, "empty");
	examine("rubbish", "", "", now, &r);
	assert_defect(&r, PKI_UNREADABLE, "BEGIN CERTIFICATE");
	examine(good.key, "", "", now, &r);
	assert_defect(&r, PKI_UNREADABLE, "no certificate");
	examine("\x30\x82\x01\x0a", "", "", now, &r);
	assert_defect(&r, PKI_UNREADABLE, "DER");
	memcpy(broken, good.cert, sizeof(broken));
	broken[100] = broken[100] == 'A' ? 'B' : 'A';
	broken[40] = '!';
	examine(broken, "", "", now, &r);
	assert_defect(&r, PKI_UNREADABLE, "certificate 1");
	examine(good.cert, "rubbish", "", now, &r);
	assert_defect(&r, PKI_UNREADABLE, "private key");
}

/* Never asks the terminal: says how to take the passphrase off. */
static void
test_examine_locked_key(void **state)
{
	EVP_PKEY *key = key_of(good.key);
	BIO *bio = BIO_new(BIO_s_mem());
	struct pki_report r;
	char *text = NULL;

	(void)state;
	assert_int_equal(
	    PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL), 1);
	long n = BIO_get_mem_data(bio, &text);
	pki_examine(cert_of(&good), view_of(text, (size_t)n), "", now, &r);
	assert_defect(&r, PKI_UNREADABLE, "passphrase");
	BIO_free(bio);
	EVP_PKEY_free(key);
}

static void
test_examine_key_mismatch(void **state)
{
	struct pki_report r;
	struct identity id;

	(void)state;
	issue_good(&ca, &id);
	examine(good.cert, id.key, "", now, &r);
	assert_defect(&r, PKI_KEY_MISMATCH, "none of the certificates");
	examine(good.cert, ca.key, "", now, &r); /* the file holds the CA's as well */
	assert_defect(&r, PKI_KEY_MISMATCH, "certificate 2");
}

static void
test_examine_dates(void **state)
{
	struct pki_report r;

	(void)state;
	examine(good.cert, good.key, "", now + 61 * DAY_S, &r);
	assert_defect(&r, PKI_EXPIRES_SOON, "certificate 1 is valid until");
	examine(good.cert, good.key, "", now + 91 * DAY_S, &r);
	assert_defect(&r, PKI_EXPIRED, "certificate 1 was valid until");
	examine(good.cert, good.key, "", now - DAY_S, &r);
	assert_defect(&r, PKI_NOT_YET, "certificate 1 is valid from");
}

static void
test_examine_usage(void **state)
{
	struct pki_report r;
	struct identity id;

	(void)state;
	issue_at(&ca, PKI_CLIENT, false, now, 90, &id);
	examine(id.cert, id.key, "", now, &r);
	assert_defect(&r, PKI_NO_SERVER_AUTH, "clientAuth");
	/* a CA as server: no extended key usage, but its key may only sign certificates */
	examine(ca.cert, ca.key, "", now, &r);
	assert_defect(&r, PKI_NO_SERVER_AUTH, "digitalSignature");
}

static void
test_examine_name(void **state)
{
	struct pki_report r;

	(void)state;
	examine(good.cert, good.key, "vpn.example.net", now, &r);
	assert_defect(&r, PKI_NAME_MISSING, "clients dial vpn.example.net");
	examine(good.cert, good.key, "192.0.2.8", now, &r);
	assert_defect(&r, PKI_NAME_MISSING, "vpn.example.org");
}

static void
test_examine_chain(void **state)
{
	struct identity id = good, fake;
	struct pki_report r;
	char *end = strstr(id.cert, "-----END CERTIFICATE-----\n");

	(void)state;
	end[strlen("-----END CERTIFICATE-----\n")] = '\0';
	examine(id.cert, id.key, "", now, &r);
	assert_defect(&r, PKI_CHAIN_INCOMPLETE, "missing: the certificate of CN=Test CA");
	make_ca("Test CA", &fake); /* the same name, another key */
	char both[2 * PEM_MAX];
	snprintf(both, sizeof(both), "%s%s", id.cert, fake.cert);
	examine(both, id.key, "", now, &r);
	assert_defect(&r, PKI_CHAIN_INCOMPLETE, "CN=Test CA");
}

/* Weak ones that no tool of ours makes: RSA 1024, and a signature with SHA-1. */
static void
test_examine_weak(void **state)
{
	EVP_PKEY *weak = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	EVP_PKEY *ca_key = key_of(ca.key);
	struct tls_ctx *c;
	char err[256];

	(void)state;
	for (int i = 0; i < 2; i++) {
		EVP_PKEY *key = i == 0 ? weak : key_of(good.key);
		X509 *x = first_cert(good.cert);
		BIO *certs = BIO_new(BIO_s_mem()), *keys = BIO_new(BIO_s_mem());
		char *cert_text = NULL, *key_text = NULL;
		struct pki_report r;

		assert_int_equal(X509_set_pubkey(x, key), 1);
		assert_true(X509_sign(x, ca_key, i == 0 ? EVP_sha256() : EVP_sha1()) > 0);
		PEM_write_bio_X509(certs, x);
		BIO_write(certs, ca.cert, (int)strlen(ca.cert));
		PEM_write_bio_PrivateKey(keys, key, NULL, NULL, 0, NULL, NULL);
		struct view cert = view_of(NULL, 0), pem_key = cert;
		cert.n = (size_t)BIO_get_mem_data(certs, &cert_text);
		cert.p = (const uint8_t *)cert_text;
		pem_key.n = (size_t)BIO_get_mem_data(keys, &key_text);
		pem_key.p = (const uint8_t *)key_text;
		pki_examine(cert, pem_key, "", now, &r);
		assert_defect(&r, PKI_WEAK,
		    i == 0 ? "certificate 1 has an RSA key of 1024 bits" : "signed with SHA-1");
		/* and the server refuses to start with it */
		c = tls_server_ctx(cert, pem_key, err, sizeof(err));
		assert_null(c);
		assert_non_null(strstr(err, "at least 2048"));
		BIO_free(certs);
		BIO_free(keys);
		X509_free(x);
		EVP_PKEY_free(key);
	}
	EVP_PKEY_free(ca_key);
}

/* All at once: each named, the detail bounded. */
static void
test_examine_many(void **state)
{
	struct identity id, other;
	struct pki_report r;

	(void)state;
	issue_at(&ca, PKI_CLIENT, false, now - 100 * DAY_S, 1, &id);
	issue_good(&ca, &other);
	examine(id.cert, other.key, "else.example.org", now, &r);
	assert_int_equal(r.n_defects, 4);
	assert_int_equal(r.defects[0], PKI_KEY_MISMATCH);
	assert_int_equal(r.defects[1], PKI_EXPIRED);
	assert_int_equal(r.defects[2], PKI_NO_SERVER_AUTH);
	assert_int_equal(r.defects[3], PKI_NAME_MISSING);
	assert_true(strlen(r.detail) < sizeof(r.detail));
}

static void
test_defect_texts(void **state)
{
	(void)state;
	for (unsigned int d = PKI_OK; d <= PKI_WEAK; d++)
		assert_true(strlen(pki_defect_text((enum pki_defect)d)) > 10);
}

/* Contexts from bad files say what is wrong and what to do. */
static void
test_context_errors(void **state)
{
	char err[256];
	struct view key = view_str(good.key), cert = cert_of(&good);

	(void)state;
	assert_null(tls_server_ctx(view_str(""), key, err, sizeof(err)));
	assert_non_null(strstr(err, "empty"));
	assert_null(tls_server_ctx(cert, view_str(""), err, sizeof(err)));
	assert_non_null(strstr(err, "empty"));
	assert_null(tls_server_ctx(cert, view_str(ca.key), err, sizeof(err)));
	assert_non_null(strstr(err, "does not belong"));
	assert_null(tls_client_ctx(view_str("rubbish"), err, sizeof(err)));
	assert_non_null(strstr(err, "BEGIN CERTIFICATE"));
}

/* The system's store: loaded, or refused with the package to install. */
static void
test_system_roots(void **state)
{
	char err[256] = "";
	struct tls_ctx *c = tls_client_ctx(view_of(NULL, 0), err, sizeof(err));

	(void)state;
	if (!c)
		assert_non_null(strstr(err, "ca-certificates"));
	tls_ctx_unref(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ca),
		cmocka_unit_test(test_issued),
		cmocka_unit_test(test_clamped),
		cmocka_unit_test(test_refused_requests),
		cmocka_unit_test(test_examine_good),
		cmocka_unit_test(test_examine_unreadable),
		cmocka_unit_test(test_examine_locked_key),
		cmocka_unit_test(test_examine_key_mismatch),
		cmocka_unit_test(test_examine_dates),
		cmocka_unit_test(test_examine_usage),
		cmocka_unit_test(test_examine_name),
		cmocka_unit_test(test_examine_chain),
		cmocka_unit_test(test_examine_weak),
		cmocka_unit_test(test_examine_many),
		cmocka_unit_test(test_defect_texts),
		cmocka_unit_test(test_context_errors),
		cmocka_unit_test(test_system_roots),
	};

	return cmocka_run_group_tests(tests, make_identities, NULL);
}
