/*
 * How an SSTP call is made, and how it fails on the way, with which cause: both sides on a virtual
 * clock. Attacks S04 to S07, G04, G05; requirements R13, R40. Ends are in test_sstp_end.c.
 */
#include "sstp_pair.h"

static void
test_connects(void **state)
{
	(void)state;
	until_http();
	assert_sent(&client, "1001000e 0001 0001 0001 0006 0001");
	feed_hex(&server, "1001000e 0001 0001 0001 0006 0001");
	end_pass(&server, &client);
	assert_false(sstp_is_connected(server.c) || sstp_is_connected(client.c));
	end_authenticated(&server, hlak);
	end_authenticated(&client, hlak);
	assert_true(sstp_is_connected(client.c));
	assert_false(sstp_is_connected(server.c)); /* S06: not before the binding */
	end_pass(&client, &server);
	assert_true(sstp_is_connected(server.c));
	assert_int_equal(server.ups, 7);
	assert_int_equal(client.ups, 7);
	assert_non_null(
	    strstr(server.facts, "crypto binding verified with SHA256, key from MS-CHAPv2"));
}

static void
test_connects_with_each_hash(void **state)
{
	(void)state;
	for (uint8_t ours = 1; ours <= 3; ours++)
		for (uint8_t theirs = 1; theirs <= 3; theirs++) {
			server_conf.hash_mask = ours;
			client_conf.hash_mask = theirs;
			fresh();
			if (ours & theirs) {
				until_open();
				assert_non_null(strstr(server.facts,
				    ours & theirs & SSTP_HASH_SHA256 ? "SHA256" : "SHA1"));
				continue;
			}
			until_http();
			end_pass(&client, &server);
			end_pass(&server, &client);
			assert_aborts(&client, "04 00000004", "sstp.binding-hash-not-offered");
		}
}

/* PAP and CHAP give no key; the caller says so by a key of zeros, on both sides or not at all. */
static void
test_zero_key_binds_only_to_zero_key(void **state)
{
	(void)state;
	until_call();
	end_authenticated(&server, zero_hlak);
	end_authenticated(&client, zero_hlak);
	end_pass(&client, &server);
	assert_true(sstp_is_connected(server.c));
	fresh();
	until_call();
	end_authenticated(&server, hlak);
	end_authenticated(&client, zero_hlak); /* S07 */
	end_pass(&client, &server);
	assert_aborts(&server, "03 00000004", "sstp.binding-wrong-mac");
}

static void
waive(struct end *e)
{
	sstp_waive_binding(e->c, e->now, &e->fx);
	end_effects(e);
}

/*
 * keyless-binding no: the call opens without Call Connected, but only once the peer is
 * authenticated, and one that comes later is still held to its claims (S07).
 */
static void
test_waived_binding(void **state)
{
	(void)state;
	until_call();
	waive(&server);
	assert_false(sstp_is_connected(server.c));
	end_authenticated(&server, zero_hlak);
	waive(&server);
	assert_true(sstp_is_connected(server.c));
	end_authenticated(&client, zero_hlak);
	end_pass(&client, &server);
	assert_true(sstp_is_connected(server.c));
	assert_int_equal(server.n_downs, 0);

	fresh();
	until_call();
	end_authenticated(&server, zero_hlak);
	waive(&server);
	end_authenticated(&client, hlak);
	end_pass(&client, &server);
	assert_aborts(&server, "03 00000004", "sstp.binding-wrong-mac");
}

static void
test_connected_may_come_before_the_answer_of_aaa(void **state)
{
	(void)state;
	until_call();
	end_authenticated(&client, hlak);
	end_pass(&client, &server);
	assert_false(sstp_is_connected(server.c));
	assert_int_equal(server.n_out, 0);
	end_authenticated(&server, hlak);
	assert_true(sstp_is_connected(server.c));

	fresh();
	until_call();
	end_authenticated(&client, zero_hlak);
	end_pass(&client, &server);
	end_authenticated(&server, hlak);
	assert_aborts(&server, "03 00000004", "sstp.binding-wrong-mac");
}

/* Call Connected of the client with one byte changed. */
static void
bend_connected(size_t at, uint8_t flip)
{
	fresh();
	until_call();
	end_authenticated(&server, hlak);
	end_authenticated(&client, hlak);
	assert_int_equal(client.n_out, SSTP_CONNECTED_BYTES);
	client.out[at] ^= flip;
	end_pass(&client, &server);
}

