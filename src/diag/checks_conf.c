/*
 * What the configuration names, held against what there is: groups, sites, the server's own name,
 * further certificates and keys, files, room on the disk. Pure; see diag.h and checks.h.
 */
#include "diag/checks.h"

#include <stdio.h>

#define DISK_LEAST (64ull << 20)
#define DISK_WARN (512ull << 20)

/* A policy without conditions matches everybody: what stands behind it is never asked. */
static void
check_shadowed(const struct diag_config *conf, struct diag_checks *out)
{
	const struct diag_policy *all = NULL;
	unsigned int n = 0;
	char names[200] = "";

	for (unsigned int i = 0; i < conf->n_policies; i++) {
		const struct diag_policy *p = &conf->policies[i];
		size_t at = strlen(names);
		if (p->enabled && all && n++ < 4)
			snprintf(
			    names + at, sizeof(names) - at, "%s\"%.40s\"", at ? ", " : "", p->name);
		if (p->enabled && p->matches_all && !all)
			all = p;
	}
	if (!n) {
		(void)diag_check_add(out, "policy.shadowed", CHECK_OK,
		    "No policy stands behind one that matches everybody.");
		return;
	}
	diag_check_remedy(
	    diag_check_add(out, "policy.shadowed", CHECK_WARN,
		"Policy \"%s\" has no condition and matches everybody: %u behind it never decide%s "
		"(%s%s).",
		all->name, n, n == 1 ? "s" : "", names, n > 4 ? ", ..." : ""),
	    "Give it a condition, or a higher order, so that it is asked last.");
}

static void
check_groups(const struct diag_setup *s, struct diag_checks *out)
{
	if (!s->groups_known)
		(void)diag_check_add(out, "policy.groups", CHECK_SKIP,
		    "The groups are known to the running daemon only.");
	else if (!s->missing_groups[0])
		(void)diag_check_add(
		    out, "policy.groups", CHECK_OK, "Each group that a policy names is there.");
	else
		diag_check_remedy(
		    diag_check_add(out, "policy.groups", CHECK_WARN,
			"Groups that policies name and that do not exist: %s.", s->missing_groups),
		    "\"rrasctl group add GROUP\", or mend the spelling in the policy.");
}

static void
check_reversible(
    const struct diag_config *conf, const struct diag_setup *s, struct diag_checks *out)
{
	bool needs = conf->method_mask & AUTH_BIT(AUTH_CHAP);

	if (!needs || !s->accounts_known) {
		(void)diag_check_add(out, "authentication.reversible", CHECK_SKIP, "%s",
		    needs ? "The accounts are known to the running daemon only."
			  : "No method needs passwords that can be recovered.");
	} else if (s->n_reversible) {
		(void)diag_check_add(out, "authentication.reversible", CHECK_OK,
		    "%u accounts have a password that CHAP can use.", s->n_reversible);
	} else {
		diag_check_remedy(
		    diag_check_add(out, "authentication.reversible", CHECK_WARN,
			"CHAP is allowed, and no account has a password that it can use."),
		    "\"rrasctl user passwd NAME\" after \"rrasctl user set NAME --reversible\", or "
		    "take chap out of methods.");
	}
}

static void
check_name(const struct diag_config *conf, const struct diag_setup *s, struct diag_checks *out)
{
	struct diag_check *c;

	if (!conf->server_name[0]) {
		(void)diag_check_add(out, "server.name", CHECK_SKIP,
		    "name in \"server\" is not set: what clients dial is not known here.");
	} else if (s->name_error[0]) {
		c = diag_check_add(out, "server.name", CHECK_WARN, "%.200s does not resolve: %s.",
		    conf->server_name, s->name_error);
		diag_check_remedy(c, "Enter it in the DNS that clients use.");
	} else if (s->name_is_ours) {
		(void)diag_check_add(out, "server.name", CHECK_OK,
		    "%.200s resolves to an address of this host.", conf->server_name);
	} else {
		c = diag_check_add(out, "server.name", CHECK_WARN,
		    "%.200s resolves to %s, which is no address of this host.", conf->server_name,
		    s->name_addrs);
		diag_check_remedy(c,
		    "Right if a router or load balancer passes the port on to this "
		    "host; else correct the DNS.");
	}
}

