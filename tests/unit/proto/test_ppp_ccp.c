/*
 * CCP on both ends against a scripted peer: each strength, each way to fail, downgrades, resets and
 * data that waits. Serves R20, R21, R22, R23; attack ids Q09, Q10.
 */
#include "ppp_harness.h"

#include "attempt/profile.h"

#define CCP PPP_PROTO_CCP
#define IPCP PPP_PROTO_IPCP

/* A link at the point where CCP begins, with MS-CHAPv2's keys in hand. */
static struct h *
begin(enum side side, uint8_t levels)
{
	struct h *h = h_new(side);

	h->conf.mppe = true;
	h->conf.encryption = levels;
	h->conf.hold_network = true;
	h_open_auth(h);
	h->p->auth.has_keys = true;
	for (uint8_t i = 0; i < 32; i++)
		h->p->auth.hlak[i] = i;
	ppp_start_network(h->p, &h->now, h_fx(h));
	h_done(h);
	return h;
}

/* The peer's request in hex, then what it is answered with. */
static void
asks(struct h *h, uint8_t id, const char *options, uint8_t code, const char *answer)
{
	h_in(h, CCP, CP_CONF_REQ, id, options);
	h_data_is(h_sent(h, CCP, code), answer);
}

static void
test_windows_client_gets_128(void **unused)
{
	struct h *h = begin(SIDE_SERVER, ENCRYPT_STRONGEST | ENCRYPT_STRONG | ENCRYPT_BASIC);
	struct ppp_encryption e;

	(void)unused;
	h_data_is(h_sent(h, CCP, CP_CONF_REQ), "1206010000e0");
	assert_false(ppp_encryption(h->p, &e));
	asks(h, 4, "1206010000e1", CP_CONF_NAK, "120601000040"); /* MPPC is not for us */
	h_in(h, CCP, CP_CONF_NAK, h->p->cp_ccp.req_id, "120601000040");
	h_data_is(h_sent(h, CCP, CP_CONF_REQ), "120601000040");
	h_ack(h, CCP);
	asks(h, 5, "120601000040", CP_CONF_ACK, "120601000040");
	h_fact(h, "MPPE: 128 bits in, 128 bits out, stateless");
	assert_true(ppp_encryption(h->p, &e));
	assert_int_equal(e.bits_in, 128);
	assert_true(e.stateless_in && e.stateless_out);
	assert_int_equal(e.key_in[0], 0);   /* the client's MasterSendKey */
	assert_int_equal(e.key_out[0], 16); /* the client's MasterReceiveKey */
	assert_true(ppp_data(h->p)->encrypted);
	h_free(h);
}

/* Data waits for CCP, whatever IPCP says. RFC 3078 section 9. */
static void
test_data_waits(void **unused)
{
	struct h *h = begin(SIDE_SERVER, ENCRYPT_ALL);

	(void)unused;
	h_lease(h, CAUSE_NONE);
	h_ack(h, IPCP);
	h_in(h, IPCP, CP_CONF_REQ, 1, "03060a630002");
	assert_int_equal(h->n_up_ip, 0);
	assert_false(ppp_data(h->p)->ip_open);
	h_in(h, CCP, CP_CONF_NAK, h->p->cp_ccp.req_id, "120601000020");
	h_ack(h, CCP);
	asks(h, 5, "120601000020", CP_CONF_ACK, "120601000020");
	assert_int_equal(h->n_up_ip, 1);
	assert_true(ppp_data(h->p)->ip_open);
	h_in(h, CCP, CP_CONF_REQ, 6, "120601000020"); /* it begins again: data waits again */
	assert_false(ppp_data(h->p)->ip_open);
	h_free(h);
}

/* Stateful is taken where it is allowed, and the strengths of the policy are the only ones (R23).
 */
static void
test_what_is_taken(void **unused)
{
	struct h *h = begin(SIDE_SERVER, ENCRYPT_STRONG);

	(void)unused;
	h_data_is(h_sent(h, CCP, CP_CONF_REQ), "120601000080");
	asks(h, 1, "120600000080", CP_CONF_ACK, "120600000080");
	asks(h, 2, "120600000020", CP_CONF_NAK, "120600000080"); /* Q09: a downgrade */
	asks(h, 3, "120601000070", CP_CONF_NAK, "120601000080");
	asks(h, 4, "1206ffffffff", CP_CONF_NAK, "120601000080"); /* all bits */
	asks(h, 5, "120600000000", CP_CONF_NAK, "120600000080"); /* none */
	asks(h, 6, "1104000f 1206010000a0", CP_CONF_REJ, "1104000f");
	asks(h, 7, "1204ffff", CP_CONF_REJ, "1204ffff");
	h_free(h);

	h = begin(SIDE_SERVER, ENCRYPT_STRONG);
	h->conf.mppe_stateful = false;
	asks(h, 1, "120600000080", CP_CONF_NAK, "120601000080");
	asks(h, 2, "", CP_CONF_NAK, "120601000080"); /* in the clear? no */
	h_free(h);
}

