/* What rasdial prints and keeps: connections, and failures with their diagnosis. */
#ifndef CMD_DIAL_PRINT_H
#define CMD_DIAL_PRINT_H

#include "cmd/dial_state.h"

#define DIAL_HISTORY_DIR "/var/lib/openrras"
#define DIAL_HISTORY_FILE "dial-history.db"

struct dial_print {
	bool json;
	const char *name; /* of the connection */
};

/* An event of a call; s for DIAL_CONNECTED and DIAL_CHANGED. Not DIAL_ENDED. */
void dial_print_event(
    const struct dial_print *p, const struct dial_event *e, const struct dial_state *s);

/* All about one that is up. */
void dial_print_status(const struct dial_print *p, const struct dial_state *s);

/* The end of a call that was up, as it should be. */
void dial_print_end(const struct dial_print *p, const struct attempt_record *r);

/* It was ended on demand. */
void dial_print_gone(const struct dial_print *p, const struct dial_state *s);

/* All that are up. Returns the exit status. */
int dial_print_list(const struct dial_print *p);

/* Why a call failed: the number, the cause, the evidence, what to try. */
void dial_print_failure(const struct dial_print *p, const struct attempt_record *r);

/* Puts the attempt into this machine's history, for `rrasctl diagnose --client`. */
void dial_print_store(const struct attempt_record *r);

#endif
