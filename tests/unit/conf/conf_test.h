/*
 * Helpers of the configuration tests: parse a text, and hold its errors against an expected list.
 * Includes are served from a table of names and texts, so no test opens a file.
 */
#ifndef TESTS_CONF_TEST_H
#define TESTS_CONF_TEST_H

#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct test_file {
	const char *name, *text; /* text NULL: cannot be read */
};

/* A conf_read_fn over an array of test_file that ends in a NULL name. */
static inline char *
test_read(void *ctx, const char *path, char *err, size_t cap)
{
	for (const struct test_file *f = ctx; f && f->name; f++) {
		if (strcmp(f->name, path) != 0)
			continue;
		if (f->text)
			return strdup(f->text);
		snprintf(err, cap, "permission denied");
		return NULL;
	}
	snprintf(err, cap, "no such file");
	return NULL;
}

/* Everything that was found, one line each. */
static inline char *
test_errors_text(const struct conf_errors *e, char *out, size_t cap)
{
	size_t o = 0;

	out[0] = 0;
	for (unsigned int i = 0; i < e->n && o < cap; i++) {
		char line[700];
		o += (size_t)snprintf(
		    out + o, cap - o, "%s\n", conf_error_text(&e->e[i], line, sizeof(line)));
	}
	return out;
}

/* Parses an exact-size heap copy of the bytes, so that a read too far is seen. */
static inline struct conf *
test_parse(struct view text, const struct test_file *files, struct conf_errors *errors)
{
	uint8_t *copy = malloc(text.n ? text.n : 1);
	struct conf *c;

	assert_non_null(copy);
	if (text.n)
		memcpy(copy, text.p, text.n);
	c = conf_parse(
	    "rrasd.conf", view_of(copy, text.n), test_read, (void *)(uintptr_t)files, errors);
	free(copy);
	/* R: a refusal has a reason, and what has an error is refused. */
	assert_true((c == NULL) == (errors->n > errors->n_warnings));
	return c;
}

/* A text that must be accepted without a warning. The caller frees. */
static inline struct conf *
test_good(const char *text)
{
	struct conf_errors errors;
	char found[8192];
	struct conf *c = test_parse(view_str(text), NULL, &errors);

	assert_string_equal(test_errors_text(&errors, found, sizeof(found)), "");
	assert_non_null(c);
	return c;
}

/* A text whose errors and warnings must be exactly these lines. */
static inline void
test_found(const char *text, const struct test_file *files, const char *wanted)
{
	struct conf_errors errors;
	char found[16384];

	conf_free(test_parse(view_str(text), files, &errors));
	assert_string_equal(test_errors_text(&errors, found, sizeof(found)), wanted);
}

#endif
