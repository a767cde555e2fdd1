/*
 * LEASE, PLUMB and the end of sessions through the engine: R51, R59, R60, N04; lost workers, a
 * monitor that fails, is silent or takes nothing, and an aaa that was started anew.
 */
#include "unit/aaa/engine_test.h"

#define CONF                                                                                       \
	"dns 192.0.2.1\n"                                                                          \
	"pool p { range 10.0.0.1 - 10.0.0.3 }\n"                                                   \
	"pool q { range 10.1.0.1 - 10.1.0.5; dns 192.0.2.2 }\n"                                    \
	"policy Q { group q; access grant; pool q }\n"                                             \
	"policy All { access grant }\n"

static struct bench *
make(const char *conf_text)
{
	struct bench *b = bench_new(conf_text);
	struct msg_account fixed = test_account(9, "fixed"), q = test_account(8, "queen");

	for (uint64_t i = 1; i <= 5; i++) {
		char name[8];
		snprintf(name, sizeof(name), "u%u", (unsigned int)i);
		struct msg_account a = test_account(i, name);
		bench_account(b, &a);
	}
	fixed.address = ip_v4(0xc0000263); /* 192.0.2.99 */
	bench_account(b, &fixed);
	q.groups = view_str("q");
	bench_account(b, &q);
	bench_synced(b);
	return b;
}

/* Logs in and gets an address. */
static void
connect_user(struct bench *b, uint8_t number, unsigned int worker, const char *name,
    uint64_t account, const char *address)
{
	bench_log_in(b, number, worker, name, account);
	bench_ask_lease(b, number, worker, "");
	bench_plumb(b, address, worker, true, "");
	bench_leased(b, number, worker, address);
}

static void
test_leased(void **state)
{
	struct bench *b = make(CONF);
	char text[ADDR_TEXT_MAX];

	(void)state;
	bench_log_in(b, 1, 4, "u1", 1);
	bench_ask_lease(b, 1, 4, "10.0.0.3");
	bench_plumb(b, "10.0.0.3", 4, true, "");
	const struct lease_answer *l = bench_leased(b, 1, 4, "10.0.0.3");
	assert_string_equal(ip_text(&l->local, text), "10.0.0.1");
	assert_string_equal(ip_text(&l->dns[0], text), "192.0.2.1");
	bench_fact(b, "aaa.leased", "10.0.0.3 from pool p (1 of 2 used)");
	bench_fact(b, "monitor.plumbed", "rras0");
	bench_ask_lease(b, 1, 4, ""); /* asked again: the same lease, no second route */
	bench_leased(b, 1, 4, "10.0.0.3");
	bench_end(b, 1, 4);
	bench_plumb(b, "10.0.0.3", 4, false, "");
	bench_expect_nothing(b);

	connect_user(b, 2, 0, "queen", 8, "10.1.0.1");
	bench_ask_lease(b, 2, 0, "");
	l = bench_leased(b, 2, 0, "10.1.0.1");
	assert_string_equal(ip_text(&l->dns[0], text), "192.0.2.2");
	bench_free(b);
}

/* R94: the networks behind the client go to monitor with its address, of IPv6 when it has that. */
static void
test_networks_behind_the_client(void **state)
{
	struct bench *b = make(CONF);
	struct msg_account a = test_account(7, "branch");
	const struct msg *m;

	(void)state;
	a.routes = view_str("192.168.7.0/24 2001:db8:7::/48 192.168.9.128/25");
	bench_account(b, &a);
	bench_log_in(b, 1, 0, "branch", 7);
	bench_ask_lease(b, 1, 0, "");
	m = bench_expect(b, MSG_PLUMB, ROLE_MONITOR, 0);
	assert_true(view_eq(m->u.plumb.routes, view_str("192.168.7.0/24 192.168.9.128/25")));
	struct msg done = { .id = MSG_PLUMB_DONE,
		.u.plumb_done = {
		    .seq = m->u.plumb.seq, .ok = true, .device = view_str("rras0") } };
	bench_give(b, ROLE_MONITOR, 0, &done);
	bench_leased(b, 1, 0, "10.0.0.2");
	bench_fact(b, "monitor.framed", "192.168.7.0/24 192.168.9.128/25");
	bench_end(b, 1, 0);
	m = bench_expect(b, MSG_PLUMB, ROLE_MONITOR, 0);
	assert_false(m->u.plumb.add);
	bench_free(b);
}

