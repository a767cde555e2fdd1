/*
 * How an SSTP call ends: messages out of place, abort and disconnect in every state of both sides,
 * collisions, a transport that vanishes. Attack S10.
 */
#include "sstp_pair.h"

/* Every message in every state of both sides: what is not taken aborts. */
static void
test_unexpected_messages(void **state)
{
	/* A digit for each message type that the state takes, of server and client. */
	static const char *const taken[2][N_AT] = { { "156", "456", "5689" },
		{ "2356", "56", "5689" } };

	(void)state;
	for (int side = 0; side < 2; side++)
		for (enum at at = AT_HTTP; at < N_AT; at++)
			for (int type = 1; type <= 9; type++) {
				reach(at);
				struct end *e = side ? &client : &server;
				feed_hex(e, messages[type]);
				if (strchr(taken[side][at], '0' + type)) {
					assert_null(strstr(e->facts, "not accepted"));
					continue;
				}
				assert_aborts(e, "00 00000005", "sstp.unexpected-message");
			}
}

/* S10: the peer aborts in each state of each side. MS-SSTP 3.2.5.3.4 */
static void
test_abort_by_peer_in_each_state(void **state)
{
	(void)state;
	for (enum at at = AT_HTTP; at < N_AT; at++)
		for (int side = 0; side < 2; side++) {
			reach(at);
			struct end *e = side ? &client : &server;
			feed_hex(e, messages[5]);
			assert_sent(e, "10010008 00050000");
			feed_hex(e, messages[5]); /* double abort: ignored */
			feed_hex(e, messages[6]);
			feed_hex(e, messages[8]);
			feed_hex(e, "10000005 ff");
			assert_int_equal(e->n_out, 0);
			uint64_t before = now.ms;
			end_wait(e);
			assert_int_equal(now.ms - before, 1000);
			assert_down(e, "sstp.aborted-by-peer", true);
			assert_non_null(strstr(e->facts, "invalid frame"));
		}
}

/* S10: both abort at once, and what arrives afterwards is ignored. */
static void
test_abort_collision(void **state)
{
	(void)state;
	until_open();
	end_close(&server, CAUSE_SSTP_STALLED);
	end_close(&client, CAUSE_WORKER_DIED);
	end_pass(&server, &client);
	end_pass(&client, &server);
	assert_int_equal(server.n_out, 0);
	assert_int_equal(client.n_out, 0);
	for (int type = 1; type <= 9; type++) {
		feed_hex(&server, messages[type]);
		feed_hex(&client, messages[type]);
	}
	feed_hex(&server, "10010004"); /* rubbish in a message as well */
	assert_int_equal(server.n_out + client.n_out, 0);
	end_wait(&server);
	end_tick(&client);
	assert_int_equal(now.ms, 2000);
	assert_down(&server, "sstp.peer-stalled", false);
	assert_down(&client, "internal.worker-died", false);
}

/* While our abort waits, only an abort counts. */
static void
test_abort_pending_ignores_the_rest(void **state)
{
	(void)state;
	until_open();
	end_close(&server, CAUSE_SSTP_STALLED);
	assert_sent(&server, "10010014 00050001 0002000c 00000000 00000008");
	for (int type = 1; type <= 9; type++)
		if (type != SSTP_MSG_ABORT)
			feed_hex(&server, messages[type]);
	assert_int_equal(server.n_out, 0);
	end_close(&server, CAUSE_ENDED_BY_ADMIN); /* too late */
	assert_int_equal(server.n_out, 0);
	end_wait(&server);
	assert_int_equal(now.ms, 4000);
	assert_down(&server, "sstp.peer-stalled", false);
}

/* MS-SSTP 3.1.1.1.1, in each state of each side. */
static void
test_disconnect_in_each_state(void **state)
{
	(void)state;
	for (enum at at = AT_HTTP; at < N_AT; at++)
		for (int side = 0; side < 2; side++) {
			reach(at);
			struct end *us = side ? &client : &server;
			struct end *peer = side ? &server : &client;
			bool early_client = !side && at != AT_OPEN;

			end_close(us, CAUSE_ENDED_BY_ADMIN);
			assert_int_equal(us->n_downs, 0);
			end_pass(us, peer);
			assert_sent(peer, "10010008 00070000");
			feed_hex(us, "10010008 00070000");
			assert_down(us, "ended.by-administrator", false);
			end_wait(peer);
			assert_int_equal(now.ms, 2000);
			assert_down(
			    peer, early_client ? "sstp.aborted-by-peer" : "ended.by-peer", true);
		}
}

