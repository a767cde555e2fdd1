/*
 * history.db: R13 and R31 (a failed attempt can be found and explained), R107 (retention), and what
 * locked, damaged, read-only and missing files do.
 */
#include "store_helper.h"

#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int
setup(void **state)
{
	return scratch_setup(state, HISTORY_FILE);
}

static struct history *
open_rw(const struct scratch *s, const struct history_limits *l)
{
	char err[STORE_ERR_MAX];
	struct history *h = history_open(s->path, HISTORY_WRITE, l, err, sizeof(err));

	if (!h)
		print_error("%s\n", err);
	assert_non_null(h);
	assert_string_equal(err, "");
	return h;
}

static void
put(struct history *h, const struct attempt_record *r)
{
	char err[STORE_ERR_MAX];

	if (!history_put(h, r, err, sizeof(err)))
		fail_msg("%s", err);
}

static size_t
one_fact(uint8_t *buf, size_t cap, enum witness by, uint64_t at_ms, const char *text)
{
	struct wr w = wr_over(buf, cap);
	struct fact f = FACT_MAKE(FACT_STAGE, F_STR(text));

	f.witness = by;
	f.at_ms = at_ms;
	fact_write(&w, &f);
	return wr_len(&w);
}

/* R31: everything that was put comes back, also by another, read-only handle and after reopening.
 */
static void
test_round_trip(void **state)
{
	const struct scratch *s = *state;
	struct history *h = open_rw(s, NULL), *ro;
	struct attempt_record r = sample(1, STAGE_AUTHENTICATE, CAUSE_WRONG_PASSWORD, "alice");
	struct attempt_record *got = NULL;
	char err[STORE_ERR_MAX];
	struct history_filter failures = { .failures = true };
	uint8_t facts[200];
	struct stat st;

	r.facts = view_of(facts, one_fact(facts, sizeof(facts), BY_NET, 3, "TUNNEL"));
	r.address = ip_v4(0x0a000002);
	assert_true(ip_parse(view_str("2001:db8:7::"), &r.prefix6));
	r.in_bytes = UINT64_C(1) << 40;
	snprintf(r.user, sizeof(r.user), "EXAMPLE\\Al\xffice");
	put(h, &r);
	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	ro = history_open(s->path, HISTORY_READ, NULL, err, sizeof(err));
	assert_non_null(ro);
	assert_int_equal(history_latest(ro, &failures, &got, err, sizeof(err)), HISTORY_FOUND);
	assert_memory_equal(got->id.b, r.id.b, 16);
	assert_string_equal(got->user, r.user);
	assert_string_equal(got->account, "alice");
	assert_int_equal(got->cause, CAUSE_WRONG_PASSWORD);
	assert_int_equal(got->stage, STAGE_AUTHENTICATE);
	assert_int_equal(got->peer.port, 50000);
	assert_true(ip_equal(&got->address, &r.address));
	assert_true(ip_equal(&got->prefix6, &r.prefix6));
	assert_true(got->in_bytes == r.in_bytes);
	assert_true(view_eq(got->facts, r.facts));
	history_free(got);
	history_close(ro);
	history_close(h);

	h = open_rw(s, NULL);
	assert_int_equal(
	    history_by_id(h, view_str("00000000"), &got, err, sizeof(err)), HISTORY_FOUND);
	history_free(got);
	history_close(h);
}

