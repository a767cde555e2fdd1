/*
 * The core process of rasdial: one connection as a client (net/conn.h) between the socket to the
 * server and the TUN device. It gets both opened, drops everything else, and tells the holder what
 * happens.
 */
#include "roles/dial.h"

#include "crypto/crypto.h"
#include "net/conn.h"
#include "os/chan.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "os/sock.h"
#include "os/syscalls.h"
#include "os/tun.h"
#include "proto/ndp/ndp_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SANDBOX_USER "_rasdial"
#define FALLBACK_UID 60710u
#define TUN_BYTES_PER_TURN 131072u
#define READ_BYTES 131072u
#define HANDSHAKE_MS 30000u
#define STALL_MS 60000u

struct core {
	struct loop *loop;
	struct loop_timer *timer;
	struct loop_fd *sock_watch, *tun_watch;
	struct chan *chan;
	const struct dial_core *d;
	struct conn_conf conf;
	struct conn *conn;
	int null_fd; /* /dev/null */
	bool reported, ending, plumbed;
	struct conn_work work;
	uint8_t buf[READ_BYTES];
	uint8_t tun_buf[VNET_PACKET_MAX + 1];
};

static void
tell(struct core *c, const struct msg *m)
{
	if (!chan_send(c->chan, m, -1))
		loop_stop(c->loop);
}

static void
tell_stage(struct core *c, const char *text)
{
	struct msg m = { .id = MSG_DIAL_STAGE, .u.dial_stage = { .text = view_str(text) } };

	tell(c, &m);
}

/* The same stages that Windows shows. */
static void
tell_progress(struct core *c)
{
	switch (conn_attempt(c->conn)->stage) {
	case STAGE_TUNNEL:
		tell_stage(c, "The server answered. Verifying user name and password...");
		return;
	case STAGE_ARRIVED:
	case STAGE_AUTHENTICATE:
	case STAGE_DECIDE:
	case STAGE_LEASE:
	case STAGE_PLUMB:
	case STAGE_UP:
	case STAGE_ENDED:
	case N_STAGE:
		return;
	}
}

static void
tell_up(struct core *c)
{
	const struct ppp_ip *ip = conn_ip(c->conn);
	struct conn_ip6 six = conn_ip6(c->conn);
	struct msg m = { .id = MSG_DIAL_UP,
		.u.dial_up = { .local = ip->local,
		    .remote = ip->remote,
		    .dns1 = ip->dns[0],
		    .dns2 = ip->dns[1],
		    .mtu = conn_mtu(c->conn),
		    .local6 = six.address,
		    .router6 = six.router,
		    .dns6_1 = six.dns[0],
		    .dns6_2 = six.dns[1],
		    .routes6 = six.is_router } };

	if (six.mtu >= NDP_MTU_MIN && six.mtu < m.u.dial_up.mtu)
		m.u.dial_up.mtu = (uint16_t)six.mtu;

	tell(c, &m);
}

/* What the server told by DHCP: the DNS suffix, and prefixes that it routes. */
static void
tell_options(struct core *c)
{
	const struct dhcp_options *o = conn_options(c->conn);
	uint8_t bytes[DHCP_ROUTES_MAX * 5];
	struct wr w = wr_over(bytes, sizeof(bytes));

	for (unsigned int i = 0; i < o->n_routes; i++) {
		wr_bytes(&w, o->routes[i].dst.addr.b, 4);
		wr_u8(&w, o->routes[i].dst.len);
	}
	struct msg m = { .id = MSG_DIAL_OPTIONS,
		.u.dial_options = { .suffix = view_str(o->suffix), .routes = wr_view_of(&w) } };
	tell(c, &m);
}

/* A call that failed on a path where segments are lost says so: it may be a black hole. */
static void
note_path(struct core *c)
{
	struct sock_path p;

	if (cause_info(conn_attempt(c->conn)->cause)->class_ == CLASS_OK ||
	    !sock_path(c->d->sock_fd, &p) || (p.retries == 0 && p.gaps_in == 0))
		return;
	struct fact f = FACT_MAKE(FACT_PATH_TCP, F_U(p.mss), F_U(p.pmtu), F_U(p.unacked),
	    F_U(p.retries), F_U(p.gaps_out), F_U(p.gaps_in));
	conn_note(c->conn, &f, loop_now(c->loop));
}

/* The whole attempt, once, at its end. */
static void
tell_end(struct core *c)
{
	struct attempt *a = conn_attempt(c->conn);
	const struct conn_counts *n = conn_counts(c->conn);
	uint8_t buf[TRAIL_BYTES + 256];
	struct wr w = wr_over(buf, sizeof(buf));

	if (c->reported)
		return;
	c->reported = true;
	note_path(c);
	if (a->trail) {
		trail_write(a->trail, &w);
		struct msg f = { .id = MSG_FACTS,
			.u.facts = { .attempt = a->id, .facts = wr_view_of(&w) } };
		tell(c, &f);
	}
	struct msg m = { .id = MSG_ATTEMPT,
		.u.attempt = { .attempt = a->id,
		    .tunnel = (uint8_t)a->tunnel,
		    .peer = a->peer,
		    .local = a->local,
		    .began_unix_us = a->began_unix_us,
		    .stage = (uint8_t)a->stage,
		    .cause = (uint16_t)a->cause,
		    .ended_by = (uint8_t)a->ended_by,
		    .ended = true,
		    .user = view_str(c->d->opt->user),
		    .method = (uint8_t)conn_method(c->conn),
		    .duration_ms = loop_now(c->loop)->ms - a->began_ms,
		    .in_bytes = n->in_bytes,
		    .out_bytes = n->out_bytes,
		    .in_pkts = n->in_pkts,
		    .out_pkts = n->out_pkts } };
	tell(c, &m);
}

