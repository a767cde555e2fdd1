/*
 * The index of a policy set: which policy is the first whose conditions all match, without asking
 * one after the other. For each kind of condition there is a set of bits, one for each policy,
 * that says who lets this request pass; their intersection's lowest bit is the answer.
 *
 * What a set of bits is made of: policies without such a condition, and the lists that stand behind
 * each distinct value - a name in a hash, a prefix in a hash by its length, a pattern with
 * wildcards, hours - that this request has. Ten thousand policies that name other people cost one
 * look into a hash. What policies match is decided by policy_match.c; that both agree is held by
 * tests/unit/aaa/test_policy_index.c over random sets. Attack B06.
 */
#include "aaa/policy_priv.h"

#include <stdlib.h>

#define WEEK_HOURS 168u
#define WORDS_MAX ((CONF_POLICIES_MAX + 63) / 64)

/* The policies that name one value: part of a table's list, ascending. */
struct term {
	const void *key; /* borrowed from the policies */
	uint32_t n_key, first, n;
	uint64_t *bits; /* the same as a set of bits, where that is shorter; else NULL */
};

/* Distinct values of one kind, each with its policies; found by hash when exact. */
struct terms {
	uint32_t n, n_slots; /* slots: a power of two, 0 without terms */
	struct term *list;
	uint32_t *policies; /* of all terms, one after the other */
	uint32_t *slots;    /* index + 1 into list; 0: free */
};

/* Patterns with wildcards: what begins or ends with a letter need be tried only on such names. */
struct patterns {
	struct terms all;               /* in the order of pattern_place */
	uint32_t first[257], last[257]; /* where those of each byte begin */
};

/* An address with the bits behind a length cleared: family, length, bytes. */
struct prefix_key {
	uint8_t b[18];
};

struct policy_index {
	uint32_t n, n_words;
	uint64_t *tunnel[N_TUNNEL_KIND], *method[N_AUTH_METHOD]; /* and enabled */
	uint64_t *no_user, *no_group, *no_client, *no_hours;
	uint64_t *bits; /* the memory of all these */
	struct terms users, groups, clients, hours;
	struct patterns user_patterns, group_patterns;
	struct prefix_key *keys; /* of clients */
	bool lens[2][129];       /* prefix lengths that occur; [1]: IPv6 */
	/*
	 * Hours, by the hour of the week: the policies of which all of it is allowed (n_words for
	 * each), and the terms that begin or end within it, which are asked.
	 */
	uint64_t *hour_all;
	uint32_t hour_first[WEEK_HOURS + 1];
	uint32_t *hour_some;
};

/* A value and who names it, before they are sorted together. */
struct ref {
	const void *key;
	uint32_t n_key, policy;
};

struct refs {
	struct ref *p;
	uint32_t n, cap;
	bool failed;
};

static void
add_ref(struct refs *r, const void *key, size_t n_key, uint32_t policy)
{
	if (r->n == r->cap && !r->failed) {
		uint32_t cap = r->cap ? r->cap * 2 : 64;
		struct ref *p = reallocarray(r->p, cap, sizeof(*p));
		if (!p) {
			r->failed = true;
			return;
		}
		r->p = p;
		r->cap = cap;
	}
	if (!r->failed)
		r->p[r->n++] = (struct ref){ key, (uint32_t)n_key, policy };
}

/*
 * Where a pattern is tried: 0 to 255 for names that begin with this byte, 256 + byte for those that
 * end with it, 512 for all.
 */
static unsigned int
pattern_place(const void *key, uint32_t n)
{
	const uint8_t *p = key;

	if (p[0] != '*' && p[0] != '?')
		return p[0];
	if (p[n - 1] != '*' && p[n - 1] != '?')
		return 256u + p[n - 1];
	return 512;
}

static int
by_key(const void *a, const void *b)
{
	const struct ref *x = a, *y = b;
	uint32_t n = x->n_key < y->n_key ? x->n_key : y->n_key;
	int d = memcmp(x->key, y->key, n);

	if (d == 0 && x->n_key != y->n_key)
		d = x->n_key < y->n_key ? -1 : 1;
	return d ? d : (x->policy > y->policy) - (x->policy < y->policy);
}