/* One LEASE is answered, with the route to the prefix asked of monitor; the prefix as text. */
static const char *
lease6(struct bench *b, uint8_t number, const char *name, uint64_t account)
{
	static char text[ADDR_TEXT_MAX];
	struct ip_addr prefix;

	bench_log_in(b, number, 0, name, account);
	bench_ask_lease(b, number, 0, "");
	const struct msg *m = bench_expect(b, MSG_PLUMB, ROLE_MONITOR, 0);
	struct msg done = { .id = MSG_PLUMB_DONE,
		.u.plumb_done = {
		    .seq = m->u.plumb.seq, .ok = true, .device = view_str("rras0") } };
	assert_true(m->u.plumb.add);
	prefix = m->u.plumb.prefix6;
	bench_give(b, ROLE_MONITOR, 0, &done);
	m = bench_expect(b, MSG_LEASE_REPLY, ROLE_NET, 0);
	assert_int_equal(m->u.lease_reply.lease.cause, CAUSE_NONE);
	assert_true(ip_equal(&m->u.lease_reply.lease.prefix6, &prefix));
	return ip_text(&prefix, text);
}

#define CONF6                                                                                      \
	"dns6 2001:db8::35\n"                                                                      \
	"pool p { range 10.0.0.1 - 10.0.0.9; prefix6 2001:db8:1::/62 }\n"                          \
	"policy All { access grant }\n"

/* A session gets an address and a prefix of its own; without prefixes it gets the address. */
static void
test_prefixes(void **state)
{
	struct bench *b = make(CONF6);

	(void)state;
	assert_string_equal(lease6(b, 1, "u1", 1), "2001:db8:1:2::");
	bench_fact(b, "aaa.leased6", "2001:db8:1:2::/64 from pool p (1 of 3 used)");
	assert_string_equal(lease6(b, 2, "u2", 2), "2001:db8:1:3::");
	assert_string_equal(lease6(b, 3, "u1", 1), "2001:db8:1:1::"); /* its own is taken */
	assert_string_equal(lease6(b, 4, "u4", 4), "-");
	bench_fact(
	    b, "aaa.pool6-full", "pool p (2001:db8:1::/62) has all its 3 prefixes leased: 3");
	bench_end(b, 1, 0);
	const struct msg *m = bench_expect(b, MSG_PLUMB, ROLE_MONITOR, 0);
	assert_false(m->u.plumb.add);
	assert_false(ip_is_none(&m->u.plumb.prefix6));
	assert_string_equal(lease6(b, 5, "u1", 1), "2001:db8:1:2::"); /* the same as before */
	bench_free(b);
}

/* R51: IPv6 alone; R60 for it. */
static void
test_ipv6_only(void **state)
{
	struct bench *b = make("server { ipv4 no }\npool p { prefix6 2001:db8:1::/63 }\n"
			       "policy All { access grant }\n");

	(void)state;
	assert_string_equal(lease6(b, 1, "u1", 1), "2001:db8:1:1::");
	bench_log_in(b, 2, 0, "u2", 2);
	bench_ask_lease(b, 2, 0, "");
	bench_leased(b, 2, 0, "address.prefixes-exhausted");
	bench_configure(b, "server { ipv4 no; ipv6 no }\npool p { prefix6 2001:db8:1::/63 }\n"
			   "policy All { access grant }\n");
	bench_ask_lease(b, 2, 0, "");
	bench_leased(b, 2, 0, "server.ip-off");
	bench_free(b);
}

/* R60: exhausted, with the pool, its ranges, its size and the leases on record. */
static void
test_exhausted(void **state)
{
	struct bench *b = make(CONF);

	(void)state;
	connect_user(b, 1, 0, "u1", 1, "10.0.0.2");
	connect_user(b, 2, 0, "u2", 2, "10.0.0.3");
	bench_log_in(b, 3, 0, "u3", 3);
	bench_ask_lease(b, 3, 0, "");
	bench_leased(b, 3, 0, "address.pool-exhausted");
	bench_fact(
	    b, "aaa.pool-full", "pool p (10.0.0.1-10.0.0.3) has all its 2 addresses leased: 2");
	bench_end(b, 1, 0);
	bench_plumb(b, "10.0.0.2", 0, false, "");
	bench_ask_lease(b, 3, 0, "");
	bench_plumb(b, "10.0.0.2", 0, true, "");
	bench_leased(b, 3, 0, "10.0.0.2");
	bench_free(b);
}

