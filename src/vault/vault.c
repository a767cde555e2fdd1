/*
 * The store of the vault: opening, keeping, sealing. See vault.h. Tables grow by doubling into
 * fresh pages; the old pages are wiped first.
 */
#include "vault/vault_priv.h"

#include "crypto/mschap.h"

#include <stdlib.h>

#define PAGE 4096u
#define SLOTS_START 64u
#define TEXTS_START 16u

static struct vault_slot *
slots_of(const struct vault *v)
{
	return v->slots.p;
}

static struct vault_text *
texts_of(const struct vault *v)
{
	return v->texts.p;
}

static bool
pool_new(const struct vault *v, struct vault_pool *pool, size_t bytes)
{
	pool->n_bytes = (bytes + PAGE - 1) / PAGE * PAGE;
	pool->p = aligned_alloc(PAGE, pool->n_bytes);
	if (!pool->p)
		return false;
	memset(pool->p, 0, pool->n_bytes);
	if (v->pages)
		v->pages(pool->p, pool->n_bytes, true);
	return true;
}

static void
pool_free(const struct vault *v, struct vault_pool *pool)
{
	if (!pool->p)
		return;
	secret_wipe_bytes(pool->p, pool->n_bytes);
	if (v->pages)
		v->pages(pool->p, pool->n_bytes, false);
	free(pool->p);
	*pool = (struct vault_pool){ 0 };
}

struct vault *
vault_new(const uint8_t key[SEAL_KEY_BYTES], vault_pages_fn pages, const struct now *now)
{
	struct vault *v = calloc(1, sizeof(*v));
	uint8_t dummy[16];

	if (!v)
		return NULL;
	memcpy(v->key, key, sizeof(v->key));
	v->pages = pages;
	v->round = 1;
	v->n_slots = SLOTS_START;
	v->n_texts = TEXTS_START;
	now_draw(now, &v->spread, sizeof(v->spread));
	now_draw(now, v->dummy_hash, sizeof(v->dummy_hash));
	now_draw(now, dummy, sizeof(dummy));
	if (secret_set(&v->dummy_text, view_of(dummy, sizeof(dummy))) &&
	    pool_new(v, &v->slots, v->n_slots * sizeof(struct vault_slot)) &&
	    pool_new(v, &v->texts, v->n_texts * sizeof(struct vault_text)))
		return v;
	vault_free(v);
	return NULL;
}

void
vault_free(struct vault *v)
{
	if (!v)
		return;
	pool_free(v, &v->slots);
	pool_free(v, &v->texts);
	secret_wipe_bytes(v, sizeof(*v));
	free(v);
}

static uint32_t
home_of(const struct vault *v, uint64_t account)
{
	uint64_t h = (account ^ v->spread) * 0x9e3779b97f4a7c15u;

	return (uint32_t)(h >> 32) & (v->n_slots - 1);
}

/* The place of an account, or the empty one where it would go. */
static struct vault_slot *
place_of(const struct vault *v, uint64_t account)
{
	uint32_t i = home_of(v, account);

	while (slots_of(v)[i].account != 0 && slots_of(v)[i].account != account)
		i = (i + 1) & (v->n_slots - 1);
	return &slots_of(v)[i];
}

const struct vault_slot *
vault_find(const struct vault *v, uint64_t account)
{
	const struct vault_slot *slot = place_of(v, account);

	return account != 0 && slot->account == account ? slot : NULL;
}

const struct secret *
vault_text_of(const struct vault *v, const struct vault_slot *slot)
{
	return slot->text ? &texts_of(v)[slot->text - 1].s : NULL;
}

static bool
grow_slots(struct vault *v)
{
	struct vault_pool old = v->slots, fresh;
	uint32_t n_old = v->n_slots;

	if (!pool_new(v, &fresh, 2 * (size_t)n_old * sizeof(struct vault_slot)))
		return false;
	v->slots = fresh;
	v->n_slots = 2 * n_old;
	for (uint32_t i = 0; i < n_old; i++) {
		const struct vault_slot *s = (const struct vault_slot *)old.p + i;
		if (s->account)
			*place_of(v, s->account) = *s;
	}
	pool_free(v, &old);
	return true;
}

/* The slot of an account, made when it is not there; NULL: out of memory. */
static struct vault_slot *
slot_for(struct vault *v, uint64_t account)
{
	struct vault_slot *slot = place_of(v, account);

	if (slot->account)
		return slot;
	if (4 * (v->n_used + 1) > 3 * v->n_slots && !grow_slots(v))
		return NULL;
	slot = place_of(v, account);
	slot->account = account;
	v->n_used++;
	return slot;
}

static bool
grow_texts(struct vault *v)
{
	struct vault_pool old = v->texts, fresh;

	if (!pool_new(v, &fresh, 2 * (size_t)v->n_texts * sizeof(struct vault_text)))
		return false;
	memcpy(fresh.p, old.p, v->n_texts * sizeof(struct vault_text));
	v->texts = fresh;
	v->n_texts *= 2;
	pool_free(v, &old);
	return true;
}

/* A free text, from 1; 0: out of memory. */
static uint32_t
text_take(struct vault *v)
{
	uint32_t i = v->free_text;

	if (i) {
		v->free_text = texts_of(v)[i - 1].next;
		v->counts.n_reversible++;
		return i;
	}
	/* those in use and those on the chain are all below this one */
	if (v->counts.n_reversible >= v->n_texts && !grow_texts(v))
		return 0;
	return (uint32_t)++v->counts.n_reversible;
}

