/* The options that describe an account. */
#include "base/addr.h"
#include "base/text.h"
#include "base/week.h"
#include "cmd/ctl_user.h"

#include <string.h>

#define GROUP_CELL_MAX 256u

enum {
	OPT_PASSWORD_FILE,
	OPT_PASSWORD,
	OPT_NO_PASSWORD,
	OPT_REVERSIBLE,
	OPT_NO_REVERSIBLE,
	OPT_DISABLED,
	OPT_ENABLED,
	OPT_LOCKED,
	OPT_UNLOCKED,
	OPT_MUST_CHANGE,
	OPT_NO_MUST_CHANGE,
	OPT_EXPIRES,
	OPT_PASSWORD_EXPIRES,
	OPT_HOURS,
	OPT_DIALIN,
	OPT_GROUP,
	OPT_NO_GROUPS,
	OPT_ADDRESS,
	OPT_ROUTE,
	OPT_NO_ROUTES,
	OPT_CALLER_ID,
	N_OPTS
};

const struct ctl_opt ctl_user_opts[N_OPTS] = {
	[OPT_PASSWORD_FILE] = { "--password-file", true },
	[OPT_PASSWORD] = { "--password", false },
	[OPT_NO_PASSWORD] = { "--no-password", false },
	[OPT_REVERSIBLE] = { "--reversible", false },
	[OPT_NO_REVERSIBLE] = { "--no-reversible", false },
	[OPT_DISABLED] = { "--disabled", false },
	[OPT_ENABLED] = { "--enabled", false },
	[OPT_LOCKED] = { "--locked", false },
	[OPT_UNLOCKED] = { "--unlocked", false },
	[OPT_MUST_CHANGE] = { "--must-change", false },
	[OPT_NO_MUST_CHANGE] = { "--no-must-change", false },
	[OPT_EXPIRES] = { "--expires", true },
	[OPT_PASSWORD_EXPIRES] = { "--password-expires", true },
	[OPT_HOURS] = { "--hours", true },
	[OPT_DIALIN] = { "--dialin", true },
	[OPT_GROUP] = { "--group", true },
	[OPT_NO_GROUPS] = { "--no-groups", false },
	[OPT_ADDRESS] = { "--address", true },
	[OPT_ROUTE] = { "--route", true },
	[OPT_NO_ROUTES] = { "--no-routes", false },
	[OPT_CALLER_ID] = { "--caller-id", true },
};

const size_t ctl_user_n_opts = N_OPTS;

/* Options that only say yes or no to one member of the request. */
static const struct {
	int yes, no;
	const char *key;
} switches[] = {
	{ OPT_REVERSIBLE, OPT_NO_REVERSIBLE, "reversible" },
	{ OPT_ENABLED, OPT_DISABLED, "enabled" },
	{ OPT_LOCKED, OPT_UNLOCKED, "locked" },
	{ OPT_MUST_CHANGE, OPT_NO_MUST_CHANGE, "must_change" },
};

static const char *
set_text(json_t *o, const char *key, const char *value)
{
	json_t *text = json_string(value);

	if (!text)
		return "it is not UTF-8 text";
	json_object_set_new(o, key, text);
	return NULL;
}

static const char *
add_text(json_t *request, const char *key, const char *value)
{
	json_t *text = json_string(value);

	if (!text)
		return "it is not UTF-8 text";
	if (!json_object_get(request, key))
		json_object_set_new(request, key, json_array());
	json_array_append_new(json_object_get(request, key), text);
	return NULL;
}

static const char *
set_date(json_t *request, const char *key, const char *value)
{
	int64_t when = 0;

	if (strcmp(value, "never") != 0 && !ctl_date_parse(value, &when))
		return "a date is YYYY-MM-DD, YYYY-MM-DD HH:MM or never";
	json_object_set_new(request, key, json_integer(when));
	return NULL;
}

static const char *
set_dialin(json_t *request, const char *value)
{
	if (strcmp(value, "allow") != 0 && strcmp(value, "deny") != 0 &&
	    strcmp(value, "policy") != 0)
		return "--dialin takes allow, deny or policy";
	return set_text(request, "dialin", value);
}

static const char *
set_hours(json_t *request, const char *value)
{
	const char *wrong = week_wrong(view_str(value));

	return wrong ? wrong : set_text(request, "hours", value);
}

static const char *
add_route(json_t *request, const char *value)
{
	struct ip_prefix p;

	if (!ip_prefix_parse(view_str(value), &p))
		return "a route is a prefix: 192.0.2.0/24";
	return add_text(request, "routes", value);
}

