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
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "name",
	    s->name, "host", s->host, "user", s->user, "device", s->device, "address", s->local,
	    "server_address", s->remote, "dns", s->dns, "address6", s->local6, "dns_suffix",
	    s->suffix, "server_routes", s->routes, "since", (json_int_t)s->since_unix_s, "pid",
	    (json_int_t)s->pid);
}

static void
print_json(json_t *o)
{
	if (o && json_dumpf(o, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	json_decref(o);
}

void
dial_print_up(const struct dial_print *p, const struct dial_state *s)
{
	if (p->json) {
		json_t *o = state_json(s);
		json_object_set_new(o, "connected", json_true());
		print_json(o);
		return;
	}
	printf("Successfully connected to %s.\n", s->host);
	printf(
	    "  address %s, server %s, DNS %s, device %s\n", s->local, s->remote, s->dns, s->device);
	if (strcmp(s->local6, "-") != 0)
		printf("  IPv6 address %s\n", s->local6);
	printf("  end it with: rasdial --disconnect %s\n", s->name);
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
		printf(
		    "%-20s %-24s %-16s %-10s %s\n", "NAME", "HOST", "ADDRESS", "DEVICE", "SECONDS");
	printf("%-20s %-24s %-16s %-10s %lld\n", s->name, s->host, s->local, s->device,
	    (long long)(time(NULL) - s->since_unix_s));
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
		print_json(json_pack("{s:b, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}",
		    "connected", 0, "attempt", rep.id, "error", (json_int_t)rep.number,
		    "error_text", rep.number_text, "cause", rep.cause, "class",
		    cause_class_name(cause_info(r->cause)->class_), "title", rep.title, "meaning",
		    rep.means, "evidence", texts(rep.saw, rep.n_saw), "fix_here",
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
