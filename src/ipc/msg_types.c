/*
 * Readers and writers of the field types of messages.def. See msg_types.h. Lengths of texts are two
 * bytes in a message and one byte inside a composite type, where they are our own short names.
 */
#include "ipc/msg_types.h"

void
msg_rd_u8(struct rd *r, uint8_t *out)
{
	*out = rd_u8(r);
}

void
msg_rd_u16(struct rd *r, uint16_t *out)
{
	*out = rd_u16(r);
}

void
msg_rd_u32(struct rd *r, uint32_t *out)
{
	*out = rd_u32(r);
}

void
msg_rd_u64(struct rd *r, uint64_t *out)
{
	*out = rd_u64(r);
}

void
msg_rd_i64(struct rd *r, int64_t *out)
{
	*out = (int64_t)rd_u64(r);
}

/* A number that must not be larger than max: enums and counts. */
static unsigned int
rd_upto(struct rd *r, unsigned int max)
{
	uint8_t x = rd_u8(r);

	if (x > max) {
		rd_fail(r, RD_BAD_VALUE);
		return 0;
	}
	return x;
}

void
msg_rd_flag(struct rd *r, bool *out)
{
	*out = rd_upto(r, 1) != 0;
}

void
msg_rd_addr(struct rd *r, struct ip_addr *out)
{
	memset(out, 0, sizeof(*out));
	switch (rd_u8(r)) {
	case IP_NONE:
		return;
	case IP_V4:
		out->family = IP_V4;
		rd_bytes(r, out->b, 4);
		return;
	case IP_V6:
		out->family = IP_V6;
		rd_bytes(r, out->b, 16);
		return;
	default: /* a byte of the wire, not an enum */
		rd_fail(r, RD_BAD_VALUE);
	}
}

void
msg_rd_end(struct rd *r, struct endpoint *out)
{
	msg_rd_addr(r, &out->addr);
	out->port = rd_u16(r);
}

void
msg_rd_id(struct rd *r, struct attempt_id *out)
{
	rd_bytes(r, out->b, sizeof(out->b));
}

void
msg_rd_key16(struct rd *r, uint8_t (*out)[16])
{
	rd_bytes(r, *out, sizeof(*out));
}

void
msg_rd_text(struct rd *r, struct view *out)
{
	*out = rd_take(r, rd_u16(r));
}

void
msg_rd_blob(struct rd *r, struct view *out)
{
	*out = rd_take(r, rd_u16(r));
}

/* A C string into cap bytes: what does not fit or has a zero inside is a fault. */
static void
rd_name(struct rd *r, char *out, size_t cap)
{
	struct view v = rd_take(r, rd_u8(r));

	memset(out, 0, cap);
	if (v.n && (v.n >= cap || memchr(v.p, 0, v.n))) {
		rd_fail(r, RD_BAD_VALUE);
		return;
	}
	if (!view_copy(v, out, cap))
		rd_fail(r, RD_BAD_LENGTH);
}

static enum cause
rd_cause(struct rd *r)
{
	enum cause cause = (enum cause)rd_u16(r);

	if (cause_info(cause)->cause != cause) { /* the row for numbers that are not in the table */
		rd_fail(r, RD_BAD_VALUE);
		return CAUSE_NONE;
	}
	return cause;
}

static void
rd_prefix(struct rd *r, struct ip_prefix *out)
{
	msg_rd_addr(r, &out->addr);
	out->len = (uint8_t)rd_upto(r, out->addr.family == IP_V4 ? 32 : 128);
	if (out->addr.family == IP_NONE)
		rd_fail(r, RD_BAD_VALUE);
}

static void
rd_prefixes(struct rd *r, struct ip_prefix *out, unsigned int *n)
{
	*n = rd_upto(r, PROFILE_ROUTES_MAX);
	for (unsigned int i = 0; i < *n; i++)
		rd_prefix(r, &out[i]);
}

