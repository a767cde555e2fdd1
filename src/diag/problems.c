/* The index of problem classes. See problems.h. */
#include "diag/problems.h"

static const char *const ours[PROBLEMS_OF_OURS] = { "error-800", "error-721", "unicode-names",
	"error-741", "not-established", "l2tp-ipsec-auth", "eap-tls-auth", "wrongly-accepted",
	"beyond-server", "no-tunnel" };

static bool
is_ours(const char *name)
{
	for (size_t i = 0; i < PROBLEMS_OF_OURS; i++)
		if (strcmp(ours[i], name) == 0)
			return true;
	return false;
}

const struct cat_entry *
problem_at(const struct catalogue *c, size_t i)
{
	const struct cat_entry *e;

	if (i < PROBLEMS_OF_OURS)
		return catalogue_find(c, CAT_PROBLEM, view_str(ours[i]));
	i -= PROBLEMS_OF_OURS;
	for (size_t k = 0; (e = catalogue_at(c, k)); k++)
		if (e->kind == CAT_PROBLEM && !is_ours(e->name) && i-- == 0)
			return e;
	return NULL;
}

const struct cat_entry *
problem_find(const struct catalogue *c, struct view name)
{
	const struct cat_entry *found = catalogue_find(c, CAT_PROBLEM, name), *e;
	uint32_t number;

	if (found || name.n == 0)
		return found;
	for (size_t i = 0; (e = problem_at(c, i)); i++) {
		if (strlen(e->name) < name.n || memcmp(e->name, name.p, name.n) != 0)
			continue;
		if (found)
			return NULL;
		found = e;
	}
	/* "error-742" is the class that knows the number */
	if (!found && name.n > 6 && memcmp(name.p, "error-", 6) == 0 &&
	    diag_number_parse(view_of(name.p + 6, name.n - 6), &number))
		for (size_t i = 0; (e = problem_at(c, i)) && !found; i++)
			if (problem_has_number(e, number))
				found = e;
	return found;
}

bool
problem_has_number(const struct cat_entry *problem, uint32_t number)
{
	struct view rest = view_str(cat_text(problem, CAT_NUMBERS));
	uint32_t x;

	for (struct view w = cat_next_word(&rest); w.n; w = cat_next_word(&rest))
		if (diag_number_parse(w, &x) && x == number)
			return true;
	return false;
}

bool
problem_has(const struct cat_entry *problem, const struct cat_entry *member)
{
	return cat_has_word(member, CAT_PROBLEMS, view_str(problem->name));
}

bool
problem_wants_check(
    const struct catalogue *c, const struct cat_entry *problem, const char *check_id)
{
	struct view rest = view_str(cat_text(problem, CAT_CHECKS));
	const struct cat_entry *check = catalogue_find(c, CAT_CHECK, view_str(check_id));

	for (struct view w = cat_next_word(&rest); w.n; w = cat_next_word(&rest))
		if (diag_check_is(check_id, w))
			return true;
	return check && problem_has(problem, check);
}
