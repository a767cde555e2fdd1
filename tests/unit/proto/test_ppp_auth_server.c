/*
 * The server's side of authentication against a scripted peer: PAP, CHAP, MS-CHAPv2 with retry,
 * and the walk through the methods. Serves R31, R32, R33, R41, R106; attack ids Q03 to Q07.
 */
#include "ppp_harness.h"

#define LCP PPP_PROTO_LCP
#define PAP PPP_PROTO_PAP
#define CHAP PPP_PROTO_CHAP

static const unsigned int all = AUTH_BIT(AUTH_PAP) | AUTH_BIT(AUTH_CHAP) | AUTH_BIT(AUTH_MSCHAPV2);

/* RFC 2759 section 9.2 in a Response: peer challenge, zeros, NT response, flags, "User". */
static const char response[] = "31 21402324255e262a28295f2b3a337c7e 0000000000000000"
			       "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df 00 55736572";
static const char other_response[] = "31 00402324255e262a28295f2b3a337c7e 0000000000000000"
				     "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df 00 55736572";

static struct h *
challenged(unsigned int mask)
{
	struct h *h = h_new(SIDE_SERVER);

	h->conf.auth_mask = mask;
	memcpy(h->conf.local_name, "rras", 5);
	h_start(h);
	h_open_lcp(h);
	return h;
}

static void
text_is(const struct cp_packet *pk, const char *text)
{
	char got[160] = { 0 };

	assert_true(view_copy(pk->data, got, sizeof(got) - 1));
	assert_string_equal(got, text);
}

static void
test_pap(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);
	uint8_t key[32], zero[32] = { 0 };

	(void)unused;
	h_start(h);
	h_open_lcp(h);
	assert_false(ppp_hlak(h->p, key));
	h_in(h, PAP, PAP_REQUEST, 5, "0455736572 02 7077");
	assert_int_equal(h->n_ask_auth, 1);
	assert_int_equal(h->auth.method, AUTH_PAP);
	assert_int_equal(h->auth.tunnel, TUNNEL_SSTP);
	assert_true(view_eq(view_of(h->auth.name, h->auth.n_name), view_str("User")));
	assert_true(secret_equal(&h->auth.password, view_str("pw")));
	h_in(h, PAP, PAP_REQUEST, 5, "0455736572 02 7077");
	assert_int_equal(h->n_ask_auth, 1); /* a copy while the question is open */
	h_answer(h, true, CAUSE_NONE, false);
	assert_int_equal(h_sent(h, PAP, PAP_ACK)->id, 5);
	assert_int_equal(h->n_up_auth, 1);
	assert_int_equal(h->n_ask_lease, 1);
	assert_true(ppp_hlak(h->p, key));
	assert_memory_equal(key, zero, 32);
	assert_true(view_eq(ppp_peer_name(h->p), view_str("User")));
	h_in(h, PAP, PAP_REQUEST, 6, "0455736572 02 7077"); /* the Ack was lost */
	h_sent(h, PAP, PAP_ACK);
	assert_int_equal(h->n_ask_auth, 1);
	h_free(h);
}

static void
test_pap_refused(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_start(h);
	h_open_lcp(h);
	h_in(h, PAP, PAP_REQUEST, 5, "0455736572 02 7077");
	h_answer(h, false, CAUSE_NO_SUCH_USER, true);
	/* The verdict goes out before the end, and neither says which of name and password. */
	assert_int_equal(h->sent[0].protocol, PAP);
	h_data_is(h_sent(h, PAP, PAP_NAK), "15 41757468656e7469636174696f6e206661696c6564");
	text_is(h_sent(h, LCP, CP_TERM_REQ), "Authentication failed");
	h_ended(h, "account.unknown");
}

/* Q04: empty name, empty password; lengths past the packet are dropped and recorded. */
static void
test_pap_malformed(void **unused)
{
	static const char *const empty[] = { "00 00", "0455736572 00", "00 027077" };
	static const char *const cut[] = { "", "05", "0455", "0455736572", "0455736572 0370",
		"0455736572 0270770000", "ff55736572027077" };

	(void)unused;
	for (size_t i = 0; i < 3; i++) {
		struct h *h = challenged(AUTH_BIT(AUTH_PAP));
		h_in(h, PAP, PAP_REQUEST, 1, empty[i]);
		h_sent(h, PAP, PAP_NAK);
		assert_int_equal(h->n_ask_auth, 0);
		h_ended(h, "ppp.authentication-malformed");
	}
	struct h *h = challenged(AUTH_BIT(AUTH_PAP));
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		h_in(h, PAP, PAP_REQUEST, 1, cut[i]);
		assert_int_equal(h->n_sent, 0);
	}
	assert_int_equal(h->n_ask_auth, 0);
	h_fact(h, "bad packet of protocol 49187");
	h_alive(h);
	h_free(h);
}

