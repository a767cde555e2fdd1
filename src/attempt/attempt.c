/* The life of an attempt. See attempt.h. */
#include "attempt/attempt.h"

#include "base/text.h"

void
attempt_init(struct attempt *a, enum tunnel_kind tunnel, enum witness witness,
    const struct endpoint *peer, const struct endpoint *local, const struct now *now)
{
	uint64_t unix_ms = (uint64_t)(now->unix_us / 1000);

	*a = (struct attempt){ .tunnel = tunnel,
		.witness = witness,
		.began_unix_us = now->unix_us,
		.began_ms = now->ms,
		.peer = *peer,
		.local = *local,
		.trail = trail_new() };
	now_draw(now, a->id.b, sizeof(a->id.b));
	for (unsigned int i = 0; i < 6; i++)
		a->id.b[i] = (uint8_t)(unix_ms >> (8 * (5 - i)));
	a->id.b[6] = (uint8_t)(0x70 | (a->id.b[6] & 0x0f));
	a->id.b[8] = (uint8_t)(0x80 | (a->id.b[8] & 0x3f));
	a->reached_ms[STAGE_ARRIVED] = now->ms;

	struct fact f =
	    FACT_MAKE(FACT_ATTEMPT_BEGAN, F_END(*peer), F_END(*local), F_STR(tunnel_name(tunnel)));
	attempt_note(a, &f, now);
}

void
attempt_fini(struct attempt *a)
{
	trail_free(a->trail);
	a->trail = NULL;
}

void
attempt_forget_trail(struct attempt *a)
{
	trail_free(a->trail);
	a->trail = NULL;
}

void
attempt_note(struct attempt *a, const struct fact *f, const struct now *now)
{
	struct fact stamped = *f;

	if (!a->trail && !(a->trail = trail_new()))
		return;
	stamped.at_ms = now->ms - a->began_ms;
	stamped.witness = a->witness;
	trail_add(a->trail, &stamped);
}

void
attempt_reach(struct attempt *a, enum stage stage, const struct now *now)
{
	if (stage <= a->stage || stage >= STAGE_ENDED || a->cause != CAUSE_NONE)
		return;
	a->stage = stage;
	a->reached_ms[stage] = now->ms;

	struct fact f = FACT_MAKE(FACT_STAGE, F_STR(stage_name(stage)));
	attempt_note(a, &f, now);
}

void
attempt_end(struct attempt *a, enum cause cause, enum party by, const struct now *now)
{
	if (a->cause != CAUSE_NONE)
		return;
	a->cause = cause;
	a->ended_by = by;
	a->reached_ms[STAGE_ENDED] = now->ms;

	struct fact f =
	    FACT_MAKE(FACT_ENDED, F_STR(cause_info(cause)->name), F_STR(party_name(by)));
	attempt_note(a, &f, now);
}

const char *
stage_name(enum stage s)
{
	static const char *const names[N_STAGE] = { "ARRIVED", "TUNNEL", "AUTHENTICATE", "DECIDE",
		"LEASE", "PLUMB", "UP", "ENDED" };

	return s < N_STAGE ? names[s] : "?";
}

const char *
party_name(enum party p)
{
	static const char *const names[] = { "nobody", "us", "the peer", "the path" };

	return p <= PARTY_PATH ? names[p] : "?";
}

char *
attempt_id_text(const struct attempt_id *id, char out[ATTEMPT_ID_TEXT])
{
	return text_hex(view_of(id->b, sizeof(id->b)), out, ATTEMPT_ID_TEXT);
}

bool
attempt_id_parse(struct view v, struct attempt_id *out)
{
	return v.n == 32 && text_unhex(v, out->b, sizeof(out->b)) == 16;
}

uint64_t
attempt_id_unix_ms(const struct attempt_id *id)
{
	uint64_t ms = 0;

	for (unsigned int i = 0; i < 6; i++)
		ms = ms << 8 | id->b[i];
	return ms;
}
