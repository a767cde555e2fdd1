/*
 * The control socket: accounts are changed whole or not at all (R93), with each failure by its
 * name; requests are bounded (U04); status, sessions and policy ask the other roles with an end.
 */
#include "record_helper.h"

#include <sqlite3.h>

static void
tell_session(struct fake *f, uint8_t n, const char *user)
{
	struct msg m = { .id = MSG_ATTEMPT,
		.u.attempt = { .attempt = { { 1, 2, 3, 4, 5, 6, 0x70, 0, 0, 0, 0, 0, 0, 0, 0, n } },
		    .tunnel = TUNNEL_SSTP,
		    .peer = { ip_v4(0xc6336401), 5000 },
		    .began_unix_us = loop_now(f->host.loop)->unix_us,
		    .stage = STAGE_UP,
		    .user = view_str(user),
		    .account = view_str(user),
		    .address = ip_v4(0x0a000000u + n) } };

	role_record.message(f->rec, ROLE_NET, 0, &m, -1);
}

static void
test_user_add(void **state)
{
	struct fake *f = *state;
	const char *r =
	    ask(f, "{\"cmd\":\"user "
		   "add\",\"name\":\"Alice\",\"password\":\"secret\",\"dialin\":\"allow\"}");

	assert_has(r, "\"ok\":true");
	assert_has(r, "\"normalised\":\"alice\"");
	assert_has(r, "\"reversible\":false");
	assert_null(strstr(r, "secret"));
	const struct sent *a = find_sent(f, ROLE_AAA, MSG_ACCOUNT);
	assert_non_null(a);
	assert_false(a->deleted);
	const struct sent *s = find_sent(f, ROLE_VAULT, MSG_SECRET);
	assert_non_null(s);
	assert_int_equal(s->kind, SECRET_NT_HASH);
	assert_true(s->account == a->account && !s->empty);

	r = ask(f, "{\"cmd\":\"user add\",\"name\":\"ALICE\",\"password\":\"x\"}");
	assert_has(r, "\"code\":\"exists\"");
	r = ask(f, "{\"cmd\":\"user list\"}");
	assert_has(r, "\"name\":\"Alice\"");
}

/* With the flag a second seal; a later password change keeps the copy in step, or drops it. */
static void
test_reversible(void **state)
{
	struct fake *f = *state;

	assert_has(ask(f, "{\"cmd\":\"user add\",\"name\":\"bob\",\"password\":\"p\","
			  "\"reversible\":true}"),
	    "\"reversible\":true");
	assert_has(ask(f, "{\"cmd\":\"user set\",\"name\":\"bob\",\"password\":\"q\"}"),
	    "\"reversible\":true");
	assert_has(ask(f, "{\"cmd\":\"user set\",\"name\":\"bob\",\"password\":\"r\","
			  "\"reversible\":false}"),
	    "\"reversible\":false");
	assert_has(ask(f, "{\"cmd\":\"user set\",\"name\":\"bob\",\"reversible\":true}"),
	    "needs the password");
}

/* Without the vault: named, and nothing is there afterwards. */
static void
test_vault_down(void **state)
{
	struct fake *f = *state;
	static const char add[] = "{\"cmd\":\"user add\",\"name\":\"carol\",\"password\":\"p\"}";

	f->has[ROLE_VAULT] = false;
	assert_has(ask(f, add), "\"code\":\"internal.vault-down\"");
	assert_has(ask(f, "{\"cmd\":\"user show\",\"name\":\"carol\"}"), "\"code\":\"not-found\"");
	f->has[ROLE_VAULT] = f->deaf[ROLE_VAULT] = true; /* silent: the wait has an end */
	assert_has(ask(f, add), "\"code\":\"internal.vault-down\"");
	assert_has(ask(f, "{\"cmd\":\"user show\",\"name\":\"carol\"}"), "\"code\":\"not-found\"");
	assert_null(find_sent(f, ROLE_AAA, MSG_ACCOUNT));
	f->deaf[ROLE_VAULT] = false;
	assert_has(ask(f, add), "\"ok\":true");
}

struct loss {
	struct fake *f;
	struct loop_timer *t;
};

static void
lose_vault(void *ctx)
{
	struct loss *l = ctx;

	if (!find_sent(l->f, ROLE_VAULT, MSG_SEAL_SECRET)) {
		loop_timer_at(l->t, loop_now(l->f->host.loop)->ms + 1);
		return;
	}
	role_record.peer_lost(l->f->rec, ROLE_VAULT, 0, "killed");
}

