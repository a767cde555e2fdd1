/* Building a policy set from a configuration: folding, sorting, resolving. See policy.h. */
#include "aaa/policy_priv.h"

#include "crypto/digest.h"

#include <stdlib.h>

/* Ascending by order; policies of one order stay as they were written. */
static int
by_order(const void *a, const void *b)
{
	const struct policy *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Folded copies of n words; NULL when memory is out. A word that is not text is kept as it is. */
static char **
fold_words(char (*words)[POLICY_NAME_MAX], unsigned int n)
{
	char **out = calloc(n ? n : 1, sizeof(*out));
	struct lookup_name folded;

	if (!out)
		return NULL;
	for (unsigned int i = 0; i < n; i++) {
		struct view v = view_of(words[i], strnlen(words[i], POLICY_NAME_MAX));
		bool ok = name_fold(v, &folded);
		out[i] = ok ? strndup(folded.s, folded.n) : strndup(words[i], v.n);
		if (!out[i]) {
			while (i-- > 0)
				free(out[i]);
			free(out);
			return NULL;
		}
	}
	return out;
}

static void
free_words(char **words, unsigned int n)
{
	for (unsigned int i = 0; words && i < n; i++)
		free(words[i]);
	free(words);
}

/* The policy's own servers, else the pool's, else the global ones (R43c: complete and resolved). */
static void
resolve_servers(struct ip_addr out[2], const struct ip_addr pool[2], const struct ip_addr global[2])
{
	if (!ip_is_none(&out[0]) || !ip_is_none(&out[1]))
		return;

	bool has_pool = pool && (!ip_is_none(&pool[0]) || !ip_is_none(&pool[1]));
	const struct ip_addr *from = has_pool ? pool : global;
	out[0] = from[0];
	out[1] = from[1];
}

static const struct conf_pool *
pool_by_name(const struct conf *c, const char *name)
{
	for (unsigned int i = 0; i < c->n_pools; i++)
		if (strcmp(c->pools[i].name, name) == 0)
			return &c->pools[i];
	return NULL;
}

static void
resolve_profile(const struct conf *c, struct profile *p)
{
	if (p->n_pools == 0 && c->n_pools > 0) {
		memcpy(p->pools[0], c->pools[0].name, sizeof(p->pools[0]));
		p->n_pools = 1;
	}

	if (!p->encryption)
		p->encryption = ENCRYPT_ALL;

	const struct conf_pool *pool = p->n_pools ? pool_by_name(c, p->pools[0]) : NULL;
	resolve_servers(p->dns, pool ? pool->dns : NULL, c->dns);
	resolve_servers(p->dns6, pool ? pool->dns6 : NULL, c->dns6);
	resolve_servers(p->nbns, pool ? pool->nbns : NULL, c->nbns);
}

/* A copy of n prefixes; NULL when memory is out. */
static struct ip_prefix *
copy_prefixes(const struct ip_prefix *from, unsigned int n)
{
	struct ip_prefix *p = calloc(n ? n : 1, sizeof(*p));

	if (p && n)
		memcpy(p, from, n * sizeof(*p));
	return p;
}

static bool
policy_init(struct policy *p, const struct conf *c, const struct conf_policy *from)
{
	memcpy(p->name, from->name, sizeof(p->name));
	p->name[POLICY_NAME_MAX - 1] = 0;
	p->id = from->id;
	p->order = from->order;
	p->enabled = from->enabled;
	p->grant = from->grant;
	p->ignore_dialin = from->ignore_dialin;
	p->tunnel_mask = from->tunnel_mask;
	p->method_condition = from->method_condition;
	p->method_mask = (from->method_mask ? from->method_mask : c->method_mask) & c->method_mask;
	p->hours = from->hours;
	p->allow_tunnels = from->allow_tunnels;
	p->allow_hours = from->allow_hours;
	p->profile = from->profile;
	resolve_profile(c, &p->profile);

	p->users = fold_words(from->users, from->n_users);
	p->n_users = p->users ? from->n_users : 0;
	p->groups = fold_words(from->groups, from->n_groups);
	p->n_groups = p->groups ? from->n_groups : 0;
	p->clients = copy_prefixes(from->clients, from->n_clients);
	p->n_clients = p->clients ? from->n_clients : 0;
	p->allow_servers = copy_prefixes(from->allow_servers, from->n_allow_servers);
	p->n_allow_servers = p->allow_servers ? from->n_allow_servers : 0;
	return p->users && p->groups && p->clients && p->allow_servers;
}

static void
policy_fini(struct policy *p)
{
	free_words(p->users, p->n_users);
	free_words(p->groups, p->n_groups);
	free(p->clients);
	free(p->allow_servers);
}

struct policy_set *
policy_set_new(const struct conf *c)
{
	struct policy_set *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->refs = 1;
	s->server_methods = c->method_mask;
	policy_text_hash(c->policy_text ? c->policy_text : "", s->hash);
	s->policies = calloc(c->n_policies ? c->n_policies : 1, sizeof(*s->policies));
	if (!s->policies)
		goto fail;
	for (unsigned int i = 0; i < c->n_policies; i++) {
		s->n = i + 1;
		if (!policy_init(&s->policies[i], c, &c->policies[i]))
			goto fail;
	}
	qsort(s->policies, s->n, sizeof(*s->policies), by_order);
	for (uint32_t i = 0; i < s->n; i++)
		s->has_hours |= s->policies[i].hours.set || s->policies[i].allow_hours.set;
	s->index = policy_index_new(s->policies, s->n);
	if (s->index)
		return s;
fail:
	policy_set_unref(s);
	return NULL;
}

struct policy_set *
policy_set_ref(struct policy_set *s)
{
	s->refs++;
	return s;
}

void
policy_set_unref(struct policy_set *s)
{
	if (!s || --s->refs > 0)
		return;
	policy_index_free(s->index);
	for (uint32_t i = 0; s->policies && i < s->n; i++)
		policy_fini(&s->policies[i]);
	free(s->policies);
	free(s);
}

void
policy_text_hash(const char *policy_text, uint8_t out[POLICY_HASH])
{
	struct view text = view_str(policy_text);
	uint8_t all[DIGEST_MAX];

	digest(DIGEST_SHA256, &text, 1, all);
	memcpy(out, all, POLICY_HASH);
}

const uint8_t *
policy_set_hash(const struct policy_set *s)
{
	return s->hash;
}

size_t
policy_set_count(const struct policy_set *s)
{
	return s->n;
}

static const struct policy *
policy_by_id(const struct policy_set *s, uint32_t policy_id)
{
	/* numbers are places in the order, unless the set was made by hand */
	if (policy_id && policy_id <= s->n && s->policies[policy_id - 1].id == policy_id)
		return &s->policies[policy_id - 1];
	for (uint32_t i = 0; policy_id && i < s->n; i++)
		if (s->policies[i].id == policy_id)
			return &s->policies[i];
	return NULL;
}

unsigned int
policy_set_methods(const struct policy_set *s, uint32_t policy_id)
{
	const struct policy *p = policy_by_id(s, policy_id);

	return p ? p->method_mask : s->server_methods;
}

bool
policy_set_ignores_dialin(const struct policy_set *s, uint32_t policy_id)
{
	const struct policy *p = policy_by_id(s, policy_id);

	return p && p->ignore_dialin;
}
