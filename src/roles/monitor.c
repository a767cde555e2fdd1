/*
 * The life of monitor: configuration, start, signals, reload, stop. See monitor.h.
 */
#include "roles/monitor_priv.h"

#include "os/conffile.h"
#include "os/file.h"
#include "os/journal.h"
#include "os/notify.h"
#include "os/proc.h"
#include "os/sock.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STOP_MS 8000u

void
monitor_say(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "rrasd: %s\n", line);
}

void
monitor_fatal(struct monitor *m, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (m->exit_status == 0)
		monitor_say("%s", line);
	m->exit_status = 1;
	m->stopping = true;
	loop_stop(m->loop);
}

/* Parses the file of opt; prints what is wrong. *text_out is the flattened text, to be freed. */
static struct conf *
load(const struct monitor_options *opt, char **text_out)
{
	struct conf_errors *errors = calloc(1, sizeof(*errors));
	char err[256] = "", line[CONF_PATH_MAX + 400];
	char *text;
	struct conf *c;

	if (!errors)
		return NULL;
	text = access(opt->conf_path, F_OK) != 0 && opt->default_path
	           ? strdup("")
	           : conffile_read(NULL, opt->conf_path, err, sizeof(err));
	if (!text) {
		monitor_say("cannot read %s: %s", opt->conf_path, err);
		free(errors);
		return NULL;
	}
	c = conf_parse(opt->conf_path, view_str(text), conffile_read, NULL, errors);
	for (unsigned int i = 0; i < errors->n; i++)
		fprintf(stderr, "%s\n", conf_error_text(&errors->e[i], line, sizeof(line)));
	if (errors->n_more)
		fprintf(stderr, "... and %u more\n", errors->n_more);
	if (c && text_out)
		*text_out = conf_flatten(opt->conf_path, view_str(text), conffile_read, NULL);
	free(text);
	free(errors);
	return c;
}

int
monitor_check(const struct monitor_options *opt)
{
	struct conf *c = load(opt, NULL);

	if (!c)
		return 1;
	printf("%s: %u pools, %u policies, no errors\n",
	    access(opt->conf_path, F_OK) == 0 ? opt->conf_path : "embedded defaults", c->n_pools,
	    c->n_policies);
	conf_free(c);
	return 0;
}

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
	    m->n_workers == 1 ? "" : "s", m->conf->sstp_enabled ? m->conf->n_sstp_listeners : 0,
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

static bool
same_listeners(const struct conf *a, const struct conf *b)
{
	if (a->n_sstp_listeners != b->n_sstp_listeners)
		return false;
	for (unsigned int i = 0; i < a->n_sstp_listeners; i++)
		if (!ip_equal(&a->sstp_listeners[i].addr, &b->sstp_listeners[i].addr) ||
		    a->sstp_listeners[i].port != b->sstp_listeners[i].port)
			return false;
	return true;
}

static void
reload(struct monitor *m)
{
	char *text = NULL;
	struct conf *c, *old = m->conf;
	struct mcerts certs = { 0 };
	int fd;

	(void)notify_send("RELOADING=1");
	c = load(m->opt, &text);
	fd = c && text && monitor_take_certs(m, c, &certs) && monitor_nat(m, c)
	         ? file_memfd("rrasd.conf", view_str(text))
	         : -EINVAL;
	if (fd < 0) {
		monitor_drop_certs(&certs);
		monitor_say("the configuration is not reloaded: the old one stays in force");
		conf_free(c);
		free(text);
		(void)notify_send("READY=1");
		return;
	}
	if (!same_listeners(c, old) || c->workers != old->workers || c->offload != old->offload ||
	    strcmp(c->state_dir, old->state_dir) != 0)
		monitor_say("changes of listen, workers, offload and state-directory need a "
			    "restart");
	close(m->config_fd);
	m->config_fd = fd;
	m->conf = c;
	m->generation++;
	free(m->text);
	m->text = text;
	monitor_drop_certs(&m->certs);
	m->certs = certs;
	monitor_update_pools(m, old);
	conf_free(old);
	for (unsigned int i = 0; i < m->n_roles; i++)
		monitor_send_config(m, &m->roles[i]);
	monitor_follow_config(m);
	monitor_watch(m);
	monitor_say("reloaded, generation %llu", (unsigned long long)m->generation);
	(void)notify_send("READY=1");
}

static void
on_signal(void *ctx, int signo)
{
	struct monitor *m = ctx;

	if (signo == SIGCHLD) {
		monitor_reap(m);
	} else if (signo == SIGHUP) {
		reload(m);
	} else if (!m->stopping) {
		m->stopping = true;
		(void)notify_send("STOPPING=1");
		loop_timer_at(m->stop_timer, loop_now(m->loop)->ms + STOP_MS);
		stop_next(m);
	}
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
	m.conf = load(opt, &m.text);
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
