/*
 * Connections from TLS to data and to their end, each failure by the name of its cause. R13, R31,
 * R32, R41, R60, R108.
 */
#include "conn_pair.h"

static void
exchange_data(struct pair *p)
{
	struct pkt_pool *pool = pkt_pool_new(4, 1);
	struct pkt *pkts[2] = { pkt_get(pool, 100), pkt_get(pool, 100) };

	make_ip(pkts[0], 0x0a630002u, 0x0a500002u);
	make_ip(pkts[1], 0x0a500009u, 0x0a500002u); /* not the leased source */
	send_ip(p->client, p->cw, pkts, 1, &p->now);
	run(p, 0);
	assert_int_equal(p->n_from_client, 1);

	make_ip(pkts[0], 0x0a500002u, 0x0a630002u);
	make_ip(pkts[1], 0x0a500002u, 0x0a630003u); /* not this session's */
	send_ip(p->server, p->sw, pkts, 2, &p->now);
	run(p, 0);
	assert_int_equal(p->n_from_server, 1);
	assert_int_equal(conn_counts(p->server)->drops.n[DROP_WRONG_DESTINATION], 1);
	for (unsigned int i = 0; i < 2; i++)
		pkt_put(pool, pkts[i]);
	assert_int_equal(pkt_pool_in_use(pool), 0);
	pkt_pool_free(pool);
}

static void
connects(unsigned int methods, size_t chunk)
{
	struct pair p;

	open_pair(&p, pki.ca, "secret", methods, methods);
	p.chunk = chunk;
	(void)conn_start(p.client, p.cw, &p.now);
	run(&p, 100);
	assert_true(conn_is_up(p.client));
	assert_true(conn_is_up(p.server));
	assert_int_equal(ip_v4_u32(&conn_ip(p.client)->local), 0x0a630002u);
	assert_int_equal(ip_v4_u32(&conn_ip(p.client)->dns[0]), 0x0a500002u);
	exchange_data(&p);
	/* An hour of echoes and hellos does not end it. */
	run(&p, 3600000);
	assert_true(conn_is_up(p.server));
	(void)conn_close(p.client, p.cw, CAUSE_ENDED_BY_USER, &p.now);
	run(&p, 60000);
	assert_cause(p.client, "ended.by-user");
	assert_cause(p.server, "ended.by-peer");
	close_pair(&p);
}

static void
test_connects_with_mschapv2(void **state)
{
	(void)state;
	connects(AUTH_BIT(AUTH_MSCHAPV2), 0);
}

static void
test_connects_with_pap(void **state)
{
	(void)state;
	connects(AUTH_BIT(AUTH_PAP), 0);
}

/* G04: one byte at a time. */
static void
test_connects_byte_by_byte(void **state)
{
	(void)state;
	connects(AUTH_BIT(AUTH_MSCHAPV2), 1);
}

static void
fails(const char *roots, const char *password, unsigned int cm, unsigned int sm, enum cause lease,
    const char *client_cause, const char *server_cause)
{
	struct pair p;

	open_pair(&p, roots, password, cm, sm);
	p.lease_cause = lease;
	(void)conn_start(p.client, p.cw, &p.now);
	run(&p, 300000);
	assert_false(conn_is_up(p.server));
	assert_true(conn_is_down(p.client));
	assert_true(conn_is_down(p.server));
	assert_cause(p.client, client_cause);
	assert_cause(p.server, server_cause);
	close_pair(&p);
}

static void
test_wrong_password(void **state)
{
	(void)state;
	fails(pki.ca, "wrong", AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_MSCHAPV2), CAUSE_NONE,
	    "account.refused-by-server", "account.wrong-password");
}

/* R31: a client that does not use its second try still failed for its password. */
static void
test_wrong_password_not_tried_again(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p, pki.ca, "wrong", AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_MSCHAPV2));
	p.may_retry = true;
	(void)conn_start(p.client, p.cw, &p.now);
	run(&p, 300000);
	assert_cause(p.client, "account.refused-by-server");
	assert_cause(p.server, "account.wrong-password");
	close_pair(&p);
}

static void
test_root_not_trusted(void **state)
{
	(void)state;
	fails(other.ca, "secret", AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_MSCHAPV2), CAUSE_NONE,
	    "certificate.root-not-trusted", "tls.certificate-refused-by-client");
}

