/* The store inside the vault, shared by vault.c and vault_check.c only. */
#ifndef VAULT_VAULT_PRIV_H
#define VAULT_VAULT_PRIV_H

#include "vault/vault.h"

/* The secrets of one account; found by open addressing, account 0 is an empty place. */
struct vault_slot {
	uint64_t account;
	uint32_t round; /* of the last synchronisation that named it */
	uint32_t text;  /* its place among the texts, from 1; 0 = no reversible form */
	bool has_hash;
	uint8_t nt_hash[16];
};

/* A secret text. Free ones are chained by `next`. */
struct vault_text {
	uint32_t next;
	struct secret s;
};

/* Whole pages of entries of one size. */
struct vault_pool {
	void *p;
	size_t n_bytes;
};

struct vault {
	uint8_t key[SEAL_KEY_BYTES];
	vault_pages_fn pages;
	struct vault_pool slots, texts;
	uint32_t n_slots, n_used; /* n_slots is a power of two */
	uint32_t n_texts, free_text;
	uint32_t round;
	uint64_t spread; /* random: where accounts fall in the table */
	struct vault_counts counts;
	uint8_t dummy_hash[16];
	struct secret dummy_text;
};

/* The slot of an account, or NULL. */
const struct vault_slot *vault_find(const struct vault *v, uint64_t account);

/* The reversible form of a slot, or NULL. */
const struct secret *vault_text_of(const struct vault *v, const struct vault_slot *slot);

#endif
