/* accounts.db: whole changes or none, no id twice, damage refuses (R93, part "Accounts"). */
#include "os/store_accounts.h"

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
	c.drop_secret[SECRET_NT_HASH] = true;
	assert_int_equal(accounts_put(a, &c, err, sizeof(err)), ACCOUNTS_OK);
	accounts_close(a);
	a = open_db(*state);
	assert_int_equal(accounts_by_id(a, id, &got, err, sizeof(err)), ACCOUNTS_OK);
	assert_true(!got.enabled && !got.has_password);
	assert_int_equal(ip_v4_u32(&got.address), 0x0a000009);
	assert_string_equal(got.groups, "Staff");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)
		T(test_round_trip),
		T(test_nothing_half_done),
		T(test_id_never_twice),
		T(test_streaming),
		T(test_groups),
		T(test_damage_refuses),
		T(test_locked),
		T(test_survives_kill_in_chroot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
