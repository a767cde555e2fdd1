/*
 * Client core against server core over a byte stream (it is TCP: nothing is lost or reordered, but
 * it is cut into segments, delayed, stalled, cut off, and a peer may repeat or forge messages).
 * Each seed is a run on a virtual clock. A run must end within bounded time: both ends connected,
 * or each down exactly once with a named cause; an undisturbed run must connect.
 *
 * Arguments: [number of runs, 200] [first seed, 1]; OPENRRAS_SIM_SEEDS sets the number as well.
 * Prints how the runs ended.
 */
#include "../unit/proto/sstp_harness.h"

#define PIPE_MAX 65536u
#define RUN_LIMIT_MS (30u * 60u * 1000u)
#define OUTCOMES_MAX 64u

/* One direction of the stream. */
struct pipe {
	uint8_t bytes[PIPE_MAX];
	size_t n;
	uint64_t next_ms;  /* when the next segment arrives */
	bool stalled;      /* bytes go in and never come out */
	bool closed;       /* after the bytes in it comes the end */
	bool lost;         /* the end is a reset */
	uint8_t last[512]; /* the last small message: to be repeated */
	size_t n_last;
};

struct run {
	uint64_t seed, now_seed;
	struct now now;
	struct end ends[2];   /* by enum side */
	struct pipe pipes[2]; /* to that side */
	bool disturbed, same_key, key_given[2], zero_key;
	uint64_t auth_ms[2], disturb_ms, close_ms;
	unsigned int disturbance, n_data;
	enum side closer;
};

static struct run run;
static unsigned long n_connected; /* runs in which both ends were connected */
static struct {
	const char *text;
	unsigned int n;
} outcomes[OUTCOMES_MAX];

static uint32_t
pick(uint32_t n)
{
	return harness_random(&run.seed) % n;
}

static void
pipe_put(struct pipe *p, const uint8_t *bytes, size_t n)
{
	if (p->closed || p->n + n > PIPE_MAX || n == 0)
		return;
	if (p->n == 0)
		p->next_ms = run.now.ms + pick(50);
	memcpy(p->bytes + p->n, bytes, n);
	p->n += n;
	if (n <= sizeof(p->last)) {
		memcpy(p->last, bytes, n);
		p->n_last = n;
	}
}

/* What an end wrote goes into the pipe to the other one; its end closes the stream. */
static void
flush(enum side side)
{
	struct end *e = &run.ends[side];
	struct pipe *to = &run.pipes[side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT];

	pipe_put(to, e->out, e->n_out);
	e->n_out = 0;
	if (end_is_down(e) && !to->closed) {
		to->closed = true;
		if (to->n == 0)
			to->next_ms = run.now.ms + pick(50);
	}
}

static void
deliver(enum side side)
{
	struct pipe *p = &run.pipes[side];
	struct end *e = &run.ends[side];
	uint8_t segment[SSTP_INPUT_MAX];
	size_t n = 1 + pick(pick(4) ? 40 : 1500);

	if (n > p->n)
		n = p->n;
	memcpy(segment, p->bytes, n);
	memmove(p->bytes, p->bytes + n, p->n - n);
	p->n -= n;
	p->next_ms = run.now.ms + pick(pick(3) ? 3 : 200);
	if (end_is_down(e))
		return;
	if (n)
		end_feed(e, segment, n);
	else if (p->closed)
		end_lower_down(e, !p->lost);
}

/* Something that a hostile or broken world does, once in a run. */
static void
disturb(void)
{
	struct pipe *p = &run.pipes[pick(2)];
	uint8_t forged[64] = { 0x10, 1, 0, 8, 0, (uint8_t)pick(12), 0, (uint8_t)pick(2) };

	switch (run.disturbance) {
	case 0: /* the connection breaks */
	case 1:
		run.pipes[0].closed = run.pipes[1].closed = true;
		run.pipes[0].lost = run.pipes[1].lost = run.disturbance;
		run.pipes[0].n = pick(2) ? 0 : run.pipes[0].n;
		run.pipes[1].n = 0;
		run.pipes[0].next_ms = run.pipes[1].next_ms = run.now.ms;
		return;
	case 2: /* one direction hangs, or both */
		p->stalled = true;
		run.pipes[0].stalled |= pick(2);
		return;
	case 3: /* a message comes twice */
		if (p->n == 0)
			pipe_put(p, p->last, p->n_last);
		return;
	case 4: /* a control message out of nowhere */
		if (p->n == 0)
			pipe_put(p, forged, 8);
		return;
	case 5: /* rubbish */
		harness_draw(&run.seed, forged, sizeof(forged));
		pipe_put(p, forged, 1 + pick(sizeof(forged)));
		return;
	case 6: /* a bit flips on its way */
		if (p->n)
			p->bytes[pick((uint32_t)p->n)] ^= (uint8_t)(1u << pick(8));
		return;
	default:
		return;
	}
}

