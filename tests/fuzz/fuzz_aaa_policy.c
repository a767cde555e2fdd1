/*
 * Policy patterns and the texts of accounts, which administrators write and peers are held against:
 * pattern, zero, text. The matcher agrees with a plain recursive one (on small inputs), a list of
 * callers and a list of groups never read past their end.
 */
#include "aaa/policy_priv.h"

#include <stdlib.h>
#include <string.h>

#define PLAIN_MAX 14u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The definition of a pattern, without regard to time; bytes, so only for ASCII. */
static bool
plain(const char *p, const uint8_t *t, const uint8_t *end)
{
	if (*p == 0)
		return t == end;
	if (*p == '*')
		return plain(p + 1, t, end) || (t < end && plain(p, t + 1, end));
	return t < end && (*p == '?' || (uint8_t)*p == *t) && plain(p + 1, t + 1, end);
}

static bool
is_small_ascii(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] >= 0x80)
			return false;
	return v.n <= PLAIN_MAX;
}

static void
try_account(struct view text)
{
	struct roster *t = roster_new(1);
	struct msg_account m = { .account = 1, .name = text, .groups = text, .caller_id = text };
	const struct account *a;

	must(t && roster_put(t, &m));
	a = roster_by_id(t, 1);
	must(a);
	const char *g = a->groups;
	for (unsigned int i = 0; i < a->n_groups; i++, g += strlen(g) + 1)
		must(strlen(g) > 0 && strlen(g) <= LOOKUP_MAX);
	roster_free(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	struct ip_addr client = ip_v4(0xc6336407);

	if (!zero || size > 2048)
		return 0;
	char *pattern = malloc((size_t)(zero - data) + 1);
	must(pattern);
	memcpy(pattern, data, (size_t)(zero - data) + 1);

	struct view text = view_of(zero + 1, size - (size_t)(zero - data) - 1);
	bool covers = pattern_covers(pattern, text);
	if (is_small_ascii(text) && is_small_ascii(view_str(pattern)))
		must(covers == plain(pattern, text.p, text.p + text.n));
	(void)caller_covers(pattern, &client);
	try_account(text);
	free(pattern);
	return 0;
}
