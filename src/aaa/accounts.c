/* The index of accounts. See accounts.h. */
#include "aaa/accounts.h"

#include "base/list.h"

#include <stdlib.h>

struct roster {
	struct map by_id, by_name;
	uint32_t round;
	roster_address_fn on_address;
	void *ctx;
};

struct roster *
roster_new(uint64_t key)
{
	struct roster *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->round = 1;
	if (map_init(&t->by_id, key) && map_init(&t->by_name, ~key))
		return t;
	map_fini(&t->by_id);
	free(t);
	return NULL;
}

static void
tell_address(struct roster *t, const struct account *a, bool added)
{
	if (t->on_address && !ip_is_none(&a->address))
		t->on_address(t->ctx, &a->address, added);
}

static void
drop(struct roster *t, struct account *a)
{
	map_remove(&t->by_id, &a->by_id);
	if (a->reachable)
		map_remove(&t->by_name, &a->by_name);
	tell_address(t, a, false);
	free(a);
}

void
roster_free(struct roster *t)
{
	struct map_walk w = { 0 };
	struct map_node *node;

	if (!t)
		return;
	while ((node = map_walk(&t->by_id, &w)))
		free(container_of(node, struct account, by_id));
	map_fini(&t->by_id);
	map_fini(&t->by_name);
	free(t);
}

void
roster_on_address(struct roster *t, roster_address_fn fn, void *ctx)
{
	t->on_address = fn;
	t->ctx = ctx;
}

static uint64_t
hash_id(const struct roster *t, uint64_t id)
{
	return map_hash(&t->by_id, &id, sizeof(id));
}

static struct account *
find_id(const struct roster *t, uint64_t id)
{
	struct map_node *node = map_first(&t->by_id, hash_id(t, id));

	for (; node; node = map_next(node)) {
		struct account *a = container_of(node, struct account, by_id);
		if (a->id == id)
			return a;
	}
	return NULL;
}

const struct account *
roster_by_id(const struct roster *t, uint64_t id)
{
	return find_id(t, id);
}

static struct account *
find_name(const struct roster *t, struct view normal)
{
	struct map_node *node = map_first(&t->by_name, map_hash(&t->by_name, normal.p, normal.n));

	for (; node; node = map_next(node)) {
		struct account *a = container_of(node, struct account, by_name);
		if (view_eq(view_str(a->normal), normal))
			return a;
	}
	return NULL;
}

const struct account *
roster_by_name(const struct roster *t, const struct lookup_name *name)
{
	return name->n ? find_name(t, view_of(name->s, name->n)) : NULL;
}

size_t
roster_count(const struct roster *t)
{
	return t->by_id.n;
}

/* The next group name of a list with one on each line; blanks around it do not count. */
static struct view
next_group(struct view *list)
{
	while (list->n && strchr(" \t\n", list->p[0])) /* a zero separates as well */
		*list = view_of(list->p + 1, list->n - 1);

	struct view g = view_of(list->p, 0);
	while (g.n < list->n && list->p[g.n] != '\n' && list->p[g.n])
		g.n++;
	*list = view_of(list->p + g.n, list->n - g.n);
	if (list->n)
		*list = view_of(list->p + 1, list->n - 1);
	while (g.n && (g.p[g.n - 1] == ' ' || g.p[g.n - 1] == '\t'))
		g.n--;
	return g;
}

/* Puts a terminated string into the text of a; returns its place. */
static const char *
put_text(struct wr *w, struct view v)
{
	const char *at = (const char *)w->p;

	wr_view(w, v);
	wr_u8(w, 0);
	return at;
}

static void
put_groups(struct account *a, struct wr *w, struct view list)
{
	struct lookup_name folded;

	a->groups = (const char *)w->p;
	while (list.n && a->n_groups < ROSTER_GROUPS_MAX) {
		struct view g = next_group(&list);
		if (!g.n || !name_fold(g, &folded) || wr_room(w) < folded.n + 1u)
			continue;
		put_text(w, view_of(folded.s, folded.n));
		a->n_groups++;
	}
}

/* Prefixes joined by blanks; record has checked them when they were written. */
static void
take_routes(struct account *a, struct view list)
{
	while (list.n && a->n_routes < ROSTER_ROUTES_MAX) {
		size_t n = 0;
		while (n < list.n && list.p[n] != ' ')
			n++;
		if (n && ip_prefix_parse(view_of(list.p, n), &a->routes[a->n_routes]))
			a->n_routes++;
		n += n < list.n;
		list = view_of(list.p + n, list.n - n);
	}
}

static struct account *
account_make(const struct msg_account *m)
{
	struct lookup_name normal;
	/* folding lengthens a text to at most three times its bytes */
	size_t cap = m->name.n + m->caller_id.n + m->hours.n + 3 * m->groups.n + sizeof(normal) + 8;
	struct account *a = calloc(1, sizeof(*a) + cap);

	if (!a)
		return NULL;
	a->id = m->account;
	a->enabled = m->enabled;
	a->expires_unix_s = m->expires_unix_s;
	a->dialin = m->dialin <= DIALIN_DENY ? (enum dialin)m->dialin : DIALIN_DENY;
	a->has_password = m->has_password;
	a->has_reversible = m->has_reversible;
	a->address = m->address;
	a->locked = m->locked;
	a->must_change = m->must_change;
	a->password_set_unix_s = m->password_set_unix_s;
	a->password_expires_unix_s = m->password_expires_unix_s;
	take_routes(a, m->routes);
	a->reachable = name_normalise(m->name, &normal);

	struct wr w = wr_over(a->text, cap);
	a->name = put_text(&w, m->name);
	a->normal = put_text(&w, view_of(normal.s, normal.n));
	a->caller_id = put_text(&w, m->caller_id);
	a->hours = put_text(&w, m->hours);
	put_groups(a, &w, m->groups);
	must(wr_done(&w));
	return a;
}

bool
roster_put(struct roster *t, const struct msg_account *m)
{
	struct account *old = find_id(t, m->account);

	if (m->account == 0) /* nobody's number: see vault_check */
		return true;
	if (m->deleted) {
		if (old)
			drop(t, old);
		return true;
	}

	struct account *a = account_make(m);
	if (!a)
		return false;
	tell_address(t, a, true);
	if (old)
		drop(t, old);
	a->round = t->round;
	map_add(&t->by_id, &a->by_id, hash_id(t, a->id));

	struct account *holder = a->reachable ? find_name(t, view_str(a->normal)) : NULL;
	if (holder && holder->round != t->round)
		drop(t, holder); /* deleted while record was away: its name is given out anew */
	else if (holder)
		a->reachable = false; /* B02: a look-alike; whoever has the name keeps it */
	if (a->reachable)
		map_add(
		    &t->by_name, &a->by_name, map_hash(&t->by_name, a->normal, strlen(a->normal)));
	return true;
}

void
roster_sync_begin(struct roster *t)
{
	t->round++;
}

void
roster_sync_end(struct roster *t)
{
	struct map_walk w = { 0 };
	struct map_node *node;

	while ((node = map_walk(&t->by_id, &w))) {
		struct account *a = container_of(node, struct account, by_id);
		if (a->round != t->round)
			drop(t, a);
	}
}