/* R20: 742, the client demands what the policy has not. */
static void
test_server_lacks(void **unused)
{
	struct h *h = begin(SIDE_SERVER, ENCRYPT_BASIC);

	(void)unused;
	for (uint8_t i = 0; i < 5; i++)
		asks(h, i, "120601000040", CP_CONF_NAK, "120601000080");
	h_in(h, CCP, CP_CONF_REQ, 9, "120601000040");
	h_fact(h, "our side may use 56-bit 40-bit; the peer named 128-bit");
	h_ended(h, "encryption.server-lacks-strength");
	assert_int_equal(cause_info(CAUSE_ENCRYPTION_SERVER_LACKS)->ras_error, 742);

	h = begin(SIDE_CLIENT, ENCRYPT_STRONGEST); /* "maximum strength" against a weak server */
	h_in(h, CCP, CP_CONF_NAK, h->p->cp_ccp.req_id, "120601000020");
	h_ended(h, "encryption.server-lacks-strength");

	h = begin(SIDE_CLIENT, ENCRYPT_STRONGEST); /* it has no CCP at all */
	h_in(h, PPP_PROTO_LCP, CP_PROT_REJ, 9, "80fd 01010004");
	h_ended(h, "encryption.server-lacks-strength");
}

/* R20: 741, the client will not do what the policy demands. */
static void
test_client_lacks(void **unused)
{
	struct h *h = begin(SIDE_SERVER, ENCRYPT_STRONGEST);

	(void)unused;
	h_in(h, CCP, CP_CONF_NAK, h->p->cp_ccp.req_id, "120601000020");
	h_ended(h, "encryption.client-lacks-strength");
	assert_int_equal(cause_info(CAUSE_ENCRYPTION_CLIENT_LACKS)->ras_error, 741);

	h = begin(
	    SIDE_SERVER, ENCRYPT_STRONGEST); /* rejected as a protocol: R21, "no encryption" */
	h_in(h, PPP_PROTO_LCP, CP_PROT_REJ, 9, "80fd 01010004");
	h_fact(h, "our side may use 128-bit; the peer named nothing");
	h_ended(h, "encryption.client-lacks-strength");

	h = begin(SIDE_SERVER, ENCRYPT_STRONGEST);
	h_in(h, CCP, CP_CONF_REJ, h->p->cp_ccp.req_id, "120601000040");
	h_ended(h, "encryption.client-lacks-strength");

	h = begin(SIDE_SERVER, ENCRYPT_STRONGEST); /* it says nothing */
	h_lease(h, CAUSE_NONE);
	h_ack(h, IPCP);
	h_in(h, IPCP, CP_CONF_REQ, 1, "03060a630002");
	h_wait(h, 60000);
	h_ended(h, "encryption.client-lacks-strength");

	h = begin(SIDE_CLIENT, ENCRYPT_BASIC);
	for (uint8_t i = 0; i < 6 && !h->down; i++)
		h_in(h, CCP, CP_CONF_REQ, i, "120601000040");
	h_ended(h, "encryption.client-lacks-strength");
}

/* R22: PAP leaves no keys. */
static void
test_no_keys(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h->conf.mppe = true;
	h->conf.encryption = ENCRYPT_STRONGEST;
	h_start(h);
	h_open_lcp(h);
	h_in(h, PPP_PROTO_PAP, PAP_REQUEST, 1, "0455736572 02 7077");
	h_answer(h, true, CAUSE_NONE, false);
	h_ended(h, "encryption.method-without-keys");

	h = h_new(SIDE_SERVER); /* ... which does not matter where none is needed */
	h->conf.mppe = true;
	h->conf.encryption = ENCRYPT_ALL;
	h_open_ip(h);
	assert_false(ppp_data(h->p)->encrypted);
	h_in(h, CCP, CP_CONF_REQ, 1, "120601000040");
	h_data_is(h_sent(h, PPP_PROTO_LCP, CP_PROT_REJ), "80fd 0101000a 120601000040");
	h_free(h);
}

