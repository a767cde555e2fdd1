/*
 * Writing history.db: attempts as they move on and end, counted early ends, and what is kept of
 * both. See store_history.h; reading is in store_history_find.c.
 */
#include "os/store_facts.h"
#include "os/store_history_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define KEPT_DEFAULT 100000u

static const char *const history_up[] = {
	"CREATE TABLE attempt("
	" id BLOB PRIMARY KEY NOT NULL CHECK(length(id) = 16),"
	" class INTEGER NOT NULL," /* enum history_class */
	" tunnel INTEGER NOT NULL, peer TEXT, local TEXT,"
	" began_us INTEGER NOT NULL, duration_ms INTEGER NOT NULL,"
	" stage INTEGER NOT NULL, ended INTEGER NOT NULL, client INTEGER NOT NULL,"
	" cause INTEGER NOT NULL, ended_by INTEGER NOT NULL, method INTEGER NOT NULL,"
	" user TEXT COLLATE NOCASE, account TEXT COLLATE NOCASE, policy TEXT, device TEXT,"
	" address TEXT, in_bytes INTEGER, out_bytes INTEGER, in_pkts INTEGER, out_pkts INTEGER,"
	" facts BLOB);"
	"CREATE INDEX attempt_time ON attempt(began_us);"
	"CREATE INDEX attempt_class ON attempt(class, ended, began_us);"
	"CREATE INDEX attempt_user ON attempt(user, began_us);"
	"CREATE INDEX attempt_account ON attempt(account, began_us);"
	"CREATE INDEX attempt_cause ON attempt(cause, began_us);"
	"CREATE TABLE counted("
	" minute INTEGER NOT NULL, cause INTEGER NOT NULL, prefix TEXT NOT NULL,"
	" n INTEGER NOT NULL, PRIMARY KEY(minute, cause, prefix)) WITHOUT ROWID;",
	"CREATE TABLE decided("
	" id BLOB PRIMARY KEY NOT NULL CHECK(length(id) = 16), granted INTEGER NOT NULL,"
	" policy_set BLOB NOT NULL, request TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX decided_set ON decided(policy_set);"
	"CREATE TABLE policy_set("
	" hash BLOB PRIMARY KEY NOT NULL, stored_us INTEGER NOT NULL, text TEXT NOT NULL);",
	"ALTER TABLE attempt ADD COLUMN prefix6 TEXT;",
};

const struct store_schema history_schema = {
	.what = "the history of attempts",
	.application_id = 0x52524831, /* RRH1 */
	.sync = "NORMAL",
	.check = "quick_check",
	.corrupt = "move it and its -wal and -shm files away; a new one is begun",
	.up = history_up,
	.n_up = sizeof(history_up) / sizeof(history_up[0]),
};

struct history_limits
history_limits_of(uint32_t kept)
{
	uint32_t n = kept ? kept : KEPT_DEFAULT;

	if (n < 40)
		n = 40;
	return (struct history_limits){
		.early = n / 5, .auth = n / 5 * 2, .up = n - n / 5 - n / 5 * 2, .counted = n
	};
}

static enum history_class
class_of(enum stage stage)
{
	if (stage < STAGE_AUTHENTICATE)
		return HISTORY_EARLY;
	return stage < STAGE_UP ? HISTORY_AUTH : HISTORY_UP;
}

/* Counts once what retention then keeps up to date. */
static bool
count_rows(struct history *h, char *err, size_t cap)
{
	sqlite3_stmt *s = store_prepare(h->db,
	    "SELECT class, count(*) FROM attempt WHERE ended = 1 GROUP BY class UNION ALL "
	    "SELECT 99, count(*) FROM counted",
	    &history_schema, err, cap);
	int rc = SQLITE_ERROR;

	if (!s)
		return false;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		int class = sqlite3_column_int(s, 0);
		uint32_t n = (uint32_t)sqlite3_column_int64(s, 1);
		if (class >= 0 && class < N_HISTORY_CLASS)
			h->n_ended[class] = n;
		else
			h->n_counted = n;
	}
	sqlite3_finalize(s);
	return rc == SQLITE_DONE || store_error(h->db, rc, &history_schema, err, cap);
}

