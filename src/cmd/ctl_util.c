/* What rrasctl's subcommands share: arguments, errors, asking the daemon. See ctl.h. */
#include "base/secret.h"
#include "base/text.h"
#include "cmd/ctl.h"
#include "os/lines.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ANSWER_MS 10000u
#define RELOAD_ANSWER_MS 40000u
#define ANSWER_LINE_MAX (4u << 20)

int
ctl_usage(const struct ctl *c, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "rrasctl %s: ", c->cmd);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nSee: rrasctl %s --help\n", c->cmd);
	return CTL_USAGE;
}

int
ctl_fail(const struct ctl *c, enum ctl_exit status, const char *error, const char *remedy)
{
	static const char mark[] = "; remedy: "; /* in errors of the store */
	const char *cut = error && (!remedy || !remedy[0]) ? strstr(error, mark) : NULL;
	char text[1024], what[700];

	if (cut) {
		snprintf(what, sizeof(what), "%.*s", (int)(cut - error), error);
		error = what;
		remedy = cut + sizeof(mark) - 1;
	}
	if (c->json) {
		json_t *o = json_pack("{s:b, s:s, s:s}", "ok", 0, "error", error ? error : "",
		    "remedy", remedy ? remedy : "");
		ctl_print_json(o);
		json_decref(o);
		return (int)status;
	}
	fprintf(stderr, "rrasctl: %s\n",
	    text_escape(view_str(error ? error : "failed"), text, sizeof(text)));
	if (remedy && remedy[0])
		fprintf(stderr, "  %s\n", text_escape(view_str(remedy), text, sizeof(text)));
	return (int)status;
}

int
ctl_arg(struct ctl_args *a, const struct ctl_opt *opts, size_t n)
{
	const char *arg;
	size_t len;

	if (a->next >= a->argc)
		return CTL_ARG_END;
	arg = a->argv[a->next++];
	a->value = arg;
	if (a->rest || arg[0] != '-' || !arg[1])
		return CTL_ARG_OPERAND;
	if (strcmp(arg, "--") == 0) {
		a->rest = true;
		return ctl_arg(a, opts, n);
	}
	len = strcspn(arg, "=");
	for (size_t i = 0; i < n; i++) {
		if (strlen(opts[i].name) != len || strncmp(opts[i].name, arg, len) != 0)
			continue;
		if (!opts[i].takes_value)
			return arg[len] ? CTL_ARG_BAD : (int)i;
		if (arg[len])
			a->value = arg + len + 1;
		else if (a->next < a->argc)
			a->value = a->argv[a->next++];
		else
			return CTL_ARG_BAD;
		return (int)i;
	}
	return CTL_ARG_BAD;
}

const char *
ctl_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

int64_t
ctl_int(const json_t *o, const char *key)
{
	return (int64_t)json_integer_value(json_object_get(o, key));
}

bool
ctl_bool(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

void
ctl_print_json(const json_t *o)
{
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
	putchar('\n');
}

struct asking {
	json_t *rows, *last;
	ctl_row_fn fn; /* in place of rows */
	void *ctx;
	bool enough; /* fn said so */
};

static bool
on_answer_line(void *ctx, struct view line)
{
	struct asking *a = ctx;
	json_t *o = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, NULL);

	if (ctl_bool(o, "more")) {
		if (a->fn)
			a->enough = !a->fn(a->ctx, json_object_get(o, "row"));
		else
			json_array_append(a->rows, json_object_get(o, "row"));
		json_decref(o);
		return !a->enough;
	}
	a->last = o;
	return false;
}

