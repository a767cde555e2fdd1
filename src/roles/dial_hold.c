/*
 * The holder of rasdial: finds and reaches the server, makes the device, starts the core process,
 * sets addresses and routes when the call is up, and takes them away when it ends.
 */
#include "roles/dial.h"

#include "crypto/crypto.h"
#include "os/chan.h"
#include "os/file.h"
#include "os/netlink.h"
#include "os/proc.h"
#include "os/sock.h"
#include "os/tun.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ADDRESSES_MAX 8u
#define FACTS_MAX 24576u
#define RESOLVECTL_MS 3000u

struct holder {
	struct dial_options *opt;
	dial_say_fn say;
	dial_up_fn up;
	void *ctx;
	struct dial_result *out;
	struct loop *loop;
	struct loop_signal *signals[3];
	struct chan *chan;
	struct netlink *nl;
	struct attempt attempt; /* until the core process makes the real one */
	struct endpoint peer;
	int tun_fd;
	unsigned int ifindex, offload;
	pid_t core;
	bool have_record, pinned, writable, cancelled;
	struct route pin; /* of the server's own address, beside the tunnel */
};

static void say(struct holder *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
say(struct holder *h, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (h->say)
		h->say(h->ctx, line);
}

static void
note(struct holder *h, const struct fact *f)
{
	attempt_note(&h->attempt, f, loop_now(h->loop));
}

static void
add_facts(struct holder *h, struct view facts)
{
	struct dial_result *r = h->out;

	if (r->n_facts + facts.n > FACTS_MAX)
		return;
	uint8_t *p = realloc(r->facts, r->n_facts + facts.n + 1);
	if (!p)
		return;
	memcpy(p + r->n_facts, facts.p, facts.n);
	r->facts = p;
	r->n_facts += facts.n;
}

/* The attempt ended before there was a connection: it is told from here. */
static void
fail(struct holder *h, enum cause cause)
{
	const struct now *now = loop_now(h->loop);
	struct attempt_record *r = &h->out->record;
	enum party by = cause_info(cause)->blame == BLAME_CLIENT ? PARTY_US : PARTY_PATH;

	attempt_end(&h->attempt, cause, by, now);
	*r = (struct attempt_record){ .id = h->attempt.id,
		.tunnel = TUNNEL_SSTP,
		.peer = h->attempt.peer,
		.local = h->attempt.local,
		.began_unix_us = h->attempt.began_unix_us,
		.duration_ms = now->ms - h->attempt.began_ms,
		.stage = h->attempt.stage,
		.ended = true,
		.client = true,
		.cause = cause,
		.ended_by = by };
	snprintf(r->user, sizeof(r->user), "%s", h->opt->user);
	h->have_record = true;
}

static void
on_writable(void *ctx, unsigned int events)
{
	struct holder *h = ctx;

	(void)events;
	h->writable = true;
	loop_stop(h->loop);
}

static void
on_connect_late(void *ctx)
{
	loop_stop(ctx);
}

/*
 * Waits until the socket is connected. 0 or -errno; -ETIMEDOUT after connect_ms, -ECANCELED at a
 * signal: the loop is what hears it.
 */
static int
wait_connected(struct holder *h, int fd)
{
	struct loop_fd *watch = loop_fd_new(h->loop, fd, on_writable, h);
	struct loop_timer *timer = loop_timer_new(h->loop, on_connect_late, h->loop);
	int rc = -ENOMEM;

	h->writable = false;
	if (watch && timer) {
		loop_fd_want(watch, LOOP_WRITE);
		loop_timer_at(timer, loop_now(h->loop)->ms + h->opt->connect_ms);
		loop_run(h->loop);
		rc = h->writable ? sock_error(fd) : -ETIMEDOUT;
		rc = h->cancelled ? -ECANCELED : rc;
	}
	loop_fd_free(watch);
	loop_timer_free(timer);
	return rc;
}

static int
connect_one(struct holder *h, const struct ip_addr *addr)
{
	struct endpoint to = { .addr = *addr, .port = h->opt->port };
	char text[ENDPOINT_TEXT_MAX];
	int fd, rc;

	say(h, "Connecting to %s...", endpoint_text(&to, text));
	fd = sock_connect_tcp(&to);
	rc = fd < 0 ? fd : wait_connected(h, fd);
	struct fact f =
	    FACT_MAKE(FACT_DIAL_CONNECT, F_END(to), F_STR(rc < 0 ? strerror(-rc) : "connected"));
	note(h, &f);
	h->peer = to;
	if (rc == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return rc;
}

static enum cause
connect_cause(int rc)
{
	switch (-rc) {
	case ECONNREFUSED:
		return CAUSE_DIAL_REFUSED;
	case ETIMEDOUT:
		return CAUSE_DIAL_SILENT;
	case ECANCELED:
		return CAUSE_DIAL_CANCELLED;
	default:
		return CAUSE_DIAL_UNREACHABLE;
	}
}

/* Resolves the name and connects to its addresses in turn. The socket, or -1 after fail(). */
static int
reach(struct holder *h)
{
	struct ip_addr addrs[ADDRESSES_MAX];
	char err[256] = "", list[FACT_TEXT_MAX] = "";
	size_t n = sock_resolve(h->opt->host, addrs, ADDRESSES_MAX, err, sizeof(err)), o = 0;
	int rc = -EHOSTUNREACH;

	for (size_t i = 0; i < n && o < sizeof(list); i++) {
		char text[ADDR_TEXT_MAX];
		o += (size_t)snprintf(
		    list + o, sizeof(list) - o, "%s%s", i ? ", " : "", ip_text(&addrs[i], text));
	}
	struct fact f = FACT_MAKE(
	    FACT_DIAL_TARGET, F_STR(h->opt->host), F_STR(n ? list : err), F_U(h->opt->port));
	note(h, &f);
	if (n == 0) {
		fail(h, CAUSE_DIAL_NAME);
		return -1;
	}
	for (size_t i = 0; i < n && !h->cancelled; i++) {
		rc = connect_one(h, &addrs[i]);
		if (rc >= 0)
			return rc;
	}
	h->attempt.peer = h->peer;
	fail(h, connect_cause(rc));
	return -1;
}

static struct tls_ctx *
load_trust(struct holder *h, char *err, size_t cap)
{
	struct file_bytes b = { 0 };
	struct tls_ctx *c;
	int rc = h->opt->ca_file ? file_read(h->opt->ca_file, 1u << 20, &b) : 0;

	if (rc < 0) {
		snprintf(err, cap, "cannot read %s: %s", h->opt->ca_file, strerror(-rc));
		return NULL;
	}
	c = tls_client_ctx(file_view(&b), err, cap);
	file_bytes_free(&b);
	return c;
}

static bool
open_device(struct holder *h)
{
	char err[256];
	struct if_link link;
	int rc;

	h->tun_fd = tun_open(h->opt->device, true, h->out->device);
	rc = h->tun_fd < 0 ? h->tun_fd : netlink_open(&h->nl);
	if (rc >= 0 && !h->opt->no_offload)
		h->offload = tun_set_offload(h->tun_fd, VNET_TCP | VNET_UDP);
	if (rc >= 0)
		rc = netlink_link_get(h->nl, h->out->device, 0, &link);
	if (rc >= 0) {
		h->ifindex = link.ifindex;
		return true;
	}
	say(h, "No tunnel device: %s", tun_error_text(rc, err, sizeof(err)));
	struct fact f = FACT_MAKE(
	    FACT_DIAL_DEVICE, F_STR(h->opt->device), F_STR(tun_error_text(rc, err, sizeof(err))));
	note(h, &f);
	fail(h, CAUSE_DIAL_TUN);
	return false;
}

static int
add_route(struct holder *h, struct ip_prefix dst)
{
	bool six = dst.addr.family == IP_V6;
	struct route r = { .type = ROUTE_UNICAST,
		.dst = dst,
		.ifindex = h->ifindex,
		.source = six ? h->out->local6 : h->out->local };
	char text[ADDR_TEXT_MAX];
	int rc = netlink_route_add(h->nl, &r, true);

	if (rc < 0)
		say(h, "Route to %s/%u not set: %s", ip_text(&dst.addr, text), dst.len,
		    strerror(-rc));
	return rc;
}

/* The server's own address keeps its way around the tunnel. */
static void
pin_server(struct holder *h)
{
	struct route now;

	if (netlink_route_lookup(h->nl, &h->peer.addr, &now) < 0)
		return;
	h->pin = (struct route){ .type = ROUTE_UNICAST,
		.dst = { .addr = h->peer.addr, .len = h->peer.addr.family == IP_V4 ? 32 : 128 },
		.gateway = now.gateway,
		.ifindex = now.ifindex };
	h->pinned = netlink_route_add(h->nl, &h->pin, false) == 0;
}

static void
set_dns(struct holder *h)
{
	char dns[ADDR_TEXT_MAX];
	struct proc_result res;

	if (ip_is_none(&h->out->dns[0]))
		return;
	const char *const argv[] = { "resolvectl", "dns", h->out->device,
		ip_text(&h->out->dns[0], dns), NULL };
	if (proc_run(argv, view_of(NULL, 0), RESOLVECTL_MS, &res) < 0) {
		say(h, "DNS is not set: resolvectl is missing. The server named %s.", dns);
		return;
	}
	if (!proc_ok(&res))
		say(h, "DNS is not set: resolvectl refused. The server named %s.", dns);
	proc_result_fini(&res);
}

/*
 * The core heard the advertisements and made the address: the kernel neither asks nor believes
 * anything on this device.
 */
static void
quiet_ipv6(const char *device)
{
	char path[64];

	snprintf(path, sizeof(path), "net/ipv6/conf/%s/addr_gen_mode", device);
	(void)!file_sysctl(path, "1");
	snprintf(path, sizeof(path), "net/ipv6/conf/%s/accept_ra", device);
	(void)!file_sysctl(path, "0");
}

/* 0, or why the address could not be set: then the call goes on with IPv4. */
static int
plumb6(struct holder *h)
{
	struct if_addr a = { .ifindex = h->ifindex,
		.local = { .addr = h->out->local6, .len = 128 } };
	struct ip_addr low = { .family = IP_V6 }, high = { .family = IP_V6, .b = { 0x80 } };
	int rc = netlink_addr_add(h->nl, &a);

	if (rc < 0) {
		say(h, "The IPv6 address could not be set: %s", strerror(-rc));
		h->out->local6 = (struct ip_addr){ 0 };
		return rc;
	}
	if (h->opt->default_route && h->out->routes6) {
		(void)!add_route(h, (struct ip_prefix){ .addr = low, .len = 1 });
		(void)!add_route(h, (struct ip_prefix){ .addr = high, .len = 1 });
	}
	return 0;
}

/* Routes that were asked for, in the families that the call carries. */
static void
add_routes(struct holder *h)
{
	for (unsigned int i = 0; i < h->opt->n_routes; i++) {
		bool six = h->opt->routes[i].addr.family == IP_V6;
		if (!ip_is_none(six ? &h->out->local6 : &h->out->local))
			(void)!add_route(h, h->opt->routes[i]);
	}
	if (h->opt->default_route && !ip_is_none(&h->out->local)) {
		/* Two halves win over the default route without touching it. */
		(void)!add_route(h, (struct ip_prefix){ .addr = ip_v4(0), .len = 1 });
		(void)!add_route(h, (struct ip_prefix){ .addr = ip_v4(0x80000000u), .len = 1 });
	}
}

static bool
plumb(struct holder *h, uint16_t mtu)
{
	struct if_addr a = { .ifindex = h->ifindex,
		.local = { .addr = h->out->local, .len = 32 },
		.peer = h->out->remote };
	int rc = netlink_link_set_mtu(h->nl, h->ifindex, mtu);

	quiet_ipv6(h->out->device);

	if (rc == 0)
		rc = netlink_link_set_up(h->nl, h->ifindex, true);
	if (rc == 0 && !ip_is_none(&h->out->local))
		rc = netlink_addr_add(h->nl, &a);
	if (rc < 0) {
		say(h, "The address could not be set: %s", strerror(-rc));
		return false;
	}
	if (!h->pinned) /* a server may give another address to a session that is up */
		pin_server(h);
	if (!ip_is_none(&h->out->local6) && plumb6(h) < 0 && ip_is_none(&h->out->local))
		return false;
	add_routes(h);
	if (h->opt->set_dns)
		set_dns(h);
	return true;
}

static void
on_up(struct holder *h, const struct msg_dial_up *m)
{
	struct msg reply = { .id = MSG_DIAL_PLUMBED };

	say(h, "Registering your computer on the network...");
	h->out->local = m->local;
	h->out->remote = m->remote;
	h->out->dns[0] = m->dns1;
	h->out->dns[1] = m->dns2;
	h->out->local6 = m->local6;
	h->out->dns6[0] = m->dns6_1;
	h->out->dns6[1] = m->dns6_2;
	h->out->routes6 = m->routes6;
	reply.u.dial_plumbed.ok = plumb(h, m->mtu);
	if (!chan_send(h->chan, &reply, -1) || !reply.u.dial_plumbed.ok)
		return;
	if (h->up)
		h->up(h->ctx, h->out);
}

/*
 * What the server told by DHCP. Which of its prefixes become routes is the user's choice (they
 * could be taken for an attack, U09): they are kept and shown.
 */
static void
on_options(struct holder *h, const struct msg_dial_options *m)
{
	struct rd_fault fault;
	struct rd r = rd_over(m->routes, &fault);
	struct dial_result *o = h->out;

	if (!view_text(m->suffix, o->suffix, sizeof(o->suffix)))
		o->suffix[0] = 0;
	o->n_server_routes = 0;
	while (rd_more(&r) && o->n_server_routes < DIAL_ROUTES_MAX) {
		struct ip_prefix p = { .addr = { .family = IP_V4 } };
		rd_bytes(&r, p.addr.b, 4);
		p.len = rd_u8(&r);
		if (rd_ok(&r) && p.len <= 32)
			o->server_routes[o->n_server_routes++] = p;
	}
	if (h->up)
		h->up(h->ctx, o);
}

static void
on_attempt(struct holder *h, const struct msg_attempt *m)
{
	struct attempt_record *r = &h->out->record;

	*r = (struct attempt_record){ .id = m->attempt,
		.tunnel = (enum tunnel_kind)m->tunnel,
		.peer = m->peer,
		.local = m->local,
		.began_unix_us = m->began_unix_us,
		.duration_ms = m->duration_ms,
		.stage = (enum stage)m->stage,
		.ended = true,
		.client = true,
		.cause = (enum cause)m->cause,
		.ended_by = (enum party)m->ended_by,
		.method = (enum auth_method)m->method,
		.address = h->out->local,
		.in_bytes = m->in_bytes,
		.out_bytes = m->out_bytes,
		.in_pkts = m->in_pkts,
		.out_pkts = m->out_pkts };
	snprintf(r->user, sizeof(r->user), "%s", h->opt->user);
	snprintf(r->device, sizeof(r->device), "%s", h->out->device);
	h->have_record = true;
}

static void
on_msg(void *ctx, struct chan *c, const struct msg *m, int fd)
{
	struct holder *h = ctx;

	(void)c;
	if (fd >= 0)
		close(fd);
	if (m->id == MSG_DIAL_STAGE)
		say(h, "%.*s", (int)m->u.dial_stage.text.n, (const char *)m->u.dial_stage.text.p);
	else if (m->id == MSG_DIAL_UP)
		on_up(h, &m->u.dial_up);
	else if (m->id == MSG_DIAL_OPTIONS)
		on_options(h, &m->u.dial_options);
	else if (m->id == MSG_FACTS)
		add_facts(h, m->u.facts.facts);
	else if (m->id == MSG_ATTEMPT)
		on_attempt(h, &m->u.attempt);
}

static void
on_down(void *ctx, struct chan *c, const char *reason)
{
	struct holder *h = ctx;

	(void)c;
	(void)reason;
	loop_stop(h->loop);
}

static void
on_signal(void *ctx, int signo)
{
	struct holder *h = ctx;
	struct msg stop = { .id = MSG_STOP };

	(void)signo;
	h->cancelled = true;
	if (!h->chan || !chan_send(h->chan, &stop, -1))
		loop_stop(h->loop);
}

/* Starts the core process; it never returns here. */
static bool
start_core(struct holder *h, struct tls_ctx *tls, int sock_fd)
{
	int pair[2];
	struct dial_core d = { .opt = h->opt,
		.tls = tls,
		.sock_fd = sock_fd,
		.tun_fd = h->tun_fd,
		.offload = h->offload,
		.peer = h->peer };

	if (chan_pair(pair) < 0)
		return false;
	if (sock_endpoints(sock_fd, &d.local, NULL) < 0)
		d.local = (struct endpoint){ 0 };
	fflush(NULL);
	h->core = fork();
	if (h->core == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		d.chan_fd = pair[1];
		_exit(dial_core_main(&d));
	}
	close(pair[1]);
	secret_wipe(&h->opt->password);
	secret_wipe(&h->opt->new_password);
	if (h->core < 0) {
		close(pair[0]);
		return false;
	}
	h->chan = chan_new(h->loop, pair[0], ROLE_MONITOR, ROLE_DIAL, 0, on_msg, on_down, h);
	return h->chan != NULL;
}

/* What came before the core process belongs in front of its facts. */
static void
merge_facts(struct holder *h)
{
	uint8_t buf[TRAIL_BYTES + 256];
	struct wr w = wr_over(buf, sizeof(buf));
	struct dial_result *r = h->out;

	if (h->attempt.trail)
		trail_write(h->attempt.trail, &w);
	struct view own = wr_view_of(&w);
	uint8_t *all = own.n ? realloc(r->facts, r->n_facts + own.n) : NULL;
	if (all) {
		memmove(all + own.n, all, r->n_facts);
		memcpy(all, own.p, own.n);
		r->facts = all;
		r->n_facts += own.n;
	}
	r->record.facts = view_of(r->facts, r->n_facts);
}

static void
run(struct holder *h)
{
	char err[256] = "";
	struct tls_ctx *tls = load_trust(h, err, sizeof(err));
	int sock_fd;

	if (!tls) {
		say(h, "%s", err);
		struct fact f = FACT_MAKE(FACT_TLS_ERROR, F_STR(err));
		note(h, &f);
		fail(h, CAUSE_CERT_UNTRUSTED);
		return;
	}
	if (open_device(h) && (sock_fd = reach(h)) >= 0) {
		if (start_core(h, tls, sock_fd)) {
			close(sock_fd);
			loop_run(h->loop);
		}
		if (h->core > 0)
			(void)waitpid(h->core, NULL, 0);
		if (!h->have_record)
			fail(h, CAUSE_WORKER_DIED);
	}
	tls_ctx_unref(tls);
}

void
dial_hold(
    struct dial_options *opt, dial_say_fn sayer, dial_up_fn up, void *ctx, struct dial_result *out)
{
	static const int signos[] = { SIGTERM, SIGINT, SIGHUP };
	struct holder h = {
		.opt = opt, .say = sayer, .up = up, .ctx = ctx, .out = out, .tun_fd = -1
	};
	char err[256] = "";

	*out = (struct dial_result){ 0 };
	signal(SIGPIPE, SIG_IGN);
	h.loop = loop_new();
	must(h.loop);
	attempt_init(&h.attempt, TUNNEL_SSTP, BY_DIAL, &(struct endpoint){ 0 },
	    &(struct endpoint){ 0 }, loop_now(h.loop));
	for (unsigned int i = 0; i < 3; i++)
		h.signals[i] = loop_signal_new(h.loop, signos[i], on_signal, &h);
	if (crypto_init(err, sizeof(err))) {
		run(&h);
	} else {
		say(&h, "%s", err);
		fail(&h, CAUSE_NO_MEMORY);
	}
	secret_wipe(&opt->password);
	secret_wipe(&opt->new_password);
	merge_facts(&h);
	if (h.pinned)
		(void)!netlink_route_del(h.nl, &h.pin);
	chan_free(h.chan);
	for (unsigned int i = 0; i < 3; i++)
		loop_signal_free(h.signals[i]);
	if (h.tun_fd >= 0)
		close(h.tun_fd);
	netlink_close(h.nl);
	attempt_fini(&h.attempt);
	loop_free(h.loop);
}

void
dial_result_fini(struct dial_result *r)
{
	free(r->facts);
	*r = (struct dial_result){ 0 };
}
