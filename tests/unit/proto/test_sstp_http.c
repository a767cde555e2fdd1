/*
 * The HTTP of SSTP through the core, as peers see it: S01 to S03 and G04 of the attack list, and
 * requirement R13.
 */
#include "proto/sstp/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sstp_harness.h"

#define PATH "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/"
#define FIELDS "SSTPCORRELATIONID: {1-2}\r\nContent-Length: 18446744073709551615\r\nHost: vpn\r\n"
#define REQUEST "SSTP_DUPLEX_POST " PATH " HTTP/1.1\r\n" FIELDS "\r\n"

static uint64_t seed;
static struct now now;
static struct end server;

static int
setup(void **state)
{
	struct sstp_conf conf = harness_conf(SIDE_SERVER);

	(void)state;
	seed = 1;
	now = harness_now(&seed);
	end_init(&server, &conf, &now);
	end_start(&server);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	end_fini(&server);
	return 0;
}

static bool
sent(const char *text)
{
	return memmem(server.out, server.n_out, text, strlen(text)) != NULL;
}

static void
assert_accepted(const char *request)
{
	end_feed_str(&server, request);
	assert_int_equal(server.n_downs, 0);
	assert_int_equal(server.ups, 1u << SSTP_UP_HTTP);
	assert_true(sent("HTTP/1.1 200\r\n"));
}

static void
assert_answered(const char *request, const char *status_line, const char *cause)
{
	end_feed_str(&server, request);
	assert_int_equal(server.n_downs, 1);
	assert_false(server.after_down);
	assert_string_equal(end_cause(&server), cause);
	assert_int_equal(server.ups, 0);
	assert_true(sent(status_line));
	assert_true(sent("\r\nConnection: close\r\n\r\n"));
}

static void
test_accepts_and_answers_to_the_byte(void **state)
{
	static const char want[] = "HTTP/1.1 200\r\nContent-Length: 18446744073709551615\r\n"
				   "Server: Microsoft-HTTPAPI/2.0\r\n"
				   "Date: Thu, 09 Nov 2006 00:51:09 GMT\r\n\r\n";

	(void)state;
	assert_accepted(REQUEST);
	assert_int_equal(server.n_out, sizeof(want) - 1);
	assert_memory_equal(server.out, want, sizeof(want) - 1);
	assert_non_null(strstr(server.facts, "correlation {1-2}"));
}

/* G04 */
static void
test_one_byte_at_a_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(REQUEST) - 1; i++) {
		assert_int_equal(server.ups, 0);
		end_feed(&server, &REQUEST[i], 1);
	}
	assert_int_equal(server.ups, 1u << SSTP_UP_HTTP);
}

static void
test_path_in_other_dress(void **state)
{
	static const char *const targets[] = {
		"/sra_{ba195980-cd49-458B-9e23-c84ee0adcd75}/",
		"/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/?tenantid=contoso",
		"/sra_%7BBA195980-CD49-458b-9E23-C84EE0ADCD75%7d/",
		"https://vpn.example/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/",
	};
	char request[512];

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		(void)teardown(state);
		(void)setup(state);
		snprintf(request, sizeof(request), "SSTP_DUPLEX_POST %s HTTP/1.1\r\n%s\r\n",
		    targets[i], FIELDS);
		assert_accepted(request);
	}
}

/* S01 */
static void
test_content_length_variants(void **state)
{
	static const char *const good[] = { "", "Content-Length: 18446744073709551615\r\n",
		"Content-Length: 0\r\n", "content-length:\t9223372036854775807 \r\n" };
	static const char *const bad[] = { "Content-Length: -1\r\n", "Content-Length: \r\n",
		"Content-Length: 1e9\r\n", "Content-Length: 118446744073709551615\r\n",
		"Content-Length: 5\r\nContent-Length: x\r\n" };
	char request[512];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(request, sizeof(request), "SSTP_DUPLEX_POST " PATH " HTTP/1.1\r\n%s\r\n",
		    good[i]);
		assert_accepted(request);
		(void)teardown(state);
		(void)setup(state);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(request, sizeof(request), "SSTP_DUPLEX_POST " PATH " HTTP/1.1\r\n%s\r\n",
		    bad[i]);
		assert_answered(request, "HTTP/1.1 400 Bad Request\r\n", "sstp.http-malformed");
		(void)teardown(state);
		(void)setup(state);
	}
}

