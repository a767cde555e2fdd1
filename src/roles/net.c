/*
 * The net role: one worker that holds sessions. It listens to the Internet and to its TUN device,
 * asks aaa and vault, and tells record. It never opens a file or makes a socket after GO, and holds
 * no long-term secret: the server's keys are in the vault, which signs.
 */
#include "roles/net_priv.h"

#include "os/file.h"
#include "os/sock.h"
#include "proto/ndp/ndp_wire.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PEM_BYTES_MAX 65536u
#define COUNTERS_EVERY_MS 10000u
#define HANDSHAKE_MAX_MS 30000u
#define STALL_MS 60000u
#define HELD_RETRY_MS 50u /* until a full queue to aaa is tried again */

/* What handshakes took lies in holes between what sessions keep: the system gets it back. */
static void
give_back(struct worker *w)
{
	if (w->n_conns != w->n_conns_given_back)
		(void)malloc_trim(0);
	w->n_conns_given_back = w->n_conns;
}

static void
on_timer(void *ctx)
{
	struct worker *w = ctx;
	const struct now *now = loop_now(w->loop);

	net_conn_tick_due(w);
	(void)!net_report_held(w);
	if (now->ms >= w->counters_due_ms) {
		w->counters_due_ms = now->ms + COUNTERS_EVERY_MS;
		net_report_counters(w);
		net_report_flush_counted(w);
		give_back(w);
		if (w->paused && !w->stopping)
			net_watch_listeners(w, true);
	}
	net_arm_timer(w);
}

void
net_arm_timer(struct worker *w)
{
	struct heap_node *first = heap_first(&w->timers);
	uint64_t at = deadline_min(w->counters_due_ms, first ? first->deadline_ms : NEVER_MS);

	if (w->held_owed)
		at = deadline_min(at, loop_now(w->loop)->ms + HELD_RETRY_MS);
	loop_timer_at(w->timer, at);
}

static void net_close(void *role);

static void *
net_open(struct role_host *h)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->host = h;
	w->loop = h->loop;
	w->tun_fd = w->reserve_fd = -1;
	w->tun_fd = -1;
	snprintf(w->aaa_how, sizeof(w->aaa_how), "it is being started");
	list_init(&w->conns);
	list_init(&w->fronts);
	w->timer = loop_timer_new(h->loop, on_timer, w);
	w->front_timer = loop_timer_new(h->loop, net_front_tick, w);
	w->tickets = tls_tickets_new();
	if (!w->timer || !w->front_timer || !w->tickets) {
		net_close(w);
		return NULL;
	}
	return w;
}

static void
drop_net_conf(struct net_conf *nc)
{
	if (!nc || --nc->refs)
		return;
	tls_ctx_unref(nc->conn.tls);
	free(nc);
}

static void
forget_certs(struct worker *w)
{
	for (unsigned int i = 0; i < w->certs.n; i++)
		free(w->certs.c[i].pem);
	w->certs.n = 0;
}

static void
net_close(void *role)
{
	struct worker *w = role;
	struct list *it, *tmp;

	net_front_end_all(w, CAUSE_NONE);
	list_each (it, tmp, &w->conns)
		net_conn_free(container_of(it, struct net_conn, link));
	for (unsigned int i = 0; i < w->n_listeners; i++) {
		loop_fd_free(w->listeners[i].watch);
		close(w->listeners[i].fd);
	}
	if (w->reserve_fd >= 0)
		close(w->reserve_fd);
	loop_fd_free(w->tun_watch);
	if (w->tun_fd >= 0)
		close(w->tun_fd);
	loop_timer_free(w->timer);
	loop_timer_free(w->front_timer);
	drop_net_conf(w->conf);
	heap_fini(&w->timers);
	inside_fini(&w->inside);
	forget_certs(w);
	tls_tickets_unref(w->tickets);
	free(w->slots);
	free(w);
}

/* Reads a PEM file that monitor opened. */
static char *
read_pem(int fd, size_t *n_out)
{
	struct file_bytes b;
	char *text;

	if (file_read_fd(fd, PEM_BYTES_MAX, &b) < 0)
		return NULL;
	text = calloc(1, b.n + 1);
	if (text) {
		memcpy(text, b.p, b.n);
		*n_out = b.n;
	}
	file_bytes_free(&b);
	return text;
}

static void
take_file(struct worker *w, const struct msg_file *m, int fd)
{
	struct net_certs *c = &w->certs;

	if (m->purpose == FILE_CERT && c->n < CONF_CERTIFICATES_MAX) {
		c->c[c->n].pem = read_pem(fd, &c->c[c->n].n_pem);
		(void)view_text(m->path, c->c[c->n].path, sizeof(c->c[c->n].path));
		c->n += c->c[c->n].pem != NULL;
	}
	close(fd);
}