/* R60: the policy's pools in order; only when the last one is full is there no address. */
static void
test_pools_in_order(void **state)
{
	static const char conf[] = "pool a { range 10.0.0.1 - 10.0.0.2 }\n"
				   "pool b { range 10.1.0.1 - 10.1.0.1 }\n"
				   "policy all { access grant; pool a b }\n";
	struct bench *b = make(conf);

	(void)state;
	connect_user(b, 1, 0, "u1", 1, "10.0.0.2");
	connect_user(b, 2, 0, "u2", 2, "10.1.0.1");
	bench_log_in(b, 3, 0, "u3", 3);
	bench_ask_lease(b, 3, 0, "");
	bench_leased(b, 3, 0, "address.pool-exhausted");
	bench_fact(b, "aaa.pool-full", "pool a (10.0.0.1-10.0.0.2) has all its 1 addresses");
	bench_fact(b, "aaa.pool-full", "pool b (10.1.0.1-10.1.0.1) has all its 1 addresses");
	bench_free(b);
}

/* An account's own address, kept from others and given though it lies in no pool. */
static void
test_fixed(void **state)
{
	struct bench *b = make(CONF);
	struct msg_account a = test_account(1, "u1");

	(void)state;
	connect_user(b, 1, 0, "fixed", 9, "192.0.2.99");
	bench_fact(b, "aaa.leased", "the account's own");
	a.address = ip_v4(0x0a000002); /* the pool's next */
	bench_account(b, &a);
	connect_user(b, 2, 0, "u2", 2, "10.0.0.3");
	connect_user(b, 3, 0, "u1", 1, "10.0.0.2");
	bench_free(b);
}

/* "Ignore dial-in properties" covers the account's own address as well. */
static void
test_fixed_ignored(void **state)
{
	struct bench *b = make("pool p { range 10.0.0.1 - 10.0.0.3 }\n"
			       "policy All { access grant; ignore-dial-in yes }\n");

	(void)state;
	connect_user(b, 1, 0, "fixed", 9, "10.0.0.2");
	bench_free(b);
}

static void
test_no_pool(void **state)
{
	struct bench *b = make(CONF);
	struct conf none = { .remote_access = true,
		.ipv4_enabled = true,
		.sstp_enabled = true,
		.sstp_ports = 9,
		.method_mask = AUTH_BIT(AUTH_MSCHAPV2) };
	char err[64];

	(void)state;
	bench_log_in(b, 1, 0, "u1", 1);
	assert_true(engine_configure(b->e, &none, err, sizeof(err)));
	bench_ask_lease(b, 1, 0, "");
	bench_leased(b, 1, 0, "address.no-pool");
	bench_free(b);
}

/* R51: IP is switched off for remote access. */
static void
test_ip_off(void **state)
{
	struct bench *b = make(CONF);

	(void)state;
	bench_log_in(b, 1, 0, "u1", 1);
	bench_configure(b, "server { ipv4 no }\n" CONF);
	bench_ask_lease(b, 1, 0, "");
	bench_leased(b, 1, 0, "server.ip-off");
	bench_free(b);
}

static void
test_plumb_failed(void **state)
{
	struct bench *b = make(CONF);

	(void)state;
	bench_log_in(b, 1, 0, "u1", 1);
	bench_ask_lease(b, 1, 0, "");
	bench_plumb(b, "10.0.0.2", 0, true, "No such device");
	bench_leased(b, 1, 0, "address.route-failed");
	bench_fact(b, "monitor.plumb-failed", "no route to 10.0.0.2: No such device");
	bench_end(b, 1, 0);
	bench_expect_nothing(b); /* no route to take back */
	connect_user(b, 2, 0, "u2", 2, "10.0.0.3");
	connect_user(b, 3, 0, "u3", 3, "10.0.0.2"); /* given back */
	bench_free(b);
}