/* R13: latest failure, by user without case, by RAS error, by id prefix; success is no failure. */
static void
test_find(void **state)
{
	struct history *h = open_rw(*state, NULL);
	struct attempt_record *got = NULL;
	char err[STORE_ERR_MAX];
	struct attempt_record r[4] = {
		sample(1, STAGE_AUTHENTICATE, CAUSE_WRONG_PASSWORD, "alice"),
		sample(2, STAGE_DECIDE, CAUSE_POLICY_NONE, "bob"),
		sample(3, STAGE_UP, CAUSE_ENDED_BY_PEER, "alice"),
		sample(4, STAGE_UP, CAUSE_NONE, "carol"),
	};

	r[3].ended = false;
	for (size_t i = 0; i < 4; i++)
		put(h, &r[i]);
	struct history_filter f = { .failures = true };
	assert_int_equal(history_latest(h, &f, &got, err, sizeof(err)), HISTORY_FOUND);
	assert_string_equal(got->user, "bob");
	history_free(got);
	f.user = "ALICE";
	assert_int_equal(history_latest(h, &f, &got, err, sizeof(err)), HISTORY_FOUND);
	assert_int_equal(got->cause, CAUSE_WRONG_PASSWORD);
	history_free(got);
	f = (struct history_filter){ .ras_error = 649 };
	assert_int_equal(history_latest(h, &f, &got, err, sizeof(err)), HISTORY_FOUND);
	assert_int_equal(got->cause, CAUSE_POLICY_NONE);
	history_free(got);
	r[0].cause = CAUSE_ACCOUNT_DISABLED; /* over PAP its user saw 691, never 647 */
	r[0].method = AUTH_PAP;
	put(h, &r[0]);
	f = (struct history_filter){ .ras_error = 691 };
	assert_int_equal(history_latest(h, &f, &got, err, sizeof(err)), HISTORY_FOUND);
	assert_int_equal(got->cause, CAUSE_ACCOUNT_DISABLED);
	history_free(got);
	f.ras_error = 647;
	assert_int_equal(history_latest(h, &f, &got, err, sizeof(err)), HISTORY_NONE);
	f = (struct history_filter){ .ras_error = 4711 };
	assert_int_equal(history_latest(h, &f, &got, err, sizeof(err)), HISTORY_NONE);
	f = (struct history_filter){ .live = true };
	assert_int_equal(history_latest(h, &f, &got, err, sizeof(err)), HISTORY_FOUND);
	assert_string_equal(got->user, "carol");
	history_free(got);
	assert_int_equal(
	    history_by_id(h, view_str("000000000002"), &got, err, sizeof(err)), HISTORY_FOUND);
	assert_string_equal(got->user, "bob");
	history_free(got);
	assert_int_equal(
	    history_by_id(h, view_str("0000"), &got, err, sizeof(err)), HISTORY_AMBIGUOUS);
	assert_int_equal(
	    history_by_id(h, view_str("0000000000020"), &got, err, sizeof(err)), HISTORY_NONE);
	assert_int_equal(history_by_id(h, view_str("zz"), &got, err, sizeof(err)), HISTORY_NONE);
	assert_int_equal(
	    history_by_id(h, view_str("' OR 1=1"), &got, err, sizeof(err)), HISTORY_NONE);
	history_close(h);
}

static bool
count_row(void *ctx, const struct attempt_record *r)
{
	unsigned int *n = ctx;

	n[r->stage < STAGE_AUTHENTICATE ? 0 : r->stage < STAGE_UP ? 1 : 2]++;
	return true;
}

/* A flood of early failures, and one of bad passwords, push out neither the other nor sessions. */
static void
test_retention_by_stage(void **state)
{
	const struct history_limits l = { .early = 10, .auth = 20, .up = 30, .counted = 5 };
	struct history *h = open_rw(*state, &l);
	struct history_filter all = { 0 };
	unsigned int n[3] = { 0 }, at = 0;
	char err[STORE_ERR_MAX];
	struct attempt_record r = sample(at++, STAGE_UP, CAUSE_ENDED_BY_PEER, "session");

	assert_true(history_begin(h, err, sizeof(err)));
	put(h, &r);
	r = sample(at++, STAGE_AUTHENTICATE, CAUSE_WRONG_PASSWORD, "failure");
	put(h, &r);
	for (unsigned int i = 0; i < 200; i++) {
		r = sample(at++, STAGE_TUNNEL, CAUSE_LCP_SILENT, "");
		put(h, &r);
	}
	assert_true(history_commit(h, err, sizeof(err)));
	assert_int_equal(history_list(h, &all, 0, false, count_row, n, err, sizeof(err)), 12);
	assert_int_equal(n[0], 10);
	assert_int_equal(n[1], 1);
	assert_int_equal(n[2], 1);
	for (unsigned int i = 0; i < 50; i++) {
		r = sample(at++, STAGE_AUTHENTICATE, CAUSE_WRONG_PASSWORD, "flood");
		put(h, &r);
	}
	n[0] = n[1] = n[2] = 0;
	assert_int_equal(history_list(h, &all, 0, false, count_row, n, err, sizeof(err)), 31);
	assert_int_equal(n[1], 20);
	assert_int_equal(n[2], 1);
	history_close(h);
	h = open_rw(*state, &l); /* the counts survive reopening */
	for (unsigned int i = 0; i < 20; i++) {
		r = sample(at++, STAGE_TUNNEL, CAUSE_LCP_SILENT, "");
		put(h, &r);
	}
	n[0] = n[1] = n[2] = 0;
	history_list(h, &all, 0, false, count_row, n, err, sizeof(err));
	assert_int_equal(n[0], 10);
	history_close(h);
}

