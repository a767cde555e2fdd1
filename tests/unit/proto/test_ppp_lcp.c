/*
 * LCP against a scripted peer: every option that real clients send, and every way in which LCP
 * alone can end a link. Serves R18, R31, R41, R106; attack ids Q01, Q02.
 */
#include "ppp_harness.h"

#include <stdio.h>

#define LCP PPP_PROTO_LCP

/* The peer never says a word: one request after 1 s, then every 3 s, ten in all. */
static void
test_silence(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_start(h);
	h_sent(h, LCP, CP_CONF_REQ);
	h_wait(h, 1000);
	assert_int_equal(h_count(h, LCP, CP_CONF_REQ), 1);
	h_wait(h, 200000);
	assert_int_equal(h_count(h, LCP, CP_CONF_REQ), 8);
	assert_int_equal(h_count(h, LCP, CP_TERM_REQ), 0);
	h_fact(h, "lcp: 10 sent, 0 received, waited 28000 ms");
	h_ended(h, "ppp.lcp-silent");
}

/* What we ask of a peer, byte for byte: MRU 1400, ACCM 0, PAP, magic, PFC, ACFC. */
static void
test_our_request(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_start(h);
	h_data_is(
	    h_sent(h, LCP, CP_CONF_REQ), "01040578 020600000000 0304c023 050601020304 0702 0802");
	h_free(h);
}

/* Windows: MRU, magic, PFC, ACFC, callback, MRRU, endpoint; the last three are rejected. */
static void
test_windows_options(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_start(h);
	h_ack(h, LCP);
	h_in(h, LCP, CP_CONF_REQ, 0,
	    "01040578 05065dc3a1b2 0702 0802 0d0306 11040640 130b010000000000000000");
	h_data_is(h_sent(h, LCP, CP_CONF_REJ), "0d0306 11040640 130b010000000000000000");
	h_in(h, LCP, CP_CONF_REQ, 1, "01040578 05065dc3a1b2 0702 0802");
	h_data_is(h_sent(h, LCP, CP_CONF_ACK), "01040578 05065dc3a1b2 0702 0802");
	assert_int_equal(h->n_up_lcp, 1);
	assert_int_equal(ppp_data(h->p)->peer_mru, 1400);
	assert_true(ppp_data(h->p)->send_pfc && ppp_data(h->p)->send_acfc);
	h_fact(h, "the peer asked for lcp options 1, 5, 7, 8, 13, 17, 19");
	h_free(h);
}

/* Every option that cannot be here is rejected, unknown ones too, in one packet and in order. */
static void
test_rejected_options(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_start(h);
	h_in(h, LCP, CP_CONF_REQ, 9,
	    "0408c02500000010 0d0306 11040640 1202 130301 17040001 c80400ff 0506aabbccdd");
	h_data_is(h_sent(h, LCP, CP_CONF_REJ),
	    "0408c02500000010 0d0306 11040640 1202 130301 17040001 c80400ff");
	h_in(h, LCP, CP_CONF_REQ, 10, "0304c023 0506aabbccdd"); /* we prove nothing to callers */
	h_data_is(h_sent(h, LCP, CP_CONF_REJ), "0304c023");
	h_free(h);
}

/* Q01: MRU 0, magic 0 and wrong lengths of known options are corrected, not believed. */
static void
test_values_are_corrected(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_start(h);
	h_in(h, LCP, CP_CONF_REQ, 1, "01040000");
	h_data_is(h_sent(h, LCP, CP_CONF_NAK), "010405dc");
	h_in(h, LCP, CP_CONF_REQ, 2, "0103ff");
	h_data_is(h_sent(h, LCP, CP_CONF_NAK), "010405dc");
	h_in(h, LCP, CP_CONF_REQ, 3, "0204ffff");
	h_data_is(h_sent(h, LCP, CP_CONF_NAK), "020600000000");
	h_in(h, LCP, CP_CONF_REQ, 4, "050600000000");
	assert_true(h_has_option(h_sent(h, LCP, CP_CONF_NAK), 5));
	h_in(h, LCP, CP_CONF_REQ, 5, "0703ff");
	h_data_is(h_sent(h, LCP, CP_CONF_REJ), "0703ff");
	h_in(h, LCP, CP_CONF_REQ, 6, "0104ffff");
	h_data_is(h_sent(h, LCP, CP_CONF_ACK), "0104ffff");
	h_free(h);
}

