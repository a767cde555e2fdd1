/*
 * Ends of connections that are counted rather than stored: per cause, prefix of the source and
 * minute, so that a flood costs record a row a minute. Of net and of fetch.
 */
#ifndef ROLES_COUNTED_H
#define ROLES_COUNTED_H

#include "roles/host.h"

#define COUNTED_MAX 64u

struct counted {
	unsigned int n;
	struct counted_row {
		enum cause cause;
		struct ip_prefix prefix;
		uint64_t minute;
		uint32_t n;
	} rows[COUNTED_MAX];
};

/* One more; tells record when there is no room for another row. */
void counted_add(
    struct counted *c, struct role_host *h, const struct ip_addr *source, enum cause cause);

/* Tells record all rows. A note: when its queue is full they are lost. */
void counted_flush(struct counted *c, struct role_host *h);

#endif