static void
test_monitor_trouble(void **state)
{
	struct bench *b = make(CONF);

	(void)state;
	bench_log_in(b, 1, 0, "u1", 1);
	b->answer[ROLE_MONITOR] = SENT_NOBODY;
	bench_ask_lease(b, 1, 0, "");
	bench_leased(b, 1, 0, "address.route-failed");
	b->answer[ROLE_MONITOR] = SENT_FULL;
	bench_ask_lease(b, 1, 0, "");
	bench_leased(b, 1, 0, "resource.ipc-backlog");
	b->answer[ROLE_MONITOR] = SENT_OK;

	bench_ask_lease(b, 1, 0, ""); /* silent: undone, for it may still have done it */
	bench_expect(b, MSG_PLUMB, ROLE_MONITOR, 0);
	b->now.ms += ENGINE_ANSWER_TIMEOUT_MS;
	engine_tick(b->e, &b->now);
	bench_plumb(b, "10.0.0.2", 0, false, "");
	bench_leased(b, 1, 0, "address.route-failed");
	bench_fact(b, "internal.no-answer", "monitor did not answer plumb");
	bench_free(b);
}

/* A route that cannot be taken back now keeps its address from others until it is. */
static void
test_unplumb_is_sent_again(void **state)
{
	struct bench *b = make(CONF);

	(void)state;
	connect_user(b, 1, 0, "u1", 1, "10.0.0.2");
	connect_user(b, 2, 0, "u2", 2, "10.0.0.3");
	b->answer[ROLE_MONITOR] = SENT_FULL;
	bench_end(b, 1, 0);
	bench_log_in(b, 3, 0, "u3", 3);
	bench_ask_lease(b, 3, 0, "");
	bench_leased(b, 3, 0, "address.pool-exhausted");
	assert_int_equal(engine_deadline_ms(b->e), b->now.ms + 100);
	b->now.ms += 100;
	engine_tick(b->e, &b->now);
	b->answer[ROLE_MONITOR] = SENT_OK;
	b->now.ms += 100;
	engine_tick(b->e, &b->now);
	bench_plumb(b, "10.0.0.2", 0, false, "");
	assert_true(engine_deadline_ms(b->e) == NEVER_MS);
	bench_ask_lease(b, 3, 0, "");
	bench_plumb(b, "10.0.0.2", 0, true, "");
	bench_leased(b, 3, 0, "10.0.0.2");
	bench_free(b);
}

/* A worker dies: all it held is given back, also what was still on its way; others run on. */
static void
test_worker_lost(void **state)
{
	struct bench *b = make("sstp { ports 3 }\n" CONF);

	(void)state;
	connect_user(b, 1, 0, "u1", 1, "10.0.0.2");
	connect_user(b, 2, 1, "u2", 2, "10.0.0.3");
	bench_auth(b, 3, 1, "u3", AUTH_MSCHAPV2);
	bench_expect(b, MSG_CHECK_SECRET, ROLE_VAULT, 0);
	engine_peer_lost(b->e, ROLE_NET, 1, "it ended", &b->now);
	bench_plumb(b, "10.0.0.3", 1, false, "");
	bench_expect_nothing(b);
	connect_user(b, 4, 1, "u4", 4, "10.0.0.3");
	bench_log_in(b, 5, 1, "u5", 5);
	bench_ask_lease(b, 1, 0, "");
	bench_leased(b, 1, 0, "10.0.0.2");
	bench_free(b);
}

/* The attempt ends while monitor works: the route is taken back behind it. */
static void
test_ended_while_plumbing(void **state)
{
	struct bench *b = make(CONF);
	struct msg done = { .id = MSG_PLUMB_DONE };

	(void)state;
	bench_log_in(b, 1, 0, "u1", 1);
	bench_ask_lease(b, 1, 0, "");
	done.u.plumb_done.seq = bench_expect(b, MSG_PLUMB, ROLE_MONITOR, 0)->u.plumb.seq;
	done.u.plumb_done.ok = true;
	done.u.plumb_done.device = done.u.plumb_done.error = view_str("");
	bench_ask_lease(b, 1, 0, ""); /* impatience is one question */
	bench_expect_nothing(b);
	bench_end(b, 1, 0);
	bench_plumb(b, "10.0.0.2", 0, false, "");
	bench_give(b, ROLE_MONITOR, 0, &done);
	bench_expect_nothing(b);
	bench_free(b);
}

