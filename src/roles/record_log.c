/*
 * `rrasctl log`: what monitor says and what becomes of attempts, the last of it and, with follow,
 * as it happens. Kept in memory only: the journal and history.db keep it for good. What a peer
 * wrote goes out as JSON; rrasctl escapes it (U02, U05).
 */
#include "roles/record_ctl.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const steps[] = { "began", "up", "ended" };

static json_t *
row_at(const struct log_ring *g, unsigned int i)
{
	return g->rows[i % LOG_ROWS_MAX];
}

static bool
has_text(const json_t *row, const char *key, const char *want)
{
	const char *s = json_string_value(json_object_get(row, key));

	return s && strcmp(s, want) == 0;
}

/* Whether a question wants a row: with a user or a cause only attempts, of them. */
static bool
wants(const struct question *q, const json_t *row)
{
	const char *user = rctl_arg(q, "user"), *cause = rctl_arg(q, "cause");
	bool event = has_text(row, "kind", "event");

	if (rctl_arg_bool(q, "events", false) && !event)
		return false;
	if (user[0] && !has_text(row, "user", user) && !has_text(row, "account", user))
		return false;
	return !cause[0] || has_text(row, "cause", cause);
}

static void
tell_followers(struct record *rec, json_t *row)
{
	struct list *n, *tmp;

	list_each (n, tmp, &rec->questions) {
		struct question *q = container_of(n, struct question, node);
		if (!q->follows || !wants(q, row))
			continue;
		rctl_row(q, json_incref(row));
		if (q->client && q->client->broken)
			rctl_unfollow(q); /* it does not read */
	}
}

static void
keep(struct record *rec, struct log_ring *g, json_t *row)
{
	json_t **at = &g->rows[g->n % LOG_ROWS_MAX];

	if (!row)
		return;
	json_decref(*at);
	*at = row;
	g->n++;
	tell_followers(rec, row);
}

void
record_log_event(struct record *rec, const struct msg_event *m)
{
	keep(rec, &rec->events,
	    json_pack("{s:I, s:s, s:o}", "at_unix_us", (json_int_t)m->unix_us, "kind", "event",
		"text", rctl_json_view(m->text)));
}

void
record_log_attempt(struct record *rec, const struct attempt_record *r, enum log_step step)
{
	char id[ATTEMPT_ID_TEXT], peer[ENDPOINT_TEXT_MAX], addr[ADDR_TEXT_MAX] = "";
	bool has_cause = step == LOG_ENDED;

	if (!ip_is_none(&r->address))
		ip_text(&r->address, addr);
	keep(rec, &rec->ends,
	    json_pack("{s:I, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:I, s:I}",
		"at_unix_us", (json_int_t)loop_now(rec->host->loop)->unix_us, "kind", steps[step],
		"attempt", attempt_id_text(&r->id, id), "tunnel", tunnel_name(r->tunnel), "peer",
		endpoint_text(&r->peer, peer), "user", rctl_json_text(r->user), "account",
		rctl_json_text(r->account), "policy", rctl_json_text(r->policy), "address", addr,
		"stage", stage_name(r->stage), "cause", has_cause ? cause_info(r->cause)->name : "",
		"error",
		(json_int_t)(has_cause
				 ? cause_number_told(cause_info(r->cause), r->method, r->client)
				 : 0),
		"duration_ms", (json_int_t)r->duration_ms));
}

/* The rows of one ring that a question wants, each to be freed by the array. */
static void
gather(const struct question *q, const struct log_ring *g, json_t *out)
{
	for (unsigned int i = g->n < LOG_ROWS_MAX ? 0 : g->n - LOG_ROWS_MAX; i < g->n; i++)
		if (wants(q, row_at(g, i)))
			json_array_append(out, row_at(g, i));
}

static int64_t
time_of(const json_t *rows, size_t i)
{
	return json_integer_value(json_object_get(json_array_get(rows, i), "at_unix_us"));
}

/* Both rings in the order of time, the last `limit` of them. */
static void
send_last(struct question *q, size_t limit)
{
	json_t *a = json_array(), *b = json_array();
	size_t i = 0, k = 0, left;

	gather(q, &q->rec->events, a);
	gather(q, &q->rec->ends, b);
	for (left = json_array_size(a) + json_array_size(b); left; left--) {
		bool first = k == json_array_size(b) ||
		             (i < json_array_size(a) && time_of(a, i) <= time_of(b, k));
		json_t *row = first ? json_array_get(a, i++) : json_array_get(b, k++);
		if (left <= limit)
			rctl_row(q, json_incref(row));
	}
	json_decref(a);
	json_decref(b);
}

void
rctl_do_log(struct question *q)
{
	int64_t limit = rctl_arg_int(q, "limit", 50);

	if (rctl_arg(q, "cause")[0] &&
	    cause_by_name(view_str(rctl_arg(q, "cause"))) == CAUSE_NONE) {
		rctl_refuse(q, "usage", "there is no such cause",
		    "rrasctl diagnose --list names the causes");
		return;
	}
	send_last(q, limit < 0 ? 0 : (size_t)limit);
	if (rctl_arg_bool(q, "follow", false))
		rctl_follow(q);
	else
		rctl_ok(q, NULL);
}

void
record_log_close(struct record *rec)
{
	struct log_ring *const rings[] = { &rec->events, &rec->ends };

	for (unsigned int k = 0; k < 2; k++)
		for (unsigned int i = 0; i < LOG_ROWS_MAX; i++) {
			json_decref(rings[k]->rows[i]);
			rings[k]->rows[i] = NULL;
		}
}
