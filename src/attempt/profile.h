/* The terms of a session, complete and resolved: what policy and account grant together. */
#ifndef ATTEMPT_PROFILE_H
#define ATTEMPT_PROFILE_H

#include "base/addr.h"

#define POOL_NAME_MAX 64u

struct profile {
	char pool[POOL_NAME_MAX]; /* where the address comes from; empty = the first pool */
	struct ip_addr dns[2];    /* none = not offered */
	struct ip_addr nbns[2];
	uint32_t idle_timeout_s;    /* 0 = none */
	uint32_t session_timeout_s; /* 0 = none */
	uint16_t mru;               /* of the inner link; 0 = the tunnel's default */
	bool isolated;              /* clients may not reach each other */
};

#endif
