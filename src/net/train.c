/*
 * Cutting and joining. See train.h. The kernel's own rules for the same work are the model: a
 * segment is what TCP segmentation offload would send (virtio 1.2 section 5.1.6), and what receive
 * offload would not merge is not joined here either.
 */
#include "net/train.h"

#include "proto/ip/ip.h"
#include "proto/ip/sum.h"

#define TCP_SEQ 4u
#define TCP_FLAGS 13u
#define TCP_CSUM 16u
#define TCP_FIN 0x01u
#define TCP_PSH 0x08u
#define TCP_ACK 0x10u
#define TCP_ECE 0x40u
#define TCP_CWR 0x80u
#define UDP_HEADER 8u
#define UDP_LEN 4u
#define UDP_CSUM 6u
#define UDP_SEGMENTS_MAX 64u /* Linux's UDP_MAX_SEGMENTS */
#define IP4_LEN 2u
#define IP4_ID 4u
#define IP4_FRAG 6u
#define IP4_DF 0x40u
#define IP4_CSUM 10u
#define IP4_ADDRESSES 12u
#define IP6_LEN 4u
#define IP6_ADDRESSES 8u

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void
put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & UINT16_MAX);
}

/* A finished sum, which is in memory order. */
static void
put_sum(uint8_t *p, uint16_t sum)
{
	memcpy(p, &sum, sizeof(sum));
}

/* The sum of the pseudo header: RFC 9293 section 3.1, RFC 768, RFC 8200 section 8.1. */
static uint64_t
pseudo_sum(const uint8_t *pkt, uint8_t protocol, size_t n_transport)
{
	bool v4 = pkt[0] >> 4 == IP_V4;
	uint8_t tail[4] = { 0, protocol, (uint8_t)(n_transport >> 8), (uint8_t)n_transport };
	uint64_t s =
	    v4 ? sum_bytes(0, pkt + IP4_ADDRESSES, 8) : sum_bytes(0, pkt + IP6_ADDRESSES, 32);

	return sum_bytes(s, tail, sizeof(tail));
}

/* RFC 768: a UDP sum that comes out as zero is sent as all ones. */
static uint16_t
finish_sum(uint64_t s, uint8_t protocol)
{
	uint16_t sum = (uint16_t)~sum_fold(s);

	return sum == 0 && protocol == IP_PROTO_UDP ? UINT16_MAX : sum;
}

static void
seal_header4(uint8_t *pkt, size_t header, size_t total)
{
	put16(pkt + IP4_LEN, total);
	put16(pkt + IP4_CSUM, 0);
	put_sum(pkt + IP4_CSUM, finish_sum(sum_bytes(0, pkt, header), 0));
}

/* --- cutting --- */

/* One packet. The kernel may have left its checksum to us. */
static bool
begin_whole(struct train_cut *t, const struct vnet_hdr *h)
{
	t->whole = true;
	t->needs_csum = h->flags & VNET_NEEDS_CSUM;
	if (!t->needs_csum)
		return true;
	if ((size_t)h->csum_start + h->csum_offset + 2 > t->n || h->csum_offset > UINT8_MAX)
		return false;
	t->transport_at = h->csum_start;
	t->csum_offset = (uint8_t)h->csum_offset;
	t->protocol = h->csum_offset == UDP_CSUM ? IP_PROTO_UDP : IP_PROTO_TCP;
	return true;
}

bool
train_cut_begin(struct train_cut *t, const struct vnet_hdr *h, struct view pkt)
{
	unsigned int type = h->gso_type & ~VNET_GSO_ECN;
	bool udp = type == VNET_GSO_UDP;
	struct rd_fault fault;
	struct ip_hdr ip;

	*t = (struct train_cut){ .pkt = pkt.p, .n = pkt.n };
	t->family = pkt.n ? pkt.p[0] >> 4 : IP_NONE; /* of whole packets too */
	if (type == VNET_GSO_NONE)
		return begin_whole(t, h);
	if (!udp && type != VNET_GSO_TCP4 && type != VNET_GSO_TCP6)
		return false;
	if (!ip_hdr_read(pkt, &ip, &fault) || ip.fragment || ip.total_bytes != pkt.n)
		return false;
	if ((type == VNET_GSO_TCP4 && ip.family != IP_V4) ||
	    (type == VNET_GSO_TCP6 && ip.family != IP_V6))
		return false;
	size_t n = pkt.n - ip.transport_at, header = UDP_HEADER;
	if (ip.protocol != (udp ? IP_PROTO_UDP : IP_PROTO_TCP) || h->gso_size == 0 ||
	    n < (udp ? UDP_HEADER : IP_TCP_HEADER))
		return false;
	if (!udp)
		header = (size_t)(pkt.p[ip.transport_at + 12] >> 4) * 4;
	if ((!udp && header < IP_TCP_HEADER) || n <= header)
		return false;
	t->transport_at = ip.transport_at;
	t->header = ip.transport_at + header;
	t->segment = h->gso_size;
	t->family = ip.family;
	t->protocol = ip.protocol;
	t->csum_offset = udp ? UDP_CSUM : TCP_CSUM;
	t->id = ip.family == IP_V4 ? get16(pkt.p + IP4_ID) : 0;
	t->seq = udp ? 0 : get32(pkt.p + ip.transport_at + TCP_SEQ);
	return true;
}

