/*
 * From the tree of settings to struct conf by the schema: finds block and key of each setting,
 * refuses what the schema does not know, and applies defaults. Also the public entry points.
 */
#include "conf/conf.h"
#include "conf/places.h"
#include "conf/report.h"
#include "conf/schema.h"
#include "conf/tree.h"
#include "conf/value.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

struct fill {
	struct conf *conf;
	struct conf_places *places;
	struct conf_errors *errors;
	unsigned int policies_cap;
	struct conf_pool pool;     /* defaults of a pool */
	struct conf_policy policy; /* defaults of a policy */
	struct conf_web web;       /* defaults of a site */
};

/* What the settings of one block go to. */
struct target {
	enum conf_block block;
	void *base;
	struct conf_seen *seen;
	struct conf_at *item_at; /* of the ranges of a pool */
};

const struct conf_at *
conf_seen_key(const struct conf_seen *s, int block, const char *key)
{
	const struct conf_key *k = conf_key_find((enum conf_block)block, view_str(key));
	must(k);
	const struct conf_at *at = &s->keys[k - conf_key_at(0)];

	return at->file ? at : NULL;
}

/* Names the block in which a key would be right; NULL when it is in none. */
static const char *
home_of(struct view key)
{
	for (unsigned int b = BLOCK_SERVER; b < N_BLOCK; b++)
		if (conf_key_find((enum conf_block)b, key))
			return conf_block_info((enum conf_block)b)->name;
	return NULL;
}

static void
near_keys(struct conf_near *n, enum conf_block block)
{
	const struct conf_key *k;

	for (size_t i = 0; (k = conf_key_at(i)); i++)
		if (k->block == block)
			conf_near_try(n, k->name);
	if (block != BLOCK_TOP)
		return;
	for (unsigned int b = BLOCK_SERVER; b < N_BLOCK; b++)
		conf_near_try(n, conf_block_info((enum conf_block)b)->name);
	conf_near_try(n, "include");
}

/* A key that the block does not have: says where it belongs or what it may have meant. */
static void
unknown_key(struct fill *f, enum conf_block block, const struct conf_stmt *s)
{
	const char *name = conf_block_info(block)->name, *home = home_of(s->key);
	char key[CONF_QUOTE_MAX];
	struct conf_near near;

	conf_quote(s->key, key);
	if (block != BLOCK_TOP && conf_block_find(s->key) != BLOCK_TOP && (s->block || !home)) {
		conf_error(f->errors, &s->at,
		    "the block %s may not stand inside %s; is a \"}\" missing above?", key, name);
		return;
	}
	if (s->key.n && memchr(s->key.p, '=', s->key.n)) {
		conf_error(f->errors, &s->at,
		    "unknown setting %s: \"=\" is not used here; write "
		    "a blank between setting and value",
		    key);
		return;
	}
	conf_near_init(&near, s->key);
	near_keys(&near, block);
	if (block == BLOCK_TOP && home)
		conf_error(f->errors, &s->at, "the setting %s belongs inside %s { }", key, home);
	else if (block == BLOCK_TOP)
		conf_error(
		    f->errors, &s->at, "unknown setting or block %s%s", key, conf_near_text(&near));
	else if (home && !near.best)
		conf_error(f->errors, &s->at, "%s is no setting of %s; it belongs inside %s { }",
		    key, name, home);
	else
		conf_error(f->errors, &s->at, "unknown setting %s in %s%s", key, name,
		    conf_near_text(&near));
}

static void
fill_setting(struct fill *f, const struct target *t, const struct conf_stmt *s)
{
	const struct conf_key *k = conf_key_find(t->block, s->key);

	if (!k) {
		unknown_key(f, t->block, s);
		return;
	}
	if (s->block) {
		conf_error(f->errors, &s->at, "%s takes a value, not a block", k->name);
		return;
	}
	struct conf_at *seen = &t->seen->keys[k - conf_key_at(0)];
	if (seen->file && !conf_type_is_list(k->type)) {
		conf_error(f->errors, &s->at, "%s is set twice, before in line %u of %s", k->name,
		    seen->line, seen->file);
		return;
	}
	if (!seen->file) {
		*seen = s->at;
		conf_value_clear(k, t->base);
	}
	if (s->broken)
		return;
	conf_value_set(&(struct conf_value){ .key = k,
	    .stmt = s,
	    .base = t->base,
	    .item_at = k->block == BLOCK_SSTP && k->type == CONF_ENDPOINTS ? f->places->listeners
	                                                                   : t->item_at,
	    .errors = f->errors });
}

