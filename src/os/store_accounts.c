/* accounts.db. See store_accounts.h; groups are in store_groups.c. */
#include "os/store_accounts_priv.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const accounts_up[] = {
	"CREATE TABLE account("
	" id INTEGER PRIMARY KEY AUTOINCREMENT," /* never used twice: secrets are bound to it */
	" name TEXT NOT NULL UNIQUE, display TEXT NOT NULL,"
	" enabled INTEGER NOT NULL, expires_s INTEGER NOT NULL, dialin INTEGER NOT NULL,"
	" caller_id TEXT, address TEXT, created_s INTEGER NOT NULL, changed_s INTEGER NOT NULL);"
	"CREATE TABLE secret("
	" account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,"
	" kind INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY(account, kind)) WITHOUT ROWID;"
	"CREATE TABLE grp(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE);"
	"CREATE TABLE member("
	" account INTEGER NOT NULL REFERENCES account(id) ON DELETE CASCADE,"
	" grp INTEGER NOT NULL REFERENCES grp(id) ON DELETE CASCADE,"
	" PRIMARY KEY(account, grp)) WITHOUT ROWID;"
	"CREATE INDEX member_grp ON member(grp);",
	/* 2: the whole account model, and the counters of remote access lockout */
	"ALTER TABLE account ADD COLUMN locked INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE account ADD COLUMN must_change INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE account ADD COLUMN password_set_s INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE account ADD COLUMN password_expires_s INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE account ADD COLUMN hours TEXT;"
	"ALTER TABLE account ADD COLUMN routes TEXT;"
	/* when the password was set is not known: not later than the last change */
	"UPDATE account SET password_set_s = changed_s "
	"WHERE EXISTS(SELECT 1 FROM secret WHERE secret.account = account.id);"
	"CREATE TABLE lockout("
	" name TEXT NOT NULL, network TEXT NOT NULL," /* one of them may be empty */
	" denials INTEGER NOT NULL, last_s INTEGER NOT NULL,"
	" PRIMARY KEY(name, network)) WITHOUT ROWID;",
	/* Addresses: who has or had which. Not bound to account: it may be gone before its lease.
	 */
	"CREATE TABLE lease("
	" address TEXT PRIMARY KEY, account INTEGER NOT NULL, held INTEGER NOT NULL,"
	" at_us INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX lease_at ON lease(at_us, address);",
};

const struct store_schema accounts_schema = {
	.what = "the accounts",
	.application_id = 0x52524131, /* RRA1 */
	.sync = "FULL",
	.check = "integrity_check",
	.corrupt =
	    "stop rrasd and restore the file with its -wal from a backup; it is never replaced "
	    "by an empty one",
	.up = accounts_up,
	.n_up = sizeof(accounts_up) / sizeof(accounts_up[0]),
};

#define SELECT_ACCOUNT                                                                             \
	"SELECT id, name, display, enabled, expires_s, dialin, caller_id, address, created_s, "    \
	"changed_s, EXISTS(SELECT 1 FROM secret WHERE account = id AND kind = 1), "                \
	"EXISTS(SELECT 1 FROM secret WHERE account = id AND kind = 2), "                           \
	"(SELECT group_concat(g.name, char(10)) FROM member m JOIN grp g ON g.id = m.grp "         \
	"WHERE m.account = account.id), locked, must_change, password_set_s, "                     \
	"password_expires_s, hours, routes FROM account "

struct accounts *
accounts_open(const char *path, char *err, size_t cap)
{
	struct accounts *a = calloc(1, sizeof(*a));
	enum store_fault fault;
	sqlite3_stmt *s;

	if (!a) {
		snprintf(err, cap, "%s: memory is out", path);
		return NULL;
	}
	a->db = store_open(path, false, &accounts_schema, &fault, err, cap);
	s = a->db ? store_prepare(a->db,
			"SELECT max(ifnull((SELECT seq FROM sqlite_sequence WHERE name = "
			"'account'), 0), ifnull((SELECT max(id) FROM account), 0))",
			&accounts_schema, err, cap)
	          : NULL;
	if (!s) {
		accounts_close(a);
		return NULL;
	}
	if (sqlite3_step(s) == SQLITE_ROW)
		a->last_id = (uint64_t)sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return a;
}

