/*
 * TCP and Unix sockets: listeners, accepting, connecting, the options we set, and name resolution
 * for clients. All descriptors come close-on-exec and non-blocking. Functions return a descriptor
 * or 0, or -errno. Reading and writing stays with the caller.
 */
#ifndef OS_SOCK_H
#define OS_SOCK_H

#include "base/addr.h"
#include "base/must.h"

#include <sys/types.h>

/*
 * A listening TCP socket, or -errno (-EADDRINUSE, -EADDRNOTAVAIL, -EACCES, ...). [::] takes IPv6
 * only, so that 0.0.0.0 can have a listener of its own. reuseport: one of several workers' sockets
 * on the same endpoint.
 */
MUST_USE int sock_listen_tcp(const struct endpoint *at, bool reuseport, int backlog);

/*
 * The next connection with its addresses (either may be NULL); TCP_NODELAY is set on it. -EAGAIN:
 * none waits, or the one that waited is gone again. -EMFILE, -ENFILE: out of descriptors, the
 * connection stays in the backlog.
 */
MUST_USE int sock_accept(int fd, struct endpoint *peer, struct endpoint *local);

/*
 * For when accepting says -EMFILE: a descriptor kept in reserve is given up, the connection that
 * waits is taken and closed, and the reserve is made again. So peers are turned away at once
 * instead of waiting for nothing, and a level-triggered loop does not spin. *peer (may be NULL) is
 * who it was. 0; -EAGAIN when nobody waited (the kernel says -EMFILE then, too); -EMFILE without a
 * reserve.
 */
int sock_reserve(int like); /* a descriptor to keep, a copy of like; -errno */
MUST_USE int sock_turn_away(int fd, int *reserve, struct endpoint *peer);

/* Begins to connect; the socket is writable when that is settled: then ask sock_error. */
MUST_USE int sock_connect_tcp(const struct endpoint *to);

/* The same from an address of this host; NULL: the kernel chooses. -EADDRNOTAVAIL: not ours. */
MUST_USE int sock_connect_tcp_from(const struct endpoint *to, const struct ip_addr *from);

/* The outcome of a connect, or a pending error: 0 or -errno. Clears it. */
MUST_USE int sock_error(int fd);

/* Our end and the far end of a connected socket; either may be NULL. */
MUST_USE int sock_endpoints(int fd, struct endpoint *local, struct endpoint *peer);

/* What to send in a stream: TCP_NODELAY. */
int sock_set_nodelay(int fd);

/* The smoothed round trip time of a connected TCP socket in milliseconds, 0 when not known. */
uint32_t sock_rtt_ms(int fd);

/* How TCP fares on the path, at this moment (tcp(7), TCP_INFO). */
struct sock_path {
	uint32_t mss, pmtu; /* bytes: of a segment that we send, of a packet */
	uint32_t unacked;   /* segments that we sent and nobody acknowledged */
	uint32_t retries;   /* repeats in a row without an answer */
	uint32_t gaps_out;  /* of these, segments that arrived beyond a lost one (SACK) */
	uint32_t gaps_in;   /* segments that arrived here beyond one that is missing */
};

/* False: the socket is no TCP socket. */
MUST_USE bool sock_path(int fd, struct sock_path *out);

/* Probes after idle_s of silence, every interval_s, gives up after count. */
int sock_set_keepalive(int fd, unsigned int idle_s, unsigned int interval_s, unsigned int count);

/* Gives up when sent bytes stay unacknowledged this long. TCP_USER_TIMEOUT, RFC 5482. */
int sock_set_user_timeout(int fd, unsigned int timeout_ms);

/* Writable only while fewer than n bytes wait unsent: keeps our queue, not the kernel's. */
int sock_set_notsent_lowat(int fd, unsigned int n_bytes);

/*
 * A listening Unix stream socket at path with this mode. A socket file that is already there is
 * removed when nobody answers on it; -EADDRINUSE when somebody does, or it is not a socket.
 */
MUST_USE int sock_listen_unix(const char *path, mode_t mode);

/* The next connection on a Unix listener. -EAGAIN: none waits. */
MUST_USE int sock_accept_unix(int fd);

/* Connects to a Unix stream socket; local, so it is settled at once. */
MUST_USE int sock_connect_unix(const char *path);

/* The user id of the process at the other end of a Unix socket when it connected. */
MUST_USE int sock_peer_uid(int fd, uid_t *out);

/*
 * Resolves a name or an address for a client; blocks as long as the resolver does. Returns how many
 * addresses stand in out, in the order to try; 0 with a text in err when there is none.
 */
MUST_USE size_t sock_resolve(
    const char *host, struct ip_addr *out, size_t cap, char *err, size_t err_cap);

#endif
