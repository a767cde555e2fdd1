/* The worker's tables: inner addresses, half-open limits, and the heap of deadlines. */
#include "base/heap.h"
#include "net/behind.h"
#include "net/halfopen.h"
#include "net/inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* Removing from the middle of a probe sequence must not hide what stood behind it. */
static void
test_inside_finds_all_after_removals(void **state)
{
	enum { N = 2000 };
	static int owners[N];
	struct inside t;

	(void)state;
	assert_true(inside_init(&t, N));
	for (uint32_t i = 0; i < N; i++) {
		struct ip_addr a = ip_v4(0x0a140000u + i);
		inside_add(&t, &a, &owners[i]);
	}
	for (uint32_t i = 0; i < N; i += 3) {
		struct ip_addr a = ip_v4(0x0a140000u + i);
		inside_remove(&t, &a);
	}
	for (uint32_t i = 0; i < N; i++) {
		struct ip_addr a = ip_v4(0x0a140000u + i);
		assert_ptr_equal(inside_find(&t, &a), i % 3 ? (void *)&owners[i] : NULL);
	}
	inside_fini(&t);
}

static struct ip_prefix
prefix(const char *text)
{
	struct ip_prefix p;

	assert_true(ip_prefix_parse(view_str(text), &p));
	return p;
}

static const char *
who_has(const struct behind *t, const char *address)
{
	struct ip_prefix p = prefix(address);
	const char *owner = behind_find(t, &p.addr);

	return owner ? owner : "-";
}

/* The longest prefix, of equal ones the newest, and back when that goes. */
static void
test_networks_behind(void **state)
{
	static struct behind t;
	static char a[] = "a", b[] = "b", c[] = "c";
	struct ip_prefix of_a[3] = { prefix("192.168.0.0/16"), prefix("2001:db8::/32"),
		prefix("10.9.8.7/32") };
	struct ip_prefix of_b[2] = { prefix("192.168.4.0/22"), prefix("2001:db8:1::/61") };
	struct ip_prefix of_c[1] = { prefix("192.168.5.77/16") }; /* of a too; bits too many */

	(void)state;
	assert_string_equal(who_has(&t, "192.168.1.1"), "-");
	assert_null(behind_add(&t, of_a, 0, a));
	struct behind_net *na = behind_add(&t, of_a, 3, a), *nb = behind_add(&t, of_b, 2, b);
	assert_string_equal(who_has(&t, "192.168.1.1"), "a");
	assert_string_equal(who_has(&t, "192.168.7.255"), "b");
	assert_string_equal(who_has(&t, "192.168.8.0"), "a");
	assert_string_equal(who_has(&t, "10.9.8.7"), "a");
	assert_string_equal(who_has(&t, "10.9.8.6"), "-");
	assert_string_equal(who_has(&t, "2001:db8:1:7:1::"), "b");
	assert_string_equal(who_has(&t, "2001:db8:1:8::"), "a");
	assert_string_equal(who_has(&t, "2001:db9::"), "-");
	struct behind_net *nc = behind_add(&t, of_c, 1, c);
	assert_string_equal(who_has(&t, "192.168.1.1"), "c");
	behind_remove(&t, nc);
	assert_string_equal(who_has(&t, "192.168.1.1"), "a");
	behind_remove(&t, na);
	behind_remove(&t, NULL);
	assert_string_equal(who_has(&t, "192.168.1.1"), "-");
	assert_string_equal(who_has(&t, "192.168.5.1"), "b");
	behind_remove(&t, nb);
	assert_int_equal(t.n, 0);
}

/* X02: one source cannot use up what is there for all; X01: in all there is an end. */
static void
test_halfopen_limits(void **state)
{
	static struct halfopen h = { .limit = 10, .limit_per_source = 4, .limit_per_network = 10 };
	struct ip_addr crowd = ip_v4(0xc6336401u), other = ip_v4(0xc6336402u);
	unsigned int taken = 0;

	(void)state;
	for (unsigned int i = 0; i < 20; i++)
		taken += halfopen_enter(&h, &crowd);
	assert_int_equal(taken, 4);
	assert_true(halfopen_enter(&h, &other));
	halfopen_leave(&h, &crowd);
	assert_true(halfopen_enter(&h, &crowd));
	for (uint32_t i = 0; i < 20; i++) {
		struct ip_addr a = ip_v4(0x0a000000u + i);
		taken += halfopen_enter(&h, &a);
	}
	assert_int_equal(h.n, 10);
}

