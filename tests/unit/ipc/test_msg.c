/*
 * Messages between roles: every row of messages.def makes the round trip with random contents, is
 * refused from and to everyone else, and at every truncation and with a byte more. G01 (lengths),
 * G02 (truncation), G03 (trailing bytes).
 */
#include "ipc/msg.h"
#include "ipc/msg_types.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t seed;

static uint32_t
roll(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static void
fill(void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)p)[i] = (uint8_t)roll(256);
}

/* Texts are short enough that every message stays within its maximum. */
static uint8_t pool[8][40];
static unsigned int n_pool;

static void
make_text(struct view *out)
{
	uint8_t *p = pool[n_pool++ % 8];

	fill(p, sizeof(pool[0]));
	*out = view_of(p, roll(sizeof(pool[0]) + 1));
}

static void
make_u8(uint8_t *out)
{
	fill(out, sizeof(*out));
}

static void
make_u16(uint16_t *out)
{
	fill(out, sizeof(*out));
}

static void
make_u32(uint32_t *out)
{
	fill(out, sizeof(*out));
}

static void
make_u64(uint64_t *out)
{
	fill(out, sizeof(*out));
}

static void
make_i64(int64_t *out)
{
	fill(out, sizeof(*out));
}

static void
make_flag(bool *out)
{
	*out = roll(2) == 1;
}

static void
make_addr(struct ip_addr *out)
{
	static const uint8_t families[] = { IP_NONE, IP_V4, IP_V6 };

	out->family = families[roll(3)];
	fill(out->b, out->family == IP_V6 ? 16 : out->family);
}

static void
make_end(struct endpoint *out)
{
	make_addr(&out->addr);
	make_u16(&out->port);
}

static void
make_id(struct attempt_id *out)
{
	fill(out->b, sizeof(out->b));
}

static void
make_key16(uint8_t (*out)[16])
{
	fill(*out, sizeof(*out));
}

static void
make_blob(struct view *out)
{
	make_text(out);
}

static void
make_name(char *out, size_t cap)
{
	size_t n = roll((uint32_t)cap);

	for (size_t i = 0; i < n; i++)
		out[i] = (char)('a' + roll(26));
}

static enum cause
make_cause(void)
{
	uint32_t n = 0;

	while (cause_at(n))
		n++;
	uint32_t i = roll(n + 1);
	return i == n ? CAUSE_NONE : cause_at(i)->cause;
}

static void
make_prefixes(struct ip_prefix *out, unsigned int *n)
{
	*n = roll(PROFILE_ROUTES_MAX + 1);
	for (unsigned int i = 0; i < *n; i++) {
		do
			make_addr(&out[i].addr);
		while (out[i].addr.family == IP_NONE);
		out[i].len = (uint8_t)roll(out[i].addr.family == IP_V4 ? 33 : 129);
	}
}

static void
make_profile(struct profile *out)
{
	out->encryption = (uint8_t)roll(ENCRYPT_ALL + 1);
	out->n_pools = roll(PROFILE_POOLS_MAX + 1);
	for (unsigned int i = 0; i < out->n_pools; i++)
		make_name(out->pools[i], sizeof(out->pools[i]));
	make_name(out->ipv6_pool, sizeof(out->ipv6_pool));
	make_name(out->dns_suffix, sizeof(out->dns_suffix));
	make_prefixes(out->routes, &out->n_routes);
	make_prefixes(out->framed, &out->n_framed);
	for (unsigned int i = 0; i < 2; i++) {
		make_addr(&out->dns[i]);
		make_addr(&out->dns6[i]);
		make_addr(&out->nbns[i]);
	}
	make_u32(&out->idle_timeout_s);
	make_u32(&out->session_timeout_s);
	make_u32(&out->hours_left_s);
	make_u16(&out->mru);
	make_flag(&out->isolated);
}

