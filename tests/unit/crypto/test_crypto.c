/*
 * crypto_init: succeeds here, says what is missing and what to install where the legacy provider is
 * not to be found (in a child process, because loading happens once), and random bytes differ.
 */
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char test_exe[512]; /* our own path, to run again */

static void
test_init(void **state)
{
	char err[512] = "";

	(void)state;
	assert_true(crypto_init(err, sizeof(err)));
	assert_true(crypto_init(err, sizeof(err))); /* again: harmless */
	assert_string_equal(err, "");
}

static void
test_random(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	crypto_random(NULL, a, sizeof(a));
	crypto_random(NULL, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	crypto_random(NULL, a, 0);
}

/* The child of test_no_legacy: 7 when crypto_init refuses and names cause and remedy. */
static int
child_without_legacy(void)
{
	char err[512] = "";

	if (crypto_init(err, sizeof(err)))
		return 1;
	if (!strstr(err, "legacy provider") || !strstr(err, "openssl-provider-legacy"))
		return 2;
	return 7;
}

static void
test_no_legacy(void **state)
{
	int status = 0;

	(void)state;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setenv("OPENSSL_MODULES", "/nonexistent", 1);
		execl(test_exe, test_exe, "no-legacy", (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_legacy),
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_random),
	};

	if (argc > 1 && strcmp(argv[1], "no-legacy") == 0)
		return child_without_legacy();
	snprintf(test_exe, sizeof(test_exe), "%s", argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