void
accounts_close(struct accounts *a)
{
	if (!a)
		return;
	store_close(a->db);
	free(a);
}

uint64_t
accounts_new_id(struct accounts *a)
{
	return ++a->last_id;
}

enum accounts_result
accounts_failed(struct accounts *a, int rc, char *err, size_t cap)
{
	(void)store_error(a->db, rc, &accounts_schema, err, cap);
	return ACCOUNTS_ERROR;
}

enum accounts_result
accounts_run(struct accounts *a, sqlite3_stmt *s, char *err, size_t cap)
{
	int rc;

	if (!s)
		return ACCOUNTS_ERROR; /* err is filled by store_prepare */
	rc = sqlite3_step(s);
	sqlite3_finalize(s);
	if (rc == SQLITE_DONE || rc == SQLITE_ROW)
		return ACCOUNTS_OK;
	if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY)
		return ACCOUNTS_EXISTS;
	return accounts_failed(a, rc, err, cap);
}

static enum accounts_result
put_row(struct accounts *a, const struct account_change *c, char *err, size_t cap)
{
	const struct account *r = c->row;
	char address[ADDR_TEXT_MAX];
	sqlite3_stmt *s = store_prepare(a->db,
	    c->is_new ? "INSERT INTO account(id, name, display, enabled, expires_s, dialin, "
			"caller_id, address, created_s, changed_s, locked, must_change, "
			"password_set_s, password_expires_s, hours, routes) VALUES("
			"?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
			"?15, ?16)"
		      : "UPDATE account SET name = ?2, display = ?3, enabled = ?4, expires_s = ?5, "
			"dialin = ?6, caller_id = ?7, address = ?8, changed_s = ?10, "
			"locked = ?11, must_change = ?12, password_set_s = ?13, "
			"password_expires_s = ?14, hours = ?15, routes = ?16 "
			"WHERE id = ?1 AND ?9 = ?9",
	    &accounts_schema, err, cap);

	if (!s)
		return ACCOUNTS_ERROR;
	sqlite3_bind_int64(s, 1, (int64_t)r->id);
	sqlite3_bind_text(s, 2, r->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, r->display, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 4, r->enabled);
	sqlite3_bind_int64(s, 5, r->expires_unix_s);
	sqlite3_bind_int(s, 6, (int)r->dialin);
	store_bind_text(s, 7, r->caller_id);
	store_bind_text(s, 8, ip_is_none(&r->address) ? "" : ip_text(&r->address, address));
	sqlite3_bind_int64(s, 9, r->created_unix_s);
	sqlite3_bind_int64(s, 10, r->changed_unix_s);
	sqlite3_bind_int(s, 11, r->locked);
	sqlite3_bind_int(s, 12, r->must_change);
	sqlite3_bind_int64(s, 13, r->password_set_unix_s);
	sqlite3_bind_int64(s, 14, r->password_expires_unix_s);
	store_bind_text(s, 15, r->hours);
	store_bind_text(s, 16, r->routes);
	enum accounts_result result = accounts_run(a, s, err, cap);
	if (result == ACCOUNTS_OK && !c->is_new && sqlite3_changes(a->db) == 0)
		return ACCOUNTS_NOT_FOUND;
	return result;
}

static enum accounts_result
put_secrets(struct accounts *a, const struct account_change *c, char *err, size_t cap)
{
	enum accounts_result result = ACCOUNTS_OK;

	for (unsigned int k = 1; k < N_SECRET_KIND && result == ACCOUNTS_OK; k++) {
		if (!c->sealed[k].n && !c->drop_secret[k])
			continue;
		bool set = c->sealed[k].n > 0;
		sqlite3_stmt *s = store_prepare(a->db,
		    set ? "INSERT OR REPLACE INTO secret(account, kind, sealed) VALUES(?1, ?2, ?3)"
			: "DELETE FROM secret WHERE account = ?1 AND kind = ?2",
		    &accounts_schema, err, cap);
		if (s) {
			sqlite3_bind_int64(s, 1, (int64_t)c->row->id);
			sqlite3_bind_int(s, 2, (int)k);
			if (set)
				sqlite3_bind_blob(
				    s, 3, c->sealed[k].p, (int)c->sealed[k].n, SQLITE_STATIC);
		}
		result = accounts_run(a, s, err, cap);
	}
	return result;
}