static void
test_silent_peers(void **unused)
{
	struct h *h = challenged(AUTH_BIT(AUTH_PAP));

	(void)unused;
	h_wait(h, 29999);
	h_alive(h);
	h_wait(h, 1);
	h_ended(h, "ppp.authentication-silent");

	h = challenged(AUTH_BIT(AUTH_CHAP));
	h_wait(h, 29999);
	assert_int_equal(h_count(h, CHAP, CHAP_CHALLENGE), 9);
	h_wait(h, 1);
	h_ended(h, "ppp.authentication-silent");
}

static void
test_chap_md5(void **unused)
{
	struct h *h = challenged(AUTH_BIT(AUTH_CHAP));
	struct cp_packet ch = *h_sent(h, CHAP, CHAP_CHALLENGE);
	uint8_t challenge[16];

	(void)unused;
	assert_int_equal(ch.data.n, 1 + 16 + 4);
	memcpy(challenge, ch.data.p + 1, 16);
	h_in(h, CHAP, CHAP_RESPONSE, ch.id, "10 000102030405060708090a0b0c0d0e0f 55736572");
	assert_int_equal(h->n_ask_auth, 1);
	assert_int_equal(h->auth.method, AUTH_CHAP);
	assert_int_equal(h->auth.id, ch.id);
	assert_int_equal(h->auth.n_challenge, 16);
	assert_memory_equal(h->auth.challenge, challenge, 16);
	assert_int_equal(h->auth.chap_digest[15], 15);
	h_answer(h, true, CAUSE_NONE, false);
	assert_int_equal(h_sent(h, CHAP, CHAP_SUCCESS)->id, ch.id);
	h_in(h, CHAP, CHAP_RESPONSE, ch.id, "10 000102030405060708090a0b0c0d0e0f 55736572");
	assert_int_equal(h_sent(h, CHAP, CHAP_SUCCESS)->id, ch.id);
	assert_int_equal(h->n_ask_auth, 1);
	h_free(h);

	h = challenged(AUTH_BIT(AUTH_CHAP));
	h_in(h, CHAP, CHAP_RESPONSE, h_sent(h, CHAP, CHAP_CHALLENGE)->id,
	    "10 000102030405060708090a0b0c0d0e0f 55736572");
	h_answer(h, false, CAUSE_NO_REVERSIBLE, true);
	text_is(h_sent(h, CHAP, CHAP_FAILURE), "Authentication failed");
	h_ended(h, "account.no-reversible-password");
}

/* Q06: a response to another identifier, and codes that a client has no business sending. */
static void
test_old_responses(void **unused)
{
	struct h *h = challenged(AUTH_BIT(AUTH_MSCHAPV2));
	uint8_t id = h_sent(h, CHAP, CHAP_CHALLENGE)->id;

	(void)unused;
	h_in(h, CHAP, CHAP_RESPONSE, (uint8_t)(id - 1), response);
	h_in(h, CHAP, CHAP_SUCCESS, id, "");
	h_in(h, CHAP, CHAP_CHALLENGE, id, response);
	h_in(h, PAP, PAP_REQUEST, 1, "0455736572 02 7077"); /* not what was agreed */
	assert_int_equal(h->n_ask_auth, 0);
	assert_int_equal(h->n_sent, 0);
	h_fact(h, "response-to-old-challenge");
	h_alive(h);
	h_free(h);
}

