/* The schema as text: for a terminal and for the manual. See schema.h. */
#include "conf/conf.h"
#include "conf/schema.h"

#include <stdio.h>
#include <string.h>

char *
conf_ms_text(uint64_t ms, char *out, size_t cap)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = { { "d", 86400000 }, { "h", 3600000 }, { "min", 60000 }, { "s", 1000 },
		{ "ms", 1 } };
	size_t o = 0;

	must(cap > 0);
	snprintf(out, cap, "0");
	for (unsigned int i = 0; i < sizeof(units) / sizeof(units[0]) && o < cap; i++) {
		if (ms < units[i].ms)
			continue;
		o += (size_t)snprintf(out + o, cap - o, "%llu%s",
		    (unsigned long long)(ms / units[i].ms), units[i].name);
		ms %= units[i].ms;
	}
	return out;
}

/* The same for lists of a bounded number of items. */
static void
list_takes(const struct conf_key *k, char *out, size_t cap)
{
	const char *items = k->type == CONF_ADDRESSES    ? "IPv4 addresses"
	                    : k->type == CONF_ADDRESSES6 ? "IPv6 addresses"
	                    : k->type == CONF_ENDPOINTS  ? "of ADDRESS:PORT"
	                    : k->type == CONF_PREFIXES   ? "addresses or prefixes"
	                    : k->type == CONF_REALMS     ? "DNS suffixes"
	                    : k->type == CONF_NAMES      ? "DNS names, *.SUFFIX or *"
	                                                 : "names";

	snprintf(out, cap, "at most %u %s", k->max, items);
}

/* "a or b", "a, b or c". */
static void
put_choices(const char *choices, char *out, size_t cap)
{
	struct wr w = wr_over(out, cap - 1);

	for (const char *at = choices;;) {
		const char *bar = strchr(at, '|');

		wr_fmt(&w, "%.*s", bar ? (int)(bar - at) : (int)strlen(at), at);
		if (!bar)
			break;
		at = bar + 1;
		wr_str(&w, strchr(at, '|') ? ", " : " or ");
	}
	(void)view_text(wr_view_of(&w), out, cap);
}

char *
conf_key_takes(const struct conf_key *k, char *out, size_t cap)
{
	uint64_t unit_ms = k->type == CONF_SECONDS ? 1000 : 1;
	char least[40], most[40];

	must(cap > 0);
	out[0] = 0;
	switch (k->type) {
	case CONF_BOOL:
		snprintf(out, cap, "yes or no");
		break;
	case CONF_CHOICE:
		put_choices(k->choices, out, cap);
		break;
	case CONF_NUMBER:
		snprintf(out, cap, "a number of %u to %u", k->min, k->max);
		break;
	case CONF_SIZE:
		snprintf(out, cap, "a size of %u to %u bytes", k->min, k->max);
		break;
	case CONF_MS:
	case CONF_SECONDS:
		conf_ms_text(k->min * unit_ms, least, sizeof(least));
		conf_ms_text(k->max * unit_ms, most, sizeof(most));
		snprintf(out, cap, "a time of %s to %s", least, most);
		break;
	case CONF_TEXT:
		snprintf(out, cap, "a text of at most %u bytes", k->max);
		break;
	case CONF_HOST:
		snprintf(out, cap, "a DNS name or an address");
		break;
	case CONF_PATH:
		snprintf(out, cap, "an absolute path");
		break;
	case CONF_DEVICE:
		snprintf(out, cap, "at most %u letters and digits", k->max);
		break;
	case CONF_RANGES:
		snprintf(out, cap, "IPv4 ranges (FIRST - LAST) or prefixes");
		break;
	case CONF_PREFIX6:
		snprintf(out, cap, "an IPv6 prefix of %u to %u bits", k->min, k->max);
		break;
	case CONF_ADDRESSES:
	case CONF_ADDRESSES6:
	case CONF_ENDPOINTS:
	case CONF_PREFIXES:
	case CONF_PATTERNS:
	case CONF_REALMS:
	case CONF_NAMES:
		list_takes(k, out, cap);
		break;
	case CONF_METHODS:
		snprintf(out, cap, "any of mschapv2, chap, pap");
		break;
	case CONF_TUNNELS:
		snprintf(out, cap, "any of sstp, pptp, l2tp, ikev2");
		break;
	case CONF_HASHES:
		snprintf(out, cap, "any of sha256, sha1");
		break;
	case CONF_POOL_NAMES:
		snprintf(out, cap, "at most %u names of pools", k->max);
		break;
	case CONF_ENCRYPTION:
		snprintf(out, cap, "any of none, basic, strong, strongest");
		break;
	case CONF_ROUTES:
		snprintf(out, cap, "at most %u addresses or prefixes", k->max);
		break;
	case CONF_HOURS:
		snprintf(out, cap, "days and times, as in \"Mo-Fr 08:00-18:00\"");
		break;
	}
	return out;
}

static void
help_block(struct wr *w, enum conf_block b)
{
	const struct conf_block_info *info = conf_block_info(b);
	const struct conf_key *k;
	char takes[120];

	if (b != BLOCK_TOP)
		wr_fmt(
		    w, "\n%s%s { }\n    %s\n", info->name, info->named ? " NAME" : "", info->help);
	for (size_t i = 0; (k = conf_key_at(i)); i++) {
		if (k->block != b)
			continue;
		wr_fmt(w, "  %-22s %s", k->name, conf_key_takes(k, takes, sizeof(takes)));
		if (k->def[0])
			wr_fmt(w, " (default: %s)", k->def);
		wr_fmt(w, "\n      %s\n", k->help);
	}
}

void
conf_help(struct wr *w)
{
	for (unsigned int b = BLOCK_TOP; b < N_BLOCK; b++)
		help_block(w, (enum conf_block)b);
}

/* A text as mdoc wants it: no control character at the start, backslashes spelled out. */
static void
mdoc_text(struct wr *w, const char *s)
{
	for (; *s; s++) {
		if (*s == '\\')
			wr_str(w, "\\e");
		else
			wr_u8(w, (uint8_t)*s);
		/* New sentence, new line. */
		if (*s == '.' && s[1] == ' ' && s[2] >= 'A' && s[2] <= 'Z') {
			wr_str(w, "\n");
			s++;
		}
	}
	wr_str(w, "\n");
}

/* Words that mdoc would take for macros or punctuation of its own are quoted in arguments. */
static void
mdoc_key(struct wr *w, const struct conf_key *k)
{
	char takes[120];

	wr_fmt(w, ".It Ic %s\n", k->name);
	mdoc_text(w, k->help);
	wr_str(w, ".br\nTakes ");
	mdoc_text(w, conf_key_takes(k, takes, sizeof(takes)));
	if (k->def[0]) {
		wr_str(w, ".br\nDefault: ");
		mdoc_text(w, k->def);
	}
}

void
conf_help_mdoc(struct wr *w)
{
	const struct conf_key *k;

	for (unsigned int b = BLOCK_TOP; b < N_BLOCK; b++) {
		const struct conf_block_info *info = conf_block_info((enum conf_block)b);
		if (b == BLOCK_TOP)
			wr_str(w, ".Ss Outside of any block\n");
		else
			wr_fmt(w, ".Ss %s%s { }\n", info->name, info->named ? " NAME" : "");
		if (b != BLOCK_TOP)
			mdoc_text(w, info->help);
		wr_str(w, ".Bl -tag -width Ds\n");
		for (size_t i = 0; (k = conf_key_at(i)); i++)
			if (k->block == b)
				mdoc_key(w, k);
		wr_str(w, ".El\n");
	}
}