/* Why the socket could not be asked, and what to do. */
static int
unreachable(const struct ctl *c, int error)
{
	char text[400];
	const char *remedy;

	switch (-error) {
	case ENOENT:
	case ECONNREFUSED:
		snprintf(text, sizeof(text), "rrasd does not run here (nobody answers on %s)",
		    c->socket);
		remedy =
		    "start it with: systemctl start openrras; without it these work: attempts, "
		    "diagnose, check, config check, policy list, pki";
		break;
	case EACCES:
	case EPERM:
	case EPIPE:
	case ECONNRESET:
		snprintf(text, sizeof(text), "rrasd does not let you in at %s (%s)", c->socket,
		    strerror(-error));
		remedy = "run rrasctl as root or as a member of the daemon's group";
		break;
	case ETIMEDOUT:
		snprintf(text, sizeof(text), "rrasd does not answer on %s", c->socket);
		remedy = "look into its log: journalctl -u openrras";
		break;
	default:
		snprintf(text, sizeof(text), "%s: %s", c->socket, strerror(-error));
		remedy = "see --socket in rrasctl(8)";
	}
	return ctl_fail(c, CTL_UNREACHABLE, text, remedy);
}

static void
wipe_text(char *text)
{
	if (text)
		secret_wipe_bytes(text, strlen(text));
	free(text);
}

static int
ask(const struct ctl *c, json_t *request, unsigned int ms, struct asking *a)
{
	char *text = json_dumps(request, JSON_COMPACT | JSON_ENSURE_ASCII);
	int rc = text ? lines_ask(c->socket, view_str(text), ANSWER_LINE_MAX, ms, on_answer_line, a)
	              : -ENOMEM;

	json_decref(request);
	wipe_text(text);
	if (rc == 0 && !json_is_object(a->last) && !a->enough)
		rc = -EPIPE;
	return rc;
}

static enum ctl_exit
status_of(const json_t *answer)
{
	const char *code = ctl_str(answer, "code");

	return ctl_bool(answer, "ok")           ? CTL_OK
	       : strcmp(code, "not-found") == 0 ? CTL_NOT_FOUND
	       : strcmp(code, "usage") == 0     ? CTL_USAGE
	                                        : CTL_FAILED;
}

/* Lines that explain a refusal, such as the errors of a configuration. */
static void
print_lines(const json_t *lines)
{
	char text[1200];
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line) fprintf(stderr, "%s\n",
	    text_escape(view_str(json_string_value(line) ? json_string_value(line) : ""), text,
		sizeof(text)));
}

/* The daemon said no: prints why. */
static int
refused(const struct ctl *c, const json_t *answer)
{
	const char *code = ctl_str(answer, "code");
	enum ctl_exit status = status_of(answer);
	bool named = strchr(code, '.') != NULL; /* the name of a cause */
	char error[700];

	if (c->json) {
		ctl_print_json(answer);
		return (int)status;
	}
	print_lines(json_object_get(answer, "lines"));
	snprintf(error, sizeof(error), "%s%s%s", named ? code : "", named ? ": " : "",
	    ctl_str(answer, "error"));
	return ctl_fail(c, status, error, ctl_str(answer, "remedy"));
}

/* The final answer of a; NULL after printing why there is none. */
static json_t *
settle(const struct ctl *c, struct asking *a, int rc, int *status_out)
{
	json_t *last = a->last;

	if (rc != 0)
		*status_out = unreachable(c, rc);
	else if (ctl_bool(last, "ok"))
		*status_out = CTL_OK;
	else
		*status_out = refused(c, last);
	if (*status_out == CTL_OK)
		return last;
	json_decref(last);
	return NULL;
}

json_t *
ctl_ask_answer(const struct ctl *c, json_t *request, int *status_out)
{
	struct asking a = { .rows = json_array() };
	int rc = ask(c, request, ANSWER_MS, &a);

	if (rc == 0) {
		*status_out = (int)status_of(a.last);
		json_object_set(a.last, "rows", a.rows);
	} else {
		*status_out = unreachable(c, rc);
		json_decref(a.last);
		a.last = NULL;
	}
	json_decref(a.rows);
	return a.last;
}

json_t *
ctl_ask(const struct ctl *c, json_t *request, int *status_out)
{
	struct asking a = { .rows = json_array() };
	int rc = ask(c, request, ANSWER_MS, &a);
	json_t *last = settle(c, &a, rc, status_out);

	if (last)
		json_object_set(last, "rows", a.rows);
	json_decref(a.rows);
	return last;
}

