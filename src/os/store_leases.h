/*
 * The leases in accounts.db: which account has or had which address. Committed as durably as
 * accounts are, many at a time; record is the only writer. See aaa/lease.h for who decides.
 */
#ifndef OS_STORE_LEASES_H
#define OS_STORE_LEASES_H

#include "os/store_accounts.h"

struct stored_lease {
	struct ip_addr address;
	uint64_t account; /* 0: not known */
	bool held;        /* a session has it */
};

/* A place in the order of use: where a walk goes on. Zero: the beginning. */
struct leases_place {
	int64_t at_us;
	char address[ADDR_TEXT_MAX];
};

/*
 * Writes the rows in one durable transaction, all or none. Later rows of the same address win.
 * now_us orders them: the address used longest ago comes first.
 */
MUST_USE enum accounts_result leases_put(struct accounts *a, const struct stored_lease *rows,
    size_t n, int64_t now_us, char *err, size_t cap);

typedef bool (*stored_lease_fn)(void *ctx, const struct stored_lease *row);

/*
 * Rows behind *place, at most limit, used longest ago first. *place moves to the last row for which
 * fn said true. Rows given, -1 with err.
 */
int64_t leases_each(struct accounts *a, struct leases_place *place, uint32_t limit,
    stored_lease_fn fn, void *ctx, char *err, size_t cap);

/* Forgets what nobody holds and nobody used since before_us. False with err. */
MUST_USE bool leases_prune(struct accounts *a, int64_t before_us, char *err, size_t cap);

#endif
