/*
 * The holder of rasdial: finds and reaches the server, starts the core process, has addresses and
 * routes set when the call is up (dial_net.h), dials anew when it breaks, and takes all away at the
 * end.
 */
#include "roles/dial_net.h"
#include "roles/dial_redial.h"

#include "crypto/crypto.h"
#include "os/chan.h"
#include "os/file.h"
#include "os/lookup.h"
#include "os/proc.h"
#include "os/redirect.h"
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

#define FACTS_MAX 24576u
#define N_SIGNALS 4u

struct holder {
	struct dial_options *opt;
	dial_event_fn fn;
	void *ctx;
	struct dial_result *out;
	struct loop *loop;
	struct loop_signal *signals[N_SIGNALS];
	struct chan *chan;
	struct dial_net net;
	struct tls_ctx *tls;
	struct attempt attempt; /* until the core process makes the real one */
	struct endpoint peer;
	size_t n_addrs; /* of the server, as last looked up */
	struct ip_addr addrs[LOOKUP_ADDRS_MAX];
	pid_t core;
	bool have_record, writable, cancelled;
	bool up;                              /* this call */
	bool was_up, again;                   /* some call was; SIGUSR1: dial anew now */
	unsigned int tries;                   /* in a row that came to nothing */
	struct secret password, new_password; /* kept only for calls to come */
};

static void
tell(struct holder *h, struct dial_event e)
{
	e.peer = h->peer;
	e.result = h->out;
	if (h->fn)
		h->fn(h->ctx, &e);
}

