/*
 * What record keeps of attempts (R13, R31, R107): facts of several witnesses, a worker's death,
 * sessions of an earlier run, a store that does not take writes (G13), journal entries (U02, U05).
 */
#include "record_helper.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/socket.h>

static struct msg
attempt(uint8_t n, enum stage stage, bool ended, enum cause cause)
{
	return (struct msg){ .id = MSG_ATTEMPT,
		.u.attempt = { .attempt = { { 1, 2, 3, 4, 5, n, 0x70, 0, 0, 0, 0, 0, 0, 0, 0, n } },
		    .tunnel = TUNNEL_SSTP,
		    .peer = { ip_v4(0xc6336401), 5000 },
		    .began_unix_us = 1700000000000000 + n,
		    .stage = (uint8_t)stage,
		    .ended = ended,
		    .cause = (uint16_t)cause,
		    .ended_by = PARTY_US,
		    .user = view_str("al\x1b[31mice\nx") } };
}

static void
tell(struct fake *f, enum role_id from, unsigned int index, const struct msg *m)
{
	role_record.message(f->rec, from, index, m, -1);
}

static void
tell_fact(
    struct fake *f, enum role_id from, enum witness by, uint8_t n, uint64_t at_ms, const char *text)
{
	uint8_t buf[512];
	struct wr w = wr_over(buf, sizeof(buf));
	struct fact fact = FACT_MAKE(FACT_VERIFIED, F_STR(text));
	struct msg m = { .id = MSG_FACTS,
		.u.facts = {
		    .attempt = { { 1, 2, 3, 4, 5, n, 0x70, 0, 0, 0, 0, 0, 0, 0, 0, n } } } };

	fact.witness = by;
	fact.at_ms = at_ms;
	fact_write(&w, &fact);
	m.u.facts.facts = wr_view_of(&w);
	tell(f, from, 0, &m);
}

/* aaa speaks before net, monitor after the end: one trail, in order. */
static void
test_facts_of_all(void **state)
{
	struct fake *f = *state;
	struct msg m = attempt(1, STAGE_AUTHENTICATE, true, CAUSE_WRONG_PASSWORD);

	tell_fact(f, ROLE_AAA, BY_AAA, 1, 20, "second");
	tell_fact(f, ROLE_NET, BY_NET, 1, 10, "first");
	tell(f, ROLE_NET, 0, &m);
	record_flush(f->rec);
	assert_int_equal(f->rec->n_live, 0);
	assert_int_equal(f->rec->n_pending, 0);
	tell_fact(f, ROLE_MONITOR, BY_MONITOR, 1, 30, "third");
	const char *r = ask(f, "{\"cmd\":\"attempt\"}");
	assert_has(r, "\"cause\":\"account.wrong-password\"");
	assert_has(r, "\"ras_error\":691");
	const char *a = strstr(r, "first"), *b = strstr(r, "second"), *c = strstr(r, "third");
	assert_true(a && b && c && a < b && b < c);
	/* The first end stays. */
	m = attempt(1, STAGE_UP, true, CAUSE_ENDED_BY_PEER);
	assert_has(ask(f, "{\"cmd\":\"attempts\",\"failures\":true}"), "account.wrong-password");
}

/* A worker that was broken into can neither end nor colour another worker's session. */
static void
test_another_workers_session(void **state)
{
	struct fake *f = *state;
	struct msg m = attempt(9, STAGE_UP, false, CAUSE_NONE);
	struct msg lie = attempt(9, STAGE_UP, true, CAUSE_ENDED_BY_PEER);
	struct msg counters = { .id = MSG_COUNTERS,
		.u.counters = { .attempt = m.u.attempt.attempt, .in_bytes = 77777 } };
	uint8_t buf[128];
	struct wr w = wr_over(buf, sizeof(buf));
	struct fact fact = FACT_MAKE(FACT_VERIFIED, F_STR("a lie"));
	struct msg facts = { .id = MSG_FACTS, .u.facts = { .attempt = m.u.attempt.attempt } };

	fact_write(&w, &fact);
	facts.u.facts.facts = wr_view_of(&w);
	tell(f, ROLE_NET, 0, &m);
	tell(f, ROLE_NET, 1, &lie);
	tell(f, ROLE_NET, 1, &counters);
	tell(f, ROLE_NET, 1, &facts);
	struct live *l = record_live(f->rec, &m.u.attempt.attempt);
	assert_non_null(l);
	assert_int_equal(l->worker, 0);
	assert_int_equal(l->r.in_bytes, 0);
	assert_int_equal(l->n_facts, 0);
	tell(f, ROLE_NET, 0, &lie);
	assert_null(record_live(f->rec, &m.u.attempt.attempt));
}

