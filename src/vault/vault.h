/*
 * The vault: keeps the secrets of accounts and answers narrow questions about them. It parses
 * nothing that a peer shapes; what it gets of a peer are fixed fields. Pure handlers: the role
 * moves the messages. Secrets lie in two pools of whole pages, which the owner may lock into
 * memory, and are wiped when they go.
 */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include "base/now.h"
#include "crypto/seal.h"
#include "ipc/msg.h"

#define VAULT_SEALED_MAX (SECRET_MAX + SEAL_OVERHEAD)

struct vault;

/* Told of every range of pages that holds secrets from now on, and before it is freed. */
typedef void (*vault_pages_fn)(void *p, size_t n, bool held);

struct vault_counts {
	size_t n_hashes, n_reversible;
	uint64_t n_bad; /* sealed secrets that did not open: another key, or damaged */
	uint64_t n_checks;
};

struct check_answer {
	enum check_result result;
	char success[MSCHAP_SUCCESS_TEXT]; /* AUTH_MSCHAPV2, CHECK_YES */
	uint8_t server_send[16], server_recv[16];
};

/* key is copied. pages may be NULL. now: for the dummy secrets (B03). NULL: out of memory. */
struct vault *vault_new(
    const uint8_t key[SEAL_KEY_BYTES], vault_pages_fn pages, const struct now *now);
void vault_free(struct vault *v); /* wipes all; NULL is fine */

/* A secret from the store; sealed may be empty: it is gone. */
enum vault_put_result { VAULT_PUT_OK, VAULT_PUT_BAD, VAULT_PUT_NO_MEMORY };
enum vault_put_result vault_put(
    struct vault *v, uint64_t account, enum secret_kind kind, struct view sealed);

/* A synchronisation begins; when it ends, secrets that were not named since are gone. */
void vault_sync_begin(struct vault *v);
void vault_sync_end(struct vault *v);

/*
 * Seals a password for record: SECRET_NT_HASH keeps its NT hash, SECRET_REVERSIBLE the password.
 * NULL and the sealed bytes in out, or why not, for the administrator.
 */
MUST_USE const char *vault_seal(const struct vault *v, uint64_t account, enum secret_kind kind,
    struct view password, struct wr *out);

/*
 * Tests one proof. account 0 is nobody: the same work with a dummy secret, and CHECK_NO (B03).
 * out is to be wiped by the caller.
 */
void vault_check(
    struct vault *v, uint64_t account, const struct auth_request *r, struct check_answer *out);

struct change_answer {
	enum check_result result;
	/* CHECK_YES: as check_answer, but of the new password; and the new secrets, sealed */
	char success[MSCHAP_SUCCESS_TEXT];
	uint8_t server_send[16], server_recv[16];
	size_t n_hash, n_reversible; /* n_reversible 0: none was kept, none is */
	uint8_t hash[VAULT_SEALED_MAX], reversible[VAULT_SEALED_MAX];
};

/*
 * Proves a Change-Password of RFC 2759 section 7 (r->change) and seals the new password; what is
 * stored stays until record sends it back. min_length in characters. account 0 is nobody, as above.
 * out is to be wiped by the caller.
 */
void vault_change(struct vault *v, uint64_t account, const struct auth_request *r,
    unsigned int min_length, struct change_answer *out);

/*
 * Reads a decrypted password block (RFC 2759 section 8.10) into out as UTF-8; chars is its length
 * in characters of UTF-16. False: its length is impossible, or it is no text. Attack Q08.
 */
MUST_USE bool vault_read_pwblock(struct view clear, struct secret *out, size_t *chars);

struct vault_counts vault_counts(const struct vault *v);

#endif
