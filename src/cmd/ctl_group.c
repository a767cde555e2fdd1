/* rrasctl group: groups of accounts. */
#include "cmd/ctl.h"

#include <string.h>

static int
tell(struct ctl *c, json_t *request, const char *done)
{
	int status;
	json_t *answer = ctl_ask(c, request, &status);

	if (!answer)
		return status;
	if (c->json)
		ctl_print_json(answer);
	else
		puts(done);
	json_decref(answer);
	return CTL_OK;
}

static int
list(struct ctl *c)
{
	static const char *const titles[] = { "GROUP", "MEMBERS" };
	json_t *answer, *row;
	struct ctl_table *t;
	int status;
	size_t i;

	answer = ctl_ask(c, json_pack("{s:s}", "cmd", "group list"), &status);
	if (!answer)
		return status;
	if (c->json) {
		ctl_print_json(answer);
	} else {
		t = ctl_table_new(2, titles);
		ctl_table_right(t, 1);
		json_array_foreach(json_object_get(answer, "rows"), i, row)
		{
			char n[24];
			snprintf(n, sizeof(n), "%lld", (long long)ctl_int(row, "members"));
			ctl_table_row(t, (const char *const[]){ ctl_str(row, "group"), n });
		}
		ctl_table_print(t, stdout);
		ctl_table_free(t);
	}
	json_decref(answer);
	return CTL_OK;
}

int
ctl_group(struct ctl *c, int argc, char **argv)
{
	static const struct ctl_opt opts[] = { { "--remove", false } };
	struct ctl_args a = { argc, argv, 2 };
	const char *what = argc > 1 ? argv[1] : "", *names[2] = { NULL, NULL };
	bool removing = false, member = strcmp(what, "member") == 0;
	int o, n = 0;

	while ((o = ctl_arg(&a, opts, 1)) != CTL_ARG_END) {
		if (o == CTL_ARG_OPERAND && n < 2)
			names[n++] = a.value;
		else if (o == 0 && member)
			removing = true;
		else
			return ctl_usage(c, "what is \"%s\"?", a.value);
	}
	if (strcmp(what, "list") == 0 && n == 0)
		return list(c);
	if (member && n == 2)
		return tell(c,
		    json_pack("{s:s, s:s, s:s, s:b}", "cmd", "group member", "group", names[0],
			"name", names[1], "add", !removing),
		    removing ? "Removed." : "Added.");
	if (strcmp(what, "add") == 0 && n == 1)
		return tell(
		    c, json_pack("{s:s, s:s}", "cmd", "group add", "group", names[0]), "Added.");
	if (strcmp(what, "del") == 0 && n == 1)
		return tell(
		    c, json_pack("{s:s, s:s}", "cmd", "group del", "group", names[0]), "Deleted.");
	return ctl_usage(c, "add GROUP, del GROUP, list, or member GROUP USER?");
}
