/* The inside of the engine, shared by engine*.c only. See engine.h. */
#ifndef AAA_ENGINE_PRIV_H
#define AAA_ENGINE_PRIV_H

#include "aaa/account_state.h"
#include "aaa/engine.h"
#include "aaa/lease.h"
#include "aaa/lease6.h"
#include "aaa/lockout.h"
#include "aaa/policy.h"
#include "aaa/ports.h"
#include "base/list.h"

#define FACTS_MAX 16384u

#define LOOKS_MAX 8u /* addresses in use by neighbours that one attempt passes over */

enum wait {
	WAIT_NONE,
	WAIT_CHECK,
	WAIT_LOOK,
	WAIT_KEEP,
	WAIT_PLUMB,
	WAIT_UNPLUMB,
	WAIT_CHANGE,
	WAIT_COMMIT
};

/* What the peer gets once record has committed its new password. */
struct change_keys {
	char success[MSCHAP_SUCCESS_TEXT];
	uint8_t server_send[16], server_recv[16];
};

/*
 * What aaa knows of one attempt: there while a question is out, and while it holds a port. At most
 * one question at a time.
 */
/* Who somebody says to be. */
struct claim {
	uint16_t n_sent;
	uint8_t sent[NAME_MAX_BYTES];
	struct lookup_name lookup, full;
};

struct session {
	struct map_node by_attempt, by_question;
	struct list in_wait; /* engine.waiting, by deadline; engine.unsent for WAIT_UNPLUMB */
	struct attempt_id attempt;
	unsigned int worker;
	uint32_t seq; /* the worker's number of the request being answered */
	enum wait wait;
	uint64_t question, deadline_ms;
	uint64_t began_ms; /* of that request */
	/* AUTHENTICATE */
	enum tunnel_kind tunnel;
	enum auth_method method;
	struct ip_addr client, server; /* outer addresses: theirs, and ours that was called */
	struct claim *claim;           /* from a request until it is settled; owned */
	enum cause name_cause;         /* why the name is nobody's, found while reading it */
	bool other_known;              /* R27: in the other encoding it would be somebody's */
	uint64_t account;              /* 0 = nobody's */
	struct policy_set *terms;      /* the generation it began under */
	struct change_keys change;     /* WAIT_COMMIT */
	/* once it is authenticated */
	bool has_port;
	bool has_address; /* address and prefix6, those that are not none, are leased */
	bool routed;      /* monitor was asked for the routes to them */
	uint8_t n_looks;
	struct ip_addr wanted; /* what the peer asked for */
	struct ip_addr fixed;  /* the account's own address, or none */
	struct ip_addr address, prefix6;
	const struct profile *profile; /* shared; NULL until something is granted */
};

struct engine {
	engine_send_fn send;
	void *ctx;
	struct map by_attempt, by_question;
	uint32_t
	    asked; /* workers that have asked something: what they hold is known (1u << index) */
	struct list waiting, unsent;
	unsigned int n_waiting;
	uint32_t last_question;
	uint64_t unsent_retry_ms;
	char vault_how[128]; /* how the vault ended, last time */
	/* accounts */
	struct roster *roster;
	bool synced;       /* all accounts have come once */
	bool sync_wanted;  /* a SYNC_ASK is to be sent */
	bool sync_running; /* and this one has been */
	uint64_t sync_retry_ms;
	/* configuration */
	struct name_rules names;
	struct account_rules rules;
	struct lockout_rules lockout_rules;
	struct lockouts *lockouts;
	uint64_t lockout_save_ms;
	struct policy_set *policies;
	struct leases *leases;
	struct leases6 *leases6;
	struct ports ports;
	unsigned int pool_warning;   /* percent; 0 = never */
	bool warned[CONF_POOLS_MAX]; /* of this pool being nearly full */
	uint64_t look_ms;            /* when an address is to be looked at beforehand */
	uint64_t owed_retry_ms;      /* leases that record did not take */
	/* what workers hold, after a start of aaa */
	unsigned int n_workers;
	uint32_t told; /* workers that have said it all */
	bool in_doubt;
	uint64_t doubt_until_ms;
	bool remote_access, ip_on, ip6_on;
	unsigned int tunnel_mask, method_mask;
	/* facts of the request being handled */
	struct wr facts;
	uint8_t facts_buf[FACTS_MAX];
	uint64_t facts_lost; /* messages that record did not take */
};

