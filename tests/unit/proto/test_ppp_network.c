/*
 * The network phase on both ends against a scripted peer: IPCP, the lease, other protocols, and
 * each way in which it can fail. Serves R31, R51, R60, R106; attack ids Q11, Q13.
 */
#include "ppp_harness.h"

#define LCP PPP_PROTO_LCP
#define IPCP PPP_PROTO_IPCP

/* What pppd asks: 0.0.0.0 and two name servers; VJ compression is rejected first. */
static void
test_server_gives_the_lease(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_open_auth(h);
	assert_int_equal(h->n_ask_lease, 1);
	h_in(h, IPCP, CP_CONF_REQ, 1, "0206002d0f01 030600000000 810600000000 830600000000");
	assert_int_equal(h->n_sent, 0); /* held until the lease is there */
	h_lease(h, CAUSE_NONE);
	h_data_is(h_sent(h, IPCP, CP_CONF_REQ), "03060a630001");
	h_data_is(h_sent(h, IPCP, CP_CONF_REJ), "0206002d0f01 830600000000");
	h_ack(h, IPCP);
	h_in(h, IPCP, CP_CONF_REQ, 2, "030600000000 810600000000");
	h_data_is(h_sent(h, IPCP, CP_CONF_NAK), "03060a630002 81060a630035");
	h_in(h, IPCP, CP_CONF_REQ, 3, "03060a630002 81060a630035");
	h_sent(h, IPCP, CP_CONF_ACK);
	assert_int_equal(h->n_up_ip, 1);
	assert_int_equal(ip_v4_u32(&ppp_ip(h->p)->remote), 0x0a630002);
	assert_int_equal(ip_v4_u32(&ppp_ip(h->p)->local), 0x0a630001);
	assert_true(ppp_data(h->p)->ip_open);
	h_fact(h, "IPCP opened: 10.99.0.1 here, 10.99.0.2 there, DNS 10.99.0.53");
	h_free(h);
}

/* NBNS that nobody configured is rejected, never corrected to 0.0.0.0. */
static void
test_unconfigured_servers_are_rejected(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_open_auth(h);
	h_lease(h, CAUSE_NONE);
	h_in(h, IPCP, CP_CONF_REQ, 1, "03060a630002 820600000000 830600000000 840600000000");
	h_data_is(h_sent(h, IPCP, CP_CONF_REJ), "820600000000 830600000000 840600000000");
	h_free(h);
}

/* Q11: foreign, the server's own and broadcast address; a peer that insists gets none. */
static void
test_foreign_addresses(void **unused)
{
	static const char *const wishes[] = { "0306c0a80001", "03060a630001", "0306ffffffff",
		"030600000000", "03047f00" };
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_open_auth(h);
	h_lease(h, CAUSE_NONE);
	h_ack(h, IPCP);
	for (uint8_t i = 0; i < 5; i++) {
		h_in(h, IPCP, CP_CONF_REQ, i, wishes[i]);
		h_data_is(h_sent(h, IPCP, CP_CONF_NAK), "03060a630002");
	}
	assert_false(ppp_data(h->p)->ip_open);
	h_in(h, IPCP, CP_CONF_REQ, 9, "0306c0a80001");
	h_ended(h, "ppp.ipcp-not-agreed");
}

/* A peer that names no address is told its own. RFC 1332 section 3.3. */
static void
test_peer_without_address_option(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_open_auth(h);
	h_lease(h, CAUSE_NONE);
	h_in(h, IPCP, CP_CONF_REQ, 1, "");
	h_data_is(h_sent(h, IPCP, CP_CONF_NAK), "03060a630002");
	h_free(h);
}

static void
test_silent_ipcp(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_open_auth(h);
	h_lease(h, CAUSE_NONE);
	h_wait(h, 40000);
	h_ended(h, "ppp.no-network-protocol");

	h = h_new(SIDE_SERVER); /* it talks, and never answers */
	h_open_auth(h);
	h_lease(h, CAUSE_NONE);
	h_in(h, IPCP, CP_CONF_REQ, 1, "03060a630002");
	h_wait(h, 40000);
	h_ended(h, "ppp.ipcp-not-agreed");
}

/* R60: the pool is empty. The peer's IPCP is rejected, then the link ends and says why. */
static void
test_no_lease(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_open_auth(h);
	h_in(h, IPCP, CP_CONF_REQ, 1, "030600000000");
	h_lease(h, CAUSE_POOL_EXHAUSTED);
	h_data_is(h_sent(h, LCP, CP_PROT_REJ), "8021 0101000a 030600000000");
	h_data_is(h_sent(h, LCP, CP_TERM_REQ), "4e6f206164647265737320617661696c61626c65");
	h_ended(h, "address.pool-exhausted");

	h = h_new(SIDE_SERVER);
	h_open_auth(h);
	h_wait(h, 30000);
	h_fact(h, "aaa did not answer address within 30000 ms");
	h_ended(h, "internal.aaa-down");
}

