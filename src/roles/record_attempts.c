/*
 * What the roles say of attempts: kept in memory while they live, written to history.db at the end
 * of the turn, one journal entry when they end. Facts may come before their attempt does (aaa
 * speaks before net); they wait for it, bounded. A worker that dies takes its sessions along.
 */
#include "os/store_facts.h"
#include "roles/record_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define FLUSH_MS 100u
#define ORPHAN_MS 5000u
#define RETRY_MS 1000u
#define RETRIES_MAX 60u
#define LIVE_WAITING_MAX 20000u
#define LIVE_PATIENT_MAX 1000u /* so few wait as long as it takes */

static struct list *
bucket_of(struct record *rec, const struct attempt_id *id)
{
	/* The last bytes are random. */
	return &rec->live[((size_t)id->b[14] << 8 | id->b[15]) % LIVE_BUCKETS];
}

static struct live *
find(struct record *rec, const struct attempt_id *id)
{
	struct list *head = bucket_of(rec, id), *n, *tmp;

	list_each (n, tmp, head) {
		struct live *l = container_of(n, struct live, node);
		if (memcmp(l->r.id.b, id->b, sizeof(id->b)) == 0)
			return l;
	}
	return NULL;
}

struct live *
record_live(struct record *rec, const struct attempt_id *id)
{
	struct live *l = find(rec, id);

	return l && l->known && !l->r.ended ? l : NULL;
}

static void
drop(struct record *rec, struct live *l)
{
	if (!l->known) {
		rec->n_pending--;
		rec->pending_bytes -= l->n_facts;
	} else {
		rec->n_live--;
	}
	if (l->confirmed)
		rec->n_of_worker[l->worker]--;
	list_remove(&l->node);
	list_remove(&l->byages);
	free(l->facts);
	free(l->decided);
	free(l);
}

static struct live *
add(struct record *rec, const struct attempt_id *id, bool known)
{
	struct live *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->r.id = *id;
	l->known = known;
	l->seen_ms = loop_now(rec->host->loop)->ms;
	list_append(bucket_of(rec, id), &l->node);
	list_init(&l->byages);
	if (known) {
		rec->n_live++;
	} else {
		rec->n_pending++;
		list_append(&rec->pending, &l->byages);
	}
	return l;
}

/* Facts wait in memory until the next flush. */
static void
keep_facts(struct record *rec, struct live *l, struct view facts)
{
	size_t n = l->n_facts + facts.n;
	uint8_t *p = n <= 2 * HISTORY_FACTS_MAX ? realloc(l->facts, n ? n : 1) : NULL;

	if (!p || !view_copy(facts, p + l->n_facts, facts.n)) {
		rec->n_facts_lost++;
		return;
	}
	l->facts = p;
	l->n_facts = n;
	if (!l->known)
		rec->pending_bytes += facts.n;
}

static void
set_dirty(struct record *rec, struct live *l)
{
	l->dirty = true;
	if (!rec->flush_armed)
		loop_timer_at(rec->flush_timer, loop_now(rec->host->loop)->ms + FLUSH_MS);
	rec->flush_armed = true;
}

/* Said once for each trouble; status tells of it as long as we run. */
static void
history_failed(struct record *rec, const char *err)
{
	if (!rec->history_down || strcmp(rec->history_err, err) != 0)
		fprintf(stderr, "rrasd: %s\n", err);
	rec->history_down = true;
	rec->n_history_errors++;
	snprintf(rec->history_err, sizeof(rec->history_err), "%s", err);
}

static void
history_works(struct record *rec)
{
	rec->n_flush_failures = 0;
	if (!rec->history_down)
		return;
	rec->history_down = false;
	fprintf(stderr,
	    "rrasd: the history of attempts is written again; %llu attempts and %llu "
	    "messages of facts were lost\n",
	    (unsigned long long)rec->n_attempts_lost, (unsigned long long)rec->n_facts_lost);
}

/* Puts one into the transaction. False when the store takes nothing more now. */
static bool
write_one(struct record *rec, struct live *l)
{
	char err[STORE_ERR_MAX];
	bool ok;

	l->r.facts = view_of(l->facts, l->n_facts);
	ok = history_put(rec->history, &l->r, err, sizeof(err)) &&
	     (!l->decided ||
		 history_put_decided(rec->history, &l->r.id, l->decided, err, sizeof(err)));
	l->r.facts = view_of(NULL, 0);
	if (ok)
		return true;
	bool later = history_may_recover(rec->history);
	history_failed(rec, err);
	if (!later) /* this one is never stored: it must not hold up the others */
		rec->n_attempts_lost++;
	return !later;
}

