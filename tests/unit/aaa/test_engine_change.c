/*
 * The change of an expired password through the engine: vault, then record, then the answer; and
 * each way in which nothing is changed. R34, R36, B05.
 */
#include "unit/aaa/engine_test.h"

#define CONF                                                                                       \
	"authentication { methods mschapv2 pap; password-length 9 }\n"                             \
	"sstp { ports 1 }\n"                                                                       \
	"policy Closed { group closed; access deny }\n"                                            \
	"policy Staff { group staff; access grant; idle-timeout 5min }\n"

static struct bench *
make(const char *groups)
{
	struct bench *b = bench_new(CONF);
	struct msg_account a = test_account(1, "Anna");

	a.must_change = true;
	a.groups = view_str(groups);
	bench_account(b, &a);
	bench_synced(b);
	return b;
}

static void
ask(struct bench *b, uint8_t number, const char *name)
{
	struct msg m = { .id = MSG_AUTH_SECRET };
	struct auth_request *r = &m.u.auth.request;

	m.u.auth.attempt = bench_id(number);
	m.u.auth.seq = 100u + number;
	r->method = AUTH_MSCHAPV2;
	r->tunnel = TUNNEL_SSTP;
	r->n_name = (uint16_t)strlen(name);
	memcpy(r->name, name, r->n_name);
	r->change = true;
	memset(r->change_block, 0x3c, sizeof(r->change_block));
	bench_give(b, ROLE_NET, 0, &m);
}

/* The vault is asked for a change of this account; its answer. */
static void
vault(struct bench *b, uint64_t account, enum check_result result)
{
	const struct msg *q = &b->got;
	struct msg m = { .id = MSG_CHANGED_SECRET };
	bool yes = result == CHECK_YES;

	do
		assert_true(bench_take(b));
	while (q->id == MSG_SYNC_ASK); /* when record was away */
	assert_int_equal(q->id, MSG_CHANGE_SECRET);
	assert_int_equal(q->u.change.account, account);
	assert_int_equal(q->u.change.min_length, 9);
	assert_int_equal(q->u.change.request.change_block[515], 0x3c);
	m.u.changed.question = q->u.change.question;
	m.u.changed.result = (uint8_t)result;
	m.u.changed.success = view_str(yes ? "S=0123456789ABCDEF0123456789ABCDEF01234567" : "");
	m.u.changed.hash = view_str(yes ? "sealed hash" : "");
	m.u.changed.reversible = view_str("");
	memset(m.u.changed.server_send, yes ? 0x11 : 0, 16);
	memset(m.u.changed.server_recv, yes ? 0x22 : 0, 16);
	bench_give(b, ROLE_VAULT, 0, &m);
}

/* Record is asked to commit; returns the number of the question. */
static uint64_t
committing(struct bench *b)
{
	const struct msg *q = bench_expect(b, MSG_PASSWORD_SET, ROLE_RECORD, 0);

	assert_int_equal(q->u.password_set.account, 1);
	assert_true(view_eq(q->u.password_set.hash, view_str("sealed hash")));
	return q->u.password_set.question;
}

static void
committed(struct bench *b, uint64_t question, bool ok)
{
	struct msg m = { .id = MSG_PASSWORD_SET_DONE };

	m.u.password_set_done.question = question;
	m.u.password_set_done.ok = ok;
	m.u.password_set_done.error = view_str(ok ? "" : "accounts.db: full");
	bench_give(b, ROLE_RECORD, 0, &m);
}

static void
test_changed(void **state)
{
	struct bench *b = make("staff");
	const struct auth_answer *a;

	(void)state;
	bench_auth(b, 1, 0, "anna", AUTH_MSCHAPV2);
	bench_vault(b, 1, CHECK_YES);
	bench_answered(b, 1, 0, "account.password-must-change");
	ask(b, 1, "anna");
	vault(b, 1, CHECK_YES);
	uint64_t question = committing(b);
	bench_expect_nothing(b); /* the peer hears nothing before it is in the store */
	committed(b, question, true);
	a = bench_answered(b, 1, 0, "none");
	assert_true(a->has_keys);
	assert_int_equal(a->server_send_key[0], 0x11);
	assert_int_equal(a->server_recv_key[15], 0x22);
	assert_int_equal(a->profile.idle_timeout_s, 300);
	bench_fact(b, "aaa.password-change", "stored");
	bench_ask_lease(b, 1, 0, "");
	bench_expect(b, MSG_PLUMB, ROLE_MONITOR, 0);
	bench_free(b);
}