/* R51: IP is off at the server. */
static void
test_ip_off(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h->conf.ip_enabled = false;
	h_open_auth(h);
	assert_int_equal(h->n_ask_lease, 0);
	h_in(h, IPCP, CP_CONF_REQ, 1, "030600000000");
	h_data_is(h_sent(h, LCP, CP_PROT_REJ), "8021 0101000a 030600000000");
	h_ended(h, "server.ip-off");

	h = h_new(SIDE_SERVER); /* the peer asks for no IP either */
	h->conf.ip_enabled = false;
	h_open_auth(h);
	h_wait(h, 3000);
	h_ended(h, "server.ip-off");
}

/* hold_network: nothing is asked and nothing answered before the link allows it. */
static void
test_held_network(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h->conf.hold_network = true;
	h_open_auth(h);
	h_in(h, IPCP, CP_CONF_REQ, 1, "0306c0a80107");
	assert_int_equal(h->n_sent, 0);
	assert_int_equal(h->n_ask_lease, 0);
	ppp_start_network(h->p, &h->now, h_fx(h));
	h_done(h);
	assert_int_equal(h->n_ask_lease, 1);
	assert_int_equal(ip_v4_u32(&h->lease.wanted), 0xc0a80107);
	ppp_start_network(h->p, &h->now, h_fx(h)); /* once is enough */
	h_done(h);
	assert_int_equal(h->n_ask_lease, 1);
	h_lease(h, CAUSE_NONE);
	h_data_is(h_sent(h, IPCP, CP_CONF_NAK), "03060a630002");
	h_free(h);
}

/* CCP, IPV6CP and what nobody knows: Protocol-Reject; data: not ours. */
static void
test_other_protocols(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_open_ip(h);
	h_in(h, PPP_PROTO_CCP, CP_CONF_REQ, 1, "120601000040");
	h_data_is(h_sent(h, LCP, CP_PROT_REJ), "80fd 0101000a 120601000040");
	h_in(h, PPP_PROTO_IPV6CP, CP_CONF_REQ, 1, "010a0000000000000001");
	h_data_is(h_sent(h, LCP, CP_PROT_REJ), "8057 0101000e 010a0000000000000001");
	h_in(h, PPP_PROTO_EAP, 1, 1, "01");
	h_data_is(h_sent(h, LCP, CP_PROT_REJ), "c227 01010005 01");
	h_in_raw(h, "ff03 0021 4500");
	h_in_raw(h, "57 6000");
	assert_int_equal(h->n_sent, 0); /* Q13 */
	h_fact(h, "protocol 33021 was rejected by us");
	h_alive(h);
	h_free(h);
}

static void
test_peer_rejects_ipcp(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_open_auth(h);
	h_lease(h, CAUSE_NONE);
	h_in(h, LCP, CP_PROT_REJ, 3, "8021 0101000a03060a630001");
	h_ended(h, "ppp.no-network-protocol");

	h = h_new(SIDE_CLIENT);
	h_open_auth(h);
	h_in(h, LCP, CP_PROT_REJ, 3, "8021 0101000a030600000000");
	h_ended(h, "ppp.no-network-protocol");
}

static void
test_peer_ends_ipcp(void **unused)
{
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	h_open_ip(h);
	h_in(h, IPCP, CP_TERM_REQ, 3, "");
	assert_int_equal(h_sent(h, IPCP, CP_TERM_ACK)->id, 3);
	assert_true(h->by_peer);
	h_ended(h, "ended.by-peer");

	h = h_new(SIDE_CLIENT);
	h_open_auth(h);
	h_in(h, IPCP, CP_TERM_REQ, 3, "");
	h_ended(h, "ppp.no-network-protocol");
}

