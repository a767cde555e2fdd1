/* The state of an account. See account_state.h. */
#include "aaa/account_state.h"

#include "base/week.h"
#include "conf/conf.h"

void
account_rules_init(struct account_rules *r, const struct conf *c)
{
	r->password_age_s = c->password_age_s;
	r->password_length = c->password_length;
	if (!name_fold(view_str(c->administrators), &r->administrators))
		r->administrators = (struct lookup_name){ 0 };
}

/* The order is that of a domain controller: who is disabled is not told of the hours. */
enum cause
account_use_cause(const struct account *a, const struct now *now)
{
	int64_t unix_s = now->unix_us / 1000000;

	if (!a->enabled)
		return CAUSE_ACCOUNT_DISABLED;
	if (a->locked)
		return CAUSE_ACCOUNT_LOCKED;
	if (a->expires_unix_s != 0 && unix_s >= a->expires_unix_s)
		return CAUSE_ACCOUNT_EXPIRED;
	if (!week_covers(view_str(a->hours), week_minute(unix_s, now->utc_offset_s)))
		return CAUSE_LOGON_HOURS;
	return CAUSE_NONE;
}

static bool
is_administrator(const struct account *a, const struct account_rules *r)
{
	const char *g = a->groups;

	for (unsigned int i = 0; i < a->n_groups; i++, g += strlen(g) + 1)
		if (r->administrators.n && strcmp(g, r->administrators.s) == 0)
			return true;
	return false;
}

int64_t
account_password_end(const struct account *a, const struct account_rules *r)
{
	int64_t aged = r->password_age_s && a->password_set_unix_s
	                   ? a->password_set_unix_s + (int64_t)r->password_age_s
	                   : 0;
	int64_t own = a->password_expires_unix_s;

	if (!own || !aged)
		return own ? own : aged;
	return own < aged ? own : aged;
}

enum cause
account_password_cause(const struct account *a, const struct account_rules *r, int64_t unix_s)
{
	int64_t end = account_password_end(a, r);
	bool expired = end != 0 && unix_s >= end;

	if (!expired && !a->must_change)
		return CAUSE_NONE;
	if (is_administrator(a, r))
		return CAUSE_PASSWORD_ADMIN;
	return a->must_change ? CAUSE_PASSWORD_MUST_CHANGE : CAUSE_PASSWORD_EXPIRED;
}

const char *
account_state_text(enum cause state)
{
	static const struct {
		enum cause state;
		const char *text;
	} texts[] = {
		{ CAUSE_NONE, "enabled" },
		{ CAUSE_ACCOUNT_DISABLED, "disabled" },
		{ CAUSE_ACCOUNT_LOCKED, "locked" },
		{ CAUSE_ACCOUNT_EXPIRED, "expired" },
		{ CAUSE_LOGON_HOURS, "outside its logon hours" },
		{ CAUSE_PASSWORD_EXPIRED, "password expired" },
		{ CAUSE_PASSWORD_MUST_CHANGE, "password must be changed" },
		{ CAUSE_PASSWORD_ADMIN, "an administrator's password expired" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].state == state)
			return texts[i].text;
	return "?";
}