/* It is stored: what was kept for it is let go, all of it when it has ended. */
static void
written(struct record *rec, struct live *l)
{
	free(l->decided);
	l->decided = NULL;
	l->n_facts = 0;
	free(l->facts);
	l->facts = NULL;
	l->dirty = false;
	if (l->r.ended)
		drop(rec, l);
}

/*
 * The store does not take writes (locked, disk full). What ended waits for it a while, then makes
 * way: a record that cannot write must not grow without bound.
 */
static void
write_later(struct record *rec)
{
	struct list *n, *tmp;

	loop_timer_at(rec->flush_timer, loop_now(rec->host->loop)->ms + RETRY_MS);
	rec->flush_armed = true;
	rec->n_flush_failures++;
	if (rec->n_live <= LIVE_PATIENT_MAX ||
	    (rec->n_flush_failures < RETRIES_MAX && rec->n_live < LIVE_WAITING_MAX))
		return;
	for (size_t i = 0; i < LIVE_BUCKETS; i++) {
		list_each (n, tmp, &rec->live[i]) {
			struct live *l = container_of(n, struct live, node);
			if (l->known && l->r.ended) {
				rec->n_attempts_lost++;
				drop(rec, l);
			}
		}
	}
}

static bool
write_all(struct record *rec, char *err, size_t cap)
{
	struct list *n, *tmp;

	if (!history_begin(rec->history, err, cap)) {
		history_failed(rec, err);
		return false;
	}
	for (size_t i = 0; i < LIVE_BUCKETS; i++) {
		list_each (n, tmp, &rec->live[i]) {
			struct live *l = container_of(n, struct live, node);
			if (l->dirty && !write_one(rec, l)) {
				history_rollback(rec->history);
				return false;
			}
		}
	}
	if (history_commit(rec->history, err, cap))
		return true;
	history_failed(rec, err);
	return false;
}

/* All that is new, in one transaction. Nothing is forgotten before it is committed. */
void
record_flush(struct record *rec)
{
	char err[STORE_ERR_MAX];
	struct list *n, *tmp;
	bool any = false;

	rec->flush_armed = false;
	if (!write_all(rec, err, sizeof(err))) {
		write_later(rec);
		return;
	}
	for (size_t i = 0; i < LIVE_BUCKETS; i++) {
		list_each (n, tmp, &rec->live[i]) {
			struct live *l = container_of(n, struct live, node);
			any = any || l->dirty;
			if (l->dirty)
				written(rec, l);
		}
	}
	if (any) /* an empty transaction proves nothing */
		history_works(rec);
}

/* Facts of attempts that never came: forgotten after a while, or for want of room. */
static void
prune_pending(struct record *rec)
{
	uint64_t now_ms = loop_now(rec->host->loop)->ms;

	while (!list_empty(&rec->pending)) {
		struct live *l = container_of(rec->pending.next, struct live, byages);
		if (rec->n_pending <= PENDING_MAX && rec->pending_bytes <= PENDING_BYTES_MAX &&
		    l->seen_ms + PENDING_MS > now_ms)
			return;
		drop(rec, l);
	}
}

static void
on_flush(void *ctx)
{
	struct record *rec = ctx;

	record_flush(rec);
	prune_pending(rec);
}

static void
copy_text(struct view v, char *out, size_t cap)
{
	size_t n = v.n < cap ? v.n : cap - 1;

	if (n)
		memcpy(out, v.p, n);
	out[n] = 0;
}

static void
take(struct attempt_record *r, const struct msg_attempt *m)
{
	r->tunnel = (enum tunnel_kind)m->tunnel;
	r->peer = m->peer;
	r->local = m->local;
	r->began_unix_us = m->began_unix_us;
	r->duration_ms = m->duration_ms;
	r->stage = m->stage < N_STAGE ? (enum stage)m->stage : STAGE_ARRIVED;
	r->ended = m->ended;
	r->cause = (enum cause)m->cause;
	r->ended_by = (enum party)m->ended_by;
	r->method = (enum auth_method)m->method;
	copy_text(m->user, r->user, sizeof(r->user));
	copy_text(m->account, r->account, sizeof(r->account));
	copy_text(m->policy, r->policy, sizeof(r->policy));
	copy_text(m->device, r->device, sizeof(r->device));
	r->address = m->address;
	r->prefix6 = m->prefix6;
	r->in_bytes = m->in_bytes;
	r->out_bytes = m->out_bytes;
	r->in_pkts = m->in_pkts;
	r->out_pkts = m->out_pkts;
}

