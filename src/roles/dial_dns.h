/*
 * The resolver of this host: systemd-resolved when it runs, else resolvconf, else /etc/resolv.conf
 * itself, whose former content is kept and comes back when the last connection that needs it ends.
 */
#ifndef ROLES_DIAL_DNS_H
#define ROLES_DIAL_DNS_H

#include "roles/dial_undo.h"

/* Who has to be told on this host. */
enum dns_way dial_dns_way(void);
const char *dial_dns_name(enum dns_way way); /* "resolved", "resolvconf", "resolv.conf"; "" */

/*
 * Makes the servers and the suffix of u known, by u->dns; u has been written down. Again after a
 * change. 0, or -errno with a text.
 */
MUST_USE int dial_dns_set(const struct dial_undo *u, char *err, size_t cap);

/* Takes it back. u's file is gone already; the caller has the lock. */
void dial_dns_unset(const struct dial_undo *u);

/* Whether a text is a name that can be given to programs and files: letters, digits, - _ and dots.
 */
bool dial_dns_suffix_ok(const char *s);

#endif
