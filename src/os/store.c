/*
 * Opening and caring for a SQLite file. See store.h.
 *
 * The journal is a write-ahead log, because SQLite opens it once and keeps it: after a chroot no
 * path leads to the file any more, yet every later write works. Temporary data stays in memory for
 * the same reason. The first write happens here, before the sandbox closes.
 */
#include "os/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 500

/* What to say of a result code, and what to do about it. */
static void
explain(int rc, const struct store_schema *schema, const char *path, const char **what,
    const char **remedy)
{
	(void)path;
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		*what = "is locked by another process";
		*remedy = "find the process that holds it (fuser -v FILE) and end it";
		return;
	case SQLITE_CORRUPT:
		*what = "is damaged";
		*remedy = schema->corrupt;
		return;
	case SQLITE_NOTADB:
		*what = "is not a database, or damaged";
		*remedy = schema->corrupt;
		return;
	case SQLITE_FULL:
		*what = "cannot grow: the disk is full";
		*remedy = "make room on its file system (df -h) and try again";
		return;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		*what = "cannot be written";
		*remedy = "see that the file, its -wal and -shm files and its directory belong to "
			  "the daemon's user and that the file system is not mounted read-only";
		return;
	case SQLITE_CANTOPEN:
		*what = "cannot be opened";
		*remedy =
		    "see that its directory exists and that the daemon's user may write there";
		return;
	case SQLITE_IOERR:
		*what = "cannot be read or written (input/output error)";
		*remedy =
		    "look into the kernel log for the disk, then restore from a backup if needed";
		return;
	case SQLITE_NOMEM:
		*what = "cannot be used: memory is out";
		*remedy = "free memory or raise the limit of the service";
		return;
	default:
		*what = "failed";
		*remedy = "see the text above; if it stays, report it with the file's schema";
		return;
	}
}

static bool
write_error(const char *path, int rc, const char *detail, const struct store_schema *schema,
    char *err, size_t cap)
{
	const char *what, *remedy;

	explain(rc, schema, path, &what, &remedy);
	snprintf(err, cap, "%s (%s) %s%s%s%s; remedy: %s", path, schema->what, what,
	    detail ? " (" : "", detail ? detail : "", detail ? ")" : "", remedy);
	return false;
}

bool
store_error(sqlite3 *db, int rc, const struct store_schema *schema, char *err, size_t cap)
{
	const char *path = db ? sqlite3_db_filename(db, "main") : NULL;

	return write_error(path && path[0] ? path : "database", rc,
	    db ? sqlite3_errmsg(db) : sqlite3_errstr(rc), schema, err, cap);
}

bool
store_exec(sqlite3 *db, const char *sql, const struct store_schema *schema, char *err, size_t cap)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK || store_error(db, rc, schema, err, cap);
}

sqlite3_stmt *
store_prepare(
    sqlite3 *db, const char *sql, const struct store_schema *schema, char *err, size_t cap)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL);

	if (rc == SQLITE_OK)
		return s;
	(void)store_error(db, rc, schema, err, cap);
	return NULL;
}

int
store_run(sqlite3_stmt *s)
{
	int rc = sqlite3_step(s);

	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

void
store_text(sqlite3_stmt *s, int column, char *out, size_t cap)
{
	const void *p = sqlite3_column_blob(s, column);
	size_t n = (size_t)sqlite3_column_bytes(s, column);

	if (n >= cap)
		n = cap - 1;
	if (p)
		memcpy(out, p, n);
	out[p ? n : 0] = 0;
}

void
store_bind_text(sqlite3_stmt *s, int at, const char *text)
{
	if (text && text[0])
		sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, at);
}

/* One number of a PRAGMA; rc tells whether it is one. */
static int
pragma_int(sqlite3 *db, const char *pragma, int *out)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db, pragma, -1, &s, NULL);

	if (rc == SQLITE_OK) {
		rc = sqlite3_step(s);
		*out = rc == SQLITE_ROW ? sqlite3_column_int(s, 0) : 0;
		rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
	}
	sqlite3_finalize(s);
	return rc;
}