/* Whether a live attempt is another worker's: who speaks of it was broken into. */
static bool
is_anothers(const struct live *l, unsigned int worker)
{
	return l && l->known && l->confirmed && l->worker != worker;
}

/* A worker of this run speaks of it. */
static void
confirm(struct record *rec, struct live *l, unsigned int worker)
{
	if (l->confirmed)
		rec->n_of_worker[l->worker]--;
	l->worker = worker;
	l->confirmed = true;
	rec->n_of_worker[worker]++;
	l->seen_ms = loop_now(rec->host->loop)->ms;
}

/* A worker that speaks of more than it can have was broken into: it fills no memory here. */
static bool
speaks_of_too_many(const struct record *rec, unsigned int worker)
{
	const struct conf *c = rec->host->conf;

	return rec->n_of_worker[worker] >= (c ? c->sstp_connections : 0) + LIVE_SPARE;
}

void
record_on_attempt(struct record *rec, unsigned int worker, const struct msg_attempt *m)
{
	struct live *l = find(rec, &m->attempt);

	if (!rec->history || is_anothers(l, worker))
		return;
	if ((!l || !l->confirmed) && speaks_of_too_many(rec, worker)) {
		rec->n_attempts_lost++;
		return;
	}
	if (l && !l->known) {
		list_remove(&l->byages);
		rec->n_pending--;
		rec->pending_bytes -= l->n_facts;
		rec->n_live++;
		l->known = true;
	}
	if (!l)
		l = add(rec, &m->attempt, true);
	if (!l)
		return;
	if (l->r.ended) /* the first end stays */
		return;
	enum stage before = l->r.stage;
	bool first = !l->r.began_unix_us;
	take(&l->r, m);
	confirm(rec, l, worker);
	set_dirty(rec, l);
	if (l->r.ended)
		record_journal(rec, &l->r);
	if (l->r.ended)
		record_log_attempt(rec, &l->r, LOG_ENDED);
	else if (l->r.stage == STAGE_UP && before != STAGE_UP)
		record_log_attempt(rec, &l->r, LOG_UP);
	else if (first)
		record_log_attempt(rec, &l->r, LOG_BEGAN);
}

void
record_on_facts(
    struct record *rec, enum role_id from, unsigned int index, const struct msg_facts *m)
{
	struct live *l = find(rec, &m->attempt);
	char err[STORE_ERR_MAX];
	bool stored = false;

	if (!rec->history || (from == ROLE_NET && is_anothers(l, index)))
		return;
	if (!l &&
	    !history_add_facts(rec->history, &m->attempt, m->facts, &stored, err, sizeof(err))) {
		history_failed(rec, err);
		rec->n_facts_lost += stored;
	}
	if (stored)
		return;
	if (!l)
		l = add(rec, &m->attempt, false);
	if (!l)
		return;
	keep_facts(rec, l, m->facts);
	if (l->known)
		set_dirty(rec, l);
	else
		prune_pending(rec);
}

static void
put_late(struct record *rec, const struct msg_decided *m, bool *stored)
{
	struct history_decided *d = NULL;
	char err[STORE_ERR_MAX];

	if (!history_add_facts(
		rec->history, &m->attempt, view_of(NULL, 0), stored, err, sizeof(err)))
		history_failed(rec, err);
	if (*stored)
		d = record_decided(m);
	if (d && !history_put_decided(rec->history, &m->attempt, d, err, sizeof(err)))
		history_failed(rec, err);
	free(d);
}

/* Comes before the answer goes to net, so before the attempt's own end; a later proof's counts. */
void
record_on_decided(struct record *rec, const struct msg_decided *m)
{
	struct live *l = rec->history ? find(rec, &m->attempt) : NULL;
	bool stored = false;

	if (!rec->history)
		return;
	if (!l) /* stored already? then it goes there */
		put_late(rec, m, &stored);
	if (stored)
		return;
	if (!l)
		l = add(rec, &m->attempt, false);
	if (!l)
		return;
	free(l->decided);
	l->decided = record_decided(m);
	if (l->known)
		set_dirty(rec, l);
	else
		prune_pending(rec);
}

void
record_on_counted(struct record *rec, const struct msg_counted *m)
{
	struct history_count c = { .cause = (enum cause)m->cause,
		.prefix = { m->prefix, m->prefix_len },
		.minute = m->minute,
		.attempts = m->attempts };
	char err[STORE_ERR_MAX];

	if (!rec->history)
		return;
	if (!history_count_add(rec->history, &c, err, sizeof(err))) {
		history_failed(rec, err);
		rec->n_attempts_lost += m->attempts;
	}
}

