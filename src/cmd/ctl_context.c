/* Gathering for diagnose, check and listeners. See ctl_context.h. */
#include "cmd/ctl_context.h"

#include "base/text.h"
#include "crypto/pki.h"
#include "os/file.h"
#include "os/hostfacts.h"
#include "roles/conf_load.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CATALOGUE_FILE_MAX (1u << 20)
#define PEM_FILE_MAX (64u << 10)
#define STATE_DEFAULT "/var/lib/openrras"
#define ONE_WAY_PKTS 8     /* so many packets without an answer are no accident */
#define EXPLAINED_MAX 200u /* accounts that are tried against the policies */

void
ctl_put_line(void *ctx, const char *line)
{
	(void)ctx;
	puts(line);
}

unsigned int
ctl_width(void)
{
	struct winsize w;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
		return 96;
	return w.ws_col < 60 ? 60 : w.ws_col > 100 ? 100 : w.ws_col;
}

json_t *
ctl_check_json(const struct diag_check *check)
{
	char what[2400], remedy[2400];

	return json_pack("{s:s, s:s, s:s, s:s}", "id", check->id, "result",
	    check_result_name(check->result), "what",
	    text_escape(view_str(check->what), what, sizeof(what)), "remedy",
	    text_escape(view_str(check->remedy), remedy, sizeof(remedy)));
}

/* --- the catalogue and the files that extend it (R3) --- */

static int
is_text_file(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 4 && e->d_name[0] != '.' && strcmp(e->d_name + n - 4, ".txt") == 0;
}

static void
read_catalogue_file(struct catalogue *cat, const char *path)
{
	struct file_bytes b;
	struct cat_error err;
	int rc = file_read(path, CATALOGUE_FILE_MAX, &b);

	if (rc < 0) {
		fprintf(stderr, "rrasctl: %s: %s\n", path, strerror(-rc));
		return;
	}
	if (!catalogue_read(cat, file_view(&b), &err))
		fprintf(
		    stderr, "rrasctl: %s:%u: %s; the line is left out\n", path, err.line, err.text);
	file_bytes_free(&b);
}

static void
read_catalogue_dir(struct catalogue *cat, const char *dir)
{
	struct dirent **names = NULL;
	int n = scandir(dir, &names, is_text_file, alphasort);

	for (int i = 0; i < n; i++) {
		char path[700];
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		read_catalogue_file(cat, path);
		free(names[i]);
	}
	free(names);
}

/* --- the configuration --- */

static void
load_conf(struct ctl_context *x, const struct ctl *c)
{
	struct conf_load want = { .path = c->conf, .may_miss = true };
	struct conf_loaded *l = calloc(1, sizeof(*l));

	if (!l)
		return;
	(void)!conf_load(&want, l);
	x->conf_is_default = l->is_default;
	x->conf = l->conf;
	l->conf = NULL;
	if (!x->conf && l->errors.n)
		conf_error_text(&l->errors.e[0], x->conf_error, sizeof(x->conf_error));
	else if (!x->conf)
		snprintf(x->conf_error, sizeof(x->conf_error), "%s", l->err);
	conf_loaded_fini(l);
	free(l);
}

static void
take_pools(const struct conf *conf, struct diag_config *out)
{
	for (unsigned int i = 0; i < conf->n_pools && i < DIAG_POOLS_MAX; i++) {
		const struct conf_pool *p = &conf->pools[i];
		struct diag_pool *d = &out->pools[out->n_pools++];
		memcpy(d->name, p->name, sizeof(d->name));
		for (unsigned int k = 0; k < p->n_ranges && k < DIAG_RANGES_MAX; k++)
			d->ranges[d->n_ranges++] =
			    (struct diag_range){ p->ranges[k].first, p->ranges[k].last };
		d->prefix6 = p->prefix6;
	}
}

static void
take_policies(struct ctl_context *x)
{
	const struct conf *conf = x->conf;

	x->policies = calloc(conf->n_policies + 1, sizeof(*x->policies));
	if (!x->policies)
		return;
	for (unsigned int i = 0; i < conf->n_policies; i++) {
		const struct conf_policy *p = &conf->policies[i];
		x->policies[i] = (struct diag_policy){ .enabled = p->enabled,
			.grant = p->grant,
			.method_mask = p->method_mask,
			.matches_all = !p->n_users && !p->n_groups && !p->n_clients &&
			               !p->tunnel_mask && !p->method_condition && !p->hours.set };
		memcpy(x->policies[i].name, p->name, sizeof(x->policies[i].name));
	}
	x->config.policies = x->policies;
	x->config.n_policies = conf->n_policies;
}

