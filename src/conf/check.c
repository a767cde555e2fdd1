/*
 * Checks of a configuration that look at several settings at once. Each error stands at the setting
 * that a person would change. What concerns one value alone is value.c's.
 */
#include "conf/places.h"
#include "conf/report.h"
#include "conf/schema.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

/* More would be a slip, and its lease table would fill the memory. */
#define POOL_ADDRESSES_MAX (1u << 20)

#define RANGE_TEXT_MAX (2 * ADDR_TEXT_MAX + 4)

static char *
range_text(const struct conf_range *r, char out[RANGE_TEXT_MAX])
{
	char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];

	snprintf(
	    out, RANGE_TEXT_MAX, "%s - %s", ip_text(&r->first, first), ip_text(&r->last, last));
	return out;
}

static bool
overlap(const struct conf_range *a, const struct conf_range *b)
{
	return ip_v4_u32(&a->first) <= ip_v4_u32(&b->last) &&
	       ip_v4_u32(&b->first) <= ip_v4_u32(&a->last);
}

/* Range r of pool i against all that stand before it. */
static void
check_range(const struct conf *c, const struct conf_places *p, unsigned int i, unsigned int r,
    struct conf_errors *errors)
{
	const struct conf_range *range = &c->pools[i].ranges[r];
	char other[RANGE_TEXT_MAX], mine[RANGE_TEXT_MAX], name[CONF_QUOTE_MAX];

	for (unsigned int j = 0; j <= i; j++) {
		const struct conf_pool *pool = &c->pools[j];
		for (unsigned int k = 0; k < (j == i ? r : pool->n_ranges); k++) {
			if (!overlap(range, &pool->ranges[k]))
				continue;
			conf_error(errors, &p->ranges[i][r],
			    "range %s overlaps %s of pool %s in line %u", range_text(range, mine),
			    range_text(&pool->ranges[k], other),
			    conf_quote(view_str(pool->name), name), p->ranges[j][k].line);
			return;
		}
	}
}

/* The very first address is the server's own, so the first pool with a range needs two. */
static void
check_pool_size(const struct conf_pool *pool, bool is_first, const struct conf_seen *seen,
    struct conf_errors *errors)
{
	const struct conf_at *at = conf_seen_key(seen, BLOCK_POOL, "range");
	char name[CONF_QUOTE_MAX];
	uint64_t n = 0;

	for (unsigned int r = 0; r < pool->n_ranges; r++)
		n += (uint64_t)ip_v4_u32(&pool->ranges[r].last) -
		     ip_v4_u32(&pool->ranges[r].first) + 1;
	conf_quote(view_str(pool->name), name);
	if (!seen->at.file) /* the built-in pool */
		return;
	if (!at && conf_seen_key(seen, BLOCK_POOL, "prefix6"))
		return; /* IPv6 only */
	if (!at)
		conf_error(errors, &seen->at,
		    "pool %s is empty: expected a range, as in range 10.20.0.1 - 10.20.0.254",
		    name);
	else if (n == 1 && is_first)
		conf_error(errors, at,
		    "pool %s has no address for a client: its first one is the server's own", name);
	else if (n > POOL_ADDRESSES_MAX)
		conf_error(
		    errors, at, "pool %s has more than %u addresses", name, POOL_ADDRESSES_MAX);
}

/* The prefix of pool i against those of the pools before it. */
static void
check_prefix6(
    const struct conf *c, const struct conf_places *p, unsigned int i, struct conf_errors *errors)
{
	const struct ip_prefix *mine = &c->pools[i].prefix6;
	const struct conf_at *at = conf_seen_key(&p->pools[i], BLOCK_POOL, "prefix6");
	char name[CONF_QUOTE_MAX];

	for (unsigned int j = 0; at && j < i; j++) {
		const struct ip_prefix *other = &c->pools[j].prefix6;
		if (other->len == 0 || mine->len == 0 ||
		    !(ip_in_prefix(&mine->addr, other) || ip_in_prefix(&other->addr, mine)))
			continue;
		conf_error(errors, at, "prefix6 overlaps that of pool %s",
		    conf_quote(view_str(c->pools[j].name), name));
		return;
	}
}