/* The vault dies with the question: the answer comes at once, not after the time. */
static void
test_vault_dies_meanwhile(void **state)
{
	struct fake *f = *state;
	struct loss l = { f, loop_timer_new(f->host.loop, lose_vault, &l) };

	f->deaf[ROLE_VAULT] = true;
	loop_timer_at(l.t, 0);
	assert_has(ask(f, "{\"cmd\":\"user add\",\"name\":\"carol\",\"password\":\"p\"}"),
	    "\"code\":\"internal.vault-down\"");
	loop_timer_free(l.t);
}

/* The store is locked: named, with the file; then it works again. */
static void
test_store_down(void **state)
{
	struct fake *f = *state;
	static const char add[] = "{\"cmd\":\"user add\",\"name\":\"dave\",\"password\":\"p\"}";
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->rec->accounts_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	const char *r = ask(f, add);
	assert_has(r, "\"code\":\"internal.store-down\"");
	assert_has(r, "accounts.db");
	assert_null(find_sent(f, ROLE_AAA, MSG_ACCOUNT));
	sqlite3_close(db);
	assert_has(ask(f, "{\"cmd\":\"user show\",\"name\":\"dave\"}"), "\"code\":\"not-found\"");
	assert_has(ask(f, add), "\"ok\":true");
}

static void
test_bad_accounts(void **state)
{
	struct fake *f = *state;

	/* U01: no empty password */
	assert_has(ask(f, "{\"cmd\":\"user add\",\"name\":\"e\",\"password\":\"\"}"), "empty");
	assert_has(ask(f, "{\"cmd\":\"user add\",\"name\":\"\",\"password\":\"p\"}"), "missing");
	assert_has(
	    ask(f, "{\"cmd\":\"user add\",\"name\":\"D\\\\u\",\"password\":\"p\"}"), "domain");
	/* B02: a name with an invisible character */
	assert_has(ask(f, "{\"cmd\":\"user add\",\"name\":\"a\\u200db\",\"password\":\"p\"}"),
	    "\"code\":\"usage\"");
	assert_has(
	    ask(f, "{\"cmd\":\"user add\",\"name\":\"e\",\"password\":\"refuse me\"}"), "too weak");
	assert_has(ask(f, "{\"cmd\":\"user add\",\"name\":\"e\",\"password\":\"p\","
			  "\"groups\":[\"nogroup\"]}"),
	    "there is no group");
	assert_has(ask(f, "{\"cmd\":\"user add\",\"name\":\"e\",\"password\":\"p\","
			  "\"address\":\"10.0.0\"}"),
	    "\"code\":\"usage\"");
	assert_has(ask(f, "{\"cmd\":\"user show\",\"name\":\"e\"}"), "\"code\":\"not-found\"");
}

static void
test_groups_and_delete(void **state)
{
	struct fake *f = *state;

	assert_has(ask(f, "{\"cmd\":\"group add\",\"group\":\"staff\"}"), "\"ok\":true");
	assert_has(ask(f, "{\"cmd\":\"group add\",\"group\":\"Staff\"}"), "\"code\":\"exists\"");
	assert_has(ask(f, "{\"cmd\":\"user add\",\"name\":\"eve\",\"groups\":[\"STAFF\"]}"),
	    "\"groups\":[\"staff\"]");
	assert_has(ask(f, "{\"cmd\":\"group list\"}"), "\"members\":1");
	forget(f);
	assert_has(ask(f, "{\"cmd\":\"group del\",\"group\":\"staff\"}"), "\"ok\":true");
	assert_non_null(find_sent(f, ROLE_AAA, MSG_ACCOUNT)); /* aaa hears of its members */
	forget(f);
	tell_session(f, 1, "eve");
	assert_has(ask(f, "{\"cmd\":\"user del\",\"name\":\"eve\"}"), "\"sessions_still_up\":1");
	assert_true(find_sent(f, ROLE_AAA, MSG_ACCOUNT)->deleted);
	assert_true(find_sent(f, ROLE_VAULT, MSG_SECRET)->empty);
}

