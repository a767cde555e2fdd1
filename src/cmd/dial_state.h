/*
 * The connections that rasdial holds on this machine: one locked file each in the run folder, so
 * that a holder that died leaves nothing that looks alive.
 */
#ifndef CMD_DIAL_STATE_H
#define CMD_DIAL_STATE_H

#include "roles/dial.h"

#include <sys/types.h>

#define DIAL_STATE_DIR "/run/openrras/dial"

struct dial_state {
	char name[64], host[256], user[NAME_MAX_BYTES + 1], device[16];
	char local[ADDR_TEXT_MAX], remote[ADDR_TEXT_MAX], dns[ADDR_TEXT_MAX];
	char local6[ADDR_TEXT_MAX]; /* "-": none */
	char suffix[DNS_SUFFIX_MAX];
	char routes[512];      /* that the server told, with blanks between; cut when longer */
	char set_routes[2048]; /* through the tunnel, likewise */
	char dns_by[16];       /* who was told of the DNS servers; empty: nobody */
	char state[16];        /* "up", "reconnecting" */
	char cause[64];        /* why it broke, while it is reconnecting */
	unsigned int tries;
	int64_t since_unix_s; /* of the call that is or was up */
	pid_t pid;
};

/*
 * Claims the name for this process: a descriptor that holds the lock, -EBUSY when a connection of
 * that name is up, or -errno.
 */
MUST_USE int dial_state_claim(const char *name);

/* Writes what is known into the claimed file. */
MUST_USE int dial_state_write(int fd, const struct dial_state *s);

/* Lets go of the name. */
void dial_state_release(int fd, const char *name);

/* Calls fn for each connection that is up. */
typedef void (*dial_state_fn)(void *ctx, const struct dial_state *s);
void dial_state_each(dial_state_fn fn, void *ctx);

/* The connection of that name; false when there is none. */
MUST_USE bool dial_state_find(const char *name, struct dial_state *out);

/* Waits until the connection's holder has let go, at most ms. */
MUST_USE bool dial_state_wait_gone(const char *name, unsigned int ms);

#endif
