/*
 * MPPE packets and keys. See mppe.h.
 *
 * On a reset in stateful mode implementations differ: RFC 3078 section 8.2 sets the RC4 tables up
 * again with the current key, the Linux kernel's changes the key first. So a sender here answers a
 * reset with a "flag" packet, at which all of them change the key once, and a receiver tries both
 * readings on the first packet after its reset and remembers which was right.
 */
#include "proto/mppe/mppe.h"

#include "base/rd.h"
#include "base/secret.h"
#include "base/wr.h"
#include "crypto/digest.h"

#define BIT_A 0x8000u /* FLUSHED: tables were set up before this packet */
#define BIT_D 0x1000u /* encrypted */
#define COUNT_MASK 0x0fffu
#define COUNT_SPACE 0x1000u
#define LATE_FROM (COUNT_SPACE / 2) /* a step of this size or more goes back */
#define FLAG 0xffu                  /* low octet of a "flag" packet's count */

static size_t
key_bytes(const struct mppe *m)
{
	return m->strength == MPPE_128 ? 16 : 8;
}

static void
set_tables(struct mppe *m)
{
	legacy_rc4_init(&m->rc4, view_of(m->key, key_bytes(m)));
}

/* RFC 3079 sections 3.1 and 3.2: the leading octets of the weaker keys are known. */
static void
weaken(struct mppe *m)
{
	if (m->strength == MPPE_128)
		return;
	m->key[0] = 0xd1;
	if (m->strength == MPPE_40) {
		m->key[1] = 0x26;
		m->key[2] = 0x9e;
	}
}

/* GetNewKeyFromSHA of RFC 3078 section 7.3: the interim key, in place of the session key. */
static void
hash_key(struct mppe *m)
{
	static const uint8_t pad1[40];
	uint8_t pad2[40], sha1[20];
	size_t n = key_bytes(m);

	memset(pad2, 0xf2, sizeof(pad2));
	const struct view parts[] = { view_of(m->start, n), view_of(pad1, 40), view_of(m->key, n),
		view_of(pad2, 40) };
	digest(DIGEST_SHA1, parts, 4, sha1);
	memcpy(m->key, sha1, n);
	secret_wipe_bytes(sha1, sizeof(sha1));
}

/* One key change, RFC 3078 section 7.3. */
static void
change_key(struct mppe *m)
{
	hash_key(m);
	set_tables(m);
	legacy_rc4_next(&m->rc4, m->key, m->key, key_bytes(m));
	weaken(m);
	set_tables(m);
}

void
mppe_init(
    struct mppe *m, enum mppe_strength strength, bool stateless, const uint8_t start[MPPE_KEY_MAX])
{
	/* The first packet has count 0. It has no bit A in stateful mode: see above. */
	*m = (struct mppe){ .strength = strength, .stateless = stateless, .count = COUNT_MASK };
	memcpy(m->start, start, key_bytes(m));
	memcpy(m->key, start, key_bytes(m));
	hash_key(m); /* no RC4 in this step: RFC 3079 section 3 */
	weaken(m);
	set_tables(m);
}

void
mppe_wipe(struct mppe *m)
{
	secret_wipe_bytes(m, sizeof(*m));
}

void
mppe_reset(struct mppe *m)
{
	if (m->stateless || m->flush)
		return; /* Q09: a storm of resets costs one key change */
	m->flush = true;
	/* So that the next packet is a "flag" packet; to the peer the ones between look lost. */
	m->count = (uint16_t)(((m->count + 1u) | FLAG) - 1u) & COUNT_MASK;
}

void
mppe_seal(struct mppe *m, uint8_t header[MPPE_HEADER], uint8_t *data, size_t n)
{
	struct wr w = wr_over(header, MPPE_HEADER);

	m->count = (m->count + 1u) & COUNT_MASK;
	bool change = m->stateless || (m->count & FLAG) == FLAG;
	if (change)
		change_key(m);
	bool flushed = change || m->flush;
	m->flush = false;
	wr_u16(&w, (uint16_t)((flushed ? BIT_A : 0) | BIT_D | m->count));
	legacy_rc4_next(&m->rc4, data, data, n);
}

/* How many "flag" packets the counts behind `from` up to `to` hold. */
static unsigned int
flags_between(uint16_t from, unsigned int steps)
{
	return (((from + 1u) & FLAG) + steps) / (FLAG + 1u);
}

/* Nothing but IP is ever inside, so a wrong key shows with 2,047 chances of 2,048. */
static bool
looks_like_ip(struct view plain)
{
	struct rd_fault fault;
	struct rd r = rd_over(plain, &fault);
	unsigned int protocol = rd_u8(&r);

	if (protocol == 0)
		protocol = rd_u8(&r);
	unsigned int version = rd_u8(&r) >> 4;
	if (!rd_ok(&r))
		return false;
	return (protocol == 0x21 && version == 4) || (protocol == 0x57 && version == 6);
}

