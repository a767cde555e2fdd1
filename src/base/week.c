/* Hours of the week. See week.h. One walk over the items serves the check and the question. */
#include "base/week.h"

#include "base/text.h"

#include <string.h>

#define DAY_MIN 1440u

static const char *const days[7] = { "monday", "tuesday", "wednesday", "thursday", "friday",
	"saturday", "sunday" };

static struct view
trim(struct view v)
{
	while (v.n && (v.p[0] == ' ' || v.p[0] == '\t'))
		v = view_of(v.p + 1, v.n - 1);
	while (v.n && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t'))
		v.n--;
	return v;
}

/* Cuts what stands before the first of c, or all, off the front of *v. */
static struct view
cut(struct view *v, char c)
{
	size_t n = 0;

	while (n < v->n && v->p[n] != (uint8_t)c)
		n++;
	struct view head = view_of(v->p, n);
	*v = n < v->n ? view_of(v->p + n + 1, v->n - n - 1) : view_of(v->p + n, 0);
	return head;
}

static bool
has(struct view v, char c)
{
	return v.n && memchr(v.p, c, v.n);
}

/* The number of a day, from two letters on; -1 when it is none. */
static int
day_of(struct view v)
{
	v = trim(v);
	for (int d = 0; d < 7; d++)
		if (v.n >= 2 && v.n <= strlen(days[d]) &&
		    text_eq_nocase(v, view_of((const uint8_t *)days[d], v.n)))
			return d;
	return -1;
}

/* "Mo" or "Mo-Fr"; "Sa-Mo" runs over the end of the week. */
static bool
days_of(struct view v, unsigned int *mask)
{
	bool range = has(v, '-');
	int first = day_of(cut(&v, '-'));
	int last = range ? day_of(v) : first;

	*mask = 0;
	if (first < 0 || last < 0)
		return false;
	for (int d = first;; d = (d + 1) % 7) {
		*mask |= 1u << d;
		if (d == last)
			return true;
	}
}

static bool
two_digits(struct view v, unsigned int *out)
{
	if (v.n != 2 || v.p[0] < '0' || v.p[0] > '9' || v.p[1] < '0' || v.p[1] > '9')
		return false;
	*out = (unsigned int)(v.p[0] - '0') * 10 + (unsigned int)(v.p[1] - '0');
	return true;
}

static bool
time_of(struct view v, unsigned int *out)
{
	unsigned int h, m;

	v = trim(v);
	if (!two_digits(cut(&v, ':'), &h) || !two_digits(v, &m) || m > 59)
		return false;
	*out = h * 60 + m;
	return *out <= DAY_MIN;
}

/* Where the times begin: at the first digit. */
static size_t
times_at(struct view v)
{
	size_t n = 0;

	while (n < v.n && (v.p[n] < '0' || v.p[n] > '9'))
		n++;
	return n;
}

static const char *
item_of(struct view v, struct week_item *out)
{
	size_t n = times_at(v);
	struct view on = trim(view_of(v.p, n)), times = view_of(v.p + n, v.n - n);

	*out = (struct week_item){ .days = 0x7f, .to = DAY_MIN };
	if (trim(v).n == 0)
		return "there is nothing between two commas";
	if (on.n && !days_of(on, &out->days))
		return "days are Mo Tu We Th Fr Sa Su, or two of them: Mo-Fr";
	if (times.n == 0)
		return NULL;
	if (!time_of(cut(&times, '-'), &out->from) || !time_of(times, &out->to))
		return "times are written 08:00-18:00, the end of a day 24:00";
	if (out->from == out->to || out->from == DAY_MIN)
		return "from and to are the same: leave the times away for whole days";
	return NULL;
}

static bool
item_covers(const struct week_item *it, unsigned int minute)
{
	unsigned int day = minute / DAY_MIN, at = minute % DAY_MIN;
	unsigned int before = (day + 6) % 7;

	if (it->from < it->to)
		return (it->days >> day & 1) && at >= it->from && at < it->to;
	return ((it->days >> day & 1) && at >= it->from) ||
	       ((it->days >> before & 1) && at < it->to);
}

const char *
week_item_next(struct view *text, struct week_item *out, bool *more)
{
	*more = has(*text, ',');
	return item_of(cut(text, ','), out);
}

const char *
week_wrong(struct view text)
{
	struct week_item it;
	const char *wrong = NULL;

	if (text.n >= WEEK_TEXT_MAX)
		return "the hours are longer than 159 bytes";
	if (trim(text).n == 0 || text_eq_nocase(trim(text), view_str("always")) ||
	    text_eq_nocase(trim(text), view_str("never")))
		return NULL;
	for (bool more = true; more && !wrong;)
		wrong = week_item_next(&text, &it, &more);
	return wrong;
}

bool
week_covers(struct view text, unsigned int minute)
{
	struct week_item it;

	if (trim(text).n == 0 || text_eq_nocase(trim(text), view_str("always")))
		return true;
	if (text_eq_nocase(trim(text), view_str("never")))
		return false;
	for (bool more = true; more;) {
		if (week_item_next(&text, &it, &more))
			return false;
		if (item_covers(&it, minute))
			return true;
	}
	return false;
}

unsigned int
week_minute(int64_t unix_s, int32_t utc_offset_s)
{
	/* 1970 began on a Thursday, three days after a Monday */
	int64_t m = (unix_s + utc_offset_s) / 60 + 3 * (int64_t)DAY_MIN;

	m %= (int64_t)WEEK_MINUTES;
	return (unsigned int)(m < 0 ? m + (int64_t)WEEK_MINUTES : m);
}
