/*
 * The vault's keys of TLS: it signs handshakes of our servers and makes the keys of their session
 * tickets. It signs whole messages of two shapes and nothing else, so that a worker that was broken
 * into can have no certificate, no other protocol's message and no digest signed.
 */
#ifndef VAULT_VAULT_TLS_H
#define VAULT_VAULT_TLS_H

#include "base/now.h"
#include "crypto/sign.h"
#include "crypto/tls.h"

#define VAULT_TLS_KEYS_MAX TLS_CERTS_MAX

/* What a key may be used for; for anything else it does not exist. */
enum vault_key_use { VAULT_KEY_TLS = 1, VAULT_KEY_IKE };

struct vault_tls;

struct vault_tls *vault_tls_new(void);    /* NULL: out of memory */
void vault_tls_free(struct vault_tls *v); /* wipes; NULL is fine */

/*
 * Keys come for the next generation; vault_tls_turn puts that in the place of the present one,
 * which stays usable for the handshakes that began under it until the turn after. False with reason
 * and remedy in err.
 */
MUST_USE bool vault_tls_add(
    struct vault_tls *v, enum vault_key_use use, struct view pem, char *err, size_t cap);
void vault_tls_turn(struct vault_tls *v);
unsigned int vault_tls_n_keys(const struct vault_tls *v); /* of the present generation */

/*
 * Signs `what` with the key whose id is `key`. What may be signed is RFC 8446 section 4.4.3 (the
 * server's CertificateVerify) and RFC 5246 section 7.4.3 with RFC 8422 section 5.4 (randoms and a
 * named curve's ECDHE parameters). NULL, or why it was refused.
 */
MUST_USE const char *vault_tls_sign(const struct vault_tls *v, struct view key, uint16_t scheme,
    struct view what, uint8_t out[SIGN_MAX], size_t *n_out);

/*
 * The keys of session tickets for every worker, newest first, as tls_tickets_set takes them; a new
 * one is made when the newest is older than VAULT_TICKET_TURN_MS (S12). Borrowed until the next
 * call. *due_ms: when the next is due.
 */
#define VAULT_TICKET_TURN_MS (60u * 60u * 1000u)
struct view vault_tls_tickets(struct vault_tls *v, const struct now *now, uint64_t *due_ms);

#endif
