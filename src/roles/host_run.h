/* Starting a role: in a process of its own, or in monitor's (rrasd --one-process). */
#ifndef ROLES_HOST_RUN_H
#define ROLES_HOST_RUN_H

#include "roles/host.h"

struct host;

/* Gives up what the role does not need any more. False with a text ends the role. */
typedef bool (*host_sandbox_fn)(enum role_id role, const struct conf *conf, char *err, size_t cap);

/*
 * A role on this loop, with its channel to monitor at fd (taken over). on_end is called once when
 * the role has to end; the owner then frees the host (not within the call). NULL: out of memory.
 */
struct host *host_new(struct loop *loop, const struct role_ops *ops, unsigned int index, int fd,
    host_sandbox_fn sandbox, loop_fn on_end, void *ctx);
void host_free(struct host *h);

/* The life of a role's own process: loop, host, until the end. Returns the exit status. */
int role_main(const struct role_ops *ops, unsigned int index, int fd);

/* The sandbox of a role: own user, empty root (record: its folder), nothing to gain. */
bool sandbox_role(enum role_id role, const struct conf *c, char *err, size_t cap);

const struct role_ops *role_ops_of(enum role_id role); /* NULL for monitor */

#endif
