/*
 * Allowed hours: what is a range of the week, what is not, when it ends, and summer time (R33's
 * logon hours and the day and time of policies, R43).
 */
#include "base/hours.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

/* Central Europe without a file of zones: clocks change on 2026-03-29 and 2026-10-25. */
static int
central_europe(void **state)
{
	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	hours_prepare();
	return 0;
}

/* An exact-size heap copy: a view has no terminator to lean on. */
static const char *
parse(const char *s, struct hours *h)
{
	size_t n = strlen(s);
	uint8_t *p = malloc(n ? n : 1);

	assert_non_null(p);
	memcpy(p, s, n);
	const char *why = hours_parse(view_of(p, n), h);
	free(p);
	return why;
}

static void
same(const char *in, const char *out)
{
	struct hours h = { 0 }, again = { 0 };
	char text[HOURS_TEXT_MAX];

	assert_null(parse(in, &h));
	assert_string_equal(hours_text(&h, text, sizeof(text)), out);
	assert_null(parse(text, &again));
	assert_memory_equal(&h, &again, sizeof(h));
}

static void
hours_are_read_and_written(void **state)
{
	(void)state;
	same("Mo-Fr 08:00-18:00", "Mo-Fr 08:00-18:00");
	same("mon-friday 08:00-18:00", "Mo-Fr 08:00-18:00");
	same("Sa", "Sa 00:00-24:00");
	same("always", "Mo-Su 00:00-24:00");
	same(" never ", "never");
	same("06:30-07:00", "Mo-Su 06:30-07:00");
	same("Sa-Mo 10:00-11:00", "Mo 10:00-11:00, Sa-Su 10:00-11:00");
	same("Mo-Fr 08:00-12:00, Mo-Fr 13:00-18:00,Sa 09:00-12:00",
	    "Mo-Fr 08:00-12:00, Mo-Fr 13:00-18:00, Sa 09:00-12:00");
	same("Mo 08:00-12:00, Mo 11:00-14:00", "Mo 08:00-14:00");
	same("Mo 08:00-12:00, Mo 12:00-14:00", "Mo 08:00-14:00");
	same("Fr 22:00-06:00", "Fr 22:00-24:00, Sa 00:00-06:00");
	same("Su 22:00-06:00", "Mo 00:00-06:00, Su 22:00-24:00");
	same("Mo 22:00-00:00", "Mo 22:00-24:00");
}

static void
what_is_not_hours_is_refused_and_changes_nothing(void **state)
{
	static const char *const bad[] = { "Mo,", ",Mo", "Mx 08:00-18:00", "Mo 08:00", "Mo 08:00-",
		"Mo 25:00-26:00", "Mo 08:60-09:00", "Mo 08:00-08:00", "Mo 24:00-08:00",
		"Mo 08:00-18:00 x", "Mo 8-18", "never, Mo", "Mo 008:00-18:00", "Mo-Xx 08:00-18:00",
		"Mo--Fr", "-", "Mo 08:00-18:00-20:00", "08:00-09:00 Mo" };
	struct hours h = { 0 }, before;
	(void)state;

	assert_null(parse("We 01:00-02:00", &h));
	before = h;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_non_null(parse(bad[i], &h));
		assert_memory_equal(&h, &before, sizeof(h));
	}
}

static void
a_week_in_pieces_is_bounded(void **state)
{
	struct hours h = { 0 };
	char one[32];
	(void)state;

	for (unsigned int i = 0; i < 6; i++) {
		snprintf(one, sizeof(one), "%02u:00-%02u:30", i * 3, i * 3);
		assert_null(parse(one, &h));
	}
	assert_int_equal(h.n, HOURS_MAX);
	assert_string_equal(parse("20:00-20:30", &h), "these are too many ranges");
	assert_int_equal(h.n, HOURS_MAX);
	assert_null(parse("always", &h));
	assert_int_equal(h.n, 1);
}

static int64_t
utc(int year, int month, int day, int hour, int minute)
{
	struct tm tm = { .tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_min = minute };

	return (int64_t)timegm(&tm);
}

static void
local_time_counts_with_its_summer_time(void **state)
{
	char text[32];
	(void)state;

	/* 07:00 UTC is 08:00 in winter and 09:00 in summer */
	assert_string_equal(
	    hours_minute_text(hours_minute(utc(2026, 1, 5, 7, 0)), text, sizeof(text)), "Mo 08:00");
	assert_string_equal(
	    hours_minute_text(hours_minute(utc(2026, 7, 5, 7, 0)), text, sizeof(text)), "Su 09:00");

	struct hours h = { 0 };
	assert_null(parse("Mo-Fr 08:00-18:00", &h));
	assert_true(hours_cover(&h, hours_minute(utc(2026, 1, 5, 7, 0))));
	assert_false(hours_cover(&h, hours_minute(utc(2026, 1, 5, 6, 59))));
	assert_true(hours_cover(&h, hours_minute(utc(2026, 7, 6, 15, 59))));
	assert_false(hours_cover(&h, hours_minute(utc(2026, 7, 6, 16, 0))));
	assert_false(hours_cover(&h, hours_minute(utc(2026, 7, 5, 12, 0))));
	h = (struct hours){ 0 };
	assert_true(hours_cover(&h, 0));
	assert_null(parse("never", &h));
	assert_false(hours_cover(&h, 0));
}

static void
the_end_of_the_hours_is_the_wall_clock_s(void **state)
{
	struct hours h = { 0 }, week = { 0 }, none = { 0 }, night = { 0 }, over = { 0 };
	(void)state;

	assert_null(parse("Mo-Fr 08:00-18:00", &h));
	assert_int_equal(hours_left_s(&h, utc(2026, 1, 5, 16, 0) + 30), 3570);
	assert_int_equal(hours_left_s(&h, utc(2026, 1, 5, 16, 59) + 59), 1);
	assert_int_equal(hours_left_s(&h, utc(2026, 1, 5, 17, 0)), 0);

	assert_null(parse("always", &week));
	assert_int_equal(hours_left_s(&week, utc(2026, 1, 5, 16, 0)), 0);
	assert_int_equal(hours_left_s(&none, utc(2026, 1, 5, 16, 0)), 0);

	/* the night of 2026-03-29 has no 02:00 to 03:00, that of 2026-10-25 has it twice */
	assert_null(parse("Sa 22:00-06:00", &night));
	assert_int_equal(hours_left_s(&night, utc(2026, 3, 28, 21, 0)), 7 * 3600);
	assert_int_equal(hours_left_s(&night, utc(2026, 10, 24, 20, 0)), 9 * 3600);
	assert_int_equal(hours_left_s(&night, utc(2026, 1, 10, 21, 0)), 8 * 3600);

	/* from Sunday into Monday */
	assert_null(parse("Sa-Su, Mo 00:00-07:00", &over));
	assert_int_equal(hours_left_s(&over, utc(2026, 1, 11, 22, 0)), 8 * 3600);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hours_are_read_and_written),
		cmocka_unit_test(what_is_not_hours_is_refused_and_changes_nothing),
		cmocka_unit_test(a_week_in_pieces_is_bounded),
		cmocka_unit_test(local_time_counts_with_its_summer_time),
		cmocka_unit_test(the_end_of_the_hours_is_the_wall_clock_s),
	};

	return cmocka_run_group_tests(tests, central_europe, NULL);
}