static void
fill_block(struct fill *f, const struct target *t, const struct conf_stmt *block)
{
	for (const struct conf_stmt *s = block->inner; s; s = s->next)
		fill_setting(f, t, s);
}

/* The name behind `pool` or `policy`. False when reported. */
static bool
block_name(struct fill *f, const struct conf_stmt *s, char *out, size_t cap)
{
	const struct conf_word *w = s->words;
	char key[CONF_QUOTE_MAX];

	conf_quote(s->key, key);
	if (!w || w->text.n == 0)
		conf_error(f->errors, w ? &w->at : &s->end,
		    "a name is missing: write %.*s NAME { }", (int)s->key.n,
		    (const char *)s->key.p);
	else if (w->next)
		conf_error(f->errors, &w->next->at,
		    "%s takes one name; put \"quotes\" around a name with blanks", key);
	else if (w->text.n >= cap)
		conf_error(f->errors, &w->at, "this name is longer than %zu bytes", cap - 1);
	else {
		must(view_copy(w->text, out, cap - 1));
		out[w->text.n] = 0;
		return true;
	}
	return false;
}

static void
fill_pool(struct fill *f, const struct conf_stmt *s)
{
	struct conf *c = f->conf;

	if (c->n_pools == CONF_POOLS_MAX) {
		conf_error(f->errors, &s->at, "more than %u pools", CONF_POOLS_MAX);
		return;
	}
	struct conf_pool *pool = &c->pools[c->n_pools];
	struct conf_seen *seen = &f->places->pools[c->n_pools];
	struct target t = { .block = BLOCK_POOL,
		.base = pool,
		.seen = seen,
		.item_at = f->places->ranges[c->n_pools] };

	c->n_pools++;
	*pool = f->pool;
	seen->at = s->at;
	if (!s->broken && !block_name(f, s, pool->name, sizeof(pool->name)))
		pool->name[0] = 0;
	fill_block(f, &t, s);
}

static void
fill_policy(struct fill *f, const struct conf_stmt *s)
{
	struct conf *c = f->conf;

	if (c->n_policies == f->policies_cap) {
		conf_error(f->errors, &s->at, "more than %u policies", CONF_POLICIES_MAX);
		return;
	}
	struct conf_policy *policy = &c->policies[c->n_policies];
	struct conf_seen *seen = &f->places->policies[c->n_policies];
	struct target t = { .block = BLOCK_POLICY, .base = policy, .seen = seen };

	c->n_policies++;
	*policy = f->policy;
	policy->id = c->n_policies;
	seen->at = s->at;
	if (!s->broken && !block_name(f, s, policy->name, sizeof(policy->name)))
		policy->name[0] = 0;
	fill_block(f, &t, s);
	if (!conf_seen_key(seen, BLOCK_POLICY, "order"))
		policy->order = c->n_policies > 1 ? policy[-1].order + 1 : 1;
}

static void
fill_web(struct fill *f, const struct conf_stmt *s)
{
	struct conf *c = f->conf;

	if (c->n_webs == CONF_WEBS_MAX) {
		conf_error(f->errors, &s->at, "more than %u sites", CONF_WEBS_MAX);
		return;
	}
	struct conf_web *web = &c->webs[c->n_webs];
	struct conf_seen *seen = &f->places->webs[c->n_webs];
	struct target t = { .block = BLOCK_WEB, .base = web, .seen = seen };

	c->n_webs++;
	*web = f->web;
	seen->at = s->at;
	if (!s->broken && !block_name(f, s, web->name, sizeof(web->name)))
		web->name[0] = 0;
	fill_block(f, &t, s);
}

