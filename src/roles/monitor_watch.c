/*
 * The watchdog: a role that hangs (a loop that never ends, a stopped process) holds up whoever asks
 * it, and nobody would start it anew as long as it does not end. Monitor asks each role for a sign
 * of life, and ends the one that gives none for role-deadline; what follows is as for any other
 * end.
 */
#include "roles/monitor_priv.h"

#include <signal.h>

#define LOOKS_PER_DEADLINE 4u
#define LOOK_MIN_MS 250u

static void
ping(struct mrole *r, uint64_t now_ms)
{
	struct msg msg = { .id = MSG_PING, .u.ping = { .seq = ++r->ping } };

	/* A queue without room is no answer either: the deadline runs all the same. */
	(void)!chan_send(r->chan, &msg, -1);
	r->pinged_ms = now_ms;
}

static void
look_at(struct mrole *r, uint64_t now_ms)
{
	if (!r->chan || !r->ready || r->pid <= 0 || r->hung)
		return;
	if (!r->pinged_ms) {
		ping(r, now_ms);
	} else if (now_ms - r->pinged_ms >= r->m->conf->role_deadline_ms) {
		r->hung = true;
		(void)kill(r->pid, SIGKILL); /* a stopped process takes no other */
	}
}

void
monitor_watch(struct monitor *m)
{
	uint64_t now_ms = loop_now(m->loop)->ms;
	uint64_t every_ms = m->conf->role_deadline_ms / LOOKS_PER_DEADLINE;

	if (!m->conf->role_deadline_ms || m->opt->one_process || m->stopping) {
		loop_timer_at(m->watch_timer, NEVER_MS);
		return;
	}
	if (every_ms < LOOK_MIN_MS)
		every_ms = LOOK_MIN_MS;
	for (unsigned int i = 0; i < m->n_roles; i++) {
		/* When we ourselves did not run, the time says nothing about the roles. */
		if (m->roles[i].pinged_ms && now_ms - m->watched_ms > 2 * every_ms)
			m->roles[i].pinged_ms = now_ms;
		look_at(&m->roles[i], now_ms);
	}
	m->watched_ms = now_ms;
	loop_timer_at(m->watch_timer, now_ms + every_ms);
}

void
monitor_ponged(struct mrole *r, uint32_t seq)
{
	if (seq == r->ping)
		r->pinged_ms = 0;
}
