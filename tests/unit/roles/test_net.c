/*
 * The net role without its host: the test gives it what monitor would, connects to it over
 * loopback, and plays aaa's queue. R60, X05.
 */
#include "crypto/crypto.h"
#include "crypto/pki.h"
#include "os/file.h"
#include "os/sock.h"
#include "roles/net_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
	struct role_host host;
	struct loop_timer *stop;
	struct conf *conf;
	struct worker *w;
	struct endpoint at;
	bool aaa_there, aaa_full;
	unsigned int n_ends, n_ends_refused, n_complaints;
};

static struct bench *the_bench; /* host_send has no other way to it */

bool
host_send(struct role_host *h, enum role_id to, unsigned int index, const struct msg *m, int fd)
{
	struct bench *b = the_bench;

	(void)h;
	(void)index;
	(void)fd;
	if (to != ROLE_AAA || m->id != MSG_SESSION_END)
		return to != ROLE_AAA || b->aaa_there;
	if (!b->aaa_there || b->aaa_full) {
		b->n_ends_refused++;
		return false;
	}
	b->n_ends++;
	return true;
}

void
host_complain(struct role_host *h, const char *text)
{
	(void)h;
	assert_non_null(strstr(text, "remedy: raise LimitNOFILE="));
	the_bench->n_complaints++;
}

bool
host_has(const struct role_host *h, enum role_id to, unsigned int index)
{
	(void)h;
	(void)index;
	return to != ROLE_AAA || the_bench->aaa_there;
}

static void
on_stop(void *ctx)
{
	struct bench *b = ctx;

	loop_stop(b->host.loop);
}

static void
run(struct bench *b, unsigned int ms)
{
	loop_timer_at(b->stop, loop_now(b->host.loop)->ms + ms);
	loop_run(b->host.loop);
}

static void
give_file(struct bench *b, enum file_purpose purpose, const char *text)
{
	struct msg m = { .id = MSG_FILE, .u.file = { .purpose = (uint8_t)purpose } };
	int fd = file_memfd("pem", view_str(text));

	assert_true(fd >= 0);
	role_net.message(b->w, ROLE_MONITOR, 0, &m, fd);
}

static int
setup(void **state)
{
	static char ca[PEM_MAX], ca_key[PEM_MAX], cert[PEM_MAX], key[PEM_MAX];
	int64_t now = (int64_t)time(NULL);
	struct pki_issue want = { .use = PKI_SERVER,
		.common_name = "test",
		.names = { "127.0.0.1" },
		.n_names = 1,
		.days = 10,
		.now_unix_s = now };
	struct conf_errors errors = { 0 };
	struct bench *b = calloc(1, sizeof(*b));
	char err[256] = "";

	assert_true(crypto_init(err, sizeof(err)));
	assert_true(pki_make_ca("Test CA", 10, now, ca, ca_key, err, sizeof(err)) &&
		    pki_issue(&want, view_str(ca), view_str(ca_key), cert, key, err, sizeof(err)));
	the_bench = b;
	b->aaa_there = true;
	b->host.loop = loop_new();
	b->host.role = ROLE_NET;
	b->conf = conf_parse("test", view_str(""), NULL, NULL, &errors);
	assert_non_null(b->conf);
	b->host.conf = b->conf;
	b->stop = loop_timer_new(b->host.loop, on_stop, b);
	b->w = role_net.open(&b->host);
	assert_non_null(b->w);
	give_file(b, FILE_CERT, cert);
	give_file(b, FILE_KEY, key);
	struct endpoint any = { .addr = ip_v4(0x7f000001) };
	int fd = sock_listen_tcp(&any, false, 16);
	assert_true(fd >= 0 && sock_endpoints(fd, &b->at, NULL) == 0);
	struct msg m = { .id = MSG_LISTENER,
		.u.listener = { .tunnel = TUNNEL_SSTP, .local = b->at } };
	role_net.message(b->w, ROLE_MONITOR, 0, &m, fd);
	assert_true(role_net.go(b->w, err, sizeof(err)));
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	role_net.close(b->w);
	loop_timer_free(b->stop);
	loop_free(b->host.loop);
	conf_free(b->conf);
	free(b);
	return 0;
}

