/* Looking and steering over the control socket: status, sessions, attempts, policy. */
#include "base/text.h"
#include "roles/record_ctl.h"

#include <stdio.h>
#include <stdlib.h>

#define DISCONNECT_MAX 256u
#define DISCONNECT_MS 5000u
#define ATTEMPTS_DEFAULT 50

static json_t *
role_row(enum role_id role, unsigned int index, const char *state, json_t *lines)
{
	return json_pack("{s:s, s:i, s:s, s:o}", "role", role_name(role), "index", (int)index,
	    "state", state, "lines", lines);
}

/* Rows stand in the order of asking; an answer fills its row. */
static void
on_status(struct question *q, const struct rctl_wait *w, const struct msg *m)
{
	json_t *row;
	size_t i;

	json_array_foreach(q->out, i, row)
	{
		if (!m || json_integer_value(json_object_get(row, "seq")) != w->seq)
			continue;
		json_object_set_new(row, "state", json_string("running"));
		json_object_set_new(row, "lines", rctl_json_lines(m->u.status.lines));
	}
}

static unsigned int
count_sessions(struct record *rec)
{
	struct list *n, *tmp;
	unsigned int up = 0;

	for (size_t i = 0; i < LIVE_BUCKETS; i++) {
		list_each (n, tmp, &rec->live[i]) {
			const struct live *l = container_of(n, struct live, node);
			up += l->known && !l->r.ended && l->r.stage == STAGE_UP;
		}
	}
	return up;
}

