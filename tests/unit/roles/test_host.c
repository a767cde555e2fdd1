/*
 * The host of a role, with the test as monitor: start, reload, end. A mistake in a reload
 * changes nothing.
 */
#include "os/chan.h"
#include "os/file.h"
#include "roles/host_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A role that takes configurations while `takes`, and the monitor at the other end. */
struct bench {
	struct loop *loop;
	struct chan *chan;
	struct host *host;
	struct loop_timer *patience;
	const struct role_host *pub;
	bool takes;
	unsigned int n_configured, n_failed, n_ready, n_ended, n_closed;
	char reason[600];
};

static struct bench *the_bench; /* open has no other way to it */

static void *
role_open(struct role_host *h)
{
	the_bench->pub = h;
	return the_bench;
}

static bool
role_configure(void *role, const struct conf *c, char *err, size_t cap)
{
	struct bench *s = role;

	(void)c;
	s->n_configured++;
	snprintf(err, cap, "the key does not belong to the certificate");
	return s->takes;
}

static void
role_message(void *role, enum role_id from, unsigned int index, const struct msg *m, int fd)
{
	(void)role;
	(void)from;
	(void)index;
	(void)m;
	if (fd >= 0)
		close(fd);
}

static void
role_close(void *role)
{
	struct bench *s = role;

	s->n_closed++;
}

static const struct role_ops ops = { .id = ROLE_NET,
	.open = role_open,
	.configure = role_configure,
	.message = role_message,
	.close = role_close };

static void
on_msg(void *ctx, struct chan *c, const struct msg *m, int fd)
{
	struct bench *s = ctx;

	(void)c;
	assert_int_equal(fd, -1);
	if (m->id == MSG_READY)
		s->n_ready++;
	if (m->id == MSG_FAILED) {
		s->n_failed++;
		(void)view_text(m->u.failed.reason, s->reason, sizeof(s->reason));
	}
	loop_stop(s->loop);
}

static void
on_down(void *ctx, struct chan *c, const char *reason)
{
	struct bench *s = ctx;

	(void)c;
	(void)reason;
	loop_stop(s->loop);
}

static void
on_end(void *ctx)
{
	struct bench *s = ctx;

	s->n_ended++;
}

static void
out_of_patience(void *ctx)
{
	(void)ctx;
	fail_msg("the role says nothing");
}

/* Runs until the role says something. */
static void
await_word(struct bench *s)
{
	loop_timer_at(s->patience, loop_now(s->loop)->ms + 5000);
	loop_run(s->loop);
}

static void
send_config(struct bench *s, const char *text)
{
	struct msg m = { .id = MSG_CONFIG, .u.config = { .generation = 1 } };
	int fd = file_memfd("rrasd.conf", view_str(text));

	assert_true(fd >= 0);
	assert_true(chan_send(s->chan, &m, fd));
	close(fd);
}

static void
open_bench(struct bench *s, bool takes)
{
	int pair[2];

	*s = (struct bench){ .loop = loop_new(), .takes = takes };
	the_bench = s;
	assert_non_null(s->loop);
	s->patience = loop_timer_new(s->loop, out_of_patience, s);
	assert_int_equal(chan_pair(pair), 0);
	s->host = host_new(s->loop, &ops, 0, pair[1], NULL, on_end, s);
	s->chan = chan_new(s->loop, pair[0], ROLE_MONITOR, ROLE_NET, 0, on_msg, on_down, s);
	assert_non_null(s->host);
	assert_non_null(s->chan);
}

static void
close_bench(struct bench *s)
{
	host_free(s->host);
	chan_free(s->chan);
	loop_timer_free(s->patience);
	loop_free(s->loop);
	assert_int_equal(s->n_closed, 1);
}

static void
test_a_refused_reload_ends_nothing(void **state)
{
	struct msg go = { .id = MSG_GO, .u.go = { .generation = 1 } };
	struct bench s;

	(void)state;
	open_bench(&s, true);
	send_config(&s, "");
	assert_true(chan_send(s.chan, &go, -1));
	await_word(&s);
	assert_int_equal(s.n_ready, 1);
	const struct conf *first = s.pub->conf;
	assert_non_null(first);

	s.takes = false;
	send_config(&s, "");
	await_word(&s);
	assert_int_equal(s.n_configured, 2);
	assert_int_equal(s.n_failed, 1);
	assert_non_null(strstr(s.reason, "the key does not belong"));
	assert_int_equal(s.n_ended, 0);
	assert_ptr_equal(s.pub->conf, first);

	send_config(&s, "no such thing {");
	await_word(&s);
	assert_int_equal(s.n_failed, 2);
	assert_int_equal(s.n_ended, 0);
	assert_ptr_equal(s.pub->conf, first);
	close_bench(&s);
}

static void
test_a_refused_start_ends_the_role(void **state)
{
	struct bench s;

	(void)state;
	open_bench(&s, false);
	send_config(&s, "");
	await_word(&s);
	assert_int_equal(s.n_failed, 1);
	assert_int_equal(s.n_ended, 1);
	close_bench(&s);
}

/* Many reloads: the generations before the last two are freed (seen by LeakSanitizer). */
static void
test_reloads_keep_two_generations(void **state)
{
	struct msg go = { .id = MSG_GO, .u.go = { .generation = 1 } };
	struct bench s;

	(void)state;
	open_bench(&s, true);
	for (unsigned int i = 0; i < 20; i++)
		send_config(&s, "");
	assert_true(chan_send(s.chan, &go, -1));
	await_word(&s);
	assert_int_equal(s.n_ready, 1);
	assert_int_equal(s.n_configured, 20);
	close_bench(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_refused_reload_ends_nothing),
		cmocka_unit_test(test_a_refused_start_ends_the_role),
		cmocka_unit_test(test_reloads_keep_two_generations),
	};

	return cmocka_run_group_tests_name("roles/host", tests, NULL, NULL);
}
