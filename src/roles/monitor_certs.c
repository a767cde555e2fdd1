/*
 * The server's certificates and keys, from their files to the roles. They are copied into memory
 * files, looked through, and sealed, in a child: monitor itself reads no key. What was found good
 * is what roles get until the next good one, whatever becomes of the files.
 */
#include "roles/monitor_priv.h"

#include "crypto/crypto.h"
#include "crypto/pki.h"
#include "crypto/tls.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILE_BYTES_MAX 65536u

_Static_assert(CONF_CERTIFICATES_MAX <= TLS_CERTS_MAX, "all of them fit into a context");
_Static_assert(sizeof(((struct conf_certificate *)NULL)->names[0]) == TLS_NAME_MAX, "one form");

void
monitor_name_certificate(
    const struct monitor *m, const struct conf *c, unsigned int i, struct mcert *out)
{
	if (i < c->n_certificates) {
		const struct conf_certificate *cert = &c->certificates[i];
		snprintf(out->chain_path, sizeof(out->chain_path), "%s", cert->chain);
		snprintf(out->key_path, sizeof(out->key_path), "%s", cert->key);
		return;
	}
	snprintf(out->chain_path, sizeof(out->chain_path), "%s/server.pem", m->pki_dir);
	snprintf(out->key_path, sizeof(out->key_path), "%s/server.key", m->pki_dir);
}

/* --- in the child --- */

static bool
copy_file(const char *path, const char *what, int to, struct file_bytes *out)
{
	int rc = file_read(path, FILE_BYTES_MAX, out);

	if (rc < 0) {
		monitor_say("cannot open %s: %s, %s", path,
		    rc == -EFBIG ? "it is larger than 64 KiB" : strerror(-rc), what);
		return false;
	}
	return write(to, out->p, out->n) == (ssize_t)out->n &&
	       fcntl(to, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) ==
	           0;
}

/* What would not keep it from being used, but keeps clients away. */
static void
warn(const struct mcert *c, struct view chain, struct view key)
{
	struct pki_report r;

	pki_examine(chain, key, "", (int64_t)time(NULL), &r);
	for (unsigned int i = 0; i < r.n_defects; i++)
		monitor_say("%s: %s (%s)", c->chain_path, pki_defect_text(r.defects[i]), r.detail);
}

static bool
look_through(const struct conf *conf, unsigned int i, const struct mcert *c)
{
	bool named = conf->n_certificates > 0;
	struct file_bytes chain = { 0 }, key = { 0 };
	struct tls_ctx *tls = NULL;
	char why[300];

	bool good = copy_file(c->chain_path,
			named ? "the certificate (chain in the block certificate, certificate in "
				"the block sstp)"
			      : "the certificate that rrasd made",
			c->chain_fd, &chain) &&
	            copy_file(c->key_path,
			named ? "its private key (key in the same block)"
			      : "the private key that rrasd made",
			c->key_fd, &key);
	if (good) {
		struct tls_own own = { .chain_pem = file_view(&chain), .key_pem = file_view(&key) };
		if (named) {
			own.names = conf->certificates[i].names;
			own.n_names = conf->certificates[i].n_names;
		}
		/* Exactly what a worker does with it, but with the key at hand. */
		tls = key.n ? tls_server_ctx_of(&own, 1, why, sizeof(why)) : NULL;
		if (!tls)
			monitor_say("certificate %s with key %s: %s", c->chain_path, c->key_path,
			    key.n ? why : "the private key file is empty");
		else
			warn(c, file_view(&chain), file_view(&key));
		good = tls != NULL;
		tls_ctx_unref(tls);
	}
	file_bytes_free(&chain);
	file_bytes_free(&key);
	return good;
}

static int
look_through_all(const struct conf *conf, const struct mcerts *certs)
{
	char err[256];
	bool good = true;

	if (!crypto_init(err, sizeof(err))) {
		monitor_say("%s", err);
		return 1;
	}
	for (unsigned int i = 0; i < certs->n; i++)
		good = look_through(conf, i, &certs->c[i]) && good;
	return good ? 0 : 1;
}

/* --- in monitor --- */

void
monitor_drop_certs(struct mcerts *certs)
{
	for (unsigned int i = 0; i < certs->n; i++) {
		if (certs->c[i].chain_fd >= 0)
			close(certs->c[i].chain_fd);
		if (certs->c[i].key_fd >= 0)
			close(certs->c[i].key_fd);
	}
	certs->n = 0;
}

/* monitor opens the vault's key for each vault that it starts, so it must be there. */
static bool
has_vault_key(const struct conf *c)
{
	int fd = open(c->vault_key, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		monitor_say("cannot open %s: %s, the vault's key (vault-key in the block server)",
		    c->vault_key, strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

bool
monitor_take_certs(const struct monitor *m, const struct conf *c, struct mcerts *out)
{
	unsigned int n = c->n_certificates ? c->n_certificates : 1;
	int status = -1;
	bool open_all = true;

	*out = (struct mcerts){ .n = n };
	for (unsigned int i = 0; i < n; i++) {
		struct mcert *cert = &out->c[i];
		monitor_name_certificate(m, c, i, cert);
		cert->chain_fd = memfd_create("certificate", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		cert->key_fd = memfd_create("key", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		open_all = open_all && cert->chain_fd >= 0 && cert->key_fd >= 0;
	}
	pid_t pid = open_all ? fork() : -1;
	if (pid == 0)
		_exit(look_through_all(c, out));
	if (pid < 0)
		monitor_say("cannot look through the certificates: %s", strerror(errno));
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 && has_vault_key(c))
		return true;
	monitor_drop_certs(out);
	return false;
}

static bool
same_bytes(int a, int b)
{
	struct file_bytes x = { 0 }, y = { 0 };
	bool same = file_read_fd(a, FILE_BYTES_MAX, &x) == 0 &&
	            file_read_fd(b, FILE_BYTES_MAX, &y) == 0 &&
	            view_eq(file_view(&x), file_view(&y));

	file_bytes_free(&x);
	file_bytes_free(&y);
	return same;
}

/* The certificates only: they are public, and a key that goes with the same one is the same. */
bool
monitor_same_certs(const struct mcerts *a, const struct mcerts *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned int i = 0; i < a->n; i++)
		if (!same_bytes(a->c[i].chain_fd, b->c[i].chain_fd))
			return false;
	return true;
}
