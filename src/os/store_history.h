/*
 * history.db: what is left of connection attempts, and the counts of those that were not worth a
 * row. Written by the record role alone; read by it, by rrasctl (offline too) and by rasdial's own
 * history. Losing it loses explanations, never a log-in: synchronous=NORMAL.
 */
#ifndef OS_STORE_HISTORY_H
#define OS_STORE_HISTORY_H

#include "attempt/record.h"
#include "base/must.h"

#define HISTORY_FILE "history.db"
#define HISTORY_FACTS_MAX 32768u /* bytes of facts kept for one attempt */

/* Every reason for an error, with file and remedy, fits in this. */
#define STORE_ERR_MAX 512u

struct history;

enum history_mode {
	HISTORY_READ,  /* also while the daemon writes, and without a daemon */
	HISTORY_WRITE, /* created when missing; a damaged file is moved aside and a new one begun */
};

/* Rows kept, each class on its own, so that a flood of one never pushes out another. 0: default. */
struct history_limits {
	uint32_t early;   /* ended before AUTHENTICATE */
	uint32_t auth;    /* came to AUTHENTICATE, never UP */
	uint32_t up;      /* sessions */
	uint32_t counted; /* rows of counted early ends */
};

/* The usual split of `kept` rows over the classes. */
struct history_limits history_limits_of(uint32_t kept);

/*
 * Opens path. NULL with the reason and the remedy in err (STORE_ERR_MAX holds any). When a damaged
 * file was moved aside, the handle is good and err holds the notice; otherwise err becomes "".
 */
struct history *history_open(const char *path, enum history_mode mode,
    const struct history_limits *limits, char *err, size_t cap);
void history_close(struct history *h); /* NULL is fine */

/*
 * Inserts the attempt or brings its row up to date. r->facts are merged with those stored: sorted
 * by time, doubles dropped, bounded to HISTORY_FACTS_MAX with the middle counted and left out.
 * Retention is applied when an attempt has ended. False with err.
 */
MUST_USE bool history_put(struct history *h, const struct attempt_record *r, char *err, size_t cap);

/* Adds facts to a stored attempt; *found_out tells whether there is one, also when false with err.
 */
MUST_USE bool history_add_facts(struct history *h, const struct attempt_id *id, struct view facts,
    bool *found_out, char *err, size_t cap);

/*
 * Groups writes into one transaction: begin, any number of puts, commit. When commit fails, or the
 * writer rolls back, none of them is stored and each may be put again.
 */
MUST_USE bool history_begin(struct history *h, char *err, size_t cap);
MUST_USE bool history_commit(struct history *h, char *err, size_t cap);
void history_rollback(struct history *h);

/*
 * Directly after a write that failed: whether the same one may do later (the disk is full, the file
 * is locked, memory is out), or it is the row that cannot be stored.
 */
bool history_may_recover(const struct history *h);

/* Which attempts. A zeroed filter takes all. */
struct history_filter {
	bool failures;         /* ended, and somebody has to act (blame is not none) */
	bool live;             /* not ended */
	const char *user;      /* name as sent or account, ASCII case ignored; NULL: any */
	uint32_t ras_error;    /* causes with this number; 0: any */
	enum cause cause;      /* CAUSE_NONE: any */
	enum stage min_stage;  /* at least this far */
	int64_t since_unix_us; /* began at or after; 0: any */
};

/* Return false to stop. r and all it points to live until the callback returns. */
typedef bool (*history_row_fn)(void *ctx, const struct attempt_record *r);

/*
 * Newest first, at most limit rows (0: no limit). with_facts false leaves r->facts empty. Returns
 * the number of rows given, or -1 with err.
 */
int64_t history_list(struct history *h, const struct history_filter *f, uint32_t limit,
    bool with_facts, history_row_fn fn, void *ctx, char *err, size_t cap);

enum history_found { HISTORY_ERROR = -1, HISTORY_NONE, HISTORY_FOUND, HISTORY_AMBIGUOUS };

/* The newest attempt that the filter takes, with facts; *out is the caller's (history_free). */
enum history_found history_latest(struct history *h, const struct history_filter *f,
    struct attempt_record **out, char *err, size_t cap);

/* By id: all 32 hex digits or any unique beginning of at least 4. */
enum history_found history_by_id(
    struct history *h, struct view id_prefix, struct attempt_record **out, char *err, size_t cap);

void history_free(struct attempt_record *r); /* NULL is fine */

/*
 * What the policies were asked for an attempt, and by which set of policies: with it the decision
 * can be made again. The request is the record role's JSON.
 */
#define HISTORY_SET_HASH 16u

struct history_decided {
	bool granted;
	uint8_t policy_set[HISTORY_SET_HASH];
	const char *request;
};

/* Goes with its attempt: retention takes both. Replaces what an earlier proof left. */
MUST_USE bool history_put_decided(struct history *h, const struct attempt_id *id,
    const struct history_decided *d, char *err, size_t cap);

/* *out is the caller's: history_decided_free (NULL is fine). */
enum history_found history_decided(struct history *h, const struct attempt_id *id,
    struct history_decided **out, char *err, size_t cap);
void history_decided_free(struct history_decided *d);

/* The newest attempt that the policies granted, or refused; of a user, or (NULL) of any. */
enum history_found history_latest_decided(struct history *h, bool granted, const char *user,
    struct attempt_id *out, char *err, size_t cap);

/*
 * The policy sets by hash. A set stays while an attempt refers to it, and some besides; they are
 * bounded. *out is malloc'ed.
 */
MUST_USE bool history_put_policy_set(struct history *h, const uint8_t hash[HISTORY_SET_HASH],
    const char *text, int64_t unix_us, char *err, size_t cap);
enum history_found history_policy_set(
    struct history *h, const uint8_t hash[HISTORY_SET_HASH], char **out, char *err, size_t cap);

/* Attempts that ended too early to be stored singly: per cause, source prefix and minute. */
struct history_count {
	enum cause cause;
	struct ip_prefix prefix;
	uint64_t minute; /* Unix minutes */
	uint64_t attempts;
};

MUST_USE bool history_count_add(
    struct history *h, const struct history_count *c, char *err, size_t cap);

typedef bool (*history_count_fn)(void *ctx, const struct history_count *c);

/* Newest minute first; since_minute 0: all. Rows given, or -1 with err. */
int64_t history_counts(struct history *h, uint64_t since_minute, uint32_t limit,
    history_count_fn fn, void *ctx, char *err, size_t cap);

/* Puts the write-ahead log into the database file. For close and for tests. */
void history_checkpoint(struct history *h);

#endif
