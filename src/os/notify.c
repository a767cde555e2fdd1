/* The service manager's notification protocol. See notify.h. */
#include "os/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
notify_send(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t n = path ? strlen(path) : 0;

	if (n == 0)
		return 0;
	if (n >= sizeof(at.sun_path) || (path[0] != '/' && path[0] != '@'))
		return -EINVAL;
	memcpy(at.sun_path, path, n);
	if (path[0] == '@') /* abstract: the name starts with a zero and has no end */
		at.sun_path[0] = 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ssize_t k = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&at,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	int err = k < 0 ? -errno : 1;
	close(fd);
	return err;
}