static void
send_data(enum side side)
{
	uint8_t packet[4 + 64];
	size_t n = 1 + pick(64);

	if (!sstp_is_connected(run.ends[side].c))
		return;
	sstp_data_header(packet, n);
	memset(packet + 4, 0x21, n);
	pipe_put(&run.pipes[side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT], packet, 4 + n);
}

static void
start_run(uint64_t seed)
{
	struct sstp_conf conf;

	memset(&run, 0, sizeof(run));
	run.seed = seed;
	run.now_seed = seed ^ 0x5a5a;
	run.now = harness_now(&run.now_seed);
	run.disturbed = pick(4) != 0;
	run.disturbance = pick(7);
	run.disturb_ms = run.now.ms + pick(pick(2) ? 1000 : 200000);
	run.same_key = pick(16) != 0;
	run.zero_key = pick(4) == 0;
	run.closer = pick(2) ? SIDE_CLIENT : SIDE_SERVER;
	run.close_ms = pick(2) ? NEVER_MS : run.now.ms + pick(300000);
	for (unsigned int side = 0; side < 2; side++) {
		conf = harness_conf(side);
		if (pick(4) == 0)
			conf.hash_mask = (uint8_t)(1 + pick(2));
		if (pick(16) == 0 && run.disturbed)
			conf.cert_sha256[0] ^= 1;
		end_init(&run.ends[side], &conf, &run.now);
		run.auth_ms[side] = NEVER_MS;
		end_start(&run.ends[side]);
		flush(side);
	}
}

static void
give_key(enum side side)
{
	uint8_t key[32] = { 0 };

	if (!run.zero_key)
		memset(key, 0x77, sizeof(key));
	if (!run.same_key && side == SIDE_CLIENT)
		key[5] ^= 1;
	run.auth_ms[side] = NEVER_MS;
	end_authenticated(&run.ends[side], key);
}

/* When the next thing happens; NEVER_MS when nothing will. */
static uint64_t
next_event(void)
{
	uint64_t at = run.close_ms;

	if (run.disturbed)
		at = deadline_min(at, run.disturb_ms);
	for (unsigned int side = 0; side < 2; side++) {
		struct pipe *p = &run.pipes[side];

		if (!end_is_down(&run.ends[side])) {
			at = deadline_min(at, sstp_deadline_ms(run.ends[side].c));
			at = deadline_min(at, run.auth_ms[side]);
		}
		if (!p->stalled && (p->n || p->closed) && !end_is_down(&run.ends[side]))
			at = deadline_min(at, p->next_ms);
	}
	return at;
}

static void
step_side(enum side side)
{
	struct end *e = &run.ends[side];
	struct pipe *p = &run.pipes[side];

	if (!p->stalled && (p->n || p->closed) && p->next_ms <= run.now.ms && !end_is_down(e))
		deliver(side);
	if (!end_is_down(e) && !run.key_given[side] && e->ups & 1u << SSTP_UP_CALL) {
		run.key_given[side] = true;
		run.auth_ms[side] = run.now.ms + pick(pick(8) ? 500 : 90000);
	}
	if (!end_is_down(e) && run.auth_ms[side] <= run.now.ms)
		give_key(side);
	end_tick(e);
	flush(side);
}

