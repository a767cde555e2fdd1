/*
 * accounts.db: accounts, groups, membership and sealed secrets. The record role is its only writer;
 * every change is one durable transaction (synchronous=FULL). Secrets are opaque here: bytes that
 * the vault sealed. A damaged file is never replaced: opening refuses.
 */
#ifndef OS_STORE_ACCOUNTS_H
#define OS_STORE_ACCOUNTS_H

#include "base/week.h"
#include "ipc/msg.h"

#define ACCOUNTS_FILE "accounts.db"
#define ACCOUNT_GROUPS_MAX 2048u /* bytes of all group names of one account, joined */
#define ACCOUNT_GROUP_SEP '\n'
#define GROUP_NAME_MAX 64u /* as POLICY_NAME_MAX: policies name groups */
#define CALLER_ID_MAX 64u
#define ACCOUNT_ROUTES_MAX 8u
#define ACCOUNT_ROUTES_TEXT 384u /* of as many prefixes */
#define SEALED_MAX 600u
#define N_SECRET_KIND 3u /* indexed by enum secret_kind */

struct accounts;

struct account {
	uint64_t id;
	char name[NAME_MAX_BYTES + 1];    /* normalised; unique */
	char display[NAME_MAX_BYTES + 1]; /* as the administrator typed it */
	bool enabled;
	bool locked;            /* the account's own lock, set and lifted by an administrator */
	bool must_change;       /* its password must be changed at the next log-in */
	int64_t expires_unix_s; /* 0: never */
	int64_t password_set_unix_s;     /* 0: never set */
	int64_t password_expires_unix_s; /* 0: by the server's password-age alone */
	enum dialin dialin;
	char caller_id[CALLER_ID_MAX];    /* "": any */
	struct ip_addr address;           /* none: from the pool */
	char hours[WEEK_TEXT_MAX];        /* logon hours, see base/week.h; "": always */
	char routes[ACCOUNT_ROUTES_TEXT]; /* prefixes behind the client, joined by blanks */
	int64_t created_unix_s, changed_unix_s;
	/* filled when read, not written: */
	bool has_password, has_reversible;
	char groups[ACCOUNT_GROUPS_MAX]; /* joined by ACCOUNT_GROUP_SEP */
};

enum accounts_result {
	ACCOUNTS_OK,
	ACCOUNTS_NOT_FOUND,
	ACCOUNTS_EXISTS,
	ACCOUNTS_NO_GROUP, /* a group that does not exist; err holds its name */
	ACCOUNTS_ERROR,    /* the database failed; err holds reason and remedy */
};

/* NULL with reason and remedy in err (STORE_ERR_MAX of store_history.h holds any). */
struct accounts *accounts_open(const char *path, char *err, size_t cap);
void accounts_close(struct accounts *a); /* NULL is fine */

/* An id that no account has or had; the vault seals for it before the account is committed. */
uint64_t accounts_new_id(struct accounts *a);

/* A change of one account, committed as a whole or not at all. */
struct account_change {
	const struct account *row;
	bool is_new;
	struct view sealed[N_SECRET_KIND]; /* n > 0: this secret is set */
	bool drop_secret[N_SECRET_KIND];   /* this secret is removed */
	const char *const *groups;         /* NULL: membership stays */
	unsigned int n_groups;
};

MUST_USE enum accounts_result accounts_put(
    struct accounts *a, const struct account_change *c, char *err, size_t cap);
MUST_USE enum accounts_result accounts_delete(
    struct accounts *a, uint64_t id, char *err, size_t cap);

MUST_USE enum accounts_result accounts_by_name(
    struct accounts *a, const char *name, struct account *out, char *err, size_t cap);
MUST_USE enum accounts_result accounts_by_id(
    struct accounts *a, uint64_t id, struct account *out, char *err, size_t cap);

/* Return false to stop. */
typedef bool (*account_fn)(void *ctx, const struct account *row);

/* Accounts with an id above after, ascending, at most limit (0: all). Rows given, -1 with err. */
int64_t accounts_each(struct accounts *a, uint64_t after, uint32_t limit, account_fn fn, void *ctx,
    char *err, size_t cap);

struct account_secret {
	uint64_t account;
	enum secret_kind kind;
	struct view sealed;
};
typedef bool (*account_secret_fn)(void *ctx, const struct account_secret *row);

/* Sealed secrets of accounts with an id above after; id alone when only is true. As above. */
int64_t accounts_secrets(struct accounts *a, uint64_t id, bool only, uint32_t limit,
    account_secret_fn fn, void *ctx, char *err, size_t cap);

/* Counters of remote access lockout: of a name (normal form) from a network; one may be empty. */
struct account_lockout {
	char name[NAME_MAX_BYTES + 1];
	struct ip_prefix network;
	uint32_t denials; /* 0: it goes */
	int64_t last_unix_s;
};
typedef bool (*account_lockout_fn)(void *ctx, const struct account_lockout *row);

MUST_USE enum accounts_result accounts_lockout_put(
    struct accounts *a, const struct account_lockout *l, char *err, size_t cap);

/* Counters behind `after` (NULL: from the first), in order, at most limit (0: all). As above. */
int64_t accounts_lockouts(struct accounts *a, const struct account_lockout *after, uint32_t limit,
    account_lockout_fn fn, void *ctx, char *err, size_t cap);

/* Groups; names compare without ASCII case. */
struct account_group {
	char name[GROUP_NAME_MAX];
	uint32_t n_members;
};
typedef bool (*account_group_fn)(void *ctx, const struct account_group *row);

MUST_USE enum accounts_result accounts_group_add(
    struct accounts *a, const char *name, char *err, size_t cap);
/* Whether there is one: ACCOUNTS_OK, ACCOUNTS_NO_GROUP or ACCOUNTS_ERROR. */
MUST_USE enum accounts_result accounts_group_find(
    struct accounts *a, const char *name, char *err, size_t cap);
MUST_USE enum accounts_result accounts_group_delete(
    struct accounts *a, const char *name, char *err, size_t cap);
MUST_USE enum accounts_result accounts_member(
    struct accounts *a, const char *group, uint64_t id, bool add, char *err, size_t cap);
int64_t accounts_groups(struct accounts *a, account_group_fn fn, void *ctx, char *err, size_t cap);

/* Ids of a group's members, ascending, at most limit; their number, or -1 with err. */
int64_t accounts_members(
    struct accounts *a, const char *group, uint64_t *out, uint32_t limit, char *err, size_t cap);

#endif
