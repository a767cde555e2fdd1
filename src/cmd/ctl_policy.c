/* rrasctl policy: the policies as written, and what they would decide about somebody. */
#include "base/wr.h"
#include "cmd/ctl.h"
#include "cmd/ctl_config.h"
#include "cmd/ctl_trace.h"

#include <stdlib.h>
#include <string.h>

/* "tunnel sstp, group staff vpn": what has to match. */
static void
conditions(const struct conf_policy *p, char *out, size_t cap)
{
	char prefix[ADDR_TEXT_MAX], mask[128];
	struct wr w = wr_over(out, cap - 1);
	const char *sep = "";

	if (p->n_users) {
		wr_str(&w, "user");
		for (unsigned int i = 0; i < p->n_users; i++)
			wr_fmt(&w, " %s", p->users[i]);
		sep = ", ";
	}
	if (p->n_groups) {
		wr_fmt(&w, "%sgroup", sep);
		for (unsigned int i = 0; i < p->n_groups; i++)
			wr_fmt(&w, " %s", p->groups[i]);
		sep = ", ";
	}
	if (p->n_clients) {
		wr_fmt(&w, "%sclient", sep);
		for (unsigned int i = 0; i < p->n_clients; i++)
			wr_fmt(
			    &w, " %s/%u", ip_text(&p->clients[i].addr, prefix), p->clients[i].len);
		sep = ", ";
	}
	if (p->tunnel_mask) {
		wr_fmt(&w, "%stunnel", sep);
		for (unsigned int t = TUNNEL_PPTP; t <= TUNNEL_IKEV2; t++)
			if (p->tunnel_mask & 1u << t)
				wr_fmt(&w, " %s", tunnel_name((enum tunnel_kind)t));
		sep = ", ";
	}
	if (p->method_condition)
		wr_fmt(&w, "%smethod %s", sep,
		    auth_mask_text(p->method_condition, mask, sizeof(mask)));
	out[wr_len(&w)] = 0;
	if (!out[0])
		snprintf(out, cap, "everybody");
	if (w.overflow)
		snprintf(out, cap, "(too long to show)");
}

static json_t *
policy_row(const struct conf_policy *p)
{
	char text[900], methods[128];

	conditions(p, text, sizeof(text));
	return json_pack("{s:i, s:s, s:b, s:s, s:s, s:s, s:b, s:s}", "order", (int)p->order, "name",
	    p->name, "enabled", p->enabled, "verdict", p->grant ? "grant" : "deny", "conditions",
	    text, "methods",
	    p->method_mask ? auth_mask_text(p->method_mask, methods, sizeof(methods))
			   : "as the server",
	    "ignore_dialin", p->ignore_dialin, "pool", p->profile.pools[0]);
}

static int
list(struct ctl *c)
{
	static const char *const titles[] = { "ORDER", "NAME", "STATE", "DOES", "IF", "ACCOUNT",
		"METHODS", "POOL" };
	int status;
	struct conf *conf = ctl_conf_load(c, c->conf, true, &status);
	json_t *rows, *row;
	size_t i;

	if (!conf)
		return status;
	rows = json_array();
	for (unsigned int k = 0; k < conf->n_policies; k++)
		json_array_append_new(rows, policy_row(&conf->policies[k]));
	conf_free(conf);
	if (c->json) {
		json_t *o = json_pack("{s:b, s:o}", "ok", 1, "rows", rows);
		ctl_print_json(o);
		json_decref(o);
		return CTL_OK;
	}
	struct ctl_table *t = ctl_table_new(8, titles);
	ctl_table_right(t, 0);
	json_array_foreach(rows, i, row)
	{
		char order[24];
		snprintf(order, sizeof(order), "%lld", (long long)ctl_int(row, "order"));
		const char *const cells[] = { order, ctl_str(row, "name"),
			ctl_bool(row, "enabled") ? "on" : "off", ctl_str(row, "verdict"),
			ctl_str(row, "conditions"),
			ctl_bool(row, "ignore_dialin") ? "ignored" : "may override",
			ctl_str(row, "methods"), ctl_str(row, "pool") };
		ctl_table_row(t, cells);
	}
	ctl_table_print(t, stdout);
	ctl_table_free(t);
	json_decref(rows);
	return CTL_OK;
}