/* The context of all certificates; the keys are the vault's. */
static struct tls_ctx *
make_tls(struct worker *w, const struct conf *c, char *err, size_t cap)
{
	struct tls_own own[CONF_CERTIFICATES_MAX];
	struct tls_ctx *tls = NULL;
	char why[400];

	for (unsigned int i = 0; i < w->certs.n; i++) {
		own[i] = (struct tls_own){ .label = w->certs.c[i].path,
			.chain_pem = view_of(w->certs.c[i].pem, w->certs.c[i].n_pem) };
		if (i < c->n_certificates) {
			own[i].names = c->certificates[i].names;
			own[i].n_names = c->certificates[i].n_names;
		}
	}
	if (w->certs.n == 0 || (c->n_certificates && w->certs.n != c->n_certificates))
		snprintf(err, cap, "a certificate of the server could not be read");
	else if (!(tls = tls_server_ctx_of(own, w->certs.n, why, sizeof(why))))
		snprintf(err, cap, "certificate %s", why);
	else
		tls_ctx_use_tickets(tls, w->tickets);
	forget_certs(w);
	return tls;
}

/* A worker's part of a limit that holds for all: the kernel spreads connections over them. */
static uint32_t
share_of(const struct worker *w, uint32_t limit)
{
	uint32_t n = w->host->n_workers ? w->host->n_workers : 1;

	return (limit + n - 1) / n;
}

/* Where all clients live: the pools' ranges and prefixes. The number of them. */
static unsigned int
client_ranges(const struct conf *c, struct guard_range *out)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < c->n_pools; i++) {
		const struct conf_pool *p = &c->pools[i];
		for (unsigned int r = 0; r < p->n_ranges; r++)
			out[n++] = (struct guard_range){ p->ranges[r].first, p->ranges[r].last };
		if (p->prefix6.len == 0)
			continue;
		out[n] = (struct guard_range){ p->prefix6.addr, p->prefix6.addr };
		out[n].first.b[7] |= 1; /* the first /64 is the server's own */
		for (unsigned int b = p->prefix6.len; b < 128; b++)
			out[n].last.b[b / 8] |= (uint8_t)(0x80u >> b % 8);
		n++;
	}
	return n;
}

/* A new generation of what connections are made from; live ones keep theirs. */
static bool
remake_conf(struct worker *w, const struct conf *c, char *err, size_t cap)
{
	struct net_conf *nc;
	struct tls_ctx *tls;

	tls = make_tls(w, c, err, cap);
	if (!tls)
		return false;
	nc = calloc(1, sizeof(*nc));
	if (!nc) {
		tls_ctx_unref(tls);
		snprintf(err, cap, "out of memory");
		return false;
	}
	nc->refs = 1;
	nc->conn = (struct conn_conf){ .side = SIDE_SERVER,
		.tls = tls,
		.handshake_ms = HANDSHAKE_MAX_MS,
		.stall_ms = STALL_MS,
		.pace_ms = c->sstp_pace_ms,
		.waive_keyless = !c->sstp_keyless_binding };
	if (c->sstp_negotiation_ms < HANDSHAKE_MAX_MS)
		nc->conn.handshake_ms = c->sstp_negotiation_ms;
	sstp_conf_defaults(&nc->conn.sstp, SIDE_SERVER);
	memcpy(nc->web_redirect, c->sstp_web_redirect, sizeof(nc->web_redirect));
	nc->conn.sstp.web_redirect = nc->web_redirect[0] ? nc->web_redirect : NULL;
	nc->conn.sstp.hash_mask = c->sstp_hash_mask;
	nc->conn.sstp.negotiation_ms = c->sstp_negotiation_ms;
	nc->conn.sstp.hello_ms = c->sstp_hello_ms;
	ppp_conf_defaults(&nc->conn.ppp, SIDE_SERVER, TUNNEL_SSTP);
	nc->conn.clients = nc->clients;
	nc->conn.n_clients = client_ranges(c, nc->clients);
	nc->conn.ppp.auth_mask = c->method_mask;
	nc->conn.ppp.mru_bytes = c->mru_bytes;
	nc->conn.ppp.auth_retries = c->retries;
	nc->conn.ppp.hold_network = true;
	nc->conn.ppp.ip_enabled = c->ipv4_enabled;
	nc->conn.ppp.ipv6_enabled = c->ipv6_enabled && c->mru_bytes >= NDP_MTU_MIN;
	nc->conn.ppp.negotiate_ms = c->negotiate_ms;
	nc->conn.ppp.echo_interval_ms = c->echo_interval_ms;
	nc->conn.ppp.echo_failures = c->echo_failures;
	snprintf(nc->conn.ppp.local_name, sizeof(nc->conn.ppp.local_name), "%.63s", c->server_name);
	w->halfopen.limit = share_of(w, c->sstp_half_open);
	w->halfopen.limit_per_source = share_of(w, c->sstp_half_open_per_source);
	w->halfopen.limit_per_network = share_of(w, c->sstp_half_open_per_network);
	drop_net_conf(w->conf);
	w->conf = nc;
	return true;
}

