/*
 * rrasctl attempts: the list, or one attempt with its whole trail. Asks the daemon; where none
 * runs, reads history.db of the state directory, so that it works when it is needed most.
 */
#include "cmd/ctl.h"
#include "os/store_history.h"
#include "roles/record_ctl.h"

#include <stdlib.h>
#include <string.h>

#define ID_SHOWN 16

static void
print_list(const json_t *rows)
{
	static const char *const titles[] = { "ID", "BEGAN", "TUNNEL", "FROM", "USER", "CAME TO",
		"ENDED", "ERROR" };
	struct ctl_table *t = ctl_table_new(8, titles);
	json_t *row;
	size_t i;

	ctl_table_right(t, 7);
	json_array_foreach(rows, i, row)
	{
		char id[ID_SHOWN + 1], began[32], error[24] = "";
		const char *cause = ctl_str(row, "cause");
		snprintf(id, sizeof(id), "%.*s", ID_SHOWN, ctl_str(row, "id"));
		if (ctl_int(row, "ras_error"))
			snprintf(error, sizeof(error),
			    ctl_int(row, "ras_error") > 0xffff ? "0x%llX" : "%llu",
			    (unsigned long long)ctl_int(row, "ras_error"));
		const char *const cells[] = { id,
			ctl_time_text(ctl_int(row, "began_unix_us"), began), ctl_str(row, "tunnel"),
			ctl_str(row, "peer"), ctl_str(row, "user"), ctl_str(row, "stage"),
			ctl_bool(row, "ended") ? cause : "is up", error };
		ctl_table_row(t, cells);
	}
	if (json_array_size(rows))
		ctl_table_print(t, stdout);
	else
		puts("No such attempt is stored.");
	ctl_table_free(t);
}

static void
print_counts(const json_t *rows)
{
	static const char *const titles[] = { "MINUTE", "FROM", "ATTEMPTS", "ENDED" };
	struct ctl_table *t = ctl_table_new(4, titles);
	json_t *row;
	size_t i;

	ctl_table_right(t, 2);
	json_array_foreach(rows, i, row)
	{
		char minute[32], n[24];
		snprintf(n, sizeof(n), "%lld", (long long)ctl_int(row, "attempts"));
		const char *const cells[] = { ctl_time_text(ctl_int(row, "minute_unix_us"), minute),
			ctl_str(row, "from"), n, ctl_str(row, "cause") };
		ctl_table_row(t, cells);
	}
	if (json_array_size(rows))
		ctl_table_print(t, stdout);
	else
		puts("No attempt was counted.");
	ctl_table_free(t);
}

static void
print_one(const json_t *o)
{
	static const char *const titles[] = { "MS", "BY", "WHAT" };
	static const char *const labels[][2] = { { "id", "Attempt" }, { "tunnel", "Tunnel" },
		{ "peer", "From" }, { "local", "To" }, { "user", "User as sent" },
		{ "account", "Account" }, { "policy", "Policy" }, { "method", "Method" },
		{ "stage", "Came to" }, { "address", "Address" }, { "prefix6", "IPv6 prefix" },
		{ "device", "Device" }, { "cause", "Ended" }, { "ended_by", "Ended by" } };
	static const char *const none[] = { "", "" };
	struct ctl_table *head = ctl_table_new(2, none), *facts = ctl_table_new(3, titles);
	char text[32], in[32], out[96];
	json_t *f;
	size_t i;

	printf("Began %s, lasted %s\n", ctl_time_text(ctl_int(o, "began_unix_us"), text),
	    ctl_duration_text((uint64_t)ctl_int(o, "duration_ms"), in));
	for (i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		const char *const cells[] = { labels[i][1], ctl_str(o, labels[i][0]) };
		if (cells[1][0])
			ctl_table_row(head, cells);
	}
	if (ctl_int(o, "ras_error")) {
		snprintf(out, sizeof(out), "%lld", (long long)ctl_int(o, "ras_error"));
		ctl_table_row(head, (const char *const[]){ "Error users see", out });
	}
	if (ctl_int(o, "in_bytes") || ctl_int(o, "out_bytes")) {
		ctl_bytes_text((uint64_t)ctl_int(o, "in_bytes"), in);
		ctl_bytes_text((uint64_t)ctl_int(o, "out_bytes"), text);
		snprintf(out, sizeof(out), "%s in, %s out", in, text);
		ctl_table_row(head, (const char *const[]){ "Moved", out });
	}
	ctl_table_print_rows(head, stdout);
	ctl_table_right(facts, 0);
	json_array_foreach(json_object_get(o, "facts"), i, f)
	{
		snprintf(text, sizeof(text), "%lld", (long long)ctl_int(f, "at_ms"));
		ctl_table_row(facts,
		    (const char *const[]){ text, ctl_str(f, "witness"), ctl_str(f, "text") });
	}
	putchar('\n');
	ctl_table_print(facts, stdout);
	ctl_table_free(head);
	ctl_table_free(facts);
	if (!ctl_bool(o, "ended"))
		return;
	if (ctl_str(o, "blame")[0] && strcmp(ctl_str(o, "blame"), "none") != 0)
		printf("\nWhat to do: rrasctl diagnose %.*s\n", ID_SHOWN, ctl_str(o, "id"));
}

static bool
add_row(void *ctx, const struct attempt_record *r)
{
	json_array_append_new(ctx, rctl_json_attempt(r, false));
	return true;
}

struct counts_wanted {
	json_t *rows;
	enum cause cause; /* CAUSE_NONE: any */
	size_t most;
};