static int
by_place(const void *a, const void *b)
{
	const struct ref *x = a, *y = b;
	unsigned int i = pattern_place(x->key, x->n_key), k = pattern_place(y->key, y->n_key);

	return i != k ? (i < k ? -1 : 1) : by_key(a, b);
}

/* FNV-1a. The keys are the administrator's and few; who chooses names can add none. */
static uint64_t
hash_of(const void *key, size_t n)
{
	const uint8_t *p = key;
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 1099511628211u;
	return h ^ h >> 29;
}

static void
fill_slots(struct terms *t)
{
	for (uint32_t i = 0; i < t->n; i++) {
		uint64_t h = hash_of(t->list[i].key, t->list[i].n_key);
		while (t->slots[h & (t->n_slots - 1)])
			h++;
		t->slots[h & (t->n_slots - 1)] = i + 1;
	}
}

/* Takes refs over (and frees them). False: out of memory. */
static bool
terms_init(struct terms *t, struct refs *r, int (*order)(const void *, const void *))
{
	bool ok = !r->failed;

	if (ok && r->n) {
		qsort(r->p, r->n, sizeof(r->p[0]), order);
		for (t->n_slots = 16; t->n_slots < 2 * r->n;)
			t->n_slots *= 2;
		t->list = calloc(r->n, sizeof(*t->list));
		t->policies = calloc(r->n, sizeof(*t->policies));
		t->slots = calloc(t->n_slots, sizeof(*t->slots));
		ok = t->list && t->policies && t->slots;
	}
	for (uint32_t i = 0; ok && i < r->n; i++) {
		const struct ref *f = &r->p[i];
		struct term *last = t->n ? &t->list[t->n - 1] : NULL;
		t->policies[i] = f->policy;
		if (last && last->n_key == f->n_key && memcmp(last->key, f->key, f->n_key) == 0)
			last->n++;
		else
			t->list[t->n++] =
			    (struct term){ .key = f->key, .n_key = f->n_key, .first = i, .n = 1 };
	}
	if (ok)
		fill_slots(t);
	free(r->p);
	return ok;
}

static void
set_bit(uint64_t *bits, uint32_t i)
{
	bits[i / 64] |= UINT64_C(1) << (i % 64);
}

/* Sets of bits for the values that many name. */
static bool
terms_widen(struct terms *t, uint32_t n_words)
{
	for (uint32_t i = 0; i < t->n; i++) {
		struct term *f = &t->list[i];
		if (f->n <= n_words)
			continue;
		f->bits = calloc(n_words, sizeof(*f->bits));
		if (!f->bits)
			return false;
		for (uint32_t k = 0; k < f->n; k++)
			set_bit(f->bits, t->policies[f->first + k]);
	}
	return true;
}

static void
terms_fini(struct terms *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		free(t->list[i].bits);
	free(t->list);
	free(t->policies);
	free(t->slots);
}

static const struct term *
terms_find(const struct terms *t, const void *key, size_t n)
{
	if (t->n == 0)
		return NULL;
	for (uint64_t h = hash_of(key, n);; h++) {
		uint32_t slot = t->slots[h & (t->n_slots - 1)];
		if (!slot)
			return NULL;
		const struct term *f = &t->list[slot - 1];
		if (f->n_key == n && memcmp(f->key, key, n) == 0)
			return f;
	}
}

static void
add_term(const struct terms *t, const struct term *f, uint64_t *bits, uint32_t n_words)
{
	if (f && f->bits) {
		for (uint32_t i = 0; i < n_words; i++)
			bits[i] |= f->bits[i];
		return;
	}
	for (uint32_t i = 0; f && i < f->n; i++)
		set_bit(bits, t->policies[f->first + i]);
}

static bool
patterns_init(struct patterns *x, struct refs *r)
{
	uint32_t i = 0;

	if (!terms_init(&x->all, r, by_place))
		return false;
	for (unsigned int place = 0; place <= 512; place++) {
		uint32_t *at = place < 256 ? &x->first[place] : &x->last[place - 256];
		*at = i;
		while (i < x->all.n &&
		       pattern_place(x->all.list[i].key, x->all.list[i].n_key) == place)
			i++;
	}
	x->first[256] = x->last[0];
	return true;
}