void
record_on_counters(struct record *rec, unsigned int worker, const struct msg_counters *m)
{
	struct live *l = record_live(rec, &m->attempt);

	if (!l || is_anothers(l, worker))
		return;
	confirm(rec, l, worker);
	l->r.in_bytes = m->in_bytes;
	l->r.out_bytes = m->out_bytes;
	l->r.in_pkts = m->in_pkts;
	l->r.out_pkts = m->out_pkts;
	l->drops = m->drops;
}

/* Ends what nobody will end any more, with the evidence that record itself has. */
static void
end_lost(struct record *rec, struct live *l, const char *how)
{
	const struct now *now = loop_now(rec->host->loop);
	int64_t duration_us = now->unix_us - l->r.began_unix_us;
	uint8_t buf[2 * FACT_ENCODED_MAX];
	struct wr w = wr_over(buf, sizeof(buf));
	struct fact facts[2] = { FACT_MAKE(FACT_ROLE_LOST, F_STR(role_name(ROLE_NET)), F_STR(how)),
		FACT_MAKE(FACT_ENDED, F_STR(cause_info(CAUSE_WORKER_DIED)->name),
		    F_STR(party_name(PARTY_US))) };

	if (duration_us > 0)
		l->r.duration_ms = (uint64_t)duration_us / 1000;
	for (size_t i = 0; i < 2; i++) {
		facts[i].witness = BY_RECORD;
		facts[i].at_ms = l->r.duration_ms;
		fact_write(&w, &facts[i]);
	}
	keep_facts(rec, l, wr_view_of(&w));
	l->r.ended = true;
	l->r.cause = CAUSE_WORKER_DIED;
	l->r.ended_by = PARTY_US;
	set_dirty(rec, l);
	record_journal(rec, &l->r);
}

static void
end_where(struct record *rec, bool any_worker, unsigned int worker, const char *how)
{
	struct list *n, *tmp;

	for (size_t i = 0; i < LIVE_BUCKETS; i++) {
		list_each (n, tmp, &rec->live[i]) {
			struct live *l = container_of(n, struct live, node);
			if (!l->known || l->r.ended)
				continue;
			if (any_worker ? !l->confirmed : l->confirmed && l->worker == worker)
				end_lost(rec, l, how);
		}
	}
}

void
record_worker_lost(struct record *rec, unsigned int worker, const char *how)
{
	end_where(rec, false, worker, how);
	record_flush(rec);
}

/* Sessions of an earlier run of which no worker has spoken: they ended unseen. */
static void
on_orphans(void *ctx)
{
	end_where(ctx, true, 0, "it ended before this start without saying goodbye");
}

static bool
take_unended(void *ctx, const struct attempt_record *r)
{
	struct record *rec = ctx;
	struct live *l = add(rec, &r->id, true);

	if (l) {
		l->r = *r;
		l->r.facts = view_of(NULL, 0);
	}
	return l != NULL;
}

bool
record_attempts_open(struct record *rec, char *err, size_t cap)
{
	struct history_filter live = { .live = true };

	if (history_list(rec->history, &live, 0, false, take_unended, rec, err, cap) < 0)
		return false;
	rec->flush_timer = loop_timer_new(rec->host->loop, on_flush, rec);
	rec->orphan_timer = loop_timer_new(rec->host->loop, on_orphans, rec);
	if (!rec->flush_timer || !rec->orphan_timer) {
		snprintf(err, cap, "memory is out");
		return false;
	}
	/* Workers that outlived us speak of their sessions when asked without a number. */
	for (unsigned int i = 0; i < WORKERS_MAX; i++) {
		struct msg ask = { .id = MSG_COUNTERS_ASK };
		if (host_has(rec->host, ROLE_NET, i) &&
		    !host_send(rec->host, ROLE_NET, i, &ask, -1))
			continue;
	}
	if (rec->n_live)
		loop_timer_at(rec->orphan_timer, loop_now(rec->host->loop)->ms + ORPHAN_MS);
	return true;
}

void
record_attempts_close(struct record *rec)
{
	struct list *n, *tmp;

	if (rec->going)
		record_flush(rec);
	for (size_t i = 0; i < LIVE_BUCKETS; i++)
		list_each (n, tmp, &rec->live[i])
			drop(rec, container_of(n, struct live, node));
	loop_timer_free(rec->flush_timer);
	loop_timer_free(rec->orphan_timer);
}