static void
check_webs(const struct diag_setup *s, struct diag_checks *out)
{
	struct diag_check *c;

	for (unsigned int i = 0; i < s->n_webs; i++) {
		const struct diag_target *t = &s->webs[i];
		if (!t->error[0]) {
			(void)diag_check_add(out, "web.forward", CHECK_OK,
			    "The server of site \"%s\" listens on %s.", t->name, t->to);
			continue;
		}
		c = diag_check_add(out, "web.forward", CHECK_FAIL,
		    "The server of site \"%s\", %s, takes no connection: %s.", t->name, t->to,
		    t->error);
		diag_check_remedy(c, "Start that web server, or correct forward in the block web.");
	}
}

static void
check_disk(const struct diag_setup *s, struct diag_checks *out)
{
	struct diag_check *c;

	if (!s->disk_known) {
		(void)diag_check_add(
		    out, "files.space", CHECK_SKIP, "The room on the disk was not looked at.");
		return;
	}
	c = diag_check_add(out, "files.space",
	    s->disk_free < DISK_LEAST  ? CHECK_FAIL
	    : s->disk_free < DISK_WARN ? CHECK_WARN
				       : CHECK_OK,
	    "The file system of the state directory has %llu MiB free.",
	    (unsigned long long)(s->disk_free >> 20));
	if (s->disk_free < DISK_WARN)
		diag_check_remedy(c,
		    "Make room: with a full disk no account can be changed, no lease and no "
		    "attempt stored. attempts-kept in \"server\" bounds the history.");
}

static void
check_keys(const struct diag_setup *s, struct diag_checks *out)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < s->n_keys; i++) {
		const struct diag_file *f = &s->keys[i];
		if (!f->exists || !(f->mode & 077))
			continue;
		n++;
		diag_check_remedy(
		    diag_check_add(out, "files.keys", CHECK_FAIL,
			"The private key %s is open to others (mode %04o).", f->path, f->mode),
		    "chmod go-rwx %s; if others may have read it, make a new one.", f->path);
	}
	if (n == 0 && s->n_keys)
		(void)diag_check_add(
		    out, "files.keys", CHECK_OK, "No private key of TLS is open to others.");
	if (s->conf_file.exists && s->conf_file.mode & 022)
		diag_check_remedy(diag_check_add(out, "files.config", CHECK_FAIL,
				      "%s can be written by others than its owner (mode %04o).",
				      s->conf_file.path, s->conf_file.mode),
		    "chmod go-w %s: who can write it rules the server.", s->conf_file.path);
	else if (s->conf_file.exists)
		(void)diag_check_add(out, "files.config", CHECK_OK,
		    "%s can be written by its owner only.", s->conf_file.path);
}

static void
check_control(const struct diag_setup *s, struct diag_checks *out)
{
	if (!s->control_group[0])
		(void)diag_check_add(
		    out, "server.control-group", CHECK_OK, "Only root uses the control socket.");
	else if (!s->no_control_group)
		(void)diag_check_add(out, "server.control-group", CHECK_OK,
		    "Members of the group %s use the control socket.", s->control_group);
	else
		diag_check_remedy(
		    diag_check_add(out, "server.control-group", CHECK_WARN,
			"The group %s of control-group is not on this host.", s->control_group),
		    "\"groupadd %s\", then restart rrasd.", s->control_group);
}

void
checks_setup(const struct diag_context *ctx, struct diag_checks *out)
{
	if (!ctx->config || !ctx->setup)
		return;
	check_shadowed(ctx->config, out);
	check_groups(ctx->setup, out);
	check_reversible(ctx->config, ctx->setup, out);
	check_name(ctx->config, ctx->setup, out);
	check_webs(ctx->setup, out);
	check_control(ctx->setup, out);
	check_keys(ctx->setup, out);
	check_disk(ctx->setup, out);
}