/* The pool whose first address is ours; n_pools: no pool has a range. */
static unsigned int
first_with_range(const struct conf *c)
{
	unsigned int i = 0;

	while (i < c->n_pools && c->pools[i].n_ranges == 0)
		i++;
	return i;
}

/* A session without IPv4 is easily taken for a fault: it is said when nothing else could come. */
static void
check_ipv4_pool(const struct conf *c, const struct conf_places *p, struct conf_errors *errors)
{
	unsigned int first = first_with_range(c);
	char name[CONF_QUOTE_MAX];

	if (!c->ipv4_enabled || first == 0 || !p->pools[0].at.file || c->pools[0].prefix6.len == 0)
		return; /* an empty pool is an error of its own */
	conf_quote(view_str(c->pools[0].name), name);
	if (first == c->n_pools)
		conf_warning(errors, &p->pools[0].at,
		    "no pool has a range, so no session gets an IPv4 address: add one to pool "
		    "%s, as in range 10.20.0.1 - 10.20.0.254, or say ipv4 no in \"server\"",
		    name);
	else
		conf_warning(errors, &p->pools[0].at,
		    "pool %s is the first and has no range: policies that name no pool use it "
		    "and give no IPv4 address; put a pool with a range first, or name the pools "
		    "in the policies",
		    name);
}

static void
check_pools(const struct conf *c, const struct conf_places *p, struct conf_errors *errors)
{
	char name[CONF_QUOTE_MAX];

	for (unsigned int i = 0; i < c->n_pools; i++) {
		const struct conf_pool *pool = &c->pools[i];
		for (unsigned int j = 0; j < i; j++) {
			if (!pool->name[0] ||
			    !text_eq_nocase(view_str(pool->name), view_str(c->pools[j].name)))
				continue;
			conf_error(errors, &p->pools[i].at,
			    "there are two pools %s; the other is in line %u",
			    conf_quote(view_str(pool->name), name), p->pools[j].at.line);
			break;
		}
		for (unsigned int r = 0; r < pool->n_ranges; r++)
			check_range(c, p, i, r, errors);
		check_prefix6(c, p, i, errors);
		check_pool_size(pool, i == first_with_range(c), &p->pools[i], errors);
	}
	check_ipv4_pool(c, p, errors);
}

/* Whether one listener takes the other's packets, so that the second cannot be bound. */
static bool
same_listener(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && a->addr.family == b->addr.family &&
	       (ip_equal(&a->addr, &b->addr) || ip_is_none(&a->addr) || ip_is_none(&b->addr));
}

static void
check_listeners(const struct conf *c, const struct conf_places *p, struct conf_errors *errors)
{
	char mine[ENDPOINT_TEXT_MAX], other[ENDPOINT_TEXT_MAX];

	for (unsigned int i = 0; i < c->n_sstp_listeners; i++) {
		for (unsigned int j = 0; j < i && p->listeners[i].file; j++) {
			if (!same_listener(&c->sstp_listeners[i], &c->sstp_listeners[j]))
				continue;
			conf_error(errors, &p->listeners[i], "listen: %s is covered by %s already",
			    endpoint_text(&c->sstp_listeners[i], mine),
			    endpoint_text(&c->sstp_listeners[j], other));
			break;
		}
	}
}

/* It becomes a line of an HTTP answer. */
static void
check_redirect(const struct conf *c, const struct conf_at *at, struct conf_errors *errors)
{
	const char *url = c->sstp_web_redirect;
	bool plain = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;

	for (const char *p = url; *p; p++)
		plain = plain && *p > ' ' && *p < 0x7f;
	if (at && url[0] && !plain)
		conf_error(errors, at,
		    "web-redirect: expected a URL of printable characters, as in "
		    "https://www.example.org/");
}

