/*
 * What policies were asked and how they stood: the request of each attempt that came to a decision,
 * and the policy sets themselves, by their hash, so that the whole trace can be made again after
 * the configuration has changed. See store_history.h.
 */
#include "os/store_history_priv.h"

#include <stdlib.h>

#define SETS_KEPT 64u /* besides those that an attempt still refers to: these newest */
#define SETS_MAX 512u

bool
history_put_decided(struct history *h, const struct attempt_id *id, const struct history_decided *d,
    char *err, size_t cap)
{
	sqlite3_stmt *s = h->put_decided;
	int rc;

	sqlite3_bind_blob(s, 1, id->b, sizeof(id->b), SQLITE_STATIC);
	sqlite3_bind_int(s, 2, d->granted);
	sqlite3_bind_blob(s, 3, d->policy_set, sizeof(d->policy_set), SQLITE_STATIC);
	sqlite3_bind_text(s, 4, d->request, -1, SQLITE_STATIC);
	rc = store_run(s);
	return rc == SQLITE_OK || store_error(h->db, rc, &history_schema, err, cap);
}

/* One row of decided; malloc'ed, the request behind it. */
static struct history_decided *
read_decided(sqlite3_stmt *s)
{
	const void *hash = sqlite3_column_blob(s, 1);
	const unsigned char *text = sqlite3_column_text(s, 2);
	size_t n = (size_t)sqlite3_column_bytes(s, 2);
	struct history_decided *d = calloc(1, sizeof(*d) + n + 1);

	if (!d)
		return NULL;
	d->granted = sqlite3_column_int(s, 0) != 0;
	if (hash && sqlite3_column_bytes(s, 1) == (int)sizeof(d->policy_set))
		memcpy(d->policy_set, hash, sizeof(d->policy_set));
	if (text)
		memcpy(d + 1, text, n);
	d->request = (const char *)(d + 1);
	return d;
}

/* The result of a statement with at most one row of decided. */
static enum history_found
one_decided(struct history *h, sqlite3_stmt *s, struct history_decided **out, char *err, size_t cap)
{
	enum history_found found = HISTORY_NONE;
	int rc = sqlite3_step(s);

	if (rc == SQLITE_ROW) {
		*out = read_decided(s);
		found = *out ? HISTORY_FOUND : HISTORY_ERROR;
		if (!*out)
			(void)store_error(h->db, SQLITE_NOMEM, &history_schema, err, cap);
	} else if (rc != SQLITE_DONE) {
		(void)store_error(h->db, rc, &history_schema, err, cap);
		found = HISTORY_ERROR;
	}
	sqlite3_finalize(s);
	return found;
}

enum history_found
history_decided(struct history *h, const struct attempt_id *id, struct history_decided **out,
    char *err, size_t cap)
{
	sqlite3_stmt *s =
	    store_prepare(h->db, "SELECT granted, policy_set, request FROM decided WHERE id = ?1",
		&history_schema, err, cap);

	if (!s)
		return HISTORY_ERROR;
	sqlite3_bind_blob(s, 1, id->b, sizeof(id->b), SQLITE_STATIC);
	return one_decided(h, s, out, err, cap);
}

enum history_found
history_latest_decided(struct history *h, bool granted, const char *user, struct attempt_id *out,
    char *err, size_t cap)
{
	enum history_found found = HISTORY_NONE;
	sqlite3_stmt *s = store_prepare(h->db,
	    "SELECT a.id FROM attempt a JOIN decided d ON d.id = a.id WHERE d.granted = ?1 "
	    "AND (?2 IS NULL OR a.user = ?2 OR a.account = ?2) ORDER BY a.began_us DESC LIMIT 1",
	    &history_schema, err, cap);
	int rc;

	if (!s)
		return HISTORY_ERROR;
	sqlite3_bind_int(s, 1, granted);
	store_bind_text(s, 2, user ? user : "");
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW && sqlite3_column_bytes(s, 0) == (int)sizeof(out->b)) {
		memcpy(out->b, sqlite3_column_blob(s, 0), sizeof(out->b));
		found = HISTORY_FOUND;
	} else if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
		(void)store_error(h->db, rc, &history_schema, err, cap);
		found = HISTORY_ERROR;
	}
	sqlite3_finalize(s);
	return found;
}

void
history_decided_free(struct history_decided *d)
{
	free(d);
}

/* Sets that no attempt refers to go first, but for the newest; then the oldest. */
static bool
trim_sets(struct history *h, char *err, size_t cap)
{
	static const char *const sql[] = {
		"DELETE FROM policy_set WHERE hash NOT IN (SELECT policy_set FROM decided) AND "
		"hash NOT IN (SELECT hash FROM policy_set ORDER BY stored_us DESC LIMIT ?1)",
		"DELETE FROM policy_set WHERE hash NOT IN "
		"(SELECT hash FROM policy_set ORDER BY stored_us DESC LIMIT ?1)",
	};
	static const unsigned int kept[] = { SETS_KEPT, SETS_MAX };

	for (unsigned int i = 0; i < 2; i++) {
		sqlite3_stmt *s = store_prepare(h->db, sql[i], &history_schema, err, cap);
		if (!s)
			return false;
		sqlite3_bind_int(s, 1, (int)kept[i]);
		int rc = sqlite3_step(s);
		sqlite3_finalize(s);
		if (rc != SQLITE_DONE)
			return store_error(h->db, rc, &history_schema, err, cap);
	}
	return true;
}

bool
history_put_policy_set(struct history *h, const uint8_t hash[HISTORY_SET_HASH], const char *text,
    int64_t unix_us, char *err, size_t cap)
{
	sqlite3_stmt *s = store_prepare(h->db,
	    "INSERT OR REPLACE INTO policy_set(hash, stored_us, text) VALUES(?1, ?2, ?3)",
	    &history_schema, err, cap);
	int rc;

	if (!s)
		return false;
	sqlite3_bind_blob(s, 1, hash, HISTORY_SET_HASH, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, unix_us);
	sqlite3_bind_text(s, 3, text, -1, SQLITE_STATIC);
	rc = sqlite3_step(s);
	sqlite3_finalize(s);
	if (rc != SQLITE_DONE)
		return store_error(h->db, rc, &history_schema, err, cap);
	return trim_sets(h, err, cap);
}

enum history_found
history_policy_set(
    struct history *h, const uint8_t hash[HISTORY_SET_HASH], char **out, char *err, size_t cap)
{
	enum history_found found = HISTORY_NONE;
	sqlite3_stmt *s = store_prepare(
	    h->db, "SELECT text FROM policy_set WHERE hash = ?1", &history_schema, err, cap);
	int rc;

	if (!s)
		return HISTORY_ERROR;
	sqlite3_bind_blob(s, 1, hash, HISTORY_SET_HASH, SQLITE_STATIC);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		const unsigned char *text = sqlite3_column_text(s, 0);
		*out = strdup(text ? (const char *)text : "");
		found = *out ? HISTORY_FOUND : HISTORY_ERROR;
		if (!*out)
			(void)store_error(h->db, SQLITE_NOMEM, &history_schema, err, cap);
	} else if (rc != SQLITE_DONE) {
		(void)store_error(h->db, rc, &history_schema, err, cap);
		found = HISTORY_ERROR;
	}
	sqlite3_finalize(s);
	return found;
}
