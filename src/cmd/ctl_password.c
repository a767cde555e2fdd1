/* Getting a password from the administrator. See ctl_password.h. */
#include "cmd/ctl_password.h"

#include "cmd/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
ctl_password_read(const char *path, struct secret *out, char *err, size_t cap)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : tty_read_line(fd, out);

	if (fd >= 0 && !standard)
		close(fd);
	if (rc != 0)
		snprintf(err, cap, "no password from %s: %s", standard ? "standard input" : path,
		    tty_why(rc));
	return rc == 0;
}

bool
ctl_password_prompt(const char *user, struct secret *out, char *err, size_t cap)
{
	struct secret again = { 0 };
	int rc = tty_ask("Password for", user, out);
	bool ok = false;

	if (rc == 0)
		rc = tty_ask("Once more, for", user, &again);
	if (rc != 0)
		snprintf(err, cap, "no password: %s", tty_why(rc));
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
