/*
 * A whole connection, both ends, while something goes wrong underneath: the n-th allocation fails
 * (G11), one bit of what came through TLS is another (G10), the wall clock jumps by 25 years
 * (G12). Whatever happens, both ends come to an end with a cause or are both up, and nobody gets in
 * with a wrong password.
 */
#include "conn_pair.h"
#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#define YEARS_25_US ((int64_t)25 * 365 * 86400 * 1000000)
#define BIT_STEP 29u /* each run tries one bit in so many, and the runs begin at different ones */
#define THEIR_STEP 23u

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
int __real_tls_read(struct tls *t, void *buf, size_t cap);
int __wrap_tls_read(struct tls *t, void *buf, size_t cap);

void __real_digest(enum digest_kind kind, const struct view *parts, size_t n_parts, uint8_t *out);
void __wrap_digest(enum digest_kind kind, const struct view *parts, size_t n_parts, uint8_t *out);
void __real_hmac(
    enum digest_kind kind, struct view key, const struct view *parts, size_t n_parts, uint8_t *out);
void __wrap_hmac(
    enum digest_kind kind, struct view key, const struct view *parts, size_t n_parts, uint8_t *out);

/*
 * A primitive that finds no memory has no other answer: the process ends, and is started anew (the
 * death of a role, X05). What it allocates is not counted here.
 */
static unsigned int in_primitive;

void __real_evp_digest(const EVP_MD *md, const struct view *parts, size_t n_parts, uint8_t *out);
void __wrap_evp_digest(const EVP_MD *md, const struct view *parts, size_t n_parts, uint8_t *out);
void __real_legacy_des_block(const uint8_t key[7], const uint8_t in[8], uint8_t out[8]);
void __wrap_legacy_des_block(const uint8_t key[7], const uint8_t in[8], uint8_t out[8]);
void __real_crypto_random(void *ctx, uint8_t *out, size_t n);
void __wrap_crypto_random(void *ctx, uint8_t *out, size_t n);
void __real_x509_hashes(X509 *cert, uint8_t sha1[20], uint8_t sha256[32]);
void __wrap_x509_hashes(X509 *cert, uint8_t sha1[20], uint8_t sha256[32]);

void
__wrap_evp_digest(const EVP_MD *md, const struct view *parts, size_t n_parts, uint8_t *out)
{
	in_primitive++;
	__real_evp_digest(md, parts, n_parts, out);
	in_primitive--;
}

void
__wrap_legacy_des_block(const uint8_t key[7], const uint8_t in[8], uint8_t out[8])
{
	in_primitive++;
	__real_legacy_des_block(key, in, out);
	in_primitive--;
}

void
__wrap_crypto_random(void *ctx, uint8_t *out, size_t n)
{
	in_primitive++;
	__real_crypto_random(ctx, out, n);
	in_primitive--;
}

void
__wrap_x509_hashes(X509 *cert, uint8_t sha1[20], uint8_t sha256[32])
{
	in_primitive++;
	__real_x509_hashes(cert, sha1, sha256);
	in_primitive--;
}

void
__wrap_digest(enum digest_kind kind, const struct view *parts, size_t n_parts, uint8_t *out)
{
	in_primitive++;
	__real_digest(kind, parts, n_parts, out);
	in_primitive--;
}

void
__wrap_hmac(
    enum digest_kind kind, struct view key, const struct view *parts, size_t n_parts, uint8_t *out)
{
	in_primitive++;
	__real_hmac(kind, key, parts, n_parts, out);
	in_primitive--;
}

/* The n-th allocation from now on fails, and only that one; 0: none. */
static unsigned long fail_at, n_ours, n_theirs;
static bool fail_theirs, failed;

static bool
is_due(bool theirs)
{
	unsigned long *n = theirs ? &n_theirs : &n_ours;

	if (aaa_answers || in_primitive > 0)
		return false;
	(*n)++;
	if (theirs != fail_theirs || *n != fail_at)
		return false;
	failed = true;
	return true;
}

void *
__wrap_malloc(size_t n)
{
	return is_due(false) ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return is_due(false) ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return is_due(false) ? NULL : __real_realloc(p, n);
}

static void *
their_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return is_due(true) ? NULL : __real_malloc(n);
}

static void *
their_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return is_due(true) ? NULL : __real_realloc(p, n);
}

static void
their_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* Of the bytes that one end reads out of TLS, the bit number flip_at is another. */
static const struct conn *flip_end;
static size_t flip_at, n_read_bits;

