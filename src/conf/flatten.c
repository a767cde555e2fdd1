/*
 * The configuration with its includes resolved, as one text: what monitor gives to each role. It
 * parses to the same configuration; comments and layout are gone.
 */
#include "conf/put.h"
#include "conf/report.h"
#include "conf/tree.h"

#include <stdio.h>
#include <stdlib.h>

void
conf_put(struct conf_out *o, const void *bytes, size_t n)
{
	if (o->failed)
		return;
	if (o->cap - o->n <= n) {
		size_t cap = (o->cap + n) * 2 + 256;
		char *p = realloc(o->p, cap);
		if (!p) {
			o->failed = true;
			return;
		}
		o->p = p;
		o->cap = cap;
	}
	if (n)
		memcpy(o->p + o->n, bytes, n);
	o->n += n;
	o->p[o->n] = 0;
}

char *
conf_out_text(struct conf_out *o)
{
	if (!o->failed)
		return o->p;
	free(o->p);
	o->p = NULL;
	return NULL;
}

void
conf_put_word(struct conf_out *o, struct view v)
{
	conf_put(o, "\"", 1);
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '\t') {
			conf_put(o, "\\t", 2);
			continue;
		}
		if (v.p[i] == '"' || v.p[i] == '\\')
			conf_put(o, "\\", 1);
		conf_put(o, v.p + i, 1);
	}
	conf_put(o, "\"", 1);
}

static void
put_setting(struct conf_out *o, const struct conf_stmt *s, unsigned int depth)
{
	for (unsigned int i = 0; i < depth; i++)
		conf_put(o, "\t", 1);
	conf_put_word(o, s->key);
	for (const struct conf_word *w = s->words; w; w = w->next) {
		conf_put(o, " ", 1);
		conf_put_word(o, w->text);
	}
	if (s->block) {
		conf_put(o, " {\n", 3);
		for (const struct conf_stmt *inner = s->inner; inner; inner = inner->next)
			put_setting(o, inner, depth + 1);
		for (unsigned int i = 0; i < depth; i++)
			conf_put(o, "\t", 1);
		conf_put(o, "}", 1);
	}
	conf_put(o, "\n", 1);
}

char *
conf_policy_text(const struct conf_tree *t)
{
	static const char *const kept[] = { "policy", "pool", "authentication", "dns", "nbns" };
	struct conf_out o = { 0 };

	conf_put(&o, "", 0);
	for (const struct conf_stmt *s = t->first; s; s = s->next)
		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (view_eq(s->key, view_str(kept[i])))
				put_setting(&o, s, 0);
	return conf_out_text(&o);
}

char *
conf_flatten_source(const struct conf_source *src)
{
	struct conf_errors *errors = calloc(1, sizeof(*errors));
	struct conf_out o = { .failed = !errors };
	struct conf_tree tree;

	if (!errors)
		return NULL;
	conf_tree_read_source(&tree, src, errors);
	if (conf_error_count(errors))
		o.failed = true;
	conf_put(&o, "", 0);
	for (const struct conf_stmt *s = tree.first; s; s = s->next)
		put_setting(&o, s, 0);
	conf_tree_fini(&tree);
	free(errors);
	return conf_out_text(&o);
}

char *
conf_flatten(const char *name, struct view text, conf_read_fn read_fn, void *read_ctx)
{
	struct conf_source src = {
		.name = name, .text = text, .read_fn = read_fn, .read_ctx = read_ctx
	};

	return conf_flatten_source(&src);
}