/* Decrypts with `changes` key changes first; m is changed only when an IP packet comes out. */
static bool
try_open(struct mppe *m, unsigned int changes, bool flushed, uint8_t *data, size_t n)
{
	struct legacy_rc4 tables;
	uint8_t key[MPPE_KEY_MAX], head[3];
	size_t k = n < sizeof(head) ? n : sizeof(head);

	memcpy(key, m->key, sizeof(key));
	if (!m->stateless) /* else they are made anew for each packet */
		tables = m->rc4;
	for (unsigned int i = 0; i < changes; i++)
		change_key(m);
	if (flushed && changes == 0)
		set_tables(m);
	legacy_rc4_next(&m->rc4, data, head, k);
	bool ok = looks_like_ip(view_of(head, k));
	if (ok) {
		memcpy(data, head, k);
		legacy_rc4_next(&m->rc4, data + k, data + k, n - k);
	} else {
		memcpy(m->key, key, sizeof(key));
		if (!m->stateless)
			m->rc4 = tables;
	}
	secret_wipe_bytes(key, sizeof(key));
	if (!m->stateless)
		secret_wipe_bytes(&tables, sizeof(tables));
	return ok;
}

static enum mppe_open
open_stateless(struct mppe *m, unsigned int steps, uint8_t *data, size_t n)
{
	/* RFC 3078 section 8.1. */
	return try_open(m, steps, true, data, n) ? MPPE_OPENED : MPPE_GARBLED;
}

/* RFC 3078 section 8.2; the two readings of a reset are told apart here. */
static enum mppe_open
open_flushed(struct mppe *m, unsigned int steps, uint16_t count, uint8_t *data, size_t n)
{
	unsigned int flags = flags_between(m->count, steps);
	bool is_flag = (count & FLAG) == FLAG;
	unsigned int more = !is_flag && m->changes_on_reset;

	if (try_open(m, flags + more, true, data, n))
		return MPPE_OPENED;
	if (is_flag || !try_open(m, flags + !more, true, data, n))
		return MPPE_GARBLED;
	m->changes_on_reset = !more;
	return MPPE_OPENED;
}

static enum mppe_open
open_stateful(struct mppe *m, unsigned int steps, uint16_t count, uint8_t *data, size_t n)
{
	if (m->lost)
		return MPPE_WAITING;
	if (steps == 1 && try_open(m, (count & FLAG) == FLAG, false, data, n))
		return MPPE_OPENED;
	m->lost = true;
	return MPPE_LOST;
}

enum mppe_open
mppe_open(struct mppe *m, uint8_t *datagram, size_t n, struct view *plain)
{
	struct rd_fault fault;
	struct rd r = rd_over(view_of(datagram, n), &fault);
	unsigned int bits = rd_u16(&r);
	struct view coded = rd_rest(&r);

	if (!rd_ok(&r) || coded.n == 0)
		return MPPE_SHORT;
	if (!(bits & BIT_D))
		return MPPE_NOT_CODED;
	uint16_t count = bits & COUNT_MASK;
	unsigned int steps = (unsigned int)(count - m->count) & COUNT_MASK;
	if (steps == 0 || steps >= LATE_FROM)
		return MPPE_LATE;

	uint8_t *data = datagram + MPPE_HEADER;
	enum mppe_open o;
	if (m->stateless)
		o = open_stateless(m, steps, data, coded.n);
	else if (bits & BIT_A)
		o = open_flushed(m, steps, count, data, coded.n);
	else
		o = open_stateful(m, steps, count, data, coded.n);
	if (o != MPPE_OPENED)
		return o;
	m->count = count;
	m->lost = false;
	*plain = view_of(data, coded.n);
	return MPPE_OPENED;
}

const char *
mppe_open_name(enum mppe_open o)
{
	static const char *const names[] = {
		[MPPE_OPENED] = "opened",
		[MPPE_SHORT] = "short",
		[MPPE_NOT_CODED] = "not-encrypted",
		[MPPE_LATE] = "late",
		[MPPE_LOST] = "packets-lost",
		[MPPE_WAITING] = "waiting-for-reset",
		[MPPE_GARBLED] = "garbled",
	};

	return names[o];
}

const char *
mppe_strength_name(enum mppe_strength s)
{
	static const char *const names[] = { "40-bit", "56-bit", "128-bit" };

	return s < N_MPPE_STRENGTH ? names[s] : "none";
}
