/* Reports and entries of the catalogue, printed and as JSON. See ctl_explain.h. */
#include "cmd/ctl_explain.h"

#include "diag/explain.h"
#include "diag/problems.h"

#include <stdlib.h>
#include <string.h>

static json_t *
texts(const char *const *items, unsigned int n)
{
	json_t *a = json_array();

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(a, json_string(items[i]));
	return a;
}

/* A section that has items, as an array. */
static json_t *
split(const char *text)
{
	json_t *a = json_array();

	while (*text) {
		size_t n = strcspn(text, "\n");
		if (n)
			json_array_append_new(a, json_stringn(text, n));
		text += n + (text[n] == '\n');
	}
	return a;
}

static json_t *
quotes_json(const struct diag_report *r)
{
	json_t *a = json_array();

	for (unsigned int i = 0; i < r->n_quotes; i++)
		json_array_append_new(
		    a, json_pack("{s:I, s:s, s:s, s:s}", "at_ms", (json_int_t)r->quotes[i].at_ms,
			   "witness", r->quotes[i].witness, "fact", r->quotes[i].name, "text",
			   r->quotes[i].text));
	return a;
}

static json_t *
findings_json(const struct diag_report *r)
{
	json_t *a = json_array();

	for (unsigned int i = 0; i < r->n_findings; i++)
		json_array_append_new(
		    a, json_pack("{s:s, s:s, s:s, s:s}", "id", r->findings[i].id, "level",
			   check_result_name(r->findings[i].level), "text", r->findings[i].text,
			   "remedy", r->findings[i].remedy));
	return a;
}

static json_t *
trail_json(const struct attempt_record *r)
{
	json_t *a = json_array();
	struct view rest = r->facts;
	struct fact f;
	char text[2048];

	while (explain_next_fact(&rest, &f, NULL))
		json_array_append_new(
		    a, json_pack("{s:I, s:s, s:s, s:s}", "at_ms", (json_int_t)f.at_ms, "witness",
			   witness_name(f.witness), "fact", fact_info(f.id)->name, "text",
			   fact_text(&f, text, sizeof(text))));
	return a;
}

json_t *
explain_json(const struct diag_report *r, const struct attempt_record *record, bool facts)
{
	json_t *o = json_pack("{s:b, s:s, s:b, s:b, s:I, s:I, s:s, s:s, s:s, s:s, s:I, s:s, s:s}",
	    "ok", 1, "attempt", r->id, "failed", r->failed, "live", r->live, "began_unix_us",
	    (json_int_t)r->began_unix_us, "duration_ms", (json_int_t)r->duration_ms, "cause",
	    r->cause, "title", r->title, "blame", r->blame, "class", r->class_, "error",
	    (json_int_t)r->number, "error_text", r->number_text, "error_symbol", r->number_symbol);
	const struct {
		const char *key, *value;
	} more[] = { { "users_see", r->users_see }, { "note", r->note }, { "means", r->means },
		{ "nps_text", r->nps_text }, { "peer_was_told", r->wire }, { "user", r->user },
		{ "account", r->account }, { "peer", r->peer }, { "local", r->local },
		{ "tunnel", r->tunnel }, { "method", r->method }, { "policy", r->policy },
		{ "stage", r->stage }, { "ended_by", r->ended_by }, { "address", r->address },
		{ "correlation", r->correlation }, { "problems", r->problems } };

	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		json_object_set_new(o, more[i].key, json_string(more[i].value));
	json_object_set_new(o, "nps_reason", json_integer(r->nps_reason));
	json_object_set_new(o, "evidence", texts(r->saw, r->n_saw));
	json_object_set_new(o, "facts", quotes_json(r));
	json_object_set_new(o, "findings", findings_json(r));
	json_object_set_new(o, "fix_on_server", texts(r->here, r->n_here));
	json_object_set_new(o, "fix_on_client", texts(r->there, r->n_there));
	if (facts)
		json_object_set_new(o, "trail", trail_json(record));
	return o;
}

void
explain_print_trail(const struct attempt_record *r)
{
	struct view rest = r->facts;
	struct fact f;
	char text[2048], lead[64];

	puts("\nThe whole trail");
	while (explain_next_fact(&rest, &f, NULL)) {
		snprintf(lead, sizeof(lead), "  %4llu.%03llu  %-7s ",
		    (unsigned long long)(f.at_ms / 1000), (unsigned long long)(f.at_ms % 1000),
		    witness_name(f.witness));
		diag_wrap(lead, fact_text(&f, text, sizeof(text)), ctl_width(), ctl_put_line, NULL);
	}
}

/* --- the index --- */

static json_t *
entry_json(const struct catalogue *cat, const struct cat_entry *e)
{
	static const char *const kinds[] = { "cause", "check", "problem" };
	json_t *o = json_pack("{s:s, s:s, s:s}", "kind", kinds[e->kind], "name", e->name, "title",
	    cat_text(e, CAT_TITLE));
	const struct cause_info *info = cause_info(cause_by_name(view_str(e->name)));
	char number[16];

	(void)cat;
	if (e->kind == CAT_CAUSE && info->cause != CAUSE_NONE) {
		json_object_set_new(o, "error", json_integer(info->ras_error));
		json_object_set_new(
		    o, "error_text", json_string(diag_number_text(info->ras_error, number)));
		json_object_set_new(o, "nps_reason", json_integer(info->nps_reason));
		json_object_set_new(o, "blame", json_string(blame_name(info->blame)));
		json_object_set_new(o, "class", json_string(cause_class_name(info->class_)));
	}
	for (int s = CAT_USERS_SEE; s < N_CAT_SECTION; s++)
		if (*cat_text(e, (enum cat_section)s))
			json_object_set_new(o, cat_section_name((enum cat_section)s),
			    split(cat_text(e, (enum cat_section)s)));
	return o;
}

