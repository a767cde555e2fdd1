/* The engine's frame: synchronisation with record, policy explain (R92), status (R52, R60). */
#include "unit/aaa/engine_test.h"

#define CONF                                                                                       \
	"pool p { range 10.0.0.1 - 10.0.0.3 }\n"                                                   \
	"policy Staff { group staff; access grant }\n"                                             \
	"policy Rest { access deny }\n"

static struct bench *
make(void)
{
	struct bench *b = bench_new(CONF);
	struct msg_account a = test_account(1, "Anna");

	a.groups = view_str("staff");
	bench_account(b, &a);
	bench_synced(b);
	return b;
}

/* Record dies and comes back: what is known stays in force; then it is asked for again. */
static void
test_record_back(void **state)
{
	struct bench *b = make();

	(void)state;
	assert_true(engine_deadline_ms(b->e) == NEVER_MS);
	engine_peer_lost(b->e, ROLE_RECORD, 0, "it ended", &b->now);
	b->answer[ROLE_RECORD] = SENT_NOBODY;
	bench_log_in(b, 1, 0, "anna", 1);
	b->now.ms += 1000;
	engine_tick(b->e, &b->now);
	assert_int_equal(engine_deadline_ms(b->e), b->now.ms + 1000);
	b->answer[ROLE_RECORD] = SENT_OK;
	engine_peer_back(b->e, ROLE_RECORD, 0, &b->now);
	bench_expect(b, MSG_SYNC_ASK, ROLE_RECORD, 0);
	engine_peer_back(b->e, ROLE_RECORD, 0, &b->now);
	bench_expect_nothing(b);
	bench_synced(b); /* and has no accounts any more */
	bench_auth(b, 2, 0, "anna", AUTH_MSCHAPV2);
	bench_vault(b, 0, CHECK_NO);
	bench_answered(b, 2, 0, "account.unknown");
	bench_free(b);
}

/* A record that does not answer the request for accounts is asked again. */
static void
test_record_silent(void **state)
{
	struct bench *b = bench_new(CONF);

	(void)state;
	b->now.ms += 5000;
	assert_int_equal(engine_deadline_ms(b->e), b->now.ms);
	engine_tick(b->e, &b->now);
	bench_expect(b, MSG_SYNC_ASK, ROLE_RECORD, 0);
	bench_synced(b);
	assert_true(engine_deadline_ms(b->e) == NEVER_MS);
	bench_free(b);
}

/* Facts that record does not take are counted; the answer goes out all the same. */
static void
test_facts_lost(void **state)
{
	struct bench *b = make();
	struct msg m = { .id = MSG_STATUS_ASK };

	(void)state;
	b->answer[ROLE_RECORD] = SENT_FULL;
	bench_log_in(b, 1, 0, "anna", 1);
	b->answer[ROLE_RECORD] = SENT_OK;
	bench_give(b, ROLE_RECORD, 0, &m);
	const struct view lines = bench_expect(b, MSG_STATUS, ROLE_RECORD, 0)->u.status.lines;
	assert_non_null(memmem(lines.p, lines.n, "facts_lost 2\n", 13));
	bench_free(b);
}

static const struct msg_explained *
explain(struct bench *b, const char *user, enum auth_method method)
{
	struct msg m = { .id = MSG_EXPLAIN };

	m.u.explain.seq = 5;
	m.u.explain.user = view_str(user);
	m.u.explain.tunnel = TUNNEL_SSTP;
	m.u.explain.method = (uint8_t)method;
	bench_give(b, ROLE_RECORD, 0, &m);
	const struct msg *r = bench_expect(b, MSG_EXPLAINED, ROLE_RECORD, 0);
	assert_int_equal(r->u.explained.seq, 5);
	return &r->u.explained;
}

