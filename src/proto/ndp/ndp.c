/* Both ends of neighbor discovery on a PPP link. See ndp.h. */
#include "proto/ndp/ndp.h"

#define ANSWER_EVERY_MS 500u /* no peer makes us talk more than it does */
#define SOLICITS_MAX 3u      /* RFC 4861 section 10 */
#define ADVERT_MIN_MS 200000u
#define ADVERT_SPREAD_MS 400000u /* MaxRtrAdvInterval is 600 s */

void
ndp_start(struct ndp *n, enum side side, const uint8_t local_id[8], const uint8_t remote_id[8],
    const struct ndp_ra *ra, const struct now *now)
{
	*n = (struct ndp){ .side = side,
		.local = ndp_link_local(local_id),
		.remote = ndp_link_local(remote_id),
		.next_ms = now->ms };
	if (ra)
		n->ra = *ra;
}

/* Whether an answer may go now. */
static bool
may_answer(struct ndp *n, const struct now *now)
{
	if (n->answered_ms && now->ms < n->answered_ms + ANSWER_EVERY_MS)
		return false;
	n->answered_ms = now->ms;
	return true;
}

static enum ndp_did
on_solicit(struct ndp *n, const struct ndp_msg *m, const struct now *now, struct wr *out)
{
	struct ip_addr mine = ndp_address(n), to = m->src;

	if (!ip_equal(&m->target, &n->local) &&
	    (n->side == SIDE_SERVER || !ip_equal(&m->target, &mine)))
		return NDP_DONE;
	if (!may_answer(n, now))
		return NDP_DONE;
	if (ip_is_none(&to))
		to = ndp_all_nodes();
	ndp_write_na(out, &m->target, &to, &m->target, n->side == SIDE_SERVER);
	return NDP_SEND;
}

static bool
same_news(const struct ndp_ra *a, const struct ndp_ra *b)
{
	bool same = ip_equal(&a->prefix, &b->prefix) && a->prefix_bits == b->prefix_bits &&
	            (a->router_s != 0) == (b->router_s != 0) && a->mtu == b->mtu &&
	            (a->valid_s != 0) == (b->valid_s != 0) && a->n_dns == b->n_dns &&
	            strcmp(a->suffix, b->suffix) == 0;

	for (unsigned int i = 0; same && i < a->n_dns; i++)
		same = ip_equal(&a->dns[i], &b->dns[i]);
	return same;
}

static enum ndp_did
on_advert(struct ndp *n, const struct ndp_msg *m)
{
	bool news = !n->heard || !same_news(&n->ra, &m->ra);

	n->heard = true;
	n->ra = m->ra;
	n->next_ms = NEVER_MS; /* nothing more to ask */
	return news ? NDP_NEWS : NDP_DONE;
}

enum ndp_did
ndp_input(struct ndp *n, struct view pkt, const struct now *now, struct wr *out)
{
	struct rd_fault fault;
	struct ndp_msg m;

	if (!ndp_read(pkt, &m, &fault))
		return NDP_REFUSED;
	switch (m.kind) {
	case NDP_ROUTER_SOLICIT:
		if (n->side == SIDE_CLIENT || !may_answer(n, now))
			return NDP_DONE;
		/* Always to that end: there is no other. */
		ndp_write_ra(out, &n->local,
		    ip_is_none(&m.src)
			? &(struct ip_addr){ .family = IP_V6, .b = { 0xff, 0x02, [15] = 1 } }
			: &m.src,
		    &n->ra);
		return NDP_SEND;
	case NDP_ROUTER_ADVERT:
		return n->side == SIDE_CLIENT ? on_advert(n, &m) : NDP_REFUSED;
	case NDP_NEIGHBOR_SOLICIT:
		return on_solicit(n, &m, now, out);
	case NDP_NEIGHBOR_ADVERT:
		return NDP_DONE;
	case NDP_REDIRECT: /* there is one way out of this link */
		return NDP_REFUSED;
	}
	return NDP_REFUSED;
}

/* Three quickly, for a peer whose device comes up late; then now and then (section 6.2.4). */
static enum ndp_did
tick_server(struct ndp *n, const struct now *now, struct wr *out)
{
	static const uint32_t first_ms[] = { 2000, 8000 };
	struct ip_addr all = ndp_all_nodes();

	n->next_ms =
	    now->ms + (n->n_sent < 2 ? first_ms[n->n_sent]
				     : ADVERT_MIN_MS + now_draw_u32(now) % ADVERT_SPREAD_MS);
	if (n->n_sent < 2)
		n->n_sent++;
	ndp_write_ra(out, &n->local, &all, &n->ra);
	return NDP_SEND;
}

/* Sooner than section 6.3.7 has it on a shared link: here a call waits for the answer. */
static enum ndp_did
tick_client(struct ndp *n, const struct now *now, struct wr *out)
{
	if (n->n_sent >= SOLICITS_MAX) {
		n->next_ms = NEVER_MS;
		return NDP_DONE;
	}
	n->n_sent++;
	n->next_ms = now->ms + 1000u * n->n_sent;
	ndp_write_rs(out, &n->local);
	return NDP_SEND;
}

enum ndp_did
ndp_tick(struct ndp *n, const struct now *now, struct wr *out)
{
	if (now->ms < n->next_ms)
		return NDP_DONE;
	return n->side == SIDE_SERVER ? tick_server(n, now, out) : tick_client(n, now, out);
}

uint64_t
ndp_deadline_ms(const struct ndp *n)
{
	return n->next_ms;
}

struct ip_addr
ndp_address(const struct ndp *n)
{
	struct ip_addr a = n->ra.prefix;

	if (n->side == SIDE_SERVER || !n->heard || n->ra.prefix_bits != 64 || !n->ra.valid_s)
		return (struct ip_addr){ 0 };
	memcpy(a.b + 8, n->local.b + 8, 8);
	return a;
}
