/*
 * Hours of the week as text: "Mo-Fr 08:00-18:00, Sa 09:00-12:00". Logon hours of an account are
 * kept and compared in this form; nothing is computed that would have to be kept beside it.
 *
 *   TEXT   = "" | "always" | "never" | ITEM { "," ITEM }
 *   ITEM   = [ DAYS ] FROM "-" TO | DAYS
 *   DAYS   = DAY [ "-" DAY ]            Mo Tu We Th Fr Sa Su, or longer: Mon, monday
 *   FROM, TO = HH:MM                    24:00 ends a day; TO before FROM runs past midnight
 */
#ifndef BASE_WEEK_H
#define BASE_WEEK_H

#include "base/must.h"
#include "base/view.h"

#define WEEK_TEXT_MAX 160u /* bytes of a text, its terminator included */
#define WEEK_MINUTES 10080u

/* NULL when text is well-formed, else what is wrong with it. */
MUST_USE const char *week_wrong(struct view text);

/*
 * Whether minute (from Monday 00:00, below WEEK_MINUTES) is one of these hours. The empty text and
 * "always" cover all; a text that week_wrong() complains of covers nothing from there on.
 */
MUST_USE bool week_covers(struct view text, unsigned int minute);

/* One item: on these days (bit 0 is Monday) from `from` to before `to`, minutes of the day. */
struct week_item {
	unsigned int days, from, to; /* to at or before from: into the next day */
};

/*
 * Takes the first item off *text, which is not one of the words. NULL, or what is wrong with it;
 * *more tells whether another one follows.
 */
MUST_USE const char *week_item_next(struct view *text, struct week_item *out, bool *more);

/* The minute of the week at unix_s where clocks are utc_offset_s seconds ahead of UTC. */
unsigned int week_minute(int64_t unix_s, int32_t utc_offset_s);

#endif