static void
test_disconnect_timers_and_collision(void **state)
{
	(void)state;
	until_open();
	end_close(&server, CAUSE_ENDED_BY_SHUTDOWN);
	assert_sent(&server, "10010014 00060001 0002000c 00000000 00000000");
	feed_hex(&server, messages[8]);
	feed_hex(&server, messages[1]);
	assert_int_equal(server.n_out, 0);
	end_wait(&server);
	assert_int_equal(now.ms, 6000);
	assert_down(&server, "ended.server-stopped", false);

	fresh();
	until_open();
	end_close(&server, CAUSE_ENDED_BY_SHUTDOWN);
	end_close(&client, CAUSE_ENDED_BY_USER);
	end_pass(&server, &client);
	end_pass(&client, &server);
	end_pass(&server, &client);
	end_wait(&server);
	end_tick(&client);
	assert_int_equal(now.ms, 2000);
	assert_down(&server, "ended.server-stopped", false);
	assert_down(&client, "ended.by-user", false);

	fresh();
	until_open();
	end_close(&server, CAUSE_ENDED_BY_SHUTDOWN); /* answered by an abort */
	server.n_out = 0;
	feed_hex(&server, messages[5]);
	assert_sent(&server, "10010008 00050000");
	end_wait(&server);
	assert_down(&server, "ended.server-stopped", false);
}

/* What failed above SSTP is an orderly end (MS-SSTP 3.3.7.1); SSTP's own failures abort. */
static void
test_close_speaks_the_right_word(void **state)
{
	(void)state;
	until_call();
	end_close(&server, CAUSE_WRONG_PASSWORD);
	assert_sent(&server, "10010014 00060001 0002000c 00000000 00000000");
	fresh();
	until_call();
	end_close(&server, CAUSE_AAA_DOWN);
	assert_sent(&server, "10010014 00050001 0002000c 00000000 00000008");
	fresh(); /* before there is SSTP, nothing can be said */
	end_close(&server, CAUSE_ENDED_BY_SHUTDOWN);
	assert_int_equal(server.n_out, 0);
	assert_down(&server, "ended.server-stopped", false);
}

static void
test_transport_gone(void **state)
{
	static const struct {
		enum at at;
		const char *server_orderly, *server_lost, *client;
	} cases[] = {
		{ AT_HTTP, "sstp.closed-before-call", "sstp.closed-before-call",
		    "sstp.connection-lost" },
		{ AT_CALL, "sstp.connection-lost", "sstp.connection-lost", "sstp.connection-lost" },
		{ AT_OPEN, "ended.by-peer", "sstp.connection-lost", "sstp.connection-lost" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		reach(cases[i].at);
		end_lower_down(&server, true);
		assert_down(&server, cases[i].server_orderly, true);
		end_lower_down(&client, true);
		assert_down(&client, cases[i].client, true);
		end_lower_down(&client, true); /* twice does nothing */
		assert_int_equal(client.n_downs, 1);
		reach(cases[i].at);
		end_lower_down(&server, false);
		assert_down(&server, cases[i].server_lost, false);
	}
	fresh();
	end_lower_down(&client, true);
	assert_down(&client, "sstp.http-refused", true);

	reach(AT_OPEN); /* the cause of an end under way stays */
	end_close(&server, CAUSE_ENDED_BY_ADMIN);
	end_lower_down(&server, true);
	assert_down(&server, "ended.by-administrator", false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unexpected_messages),
		TEST(test_abort_by_peer_in_each_state),
		TEST(test_abort_collision),
		TEST(test_abort_pending_ignores_the_rest),
		TEST(test_disconnect_in_each_state),
		TEST(test_disconnect_timers_and_collision),
		TEST(test_close_speaks_the_right_word),
		TEST(test_transport_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
