/* Addresses, prefixes, endpoints: what is one, what is not, and the text forms (RFC 5952). */
#include "base/addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* An exact-size heap copy: a view has no terminator to lean on. */
static struct view
heap(const char *s)
{
	size_t n = strlen(s);
	uint8_t *p = malloc(n ? n : 1);

	assert_non_null(p);
	memcpy(p, s, n);
	return view_of(p, n);
}

static void
drop(struct view v)
{
	free((void *)(uintptr_t)v.p);
}

static bool
addr(const char *s, struct ip_addr *a)
{
	struct view v = heap(s);
	bool ok = ip_parse(v, a);

	drop(v);
	return ok;
}

static bool
prefix(const char *s, struct ip_prefix *p)
{
	struct view v = heap(s);
	bool ok = ip_prefix_parse(v, p);

	drop(v);
	return ok;
}

static bool
endpoint(const char *s, struct endpoint *e)
{
	struct view v = heap(s);
	bool ok = endpoint_parse(v, e);

	drop(v);
	return ok;
}

static void
test_addresses(void **state)
{
	static const char *const same[][2] = { { "10.0.0.1", "10.0.0.1" },
		{ "255.255.255.255", "255.255.255.255" }, { "::", "::" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "::ffff:10.0.0.1", "::ffff:10.0.0.1" } };
	static const char *const bad[] = { "", "10", "10.0.0", "10.0.0.1.2", "10.0.0.256",
		" 10.0.0.1", "10.0.0.1 ", "10.0.0.1/8", "2001:db8::1::2", "2001:db8::12345",
		"fe80::1%eth0", "[::1]", "localhost", "0x0a000001",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999",
		"11111111111111111111111111111111111111111111111111111111111111" };
	struct ip_addr a;
	char text[ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_true(addr(same[i][0], &a));
		assert_string_equal(ip_text(&a, text), same[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(addr(bad[i], &a));
	assert_false(ip_parse(view_of("10.0.0.1\0", 9), &a));
	assert_false(ip_parse(view_of("10.0.0.1\0garbage", 16), &a));
	assert_false(ip_parse(view_of(NULL, 0), &a));
}

static void
test_addresses_as_values(void **state)
{
	struct ip_addr a = ip_v4(0x0a000001), b, none = { 0 };
	char text[ADDR_TEXT_MAX];

	(void)state;
	assert_true(addr("10.0.0.1", &b));
	assert_true(ip_equal(&a, &b));
	assert_int_equal(ip_v4_u32(&b), 0x0a000001);
	assert_true(addr("a00:1::", &b)); /* the same first bytes in another family */
	assert_false(ip_equal(&a, &b));
	assert_false(ip_is_none(&a));
	assert_true(ip_is_none(&none));
	assert_string_equal(ip_text(&none, text), "-");
	assert_true(addr("0.0.0.0", &a) && ip_is_none(&a));
	assert_true(addr("::", &a) && ip_is_none(&a));
}

static void
test_prefixes(void **state)
{
	static const struct {
		const char *prefix, *inside, *outside;
	} rows[] = { { "10.0.0.0/8", "10.255.1.1", "11.0.0.0" },
		{ "10.0.0.128/25", "10.0.0.255", "10.0.0.127" },
		{ "10.0.0.1/32", "10.0.0.1", "10.0.0.0" }, { "10.0.0.1", "10.0.0.1", "10.0.0.2" },
		{ "0.0.0.0/0", "255.1.2.3", "::" },
		{ "2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::" },
		{ "::/0", "ffff::", "10.0.0.1" }, { "::1/128", "::1", "::2" } };
	static const char *const bad[] = { "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
		"10.0.0.0/8x", "10.0.0.0/ 8", "10.0.0.0/8/8", "::/129", "10/8", "10.0.0.0/000008" };
	struct ip_prefix p;
	struct ip_addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(prefix(rows[i].prefix, &p));
		assert_true(addr(rows[i].inside, &a));
		assert_true(ip_in_prefix(&a, &p));
		assert_true(addr(rows[i].outside, &a));
		assert_false(ip_in_prefix(&a, &p));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(prefix(bad[i], &p));
	assert_true(prefix("10.128.0.0/9", &p) && ip_prefix_is_net(&p));
	assert_true(prefix("10.64.0.0/9", &p) && !ip_prefix_is_net(&p));
	assert_true(prefix("2001:db8::1/128", &p) && ip_prefix_is_net(&p));
	assert_true(prefix("2001:db8::1/127", &p) && !ip_prefix_is_net(&p));
}

static void
test_endpoints(void **state)
{
	static const char *const same[] = { "198.51.100.1:443", "0.0.0.0:0", "[2001:db8::1]:65535",
		"[::]:443" };
	static const char *const bad[] = { "", ":", ":443", "10.0.0.1",
		"10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:-1", "10.0.0.1:44x", "::1:443",
		"2001:db8::1:443", "[::1]", "[::1]443", "[]:443", "[::1:443", "::1]:443",
		"host:443", "10.0.0.1:443 ", "[::1%lo]:443" };
	struct endpoint e;
	char text[ENDPOINT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_true(endpoint(same[i], &e));
		assert_string_equal(endpoint_text(&e, text), same[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(endpoint(bad[i], &e));
	e = (struct endpoint){ .port = 1 };
	assert_string_equal(endpoint_text(&e, text), "-:1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_addresses_as_values),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_endpoints),
	};

	return cmocka_run_group_tests_name("base/addr", tests, NULL, NULL);
}
