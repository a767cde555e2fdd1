/*
 * Runs the files of tests/scenario/policy: request, account and policies, and the decision with its
 * trace. A file is a list of cases; the lines of a case:
 *
 *   case NAME
 *   config                     followed by indented lines of rrasd.conf
 *   account NAME key=value...  dialin= groups= (with +) caller=; or: account none
 *   request key=value...       user= full= method= tunnel= client= server= at=YYYY-MM-DDTHH:MM
 * (UTC) expect VERDICT CAUSE [policy=] [by=] [pool=] [dns=] [nps=] [more=] [left=] over POLICY
 * CONDITION WANTED GOT      each policy passed over, in order
 *
 * Values with blanks stand in double quotes.
 */
#include "aaa/policy.h"
#include "unit/aaa/aaa_test.h"

#include <dirent.h>
#include <time.h>

#define WORDS_MAX 16u

struct scenario {
	const char *file;
	unsigned int line, n_cases, n_over;
	char name[128];
	char config[4096];
	char account[512], request[512];
	bool open; /* config, account or request not yet decided */
	struct decision d;
	bool expected;
};

struct words {
	unsigned int n;
	char *w[WORDS_MAX];
	char text[512];
};

static void
split(struct words *out, const char *line)
{
	char *p = out->text;

	snprintf(out->text, sizeof(out->text), "%s", line);
	out->n = 0;
	while (out->n < WORDS_MAX) {
		while (*p == ' ')
			p++;
		if (!*p)
			return;
		out->w[out->n++] = p;
		char *to = p;
		bool quoted = false;
		for (; *p && (quoted || *p != ' '); p++) {
			if (*p == '"')
				quoted = !quoted;
			else
				*to++ = *p;
		}
		bool more = *p != 0;
		*to = 0;
		p += more;
	}
}

/* The value of key= among the words; NULL when it is not there. */
static const char *
value(const struct words *w, const char *key)
{
	size_t n = strlen(key);

	for (unsigned int i = 0; i < w->n; i++)
		if (strncmp(w->w[i], key, n) == 0 && w->w[i][n] == '=')
			return w->w[i] + n + 1;
	return NULL;
}

static enum dialin
dialin_of(const char *s)
{
	if (!s || strcmp(s, "policy") == 0)
		return DIALIN_BY_POLICY;
	return strcmp(s, "allow") == 0 ? DIALIN_ALLOW : DIALIN_DENY;
}

static const struct account *
make_account(struct roster *t, const char *line)
{
	struct words w;
	struct msg_account m;
	char groups[256] = "";

	split(&w, line);
	if (w.n == 0 || strcmp(w.w[0], "none") == 0)
		return NULL;
	m = test_account(1, w.w[0]);
	m.dialin = (uint8_t)dialin_of(value(&w, "dialin"));
	if (value(&w, "groups"))
		snprintf(groups, sizeof(groups), "%s", value(&w, "groups"));
	for (char *p = groups; *p; p++)
		if (*p == '+')
			*p = '\n';
	m.groups = view_str(groups);
	m.caller_id = view_str(value(&w, "caller") ? value(&w, "caller") : "");
	assert_true(roster_put(t, &m));
	return roster_by_id(t, 1);
}

/* The moment that a request names; local time is Central Europe's (main). */
static int64_t
time_of(const char *text)
{
	struct tm tm = { 0 };

	if (!text)
		return TEST_UNIX_S;
	const char *end = strptime(text, "%Y-%m-%dT%H:%M", &tm);
	assert_true(end && *end == 0);
	return (int64_t)timegm(&tm);
}

struct agreement {
	const struct scenario *s;
	unsigned int n_before;
	bool decided;
};