static bool
add_count(void *ctx, const struct history_count *c)
{
	struct counts_wanted *w = ctx;

	if (w->cause == CAUSE_NONE || w->cause == c->cause)
		json_array_append_new(w->rows, rctl_json_count(c));
	return json_array_size(w->rows) < w->most;
}

static int64_t
read_counts(struct history *h, const struct history_filter *f, const json_t *request, json_t *rows,
    char *err, size_t cap)
{
	struct counts_wanted w = { rows, f->cause, (size_t)ctl_int(request, "limit") };
	uint64_t since = f->since_unix_us > 0 ? (uint64_t)f->since_unix_us / 60000000 : 0;

	return history_counts(h, since, 0, add_count, &w, err, cap);
}

/* The answer that the daemon would give, from the file. NULL after printing the reason. */
static json_t *
read_offline(const struct ctl *c, const json_t *request, int *status)
{
	char path[512], err[STORE_ERR_MAX] = "";
	const char *user = ctl_str(request, "user"), *id = ctl_str(request, "id");
	struct history_filter f = { .failures = ctl_bool(request, "failures"),
		.user = user[0] ? user : NULL,
		.ras_error = (uint32_t)ctl_int(request, "error"),
		.cause = cause_by_name(view_str(ctl_str(request, "cause"))),
		.since_unix_us = ctl_int(request, "since") * 1000000 };
	struct history *h = history_open(ctl_state_path(c, HISTORY_FILE, path, sizeof(path)),
	    HISTORY_READ, NULL, err, sizeof(err));
	struct attempt_record *r = NULL;
	json_t *rows = json_array(), *answer = NULL;
	enum history_found found = HISTORY_FOUND;

	*status = CTL_FAILED;
	if (h && id[0])
		found = history_by_id(h, view_str(id), &r, err, sizeof(err));
	else if (h && ctl_bool(request, "counted"))
		found = read_counts(h, &f, request, rows, err, sizeof(err)) < 0 ? HISTORY_ERROR
		                                                                : HISTORY_FOUND;
	else if (!h || history_list(h, &f, (uint32_t)ctl_int(request, "limit"), false, add_row,
			   rows, err, sizeof(err)) < 0)
		found = HISTORY_ERROR;
	if (found == HISTORY_FOUND)
		answer = r ? json_pack("{s:b, s:o}", "ok", 1, "attempt", rctl_json_attempt(r, true))
		           : json_pack("{s:b, s:O}", "ok", 1, "rows", rows);
	else if (found == HISTORY_ERROR)
		(void)ctl_fail(c, CTL_FAILED, err, "");
	else
		*status = ctl_fail(c, CTL_NOT_FOUND,
		    found == HISTORY_NONE ? "there is no such attempt"
					  : "more than one attempt's id begins so",
		    "see rrasctl attempts");
	history_free(r);
	history_close(h);
	json_decref(rows);
	return answer;
}

/* Turns the arguments into a request. False after printing what is wrong. */
static bool
take_arguments(struct ctl *c, int argc, char **argv, json_t *request)
{
	static const struct ctl_opt opts[] = { { "--failures", false }, { "--user", true },
		{ "--error", true }, { "--cause", true }, { "--since", true }, { "--limit", true },
		{ "--counted", false } };
	static const char *const keys[] = { "failures", "user", "error", "cause", "since", "limit",
		"counted" };
	struct ctl_args a = { argc, argv, 1 };
	int64_t number;
	int o;

	while ((o = ctl_arg(&a, opts, 7)) != CTL_ARG_END) {
		if (o == CTL_ARG_OPERAND) {
			json_object_set_new(request, "cmd", json_string("attempt"));
			json_object_set_new(request, "id", json_string(a.value));
		} else if (o == 0 || o == 6) {
			json_object_set_new(request, keys[o], json_true());
		} else if (o == 1 || o == 3) {
			json_object_set_new(request, keys[o], json_string(a.value));
		} else if (o == 4 && ctl_date_parse(a.value, &number)) {
			json_object_set_new(request, keys[o], json_integer(number));
		} else if ((o == 2 || o == 5) && ctl_number_parse(a.value, &number)) {
			json_object_set_new(request, keys[o], json_integer(number));
		} else {
			(void)ctl_usage(c, "what is \"%s\"?", a.value);
			return false;
		}
	}
	if (ctl_str(request, "cause")[0] &&
	    cause_by_name(view_str(ctl_str(request, "cause"))) == CAUSE_NONE) {
		(void)ctl_usage(c, "there is no cause \"%s\"", ctl_str(request, "cause"));
		return false;
	}
	return true;
}

int
ctl_attempts(struct ctl *c, int argc, char **argv)
{
	json_t *request = json_pack("{s:s, s:i}", "cmd", "attempts", "limit", 50), *answer;
	int status = CTL_USAGE;

	if (!take_arguments(c, argc, argv, request)) {
		json_decref(request);
		return status;
	}
	bool counted = ctl_bool(request, "counted");
	if (ctl_daemon_runs(c)) {
		answer = ctl_ask(c, request, &status);
	} else {
		answer = read_offline(c, request, &status);
		json_decref(request);
	}
	if (!answer)
		return status;
	if (c->json)
		ctl_print_json(answer);
	else if (json_object_get(answer, "attempt"))
		print_one(json_object_get(answer, "attempt"));
	else if (counted)
		print_counts(json_object_get(answer, "rows"));
	else
		print_list(json_object_get(answer, "rows"));
	json_decref(answer);
	return CTL_OK;
}
