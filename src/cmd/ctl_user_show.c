/* Accounts for people to read: one as a list of its attributes, all as a table. */
#include "cmd/ctl_user.h"

#include <stdlib.h>
#include <string.h>

/* The texts of an array, joined by ", ". Returns out. */
static char *
join(const json_t *array, char *out, size_t cap)
{
	size_t i, n = 0;
	json_t *g;

	out[0] = 0;
	json_array_foreach(array, i, g)
	{
		n +=
		    (size_t)snprintf(out + n, cap - n, "%s%s", i ? ", " : "", json_string_value(g));
		if (n >= cap)
			break;
	}
	return out;
}

static const char *
date(const json_t *u, const char *key, char out[32])
{
	return ctl_int(u, key) ? ctl_time_text(ctl_int(u, key) * 1000000, out) : "never";
}

static const char *
state(const json_t *u)
{
	return !ctl_bool(u, "enabled") ? "disabled" : ctl_bool(u, "locked") ? "locked" : "enabled";
}

static const char *
password(const json_t *u)
{
	return !ctl_bool(u, "password")     ? "not set: nobody can log in"
	       : ctl_bool(u, "must_change") ? "to be changed at the next log-in"
	       : ctl_bool(u, "reversible")  ? "set, reversible copy kept (for CHAP)"
	                                    : "set";
}

void
ctl_user_print_one(const json_t *u)
{
	static const char *const none[] = { "", "" };
	struct ctl_table *t = ctl_table_new(2, none);
	char expires[32], created[32], changed[32], set[32], ends[32];
	char groups[512], routes[512];
	const char *hours = ctl_str(u, "hours");

	const char *const rows[][2] = { { "Name", ctl_str(u, "name") }, { "State", state(u) },
		{ "Expires", date(u, "expires", expires) }, { "Dial-in", ctl_str(u, "dialin") },
		{ "Logon hours", hours[0] ? hours : "always" },
		{ "Groups", join(json_object_get(u, "groups"), groups, sizeof(groups)) },
		{ "Password", password(u) }, { "Password set", date(u, "password_set", set) },
		{ "Password expires", ctl_int(u, "password_expires")
					  ? date(u, "password_expires", ends)
					  : "by password-age of the configuration" },
		{ "Address", ctl_str(u, "address")[0] ? ctl_str(u, "address") : "from the pool" },
		{ "Routes", join(json_object_get(u, "routes"), routes, sizeof(routes)) },
		{ "Caller id", ctl_str(u, "caller_id")[0] ? ctl_str(u, "caller_id") : "any" },
		{ "Created", date(u, "created", created) },
		{ "Changed", date(u, "changed", changed) } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ctl_table_row(t, rows[i]);
	ctl_table_print_rows(t, stdout);
	ctl_table_free(t);
}

void
ctl_user_print_all(const json_t *rows)
{
	static const char *const titles[] = { "NAME", "STATE", "EXPIRES", "DIAL-IN", "PASSWORD",
		"GROUPS" };
	struct ctl_table *t = ctl_table_new(6, titles);
	json_t *u;
	size_t i;

	json_array_foreach(rows, i, u)
	{
		char expires[32], groups[300];
		const char *const cells[] = { ctl_str(u, "name"), state(u),
			date(u, "expires", expires), ctl_str(u, "dialin"),
			!ctl_bool(u, "password")     ? "none"
			: ctl_bool(u, "must_change") ? "to change"
			: ctl_bool(u, "reversible")  ? "reversible"
						     : "set",
			join(json_object_get(u, "groups"), groups, sizeof(groups)) };
		ctl_table_row(t, cells);
	}
	if (json_array_size(rows))
		ctl_table_print(t, stdout);
	else
		puts("There are no accounts. Make one: rrasctl user add NAME");
	ctl_table_free(t);
}
