/*
 * rrasctl pki: a certification authority in a directory and certificates from it. For trials and
 * small sites; who has a CA uses that. Keys are written 0600, nothing is overwritten unasked.
 */
#include "base/secret.h"
#include "cmd/ctl.h"
#include "crypto/crypto.h"
#include "crypto/pki.h"
#include "os/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define CA_DAYS 3650
#define DAYS 825 /* what client systems accept at most */
#define SANS_MAX 15u

struct wanted {
	const char *dir, *name;
	const char *sans[SANS_MAX];
	unsigned int n_sans;
	bool client, rsa, force;
	int64_t days;
};

static bool
write_one(
    const struct ctl *c, const char *path, const char *text, mode_t mode, bool force, int *status)
{
	char error[700];
	int rc = force ? file_write(path, view_str(text), mode)
	               : file_write_new(path, view_str(text), mode);

	if (rc == 0)
		return true;
	snprintf(error, sizeof(error), "%s: %s", path, strerror(-rc));
	*status = ctl_fail(
	    c, CTL_FAILED, error, rc == -EEXIST ? "it was left alone; --force replaces it" : "");
	return false;
}

/* Writes key and certificate: the key first, so that no certificate stands without one. */
static int
write_pair(const struct ctl *c, const struct wanted *w, const char *stem, const char *cert,
    const char *key)
{
	char cert_path[600], key_path[600];
	struct stat st;
	int status = CTL_OK;

	snprintf(cert_path, sizeof(cert_path), "%s/%s.pem", w->dir, stem);
	snprintf(key_path, sizeof(key_path), "%s/%s.key", w->dir, stem);
	if (!w->force && stat(cert_path, &st) == 0) {
		char error[700];
		snprintf(error, sizeof(error), "%s is there already", cert_path);
		return ctl_fail(
		    c, CTL_FAILED, error, "it was left alone; --force replaces it and its key");
	}
	if (!write_one(c, key_path, key, 0600, w->force, &status) ||
	    !write_one(c, cert_path, cert, 0644, true, &status))
		return status;
	if (c->json) {
		json_t *o = json_pack(
		    "{s:b, s:s, s:s}", "ok", 1, "certificate", cert_path, "key", key_path);
		ctl_print_json(o);
		json_decref(o);
	} else {
		printf("Certificate: %s\nKey:         %s\n", cert_path, key_path);
	}
	return CTL_OK;
}

static int
init(struct ctl *c, const struct wanted *w)
{
	char cert[PEM_MAX], key[PEM_MAX], err[300] = "";
	int rc = file_mkdirs(w->dir, 0700, (uid_t)-1, (gid_t)-1);
	int status;

	if (rc != 0) {
		snprintf(err, sizeof(err), "%s: %s", w->dir, strerror(-rc));
		return ctl_fail(c, CTL_FAILED, err, "");
	}
	if (!pki_make_ca(w->name ? w->name : "OpenRRAS CA",
		(unsigned int)(w->days ? w->days : CA_DAYS), (int64_t)time(NULL), cert, key, err,
		sizeof(err)))
		return ctl_fail(c, CTL_FAILED, err, "");
	status = write_pair(c, w, "ca", cert, key);
	secret_wipe_bytes(key, sizeof(key));
	if (status == CTL_OK && !c->json)
		puts("Clients have to trust this certificate: on Windows, import it into the\n"
		     "computer's store \"Trusted Root Certification Authorities\".");
	return status;
}

/* A file of the CA. False after printing. */
static bool
read_ca(
    struct ctl *c, const struct wanted *w, const char *file, struct file_bytes *out, int *status)
{
	char path[600], error[700];
	int rc;

	snprintf(path, sizeof(path), "%s/%s", w->dir, file);
	rc = file_read(path, PEM_MAX, out);
	if (rc == 0)
		return true;
	snprintf(error, sizeof(error), "%s: %s", path, strerror(-rc));
	*status = ctl_fail(c, CTL_FAILED, error, "make the authority first: rrasctl pki init DIR");
	return false;
}

static int
issue(struct ctl *c, const struct wanted *w)
{
	struct file_bytes ca_cert = { 0 }, ca_key = { 0 };
	char cert[PEM_MAX], key[PEM_MAX], err[300] = "";
	struct pki_issue want = { .use = w->client ? PKI_CLIENT : PKI_SERVER,
		.rsa = w->rsa,
		.common_name = w->name,
		.days = (unsigned int)(w->days ? w->days : DAYS),
		.now_unix_s = (int64_t)time(NULL) };
	int status = CTL_FAILED;

	want.names[want.n_names++] = w->name;
	for (unsigned int i = 0; i < w->n_sans; i++)
		if (strcmp(w->sans[i], w->name) != 0)
			want.names[want.n_names++] = w->sans[i];
	if (read_ca(c, w, "ca.pem", &ca_cert, &status) &&
	    read_ca(c, w, "ca.key", &ca_key, &status)) {
		if (pki_issue(&want, file_view(&ca_cert), file_view(&ca_key), cert, key, err,
			sizeof(err)))
			status = write_pair(c, w, w->name, cert, key);
		else
			status = ctl_fail(c, CTL_FAILED, err, "");
	}
	file_bytes_free(&ca_cert);
	file_bytes_free(&ca_key);
	secret_wipe_bytes(key, sizeof(key));
	return status;
}

static int
take_arguments(struct ctl *c, struct ctl_args *a, struct wanted *w)
{
	static const struct ctl_opt opts[] = { { "--name", true }, { "--san", true },
		{ "--client", false }, { "--rsa", false }, { "--force", false },
		{ "--days", true } };
	int o;

	while ((o = ctl_arg(a, opts, 6)) != CTL_ARG_END) {
		bool ok = true;
		switch (o) {
		case CTL_ARG_OPERAND:
			ok = !w->dir;
			w->dir = a->value;
			break;
		case 0:
			w->name = a->value;
			break;
		case 1:
			ok = w->n_sans < SANS_MAX;
			if (ok)
				w->sans[w->n_sans++] = a->value;
			break;
		case 2:
			w->client = true;
			break;
		case 3:
			w->rsa = true;
			break;
		case 4:
			w->force = true;
			break;
		case 5:
			ok = ctl_number_parse(a->value, &w->days) && w->days > 0 && w->days < 36500;
			break;
		default:
			ok = false;
		}
		if (!ok)
			return ctl_usage(c, "\"%s\" is not understood here", a->value);
	}
	return w->dir ? CTL_OK : ctl_usage(c, "which directory?");
}

int
ctl_pki(struct ctl *c, int argc, char **argv)
{
	struct ctl_args a = { argc, argv, 2 };
	const char *what = argc > 1 ? argv[1] : "";
	struct wanted w = { 0 };
	bool issuing = strcmp(what, "issue") == 0;
	char err[300];
	int status;

	if (!issuing && strcmp(what, "init") != 0)
		return ctl_usage(c, "init or issue?");
	status = take_arguments(c, &a, &w);
	if (status != CTL_OK)
		return status;
	if (issuing && (!w.name || !w.name[0] || strchr(w.name, '/') || w.name[0] == '.' ||
			   strcmp(w.name, "ca") == 0))
		return ctl_usage(c, "--name takes the server's DNS name or address");
	if (!crypto_init(err, sizeof(err)))
		return ctl_fail(c, CTL_FAILED, err, "");
	return issuing ? issue(c, &w) : init(c, &w);
}
