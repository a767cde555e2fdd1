/* The ClientHello as far as its name. See hello.h. Sections are of RFC 8446. */
#include "proto/tls/hello.h"

#include "base/addr.h"
#include "base/wr.h"

#define RECORD_HEADER 5u
#define RECORD_MAX 16384u
#define CONTENT_HANDSHAKE 22u
#define MAJOR_VERSION 3u
#define MESSAGE_HEADER 4u
#define CLIENT_HELLO 1u
#define RANDOM_BYTES 32u
#define EXT_SERVER_NAME 0u
#define NAME_HOST 0u

/* RFC 6066 section 3: ASCII, no final dot, no address; "_" is seen in practice. */
static void
take_name(struct rd *r, struct view v, char out[256])
{
	struct ip_addr a;
	size_t n = v.n;

	if (n && v.p[n - 1] == '.')
		n--;
	if (n == 0 || n > 253) {
		rd_fail(r, RD_BAD_LENGTH);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		uint8_t c = v.p[i];
		bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
		if (!letter && !(c >= '0' && c <= '9') && !(c && strchr("-_.:", c))) {
			rd_fail(r, RD_BAD_VALUE);
			out[0] = 0;
			return;
		}
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	out[n] = 0;
	if (ip_parse(view_of(v.p, n), &a)) /* some clients write one; it names no site */
		out[0] = 0;
}

static void
read_server_name(struct rd *r, char out[256])
{
	struct rd list = rd_sub(r, rd_u16(r));
	bool seen = false;

	while (rd_more(&list)) {
		uint8_t type = rd_u8(&list);
		struct view v = rd_take(&list, rd_u16(&list));
		if (type == NAME_HOST && seen) /* not more than one of a type */
			rd_fail(&list, RD_BAD_VALUE);
		if (type == NAME_HOST && rd_ok(&list))
			take_name(&list, v, out);
		seen |= type == NAME_HOST;
	}
	if (rd_more(r))
		rd_fail(r, RD_TRAILING);
}

static void
read_extensions(struct rd *r, struct tls_hello *out)
{
	unsigned int n = 0;
	bool seen = false;

	while (rd_more(r)) {
		uint16_t type = rd_u16(r);
		struct rd body = rd_sub(r, rd_u16(r));
		if (++n > TLS_HELLO_EXTENSIONS_MAX)
			rd_fail(r, RD_TOO_MANY);
		if (type != EXT_SERVER_NAME || !rd_ok(r))
			continue;
		if (seen) /* section 4.2: not twice */
			rd_fail(r, RD_BAD_VALUE);
		else
			read_server_name(&body, out->name);
		seen = true;
	}
}

bool
tls_hello_read_message(struct view message, struct tls_hello *out, struct rd_fault *fault)
{
	struct rd all = rd_over(message, fault);

	memset(out, 0, sizeof(*out));
	if (rd_u8(&all) != CLIENT_HELLO)
		rd_fail(&all, RD_BAD_VALUE);
	size_t length = (size_t)rd_u8(&all) << 16;
	length |= rd_u16(&all);

	struct rd r = rd_sub(&all, length);
	(void)rd_u16(&r); /* section 4.1.2: legacy_version */
	(void)rd_take(&r, RANDOM_BYTES);
	(void)rd_take(&r, rd_u8(&r));  /* legacy_session_id */
	(void)rd_take(&r, rd_u16(&r)); /* cipher_suites */
	(void)rd_take(&r, rd_u8(&r));  /* legacy_compression_methods */
	if (rd_more(&r)) {             /* TLS 1.0 knows hellos without extensions */
		struct rd extensions = rd_sub(&r, rd_u16(&r));
		read_extensions(&extensions, out);
	}
	if (rd_ok(&r) && rd_left(&r))
		rd_fail(&r, RD_TRAILING);
	if (!rd_done(&all)) {
		out->name[0] = 0;
		return false;
	}
	return true;
}

/* The length of the message whose first bytes are here; 0: not known yet. */
static size_t
message_length(struct view v)
{
	struct rd_fault fault;
	struct rd r = rd_over(v, &fault);

	if (v.n < MESSAGE_HEADER)
		return 0;
	(void)rd_u8(&r);
	size_t high = rd_u8(&r);
	return MESSAGE_HEADER + (high << 16 | rd_u16(&r));
}

/*
 * The fragment of the next record, section 5.1. MORE: *need says how many bytes it takes from the
 * start of r. What cannot be a handshake is told at its first byte, not when a record is complete.
 */
static enum tls_hello_progress
take_record(struct rd *r, struct view *fragment, size_t *need)
{
	struct rd head = *r;

	if (rd_more(&head) && rd_u8(&head) != CONTENT_HANDSHAKE)
		return TLS_HELLO_OTHER;
	if (rd_more(&head) && rd_u8(&head) != MAJOR_VERSION)
		return TLS_HELLO_OTHER;
	*need = RECORD_HEADER;
	if (rd_left(r) < RECORD_HEADER)
		return TLS_HELLO_MORE;
	(void)rd_u8(&head);
	size_t length = rd_u16(&head);
	if (length == 0 || length > RECORD_MAX)
		return TLS_HELLO_OTHER;
	*need += length;
	if (rd_left(&head) < length)
		return TLS_HELLO_MORE;
	*fragment = rd_take(&head, length);
	*r = head;
	return TLS_HELLO_COMPLETE;
}

enum tls_hello_progress
tls_hello_read(struct view bytes, struct tls_hello *out)
{
	uint8_t buf[TLS_HELLO_MAX];
	struct wr message = wr_over(buf, sizeof(buf));
	struct rd_fault fault;
	struct rd r = rd_over(bytes, &fault);
	struct view fragment;

	memset(out, 0, sizeof(*out));
	for (unsigned int n = 0; n < TLS_HELLO_RECORDS_MAX; n++) {
		size_t at = bytes.n - rd_left(&r), need = 0;
		enum tls_hello_progress p = take_record(&r, &fragment, &need);

		out->need = at + need;
		if (p == TLS_HELLO_OTHER || out->need > TLS_HELLO_MAX)
			return TLS_HELLO_OTHER;
		if (p == TLS_HELLO_MORE)
			return TLS_HELLO_MORE;
		wr_view(&message, fragment);
		size_t whole = message_length(wr_view_of(&message));
		if (buf[0] != CLIENT_HELLO || whole > TLS_HELLO_MAX)
			return TLS_HELLO_OTHER;
		if (whole && wr_len(&message) >= whole)
			return tls_hello_read_message(view_of(buf, whole), out, &fault)
			           ? TLS_HELLO_COMPLETE
			           : TLS_HELLO_OTHER;
	}
	return TLS_HELLO_OTHER;
}
