/* Errors of the configuration and the nearest spelling. See report.h. */
#include "conf/report.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

/* The last warning in the list gives way to an error; NULL when there is none. */
static struct conf_error *
oust_warning(struct conf_errors *e)
{
	for (unsigned int i = e->n; i-- > 0;) {
		if (!e->e[i].warning)
			continue;
		memmove(&e->e[i], &e->e[i + 1], (e->n - i - 1) * sizeof(e->e[0]));
		e->n_warnings--;
		e->n_more++;
		return &e->e[e->n - 1];
	}
	return NULL;
}

static void __attribute__((format(printf, 4, 0)))
add(struct conf_errors *e, const struct conf_at *at, bool warning, const char *fmt, va_list ap)
{
	struct conf_error *to = e->n < CONF_ERRORS_MAX ? &e->e[e->n++] : NULL;

	if (!to && !warning)
		to = oust_warning(e);
	if (!to) {
		e->n_more++;
		return;
	}
	*to = (struct conf_error){ .line = at->line, .column = at->column, .warning = warning };
	snprintf(to->file, sizeof(to->file), "%s", at->file ? at->file : "built-in defaults");
	vsnprintf(to->text, sizeof(to->text), fmt, ap);
	if (warning)
		e->n_warnings++;
}

void
conf_error(struct conf_errors *e, const struct conf_at *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(e, at, false, fmt, ap);
	va_end(ap);
}

void
conf_warning(struct conf_errors *e, const struct conf_at *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(e, at, true, fmt, ap);
	va_end(ap);
}

unsigned int
conf_error_count(const struct conf_errors *e)
{
	return e->n - e->n_warnings;
}

char *
conf_error_text(const struct conf_error *e, char *out, size_t cap)
{
	const char *kind = e->warning ? "warning" : "error";

	if (e->line)
		snprintf(out, cap, "%s:%u:%u: %s: %s", e->file, e->line, e->column, kind, e->text);
	else
		snprintf(out, cap, "%s: %s: %s", e->file, kind, e->text);
	return out;
}

char *
conf_quote(struct view v, char out[CONF_QUOTE_MAX])
{
	bool cut = v.n > 48;
	char text[64];

	text_escape(view_of(v.p, cut ? 48 : v.n), text, sizeof(text));
	snprintf(out, CONF_QUOTE_MAX, "\"%s%s\"", text, cut ? "..." : "");
	return out;
}

void
conf_near_init(struct conf_near *n, struct view got)
{
	/* Slips to forgive; a short word is near to too many others. */
	unsigned int limit = got.n <= 4 ? 1 : got.n <= 8 ? 2 : 3;

	*n = (struct conf_near){ .got = got, .distance = limit + 1 };
}

void
conf_near_try(struct conf_near *n, const char *candidate)
{
	unsigned int d;

	if (n->distance == 0)
		return;
	d = text_distance(n->got, view_str(candidate), n->distance - 1);
	if (d >= n->distance || d * 2 > strlen(candidate))
		return;
	n->distance = d;
	n->best = candidate;
}

const char *
conf_near_text(struct conf_near *n)
{
	char name[CONF_QUOTE_MAX];

	n->text[0] = 0;
	if (n->best)
		snprintf(n->text, sizeof(n->text), " (did you mean %s?)",
		    conf_quote(view_str(n->best), name));
	return n->text;
}
