/* Hours of the week: what is understood, what is refused with which words, and who covers when. */
#include "base/week.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MO, TU, WE, TH, FR, SA, SU };

static bool
covers(const char *text, unsigned int day, unsigned int hour, unsigned int minute)
{
	/* an exact-size copy: reading past its end is found */
	size_t n = strlen(text);
	char *p = malloc(n ? n : 1);
	assert_non_null(p);
	memcpy(p, text, n);
	bool yes = week_covers(view_of(p, n), (day * 24 + hour) * 60 + minute);
	free(p);
	return yes;
}

static void
test_hours(void **state)
{
	const char *office = "Mo-Fr 08:00-18:00, Sa 09:00-12:00";

	(void)state;
	assert_null(week_wrong(view_str(office)));
	assert_true(covers(office, MO, 8, 0));
	assert_true(covers(office, FR, 17, 59));
	assert_false(covers(office, FR, 18, 0));
	assert_false(covers(office, MO, 7, 59));
	assert_true(covers(office, SA, 9, 0));
	assert_false(covers(office, SU, 9, 0));
}

static void
test_over_midnight_and_week(void **state)
{
	const char *night = "fri-Mon 22:00-06:00";

	(void)state;
	assert_null(week_wrong(view_str(night)));
	assert_true(covers(night, FR, 22, 0));
	assert_false(covers(night, FR, 5, 0)); /* Thursday's night is not named */
	assert_true(covers(night, SA, 5, 59));
	assert_true(covers(night, MO, 23, 0));
	assert_true(covers(night, TU, 5, 0)); /* Monday's night runs into Tuesday */
	assert_false(covers(night, TU, 22, 0));
	assert_true(covers("Su 23:00-01:00", MO, 0, 30)); /* over the end of the week */
}

static void
test_whole_days_and_words(void **state)
{
	(void)state;
	assert_true(covers("", SU, 23, 59));
	assert_true(covers(" always ", SU, 23, 59));
	assert_false(covers("never", MO, 12, 0));
	assert_true(covers("Tuesday", TU, 0, 0));
	assert_false(covers("Tuesday", WE, 0, 0));
	assert_true(covers("08:00-24:00", SU, 23, 59));
	assert_false(covers("08:00-24:00", SU, 7, 59));
}

static void
test_wrong(void **state)
{
	static const char *const wrong[] = { "Xx 08:00-09:00", "M 08:00-09:00", "08:00",
		"8:00-9:00", "Mo 08:00-24:01", "Mo 25:00-26:00", "Mo 08:60-09:00", "Mo 08:00-08:00",
		"Mo 24:00-01:00", "Mo 08:00-09:00,", ",", "Mo-Xx", "Mo 08:00-09:00 Tu 09:00-10:00",
		"Mo 08:00-09:00-10:00", "Mondayy 08:00-09:00", "Mo-Tu-We" };
	char longest[WEEK_TEXT_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (!week_wrong(view_str(wrong[i])))
			fail_msg("\"%s\" is taken", wrong[i]);
		assert_false(covers(wrong[i], SU, 12, 0));
	}
	memset(longest, ' ', sizeof(longest));
	longest[WEEK_TEXT_MAX] = 0;
	assert_non_null(week_wrong(view_str(longest)));
}

static void
test_minute_of_week(void **state)
{
	(void)state;
	assert_int_equal(week_minute(0, 0), 3 * 1440); /* a Thursday */
	assert_int_equal(week_minute(0, 3600), 3 * 1440 + 60);
	assert_int_equal(week_minute(4 * 86400, 0), 0);         /* Monday 5 January 1970 */
	assert_int_equal(week_minute(4 * 86400, -60), 10079);   /* still Sunday there */
	assert_int_equal(week_minute(-4 * 86400, 0), 6 * 1440); /* Sunday 28 December 1969 */
	assert_int_equal(week_minute(1795372235, 0), 6 * 1440 + 18 * 60 + 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hours),
		cmocka_unit_test(test_over_midnight_and_week),
		cmocka_unit_test(test_whole_days_and_words),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_minute_of_week),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