/* Facts without an attempt are bounded in memory. */
static void
test_pending_is_bounded(void **state)
{
	struct fake *f = *state;
	struct msg m = { .id = MSG_FACTS };
	uint8_t buf[64];
	struct wr w = wr_over(buf, sizeof(buf));
	struct fact fact = FACT_MAKE(FACT_VERIFIED, F_STR("x"));

	fact_write(&w, &fact);
	m.u.facts.facts = wr_view_of(&w);
	for (unsigned int i = 0; i < PENDING_MAX + 50; i++) {
		m.u.facts.attempt.b[14] = (uint8_t)(i >> 8);
		m.u.facts.attempt.b[15] = (uint8_t)i;
		tell(f, ROLE_AAA, 0, &m);
	}
	assert_true(f->rec->n_pending <= PENDING_MAX);
}

/* X04: a worker that was broken into speaks of attempts without end; those of others still fit. */
static void
test_live_of_a_worker_are_bounded(void **state)
{
	struct fake *f = *state;
	uint32_t most = f->conf->sstp_connections + LIVE_SPARE;
	struct msg m = attempt(1, STAGE_AUTHENTICATE, false, CAUSE_NONE);

	for (uint32_t i = 0; i < most + 50; i++) {
		m.u.attempt.attempt.b[13] = (uint8_t)(i >> 16);
		m.u.attempt.attempt.b[14] = (uint8_t)(i >> 8);
		m.u.attempt.attempt.b[15] = (uint8_t)i;
		tell(f, ROLE_NET, 0, &m);
	}
	assert_int_equal(f->rec->n_live, most);
	assert_int_equal(f->rec->n_attempts_lost, 50);
	/* What it has goes on, and another worker is not concerned. */
	memset(m.u.attempt.attempt.b + 13, 0, 3);
	m.u.attempt.stage = STAGE_UP;
	tell(f, ROLE_NET, 0, &m);
	assert_int_equal(record_live(f->rec, &m.u.attempt.attempt)->r.stage, STAGE_UP);
	m = attempt(2, STAGE_UP, false, CAUSE_NONE);
	tell(f, ROLE_NET, 1, &m);
	assert_non_null(record_live(f->rec, &m.u.attempt.attempt));
}

/* A worker dies: its sessions end with that cause, those of others go on. */
static void
test_worker_dies(void **state)
{
	struct fake *f = *state;
	struct msg one = attempt(1, STAGE_UP, false, CAUSE_NONE);
	struct msg two = attempt(2, STAGE_UP, false, CAUSE_NONE);

	tell(f, ROLE_NET, 0, &one);
	tell(f, ROLE_NET, 1, &two);
	role_record.peer_lost(f->rec, ROLE_NET, 1, "killed by signal 11");
	assert_has(ask(f, "{\"cmd\":\"sessions\"}"), "\"sessions\":1");
	const char *r = ask(f, "{\"cmd\":\"attempt\"}");
	assert_has(r, "internal.worker-died");
	assert_has(r, "signal 11");
}

/* Sessions that an earlier run left open are taken over, confirmed or ended, never forgotten. */
static void
test_restart(void **state)
{
	struct fake *f = *state;
	struct msg one = attempt(1, STAGE_UP, false, CAUSE_NONE);
	struct msg two = attempt(2, STAGE_UP, false, CAUSE_NONE);

	tell(f, ROLE_NET, 0, &one);
	tell(f, ROLE_NET, 0, &two);
	forget(f);
	fake_restart(f);
	assert_int_equal(f->rec->n_live, 2);
	assert_non_null(find_sent(f, ROLE_NET, MSG_COUNTERS_ASK));
	struct msg c = { .id = MSG_COUNTERS,
		.u.counters = { .attempt = one.u.attempt.attempt, .in_bytes = 9 } };
	tell(f, ROLE_NET, 0, &c);
	assert_true(record_live(f->rec, &one.u.attempt.attempt)->confirmed);
	assert_false(record_live(f->rec, &two.u.attempt.attempt)->confirmed);
}

/* A locked history: rows wait and are written when it opens again. */
static void
test_history_locked(void **state)
{
	struct fake *f = *state;
	struct msg m = attempt(1, STAGE_AUTHENTICATE, true, CAUSE_WRONG_PASSWORD);
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->rec->history_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	tell(f, ROLE_NET, 0, &m);
	record_flush(f->rec);
	assert_int_equal(f->rec->n_live, 1);
	assert_true(f->rec->n_history_errors > 0);
	sqlite3_close(db);
	record_flush(f->rec);
	assert_int_equal(f->rec->n_live, 0);
	assert_has(ask(f, "{\"cmd\":\"attempt\"}"), "account.wrong-password");
	assert_has(ask(f, "{\"cmd\":\"status\"}"), "locked");
}

/*
 * G13: the disk is full (the file may not grow): what ended stays in memory, and is stored once
 * there is room. Retention counts right afterwards.
 */
