/*
 * The record role without its host: the test gives and takes the messages that other roles would,
 * and asks over a real control socket from a child process, as rrasctl does.
 */
#ifndef TEST_RECORD_HELPER_H
#define TEST_RECORD_HELPER_H

#include "os/sock.h"
#include "roles/record_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SENT_MAX 64u

/* What record sent, as far as the tests look at it. */
struct sent {
	enum role_id to;
	enum msg_id id;
	uint64_t account;
	unsigned int kind;
	bool deleted, empty;
	char text[128];
};

/* An answer of a role, delivered in the next turn of the loop. */
struct due {
	enum role_id from;
	unsigned int index;
	struct msg m;
	uint8_t bytes[128];
};

struct fake {
	struct role_host host;
	struct conf *conf;
	struct record *rec;
	char dir[64], socket[128];
	bool has[N_ROLE];  /* roles that are there; net: worker 0 */
	bool deaf[N_ROLE]; /* there, but they never answer */
	unsigned int full; /* sends that fail from now on */
	struct sent sent[SENT_MAX];
	size_t n_sent;
	struct due due[16];
	size_t n_due;
	struct loop_timer *timer;
	char reply[65536];
	size_t n_reply;
	int pipe;
	struct loop_fd *watch;
};

static struct fake *the_fake; /* host_send has no other way to it */

static inline void
due_add(struct fake *f, enum role_id from, const struct msg *m)
{
	must(f->n_due < 16);
	f->due[f->n_due].from = from;
	f->due[f->n_due].index = 0;
	f->due[f->n_due++].m = *m;
	loop_timer_at(f->timer, loop_now(f->host.loop)->ms);
}

static inline void
deliver_due(void *ctx)
{
	struct fake *f = ctx;
	size_t n = f->n_due;
	struct due due[16];

	memcpy(due, f->due, sizeof(due));
	f->n_due = 0;
	for (size_t i = 0; i < n; i++)
		role_record.message(f->rec, due[i].from, due[i].index, &due[i].m, -1);
}

/* What the other roles would say. A password "refuse me" is refused. */
static inline void
answer_for(struct fake *f, enum role_id to, const struct msg *m)
{
	static const char sealed[] = "sealed bytes", refused[] = "too weak";
	struct msg a = { .id = MSG_NONE };

	if (f->deaf[to])
		return;
	switch ((unsigned int)m->id) {
	case MSG_SEAL_SECRET:
		a.id = MSG_SEALED;
		a.u.sealed.seq = m->u.seal.seq;
		a.u.sealed.ok = !view_eq(m->u.seal.plain, view_str("refuse me"));
		if (a.u.sealed.ok)
			a.u.sealed.sealed = view_str(sealed);
		else
			a.u.sealed.error = view_str(refused);
		break;
	case MSG_DISCONNECT:
		a.id = MSG_DISCONNECTED;
		a.u.disconnected.seq = m->u.disconnect.seq;
		a.u.disconnected.found = true;
		break;
	case MSG_STATUS_ASK:
		a.id = MSG_STATUS;
		a.u.status.seq = m->u.status_ask.seq;
		a.u.status.lines =
		    view_str("all is\nwell\nports sstp limit 128 used 3 refused 2\n");
		break;
	case MSG_COUNTERS_ASK:
		a.id = MSG_COUNTERS_DONE;
		a.u.counters_done.seq = m->u.counters_ask.seq;
		break;
	case MSG_EXPLAIN:
		a.id = MSG_EXPLAINED;
		a.u.explained.seq = m->u.explain.seq;
		a.u.explained.user_known = true;
		a.u.explained.account = view_str("alice");
		a.u.explained.decision.verdict = VERDICT_DENY;
		a.u.explained.decision.cause = CAUSE_POLICY_NONE;
		break;
	default:
		return;
	}
	due_add(f, to, &a);
}

bool
host_send(struct role_host *h, enum role_id to, unsigned int index, const struct msg *m, int fd)
{
	struct fake *f = the_fake;

	(void)h;
	(void)fd;
	if (!f->has[to] || (to == ROLE_NET && index != 0))
		return false;
	if (f->full) {
		f->full--;
		return false;
	}
	struct sent *s = &f->sent[f->n_sent < SENT_MAX ? f->n_sent : SENT_MAX - 1];
	*s = (struct sent){ .to = to, .id = m->id };
	if (m->id == MSG_ACCOUNT) {
		s->account = m->u.account.account;
		s->deleted = m->u.account.deleted;
		snprintf(s->text, sizeof(s->text), "%.*s", (int)m->u.account.name.n,
		    (const char *)m->u.account.name.p);
	} else if (m->id == MSG_SECRET) {
		s->account = m->u.secret.account;
		s->kind = m->u.secret.kind;
		s->empty = m->u.secret.sealed.n == 0;
	}
	f->n_sent += f->n_sent < SENT_MAX;
	answer_for(f, to, m);
	return true;
}