/* Q01: option lengths 0 and 1, and one past the end: nothing is answered, a fact tells. */
static void
test_malformed_options(void **unused)
{
	static const char *const bad[] = { "0100", "0101", "0106ff", "010405dc05", "07" };
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_start(h);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		h_in(h, LCP, CP_CONF_REQ, 1, bad[i]);
		assert_int_equal(h->n_sent, 0);
	}
	h_fact(h, "ppp.bad-packet: bad packet of protocol 49185: bad-length at byte 6");
	h_in_raw(h, "ff03c0210101");
	h_in_raw(h, "ff03c02101010003");
	h_in_raw(h, "ff03c021010100ff");
	h_in_raw(h, "");
	assert_int_equal(h->n_sent, 0);
	h_alive(h);
	h_free(h);
}

/* Max-Failure: after five Naks the same wish is rejected. RFC 1661 section 4.6. */
static void
test_naks_become_rejects(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_start(h);
	for (uint8_t id = 1; id <= 5; id++) {
		h_in(h, LCP, CP_CONF_REQ, id, "01040001");
		h_sent(h, LCP, CP_CONF_NAK);
	}
	h_in(h, LCP, CP_CONF_REQ, 6, "01040001");
	h_data_is(h_sent(h, LCP, CP_CONF_REJ), "01040001");
	h_free(h);
}

/* A peer that Naks whatever we ask: bounded, and named. */
static void
test_nak_loop(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);
	unsigned int n = 0;

	(void)unused;
	h_start(h);
	while (!h->down && ++n < 100)
		h_in(h, LCP, CP_CONF_NAK, h_sent(h, LCP, CP_CONF_REQ)->id, "01040200");
	assert_int_equal(n, 21);
	h_sent(h, LCP, CP_TERM_REQ);
	h_ended(h, "ppp.lcp-not-agreed");
}

/* A peer that talks but never answers our request. */
static void
test_talks_and_never_answers(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_start(h);
	h_in(h, LCP, CP_CONF_REQ, 1, "0506aabbccdd");
	h_wait(h, 100000);
	h_ended(h, "ppp.lcp-not-agreed");
}

/* A peer that acknowledges and never asks itself: RFC 1661 alone would go on for ever. */
static void
test_acknowledges_and_never_asks(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);
	unsigned int n = 0;

	(void)unused;
	h->conf.negotiate_ms = 0;
	h_start(h);
	while (!h->down && ++n < 100) {
		if (h_count(h, LCP, CP_CONF_REQ))
			h_ack(h, LCP);
		h_wait(h, 3000);
	}
	assert_true(n < 100);
	h_ended(h, "ppp.lcp-not-agreed");
}

/* What we send comes back: three requests with our own magic number are enough. */
static void
test_loop_back(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);
	unsigned int n = 0;

	(void)unused;
	h_start(h);
	while (!h->down && ++n < 20) {
		struct sent echo = h->sent[h->n_sent - 1];
		h_in_view(h, echo.protocol, echo.bytes[4], echo.bytes[5],
		    view_of(echo.bytes + 8, echo.n - 8));
	}
	h_ended(h, "ppp.looped-back");
}

/* Answers on an open link: echo with our magic number, data cut to the peer's MRU (Q01). */
static void
test_echo_reply(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);
	uint8_t data[1000] = { 0xaa, 0xbb, 0xcc, 0xdd };

	(void)unused;
	h_start(h);
	h_ack(h, LCP);
	h_in(h, LCP, CP_ECHO_REQ, 1, "aabbccdd");
	assert_int_equal(h->n_sent, 0); /* not before Opened */
	h_in(h, LCP, CP_CONF_REQ, 1, "01040100 0506aabbccdd");
	h_in(h, LCP, CP_ECHO_REQ, 7, "aabbccdd 0102");
	h_data_is(h_sent(h, LCP, CP_ECHO_REP), "01020304 0102");
	assert_int_equal(h_sent(h, LCP, CP_ECHO_REP)->id, 7);
	h_in_view(h, LCP, CP_ECHO_REQ, 8, view_of(data, sizeof(data)));
	assert_int_equal(h_sent(h, LCP, CP_ECHO_REP)->whole.n, 256);
	h_in(h, LCP, CP_ECHO_REQ, 9, "aabb");
	h_in(h, LCP, CP_DISCARD, 9, "aabbccdd00");
	assert_int_equal(h->n_sent, 0);
	h_free(h);
}

/* No answer to four echoes ends the link; an answer in between starts the count again. */
static void
test_echo_silent(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_open_ip(h);
	h_wait(h, 95000);
	assert_int_equal(h_count(h, LCP, CP_ECHO_REQ), 3);
	h_in(h, LCP, CP_ECHO_REP, h_sent(h, LCP, CP_ECHO_REQ)->id, "aabbccdd");
	h_wait(h, 120000);
	h_alive(h);
	h_wait(h, 60000);
	h_fact(h, "4 echo requests without an answer");
	h_ended(h, "ppp.echo-silent");
}

