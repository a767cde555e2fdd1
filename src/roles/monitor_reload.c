/*
 * Loading the configuration, at the start and again: by SIGHUP, or because `rrasctl reload` asks
 * through record. A new one is taken whole or not at all.
 */
#include "roles/monitor_priv.h"

#include "os/file.h"
#include "os/notify.h"
#include "roles/conf_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Loads the file of opt; says what is wrong. *text_out is the flattened text, to be freed. */
struct conf *
monitor_load(const struct monitor_options *opt, char **text_out)
{
	struct conf_load want = {
		.path = opt->conf_path, .may_miss = opt->default_path, .strict = true
	};
	struct conf_loaded *l = calloc(1, sizeof(*l));
	char line[CONF_PATH_MAX + 400];
	struct conf *c = NULL;

	if (!l)
		return NULL;
	(void)!conf_load(&want, l);
	if (l->err[0])
		monitor_say("%s", l->err);
	for (unsigned int i = 0; i < l->errors.n; i++)
		monitor_say_line(conf_error_text(&l->errors.e[i], line, sizeof(line)));
	if (l->errors.n_more)
		fprintf(stderr, "... and %u more\n", l->errors.n_more);
	c = l->conf;
	l->conf = NULL;
	if (c && text_out) {
		*text_out = l->text;
		l->text = NULL;
	}
	conf_loaded_fini(l);
	free(l);
	return c;
}

int
monitor_check(const struct monitor_options *opt)
{
	struct conf *c = monitor_load(opt, NULL);

	if (!c)
		return 1;
	printf("%s: %u pools, %u policies, no errors\n",
	    access(opt->conf_path, F_OK) == 0 ? opt->conf_path : "embedded defaults", c->n_pools,
	    c->n_policies);
	conf_free(c);
	return 0;
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

/* What a running daemon cannot change. */
static void
say_needs_restart(const struct conf *c, const struct conf *old)
{
	struct wr w;
	char list[200];

	w = wr_over(list, sizeof(list) - 1);
	if (!same_listeners(c, old))
		wr_str(&w, " listen");
	if (c->workers != old->workers)
		wr_str(&w, " workers");
	if (c->offload != old->offload)
		wr_str(&w, " offload");
	if (c->sstp_connections != old->sstp_connections)
		wr_str(&w, " connections-per-worker");
	if (c->sandbox != old->sandbox)
		wr_str(&w, " sandbox");
	if (c->mru_bytes != old->mru_bytes)
		wr_str(&w, " mru (of the devices)");
	if (strcmp(c->device_prefix, old->device_prefix) != 0)
		wr_str(&w, " device-prefix");
	if (strcmp(c->state_dir, old->state_dir) != 0)
		wr_str(&w, " state-directory");
	if (strcmp(c->run_dir, old->run_dir) != 0)
		wr_str(&w, " run-directory");
	if (strcmp(c->control_group, old->control_group) != 0 ||
	    c->control_read_only != old->control_read_only)
		wr_str(&w, " control-group");
	list[wr_len(&w)] = 0;
	if (list[0])
		monitor_say("what is changed of these counts after a restart only:%s", list);
}

/* The new configuration is good in every respect: it comes into force. */
static void
commit(struct monitor *m, struct conf *c, char *text, int fd, const struct mcerts *certs)
{
	struct conf *old = m->conf;

	say_needs_restart(c, old);
	close(m->config_fd);
	m->config_fd = fd;
	m->conf = c;
	m->generation++;
	free(m->text);
	m->text = text;
	if (!monitor_same_certs(&m->certs, certs))
		monitor_say("another certificate is in force for new connections");
	monitor_drop_certs(&m->certs);
	m->certs = *certs;
	monitor_update_pools(m, old);
	conf_free(old);
	for (unsigned int i = 0; i < m->n_roles; i++)
		monitor_send_config(m, &m->roles[i]);
	monitor_follow_config(m);
	monitor_watch(m);
}

bool
monitor_reload(struct monitor *m)
{
	char *text = NULL;
	struct conf *c;
	struct mcerts certs = { 0 };
	int fd;

	(void)notify_send("RELOADING=1");
	c = monitor_load(m->opt, &text);
	fd = c && text && monitor_take_certs(m, c, &certs) && monitor_nat(m, c) &&
	             monitor_listen_late(m, c)
	         ? file_memfd("rrasd.conf", view_str(text))
	         : -EINVAL;
	if (fd < 0) {
		monitor_drop_certs(&certs);
		monitor_say("the configuration is not reloaded: the old one stays in force");
		conf_free(c);
		free(text);
	} else {
		commit(m, c, text, fd, &certs);
		monitor_say("reloaded, generation %llu", (unsigned long long)m->generation);
	}
	(void)notify_send("READY=1");
	return fd >= 0;
}

void
monitor_on_reload(struct monitor *m, struct mrole *from, uint32_t seq)
{
	char report[8192];
	bool ok;

	monitor_listen_begin();
	ok = !m->stopping && m->started && monitor_reload(m);
	struct msg msg = { .id = MSG_RELOADED,
		.u.reloaded = { .seq = seq,
		    .ok = ok,
		    .generation = m->generation,
		    .report = monitor_listen_end(report, sizeof(report)) } };
	if (from->chan && !chan_send(from->chan, &msg, -1))
		monitor_say("%s does not take our answer", role_name(from->id));
}
