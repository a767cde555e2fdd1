/*
 * The attributes of accounts in memory, fed by record at start and on change, indexed by id and by
 * normal name. No secrets: those are the vault's. aaa decides from here, so the death of record
 * stops no log-in.
 */
#ifndef AAA_ACCOUNTS_H
#define AAA_ACCOUNTS_H

#include "aaa/map.h"
#include "aaa/names.h"
#include "ipc/msg.h"

#define ACCOUNT_GROUPS_MAX 256u

/* One account. Immutable once in the index; a change makes a new one. */
struct account {
	struct map_node by_id, by_name;
	uint64_t id;
	uint32_t round; /* of the last synchronisation that named it */
	bool enabled, has_password, has_reversible;
	bool reachable; /* its name has a normal form, so it is in by_name */
	enum dialin dialin;
	int64_t expires_unix_s; /* 0 = never */
	struct ip_addr address; /* always this one; none = from the pool */
	unsigned int n_groups;
	const char *name;      /* as the administrator wrote it */
	const char *normal;    /* its normal form; empty when it has none */
	const char *caller_id; /* client addresses allowed; empty = any */
	const char *groups;    /* n_groups folded names, each terminated */
	char text[];
};

struct accounts;

/* key: random, for the hashes. NULL: out of memory. */
struct accounts *accounts_new(uint64_t key);
void accounts_free(struct accounts *t);

/* Adds, changes or (m->deleted) removes one. False: out of memory; the old state stays. */
MUST_USE bool accounts_put(struct accounts *t, const struct msg_account *m);

/* The account, or NULL. Valid until the next change. */
const struct account *accounts_by_id(const struct accounts *t, uint64_t id);
const struct account *accounts_by_name(const struct accounts *t, const struct lookup_name *name);

size_t accounts_count(const struct accounts *t);

/* A synchronisation begins; when it ends, accounts that were not named since are gone. */
void accounts_sync_begin(struct accounts *t);
void accounts_sync_end(struct accounts *t);

/*
 * Told of every static address that appears or goes, so that the pools keep it free. May be NULL.
 */
typedef void (*accounts_address_fn)(void *ctx, const struct ip_addr *a, bool added);
void accounts_on_address(struct accounts *t, accounts_address_fn fn, void *ctx);

/* Whether the account is in a group given in folded form. */
bool account_in_group(const struct account *a, const char *folded);

#endif
