/*
 * A report and a check as lines for people, wrapped. The order is that in which an administrator
 * asks: what is it, what did you see, what does it mean, what do I do. See diag.h.
 */
#include "diag/diag.h"

#include <stdio.h>
#include <time.h>

#define LINE_CAP 512u

/* Columns of UTF-8 text: continuation bytes take none. Good enough for what we print. */
static size_t
columns(const char *s, size_t n)
{
	size_t c = 0;

	for (size_t i = 0; i < n; i++)
		c += ((uint8_t)s[i] & 0xc0) != 0x80;
	return c;
}

/* The number of bytes of s that fit in width columns, cut at a blank if there is one. */
static size_t
fit(const char *s, size_t n, size_t width)
{
	size_t last = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == ' ')
			last = i;
		if (columns(s, i + 1) > width)
			return last ? last : i ? i : 1;
	}
	return n;
}

static void
wrap_one(const char *lead, const char *s, size_t n, size_t width, diag_line_fn fn, void *ctx)
{
	char line[LINE_CAP];
	size_t in = columns(lead, strlen(lead));
	size_t room = width > in + 20 ? width - in : 20;
	bool first = true;

	do {
		size_t take = fit(s, n, room);
		if (first)
			snprintf(line, sizeof(line), "%s%.*s", lead, (int)take, s);
		else
			snprintf(line, sizeof(line), "%*s%.*s", (int)in, "", (int)take, s);
		fn(ctx, line);
		first = false;
		s += take;
		n -= take;
		while (n && *s == ' ') {
			s++;
			n--;
		}
	} while (n);
}

void
diag_wrap(const char *lead, const char *text, unsigned int width, diag_line_fn fn, void *ctx)
{
	if (width > LINE_CAP / 4)
		width = LINE_CAP / 4;
	while (*text) {
		size_t n = strcspn(text, "\n");
		wrap_one(lead, text, n, width, fn, ctx);
		text += n + (text[n] == '\n');
	}
}

struct sink {
	unsigned int width;
	diag_line_fn fn;
	void *ctx;
};

static void
heading(const struct sink *s, const char *text)
{
	s->fn(s->ctx, "");
	s->fn(s->ctx, text);
}

/* "  Cause      account.disabled": nothing when there is no value. */
static void
pair(const struct sink *s, const char *name, const char *value)
{
	char lead[32];

	if (!value || !*value)
		return;
	snprintf(lead, sizeof(lead), "  %-12s ", name);
	diag_wrap(lead, value, s->width, s->fn, s->ctx);
}

static void
items(const struct sink *s, const char *title, const char *const *texts, unsigned int n)
{
	if (n == 0)
		return;
	heading(s, title);
	for (unsigned int i = 0; i < n; i++)
		diag_wrap(n > 1 ? "  * " : "  ", texts[i], s->width, s->fn, s->ctx);
}

static char *
utc_text(int64_t unix_us, char out[32])
{
	time_t t = (time_t)(unix_us / 1000000);
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(out, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		out[0] = 0;
	return out;
}

static void
render_head(const struct diag_report *r, const struct sink *s)
{
	char line[LINE_CAP], when[32];

	if (r->number)
		snprintf(line, sizeof(line), "Error %s: %s", r->number_text, r->title);
	else
		snprintf(line, sizeof(line), "%s", r->title);
	diag_wrap("", line, s->width, s->fn, s->ctx);
	s->fn(s->ctx, "");
	pair(s, "Cause", r->cause);
	if (r->failed)
		pair(s, "Who acts", r->blame);
	pair(s, "Users see", r->users_see);
	if (*r->number_symbol) {
		snprintf(line, sizeof(line), "%s = %s", r->number_text, r->number_symbol);
		pair(s, "Windows", line);
	}
	pair(s, "Note", r->note);
	if (r->nps_reason) {
		snprintf(line, sizeof(line), "%u, %s", r->nps_reason, r->nps_text);
		pair(s, "NPS reason", line);
	}
	pair(s, "Told peer", r->wire);
	snprintf(line, sizeof(line), "%s", r->user);
	if (*r->account && strcmp(r->account, r->user) != 0)
		snprintf(line, sizeof(line), "%s (account %s)", r->user, r->account);
	pair(s, "User", line);
	snprintf(line, sizeof(line), "%s to %s%s%s", *r->peer ? r->peer : "?",
	    *r->local ? r->local : "?", *r->tunnel ? " over " : "", r->tunnel);
	pair(s, "Connection", line);
	pair(s, "Method", r->method);
	pair(s, "Policy", r->policy);
	pair(s, "Address", r->address);
	snprintf(
	    line, sizeof(line), "%s%s%s", r->stage, *r->ended_by ? ", ended by " : "", r->ended_by);
	pair(s, "Came to", line);
	snprintf(line, sizeof(line), "%s, %llu.%03llu s long", utc_text(r->began_unix_us, when),
	    (unsigned long long)(r->duration_ms / 1000),
	    (unsigned long long)(r->duration_ms % 1000));
	pair(s, "When", line);
	pair(s, "Attempt", r->id);
	pair(s, "Correlation", r->correlation);
}

static void
render_evidence(const struct diag_report *r, const struct sink *s)
{
	char lead[64], line[LINE_CAP];

	items(s, "What we saw", r->saw, r->n_saw);
	if (r->n_quotes)
		heading(s, "The facts that decide (seconds since the attempt began, who says so)");
	for (unsigned int i = 0; i < r->n_quotes; i++) {
		const struct diag_quote *q = &r->quotes[i];
		snprintf(lead, sizeof(lead), "  %4llu.%03llu  %-7s ",
		    (unsigned long long)(q->at_ms / 1000), (unsigned long long)(q->at_ms % 1000),
		    q->witness);
		diag_wrap(lead, q->text, s->width, s->fn, s->ctx);
	}
	if (r->facts_dropped || r->facts_unread) {
		snprintf(line, sizeof(line),
		    "The trail has gaps: %u facts were dropped for want of room, %u could not be "
		    "read.",
		    r->facts_dropped, r->facts_unread);
		diag_wrap("  ", line, s->width, s->fn, s->ctx);
	}
}

static void
render_findings(const struct diag_report *r, const struct sink *s)
{
	if (r->n_findings)
		heading(s, "Found by looking further (host and configuration as they are now)");
	for (unsigned int i = 0; i < r->n_findings; i++) {
		const struct diag_finding *f = &r->findings[i];
		diag_wrap(
		    f->level == CHECK_FAIL ? "  ! " : "  - ", f->text, s->width, s->fn, s->ctx);
		if (*f->remedy)
			diag_wrap("    > ", f->remedy, s->width, s->fn, s->ctx);
	}
}

void
diag_render(const struct diag_report *r, unsigned int width, diag_line_fn fn, void *ctx)
{
	struct sink s = { .width = width, .fn = fn, .ctx = ctx };

	render_head(r, &s);
	render_evidence(r, &s);
	if (*r->means)
		items(&s, "What it means", &r->means, 1);
	render_findings(r, &s);
	items(&s, "What to do on the server", r->here, r->n_here);
	items(&s, "What to do on the client", r->there, r->n_there);
}

void
diag_render_check(const struct diag_check *c, unsigned int width, diag_line_fn fn, void *ctx)
{
	char lead[80];

	snprintf(lead, sizeof(lead), "%-4s  %-26s ", check_result_name(c->result), c->id);
	diag_wrap(lead, c->what, width, fn, ctx);
	if (c->remedy[0] && c->result != CHECK_OK)
		diag_wrap("                                 > ", c->remedy, width, fn, ctx);
}
