/* Asking for a password. See tty.h. */
#include "cmd/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

/* With a mask: waits under it, so that a signal ends the waiting whenever it comes. */
static ssize_t
read_byte(int fd, const sigset_t *mask, uint8_t *out)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (mask && ppoll(&p, 1, NULL, mask) < 0)
		return -1;
	return read(fd, out, 1);
}

static int
read_line(int fd, const sigset_t *mask, struct secret *out)
{
	uint8_t line[SECRET_MAX + 2];
	size_t n = 0;
	ssize_t k = 0;
	int rc = 0;

	while (n < sizeof(line)) {
		k = read_byte(fd, mask, line + n);
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

int
tty_read_line(int fd, struct secret *out)
{
	return read_line(fd, NULL, out);
}

const char *
tty_why(int error)
{
	return error == -ENODATA                     ? "it is empty"
	       : error == -E2BIG                     ? "it is longer than 512 bytes"
	       : error == -ENXIO || error == -ENOENT ? "there is no terminal to ask"
	                                             : strerror(-error);
}

/* A terminal is not left without echo: these signals only end the reading. */
static void
on_signal(int signo)
{
	(void)signo;
}

static int
ask_quietly(int tty, const sigset_t *mask, const char *what, const char *user, struct secret *out)
{
	struct termios old, quiet;
	int rc;

	if (tcgetattr(tty, &old) != 0)
		return -errno;
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	quiet.c_lflag |= ECHONL;
	/* before the prompt: what is typed as soon as it stands there is neither shown nor lost */
	if (tcsetattr(tty, TCSAFLUSH, &quiet) != 0)
		return -errno;
	dprintf(tty, "%s %s: ", what, user);
	rc = read_line(tty, mask, out);
	(void)tcsetattr(tty, rc == -E2BIG ? TCSAFLUSH : TCSADRAIN, &old);
	if (rc == -EINTR)
		dprintf(tty, "\n");
	return rc;
}

int
tty_ask(const char *what, const char *user, struct secret *out)
{
	const struct sigaction stop = { .sa_handler = on_signal };
	struct sigaction old_int, old_term;
	sigset_t ends, mask;
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	int rc;

	if (tty < 0)
		return -errno;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, &mask);
	sigaction(SIGINT, &stop, &old_int);
	sigaction(SIGTERM, &stop, &old_term);
	rc = ask_quietly(tty, &mask, what, user, out);
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	close(tty);
	return rc;
}