/* Tries the patterns from..to on a text; those with a domain only when asked to. */
static void
try_patterns(const struct patterns *x, uint32_t from, uint32_t to, struct view text, bool domain,
    uint64_t *bits, uint32_t n_words)
{
	for (uint32_t i = from; i < to; i++) {
		const struct term *f = &x->all.list[i];
		if (domain && !strpbrk(f->key, "\\@"))
			continue;
		if (pattern_covers(f->key, text))
			add_term(&x->all, f, bits, n_words);
	}
}

static void
add_patterns(
    const struct patterns *x, struct view text, bool domain, uint64_t *bits, uint32_t n_words)
{
	if (x->all.n == 0)
		return;
	if (text.n) {
		unsigned int a = text.p[0], z = text.p[text.n - 1];
		try_patterns(x, x->first[a], x->first[a + 1], text, domain, bits, n_words);
		try_patterns(x, x->last[z], x->last[z + 1], text, domain, bits, n_words);
	}
	try_patterns(x, x->last[256], x->all.n, text, domain, bits, n_words);
}

static struct prefix_key
prefix_key(const struct ip_addr *a, unsigned int len)
{
	struct prefix_key k = { .b = { a->family, (uint8_t)len } };

	memcpy(k.b + 2, a->b, len / 8);
	if (len % 8)
		k.b[2 + len / 8] = (uint8_t)(a->b[len / 8] & 0xff00u >> len % 8);
	return k;
}

/* The bytes of hours that count: two with the same are one term. */
static size_t
hours_size(const struct hours *h)
{
	return offsetof(struct hours, r) + h->n * sizeof(h->r[0]);
}

/* Everything that is gathered before it is sorted. */
struct gather {
	struct refs users, groups, user_patterns, group_patterns, clients, hours;
	uint32_t n_keys;
};

static bool
is_pattern(const char *s)
{
	return strpbrk(s, "*?") != NULL;
}

static void
gather_words(
    struct refs *exact, struct refs *patterns, char *const *words, unsigned int n, uint32_t policy)
{
	for (unsigned int i = 0; i < n; i++)
		if (words[i][0]) /* an empty one covers the empty name, which nobody has */
			add_ref(is_pattern(words[i]) ? patterns : exact, words[i], strlen(words[i]),
			    policy);
}

/* All that a policy demands, into the lists of what is demanded and the bits of what is not. */
static void
gather_policy(struct policy_index *x, struct gather *g, const struct policy *p, uint32_t i)
{
	for (unsigned int t = 0; t < N_TUNNEL_KIND; t++)
		if (p->enabled && (!p->tunnel_mask || (p->tunnel_mask & 1u << t)))
			set_bit(x->tunnel[t], i);
	for (unsigned int m = 0; m < N_AUTH_METHOD; m++)
		if (!p->method_condition || (p->method_condition & AUTH_BIT(m)))
			set_bit(x->method[m], i);
	gather_words(&g->users, &g->user_patterns, p->users, p->n_users, i);
	gather_words(&g->groups, &g->group_patterns, p->groups, p->n_groups, i);
	for (unsigned int k = 0; k < p->n_clients; k++) {
		struct prefix_key *key = &x->keys[g->n_keys++];
		*key = prefix_key(&p->clients[k].addr, p->clients[k].len);
		add_ref(&g->clients, key, sizeof(*key), i);
		x->lens[p->clients[k].addr.family == IP_V6][p->clients[k].len] = true;
	}
	if (p->hours.set)
		add_ref(&g->hours, &p->hours, hours_size(&p->hours), i);
	if (p->n_users == 0)
		set_bit(x->no_user, i);
	if (p->n_groups == 0)
		set_bit(x->no_group, i);
	if (p->n_clients == 0)
		set_bit(x->no_client, i);
	if (!p->hours.set)
		set_bit(x->no_hours, i);
}