/* Streaming at start: everything, then DONE; a full channel is waited for, nothing is lost. */
static void
test_sync(void **state)
{
	struct fake *f = *state;
	struct msg m = { .id = MSG_SYNC_ASK };
	unsigned int accounts = 0, done = 0;

	for (unsigned int i = 0; i < 5; i++) {
		char text[80];
		snprintf(text, sizeof(text),
		    "{\"cmd\":\"user add\",\"name\":\"u%u\",\"password\":\"p\"}", i);
		assert_has(ask(f, text), "\"ok\":true");
	}
	forget(f);
	f->full = 3;
	role_record.message(f->rec, ROLE_AAA, 0, &m, -1);
	assert_null(find_sent(f, ROLE_AAA, MSG_SYNC_DONE));
	while (!find_sent(f, ROLE_AAA, MSG_SYNC_DONE))
		assert_has(ask(f, "{\"cmd\":\"group list\"}"), "\"ok\":true"); /* turns the loop */
	for (size_t i = 0; i < f->n_sent; i++) {
		accounts += f->sent[i].id == MSG_ACCOUNT;
		done += f->sent[i].id == MSG_SYNC_DONE;
	}
	assert_int_equal(accounts, 5);
	assert_int_equal(done, 1);
	forget(f);
	role_record.message(f->rec, ROLE_VAULT, 0, &m, -1);
	assert_non_null(find_sent(f, ROLE_VAULT, MSG_SYNC_DONE));
	assert_non_null(find_sent(f, ROLE_VAULT, MSG_SECRET));
	/* A change that the channel does not take is sent later. */
	forget(f);
	f->full = 1;
	assert_has(
	    ask(f, "{\"cmd\":\"user set\",\"name\":\"u1\",\"enabled\":false}"), "\"ok\":true");
	while (!find_sent(f, ROLE_AAA, MSG_ACCOUNT))
		assert_has(ask(f, "{\"cmd\":\"group list\"}"), "\"ok\":true");
}

static void
test_sessions_and_disconnect(void **state)
{
	struct fake *f = *state;
	const char *r;

	tell_session(f, 1, "alice");
	tell_session(f, 2, "bob");
	struct msg c = { .id = MSG_COUNTERS,
		.u.counters = {
		    .attempt = { { 1, 2, 3, 4, 5, 6, 0x70, 0, 0, 0, 0, 0, 0, 0, 0, 1 } },
		    .in_bytes = 4711 } };
	role_record.message(f->rec, ROLE_NET, 0, &c, -1);
	r = ask(f, "{\"cmd\":\"sessions\"}");
	assert_has(r, "\"user\":\"alice\"");
	assert_has(r, "\"in_bytes\":4711");
	assert_has(r, "\"sessions\":2");
	assert_null(strstr(ask(f, "{\"cmd\":\"sessions\",\"user\":\"BOB\"}"), "alice"));
	assert_has(
	    ask(f, "{\"cmd\":\"disconnect\",\"address\":\"10.0.0.1\"}"), "\"disconnected\":1");
	assert_has(
	    ask(f, "{\"cmd\":\"disconnect\",\"user\":\"nobody\"}"), "\"code\":\"not-found\"");
	assert_has(ask(f, "{\"cmd\":\"disconnect\",\"id\":\"0102\"}"), "\"code\":\"ambiguous\"");
	assert_has(ask(f, "{\"cmd\":\"disconnect\",\"id\":\"01020304050670000000000000000002\"}"),
	    "\"disconnected\":1");
	assert_has(ask(f, "{\"cmd\":\"disconnect\"}"), "\"code\":\"usage\"");
	f->deaf[ROLE_NET] = true;
	assert_has(ask(f, "{\"cmd\":\"sessions\"}"), "\"workers_silent\":1");
}

static void
test_status_and_explain(void **state)
{
	struct fake *f = *state;
	static const char explain[] = "{\"cmd\":\"policy explain\",\"user\":\"alice\",\"tunnel\":"
				      "\"sstp\",\"method\":\"mschapv2\"}";
	const char *r = ask(f, "{\"cmd\":\"status\"}");

	assert_has(r, "\"role\":\"vault\"");
	assert_has(r, "[\"all is\",\"well\",");
	f->has[ROLE_AAA] = false;
	f->deaf[ROLE_VAULT] = true;
	r = ask(f, "{\"cmd\":\"status\"}");
	assert_has(r, "\"state\":\"absent\"");
	assert_has(r, "\"state\":\"silent\"");
	assert_has(ask(f, explain), "\"code\":\"internal.aaa-down\"");
	f->has[ROLE_AAA] = true;
	assert_has(ask(f, explain), "\"cause\":\"policy.none-matches\"");
	assert_has(ask(f, "{\"cmd\":\"policy explain\",\"user\":\"alice\"}"), "\"code\":\"usage\"");
	assert_has(ask(f, "{\"cmd\":\"ports\"}"), "\"used\":3,\"free\":125,\"refused\":2");
	f->has[ROLE_AAA] = false;
	assert_has(ask(f, "{\"cmd\":\"ports\"}"), "internal.aaa-down");
}

