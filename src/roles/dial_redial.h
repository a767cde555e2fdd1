/* Whether and when a broken connection is dialled anew. Pure. */
#ifndef ROLES_DIAL_REDIAL_H
#define ROLES_DIAL_REDIAL_H

#include "attempt/cause.h"
#include "base/now.h"

/*
 * Whether another call could come out differently by itself: not with a wrong password, an account
 * or policy that says no, a certificate that does not fit, or when the user or the server's rules
 * ended it.
 */
bool dial_may_retry(enum cause cause);

/* How long to wait before the try-th call in a row, from 1: 1 s, doubling up to 60 s, of which up
 * to a quarter less by chance, so that the clients of a server that comes back do not come at once.
 */
uint32_t dial_wait_ms(unsigned int try, uint32_t chance);

#endif
