/* JSON of the control socket: reading requests within limits, writing rows. See record_ctl.h. */
#include "base/text.h"
#include "roles/record_ctl.h"

#include <stdio.h>
#include <stdlib.h>

#define DEPTH_MAX 8u

/* How deep objects and arrays nest, strings left out. */
static unsigned int
depth_of(struct view v)
{
	unsigned int depth = 0, most = 0;
	bool in_string = false;

	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			most = ++depth > most ? depth : most;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return most;
}

json_t *
rctl_json_read(struct view line, char *err, size_t cap)
{
	json_error_t e;
	json_t *o;

	if (depth_of(line) > DEPTH_MAX) {
		snprintf(err, cap, "the request nests deeper than %u", DEPTH_MAX);
		return NULL;
	}
	o = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, &e);
	if (!o) {
		/* e.text quotes the request, which may hold a password: only the place is told. */
		snprintf(err, cap, "the request is not JSON, at byte %d", e.position);
		return NULL;
	}
	if (!json_is_object(o)) {
		json_decref(o);
		snprintf(err, cap, "the request is not a JSON object");
		return NULL;
	}
	return o;
}

json_t *
rctl_json_view(struct view v)
{
	char escaped[4 * NAME_MAX_BYTES + 1];

	if (text_is_utf8(v))
		return json_stringn_nocheck((const char *)v.p, v.n);
	return json_string(text_escape(v, escaped, sizeof(escaped)));
}

json_t *
rctl_json_text(const char *s)
{
	return rctl_json_view(view_str(s ? s : ""));
}

const char *
rctl_arg(const struct question *q, const char *key)
{
	const char *s = json_string_value(json_object_get(q->in, key));

	return s ? s : "";
}

int64_t
rctl_arg_int(const struct question *q, const char *key, int64_t def)
{
	const json_t *v = json_object_get(q->in, key);

	return json_is_integer(v) ? (int64_t)json_integer_value(v) : def;
}

bool
rctl_arg_bool(const struct question *q, const char *key, bool def)
{
	const json_t *v = json_object_get(q->in, key);

	return json_is_boolean(v) ? json_is_true(v) : def;
}

bool
rctl_arg_has(const struct question *q, const char *key)
{
	const json_t *v = json_object_get(q->in, key);

	return v && !json_is_null(v);
}

static json_t *
facts_array(struct view facts)
{
	json_t *all = json_array();
	struct rd_fault fault;
	struct rd r = rd_over(facts, &fault);
	struct fact f;

	while (rd_more(&r) && fact_read(&r, &f)) {
		char text[1024];
		json_t *fields = json_object();
		const struct fact_info *info = fact_info(f.id);
		const char *s = info->fields;
		for (unsigned int i = 0; i < f.n_fields && *s; i++) {
			char name[40], value[1200];
			size_t n = strcspn(s, " ");
			snprintf(name, sizeof(name), "%.*s", n > 2 ? (int)n - 2 : 0, s + 2);
			json_object_set_new(fields, name,
			    f.fields[i].type == FACT_U64
				? json_integer((json_int_t)f.fields[i].u)
				: json_string(fact_field_text(&f.fields[i], value, sizeof(value))));
			s += n + (s[n] == ' ');
		}
		json_array_append_new(
		    all, json_pack("{s:I, s:s, s:s, s:s, s:o}", "at_ms", (json_int_t)f.at_ms,
			     "witness", witness_name(f.witness), "fact", info->name, "text",
			     fact_text(&f, text, sizeof(text)), "fields", fields));
	}
	return all;
}

json_t *
rctl_json_count(const struct history_count *c)
{
	char from[ADDR_TEXT_MAX + 5], addr[ADDR_TEXT_MAX];

	snprintf(from, sizeof(from), "%s/%u", ip_text(&c->prefix.addr, addr), c->prefix.len);
	return json_pack("{s:I, s:s, s:s, s:I}", "minute_unix_us",
	    (json_int_t)(c->minute * 60000000), "cause", cause_info(c->cause)->name, "from", from,
	    "attempts", (json_int_t)c->attempts);
}

