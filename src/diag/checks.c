/*
 * The checks of a server: switches, certificate, methods, policies, files. Those of sockets, pools
 * and routes stand in checks_net.c. Each is a pure function of what was gathered; what is not known
 * is skipped with the reason, never judged. See diag.h; titles stand in the catalogue.
 */
#include "diag/checks.h"

#include <stdarg.h>
#include <stdio.h>

/* 2024-01-01: a clock before it was never set. */
#define CLOCK_LEAST_S 1704067200

const char *
check_result_name(enum check_result r)
{
	static const char *const names[] = { "ok", "warn", "fail", "skip" };

	return r <= CHECK_SKIP ? names[r] : "?";
}

struct diag_check *
diag_check_add(
    struct diag_checks *checks, const char *id, enum check_result result, const char *what, ...)
{
	struct diag_check *c =
	    &checks->c[checks->n < DIAG_CHECKS_MAX ? checks->n++ : checks->n - 1];
	va_list ap;

	*c = (struct diag_check){ .result = result };
	snprintf(c->id, sizeof(c->id), "%s", id);
	va_start(ap, what);
	vsnprintf(c->what, sizeof(c->what), what, ap);
	va_end(ap);
	return c;
}

void
diag_check_remedy(struct diag_check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->remedy, sizeof(c->remedy), fmt, ap);
	va_end(ap);
}

bool
diag_check_is(const char *id, struct view name)
{
	size_t n = strlen(id);

	return name.n > 0 && name.n <= n && memcmp(id, name.p, name.n) == 0 &&
	       (name.n == n || id[name.n] == '.');
}

static void
skip(struct diag_checks *out, const char *id, const char *why)
{
	(void)diag_check_add(out, id, CHECK_SKIP, "%s", why);
}

static void
check_config(const struct diag_context *ctx, struct diag_checks *out)
{
	struct diag_check *c;

	if (ctx->config_error) {
		c = diag_check_add(out, "config.parses", CHECK_FAIL, "%s", ctx->config_error);
		diag_check_remedy(c,
		    "Correct it; \"rrasd --check\" shows all mistakes. The checks that "
		    "need the configuration are skipped.");
	} else if (ctx->config) {
		(void)diag_check_add(
		    out, "config.parses", CHECK_OK, "The configuration has no mistakes.");
	} else {
		skip(out, "config.parses", "The configuration was not read.");
	}
}

/* R38. */
static void
check_daemon(const struct diag_context *ctx, struct diag_checks *out)
{
	struct diag_check *c;

	if (!ctx->host || ctx->host->daemon == HOST_UNKNOWN) {
		skip(out, "daemon.running", "Whether rrasd runs could not be found out.");
	} else if (ctx->host->daemon == HOST_YES) {
		(void)diag_check_add(out, "daemon.running", CHECK_OK,
		    "rrasd runs and answers on its control socket.");
	} else {
		c = diag_check_add(out, "daemon.running", CHECK_FAIL, "rrasd is not running%s%s.",
		    ctx->host->daemon_error[0] ? ": " : "", ctx->host->daemon_error);
		diag_check_remedy(c, "Start it: \"systemctl start openrras\". If it ends at once, "
				     "\"journalctl -u openrras\" tells why.");
	}
}

