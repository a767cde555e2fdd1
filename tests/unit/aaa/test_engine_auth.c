/*
 * AUTHENTICATE and DECIDE through the engine: every cause of who it is (0x05), on what terms
 * (0x06), and of our own trouble on the way (0x07, 0x09). R32, R33, R40, R41, R43, R44, R52.
 */
#include "base/week.h"
#include "unit/aaa/engine_test.h"

#define CONF                                                                                       \
	"authentication { methods mschapv2 chap pap; domain CORP }\n"                              \
	"sstp { ports 2 }\n"                                                                       \
	"pool p { range 10.0.0.1 - 10.0.0.9; dns 192.0.2.53 }\n"                                   \
	"policy Strict { group strict; access grant; allow-methods mschapv2 }\n"                   \
	"policy Closed { group closed; access deny }\n"                                            \
	"policy Staff { group staff; access grant; idle-timeout 5min }\n"

static struct bench *
make(void)
{
	struct bench *b = bench_new(CONF);
	static const char *const names[] = { "anna", "bob", "carl", "dora", "j\xc3\xbcrgen" };

	for (uint64_t i = 0; i < 5; i++) {
		struct msg_account a = test_account(i + 1, names[i]);
		a.groups = view_str("staff");
		bench_account(b, &a);
	}
	bench_synced(b);
	return b;
}

/* Changes account 1 (anna), logs in with a right proof, and expects this cause. */
static void
expect_anna(const struct msg_account *a, enum auth_method method, const char *cause)
{
	struct bench *b = make();

	bench_account(b, a);
	bench_auth(b, 1, 0, "anna", method);
	bench_vault(b, 1, CHECK_YES);
	const struct auth_answer *answer = bench_answered(b, 1, 0, cause);
	assert_false(answer->may_retry);
	bench_expect_nothing(b);
	bench_free(b);
}

static void
test_granted(void **state)
{
	struct bench *b = make();
	char text[ADDR_TEXT_MAX];

	(void)state;
	bench_auth(b, 1, 3, "CORP\\Anna", AUTH_MSCHAPV2);
	bench_vault(b, 1, CHECK_YES);
	const struct auth_answer *a = bench_answered(b, 1, 3, "none");
	assert_string_equal(a->success, "S=0123456789ABCDEF0123456789ABCDEF01234567");
	assert_true(a->has_keys);
	assert_int_equal(a->server_send_key[15], 0x11);
	assert_int_equal(a->server_recv_key[0], 0x22);
	assert_string_equal(a->profile.pools[0], "p");
	assert_string_equal(ip_text(&a->profile.dns[0], text), "192.0.2.53");
	assert_int_equal(a->profile.idle_timeout_s, 300);
	assert_true(view_eq(b->got.u.auth_reply.policy, view_str("Staff")));
	assert_true(view_eq(b->got.u.auth_reply.account, view_str("anna")));
	bench_fact(b, "aaa.request", "mschapv2");
	bench_fact(b, "aaa.account", "is account anna (enabled)");
	bench_fact(b, "aaa.verified", "right");
	bench_fact(b, "aaa.policy-passed-over", "Strict");
	bench_fact(b, "aaa.policy-passed-over", "group wants closed, got staff");
	bench_fact(b, "aaa.policy-decided", "policy Staff decided: grant");
	bench_fact(b, "aaa.methods", "mschapv2 chap pap");
	bench_fact(b, "aaa.ports", "1 of 2");
	bench_free(b);
}

static void
test_pap_and_chap_have_no_keys(void **state)
{
	struct bench *b = make();

	(void)state;
	bench_auth(b, 1, 0, "anna", AUTH_PAP);
	bench_vault(b, 1, CHECK_YES);
	assert_false(bench_answered(b, 1, 0, "none")->has_keys);
	bench_auth(b, 2, 0, "anna", AUTH_CHAP);
	bench_vault(b, 1, CHECK_YES);
	assert_false(bench_answered(b, 2, 0, "none")->has_keys);
	bench_free(b);
}

