/*
 * sstpload: arguments, orders and reports. See sstpload.h.
 *
 * It opens --count connections, at most --parallel of them on their way at a time, and prints a
 * report when each has come or failed. With --hold it then takes orders, a line each, from its
 * standard input and answers each with one line of JSON:
 *
 *	count        how many are alive, and how the others ended
 *	more N       opens N more; answered when each has come or failed
 *	ping         an ICMP Echo through each tunnel; answered when all came back, or after 10 s
 *	close        ends all sessions; answered when they are gone
 *	quit         ends this process at once, without goodbyes
 */
#include "sstpload.h"

#include "crypto/crypto.h"
#include "os/file.h"
#include "os/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PING_MS 10000u

enum order { ORDER_NONE, ORDER_OPEN, ORDER_PING, ORDER_CLOSE };

static struct load load;
static enum order order;
static struct loop_timer *order_timer;
static char line[256];
static size_t n_line;
static bool hold;

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double
percentile_ms(unsigned int percent)
{
	unsigned int at = load.n_latency * percent / 100;

	if (load.n_latency == 0)
		return 0;
	return load.latency_us[at < load.n_latency ? at : load.n_latency - 1] / 1000.0;
}

static void
print_ends(const char *name, const struct ends *e)
{
	printf(", \"%s\": {", name);
	for (unsigned int i = 0; i < e->n; i++)
		printf("%s\"%s\": %u", i ? ", " : "", e->row[i].why, e->row[i].count);
	printf("}");
}

/* One report; figures of speed are of the connections since the last one. */
static void
report(const char *what)
{
	double seconds =
	    load.settled_us > load.began_us ? (double)(load.settled_us - load.began_us) / 1e6 : 0;

	qsort(load.latency_us, load.n_latency, sizeof(load.latency_us[0]), by_value);
	printf("{\"order\": \"%s\", \"asked\": %u, \"came\": %u, \"failed\": %u, \"alive\": %u",
	    what, load.asked, load.came, load.failed, load.alive);
	if (load.n_latency)
		printf(", \"seconds\": %.3f, \"per_s\": %.1f, \"p50_ms\": %.2f, \"p99_ms\": %.2f",
		    seconds, seconds > 0 ? load.n_latency / seconds : 0, percentile_ms(50),
		    percentile_ms(99));
	if (order == ORDER_PING)
		printf(", \"pinged\": %u, \"answered\": %u", load.n_pinged, load.n_pong);
	print_ends("failures", &load.failures);
	print_ends("ended", &load.ended);
	printf("}\n");
	fflush(stdout);
	load.n_latency = 0;
	order = ORDER_NONE;
	loop_timer_at(order_timer, NEVER_MS);
}

static void
open_more(unsigned int n)
{
	load.asked += n;
	load.began_us = load_clock_us();
	order = ORDER_OPEN;
	load_pump(&load);
	load_changed(&load);
}

void
load_changed(struct load *l)
{
	if (!l->closing)
		load_pump(l);
	if (order == ORDER_OPEN && l->on_way == 0 && l->started == l->asked) {
		report("open");
		if (!hold)
			loop_stop(l->loop);
	} else if (order == ORDER_PING && l->n_pong == l->n_pinged) {
		report("ping");
	} else if (order == ORDER_CLOSE && l->alive == 0 && l->on_way == 0) {
		l->closing = false;
		report("close");
	}
}

static void
on_order_timer(void *ctx)
{
	(void)ctx;
	if (order == ORDER_PING)
		report("ping");
}

static void
obey(const char *text)
{
	if (strcmp(text, "count") == 0) {
		report("count");
	} else if (strncmp(text, "more ", 5) == 0) {
		open_more((unsigned int)strtoul(text + 5, NULL, 10));
	} else if (strcmp(text, "ping") == 0) {
		order = ORDER_PING;
		loop_timer_at(order_timer, loop_now(load.loop)->ms + PING_MS);
		load_ping_all(&load);
		load_changed(&load);
	} else if (strcmp(text, "close") == 0) {
		order = ORDER_CLOSE;
		load.closing = true;
		load_close_all(&load);
		load_changed(&load);
	} else {
		loop_stop(load.loop);
	}
}

static void
on_stdin(void *ctx, unsigned int events)
{
	ssize_t n = read(STDIN_FILENO, line + n_line, sizeof(line) - n_line - 1);
	char *end;

	(void)ctx;
	(void)events;
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			loop_stop(load.loop);
		return;
	}
	n_line += (size_t)n;
	line[n_line] = 0;
	while ((end = strchr(line, '\n'))) {
		*end = 0;
		obey(line);
		n_line -= (size_t)(end + 1 - line);
		memmove(line, end + 1, n_line + 1);
	}
	if (n_line == sizeof(line) - 1)
		n_line = 0;
}

static void
on_timer(void *ctx)
{
	load_tick(ctx);
}

