/*
 * sstpload: many SSTP clients in one process, made of the project's own client core (net/conn.h)
 * without TUN devices. It opens connections up to a stage, holds them, and answers what the server
 * asks. sstpload.c has arguments, orders and reports, sstpload_session.c the connections.
 */
#ifndef BENCH_SSTPLOAD_H
#define BENCH_SSTPLOAD_H

#include "base/heap.h"
#include "base/list.h"
#include "net/conn.h"
#include "os/loop.h"

#define SOURCES_MAX 256u
#define ENDS_MAX 32u

/* How far a connection goes before it falls silent. */
enum reach { REACH_TCP, REACH_TLS, REACH_SSTP, REACH_UP };

struct session {
	struct list link;
	struct heap_node timer;
	struct load *load;
	struct conn_conf conf; /* its own, because the user's name stands in it */
	struct conn *conn;
	struct tls *tls; /* REACH_TLS only */
	struct loop_fd *watch;
	int fd;
	uint64_t began_us;
	uint32_t ping_round; /* of the last ping that came back */
	bool connected, deaf, counted;
	bool settled; /* it came as far as it should */
};

/* How connections ended, and how many. */
struct ends {
	unsigned int n;
	struct {
		char why[96];
		unsigned int count;
	} row[ENDS_MAX];
};

struct load {
	struct loop *loop;
	struct loop_timer *timer;
	struct heap timers;
	struct list sessions;
	struct tls_ctx *tls;
	struct pkt_pool *pool;
	struct conn_work work;
	uint8_t buf[65536];

	struct endpoint server;
	const char *host, *user; /* user: %u is the number of the connection */
	struct secret password;
	enum reach reach;
	unsigned int parallel, room;
	struct ip_addr sources[SOURCES_MAX];
	unsigned int n_sources;

	unsigned int asked, started, on_way, alive, came, failed;
	unsigned int next_user;
	uint64_t began_us, settled_us; /* of the orders since the last report */
	bool reported;
	uint32_t *latency_us; /* of those that came, since the last report */
	unsigned int n_latency;
	struct ends failures, ended;
	uint32_t ping_round;
	unsigned int n_pinged, n_pong;
	bool closing;
};

/* sstpload_session.c */
uint64_t load_clock_us(void);
void load_pump(struct load *l); /* starts what may start now */
void load_tick(struct load *l);
void load_close_all(struct load *l);
void load_ping_all(struct load *l);
void load_free_all(struct load *l);

/* sstpload.c: something has changed that a report may wait for. */
void load_changed(struct load *l);

#endif
