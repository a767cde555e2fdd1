/* The connections of sstpload. See sstpload.h. */
#include "sstpload.h"

#include "os/sock.h"
#include "proto/ip/ip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HANDSHAKE_MS 60000u
#define STALL_MS 60000u
#define PING_BYTES 36u

uint64_t
load_clock_us(void)
{
	struct timespec t;

	must(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void
count_end(struct ends *e, const char *why)
{
	unsigned int i = 0;

	while (i < e->n && strcmp(e->row[i].why, why) != 0)
		i++;
	if (i == ENDS_MAX)
		return;
	if (i == e->n) {
		snprintf(e->row[i].why, sizeof(e->row[i].why), "%s", why);
		e->row[i].count = 0;
		e->n++;
	}
	e->row[i].count++;
}

static void
session_free(struct session *s)
{
	struct load *l = s->load;

	heap_remove(&l->timers, &s->timer);
	list_remove(&s->link);
	loop_fd_free(s->watch);
	if (s->fd >= 0)
		close(s->fd);
	conn_free(s->conn);
	tls_free(s->tls);
	secret_wipe(&s->conf.ppp.password);
	free(s);
}

static void
session_end(struct session *s, const char *why)
{
	struct load *l = s->load;

	if (s->settled) {
		l->alive--;
		count_end(&l->ended, why);
	} else {
		l->on_way--;
		l->failed++;
		count_end(&l->failures, why);
	}
	session_free(s);
	load_changed(l);
}

static void
session_settled(struct session *s)
{
	struct load *l = s->load;

	if (s->settled)
		return;
	s->settled = true;
	l->on_way--;
	l->came++;
	l->alive++;
	l->settled_us = load_clock_us();
	if (l->n_latency < l->room)
		l->latency_us[l->n_latency++] = (uint32_t)(l->settled_us - s->began_us);
}

/* Packets of the server: an answer to our ping proves the whole road. */
static void
take_packets(struct session *s)
{
	struct load *l = s->load;
	struct ip_hdr h;
	struct rd_fault fault;

	for (size_t i = 0; i < l->work.join.n_units; i++) {
		struct view v = l->work.join.pieces[l->work.join.units[i].piece].v;

		if (!ip_hdr_read(v, &h, &fault) || h.protocol != IP_PROTO_ICMP ||
		    v.n < PING_BYTES || v.p[h.transport_at] != 0)
			continue;
		uint32_t round;
		memcpy(&round, v.p + IP_HEADER4 + 8, sizeof(round));
		if (round == l->ping_round && s->ping_round != round) {
			s->ping_round = round;
			l->n_pong++;
			load_changed(l);
		}
	}
	train_join_reset(&l->work.join);
}

static void
carry_out(struct session *s, unsigned int ev)
{
	struct load *l = s->load;

	take_packets(s);
	if (ev & CONN_UP)
		session_settled(s);
	if (l->reach == REACH_SSTP && !s->deaf && conn_attempt(s->conn)->stage >= STAGE_TUNNEL) {
		s->deaf = true;
		session_settled(s);
	}
}

static struct view
waiting(struct session *s)
{
	return s->conn ? conn_out(s->conn) : s->tls ? tls_out(s->tls) : view_of(NULL, 0);
}

static void
sent(struct session *s, size_t n)
{
	if (s->conn)
		conn_out_sent(s->conn, n, loop_now(s->load->loop));
	else
		tls_out_drop(s->tls, n);
}

/* Sends what waits; s may be gone afterwards. */
static void
settle(struct session *s)
{
	struct load *l = s->load;
	struct view out = waiting(s);

	while (out.n) {
		ssize_t n = send(s->fd, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			session_end(s, strerror(errno));
			return;
		}
		sent(s, (size_t)n);
		out = waiting(s);
	}
	if (s->conn && conn_is_down(s->conn)) {
		session_end(s, cause_info(conn_attempt(s->conn)->cause)->name);
		return;
	}
	loop_fd_want(s->watch, LOOP_READ | (out.n ? LOOP_WRITE : 0));
	if (!s->conn || s->deaf)
		heap_remove(&l->timers, &s->timer);
	else if (conn_deadline_ms(s->conn) == NEVER_MS)
		heap_remove(&l->timers, &s->timer);
	else
		heap_set(&l->timers, &s->timer, conn_deadline_ms(s->conn));
	struct heap_node *first = heap_first(&l->timers);
	loop_timer_at(l->timer, first ? first->deadline_ms : NEVER_MS);
}

static void
step(struct session *s)
{
	bool more = true;

	while (more && !s->deaf)
		carry_out(s, conn_step(s->conn, &s->load->work, loop_now(s->load->loop), &more));
}

/* The TCP connection is there. False: the session is gone. */
static bool
begin(struct session *s)
{
	struct load *l = s->load;
	const struct now *now = loop_now(l->loop);
	struct endpoint local, peer;
	int rc = sock_error(s->fd);

	if (rc == 0)
		rc = sock_endpoints(s->fd, &local, &peer);
	if (rc < 0) {
		session_end(s, strerror(-rc));
		return false;
	}
	s->connected = true;
	if (l->reach == REACH_TCP) {
		s->deaf = true;
		session_settled(s);
	} else if (l->reach == REACH_TLS) {
		s->tls = tls_new(l->tls, l->host);
		must(s->tls);
		(void)tls_step(s->tls);
	} else {
		s->conn = conn_new(&s->conf, &peer, &local, BY_DIAL, now);
		must(s->conn);
		carry_out(s, conn_start(s->conn, &l->work, now));
	}
	return true;
}

static void
take_bytes(struct session *s, struct view v)
{
	struct load *l = s->load;

	if (s->deaf)
		return;
	if (s->conn && conn_feed(s->conn, v))
		step(s);
	if (s->tls && tls_feed(s->tls, v) && tls_step(s->tls) == TLS_OPEN) {
		s->deaf = true;
		session_settled(s);
	}
	(void)l;
}

static void
on_ready(void *ctx, unsigned int events)
{
	struct session *s = ctx;
	struct load *l = s->load;

	if (!s->connected && !begin(s))
		return;
	if (events & LOOP_READ) {
		ssize_t n = recv(s->fd, l->buf, sizeof(l->buf), MSG_DONTWAIT);
		int err = errno;

		if (n > 0) {
			take_bytes(s, view_of(l->buf, (size_t)n));
		} else if (n == 0 || (err != EAGAIN && err != EINTR)) {
			if (s->conn)
				(void)conn_lower_down(s->conn, &l->work, n == 0, loop_now(l->loop));
			if (!s->conn || s->deaf || !conn_is_down(s->conn)) {
				session_end(s, n == 0 ? "closed by the server" : strerror(err));
				return;
			}
		}
	}
	settle(s);
	load_changed(l);
}

static void
make_conf(struct session *s)
{
	struct load *l = s->load;
	struct conn_conf *c = &s->conf;
	struct ppp_conf *ppp = &c->ppp;
	char user[NAME_MAX_BYTES] = "";
	const char *at = strstr(l->user, "%u");

	*c = (struct conn_conf){ .side = SIDE_CLIENT,
		.tls = l->tls,
		.handshake_ms = HANDSHAKE_MS,
		.stall_ms = STALL_MS };
	snprintf(c->host, sizeof(c->host), "%s", l->host);
	sstp_conf_defaults(&c->sstp, SIDE_CLIENT);
	snprintf(c->sstp.host, sizeof(c->sstp.host), "%s", l->host);
	ppp_conf_defaults(ppp, SIDE_CLIENT, TUNNEL_SSTP);
	ppp->auth_mask = AUTH_BIT(AUTH_MSCHAPV2);
	ppp->hold_network = true;
	ppp->want_dns = true;
	if (at)
		snprintf(user, sizeof(user), "%.*s%u%s", (int)(at - l->user), l->user, l->next_user,
		    at + 2);
	else
		snprintf(user, sizeof(user), "%s", l->user);
	ppp->n_user = (uint16_t)strlen(user);
	memcpy(ppp->user, user, ppp->n_user);
	ppp->password = l->password;
}

/* A socket that connects from one of our addresses. -errno. */
static int
connect_from(const struct ip_addr *source, const struct endpoint *to)
{
	struct sockaddr_in from = { .sin_family = AF_INET }, dst = { .sin_family = AF_INET };
	int one = 1, fd;

	if (!source || source->family != IP_V4 || to->addr.family != IP_V4)
		return sock_connect_tcp(to);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	memcpy(&from.sin_addr, source->b, 4);
	memcpy(&dst.sin_addr, to->addr.b, 4);
	dst.sin_port = htons(to->port);
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
	    (connect(fd, (struct sockaddr *)&dst, sizeof(dst)) != 0 && errno != EINPROGRESS)) {
		int err = errno;
		close(fd);
		return -err;
	}
	(void)sock_set_nodelay(fd);
	return fd;
}

static void
start_one(struct load *l)
{
	struct session *s = calloc(1, sizeof(*s));
	const struct ip_addr *source = l->n_sources ? &l->sources[l->started % l->n_sources] : NULL;

	must(s);
	s->load = l;
	list_init(&s->link);
	list_append(&l->sessions, &s->link);
	l->started++;
	l->on_way++;
	make_conf(s);
	l->next_user++;
	s->began_us = load_clock_us();
	s->fd = connect_from(source, &l->server);
	if (s->fd < 0) {
		session_end(s, strerror(-s->fd));
		return;
	}
	s->watch = loop_fd_new(l->loop, s->fd, on_ready, s);
	must(s->watch);
	loop_fd_want(s->watch, LOOP_WRITE);
}

void
load_pump(struct load *l)
{
	while (l->started < l->asked && l->on_way < l->parallel && l->alive + l->on_way < l->room)
		start_one(l);
}

void
load_tick(struct load *l)
{
	const struct now *now = loop_now(l->loop);
	struct heap_node *node;

	while ((node = heap_first(&l->timers)) && node->deadline_ms <= now->ms) {
		struct session *s = container_of(node, struct session, timer);

		heap_remove(&l->timers, node);
		carry_out(s, conn_tick(s->conn, &l->work, now));
		settle(s);
	}
	node = heap_first(&l->timers);
	loop_timer_at(l->timer, node ? node->deadline_ms : NEVER_MS);
	load_changed(l);
}

void
load_close_all(struct load *l)
{
	struct list *n, *tmp;

	list_each (n, tmp, &l->sessions) {
		struct session *s = container_of(n, struct session, link);

		if (!s->conn || s->deaf) {
			session_end(s, "closed by us");
			continue;
		}
		carry_out(s, conn_close(s->conn, &l->work, CAUSE_ENDED_BY_USER, loop_now(l->loop)));
		settle(s);
	}
}

/* ICMP Echo (RFC 792) through the tunnel to the server's own inner address. */
static void
ping(struct session *s)
{
	struct load *l = s->load;
	const struct ppp_ip *ip = conn_ip(s->conn);
	struct pkt *p = pkt_get(l->pool, PING_BYTES);
	uint8_t *b;
	uint16_t sum;

	must(p);
	pkt_reset(p);
	p->len = PING_BYTES;
	b = pkt_data(p);
	memset(b, 0, PING_BYTES);
	b[0] = 0x45;
	b[3] = PING_BYTES;
	b[8] = 64;
	b[9] = IP_PROTO_ICMP;
	memcpy(b + 12, ip->local.b, 4);
	memcpy(b + 16, ip->remote.b, 4);
	sum = htons(ip_checksum(view_of(b, IP_HEADER4)));
	memcpy(b + 10, &sum, 2);
	b[IP_HEADER4] = 8; /* Echo */
	memcpy(b + IP_HEADER4 + 8, &l->ping_round, sizeof(l->ping_round));
	sum = htons(ip_checksum(view_of(b + IP_HEADER4, PING_BYTES - IP_HEADER4)));
	memcpy(b + IP_HEADER4 + 2, &sum, 2);
	conn_send_ip(s->conn, &l->work, &(struct vnet_hdr){ 0 }, pkt_view(p), loop_now(l->loop));
	conn_send_end(s->conn, &l->work);
	pkt_put(l->pool, p);
	l->n_pinged++;
	settle(s);
}

void
load_ping_all(struct load *l)
{
	struct list *n, *tmp;

	l->ping_round++;
	l->n_pinged = l->n_pong = 0;
	list_each (n, tmp, &l->sessions) {
		struct session *s = container_of(n, struct session, link);

		if (s->settled && s->conn && !s->deaf && conn_is_up(s->conn))
			ping(s);
	}
}

void
load_free_all(struct load *l)
{
	struct list *n, *tmp;

	list_each (n, tmp, &l->sessions)
		session_free(container_of(n, struct session, link));
}