static bool
net_configure(void *role, const struct conf *c, char *err, size_t cap)
{
	struct worker *w = role;

	/* The first configuration is used by net_go, when the files have come. */
	return !w->conf || remake_conf(w, c, err, cap);
}

static bool
net_go(void *role, char *err, size_t cap)
{
	struct worker *w = role;

	if (!remake_conf(w, w->host->conf, err, cap))
		return false;
	w->n_slots = w->host->conf->sstp_connections;
	w->slots = calloc(w->n_slots, sizeof(struct net_conn *));
	if (!w->slots || !heap_init(&w->timers, w->n_slots) ||
	    !inside_init(&w->inside, (size_t)2 * w->n_slots)) {
		snprintf(err, cap, "out of memory for %u connections", w->n_slots);
		return false;
	}
	now_draw(loop_now(w->loop), w->halfopen.key, sizeof(w->halfopen.key));
	for (unsigned int i = 0; i < w->n_listeners; i++) {
		struct net_listener *l = &w->listeners[i];
		l->watch = loop_fd_new(w->loop, l->fd, net_accept_ready, l);
	}
	if (w->tun_fd >= 0)
		w->tun_watch = loop_fd_new(w->loop, w->tun_fd, net_tun_ready, w);
	if (w->tun_watch)
		loop_fd_want(w->tun_watch, LOOP_READ);
	if (w->n_listeners)
		w->reserve_fd = sock_reserve(w->listeners[0].fd);
	net_watch_listeners(w, true);
	w->counters_due_ms = loop_now(w->loop)->ms + COUNTERS_EVERY_MS;
	net_arm_timer(w);
	return true;
}

static void
take_listener(struct worker *w, const struct msg_listener *m, int fd)
{
	if (w->n_listeners == NET_LISTENERS_MAX || m->tunnel != TUNNEL_SSTP) {
		close(fd);
		return;
	}
	struct net_listener *l = &w->listeners[w->n_listeners++];
	*l = (struct net_listener){ .fd = fd, .local = m->local, .w = w };
	if (!w->slots)
		return; /* net_go watches it */
	l->watch = loop_fd_new(w->loop, fd, net_accept_ready, l);
	if (l->watch && !w->paused)
		loop_fd_want(l->watch, LOOP_READ);
}

static void
take_tun(struct worker *w, const struct msg_tun *m, int fd)
{
	if (w->tun_fd >= 0)
		close(w->tun_fd);
	w->tun_fd = fd;
	w->work.join.takes = m->offload;
	(void)view_text(m->device, w->tun_name, sizeof(w->tun_name));
}

static void
disconnect(struct worker *w, const struct msg_disconnect *m)
{
	struct msg reply = { .id = MSG_DISCONNECTED, .u.disconnected = { .seq = m->seq } };
	struct list *it, *tmp;

	list_each (it, tmp, &w->conns) {
		struct net_conn *nc = container_of(it, struct net_conn, link);
		if (memcmp(conn_attempt(nc->conn)->id.b, m->attempt.b, sizeof(m->attempt.b)) != 0)
			continue;
		reply.u.disconnected.found = true;
		net_conn_close(nc, CAUSE_ENDED_BY_ADMIN);
		break;
	}
	(void)!host_send(w->host, ROLE_RECORD, 0, &reply, -1);
}

static void
status(struct worker *w, uint32_t seq)
{
	char text[2048];
	struct wr out = wr_over(text, sizeof(text));

	wr_fmt(&out, "connections %u\nsessions %u\nhalf-open %u\ndevice %s\noffload %s\n",
	    w->n_conns, w->n_up, w->halfopen.n, w->tun_name, vnet_takes_text(w->work.join.takes));
	for (unsigned int i = 0; i < w->n_listeners; i++) {
		char e[ENDPOINT_TEXT_MAX];
		wr_fmt(&out, "listener sstp %s\n", endpoint_text(&w->listeners[i].local, e));
	}
	for (unsigned int d = 1; d < N_DROP; d++)
		if (w->drops.n[d])
			wr_fmt(&out, "drops %s %llu\n", drop_name((enum drop)d),
			    (unsigned long long)w->drops.n[d]);
	struct msg m = { .id = MSG_STATUS, .u.status = { .seq = seq, .lines = wr_view_of(&out) } };
	(void)!host_send(w->host, ROLE_RECORD, 0, &m, -1);
}

