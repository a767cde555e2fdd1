/*
 * Host facts: the kernel's socket tables and nft's rulesets, from captured samples (R7, R15), and
 * gathering on the host the test runs on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/hostfacts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD                                                                                       \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "      \
	"timeout inode\n"
#define TAIL " 00000000:00000000 00:00000000 00000000     0        0 "

/* Captured on a little-endian host; the words are swapped here when the test runs on another. */
static const char tcp[] =
    HEAD "   0: 00000000:01BB 00000000:0000 0A" TAIL "48120 1 0000000000000000 100 0 0 10 0\n"
	 "   1: 0100007F:0277 00000000:0000 0A" TAIL "7 1 0000000000000000 100 0 0 10 0\n"
	 "   2: 017100CB:01BB 076433C6:C3CB 01" TAIL "48130 1 0000000000000000 20 4 30 10 -1\n";
static const char tcp6[] =
    HEAD "   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A" TAIL
	 "48121 1 0000000000000000 100 0 0 10 0\n"
	 "   1: B80D0120000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A" TAIL
	 "9 1 0000000000000000 100 0 0 10 0\n";
static const char udp[] =
    HEAD " 4391: 00000000:01F4 00000000:0000 07" TAIL "5512 2 0000000000000000 0\n";

static bool
little_endian(void)
{
	return htonl(1) != 1;
}

static void
tables_are_read(void **state)
{
	struct host_facts *f = calloc(1, sizeof(*f));
	char text[ENDPOINT_TEXT_MAX];

	(void)state;
	assert_non_null(f);
	if (!little_endian())
		skip();
	hostfacts_read_sockets("TCP", view_str(tcp), f);
	hostfacts_read_sockets("TCPv6", view_str(tcp6), f);
	hostfacts_read_sockets("UDP", view_str(udp), f);
	assert_int_equal(f->n_sockets, 6);
	assert_string_equal(endpoint_text(&f->sockets[0].local, text), "0.0.0.0:443");
	assert_string_equal(endpoint_text(&f->sockets[0].foreign, text), "0.0.0.0:0");
	assert_string_equal(sock_state_name(f->sockets[0].state), "LISTENING");
	assert_int_equal(f->sockets[0].inode, 48120);
	assert_string_equal(endpoint_text(&f->sockets[1].local, text), "127.0.0.1:631");
	assert_string_equal(endpoint_text(&f->sockets[2].local, text), "203.0.113.1:443");
	assert_string_equal(endpoint_text(&f->sockets[2].foreign, text), "198.51.100.7:50123");
	assert_int_equal(f->sockets[2].state, SOCK_ESTABLISHED);
	assert_string_equal(endpoint_text(&f->sockets[3].local, text), "[::]:443");
	assert_string_equal(endpoint_text(&f->sockets[4].local, text), "[2001:db8::1]:443");
	assert_string_equal(f->sockets[4].proto, "TCPv6");
	assert_string_equal(endpoint_text(&f->sockets[5].local, text), "0.0.0.0:500");
	assert_int_equal(f->sockets[5].state, SOCK_UNCONNECTED);
	free(f);
}

/* Every truncation, on a copy of exact size. */
static void
cut_tables_are_survived(void **state)
{
	struct host_facts *f = calloc(1, sizeof(*f));

	(void)state;
	assert_non_null(f);
	for (size_t n = 0; n < sizeof(tcp6); n++) {
		uint8_t *copy = malloc(n ? n : 1);
		assert_true(copy && view_copy(view_of(tcp6, n), copy, n));
		f->n_sockets = 0;
		hostfacts_read_sockets("TCPv6", view_of(copy, n), f);
		hostfacts_read_sockets("TCP", view_of(copy, n), f);
		assert_true(f->n_sockets <= 2);
		free(copy);
	}
	free(f);
}

static void
long_tables_are_cut(void **state)
{
	struct host_facts *f = calloc(1, sizeof(*f));

	(void)state;
	assert_non_null(f);
	for (unsigned int i = 0; i < HOST_SOCKETS_MAX; i++)
		hostfacts_read_sockets("UDP", view_str(udp), f);
	assert_false(f->sockets_cut);
	hostfacts_read_sockets("UDP", view_str(udp), f);
	assert_true(f->sockets_cut);
	assert_int_equal(f->n_sockets, HOST_SOCKETS_MAX);
	free(f);
}

/* --- nft --- */

#define SET(x) "{\"nftables\": [{\"metainfo\": {\"version\": \"1.0.6\"}}, " x "]}"
#define CHAIN(name, hook, policy)                                                                  \
	"{\"chain\": {\"family\": \"inet\", \"table\": \"filter\", \"name\": \"" name              \
	"\", \"handle\": 1, \"type\": \"filter\", \"hook\": \"" hook                               \
	"\", \"prio\": 0, \"policy\": \"" policy "\"}}"