const char *
ctl_user_option(json_t *request, struct user_wanted *w, int o, const char *value)
{
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (o == switches[i].yes || o == switches[i].no) {
			json_object_set_new(
			    request, switches[i].key, json_boolean(o == switches[i].yes));
			return NULL;
		}
	switch (o) {
	case OPT_PASSWORD_FILE:
		w->password_file = value;
		return NULL;
	case OPT_PASSWORD:
		w->ask_password = true;
		return NULL;
	case OPT_NO_PASSWORD:
		w->no_password = true;
		return NULL;
	case OPT_EXPIRES:
		return set_date(request, "expires", value);
	case OPT_PASSWORD_EXPIRES:
		return set_date(request, "password_expires", value);
	case OPT_HOURS:
		return set_hours(request, value);
	case OPT_DIALIN:
		return set_dialin(request, value);
	case OPT_GROUP:
		return add_text(request, "groups", value);
	case OPT_NO_GROUPS:
		json_object_set_new(request, "groups", json_array());
		return NULL;
	case OPT_ADDRESS:
		return set_text(request, "address", strcmp(value, "none") == 0 ? "" : value);
	case OPT_ROUTE:
		return add_route(request, value);
	case OPT_NO_ROUTES:
		json_object_set_new(request, "routes", json_array());
		return NULL;
	case OPT_CALLER_ID:
		return set_text(request, "caller_id", value);
	default:
		return "that is no option of this command";
	}
}

/* Columns that are written in another way than their options. */
static const struct {
	const char *heading;
	int column;
} headings[] = {
	{ "name", USER_COLUMN_NAME },
	{ "user", USER_COLUMN_NAME },
	{ "password", USER_COLUMN_PASSWORD },
	{ "groups", OPT_GROUP },
	{ "routes", OPT_ROUTE },
};

int
ctl_user_column(const char *heading)
{
	char name[32];
	size_t n = 0;

	while (*heading == ' ')
		heading++;
	for (; heading[n] && n < sizeof(name) - 1; n++)
		name[n] = heading[n] == '_' || heading[n] == ' ' ? '-' : heading[n];
	while (n > 0 && name[n - 1] == '-')
		n--;
	for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++)
		if (text_eq_nocase(view_of(name, n), view_str(headings[i].heading)))
			return headings[i].column;
	/* the rest of the options, but for those that say how the administrator gives a password */
	for (int o = OPT_NO_PASSWORD + 1; o < N_OPTS; o++)
		if (strncmp(ctl_user_opts[o].name, "--no-", 5) != 0 &&
		    text_eq_nocase(view_of(name, n), view_str(ctl_user_opts[o].name + 2)))
			return o;
	return USER_COLUMN_UNKNOWN;
}

bool
ctl_user_column_is_list(int column)
{
	return column == OPT_GROUP || column == OPT_ROUTE;
}

/* Every piece of a cell that holds several, parted by semicolons. */
static const char *
each_piece(json_t *request, int column, const char *value)
{
	char piece[GROUP_CELL_MAX];
	const char *wrong = NULL;

	while (*value && !wrong) {
		size_t n = strcspn(value, ";"), from = 0, to = n;
		while (from < to && value[from] == ' ')
			from++;
		while (to > from && value[to - 1] == ' ')
			to--;
		if (to - from >= sizeof(piece))
			return "a name or prefix in this list is too long";
		memcpy(piece, value + from, to - from);
		piece[to - from] = 0;
		if (piece[0])
			wrong = ctl_user_option(request, NULL, column, piece);
		value += n + (value[n] == ';');
	}
	return wrong;
}

/* yes, no and what spreadsheets make of them. -1: neither. */
static int
truth(const char *value)
{
	static const char *const words[] = { "no", "yes", "false", "true", "0", "1", "n", "y" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text_eq_nocase(view_str(value), view_str(words[i])))
			return (int)(i % 2);
	return -1;
}

const char *
ctl_user_cell(json_t *request, int column, const char *value)
{
	if (!value[0])
		return NULL;
	if (column == USER_COLUMN_NAME)
		return set_text(request, "name", value);
	if (column == USER_COLUMN_PASSWORD)
		return set_text(request, "password", value);
	must(column >= 0 && column < N_OPTS);
	if (ctl_user_column_is_list(column))
		return each_piece(request, column, value);
	if (ctl_user_opts[column].takes_value)
		return ctl_user_option(request, NULL, column, value);
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		int yes = truth(value);
		if (column != switches[i].yes && column != switches[i].no)
			continue;
		if (yes < 0)
			return "this column takes yes or no";
		return ctl_user_option(request, NULL,
		    yes == (column == switches[i].yes) ? switches[i].yes : switches[i].no, NULL);
	}
	return "that is no column of accounts";
}
