/*
 * The SSTP core, both sides, driven by op codes: messages pass, get lost, are forged and repeated,
 * time runs, keys come, ends close. Whatever happens, an end goes down once, with a named cause,
 * nothing follows, and the memory that a peer can make us keep stays bounded (the harness asserts
 * it).
 */
#include "../unit/proto/sstp_harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAW_MAX 512u
#define REQUEST                                                                                    \
	"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\nHost: "         \
	"a\r\n\r\n"

static struct end ends[2];

static void
forge(struct end *e, struct rd *r)
{
	uint8_t buf[4 + RAW_MAX];
	struct wr w = wr_over(buf, sizeof(buf));
	uint8_t type = rd_u8(r);
	struct view rest = rd_take(r, rd_u8(r));

	wr_u16(&w, type & 0x80 ? 0x1000 : 0x1001); /* data or control */
	wr_u16(&w, (uint16_t)(8 + rest.n));
	wr_u16(&w, type & 0x7f);
	wr_u16(&w, rest.n >= 4);
	wr_view(&w, rest);
	must(wr_done(&w));
	if (!end_is_down(e))
		end_feed(e, buf, wr_len(&w));
}

static void
operate(struct rd *r, struct now *now)
{
	static const enum cause causes[] = { CAUSE_ENDED_BY_ADMIN, CAUSE_WRONG_PASSWORD,
		CAUSE_SSTP_STALLED, CAUSE_NO_MEMORY };
	uint8_t op = rd_u8(r);
	struct end *e = &ends[op & 1], *peer = &ends[!(op & 1)];
	uint8_t key[32] = { op & 0x80 };
	struct view raw;

	switch (op >> 1 & 7) {
	case 0:
		end_pass(e, peer);
		break;
	case 1:
		raw = rd_take(r, rd_u8(r));
		if (!end_is_down(e))
			end_feed(e, raw.p, raw.n);
		break;
	case 2:
		forge(e, r);
		break;
	case 3:
		now->ms += (uint64_t)rd_u16(r) * 8;
		end_tick(e);
		end_tick(peer);
		break;
	case 4:
		end_authenticated(e, key);
		break;
	case 5:
		end_close(e, causes[rd_u8(r) & 3]);
		break;
	case 6:
		end_lower_down(e, op & 0x80);
		break;
	case 7:
		if (op & 0x80)
			end_feed_str(e, e == &ends[SIDE_SERVER] && !end_is_down(e) ? REQUEST : "");
		else
			sstp_heard(e->c, now);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd_fault fault;
	struct rd r = rd_over(view_of(data, size), &fault);
	uint64_t seed = 3;
	struct now now = harness_now(&seed);

	for (unsigned int side = 0; side < 2; side++) {
		struct sstp_conf conf = harness_conf(side);

		end_init(&ends[side], &conf, &now);
		end_start(&ends[side]);
	}
	for (unsigned int i = 0; i < 400 && rd_more(&r); i++)
		operate(&r, &now);
	for (unsigned int side = 0; side < 2; side++) {
		struct end *e = &ends[side];

		/* Left alone, everything but a connected call ends by itself; and that by its echo.
		 */
		for (unsigned int i = 0; i < 8 && !end_is_down(e); i++)
			end_wait(e);
		must(e->n_downs == 1 && !e->after_down && e->cause != CAUSE_NONE);
		must(strcmp(end_cause(e), "unknown") != 0);
		end_fini(e);
	}
	return 0;
}
