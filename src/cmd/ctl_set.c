/*
 * rrasctl set and ports set: a setting is written to overrides.conf, checked before, and loaded by
 * the daemon at once. The file is written here, not by the daemon: who may not write the state
 * directory may not change the configuration, and no role can (decision 13).
 */
#include "cmd/ctl_config.h"

#include "base/text.h"
#include "conf/override.h"
#include "conf/value.h"
#include "os/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct change {
	struct conf_override what;
	char name[CONF_OVERRIDE_NAME_MAX];
	struct view words[CONF_OVERRIDE_WORDS_MAX];
	unsigned int n_words; /* 0: the setting is taken away */
};

/* Types whose values are several words; those of the other lists may hold blanks. */
static bool
is_words(enum conf_type t)
{
	return conf_type_is_list(t) && t != CONF_PATTERNS && t != CONF_POOL_NAMES;
}

static bool
add_words(struct change *ch, const char *arg)
{
	if (!is_words(ch->what.key->type)) {
		if (ch->n_words == CONF_OVERRIDE_WORDS_MAX)
			return false;
		ch->words[ch->n_words++] = view_str(arg);
		return true;
	}
	for (const char *p = arg + strspn(arg, " \t,"); *p; p += strspn(p, " \t,")) {
		size_t n = strcspn(p, " \t,");
		if (ch->n_words == CONF_OVERRIDE_WORDS_MAX)
			return false;
		ch->words[ch->n_words++] = view_of(p, n);
		p += n;
	}
	return true;
}

/* These say where the overrides are, or where the daemon is asked: only the file can. */
static bool
is_fixed(const struct conf_key *k)
{
	return k->block == BLOCK_SERVER &&
	       (strcmp(k->name, "state-directory") == 0 || strcmp(k->name, "run-directory") == 0);
}

static bool
begin(const struct ctl *c, struct change *ch, const char *key, int *status)
{
	char err[400];

	*status = CTL_USAGE;
	if (!conf_override_name(key, &ch->what, err, sizeof(err))) {
		*status = ctl_fail(c, CTL_USAGE, err, "rrasctl config keys lists the settings");
		return false;
	}
	conf_override_text(&ch->what, ch->name, sizeof(ch->name));
	if (is_fixed(ch->what.key)) {
		*status = ctl_fail(c, CTL_USAGE, "this setting can stand in the file only",
		    "write it into the configuration file and restart rrasd");
		return false;
	}
	return true;
}

static int
cannot_write(const struct ctl *c, const char *path, int rc)
{
	char text[CONF_PATH_MAX + 200];

	snprintf(text, sizeof(text), "cannot write %s: %s", path, strerror(-rc));
	return ctl_fail(c, CTL_FAILED, text,
	    rc == -EACCES || rc == -EPERM ? "run rrasctl as root"
	    : rc == -ENOENT               ? "start rrasd once: it makes its state directory"
					  : "see that the disk has room and is writable");
}

/* Puts the overrides back as they were. */
static void
put_back(const struct conf_loaded *old)
{
	if (old->over_text)
		(void)!file_write(old->over_path, view_str(old->over_text), 0644);
	else
		(void)unlink(old->over_path);
}

static int
report(const struct ctl *c, const struct change *ch, const char *value, json_t *answer)
{
	char text[600];
	json_t *o;

	if (c->json) {
		o = json_pack("{s:b, s:s, s:s?, s:b, s:I, s:o}", "ok", 1, "key", ch->name, "value",
		    value, "running", answer != NULL, "generation",
		    (json_int_t)ctl_int(answer, "generation"), "lines",
		    answer ? json_incref(json_object_get(answer, "lines")) : json_array());
		ctl_print_json(o);
		json_decref(o);
		return CTL_OK;
	}
	text_escape(view_str(value ? value : ""), text, sizeof(text));
	if (value)
		printf("%s is %s now", ch->name, text);
	else
		printf("%s is what the file says again", ch->name);
	if (answer)
		printf(" (generation %lld).\n", (long long)ctl_int(answer, "generation"));
	else
		printf("; rrasd does not run, it counts from its start on.\n");
	const json_t *lines = json_object_get(answer, "lines");
	for (size_t i = 0; i + 1 < json_array_size(lines); i++)
		printf("  %s\n", text_escape(view_str(json_string_value(json_array_get(lines, i))),
				     text, sizeof(text)));
	return CTL_OK;
}

/* Writes, reloads, and takes it back when the daemon does not take it. */
static int
apply(const struct ctl *c, const struct change *ch, const struct conf_loaded *old, const char *text)
{
	char value[1024];
	struct wr w = wr_over(value, sizeof(value) - 1);
	json_t *answer = NULL;
	int rc = file_write(old->over_path, view_str(text), 0644), status;

	if (rc < 0)
		return cannot_write(c, old->over_path, rc);
	status = ctl_reload_now(c, &answer);
	if (status != CTL_OK && (status != CTL_UNREACHABLE || answer)) {
		put_back(old);
		return status;
	}
	for (unsigned int i = 0; i < ch->n_words; i++)
		wr_fmt(
		    &w, "%s%.*s", i ? " " : "", (int)ch->words[i].n, (const char *)ch->words[i].p);
	value[wr_len(&w) < sizeof(value) ? wr_len(&w) : sizeof(value) - 1] = 0;
	status = report(c, ch, ch->n_words ? value : NULL, answer);
	json_decref(answer);
	return status;
}