static void
make_request(struct auth_request *out)
{
	uint8_t password[SECRET_MAX];

	out->method = (enum auth_method)roll(N_AUTH_METHOD);
	out->tunnel = (enum tunnel_kind)roll(TUNNEL_IKEV2 + 1);
	out->id = (uint8_t)roll(256);
	out->n_name = (uint16_t)roll(NAME_MAX_BYTES + 1);
	fill(out->name, out->n_name);
	out->n_challenge = (uint8_t)roll(65);
	fill(out->challenge, out->n_challenge);
	fill(out->chap_digest, 16);
	fill(out->peer_challenge, 16);
	fill(out->nt_response, 24);
	fill(out->lm_response, 24);
	out->flags = (uint8_t)roll(256);
	fill(password, sizeof(password));
	assert_true(secret_set(&out->password, view_of(password, roll(SECRET_MAX + 1))));
}

static void
make_answer(struct auth_answer *out)
{
	make_flag(&out->ok);
	out->cause = make_cause();
	make_flag(&out->may_retry);
	make_name(out->success, sizeof(out->success));
	make_flag(&out->has_keys);
	if (out->has_keys) {
		fill(out->server_send_key, 16);
		fill(out->server_recv_key, 16);
	}
	if (out->ok)
		make_profile(&out->profile);
}

static void
make_lease(struct lease_answer *out)
{
	out->cause = make_cause();
	make_addr(&out->local);
	make_addr(&out->remote);
	for (unsigned int i = 0; i < 2; i++) {
		make_addr(&out->dns[i]);
		make_addr(&out->dns6[i]);
		make_addr(&out->nbns[i]);
	}
	make_addr(&out->prefix6);
}

static void
make_decision(struct decision *out)
{
	out->verdict = (enum verdict)roll(VERDICT_DISCARD + 1);
	out->cause = make_cause();
	make_u32(&out->policy_id);
	make_name(out->policy, sizeof(out->policy));
	out->by = (enum decided_by)roll(BY_SERVER + 1);
	if (out->verdict == VERDICT_GRANT)
		make_profile(&out->profile);
	out->trace.n_steps = (uint16_t)roll(TRACE_MAX + 1);
	make_u32(&out->trace.n_more);
	for (unsigned int i = 0; i < out->trace.n_steps; i++) {
		struct policy_step *s = &out->trace.steps[i];
		make_name(s->policy, sizeof(s->policy));
		s->failed = (enum condition_kind)roll(COND_DISABLED + 1);
		make_name(s->wanted, sizeof(s->wanted));
		make_name(s->got, sizeof(s->got));
	}
}

#define F(type, name) make_##type(&m->name);
#define MSG(num, ID, name, from, to, fd, max, fields)                                              \
	static void fill_##name(struct msg_##name *m)                                              \
	{                                                                                          \
		fields                                                                             \
	}
#include "ipc/messages.def"
#undef MSG
#undef F

