/* IPV6CP against a scripted peer, alone and beside IPCP: RFC 5072, R51 and the attack Q12. */
#include "ppp_harness.h"

#define IPCP PPP_PROTO_IPCP
#define IPV6CP PPP_PROTO_IPV6CP
#define LCP PPP_PROTO_LCP

#define OURS "010a 0000000000000001"
#define THEIRS "010a 1122334455667788"

/* A lease of both, of one, or of none. */
static void
lease(struct h *h, bool four, bool six)
{
	struct lease_answer a = { .local = ip_v4(0x0a630001) };

	if (four)
		a.remote = ip_v4(0x0a630002);
	if (six)
		a.prefix6 = (struct ip_addr){ .family = IP_V6, .b = { 0x20, 0x01, 0x0d, 0xb8 } };
	ppp_answer_lease(h->p, &a, &h->now, h_fx(h));
	h_done(h);
}

static struct h *
server(bool four, bool six)
{
	struct h *h = h_new(SIDE_SERVER);

	h->conf.ipv6_enabled = true;
	h_open_auth(h);
	lease(h, four, six);
	return h;
}

static struct h *
client(void)
{
	struct h *h = h_new(SIDE_CLIENT);

	h->conf.ipv6_enabled = true;
	h_open_auth(h);
	return h;
}

