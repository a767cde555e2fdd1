/* Files of the configuration: one file, patterns, zero bytes, names that need quoting. */
#include "os/conffile.h"

#include "os/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/rras-conffile-XXXXXX";

static const char *
inside(const char *name)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int
setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	return file_write(inside("b.conf"), view_str("mru 1300\n"), 0600) ||
	       file_write(inside("a \"q\".conf"), view_str("x"), 0600) ||
	       file_write(inside("zero"), view_of("a\0b", 3), 0600);
}

static int
teardown(void **state)
{
	(void)state;
	unlink(inside("b.conf"));
	unlink(inside("a \"q\".conf"));
	unlink(inside("zero"));
	return rmdir(dir);
}

static void
test_one_file(void **state)
{
	char err[160] = "";
	char *text = conffile_read(NULL, inside("b.conf"), err, sizeof(err));

	(void)state;
	assert_non_null(text);
	assert_string_equal(text, "mru 1300\n");
	free(text);
	assert_null(conffile_read(NULL, inside("gone"), err, sizeof(err)));
	assert_string_equal(err, "No such file or directory");
	assert_null(conffile_read(NULL, inside("zero"), err, sizeof(err)));
	assert_string_equal(err, "it is not a text: it holds a zero byte");
}

static void
test_pattern(void **state)
{
	char err[160] = "", wanted[400];
	char *text = conffile_read(NULL, inside("*.conf"), err, sizeof(err));

	(void)state;
	assert_non_null(text);
	snprintf(wanted, sizeof(wanted), "include \"%s/a \\\"q\\\".conf\"\ninclude \"%s/b.conf\"\n",
	    dir, dir);
	assert_string_equal(text, wanted);
	free(text);
	text = conffile_read(NULL, inside("*.none"), err, sizeof(err));
	assert_non_null(text);
	assert_string_equal(text, "");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_file),
		cmocka_unit_test(test_pattern),
	};

	return cmocka_run_group_tests_name("os/conffile", tests, setup, teardown);
}
