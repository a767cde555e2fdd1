/*
 * Sockets of the net role: accepting, reading, writing, and carrying out what a connection asks.
 * The protocol is conn's (net/conn.h); here are only descriptors, time and messages.
 */
#include "roles/net_priv.h"

#include "os/sock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_BATCH 64u
#define READS_PER_TURN 2u
#define NO_FDS_SAY_MS 60000u
#define AAA_ANSWER_MS 20000u

static void on_ready(void *ctx, unsigned int events);
static void carry_out(struct net_conn *nc, unsigned int ev);
static void step(struct net_conn *nc);

void
net_watch_listeners(struct worker *w, bool on)
{
	w->paused = !on;
	for (unsigned int i = 0; i < w->n_listeners; i++)
		if (w->listeners[i].watch)
			loop_fd_want(w->listeners[i].watch, on ? LOOP_READ : 0);
}

static int
free_slot(struct worker *w)
{
	for (uint32_t i = 0; i < w->n_slots; i++) {
		uint32_t slot = (w->next_slot + i) % w->n_slots;
		if (!w->slots[slot]) {
			w->next_slot = (slot + 1) % w->n_slots;
			return (int)slot;
		}
	}
	return -1;
}

struct net_conn *
net_conn_find(struct worker *w, const struct attempt_id *id, uint32_t slot)
{
	struct net_conn *nc = slot < w->n_slots ? w->slots[slot] : NULL;

	if (!nc || memcmp(conn_attempt(nc->conn)->id.b, id->b, sizeof(id->b)) != 0)
		return NULL;
	return nc;
}

void
net_conn_free(struct net_conn *nc)
{
	struct worker *w = nc->w;

	if (nc->half_open)
		halfopen_leave(&w->halfopen, &conn_attempt(nc->conn)->peer.addr);
	heap_remove(&w->timers, &nc->timer);
	list_remove(&nc->link);
	net_tun_forget(nc);
	w->slots[nc->slot] = NULL;
	w->n_conns--;
	loop_fd_free(nc->watch);
	close(nc->fd);
	conn_free(nc->conn);
	free(nc->policy);
	free(nc->account);
	if (--nc->conf->refs == 0) {
		tls_ctx_unref(nc->conf->conn.tls);
		free(nc->conf);
	}
	free(nc);
	if (w->paused && !w->stopping)
		net_watch_listeners(w, true);
}

/* Counts a refusal that never became a connection of its own. */
static void
refuse(struct worker *w, int fd, const struct endpoint *peer, enum cause cause)
{
	close(fd);
	net_report_count(w, &peer->addr, cause);
}

void
net_conn_adopt(struct worker *w, int fd, const struct endpoint *peer, const struct endpoint *local,
    const struct fact *by, struct view first)
{
	const struct now *now = loop_now(w->loop);
	struct net_conn *nc = calloc(1, sizeof(*nc));
	int slot = free_slot(w);

	if (!nc || slot < 0 || !(nc->conn = conn_new(&w->conf->conn, peer, local, BY_NET, now))) {
		free(nc);
		halfopen_leave(&w->halfopen, &peer->addr);
		refuse(w, fd, peer, slot < 0 ? CAUSE_SESSION_LIMIT : CAUSE_NO_MEMORY);
		return;
	}
	conn_set_rtt(nc->conn, sock_rtt_ms(fd));
	nc->w = w;
	nc->fd = fd;
	nc->slot = (uint32_t)slot;
	nc->conf = w->conf;
	nc->conf->refs++;
	nc->half_open = true;
	nc->watch = loop_fd_new(w->loop, fd, on_ready, nc);
	list_init(&nc->link);
	list_init(&nc->sent);
	list_append(&w->conns, &nc->link);
	w->slots[slot] = nc;
	w->n_conns++;
	if (!nc->watch) {
		net_conn_free(nc);
		return;
	}
	(void)sock_set_user_timeout(fd, 120000);
	loop_fd_want(nc->watch, LOOP_READ);
	if (by)
		conn_note(nc->conn, by, now);
	if (first.n && !conn_feed(nc->conn, first))
		carry_out(nc, conn_close(nc->conn, &w->work, CAUSE_NO_MEMORY, now));
	else if (first.n)
		step(nc);
	net_conn_settle(nc);
}

