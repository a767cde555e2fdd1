/*
 * The inside of monitor: monitor.c (life, signals, reload), monitor_roles.c (starting roles and
 * their channels), monitor_net.c (listeners, TUN devices, routes of the pools), monitor_plumb.c
 * (what leads to a client), monitor_grants.c (what accounts have as their own), monitor_look.c
 * (neighbours), monitor_setup.c (folders, keys
 * and certificates of the first start).
 */
#ifndef ROLES_MONITOR_PRIV_H
#define ROLES_MONITOR_PRIV_H

#include "aaa/map.h"
#include "os/chan.h"
#include "os/netlink.h"
#include "roles/host_run.h"
#include "roles/monitor.h"

#include <sys/types.h>

#define MONITOR_LOOKS_MAX 512u /* at one time */
#define MONITOR_STALE_MAX 1024u
#define MONITOR_EVENTS_MAX 64u
#define ROLES_MAX (WORKERS_MAX + 4u)

struct monitor;

/* One role that runs, or should. */
struct mrole {
	struct monitor *m;
	enum role_id id;
	unsigned int index;
	pid_t pid;         /* 0: shares our process, or is not there */
	struct chan *chan; /* NULL: not there */
	struct host *host; /* --one-process */
	struct loop_timer *timer;
	bool ready, ended, told_to_stop;
	bool hung; /* it did not answer, and is being ended for it */
	unsigned int n_restarts;
	uint64_t started_ms;
	uint64_t pinged_ms; /* when the ping that waits for its answer was sent; 0 = none does */
	uint32_t ping;      /* its number */
};

/* An address that the kernel is asking for. */
struct look {
	uint32_t seq;
	struct ip_addr address;
	unsigned int ifindex;
	uint64_t until_ms;
};

/*
 * A certificate as it was when it was last found good: sealed copies in memory of its files. They
 * are what roles get, whenever one starts, so that a file that is broken later harms nobody.
 */
struct mcert {
	char chain_path[CONF_PATH_MAX * 2], key_path[CONF_PATH_MAX * 2];
	int chain_fd, key_fd;
};

struct mcerts {
	unsigned int n;
	struct mcert c[CONF_CERTIFICATES_MAX];
};

/* A line of the log, for `rrasctl log`. */
struct mevent {
	int64_t unix_us;
	char text[400];
};

struct monitor {
	struct loop *loop;
	struct loop_timer *stop_timer, *watch_timer;
	uint64_t watched_ms; /* when the watchdog last looked */
	struct loop_signal *signals[4];
	const struct monitor_options *opt;
	struct conf *conf;
	char *text; /* of the configuration, includes resolved */
	int config_fd;
	uint64_t generation;
	char pki_dir[CONF_PATH_MAX + 16]; /* of the start: our own CA and certificate */
	struct mcerts certs;              /* those in force */
	struct mrole roles[ROLES_MAX];
	unsigned int n_roles, n_workers;
	int listener_fds[WORKERS_MAX][CONF_LISTENERS_MAX];
	/* Where those are, also of a type that is switched off by now. */
	struct endpoint listener_at[CONF_LISTENERS_MAX];
	unsigned int n_listeners;
	int tun_fds[WORKERS_MAX];
	unsigned int tun_index[WORKERS_MAX];
	char tun_names[WORKERS_MAX][16];
	unsigned int offload; /* what all the devices take: VNET_TCP | VNET_UDP */
	int control_fd, journal_fd;
	struct netlink *nl;
	bool routes_ours;     /* ports and devices are ours, and so the routes that hang on them */
	uint32_t pool_metric; /* of the routes beneath our pools; another rrasd has another */
	struct map plumbed, grants;
	uint32_t grant_round;
	bool nat_there; /* our table of source NAT */
	struct loop_timer *look_timer;
	unsigned int n_looks;
	struct look looks[MONITOR_LOOKS_MAX];
	unsigned int n_stale;
	struct {
		unsigned int ifindex;
		struct ip_addr address;
	} stale[MONITOR_STALE_MAX];
	unsigned int n_events; /* ever */
	struct mevent
	    events[MONITOR_EVENTS_MAX]; /* the last ones, at their number modulo the size */
	bool started, stopping;
	int exit_status;
};

