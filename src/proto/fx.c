/* The effect list. See fx.h. */
#include "proto/fx.h"

/* Facts leave this much of the list and of the scratch to effects that must not be lost. */
#define FX_KEEP_ITEMS 16u
#define FX_KEEP_SCRATCH 4096u

void
fx_reset(struct fx *fx)
{
	secret_wipe(&fx->auth.password);
	secret_wipe_bytes(fx->scratch, fx->n_scratch); /* a client's PAP request lay there */
	fx->n = 0;
	fx->n_scratch = 0;
}

static struct fx_item *
fx_add(struct fx *fx, enum fx_kind kind)
{
	must(fx->n < FX_MAX);
	struct fx_item *it = &fx->items[fx->n++];
	*it = (struct fx_item){ .kind = kind };
	return it;
}

struct wr
fx_writer(struct fx *fx)
{
	return wr_over(fx->scratch + fx->n_scratch, sizeof(fx->scratch) - fx->n_scratch);
}

void
fx_send(struct fx *fx, const struct wr *w, uint16_t code)
{
	must(wr_done(w) && w->start == fx->scratch + fx->n_scratch);
	struct fx_item *it = fx_add(fx, FX_SEND);
	it->bytes = wr_view_of(w);
	it->code = code;
	fx->n_scratch += it->bytes.n;
}

void
fx_frame(struct fx *fx, struct view bytes)
{
	fx_add(fx, FX_FRAME)->bytes = bytes;
}

void
fx_ask_auth(struct fx *fx)
{
	fx_add(fx, FX_ASK_AUTH);
}

void
fx_ask_lease(struct fx *fx)
{
	fx_add(fx, FX_ASK_LEASE);
}

void
fx_up(struct fx *fx, uint16_t code)
{
	fx_add(fx, FX_UP)->code = code;
}

void
fx_down(struct fx *fx, enum cause cause, bool by_peer)
{
	struct fx_item *it = fx_add(fx, FX_DOWN);

	it->cause = cause;
	it->by_peer = by_peer;
}

void
fx_fact(struct fx *fx, const struct fact *f)
{
	struct wr w = fx_writer(fx);

	if (fx->n >= FX_MAX - FX_KEEP_ITEMS || wr_room(&w) < FX_KEEP_SCRATCH)
		return;
	fact_write(&w, f);
	if (!wr_done(&w))
		return;
	fx_add(fx, FX_FACT)->bytes = wr_view_of(&w);
	fx->n_scratch += wr_len(&w);
}