/* R92: no connection is needed; the same function decides. */
static void
test_explain(void **state)
{
	struct bench *b = make();
	struct msg_account a = test_account(1, "Anna");
	const struct msg_explained *r = explain(b, "ANNA", AUTH_NONE);

	(void)state;
	assert_true(r->user_known);
	assert_true(view_eq(r->account, view_str("Anna")));
	assert_int_equal(r->decision.verdict, VERDICT_GRANT);
	assert_string_equal(r->decision.policy, "Staff");
	assert_cause(explain(b, "anna", AUTH_PAP)->decision.cause, "policy.method-not-allowed");

	r = explain(b, "nobody", AUTH_NONE);
	assert_false(r->user_known);
	assert_cause(r->decision.cause, "account.unknown");
	assert_int_equal(r->decision.verdict, VERDICT_DENY);
	assert_string_equal(r->decision.trace.steps[0].policy, "Staff");
	assert_cause(explain(b, "X\\anna", AUTH_NONE)->decision.cause, "account.unknown-domain");
	assert_cause(explain(b, "", AUTH_NONE)->decision.cause, "account.unknown");

	bench_account(b, &a);
	r = explain(b, "anna", AUTH_NONE);
	assert_cause(r->decision.cause, "policy.denies");
	assert_string_equal(r->decision.policy, "Rest");

	/* R92: as if she were in the group too; record is told what the policies were asked */
	struct msg q = { .id = MSG_EXPLAIN }, told;
	q.u.explain.seq = 6;
	q.u.explain.user = view_str("anna");
	q.u.explain.tunnel = TUNNEL_SSTP;
	q.u.explain.groups = view_str("others\nStaff");
	q.u.explain.at_unix_s = 1767600000;
	bench_give(b, ROLE_RECORD, 0, &q);
	r = &bench_expect(b, MSG_EXPLAINED, ROLE_RECORD, 0)->u.explained;
	assert_int_equal(r->decision.verdict, VERDICT_GRANT);
	const struct msg_decided *d = bench_decided(b, &told);
	assert_int_equal(d->seq, 6);
	assert_int_equal(d->at_unix_s, 1767600000);
	assert_true(view_eq(d->groups, view_str("others\nstaff")));
	assert_true(view_eq(d->user, view_str("anna")));
	assert_true(view_eq(d->policy, view_str("Staff")));
	assert_int_equal(d->verdict, VERDICT_GRANT);
	a.enabled = false;
	bench_account(b, &a);
	assert_cause(explain(b, "anna", AUTH_NONE)->decision.cause, "account.disabled");
	bench_configure(b, "server { remote-access no }");
	assert_cause(explain(b, "anna", AUTH_NONE)->decision.cause, "server.remote-access-off");
	bench_expect_nothing(b);
	bench_free(b);
}

static void
test_status(void **state)
{
	struct bench *b = make();
	struct msg m = { .id = MSG_STATUS_ASK };
	static const char want[] =
	    "synced yes\naccounts 1\npolicies 2\nsessions 1\nwaiting 0\n"
	    "facts_lost 0\nports pptp limit 0 used 0 refused 0\nports l2tp limit 0 used 0 refused "
	    "0\n"
	    "ports sstp limit 128 used 1 refused 0\nports ikev2 limit 0 used 0 refused 0\n"
	    "pool size 2 leased 1 conflicts 0 state ok name p ranges 10.0.0.1-10.0.0.3\n";

	(void)state;
	bench_log_in(b, 1, 0, "anna", 1);
	bench_ask_lease(b, 1, 0, "");
	bench_plumb(b, "10.0.0.2", 0, true, "");
	bench_leased(b, 1, 0, "10.0.0.2");
	m.u.status_ask.seq = 77;
	bench_give(b, ROLE_RECORD, 0, &m);
	const struct msg *r = bench_expect(b, MSG_STATUS, ROLE_RECORD, 0);
	assert_int_equal(r->u.status.seq, 77);
	if (!view_eq(r->u.status.lines, view_str(want)))
		fail_msg("%.*s", (int)r->u.status.lines.n, (const char *)r->u.status.lines.p);
	bench_free(b);
}

/* Messages that are not for aaa, or before there is a configuration, change nothing. */
static void
test_strangers(void **state)
{
	struct bench *b = make();
	struct msg m = { .id = MSG_GO };

	(void)state;
	bench_give(b, ROLE_MONITOR, 0, &m);
	engine_peer_lost(b->e, ROLE_NET, 9, "it ended", &b->now);
	engine_peer_lost(b->e, ROLE_VAULT, 0, "it ended", &b->now);
	engine_peer_lost(b->e, ROLE_MONITOR, 0, "it ended", &b->now);
	engine_peer_back(b->e, ROLE_NET, 0, &b->now);
	bench_end(b, 1, 0);
	bench_expect_nothing(b);
	bench_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_back),
		cmocka_unit_test(test_record_silent),
		cmocka_unit_test(test_facts_lost),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
