/*
 * Inside of rrasctl diagnose: finding the record of an attempt (by the daemon, in history.db, in
 * rasdial's history) and turning reports into JSON. ctl_diagnose.c chooses and prints.
 */
#ifndef CMD_CTL_EXPLAIN_H
#define CMD_CTL_EXPLAIN_H

#include "cmd/ctl_context.h"

struct explain_want {
	const char *id;   /* an attempt's id or its beginning; else the latest failure */
	const char *user; /* NULL: any */
	uint32_t number;  /* as a Windows user sees it; 0: any */
	const struct cat_entry *problem; /* of this class; NULL: any */
	bool client;                     /* in rasdial's history */
};

enum explain_found {
	EXPLAIN_FOUND,
	EXPLAIN_NONE,    /* there is no such attempt */
	EXPLAIN_MANY,    /* several ids begin so */
	EXPLAIN_NOWHERE, /* there is no history to look into: text in err */
};

/* Finds it; *out is the caller's: explain_record_free. */
enum explain_found explain_find(const struct ctl *c, const struct ctl_context *x,
    const struct explain_want *want, struct attempt_record **out, char *err, size_t cap);
void explain_record_free(struct attempt_record *r);

/* The report as one JSON object; facts: with the whole trail of r. */
json_t *explain_json(const struct diag_report *report, const struct attempt_record *r, bool facts);

/* The whole trail, a line a fact. */
void explain_print_trail(const struct attempt_record *r);

/* Entries of the catalogue: the index of classes and causes, and one of them in full. */
int explain_list(const struct ctl *c, const struct catalogue *cat);
int explain_entry(const struct ctl *c, const struct catalogue *cat, const char *name);

/* What a number can mean: prints, or adds to o with --json. How many causes can show it. */
unsigned int explain_number(
    const struct ctl *c, const struct catalogue *cat, uint32_t number, json_t *o);

#endif