/* Q05: value sizes that are neither method's, and names of 0 and 257 bytes. */
static void
test_chap_malformed(void **unused)
{
	static const char *const bad[] = { "11 000102030405060708090a0b0c0d0e0f10 55736572",
		"10 000102030405060708090a0b0c0d0e0f 55736572", "00 55736572" };
	uint8_t data[1 + 49 + 257] = { 49 };

	(void)unused;
	for (size_t i = 0; i < 3; i++) {
		struct h *h = challenged(AUTH_BIT(AUTH_MSCHAPV2));
		h_in(h, CHAP, CHAP_RESPONSE, h_sent(h, CHAP, CHAP_CHALLENGE)->id, bad[i]);
		h_sent(h, CHAP, CHAP_FAILURE);
		h_ended(h, "ppp.authentication-malformed");
	}
	for (size_t n_name = 0; n_name <= 257; n_name += 257) {
		struct h *h = challenged(AUTH_BIT(AUTH_MSCHAPV2));
		h_in_view(h, CHAP, CHAP_RESPONSE, h_sent(h, CHAP, CHAP_CHALLENGE)->id,
		    view_of(data, 50 + n_name));
		h_ended(h, "ppp.authentication-malformed");
	}
	struct h *h = challenged(AUTH_BIT(AUTH_MSCHAPV2)); /* 256 is the most and passes */
	h_in_view(
	    h, CHAP, CHAP_RESPONSE, h_sent(h, CHAP, CHAP_CHALLENGE)->id, view_of(data, 50 + 256));
	assert_int_equal(h->auth.n_name, 256);
	h_free(h);
	h = challenged(AUTH_BIT(AUTH_MSCHAPV2)); /* a value past the packet */
	h_in(h, CHAP, CHAP_RESPONSE, h_sent(h, CHAP, CHAP_CHALLENGE)->id, "31 00");
	h_alive(h);
	h_fact(h, "bad packet of protocol 49699: short");
	h_free(h);
}

/* The question is filled byte by byte; Success carries S=; the key is as MS-SSTP wants it. */
static void
test_mschap2(void **unused)
{
	struct h *h = challenged(all);
	struct cp_packet ch = *h_sent(h, CHAP, CHAP_CHALLENGE);
	uint8_t key[32], want[32];

	(void)unused;
	assert_int_equal(ch.data.p[0], 16);
	assert_memory_equal(ch.data.p + 17, "rras", 4);
	h_in(h, CHAP, CHAP_RESPONSE, ch.id, response);
	assert_int_equal(h->auth.method, AUTH_MSCHAPV2);
	assert_int_equal(h->auth.peer_challenge[0], 0x21);
	assert_int_equal(h->auth.nt_response[23], 0xdf);
	h_answer(h, true, CAUSE_NONE, false);
	text_is(
	    h_sent(h, CHAP, CHAP_SUCCESS), "S=407A5589115FD0D6209F510FE9C04566932CDA56 M=Welcome");
	assert_true(ppp_hlak(h->p, key));
	memset(want, 0xaa, 16); /* what the server receives with is the client's send key */
	memset(want + 16, 0x55, 16);
	assert_memory_equal(key, want, 32);
	assert_int_equal(ppp_auth_method(h->p), AUTH_MSCHAPV2);
	h_free(h);
}

/* RFC 2759 section 6: R=1 with a new challenge, identifier one up, as often as configured. */
static void
test_mschap2_retry(void **unused)
{
	struct h *h = challenged(all);
	struct cp_packet ch = *h_sent(h, CHAP, CHAP_CHALLENGE);
	uint8_t first[16], second[16];
	uint8_t id = ch.id;

	(void)unused;
	memcpy(first, ch.data.p + 1, 16);
	h->conf.auth_retries = 2;
	h_in(h, CHAP, CHAP_RESPONSE, id, response);
	h_answer(h, false, CAUSE_WRONG_PASSWORD, true);
	struct mschap2_failure f;
	assert_true(mschap2_read_failure(h_sent(h, CHAP, CHAP_FAILURE)->data, &f));
	assert_int_equal(f.error, 691);
	assert_true(f.retry && f.has_challenge);
	assert_memory_not_equal(f.challenge, first, 16);
	assert_int_equal(f.version, 3);
	memcpy(second, f.challenge, 16);
	h_in(h, CHAP, CHAP_RESPONSE, id, response); /* a copy of the old one: told again */
	h_sent(h, CHAP, CHAP_FAILURE);
	assert_int_equal(h->n_ask_auth, 1);

	h_wait(h, 45000); /* somebody types */
	h_in(h, CHAP, CHAP_RESPONSE, (uint8_t)(id + 1), other_response);
	assert_int_equal(h->n_ask_auth, 2);
	assert_memory_equal(h->auth.challenge, second, 16);
	h_answer(h, false, CAUSE_WRONG_PASSWORD, true);
	h_fact(h, "the peer may try again, 1 tries left");
	h_in(h, CHAP, CHAP_RESPONSE, (uint8_t)(id + 2), response);
	assert_int_equal(h->n_ask_auth, 3);
	h_answer(h, false, CAUSE_WRONG_PASSWORD, true);
	assert_true(mschap2_read_failure(h_sent(h, CHAP, CHAP_FAILURE)->data, &f));
	assert_false(f.retry);
	h_ended(h, "account.wrong-password");
}

