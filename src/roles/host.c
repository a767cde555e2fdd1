/*
 * The host of one role: it takes the start messages of monitor, opens the channels to the other
 * roles, closes the sandbox and then passes messages on. See host.h. A host in a process of its
 * own and one that shares monitor's process run the same code; only the sandbox differs.
 */
#include "roles/host_run.h"

#include "crypto/crypto.h"
#include "os/chan.h"
#include "os/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_MAX (8u << 20)
#define OBITUARY_MS 500u /* how long monitor's word of how a peer ended may take */

struct host {
	struct role_host pub;
	const struct role_ops *ops;
	void *role;
	struct chan *monitor;
	struct chan *peers[N_ROLE][WORKERS_MAX];
	struct conf *conf, *old_conf;
	host_sandbox_fn sandbox; /* NULL: shares a process, or switched off */
	loop_fn on_end;
	void *on_end_ctx;
	struct loop_timer *obituary; /* peers are gone and monitor has not said how */
	bool going, ended;
};

static void
end(struct host *h)
{
	if (h->ended)
		return;
	h->ended = true;
	h->on_end(h->on_end_ctx);
}

/* Tells monitor what is wrong. */
static void
complain(struct host *h, const char *reason)
{
	struct msg m = { .id = MSG_FAILED, .u.failed = { .reason = view_str(reason) } };

	if (!chan_send(h->monitor, &m, -1))
		fprintf(stderr, "openrras %s: %s\n", role_name(h->pub.role), reason);
}

/* Tells monitor why the role cannot go on, and ends. */
static void
fail(struct host *h, const char *reason)
{
	complain(h, reason);
	end(h);
}

static void
on_peer_msg(void *ctx, struct chan *c, const struct msg *m, int fd)
{
	struct host *h = ctx;

	h->ops->message(h->role, chan_peer(c), chan_peer_index(c), m, fd);
}

static void
peer_lost(struct host *h, enum role_id who, unsigned int index, const char *how)
{
	struct chan *c = h->peers[who][index];

	if (!c)
		return;
	chan_drain(c); /* what it said before its end counts */
	h->peers[who][index] = NULL;
	chan_free(c);
	if (h->ops->peer_lost)
		h->ops->peer_lost(h->role, who, index, how);
}

static void
on_no_obituary(void *ctx)
{
	struct host *h = ctx;

	for (unsigned int r = 0; r < N_ROLE; r++)
		for (unsigned int i = 0; i < WORKERS_MAX; i++)
			if (h->peers[r][i] && !chan_is_up(h->peers[r][i]))
				peer_lost(h, (enum role_id)r, i, "it ended");
}

/* Its end shows here first, and a moment later monitor says how it came: that is the evidence. */
static void
on_peer_down(void *ctx, struct chan *c, const char *reason)
{
	struct host *h = ctx;

	if (!h->obituary)
		h->obituary = loop_timer_new(h->pub.loop, on_no_obituary, h);
	if (h->obituary && strcmp(reason, CHAN_PEER_ENDED) == 0)
		loop_timer_at(h->obituary, loop_now(h->pub.loop)->ms + OBITUARY_MS);
	else
		peer_lost(h, chan_peer(c), chan_peer_index(c), reason);
}

static void
take_channel(struct host *h, const struct msg_channel *m, int fd)
{
	if (m->role >= N_ROLE || m->index >= WORKERS_MAX) {
		close(fd);
		return;
	}
	peer_lost(h, m->role, m->index, "replaced");
	h->peers[m->role][m->index] =
	    chan_new(h->pub.loop, fd, h->pub.role, m->role, m->index, on_peer_msg, on_peer_down, h);
	if (h->peers[m->role][m->index] && h->ops->peer_back && h->going)
		h->ops->peer_back(h->role, m->role, m->index);
}

/*
 * A configuration that cannot be taken ends a role that has none yet. One that runs goes on with
 * the old one: an administrator's mistake in a reload ends no session.
 */
static void
refuse_config(struct host *h, const char *reason)
{
	char text[600];

	if (!h->going) {
		fail(h, reason);
		return;
	}
	snprintf(text, sizeof(text), "%s; the old configuration stays in force here", reason);
	complain(h, text);
}

/* The text was checked by monitor; what the role finds is mostly about the files it names. */
static void
take_config(struct host *h, int fd)
{
	char err[512] = "";
	struct conf_errors errors = { 0 };
	struct file_bytes text;
	int rc = file_read_fd(fd, CONFIG_MAX, &text);

	close(fd);
	if (rc < 0) {
		snprintf(err, sizeof(err), "cannot read the configuration: %s", strerror(-rc));
		refuse_config(h, err);
		return;
	}
	struct conf *c = conf_parse("rrasd.conf", file_view(&text), NULL, NULL, &errors);
	file_bytes_free(&text);
	if (!c) {
		refuse_config(h, errors.n ? errors.e[0].text : "the configuration does not parse");
		return;
	}
	if (h->ops->configure && !h->ops->configure(h->role, c, err, sizeof(err))) {
		conf_free(c);
		refuse_config(h, err);
		return;
	}
	/* Sessions may still look at the generation before; the one before that is done with. */
	conf_free(h->old_conf);
	h->old_conf = h->conf;
	h->conf = c;
	h->pub.conf = c;
}

