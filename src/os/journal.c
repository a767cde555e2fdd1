/* The journal's native protocol. See journal.h. One datagram is one entry. */
#include "os/journal.h"

#include "base/wr.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
journal_open(void)
{
	static const struct sockaddr_un at = { .sun_family = AF_UNIX,
		.sun_path = "/run/systemd/journal/socket" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) != 0) {
		int err = errno;
		close(fd);
		return -err;
	}
	return fd;
}

/* Whether a value can stand behind "KEY=" on one line. */
static bool
is_plain(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < ' ' && v.p[i] != '\t')
			return false;
	return true;
}

/* Binary form: key, newline, length in 64 bits little endian, value, newline. */
static void
put_field(struct wr *w, const struct journal_field *f)
{
	wr_str(w, f->key);
	if (is_plain(f->value)) {
		wr_u8(w, '=');
	} else {
		wr_u8(w, '\n');
		wr_le32(w, (uint32_t)f->value.n);
		wr_le32(w, 0);
	}
	wr_view(w, f->value);
	wr_u8(w, '\n');
}

int
journal_send(int fd, const struct journal_field *fields, size_t n)
{
	uint8_t buf[JOURNAL_MAX_BYTES];
	struct wr w = wr_over(buf, sizeof(buf));

	for (size_t i = 0; i < n; i++)
		put_field(&w, &fields[i]);
	if (!wr_done(&w))
		return -EMSGSIZE;
	ssize_t k;
	do
		k = send(fd, buf, wr_len(&w), MSG_DONTWAIT | MSG_NOSIGNAL);
	while (k < 0 && errno == EINTR);
	return k < 0 ? -errno : 0;
}
