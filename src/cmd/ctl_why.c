/*
 * rrasctl why-accepted and why-rejected: which policy decided, whose permission counted, and what
 * would have to be changed for the other outcome (R44, R89 to R91).
 */
#include "attempt/cause.h"
#include "cmd/ctl_trace.h"

#include <stdlib.h>
#include <string.h>

#define MEANT_SHOWN 20u

static const json_t *
deciding(const json_t *policies)
{
	json_t *p;
	size_t i;

	json_array_foreach(policies, i, p) if (ctl_bool(p, "decides")) return p;
	return NULL;
}

static const json_t *
first_unmet(const json_t *tests)
{
	json_t *t;
	size_t i;

	json_array_foreach(tests, i, t) if (!ctl_bool(t, "met")) return t;
	return NULL;
}

/* R91: why one policy did not decide; "" when it did. */
static const char *
why_not(const json_t *p, const json_t *decider, char *out, size_t cap)
{
	const json_t *t = first_unmet(json_object_get(p, "conditions"));

	out[0] = 0;
	if (!ctl_bool(p, "enabled"))
		snprintf(out, cap, "it is switched off (enabled no)");
	else if (t)
		snprintf(out, cap, "its condition %s is not met: it wants %s, and there was %s",
		    ctl_str(t, "condition"), ctl_str(t, "wanted"), ctl_str(t, "got"));
	else if (p != decider && decider)
		snprintf(out, cap, "it matches, but policy \"%s\" stands before it (order %lld)",
		    ctl_str(decider, "name"), (long long)ctl_int(decider, "order"));
	return out;
}

static json_t *
not_deciding(const json_t *policies, const char *access)
{
	const json_t *decider = deciding(policies);
	json_t *list = json_array(), *p;
	char text[700];
	size_t i;

	json_array_foreach(policies, i, p)
	{
		if (strcmp(ctl_str(p, "access"), access) != 0 ||
		    !why_not(p, decider, text, sizeof(text))[0])
			continue;
		json_array_append_new(
		    list, json_pack("{s:s, s:I, s:s}", "policy", ctl_str(p, "name"), "order",
			      (json_int_t)ctl_int(p, "order"), "why", text));
	}
	return list;
}

static void
add_text(json_t *list, const char *text)
{
	json_array_append_new(list, json_string(text));
}

/* R89, R90: what makes an accepted attempt a refused one. */
static json_t *
remedies_accepted(const json_t *request, const json_t *decider)
{
	const char *account = ctl_str(request, "account"), *dialin = ctl_str(request, "dialin");
	json_t *list = json_array();
	char text[700];

	if (ctl_bool(decider, "ignore_dialin")) {
		snprintf(text, sizeof(text),
		    "Policy \"%s\" does not look at accounts' dial-in permission (ignore-dial-in): "
		    "set its access to deny, or a policy that denies before it.",
		    ctl_str(decider, "name"));
		add_text(list, text);
		return list;
	}
	snprintf(text, sizeof(text),
	    "To refuse this account whatever the policies say: rrasctl user set %s --dialin deny",
	    account);
	add_text(list, text);
	if (strcmp(dialin, "allow") == 0) {
		snprintf(text, sizeof(text),
		    "The account's own permission is allow, which counts before any policy's. To "
		    "let "
		    "policies refuse it: rrasctl user set %s --dialin policy",
		    account);
		add_text(list, text);
	}
	snprintf(text, sizeof(text),
	    "Then the first policy that matches has to deny: that is \"%s\" (access %s). Set its "
	    "access to deny, or put a policy that denies, and whose conditions match, before it.",
	    ctl_str(decider, "name"), ctl_str(decider, "access"));
	add_text(list, text);
	return list;
}

/* What makes a refused attempt an accepted one. */
static json_t *
remedies_rejected(const json_t *request, const json_t *decider)
{
	enum cause cause = cause_by_name(view_str(ctl_str(request, "cause")));
	const json_t *t = first_unmet(json_object_get(decider, "constraints"));
	const char *account = ctl_str(request, "account"), *name = ctl_str(decider, "name");
	json_t *list = json_array();
	char text[700];

	if (cause == CAUSE_POLICY_NONE)
		add_text(list,
		    "No policy's conditions are all met: without one nobody is admitted, whatever "
		    "the "
		    "account's permission. Change a condition named below, or add a policy.");
	else if (cause == CAUSE_DIALIN_DENIED) {
		snprintf(text, sizeof(text),
		    "The account's own dial-in permission is deny: rrasctl user set %s --dialin "
		    "policy "
		    "(or allow)",
		    account);
		add_text(list, text);
	} else if (cause == CAUSE_POLICY_DENIES) {
		snprintf(text, sizeof(text),
		    "Policy \"%s\" is the first that matches, and its access is deny: set it to "
		    "grant, "
		    "or put a policy that grants before it, or rrasctl user set %s --dialin allow",
		    name, account);
		add_text(list, text);
	} else if (cause == CAUSE_CALLER_ID) {
		snprintf(text, sizeof(text),
		    "The account may call from %s only: rrasctl user set %s --caller-id TEXT",
		    ctl_str(request, "caller_id"), account);
		add_text(list, text);
	} else if (decider && t) {
		snprintf(text, sizeof(text),
		    "Policy \"%s\" matches and demands %s: %s; there was %s. A demand that is not "
		    "met "
		    "refuses at once: change it, or make it a condition so that the next policy is "
		    "asked.",
		    name, ctl_str(t, "condition"), ctl_str(t, "wanted"), ctl_str(t, "got"));
		add_text(list, text);
	} else {
		snprintf(text, sizeof(text),
		    "The state of the account refused it, not a policy: rrasctl user show %s",
		    account);
		add_text(list, text);
	}
	return list;
}

