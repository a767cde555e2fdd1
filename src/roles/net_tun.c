/* Packets between a worker's TUN device and its connections. Nothing is allocated per packet. */
#include "roles/net_priv.h"

#include "os/tun.h"
#include "proto/ip/ip.h"

#define TUN_READS_PER_TURN 8u

/* The connection that an inner packet is for, by its destination. */
static struct net_conn *
owner_of(struct worker *w, struct view pkt)
{
	struct rd_fault fault;
	struct ip_hdr ip;

	if (!ip_hdr_read(pkt, &ip, &fault))
		return NULL;
	return inside_find(&w->inside, &ip.dst);
}

/* Hands runs of packets of one session over together, so that they share TLS records. */
static void
deliver(struct worker *w, struct pkt **pkts, size_t n)
{
	size_t from = 0;

	while (from < n) {
		struct net_conn *nc = owner_of(w, pkt_view(pkts[from]));
		size_t to = from + 1;

		while (to < n && owner_of(w, pkt_view(pkts[to])) == nc)
			to++;
		if (nc) {
			conn_send_ip(nc->conn, &w->work, pkts + from, to - from, loop_now(w->loop));
			net_conn_settle(nc);
		} else {
			for (size_t i = from; i < to; i++)
				drop_count(&w->drops, DROP_NO_SESSION);
		}
		from = to;
	}
}

void
net_tun_ready(void *ctx, unsigned int events)
{
	struct worker *w = ctx;
	struct pkt *pkts[NET_TUN_BATCH];

	(void)events;
	for (unsigned int i = 0; i < TUN_READS_PER_TURN; i++) {
		int n = tun_read_batch(w->tun_fd, w->pool, pkts, NET_TUN_BATCH);
		if (n <= 0)
			return;
		deliver(w, pkts, (size_t)n);
		for (int j = 0; j < n; j++)
			pkt_put(w->pool, pkts[j]);
		if ((size_t)n < NET_TUN_BATCH)
			return;
	}
}

void
net_tun_write(struct worker *w, struct net_conn *nc)
{
	size_t dropped = 0;

	(void)nc;
	if (w->tun_fd >= 0)
		(void)tun_write_batch(w->tun_fd, w->work.pkts, w->work.n_pkts, &dropped);
	for (; dropped; dropped--)
		drop_count(&w->drops, DROP_DEVICE);
	w->work.n_pkts = 0;
}
