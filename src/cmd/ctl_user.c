/* rrasctl user: accounts. The password travels only to the daemon, which has the vault seal it. */
#include "base/secret.h"
#include "cmd/ctl.h"
#include "cmd/ctl_password.h"

#include <stdlib.h>
#include <string.h>

enum {
	OPT_PASSWORD_FILE,
	OPT_PASSWORD,
	OPT_NO_PASSWORD,
	OPT_REVERSIBLE,
	OPT_NO_REVERSIBLE,
	OPT_DISABLED,
	OPT_ENABLED,
	OPT_EXPIRES,
	OPT_DIALIN,
	OPT_GROUP,
	OPT_NO_GROUPS,
	OPT_ADDRESS,
	OPT_CALLER_ID,
	N_OPTS
};

static const struct ctl_opt opts[N_OPTS] = {
	[OPT_PASSWORD_FILE] = { "--password-file", true },
	[OPT_PASSWORD] = { "--password", false },
	[OPT_NO_PASSWORD] = { "--no-password", false },
	[OPT_REVERSIBLE] = { "--reversible", false },
	[OPT_NO_REVERSIBLE] = { "--no-reversible", false },
	[OPT_DISABLED] = { "--disabled", false },
	[OPT_ENABLED] = { "--enabled", false },
	[OPT_EXPIRES] = { "--expires", true },
	[OPT_DIALIN] = { "--dialin", true },
	[OPT_GROUP] = { "--group", true },
	[OPT_NO_GROUPS] = { "--no-groups", false },
	[OPT_ADDRESS] = { "--address", true },
	[OPT_CALLER_ID] = { "--caller-id", true },
};

struct wanted {
	const char *name, *password_file;
	bool ask_password, no_password;
};

static void
set_text(json_t *o, const char *key, const char *value)
{
	json_object_set_new(o, key, json_string(value));
}

static void
add_group(json_t *request, const char *group)
{
	if (!json_object_get(request, "groups"))
		json_object_set_new(request, "groups", json_array());
	json_array_append_new(json_object_get(request, "groups"), json_string(group));
}

/* One option into the request. NULL, or what is wrong with it. */
static const char *
take_option(json_t *request, struct wanted *w, int o, const char *value)
{
	int64_t when = 0;

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
	case OPT_REVERSIBLE:
	case OPT_NO_REVERSIBLE:
		json_object_set_new(request, "reversible", json_boolean(o == OPT_REVERSIBLE));
		return NULL;
	case OPT_DISABLED:
	case OPT_ENABLED:
		json_object_set_new(request, "enabled", json_boolean(o == OPT_ENABLED));
		return NULL;
	case OPT_EXPIRES:
		if (strcmp(value, "never") != 0 && !ctl_date_parse(value, &when))
			return "--expires takes YYYY-MM-DD, YYYY-MM-DD HH:MM or never";
		json_object_set_new(request, "expires", json_integer(when));
		return NULL;
	case OPT_DIALIN:
		if (strcmp(value, "allow") != 0 && strcmp(value, "deny") != 0 &&
		    strcmp(value, "policy") != 0)
			return "--dialin takes allow, deny or policy";
		set_text(request, "dialin", value);
		return NULL;
	case OPT_GROUP:
		add_group(request, value);
		return NULL;
	case OPT_NO_GROUPS:
		json_object_set_new(request, "groups", json_array());
		return NULL;
	case OPT_ADDRESS:
		set_text(request, "address", strcmp(value, "none") == 0 ? "" : value);
		return NULL;
	case OPT_CALLER_ID:
		set_text(request, "caller_id", value);
		return NULL;
	default:
		return "that is no option of this command";
	}
}

/* Name and options. CTL_OK or CTL_USAGE after printing. */
static int
take_arguments(struct ctl *c, struct ctl_args *a, json_t *request, struct wanted *w)
{
	int o;

	while ((o = ctl_arg(a, opts, N_OPTS)) != CTL_ARG_END) {
		if (o == CTL_ARG_OPERAND && !w->name) {
			w->name = a->value;
			continue;
		}
		const char *wrong =
		    o < 0 ? "that is not understood" : take_option(request, w, o, a->value);
		if (wrong)
			return ctl_usage(c, "\"%s\": %s", a->value, wrong);
	}
	if (!w->name)
		return ctl_usage(c, "which user?");
	set_text(request, "name", w->name);
	return CTL_OK;
}

/* Puts the password into the request when one is wanted. */
static int
take_password(struct ctl *c, bool adding, const struct wanted *w, json_t *request)
{
	struct secret password = { 0 };
	char err[300];
	bool ok;

	if (w->no_password || (!adding && !w->password_file && !w->ask_password))
		return CTL_OK;
	ok = w->password_file ? ctl_password_read(w->password_file, &password, err, sizeof(err))
	                      : ctl_password_prompt(w->name, &password, err, sizeof(err));
	if (!ok)
		return ctl_fail(c, CTL_FAILED, err, "give it with --password-file FILE");
	struct view v = secret_view(&password);
	json_t *text = json_stringn((const char *)v.p, v.n);
	secret_wipe(&password);
	if (!text)
		return ctl_fail(c, CTL_FAILED, "the password is not UTF-8 text", "");
	json_object_set_new(request, "password", text);
	return CTL_OK;
}

