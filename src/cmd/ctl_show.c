/* rrasctl status, sessions, disconnect, ports: what the running daemon says. */
#include "cmd/ctl.h"

#include "base/addr.h"

#include <string.h>

#define ID_SHOWN 16 /* digits: the millisecond and some chance */

/* JSON as it came, or nothing said. True when the caller is to print for people. */
static bool
for_people(const struct ctl *c, const json_t *answer)
{
	if (c->json)
		ctl_print_json(answer);
	return !c->json;
}

static int
no_arguments(struct ctl *c, int argc, char **argv)
{
	return argc > 1 ? ctl_usage(c, "it takes no argument \"%s\"", argv[1]) : CTL_OK;
}

int
ctl_status(struct ctl *c, int argc, char **argv)
{
	int status = no_arguments(c, argc, argv);
	bool all_there = true;
	json_t *answer, *row, *line;
	size_t i, k;

	if (status != CTL_OK)
		return status;
	answer = ctl_ask(c, json_pack("{s:s}", "cmd", "status"), &status);
	if (!answer)
		return status;
	json_array_foreach(json_object_get(answer, "rows"), i, row) all_there =
	    all_there && strcmp(ctl_str(row, "state"), "running") == 0;
	if (for_people(c, answer)) {
		printf("OpenRRAS %s, %lld sessions\n\n", ctl_str(answer, "version"),
		    (long long)ctl_int(answer, "sessions"));
		json_array_foreach(json_object_get(answer, "rows"), i, row)
		{
			bool net = strcmp(ctl_str(row, "role"), "net") == 0;
			if (net)
				printf("net %lld: ", (long long)ctl_int(row, "index"));
			else
				printf("%s: ", ctl_str(row, "role"));
			printf("%s\n", ctl_str(row, "state"));
			json_array_foreach(json_object_get(row, "lines"), k, line)
			    printf("    %s\n", json_string_value(line));
		}
	}
	json_decref(answer);
	return all_there ? CTL_OK : CTL_FAILED;
}

static void
short_id(const json_t *row, char out[ID_SHOWN + 1])
{
	snprintf(out, ID_SHOWN + 1, "%.*s", ID_SHOWN, ctl_str(row, "id"));
}

static void
print_sessions(const json_t *rows, bool wide)
{
	static const char *const titles[] = { "ID", "USER", "TUNNEL", "FROM", "ADDRESS", "SINCE",
		"TIME", "IN", "OUT", "DEVICE", "METHOD", "PKTS IN", "PKTS OUT", "DROPS",
		"IPV6 PREFIX" };
	struct ctl_table *t = ctl_table_new(wide ? 15 : 9, titles);
	json_t *row;
	size_t i;

	ctl_table_right(t, 7);
	ctl_table_right(t, 8);
	for (size_t k = 11; wide && k < 14; k++)
		ctl_table_right(t, k);
	json_array_foreach(rows, i, row)
	{
		char id[ID_SHOWN + 1], since[32], time[32], in[32], out[32], n[3][24];
		const char *user = ctl_str(row, "account");
		short_id(row, id);
		snprintf(n[0], sizeof(n[0]), "%lld", (long long)ctl_int(row, "in_pkts"));
		snprintf(n[1], sizeof(n[1]), "%lld", (long long)ctl_int(row, "out_pkts"));
		snprintf(n[2], sizeof(n[2]), "%lld", (long long)ctl_int(row, "drops"));
		const char *const cells[] = { id, user[0] ? user : ctl_str(row, "user"),
			ctl_str(row, "tunnel"), ctl_str(row, "peer"), ctl_str(row, "address"),
			ctl_time_text(ctl_int(row, "began_unix_us"), since),
			ctl_duration_text((uint64_t)ctl_int(row, "duration_ms"), time),
			ctl_bytes_text((uint64_t)ctl_int(row, "in_bytes"), in),
			ctl_bytes_text((uint64_t)ctl_int(row, "out_bytes"), out),
			ctl_str(row, "device"), ctl_str(row, "method"), n[0], n[1], n[2],
			ctl_str(row, "prefix6") };
		ctl_table_row(t, cells);
	}
	ctl_table_print(t, stdout);
	ctl_table_free(t);
}