/* S07, one by one. */
static void
test_binding_refusals(void **state)
{
	(void)state;
	bend_connected(20, 1);
	assert_aborts(&server, "03 00000004", "sstp.binding-wrong-nonce");
	bend_connected(60, 0x80);
	assert_aborts(&server, "03 00000004", "sstp.binding-wrong-certificate");
	bend_connected(111, 1);
	assert_aborts(&server, "03 00000004", "sstp.binding-wrong-mac");
	bend_connected(15, 3); /* claims SHA1, sends SHA256: the certificate hash tells */
	assert_aborts(&server, "03 00000004", "sstp.binding-wrong-certificate");
	bend_connected(15, 4); /* no such hash */
	assert_aborts(&server, "03 00000004", "sstp.binding-hash-not-offered");
	bend_connected(15, 1); /* both bits: not one protocol */
	assert_aborts(&server, "03 00000004", "sstp.binding-hash-not-offered");

	server_conf.hash_mask = SSTP_HASH_SHA256;
	bend_connected(15, 3); /* SHA1 was not offered */
	assert_aborts(&server, "03 00000004", "sstp.binding-hash-not-offered");
}

/* Every bit of the message matters, reserved ones as well: they are under the MAC. */
static void
test_every_bit_is_bound(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < SSTP_CONNECTED_BYTES * 8; bit++) {
		bend_connected(bit / 8, (uint8_t)(1u << bit % 8));
		assert_false(sstp_is_connected(server.c));
	}
}

static void
test_binding_of_another_connection_is_no_good(void **state)
{
	uint8_t replay[SSTP_CONNECTED_BYTES];

	(void)state;
	until_call();
	end_authenticated(&client, hlak);
	memcpy(replay, client.out, sizeof(replay));
	fresh();
	seed = 99; /* another nonce */
	until_call();
	end_authenticated(&server, hlak);
	end_feed(&server, replay, sizeof(replay));
	assert_aborts(&server, "03 00000004", "sstp.binding-wrong-nonce");
}

static void
test_wrong_certificate_of_a_man_in_the_middle(void **state)
{
	(void)state;
	memset(client_conf.cert_sha256, 0x66, 32);
	fresh();
	until_call();
	end_authenticated(&server, hlak);
	end_authenticated(&client, hlak);
	end_pass(&client, &server);
	assert_aborts(&server, "03 00000004", "sstp.binding-wrong-certificate");
}

static void
test_binding_missing_or_malformed(void **state)
{
	(void)state;
	until_call();
	feed_hex(&server, "10010008 00040000");
	assert_aborts(&server, "02 00000009", "sstp.binding-missing");
	assert_int_equal(cause_info(CAUSE_BINDING_MISSING)->wire_number, 9);
	fresh();
	until_call();
	feed_hex(&server, "10010014 00040001 0002000c 00000001 00000004");
	assert_aborts(&server, "02 00000009", "sstp.binding-missing");
	fresh();
	until_call();
	feed_hex(&server, "1001000e 00040001 0003 0006 0001"); /* wrong length */
	assert_aborts(&server, "02 00000009", "sstp.malformed");
	fresh();
	until_http(); /* an Ack without a Crypto Binding Request */
	client.n_out = 0;
	feed_hex(&client, "10010008 00020000");
	assert_aborts(&client, "04 00000009", "sstp.binding-missing");
	fresh();
	until_http();
	client.n_out = 0;
	feed_hex(&client, "1001000e 00020001 0004 0006 0002");
	assert_aborts(&client, "04 00000009", "sstp.malformed");
}

/* MS-SSTP 3.3.5.2.2: three Naks, then Call Abort. */
static void
test_bad_requests_are_nakked(void **state)
{
	static const char *const request = "1001000e 0001 0001 0001 0006 0002";

	(void)state;
	until_http();
	for (unsigned int i = 0; i < 3; i++) {
		feed_hex(&server, request);
		assert_sent(&server, "10010016 0003 0001 0002 000e 000000 01 00000004 0002");
	}
	feed_hex(&server, request);
	assert_aborts(&server, "02 00000006", "sstp.protocol-not-ppp");

	fresh();
	until_http();
	for (unsigned int i = 0; i < 3; i++) {
		feed_hex(&server, "10010008 0001 0000");
		assert_sent(&server, "10010014 0003 0001 0002 000c 000000 01 0000000a");
	}
	feed_hex(&server, "10010008 0001 0000");
	assert_aborts(&server, "02 00000006", "sstp.retries-exceeded");

	fresh();
	until_http();
	feed_hex(&server, request);
	server.n_out = 0;
	feed_hex(&server, "1001000e 0001 0001 0001 0006 0001"); /* and then a good one */
	assert_true(server.ups & 1u << SSTP_UP_CALL);
}