static enum accounts_result
put_groups(struct accounts *a, const struct account_change *c, char *err, size_t cap)
{
	enum accounts_result result;
	sqlite3_stmt *s = store_prepare(
	    a->db, "DELETE FROM member WHERE account = ?1", &accounts_schema, err, cap);

	if (s)
		sqlite3_bind_int64(s, 1, (int64_t)c->row->id);
	result = accounts_run(a, s, err, cap);
	for (unsigned int i = 0; i < c->n_groups && result == ACCOUNTS_OK; i++)
		result = accounts_member_in(a, c->groups[i], c->row->id, true, err, cap);
	return result;
}

enum accounts_result
accounts_put(struct accounts *a, const struct account_change *c, char *err, size_t cap)
{
	enum accounts_result result;

	must(c->row->id != 0 && c->row->name[0]);
	if (!store_exec(a->db, "BEGIN IMMEDIATE", &accounts_schema, err, cap))
		return ACCOUNTS_ERROR;
	result = put_row(a, c, err, cap);
	if (result == ACCOUNTS_OK)
		result = put_secrets(a, c, err, cap);
	if (result == ACCOUNTS_OK && c->groups)
		result = put_groups(a, c, err, cap);
	return accounts_finish(a, result, err, cap);
}

enum accounts_result
accounts_finish(struct accounts *a, enum accounts_result result, char *err, size_t cap)
{
	if (result == ACCOUNTS_OK && store_exec(a->db, "COMMIT", &accounts_schema, err, cap))
		return ACCOUNTS_OK;
	sqlite3_exec(a->db, "ROLLBACK", NULL, NULL, NULL);
	return result == ACCOUNTS_OK ? ACCOUNTS_ERROR : result;
}

enum accounts_result
accounts_delete(struct accounts *a, uint64_t id, char *err, size_t cap)
{
	sqlite3_stmt *s =
	    store_prepare(a->db, "DELETE FROM account WHERE id = ?1", &accounts_schema, err, cap);
	enum accounts_result result;

	if (s)
		sqlite3_bind_int64(s, 1, (int64_t)id);
	result = accounts_run(a, s, err, cap);
	if (result == ACCOUNTS_OK && sqlite3_changes(a->db) == 0)
		return ACCOUNTS_NOT_FOUND;
	return result;
}

static void
read_account(sqlite3_stmt *s, struct account *out)
{
	char address[ADDR_TEXT_MAX];

	*out = (struct account){ .id = (uint64_t)sqlite3_column_int64(s, 0) };
	store_text(s, 1, out->name, sizeof(out->name));
	store_text(s, 2, out->display, sizeof(out->display));
	out->enabled = sqlite3_column_int(s, 3) != 0;
	out->expires_unix_s = sqlite3_column_int64(s, 4);
	out->dialin = (enum dialin)sqlite3_column_int(s, 5);
	store_text(s, 6, out->caller_id, sizeof(out->caller_id));
	store_text(s, 7, address, sizeof(address));
	if (!ip_parse(view_str(address), &out->address))
		out->address = (struct ip_addr){ 0 };
	out->created_unix_s = sqlite3_column_int64(s, 8);
	out->changed_unix_s = sqlite3_column_int64(s, 9);
	out->has_password = sqlite3_column_int(s, 10) != 0;
	out->has_reversible = sqlite3_column_int(s, 11) != 0;
	store_text(s, 12, out->groups, sizeof(out->groups));
	out->locked = sqlite3_column_int(s, 13) != 0;
	out->must_change = sqlite3_column_int(s, 14) != 0;
	out->password_set_unix_s = sqlite3_column_int64(s, 15);
	out->password_expires_unix_s = sqlite3_column_int64(s, 16);
	store_text(s, 17, out->hours, sizeof(out->hours));
	store_text(s, 18, out->routes, sizeof(out->routes));
}

