/*
 * A PPP client core against a PPP server core over a link that loses, repeats, delays and so
 * reorders frames, with a virtual clock. Each seed fixes settings, password, verdicts and all that
 * the link does. A run must end with IP up on both sides (and then end in order), or with both
 * sides down for a named cause, in bounded virtual time. Links without encryption of their own
 * agree on MPPE, which then carries packets over the same bad link. Either end may carry IPv4, IPv6
 * or both. Serves R20 to R23, R31, R32, R41, R51, R60, R108 and the attack Q12.
 *
 * sim_ppp [number of seeds, default 200 [first seed]]
 */
#include "attempt/profile.h"
#include "crypto/crypto.h"
#include "crypto/digest.h"
#include "crypto/legacy.h"
#include "crypto/mschap.h"
#include "proto/mppe/mppe.h"
#include "proto/ppp/frame.h"
#include "proto/ppp/ppp.h"

#include <stdio.h>
#include <stdlib.h>

#define FRAME_MAX 1600u
#define QUEUE_MAX 512u
#define LIMIT_MS 600000u   /* virtual */
#define LIMIT_FRAMES 4000u /* of one run: no restart storm (Q02) */

struct flying {
	uint64_t due_ms;
	unsigned int to;
	size_t n;
	uint8_t b[FRAME_MAX];
};

struct host {
	struct ppp *ppp;
	bool up_lcp, up_auth, up_ip, down;
	enum cause cause;
	uint64_t auth_due_ms, lease_due_ms;
	struct auth_answer auth;
	struct lease_answer lease;
	bool encrypted;
	struct mppe in, out;
	uint32_t n_data_out, n_data_in, last_in;
};

struct sim {
	uint64_t seed, rng;
	struct now now;
	unsigned int loss_pct, dup_pct, late_pct, jitter_ms;
	unsigned int n_flying, n_frames;
	struct flying flying[QUEUE_MAX];
	struct host host[2];  /* by enum side */
	const char *password; /* what the server knows */
	bool lease_fails, silent_aaa, wrong, common, closed;
	bool four[2], six[2]; /* by enum side: who would carry IPv4, IPv6 */
	bool expired;         /* the password; by MS-CHAPv2 the client changes it */
	bool blocked;         /* and it cannot: no new password, or another method */
	struct secret wanted; /* to this one */
	unsigned int masks[2];
	bool mppe; /* the link leaves encryption to PPP */
	uint8_t levels[2];
	uint64_t data_at_ms;
	uint64_t up_ms, close_at_ms;
};

static const char user[] = "SIM\\User";
static unsigned long n_data; /* packets that came through MPPE */

static uint32_t
roll(struct sim *s, uint32_t n)
{
	s->rng ^= s->rng << 13;
	s->rng ^= s->rng >> 7;
	s->rng ^= s->rng << 17;
	return n ? (uint32_t)(s->rng >> 16) % n : 0;
}

static void
draw(void *ctx, uint8_t *out, size_t n)
{
	struct sim *s = ctx;

	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)roll(s, 256);
}

static _Noreturn void
bad(const struct sim *s, const char *what)
{
	fprintf(stderr, "sim_ppp: seed %llu at %llu ms: %s (client %s, server %s)\n",
	    (unsigned long long)s->seed, (unsigned long long)s->now.ms, what,
	    cause_info(s->host[SIDE_CLIENT].cause)->name,
	    cause_info(s->host[SIDE_SERVER].cause)->name);
	exit(1);
}

