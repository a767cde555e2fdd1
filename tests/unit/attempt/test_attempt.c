/* The life of an attempt and its trail: identity, stages, the first cause, bounded evidence. */
#include "attempt/attempt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void
draw(void *ctx, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(0xf0 + ++*(uint8_t *)ctx);
}

static uint8_t seed;

static struct now
at(uint64_t ms)
{
	return (struct now){ .ms = ms,
		.unix_us = 1700000000000000 + (int64_t)ms * 1000,
		.draw = draw,
		.draw_ctx = &seed };
}

static void
begin(struct attempt *a, uint64_t ms)
{
	struct endpoint peer = { ip_v4(0xc6336407), 50000 }, local = { ip_v4(0xc6336401), 443 };
	struct now now = at(ms);

	attempt_init(a, TUNNEL_SSTP, BY_NET, &peer, &local, &now);
}

/* The whole trail as lines "at witness name: text". */
static char *
trail_text(const struct trail *t, char *out, size_t cap)
{
	static uint8_t buf[TRAIL_BYTES + 256];
	struct wr w = wr_over(buf, sizeof(buf));
	struct rd_fault fault;
	size_t o = 0;

	trail_write(t, &w);
	assert_true(wr_done(&w));
	struct rd r = rd_over(wr_view_of(&w), &fault);
	out[0] = 0;
	while (rd_more(&r) && o < cap) {
		struct fact f;
		char text[700];
		assert_true(fact_read(&r, &f));
		o += (size_t)snprintf(out + o, cap - o, "%llu %s %s: %s\n",
		    (unsigned long long)f.at_ms, witness_name(f.witness), fact_info(f.id)->name,
		    fact_text(&f, text, sizeof(text)));
	}
	assert_true(rd_done(&r));
	return out;
}

static void
test_life(void **state)
{
	struct now t5 = at(1005), t9 = at(1009);
	struct attempt a;
	char text[2000];

	(void)state;
	begin(&a, 1000);
	assert_int_equal(a.stage, STAGE_ARRIVED);
	assert_int_equal(a.reached_ms[STAGE_ARRIVED], 1000);
	attempt_reach(&a, STAGE_TUNNEL, &t5);
	attempt_reach(&a, STAGE_ARRIVED, &t9); /* never back */
	attempt_reach(&a, STAGE_TUNNEL, &t9);
	assert_int_equal(a.stage, STAGE_TUNNEL);
	assert_int_equal(a.reached_ms[STAGE_TUNNEL], 1005);
	attempt_end(&a, CAUSE_WRONG_PASSWORD, PARTY_US, &t9);
	attempt_end(&a, CAUSE_SSTP_CLOSED, PARTY_PATH, &t9); /* the first cause stays */
	attempt_reach(&a, STAGE_UP, &t9);                    /* and nothing moves after it */
	assert_int_equal(a.cause, CAUSE_WRONG_PASSWORD);
	assert_int_equal(a.ended_by, PARTY_US);
	assert_int_equal(a.stage, STAGE_TUNNEL); /* how far it came */
	assert_int_equal(a.reached_ms[STAGE_ENDED], 1009);
	assert_int_equal(a.reached_ms[STAGE_UP], 0);
	assert_string_equal(trail_text(a.trail, text, sizeof(text)),
	    "0 net attempt.began: 198.51.100.7:50000 came to 198.51.100.1:443 for sstp\n"
	    "5 net attempt.stage: reached TUNNEL\n"
	    "9 net attempt.ended: ended: account.wrong-password (by us)\n");
	attempt_fini(&a);
	attempt_fini(&a);
	struct fact f = FACT_MAKE(FACT_PORTS, F_STR("sstp"), F_U(1), F_U(2));
	attempt_note(&a, &f, &t9); /* a late word begins a trail of its own */
	attempt_fini(&a);
}

