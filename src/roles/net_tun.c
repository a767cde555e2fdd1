/*
 * Packets between a worker's TUN device and its connections. Nothing is allocated per packet.
 *
 * All sessions of a worker share the device, so it is read on whatever one of them does: packets of
 * a session that does not take them are dropped, and counted (S11). Only where there is no other
 * session is the device left alone until the one has room: what waits there costs no
 * retransmission.
 */
#include "roles/net_priv.h"

#include "os/tun.h"
#include "proto/ip/ip.h"

#define BYTES_PER_TURN 131072u
#define READS_PER_TURN 256u

/* The connection that an inner packet is for, by its destination. */
static struct net_conn *
owner_of(struct worker *w, struct view pkt)
{
	struct rd_fault fault;
	struct ip_hdr ip;

	if (!ip_hdr_read(pkt, &ip, &fault))
		return NULL;
	struct net_conn *nc = inside_find(&w->inside, &ip.dst);
	return nc ? nc : behind_find(&w->behind, &ip.dst);
}

static bool
may_wait(const struct net_conn *nc)
{
	return nc->w->n_up == 1 && conn_is_full(nc->conn);
}

void
net_tun_ready(void *ctx, unsigned int events)
{
	struct worker *w = ctx;
	struct list sent, *it, *tmp;
	struct net_conn *nc = NULL;
	size_t n_bytes = 0;

	(void)events;
	list_init(&sent);
	for (unsigned int i = 0; i < READS_PER_TURN && n_bytes < BYTES_PER_TURN; i++) {
		struct vnet_hdr h;
		ssize_t n = tun_read(w->tun_fd, &h, w->tun_buf, sizeof(w->tun_buf));
		if (n <= 0)
			break;
		struct view pkt = view_of(w->tun_buf, (size_t)n);
		struct net_conn *owner = owner_of(w, pkt);
		if (owner != nc && nc)
			conn_send_end(nc->conn, &w->work);
		nc = owner;
		n_bytes += pkt.n;
		if (!nc) {
			drop_count(&w->drops, DROP_NO_SESSION);
			continue;
		}
		conn_send_ip(nc->conn, &w->work, &h, pkt, loop_now(w->loop));
		list_remove(&nc->sent);
		list_append(&sent, &nc->sent);
		if (may_wait(nc))
			break;
	}
	if (nc)
		conn_send_end(nc->conn, &w->work);
	list_each (it, tmp, &sent) {
		list_remove(it);
		net_conn_settle(container_of(it, struct net_conn, sent));
	}
}

void
net_tun_pace(struct net_conn *nc)
{
	struct worker *w = nc->w;

	if (may_wait(nc))
		w->full = nc;
	else if (w->full == nc || w->n_up != 1)
		w->full = NULL;
	if (w->tun_watch)
		loop_fd_want(w->tun_watch, w->full ? 0 : LOOP_READ);
}

void
net_tun_forget(struct net_conn *nc)
{
	struct worker *w = nc->w;

	list_remove(&nc->sent);
	if (w->full != nc)
		return;
	w->full = NULL;
	if (w->tun_watch)
		loop_fd_want(w->tun_watch, LOOP_READ);
}

void
net_tun_write(struct worker *w)
{
	struct train_join *j = &w->work.join;
	size_t dropped = 0;

	if (w->tun_fd >= 0)
		(void)tun_write(w->tun_fd, j->units, j->n_units, j->pieces, &dropped);
	drop_count_many(&w->drops, DROP_DEVICE, dropped);
	train_join_reset(j);
}