int
__wrap_tls_read(struct tls *t, void *buf, size_t cap)
{
	uint8_t *out = buf;
	int n = __real_tls_read(t, buf, cap);

	if (n <= 0 || !flip_end || flip_end->tls != t)
		return n;
	size_t bits = (size_t)n * 8;
	if (flip_at >= n_read_bits && flip_at < n_read_bits + bits) {
		size_t bit = flip_at - n_read_bits;
		out[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	n_read_bits += bits;
	return n;
}

/* Both are up, or both are down and say why; afterwards everything can be ended and freed. */
static void
judge(struct pair *p, bool right_password, const char *what, size_t at)
{
	bool up = conn_is_up(p->server) && !conn_is_down(p->server);

	if (up && !right_password)
		fail_msg("%s %zu: let in with a wrong password", what, at);
	if (up != (conn_is_up(p->client) && !conn_is_down(p->client)))
		fail_msg("%s %zu: one end is up (server: %d)", what, at, up);
	for (unsigned int i = 0; i < 2 && !up; i++) {
		struct conn *c = i ? p->client : p->server;
		if (!conn_is_down(c))
			fail_msg("%s %zu: end %u hangs", what, at, i);
		if (conn_attempt(c)->cause == CAUSE_NONE)
			fail_msg("%s %zu: end %u has no cause", what, at, i);
	}
}

static void
play(struct pair *p, const char *password)
{
	open_pair(p, pki.ca, password, AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_MSCHAPV2));
	p->ends_without_memory = true;
	fail_at = 0;
}

static void
talk(struct pair *p)
{
	(void)conn_start(p->client, p->cw, &p->now);
	run(p, 400000);
}

/* Runs with each allocation of a kind failing in turn, step apart, until none is left to fail. */
static unsigned int
each_allocation(bool theirs, unsigned long step)
{
	unsigned int runs = 0, up = 0;

	for (unsigned long n = 1;; n += step, runs++) {
		struct pair p;
		play(&p, "secret");
		fail_theirs = theirs;
		n_ours = n_theirs = 0;
		failed = false;
		fail_at = n;
		talk(&p);
		judge(&p, true, theirs ? "allocation of OpenSSL" : "allocation", n);
		up += conn_is_up(p.server) && !conn_is_down(p.server);
		(void)conn_close(p.client, p.cw, CAUSE_ENDED_BY_USER, &p.now);
		run(&p, 60000);
		fail_at = 0;
		assert_true(conn_is_down(p.client) && conn_is_down(p.server));
		close_pair(&p);
		if (!failed)
			break;
	}
	assert_true(up > 0);
	print_message("%u runs, %u of them came up\n", runs, up);
	return runs;
}

/* G11: each of our own allocations. */
static void
test_G11_our_allocations(void **state)
{
	unsigned int runs = each_allocation(false, 1);

	(void)state;
	assert_true(runs >= 5);
}

/* G11: those of OpenSSL, one in some. */
static void
test_G11_allocations_of_tls(void **state)
{
	unsigned int runs = each_allocation(true, THEIR_STEP);

	(void)state;
	assert_true(runs > 10);
}

/* One run with the bit number `at` changed; how many bits the end has read. */
static size_t
flip_one(bool at_server, const char *password, size_t at)
{
	struct pair p;

	play(&p, password);
	flip_end = at_server ? p.server : p.client;
	flip_at = at;
	n_read_bits = 0;
	talk(&p);
	judge(&p, strcmp(password, "secret") == 0, at_server ? "bit" : "bit of the server", at);
	flip_end = NULL;
	close_pair(&p);
	return n_read_bits;
}

static void
flip(bool at_server, const char *password, size_t first)
{
	size_t n_bits = flip_one(at_server, password, SIZE_MAX); /* none */

	assert_true(n_bits > 2000);
	for (size_t at = first; at < n_bits; at += BIT_STEP)
		(void)flip_one(at_server, password, at);
}

/* G10: of what the server reads. */
static void
test_G10_bits_to_the_server(void **state)
{
	(void)state;
	flip(true, "secret", 3);
	flip(true, "wrong", 0);
}

/* G10: and the client. */
static void
test_G10_bits_to_the_client(void **state)
{
	(void)state;
	flip(false, "secret", 5);
	flip(false, "wrong", 11);
}

/* G12: sessions run by the steady clock: the wall clock may be anything, at any moment. */
static void
test_G12_wall_clock_jumps(void **state)
{
	static const int64_t jumps[] = { YEARS_25_US, -YEARS_25_US };

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct pair p;
		play(&p, "secret");
		p.session_s = 7200;
		talk(&p);
		assert_true(conn_is_up(p.server));
		p.now.unix_us += jumps[i];
		run(&p, 600000);
		assert_true(conn_is_up(p.server) && !conn_is_down(p.server));
		assert_true(conn_is_up(p.client) && !conn_is_down(p.client));
		assert_true(conn_attempt(p.server)->cause == CAUSE_NONE);
		run(&p, 7200000); /* its time is over when it is, not earlier and not later */
		assert_cause(p.server, "ended.session-time-out");
		close_pair(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_G12_wall_clock_jumps),
		cmocka_unit_test(test_G11_our_allocations),
		cmocka_unit_test(test_G11_allocations_of_tls),
		cmocka_unit_test(test_G10_bits_to_the_server),
		cmocka_unit_test(test_G10_bits_to_the_client),
	};

	if (!CRYPTO_set_mem_functions(their_malloc, their_realloc, their_free))
		return 1;
	return cmocka_run_group_tests_name("net/conn_faults", tests, pair_setup, NULL);
}
