/*
 * What record reads of others: the facts of a worker that may be broken into, merged with what is
 * stored, and the requests of the control socket. The merge must stay within its bound, be readable
 * to the end, and change nothing when it is done again.
 */
#include "os/store_facts.h"
#include "roles/record_ctl.h"

#include <stdlib.h>

#define CAP 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
merge(struct view a, struct view b)
{
	static uint8_t once[CAP], again[CAP];
	size_t n = store_facts_merge(a, b, once, CAP);
	struct rd_fault fault;
	struct rd r = rd_over(view_of(once, n), &fault);
	uint64_t last_ms = 0;
	struct fact f;

	must(n <= CAP);
	while (rd_more(&r)) {
		must(fact_read(&r, &f));
		must(f.at_ms >= last_ms);
		last_ms = f.at_ms;
	}
	must(rd_done(&r));
	must(store_facts_merge(view_of(once, n), view_of(NULL, 0), again, CAP) == n);
	must(memcmp(once, again, n) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char err[200];

	if (size == 0)
		return 0;
	if (data[0] == 'J') {
		json_t *o = rctl_json_read(view_of(data + 1, size - 1), err, sizeof(err));
		json_decref(o);
		return 0;
	}
	size_t cut = 1 + data[0] * (size - 1) / 255;
	uint8_t *a = malloc(cut), *b = malloc(size - cut + 1); /* exact sizes: overreads are seen */
	if (a && b) {
		memcpy(a, data + 1, cut - 1);
		memcpy(b, data + cut, size - cut);
		merge(view_of(a, cut - 1), view_of(b, size - cut));
	}
	free(a);
	free(b);
	return 0;
}
