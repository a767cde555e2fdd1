/*
 * The runner of the PPP vectors: each decode line is a packet, and what it must read as or how it
 * must fail. What can be encoded is encoded again and compared; every truncation of every valid
 * vector is read from a heap copy of exact size (G01 to G03). The files are the arguments.
 */
#include "base/text.h"
#include "proto/ppp/auth_wire.h"
#include "proto/ppp/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LINE_MAX_BYTES 2048

static char **files;
static int n_files;

struct codec {
	const char *name;
	bool (*decode)(struct view bytes, struct wr *out, struct rd_fault *fault);
	void (*encode)(struct view bytes, struct wr *out); /* NULL: nothing to encode */
	bool strict; /* no truncation of a valid packet may be readable */
};

static void
put_hex(struct wr *w, const char *label, struct view v)
{
	char hex[LINE_MAX_BYTES];

	wr_fmt(w, "%s %s", label, v.n ? text_hex(v, hex, sizeof(hex)) : "-");
}

static void
put_text(struct wr *w, const char *label, struct view v)
{
	char text[LINE_MAX_BYTES];

	wr_fmt(w, "%s \"%s\"", label, text_escape(v, text, sizeof(text)));
}

static bool
no_fault_of_its_own(bool good, struct rd_fault *fault)
{
	*fault = (struct rd_fault){ .error = good ? RD_OK : RD_BAD_VALUE };
	return good;
}

static bool
decode_frame(struct view bytes, struct wr *out, struct rd_fault *fault)
{
	struct view info = { 0 };
	uint16_t protocol = ppp_frame_open(bytes, &info);

	wr_fmt(out, "protocol %04x", protocol);
	put_hex(out, " info", info);
	return no_fault_of_its_own(protocol != 0, fault);
}

static bool
decode_control(struct view bytes, struct wr *out, struct rd_fault *fault)
{
	struct cp_packet pk;

	if (!cp_read(bytes, &pk, fault))
		return false;
	wr_fmt(out, "code %u id %u", pk.code, pk.id);
	put_hex(out, " data", pk.data);
	return true;
}

static void
encode_control(struct view bytes, struct wr *out)
{
	struct cp_packet pk;
	struct rd_fault fault;

	assert_true(cp_read(bytes, &pk, &fault));
	cp_write(out, pk.code, pk.id, pk.data);
}

static bool
decode_options(struct view bytes, struct wr *out, struct rd_fault *fault)
{
	struct rd r = rd_over(bytes, fault);
	struct cp_option o;

	if (!cp_options_ok(bytes, fault))
		return false;
	wr_str(out, "options");
	r = rd_over(bytes, fault);
	while (rd_more(&r)) {
		char label[8];
		cp_read_option(&r, &o);
		snprintf(label, sizeof(label), " %u", o.type);
		put_hex(out, label, o.value);
	}
	return rd_done(&r);
}

static void
encode_options(struct view bytes, struct wr *out)
{
	struct rd_fault fault;
	struct rd r = rd_over(bytes, &fault);

	while (rd_more(&r)) {
		struct cp_option o;
		uint16_t u16;
		uint32_t u32;
		cp_read_option(&r, &o);
		if (cp_option_u16(&o, &u16))
			cp_write_option_u16(out, o.type, u16);
		else if (cp_option_u32(&o, &u32))
			cp_write_option_u32(out, o.type, u32);
		else
			cp_write_option(out, o.type, o.value);
	}
}

static bool
decode_pap_request(struct view bytes, struct wr *out, struct rd_fault *fault)
{
	struct cp_packet pk;
	struct pap_request req;

	if (!cp_read(bytes, &pk, fault) || !pap_read_request(pk.data, &req, fault))
		return false;
	wr_fmt(out, "id %u", pk.id);
	put_text(out, " name", req.name);
	put_text(out, " password", req.password);
	return true;
}

static void
encode_pap_request(struct view bytes, struct wr *out)
{
	struct cp_packet pk;
	struct pap_request req = { 0 };
	struct rd_fault fault;

	assert_true(cp_read(bytes, &pk, &fault) && pap_read_request(pk.data, &req, &fault));
	pap_write_request(out, pk.id, req.name, req.password);
}

