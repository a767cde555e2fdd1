/*
 * The runner of tests/vectors/ms-sstp: each line is a message, and what it must read as or how it
 * must fail. Every valid message is also encoded again, and read at every truncation from a heap
 * copy of exact size (G02, G03). The folder is the first argument.
 */
#include "base/text.h"
#include "proto/sstp/binding.h"
#include "proto/sstp/http.h"
#include "proto/sstp/sstp_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LINE_MAX_BYTES 2048

static const char *folder;
static unsigned int n_vectors;

typedef bool (*decode_fn)(struct view bytes, struct wr *out, struct rd_fault *fault);
typedef void (*encode_fn)(struct view bytes, struct wr *out);

static void
put_hex(struct wr *w, const char *label, struct view v)
{
	char hex[512];

	wr_fmt(w, " %s%s%s", label, v.n ? " " : "", text_hex(v, hex, sizeof(hex)));
}

static void
put_status(struct wr *w, const struct sstp_status_info *info)
{
	wr_fmt(w, " attr %u status %u", info->attr, info->status);
	if (info->value.n)
		put_hex(w, "value", info->value);
}

static void
put_attr(struct wr *w, const struct sstp_attr *a)
{
	struct sstp_status_info info;
	struct sstp_binding_req req;
	struct sstp_binding b;
	uint16_t protocol;

	if (a->id == SSTP_ATTR_PROTOCOL && sstp_read_protocol(a->value, &protocol)) {
		wr_fmt(w, " protocol %u", protocol);
	} else if (a->id == SSTP_ATTR_STATUS && sstp_read_status(a->value, &info)) {
		wr_str(w, " status");
		put_status(w, &info);
	} else if (a->id == SSTP_ATTR_BINDING_REQ && sstp_read_binding_req(a->value, &req)) {
		wr_fmt(w, " binding-request mask %u", req.hash_mask);
		put_hex(w, "nonce", view_of(req.nonce, sizeof(req.nonce)));
	} else if (a->id == SSTP_ATTR_BINDING && sstp_read_binding(a->value, &b)) {
		wr_fmt(w, " binding hash %u", b.hash);
		put_hex(w, "nonce", view_of(b.nonce, sizeof(b.nonce)));
		put_hex(w, "cert", view_of(b.cert_hash, sizeof(b.cert_hash)));
		put_hex(w, "mac", view_of(b.mac, sizeof(b.mac)));
	} else {
		wr_fmt(w, " attr %u", a->id);
		put_hex(w, "value", a->value);
	}
}

static bool
decode_control(struct view bytes, struct wr *out, struct rd_fault *fault)
{
	struct sstp_msg m;

	if (!sstp_read_msg(bytes, &m, fault))
		return false;
	wr_str(out, sstp_msg_name(m.type));
	for (unsigned int i = 0; i < m.n_attrs; i++) {
		wr_u8(out, i ? ';' : ':');
		put_attr(out, &m.attrs[i]);
	}
	return true;
}

static void
encode_control(struct view bytes, struct wr *out)
{
	struct sstp_msg m;
	struct rd_fault fault;

	assert_true(sstp_read_msg(bytes, &m, &fault));
	sstp_write_msg(out, &m);
}

static bool
decode_request(struct view bytes, struct wr *out, struct rd_fault *fault)
{
	struct sstp_msg m;
	struct sstp_status_info wrong[SSTP_ATTRS_MAX + 1];

	if (!sstp_read_msg(bytes, &m, fault))
		return false;
	unsigned int n = sstp_check_request(&m, wrong);
	if (!n)
		wr_str(out, "accepted");
	for (unsigned int i = 0; i < n; i++) {
		wr_str(out, i ? ";" : "");
		put_status(out, &wrong[i]);
	}
	return true;
}

static void
put_text(struct wr *w, const char *label, struct view v)
{
	wr_fmt(w, " %s%s", label, v.n ? " " : "");
	wr_view(w, v);
}

static bool
decode_http_request(struct view bytes, struct wr *out, struct rd_fault *fault)
{
	struct http_request r;

	if (!http_read_request(bytes, &r, fault))
		return false;
	wr_fmt(out, "status %u", http_judge_request(&r));
	put_text(out, "method", r.method);
	put_text(out, "host", r.host);
	put_text(out, "correlation", r.correlation);
	return true;
}

static bool
decode_http_answer(struct view bytes, struct wr *out, struct rd_fault *fault)
{
	unsigned int status;

	if (!http_read_answer(bytes, &status, fault))
		return false;
	wr_fmt(out, "status %u", status);
	return true;
}

static const struct codec {
	const char *name;
	decode_fn decode;
	encode_fn encode; /* NULL: nothing to encode */
} codecs[] = {
	{ "sstp-control", decode_control, encode_control },
	{ "sstp-request", decode_request, encode_control },
	{ "http-request", decode_http_request, NULL },
	{ "http-answer", decode_http_answer, NULL },
};

/* One vector as it is collected from its lines. */
struct vector {
	const struct codec *codec;
	size_t n, n_encoded;
	uint8_t bytes[LINE_MAX_BYTES], encoded[LINE_MAX_BYTES];
	char want[LINE_MAX_BYTES]; /* "want ..." or "fail ..." */
	unsigned int line;
};

/* Text in quotes with escapes, or hex with blanks. */
static size_t
parse_bytes(const char *s, uint8_t *out, size_t cap)
{
	if (*s != '"') {
		int n = text_unhex(view_str(s), out, cap);

		assert_true(n >= 0);
		return (size_t)n;
	}
	struct wr w = wr_over(out, cap);

	for (s++; *s && *s != '"'; s++) {
		if (*s != '\\') {
			wr_u8(&w, (uint8_t)*s);
			continue;
		}
		s++;
		wr_u8(&w, *s == 'r' ? '\r' : *s == 'n' ? '\n' : *s == 't' ? '\t' : (uint8_t)*s);
	}
	assert_true(wr_done(&w) && *s == '"');
	return wr_len(&w);
}

