/* accounts.db: whole changes or none, no id twice, damage refuses (R93, part "Accounts"). */
#include "os/store_leases.h"

#include "store_helper.h"

#include <sched.h>
#include <sqlite3.h>
#include <sys/wait.h>

static int
setup(void **state)
{
	return scratch_setup(state, ACCOUNTS_FILE);
}

static struct accounts *
open_db(const struct scratch *s)
{
	char err[STORE_ERR_MAX];
	struct accounts *a = accounts_open(s->path, err, sizeof(err));

	if (!a)
		fail_msg("%s", err);
	return a;
}

static enum accounts_result
add(struct accounts *a, const char *name, const char *group, uint64_t *id)
{
	struct account row = { .id = accounts_new_id(a), .enabled = true, .dialin = DIALIN_ALLOW };
	struct account_change c = { .row = &row, .is_new = true };
	char err[STORE_ERR_MAX];

	snprintf(row.name, sizeof(row.name), "%s", name);
	snprintf(row.display, sizeof(row.display), "%s", name);
	c.sealed[SECRET_NT_HASH] = view_str("sealed bytes");
	c.groups = &group;
	c.n_groups = group ? 1 : 0;
	*id = row.id;
	return accounts_put(a, &c, err, sizeof(err));
}

static void
test_round_trip(void **state)
{
	struct accounts *a = open_db(*state);
	struct account got;
	char err[STORE_ERR_MAX];
	uint64_t id, other;

	assert_int_equal(accounts_group_add(a, "Staff", err, sizeof(err)), ACCOUNTS_OK);
	assert_int_equal(accounts_group_add(a, "staff", err, sizeof(err)), ACCOUNTS_EXISTS);
	assert_int_equal(add(a, "alice", "STAFF", &id), ACCOUNTS_OK);
	assert_int_equal(add(a, "alice", NULL, &other), ACCOUNTS_EXISTS);
	assert_int_equal(accounts_by_name(a, "alice", &got, err, sizeof(err)), ACCOUNTS_OK);
	assert_true(got.id == id && got.enabled && got.has_password && !got.has_reversible);
	assert_int_equal(got.dialin, DIALIN_ALLOW);
	assert_string_equal(got.groups, "Staff");
	assert_int_equal(accounts_by_name(a, "bob", &got, err, sizeof(err)), ACCOUNTS_NOT_FOUND);

	struct account_change c = { .row = &got };
	got.enabled = false;
	got.address = ip_v4(0x0a000009);
	got.locked = got.must_change = true;
	got.password_set_unix_s = 1700000000;
	got.password_expires_unix_s = 1800000000;
	snprintf(got.hours, sizeof(got.hours), "Mo-Fr 08:00-18:00");
	snprintf(got.routes, sizeof(got.routes), "192.0.2.0/24 198.51.100.0/25");
	c.drop_secret[SECRET_NT_HASH] = true;
	assert_int_equal(accounts_put(a, &c, err, sizeof(err)), ACCOUNTS_OK);
	accounts_close(a);
	a = open_db(*state);
	assert_int_equal(accounts_by_id(a, id, &got, err, sizeof(err)), ACCOUNTS_OK);
	assert_true(!got.enabled && !got.has_password);
	assert_int_equal(ip_v4_u32(&got.address), 0x0a000009);
	assert_string_equal(got.groups, "Staff");
	assert_true(got.locked && got.must_change);
	assert_int_equal(got.password_set_unix_s, 1700000000);
	assert_int_equal(got.password_expires_unix_s, 1800000000);
	assert_string_equal(got.hours, "Mo-Fr 08:00-18:00");
	assert_string_equal(got.routes, "192.0.2.0/24 198.51.100.0/25");
	accounts_close(a);
}

/* The schema of the first version, and one account with a password and one without. */
static const char version_1[] =
    "CREATE TABLE account(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, "
    "display TEXT NOT NULL, enabled INTEGER NOT NULL, expires_s INTEGER NOT NULL, "
    "dialin INTEGER NOT NULL, caller_id TEXT, address TEXT, created_s INTEGER NOT NULL, "
    "changed_s INTEGER NOT NULL);"
    "CREATE TABLE secret(account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE, "
    "kind INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY(account, kind)) WITHOUT ROWID;"
    "CREATE TABLE grp(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE);"
    "CREATE TABLE member(account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE, "
    "grp INTEGER NOT NULL REFERENCES grp(id) ON DELETE CASCADE, PRIMARY KEY(account, grp)) "
    "WITHOUT ROWID; CREATE INDEX member_grp ON member(grp);"
    "INSERT INTO account VALUES(7, 'anna', 'Anna', 1, 1900000000, 1, '192.0.2.1', '10.0.0.9', "
    "1600000000, 1650000000);"
    "INSERT INTO account VALUES(9, 'ben', 'ben', 0, 0, 2, NULL, NULL, 1600000001, 1600000002);"
    "INSERT INTO secret VALUES(7, 1, 'sealed bytes');"
    "INSERT INTO grp VALUES(3, 'Staff'); INSERT INTO member VALUES(7, 3);"
    "PRAGMA user_version = 1; PRAGMA application_id = 0x52524131;";