#define CHECK(s, cond)                                                                             \
	do {                                                                                       \
		if (!(cond))                                                                       \
			bad((s), #cond);                                                           \
	} while (0)

/* ---- the link ---- */

static void
fly(struct sim *s, unsigned int to, struct view frame)
{
	uint32_t delay = 5 + roll(s, s->jitter_ms);

	if (roll(s, 100) < s->late_pct)
		delay += roll(s, 5000);
	CHECK(s, frame.n <= FRAME_MAX);
	if (s->n_flying == QUEUE_MAX)
		return;
	struct flying *f = &s->flying[s->n_flying++];
	f->due_ms = s->now.ms + delay;
	f->to = to;
	f->n = frame.n;
	memcpy(f->b, frame.p, frame.n);
}

static void
transmit(struct sim *s, unsigned int to, struct view frame)
{
	if (roll(s, 100) >= s->loss_pct)
		fly(s, to, frame);
	if (roll(s, 100) < s->dup_pct)
		fly(s, to, frame);
}

/* ---- aaa and vault ---- */

static bool
verify_mschap2(struct sim *s, const struct auth_request *q, struct auth_answer *a)
{
	uint8_t hash[16], want[24];
	struct view name = view_of(q->name, q->n_name);

	CHECK(s, mschap_nt_hash(view_str(s->password), hash));
	mschap2_nt_response(q->challenge, q->peer_challenge, name, hash, want);
	if (memcmp(want, q->nt_response, sizeof(want)) != 0)
		return false;
	mschap2_authenticator_response(
	    hash, q->nt_response, q->peer_challenge, q->challenge, name, a->success);
	mschap2_master_keys(hash, q->nt_response, a->server_send_key, a->server_recv_key);
	a->has_keys = true;
	return true;
}

static bool
verify_chap(struct sim *s, const struct auth_request *q)
{
	uint8_t want[16];
	struct view parts[] = { view_of(&q->id, 1), view_str(s->password),
		view_of(q->challenge, q->n_challenge) };

	digest(DIGEST_MD5, parts, 3, want);
	return memcmp(want, q->chap_digest, sizeof(want)) == 0;
}

/* The vault's part of a change, and record's. */
static void
change_password(struct sim *s, const struct auth_request *q, struct auth_answer *a)
{
	static const char new[] = "newPass22";
	uint8_t old_hash[16], new_hash[16], hash[16], clear[MSCHAP2_PWBLOCK];

	CHECK(s, s->expired && q->method == AUTH_MSCHAPV2);
	CHECK(s, mschap_nt_hash(view_str(s->password), old_hash));
	CHECK(s, mschap_nt_hash(view_str(new), new_hash));
	mschap2_hash_with_hash(old_hash, new_hash, hash);
	CHECK(s, memcmp(hash, q->change_hash, sizeof(hash)) == 0);
	legacy_rc4(view_of(old_hash, 16), view_of(q->change_block, sizeof(clear)), clear);
	CHECK(s, memcmp(clear + 512, "\x12\0\0\0", 4) == 0 && clear[510] == '2');
	s->expired = false;
	s->password = new;
	a->ok = verify_mschap2(s, q, a);
	CHECK(s, a->ok);
}

static void
on_ask_auth(struct sim *s, struct host *h, const struct auth_request *q)
{
	struct auth_answer *a = &h->auth;

	CHECK(s, h->auth_due_ms == NEVER_MS);
	CHECK(s, view_eq(view_of(q->name, q->n_name), view_str(user)));
	CHECK(s, q->tunnel == (s->mppe ? TUNNEL_PPTP : TUNNEL_SSTP));
	*a = (struct auth_answer){ .cause = CAUSE_WRONG_PASSWORD, .may_retry = roll(s, 2) };
	if (q->change)
		change_password(s, q, a);
	else if (q->method == AUTH_MSCHAPV2)
		a->ok = verify_mschap2(s, q, a);
	else if (q->method == AUTH_CHAP)
		a->ok = verify_chap(s, q);
	else
		a->ok = secret_equal(&q->password, view_str(s->password));
	if (a->ok && s->expired)
		*a = (struct auth_answer){ .cause = CAUSE_PASSWORD_EXPIRED };
	h->auth_due_ms = s->silent_aaa ? NEVER_MS : s->now.ms + roll(s, 400);
}

static void
on_ask_lease(struct sim *s, struct host *h)
{
	CHECK(s, h->lease_due_ms == NEVER_MS);
	h->lease = (struct lease_answer){
		.local = ip_v4(0x0a630001),
		.remote = ip_v4(0x0a630002 + roll(s, 100)),
		.prefix6 = { .family = IP_V6, .b = { 0x20, 0x01, 0x0d, 0xb8 } },
	};
	if (!s->four[SIDE_SERVER])
		h->lease.remote = (struct ip_addr){ 0 };
	if (!s->six[SIDE_SERVER])
		h->lease.prefix6 = (struct ip_addr){ 0 };
	if (roll(s, 2))
		h->lease.dns[0] = ip_v4(0x0a630035);
	if (s->lease_fails)
		h->lease.cause = CAUSE_POOL_EXHAUSTED;
	h->lease_due_ms = s->now.ms + roll(s, 400);
}

/* ---- data ---- */

static enum mppe_strength
strength_of(unsigned int bits)
{
	return bits == 128 ? MPPE_128 : bits == 56 ? MPPE_56 : MPPE_40;
}

static void
start_mppe(struct sim *s, struct host *h)
{
	struct ppp_encryption e;

	CHECK(s, ppp_encryption(h->ppp, &e) && s->mppe);
	mppe_init(&h->in, strength_of(e.bits_in), e.stateless_in, e.key_in);
	mppe_init(&h->out, strength_of(e.bits_out), e.stateless_out, e.key_out);
	h->encrypted = true;
}

/* A packet whose every byte follows from its number; protocol and version look like IP. */
static size_t
data_packet(uint32_t number, uint8_t *out)
{
	struct wr w = wr_over(out, 100);

	wr_u32(&w, 0x00214500u);
	wr_u32(&w, number);
	for (uint32_t i = 0; i < number % 50; i++)
		wr_u8(&w, (uint8_t)(number * 7 + i));
	return wr_len(&w);
}

static void
send_data(struct sim *s, unsigned int side)
{
	struct host *h = &s->host[side];
	uint8_t frame[FRAME_MAX] = { 0xff, 0x03, 0x00, 0xfd };

	if (h->down || !ppp_data(h->ppp)->ip_open || !ppp_data(h->ppp)->encrypted)
		return;
	size_t n = data_packet(++h->n_data_out, frame + 6);
	mppe_seal(&h->out, frame + 4, frame + 6, n);
	transmit(s, side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT, view_of(frame, n + 6));
}

static void carry_out(struct sim *s, unsigned int side, struct fx *fx);
static struct fx *fresh(void);

static void
receive_data(struct sim *s, unsigned int side, struct flying *f)
{
	struct host *h = &s->host[side];
	struct view plain;
	uint8_t want[FRAME_MAX];

	if (h->down || !h->encrypted)
		return;
	enum mppe_open o = mppe_open(&h->in, f->b + 4, f->n - 4, &plain);
	if (o == MPPE_LOST || o == MPPE_WAITING) {
		struct fx *fx = fresh();
		ppp_ask_reset(h->ppp, &s->now, fx);
		carry_out(s, side, fx);
	}
	if (o != MPPE_OPENED)
		return;
	struct rd_fault fault;
	struct rd r = rd_over(plain, &fault);
	CHECK(s, rd_u32(&r) == 0x00214500u);
	uint32_t number = rd_u32(&r);
	CHECK(s, rd_ok(&r) && view_eq(plain, view_of(want, data_packet(number, want))));
	CHECK(s, number > h->last_in); /* never twice, never out of order */
	h->last_in = number;
	h->n_data_in++;
}

/* ---- effects ---- */

static void
carry_out(struct sim *s, unsigned int side, struct fx *fx)
{
	struct host *h = &s->host[side];

	for (unsigned int i = 0; i < fx->n; i++) {
		const struct fx_item *it = &fx->items[i];

		CHECK(s, !h->down); /* nothing follows FX_DOWN */
		switch (it->kind) {
		case FX_SEND:
			CHECK(s, ++s->n_frames < LIMIT_FRAMES);
			transmit(s, side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT, it->bytes);
			break;
		case FX_FRAME:
			bad(s, "FX_FRAME from PPP");
		case FX_ASK_AUTH:
			CHECK(s, side == SIDE_SERVER);
			on_ask_auth(s, h, &fx->auth);
			break;
		case FX_ASK_LEASE:
			CHECK(s, side == SIDE_SERVER);
			on_ask_lease(s, h);
			break;
		case FX_FACT:
			break;
		case FX_UP:
			h->up_lcp = h->up_lcp || it->code == PPP_UP_LCP;
			h->up_auth = h->up_auth || it->code == PPP_UP_AUTH;
			h->up_ip = h->up_ip || it->code == PPP_UP_IP;
			if (it->code == PPP_UP_ENCRYPTION)
				start_mppe(s, h);
			if (it->code == PPP_RESET_ASKED && h->encrypted)
				mppe_reset(&h->out);
			break;
		case FX_DOWN:
			h->down = true;
			h->cause = it->cause;
			CHECK(s, it->cause != CAUSE_NONE);
			break;
		}
	}
	if (h->down)
		CHECK(s, ppp_deadline_ms(h->ppp) == NEVER_MS && !ppp_data(h->ppp)->ip_open &&
			     !ppp_data(h->ppp)->ipv6_open);
}

static struct fx *
fresh(void)
{
	static struct fx fx;

	fx_reset(&fx);
	return &fx;
}

/* ---- one run ---- */

static unsigned int
some_mask(struct sim *s)
{
	static const unsigned int masks[] = {
		AUTH_BIT(AUTH_MSCHAPV2),
		AUTH_BIT(AUTH_MSCHAPV2) | AUTH_BIT(AUTH_CHAP) | AUTH_BIT(AUTH_PAP),
		AUTH_BIT(AUTH_CHAP),
		AUTH_BIT(AUTH_PAP),
		AUTH_BIT(AUTH_CHAP) | AUTH_BIT(AUTH_PAP),
		AUTH_BIT(AUTH_MSCHAPV2) | AUTH_BIT(AUTH_PAP),
	};

	return masks[roll(s, sizeof(masks) / sizeof(masks[0]))];
}

static uint8_t
some_levels(struct sim *s)
{
	static const uint8_t levels[] = { ENCRYPT_ALL, ENCRYPT_ALL, ENCRYPT_NONE, ENCRYPT_STRONGEST,
		ENCRYPT_BASIC, ENCRYPT_STRONG, ENCRYPT_STRONG | ENCRYPT_STRONGEST,
		ENCRYPT_NONE | ENCRYPT_STRONGEST };

	return levels[roll(s, sizeof(levels))];
}

static void
set_up_host(struct sim *s, enum side side, bool wrong)
{
	static struct ppp_conf confs[2];
	struct ppp_conf *c = &confs[side];

	ppp_conf_defaults(c, side, s->mppe ? TUNNEL_PPTP : TUNNEL_SSTP);
	c->encryption = s->levels[side];
	c->mppe_stateful = roll(s, 2);
	c->auth_mask = some_mask(s);
	if (roll(s, 2)) /* half of the runs surely have a method in common */
		c->auth_mask |= AUTH_BIT(AUTH_MSCHAPV2);
	s->masks[side] = c->auth_mask;
	c->hold_network = side == SIDE_SERVER && roll(s, 2);
	c->answer_ms = 10000;
	s->four[side] = roll(s, 8) != 0;
	s->six[side] = roll(s, 3) != 0;
	c->ip_enabled = s->four[side];
	c->ipv6_enabled = s->six[side];
	if (side == SIDE_CLIENT) {
		memcpy(c->user, user, sizeof(user) - 1);
		c->n_user = sizeof(user) - 1;
		CHECK(s, secret_set(&c->password, view_str(wrong ? "wrong" : "clientPass")));
		c->new_password = s->wanted.n ? &s->wanted : NULL;
		memcpy(c->identification, "SIM", 4);
	}
	s->host[side] =
	    (struct host){ .ppp = ppp_new(c), .auth_due_ms = NEVER_MS, .lease_due_ms = NEVER_MS };
	secret_wipe(&c->password);
	CHECK(s, s->host[side].ppp != NULL);
}

static void
set_up(struct sim *s, uint64_t seed)
{
	static const unsigned int losses[] = { 0, 0, 5, 20, 40 };

	*s = (struct sim){ .seed = seed, .rng = seed * 0x9e3779b97f4a7c15u + 1 };
	for (unsigned int i = 0; i < 8; i++)
		roll(s, 2);
	s->now = (struct now){ .ms = 1000 + roll(s, 100000), .draw = draw, .draw_ctx = s };
	s->loss_pct = losses[roll(s, 5)];
	s->dup_pct = roll(s, 3) * 15;
	s->late_pct = roll(s, 3) * 10;
	s->jitter_ms = 1 + roll(s, 300);
	s->password = "clientPass";
	s->lease_fails = roll(s, 8) == 0;
	s->silent_aaa = roll(s, 16) == 0;
	s->wrong = roll(s, 4) == 0;
	s->mppe = roll(s, 2);
	for (unsigned int side = 0; side < 2; side++)
		s->levels[side] = some_levels(s);
	s->expired = roll(s, 4) == 0;
	if (s->expired && roll(s, 2))
		CHECK(s, secret_set(&s->wanted, view_str("newPass22")));
	set_up_host(s, SIDE_CLIENT, s->wrong);
	set_up_host(s, SIDE_SERVER, false);
	s->common = (s->masks[SIDE_CLIENT] & s->masks[SIDE_SERVER]) != 0 &&
	            ((s->four[SIDE_CLIENT] && s->four[SIDE_SERVER]) ||
			(s->six[SIDE_CLIENT] && s->six[SIDE_SERVER]));
	s->blocked =
	    s->expired && (s->wanted.n == 0 || !(s->masks[SIDE_CLIENT] & s->masks[SIDE_SERVER] &
						   AUTH_BIT(AUTH_MSCHAPV2)));
}

static uint64_t
next_time(const struct sim *s)
{
	uint64_t d = NEVER_MS;

	for (unsigned int i = 0; i < s->n_flying; i++)
		d = deadline_min(d, s->flying[i].due_ms);
	for (unsigned int side = 0; side < 2; side++) {
		const struct host *h = &s->host[side];
		d = deadline_min(d, ppp_deadline_ms(h->ppp));
		d = deadline_min(d, h->auth_due_ms);
		d = deadline_min(d, h->lease_due_ms);
	}
	if (s->close_at_ms)
		d = deadline_min(d, deadline_min(s->close_at_ms, s->data_at_ms));
	return d;
}

static void
deliver(struct sim *s)
{
	for (unsigned int i = 0; i < s->n_flying;) {
		if (s->flying[i].due_ms > s->now.ms) {
			i++;
			continue;
		}
		struct flying f = s->flying[i];
		s->flying[i] = s->flying[--s->n_flying];
		if (f.n > 4 && f.b[2] == 0x00 && f.b[3] == 0xfd) {
			receive_data(s, f.to, &f);
			continue;
		}
		struct fx *fx = fresh();
		ppp_input(s->host[f.to].ppp, view_of(f.b, f.n), &s->now, fx);
		carry_out(s, f.to, fx);
	}
}

static void
answer(struct sim *s)
{
	struct host *h = &s->host[SIDE_SERVER];
	struct fx *fx = fresh();

	if (h->auth_due_ms <= s->now.ms) {
		h->auth_due_ms = NEVER_MS;
		ppp_answer_auth(h->ppp, &h->auth, &s->now, fx);
		carry_out(s, SIDE_SERVER, fx);
		if (h->up_auth && !h->down) {
			fx = fresh();
			ppp_start_network(h->ppp, &s->now, fx);
			carry_out(s, SIDE_SERVER, fx);
		}
	}
	if (h->lease_due_ms <= s->now.ms) {
		h->lease_due_ms = NEVER_MS;
		fx = fresh();
		ppp_answer_lease(h->ppp, &h->lease, &s->now, fx);
		carry_out(s, SIDE_SERVER, fx);
	}
}

static void
tick(struct sim *s)
{
	for (unsigned int side = 0; side < 2; side++) {
		if (ppp_deadline_ms(s->host[side].ppp) > s->now.ms)
			continue;
		struct fx *fx = fresh();
		ppp_tick(s->host[side].ppp, &s->now, fx);
		carry_out(s, side, fx);
		CHECK(s, ppp_deadline_ms(s->host[side].ppp) > s->now.ms); /* no busy loop */
	}
}

/* Both up: what they know must agree; then one of them ends it. */
static void
check_up(struct sim *s)
{
	struct host *c = &s->host[SIDE_CLIENT], *v = &s->host[SIDE_SERVER];
	uint8_t key[2][32];

	bool four = ppp_data(c->ppp)->ip_open && ppp_data(v->ppp)->ip_open;
	bool six = ppp_data(c->ppp)->ipv6_open && ppp_data(v->ppp)->ipv6_open;
	const struct ppp_ip *a = ppp_ip(c->ppp), *b = ppp_ip(v->ppp);

	if (four) {
		CHECK(s, ip_equal(&a->local, &v->lease.remote));
		CHECK(s, ip_equal(&b->remote, &v->lease.remote));
		CHECK(s, ip_equal(&a->remote, &v->lease.local));
	}
	if (six) { /* Q12: two identifiers, known to both */
		static const uint8_t zero[PPP_INTERFACE_ID];
		CHECK(s, memcmp(a->local_id, b->remote_id, PPP_INTERFACE_ID) == 0);
		CHECK(s, memcmp(a->remote_id, b->local_id, PPP_INTERFACE_ID) == 0);
		CHECK(s, memcmp(a->local_id, a->remote_id, PPP_INTERFACE_ID) != 0);
		CHECK(s, memcmp(a->local_id, zero, PPP_INTERFACE_ID) != 0);
		CHECK(s, ip_equal(&b->prefix6, &v->lease.prefix6));
	}
	CHECK(s, ppp_auth_method(c->ppp) == ppp_auth_method(v->ppp));
	CHECK(s, ppp_hlak(c->ppp, key[0]) && ppp_hlak(v->ppp, key[1]));
	CHECK(s, memcmp(key[0], key[1], 32) == 0);
	CHECK(s, ppp_data(c->ppp)->encrypted == ppp_data(v->ppp)->encrypted);
	CHECK(s, ppp_data(c->ppp)->encrypted || !s->mppe ||
		     (s->levels[SIDE_CLIENT] & s->levels[SIDE_SERVER] & ENCRYPT_NONE));
	s->up_ms = s->now.ms;
	s->close_at_ms = s->now.ms + 1 + roll(s, 20000);
	s->data_at_ms = s->now.ms;
}

/* Both ends send while they are up. */
static void
exchange(struct sim *s)
{
	if (!s->close_at_ms || s->now.ms < s->data_at_ms)
		return;
	s->data_at_ms = s->now.ms + 1 + roll(s, 60);
	for (unsigned int side = 0; side < 2; side++)
		send_data(s, side);
}

/* Both are told to be up, and have a protocol in common at this moment. */
static bool
both_open(const struct sim *s)
{
	const struct host *c = &s->host[SIDE_CLIENT], *v = &s->host[SIDE_SERVER];

	if (c->down || v->down || !c->up_ip || !v->up_ip)
		return false;
	return (ppp_data(c->ppp)->ip_open && ppp_data(v->ppp)->ip_open) ||
	       (ppp_data(c->ppp)->ipv6_open && ppp_data(v->ppp)->ipv6_open);
}

static void
close_one(struct sim *s)
{
	unsigned int side = roll(s, 2);
	struct fx *fx = fresh();
	const struct host *c = &s->host[SIDE_CLIENT], *v = &s->host[SIDE_SERVER];

	/* What both ends carry is open by now, where the link brings all in time. */
	if (s->loss_pct == 0 && s->late_pct == 0 && s->now.ms - s->up_ms > 9000) {
		CHECK(s, ppp_data(c->ppp)->ip_open == (s->four[0] && s->four[1]));
		CHECK(s, ppp_data(v->ppp)->ip_open == (s->four[0] && s->four[1]));
		CHECK(s, ppp_data(c->ppp)->ipv6_open == (s->six[0] && s->six[1]));
		CHECK(s, ppp_data(v->ppp)->ipv6_open == (s->six[0] && s->six[1]));
	}

	s->close_at_ms = 0;
	s->closed = true;
	ppp_close(s->host[side].ppp,
	    side == SIDE_CLIENT ? CAUSE_ENDED_BY_USER : CAUSE_ENDED_BY_ADMIN, &s->now, fx);
	carry_out(s, side, fx);
}

/* The strengths of both sides, as CCP sees them: "basic" is 40 and 56 bit. */
static unsigned int
strengths(uint8_t levels)
{
	unsigned int all = levels & (ENCRYPT_STRONG | ENCRYPT_STRONGEST | ENCRYPT_BASIC);

	return levels & ENCRYPT_BASIC ? all | ENCRYPT_STRONG : all;
}

/* Whether the terms of both ends leave a way to go on, whichever method they agree on. */
static bool
encryption_fits(const struct sim *s)
{
	uint8_t a = s->levels[SIDE_CLIENT], b = s->levels[SIDE_SERVER];
	bool keys = s->masks[SIDE_CLIENT] & s->masks[SIDE_SERVER] & AUTH_BIT(AUTH_MSCHAPV2);

	return !s->mppe || (keys && strengths(a) & strengths(b)) || (a & b & ENCRYPT_NONE);
}

static bool
run(uint64_t seed)
{
	static struct sim s;
	bool both_up = false;

	set_up(&s, seed);
	for (unsigned int side = 0; side < 2; side++) {
		struct fx *fx = fresh();
		ppp_lower_up(s.host[side].ppp, &s.now, fx);
		carry_out(&s, side, fx);
	}
	uint64_t limit = s.now.ms + LIMIT_MS;
	struct host *c = &s.host[SIDE_CLIENT], *v = &s.host[SIDE_SERVER];
	while (!(c->down && v->down)) {
		uint64_t at = next_time(&s);
		CHECK(&s, at != NEVER_MS && at < limit);
		if (at > s.now.ms)
			s.now.ms = at;
		deliver(&s);
		answer(&s);
		tick(&s);
		if (!both_up && both_open(&s)) {
			both_up = true;
			check_up(&s);
		}
		exchange(&s);
		if (s.close_at_ms && s.now.ms >= s.close_at_ms)
			close_one(&s);
	}
	/* A link that loses nothing must not come between two ends that agree, however it reorders.
	 */
	bool agree = !s.wrong && !s.lease_fails && !s.silent_aaa && s.common && !s.blocked &&
	             encryption_fits(&s);
	n_data += c->n_data_in + v->n_data_in;
	CHECK(&s, both_up || !agree || s.loss_pct > 0);
	CHECK(&s, agree || !both_up);
	ppp_free(c->ppp);
	ppp_free(v->ppp);
	return both_up;
}

int
main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 200;
	unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	unsigned long n_up = 0;
	char err[256];

	if (!crypto_init(err, sizeof(err))) {
		fprintf(stderr, "sim_ppp: %s\n", err);
		return 1;
	}
	for (unsigned long i = 0; i < n; i++)
		n_up += run(first + i);
	printf("sim_ppp: %lu runs, %lu reached IP, all ended by name; %lu packets by MPPE\n", n,
	    n_up, n_data);
	return (n_up == 0 || n_data == 0) && n >= 50;
}