/* Out of descriptors: who waits is told at once, and the administrator now and then. */
static bool
turn_away(struct net_listener *l)
{
	struct worker *w = l->w;
	uint64_t now_ms = loop_now(w->loop)->ms;
	struct endpoint peer;
	int rc = sock_turn_away(l->fd, &w->reserve_fd, &peer);

	if (rc == -EAGAIN)
		return false;
	if (now_ms >= w->no_fds_said_ms) {
		w->no_fds_said_ms = now_ms + NO_FDS_SAY_MS;
		host_complain(w->host,
		    "no file descriptor is left, connections are turned away; remedy: raise "
		    "LimitNOFILE= of the service (or ulimit -n) and restart it");
	}
	if (rc == 0)
		net_report_count(w, &peer.addr, CAUSE_NO_DESCRIPTORS);
	else
		net_watch_listeners(w, false); /* again when a connection ends, or later */
	return rc == 0;
}

void
net_accept_ready(void *ctx, unsigned int events)
{
	struct net_listener *l = ctx;
	struct worker *w = l->w;

	(void)events;
	for (unsigned int i = 0; i < ACCEPT_BATCH; i++) {
		struct endpoint peer, local;
		int fd = sock_accept(l->fd, &peer, &local);

		if (fd == -EAGAIN)
			return;
		if (fd < 0) {
			if (!turn_away(l))
				return;
			continue;
		}
		if (net_front_wants(w, &peer))
			net_front_accept(w, fd, &peer, &local);
		else if (halfopen_enter(&w->halfopen, &peer.addr))
			net_conn_adopt(w, fd, &peer, &local, NULL, view_of(NULL, 0));
		else
			refuse(w, fd, &peer, CAUSE_HALF_OPEN_LIMIT);
	}
}

/* Why a question could not be put to aaa; where it is gone, its absence is noted as evidence. */
static enum cause
not_asked(struct net_conn *nc)
{
	struct fact f = FACT_MAKE(FACT_ROLE_LOST, F_STR("aaa"), F_STR(nc->w->aaa_how));

	nc->asked_ms = 0;
	if (host_has(nc->w->host, ROLE_AAA, 0))
		return CAUSE_IPC_BACKLOG;
	conn_note(nc->conn, &f, loop_now(nc->w->loop));
	return CAUSE_AAA_DOWN;
}

static void
ask_auth(struct net_conn *nc)
{
	struct worker *w = nc->w;
	const struct attempt *a = conn_attempt(nc->conn);
	struct msg m = { .id = MSG_AUTH_SECRET,
		.u.auth = { .attempt = a->id,
		    .seq = nc->slot,
		    .peer = a->peer,
		    .local = a->local,
		    .request = w->work.auth } };

	nc->known_to_aaa = true;
	nc->asked_ms = loop_now(w->loop)->ms;
	if (!net_report_held(w) || !host_send(w->host, ROLE_AAA, 0, &m, -1)) {
		struct auth_answer no = { .cause = not_asked(nc) };
		(void)conn_answer_auth(nc->conn, &w->work, &no, loop_now(w->loop));
	}
	secret_wipe(&m.u.auth.request.password);
	secret_wipe(&w->work.auth.password);
}

static void
ask_lease(struct net_conn *nc)
{
	struct worker *w = nc->w;
	struct msg m = { .id = MSG_LEASE,
		.u.lease = { .attempt = conn_attempt(nc->conn)->id,
		    .seq = nc->slot,
		    .wanted = w->work.lease.wanted } };

	nc->asked_ms = loop_now(w->loop)->ms;
	if (!net_report_held(w) || !host_send(w->host, ROLE_AAA, 0, &m, -1)) {
		struct lease_answer no = { .cause = not_asked(nc) };
		(void)conn_answer_lease(nc->conn, &w->work, &no, loop_now(w->loop));
	}
}