int
ctl_ask_rows(const struct ctl *c, json_t *request, bool for_ever, ctl_row_fn fn, void *ctx)
{
	struct asking a = { .fn = fn, .ctx = ctx };
	int status, rc = ask(c, request, for_ever ? LINES_FOR_EVER : ANSWER_MS, &a);

	if (rc == 0 && a.enough)
		return CTL_OK;
	json_decref(settle(c, &a, rc, &status));
	return status;
}

int
ctl_reload_now(const struct ctl *c, json_t **out)
{
	struct asking a = { .rows = json_array() };
	int status, rc = ask(c, json_pack("{s:s}", "cmd", "reload"), RELOAD_ANSWER_MS, &a);

	*out = NULL;
	if (rc == -ENOENT || rc == -ECONNREFUSED)
		status = CTL_UNREACHABLE;
	else
		*out = settle(c, &a, rc, &status);
	json_decref(a.rows);
	return status;
}

static bool
on_any_line(void *ctx, struct view line)
{
	(void)ctx;
	(void)line;
	return false;
}

bool
ctl_daemon_runs(const struct ctl *c)
{
	return lines_ask(c->socket, view_str("{\"cmd\":\"group list\"}"), ANSWER_LINE_MAX,
		   ANSWER_MS, on_any_line, NULL) == 0;
}

char *
ctl_time_text(int64_t unix_us, char out[32])
{
	time_t s = (time_t)(unix_us / 1000000);
	struct tm tm;

	if (unix_us == 0 || !localtime_r(&s, &tm) ||
	    strftime(out, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(out, 32, "-");
	return out;
}

char *
ctl_duration_text(uint64_t ms, char out[32])
{
	uint64_t s = ms / 1000, days = s / 86400;

	if (s < 60)
		snprintf(out, 32, "%llu.%llu s", (unsigned long long)s,
		    (unsigned long long)(ms % 1000 / 100));
	else if (days == 0)
		snprintf(out, 32, "%02u:%02u:%02u", (unsigned int)(s / 3600),
		    (unsigned int)(s / 60 % 60), (unsigned int)(s % 60));
	else
		snprintf(out, 32, "%llud %02u:%02u:%02u", (unsigned long long)days,
		    (unsigned int)(s / 3600 % 24), (unsigned int)(s / 60 % 60),
		    (unsigned int)(s % 60));
	return out;
}

char *
ctl_bytes_text(uint64_t bytes, char out[32])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double x = (double)bytes / 1024;
	size_t u = 0;

	if (bytes < 1024) {
		snprintf(out, 32, "%u B", (unsigned int)bytes);
		return out;
	}
	while (x >= 1023.95 && u + 1 < sizeof(units) / sizeof(units[0])) {
		x /= 1024;
		u++;
	}
	snprintf(out, 32, "%.1f %s", x, units[u]);
	return out;
}

bool
ctl_date_parse(const char *s, int64_t *out)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S",
		"%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { .tm_isdst = -1 }, given;
		const char *end = strptime(s, forms[i], &tm);
		if (!end || *end)
			continue;
		given = tm;
		time_t t = mktime(&tm);
		/* mktime takes February 30 for March 2; we do not. */
		if (t == (time_t)-1 || tm.tm_mday != given.tm_mday)
			return false;
		*out = (int64_t)t;
		return true;
	}
	return false;
}

bool
ctl_number_parse(const char *s, int64_t *out)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(s, &end, strncmp(s, "0x", 2) == 0 || strncmp(s, "0X", 2) == 0 ? 16 : 10);
	if (end == s || *end || errno || n < 0)
		return false;
	*out = n;
	return true;
}

char *
ctl_state_path(const struct ctl *c, const char *file, char *out, size_t cap)
{
	snprintf(out, cap, "%s/%s", c->state, file);
	return out;
}
