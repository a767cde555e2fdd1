/*
 * rrasctl diagnose: why an attempt failed and what to do. Without arguments it explains the latest
 * failure; with an id, a user or an error number that attempt; with a problem class it runs the
 * class's checks. It works where no daemon runs, and on clients (R1, R2).
 *
 * Exit status: 0 explained or healthy, 3 a check found a problem, 4 nothing found.
 */
#include "cmd/ctl_explain.h"
#include "cmd/ctl_probe.h"
#include "cmd/ctl_reach.h"
#include "diag/problems.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct diagnose {
	struct ctl *c;
	struct ctl_context x;
	struct explain_want want;
	const char *operand, *explain, *probe, *reach, *ca_file, *catalogue_dir;
	const char *number; /* as typed */
	bool list, trail;
};

static void
print_section(const char *title, const char *text)
{
	if (!*text)
		return;
	printf("\n%s\n", title);
	diag_wrap("  ", text, ctl_width(), ctl_put_line, NULL);
}

/* --- an attempt --- */

/* Explains r. o: with --json, what was said before it; taken over. */
static int
explain_record(struct diagnose *d, struct attempt_record *r, json_t *o)
{
	struct diag_report report;
	bool good = diag_explain(r, &d->x.ctx, &report);

	if (!good) {
		(void)ctl_fail(d->c, CTL_FAILED, "out of memory", "");
	} else if (d->c->json) {
		json_t *one = explain_json(&report, r, d->trail);
		if (o)
			json_object_update_missing(one, o);
		ctl_print_json(one);
		json_decref(one);
	} else {
		diag_render(&report, ctl_width(), ctl_put_line, NULL);
		if (d->trail)
			explain_print_trail(r);
	}
	diag_report_fini(&report);
	json_decref(o);
	return good ? CTL_OK : CTL_FAILED;
}

/* --- checks --- */

/* Runs those that the class wants (NULL: all); prints what is not well. How many failed. */
static unsigned int
run_checks(struct diagnose *d, const struct cat_entry *problem, bool also_good, json_t *out)
{
	struct diag_checks *checks = calloc(1, sizeof(*checks));
	unsigned int n_failed = 0;

	if (!checks)
		return 0;
	diag_run_checks(&d->x.ctx, checks);
	for (unsigned int i = 0; i < checks->n; i++) {
		const struct diag_check *k = &checks->c[i];
		if (problem && !problem_wants_check(d->x.catalogue, problem, k->id))
			continue;
		n_failed += k->result == CHECK_FAIL;
		json_array_append_new(out, ctl_check_json(k));
		if (!d->c->json &&
		    (also_good || k->result == CHECK_WARN || k->result == CHECK_FAIL))
			diag_render_check(k, ctl_width(), ctl_put_line, NULL);
	}
	free(checks);
	return n_failed;
}

/* No failure to explain: says so, and looks whether the next one is waiting. */
static int
nothing_found(struct diagnose *d, const char *why, json_t *o)
{
	json_t *checks = json_array();
	unsigned int n_failed;
	bool asked = d->want.id || d->want.user || d->want.number;

	if (!d->c->json)
		printf("%s\n", why);
	if (asked || d->want.client) {
		if (d->c->json) {
			o = o ? o : json_object();
			json_object_set_new(o, "ok", json_boolean(o && d->want.number));
			json_object_set_new(o, "error_message", json_string(why));
			ctl_print_json(o);
		}
		json_decref(o);
		json_decref(checks);
		return CTL_NOT_FOUND;
	}
	if (!d->c->json)
		puts("\nThe checks of this host:\n");
	n_failed = run_checks(d, NULL, true, checks);
	if (d->c->json) {
		json_t *all = json_pack("{s:b, s:s, s:o}", "ok", n_failed == 0, "attempt", "",
		    "checks", json_incref(checks));
		ctl_print_json(all);
		json_decref(all);
	} else {
		puts(n_failed ? "\nSomething is wrong: see the lines that say fail."
			      : "\nNothing is wrong that could be seen from here.");
	}
	json_decref(o);
	json_decref(checks);
	return n_failed ? CTL_FAILED : CTL_OK;
}

