/*
 * One end of an SSTP call under test: core, virtual clock, what it sent, how far it came, how it
 * ended. Used by the unit tests, the simulator and the fuzz target of the core. Every input is
 * handed over as a heap copy of exact size, so that a byte read too far is seen by sanitizers.
 */
#ifndef TESTS_SSTP_HARNESS_H
#define TESTS_SSTP_HARNESS_H

#include "proto/sstp/sstp.h"
#include "proto/sstp/sstp_data.h"
#include "proto/sstp/sstp_wire.h"

#include <stdio.h>
#include <stdlib.h>

#define END_OUT_MAX 65536u

struct end {
	struct sstp *c;
	struct now *now; /* shared by both ends */
	struct fx fx;
	uint8_t in[2 * SSTP_INPUT_MAX];
	size_t n_in;
	uint8_t out[END_OUT_MAX]; /* what it sent and nobody took yet */
	size_t n_out;
	unsigned int ups; /* bits of enum sstp_up */
	unsigned int n_frames;
	uint8_t frame[SSTP_PACKET_MAX]; /* the last one */
	size_t n_frame;
	unsigned int n_downs;
	enum cause cause;
	bool by_peer;
	bool after_down;  /* something followed FX_DOWN: a broken promise */
	char facts[8192]; /* texts of all facts, one a line */
	size_t n_facts;
};

/* A small generator: runs repeat exactly. */
static inline uint32_t
harness_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static inline void
harness_draw(void *ctx, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)harness_random(ctx);
}

static inline struct now
harness_now(uint64_t *seed)
{
	/* Thu, 09 Nov 2006 00:51:09 GMT */
	return (struct now){ .ms = 1000,
		.unix_us = INT64_C(1163033469) * 1000000,
		.draw = harness_draw,
		.draw_ctx = seed };
}

static inline struct sstp_conf
harness_conf(enum side side)
{
	struct sstp_conf conf;

	sstp_conf_defaults(&conf, side);
	memcpy(conf.host, "vpn.example", sizeof("vpn.example"));
	memset(conf.cert_sha1, 0x11, sizeof(conf.cert_sha1));
	memset(conf.cert_sha256, 0x22, sizeof(conf.cert_sha256));
	return conf;
}

static inline void
end_fact(struct end *e, struct view record)
{
	struct rd_fault fault;
	struct rd r = rd_over(record, &fault);
	struct fact f;
	char text[600];

	must(fact_read(&r, &f));
	int n = snprintf(e->facts + e->n_facts, sizeof(e->facts) - e->n_facts, "%s\n",
	    fact_text(&f, text, sizeof(text)));
	if (n > 0 && e->n_facts + (size_t)n < sizeof(e->facts))
		e->n_facts += (size_t)n;
}

/* Carries out what the core wants. */
static inline void
end_effects(struct end *e)
{
	for (unsigned int i = 0; i < e->fx.n; i++) {
		const struct fx_item *it = &e->fx.items[i];

		e->after_down |= e->n_downs > 0;
		if (it->kind == FX_SEND && e->n_out + it->bytes.n <= sizeof(e->out)) {
			memcpy(e->out + e->n_out, it->bytes.p, it->bytes.n);
			e->n_out += it->bytes.n;
		} else if (it->kind == FX_FRAME) {
			must(view_copy(it->bytes, e->frame, sizeof(e->frame)));
			e->n_frame = it->bytes.n;
			e->n_frames++;
		} else if (it->kind == FX_UP) {
			e->ups |= 1u << it->code;
		} else if (it->kind == FX_DOWN) {
			e->n_downs++;
			e->cause = it->cause;
			e->by_peer = it->by_peer;
		} else if (it->kind == FX_FACT) {
			end_fact(e, it->bytes);
		}
	}
	fx_reset(&e->fx);
}

static inline void
end_init(struct end *e, const struct sstp_conf *conf, struct now *now)
{
	memset(e, 0, sizeof(*e));
	e->now = now;
	e->c = sstp_new(conf);
	must(e->c);
}

static inline void
end_start(struct end *e)
{
	sstp_start(e->c, e->now, &e->fx);
	end_effects(e);
}

static inline void
end_fini(struct end *e)
{
	sstp_free(e->c);
	e->c = NULL;
}

static inline bool
end_is_down(const struct end *e)
{
	return e->n_downs > 0;
}

/* Gives the core what is kept, one message a call, as its owner does it. */
static inline void
end_input(struct end *e)
{
	while (e->n_in && !end_is_down(e)) {
		uint8_t *copy = malloc(e->n_in);

		must(copy);
		memcpy(copy, e->in, e->n_in);
		size_t used = sstp_input(e->c, view_of(copy, e->n_in), e->now, &e->fx);
		must(used <= e->n_in);
		end_effects(e);
		free(copy);
		if (used == 0) {
			must(e->n_in < SSTP_INPUT_MAX); /* more is never kept */
			return;
		}
		memmove(e->in, e->in + used, e->n_in - used);
		e->n_in -= used;
	}
	if (end_is_down(e))
		e->n_in = 0;
}

/* Bytes from the stream, in pieces that fit behind what is kept. */
static inline void
end_feed(struct end *e, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	while (n && !end_is_down(e)) {
		size_t part = n < SSTP_INPUT_MAX ? n : SSTP_INPUT_MAX;

		must(e->n_in + part <= sizeof(e->in));
		memcpy(e->in + e->n_in, p, part);
		e->n_in += part;
		p += part;
		n -= part;
		end_input(e);
	}
}

static inline void
end_feed_str(struct end *e, const char *s)
{
	end_feed(e, s, strlen(s));
}

/* Moves all that a sent to b. */
static inline void
end_pass(struct end *a, struct end *b)
{
	uint8_t bytes[END_OUT_MAX];
	size_t n = a->n_out;

	memcpy(bytes, a->out, n);
	a->n_out = 0;
	if (!end_is_down(b))
		end_feed(b, bytes, n);
}

static inline void
end_tick(struct end *e)
{
	if (end_is_down(e))
		return;
	sstp_tick(e->c, e->now, &e->fx);
	end_effects(e);
}

/* Lets time run to the core's next deadline and rings. */
static inline void
end_wait(struct end *e)
{
	uint64_t at = sstp_deadline_ms(e->c);

	must(at != NEVER_MS);
	if (at > e->now->ms)
		e->now->ms = at;
	end_tick(e);
}

static inline void
end_authenticated(struct end *e, const uint8_t hlak[32])
{
	sstp_authenticated(e->c, hlak, "MS-CHAPv2", e->now, &e->fx);
	end_effects(e);
}

static inline void
end_close(struct end *e, enum cause cause)
{
	sstp_close(e->c, cause, e->now, &e->fx);
	end_effects(e);
}

static inline void
end_lower_down(struct end *e, bool orderly)
{
	if (orderly)
		sstp_lower_down(e->c, e->now, &e->fx);
	else
		sstp_lower_lost(e->c, e->now, &e->fx);
	end_effects(e);
}

static inline const char *
end_cause(const struct end *e)
{
	return cause_info(e->cause)->name;
}

#endif
