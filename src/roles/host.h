/*
 * What a role stands on: its loop, its channels, its configuration. A role is a set of callbacks;
 * whether it has a process of its own or shares one (rrasd --one-process) it cannot tell.
 */
#ifndef ROLES_HOST_H
#define ROLES_HOST_H

#include "conf/conf.h"
#include "ipc/msg.h"
#include "os/loop.h"

#define WORKERS_MAX 15u

struct role_host {
	struct loop *loop;
	enum role_id role;
	unsigned int index; /* of a worker; 0 for the others */
	unsigned int n_workers;
	const struct conf *conf; /* the current generation; valid after configure */
	void *priv;              /* the host's own */
};

struct role_ops {
	enum role_id id;
	/* The state of a new role; NULL when memory is out. Nothing else is there yet. */
	void *(*open)(struct role_host *h);
	/*
	 * A configuration, the first or a new one. False with a text leaves the old one in force.
	 * May be NULL.
	 */
	bool (*configure)(void *role, const struct conf *c, char *err, size_t cap);
	/*
	 * All start messages (files, listeners, channels) have come: load what is needed. After
	 * it the sandbox closes. False with a text ends the role. May be NULL.
	 */
	bool (*go)(void *role, char *err, size_t cap);
	/* A message from another role, or a start message from monitor. fd is the role's to keep.
	 */
	void (*message)(
	    void *role, enum role_id from, unsigned int index, const struct msg *m, int fd);
	/* A role is gone (its questions get no answer) or there again. May be NULL. */
	void (*peer_lost)(void *role, enum role_id who, unsigned int index, const char *how);
	void (*peer_back)(void *role, enum role_id who, unsigned int index);
	/*
	 * Any role has ended, also one that we have no channel to: for the trail of what lives on.
	 * Comes once for each end. May be NULL.
	 */
	void (*role_lost)(void *role, enum role_id who, unsigned int index, const char *how);
	/* Orderly end: say goodbye to peers; returns when that is sent or at once. May be NULL. */
	void (*stop)(void *role);
	void (*close)(void *role); /* frees the state */
};

extern const struct role_ops role_net, role_aaa, role_vault, role_record, role_fetch;

/* Sends m to a role. False: it is not there or its queue is full. */
MUST_USE bool host_send(
    struct role_host *h, enum role_id to, unsigned int index, const struct msg *m, int fd);

/* Tells monitor, for its log, what is wrong here. */
void host_complain(struct role_host *h, const char *text);

/* Whether the role is there. */
bool host_has(const struct role_host *h, enum role_id to, unsigned int index);

#endif
