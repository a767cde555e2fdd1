/*
 * One structured journal entry for each attempt that ended (guide section 6, "Facts and logs").
 * Everything a peer wrote is escaped: no line of it can pass for ours (attacks U02, U05).
 */
#include "base/text.h"
#include "os/journal.h"
#include "roles/record_priv.h"

#include <stdio.h>

#define MESSAGE_ID "5b7e1cf8d10c4b0f9f6a0f2f6c1f7d31" /* an attempt ended */
#define FIELDS_MAX 20u

struct entry {
	struct journal_field f[FIELDS_MAX];
	size_t n;
};

static void
put(struct entry *e, const char *key, const char *value)
{
	must(e->n < FIELDS_MAX);
	if (value[0])
		e->f[e->n++] = (struct journal_field){ key, view_str(value) };
}

/* syslog's levels: 6 for what is in order, 4 for what somebody should look at. */
static const char *
priority_of(const struct cause_info *c)
{
	if (c->blame == BLAME_INTERNAL)
		return "3";
	return c->blame == BLAME_NONE ? "6" : "4";
}

void
record_journal(struct record *rec, const struct attempt_record *r)
{
	const struct cause_info *c = cause_info(r->cause);
	char user[2 * NAME_MAX_BYTES], account[2 * NAME_MAX_BYTES], policy[2 * POLICY_NAME_MAX];
	char message[1024], id[ATTEMPT_ID_TEXT], peer[ENDPOINT_TEXT_MAX], addr[ADDR_TEXT_MAX];
	char ras[12], nps[12], ms[24], in[24], out[24];
	struct entry e = { .n = 0 };

	if (rec->journal_fd < 0)
		return;
	text_escape(view_str(r->user), user, sizeof(user));
	text_escape(view_str(r->account), account, sizeof(account));
	text_escape(view_str(r->policy), policy, sizeof(policy));
	snprintf(message, sizeof(message), "%s from %s%s%s ended at %s: %s (attempt %s)",
	    tunnel_name(r->tunnel), endpoint_text(&r->peer, peer), user[0] ? ", user " : "", user,
	    stage_name(r->stage), c->name, attempt_id_text(&r->id, id));
	uint32_t told = cause_number_told(c, r->method, r->client);
	snprintf(ras, sizeof(ras), "%u", told);
	snprintf(nps, sizeof(nps), "%u", c->nps_reason);
	snprintf(ms, sizeof(ms), "%llu", (unsigned long long)r->duration_ms);
	snprintf(in, sizeof(in), "%llu", (unsigned long long)r->in_bytes);
	snprintf(out, sizeof(out), "%llu", (unsigned long long)r->out_bytes);
	put(&e, "MESSAGE", message);
	put(&e, "MESSAGE_ID", MESSAGE_ID);
	put(&e, "PRIORITY", priority_of(c));
	put(&e, "SYSLOG_IDENTIFIER", "rrasd");
	put(&e, "RRAS_ATTEMPT", id);
	put(&e, "RRAS_CAUSE", c->name);
	put(&e, "RRAS_STAGE", stage_name(r->stage));
	put(&e, "RRAS_TUNNEL", tunnel_name(r->tunnel));
	put(&e, "RRAS_PEER", peer);
	put(&e, "RRAS_USER", user);
	put(&e, "RRAS_ACCOUNT", account);
	put(&e, "RRAS_POLICY", policy);
	put(&e, "RRAS_ERROR", told ? ras : "");
	put(&e, "RRAS_NPS_REASON", c->nps_reason ? nps : "");
	put(&e, "RRAS_ADDRESS", ip_is_none(&r->address) ? "" : ip_text(&r->address, addr));
	put(&e, "RRAS_DURATION_MS", ms);
	put(&e, "RRAS_IN_BYTES", in);
	put(&e, "RRAS_OUT_BYTES", out);
	if (journal_send(rec->journal_fd, e.f, e.n) != 0)
		rec->n_journal_lost++;
}
