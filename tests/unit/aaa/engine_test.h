/*
 * The bench of the engine tests: an engine whose messages go into a list instead of to other roles.
 * Each passes the real encoder and decoder, so it is well-formed, fits and is allowed. The test
 * plays net, vault, monitor and record.
 */
#ifndef TESTS_ENGINE_TEST_H
#define TESTS_ENGINE_TEST_H

#include "aaa/engine.h"
#include "unit/aaa/aaa_test.h"

#define BENCH_QUEUE 64u

struct bench_msg {
	enum role_id to;
	unsigned int index;
	size_t n;
	uint8_t bytes[MSG_MAX_BYTES];
};

struct bench {
	struct engine *e;
	struct conf *conf;
	uint64_t seed;
	struct now now;
	enum engine_sent answer[N_ROLE]; /* what sending to a role gives */
	unsigned int first, n;
	struct bench_msg queue[BENCH_QUEUE];
	struct bench_msg taken; /* the bytes behind got */
	struct msg got;
	bool by_hand; /* LOOK, LEASE_KEEP and NOTICE are the test's own; else they are answered */
	char notices[2048];
	struct bench_msg decided; /* the newest DECIDED, which bench_take keeps to itself */
	char facts[8192];         /* all facts so far as text, one a line: "name|text" */
};

static inline enum engine_sent
bench_send(void *ctx, enum role_id to, unsigned int index, const struct msg *m)
{
	struct bench *b = ctx;
	struct bench_msg *q = &b->queue[(b->first + b->n) % BENCH_QUEUE];
	struct wr w = wr_over(q->bytes, sizeof(q->bytes));

	if (b->answer[to] != SENT_OK)
		return b->answer[to];
	assert_true(b->n < BENCH_QUEUE);
	assert_true(msg_write(&w, m));
	q->to = to;
	q->index = index;
	q->n = wr_len(&w);
	b->n++;
	return SENT_OK;
}

static inline void
bench_keep_facts(struct bench *b, struct view bytes)
{
	struct rd_fault fault;
	struct rd r = rd_over(bytes, &fault);
	struct fact f;
	char text[1024];

	while (rd_more(&r)) {
		size_t n = strlen(b->facts);
		assert_true(fact_read(&r, &f));
		assert_int_equal(f.witness, BY_AAA);
		snprintf(b->facts + n, sizeof(b->facts) - n, "%s|%s\n", fact_info(f.id)->name,
		    fact_text(&f, text, sizeof(text)));
	}
	assert_true(rd_done(&r));
}

static inline void
bench_give(struct bench *b, enum role_id from, unsigned int index, const struct msg *m)
{
	engine_message(b->e, from, index, m, &b->now);
}

/* The store takes every lease, and no pool is in an attached network. */
static inline bool
bench_answer(struct bench *b)
{
	struct msg m = { .id = MSG_NONE };
	size_t n = strlen(b->notices);

	if (b->by_hand)
		return false;
	switch ((unsigned int)b->got.id) {
	case MSG_LOOK:
		m.id = MSG_LOOKED;
		m.u.looked.seq = b->got.u.look.seq;
		m.u.looked.address = b->got.u.look.address;
		m.u.looked.result = LOOK_DETACHED;
		bench_give(b, ROLE_MONITOR, 0, &m);
		return true;
	case MSG_LEASE_KEEP:
		m.id = MSG_LEASE_KEPT;
		m.u.lease_kept.seq = b->got.u.lease_keep.seq;
		m.u.lease_kept.ok = true;
		if (m.u.lease_kept.seq)
			bench_give(b, ROLE_RECORD, 0, &m);
		return true;
	case MSG_NOTICE:
		snprintf(b->notices + n, sizeof(b->notices) - n, "%.*s\n",
		    (int)b->got.u.notice.text.n, (const char *)b->got.u.notice.text.p);
		return true;
	default:
		return false;
	}
}

/*
 * Takes the oldest message out, decoded into b->got; false when there is none. FACTS are kept, and
 * what bench_answer answers is not seen.
 */
