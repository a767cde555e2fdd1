/*
 * Joining the facts of several witnesses into one trail. Pure: bytes in, bytes out. Here and not
 * in attempt/, because only the store holds more than one witness's word of an attempt.
 */
#ifndef OS_STORE_FACTS_H
#define OS_STORE_FACTS_H

#include "attempt/fact.h"

/*
 * Writes the facts of a and b to out: sorted by time (a stable order: of equal times a's come
 * first), exact doubles once, at most cap bytes. When they do not fit, the middle is left out and a
 * fact "attempt.trail-dropped" stands in its place. What fact_read does not know is dropped.
 * Returns the number of bytes. a and b may not overlap out.
 */
size_t store_facts_merge(struct view a, struct view b, uint8_t *out, size_t cap);

#endif
