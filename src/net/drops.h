/*
 * Drop reasons: every packet that does not pass has one, and it is counted, never logged one by
 * one. The table is drops.def.
 */
#ifndef NET_DROPS_H
#define NET_DROPS_H

#include "base/view.h"

enum drop {
	DROP_NONE, /* the packet passes */
#define DROP(id, name, severity, text) DROP_##id,
#include "net/drops.def"
#undef DROP
	N_DROP
};

enum drop_severity { DROP_SEV_NORMAL, DROP_SEV_ODD, DROP_SEV_HOSTILE };

struct drop_counts {
	uint64_t n[N_DROP]; /* indexed by enum drop; n[DROP_NONE] stays zero */
};

static inline void
drop_count(struct drop_counts *c, enum drop d)
{
	if (d != DROP_NONE)
		c->n[d]++;
}

static inline void
drop_count_many(struct drop_counts *c, enum drop d, size_t n)
{
	if (d != DROP_NONE)
		c->n[d] += n;
}

/* All packets lost. */
uint64_t drop_total(const struct drop_counts *c);

const char *drop_name(enum drop d); /* "spoofed-source"; "none"; "?" outside the table */
const char *drop_text(enum drop d); /* one line for people */
enum drop_severity drop_severity(enum drop d);
const char *drop_severity_name(enum drop_severity s);

#endif
