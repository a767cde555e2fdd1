/*
 * Finding the record that rrasctl diagnose explains. The daemon is asked where it runs, because its
 * history is the freshest; else history.db is read. See ctl_explain.h.
 */
#include "cmd/ctl_explain.h"

#include "base/text.h"
#include "diag/problems.h"
#include "os/store_history.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOKED_MAX 2000 /* failures that are looked through */
#define DIAL_FILE "dial-history.db"
#define STATE_DEFAULT "/var/lib/openrras"

void
explain_record_free(struct attempt_record *r)
{
	if (r)
		free((void *)(uintptr_t)r->facts.p);
	free(r);
}

static struct attempt_record *
record_copy(const struct attempt_record *r)
{
	struct attempt_record *copy = malloc(sizeof(*copy));
	uint8_t *facts = malloc(r->facts.n ? r->facts.n : 1);

	if (!copy || !facts || !view_copy(r->facts, facts, r->facts.n)) {
		free(copy);
		free(facts);
		return NULL;
	}
	*copy = *r;
	copy->facts.p = facts;
	return copy;
}

static bool
is_wanted(
    const struct ctl_context *x, const struct explain_want *want, const struct attempt_record *r)
{
	const struct cause_info *info = cause_info(r->cause);
	const struct cat_entry *e = catalogue_find(x->catalogue, CAT_CAUSE, view_str(info->name));

	if (want->number && diag_number(r) != want->number && info->ras_error != want->number)
		return false;
	return !want->problem || (e && problem_has(want->problem, e));
}

/* --- from a file --- */

struct looking {
	const struct ctl_context *x;
	const struct explain_want *want;
	struct attempt_id id;
	bool found;
};

static bool
on_row(void *ctx, const struct attempt_record *r)
{
	struct looking *l = ctx;

	if (!is_wanted(l->x, l->want, r))
		return true;
	l->id = r->id;
	l->found = true;
	return false;
}

static enum explain_found
find_in(struct history *h, const struct ctl_context *x, const struct explain_want *want,
    struct attempt_record **out, char *err, size_t cap)
{
	struct history_filter filter = { .failures = true, .user = want->user };
	struct looking l = { .x = x, .want = want };
	char id[ATTEMPT_ID_TEXT];
	struct attempt_record *r = NULL;
	enum history_found found;

	snprintf(id, sizeof(id), "%s", want->id ? want->id : "");
	if (!want->id) {
		if (history_list(h, &filter, LOOKED_MAX, true, on_row, &l, err, cap) < 0)
			return EXPLAIN_NOWHERE;
		if (!l.found)
			return EXPLAIN_NONE;
		attempt_id_text(&l.id, id);
	}
	found = history_by_id(h, view_str(id), &r, err, cap);
	if (found == HISTORY_FOUND)
		*out = record_copy(r);
	history_free(r);
	switch (found) {
	case HISTORY_FOUND:
		return *out ? EXPLAIN_FOUND : EXPLAIN_NOWHERE;
	case HISTORY_NONE:
		return EXPLAIN_NONE;
	case HISTORY_AMBIGUOUS:
		return EXPLAIN_MANY;
	case HISTORY_ERROR:
		break;
	}
	return EXPLAIN_NOWHERE;
}

/* rasdial keeps its history beside the server's for root, in the home of others. */
static void
dial_path(const struct ctl *c, char *out, size_t cap)
{
	const char *home = getenv("HOME");

	if (strcmp(c->state, STATE_DEFAULT) != 0 || geteuid() == 0 || !home)
		snprintf(out, cap, "%s/" DIAL_FILE, c->state);
	else
		snprintf(out, cap, "%s/.local/state/openrras/" DIAL_FILE, home);
	if (access(out, F_OK) != 0)
		snprintf(out, cap, "%s/" DIAL_FILE, c->state);
}

static enum explain_found
find_in_file(const struct ctl *c, const struct ctl_context *x, const struct explain_want *want,
    struct attempt_record **out, char *err, size_t cap)
{
	char path[700];
	struct history *h;
	enum explain_found found;

	if (want->client)
		dial_path(c, path, sizeof(path));
	else
		snprintf(path, sizeof(path), "%s/" HISTORY_FILE, ctl_context_state(x, c));
	if (access(path, F_OK) != 0) {
		snprintf(err, cap, "there is no %s: no attempt was recorded here", path);
		return EXPLAIN_NOWHERE;
	}
	h = history_open(path, HISTORY_READ, NULL, err, cap);
	if (!h)
		return EXPLAIN_NOWHERE;
	found = find_in(h, x, want, out, err, cap);
	history_close(h);
	return found;
}

/* --- from the daemon --- */

static enum stage
stage_by_name(const char *name)
{
	for (int s = 0; s < N_STAGE; s++)
		if (strcmp(stage_name((enum stage)s), name) == 0)
			return (enum stage)s;
	return STAGE_ARRIVED;
}

static enum party
party_by_name(const char *name)
{
	for (int p = PARTY_NONE; p <= PARTY_PATH; p++)
		if (strcmp(party_name((enum party)p), name) == 0)
			return (enum party)p;
	return PARTY_NONE;
}

