/* The table of drop reasons. See drops.h. */
#include "net/drops.h"

struct drop_info {
	const char *name, *text;
	enum drop_severity severity;
};

static const struct drop_info drop_table[N_DROP] = {
	[DROP_NONE] = { "none", "not dropped", DROP_SEV_NORMAL },
#define DROP(id, name, severity, text) [DROP_##id] = { name, text, DROP_SEV_##severity },
#include "net/drops.def"
#undef DROP
};

uint64_t
drop_total(const struct drop_counts *c)
{
	uint64_t sum = 0;

	for (size_t i = DROP_NONE + 1; i < N_DROP; i++)
		sum += c->n[i];
	return sum;
}

const char *
drop_name(enum drop d)
{
	return (size_t)d < N_DROP ? drop_table[d].name : "?";
}

const char *
drop_text(enum drop d)
{
	return (size_t)d < N_DROP ? drop_table[d].text : "?";
}

enum drop_severity
drop_severity(enum drop d)
{
	return (size_t)d < N_DROP ? drop_table[d].severity : DROP_SEV_ODD;
}

const char *
drop_severity_name(enum drop_severity s)
{
	switch (s) {
	case DROP_SEV_NORMAL:
		return "normal";
	case DROP_SEV_ODD:
		return "odd";
	case DROP_SEV_HOSTILE:
		return "hostile";
	}
	return "?";
}
