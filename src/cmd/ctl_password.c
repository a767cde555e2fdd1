/* Getting a password from the administrator. See ctl_password.h. */
#include "cmd/ctl_password.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/*
 * One line of at most SECRET_MAX bytes from fd, its end cut off. Byte by byte, so that no library
 * buffer keeps a copy. 0 or -errno; -ENODATA: nothing there.
 */
static int
read_line(int fd, struct secret *out)
{
	uint8_t line[SECRET_MAX + 2];
	size_t n = 0;
	ssize_t k = 0;
	int rc = 0;

	while (n < sizeof(line)) {
		k = read(fd, line + n, 1);
		if (k <= 0 || line[n] == '\n')
			break;
		n++;
	}
	if (k < 0)
		rc = -errno;
	if (n > 0 && line[n - 1] == '\r' && rc == 0)
		n--;
	if (rc == 0 && n == 0)
		rc = -ENODATA;
	if (rc == 0 && !secret_set(out, view_of(line, n)))
		rc = -E2BIG;
	secret_wipe_bytes(line, sizeof(line));
	return rc;
}

static const char *
why(int error)
{
	return error == -ENODATA ? "it is empty"
	       : error == -E2BIG ? "it is longer than 512 bytes"
	                         : strerror(-error);
}

bool
ctl_password_read(const char *path, struct secret *out, char *err, size_t cap)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : read_line(fd, out);

	if (fd >= 0 && !standard)
		close(fd);
	if (rc != 0)
		snprintf(err, cap, "no password from %s: %s", standard ? "standard input" : path,
		    why(rc));
	return rc == 0;
}

static int
ask(int tty, const char *what, const char *user, struct secret *out)
{
	struct termios old, quiet;
	int rc;

	if (tcgetattr(tty, &old) != 0)
		return -errno;
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	quiet.c_lflag |= ECHONL;
	dprintf(tty, "%s %s: ", what, user);
	if (tcsetattr(tty, TCSAFLUSH, &quiet) != 0)
		return -errno;
	rc = read_line(tty, out);
	(void)tcsetattr(tty, TCSAFLUSH, &old);
	return rc;
}

/* A terminal is not left without echo: these signals only end the reading. */
static void
on_signal(int signo)
{
	(void)signo;
}

bool
ctl_password_prompt(const char *user, struct secret *out, char *err, size_t cap)
{
	struct secret again = { 0 };
	const struct sigaction stop = { .sa_handler = on_signal };
	struct sigaction old_int, old_term;
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	bool ok = false;
	int rc;

	if (tty < 0) {
		snprintf(err, cap, "there is no terminal to ask for the password");
		return false;
	}
	sigaction(SIGINT, &stop, &old_int);
	sigaction(SIGTERM, &stop, &old_term);
	rc = ask(tty, "Password for", user, out);
	if (rc == 0)
		rc = ask(tty, "Once more, for", user, &again);
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	close(tty);
	if (rc != 0)
		snprintf(err, cap, "no password: %s", why(rc));
	else if (!secret_equal(out, secret_view(&again)))
		snprintf(err, cap, "the two passwords differ");
	else
		ok = true;
	secret_wipe(&again);
	if (!ok)
		secret_wipe(out);
	return ok;
}

static void
wiping_free(void *p)
{
	if (p)
		secret_wipe_bytes(p, malloc_usable_size(p));
	free(p);
}

void
ctl_wipe_json(void)
{
	json_set_alloc_funcs(malloc, wiping_free);
}
