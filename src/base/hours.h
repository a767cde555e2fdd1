/*
 * Hours of the week, compiled from the text of base/week.h ("Mo-Fr 08:00-18:00") for those who ask
 * often, and when they end. Local time is the server's, with its summer time. NPS keeps the same as
 * a grid of the week; ranges here are exact to the minute. Pure: the moment is given, but for the
 * time zone, which the process reads once (hours_prepare).
 */
#ifndef BASE_HOURS_H
#define BASE_HOURS_H

#include "base/view.h"

#define HOURS_MAX 42u /* ranges; six a day */
#define HOURS_WEEK_MIN (7u * 24u * 60u)
#define HOURS_TEXT_MAX 1024u

/* Minutes since Monday 00:00, from inclusive, to exclusive; sorted, apart from each other. */
struct hours_range {
	uint16_t from, to;
};

struct hours {
	bool set; /* false: no restriction, all hours are allowed */
	uint8_t n;
	struct hours_range r[HOURS_MAX];
};

/*
 * Adds the ranges of a text of base/week.h to *h. NULL, or what is wrong with the text, for people;
 * then *h is left as it was.
 */
const char *hours_parse(struct view text, struct hours *h);

/* The ranges as hours_parse takes them; "always" where there is no restriction. Returns out. */
char *hours_text(const struct hours *h, char *out, size_t cap);

/*
 * Reads the time zone of the machine now, so that none of the others opens a file: for a process
 * that is about to enter its sandbox.
 */
void hours_prepare(void);

/* The minute of the week (HOURS_WEEK_MIN of them) at a moment, in local time. */
unsigned int hours_minute(int64_t unix_s);

/* Whether a minute of the week is allowed. */
bool hours_cover(const struct hours *h, unsigned int minute);

/*
 * Seconds from a moment that is allowed until it no longer is, at least 1; 0: it has no end. Where
 * the clocks change before that, the wall clock decides.
 */
uint32_t hours_left_s(const struct hours *h, int64_t unix_s);

/* "Tu 19:30": a minute of the week. Returns out. */
char *hours_minute_text(unsigned int minute, char *out, size_t cap);

#endif
