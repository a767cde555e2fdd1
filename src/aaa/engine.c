/*
 * The engine's frame: life, configuration, synchronisation with record, and which handler a message
 * goes to. See engine.h.
 */
#include "aaa/engine_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define SYNC_RETRY_MS 1000u
#define SYNC_SILENT_MS 5000u /* without a row or the end: record did not hear us */

static void
on_address(void *ctx, const struct ip_addr *a, bool added)
{
	struct engine *e = ctx;

	lease_reserve(e->leases, a, added);
}

struct engine *
engine_new(engine_send_fn send, void *ctx, const struct now *now)
{
	struct engine *e = calloc(1, sizeof(*e));
	uint64_t key[6];

	if (!e)
		return NULL;
	now_draw(now, key, sizeof(key));
	e->send = send;
	e->ctx = ctx;
	snprintf(e->vault_how, sizeof(e->vault_how), "it is being started");
	list_init(&e->waiting);
	list_init(&e->unsent);
	e->unsent_retry_ms = e->sync_retry_ms = NEVER_MS;
	e->owed_retry_ms = e->doubt_until_ms = e->look_ms = NEVER_MS;
	e->facts = wr_over(e->facts_buf, sizeof(e->facts_buf));
	e->roster = roster_new(key[0]);
	e->leases = leases_new(key[1]);
	e->leases6 = leases6_new(key[4]);
	e->lockouts = lockouts_new(key[5]);
	e->lockout_save_ms = NEVER_MS;
	if (e->roster && e->lockouts && e->leases && e->leases6 &&
	    map_init(&e->by_attempt, key[2]) && map_init(&e->by_question, key[3])) {
		roster_on_address(e->roster, on_address, e);
		return e;
	}
	engine_free(e);
	return NULL;
}

void
engine_free(struct engine *e)
{
	if (!e)
		return;
	session_forget_all(e);
	map_fini(&e->by_attempt);
	map_fini(&e->by_question);
	roster_free(e->roster);
	leases_free(e->leases);
	leases6_free(e->leases6);
	lockouts_free(e->lockouts);
	policy_set_unref(e->policies);
	free(e);
}

bool
engine_configure(struct engine *e, const struct conf *c, char *err, size_t cap)
{
	struct policy_set *policies = policy_set_new(c);

	if (!policies || !leases_configure(e->leases, c) || !leases6_configure(e->leases6, c)) {
		policy_set_unref(policies);
		snprintf(err, cap, "aaa: out of memory while taking over the configuration");
		return false;
	}
	policy_set_unref(e->policies);
	e->policies = policies;
	name_rules_init(&e->names, c);
	account_rules_init(&e->rules, c);
	lockout_rules_init(&e->lockout_rules, c);
	e->pool_warning = c->pool_warning_percent;
	memset(e->warned, 0, sizeof(e->warned));
	e->remote_access = c->remote_access;
	e->ip_on = c->ipv4_enabled;
	e->ip6_on = c->ipv6_enabled;
	e->method_mask = c->method_mask;
	e->tunnel_mask = conf_offers_sstp(c) ? 1u << TUNNEL_SSTP : 0;
	ports_limit(&e->ports, TUNNEL_SSTP, c->sstp_ports);
	return true;
}

enum engine_sent
engine_send(struct engine *e, enum role_id to, unsigned int index, const struct msg *m)
{
	return e->send(e->ctx, to, index, m);
}

void
engine_note(struct engine *e, const struct session *s, const struct fact *f, const struct now *now)
{
	struct fact stamped = *f;
	uint64_t began_ms = attempt_id_unix_ms(&s->attempt);
	uint64_t now_ms = (uint64_t)(now->unix_us / 1000);

	stamped.witness = BY_AAA;
	stamped.at_ms = now_ms > began_ms ? now_ms - began_ms : 0;
	if (wr_room(&e->facts) >= FACT_ENCODED_MAX)
		fact_write(&e->facts, &stamped);
}

void
engine_send_facts(struct engine *e, const struct attempt_id *attempt)
{
	struct msg m = { .id = MSG_FACTS };

	m.u.facts.attempt = *attempt;
	m.u.facts.facts = wr_view_of(&e->facts);
	if (m.u.facts.facts.n && engine_send(e, ROLE_RECORD, 0, &m) != SENT_OK)
		e->facts_lost++;
	e->facts = wr_over(e->facts_buf, sizeof(e->facts_buf));
}

