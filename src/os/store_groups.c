/* Groups and membership in accounts.db. See store_accounts.h. */
#include "os/store_accounts_priv.h"

#include <stdio.h>

/* The id of a group; 0 and a result when there is none or the database failed. */
static int64_t
group_id(struct accounts *a, const char *name, enum accounts_result *result, char *err, size_t cap)
{
	sqlite3_stmt *s =
	    store_prepare(a->db, "SELECT id FROM grp WHERE name = ?1", &accounts_schema, err, cap);
	int64_t id = 0;
	int rc;

	*result = ACCOUNTS_ERROR;
	if (!s)
		return 0;
	sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		id = sqlite3_column_int64(s, 0);
		*result = ACCOUNTS_OK;
	} else if (rc == SQLITE_DONE) {
		snprintf(err, cap, "%s", name);
		*result = ACCOUNTS_NO_GROUP;
	} else {
		(void)accounts_failed(a, rc, err, cap);
	}
	sqlite3_finalize(s);
	return id;
}

enum accounts_result
accounts_group_find(struct accounts *a, const char *name, char *err, size_t cap)
{
	enum accounts_result result;

	(void)group_id(a, name, &result, err, cap);
	return result;
}

enum accounts_result
accounts_member_in(
    struct accounts *a, const char *group, uint64_t id, bool add, char *err, size_t cap)
{
	enum accounts_result result;
	int64_t g = group_id(a, group, &result, err, cap);
	sqlite3_stmt *s;

	if (result != ACCOUNTS_OK)
		return result;
	s = store_prepare(a->db,
	    add ? "INSERT OR IGNORE INTO member(account, grp) VALUES(?1, ?2)"
		: "DELETE FROM member WHERE account = ?1 AND grp = ?2",
	    &accounts_schema, err, cap);
	if (s) {
		sqlite3_bind_int64(s, 1, (int64_t)id);
		sqlite3_bind_int64(s, 2, g);
	}
	return accounts_run(a, s, err, cap);
}

enum accounts_result
accounts_member(struct accounts *a, const char *group, uint64_t id, bool add, char *err, size_t cap)
{
	if (!store_exec(a->db, "BEGIN IMMEDIATE", &accounts_schema, err, cap))
		return ACCOUNTS_ERROR;
	return accounts_finish(a, accounts_member_in(a, group, id, add, err, cap), err, cap);
}

enum accounts_result
accounts_group_add(struct accounts *a, const char *name, char *err, size_t cap)
{
	sqlite3_stmt *s =
	    store_prepare(a->db, "INSERT INTO grp(name) VALUES(?1)", &accounts_schema, err, cap);

	if (s)
		sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
	return accounts_run(a, s, err, cap);
}

enum accounts_result
accounts_group_delete(struct accounts *a, const char *name, char *err, size_t cap)
{
	sqlite3_stmt *s =
	    store_prepare(a->db, "DELETE FROM grp WHERE name = ?1", &accounts_schema, err, cap);
	enum accounts_result result;

	if (s)
		sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
	result = accounts_run(a, s, err, cap);
	if (result == ACCOUNTS_OK && sqlite3_changes(a->db) == 0) {
		snprintf(err, cap, "%s", name);
		return ACCOUNTS_NO_GROUP;
	}
	return result;
}

struct group_walk {
	account_group_fn fn;
	void *ctx;
};

static bool
group_row(void *ctx, sqlite3_stmt *s)
{
	const struct group_walk *w = ctx;
	struct account_group g = { .n_members = (uint32_t)sqlite3_column_int64(s, 1) };

	store_text(s, 0, g.name, sizeof(g.name));
	return w->fn(w->ctx, &g);
}

int64_t
accounts_groups(struct accounts *a, account_group_fn fn, void *ctx, char *err, size_t cap)
{
	struct group_walk w = { fn, ctx };
	sqlite3_stmt *s = store_prepare(a->db,
	    "SELECT name, (SELECT count(*) FROM member WHERE grp = grp.id) FROM grp ORDER BY name",
	    &accounts_schema, err, cap);

	return accounts_walk(a, s, group_row, &w, err, cap);
}

static bool
member_row(void *ctx, sqlite3_stmt *s)
{
	uint64_t **next = ctx;

	*(*next)++ = (uint64_t)sqlite3_column_int64(s, 0);
	return true;
}

int64_t
accounts_members(
    struct accounts *a, const char *group, uint64_t *out, uint32_t limit, char *err, size_t cap)
{
	sqlite3_stmt *s = store_prepare(a->db,
	    "SELECT m.account FROM member m JOIN grp g ON g.id = m.grp WHERE g.name = ?1 "
	    "ORDER BY m.account LIMIT ?2",
	    &accounts_schema, err, cap);

	if (s) {
		sqlite3_bind_text(s, 1, group, -1, SQLITE_STATIC);
		sqlite3_bind_int64(s, 2, limit);
	}
	return accounts_walk(a, s, member_row, &out, err, cap);
}