/* R92: the report finds the same policy, and fails the same condition first. */
static bool
report_agrees(void *ctx, const struct policy_report *r)
{
	struct agreement *g = ctx;
	const struct decision *d = &g->s->d;
	const struct policy_test *first = NULL;

	for (unsigned int i = 0; i < r->n_conditions && !first; i++)
		first = r->conditions[i].met ? NULL : &r->conditions[i];
	assert_true(r->matches == (r->enabled && !first));
	if (r->decides) {
		assert_string_equal(r->name, d->policy);
		assert_int_equal(r->id, d->policy_id);
		g->decided = true;
		for (unsigned int i = 0; i < r->n_constraints; i++)
			if (d->verdict == VERDICT_GRANT)
				assert_true(r->constraints[i].met);
	} else if (!g->decided && g->n_before < d->trace.n_steps) {
		const struct policy_step *step = &d->trace.steps[g->n_before++];
		assert_string_equal(r->name, step->policy);
		assert_int_equal(r->enabled && first ? first->kind : COND_DISABLED, step->failed);
		if (r->enabled)
			assert_memory_equal(first->wanted, step->wanted, strlen(step->wanted));
	}
	return true;
}

static void
reports_agree(const struct scenario *s, const struct policy_set *set,
    const struct policy_request *r, const struct account *a, int64_t unix_s)
{
	struct agreement g = { .s = s };

	policy_report_all(set, r, a, unix_s, report_agrees, &g);
	assert_true(g.decided == (s->d.policy_id != 0));
	assert_int_equal(g.n_before, s->d.trace.n_steps);
}

static void
decide(struct scenario *s)
{
	struct conf *c = test_conf(s->config);
	struct policy_set *set = policy_set_new(c);
	struct roster *roster = roster_new(1);
	const struct account *a = make_account(roster, s->account);
	struct words w;
	struct policy_request r = { 0 };

	split(&w, s->request);
	r.user = view_str(value(&w, "user") ? value(&w, "user") : a ? a->normal : "");
	r.full = value(&w, "full") ? view_str(value(&w, "full")) : r.user;
	r.method = auth_method_by_name(view_str(value(&w, "method") ? value(&w, "method") : ""));
	r.tunnel = tunnel_by_name(view_str(value(&w, "tunnel") ? value(&w, "tunnel") : ""));
	if (value(&w, "client"))
		assert_true(ip_parse(view_str(value(&w, "client")), &r.client));
	if (value(&w, "server"))
		assert_true(ip_parse(view_str(value(&w, "server")), &r.server));
	policy_decide(set, &r, a, time_of(value(&w, "at")), &s->d);
	reports_agree(s, set, &r, a, time_of(value(&w, "at")));
	policy_set_unref(set);
	roster_free(roster);
	conf_free(c);
	s->open = false;
	s->n_over = 0;
}

static void
differ(const struct scenario *s, const char *what, const char *wanted, const char *got)
{
	if (strcmp(wanted, got) != 0)
		fail_msg("%s:%u: case %s: %s is \"%s\", not \"%s\"", s->file, s->line, s->name,
		    what, got, wanted);
}

static void
differ_number(const struct scenario *s, const char *what, const char *wanted, unsigned long got)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", got);
	differ(s, what, wanted, text);
}

static void
expect(struct scenario *s, const char *line)
{
	struct words w;
	char addr[ADDR_TEXT_MAX];

	if (s->open)
		decide(s);
	split(&w, line);
	assert_true(w.n >= 2);
	differ(s, "verdict", w.w[0], verdict_name(s->d.verdict));
	differ(s, "cause", w.w[1], cause_info(s->d.cause)->name);
	if (value(&w, "policy"))
		differ(s, "policy", value(&w, "policy"), s->d.policy);
	if (value(&w, "by"))
		differ(s, "by", value(&w, "by"), decided_by_name(s->d.by));
	if (value(&w, "pool"))
		differ(s, "pool", value(&w, "pool"), s->d.profile.pools[0]);
	if (value(&w, "dns"))
		differ(s, "dns", value(&w, "dns"), ip_text(&s->d.profile.dns[0], addr));
	if (value(&w, "nps"))
		differ_number(s, "nps", value(&w, "nps"), cause_info(s->d.cause)->nps_reason);
	if (value(&w, "left"))
		differ_number(s, "left", value(&w, "left"), s->d.profile.hours_left_s);
	if (value(&w, "more"))
		differ_number(s, "more", value(&w, "more"), s->d.trace.n_more);
	s->expected = true;
}