/* All sets of bits lie in one piece of memory. */
static bool
allot_bits(struct policy_index *x)
{
	uint64_t *p =
	    calloc((size_t)(N_TUNNEL_KIND + N_AUTH_METHOD + 4) * (x->n_words + 1), sizeof(*p));

	if (!p)
		return false;
	x->bits = p;
	for (unsigned int t = 0; t < N_TUNNEL_KIND; t++, p += x->n_words)
		x->tunnel[t] = p;
	for (unsigned int m = 0; m < N_AUTH_METHOD; m++, p += x->n_words)
		x->method[m] = p;
	x->no_user = p;
	x->no_group = p + x->n_words;
	x->no_client = p + 2 * (size_t)x->n_words;
	x->no_hours = p + 3 * (size_t)x->n_words;
	return true;
}

/* How much of an hour of the week is allowed: 0 none, 1 some, 2 all of it. */
static unsigned int
hour_part(const struct hours *h, unsigned int hour)
{
	unsigned int from = hour * 60, to = from + 60, part = 0;

	for (unsigned int i = 0; i < h->n; i++) {
		if (h->r[i].from <= from && h->r[i].to >= to)
			return 2;
		if (h->r[i].from < to && h->r[i].to > from)
			part = 1;
	}
	return part;
}

static bool
index_hours(struct policy_index *x)
{
	uint32_t n = 0;

	if (x->hours.n == 0)
		return true;
	for (uint32_t i = 0; i < x->hours.n; i++)
		for (unsigned int h = 0; h < WEEK_HOURS; h++)
			n += hour_part(x->hours.list[i].key, h) == 1;
	x->hour_all = calloc((size_t)WEEK_HOURS * x->n_words, sizeof(*x->hour_all));
	x->hour_some = calloc(n + 1, sizeof(*x->hour_some));
	if (!x->hour_all || !x->hour_some)
		return false;
	n = 0;
	for (unsigned int h = 0; h < WEEK_HOURS; h++) {
		x->hour_first[h] = n;
		for (uint32_t i = 0; i < x->hours.n; i++) {
			const struct term *f = &x->hours.list[i];
			unsigned int part = hour_part(f->key, h);
			if (part == 1)
				x->hour_some[n++] = i;
			if (part == 2)
				add_term(
				    &x->hours, f, x->hour_all + (size_t)h * x->n_words, x->n_words);
		}
	}
	x->hour_first[WEEK_HOURS] = n;
	return true;
}

static bool
widen(struct policy_index *x)
{
	return terms_widen(&x->users, x->n_words) && terms_widen(&x->groups, x->n_words) &&
	       terms_widen(&x->clients, x->n_words) && terms_widen(&x->hours, x->n_words) &&
	       terms_widen(&x->user_patterns.all, x->n_words) &&
	       terms_widen(&x->group_patterns.all, x->n_words);
}

struct policy_index *
policy_index_new(const struct policy *policies, uint32_t n)
{
	struct policy_index *x = calloc(1, sizeof(*x));
	struct gather g = { 0 };
	size_t n_keys = 1;

	if (!x)
		return NULL;
	must(n <= CONF_POLICIES_MAX);
	x->n = n;
	x->n_words = (n + 63) / 64;
	for (uint32_t i = 0; i < n; i++)
		n_keys += policies[i].n_clients;
	x->keys = calloc(n_keys, sizeof(*x->keys));
	bool ok = x->keys && allot_bits(x);
	for (uint32_t i = 0; ok && i < n; i++)
		gather_policy(x, &g, &policies[i], i);
	/* each takes its list over, also after one has failed */
	ok &= terms_init(&x->users, &g.users, by_key);
	ok &= terms_init(&x->groups, &g.groups, by_key);
	ok &= terms_init(&x->clients, &g.clients, by_key);
	ok &= terms_init(&x->hours, &g.hours, by_key);
	ok &= patterns_init(&x->user_patterns, &g.user_patterns);
	ok &= patterns_init(&x->group_patterns, &g.group_patterns);
	if (ok && widen(x) && index_hours(x))
		return x;
	policy_index_free(x);
	return NULL;
}