static void
take_config(struct ctl_context *x)
{
	const struct conf *conf = x->conf;
	struct diag_config *d = &x->config;

	*d = (struct diag_config){ .remote_access = conf->remote_access,
		.ipv4_enabled = conf->ipv4_enabled,
		.ipv6_enabled = conf->ipv6_enabled,
		.enable_forwarding = conf->enable_forwarding,
		.identity_ansi = conf->identity_ansi,
		.sstp_enabled = conf->sstp_enabled,
		.method_mask = conf->method_mask,
		.n_realms = conf->n_realms,
		.sstp_ports = conf->sstp_ports,
		.pool_warning = conf->pool_warning_percent };
	memcpy(d->server_name, conf->server_name, sizeof(d->server_name));
	memcpy(d->domain, conf->domain, sizeof(d->domain));
	memcpy(d->nat, conf->nat, sizeof(d->nat));
	for (unsigned int i = 0; i < conf->n_sstp_listeners && i < DIAG_LISTENERS_MAX; i++)
		d->listeners[d->n_listeners++] = conf->sstp_listeners[i];
	take_pools(conf, d);
	take_policies(x);
	x->ctx.config = d;
}

const char *
ctl_context_state(const struct ctl_context *x, const struct ctl *c)
{
	return strcmp(c->state, STATE_DEFAULT) == 0 && x->conf ? x->conf->state_dir : c->state;
}

/* --- certificate and files --- */

/* A defect under the check that it belongs to; the remedy is the defect's own. */
static void
take_defect(struct diag_cert *cert, const struct pki_report *r, enum pki_defect d)
{
	static const enum diag_cert_check check_of[] = { [PKI_UNREADABLE] = CERT_READABLE,
		[PKI_KEY_MISMATCH] = CERT_KEY,
		[PKI_EXPIRED] = CERT_DATES,
		[PKI_NOT_YET] = CERT_DATES,
		[PKI_EXPIRES_SOON] = CERT_DATES,
		[PKI_NO_SERVER_AUTH] = CERT_PURPOSE,
		[PKI_NAME_MISSING] = CERT_NAMES,
		[PKI_CHAIN_INCOMPLETE] = CERT_LEADS_TO_ROOT,
		[PKI_WEAK] = CERT_STRENGTH,
		[PKI_ISSUER_MAY_NOT] = CERT_LEADS_TO_ROOT,
		[PKI_CRITICAL] = CERT_PURPOSE };
	enum diag_cert_check at = CERT_READABLE;

	if (d == PKI_OK)
		return;
	if (d < sizeof(check_of) / sizeof(check_of[0]))
		at = check_of[d];
	if (cert->failed[at][0])
		return;
	snprintf(cert->failed[at], sizeof(cert->failed[at]), "%s (%.90s)", pki_defect_text(d),
	    r->n_defects == 1 ? r->detail : r->subject);
	cert->warning[at] = d == PKI_EXPIRES_SOON || d == PKI_WEAK;
	if (d == PKI_UNREADABLE)
		cert->readable = false;
}

static void
read_cert(const struct ctl_context *x, const char *chain_path, const char *key_path,
    struct diag_cert *cert)
{
	struct file_bytes chain = { 0 }, key = { 0 };
	struct pki_report r = { 0 };
	int rc = file_read(chain_path, PEM_FILE_MAX, &chain);
	int rc_key = file_read(key_path, PEM_FILE_MAX, &key);

	snprintf(cert->path, sizeof(cert->path), "%.255s", chain_path);
	cert->readable = rc == 0;
	if (rc == 0) {
		pki_examine(file_view(&chain), rc_key == 0 ? file_view(&key) : view_of(NULL, 0),
		    x->config.server_name, x->ctx.now_unix_us / 1000000, &r);
		snprintf(cert->subject, sizeof(cert->subject), "%s", r.subject);
		snprintf(cert->issuer, sizeof(cert->issuer), "%s", r.issuer);
		snprintf(cert->names, sizeof(cert->names), "%s", r.names);
		snprintf(cert->not_before, sizeof(cert->not_before), "%s", r.not_before);
		snprintf(cert->not_after, sizeof(cert->not_after), "%s", r.not_after);
		for (unsigned int i = 0; i < r.n_defects; i++)
			take_defect(cert, &r, r.defects[i]);
		if (rc_key < 0)
			snprintf(cert->failed[CERT_KEY], sizeof(cert->failed[CERT_KEY]),
			    "the private key %.120s cannot be read: %s", key_path,
			    strerror(-rc_key));
		cert->warning[CERT_KEY] = cert->warning[CERT_KEY] || rc_key == -EACCES;
	} else {
		snprintf(cert->failed[CERT_READABLE], sizeof(cert->failed[CERT_READABLE]),
		    "cannot be read: %s", strerror(-rc));
		cert->warning[CERT_READABLE] = rc == -EACCES;
	}
	file_bytes_free(&chain);
	file_bytes_free(&key);
}