static void
net_message(void *role, enum role_id from, unsigned int index, const struct msg *m, int fd)
{
	struct worker *w = role;

	(void)from;
	(void)index;
	switch ((unsigned int)m->id) { /* of all messages, those that concern us */
	case MSG_FILE:
		take_file(w, &m->u.file, fd);
		return;
	case MSG_LISTENER:
		take_listener(w, &m->u.listener, fd);
		return;
	case MSG_TUN:
		take_tun(w, &m->u.tun, fd);
		return;
	case MSG_AUTH_REPLY_SECRET:
		net_conn_answer_auth(w, &m->u.auth_reply);
		return;
	case MSG_TLS_SIGNED:
		net_conn_answer_sign(w, &m->u.tls_signed);
		return;
	case MSG_TICKET_KEYS_SECRET: /* of another length: no resumption, nothing else */
		(void)!tls_tickets_set(w->tickets, m->u.ticket_keys.keys);
		return;
	case MSG_LEASE_REPLY:
		net_conn_answer_lease(w, &m->u.lease_reply);
		return;
	case MSG_DISCONNECT:
		disconnect(w, &m->u.disconnect);
		return;
	case MSG_STATUS_ASK:
		status(w, m->u.status_ask.seq);
		return;
	case MSG_COUNTERS_ASK: {
		struct msg done = { .id = MSG_COUNTERS_DONE,
			.u.counters_done = { .seq = m->u.counters_ask.seq } };
		if (m->u.counters_ask.seq == 0)
			net_report_all(w);
		net_report_counters(w);
		(void)!host_send(w->host, ROLE_RECORD, 0, &done, -1);
		return;
	}
	default:
		if (fd >= 0)
			close(fd);
	}
}

/* The same of vault: handshakes that wait for its signature. */
static void
vault_lost(struct worker *w)
{
	struct list *it, *tmp;

	list_each (it, tmp, &w->conns)
		net_conn_unsigned(container_of(it, struct net_conn, link));
}

/* aaa is gone: what waits for its answer fails now, with a name; sessions that are up go on. */
static void
net_peer_lost(void *role, enum role_id who, unsigned int index, const char *how)
{
	struct worker *w = role;
	struct list *it, *tmp;

	(void)index;
	if (who == ROLE_VAULT)
		vault_lost(w);
	if (who != ROLE_AAA)
		return;
	w->held_owed = false;
	snprintf(w->aaa_how, sizeof(w->aaa_how), "%s", how);
	list_each (it, tmp, &w->conns) {
		struct net_conn *nc = container_of(it, struct net_conn, link);
		struct fact f = FACT_MAKE(FACT_ROLE_LOST, F_STR("aaa"), F_STR(how));

		if (conn_is_up(nc->conn) || !nc->asked_ms)
			continue;
		net_conn_unanswered(nc, &f);
		net_conn_settle(nc);
	}
}

/* What is up goes on without it, and its trail tells that it did. */
static void
net_role_lost(void *role, enum role_id who, unsigned int index, const char *how)
{
	struct worker *w = role;
	struct list *it, *tmp;

	(void)index;
	if (who == ROLE_NET) /* another worker's end is no matter of our sessions */
		return;
	list_each (it, tmp, &w->conns) {
		struct net_conn *nc = container_of(it, struct net_conn, link);
		struct fact f = FACT_MAKE(FACT_ROLE_LOST, F_STR(role_name(who)), F_STR(how));

		if (!conn_is_up(nc->conn))
			continue;
		conn_note(nc->conn, &f, loop_now(w->loop));
		net_report_facts(nc);
	}
}

/* aaa is there again and knows nothing: what has an address here keeps it, and its port. */
static void
net_peer_back(void *role, enum role_id who, unsigned int index)
{
	struct worker *w = role;
	struct list *it, *tmp;

	(void)index;
	if (who != ROLE_AAA)
		return;
	list_each (it, tmp, &w->conns) {
		struct net_conn *nc = container_of(it, struct net_conn, link);
		nc->held_owed = !ip_is_none(&nc->leased) || !ip_is_none(&nc->leased6);
	}
	w->held_owed = true;
	if (!net_report_held(w))
		net_arm_timer(w);
}

static void
net_stop(void *role)
{
	struct worker *w = role;
	struct list *it, *tmp;

	w->stopping = true;
	net_watch_listeners(w, false);
	net_front_end_all(w, CAUSE_ENDED_BY_SHUTDOWN);
	list_each (it, tmp, &w->conns)
		net_conn_stop(container_of(it, struct net_conn, link), CAUSE_ENDED_BY_SHUTDOWN);
	net_report_flush_counted(w);
}

const struct role_ops role_net = {
	.id = ROLE_NET,
	.open = net_open,
	.configure = net_configure,
	.go = net_go,
	.message = net_message,
	.peer_lost = net_peer_lost,
	.peer_back = net_peer_back,
	.role_lost = net_role_lost,
	.stop = net_stop,
	.close = net_close,
};