static bool
same_bytes(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

static bool
same_view(const struct view *a, const struct view *b)
{
	return view_eq(*a, *b);
}

#define SAME_u8(x, y) same_bytes(x, y, sizeof(*(x)))
#define SAME_u16 SAME_u8
#define SAME_u32 SAME_u8
#define SAME_u64 SAME_u8
#define SAME_i64 SAME_u8
#define SAME_flag SAME_u8
#define SAME_addr SAME_u8
#define SAME_end SAME_u8
#define SAME_id SAME_u8
#define SAME_key16 SAME_u8
#define SAME_request SAME_u8
#define SAME_answer SAME_u8
#define SAME_lease SAME_u8
#define SAME_decision SAME_u8
#define SAME_text same_view
#define SAME_blob same_view

#define F(type, name) &&SAME_##type(&a->name, &b->name)
#define MSG(num, ID, name, from, to, fd, max, fields)                                              \
	static bool same_##name(const struct msg_##name *a, const struct msg_##name *b)            \
	{                                                                                          \
		return true fields;                                                                \
	}
#include "ipc/messages.def"
#undef MSG
#undef F

static void
fill_msg(struct msg *m, enum msg_id id)
{
	memset(m, 0, sizeof(*m));
	m->id = id;
	switch (id) {
	case MSG_NONE:
		return;
#define MSG(num, ID, name, from, to, fd, max, fields)                                              \
	case MSG_##ID:                                                                             \
		fill_##name(&m->u.name);                                                           \
		return;
#include "ipc/messages.def"
#undef MSG
	}
}

static bool
same_msg(const struct msg *a, const struct msg *b)
{
	switch (a->id) {
	case MSG_NONE:
		return false;
#define MSG(num, ID, name, from, to, fd, max, fields)                                              \
	case MSG_##ID:                                                                             \
		return a->id == b->id && same_##name(&a->u.name, &b->u.name);
#include "ipc/messages.def"
#undef MSG
	}
	return false;
}

static const enum msg_id ids[] = {
#define MSG(num, ID, name, from, to, fd, max, fields) MSG_##ID,
#include "ipc/messages.def"
#undef MSG
};

#define N_IDS (sizeof(ids) / sizeof(ids[0]))

/* Some allowed pair for this message. */
static void
some_pair(enum msg_id id, enum role_id *from, enum role_id *to)
{
	for (unsigned int f = 0; f < N_ROLE; f++)
		for (unsigned int t = 0; t < N_ROLE; t++)
			if (msg_may(id, (enum role_id)f, (enum role_id)t)) {
				*from = (enum role_id)f;
				*to = (enum role_id)t;
				return;
			}
	fail_msg("nobody may send %s", msg_name(id));
}

/* Decodes an exact-size heap copy, so that a sanitizer sees a single byte too much. */
static bool
read_copy(const uint8_t *p, size_t n, enum role_id from, enum role_id to)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct rd_fault fault;
	struct msg m;

	assert_non_null(copy);
	memcpy(copy, p, n);
	bool good = msg_read(view_of(copy, n), from, to, &m, &fault);
	free(copy);
	return good;
}

static void
test_round_trip(void **state)
{
	uint8_t buf[MSG_MAX_BYTES], again[MSG_MAX_BYTES];
	struct msg a, b;
	struct rd_fault fault;
	enum role_id from = ROLE_NET, to = ROLE_NET;

	(void)state;
	seed = 1;
	for (unsigned int i = 0; i < 60 * N_IDS; i++) {
		enum msg_id id = ids[i % N_IDS];
		some_pair(id, &from, &to);
		fill_msg(&a, id);
		struct wr w = wr_over(buf, sizeof(buf));
		assert_true(msg_write(&w, &a));
		assert_true(msg_read(wr_view_of(&w), from, to, &b, &fault));
		assert_true(same_msg(&a, &b));
		struct wr w2 = wr_over(again, sizeof(again));
		assert_true(msg_write(&w2, &b));
		assert_int_equal(wr_len(&w2), wr_len(&w));
		assert_memory_equal(again, buf, wr_len(&w));
	}
}

/* The table is the permission: everyone it does not name is refused. */
static void
test_forbidden_senders(void **state)
{
	uint8_t buf[MSG_MAX_BYTES];
	struct msg m;
	unsigned int n_refused = 0;

	(void)state;
	seed = 7;
	for (size_t i = 0; i < N_IDS; i++) {
		fill_msg(&m, ids[i]);
		struct wr w = wr_over(buf, sizeof(buf));
		assert_true(msg_write(&w, &m));
		for (unsigned int f = 0; f < N_ROLE; f++)
			for (unsigned int t = 0; t < N_ROLE; t++) {
				bool may = msg_may(ids[i], (enum role_id)f, (enum role_id)t);
				n_refused += !may;
				assert_int_equal(
				    read_copy(buf, wr_len(&w), (enum role_id)f, (enum role_id)t),
				    may);
			}
	}
	assert_true(n_refused > 20 * N_IDS / 2);
	/* What matters most: net asks the vault for signatures of TLS and for nothing else. */
	for (size_t i = 0; i < N_IDS; i++) {
		assert_int_equal(msg_may(ids[i], ROLE_NET, ROLE_VAULT), ids[i] == MSG_TLS_SIGN);
		assert_int_equal(msg_may(ids[i], ROLE_VAULT, ROLE_NET),
		    ids[i] == MSG_TLS_SIGNED || ids[i] == MSG_TICKET_KEYS_SECRET);
	}
	assert_false(msg_may(MSG_CHECK_SECRET, ROLE_RECORD, ROLE_VAULT));
	assert_true(msg_may(MSG_CHECK_SECRET, ROLE_AAA, ROLE_VAULT));
}

