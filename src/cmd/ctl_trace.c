/* Making a decision's trace again. See ctl_trace.h. */
#include "cmd/ctl_trace.h"

#include "aaa/policy.h"
#include "base/hours.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

/* What a stored request points into. */
struct trace_input {
	struct conf *conf;
	struct policy_set *set;
	struct roster *roster;
	const struct account *account;
	struct policy_request request;
	int64_t unix_s;
};

static enum dialin
dialin_of(const char *s)
{
	return strcmp(s, "allow") == 0  ? DIALIN_ALLOW
	       : strcmp(s, "deny") == 0 ? DIALIN_DENY
	                                : DIALIN_BY_POLICY;
}

/* The account as it was: its groups are in normal form already. */
static const struct account *
make_account(struct roster *t, const json_t *request)
{
	static char groups[16384];
	struct wr w = wr_over(groups, sizeof(groups));
	const json_t *list = json_object_get(request, "groups");
	const char *name = ctl_str(request, "account");

	if (!name[0] && json_array_size(list) == 0)
		return NULL;
	for (size_t i = 0; i < json_array_size(list); i++)
		wr_fmt(&w, "%s%s", i ? "\n" : "", json_string_value(json_array_get(list, i)));
	struct msg_account m = { .account = 1,
		.name = view_str(name[0] ? name : "-"),
		.enabled = true,
		.dialin = (uint8_t)dialin_of(ctl_str(request, "dialin")),
		.caller_id = view_str(ctl_str(request, "caller_id")),
		.groups = wr_view_of(&w) };
	return roster_put(t, &m) ? roster_by_id(t, 1) : NULL;
}

static bool
make_input(struct trace_input *in, const json_t *answer)
{
	const json_t *request = json_object_get(answer, "request");
	const char *text = ctl_str(answer, "policy_text");
	const char *client = ctl_str(request, "client"), *server = ctl_str(request, "server");
	struct conf_errors *errors = calloc(1, sizeof(*errors));

	if (errors && text[0])
		in->conf = conf_parse("policies", view_str(text), NULL, NULL, errors);
	free(errors);
	in->set = in->conf ? policy_set_new(in->conf) : NULL;
	in->roster = roster_new(1);
	if (!in->set || !in->roster)
		return false;
	in->account = make_account(in->roster, request);
	in->unix_s = ctl_int(request, "at_unix_s");
	in->request.user = view_str(ctl_str(request, "user"));
	in->request.full = view_str(ctl_str(request, "full"));
	in->request.method = auth_method_by_name(view_str(ctl_str(request, "method")));
	in->request.tunnel = tunnel_by_name(view_str(ctl_str(request, "tunnel")));
	return (!client[0] || ip_parse(view_str(client), &in->request.client)) &&
	       (!server[0] || ip_parse(view_str(server), &in->request.server));
}

static json_t *
tests_json(const struct policy_test *t, unsigned int n)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(
		    list, json_pack("{s:s, s:b, s:s, s:s}", "condition", condition_name(t[i].kind),
			      "met", t[i].met, "wanted", t[i].wanted, "got", t[i].got));
	return list;
}

static bool
add_policy(void *ctx, const struct policy_report *r)
{
	json_t *o = json_pack("{s:s, s:I, s:b, s:s, s:b, s:b, s:b}", "name", r->name, "order",
	    (json_int_t)r->order, "enabled", r->enabled, "access", r->grant ? "grant" : "deny",
	    "ignore_dialin", r->ignore_dialin, "matches", r->matches, "decides", r->decides);

	json_object_set_new(o, "conditions", tests_json(r->conditions, r->n_conditions));
	json_object_set_new(o, "constraints", tests_json(r->constraints, r->n_constraints));
	json_array_append_new(ctx, o);
	return true;
}

json_t *
ctl_trace(const json_t *answer)
{
	struct trace_input in = { 0 };
	json_t *policies = NULL;

	hours_prepare();
	if (make_input(&in, answer)) {
		policies = json_array();
		policy_report_all(in.set, &in.request, in.account, in.unix_s, add_policy, policies);
	}
	policy_set_unref(in.set);
	roster_free(in.roster);
	conf_free(in.conf);
	return policies;
}

const char *
ctl_dialin_text(const char *dialin)
{
	switch (dialin_of(dialin)) {
	case DIALIN_ALLOW:
		return "allow";
	case DIALIN_DENY:
		return "deny";
	case DIALIN_BY_POLICY:
		break;
	}
	return "control through policy";
}

void
ctl_trace_print_request(const json_t *request)
{
	char at[32];
	const json_t *groups = json_object_get(request, "groups");

	printf("Asked:   %s, user %s from %s by %s and %s\n",
	    ctl_time_text(ctl_int(request, "at_unix_s") * 1000000, at), ctl_str(request, "full"),
	    ctl_str(request, "client")[0] ? ctl_str(request, "client") : "nowhere named",
	    ctl_str(request, "tunnel"), ctl_str(request, "method"));
	printf("Account: %s, dial-in permission: %s; groups:",
	    ctl_str(request, "account")[0] ? ctl_str(request, "account") : "there is none",
	    ctl_dialin_text(ctl_str(request, "dialin")));
	for (size_t i = 0; i < json_array_size(groups); i++)
		printf("%s %s", i ? "," : "", json_string_value(json_array_get(groups, i)));
	puts(json_array_size(groups) ? "" : " none");
}

static void
print_tests(struct ctl_table *t, const json_t *list, const char *kind)
{
	const json_t *x;
	size_t i;

	json_array_foreach(list, i, x)
	{
		char what[64];
		snprintf(what, sizeof(what), "%s%s", kind, ctl_str(x, "condition"));
		const char *const cells[] = { "", "", what, ctl_bool(x, "met") ? "yes" : "NO",
			ctl_str(x, "wanted"), ctl_str(x, "got") };
		ctl_table_row(t, cells);
	}
}

void
ctl_trace_print(const json_t *policies)
{
	static const char *const titles[] = { "ORDER", "POLICY", "CONDITION", "MET", "WANTED",
		"GOT" };
	struct ctl_table *t = ctl_table_new(6, titles);
	const json_t *p;
	size_t i;

	ctl_table_right(t, 0);
	json_array_foreach(policies, i, p)
	{
		char order[24];
		bool matches = ctl_bool(p, "matches"), decides = ctl_bool(p, "decides");
		const char *what = !ctl_bool(p, "enabled") ? "switched off"
		                   : decides               ? "decides"
		                   : matches ? "would match, but an earlier one decides"
		                             : "does not match";
		snprintf(order, sizeof(order), "%lld", (long long)ctl_int(p, "order"));
		const char *const cells[] = { order, ctl_str(p, "name"), what,
			matches ? "yes" : "NO", "", ctl_str(p, "access") };
		ctl_table_row(t, cells);
		print_tests(t, json_object_get(p, "conditions"), "  ");
		if (decides)
			print_tests(t, json_object_get(p, "constraints"), "  constraint ");
	}
	ctl_table_print(t, stdout);
	ctl_table_free(t);
}
