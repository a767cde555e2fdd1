/* rrasctl config, and reading the configuration for the other subcommands. */
#include "cmd/ctl_config.h"

#include "conf/override.h"
#include "conf/registry.h"
#include "os/file.h"

#include <stdlib.h>
#include <string.h>

#define REGISTRY_MAX (16u << 20)

static json_t *
errors_array(const struct conf_errors *e)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < e->n && i < CONF_ERRORS_MAX; i++)
		json_array_append_new(
		    all, json_pack("{s:s, s:i, s:i, s:b, s:s}", "file", e->e[i].file, "line",
			     (int)e->e[i].line, "column", (int)e->e[i].column, "warning",
			     e->e[i].warning, "text", e->e[i].text));
	return all;
}

static void
print_errors(const struct conf_errors *e)
{
	char text[CONF_PATH_MAX + 400];

	for (unsigned int i = 0; i < e->n && i < CONF_ERRORS_MAX; i++)
		fprintf(stderr, "%s\n", conf_error_text(&e->e[i], text, sizeof(text)));
	if (e->n_more)
		fprintf(stderr, "and %u more\n", e->n_more);
}

int
ctl_conf_complain(const struct ctl *c, const struct conf_loaded *l)
{
	if (l->errors.n == 0)
		return ctl_fail(c, CTL_FAILED, l->err, "see --config in rrasctl(8)");
	if (c->json) {
		json_t *o = json_pack("{s:b, s:s, s:o}", "ok", 0, "error",
		    "the configuration has errors", "errors", errors_array(&l->errors));
		ctl_print_json(o);
		json_decref(o);
	} else {
		print_errors(&l->errors);
	}
	return CTL_FAILED;
}

struct conf *
ctl_conf_load(const struct ctl *c, const char *path, bool may_miss, int *status)
{
	struct conf_load want = { .path = path, .may_miss = may_miss };
	struct conf_loaded *l = calloc(1, sizeof(*l));
	struct conf *conf = NULL;

	*status = CTL_FAILED;
	if (!l)
		return NULL;
	if (conf_load(&want, l)) {
		conf = l->conf;
		l->conf = NULL;
	} else {
		*status = ctl_conf_complain(c, l);
	}
	conf_loaded_fini(l);
	free(l);
	return conf;
}

static int
report_check(const struct ctl *c, const char *path, const struct conf_loaded *l)
{
	const struct conf *conf = l->conf;

	if (!conf && l->errors.n == 0)
		return ctl_fail(c, CTL_FAILED, l->err, "");
	if (c->json) {
		json_t *o = json_pack("{s:b, s:s, s:o}", "ok", conf != NULL, "file", path, "errors",
		    errors_array(&l->errors));
		ctl_print_json(o);
		json_decref(o);
	} else {
		print_errors(&l->errors);
		if (conf)
			printf("%s is in order%s: %u pool%s, %u polic%s%s.\n", path,
			    l->over_text ? ", overrides included" : "", conf->n_pools,
			    conf->n_pools == 1 ? "" : "s", conf->n_policies,
			    conf->n_policies == 1 ? "y" : "ies",
			    l->errors.n_warnings ? ", see the warnings" : "");
	}
	return conf ? CTL_OK : CTL_FAILED;
}

static int
check(struct ctl *c, const char *path)
{
	struct conf_load want = { .path = path };
	struct conf_loaded *l = calloc(1, sizeof(*l));
	int status;

	if (!l)
		return ctl_fail(c, CTL_FAILED, "out of memory", "");
	(void)!conf_load(&want, l);
	status = report_check(c, path, l);
	conf_loaded_fini(l);
	free(l);
	return status;
}

/* --- config diff --- */

struct diff {
	struct ctl_table *table;
	json_t *rows;
};

static void
diff_row(void *ctx, const char *name, const char *value, const char *in_file, unsigned int line)
{
	struct diff *d = ctx;

	ctl_table_row(d->table,
	    (const char *const[]){ name, value, in_file ? in_file : "(no such block any more)" });
	json_array_append_new(d->rows, json_pack("{s:s, s:s, s:s?, s:i}", "key", name, "override",
					   value, "file", in_file, "line", (int)line));
}

