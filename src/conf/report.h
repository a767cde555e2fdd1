/*
 * Collecting what is wrong with a configuration, and finding the nearest right spelling. Several
 * errors are kept, so that a person mends a file in one go. Nothing here decides what is an error.
 */
#ifndef CONF_REPORT_H
#define CONF_REPORT_H

#include "conf/conf.h"
#include "conf/lex.h"

/* Adds an error. When the list is full an error takes a warning's place, else it is counted. */
void conf_error(struct conf_errors *e, const struct conf_at *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void conf_warning(struct conf_errors *e, const struct conf_at *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Errors without the warnings, the ones not kept included. */
unsigned int conf_error_count(const struct conf_errors *e);

#define CONF_QUOTE_MAX 72

/* A word of the file as it is shown in a message: escaped, cut, in double quotes. Returns out. */
char *conf_quote(struct view v, char out[CONF_QUOTE_MAX]);

/* The nearest of several right spellings. */
struct conf_near {
	struct view got;
	const char *best; /* NULL: nothing is near */
	unsigned int distance;
	char text[CONF_QUOTE_MAX + 24];
};

void conf_near_init(struct conf_near *n, struct view got);
void conf_near_try(struct conf_near *n, const char *candidate);

/* " (did you mean \"x\"?)", or nothing when no candidate is near. Lives as long as n. */
const char *conf_near_text(struct conf_near *n);

#endif
