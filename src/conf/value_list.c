/*
 * Values that are lists: addresses, ranges, endpoints, prefixes, name patterns, realms. The words
 * of one setting, and of further settings with the same key, add up to one list.
 */
#include "conf/value_list.h"

#include "base/hours.h"
#include "conf/report.h"

#include <stdio.h>
#include <stdlib.h>

static unsigned int *
counter(const struct conf_value *v)
{
	return (unsigned int *)(void *)((uint8_t *)v->base + v->key->count_offset);
}

static void *
member(const struct conf_value *v)
{
	return (uint8_t *)v->base + v->key->offset;
}

/* "KEY: expected TAKES; WORD why" at w. */
static void
refuse(const struct conf_value *v, const struct conf_word *w, const char *why)
{
	char got[CONF_QUOTE_MAX], takes[120];

	conf_error(v->errors, &w->at, "%s: expected %s; %s %s", v->key->name,
	    conf_key_takes(v->key, takes, sizeof(takes)), conf_quote(w->text, got), why);
}

/* Whether one more fits into a list of n; reported when not. */
static bool
has_room(const struct conf_value *v, const struct conf_word *w, unsigned int n)
{
	if (n < v->key->max)
		return true;
	conf_error(v->errors, &w->at, "%s: more than %u values", v->key->name, v->key->max);
	return false;
}

static void
add_address(const struct conf_value *v, const struct conf_word *w)
{
	struct ip_addr *list = member(v);
	unsigned int n = 0;
	struct ip_addr a;

	while (n < v->key->max && list[n].family != IP_NONE)
		n++;
	if (!ip_parse(w->text, &a))
		refuse(v, w, "is not an address");
	else if (v->key->type == CONF_ADDRESSES && a.family != IP_V4)
		refuse(v, w, "is IPv6: write it as dns6");
	else if (v->key->type == CONF_ADDRESSES6 && a.family != IP_V6)
		refuse(v, w, "is IPv4: write it as dns");
	else if (ip_is_none(&a))
		refuse(v, w, "is not the address of a host");
	else if (has_room(v, w, n))
		list[n] = a;
}

/* An address that a client can be given: not 0/8, 127/8, multicast or above. */
static const char *
unusable(const struct ip_addr *a)
{
	if (a->family != IP_V4)
		return "is IPv6: write the prefix as prefix6";
	if (a->b[0] == 0 || a->b[0] == 127 || a->b[0] >= 224)
		return "cannot be given to clients";
	return NULL;
}

struct conf_range
conf_prefix_range(const struct ip_prefix *p)
{
	uint32_t mask = p->len ? UINT32_MAX << (32 - p->len) : 0;
	uint32_t first = ip_v4_u32(&p->addr) & mask, last = first | ~mask;

	if (p->len < 31) { /* RFC 3021: a /31 has no network and no broadcast address */
		first++;
		last--;
	}
	return (struct conf_range){ .first = ip_v4(first), .last = ip_v4(last) };
}

/* "10.0.0.5/24" is most likely a slip: names the prefix that was meant. */
static const char *
host_bits(const struct ip_prefix *p, char *why, size_t cap)
{
	struct ip_prefix clean = *p;
	char text[ADDR_TEXT_MAX];

	for (unsigned int i = p->len; i < (p->addr.family == IP_V4 ? 32u : 128u); i++)
		clean.addr.b[i / 8] = (uint8_t)(clean.addr.b[i / 8] & ~(0x80u >> (i % 8)));
	if (ip_equal(&clean.addr, &p->addr))
		return NULL;
	snprintf(why, cap, "has bits behind its length (did you mean %s/%u?)",
	    ip_text(&clean.addr, text), p->len);
	return why;
}

/* RFC 4291 section 2.4, RFC 4193: what a client can be given is global, or unique and local. */
static bool
is_unicast6(const struct ip_addr *a)
{
	return (a->b[0] & 0xe0) == 0x20 || (a->b[0] & 0xfe) == 0xfc;
}

void
conf_value_set_prefix6(const struct conf_value *v, const struct conf_word *w)
{
	struct ip_prefix p;
	char why[120];

	if (!ip_prefix_parse(w->text, &p) || p.addr.family != IP_V6)
		refuse(v, w, "is none");
	else if (p.len < v->key->min || p.len > v->key->max)
		refuse(v, w, "has another length");
	else if (!is_unicast6(&p.addr))
		refuse(v, w, "cannot be given to clients");
	else if (host_bits(&p, why, sizeof(why)))
		refuse(v, w, why);
	else
		memcpy(member(v), &p, sizeof(p));
}

