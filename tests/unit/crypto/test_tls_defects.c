/*
 * A06: certificates that a client must refuse, each with its own cause: too weak, forged, issued by
 * who may not, with constraints broken, with an unknown critical extension, with a zero in a name.
 */
#include "tls_pair.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

struct entity {
	X509 *cert;
	EVP_PKEY *key;
};

/* What to make: extensions as openssl.cnf has them, NULL ends. */
struct spec {
	const char *cn, *ext[6][2];
	unsigned int rsa_bits; /* 0: ECDSA P-256 */
	const char *digest;    /* NULL: SHA-256 */
	bool unknown_critical, zero_in_name;
};

static void
add_extensions(X509 *x, X509 *issuer, const struct spec *s)
{
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	for (unsigned int i = 0; i < 6 && s->ext[i][0]; i++) {
		X509_EXTENSION *e = X509V3_EXT_conf(NULL, &ctx, s->ext[i][0], s->ext[i][1]);
		assert_non_null(e);
		assert_int_equal(X509_add_ext(x, e, -1), 1);
		X509_EXTENSION_free(e);
	}
	if (s->unknown_critical) {
		X509_EXTENSION *e =
		    X509V3_EXT_conf(NULL, &ctx, "1.3.6.1.4.1.99999.1", "critical,DER:0500");
		assert_non_null(e);
		assert_int_equal(X509_add_ext(x, e, -1), 1);
		X509_EXTENSION_free(e);
	}
	if (s->zero_in_name) {
		GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
		GENERAL_NAME *g = GENERAL_NAME_new();
		ASN1_IA5STRING *text = ASN1_IA5STRING_new();
		static const char name[] = "vpn.example.org\0.evil.test";
		assert_int_equal(ASN1_STRING_set(text, name, sizeof(name) - 1), 1);
		GENERAL_NAME_set0_value(g, GEN_DNS, text);
		assert_true(sk_GENERAL_NAME_push(names, g) > 0);
		assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0), 1);
		GENERAL_NAMES_free(names);
	}
}

