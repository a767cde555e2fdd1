/*
 * The client's side of authentication against a scripted server. Serves R31, R32, R33, R41, R106.
 */
#include "crypto/crypto.h"
#include "crypto/mschap.h"
#include "ppp_harness.h"

#define LCP PPP_PROTO_LCP
#define PAP PPP_PROTO_PAP
#define CHAP PPP_PROTO_CHAP

static struct h *
opened(unsigned int mask)
{
	struct h *h = h_new(SIDE_CLIENT);

	h->conf.auth_mask = mask;
	h_start(h);
	h_open_lcp(h);
	return h;
}

static void
test_pap(void **unused)
{
	struct h *h = opened(AUTH_BIT(AUTH_PAP));
	uint8_t id = h_sent(h, PAP, PAP_REQUEST)->id;

	(void)unused;
	h_data_is(h_sent(h, PAP, PAP_REQUEST), "0455736572 0a 636c69656e7450617373");
	h_in(h, PAP, PAP_ACK, (uint8_t)(id + 1), "00"); /* for somebody else */
	assert_int_equal(h->n_up_auth, 0);
	h_wait(h, 3000);
	assert_int_equal(h_sent(h, PAP, PAP_REQUEST)->id, id); /* repeated */
	h_in(h, PAP, PAP_ACK, id, "");
	assert_int_equal(h->n_up_auth, 1);
	h_sent(h, PPP_PROTO_IPCP, CP_CONF_REQ);
	h_free(h);

	h = opened(AUTH_BIT(AUTH_PAP));
	h_in(h, PAP, PAP_NAK, h_sent(h, PAP, PAP_REQUEST)->id, "026e6f");
	h_fact(h, "authentication refused: no");
	h_ended(h, "account.refused-by-server");
}

static void
test_silent_server(void **unused)
{
	struct h *h = opened(AUTH_BIT(AUTH_PAP));

	(void)unused;
	h_wait(h, 40000);
	assert_int_equal(h_count(h, PAP, PAP_REQUEST), 9);
	h_ended(h, "ppp.authentication-silent");

	h = opened(AUTH_BIT(AUTH_MSCHAPV2)); /* no challenge comes */
	h_wait(h, 40000);
	h_ended(h, "ppp.authentication-silent");
}

/* RFC 1994 section 4.1 over identifier 1, "clientPass" and 16 bytes; computed with md5sum. */
static void
test_chap_md5(void **unused)
{
	struct h *h = opened(AUTH_BIT(AUTH_CHAP));

	(void)unused;
	h_in(h, CHAP, CHAP_CHALLENGE, 1, "10 000102030405060708090a0b0c0d0e0f 727261");
	h_data_is(h_sent(h, CHAP, CHAP_RESPONSE), "10 0c884e678b2a0e30bda259086e9b4ebf 55736572");
	h_in(h, CHAP, CHAP_CHALLENGE, 2, "00 727261"); /* no challenge at all */
	assert_int_equal(h->n_sent, 0);
	h_in(h, CHAP, CHAP_FAILURE, 2, "6e6f"); /* for another identifier */
	h_alive(h);
	h_in(h, CHAP, CHAP_FAILURE, 1, "6e6f");
	h_fact(h, "authentication refused: no");
	h_ended(h, "account.refused-by-server");
}

/* RFC 2759 section 9.2, RFC 3079 section 3.5.3: our draw is made to give its peer challenge. */
static void
draw_rfc2759(void *ctx, uint8_t *out, size_t n)
{
	static const uint8_t peer[16] = { 0x21, 0x40, 0x23, 0x24, 0x25, 0x5e, 0x26, 0x2a, 0x28,
		0x29, 0x5f, 0x2b, 0x3a, 0x33, 0x7c, 0x7e };

	(void)ctx;
	for (size_t i = 0; i < n; i++)
		out[i] = peer[i % sizeof(peer)];
}

static struct h *
answered_mschap2(void)
{
	struct h *h = opened(AUTH_BIT(AUTH_MSCHAPV2));

	h->now.draw = draw_rfc2759;
	h_in(h, CHAP, CHAP_CHALLENGE, 7, "10 5b5d7c7d7b3f2f3e3c2c602132262628 727261");
	return h;
}

/* The same with a new password at hand. */
static struct h *
answered_mschap2_with(const char *new_password)
{
	static struct secret new;
	struct h *h = h_new(SIDE_CLIENT);

	assert_true(secret_set(&new, view_str(new_password)));
	h->conf.auth_mask = AUTH_BIT(AUTH_MSCHAPV2);
	h->conf.new_password = &new;
	h_start(h);
	h_open_lcp(h);
	h_in(h, CHAP, CHAP_CHALLENGE, 7, "10 5b5d7c7d7b3f2f3e3c2c602132262628 727261");
	return h;
}

