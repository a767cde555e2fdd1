/*
 * Remote access lockout (R37; NPS: MaxDenials and ResetTime): failed log-ins are counted, and from
 * a number on even the right password is refused, until a time has passed since the last one that
 * was counted, or an administrator unlocks. This is not the account's own lock.
 *
 * B04: lockout must not become a weapon. A count belongs to a name and the network that the
 * failures came from, so that a stranger locks out himself and not the user (RRAS counts by name
 * alone: the scope account). A second count belongs to the network whatever the names. Networks of
 * administrators can be exempt. B03: names that nobody has are counted in the same way.
 */
#ifndef AAA_LOCKOUT_H
#define AAA_LOCKOUT_H

#include "aaa/map.h"
#include "aaa/names.h"
#include "base/list.h"

#define LOCKOUT_MAX 16384u /* counts kept; the oldest gives way */

struct conf;

struct lockout_rules {
	uint32_t denials;         /* by name; 0 = off */
	uint32_t network_denials; /* by network; 0 = off */
	uint32_t reset_s;
	bool by_network; /* a count of a name belongs to one network */
	unsigned int n_exempt;
	struct ip_prefix exempt[32];
};

/* One count. */
struct lockout {
	struct map_node by_key;
	struct list by_age; /* the longest without a failure first */
	struct list in_unsaved;
	struct ip_prefix network; /* none: whatever the network */
	uint32_t denials;
	int64_t last_s;
	uint16_t n_name; /* 0: whatever the name */
	char name[];     /* normal form */
};

struct lockouts;

void lockout_rules_init(struct lockout_rules *r, const struct conf *c);

struct lockouts *lockouts_new(uint64_t key); /* NULL: out of memory */
void lockouts_free(struct lockouts *t);

/* The count that locks this name out from this address now; NULL: none does. */
const struct lockout *lockout_of(struct lockouts *t, const struct lockout_rules *r,
    struct view name, const struct ip_addr *client, int64_t now_s);

/* A failed log-in; the count of the name afterwards, 0 when it is not counted. */
uint32_t lockout_failed(struct lockouts *t, const struct lockout_rules *r, struct view name,
    const struct ip_addr *client, int64_t now_s);

/* A right password: the count of the name is forgotten. */
void lockout_passed(struct lockouts *t, const struct lockout_rules *r, struct view name,
    const struct ip_addr *client);

/* What is in the store. A count with something unsaved stays as it is. */
void lockout_known(struct lockouts *t, struct view name, const struct ip_prefix *network,
    uint32_t denials, int64_t last_s);

/* Unlocks a name in all networks, or (name empty) the network of an address. */
void lockout_clear(struct lockouts *t, struct view name, const struct ip_addr *client);

/*
 * The next count that differs from the store, or NULL; denials 0: it is gone. The caller says with
 * lockout_saved that the store has been told.
 */
const struct lockout *lockout_unsaved(const struct lockouts *t);
void lockout_saved(struct lockouts *t, const struct lockout *l);

#endif