/* R39, R40, R51, R53. */
static void
check_switches(const struct diag_config *conf, struct diag_checks *out)
{
	struct diag_check *c;

	c = diag_check_add(out, "server.remote-access", conf->remote_access ? CHECK_OK : CHECK_FAIL,
	    "Remote access is %s.", conf->remote_access ? "on" : "off: every call is refused");
	diag_check_remedy(c, "Set remote-access yes in \"server\" of rrasd.conf and reload.");
	c = diag_check_add(out, "server.ip", conf->ipv4_enabled ? CHECK_OK : CHECK_FAIL,
	    "IPv4 is %s for remote access.", conf->ipv4_enabled ? "on" : "off");
	diag_check_remedy(c, "Set ipv4 yes in \"server\" of rrasd.conf and reload.");
	bool open = conf->sstp_enabled && conf->sstp_ports > 0;
	c = diag_check_add(out, "tunnels.sstp", open ? CHECK_OK : CHECK_FAIL,
	    "SSTP is %s for remote access, with %u ports%s.", conf->sstp_enabled ? "on" : "off",
	    conf->sstp_ports, conf->sstp_ports ? "" : ", which closes it");
	diag_check_remedy(c, conf->sstp_enabled
				 ? "\"rrasctl ports set sstp 128\" opens it."
				 : "\"rrasctl set sstp.enabled yes\" switches it on.");
	skip(out, "tunnels.others",
	    "PPTP, L2TP/IPsec and IKEv2 are not offered: they are not in this version.");
}

/* R41. */
static void
check_methods(const struct diag_config *conf, struct diag_checks *out)
{
	char list[80];
	struct diag_check *c;
	unsigned int weak = conf->method_mask & (AUTH_BIT(AUTH_PAP) | AUTH_BIT(AUTH_CHAP));

	auth_mask_text(conf->method_mask, list, sizeof(list));
	if (conf->method_mask == 0) {
		c = diag_check_add(out, "authentication.methods", CHECK_FAIL,
		    "The server allows no authentication method.");
		diag_check_remedy(c, "Set methods mschapv2 in \"authentication\" of rrasd.conf.");
	} else if (weak) {
		c = diag_check_add(out, "authentication.methods", CHECK_WARN,
		    "The server allows %s. PAP shows the password to the server, CHAP needs "
		    "passwords "
		    "that can be recovered.",
		    list);
		diag_check_remedy(
		    c, "Take pap and chap out, unless a client knows nothing better.");
	} else {
		(void)diag_check_add(
		    out, "authentication.methods", CHECK_OK, "The server allows %s.", list);
	}
	(void)diag_check_add(out, "authentication.names", CHECK_OK,
	    "User names are read as %s; clients must write them so.",
	    conf->identity_ansi ? "ANSI (a code page)" : "Unicode (UTF-8)");
}

/* R43. */
static void
check_policies(const struct diag_config *conf, struct diag_checks *out)
{
	unsigned int n_grant = 0, n_empty = 0;
	struct diag_check *c;

	for (unsigned int i = 0; i < conf->n_policies; i++) {
		const struct diag_policy *p = &conf->policies[i];
		if (!p->enabled || !p->grant)
			continue;
		n_grant++;
		if (!p->method_mask || (p->method_mask & conf->method_mask))
			continue;
		n_empty++;
		c = diag_check_add(out, "policy.methods", CHECK_FAIL,
		    "Policy \"%s\" allows only methods that the server does not: nobody gets in by "
		    "it.",
		    p->name);
		diag_check_remedy(c, "Give its allow-methods one method of the server.");
	}
	if (n_empty == 0)
		(void)diag_check_add(out, "policy.methods", CHECK_OK,
		    "Each policy that grants has a method in common with the server.");
	if (n_grant) {
		(void)diag_check_add(out, "policy.grants", CHECK_OK,
		    "%u of %u policies are on and grant access.", n_grant, conf->n_policies);
		return;
	}
	c = diag_check_add(out, "policy.grants", conf->n_policies ? CHECK_WARN : CHECK_FAIL,
	    conf->n_policies ? "No policy grants access: only accounts whose own dial-in "
			       "permission is allow get in."
			     : "There is no policy: nobody gets in.");
	diag_check_remedy(c, "Add a policy with access grant, if accounts shall get in by policy.");
}

