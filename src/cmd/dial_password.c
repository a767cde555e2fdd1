/* Passwords for rasdial. See dial_password.h. */
#include "cmd/dial_password.h"

#include "cmd/tty.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
dial_password_read(const char *path, bool strict, struct secret *out)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct file_bytes b = { 0 };
	int rc = fd < 0 ? -errno : file_read_fd(fd, 4096, &b);
	struct stat st;
	bool ok = false;

	bool open_to_all =
	    fd > STDIN_FILENO && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 07);

	if (open_to_all)
		fprintf(stderr,
		    "rasdial: %s holds a password and everybody on this machine can read it: run "
		    "\"chmod 600 %s\"\n",
		    path, path);
	if (fd > STDIN_FILENO)
		close(fd);
	if (rc < 0) {
		fprintf(stderr, "rasdial: cannot read %s: %s\n", path, strerror(-rc));
		return false;
	}
	size_t n = strcspn((const char *)b.p, "\r\n");
	ok = secret_set(out, view_of(b.p, n));
	file_bytes_free(&b);
	if (!ok)
		fprintf(stderr, "rasdial: the password is too long\n");
	if (open_to_all && strict)
		secret_wipe(out);
	return ok && !(open_to_all && strict);
}

static bool
ask(const char *what, const char *user, struct secret *out)
{
	int rc = tty_ask(what, user, out);

	if (rc != 0)
		fprintf(stderr, "rasdial: no password: %s%s\n", tty_why(rc),
		    rc == -ENXIO || rc == -ENOENT ? ": use --password-file" : "");
	return rc == 0;
}

bool
dial_password_ask(const char *user, struct secret *out)
{
	return ask("Password for", user, out);
}

bool
dial_password_ask_new(const char *user, struct secret *out)
{
	struct secret again = { 0 };
	bool ok = ask("New password for", user, out) && ask("Once more, for", user, &again);

	if (ok && !secret_equal(out, secret_view(&again))) {
		fprintf(stderr, "rasdial: the two passwords differ\n");
		ok = false;
	}
	secret_wipe(&again);
	if (!ok)
		secret_wipe(out);
	return ok;
}

bool
dial_password_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}