/* The data of a Change-Password packet of so many bytes, all of one value. */
static struct view
change_data(uint8_t value, size_t n)
{
	static uint8_t data[700];

	memset(data, value, sizeof(data));
	return view_of(data, n);
}

/* R34, RFC 2759 section 9.1.6: E=648 R=0 with a new challenge; a change to it; the answer. */
static void
test_mschap2_change(void **unused)
{
	struct h *h = challenged(all);
	struct cp_packet ch = *h_sent(h, CHAP, CHAP_CHALLENGE);
	struct mschap2_failure f;
	uint8_t id = ch.id, first[16];

	(void)unused;
	memcpy(first, ch.data.p + 1, 16);
	h_in_view(h, CHAP, CHAP_CHANGE, (uint8_t)(id + 1), change_data(7, 582)); /* nobody asked */
	assert_int_equal(h->n_ask_auth, 0);
	h_in(h, CHAP, CHAP_RESPONSE, id, response);
	h_answer(h, false, CAUSE_PASSWORD_EXPIRED, false);
	assert_true(mschap2_read_failure(h_sent(h, CHAP, CHAP_FAILURE)->data, &f));
	assert_int_equal(f.error, 648);
	assert_false(f.retry);
	assert_true(f.has_challenge && f.version == 3);
	assert_memory_not_equal(f.challenge, first, 16);
	h_in(h, CHAP, CHAP_RESPONSE, id, response); /* the Failure was lost */
	h_sent(h, CHAP, CHAP_FAILURE);

	h_wait(h, 45000); /* somebody types */
	h_in_view(h, CHAP, CHAP_CHANGE, (uint8_t)(id + 1), change_data(7, 582));
	assert_int_equal(h->n_ask_auth, 2);
	assert_true(h->auth.change);
	assert_memory_equal(h->auth.challenge, f.challenge, 16);
	assert_int_equal(h->auth.change_block[515], 7);
	assert_int_equal(h->auth.n_name, 4); /* of the response before */
	h_in_view(h, CHAP, CHAP_CHANGE, (uint8_t)(id + 1), change_data(7, 582)); /* a copy */
	assert_int_equal(h->n_ask_auth, 2);
	h_answer(h, true, CAUSE_NONE, false);
	assert_int_equal(h_sent(h, CHAP, CHAP_SUCCESS)->id, (uint8_t)(id + 1));
	assert_int_equal(h->n_up_auth, 1);
	h_in_view(h, CHAP, CHAP_CHANGE, (uint8_t)(id + 1), change_data(7, 582)); /* lost */
	h_sent(h, CHAP, CHAP_SUCCESS);
	h_free(h);
}

static struct h *
change_offered(uint8_t *id)
{
	struct h *h = challenged(all);

	*id = h_sent(h, CHAP, CHAP_CHALLENGE)->id;
	h_in(h, CHAP, CHAP_RESPONSE, *id, response);
	h_answer(h, false, CAUSE_PASSWORD_MUST_CHANGE, false);
	h_sent(h, CHAP, CHAP_FAILURE);
	return h;
}