/* Without a log-in, or for another worker's attempt, there is no lease. */
static void
test_no_session(void **state)
{
	struct bench *b = make(CONF);

	(void)state;
	bench_ask_lease(b, 1, 0, "");
	bench_leased(b, 1, 0, "internal.aaa-down");
	bench_log_in(b, 2, 0, "u1", 1);
	bench_ask_lease(b, 2, 1, "");
	bench_leased(b, 2, 1, "internal.aaa-down");
	bench_auth(b, 3, 0, "u2", AUTH_MSCHAPV2);
	bench_expect(b, MSG_CHECK_SECRET, ROLE_VAULT, 0);
	bench_ask_lease(b, 3, 0, "");
	bench_leased(b, 3, 0, "internal.aaa-down");
	bench_free(b);
}

/* aaa died and is back: sessions that ran on keep their ports and addresses. */
static void
test_held_sessions(void **state)
{
	struct bench *b = make("sstp { ports 2 }\n" CONF);
	struct msg m = { .id = MSG_SESSION_HELD };

	(void)state;
	m.u.session_held.attempt = bench_id(1);
	m.u.session_held.tunnel = TUNNEL_SSTP;
	m.u.session_held.address = ip_v4(0x0a000002);
	bench_give(b, ROLE_NET, 2, &m);
	bench_give(b, ROLE_NET, 2, &m);
	connect_user(b, 2, 0, "u1", 1, "10.0.0.3");
	bench_auth(b, 3, 0, "u2", AUTH_MSCHAPV2);
	bench_vault(b, 2, CHECK_YES);
	bench_answered(b, 3, 0, "capacity.no-free-port");
	bench_end(b, 1, 2);
	bench_plumb(b, "10.0.0.2", 2, false, "");
	connect_user(b, 4, 0, "u2", 2, "10.0.0.2");
	bench_free(b);
}

/*
 * A worker that was broken into cannot take ports and addresses by claiming to hold them: only a
 * worker that has asked nothing yet is believed.
 */
static void
test_held_only_at_the_start(void **state)
{
	struct bench *b = make("sstp { ports 2 }\n" CONF);
	struct msg m = { .id = MSG_SESSION_HELD };

	(void)state;
	connect_user(b, 1, 0, "u1", 1, "10.0.0.2");
	m.u.session_held.tunnel = TUNNEL_SSTP;
	for (uint8_t n = 10; n < 20; n++) {
		m.u.session_held.attempt = bench_id(n);
		m.u.session_held.address = ip_v4(0x0a000000u + n);
		bench_give(b, ROLE_NET, 0, &m);
	}
	connect_user(b, 2, 0, "u2", 2, "10.0.0.3");
	bench_free(b);
}

/* New policies and pools: sessions and leases live on. */
static void
test_reload(void **state)
{
	struct bench *b = make(CONF);

	(void)state;
	connect_user(b, 1, 0, "u1", 1, "10.0.0.2");
	bench_configure(b, "pool r { range 10.2.0.1 - 10.2.0.2 }\npolicy All { access grant }");
	bench_ask_lease(b, 1, 0, "");
	bench_leased(b, 1, 0, "10.0.0.2");
	connect_user(b, 2, 0, "u2", 2, "10.2.0.2");
	bench_end(b, 1, 0);
	bench_plumb(b, "10.0.0.2", 0, false, "");
	bench_free(b);
}

