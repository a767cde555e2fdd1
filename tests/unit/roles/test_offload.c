/*
 * The test of super-packets at the start: it gives no more than was asked for, says what it found,
 * and leaves nothing behind. That what it allows carries data right is tests/e2e/trains.py's.
 */
#include "roles/offload_test.h"

#include "base/vnet.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

static void
test_says_what_it_found(void **state)
{
	char text[160] = "";

	(void)state;
	for (unsigned int want = VNET_TCP; want <= (VNET_TCP | VNET_UDP); want += VNET_UDP) {
		unsigned int got = offload_test(want, text, sizeof(text));

		assert_int_equal(got & ~want, 0);
		print_message("%s\n", text);
		assert_memory_equal(text, "tunnel offload: ", 16);
		if (!strstr(text, "trusted"))
			assert_non_null(strstr(text, vnet_takes_text(got)));
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void
test_nothing_wanted_is_nothing(void **state)
{
	char text[160];

	(void)state;
	assert_int_equal(offload_test(0, text, sizeof(text)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_says_what_it_found),
		cmocka_unit_test(test_nothing_wanted_is_nothing),
	};

	return cmocka_run_group_tests_name("roles/offload", tests, NULL, NULL);
}