static void
fail_mschap2(struct h *h, const char *text)
{
	h_in_view(h, CHAP, CHAP_FAILURE, 7, view_str(text));
}

static void
succeed(struct h *h, const char *text)
{
	h_in_view(h, CHAP, CHAP_SUCCESS, 7, view_str(text));
}

static void
test_mschap2(void **unused)
{
	struct h *h = answered_mschap2();
	uint8_t key[32];

	(void)unused;
	h_data_is(h_sent(h, CHAP, CHAP_RESPONSE),
	    "31 21402324255e262a28295f2b3a337c7e 0000000000000000"
	    "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df 00 55736572");
	assert_int_equal(h_sent(h, CHAP, CHAP_RESPONSE)->id, 7);
	/* The same challenge again gets the same response. */
	h_in(h, CHAP, CHAP_CHALLENGE, 7, "10 5b5d7c7d7b3f2f3e3c2c602132262628 727261");
	assert_int_equal(h_count(h, CHAP, CHAP_RESPONSE), 1);
	succeed(h, "S=407A5589115FD0D6209F510FE9C04566932CDA56 M=Welcome");
	assert_int_equal(h->n_up_auth, 1);
	assert_true(ppp_hlak(h->p, key));
	/* Client's send start key, then its receive key (RFC 3079 section 3.5.3). */
	static const uint8_t send_key[16] = { 0xd5, 0xf0, 0xe9, 0x52, 0x1e, 0x3e, 0xa9, 0x58, 0x96,
		0x45, 0xe8, 0x60, 0x51, 0xc8, 0x22, 0x26 };
	static const uint8_t recv_key[16] = { 0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b, 0xa1,
		0x18, 0xcb, 0x15, 0x3f, 0x56, 0xdc, 0xcb };
	assert_memory_equal(key, send_key, 16);
	assert_memory_equal(key + 16, recv_key, 16);
	h_fact(h, "answered by mschapv2 as User");
	h_free(h);
}

/* A server that cannot show that it knows the password is not believed. */
static void
test_mschap2_server_unproven(void **unused)
{
	static const char *const bad[] = { "S=407A5589115FD0D6209F510FE9C04566932CDA57 M=Welcome",
		"S=407a5589115fd0d6209f510fe9c04566932cda5", "", "M=Welcome",
		"S=0000000000000000000000000000000000000000" };

	(void)unused;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct h *h = answered_mschap2();
		succeed(h, bad[i]);
		assert_int_equal(h->n_up_auth, 0);
		h_ended(h, "ppp.server-not-proven");
	}
	struct h *h = opened(AUTH_BIT(AUTH_MSCHAPV2)); /* success out of the blue */
	succeed(h, "S=407A5589115FD0D6209F510FE9C04566932CDA56 M=Welcome");
	h_in(h, PPP_PROTO_IPCP, CP_CONF_REQ, 1, "03060a630001");
	assert_int_equal(h->n_up_auth, 0);
	assert_int_equal(h->n_sent, 0);
	h_free(h);
}