static int
attempt(struct diagnose *d)
{
	struct attempt_record *r = NULL;
	char err[600] = "";
	json_t *o = NULL;
	unsigned int n_meanings = 0;
	enum explain_found found = explain_find(d->c, &d->x, &d->want, &r, err, sizeof(err));
	int status;

	/* a machine with nothing but rasdial's history is a client */
	if (found == EXPLAIN_NOWHERE && !d->want.client && !d->want.id && d->x.conf_is_default) {
		char other[600];
		struct explain_want client = d->want;
		client.client = true;
		if (explain_find(d->c, &d->x, &client, &r, other, sizeof(other)) == EXPLAIN_FOUND) {
			found = EXPLAIN_FOUND;
			d->want.client = d->x.ctx.client = true;
		}
	}
	if (d->want.number && (d->c->json || found != EXPLAIN_FOUND)) {
		o = d->c->json ? json_object() : NULL;
		n_meanings = explain_number(d->c, d->x.catalogue, d->want.number, o);
	} else if (d->want.number) {
		puts("The latest attempt that ended so:\n");
	}
	switch (found) {
	case EXPLAIN_FOUND:
		status = explain_record(d, r, o);
		explain_record_free(r);
		if (d->want.number && !d->c->json) {
			putchar('\n');
			(void)explain_number(d->c, d->x.catalogue, d->want.number, NULL);
		}
		return status;
	case EXPLAIN_MANY:
		json_decref(o);
		return ctl_fail(d->c, CTL_NOT_FOUND, "more than one attempt's id begins so",
		    "give more of its digits");
	case EXPLAIN_NONE:
		status = nothing_found(d,
		    d->want.id       ? "There is no attempt with this id."
		    : d->want.number ? "\nNo attempt that ended so is recorded."
		    : d->want.user   ? "No failed attempt of this user is recorded."
				     : "No failed attempt is recorded.",
		    o);
		return n_meanings ? CTL_OK : status;
	case EXPLAIN_NOWHERE:
		break;
	}
	status = nothing_found(d, err, o);
	return n_meanings ? CTL_OK : status;
}

/* --- a class of problems --- */

static void
print_causes(struct diagnose *d, const struct cat_entry *problem)
{
	const struct cat_entry *e;
	char lead[64], number[16];
	bool first = true;

	for (size_t i = 0; (e = catalogue_at(d->x.catalogue, i)); i++) {
		if (e->kind != CAT_CAUSE || !problem_has(problem, e))
			continue;
		const struct cause_info *info = cause_info(cause_by_name(view_str(e->name)));
		if (first)
			puts("\nCauses that belong here (rrasctl diagnose --explain CAUSE)");
		first = false;
		snprintf(lead, sizeof(lead), "  %-10s %-34s ",
		    info->ras_error ? diag_number_text(info->ras_error, number) : "", e->name);
		diag_wrap(lead, cat_text(e, CAT_TITLE), ctl_width(), ctl_put_line, NULL);
	}
}

static int
problem(struct diagnose *d, const struct cat_entry *p)
{
	struct attempt_record *r = NULL;
	json_t *checks = json_array(), *o;
	unsigned int n_failed = 0;
	char err[600], id[ATTEMPT_ID_TEXT] = "";

	d->want.problem = p;
	if (explain_find(d->c, &d->x, &d->want, &r, err, sizeof(err)) == EXPLAIN_FOUND)
		attempt_id_text(&r->id, id);
	if (!d->c->json) {
		printf("%s\n", cat_text(p, CAT_TITLE));
		print_section("Users see", cat_text(p, CAT_USERS_SEE));
		print_section("What it means", cat_text(p, CAT_MEANS));
		print_section("Not in this version", cat_text(p, CAT_ABSENT));
		if (!d->want.client)
			puts("\nThe checks of this host");
	}
	if (!d->want.client)
		n_failed = run_checks(d, p, true, checks);
	if (d->c->json) {
		o = json_pack("{s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "ok", n_failed == 0,
		    "problem", p->name, "title", cat_text(p, CAT_TITLE), "means",
		    cat_text(p, CAT_MEANS), "on_server", cat_text(p, CAT_HERE), "on_client",
		    cat_text(p, CAT_THERE), "other_side", cat_text(p, CAT_OTHER), "latest_attempt",
		    id, "checks", json_incref(checks));
		ctl_print_json(o);
		json_decref(o);
	} else {
		print_section("On the server", cat_text(p, CAT_HERE));
		print_section("On the client", cat_text(p, CAT_THERE));
		print_section("What only the other side can show", cat_text(p, CAT_OTHER));
		print_causes(d, p);
		if (id[0])
			printf("\nThe latest attempt of this class: rrasctl diagnose %s\n  %s\n",
			    id,
			    cat_text(catalogue_find(d->x.catalogue, CAT_CAUSE,
					 view_str(cause_info(r->cause)->name)),
				CAT_TITLE));
	}
	explain_record_free(r);
	json_decref(checks);
	return n_failed ? CTL_FAILED : CTL_OK;
}

/* --- the way to a server, from here (R5, R13), or to a host behind it and back (R94) --- */