/* Sends what waits; ends when the connection is down and its last bytes are gone. */
static void
settle(struct core *c)
{
	const struct now *now = loop_now(c->loop);
	struct view out = conn_out(c->conn);

	while (out.n) {
		ssize_t n = send(c->d->sock_fd, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN) {
			conn_out_sent(c->conn, out.n, now);
			(void)conn_lower_down(c->conn, &c->work, false, now);
			break;
		}
		conn_out_sent(c->conn, n < 0 ? 0 : (size_t)n, now);
		if (n < 0)
			break;
		out = conn_out(c->conn);
	}
	if (conn_is_down(c->conn)) {
		tell_end(c);
		loop_stop(c->loop);
		return;
	}
	/* What the server does not take yet waits in the device. */
	loop_fd_want(c->tun_watch, c->plumbed && !conn_is_full(c->conn) ? LOOP_READ : 0);
	loop_fd_want(c->sock_watch,
	    (conn_wants_input(c->conn) ? LOOP_READ : 0) | (conn_out(c->conn).n ? LOOP_WRITE : 0));
	loop_timer_at(c->timer, conn_deadline_ms(c->conn));
}

static void
carry_out(struct core *c, unsigned int ev)
{
	size_t dropped = 0;

	struct train_join *j = &c->work.join;

	if (j->n_units)
		(void)tun_write(c->d->tun_fd, j->units, j->n_units, j->pieces, &dropped);
	train_join_reset(j);
	if (ev & CONN_PROGRESS)
		tell_progress(c);
	if (ev & (CONN_UP | CONN_CHANGED))
		tell_up(c);
	if (ev & CONN_OPTIONS)
		tell_options(c);
}

static void
step(struct core *c)
{
	bool more = true;

	while (more)
		carry_out(c, conn_step(c->conn, &c->work, loop_now(c->loop), &more));
}

static void
take(struct core *c, struct view cipher, const struct now *now)
{
	conn_lend(c->conn, cipher);
	step(c);
	if (!conn_keep(c->conn))
		carry_out(c, conn_close(c->conn, &c->work, CAUSE_NO_MEMORY, now));
}