/* R21: terms that allow none go on without when the peer wants none. */
static void
test_optional(void **unused)
{
	struct h *h = begin(SIDE_SERVER, ENCRYPT_ALL);

	(void)unused;
	h_in(h, PPP_PROTO_LCP, CP_PROT_REJ, 9, "80fd 01010004");
	h_alive(h);
	h_lease(h, CAUSE_NONE);
	h_ack(h, IPCP);
	h_in(h, IPCP, CP_CONF_REQ, 1, "03060a630002");
	assert_true(ppp_data(h->p)->ip_open);
	assert_false(ppp_data(h->p)->encrypted);
	h_free(h);

	h = begin(SIDE_SERVER, ENCRYPT_ALL); /* compression alone is turned down, and no more */
	h_in(h, CCP, CP_CONF_REJ, h->p->cp_ccp.req_id, "1206010000e0");
	h_data_is(h_sent(h, CCP, CP_CONF_REQ), "");
	h_ack(h, CCP);
	asks(h, 1, "120601000001", CP_CONF_REJ, "120601000001");
	asks(h, 2, "", CP_CONF_ACK, "");
	h_fact(h, "MPPE: 0 bits in, 0 bits out");
	assert_false(ppp_data(h->p)->encrypted);
	h_free(h);
}

static struct h *
agreed(enum side side)
{
	struct h *h = begin(side, ENCRYPT_STRONGEST);

	h_ack(h, CCP);
	h_in(h, CCP, CP_CONF_REQ, 1, "120601000040");
	assert_true(ppp_data(h->p)->encrypted);
	return h;
}

/* Nobody gets a session that was encrypted back into the clear. */
static void
test_ended_by_peer(void **unused)
{
	struct h *h = agreed(SIDE_SERVER);

	(void)unused;
	h_in(h, CCP, CP_TERM_REQ, 2, "");
	h_ended(h, "encryption.ended-by-peer");

	h = agreed(SIDE_CLIENT);
	h_in(h, PPP_PROTO_LCP, CP_PROT_REJ, 9, "80fd 01010004");
	h_ended(h, "encryption.ended-by-peer");
}

/* RFC 3078 section 8.2; a storm of ours is bounded, theirs costs a mark each. */
static void
test_resets(void **unused)
{
	struct h *h = agreed(SIDE_SERVER);

	(void)unused;
	ppp_ask_reset(h->p, &h->now, h_fx(h));
	h_done(h);
	h_data_is(h_sent(h, CCP, 14), "");
	ppp_ask_reset(h->p, &h->now, h_fx(h));
	h_done(h);
	assert_int_equal(h->n_sent, 0);
	h->now.ms += 300;
	ppp_ask_reset(h->p, &h->now, h_fx(h));
	h_done(h);
	assert_int_equal(h_count(h, CCP, 14), 1);

	h_in(h, CCP, 14, 7, "");
	assert_int_equal(h->fx.n, 1);
	assert_int_equal(h->fx.items[0].code, PPP_RESET_ASKED);
	h_in(h, CCP, 15, 7, "");
	assert_int_equal(h->n_sent, 0);
	h_in(h, CCP, 16, 7, "");
	h_sent(h, CCP, CP_CODE_REJ);
	h_free(h);
}

/* SSTP encrypts by itself: CCP is not spoken, and never a reason to fail. */
static void
test_not_on_encrypted_links(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h->conf.mppe = false;
	h->conf.encryption = ENCRYPT_STRONGEST;
	h_open_ip(h);
	h_in(h, CCP, CP_CONF_REQ, 1, "1206010000e1");
	h_data_is(h_sent(h, PPP_PROTO_LCP, CP_PROT_REJ), "80fd 0101000a 1206010000e1");
	h_alive(h);
	h_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows_client_gets_128),
		cmocka_unit_test(test_data_waits),
		cmocka_unit_test(test_what_is_taken),
		cmocka_unit_test(test_server_lacks),
		cmocka_unit_test(test_client_lacks),
		cmocka_unit_test(test_no_keys),
		cmocka_unit_test(test_optional),
		cmocka_unit_test(test_ended_by_peer),
		cmocka_unit_test(test_resets),
		cmocka_unit_test(test_not_on_encrypted_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
