/*
 * The first start: folders, the vault's key, a CA and a server certificate of our own when the
 * configuration names none. It runs in a child, so that no key is ever in monitor's memory.
 */
#include "roles/monitor_priv.h"

#include "crypto/crypto.h"
#include "crypto/pki.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CA_DAYS 3650u
#define CERT_DAYS 825u /* the longest that Apple's clients accept of a private CA */
#define NAMES_MAX 16u

struct names {
	unsigned int n;
	char text[NAMES_MAX][256];
};

static void
add_name(struct names *names, const char *name)
{
	if (names->n == NAMES_MAX || !*name)
		return;
	for (unsigned int i = 0; i < names->n; i++)
		if (strcmp(names->text[i], name) == 0)
			return;
	snprintf(names->text[names->n++], sizeof(names->text[0]), "%s", name);
}

static bool
on_address(void *ctx, const struct if_addr *a)
{
	char text[ADDR_TEXT_MAX];
	const struct ip_addr *ip = &a->local.addr;

	if (ip->family == IP_V4 && ip->b[0] == 127)
		return true;
	if (ip->family == IP_V6 && (ip->b[0] == 0xfe || ip->b[0] == 0))
		return true;
	add_name(ctx, ip_text(ip, text));
	return true;
}

/* The name that clients dial, the host's own name, and its addresses: people dial either. */
static void
collect_names(struct monitor *m, struct names *names)
{
	char host[256] = "";

	add_name(names, m->conf->server_name);
	if (gethostname(host, sizeof(host) - 1) == 0)
		add_name(names, host);
	if (netlink_addr_each(m->nl, IP_NONE, on_address, names) < 0)
		monitor_say("cannot list this host's addresses: the certificate will lack them");
}

static bool
write_key_file(const char *path, struct view content, mode_t mode)
{
	int rc = file_write(path, content, mode);

	if (rc < 0)
		monitor_say("cannot write %s: %s", path, strerror(-rc));
	return rc == 0;
}

static bool
make_vault_key(const char *path)
{
	uint8_t key[32];

	crypto_random(NULL, key, sizeof(key));
	bool ok = write_key_file(path, view_of(key, sizeof(key)), 0600);
	secret_wipe_bytes(key, sizeof(key));
	if (ok)
		monitor_say(
		    "made the vault's key %s: keep a copy, the stored passwords need it", path);
	return ok;
}

static bool
make_pki(struct monitor *m, const char *dir)
{
	static char ca[PEM_MAX], ca_key[PEM_MAX], cert[PEM_MAX], key[PEM_MAX];
	struct names names = { 0 };
	struct pki_issue want = {
		.use = PKI_SERVER, .days = CERT_DAYS, .now_unix_s = (int64_t)time(NULL)
	};
	char path[CONF_PATH_MAX * 2], err[256] = "", cn[320];

	collect_names(m, &names);
	for (unsigned int i = 0; i < names.n; i++)
		want.names[want.n_names++] = names.text[i];
	want.common_name = names.n ? names.text[0] : "openrras";
	snprintf(cn, sizeof(cn), "OpenRRAS CA of %.200s", want.common_name);
	if (!pki_make_ca(cn, CA_DAYS, want.now_unix_s, ca, ca_key, err, sizeof(err)) ||
	    !pki_issue(&want, view_str(ca), view_str(ca_key), cert, key, err, sizeof(err))) {
		monitor_say("cannot make a certificate: %s", err);
		return false;
	}
	const struct {
		const char *name, *text;
		mode_t mode;
	} files[] = { { "ca.key", ca_key, 0600 }, { "ca.pem", ca, 0644 },
		{ "server.key", key, 0600 }, { "server.pem", cert, 0644 } };
	bool ok = true;
	for (unsigned int i = 0; ok && i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
		ok = write_key_file(path, view_str(files[i].text), files[i].mode);
	}
	secret_wipe_bytes(ca_key, sizeof(ca_key));
	secret_wipe_bytes(key, sizeof(key));
	if (ok)
		monitor_say(
		    "made a CA and a server certificate in %s: install ca.pem on the clients", dir);
	return ok;
}

/* The work that touches keys, in the child. Returns its exit status. */
static int
setup_keys(struct monitor *m, const char *pki_dir, bool need_pki, bool need_key)
{
	char err[256] = "";

	if (!crypto_init(err, sizeof(err))) {
		monitor_say("%s", err);
		return 1;
	}
	if (need_key && !make_vault_key(m->conf->vault_key))
		return 1;
	return need_pki && !make_pki(m, pki_dir) ? 1 : 0;
}

static bool
exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* The folder that path lies in. */
static void
parent_of(const char *path, char *out, size_t cap)
{
	const char *slash = strrchr(path, '/');

	snprintf(
	    out, cap, "%.*s", slash && slash != path ? (int)(slash - path) : 1, slash ? path : ".");
}

/*
 * All of them are root's, as tmpfiles.d makes them: monitor opens keys and record its databases
 * below, with privileges, so no role may be able to rename or link anything there. record's files
 * are its own, made before it drops its privileges.
 */
static bool
make_folders(struct monitor *m, const char *pki_dir)
{
	char etc[CONF_PATH_MAX];

	parent_of(m->conf->vault_key, etc, sizeof(etc));
	const char *const dirs[] = { etc, m->conf->state_dir, m->conf->run_dir, pki_dir };
	for (unsigned int i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		int rc = file_mkdirs(dirs[i], 0755, (uid_t)-1, (gid_t)-1);
		if (rc < 0) {
			monitor_say("cannot make the folder %s: %s", dirs[i], strerror(-rc));
			return false;
		}
	}
	return true;
}

bool
monitor_setup(struct monitor *m)
{
	bool need_pki = m->conf->n_certificates == 0, need_key = !exists(m->conf->vault_key);
	struct mcert own;
	int status;
	pid_t pid;

	snprintf(m->pki_dir, sizeof(m->pki_dir), "%s/pki", m->conf->state_dir);
	if (!make_folders(m, m->pki_dir))
		return false;
	monitor_name_certificate(m, m->conf, 0, &own);
	if (need_pki)
		need_pki = !exists(own.chain_path) || !exists(own.key_path);
	if (!need_pki && !need_key)
		return monitor_take_certs(m, m->conf, &m->certs);
	pid = fork();
	if (pid == 0)
		_exit(setup_keys(m, m->pki_dir, need_pki, need_key));
	if (pid < 0) {
		monitor_say("cannot start a process: %s", strerror(errno));
		return false;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
	       monitor_take_certs(m, m->conf, &m->certs);
}
