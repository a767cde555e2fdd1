/*
 * Remote access lockout in the store: what aaa counts becomes durable, aaa hears all of it again at
 * its start, and rrasctl user unlock clears it.
 */
#include "aaa/names.h"
#include "roles/record_ctl.h"

#include <stdio.h>

void
record_on_lockout(struct record *rec, const struct msg_lockout *m)
{
	struct account_lockout row = { .network = { m->network, m->len },
		.denials = m->denials,
		.last_unix_s = m->last_unix_s };
	char err[STORE_ERR_MAX];

	(void)view_text(m->name, row.name, sizeof(row.name));
	if (rec->going &&
	    accounts_lockout_put(rec->accounts, &row, err, sizeof(err)) != ACCOUNTS_OK)
		fprintf(stderr, "rrasd: a count of failed log-ins is not stored: %s\n", err);
}

struct sender {
	struct record *rec;
	bool full;
};

static bool
send_row(void *ctx, const struct account_lockout *row)
{
	struct sender *s = ctx;
	struct msg m = { .id = MSG_LOCKOUT,
		.u.lockout = { .name = view_str(row->name),
		    .network = row->network.addr,
		    .len = row->network.len,
		    .denials = row->denials,
		    .last_unix_s = row->last_unix_s } };

	s->full = !host_send(s->rec->host, ROLE_AAA, 0, &m, -1);
	if (!s->full) {
		s->rec->lockouts_after = *row;
		s->rec->lockouts_begun = true;
	}
	return !s->full;
}

bool
record_lockouts_stream(struct record *rec)
{
	struct sender s = { .rec = rec };
	char err[STORE_ERR_MAX];
	int64_t n;

	do
		n = accounts_lockouts(rec->accounts,
		    rec->lockouts_begun ? &rec->lockouts_after : NULL, SYNC_BATCH, send_row, &s,
		    err, sizeof(err));
	while (n > 0 && !s.full);
	return n == 0 && !s.full;
}

/* What rrasctl user lockouts shows, and unlock looks for. */
struct search {
	struct question *q; /* rows go there; NULL: they are cleared */
	struct record *rec;
	const char *name;
	struct ip_addr client;
	unsigned int n;
};

static bool
found(const struct search *s, const struct account_lockout *row)
{
	return s->name[0] ? strcmp(row->name, s->name) == 0
	                  : !row->name[0] && ip_in_prefix(&s->client, &row->network);
}

static bool
clear_row(void *ctx, const struct account_lockout *row)
{
	struct search *s = ctx;

	s->n += found(s, row);
	return true;
}

static bool
show_row(void *ctx, const struct account_lockout *row)
{
	char network[ADDR_TEXT_MAX + 8] = "", addr[ADDR_TEXT_MAX];

	if (row->network.len)
		snprintf(network, sizeof(network), "%s/%u", ip_text(&row->network.addr, addr),
		    row->network.len);
	rctl_row(ctx,
	    json_pack("{s:o, s:s, s:I, s:I}", "name", rctl_json_text(row->name), "network", network,
		"denials", (json_int_t)row->denials, "last", (json_int_t)row->last_unix_s));
	return true;
}

void
rctl_do_user_lockouts(struct question *q)
{
	char err[STORE_ERR_MAX] = "";

	if (accounts_lockouts(q->rec->accounts, NULL, CTL_ROWS_MAX, show_row, q, err, sizeof(err)) <
	    0)
		rctl_store_down(q, err);
	else
		rctl_ok(q, NULL);
}

/* aaa clears what it counts and says so to the store: one place decides. */
void
rctl_do_user_unlock(struct question *q)
{
	const char *client = rctl_arg(q, "network");
	struct search s = { .rec = q->rec };
	char err[STORE_ERR_MAX] = "";
	struct lookup_name name = { 0 };
	struct account row;

	if (client[0] ? !ip_parse(view_str(client), &s.client)
		      : !name_normalise(view_str(rctl_arg(q, "name")), &name)) {
		rctl_refuse(q, "usage", "that is neither a name nor the address of a client",
		    "rrasctl user lockouts shows who is counted");
		return;
	}
	s.name = name.s;
	if (accounts_lockouts(q->rec->accounts, NULL, 0, clear_row, &s, err, sizeof(err)) < 0) {
		rctl_store_down(q, err);
		return;
	}
	struct msg m = { .id = MSG_UNLOCK,
		.u.unlock = { .name = view_of(name.s, name.n), .client = s.client } };
	if (!host_send(q->rec->host, ROLE_AAA, 0, &m, -1)) {
		rctl_refuse(q, cause_info(CAUSE_AAA_DOWN)->name,
		    "aaa does not run, so nothing was unlocked", "try again in a moment");
		return;
	}
	bool own =
	    name.n &&
	    accounts_by_name(q->rec->accounts, name.s, &row, err, sizeof(err)) == ACCOUNTS_OK &&
	    row.locked;
	rctl_ok(q, json_pack("{s:i, s:b}", "counts", (int)s.n, "locked", own));
}
