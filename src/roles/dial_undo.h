/*
 * What rasdial has changed on this host and a killed one would leave behind: routes that do not go
 * with the tunnel's device, and the resolver. Each connection writes it down before it does it, in
 * a file that it keeps locked; a file that nobody holds is undone by whoever finds it. Something
 * that two connections need goes with the last of them.
 */
#ifndef ROLES_DIAL_UNDO_H
#define ROLES_DIAL_UNDO_H

#include "attempt/profile.h"
#include "os/netlink.h"

#define DIAL_UNDO_DIR "/run/openrras/dial-undo"
#define DIAL_UNDO_ROUTES 8u
#define DIAL_DNS_MAX 4u

enum dns_way { DNS_NOBODY, DNS_RESOLVED, DNS_RESOLVCONF, DNS_FILE };

struct dial_undo {
	char name[64]; /* of the connection */
	int fd;        /* holds the lock; 0: none */
	int64_t order; /* when it was claimed; the newest connection comes first */
	unsigned int n_routes;
	struct route routes[DIAL_UNDO_ROUTES];
	enum dns_way dns;
	bool full; /* all names are asked of the tunnel's servers */
	char device[16];
	unsigned int n_servers;
	struct ip_addr servers[DIAL_DNS_MAX];
	char suffix[DNS_SUFFIX_MAX]; /* empty: none */
};

/* What a sweep found. */
struct dial_swept {
	unsigned int connections, routes;
	bool dns;
};

/* Claims the file of this name. -EBUSY: a living process has it. */
MUST_USE int dial_undo_claim(struct dial_undo *u, const char *name);

/* Writes down what u has now; before the change itself. 0 or -errno. */
MUST_USE int dial_undo_write(const struct dial_undo *u);

/* Takes back all that u names and that nobody else needs, and lets go of the file. */
void dial_undo_finish(struct dial_undo *u, struct netlink *nl);

/* Takes back one route of u, unless another connection needs it too, and strikes it out. */
void dial_undo_drop_route(struct dial_undo *u, struct netlink *nl, unsigned int i);

/* The same for all that dead ones left. 0 or -errno. */
MUST_USE int dial_undo_sweep(struct netlink *nl, struct dial_swept *out);

/* Calls fn for each connection whose process lives, the newest first. */
typedef void (*dial_undo_fn)(void *ctx, const struct dial_undo *u);
void dial_undo_each(dial_undo_fn fn, void *ctx);

/* One at a time changes what several share. The lock, or -errno; close() gives it back. */
MUST_USE int dial_undo_lock(void);

#endif
