/*
 * A talk over TCP that waits, with an end to each wait: for commands that probe a server. Daemons
 * use os/loop instead.
 */
#ifndef OS_TALK_H
#define OS_TALK_H

#include "base/addr.h"

#include <sys/types.h>

/* A connected socket, or -errno: -ECONNREFUSED closed, -ETIMEDOUT silence. */
MUST_USE int talk_open(const struct endpoint *to, unsigned int timeout_ms);

/* The same from an address of this host (NULL: any). */
MUST_USE int talk_open_from(
    const struct endpoint *to, const struct ip_addr *from, unsigned int timeout_ms);

/* Sends all; 0 or -errno. */
MUST_USE int talk_send(int fd, struct view bytes, unsigned int timeout_ms);

/* At least one byte; 0 at the end of the stream, -errno otherwise. */
MUST_USE ssize_t talk_recv(int fd, void *buf, size_t cap, unsigned int timeout_ms);

void talk_close(int fd);

#endif
