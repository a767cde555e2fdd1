/* Helpers of the aaa tests: a replayable random source, account messages, configurations. */
#ifndef TESTS_AAA_TEST_H
#define TESTS_AAA_TEST_H

#include "aaa/accounts.h"
#include "base/now.h"
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TEST_UNIX_S 1700000000

/* A linear congruential generator: the same run every time. */
static inline void
test_draw(void *ctx, uint8_t *out, size_t n)
{
	uint64_t *x = ctx;

	for (size_t i = 0; i < n; i++) {
		*x = *x * 6364136223846793005u + 1442695040888963407u;
		out[i] = (uint8_t)(*x >> 56);
	}
}

static inline struct now
test_now(uint64_t *seed)
{
	return (struct now){ .ms = 1000,
		.unix_us = (int64_t)TEST_UNIX_S * 1000000,
		.draw = test_draw,
		.draw_ctx = seed };
}

/* The configuration of a text over the defaults; the test fails when it does not parse. */
static inline struct conf *
test_conf(const char *text)
{
	struct conf_errors errors = { 0 };
	struct conf *c = conf_parse("test", view_str(text), NULL, NULL, &errors);

	if (!c)
		fail_msg("line %u: %s\n%s", errors.e[0].line, errors.e[0].text, text);
	return c;
}

/* An enabled account with a password, by policy, in no group. */
static inline struct msg_account
test_account(uint64_t id, const char *name)
{
	return (struct msg_account){ .account = id,
		.name = view_str(name),
		.enabled = true,
		.dialin = DIALIN_BY_POLICY,
		.groups = view_str(""),
		.caller_id = view_str(""),
		.has_password = true };
}

/* Holds a cause against its name in causes.def. */
#define assert_cause(got, wanted) assert_string_equal(cause_info(got)->name, (wanted))

#endif