static void
over(struct scenario *s, const char *line)
{
	struct words w;

	split(&w, line);
	if (s->n_over >= s->d.trace.n_steps)
		fail_msg("%s:%u: case %s: only %u policies were passed over", s->file, s->line,
		    s->name, s->d.trace.n_steps);
	const struct policy_step *step = &s->d.trace.steps[s->n_over++];
	differ(s, "policy passed over", w.n > 0 ? w.w[0] : "", step->policy);
	differ(s, "condition", w.n > 1 ? w.w[1] : "", condition_name(step->failed));
	differ(s, "wanted", w.n > 2 ? w.w[2] : "", step->wanted);
	differ(s, "got", w.n > 3 ? w.w[3] : "", step->got);
}

/* A case is over: the trace was named in full, and something was expected. */
static void
finish(struct scenario *s)
{
	if (!s->name[0])
		return;
	if (!s->expected)
		fail_msg("%s: case %s expects nothing", s->file, s->name);
	if (s->n_over != s->d.trace.n_steps)
		fail_msg("%s: case %s names %u of %u policies passed over", s->file, s->name,
		    s->n_over, s->d.trace.n_steps);
}

static void
take_line(struct scenario *s, const char *line)
{
	size_t n = strlen(s->config);

	if (!line[0] || line[0] == '#')
		return;
	if (line[0] == ' ' || line[0] == '\t') {
		snprintf(s->config + n, sizeof(s->config) - n, "%s\n", line);
		s->open = true;
	} else if (strncmp(line, "case ", 5) == 0) {
		finish(s);
		snprintf(s->name, sizeof(s->name), "%.*s", (int)sizeof(s->name) - 1, line + 5);
		s->expected = false;
		s->open = true;
		s->n_cases++;
		memset(&s->d, 0, sizeof(s->d));
		s->n_over = 0;
	} else if (strcmp(line, "config") == 0) {
		s->config[0] = 0;
	} else if (strncmp(line, "account ", 8) == 0) {
		snprintf(s->account, sizeof(s->account), "%s", line + 8);
		s->open = true;
	} else if (strncmp(line, "request ", 8) == 0) {
		snprintf(s->request, sizeof(s->request), "%s", line + 8);
		s->open = true;
	} else if (strncmp(line, "expect ", 7) == 0) {
		expect(s, line + 7);
	} else if (strncmp(line, "over ", 5) == 0) {
		over(s, line + 5);
	} else {
		fail_msg("%s:%u: what is \"%s\"?", s->file, s->line, line);
	}
}

static const char *folder;

static void
run_file(const char *path)
{
	struct scenario *s = calloc(1, sizeof(*s));
	FILE *f = fopen(path, "r");
	char line[512];

	assert_non_null(s);
	assert_non_null(f);
	s->file = path;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		s->line++;
		take_line(s, line);
	}
	finish(s);
	assert_true(s->n_cases > 0);
	fclose(f);
	free(s);
}

static void
test_all_files(void **state)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	unsigned int n = 0;
	char path[1024];

	(void)state;
	assert_non_null(d);
	while ((e = readdir(d))) {
		size_t len = strlen(e->d_name);
		if (len < 4 || strcmp(e->d_name + len - 4, ".txt") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		run_file(path);
		n++;
	}
	closedir(d);
	assert_true(n > 0);
}

int
main(int argc, char **argv)
{
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	hours_prepare();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_files),
	};

	if (argc < 2)
		return 2;
	folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
