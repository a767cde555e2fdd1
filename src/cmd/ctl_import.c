/*
 * rrasctl user import: many accounts at once. First the whole file is read and every row is put to
 * the daemon as a question only; where one is wrong, nothing is changed unless --skip-bad. Then the
 * rows are asked for in earnest, each a change of its own.
 */
#include "aaa/names.h"
#include "base/text.h"
#include "cmd/ctl_password.h"
#include "cmd/ctl_user.h"

#include <stdlib.h>

enum { OWN_CHAP, OWN_SERVER, OWN_UPDATE, OWN_SKIP_BAD, OWN_DRY_RUN, N_OWN };

#define OPTS_MAX 64u

struct importing {
	struct ctl *c;
	struct user_import w;
	json_t *rows;
	bool broken;
	unsigned int n_added, n_changed, n_skipped, n_wrong, n_failed;
};

static const char *
result_of(const json_t *row)
{
	return ctl_str(row, "result");
}

static void
set_result(json_t *row, const char *result)
{
	json_object_set_new(row, "result", json_string(result));
}

static void
set_wrong(json_t *row, const char *result, const char *error, const char *remedy)
{
	set_result(row, result);
	json_object_set_new(row, "error", json_string(error));
	json_object_set_new(row, "remedy", json_string(remedy));
}

static int
take_arguments(struct importing *im, struct ctl_args *a)
{
	static const struct ctl_opt own[N_OWN] = { [OWN_CHAP] = { "--chap-secrets", true },
		[OWN_SERVER] = { "--server", true },
		[OWN_UPDATE] = { "--update", false },
		[OWN_SKIP_BAD] = { "--skip-bad", false },
		[OWN_DRY_RUN] = { "--dry-run", false } };
	struct user_wanted beside = { 0 };
	struct ctl_opt opts[OPTS_MAX];
	int o;

	must(N_OWN + ctl_user_n_opts <= OPTS_MAX);
	memcpy(opts, own, sizeof(own));
	memcpy(opts + N_OWN, ctl_user_opts, ctl_user_n_opts * sizeof(*opts));
	while ((o = ctl_arg(a, opts, N_OWN + ctl_user_n_opts)) != CTL_ARG_END) {
		const char *wrong = NULL;
		if (o == CTL_ARG_OPERAND || o == OWN_CHAP) {
			wrong = im->w.path ? "one file at a time" : NULL;
			im->w.path = a->value;
			im->w.chap = o == OWN_CHAP;
		} else if (o == OWN_SERVER) {
			im->w.server = a->value;
		} else if (o == OWN_UPDATE) {
			im->w.update = true;
		} else if (o == OWN_SKIP_BAD) {
			im->w.skip_bad = true;
		} else if (o == OWN_DRY_RUN) {
			im->w.dry_run = true;
		} else {
			wrong = o < 0
			            ? "that is not understood"
			            : ctl_user_option(im->w.defaults, &beside, o - N_OWN, a->value);
		}
		if (wrong)
			return ctl_usage(im->c, "\"%s\": %s", a->value, wrong);
	}
	if (beside.password_file || beside.ask_password || beside.no_password)
		return ctl_usage(im->c, "passwords stand in the file, in the column \"password\"");
	if (!im->w.path)
		return ctl_usage(im->c, "which file?");
	if (im->w.server && !im->w.chap)
		return ctl_usage(im->c, "--server goes with --chap-secrets");
	return CTL_OK;
}

/* The same account twice in one file, by the form in which names are looked up. */
static void
find_repeated(struct importing *im)
{
	json_t *seen = json_object(), *row;
	size_t i;

	json_array_foreach(im->rows, i, row)
	{
		struct lookup_name name;
		if (!json_object_get(row, "request") ||
		    !name_normalise(view_str(ctl_str(row, "name")), &name))
			continue; /* the daemon says what is wrong with a name */
		int64_t before = ctl_int(seen, name.s);
		if (before) {
			char text[120];
			snprintf(text, sizeof(text), "this account stands in line %lld already",
			    (long long)before);
			set_wrong(row, "wrong", text,
			    im->w.chap ? "keep one of them; --server NAME takes only one server's"
				       : "keep one of them");
		} else {
			json_object_set(seen, name.s, json_object_get(row, "line"));
		}
	}
	json_decref(seen);
}

