/*
 * Starting roles, connecting them with each other, and bringing back those that died.
 */
#include "roles/monitor_priv.h"

#include "base/text.h"
#include "os/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESTART_MS 200u
#define RESTART_MAX_MS 10000u
#define STABLE_MS 60000u

/* Who talks with whom (besides monitor, who talks with all). */
static bool
are_neighbours(enum role_id a, enum role_id b)
{
	static const unsigned int neighbours[N_ROLE] = {
		[ROLE_NET] = ROLE_BIT(ROLE_AAA) | ROLE_BIT(ROLE_VAULT) | ROLE_BIT(ROLE_RECORD) |
		             ROLE_BIT(ROLE_FETCH),
		[ROLE_AAA] = ROLE_BIT(ROLE_NET) | ROLE_BIT(ROLE_VAULT) | ROLE_BIT(ROLE_RECORD),
		[ROLE_VAULT] = ROLE_BIT(ROLE_NET) | ROLE_BIT(ROLE_AAA) | ROLE_BIT(ROLE_RECORD),
		[ROLE_RECORD] = ROLE_BIT(ROLE_NET) | ROLE_BIT(ROLE_AAA) | ROLE_BIT(ROLE_VAULT) |
		                ROLE_BIT(ROLE_FETCH),
		[ROLE_FETCH] = ROLE_BIT(ROLE_NET) | ROLE_BIT(ROLE_RECORD),
	};

	return neighbours[a] & ROLE_BIT(b);
}

struct mrole *
monitor_role(struct monitor *m, enum role_id id, unsigned int index)
{
	for (unsigned int i = 0; i < m->n_roles; i++)
		if (m->roles[i].id == id && m->roles[i].index == index)
			return &m->roles[i];
	return NULL;
}

/* A channel that is down means that the role is ending, which is told and handled there. */
static void
tell(struct mrole *r, const struct msg *msg, int fd)
{
	if (r->chan && !chan_send(r->chan, msg, fd) && chan_backlog(r->chan))
		monitor_say("%s %u does not take our messages", role_name(r->id), r->index);
}

static void
tell_channel(struct mrole *r, const struct mrole *peer, int fd)
{
	struct msg msg = { .id = MSG_CHANNEL,
		.u.channel = { .role = (uint8_t)peer->id, .index = peer->index } };

	tell(r, &msg, fd);
}

static void
connect_roles(struct mrole *a, struct mrole *b)
{
	int pair[2], rc = chan_pair(pair);

	if (rc < 0) {
		monitor_say("no channel between %s and %s: %s", role_name(a->id), role_name(b->id),
		    strerror(-rc));
		return;
	}
	tell_channel(a, b, pair[0]);
	tell_channel(b, a, pair[1]);
	close(pair[0]);
	close(pair[1]);
}

static void
tell_file(struct mrole *r, enum file_purpose purpose, const char *path, int fd)
{
	struct msg msg = { .id = MSG_FILE,
		.u.file = { .purpose = (uint8_t)purpose, .path = view_str(path) } };

	tell(r, &msg, fd);
}

/* Opens a key file and passes it on unread. */
static void
pass_file(struct mrole *r, enum file_purpose purpose, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		monitor_say("cannot open %s: %s", path, strerror(errno));
		return;
	}
	tell_file(r, purpose, path, fd);
	close(fd);
}

void
monitor_send_config(struct monitor *m, struct mrole *r)
{
	struct msg msg = { .id = MSG_CONFIG, .u.config = { .generation = m->generation } };

	for (unsigned int i = 0; i < m->certs.n; i++) {
		const struct mcert *c = &m->certs.c[i];
		if (r->id == ROLE_NET)
			tell_file(r, FILE_CERT, c->chain_path, c->chain_fd);
		if (r->id == ROLE_VAULT)
			tell_file(r, FILE_KEY, c->key_path, c->key_fd);
	}
	tell(r, &msg, m->config_fd);
}

void
monitor_send_listeners(struct monitor *m, unsigned int w)
{
	struct mrole *r = monitor_role(m, ROLE_NET, w);

	for (unsigned int i = 0; r && i < m->n_listeners; i++) {
		struct msg msg = { .id = MSG_LISTENER,
			.u.listener = { .tunnel = TUNNEL_SSTP, .local = m->listener_at[i] } };
		if (m->listener_fds[w][i] >= 0)
			tell(r, &msg, m->listener_fds[w][i]);
	}
}

static void
send_worker(struct monitor *m, struct mrole *r)
{
	unsigned int w = r->index;
	struct msg tun = { .id = MSG_TUN,
		.u.tun = { .device = view_str(m->tun_names[w]),
		    .mtu = m->conf->mru_bytes,
		    .offload = (uint8_t)m->offload } };

	monitor_send_listeners(m, w);
	tell(r, &tun, m->tun_fds[w]);
}

