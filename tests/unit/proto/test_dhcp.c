/* DHCPINFORM and its answer: RFC 2131, 2132, 3442. */
#include "proto/dhcp/dhcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *
route_text(const struct dhcp_route *r)
{
	static char out[80];
	char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX];

	snprintf(out, sizeof(out), "%s/%u %s", ip_text(&r->dst.addr, a), r->dst.len,
	    ip_text(&r->gateway, b));
	return out;
}

static struct view
inform(uint8_t *buf, size_t cap)
{
	struct wr w = wr_over(buf, cap);
	struct ip_addr client = ip_v4(0x0a630007);

	dhcp_write_inform(&w, &client, 0x12345678);
	assert_true(wr_done(&w));
	return wr_view_of(&w);
}

static struct dhcp_options
options(void)
{
	return (struct dhcp_options){ .server = ip_v4(0x0a630001),
		.n_dns = 1,
		.dns = { ip_v4(0x0a500035) },
		.n_nbns = 1,
		.nbns = { ip_v4(0x0a50002a) },
		.suffix = "office.example",
		.n_routes = 3,
		.routes = { { { ip_v4(0x0a500000), 24 }, ip_v4(0x0a630001) },
		    { { ip_v4(0xc0000200), 25 }, ip_v4(0x0a630001) },
		    { { ip_v4(0), 0 }, ip_v4(0) } } };
}

static struct view
ack(uint8_t *buf, size_t cap, const struct dhcp_msg *q)
{
	struct wr w = wr_over(buf, cap);
	struct dhcp_options o = options();

	dhcp_write_ack(&w, q, &o);
	assert_true(wr_done(&w));
	return wr_view_of(&w);
}

static void
test_question_and_answer(void **unused)
{
	uint8_t buf[1500], answer[1500];
	struct view v = inform(buf, sizeof(buf));
	struct rd_fault fault;
	struct dhcp_msg q, a;

	(void)unused;
	assert_true(dhcp_is(v, true));
	assert_false(dhcp_is(v, false));
	assert_true(dhcp_read(v, &q, &fault));
	assert_false(q.reply);
	assert_int_equal(q.type, DHCP_INFORM);
	assert_int_equal(ip_v4_u32(&q.client), 0x0a630007);
	assert_int_equal(ip_v4_u32(&q.src), 0x0a630007);
	assert_int_equal(ip_v4_u32(&q.dst), UINT32_MAX);
	assert_int_equal(q.n_parameters, 5);

	v = ack(answer, sizeof(answer), &q);
	assert_true(dhcp_is(v, false));
	assert_true(dhcp_read(v, &a, &fault));
	assert_true(a.reply);
	assert_int_equal(a.type, DHCP_ACK);
	assert_int_equal(a.xid, 0x12345678);
	assert_int_equal(ip_v4_u32(&a.dst), 0x0a630007);
	assert_int_equal(a.options.n_dns, 1);
	assert_int_equal(a.options.n_nbns, 1);
	assert_string_equal(a.options.suffix, "office.example");
	assert_int_equal(a.options.n_routes, 3);
	assert_string_equal(route_text(&a.options.routes[0]), "10.80.0.0/24 10.99.0.1");
	assert_string_equal(route_text(&a.options.routes[1]), "192.0.2.0/25 10.99.0.1");
	assert_string_equal(route_text(&a.options.routes[2]), "0.0.0.0/0 0.0.0.0");
}

static bool
has(struct view v, const char *bytes, size_t n)
{
	for (size_t i = 0; i + n <= v.n; i++)
		if (memcmp(v.p + i, bytes, n) == 0)
			return true;
	return false;
}

/* RFC 3442's encoding to the byte; 249 only for who asks for it; never 43. */
static void
test_routes_by_number(void **unused)
{
	static const char by_121[] =
	    "\x79\x16\x18\x0a\x50\0\x0a\x63\0\1\x19\xc0\0\2\0\x0a\x63\0\1\0\0\0\0\0";
	uint8_t buf[1500], answer[1500];
	struct rd_fault fault;
	struct dhcp_msg q;

	(void)unused;
	assert_true(dhcp_read(inform(buf, sizeof(buf)), &q, &fault));
	q.n_parameters = 2;
	q.parameters[0] = 121;
	q.parameters[1] = 43;
	struct view v = ack(answer, sizeof(answer), &q);
	assert_true(has(v, by_121, 24));
	assert_false(has(v, "\xf9\x16", 2));
	assert_false(has(v, "office", 6));
	q.parameters[0] = 249;
	v = ack(answer, sizeof(answer), &q);
	assert_true(has(v, "\xf9\x16\x18\x0a", 4));
	assert_false(has(v, "\x79\x16", 2));
	q.n_parameters = 0; /* no list: the standard ones */
	v = ack(answer, sizeof(answer), &q);
	assert_true(has(v, by_121, 24) && has(v, "office", 6));
	assert_false(has(v, "\xf9\x16", 2));
}

/* Exact-size copies at every truncation; every byte of the question changed. */
static void
test_truncations(void **unused)
{
	uint8_t buf[1500], answer[1500];
	struct view v = inform(buf, sizeof(buf)), a;
	struct rd_fault fault;
	struct dhcp_msg q, m;

	(void)unused;
	assert_true(dhcp_read(v, &q, &fault));
	a = ack(answer, sizeof(answer), &q);
	for (size_t n = 0; n < a.n; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		memcpy(copy, a.p, n);
		(void)dhcp_is(view_of(copy, n), false);
		assert_false(dhcp_read(view_of(copy, n), &m, &fault));
		free(copy);
	}
	for (size_t i = 28; i < v.n; i++) { /* the checksum of UDP finds each */
		buf[i] ^= 1;
		assert_false(dhcp_read(v, &m, &fault));
		buf[i] ^= 1;
	}
}

/* Without a checksum, as some send: what the fields must be. */
static bool
read_changed(size_t at, uint8_t value, struct dhcp_msg *m)
{
	uint8_t buf[1500], answer[1500];
	struct rd_fault fault;
	struct dhcp_msg q;

	assert_true(dhcp_read(inform(buf, sizeof(buf)), &q, &fault));
	struct view a = ack(answer, sizeof(answer), &q);
	answer[26] = answer[27] = 0;
	answer[at] = value;
	return dhcp_read(a, m, &fault);
}

static void
test_malformed(void **unused)
{
	struct dhcp_msg m;
	size_t options = 28 + 240;

	(void)unused;
	assert_true(read_changed(28, 2, &m));
	assert_false(read_changed(28, 3, &m));            /* neither question nor answer */
	assert_false(read_changed(30, 17, &m));           /* hardware address too long */
	assert_false(read_changed(options - 1, 0, &m));   /* the cookie */
	assert_false(read_changed(options + 1, 255, &m)); /* an option over the end */
	assert_false(read_changed(options + 1, 0, &m));   /* a type without its byte */
	assert_false(read_changed(24, 0, &m));            /* UDP's own length */
	/* 3 type, 6 server, 6 DNS, 6 NBNS, 16 suffix; then 121 with its first length */
	assert_false(read_changed(options + 39, 33, &m));
	assert_true(read_changed(options + 24, '/', &m)); /* no host name: passed over */
	assert_string_equal(m.options.suffix, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_question_and_answer),
		cmocka_unit_test(test_routes_by_number),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests_name("proto/dhcp", tests, NULL, NULL);
}
