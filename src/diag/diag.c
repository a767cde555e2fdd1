/*
 * From the record of an attempt to a report: chooses the catalogue's entry, fills its places from
 * the record and the trail, quotes the facts that decided, adds findings. See diag.h. The texts are
 * the catalogue's; here is only how they are put together.
 */
#include "diag/explain.h"

#include "base/text.h"

#include <stdio.h>

#define REPORT_BYTES 262144u
#define PLACE_MAX 64u
#define LINE_MAX_BYTES 2048u

/* --- the trail --- */

bool
explain_next_fact(struct view *rest, struct fact *out, uint32_t *n_unread)
{
	while (rest->n) {
		struct rd_fault fault;
		struct rd r = rd_over(*rest, &fault);
		size_t len = rd_u16(&r);

		if (!rd_ok(&r) || len < 2 || len > rest->n) {
			if (n_unread)
				++*n_unread;
			*rest = view_of(NULL, 0);
			return false;
		}
		struct view one = view_of(rest->p, len);
		*rest = view_of(rest->p + len, rest->n - len);
		r = rd_over(one, &fault);
		if (fact_read(&r, out))
			return true;
		if (n_unread) /* of a newer version, or damaged: the others are still good */
			++*n_unread;
	}
	return false;
}

static bool
names_fact(const struct fact *f, struct view fact)
{
	const struct fact_info *info = fact_info(f->id);

	return fact.n == 0 || (info && view_eq(view_str(info->name), fact));
}

bool
explain_find_field(struct view facts, struct view fact, const char *field, struct fact_field *out)
{
	struct fact f;
	bool found = false;

	while (explain_next_fact(&facts, &f, NULL)) {
		const struct fact_field *x = names_fact(&f, fact) ? fact_field(&f, field) : NULL;
		if (x) {
			*out = *x;
			found = true;
		}
	}
	return found;
}

/* --- filling places --- */

static bool
endpoint_known(const struct endpoint *e)
{
	return !ip_is_none(&e->addr);
}

/* The record's own field of this name into out; false when it has none, or it is empty. */
static bool
own_field(const struct attempt_record *r, const char *name, char *out, size_t cap)
{
	char buf[ENDPOINT_TEXT_MAX];

	out[0] = 0;
	if (strcmp(name, "user") == 0)
		text_escape(view_str(r->user), out, cap);
	else if (strcmp(name, "account") == 0)
		text_escape(view_str(r->account), out, cap);
	else if (strcmp(name, "policy") == 0)
		text_escape(view_str(r->policy), out, cap);
	else if (strcmp(name, "peer") == 0 && endpoint_known(&r->peer))
		snprintf(out, cap, "%s", endpoint_text(&r->peer, buf));
	else if (strcmp(name, "local") == 0 && endpoint_known(&r->local))
		snprintf(out, cap, "%s", endpoint_text(&r->local, buf));
	else if (strcmp(name, "address") == 0 && !ip_is_none(&r->address))
		snprintf(out, cap, "%s", ip_text(&r->address, buf));
	else if (strcmp(name, "method") == 0 && r->method != AUTH_NONE)
		snprintf(out, cap, "%s", auth_method_name(r->method));
	else if (strcmp(name, "tunnel") == 0 && r->tunnel != TUNNEL_NONE)
		snprintf(out, cap, "%s", tunnel_name(r->tunnel));
	else if (strcmp(name, "stage") == 0)
		snprintf(out, cap, "%s", stage_name(r->stage));
	else if (strcmp(name, "ras_error") == 0)
		diag_number_text(diag_number(r), out);
	else if (strcmp(name, "duration") == 0)
		snprintf(out, cap, "%llu", (unsigned long long)r->duration_ms);
	return out[0] != 0;
}

/* Where a field of the record is found on the trail when the record itself has none. */
static const struct {
	const char *field, *fact, *fact_field;
} own_on_trail[] = {
	{ "user", "aaa.request", "name" },
	{ "user", "ppp.auth-answered", "name" },
	{ "account", "aaa.account", "account" },
	{ "policy", "aaa.policy-decided", "policy" },
	{ "method", "aaa.request", "method" },
	{ "method", "ppp.auth-answered", "method" },
	{ "tunnel", "attempt.began", "tunnel" },
	{ "peer", "attempt.began", "peer" },
	{ "local", "attempt.began", "local" },
	{ "address", "aaa.leased", "address" },
};

static bool
is_own(const char *name)
{
	for (size_t i = 0; i < sizeof(own_on_trail) / sizeof(own_on_trail[0]); i++)
		if (strcmp(own_on_trail[i].field, name) == 0)
			return true;
	return strcmp(name, "stage") == 0 || strcmp(name, "ras_error") == 0 ||
	       strcmp(name, "duration") == 0;
}

