/*
 * The scenarios of tests/scenario/diag: a record and its trail in, expectations out. One file holds
 * several; see the top of wrong-password.txt for the form.
 */
#ifndef TESTS_DIAG_SCENARIO_H
#define TESTS_DIAG_SCENARIO_H

#include "diag/diag.h"

struct scenario {
	struct attempt_record r;
	struct diag_config config;
	struct diag_cert cert;
	struct host_facts host;
	bool has_config, has_cert, has_host;
	uint8_t facts[8192];
	struct wr w;
};

/* Zeroes and sets what every record has. */
void scenario_begin(struct scenario *s);

/* Takes one line that describes the record or its surroundings; false when it is none of these. */
bool scenario_line(struct scenario *s, char *line);

/* The context for diag_explain. */
struct diag_context scenario_context(struct scenario *s, const struct catalogue *c);

#endif
