/* Inside of the diagnosis: what diag.c and findings.c share. */
#ifndef DIAG_EXPLAIN_H
#define DIAG_EXPLAIN_H

#include "diag/diag.h"

struct explain {
	const struct attempt_record *r;
	const struct diag_context *ctx;
	const struct cat_entry *entry; /* of the cause; NULL when the catalogue has none */
	struct diag_report *out;
};

/*
 * The next fact of a trail; skips (and counts, unless NULL) records that this version cannot read.
 * False at the end.
 */
bool explain_next_fact(struct view *rest, struct fact *out, uint32_t *n_unread);

/* The last field of that name, of facts called `fact` (empty: of any). Borrows from facts. */
bool explain_find_field(
    struct view facts, struct view fact, const char *field, struct fact_field *out);

/*
 * Fills the places of a text, in the report's memory. strict: NULL when one is not known; else a
 * stand-in ("the client") or "?" is put there.
 */
const char *explain_fill(const struct explain *x, struct view text, bool strict);

/* A copy in the report's memory; "" when that is full. */
const char *explain_keep(struct diag_report *out, struct view v);

/* Adds a finding; texts as printf, kept in the report's memory. */
void explain_add(const struct explain *x, const char *id, enum check_result level,
    const char *remedy, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Rules of the path and of the clocks (findings_host.c). */
void explain_path_and_clock(const struct explain *x);

/* Adds what trail, host and configuration tell about why. */
void explain_findings(const struct explain *x);

#endif
