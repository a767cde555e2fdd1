/*
 * What the policies were asked, for record to keep: with it and the policy set of that hash the
 * whole trace of a decision can be made again (R44, R92). And the account of `policy explain`,
 * which may be in groups for the question only.
 */
#include "aaa/engine_priv.h"

#include <stdlib.h>

/* The groups of an account, a newline between them; what does not fit is left out. */
static struct view
join_groups(const struct account *a, uint8_t *out, size_t cap)
{
	struct wr w = wr_over(out, cap);
	const char *g = a ? a->groups : NULL;

	for (unsigned int i = 0; a && i < a->n_groups; i++) {
		size_t n = strlen(g);
		if (wr_room(&w) < n + 1)
			break;
		if (i)
			wr_u8(&w, '\n');
		wr_bytes(&w, g, n);
		g += n + 1;
	}
	return wr_view_of(&w);
}

void
engine_tell_decided(struct engine *e, const struct engine_decided *x)
{
	static uint8_t groups[12288];
	struct msg m = { .id = MSG_DECIDED };
	struct msg_decided *d = &m.u.decided;

	if (x->attempt)
		d->attempt = *x->attempt;
	d->seq = x->seq;
	d->at_unix_s = x->unix_s;
	memcpy(d->policy_set, policy_set_hash(x->terms), sizeof(d->policy_set));
	d->tunnel = (uint8_t)x->request->tunnel;
	d->method = (uint8_t)x->request->method;
	d->client = x->request->client;
	d->server = x->request->server;
	d->user = x->request->user;
	d->full = x->request->full;
	d->account = view_str(x->account ? x->account->name : "");
	d->dialin = (uint8_t)(x->account ? x->account->dialin : DIALIN_BY_POLICY);
	d->caller_id = view_str(x->account ? x->account->caller_id : "");
	d->groups = join_groups(x->account, groups, sizeof(groups));
	d->verdict = (uint8_t)x->decision->verdict;
	d->cause = (uint16_t)x->decision->cause;
	d->by = (uint8_t)x->decision->by;
	d->policy = view_str(x->decision->policy);
	if (engine_send(e, ROLE_RECORD, 0, &m) != SENT_OK)
		e->facts_lost++;
}

/* Appends the folded form of each line of text, terminated. The number of them. */
static unsigned int
fold_lines(struct wr *w, struct view text, unsigned int most)
{
	struct lookup_name folded;
	unsigned int n = 0;
	size_t from = 0;

	for (size_t i = 0; i <= text.n && n < most; i++) {
		if (i < text.n && text.p[i] != '\n')
			continue;
		if (i > from && name_fold(view_of(text.p + from, i - from), &folded) &&
		    wr_room(w) > folded.n + 1u) {
			wr_bytes(w, folded.s, folded.n + 1u);
			n++;
		}
		from = i + 1;
	}
	return n;
}

const struct account *
engine_account_in_groups(
    struct explain_account *x, const struct account *a, struct view more_groups)
{
	struct wr w = wr_over(x->groups, sizeof(x->groups));
	const char *g = a ? a->groups : NULL;

	if (more_groups.n == 0)
		return a;
	x->account = (struct account){ .enabled = true,
		.name = "",
		.normal = "",
		.caller_id = "",
		.hours = "",
		.dialin = DIALIN_BY_POLICY };
	if (a)
		memcpy(&x->account, a, sizeof(*a));
	x->account.n_groups = 0;
	for (unsigned int i = 0; a && i < a->n_groups && wr_room(&w) > strlen(g) + 1; i++) {
		wr_bytes(&w, g, strlen(g) + 1);
		x->account.n_groups++;
		g += strlen(g) + 1;
	}
	x->account.n_groups += fold_lines(&w, more_groups, ROSTER_GROUPS_MAX - x->account.n_groups);
	x->account.groups = (const char *)x->groups;
	return &x->account;
}