int
ctl_sessions(struct ctl *c, int argc, char **argv)
{
	static const struct ctl_opt opts[] = { { "--user", true }, { "--wide", false } };
	struct ctl_args a = { argc, argv, 1 };
	json_t *request = json_pack("{s:s}", "cmd", "sessions"), *answer;
	bool wide = false;
	int o, status;

	while ((o = ctl_arg(&a, opts, 2)) != CTL_ARG_END) {
		if (o == 0) {
			json_object_set_new(request, "user", json_string(a.value));
		} else if (o == 1) {
			wide = true;
		} else {
			json_decref(request);
			return ctl_usage(c, "what is \"%s\"?", a.value);
		}
	}
	answer = ctl_ask(c, request, &status);
	if (!answer)
		return status;
	if (for_people(c, answer)) {
		if (json_array_size(json_object_get(answer, "rows")))
			print_sessions(json_object_get(answer, "rows"), wide);
		else
			puts("Nobody is connected.");
		if (ctl_int(answer, "workers_silent"))
			fprintf(stderr,
			    "rrasctl: %lld workers did not answer: their counters are old\n",
			    (long long)ctl_int(answer, "workers_silent"));
	}
	json_decref(answer);
	return CTL_OK;
}

/* What a bare name of a session is: an address, the beginning of an id, else a user. */
static const char *
kind_of_name(const char *s)
{
	struct ip_addr a;
	size_t n = strspn(s, "0123456789abcdefABCDEF");

	if (ip_parse(view_str(s), &a))
		return "address";
	return s[n] == 0 && n >= 8 ? "id" : "user";
}

int
ctl_disconnect(struct ctl *c, int argc, char **argv)
{
	static const struct ctl_opt opts[] = { { "--address", true }, { "--user", true } };
	static const char *const keys[] = { "address", "user" };
	struct ctl_args a = { argc, argv, 1 };
	json_t *request = json_pack("{s:s}", "cmd", "disconnect"), *answer;
	int o, status, n = 0;

	while ((o = ctl_arg(&a, opts, 2)) != CTL_ARG_END && o != CTL_ARG_BAD) {
		json_object_set_new(request, o == CTL_ARG_OPERAND ? kind_of_name(a.value) : keys[o],
		    json_string(a.value));
		n++;
	}
	if (o == CTL_ARG_BAD || n != 1) {
		json_decref(request);
		return o == CTL_ARG_BAD ? ctl_usage(c, "what is \"%s\"?", a.value)
		                        : ctl_usage(c, "give one of ID, --address or --user");
	}
	answer = ctl_ask(c, request, &status);
	if (!answer)
		return status;
	if (for_people(c, answer))
		printf("Disconnected %lld session%s.\n", (long long)ctl_int(answer, "disconnected"),
		    ctl_int(answer, "disconnected") == 1 ? "" : "s");
	json_decref(answer);
	return CTL_OK;
}

static void
print_ports(const json_t *rows)
{
	static const char *const titles[] = { "TUNNEL", "STATE", "LIMIT", "IN USE", "FREE",
		"REFUSED" };
	static const char *const keys[] = { "limit", "used", "free", "refused" };
	struct ctl_table *t = ctl_table_new(6, titles);
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		char text[4][24] = { "" };
		for (size_t k = 0; ctl_bool(row, "offered") && k < 4; k++)
			snprintf(
			    text[k], sizeof(text[k]), "%lld", (long long)ctl_int(row, keys[k]));
		const char *const cells[] = { ctl_str(row, "tunnel"),
			ctl_bool(row, "enabled")   ? "on"
			: ctl_bool(row, "offered") ? "off"
						   : "not offered",
			text[0], text[1], text[2], text[3] };
		ctl_table_row(t, cells);
	}
	for (size_t k = 2; k < 6; k++)
		ctl_table_right(t, k);
	ctl_table_print(t, stdout);
	ctl_table_free(t);
}

int
ctl_ports(struct ctl *c, int argc, char **argv)
{
	int status;
	json_t *answer;

	if (argc > 1 && strcmp(argv[1], "set") == 0)
		return ctl_ports_set(c, argc - 1, argv + 1);
	status = no_arguments(c, argc, argv);
	if (status != CTL_OK)
		return status;
	answer = ctl_ask(c, json_pack("{s:s}", "cmd", "ports"), &status);
	if (!answer)
		return status;
	if (for_people(c, answer))
		print_ports(json_object_get(answer, "rows"));
	json_decref(answer);
	return CTL_OK;
}