static void
print_user(const json_t *u)
{
	static const char *const none[] = { "", "" };
	struct ctl_table *t = ctl_table_new(2, none);
	char expires[32], created[32], changed[32], groups[512] = "";
	size_t i, n = 0;
	json_t *g;

	json_array_foreach(json_object_get(u, "groups"), i, g)
	{
		n += (size_t)snprintf(
		    groups + n, sizeof(groups) - n, "%s%s", i ? ", " : "", json_string_value(g));
		if (n >= sizeof(groups))
			break;
	}
	const char *const rows[][2] = { { "Name", ctl_str(u, "name") },
		{ "Enabled", ctl_bool(u, "enabled") ? "yes" : "no" },
		{ "Expires", ctl_int(u, "expires")
				 ? ctl_time_text(ctl_int(u, "expires") * 1000000, expires)
				 : "never" },
		{ "Dial-in", ctl_str(u, "dialin") }, { "Groups", groups },
		{ "Password", !ctl_bool(u, "password")    ? "not set: nobody can log in"
			      : ctl_bool(u, "reversible") ? "set, reversible copy kept (for CHAP)"
							  : "set" },
		{ "Address", ctl_str(u, "address")[0] ? ctl_str(u, "address") : "from the pool" },
		{ "Caller id", ctl_str(u, "caller_id") },
		{ "Created", ctl_time_text(ctl_int(u, "created") * 1000000, created) },
		{ "Changed", ctl_time_text(ctl_int(u, "changed") * 1000000, changed) } };
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ctl_table_row(t, rows[i]);
	ctl_table_print_rows(t, stdout);
	ctl_table_free(t);
}

static void
print_users(const json_t *rows)
{
	static const char *const titles[] = { "NAME", "ENABLED", "EXPIRES", "DIAL-IN", "PASSWORD",
		"GROUPS" };
	struct ctl_table *t = ctl_table_new(6, titles);
	json_t *u, *g;
	size_t i, k;

	json_array_foreach(rows, i, u)
	{
		char expires[32], groups[300] = "";
		size_t n = 0;
		json_array_foreach(json_object_get(u, "groups"), k, g)
		{
			n += (size_t)snprintf(groups + n, sizeof(groups) - n, "%s%s", k ? ", " : "",
			    json_string_value(g));
			if (n >= sizeof(groups))
				break;
		}
		const char *const cells[] = { ctl_str(u, "name"),
			ctl_bool(u, "enabled") ? "yes" : "no",
			ctl_int(u, "expires")
			    ? ctl_time_text(ctl_int(u, "expires") * 1000000, expires)
			    : "never",
			ctl_str(u, "dialin"),
			!ctl_bool(u, "password")    ? "none"
			: ctl_bool(u, "reversible") ? "reversible"
						    : "set",
			groups };
		ctl_table_row(t, cells);
	}
	if (json_array_size(rows))
		ctl_table_print(t, stdout);
	else
		puts("There are no accounts. Make one: rrasctl user add NAME");
	ctl_table_free(t);
}

static int
add_or_set(struct ctl *c, struct ctl_args *a, bool adding)
{
	json_t *request = json_pack("{s:s}", "cmd", adding ? "user add" : "user set"), *answer;
	struct wanted w = { 0 };
	int status = take_arguments(c, a, request, &w);

	if (status == CTL_OK)
		status = take_password(c, adding, &w, request);
	if (status != CTL_OK) {
		json_decref(request);
		return status;
	}
	answer = ctl_ask(c, request, &status);
	if (!answer)
		return status;
	if (c->json) {
		ctl_print_json(answer);
	} else {
		printf("%s %s.\n", adding ? "Added" : "Changed", w.name);
		if (adding && w.no_password)
			puts("It has no password yet: rrasctl user set NAME --password");
	}
	json_decref(answer);
	return CTL_OK;
}

static int
del_or_show(struct ctl *c, struct ctl_args *a, bool deleting)
{
	json_t *answer;
	int status;

	if (ctl_arg(a, NULL, 0) != CTL_ARG_OPERAND)
		return ctl_usage(c, "which user?");
	const char *name = a->value;
	if (ctl_arg(a, NULL, 0) != CTL_ARG_END)
		return ctl_usage(c, "one user at a time");
	answer = ctl_ask(c,
	    json_pack("{s:s, s:s}", "cmd", deleting ? "user del" : "user show", "name", name),
	    &status);
	if (!answer)
		return status;
	if (c->json) {
		ctl_print_json(answer);
	} else if (!deleting) {
		print_user(json_object_get(answer, "user"));
	} else {
		printf("Deleted %s.\n", name);
		if (ctl_int(answer, "sessions_still_up"))
			printf("%lld of its sessions are still up: rrasctl disconnect --user %s\n",
			    (long long)ctl_int(answer, "sessions_still_up"), name);
	}
	json_decref(answer);
	return CTL_OK;
}

static int
list(struct ctl *c, struct ctl_args *a)
{
	json_t *answer;
	int status;

	if (ctl_arg(a, NULL, 0) != CTL_ARG_END)
		return ctl_usage(c, "list takes no arguments");
	answer = ctl_ask(c, json_pack("{s:s}", "cmd", "user list"), &status);
	if (!answer)
		return status;
	if (c->json)
		ctl_print_json(answer);
	else
		print_users(json_object_get(answer, "rows"));
	json_decref(answer);
	return CTL_OK;
}

int
ctl_user(struct ctl *c, int argc, char **argv)
{
	struct ctl_args a = { argc, argv, 2 };
	const char *what = argc > 1 ? argv[1] : "";

	ctl_wipe_json();
	if (strcmp(what, "add") == 0 || strcmp(what, "set") == 0)
		return add_or_set(c, &a, what[0] == 'a');
	if (strcmp(what, "del") == 0 || strcmp(what, "show") == 0)
		return del_or_show(c, &a, what[0] == 'd');
	if (strcmp(what, "list") == 0)
		return list(c, &a);
	return ctl_usage(c, "add, set, del, show or list?");
}