static bool
decode_pap_message(struct view bytes, struct wr *out, struct rd_fault *fault)
{
	struct cp_packet pk;
	struct view text;

	if (!cp_read(bytes, &pk, fault) || !pap_read_message(pk.data, &text, fault))
		return false;
	wr_fmt(out, "code %u id %u", pk.code, pk.id);
	put_text(out, " text", text);
	return true;
}

static void
encode_pap_message(struct view bytes, struct wr *out)
{
	struct cp_packet pk;
	struct view text = { 0 };
	struct rd_fault fault;

	assert_true(cp_read(bytes, &pk, &fault) && pap_read_message(pk.data, &text, &fault));
	pap_write_message(out, pk.code, pk.id, text);
}

static bool
decode_chap(struct view bytes, struct wr *out, struct rd_fault *fault)
{
	struct cp_packet pk;
	struct chap_value v;

	if (!cp_read(bytes, &pk, fault) || !chap_read_value(pk.data, &v, fault))
		return false;
	wr_fmt(out, "code %u id %u", pk.code, pk.id);
	put_hex(out, " value", v.value);
	put_text(out, " name", v.name);
	return true;
}

static void
encode_chap(struct view bytes, struct wr *out)
{
	struct cp_packet pk;
	struct chap_value v = { 0 };
	struct rd_fault fault;

	assert_true(cp_read(bytes, &pk, &fault) && chap_read_value(pk.data, &v, &fault));
	chap_write_value(out, pk.code, pk.id, v.value, v.name);
}

static bool
decode_mschap2_value(struct view bytes, struct wr *out, struct rd_fault *fault)
{
	struct mschap2_value v;
	bool good = mschap2_read_value(bytes, &v);

	put_hex(out, "peer", view_of(v.peer_challenge, sizeof(v.peer_challenge)));
	put_hex(out, " nt", view_of(v.nt_response, sizeof(v.nt_response)));
	wr_fmt(out, " flags %u", v.flags);
	return no_fault_of_its_own(good, fault);
}

static void
encode_mschap2_value(struct view bytes, struct wr *out)
{
	struct mschap2_value v;

	assert_true(mschap2_read_value(bytes, &v));
	mschap2_write_value(out, &v);
}

static bool
decode_mschap2_failure(struct view bytes, struct wr *out, struct rd_fault *fault)
{
	struct mschap2_failure f;

	if (!no_fault_of_its_own(mschap2_read_failure(bytes, &f), fault))
		return false;
	wr_fmt(out, "error %u retry %u", f.error, f.retry);
	put_hex(out, " challenge", view_of(f.challenge, f.has_challenge ? 16 : 0));
	wr_fmt(out, " version %u", f.version);
	put_text(out, " message", f.message);
	return true;
}

static void
encode_mschap2_failure(struct view bytes, struct wr *out)
{
	struct mschap2_failure f;

	assert_true(mschap2_read_failure(bytes, &f));
	mschap2_write_failure(out, &f);
}

static bool
decode_mschap2_success(struct view bytes, struct wr *out, struct rd_fault *fault)
{
	struct view proof, message;

	if (!no_fault_of_its_own(mschap2_read_success(bytes, &proof, &message), fault))
		return false;
	put_text(out, "proof", proof);
	put_text(out, " message", message);
	return true;
}

static const struct codec codecs[] = {
	{ "ppp-frame", decode_frame, NULL, false },
	{ "ppp-control", decode_control, encode_control, true },
	{ "ppp-options", decode_options, encode_options, false },
	{ "pap-request", decode_pap_request, encode_pap_request, true },
	{ "pap-message", decode_pap_message, encode_pap_message, true },
	{ "chap", decode_chap, encode_chap, true },
	{ "mschap2-value", decode_mschap2_value, encode_mschap2_value, true },
	{ "mschap2-failure", decode_mschap2_failure, encode_mschap2_failure, false },
	{ "mschap2-success", decode_mschap2_success, NULL, false },
};

struct vector {
	const struct codec *codec;
	const char *file;
	unsigned int line;
	size_t n, n_encoded;
	uint8_t bytes[LINE_MAX_BYTES], encoded[LINE_MAX_BYTES];
};

