/* What store_accounts.c and store_groups.c share. */
#ifndef OS_STORE_ACCOUNTS_PRIV_H
#define OS_STORE_ACCOUNTS_PRIV_H

#include "os/store.h"
#include "os/store_accounts.h"

struct accounts {
	sqlite3 *db;
	uint64_t last_id;
};

extern const struct store_schema accounts_schema;

/* The error of db into err. */
enum accounts_result accounts_failed(struct accounts *a, int rc, char *err, size_t cap);

/* Steps a statement without results and finalizes it; NULL is a failed prepare. */
enum accounts_result accounts_run(struct accounts *a, sqlite3_stmt *s, char *err, size_t cap);

/*
 * Steps a statement to its end, gives each row to fn until it says false, and finalizes it; NULL is
 * a failed prepare. The number of rows given, or -1 with err.
 */
typedef bool (*accounts_row_fn)(void *ctx, sqlite3_stmt *s);
int64_t accounts_walk(
    struct accounts *a, sqlite3_stmt *s, accounts_row_fn fn, void *ctx, char *err, size_t cap);

/* Commits when result is ACCOUNTS_OK, else rolls back. */
enum accounts_result accounts_finish(
    struct accounts *a, enum accounts_result result, char *err, size_t cap);

/* Membership inside a transaction. */
enum accounts_result accounts_member_in(
    struct accounts *a, const char *group, uint64_t id, bool add, char *err, size_t cap);

#endif