/* R32, B03: on the wire a wrong password and an unknown user are alike; what is stored differs. */
static void
test_wrong_and_unknown(void **state)
{
	struct bench *b = make();

	(void)state;
	bench_auth(b, 1, 0, "anna", AUTH_MSCHAPV2);
	bench_vault(b, 1, CHECK_NO);
	struct auth_answer wrong = *bench_answered(b, 1, 0, "account.wrong-password");
	bench_fact(b, "aaa.verified", "wrong password");

	bench_auth(b, 2, 0, "nobody", AUTH_MSCHAPV2);
	bench_vault(b, 0, CHECK_NO);
	struct auth_answer unknown = *bench_answered(b, 2, 0, "account.unknown");
	bench_fact(b, "aaa.account", "(no such account)");

	bench_auth(b, 3, 0, "OTHER\\anna", AUTH_MSCHAPV2);
	bench_vault(b, 0, CHECK_NO);
	struct auth_answer domain = *bench_answered(b, 3, 0, "account.unknown-domain");
	bench_fact(b, "aaa.account", "(domain not ours)");

	const struct cause_info *x = cause_info(wrong.cause), *y = cause_info(unknown.cause);
	assert_int_equal(x->wire_number, y->wire_number);
	assert_int_equal(x->wire_number, cause_info(domain.cause)->wire_number);
	assert_true(wrong.may_retry && unknown.may_retry && domain.may_retry);
	assert_memory_equal(wrong.success, unknown.success, sizeof(wrong.success));
	bench_free(b);
}

/* Even a vault that says yes about nobody lets nobody in. */
static void
test_yes_about_nobody(void **state)
{
	struct bench *b = make();

	(void)state;
	bench_auth(b, 1, 0, "nobody", AUTH_MSCHAPV2);
	bench_vault(b, 0, CHECK_YES);
	bench_answered(b, 1, 0, "account.unknown");
	bench_free(b);
}

/* A wrong password, then the right one over the same link. */
static void
test_retry(void **state)
{
	struct bench *b = make();

	(void)state;
	bench_auth(b, 1, 0, "anna", AUTH_MSCHAPV2);
	bench_vault(b, 1, CHECK_NO);
	bench_answered(b, 1, 0, "account.wrong-password");
	bench_log_in(b, 1, 0, "anna", 1);
	bench_free(b);
}

/* R27: (b) a client that sends its code page to a server that expects UTF-8, and the reverse. */
static void
test_name_encoding(void **state)
{
	struct bench *b = make();

	(void)state;
	bench_auth(b, 1, 0, "j\xfcrgen", AUTH_MSCHAPV2);
	bench_vault(b, 0, CHECK_NO);
	bench_answered(b, 1, 0, "account.name-encoding");
	bench_fact(b, "aaa.account", "(not in the agreed encoding)");
	bench_log_in(b, 2, 0, "j\xc3\xbcrgen", 5);

	bench_free(b);
}

/* R27, R28: the server reads a code page, the client sends UTF-8 of a name that exists. */
static void
test_name_in_the_other_encoding(void **state)
{
	struct bench *b = make();

	(void)state;
	bench_configure(b, "authentication { identity-encoding ansi }\n"
			   "policy Staff { group staff; access grant }\n");
	bench_auth(b, 1, 0, "j\xc3\xbcrgen", AUTH_MSCHAPV2);
	bench_vault(b, 0, CHECK_NO);
	bench_answered(b, 1, 0, "account.name-encoding");
	bench_fact(b, "aaa.account", "(known only in the other encoding)");
	bench_log_in(b, 2, 0, "j\xfcrgen", 5);
	bench_free(b);
}

/* R33: told only to who has proved the password. */
static void
test_account_state(void **state)
{
	struct msg_account a = test_account(1, "anna");
	struct bench *b = make();

	(void)state;
	a.groups = view_str("staff");
	a.enabled = false;
	expect_anna(&a, AUTH_MSCHAPV2, "account.disabled");
	a.enabled = true;
	a.expires_unix_s = TEST_UNIX_S;
	expect_anna(&a, AUTH_MSCHAPV2, "account.expired");
	a.expires_unix_s = TEST_UNIX_S + 1;
	expect_anna(&a, AUTH_MSCHAPV2, "none");
	a.locked = true;
	expect_anna(&a, AUTH_MSCHAPV2, "account.locked");
	a.expires_unix_s = 1; /* the order of a domain controller: locked comes before expired */
	expect_anna(&a, AUTH_PAP, "account.locked");
	a.locked = false;

	a.enabled = false;
	bench_account(b, &a);
	bench_auth(b, 1, 0, "anna", AUTH_MSCHAPV2);
	bench_vault(b, 1, CHECK_NO);
	bench_answered(b, 1, 0, "account.wrong-password");
	bench_free(b);
}