/* S03 */
static void
test_ordinary_web_answers(void **state)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 Not Found\r\n" },
		{ "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 404 Not Found\r\n" },
		{ "POST /x HTTP/1.1\nHost: a\n\n", "HTTP/1.1 404 Not Found\r\n" },
		{ "SSTP_DUPLEX_POST /other/ HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 " },
		{ "GET https://a HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 " },
		{ "GET " PATH "x HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 " },
		{ "GET " PATH " HTTP/1.1\r\nHost: a\r\n\r\n",
		    "HTTP/1.1 405 Method Not Allowed\r\n" },
		{ "GET " PATH " HTTP/1.1\r\nHost: a\r\n\r\n", "Allow: SSTP_DUPLEX_POST\r\n" },
		{ "sstp_duplex_post " PATH " HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405 " },
		{ "SSTP_DUPLEX_POST " PATH " HTTP/1.0\r\n\r\n", "HTTP/1.1 505 " },
		{ "PRI * HTTP/2.0\r\n\r\n", "HTTP/1.1 505 " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_answered(cases[i].request, cases[i].status, "sstp.ordinary-http");
		assert_true(sent("</html>\n"));
		(void)teardown(state);
		(void)setup(state);
	}
	assert_answered(
	    "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 ", "sstp.ordinary-http");
	assert_false(sent("</html>")); /* RFC 9110 section 9.3.2 */
}

/* S03: with web-redirect a browser is sent to the site; what is no browser is not. */
static void
test_redirect(void **state)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 302 Found\r\n" },
		{ "GET /x?y HTTP/1.0\r\n\r\n", "\r\nLocation: https://www.example.org/vpn\r\n" },
		{ "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 302 Found\r\n" },
		{ "POST / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 " },
		{ "SSTP_DUPLEX_POST /other/ HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 " },
		{ "GET " PATH " HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405 " },
	};
	struct sstp_conf conf = harness_conf(SIDE_SERVER);

	conf.web_redirect = "https://www.example.org/vpn";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)teardown(state);
		end_init(&server, &conf, &now);
		end_start(&server);
		assert_answered(cases[i].request, cases[i].status, "sstp.ordinary-http");
	}
	(void)teardown(state);
	end_init(&server, &conf, &now);
	end_start(&server);
	assert_accepted(REQUEST);
}

/* S03 */
static void
test_rubbish_is_400(void **state)
{
	static const char *const cases[] = {
		"hello\r\n",
		"GET /\r\n",
		"GET  / HTTP/1.1\r\n",
		"GET / HTTP/1.1 x\r\n",
		"G\x01",
		" / HTTP/1.1\r\n",
		"GET / HTTP/11\r\n",
		"\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"GET / HTTP/1.1\r\nX: y\r\n\r\n", /* RFC 9112 section 3.2: no Host */
		"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
		"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
		"GET / HTTP/1.1\r\nno colon\r\n\r\n",
		"GET / HTTP/1.1\r\n: nothing\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_answered(cases[i], "HTTP/1.1 400 Bad Request\r\n", "sstp.http-malformed");
		(void)teardown(state);
		(void)setup(state);
	}
}

/* A TLS client in the TLS stream, or SSTP without HTTP: seen at once, not after a minute. */
static void
test_binary_is_refused_at_once(void **state)
{
	static const uint8_t hello[] = { 0x16, 0x03, 0x01 };

	(void)state;
	end_feed(&server, hello, sizeof(hello));
	assert_int_equal(server.n_downs, 1);
	assert_string_equal(end_cause(&server), "sstp.http-malformed");
}

/* S02: header flood, a line without end; memory stays bounded (end_feed asserts it). */
static void
test_floods_are_cut(void **state)
{
	(void)state;
	end_feed_str(&server, "GET / HTTP/1.1\r\n");
	for (unsigned int i = 0; i < 64; i++)
		end_feed_str(&server, "A: b\r\n");
	assert_int_equal(server.n_downs, 0);
	end_feed_str(&server, "A: b\r\n");
	assert_string_equal(end_cause(&server), "sstp.http-malformed");
	assert_true(sent("HTTP/1.1 431 "));

	(void)teardown(state);
	(void)setup(state);
	end_feed_str(&server, "GET /");
	for (unsigned int i = 0; i < SSTP_INPUT_MAX && !end_is_down(&server); i++)
		end_feed_str(&server, "a");
	assert_string_equal(end_cause(&server), "sstp.http-malformed");
}

static void
test_64_fields_are_taken(void **state)
{
	(void)state;
	end_feed_str(&server, "SSTP_DUPLEX_POST " PATH " HTTP/1.1\r\n");
	for (unsigned int i = 0; i < 64; i++)
		end_feed_str(&server, "A: b\r\n");
	assert_accepted("\r\n");
}

