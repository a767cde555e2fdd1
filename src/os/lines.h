/*
 * A stream that speaks lines, for the control socket: bounded both ways, never blocking, and every
 * byte that passed through its buffers is wiped, since a line may hold a password. What the lines
 * mean is the owner's matter.
 */
#ifndef OS_LINES_H
#define OS_LINES_H

#include "base/must.h"
#include "base/view.h"
#include "os/loop.h"

#include <sys/types.h>

struct lines;

/* One line without its newline; it dies when the callback returns. */
typedef void (*lines_line_fn)(void *ctx, struct view line);

/* The stream is over: why is NULL at its end, or what was wrong. The owner frees. */
typedef void (*lines_down_fn)(void *ctx, const char *why);

/* Takes fd over (also when it returns NULL: out of memory). Lines longer than max_line end it. */
struct lines *lines_new(struct loop *l, int fd, size_t max_line, size_t max_out,
    lines_line_fn on_line, lines_down_fn on_down, void *ctx);
void lines_free(struct lines *s); /* also from a callback; NULL is fine */

/*
 * Queues text and a newline. False when more than max_out bytes would wait: the reader is too slow,
 * the owner ends the stream.
 */
MUST_USE bool lines_write(struct lines *s, struct view text);

/* While held no further line is delivered (and little more is read): one question at a time. */
void lines_hold(struct lines *s, bool hold);

/*
 * What the process at the other end of a Unix socket may do: all, if it is root, our own user, or
 * somebody in our group; LINES_MEMBER if it is in group `gid` ((gid_t)-1: there is none). Attack
 * U08.
 */
enum lines_peer { LINES_STRANGER, LINES_MEMBER, LINES_ADMIN };
enum lines_peer lines_peer(int fd, gid_t gid);

/* The number of a group of this host. 0, -ENOENT, or another -errno. */
MUST_USE int lines_group(const char *name, gid_t *out);

/*
 * The other side: connects to the Unix socket at path, sends text as one line and hands every line
 * of the answer to on_line until that returns false or timeout_ms (LINES_FOR_EVER: no end) have
 * passed without a line.
 * 0, or -errno (-ECONNREFUSED, -ENOENT, -EACCES, -ETIMEDOUT, -EPIPE: it hung up).
 */
#define LINES_FOR_EVER UINT32_MAX
typedef bool (*lines_reply_fn)(void *ctx, struct view line);
MUST_USE int lines_ask(const char *path, struct view text, size_t max_line, unsigned int timeout_ms,
    lines_reply_fn on_line, void *ctx);

#endif
