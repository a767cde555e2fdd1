/*
 * After crypto_init and the making of contexts nothing opens a file: handshakes, good and refused,
 * and everything that is said of them run in a child that the kernel kills for trying. (The roles'
 * real sandbox is tested where it is made.)
 */
#include "tls_pair.h"

#include "crypto/crypto.h"
#include "crypto/mschap.h"
#include "crypto/seal.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_OK 7
#define CHILD_CANNOT 8

static char test_exe[512];

/* Opening, connecting and reading links end the process; all else goes on. */
static bool
forbid_files(void)
{
#define DENY(nr)                                                                                   \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1),                                           \
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef __NR_open
		DENY(__NR_open),
		DENY(__NR_stat),
		DENY(__NR_readlink),
#endif
		DENY(__NR_openat),
		DENY(__NR_newfstatat),
		DENY(__NR_readlinkat),
		DENY(__NR_socket),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static bool
talk(struct tls_ctx *sc, struct tls_ctx *cc, const char *host, enum tls_state want)
{
	struct tls *server = tls_new(sc, NULL), *client = tls_new(cc, host);
	struct tls_cert cert;
	char buf[16];

	shake(client, server, SIZE_MAX);
	bool good = tls_state_of(client) == want && tls_peer_cert(client, &cert);
	if (want == TLS_OPEN) {
		good = good && tls_write(client, view_str("hello"));
		carry(client, server, SIZE_MAX);
		good = good && tls_read(server, buf, sizeof(buf)) == 5;
	}
	tls_free(server);
	tls_free(client);
	return good;
}

static int
child(void)
{
	const char *roots = getenv("TEST_CA"), *cert = getenv("TEST_CERT"),
		   *key = getenv("TEST_KEY");
	uint8_t hash[16], sealed[16 + SEAL_OVERHEAD], sealing_key[SEAL_KEY_BYTES] = { 0 };
	char err[256];

	if (!roots || !cert || !key || !crypto_init(err, sizeof(err)))
		return 1;
	struct tls_ctx *sc = tls_server_ctx(view_str(cert), view_str(key), err, sizeof(err));
	struct tls_ctx *cc = tls_client_ctx(view_str(roots), err, sizeof(err));
	if (!sc || !cc)
		return 2;
	if (!forbid_files())
		return CHILD_CANNOT;
	if (!talk(sc, cc, "vpn.example.org", TLS_OPEN))
		return 3;
	if (!talk(sc, cc, "else.example.org", TLS_FAILED))
		return 4;
	struct tls *t = tls_new(sc, NULL);
	if (!t || !tls_feed(t, view_of("\x16\x03\x01\x00\x05hello", 10)) ||
	    tls_step(t) != TLS_FAILED)
		return 5;
	tls_free(t);
	if (!mschap_nt_hash(view_str("clientPass"), hash))
		return 6;
	seal_make(sealing_key, view_str("a"), view_of(hash, 16), sealed);
	return CHILD_OK;
}

static void
test_no_file_is_opened(void **state)
{
	static struct identity ca, id;
	int status = 0;

	(void)state;
	make_ca("Test CA", &ca);
	issue_good(&ca, &id);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setenv("TEST_CA", ca.cert, 1);
		setenv("TEST_CERT", id.cert, 1);
		setenv("TEST_KEY", id.key, 1);
		execl(test_exe, test_exe, "child", (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_CANNOT)
		skip(); /* the kernel has no seccomp filters */
	if (WIFSIGNALED(status))
		fail_msg("killed by signal %d: it tried to open a file", WTERMSIG(status));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), CHILD_OK);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_file_is_opened),
	};

	if (argc > 1 && strcmp(argv[1], "child") == 0)
		_exit(child());
	snprintf(test_exe, sizeof(test_exe), "%s", argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
