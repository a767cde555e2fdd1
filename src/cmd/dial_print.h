/* What rasdial prints and keeps: connections, and failures with their diagnosis. */
#ifndef CMD_DIAL_PRINT_H
#define CMD_DIAL_PRINT_H

#include "cmd/dial_state.h"

#define DIAL_HISTORY_DIR "/var/lib/openrras"
#define DIAL_HISTORY_FILE "dial-history.db"

struct dial_print {
	bool json;
};

/* The connection is up. */
void dial_print_up(const struct dial_print *p, const struct dial_state *s);

/* It was ended on demand. */
void dial_print_gone(const struct dial_print *p, const struct dial_state *s);

/* All that are up. Returns the exit status. */
int dial_print_list(const struct dial_print *p);

/* Why a call failed: the number, the cause, the evidence, what to try. */
void dial_print_failure(const struct dial_print *p, const struct attempt_record *r);

/* Puts the attempt into this machine's history, for `rrasctl diagnose --client`. */
void dial_print_store(const struct attempt_record *r);

#endif