void
policy_index_free(struct policy_index *x)
{
	if (!x)
		return;
	terms_fini(&x->users);
	terms_fini(&x->groups);
	terms_fini(&x->clients);
	terms_fini(&x->hours);
	terms_fini(&x->user_patterns.all);
	terms_fini(&x->group_patterns.all);
	free(x->hour_all);
	free(x->hour_some);
	free(x->keys);
	free(x->bits);
	free(x);
}

static void
add_user(const struct policy_index *x, const struct policy_request *r, uint64_t *bits)
{
	const struct term *full = terms_find(&x->users, r->full.p, r->full.n);

	add_term(&x->users, terms_find(&x->users, r->user.p, r->user.n), bits, x->n_words);
	if (full && strpbrk(full->key, "\\@")) /* as in policy_match.c */
		add_term(&x->users, full, bits, x->n_words);
	add_patterns(&x->user_patterns, r->user, false, bits, x->n_words);
	add_patterns(&x->user_patterns, r->full, true, bits, x->n_words);
}

static void
add_groups(const struct policy_index *x, const struct account *a, uint64_t *bits)
{
	const char *g = a ? a->groups : NULL;

	for (unsigned int i = 0; a && i < a->n_groups; i++) {
		struct view name = view_str(g);
		add_term(&x->groups, terms_find(&x->groups, name.p, name.n), bits, x->n_words);
		add_patterns(&x->group_patterns, name, false, bits, x->n_words);
		g += name.n + 1;
	}
}

static void
add_client(const struct policy_index *x, const struct ip_addr *client, uint64_t *bits)
{
	const bool *lens = x->lens[client->family == IP_V6];
	unsigned int most = client->family == IP_V6 ? 128 : client->family == IP_V4 ? 32 : 0;

	for (unsigned int len = 0; most && len <= most; len++) {
		if (!lens[len])
			continue;
		struct prefix_key k = prefix_key(client, len);
		add_term(&x->clients, terms_find(&x->clients, &k, sizeof(k)), bits, x->n_words);
	}
}

static void
add_hours(const struct policy_index *x, unsigned int minute, uint64_t *bits)
{
	unsigned int hour = minute / 60 % WEEK_HOURS;
	const uint64_t *all = x->hour_all + (size_t)hour * x->n_words;

	for (uint32_t i = 0; i < x->n_words; i++)
		bits[i] |= all[i];
	for (uint32_t i = x->hour_first[hour]; i < x->hour_first[hour + 1]; i++) {
		const struct term *f = &x->hours.list[x->hour_some[i]];
		if (hours_cover(f->key, minute))
			add_term(&x->hours, f, bits, x->n_words);
	}
}

static void
keep_common(uint64_t *live, const uint64_t *bits, uint32_t n_words)
{
	for (uint32_t i = 0; i < n_words; i++)
		live[i] &= bits[i];
}

uint32_t
policy_index_find(const struct policy_index *x, const struct policy_request *r,
    const struct account *account, const struct policy_moment *at)
{
	uint64_t live[WORDS_MAX], bits[WORDS_MAX];
	const size_t size = x->n_words * sizeof(live[0]);

	memcpy(live, x->tunnel[r->tunnel < N_TUNNEL_KIND ? r->tunnel : TUNNEL_NONE], size);
	keep_common(live, x->method[r->method], x->n_words);
	if (x->users.n || x->user_patterns.all.n) {
		memcpy(bits, x->no_user, size);
		add_user(x, r, bits);
		keep_common(live, bits, x->n_words);
	}
	if (x->groups.n || x->group_patterns.all.n) {
		memcpy(bits, x->no_group, size);
		add_groups(x, account, bits);
		keep_common(live, bits, x->n_words);
	}
	if (x->clients.n) {
		memcpy(bits, x->no_client, size);
		add_client(x, &r->client, bits);
		keep_common(live, bits, x->n_words);
	}
	if (x->hours.n) {
		memcpy(bits, x->no_hours, size);
		add_hours(x, at->minute, bits);
		keep_common(live, bits, x->n_words);
	}
	for (uint32_t i = 0; i < x->n_words; i++)
		if (live[i])
			return i * 64 + (uint32_t)__builtin_ctzll(live[i]);
	return x->n;
}
