/*
 * Ports: how many calls of a tunnel type may be up at once, one count for all workers. A port is
 * claimed when the call has proved who it is, so that half-open calls take none (R52).
 */
#ifndef AAA_PORTS_H
#define AAA_PORTS_H

#include "attempt/request.h"

#define N_TUNNEL_KIND (TUNNEL_IKEV2 + 1u)

struct port_count {
	uint32_t limit, used;
	uint64_t refused; /* calls since the start that found none free */
};

struct ports {
	struct port_count of[N_TUNNEL_KIND];
};

/* Sets a limit; takes effect at once. Calls that are up stay, even above a lower limit. */
void ports_limit(struct ports *p, enum tunnel_kind t, uint32_t limit);

/* Claims one; false when all are in use or the type is not known. */
MUST_USE bool ports_claim(struct ports *p, enum tunnel_kind t);
/* Counts one in that is up already, even above the limit. False: the type is not known. */
MUST_USE bool ports_adopt(struct ports *p, enum tunnel_kind t);
void ports_release(struct ports *p, enum tunnel_kind t);

/* The counts of a type; zeroes for one that is not known. */
struct port_count ports_of(const struct ports *p, enum tunnel_kind t);

#endif