static void
rd_profile(struct rd *r, struct profile *out)
{
	out->encryption = (uint8_t)rd_upto(r, ENCRYPT_ALL);
	out->n_pools = rd_upto(r, PROFILE_POOLS_MAX);
	for (unsigned int i = 0; i < out->n_pools; i++)
		rd_name(r, out->pools[i], sizeof(out->pools[i]));
	rd_name(r, out->ipv6_pool, sizeof(out->ipv6_pool));
	for (unsigned int i = 0; i < 2; i++)
		msg_rd_addr(r, &out->dns[i]);
	for (unsigned int i = 0; i < 2; i++)
		msg_rd_addr(r, &out->nbns[i]);
	rd_name(r, out->dns_suffix, sizeof(out->dns_suffix));
	rd_prefixes(r, out->routes, &out->n_routes);
	rd_prefixes(r, out->framed, &out->n_framed);
	for (unsigned int i = 0; i < 2; i++)
		msg_rd_addr(r, &out->dns6[i]);
	out->idle_timeout_s = rd_u32(r);
	out->session_timeout_s = rd_u32(r);
	out->hours_left_s = rd_u32(r);
	out->mru = rd_u16(r);
	msg_rd_flag(r, &out->isolated);
}

void
msg_rd_request(struct rd *r, struct auth_request *out)
{
	out->method = (enum auth_method)rd_upto(r, N_AUTH_METHOD - 1);
	out->tunnel = (enum tunnel_kind)rd_upto(r, TUNNEL_IKEV2);
	out->id = rd_u8(r);
	out->n_name = rd_u16(r);
	if (out->n_name > sizeof(out->name)) {
		rd_fail(r, RD_TOO_MANY);
		out->n_name = 0;
	}
	rd_bytes(r, out->name, out->n_name);
	out->n_challenge = (uint8_t)rd_upto(r, sizeof(out->challenge));
	rd_bytes(r, out->challenge, out->n_challenge);
	rd_bytes(r, out->chap_digest, sizeof(out->chap_digest));
	rd_bytes(r, out->peer_challenge, sizeof(out->peer_challenge));
	rd_bytes(r, out->nt_response, sizeof(out->nt_response));
	rd_bytes(r, out->lm_response, sizeof(out->lm_response));
	out->flags = rd_u8(r);
	if (!secret_set(&out->password, rd_take(r, rd_u16(r))))
		rd_fail(r, RD_TOO_MANY);
	msg_rd_flag(r, &out->change);
	if (out->change) {
		rd_bytes(r, out->change_block, sizeof(out->change_block));
		rd_bytes(r, out->change_hash, sizeof(out->change_hash));
	}
}

void
msg_rd_answer(struct rd *r, struct auth_answer *out)
{
	msg_rd_flag(r, &out->ok);
	out->cause = rd_cause(r);
	msg_rd_flag(r, &out->may_retry);
	rd_name(r, out->success, sizeof(out->success));
	msg_rd_flag(r, &out->has_keys);
	if (out->has_keys) {
		rd_bytes(r, out->server_send_key, sizeof(out->server_send_key));
		rd_bytes(r, out->server_recv_key, sizeof(out->server_recv_key));
	}
	if (out->ok)
		rd_profile(r, &out->profile);
}

void
msg_rd_lease(struct rd *r, struct lease_answer *out)
{
	out->cause = rd_cause(r);
	msg_rd_addr(r, &out->local);
	msg_rd_addr(r, &out->remote);
	for (unsigned int i = 0; i < 2; i++)
		msg_rd_addr(r, &out->dns[i]);
	for (unsigned int i = 0; i < 2; i++)
		msg_rd_addr(r, &out->nbns[i]);
	msg_rd_addr(r, &out->prefix6);
	for (unsigned int i = 0; i < 2; i++)
		msg_rd_addr(r, &out->dns6[i]);
}

static void
rd_trace(struct rd *r, struct policy_trace *out)
{
	out->n_steps = (uint16_t)rd_upto(r, TRACE_MAX);
	out->n_more = rd_u32(r);
	for (unsigned int i = 0; i < out->n_steps && rd_ok(r); i++) {
		struct policy_step *s = &out->steps[i];
		rd_name(r, s->policy, sizeof(s->policy));
		s->failed = (enum condition_kind)rd_upto(r, N_COND - 1);
		rd_name(r, s->wanted, sizeof(s->wanted));
		rd_name(r, s->got, sizeof(s->got));
	}
}

