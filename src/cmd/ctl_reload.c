/* rrasctl reload. */
#include "cmd/ctl.h"

#include "base/text.h"

#include <string.h>

/* What the daemon said meanwhile, but for the last line, which the answer says as well. */
static void
print_notes(const json_t *lines)
{
	char text[1200];

	for (size_t i = 0; i + 1 < json_array_size(lines); i++) {
		const char *line = json_string_value(json_array_get(lines, i));
		puts(text_escape(view_str(line ? line : ""), text, sizeof(text)));
	}
}

int
ctl_reload(struct ctl *c, int argc, char **argv)
{
	json_t *answer;
	int status;

	if (argc > 1)
		return ctl_usage(c, "what is \"%s\"?", argv[1]);
	status = ctl_reload_now(c, &answer);
	if (status == CTL_UNREACHABLE && !answer)
		return ctl_fail(c, CTL_UNREACHABLE, "rrasd does not run here",
		    "start it with: systemctl start openrras");
	if (!answer)
		return status;
	if (c->json) {
		json_object_del(answer, "rows");
		ctl_print_json(answer);
	} else {
		print_notes(json_object_get(answer, "lines"));
		printf("Reloaded: generation %lld is in force.\n",
		    (long long)ctl_int(answer, "generation"));
	}
	json_decref(answer);
	return CTL_OK;
}
