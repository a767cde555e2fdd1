/*
 * Whole small files: read with a bound, written so that a crash leaves the old or the new one,
 * sealed in memory to be handed to other processes. Nothing here interprets content.
 */
#ifndef OS_FILE_H
#define OS_FILE_H

#include "base/must.h"
#include "base/view.h"

#include <sys/types.h>

struct file_bytes {
	uint8_t *p; /* owned; a zero follows the n bytes, so that text is a C string */
	size_t n;
};

/* Reads a regular file of at most max bytes. -EFBIG when it is larger, -errno otherwise. */
MUST_USE int file_read(const char *path, size_t max, struct file_bytes *out);

/* Reads a descriptor to its end, a seekable one from its start. The descriptor stays open. */
MUST_USE int file_read_fd(int fd, size_t max, struct file_bytes *out);

/* Wipes and frees. */
void file_bytes_free(struct file_bytes *b);

static inline struct view
file_view(const struct file_bytes *b)
{
	return view_of(b->p, b->n);
}

/*
 * Puts content in place of path in one step: a temporary file beside it, synced, renamed, the
 * folder synced. 0 or -errno, and then the old file is untouched.
 */
MUST_USE int file_write(const char *path, struct view content, mode_t mode);

/* As file_write, but -EEXIST when path is there already: for keys made at the first start. */
MUST_USE int file_write_new(const char *path, struct view content, mode_t mode);

/* A sealed memory file with this content, at offset 0; nobody can change it. fd or -errno. */
MUST_USE int file_memfd(const char *name, struct view content);

/*
 * Locks a folder against others who do the same, and waits for them. The descriptor to close, or
 * -errno.
 */
MUST_USE int file_lock_folder(const char *path);

/* Writes a kernel setting, named as "net/ipv4/ip_forward". 0 or -errno. */
MUST_USE int file_sysctl(const char *name, const char *value);

/*
 * Makes a folder and those above it that are missing. mode and owner are given to the last one
 * only, and only when it is made; (uid_t)-1 leaves the owner. 0 also when it is there.
 */
MUST_USE int file_mkdirs(const char *path, mode_t mode, uid_t uid, gid_t gid);

#endif
