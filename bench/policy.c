/*
 * How long the policy engine takes for one decision: N policies (10,000) of mixed conditions, of
 * which only the last one matches, each with its trace. `./dev bench policy [N]`; the goal of 50
 * microseconds is for 10,000. Prints a line for each mix and exits 1 when one is slower.
 */
#include "aaa/policy.h"
#include "base/hours.h"
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define GOAL_US 50.0
#define ROUNDS 2000u

enum mix { MIX_ALL, MIX_USERS, MIX_PATTERNS, MIX_GROUPS, MIX_CLIENTS, MIX_HOURS, MIX_OFF, N_MIX };

static const char *const mix_names[N_MIX] = { "mixed", "user names", "user patterns", "groups",
	"client networks", "hours", "switched off" };

/* A policy that is not for anna of 198.51.100.7; each is different from all others. */
static void
put_condition(struct wr *w, enum mix mix, unsigned int i)
{
	switch (mix == MIX_ALL ? (enum mix)(1 + i % (N_MIX - 1)) : mix) {
	case MIX_USERS:
		wr_fmt(w, "user user%u \"user%u@example.org\"; ", i, i);
		break;
	case MIX_PATTERNS:
		wr_fmt(w, "user \"%c%u*\" \"*%u@example.org\"; ", 'a' + (int)(i % 26), i, i);
		break;
	case MIX_GROUPS:
		wr_fmt(w, "group group%u \"team%u*\" everybody; tunnel pptp l2tp; ", i, i);
		break;
	case MIX_CLIENTS:
		wr_fmt(w, "group everybody; client 10.%u.%u.0/24 2001:db8:%x::/48; ", i / 256 % 256,
		    i % 256, i);
		break;
	case MIX_HOURS:
		wr_fmt(w, "group everybody; hours \"%s %02u:%02u-%02u:%02u\"; ",
		    i & 1 ? "Sa" : "Su", i / 60 % 12, i % 60, 12 + i / 60 % 12, i / 720 % 60);
		break;
	case MIX_OFF:
		wr_str(w, "enabled no; group everybody; ");
		break;
	case MIX_ALL:
	case N_MIX:
		break;
	}
}

static struct policy_set *
make_set(enum mix mix, unsigned int n)
{
	size_t cap = (size_t)n * 256 + 256;
	char *text = malloc(cap);
	struct conf_errors *errors = calloc(1, sizeof(*errors));

	if (!text || !errors)
		return NULL;
	struct wr w = wr_over(text, cap);
	for (unsigned int i = 1; i < n; i++) {
		wr_fmt(&w, "policy \"policy %u\" { access grant; ", i);
		put_condition(&w, mix, i);
		wr_str(&w, "}\n");
	}
	wr_str(&w, "policy last { group everybody; client 198.51.100.0/24; access grant }\n");
	struct conf *c = conf_parse("bench", wr_view_of(&w), NULL, NULL, errors);
	if (!c)
		fprintf(stderr, "line %u: %s\n", errors->e[0].line, errors->e[0].text);
	struct policy_set *s = c ? policy_set_new(c) : NULL;
	conf_free(c);
	free(errors);
	free(text);
	return s;
}

/* Processor time: what else this machine does is not the engine's. */
static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Median and 99th percentile of the rounds; false when the wrong policy decided. */
static bool
measure(const struct policy_set *s, const struct account *a, double *median, double *most)
{
	static double us[ROUNDS];
	static struct decision d;
	struct policy_request r = { .user = view_str("anna"),
		.full = view_str("anna"),
		.method = AUTH_MSCHAPV2,
		.tunnel = TUNNEL_SSTP,
		.client = ip_v4(0xc6336407) };

	for (unsigned int i = 0; i < ROUNDS; i++) {
		double from = now_us();
		policy_decide(s, &r, a, 1767600000 + i, &d); /* a Monday */
		us[i] = now_us() - from;
		if (d.verdict != VERDICT_GRANT || strcmp(d.policy, "last") != 0)
			return false;
	}
	qsort(us, ROUNDS, sizeof(us[0]), by_size);
	*median = us[ROUNDS / 2];
	*most = us[ROUNDS / 100 * 99];
	return true;
}

int
main(int argc, char **argv)
{
	unsigned int n = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 10000;
	struct msg_account m = { .account = 1,
		.name = view_str("anna"),
		.enabled = true,
		.groups = view_str("staff\neverybody\nvpn users\nsales\nnorth") };
	struct roster *roster = roster_new(1);
	int status = 0;

	hours_prepare();
	if (n < 1 || n > CONF_POLICIES_MAX || !roster || !roster_put(roster, &m))
		return 2;
	for (unsigned int mix = 0; mix < N_MIX; mix++) {
		double from = now_us(), median = 0, most = 0;
		struct policy_set *s = make_set((enum mix)mix, n);
		double made = (now_us() - from) / 1e3;
		if (!s || !measure(s, roster_by_id(roster, 1), &median, &most)) {
			fprintf(stderr, "bench: %s: the wrong policy decided\n", mix_names[mix]);
			return 2;
		}
		bool met = most < GOAL_US;
		printf(
		    "policy: %u policies, %-15s  median %5.1f us, 99%% %5.1f us, set made in %4.0f "
		    "ms: %s\n",
		    n, mix_names[mix], median, most, made, met ? "met" : "not met");
		status |= !met;
		policy_set_unref(s);
	}
	roster_free(roster);
	return status;
}
