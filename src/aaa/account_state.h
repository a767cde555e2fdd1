/*
 * What the attributes of an account say about a log-in at this moment, before any policy: disabled,
 * locked, expired, outside its logon hours, password expired or to be changed. R33, R35, R36, B05.
 */
#ifndef AAA_ACCOUNT_STATE_H
#define AAA_ACCOUNT_STATE_H

#include "aaa/accounts.h"
#include "attempt/cause.h"
#include "base/now.h"

struct conf;

/* The part of the configuration that the state of an account depends on. */
struct account_rules {
	uint32_t password_age_s;           /* 0 = passwords do not age */
	uint8_t password_length;           /* characters a new password has at least */
	struct lookup_name administrators; /* folded; members' passwords are reset by others */
};

void account_rules_init(struct account_rules *r, const struct conf *c);

/* CAUSE_NONE, or why nobody may log in with this account now. The password is left out. */
enum cause account_use_cause(const struct account *a, const struct now *now);

/*
 * CAUSE_NONE, or why the password, though right, does not do: CAUSE_PASSWORD_EXPIRED or
 * CAUSE_PASSWORD_MUST_CHANGE; CAUSE_PASSWORD_ADMIN in their place for an administrator (R36).
 */
enum cause account_password_cause(
    const struct account *a, const struct account_rules *r, int64_t unix_s);

/* When the password ends; 0 = never. */
int64_t account_password_end(const struct account *a, const struct account_rules *r);

/* A word or two for people. */
const char *account_state_text(enum cause state);

#endif
