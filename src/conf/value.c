/* Values of one word: numbers, times, names, paths, masks. Lists of addresses: value_list.c. */
#include "conf/value.h"

#include "base/text.h"
#include "conf/report.h"
#include "conf/value_list.h"
#include "proto/sstp/sstp_conf.h"

#include <stdlib.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit time_units[] = { { "ms", 1 }, { "s", 1000 }, { "sec", 1000 },
	{ "min", 60000 }, { "h", 3600000 }, { "d", 86400000 }, { NULL, 0 } };
static const struct unit size_units[] = { { "B", 1 }, { "KiB", 1u << 10 }, { "MiB", 1u << 20 },
	{ "GiB", 1u << 30 }, { "kB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 }, { NULL, 0 } };

/* Digits at the start of v, at most 12 of them; 0 when there are none or more. */
static size_t
leading_number(struct view v, uint64_t *out)
{
	size_t i = 0;

	*out = 0;
	for (; i < v.n && v.p[i] >= '0' && v.p[i] <= '9'; i++) {
		if (i == 12)
			return 0;
		*out = *out * 10 + (uint64_t)(v.p[i] - '0');
	}
	return i;
}

static const struct unit *
unit_find(const struct unit *u, struct view name)
{
	for (; u->name; u++)
		if (view_eq(view_str(u->name), name))
			return u;
	return NULL;
}

/* Sum of numbers with units: "1h30min". */
static const char *
parse_units(struct view v, const struct unit *units, const char *no_unit, const char *bad_unit,
    uint64_t *out)
{
	uint64_t sum = 0;

	if (v.n == 1 && v.p[0] == '0') {
		*out = 0;
		return NULL;
	}
	while (v.n) {
		uint64_t x;
		size_t digits = leading_number(v, &x), n = 0;

		if (digits == 0)
			return bad_unit;
		v = view_of(v.p + digits, v.n - digits);
		while (n < v.n && (v.p[n] < '0' || v.p[n] > '9'))
			n++;
		const struct unit *u = unit_find(units, view_of(v.p, n));
		if (!u)
			return n ? bad_unit : no_unit;
		sum += x * u->factor;
		if (sum > UINT64_MAX >> 8)
			return "is out of range";
		v = view_of(v.p + n, v.n - n);
	}
	*out = sum;
	return NULL;
}

const char *
conf_parse_time(struct view v, uint64_t *out_ms)
{
	if (v.n == 0)
		return "is empty";
	return parse_units(v, time_units, "needs a unit: ms, s, min, h or d, as in 30s",
	    "is not a time: write a number with ms, s, min, h or d, as in 30s or 1h30min", out_ms);
}

const char *
conf_parse_size(struct view v, uint64_t *out_bytes)
{
	if (v.n == 0)
		return "is empty";
	return parse_units(v, size_units, "needs a unit: B, KiB, MiB or GiB, as in 10MiB",
	    "is not a size: write a number with B, KiB, MiB or GiB, as in 10MiB", out_bytes);
}

/* "KEY: TEXT, got WORD". */
static void
refuse(const struct conf_value *v, const struct conf_word *w, const char *why)
{
	char got[CONF_QUOTE_MAX], takes[120];

	conf_error(v->errors, &w->at, "%s: expected %s; %s %s", v->key->name,
	    conf_key_takes(v->key, takes, sizeof(takes)), conf_quote(w->text, got), why);
}

/* A number into a member of one, two or four bytes. */
static void
store(const struct conf_value *v, uint64_t x)
{
	uint8_t *to = (uint8_t *)v->base + v->key->offset;
	uint8_t x8 = (uint8_t)x;
	uint16_t x16 = (uint16_t)x;
	uint32_t x32 = (uint32_t)x;

	switch (v->key->size) {
	case 1:
		memcpy(to, &x8, 1);
		return;
	case 2:
		memcpy(to, &x16, 2);
		return;
	default:
		must(v->key->size == 4);
		memcpy(to, &x32, 4);
	}
}

static void
set_number(const struct conf_value *v, const struct conf_word *w)
{
	uint64_t x;

	if (w->text.n == 0 || leading_number(w->text, &x) != w->text.n)
		refuse(v, w, "is not a number");
	else if (x < v->key->min || x > v->key->max)
		refuse(v, w, "is out of range");
	else
		store(v, x);
}

static void
set_with_unit(const struct conf_value *v, const struct conf_word *w)
{
	uint64_t x = 0, per = v->key->type == CONF_SECONDS ? 1000 : 1;
	const char *why =
	    v->key->type == CONF_SIZE ? conf_parse_size(w->text, &x) : conf_parse_time(w->text, &x);

	if (why)
		refuse(v, w, why);
	else if (x % per)
		refuse(v, w, "is not a whole number of seconds");
	else if (x / per < v->key->min || x / per > v->key->max)
		refuse(v, w, "is out of range");
	else
		store(v, x / per);
}

static void
set_bool(const struct conf_value *v, const struct conf_word *w)
{
	static const char *const no[] = { "no", "off", "false" };
	static const char *const yes[] = { "yes", "on", "true" };

	for (unsigned int i = 0; i < 3; i++) {
		if (text_eq_nocase(w->text, view_str(yes[i]))) {
			store(v, 1);
			return;
		}
		if (text_eq_nocase(w->text, view_str(no[i]))) {
			store(v, 0);
			return;
		}
	}
	refuse(v, w, "is neither");
}

static void
set_choice(const struct conf_value *v, const struct conf_word *w)
{
	const char *at = v->key->choices;
	unsigned int n = 0;

	for (;;) {
		const char *bar = strchr(at, '|');
		struct view word = bar ? view_of(at, (size_t)(bar - at)) : view_str(at);

		if (text_eq_nocase(w->text, word)) {
			store(v, n);
			return;
		}
		n++;
		if (!bar)
			break;
		at = bar + 1;
	}
	refuse(v, w, n == 2 ? "is neither" : "is none of them");
}

static bool
is_name_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* A DNS name: labels of letters, digits and hyphens (RFC 1123 section 2.1). */
static bool
is_host_name(struct view v)
{
	size_t label = 0;

	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '.') {
			if (label == 0 || v.p[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!is_name_byte(v.p[i]) && (v.p[i] != '-' || label == 0))
			return false;
		if (++label > 63)
			return false;
	}
	return label > 0 && v.p[v.n - 1] != '-';
}

/* NULL, or why the text does not suit its type. */
static const char *
text_trouble(const struct conf_key *k, struct view v)
{
	struct ip_addr a;
	bool device_ok = true;

	if (v.n < k->min)
		return "is empty";
	if (v.n > k->max)
		return "is too long";
	for (size_t i = 0; i < v.n; i++)
		device_ok = device_ok && is_name_byte(v.p[i]);
	if (k->type == CONF_HOST && !is_host_name(v) && !ip_parse(v, &a))
		return "is neither";
	if (k->type == CONF_PATH && v.p[0] != '/')
		return "does not begin with /";
	if (k->type == CONF_DEVICE && !device_ok)
		return "holds other characters";
	return NULL;
}

static void
set_text(const struct conf_value *v, const struct conf_word *w)
{
	char *to = (char *)v->base + v->key->offset;
	const char *why = text_trouble(v->key, w->text);

	if (why) {
		refuse(v, w, why);
		return;
	}
	must(view_copy(w->text, to, v->key->size - 1));
	to[w->text.n] = 0;
}

/* In the order of enum encryption. */
static const char *const encryptions[] = { "none", "basic", "strong", "strongest" };

/* One word of a mask. 0: not known; *later: known, but not in this version. */
static unsigned int
mask_bit(const struct conf_key *k, struct view v, bool *later)
{
	*later = false;
	if (k->type == CONF_METHODS) {
		enum auth_method m = auth_method_by_name(v);
		*later = m == AUTH_MSCHAP || m == AUTH_EAP;
		return m == AUTH_NONE ? 0 : AUTH_BIT(m);
	}
	if (k->type == CONF_TUNNELS) {
		enum tunnel_kind t = tunnel_by_name(v);
		return t == TUNNEL_NONE ? 0 : 1u << t;
	}
	if (k->type == CONF_ENCRYPTION) {
		for (unsigned int i = 0; i < 4; i++)
			if (text_eq_nocase(v, view_str(encryptions[i])))
				return 1u << i;
		return 0;
	}
	return text_eq_nocase(v, view_str("sha256")) ? SSTP_HASH_SHA256
	       : text_eq_nocase(v, view_str("sha1")) ? SSTP_HASH_SHA1
	                                             : 0;
}

static void
near_mask(struct conf_near *n, enum conf_type type)
{
	static const char *const words[] = { "mschapv2", "chap", "pap", "sstp", "pptp", "l2tp",
		"ikev2", "sha256", "sha1" };
	unsigned int first = type == CONF_METHODS ? 0 : type == CONF_TUNNELS ? 3 : 7;
	unsigned int end = type == CONF_METHODS ? 3 : type == CONF_TUNNELS ? 7 : 9;

	for (unsigned int i = 0; type == CONF_ENCRYPTION && i < 4; i++)
		conf_near_try(n, encryptions[i]);
	for (unsigned int i = first; type != CONF_ENCRYPTION && i < end; i++)
		conf_near_try(n, words[i]);
}

/* Words of a mask add up; what is stored already stays. */
static void
set_mask(const struct conf_value *v)
{
	const uint8_t *at = (const uint8_t *)v->base + v->key->offset;
	unsigned int mask = 0;

	if (v->key->size == 1)
		mask = at[0];
	else
		memcpy(&mask, at, sizeof(mask));
	for (const struct conf_word *w = v->stmt->words; w; w = w->next) {
		char got[CONF_QUOTE_MAX], takes[120];
		bool later;
		unsigned int bit = mask_bit(v->key, w->text, &later);

		if (bit && !later) {
			mask |= bit;
			continue;
		}
		if (later) {
			conf_error(v->errors, &w->at,
			    "%s: the method %s is not in this version; expected %s", v->key->name,
			    conf_quote(w->text, got), conf_key_takes(v->key, takes, sizeof(takes)));
			continue;
		}
		struct conf_near near;
		conf_near_init(&near, w->text);
		near_mask(&near, v->key->type);
		conf_error(v->errors, &w->at, "%s: expected %s; %s is none of them%s", v->key->name,
		    conf_key_takes(v->key, takes, sizeof(takes)), conf_quote(w->text, got),
		    conf_near_text(&near));
	}
	store(v, mask);
}

bool
conf_type_is_list(enum conf_type type)
{
	switch (type) {
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
	case CONF_PREFIX6:
		return false;
	case CONF_POOL_NAMES:
	case CONF_ENCRYPTION:
	case CONF_ROUTES:
	case CONF_HOURS:
	case CONF_ADDRESSES:
	case CONF_ADDRESSES6:
	case CONF_RANGES:
	case CONF_ENDPOINTS:
	case CONF_PREFIXES:
	case CONF_PATTERNS:
	case CONF_REALMS:
	case CONF_NAMES:
	case CONF_METHODS:
	case CONF_TUNNELS:
	case CONF_HASHES:
		return true;
	}
	return false;
}

static void
set_one_word(const struct conf_value *v, const struct conf_word *w)
{
	switch (v->key->type) {
	case CONF_BOOL:
		set_bool(v, w);
		return;
	case CONF_CHOICE:
		set_choice(v, w);
		return;
	case CONF_NUMBER:
		set_number(v, w);
		return;
	case CONF_SIZE:
	case CONF_MS:
	case CONF_SECONDS:
		set_with_unit(v, w);
		return;
	case CONF_TEXT:
	case CONF_HOST:
	case CONF_PATH:
	case CONF_DEVICE:
		set_text(v, w);
		return;
	case CONF_PREFIX6:
		conf_value_set_prefix6(v, w);
		return;
	case CONF_POOL_NAMES:
	case CONF_ENCRYPTION:
	case CONF_ROUTES:
	case CONF_HOURS:
	case CONF_ADDRESSES:
	case CONF_ADDRESSES6:
	case CONF_RANGES:
	case CONF_ENDPOINTS:
	case CONF_PREFIXES:
	case CONF_PATTERNS:
	case CONF_REALMS:
	case CONF_NAMES:
	case CONF_METHODS:
	case CONF_TUNNELS:
	case CONF_HASHES:
		return;
	}
}

void
conf_value_set(const struct conf_value *v)
{
	const struct conf_word *w = v->stmt->words;
	char takes[120];

	if (!w) {
		conf_error(v->errors, &v->stmt->end, "%s: a value is missing; expected %s",
		    v->key->name, conf_key_takes(v->key, takes, sizeof(takes)));
		return;
	}
	if (view_eq(w->text, view_str("=")) && !w->quoted) {
		conf_error(
		    v->errors, &w->at, "\"=\" is not used here; write: %s VALUE", v->key->name);
		return;
	}
	if (v->key->type == CONF_METHODS || v->key->type == CONF_TUNNELS ||
	    v->key->type == CONF_HASHES || v->key->type == CONF_ENCRYPTION) {
		set_mask(v);
		return;
	}
	if (conf_type_is_list(v->key->type)) {
		conf_value_set_list(v);
		return;
	}
	if (w->next)
		conf_error(v->errors, &w->next->at,
		    "%s takes one value; put \"quotes\" around a text with blanks, or a \";\" "
		    "before the next setting",
		    v->key->name);
	else
		set_one_word(v, w);
}

void
conf_value_clear(const struct conf_key *k, void *base)
{
	uint8_t *at = (uint8_t *)base + k->offset;

	if (k->type == CONF_PREFIXES || k->type == CONF_PATTERNS) {
		void *list;
		memcpy(&list, at, sizeof(list));
		free(list);
	}
	memset(at, 0, k->size);
	if (conf_type_is_list(k->type) && k->count_offset)
		memset((uint8_t *)base + k->count_offset, 0, sizeof(unsigned int));
}