static bool
decode_exact(const struct codec *codec, const uint8_t *bytes, size_t n, char *text, size_t cap)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct wr w = wr_over(text, cap - 1);
	struct rd_fault fault;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	wr_str(&w, "want ");
	bool good = codec->decode(view_of(copy, n), &w, &fault);
	if (!good) {
		w = wr_over(text, cap - 1);
		wr_fmt(&w, "fail %s at %zu", rd_error_name(fault.error), fault.at);
	}
	assert_true(wr_done(&w));
	text[wr_len(&w)] = 0;
	free(copy);
	return good;
}

/* The text without doubled blanks, which the writers above leave at joints. */
static void
squeeze(char *s)
{
	char *to = s;

	for (; *s; s++)
		if (*s != ' ' || (to[-1] != ' ' && s[1] != 0))
			*to++ = *s;
	*to = 0;
}

static void
run_vector(struct vector *v)
{
	char text[LINE_MAX_BYTES];
	uint8_t encoded[LINE_MAX_BYTES];
	struct wr w = wr_over(encoded, sizeof(encoded));

	if (!v->codec)
		return;
	n_vectors++;
	bool good = decode_exact(v->codec, v->bytes, v->n, text, sizeof(text));
	squeeze(text + 1);
	if (strcmp(text, v->want) != 0)
		fail_msg("line %u: got \"%s\", not \"%s\"", v->line, text, v->want);
	if (good && v->codec->encode) {
		v->codec->encode(view_of(v->bytes, v->n), &w);
		assert_int_equal(wr_len(&w), v->n_encoded);
		assert_memory_equal(encoded, v->encoded, v->n_encoded);
	}
	for (size_t n = 0; good && n < v->n; n++)
		if (decode_exact(v->codec, v->bytes, n, text, sizeof(text)))
			fail_msg("line %u: readable when cut to %zu bytes", v->line, n);
}

static FILE *
open_vectors(const char *name)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	return f;
}

/* Reads a line without its end and leading blanks; false at the end of the file. */
static bool
next_line(FILE *f, char *buf, unsigned int *line)
{
	if (!fgets(buf, LINE_MAX_BYTES, f))
		return false;
	buf[strcspn(buf, "\n")] = 0;
	size_t blanks = strspn(buf, " ");
	memmove(buf, buf + blanks, strlen(buf) - blanks + 1);
	(*line)++;
	return true;
}

static void
start_vector(struct vector *v, const char *rest, unsigned int line)
{
	*v = (struct vector){ .line = line };
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		size_t n = strlen(codecs[i].name);

		if (strncmp(rest, codecs[i].name, n) == 0 && rest[n] == ' ') {
			v->codec = &codecs[i];
			v->n = parse_bytes(rest + n + 1, v->bytes, sizeof(v->bytes));
		}
	}
	if (!v->codec)
		fail_msg("line %u: no such codec", line);
	memcpy(v->encoded, v->bytes, v->n);
	v->n_encoded = v->n;
}

static void
run_file(const char *name)
{
	static struct vector v;
	char buf[LINE_MAX_BYTES];
	unsigned int line = 0;
	FILE *f = open_vectors(name);

	v = (struct vector){ 0 };
	while (next_line(f, buf, &line)) {
		if (strncmp(buf, "decode ", 7) == 0) {
			run_vector(&v);
			start_vector(&v, buf + 7, line);
		} else if (strncmp(buf, "want ", 5) == 0 || strncmp(buf, "fail ", 5) == 0) {
			memcpy(v.want, buf, strlen(buf) + 1);
		} else if (strncmp(buf, "encode ", 7) == 0) {
			v.n_encoded = parse_bytes(buf + 7, v.encoded, sizeof(v.encoded));
		} else if (*buf && *buf != '#') {
			fail_msg("%s:%u: what is this?", name, line);
		}
	}
	run_vector(&v);
	fclose(f);
}

static void
test_messages(void **state)
{
	(void)state;
	n_vectors = 0;
	run_file("messages.txt");
	assert_true(n_vectors >= 30); /* the file was read, and not only its comments */
}

static void
test_http(void **state)
{
	(void)state;
	n_vectors = 0;
	run_file("http.txt");
	assert_true(n_vectors >= 10);
}

/* S07: the sample values of MS-SSTP 4.7. */
static void
test_binding(void **state)
{
	uint8_t hlak[32], msg[SSTP_CONNECTED_BYTES], want[32], got[32];
	unsigned int line = 0, hash = 0, n = 0;
	char buf[LINE_MAX_BYTES];
	FILE *f = open_vectors("binding.txt");

	(void)state;
	while (next_line(f, buf, &line)) {
		if (strncmp(buf, "mac ", 4) == 0) {
			hash = (unsigned int)(buf[4] - '0');
			assert_int_equal(parse_bytes(buf + 6, hlak, sizeof(hlak)), 32);
		} else if (strncmp(buf, "over ", 5) == 0) {
			assert_int_equal(parse_bytes(buf + 5, msg, sizeof(msg)), sizeof(msg));
		} else if (strncmp(buf, "want ", 5) == 0) {
			assert_int_equal(parse_bytes(buf + 5, want, sizeof(want)), 32);
			binding_mac((uint8_t)hash, hlak, msg, got);
			assert_memory_equal(got, want, 32);
			n++;
		}
	}
	fclose(f);
	assert_int_equal(n, 3);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_binding),
	};

	if (argc < 2)
		return 2;
	folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
