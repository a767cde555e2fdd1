/* Ranges of the week: reading, writing, asking. See hours.h. */
#include "base/hours.h"

#include "base/text.h"
#include "base/week.h"

#include <stdio.h>
#include <time.h>

#define DAY_MIN 1440u

static const char *const days[] = { "Mo", "Tu", "We", "Th", "Fr", "Sa", "Su" };

/* Adds one range, sorted and joined with those it touches. False: no room. */
static bool
add_range(struct hours *h, unsigned int from, unsigned int to)
{
	struct hours_range r[HOURS_MAX + 1];
	unsigned int n = 0;
	bool in = false;

	for (unsigned int i = 0; i < h->n; i++) {
		if (h->r[i].to >= from && h->r[i].from <= to) { /* touches: becomes part of it */
			from = h->r[i].from < from ? h->r[i].from : from;
			to = h->r[i].to > to ? h->r[i].to : to;
			continue;
		}
		if (!in && h->r[i].from > to) {
			r[n++] = (struct hours_range){ (uint16_t)from, (uint16_t)to };
			in = true;
		}
		r[n++] = h->r[i];
	}
	if (!in)
		r[n++] = (struct hours_range){ (uint16_t)from, (uint16_t)to };
	if (n > HOURS_MAX)
		return false;
	h->n = (uint8_t)n;
	memcpy(h->r, r, n * sizeof(r[0]));
	return true;
}

/* The same times on each day of a mask. */
static bool
add_days(struct hours *h, unsigned int mask, unsigned int from, unsigned int to)
{
	for (unsigned int d = 0; d < 7; d++) {
		unsigned int a = d * DAY_MIN + from, b = d * DAY_MIN + to;
		bool ok = true;

		if (!(mask & 1u << d))
			continue;
		if (to <= from) /* into the next day, and from Sunday into Monday */
			b += DAY_MIN;
		if (b > HOURS_WEEK_MIN) {
			ok = add_range(h, 0, b - HOURS_WEEK_MIN);
			b = HOURS_WEEK_MIN;
		}
		if (!ok || !add_range(h, a, b))
			return false;
	}
	return true;
}

/* A word alone, with blanks around it. */
static bool
is_word(struct view text, const char *word)
{
	while (text.n && (text.p[0] == ' ' || text.p[0] == '\t'))
		text = view_of(text.p + 1, text.n - 1);
	while (text.n && (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t'))
		text.n--;
	return text_eq_nocase(text, view_str(word));
}

const char *
hours_parse(struct view text, struct hours *h)
{
	const char *why = week_wrong(text);
	struct hours all = *h;
	struct week_item it;

	if (why)
		return why;
	if (is_word(text, "never")) {
		h->set = true;
		return NULL;
	}
	all.set = true;
	if (is_word(text, "always"))
		text = view_str("00:00-24:00");
	for (bool more = true; more && !why;) {
		why = week_item_next(&text, &it, &more);
		if (!why && !add_days(&all, it.days, it.from, it.to))
			why = "these are too many ranges";
	}
	if (!why)
		*h = all;
	return why;
}

char *
hours_minute_text(unsigned int minute, char *out, size_t cap)
{
	snprintf(out, cap, "%s %02u:%02u", days[minute / DAY_MIN % 7], minute % DAY_MIN / 60,
	    minute % 60);
	return out;
}

/* The part of a range that lies on one day; false: none does. */
static bool
on_day(const struct hours_range *r, unsigned int d, unsigned int *from, unsigned int *to)
{
	unsigned int a = d * DAY_MIN, b = a + DAY_MIN;

	if (r->to <= a || r->from >= b)
		return false;
	*from = (r->from > a ? r->from : a) - a;
	*to = (r->to < b ? r->to : b) - a;
	return true;
}

/* The times of one day, "08:00-12:00|13:00-18:00"; empty without any. */
static void
day_text(const struct hours *h, unsigned int d, char *out, size_t cap)
{
	unsigned int from, to;
	size_t o = 0;

	out[0] = 0;
	for (unsigned int i = 0; i < h->n && o < cap; i++)
		if (on_day(&h->r[i], d, &from, &to))
			o += (size_t)snprintf(out + o, cap - o, "%s%02u:%02u-%02u:%02u",
			    o ? "|" : "", from / 60, from % 60, to / 60, to % 60);
}

/* The items of days with the same times: the days stand before each of the times. */
static size_t
days_text(
    unsigned int first, unsigned int last, const char *times, char *out, size_t cap, bool more)
{
	size_t o = 0;

	while (*times && o < cap) {
		int n = (int)strcspn(times, "|");
		o += (size_t)snprintf(out + o, cap - o, "%s%s%s%s %.*s", more || o ? ", " : "",
		    days[first], last > first ? "-" : "", last > first ? days[last] : "", n, times);
		times += n + (times[n] == '|');
	}
	return o < cap ? o : cap;
}

char *
hours_text(const struct hours *h, char *out, size_t cap)
{
	char text[7][128];
	size_t o = 0;

	must(cap > 0);
	snprintf(out, cap, "%s", !h->set ? "always" : h->n ? "" : "never");
	for (unsigned int d = 0; d < 7; d++)
		day_text(h, d, text[d], sizeof(text[d]));
	for (unsigned int d = 0, end; d < 7 && h->n; d = end) {
		for (end = d + 1; end < 7 && strcmp(text[end], text[d]) == 0;)
			end++;
		o += days_text(d, end - 1, text[d], out + o, cap - o, o > 0);
	}
	return out;
}

void
hours_prepare(void)
{
	tzset();
}

/*
 * localtime_r, never mktime: that one would look at the time zone's file again, which a sandbox
 * does not have.
 */
static unsigned int
local_minute(int64_t unix_s, unsigned int *second)
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	*second = 0;
	if (!localtime_r(&t, &tm))
		return 0;
	*second = (unsigned int)tm.tm_sec;
	return (unsigned int)((tm.tm_wday + 6) % 7) * DAY_MIN + (unsigned int)tm.tm_hour * 60 +
	       (unsigned int)tm.tm_min;
}

unsigned int
hours_minute(int64_t unix_s)
{
	unsigned int second;

	return local_minute(unix_s, &second);
}

/* The range a minute lies in; NULL: none. */
static const struct hours_range *
range_at(const struct hours *h, unsigned int minute)
{
	for (unsigned int i = 0; i < h->n; i++)
		if (minute >= h->r[i].from && minute < h->r[i].to)
			return &h->r[i];
	return NULL;
}

bool
hours_cover(const struct hours *h, unsigned int minute)
{
	return !h->set || range_at(h, minute);
}

uint32_t
hours_left_s(const struct hours *h, int64_t unix_s)
{
	unsigned int second, minute = local_minute(unix_s, &second);
	const struct hours_range *r = range_at(h, minute);

	if (!r || (r->from == 0 && r->to == HOURS_WEEK_MIN))
		return 0;
	unsigned int left = r->to - minute;
	if (r->to == HOURS_WEEK_MIN && h->r[0].from == 0)
		left += h->r[0].to;

	/* as if no clock changed, then what the wall clock says there is taken off */
	int64_t end = unix_s + (int64_t)left * 60 - second;
	int off = (int)local_minute(end, &second) - (int)((minute + left) % HOURS_WEEK_MIN);
	if (off > (int)HOURS_WEEK_MIN / 2)
		off -= (int)HOURS_WEEK_MIN;
	if (off < -(int)HOURS_WEEK_MIN / 2)
		off += (int)HOURS_WEEK_MIN;
	end -= (int64_t)off * 60;
	return end > unix_s ? (uint32_t)(end - unix_s) : 1;
}
