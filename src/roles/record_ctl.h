/*
 * The control socket: one JSON object a line each way, described in rrasctl(8). A client has one
 * question at a time; a question may wait for other roles, each wait with an end. A client that is
 * gone or slow holds nobody up.
 */
#ifndef ROLES_RECORD_CTL_H
#define ROLES_RECORD_CTL_H

#include "roles/record_priv.h"

struct question;

struct rctl_client {
	struct list node;
	struct record *rec;
	struct lines *lines;
	struct question *question; /* the one being answered */
	bool broken;               /* it does not read: dropped when the question is over */
	bool may_change;           /* else it may look only */
};

/* One role that has been asked and has not answered yet. */
struct rctl_wait {
	uint32_t seq;
	enum role_id role;
	unsigned int index;
};

struct question {
	struct list node;
	struct record *rec;
	struct rctl_client *client; /* NULL: gone; the question still ends in order */
	json_t *in;                 /* the request */
	json_t *out;                /* what has been gathered, owned */
	struct rctl_wait *waits;
	size_t n_waits;
	struct loop_timer *timer;
	unsigned int n_lost; /* roles that ended or were too late */
	bool ended;
	bool follows; /* `log --follow`: it lasts until the client goes */
	/* An answer has come, or (m NULL) will not come any more. */
	void (*on_answer)(struct question *q, const struct rctl_wait *w, const struct msg *m);
	/* All waits are over. Ends the question. */
	void (*on_done)(struct question *q);
	/* user add and set: what the vault has sealed so far */
	uint64_t account;
	uint8_t sealed[N_SECRET_KIND][SEALED_MAX];
	size_t n_sealed[N_SECRET_KIND];
};

bool record_ctl_open(struct record *rec, char *err, size_t cap);
void record_ctl_close(struct record *rec);
/* A role answered question seq; what nobody waits for is dropped. */
void record_ctl_answer(
    struct record *rec, enum role_id from, unsigned int index, uint32_t seq, const struct msg *m);
void record_ctl_lost(struct record *rec, enum role_id who, unsigned int index);

/* Handlers of commands; each ends its question now or when its waits are over. */
void rctl_do_status(struct question *q);
void rctl_do_sessions(struct question *q);
void rctl_do_disconnect(struct question *q);
void rctl_do_ports(struct question *q);
void rctl_do_pools(struct question *q);  /* record_ctl_pools.c */
void rctl_do_reload(struct question *q); /* record_reload.c */
void rctl_do_log(struct question *q);    /* record_log.c */
void rctl_do_attempts(struct question *q);
void rctl_do_attempt(struct question *q);
void rctl_do_explain(struct question *q);
void rctl_do_decision(struct question *q);
void rctl_do_user_add(struct question *q);
void rctl_do_user_set(struct question *q);
void rctl_do_user_del(struct question *q);
void rctl_do_user_unlock(struct question *q);
void rctl_do_user_lockouts(struct question *q);
void rctl_do_user_show(struct question *q);
void rctl_do_user_list(struct question *q);
void rctl_do_group_add(struct question *q);
void rctl_do_group_del(struct question *q);
void rctl_do_group_list(struct question *q);
void rctl_do_group_member(struct question *q);

/* A row before the final answer; takes row over. */
void rctl_row(struct question *q, json_t *row);
/* The final answer; takes fields over (NULL: none). The question is over. */
void rctl_ok(struct question *q, json_t *fields);
/* The final answer when it failed. code: the name of a cause, or "usage", "not-found", "exists". */
void rctl_refuse(struct question *q, const char *code, const char *error, const char *remedy);
/* As rctl_refuse, with further fields, which it takes over. */
void rctl_refuse_with(
    struct question *q, const char *code, const char *error, const char *remedy, json_t *fields);
/* Lets the client go on talking, and its going be seen, while the question lasts. */
void rctl_follow(struct question *q);
/* Ends a question that has been followed long enough. */
void rctl_unfollow(struct question *q);
/* As rctl_refuse for an error of the store ("...; remedy: ..."): internal.store-down. */
void rctl_store_down(struct question *q, const char *err);

/* A number for a message to a role. */
uint32_t rctl_seq(struct question *q);
/* Sends m to a role and waits for the answer with this seq. False: the role is not there. */
MUST_USE bool rctl_ask_role(
    struct question *q, enum role_id role, unsigned int index, const struct msg *m, uint32_t seq);
/* Call after asking: waits at most ms, or goes on at once when nobody was asked. */
void rctl_wait_for(struct question *q, unsigned int ms);

/* record_decided.c; also for rrasctl where no daemon runs */

/* A decision's request and the text of its policies; takes request over. NULL with err. */
json_t *rctl_json_decided(struct history *h, json_t *request, char *err, size_t cap);
/* The same for a stored attempt, and the attempt; without a request when no policy was asked. */
json_t *rctl_json_decision_of(
    struct history *h, const struct attempt_record *r, char *err, size_t cap);
/* By id ("": the latest that the policies granted, or with want "rejected" refused, of user). */
enum history_found rctl_find_decided(struct history *h, const char *id, const char *want,
    const char *user, struct attempt_record **out, char *err, size_t cap);

/* record_json.c */

/* A request: an object, not deeper than 8, no key twice. NULL with err. Attack U04. */
json_t *rctl_json_read(struct view line, char *err, size_t cap);
/* A string value; bytes that are not UTF-8 come escaped. */
json_t *rctl_json_text(const char *s);
json_t *rctl_json_view(struct view v);
/* The lines of a text that are not empty, as an array. */
json_t *rctl_json_lines(struct view v);
/* A member's text, "" when it is missing or no text; number or def; truth or def. */
const char *rctl_arg(const struct question *q, const char *key);
int64_t rctl_arg_int(const struct question *q, const char *key, int64_t def);
bool rctl_arg_bool(const struct question *q, const char *key, bool def);
bool rctl_arg_has(const struct question *q, const char *key);

json_t *rctl_json_attempt(const struct attempt_record *r, bool with_facts);
json_t *rctl_json_count(const struct history_count *c);
json_t *rctl_json_session(const struct live *l, int64_t now_us);
json_t *rctl_json_account(const struct account *a);
json_t *rctl_json_decision(const struct decision *d);
const char *dialin_name(enum dialin d);
bool dialin_parse(const char *s, enum dialin *out);

#endif
