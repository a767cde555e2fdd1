/*
 * Leases in accounts.db, of which record is the writer: told before one is used, and again when it
 * could not be told. And the doubt after a start of aaa: what the store says is held may be held by
 * a session that ran on, until every worker has said what it holds. See engine.h.
 */
#include "aaa/engine_priv.h"

#define OWED_RETRY_MS 1000u
#define OWED_BATCH 256u /* at a time: the queue to record is for others too */

static enum engine_sent
send_row(struct engine *e, const struct lease_row *row, uint32_t seq)
{
	struct msg m = { .id = MSG_LEASE_KEEP };

	m.u.lease_keep.seq = seq;
	m.u.lease_keep.address = row->address;
	m.u.lease_keep.account = row->account;
	m.u.lease_keep.held = row->held;
	return engine_send(e, ROLE_RECORD, 0, &m);
}

static void
owe(struct engine *e, const struct ip_addr *a)
{
	lease_owe(e->leases, a);
	if (e->owed_retry_ms == NEVER_MS)
		e->owed_retry_ms = 0; /* set by the next tick */
}

/* seq 0: no answer is wanted. What could not be sent is owed. */
enum engine_sent
engine_keep_lease(struct engine *e, const struct ip_addr *a, uint32_t seq)
{
	struct lease_row row;
	enum engine_sent sent;

	if (!lease_row_of(e->leases, a, &row))
		return SENT_NOBODY;
	sent = send_row(e, &row, seq);
	if (sent != SENT_OK)
		owe(e, a);
	return sent;
}

void
engine_forget_lease(struct engine *e, const struct ip_addr *a)
{
	struct lease_row row;

	if (!lease_row_of(e->leases, a, &row))
		return;
	row.held = false;
	if (send_row(e, &row, 0) != SENT_OK)
		owe(e, a);
	lease_give(e->leases, a);
}

void
engine_pay_owed(struct engine *e, const struct now *now)
{
	struct lease_row row;

	e->owed_retry_ms = NEVER_MS;
	for (unsigned int i = 0; lease_owed(e->leases, &row); i++) {
		if (i < OWED_BATCH && send_row(e, &row, 0) == SENT_OK)
			continue;
		lease_owe(e->leases, &row.address);
		e->owed_retry_ms = now->ms + OWED_RETRY_MS;
		return;
	}
}

void
engine_on_lease_known(struct engine *e, const struct msg_lease_known *m)
{
	struct lease_row row = { .address = m->address, .account = m->account, .held = m->held };

	lease_known(e->leases, &row, m->held && e->in_doubt);
}

/* A session that ended while no aaa was there, or before the machine did. */
static void
give_up(void *ctx, const struct lease_row *row)
{
	struct engine *e = ctx;
	struct msg m = { .id = MSG_PLUMB };

	m.u.plumb.seq = ++e->last_question; /* its PLUMB_DONE matches nothing */
	m.u.plumb.address = row->address;
	(void)!engine_send(e, ROLE_MONITOR, 0, &m); /* a lost one is replaced with the next lease */
	if (send_row(e, row, 0) != SENT_OK)
		owe(e, &row->address);
}

void
engine_doubt_check(struct engine *e, const struct now *now)
{
	uint32_t all = e->n_workers < 32 ? (1u << e->n_workers) - 1 : UINT32_MAX;

	if (!e->in_doubt || !e->synced)
		return;
	if ((e->told & all) != all && now->ms < e->doubt_until_ms)
		return;
	e->in_doubt = false;
	e->doubt_until_ms = NEVER_MS;
	lease_doubt_end(e->leases, give_up, e);
	if (e->owed_retry_ms != NEVER_MS)
		e->owed_retry_ms = now->ms + OWED_RETRY_MS;
}

void
engine_on_sessions_told(struct engine *e, unsigned int index, const struct now *now)
{
	e->told |= engine_worker_bit(index);
	engine_doubt_check(e, now);
}
