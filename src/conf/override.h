/*
 * The overrides: settings that `rrasctl set` keeps in overrides.conf of the state directory, in the
 * language of rrasd.conf. A setting is named BLOCK.KEY, BLOCK.NAME.KEY where the block has a name,
 * or KEY at the top level: sstp.ports, pool.office.range, dns.
 */
#ifndef CONF_OVERRIDE_H
#define CONF_OVERRIDE_H

#include "conf/conf.h"
#include "conf/schema.h"

#define CONF_OVERRIDES_FILE "overrides.conf"
#define CONF_OVERRIDE_NAME_MAX 400u
#define CONF_OVERRIDE_WORDS_MAX 64u

struct conf_override {
	const struct conf_key *key;
	struct view label; /* of a block that has a name; else empty */
};

/* Reads such a name. False with the reason and the nearest spelling in err. */
MUST_USE bool conf_override_name(
    const char *text, struct conf_override *out, char *err, size_t cap);

/* The other way; the label of a block as it is. Returns out. */
char *conf_override_text(const struct conf_override *o, char *out, size_t cap);

/*
 * The text of overrides.conf with the setting in it, or without it when n_words is 0. `text` is
 * what it holds now ("" when there is none), `*was` whether the setting stood there. Malloc'ed;
 * NULL with err: memory, or `text` is damaged. What the words mean is not checked: parse the
 * result.
 */
MUST_USE char *conf_override_edit(struct view text, const struct conf_override *o,
    const struct view *words, unsigned int n_words, bool *was, char *err, size_t cap);

/*
 * Each override, with what it says and what the file says (its default when it says nothing; NULL:
 * the file has no such block any more). Values are words joined by blanks. False: memory, or one of
 * the texts has errors of grammar.
 */
typedef void (*conf_override_fn)(
    void *ctx, const char *name, const char *value, const char *in_file, unsigned int line);
MUST_USE bool conf_override_each(const struct conf_source *src, conf_override_fn fn, void *ctx);

#endif
