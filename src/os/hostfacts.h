/*
 * What this host looks like now, for the diagnosis: sockets and their owners, addresses, routes,
 * switches of the kernel, packet filters. Read only, gathered in the command that asks and stamped
 * with the time; what cannot be read is said to be unknown. Judging is diag/'s work.
 */
#ifndef OS_HOSTFACTS_H
#define OS_HOSTFACTS_H

#include "attempt/host.h"

struct hostfacts_want {
	const char *control_socket; /* of rrasd; NULL: not asked */
	uint16_t tcp_port;  /* whose way through the packet filters is looked at; 0 = none */
	const char *device; /* prefix of the tunnel devices, for the forward filters */
};

/* Fills *out. Takes at most a few seconds: the packet filters are asked by the command nft. */
void hostfacts_gather(const struct hostfacts_want *want, struct host_facts *out);

/* Clock, addresses and routes: what explains a client's failure. */
void hostfacts_client(struct host_facts *out);

/* Only the sockets and their owners: for `rrasctl listeners`. */
void hostfacts_sockets(struct host_facts *out);

/* Interfaces with their reverse path filters, and what these dropped: a part of gathering. */
void hostfacts_links(struct host_facts *out);

/* --- pure parts, for tests --- */

/* The number below `name` in the pairs of lines of /proc/net/netstat; -1 when it is not there. */
int64_t hostfacts_counter(struct view text, const char *group, const char *name);

/* Reads the text of /proc/net/tcp, tcp6, udp or udp6; proto is "TCP", "TCPv6", "UDP", "UDPv6". */
void hostfacts_read_sockets(const char *proto, struct view text, struct host_facts *out);

/*
 * Reads what `nft -j list ruleset` wrote: sets out->filter, and adds to out->drops what is certain
 * to drop a new connection to tcp_port, or packets forwarded from the tunnel devices. A rule that
 * cannot be judged (an address, a limit) makes its chain uncertain, and nothing is claimed of it.
 * False when the text is not such a list.
 */
MUST_USE bool hostfacts_read_nft(
    struct view json, const struct hostfacts_want *want, struct host_facts *out);

/* The number that a file of /proc/sys holds; -1 when it cannot be read or holds none. */
int hostfacts_number(const char *path);

#endif