static void
put_decided(struct history *h, const struct attempt_record *r, bool granted, uint8_t set)
{
	struct history_decided d = { .granted = granted, .request = "{\"user\":\"alice\"}" };
	char err[STORE_ERR_MAX];

	memset(d.policy_set, set, sizeof(d.policy_set));
	if (!history_put_decided(h, &r->id, &d, err, sizeof(err)))
		fail_msg("%s", err);
}

/* R44, R92: a decision goes with its attempt, and its policy set stays as long as it is referred
 * to. */
static void
test_decided(void **state)
{
	const struct scratch *s = *state;
	struct history_limits l = { .early = 10, .auth = 10, .up = 10, .counted = 10 };
	struct history *h = open_rw(s, &l);
	struct attempt_record r = sample(1, STAGE_AUTHENTICATE, CAUSE_POLICY_DENIES, "alice");
	struct history_decided *d = NULL;
	char err[STORE_ERR_MAX], *text = NULL;
	struct attempt_id id;
	uint8_t hash[HISTORY_SET_HASH];

	put(h, &r);
	put_decided(h, &r, false, 1);
	put_decided(h, &r, true, 1); /* a later proof on the same link */
	assert_int_equal(history_decided(h, &r.id, &d, err, sizeof(err)), HISTORY_FOUND);
	assert_true(d->granted);
	assert_string_equal(d->request, "{\"user\":\"alice\"}");
	history_decided_free(d);
	assert_int_equal(
	    history_latest_decided(h, true, "ALICE", &id, err, sizeof(err)), HISTORY_FOUND);
	assert_memory_equal(id.b, r.id.b, sizeof(id.b));
	assert_int_equal(
	    history_latest_decided(h, false, NULL, &id, err, sizeof(err)), HISTORY_NONE);
	assert_int_equal(
	    history_latest_decided(h, true, "bob", &id, err, sizeof(err)), HISTORY_NONE);

	/* many other sets: the one that is referred to stays, of the others the newest do */
	for (uint8_t i = 1; i < 200; i++) {
		memset(hash, i, sizeof(hash));
		assert_true(history_put_policy_set(h, hash, "policy P { }", i, err, sizeof(err)));
	}
	memset(hash, 1, sizeof(hash));
	assert_int_equal(history_policy_set(h, hash, &text, err, sizeof(err)), HISTORY_FOUND);
	assert_string_equal(text, "policy P { }");
	free(text);
	memset(hash, 2, sizeof(hash));
	assert_int_equal(history_policy_set(h, hash, &text, err, sizeof(err)), HISTORY_NONE);
	memset(hash, 199, sizeof(hash));
	assert_int_equal(history_policy_set(h, hash, &text, err, sizeof(err)), HISTORY_FOUND);
	free(text);

	/* the attempt goes, and with it its decision */
	for (unsigned int i = 2; i < 40; i++) {
		struct attempt_record more =
		    sample(i, STAGE_AUTHENTICATE, CAUSE_POLICY_DENIES, "alice");
		put(h, &more);
	}
	assert_int_equal(history_decided(h, &r.id, &d, err, sizeof(err)), HISTORY_NONE);
	history_close(h);
}