/* The client takes address and name servers from the Nak. */
static void
test_client_takes_what_it_gets(void **unused)
{
	struct h *h = h_new(SIDE_CLIENT);

	(void)unused;
	h_open_auth(h);
	h_data_is(h_sent(h, IPCP, CP_CONF_REQ),
	    "030600000000 810600000000 820600000000 830600000000 840600000000");
	h_in(h, IPCP, CP_CONF_REJ, h_sent(h, IPCP, CP_CONF_REQ)->id,
	    "820600000000 830600000000 840600000000");
	h_in(h, IPCP, CP_CONF_NAK, h_sent(h, IPCP, CP_CONF_REQ)->id, "03060a630002 81060a630035");
	h_data_is(h_sent(h, IPCP, CP_CONF_REQ), "03060a630002 81060a630035");
	h_ack(h, IPCP);
	h_in(h, IPCP, CP_CONF_REQ, 1, "0206002d0f01 03060a630001");
	h_data_is(h_sent(h, IPCP, CP_CONF_REJ), "0206002d0f01");
	h_in(h, IPCP, CP_CONF_REQ, 2, "03060a630001");
	assert_int_equal(h->n_up_ip, 1);
	assert_int_equal(ip_v4_u32(&ppp_ip(h->p)->local), 0x0a630002);
	assert_int_equal(ip_v4_u32(&ppp_ip(h->p)->remote), 0x0a630001);
	assert_int_equal(ip_v4_u32(&ppp_ip(h->p)->dns[0]), 0x0a630035);
	assert_true(ip_is_none(&ppp_ip(h->p)->dns[1]));
	h_free(h);
}

/* pppd as a server need not name its own address. */
static void
test_server_without_own_address(void **unused)
{
	struct h *h = h_new(SIDE_CLIENT);

	(void)unused;
	h_open_auth(h);
	h_in(h, IPCP, CP_CONF_NAK, h_sent(h, IPCP, CP_CONF_REQ)->id, "03060a630002");
	h_ack(h, IPCP);
	h_in(h, IPCP, CP_CONF_REQ, 1, "");
	assert_int_equal(h->n_up_ip, 1);
	assert_true(ip_is_none(&ppp_ip(h->p)->remote));
	h_free(h);
}

static void
test_client_gets_no_address(void **unused)
{
	struct h *h = h_new(SIDE_CLIENT);
	unsigned int n = 0;

	(void)unused;
	h_open_auth(h); /* the option is rejected */
	h_in(h, IPCP, CP_CONF_REJ, h_sent(h, IPCP, CP_CONF_REQ)->id, "030600000000");
	h_ended(h, "ppp.no-address-from-server");

	h = h_new(SIDE_CLIENT); /* 0.0.0.0 is acknowledged */
	h_open_auth(h);
	h_ack(h, IPCP);
	h_in(h, IPCP, CP_CONF_REQ, 1, "03060a630001");
	h_ended(h, "ppp.no-address-from-server");

	h = h_new(SIDE_CLIENT); /* 0.0.0.0 in every Nak: no loop without end */
	h_open_auth(h);
	while (!h->down && ++n < 100)
		h_in(h, IPCP, CP_CONF_NAK, h_sent(h, IPCP, CP_CONF_REQ)->id, "030600000000");
	h_ended(h, "ppp.no-address-from-server");

	h = h_new(SIDE_CLIENT); /* a new address each time */
	h_open_auth(h);
	n = 0;
	while (!h->down && ++n < 100)
		h_in(h, IPCP, CP_CONF_NAK, h_sent(h, IPCP, CP_CONF_REQ)->id,
		    n % 2 ? "03060a630002" : "03060a630003");
	h_ended(h, "ppp.ipcp-not-agreed");
}

/* A request longer than any real one is not kept, and does not hurt (Q11: flood of options). */
static void
test_flood_of_options(void **unused)
{
	uint8_t data[1400];
	struct h *h = h_new(SIDE_SERVER);

	(void)unused;
	for (size_t i = 0; i < sizeof(data); i += 2) {
		data[i] = 0xc8;
		data[i + 1] = 2;
	}
	h_open_auth(h);
	h_in_view(h, IPCP, CP_CONF_REQ, 1, view_of(data, sizeof(data)));
	h_lease(h, CAUSE_NONE);
	h_in_view(h, IPCP, CP_CONF_REQ, 2, view_of(data, sizeof(data)));
	assert_int_equal(h_sent(h, IPCP, CP_CONF_REJ)->data.n, sizeof(data));
	h_alive(h);
	h_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server_gives_the_lease),
		cmocka_unit_test(test_unconfigured_servers_are_rejected),
		cmocka_unit_test(test_foreign_addresses),
		cmocka_unit_test(test_peer_without_address_option),
		cmocka_unit_test(test_silent_ipcp),
		cmocka_unit_test(test_no_lease),
		cmocka_unit_test(test_ip_off),
		cmocka_unit_test(test_held_network),
		cmocka_unit_test(test_other_protocols),
		cmocka_unit_test(test_peer_rejects_ipcp),
		cmocka_unit_test(test_peer_ends_ipcp),
		cmocka_unit_test(test_client_takes_what_it_gets),
		cmocka_unit_test(test_server_without_own_address),
		cmocka_unit_test(test_client_gets_no_address),
		cmocka_unit_test(test_flood_of_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
