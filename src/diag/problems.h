/*
 * The index of problem classes (R1): which causes and checks belong to each, and how a user's words
 * ("error-721", "721", "unicode") find one. Texts and membership are the catalogue's, so that a
 * data file can add a class; the ten of the starting document come first and in its order.
 */
#ifndef DIAG_PROBLEMS_H
#define DIAG_PROBLEMS_H

#include "diag/diag.h"

#define PROBLEMS_OF_OURS 10u

/* The i-th class: the ten, then those that data files added. NULL past the end. */
const struct cat_entry *problem_at(const struct catalogue *c, size_t i);

/* The class with this id, or with an id that begins so and is the only one; NULL when none. */
const struct cat_entry *problem_find(const struct catalogue *c, struct view name);

/* Whether the class lists this number. */
bool problem_has_number(const struct cat_entry *problem, uint32_t number);

/* Whether a cause or check (by its entry) belongs to the class. */
bool problem_has(const struct cat_entry *problem, const struct cat_entry *member);

/* Whether the class asks for this check: by id or topic in "Checks", or by the check's own entry.
 */
bool problem_wants_check(
    const struct catalogue *c, const struct cat_entry *problem, const char *check_id);

#endif
