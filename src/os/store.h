/*
 * What both databases have in common: opening with the right durability, the schema's version and
 * its migrations, the check for damage, and errors that name the file and the remedy. Used by
 * store_accounts.c and store_history*.c only; everybody else sees their headers.
 */
#ifndef OS_STORE_H
#define OS_STORE_H

#include "base/must.h"
#include "base/view.h"

#include <sqlite3.h>
#include <stdbool.h>

struct store_schema {
	const char *what;      /* "the accounts", for messages */
	int application_id;    /* marks the file as ours */
	const char *sync;      /* PRAGMA synchronous: FULL or NORMAL */
	const char *check;     /* PRAGMA that looks for damage: integrity_check or quick_check */
	const char *corrupt;   /* the remedy when the file is damaged */
	const char *const *up; /* up[i] brings a file of version i to version i + 1 */
	int n_up;
};

enum store_fault {
	STORE_OK,
	STORE_CORRUPT, /* damaged, or not a database of this kind */
	STORE_MISSING, /* there is no file, and it was opened for reading */
	STORE_FAILED,  /* anything else */
};

/*
 * Opens path, brings its schema up to date (not when read_only) and checks it. A missing file is
 * made with mode 0600. NULL with the kind of fault and its text.
 */
sqlite3 *store_open(const char *path, bool read_only, const struct store_schema *schema,
    enum store_fault *fault, char *err, size_t cap);

/* Empties the write-ahead log into the file and closes. NULL is fine. */
void store_close(sqlite3 *db);

/*
 * The text of the last error of db, "PATH: what; remedy: what to do", into err. Returns false, so
 * that a writer reads `return store_error(...)`.
 */
bool store_error(sqlite3 *db, int rc, const struct store_schema *schema, char *err, size_t cap);

/* Runs SQL without results. False with err. */
MUST_USE bool store_exec(
    sqlite3 *db, const char *sql, const struct store_schema *schema, char *err, size_t cap);

/* Prepares a statement that is used again and again. NULL with err. */
sqlite3_stmt *store_prepare(
    sqlite3 *db, const char *sql, const struct store_schema *schema, char *err, size_t cap);

/* Steps a statement without results, resets it and forgets its values. The result code. */
int store_run(sqlite3_stmt *s);

/* Text column to a field of cap bytes, terminated, cut if need be. */
void store_text(sqlite3_stmt *s, int column, char *out, size_t cap);

/* Binds terminated text, borrowed until the statement is reset; "" as NULL. */
void store_bind_text(sqlite3_stmt *s, int at, const char *text);

#endif