static void
print_decision(const json_t *answer)
{
	const json_t *d = json_object_get(answer, "decision");

	printf("Decision: %s, by %s", ctl_str(d, "verdict"), ctl_str(d, "by"));
	if (ctl_str(d, "policy")[0])
		printf(", policy \"%s\"", ctl_str(d, "policy"));
	putchar('\n');
	if (ctl_str(d, "cause")[0])
		printf("Cause: %s (users see error %lld)\n", ctl_str(d, "cause"),
		    (long long)ctl_int(d, "ras_error"));
}

/* The trace behind an answer of the daemon, whose own decision is printed beside it. */
static int
show_trace(struct ctl *c, json_t *answer)
{
	const json_t *request = json_object_get(answer, "request");
	json_t *policies = request ? ctl_trace(answer) : NULL;

	if (!json_object_get(answer, "decision"))
		json_object_set(answer, "decision", (json_t *)(uintptr_t)request);
	json_object_del(answer, "policy_text");
	if (policies)
		json_object_set(answer, "policies", policies);
	if (c->json) {
		ctl_print_json(answer);
	} else {
		if (json_object_get(answer, "user_known") && !ctl_bool(answer, "user_known"))
			puts("There is no account of this name; the policies were asked all the "
			     "same.");
		ctl_trace_print_request(request);
		if (policies)
			ctl_trace_print(policies);
		else
			puts("The policies of that time are not kept any more: the trace cannot be "
			     "made again.\n\"rrasctl attempts ID\" shows what was noted then.");
		print_decision(answer);
	}
	json_decref(policies);
	json_decref(answer);
	return CTL_OK;
}

static int
explain_attempt(struct ctl *c, const char *id)
{
	int status = CTL_FAILED;
	json_t *answer = ctl_decision(c, json_pack("{s:s}", "id", id), &status);

	if (!answer)
		return status;
	if (json_object_get(answer, "request"))
		return show_trace(c, answer);
	json_decref(answer);
	return ctl_fail(c, CTL_NOT_FOUND, "no policy was asked for this attempt",
	    "rrasctl diagnose explains how it ended");
}

/* One option into the request; false when its value is no good. */
static bool
take_option(json_t *request, const char *key, const char *value)
{
	int64_t at;

	if (strcmp(key, "groups") == 0) {
		json_array_append_new(json_object_get(request, key), json_string(value));
		return true;
	}
	if (strcmp(key, "at") != 0) {
		json_object_set_new(request, key, json_string(value));
		return true;
	}
	if (!ctl_date_parse(value, &at))
		return false;
	json_object_set_new(request, key, json_integer(at));
	return true;
}

static int
explain(struct ctl *c, struct ctl_args *a)
{
	static const struct ctl_opt opts[] = { { "--user", true }, { "--tunnel", true },
		{ "--client", true }, { "--method", true }, { "--server", true }, { "--at", true },
		{ "--group", true } };
	static const char *const keys[] = { "user", "tunnel", "client", "method", "server", "at",
		"groups" };
	json_t *request = json_pack("{s:s, s:s, s:s, s:[]}", "cmd", "policy explain", "tunnel",
	    "sstp", "method", "mschapv2", "groups");
	json_t *answer;
	const char *id = NULL;
	bool good = true;
	int o, status;

	while (good && ((o = ctl_arg(a, opts, 7)) >= 0 || (o == CTL_ARG_OPERAND && !id))) {
		if (o == CTL_ARG_OPERAND)
			id = a->value;
		else
			good = take_option(request, keys[o], a->value);
	}
	if (!good || o != CTL_ARG_END || !(id || ctl_str(request, "user")[0])) {
		json_decref(request);
		return !good || o != CTL_ARG_END
		           ? ctl_usage(c, "what is \"%s\"?", a->value)
		           : ctl_usage(c, "--user or an attempt's id is missing");
	}
	if (id) {
		json_decref(request);
		return explain_attempt(c, id);
	}
	answer = ctl_ask(c, request, &status);
	return answer ? show_trace(c, answer) : status;
}

int
ctl_policy(struct ctl *c, int argc, char **argv)
{
	struct ctl_args a = { argc, argv, 2 };

	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return list(c);
	if (argc > 1 && strcmp(argv[1], "explain") == 0)
		return explain(c, &a);
	return ctl_usage(c, "list or explain?");
}
