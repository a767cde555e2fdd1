/* Counters of remote access lockout in accounts.db. See store_accounts.h. */
#include "os/store_accounts_priv.h"

#include <stdio.h>

static void
network_text(const struct ip_prefix *p, char *out, size_t cap)
{
	char addr[ADDR_TEXT_MAX];

	out[0] = 0;
	if (p->len)
		snprintf(out, cap, "%s/%u", ip_text(&p->addr, addr), p->len);
}

enum accounts_result
accounts_lockout_put(struct accounts *a, const struct account_lockout *l, char *err, size_t cap)
{
	char network[ADDR_TEXT_MAX + 8];
	sqlite3_stmt *s = store_prepare(a->db,
	    l->denials ? "INSERT OR REPLACE INTO lockout(name, network, denials, last_s) "
			 "VALUES(?1, ?2, ?3, ?4)"
		       : "DELETE FROM lockout WHERE name = ?1 AND network = ?2",
	    &accounts_schema, err, cap);

	network_text(&l->network, network, sizeof(network));
	if (s) {
		sqlite3_bind_text(s, 1, l->name, -1, SQLITE_STATIC);
		sqlite3_bind_text(s, 2, network, -1, SQLITE_STATIC);
		if (l->denials) {
			sqlite3_bind_int64(s, 3, l->denials);
			sqlite3_bind_int64(s, 4, l->last_unix_s);
		}
	}
	return accounts_run(a, s, err, cap);
}

struct lockout_walk {
	account_lockout_fn fn;
	void *ctx;
};

static bool
lockout_row(void *ctx, sqlite3_stmt *s)
{
	const struct lockout_walk *w = ctx;
	struct account_lockout row = { .denials = (uint32_t)sqlite3_column_int64(s, 2),
		.last_unix_s = sqlite3_column_int64(s, 3) };
	char network[ADDR_TEXT_MAX + 8];

	store_text(s, 0, row.name, sizeof(row.name));
	store_text(s, 1, network, sizeof(network));
	if (!ip_prefix_parse(view_str(network), &row.network))
		row.network = (struct ip_prefix){ 0 };
	return w->fn(w->ctx, &row);
}

int64_t
accounts_lockouts(struct accounts *a, const struct account_lockout *after, uint32_t limit,
    account_lockout_fn fn, void *ctx, char *err, size_t cap)
{
	struct lockout_walk w = { fn, ctx };
	char network[ADDR_TEXT_MAX + 8] = "";
	sqlite3_stmt *s = store_prepare(a->db,
	    after ? "SELECT name, network, denials, last_s FROM lockout WHERE (name, network) > "
		    "(?1, ?2) ORDER BY name, network LIMIT ?3"
		  : "SELECT name, network, denials, last_s FROM lockout WHERE ?1 = ?1 AND "
		    "?2 = ?2 ORDER BY name, network LIMIT ?3",
	    &accounts_schema, err, cap);

	if (after)
		network_text(&after->network, network, sizeof(network));
	if (s) {
		sqlite3_bind_text(s, 1, after ? after->name : "", -1, SQLITE_STATIC);
		sqlite3_bind_text(s, 2, network, -1, SQLITE_STATIC);
		sqlite3_bind_int64(s, 3, limit ? (int64_t)limit : -1);
	}
	return accounts_walk(a, s, lockout_row, &w, err, cap);
}