static inline bool
bench_take(struct bench *b)
{
	struct rd_fault fault;

	while (b->n > 0) {
		b->taken = b->queue[b->first];
		b->first = (b->first + 1) % BENCH_QUEUE;
		b->n--;
		assert_true(msg_read(
		    view_of(b->taken.bytes, b->taken.n), ROLE_AAA, b->taken.to, &b->got, &fault));
		if (b->got.id == MSG_FACTS)
			bench_keep_facts(b, b->got.u.facts.facts);
		else if (b->got.id == MSG_DECIDED)
			b->decided = b->taken;
		else if (!bench_answer(b))
			return true;
	}
	return false;
}

/* What record was told last of a decision. */
static inline const struct msg_decided *
bench_decided(struct bench *b, struct msg *m)
{
	struct rd_fault fault;

	assert_true(b->decided.n > 0);
	assert_true(
	    msg_read(view_of(b->decided.bytes, b->decided.n), ROLE_AAA, ROLE_RECORD, m, &fault));
	return &m->u.decided;
}

/* The next message is this one, to this role. */
static inline const struct msg *
bench_expect(struct bench *b, enum msg_id id, enum role_id to, unsigned int index)
{
	assert_true(bench_take(b));
	assert_string_equal(msg_name(b->got.id), msg_name(id));
	assert_int_equal(b->taken.to, to);
	assert_int_equal(b->taken.index, index);
	return &b->got;
}

static inline void
bench_expect_nothing(struct bench *b)
{
	if (bench_take(b))
		fail_msg("a message %s was sent", msg_name(b->got.id));
}

static inline void
bench_account(struct bench *b, const struct msg_account *a)
{
	struct msg m = { .id = MSG_ACCOUNT };

	m.u.account = *a;
	bench_give(b, ROLE_RECORD, 0, &m);
}

static inline void
bench_configure(struct bench *b, const char *conf_text)
{
	char err[128];

	conf_free(b->conf);
	b->conf = test_conf(conf_text);
	assert_true(engine_configure(b->e, b->conf, err, sizeof(err)));
}

/* An engine with a configuration that has asked for its accounts. */
static inline struct bench *
bench_new(const char *conf_text)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->seed = 7;
	b->now = test_now(&b->seed);
	b->e = engine_new(bench_send, b, &b->now);
	assert_non_null(b->e);
	bench_configure(b, conf_text);
	engine_start(b->e, 0, &b->now);
	bench_expect(b, MSG_SYNC_ASK, ROLE_RECORD, 0);
	return b;
}

static inline void
bench_synced(struct bench *b)
{
	struct msg m = { .id = MSG_SYNC_DONE };

	bench_give(b, ROLE_RECORD, 0, &m);
}

static inline void
bench_free(struct bench *b)
{
	engine_free(b->e);
	conf_free(b->conf);
	free(b);
}

static inline struct attempt_id
bench_id(uint8_t number)
{
	return (struct attempt_id){ .b = { 1, 2, 3, [15] = number } };
}

/* A worker hands over a proof. */
static inline void
bench_auth(
    struct bench *b, uint8_t number, unsigned int worker, const char *name, enum auth_method method)
{
	struct msg m = { .id = MSG_AUTH_SECRET };
	struct auth_request *r = &m.u.auth.request;

	m.u.auth.attempt = bench_id(number);
	m.u.auth.seq = 100u + number;
	m.u.auth.peer = (struct endpoint){ ip_v4(0xc6336407), 40000 };
	r->method = method;
	r->tunnel = TUNNEL_SSTP;
	r->n_name = (uint16_t)strlen(name);
	memcpy(r->name, name, r->n_name);
	bench_give(b, ROLE_NET, worker, &m);
}

/* The vault is asked next, about this account; its answer. */
static inline void
bench_vault(struct bench *b, uint64_t account, enum check_result result)
{
	const struct msg *q = bench_expect(b, MSG_CHECK_SECRET, ROLE_VAULT, 0);
	struct msg m = { .id = MSG_CHECK_REPLY_SECRET };
	bool v2 = q->u.check.request.method == AUTH_MSCHAPV2 && result == CHECK_YES;

	assert_int_equal(q->u.check.account, account);
	m.u.check_reply.question = q->u.check.question;
	m.u.check_reply.result = (uint8_t)result;
	m.u.check_reply.success = view_str(v2 ? "S=0123456789ABCDEF0123456789ABCDEF01234567" : "");
	memset(m.u.check_reply.server_send, v2 ? 0x11 : 0, 16);
	memset(m.u.check_reply.server_recv, v2 ? 0x22 : 0, 16);
	bench_give(b, ROLE_VAULT, 0, &m);
}

