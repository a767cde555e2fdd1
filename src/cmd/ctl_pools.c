/* rrasctl pools: how full the address pools are, and which addresses somebody else uses. */
#include "cmd/ctl.h"

#include <stdio.h>

#define CONFLICTS_TEXT 400u

static void
conflicts_text(const json_t *row, char *out, size_t cap)
{
	const json_t *one;
	size_t i, o = 0;

	out[0] = 0;
	json_array_foreach(json_object_get(row, "conflicts"), i, one)
	{
		if (o + 60 > cap) {
			snprintf(out + o, cap - o, " ...");
			return;
		}
		o += (size_t)snprintf(
		    out + o, cap - o, "%s%s", i ? " " : "", json_string_value(one));
	}
}

static void
print(const json_t *answer)
{
	static const char *const titles[] = { "POOL", "STATE", "SIZE", "IN USE", "ADDRESSES",
		"USED BY OTHERS" };
	struct ctl_table *t = ctl_table_new(6, titles);
	const json_t *row;
	size_t i;

	ctl_table_right(t, 2);
	ctl_table_right(t, 3);
	json_array_foreach(json_object_get(answer, "rows"), i, row)
	{
		char size[24], leased[24], conflicts[CONFLICTS_TEXT];
		snprintf(size, sizeof(size), "%lld", (long long)ctl_int(row, "size"));
		snprintf(leased, sizeof(leased), "%lld", (long long)ctl_int(row, "leased"));
		conflicts_text(row, conflicts, sizeof(conflicts));
		ctl_table_row(t, (const char *const[]){ ctl_str(row, "pool"), ctl_str(row, "state"),
				     size, leased, ctl_str(row, "ranges"), conflicts });
	}
	ctl_table_print(t, stdout);
	ctl_table_free(t);
}

int
ctl_pools(struct ctl *c, int argc, char **argv)
{
	int status = CTL_OK;
	json_t *answer;

	if (argc > 1)
		return ctl_usage(c, "it takes no argument \"%s\"", argv[1]);
	answer = ctl_ask(c, json_pack("{s:s}", "cmd", "pools"), &status);
	if (!answer)
		return status;
	if (c->json)
		ctl_print_json(answer);
	else
		print(answer);
	json_decref(answer);
	return CTL_OK;
}