static void
check_sstp(const struct conf *c, const struct conf_places *p, struct conf_errors *errors)
{
	const struct conf_seen *s = &p->common;
	const struct conf_at *certificate = conf_seen_key(s, BLOCK_SSTP, "certificate");
	const struct conf_at *key = conf_seen_key(s, BLOCK_SSTP, "key");
	const struct conf_at *per = conf_seen_key(s, BLOCK_SSTP, "half-open-per-source");
	const struct conf_at *all = conf_seen_key(s, BLOCK_SSTP, "half-open");

	check_listeners(c, p, errors);
	check_redirect(c, conf_seen_key(s, BLOCK_SSTP, "web-redirect"), errors);
	if (certificate && !key)
		conf_error(errors, certificate, "certificate without key: add key \"FILE\"");
	if (key && !certificate)
		conf_error(errors, key, "key without certificate: add certificate \"FILE\"");
	if (!key && !certificate && c->n_certificates == 0 && p->sstp_block.file && c->sstp_enabled)
		conf_warning(errors, &p->sstp_block,
		    "no certificate is named: rrasd makes a certification authority and a "
		    "certificate of its own, and clients must trust that authority");
	if ((per || all) && c->sstp_half_open_per_source > c->sstp_half_open)
		conf_error(errors, per ? per : all,
		    "half-open-per-source (%u) is more than half-open (%u)",
		    c->sstp_half_open_per_source, c->sstp_half_open);
}

static void
check_certificates(const struct conf *c, const struct conf_places *p, struct conf_errors *errors)
{
	char name[CONF_QUOTE_MAX];

	for (unsigned int i = 0; i < c->n_certificates; i++) {
		const struct conf_certificate *cert = &c->certificates[i];
		const struct conf_at *at = &p->certificates[i].at;
		conf_quote(view_str(cert->label), name);
		if (!conf_seen_key(&p->certificates[i], BLOCK_CERTIFICATE, "chain"))
			conf_error(
			    errors, at, "certificate %s without chain: add chain \"FILE\"", name);
		if (!conf_seen_key(&p->certificates[i], BLOCK_CERTIFICATE, "key"))
			conf_error(
			    errors, at, "certificate %s without key: add key \"FILE\"", name);
		for (unsigned int j = 0; j < cert->n_names; j++)
			if (strcmp(cert->names[j], "*") == 0)
				conf_error(errors, at,
				    "certificate %s: name * is not used; the first certificate is "
				    "for everybody else",
				    name);
		for (unsigned int j = 0; j < i; j++)
			if (cert->label[0] && strcmp(cert->label, c->certificates[j].label) == 0)
				conf_error(errors, at,
				    "there are two certificates %s; the other is in line %u", name,
				    p->certificates[j].at.line);
	}
}

/* Another policy's index with the same name or order, for duplicates in one pass of sorting. */
struct policy_ref {
	const struct conf_policy *policy;
	const struct conf_seen *seen;
};

static int
by_name(const void *a, const void *b)
{
	const struct policy_ref *x = a, *y = b;
	int d = strcasecmp(x->policy->name, y->policy->name);

	return d ? d : (x->policy->id < y->policy->id ? -1 : 1);
}

static int
by_order(const void *a, const void *b)
{
	const struct policy_ref *x = a, *y = b;

	if (x->policy->order != y->policy->order)
		return x->policy->order < y->policy->order ? -1 : 1;
	return x->policy->id < y->policy->id ? -1 : 1;
}