/* Packets from TUN for these addresses are this connection's. */
static void
drop_inner(struct net_conn *nc)
{
	if (nc->inner.family != IP_NONE)
		inside_remove(&nc->w->inside, &nc->inner);
	if (nc->inner6.family != IP_NONE)
		inside_remove(&nc->w->inside, &nc->inner6);
	behind_remove(&nc->w->behind, nc->behind);
	nc->behind = NULL;
	nc->inner = nc->inner6 = (struct ip_addr){ 0 };
}

static void
take_inner(struct net_conn *nc)
{
	drop_inner(nc);
	nc->inner = conn_ip(nc->conn)->remote;
	nc->inner6 = conn_ip6(nc->conn).prefix;
	if (nc->inner.family != IP_NONE)
		inside_add(&nc->w->inside, &nc->inner, nc);
	if (nc->inner6.family != IP_NONE)
		inside_add(&nc->w->inside, &nc->inner6, nc);
	const struct profile *terms = conn_profile(nc->conn);
	nc->behind = behind_add(&nc->w->behind, terms->framed, terms->n_framed, nc);
}

static void
ask_sign(struct net_conn *nc)
{
	struct worker *w = nc->w;
	struct tls_question q = conn_sign_question(nc->conn);
	struct msg m = { .id = MSG_TLS_SIGN,
		.u.tls_sign = { .attempt = conn_attempt(nc->conn)->id,
		    .seq = nc->slot,
		    .key = q.key,
		    .scheme = q.scheme,
		    .what = q.what } };

	if (host_send(w->host, ROLE_VAULT, 0, &m, -1))
		return;
	if (conn_answer_sign(nc->conn, view_of(NULL, 0),
		host_has(w->host, ROLE_VAULT, 0) ? CAUSE_IPC_BACKLOG : CAUSE_VAULT_DOWN))
		step(nc);
}

static void
on_up(struct net_conn *nc)
{
	struct worker *w = nc->w;

	take_inner(nc);
	nc->is_up = true;
	w->n_up++;
	if (nc->half_open) {
		halfopen_leave(&w->halfopen, &conn_attempt(nc->conn)->peer.addr);
		nc->half_open = false;
	}
}

/* A call that failed on a path where segments are lost says so: it may be a black hole. */
static void
note_path(struct net_conn *nc)
{
	struct sock_path p;

	if (cause_info(conn_attempt(nc->conn)->cause)->class_ == CLASS_OK ||
	    !sock_path(nc->fd, &p) || (p.retries == 0 && p.gaps_in == 0))
		return;
	struct fact f = FACT_MAKE(FACT_PATH_TCP, F_U(p.mss), F_U(p.pmtu), F_U(p.unacked),
	    F_U(p.retries), F_U(p.gaps_out), F_U(p.gaps_in));
	conn_note(nc->conn, &f, loop_now(nc->w->loop));
}

static void
on_down(struct net_conn *nc)
{
	struct worker *w = nc->w;

	note_path(nc);
	net_report_end(nc);
	drop_inner(nc);
	if (nc->is_up)
		w->n_up--;
	nc->is_up = false;
	nc->linger_until_ms = loop_now(w->loop)->ms + NET_LINGER_MS;
}

/* Carries out what a call into the connection asked for. */
static void
carry_out(struct net_conn *nc, unsigned int ev)
{
	if (nc->w->work.join.n_units)
		net_tun_write(nc->w);
	if (ev & CONN_ASK_SIGN)
		ask_sign(nc);
	if (ev & CONN_ASK_AUTH)
		ask_auth(nc);
	if (ev & CONN_ASK_LEASE)
		ask_lease(nc);
	if (ev & CONN_UP)
		on_up(nc);
	if (ev & CONN_CHANGED)
		take_inner(nc);
	if (ev & (CONN_PROGRESS | CONN_UP | CONN_CHANGED))
		net_report_progress(nc);
	if (conn_is_down(nc->conn) && nc->linger_until_ms == 0)
		on_down(nc);
}