/* The name that clients dial has to stand in one of them. */
static void
share_name(struct diag_cert *certs, unsigned int n)
{
	bool one = false;

	for (unsigned int i = 0; i < n; i++)
		one = one || (certs[i].readable && !certs[i].failed[CERT_NAMES][0]);
	for (unsigned int i = 0; one && i < n; i++)
		certs[i].failed[CERT_NAMES][0] = 0;
}

static void
look_at_certs(struct ctl_context *x, const struct ctl *c)
{
	const struct conf *conf = x->conf;
	char chain[CONF_PATH_MAX + 32], key[CONF_PATH_MAX + 32];
	const char *state = ctl_context_state(x, c);
	unsigned int n = conf->n_certificates ? conf->n_certificates : 1;

	x->certs = calloc(n, sizeof(*x->certs));
	if (!x->certs)
		return;
	for (unsigned int i = 0; i < conf->n_certificates; i++)
		read_cert(x, conf->certificates[i].chain, conf->certificates[i].key, &x->certs[i]);
	if (conf->n_certificates == 0) { /* the pair that rrasd makes at its first start */
		snprintf(chain, sizeof(chain), "%s/pki/server.pem", state);
		snprintf(key, sizeof(key), "%s/pki/server.key", state);
		x->certs[0].not_made = access(chain, F_OK) != 0 && errno == ENOENT;
		if (!x->certs[0].not_made)
			read_cert(x, chain, key, &x->certs[0]);
	}
	share_name(x->certs, n);
	x->ctx.cert = &x->certs[0];
	x->ctx.more_certs = &x->certs[1];
	x->ctx.n_more_certs = n - 1;
}

void
ctl_look_at_file(const char *path, struct diag_file *out)
{
	struct stat st;

	snprintf(out->path, sizeof(out->path), "%s", path);
	if (stat(path, &st) == 0) {
		out->looked = out->exists = true;
		out->mode = st.st_mode & 07777;
	} else if (errno == ENOENT) {
		out->looked = true;
	} else {
		snprintf(out->error, sizeof(out->error), "%s", strerror(errno));
	}
}

/* --- accounts: what the running daemon's policies would say to each --- */

static const char *
strongest(unsigned int mask)
{
	for (int m = N_AUTH_METHOD - 1; m > AUTH_NONE; m--)
		if (mask & AUTH_BIT(m))
			return auth_method_name((enum auth_method)m);
	return "mschapv2";
}

/* 1 granted, 0 refused, -1 no answer. */
static int
is_granted(const struct ctl *c, const char *name, const char *method)
{
	int status, granted;
	json_t *answer = ctl_ask(c,
	    json_pack("{s:s, s:s, s:s, s:s}", "cmd", "policy explain", "user", name, "tunnel",
		"sstp", "method", method),
	    &status);

	if (!answer)
		return -1;
	granted = strcmp(ctl_str(json_object_get(answer, "decision"), "verdict"), "grant") == 0;
	json_decref(answer);
	return granted;
}

static void
add_account(struct diag_accounts *a, const char *name, bool granted)
{
	char shown[64];
	size_t n = strlen(a->names);

	a->n++;
	if (granted)
		return;
	if (a->n_without_policy++ < 5)
		snprintf(a->names + n, sizeof(a->names) - n, "%s%s", n ? ", " : "",
		    text_escape(view_str(name), shown, sizeof(shown)));
}