static void
check_accounts(const struct diag_accounts *a, struct diag_checks *out)
{
	if (!a || !a->known)
		skip(out, "accounts.policy", "The accounts could not be looked at.");
	else if (a->n == 0)
		diag_check_remedy(diag_check_add(out, "accounts.policy", CHECK_WARN,
				      "There are no accounts: nobody can log in."),
		    "Add one: \"rrasctl user add NAME\".");
	else if (a->n_without_policy == 0)
		(void)diag_check_add(out, "accounts.policy", CHECK_OK,
		    "Each of the %u accounts is admitted by a policy.", a->n);
	else
		diag_check_remedy(diag_check_add(out, "accounts.policy", CHECK_OK,
				      "%u of %u accounts are admitted by no policy: %s.",
				      a->n_without_policy, a->n, a->names),
		    "If they shall get in: \"rrasctl policy explain --user NAME\".");
}

static const char *const cert_ids[N_CERT_CHECK] = { "certificate.readable", "certificate.key",
	"certificate.dates", "certificate.name", "certificate.usage", "certificate.chain",
	"certificate.strength" };

static void
check_one_certificate(const struct diag_cert *cert, struct diag_checks *out)
{
	static const char *const good[N_CERT_CHECK] = { "can be read", "fits its private key",
		"is within its dates", "carries the name that clients dial", "is made for servers",
		"leads to a root", "is strong enough" };

	for (unsigned int i = 0; i < N_CERT_CHECK; i++) {
		const char *id = cert_ids[i];
		if (cert->failed[i][0])
			(void)diag_check_add(out, id, cert->warning[i] ? CHECK_WARN : CHECK_FAIL,
			    "%s: %s", cert->path, cert->failed[i]);
		else if (!cert->readable)
			(void)diag_check_add(
			    out, id, CHECK_SKIP, "The certificate could not be read.");
		else if (i == CERT_NAMES)
			(void)diag_check_add(
			    out, id, CHECK_OK, "The certificate is for %s.", cert->names);
		else if (i == CERT_DATES)
			(void)diag_check_add(out, id, CHECK_OK,
			    "The certificate is valid from %s to %s.", cert->not_before,
			    cert->not_after);
		else
			(void)diag_check_add(out, id, CHECK_OK, "The certificate %s.", good[i]);
	}
}

/* R59. Of further certificates only what is wrong is told: they are up to sixteen. */
static void
check_certificates(const struct diag_context *ctx, struct diag_checks *out)
{
	const struct diag_cert *cert = ctx->cert;

	if (!cert || (ctx->config && !ctx->config->sstp_enabled)) {
		skip(out, "certificate.readable",
		    cert ? "SSTP is off: no certificate is needed."
			 : "The certificate was not looked at.");
		return;
	}
	if (cert->not_made) {
		skip(out, "certificate.readable",
		    "None is set and none is made yet: rrasd makes a CA and a certificate at its "
		    "start.");
		return;
	}
	check_one_certificate(cert, out);
	for (unsigned int k = 0; k < ctx->n_more_certs; k++) {
		const struct diag_cert *more = &ctx->more_certs[k];
		for (unsigned int i = 0; i < N_CERT_CHECK; i++)
			if (more->failed[i][0])
				(void)diag_check_add(out, cert_ids[i],
				    more->warning[i] ? CHECK_WARN : CHECK_FAIL, "%s: %s",
				    more->path, more->failed[i]);
	}
}

/* closed: permission bits that must not be set. */
static void
check_file(const struct diag_file *f, const char *id, const char *what, uint32_t closed,
    struct diag_checks *out)
{
	struct diag_check *c;