/* An attempt that moves on changes its class; putting the end twice counts it once. */
static void
test_update_moves_class(void **state)
{
	const struct history_limits l = { .early = 2, .auth = 2, .up = 2, .counted = 5 };
	struct history *h = open_rw(*state, &l);
	struct history_filter all = { 0 };
	unsigned int n[3] = { 0 };
	char err[STORE_ERR_MAX];

	for (unsigned int i = 0; i < 2; i++) {
		struct attempt_record r = sample(i, STAGE_TUNNEL, CAUSE_NONE, "u");
		r.ended = false;
		put(h, &r);
		r = sample(i, STAGE_UP, CAUSE_ENDED_BY_PEER, "u");
		for (unsigned int k = 0; k < 5; k++)
			put(h, &r);
	}
	history_list(h, &all, 0, false, count_row, n, err, sizeof(err));
	assert_int_equal(n[0], 0);
	assert_int_equal(n[2], 2);
	history_close(h);
}

/* The words of several witnesses end as one trail in order of time, doubles once. */
static void
test_facts_merge(void **state)
{
	struct history *h = open_rw(*state, NULL);
	struct attempt_record r = sample(1, STAGE_UP, CAUSE_ENDED_BY_PEER, "u"), *got = NULL;
	uint8_t a[100], b[100];
	char err[STORE_ERR_MAX];
	bool found;
	struct rd_fault fault;
	struct fact f;

	r.facts = view_of(a, one_fact(a, sizeof(a), BY_NET, 9, "UP"));
	put(h, &r);
	put(h, &r);
	size_t nb = one_fact(b, sizeof(b), BY_AAA, 5, "DECIDE");
	assert_true(history_add_facts(h, &r.id, view_of(b, nb), &found, err, sizeof(err)) && found);
	assert_int_equal(
	    history_by_id(h, view_str("000000000001"), &got, err, sizeof(err)), HISTORY_FOUND);
	struct rd rd = rd_over(got->facts, &fault);
	assert_true(fact_read(&rd, &f));
	assert_int_equal(f.at_ms, 5);
	assert_int_equal(f.witness, BY_AAA);
	assert_true(fact_read(&rd, &f));
	assert_int_equal(f.at_ms, 9);
	assert_true(rd_done(&rd));
	history_free(got);
	r.id.b[0] = 9;
	assert_true(history_add_facts(h, &r.id, view_of(b, nb), &found, err, sizeof(err)));
	assert_false(found);
	history_close(h);
}

/* Facts beyond 32 KiB: first and last stay, the middle is a count that survives further merges. */
static void
test_facts_bounded(void **state)
{
	struct history *h = open_rw(*state, NULL);
	struct attempt_record r = sample(1, STAGE_UP, CAUSE_ENDED_BY_PEER, "u"), *got = NULL;
	char err[STORE_ERR_MAX], text[200];
	uint64_t dropped = 0;
	unsigned int n = 0, n_facts = 2000;
	struct rd_fault fault;
	struct fact f;

	put(h, &r);
	memset(text, 'x', sizeof(text));
	text[40] = 0;
	for (unsigned int i = 0; i < n_facts; i += 50) {
		uint8_t buf[8192];
		size_t used = 0;
		bool found;
		for (unsigned int k = 0; k < 50; k++)
			used += one_fact(buf + used, sizeof(buf) - used, BY_NET, i + k, text);
		assert_true(
		    history_add_facts(h, &r.id, view_of(buf, used), &found, err, sizeof(err)));
	}
	assert_int_equal(
	    history_by_id(h, view_str("000000000001"), &got, err, sizeof(err)), HISTORY_FOUND);
	assert_true(got->facts.n <= HISTORY_FACTS_MAX && got->facts.n > HISTORY_FACTS_MAX / 2);
	struct rd rd = rd_over(got->facts, &fault);
	while (rd_more(&rd)) {
		assert_true(fact_read(&rd, &f));
		if (n == 0)
			assert_int_equal(f.at_ms, 0);
		if (f.id == FACT_TRAIL_DROPPED)
			dropped += f.fields[0].u;
		else
			n++;
	}
	assert_int_equal(f.at_ms, n_facts - 1);
	assert_int_equal(n + dropped, n_facts);
	history_free(got);
	history_close(h);
}

