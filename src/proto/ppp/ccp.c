/*
 * CCP (RFC 1962) for the one thing it is used for here: agreeing on MPPE (RFC 3078 section 2). What
 * is agreed in a Configure-Request is what its sender wants to receive. Packets are sealed and
 * opened in proto/mppe; this file says with which keys and when. The automaton is cp.c's.
 *
 * Compression (MPPC) is never agreed. A link whose terms demand encryption carries no data without
 * it; one whose terms merely allow it goes on in the clear when the peer wants none.
 */
#include "proto/ppp/core.h"

#include "attempt/profile.h"

#define OPT_MPPE 18
#define BIT_STATELESS 0x01000000u /* H */
#define BIT_56 0x80u              /* M */
#define BIT_128 0x40u             /* S */
#define BIT_40 0x20u              /* L */
#define STRENGTHS (BIT_56 | BIT_128 | BIT_40)

#define CODE_RESET_REQUEST 14
#define CODE_RESET_ACK 15
#define RESET_AGAIN_MS 300u

static const uint32_t by_strength[] = { BIT_128, BIT_56, BIT_40 };

static uint32_t
strongest(uint32_t bits)
{
	for (unsigned int i = 0; i < 3; i++)
		if (bits & by_strength[i])
			return by_strength[i];
	return 0;
}

static uint8_t
key_bits(uint32_t option)
{
	switch (option & STRENGTHS) {
	case BIT_128:
		return 128;
	case BIT_56:
		return 56;
	case BIT_40:
		return 40;
	default:
		return 0;
	}
}

/* The levels of NPS as key lengths: "basic" is 40 bit and, where both can, 56. */
static uint32_t
bits_of_levels(uint8_t levels)
{
	uint32_t bits = 0;

	if (levels & ENCRYPT_BASIC)
		bits |= BIT_40 | BIT_56;
	if (levels & ENCRYPT_STRONG)
		bits |= BIT_56;
	if (levels & ENCRYPT_STRONGEST)
		bits |= BIT_128;
	return bits;
}

static char *
bits_text(uint32_t bits, bool none, char *out, size_t cap)
{
	struct wr w = wr_over(out, cap - 1);

	for (unsigned int i = 0; i < 3; i++)
		if (bits & by_strength[i])
			wr_fmt(&w, "%s%u-bit", wr_len(&w) ? " " : "", key_bits(by_strength[i]));
	if (none)
		wr_fmt(&w, "%snone", wr_len(&w) ? " " : "");
	if (wr_len(&w) == 0)
		wr_str(&w, "nothing");
	out[wr_len(&w)] = 0;
	return out;
}

/* Ends the link for want of encryption; who lacks it decides between errors 741 and 742 (R20). */
static void
fail_no_encryption(struct turn *t)
{
	const struct ccp *c = &t->p->ccp;
	bool server = t->p->conf->side == SIDE_SERVER;
	bool peer_demands_more = key_bits(strongest(c->theirs)) > key_bits(strongest(c->allowed));
	char ours[40], theirs[40];

	NOTE(t, FACT_ENCRYPTION_LISTS, F_STR(bits_text(c->allowed, c->none_ok, ours, sizeof(ours))),
	    F_STR(bits_text(c->theirs, false, theirs, sizeof(theirs))));
	core_fail(t, peer_demands_more == server ? CAUSE_ENCRYPTION_SERVER_LACKS
						 : CAUSE_ENCRYPTION_CLIENT_LACKS);
}

static void
settle(struct turn *t)
{
	t->p->ccp.settled = true;
	core_data_gate(t);
}