static void
ask_for_accounts(struct engine *e, const struct now *now)
{
	struct msg m = { .id = MSG_SYNC_ASK };

	if (!e->sync_wanted && !e->sync_running)
		return;
	if (engine_send(e, ROLE_RECORD, 0, &m) != SENT_OK) {
		e->sync_wanted = true;
		e->sync_retry_ms = now->ms + SYNC_RETRY_MS;
		return;
	}
	e->sync_wanted = false;
	e->sync_running = true;
	e->sync_retry_ms = now->ms + SYNC_SILENT_MS;
	roster_sync_begin(e->roster);
}

void
engine_start(struct engine *e, unsigned int n_workers, const struct now *now)
{
	e->n_workers = n_workers;
	e->in_doubt = true;
	e->sync_wanted = true;
	ask_for_accounts(e, now);
}

static void
on_sync_done(struct engine *e, const struct now *now)
{
	if (!e->sync_running)
		return;
	e->sync_running = false;
	e->sync_retry_ms = NEVER_MS;
	e->synced = true;
	roster_sync_end(e->roster);
	if (e->in_doubt)
		e->doubt_until_ms = now->ms + ENGINE_DOUBT_MS;
	engine_doubt_check(e, now);
	engine_pay_owed(e, now);
}

/* An account that does not fit into memory would be an account that cannot log in: ask again. */
static void
on_account(struct engine *e, const struct msg_account *m, const struct now *now)
{
	if (roster_put(e->roster, m)) {
		if (e->sync_running)
			e->sync_retry_ms = now->ms + SYNC_SILENT_MS;
		return;
	}
	e->sync_wanted = true;
	e->sync_running = false;
	e->sync_retry_ms = now->ms + SYNC_RETRY_MS;
}

/* Only these are for aaa; who may send them was checked when they were decoded (ipc/msg.h). */
void
engine_message(struct engine *e, enum role_id from, unsigned int index, const struct msg *m,
    const struct now *now)
{
	(void)from;
	if (m->id == MSG_AUTH_SECRET)
		engine_on_auth(e, index, &m->u.auth, now);
	else if (m->id == MSG_CHECK_REPLY_SECRET)
		engine_on_check_reply(e, &m->u.check_reply, now);
	else if (m->id == MSG_CHANGED_SECRET)
		engine_on_changed(e, &m->u.changed, now);
	else if (m->id == MSG_PASSWORD_SET_DONE)
		engine_on_password_set_done(e, &m->u.password_set_done, now);
	else if (m->id == MSG_LEASE)
		engine_on_lease(e, index, &m->u.lease, now);
	else if (m->id == MSG_PLUMB_DONE)
		engine_on_plumb_done(e, &m->u.plumb_done, now);
	else if (m->id == MSG_SESSION_END)
		engine_on_session_end(e, index, &m->u.session_end, now);
	else if (m->id == MSG_SESSION_HELD)
		engine_on_session_held(e, index, &m->u.session_held);
	else if (m->id == MSG_ACCOUNT)
		on_account(e, &m->u.account, now);
	else if (m->id == MSG_SYNC_DONE)
		on_sync_done(e, now);
	else if (m->id == MSG_SESSIONS_TOLD)
		engine_on_sessions_told(e, index, now);
	else if (m->id == MSG_LEASE_KNOWN)
		engine_on_lease_known(e, &m->u.lease_known);
	else if (m->id == MSG_LEASE_KEPT)
		engine_on_lease_kept(e, &m->u.lease_kept, now);
	else if (m->id == MSG_LOOKED)
		engine_on_looked(e, &m->u.looked, now);
	else if (m->id == MSG_EXPLAIN)
		engine_on_explain(e, &m->u.explain, now);
	else if (m->id == MSG_LOCKOUT)
		engine_on_lockout(e, &m->u.lockout);
	else if (m->id == MSG_UNLOCK)
		engine_on_unlock(e, &m->u.unlock, now);
	else if (m->id == MSG_STATUS_ASK)
		engine_on_status_ask(e, &m->u.status_ask, now);
}

