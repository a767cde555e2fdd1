/*
 * Received MPPE datagrams: the first byte chooses strength and mode, the rest is a row of datagrams
 * with a length octet each. What does not open changes nothing, and a true packet still opens
 * afterwards unless a forged one was taken for one of its successors.
 */
#include "proto/mppe/mppe.h"

#include "base/rd.h"
#include "base/secret.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
one(struct mppe *m, struct view datagram)
{
	uint8_t *copy = malloc(datagram.n ? datagram.n : 1);
	struct mppe before = *m;
	struct view plain;

	must(copy);
	if (datagram.n)
		memcpy(copy, datagram.p, datagram.n);
	enum mppe_open o = mppe_open(m, copy, datagram.n, &plain);
	must(mppe_open_name(o) != NULL);
	if (o == MPPE_OPENED) {
		must(plain.n == datagram.n - MPPE_HEADER && plain.n >= 2);
	} else {
		must(m->count == before.count);
		must(secret_bytes_equal(m->key, before.key, sizeof(m->key)));
	}
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t start[16] = { 1, 2, 3 };
	struct rd_fault fault;
	struct rd r = rd_over(view_of(data, size), &fault);
	unsigned int how = rd_u8(&r);
	uint8_t packet[MPPE_HEADER + 6] = { 0, 0, 0x00, 0x21, 0x45, 0, 0, 1 };
	struct mppe in, out;

	mppe_init(&out, how % 3, how & 4, start);
	in = out;
	mppe_seal(&out, packet, packet + MPPE_HEADER, 6);
	one(&in, view_of(packet, sizeof(packet)));
	must(in.count == 0);
	while (rd_more(&r)) {
		size_t n = rd_u8(&r);
		struct view rest = rd_rest(&r);
		size_t k = n < rest.n ? n : rest.n;
		one(&in, view_of(rest.p, k));
		r = rd_over(view_of(rest.p + k, rest.n - k), &fault);
	}
	return 0;
}