json_t *
rctl_json_attempt(const struct attempt_record *r, bool with_facts)
{
	const struct cause_info *c = cause_info(r->cause);
	char id[ATTEMPT_ID_TEXT], peer[ENDPOINT_TEXT_MAX], local[ENDPOINT_TEXT_MAX];
	char addr[ADDR_TEXT_MAX];
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:b, s:b}", "id",
	    attempt_id_text(&r->id, id), "tunnel", tunnel_name(r->tunnel), "peer",
	    endpoint_text(&r->peer, peer), "local", endpoint_text(&r->local, local),
	    "began_unix_us", (json_int_t)r->began_unix_us, "duration_ms",
	    (json_int_t)r->duration_ms, "stage", stage_name(r->stage), "ended", r->ended, "client",
	    r->client);

	json_object_set_new(o, "cause", json_string(r->cause ? c->name : ""));
	json_object_set_new(o, "blame", json_string(r->cause ? blame_name(c->blame) : ""));
	json_object_set_new(
	    o, "ras_error", json_integer(cause_number_told(c, r->method, r->client)));
	json_object_set_new(o, "nps_reason", json_integer(c->nps_reason));
	json_object_set_new(o, "ended_by", json_string(party_name(r->ended_by)));
	json_object_set_new(o, "method", json_string(auth_method_name(r->method)));
	json_object_set_new(o, "user", rctl_json_text(r->user));
	json_object_set_new(o, "account", rctl_json_text(r->account));
	json_object_set_new(o, "policy", rctl_json_text(r->policy));
	json_object_set_new(o, "device", rctl_json_text(r->device));
	json_object_set_new(
	    o, "address", json_string(ip_is_none(&r->address) ? "" : ip_text(&r->address, addr)));
	json_object_set_new(o, "prefix6",
	    ip_is_none(&r->prefix6)
		? json_string("")
		: json_sprintf("%s/%u", ip_text(&r->prefix6, addr), LEASE_PREFIX6_BITS));
	json_object_set_new(o, "in_bytes", json_integer((json_int_t)r->in_bytes));
	json_object_set_new(o, "out_bytes", json_integer((json_int_t)r->out_bytes));
	json_object_set_new(o, "in_pkts", json_integer((json_int_t)r->in_pkts));
	json_object_set_new(o, "out_pkts", json_integer((json_int_t)r->out_pkts));
	if (with_facts) {
		size_t cap = 2 * r->facts.n + 1;
		char *hex = malloc(cap + 1);
		if (hex)
			json_object_set_new(
			    o, "facts_hex", json_string(text_hex(r->facts, hex, cap + 1)));
		free(hex);
		json_object_set_new(o, "facts", facts_array(r->facts));
	}
	return o;
}

json_t *
rctl_json_session(const struct live *l, int64_t now_us)
{
	json_t *o = rctl_json_attempt(&l->r, false);
	int64_t us = now_us - l->r.began_unix_us;

	json_object_set_new(o, "duration_ms", json_integer(us > 0 ? us / 1000 : 0));
	json_object_set_new(o, "worker", json_integer(l->worker));
	json_object_set_new(o, "drops", json_integer((json_int_t)l->drops));
	return o;
}

static const char *const dialins[] = { "policy", "allow", "deny" };

const char *
dialin_name(enum dialin d)
{
	return d <= DIALIN_DENY ? dialins[d] : "?";
}

bool
dialin_parse(const char *s, enum dialin *out)
{
	for (unsigned int i = 0; i <= DIALIN_DENY; i++) {
		if (strcmp(s, dialins[i]) == 0) {
			*out = (enum dialin)i;
			return true;
		}
	}
	return false;
}

/* The parts of a text between separators. */
static json_t *
json_words(const char *s, const char *separator)
{
	json_t *all = json_array();

	while (*s) {
		size_t n = strcspn(s, separator);
		json_array_append_new(all, rctl_json_view(view_of(s, n)));
		s += n + (s[n] != 0);
	}
	return all;
}

json_t *
rctl_json_lines(struct view v)
{
	json_t *all = json_array();

	while (v.n) {
		const uint8_t *nl = memchr(v.p, '\n', v.n);
		size_t n = nl ? (size_t)(nl - v.p) : v.n;
		if (n)
			json_array_append_new(all, rctl_json_view(view_of(v.p, n)));
		v = view_of(v.p + n + (nl != NULL), v.n - n - (nl != NULL));
	}
	return all;
}

