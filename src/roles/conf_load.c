/* Loading the configuration with its overrides. See conf_load.h. */
#include "roles/conf_load.h"

#include "conf/override.h"
#include "os/conffile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
is_missing(const char *path)
{
	return access(path, F_OK) != 0 && errno == ENOENT;
}

struct conf_source
conf_loaded_source(const struct conf_load *want, const struct conf_loaded *l)
{
	return (struct conf_source){ .name = want->path,
		.text = view_str(l->file_text ? l->file_text : ""),
		.over_name = l->over_text ? l->over_path : NULL,
		.over = view_str(l->over_text ? l->over_text : ""),
		.read_fn = want->strict ? conffile_read_strict : conffile_read };
}

/* The overrides' text, if there are any. False: they cannot be read, out->err says why. */
static bool
take_overrides(const struct conf_load *want, struct conf_loaded *out)
{
	char why[200] = "";

	snprintf(out->over_path, sizeof(out->over_path), "%s/%s", out->conf->state_dir,
	    CONF_OVERRIDES_FILE);
	if (want->overrides)
		out->over_text = strdup(want->overrides);
	else if (is_missing(out->over_path))
		return true;
	else
		out->over_text = (want->strict ? conffile_read_strict : conffile_read)(
		    NULL, out->over_path, why, sizeof(why));
	if (!out->over_text)
		snprintf(out->err, sizeof(out->err), "%s: %s", out->over_path,
		    why[0] ? why : "out of memory");
	return out->over_text != NULL;
}

bool
conf_load(const struct conf_load *want, struct conf_loaded *out)
{
	char why[200] = "";

	*out = (struct conf_loaded){ .is_default = want->may_miss && is_missing(want->path) };
	out->file_text =
	    out->is_default ? strdup("") : conffile_read(NULL, want->path, why, sizeof(why));
	if (!out->file_text) {
		snprintf(out->err, sizeof(out->err), "cannot read %s: %s", want->path,
		    why[0] ? why : "out of memory");
		return false;
	}
	/* By itself first: it says where the overrides are, and has to be right without them. */
	struct conf_source src = conf_loaded_source(want, out);
	out->conf = conf_parse_source(&src, &out->errors);
	if (!out->conf)
		return false;
	bool ok = take_overrides(want, out);
	src = conf_loaded_source(want, out);
	if (ok && src.over_name) {
		conf_free(out->conf);
		out->conf = conf_parse_source(&src, &out->errors);
		ok = out->conf != NULL;
	}
	out->text = ok ? conf_flatten_source(&src) : NULL;
	if (ok && out->text)
		return true;
	if (ok)
		snprintf(out->err, sizeof(out->err), "out of memory");
	conf_free(out->conf);
	out->conf = NULL;
	return false;
}

void
conf_loaded_fini(struct conf_loaded *l)
{
	conf_free(l->conf);
	free(l->text);
	free(l->file_text);
	free(l->over_text);
	*l = (struct conf_loaded){ 0 };
}