/* RFC 9562 version 7: ordered by time, version and variant bits, the rest drawn. */
static void
test_id(void **state)
{
	struct attempt a, b;
	struct attempt_id back;
	char text[ATTEMPT_ID_TEXT];

	(void)state;
	begin(&a, 1);
	begin(&b, 2);
	assert_true(memcmp(a.id.b, b.id.b, 16) < 0);
	assert_int_equal(a.id.b[6] >> 4, 7);
	assert_int_equal(a.id.b[8] >> 6, 2);
	assert_memory_not_equal(a.id.b + 8, b.id.b + 8, 8);
	attempt_id_text(&a.id, text);
	assert_int_equal(strlen(text), 32);
	assert_memory_equal(text, "018bcfe56801", 12); /* 1700000000001 ms */
	assert_true(attempt_id_parse(view_str(text), &back));
	assert_memory_equal(back.b, a.id.b, 16);
	assert_false(attempt_id_parse(view_of(text, 31), &back));
	assert_false(attempt_id_parse(view_str("018bcfe5680170f1f2f3f4f5f6f7f8g9"), &back));
	assert_false(attempt_id_parse(view_str("018bcfe5 680170f1f2f3f4f5f6f7f8f"), &back));
	attempt_fini(&a);
	attempt_fini(&b);
}

/* Names are of one piece and do not run over their tables. */
static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(stage_name(STAGE_ARRIVED), "ARRIVED");
	assert_string_equal(stage_name(STAGE_ENDED), "ENDED");
	assert_string_equal(stage_name(N_STAGE), "?");
	assert_string_equal(party_name(PARTY_PATH), "the path");
	assert_string_equal(party_name((enum party)9), "?");
}

static void
add(struct trail *t, uint64_t i, size_t text)
{
	static char filler[FACT_TEXT_MAX];

	memset(filler, 'x', sizeof(filler));
	struct fact f = FACT_MAKE(FACT_AUTH_RESULT, F_TEXT(view_of(filler, text)), F_STR("m"));
	f.at_ms = i;
	trail_add(t, &f);
}

/* When it is full the middle goes: the first facts and the last ones stay, and losses are counted.
 */
static void
test_trail_is_bounded(void **state)
{
	struct trail *t = trail_new();
	static uint8_t buf[TRAIL_BYTES + 256];
	uint64_t first_after = 0, last = 0, n_head = 0, n = 0, dropped = 0;

	(void)state;
	assert_non_null(t);
	for (uint64_t i = 0; i < 1000; i++)
		add(t, i, i * 7 % 200);
	struct wr w = wr_over(buf, sizeof(buf));
	trail_write(t, &w);
	assert_true(wr_done(&w));
	struct rd_fault fault;
	struct rd r = rd_over(wr_view_of(&w), &fault);
	while (rd_more(&r)) {
		struct fact f;
		assert_true(fact_read(&r, &f));
		if (f.id == FACT_TRAIL_DROPPED) {
			dropped = fact_field(&f, "facts")->u;
			n_head = n;
			continue;
		}
		if (dropped && !first_after)
			first_after = f.at_ms;
		else
			assert_int_equal(f.at_ms, n ? last + 1 : 0); /* no gap but the one */
		last = f.at_ms;
		n++;
	}
	assert_true(rd_done(&r));
	assert_int_equal(last, 999);
	assert_true(n_head > 10);
	assert_int_equal(n + dropped, 1000);
	assert_int_equal(first_after, n_head + dropped);
	trail_free(t);
}

/* Large records in, whatever is in the tail: never past the end, and room is made. */
static void
test_trail_sizes(void **state)
{
	(void)state;
	for (size_t text = 0; text <= FACT_TEXT_MAX; text += 51) {
		struct trail *t = trail_new();
		assert_non_null(t);
		for (uint64_t i = 0; i < 400; i++) {
			add(t, i, i % 3 ? text : FACT_TEXT_MAX);
			assert_true(t->n_head <= TRAIL_HEAD_BYTES);
			assert_true(t->n_tail <= TRAIL_TAIL_BYTES);
			assert_true(t->n_head + t->n_tail <= t->cap && t->cap <= TRAIL_BYTES);
		}
		trail_free(t);
	}
}

static void
test_trail_of_none(void **state)
{
	struct trail *t = trail_new();
	char text[16];

	(void)state;
	assert_non_null(t);
	assert_string_equal(trail_text(t, text, sizeof(text)), "");
	trail_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_trail_is_bounded),
		cmocka_unit_test(test_trail_sizes),
		cmocka_unit_test(test_trail_of_none),
	};

	return cmocka_run_group_tests_name("attempt/attempt", tests, NULL, NULL);
}