static void
test_informational_packets(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_start(h);
	h_open_lcp(h);
	h_in(h, LCP, CP_IDENTIFICATION, 2, "aabbccdd 4d5352415356352e3230");
	assert_int_equal(h->n_sent, 0);
	assert_true(view_eq(ppp_identification(h->p), view_str("MSRASV5.20")));
	h_fact(h, "the peer identifies itself: MSRASV5.20");
	h_in(h, LCP, CP_TIME_REMAINING, 3, "aabbccdd 0000003c");
	assert_int_equal(h->n_sent, 0);
	h_fact(h, "60 seconds are left");
	h_in(h, LCP, 99, 4, "aabb");
	h_data_is(h_sent(h, LCP, CP_CODE_REJ), "63040006aabb");
	h_alive(h);
	h_free(h);
}

static void
test_client_identifies_itself(void **unused)
{
	struct h *h = h_new(SIDE_CLIENT);

	(void)unused;
	memcpy(h->conf.identification, "rasdial", 8);
	h_start(h);
	h_open_lcp(h);
	h_data_is(h_sent(h, LCP, CP_IDENTIFICATION), "01020304 7261736469616c");
	h_free(h);
}

/* RFC 1661 sections 5.6 and 5.7: rejects that are harmless, and those that are the end. */
static void
test_rejects(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_start(h);
	h_open_lcp(h);
	h_in(h, LCP, CP_CODE_REJ, 1, "0c010008aabbccdd");
	h_in(h, LCP, CP_PROT_REJ, 2, "80fd0101");
	h_in(h, LCP, CP_PROT_REJ, 3, "80");
	h_alive(h);
	h_in(h, LCP, CP_PROT_REJ, 4, "c02101010004");
	h_ended(h, "ppp.protocol-rejected");

	h = h_new(SIDE_SERVER);
	h_start(h);
	h_in(h, LCP, CP_CODE_REJ, 1, "01010004");
	h_ended(h, "ppp.protocol-rejected");

	h = h_new(SIDE_SERVER); /* the authentication protocol, before anybody is authenticated */
	h_start(h);
	h_open_lcp(h);
	h_in(h, LCP, CP_PROT_REJ, 1, "c0230101");
	h_ended(h, "ppp.protocol-rejected");
}

/* Windows' number in a Terminate-Request is read; the end is the peer's. */
static void
test_terminated_by_peer(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_start(h);
	h_open_lcp(h);
	h_in(h, LCP, CP_TERM_REQ, 5, "aabbccdd 003ccd74 000002dc");
	assert_int_equal(h_sent(h, LCP, CP_TERM_ACK)->id, 5);
	h_fact(h, "terminate request in: Windows error 732");
	assert_true(h->by_peer);
	h_ended(h, "ppp.terminated-by-peer");

	h = h_new(SIDE_SERVER);
	h_open_ip(h);
	h_in(h, LCP, CP_TERM_REQ, 5, "");
	assert_true(h->by_peer);
	h_ended(h, "ended.by-peer");
}

static void
test_negotiation_time(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h->conf.hold_network = true;
	h_open_auth(h);
	for (int i = 0; i < 4; i++) { /* it lives, but nobody starts the network */
		h_wait(h, 30000);
		h_in(h, LCP, CP_ECHO_REP, h_sent(h, LCP, CP_ECHO_REQ)->id, "aabbccdd");
	}
	h_alive(h);
	h_wait(h, 40000);
	h_ended(h, "ppp.negotiation-time");
}

/* An orderly end waits for the Ack, and not for ever. */
static void
test_close(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_open_ip(h);
	ppp_close(h->p, CAUSE_ENDED_BY_ADMIN, &h->now, h_fx(h));
	h_done(h);
	h_alive(h);
	assert_false(ppp_data(h->p)->ip_open);
	h_in(h, LCP, CP_TERM_ACK, h_sent(h, LCP, CP_TERM_REQ)->id, "");
	assert_false(h->by_peer);
	h_ended(h, "ended.by-administrator");

	h = h_new(SIDE_SERVER);
	h_open_ip(h);
	ppp_close(h->p, CAUSE_ENDED_BY_ADMIN, &h->now, h_fx(h));
	h_done(h);
	h_wait(h, 3000);
	assert_int_equal(h_count(h, LCP, CP_TERM_REQ), 1);
	h_wait(h, 3000);
	h_ended(h, "ended.by-administrator");

	h = h_new(SIDE_SERVER); /* a failure elsewhere: said once, no waiting */
	h_open_ip(h);
	ppp_close(h->p, CAUSE_BINDING_MAC, &h->now, h_fx(h));
	h_done(h);
	h_sent(h, LCP, CP_TERM_REQ);
	h_ended(h, "sstp.binding-wrong-mac");
}

/*
 * Copies and late packets on an open link: the newest request is acknowledged again, an older one
 * and a second Ack are dropped, and the link stays up (Q02).
 */
