/*
 * The inside of the net role: one worker with its listeners, its TUN device and its connections.
 * net.c (role), net_front.c (what comes before TLS), net_conn.c (sockets and connections),
 * net_tun.c (packets), net_report.c (record).
 */
#ifndef ROLES_NET_PRIV_H
#define ROLES_NET_PRIV_H

#include "base/heap.h"
#include "base/list.h"
#include "net/behind.h"
#include "net/conn.h"
#include "net/halfopen.h"
#include "net/inside.h"
#include "roles/counted.h"
#include "roles/host.h"

#define NET_LISTENERS_MAX CONF_LISTENERS_MAX
#define NET_READ_BYTES 131072u
#define NET_OWED_RETRY_MS 100u
#define NET_LINGER_MS 3000u /* for the last bytes to a peer that was told goodbye */

/* The certificates that monitor hands over before each configuration, in its order. */
struct net_certs {
	unsigned int n;
	struct {
		char *pem;
		size_t n_pem;
		char path[2 * CONF_PATH_MAX];
	} c[CONF_CERTIFICATES_MAX];
};

/* What connections are made from; a connection keeps the generation it started under. */
struct net_conf {
	unsigned int refs;
	struct conn_conf conn;
	char web_redirect[CONF_URL_MAX];
	struct guard_range clients[CONF_POOLS_MAX * (CONF_RANGES_MAX + 1)];
};

/* One accepted socket. */
struct net_conn {
	struct list link;
	struct heap_node timer;
	struct worker *w;
	struct conn *conn;
	struct net_conf *conf;
	struct loop_fd *watch;
	int fd;
	uint32_t slot;
	struct ip_addr inner;           /* leased address while up; none: no IPv4 */
	struct ip_addr inner6;          /* leased prefix while up; none: no IPv6 */
	struct behind_net *behind;      /* networks behind the client while up; NULL: none */
	char *policy, *account;         /* by aaa's answer; owned, NULL: none */
	uint64_t asked_ms;              /* when the open question went to aaa; 0 = none */
	uint64_t linger_until_ms;       /* down: when to give up on the last bytes */
	struct list sent;               /* packets from TUN were laid out for it in this turn */
	bool is_up;                     /* counted in w->n_up */
	bool half_open;                 /* counted in w->halfopen */
	bool known_to_aaa;              /* it asked something: a session end has to be told */
	bool reported;                  /* the end has been told */
	bool end_owed;                  /* but not yet to aaa, whose queue was full */
	bool held_owed;                 /* a new aaa has not been told of it yet */
	struct ip_addr leased, leased6; /* what aaa gave, before and while it is up */
};

struct net_listener {
	int fd;
	struct endpoint local;
	struct loop_fd *watch;
	struct worker *w;
};

struct worker {
	struct role_host *host;
	char aaa_how[128]; /* how aaa ended, last time */
	struct loop *loop;
	struct loop_timer *timer;
	struct heap timers;
	struct net_conf *conf;
	struct list conns;
	struct net_conn **slots; /* n_slots */
	uint32_t n_slots, n_conns, n_up, next_slot;
	uint32_t n_conns_given_back; /* when memory was last given back to the system */
	struct net_listener listeners[NET_LISTENERS_MAX];
	unsigned int n_listeners;
	bool held_owed;          /* a new aaa has not been told of all sessions */
	bool paused;             /* out of descriptors or slots: listeners are not watched */
	int reserve_fd;          /* given up to turn a connection away; -1 = none */
	uint64_t no_fds_said_ms; /* when to complain of it again */
	int tun_fd;
	char tun_name[16];
	struct loop_fd *tun_watch;
	struct inside inside;
	struct behind behind;
	struct halfopen halfopen;
	struct counted counted;
	struct list fronts; /* accepted, and not yet known to be for SSTP: net_front.c */
	struct loop_timer *front_timer;
	uint64_t counters_due_ms;
	struct drop_counts drops; /* packets that belong to no session */
	struct conn_work work;
	struct net_conn *full; /* the only session, which TUN waits for; NULL: TUN is read */
	uint8_t read_buf[NET_READ_BYTES];
	uint8_t tun_buf[VNET_PACKET_MAX + 1];
	struct net_certs certs; /* what came for the next configuration */
	struct tls_tickets *tickets;
	bool stopping;
};

/* net_conn.c */
void net_accept_ready(void *listener, unsigned int events);
/*
 * A connection is for SSTP: by (or NULL) is noted on its trail, first are the bytes that were read.
 * It is counted in w->halfopen by peer already.
 */
void net_conn_adopt(struct worker *w, int fd, const struct endpoint *peer,
    const struct endpoint *local, const struct fact *by, struct view first);
void net_conn_answer_auth(struct worker *w, const struct msg_auth_reply *m);
void net_conn_answer_lease(struct worker *w, const struct msg_lease_reply *m);
void net_conn_answer_sign(struct worker *w, const struct msg_tls_signed *m);
void net_conn_unsigned(struct net_conn *nc); /* vault is gone: nothing when it was not asked */
void net_conn_unanswered(struct net_conn *nc, const struct fact *why); /* aaa will not answer */
void net_conn_close(struct net_conn *nc, enum cause cause);
void net_conn_stop(struct net_conn *nc, enum cause cause); /* at once: says goodbye, frees nc */
void net_conn_flush(struct net_conn *nc);  /* sends what waits; frees nc when it is done */
void net_conn_settle(struct net_conn *nc); /* flush, then timers */
void net_conn_tick_due(struct worker *w);
void net_watch_listeners(struct worker *w, bool on);
struct net_conn *net_conn_find(struct worker *w, const struct attempt_id *id, uint32_t slot);
void net_conn_free(struct net_conn *nc);
void net_arm_timer(struct worker *w);

/* net_front.c */

/* Whether a connection of peer has something to say before it is known to be for SSTP. */
bool net_front_wants(const struct worker *w, const struct endpoint *peer);
void net_front_accept(
    struct worker *w, int fd, const struct endpoint *peer, const struct endpoint *local);
void net_front_tick(void *worker); /* of w->front_timer */
void net_front_end_all(struct worker *w, enum cause cause);

/* net_tun.c */
void net_tun_ready(void *worker, unsigned int events);
void net_tun_write(struct worker *w);
void net_tun_pace(struct net_conn *nc); /* after nc has sent what it could */
void net_tun_forget(struct net_conn *nc);

/* net_report.c */
void net_report_progress(struct net_conn *nc);
void net_report_facts(struct net_conn *nc); /* the trail; what record takes is forgotten here */
void net_report_end(struct net_conn *nc);
/* Tells aaa of the end, if it has not been told. False: its queue is full, call again. */
MUST_USE bool net_report_pay(struct net_conn *nc);
/*
 * Tells a new aaa of the sessions it has not been told of. False: its queue is full, call again
 * before anything else is asked of it.
 */
MUST_USE bool net_report_held(struct worker *w);
void net_report_counters(struct worker *w);
void net_report_all(struct worker *w); /* every session, to a record that was started anew */
void net_report_count(struct worker *w, const struct ip_addr *source, enum cause cause);
void net_report_flush_counted(struct worker *w);

#endif