static void
fill_certificate(struct fill *f, const struct conf_stmt *s)
{
	struct conf *c = f->conf;

	/* One place is kept for the certificate of the block sstp. */
	if (c->n_certificates == CONF_CERTIFICATES_MAX - 1) {
		conf_error(
		    f->errors, &s->at, "more than %u certificates", CONF_CERTIFICATES_MAX - 1);
		return;
	}
	struct conf_certificate *cert = &c->certificates[c->n_certificates];
	struct conf_seen *seen = &f->places->certificates[c->n_certificates];
	struct target t = { .block = BLOCK_CERTIFICATE, .base = cert, .seen = seen };

	c->n_certificates++;
	seen->at = s->at;
	if (!s->broken && !block_name(f, s, cert->label, sizeof(cert->label)))
		cert->label[0] = 0;
	fill_block(f, &t, s);
}

/* The certificate of the block sstp comes first: it is for whoever names nobody. */
static void
lead_certificates(struct conf *c)
{
	struct conf_certificate *first = &c->certificates[0];

	if (!c->sstp_certificate[0])
		return;
	memmove(first + 1, first, c->n_certificates * sizeof(*first));
	c->n_certificates++;
	*first = (struct conf_certificate){ 0 };
	memcpy(first->chain, c->sstp_certificate, sizeof(first->chain));
	memcpy(first->key, c->sstp_key, sizeof(first->key));
}

/* A block or setting outside of all blocks. */
static void
fill_top(struct fill *f, const struct conf_stmt *s)
{
	enum conf_block block = conf_block_find(s->key);
	const struct conf_block_info *info = conf_block_info(block);
	struct target t = { .block = block, .base = f->conf, .seen = &f->places->common };

	if (block == BLOCK_TOP && s->block && !conf_key_find(block, s->key) && !home_of(s->key)) {
		struct conf_near near;
		char key[CONF_QUOTE_MAX];
		conf_near_init(&near, s->key);
		near_keys(&near, block);
		conf_error(f->errors, &s->at, "unknown block %s%s", conf_quote(s->key, key),
		    conf_near_text(&near));
		return;
	}
	if (block == BLOCK_TOP) {
		fill_setting(f, &t, s);
		return;
	}
	if (!s->block && block == BLOCK_CERTIFICATE) { /* it is a setting of sstp as well */
		unknown_key(f, BLOCK_TOP, s);
		return;
	}
	if (!s->block) {
		conf_error(f->errors, &s->end, "expected \"{\": %s is a block, %s%s { }",
		    info->name, info->name, info->named ? " NAME" : "");
		return;
	}
	if (block == BLOCK_CERTIFICATE) {
		fill_certificate(f, s);
		return;
	}
	if (block == BLOCK_POOL) {
		fill_pool(f, s);
		return;
	}
	if (block == BLOCK_POLICY) {
		fill_policy(f, s);
		return;
	}
	if (block == BLOCK_WEB) {
		fill_web(f, s);
		return;
	}
	if (s->words)
		conf_error(
		    f->errors, &s->words->at, "the block %s has no name of its own", info->name);
	if (block == BLOCK_SSTP && !f->places->sstp_block.file)
		f->places->sstp_block = s->at;
	fill_block(f, &t, s);
}

/* A text of ours, which has no errors; the caller takes back the places that it leaves. */
static void
fill_text(struct fill *f, const char *text)
{
	struct conf_tree tree;

	conf_tree_read(&tree, "built-in defaults", view_str(text), NULL, NULL, f->errors);
	for (const struct conf_stmt *s = tree.first; s; s = s->next)
		fill_top(f, s);
	conf_tree_fini(&tree);
}

/* The default of every key of a block, through the same road as the words of a file. */
static void
fill_defaults(struct fill *f, enum conf_block block, void *base)
{
	struct conf_seen *seen = calloc(1, sizeof(*seen));
	struct target t = { .block = block, .base = base, .seen = seen };
	const struct conf_key *k;
	char line[256];

	must(conf_n_keys() <= CONF_KEYS_MAX);
	for (size_t i = 0; seen && (k = conf_key_at(i)); i++) {
		struct conf_tree tree;
		if (k->block != block || !k->def[0])
			continue;
		snprintf(line, sizeof(line), "%s %s", k->name, k->def);
		conf_tree_read(&tree, "schema", view_str(line), NULL, NULL, f->errors);
		if (tree.first)
			fill_setting(f, &t, tree.first);
		conf_tree_fini(&tree);
	}
	free(seen);
}