static void
test_copies_do_no_harm(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_start(h);
	h_in(h, LCP, CP_CONF_REQ, 1, "0d0306 0506aabbccdd");
	h_in(h, LCP, CP_CONF_REQ, 2, "0506aabbccdd");
	h_in(h, LCP, CP_CONF_REQ, 1, "0d0306 0506aabbccdd"); /* late */
	assert_int_equal(h->n_sent, 0);
	h_wait(h, 1000);
	struct cp_packet req = *h_sent(h, LCP, CP_CONF_REQ);
	uint8_t data[128];
	assert_true(view_copy(req.data, data, sizeof(data)));
	h_in_view(h, LCP, CP_CONF_ACK, req.id, view_of(data, req.data.n));
	assert_int_equal(h->n_up_lcp, 1);
	h_in_view(h, LCP, CP_CONF_ACK, req.id, view_of(data, req.data.n));
	assert_int_equal(h->n_sent, 0);
	h_in(h, LCP, CP_CONF_REQ, 2, "0506aabbccdd");
	assert_int_equal(h->n_sent, 1);
	h_data_is(h_sent(h, LCP, CP_CONF_ACK), "0506aabbccdd");
	assert_int_equal(h->p->cp_lcp.state, FSM_OPENED);
	h_fact(h, "late-configure-request");
	h_free(h);
}

/* A true restart before authentication is followed; after it a server hangs up. */
static void
test_restart(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_start(h);
	h_open_lcp(h);
	h_in(h, LCP, CP_CONF_REQ, 1, "050611223344");
	h_sent(h, LCP, CP_CONF_ACK);
	h_ack(h, LCP);
	assert_int_equal(h->p->cp_lcp.state, FSM_OPENED);
	assert_int_equal(h->n_up_lcp, 1); /* told once */
	h_in(h, PPP_PROTO_PAP, PAP_REQUEST, 1, "0455736572 02 7077");
	assert_int_equal(h->n_ask_auth, 1);
	h_in(h, LCP, CP_CONF_REQ, 1, "050655667788");
	h_ended(h, "ppp.terminated-by-peer");
}

/* Rejected and corrected wishes of ours: the next request is without them, or better. */
static void
test_our_wishes_refused(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_start(h);
	h_in(h, LCP, CP_CONF_REJ, h_sent(h, LCP, CP_CONF_REQ)->id, "020600000000 0702 0802");
	h_data_is(h_sent(h, LCP, CP_CONF_REQ), "01040578 0304c023 050601020304");
	h_in(h, LCP, CP_CONF_NAK, h_sent(h, LCP, CP_CONF_REQ)->id, "01040514 050699999999");
	h_data_is(h_sent(h, LCP, CP_CONF_REQ), "01040514 0304c023 050605060708");
	h_in(h, LCP, CP_CONF_REJ, h_sent(h, LCP, CP_CONF_REQ)->id, "01040514 050605060708");
	h_data_is(h_sent(h, LCP, CP_CONF_REQ), "0304c023");
	h_fact(h, "the peer rejected our lcp options 2, 7, 8");
	h_free(h);
}

/* A peer that begins LCP again and again holds a link no longer than one that does not. */
static void
test_beginning_again_gains_no_time(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);
	char options[16];

	(void)unused;
	h_start(h);
	h_open_lcp(h);
	for (unsigned int i = 0; i < 20 && !h->down; i++) {
		h_wait(h, 20000); /* less than it may take for its proof */
		if (h->down)
			break;
		snprintf(options, sizeof(options), "0506%08x", 0xaabb0000u + i);
		h_in(h, PPP_PROTO_LCP, CP_CONF_REQ, (uint8_t)(i + 10), options);
		h_ack(h, PPP_PROTO_LCP);
	}
	h_ended(h, "ppp.negotiation-time");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_beginning_again_gains_no_time),
		cmocka_unit_test(test_our_request),
		cmocka_unit_test(test_windows_options),
		cmocka_unit_test(test_rejected_options),
		cmocka_unit_test(test_values_are_corrected),
		cmocka_unit_test(test_malformed_options),
		cmocka_unit_test(test_naks_become_rejects),
		cmocka_unit_test(test_nak_loop),
		cmocka_unit_test(test_talks_and_never_answers),
		cmocka_unit_test(test_acknowledges_and_never_asks),
		cmocka_unit_test(test_loop_back),
		cmocka_unit_test(test_echo_reply),
		cmocka_unit_test(test_echo_silent),
		cmocka_unit_test(test_informational_packets),
		cmocka_unit_test(test_client_identifies_itself),
		cmocka_unit_test(test_rejects),
		cmocka_unit_test(test_terminated_by_peer),
		cmocka_unit_test(test_negotiation_time),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_copies_do_no_harm),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_our_wishes_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