/* The role that a session waits for. */
static enum role_id
asked_role(enum wait wait)
{
	switch (wait) {
	case WAIT_CHECK:
	case WAIT_CHANGE:
		return ROLE_VAULT;
	case WAIT_COMMIT:
	case WAIT_KEEP:
		return ROLE_RECORD;
	case WAIT_LOOK:
	case WAIT_PLUMB:
	case WAIT_UNPLUMB:
	case WAIT_NONE:
		break;
	}
	return ROLE_MONITOR;
}

/* Fails the questions to one role (N_ROLE: to all): all as it is lost, or (NULL) those whose time
 * has come. */
static void
fail_waiting(struct engine *e, enum role_id role, const char *lost, const struct now *now)
{
	struct list *node, *tmp;

	list_each (node, tmp, &e->waiting) {
		struct session *s = container_of(node, struct session, in_wait);
		if (!lost && s->deadline_ms > now->ms)
			return; /* they stand in the order of their deadlines */
		if (role != N_ROLE && asked_role(s->wait) != role)
			continue;
		if (s->wait == WAIT_CHECK)
			engine_check_lost(e, s, lost, now);
		else if (s->wait == WAIT_CHANGE || s->wait == WAIT_COMMIT)
			engine_change_lost(e, s, lost, now);
		else if (s->wait == WAIT_LOOK)
			engine_look_lost(e, s, now);
		else if (s->wait == WAIT_KEEP)
			engine_keep_lost(e, s, now);
		else if (s->wait == WAIT_PLUMB)
			engine_plumb_lost(e, s, !lost, now);
	}
}

void
engine_peer_lost(
    struct engine *e, enum role_id who, unsigned int index, const char *how, const struct now *now)
{
	struct map_walk w = { 0 };
	struct map_node *node;

	switch (who) {
	case ROLE_NET:
		e->asked &= ~engine_worker_bit(index);
		e->told |= engine_worker_bit(index); /* it holds nothing any more */
		while ((node = map_walk(&e->by_attempt, &w))) {
			struct session *s = container_of(node, struct session, by_attempt);
			if (s->worker == index)
				session_end(e, s, now);
		}
		engine_doubt_check(e, now);
		break;
	case ROLE_VAULT:
		snprintf(e->vault_how, sizeof(e->vault_how), "%s", how);
		fail_waiting(e, ROLE_VAULT, how, now);
		break;
	case ROLE_MONITOR:
		fail_waiting(e, ROLE_MONITOR, how, now);
		break;
	case ROLE_RECORD: /* what is known stays; the accounts are asked for when it is back */
		e->sync_running = false;
		e->sync_wanted = true;
		e->sync_retry_ms = now->ms + SYNC_RETRY_MS;
		lease_owe_held(e->leases); /* whether it had stored them is not known */
		fail_waiting(e, ROLE_RECORD, how, now);
		break;
	case ROLE_AAA:
	case ROLE_DIAL:
	case ROLE_FETCH:
	case N_ROLE:
		break;
	}
}

void
engine_peer_back(struct engine *e, enum role_id who, unsigned int index, const struct now *now)
{
	(void)index;
	if (who != ROLE_RECORD || e->sync_running)
		return;
	e->sync_wanted = true;
	ask_for_accounts(e, now);
}

void
engine_tick(struct engine *e, const struct now *now)
{
	fail_waiting(e, N_ROLE, NULL, now);
	if (now->ms >= e->unsent_retry_ms)
		session_retry_unsent(e, now);
	if (now->ms >= e->sync_retry_ms)
		ask_for_accounts(e, now);
	if (now->ms >= e->lockout_save_ms)
		engine_save_lockouts(e, now);
	if (now->ms >= e->owed_retry_ms)
		engine_pay_owed(e, now);
	if (now->ms >= e->doubt_until_ms)
		engine_doubt_check(e, now);
	engine_look_ahead(e, now);
}

uint64_t
engine_deadline_ms(const struct engine *e)
{
	uint64_t first = NEVER_MS;

	if (!list_empty(&e->waiting))
		first = container_of(e->waiting.next, struct session, in_wait)->deadline_ms;
	first = deadline_min(first, deadline_min(e->unsent_retry_ms, e->sync_retry_ms));
	first = deadline_min(first, deadline_min(e->owed_retry_ms, e->doubt_until_ms));
	return deadline_min(deadline_min(first, e->look_ms), e->lockout_save_ms);
}
