/*
 * Decisions in the history: the request of each as JSON, the policy sets by hash, and the commands
 * that hand both to rrasctl, which makes the trace again (rrasctl policy explain, why-accepted,
 * why-rejected; R44, R89 to R92). Record itself decides nothing.
 */
#include "aaa/policy_hash.h"
#include "base/text.h"
#include "roles/record_ctl.h"

#include <stdio.h>
#include <stdlib.h>

static json_t *
lines_json(struct view v)
{
	json_t *list = json_array();
	size_t from = 0;

	for (size_t i = 0; v.n && i <= v.n; i++) {
		if (i < v.n && v.p[i] != '\n')
			continue;
		json_array_append_new(list, rctl_json_view(view_of(v.p + from, i - from)));
		from = i + 1;
	}
	return list;
}

static json_t *
request_json(const struct msg_decided *m)
{
	char client[ADDR_TEXT_MAX], server[ADDR_TEXT_MAX], hash[2 * POLICY_HASH + 1];
	const struct cause_info *c = cause_info((enum cause)m->cause);
	enum auth_method method =
	    m->method < N_AUTH_METHOD ? (enum auth_method)m->method : AUTH_NONE;
	json_t *o = json_pack("{s:I, s:s, s:s, s:s, s:s}", "at_unix_s", (json_int_t)m->at_unix_s,
	    "tunnel", tunnel_name((enum tunnel_kind)m->tunnel), "method", auth_method_name(method),
	    "client", ip_is_none(&m->client) ? "" : ip_text(&m->client, client), "server",
	    ip_is_none(&m->server) ? "" : ip_text(&m->server, server));

	json_object_set_new(o, "user", rctl_json_view(m->user));
	json_object_set_new(o, "full", rctl_json_view(m->full));
	json_object_set_new(o, "account", rctl_json_view(m->account));
	json_object_set_new(o, "dialin", json_string(dialin_name((enum dialin)m->dialin)));
	json_object_set_new(o, "caller_id", rctl_json_view(m->caller_id));
	json_object_set_new(o, "groups", lines_json(m->groups));
	json_object_set_new(o, "verdict",
	    json_string(verdict_name(m->verdict == VERDICT_GRANT ? VERDICT_GRANT : VERDICT_DENY)));
	json_object_set_new(o, "cause", json_string(m->cause ? c->name : ""));
	json_object_set_new(o, "by", json_string(decided_by_name((enum decided_by)m->by)));
	json_object_set_new(o, "policy", rctl_json_view(m->policy));
	json_object_set_new(o, "policy_set",
	    json_string(text_hex(view_of(m->policy_set, POLICY_HASH), hash, sizeof(hash))));
	return o;
}

struct history_decided *
record_decided(const struct msg_decided *m)
{
	json_t *o = request_json(m);
	char *text = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
	size_t n = text ? strlen(text) + 1 : 0;
	struct history_decided *d = text ? malloc(sizeof(*d) + n) : NULL;

	if (d) {
		d->granted = m->verdict == VERDICT_GRANT;
		memcpy(d->policy_set, m->policy_set, sizeof(d->policy_set));
		memcpy(d + 1, text, n);
		d->request = (const char *)(d + 1);
	}
	free(text);
	json_decref(o);
	return d;
}

void
record_keep_policies(struct record *rec, const struct conf *c)
{
	uint8_t hash[POLICY_HASH];
	char err[STORE_ERR_MAX];

	policy_text_hash(c->policy_text, hash);
	if (!history_put_policy_set(rec->history, hash, c->policy_text,
		loop_now(rec->host->loop)->unix_us, err, sizeof(err)))
		fprintf(stderr, "rrasd: %s\n", err);
}

/* Adds the request, and the text of its policy set when that is still there ("" when not). */
json_t *
rctl_json_decided(struct history *h, json_t *request, char *err, size_t cap)
{
	const char *hex = json_string_value(json_object_get(request, "policy_set"));
	uint8_t hash[POLICY_HASH];
	char *text = NULL;
	enum history_found found = HISTORY_NONE;

	if (hex && text_unhex(view_str(hex), hash, sizeof(hash)) == (int)sizeof(hash))
		found = history_policy_set(h, hash, &text, err, cap);
	json_t *o = found == HISTORY_ERROR ? NULL
	                                   : json_pack("{s:O, s:s}", "request", request,
						 "policy_text", text ? text : "");
	json_decref(request);
	free(text);
	return o;
}

/* The attempt of a command: by id, or the latest that was granted or refused. */
enum history_found
rctl_find_decided(struct history *h, const char *id, const char *want, const char *user,
    struct attempt_record **out, char *err, size_t cap)
{
	char text[ATTEMPT_ID_TEXT];
	struct attempt_id found_id;
	enum history_found found;

	if (id[0])
		return history_by_id(h, view_str(id), out, err, cap);
	found = history_latest_decided(
	    h, strcmp(want, "rejected") != 0, user[0] ? user : NULL, &found_id, err, cap);
	if (found != HISTORY_FOUND)
		return found;
	return history_by_id(h, view_str(attempt_id_text(&found_id, text)), out, err, cap);
}

json_t *
rctl_json_decision_of(struct history *h, const struct attempt_record *r, char *err, size_t cap)
{
	struct history_decided *d = NULL;
	enum history_found found = history_decided(h, &r->id, &d, err, cap);
	json_t *request = NULL, *o = NULL;

	if (found == HISTORY_FOUND)
		request = json_loads(d->request, 0, NULL);
	history_decided_free(d);
	if (found == HISTORY_ERROR)
		return NULL;
	o = request ? rctl_json_decided(h, request, err, cap) : json_object();
	if (o)
		json_object_set_new(o, "attempt", rctl_json_attempt(r, false));
	return o;
}

/* {"cmd":"decision","id":ID} or {"want":"accepted"|"rejected","user":U}. */
void
rctl_do_decision(struct question *q)
{
	struct attempt_record *r = NULL;
	char err[STORE_ERR_MAX] = "";
	const char *id = rctl_arg(q, "id");

	record_flush(q->rec);
	enum history_found found = rctl_find_decided(
	    q->rec->history, id, rctl_arg(q, "want"), rctl_arg(q, "user"), &r, err, sizeof(err));
	json_t *o = found == HISTORY_FOUND
	                ? rctl_json_decision_of(q->rec->history, r, err, sizeof(err))
	                : NULL;
	history_free(r);
	if (o)
		rctl_ok(q, o);
	else if (found == HISTORY_AMBIGUOUS)
		rctl_refuse(q, "ambiguous", "more than one attempt's id begins so",
		    "give more digits, see rrasctl attempts");
	else if (found == HISTORY_NONE)
		rctl_refuse(q, "not-found",
		    id[0] ? "there is no such attempt" : "no such attempt is stored",
		    "see rrasctl attempts");
	else
		rctl_store_down(q, err);
}

void
record_ctl_decided(struct record *rec, const struct msg_decided *m)
{
	struct list *n, *tmp;
	char err[STORE_ERR_MAX];

	list_each (n, tmp, &rec->questions) {
		struct question *q = container_of(n, struct question, node);
		for (size_t i = 0; i < q->n_waits; i++)
			if (q->waits[i].seq == m->seq && q->waits[i].role == ROLE_AAA && !q->out) {
				q->out = rctl_json_decided(
				    rec->history, request_json(m), err, sizeof(err));
				return;
			}
	}
}