/* Runs the check for damage; SQLITE_CORRUPT when it finds any, with its first finding in detail. */
static int
look_for_damage(sqlite3 *db, const struct store_schema *schema, char *detail, size_t cap)
{
	char sql[64];
	sqlite3_stmt *s = NULL;
	int rc;

	snprintf(sql, sizeof(sql), "PRAGMA %s(1)", schema->check);
	rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
	if (rc == SQLITE_OK) {
		rc = sqlite3_step(s);
		if (rc == SQLITE_ROW) {
			store_text(s, 0, detail, cap);
			rc = strcmp(detail, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
		}
	}
	sqlite3_finalize(s);
	return rc;
}

/* Brings the schema to our version in one transaction a step. */
static int
migrate(sqlite3 *db, const struct store_schema *schema, int from)
{
	char tail[128];
	int rc = SQLITE_OK;

	for (int v = from; v < schema->n_up && rc == SQLITE_OK; v++) {
		snprintf(tail, sizeof(tail),
		    "PRAGMA user_version = %d; PRAGMA application_id = %d; COMMIT", v + 1,
		    schema->application_id);
		rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
		if (rc == SQLITE_OK)
			rc = sqlite3_exec(db, schema->up[v], NULL, NULL, NULL);
		if (rc == SQLITE_OK)
			rc = sqlite3_exec(db, tail, NULL, NULL, NULL);
	}
	return rc;
}

/* A write that changes nothing but makes SQLite open its log while paths still work. */
static int
first_write(sqlite3 *db)
{
	return sqlite3_exec(db,
	    "BEGIN IMMEDIATE; CREATE TABLE store_touch(x); DROP TABLE store_touch; COMMIT", NULL,
	    NULL, NULL);
}

/* Makes the file with mode 0600 before SQLite would with the umask's. 0 or errno. */
static int
make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/*
 * Reading without being allowed to write in the directory, and nobody has the file open: there is
 * no log to look at, so the file can be taken as it is.
 */
static int
open_as_is(const char *path, sqlite3 **db)
{
	char uri[1200], wal[1100];
	struct stat st;
	size_t o;

	snprintf(wal, sizeof(wal), "%s-wal", path);
	if (stat(wal, &st) == 0 && st.st_size > 0)
		return SQLITE_CANTOPEN;
	o = (size_t)snprintf(uri, sizeof(uri), "file:");
	for (const char *p = path; *p && o + 24 < sizeof(uri); p++)
		o += (size_t)snprintf(uri + o, sizeof(uri) - o,
		    *p == '%' || *p == '?' || *p == '#' ? "%%%02x" : "%c", (unsigned char)*p);
	snprintf(uri + o, sizeof(uri) - o, "?immutable=1");
	return sqlite3_open_v2(uri, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
}

/* The pragmas, the version, the check: everything after the bare opening. */
static int
prepare_db(sqlite3 *db, bool read_only, const struct store_schema *schema, char *detail, size_t cap)
{
	char sql[256];
	int version = 0, app = 0, rc;

	sqlite3_busy_timeout(db, BUSY_MS);
	sqlite3_extended_result_codes(db, 1);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	snprintf(sql, sizeof(sql),
	    "PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON; "
	    "PRAGMA cache_size = -512; " /* KiB: the system's cache is behind it */
	    "PRAGMA synchronous = %s; %s",
	    schema->sync, read_only ? "" : "PRAGMA journal_mode = WAL");
	rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = pragma_int(db, "PRAGMA user_version", &version);
	if (rc == SQLITE_OK)
		rc = pragma_int(db, "PRAGMA application_id", &app);
	if (rc != SQLITE_OK)
		return rc;
	if (version != 0 && app != schema->application_id) {
		snprintf(detail, cap, "the file belongs to another program");
		return SQLITE_NOTADB;
	}
	if (read_only && version == 0) {
		snprintf(detail, cap, "it is empty: nothing has been recorded yet");
		return SQLITE_MISMATCH;
	}
	if (version > schema->n_up || (read_only && version < schema->n_up)) {
		snprintf(detail, cap, "its format is version %d, this program's is %d", version,
		    schema->n_up);
		return SQLITE_MISMATCH;
	}
	if (read_only)
		return SQLITE_OK; /* the daemon checks; a reader must be quick */
	rc = look_for_damage(db, schema, detail, cap);
	if (rc == SQLITE_OK)
		rc = migrate(db, schema, version);
	if (rc == SQLITE_OK)
		rc = first_write(db);
	return rc;
}

/* Says why opening failed and sorts it. */
static void
open_failed(const char *path, int rc, const char *detail, const struct store_schema *schema,
    enum store_fault *fault, char *err, size_t cap)
{
	int base = rc & 0xff;

	*fault = base == SQLITE_CORRUPT || base == SQLITE_NOTADB ? STORE_CORRUPT : STORE_FAILED;
	if (base == SQLITE_MISMATCH) {
		snprintf(err, cap,
		    "%s (%s): %s; remedy: use the version of OpenRRAS that wrote it, or a newer "
		    "one",
		    path, schema->what, detail);
		return;
	}
	(void)write_error(path, rc, detail, schema, err, cap);
}

sqlite3 *
store_open(const char *path, bool read_only, const struct store_schema *schema,
    enum store_fault *fault, char *err, size_t cap)
{
	int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	char detail[200] = "";
	sqlite3 *db = NULL;
	int rc, error;

	*fault = STORE_OK;
	error = read_only ? (access(path, R_OK) == 0 ? 0 : errno) : make_file(path);
	if (error) {
		*fault = STORE_FAILED;
		if (read_only && error == ENOENT) {
			*fault = STORE_MISSING;
			snprintf(err, cap,
			    "%s (%s): there is no such file, nothing has been recorded here; "
			    "remedy: start rrasd, or name its state directory",
			    path, schema->what);
			return NULL;
		}
		(void)write_error(path,
		    error == ENOSPC  ? SQLITE_FULL
		    : error == EROFS ? SQLITE_READONLY
				     : SQLITE_CANTOPEN,
		    strerror(error), schema, err, cap);
		return NULL;
	}
	rc = sqlite3_open_v2(path, &db, flags, NULL);
	if (rc == SQLITE_OK)
		rc = prepare_db(db, read_only, schema, detail, sizeof(detail));
	if (rc != SQLITE_OK && read_only &&
	    ((rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY)) {
		sqlite3_close(db);
		db = NULL;
		rc = open_as_is(path, &db);
		if (rc == SQLITE_OK)
			rc = prepare_db(db, read_only, schema, detail, sizeof(detail));
	}
	if (rc == SQLITE_OK)
		return db;
	if (!detail[0] && db)
		snprintf(detail, sizeof(detail), "%s", sqlite3_errmsg(db));
	open_failed(path, rc, detail[0] ? detail : NULL, schema, fault, err, cap);
	sqlite3_close(db);
	return NULL;
}

void
store_close(sqlite3 *db)
{
	if (!db)
		return;
	if (!sqlite3_db_readonly(db, "main"))
		sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_close_v2(db);
}