/* R34: with a new password at hand E=648 is answered by a change that the vault would believe. */
static void
test_mschap2_change(void **unused)
{
	struct h *h = answered_mschap2_with("newPass22");
	struct mschap2_change c;
	struct rd_fault fault;
	uint8_t old[16], new[16], want[24], hash[16];
	static const uint8_t challenge[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
		0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	char proof[60];

	(void)unused;
	fail_mschap2(h, "E=648 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=old");
	const struct cp_packet *pk = h_sent(h, PPP_PROTO_CHAP, CHAP_CHANGE);
	assert_int_equal(pk->whole.n, 586);
	uint8_t id = pk->id;
	assert_true(mschap2_read_change(pk->data, &c, &fault));
	assert_true(mschap_nt_hash(view_str("clientPass"), old));
	assert_true(mschap_nt_hash(view_str("newPass22"), new));
	mschap2_nt_response(challenge, c.peer_challenge, view_str("User"), new, want);
	assert_memory_equal(c.nt_response, want, 24);
	mschap2_hash_with_hash(old, new, hash);
	assert_memory_equal(c.hash, hash, 16);
	h_wait(h, 3000); /* no answer: sent again as it was */
	h_sent(h, PPP_PROTO_CHAP, CHAP_CHANGE);
	mschap2_authenticator_response(
	    new, c.nt_response, c.peer_challenge, challenge, view_str("User"), proof);
	h_in(h, CHAP, CHAP_CHALLENGE, 7, "10 5b5d7c7d7b3f2f3e3c2c602132262628 727261"); /* late */
	assert_int_equal(h->n_sent, 0);
	h_in_view(h, PPP_PROTO_CHAP, CHAP_SUCCESS, id, view_str(proof));
	assert_int_equal(h->n_up_auth, 1);
	/* a challenge of the session that is up is answered with the new password */
	h_in(h, CHAP, CHAP_CHALLENGE, 99, "10 00112233445566778899aabbccddeeff 727261");
	struct chap_value v;
	struct mschap2_value ms;
	assert_true(chap_read_value(h_sent(h, CHAP, CHAP_RESPONSE)->data, &v, &fault));
	assert_true(mschap2_read_value(v.value, &ms));
	mschap2_nt_response(challenge, ms.peer_challenge, view_str("User"), new, want);
	assert_memory_equal(ms.nt_response, want, 24);
	h_free(h);

	h = answered_mschap2_with("short");
	fail_mschap2(h, "E=648 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=old");
	id = h_sent(h, PPP_PROTO_CHAP, CHAP_CHANGE)->id;
	h_in_view(h, PPP_PROTO_CHAP, CHAP_FAILURE, id, view_str("E=709 R=0 V=3 M=no"));
	h_ended(h, "account.new-password-refused");
	h = answered_mschap2_with("newPass22"); /* an old server sends no challenge */
	fail_mschap2(h, "E=648 R=0 V=2");
	h_ended(h, "account.password-expired");
	h = answered_mschap2_with("newPass22"); /* twice would be an endless change */
	fail_mschap2(h, "E=648 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=old");
	id = h_sent(h, PPP_PROTO_CHAP, CHAP_CHANGE)->id;
	h_in_view(h, PPP_PROTO_CHAP, CHAP_FAILURE, id,
	    view_str("E=648 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=old"));
	h_ended(h, "account.password-expired");
}

static void
test_mschap2_failures(void **unused)
{
	static const struct {
		const char *text, *cause, *fact;
	} cases[] = {
		{ "E=691 R=1 C=00112233445566778899AABBCCDDEEFF V=3 M=Authentication failed",
		    "account.refused-by-server", "E=691 Authentication failed" },
		{ "E=647 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=Off", "account.disabled",
		    "E=647 Off" },
		{ "E=649 R=0 V=3", "policy.refused-by-server", "E=649" },
		{ "E=648 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=old",
		    "account.password-expired", "E=648 old" },
		{ "E=646 R=0 V=3 M=hours", "account.logon-hours", "E=646 hours" },
		{ "E=647 R=0 V=3 M=off", "account.disabled", "E=647 off" },
		{ "what", "account.refused-by-server", "what" },
		{ "", "account.refused-by-server", "refused" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct h *h = answered_mschap2();
		h_in_view(h, CHAP, CHAP_FAILURE, 7, view_str(cases[i].text));
		h_fact(h, cases[i].fact);
		h_ended(h, cases[i].cause);
	}
}

/* A challenge in the middle of a session (RFC 1994 section 4.1) is answered; all goes on. */
static void
test_challenged_again(void **unused)
{
	struct h *h = answered_mschap2();
	uint8_t before[32], after[32];

	(void)unused;
	succeed(h, "S=407A5589115FD0D6209F510FE9C04566932CDA56 M=Welcome");
	assert_true(ppp_hlak(h->p, before));
	h_in(h, CHAP, CHAP_CHALLENGE, 8, "10 000102030405060708090a0b0c0d0e0f 727261");
	h_sent(h, CHAP, CHAP_RESPONSE);
	assert_true(ppp_hlak(h->p, after));
	assert_memory_equal(before, after, 32);
	h_in_view(h, CHAP, CHAP_FAILURE, 8,
	    view_str("E=691 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=no"));
	h_ended(h, "account.refused-by-server");
}

/* R41: demands outside our methods get counter-offers down our list, then the end by name. */
static void
test_methods(void **unused)
{
	struct h *h = h_new(SIDE_CLIENT);

	(void)unused;
	h->conf.auth_mask = AUTH_BIT(AUTH_MSCHAPV2) | AUTH_BIT(AUTH_CHAP);
	h_start(h);
	h_in(h, LCP, CP_CONF_REQ, 1, "0304c023 0506aabbccdd");
	h_data_is(h_sent(h, LCP, CP_CONF_NAK), "0305c22381");
	h_in(h, LCP, CP_CONF_REQ, 2, "0304c227 0506aabbccdd");
	h_data_is(h_sent(h, LCP, CP_CONF_NAK), "0305c22305");
	h_in(h, LCP, CP_CONF_REQ, 3, "0304c023 0506aabbccdd");
	h_data_is(h_sent(h, LCP, CP_CONF_REJ), "0304c023");
	h_in(h, LCP, CP_TERM_REQ, 4, "");
	h_fact(h, "we allow mschapv2 chap; the peer would do eap pap");
	h_ended(h, "ppp.no-common-authentication");

	h = h_new(SIDE_CLIENT); /* the server falls silent after our counter-offer */
	h->conf.auth_mask = AUTH_BIT(AUTH_MSCHAPV2);
	h_start(h);
	h_in(h, LCP, CP_CONF_REQ, 1, "0304c023 0506aabbccdd");
	h_wait(h, 60000);
	h_ended(h, "ppp.no-common-authentication");

	h = h_new(SIDE_CLIENT); /* it takes our counter-offer */
	h->conf.auth_mask = AUTH_BIT(AUTH_MSCHAPV2);
	h_start(h);
	h_ack(h, LCP);
	h_in(h, LCP, CP_CONF_REQ, 1, "0305c22305 0506aabbccdd");
	h_data_is(h_sent(h, LCP, CP_CONF_NAK), "0305c22381");
	h_in(h, LCP, CP_CONF_REQ, 2, "0305c22381 0506aabbccdd");
	h_sent(h, LCP, CP_CONF_ACK);
	assert_int_equal(h->n_up_lcp, 1);
	h_free(h);
}

/* A server that demands no proof gets none, unless that is allowed in so many words. */
static void
test_server_demands_nothing(void **unused)
{
	struct h *h = h_new(SIDE_CLIENT);

	(void)unused;
	h->conf.auth_mask = AUTH_BIT(AUTH_MSCHAPV2);
	h_start(h);
	h_ack(h, LCP);
	h_in(h, LCP, CP_CONF_REQ, 1, "0506aabbccdd");
	h_ended(h, "ppp.no-common-authentication");

	h = h_new(SIDE_CLIENT);
	h->conf.auth_mask = AUTH_BIT(AUTH_NONE);
	h_start(h);
	h_ack(h, LCP);
	h_in(h, LCP, CP_CONF_REQ, 1, "0506aabbccdd");
	assert_int_equal(h->n_up_auth, 1);
	assert_int_equal(ppp_auth_method(h->p), AUTH_NONE);
	h_free(h);
}

/* A server that starts LCP over after authentication (an L2TP network server does) is followed. */
static void
test_server_starts_over(void **unused)
{
	struct h *h = h_new(SIDE_CLIENT);

	(void)unused;
	h_open_ip(h);
	h_in(h, LCP, CP_CONF_REQ, 9, "0304c023 050611223344");
	assert_false(ppp_data(h->p)->ip_open);
	h_sent(h, LCP, CP_CONF_ACK);
	h_ack(h, LCP);
	h_in(h, PAP, PAP_ACK, h_sent(h, PAP, PAP_REQUEST)->id, "00");
	h_data_is(h_sent(h, PPP_PROTO_IPCP, CP_CONF_REQ),
	    "03060a630002 810600000000 820600000000 830600000000 840600000000");
	h_ack(h, PPP_PROTO_IPCP);
	h_in(h, PPP_PROTO_IPCP, CP_CONF_REQ, 9, "03060a630001");
	assert_true(ppp_data(h->p)->ip_open);
	assert_int_equal(h->n_up_auth, 1);
	assert_int_equal(h->n_up_ip, 1); /* the same address: told once */
	h_free(h);
}

/* What cannot be said in a method is not sent cut short. */
static void
test_password_that_does_not_fit(void **unused)
{
	struct h *h = h_new(SIDE_CLIENT);
	uint8_t long_password[300];

	(void)unused;
	memset(long_password, 'a', sizeof(long_password));
	assert_true(secret_set(&h->conf.password, view_of(long_password, sizeof(long_password))));
	h_start(h);
	h_open_lcp(h);
	assert_int_equal(h_count(h, PAP, PAP_REQUEST), 0);
	h_ended(h, "account.name-encoding");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pap),
		cmocka_unit_test(test_silent_server),
		cmocka_unit_test(test_chap_md5),
		cmocka_unit_test(test_mschap2),
		cmocka_unit_test(test_mschap2_server_unproven),
		cmocka_unit_test(test_mschap2_change),
		cmocka_unit_test(test_mschap2_failures),
		cmocka_unit_test(test_challenged_again),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_server_demands_nothing),
		cmocka_unit_test(test_server_starts_over),
		cmocka_unit_test(test_password_that_does_not_fit),
	};
	char err[256];

	if (!crypto_init(err, sizeof(err))) {
		print_error("%s\n", err);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
