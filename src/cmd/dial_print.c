/* What rasdial prints. See dial_print.h. */
#include "cmd/dial_print.h"

#include "diag/diag.h"
#include "os/file.h"
#include "os/hostfacts.h"
#include "os/store_history.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WIDTH 96u

static json_t *
state_json(const struct dial_state *s)
{
	return json_pack(
	    "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, "
	    "s:I, s:I}",
	    "name", s->name, "host", s->host, "user", s->user, "device", s->device, "address",
	    s->local, "server_address", s->remote, "dns", s->dns, "address6", s->local6,
	    "dns_suffix", s->suffix, "server_routes", s->routes, "routes", s->set_routes, "dns_by",
	    s->dns_by, "state", s->state, "cause", s->cause, "tries", (json_int_t)s->tries, "since",
	    (json_int_t)s->since_unix_s, "pid", (json_int_t)s->pid);
}

static void
print_json(json_t *o)
{
	if (o && json_dumpf(o, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	json_decref(o);
}

/* One event, one line; the fields that all have come first. */
static void
print_event(const struct dial_print *p, const char *event, json_t *more)
{
	struct timespec t;
	json_t *o;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	o = json_pack("{s:s, s:I, s:s}", "event", event, "time_ms",
	    (json_int_t)t.tv_sec * 1000 + t.tv_nsec / 1000000, "name", p->name ? p->name : "");
	if (o && more)
		json_object_update(o, more);
	if (o && json_dumpf(o, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER) == 0)
		putchar('\n');
	fflush(stdout);
	json_decref(o);
	json_decref(more);
}

static const char *
event_name(enum dial_event_kind kind)
{
	switch (kind) {
	case DIAL_RESOLVING:
		return "resolving";
	case DIAL_CONNECTING:
		return "connecting";
	case DIAL_TLS:
		return "tls";
	case DIAL_AUTHENTICATING:
		return "authenticating";
	case DIAL_ADDRESS:
		return "address";
	case DIAL_CONNECTED:
		return "connected";
	case DIAL_CHANGED:
		return "changed";
	case DIAL_WARNING:
		return "warning";
	case DIAL_RECONNECTING:
		return "reconnecting";
	case DIAL_ENDED:
		return "disconnected";
	}
	return "";
}

static void
event_json(const struct dial_print *p, const struct dial_event *e, const struct dial_state *s)
{
	enum cause cause = e->result ? e->result->record.cause : CAUSE_NONE;
	char peer[ENDPOINT_TEXT_MAX];
	json_t *o = NULL;

	if (s) {
		o = state_json(s);
		json_object_set_new(o, "connected", json_true());
	} else if (e->kind == DIAL_RECONNECTING) {
		o = json_pack("{s:b, s:s, s:I, s:I, s:I, s:I}", "connected", 0, "cause",
		    cause_info(cause)->name, "error", (json_int_t)cause_info(cause)->ras_error,
		    "try", (json_int_t)e->try, "tries", (json_int_t)e->tries, "wait_ms",
		    (json_int_t)e->wait_ms);
	} else if (e->kind == DIAL_CONNECTING || e->kind == DIAL_TLS) {
		o = json_pack(
		    "{s:s, s:s}", "text", e->text, "server", endpoint_text(&e->peer, peer));
	} else {
		o = json_pack("{s:s}", "text", e->text ? e->text : "");
	}
	print_event(p, event_name(e->kind), o);
}

static void
print_up(const struct dial_state *s)
{
	printf("Successfully connected to %s.\n", s->host);
	printf(
	    "  address %s, server %s, DNS %s, device %s\n", s->local, s->remote, s->dns, s->device);
	if (strcmp(s->local6, "-") != 0)
		printf("  IPv6 address %s\n", s->local6);
	if (s->set_routes[0])
		printf("  through the tunnel: %s\n", s->set_routes);
	if (s->dns_by[0])
		printf("  DNS is set by %s\n", s->dns_by);
	printf("  end it with: rasdial --disconnect %s\n", s->name);
}

void
dial_print_event(const struct dial_print *p, const struct dial_event *e, const struct dial_state *s)
{
	if (p->json) {
		event_json(p, e, s);
		return;
	}
	if (e->kind == DIAL_CONNECTED && s)
		print_up(s);
	else if (e->kind == DIAL_RECONNECTING)
		printf("The connection broke (%s). Dialling anew in %u.%u s, try %u of %u.\n",
		    cause_info(e->result->record.cause)->name, e->wait_ms / 1000,
		    e->wait_ms % 1000 / 100, e->try, e->tries);
	else if (e->text)
		printf("%s%s\n", e->kind == DIAL_WARNING ? "Warning: " : "", e->text);
	fflush(stdout);
}

void
dial_print_status(const struct dial_print *p, const struct dial_state *s)
{
	if (p->json) {
		print_json(state_json(s));
		return;
	}
	printf("%s: %s for %lld s, process %d\n", s->name, s->state,
	    (long long)(time(NULL) - s->since_unix_s), (int)s->pid);
	printf("  host %s, user %s, device %s\n", s->host, s->user, s->device);
	printf("  address %s, IPv6 %s, server %s\n", s->local, s->local6, s->remote);
	printf("  DNS %s%s%s, suffix %s\n", s->dns, s->dns_by[0] ? " set by " : ", not set",
	    s->dns_by, s->suffix[0] ? s->suffix : "-");
	printf("  through the tunnel: %s\n", s->set_routes[0] ? s->set_routes : "-");
	if (s->routes[0])
		printf("  the server offers: %s\n", s->routes);
	if (s->cause[0])
		printf("  it broke for %s; try %u\n", s->cause, s->tries);
}

void
dial_print_end(const struct dial_print *p, const struct attempt_record *r)
{
	if (p->json)
		print_event(p, "disconnected",
		    json_pack("{s:b, s:s, s:I}", "connected", 0, "cause",
			cause_info(r->cause)->name, "error",
			(json_int_t)cause_info(r->cause)->ras_error));
	else
		puts("Disconnected.");
}

void
dial_print_gone(const struct dial_print *p, const struct dial_state *s)
{
	if (p->json)
		print_json(json_pack("{s:b, s:s}", "connected", 0, "name", s->name));
	else
		printf("Disconnected %s.\n", s->name);
}

struct listing {
	json_t *rows;
	unsigned int n;
};

static void
list_one(void *ctx, const struct dial_state *s)
{
	struct listing *l = ctx;

	if (l->rows) {
		json_array_append_new(l->rows, state_json(s));
		return;
	}
	if (l->n++ == 0)
		printf("%-20s %-24s %-16s %-10s %-13s %s\n", "NAME", "HOST", "ADDRESS", "DEVICE",
		    "STATE", "SECONDS");
	printf("%-20s %-24s %-16s %-10s %-13s %lld\n", s->name, s->host, s->local, s->device,
	    s->state, (long long)(time(NULL) - s->since_unix_s));
}

int
dial_print_list(const struct dial_print *p)
{
	struct listing l = { .rows = p->json ? json_array() : NULL };

	dial_state_each(list_one, &l);
	if (l.rows)
		print_json(l.rows);
	else if (l.n == 0)
		puts("No connections.");
	return 0;
}

static json_t *
texts(const char *const *items, unsigned int n)
{
	json_t *a = json_array();

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(a, json_string(items[i]));
	return a;
}

static json_t *
findings(const struct diag_report *rep)
{
	json_t *a = json_array();

	for (unsigned int i = 0; i < rep->n_findings; i++)
		json_array_append_new(
		    a, json_pack("{s:s, s:s, s:s}", "id", rep->findings[i].id, "text",
			   rep->findings[i].text, "remedy", rep->findings[i].remedy));
	return a;
}

static void
print_line(void *ctx, const char *line)
{
	fprintf(ctx, "%s\n", line);
}

void
dial_print_failure(const struct dial_print *p, const struct attempt_record *r)
{
	struct catalogue *cat = catalogue_new();
	struct host_facts *host = calloc(1, sizeof(*host));
	struct diag_context ctx = { .catalogue = cat, .client = true, .host = host };
	struct diag_report rep;

	if (host)
		hostfacts_client(host);
	if (!cat || !diag_explain(r, &ctx, &rep)) {
		fprintf(stderr, "rasdial: error %u, %s\n", cause_info(r->cause)->ras_error,
		    cause_info(r->cause)->name);
		catalogue_free(cat);
		free(host);
		return;
	}
	if (p->json) {
		print_event(p, "disconnected",
		    json_pack("{s:b, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}",
			"connected", 0, "attempt", rep.id, "error", (json_int_t)rep.number,
			"error_text", rep.number_text, "cause", rep.cause, "class",
			cause_class_name(cause_info(r->cause)->class_), "title", rep.title,
			"meaning", rep.means, "evidence", texts(rep.saw, rep.n_saw), "fix_here",
			texts(rep.there, rep.n_there), "fix_on_server", texts(rep.here, rep.n_here),
			"findings", findings(&rep)));
	} else {
		diag_render(&rep, WIDTH, print_line, stderr);
	}
	diag_report_fini(&rep);
	catalogue_free(cat);
	free(host);
}

void
dial_print_store(const struct attempt_record *r)
{
	char err[STORE_ERR_MAX];
	struct history_limits limits = history_limits_of(1000);
	struct history *h;

	if (file_mkdirs(DIAL_HISTORY_DIR, 0755, (uid_t)-1, (gid_t)-1) < 0)
		return;
	h = history_open(
	    DIAL_HISTORY_DIR "/" DIAL_HISTORY_FILE, HISTORY_WRITE, &limits, err, sizeof(err));
	if (!h || !history_put(h, r, err, sizeof(err)))
		fprintf(stderr, "rasdial: the attempt is not kept: %s\n", err);
	history_close(h);
}
