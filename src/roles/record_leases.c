/*
 * Leases: what aaa says of a turn is committed in one transaction, and answered when it is there.
 * aaa hears all of them again at its start, between the accounts and SYNC_DONE.
 */
#include "os/store_leases.h"
#include "roles/record_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define PRUNE_US ((int64_t)180 * 86400 * 1000000) /* an address so long unused is nobody's */

struct record_leases {
	struct loop_timer *timer;
	size_t n;
	struct stored_lease rows[RECORD_LEASES_MAX];
	uint32_t seqs[RECORD_LEASES_MAX];
	struct leases_place place; /* of the stream to aaa */
};

static void
answer(struct record *rec, uint32_t seq, const char *error)
{
	struct msg m = { .id = MSG_LEASE_KEPT,
		.u.lease_kept = { .seq = seq, .ok = !error[0], .error = view_str(error) } };

	if (seq)
		(void)!host_send(rec->host, ROLE_AAA, 0, &m, -1); /* aaa does not wait for ever */
}

void
record_leases_flush(struct record *rec)
{
	struct record_leases *l = rec->leases;
	char err[STORE_ERR_MAX] = "";

	if (!l || l->n == 0 || !rec->accounts)
		return;
	if (leases_put(rec->accounts, l->rows, l->n, loop_now(rec->host->loop)->unix_us, err,
		sizeof(err)) != ACCOUNTS_OK)
		fprintf(stderr, "rrasd: %zu leases are not stored: %s\n", l->n, err);
	for (size_t i = 0; i < l->n; i++)
		answer(rec, l->seqs[i], err);
	l->n = 0;
}

static void
on_turn(void *ctx)
{
	record_leases_flush(ctx);
}

void
record_on_lease_keep(struct record *rec, const struct msg_lease_keep *m)
{
	struct record_leases *l = rec->leases;

	if (!l) {
		answer(rec, m->seq, "the databases are not open");
		return;
	}
	l->rows[l->n] =
	    (struct stored_lease){ .address = m->address, .account = m->account, .held = m->held };
	l->seqs[l->n++] = m->seq;
	if (l->n == RECORD_LEASES_MAX)
		record_leases_flush(rec);
	else if (l->n == 1)
		loop_timer_at(l->timer, loop_now(rec->host->loop)->ms);
}

void
record_leases_begin(struct record *rec)
{
	record_leases_flush(rec);
	if (rec->leases)
		rec->leases->place = (struct leases_place){ 0 };
}

struct sender {
	struct record *rec;
	bool full;
};

static bool
send_row(void *ctx, const struct stored_lease *row)
{
	struct sender *s = ctx;
	struct msg m = { .id = MSG_LEASE_KNOWN,
		.u.lease_known = {
		    .address = row->address, .account = row->account, .held = row->held } };

	s->full = !host_send(s->rec->host, ROLE_AAA, 0, &m, -1);
	return !s->full;
}

bool
record_leases_stream(struct record *rec)
{
	struct sender s = { .rec = rec };
	char err[STORE_ERR_MAX];
	int64_t n;

	do
		n = leases_each(
		    rec->accounts, &rec->leases->place, SYNC_BATCH, send_row, &s, err, sizeof(err));
	while (n > 0 && !s.full);
	return n == 0 && !s.full;
}

bool
record_leases_open(struct record *rec, char *err, size_t cap)
{
	struct record_leases *l = calloc(1, sizeof(*l));

	if (l)
		l->timer = loop_timer_new(rec->host->loop, on_turn, rec);
	if (!l || !l->timer) {
		free(l);
		snprintf(err, cap, "out of memory for leases");
		return false;
	}
	rec->leases = l;
	return leases_prune(rec->accounts, loop_now(rec->host->loop)->unix_us - PRUNE_US, err, cap);
}

void
record_leases_close(struct record *rec)
{
	if (!rec->leases)
		return;
	record_leases_flush(rec);
	loop_timer_free(rec->leases->timer);
	free(rec->leases);
	rec->leases = NULL;
}
