/*
 * Remote access lockout in the engine: asked when the vault has spoken, so that a locked name costs
 * and shows the same as any other (B03), and the store told a little later of what was counted.
 */
#include "aaa/engine_priv.h"

#define SAVE_MS 250u /* counts of that time are told together */
#define SAVE_BATCH 64u

static struct view
name_of(const struct session *s)
{
	return view_of(s->claim->lookup.s, s->claim->lookup.n);
}

static void
save_soon(struct engine *e, const struct now *now)
{
	if (e->lockout_save_ms == NEVER_MS && lockout_unsaved(e->lockouts))
		e->lockout_save_ms = now->ms + SAVE_MS;
}

/* A proof that failed; what we cannot do, or our own trouble, is nobody's guess. */
static bool
is_failure(enum cause cause)
{
	return cause == CAUSE_WRONG_PASSWORD || cause == CAUSE_NO_SUCH_USER ||
	       cause == CAUSE_NO_SUCH_DOMAIN || cause == CAUSE_NAME_ENCODING ||
	       cause == CAUSE_NO_PASSWORD_SET || cause == CAUSE_NO_REVERSIBLE;
}

static void
note(struct engine *e, const struct session *s, const struct lockout *l, const struct now *now)
{
	uint32_t limit = l->n_name ? e->lockout_rules.denials : e->lockout_rules.network_denials;
	int64_t left = l->last_s + e->lockout_rules.reset_s - now->unix_us / 1000000;
	char network[ADDR_TEXT_MAX + 8], addr[ADDR_TEXT_MAX];
	struct wr w = wr_over((uint8_t *)network, sizeof(network) - 1);

	if (l->network.len)
		wr_fmt(&w, "%s/%u", ip_text(&l->network.addr, addr), l->network.len);
	else
		wr_str(&w, "any network");
	network[wr_len(&w)] = 0;
	struct fact f = FACT_MAKE(FACT_LOCKOUT, F_STR(l->n_name ? l->name : "any name"),
	    F_STR(network), F_U(l->denials), F_U(limit), F_U(left > 0 ? (uint64_t)left : 0));
	engine_note(e, s, &f, now);
}

enum cause
engine_lockout(struct engine *e, const struct session *s, enum cause proof, const struct now *now)
{
	const struct lockout_rules *r = &e->lockout_rules;
	int64_t now_s = now->unix_us / 1000000;
	const struct lockout *l = lockout_of(e->lockouts, r, name_of(s), &s->client, now_s);

	if (l) {
		note(e, s, l, now);
		return l->n_name ? CAUSE_LOCKED_OUT : CAUSE_LOCKED_OUT_NETWORK;
	}
	if (is_failure(proof))
		(void)lockout_failed(e->lockouts, r, name_of(s), &s->client, now_s);
	else if (proof == CAUSE_NONE)
		lockout_passed(e->lockouts, r, name_of(s), &s->client);
	save_soon(e, now);
	return proof;
}

void
engine_save_lockouts(struct engine *e, const struct now *now)
{
	struct msg m = { .id = MSG_LOCKOUT };
	const struct lockout *l;

	e->lockout_save_ms = NEVER_MS;
	for (unsigned int i = 0; (l = lockout_unsaved(e->lockouts)); i++) {
		m.u.lockout = (struct msg_lockout){ .name = view_of(l->name, l->n_name),
			.network = l->network.addr,
			.len = l->network.len,
			.denials = l->denials,
			.last_unix_s = l->last_s };
		if (i == SAVE_BATCH || engine_send(e, ROLE_RECORD, 0, &m) != SENT_OK) {
			e->lockout_save_ms = now->ms + SAVE_MS;
			return;
		}
		lockout_saved(e->lockouts, l);
	}
}

void
engine_on_lockout(struct engine *e, const struct msg_lockout *m)
{
	struct ip_prefix network = { .addr = m->network, .len = m->len };

	if (m->name.n || m->len)
		lockout_known(e->lockouts, m->name, &network, m->denials, m->last_unix_s);
}

void
engine_on_unlock(struct engine *e, const struct msg_unlock *m, const struct now *now)
{
	lockout_clear(e->lockouts, m->name, &m->client);
	save_soon(e, now);
}