/* A lease is stored before it is used; without record it is used all the same, and told again. */
static void
test_stored_before_use(void **state)
{
	struct bench *b = make(CONF);
	struct msg kept = { .id = MSG_LEASE_KEPT };
	const struct msg *m;

	(void)state;
	bench_log_in(b, 1, 0, "u1", 1);
	connect_user(b, 2, 0, "u2", 2, "10.0.0.2"); /* the range has been looked at */
	b->by_hand = true;
	bench_ask_lease(b, 1, 0, "");
	m = bench_expect(b, MSG_LEASE_KEEP, ROLE_RECORD, 0);
	assert_true(m->u.lease_keep.held && m->u.lease_keep.account == 1 && m->u.lease_keep.seq);
	kept.u.lease_kept.seq = m->u.lease_keep.seq;
	bench_expect_nothing(b); /* no route before that */
	kept.u.lease_kept.error = view_str("the disk is full");
	bench_give(b, ROLE_RECORD, 0, &kept);
	bench_plumb(b, "10.0.0.3", 0, true, "");
	b->by_hand = false;
	bench_leased(b, 1, 0, "10.0.0.3");
	bench_fact(b, "aaa.lease-unstored", "the disk is full");
	b->by_hand = true;
	b->now.ms = engine_deadline_ms(b->e);
	engine_tick(b->e, &b->now);
	m = bench_expect(b, MSG_LEASE_KEEP, ROLE_RECORD, 0);
	assert_true(m->u.lease_keep.held && m->u.lease_keep.account == 1 && !m->u.lease_keep.seq);
	/* record dies: what is held is told to the next one */
	engine_peer_lost(b->e, ROLE_RECORD, 0, "killed", &b->now);
	b->now.ms = engine_deadline_ms(b->e);
	engine_tick(b->e, &b->now);
	bench_free(b);
}

/* R99 N02: a neighbour has the address: the next one, with the fact and a line for the log. */
static void
test_neighbour(void **state)
{
	struct bench *b = make(CONF);
	struct msg looked = { .id = MSG_LOOKED };

	(void)state;
	bench_log_in(b, 1, 0, "u1", 1);
	b->by_hand = true;
	bench_ask_lease(b, 1, 0, "");
	looked.u.looked.seq = bench_expect(b, MSG_LOOK, ROLE_MONITOR, 0)->u.look.seq;
	looked.u.looked.address = ip_v4(0x0a000002);
	looked.u.looked.result = LOOK_TAKEN;
	looked.u.looked.device = view_str("eth0");
	looked.u.looked.hardware = view_str("02:00:00:00:00:01");
	b->by_hand = false;
	bench_give(b, ROLE_MONITOR, 0, &looked);
	bench_plumb(b, "10.0.0.3", 0, true, "");
	bench_leased(b, 1, 0, "10.0.0.3");
	bench_fact(b, "aaa.address-conflict", "10.0.0.2 of pool p is in use by another host");
	assert_non_null(strstr(b->notices, "address 10.0.0.2 of pool p is in use"));
	bench_give(b, ROLE_MONITOR, 0, &looked); /* said twice is once */
	bench_log_in(b, 2, 0, "u2", 2);
	bench_ask_lease(b, 2, 0, "");
	bench_leased(b, 2, 0, "address.pool-exhausted");
	bench_free(b);
}

/* Monitor does not look, or record does not answer: after a bounded wait the address is used. */
static void
test_silent_helpers(void **state)
{
	struct bench *b = make(CONF);

	(void)state;
	bench_log_in(b, 1, 0, "u1", 1);
	b->by_hand = true;
	bench_ask_lease(b, 1, 0, "");
	bench_expect(b, MSG_LOOK, ROLE_MONITOR, 0);
	b->now.ms += ENGINE_LOOK_TIMEOUT_MS;
	engine_tick(b->e, &b->now);
	bench_expect(b, MSG_LEASE_KEEP, ROLE_RECORD, 0);
	b->now.ms += ENGINE_KEEP_TIMEOUT_MS;
	engine_tick(b->e, &b->now);
	bench_plumb(b, "10.0.0.2", 0, true, "");
	b->by_hand = false;
	bench_leased(b, 1, 0, "10.0.0.2");
	bench_fact(b, "aaa.lease-unstored", "does not answer");
	bench_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leased),
		cmocka_unit_test(test_networks_behind_the_client),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_ipv6_only),
		cmocka_unit_test(test_exhausted),
		cmocka_unit_test(test_pools_in_order),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_fixed_ignored),
		cmocka_unit_test(test_no_pool),
		cmocka_unit_test(test_ip_off),
		cmocka_unit_test(test_plumb_failed),
		cmocka_unit_test(test_monitor_trouble),
		cmocka_unit_test(test_unplumb_is_sent_again),
		cmocka_unit_test(test_worker_lost),
		cmocka_unit_test(test_ended_while_plumbing),
		cmocka_unit_test(test_no_session),
		cmocka_unit_test(test_held_sessions),
		cmocka_unit_test(test_held_only_at_the_start),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_stored_before_use),
		cmocka_unit_test(test_neighbour),
		cmocka_unit_test(test_silent_helpers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