static void
test_every_truncation_and_trailing_bytes(void **state)
{
	uint8_t buf[MSG_MAX_BYTES + 1];
	struct msg m;
	enum role_id from = ROLE_NET, to = ROLE_NET;

	(void)state;
	seed = 99;
	for (unsigned int round = 0; round < 3; round++)
		for (size_t i = 0; i < N_IDS; i++) {
			fill_msg(&m, ids[i]);
			some_pair(ids[i], &from, &to);
			struct wr w = wr_over(buf, MSG_MAX_BYTES);
			assert_true(msg_write(&w, &m));
			size_t n = wr_len(&w);
			for (size_t cut = 0; cut < n; cut++)
				assert_false(read_copy(buf, cut, from, to));
			assert_true(read_copy(buf, n, from, to));
			buf[n] = 0;
			assert_false(read_copy(buf, n + 1, from, to));
		}
}

static void
test_unknown_ids(void **state)
{
	uint8_t buf[64] = { 0 };

	(void)state;
	for (unsigned int id = 0; id < 0x10000; id += id < 256 ? 1 : 251) {
		buf[0] = (uint8_t)(id >> 8);
		buf[1] = (uint8_t)id;
		if (strcmp(msg_name((enum msg_id)id), "?") == 0)
			assert_false(read_copy(buf, 2, ROLE_MONITOR, ROLE_NET));
	}
	assert_string_equal(msg_name(MSG_NONE), "?");
}

static void
test_size_limit(void **state)
{
	static uint8_t big[70000];
	uint8_t buf[MSG_MAX_BYTES];
	struct msg m = { .id = MSG_PLUMB_DONE };
	struct rd_fault fault;

	(void)state;
	/* 512 is the row's limit: u32, flag and two lengths take 9. */
	m.u.plumb_done.error = view_of(big, 512 - 9);
	struct wr w = wr_over(buf, sizeof(buf));
	assert_true(msg_write(&w, &m));
	assert_true(msg_read(wr_view_of(&w), ROLE_MONITOR, ROLE_AAA, &m, &fault));

	m.u.plumb_done.error = view_of(big, 512 - 8);
	w = wr_over(buf, sizeof(buf));
	assert_false(msg_write(&w, &m));
	assert_false(msg_read(wr_view_of(&w), ROLE_MONITOR, ROLE_AAA, &m, &fault));
	assert_int_equal(fault.error, RD_BAD_LENGTH);

	m = (struct msg){ .id = MSG_FACTS };
	m.u.facts.facts = view_of(big, sizeof(big)); /* more than a length field says */
	w = wr_over(buf, sizeof(buf));
	assert_false(msg_write(&w, &m));
}

/* Values that no encoder of ours makes. */
static bool
answer_with(const uint8_t *p, size_t n)
{
	struct rd_fault fault;
	struct rd r = rd_over(view_of(p, n), &fault);
	struct auth_answer a;

	memset(&a, 0, sizeof(a));
	msg_rd_answer(&r, &a);
	return rd_done(&r);
}