static void
go(struct host *h, uint64_t generation)
{
	struct msg ready = { .id = MSG_READY, .u.ready = { .generation = generation } };
	char err[512] = "";

	if (!crypto_init(err, sizeof(err)) ||
	    (h->ops->go && !h->ops->go(h->role, err, sizeof(err))) ||
	    (h->sandbox && h->conf->sandbox &&
		!h->sandbox(h->pub.role, h->conf, err, sizeof(err)))) {
		fail(h, err);
		return;
	}
	h->going = true;
	for (unsigned int r = 0; r < N_ROLE; r++)
		for (unsigned int i = 0; i < WORKERS_MAX; i++)
			if (h->peers[r][i] && h->ops->peer_back)
				h->ops->peer_back(h->role, (enum role_id)r, i);
	if (!chan_send(h->monitor, &ready, -1))
		end(h);
}

static void
on_monitor_msg(void *ctx, struct chan *c, const struct msg *m, int fd)
{
	struct host *h = ctx;

	(void)c;
	switch ((unsigned int)m->id) { /* of all messages, those that concern us */
	case MSG_START:
		h->pub.n_workers = m->u.start.n_workers;
		return;
	case MSG_CONFIG:
		take_config(h, fd);
		return;
	case MSG_CHANNEL:
		take_channel(h, &m->u.channel, fd);
		return;
	case MSG_GO:
		go(h, m->u.go.generation);
		return;
	case MSG_PING: {
		struct msg pong = { .id = MSG_PONG, .u.pong = { .seq = m->u.ping.seq } };
		if (!chan_send(h->monitor, &pong, -1))
			end(h); /* it takes nothing any more: without monitor all stop */
		return;
	}
	case MSG_STOP:
		if (h->ops->stop)
			h->ops->stop(h->role);
		end(h);
		return;
	case MSG_ROLE_LOST: {
		char how[256];
		if (m->u.role_lost.role >= N_ROLE || m->u.role_lost.index >= WORKERS_MAX)
			return;
		snprintf(how, sizeof(how), "%.*s", (int)m->u.role_lost.how.n,
		    (const char *)m->u.role_lost.how.p);
		peer_lost(h, m->u.role_lost.role, m->u.role_lost.index, how);
		if (h->ops->role_lost && h->going)
			h->ops->role_lost(h->role, m->u.role_lost.role, m->u.role_lost.index, how);
		return;
	}
	default:
		h->ops->message(h->role, ROLE_MONITOR, 0, m, fd);
	}
}

static void
on_monitor_down(void *ctx, struct chan *c, const char *reason)
{
	(void)c;
	(void)reason;
	end(ctx); /* monitor dies: all stop */
}

struct host *
host_new(struct loop *loop, const struct role_ops *ops, unsigned int index, int fd,
    host_sandbox_fn sandbox, loop_fn on_end, void *ctx)
{
	struct host *h = calloc(1, sizeof(*h));

	if (!h) {
		close(fd);
		return NULL;
	}
	h->pub = (struct role_host){ .loop = loop, .role = ops->id, .index = index, .priv = h };
	h->ops = ops;
	h->sandbox = sandbox;
	h->on_end = on_end;
	h->on_end_ctx = ctx;
	h->role = ops->open(&h->pub);
	if (h->role)
		h->monitor = chan_new(
		    loop, fd, ops->id, ROLE_MONITOR, 0, on_monitor_msg, on_monitor_down, h);
	else
		close(fd);
	if (!h->monitor) {
		host_free(h);
		return NULL;
	}
	return h;
}

void
host_free(struct host *h)
{
	if (!h)
		return;
	for (unsigned int r = 0; r < N_ROLE; r++)
		for (unsigned int i = 0; i < WORKERS_MAX; i++)
			chan_free(h->peers[r][i]);
	if (h->role)
		h->ops->close(h->role);
	chan_free(h->monitor);
	loop_timer_free(h->obituary);
	conf_free(h->conf);
	conf_free(h->old_conf);
	free(h);
}

bool
host_send(struct role_host *rh, enum role_id to, unsigned int index, const struct msg *m, int fd)
{
	struct host *h = rh->priv;
	struct chan *c = to == ROLE_MONITOR    ? h->monitor
	                 : index < WORKERS_MAX ? h->peers[to][index]
	                                       : NULL;

	return c && chan_send(c, m, fd);
}

void
host_complain(struct role_host *rh, const char *text)
{
	complain(rh->priv, text);
}

bool
host_has(const struct role_host *rh, enum role_id to, unsigned int index)
{
	const struct host *h = rh->priv;

	return to == ROLE_MONITOR ||
	       (index < WORKERS_MAX && h->peers[to][index] && chan_is_up(h->peers[to][index]));
}
