/* What the configuration names, for the checks of diag/checks_conf.c: is it there? */
#include "cmd/ctl_context.h"

#include "base/text.h"
#include "os/lines.h"
#include "os/sock.h"
#include "os/talk.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#define FORWARD_MS 2000u
#define ADDRESSES_MAX 8u

/* Group names are compared as policies do: without regard to the case of ASCII letters. */
static bool
has_group(const json_t *rows, const char *name)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (strcasecmp(ctl_str(row, "group"), name) == 0)
			return true;
	}
	return false;
}

static void
look_at_policy(struct diag_setup *s, const struct conf_policy *p, const json_t *rows)
{
	char shown[200];

	for (unsigned int i = 0; p->enabled && i < p->n_groups; i++) {
		size_t at = strlen(s->missing_groups);
		if (strpbrk(p->groups[i], "*?") || has_group(rows, p->groups[i]))
			continue;
		if (sizeof(s->missing_groups) - at > 240)
			snprintf(s->missing_groups + at, sizeof(s->missing_groups) - at,
			    "%s%.100s (policy \"%.60s\")", at ? ", " : "",
			    text_escape(view_str(p->groups[i]), shown, sizeof(shown)), p->name);
	}
}

static void
look_at_daemon(struct ctl_context *x, const struct ctl *c)
{
	struct ctl quiet = *c;
	json_t *groups, *users;
	const json_t *row;
	int status;
	size_t i;

	quiet.json = false;
	if (!ctl_daemon_runs(c))
		return;
	groups = ctl_ask(&quiet, json_pack("{s:s}", "cmd", "group list"), &status);
	x->setup.groups_known = groups != NULL;
	for (unsigned int k = 0; groups && k < x->conf->n_policies; k++)
		look_at_policy(&x->setup, &x->conf->policies[k], json_object_get(groups, "rows"));
	users = ctl_ask(&quiet, json_pack("{s:s}", "cmd", "user list"), &status);
	x->setup.accounts_known = users != NULL;
	json_array_foreach(json_object_get(users, "rows"), i, row)
	{
		x->setup.n_reversible += ctl_bool(row, "reversible");
	}
	json_decref(groups);
	json_decref(users);
}

static void
look_at_name(struct ctl_context *x)
{
	struct diag_setup *s = &x->setup;
	struct ip_addr addrs[ADDRESSES_MAX];
	char text[ADDR_TEXT_MAX], err[96] = "";
	size_t n;

	if (!x->conf->server_name[0])
		return;
	n = sock_resolve(x->conf->server_name, addrs, ADDRESSES_MAX, err, sizeof(err));
	if (n == 0)
		snprintf(s->name_error, sizeof(s->name_error), "%s", err[0] ? err : "no address");
	for (size_t i = 0; i < n; i++) {
		size_t at = strlen(s->name_addrs);
		if (sizeof(s->name_addrs) - at > ADDR_TEXT_MAX + 2)
			snprintf(s->name_addrs + at, sizeof(s->name_addrs) - at, "%s%s",
			    at ? " " : "", ip_text(&addrs[i], text));
		for (unsigned int k = 0; x->host && k < x->host->n_addrs; k++)
			s->name_is_ours =
			    s->name_is_ours || ip_equal(&x->host->addrs[k].prefix.addr, &addrs[i]);
	}
}

static void
look_at_webs(struct ctl_context *x)
{
	for (unsigned int i = 0; i < x->conf->n_webs && i < DIAG_TARGETS_MAX; i++) {
		const struct conf_web *w = &x->conf->webs[i];
		struct diag_target *t = &x->setup.webs[x->setup.n_webs];
		if (w->n_forward == 0)
			continue;
		x->setup.n_webs++;
		snprintf(t->name, sizeof(t->name), "%s", w->name);
		endpoint_text(&w->forward[0], t->to);
		int fd = talk_open(&w->forward[0], FORWARD_MS);
		if (fd >= 0)
			talk_close(fd);
		else
			snprintf(t->error, sizeof(t->error), "%s", strerror(-fd));
	}
}

void
ctl_look_at_setup(struct ctl_context *x, const struct ctl *c)
{
	struct diag_setup *s = &x->setup;
	struct statvfs fs;
	gid_t gid;

	if (statvfs(ctl_context_state(x, c), &fs) == 0) {
		s->disk_known = true;
		s->disk_free = (uint64_t)fs.f_bavail * fs.f_frsize;
	}
	snprintf(s->control_group, sizeof(s->control_group), "%s", x->conf->control_group);
	s->no_control_group = s->control_group[0] && lines_group(s->control_group, &gid) == -ENOENT;
	if (!x->conf_is_default)
		ctl_look_at_file(c->conf, &s->conf_file);
	for (unsigned int i = 0; i < x->conf->n_certificates && i < DIAG_TARGETS_MAX; i++)
		ctl_look_at_file(x->conf->certificates[i].key, &s->keys[s->n_keys++]);
	look_at_name(x);
	look_at_webs(x);
	look_at_daemon(x, c);
	x->ctx.setup = s;
}
