/*
 * Names as a peer sends them. The first byte chooses the encoding; the rest is the name. Whatever
 * comes: the views stay inside the name, a normal form is bounded and is its own normal form.
 */
#include "aaa/names.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_view(struct view v, struct view whole)
{
	must(v.p >= whole.p && v.p + v.n == whole.p + whole.n);
}

static void
check_form(const struct lookup_name *n)
{
	struct lookup_name again;

	must(n->n <= LOOKUP_MAX && strlen(n->s) == n->n);
	if (n->n == 0)
		return;
	must(name_normalise(view_of(n->s, n->n), &again));
	must(again.n == n->n && memcmp(again.s, n->s, n->n) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct name_rules rules = { .n_domains = 2 };
	struct peer_name name;
	enum cause cause;

	if (size == 0)
		return 0;
	must(name_normalise(view_str("corp"), &rules.domains[0]));
	must(name_normalise(view_str("example.com"), &rules.domains[1]));
	rules.ansi = data[0] & 1;

	struct view sent = view_of(data + 1, size - 1);
	cause = name_read(&rules, sent, &name);
	must(name.sent.p == sent.p && name.sent.n == sent.n);
	check_view(name.for_hash, sent);
	must((cause == CAUSE_NONE) == (name.lookup.n > 0));
	must(cause == CAUSE_NONE || cause == CAUSE_NO_SUCH_USER || cause == CAUSE_NO_SUCH_DOMAIN ||
	     cause == CAUSE_NAME_ENCODING);
	check_form(&name.lookup);
	check_form(&name.other);
	must(name.full.n <= LOOKUP_MAX && strlen(name.full.s) <= name.full.n);
	return 0;
}