static void
step(struct net_conn *nc)
{
	bool more = true;

	while (more) {
		unsigned int ev = conn_step(nc->conn, &nc->w->work, loop_now(nc->w->loop), &more);
		carry_out(nc, ev);
	}
}

void
net_conn_flush(struct net_conn *nc)
{
	struct view out = conn_out(nc->conn);
	const struct now *now = loop_now(nc->w->loop);

	while (out.n) {
		ssize_t n = send(nc->fd, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
			conn_out_sent(nc->conn, out.n, now);
			carry_out(nc, conn_lower_down(nc->conn, &nc->w->work, false, now));
			nc->linger_until_ms = now->ms;
			break;
		}
		conn_out_sent(nc->conn, n < 0 ? 0 : (size_t)n, now);
		if (n < 0)
			break;
		out = conn_out(nc->conn);
	}
	net_tun_pace(nc);
	loop_fd_want(nc->watch,
	    (conn_wants_input(nc->conn) ? LOOP_READ : 0) | (conn_out(nc->conn).n ? LOOP_WRITE : 0));
}

void
net_conn_settle(struct net_conn *nc)
{
	struct worker *w = nc->w;
	const struct now *now = loop_now(w->loop);
	uint64_t deadline;

	net_conn_flush(nc);
	if (conn_is_down(nc->conn) &&
	    (conn_out(nc->conn).n == 0 || now->ms >= nc->linger_until_ms)) {
		if (net_report_pay(nc)) {
			net_conn_free(nc);
			net_arm_timer(w);
			return;
		}
		nc->linger_until_ms = now->ms + NET_OWED_RETRY_MS;
	}
	deadline = conn_is_down(nc->conn) ? nc->linger_until_ms : conn_deadline_ms(nc->conn);
	if (nc->asked_ms)
		deadline = deadline_min(deadline, nc->asked_ms + AAA_ANSWER_MS);
	if (deadline == NEVER_MS)
		heap_remove(&w->timers, &nc->timer);
	else
		heap_set(&w->timers, &nc->timer, deadline);
	net_arm_timer(w);
}

static void
on_ready(void *ctx, unsigned int events)
{
	struct net_conn *nc = ctx;
	struct worker *w = nc->w;
	const struct now *now = loop_now(w->loop);

	for (unsigned int i = 0;
	     (events & LOOP_READ) && i < READS_PER_TURN && conn_wants_input(nc->conn); i++) {
		ssize_t n = recv(nc->fd, w->read_buf, sizeof(w->read_buf), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n <= 0) {
			carry_out(nc, conn_lower_down(nc->conn, &w->work, n == 0, now));
			break;
		}
		conn_lend(nc->conn, view_of(w->read_buf, (size_t)n));
		step(nc);
		if (!conn_keep(nc->conn)) {
			carry_out(nc, conn_close(nc->conn, &w->work, CAUSE_NO_MEMORY, now));
			break;
		}
		if ((size_t)n < sizeof(w->read_buf))
			break;
	}
	net_conn_settle(nc);
}

/* For people: without memory it is left out. */
static void
keep_text(char **text, struct view v)
{
	free(*text);
	*text = v.n ? malloc(v.n + 1) : NULL;
	if (*text && !view_text(v, *text, v.n + 1)) {
		free(*text);
		*text = NULL;
	}
}

void
net_conn_answer_auth(struct worker *w, const struct msg_auth_reply *m)
{
	struct net_conn *nc = net_conn_find(w, &m->attempt, m->seq);

	if (!nc)
		return;
	nc->asked_ms = 0;
	keep_text(&nc->policy, m->policy);
	keep_text(&nc->account, m->account);
	carry_out(nc, conn_answer_auth(nc->conn, &w->work, &m->answer, loop_now(w->loop)));
	step(nc);
	net_conn_settle(nc);
}