/* monitor_say.c */
void monitor_say_start(struct monitor *m);
void monitor_say_line(const char *line); /* as it is, without "rrasd: " */
/* Between the two, what is said is kept too, also by children. The lines, in out. */
void monitor_listen_begin(void);
struct view monitor_listen_end(char *out, size_t cap);
/* For a record that is ready: the last events. */
void monitor_tell_events(struct monitor *m);
void monitor_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void monitor_fatal(struct monitor *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* monitor_reload.c */
struct conf *monitor_load(const struct monitor_options *opt, char **text_out);
/* Takes the configuration anew, or says why it stays as it is. */
bool monitor_reload(struct monitor *m);
void monitor_on_reload(struct monitor *m, struct mrole *from, uint32_t seq);

/* monitor.c */
void monitor_role_ready(struct monitor *m);
void monitor_role_gone(struct monitor *m);

/* monitor_roles.c */
MUST_USE bool monitor_start_roles(struct monitor *m);
/* Starts what a new configuration needs and the old one did not. */
void monitor_follow_config(struct monitor *m);
void monitor_send_config(struct monitor *m, struct mrole *r);
/* The listeners of worker w, to that worker. */
void monitor_send_listeners(struct monitor *m, unsigned int w);
void monitor_stop_role(struct mrole *r);
void monitor_reap(struct monitor *m);
void monitor_free_roles(struct monitor *m);
struct mrole *monitor_role(struct monitor *m, enum role_id id, unsigned int index);

/* monitor_watch.c: the watchdog */
void monitor_watch(struct monitor *m); /* looks, and looks again every so often */
void monitor_ponged(struct mrole *r, uint32_t seq);

/* monitor_net.c: errors are told by monitor_say, with the remedy. */
MUST_USE bool monitor_open_network(struct monitor *m);
void monitor_update_pools(struct monitor *m, const struct conf *old);
void monitor_close_network(struct monitor *m);
/* Listeners of a tunnel type that c offers and that was off until now. */
MUST_USE bool monitor_listen_late(struct monitor *m, const struct conf *c);
struct ip_addr monitor_server_address(const struct conf *c);

/* monitor_plumb.c */
void monitor_plumb(struct monitor *m, struct mrole *from, const struct msg_plumb *q);
/* Sets again what somebody else took away of the sessions' routes and proxy entries (N06). */
void monitor_replumb(struct monitor *m);
void monitor_unplumb_all(struct monitor *m);
void monitor_flush_proxies(struct monitor *m);

/* monitor_grants.c */
void monitor_grant(struct monitor *m, const struct msg_grant *q);
bool monitor_address_granted(const struct monitor *m, const struct ip_addr *a);
bool monitor_route_granted(const struct monitor *m, const struct ip_prefix *p);
void monitor_free_grants(struct monitor *m);
/* The next of prefixes joined by blanks; what is none is passed over. False: no more. */
bool monitor_next_prefix(struct view *list, struct ip_prefix *out);

/* monitor_nat.c: puts the table of c's source NAT in place, or away. False: said why. */
MUST_USE bool monitor_nat(struct monitor *m, const struct conf *c);
void monitor_nat_end(struct monitor *m);

/* monitor_look.c */
void monitor_look(struct monitor *m, const struct msg_look *q);
/* Whether the address lies in the network of this interface address, which is not ours. */
bool monitor_is_attached(
    const struct monitor *m, const struct if_addr *a, const struct ip_addr *address);

/* monitor_setup.c */
MUST_USE bool monitor_setup(struct monitor *m);

/*
 * monitor_certs.c: takes copies of the certificates and keys that c names, looked through in a
 * child process, as no key is ever in monitor's memory. False: one is of no use; which, why and the
 * remedy have been told, and out is empty.
 */
MUST_USE bool monitor_take_certs(const struct monitor *m, const struct conf *c, struct mcerts *out);
void monitor_drop_certs(struct mcerts *certs);
bool monitor_same_certs(const struct mcerts *a, const struct mcerts *b);
/* The same of the files of one certificate: the configured first one, else our own. */
void monitor_name_certificate(
    const struct monitor *m, const struct conf *c, unsigned int i, struct mcert *out);

/* monitor_ids.c: the uid and gid of a role, by name or by our fallback numbers. */
void monitor_role_ids(enum role_id role, uid_t *uid, gid_t *gid);

#endif
