/*
 * Looking up a host's addresses beside an event loop: the resolver of the C library blocks as long
 * as it likes, so it runs in a child that is killed when nobody wants its answer any more.
 */
#ifndef OS_LOOKUP_H
#define OS_LOOKUP_H

#include "base/addr.h"
#include "os/loop.h"

#define LOOKUP_ADDRS_MAX 8u

struct lookup;

/*
 * Asks for the addresses of host; done is called once, from the loop, when the answer is there or
 * the child is gone. NULL: no process or no memory.
 */
struct lookup *lookup_start(struct loop *l, const char *host, loop_fn done, void *ctx);

/*
 * Copies what was found, in the order to try, and returns how many; 0 with a text in err when there
 * is none, or not yet.
 */
MUST_USE size_t lookup_result(
    const struct lookup *k, struct ip_addr *out, size_t cap, char *err, size_t err_cap);

/* Ends the child when it still runs. */
void lookup_free(struct lookup *k);

#endif