static void
on_sock(void *ctx, unsigned int events)
{
	struct core *c = ctx;
	const struct now *now = loop_now(c->loop);

	if ((events & LOOP_READ) && conn_wants_input(c->conn)) {
		ssize_t n = recv(c->d->sock_fd, c->buf, sizeof(c->buf), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			carry_out(c, conn_lower_down(c->conn, &c->work, n == 0, now));
		else if (n > 0)
			take(c, view_of(c->buf, (size_t)n), now);
	}
	settle(c);
}

static void
on_tun(void *ctx, unsigned int events)
{
	struct core *c = ctx;
	size_t n_bytes = 0;

	(void)events;
	while (n_bytes < TUN_BYTES_PER_TURN && !conn_is_full(c->conn)) {
		struct vnet_hdr h;
		ssize_t n = tun_read(c->d->tun_fd, &h, c->tun_buf, sizeof(c->tun_buf));
		if (n <= 0)
			break;
		n_bytes += (size_t)n;
		conn_send_ip(
		    c->conn, &c->work, &h, view_of(c->tun_buf, (size_t)n), loop_now(c->loop));
	}
	conn_send_end(c->conn, &c->work);
	settle(c);
}

static void
on_timer(void *ctx)
{
	struct core *c = ctx;

	carry_out(c, conn_tick(c->conn, &c->work, loop_now(c->loop)));
	settle(c);
}

/*
 * The call is up and the command that made it returns: who reads its output, through a pipe
 * perhaps, must see the end of it.
 */
static void
let_go_of_output(struct core *c)
{
	for (int fd = 0; fd < 3 && c->null_fd >= 0; fd++)
		(void)dup2(c->null_fd, fd);
}

static void
on_msg(void *ctx, struct chan *chan, const struct msg *m, int fd)
{
	struct core *c = ctx;
	const struct now *now = loop_now(c->loop);

	(void)chan;
	if (fd >= 0)
		close(fd);
	if (m->id == MSG_DIAL_PLUMBED && m->u.dial_plumbed.ok) {
		c->plumbed = true;
		loop_fd_want(c->tun_watch, LOOP_READ);
		let_go_of_output(c);
		return;
	}
	carry_out(c, conn_close(c->conn, &c->work,
			 m->id != MSG_STOP     ? CAUSE_DIAL_TUN
			 : conn_is_up(c->conn) ? CAUSE_ENDED_BY_USER
					       : CAUSE_DIAL_CANCELLED,
			 now));
	settle(c);
}

static void
on_chan_down(void *ctx, struct chan *chan, const char *reason)
{
	struct core *c = ctx;

	(void)chan;
	(void)reason;
	loop_stop(c->loop);
}

static void
make_conf(struct core *c)
{
	struct dial_options *o = c->d->opt;
	struct ppp_conf *ppp = &c->conf.ppp;

	c->conf = (struct conn_conf){ .side = SIDE_CLIENT,
		.tls = c->d->tls,
		.handshake_ms = HANDSHAKE_MS,
		.ask_options = true,
		.stall_ms = STALL_MS };
	c->conf.behind = o->behind;
	c->conf.n_behind = o->n_behind;
	snprintf(c->conf.host, sizeof(c->conf.host), "%s", o->host);
	sstp_conf_defaults(&c->conf.sstp, SIDE_CLIENT);
	snprintf(c->conf.sstp.host, sizeof(c->conf.sstp.host), "%s", o->host);
	ppp_conf_defaults(ppp, SIDE_CLIENT, TUNNEL_SSTP);
	ppp->auth_mask = o->method_mask;
	ppp->hold_network = true;
	ppp->want_dns = true;
	ppp->ipv6_enabled = true;
	struct wr w = wr_over(ppp->user, sizeof(ppp->user));
	must(name_write(o->names, view_str(o->user), &w)); /* rasdial has tried */
	ppp->n_user = (uint16_t)wr_len(&w);
	ppp->password = o->password;
	ppp->new_password = o->new_password.n ? &o->new_password : NULL;
	secret_wipe(&o->password);
	snprintf(ppp->identification, sizeof(ppp->identification), "rasdial (OpenRRAS) %s",
	    OPENRRAS_VERSION);
}

static bool
enter_sandbox(char *err, size_t cap)
{
	struct sandbox s = { .root = SANDBOX_EMPTY_ROOT,
		.set_ids = true,
		.uid = FALLBACK_UID,
		.gid = FALLBACK_UID,
		.undumpable = true,
		.no_fork = true };

	(void)!sandbox_ids(SANDBOX_USER, &s.uid, &s.gid);
	return sandbox_enter(&s, err, cap) == 0 && syscalls_close(ROLE_DIAL, err, cap) == 0;
}

static bool
start(struct core *c)
{
	char err[256] = "";

	c->loop = loop_new();
	if (!c->loop)
		return false;
	c->chan =
	    chan_new(c->loop, c->d->chan_fd, ROLE_DIAL, ROLE_MONITOR, 0, on_msg, on_chan_down, c);
	c->timer = loop_timer_new(c->loop, on_timer, c);
	c->sock_watch = loop_fd_new(c->loop, c->d->sock_fd, on_sock, c);
	c->tun_watch = loop_fd_new(c->loop, c->d->tun_fd, on_tun, c);
	if (!c->chan || !c->timer || !c->sock_watch || !c->tun_watch)
		return false;
	if (!enter_sandbox(err, sizeof(err))) {
		fprintf(stderr, "rasdial: %s\n", err);
		return false;
	}
	make_conf(c);
	c->work.join.takes = c->d->offload;
	c->conn = conn_new(&c->conf, &c->d->peer, &c->d->local, BY_DIAL, loop_now(c->loop));
	return c->conn != NULL;
}

/*
 * We were forked, not executed: what the holder has open is ours too, and the pipe through which
 * its loop learns of signals carries pointers. Only what the call needs stays.
 */
static bool
let_go(const struct dial_core *d, int null_fd)
{
	const int keep[] = { d->sock_fd, d->tun_fd, d->chan_fd, null_fd };

	return null_fd >= 0 && proc_close_others(keep, sizeof(keep) / sizeof(keep[0])) == 0;
}

/* The terminal, or the pipe of who started rasdial, must not wait for the end of the session. */
static void
detach(int null_fd)
{
	for (int fd = 0; fd < 3; fd++)
		(void)dup2(null_fd, fd);
	close(null_fd);
}

int
dial_core_main(struct dial_core *d)
{
	struct core *c = calloc(1, sizeof(*c));
	int status = 1;
	int null_fd;

	/* Before the descriptors go: the holder's handlers write to one of them. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (!c || !let_go(d, null_fd))
		return 1;
	c->d = d;
	c->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC); /* the sandbox has none */
	if (start(c)) {
		detach(null_fd);
		carry_out(c, conn_start(c->conn, &c->work, loop_now(c->loop)));
		settle(c);
		if (!conn_is_down(c->conn))
			loop_run(c->loop);
		tell_end(c);
		status = 0;
	}
	conn_free(c->conn);
	secret_wipe(&c->conf.ppp.password);
	secret_wipe(&d->opt->new_password);
	loop_fd_free(c->sock_watch);
	loop_fd_free(c->tun_watch);
	loop_timer_free(c->timer);
	chan_free(c->chan);
	loop_free(c->loop);
	if (c->null_fd >= 0)
		close(c->null_fd);
	free(c);
	return status;
}