/* A word of the form FIRST-LAST, FIRST or PREFIX. NULL, or why not. */
static const char *
parse_range_word(struct view v, struct conf_range *out, char *why, size_t cap)
{
	const uint8_t *dash = v.n ? memchr(v.p, '-', v.n) : NULL;
	struct ip_prefix p;

	if (dash) {
		size_t n = (size_t)(dash - v.p);
		return ip_parse(view_of(v.p, n), &out->first) &&
		               ip_parse(view_of(dash + 1, v.n - n - 1), &out->last)
		           ? NULL
		           : "is not a range";
	}
	if (!ip_prefix_parse(v, &p))
		return "is not a range";
	if (p.addr.family != IP_V4)
		return unusable(&p.addr);
	if (p.len < 8)
		return "is too large";
	if (host_bits(&p, why, cap))
		return why;
	*out = conf_prefix_range(&p);
	return NULL;
}

/* NULL, or why addresses cannot be leased from the range. */
static const char *
range_trouble(const struct conf_range *r)
{
	const char *why = unusable(&r->first);

	if (!why)
		why = unusable(&r->last);
	if (!why && ip_v4_u32(&r->first) > ip_v4_u32(&r->last))
		why = "ends before it begins";
	return why;
}

static bool
is_dash(const struct conf_word *w)
{
	return w && view_eq(w->text, view_str("-"));
}

/* One range, of one word or of three (FIRST - LAST). Returns its last word. */
static const struct conf_word *
add_range(const struct conf_value *v, const struct conf_word *w)
{
	struct conf_range *list = member(v);
	const struct conf_word *end = w;
	struct conf_range r;
	const char *why;
	char hint[120];

	if (is_dash(w->next)) {
		end = w->next->next;
		if (!end) {
			refuse(v, w->next, "has no address behind it");
			return w->next;
		}
		why = ip_parse(w->text, &r.first) ? NULL : "is not an address";
		if (!why && !ip_parse(end->text, &r.last)) {
			refuse(v, end, "is not an address");
			return end;
		}
	} else {
		why = parse_range_word(w->text, &r, hint, sizeof(hint));
	}
	if (!why)
		why = range_trouble(&r);
	if (why) {
		refuse(v, w, why);
	} else if (has_room(v, w, *counter(v))) {
		if (v->item_at)
			v->item_at[*counter(v)] = w->at;
		list[(*counter(v))++] = r;
	}
	return end;
}

/* What is wrong with a listening endpoint; NULL when it can be parsed. */
static const char *
endpoint_trouble(struct view v, struct endpoint *out)
{
	struct ip_addr a;

	if (endpoint_parse(v, out))
		return out->port ? NULL : "has port 0";
	if (ip_parse(v, &a))
		return a.family == IP_V4 ? "lacks the port, as in 0.0.0.0:443"
		                         : "lacks the port, as in [::]:443";
	return "is not one";
}

static void
add_endpoint(const struct conf_value *v, const struct conf_word *w)
{
	struct endpoint *list = member(v), e = { 0 };
	unsigned int *n = counter(v);
	const char *why = endpoint_trouble(w->text, &e);

	if (why) {
		refuse(v, w, why);
	} else if (has_room(v, w, *n)) {
		if (v->item_at)
			v->item_at[*n] = w->at;
		list[(*n)++] = e;
	}
}

/* A list on the heap, grown by one zeroed item; NULL: memory, reported. */
static void *
grow(const struct conf_value *v, const struct conf_word *w, size_t item)
{
	unsigned int *n = counter(v);
	uint8_t *list;

	memcpy(&list, member(v), sizeof(list));
	list = realloc(list, (*n + 1) * item);
	if (!list) {
		conf_error(v->errors, &w->at, "out of memory");
		return NULL;
	}
	memcpy(member(v), &list, sizeof(list));
	memset(list + *n * item, 0, item);
	return list + (*n)++ * item;
}

static void
add_prefix(const struct conf_value *v, const struct conf_word *w)
{
	struct ip_prefix p, *to;
	char why[120];

	if (!ip_prefix_parse(w->text, &p))
		refuse(v, w, "is neither");
	else if (host_bits(&p, why, sizeof(why)))
		refuse(v, w, why);
	else if (has_room(v, w, *counter(v)) && (to = grow(v, w, sizeof(*to))))
		*to = p;
}