void
ccp_start(struct turn *t, uint8_t levels)
{
	struct ppp *p = t->p;
	struct ccp *c = &p->ccp;
	bool keys = p->auth.has_keys;

	*c = (struct ccp){
		.none_ok = levels & ENCRYPT_NONE,
		.allowed = keys ? bits_of_levels(levels) : 0,
		.asking = true,
	};
	if (!p->conf->mppe || (c->allowed == 0 && c->none_ok)) {
		settle(t);
		return;
	}
	if (c->allowed == 0) { /* R22: a method without keys under terms that demand encryption */
		NOTE(t, FACT_ENCRYPTION_LISTS,
		    F_STR(bits_text(bits_of_levels(levels), false, (char[40]){ 0 }, 40)),
		    F_STR("nothing: the authentication method gives no keys"));
		core_fail(t, CAUSE_ENCRYPTION_NO_KEYS);
		return;
	}
	c->ask = c->allowed | BIT_STATELESS; /* RFC 3078 section 2.1: all that we support */
	c->running = true;
	cp_start(t, &p->cp_ccp);
}

static void
write_request(struct turn *t, struct wr *w)
{
	if (t->p->ccp.asking)
		cp_write_option_u32(w, OPT_MPPE, t->p->ccp.ask);
}

static void
begin(struct turn *t, struct view options)
{
	struct ppp *p = t->p;

	(void)options;
	p->ccp.out = 0;
	/* Naks have turned into Rejects: a peer that insists on what cannot be gets nothing. */
	if (p->cp_ccp.n_naks_out >= p->conf->max_failure && !p->ccp.none_ok)
		fail_no_encryption(t);
}

/* What we would answer a request for bits with. RFC 3078 section 2.1: one strength. */
static uint32_t
wanted(const struct ppp *p, uint32_t bits)
{
	uint32_t common = strongest(bits & p->ccp.allowed);
	bool stateless = bits & BIT_STATELESS || !p->conf->mppe_stateful;

	return (common ? common : strongest(p->ccp.allowed)) | (stateless ? BIT_STATELESS : 0);
}

static enum cp_verdict
judge(struct turn *t, const struct cp_option *o, struct wr *nak)
{
	struct ccp *c = &t->p->ccp;
	uint32_t bits;

	if (o->type != OPT_MPPE || !cp_option_u32(o, &bits) || c->out != 0)
		return CP_REJECT;
	c->theirs |= bits & STRENGTHS;
	if (!(bits & STRENGTHS) && c->none_ok)
		return CP_REJECT; /* MPPC alone */
	uint32_t want = wanted(t->p, bits);
	if (bits == want) {
		c->out = bits;
		return CP_OK;
	}
	cp_write_option_u32(nak, OPT_MPPE, want);
	return CP_NAK;
}

/* A peer that wants to receive in the clear is told what it must take. */
static void
append(struct turn *t, struct wr *nak)
{
	const struct ccp *c = &t->p->ccp;

	if (c->out == 0 && !c->none_ok && wr_len(nak) == 0)
		cp_write_option_u32(nak, OPT_MPPE, wanted(t->p, BIT_STATELESS));
}

static void
on_nak(struct turn *t, const struct cp_option *o)
{
	struct ppp *p = t->p;
	struct ccp *c = &p->ccp;
	uint32_t bits;

	if (o->type != OPT_MPPE || !cp_option_u32(o, &bits))
		return;
	c->theirs |= bits & STRENGTHS;
	uint32_t common = strongest(bits & c->allowed);
	if (common == 0 && !c->none_ok) {
		fail_no_encryption(t);
		return;
	}
	c->asking = common != 0;
	c->ask = wanted(p, bits);
}

static void
on_reject(struct turn *t, const struct cp_option *o)
{
	struct ccp *c = &t->p->ccp;

	if (o->type != OPT_MPPE)
		return;
	c->asking = false;
	if (!c->none_ok)
		fail_no_encryption(t);
}

static bool
on_code(struct turn *t, const struct cp_packet *pk)
{
	struct ppp *p = t->p;

	/* RFC 3078 section 8.2: synchronised by bit A, without a Reset-Ack. */
	if (pk->code == CODE_RESET_REQUEST && p->cp_ccp.state == FSM_OPENED)
		fx_up(t->fx, PPP_RESET_ASKED);
	return pk->code == CODE_RESET_REQUEST || pk->code == CODE_RESET_ACK;
}