/* Room for every policy of the tree, and for the built-in one. */
static bool
allot_policies(struct fill *f, const struct conf_tree *tree)
{
	unsigned int n = 1;

	for (const struct conf_stmt *s = tree->first; s && n < CONF_POLICIES_MAX; s = s->next)
		n += view_eq(s->key, view_str("policy"));
	f->policies_cap = n;
	f->conf->policies = calloc(n, sizeof(*f->conf->policies));
	f->places->policies = calloc(n, sizeof(*f->places->policies));
	return f->conf->policies && f->places->policies;
}

static int
by_order(const void *a, const void *b)
{
	const struct conf_policy *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void
sort_policies(struct conf *c)
{
	qsort(c->policies, c->n_policies, sizeof(c->policies[0]), by_order);
	for (unsigned int i = 0; i < c->n_policies; i++)
		c->policies[i].id = i + 1;
}

/* The whole of conf_parse but for memory of the top objects. False: memory. */
static bool
fill_conf(struct fill *f, const struct conf_tree *tree)
{
	for (unsigned int b = BLOCK_TOP; b < BLOCK_CERTIFICATE; b++)
		fill_defaults(f, (enum conf_block)b, f->conf);
	fill_defaults(f, BLOCK_POOL, &f->pool);
	fill_defaults(f, BLOCK_POLICY, &f->policy);
	fill_defaults(f, BLOCK_WEB, &f->web);
	memset(f->places, 0, sizeof(*f->places));
	if (!allot_policies(f, tree))
		return false;
	for (const struct conf_stmt *s = tree->first; s; s = s->next)
		fill_top(f, s);
	/* Places in texts of ours die with their tree, and nobody could mend anything there. */
	if (f->conf->n_pools == 0) {
		fill_text(f, conf_default_pool);
		memset(&f->places->pools[0], 0, sizeof(f->places->pools[0]));
		memset(f->places->ranges, 0, sizeof(f->places->ranges));
	}
	if (f->conf->n_policies == 0) {
		fill_text(f, conf_default_policy);
		memset(&f->places->policies[0], 0, sizeof(f->places->policies[0]));
	}
	conf_check(f->conf, f->places, f->errors);
	sort_policies(f->conf);
	lead_certificates(f->conf);
	return true;
}

struct conf *
conf_parse_source(const struct conf_source *src, struct conf_errors *errors)
{
	struct fill f = { .conf = calloc(1, sizeof(*f.conf)),
		.places = calloc(1, sizeof(*f.places)),
		.errors = errors };
	struct conf_tree tree;
	bool ok;

	*errors = (struct conf_errors){ 0 };
	conf_tree_read_source(&tree, src, errors);
	ok = f.conf && f.places && fill_conf(&f, &tree);
	if (ok)
		f.conf->policy_text = conf_policy_text(&tree);
	ok = ok && f.conf->policy_text;
	if (!ok)
		conf_error(errors, &(struct conf_at){ .file = src->name }, "out of memory");
	if (f.places)
		free(f.places->policies);
	free(f.places);
	conf_tree_fini(&tree);
	if (conf_error_count(errors) == 0)
		return f.conf;
	conf_free(f.conf);
	return NULL;
}

struct conf *
conf_parse(const char *name, struct view text, conf_read_fn read_fn, void *read_ctx,
    struct conf_errors *errors)
{
	struct conf_source src = {
		.name = name, .text = text, .read_fn = read_fn, .read_ctx = read_ctx
	};

	return conf_parse_source(&src, errors);
}

struct conf *
conf_defaults(void)
{
	struct conf_errors *errors = malloc(sizeof(*errors));
	struct conf *c =
	    errors ? conf_parse("built-in defaults", view_of(NULL, 0), NULL, NULL, errors) : NULL;

	free(errors);
	return c;
}

void
conf_free(struct conf *c)
{
	if (!c)
		return;
	for (unsigned int i = 0; i < c->n_policies; i++) {
		free(c->policies[i].users);
		free(c->policies[i].groups);
		free(c->policies[i].clients);
		free(c->policies[i].allow_servers);
	}
	free(c->policies);
	free(c->sstp_proxy_from);
	free(c->lockout_exempt);
	free(c->policy_text);
	free(c);
}