/* A file of the first version is brought up to date: its rows stay as they were. */
static void
test_old_file_keeps_its_rows(void **state)
{
	const struct scratch *s = *state;
	struct account got;
	char err[STORE_ERR_MAX];
	sqlite3 *db;

	assert_int_equal(sqlite3_open(s->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, version_1, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	struct accounts *a = open_db(s);
	assert_int_equal(accounts_by_name(a, "anna", &got, err, sizeof(err)), ACCOUNTS_OK);
	assert_true(got.id == 7 && got.enabled && got.has_password && !got.locked);
	assert_true(!got.must_change && got.expires_unix_s == 1900000000);
	assert_string_equal(got.groups, "Staff");
	assert_string_equal(got.hours, "");
	assert_string_equal(got.routes, "");
	assert_int_equal(got.password_set_unix_s, 1650000000);
	assert_int_equal(got.password_expires_unix_s, 0);
	assert_int_equal(accounts_by_name(a, "ben", &got, err, sizeof(err)), ACCOUNTS_OK);
	assert_true(!got.enabled && got.dialin == DIALIN_DENY && got.password_set_unix_s == 0);
	assert_true(accounts_new_id(a) == 10);
	accounts_close(a);
}

/* A change that fails half way (its group is missing) leaves nothing behind. */
static void
test_nothing_half_done(void **state)
{
	struct accounts *a = open_db(*state);
	struct account got;
	char err[STORE_ERR_MAX];
	uint64_t id;

	assert_int_equal(add(a, "alice", "nobody-made-it", &id), ACCOUNTS_NO_GROUP);
	assert_int_equal(accounts_by_name(a, "alice", &got, err, sizeof(err)), ACCOUNTS_NOT_FOUND);
	assert_int_equal(add(a, "alice", NULL, &id), ACCOUNTS_OK);
	accounts_close(a);
}

/* Sealed secrets are bound to the id: an id that once was is never given out again. */
static void
test_id_never_twice(void **state)
{
	struct accounts *a = open_db(*state);
	char err[STORE_ERR_MAX];
	uint64_t id, again;

	assert_int_equal(add(a, "alice", NULL, &id), ACCOUNTS_OK);
	assert_int_equal(accounts_delete(a, id, err, sizeof(err)), ACCOUNTS_OK);
	assert_int_equal(accounts_delete(a, id, err, sizeof(err)), ACCOUNTS_NOT_FOUND);
	accounts_close(a);
	a = open_db(*state);
	assert_int_equal(add(a, "alice", NULL, &again), ACCOUNTS_OK);
	assert_true(again > id);
	accounts_close(a);
}

static bool
count_secret(void *ctx, const struct account_secret *row)
{
	unsigned int *n = ctx;

	assert_int_equal(row->kind, SECRET_NT_HASH);
	assert_true(view_eq(row->sealed, view_str("sealed bytes")));
	(*n)++;
	return true;
}

static bool
last_id(void *ctx, const struct account *row)
{
	uint64_t *id = ctx;

	assert_true(row->id > *id);
	*id = row->id;
	return true;
}

/* Streaming in pieces passes every row once; deleting an account takes its secrets along. */
static void
test_streaming(void **state)
{
	struct accounts *a = open_db(*state);
	char err[STORE_ERR_MAX], name[16];
	uint64_t id = 0, after = 0;
	unsigned int n = 0;
	int64_t got, total = 0;

	for (unsigned int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		assert_int_equal(add(a, name, NULL, &id), ACCOUNTS_OK);
	}
	assert_int_equal(accounts_delete(a, id, err, sizeof(err)), ACCOUNTS_OK);
	while ((got = accounts_each(a, after, 4, last_id, &after, err, sizeof(err))) > 0)
		total += got;
	assert_int_equal(total, 9);
	assert_int_equal(accounts_secrets(a, 0, false, 0, count_secret, &n, err, sizeof(err)), 9);
	assert_int_equal(n, 9);
	accounts_close(a);
}

static void
test_groups(void **state)
{
	struct accounts *a = open_db(*state);
	char err[STORE_ERR_MAX];
	uint64_t id, members[4];

	assert_int_equal(add(a, "alice", NULL, &id), ACCOUNTS_OK);
	assert_int_equal(
	    accounts_member(a, "staff", id, true, err, sizeof(err)), ACCOUNTS_NO_GROUP);
	assert_int_equal(accounts_group_add(a, "staff", err, sizeof(err)), ACCOUNTS_OK);
	assert_int_equal(accounts_member(a, "staff", id, true, err, sizeof(err)), ACCOUNTS_OK);
	assert_int_equal(accounts_member(a, "staff", id, true, err, sizeof(err)), ACCOUNTS_OK);
	assert_int_equal(accounts_members(a, "Staff", members, 4, err, sizeof(err)), 1);
	assert_true(members[0] == id);
	assert_int_equal(accounts_member(a, "staff", id, false, err, sizeof(err)), ACCOUNTS_OK);
	assert_int_equal(accounts_members(a, "staff", members, 4, err, sizeof(err)), 0);
	assert_int_equal(accounts_group_delete(a, "staff", err, sizeof(err)), ACCOUNTS_OK);
	assert_int_equal(accounts_group_delete(a, "staff", err, sizeof(err)), ACCOUNTS_NO_GROUP);
	accounts_close(a);
}

/* Damage refuses with file and remedy, and the file stays as it is. */
static void
test_damage_refuses(void **state)
{
	const struct scratch *s = *state;
	char err[STORE_ERR_MAX], first[8];
	FILE *f = fopen(s->path, "w");

	for (unsigned int i = 0; i < 1000; i++)
		fputs("rubbish ", f);
	fclose(f);
	assert_null(accounts_open(s->path, err, sizeof(err)));
	assert_non_null(strstr(err, s->path));
	assert_non_null(strstr(err, "backup"));
	f = fopen(s->path, "r");
	assert_int_equal(fread(first, 1, 8, f), 8);
	assert_memory_equal(first, "rubbish ", 8);
	fclose(f);
}

static void
test_locked(void **state)
{
	const struct scratch *s = *state;
	struct accounts *a = open_db(s);
	struct account row = { .id = accounts_new_id(a), .name = "x", .display = "x" };
	struct account_change c = { .row = &row, .is_new = true };
	char err[STORE_ERR_MAX];
	sqlite3 *db;

	assert_int_equal(sqlite3_open(s->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(accounts_put(a, &c, err, sizeof(err)), ACCOUNTS_ERROR);
	assert_non_null(strstr(err, "locked"));
	sqlite3_close(db);
	assert_int_equal(accounts_put(a, &c, err, sizeof(err)), ACCOUNTS_OK);
	accounts_close(a);
}

/* A committed change is there after a kill and after a chroot in between. */
static void
test_survives_kill_in_chroot(void **state)
{
	const struct scratch *s = *state;
	struct account got;
	char err[STORE_ERR_MAX];
	uint64_t id;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct accounts *a = accounts_open(s->path, err, sizeof(err));
		if (!a)
			_exit(1);
		if (unshare(CLONE_NEWUSER) != 0 && geteuid() != 0)
			_exit(77);
		if (chroot(s->dir) != 0)
			_exit(77);
		_exit(chdir("/") == 0 && add(a, "alice", NULL, &id) == ACCOUNTS_OK ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
	struct accounts *a = open_db(s);
	assert_int_equal(accounts_by_name(a, "alice", &got, err, sizeof(err)), ACCOUNTS_OK);
	assert_true(got.has_password);
	accounts_close(a);
}

struct seen_leases {
	unsigned int n, stop_at;
	struct stored_lease rows[8];
};

static bool
see_lease(void *ctx, const struct stored_lease *row)
{
	struct seen_leases *s = ctx;

	if (s->n == s->stop_at)
		return false;
	s->rows[s->n++] = *row;
	return true;
}

/* Leases, used longest ago first; a walk goes on where it was stopped, also after reopening. */
static void
test_leases(void **state)
{
	struct accounts *a = open_db(*state);
	struct stored_lease rows[] = { { ip_v4(0x0a000002), 7, true },
		{ ip_v4(0x0a000003), 8, true }, { ip_v4(0x0a000004), 9, false } };
	struct stored_lease again = { ip_v4(0x0a000002), 7, false };
	struct seen_leases seen = { .stop_at = 2 };
	struct leases_place at = { 0 };
	char err[STORE_ERR_MAX];

	assert_int_equal(leases_put(a, rows, 3, 1000, err, sizeof(err)), ACCOUNTS_OK);
	assert_int_equal(leases_put(a, &again, 1, 2000, err, sizeof(err)), ACCOUNTS_OK);
	accounts_close(a);
	a = open_db(*state);
	assert_int_equal(leases_each(a, &at, 0, see_lease, &seen, err, sizeof(err)), 2);
	assert_true(ip_equal(&seen.rows[0].address, &rows[1].address) && seen.rows[0].held);
	assert_true(seen.rows[1].account == 9 && !seen.rows[1].held);
	seen.stop_at = 8;
	assert_int_equal(leases_each(a, &at, 1, see_lease, &seen, err, sizeof(err)), 1);
	assert_true(seen.n == 3 && seen.rows[2].account == 7 && !seen.rows[2].held);
	assert_int_equal(leases_each(a, &at, 1, see_lease, &seen, err, sizeof(err)), 0);
	assert_true(leases_prune(a, 1500, err, sizeof(err))); /* 10.0.0.4; .3 is held */
	at = (struct leases_place){ 0 };
	seen.n = 0;
	assert_int_equal(leases_each(a, &at, 0, see_lease, &seen, err, sizeof(err)), 2);
	accounts_close(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)
		T(test_round_trip),
		T(test_old_file_keeps_its_rows),
		T(test_nothing_half_done),
		T(test_id_never_twice),
		T(test_streaming),
		T(test_groups),
		T(test_leases),
		T(test_damage_refuses),
		T(test_locked),
		T(test_survives_kill_in_chroot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