size_t
train_cut_count(const struct train_cut *t)
{
	return t->whole ? 1 : (t->n - t->header + t->segment - 1) / t->segment;
}

size_t
train_cut_largest(const struct train_cut *t)
{
	return t->whole || t->header + t->segment > t->n ? t->n : t->header + t->segment;
}

static size_t
cut_whole(struct train_cut *t, uint8_t *out)
{
	if (t->at)
		return 0;
	t->at = t->n;
	memcpy(out, t->pkt, t->n);
	if (t->needs_csum) {
		uint8_t *from = out + t->transport_at;
		/* The field holds the sum of the pseudo header. */
		put_sum(from + t->csum_offset,
		    finish_sum(sum_bytes(0, from, t->n - t->transport_at), t->protocol));
	}
	return t->n;
}

size_t
train_cut_next(struct train_cut *t, uint8_t *out)
{
	if (t->whole)
		return cut_whole(t, out);
	size_t left = t->n - t->header - t->at;
	size_t payload = left < t->segment ? left : t->segment, total = t->header + payload;
	uint8_t *transport = out + t->transport_at;
	size_t n_transport = total - t->transport_at;

	if (left == 0)
		return 0;
	memcpy(out, t->pkt, t->header);
	memcpy(out + t->header, t->pkt + t->header + t->at, payload);
	if (t->family == IP_V4) {
		put16(out + IP4_ID, t->id++);
		seal_header4(out, t->transport_at, total);
	} else {
		put16(out + IP6_LEN, total - IP_HEADER6);
	}
	if (t->protocol == IP_PROTO_UDP) {
		put16(transport + UDP_LEN, n_transport);
	} else {
		put32(transport + TCP_SEQ, t->seq + (uint32_t)t->at);
		/* The end of the data is where the last segment ends, RFC 3168 section 6.1.2 for
		 * CWR on the first. */
		if (payload < left)
			transport[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
		if (t->at)
			transport[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
	}
	put16(transport + t->csum_offset, 0);
	put_sum(transport + t->csum_offset,
	    finish_sum(sum_bytes(pseudo_sum(out, t->protocol, n_transport), transport, n_transport),
		t->protocol));
	t->at += payload;
	return total;
}

/* --- joining --- */

/* What is looked at to decide whether a packet may be joined to another. */
struct candidate {
	uint8_t *pkt;
	size_t n, transport_at, header, payload;
	uint8_t protocol;
	bool flow;  /* TCP or UDP with its ports: it belongs to a flow */
	bool joins; /* it has a payload and nothing out of the ordinary */
};

static void
look_tcp(struct candidate *c)
{
	const uint8_t *tcp = c->pkt + c->transport_at;
	size_t header = (size_t)(tcp[12] >> 4) * 4;

	if (header < IP_TCP_HEADER || c->transport_at + header >= c->n)
		return; /* no payload */
	c->header = c->transport_at + header;
	c->payload = c->n - c->header;
	/* ACK and data; no reserved bits, no urgent pointer. */
	c->joins = !(tcp[12] & 0x0f) && (tcp[TCP_FLAGS] & ~(TCP_PSH | TCP_ECE)) == TCP_ACK &&
	           !get16(tcp + 18) && get16(tcp + TCP_CSUM) != UINT16_MAX;
}

static void
look_udp(struct candidate *c)
{
	const uint8_t *udp = c->pkt + c->transport_at;

	c->header = c->transport_at + UDP_HEADER;
	c->payload = c->n - c->header;
	/* Without a checksum a train could not be told from its packets. */
	c->joins =
	    c->payload && get16(udp + UDP_LEN) == c->n - c->transport_at && get16(udp + UDP_CSUM);
}

/* n is the packet's own length already. */
static void
look(struct candidate *c, uint8_t *pkt, size_t n, unsigned int takes)
{
	*c = (struct candidate){ .pkt = pkt, .n = n };
	if (n >= IP_HEADER4 + UDP_HEADER && pkt[0] == 0x45) {
		/* No options, no fragment, no padding; a sum of all ones would come back as 0. */
		if ((pkt[IP4_FRAG] & ~IP4_DF) || pkt[IP4_FRAG + 1] || get16(pkt + IP4_LEN) != n ||
		    get16(pkt + IP4_CSUM) == UINT16_MAX)
			return;
		c->transport_at = IP_HEADER4;
		c->protocol = pkt[9];
	} else if (n >= IP_HEADER6 + UDP_HEADER && pkt[0] >> 4 == IP_V6 &&
		   get16(pkt + IP6_LEN) == n - IP_HEADER6) {
		c->transport_at = IP_HEADER6;
		c->protocol = pkt[6];
	} else {
		return;
	}
	if (c->protocol == IP_PROTO_TCP && n >= c->transport_at + IP_TCP_HEADER) {
		c->flow = true;
		if (takes & VNET_TCP)
			look_tcp(c);
	} else if (c->protocol == IP_PROTO_UDP) {
		c->flow = true;
		if (takes & VNET_UDP)
			look_udp(c);
	}
}

static bool
same_flow(const struct train_open *o, const struct candidate *c)
{
	size_t at = c->transport_at == IP_HEADER4 ? IP4_ADDRESSES : IP6_ADDRESSES;

	/* Addresses and ports stand together: no options, no extension headers. */
	return o->protocol == c->protocol && o->transport_at == c->transport_at &&
	       memcmp(o->first + at, c->pkt + at, c->transport_at + 4 - at) == 0;
}

/* Type of service, TTL or hop limit, DF or flow label, with ECN; and the identification. */
static bool
same_ip(const struct train_open *o, const struct candidate *c, bool *same_id)
{
	const uint8_t *a = o->first, *b = c->pkt;

	if (c->transport_at == IP_HEADER6)
		return memcmp(a, b, 4) == 0 && a[7] == b[7];
	if (a[1] != b[1] || a[8] != b[8] || a[IP4_FRAG] != b[IP4_FRAG])
		return false;
	uint16_t id = get16(b + IP4_ID);
	*same_id = (b[IP4_FRAG] & IP4_DF) && id == o->id && (o->n_packets == 1 || o->same_id);
	return *same_id || (id == (uint16_t)(o->id + 1) && !o->same_id);
}

static bool
same_tcp(const struct train_open *o, const struct candidate *c)
{
	const uint8_t *a = o->first + o->transport_at, *b = c->pkt + c->transport_at;

	return get32(b + TCP_SEQ) == o->next_seq && memcmp(a + 8, b + 8, 5) == 0 &&
	       ((a[TCP_FLAGS] ^ b[TCP_FLAGS]) & ~TCP_PSH) == 0 && memcmp(a + 14, b + 14, 2) == 0 &&
	       memcmp(a + IP_TCP_HEADER, b + IP_TCP_HEADER,
		   c->header - c->transport_at - IP_TCP_HEADER) == 0;
}

/* Whether both checksums of the packet are right. The IPv4 header is 20 bytes here. */
static bool
sums_right(const uint8_t *pkt, size_t n, size_t transport_at, uint8_t protocol)
{
	size_t n_transport = n - transport_at;

	if (transport_at == IP_HEADER4 && sum_fold(sum_bytes(0, pkt, IP_HEADER4)) != UINT16_MAX)
		return false;
	return sum_fold(sum_bytes(pseudo_sum(pkt, protocol, n_transport), pkt + transport_at,
		   n_transport)) == UINT16_MAX;
}

static bool
may_join(struct train_open *o, const struct candidate *c, bool *same_id)
{
	*same_id = false;
	if (!c->joins || o->header != c->header || c->payload > o->segment ||
	    o->total + c->payload > VNET_PACKET_MAX || !same_ip(o, c, same_id))
		return false;
	if (c->protocol == IP_PROTO_TCP ? !same_tcp(o, c) : o->n_packets == UDP_SEGMENTS_MAX)
		return false;
	if (o->n_packets == VNET_PIECES_MAX)
		return false;
	if (!o->checked && !sums_right(o->first, o->total, o->transport_at, o->protocol))
		return false;
	o->checked = true;
	return sums_right(c->pkt, c->n, c->transport_at, c->protocol);
}

/* The super-packet will grow no more: its header tells now of all of it. */
static void
close_train(struct train_join *j, size_t i)
{
	struct train_open *o = &j->open[i];
	struct vnet_hdr *h = &j->units[o->unit].h;
	bool tcp = o->protocol == IP_PROTO_TCP, v4 = o->transport_at == IP_HEADER4;
	size_t n_transport = o->total - o->transport_at;
	uint8_t *transport = o->first + o->transport_at;

	if (o->n_packets > 1) {
		h->flags = VNET_NEEDS_CSUM;
		h->gso_type = !tcp ? VNET_GSO_UDP : v4 ? VNET_GSO_TCP4 : VNET_GSO_TCP6;
		h->hdr_len = o->header;
		h->gso_size = o->segment;
		h->csum_start = o->transport_at;
		h->csum_offset = tcp ? TCP_CSUM : UDP_CSUM;
		if (v4)
			seal_header4(o->first, IP_HEADER4, o->total);
		else
			put16(o->first + IP6_LEN, o->total - IP_HEADER6);
		if (!tcp)
			put16(transport + UDP_LEN, n_transport);
		put_sum(transport + h->csum_offset,
		    sum_fold(pseudo_sum(o->first, o->protocol, n_transport)));
	}
	*o = j->open[--j->n_open];
}

static uint32_t
add_piece(struct train_join *j, const uint8_t *p, size_t n)
{
	must(j->n_pieces < TRAIN_PACKETS_MAX);
	j->pieces[j->n_pieces] = (struct vnet_piece){ .v = view_of(p, n), .next = VNET_NO_PIECE };
	return (uint32_t)j->n_pieces++;
}

static void
grow(struct train_join *j, struct train_open *o, const struct candidate *c, bool same_id)
{
	uint32_t piece = add_piece(j, c->pkt + c->header, c->payload);

	j->pieces[o->last].next = piece;
	j->units[o->unit].n_pieces++;
	o->last = piece;
	o->n_packets++;
	o->total += (uint32_t)c->payload;
	o->next_seq += (uint32_t)c->payload;
	o->same_id = same_id;
	if (c->transport_at == IP_HEADER4)
		o->id = get16(c->pkt + IP4_ID);
	if (c->protocol == IP_PROTO_TCP)
		o->first[o->transport_at + TCP_FLAGS] |=
		    c->pkt[c->transport_at + TCP_FLAGS] & TCP_PSH;
}

/* Whether a packet may follow this one in a train: it is full, and does not ask to be pushed. */
static bool
may_grow(const struct train_open *o, const struct candidate *c)
{
	return c->payload == o->segment &&
	       (c->protocol == IP_PROTO_UDP || !(c->pkt[c->transport_at + TCP_FLAGS] & TCP_PSH));
}

static void
begin(struct train_join *j, const struct candidate *c)
{
	uint32_t piece = add_piece(j, c->pkt, c->n);
	uint32_t unit = (uint32_t)j->n_units++;

	j->units[unit] = (struct vnet_unit){ .piece = piece, .n_pieces = 1 };
	if (!c->joins)
		return;
	struct train_open o = { .first = c->pkt,
		.unit = unit,
		.last = piece,
		.header = (uint16_t)c->header,
		.transport_at = (uint16_t)c->transport_at,
		.segment = (uint16_t)c->payload,
		.n_packets = 1,
		.total = (uint32_t)c->n,
		.protocol = c->protocol };
	if (!may_grow(&o, c))
		return;
	if (c->transport_at == IP_HEADER4)
		o.id = get16(c->pkt + IP4_ID);
	if (c->protocol == IP_PROTO_TCP)
		o.next_seq = get32(c->pkt + c->transport_at + TCP_SEQ) + (uint32_t)c->payload;
	if (j->n_open == TRAIN_OPEN_MAX)
		close_train(j, 0);
	j->open[j->n_open++] = o;
}

void
train_join_add(struct train_join *j, uint8_t *pkt, size_t n)
{
	struct candidate c;
	bool same_id;

	look(&c, pkt, n, j->takes);
	/* A packet never passes an earlier one of its flow: whoever is not joined ends the train,
	 * and what shows no flow (a fragment, say) ends all. */
	for (size_t i = j->n_open; i-- > 0;) {
		struct train_open *o = &j->open[i];

		if (c.flow && !same_flow(o, &c))
			continue;
		if (c.flow && may_join(o, &c, &same_id)) {
			grow(j, o, &c, same_id);
			if (!may_grow(o, &c))
				close_train(j, i);
			return;
		}
		close_train(j, i);
	}
	begin(j, &c);
}

void
train_join_end(struct train_join *j)
{
	while (j->n_open)
		close_train(j, j->n_open - 1);
}

void
train_join_reset(struct train_join *j)
{
	j->n_units = j->n_pieces = j->n_open = 0;
}