static bool
own_or_trail(const struct attempt_record *r, const char *name, char *out, size_t cap)
{
	struct fact_field value;

	if (own_field(r, name, out, cap))
		return true;
	for (size_t i = 0; i < sizeof(own_on_trail) / sizeof(own_on_trail[0]); i++) {
		if (strcmp(own_on_trail[i].field, name) != 0 ||
		    !explain_find_field(r->facts, view_str(own_on_trail[i].fact),
			own_on_trail[i].fact_field, &value))
			continue;
		fact_field_text(&value, out, cap);
		if (*out && strcmp(out, "-") != 0)
			return true;
	}
	out[0] = 0;
	return false;
}

/* What stands in for a field that nobody recorded, so that a sentence about it can still be said.
 */
static const char *
stand_in(const char *name, bool client)
{
	if (strcmp(name, "user") == 0 || strcmp(name, "account") == 0)
		return "the user";
	if (strcmp(name, "peer") == 0)
		return client ? "the server" : "the client";
	if (strcmp(name, "local") == 0)
		return client ? "this client" : "this server";
	if (strcmp(name, "method") == 0)
		return "an unknown method";
	if (strcmp(name, "policy") == 0)
		return "(none)";
	return NULL;
}

static bool
fill_place(const struct explain *x, struct view place, bool strict, struct wr *w)
{
	const uint8_t *colon = memchr(place.p, ':', place.n);
	struct view fact = view_of(place.p, colon ? (size_t)(colon - place.p) : 0);
	struct view name = colon ? view_of(colon + 1, place.n - fact.n - 1) : place;
	char field[PLACE_MAX], text[FACT_TEXT_MAX * 6];
	struct fact_field value;

	if (name.n >= sizeof(field))
		return false;
	memcpy(field, name.p, name.n);
	field[name.n] = 0;
	text[0] = 0;
	if (!colon && is_own(field))
		(void)own_or_trail(x->r, field, text, sizeof(text));
	else if (explain_find_field(x->r->facts, fact, field, &value))
		fact_field_text(&value, text, sizeof(text));
	if (!text[0] && !strict && strcmp(field, "account") == 0)
		(void)own_or_trail(x->r, "user", text, sizeof(text));
	if (!text[0] && !strict && !colon && stand_in(field, x->r->client))
		snprintf(text, sizeof(text), "%s", stand_in(field, x->r->client));
	wr_str(w, text);
	return text[0] != 0;
}

const char *
explain_fill(const struct explain *x, struct view text, bool strict)
{
	char line[LINE_MAX_BYTES];
	struct wr w = wr_over(line, sizeof(line));
	bool whole = true;

	while (text.n) {
		const uint8_t *end = text.p[0] == '@' ? memchr(text.p + 1, '@', text.n - 1) : NULL;
		size_t n = end ? (size_t)(end - text.p) + 1 : 1;

		/* "the @ sign" is no place: a place has no blank in it */
		if (!end || memchr(text.p, ' ', n)) {
			wr_bytes(&w, text.p, 1);
			n = 1;
		} else if (!fill_place(x, view_of(text.p + 1, n - 2), strict, &w)) {
			whole = false;
			wr_str(&w, "?");
		}
		text = view_of(text.p + n, text.n - n);
	}
	if (strict && !whole)
		return NULL;
	return wr_done(&w) ? explain_keep(x->out, wr_view_of(&w)) : explain_keep(x->out, text);
}

const char *
explain_keep(struct diag_report *out, struct view v)
{
	const char *s = arena_copy(&out->mem, v);

	return s ? s : "";
}

/* Splits a section at its items and fills each; strict: items with an unknown place go. */
static unsigned int
fill_items(const struct explain *x, const char *text, bool strict, const char **items)
{
	unsigned int n = 0;

	while (*text && n < DIAG_ITEMS_MAX) {
		size_t len = strcspn(text, "\n");
		const char *s = len ? explain_fill(x, view_of(text, len), strict) : NULL;
		if (s && *s)
			items[n++] = s;
		text += len + (text[len] == '\n');
	}
	return n;
}

/* --- the number --- */

/* What Windows shows for an alert by which a client refuses a certificate. */
static uint32_t
alert_number(const struct attempt_record *r, uint32_t otherwise)
{
	struct fact_field alert;
	char text[FACT_TEXT_MAX];

	if (!explain_find_field(r->facts, view_str("tls.alert"), "alert", &alert))
		return otherwise;
	fact_field_text(&alert, text, sizeof(text));
	if (strstr(text, "expired"))
		return 0x800B0101;
	if (strstr(text, "revoked"))
		return 0x800B010C;
	return otherwise;
}

