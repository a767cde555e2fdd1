/*
 * Conditions: whether a policy speaks of this request. Values inside one condition are
 * alternatives, conditions are all required. See policy_priv.h.
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

static bool
client_matches(const struct policy *p, const struct ip_addr *client)
{
	for (unsigned int i = 0; i < p->n_clients; i++)
		if (ip_in_prefix(client, &p->clients[i]))
			return true;
	return p->n_clients == 0;
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
list_prefixes(char *out, size_t cap, const struct policy *p)
{
	char addr[ADDR_TEXT_MAX];

	out[0] = 0;
	for (unsigned int i = 0; i < p->n_clients && strlen(out) + 2 < cap; i++) {
		uint8_t word[ADDR_TEXT_MAX + 8];
		struct wr w = wr_over(word, sizeof(word));
		wr_fmt(&w, "%s/%u", ip_text(&p->clients[i].addr, addr), p->clients[i].len);
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

static enum condition_kind
first_failed(const struct policy *p, const struct policy_request *r, const struct account *account)
{
	if (!p->enabled)
		return COND_DISABLED;
	if (!user_matches(p, r))
		return COND_USER;
	if (!group_matches(p, account))
		return COND_GROUP;
	if (p->tunnel_mask && !(p->tunnel_mask & 1u << r->tunnel))
		return COND_TUNNEL;
	if (!client_matches(p, &r->client))
		return COND_CLIENT;
	if (p->method_condition && !(p->method_condition & AUTH_BIT(r->method)))
		return COND_METHOD;
	return COND_NONE;
}

static void
describe(const struct policy *p, const struct policy_request *r, const struct account *account,
    struct policy_step *step)
{
	const size_t cap = sizeof(step->wanted);
	char addr[ADDR_TEXT_MAX];

	switch (step->failed) {
	case COND_NONE:
		break;
	case COND_DISABLED:
		copy_word(step->wanted, cap, "enabled");
		copy_word(step->got, cap, "disabled");
		break;
	case COND_USER:
		list_words(step->wanted, cap, p->users, p->n_users);
		text_escape(r->user, step->got, cap);
		break;
	case COND_GROUP:
		list_words(step->wanted, cap, p->groups, p->n_groups);
		list_groups(step->got, cap, account);
		break;
	case COND_TUNNEL:
		list_tunnels(step->wanted, cap, p->tunnel_mask);
		copy_word(step->got, cap, tunnel_name(r->tunnel));
		break;
	case COND_CLIENT:
		list_prefixes(step->wanted, cap, p);
		copy_word(step->got, cap, ip_text(&r->client, addr));
		break;
	case COND_METHOD:
		auth_mask_text(p->method_condition, step->wanted, cap);
		copy_word(step->got, cap, auth_method_name(r->method));
		break;
	}
}

enum condition_kind
policy_match(const struct policy *p, const struct policy_request *r, const struct account *account,
    struct policy_step *step)
{
	enum condition_kind failed = first_failed(p, r, account);

	if (step) {
		step->failed = failed;
		describe(p, r, account, step);
	}
	return failed;
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
