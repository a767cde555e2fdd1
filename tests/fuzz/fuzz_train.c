/*
 * Trains. The first byte says what follows: a virtio header and a packet to cut, or packets to
 * join, each behind two bytes of length. What is cut has right checksums and the payload of the
 * whole; what is joined gives the same packets when it is cut again.
 */
#include "net/train.h"
#include "proto/ip/ip.h"

#include <stdlib.h>

#define PACKETS_MAX 256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_cut(const uint8_t *data, size_t size)
{
	struct train_cut t;
	struct vnet_hdr h;
	size_t n = 0, k, bytes = 0;

	if (size < sizeof(h))
		return;
	memcpy(&h, data, sizeof(h));
	struct view pkt = view_of(data + sizeof(h), size - sizeof(h));
	if (pkt.n == 0 || !train_cut_begin(&t, &h, pkt))
		return;
	size_t count = train_cut_count(&t), largest = train_cut_largest(&t);
	uint8_t *out = malloc(largest);
	must(out && largest <= pkt.n);
	while ((k = train_cut_next(&t, out)) > 0) {
		struct rd_fault fault;
		struct ip_hdr ip;

		must(k <= largest);
		n++;
		if (t.whole)
			continue;
		bytes += k - t.header;
		must(ip_hdr_read(view_of(out, k), &ip, &fault) && ip.total_bytes == k);
		must(ip_transport_checksum(
			 &ip, view_of(out + ip.transport_at, k - ip.transport_at)) == 0);
		must(ip.family == IP_V6 || ip_checksum(view_of(out, ip.transport_at)) == 0);
	}
	must(n == count && (t.whole || bytes == pkt.n - t.header));
	free(out);
}

struct run {
	struct train_join join;
	uint8_t *pkt[PACKETS_MAX];
	const uint8_t *was[PACKETS_MAX];
	size_t n[PACKETS_MAX], n_pkts;
	uint8_t super[VNET_PACKET_MAX + 1], out[VNET_PACKET_MAX + 1];
};

/* The packet whose bytes a piece points into. */
static size_t
packet_of(const struct run *r, const uint8_t *p)
{
	for (size_t i = 0; i < r->n_pkts; i++)
		if (p >= r->pkt[i] && p <= r->pkt[i] + r->n[i])
			return i;
	must(false);
	return 0;
}

static void
same_packet(const uint8_t *a, const uint8_t *b, size_t n)
{
	/* RFC 6864: with DF the identification of a joined packet means nothing. */
	if (a[0] >> 4 == IP_V4 && (a[6] & 0x40)) {
		must(memcmp(a, b, 4) == 0 && memcmp(a + 6, b + 6, 4) == 0);
		must(memcmp(a + 12, b + 12, n - 12) == 0);
		return;
	}
	must(memcmp(a, b, n) == 0);
}

static void
check_unit(struct run *r, const struct vnet_unit *u)
{
	const struct vnet_piece *pieces = r->join.pieces;
	struct train_cut t;
	size_t n = 0;

	if (u->n_pieces == 1) {
		struct view v = pieces[u->piece].v;
		size_t i = packet_of(r, v.p);
		must(v.n == r->n[i] && (v.n == 0 || memcmp(v.p, r->was[i], v.n) == 0));
		must(u->h.gso_type == VNET_GSO_NONE && u->h.flags == 0);
		return;
	}
	for (uint32_t i = u->piece; i != VNET_NO_PIECE; i = pieces[i].next) {
		must(n + pieces[i].v.n <= VNET_PACKET_MAX);
		memcpy(r->super + n, pieces[i].v.p, pieces[i].v.n);
		n += pieces[i].v.n;
	}
	must(train_cut_begin(&t, &u->h, view_of(r->super, n)));
	must(train_cut_count(&t) == u->n_pieces);
	for (uint32_t i = u->piece; i != VNET_NO_PIECE; i = pieces[i].next) {
		size_t at = packet_of(r, pieces[i].v.p), k = train_cut_next(&t, r->out);

		must(k == r->n[at]);
		same_packet(r->out, r->was[at], k);
	}
	must(train_cut_next(&t, r->out) == 0);
}

static void
try_join(const uint8_t *data, size_t size, unsigned int takes)
{
	struct run *r = calloc(1, sizeof(*r));
	size_t n_pieces = 0;

	must(r);
	r->join.takes = takes;
	while (size >= 2 && r->n_pkts < PACKETS_MAX) {
		size_t n = (size_t)data[0] << 8 | data[1];

		n = n < size - 2 ? n : size - 2;
		r->pkt[r->n_pkts] = malloc(n ? n : 1);
		must(r->pkt[r->n_pkts]);
		if (n)
			memcpy(r->pkt[r->n_pkts], data + 2, n);
		r->was[r->n_pkts] = data + 2;
		r->n[r->n_pkts] = n;
		train_join_add(&r->join, r->pkt[r->n_pkts++], n);
		data += 2 + n;
		size -= 2 + n;
	}
	train_join_end(&r->join);
	for (size_t i = 0; i < r->join.n_units; i++) {
		n_pieces += r->join.units[i].n_pieces;
		check_unit(r, &r->join.units[i]);
	}
	must(n_pieces == r->n_pkts && r->join.n_open == 0);
	for (size_t i = 0; i < r->n_pkts; i++)
		free(r->pkt[i]);
	free(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 4)
		try_cut(data + 1, size - 1);
	else
		try_join(data + 1, size - 1, data[0] & 3);
	return 0;
}
