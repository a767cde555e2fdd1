/* Leases in accounts.db. See store_leases.h. */
#include "os/store_leases.h"
#include "os/store_accounts_priv.h"

static enum accounts_result
put_one(struct accounts *a, sqlite3_stmt *s, const struct stored_lease *row, int64_t now_us,
    char *err, size_t cap)
{
	char address[ADDR_TEXT_MAX];
	int rc;

	ip_text(&row->address, address);
	sqlite3_bind_text(s, 1, address, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, (int64_t)row->account);
	sqlite3_bind_int(s, 3, row->held);
	sqlite3_bind_int64(s, 4, now_us);
	rc = store_run(s);
	return rc == SQLITE_OK ? ACCOUNTS_OK : accounts_failed(a, rc, err, cap);
}

enum accounts_result
leases_put(struct accounts *a, const struct stored_lease *rows, size_t n, int64_t now_us, char *err,
    size_t cap)
{
	enum accounts_result result = ACCOUNTS_OK;
	sqlite3_stmt *s;

	if (!store_exec(a->db, "BEGIN IMMEDIATE", &accounts_schema, err, cap))
		return ACCOUNTS_ERROR;
	s = store_prepare(a->db,
	    "INSERT INTO lease(address, account, held, at_us) VALUES(?1, ?2, ?3, ?4) "
	    "ON CONFLICT(address) DO UPDATE SET account = ?2, held = ?3, at_us = ?4",
	    &accounts_schema, err, cap);
	if (!s)
		result = ACCOUNTS_ERROR;
	/* one turn's rows keep their order */
	for (size_t i = 0; i < n && result == ACCOUNTS_OK; i++)
		result = put_one(a, s, &rows[i], now_us + (int64_t)i, err, cap);
	sqlite3_finalize(s);
	return accounts_finish(a, result, err, cap);
}

int64_t
leases_each(struct accounts *a, struct leases_place *place, uint32_t limit, stored_lease_fn fn,
    void *ctx, char *err, size_t cap)
{
	sqlite3_stmt *s = store_prepare(a->db,
	    "SELECT address, account, held, at_us FROM lease WHERE (at_us, address) > (?1, ?2) "
	    "ORDER BY at_us, address LIMIT ?3",
	    &accounts_schema, err, cap);
	int64_t n = 0;
	int rc;

	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, place->at_us);
	sqlite3_bind_text(s, 2, place->address, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(s, 3, limit ? (int64_t)limit : -1);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct stored_lease row = { .account = (uint64_t)sqlite3_column_int64(s, 1),
			.held = sqlite3_column_int(s, 2) != 0 };
		struct leases_place at = { .at_us = sqlite3_column_int64(s, 3) };
		store_text(s, 0, at.address, sizeof(at.address));
		/* what cannot be read is nobody's: it is passed over */
		if (ip_parse(view_str(at.address), &row.address) && !fn(ctx, &row))
			break;
		*place = at;
		n++;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		(void)accounts_failed(a, rc, err, cap);
		n = -1;
	}
	sqlite3_finalize(s);
	return n;
}

bool
leases_prune(struct accounts *a, int64_t before_us, char *err, size_t cap)
{
	sqlite3_stmt *s = store_prepare(
	    a->db, "DELETE FROM lease WHERE held = 0 AND at_us < ?1", &accounts_schema, err, cap);

	if (!s)
		return false;
	sqlite3_bind_int64(s, 1, before_us);
	return accounts_run(a, s, err, cap) == ACCOUNTS_OK;
}