static void
test_a_client_leaves_after_a_nak(void **state)
{
	(void)state;
	until_http();
	feed_hex(&server, "1001000e 0001 0001 0001 0006 0002");
	end_lower_down(&server, true);
	assert_down(&server, "sstp.protocol-not-ppp", true);
}

static void
test_client_gives_up_after_naks(void **state)
{
	static const char *const nak = "10010016 0003 0001 0002 000e 000000 01 00000004 0001";

	(void)state;
	until_http();
	client.n_out = 0;
	for (unsigned int i = 0; i < 3; i++) {
		feed_hex(&client, nak);
		assert_sent(&client, "1001000e 0001 0001 0001 0006 0001");
	}
	feed_hex(&client, nak);
	assert_aborts(&client, "02 00000006", "sstp.refused-by-server");
	assert_non_null(strstr(client.facts, "value not supported"));
}

/* Every wait has a name (guide, rule 4). */
static void
test_silences(void **state)
{
	(void)state;
	end_wait(&client);
	assert_down(&client, "sstp.http-silent", false);
	fresh();
	end_wait(&server);
	assert_down(&server, "sstp.http-silent", false);
	assert_int_equal(now.ms, 61000);

	fresh();
	until_http();
	client.n_out = 0;
	end_wait(&server);
	assert_aborts(&server, "00 00000008", "sstp.connect-silent");
	end_wait(&client);
	assert_aborts(&client, "00 00000008", "sstp.connect-silent");

	fresh();
	until_call();
	end_wait(&server);
	assert_aborts(&server, "00 00000008", "ppp.negotiation-time");
	end_wait(&client);
	assert_aborts(&client, "00 00000008", "ppp.negotiation-time");

	fresh();
	until_call();
	now.ms += 59000;
	end_authenticated(&server, hlak);
	end_wait(&server);
	assert_int_equal(now.ms, 1000 + 59000 + 60000);
	assert_aborts(&server, "00 00000008", "sstp.binding-silent");
}

/* MS-SSTP 3.1.2.3 */
static void
test_hello(void **state)
{
	(void)state;
	until_open();
	end_wait(&server);
	assert_int_equal(now.ms, 61000);
	assert_sent(&server, "10010008 00080000");
	feed_hex(&client, "10010008 00080000");
	assert_sent(&client, "10010008 00090000");
	now.ms += 1000;
	feed_hex(&server, "10010008 00090000");
	assert_int_equal(sstp_deadline_ms(server.c), now.ms + 60000);

	end_wait(&server);
	assert_sent(&server, "10010008 00080000");
	end_wait(&server); /* silence: the end, and not a word */
	assert_int_equal(server.n_out, 0);
	assert_down(&server, "sstp.hello-silent", false);
}

static void
test_hello_waits_for_silence_only(void **state)
{
	(void)state;
	until_open();
	for (unsigned int i = 0; i < 100; i++) {
		now.ms += 59000;
		end_tick(&server);
		assert_int_equal(server.n_out, 0);
		if (i & 1)
			sstp_heard(server.c, &now);
		else
			feed_hex(&server, "10000006 c021");
	}
	assert_int_equal(server.n_frames, 50);
	now.ms += 60000;
	end_tick(&server);
	server.n_out = 0;
	sstp_heard(server.c, &now); /* any sign of life answers the Echo Request */
	now.ms += 60000;
	end_tick(&server);
	assert_sent(&server, "10010008 00080000");
}

/* S06 */
static void
test_frames_pass_from_the_ack_on(void **state)
{
	(void)state;
	until_call();
	feed_hex(&server, "1000000a ff03c0210101");
	assert_int_equal(server.n_frames, 1);
	assert_int_equal(server.n_frame, 6);
	feed_hex(&server, "10000004"); /* an empty frame is none */
	assert_int_equal(server.n_frames, 1);
	assert_int_equal(server.n_downs, 0);
	feed_hex(&client, "10fe f005 ff"); /* reserved bits are ignored */
	assert_int_equal(client.n_frames, 1);
}

/* S06 */
static void
test_data_before_the_ack_aborts(void **state)
{
	(void)state;
	until_http();
	feed_hex(&server, "1000000a ff03c0210101");
	assert_int_equal(server.n_frames, 0);
	assert_aborts(&server, "00 00000005", "sstp.unexpected-message");
	client.n_out = 0;
	feed_hex(&client, "1000000a ff03c0210101");
	assert_aborts(&client, "00 00000005", "sstp.unexpected-message");
}

