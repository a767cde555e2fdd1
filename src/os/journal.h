/*
 * Structured log entries in the native protocol of the systemd journal, on a datagram socket that
 * was opened before the sandbox closed. Fields KEY=value; values with a newline or unprintable
 * bytes go in the binary form. Which fields there are is the caller's matter.
 */
#ifndef OS_JOURNAL_H
#define OS_JOURNAL_H

#include "base/must.h"
#include "base/view.h"

#define JOURNAL_MAX_BYTES 65536u /* of one entry */

struct journal_field {
	const char *key;   /* capital letters, digits, underscore; our own constant */
	struct view value; /* borrowed */
};

/* A socket connected to the journal, or -errno (-ENOENT: no journal here). */
MUST_USE int journal_open(void);

/*
 * Sends one entry. Never blocks: -EAGAIN when the journal is behind, the entry is then lost.
 * -EMSGSIZE when it is too long.
 */
int journal_send(int fd, const struct journal_field *fields, size_t n);

#endif