/* R34 R35 R36 Q08: nobody changes it; not twice; a packet of a wrong size; an administrator. */
static void
test_mschap2_change_ends(void **unused)
{
	static const size_t wrong[] = { 0, 1, 516, 581, 583, 700 };
	struct mschap2_failure f;
	uint8_t id;
	struct h *h = change_offered(&id);

	(void)unused;
	h_wait(h, 59999);
	h_alive(h);
	h_wait(h, 1);
	h_ended(h, "account.password-must-change"); /* the reason, not the silence */
	h = change_offered(&id);
	h_in_view(h, CHAP, CHAP_CHANGE, (uint8_t)(id + 1), change_data(1, 582));
	h_answer(h, false, CAUSE_NEW_PASSWORD, true);
	assert_true(mschap2_read_failure(h_sent(h, CHAP, CHAP_FAILURE)->data, &f));
	assert_int_equal(f.error, 709);
	assert_false(f.retry);
	h_ended(h, "account.new-password-refused");
	h = change_offered(&id); /* a wrong old password gets no second try by this way */
	h_in_view(h, CHAP, CHAP_CHANGE, (uint8_t)(id + 1), change_data(1, 582));
	h_answer(h, false, CAUSE_WRONG_PASSWORD, true);
	h_ended(h, "account.wrong-password");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		h = change_offered(&id);
		h_in_view(h, CHAP, CHAP_CHANGE, (uint8_t)(id + 1), change_data(0xff, wrong[i]));
		assert_int_equal(h->n_ask_auth, 1);
		h_ended(h, "ppp.authentication-malformed");
	}
	h = challenged(all);
	id = h_sent(h, CHAP, CHAP_CHALLENGE)->id;
	h_in(h, CHAP, CHAP_RESPONSE, id, response);
	h_answer(h, false, CAUSE_PASSWORD_ADMIN, false);
	assert_true(mschap2_read_failure(h_sent(h, CHAP, CHAP_FAILURE)->data, &f));
	assert_int_equal(f.error, 648);
	h_ended(h, "account.administrator-password-expired");
}