static void
test_no_common_method(void **state)
{
	(void)state;
	fails(pki.ca, "secret", AUTH_BIT(AUTH_PAP), AUTH_BIT(AUTH_MSCHAPV2), CAUSE_NONE,
	    "ppp.no-common-authentication", "ppp.no-common-authentication");
}

static void
test_pool_exhausted(void **state)
{
	(void)state;
	fails(pki.ca, "secret", AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_MSCHAPV2),
	    CAUSE_POOL_EXHAUSTED, "ppp.no-network-protocol", "address.pool-exhausted");
}

/* A peer that accepts TCP and says nothing is let go in time. */
static void
test_silent_peer(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p, pki.ca, "secret", AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_MSCHAPV2));
	run(&p, 120000);
	assert_cause(p.server, "tls.handshake-silent");
	close_pair(&p);
}

/* A slow reader is given up, not queued for without end (S11). */
static void
test_stalled_peer(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p, pki.ca, "secret", AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_MSCHAPV2));
	(void)conn_start(p.client, p.cw, &p.now);
	run(&p, 100);
	assert_true(conn_is_up(p.server));
	/* The server's bytes are not taken any more. */
	for (unsigned int i = 0; i < 40 && !conn_is_down(p.server); i++) {
		p.now.ms += 10000;
		conn_out_sent(p.server, 0, &p.now);
		(void)conn_tick(p.server, p.sw, &p.now);
	}
	assert_true(conn_is_down(p.server));
	assert_cause(p.server, "sstp.peer-stalled");
	close_pair(&p);
}

/* Connects and moves on until both ends are up. */
static void
open_up(struct pair *p, unsigned int methods)
{
	open_pair(p, pki.ca, "secret", methods, methods);
	(void)conn_start(p->client, p->cw, &p->now);
	run(p, 100);
	assert_true(conn_is_up(p->client));
	assert_true(conn_is_up(p->server));
}

/* Lets the client's own TLS carry bytes that its core would never send. */
static void
say(struct pair *p, struct view plain)
{
	assert_true(tls_write(p->client->tls, plain));
}

/*
 * S11: a peer that asks without end and reads nothing. The server stops reading while the answers
 * wait, so they cannot fill its memory.
 */
static void
test_asks_and_does_not_listen(void **state)
{
	static const uint8_t echo[8] = { 0x10, 1, 0, 8, 0, 8, 0, 0 };
	uint8_t record[8192];
	struct pair p;
	size_t most = 0;
	bool more;

	(void)state;
	open_up(&p, AUTH_BIT(AUTH_MSCHAPV2));
	for (size_t i = 0; i < sizeof(record); i += sizeof(echo))
		memcpy(record + i, echo, sizeof(echo));
	for (unsigned int i = 0; i < 400 && conn_wants_input(p.server); i++) {
		say(&p, view_of(record, sizeof(record)));
		struct view out = conn_out(p.client);
		assert_true(conn_feed(p.server, out));
		conn_out_sent(p.client, out.n, &p.now);
		for (more = true; more;)
			(void)conn_step(p.server, p.sw, &p.now, &more);
		most = conn_out(p.server).n;
	}
	assert_false(conn_wants_input(p.server));
	assert_true(most > CONN_BACKLOG_MAX && most < 2 * CONN_BACKLOG_MAX);
	/* It listens again when the peer has read. */
	conn_out_sent(p.server, most, &p.now);
	assert_true(conn_wants_input(p.server));
	close_pair(&p);
}

/*
 * A connection whose last words cannot be written leaves nothing in the lists that all connections
 * of a worker share: the next one would send them to its own peer.
 */
static void
test_failed_write_leaves_nothing_behind(void **state)
{
	struct pair p;

	(void)state;
	open_up(&p, AUTH_BIT(AUTH_MSCHAPV2));
	tls_shutdown(p.server->tls); /* from here on every write fails */
	p.now.ms = conn_deadline_ms(p.server);
	while (!conn_is_down(p.server)) {
		(void)conn_tick(p.server, p.sw, &p.now);
		p.now.ms = deadline_min(conn_deadline_ms(p.server), p.now.ms + 3600000);
	}
	assert_int_equal(p.sw->ppp_fx.n, 0);
	assert_int_equal(p.sw->sstp_fx.n, 0);
	assert_int_equal(p.sw->ppp_fx.n_scratch, 0);
	assert_int_equal(p.sw->sstp_fx.n_scratch, 0);
	close_pair(&p);
}

