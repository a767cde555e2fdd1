/*
 * Messages between roles, from every sender to every receiver: what is accepted is written again
 * and gives the same bytes, because each value has one encoding. G01, G02, G03: a role that was
 * taken over sends what it likes to the one that holds the secrets.
 */
#include "ipc/msg.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
once(struct view bytes, enum role_id from, enum role_id to)
{
	uint8_t buf[MSG_MAX_BYTES];
	struct rd_fault fault;
	struct msg m, again;

	if (!msg_read(bytes, from, to, &m, &fault)) {
		must(fault.error != RD_OK && fault.at <= bytes.n);
		return;
	}
	must(fault.error == RD_OK && msg_may(m.id, from, to));
	struct wr w = wr_over(buf, sizeof(buf));
	must(msg_write(&w, &m));
	must(view_eq(wr_view_of(&w), bytes));
	must(msg_read(wr_view_of(&w), from, to, &again, &fault));
	must(again.id == m.id);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	for (unsigned int from = 0; from < N_ROLE; from++)
		for (unsigned int to = 0; to < N_ROLE; to++)
			once(view_of(data, n), (enum role_id)from, (enum role_id)to);
	return 0;
}
