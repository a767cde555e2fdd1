/*
 * Where each setting stands in the files, for checks that look at several settings. Filled by
 * fill.c beside struct conf, read by check.c, gone when conf_parse returns.
 */
#ifndef CONF_PLACES_H
#define CONF_PLACES_H

#include "conf/conf.h"
#include "conf/lex.h"

#define CONF_KEYS_MAX 128u

/* One block: where it opens, and each of its keys by index into the schema. */
struct conf_seen {
	struct conf_at at;
	struct conf_at keys[CONF_KEYS_MAX]; /* file NULL: not set in the files */
};

struct conf_places {
	struct conf_seen common; /* all blocks that have no name */
	struct conf_at sstp_block;
	struct conf_at listeners[CONF_LISTENERS_MAX];
	struct conf_seen certificates[CONF_CERTIFICATES_MAX];
	struct conf_seen pools[CONF_POOLS_MAX];
	struct conf_at ranges[CONF_POOLS_MAX][CONF_RANGES_MAX];
	struct conf_seen *policies; /* as conf->policies */
	struct conf_seen webs[CONF_WEBS_MAX];
};

/* The place of a key of the schema in a block; NULL when it was not set. */
const struct conf_at *conf_seen_key(const struct conf_seen *s, int block, const char *key);

/* Checks that concern several settings: overlaps, duplicates, names that lead nowhere. */
void conf_check(const struct conf *c, const struct conf_places *p, struct conf_errors *errors);

/* The part of it that is about blocks web. */
void conf_check_webs(const struct conf *c, const struct conf_places *p, struct conf_errors *errors);

#endif
