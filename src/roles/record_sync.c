/*
 * Streaming the store: accounts and leases to aaa, sealed secrets to vault, and to monitor which
 * addresses and routes accounts have as their own. At SYNC_ASK all rows go in
 * batches as the channel takes them; afterwards each change goes at once. What a full channel does
 * not take is remembered and sent again, so that both always end up with what is committed.
 */
#include "roles/record_priv.h"

#include <stdlib.h>

#define RETRY_MS 20u

#define N_HEARERS 3u

static const enum role_id hearers[N_HEARERS] = { ROLE_MONITOR, ROLE_AAA, ROLE_VAULT };

static struct sync *
sync_of(struct record *rec, enum role_id to)
{
	return to == ROLE_AAA       ? &rec->to_aaa
	       : to == ROLE_VAULT   ? &rec->to_vault
	       : to == ROLE_MONITOR ? &rec->to_monitor
	                            : NULL;
}

/* Everything of one account goes to one role: the walk over rows carries this. */
struct sender {
	struct record *rec;
	struct sync *s;
	uint64_t last; /* the last account that was sent whole */
	bool full;
};

static bool
send_account(void *ctx, const struct account *a)
{
	struct sender *to = ctx;
	struct msg m = { .id = MSG_ACCOUNT,
		.u.account = {
		    .account = a->id,
		    .name = view_str(a->name),
		    .enabled = a->enabled,
		    .expires_unix_s = a->expires_unix_s,
		    .dialin = (uint8_t)a->dialin,
		    .groups = view_str(a->groups),
		    .has_password = a->has_password,
		    .has_reversible = a->has_reversible,
		    .address = a->address,
		    .caller_id = view_str(a->caller_id),
		    .locked = a->locked,
		    .must_change = a->must_change,
		    .password_set_unix_s = a->password_set_unix_s,
		    .password_expires_unix_s = a->password_expires_unix_s,
		    .hours = view_str(a->hours),
		    .routes = view_str(a->routes),
		} };

	to->full = !host_send(to->rec->host, ROLE_AAA, 0, &m, -1);
	if (to->full)
		return false;
	to->last = a->id;
	to->s->n_rows++;
	return true;
}

static bool
tell_grant(struct record *rec, enum grant_what what, const struct account *a)
{
	struct msg m = { .id = MSG_GRANT,
		.u.grant = { .what = (uint8_t)what,
		    .account = a ? a->id : 0,
		    .address = a ? a->address : (struct ip_addr){ 0 },
		    .routes = view_str(a ? a->routes : "") } };

	return host_send(rec->host, ROLE_MONITOR, 0, &m, -1);
}

/* Monitor needs to know only of accounts that have an address or routes of their own. */
static bool
send_grant(void *ctx, const struct account *a)
{
	struct sender *to = ctx;

	to->full =
	    (!ip_is_none(&a->address) || a->routes[0]) && !tell_grant(to->rec, GRANT_ACCOUNT, a);
	if (to->full)
		return false;
	to->last = a->id;
	return true;
}

static bool
send_secret(void *ctx, const struct account_secret *row)
{
	struct sender *to = ctx;
	struct msg m = { .id = MSG_SECRET,
		.u.secret = { row->account, (uint8_t)row->kind, row->sealed } };

	to->full = !host_send(to->rec->host, ROLE_VAULT, 0, &m, -1);
	if (to->full)
		return false;
	to->last = row->account;
	to->s->n_rows++;
	return true;
}

/* One account's attributes, or that it is gone. False: the channel is full. */
static bool
tell_aaa(struct record *rec, uint64_t id)
{
	char err[STORE_ERR_MAX];
	struct sender to = { rec, &rec->to_aaa, 0, false };
	struct account a;
	enum accounts_result r = accounts_by_id(rec->accounts, id, &a, err, sizeof(err));

	if (r == ACCOUNTS_OK)
		return send_account(&to, &a);
	if (r != ACCOUNTS_NOT_FOUND)
		return false;
	struct msg m = { .id = MSG_ACCOUNT, .u.account = { .account = id, .deleted = true } };
	return host_send(rec->host, ROLE_AAA, 0, &m, -1);
}

/* What an account has as its own, be it nothing. */
static bool
tell_monitor(struct record *rec, uint64_t id)
{
	char err[STORE_ERR_MAX];
	struct account a;
	enum accounts_result r = accounts_by_id(rec->accounts, id, &a, err, sizeof(err));

	if (r == ACCOUNTS_NOT_FOUND)
		a = (struct account){ .id = id };
	else if (r != ACCOUNTS_OK)
		return false;
	return tell_grant(rec, GRANT_ACCOUNT, &a);
}

struct kinds {
	struct sender to;
	bool has[N_SECRET_KIND];
};

static bool
send_known_secret(void *ctx, const struct account_secret *row)
{
	struct kinds *k = ctx;

	if ((unsigned int)row->kind < N_SECRET_KIND)
		k->has[row->kind] = true;
	return send_secret(&k->to, row);
}

/* One account's secrets; an empty one takes the place of a secret that is gone. */
static bool
tell_vault(struct record *rec, uint64_t id)
{
	char err[STORE_ERR_MAX];
	struct kinds k = { .to = { rec, &rec->to_vault, 0, false } };

	if (accounts_secrets(rec->accounts, id, true, 0, send_known_secret, &k, err, sizeof(err)) <
	    0)
		return false;
	for (unsigned int kind = SECRET_NT_HASH; kind < N_SECRET_KIND && !k.to.full; kind++) {
		struct account_secret gone = { .account = id, .kind = (enum secret_kind)kind };
		if (!k.has[kind])
			(void)send_secret(&k.to, &gone);
	}
	return !k.to.full;
}