static void
test_disk_full(void **state)
{
	struct fake *f = *state;
	struct rlimit before, none = { .rlim_cur = 1 };
	struct msg m;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	record_flush(f->rec);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	for (uint8_t n = 1; n <= 20; n++) {
		m = attempt(n, STAGE_AUTHENTICATE, true, CAUSE_WRONG_PASSWORD);
		tell_fact(f, ROLE_AAA, BY_AAA, n, 20, "a fact that waits");
		tell(f, ROLE_NET, 0, &m);
		record_flush(f->rec);
	}
	assert_int_equal(f->rec->n_live, 20);
	assert_true(f->rec->n_history_errors > 0);
	assert_has(f->rec->history_err, "history.db");
	assert_has(f->rec->history_err, "remedy");
	assert_int_equal(f->rec->n_attempts_lost, 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	record_flush(f->rec);
	assert_int_equal(f->rec->n_live, 0);
	assert_int_equal(f->rec->n_attempts_lost, 0);
	assert_false(f->rec->history_down);
	const char *r = ask(f, "{\"cmd\":\"attempts\"}");
	unsigned int rows = 0;
	for (const char *p = r; (p = strstr(p, "account.wrong-password")); p++)
		rows++;
	assert_int_equal(rows, 20);
	assert_has(ask(f, "{\"cmd\":\"attempt\"}"), "a fact that waits");
}

/* G13: room does not come and much waits: after a minute what ended makes way, counted and told. */
static void
test_disk_stays_full(void **state)
{
	struct fake *f = *state;
	struct msg m = attempt(1, STAGE_AUTHENTICATE, true, CAUSE_WRONG_PASSWORD);
	struct rlimit before, none = { .rlim_cur = 1 };

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	for (unsigned int i = 0; i < 1000; i++) {
		m.u.attempt.attempt.b[14] = (uint8_t)(i >> 8);
		m.u.attempt.attempt.b[15] = (uint8_t)i;
		tell(f, ROLE_NET, 0, &m);
	}
	for (unsigned int i = 0; i < 100; i++)
		record_flush(f->rec);
	assert_int_equal(f->rec->n_live, 1000); /* so few do no harm */
	m.u.attempt.attempt.b[13] = 1;
	tell(f, ROLE_NET, 0, &m);
	record_flush(f->rec);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(f->rec->n_live, 0);
	assert_int_equal(f->rec->n_attempts_lost, 1001);
	assert_has(ask(f, "{\"cmd\":\"status\"}"), "1001 attempts lost");
}

/* The journal entry names attempt and cause; the peer's own line break and colours stay out. */
static void
test_journal(void **state)
{
	struct fake *f = *state;
	struct msg m = attempt(1, STAGE_AUTHENTICATE, true, CAUSE_WRONG_PASSWORD);
	struct msg file = { .id = MSG_FILE, .u.file = { .purpose = FILE_JOURNAL } };
	char buf[4096];
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
	role_record.message(f->rec, ROLE_MONITOR, 0, &file, fds[0]);
	tell(f, ROLE_NET, 0, &m);
	ssize_t n = recv(fds[1], buf, sizeof(buf) - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	buf[n] = 0;
	assert_has(buf, "RRAS_CAUSE=account.wrong-password\n");
	assert_has(buf, "RRAS_ATTEMPT=0102030405017000");
	assert_has(buf, "RRAS_USER=al\\x1b[31mice\\x0ax\n");
	assert_null(strchr(buf, '\x1b'));
	close(fds[1]);
}

/* A damaged accounts.db refuses the start with file and remedy; a damaged history does not. */
static void
test_damage_at_start(void **state)
{
	struct fake *f = *state;
	char err[STORE_ERR_MAX] = "";

	char path[200];
	FILE *file;

	role_record.close(f->rec);
	snprintf(path, sizeof(path), "%s/" HISTORY_FILE, f->dir);
	file = fopen(path, "w");
	for (unsigned int i = 0; i < 500; i++)
		fputs("rubbish ", file);
	fclose(file);
	unlink(f->socket);
	fake_start(f);
	assert_has(f->rec->notice, "moved to");
	role_record.close(f->rec);

	snprintf(path, sizeof(path), "%s/" ACCOUNTS_FILE, f->dir);
	file = fopen(path, "w");
	for (unsigned int i = 0; i < 500; i++)
		fputs("rubbish ", file);
	fclose(file);
	f->rec = role_record.open(&f->host);
	assert_true(role_record.configure(f->rec, f->conf, err, sizeof(err)));
	assert_false(role_record.go(f->rec, err, sizeof(err)));
	assert_has(err, "accounts.db");
	assert_has(err, "backup");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, fake_setup, fake_teardown)
		T(test_facts_of_all),
		T(test_another_workers_session),
		T(test_pending_is_bounded),
		T(test_live_of_a_worker_are_bounded),
		T(test_worker_dies),
		T(test_restart),
		T(test_history_locked),
		T(test_disk_full),
		T(test_disk_stays_full),
		T(test_journal),
		T(test_damage_at_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
