/* The control socket: clients, questions, waiting for roles. See record_ctl.h. */
#include "roles/record_ctl.h"

#include "base/secret.h"
#include "os/sock.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct {
	const char *name;
	void (*handler)(struct question *q);
	bool changes; /* something: not for who may look only */
} commands[] = {
	{ "status", rctl_do_status, false },
	{ "sessions", rctl_do_sessions, false },
	{ "disconnect", rctl_do_disconnect, true },
	{ "ports", rctl_do_ports, false },
	{ "pools", rctl_do_pools, false },
	{ "attempts", rctl_do_attempts, false },
	{ "attempt", rctl_do_attempt, false },
	{ "log", rctl_do_log, false },
	{ "reload", rctl_do_reload, true },
	{ "policy explain", rctl_do_explain, false },
	{ "decision", rctl_do_decision, false },
	{ "user add", rctl_do_user_add, true },
	{ "user set", rctl_do_user_set, true },
	{ "user del", rctl_do_user_del, true },
	{ "user unlock", rctl_do_user_unlock, true },
	{ "user lockouts", rctl_do_user_lockouts, false },
	{ "user show", rctl_do_user_show, false },
	{ "user list", rctl_do_user_list, false },
	{ "group add", rctl_do_group_add, true },
	{ "group del", rctl_do_group_del, true },
	{ "group list", rctl_do_group_list, false },
	{ "group member", rctl_do_group_member, true },
};

/* jansson's strings may hold a password: nothing goes back to the heap as it is. */
static void
wiping_free(void *p)
{
	if (p)
		secret_wipe_bytes(p, malloc_usable_size(p));
	free(p);
}

static void end_question(struct question *q);

static void
drop_client(struct rctl_client *c)
{
	struct question *q = c->question;

	if (q)
		q->client = NULL;
	if (q && q->follows)
		end_question(q);
	list_remove(&c->node);
	c->rec->n_clients--;
	if (c->rec->control_watch) /* there is a descriptor again */
		loop_fd_want(c->rec->control_watch, LOOP_READ);
	lines_free(c->lines);
	free(c);
}

static void
end_question(struct question *q)
{
	struct rctl_client *c = q->client;

	q->ended = true;
	list_remove(&q->node);
	loop_timer_free(q->timer);
	json_decref(q->in);
	json_decref(q->out);
	free(q->waits);
	secret_wipe_bytes(q->sealed, sizeof(q->sealed));
	free(q);
	if (!c)
		return;
	c->question = NULL;
	if (c->broken)
		drop_client(c);
	else
		lines_hold(c->lines, false);
}

/* One line to the client; one that does not read is marked and gets no more. */
static void
put_line(struct question *q, json_t *o)
{
	char *text = q->client && !q->client->broken
	                 ? json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII)
	                 : NULL;

	json_decref(o);
	if (!text)
		return;
	if (!lines_write(q->client->lines, view_str(text)))
		q->client->broken = true;
	wiping_free(text);
}

void
rctl_row(struct question *q, json_t *row)
{
	put_line(q, json_pack("{s:b, s:b, s:o}", "ok", 1, "more", 1, "row", row));
}

void
rctl_ok(struct question *q, json_t *fields)
{
	json_t *o = fields ? fields : json_object();

	json_object_set_new(o, "ok", json_true());
	put_line(q, o);
	end_question(q);
}

void
rctl_refuse_with(
    struct question *q, const char *code, const char *error, const char *remedy, json_t *fields)
{
	json_t *o = json_pack("{s:b, s:s, s:o, s:o}", "ok", 0, "code", code, "error",
	    rctl_json_text(error), "remedy", rctl_json_text(remedy));

	if (fields)
		json_object_update(o, fields);
	json_decref(fields);
	put_line(q, o);
	end_question(q);
}

void
rctl_refuse(struct question *q, const char *code, const char *error, const char *remedy)
{
	rctl_refuse_with(q, code, error, remedy, NULL);
}

void
rctl_follow(struct question *q)
{
	q->follows = true;
	if (q->client)
		lines_hold(q->client->lines, false);
}

void
rctl_unfollow(struct question *q)
{
	end_question(q);
}

void
rctl_store_down(struct question *q, const char *err)
{
	static const char mark[] = "; remedy: ";
	const char *remedy = strstr(err, mark);
	char what[STORE_ERR_MAX];

	snprintf(what, sizeof(what), "%.*s", remedy ? (int)(remedy - err) : (int)strlen(err), err);
	rctl_refuse(q, cause_info(CAUSE_STORE_DOWN)->name, what,
	    remedy ? remedy + sizeof(mark) - 1 : "see the log of rrasd");
}

uint32_t
rctl_seq(struct question *q)
{
	return ++q->rec->seq;
}

bool
rctl_ask_role(
    struct question *q, enum role_id role, unsigned int index, const struct msg *m, uint32_t seq)
{
	struct rctl_wait *w = realloc(q->waits, (q->n_waits + 1) * sizeof(*w));

	if (!w)
		return false;
	q->waits = w;
	if (!host_has(q->rec->host, role, index) || !host_send(q->rec->host, role, index, m, -1))
		return false;
	q->waits[q->n_waits++] = (struct rctl_wait){ seq, role, index };
	return true;
}

/* The wait number i is over, with an answer or without. */
static void
wait_over(struct question *q, size_t i, const struct msg *m)
{
	struct rctl_wait w = q->waits[i];

	q->waits[i] = q->waits[--q->n_waits];
	if (!m)
		q->n_lost++;
	if (q->on_answer)
		q->on_answer(q, &w, m);
}