static void
check_duplicate_policies(
    const struct conf *c, const struct conf_places *p, struct conf_errors *errors)
{
	struct policy_ref *refs = calloc(c->n_policies + 1, sizeof(*refs));
	char name[CONF_QUOTE_MAX];

	if (!refs) {
		conf_error(errors, &p->policies[0].at, "out of memory");
		return;
	}
	for (unsigned int i = 0; i < c->n_policies; i++)
		refs[i] = (struct policy_ref){ &c->policies[i], &p->policies[i] };
	qsort(refs, c->n_policies, sizeof(*refs), by_name);
	for (unsigned int i = 1; i < c->n_policies; i++) {
		const struct conf_policy *a = refs[i - 1].policy, *b = refs[i].policy;
		if (b->name[0] && strcasecmp(a->name, b->name) == 0)
			conf_error(errors, &refs[i].seen->at,
			    "there are two policies %s; the other is in line %u",
			    conf_quote(view_str(b->name), name), refs[i - 1].seen->at.line);
	}
	qsort(refs, c->n_policies, sizeof(*refs), by_order);
	for (unsigned int i = 1; i < c->n_policies; i++) {
		const struct conf_at *at = conf_seen_key(refs[i].seen, BLOCK_POLICY, "order");
		const struct conf_at *before =
		    conf_seen_key(refs[i - 1].seen, BLOCK_POLICY, "order");
		if (at && before && refs[i].policy->order == refs[i - 1].policy->order)
			conf_error(errors, at, "order %u is taken by policy %s in line %u",
			    refs[i].policy->order,
			    conf_quote(view_str(refs[i - 1].policy->name), name), before->line);
	}
	free(refs);
}

static bool
has_pool(const struct conf *c, const char *name)
{
	for (unsigned int i = 0; i < c->n_pools; i++)
		if (strcmp(c->pools[i].name, name) == 0)
			return true;
	return false;
}

static void
check_pool_named(
    const struct conf *c, const char *pool, const struct conf_at *at, struct conf_errors *errors)
{
	char name[CONF_QUOTE_MAX];
	struct conf_near near;

	if (has_pool(c, pool))
		return;
	conf_near_init(&near, view_str(pool));
	for (unsigned int k = 0; k < c->n_pools; k++)
		conf_near_try(&near, c->pools[k].name);
	conf_error(errors, at, "there is no pool %s%s", conf_quote(view_str(pool), name),
	    conf_near_text(&near));
}

static void
check_policy_pools(const struct conf *c, const struct profile *profile, const struct conf_at *at,
    struct conf_errors *errors)
{
	for (unsigned int i = 0; i < profile->n_pools; i++)
		check_pool_named(c, profile->pools[i], at, errors);
}

static void
check_policies(const struct conf *c, const struct conf_places *p, struct conf_errors *errors)
{
	char text[64];

	for (unsigned int i = 0; i < c->n_policies; i++) {
		const struct conf_policy *policy = &c->policies[i];
		const struct conf_seen *seen = &p->policies[i];
		const struct conf_at *pool = conf_seen_key(seen, BLOCK_POLICY, "pool");
		const struct conf_at *pool6 = conf_seen_key(seen, BLOCK_POLICY, "ipv6-pool");
		const struct conf_at *allow = conf_seen_key(seen, BLOCK_POLICY, "allow-methods");
		const struct conf_at *tunnel = conf_seen_key(seen, BLOCK_POLICY, "tunnel");
		unsigned int off = policy->method_mask & ~c->method_mask;

		if (pool)
			check_policy_pools(c, &policy->profile, pool, errors);
		if (pool6 && policy->profile.ipv6_pool[0])
			check_pool_named(c, policy->profile.ipv6_pool, pool6, errors);
		if (allow && off)
			conf_warning(errors, allow,
			    "allow-methods: %s is not among the methods of the server and is "
			    "never used",
			    auth_mask_text(off, text, sizeof(text)));
		if (tunnel && policy->tunnel_mask && !(policy->tunnel_mask & 1u << TUNNEL_SSTP))
			conf_warning(errors, tunnel,
			    "tunnel: only sstp is in this version; this policy never matches");
	}
	check_duplicate_policies(c, p, errors);
}

void
conf_check(const struct conf *c, const struct conf_places *p, struct conf_errors *errors)
{
	check_pools(c, p, errors);
	check_sstp(c, p, errors);
	check_certificates(c, p, errors);
	check_policies(c, p, errors);
	conf_check_webs(c, p, errors);
}