/* Both open: the link is up when the second one is. */
static void
test_both(void **unused)
{
	struct h *h = server(true, true);

	(void)unused;
	h_data_is(h_sent(h, IPV6CP, CP_CONF_REQ), OURS);
	uint8_t id6 = h_sent(h, IPV6CP, CP_CONF_REQ)->id;
	h_ack(h, IPCP);
	h_in(h, IPCP, CP_CONF_REQ, 1, "03060a630002");
	assert_true(ppp_data(h->p)->ip_open);
	assert_int_equal(h->n_up_ip, 0);
	h_in(h, IPV6CP, CP_CONF_ACK, id6, OURS);
	h_in(h, IPV6CP, CP_CONF_REQ, 1, THEIRS);
	h_data_is(h_sent(h, IPV6CP, CP_CONF_ACK), THEIRS);
	assert_int_equal(h->n_up_ip, 1);
	assert_true(ppp_data(h->p)->ipv6_open);
	assert_memory_equal(ppp_ip(h->p)->remote_id, "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
	assert_memory_equal(ppp_ip(h->p)->local_id, "\0\0\0\0\0\0\0\1", 8);
	h_fact(h, "IPV6CP opened: interface 0000000000000001 here, 1122334455667788 there");
	h_free(h);
}

/* The other may keep the link for a second, not longer; it may still open after that. */
static void
test_bound(void **unused)
{
	struct h *h = server(true, true);

	(void)unused;
	uint8_t id6 = h_sent(h, IPV6CP, CP_CONF_REQ)->id;
	h_ack(h, IPCP);
	h_in(h, IPCP, CP_CONF_REQ, 1, "03060a630002");
	h_wait(h, 999);
	assert_int_equal(h->n_up_ip, 0);
	h_wait(h, 1);
	assert_int_equal(h->n_up_ip, 1);
	h_in(h, IPV6CP, CP_CONF_ACK, id6, OURS);
	h_in(h, IPV6CP, CP_CONF_REQ, 1, THEIRS);
	assert_true(ppp_data(h->p)->ipv6_open);
	assert_int_equal(h->n_up_ip, 1);
	assert_int_equal(h->n_changed, 1);
	/* It ends again, and the link goes on. */
	h_in(h, IPV6CP, CP_TERM_REQ, 9, "");
	h_sent(h, IPV6CP, CP_TERM_ACK);
	assert_false(ppp_data(h->p)->ipv6_open);
	assert_int_equal(h->n_changed, 2);
	h_alive(h);
	h_in(h, IPCP, CP_TERM_REQ, 9, ""); /* the last one */
	h_ended(h, "ended.by-peer");
}

/* What one end does not have is rejected as a protocol, and the other one stands alone. */
static void
test_R51_one_of_both(void **unused)
{
	struct h *h = server(true, false);

	(void)unused;
	assert_int_equal(h_count(h, IPV6CP, CP_CONF_REQ), 0);
	h_ack(h, IPCP);
	h_in(h, IPCP, CP_CONF_REQ, 1, "03060a630002");
	assert_int_equal(h->n_up_ip, 1);
	h_in(h, IPV6CP, CP_CONF_REQ, 1, THEIRS);
	h_data_is(h_sent(h, LCP, CP_PROT_REJ), "8057 0101000e 010a1122334455667788");
	h_free(h);

	h = h_new(SIDE_SERVER); /* IPv6 alone; the peer's IPCP came early and is rejected now */
	h->conf.ipv6_enabled = true;
	h_open_auth(h);
	h_in(h, IPCP, CP_CONF_REQ, 1, "030600000000");
	h_in(h, IPV6CP, CP_CONF_REQ, 1, THEIRS);
	lease(h, false, true);
	h_data_is(h_sent(h, LCP, CP_PROT_REJ), "8021 0101000a 030600000000");
	h_data_is(h_sent(h, IPV6CP, CP_CONF_ACK), THEIRS);
	h_ack(h, IPV6CP);
	assert_int_equal(h->n_up_ip, 1);
	assert_true(ip_is_none(&ppp_ip(h->p)->remote));
	h_free(h);

	h = server(true, true); /* the peer rejects it: up at once */
	h_ack(h, IPCP);
	h_in(h, IPCP, CP_CONF_REQ, 1, "03060a630002");
	h_in(h, LCP, CP_PROT_REJ, 1, "8057 01010000");
	assert_int_equal(h->n_up_ip, 1);
	h_free(h);

	h = client(); /* the server has IPv6 alone */
	h_in(h, LCP, CP_PROT_REJ, 1, "8021 01010000");
	h_alive(h);
	h_in(h, LCP, CP_PROT_REJ, 2, "8057 01010000");
	h_ended(h, "ppp.no-network-protocol");
}

/* Neither from the pool: the server says that IP is off. */
static void
test_neither(void **unused)
{
	(void)unused;
	h_ended(server(false, false), "server.ip-off");
}

/* Q12: zero and our own are answered with another; who insists has it rejected. */
static void
test_Q12_zero_and_collision(void **unused)
{
	static const char *const wishes[] = { "010a 0000000000000000", OURS, "" };
	struct h *h = server(false, true);

	(void)unused;
	h_ack(h, IPV6CP);
	for (uint8_t i = 0; i < 3; i++) {
		h_in(h, IPV6CP, CP_CONF_REQ, i, wishes[i]);
		const struct cp_packet *pk = h_sent(h, IPV6CP, CP_CONF_NAK);
		assert_int_equal(pk->data.n, 10);
		assert_int_equal(pk->data.p[2] & 2, 0); /* of local meaning */
		assert_memory_not_equal(pk->data.p + 2, "\0\0\0\0\0\0\0", 7);
	}
	for (uint8_t i = 3; i < 5; i++)
		h_in(h, IPV6CP, CP_CONF_REQ, i, OURS);
	h_in(h, IPV6CP, CP_CONF_REQ, 6, OURS);
	h_data_is(h_sent(h, IPV6CP, CP_CONF_REJ), OURS);
	assert_false(ppp_data(h->p)->ipv6_open);
	h_in(h, IPV6CP, CP_CONF_REQ, 7, THEIRS);
	assert_true(ppp_data(h->p)->ipv6_open);
	h_free(h);
}

/* Options of a wrong length and unknown ones, compression among them, are rejected. */
static void
test_options(void **unused)
{
	static const char *const bad[] = { "0103 00", "0109 11223344556677",
		"010b 112233445566778899", "0204 0037", "ff02" };
	struct h *h = server(false, true);

	(void)unused;
	for (uint8_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		h_in(h, IPV6CP, CP_CONF_REQ, i, bad[i]);
		h_data_is(h_sent(h, IPV6CP, CP_CONF_REJ), bad[i]);
	}
	h_alive(h);
	h_free(h);
}

/* The client draws its identifier, takes another when told, and draws anew when told nonsense. */
static void
test_client(void **unused)
{
	struct h *h = client();

	(void)unused;
	uint8_t id = h_sent(h, IPV6CP, CP_CONF_REQ)->id;
	assert_int_equal(h_sent(h, IPV6CP, CP_CONF_REQ)->data.n, 10);
	h_in(h, IPV6CP, CP_CONF_REQ, 1, OURS);
	h_in(h, IPV6CP, CP_CONF_NAK, id, THEIRS);
	h_data_is(h_sent(h, IPV6CP, CP_CONF_REQ), THEIRS);
	id = h_sent(h, IPV6CP, CP_CONF_REQ)->id;
	h_in(h, IPV6CP, CP_CONF_NAK, id, OURS); /* the server's own */
	const struct cp_packet *pk = h_sent(h, IPV6CP, CP_CONF_REQ);
	assert_memory_not_equal(pk->data.p + 2, "\0\0\0\0\0\0\0\1", 8);
	h_ack(h, IPV6CP);
	assert_true(ppp_data(h->p)->ipv6_open);
	assert_int_equal(h->n_up_ip, 0); /* IPCP may open still */
	h_wait(h, 4000);
	assert_int_equal(h->n_up_ip, 1);
	h_free(h);
}

static void
test_never_agreed(void **unused)
{
	struct h *h = server(false, true);

	(void)unused;
	h_in(h, IPV6CP, CP_CONF_REQ, 1, THEIRS); /* it talks, and never answers */
	h_wait(h, 40000);
	h_ended(h, "ppp.ipv6cp-not-agreed");

	h = server(false, true);
	for (unsigned int i = 0; i < 21; i++) /* naks without end */
		h_in(h, IPV6CP, CP_CONF_NAK, h_sent(h, IPV6CP, CP_CONF_REQ)->id, THEIRS);
	h_ended(h, "ppp.ipv6cp-not-agreed");

	h = server(true, true); /* beside IPv4 it is no failure of the link */
	uint8_t id6 = h_sent(h, IPV6CP, CP_CONF_REQ)->id;
	h_ack(h, IPCP);
	h_in(h, IPCP, CP_CONF_REQ, 1, "03060a630002");
	for (unsigned int i = 0; i < 21; i++) {
		h_in(h, IPV6CP, CP_CONF_NAK, id6, THEIRS);
		if (h_count(h, IPV6CP, CP_CONF_REQ))
			id6 = h_sent(h, IPV6CP, CP_CONF_REQ)->id;
	}
	h_alive(h);
	assert_int_equal(h->n_up_ip, 1);
	h_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_R51_one_of_both),
		cmocka_unit_test(test_neither),
		cmocka_unit_test(test_Q12_zero_and_collision),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_never_agreed),
	};

	return cmocka_run_group_tests_name("proto/ppp_ipv6cp", tests, NULL, NULL);
}