static void
look_at_accounts(struct ctl_context *x, const struct ctl *c)
{
	struct ctl quiet = *c; /* what goes wrong here is no answer of ours */
	json_t *answer, *row;
	int status;
	size_t i;

	quiet.json = false;
	if (!ctl_daemon_runs(c))
		return;
	answer = ctl_ask(&quiet, json_pack("{s:s}", "cmd", "user list"), &status);
	x->accounts.known = answer != NULL;
	json_array_foreach(json_object_get(answer, "rows"), i, row)
	{
		int granted = i < EXPLAINED_MAX ? is_granted(&quiet, ctl_str(row, "name"),
						      strongest(x->conf->method_mask))
		                                : -1;
		if (granted < 0)
			break;
		add_account(&x->accounts, ctl_str(row, "name"), granted);
	}
	json_decref(answer);
	x->ctx.accounts = &x->accounts;
}

/* --- sessions: who sends and gets nothing (R95) --- */

static void
add_session(struct diag_traffic *t, const json_t *row)
{
	uint64_t in = (uint64_t)ctl_int(row, "in_pkts"), drops = (uint64_t)ctl_int(row, "drops");
	char account[64], name[96];

	snprintf(name, sizeof(name), "%s (%.28s)",
	    text_escape(view_str(ctl_str(row, "account")), account, sizeof(account)),
	    ctl_str(row, "address"));
	t->n++;
	if (in >= ONE_WAY_PKTS && ctl_int(row, "out_pkts") == 0 && t->n_one_way++ == 0) {
		t->in_pkts = in;
		memcpy(t->name, name, sizeof(t->name));
	}
	if (drops > t->drops) {
		t->drops = drops;
		t->drops_in = in;
		memcpy(t->drops_name, name, sizeof(t->drops_name));
	}
}

static void
look_at_traffic(struct ctl_context *x, const struct ctl *c)
{
	struct ctl quiet = *c;
	struct diag_traffic *t = &x->traffic;
	json_t *answer, *row;
	int status;
	size_t i;

	quiet.json = false;
	if (!ctl_daemon_runs(c))
		return;
	answer = ctl_ask(&quiet, json_pack("{s:s}", "cmd", "sessions"), &status);
	t->known = answer != NULL;
	json_array_foreach(json_object_get(answer, "rows"), i, row) add_session(t, row);
	json_decref(answer);
	x->ctx.traffic = t;
}

/* --- all of it --- */

static void
look_at_host(struct ctl_context *x, const struct ctl *c, enum ctl_gather much)
{
	struct hostfacts_want want = { .control_socket = c->socket };

	if (much == GATHER_ALL) {
		want.tcp_port = 443;
		want.device = "rras";
		if (x->config.n_listeners)
			want.tcp_port = x->config.listeners[0].port;
	}
	x->host = calloc(1, sizeof(*x->host));
	if (!x->host)
		return;
	hostfacts_gather(&want, x->host);
	x->ctx.host = x->host;
}

bool
ctl_context_init(
    struct ctl_context *x, const struct ctl *c, enum ctl_gather much, const char *catalogue_dir)
{
	struct timespec now;

	*x = (struct ctl_context){ 0 };
	x->catalogue = catalogue_new();
	if (!x->catalogue) {
		(void)ctl_fail(c, CTL_FAILED, "out of memory", "");
		return false;
	}
	read_catalogue_dir(x->catalogue, catalogue_dir ? catalogue_dir : CTL_CATALOGUE_DIR);
	clock_gettime(CLOCK_REALTIME, &now);
	x->ctx = (struct diag_context){ .catalogue = x->catalogue,
		.client = much == GATHER_CLIENT,
		.now_unix_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 };
	if (much == GATHER_TEXTS)
		return true;
	if (much != GATHER_CLIENT) {
		load_conf(x, c);
		if (x->conf)
			take_config(x);
		else
			x->ctx.config_error = x->conf_error;
	}
	look_at_host(x, c, much);
	if (much != GATHER_ALL || !x->conf)
		return true;
	look_at_certs(x, c);
	ctl_look_at_file(ctl_context_state(x, c), &x->state_dir);
	ctl_look_at_file(x->conf->vault_key, &x->vault_key);
	x->ctx.state_dir = &x->state_dir;
	x->ctx.vault_key = &x->vault_key;
	look_at_accounts(x, c);
	look_at_traffic(x, c);
	ctl_look_at_live(x, c);
	ctl_look_at_setup(x, c);
	return true;
}

void
ctl_context_fini(struct ctl_context *x)
{
	catalogue_free(x->catalogue);
	conf_free(x->conf);
	free(x->policies);
	free(x->certs);
	free(x->host);
}