/* What the daemon holds against a row is the row's fault; not that the store or the vault is down.
 */
static bool
is_of_row(const json_t *answer)
{
	return strchr(ctl_str(answer, "code"), '.') == NULL;
}

/*
 * Asks for a row, only to check it or in earnest. Its result is set to `good`, or to `bad` with the
 * reason. CTL_OK also then; otherwise it is no use to go on.
 */
static int
ask_row(struct importing *im, json_t *row, bool check, const char *good, const char *bad)
{
	json_t *request = json_copy(json_object_get(row, "request")), *answer;
	int status;

	if (check)
		json_object_set_new(request, "check", json_true());
	answer = ctl_ask_answer(im->c, request, &status);
	if (!answer)
		return status;
	if (ctl_bool(answer, "ok")) {
		set_result(row, good);
		json_decref(answer);
		return CTL_OK;
	}
	set_wrong(row, bad, ctl_str(answer, "error"), ctl_str(answer, "remedy"));
	if (!is_of_row(answer))
		status = check ? ctl_fail(im->c, CTL_FAILED, ctl_str(answer, "error"),
				     ctl_str(answer, "remedy"))
		               : CTL_FAILED; /* the report says it */
	else
		status = CTL_OK;
	if (status == CTL_OK && check && strcmp(ctl_str(answer, "code"), "exists") == 0) {
		if (im->w.update && strcmp(good, "to add") == 0) {
			json_object_del(row, "error");
			json_object_del(row, "remedy");
			json_object_set_new(
			    json_object_get(row, "request"), "cmd", json_string("user set"));
			status = ask_row(im, row, true, "to change", bad);
		} else {
			json_object_set_new(row, "remedy",
			    json_string("--update changes it, --skip-bad leaves it as it is"));
		}
	}
	json_decref(answer);
	return status;
}

/* Every row as a question. */
static int
check_rows(struct importing *im)
{
	int status = CTL_OK;
	json_t *row;
	size_t i;

	find_repeated(im);
	json_array_foreach(im->rows, i, row)
	{
		if (!result_of(row)[0])
			status = ask_row(im, row, true, "to add", "wrong");
		if (status != CTL_OK)
			return status;
		im->n_wrong += strcmp(result_of(row), "wrong") == 0;
	}
	return CTL_OK;
}

/* The rows that were found good, in earnest; who was in the way first is said already. */
static int
import_rows(struct importing *im)
{
	json_t *row;
	size_t i;

	json_array_foreach(im->rows, i, row)
	{
		bool add = strcmp(result_of(row), "to add") == 0;
		if (!add && strcmp(result_of(row), "to change") != 0) {
			set_result(row, "skipped");
			continue;
		}
		int status = ask_row(im, row, false, add ? "added" : "changed", "failed");
		if (status != CTL_OK)
			return status;
	}
	return CTL_OK;
}

static void
count(struct importing *im)
{
	json_t *row;
	size_t i;

	json_array_foreach(im->rows, i, row)
	{
		const char *r = result_of(row);
		im->n_added += strcmp(r, "added") == 0;
		im->n_changed += strcmp(r, "changed") == 0;
		im->n_skipped += strcmp(r, "skipped") == 0;
		im->n_failed += strcmp(r, "failed") == 0;
		/* a row without a password can be meant, and should be seen */
		const json_t *request = json_object_get(row, "request");
		if (request && !json_object_get(request, "password") &&
		    !json_object_get(row, "note") &&
		    strcmp(ctl_str(request, "cmd"), "user add") == 0)
			json_object_set_new(row, "note", json_string("without a password"));
		json_object_del(row, "request");
	}
}

