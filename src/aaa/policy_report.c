/* The whole trace of a decision, policy by policy (R92). See policy.h. */
#include "aaa/policy_priv.h"

#include <stdlib.h>

void
policy_report_all(const struct policy_set *s, const struct policy_request *r,
    const struct account *account, int64_t unix_s, policy_report_fn fn, void *ctx)
{
	struct policy_moment at = { .unix_s = unix_s, .minute = hours_minute(unix_s) };
	struct policy_report *report = calloc(1, sizeof(*report));
	bool decided = false;

	for (uint32_t i = 0; report && i < s->n; i++) {
		policy_describe(&s->policies[i], r, account, &at, report);
		report->decides = report->matches && !decided;
		decided |= report->decides;
		if (!fn(ctx, report))
			break;
	}
	free(report);
}