static struct entity
make(const struct spec *s, const struct entity *by)
{
	struct entity e = { .cert = X509_new(),
		.key = s->rsa_bits ? EVP_RSA_gen(s->rsa_bits) : EVP_EC_gen("P-256") };
	X509_NAME *name = X509_get_subject_name(e.cert);

	assert_non_null(e.key);
	X509_set_version(e.cert, X509_VERSION_3);
	static long serial = 1;
	ASN1_INTEGER_set(X509_get_serialNumber(e.cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(e.cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(e.cert), DAY_S);
	assert_int_equal(X509_NAME_add_entry_by_txt(
			     name, "CN", MBSTRING_UTF8, (const unsigned char *)s->cn, -1, -1, 0),
	    1);
	X509_set_issuer_name(e.cert, by ? X509_get_subject_name(by->cert) : name);
	X509_set_pubkey(e.cert, e.key);
	add_extensions(e.cert, by ? by->cert : e.cert, s);
	const EVP_MD *md = s->digest ? EVP_get_digestbyname(s->digest) : EVP_sha256();
	assert_true(X509_sign(e.cert, by ? by->key : e.key, md) > 0);
	return e;
}

static void
put(struct identity *id, const struct entity *const *chain, unsigned int n)
{
	BIO *out = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_mem());
	char *p;

	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(PEM_write_bio_X509(out, chain[i]->cert), 1);
	long len = BIO_get_mem_data(out, &p);
	assert_true((size_t)len < sizeof(id->cert));
	snprintf(id->cert, sizeof(id->cert), "%.*s", (int)len, p);
	assert_int_equal(
	    PEM_write_bio_PrivateKey(key, chain[0]->key, NULL, NULL, 0, NULL, NULL), 1);
	len = BIO_get_mem_data(key, &p);
	snprintf(id->key, sizeof(id->key), "%.*s", (int)len, p);
	BIO_free(out);
	BIO_free(key);
}

static void
drop(struct entity *e)
{
	X509_free(e->cert);
	EVP_PKEY_free(e->key);
}

#define CA_EXT                                                                                     \
	{ "basicConstraints", "critical,CA:TRUE" },                                                \
	{                                                                                          \
		"keyUsage", "critical,keyCertSign"                                                 \
	}
#define LEAF_EXT                                                                                   \
	{ "extendedKeyUsage", "serverAuth" },                                                      \
	{                                                                                          \
		"subjectAltName", "DNS:vpn.example.org"                                            \
	}

static const struct spec root_spec = { .cn = "Root", .ext = { CA_EXT } };

/* A client that trusts the root meets a server with this chain, the leaf first. */
static void
expect(struct entity *root, const struct entity *const *chain, unsigned int n, const char *cause)
{
	struct identity id, roots;
	char err[256] = "";

	put(&id, chain, n);
	put(&roots, (const struct entity *const[]){ root }, 1);
	struct tls_ctx *sc = tls_server_ctx(view_str(id.cert), view_str(id.key), err, sizeof(err));
	if (!sc)
		fail_msg("%s: %s", cause ? cause : "good", err);
	struct tls_ctx *cc = client_ctx(roots.cert);
	struct tls *server = tls_new(sc, NULL), *client = tls_new(cc, "vpn.example.org");
	shake(client, server, SIZE_MAX);
	if (cause)
		assert_cause(client, cause);
	else
		assert_int_equal(tls_state_of(client), TLS_OPEN);
	tls_free(server);
	tls_free(client);
	tls_ctx_unref(sc);
	tls_ctx_unref(cc);
	ERR_clear_error();
}

/* Root, an intermediate one and a leaf. */
static void
three(const struct spec *root_is, const struct spec *middle_is, const struct spec *leaf_is,
    const char *cause)
{
	struct entity root = make(root_is, NULL), middle = make(middle_is, &root);
	struct entity leaf = make(leaf_is, &middle);

	expect(&root, (const struct entity *const[]){ &leaf, &middle }, 2, cause);
	drop(&root);
	drop(&middle);
	drop(&leaf);
}

static const struct spec middle_spec = { .cn = "Middle", .ext = { CA_EXT } };
static const struct spec leaf_spec = { .cn = "leaf", .ext = { LEAF_EXT } };

static void
good_chain_passes(void **state)
{
	(void)state;
	three(&root_spec, &middle_spec, &leaf_spec, NULL);
}

static void
issuer_may_not_A06(void **state)
{
	const struct spec no_ca = { .cn = "Middle", .ext = { { "basicConstraints", "CA:FALSE" } } };
	const struct spec no_sign = { .cn = "Middle",
		.ext = { { "basicConstraints", "critical,CA:TRUE" },
		    { "keyUsage", "digitalSignature" } } };
	const struct spec short_root = { .cn = "Root",
		.ext = { { "basicConstraints", "critical,CA:TRUE,pathlen:0" },
		    { "keyUsage", "keyCertSign" } } };
	const struct spec other_names = { .cn = "Middle",
		.ext = { CA_EXT, { "nameConstraints", "critical,permitted;DNS:other.test" } } };
	const struct spec not_these = { .cn = "Middle",
		.ext = { CA_EXT, { "nameConstraints", "critical,excluded;DNS:example.org" } } };

	(void)state;
	three(&root_spec, &no_ca, &leaf_spec, "certificate.issuer-may-not");
	three(&root_spec, &no_sign, &leaf_spec, "certificate.issuer-may-not");
	three(&short_root, &middle_spec, &leaf_spec, "certificate.issuer-may-not");
	three(&root_spec, &other_names, &leaf_spec, "certificate.issuer-may-not");
	three(&root_spec, &not_these, &leaf_spec, "certificate.issuer-may-not");
}

/* The server's end refuses a weak leaf itself, so the weak one is the intermediate. */
static void
weak_keys_and_digests_A06(void **state)
{
	const struct spec small = { .cn = "Middle", .ext = { CA_EXT }, .rsa_bits = 1024 };
	struct entity root = make(&root_spec, NULL), middle = make(&small, &root);
	struct entity leaf = make(&leaf_spec, &middle);
	char err[256];
	struct identity id;

	(void)state;
	/* A server cannot even be given it: examined where it is configured (pki_examine). */
	put(&id, (const struct entity *const[]){ &leaf, &middle }, 2);
	assert_null(tls_server_ctx(view_str(id.cert), view_str(id.key), err, sizeof(err)));
	assert_non_null(strstr(err, "cannot be used"));
	/* Trusted by the client itself, it is still refused. */
	expect(&middle, (const struct entity *const[]){ &leaf }, 1, "certificate.too-weak");
	drop(&root);
	drop(&middle);
	drop(&leaf);
}

static void
unknown_critical_A06(void **state)
{
	const struct spec leaf = { .cn = "leaf", .ext = { LEAF_EXT }, .unknown_critical = true };

	(void)state;
	three(&root_spec, &middle_spec, &leaf, "certificate.unknown-critical");
}

static void
zero_in_a_name_A06(void **state)
{
	const struct spec leaf = {
		.cn = "leaf", .ext = { { "extendedKeyUsage", "serverAuth" } }, .zero_in_name = true
	};

	(void)state;
	three(&root_spec, &middle_spec, &leaf, "certificate.name-differs");
}

/* Another key stands behind the issuer's name: the signature is not its own. */
static void
forged_A06(void **state)
{
	struct entity root = make(&root_spec, NULL), false_root = make(&root_spec, NULL);
	struct entity leaf = make(&leaf_spec, &false_root);

	(void)state;
	expect(&root, (const struct entity *const[]){ &leaf }, 1, "certificate.chain-broken");
	drop(&root);
	drop(&false_root);
	drop(&leaf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_chain_passes),
		cmocka_unit_test(issuer_may_not_A06),
		cmocka_unit_test(weak_keys_and_digests_A06),
		cmocka_unit_test(unknown_critical_A06),
		cmocka_unit_test(zero_in_a_name_A06),
		cmocka_unit_test(forged_A06),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