/* A server on a short path holds its first answer back; when that is an alert it goes at once. */
static void
test_alert_is_not_held(void **state)
{
	static const uint8_t tls10[] = { 0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 1, 1, 2, 3, 4, 5, 6, 7,
		8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
		29, 30, 31, 32, 0, 0, 2, 0, 0x2f, 1, 0 };
	struct pair p;
	bool more;

	(void)state;
	open_pair(&p, pki.ca, "secret", AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_MSCHAPV2));
	assert_true(conn_feed(p.server, view_of(tls10, sizeof(tls10))));
	(void)conn_step(p.server, p.sw, &p.now, &more);
	assert_true(conn_is_down(p.server));
	assert_true(conn_out(p.server).n > 0);
	assert_int_equal(conn_out(p.server).p[0], 21); /* the alert */
	close_pair(&p);
}

/* S10: after an Abort the peer's frames reach neither PPP nor TUN. */
static void
test_no_data_after_abort(void **state)
{
	static const uint8_t bad[] = { 0x10, 1, 0, 8, 0, 77, 0, 0 }; /* no such message */
	struct pkt_pool *pool = pkt_pool_new(1, 1);
	struct pkt *pkt = pkt_get(pool, 100);
	struct pair p;

	(void)state;
	open_up(&p, AUTH_BIT(AUTH_MSCHAPV2));
	say(&p, view_of(bad, sizeof(bad)));
	make_ip(pkt, 0x0a630002u, 0x0a500002u);
	send_ip(p.client, p.cw, &pkt, 1, &p.now);
	(void)move(&p, p.client, p.server, p.sw, &p.n_from_client);
	assert_int_equal(p.n_from_client, 0);
	assert_false(conn_is_up(p.server));
	assert_false(conn_is_down(p.server)); /* it waits for the peer's Abort */
	pkt_put(pool, pkt);
	pkt_pool_free(pool);
	close_pair(&p);
}

/* PAP's password is in no buffer of either end when the log-in is over. */
static void
test_password_is_wiped(void **state)
{
	struct pair p;

	(void)state;
	open_up(&p, AUTH_BIT(AUTH_PAP));
	secret_wipe(&p.sw->auth.password); /* the owner's, when it has asked */
	assert_null(memmem(p.sw, sizeof(*p.sw), "\5alice\6secret", 13));
	assert_null(memmem(p.cw, sizeof(*p.cw), "\5alice\6secret", 13));
	assert_null(memmem(p.sw, sizeof(*p.sw), "secret", 6));
	if (p.server->rest)
		assert_null(memmem(p.server->rest, p.server->rest_cap, "secret", 6));
	close_pair(&p);
}

/* A policy's idle-timeout counts from the last packet, its session-timeout from the start. */
static void
test_time_outs_of_the_policy(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p, pki.ca, "secret", AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_MSCHAPV2));
	p.idle_s = 600;
	(void)conn_start(p.client, p.cw, &p.now);
	run(&p, 500000);
	assert_true(conn_is_up(p.server));
	exchange_data(&p);
	run(&p, 500000);
	assert_true(conn_is_up(p.server));
	run(&p, 200000);
	assert_cause(p.server, "ended.idle-time-out");
	assert_cause(p.client, "ended.by-peer");
	close_pair(&p);

	open_pair(&p, pki.ca, "secret", AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_MSCHAPV2));
	p.session_s = 600;
	(void)conn_start(p.client, p.cw, &p.now);
	run(&p, 500000);
	exchange_data(&p);
	assert_true(conn_is_up(p.server));
	run(&p, 200000);
	assert_cause(p.server, "ended.session-time-out");
	close_pair(&p);

	/* the allowed hours count from the decision, and are named when both end at once */
	open_pair(&p, pki.ca, "secret", AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_MSCHAPV2));
	p.session_s = 3600;
	p.hours_s = 600;
	(void)conn_start(p.client, p.cw, &p.now);
	run(&p, 500000);
	exchange_data(&p);
	assert_true(conn_is_up(p.server));
	run(&p, 200000);
	assert_cause(p.server, "ended.allowed-hours");
	close_pair(&p);
}

