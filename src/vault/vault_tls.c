/* Keys of TLS in the vault, and what it signs with them. See vault_tls.h. */
#include "vault/vault_tls.h"

#include "base/rd.h"
#include "base/secret.h"

#include <stdio.h>
#include <stdlib.h>

struct held_key {
	enum vault_key_use use;
	struct sign_key *key;
};

struct generation {
	unsigned int n;
	struct held_key keys[VAULT_TLS_KEYS_MAX];
};

struct vault_tls {
	struct generation next, present, before;
	unsigned int n_tickets;
	uint64_t turned_ms;
	uint8_t tickets[TLS_TICKET_KEYS_MAX][TLS_TICKET_KEY_BYTES];
};

struct vault_tls *
vault_tls_new(void)
{
	sign_lock_pages();
	return calloc(1, sizeof(struct vault_tls));
}

static void
drop(struct generation *g)
{
	for (unsigned int i = 0; i < g->n; i++)
		sign_key_free(g->keys[i].key);
	*g = (struct generation){ 0 };
}

void
vault_tls_free(struct vault_tls *v)
{
	if (!v)
		return;
	drop(&v->next);
	drop(&v->present);
	drop(&v->before);
	secret_wipe_bytes(v, sizeof(*v));
	free(v);
}

bool
vault_tls_add(struct vault_tls *v, enum vault_key_use use, struct view pem, char *err, size_t cap)
{
	struct generation *g = &v->next;

	if (g->n == VAULT_TLS_KEYS_MAX) {
		snprintf(err, cap, "more than %u keys", VAULT_TLS_KEYS_MAX);
		return false;
	}
	struct sign_key *k = sign_key_read(pem, err, cap);
	if (!k)
		return false;
	g->keys[g->n++] = (struct held_key){ .use = use, .key = k };
	return true;
}

void
vault_tls_turn(struct vault_tls *v)
{
	if (v->next.n == 0)
		return;
	drop(&v->before);
	v->before = v->present;
	v->present = v->next;
	v->next = (struct generation){ 0 };
}

unsigned int
vault_tls_n_keys(const struct vault_tls *v)
{
	return v->present.n;
}

static const struct sign_key *
find(const struct generation *g, struct view id, enum vault_key_use use)
{
	for (unsigned int i = 0; i < g->n; i++)
		if (g->keys[i].use == use &&
		    view_eq(id, view_of(sign_key_id(g->keys[i].key), SIGN_KEY_ID)))
			return g->keys[i].key;
	return NULL;
}

/* RFC 8446 section 4.4.3: 64 spaces, the context of our side, a zero, a transcript's hash. */
static bool
is_certificate_verify(struct view what, uint16_t scheme)
{
	static const char context[] = "TLS 1.3, server CertificateVerify"; /* its zero is meant */
	struct rd_fault fault;
	struct rd r = rd_over(what, &fault);
	struct view spaces = rd_take(&r, 64), ours = rd_take(&r, sizeof(context));
	struct view hash = rd_take(&r, what.n == 64 + sizeof(context) + 48 ? 48 : 32);

	if (!rd_done(&r) || hash.n == 0)
		return false;
	for (size_t i = 0; i < spaces.n; i++)
		if (spaces.p[i] != ' ')
			return false;
	/* RFC 8446 section 4.2.3: PKCS #1 v1.5 has no place in a handshake of 1.3. */
	return view_eq(ours, view_of(context, sizeof(context))) &&
	       scheme != SIGN_RSA_PKCS1_SHA256 && scheme != SIGN_RSA_PKCS1_SHA384 &&
	       scheme != SIGN_RSA_PKCS1_SHA512;
}

/* The point's length on the wire of the groups that we agree on; 0: none of them. */
static size_t
point_bytes(uint16_t group)
{
	switch (group) { /* RFC 8446 section 4.2.7 */
	case 23:
		return 65;
	case 24:
		return 97;
	case 25:
		return 133;
	case 29:
		return 32;
	default:
		return 0;
	}
}

/* RFC 5246 section 7.4.3: both randoms, then ServerECDHParams of RFC 8422 section 5.4. */
static bool
is_ecdhe_params(struct view what)
{
	enum { NAMED_CURVE = 3, UNCOMPRESSED = 4, X25519 = 29 };
	struct rd_fault fault;
	struct rd r = rd_over(what, &fault);

	(void)rd_take(&r, 32 + 32);
	if (rd_u8(&r) != NAMED_CURVE)
		return false;
	uint16_t group = rd_u16(&r);
	struct view point = rd_take(&r, rd_u8(&r));
	return rd_done(&r) && point.n && point.n == point_bytes(group) &&
	       (group == X25519 || point.p[0] == UNCOMPRESSED);
}

const char *
vault_tls_sign(const struct vault_tls *v, struct view key, uint16_t scheme, struct view what,
    uint8_t out[SIGN_MAX], size_t *n_out)
{
	const struct sign_key *k = find(&v->present, key, VAULT_KEY_TLS);

	if (!k)
		k = find(&v->before, key, VAULT_KEY_TLS);
	if (!k)
		return "the vault has no such key for TLS";
	if (!is_certificate_verify(what, scheme) && !is_ecdhe_params(what))
		return "this is no message that a server signs";
	if (!sign_make(k, scheme, what, out, n_out))
		return "the key does not sign by this scheme";
	return NULL;
}

struct view
vault_tls_tickets(struct vault_tls *v, const struct now *now, uint64_t *due_ms)
{
	if (v->n_tickets == 0 || now->ms - v->turned_ms >= VAULT_TICKET_TURN_MS) {
		for (unsigned int i = TLS_TICKET_KEYS_MAX - 1; i > 0; i--)
			memcpy(v->tickets[i], v->tickets[i - 1], sizeof(v->tickets[i]));
		now_draw(now, v->tickets[0], sizeof(v->tickets[0]));
		if (v->n_tickets < TLS_TICKET_KEYS_MAX)
			v->n_tickets++;
		v->turned_ms = now->ms;
	}
	*due_ms = v->turned_ms + VAULT_TICKET_TURN_MS;
	return view_of(v->tickets, v->n_tickets * sizeof(v->tickets[0]));
}
