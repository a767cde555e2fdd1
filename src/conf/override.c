/* Reading and editing the overrides of `rrasctl set`. See override.h. */
#include "conf/override.h"

#include "base/text.h"
#include "conf/put.h"
#include "conf/report.h"
#include "conf/tree.h"

#include <stdio.h>
#include <stdlib.h>

static const char head[] =
    "# Written by \"rrasctl set\"; read after the configuration file.\n"
    "# \"rrasctl config diff\" shows it, \"rrasctl set --unset KEY\" takes a setting away.\n";

/* Where the label ends and the key begins: keys have no dots, labels may. */
static bool
split(struct view text, struct view *block, struct view *label, struct view *key)
{
	const uint8_t *first = text.n ? memchr(text.p, '.', text.n) : NULL;
	size_t last = text.n;

	*block = *label = view_of(NULL, 0);
	*key = text;
	if (!first)
		return text.n > 0;
	while (text.p[last - 1] != '.')
		last--;
	*block = view_of(text.p, (size_t)(first - text.p));
	*key = view_of(text.p + last, text.n - last);
	if ((size_t)(first - text.p) + 1 < last)
		*label = view_of(first + 1, last - 2 - (size_t)(first - text.p));
	return key->n > 0;
}

static char *
key_text(const struct conf_key *k, char *out, size_t cap)
{
	const char *block = conf_block_info(k->block)->name;

	snprintf(out, cap, "%.30s%s%.60s", block, block[0] ? "." : "", k->name);
	return out;
}

/* " (did you mean ...?)": what was typed without its block, or the nearest spelling. */
static void
near_name(struct view text, char *out, size_t cap)
{
	const struct conf_key *k, *best = NULL;
	unsigned int least = 4;
	char name[96];

	out[0] = 0;
	for (size_t i = 0; (k = conf_key_at(i)); i++) {
		if (conf_block_info(k->block)->named)
			continue;
		unsigned int d =
		    view_eq(text, view_str(k->name))
			? 0
			: text_distance(text, view_str(key_text(k, name, sizeof(name))), least);
		if (d < least) {
			least = d;
			best = k;
		}
	}
	if (best)
		snprintf(out, cap, " (did you mean \"%s\"?)", key_text(best, name, sizeof(name)));
}

bool
conf_override_name(const char *text, struct conf_override *out, char *err, size_t cap)
{
	struct view block, label, key;
	char quoted[CONF_QUOTE_MAX], near[128];
	enum conf_block b = BLOCK_TOP;
	bool ok = split(view_str(text), &block, &label, &key);

	if (ok && block.n)
		ok = (b = conf_block_find(block)) != BLOCK_TOP;
	*out = (struct conf_override){ .key = ok ? conf_key_find(b, key) : NULL, .label = label };
	conf_quote(view_str(text), quoted);
	if (!out->key) {
		near_name(view_str(text), near, sizeof(near));
		snprintf(err, cap, "there is no setting %s%s", quoted, near);
		return false;
	}
	if (conf_block_info(b)->named != (label.n > 0)) {
		snprintf(err, cap,
		    conf_block_info(b)->named ? "%s lacks the name of the block: write %s.NAME.%s"
					      : "%s has a name too many: write %s.%s",
		    quoted, conf_block_info(b)->name, out->key->name);
		return false;
	}
	if (label.n >= POLICY_NAME_MAX) {
		snprintf(err, cap, "%s: the name is too long", quoted);
		return false;
	}
	return true;
}

char *
conf_override_text(const struct conf_override *o, char *out, size_t cap)
{
	const char *block = conf_block_info(o->key->block)->name;

	snprintf(out, cap, "%s%s%.*s%s%s", block, block[0] ? "." : "", (int)o->label.n,
	    (const char *)o->label.p, o->label.n ? "." : "", o->key->name);
	return out;
}

static void
put_str(struct conf_out *o, const char *s)
{
	conf_put(o, s, strlen(s));
}

/* One setting in a block of its own; at the top level without one. */
static void
put_one(struct conf_out *o, const char *block, struct view label, struct view key)
{
	if (block[0]) {
		put_str(o, block);
		if (label.n) {
			put_str(o, " ");
			conf_put_word(o, label);
		}
		put_str(o, " {\n\t");
	}
	conf_put(o, key.p, key.n);
}

static void
put_stmt(struct conf_out *o, const struct conf_stmt *block, const struct conf_stmt *s)
{
	char name[64] = "";

	if (block)
		snprintf(name, sizeof(name), "%.*s", (int)block->key.n, (const char *)block->key.p);
	put_one(o, name, block && block->words ? block->words->text : view_of(NULL, 0), s->key);
	for (const struct conf_word *w = s->words; w; w = w->next) {
		put_str(o, " ");
		conf_put_word(o, w->text);
	}
	put_str(o, block ? "\n}\n" : "\n");
}

