/* The look into a ClientHello: vectors, every truncation, fragments, bounds. */
#include "proto/tls/hello.h"

#include "front_vectors.h"

static const char *folder;

static bool
decode(struct view bytes, struct wr *out)
{
	struct tls_hello h;
	enum tls_hello_progress p = tls_hello_read(bytes, &h);

	if (p == TLS_HELLO_MORE)
		assert_true(h.need > bytes.n && h.need <= TLS_HELLO_MAX);
	wr_str(out, p == TLS_HELLO_MORE ? "more" : p == TLS_HELLO_OTHER ? "other" : "name ");
	if (p == TLS_HELLO_COMPLETE)
		wr_str(out, h.name[0] ? h.name : "-");
	return p == TLS_HELLO_COMPLETE;
}

static void
test_vectors(void **state)
{
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/client-hello.txt", folder);
	assert_true(vector_run(path, decode, "more") >= 15);
}

/* A hello with a name and `padding` bytes in an extension, without record header. */
static size_t
make_message(uint8_t *buf, size_t cap, const char *name, size_t padding)
{
	struct wr w = wr_over(buf, cap);
	size_t n = strlen(name);
	size_t extensions = 4 + 5 + n + 4 + padding, body = 2 + 32 + 1 + 4 + 2 + 2 + extensions;

	wr_u8(&w, 1);
	wr_u8(&w, (uint8_t)(body >> 16));
	wr_u16(&w, (uint16_t)body);
	wr_u16(&w, 0x0303);
	wr_zero(&w, 32 + 1);
	wr_u16(&w, 2);
	wr_u16(&w, 0x1301);
	wr_u16(&w, 0x0100);
	wr_u16(&w, (uint16_t)extensions);
	wr_u16(&w, 0);
	wr_u16(&w, (uint16_t)(n + 5));
	wr_u16(&w, (uint16_t)(n + 3));
	wr_u8(&w, 0);
	wr_u16(&w, (uint16_t)n);
	wr_str(&w, name);
	wr_u16(&w, 21);
	wr_u16(&w, (uint16_t)padding);
	wr_zero(&w, padding);
	assert_true(wr_done(&w));
	return wr_len(&w);
}

/* The message in records of `each` bytes. */
static size_t
in_records(const uint8_t *message, size_t n, size_t each, uint8_t *out, size_t cap)
{
	struct wr w = wr_over(out, cap);

	for (size_t at = 0; at < n; at += each) {
		size_t k = n - at < each ? n - at : each;
		wr_u8(&w, 22);
		wr_u16(&w, 0x0301);
		wr_u16(&w, (uint16_t)k);
		wr_bytes(&w, message + at, k);
	}
	assert_true(wr_done(&w));
	return wr_len(&w);
}

/* G04: in records of every size, and each of them in segments of one byte. */
static void
test_fragments(void **state)
{
	static uint8_t message[512], bytes[4096];
	struct tls_hello h;
	size_t n = make_message(message, sizeof(message), "www.example.org", 60);

	(void)state;
	for (size_t each = 1; each <= n; each++) {
		size_t total = in_records(message, n, each, bytes, sizeof(bytes));
		size_t last_need = 0;
		for (size_t k = 0; k < total; k++) {
			assert_int_equal(tls_hello_read(view_of(bytes, k), &h), TLS_HELLO_MORE);
			/* What it says it needs it does need, and it never asks for less. */
			assert_true(h.need > k && h.need >= last_need && h.need <= total);
			last_need = h.need;
		}
		assert_int_equal(tls_hello_read(view_of(bytes, total), &h), TLS_HELLO_COMPLETE);
		assert_string_equal(h.name, "www.example.org");
	}
}