/* R33 B05: logon hours are those of the server's local time. */
static void
test_logon_hours(void **state)
{
	unsigned int minute = week_minute(TEST_UNIX_S, 0);
	unsigned int h = minute % 1440 / 60;
	struct msg_account a = test_account(1, "anna");
	struct bench *b = make();
	char hours[40];

	(void)state;
	a.groups = view_str("staff");
	snprintf(hours, sizeof(hours), "%02u:00-%02u:59", h, h);
	a.hours = view_str(hours);
	bench_account(b, &a);
	bench_log_in(b, 1, 0, "anna", 1);
	b->now.utc_offset_s = 3600; /* the same moment, where it is an hour later */
	bench_auth(b, 2, 0, "anna", AUTH_MSCHAPV2);
	bench_vault(b, 1, CHECK_YES);
	bench_answered(b, 2, 0, "account.logon-hours");
	bench_fact(b, "aaa.logon-hours", hours);
	bench_free(b);
	a.hours = view_str("never");
	expect_anna(&a, AUTH_MSCHAPV2, "account.logon-hours");
	a.hours = view_str("always");
	expect_anna(&a, AUTH_MSCHAPV2, "none");
}

/* R33 R35 R36: the age of the password, its own date, the mark, and who is an administrator. */
static void
test_password_ends(void **state)
{
	static const char aged[] = "authentication { methods mschapv2 pap; password-age 1d\n"
				   "administrators Bosses }\n"
				   "policy Staff { group staff; access grant }\n";
	struct msg_account a = test_account(1, "anna");
	struct bench *b = make();

	(void)state;
	a.groups = view_str("staff");
	a.password_set_unix_s = TEST_UNIX_S - 86400;
	expect_anna(&a, AUTH_MSCHAPV2, "none"); /* passwords do not age unless told to */
	a.password_expires_unix_s = TEST_UNIX_S;
	expect_anna(&a, AUTH_PAP, "account.password-expired");
	a.password_expires_unix_s = TEST_UNIX_S + 1;
	expect_anna(&a, AUTH_PAP, "none");
	a.must_change = true;
	expect_anna(&a, AUTH_PAP, "account.password-must-change");
	a.must_change = false;

	bench_configure(b, aged);
	bench_account(b, &a);
	bench_auth(b, 1, 0, "anna", AUTH_PAP);
	bench_vault(b, 1, CHECK_YES);
	bench_answered(b, 1, 0, "account.password-expired");
	bench_fact(b, "aaa.password-end", "(by password-age of the configuration)");
	a.password_set_unix_s++;
	bench_account(b, &a);
	bench_log_in(b, 2, 0, "anna", 1);
	a.groups = view_str("staff\nbosses");
	a.must_change = true;
	bench_account(b, &a);
	bench_auth(b, 3, 0, "anna", AUTH_MSCHAPV2);
	bench_vault(b, 1, CHECK_YES);
	bench_answered(b, 3, 0, "account.administrator-password-expired");
	bench_free(b);
}

/* The account's routes reach the session beside those of the policy. */
static void
test_routes_of_the_account(void **state)
{
	struct msg_account a = test_account(1, "anna");
	struct bench *b = make();
	const struct auth_answer *answer;

	(void)state;
	a.groups = view_str("staff");
	a.routes = view_str("192.0.2.0/25 198.51.100.0/24");
	bench_account(b, &a);
	bench_auth(b, 1, 0, "anna", AUTH_MSCHAPV2);
	bench_vault(b, 1, CHECK_YES);
	answer = bench_answered(b, 1, 0, "none");
	assert_int_equal(answer->profile.n_framed, 2);
	assert_int_equal(answer->profile.framed[0].len, 25);
	assert_int_equal(ip_v4_u32(&answer->profile.framed[1].addr), 0xc6336400);
	bench_free(b);
}