static inline uint32_t
engine_worker_bit(unsigned int index)
{
	return 1u << (index & 31); /* at most 15 workers */
}

/* engine.c */
enum engine_sent engine_send(
    struct engine *e, enum role_id to, unsigned int index, const struct msg *m);
void engine_note(
    struct engine *e, const struct session *s, const struct fact *f, const struct now *now);
void engine_send_facts(struct engine *e, const struct attempt_id *attempt);

/* engine_session.c */
struct session *session_find(const struct engine *e, const struct attempt_id *attempt);
struct session *session_new(
    struct engine *e, const struct attempt_id *attempt, unsigned int worker);
struct session *session_asked(const struct engine *e, uint64_t question, enum wait wait);
void session_wait(struct engine *e, struct session *s, enum wait wait, const struct now *now);
void session_answered(struct engine *e, struct session *s);
/* What was granted; of a session from before a start of aaa nothing is known. */
const struct profile *session_terms(const struct session *s);
/* Gives address and prefix back to the pools, without a word to monitor. */
void session_give_back(struct engine *e, struct session *s);
void session_release_address(struct engine *e, struct session *s, const struct now *now);
void session_end(struct engine *e, struct session *s, const struct now *now);
void session_retry_unsent(struct engine *e, const struct now *now);
void session_forget_all(struct engine *e);

/* What is told of one request when it is settled. */
struct outcome {
	enum cause cause;
	const char *verified;     /* the vault's word for people; NULL: it was not asked */
	const struct decision *d; /* NULL: no policy was asked */
	const struct msg_check_reply *keys; /* when all is well */
	bool may_retry;
};

/* engine_note.c */
void engine_note_request(
    struct engine *e, struct session *s, const struct account *a, const struct now *now);
void engine_note_state(struct engine *e, const struct session *s, const struct account *a,
    enum cause cause, const struct now *now);
void engine_note_decision(
    struct engine *e, const struct session *s, const struct decision *d, const struct now *now);
void engine_note_ports(struct engine *e, const struct session *s, const struct now *now);

/* engine_lockout.c */

/* What a proof comes to: the cause as it is, or that of the lockout; failures are counted. */
enum cause engine_lockout(
    struct engine *e, const struct session *s, enum cause proof, const struct now *now);
void engine_save_lockouts(struct engine *e, const struct now *now);
void engine_on_lockout(struct engine *e, const struct msg_lockout *m);
void engine_on_unlock(struct engine *e, const struct msg_unlock *m, const struct now *now);

/* engine_change.c */
void engine_ask_change(
    struct engine *e, struct session *s, const struct auth_request *q, const struct now *now);
void engine_on_changed(struct engine *e, const struct msg_changed *m, const struct now *now);
void engine_on_password_set_done(
    struct engine *e, const struct msg_password_set_done *m, const struct now *now);
void engine_change_lost(
    struct engine *e, struct session *s, const char *lost, const struct now *now);

/* engine_auth.c */

/* Records and answers; s is gone afterwards unless it holds a port. */
void engine_settle(
    struct engine *e, struct session *s, const struct outcome *o, const struct now *now);
void engine_refuse(struct engine *e, struct session *s, enum cause cause, const struct now *now);

/* What the vault's word means for this name. CAUSE_NONE: the proof is good. */
enum cause engine_proof_cause(const struct session *s, const struct account *a, uint8_t result);

/* R33: the state of the account, and then that of its password. a may be NULL. */
enum cause engine_account_cause(
    const struct engine *e, const struct account *a, const struct now *now);

/* The decision on a session whose account is in this state. */
void engine_judge_session(struct engine *e, const struct session *s, const struct account *a,
    enum cause state, const struct now *now, struct decision *out);

/* Claims a port and keeps the terms of a decision that grants, or tells why it cannot. */
enum cause engine_take_terms(
    struct engine *e, struct session *s, const struct account *a, const struct decision *d);
