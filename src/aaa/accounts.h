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

#define ROSTER_GROUPS_MAX 256u
#define ROSTER_ROUTES_MAX 8u

/* One account. Immutable once in the index; a change makes a new one. */
struct account {
	struct map_node by_id, by_name;
	uint64_t id;
	uint32_t round; /* of the last synchronisation that named it */
	bool enabled, has_password, has_reversible, locked, must_change;
	bool reachable; /* its name has a normal form, so it is in by_name */
	enum dialin dialin;
	int64_t expires_unix_s;          /* 0 = never */
	int64_t password_set_unix_s;     /* 0 = never set */
	int64_t password_expires_unix_s; /* 0 = by the server's password-age alone */
	struct ip_addr address;          /* always this one; none = from the pool */
	unsigned int n_routes;
	struct ip_prefix routes[ROSTER_ROUTES_MAX]; /* what lies behind the client */
	unsigned int n_groups;
	const char *name;      /* as the administrator wrote it */
	const char *normal;    /* its normal form; empty when it has none */
	const char *caller_id; /* client addresses allowed; empty = any */
	const char *hours;     /* logon hours (base/week.h); empty = always */
	const char *groups;    /* n_groups folded names, each terminated */
	char text[];
};

struct roster;

/* key: random, for the hashes. NULL: out of memory. */
struct roster *roster_new(uint64_t key);
void roster_free(struct roster *t);

/* Adds, changes or (m->deleted) removes one. False: out of memory; the old state stays. */
MUST_USE bool roster_put(struct roster *t, const struct msg_account *m);

/* The account, or NULL. Valid until the next change. */
const struct account *roster_by_id(const struct roster *t, uint64_t id);
const struct account *roster_by_name(const struct roster *t, const struct lookup_name *name);

size_t roster_count(const struct roster *t);

/* A synchronisation begins; when it ends, accounts that were not named since are gone. */
void roster_sync_begin(struct roster *t);
void roster_sync_end(struct roster *t);

/*
 * Told of every static address that appears or goes, so that the pools keep it free. May be NULL.
 */
typedef void (*roster_address_fn)(void *ctx, const struct ip_addr *a, bool added);
void roster_on_address(struct roster *t, roster_address_fn fn, void *ctx);

#endif