static int
print_diff(const struct ctl *c, const struct conf_load *want, const struct conf_loaded *l)
{
	static const char *const titles[] = { "SETTING", "OVERRIDE", "THE FILE OR DEFAULT SAYS" };
	struct diff d = { ctl_table_new(3, titles), json_array() };
	struct conf_source src = conf_loaded_source(want, l);
	bool ok = !src.over_name || conf_override_each(&src, diff_row, &d);

	if (ok && c->json) {
		json_t *o = json_pack("{s:b, s:s, s:s, s:O}", "ok", 1, "file", want->path,
		    "overrides", l->over_path, "rows", d.rows);
		ctl_print_json(o);
		json_decref(o);
	} else if (ok && json_array_size(d.rows) == 0) {
		printf("No setting is overridden (%s).\n", l->over_path);
	} else if (ok) {
		ctl_table_print(d.table, stdout);
	}
	ctl_table_free(d.table);
	json_decref(d.rows);
	return ok ? CTL_OK : ctl_conf_complain(c, l);
}

static int
diff(struct ctl *c)
{
	struct conf_load want = { .path = c->conf, .may_miss = true };
	struct conf_loaded *l = calloc(1, sizeof(*l));
	int status;

	if (!l)
		return ctl_fail(c, CTL_FAILED, "out of memory", "");
	(void)!conf_load(&want, l);
	status =
	    l->file_text && l->over_path[0] ? print_diff(c, &want, l) : ctl_conf_complain(c, l);
	conf_loaded_fini(l);
	free(l);
	return status;
}

/* --- config keys: for completion, and for people --- */

static int
keys(const struct ctl *c)
{
	static const char *const titles[] = { "SETTING", "TAKES", "DEFAULT" };
	struct ctl_table *t = ctl_table_new(3, titles);
	json_t *rows = json_array();
	const struct conf_key *k;
	char takes[160], name[160];

	for (size_t i = 0; (k = conf_key_at(i)); i++) {
		const struct conf_block_info *b = conf_block_info(k->block);
		snprintf(name, sizeof(name), "%s%s%s%s", b->name, b->name[0] ? "." : "",
		    b->named ? "NAME." : "", k->name);
		conf_key_takes(k, takes, sizeof(takes));
		ctl_table_row(t, (const char *const[]){ name, takes, k->def });
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s}", "key", name, "takes",
						takes, "default", k->def, "help", k->help));
	}
	if (c->json)
		ctl_print_json(rows);
	else
		ctl_table_print(t, stdout);
	ctl_table_free(t);
	json_decref(rows);
	return CTL_OK;
}

/* --- config import: an exported registry of a Windows server (R30) --- */

static void
print_and_free(json_t *o)
{
	ctl_print_json(o);
	json_decref(o);
}

static int
import(struct ctl *c, const char *path)
{
	struct registry_found found;
	struct file_bytes b;
	int rc = file_read(path, REGISTRY_MAX, &b);
	bool good;

	if (rc < 0)
		return ctl_fail(c, CTL_FAILED, strerror(-rc), path);
	good = registry_read(file_view(&b), &found);
	file_bytes_free(&b);
	if (!good)
		return ctl_fail(c, CTL_FAILED, "this is no exported registry (.reg)", path);
	const char *value = !found.has_identity_encoding ? ""
	                    : found.identity_ansi        ? "ansi"
	                                                 : "unicode";
	if (c->json)
		print_and_free(json_pack("{s:b, s:s}", "ok", 1, "identity_encoding", value));
	else if (*value)
		printf("# IdentityEncodingFormat of EapHost\\Configuration\n"
		       "authentication {\n\tidentity-encoding %s\n}\n",
		    value);
	else
		puts("# nothing in this file has a setting here");
	return CTL_OK;
}

int
ctl_config(struct ctl *c, int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "import") == 0)
		return import(c, argv[2]);
	if (argc == 2 && strcmp(argv[1], "diff") == 0)
		return diff(c);
	if (argc == 2 && strcmp(argv[1], "keys") == 0)
		return keys(c);
	if (argc < 2 || argc > 3 || strcmp(argv[1], "check") != 0)
		return ctl_usage(c, "check [FILE], diff, keys or import FILE?");
	return check(c, argc == 3 ? argv[2] : c->conf);
}