/* R37 B03 B04: locked out, the right password and a wrong one get the same; others get in. */
static void
test_lockout(void **state)
{
	struct bench *b = make();
	struct msg m = { .id = MSG_UNLOCK };

	(void)state;
	bench_configure(b, "authentication { methods mschapv2; lockout-denials 2 }\n"
			   "policy Staff { group staff; access grant }\n");
	struct msg_account a = test_account(1, "anna"), other = test_account(2, "ben");
	a.groups = other.groups = view_str("staff");
	bench_account(b, &a);
	bench_account(b, &other);
	for (uint8_t i = 1; i <= 4; i++) {
		bench_auth(b, i, 0, i & 1 ? "anna" : "nobody", AUTH_MSCHAPV2);
		bench_vault(b, i & 1, CHECK_NO);
		bench_answered(b, i, 0, i & 1 ? "account.wrong-password" : "account.unknown");
	}
	bench_auth(b, 5, 0, "anna", AUTH_MSCHAPV2);
	bench_vault(b, 1, CHECK_YES);
	const struct auth_answer *answer = bench_answered(b, 5, 0, "account.locked-out");
	assert_true(answer->may_retry && !answer->has_keys); /* as for a wrong password */
	bench_fact(b, "aaa.lockout", "of anna from 198.51.100.0/24: 2 failed log-ins of 2");
	bench_fact(b, "aaa.verified", "right");
	bench_auth(b, 6, 0, "nobody", AUTH_MSCHAPV2); /* B03: whether the account is there or not */
	bench_vault(b, 0, CHECK_NO);
	bench_answered(b, 6, 0, "account.locked-out");
	bench_log_in(b, 7, 0, "ben", 2);
	b->now.ms += 1000; /* the store is told, of both together */
	engine_tick(b->e, &b->now);
	assert_int_equal(bench_expect(b, MSG_LOCKOUT, ROLE_RECORD, 0)->u.lockout.denials, 2);
	bench_expect(b, MSG_LOCKOUT, ROLE_RECORD, 0);
	bench_expect_nothing(b);
	m.u.unlock.name = view_str("anna");
	bench_give(b, ROLE_RECORD, 0, &m);
	bench_log_in(b, 8, 0, "anna", 1);
	bench_free(b);
}

static void
test_no_secret(void **state)
{
	struct bench *b = make();
	struct msg_account a = test_account(2, "bob");

	(void)state;
	bench_auth(b, 1, 0, "anna", AUTH_CHAP);
	bench_vault(b, 1, CHECK_NO_SECRET);
	bench_answered(b, 1, 0, "account.no-reversible-password");
	a.has_password = false;
	bench_account(b, &a);
	bench_auth(b, 2, 0, "bob", AUTH_CHAP);
	bench_vault(b, 2, CHECK_NO_SECRET);
	bench_answered(b, 2, 0, "account.no-password");
	bench_auth(b, 3, 0, "bob", AUTH_MSCHAPV2);
	bench_vault(b, 2, CHECK_NO_SECRET);
	bench_answered(b, 3, 0, "account.no-password");
	bench_free(b);
}

/* R43, R44: what the policy says reaches the answer with the name of the policy. */
static void
test_policy_causes(void **state)
{
	struct msg_account a = test_account(1, "anna");

	(void)state;
	expect_anna(&a, AUTH_MSCHAPV2, "policy.none-matches");
	a.groups = view_str("closed");
	expect_anna(&a, AUTH_MSCHAPV2, "policy.denies");
	a.groups = view_str("strict");
	expect_anna(&a, AUTH_CHAP, "policy.method-not-allowed");
	a.groups = view_str("staff");
	a.dialin = DIALIN_DENY;
	expect_anna(&a, AUTH_MSCHAPV2, "policy.account-denies");
	a.dialin = DIALIN_BY_POLICY;
	a.caller_id = view_str("203.0.113.1");
	expect_anna(&a, AUTH_MSCHAPV2, "policy.wrong-calling-station");
	a.caller_id = view_str("198.51.100.7");
	expect_anna(&a, AUTH_MSCHAPV2, "none");
}

static void
test_rejecting_policy_is_named(void **state)
{
	struct bench *b = make();
	struct msg_account a = test_account(1, "anna");

	(void)state;
	a.groups = view_str("closed");
	bench_account(b, &a);
	bench_auth(b, 1, 0, "anna", AUTH_MSCHAPV2);
	bench_vault(b, 1, CHECK_YES);
	bench_answered(b, 1, 0, "policy.denies");
	assert_true(view_eq(b->got.u.auth_reply.policy, view_str("Closed")));
	bench_fact(b, "aaa.policy-decided", "policy Closed decided: deny");
	bench_free(b);
}

/* A method that the vault cannot test is refused, whatever net let pass. */
static void
test_unsupported_method(void **state)
{
	struct bench *b = make();

	(void)state;
	bench_auth(b, 1, 0, "anna", AUTH_EAP);
	bench_vault(b, 1, CHECK_UNSUPPORTED);
	assert_false(bench_answered(b, 1, 0, "policy.method-not-allowed")->may_retry);
	bench_free(b);
}

