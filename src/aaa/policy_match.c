/*
 * Conditions: whether a policy speaks of this request; values inside one condition are
 * alternatives, conditions are all required. Constraints: what it then demands. In words for people
 * too. See policy_priv.h.
 */
#include "aaa/policy_priv.h"

#include "base/text.h"

/* The byte behind the character at i. */
static size_t
next_char(struct view text, size_t i)
{
	i++;
	while (i < text.n && (text.p[i] & 0xc0) == 0x80)
		i++;
	return i;
}

/*
 * Walks both once; after a mismatch only the last star is widened, so the work is at most the
 * product of the lengths.
 */
bool
pattern_covers(const char *pattern, struct view text)
{
	const char *p = pattern, *star = NULL;
	size_t i = 0, star_i = 0;

	while (i < text.n) {
		if (*p == '*') {
			star = p++;
			star_i = i;
		} else if (*p == '?') {
			p++;
			i = next_char(text, i);
		} else if (*p && (uint8_t)*p == text.p[i]) {
			p++;
			i++;
		} else if (star) {
			p = star + 1;
			i = star_i = next_char(text, star_i);
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return *p == 0;
}

static bool
user_matches(const struct policy *p, const struct policy_request *r)
{
	for (unsigned int i = 0; i < p->n_users; i++) {
		if (pattern_covers(p->users[i], r->user))
			return true;
		if (strpbrk(p->users[i], "\\@") && pattern_covers(p->users[i], r->full))
			return true;
	}
	return p->n_users == 0;
}

static bool
in_group(const struct account *a, const char *pattern)
{
	const char *g = a->groups;

	for (unsigned int i = 0; i < a->n_groups; i++, g += strlen(g) + 1)
		if (pattern_covers(pattern, view_str(g)))
			return true;
	return false;
}

static bool
group_matches(const struct policy *p, const struct account *a)
{
	for (unsigned int i = 0; a && i < p->n_groups; i++)
		if (in_group(a, p->groups[i]))
			return true;
	return p->n_groups == 0;
}

/* An empty list takes all. */
static bool
in_prefixes(const struct ip_addr *a, const struct ip_prefix *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (ip_in_prefix(a, &list[i]))
			return true;
	return n == 0;
}

static bool
client_matches(const struct policy *p, const struct ip_addr *client)
{
	return in_prefixes(client, p->clients, p->n_clients);
}

/* Appends a word to a list for people; what does not fit is cut. */
static void
list_word(char *out, size_t cap, const char *word)
{
	size_t n = strlen(out);

	if (n > 0 && n + 2 < cap) {
		memcpy(out + n, ", ", 3);
		n += 2;
	}
	text_escape(view_str(word), out + n, cap - n);
}

static void
list_words(char *out, size_t cap, char *const *words, unsigned int n)
{
	out[0] = 0;
	for (unsigned int i = 0; i < n && strlen(out) + 2 < cap; i++)
		list_word(out, cap, words[i]);
}

static void
list_groups(char *out, size_t cap, const struct account *a)
{
	const char *g = a ? a->groups : NULL;

	memcpy(out, "no group", sizeof("no group"));
	if (a && a->n_groups)
		out[0] = 0;
	for (unsigned int i = 0; a && i < a->n_groups && strlen(out) + 2 < cap; i++) {
		list_word(out, cap, g);
		g += strlen(g) + 1;
	}
}

static void
list_prefixes(char *out, size_t cap, const struct ip_prefix *p, unsigned int n)
{
	char addr[ADDR_TEXT_MAX];

	out[0] = 0;
	for (unsigned int i = 0; i < n && strlen(out) + 2 < cap; i++) {
		uint8_t word[ADDR_TEXT_MAX + 8];
		struct wr w = wr_over(word, sizeof(word));
		wr_fmt(&w, "%s/%u", ip_text(&p[i].addr, addr), p[i].len);
		wr_u8(&w, 0);
		must(wr_done(&w));
		list_word(out, cap, (const char *)word);
	}
}

static void
list_tunnels(char *out, size_t cap, unsigned int mask)
{
	out[0] = 0;
	for (unsigned int t = TUNNEL_PPTP; t <= TUNNEL_IKEV2; t++)
		if (mask & 1u << t)
			list_word(out, cap, tunnel_name((enum tunnel_kind)t));
}

static void
copy_word(char *out, size_t cap, const char *word)
{
	out[0] = 0;
	list_word(out, cap, word);
}

/* In the order in which they are asked: what costs least comes early, the switch first. */
static const enum condition_kind asked[] = { COND_DISABLED, COND_USER, COND_GROUP, COND_TUNNEL,
	COND_CLIENT, COND_METHOD, COND_HOURS };

#define N_ASKED (sizeof(asked) / sizeof(asked[0]))

/* Whether a policy has a condition of this kind at all. */
static bool
has_condition(const struct policy *p, enum condition_kind kind)
{
	switch (kind) {
	case COND_DISABLED:
		return !p->enabled;
	case COND_USER:
		return p->n_users > 0;
	case COND_GROUP:
		return p->n_groups > 0;
	case COND_TUNNEL:
		return p->tunnel_mask != 0;
	case COND_CLIENT:
		return p->n_clients > 0;
	case COND_METHOD:
		return p->method_condition != 0;
	case COND_HOURS:
		return p->hours.set;
	case COND_SERVER:
	case COND_NONE:
	case N_COND:
		break;
	}
	return false;
}

/* A condition that a policy does not have is met. */
static bool
is_met(const struct policy *p, enum condition_kind kind, const struct policy_request *r,
    const struct account *account, const struct policy_moment *at)
{
	switch (kind) {
	case COND_DISABLED:
		return p->enabled;
	case COND_USER:
		return user_matches(p, r);
	case COND_GROUP:
		return group_matches(p, account);
	case COND_TUNNEL:
		return !p->tunnel_mask || (p->tunnel_mask & 1u << r->tunnel);
	case COND_CLIENT:
		return client_matches(p, &r->client);
	case COND_METHOD:
		return !p->method_condition || (p->method_condition & AUTH_BIT(r->method));
	case COND_HOURS:
		return hours_cover(&p->hours, at->minute);
	case COND_SERVER:
	case COND_NONE:
	case N_COND:
		break;
	}
	return true;
}

static void
describe(const struct policy *p, enum condition_kind kind, const struct policy_request *r,
    const struct account *account, const struct policy_moment *at, char *wanted, char *got,
    size_t cap)
{
	char text[HOURS_TEXT_MAX];

	switch (kind) {
	case COND_DISABLED:
		copy_word(wanted, cap, "enabled");
		copy_word(got, cap, p->enabled ? "enabled" : "disabled");
		break;
	case COND_USER:
		list_words(wanted, cap, p->users, p->n_users);
		text_escape(r->full.n ? r->full : r->user, got, cap);
		break;
	case COND_GROUP:
		list_words(wanted, cap, p->groups, p->n_groups);
		list_groups(got, cap, account);
		break;
	case COND_TUNNEL:
		list_tunnels(wanted, cap, p->tunnel_mask);
		copy_word(got, cap, tunnel_name(r->tunnel));
		break;
	case COND_CLIENT:
		list_prefixes(wanted, cap, p->clients, p->n_clients);
		copy_word(got, cap, ip_text(&r->client, text));
		break;
	case COND_METHOD:
		auth_mask_text(p->method_condition, wanted, cap);
		copy_word(got, cap, auth_method_name(r->method));
		break;
	case COND_HOURS:
		copy_word(wanted, cap, hours_text(&p->hours, text, sizeof(text)));
		hours_minute_text(at->minute, got, cap);
		break;
	case COND_SERVER:
	case COND_NONE:
	case N_COND:
		break;
	}
}

enum condition_kind
policy_match(const struct policy *p, const struct policy_request *r, const struct account *account,
    const struct policy_moment *at, struct policy_step *step)
{
	for (size_t i = 0; i < N_ASKED; i++) {
		if (is_met(p, asked[i], r, account, at))
			continue;
		if (step) {
			step->failed = asked[i];
			describe(p, asked[i], r, account, at, step->wanted, step->got,
			    sizeof(step->wanted));
		}
		return asked[i];
	}
	return COND_NONE;
}

/* The constraints, in the order of their reasons at NPS: 66, 68, 69, 70. */
static const struct {
	enum condition_kind kind;
	enum cause cause;
} constraints[] = {
	{ COND_METHOD, CAUSE_POLICY_METHOD },
	{ COND_HOURS, CAUSE_POLICY_HOURS },
	{ COND_SERVER, CAUSE_POLICY_SERVER },
	{ COND_TUNNEL, CAUSE_POLICY_TUNNEL },
};

#define N_CONSTRAINTS (sizeof(constraints) / sizeof(constraints[0]))

static bool
constraint_met(const struct policy *p, enum condition_kind kind, const struct policy_request *r,
    const struct policy_moment *at)
{
	switch ((unsigned int)kind) {
	case COND_METHOD:
		return p->method_mask & AUTH_BIT(r->method);
	case COND_HOURS:
		return hours_cover(&p->allow_hours, at->minute);
	case COND_SERVER:
		return in_prefixes(&r->server, p->allow_servers, p->n_allow_servers);
	default:
		return !p->allow_tunnels || (p->allow_tunnels & 1u << r->tunnel);
	}
}

enum cause
policy_constrain(
    const struct policy *p, const struct policy_request *r, const struct policy_moment *at)
{
	for (size_t i = 0; i < N_CONSTRAINTS; i++)
		if (!constraint_met(p, constraints[i].kind, r, at))
			return constraints[i].cause;
	return CAUSE_NONE;
}

static bool
has_constraint(const struct policy *p, enum condition_kind kind)
{
	switch ((unsigned int)kind) {
	case COND_METHOD:
		return true; /* the server's at least */
	case COND_HOURS:
		return p->allow_hours.set;
	case COND_SERVER:
		return p->n_allow_servers > 0;
	default:
		return p->allow_tunnels != 0;
	}
}

static void
describe_constraint(const struct policy *p, enum condition_kind kind,
    const struct policy_request *r, const struct policy_moment *at, struct policy_test *out)
{
	const size_t cap = sizeof(out->wanted);
	char text[HOURS_TEXT_MAX];

	switch ((unsigned int)kind) {
	case COND_METHOD:
		auth_mask_text(p->method_mask, out->wanted, cap);
		copy_word(out->got, cap, auth_method_name(r->method));
		break;
	case COND_HOURS:
		copy_word(out->wanted, cap, hours_text(&p->allow_hours, text, sizeof(text)));
		hours_minute_text(at->minute, out->got, cap);
		break;
	case COND_SERVER:
		list_prefixes(out->wanted, cap, p->allow_servers, p->n_allow_servers);
		copy_word(out->got, cap, ip_text(&r->server, text));
		break;
	default:
		list_tunnels(out->wanted, cap, p->allow_tunnels);
		copy_word(out->got, cap, tunnel_name(r->tunnel));
	}
}

void
policy_describe(const struct policy *p, const struct policy_request *r,
    const struct account *account, const struct policy_moment *at, struct policy_report *out)
{
	out->name = p->name;
	out->id = p->id;
	out->order = p->order;
	out->enabled = p->enabled;
	out->grant = p->grant;
	out->ignore_dialin = p->ignore_dialin;
	out->matches = p->enabled;
	out->n_conditions = out->n_constraints = 0;
	for (size_t i = 0; i < N_ASKED; i++) {
		struct policy_test *t = &out->conditions[out->n_conditions];
		if (asked[i] == COND_DISABLED || !has_condition(p, asked[i]))
			continue;
		t->kind = asked[i];
		t->met = is_met(p, asked[i], r, account, at);
		describe(p, asked[i], r, account, at, t->wanted, t->got, sizeof(t->wanted));
		out->matches &= t->met;
		out->n_conditions++;
	}
	for (size_t i = 0; i < N_CONSTRAINTS; i++) {
		struct policy_test *t = &out->constraints[out->n_constraints];
		if (!has_constraint(p, constraints[i].kind))
			continue;
		t->kind = constraints[i].kind;
		t->met = constraint_met(p, t->kind, r, at);
		describe_constraint(p, t->kind, r, at, t);
		out->n_constraints++;
	}
}

bool
caller_covers(const char *list, const struct ip_addr *client)
{
	char text[ADDR_TEXT_MAX], word[ADDR_TEXT_MAX + 8];
	struct ip_prefix prefix;
	bool any = false;

	ip_text(client, text);
	while (*list) {
		size_t n = strcspn(list, ", \t\n");
		if (n > 0) {
			any = true;
			if (ip_prefix_parse(view_of(list, n), &prefix)) {
				if (ip_in_prefix(client, &prefix))
					return true;
			} else if (n < sizeof(word)) {
				memcpy(word, list, n);
				word[n] = 0;
				if (pattern_covers(word, view_str(text)))
					return true;
			}
		}
		list += n + (list[n] != 0);
	}
	return !any;
}
