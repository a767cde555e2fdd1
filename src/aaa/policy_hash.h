/* The name of a policy set in the history: a hash of what policies are made of (conf.policy_text).
 */
#ifndef AAA_POLICY_HASH_H
#define AAA_POLICY_HASH_H

#include <stdint.h>

#define POLICY_HASH 16u

/* The first bytes of the text's SHA-256. */
void policy_text_hash(const char *policy_text, uint8_t out[POLICY_HASH]);

#endif