void
msg_rd_decision(struct rd *r, struct decision *out)
{
	out->verdict = (enum verdict)rd_upto(r, VERDICT_DISCARD);
	out->cause = rd_cause(r);
	out->policy_id = rd_u32(r);
	rd_name(r, out->policy, sizeof(out->policy));
	out->by = (enum decided_by)rd_upto(r, BY_SERVER);
	if (out->verdict == VERDICT_GRANT)
		rd_profile(r, &out->profile);
	rd_trace(r, &out->trace);
}

void
msg_wr_u8(struct wr *w, const uint8_t *x)
{
	wr_u8(w, *x);
}

void
msg_wr_u16(struct wr *w, const uint16_t *x)
{
	wr_u16(w, *x);
}

void
msg_wr_u32(struct wr *w, const uint32_t *x)
{
	wr_u32(w, *x);
}

void
msg_wr_u64(struct wr *w, const uint64_t *x)
{
	wr_u64(w, *x);
}

void
msg_wr_i64(struct wr *w, const int64_t *x)
{
	wr_u64(w, (uint64_t)*x);
}

void
msg_wr_flag(struct wr *w, const bool *x)
{
	wr_u8(w, *x ? 1 : 0);
}

void
msg_wr_addr(struct wr *w, const struct ip_addr *x)
{
	wr_u8(w, x->family);
	switch (x->family) {
	case IP_V4:
		wr_bytes(w, x->b, 4);
		return;
	case IP_V6:
		wr_bytes(w, x->b, 16);
		return;
	default: /* family is a byte */
		must(x->family == IP_NONE);
	}
}

void
msg_wr_end(struct wr *w, const struct endpoint *x)
{
	msg_wr_addr(w, &x->addr);
	wr_u16(w, x->port);
}

void
msg_wr_id(struct wr *w, const struct attempt_id *x)
{
	wr_bytes(w, x->b, sizeof(x->b));
}

void
msg_wr_key16(struct wr *w, const uint8_t (*x)[16])
{
	wr_bytes(w, *x, sizeof(*x));
}

void
msg_wr_text(struct wr *w, const struct view *x)
{
	if (x->n > UINT16_MAX) {
		w->overflow = true;
		return;
	}
	wr_u16(w, (uint16_t)x->n);
	wr_view(w, *x);
}

void
msg_wr_blob(struct wr *w, const struct view *x)
{
	msg_wr_text(w, x);
}

/* A C string of cap bytes at most, its terminator included. */
static void
wr_name(struct wr *w, const char *s, size_t cap)
{
	size_t n = strnlen(s, cap);

	must(n < cap && n <= UINT8_MAX);
	wr_u8(w, (uint8_t)n);
	wr_bytes(w, s, n);
}

static void
wr_cause(struct wr *w, enum cause cause)
{
	must(cause_info(cause)->cause == cause);
	wr_u16(w, (uint16_t)cause);
}

static void
wr_prefixes(struct wr *w, const struct ip_prefix *x, unsigned int n)
{
	must(n <= PROFILE_ROUTES_MAX);
	wr_u8(w, (uint8_t)n);
	for (unsigned int i = 0; i < n; i++) {
		msg_wr_addr(w, &x[i].addr);
		wr_u8(w, x[i].len);
	}
}

static void
wr_profile(struct wr *w, const struct profile *x)
{
	must(x->n_pools <= PROFILE_POOLS_MAX);
	wr_u8(w, x->encryption);
	wr_u8(w, (uint8_t)x->n_pools);
	for (unsigned int i = 0; i < x->n_pools; i++)
		wr_name(w, x->pools[i], sizeof(x->pools[i]));
	wr_name(w, x->ipv6_pool, sizeof(x->ipv6_pool));
	for (unsigned int i = 0; i < 2; i++)
		msg_wr_addr(w, &x->dns[i]);
	for (unsigned int i = 0; i < 2; i++)
		msg_wr_addr(w, &x->nbns[i]);
	wr_name(w, x->dns_suffix, sizeof(x->dns_suffix));
	wr_prefixes(w, x->routes, x->n_routes);
	wr_prefixes(w, x->framed, x->n_framed);
	for (unsigned int i = 0; i < 2; i++)
		msg_wr_addr(w, &x->dns6[i]);
	wr_u32(w, x->idle_timeout_s);
	wr_u32(w, x->session_timeout_s);
	wr_u32(w, x->hours_left_s);
	wr_u16(w, x->mru);
	msg_wr_flag(w, &x->isolated);
}