/* U04: depth, doubles, numbers beyond range, no object, rubbish, a line without end. */
static void
test_json_limits(void **state)
{
	struct fake *f = *state;
	char *huge = malloc(CTL_LINE_MAX + 100);

	assert_has(ask(f, "{\"cmd\":[[[[[[[[[[[[]]]]]]]]]]]]}"), "deeper");
	assert_has(ask(f, "{\"cmd\":\"status\",\"cmd\":\"ports\"}"), "not JSON");
	assert_has(ask(f, "{\"cmd\":99999999999999999999999}"), "not JSON");
	assert_has(ask(f, "{\"cmd\":1e999}"), "not JSON");
	assert_has(ask(f, "[1]"), "not a JSON object");
	assert_has(ask(f, "{\"cmd\":\"user add\",\"password\":\"hunter2\""), "not JSON");
	assert_null(strstr(f->reply, "hunter2"));
	assert_has(ask(f, "{\"cmd\":\"no such\"}"), "\"code\":\"usage\"");
	assert_has(ask(f, "{\"cmd\":\"a\\u0000b\"}"), "not JSON");
	assert_has(ask(f, "{\"cmd\":\"\xff\"}"), "not JSON");
	assert_has(ask(f, ""), "not JSON");
	memset(huge, '[', CTL_LINE_MAX + 100);
	assert_has(ask_view(f, view_of(huge, CTL_LINE_MAX - 1)), "deeper");
	assert_string_equal(ask_view(f, view_of(huge, CTL_LINE_MAX + 100)), "gone");
	free(huge);
	assert_has(ask(f, "{\"cmd\":\"ports\"}"), "\"ok\":true");
}

/* Clients that connect and say nothing take places, but only so many, and hold nobody up. */
static void
test_idle_clients(void **state)
{
	struct fake *f = *state;
	int fds[CTL_CLIENTS_MAX];

	for (unsigned int i = 0; i < CTL_CLIENTS_MAX - 1; i++) {
		fds[i] = sock_connect_unix(f->socket);
		assert_true(fds[i] >= 0);
		if (i % 4 == 3) /* the backlog is short: let them in */
			assert_has(ask(f, "{\"cmd\":\"ports\"}"), "\"ok\":true");
	}
	assert_has(ask(f, "{\"cmd\":\"ports\"}"), "\"ok\":true");
	for (unsigned int i = 0; i < CTL_CLIENTS_MAX - 1; i++)
		close(fds[i]);
	assert_has(ask(f, "{\"cmd\":\"ports\"}"), "\"ok\":true");
}

/* A client that leaves while its question waits: the question ends in order. */
static void
test_client_leaves(void **state)
{
	struct fake *f = *state;
	static const char add[] = "{\"cmd\":\"user add\",\"name\":\"late\",\"password\":\"p\"}\n";
	int fd = sock_connect_unix(f->socket);

	assert_int_equal(write(fd, add, sizeof(add) - 1), sizeof(add) - 1);
	close(fd);
	assert_has(ask(f, "{\"cmd\":\"ports\"}"), "\"ok\":true");
	while (!find_sent(f, ROLE_AAA, MSG_ACCOUNT))
		assert_has(ask(f, "{\"cmd\":\"ports\"}"), "\"ok\":true");
	assert_has(ask(f, "{\"cmd\":\"user show\",\"name\":\"late\"}"), "\"ok\":true");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, fake_setup, fake_teardown)
		T(test_user_add),
		T(test_reversible),
		T(test_vault_down),
		T(test_vault_dies_meanwhile),
		T(test_store_down),
		T(test_bad_accounts),
		T(test_groups_and_delete),
		T(test_sync),
		T(test_sessions_and_disconnect),
		T(test_status_and_explain),
		T(test_json_limits),
		T(test_idle_clients),
		T(test_client_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