/* A connection that aaa knows of. */
static struct net_conn *
connected(struct bench *b, int *fd_out)
{
	*fd_out = sock_connect_tcp(&b->at);
	assert_true(*fd_out >= 0);
	for (unsigned int i = 0; i < 100 && b->w->n_conns == 0; i++)
		run(b, 10);
	assert_int_equal(b->w->n_conns, 1);
	struct net_conn *nc = container_of(b->w->conns.next, struct net_conn, link);
	nc->known_to_aaa = true;
	return nc;
}

/* R60: the end of a session gives its port and address back, however long aaa's queue is. */
static void
test_end_waits_for_aaa(void **state)
{
	struct bench *b = *state;
	int fd;
	struct net_conn *nc = connected(b, &fd);

	b->aaa_full = true;
	net_conn_close(nc, CAUSE_ENDED_BY_ADMIN);
	run(b, 250);
	assert_int_equal(b->n_ends, 0);
	assert_true(b->n_ends_refused >= 2 && b->n_ends_refused < 20);
	assert_int_equal(b->w->n_conns, 1);
	b->aaa_full = false;
	run(b, 250);
	assert_int_equal(b->n_ends, 1);
	assert_int_equal(b->w->n_conns, 0);
	close(fd);
}

/* An aaa that is gone has nothing to be given back: nobody waits for it. */
static void
test_end_without_aaa(void **state)
{
	struct bench *b = *state;
	int fd;
	struct net_conn *nc = connected(b, &fd);

	b->aaa_there = false;
	net_conn_close(nc, CAUSE_ENDED_BY_ADMIN);
	assert_int_equal(b->w->n_conns, 0);
	close(fd);
}

static uint64_t
cpu_ms(void)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

/* No more descriptors than are open now, for so long. Returns the CPU time that went. */
static uint64_t
run_without_descriptors(struct bench *b, int highest, unsigned int ms)
{
	struct rlimit old, low;
	uint64_t before;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = (rlim_t)highest + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	before = cpu_ms();
	run(b, ms);
	before = cpu_ms() - before;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	return before;
}

/* G13: out of descriptors, who comes is turned away, counted, and the log says it once. */
static void
test_turned_away(void **state)
{
	struct bench *b = *state;
	int first = sock_connect_tcp(&b->at), second = sock_connect_tcp(&b->at);
	char byte;

	assert_true(first >= 0 && second > first);
	(void)run_without_descriptors(b, second, 100);
	assert_int_equal(b->w->n_conns, 0);
	assert_false(b->w->paused);
	assert_int_equal(b->n_complaints, 1);
	assert_int_equal(b->w->counted.n, 1);
	assert_int_equal(b->w->counted.rows[0].cause, CAUSE_NO_DESCRIPTORS);
	assert_int_equal(b->w->counted.rows[0].n, 2);
	assert_int_equal(read(first, &byte, 1), 0);
	assert_int_equal(read(second, &byte, 1), 0);
	close(first);
	close(second);
	first = sock_connect_tcp(&b->at);
	run(b, 50);
	assert_int_equal(b->w->n_conns, 1);
	close(first);
}

/* G13: without a reserve as well, and nobody connected: it waits and does not turn round and round.
 */
static void
test_no_descriptors(void **state)
{
	struct bench *b = *state;
	int fd = sock_connect_tcp(&b->at), reserve = b->w->reserve_fd;

	assert_true(fd >= 0 && reserve >= 0);
	b->w->reserve_fd = -1;
	assert_true(run_without_descriptors(b, fd, 300) < 150);
	assert_int_equal(b->w->n_conns, 0);
	assert_true(b->w->paused);
	/* When the counters are due it tries again. */
	b->w->counters_due_ms = 0;
	net_arm_timer(b->w);
	for (unsigned int i = 0; i < 100 && b->w->n_conns == 0; i++)
		run(b, 10);
	assert_int_equal(b->w->n_conns, 1);
	close(fd);
	close(reserve);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		T(test_end_waits_for_aaa),
		T(test_end_without_aaa),
		T(test_turned_away),
		T(test_no_descriptors),
	};

	return cmocka_run_group_tests_name("roles/net", tests, NULL, NULL);
}