static void
add_pattern(const struct conf_value *v, const struct conf_word *w)
{
	char *to;

	if (w->text.n == 0)
		refuse(v, w, "is empty");
	else if (w->text.n >= POLICY_NAME_MAX)
		refuse(v, w, "is too long");
	else if (has_room(v, w, *counter(v)) && (to = grow(v, w, POLICY_NAME_MAX)))
		memcpy(to, w->text.p, w->text.n);
}

static void
add_realm(const struct conf_value *v, const struct conf_word *w)
{
	char(*list)[256] = member(v);
	unsigned int *n = counter(v);

	if (w->text.n == 0)
		refuse(v, w, "is empty");
	else if (w->text.n >= sizeof(list[0]))
		refuse(v, w, "is too long");
	else if (memchr(w->text.p, '@', w->text.n))
		refuse(v, w, "holds an @: write only what stands behind it");
	else if (has_room(v, w, *n))
		memcpy(list[(*n)++], w->text.p, w->text.n);
}

static void
add_pool_name(const struct conf_value *v, const struct conf_word *w)
{
	char(*list)[POOL_NAME_MAX] = member(v);
	unsigned int *n = counter(v);

	if (w->text.n == 0)
		refuse(v, w, "is empty");
	else if (w->text.n >= sizeof(list[0]))
		refuse(v, w, "is too long");
	else if (has_room(v, w, *n))
		memcpy(list[(*n)++], w->text.p, w->text.n);
}

static void
add_route(const struct conf_value *v, const struct conf_word *w)
{
	struct ip_prefix *list = member(v), p;
	unsigned int *n = counter(v);
	char why[120];

	if (!ip_prefix_parse(w->text, &p))
		refuse(v, w, "is neither");
	else if (host_bits(&p, why, sizeof(why)))
		refuse(v, w, why);
	else if (has_room(v, w, *n))
		list[(*n)++] = p;
}

static void
add_hours(const struct conf_value *v, const struct conf_word *w)
{
	const char *why = hours_parse(w->text, member(v));

	if (why)
		refuse(v, w, why);
}

/* What can stand in a TLS server_name, kept in lower case; "*" as the whole first label. */
static bool
is_site_name(struct view v)
{
	if (v.n == 0 || v.n > 253)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];
		bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
		bool star = c == '*' && i == 0 && (v.n == 1 || (v.n > 2 && v.p[1] == '.'));
		if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.' && !star)
			return false;
	}
	return v.p[0] != '.' && v.p[v.n - 1] != '.';
}

static void
add_name(const struct conf_value *v, const struct conf_word *w)
{
	char(*list)[256] = member(v);
	unsigned int *n = counter(v);
	struct ip_addr a;

	if (!is_site_name(w->text)) {
		refuse(v, w, "is none of them");
	} else if (ip_parse(w->text, &a)) {
		refuse(v, w, "is an address, which TLS does not ask for");
	} else if (has_room(v, w, *n)) {
		for (size_t i = 0; i < w->text.n; i++) {
			uint8_t c = w->text.p[i];
			list[*n][i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
		}
		(*n)++;
	}
}

static const struct conf_word *
add_item(const struct conf_value *v, const struct conf_word *w)
{
	switch (v->key->type) {
	case CONF_ADDRESSES:
	case CONF_ADDRESSES6:
		add_address(v, w);
		return w;
	case CONF_RANGES:
		return add_range(v, w);
	case CONF_ENDPOINTS:
		add_endpoint(v, w);
		return w;
	case CONF_PREFIXES:
		add_prefix(v, w);
		return w;
	case CONF_PATTERNS:
		add_pattern(v, w);
		return w;
	case CONF_REALMS:
		add_realm(v, w);
		return w;
	case CONF_POOL_NAMES:
		add_pool_name(v, w);
		return w;
	case CONF_ROUTES:
		add_route(v, w);
		return w;
	case CONF_HOURS:
		add_hours(v, w);
		return w;
	case CONF_NAMES:
		add_name(v, w);
		return w;
	case CONF_BOOL:
	case CONF_CHOICE:
	case CONF_NUMBER:
	case CONF_SIZE:
	case CONF_MS:
	case CONF_SECONDS:
	case CONF_TEXT:
	case CONF_HOST:
	case CONF_PATH:
	case CONF_DEVICE:
	case CONF_METHODS:
	case CONF_TUNNELS:
	case CONF_HASHES:
	case CONF_ENCRYPTION:
	case CONF_PREFIX6:
		return w;
	}
	return w;
}

void
conf_value_set_list(const struct conf_value *v)
{
	for (const struct conf_word *w = v->stmt->words; w; w = w->next)
		w = add_item(v, w);
}