/* R40: switched off is said before anybody is asked. */
static void
test_server_switches(void **state)
{
	struct bench *b = make();

	(void)state;
	bench_configure(b, "server { remote-access no }");
	bench_auth(b, 1, 0, "anna", AUTH_MSCHAPV2);
	bench_answered(b, 1, 0, "server.remote-access-off");
	bench_configure(b, "sstp { enabled no }");
	bench_auth(b, 2, 0, "anna", AUTH_MSCHAPV2);
	bench_answered(b, 2, 0, "server.tunnel-type-off");
	bench_expect_nothing(b);
	bench_free(b);
}

/* R52: all ports of the type in use; one that is given back, or a raised limit, helps at once. */
static void
test_no_free_port(void **state)
{
	struct bench *b = make();

	(void)state;
	bench_log_in(b, 1, 0, "anna", 1);
	bench_log_in(b, 2, 1, "bob", 2);
	bench_auth(b, 3, 0, "carl", AUTH_MSCHAPV2);
	bench_vault(b, 3, CHECK_YES);
	assert_false(bench_answered(b, 3, 0, "capacity.no-free-port")->may_retry);
	bench_fact(b, "aaa.ports", "ports of sstp: 2 of 2 in use");
	bench_end(b, 1, 0);
	bench_log_in(b, 3, 0, "carl", 3);
	bench_auth(b, 4, 0, "dora", AUTH_MSCHAPV2);
	bench_vault(b, 4, CHECK_YES);
	bench_answered(b, 4, 0, "capacity.no-free-port");
	bench_configure(b, "sstp { ports 3 }\npolicy Staff { access grant }");
	bench_log_in(b, 4, 0, "dora", 4);
	bench_free(b);
}

/* An attempt that proves itself again keeps its one port. */
static void
test_one_port_each(void **state)
{
	struct bench *b = make();

	(void)state;
	bench_log_in(b, 1, 0, "anna", 1);
	bench_log_in(b, 1, 0, "anna", 1);
	bench_log_in(b, 2, 0, "bob", 2);
	bench_free(b);
}

static void
test_store_down(void **state)
{
	struct bench *b = bench_new(CONF);

	(void)state;
	bench_auth(b, 1, 0, "anna", AUTH_MSCHAPV2);
	bench_answered(b, 1, 0, "internal.store-down");
	bench_synced(b);
	bench_auth(b, 2, 0, "anna", AUTH_MSCHAPV2);
	bench_vault(b, 0, CHECK_NO);
	bench_answered(b, 2, 0, "account.unknown");
	bench_free(b);
}

static void
test_vault_down(void **state)
{
	struct bench *b = make();

	(void)state;
	b->answer[ROLE_VAULT] = SENT_NOBODY;
	bench_auth(b, 1, 0, "anna", AUTH_MSCHAPV2);
	bench_answered(b, 1, 0, "internal.vault-down");
	b->answer[ROLE_VAULT] = SENT_FULL;
	bench_auth(b, 2, 0, "anna", AUTH_MSCHAPV2);
	bench_answered(b, 2, 0, "resource.ipc-backlog");
	b->answer[ROLE_VAULT] = SENT_OK;

	bench_auth(b, 3, 0, "anna", AUTH_MSCHAPV2); /* it dies over the question */
	bench_expect(b, MSG_CHECK_SECRET, ROLE_VAULT, 0);
	engine_peer_lost(b->e, ROLE_VAULT, 0, "it ended", &b->now);
	bench_answered(b, 3, 0, "internal.vault-down");
	bench_fact(b, "internal.role-lost", "vault");
	bench_free(b);
}

/* A vault that is silent for ten seconds counts as gone; what it says later means nothing. */
static void
test_vault_silent(void **state)
{
	struct bench *b = make();
	struct msg late = { .id = MSG_CHECK_REPLY_SECRET };

	(void)state;
	bench_auth(b, 1, 0, "anna", AUTH_MSCHAPV2);
	late.u.check_reply.question =
	    bench_expect(b, MSG_CHECK_SECRET, ROLE_VAULT, 0)->u.check.question;
	late.u.check_reply.result = CHECK_YES;
	assert_int_equal(engine_deadline_ms(b->e), b->now.ms + 10000);
	b->now.ms += 9999;
	engine_tick(b->e, &b->now);
	bench_expect_nothing(b);
	b->now.ms += 1;
	engine_tick(b->e, &b->now);
	bench_answered(b, 1, 0, "internal.vault-down");
	bench_fact(b, "internal.no-answer", "10000 ms");
	assert_true(engine_deadline_ms(b->e) == NEVER_MS);
	bench_give(b, ROLE_VAULT, 0, &late);
	bench_expect_nothing(b);
	bench_free(b);
}

