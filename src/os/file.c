/* Whole small files. See file.h. */
#include "os/file.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void
file_bytes_free(struct file_bytes *b)
{
	if (b->p)
		secret_wipe_bytes(b->p, b->n);
	free(b->p);
	*b = (struct file_bytes){ 0 };
}

/* Twice the room, at most `cap`, with the old memory wiped: it may hold a key. */
static bool
grow(struct file_bytes *b, size_t *room, size_t cap)
{
	size_t next = *room ? 2 * *room : 4096;

	if (next > cap)
		next = cap;
	uint8_t *p = malloc(next);
	if (!p)
		return false;
	if (b->n)
		memcpy(p, b->p, b->n);
	size_t n = b->n;
	file_bytes_free(b);
	*b = (struct file_bytes){ .p = p, .n = n };
	*room = next;
	return true;
}

/* One read of a seekable file at `at`, else of the stream. */
static ssize_t
read_some(int fd, bool seekable, void *p, size_t n, size_t at)
{
	for (;;) {
		ssize_t k = seekable ? pread(fd, p, n, (off_t)at) : read(fd, p, n);
		if (k >= 0 || errno != EINTR)
			return k;
	}
}

int
file_read_fd(int fd, size_t max, struct file_bytes *out)
{
	struct file_bytes b = { 0 };
	bool seekable = lseek(fd, 0, SEEK_CUR) >= 0;
	size_t room = 0, cap = max + 2; /* one byte too many is seen, and the zero */
	int err = 0;

	must(max < SIZE_MAX - 2);
	for (;;) {
		if (b.n + 1 >= room && (room == cap || !grow(&b, &room, cap))) {
			err = room == cap ? -EFBIG : -ENOMEM;
			break;
		}
		ssize_t k = read_some(fd, seekable, b.p + b.n, room - b.n - 1, b.n);
		if (k < 0)
			err = -errno;
		if (k <= 0)
			break;
		b.n += (size_t)k;
	}
	if (err == 0 && b.n > max)
		err = -EFBIG;
	if (err) {
		file_bytes_free(&b);
		return err;
	}
	b.p[b.n] = 0;
	*out = b;
	return 0;
}

int
file_read(const char *path, size_t max, struct file_bytes *out)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	int err = fstat(fd, &st) == 0 ? 0 : -errno;
	if (err == 0 && S_ISDIR(st.st_mode))
		err = -EISDIR;
	if (err == 0 && !S_ISREG(st.st_mode)) /* a FIFO or a device could hold us up */
		err = -EINVAL;
	if (err == 0)
		err = file_read_fd(fd, max, out);
	close(fd);
	return err;
}

static int
write_all(int fd, struct view v)
{
	while (v.n > 0) {
		ssize_t k = write(fd, v.p, v.n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		v.p += k;
		v.n -= (size_t)k;
	}
	return 0;
}

/* The folder of path, synced, so that the new name survives a crash. */
static int
sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (!slash)
		snprintf(folder, sizeof(folder), ".");
	else
		snprintf(
		    folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int err = fsync(fd) == 0 || errno == EINVAL ? 0 : -errno;
	close(fd);
	return err;
}

static int
fill_temporary(int fd, struct view content, mode_t mode)
{
	int err = write_all(fd, content);

	if (err == 0 && fchmod(fd, mode) != 0)
		err = -errno;
	if (err == 0 && fsync(fd) != 0)
		err = -errno;
	return err;
}

/* Rename without replacing: a link to the temporary file, whose own name then goes. */
static int
put_in_place(const char *temporary, const char *path, bool only_new)
{
	if (!only_new)
		return rename(temporary, path) == 0 ? 0 : -errno;
	if (link(temporary, path) != 0)
		return -errno;
	return unlink(temporary) == 0 ? 0 : -errno;
}

static int
write_file(const char *path, struct view content, mode_t mode, bool only_new)
{
	char temporary[PATH_MAX];

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= sizeof(temporary))
		return -ENAMETOOLONG;
	int fd = mkostemp(temporary, O_CLOEXEC); /* 0600 until it is full */
	if (fd < 0)
		return -errno;
	int err = fill_temporary(fd, content, mode);
	if (close(fd) != 0 && err == 0)
		err = -errno;
	if (err == 0)
		err = put_in_place(temporary, path, only_new);
	if (err) {
		(void)unlink(temporary);
		return err;
	}
	return sync_folder(path);
}

int
file_write(const char *path, struct view content, mode_t mode)
{
	return write_file(path, content, mode, false);
}

int
file_write_new(const char *path, struct view content, mode_t mode)
{
	return write_file(path, content, mode, true);
}

int
file_memfd(const char *name, struct view content)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	int err = write_all(fd, content);
	if (err == 0 && lseek(fd, 0, SEEK_SET) < 0)
		err = -errno;
	if (err == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* One folder; 1 when it was made, 0 when it is there, or -errno. */
static int
make_one(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 1;
	if (errno != EEXIST)
		return -errno;
	if (stat(path, &st) != 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* Mode and owner of a folder that was just made, without following a link put in its place. */
static int
own_folder(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int err = fchmod(fd, mode) == 0 ? 0 : -errno;
	if (err == 0 && (uid != (uid_t)-1 || gid != (gid_t)-1) && fchown(fd, uid, gid) != 0)
		err = -errno;
	close(fd);
	return err;
}

int
file_mkdirs(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	char p[PATH_MAX];
	size_t n = strlen(path);

	if (n == 0)
		return -ENOENT;
	if (n >= sizeof(p))
		return -ENAMETOOLONG;
	memcpy(p, path, n + 1);
	while (n > 1 && p[n - 1] == '/')
		p[--n] = 0;
	for (size_t i = 1; i < n; i++) {
		if (p[i] != '/')
			continue;
		p[i] = 0;
		int made = make_one(p, 0755);
		if (made < 0)
			return made;
		p[i] = '/';
	}
	int made = make_one(p, 0700);
	return made == 1 ? own_folder(p, mode, uid, gid) : made;
}

int
file_sysctl(const char *name, const char *value)
{
	char path[128];
	int fd, rc = 0;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

int
file_lock_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) != 0) {
		if (errno == EINTR)
			continue;
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}
