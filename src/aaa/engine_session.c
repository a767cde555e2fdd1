/* Sessions of the engine: finding, waiting, giving back. See engine_priv.h. */
#include "aaa/engine_priv.h"

#include <stdlib.h>

#define UNSENT_RETRY_MS 100u

struct session *
session_find(const struct engine *e, const struct attempt_id *attempt)
{
	uint64_t hash = map_hash(&e->by_attempt, attempt->b, sizeof(attempt->b));
	struct map_node *node = map_first(&e->by_attempt, hash);

	for (; node; node = map_next(node)) {
		struct session *s = container_of(node, struct session, by_attempt);
		if (memcmp(s->attempt.b, attempt->b, sizeof(attempt->b)) == 0)
			return s;
	}
	return NULL;
}

struct session *
session_new(struct engine *e, const struct attempt_id *attempt, unsigned int worker)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	list_init(&s->in_wait);
	s->attempt = *attempt;
	s->worker = worker;
	map_add(&e->by_attempt, &s->by_attempt,
	    map_hash(&e->by_attempt, attempt->b, sizeof(attempt->b)));
	return s;
}

struct session *
session_asked(const struct engine *e, uint64_t question, enum wait wait)
{
	uint64_t hash = map_hash(&e->by_question, &question, sizeof(question));
	struct map_node *node = map_first(&e->by_question, hash);

	for (; node; node = map_next(node)) {
		struct session *s = container_of(node, struct session, by_question);
		if (s->question == question && s->wait == wait)
			return s;
	}
	return NULL;
}

static uint64_t
patience_ms(enum wait wait)
{
	switch (wait) {
	case WAIT_KEEP:
		return ENGINE_KEEP_TIMEOUT_MS;
	case WAIT_LOOK:
		return ENGINE_LOOK_TIMEOUT_MS;
	case WAIT_CHECK:
	case WAIT_CHANGE:
	case WAIT_COMMIT:
	case WAIT_PLUMB:
	case WAIT_UNPLUMB:
	case WAIT_NONE:
		break;
	}
	return ENGINE_ANSWER_TIMEOUT_MS;
}

/* The list stays sorted by deadline: those that wait equally long only pass the others. */
static void
append_waiting(struct engine *e, struct session *s)
{
	struct list *after = e->waiting.prev;

	while (after != &e->waiting &&
	       container_of(after, struct session, in_wait)->deadline_ms > s->deadline_ms)
		after = after->prev;
	list_append(after->next, &s->in_wait);
}

/* A question is out: s->question is its number. */
void
session_wait(struct engine *e, struct session *s, enum wait wait, const struct now *now)
{
	must(s->wait == WAIT_NONE);
	s->question = ++e->last_question;
	s->wait = wait;
	s->deadline_ms = now->ms + patience_ms(wait);
	append_waiting(e, s);
	map_add(&e->by_question, &s->by_question,
	    map_hash(&e->by_question, &s->question, sizeof(s->question)));
	e->n_waiting++;
}

void
session_answered(struct engine *e, struct session *s)
{
	if (s->wait == WAIT_NONE)
		return;
	s->wait = WAIT_NONE;
	list_remove(&s->in_wait);
	map_remove(&e->by_question, &s->by_question);
	e->n_waiting--;
}

const struct profile *
session_terms(const struct session *s)
{
	static const struct profile none;

	return s->profile ? s->profile : &none;
}

static void
session_free(struct session *s)
{
	policy_set_unref(s->terms);
	secret_wipe_bytes(&s->change, sizeof(s->change));
	profile_drop(s->profile);
	free(s->claim);
	free(s);
}

static enum engine_sent
send_unplumb(struct engine *e, const struct session *s)
{
	struct msg m = { .id = MSG_PLUMB };

	m.u.plumb.attempt = s->attempt;
	m.u.plumb.seq = ++e->last_question; /* its PLUMB_DONE matches nothing */
	m.u.plumb.address = s->address;
	m.u.plumb.prefix6 = s->prefix6;
	m.u.plumb.worker = s->worker;
	return engine_send(e, ROLE_MONITOR, 0, &m);
}

void
session_give_back(struct engine *e, struct session *s)
{
	if (s->has_address) {
		engine_forget_lease(e, &s->address);
		lease6_give(e->leases6, &s->prefix6);
	}
	s->has_address = s->routed = false;
}

/*
 * Takes the route back and then gives the address back: monitor works in order, so whoever gets the
 * address next gets a route of its own. False: the message could not be sent now.
 */
static bool
unplumb(struct engine *e, struct session *s)
{
	if (s->has_address && s->routed && send_unplumb(e, s) == SENT_FULL)
		return false;
	session_give_back(e, s);
	return true;
}

/* Leaves a shell of s behind when monitor takes no message now: the address stays leased till then.
 */
void
session_release_address(struct engine *e, struct session *s, const struct now *now)
{
	struct session *shell;

	if (unplumb(e, s))
		return;
	shell = calloc(1, sizeof(*shell));
	s->has_address = false;
	if (!shell)
		return; /* the address is lost until the next start; memory is worse off */
	shell->attempt = s->attempt;
	shell->worker = s->worker;
	shell->address = s->address;
	shell->prefix6 = s->prefix6;
	shell->has_address = shell->routed = true;
	shell->wait = WAIT_UNPLUMB;
	list_append(&e->unsent, &shell->in_wait);
	e->unsent_retry_ms = now->ms + UNSENT_RETRY_MS;
}

void
session_retry_unsent(struct engine *e, const struct now *now)
{
	struct list *node, *tmp;

	e->unsent_retry_ms = NEVER_MS;
	list_each (node, tmp, &e->unsent) {
		struct session *s = container_of(node, struct session, in_wait);
		if (!unplumb(e, s)) {
			e->unsent_retry_ms = now->ms + UNSENT_RETRY_MS;
			return;
		}
		list_remove(node);
		session_free(s);
	}
}

void
session_end(struct engine *e, struct session *s, const struct now *now)
{
	session_answered(e, s);
	if (s->has_port)
		ports_release(&e->ports, s->tunnel);
	session_release_address(e, s, now);
	map_remove(&e->by_attempt, &s->by_attempt);
	session_free(s);
}

void
session_forget_all(struct engine *e)
{
	struct list *node, *tmp;
	struct map_walk w = { 0 };
	struct map_node *m;

	list_each (node, tmp, &e->unsent)
		session_free(container_of(node, struct session, in_wait));
	while ((m = map_walk(&e->by_attempt, &w)))
		session_free(container_of(m, struct session, by_attempt));
}
