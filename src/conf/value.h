/*
 * From the words of a setting to the member of struct conf: one function per type of the schema.
 * Each checks syntax and range of its own value; what concerns several settings is check.c's.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "conf/schema.h"
#include "conf/tree.h"

struct conf_value {
	const struct conf_key *key;
	const struct conf_stmt *stmt;
	void *base;              /* the struct of the block */
	struct conf_at *item_at; /* CONF_RANGES, CONF_ENDPOINTS: place of each item, or NULL */
	struct conf_errors *errors;
};

/*
 * Sets the member. A list is extended: the caller empties it first (conf_value_clear) when what it
 * holds is a default. Errors are reported, and the member then holds nothing worth reading.
 */
void conf_value_set(const struct conf_value *v);

/* Empties the member of a key, freeing what a list holds. */
void conf_value_clear(const struct conf_key *k, void *base);

/* Whether the key may stand several times in one block, its values adding up. */
bool conf_type_is_list(enum conf_type type);

/* "30s", "1h30min", "0" to milliseconds; "64KiB" to bytes. NULL, or what is wrong. */
const char *conf_parse_time(struct view v, uint64_t *out_ms);
const char *conf_parse_size(struct view v, uint64_t *out_bytes);

/* First and last address of a prefix that a host may have. */
struct conf_range conf_prefix_range(const struct ip_prefix *p);

#endif
