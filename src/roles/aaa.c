/*
 * The aaa role: joins the engine of aaa/ to the loop and the channels. It decides nothing itself,
 * holds no password and no key, and reads nothing that a peer shapes but names and proofs in the
 * fixed fields of a message.
 */
#include "aaa/engine.h"
#include "roles/host.h"

#include <stdlib.h>
#include <unistd.h>

struct aaa {
	struct role_host *host;
	struct engine *engine;
	struct loop_timer *timer;
};

static enum engine_sent
send_out(void *ctx, enum role_id to, unsigned int index, const struct msg *m)
{
	struct aaa *a = ctx;

	if (host_send(a->host, to, index, m, -1))
		return SENT_OK;
	return host_has(a->host, to, index) ? SENT_FULL : SENT_NOBODY;
}

static void
arm(struct aaa *a)
{
	loop_timer_at(a->timer, engine_deadline_ms(a->engine));
}

static void
on_timer(void *ctx)
{
	struct aaa *a = ctx;

	engine_tick(a->engine, loop_now(a->host->loop));
	arm(a);
}

static void
aaa_close(void *role)
{
	struct aaa *a = role;

	if (!a)
		return;
	if (a->timer)
		loop_timer_free(a->timer);
	engine_free(a->engine);
	free(a);
}

static void *
aaa_open(struct role_host *h)
{
	struct aaa *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->host = h;
	a->timer = loop_timer_new(h->loop, on_timer, a);
	a->engine = engine_new(send_out, a, loop_now(h->loop));
	if (a->timer && a->engine)
		return a;
	aaa_close(a);
	return NULL;
}

static bool
aaa_configure(void *role, const struct conf *c, char *err, size_t cap)
{
	struct aaa *a = role;

	return engine_configure(a->engine, c, err, cap);
}

static bool
aaa_go(void *role, char *err, size_t cap)
{
	struct aaa *a = role;

	(void)err;
	(void)cap;
	engine_start(a->engine, a->host->n_workers, loop_now(a->host->loop));
	arm(a);
	return true;
}

static void
aaa_message(void *role, enum role_id from, unsigned int index, const struct msg *m, int fd)
{
	struct aaa *a = role;

	if (fd >= 0)
		close(fd); /* no message for aaa brings a file */
	engine_message(a->engine, from, index, m, loop_now(a->host->loop));
	arm(a);
}

static void
aaa_peer_lost(void *role, enum role_id who, unsigned int index, const char *how)
{
	struct aaa *a = role;

	engine_peer_lost(a->engine, who, index, how, loop_now(a->host->loop));
	arm(a);
}

static void
aaa_peer_back(void *role, enum role_id who, unsigned int index)
{
	struct aaa *a = role;

	engine_peer_back(a->engine, who, index, loop_now(a->host->loop));
	arm(a);
}

const struct role_ops role_aaa = {
	.id = ROLE_AAA,
	.open = aaa_open,
	.configure = aaa_configure,
	.go = aaa_go,
	.message = aaa_message,
	.peer_lost = aaa_peer_lost,
	.peer_back = aaa_peer_back,
	.close = aaa_close,
};