static void
on_late(void *ctx)
{
	struct question *q = ctx;

	while (q->n_waits)
		wait_over(q, 0, NULL);
	q->on_done(q);
}

void
rctl_wait_for(struct question *q, unsigned int ms)
{
	if (q->n_waits && !q->timer)
		q->timer = loop_timer_new(q->rec->host->loop, on_late, q);
	if (!q->n_waits || !q->timer) {
		on_late(q);
		return;
	}
	loop_timer_at(q->timer, loop_now(q->rec->host->loop)->ms + ms);
}

void
record_ctl_answer(
    struct record *rec, enum role_id from, unsigned int index, uint32_t seq, const struct msg *m)
{
	struct list *n, *tmp;

	list_each (n, tmp, &rec->questions) {
		struct question *q = container_of(n, struct question, node);
		for (size_t i = 0; i < q->n_waits; i++) {
			const struct rctl_wait *w = &q->waits[i];
			if (w->seq != seq || w->role != from || w->index != index)
				continue;
			wait_over(q, i, m);
			if (q->n_waits == 0)
				q->on_done(q);
			return;
		}
	}
}

void
record_ctl_lost(struct record *rec, enum role_id who, unsigned int index)
{
	struct list *n, *tmp;

	list_each (n, tmp, &rec->questions) {
		struct question *q = container_of(n, struct question, node);
		bool any = false;
		for (size_t i = 0; i < q->n_waits;) {
			if (q->waits[i].role == who && q->waits[i].index == index) {
				wait_over(q, i, NULL);
				any = true;
			} else {
				i++;
			}
		}
		if (any && q->n_waits == 0)
			q->on_done(q);
	}
}

static void
on_line(void *ctx, struct view line)
{
	struct rctl_client *c = ctx;
	struct question *q = c->question ? NULL : calloc(1, sizeof(*q));
	char err[200];

	if (c->question)
		return; /* it follows the log, and has nothing more to say */

	if (!q) {
		c->broken = true;
		return;
	}
	q->rec = c->rec;
	q->client = c;
	c->question = q;
	list_append(&c->rec->questions, &q->node);
	lines_hold(c->lines, true);
	q->in = rctl_json_read(line, err, sizeof(err));
	if (!q->in) {
		rctl_refuse(q, "usage", err, "send one JSON object a line, see rrasctl(8)");
		return;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, rctl_arg(q, "cmd")) != 0)
			continue;
		if (commands[i].changes && !c->may_change)
			rctl_refuse(q, "not-permitted",
			    "members of the control group may look, not change (control-rights "
			    "look)",
			    "run it as root, or set control-rights change in the block server");
		else
			commands[i].handler(q);
		return;
	}
	rctl_refuse(q, "usage", "this daemon has no such command",
	    "use the rrasctl that came with it; see rrasctl help");
}

static void
on_client_down(void *ctx, const char *why)
{
	(void)why; /* nothing to tell: it is the administrator who went */
	drop_client(ctx);
}

static void
on_connect(void *ctx, unsigned int events)
{
	struct record *rec = ctx;
	int fd = sock_accept_unix(rec->control_fd);

	(void)events;
	if (fd == -EMFILE || fd == -ENFILE) {
		/* The administrator is told by the end of the line; the loop must not spin on it.
		 */
		fd = sock_turn_away(rec->control_fd, &rec->reserve_fd, NULL);
		if (fd < 0 && fd != -EAGAIN)
			loop_fd_want(rec->control_watch, 0);
		return;
	}
	if (fd < 0)
		return;
	enum lines_peer is = lines_peer(fd, rec->control_gid);
	struct rctl_client *c =
	    is != LINES_STRANGER && rec->n_clients < CTL_CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		close(fd);
		return;
	}
	c->rec = rec;
	c->may_change = is == LINES_ADMIN || !rec->control_read_only;
	c->lines =
	    lines_new(rec->host->loop, fd, CTL_LINE_MAX, CTL_OUT_MAX, on_line, on_client_down, c);
	if (!c->lines) {
		free(c);
		return;
	}
	rec->n_clients++;
	list_append(&rec->clients, &c->node);
}

bool
record_ctl_open(struct record *rec, char *err, size_t cap)
{
	json_set_alloc_funcs(malloc, wiping_free);
	json_object_seed(1 + (size_t)now_draw_u32(loop_now(rec->host->loop)));
	const struct conf *conf = rec->host->conf;
	rec->control_gid = (gid_t)-1;
	rec->control_read_only = conf && conf->control_read_only;
	if (conf && conf->control_group[0])
		(void)!lines_group(conf->control_group, &rec->control_gid); /* monitor says so */
	if (rec->control_fd < 0)
		return true; /* no control socket: a test, or switched off */
	rec->control_watch = loop_fd_new(rec->host->loop, rec->control_fd, on_connect, rec);
	if (!rec->control_watch) {
		snprintf(err, cap, "cannot watch the control socket: memory is out");
		return false;
	}
	rec->reserve_fd = sock_reserve(rec->control_fd);
	loop_fd_want(rec->control_watch, LOOP_READ);
	return true;
}

void
record_ctl_close(struct record *rec)
{
	struct list *n, *tmp;

	list_each (n, tmp, &rec->clients)
		drop_client(container_of(n, struct rctl_client, node));
	list_each (n, tmp, &rec->questions)
		end_question(container_of(n, struct question, node));
	if (rec->control_watch)
		loop_fd_free(rec->control_watch);
	rec->control_watch = NULL;
	record_log_close(rec);
}
