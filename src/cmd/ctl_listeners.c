/*
 * rrasctl listeners: the table that netstat -aon gives on Windows (R15): protocol, local and
 * foreign address, state, process; then each enabled tunnel type whose listener is missing, IPv6
 * included.
 */
#include "cmd/ctl_context.h"

#include <stdlib.h>
#include <string.h>

static bool
is_port_of_ours(const struct ctl_context *x, uint16_t port)
{
	for (unsigned int i = 0; i < x->config.n_listeners; i++)
		if (x->config.listeners[i].port == port)
			return true;
	return false;
}

static bool
is_shown(const struct ctl_context *x, const struct host_socket *s, bool all)
{
	if (all)
		return true;
	return strcmp(s->process, "rrasd") == 0 || is_port_of_ours(x, s->local.port);
}

static void
add_socket(const struct host_socket *s, struct ctl_table *t, json_t *rows)
{
	char local[ENDPOINT_TEXT_MAX], foreign[ENDPOINT_TEXT_MAX], pid[16] = "";
	const char *state = s->state == SOCK_UNCONNECTED ? "" : sock_state_name(s->state);

	endpoint_text(&s->local, local);
	endpoint_text(&s->foreign, foreign);
	if (s->state == SOCK_UNCONNECTED)
		snprintf(foreign, sizeof(foreign), "*:*");
	if (s->pid)
		snprintf(pid, sizeof(pid), "%u", s->pid);
	ctl_table_row(t, (const char *const[]){ s->proto, local, foreign, state, pid, s->process });
	json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s, s:I, s:s}", "protocol",
					s->proto, "local", local, "foreign", foreign, "state",
					state, "pid", (json_int_t)s->pid, "process", s->process));
}

/* Prints or collects the checks of listeners that did not come out well. How many are missing. */
static unsigned int
name_missing(const struct ctl *c, const struct ctl_context *x, json_t *missing)
{
	struct diag_checks *checks = calloc(1, sizeof(*checks));
	unsigned int n = 0;

	if (!checks)
		return 0;
	diag_run_checks(&x->ctx, checks);
	for (unsigned int i = 0; i < checks->n; i++) {
		const struct diag_check *k = &checks->c[i];
		bool about = diag_check_is(k->id, view_str("listeners")) ||
		             diag_check_is(k->id, view_str("ports")) ||
		             diag_check_is(k->id, view_str("tunnels"));
		if (!about || k->result == CHECK_OK ||
		    (k->result == CHECK_SKIP && strcmp(k->id, "tunnels.others") != 0))
			continue;
		n += k->result == CHECK_FAIL && diag_check_is(k->id, view_str("listeners"));
		json_array_append_new(missing, ctl_check_json(k));
		if (!c->json)
			diag_render_check(k, ctl_width(), ctl_put_line, NULL);
	}
	free(checks);
	return n;
}

static int
show(struct ctl *c, const struct ctl_context *x, bool all)
{
	static const char *const titles[] = { "PROTO", "LOCAL ADDRESS", "FOREIGN ADDRESS", "STATE",
		"PID", "PROCESS" };
	struct ctl_table *t = ctl_table_new(6, titles);
	json_t *rows = json_array(), *missing = json_array();
	unsigned int n_missing;

	for (unsigned int i = 0; x->host && i < x->host->n_sockets; i++)
		if (is_shown(x, &x->host->sockets[i], all))
			add_socket(&x->host->sockets[i], t, rows);
	if (!c->json && json_array_size(rows)) {
		ctl_table_print(t, stdout);
		putchar('\n');
	} else if (!c->json) {
		puts("No socket of rrasd, and none on its ports.\n");
	}
	ctl_table_free(t);
	if (!c->json && x->host && x->host->sockets_cut)
		puts("There are more sockets than are shown.\n");
	if (!c->json && x->host && x->host->owners_cut)
		puts("Run as root to see the processes of other users.\n");
	if (!c->json && x->conf_error[0])
		printf("The configuration is not looked at: %s\n", x->conf_error);
	n_missing = name_missing(c, x, missing);
	if (c->json) {
		json_t *o = json_pack("{s:b, s:o, s:o}", "ok", n_missing == 0, "rows",
		    json_incref(rows), "missing", json_incref(missing));
		ctl_print_json(o);
		json_decref(o);
	} else if (n_missing == 0 && x->conf) {
		puts("Every enabled tunnel type has its listeners.");
	}
	json_decref(rows);
	json_decref(missing);
	return n_missing || !x->conf ? CTL_FAILED : CTL_OK;
}

int
ctl_listeners(struct ctl *c, int argc, char **argv)
{
	static const struct ctl_opt opts[] = { { "--all", false }, { "--config", true } };
	struct ctl_args a = { argc, argv, 1 };
	struct ctl_context x;
	bool all = false;
	int o, status;

	while ((o = ctl_arg(&a, opts, 2)) != CTL_ARG_END) {
		if (o == 0)
			all = true;
		else if (o == 1)
			c->conf = a.value;
		else
			return ctl_usage(c, "what is \"%s\"?", a.value);
	}
	if (!ctl_context_init(&x, c, GATHER_SOCKETS, NULL))
		return CTL_FAILED;
	status = show(c, &x, all);
	ctl_context_fini(&x);
	return status;
}