/* All that a role needs before it may go, and GO. */
static void
send_start(struct monitor *m, struct mrole *r)
{
	struct msg start = { .id = MSG_START,
		.u.start = { .index = r->index, .n_workers = m->n_workers } };
	struct msg go = { .id = MSG_GO, .u.go = { .generation = m->generation } };

	tell(r, &start, -1);
	monitor_send_config(m, r);
	if (r->id == ROLE_NET)
		send_worker(m, r);
	if (r->id == ROLE_VAULT)
		pass_file(r, FILE_VAULT_KEY, m->conf->vault_key);
	if (r->id == ROLE_RECORD && m->control_fd >= 0)
		tell_file(r, FILE_CONTROL, m->conf->run_dir, m->control_fd);
	if (r->id == ROLE_RECORD && m->journal_fd >= 0)
		tell_file(r, FILE_JOURNAL, "journal", m->journal_fd);
	for (unsigned int i = 0; i < m->n_roles; i++) {
		struct mrole *peer = &m->roles[i];
		/* Of a pair that starts together the later one makes the channel. */
		if (peer != r && peer->chan && are_neighbours(r->id, peer->id))
			connect_roles(r, peer);
	}
	tell(r, &go, -1);
}

static void role_ended(struct mrole *r, const char *how);

static void
send_status(struct mrole *record, uint32_t seq)
{
	struct monitor *m = record->m;
	char text[2048];
	struct wr w = wr_over(text, sizeof(text));

	wr_fmt(&w, "pid %ld\nworkers %u\ngeneration %llu\nplacement %s\n", (long)getpid(),
	    m->n_workers, (unsigned long long)m->generation,
	    m->opt->one_process ? "one-process" : "processes");
	for (unsigned int i = 0; i < m->n_roles; i++) {
		const struct mrole *r = &m->roles[i];
		wr_fmt(&w, "role %s %u pid %ld state %s restarts %u\n", role_name(r->id), r->index,
		    (long)(r->pid ? r->pid : getpid()), r->ready ? "running" : "starting",
		    r->n_restarts);
	}
	struct msg msg = { .id = MSG_STATUS, .u.status = { .seq = seq, .lines = wr_view_of(&w) } };
	tell(record, &msg, -1);
}

static void
on_msg(void *ctx, struct chan *c, const struct msg *msg, int fd)
{
	struct mrole *r = ctx;
	char text[900];

	(void)c;
	if (fd >= 0)
		close(fd);
	switch ((unsigned int)msg->id) { /* of all messages, those that concern us */
	case MSG_READY:
		if (!r->ready && r->n_restarts)
			monitor_say("%s %u runs again", role_name(r->id), r->index);
		r->ready = true;
		if (r->id == ROLE_RECORD)
			monitor_tell_events(r->m);
		monitor_role_ready(r->m);
		return;
	case MSG_PONG:
		monitor_ponged(r, msg->u.pong.seq);
		return;
	case MSG_FAILED:
		text_escape(msg->u.failed.reason, text, sizeof(text));
		monitor_say("%s: %s", role_name(r->id), text);
		if (!r->m->started)
			monitor_fatal(r->m, "not started");
		return;
	case MSG_PLUMB:
		monitor_plumb(r->m, r, &msg->u.plumb);
		return;
	case MSG_GRANT:
		monitor_grant(r->m, &msg->u.grant);
		return;
	case MSG_LOOK:
		monitor_look(r->m, &msg->u.look);
		return;
	case MSG_NOTICE:
		text_escape(msg->u.notice.text, text, sizeof(text));
		monitor_say("%s: %s", role_name(r->id), text);
		return;
	case MSG_RELOAD:
		monitor_on_reload(r->m, r, msg->u.reload.seq);
		return;
	case MSG_STATUS_ASK:
		send_status(r, msg->u.status_ask.seq);
		return;
	default:
		return;
	}
}

static void
on_down(void *ctx, struct chan *c, const char *reason)
{
	struct mrole *r = ctx;

	(void)c;
	/* Its process is ending or was broken into; either way it has to end now. */
	if (r->pid > 0)
		(void)kill(r->pid, SIGKILL);
	else if (!r->ended)
		role_ended(r, reason);
}

static void
on_host_end(void *ctx)
{
	struct mrole *r = ctx;

	r->ended = true;
	loop_timer_at(r->timer, 0);
}