/* The worker is answered next; the cause of the answer by its name. */
static inline const struct auth_answer *
bench_answered(struct bench *b, uint8_t number, unsigned int worker, const char *cause)
{
	const struct msg *m = bench_expect(b, MSG_AUTH_REPLY_SECRET, ROLE_NET, worker);
	struct attempt_id id = bench_id(number);

	assert_memory_equal(m->u.auth_reply.attempt.b, id.b, sizeof(id.b));
	assert_int_equal(m->u.auth_reply.seq, 100u + number);
	assert_cause(m->u.auth_reply.answer.cause, cause);
	assert_int_equal(m->u.auth_reply.answer.ok, strcmp(cause, "none") == 0);
	return &m->u.auth_reply.answer;
}

/* Everything up to an authenticated attempt. */
static inline void
bench_log_in(
    struct bench *b, uint8_t number, unsigned int worker, const char *name, uint64_t account)
{
	bench_auth(b, number, worker, name, AUTH_MSCHAPV2);
	bench_vault(b, account, CHECK_YES);
	bench_answered(b, number, worker, "none");
}

static inline void
bench_ask_lease(struct bench *b, uint8_t number, unsigned int worker, const char *wanted)
{
	struct msg m = { .id = MSG_LEASE };

	m.u.lease.attempt = bench_id(number);
	m.u.lease.seq = 200u + number;
	assert_true(!wanted[0] || ip_parse(view_str(wanted), &m.u.lease.wanted));
	bench_give(b, ROLE_NET, worker, &m);
}

/* Monitor is asked next for this route; its answer. */
static inline void
bench_plumb(struct bench *b, const char *address, unsigned int worker, bool add, const char *error)
{
	const struct msg *q = bench_expect(b, MSG_PLUMB, ROLE_MONITOR, 0);
	char text[ADDR_TEXT_MAX];
	struct msg m = { .id = MSG_PLUMB_DONE };

	assert_string_equal(ip_text(&q->u.plumb.address, text), address);
	assert_int_equal(q->u.plumb.worker, worker);
	assert_int_equal(q->u.plumb.add, add);
	m.u.plumb_done.seq = q->u.plumb.seq;
	m.u.plumb_done.ok = error[0] == 0;
	m.u.plumb_done.device = view_str("rras0");
	m.u.plumb_done.error = view_str(error);
	bench_give(b, ROLE_MONITOR, 0, &m);
}

/* The worker gets its lease next: the address, or the name of the cause. */
static inline const struct lease_answer *
bench_leased(struct bench *b, uint8_t number, unsigned int worker, const char *wanted)
{
	const struct msg *m = bench_expect(b, MSG_LEASE_REPLY, ROLE_NET, worker);
	const struct lease_answer *l = &m->u.lease_reply.lease;
	char text[ADDR_TEXT_MAX];

	assert_int_equal(m->u.lease_reply.seq, 200u + number);
	if (l->cause == CAUSE_NONE)
		assert_string_equal(ip_text(&l->remote, text), wanted);
	else
		assert_cause(l->cause, wanted);
	return l;
}

static inline void
bench_end(struct bench *b, uint8_t number, unsigned int worker)
{
	struct msg m = { .id = MSG_SESSION_END };

	m.u.session_end.attempt = bench_id(number);
	bench_give(b, ROLE_NET, worker, &m);
}

/* A fact of this name whose line has this text was recorded; forgets all facts so far. */
static inline void
bench_fact(struct bench *b, const char *name, const char *part)
{
	char *line = b->facts;
	size_t n = strlen(name);

	while (line && *line) {
		char *end = strchr(line, '\n');
		*end = 0;
		bool found = strncmp(line, name, n) == 0 && line[n] == '|' && strstr(line, part);
		*end = '\n';
		if (found)
			return;
		line = end + 1;
	}
	fail_msg("no fact %s with \"%s\" in:\n%s", name, part, b->facts);
}

#endif