#define SUBCHAIN(name)                                                                             \
	"{\"chain\": {\"family\": \"inet\", \"table\": \"filter\", \"name\": \"" name              \
	"\", \"handle\": 2}}"
#define RULE(chain, handle, expr)                                                                  \
	", {\"rule\": {\"family\": \"inet\", \"table\": \"filter\", \"chain\": \"" chain           \
	"\", \"handle\": " #handle ", \"expr\": [" expr "]}}"
#define MATCH(left, op, right)                                                                     \
	"{\"match\": {\"op\": \"" op "\", \"left\": " left ", \"right\": " right "}}"
#define DPORT "{\"payload\": {\"protocol\": \"tcp\", \"field\": \"dport\"}}"
#define UPORT "{\"payload\": {\"protocol\": \"udp\", \"field\": \"dport\"}}"
#define SADDR "{\"payload\": {\"protocol\": \"ip\", \"field\": \"saddr\"}}"
#define CT "{\"ct\": {\"key\": \"state\"}}"
#define IIF "{\"meta\": {\"key\": \"iifname\"}}"
#define L4 "{\"meta\": {\"key\": \"l4proto\"}}"
#define ACCEPT "{\"accept\": null}"
#define DROP "{\"drop\": null}"
#define COUNT "{\"counter\": {\"packets\": 1, \"bytes\": 60}}, "
#define KNOWN RULE("input", 4, MATCH(CT, "in", "[\"established\", \"related\"]") ", " ACCEPT)
#define LO RULE("input", 5, MATCH(IIF, "==", "\"lo\"") ", " ACCEPT)

/* The number of drops found; the first says `part`. -1 when the text is not understood. */
static int
drops(const char *json, const char *part)
{
	struct hostfacts_want want = { .tcp_port = 443, .device = "rras" };
	struct host_facts *f = calloc(1, sizeof(*f));
	int n;

	assert_non_null(f);
	n = hostfacts_read_nft(view_str(json), &want, f) ? (int)f->n_drops : -1;
	if (n > 0 && part && !strstr(f->drops[0].what, part))
		fail_msg("\"%s\" does not say \"%s\"", f->drops[0].what, part);
	free(f);
	return n;
}

static void
filters_that_drop_are_named(void **state)
{
	(void)state;
	assert_int_equal(
	    drops(SET(CHAIN("input", "input", "drop") KNOWN LO), "no rule accepts TCP 443"), 1);
	assert_int_equal(drops(SET(CHAIN("input", "input", "drop") KNOWN LO RULE(
				   "input", 6, MATCH(DPORT, "==", "22") ", " ACCEPT)),
			     "no rule accepts TCP 443"),
	    1);
	assert_int_equal(drops(SET(CHAIN("input", "input", "accept")
				       RULE("input", 7, MATCH(DPORT, "==", "443") ", " COUNT DROP)),
			     "handle 7 has the verdict drop"),
	    1);
	assert_int_equal(
	    drops(SET(CHAIN("input", "input", "accept") RULE("input", 8,
		      MATCH(DPORT, "!=", "22") ", {\"reject\": {\"type\": \"tcp reset\"}}")),
		"verdict reject"),
	    1);
	assert_int_equal(drops(SET(CHAIN("input", "input", "accept") ", " SUBCHAIN("deny")
				       RULE("input", 9, "{\"jump\": {\"target\": \"deny\"}}")
					   RULE("deny", 10, MATCH(L4, "==", "\"tcp\"") ", " DROP)),
			     "handle 10"),
	    1);
	assert_int_equal(drops(SET(CHAIN("forward", "forward", "drop")), "rras*"), 1);
}

static void
filters_that_let_through_are_not_blamed(void **state)
{
	(void)state;
	assert_int_equal(drops(SET(CHAIN("input", "input", "accept")), NULL), 0);
	assert_int_equal(drops(SET(CHAIN("input", "input", "drop") KNOWN RULE("input", 6,
				   MATCH(DPORT, "==", "{\"set\": [22, 80, 443]}") ", " ACCEPT)),
			     NULL),
	    0);
	assert_int_equal(drops(SET(CHAIN("input", "input", "drop") RULE("input", 6,
				   MATCH(DPORT, "==", "{\"range\": [400, 500]}") ", " ACCEPT)),
			     NULL),
	    0);
	assert_int_equal(drops(SET(CHAIN("input", "input", "accept")
				       RULE("input", 6, MATCH(UPORT, "==", "443") ", " DROP)),
			     NULL),
	    0);
	assert_int_equal(drops(SET(CHAIN("input", "input", "accept")
				       RULE("input", 6, MATCH(CT, "in", "\"invalid\"") ", " DROP)),
			     NULL),
	    0);
	assert_int_equal(drops(SET(CHAIN("forward", "forward", "drop") RULE(
				   "forward", 6, MATCH(IIF, "==", "\"rras*\"") ", " ACCEPT)),
			     NULL),
	    0);
}

