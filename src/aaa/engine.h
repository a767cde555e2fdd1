/*
 * The engine of aaa: from a peer's proof to an answer, from an answer to an address. It takes
 * messages of other roles and sends messages; it has no socket, clock or file. The role (roles/
 * aaa.c) joins it to the loop; tests join it to lists.
 *
 * Order of the questions on AUTHENTICATE: server switches, name, proof (the vault's word), state of
 * the account, policy, port. Who has not proved the password learns nothing about the account
 * (B03).
 */
#ifndef AAA_ENGINE_H
#define AAA_ENGINE_H

#include "base/now.h"
#include "conf/conf.h"
#include "ipc/msg.h"

#define ENGINE_WAITING_MAX 4096u        /* questions without an answer yet */
#define ENGINE_ANSWER_TIMEOUT_MS 10000u /* then the role asked counts as gone */
#define ENGINE_KEEP_TIMEOUT_MS 2000u    /* then a lease is used that is not stored yet */
#define ENGINE_LOOK_TIMEOUT_MS 2000u    /* then an address is used that nobody looked at */
#define ENGINE_DOUBT_MS 3000u           /* how long workers may take to say what they hold */

enum engine_sent { SENT_OK, SENT_NOBODY, SENT_FULL };

/* Sends a message; must not call back into the engine. */
typedef enum engine_sent (*engine_send_fn)(
    void *ctx, enum role_id to, unsigned int index, const struct msg *m);

struct engine;

/* An engine without configuration and accounts. NULL: out of memory. */
struct engine *engine_new(engine_send_fn send, void *ctx, const struct now *now);
void engine_free(struct engine *e); /* NULL is fine */

/*
 * Takes policies, pools, limits and names of c over; sessions and leases stay. False with a text:
 * the old configuration is still in force.
 */
MUST_USE bool engine_configure(struct engine *e, const struct conf *c, char *err, size_t cap);

/*
 * Asks record for the accounts and leases; until they have come every proof gets
 * internal.store-down. n_workers say what they hold before the leases of sessions that may still be
 * up are free.
 */
void engine_start(struct engine *e, unsigned int n_workers, const struct now *now);

/* A message from another role. Messages that are not for aaa are ignored. */
void engine_message(struct engine *e, enum role_id from, unsigned int index, const struct msg *m,
    const struct now *now);

/* A role is gone, and how: questions to it fail, what a lost worker held is given back. */
void engine_peer_lost(
    struct engine *e, enum role_id who, unsigned int index, const char *how, const struct now *now);
void engine_peer_back(
    struct engine *e, enum role_id who, unsigned int index, const struct now *now);

/* Ends what has waited too long and sends again what could not be sent. */
void engine_tick(struct engine *e, const struct now *now);
uint64_t engine_deadline_ms(const struct engine *e);

#endif
