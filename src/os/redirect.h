/*
 * What on this host takes connections elsewhere than they are meant to go (R103): a library that
 * hands them to a proxy, a packet filter rule that rewrites their target, variables that name a
 * proxy for programs that heed them. Read only.
 */
#ifndef OS_REDIRECT_H
#define OS_REDIRECT_H

#include "base/addr.h"
#include "base/must.h"

/*
 * The path of a library in this process that is known to hand connections to a proxy: it came by
 * LD_PRELOAD or /etc/ld.so.preload. False: none.
 */
MUST_USE bool redirect_library(char *out, size_t cap);

/* The variable that names a proxy for programs that heed it. False: none. */
MUST_USE bool redirect_variable(char *out, size_t cap);

/*
 * The rule of nftables that certainly rewrites the target of our TCP connection to an endpoint, as
 * "FAMILY TABLE CHAIN: redirect to :PORT". Asks the command nft, at most 3 s. False: none is
 * certain, or nft is missing.
 */
MUST_USE bool redirect_rule(const struct endpoint *to, char *out, size_t cap);

/* --- pure parts, for tests --- */

/* In the text of /proc/PID/maps. */
MUST_USE bool redirect_find_library(struct view maps, char *out, size_t cap);

/* In what `nft -j list ruleset` wrote. */
MUST_USE bool redirect_find_rule(
    struct view json, const struct endpoint *to, char *out, size_t cap);

#endif