/* The attempt ends while the vault thinks: its answer opens nothing and claims nothing. */
static void
test_ended_while_asked(void **state)
{
	struct bench *b = make();

	(void)state;
	bench_auth(b, 1, 0, "anna", AUTH_MSCHAPV2);
	bench_end(b, 1, 7); /* another worker's word does not count */
	bench_vault(b, 1, CHECK_YES);
	bench_answered(b, 1, 0, "none");
	bench_auth(b, 2, 0, "anna", AUTH_MSCHAPV2);
	bench_end(b, 2, 0);
	bench_vault(b, 1, CHECK_YES);
	bench_expect_nothing(b);
	bench_log_in(b, 3, 0, "bob", 2); /* the second of two ports is free */
	bench_free(b);
}

/* The account is deleted while the vault thinks. */
static void
test_deleted_while_asked(void **state)
{
	struct bench *b = make();
	struct msg_account gone = { .account = 1, .deleted = true };

	(void)state;
	bench_auth(b, 1, 0, "anna", AUTH_MSCHAPV2);
	bench_account(b, &gone);
	bench_vault(b, 1, CHECK_YES);
	bench_answered(b, 1, 0, "account.unknown");
	bench_free(b);
}

/* Questions are bounded: the one too many is refused by name, the others go on. */
static void
test_backlog(void **state)
{
	struct bench *b = make();
	struct msg m = { .id = MSG_AUTH_SECRET };

	(void)state;
	m.u.auth.request.method = AUTH_MSCHAPV2;
	m.u.auth.request.tunnel = TUNNEL_SSTP;
	m.u.auth.request.n_name = 4;
	memcpy(m.u.auth.request.name, "anna", 4);
	for (uint32_t i = 0; i < ENGINE_WAITING_MAX; i++) {
		memcpy(m.u.auth.attempt.b, &i, sizeof(i));
		bench_give(b, ROLE_NET, 0, &m);
		bench_expect(b, MSG_CHECK_SECRET, ROLE_VAULT, 0);
	}
	bench_auth(b, 1, 0, "anna", AUTH_MSCHAPV2);
	bench_answered(b, 1, 0, "resource.ipc-backlog");
	b->now.ms += ENGINE_ANSWER_TIMEOUT_MS;
	b->answer[ROLE_RECORD] = SENT_FULL;
	b->answer[ROLE_NET] = SENT_FULL; /* not even answers are taken: nothing piles up */
	engine_tick(b->e, &b->now);
	b->answer[ROLE_RECORD] = b->answer[ROLE_NET] = SENT_OK;
	bench_expect_nothing(b);
	bench_log_in(b, 2, 0, "anna", 1);
	bench_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_granted),
		cmocka_unit_test(test_pap_and_chap_have_no_keys),
		cmocka_unit_test(test_wrong_and_unknown),
		cmocka_unit_test(test_yes_about_nobody),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_name_encoding),
		cmocka_unit_test(test_name_in_the_other_encoding),
		cmocka_unit_test(test_account_state),
		cmocka_unit_test(test_logon_hours),
		cmocka_unit_test(test_lockout),
		cmocka_unit_test(test_password_ends),
		cmocka_unit_test(test_routes_of_the_account),
		cmocka_unit_test(test_no_secret),
		cmocka_unit_test(test_policy_causes),
		cmocka_unit_test(test_rejecting_policy_is_named),
		cmocka_unit_test(test_unsupported_method),
		cmocka_unit_test(test_server_switches),
		cmocka_unit_test(test_no_free_port),
		cmocka_unit_test(test_one_port_each),
		cmocka_unit_test(test_store_down),
		cmocka_unit_test(test_vault_down),
		cmocka_unit_test(test_vault_silent),
		cmocka_unit_test(test_ended_while_asked),
		cmocka_unit_test(test_deleted_while_asked),
		cmocka_unit_test(test_backlog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
