/* What goes to the journal and to the service manager, byte for byte. R107: a record keeps its
 * fields apart. */
#include "os/journal.h"
#include "os/notify.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static void
test_entry(void **state)
{
	static const char nasty[] = "a\nMESSAGE=forged";
	const struct journal_field fields[] = {
		{ "MESSAGE", view_str("connected \xc3\xa4") },
		{ "RRAS_USER", view_str(nasty) }, /* cannot begin a field of its own */
		{ "RRAS_EMPTY", view_of(NULL, 0) },
		{ "RRAS_BIN", view_of("\0\1", 2) },
	};
	static const char want[] = "MESSAGE=connected \xc3\xa4\n"
				   "RRAS_USER\n\x10\0\0\0\0\0\0\0a\nMESSAGE=forged\n"
				   "RRAS_EMPTY=\n"
				   "RRAS_BIN\n\x02\0\0\0\0\0\0\0\0\1\n";
	char got[512];
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	assert_int_equal(journal_send(fds[0], fields, 4), 0);
	assert_int_equal(recv(fds[1], got, sizeof(got), MSG_DONTWAIT), sizeof(want) - 1);
	assert_memory_equal(got, want, sizeof(want) - 1);
	close(fds[0]);
	close(fds[1]);
}

static void
test_never_blocks(void **state)
{
	static char big[JOURNAL_MAX_BYTES];
	struct journal_field f = { "MESSAGE", view_str("x") };
	int fds[2], n = 0, err;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0); /* blocking on purpose */
	while ((err = journal_send(fds[0], &f, 1)) == 0 && n < 100000)
		n++;
	assert_int_equal(err, -EAGAIN);
	memset(big, 'x', sizeof(big));
	f.value = view_of(big, sizeof(big));
	assert_int_equal(journal_send(fds[0], &f, 1), -EMSGSIZE);
	close(fds[1]);
	f.value = view_str("x");
	assert_true(journal_send(fds[0], &f, 1) < 0); /* the journal went: no signal, an error */
	close(fds[0]);
}

static void
test_notify(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char name[64], got[64] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_send("READY=1"), 0);
	snprintf(name, sizeof(name), "@rras-test-notify-%ld", (long)getpid());
	memcpy(a.sun_path, name, strlen(name));
	a.sun_path[0] = 0;
	assert_int_equal(bind(fd, (struct sockaddr *)&a,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
	    0);
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_send("READY=1\nSTATUS=up"), 1);
	assert_int_equal(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), 17);
	assert_string_equal(got, "READY=1\nSTATUS=up");
	close(fd);
	assert_int_equal(notify_send("READY=1"), -ECONNREFUSED);
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(notify_send("READY=1"), -EINVAL);
	unsetenv("NOTIFY_SOCKET");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_never_blocks),
		cmocka_unit_test(test_notify),
	};

	return cmocka_run_group_tests_name("os/journal", tests, NULL, NULL);
}
