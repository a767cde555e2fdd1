/* Whole files: bounds, atomic replacement, sealed memory. */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], path[80];

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/rras-test-file-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/file", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir); /* fails when a temporary file stayed behind */
}

static void
test_write_and_read(void **state)
{
	static char big[50000];
	struct file_bytes b;
	struct stat st;

	(void)state;
	assert_int_equal(file_write(path, view_str("one"), 0640), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(file_read(path, 3, &b), 0);
	assert_int_equal(b.n, 3);
	assert_string_equal((const char *)b.p, "one"); /* with its zero */
	file_bytes_free(&b);
	assert_null(b.p);
	assert_int_equal(file_read(path, 2, &b), -EFBIG);

	memset(big, 'x', sizeof(big));
	assert_int_equal(file_write(path, view_of(big, sizeof(big)), 0600), 0);
	assert_int_equal(file_read(path, sizeof(big), &b), 0);
	assert_true(view_eq(file_view(&b), view_of(big, sizeof(big))));
	file_bytes_free(&b);
	assert_int_equal(file_read(path, sizeof(big) - 1, &b), -EFBIG);

	assert_int_equal(file_write(path, view_str(""), 0600), 0);
	assert_int_equal(file_read(path, 0, &b), 0);
	assert_int_equal(b.n, 0);
	file_bytes_free(&b);
}

static void
test_not_a_file(void **state)
{
	struct file_bytes b;

	(void)state;
	assert_int_equal(file_read(path, 10, &b), -ENOENT);
	assert_int_equal(file_read(dir, 10, &b), -EISDIR);
	assert_int_equal(file_read("/dev/zero", 10, &b), -EINVAL);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_read(path, 10, &b), -EINVAL); /* and does not wait for a writer */
	assert_int_equal(file_write("/nonexistent/file", view_str("x"), 0600), -ENOENT);
}

/* A key made at the first start never replaces one that is there. */
static void
test_write_new(void **state)
{
	struct file_bytes b;

	(void)state;
	assert_int_equal(file_write_new(path, view_str("first"), 0600), 0);
	assert_int_equal(file_write_new(path, view_str("second"), 0600), -EEXIST);
	assert_int_equal(file_read(path, 100, &b), 0);
	assert_string_equal((const char *)b.p, "first");
	file_bytes_free(&b);
}

static void
test_failed_write_keeps_the_old(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0); /* rename onto a folder fails */
	assert_int_equal(file_write(path, view_str("x"), 0600), -EISDIR);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(rmdir(path), 0);
}

static void
test_sealed_memory(void **state)
{
	struct file_bytes b;
	int fd = file_memfd("config", view_str("text"));

	(void)state;
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_ptr_equal(mmap(NULL, 4, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	/* Each reader has the whole, wherever another left the offset. */
	assert_int_equal(lseek(fd, 2, SEEK_SET), 2);
	assert_int_equal(file_read_fd(fd, 100, &b), 0);
	assert_string_equal((const char *)b.p, "text");
	file_bytes_free(&b);
	close(fd);
}

static void
test_read_a_pipe(void **state)
{
	struct file_bytes b;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "piped", 5), 5);
	close(fds[1]);
	assert_int_equal(file_read_fd(fds[0], 5, &b), 0);
	assert_string_equal((const char *)b.p, "piped");
	file_bytes_free(&b);
	close(fds[0]);
	assert_int_equal(file_read_fd(-1, 5, &b), -EBADF);
}

static void
test_mkdirs(void **state)
{
	char p[128];
	struct stat st;

	(void)state;
	snprintf(p, sizeof(p), "%s/a/b/c/", dir);
	assert_int_equal(file_mkdirs(p, 0711, (uid_t)-1, (gid_t)-1), 0);
	assert_int_equal(stat(p, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0711);
	assert_int_equal(file_mkdirs(p, 0700, getuid(), getgid()), 0); /* there: left as it is */
	assert_int_equal(stat(p, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0711);
	assert_int_equal(file_write(path, view_str("x"), 0600), 0);
	snprintf(p, sizeof(p), "%s/file/x", dir);
	assert_int_equal(file_mkdirs(p, 0700, (uid_t)-1, (gid_t)-1), -ENOTDIR);
	assert_int_equal(file_mkdirs("", 0700, (uid_t)-1, (gid_t)-1), -ENOENT);
	for (const char *const *sub = (const char *const[]){ "a/b/c", "a/b", "a", NULL }; *sub;
	     sub++) {
		snprintf(p, sizeof(p), "%s/%s", dir, *sub);
		assert_int_equal(rmdir(p), 0);
	}
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(test_write_and_read),
		FILE_TEST(test_not_a_file),
		FILE_TEST(test_write_new),
		FILE_TEST(test_failed_write_keeps_the_old),
		FILE_TEST(test_sealed_memory),
		FILE_TEST(test_read_a_pipe),
		FILE_TEST(test_mkdirs),
	};

	return cmocka_run_group_tests_name("os/file", tests, NULL, NULL);
}
