/*
 * The life of monitor: configuration, start, signals, reload, stop. See monitor.h.
 */
#include "roles/monitor_priv.h"

#include "os/file.h"
#include "os/journal.h"
#include "os/lines.h"
#include "os/notify.h"
#include "os/proc.h"
#include "os/sock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STOP_MS 8000u

void
monitor_role_ready(struct monitor *m)
{
	for (unsigned int i = 0; i < m->n_roles; i++)
		if (!m->roles[i].ready)
			return;
	if (m->started)
		return;
	m->started = true;
	monitor_watch(m);
	monitor_say("ready: %u worker%s, %u listener%s, configuration %s", m->n_workers,
	    m->n_workers == 1 ? "" : "s", conf_offers_sstp(m->conf) ? m->conf->n_sstp_listeners : 0,
	    m->conf->n_sstp_listeners == 1 ? "" : "s",
	    access(m->opt->conf_path, F_OK) == 0 ? m->opt->conf_path : "embedded defaults");
	(void)notify_send("READY=1\nSTATUS=Accepting connections");
}

/* The order of the end: workers say goodbye first, record writes the last of it. */
static const enum role_id stop_order[] = { ROLE_NET, ROLE_FETCH, ROLE_AAA, ROLE_VAULT,
	ROLE_RECORD };

static void
stop_next(struct monitor *m)
{
	for (unsigned int s = 0; s < sizeof(stop_order) / sizeof(stop_order[0]); s++) {
		bool any = false;
		for (unsigned int i = 0; i < m->n_roles; i++) {
			if (m->roles[i].id != stop_order[s] || !m->roles[i].chan)
				continue;
			any = true;
			monitor_stop_role(&m->roles[i]);
		}
		if (any)
			return;
	}
	loop_stop(m->loop);
}

void
monitor_role_gone(struct monitor *m)
{
	stop_next(m);
}

static void
on_stop_timer(void *ctx)
{
	struct monitor *m = ctx;

	monitor_say("a role did not end in time");
	loop_stop(m->loop);
}

static void
on_watch_timer(void *ctx)
{
	monitor_watch(ctx);
}

static void
on_signal(void *ctx, int signo)
{
	struct monitor *m = ctx;

	if (signo == SIGCHLD) {
		monitor_reap(m);
	} else if (signo == SIGHUP) {
		(void)monitor_reload(m);
	} else if (!m->stopping) {
		m->stopping = true;
		(void)notify_send("STOPPING=1");
		loop_timer_at(m->stop_timer, loop_now(m->loop)->ms + STOP_MS);
		stop_next(m);
	}
}

/* U08: root only, and the members of the group that the configuration names. */
static void
give_control(const struct conf *c, const char *path)
{
	gid_t gid;

	if (!c->control_group[0])
		return;
	int rc = lines_group(c->control_group, &gid);
	if (rc == 0 && chown(path, (uid_t)-1, gid) != 0)
		rc = -errno;
	if (rc < 0)
		monitor_say("the control socket stays root's: control-group %s: %s",
		    c->control_group,
		    rc == -ENOENT ? "there is no such group on this host" : strerror(-rc));
}

static bool
open_control(struct monitor *m)
{
	char path[CONF_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/control.sock", m->conf->run_dir);
	m->control_fd = sock_listen_unix(path, 0660);
	if (m->control_fd == -EADDRINUSE)
		monitor_say("another rrasd answers on %s: stop it first", path);
	else if (m->control_fd < 0)
		monitor_say("cannot make %s: %s", path, strerror(-m->control_fd));
	else
		give_control(m->conf, path);
	m->journal_fd = journal_open();
	return m->control_fd >= 0;
}

static bool
start(struct monitor *m)
{
	static const int signos[] = { SIGCHLD, SIGHUP, SIGTERM, SIGINT };
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int rc;

	m->n_workers = m->conf->workers ? m->conf->workers : cores > 0 ? (unsigned int)cores : 1;
	if (m->n_workers > WORKERS_MAX)
		m->n_workers = WORKERS_MAX;
	rc = netlink_open(&m->nl);
	if (rc < 0) {
		monitor_say("no rtnetlink: %s", strerror(-rc));
		return false;
	}
	m->config_fd = file_memfd("rrasd.conf", view_str(m->text));
	if (m->config_fd < 0 || !monitor_setup(m) || !open_control(m) || !monitor_open_network(m))
		return false;
	for (unsigned int i = 0; i < 4; i++)
		m->signals[i] = loop_signal_new(m->loop, signos[i], on_signal, m);
	m->stop_timer = loop_timer_new(m->loop, on_stop_timer, m);
	m->watch_timer = loop_timer_new(m->loop, on_watch_timer, m);
	return m->stop_timer && m->watch_timer && monitor_start_roles(m);
}

static void
finish(struct monitor *m)
{
	char path[CONF_PATH_MAX + 16];

	monitor_free_roles(m);
	monitor_close_network(m);
	for (unsigned int i = 0; i < 4; i++)
		loop_signal_free(m->signals[i]);
	loop_timer_free(m->stop_timer);
	loop_timer_free(m->watch_timer);
	loop_timer_free(m->look_timer);
	loop_free(m->loop);
	if (m->control_fd >= 0) {
		snprintf(path, sizeof(path), "%s/control.sock", m->conf->run_dir);
		(void)unlink(path);
		close(m->control_fd);
	}
	if (m->journal_fd >= 0)
		close(m->journal_fd);
	if (m->config_fd >= 0)
		close(m->config_fd);
	monitor_drop_certs(&m->certs);
	conf_free(m->conf);
	free(m->text);
}

int
monitor_main(const struct monitor_options *opt)
{
	static struct monitor m;
	int status;

	m = (struct monitor){ .opt = opt, .config_fd = -1, .control_fd = -1, .journal_fd = -1 };
	memset(m.listener_fds, -1, sizeof(m.listener_fds));
	memset(m.tun_fds, -1, sizeof(m.tun_fds));
	if (geteuid() != 0) {
		monitor_say("must be started as root: it makes devices and routes, and drops its "
			    "privileges where it can");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	proc_raise_files(); /* a connection is a descriptor */
	monitor_say_start(&m);
	m.conf = monitor_load(opt, &m.text);
	if (!m.conf || !m.text)
		return 1;
	m.generation = 1;
	m.loop = loop_new();
	if (!m.loop)
		return 1;
	if (start(&m))
		loop_run(m.loop);
	else
		m.exit_status = 1;
	status = m.exit_status;
	finish(&m);
	return status;
}