/* R33: each cause has its number on the wire; no retry where aaa allows none. */
static void
test_mschap2_numbers(void **unused)
{
	static const struct {
		enum cause cause;
		const char *name;
		uint32_t error;
	} cases[] = {
		{ CAUSE_ACCOUNT_DISABLED, "account.disabled", 647 },
		{ CAUSE_DIALIN_DENIED, "policy.account-denies", 649 },
		{ CAUSE_NO_SUCH_USER, "account.unknown", 691 },
		{ CAUSE_NO_FREE_PORT, "capacity.no-free-port", 649 },
		{ CAUSE_NONE, "account.refused-by-server", 691 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct h *h = challenged(all);
		struct mschap2_failure f;
		h_in(h, CHAP, CHAP_RESPONSE, h_sent(h, CHAP, CHAP_CHALLENGE)->id, response);
		h_answer(h, false, cases[i].cause, false);
		assert_true(mschap2_read_failure(h_sent(h, CHAP, CHAP_FAILURE)->data, &f));
		assert_int_equal(f.error, cases[i].error);
		assert_false(f.retry);
		h_ended(h, cases[i].name);
	}
}

static void
test_retry_is_not_used(void **unused)
{
	struct h *h = challenged(all);

	(void)unused;
	h_in(h, CHAP, CHAP_RESPONSE, h_sent(h, CHAP, CHAP_CHALLENGE)->id, response);
	h_answer(h, false, CAUSE_WRONG_PASSWORD, true);
	h_wait(h, 60000);
	h_ended(h, "ppp.authentication-silent");
}

/* S05: a yes without the keys of the binding is no yes. */
static void
test_accepted_without_keys(void **unused)
{
	struct h *h = challenged(all);
	struct auth_answer a = { .ok = true };

	(void)unused;
	h_in(h, CHAP, CHAP_RESPONSE, h_sent(h, CHAP, CHAP_CHALLENGE)->id, response);
	ppp_answer_auth(h->p, &a, &h->now, h_fx(h));
	h_done(h);
	assert_int_equal(h->n_up_auth, 0);
	h_ended(h, "internal.vault-down");
}

static void
test_no_answer(void **unused)
{
	struct h *h = challenged(all);

	(void)unused;
	h_in(h, CHAP, CHAP_RESPONSE, h_sent(h, CHAP, CHAP_CHALLENGE)->id, response);
	h_wait(h, 30000);
	h_fact(h, "aaa did not answer authentication within 30000 ms");
	h_ended(h, "internal.aaa-down");
}

/* R41: strongest first; the peer's counter-offer is taken when allowed, else the next weaker. */
static void
test_methods_strongest_first(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h->conf.auth_mask = all;
	h_start(h);
	h_data_is(
	    h_sent(h, LCP, CP_CONF_REQ), "01040578 020600000000 0305c22381 050601020304 0702 0802");
	h_in(h, LCP, CP_CONF_NAK, h_sent(h, LCP, CP_CONF_REQ)->id, "0304c227"); /* EAP: no */
	h_data_is(
	    h_sent(h, LCP, CP_CONF_REQ), "01040578 020600000000 0305c22305 050601020304 0702 0802");
	h_in(h, LCP, CP_CONF_REJ, h_sent(h, LCP, CP_CONF_REQ)->id, "0305c22305");
	h_data_is(
	    h_sent(h, LCP, CP_CONF_REQ), "01040578 020600000000 0304c023 050601020304 0702 0802");
	h_in(h, LCP, CP_CONF_REJ, h_sent(h, LCP, CP_CONF_REQ)->id, "0304c023");
	h_fact(h, "we allow mschapv2 chap pap; the peer would do eap");
	text_is(h_sent(h, LCP, CP_TERM_REQ), "No common authentication method");
	h_ended(h, "ppp.no-common-authentication");
}

static void
test_counter_offer_is_taken(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h->conf.auth_mask = all;
	h_start(h);
	h_in(h, LCP, CP_CONF_NAK, h_sent(h, LCP, CP_CONF_REQ)->id, "0304c023");
	h_fact(h, "the peer refused mschapv2 and asked for pap");
	assert_true(h->p->lcp.auth == AUTH_PAP);
	h_open_lcp(h);
	h_in(h, PAP, PAP_REQUEST, 5, "0455736572 02 7077");
	assert_int_equal(h->auth.method, AUTH_PAP);
	h_free(h);

	h = h_new(SIDE_SERVER); /* MS-CHAPv2 only: a wish for less ends it */
	h->conf.auth_mask = AUTH_BIT(AUTH_MSCHAPV2);
	h_start(h);
	h_in(h, LCP, CP_CONF_NAK, h_sent(h, LCP, CP_CONF_REQ)->id, "0304c023");
	h_fact(h, "we allow mschapv2; the peer would do pap");
	h_ended(h, "ppp.no-common-authentication");
}

/* A server that may demand nothing lets nobody in. */
static void
test_no_method_at_all(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h->conf.auth_mask = AUTH_BIT(AUTH_EAP);
	h_start(h);
	h_open_lcp(h);
	h_ended(h, "ppp.no-common-authentication");
}

/* Q03: network protocols before authentication are dropped, with a fact. */
static void
test_network_before_authentication(void **unused)
{
	struct h *h = challenged(all);

	(void)unused;
	h_in(h, PPP_PROTO_IPCP, CP_CONF_REQ, 1, "030600000000");
	assert_int_equal(h->n_sent, 0);
	h_in_raw(h, "ff0380fd 0101000a 1206 01000040");
	assert_int_equal(h->n_sent, 0);
	h_in_raw(h, "ff030021 4500");
	assert_int_equal(h->n_sent, 0);
	h_fact(h, "8021 event packet-before-authentication");
	h_fact(h, "80fd event packet-before-authentication");
	assert_int_equal(h->n_ask_lease, 0);
	h_alive(h);
	h_free(h);
}

/* An answer that nobody waits for, or that comes too late, changes nothing. */
static void
test_answers_out_of_turn(void **unused)
{
	struct h *h = challenged(all);

	(void)unused;
	h_answer(h, true, CAUSE_NONE, false);
	h_lease(h, CAUSE_NONE);
	assert_int_equal(h->n_up_auth, 0);
	h_in(h, CHAP, CHAP_RESPONSE, h->p->auth.id, response);
	ppp_close(h->p, CAUSE_ENDED_BY_ADMIN, &h->now, h_fx(h));
	h_done(h);
	h_answer(h, true, CAUSE_NONE, false);
	assert_int_equal(h->n_up_auth, 0);
	h_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pap),
		cmocka_unit_test(test_accepted_without_keys),
		cmocka_unit_test(test_pap_refused),
		cmocka_unit_test(test_pap_malformed),
		cmocka_unit_test(test_silent_peers),
		cmocka_unit_test(test_chap_md5),
		cmocka_unit_test(test_old_responses),
		cmocka_unit_test(test_chap_malformed),
		cmocka_unit_test(test_mschap2),
		cmocka_unit_test(test_mschap2_retry),
		cmocka_unit_test(test_mschap2_change),
		cmocka_unit_test(test_mschap2_change_ends),
		cmocka_unit_test(test_mschap2_numbers),
		cmocka_unit_test(test_retry_is_not_used),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_methods_strongest_first),
		cmocka_unit_test(test_counter_offer_is_taken),
		cmocka_unit_test(test_no_method_at_all),
		cmocka_unit_test(test_network_before_authentication),
		cmocka_unit_test(test_answers_out_of_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
