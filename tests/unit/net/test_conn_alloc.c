/*
 * The data path allocates nothing per packet: our own calls of the allocator are counted while
 * packets pass through both ends of a connection, one by one and in trains. (OpenSSL's own are its
 * affair.)
 */
#include "conn_pair.h"

#define PACKETS 1000u

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static unsigned long n_allocations;

void *
__wrap_malloc(size_t n)
{
	n_allocations++;
	return __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	n_allocations++;
	return __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	n_allocations++;
	return __real_realloc(p, n);
}

static void
send_one(struct pair *p, struct pkt *pkt, bool from_client)
{
	make_ip(
	    pkt, from_client ? 0x0a630002u : 0x0a500002u, from_client ? 0x0a500002u : 0x0a630002u);
	send_ip(from_client ? p->client : p->server, from_client ? p->cw : p->sw, &pkt, 1, &p->now);
	run(p, 0);
}

static void
test_no_allocation_per_packet(void **state)
{
	struct pkt_pool *pool = pkt_pool_new(4, 1);
	struct pkt *pkt = pkt_get(pool, 100);
	struct pair p;

	(void)state;
	open_pair(&p, pki.ca, "secret", AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_MSCHAPV2));
	(void)conn_start(p.client, p.cw, &p.now);
	run(&p, 100);
	assert_true(conn_is_up(p.server));
	send_one(&p, pkt, true); /* what is kept from packet to packet is made by the first */
	send_one(&p, pkt, false);
	assert_true(n_allocations > 0); /* the counter works */
	n_allocations = 0;
	for (unsigned int i = 0; i < PACKETS; i++) {
		send_one(&p, pkt, true);
		send_one(&p, pkt, false);
	}
	assert_int_equal(n_allocations, 0);
	assert_int_equal(p.n_from_client, PACKETS + 1);
	assert_int_equal(p.n_from_server, PACKETS + 1);
	pkt_put(pool, pkt);
	close_pair(&p);
	pkt_pool_free(pool);
}

/* Trains of 45 packets, cut at one end and joined again at the other. */
static void
test_no_allocation_per_train(void **state)
{
	uint8_t *super = __real_malloc(VNET_PACKET_MAX);
	struct vnet_hdr h;
	struct pair p;
	size_t n = make_train(super, &h, 45);

	(void)state;
	open_pair(&p, pki.ca, "secret", AUTH_BIT(AUTH_MSCHAPV2), AUTH_BIT(AUTH_MSCHAPV2));
	(void)conn_start(p.client, p.cw, &p.now);
	run(&p, 100);
	assert_true(conn_is_up(p.server));
	p.sw->join.takes = VNET_TCP | VNET_UDP;
	for (unsigned int i = 0; i < 100; i++) {
		if (i == 2) /* what is kept from turn to turn is there */
			n_allocations = 0;
		conn_send_ip(p.client, p.cw, &h, view_of(super, n), &p.now);
		conn_send_end(p.client, p.cw);
		run(&p, 0);
		assert_int_equal(p.sw->join.n_units, 0);
	}
	assert_int_equal(n_allocations, 0);
	assert_int_equal(p.n_from_client, 100 * 45);
	assert_int_equal(conn_counts(p.client)->out_pkts, 100 * 45);
	assert_int_equal(conn_counts(p.server)->in_pkts, 100 * 45);
	assert_int_equal(conn_counts(p.server)->in_bytes, 100 * 45 * (40 + TRAIN_PAYLOAD));
	free(super);
	close_pair(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_allocation_per_packet),
		cmocka_unit_test(test_no_allocation_per_train),
	};

	return cmocka_run_group_tests_name("net/conn_alloc", tests, pair_setup, NULL);
}