static void
print_list(const json_t *list, const char *title)
{
	json_t *x;
	size_t i;

	if (json_array_size(list))
		puts(title);
	json_array_foreach(list, i, x)
	{
		if (i == MEANT_SHOWN) {
			printf(
			    "  and %zu more: rrasctl policy explain\n", json_array_size(list) - i);
			return;
		}
		if (json_is_string(x))
			printf("  %s\n", json_string_value(x));
		else
			printf("  \"%s\" (order %lld): %s\n", ctl_str(x, "policy"),
			    (long long)ctl_int(x, "order"), ctl_str(x, "why"));
	}
}

static void
print(const json_t *o, bool accepted)
{
	const json_t *request = json_object_get(o, "request"), *p = json_object_get(o, "decider");
	const struct cause_info *c = cause_info(cause_by_name(view_str(ctl_str(request, "cause"))));

	printf("Attempt: %s\n", ctl_str(json_object_get(o, "attempt"), "id"));
	ctl_trace_print_request(request);
	if (ctl_str(request, "policy")[0])
		printf("%s by policy \"%s\"", accepted ? "Accepted" : "Rejected",
		    ctl_str(request, "policy"));
	else
		printf("%s: no policy decided", accepted ? "Accepted" : "Rejected");
	printf(" (settled by: %s)\n", ctl_str(request, "by"));
	if (!accepted)
		printf("Cause:   %s, reason %u of NPS; users see error %lld\n",
		    ctl_str(request, "cause"), c->nps_reason,
		    (long long)ctl_int(json_object_get(o, "attempt"), "ras_error"));
	printf("Permission of the account: %s\n", ctl_dialin_text(ctl_str(request, "dialin")));
	if (p)
		printf("Permission of the policy:  %s%s\n", ctl_str(p, "access"),
		    ctl_bool(p, "ignore_dialin") ? ", and it ignores the account's" : "");
	if (ctl_str(o, "note")[0])
		printf("%s\n", ctl_str(o, "note"));
	print_list(json_object_get(o, "remedies"), "What would have to be changed:");
	print_list(json_object_get(o, "others"),
	    accepted ? "Policies that deny, and why they did not decide:"
		     : "Policies that grant, and why they did not decide:");
}

/* Adds what can be said to the answer of "decision". */
static void
explain(json_t *o, bool accepted)
{
	const json_t *request = json_object_get(o, "request");
	json_t *policies = ctl_trace(o);
	const json_t *p = deciding(policies);

	if (p)
		json_object_set(o, "decider", (json_t *)(uintptr_t)p);
	if (!policies)
		json_object_set_new(o, "note",
		    json_string(
			"The policies of that time are not kept any more, so that only what "
			"was noted then can be said."));
	if (policies && (p || !accepted)) {
		json_object_set_new(o, "remedies",
		    accepted ? remedies_accepted(request, p) : remedies_rejected(request, p));
		json_object_set_new(
		    o, "others", not_deciding(policies, accepted ? "deny" : "grant"));
	}
	json_object_del(o, "policy_text");
	json_decref(policies);
}

static int
why(struct ctl *c, int argc, char **argv, bool accepted)
{
	static const struct ctl_opt opts[] = { { "--user", true } };
	struct ctl_args a = { argc, argv, 1 };
	json_t *request = json_pack("{s:s}", "want", accepted ? "accepted" : "rejected"), *answer;
	int o, status = CTL_OK;

	while ((o = ctl_arg(&a, opts, 1)) >= 0 || o == CTL_ARG_OPERAND)
		json_object_set_new(request, o == 0 ? "user" : "id", json_string(a.value));
	if (o != CTL_ARG_END) {
		json_decref(request);
		return ctl_usage(c, "what is \"%s\"?", a.value);
	}
	answer = ctl_decision(c, request, &status);
	if (!answer)
		return status;
	const json_t *asked = json_object_get(answer, "request");
	bool granted = strcmp(ctl_str(asked, "verdict"), "grant") == 0;
	const char *cause = ctl_str(json_object_get(answer, "attempt"), "cause");
	char text[300];
	if (!asked) {
		snprintf(text, sizeof(text),
		    "no policy was asked for this attempt; it ended with %s",
		    cause[0] ? cause : "nothing yet");
		status = ctl_fail(c, CTL_NOT_FOUND, text, "rrasctl diagnose explains it");
	} else if (granted != accepted) {
		status = ctl_fail(c, CTL_NOT_FOUND,
		    granted ? "the policies accepted this attempt"
			    : "the policies rejected this attempt",
		    granted ? "see rrasctl why-accepted" : "see rrasctl why-rejected");
	} else {
		explain(answer, accepted);
		if (c->json)
			ctl_print_json(answer);
		else
			print(answer, accepted);
	}
	json_decref(answer);
	return status;
}

int
ctl_why_accepted(struct ctl *c, int argc, char **argv)
{
	return why(c, argc, argv, true);
}

int
ctl_why_rejected(struct ctl *c, int argc, char **argv)
{
	return why(c, argc, argv, false);
}