/* A damaged file makes way, with a notice; the new one works. */
static void
test_damaged_is_moved_aside(void **state)
{
	const struct scratch *s = *state;
	char err[STORE_ERR_MAX];
	FILE *f = fopen(s->path, "w");

	for (unsigned int i = 0; i < 1000; i++)
		fputs("this is no database ", f);
	fclose(f);
	assert_null(history_open(s->path, HISTORY_READ, NULL, err, sizeof(err)));
	assert_non_null(strstr(err, s->path));
	assert_non_null(strstr(err, "remedy: "));
	struct history *h = history_open(s->path, HISTORY_WRITE, NULL, err, sizeof(err));
	assert_non_null(h);
	assert_non_null(strstr(err, "moved to "));
	struct attempt_record r = sample(1, STAGE_UP, CAUSE_ENDED_BY_PEER, "u");
	put(h, &r);
	history_close(h);
}

/* Pages overwritten in the middle are found at start as well. */
static void
test_damaged_page(void **state)
{
	const struct scratch *s = *state;
	char err[STORE_ERR_MAX], rubbish[4096];
	struct history *h = open_rw(s, NULL);

	for (unsigned int i = 0; i < 200; i++) {
		struct attempt_record r = sample(i, STAGE_UP, CAUSE_ENDED_BY_PEER, "u");
		put(h, &r);
	}
	history_close(h);
	memset(rubbish, 0x5a, sizeof(rubbish));
	int fd = open(s->path, O_WRONLY);
	for (off_t at = 4096; at < 15 * 4096; at += 4096)
		assert_int_equal(pwrite(fd, rubbish, sizeof(rubbish), at), sizeof(rubbish));
	close(fd);
	h = history_open(s->path, HISTORY_WRITE, NULL, err, sizeof(err));
	assert_non_null(h);
	assert_non_null(strstr(err, "damaged"));
	history_close(h);
}