	if (!f || !f->looked) {
		(void)diag_check_add(out, id, CHECK_SKIP, "%s could not be looked at%s%s.", what,
		    f && f->error[0] ? ": " : "", f ? f->error : "");
	} else if (!f->exists) {
		c = diag_check_add(out, id, CHECK_WARN,
		    "%s %s does not exist; rrasd makes it at its first start.", what, f->path);
		diag_check_remedy(c,
		    "Start rrasd. If it ran before, look for a moved or lost %s: stored "
		    "accounts depend on it.",
		    f->path);
	} else if (f->mode & closed) {
		c = diag_check_add(out, id, f->mode & closed & 06 ? CHECK_FAIL : CHECK_WARN,
		    "%s %s is open to others (mode %04o).", what, f->path, f->mode);
		diag_check_remedy(c, "chmod %s %s", closed == 077 ? "go-rwx" : "go-w", f->path);
	} else {
		(void)diag_check_add(
		    out, id, CHECK_OK, "%s %s is there and not open to others.", what, f->path);
	}
}

static void
check_host(const struct diag_context *ctx, struct diag_checks *out)
{
	const struct host_facts *host = ctx->host;
	struct diag_check *c;

	if (!host || host->tun == HOST_UNKNOWN) {
		skip(out, "host.tun", "Whether TUN devices can be made was not looked at.");
	} else if (host->tun == HOST_YES) {
		(void)diag_check_add(out, "host.tun", CHECK_OK, "/dev/net/tun opens.");
	} else {
		c = diag_check_add(out, "host.tun", CHECK_FAIL, "/dev/net/tun does not open: %s.",
		    host->tun_error);
		diag_check_remedy(
		    c, "\"modprobe tun\"; in a container the device must be passed in.");
	}
	if (ctx->now_unix_us == 0) {
		skip(out, "host.clock", "The clock was not looked at.");
	} else if (ctx->now_unix_us / 1000000 < CLOCK_LEAST_S) {
		c = diag_check_add(out, "host.clock", CHECK_FAIL,
		    "The clock of this host is far behind: certificates seem not yet valid.");
		diag_check_remedy(c, "Set the clock and run a time service.");
	} else if (ctx->cert && ctx->cert->failed[CERT_DATES][0] &&
		   !ctx->cert->warning[CERT_DATES]) {
		c = diag_check_add(out, "host.clock", CHECK_WARN,
		    "By this host's clock the certificate is outside of its dates (%s to %s)%s.",
		    ctx->cert->not_before, ctx->cert->not_after,
		    host && host->clock_synced == HOST_NO
			? "; no time service keeps the clock right"
			: "");
		diag_check_remedy(c,
		    "Look at the clock first (\"timedatectl\"): if it is right, the "
		    "certificate has to be renewed.");
	} else if (host && host->clock_synced == HOST_NO) {
		c = diag_check_add(out, "host.clock", CHECK_WARN,
		    "The clock is plausible, but no time service keeps it right.");
		diag_check_remedy(c, "Run a time service: \"timedatectl set-ntp true\".");
	} else {
		(void)diag_check_add(out, "host.clock", CHECK_OK, "The clock is plausible.");
	}
}

void
diag_run_checks(const struct diag_context *ctx, struct diag_checks *out)
{
	static const char *const of_config[] = { "server.remote-access", "server.ip",
		"tunnels.sstp", "authentication.methods", "authentication.names", "policy.grants",
		"policy.methods" };

	out->n = 0;
	check_config(ctx, out);
	check_daemon(ctx, out);
	if (ctx->config) {
		check_switches(ctx->config, out);
		checks_listeners(ctx, out);
		check_methods(ctx->config, out);
		check_policies(ctx->config, out);
		checks_pools(ctx, out);
	} else {
		for (size_t i = 0; i < sizeof(of_config) / sizeof(of_config[0]); i++)
			skip(out, of_config[i], "The configuration is not known.");
	}
	check_accounts(ctx->accounts, out);
	check_certificates(ctx, out);
	checks_live(ctx, out);
	checks_forwarding(ctx, out);
	check_host(ctx, out);
	check_file(ctx->state_dir, "files.state", "The state directory", 022, out);
	check_file(ctx->vault_key, "files.vault-key", "The vault's key", 077, out);
	checks_setup(ctx, out);
}