void engine_on_auth(
    struct engine *e, unsigned int index, const struct msg_auth *m, const struct now *now);
void engine_on_check_reply(
    struct engine *e, const struct msg_check_reply *m, const struct now *now);
void engine_check_lost(
    struct engine *e, struct session *s, const char *lost, const struct now *now);

/*
 * The server's own switches, before anybody is asked: CAUSE_NONE, or what is off.
 */
enum cause engine_gate(const struct engine *e, enum tunnel_kind tunnel);

/* State of the account, then policy: the whole of DECIDE. account may be NULL. */
void engine_judge(const struct engine *e, const struct policy_set *terms,
    const struct policy_request *r, const struct account *account, const struct now *now,
    struct decision *out);

/* engine_lease.c */
void engine_on_lease(
    struct engine *e, unsigned int index, const struct msg_lease *m, const struct now *now);
void engine_on_plumb_done(struct engine *e, const struct msg_plumb_done *m, const struct now *now);
void engine_on_session_end(
    struct engine *e, unsigned int index, const struct msg_session_end *m, const struct now *now);
void engine_on_session_held(struct engine *e, unsigned int index, const struct msg_session_held *m);
void engine_on_looked(struct engine *e, const struct msg_looked *m, const struct now *now);
void engine_on_lease_kept(struct engine *e, const struct msg_lease_kept *m, const struct now *now);
/* Whoever was asked is silent or gone: the address is used nevertheless. */
void engine_look_lost(struct engine *e, struct session *s, const struct now *now);
void engine_keep_lost(struct engine *e, struct session *s, const struct now *now);
void engine_plumb_lost(struct engine *e, struct session *s, bool timed_out, const struct now *now);

/* engine_lease6.c */

/* Takes a prefix for a session whose IPv4 address was leased, or not for this cause; what then
 * holds for the session as a whole. */
enum cause engine_join_prefix(
    struct engine *e, struct session *s, enum cause address, const struct now *now);
void engine_note_prefix(struct engine *e, const struct session *s, const struct now *now);

/* engine_store.c: leases in accounts.db, and what workers hold after a start of aaa */
enum engine_sent engine_keep_lease(struct engine *e, const struct ip_addr *a, uint32_t seq);
void engine_forget_lease(struct engine *e, const struct ip_addr *a);
void engine_pay_owed(struct engine *e, const struct now *now);
void engine_on_lease_known(struct engine *e, const struct msg_lease_known *m);
void engine_on_sessions_told(struct engine *e, unsigned int index, const struct now *now);
void engine_doubt_check(struct engine *e, const struct now *now);

/* engine_pool.c: neighbours, and pools that are nearly full */
enum engine_sent engine_look(struct engine *e, const struct ip_addr *a, uint32_t seq);
void engine_look_ahead(struct engine *e, const struct now *now);
void engine_saw_conflict(
    struct engine *e, const struct session *s, const struct msg_looked *m, const struct now *now);
void engine_pool_check(struct engine *e, const struct session *s, const struct now *now);
void engine_notice(struct engine *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* engine_decided.c */

/* All that a decision was made of. attempt is NULL for `policy explain`, which has a seq. */
struct engine_decided {
	const struct attempt_id *attempt;
	uint32_t seq;
	const struct policy_set *terms;
	const struct policy_request *request;
	const struct account *account; /* NULL: nobody's */
	const struct decision *decision;
	int64_t unix_s;
};

void engine_tell_decided(struct engine *e, const struct engine_decided *x);

/* An account as it is, but in some more groups (one a line): x, or a when there are no more. */
struct explain_account {
	uint8_t groups[12288];
	struct account account; /* at the end, as it ends in an open array */
};

const struct account *engine_account_in_groups(
    struct explain_account *x, const struct account *a, struct view more_groups);

/* engine_admin.c */
void engine_on_explain(struct engine *e, const struct msg_explain *m, const struct now *now);
void engine_on_status_ask(struct engine *e, const struct msg_status_ask *m, const struct now *now);

#endif