bool
host_has(const struct role_host *h, enum role_id to, unsigned int index)
{
	(void)h;
	return the_fake->has[to] && (to != ROLE_NET || index == 0);
}

static inline void
fake_start(struct fake *f)
{
	char err[STORE_ERR_MAX] = "";
	int fd;

	f->rec = role_record.open(&f->host);
	assert_non_null(f->rec);
	assert_true(role_record.configure(f->rec, f->conf, err, sizeof(err)));
	fd = sock_listen_unix(f->socket, 0600);
	assert_true(fd >= 0);
	struct msg m = { .id = MSG_FILE, .u.file = { .purpose = FILE_CONTROL } };
	role_record.message(f->rec, ROLE_MONITOR, 0, &m, fd);
	if (!role_record.go(f->rec, err, sizeof(err)))
		fail_msg("%s", err);
}

static inline int
fake_setup(void **state)
{
	struct fake *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/rras-record-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->socket, sizeof(f->socket), "%s/control.sock", f->dir);
	f->conf = conf_defaults();
	snprintf(f->conf->state_dir, sizeof(f->conf->state_dir), "%s", f->dir);
	f->host = (struct role_host){
		.loop = loop_new(), .role = ROLE_RECORD, .n_workers = 1, .conf = f->conf
	};
	f->timer = loop_timer_new(f->host.loop, deliver_due, f);
	for (unsigned int r = 0; r < N_ROLE; r++)
		f->has[r] = true;
	the_fake = f;
	fake_start(f);
	*state = f;
	return 0;
}

static inline void
fake_restart(struct fake *f)
{
	role_record.close(f->rec);
	unlink(f->socket);
	fake_start(f);
}

static inline int
fake_teardown(void **state)
{
	struct fake *f = *state;
	char cmd[128];

	role_record.close(f->rec);
	loop_timer_free(f->timer);
	loop_free(f->host.loop);
	conf_free(f->conf);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", f->dir);
	free(f);
	return system(cmd);
}

static inline bool
print_line(void *ctx, struct view line)
{
	int fd = *(int *)ctx;

	if (write(fd, line.p, line.n) < 0 || write(fd, "\n", 1) < 0)
		return false;
	for (size_t i = 0; i + 11 <= line.n; i++)
		if (memcmp(line.p + i, "\"more\":true", 11) == 0)
			return true;
	return false;
}

static inline void
on_reply(void *ctx, unsigned int events)
{
	struct fake *f = ctx;
	ssize_t k = read(f->pipe, f->reply + f->n_reply, sizeof(f->reply) - 1 - f->n_reply);

	(void)events;
	if (k > 0) {
		f->n_reply += (size_t)k;
		return;
	}
	loop_stop(f->host.loop);
}

/* Asks as rrasctl would; returns all lines of the answer, "gone" when the stream ended instead. */
static inline const char *
ask_view(struct fake *f, struct view request)
{
	int fds[2], status;

	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(fds[0]);
		alarm(20);
		int rc = lines_ask(f->socket, request, 8u << 20, 15000, print_line, &fds[1]);
		if (rc != 0 && write(fds[1], "gone", 4) != 4)
			_exit(1);
		_exit(0);
	}
	close(fds[1]);
	f->pipe = fds[0];
	f->n_reply = 0;
	f->watch = loop_fd_new(f->host.loop, fds[0], on_reply, f);
	loop_fd_want(f->watch, LOOP_READ);
	loop_run(f->host.loop);
	loop_fd_free(f->watch);
	close(fds[0]);
	f->reply[f->n_reply] = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return f->reply;
}

static inline const char *
ask(struct fake *f, const char *request)
{
	return ask_view(f, view_str(request));
}

#define assert_has(text, part)                                                                     \
	do {                                                                                       \
		const char *t_ = (text);                                                           \
		if (!strstr(t_, (part)))                                                           \
			fail_msg("no %s in: %s", (part), t_);                                      \
	} while (0)

/* Whether record sent such a message since the last forget(). */
static inline const struct sent *
find_sent(const struct fake *f, enum role_id to, enum msg_id id)
{
	for (size_t i = 0; i < f->n_sent; i++)
		if (f->sent[i].to == to && f->sent[i].id == id)
			return &f->sent[i];
	return NULL;
}

static inline void
forget(struct fake *f)
{
	f->n_sent = 0;
}

#endif