/* Whether it parses, and is about something that is there. */
static bool
is_good(const struct ctl *c, const struct change *ch, const char *text, int *status)
{
	struct conf_load want = { .path = c->conf, .may_miss = true, .overrides = text };
	struct conf_loaded *l = calloc(1, sizeof(*l));
	char near[CONF_OVERRIDE_NAME_MAX + 100];
	bool good = false, there = true;

	*status = CTL_FAILED;
	if (!l)
		return false;
	bool loaded = conf_load(&want, l);
	for (unsigned int i = 0; loaded && ch->n_words && i < l->errors.n; i++)
		if (strcmp(l->errors.e[i].file, l->over_path) == 0 && ch->what.label.n &&
		    strstr(l->errors.e[i].text, "any more"))
			there = false;
	if (!loaded) {
		*status = ctl_conf_complain(c, l);
	} else if (!there) {
		snprintf(near, sizeof(near), "the configuration has no such block: %s", ch->name);
		*status = ctl_fail(c, CTL_FAILED, near,
		    "\"rrasctl config diff\" shows overrides whose block has gone");
	} else {
		good = true;
	}
	conf_loaded_fini(l);
	free(l);
	return good;
}

static int
change(const struct ctl *c, const struct change *ch)
{
	struct conf_load want = { .path = c->conf, .may_miss = true };
	struct conf_loaded *old = calloc(1, sizeof(*old));
	char err[400], *text = NULL;
	bool was = false;
	int lock = -1, status = CTL_FAILED;

	if (!old)
		return ctl_fail(c, CTL_FAILED, "out of memory", "");
	/* What is damaged by the overrides themselves may still be mended here. */
	if (!conf_load(&want, old) && !old->over_text) {
		status = ctl_conf_complain(c, old);
		goto out;
	}
	char folder[sizeof(old->over_path)];
	snprintf(folder, sizeof(folder), "%.*s",
	    (int)(strrchr(old->over_path, '/') - old->over_path), old->over_path);
	lock = file_lock_folder(folder);
	if (lock < 0) {
		status = cannot_write(c, old->over_path, lock);
		goto out;
	}
	conf_loaded_fini(old); /* somebody may have changed it while we waited */
	(void)!conf_load(&want, old);
	text = conf_override_edit(view_str(old->over_text ? old->over_text : ""), &ch->what,
	    ch->words, ch->n_words, &was, err, sizeof(err));
	if (!text)
		status = ctl_fail(c, CTL_FAILED, err, "mend it by hand, or remove the file");
	else if (!ch->n_words && !was)
		status = ctl_fail(c, CTL_NOT_FOUND, "this setting is not overridden",
		    "\"rrasctl config diff\" shows those that are");
	else if (is_good(c, ch, text, &status))
		status = apply(c, ch, old, text);
out:
	if (lock >= 0)
		close(lock);
	conf_loaded_fini(old);
	free(old);
	free(text);
	return status;
}

int
ctl_set(struct ctl *c, int argc, char **argv)
{
	struct change ch = { .n_words = 0 };
	bool unset = argc > 1 && strcmp(argv[1], "--unset") == 0;
	int first = unset ? 2 : 1, status;

	if (argc <= first || (unset ? argc != 3 : argc < 3))
		return ctl_usage(c, unset ? "--unset takes one setting" : "KEY VALUE?");
	if (!begin(c, &ch, argv[first], &status))
		return status;
	for (int i = first + 1; i < argc; i++)
		if (!add_words(&ch, argv[i]))
			return ctl_usage(c, "more than %u words", CONF_OVERRIDE_WORDS_MAX);
	if (!unset && ch.n_words == 0)
		return ctl_usage(c, "a value is missing; --unset takes a setting away");
	return change(c, &ch);
}

int
ctl_ports_set(struct ctl *c, int argc, char **argv)
{
	static const char *const others[] = { "pptp", "l2tp", "ikev2" };
	struct change ch = { .n_words = 0 };
	int64_t n;
	int status;

	if (argc != 3)
		return ctl_usage(c, "set TUNNEL N?");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(argv[1], others[i]) == 0)
			return ctl_fail(c, CTL_FAILED,
			    "this type of tunnel is not offered by this version",
			    "rrasctl ports lists the types");
	if (strcmp(argv[1], "sstp") != 0)
		return ctl_usage(c, "\"%s\" is no type of tunnel", argv[1]);
	if (!ctl_number_parse(argv[2], &n))
		return ctl_usage(c, "\"%s\" is no number", argv[2]);
	if (!begin(c, &ch, "sstp.ports", &status) || !add_words(&ch, argv[2]))
		return status;
	return change(c, &ch);
}