static bool
tell(struct record *rec, enum role_id to, uint64_t id)
{
	return to == ROLE_AAA       ? tell_aaa(rec, id)
	       : to == ROLE_MONITOR ? tell_monitor(rec, id)
	                            : tell_vault(rec, id);
}

static void pump(void *ctx);

static void
wake(struct record *rec)
{
	if (!rec->sync_timer)
		rec->sync_timer = loop_timer_new(rec->host->loop, pump, rec);
	if (rec->sync_timer)
		loop_timer_at(rec->sync_timer, loop_now(rec->host->loop)->ms + RETRY_MS);
}

static void
remember(struct record *rec, struct sync *s, uint64_t id)
{
	for (size_t i = 0; i < s->n_again; i++)
		if (s->again[i] == id)
			return;
	if (s->n_again == s->cap_again) {
		size_t cap = s->cap_again ? s->cap_again * 2 : 16;
		uint64_t *p = realloc(s->again, cap * sizeof(*p));
		if (!p) { /* a whole stream says it as well */
			s->active = true;
			s->begun = s->leases = false;
			s->after = 0;
			return;
		}
		s->again = p;
		s->cap_again = cap;
	}
	s->again[s->n_again++] = id;
	wake(rec);
}

void
record_sync_account(struct record *rec, uint64_t id)
{
	/* Monitor first: an address is to be granted before aaa has it routed. */
	for (size_t i = 0; i < N_HEARERS; i++)
		if (host_has(rec->host, hearers[i], 0) && !tell(rec, hearers[i], id))
			remember(rec, sync_of(rec, hearers[i]), id);
}

/* The next accounts, in what concerns this role. Rows given, -1: the store failed. */
static int64_t
stream_rows(struct record *rec, enum role_id role, struct sender *to)
{
	uint64_t after = to->s->after;
	char err[STORE_ERR_MAX];

	switch (role) {
	case ROLE_AAA:
		return accounts_each(
		    rec->accounts, after, SYNC_BATCH, send_account, to, err, sizeof(err));
	case ROLE_MONITOR:
		return accounts_each(
		    rec->accounts, after, SYNC_BATCH, send_grant, to, err, sizeof(err));
	case ROLE_VAULT:
		/* Secrets of one account may not be cut in two: the batch goes on from its end. */
		return accounts_secrets(
		    rec->accounts, after, false, 0, send_secret, to, err, sizeof(err));
	case ROLE_NET:
	case ROLE_RECORD:
	case ROLE_DIAL:
	case ROLE_FETCH:
	case N_ROLE:
		break;
	}
	return -1;
}

static bool
tell_end(struct record *rec, enum role_id role)
{
	struct msg done = { .id = MSG_SYNC_DONE, .u.sync_done = { sync_of(rec, role)->n_rows } };

	if (role == ROLE_MONITOR)
		return tell_grant(rec, GRANT_END, NULL);
	return host_send(rec->host, role, 0, &done, -1);
}

/* Sends the next rows. False: the channel is full, or the store failed; try again later. */
static bool
stream(struct record *rec, enum role_id role)
{
	struct sync *s = sync_of(rec, role);
	int64_t n = 0;

	if (s->begun == false && role == ROLE_MONITOR && !tell_grant(rec, GRANT_BEGIN, NULL))
		return false;
	s->begun = true;
	do {
		struct sender to = { rec, s, s->after, false };
		if (!s->leases)
			n = stream_rows(rec, role, &to);
		if (n < 0)
			return false;
		/* When it stopped inside an account, that account is sent again whole. */
		s->after =
		    to.full && role == ROLE_VAULT && to.last > s->after ? to.last - 1 : to.last;
		if (to.full)
			return false;
	} while (role != ROLE_VAULT && n > 0);
	s->leases = role == ROLE_AAA;
	if (s->leases && (!record_leases_stream(rec) || !record_lockouts_stream(rec)))
		return false;
	if (!tell_end(rec, role))
		return false;
	s->active = s->leases = false;
	return true;
}

static void
pump(void *ctx)
{
	struct record *rec = ctx;
	bool more = false;

	for (size_t i = 0; i < N_HEARERS; i++) {
		struct sync *s = sync_of(rec, hearers[i]);
		if (!host_has(rec->host, hearers[i], 0))
			continue;
		if (s->active)
			more = !stream(rec, hearers[i]) || more;
		while (s->n_again && tell(rec, hearers[i], s->again[s->n_again - 1]))
			s->n_again--;
		more = more || s->n_again;
	}
	if (more)
		wake(rec);
}

void
record_sync_start(struct record *rec, enum role_id to)
{
	struct sync *s = sync_of(rec, to);

	if (!s)
		return;
	s->active = true;
	s->begun = s->leases = false;
	s->after = s->n_rows = 0;
	s->n_again = 0;
	if (to == ROLE_AAA)
		record_leases_begin(rec);
	if (to == ROLE_AAA)
		rec->lockouts_begun = false;
	if (rec->going)
		pump(rec);
}

void
record_sync_resume(struct record *rec)
{
	pump(rec);
}

void
record_sync_stop(struct record *rec, enum role_id to)
{
	struct sync *s = sync_of(rec, to);

	if (!s)
		return;
	s->active = false;
	s->n_again = 0;
}

void
record_sync_close(struct record *rec)
{
	loop_timer_free(rec->sync_timer);
	free(rec->to_monitor.again);
	free(rec->to_aaa.again);
	free(rec->to_vault.again);
}
