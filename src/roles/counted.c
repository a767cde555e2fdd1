/* Counts of early ends. See counted.h. */
#include "roles/counted.h"

#include "net/halfopen.h"

void
counted_add(struct counted *c, struct role_host *h, const struct ip_addr *source, enum cause cause)
{
	struct ip_prefix p = halfopen_prefix(source);
	uint64_t minute = (uint64_t)(loop_now(h->loop)->unix_us / 60000000);

	for (unsigned int i = 0; i < c->n; i++) {
		struct counted_row *row = &c->rows[i];
		if (row->cause == cause && row->minute == minute &&
		    ip_equal(&row->prefix.addr, &p.addr)) {
			row->n++;
			return;
		}
	}
	if (c->n == COUNTED_MAX)
		counted_flush(c, h);
	c->rows[c->n++] =
	    (struct counted_row){ .cause = cause, .prefix = p, .minute = minute, .n = 1 };
}

void
counted_flush(struct counted *c, struct role_host *h)
{
	for (unsigned int i = 0; i < c->n; i++) {
		const struct counted_row *row = &c->rows[i];
		struct msg m = { .id = MSG_COUNTED,
			.u.counted = { .cause = (uint16_t)row->cause,
			    .prefix = row->prefix.addr,
			    .prefix_len = row->prefix.len,
			    .minute = row->minute,
			    .attempts = row->n } };
		(void)!host_send(h, ROLE_RECORD, 0, &m, -1);
	}
	c->n = 0;
}