/* A foreign program's database is never taken for ours. */
static void
test_foreign_database(void **state)
{
	const struct scratch *s = *state;
	char err[STORE_ERR_MAX];
	sqlite3 *db;

	assert_int_equal(sqlite3_open(s->path, &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA user_version = 1; CREATE TABLE t(x)", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_null(history_open(s->path, HISTORY_READ, NULL, err, sizeof(err)));
	assert_non_null(strstr(err, "another program"));
}

/* A file of a later format is left alone. */
static void
test_newer_format(void **state)
{
	const struct scratch *s = *state;
	char err[STORE_ERR_MAX];
	sqlite3 *db;

	history_close(open_rw(s, NULL));
	assert_int_equal(sqlite3_open(s->path, &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA user_version = 999", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_null(history_open(s->path, HISTORY_WRITE, NULL, err, sizeof(err)));
	assert_non_null(strstr(err, "version 999"));
}

static void
test_missing_and_unopenable(void **state)
{
	const struct scratch *s = *state;
	char err[STORE_ERR_MAX];

	assert_null(history_open(s->path, HISTORY_READ, NULL, err, sizeof(err)));
	assert_non_null(strstr(err, "no such file"));
	assert_int_equal(access(s->path, F_OK), -1);
	assert_null(
	    history_open("/nonexistent/dir/history.db", HISTORY_WRITE, NULL, err, sizeof(err)));
	assert_non_null(strstr(err, "directory"));
}

/* Another process holds the lock: a named error, no wait without end. */
static void
test_locked(void **state)
{
	const struct scratch *s = *state;
	struct history *h = open_rw(s, NULL);
	char err[STORE_ERR_MAX];
	struct attempt_record r = sample(1, STAGE_UP, CAUSE_ENDED_BY_PEER, "u");
	sqlite3 *db;

	assert_int_equal(sqlite3_open(s->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_false(history_put(h, &r, err, sizeof(err)));
	assert_non_null(strstr(err, "locked"));
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(db);
	put(h, &r);
	history_close(h);
}

/* Killed without a goodbye: what was committed is there after reopening. */
static void
test_survives_kill(void **state)
{
	const struct scratch *s = *state;
	struct history_filter all = { 0 };
	unsigned int n[3] = { 0 };
	char err[STORE_ERR_MAX];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct history *h = history_open(s->path, HISTORY_WRITE, NULL, err, sizeof(err));
		struct attempt_record r = sample(1, STAGE_UP, CAUSE_ENDED_BY_PEER, "u");
		bool ok = h && history_put(h, &r, err, sizeof(err));
		ok = ok && history_begin(h, err, sizeof(err));
		r = sample(2, STAGE_UP, CAUSE_ENDED_BY_PEER, "u");
		ok = ok && history_put(h, &r, err, sizeof(err)); /* never committed */
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	struct history *h = open_rw(s, NULL);
	assert_int_equal(history_list(h, &all, 0, false, count_row, n, err, sizeof(err)), 1);
	history_close(h);
}

/* The sandbox: after a chroot into the directory every write still works, and is there later. */
static void
test_writes_after_chroot(void **state)
{
	const struct scratch *s = *state;
	struct history_filter all = { 0 };
	unsigned int n[3] = { 0 };
	char err[STORE_ERR_MAX];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct history *h = history_open(s->path, HISTORY_WRITE, NULL, err, sizeof(err));
		if (!h)
			_exit(1);
		if (unshare(CLONE_NEWUSER) != 0 && geteuid() != 0)
			_exit(77);
		if (chroot(s->dir) != 0)
			_exit(77);
		if (chdir("/") != 0)
			_exit(1);
		for (unsigned int i = 0; i < 3000; i++) { /* past several checkpoints */
			struct attempt_record r = sample(i, STAGE_UP, CAUSE_ENDED_BY_PEER, "u");
			if (!history_put(h, &r, err, sizeof(err)))
				_exit(2);
		}
		history_close(h);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
	struct history *h = open_rw(s, NULL);
	assert_int_equal(history_list(h, &all, 0, false, count_row, n, err, sizeof(err)), 3000);
	history_close(h);
}

static bool
sum_counts(void *ctx, const struct history_count *c)
{
	uint64_t *sum = ctx;

	*sum += c->attempts;
	return true;
}

/* Early ends are counted per cause, prefix and minute, and these rows are bounded too. */
static void
test_counts(void **state)
{
	const struct history_limits l = { .early = 10, .auth = 10, .up = 10, .counted = 50 };
	struct history *h = open_rw(*state, &l);
	struct history_count c = { .cause = CAUSE_TLS_NOT_TLS,
		.prefix = { ip_v4(0xc6336400u), 24 },
		.minute = 100,
		.attempts = 7 };
	char err[STORE_ERR_MAX];
	uint64_t sum = 0;

	assert_true(history_count_add(h, &c, err, sizeof(err)));
	assert_true(history_count_add(h, &c, err, sizeof(err)));
	assert_int_equal(history_counts(h, 0, 0, sum_counts, &sum, err, sizeof(err)), 1);
	assert_int_equal(sum, 14);
	for (unsigned int i = 0; i < 500; i++) {
		c.minute++;
		assert_true(history_count_add(h, &c, err, sizeof(err)));
	}
	int64_t n = history_counts(h, 0, 0, sum_counts, &sum, err, sizeof(err));
	assert_true(n >= 49 && n <= 54);
	history_close(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)
		T(test_round_trip),
		T(test_find),
		T(test_retention_by_stage),
		T(test_update_moves_class),
		T(test_decided),
		T(test_facts_merge),
		T(test_facts_bounded),
		T(test_damaged_is_moved_aside),
		T(test_damaged_page),
		T(test_foreign_database),
		T(test_newer_format),
		T(test_missing_and_unopenable),
		T(test_locked),
		T(test_survives_kill),
		T(test_writes_after_chroot),
		T(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