static void
step(void)
{
	if (run.disturbed && run.disturb_ms <= run.now.ms) {
		run.disturb_ms = NEVER_MS;
		disturb();
	}
	if (run.close_ms <= run.now.ms) {
		run.close_ms = NEVER_MS;
		if (!end_is_down(&run.ends[run.closer])) {
			end_close(&run.ends[run.closer],
			    pick(2) ? CAUSE_ENDED_BY_ADMIN : CAUSE_SSTP_STALLED);
			flush(run.closer);
		}
	}
	step_side(SIDE_CLIENT);
	step_side(SIDE_SERVER);
	if (run.n_data < 50 && pick(4) == 0) {
		run.n_data++;
		send_data(pick(2) ? SIDE_CLIENT : SIDE_SERVER);
	}
}

static void
count(const char *text)
{
	for (unsigned int i = 0; i < OUTCOMES_MAX; i++)
		if (!outcomes[i].text || strcmp(outcomes[i].text, text) == 0) {
			outcomes[i].text = text;
			outcomes[i].n++;
			return;
		}
}

/* NULL, or what went wrong with this run. */
static const char *
judge(void)
{
	bool calm = !run.disturbed && run.same_key;

	for (unsigned int side = 0; side < 2; side++) {
		struct end *e = &run.ends[side];

		if (e->n_downs > 1 || e->after_down)
			return "something followed FX_DOWN";
		if (end_is_down(e) &&
		    (e->cause == CAUSE_NONE || strcmp(end_cause(e), "unknown") == 0))
			return "an end without a named cause";
		if (!end_is_down(e) && !sstp_is_connected(e->c))
			return "neither connected nor down after all this time";
	}
	if (run.disturbed && run.disturbance > 2)
		return NULL; /* forged messages: whatever is named is fine */
	if (sstp_is_connected(run.ends[SIDE_SERVER].c) && !run.same_key)
		return "connected with different keys";
	if (!calm)
		return NULL;
	bool both = run.ends[0].ups == 7 && run.ends[1].ups == 7;
	bool hashes = true, timely = true;
	for (unsigned int side = 0; side < 2; side++) {
		hashes &= run.ends[side].cause != CAUSE_BINDING_HASH;
		timely &= run.ends[side].cause != CAUSE_PPP_TIMEOUT &&
		          run.ends[side].cause != CAUSE_BINDING_SILENT;
	}
	bool closed = run.close_ms == NEVER_MS && end_is_down(&run.ends[run.closer]);
	return both || !hashes || !timely || closed ? NULL : "an undisturbed run did not connect";
}

static bool
simulate(uint64_t seed)
{
	start_run(seed);
	uint64_t limit = run.now.ms + RUN_LIMIT_MS;
	unsigned int steps = 0;

	for (;;) {
		uint64_t at = next_event();
		bool down = end_is_down(&run.ends[0]) && end_is_down(&run.ends[1]);

		if (at == NEVER_MS || at > limit || down)
			break;
		if (at > run.now.ms)
			run.now.ms = at;
		step();
		must(++steps < 200000); /* time stands still */
	}
	n_connected += run.ends[0].ups == 7 && run.ends[1].ups == 7;
	const char *wrong = judge();
	if (wrong)
		fprintf(stderr, "seed %llu: %s\nclient:\n%sserver:\n%s", (unsigned long long)seed,
		    wrong, run.ends[SIDE_CLIENT].facts, run.ends[SIDE_SERVER].facts);
	for (unsigned int side = 0; side < 2; side++) {
		count(end_is_down(&run.ends[side]) ? end_cause(&run.ends[side]) : "connected");
		end_fini(&run.ends[side]);
	}
	return wrong == NULL;
}

int
main(int argc, char **argv)
{
	const char *seeds = getenv("OPENRRAS_SIM_SEEDS");
	unsigned long n = strtoul(argc > 1 ? argv[1] : seeds ? seeds : "200", NULL, 10);
	unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	unsigned long failed = 0;

	for (unsigned long i = 0; i < n; i++)
		failed += !simulate(first + i);
	for (unsigned int i = 0; i < OUTCOMES_MAX && outcomes[i].text; i++)
		printf("%8u ends  %s\n", outcomes[i].n, outcomes[i].text);
	printf("%lu runs, %lu connected, %lu failed\n", n, n_connected, failed);
	if (n >= 200 && n_connected < n / 4) { /* a simulator that never connects shows nothing */
		fprintf(stderr, "too few runs connected\n");
		return 1;
	}
	return failed != 0;
}