/* Each refusal comes before record is asked. */
static void
test_refused(void **state)
{
	static const struct {
		const char *groups, *name, *cause;
		enum check_result result;
		uint64_t account;
	} cases[] = {
		{ "staff", "anna", "account.wrong-password", CHECK_NO, 1 },
		{ "staff", "nobody", "account.unknown", CHECK_NO, 0 },
		{ "staff", "nobody", "account.unknown", CHECK_NEW_SHORT, 0 },
		{ "staff", "anna", "account.new-password-refused", CHECK_NEW_SHORT, 1 },
		{ "staff", "anna", "account.new-password-refused", CHECK_NEW_SAME, 1 },
		{ "staff", "anna", "account.new-password-refused", CHECK_NEW_BAD, 1 },
		{ "closed", "anna", "policy.denies", CHECK_YES, 1 },
		{ "staff\nadministrators", "anna", "account.administrator-password-expired",
		    CHECK_YES, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench *b = make(cases[i].groups);
		ask(b, 1, cases[i].name);
		vault(b, cases[i].account, cases[i].result);
		assert_false(bench_answered(b, 1, 0, cases[i].cause)->has_keys);
		bench_expect_nothing(b);
		bench_free(b);
	}
}

/* R34: record away, full, failing or silent: internal.store-down. */
static void
test_store_down(void **state)
{
	struct bench *b = make("staff");

	(void)state;
	ask(b, 1, "anna");
	vault(b, 1, CHECK_YES);
	committed(b, committing(b), false);
	bench_answered(b, 1, 0, "internal.store-down");
	bench_fact(b, "aaa.password-change", "accounts.db: full");
	bench_end(b, 1, 0);

	ask(b, 2, "anna");
	vault(b, 1, CHECK_YES);
	committing(b);
	engine_peer_lost(b->e, ROLE_RECORD, 0, "killed", &b->now);
	bench_answered(b, 2, 0, "internal.store-down");
	bench_end(b, 2, 0);

	ask(b, 3, "anna");
	vault(b, 1, CHECK_YES);
	uint64_t late = committing(b);
	b->now.ms += ENGINE_ANSWER_TIMEOUT_MS;
	engine_tick(b->e, &b->now);
	while (bench_take(b) && b->got.id != MSG_AUTH_REPLY_SECRET)
		; /* the accounts are asked for again */
	assert_cause(b->got.u.auth_reply.answer.cause, "internal.store-down");
	committed(b, late, true); /* too late: nobody is answered twice */
	bench_end(b, 3, 0);

	b->answer[ROLE_RECORD] = SENT_NOBODY;
	ask(b, 4, "anna");
	vault(b, 1, CHECK_YES);
	bench_answered(b, 4, 0, "internal.store-down");
	bench_end(b, 4, 0);
	b->answer[ROLE_VAULT] = SENT_NOBODY;
	ask(b, 5, "anna");
	bench_answered(b, 5, 0, "internal.vault-down");
	b->answer[ROLE_VAULT] = SENT_OK;
	ask(b, 6, "anna");
	bench_expect(b, MSG_CHANGE_SECRET, ROLE_VAULT, 0);
	engine_peer_lost(b->e, ROLE_VAULT, 0, "killed", &b->now);
	bench_answered(b, 6, 0, "internal.vault-down");
	bench_free(b);
}

/* No free port: told before anything is changed. */
static void
test_no_port(void **state)
{
	struct bench *b = make("staff");
	struct msg_account a = test_account(2, "ben");

	(void)state;
	a.groups = view_str("staff");
	bench_account(b, &a);
	bench_log_in(b, 1, 0, "ben", 2);
	ask(b, 2, "anna");
	vault(b, 1, CHECK_YES);
	bench_answered(b, 2, 0, "capacity.no-free-port");
	bench_expect_nothing(b);
	bench_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_store_down),
		cmocka_unit_test(test_no_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
