/* rrasctl user: accounts. The password travels only to the daemon, which has the vault seal it. */
#include "cmd/ctl_user.h"
#include "base/secret.h"
#include "cmd/ctl_password.h"

#include <stdlib.h>
#include <string.h>

/* Name and options. CTL_OK or CTL_USAGE after printing. */
static int
take_arguments(struct ctl *c, struct ctl_args *a, json_t *request, struct user_wanted *w)
{
	int o;

	while ((o = ctl_arg(a, ctl_user_opts, ctl_user_n_opts)) != CTL_ARG_END) {
		if (o == CTL_ARG_OPERAND && !w->name) {
			w->name = a->value;
			continue;
		}
		const char *wrong =
		    o < 0 ? "that is not understood" : ctl_user_option(request, w, o, a->value);
		if (wrong)
			return ctl_usage(c, "\"%s\": %s", a->value, wrong);
	}
	if (!w->name)
		return ctl_usage(c, "which user?");
	json_object_set_new(request, "name", json_string(w->name));
	return CTL_OK;
}

/* Puts the password into the request when one is wanted. */
static int
take_password(struct ctl *c, bool adding, const struct user_wanted *w, json_t *request)
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

static int
add_or_set(struct ctl *c, struct ctl_args *a, bool adding, bool password)
{
	json_t *request = json_pack("{s:s}", "cmd", adding ? "user add" : "user set"), *answer;
	struct user_wanted w = { .ask_password = password };
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
		ctl_user_print_one(json_object_get(answer, "user"));
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
		ctl_user_print_all(json_object_get(answer, "rows"));
	json_decref(answer);
	return CTL_OK;
}

/* unlock NAME, or unlock --network ADDRESS. */
static int
unlock(struct ctl *c, struct ctl_args *a)
{
	static const struct ctl_opt opts[] = { { "--network", true } };
	const char *name = NULL, *network = NULL;
	json_t *answer;
	int o, status;

	while ((o = ctl_arg(a, opts, 1)) != CTL_ARG_END) {
		if (o == CTL_ARG_OPERAND && !name)
			name = a->value;
		else if (o == 0)
			network = a->value;
		else
			return ctl_usage(c, "what is \"%s\"?", a->value);
	}
	if (!name == !network)
		return ctl_usage(c, "which user, or --network which client's address?");
	answer = ctl_ask(c,
	    json_pack("{s:s, s:s}", "cmd", "user unlock", name ? "name" : "network",
		name ? name : network),
	    &status);
	if (!answer)
		return status;
	if (c->json) {
		ctl_print_json(answer);
	} else {
		printf("Unlocked %s; %lld counts of failed log-ins were kept.\n",
		    name ? name : network, (long long)ctl_int(answer, "counts"));
		if (ctl_bool(answer, "locked"))
			printf("The account's own lock is set as well: rrasctl user set %s "
			       "--unlocked\n",
			    name);
	}
	json_decref(answer);
	return CTL_OK;
}

static int
lockouts(struct ctl *c, struct ctl_args *a)
{
	static const char *const titles[] = { "NAME", "NETWORK", "DENIALS", "LAST" };
	json_t *answer, *row;
	struct ctl_table *t;
	int status;
	size_t i;

	if (ctl_arg(a, NULL, 0) != CTL_ARG_END)
		return ctl_usage(c, "lockouts takes no arguments");
	answer = ctl_ask(c, json_pack("{s:s}", "cmd", "user lockouts"), &status);
	if (!answer)
		return status;
	if (c->json) {
		ctl_print_json(answer);
		json_decref(answer);
		return CTL_OK;
	}
	t = ctl_table_new(4, titles);
	json_array_foreach(json_object_get(answer, "rows"), i, row)
	{
		char n[24], last[32];
		const char *name = ctl_str(row, "name"), *network = ctl_str(row, "network");
		snprintf(n, sizeof(n), "%lld", (long long)ctl_int(row, "denials"));
		const char *const cells[] = { name[0] ? name : "(any)",
			network[0] ? network : "(any)", n,
			ctl_time_text(ctl_int(row, "last") * 1000000, last) };
		ctl_table_row(t, cells);
	}
	ctl_table_print(t, stdout);
	ctl_table_free(t);
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
		return add_or_set(c, &a, what[0] == 'a', false);
	if (strcmp(what, "passwd") == 0)
		return add_or_set(c, &a, false, true);
	if (strcmp(what, "import") == 0)
		return ctl_user_import(c, &a);
	if (strcmp(what, "del") == 0 || strcmp(what, "show") == 0)
		return del_or_show(c, &a, what[0] == 'd');
	if (strcmp(what, "list") == 0)
		return list(c, &a);
	if (strcmp(what, "unlock") == 0)
		return unlock(c, &a);
	if (strcmp(what, "lockouts") == 0)
		return lockouts(c, &a);
	return ctl_usage(c, "add, set, passwd, import, unlock, lockouts, del, show or list?");
}
