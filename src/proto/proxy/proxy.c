/* The PROXY protocol, version 2. See proxy.h; sections are those of proxy-protocol.txt. */
#include "proto/proxy/proxy.h"

#define SIGNATURE_BYTES 12u
#define VERSION_2 0x20u
#define COMMAND_LOCAL 0x00u
#define COMMAND_PROXY 0x01u
#define TCP_OVER_IPV4 0x11u
#define TCP_OVER_IPV6 0x21u
#define ADDRESSES_IPV4 12u
#define ADDRESSES_IPV6 36u

static const uint8_t signature[SIGNATURE_BYTES] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51,
	0x55, 0x49, 0x54, 0x0a };

/* Whether bytes and text agree as far as both go. */
static bool
agrees(struct view bytes, const void *text, size_t n)
{
	return memcmp(bytes.p, text, bytes.n < n ? bytes.n : n) == 0;
}

static struct ip_addr
read_v6(struct rd *r)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	struct ip_addr a = { .family = IP_V6 };

	rd_bytes(r, a.b, 16);
	if (memcmp(a.b, mapped, sizeof(mapped)) == 0) {
		struct ip_addr v4 = { .family = IP_V4 };
		memcpy(v4.b, a.b + sizeof(mapped), 4);
		return v4;
	}
	return a;
}

static struct ip_addr
read_v4(struct rd *r)
{
	struct ip_addr a = { .family = IP_V4 };

	rd_bytes(r, a.b, 4);
	return a;
}

static void
read_addresses(struct rd *r, uint8_t family, struct proxy_header *out)
{
	if (family != TCP_OVER_IPV4 && family != TCP_OVER_IPV6) {
		rd_fail(r, RD_BAD_VALUE);
		return;
	}
	out->source.addr = family == TCP_OVER_IPV4 ? read_v4(r) : read_v6(r);
	out->destination.addr = family == TCP_OVER_IPV4 ? read_v4(r) : read_v6(r);
	out->source.port = rd_u16(r);
	out->destination.port = rd_u16(r);
	if (ip_is_none(&out->source.addr))
		rd_fail(r, RD_BAD_VALUE);
}

/* Section 2.2.7: type, length, value. None of them changes who the client is. */
static void
read_tlvs(struct rd *r, struct proxy_header *out)
{
	while (rd_more(r)) {
		if (out->n_tlvs == PROXY_TLVS_MAX) {
			rd_fail(r, RD_TOO_MANY);
			return;
		}
		(void)rd_u8(r);
		(void)rd_take(r, rd_u16(r));
		out->n_tlvs++;
	}
}

enum proxy_progress
proxy_read(struct view bytes, struct proxy_header *out, struct rd_fault *fault)
{
	struct rd r = rd_over(bytes, fault);

	memset(out, 0, sizeof(*out));
	if (bytes.n == 0)
		return PROXY_MORE;
	if (agrees(bytes, "PROXY ", 6))
		return bytes.n < 6 ? PROXY_MORE : PROXY_V1;
	if (!agrees(bytes, signature, sizeof(signature)))
		return PROXY_MISSING;
	if (bytes.n < PROXY_FIXED)
		return PROXY_MORE;
	(void)rd_take(&r, sizeof(signature));
	uint8_t command = rd_u8(&r), family = rd_u8(&r);
	size_t length = rd_u16(&r);
	if (command != (VERSION_2 | COMMAND_LOCAL) && command != (VERSION_2 | COMMAND_PROXY))
		rd_fail(&r, RD_BAD_VALUE);
	if (length > PROXY_HEADER_MAX - PROXY_FIXED)
		rd_fail(&r, RD_BAD_LENGTH);
	if (!rd_ok(&r))
		return PROXY_BAD;
	out->n_bytes = PROXY_FIXED + length;
	if (bytes.n < out->n_bytes)
		return PROXY_MORE;

	struct rd body = rd_sub(&r, length);
	out->local = command == (VERSION_2 | COMMAND_LOCAL);
	if (out->local) /* section 2.2: the receiver must discard the rest, whatever it is */
		return PROXY_COMPLETE;
	read_addresses(&body, family, out);
	read_tlvs(&body, out);
	return rd_done(&body) ? PROXY_COMPLETE : PROXY_BAD;
}

void
proxy_write(struct wr *w, const struct endpoint *source, const struct endpoint *destination)
{
	bool v4 = source->addr.family == IP_V4;
	bool known = !ip_is_none(&source->addr) && source->addr.family == destination->addr.family;
	size_t n = v4 ? 4 : 16;

	wr_bytes(w, signature, sizeof(signature));
	wr_u8(w, known ? VERSION_2 | COMMAND_PROXY : VERSION_2 | COMMAND_LOCAL);
	wr_u8(w, !known ? 0 : v4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6);
	wr_u16(w, !known ? 0 : v4 ? ADDRESSES_IPV4 : ADDRESSES_IPV6);
	if (!known)
		return;
	wr_bytes(w, source->addr.b, n);
	wr_bytes(w, destination->addr.b, n);
	wr_u16(w, source->port);
	wr_u16(w, destination->port);
}