void
net_conn_answer_sign(struct worker *w, const struct msg_tls_signed *m)
{
	struct net_conn *nc = net_conn_find(w, &m->attempt, m->seq);

	if (!nc)
		return;
	if (m->signature.n == 0) { /* a reload that the vault and this worker saw differently */
		char why[200];
		(void)view_text(m->refused, why, sizeof(why));
		struct fact f = FACT_MAKE(FACT_TLS_ERROR, F_STR(why));
		conn_note(nc->conn, &f, loop_now(w->loop));
	}
	if (conn_answer_sign(nc->conn, m->signature, CAUSE_TLS_NO_KEY))
		step(nc);
	net_conn_settle(nc);
}

void
net_conn_unsigned(struct net_conn *nc)
{
	if (!conn_answer_sign(nc->conn, view_of(NULL, 0), CAUSE_VAULT_DOWN))
		return;
	step(nc);
	net_conn_settle(nc);
}

void
net_conn_answer_lease(struct worker *w, const struct msg_lease_reply *m)
{
	struct net_conn *nc = net_conn_find(w, &m->attempt, m->seq);

	if (!nc)
		return;
	nc->asked_ms = 0;
	if (m->lease.cause == CAUSE_NONE) {
		nc->leased = m->lease.remote;
		nc->leased6 = m->lease.prefix6;
	}
	carry_out(nc, conn_answer_lease(nc->conn, &w->work, &m->lease, loop_now(w->loop)));
	step(nc);
	net_conn_settle(nc);
}

void
net_conn_close(struct net_conn *nc, enum cause cause)
{
	struct worker *w = nc->w;

	carry_out(nc, conn_close(nc->conn, &w->work, cause, loop_now(w->loop)));
	net_conn_settle(nc);
}

void
net_conn_stop(struct net_conn *nc, enum cause cause)
{
	struct worker *w = nc->w;

	carry_out(nc, conn_close(nc->conn, &w->work, cause, loop_now(w->loop)));
	net_conn_flush(nc);
	net_report_end(nc);
	drop_inner(nc);
	net_conn_free(nc);
}

void
net_conn_unanswered(struct net_conn *nc, const struct fact *why)
{
	struct worker *w = nc->w;
	const struct now *now = loop_now(w->loop);
	struct auth_answer no = { .cause = CAUSE_AAA_DOWN };

	nc->asked_ms = 0;
	conn_note(nc->conn, why, now);
	if (conn_attempt(nc->conn)->stage == STAGE_AUTHENTICATE) {
		/* In the words of the method: a bare end would look like a quarrel over PPP. */
		carry_out(nc, conn_answer_auth(nc->conn, &w->work, &no, now));
		step(nc);
	} else {
		carry_out(nc, conn_close(nc->conn, &w->work, CAUSE_AAA_DOWN, now));
	}
}

static void
question_timed_out(struct net_conn *nc)
{
	struct fact f = FACT_MAKE(FACT_NO_ANSWER, F_STR("aaa"),
	    F_STR(stage_name(conn_attempt(nc->conn)->stage)),
	    F_U(loop_now(nc->w->loop)->ms - nc->asked_ms));

	net_conn_unanswered(nc, &f);
}

void
net_conn_tick_due(struct worker *w)
{
	const struct now *now = loop_now(w->loop);
	struct heap_node *node;

	/* One that is due again at once waits for the next turn: no connection holds the loop. */
	for (uint32_t n = w->n_conns; n > 0; n--) {
		node = heap_first(&w->timers);
		if (!node || node->deadline_ms > now->ms)
			return;
		struct net_conn *nc = container_of(node, struct net_conn, timer);

		heap_remove(&w->timers, node);
		if (nc->asked_ms && now->ms >= nc->asked_ms + AAA_ANSWER_MS)
			question_timed_out(nc);
		else
			carry_out(nc, conn_tick(nc->conn, &w->work, now));
		step(nc);
		net_conn_settle(nc);
	}
}
