/* rrasctl config, and reading the configuration for the other subcommands. */
#include "cmd/ctl_config.h"

#include "os/conffile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Parses the file. NULL with errors, or with err when it cannot be read. */
static struct conf *
parse(const char *path, struct conf_errors *errors, char *err, size_t cap)
{
	char why[300] = "";
	char *text = conffile_read(NULL, path, why, sizeof(why));
	struct conf *c = NULL;

	if (!text) {
		snprintf(err, cap, "%s: %s", path, why);
		return NULL;
	}
	c = conf_parse(path, view_str(text), conffile_read, NULL, errors);
	free(text);
	return c;
}

struct conf *
ctl_conf_load(const struct ctl *c, const char *path, bool may_miss, int *status)
{
	struct conf_errors errors = { 0 };
	char err[512] = "";
	struct conf *conf;

	*status = CTL_FAILED;
	if (may_miss && access(path, F_OK) != 0 && errno == ENOENT)
		return conf_defaults();
	conf = parse(path, &errors, err, sizeof(err));
	if (conf)
		return conf;
	if (errors.n == 0) {
		*status = ctl_fail(c, CTL_FAILED, err, "see --config in rrasctl(8)");
	} else if (c->json) {
		json_t *o = json_pack("{s:b, s:s, s:o}", "ok", 0, "error",
		    "the configuration has errors", "errors", errors_array(&errors));
		ctl_print_json(o);
		json_decref(o);
	} else {
		print_errors(&errors);
	}
	return NULL;
}

static int
check(struct ctl *c, const char *path)
{
	struct conf_errors errors = { 0 };
	char err[512] = "";
	struct conf *conf = parse(path, &errors, err, sizeof(err));
	bool ok = conf != NULL;

	if (!ok && errors.n == 0)
		return ctl_fail(c, CTL_FAILED, err, "");
	if (c->json) {
		json_t *o = json_pack(
		    "{s:b, s:s, s:o}", "ok", ok, "file", path, "errors", errors_array(&errors));
		ctl_print_json(o);
		json_decref(o);
	} else {
		print_errors(&errors);
		if (ok)
			printf("%s is in order: %u pool%s, %u polic%s%s.\n", path, conf->n_pools,
			    conf->n_pools == 1 ? "" : "s", conf->n_policies,
			    conf->n_policies == 1 ? "y" : "ies",
			    errors.n_warnings ? ", see the warnings" : "");
	}
	conf_free(conf);
	return ok ? CTL_OK : CTL_FAILED;
}

int
ctl_config(struct ctl *c, int argc, char **argv)
{
	if (argc < 2 || argc > 3 || strcmp(argv[1], "check") != 0)
		return ctl_usage(c, "check [FILE]?");
	return check(c, argc == 3 ? argv[2] : c->conf);
}