/* A super-packet arrives as one again: its bytes, with the header that says how to cut it. */
static void
test_a_train_arrives_whole(void **state)
{
	uint8_t *super = malloc(VNET_PACKET_MAX), *got = malloc(VNET_PACKET_MAX);
	struct vnet_hdr h;
	struct pair p;
	size_t n = make_train(super, &h, 45), n_got = 0;
	bool more;

	(void)state;
	assert_true(super && got);
	open_pair(&p, pki.ca, "secret", AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_MSCHAPV2));
	(void)conn_start(p.client, p.cw, &p.now);
	run(&p, 100);
	p.sw->join.takes = VNET_TCP;
	conn_send_ip(p.client, p.cw, &h, view_of(super, n), &p.now);
	conn_send_end(p.client, p.cw);
	conn_lend(p.server, conn_out(p.client));
	assert_int_equal(conn_step(p.server, p.sw, &p.now, &more), 0);
	assert_int_equal(p.sw->join.n_units, 1);
	assert_int_equal(p.sw->join.units[0].h.gso_size, TRAIN_PAYLOAD);
	for (uint32_t i = p.sw->join.units[0].piece; i != VNET_NO_PIECE;
	     i = p.sw->join.pieces[i].next) {
		memcpy(got + n_got, p.sw->join.pieces[i].v.p, p.sw->join.pieces[i].v.n);
		n_got += p.sw->join.pieces[i].v.n;
	}
	assert_int_equal(n_got, n);
	assert_memory_equal(got + 40, super + 40, n - 40);
	assert_memory_equal(got, super, 10);
	assert_true(conn_keep(p.server));
	free(super);
	free(got);
	close_pair(&p);
}

/* S11: what a peer does not take stays bounded, below where we would stop to read from it; what is
 * dropped is counted packet by packet; and what came in half is kept when it is not lent any more.
 */
static void
test_queue_is_bounded_S11(void **state)
{
	uint8_t *super = malloc(VNET_PACKET_MAX);
	struct vnet_hdr h;
	struct pair p;
	size_t n = make_train(super, &h, 45);
	bool more = true;

	(void)state;
	assert_non_null(super);
	open_pair(&p, pki.ca, "secret", AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_MSCHAPV2));
	(void)conn_start(p.client, p.cw, &p.now);
	run(&p, 100);
	for (unsigned int i = 0; i < 100; i++) {
		conn_send_ip(p.client, p.cw, &h, view_of(super, n), &p.now);
		conn_send_end(p.client, p.cw);
	}
	assert_true(conn_is_full(p.client));
	assert_true(conn_wants_input(p.client));
	assert_true(conn_out(p.client).n < CONN_DATA_MAX + 70000);
	const struct conn_counts *c = conn_counts(p.client);
	assert_int_equal(c->drops.n[DROP_QUEUE_FULL] % 45, 0);
	assert_int_equal(c->drops.n[DROP_QUEUE_FULL] + c->out_pkts, 100 * 45);
	/* In parts that end within a record: every packet that was sent arrives. */
	unsigned int n_got = 0;
	while (conn_out(p.client).n) {
		struct view part = conn_out(p.client);
		if (part.n > 10007)
			part.n = 10007;
		conn_lend(p.server, part);
		for (more = true; more;) {
			(void)conn_step(p.server, p.sw, &p.now, &more);
			n_got += (unsigned int)p.sw->join.n_pieces;
		}
		assert_true(conn_keep(p.server));
		conn_out_sent(p.client, part.n, &p.now);
	}
	assert_int_equal(n_got, c->out_pkts);
	assert_false(conn_is_full(p.client));
	free(super);
	close_pair(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_train_arrives_whole),
		cmocka_unit_test(test_queue_is_bounded_S11),
		cmocka_unit_test(test_connects_with_mschapv2),
		cmocka_unit_test(test_connects_with_pap),
		cmocka_unit_test(test_connects_byte_by_byte),
		cmocka_unit_test(test_wrong_password),
		cmocka_unit_test(test_wrong_password_not_tried_again),
		cmocka_unit_test(test_root_not_trusted),
		cmocka_unit_test(test_no_common_method),
		cmocka_unit_test(test_pool_exhausted),
		cmocka_unit_test(test_time_outs_of_the_policy),
		cmocka_unit_test(test_silent_peer),
		cmocka_unit_test(test_stalled_peer),
		cmocka_unit_test(test_asks_and_does_not_listen),
		cmocka_unit_test(test_failed_write_leaves_nothing_behind),
		cmocka_unit_test(test_alert_is_not_held),
		cmocka_unit_test(test_no_data_after_abort),
		cmocka_unit_test(test_password_is_wiped),
	};

	return cmocka_run_group_tests_name("net/conn", tests, pair_setup, NULL);
}