/* Text in quotes, or hex with blanks. */
static size_t
parse_bytes(const char *s, uint8_t *out)
{
	size_t n = strlen(s);

	if (*s == '"') {
		assert_true(n >= 2 && s[n - 1] == '"');
		assert_true(view_copy(view_of(s + 1, n - 2), out, LINE_MAX_BYTES));
		return n - 2;
	}
	int got = text_unhex(view_str(s), out, LINE_MAX_BYTES);
	assert_true(got >= 0);
	return (size_t)got;
}

static bool
decode_exact(const struct codec *codec, const uint8_t *bytes, size_t n, char *text)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct wr w = wr_over(text, LINE_MAX_BYTES - 1);
	struct rd_fault fault;

	assert_non_null(copy);
	if (n)
		memcpy(copy, bytes, n);
	wr_str(&w, "want ");
	bool good = codec->decode(view_of(copy, n), &w, &fault);
	if (!good) {
		w = wr_over(text, LINE_MAX_BYTES - 1);
		wr_fmt(&w, "fail %s at %zu", rd_error_name(fault.error), fault.at);
	}
	assert_true(wr_done(&w));
	text[wr_len(&w)] = 0;
	free(copy);
	return good;
}

static void
check_vector(const struct vector *v, const char *want)
{
	char text[LINE_MAX_BYTES];
	uint8_t encoded[LINE_MAX_BYTES];
	struct wr w = wr_over(encoded, sizeof(encoded));

	bool good = decode_exact(v->codec, v->bytes, v->n, text);
	if (strcmp(text, want) != 0)
		fail_msg("%s:%u: got \"%s\", not \"%s\"", v->file, v->line, text, want);
	if (!good)
		return;
	if (v->codec->encode && v->n_encoded) {
		v->codec->encode(view_of(v->bytes, v->n), &w);
		if (!view_eq(wr_view_of(&w), view_of(v->encoded, v->n_encoded)))
			fail_msg("%s:%u: encodes differently", v->file, v->line);
	}
	for (size_t n = 0; n < v->n && n < v->n_encoded; n++) /* without padding */
		if (decode_exact(v->codec, v->bytes, n, text) && v->codec->strict)
			fail_msg("%s:%u: readable when cut to %zu", v->file, v->line, n);
}

static void
start_vector(struct vector *v, const char *file, unsigned int line, const char *rest)
{
	*v = (struct vector){ .file = file, .line = line };
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		size_t n = strlen(codecs[i].name);
		if (strncmp(rest, codecs[i].name, n) == 0 && rest[n] == ' ') {
			v->codec = &codecs[i];
			v->n = parse_bytes(rest + n + 1, v->bytes);
		}
	}
	if (!v->codec)
		fail_msg("%s:%u: no such codec", file, line);
	memcpy(v->encoded, v->bytes, v->n);
	v->n_encoded = v->n;
}

/* decode CODEC BYTES, [encode BYTES,] then want or fail. */
static unsigned int
run_file(const char *path)
{
	static struct vector v;
	char buf[LINE_MAX_BYTES];
	unsigned int line = 0, n = 0;
	FILE *f = fopen(path, "r");

	if (!f)
		fail_msg("cannot open %s", path);
	while (fgets(buf, sizeof(buf), f)) {
		buf[strcspn(buf, "\n")] = 0;
		const char *s = buf + strspn(buf, " ");
		line++;
		if (strncmp(s, "decode ", 7) == 0) {
			start_vector(&v, path, line, s + 7);
		} else if (strncmp(s, "encode ", 7) == 0) {
			v.n_encoded = parse_bytes(s + 7, v.encoded);
		} else if (strncmp(s, "want ", 5) == 0 || strncmp(s, "fail ", 5) == 0) {
			check_vector(&v, s);
			n++;
		} else if (*s && *s != '#') {
			fail_msg("%s:%u: what is this?", path, line);
		}
	}
	fclose(f);
	return n;
}

static void
test_vectors(void **unused)
{
	(void)unused;
	for (int i = 0; i < n_files; i++)
		assert_true(run_file(files[i]) >= 5); /* read, and not only its comments */
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors) };

	files = argv + 1;
	n_files = argc - 1;
	return n_files < 1 ? 2 : cmocka_run_group_tests(tests, NULL, NULL);
}