static int
probe(struct diagnose *d)
{
	struct diag_checks *checks = calloc(1, sizeof(*checks));
	json_t *all = json_array();
	unsigned int n_failed = 0;

	if (!checks) {
		json_decref(all);
		return ctl_fail(d->c, CTL_FAILED, "out of memory", "");
	}
	if (d->probe)
		ctl_probe(d->probe, d->ca_file, checks);
	else
		ctl_reach(d->reach, &d->x.ctx, checks);
	for (unsigned int i = 0; i < checks->n; i++) {
		/* an address that fails is no failure when another one answers */
		n_failed += checks->c[i].result == CHECK_FAIL &&
		            (i + 1 == checks->n ||
				!diag_check_is(checks->c[i].id, view_str("probe.connect")));
		json_array_append_new(all, ctl_check_json(&checks->c[i]));
		if (!d->c->json)
			diag_render_check(&checks->c[i], ctl_width(), ctl_put_line, NULL);
	}
	if (d->c->json) {
		json_t *o = json_pack("{s:b, s:s, s:o}", "ok", n_failed == 0, "probe",
		    d->probe ? d->probe : d->reach, "checks", json_incref(all));
		ctl_print_json(o);
		json_decref(o);
	}
	json_decref(all);
	free(checks);
	return n_failed ? CTL_FAILED : CTL_OK;
}

/* --- arguments --- */

static bool
is_id(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)s[i]))
			return false;
	return n >= 4 && n < ATTEMPT_ID_TEXT;
}

static int
take_arguments(struct diagnose *d, int argc, char **argv)
{
	static const struct ctl_opt opts[] = { { "--user", true }, { "--error", true },
		{ "--list", false }, { "--explain", true }, { "--client", false },
		{ "--trail", false }, { "--catalogue", true }, { "--probe", true },
		{ "--ca", true }, { "--reach", true } };
	struct ctl_args a = { argc, argv, 1 };
	int o;

	while ((o = ctl_arg(&a, opts, sizeof(opts) / sizeof(opts[0]))) != CTL_ARG_END) {
		if (o == CTL_ARG_OPERAND && !d->operand)
			d->operand = a.value;
		else if (o == 0)
			d->want.user = a.value;
		else if (o == 1)
			d->number = a.value;
		else if (o == 2)
			d->list = true;
		else if (o == 3)
			d->explain = a.value;
		else if (o == 4)
			d->want.client = true;
		else if (o == 5)
			d->trail = true;
		else if (o == 6)
			d->catalogue_dir = a.value;
		else if (o == 7)
			d->probe = a.value;
		else if (o == 8)
			d->ca_file = a.value;
		else if (o == 9)
			d->reach = a.value;
		else
			return ctl_usage(d->c, "what is \"%s\"?", a.value);
	}
	if (d->number &&
	    (!diag_number_parse(view_str(d->number), &d->want.number) || d->want.number == 0))
		return ctl_usage(
		    d->c, "\"%s\" is no error number, such as 691 or 0x800B0109", d->number);
	return CTL_OK;
}

/* What a bare word is: a class of problems, an attempt's id, a cause, an error number. */
static int
operand(struct diagnose *d)
{
	const struct cat_entry *p = problem_find(d->x.catalogue, view_str(d->operand));
	uint32_t number;

	if (p)
		return problem(d, p);
	if ((strlen(d->operand) == 3 || strncmp(d->operand, "0x", 2) == 0) &&
	    diag_number_parse(view_str(d->operand), &number))
		d->want.number = number;
	else if (is_id(d->operand))
		d->want.id = d->operand;
	else
		return explain_entry(d->c, d->x.catalogue, d->operand);
	return attempt(d);
}

int
ctl_diagnose(struct ctl *c, int argc, char **argv)
{
	struct diagnose *d = calloc(1, sizeof(*d));
	enum ctl_gather much;
	int status;

	if (!d)
		return ctl_fail(c, CTL_FAILED, "out of memory", "");
	d->c = c;
	status = take_arguments(d, argc, argv);
	much = d->list || d->explain || d->probe ? GATHER_TEXTS
	       : d->want.client                  ? GATHER_CLIENT
	                                         : GATHER_ALL;
	if (status != CTL_OK || !ctl_context_init(&d->x, c, much, d->catalogue_dir)) {
		free(d);
		return status != CTL_OK ? status : CTL_FAILED;
	}
	if (d->probe || d->reach)
		status = probe(d);
	else if (d->list)
		status = explain_list(c, d->x.catalogue);
	else if (d->explain)
		status = explain_entry(c, d->x.catalogue, d->explain);
	else if (d->operand)
		status = operand(d);
	else
		status = attempt(d);
	ctl_context_fini(&d->x);
	free(d);
	return status;
}