static void
up(struct turn *t)
{
	struct ccp *c = &t->p->ccp;

	c->in = c->asking ? c->ask : 0;
	bool one_way = (c->in == 0) != (c->out == 0);
	if (one_way || (c->in == 0 && !c->none_ok) ||
	    (c->in && key_bits(c->in) == 0)) { /* it acknowledged several strengths at once */
		fail_no_encryption(t);
		return;
	}
	c->agreed = c->in != 0;
	c->was_agreed |= c->agreed;
	t->p->data.encrypted = c->agreed;
	NOTE(t, FACT_ENCRYPTION_AGREED, F_U(key_bits(c->in)), F_U(key_bits(c->out)),
	    F_STR(c->in & BIT_STATELESS && c->out & BIT_STATELESS ? "stateless" : "stateful"));
	if (c->agreed)
		fx_up(t->fx, PPP_UP_ENCRYPTION);
	settle(t);
}

/* Data waits until it is agreed again: none of it goes out in the clear meanwhile. */
static void
down(struct turn *t)
{
	t->p->ccp.settled = false;
	t->p->ccp.agreed = false;
	core_data_gate(t);
}

static void
over(struct turn *t, enum fsm_event ev)
{
	struct ppp *p = t->p;
	struct ccp *c = &p->ccp;

	bool spoke = p->cp_ccp.n_received != 0 && ev != FSM_RXJ_BAD;

	if (p->closing)
		return;
	if (c->was_agreed) { /* never back to plain data on a link that was encrypted */
		core_fail(t, CAUSE_ENCRYPTION_ENDED);
		return;
	}
	/* The peer may believe that encryption is agreed: RFC 3078 section 2 ends such a link. */
	if (spoke && c->theirs & c->allowed) {
		core_fail(t, CAUSE_PPP_TIMEOUT);
		return;
	}
	if (spoke || !c->none_ok) {
		fail_no_encryption(t);
		return;
	}
	NOTE(t, FACT_ENCRYPTION_AGREED, F_U(0), F_U(0), F_STR("off"));
	c->running = false;
	settle(t);
}

const struct cp_ops ccp_ops = {
	.protocol = PPP_PROTO_CCP,
	.name = "ccp",
	.write_request = write_request,
	.begin = begin,
	.judge = judge,
	.append = append,
	.on_nak = on_nak,
	.on_reject = on_reject,
	.on_code = on_code,
	.up = up,
	.down = down,
	.over = over,
};

bool
ppp_encryption(const struct ppp *p, struct ppp_encryption *out)
{
	const struct ccp *c = &p->ccp;
	bool server = p->conf->side == SIDE_SERVER;

	if (!c->agreed)
		return false;
	*out = (struct ppp_encryption){
		.bits_in = key_bits(c->in),
		.bits_out = key_bits(c->out),
		.stateless_in = c->in & BIT_STATELESS,
		.stateless_out = c->out & BIT_STATELESS,
	};
	/* The first half is the client's MasterSendKey. */
	memcpy(out->key_in, p->auth.hlak + (server ? 0 : 16), sizeof(out->key_in));
	memcpy(out->key_out, p->auth.hlak + (server ? 16 : 0), sizeof(out->key_out));
	return true;
}

void
ppp_ask_reset(struct ppp *p, const struct now *now, struct fx *fx)
{
	struct turn t = { p, now, fx };

	if (p->ended || p->cp_ccp.state != FSM_OPENED || now->ms < p->ccp.reset_again_ms)
		return;
	p->ccp.reset_again_ms = now->ms + RESET_AGAIN_MS;
	cp_send(&t, &p->cp_ccp, CODE_RESET_REQUEST, p->cp_ccp.next_id++, view_of(NULL, 0));
}