static void
list_json(const struct catalogue *cat)
{
	json_t *problems = json_array(), *causes = json_array(), *checks = json_array(), *o;
	const struct cat_entry *e;

	for (size_t i = 0; (e = problem_at(cat, i)); i++)
		json_array_append_new(problems, entry_json(cat, e));
	for (size_t i = 0; (e = catalogue_at(cat, i)); i++)
		if (e->kind != CAT_PROBLEM)
			json_array_append_new(
			    e->kind == CAT_CAUSE ? causes : checks, entry_json(cat, e));
	o = json_pack("{s:b, s:o, s:o, s:o}", "ok", 1, "problems", problems, "causes", causes,
	    "checks", checks);
	ctl_print_json(o);
	json_decref(o);
}

int
explain_list(const struct ctl *c, const struct catalogue *cat)
{
	static const char *const problem_titles[] = { "PROBLEM", "WHAT IT IS" };
	static const char *const cause_titles[] = { "ERROR", "CAUSE", "WHAT IT IS" };
	struct ctl_table *problems = ctl_table_new(2, problem_titles);
	struct ctl_table *causes = ctl_table_new(3, cause_titles);
	const struct cat_entry *e;
	char number[16];

	if (c->json) {
		list_json(cat);
	} else {
		for (size_t i = 0; (e = problem_at(cat, i)); i++)
			ctl_table_row(
			    problems, (const char *const[]){ e->name, cat_text(e, CAT_TITLE) });
		for (size_t i = 0; cause_at(i); i++) {
			const struct cause_info *info = cause_at(i);
			e = catalogue_find(cat, CAT_CAUSE, view_str(info->name));
			ctl_table_row(causes,
			    (const char *const[]){
				info->ras_error ? diag_number_text(info->ras_error, number) : "",
				info->name, cat_text(e, CAT_TITLE) });
		}
		ctl_table_print(problems, stdout);
		putchar('\n');
		ctl_table_print(causes, stdout);
		puts("\nrrasctl diagnose PROBLEM looks for one; rrasctl diagnose --explain CAUSE "
		     "prints one.");
	}
	ctl_table_free(problems);
	ctl_table_free(causes);
	return CTL_OK;
}

/* Places stand for what an attempt would fill in: <field>. */
static char *
show_places(const char *text)
{
	char *out = strdup(text), *at = out;

	while (at && (at = strchr(at, '@'))) {
		char *end = strchr(at + 1, '@');
		char *blank = strchr(at, ' ');
		if (!end)
			break;
		if (!blank || blank > end) {
			*at = '<';
			*end = '>';
			at = end;
		}
		at++;
	}
	return out;
}

int
explain_entry(const struct ctl *c, const struct catalogue *cat, const char *name)
{
	const struct cat_entry *e = catalogue_find(cat, CAT_CAUSE, view_str(name));

	if (!e)
		e = catalogue_find(cat, CAT_CHECK, view_str(name));
	if (!e)
		e = problem_find(cat, view_str(name));
	if (!e)
		return ctl_fail(c, CTL_NOT_FOUND,
		    "there is no cause, check or problem of this name",
		    "rrasctl diagnose --list names them all");
	if (c->json) {
		json_t *o = entry_json(cat, e);
		ctl_print_json(o);
		json_decref(o);
		return CTL_OK;
	}
	printf("%s: %s\n", e->name, cat_text(e, CAT_TITLE));
	for (int s = CAT_USERS_SEE; s < N_CAT_SECTION; s++) {
		char *text = show_places(cat_text(e, (enum cat_section)s));
		if (text && *text) {
			printf("\n%s\n", cat_section_name((enum cat_section)s));
			diag_wrap("  ", text, ctl_width(), ctl_put_line, NULL);
		}
		free(text);
	}
	return CTL_OK;
}

unsigned int
explain_number(const struct ctl *c, const struct catalogue *cat, uint32_t number, json_t *o)
{
	char text[16], lead[48];
	const char *symbol = diag_number_symbol(number), *meaning = diag_number_meaning(number);
	json_t *causes = json_array();
	unsigned int n = 0;

	diag_number_text(number, text);
	if (!c->json)
		printf("Error %s%s%s%s%s\n", text, symbol ? " = " : "", symbol ? symbol : "",
		    meaning ? ": " : " is not one that this version knows", meaning ? meaning : "");
	for (size_t i = 0; cause_at(i); i++) {
		const struct cause_info *info = cause_at(i);
		if (!diag_cause_has_number(info, number))
			continue;
		const char *title =
		    cat_text(catalogue_find(cat, CAT_CAUSE, view_str(info->name)), CAT_TITLE);
		if (n++ == 0 && !c->json)
			puts("It can come from:");
		snprintf(lead, sizeof(lead), "  %-34s ", info->name);
		if (!c->json)
			diag_wrap(lead, title, ctl_width(), ctl_put_line, NULL);
		json_array_append_new(
		    causes, json_pack("{s:s, s:s}", "cause", info->name, "title", title));
	}
	if (n == 0 && meaning && !c->json)
		puts("Nothing in this version causes it: it belongs to another tunnel type, or to "
		     "a feature "
		     "that this version does not have.");
	if (o) {
		json_object_set_new(o, "error", json_integer(number));
		json_object_set_new(o, "error_text", json_string(text));
		json_object_set_new(o, "error_symbol", json_string(symbol ? symbol : ""));
		json_object_set_new(o, "meaning", json_string(meaning ? meaning : ""));
		json_object_set_new(o, "can_come_from", json_incref(causes));
	}
	json_decref(causes);
	return n + (meaning != NULL);
}