static void
usage(void)
{
	fprintf(stderr,
	    "usage: sstpload --server ADDRESS:PORT --ca FILE --user NAME --password-file FILE\n"
	    "    [--host NAME] [--count N] [--parallel N] [--room N] [--reach tcp|tls|sstp|up]\n"
	    "    [--source ADDRESS]... [--hold]\n"
	    "%%u in NAME is the number of the connection, from 0\n");
	exit(1);
}

static bool
read_all(const char *path, struct file_bytes *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : file_read_fd(fd, 1u << 20, out);

	if (fd >= 0)
		close(fd);
	if (rc < 0)
		fprintf(stderr, "sstpload: %s: %s\n", path, strerror(-rc));
	return rc >= 0;
}

static void
read_password(const char *path)
{
	struct file_bytes b;

	if (!path || !read_all(path, &b))
		exit(1);
	while (b.n && (b.p[b.n - 1] == '\n' || b.p[b.n - 1] == '\r'))
		b.n--;
	if (!secret_set(&load.password, file_view(&b)))
		exit(1);
	file_bytes_free(&b);
}

static enum reach
reach_of(const char *text)
{
	static const char *const names[] = { "tcp", "tls", "sstp", "up" };

	for (unsigned int i = 0; i < 4; i++)
		if (strcmp(text, names[i]) == 0)
			return (enum reach)i;
	usage();
	return REACH_UP;
}

static void
make_tls(const char *ca)
{
	struct file_bytes b;
	char err[256];

	if (!ca || !read_all(ca, &b))
		exit(1);
	load.tls = tls_client_ctx(file_view(&b), err, sizeof(err));
	if (!load.tls) {
		fprintf(stderr, "sstpload: %s\n", err);
		exit(1);
	}
	file_bytes_free(&b);
}

static unsigned int
parse(int argc, char **argv)
{
	static const struct option options[] = { { "server", 1, NULL, 's' }, { "ca", 1, NULL, 'c' },
		{ "user", 1, NULL, 'u' }, { "password-file", 1, NULL, 'p' },
		{ "host", 1, NULL, 'h' }, { "count", 1, NULL, 'n' }, { "parallel", 1, NULL, 'j' },
		{ "room", 1, NULL, 'r' }, { "reach", 1, NULL, 'R' }, { "source", 1, NULL, 'S' },
		{ "hold", 0, NULL, 'H' }, { 0 } };
	const char *ca = NULL, *password = NULL;
	unsigned int count = 1;
	int o;

	load.host = "vpn.example";
	load.user = "load";
	load.parallel = 16;
	load.room = 4096;
	load.reach = REACH_UP;
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == 's' && !endpoint_parse(view_str(optarg), &load.server))
			usage();
		else if (o == 'c')
			ca = optarg;
		else if (o == 'u')
			load.user = optarg;
		else if (o == 'p')
			password = optarg;
		else if (o == 'h')
			load.host = optarg;
		else if (o == 'n')
			count = (unsigned int)strtoul(optarg, NULL, 10);
		else if (o == 'j')
			load.parallel = (unsigned int)strtoul(optarg, NULL, 10);
		else if (o == 'r')
			load.room = (unsigned int)strtoul(optarg, NULL, 10);
		else if (o == 'R')
			load.reach = reach_of(optarg);
		else if (o == 'S' && load.n_sources < SOURCES_MAX &&
			 ip_parse(view_str(optarg), &load.sources[load.n_sources]))
			load.n_sources++;
		else if (o == 'H')
			hold = true;
		else if (o == '?' || o == 'S')
			usage();
	}
	if (load.server.port == 0 || !load.parallel || optind != argc)
		usage();
	read_password(password);
	make_tls(ca);
	return count;
}

int
main(int argc, char **argv)
{
	struct rlimit files;
	struct loop_fd *orders = NULL;
	char err[256];
	unsigned int count;

	signal(SIGPIPE, SIG_IGN);
	if (!crypto_init(err, sizeof(err))) {
		fprintf(stderr, "sstpload: %s\n", err);
		return 1;
	}
	count = parse(argc, argv);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	load.loop = loop_new();
	must(load.loop);
	list_init(&load.sessions);
	load.timer = loop_timer_new(load.loop, on_timer, &load);
	order_timer = loop_timer_new(load.loop, on_order_timer, NULL);
	load.latency_us = calloc(load.room, sizeof(load.latency_us[0]));
	load.pool = pkt_pool_new(4, 1);
	must(load.timer && order_timer && load.latency_us && load.pool &&
	     heap_init(&load.timers, load.room));
	if (hold) {
		orders = loop_fd_new(load.loop, STDIN_FILENO, on_stdin, NULL);
		must(orders);
		loop_fd_want(orders, LOOP_READ);
	}
	open_more(count);
	loop_run(load.loop);
	load_free_all(&load);
	loop_fd_free(orders);
	loop_timer_free(load.timer);
	loop_timer_free(order_timer);
	loop_free(load.loop);
	tls_ctx_unref(load.tls);
	pkt_pool_free(load.pool);
	heap_fini(&load.timers);
	free(load.latency_us);
	secret_wipe(&load.password);
	return load.failed ? 2 : 0;
}
