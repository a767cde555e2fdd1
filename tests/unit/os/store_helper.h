/* A scratch directory for the store tests, and attempts to put into it. */
#ifndef TEST_STORE_HELPER_H
#define TEST_STORE_HELPER_H

#include "os/store_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct scratch {
	char dir[64];
	char path[128];
};

static inline int
scratch_setup(void **state, const char *file)
{
	struct scratch *s = calloc(1, sizeof(*s));

	snprintf(s->dir, sizeof(s->dir), "/tmp/rras-store-XXXXXX");
	if (!mkdtemp(s->dir))
		return -1;
	snprintf(s->path, sizeof(s->path), "%s/%s", s->dir, file);
	*state = s;
	return 0;
}

static inline int
scratch_teardown(void **state)
{
	struct scratch *s = *state;
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", s->dir);
	free(s);
	return system(cmd);
}

/* The n-th attempt: a second after the one before, ended with cause at stage. */
static inline struct attempt_record
sample(unsigned int n, enum stage stage, enum cause cause, const char *user)
{
	struct attempt_record r = {
		.tunnel = TUNNEL_SSTP,
		.peer = { ip_v4(0xc6336401u), 50000 },
		.local = { ip_v4(0xcb007101u), 443 },
		.began_unix_us = 1700000000000000 + (int64_t)n * 1000000,
		.duration_ms = 1500,
		.stage = stage,
		.ended = true,
		.cause = cause,
		.ended_by = PARTY_US,
		.method = AUTH_MSCHAPV2,
	};

	for (unsigned int i = 0; i < 4; i++)
		r.id.b[2 + i] = (uint8_t)(n >> (8 * (3 - i)));
	r.id.b[6] = 0x70;
	r.id.b[15] = 1;
	snprintf(r.user, sizeof(r.user), "%s", user);
	snprintf(r.account, sizeof(r.account), "%s", user);
	return r;
}

#endif