static bool
prepare_writers(struct history *h, char *err, size_t cap)
{
	const struct {
		sqlite3_stmt **at;
		const char *sql;
	} all[] = {
		{ &h->look, "SELECT class, ended, facts FROM attempt WHERE id = ?1" },
		{ &h->put,
		    "INSERT OR REPLACE INTO attempt(" HISTORY_COLUMNS ", class, facts) VALUES("
		    "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, "
		    "?18, ?19, ?20, ?21, ?22, ?23, ?24)" },
		{ &h->set_facts, "UPDATE attempt SET facts = ?2 WHERE id = ?1" },
		{ &h->trim,
		    "DELETE FROM attempt WHERE id IN (SELECT id FROM attempt WHERE class = ?1 AND "
		    "ended = 1 ORDER BY began_us LIMIT ?2)" },
		{ &h->put_decided,
		    "INSERT OR REPLACE INTO decided(id, granted, policy_set, request) "
		    "VALUES(?1, ?2, ?3, ?4)" },
		{ &h->trim_decided,
		    "DELETE FROM decided WHERE id IN (SELECT id FROM attempt WHERE class = ?1 AND "
		    "ended = 1 ORDER BY began_us LIMIT ?2)" },
		{ &h->count_add,
		    "INSERT INTO counted(minute, cause, prefix, n) VALUES(?1, ?2, ?3, ?4) "
		    "ON CONFLICT DO UPDATE SET n = n + excluded.n" },
		{ &h->count_trim,
		    "DELETE FROM counted WHERE minute <= (SELECT minute FROM counted ORDER BY "
		    "minute LIMIT 1 OFFSET ?1)" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		*all[i].at = store_prepare(h->db, all[i].sql, &history_schema, err, cap);
		if (!*all[i].at)
			return false;
	}
	return true;
}

/* Puts a damaged file and its log out of the way. */
static bool
move_aside(const char *path, char *moved, size_t cap)
{
	char wal[1100];
	bool ok;

	snprintf(moved, cap, "%s.damaged-%lld", path, (long long)time(NULL));
	ok = rename(path, moved) == 0;
	snprintf(wal, sizeof(wal), "%s-wal", path);
	unlink(wal);
	snprintf(wal, sizeof(wal), "%s-shm", path);
	unlink(wal);
	return ok;
}

/* Opens for writing; err gets a notice when a damaged file had to make way. */
static sqlite3 *
open_for_writing(const char *path, char *err, size_t cap)
{
	char why[STORE_ERR_MAX], moved[300];
	enum store_fault fault;
	sqlite3 *db = store_open(path, false, &history_schema, &fault, err, cap);

	if (db) {
		err[0] = 0;
		return db;
	}
	if (fault != STORE_CORRUPT)
		return NULL;
	snprintf(why, sizeof(why), "%s", err);
	if (!move_aside(path, moved, sizeof(moved)))
		return NULL;
	db = store_open(path, false, &history_schema, &fault, err, cap);
	if (db)
		snprintf(err, cap, "%.200s: damaged, moved to %s, a new one is begun", path, moved);
	return db;
}

struct history *
history_open(const char *path, enum history_mode mode, const struct history_limits *limits,
    char *err, size_t cap)
{
	struct history_limits l = history_limits_of(0);
	struct history *h = calloc(1, sizeof(*h));
	enum store_fault fault;

	must(cap > 0);
	if (!h) {
		snprintf(err, cap, "%s: memory is out", path);
		return NULL;
	}
	if (limits) {
		l.early = limits->early ? limits->early : l.early;
		l.auth = limits->auth ? limits->auth : l.auth;
		l.up = limits->up ? limits->up : l.up;
		l.counted = limits->counted ? limits->counted : l.counted;
	}
	h->limit[HISTORY_EARLY] = l.early;
	h->limit[HISTORY_AUTH] = l.auth;
	h->limit[HISTORY_UP] = l.up;
	h->limit_counted = l.counted;
	if (mode == HISTORY_READ) {
		h->db = store_open(path, true, &history_schema, &fault, err, cap);
		if (h->db) {
			err[0] = 0;
			return h;
		}
	} else {
		char e2[STORE_ERR_MAX];
		h->db = open_for_writing(path, err, cap);
		if (h->db && prepare_writers(h, e2, sizeof(e2)) && count_rows(h, e2, sizeof(e2)))
			return h;
		if (h->db)
			snprintf(err, cap, "%s", e2);
	}
	history_close(h);
	return NULL;
}

void
history_close(struct history *h)
{
	if (!h)
		return;
	sqlite3_stmt *all[] = { h->look, h->put, h->set_facts, h->trim, h->count_add, h->count_trim,
		h->put_decided, h->trim_decided };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sqlite3_finalize(all[i]);
	store_close(h->db);
	free(h);
}

void
history_checkpoint(struct history *h)
{
	sqlite3_wal_checkpoint_v2(h->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

bool
history_begin(struct history *h, char *err, size_t cap)
{
	if (h->in_transaction)
		return true;
	if (!store_exec(h->db, "BEGIN IMMEDIATE", &history_schema, err, cap))
		return false;
	h->in_transaction = true;
	return true;
}

bool
history_commit(struct history *h, char *err, size_t cap)
{
	if (!h->in_transaction)
		return true;
	if (sqlite3_get_autocommit(h->db)) { /* SQLite rolled back by itself: disk full, I/O */
		history_rollback(h);
		snprintf(err, cap, "%s; remedy: make room on the disk, then look into its health",
		    "the latest rows of the history of attempts could not be written");
		return false;
	}
	h->in_transaction = false;
	if (store_exec(h->db, "COMMIT", &history_schema, err, cap))
		return true;
	h->in_transaction = true;
	history_rollback(h);
	return false;
}

void
history_rollback(struct history *h)
{
	char err[STORE_ERR_MAX];

	if (!h->in_transaction)
		return;
	h->in_transaction = false;
	sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL); /* none is left where SQLite did it */
	if (!count_rows(h, err, sizeof(err)))              /* what was counted came to nothing */
		return; /* retention is late by some rows, until the next start */
}

bool
history_may_recover(const struct history *h)
{
	switch (sqlite3_errcode(h->db) & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_NOMEM:
	case SQLITE_READONLY:
	case SQLITE_IOERR:
	case SQLITE_FULL:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return true;
	default:
		return false;
	}
}

/* Deletes the oldest ended rows of a class, somewhat more than needed so that it is seldom. */
static bool
trim(struct history *h, enum history_class class, char *err, size_t cap)
{
	uint32_t n, limit = h->limit[class];
	int rc;

	if (h->n_ended[class] <= limit + limit / 64)
		return true;
	n = h->n_ended[class] - limit;
	sqlite3_bind_int(h->trim_decided, 1, (int)class); /* first, while its attempts are there */
	sqlite3_bind_int64(h->trim_decided, 2, n);
	rc = store_run(h->trim_decided);
	sqlite3_bind_int(h->trim, 1, (int)class);
	sqlite3_bind_int64(h->trim, 2, n);
	if (rc == SQLITE_OK)
		rc = store_run(h->trim);
	if (rc != SQLITE_OK)
		return store_error(h->db, rc, &history_schema, err, cap);
	h->n_ended[class] -= n;
	return true;
}

static void
bind_row(sqlite3_stmt *s, const struct attempt_record *r, char text[4][ENDPOINT_TEXT_MAX])
{
	sqlite3_bind_blob(s, 1, r->id.b, sizeof(r->id.b), SQLITE_STATIC);
	sqlite3_bind_int(s, 2, (int)r->tunnel);
	store_bind_text(s, 3, ip_is_none(&r->peer.addr) ? "" : endpoint_text(&r->peer, text[0]));
	store_bind_text(s, 4, ip_is_none(&r->local.addr) ? "" : endpoint_text(&r->local, text[1]));
	sqlite3_bind_int64(s, 5, r->began_unix_us);
	sqlite3_bind_int64(s, 6, (int64_t)r->duration_ms);
	sqlite3_bind_int(s, 7, (int)r->stage);
	sqlite3_bind_int(s, 8, r->ended);
	sqlite3_bind_int(s, 9, r->client);
	sqlite3_bind_int(s, 10, (int)r->cause);
	sqlite3_bind_int(s, 11, (int)r->ended_by);
	sqlite3_bind_int(s, 12, (int)r->method);
	store_bind_text(s, 13, r->user);
	store_bind_text(s, 14, r->account);
	store_bind_text(s, 15, r->policy);
	store_bind_text(s, 16, r->device);
	store_bind_text(s, 17, ip_is_none(&r->address) ? "" : ip_text(&r->address, text[2]));
	sqlite3_bind_int64(s, 18, (int64_t)r->in_bytes);
	sqlite3_bind_int64(s, 19, (int64_t)r->out_bytes);
	sqlite3_bind_int64(s, 20, (int64_t)r->in_pkts);
	sqlite3_bind_int64(s, 21, (int64_t)r->out_pkts);
	store_bind_text(s, 22, ip_is_none(&r->prefix6) ? "" : ip_text(&r->prefix6, text[3]));
	sqlite3_bind_int(s, 23, (int)class_of(r->stage));
}

/* The stored row of id: its class and whether it had ended; merges its facts with more into out. */
static int
look(struct history *h, const struct attempt_id *id, struct view more, int *class, bool *ended,
    uint8_t *out, size_t *n_out)
{
	int rc;

	*class = -1;
	*ended = false;
	sqlite3_bind_blob(h->look, 1, id->b, sizeof(id->b), SQLITE_STATIC);
	rc = sqlite3_step(h->look);
	if (rc == SQLITE_ROW) {
		*class = sqlite3_column_int(h->look, 0);
		*ended = sqlite3_column_int(h->look, 1) != 0;
		const void *p = sqlite3_column_blob(h->look, 2);
		size_t n = (size_t)sqlite3_column_bytes(h->look, 2);
		*n_out = store_facts_merge(view_of(p, p ? n : 0), more, out, HISTORY_FACTS_MAX);
	} else if (rc == SQLITE_DONE) {
		*n_out = store_facts_merge(more, view_of(NULL, 0), out, HISTORY_FACTS_MAX);
	}
	sqlite3_reset(h->look);
	sqlite3_clear_bindings(h->look);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

bool
history_put(struct history *h, const struct attempt_record *r, char *err, size_t cap)
{
	enum history_class class = class_of(r->stage);
	char text[4][ENDPOINT_TEXT_MAX];
	static uint8_t facts[HISTORY_FACTS_MAX];
	size_t n = 0;
	bool was_ended;
	int was_class;
	int rc = look(h, &r->id, r->facts, &was_class, &was_ended, facts, &n);

	if (rc == SQLITE_OK) {
		bind_row(h->put, r, text);
		sqlite3_bind_blob(h->put, 24, facts, (int)n, SQLITE_STATIC);
		rc = store_run(h->put);
	}
	if (rc != SQLITE_OK)
		return store_error(h->db, rc, &history_schema, err, cap);
	if (was_ended && was_class >= 0 && was_class < N_HISTORY_CLASS && h->n_ended[was_class])
		h->n_ended[was_class]--;
	if (!r->ended)
		return true;
	h->n_ended[class]++;
	return trim(h, class, err, cap);
}

bool
history_add_facts(struct history *h, const struct attempt_id *id, struct view facts,
    bool *found_out, char *err, size_t cap)
{
	static uint8_t all[HISTORY_FACTS_MAX];
	size_t n = 0;
	bool ended;
	int class, rc = look(h, id, facts, &class, &ended, all, &n);

	*found_out = rc == SQLITE_OK && class >= 0;
	if (rc == SQLITE_OK && class >= 0) {
		sqlite3_bind_blob(h->set_facts, 1, id->b, sizeof(id->b), SQLITE_STATIC);
		sqlite3_bind_blob(h->set_facts, 2, all, (int)n, SQLITE_STATIC);
		rc = store_run(h->set_facts);
	}
	if (rc != SQLITE_OK)
		return store_error(h->db, rc, &history_schema, err, cap);
	return true;
}

bool
history_count_add(struct history *h, const struct history_count *c, char *err, size_t cap)
{
	char prefix[ADDR_TEXT_MAX + 5], addr[ADDR_TEXT_MAX];
	int rc;

	snprintf(prefix, sizeof(prefix), "%s/%u", ip_text(&c->prefix.addr, addr), c->prefix.len);
	sqlite3_bind_int64(h->count_add, 1, (int64_t)c->minute);
	sqlite3_bind_int(h->count_add, 2, (int)c->cause);
	sqlite3_bind_text(h->count_add, 3, prefix, -1, SQLITE_STATIC);
	sqlite3_bind_int64(h->count_add, 4, (int64_t)c->attempts);
	rc = store_run(h->count_add);
	if (rc == SQLITE_OK && ++h->n_counted > h->limit_counted + h->limit_counted / 16) {
		/* An added-to row was counted too: count anew, then drop the oldest minutes. */
		if (!count_rows(h, err, cap))
			return false;
		if (h->n_counted > h->limit_counted) {
			sqlite3_bind_int64(h->count_trim, 1, h->n_counted - h->limit_counted - 1);
			rc = store_run(h->count_trim);
			h->n_counted -= (uint32_t)sqlite3_changes(h->db);
		}
	}
	return rc == SQLITE_OK || store_error(h->db, rc, &history_schema, err, cap);
}