static void say(struct holder *h, enum dial_event_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
say(struct holder *h, enum dial_event_kind kind, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	tell(h, (struct dial_event){ .kind = kind, .text = line });
}

static void
note(struct holder *h, const struct fact *f)
{
	attempt_note(&h->attempt, f, loop_now(h->loop));
}

/* What is wrong and does not end the call: said, and kept with the attempt. */
static void
on_warning(void *ctx, const char *text)
{
	struct holder *h = ctx;
	struct fact f = FACT_MAKE(FACT_DIAL_WARNING, F_STR(text));

	note(h, &f);
	say(h, DIAL_WARNING, "%s", text);
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

	h->peer = to;
	say(h, DIAL_CONNECTING, "Connecting to %s...", endpoint_text(&to, text));
	fd = sock_connect_tcp(&to);
	rc = fd < 0 ? fd : wait_connected(h, fd);
	struct fact f =
	    FACT_MAKE(FACT_DIAL_CONNECT, F_END(to), F_STR(rc < 0 ? strerror(-rc) : "connected"));
	note(h, &f);
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

static void
on_stop(void *ctx)
{
	loop_stop(ctx);
}

/* Waits for ms, a signal, or whatever else stops the loop. */
static void
wait_in_loop(struct holder *h, uint64_t ms)
{
	struct loop_timer *timer = loop_timer_new(h->loop, on_stop, h->loop);

	if (timer) {
		loop_timer_at(timer, loop_now(h->loop)->ms + ms);
		loop_run(h->loop);
	}
	loop_timer_free(timer);
}

/*
 * Fills h->addrs. False with a text. While routes of a former call are up the name service may lie
 * behind them: then what was found before is taken.
 */
static bool
look_up(struct holder *h, char *err, size_t cap)
{
	struct lookup *k;
	struct ip_addr literal;
	size_t n;

	if (ip_parse(view_str(h->opt->host), &literal)) {
		h->addrs[0] = literal;
		h->n_addrs = 1;
		return true;
	}
	if (h->n_addrs && h->opt->default_route && h->tries < 3)
		return true;
	say(h, DIAL_RESOLVING, "Resolving %s...", h->opt->host);
	k = lookup_start(h->loop, h->opt->host, on_stop, h->loop);
	if (!k) {
		snprintf(err, cap, "%s", strerror(errno));
		return false;
	}
	if (!h->cancelled)
		wait_in_loop(h, h->opt->connect_ms);
	n = lookup_result(k, h->addrs, LOOKUP_ADDRS_MAX, err, cap);
	lookup_free(k);
	if (n)
		h->n_addrs = n;
	return n > 0 || (h->n_addrs && h->opt->default_route);
}

/* Resolves the name and connects to its addresses in turn. The socket, or -1 after fail(). */
static int
reach(struct holder *h)
{
	char err[256] = "", list[FACT_TEXT_MAX] = "";
	bool known = look_up(h, err, sizeof(err));
	size_t n = known ? h->n_addrs : 0, o = 0;
	int rc = -EHOSTUNREACH;

	for (size_t i = 0; i < n && o < sizeof(list); i++) {
		char text[ADDR_TEXT_MAX];
		o += (size_t)snprintf(
		    list + o, sizeof(list) - o, "%s%s", i ? ", " : "", ip_text(&h->addrs[i], text));
	}
	struct fact f = FACT_MAKE(
	    FACT_DIAL_TARGET, F_STR(h->opt->host), F_STR(n ? list : err), F_U(h->opt->port));
	note(h, &f);
	if (n == 0 || h->cancelled) {
		fail(h, h->cancelled ? CAUSE_DIAL_CANCELLED : CAUSE_DIAL_NAME);
		return -1;
	}
	for (size_t i = 0; i < n && !h->cancelled; i++) {
		if (h->was_up)
			dial_net_pin_again(&h->net, &h->addrs[i]);
		rc = connect_one(h, &h->addrs[i]);
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
	int rc;

	h->net = (struct dial_net){
		.opt = h->opt, .res = h->out, .warn = on_warning, .ctx = h, .tun_fd = -1
	};
	rc = dial_net_open(&h->net);
	if (rc >= 0)
		return true;
	say(h, DIAL_WARNING, "No tunnel device: %s", tun_error_text(rc, err, sizeof(err)));
	struct fact f = FACT_MAKE(
	    FACT_DIAL_DEVICE, F_STR(h->opt->device), F_STR(tun_error_text(rc, err, sizeof(err))));
	note(h, &f);
	fail(h, CAUSE_DIAL_TUN);
	return false;
}

static void
on_up(struct holder *h, const struct msg_dial_up *m)
{
	struct msg reply = { .id = MSG_DIAL_PLUMBED };

	if (!h->up)
		say(h, DIAL_ADDRESS, "Registering your computer on the network...");
	h->out->local = m->local;
	h->out->remote = m->remote;
	h->out->dns[0] = m->dns1;
	h->out->dns[1] = m->dns2;
	h->out->local6 = m->local6;
	h->out->dns6[0] = m->dns6_1;
	h->out->dns6[1] = m->dns6_2;
	h->out->routes6 = m->routes6;
	reply.u.dial_plumbed.ok = dial_net_plumb(&h->net, &h->peer.addr, m->mtu) == 0;
	if (!chan_send(h->chan, &reply, -1) || !reply.u.dial_plumbed.ok)
		return;
	tell(h, (struct dial_event){ .kind = h->up ? DIAL_CHANGED : DIAL_CONNECTED });
	h->up = h->was_up = true;
	h->tries = 0;
}

/*
 * What the server told by DHCP. Whether its prefixes become routes is the user's choice (they could
 * be taken for an attack, U09): they are kept and shown in any case.
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
	dial_net_options(&h->net);
	if (h->up)
		tell(h, (struct dial_event){ .kind = DIAL_CHANGED });
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
		say(h, DIAL_AUTHENTICATING, "%.*s", (int)m->u.dial_stage.text.n,
		    (const char *)m->u.dial_stage.text.p);
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

	if (signo == SIGUSR1 && (h->opt->tries == 0 || !h->was_up))
		return;
	h->again = signo == SIGUSR1;
	h->cancelled = !h->again;
	if (!h->chan || !chan_send(h->chan, &stop, -1))
		loop_stop(h->loop);
}

/* Starts the core process; it never returns here. */
static bool
start_core(struct holder *h, int sock_fd)
{
	int pair[2];
	struct dial_core d = { .opt = h->opt,
		.tls = h->tls,
		.sock_fd = sock_fd,
		.tun_fd = h->net.tun_fd,
		.offload = h->net.offload,
		.peer = h->peer };

	if (chan_pair(pair) < 0)
		return false;
	if (sock_endpoints(sock_fd, &d.local, NULL) < 0)
		d.local = (struct endpoint){ 0 };
	fflush(NULL);
	h->core = fork();
	if (h->core == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		secret_wipe(&h->password);
		secret_wipe(&h->new_password);
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

/*
 * A call that came to nothing before anybody proved to be the server may have been taken elsewhere
 * on this host (R103): then that is the cause.
 */
static void
look_for_redirect(struct holder *h)
{
	struct attempt_record *r = &h->out->record;
	enum cause_class class_ = cause_info(r->cause)->class_;
	char rule[FACT_TEXT_MAX];

	if (h->cancelled || r->stage >= STAGE_AUTHENTICATE || r->peer.addr.family == IP_NONE ||
	    (class_ != CLASS_UNREACHABLE && class_ != CLASS_CERTIFICATE &&
		class_ != CLASS_ENCRYPTION && class_ != CLASS_SERVER))
		return;
	if (redirect_variable(rule, sizeof(rule))) { /* R105 */
		char text[FACT_TEXT_MAX + 100];
		snprintf(text, sizeof(text),
		    "%.40s is set: a tunnel does not use that proxy, the server must be reached "
		    "directly.",
		    rule);
		on_warning(h, text);
	}
	if (!redirect_rule(&r->peer, rule, sizeof(rule)))
		return;
	struct fact f =
	    FACT_MAKE(FACT_DIAL_REDIRECT, F_STR(rule), F_STR(cause_info(r->cause)->name));
	note(h, &f);
	r->cause = CAUSE_DIAL_REDIRECTED;
	r->ended_by = PARTY_US;
}

/* One call, from looking up the name to its end. */
static void
call(struct holder *h)
{
	int sock_fd = reach(h);

	if (sock_fd >= 0) {
		say(h, DIAL_TLS, "Connected. Starting TLS...");
		if (start_core(h, sock_fd)) {
			close(sock_fd);
			loop_run(h->loop);
		}
		if (h->core > 0)
			(void)waitpid(h->core, NULL, 0);
		if (!h->have_record)
			fail(h, CAUSE_WORKER_DIED);
	}
	chan_free(h->chan);
	h->chan = NULL;
	h->core = 0;
	look_for_redirect(h);
	merge_facts(h);
}

static void
begin(struct holder *h)
{
	attempt_init(&h->attempt, TUNNEL_SSTP, BY_DIAL, &(struct endpoint){ 0 },
	    &(struct endpoint){ 0 }, loop_now(h->loop));
	free(h->out->facts);
	h->out->facts = NULL;
	h->out->n_facts = 0;
	h->out->record = (struct attempt_record){ 0 };
	h->out->suffix[0] = 0;
	h->out->n_server_routes = 0;
	h->have_record = h->up = h->again = false;
	if (h->opt->tries) {
		h->opt->password = h->password;
		h->opt->new_password = h->new_password;
	}
}

/* Whether to dial anew, after waiting. */
static bool
once_more(struct holder *h)
{
	enum cause cause = h->out->record.cause;
	uint32_t ms;
	bool at_once = h->again;

	if (h->cancelled || !h->was_up || h->tries >= h->opt->tries)
		return false;
	/* The new password may have become the only one. */
	if (cause_info(cause)->class_ == CLASS_CREDENTIALS && h->new_password.n) {
		h->password = h->new_password;
		secret_wipe(&h->new_password);
		at_once = true;
	} else if (!at_once && !dial_may_retry(cause)) {
		return false;
	}
	h->tries++;
	ms = at_once ? 0 : dial_wait_ms(h->tries, now_draw_u32(loop_now(h->loop)));
	tell(h, (struct dial_event){ .kind = DIAL_RECONNECTING,
		    .try = h->tries,
		    .tries = h->opt->tries,
		    .wait_ms = ms });
	if (ms)
		wait_in_loop(h, ms);
	h->out->ended_waiting = h->cancelled;
	return !h->cancelled;
}

static void
run(struct holder *h)
{
	char err[256] = "";

	h->tls = load_trust(h, err, sizeof(err));
	if (!h->tls) {
		say(h, DIAL_WARNING, "%s", err);
		struct fact f = FACT_MAKE(FACT_TLS_ERROR, F_STR(err));
		note(h, &f);
		fail(h, CAUSE_CERT_UNTRUSTED);
		merge_facts(h);
		return;
	}
	if (redirect_library(err, sizeof(err))) {
		struct fact f = FACT_MAKE(FACT_DIAL_REDIRECT, F_STR(err), F_STR("-"));
		note(h, &f);
		fail(h, CAUSE_DIAL_SOCKSIFIER);
		merge_facts(h);
		return;
	}
	if (!open_device(h)) {
		merge_facts(h);
		return;
	}
	call(h);
	while (once_more(h)) {
		attempt_fini(&h->attempt);
		begin(h);
		call(h);
	}
}

void
dial_hold(struct dial_options *opt, dial_event_fn fn, void *ctx, struct dial_result *out)
{
	static const int signos[N_SIGNALS] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
	struct holder h = { .opt = opt, .fn = fn, .ctx = ctx, .out = out, .net = { .tun_fd = -1 } };
	char err[256] = "";

	*out = (struct dial_result){ 0 };
	signal(SIGPIPE, SIG_IGN);
	h.loop = loop_new();
	must(h.loop);
	if (opt->tries) {
		h.password = opt->password;
		h.new_password = opt->new_password;
	}
	begin(&h);
	for (unsigned int i = 0; i < N_SIGNALS; i++)
		h.signals[i] = loop_signal_new(h.loop, signos[i], on_signal, &h);
	if (crypto_init(err, sizeof(err))) {
		run(&h);
	} else {
		say(&h, DIAL_WARNING, "%s", err);
		fail(&h, CAUSE_NO_MEMORY);
		merge_facts(&h);
	}
	secret_wipe(&opt->password);
	secret_wipe(&opt->new_password);
	secret_wipe(&h.password);
	secret_wipe(&h.new_password);
	dial_net_close(&h.net);
	tell(&h, (struct dial_event){ .kind = DIAL_ENDED });
	tls_ctx_unref(h.tls);
	for (unsigned int i = 0; i < N_SIGNALS; i++)
		loop_signal_free(h.signals[i]);
	attempt_fini(&h.attempt);
	loop_free(h.loop);
}

void
dial_result_fini(struct dial_result *r)
{
	free(r->facts);
	*r = (struct dial_result){ 0 };
}
