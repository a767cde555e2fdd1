/*
 * The record role: the only writer of SQLite. It streams accounts to aaa and sealed secrets to the
 * vault, keeps what net, aaa and monitor say of attempts, and answers rrasctl on the control
 * socket. It takes no part in a decision: when it is gone, log-ins go on.
 */
#include "roles/record_ctl.h"
#include "roles/record_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void record_close(void *role);

static void *
record_open(struct role_host *h)
{
	struct record *rec = calloc(1, sizeof(*rec));

	if (!rec)
		return NULL;
	rec->host = h;
	rec->journal_fd = rec->control_fd = rec->reserve_fd = -1;
	list_init(&rec->pending);
	list_init(&rec->clients);
	list_init(&rec->questions);
	for (size_t i = 0; i < LIVE_BUCKETS; i++)
		list_init(&rec->live[i]);
	return rec;
}

/* Paths are taken once: the databases stay open over a reload. */
static bool
record_configure(void *role, const struct conf *c, char *err, size_t cap)
{
	struct record *rec = role;

	(void)err;
	(void)cap;
	if (rec->going) {
		record_keep_policies(rec, c);
		return true;
	}
	snprintf(
	    rec->accounts_path, sizeof(rec->accounts_path), "%s/%s", c->state_dir, ACCOUNTS_FILE);
	snprintf(rec->history_path, sizeof(rec->history_path), "%s/%s", c->state_dir, HISTORY_FILE);
	return true;
}

static bool
record_go(void *role, char *err, size_t cap)
{
	struct record *rec = role;
	struct history_limits limits =
	    history_limits_of(rec->host->conf ? rec->host->conf->attempts_kept : 0);

	if (rec->going)
		return true;
	rec->accounts = accounts_open(rec->accounts_path, err, cap);
	if (!rec->accounts)
		return false;
	rec->history = history_open(
	    rec->history_path, HISTORY_WRITE, &limits, rec->notice, sizeof(rec->notice));
	if (!rec->history) {
		snprintf(err, cap, "%s", rec->notice);
		return false;
	}
	if (rec->notice[0])
		fprintf(stderr, "rrasd: %s\n", rec->notice);
	if (!record_leases_open(rec, err, cap) || !record_attempts_open(rec, err, cap) ||
	    !record_ctl_open(rec, err, cap))
		return false;
	rec->going = true;
	record_sync_start(rec, ROLE_MONITOR);
	if (rec->host->conf)
		record_keep_policies(rec, rec->host->conf);
	record_sync_resume(rec);
	return true;
}

static void
take_file(struct record *rec, const struct msg_file *m, int fd)
{
	int *at = m->purpose == FILE_CONTROL   ? &rec->control_fd
	          : m->purpose == FILE_JOURNAL ? &rec->journal_fd
	                                       : NULL;

	if (!at) {
		close(fd);
		return;
	}
	if (*at >= 0)
		close(*at);
	*at = fd;
}

static void
record_message(void *role, enum role_id from, unsigned int index, const struct msg *m, int fd)
{
	struct record *rec = role;

	switch ((unsigned int)m->id) { /* the channel let nothing else through */
	case MSG_FILE:
		take_file(rec, &m->u.file, fd);
		return;
	case MSG_SYNC_ASK:
		record_sync_start(rec, from);
		return;
	case MSG_LEASE_KEEP:
		record_on_lease_keep(rec, &m->u.lease_keep);
		return;
	case MSG_LOCKOUT:
		record_on_lockout(rec, &m->u.lockout);
		return;
	case MSG_PASSWORD_SET:
		record_on_password_set(rec, &m->u.password_set);
		return;
	case MSG_ATTEMPT:
		record_on_attempt(rec, index, &m->u.attempt);
		return;
	case MSG_FACTS:
		record_on_facts(rec, from, index, &m->u.facts);
		return;
	case MSG_DECIDED:
		if (m->u.decided.seq)
			record_ctl_decided(rec, &m->u.decided);
		else
			record_on_decided(rec, &m->u.decided);
		return;
	case MSG_COUNTED:
		record_on_counted(rec, &m->u.counted);
		return;
	case MSG_COUNTERS:
		record_on_counters(rec, index, &m->u.counters);
		return;
	case MSG_SEALED:
		record_ctl_answer(rec, from, index, m->u.sealed.seq, m);
		return;
	case MSG_DISCONNECTED:
		record_ctl_answer(rec, from, index, m->u.disconnected.seq, m);
		return;
	case MSG_EXPLAINED:
		record_ctl_answer(rec, from, index, m->u.explained.seq, m);
		return;
	case MSG_STATUS:
		record_ctl_answer(rec, from, index, m->u.status.seq, m);
		return;
	case MSG_RELOADED:
		record_ctl_answer(rec, from, index, m->u.reloaded.seq, m);
		return;
	case MSG_EVENT:
		record_log_event(rec, &m->u.event);
		return;
	case MSG_COUNTERS_DONE:
		record_ctl_answer(rec, from, index, m->u.counters_done.seq, m);
		return;
	default:
		if (fd >= 0)
			close(fd);
	}
}

static void
record_peer_lost(void *role, enum role_id who, unsigned int index, const char *how)
{
	struct record *rec = role;

	record_sync_stop(rec, who);
	record_ctl_lost(rec, who, index);
	if (who == ROLE_NET && rec->going)
		record_worker_lost(rec, index, how);
}

static void
record_stop(void *role)
{
	struct record *rec = role;

	record_leases_flush(rec);
	if (rec->going)
		record_flush(rec);
}

static void
record_close(void *role)
{
	struct record *rec = role;

	if (!rec)
		return;
	record_ctl_close(rec);
	record_sync_close(rec);
	record_leases_close(rec);
	record_attempts_close(rec);
	history_close(rec->history);
	accounts_close(rec->accounts);
	if (rec->journal_fd >= 0)
		close(rec->journal_fd);
	if (rec->control_fd >= 0)
		close(rec->control_fd);
	if (rec->reserve_fd >= 0)
		close(rec->reserve_fd);
	free(rec);
}

const struct role_ops role_record = {
	.id = ROLE_RECORD,
	.open = record_open,
	.configure = record_configure,
	.go = record_go,
	.message = record_message,
	.peer_lost = record_peer_lost,
	.stop = record_stop,
	.close = record_close,
};
