/* rrasctl log: what happened lately and, with --follow, what happens. */
#include "cmd/ctl.h"

#include "base/text.h"

#include <string.h>

static void
print_attempt(const json_t *row, const char *when)
{
	char user[600], peer[100], policy[300];
	const char *kind = ctl_str(row, "kind");
	int64_t error = ctl_int(row, "error");

	text_escape(view_str(ctl_str(row, "user")), user, sizeof(user));
	text_escape(view_str(ctl_str(row, "peer")), peer, sizeof(peer));
	text_escape(view_str(ctl_str(row, "policy")), policy, sizeof(policy));
	printf("%s  %-6s %s  %s from %s", when, kind, ctl_str(row, "attempt"),
	    ctl_str(row, "tunnel"), peer);
	if (user[0])
		printf(", user %s", user);
	if (strcmp(kind, "up") == 0)
		printf(", address %s%s%s", ctl_str(row, "address"), policy[0] ? ", policy " : "",
		    policy);
	if (strcmp(kind, "ended") == 0)
		printf(", at %s: %s", ctl_str(row, "stage"), ctl_str(row, "cause"));
	if (error)
		printf(" (error %lld)", (long long)error);
	putchar('\n');
}

static bool
on_row(void *ctx, const json_t *row)
{
	const struct ctl *c = ctx;
	char when[32], text[1200];

	ctl_time_text(ctl_int(row, "at_unix_us"), when);
	if (c->json) {
		json_dumpf(row, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
		putchar('\n');
	} else if (strcmp(ctl_str(row, "kind"), "event") == 0) {
		printf("%s  event  %s\n", when,
		    text_escape(view_str(ctl_str(row, "text")), text, sizeof(text)));
	} else {
		print_attempt(row, when);
	}
	return fflush(stdout) == 0; /* nobody reads any more: that is an end in order */
}

static bool
collect(void *ctx, const json_t *row)
{
	json_t *o = json_deep_copy(row);

	return o && json_array_append_new(ctx, o) == 0;
}

int
ctl_log(struct ctl *c, int argc, char **argv)
{
	static const struct ctl_opt opts[] = { { "--follow", false }, { "--user", true },
		{ "--cause", true }, { "--limit", true }, { "--events", false } };
	struct ctl_args a = { argc, argv, 1 };
	json_t *q = json_pack("{s:s}", "cmd", "log"), *rows;
	bool follow = false;
	int64_t limit;
	int o, status;

	while ((o = ctl_arg(&a, opts, 5)) != CTL_ARG_END) {
		if (o == 0 || o == 4) {
			json_object_set_new(q, o == 0 ? "follow" : "events", json_true());
			follow = follow || o == 0;
		} else if (o == 1 || o == 2) {
			json_object_set_new(q, o == 1 ? "user" : "cause", json_string(a.value));
		} else if (o == 3 && ctl_number_parse(a.value, &limit)) {
			json_object_set_new(q, "limit", json_integer((json_int_t)limit));
		} else {
			json_decref(q);
			return ctl_usage(c, "what is \"%s\"?", a.value);
		}
	}
	if (follow || !c->json)
		return ctl_ask_rows(c, q, follow, on_row, c);
	rows = json_array();
	status = ctl_ask_rows(c, q, false, collect, rows);
	if (status == CTL_OK) {
		json_t *all = json_pack("{s:b, s:O}", "ok", 1, "rows", rows);
		ctl_print_json(all);
		json_decref(all);
	}
	json_decref(rows);
	return status;
}
