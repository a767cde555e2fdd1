/*
 * The overrides of `rrasctl set` laid over the file: a setting that stands there takes the place of
 * all that the file and its includes say of it. What each setting may be is not looked at here.
 */
#include "conf/report.h"
#include "conf/schema.h"
#include "conf/tree.h"

bool
conf_same_block(const struct conf_stmt *a, const struct conf_stmt *b)
{
	const struct conf_word *x = a->words, *y = b->words;

	if (!a->block || !b->block || !view_eq(a->key, b->key))
		return false;
	for (; x && y; x = x->next, y = y->next)
		if (!view_eq(x->text, y->text))
			return false;
	return !x && !y;
}

static void
remove_settings(struct conf_stmt **list, struct view key)
{
	while (*list) {
		if (!(*list)->block && view_eq((*list)->key, key))
			*list = (*list)->next;
		else
			list = &(*list)->next;
	}
}

static struct conf_stmt **
end_of(struct conf_stmt **list)
{
	while (*list)
		list = &(*list)->next;
	return list;
}

/* over is taken out of its own list, which is walked by the caller. */
static void
lay_block(struct conf_tree *t, struct conf_stmt *over, struct conf_errors *errors)
{
	struct conf_stmt *last = NULL;

	for (struct conf_stmt *s = t->first; s; s = s->next) {
		if (!conf_same_block(s, over))
			continue;
		for (const struct conf_stmt *o = over->inner; o; o = o->next)
			remove_settings(&s->inner, o->key);
		last = s;
	}
	over->next = NULL;
	if (last) {
		*end_of(&last->inner) = over->inner;
	} else if (conf_block_info(conf_block_find(over->key))->named) {
		char kind[CONF_QUOTE_MAX], name[CONF_QUOTE_MAX];
		struct view label = over->words ? over->words->text : view_of(NULL, 0);
		conf_warning(errors, &over->at,
		    "the configuration has no %s %s any more: this override does nothing; "
		    "\"rrasctl "
		    "set --unset\" takes it away",
		    conf_quote(over->key, kind), conf_quote(label, name));
	} else {
		*end_of(&t->first) = over;
	}
}

void
conf_tree_read_source(
    struct conf_tree *t, const struct conf_source *src, struct conf_errors *errors)
{
	struct conf_stmt *over, *next;

	conf_tree_read(t, src->name, src->text, src->read_fn, src->read_ctx, errors);
	if (!src->over_name)
		return;
	over = conf_tree_read_beside(t, src->over_name, src->over, errors);
	for (const struct conf_stmt *s = over; s; s = s->next)
		if (!s->block)
			remove_settings(&t->first, s->key);
	for (; over; over = next) {
		next = over->next;
		if (over->block) {
			lay_block(t, over, errors);
			continue;
		}
		over->next = NULL;
		*end_of(&t->first) = over;
	}
}