/* Never a claim wider than the evidence: an address, a named set or a limit leaves it open. */
static void
what_cannot_be_judged_is_left_open(void **state)
{
	(void)state;
	assert_int_equal(drops(SET(CHAIN("input", "input", "drop") RULE(
				   "input", 6, MATCH(SADDR, "==", "\"192.0.2.1\"") ", " ACCEPT)),
			     NULL),
	    0);
	assert_int_equal(drops(SET(CHAIN("input", "input", "accept") RULE(
				   "input", 6, MATCH(DPORT, "==", "\"@blocked\"") ", " DROP)),
			     NULL),
	    0);
	assert_int_equal(drops(SET(CHAIN("input", "input", "accept") RULE("input", 6,
				   "{\"limit\": {\"rate\": 5, \"per\": \"second\"}}, " DROP)),
			     NULL),
	    0);
	assert_int_equal(
	    drops(SET(CHAIN("input", "input", "drop") RULE("input", 6,
		      "{\"xt\": {\"type\": \"match\", \"name\": \"multiport\"}}, " ACCEPT)),
		NULL),
	    0);
}

static void
odd_json_is_refused(void **state)
{
	static const char good[] = SET(CHAIN("input", "input", "drop") KNOWN LO);

	(void)state;
	assert_int_equal(drops("", NULL), -1);
	assert_int_equal(drops("[]", NULL), -1);
	assert_int_equal(drops("{\"nftables\": 1}", NULL), -1);
	assert_int_equal(
	    drops("{\"nftables\": [1, null, {\"rule\": 3}, {\"chain\": []}]}", NULL), 0);
	assert_int_equal(drops(SET(CHAIN("a", "input", "accept")
				       RULE("a", 1, "{\"jump\": {\"target\": \"a\"}}")),
			     NULL),
	    0);
	for (size_t n = 0; n + 1 < sizeof(good); n++) {
		char *copy = malloc(n + 1);
		assert_non_null(copy);
		memcpy(copy, good, n);
		copy[n] = 0;
		assert_int_equal(drops(copy, NULL), -1);
		free(copy);
	}
}

/* Pairs of lines of /proc/net/netstat, at every truncation too. */
static void
counters_are_read(void **state)
{
	static const char text[] = "TcpExt: SyncookiesSent IPReversePathFilter TW\n"
				   "TcpExt: 3 17 99\nIpExt: InNoRoutes\nIpExt: 2\n";

	(void)state;
	assert_int_equal(hostfacts_counter(view_str(text), "TcpExt:", "IPReversePathFilter"), 17);
	assert_int_equal(hostfacts_counter(view_str(text), "IpExt:", "InNoRoutes"), 2);
	assert_int_equal(hostfacts_counter(view_str(text), "IpExt:", "TW"), -1);
	for (size_t n = 0; n < sizeof(text); n++) {
		uint8_t *copy = malloc(n ? n : 1);
		assert_true(copy && view_copy(view_of(text, n), copy, n));
		int64_t got = hostfacts_counter(view_of(copy, n), "TcpExt:", "IPReversePathFilter");
		assert_true(got == -1 || got == 1 || got == 17);
		free(copy);
	}
}

/* On this very host: a socket of ours is found, with us as its owner. */
static void
our_own_listener_is_found(void **state)
{
	struct host_facts *f = calloc(1, sizeof(*f));
	struct hostfacts_want want = { .control_socket = "/nonexistent/control.sock" };
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool found = false;

	(void)state;
	assert_non_null(f);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &n), 0);
	hostfacts_gather(&want, f);
	for (unsigned int i = 0; i < f->n_sockets; i++)
		if (f->sockets[i].local.port == ntohs(sin.sin_port) &&
		    f->sockets[i].state == SOCK_LISTEN) {
			found = true;
			assert_int_equal(f->sockets[i].pid, getpid());
			assert_int_equal(
			    strncmp(f->sockets[i].process, program_invocation_short_name, 15), 0);
		}
	assert_true(found || f->sockets_cut);
	assert_int_equal(f->daemon, HOST_NO);
	assert_true(f->daemon_error[0]);
	assert_true(f->at_unix_us > 0);
	assert_true(f->n_addrs > 0);
	close(fd);
	free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_read),
		cmocka_unit_test(cut_tables_are_survived),
		cmocka_unit_test(long_tables_are_cut),
		cmocka_unit_test(filters_that_drop_are_named),
		cmocka_unit_test(filters_that_let_through_are_not_blamed),
		cmocka_unit_test(what_cannot_be_judged_is_left_open),
		cmocka_unit_test(odd_json_is_refused),
		cmocka_unit_test(counters_are_read),
		cmocka_unit_test(our_own_listener_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