/* FILE:LINE:COLUMN: what is wrong, and the remedy. */
static void
print_wrong(const struct importing *im)
{
	char name[300], text[700];
	const json_t *row;
	size_t i;

	json_array_foreach(im->rows, i, row)
	{
		if (!ctl_str(row, "error")[0])
			continue;
		fprintf(stderr, "%s:%lld:%lld: ", im->w.path, (long long)ctl_int(row, "line"),
		    (long long)ctl_int(row, "column"));
		if (ctl_str(row, "name")[0])
			fprintf(stderr, "%s: ",
			    text_escape(view_str(ctl_str(row, "name")), name, sizeof(name)));
		fprintf(stderr, "%s\n",
		    text_escape(view_str(ctl_str(row, "error")), text, sizeof(text)));
		if (ctl_str(row, "remedy")[0])
			fprintf(stderr, "  %s\n",
			    text_escape(view_str(ctl_str(row, "remedy")), text, sizeof(text)));
	}
}

static void
print_table(const struct importing *im)
{
	static const char *const titles[] = { "LINE", "NAME", "RESULT", "NOTE" };
	struct ctl_table *t = ctl_table_new(4, titles);
	const json_t *row;
	size_t i;

	ctl_table_right(t, 0);
	json_array_foreach(im->rows, i, row)
	{
		char line[24];
		const char *error = ctl_str(row, "error");
		snprintf(line, sizeof(line), "%lld", (long long)ctl_int(row, "line"));
		const char *const cells[] = { line, ctl_str(row, "name"), result_of(row),
			error[0] ? error : ctl_str(row, "note") };
		ctl_table_row(t, cells);
	}
	ctl_table_print(t, stdout);
	ctl_table_free(t);
	if (im->w.dry_run)
		puts("Nothing was changed: this was a dry run.");
	else
		printf("%u added, %u changed, %u skipped.\n", im->n_added, im->n_changed,
		    im->n_skipped);
}

/* The report of an import that came to its end, or of one that was not begun. */
static int
report(struct importing *im, bool refused)
{
	bool ok = !refused && im->n_failed == 0;
	char error[120];

	snprintf(error, sizeof(error),
	    refused ? "%u of %zu rows are wrong; nothing was imported" : "%u of %zu rows failed",
	    refused ? im->n_wrong : im->n_failed, json_array_size(im->rows));
	const char *remedy = !refused     ? "import the file again with --update"
	                     : im->broken ? "correct the file"
	                                  : "correct the file, or leave them out with --skip-bad";
	if (im->c->json) {
		json_t *o = json_pack("{s:b, s:s*, s:s*, s:b, s:i, s:i, s:i, s:O}", "ok", ok,
		    "error", ok ? NULL : error, "remedy", ok ? NULL : remedy, "dry_run",
		    im->w.dry_run, "added", (int)im->n_added, "changed", (int)im->n_changed,
		    "skipped", (int)im->n_skipped, "rows", im->rows);
		ctl_print_json(o);
		json_decref(o);
		return ok ? CTL_OK : CTL_FAILED;
	}
	print_wrong(im);
	if (!refused)
		print_table(im);
	return ok ? CTL_OK : ctl_fail(im->c, CTL_FAILED, error, remedy);
}

static int
run(struct importing *im)
{
	char err[400];
	int status;

	im->rows = ctl_import_rows(&im->w, &im->broken, err, sizeof(err));
	if (!im->rows)
		return ctl_fail(im->c, CTL_FAILED, err, "give a file, or - for standard input");
	status = check_rows(im);
	if (status != CTL_OK)
		return status;
	if (im->broken || (im->n_wrong && !im->w.skip_bad)) {
		count(im);
		return report(im, true);
	}
	if (!im->w.dry_run)
		status = import_rows(im);
	count(im);
	if (status != CTL_UNREACHABLE)
		return report(im, false);
	if (!im->c->json)
		print_table(im); /* what was done before it stopped */
	return status;
}

int
ctl_user_import(struct ctl *c, struct ctl_args *a)
{
	struct importing im = { .c = c, .w = { .defaults = json_object() } };
	int status = take_arguments(&im, a);

	if (status == CTL_OK)
		status = run(&im);
	json_decref(im.rows);
	json_decref(im.w.defaults);
	return status;
}
