/* The PROXY protocol: vectors, every truncation, limits, and the writer against the reader. */
#include "proto/proxy/proxy.h"

#include "front_vectors.h"

static const char *folder;

static bool
decode(struct view bytes, struct wr *out)
{
	static const char *const words[] = { "more", "complete", "missing", "version-1", "bad" };
	char s[ENDPOINT_TEXT_MAX], d[ENDPOINT_TEXT_MAX];
	struct proxy_header h;
	struct rd_fault fault;
	enum proxy_progress p = proxy_read(bytes, &h, &fault);

	if (p == PROXY_BAD) {
		wr_fmt(out, "%s at %zu", rd_error_name(fault.error), fault.at);
	} else if (p == PROXY_COMPLETE && h.local) {
		wr_fmt(out, "local bytes %zu", h.n_bytes);
	} else if (p == PROXY_COMPLETE) {
		wr_fmt(out, "%s to %s bytes %zu tlvs %u", endpoint_text(&h.source, s),
		    endpoint_text(&h.destination, d), h.n_bytes, h.n_tlvs);
	} else {
		wr_str(out, words[p]);
	}
	return p == PROXY_COMPLETE;
}

static void
test_vectors(void **state)
{
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/proxy-v2.txt", folder);
	assert_true(vector_run(path, decode, "more") >= 20);
}

/* A header of `length` bytes behind the fixed part, of type 0x20 additions with `each` bytes. */
static size_t
with_tlvs(uint8_t *buf, size_t cap, unsigned int n, size_t each)
{
	struct endpoint a = { .addr = ip_v4(0x0a000001), .port = 1 };
	struct wr w = wr_over(buf, cap);

	proxy_write(&w, &a, &a);
	for (unsigned int i = 0; i < n; i++) {
		wr_u8(&w, 0x20);
		wr_u16(&w, (uint16_t)each);
		wr_zero(&w, each);
	}
	assert_true(wr_done(&w));
	size_t length = wr_len(&w) - PROXY_FIXED;
	wr_poke8(&w, 14, (uint8_t)(length >> 8));
	wr_poke8(&w, 15, (uint8_t)length);
	return wr_len(&w);
}

/* G05: many additions, or much of them, end at our bounds. */
static void
test_additions_have_bounds(void **state)
{
	static uint8_t buf[8192];
	struct proxy_header h;
	struct rd_fault fault;
	size_t n = with_tlvs(buf, sizeof(buf), PROXY_TLVS_MAX, 0);

	(void)state;
	assert_int_equal(proxy_read(view_of(buf, n), &h, &fault), PROXY_COMPLETE);
	assert_int_equal(h.n_tlvs, PROXY_TLVS_MAX);
	n = with_tlvs(buf, sizeof(buf), PROXY_TLVS_MAX + 1, 0);
	assert_int_equal(proxy_read(view_of(buf, n), &h, &fault), PROXY_BAD);
	assert_int_equal(fault.error, RD_TOO_MANY);
	n = with_tlvs(buf, sizeof(buf), 1, PROXY_HEADER_MAX - PROXY_FIXED - 12 - 3);
	assert_int_equal(n, PROXY_HEADER_MAX);
	assert_int_equal(proxy_read(view_of(buf, n), &h, &fault), PROXY_COMPLETE);
	n = with_tlvs(buf, sizeof(buf), 1, PROXY_HEADER_MAX - PROXY_FIXED - 12 - 2);
	/* Refused by its announced length, before the bytes have come. */
	assert_int_equal(proxy_read(view_of(buf, PROXY_FIXED), &h, &fault), PROXY_BAD);
	assert_int_equal(fault.error, RD_BAD_LENGTH);
	assert_int_equal(n, PROXY_HEADER_MAX + 1);
}

static void
test_writer_and_reader_agree(void **state)
{
	static const char *const pairs[][2] = {
		{ "192.0.2.7:40000", "198.51.100.1:443" },
		{ "[2001:db8::7]:40000", "[2001:db8::1]:443" },
	};
	uint8_t buf[PROXY_WRITE_MAX];
	struct proxy_header h;
	struct rd_fault fault;
	struct endpoint s, d;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		assert_true(endpoint_parse(view_str(pairs[i][0]), &s) &&
			    endpoint_parse(view_str(pairs[i][1]), &d));
		struct wr w = wr_over(buf, sizeof(buf));
		proxy_write(&w, &s, &d);
		assert_true(wr_done(&w));
		assert_int_equal(proxy_read(wr_view_of(&w), &h, &fault), PROXY_COMPLETE);
		assert_int_equal(h.n_bytes, wr_len(&w));
		assert_true(ip_equal(&h.source.addr, &s.addr) && h.source.port == s.port);
		assert_true(ip_equal(&h.destination.addr, &d.addr) && h.destination.port == d.port);
	}
	/* Ends of two families cannot be said; then nobody is named. */
	assert_true(endpoint_parse(view_str(pairs[0][0]), &s));
	struct wr w = wr_over(buf, sizeof(buf));
	proxy_write(&w, &s, &d);
	assert_int_equal(proxy_read(wr_view_of(&w), &h, &fault), PROXY_COMPLETE);
	assert_true(h.local);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_additions_have_bounds),
		cmocka_unit_test(test_writer_and_reader_agree),
	};

	if (argc != 2)
		return 2;
	folder = argv[1];
	return cmocka_run_group_tests_name("proto/proxy", tests, NULL, NULL);
}