static bool
start_role(struct mrole *r)
{
	struct monitor *m = r->m;
	int pair[2], rc = chan_pair(pair);

	if (rc < 0) {
		monitor_say("no channel to %s: %s", role_name(r->id), strerror(-rc));
		return false;
	}
	r->ready = r->ended = r->hung = false;
	r->pinged_ms = 0;
	r->started_ms = loop_now(m->loop)->ms;
	if (m->opt->one_process) {
		r->host =
		    host_new(m->loop, role_ops_of(r->id), r->index, pair[1], NULL, on_host_end, r);
		rc = r->host ? 0 : -ENOMEM;
	} else {
		char index[16];
		snprintf(index, sizeof(index), "%u", r->index);
		const char *const argv[] = { "rrasd", "--role", role_name(r->id), "--index", index,
			NULL };
		r->pid = proc_spawn_self(argv, pair[1]);
		rc = r->pid < 0 ? (int)r->pid : 0;
		close(pair[1]);
	}
	if (rc == 0)
		r->chan =
		    chan_new(m->loop, pair[0], ROLE_MONITOR, r->id, r->index, on_msg, on_down, r);
	else
		close(pair[0]);
	if (!r->chan) {
		monitor_say("cannot start %s: %s", role_name(r->id), strerror(-rc));
		r->pid = 0;
		return false;
	}
	send_start(m, r);
	return true;
}

/* A role is gone: the others are told; it is started again unless we are stopping. */
static void
role_ended(struct mrole *r, const char *how)
{
	struct monitor *m = r->m;
	uint64_t now_ms = loop_now(m->loop)->ms;
	struct msg lost = { .id = MSG_ROLE_LOST,
		.u.role_lost = {
		    .role = (uint8_t)r->id, .index = r->index, .how = view_str(how) } };

	if (r->chan)
		chan_drain(r->chan); /* the reason why it ended */
	chan_free(r->chan);
	r->chan = NULL;
	host_free(r->host);
	r->host = NULL;
	r->pid = 0;
	r->ready = false;
	if (m->stopping) {
		monitor_role_gone(m);
		return;
	}
	monitor_say("%s %u ended: %s", role_name(r->id), r->index, how);
	for (unsigned int i = 0; i < m->n_roles; i++)
		if (&m->roles[i] != r)
			tell(&m->roles[i], &lost, -1);
	if (!m->started) {
		monitor_fatal(m, "not started");
		return;
	}
	r->n_restarts = now_ms - r->started_ms > STABLE_MS ? 1 : r->n_restarts + 1;
	uint64_t delay = RESTART_MS << (r->n_restarts < 6 ? r->n_restarts : 6);
	loop_timer_at(r->timer, now_ms + (delay > RESTART_MAX_MS ? RESTART_MAX_MS : delay));
}

static void
on_role_timer(void *ctx)
{
	struct mrole *r = ctx;

	if (r->ended) {
		r->ended = false;
		role_ended(r, "it ended");
		return;
	}
	if (r->m->stopping || r->chan)
		return;
	if (!start_role(r))
		loop_timer_at(r->timer, loop_now(r->m->loop)->ms + RESTART_MAX_MS);
}

void
monitor_reap(struct monitor *m)
{
	int status;
	pid_t pid;

	while ((pid = proc_reap(&status)) > 0) {
		char how[128];
		for (unsigned int i = 0; i < m->n_roles; i++) {
			struct mrole *r = &m->roles[i];
			if (r->pid != pid)
				continue;
			if (r->hung)
				snprintf(how, sizeof(how),
				    "it hung: no answer for %u s, so it was killed",
				    m->conf->role_deadline_ms / 1000);
			else
				(void)proc_status_text(status, how, sizeof(how));
			role_ended(r, how);
		}
	}
}

void
monitor_stop_role(struct mrole *r)
{
	struct msg stop = { .id = MSG_STOP };

	if (!r->told_to_stop)
		tell(r, &stop, -1);
	r->told_to_stop = true;
}

/* A role that was not there before. False: it could not be started. */
static bool
add_role(struct monitor *m, enum role_id id, unsigned int index)
{
	must(m->n_roles < ROLES_MAX);
	struct mrole *r = &m->roles[m->n_roles++];

	*r = (struct mrole){
		.m = m, .id = id, .index = index, .timer = loop_timer_new(m->loop, on_role_timer, r)
	};
	return r->timer && start_role(r);
}

bool
monitor_start_roles(struct monitor *m)
{
	static const enum role_id order[] = { ROLE_RECORD, ROLE_VAULT, ROLE_AAA };

	for (unsigned int i = 0; i < 3 + m->n_workers; i++)
		if (!add_role(m, i < 3 ? order[i] : ROLE_NET, i < 3 ? 0 : i - 3))
			return false;
	return m->conf->n_webs == 0 || add_role(m, ROLE_FETCH, 0);
}

void
monitor_follow_config(struct monitor *m)
{
	if (m->conf->n_webs && !monitor_role(m, ROLE_FETCH, 0) && !add_role(m, ROLE_FETCH, 0))
		monitor_say("the fetch role could not be started: web sites are not served");
}

void
monitor_free_roles(struct monitor *m)
{
	for (unsigned int i = 0; i < m->n_roles; i++) {
		struct mrole *r = &m->roles[i];
		if (r->pid > 0)
			proc_end(r->pid);
		chan_free(r->chan);
		host_free(r->host);
		loop_timer_free(r->timer);
	}
}
