/*
 * The record role inside: the only writer of both databases, the table of live sessions, the
 * streams to aaa and vault, the control socket. See record.c for the whole.
 */
#ifndef ROLES_RECORD_PRIV_H
#define ROLES_RECORD_PRIV_H

#include "attempt/record.h"
#include "base/list.h"
#include "os/lines.h"
#include "os/store_accounts.h"
#include "os/store_history.h"
#include "roles/host.h"

#include <jansson.h>

#define LIVE_BUCKETS 4096u
#define CTL_CLIENTS_MAX 32u
#define CTL_LINE_MAX 65536u          /* of a request */
#define CTL_OUT_MAX (32u << 20)      /* waiting for one client */
#define CTL_ROWS_MAX 10000u          /* of one list */
#define CTL_ANSWER_MS 2000u          /* how long a role may take to answer */
#define LIVE_SPARE 20000u            /* a worker's attempts in memory beyond its connections */
#define PENDING_MAX 1024u            /* attempts whose facts came before they did */
#define PENDING_BYTES_MAX (4u << 20) /* of these facts */
#define PENDING_MS 180000u
#define SYNC_BATCH 64u
#define LOG_ROWS_MAX 128u      /* kept of events, and of attempts */
#define RECORD_LEASES_MAX 256u /* leases of one commit */

/* An attempt that has not ended, or whose facts came before it did. */
struct live {
	struct list node;   /* of its bucket */
	struct list byages; /* of all pending ones, oldest first; unlinked when known */
	struct attempt_record r;
	bool known;     /* an ATTEMPT has come; else only facts */
	bool confirmed; /* a worker of this run spoke of it */
	bool dirty;     /* to be written at the end of the turn */
	unsigned int worker;
	uint64_t seen_ms, drops;
	struct history_decided
	    *decided;   /* its decision, not written yet; with its request behind it */
	uint8_t *facts; /* not written yet */
	size_t n_facts;
};

/* A stream of all rows to aaa or vault, with a place to go on. */
struct sync {
	bool active;
	bool begun;     /* monitor was told that it begins */
	bool leases;    /* the accounts are through, the leases are next */
	uint64_t after; /* accounts up to this id are sent */
	uint64_t n_rows;
	/* Accounts whose change the channel did not take; they are sent again. */
	uint64_t *again;
	size_t n_again, cap_again;
};

/* The last rows of `rrasctl log`, as it gets them. */
struct log_ring {
	json_t *rows[LOG_ROWS_MAX];
	unsigned int n; /* ever; the last ones stand at their number modulo the size */
};

struct record {
	struct role_host *host;
	struct accounts *accounts;
	struct history *history;
	char accounts_path[300], history_path[300];
	char notice[STORE_ERR_MAX]; /* of the start: history moved aside */
	char history_err[STORE_ERR_MAX];
	uint64_t n_history_errors, n_attempts_lost, n_facts_lost, n_journal_lost;
	unsigned int n_flush_failures;
	bool flush_armed;
	bool history_down; /* its last write failed, and that was said */
	int journal_fd, control_fd;
	int reserve_fd; /* given up to turn a client away; -1 = none */
	bool going;

	struct list live[LIVE_BUCKETS];
	struct list pending; /* struct live.byages */
	unsigned int n_live, n_pending;
	unsigned int n_of_worker[WORKERS_MAX]; /* of n_live, those that a worker spoke of */
	size_t pending_bytes;
	struct loop_timer *flush_timer, *orphan_timer, *sync_timer;

	struct account_lockout lockouts_after; /* the last count sent, once begun */
	bool lockouts_begun;
	struct sync to_aaa, to_vault, to_monitor;
	struct record_leases *leases;

	struct loop_fd *control_watch;
	struct list clients, questions;
	unsigned int n_clients;
	uint32_t seq;
	gid_t control_gid; /* whose members may use the socket; (gid_t)-1: root only */
	bool control_read_only;
	struct log_ring events,
	    ends; /* of monitor's log, and of attempts: apart, as these come in floods */
};

/* record_attempts.c */
bool record_attempts_open(struct record *rec, char *err, size_t cap);
void record_attempts_close(struct record *rec);
void record_on_attempt(struct record *rec, unsigned int worker, const struct msg_attempt *m);
void record_on_facts(
    struct record *rec, enum role_id from, unsigned int index, const struct msg_facts *m);
void record_on_decided(struct record *rec, const struct msg_decided *m);
void record_on_counted(struct record *rec, const struct msg_counted *m);
void record_on_counters(struct record *rec, unsigned int worker, const struct msg_counters *m);
void record_worker_lost(struct record *rec, unsigned int worker, const char *how);
/* Writes what waits; also before a list is read. */
void record_flush(struct record *rec);
/* The live attempt with this id, or NULL. */
struct live *record_live(struct record *rec, const struct attempt_id *id);

/* record_decided.c: a decision's request as JSON, malloc'ed in one piece; NULL: memory. */
struct history_decided *record_decided(const struct msg_decided *m);
/* Keeps the policies of a configuration in the history, by their hash. */
void record_keep_policies(struct record *rec, const struct conf *c);
/* What `policy explain` was asked about: goes to its question. */
void record_ctl_decided(struct record *rec, const struct msg_decided *m);

/* record_journal.c: one structured entry for an attempt that ended, if there is a journal. */
void record_journal(struct record *rec, const struct attempt_record *r);

/* record_log.c: `rrasctl log` */
enum log_step { LOG_BEGAN, LOG_UP, LOG_ENDED };
void record_log_event(struct record *rec, const struct msg_event *m);
void record_log_attempt(struct record *rec, const struct attempt_record *r, enum log_step step);
void record_log_close(struct record *rec);

/* record_leases.c */
MUST_USE bool record_leases_open(struct record *rec, char *err, size_t cap);
void record_leases_close(struct record *rec);
void record_leases_flush(struct record *rec);
void record_on_lease_keep(struct record *rec, const struct msg_lease_keep *m);
void record_leases_begin(struct record *rec);
/* Sends the next rows to aaa. False: its queue is full, or the store failed; call again. */
MUST_USE bool record_leases_stream(struct record *rec);

/* record_sync.c */
void record_sync_start(struct record *rec, enum role_id to);
/* For those who asked before the databases were open. */
void record_sync_resume(struct record *rec);
void record_sync_stop(struct record *rec, enum role_id to);
/* Tells aaa and vault what the store now says of an account (or that it is gone). */
void record_sync_account(struct record *rec, uint64_t id);
/* record_lockout.c */
void record_on_lockout(struct record *rec, const struct msg_lockout *m);
/* All counts to aaa. False: the channel is full; call again. */
MUST_USE bool record_lockouts_stream(struct record *rec);

/* A password that its user has changed: commits, tells both, and answers aaa. */
void record_on_password_set(struct record *rec, const struct msg_password_set *m);
void record_sync_close(struct record *rec);

#endif