json_t *
rctl_json_account(const struct account *a)
{
	char addr[ADDR_TEXT_MAX];
	json_t *o = json_pack("{s:I, s:o, s:o, s:b, s:I, s:s}", "id", (json_int_t)a->id, "name",
	    rctl_json_text(a->display), "normalised", rctl_json_text(a->name), "enabled",
	    a->enabled, "expires", (json_int_t)a->expires_unix_s, "dialin", dialin_name(a->dialin));

	json_object_set_new(o, "groups", json_words(a->groups, "\n"));
	json_object_set_new(o, "password", json_boolean(a->has_password));
	json_object_set_new(o, "reversible", json_boolean(a->has_reversible));
	json_object_set_new(o, "caller_id", rctl_json_text(a->caller_id));
	json_object_set_new(
	    o, "address", json_string(ip_is_none(&a->address) ? "" : ip_text(&a->address, addr)));
	json_object_set_new(o, "locked", json_boolean(a->locked));
	json_object_set_new(o, "must_change", json_boolean(a->must_change));
	json_object_set_new(o, "password_set", json_integer(a->password_set_unix_s));
	json_object_set_new(o, "password_expires", json_integer(a->password_expires_unix_s));
	json_object_set_new(o, "hours", rctl_json_text(a->hours));
	json_object_set_new(o, "routes", json_words(a->routes, " "));
	json_object_set_new(o, "created", json_integer(a->created_unix_s));
	json_object_set_new(o, "changed", json_integer(a->changed_unix_s));
	return o;
}

static json_t *
prefixes_json(const struct ip_prefix *p, unsigned int n)
{
	json_t *list = json_array();
	char addr[ADDR_TEXT_MAX], text[ADDR_TEXT_MAX + 8];

	for (unsigned int i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "%s/%u", ip_text(&p[i].addr, addr), p[i].len);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *
addresses_json(const struct ip_addr a[2])
{
	json_t *list = json_array();
	char text[ADDR_TEXT_MAX];

	for (unsigned int i = 0; i < 2; i++)
		if (!ip_is_none(&a[i]))
			json_array_append_new(list, json_string(ip_text(&a[i], text)));
	return list;
}

static json_t *
encryption_json(unsigned int mask)
{
	static const char *const names[] = { "none", "basic", "strong", "strongest" };
	json_t *list = json_array();

	for (unsigned int i = 0; i < 4; i++)
		if (mask & 1u << i)
			json_array_append_new(list, json_string(names[i]));
	return list;
}

static json_t *
profile_json(const struct profile *p)
{
	json_t *pools = json_array();

	for (unsigned int i = 0; i < p->n_pools; i++)
		json_array_append_new(pools, rctl_json_text(p->pools[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:i, s:b}", "pools",
	    pools, "ipv6_pool", rctl_json_text(p->ipv6_pool), "dns", addresses_json(p->dns), "nbns",
	    addresses_json(p->nbns), "dns_suffix", rctl_json_text(p->dns_suffix), "routes",
	    prefixes_json(p->routes, p->n_routes), "encryption", encryption_json(p->encryption),
	    "idle_timeout_s", (json_int_t)p->idle_timeout_s, "session_timeout_s",
	    (json_int_t)p->session_timeout_s, "hours_left_s", (json_int_t)p->hours_left_s, "mru",
	    (int)p->mru, "isolated", p->isolated);
}

json_t *
rctl_json_decision(const struct decision *d)
{
	const struct cause_info *c = cause_info(d->cause);
	json_t *steps = json_array();
	json_t *o = json_pack("{s:s, s:s, s:I, s:s, s:i}", "verdict", verdict_name(d->verdict),
	    "cause", d->cause ? c->name : "", "ras_error", (json_int_t)c->ras_error, "by",
	    decided_by_name(d->by), "policy_id", (int)d->policy_id);

	json_object_set_new(o, "policy", rctl_json_text(d->policy));
	for (unsigned int i = 0; i < d->trace.n_steps && i < TRACE_MAX; i++) {
		const struct policy_step *s = &d->trace.steps[i];
		json_array_append_new(
		    steps, json_pack("{s:o, s:s, s:o, s:o}", "policy", rctl_json_text(s->policy),
			       "condition", condition_name(s->failed), "wanted",
			       rctl_json_text(s->wanted), "got", rctl_json_text(s->got)));
	}
	json_object_set_new(o, "passed_over", steps);
	json_object_set_new(o, "passed_over_more", json_integer(d->trace.n_more));
	if (d->verdict == VERDICT_GRANT)
		json_object_set_new(o, "profile", profile_json(&d->profile));
	return o;
}