uint32_t
diag_number(const struct attempt_record *r)
{
	const struct cause_info *info = cause_info(r->cause);

	if (r->cause == CAUSE_TLS_CERT_REFUSED)
		return alert_number(r, info->ras_error);
	return cause_number_told(info, r->method, r->client);
}

/* What the peer was told on the wire, in the protocol's own terms. */
static const char *
wire_text(struct diag_report *out, const struct attempt_record *r, const struct cause_info *info)
{
	char text[64] = "";

	switch (info->wire_kind) {
	case WIRE_NONE:
		break;
	case WIRE_MSCHAP_E:
		if (r->method == AUTH_MSCHAPV2 || r->method == AUTH_MSCHAP)
			snprintf(text, sizeof(text), "MS-CHAP failure E=%u", info->wire_number);
		break;
	case WIRE_SSTP:
		snprintf(text, sizeof(text), "SSTP status %u", info->wire_number);
		break;
	case WIRE_HTTP:
		snprintf(text, sizeof(text), "HTTP status %u", info->wire_number);
		break;
	}
	return r->client ? "" : explain_keep(out, view_str(text));
}

/* --- the facts that decide --- */

/* Kinds of which each single one counts; of the others the last says it all. */
static bool
quote_all(enum fact_id id)
{
	return id == FACT_POLICY_PASSED_OVER || id == FACT_DIAL_CONNECT || id == FACT_SSTP_STATUS ||
	       id == FACT_ROLE_LOST || id == FACT_POOL_FULL || id == FACT_ADDRESS_CONFLICT;
}

static bool
is_last_of_kind(struct view rest, enum fact_id id)
{
	struct fact f;

	while (explain_next_fact(&rest, &f, NULL))
		if (f.id == id)
			return false;
	return true;
}

static void
quote(const struct explain *x, const struct fact *f)
{
	struct diag_report *out = x->out;
	char text[LINE_MAX_BYTES];

	if (out->n_quotes == DIAG_QUOTES_MAX)
		return;
	out->quotes[out->n_quotes++] = (struct diag_quote){ .at_ms = f->at_ms,
		.name = fact_info(f->id)->name,
		.witness = witness_name(f->witness),
		.text = explain_keep(out, view_str(fact_text(f, text, sizeof(text)))) };
}

static void
quote_facts(const struct explain *x, const char *names)
{
	static const struct cat_entry none;
	struct cat_entry e = none;
	struct view rest = x->r->facts;
	struct fact f;
	char *copy = arena_copy(&x->out->mem, view_str(names));

	if (!copy)
		return;
	e.text[CAT_FACTS] = copy;
	while (explain_next_fact(&rest, &f, &x->out->facts_unread)) {
		if (f.id == FACT_TRAIL_DROPPED)
			x->out->facts_dropped += (uint32_t)f.fields[0].u;
		if (cat_has_word(&e, CAT_FACTS, view_str(fact_info(f.id)->name)) &&
		    (quote_all(f.id) || is_last_of_kind(rest, f.id)))
			quote(x, &f);
	}
}

/* --- the report --- */

static const char *
own_text(const struct explain *x, const char *field)
{
	char text[NAME_MAX_BYTES * 6];

	text[0] = 0;
	(void)own_or_trail(x->r, field, text, sizeof(text));
	return explain_keep(x->out, view_str(text));
}

static void
fill_head(const struct explain *x, const struct cause_info *info)
{
	const struct attempt_record *r = x->r;
	struct diag_report *out = x->out;
	char number[16], text[FACT_TEXT_MAX];
	struct fact_field f;

	attempt_id_text(&r->id, out->id);
	out->began_unix_us = r->began_unix_us;
	out->duration_ms = r->duration_ms;
	out->live = !r->ended;
	out->failed = r->ended && info->blame != BLAME_NONE;
	out->cause = info->name;
	out->blame = blame_name(info->blame);
	out->class_ = cause_class_name(info->class_);
	out->number = diag_number(r);
	out->number_text = explain_keep(out, view_str(diag_number_text(out->number, number)));
	out->number_symbol = diag_number_symbol(out->number);
	if (!out->number_symbol)
		out->number_symbol = "";
	out->nps_reason = info->nps_reason;
	out->nps_text = info->nps_reason ? diag_nps_meaning(info->nps_reason) : NULL;
	if (!out->nps_text)
		out->nps_text = "";
	out->wire = wire_text(out, r, info);
	out->user = own_text(x, "user");
	out->account = own_text(x, "account");
	out->peer = own_text(x, "peer");
	out->local = own_text(x, "local");
	out->tunnel = own_text(x, "tunnel");
	out->method = own_text(x, "method");
	out->policy = own_text(x, "policy");
	out->stage = stage_name(r->stage);
	out->ended_by = r->ended_by == PARTY_NONE ? "" : party_name(r->ended_by);
	out->address = ip_is_none(&r->address) ? "" : own_text(x, "address");
	out->correlation = "";
	if (explain_find_field(r->facts, view_str("sstp.http-request"), "correlation", &f))
		out->correlation =
		    explain_keep(out, view_str(fact_field_text(&f, text, sizeof(text))));
}

