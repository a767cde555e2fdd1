/*
 * The pools as the engine watches over them: neighbours that use an address of theirs (R99, N02),
 * and pools that are nearly full. Both end up in the log, on the trail and in `rrasctl pools`.
 */
#include "aaa/engine_priv.h"

#include <stdarg.h>
#include <stdio.h>

#define LOOKS_AT_ONCE 32u
#define LOOK_RETRY_MS 1000u
#define WARNING_REST 10u /* percent below the threshold before a warning is due again */

/* A line for the log; one that cannot be sent is lost. */
void
engine_notice(struct engine *e, const char *fmt, ...)
{
	struct msg m = { .id = MSG_NOTICE };
	char text[500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	m.u.notice.text = view_str(text);
	(void)!engine_send(e, ROLE_MONITOR, 0, &m);
}

enum engine_sent
engine_look(struct engine *e, const struct ip_addr *a, uint32_t seq)
{
	struct msg m = { .id = MSG_LOOK };

	m.u.look.seq = seq;
	m.u.look.address = *a;
	return engine_send(e, ROLE_MONITOR, 0, &m);
}

/* Keeps addresses ready that are known to be free, so that no log-in waits for a look. */
void
engine_look_ahead(struct engine *e, const struct now *now)
{
	struct ip_addr a;

	for (unsigned int i = 0; i < LOOKS_AT_ONCE && lease_look_at(e->leases, now->ms, &a); i++)
		if (engine_look(e, &a, 0) != SENT_OK) {
			e->look_ms = now->ms + LOOK_RETRY_MS;
			return;
		}
	e->look_ms = lease_look_ms(e->leases, now->ms);
}

/* s: whose address it was to be; NULL when nobody waited for it. */
void
engine_saw_conflict(
    struct engine *e, const struct session *s, const struct msg_looked *m, const struct now *now)
{
	struct lease_pool_info info = { .name = "of an account's own" };
	char address[ADDR_TEXT_MAX];

	(void)!lease_pool_of(e->leases, &m->address, &info);
	engine_notice(e,
	    "address %s of pool %s is in use by another host (%.*s on %.*s): it is passed over for "
	    "%u minutes; take it out of the pool, or give that host another address",
	    ip_text(&m->address, address), info.name, (int)m->hardware.n,
	    (const char *)m->hardware.p, (int)m->device.n, (const char *)m->device.p,
	    LEASE_CONFLICT_MS / 60000);
	if (!s)
		return;
	struct fact f = FACT_MAKE(FACT_ADDRESS_CONFLICT, F_ADDR(m->address), F_STR(info.name),
	    F_TEXT(m->hardware), F_TEXT(m->device));
	engine_note(e, s, &f, now);
}

/* Warns once when the pool of s's address gets nearly full. */
void
engine_pool_check(struct engine *e, const struct session *s, const struct now *now)
{
	struct lease_pool_info info, at;
	unsigned int i = 0;

	if (!e->pool_warning || !lease_pool_of(e->leases, &s->address, &info) || info.size == 0)
		return;
	while (lease_pool_at(e->leases, i, &at) && strcmp(at.name, info.name) != 0)
		i++;
	if (i >= CONF_POOLS_MAX)
		return;
	uint64_t percent = info.n_leased * 100 / info.size;
	if (percent + WARNING_REST < e->pool_warning)
		e->warned[i] = false;
	if (percent < e->pool_warning || e->warned[i])
		return;
	e->warned[i] = true;
	engine_notice(e,
	    "pool %s (%s) is nearly full: %llu of %llu addresses are leased; add a range, or a "
	    "second pool",
	    info.name, info.ranges, (unsigned long long)info.n_leased,
	    (unsigned long long)info.size);
	struct fact f = FACT_MAKE(FACT_POOL_NEARLY_FULL, F_STR(info.name), F_U(info.n_leased),
	    F_U(info.size), F_U(e->pool_warning));
	engine_note(e, s, &f, now);
}