/* G01, G05: what is too long or too much is told as soon as it is announced. */
static void
test_bounds(void **state)
{
	static uint8_t message[TLS_HELLO_MAX + 64], bytes[6 * TLS_HELLO_MAX];
	static const uint8_t announced[] = { 22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff };
	struct tls_hello h;
	struct rd_fault fault;
	size_t n = make_message(message, sizeof(message), "a.example", 16300);
	size_t total = in_records(message, n, 16384, bytes, sizeof(bytes));

	(void)state;
	assert_true(total <= TLS_HELLO_MAX);
	assert_int_equal(tls_hello_read(view_of(bytes, total), &h), TLS_HELLO_COMPLETE);
	assert_string_equal(h.name, "a.example");
	n = make_message(message, sizeof(message), "a.example", 16320);
	total = in_records(message, n, 16384, bytes, sizeof(bytes));
	assert_int_equal(tls_hello_read(view_of(bytes, 5), &h), TLS_HELLO_OTHER);
	assert_int_equal(tls_hello_read(view_of(bytes, total), &h), TLS_HELLO_OTHER);
	assert_int_equal(
	    tls_hello_read(view_of(announced, sizeof(announced)), &h), TLS_HELLO_OTHER);
	/* a crumb a record: more records than anybody needs */
	n = make_message(message, sizeof(message), "a.example", 1100);
	total = in_records(message, n, 1, bytes, sizeof(bytes));
	assert_int_equal(tls_hello_read(view_of(bytes, total), &h), TLS_HELLO_OTHER);
	/* 129 extensions */
	struct wr w = wr_over(message, sizeof(message));
	wr_u8(&w, 1);
	wr_u8(&w, 0);
	wr_u16(&w, 2 + 32 + 1 + 4 + 2 + 2 + 129 * 4);
	wr_u16(&w, 0x0303);
	wr_zero(&w, 33);
	wr_u16(&w, 2);
	wr_u16(&w, 0x1301);
	wr_u16(&w, 0x0100);
	wr_u16(&w, 129 * 4);
	for (uint16_t i = 0; i < 129; i++) {
		wr_u16(&w, (uint16_t)(1000 + i));
		wr_u16(&w, 0);
	}
	assert_false(tls_hello_read_message(wr_view_of(&w), &h, &fault));
	assert_int_equal(fault.error, RD_TOO_MANY);
}

/* A name is what a site can be called: 253 letters; not an address, not a path, not a terminal's
 * control sequence (U05). */
static void
test_names(void **state)
{
	static uint8_t message[1024];
	char longest[256];
	static const struct {
		const char *name, *want; /* NULL: refused */
	} rows[] = {
		{ "WWW.Example.ORG", "www.example.org" },
		{ "www.example.org.", "www.example.org" },
		{ "a_b-1.example", "a_b-1.example" },
		{ "192.0.2.1", "" },
		{ "2001:db8::1", "" },
		{ ".", NULL },
		{ "", NULL },
		{ "a b", NULL },
		{ "../../x", NULL },
		{ "a\x1b[2J", NULL },
		{ "b\xc3\xbc.example", NULL },
	};
	struct tls_hello h;
	struct rd_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = make_message(message, sizeof(message), rows[i].name, 0);
		bool ok = tls_hello_read_message(view_of(message, n), &h, &fault);
		assert_int_equal(ok, rows[i].want != NULL);
		assert_string_equal(h.name, rows[i].want ? rows[i].want : "");
	}
	memset(longest, 'a', sizeof(longest));
	longest[253] = 0;
	size_t n = make_message(message, sizeof(message), longest, 0);
	assert_true(tls_hello_read_message(view_of(message, n), &h, &fault));
	assert_string_equal(h.name, longest);
	longest[253] = 'a';
	longest[254] = 0;
	n = make_message(message, sizeof(message), longest, 0);
	assert_false(tls_hello_read_message(view_of(message, n), &h, &fault));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_names),
	};

	if (argc != 2)
		return 2;
	folder = argv[1];
	return cmocka_run_group_tests_name("proto/tls_hello", tests, NULL, NULL);
}