static void put_line(json_t *lines, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
put_line(json_t *lines, const char *fmt, ...)
{
	char text[STORE_ERR_MAX + 64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(lines, rctl_json_text(text));
}

static void
status_done(struct question *q)
{
	struct record *rec = q->rec;
	json_t *lines = json_array(), *row;
	size_t i;

	json_array_foreach(q->out, i, row)
	{
		json_object_del(row, "seq");
		rctl_row(q, json_incref(row));
	}
	put_line(lines, "attempts in memory %u, facts waiting for theirs %u", rec->n_live,
	    rec->n_pending);
	put_line(lines, "control clients %u", rec->n_clients);
	if (rec->notice[0])
		put_line(lines, "%s", rec->notice);
	if (rec->n_history_errors)
		put_line(lines, "history failed %llu times, %llu attempts lost, latest: %s",
		    (unsigned long long)rec->n_history_errors,
		    (unsigned long long)rec->n_attempts_lost, rec->history_err);
	if (rec->n_facts_lost || rec->n_journal_lost)
		put_line(lines, "lost: %llu messages of facts, %llu journal entries",
		    (unsigned long long)rec->n_facts_lost, (unsigned long long)rec->n_journal_lost);
	rctl_row(q, role_row(ROLE_RECORD, 0, "running", lines));
	rctl_ok(q, json_pack("{s:s, s:I}", "version", OPENRRAS_VERSION, "sessions",
		       (json_int_t)count_sessions(rec)));
}

static void
ask_status(struct question *q, enum role_id role, unsigned int index)
{
	struct msg m = { .id = MSG_STATUS_ASK, .u.status_ask = { rctl_seq(q) } };
	bool asked = rctl_ask_role(q, role, index, &m, m.u.status_ask.seq);
	json_t *row = role_row(role, index, asked ? "silent" : "absent", json_array());

	json_object_set_new(row, "seq", json_integer(m.u.status_ask.seq));
	json_array_append_new(q->out, row);
}

void
rctl_do_status(struct question *q)
{
	q->on_answer = on_status;
	q->on_done = status_done;
	q->out = json_array();
	ask_status(q, ROLE_MONITOR, 0);
	for (unsigned int i = 0; i < q->rec->host->n_workers && i < WORKERS_MAX; i++)
		ask_status(q, ROLE_NET, i);
	ask_status(q, ROLE_AAA, 0);
	ask_status(q, ROLE_VAULT, 0);
	if (host_has(q->rec->host, ROLE_FETCH, 0))
		ask_status(q, ROLE_FETCH, 0);
	rctl_wait_for(q, CTL_ANSWER_MS);
}

static bool
name_matches(const struct attempt_record *r, const char *user)
{
	return text_eq_nocase(view_str(r->user), view_str(user)) ||
	       text_eq_nocase(view_str(r->account), view_str(user));
}

static int
by_time(const void *a, const void *b)
{
	const struct live *const *x = a;
	const struct live *const *y = b;

	return memcmp((*x)->r.id.b, (*y)->r.id.b, sizeof((*x)->r.id.b));
}

static void
sessions_done(struct question *q)
{
	struct record *rec = q->rec;
	int64_t now_us = loop_now(rec->host->loop)->unix_us;
	struct live **all = calloc(rec->n_live + 1, sizeof(struct live *));
	const char *user = rctl_arg(q, "user");
	struct list *n, *tmp;
	size_t k = 0;

	for (size_t i = 0; all && i < LIVE_BUCKETS; i++) {
		list_each (n, tmp, &rec->live[i]) {
			struct live *l = container_of(n, struct live, node);
			if (l->known && !l->r.ended && l->r.stage == STAGE_UP && k < rec->n_live &&
			    (!user[0] || name_matches(&l->r, user)))
				all[k++] = l;
		}
	}
	if (k)
		qsort(all, k, sizeof(*all), by_time);
	for (size_t i = 0; i < k && i < CTL_ROWS_MAX; i++)
		rctl_row(q, rctl_json_session(all[i], now_us));
	free(all);
	rctl_ok(q, json_pack("{s:i, s:i}", "sessions", (int)k, "workers_silent", (int)q->n_lost));
}

void
rctl_do_sessions(struct question *q)
{
	q->on_done = sessions_done;
	for (unsigned int i = 0; i < WORKERS_MAX; i++) {
		struct msg m = { .id = MSG_COUNTERS_ASK, .u.counters_ask = { rctl_seq(q) } };
		if (host_has(q->rec->host, ROLE_NET, i) &&
		    !rctl_ask_role(q, ROLE_NET, i, &m, m.u.counters_ask.seq))
			q->n_lost++;
	}
	rctl_wait_for(q, CTL_ANSWER_MS);
}

static void
on_disconnected(struct question *q, const struct rctl_wait *w, const struct msg *m)
{
	json_int_t n = json_integer_value(q->out);

	(void)w;
	if (m && m->u.disconnected.found)
		json_integer_set(q->out, n + 1);
}

static void
disconnect_done(struct question *q)
{
	json_int_t n = json_integer_value(q->out);

	if (n == 0 && q->n_lost)
		rctl_refuse(q, cause_info(CAUSE_WORKER_DIED)->name,
		    "the worker that holds the session does not answer", "see rrasctl status");
	else if (n == 0)
		rctl_refuse(q, "not-found", "no such session is up", "see rrasctl sessions");
	else
		rctl_ok(
		    q, json_pack("{s:I, s:i}", "disconnected", n, "unanswered", (int)q->n_lost));
}

/* Whether a session is meant by the request's id, address or user. */
static bool
is_meant(const struct question *q, const struct live *l)
{
	const char *id = rctl_arg(q, "id"), *address = rctl_arg(q, "address");
	const char *user = rctl_arg(q, "user");
	char text[ATTEMPT_ID_TEXT];
	struct ip_addr a;

	if (id[0])
		return text_eq_nocase(
		    view_of(attempt_id_text(&l->r.id, text), strlen(id)), view_str(id));
	struct ip_prefix six = { l->r.prefix6, LEASE_PREFIX6_BITS };
	if (address[0])
		return ip_parse(view_str(address), &a) &&
		       (ip_equal(&a, &l->r.address) ||
			   (!ip_is_none(&six.addr) && ip_in_prefix(&a, &six)));
	return user[0] && name_matches(&l->r, user);
}

static bool
is_id_prefix(const char *id)
{
	size_t n = strlen(id);

	return n >= 4 && n <= 32 && strspn(id, "0123456789abcdefABCDEF") == n;
}

void
rctl_do_disconnect(struct question *q)
{
	const char *id = rctl_arg(q, "id"), *address = rctl_arg(q, "address");
	struct live *meant[DISCONNECT_MAX];
	struct list *node, *tmp;
	struct ip_addr a;
	size_t n = 0;

	if ((id[0] && !is_id_prefix(id)) || (address[0] && !ip_parse(view_str(address), &a)) ||
	    (!id[0] && !address[0] && !rctl_arg(q, "user")[0])) {
		rctl_refuse(q, "usage", "name the session by id, address or user",
		    "an id is at least 4 hexadecimal digits, see rrasctl sessions");
		return;
	}
	for (size_t i = 0; i < LIVE_BUCKETS; i++) {
		list_each (node, tmp, &q->rec->live[i]) {
			struct live *l = container_of(node, struct live, node);
			if (l->known && !l->r.ended && n < DISCONNECT_MAX && is_meant(q, l))
				meant[n++] = l;
		}
	}
	if (id[0] && n > 1) {
		rctl_refuse(
		    q, "ambiguous", "more than one session's id begins so", "give more digits");
		return;
	}
	q->on_answer = on_disconnected;
	q->on_done = disconnect_done;
	q->out = json_integer(0);
	for (size_t i = 0; i < n; i++) {
		struct msg m = { .id = MSG_DISCONNECT,
			.u.disconnect = { rctl_seq(q), meant[i]->r.id } };
		if (!rctl_ask_role(q, ROLE_NET, meant[i]->worker, &m, m.u.disconnect.seq))
			q->n_lost++;
	}
	rctl_wait_for(q, DISCONNECT_MS);
}

/* The word after the given one, "sstp" after "ports "; false when the line does not go on so. */
static bool
next_word(const char **at, const char *label, char *out, size_t cap)
{
	size_t n = strlen(label);

	if (strncmp(*at, label, n) != 0)
		return false;
	*at += n;
	n = strcspn(*at, " ");
	if (n == 0 || n >= cap)
		return false;
	memcpy(out, *at, n);
	out[n] = 0;
	*at += n;
	return true;
}

/* "ports TUNNEL limit N used N refused N", a line of aaa's status, as a row. NULL: another line. */
static json_t *
ports_row(const char *line, const struct conf *c)
{
	char tunnel[16], text[3][20];

	if (!next_word(&line, "ports ", tunnel, sizeof(tunnel)) ||
	    !next_word(&line, " limit ", text[0], sizeof(text[0])) ||
	    !next_word(&line, " used ", text[1], sizeof(text[1])) ||
	    !next_word(&line, " refused ", text[2], sizeof(text[2])))
		return NULL;
	bool offered = tunnel_by_name(view_str(tunnel)) == TUNNEL_SSTP;
	bool on = offered && c && conf_offers_sstp(c) && c->remote_access;
	long long limit = strtoll(text[0], NULL, 10), used = strtoll(text[1], NULL, 10);
	return json_pack("{s:s, s:b, s:b, s:I, s:I, s:I, s:I}", "tunnel", tunnel, "offered",
	    offered, "enabled", on, "limit", (json_int_t)limit, "used", (json_int_t)used, "free",
	    (json_int_t)(limit > used ? limit - used : 0), "refused",
	    (json_int_t)strtoll(text[2], NULL, 10));
}

static void
on_ports(struct question *q, const struct rctl_wait *w, const struct msg *m)
{
	(void)w;
	if (m)
		q->out = rctl_json_lines(m->u.status.lines);
}

static void
ports_done(struct question *q)
{
	const struct conf *c = q->rec->host->conf;
	json_t *line;
	size_t i;

	if (!q->out) {
		rctl_refuse(q, cause_info(CAUSE_AAA_DOWN)->name,
		    "the aaa process, which counts the ports, does not answer",
		    "see rrasctl status");
		return;
	}
	json_array_foreach(q->out, i, line)
	{
		json_t *row = ports_row(json_string_value(line), c);
		if (row)
			rctl_row(q, row);
	}
	rctl_ok(q, NULL);
}

/* Ports by tunnel type: aaa counts them, for all workers. */
void
rctl_do_ports(struct question *q)
{
	struct msg m = { .id = MSG_STATUS_ASK, .u.status_ask = { rctl_seq(q) } };

	q->on_answer = on_ports;
	q->on_done = ports_done;
	if (!rctl_ask_role(q, ROLE_AAA, 0, &m, m.u.status_ask.seq))
		q->n_lost++;
	rctl_wait_for(q, CTL_ANSWER_MS);
}

static bool
attempt_row(void *ctx, const struct attempt_record *r)
{
	rctl_row(ctx, rctl_json_attempt(r, false));
	return true;
}

struct counts_wanted {
	struct question *q;
	enum cause cause; /* CAUSE_NONE: any */
	int64_t left;
};

static bool
count_row(void *ctx, const struct history_count *c)
{
	struct counts_wanted *w = ctx;

	if (w->cause != CAUSE_NONE && w->cause != c->cause)
		return true;
	rctl_row(w->q, rctl_json_count(c));
	return --w->left > 0;
}

/* Ends so early that they are counted per minute, cause and network. */
static void
show_counted(struct question *q, const struct history_filter *f, int64_t limit)
{
	struct counts_wanted w = { q, f->cause, limit };
	char err[STORE_ERR_MAX] = "";
	uint64_t since = f->since_unix_us > 0 ? (uint64_t)f->since_unix_us / 60000000 : 0;

	if (history_counts(q->rec->history, since, 0, count_row, &w, err, sizeof(err)) < 0)
		rctl_store_down(q, err);
	else
		rctl_ok(q, NULL);
}

void
rctl_do_attempts(struct question *q)
{
	const char *cause = rctl_arg(q, "cause");
	int64_t limit = rctl_arg_int(q, "limit", ATTEMPTS_DEFAULT);
	struct history_filter f = {
		.failures = rctl_arg_bool(q, "failures", false),
		.user = rctl_arg(q, "user")[0] ? rctl_arg(q, "user") : NULL,
		.ras_error = (uint32_t)rctl_arg_int(q, "error", 0),
		.cause = cause_by_name(view_str(cause)),
		.since_unix_us = rctl_arg_int(q, "since", 0) * 1000000,
	};
	char err[STORE_ERR_MAX] = "";

	if (cause[0] && f.cause == CAUSE_NONE) {
		rctl_refuse(
		    q, "usage", "there is no cause of this name", "see rrasctl diagnose --list");
		return;
	}
	if (limit < 1 || limit > CTL_ROWS_MAX)
		limit = CTL_ROWS_MAX;
	if (rctl_arg_bool(q, "counted", false)) {
		show_counted(q, &f, limit);
		return;
	}
	record_flush(q->rec);
	if (history_list(
		q->rec->history, &f, (uint32_t)limit, false, attempt_row, q, err, sizeof(err)) < 0)
		rctl_store_down(q, err);
	else
		rctl_ok(q, NULL);
}

/* One attempt with its facts: by id, or the latest failure (of a user, with an error number). */
void
rctl_do_attempt(struct question *q)
{
	const char *id = rctl_arg(q, "id"), *user = rctl_arg(q, "user");
	struct history_filter f = { .failures = true,
		.user = user[0] ? user : NULL,
		.ras_error = (uint32_t)rctl_arg_int(q, "error", 0) };
	struct attempt_record *r = NULL;
	char err[STORE_ERR_MAX] = "";

	record_flush(q->rec);
	enum history_found found =
	    id[0] ? history_by_id(q->rec->history, view_str(id), &r, err, sizeof(err))
		  : history_latest(q->rec->history, &f, &r, err, sizeof(err));
	switch (found) {
	case HISTORY_FOUND:
		rctl_ok(q, json_pack("{s:o}", "attempt", rctl_json_attempt(r, true)));
		history_free(r);
		return;
	case HISTORY_AMBIGUOUS:
		rctl_refuse(q, "ambiguous", "more than one attempt's id begins so",
		    "give more digits, see rrasctl attempts");
		return;
	case HISTORY_NONE:
		rctl_refuse(q, "not-found",
		    id[0] ? "there is no such attempt" : "no such failed attempt is stored",
		    "see rrasctl attempts");
		return;
	case HISTORY_ERROR:
		rctl_store_down(q, err);
		return;
	}
}

/* DECIDED has come before it, and left the request in q->out. */
static void
on_explained(struct question *q, const struct rctl_wait *w, const struct msg *m)
{
	(void)w;
	if (!m)
		return;
	if (!q->out)
		q->out = json_object();
	json_object_set_new(q->out, "user_known", json_boolean(m->u.explained.user_known));
	json_object_set_new(q->out, "account", rctl_json_view(m->u.explained.account));
	json_object_set_new(q->out, "decision", rctl_json_decision(&m->u.explained.decision));
}

/* The groups of a question, one a line. */
static struct view
groups_of(const json_t *list, uint8_t *out, size_t cap)
{
	struct wr w = wr_over(out, cap);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *g = json_string_value(json_array_get(list, i));
		if (g && g[0])
			wr_fmt(&w, "%s%s", wr_len(&w) ? "\n" : "", g);
	}
	return wr_view_of(&w);
}

static void
explain_done(struct question *q)
{
	if (json_object_get(q->out, "decision"))
		rctl_ok(q, json_incref(q->out));
	else
		rctl_refuse(q, cause_info(CAUSE_AAA_DOWN)->name,
		    "the aaa process, which holds the policies, does not answer",
		    "see rrasctl status");
}

void
rctl_do_explain(struct question *q)
{
	const char *client = rctl_arg(q, "client"), *server = rctl_arg(q, "server");
	uint8_t groups[2048];
	struct msg m = { .id = MSG_EXPLAIN,
		.u.explain = { .seq = rctl_seq(q),
		    .user = view_str(rctl_arg(q, "user")),
		    .tunnel = (uint8_t)tunnel_by_name(view_str(rctl_arg(q, "tunnel"))),
		    .at_unix_s = rctl_arg_int(q, "at", 0),
		    .groups = groups_of(json_object_get(q->in, "groups"), groups, sizeof(groups)),
		    .method = (uint8_t)auth_method_by_name(view_str(rctl_arg(q, "method"))) } };

	if ((client[0] && !ip_parse(view_str(client), &m.u.explain.client)) ||
	    (server[0] && !ip_parse(view_str(server), &m.u.explain.server)) ||
	    m.u.explain.user.n == 0 || m.u.explain.user.n > NAME_MAX_BYTES ||
	    m.u.explain.tunnel == TUNNEL_NONE || m.u.explain.method == AUTH_NONE) {
		rctl_refuse(q, "usage", "user, tunnel, client or method is missing or unknown",
		    "see rrasctl policy --help");
		return;
	}
	q->on_answer = on_explained;
	q->on_done = explain_done;
	if (!rctl_ask_role(q, ROLE_AAA, 0, &m, m.u.explain.seq))
		q->n_lost++;
	rctl_wait_for(q, CTL_ANSWER_MS);
}