void
msg_wr_request(struct wr *w, const struct auth_request *x)
{
	struct view password = secret_view(&x->password);

	must(x->n_name <= sizeof(x->name) && x->n_challenge <= sizeof(x->challenge));
	wr_u8(w, (uint8_t)x->method);
	wr_u8(w, (uint8_t)x->tunnel);
	wr_u8(w, x->id);
	wr_u16(w, x->n_name);
	wr_bytes(w, x->name, x->n_name);
	wr_u8(w, x->n_challenge);
	wr_bytes(w, x->challenge, x->n_challenge);
	wr_bytes(w, x->chap_digest, sizeof(x->chap_digest));
	wr_bytes(w, x->peer_challenge, sizeof(x->peer_challenge));
	wr_bytes(w, x->nt_response, sizeof(x->nt_response));
	wr_bytes(w, x->lm_response, sizeof(x->lm_response));
	wr_u8(w, x->flags);
	wr_u16(w, (uint16_t)password.n);
	wr_view(w, password);
	msg_wr_flag(w, &x->change);
	if (x->change) {
		wr_bytes(w, x->change_block, sizeof(x->change_block));
		wr_bytes(w, x->change_hash, sizeof(x->change_hash));
	}
}

void
msg_wr_answer(struct wr *w, const struct auth_answer *x)
{
	msg_wr_flag(w, &x->ok);
	wr_cause(w, x->cause);
	msg_wr_flag(w, &x->may_retry);
	wr_name(w, x->success, sizeof(x->success));
	msg_wr_flag(w, &x->has_keys);
	if (x->has_keys) {
		wr_bytes(w, x->server_send_key, sizeof(x->server_send_key));
		wr_bytes(w, x->server_recv_key, sizeof(x->server_recv_key));
	}
	if (x->ok)
		wr_profile(w, &x->profile);
}

void
msg_wr_lease(struct wr *w, const struct lease_answer *x)
{
	wr_cause(w, x->cause);
	msg_wr_addr(w, &x->local);
	msg_wr_addr(w, &x->remote);
	for (unsigned int i = 0; i < 2; i++)
		msg_wr_addr(w, &x->dns[i]);
	for (unsigned int i = 0; i < 2; i++)
		msg_wr_addr(w, &x->nbns[i]);
	msg_wr_addr(w, &x->prefix6);
	for (unsigned int i = 0; i < 2; i++)
		msg_wr_addr(w, &x->dns6[i]);
}

static void
wr_trace(struct wr *w, const struct policy_trace *x)
{
	must(x->n_steps <= TRACE_MAX);
	wr_u8(w, (uint8_t)x->n_steps);
	wr_u32(w, x->n_more);
	for (unsigned int i = 0; i < x->n_steps; i++) {
		const struct policy_step *s = &x->steps[i];
		wr_name(w, s->policy, sizeof(s->policy));
		wr_u8(w, (uint8_t)s->failed);
		wr_name(w, s->wanted, sizeof(s->wanted));
		wr_name(w, s->got, sizeof(s->got));
	}
}

void
msg_wr_decision(struct wr *w, const struct decision *x)
{
	wr_u8(w, (uint8_t)x->verdict);
	wr_cause(w, x->cause);
	wr_u32(w, x->policy_id);
	wr_name(w, x->policy, sizeof(x->policy));
	wr_u8(w, (uint8_t)x->by);
	if (x->verdict == VERDICT_GRANT)
		wr_profile(w, &x->profile);
	wr_trace(w, &x->trace);
}