static bool
is_it(const struct conf_override *o, const struct conf_stmt *block, const struct conf_stmt *s)
{
	struct view name = block ? block->key : view_of(NULL, 0);
	struct view label = block && block->words ? block->words->text : view_of(NULL, 0);

	return view_eq(name, view_str(conf_block_info(o->key->block)->name)) &&
	       view_eq(label, o->label) && view_eq(s->key, view_str(o->key->name));
}

char *
conf_override_edit(struct view text, const struct conf_override *o, const struct view *words,
    unsigned int n_words, bool *was, char *err, size_t cap)
{
	struct conf_errors *errors = calloc(1, sizeof(*errors));
	struct conf_out out = { .failed = !errors };
	struct conf_tree tree;

	*was = false;
	snprintf(err, cap, "out of memory");
	if (!errors)
		return NULL;
	conf_tree_read(&tree, CONF_OVERRIDES_FILE, text, NULL, NULL, errors);
	if (errors->n) {
		conf_error_text(&errors->e[0], err, cap);
		out.failed = true;
	}
	put_str(&out, head);
	for (const struct conf_stmt *s = tree.first; s; s = s->next) {
		const struct conf_stmt *block = s->block ? s : NULL;
		for (const struct conf_stmt *i = block ? s->inner : s; i;
		     i = block ? i->next : NULL) {
			if (is_it(o, block, i))
				*was = true;
			else
				put_stmt(&out, block, i);
		}
	}
	if (n_words)
		put_one(
		    &out, conf_block_info(o->key->block)->name, o->label, view_str(o->key->name));
	for (unsigned int i = 0; i < n_words; i++) {
		put_str(&out, " ");
		conf_put_word(&out, words[i]);
	}
	if (n_words)
		put_str(&out, o->key->block == BLOCK_TOP ? "\n" : "\n}\n");
	conf_tree_fini(&tree);
	free(errors);
	return conf_out_text(&out);
}

/* --- what they change --- */

static char *
words_text(const struct conf_stmt *list, struct view key, bool *any)
{
	struct conf_out o = { 0 };

	*any = false;
	conf_put(&o, "", 0);
	for (const struct conf_stmt *s = list; s; s = s->next) {
		if (s->block || !view_eq(s->key, key))
			continue;
		for (const struct conf_word *w = s->words; w; w = w->next) {
			if (*any)
				put_str(&o, " ");
			*any = true;
			if (memchr(w->text.p, ' ', w->text.n) || w->text.n == 0)
				conf_put_word(&o, w->text);
			else
				conf_put(&o, w->text.p, w->text.n);
		}
	}
	return conf_out_text(&o);
}

struct shown {
	const struct conf_tree *base;
	conf_override_fn fn;
	void *ctx;
};

/* The block of the file: several may add up. NULL when the setting is in none of them. */
static const struct conf_stmt *
holder(const struct conf_tree *base, const struct conf_stmt *block, struct view key, bool *there)
{
	*there = !block;
	if (!block)
		return base->first;
	for (const struct conf_stmt *s = base->first; s; s = s->next) {
		if (!conf_same_block(s, block))
			continue;
		*there = true;
		for (const struct conf_stmt *i = s->inner; i; i = i->next)
			if (view_eq(i->key, key))
				return s->inner;
	}
	return NULL;
}

static bool
show(const struct shown *x, const struct conf_stmt *block, const struct conf_stmt *s)
{
	struct conf_override o = { .key = conf_key_find(
				       block ? conf_block_find(block->key) : BLOCK_TOP, s->key),
		.label = block && block->words ? block->words->text : view_of(NULL, 0) };
	char name[CONF_OVERRIDE_NAME_MAX];
	bool any, there;

	if (!o.key)
		return true; /* the parser says so */
	const struct conf_stmt *in = holder(x->base, block, s->key, &there);
	bool named = conf_block_info(o.key->block)->named;
	char *file = words_text(in, s->key, &any);
	char *value = words_text(s, s->key, &(bool){ false });
	bool ok = file && value;

	if (ok)
		x->fn(x->ctx, conf_override_text(&o, name, sizeof(name)), value,
		    any               ? file
		    : named && !there ? NULL
				      : o.key->def,
		    s->at.line);
	free(file);
	free(value);
	return ok;
}

bool
conf_override_each(const struct conf_source *src, conf_override_fn fn, void *ctx)
{
	struct conf_errors *errors = calloc(1, sizeof(*errors));
	struct conf_tree tree;
	bool ok = true;

	if (!errors)
		return false;
	conf_tree_read(&tree, src->name, src->text, src->read_fn, src->read_ctx, errors);
	struct shown x = { .base = &tree, .fn = fn, .ctx = ctx };
	const struct conf_stmt *over =
	    conf_tree_read_beside(&tree, src->over_name, src->over, errors);
	for (const struct conf_stmt *s = over; s && ok; s = s->next) {
		if (!s->block)
			ok = show(&x, NULL, s);
		for (const struct conf_stmt *i = s->inner; s->block && i && ok; i = i->next)
			ok = show(&x, s, i);
	}
	ok = ok && conf_error_count(errors) == 0;
	conf_tree_fini(&tree);
	free(errors);
	return ok;
}