/* JSON carries texts escaped when they are no UTF-8; the trail has the name as it was sent. */
static void
take_name(const json_t *o, struct attempt_record *r)
{
	struct view rest = r->facts;

	snprintf(r->user, sizeof(r->user), "%s", ctl_str(o, "user"));
	while (rest.n >= 2) {
		struct rd_fault fault;
		struct rd all = rd_over(rest, &fault);
		struct fact f;
		size_t n = rd_u16(&all);
		if (n < 2 || n > rest.n)
			return;
		struct rd one = rd_over(view_of(rest.p, n), &fault);
		rest = view_of(rest.p + n, rest.n - n);
		if (!fact_read(&one, &f) || f.id != FACT_AUTH_ASKED || !fact_field(&f, "name"))
			continue;
		struct view name = fact_field(&f, "name")->bytes;
		if (name.n <= NAME_MAX_BYTES && !memchr(name.p, 0, name.n))
			snprintf(
			    r->user, sizeof(r->user), "%.*s", (int)name.n, (const char *)name.p);
	}
}

static struct attempt_record *
record_of_json(const json_t *o)
{
	struct attempt_record *r = calloc(1, sizeof(*r));
	const char *hex = ctl_str(o, "facts_hex");
	uint8_t *facts = malloc(strlen(hex) / 2 + 1);
	int n = facts ? text_unhex(view_str(hex), facts, strlen(hex) / 2 + 1) : -1;

	if (!r || n < 0 || !attempt_id_parse(view_str(ctl_str(o, "id")), &r->id)) {
		free(facts);
		free(r);
		return NULL;
	}
	r->facts = view_of(facts, (size_t)n);
	r->tunnel = tunnel_by_name(view_str(ctl_str(o, "tunnel")));
	if (!endpoint_parse(view_str(ctl_str(o, "peer")), &r->peer))
		r->peer = (struct endpoint){ 0 };
	if (!endpoint_parse(view_str(ctl_str(o, "local")), &r->local))
		r->local = (struct endpoint){ 0 };
	if (!ip_parse(view_str(ctl_str(o, "address")), &r->address))
		r->address = (struct ip_addr){ 0 };
	r->began_unix_us = ctl_int(o, "began_unix_us");
	r->duration_ms = (uint64_t)ctl_int(o, "duration_ms");
	r->stage = stage_by_name(ctl_str(o, "stage"));
	r->ended = ctl_bool(o, "ended");
	r->client = ctl_bool(o, "client");
	r->cause = cause_by_name(view_str(ctl_str(o, "cause")));
	r->ended_by = party_by_name(ctl_str(o, "ended_by"));
	r->method = auth_method_by_name(view_str(ctl_str(o, "method")));
	snprintf(r->account, sizeof(r->account), "%s", ctl_str(o, "account"));
	snprintf(r->policy, sizeof(r->policy), "%s", ctl_str(o, "policy"));
	take_name(o, r);
	return r;
}

/* The ids of the newest failures that are wanted, or that begin so: the first, and how many. */
static unsigned int
id_from_daemon(const struct ctl *quiet, const struct ctl_context *x,
    const struct explain_want *want, char *id, size_t cap, bool *answered)
{
	json_t *request = json_pack("{s:s, s:b, s:i}", "cmd", "attempts", "failures",
	    want->id == NULL, "limit", LOOKED_MAX);
	json_t *answer, *row;
	unsigned int n = 0;
	int status;
	size_t i;

	if (want->user)
		json_object_set_new(request, "user", json_string(want->user));
	answer = ctl_ask(quiet, request, &status);
	*answered = answer != NULL;
	json_array_foreach(json_object_get(answer, "rows"), i, row)
	{
		struct attempt_record r = { .cause = cause_by_name(view_str(ctl_str(row, "cause"))),
			.method = auth_method_by_name(view_str(ctl_str(row, "method"))),
			.client = ctl_bool(row, "client") };
		const char *text = ctl_str(row, "id");
		if (want->id ? strncmp(text, want->id, strlen(want->id)) != 0
			     : !is_wanted(x, want, &r))
			continue;
		if (n++ == 0)
			snprintf(id, cap, "%s", text);
		if (!want->id)
			break;
	}
	json_decref(answer);
	return n;
}

static enum explain_found
find_by_daemon(const struct ctl *c, const struct ctl_context *x, const struct explain_want *want,
    struct attempt_record **out, char *err, size_t cap)
{
	struct ctl quiet = *c;
	char id[ATTEMPT_ID_TEXT] = "";
	bool answered;
	unsigned int n;
	json_t *answer;
	int status;

	quiet.json = false;
	snprintf(err, cap, "rrasd does not answer as it should");
	if (want->id && strlen(want->id) == ATTEMPT_ID_TEXT - 1) {
		snprintf(id, sizeof(id), "%s", want->id);
	} else {
		n = id_from_daemon(&quiet, x, want, id, sizeof(id), &answered);
		if (n != 1)
			return !answered ? EXPLAIN_NOWHERE : n ? EXPLAIN_MANY : EXPLAIN_NONE;
	}
	answer = ctl_ask(&quiet, json_pack("{s:s, s:s}", "cmd", "attempt", "id", id), &status);
	if (!answer)
		return status == CTL_NOT_FOUND ? EXPLAIN_NONE : EXPLAIN_NOWHERE;
	*out = record_of_json(json_object_get(answer, "attempt"));
	json_decref(answer);
	return *out ? EXPLAIN_FOUND : EXPLAIN_NOWHERE;
}

enum explain_found
explain_find(const struct ctl *c, const struct ctl_context *x, const struct explain_want *want,
    struct attempt_record **out, char *err, size_t cap)
{
	if (!want->client && ctl_daemon_runs(c))
		return find_by_daemon(c, x, want, out, err, cap);
	return find_in_file(c, x, want, out, err, cap);
}
