/*
 * A client core and a server core on one virtual clock, with what the tests of the SSTP core share:
 * bringing both to a state, feeding hex, and asserting how an end went.
 */
#ifndef TESTS_SSTP_PAIR_H
#define TESTS_SSTP_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text.h"
#include "sstp_harness.h"

static uint64_t seed;
static struct now now;
static struct sstp_conf client_conf, server_conf;
static struct end client, server;
static const uint8_t hlak[32] = { 1, 2, 3 };
static const uint8_t zero_hlak[32];

static inline void
fresh(void)
{
	end_fini(&client);
	end_fini(&server);
	seed = 7;
	now = harness_now(&seed);
	end_init(&client, &client_conf, &now);
	end_init(&server, &server_conf, &now);
	end_start(&server);
	end_start(&client);
}

static inline int
setup(void **state)
{
	(void)state;
	client_conf = harness_conf(SIDE_CLIENT);
	server_conf = harness_conf(SIDE_SERVER);
	memset(&client, 0, sizeof(client));
	memset(&server, 0, sizeof(server));
	fresh();
	return 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	end_fini(&client);
	end_fini(&server);
	return 0;
}

static inline void
until_http(void)
{
	end_pass(&client, &server);
	end_pass(&server, &client);
	assert_true(server.ups & 1u << SSTP_UP_HTTP);
	assert_true(client.ups & 1u << SSTP_UP_HTTP);
}

/* Call Connect Request and Ack are exchanged. */
static inline void
until_call(void)
{
	until_http();
	end_pass(&client, &server);
	end_pass(&server, &client);
	assert_true(server.ups & 1u << SSTP_UP_CALL);
	assert_true(client.ups & 1u << SSTP_UP_CALL);
}

static inline void
until_open(void)
{
	until_call();
	end_authenticated(&server, hlak);
	end_authenticated(&client, hlak);
	end_pass(&client, &server);
	assert_true(sstp_is_connected(server.c) && sstp_is_connected(client.c));
}

static inline void
feed_hex(struct end *e, const char *hex)
{
	uint8_t bytes[4096];
	int n = text_unhex(view_str(hex), bytes, sizeof(bytes));

	assert_true(n > 0);
	end_feed(e, bytes, (size_t)n);
}

/* What the end sent last is this message, and nothing follows it. */
static inline void
assert_sent(struct end *e, const char *hex)
{
	char got[1024];

	text_hex(view_of(e->out, e->n_out), got, sizeof(got));
	char want[1024];
	uint8_t bytes[512];
	int n = text_unhex(view_str(hex), bytes, sizeof(bytes));
	text_hex(view_of(bytes, (size_t)n), want, sizeof(want));
	assert_string_equal(got, want);
	e->n_out = 0;
}

/* It aborted with this status; the end comes after the timer, with this cause. MS-SSTP 3.1.2.1 */
static inline void
assert_aborts(struct end *e, const char *attr_and_status, const char *cause)
{
	char hex[128];
	uint64_t at = now.ms;

	snprintf(hex, sizeof(hex), "10010014 00050001 0002000c 000000%s", attr_and_status);
	assert_sent(e, hex);
	assert_int_equal(e->n_downs, 0);
	assert_false(sstp_is_connected(e->c));
	end_wait(e);
	assert_int_equal(now.ms - at, 3000);
	assert_int_equal(e->n_downs, 1);
	assert_int_equal(e->n_out, 0);
	assert_string_equal(end_cause(e), cause);
	assert_false(e->by_peer);
	assert_false(e->after_down);
}

static inline void
assert_down(struct end *e, const char *cause, bool by_peer)
{
	assert_int_equal(e->n_downs, 1);
	assert_false(e->after_down);
	assert_string_equal(end_cause(e), cause);
	assert_int_equal(e->by_peer, by_peer);
}

/* The messages by type number, as a peer sends them. */
__attribute__((unused)) static const char *const messages[] = { NULL,
	"1001000e 00010001 00010006 0001",
	"10010030 00020001 00040028 00000003"
	"0000000000000000000000000000000000000000000000000000000000000000",
	"10010014 00030001 0002000c 00000001 00000004", "10010008 00040000",
	"10010014 00050001 0002000c 00000000 00000007",
	"10010014 00060001 0002000c 00000000 00000000", "10010008 00070000", "10010008 00080000",
	"10010008 00090000" };

enum at { AT_HTTP, AT_CALL, AT_OPEN, N_AT };

static inline void
reach(enum at at)
{
	fresh();
	if (at == AT_HTTP)
		until_http();
	else if (at == AT_CALL)
		until_call();
	else
		until_open();
	client.n_out = server.n_out = 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
