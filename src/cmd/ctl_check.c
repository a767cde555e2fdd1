/*
 * rrasctl check: finds what will go wrong before a user does. Gathers, lets diag/ judge, prints.
 * Each check has an id "topic.what"; its texts can be extended by data files (R3).
 */
#include "cmd/ctl_context.h"

#include <stdlib.h>
#include <string.h>

/* Whether one of the wanted ids and topics selects it; no wish takes all. */
static bool
wanted(const char *id, char **topics, unsigned int n_topics)
{
	for (unsigned int i = 0; i < n_topics; i++)
		if (diag_check_is(id, view_str(topics[i])))
			return true;
	return n_topics == 0;
}

static bool
is_known(const struct catalogue *cat, const char *topic)
{
	const struct cat_entry *e;

	for (size_t i = 0; (e = catalogue_at(cat, i)); i++)
		if (e->kind == CAT_CHECK && diag_check_is(e->name, view_str(topic)))
			return true;
	return false;
}

static int
list(const struct ctl *c, const struct catalogue *cat)
{
	static const char *const titles[] = { "CHECK", "WHAT IT LOOKS AT" };
	struct ctl_table *t = ctl_table_new(2, titles);
	json_t *all = json_array();
	const struct cat_entry *e;

	for (size_t i = 0; (e = catalogue_at(cat, i)); i++) {
		if (e->kind != CAT_CHECK)
			continue;
		ctl_table_row(t, (const char *const[]){ e->name, cat_text(e, CAT_TITLE) });
		json_array_append_new(
		    all, json_pack("{s:s, s:s, s:s}", "id", e->name, "title",
			     cat_text(e, CAT_TITLE), "meaning", cat_text(e, CAT_MEANS)));
	}
	if (c->json)
		ctl_print_json(all);
	else
		ctl_table_print(t, stdout);
	json_decref(all);
	ctl_table_free(t);
	return CTL_OK;
}

static int
run(struct ctl *c, const struct ctl_context *x, char **topics, unsigned int n_topics)
{
	struct diag_checks *checks = calloc(1, sizeof(*checks));
	unsigned int count[CHECK_SKIP + 1] = { 0 };
	json_t *all = json_array();

	if (!checks || !all) {
		free(checks);
		return ctl_fail(c, CTL_FAILED, "out of memory", "");
	}
	diag_run_checks(&x->ctx, checks);
	for (unsigned int i = 0; i < checks->n; i++) {
		const struct diag_check *k = &checks->c[i];
		if (!wanted(k->id, topics, n_topics))
			continue;
		count[k->result]++;
		json_array_append_new(all, ctl_check_json(k));
		if (!c->json)
			diag_render_check(k, ctl_width(), ctl_put_line, NULL);
	}
	free(checks);
	if (c->json) {
		json_t *o = json_pack("{s:b, s:s, s:b, s:I, s:o}", "ok", count[CHECK_FAIL] == 0,
		    "config", c->conf, "config_is_default", x->conf_is_default, "at_unix_us",
		    (json_int_t)x->ctx.now_unix_us, "checks", json_incref(all));
		ctl_print_json(o);
		json_decref(o);
	} else {
		printf("\n%u ok, %u to look at, %u failed, %u skipped.%s\n", count[CHECK_OK],
		    count[CHECK_WARN], count[CHECK_FAIL], count[CHECK_SKIP],
		    x->conf_is_default
			? " There is no configuration file: the defaults were checked."
			: "");
	}
	json_decref(all);
	return count[CHECK_FAIL] ? CTL_FAILED : CTL_OK;
}

int
ctl_check(struct ctl *c, int argc, char **argv)
{
	static const struct ctl_opt opts[] = { { "--config", true }, { "--list", false },
		{ "--catalogue", true } };
	struct ctl_args a = { argc, argv, 1 };
	const char *catalogue_dir = NULL;
	char *topics[32];
	unsigned int n_topics = 0;
	struct ctl_context x;
	bool only_list = false;
	int o, status;

	while ((o = ctl_arg(&a, opts, 3)) != CTL_ARG_END) {
		if (o == 0)
			c->conf = a.value;
		else if (o == 1)
			only_list = true;
		else if (o == 2)
			catalogue_dir = a.value;
		else if (o == CTL_ARG_OPERAND && n_topics < 32)
			topics[n_topics++] = argv[a.next - 1];
		else
			return ctl_usage(c, "what is \"%s\"?", a.value);
	}
	if (!ctl_context_init(&x, c, only_list ? GATHER_TEXTS : GATHER_ALL, catalogue_dir))
		return CTL_FAILED;
	for (unsigned int i = 0; i < n_topics; i++)
		if (!is_known(x.catalogue, topics[i])) {
			status = ctl_usage(
			    c, "there is no check or topic \"%s\"; --list names them", topics[i]);
			ctl_context_fini(&x);
			return status;
		}
	status = only_list ? list(c, x.catalogue) : run(c, &x, topics, n_topics);
	ctl_context_fini(&x);
	return status;
}