/* S04: what cannot be cut into packets ends at once and without an answer. MS-SSTP 3.1.5.1 */
static void
test_broken_headers(void **state)
{
	static const char *const cases[] = { "11010008 00080000", "20", "10010003", "10000000",
		"10010000 00080000" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fresh();
		until_open();
		feed_hex(&server, cases[i]);
		assert_int_equal(server.n_out, 0);
		assert_down(&server, "sstp.malformed", false);
	}
}

/* S05 and its kin: a frame that can be cut out, but says nonsense. */
static void
test_malformed_messages_abort(void **state)
{
	static const char *const cases[] = {
		"10010004",                        /* no message at all */
		"10010007 000800",                 /* half a header */
		"1001000e 00010001 00010000 0001", /* S05: attribute length 0 */
		"1001000e 00010001 00010003 0001", /* less than its own header */
		"1001000e 00010001 00010007 0001", /* beyond the packet */
		"1001000e 00010000 00010006 0001", /* more attributes than claimed */
		"1001000e 00010002 00010006 0001", /* fewer */
		"10010008 00000000",               /* no such message */
		"10010008 000a0000",
		"10010008 ffff0000",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fresh();
		until_http();
		feed_hex(&server, cases[i]);
		assert_aborts(&server, "00 00000007", "sstp.malformed");
	}
}

/* G05: a message full of tiny attributes. */
static void
test_too_many_attributes(void **state)
{
	uint8_t bytes[8 + 4 * 1021] = { 0x10, 1, 0x0f, 0xfc, 0, 1, 0x03, 0xfd };

	(void)state;
	for (size_t i = 8; i < sizeof(bytes); i += 4)
		memcpy(bytes + i, "\x00\x09\x00\x04", 4);
	until_http();
	end_feed(&server, bytes, sizeof(bytes));
	assert_aborts(&server, "00 00000007", "sstp.malformed");
}

/* A second Call Connected while the first one waits for the key. */
static void
test_connected_twice(void **state)
{
	uint8_t first[SSTP_CONNECTED_BYTES];

	(void)state;
	until_call();
	end_authenticated(&client, hlak);
	memcpy(first, client.out, sizeof(first));
	end_feed(&server, first, sizeof(first));
	end_feed(&server, first, sizeof(first));
	assert_aborts(&server, "00 00000005", "sstp.unexpected-message");
}

/* G04: the whole call byte by byte. */
static void
test_one_byte_segments(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 3; round++)
		for (int side = 0; side < 2; side++) {
			struct end *from = side ? &server : &client, *to = side ? &client : &server;
			uint8_t bytes[4096];
			size_t n = from->n_out;

			memcpy(bytes, from->out, n);
			from->n_out = 0;
			for (size_t i = 0; i < n; i++)
				end_feed(to, &bytes[i], 1);
		}
	end_authenticated(&server, hlak);
	end_authenticated(&client, hlak);
	for (size_t i = 0; i < SSTP_CONNECTED_BYTES; i++) {
		assert_false(sstp_is_connected(server.c));
		end_feed(&server, &client.out[i], 1);
	}
	assert_true(sstp_is_connected(server.c));
}

/* A key that comes when nobody waits for one changes nothing. */
static void
test_late_and_repeated_keys(void **state)
{
	(void)state;
	end_authenticated(&server, hlak);
	until_open();
	end_authenticated(&server, zero_hlak);
	end_authenticated(&client, zero_hlak);
	assert_int_equal(client.n_out, 0);
	assert_true(sstp_is_connected(server.c));
	end_close(&server, CAUSE_ENDED_BY_ADMIN);
	end_authenticated(&server, hlak);
	assert_int_equal(server.n_downs, 0);
	sstp_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_connects),
		TEST(test_connects_with_each_hash),
		TEST(test_zero_key_binds_only_to_zero_key),
		TEST(test_waived_binding),
		TEST(test_connected_may_come_before_the_answer_of_aaa),
		TEST(test_binding_refusals),
		TEST(test_every_bit_is_bound),
		TEST(test_binding_of_another_connection_is_no_good),
		TEST(test_wrong_certificate_of_a_man_in_the_middle),
		TEST(test_binding_missing_or_malformed),
		TEST(test_bad_requests_are_nakked),
		TEST(test_a_client_leaves_after_a_nak),
		TEST(test_client_gives_up_after_naks),
		TEST(test_silences),
		TEST(test_hello),
		TEST(test_hello_waits_for_silence_only),
		TEST(test_frames_pass_from_the_ack_on),
		TEST(test_data_before_the_ack_aborts),
		TEST(test_broken_headers),
		TEST(test_malformed_messages_abort),
		TEST(test_too_many_attributes),
		TEST(test_connected_twice),
		TEST(test_one_byte_segments),
		TEST(test_late_and_repeated_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