static enum accounts_result
read_one(struct accounts *a, sqlite3_stmt *s, struct account *out, char *err, size_t cap)
{
	int rc = sqlite3_step(s);

	if (rc == SQLITE_ROW)
		read_account(s, out);
	sqlite3_finalize(s);
	if (rc == SQLITE_ROW)
		return ACCOUNTS_OK;
	return rc == SQLITE_DONE ? ACCOUNTS_NOT_FOUND : accounts_failed(a, rc, err, cap);
}

enum accounts_result
accounts_by_name(struct accounts *a, const char *name, struct account *out, char *err, size_t cap)
{
	sqlite3_stmt *s =
	    store_prepare(a->db, SELECT_ACCOUNT "WHERE name = ?1", &accounts_schema, err, cap);

	if (!s)
		return ACCOUNTS_ERROR;
	sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
	return read_one(a, s, out, err, cap);
}

enum accounts_result
accounts_by_id(struct accounts *a, uint64_t id, struct account *out, char *err, size_t cap)
{
	sqlite3_stmt *s =
	    store_prepare(a->db, SELECT_ACCOUNT "WHERE id = ?1", &accounts_schema, err, cap);

	if (!s)
		return ACCOUNTS_ERROR;
	sqlite3_bind_int64(s, 1, (int64_t)id);
	return read_one(a, s, out, err, cap);
}

int64_t
accounts_walk(
    struct accounts *a, sqlite3_stmt *s, accounts_row_fn fn, void *ctx, char *err, size_t cap)
{
	int64_t n = 0;
	int rc;

	if (!s)
		return -1; /* err is filled by store_prepare */
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		n++;
		if (!fn(ctx, s)) {
			rc = SQLITE_DONE;
			break;
		}
	}
	if (rc != SQLITE_DONE) {
		(void)accounts_failed(a, rc, err, cap);
		n = -1;
	}
	sqlite3_finalize(s);
	return n;
}

struct account_walk {
	account_fn fn;
	void *ctx;
};

static bool
account_row(void *ctx, sqlite3_stmt *s)
{
	const struct account_walk *w = ctx;
	struct account row;

	read_account(s, &row);
	return w->fn(w->ctx, &row);
}

int64_t
accounts_each(struct accounts *a, uint64_t after, uint32_t limit, account_fn fn, void *ctx,
    char *err, size_t cap)
{
	struct account_walk w = { fn, ctx };
	sqlite3_stmt *s = store_prepare(
	    a->db, SELECT_ACCOUNT "WHERE id > ?1 ORDER BY id LIMIT ?2", &accounts_schema, err, cap);

	if (s) {
		sqlite3_bind_int64(s, 1, (int64_t)after);
		sqlite3_bind_int64(s, 2, limit ? (int64_t)limit : -1);
	}
	return accounts_walk(a, s, account_row, &w, err, cap);
}

struct secret_walk {
	account_secret_fn fn;
	void *ctx;
};

static bool
secret_row(void *ctx, sqlite3_stmt *s)
{
	const struct secret_walk *w = ctx;
	const void *p = sqlite3_column_blob(s, 2);
	struct account_secret row = {
		.account = (uint64_t)sqlite3_column_int64(s, 0),
		.kind = (enum secret_kind)sqlite3_column_int(s, 1),
		.sealed = view_of(p, p ? (size_t)sqlite3_column_bytes(s, 2) : 0),
	};

	return w->fn(w->ctx, &row);
}

int64_t
accounts_secrets(struct accounts *a, uint64_t id, bool only, uint32_t limit, account_secret_fn fn,
    void *ctx, char *err, size_t cap)
{
	struct secret_walk w = { fn, ctx };
	sqlite3_stmt *s = store_prepare(a->db,
	    only ? "SELECT account, kind, sealed FROM secret WHERE account = ?1 LIMIT ?2"
		 : "SELECT account, kind, sealed FROM secret WHERE account > ?1 "
		   "ORDER BY account, kind LIMIT ?2",
	    &accounts_schema, err, cap);

	if (s) {
		sqlite3_bind_int64(s, 1, (int64_t)id);
		sqlite3_bind_int64(s, 2, limit ? (int64_t)limit : -1);
	}
	return accounts_walk(a, s, secret_row, &w, err, cap);
}