/* S02: a dribbling peer is cut by the time from the start, however much it dribbles. */
static void
test_slow_loris(void **state)
{
	uint64_t began = now.ms;

	(void)state;
	end_feed_str(&server, "GET / HTTP/1.1\r\n");
	while (!end_is_down(&server)) {
		now.ms += 5000;
		end_feed_str(&server, "A");
		end_tick(&server);
		assert_true(now.ms - began <= 60000);
	}
	assert_string_equal(end_cause(&server), "sstp.http-silent");
}

static void
test_closed_before_call(void **state)
{
	(void)state;
	end_lower_down(&server, true);
	assert_string_equal(end_cause(&server), "sstp.closed-before-call");
	assert_true(server.by_peer);
	(void)teardown(state);
	(void)setup(state);
	assert_accepted(REQUEST); /* sstpc with an untrusted certificate does this */
	end_lower_down(&server, true);
	assert_string_equal(end_cause(&server), "sstp.closed-before-call");
}

static void
client_gets(const char *answer, const char *cause)
{
	struct sstp_conf conf = harness_conf(SIDE_CLIENT);
	struct end client;

	end_init(&client, &conf, &now);
	end_start(&client);
	client.n_out = 0;
	for (size_t i = 0; answer[i]; i++)
		if (!end_is_down(&client))
			end_feed(&client, answer + i, 1);
	if (cause) {
		assert_int_equal(client.n_downs, 1);
		assert_string_equal(end_cause(&client), cause);
		assert_int_equal(client.n_out, 0);
	} else {
		assert_int_equal(client.n_downs, 0);
		assert_int_equal(client.ups, 1u << SSTP_UP_HTTP);
		assert_int_equal(client.n_out, 14);
	}
	end_fini(&client);
}

static void
test_client_reads_answers(void **state)
{
	(void)state;
	client_gets("HTTP/1.1 200\r\nContent-Length: 18446744073709551615\r\n\r\n", NULL);
	client_gets("HTTP/1.1 200 OK\r\n\r\n", NULL);
	client_gets("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", NULL);
	client_gets("HTTP/1.1 404 Not Found\r\n\r\n", "sstp.http-refused");
	client_gets("HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\n", "sstp.http-refused");
	client_gets("HTTP/1.1 204 No Content\r\n\r\n", "sstp.http-refused");
	client_gets("HTTP/1.1 20\r\n", "sstp.http-malformed");
	client_gets("HTTP/1.1 2000\r\n", "sstp.http-malformed");
	client_gets("HTTP/1.1 099 x\r\n", "sstp.http-malformed");
	client_gets("SSH-2.0-OpenSSH\r\n", "sstp.http-malformed");
	client_gets("HTTP/1.1 200 OK\r\nbad line\r\n\r\n", "sstp.http-malformed");
}

static void
test_client_request_is_what_a_server_takes(void **state)
{
	struct sstp_conf conf = harness_conf(SIDE_CLIENT);
	struct end client;

	(void)state;
	memcpy(conf.host, "a\r\nX: y", 8); /* no line of a command line's making */
	end_init(&client, &conf, &now);
	end_start(&client);
	client.out[client.n_out] = 0;
	assert_non_null(strstr((char *)client.out, "\r\nHost: aX:y\r\n"));
	end_pass(&client, &server);
	assert_int_equal(server.ups, 1u << SSTP_UP_HTTP);
	end_fini(&client);
}

static void
test_dates(void **state)
{
	static const struct {
		int64_t s;
		const char *text;
	} cases[] = {
		{ 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" }, /* RFC 9110 section 5.6.7 */
		{ 951782399, "Mon, 28 Feb 2000 23:59:59 GMT" },
		{ 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
		{ 1798761599, "Thu, 31 Dec 2026 23:59:59 GMT" },
		{ 4107542400, "Mon, 01 Mar 2100 00:00:00 GMT" },
		{ -5, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ INT64_MAX / 1000000, "Fri, 31 Dec 9999 23:59:59 GMT" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[64] = { 0 };
		struct wr w = wr_over(buf, sizeof(buf) - 1);

		http_write_date(&w, cases[i].s * 1000000);
		assert_true(wr_done(&w));
		assert_string_equal(buf, cases[i].text);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_accepts_and_answers_to_the_byte),
		TEST(test_one_byte_at_a_time),
		TEST(test_path_in_other_dress),
		TEST(test_content_length_variants),
		TEST(test_ordinary_web_answers),
		TEST(test_redirect),
		TEST(test_rubbish_is_400),
		TEST(test_binary_is_refused_at_once),
		TEST(test_floods_are_cut),
		TEST(test_64_fields_are_taken),
		TEST(test_slow_loris),
		TEST(test_closed_before_call),
		TEST(test_client_reads_answers),
		TEST(test_client_request_is_what_a_server_takes),
		TEST(test_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