/* X02: a whole /24, each address with one call, cannot use up what is there for all either. */
static void
test_halfopen_network_is_a_24(void **state)
{
	static struct halfopen h = {
		.limit = 1000, .limit_per_source = 4, .limit_per_network = 50
	};
	struct ip_addr other = ip_v4(0xc6336501u);
	unsigned int taken = 0;

	(void)state;
	for (uint32_t i = 0; i < 256; i++) {
		struct ip_addr a = ip_v4(0xc6336400u + i);
		taken += halfopen_enter(&h, &a);
	}
	assert_int_equal(taken, 50);
	assert_true(halfopen_enter(&h, &other));
	for (uint32_t i = 0; i < 50; i++) {
		struct ip_addr a = ip_v4(0xc6336400u + i);
		halfopen_leave(&h, &a);
	}
	other = ip_v4(0xc63364ffu);
	assert_true(halfopen_enter(&h, &other));
	assert_int_equal(h.n, 2);
}

/* X02: a front's connections, before it has said whose they are, count in all only. */
static void
test_halfopen_of_nobody(void **state)
{
	static struct halfopen h = { .limit = 10, .limit_per_source = 4, .limit_per_network = 10 };
	struct ip_addr nobody = { 0 }, other = ip_v4(0x0a000002);

	(void)state;
	for (unsigned int i = 0; i < 9; i++)
		assert_true(halfopen_enter(&h, &nobody));
	assert_true(halfopen_enter(&h, &other));
	assert_false(halfopen_enter(&h, &nobody));
	for (unsigned int i = 0; i < 9; i++)
		halfopen_leave(&h, &nobody);
	halfopen_leave(&h, &other);
	assert_int_equal(h.n, 0);
}

/* All of one customer's IPv6 addresses are one source. */
static void
test_halfopen_ipv6_source_is_a_64(void **state)
{
	static struct halfopen h = { .limit = 10, .limit_per_source = 1, .limit_per_network = 10 };
	struct ip_addr a, b;

	(void)state;
	assert_true(ip_parse(view_str("2001:db8::1"), &a));
	assert_true(ip_parse(view_str("2001:db8::ffff"), &b));
	assert_true(halfopen_enter(&h, &a));
	assert_false(halfopen_enter(&h, &b));
}

static void
test_heap_gives_deadlines_in_order(void **state)
{
	enum { N = 500 };
	static struct heap_node nodes[N];
	struct heap h;
	uint64_t last = 0;
	uint32_t x = 1;
	size_t left = 0;

	(void)state;
	assert_true(heap_init(&h, N));
	for (unsigned int i = 0; i < N; i++) {
		x = x * 1664525u + 1013904223u;
		heap_set(&h, &nodes[i], x >> 16);
	}
	for (unsigned int i = 0; i < N; i += 2) {
		x = x * 1664525u + 1013904223u;
		heap_set(&h, &nodes[i], x >> 16);
	}
	for (unsigned int i = 0; i < N; i += 5)
		heap_remove(&h, &nodes[i]);
	for (struct heap_node *n; (n = heap_first(&h)); left++) {
		assert_true(n->deadline_ms >= last);
		last = n->deadline_ms;
		heap_remove(&h, n);
	}
	assert_int_equal(left, N - N / 5);
	heap_fini(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inside_finds_all_after_removals),
		cmocka_unit_test(test_networks_behind),
		cmocka_unit_test(test_halfopen_limits),
		cmocka_unit_test(test_halfopen_of_nobody),
		cmocka_unit_test(test_halfopen_network_is_a_24),
		cmocka_unit_test(test_halfopen_ipv6_source_is_a_64),
		cmocka_unit_test(test_heap_gives_deadlines_in_order),
	};

	return cmocka_run_group_tests_name("net/tables", tests, NULL, NULL);
}