static void
text_give(struct vault *v, struct vault_slot *slot)
{
	struct vault_text *t;

	if (!slot->text)
		return;
	t = &texts_of(v)[slot->text - 1];
	secret_wipe(&t->s);
	t->next = v->free_text;
	v->free_text = slot->text;
	slot->text = 0;
	v->counts.n_reversible--;
}

static void
hash_give(struct vault *v, struct vault_slot *slot)
{
	if (slot->has_hash)
		v->counts.n_hashes--;
	slot->has_hash = false;
	secret_wipe_bytes(slot->nt_hash, sizeof(slot->nt_hash));
}

/* Takes a slot out; those behind it in its run move up, so that no search breaks off early. */
static void
slot_remove(struct vault *v, struct vault_slot *slot)
{
	struct vault_slot *table = slots_of(v);
	uint32_t mask = v->n_slots - 1;
	uint32_t hole = (uint32_t)(slot - table);

	hash_give(v, slot);
	text_give(v, slot);
	for (uint32_t i = (hole + 1) & mask; table[i].account; i = (i + 1) & mask) {
		uint32_t home = home_of(v, table[i].account);
		if (((i - home) & mask) < ((i - hole) & mask))
			continue; /* it is nearer to its home than the hole */
		table[hole] = table[i];
		hole = i;
	}
	secret_wipe_bytes(&table[hole], sizeof(table[hole]));
	v->n_used--;
}

/* What a sealed secret is bound to: its account and kind, so that none can stand in for another. */
static struct view
bind_to(uint8_t buf[9], uint64_t account, enum secret_kind kind)
{
	struct wr w = wr_over(buf, 9);

	wr_u64(&w, account);
	wr_u8(&w, (uint8_t)kind);
	return wr_view_of(&w);
}

static enum vault_put_result
keep(struct vault *v, uint64_t account, enum secret_kind kind, const struct secret *s)
{
	struct vault_slot *slot = slot_for(v, account);

	if (!slot)
		return VAULT_PUT_NO_MEMORY;
	slot->round = v->round;
	if (kind == SECRET_NT_HASH) {
		if (!slot->has_hash)
			v->counts.n_hashes++;
		slot->has_hash = true;
		memcpy(slot->nt_hash, secret_view(s).p, sizeof(slot->nt_hash));
		return VAULT_PUT_OK;
	}
	if (!slot->text)
		slot->text = text_take(v);
	if (!slot->text)
		return VAULT_PUT_NO_MEMORY;
	return secret_set(&texts_of(v)[slot->text - 1].s, secret_view(s)) ? VAULT_PUT_OK
	                                                                  : VAULT_PUT_BAD;
}

static void
forget(struct vault *v, uint64_t account, enum secret_kind kind)
{
	struct vault_slot *slot = place_of(v, account);

	if (!slot->account)
		return;
	if (kind == SECRET_NT_HASH)
		hash_give(v, slot);
	else
		text_give(v, slot);
	if (!slot->has_hash && !slot->text)
		slot_remove(v, slot);
}

enum vault_put_result
vault_put(struct vault *v, uint64_t account, enum secret_kind kind, struct view sealed)
{
	uint8_t aad[9];
	struct secret s = { 0 };
	enum vault_put_result result = VAULT_PUT_BAD;

	if (account == 0 || (kind != SECRET_NT_HASH && kind != SECRET_REVERSIBLE))
		return VAULT_PUT_BAD;
	if (sealed.n == 0) {
		forget(v, account, kind);
		return VAULT_PUT_OK;
	}
	if (seal_open(v->key, bind_to(aad, account, kind), sealed, &s) &&
	    (kind == SECRET_REVERSIBLE || secret_view(&s).n == 16))
		result = keep(v, account, kind, &s);
	if (result == VAULT_PUT_BAD)
		v->counts.n_bad++;
	secret_wipe(&s);
	return result;
}

void
vault_sync_begin(struct vault *v)
{
	v->round++;
}

void
vault_sync_end(struct vault *v)
{
	for (uint32_t i = 0; i < v->n_slots;) {
		struct vault_slot *slot = &slots_of(v)[i];
		if (slot->account && slot->round != v->round)
			slot_remove(v, slot); /* another may have moved here: look again */
		else
			i++;
	}
}

const char *
vault_seal(const struct vault *v, uint64_t account, enum secret_kind kind, struct view password,
    struct wr *out)
{
	uint8_t aad[9], hash[16], sealed[VAULT_SEALED_MAX];
	struct view plain = password;

	if (account == 0)
		return "no account was named";
	if (password.n == 0)
		return "an empty password is not allowed";
	if (!mschap_nt_hash(password, hash))
		return "the password must be UTF-8 text of at most 256 characters";
	if (kind == SECRET_NT_HASH)
		plain = view_of(hash, sizeof(hash));
	else if (kind != SECRET_REVERSIBLE || plain.n > SECRET_MAX)
		return "this kind of secret cannot be kept";
	seal_make(v->key, bind_to(aad, account, kind), plain, sealed);
	wr_bytes(out, sealed, plain.n + SEAL_OVERHEAD);
	secret_wipe_bytes(hash, sizeof(hash));
	return NULL;
}

struct vault_counts
vault_counts(const struct vault *v)
{
	return v->counts;
}