static void
test_values_out_of_range(void **state)
{
	struct rd_fault fault;
	struct rd r;
	struct ip_addr addr;
	bool flag;

	(void)state;
	/* ok, cause, may_retry, success, has_keys */
	assert_true(answer_with((const uint8_t[]){ 0, 0, 0, 1, 0, 0 }, 6));
	assert_false(answer_with((const uint8_t[]){ 0, 0, 0, 2, 0, 0 }, 6));     /* flag */
	assert_false(answer_with((const uint8_t[]){ 0, 255, 254, 1, 0, 0 }, 6)); /* cause */
	assert_true(answer_with((const uint8_t[]){ 0, 0, 0, 1, 1, 'S', 0 }, 7));
	assert_false(answer_with((const uint8_t[]){ 0, 0, 0, 1, 1, 0, 0 }, 7)); /* zero in text */
	uint8_t longer[6 + 43] = { 0, 0, 0, 1, 43 };
	memset(longer + 5, 'A', 43);
	assert_false(answer_with(longer, sizeof(longer))); /* no room for the terminator */

	r = rd_over(view_of("\x05\0\0\0\0", 5), &fault);
	msg_rd_addr(&r, &addr);
	assert_int_equal(fault.error, RD_BAD_VALUE);
	r = rd_over(view_of("\xff", 1), &fault);
	msg_rd_flag(&r, &flag);
	assert_int_equal(fault.error, RD_BAD_VALUE);
	assert_false(flag);
}

/* A request whose count is above its array must not write past it. G01. */
static void
test_counts_in_request(void **state)
{
	uint8_t buf[1024] = { AUTH_PAP, TUNNEL_SSTP, 1, 1, 1 /* name of 257 */ };
	struct rd_fault fault;
	struct rd r = rd_over(view_of(buf, sizeof(buf)), &fault);
	struct auth_request q;

	(void)state;
	msg_rd_request(&r, &q);
	assert_int_equal(fault.error, RD_TOO_MANY);
	assert_int_equal(q.n_name, 0);

	buf[3] = buf[4] = 0;
	buf[5] = 65; /* challenge */
	r = rd_over(view_of(buf, sizeof(buf)), &fault);
	msg_rd_request(&r, &q);
	assert_int_equal(fault.error, RD_BAD_VALUE);
	assert_int_equal(q.n_challenge, 0);

	buf[5] = 0;
	buf[6 + 16 + 16 + 24 + 24 + 1] = 2; /* password of 513 */
	buf[6 + 16 + 16 + 24 + 24 + 2] = 1;
	r = rd_over(view_of(buf, sizeof(buf)), &fault);
	msg_rd_request(&r, &q);
	assert_int_equal(fault.error, RD_TOO_MANY);
	assert_int_equal(secret_view(&q.password).n, 0);
}

static void
test_names_and_marks(void **state)
{
	(void)state;
	assert_true(msg_is_secret(MSG_AUTH_SECRET));
	assert_true(msg_is_secret(MSG_SEAL_SECRET));
	assert_false(msg_is_secret(MSG_SECRET)); /* sealed bytes */
	assert_false(msg_is_secret(MSG_LEASE));
	assert_false(msg_is_secret(MSG_NONE));
	assert_true(msg_has_fd(MSG_TUN));
	assert_false(msg_has_fd(MSG_GO));
	assert_string_equal(msg_name(MSG_PLUMB), "PLUMB");
	assert_string_equal(role_name(ROLE_VAULT), "vault");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_forbidden_senders),
		cmocka_unit_test(test_every_truncation_and_trailing_bytes),
		cmocka_unit_test(test_unknown_ids),
		cmocka_unit_test(test_size_limit),
		cmocka_unit_test(test_values_out_of_range),
		cmocka_unit_test(test_counts_in_request),
		cmocka_unit_test(test_names_and_marks),
	};

	return cmocka_run_group_tests_name("ipc/msg", tests, NULL, NULL);
}
