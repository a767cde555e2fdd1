/*
 * LOOK: whether a neighbour uses an address (R99, N02). The kernel asks on the link and reads the
 * answers; here only its finding is looked up, so no byte of a peer is read. An address in no
 * network this host is attached to is nobody's neighbour.
 */
#include "roles/monitor_priv.h"

#include <stdio.h>
#include <string.h>

/* A host on the link answers in a few ms; RFC 5227 section 1.1 would allow seconds. */
#define LOOK_MS 400u
#define LOOK_STEP_MS 50u

struct link_search {
	struct monitor *m;
	const struct ip_addr *address;
	unsigned int ifindex; /* of the network it lies in; 0 = none */
	bool own;             /* it is an address of this host */
};

bool
monitor_is_attached(const struct monitor *m, const struct if_addr *a, const struct ip_addr *address)
{
	bool single = a->local.len >= (a->local.addr.family == IP_V4 ? 32u : 128u);

	if (single || !ip_is_none(&a->peer) || !ip_in_prefix(address, &a->local))
		return false;
	if (a->local.addr.family == IP_V4 && a->local.addr.b[0] == 127)
		return false;
	for (unsigned int w = 0; w < m->n_workers; w++)
		if (m->tun_index[w] == a->ifindex)
			return false;
	return true;
}

static bool
search(void *ctx, const struct if_addr *a)
{
	struct link_search *s = ctx;

	if (ip_equal(&a->local.addr, s->address)) {
		s->own = true;
		s->ifindex = a->ifindex;
		return false;
	}
	if (monitor_is_attached(s->m, a, s->address))
		s->ifindex = a->ifindex;
	return true;
}

static void
answer(struct monitor *m, const struct look *l, enum look_result result, const char *hardware)
{
	struct mrole *aaa = monitor_role(m, ROLE_AAA, 0);
	struct if_link link = { .name = "" };
	struct msg msg = { .id = MSG_LOOKED,
		.u.looked = { .seq = l->seq, .address = l->address, .result = (uint8_t)result } };

	if (result == LOOK_TAKEN)
		(void)!netlink_link_get(m->nl, NULL, l->ifindex, &link);
	msg.u.looked.device = view_str(link.name);
	msg.u.looked.hardware = view_str(hardware);
	if (aaa && aaa->chan)
		(void)!chan_send(aaa->chan, &msg, -1); /* aaa does not wait for ever */
}

static const char *
hardware_text(const struct if_neigh *n, char out[100])
{
	size_t at = 0;

	out[0] = 0;
	for (unsigned int i = 0; i < n->n_hardware && at + 3 < 100; i++)
		at += (size_t)snprintf(out + at, 100 - at, "%s%02x", i ? ":" : "", n->hardware[i]);
	return out;
}

/* One look, if it can be answered now. */
static bool
settle(struct monitor *m, const struct look *l, uint64_t now_ms)
{
	struct if_neigh n;
	char text[100];
	int rc = netlink_neigh_get(m->nl, l->ifindex, &l->address, &n);

	if (rc == 0 && n.state == NEIGH_THERE) {
		answer(m, l, LOOK_TAKEN, hardware_text(&n, text));
		return true;
	}
	if (rc < 0 || n.state == NEIGH_NO_ASKING) {
		answer(m, l, LOOK_DETACHED, "");
		return true;
	}
	if (now_ms < l->until_ms)
		return false;
	(void)!netlink_neigh_del(m->nl, l->ifindex, &l->address);
	answer(m, l, LOOK_FREE, "");
	return true;
}

static void
on_look_timer(void *ctx)
{
	struct monitor *m = ctx;
	uint64_t now_ms = loop_now(m->loop)->ms;
	unsigned int kept = 0;

	for (unsigned int i = 0; i < m->n_looks; i++)
		if (!settle(m, &m->looks[i], now_ms))
			m->looks[kept++] = m->looks[i];
	m->n_looks = kept;
	if (kept)
		loop_timer_at(m->look_timer, now_ms + LOOK_STEP_MS);
}

/* Sends the question out. False: it cannot be asked there. */
static bool
ask(struct monitor *m, const struct look *l)
{
	struct if_neigh n;
	int rc = netlink_neigh_get(m->nl, l->ifindex, &l->address, &n);

	/* What is remembered may be old: asked anew, unless an administrator wrote it. */
	if (rc == 0 && n.state != NEIGH_NO_ASKING)
		(void)!netlink_neigh_del(m->nl, l->ifindex, &l->address);
	return rc == 0 && n.state != NEIGH_NO_ASKING &&
	       netlink_neigh_ask(m->nl, l->ifindex, &l->address) == 0;
}

void
monitor_look(struct monitor *m, const struct msg_look *q)
{
	uint64_t now_ms = loop_now(m->loop)->ms;
	struct look l = { .seq = q->seq, .address = q->address, .until_ms = now_ms + LOOK_MS };
	struct link_search s = { .m = m, .address = &q->address };

	if (!m->look_timer)
		m->look_timer = loop_timer_new(m->loop, on_look_timer, m);
	if (!m->look_timer || m->n_looks == MONITOR_LOOKS_MAX ||
	    netlink_addr_each(m->nl, q->address.family, search, &s) < 0) {
		answer(m, &l, LOOK_DETACHED, "");
		return;
	}
	l.ifindex = s.ifindex;
	if (s.own)
		answer(m, &l, LOOK_TAKEN, "this host's own address");
	else if (!s.ifindex || !ask(m, &l))
		answer(m, &l, LOOK_DETACHED, "");
	else {
		m->looks[m->n_looks++] = l;
		if (m->n_looks == 1)
			loop_timer_at(m->look_timer, now_ms + LOOK_STEP_MS);
	}
}