/* An attempt without a cause: it is up, or still on its way. R89: what let it in. */
static void
fill_live(const struct explain *x)
{
	struct diag_report *out = x->out;
	bool up = x->r->stage >= STAGE_UP;

	out->title = up ? "The connection is up" : "The connection is still on its way";
	out->users_see = "";
	out->means =
	    up ? "Nothing has to be explained: the user was admitted on the terms below. If "
		 "the user should not have been, see \"rrasctl diagnose wrongly-accepted\". "
		 "If nothing behind the server is reached, see \"rrasctl diagnose "
		 "beyond-server\"."
	       : "Nothing has gone wrong so far. Ask again in a moment.";
	quote_facts(x, "aaa.account aaa.policy-passed-over aaa.policy-decided aaa.leased "
		       "aaa.address-conflict aaa.pool-nearly-full aaa.lease-unstored "
		       "ppp.lcp-opened ppp.ipcp-opened sstp.binding tls.established "
		       "internal.role-lost");
}

static void
fill_from_entry(const struct explain *x, const struct cat_entry *e)
{
	struct diag_report *out = x->out;

	bool client = x->r->client;
	const char *title = client ? cat_text(e, CAT_TITLE_CLIENT) : "";
	const char *saw = client ? cat_text(e, CAT_SAW_CLIENT) : "";

	if (!*title)
		title = cat_text(e, CAT_TITLE);
	if (!*saw)
		saw = cat_text(e, CAT_SAW);
	out->title = explain_fill(x, view_str(title), false);
	out->users_see = explain_fill(x, view_str(cat_text(e, CAT_USERS_SEE)), false);
	out->note = explain_fill(x, view_str(cat_text(e, CAT_NOTE)), false);
	out->means = explain_fill(x, view_str(cat_text(e, CAT_MEANS)), false);
	out->problems = explain_keep(out, view_str(cat_text(e, CAT_PROBLEMS)));
	out->n_saw = fill_items(x, saw, true, out->saw);
	if (out->n_saw == 0) /* too little was recorded: say at least what is always known */
		out->n_saw = fill_items(x, saw, false, out->saw) ? 1 : 0;
	out->n_here = fill_items(x, cat_text(e, CAT_HERE), false, out->here);
	out->n_there = fill_items(x, cat_text(e, CAT_THERE), false, out->there);
	quote_facts(x, cat_text(e, CAT_FACTS));
}

bool
diag_explain(
    const struct attempt_record *r, const struct diag_context *ctx, struct diag_report *out)
{
	const struct cause_info *info = cause_info(r->cause);
	const struct cat_entry *e = catalogue_find(ctx->catalogue, CAT_CAUSE, view_str(info->name));
	struct explain x = { .r = r, .ctx = ctx, .out = out };

	/* E=691 tells a client no more than that it was refused: say no more than that */
	if (r->client && r->cause == CAUSE_WRONG_PASSWORD)
		e = catalogue_find(
		    ctx->catalogue, CAT_CAUSE, view_str(cause_info(CAUSE_AUTH_REFUSED)->name));
	x.entry = e;

	*out = (struct diag_report){ .note = "", .problems = "", .users_see = "", .means = "" };
	arena_init(&out->mem, REPORT_BYTES);
	fill_head(&x, info);
	if (r->cause == CAUSE_NONE) {
		fill_live(&x);
	} else if (e) {
		fill_from_entry(&x, e);
	} else { /* a record of a newer version */
		out->title = "A cause that this version does not know";
		out->means = "The record was written by another version. Use its rrasctl.";
	}
	if (r->cause != CAUSE_NONE)
		explain_findings(&x);
	return out->mem.blocks != NULL;
}

void
diag_report_fini(struct diag_report *out)
{
	arena_fini(&out->mem);
}
